//! New messages: one buffer, written front to back.
//!
//! Values that would break out of their line are refused when the message is finished, so a value taken from a
//! service or a peer cannot add headers. Content-Length is the builder's.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use memchr::memchr2_iter;

use super::header::HeaderId;
use super::limits::Limits;
use super::list::Elements;
use super::message::Message;
use super::method::Method;
use super::text::{eq_token, is_lws, is_token, push_decimal};
use super::uri::Host;
use super::via::Via;

/// Why a message cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A value holds a line break that is not a fold, or a start line holds one at all.
    #[error("line break in a {0} value")]
    LineBreak(&'static str),
    /// A header name is not a token.
    #[error("header name is not a token")]
    Name,
    /// A method or Request-URI is empty or holds blanks.
    #[error("malformed request line")]
    RequestLine,
    /// A status code is not between 100 and 699.
    #[error("status code out of range")]
    Status,
}

/// Writes a message. The first error is kept and comes out of [`finish`](Self::finish).
#[derive(Debug, Clone)]
pub struct Builder {
    out: Vec<u8>,
    error: Option<BuildError>,
}

impl Builder {
    /// Starts a request.
    pub fn request(method: &Method, uri: &[u8]) -> Self {
        let mut b = Self {
            out: Vec::with_capacity(640),
            error: None,
        };
        if !is_token(method.as_bytes()) || uri.is_empty() || uri.iter().any(|&b| is_lws(b)) {
            b.fail(BuildError::RequestLine);
        }
        b.push(&[method.as_bytes(), b" ", uri, b" SIP/2.0\r\n"]);
        b
    }

    /// Starts a response.
    pub fn response(code: u16, reason: &[u8]) -> Self {
        Self::response_with_capacity(code, reason, 512)
    }

    /// Starts the response to a request: Via, From, To, Call-ID and CSeq are copied, Record-Route where the
    /// response may make a dialog, and Timestamp for a 100 (RFC 3261 8.2.6, 12.1.1). `to_tag` is added where To has no tag.
    pub fn response_to(request: &Message, code: u16, reason: &[u8], to_tag: Option<&[u8]>) -> Self {
        Self::answer(request, code, reason, to_tag, None)
    }

    /// The same for a request that came from `source`: `received` and `rport` of the top Via are filled in as the
    /// server transport does on receipt (RFC 3261 18.2.1, RFC 3581 4).
    pub fn response_via(
        request: &Message,
        code: u16,
        reason: &[u8],
        to_tag: Option<&[u8]>,
        source: SocketAddr,
    ) -> Self {
        Self::answer(request, code, reason, to_tag, Some(source))
    }

    fn answer(
        request: &Message,
        code: u16,
        reason: &[u8],
        to_tag: Option<&[u8]>,
        source: Option<SocketAddr>,
    ) -> Self {
        let head = request.body as usize;
        let mut b = Self::response_with_capacity(code, reason, head.min(4096) + 192);
        let mut top = source;
        // A malformed request may have any number of lines, and is answered, but not in kind.
        for via in request.lines(HeaderId::Via).take(Limits::DEFAULT.vias) {
            match top.take() {
                Some(source) => b.stamped_via(via, source),
                None => _ = b.header(HeaderId::Via, via),
            }
        }
        if code == 100 {
            b.copy(request, HeaderId::Timestamp);
        } else if code < 300 {
            b.copy(request, HeaderId::RecordRoute);
        }
        b.copy_first(request, HeaderId::From);
        let to = request.get(HeaderId::To).unwrap_or_default();
        match to_tag.filter(|_| request.to_tag().is_none()) {
            Some(tag) => b.parts(HeaderId::To, &[to, b";tag=", tag]),
            None => b.header(HeaderId::To, to),
        };
        b.copy_first(request, HeaderId::CallId)
            .copy_first(request, HeaderId::CSeq);
        b
    }

    fn response_with_capacity(code: u16, reason: &[u8], capacity: usize) -> Self {
        let mut b = Self {
            out: Vec::with_capacity(capacity),
            error: None,
        };
        if !(100..700).contains(&code) {
            b.fail(BuildError::Status);
        }
        if reason.iter().any(|b| matches!(b, b'\r' | b'\n')) {
            b.fail(BuildError::LineBreak("reason phrase"));
        }
        b.push(&[b"SIP/2.0 "]);
        push_decimal(&mut b.out, code.into());
        b.push(&[b" ", reason, b"\r\n"]);
        b
    }

    /// Adds a header line. Content-Length is left out: [`finish`](Self::finish) writes it.
    pub fn header(&mut self, id: HeaderId, value: &[u8]) -> &mut Self {
        self.line(id, id.name(), &[value])
    }

    /// Adds a header line whose value is the parts put together.
    pub fn parts(&mut self, id: HeaderId, parts: &[&[u8]]) -> &mut Self {
        self.line(id, id.name(), parts)
    }

    /// Adds a header line with a number.
    pub fn number(&mut self, id: HeaderId, value: u64) -> &mut Self {
        let mut digits = Vec::with_capacity(20);
        push_decimal(&mut digits, value);
        self.header(id, &digits)
    }

    /// Adds a CSeq line.
    pub fn cseq(&mut self, number: u32, method: &Method) -> &mut Self {
        self.push(&[b"CSeq: "]);
        push_decimal(&mut self.out, number.into());
        self.push(&[b" ", method.as_bytes(), b"\r\n"]);
        self
    }

    /// Adds a header line by name.
    pub fn named(&mut self, name: &[u8], value: &[u8]) -> &mut Self {
        self.line(HeaderId::lookup(name), name, &[value])
    }

    /// Adds every line of a header of another message.
    pub fn copy(&mut self, from: &Message, id: HeaderId) -> &mut Self {
        for value in from.lines(id) {
            self.header(id, value);
        }
        self
    }

    fn copy_first(&mut self, from: &Message, id: HeaderId) -> &mut Self {
        if let Some(value) = from.lines(id).next() {
            self.header(id, value);
        }
        self
    }

    fn line(&mut self, id: HeaderId, name: &[u8], parts: &[&[u8]]) -> &mut Self {
        if id == HeaderId::ContentLength {
            return self;
        }
        if id == HeaderId::Other && !is_token(name) {
            self.fail(BuildError::Name);
        }
        self.push(&[name, b": "]);
        let start = self.out.len();
        self.push(parts);
        self.push(&[b"\r\n"]);
        if breaks_line(self.out.get(start..self.out.len() - 2).unwrap_or_default()) {
            self.fail(BuildError::LineBreak("header"));
        }
        self
    }

    /// The message without a body.
    pub fn finish(self) -> Result<Bytes, BuildError> {
        self.finish_with_body(b"")
    }

    /// The message with a body. Its Content-Type is a header like any other.
    pub fn finish_with_body(mut self, body: &[u8]) -> Result<Bytes, BuildError> {
        self.push(&[b"Content-Length: "]);
        push_decimal(&mut self.out, body.len() as u64);
        self.push(&[b"\r\n\r\n", body]);
        match self.error {
            Some(error) => Err(error),
            None => Ok(Bytes::from(self.out)),
        }
    }

    fn stamped_via(&mut self, line: &[u8], source: SocketAddr) {
        let top = Elements::new(line).next().unwrap_or_default();
        let end = (top.as_ptr() as usize - line.as_ptr() as usize) + top.len();
        let Ok(via) = Via::parse(top) else {
            self.header(HeaderId::Via, line);
            return;
        };
        let mut value = Vec::with_capacity(line.len() + 64);
        push_stamped(&mut value, top, &via, source);
        self.parts(
            HeaderId::Via,
            &[&value, line.get(end..).unwrap_or_default()],
        );
    }

    fn push(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.out.extend_from_slice(part);
        }
    }

    fn fail(&mut self, error: BuildError) {
        self.error.get_or_insert(error);
    }
}

/// Appends a Via value with `received` and `rport` as a server adds them for a message from `source`.
pub(crate) fn push_stamped(out: &mut Vec<u8>, raw: &[u8], via: &Via<'_>, source: SocketAddr) {
    let head = raw.len() - via.params.as_bytes().len();
    out.extend_from_slice(super::text::trim(raw.get(..head).unwrap_or_default()));
    let mut wants_port = false;
    for param in via.params.iter() {
        if eq_token(param.name, b"received") {
            continue;
        }
        out.push(b';');
        out.extend_from_slice(param.name);
        if eq_token(param.name, b"rport") {
            wants_port = true;
            out.push(b'=');
            push_decimal(out, source.port().into());
        } else if let Some(value) = param.value {
            out.push(b'=');
            out.extend_from_slice(value);
        }
    }
    if wants_port || !via.host.is_same(&Host::Ip(source.ip())) {
        out.extend_from_slice(b";received=");
        push_ip(out, source.ip());
    }
}

/// Appends an address without brackets.
pub(crate) fn push_ip(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => {
            for (n, octet) in ip.octets().into_iter().enumerate() {
                if n > 0 {
                    out.push(b'.');
                }
                push_decimal(out, octet.into());
            }
        }
        // Writing to a Vec does not fail.
        IpAddr::V6(ip) => _ = write!(out, "{ip}"),
    }
}

/// Whether `value` holds a line break that does not fold.
pub(crate) fn breaks_line(value: &[u8]) -> bool {
    memchr2_iter(b'\r', b'\n', value).any(|at| {
        let folds = matches!(
            value.get(at..),
            Some([b'\r', b'\n', ..] | [b'\n', b' ' | b'\t', ..])
        );
        !folds
    })
}
