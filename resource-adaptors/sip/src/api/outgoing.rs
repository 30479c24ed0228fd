//! Requests that a service sends.

use bytes::Bytes;

use super::event::Invite;
use super::message::Request;
use super::target::Target;
use super::{Extension, Message, Options, SessionTimer, pass};
use crate::proto::auth::Credentials;
use crate::proto::compose;
use crate::proto::flow::Flow;
use crate::proto::slab::Key;
use crate::proto::ua::{Acknowledge, Draft, Support};
use crate::proto::wire::{HeaderId, Method, NameAddr};

/// A request to be sent. From nothing ([`new`](Self::new), [`within`](Self::within)), or from one that came
/// ([`Invite::forward_to`]).
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub(super) draft: Draft,
    /// What the request that it passes on says of reliable provisional responses.
    passed: Support,
}

impl Outgoing {
    /// A request outside of any dialog, from `from` to `target`; both addresses as From and To write them, or bare URIs.
    #[must_use]
    pub fn new(method: &str, from: &str, target: &Target) -> Self {
        let mut to = vec![b'<'];
        to.extend_from_slice(&target.uri);
        to.push(b'>');
        Self {
            draft: Draft {
                method: Bytes::copy_from_slice(method.as_bytes()),
                uri: target.uri.clone(),
                from: bracketed(from),
                to: to.into(),
                route: target.route.clone(),
                flow: target.flow.map(Flow::from),
                max_forwards: 70,
                ..Draft::default()
            },
            passed: Support::No,
        }
    }

    /// A request within a dialog.
    #[must_use]
    pub fn within(method: &str) -> Self {
        let method = Bytes::copy_from_slice(method.as_bytes());
        Self {
            draft: Draft {
                method,
                max_forwards: 70,
                ..Draft::default()
            },
            passed: Support::No,
        }
    }

    /// Adds a header line. What the adaptor writes itself (Via, From, To, Call-ID, CSeq, Contact, Route, Max-Forwards,
    /// Content-Length) is left out, and so is a name or value with a line break.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.draft.lines = with_header(&self.draft.lines, name, value);
        self
    }

    /// The way that it is to go, if its target named one.
    #[must_use]
    pub fn flow(&self) -> Option<Flow> {
        self.draft.flow
    }

    /// Sets the body and its type.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.draft.lines = with_header(
            &without(&self.draft.lines, HeaderId::ContentType),
            "Content-Type",
            content_type,
        );
        self.draft.body = body.into();
        self
    }

    /// Who we are, if somebody on the way asks: a 401 or 407 is answered by itself, and so are those to later requests of
    /// the dialog. Goes before the credentials of the adaptor's settings.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.draft.credentials = Some(credentials.into());
        self
    }

    /// Sets To.
    #[must_use]
    pub fn to(mut self, to: &str) -> Self {
        self.draft.to = bracketed(to);
        self
    }

    /// Takes out every header line of that name, in full or compact form.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.draft.lines = without_named(&self.draft.lines, name).into();
        self
    }

    /// Of an INVITE: supports reliable provisional responses (RFC 3262). The adaptor acknowledges them at once, but for one
    /// that offers a session: its PRACK, with the answer, is the service's ([`Sip::prack`](crate::Sip::prack)).
    #[must_use]
    pub fn reliable(mut self) -> Self {
        self.draft.reliable = Support::Supported;
        self
    }

    /// Of an INVITE: requires reliable provisional responses; a callee that has none refuses it with 420.
    #[must_use]
    pub fn require_reliable(mut self) -> Self {
        self.draft.reliable = Support::Required;
        self
    }

    /// Of an INVITE that supports reliable provisional responses: the service acknowledges each of them itself, with
    /// [`Sip::prack`](crate::Sip::prack).
    #[must_use]
    pub fn prack_by_service(mut self) -> Self {
        self.draft.acknowledge = Acknowledge::ByService;
        self
    }

    /// Of an INVITE that makes a call: the call is there after a restart before it is answered, too, in a class that keeps
    /// records. Its answer is taken then, and it can be given up.
    #[must_use]
    pub fn early_durable(mut self) -> Self {
        self.draft.durable = true;
        self
    }

    /// Of an INVITE that makes a call: when a proxy forks it, each further branch gets a dialog of its own, announced by
    /// [`Forked`](crate::Forked) on the call's. The first 2xx of any branch confirms that branch's dialog and ends the others.
    /// [`Sip::bye`](crate::Sip::bye) of a branch's dialog gives that branch up; of the call's own it gives all up. Without it
    /// the responses of all branches come on the one dialog.
    #[must_use]
    pub fn forks(mut self) -> Self {
        self.draft.forks = true;
        self
    }

    /// Of an INVITE that makes a call: the session ends unless it is refreshed (RFC 4028). What the other leg of a relayed call
    /// has said of its session does not pass then; a 422 is followed by another attempt by itself.
    #[must_use]
    pub fn session_timer(mut self, timer: SessionTimer) -> Self {
        self.draft.session = Some(timer.0);
        self
    }

    /// Of an INVITE that passes one on: reliability from end to end. Supports or requires reliable provisional responses as
    /// the caller does; [relayed](crate::Sip::relay), they are reliable on its leg, too, and its PRACK is to be
    /// [relayed](crate::Sip::relay_request) in turn.
    #[must_use]
    pub fn relay_reliable(mut self) -> Self {
        self.draft.reliable = self.passed;
        self.prack_by_service()
    }

    /// What a request says for another leg: method, body and every header that passes. Within a dialog it goes out with
    /// [`Sip::send`](crate::Sip::send); the response that comes knows which request it answers.
    #[must_use]
    pub fn passing(request: &Request) -> Self {
        let message = request.message();
        Self {
            draft: Draft {
                method: message.share(request.method().as_bytes()),
                lines: pass::lines(message),
                body: message.body_bytes(),
                max_forwards: message
                    .max_forwards()
                    .ok()
                    .flatten()
                    .unwrap_or(71)
                    .saturating_sub(1),
                link: Some(Key::from_u64(request.id)),
                ..Draft::default()
            },
            passed: match message.method() {
                Some(Method::Invite) if message.lists(HeaderId::Require, b"100rel") => {
                    Support::Required
                }
                Some(Method::Invite) if message.lists(HeaderId::Supported, b"100rel") => {
                    Support::Supported
                }
                _ => Support::No,
            },
        }
    }

    fn forwarding(request: &Request, target: &Target) -> Self {
        let message = request.message();
        let mut outgoing = Self::passing(request);
        outgoing.draft.uri = target.uri.clone();
        outgoing.draft.route = target.route.clone();
        outgoing.draft.flow = target.flow.map(Flow::from);
        outgoing.draft.from = party(message.get(HeaderId::From).unwrap_or_default());
        outgoing.draft.to = party(message.get(HeaderId::To).unwrap_or_default());
        outgoing
    }
}

macro_rules! forwards {
    ($($name:ident),*) => {
        $(impl $name {
            /// The same request to another target: caller, callee, body and every header that is not of one hop or one
            /// dialog are kept. The response that comes knows which request it answers
            /// ([`Response::answers`](crate::Response::answers)).
            #[must_use]
            pub fn forward_to(&self, target: impl Into<Target>) -> Outgoing {
                Outgoing::forwarding(&self.0, &target.into())
            }
        })*
    };
}

forwards!(Invite, Options, Message, Extension);

/// An address header's value without its parameters.
fn party(value: &[u8]) -> Bytes {
    let params = NameAddr::parse(value).map_or(0, |addr| addr.params.as_bytes().len());
    let value = value
        .get(..value.len().saturating_sub(params))
        .unwrap_or(value);
    Bytes::copy_from_slice(&crate::proto::wire::text::unfold(value.trim_ascii_end()))
}

fn bracketed(address: &str) -> Bytes {
    let clean = address.bytes().filter(|byte| !byte.is_ascii_control());
    if address.contains('<') {
        clean.collect()
    } else {
        [b'<'].into_iter().chain(clean).chain([b'>']).collect()
    }
}

pub(super) fn with_header(lines: &[u8], name: &str, value: &str) -> Bytes {
    let mut out = lines.to_vec();
    let breaks = |text: &str| text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
    if !name.is_empty()
        && !breaks(name)
        && !breaks(value)
        && !is_own(HeaderId::lookup(name.as_bytes()))
    {
        compose::line(&mut out, name.as_bytes(), value.as_bytes());
    }
    out.into()
}

pub(super) fn without(lines: &[u8], id: HeaderId) -> Vec<u8> {
    without_lines(lines, |name| HeaderId::lookup(name) == id)
}

pub(super) fn without_named(lines: &[u8], name: &str) -> Vec<u8> {
    let id = HeaderId::lookup(name.as_bytes());
    if id == HeaderId::Other {
        without_lines(lines, |other| other.eq_ignore_ascii_case(name.as_bytes()))
    } else {
        without(lines, id)
    }
}

fn without_lines(lines: &[u8], unwanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.len());
    let mut skipping = false;
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let folded = line
            .first()
            .is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        if !folded {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            skipping = unwanted(name.trim_ascii());
        }
        if !skipping {
            out.extend_from_slice(line);
        }
    }
    out
}

fn is_own(id: HeaderId) -> bool {
    matches!(
        id,
        HeaderId::Via
            | HeaderId::From
            | HeaderId::To
            | HeaderId::CallId
            | HeaderId::CSeq
            | HeaderId::Contact
            | HeaderId::Route
            | HeaderId::RecordRoute
            | HeaderId::MaxForwards
            | HeaderId::ContentLength
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_adds_cannot_break_the_message() {
        let lines = with_header(b"", "Subject", "hello");
        let lines = with_header(&lines, "X-Evil", "a\r\nVia: b");
        let lines = with_header(&lines, "v", "SIP/2.0/UDP x");
        assert_eq!(lines, b"Subject: hello\r\n"[..]);
        assert_eq!(bracketed("sip:a@b\r\n"), b"<sip:a@b>"[..]);
        assert_eq!(
            without(b"A: 1\r\nc: x\r\n y\r\nB: 2\r\n", HeaderId::ContentType),
            b"A: 1\r\nB: 2\r\n"
        );
        let some = b"User-Agent: x\r\nX-Odd: 1\r\nserver: y\r\nx-odd: 2\r\nc: z\r\n";
        assert_eq!(
            without_named(some, "X-ODD"),
            b"User-Agent: x\r\nserver: y\r\nc: z\r\n"
        );
        assert_eq!(
            without_named(some, "Content-Type"),
            b"User-Agent: x\r\nX-Odd: 1\r\nserver: y\r\nx-odd: 2\r\n"
        );
    }
}
