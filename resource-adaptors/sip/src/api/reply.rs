//! Responses that a service gives.

use bytes::Bytes;

use super::outgoing::{with_header, without, without_named};
use super::{Response, SessionTimer, Target, pass};
use crate::proto::compose;
use crate::proto::ua;
use crate::proto::wire::HeaderId;

/// A response: `Reply::new(486)`, or any status code where one is taken.
#[derive(Clone, Debug)]
pub struct Reply(pub(super) ua::Reply);

impl Reply {
    /// A response with the registered reason phrase.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self(ua::Reply {
            status,
            allow: true,
            ..ua::Reply::default()
        })
    }

    /// A redirection: 302 with a Contact for each place where the caller is to try, the preferred one first (RFC 3261 21.3).
    #[must_use]
    pub fn redirect<'a>(targets: impl IntoIterator<Item = &'a Target>) -> Self {
        let mut reply = Self::new(302);
        let mut lines = Vec::new();
        for target in targets {
            let contact = [b"<", target.uri(), b">"].concat();
            compose::line(&mut lines, b"Contact", &contact);
        }
        reply.0.lines = lines.into();
        reply
    }

    /// Sets the reason phrase.
    #[must_use]
    pub fn reason(mut self, reason: &str) -> Self {
        self.0.reason = reason
            .bytes()
            .filter(|byte| !matches!(byte, b'\r' | b'\n'))
            .collect();
        self
    }

    /// Adds a header line; those that the adaptor writes itself are left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0.lines = with_header(&self.0.lines, name, value);
        self
    }

    /// Sets the body and its type.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.0.lines = with_header(
            &without(&self.0.lines, HeaderId::ContentType),
            "Content-Type",
            content_type,
        );
        self.0.body = body.into();
        self
    }

    /// Takes out every header line of that name, in full or compact form.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.lines = without_named(&self.0.lines, name).into();
        self
    }

    /// Of a provisional response to an INVITE: has it acknowledged (RFC 3262), where the caller supports that. It is sent again
    /// until its PRACK comes, and further ones wait behind it. A caller that requires it gets every one so.
    #[must_use]
    pub fn reliable(mut self) -> Self {
        self.0.reliability = ua::Reliability::Supported;
        self
    }

    /// Of a provisional response to an INVITE: from here on the call is there after a restart, in a class that keeps records.
    /// It can be answered then, and given up by the caller.
    #[must_use]
    pub fn early_durable(mut self) -> Self {
        self.0.durable = true;
        self
    }

    /// Of a 2xx to the first INVITE: the session ends unless it is refreshed (RFC 4028). What the other leg of a relayed call
    /// has agreed on does not pass then.
    #[must_use]
    pub fn session_timer(mut self, timer: SessionTimer) -> Self {
        self.0.session = Some(timer.0);
        self
    }

    /// The same response for another leg: status, reason phrase, body and every header that passes. One that was reliable is
    /// to be reliable there, too.
    #[must_use]
    pub fn passing(response: &Response) -> Self {
        let message = response.message();
        Self(ua::Reply {
            status: response.status(),
            reason: message.share(response.reason()),
            lines: pass::lines(message),
            body: message.body_bytes(),
            allow: false,
            reliability: if response.is_reliable() {
                ua::Reliability::Supported
            } else {
                ua::Reliability::Demanded
            },
            session: None,
            durable: false,
        })
    }
}

impl From<u16> for Reply {
    fn from(status: u16) -> Self {
        Self::new(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirection_names_places_and_nothing_that_breaks_out() {
        let target = |uri| Target::parse(uri);
        let (a, b) = (target("sip:a@b;x=y").unwrap(), target("tel:+49").unwrap());
        let reply = Reply::redirect([&a, &b]);
        assert_eq!(reply.0.status, 302);
        assert_eq!(
            reply.0.lines,
            b"Contact: <sip:a@b;x=y>\r\nContact: <tel:+49>\r\n"[..]
        );
        for uri in ["sip:a@b>\r\nX: y", "sip:a@b\r\n", "sip:a@b;x=>", "tel:1>"] {
            assert!(target(uri).is_err(), "{uri:?}");
        }
    }
}
