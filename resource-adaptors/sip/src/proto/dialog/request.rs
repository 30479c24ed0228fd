//! Requests within a dialog: RFC 3261 12.2.1.1, with loose and strict routers.

use bytes::Bytes;

use super::super::compose::{line, line_number, push_body};
use super::super::wire::text::push_decimal;
use super::super::wire::{Elements, HeaderId, NameAddr};
use super::{Dialog, Field};

/// What a request carries beyond what the dialog knows.
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    /// The method.
    pub method: &'a [u8],
    /// Its CSeq number: the next one, or for ACK that of its INVITE.
    pub cseq: u32,
    /// The value of our Via.
    pub via: &'a [u8],
    /// The value of our Contact; empty for none.
    pub contact: &'a [u8],
    /// Max-Forwards.
    pub max_forwards: u8,
    /// Whole header lines, each with its CRLF.
    pub lines: &'a [u8],
    /// The body.
    pub body: &'a [u8],
}

impl Dialog {
    /// Writes a request of this dialog.
    #[must_use]
    pub fn request(&self, parts: &RequestParts<'_>) -> Bytes {
        let mut out = Vec::with_capacity(512 + parts.lines.len() + parts.body.len());
        let (uri, routes) = self.route();
        out.extend_from_slice(parts.method);
        out.push(b' ');
        out.extend_from_slice(uri);
        out.extend_from_slice(b" SIP/2.0\r\n");
        line(&mut out, HeaderId::Via.name(), parts.via);
        line_number(
            &mut out,
            HeaderId::MaxForwards.name(),
            u64::from(parts.max_forwards),
        );
        routes.push(&mut out);
        push_party(
            &mut out,
            HeaderId::From,
            self.text(Field::Local),
            self.text(Field::LocalTag),
        );
        push_party(
            &mut out,
            HeaderId::To,
            self.text(Field::Remote),
            self.text(Field::RemoteTag),
        );
        line(&mut out, HeaderId::CallId.name(), self.text(Field::CallId));
        out.extend_from_slice(b"CSeq: ");
        push_decimal(&mut out, u64::from(parts.cseq));
        out.push(b' ');
        out.extend_from_slice(parts.method);
        out.extend_from_slice(b"\r\n");
        if !parts.contact.is_empty() {
            line(&mut out, HeaderId::Contact.name(), parts.contact);
        }
        out.extend_from_slice(parts.lines);
        push_body(&mut out, parts.body);
        Bytes::from(out)
    }

    /// The Request-URI of its requests: the remote target, or a strict router.
    #[must_use]
    pub fn request_uri(&self) -> &[u8] {
        self.route().0
    }

    /// The URI of the next hop: the first route, or the remote target.
    #[must_use]
    pub fn next_hop(&self) -> &[u8] {
        self.first_route()
            .map_or_else(|| self.text(Field::Target), |route| route.uri_raw)
    }

    fn first_route(&self) -> Option<NameAddr<'_>> {
        let first = Elements::new(self.text(Field::Routes))
            .next()
            .filter(|value| !value.is_empty())?;
        NameAddr::parse(first).ok()
    }

    fn route(&self) -> (&[u8], Routes<'_>) {
        let (target, all) = (self.text(Field::Target), self.text(Field::Routes));
        match self.first_route() {
            Some(first) if !first.uri().is_ok_and(|uri| uri.is_loose_router()) => {
                let rest = Elements::new(all).next().map_or(&b""[..], |value| {
                    all.get(value.len()..)
                        .unwrap_or_default()
                        .trim_ascii_start()
                        .strip_prefix(b",")
                        .unwrap_or_default()
                });
                (
                    first.uri_raw,
                    Routes {
                        values: rest.trim_ascii_start(),
                        last: target,
                    },
                )
            }
            _ => (
                target,
                Routes {
                    values: all,
                    last: b"",
                },
            ),
        }
    }
}

/// The Route header of a request: a strict router puts the remote target at its end.
struct Routes<'a> {
    values: &'a [u8],
    last: &'a [u8],
}

impl Routes<'_> {
    fn push(&self, out: &mut Vec<u8>) {
        if self.values.is_empty() && self.last.is_empty() {
            return;
        }
        out.extend_from_slice(b"Route: ");
        out.extend_from_slice(self.values);
        if !self.last.is_empty() {
            if !self.values.is_empty() {
                out.extend_from_slice(b", ");
            }
            out.push(b'<');
            out.extend_from_slice(self.last);
            out.push(b'>');
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn push_party(out: &mut Vec<u8>, id: HeaderId, address: &[u8], tag: &[u8]) {
    out.extend_from_slice(id.name());
    out.extend_from_slice(b": ");
    out.extend_from_slice(address);
    if !tag.is_empty() {
        out.extend_from_slice(b";tag=");
        out.extend_from_slice(tag);
    }
    out.extend_from_slice(b"\r\n");
}
