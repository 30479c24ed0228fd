//! A received or built message: one buffer, a start line, an index of its headers, and typed views on demand.

use bytes::Bytes;
use smallvec::SmallVec;

use super::build::breaks_line;
use super::error::{WireError, WireErrorKind};
use super::header::HeaderId;
use super::list::{Elements, Lines, Values};
use super::method::Method;
use super::name_addr::NameAddr;
use super::text::{decimal, eq_token};
use super::uri::Uri;
use super::values::{CSeq, MediaType};
use super::via::Via;

/// A SIP message. Cloning shares the buffer and copies the index.
#[derive(Debug, Clone)]
pub struct Message {
    pub(crate) bytes: Bytes,
    pub(crate) start: Start,
    pub(crate) head_end: u32,
    pub(crate) body: u32,
    pub(crate) seen: u128,
    pub(crate) twice: u128,
    pub(crate) bare_lf: bool,
    pub(crate) bare_cr: bool,
    pub(crate) index: SmallVec<[Entry; 20]>,
}

#[derive(Debug, Clone)]
pub(crate) enum Start {
    Request { method: Method, uri: (u32, u32) },
    Response { code: u16, reason: (u32, u32) },
}

/// Where one header line stands: 12 bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) start: u32,
    pub(crate) gap: u16,
    pub(crate) len: u16,
    pub(crate) name_len: u8,
    pub(crate) id: HeaderId,
}

impl Entry {
    pub(crate) fn name<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        let start = self.start as usize;
        data.get(start..start + usize::from(self.name_len))
            .unwrap_or_default()
    }

    pub(crate) fn value<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        let start = self.start as usize + usize::from(self.gap);
        data.get(start..start + usize::from(self.len))
            .unwrap_or_default()
    }
}

/// One header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Which header it is.
    pub id: HeaderId,
    /// The name as written.
    pub name: &'a [u8],
    /// The value as written, without blanks at its ends; folds are kept.
    pub value: &'a [u8],
}

/// What Contact holds.
#[derive(Debug, Clone)]
pub enum Contacts<'a> {
    /// The `*` of a REGISTER that removes all bindings.
    Star,
    /// Addresses, possibly none.
    List(NameAddrs<'a>),
}

/// The addresses of one list header, read one by one. Offsets in errors count from the start of the message.
#[derive(Debug, Clone)]
pub struct NameAddrs<'a> {
    values: Values<'a>,
    message: &'a Message,
}

impl<'a> Iterator for NameAddrs<'a> {
    type Item = Result<NameAddr<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        let value = self.values.next()?;
        Some(NameAddr::parse(value).map_err(|e| e.shifted(self.message.offset_of(value))))
    }
}

/// The Via values of a message, top first. Offsets in errors count from the start of the message.
#[derive(Debug, Clone)]
pub struct Vias<'a> {
    values: Values<'a>,
    message: &'a Message,
}

impl<'a> Iterator for Vias<'a> {
    type Item = Result<Via<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        let value = self.values.next()?;
        Some(Via::parse(value).map_err(|e| e.shifted(self.message.offset_of(value))))
    }
}

impl Message {
    /// The whole message.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The whole message.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A part of this message, as a view gave it out, sharing the buffer. Foreign bytes are copied.
    pub fn share(&self, part: &[u8]) -> Bytes {
        let (base, at) = (self.bytes.as_ptr() as usize, part.as_ptr() as usize);
        match at.checked_sub(base) {
            Some(offset) if offset + part.len() <= self.bytes.len() => {
                self.bytes.slice(offset..offset + part.len())
            }
            _ => Bytes::copy_from_slice(part),
        }
    }

    /// Whether it is a request.
    pub fn is_request(&self) -> bool {
        matches!(self.start, Start::Request { .. })
    }

    /// The method of a request.
    pub fn method(&self) -> Option<&Method> {
        match &self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// The Request-URI as written.
    pub fn uri_raw(&self) -> Option<&[u8]> {
        match self.start {
            Start::Request { uri, .. } => Some(self.span(uri)),
            Start::Response { .. } => None,
        }
    }

    /// The Request-URI.
    pub fn uri(&self) -> Result<Uri<'_>, WireError> {
        let raw = self
            .uri_raw()
            .ok_or(WireError::new(WireErrorKind::RequestLine, 0))?;
        Uri::parse(raw).map_err(|e| e.shifted(self.offset_of(raw)))
    }

    /// The status code of a response.
    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response { code, .. } => Some(code),
            Start::Request { .. } => None,
        }
    }

    /// The reason phrase of a response, as written; possibly empty.
    pub fn reason(&self) -> Option<&[u8]> {
        match self.start {
            Start::Response { reason, .. } => Some(self.span(reason)),
            Start::Request { .. } => None,
        }
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        self.bytes.get(self.body as usize..).unwrap_or_default()
    }

    /// The body, sharing the buffer.
    pub fn body_bytes(&self) -> Bytes {
        self.bytes.slice(self.body as usize..)
    }

    /// Whether some line ends with LF alone, as RFC 3261 does not allow. An [`Edit`](super::Edit) writes CRLF.
    pub fn has_bare_lf(&self) -> bool {
        self.bare_lf
    }

    /// Every header line in order.
    pub fn headers(&self) -> impl Iterator<Item = Header<'_>> {
        let data = self.as_bytes();
        self.index.iter().map(move |e| Header {
            id: e.id,
            name: e.name(data),
            value: e.value(data),
        })
    }

    /// Whether a header is there.
    pub fn has(&self, id: HeaderId) -> bool {
        self.seen & id.bit() != 0
    }

    /// The value of the first line of a header.
    pub fn get(&self, id: HeaderId) -> Option<&[u8]> {
        self.lines(id).next()
    }

    /// The value of every line of a header, unsplit.
    pub fn lines(&self, id: HeaderId) -> impl Iterator<Item = &[u8]> + Clone {
        Lines::new(self, id)
    }

    /// The values of a list header over all its lines, split at commas.
    pub fn values(&self, id: HeaderId) -> Values<'_> {
        Values::new(self, id)
    }

    /// The value of the first line with this name, known or not, in full or compact form, in any case.
    pub fn get_named(&self, name: &[u8]) -> Option<&[u8]> {
        self.lines_named(name).next()
    }

    /// The value of every line with this name.
    pub fn lines_named(&self, name: &[u8]) -> impl Iterator<Item = &[u8]> {
        let id = HeaderId::lookup(name);
        let same =
            move |h: &Header<'_>| h.id == id && (id != HeaderId::Other || eq_token(h.name, name));
        self.headers().filter(same).map(|h| h.value)
    }

    /// The top Via.
    pub fn via(&self) -> Result<Via<'_>, WireError> {
        self.vias()
            .next()
            .unwrap_or_else(|| Err(self.missing(WireErrorKind::MissingVia)))
    }

    /// Every Via, top first.
    pub fn vias(&self) -> Vias<'_> {
        Vias {
            values: self.values(HeaderId::Via),
            message: self,
        }
    }

    /// From.
    pub fn from(&self) -> Result<NameAddr<'_>, WireError> {
        self.address(HeaderId::From, WireErrorKind::MissingFrom)
    }

    /// To.
    pub fn to(&self) -> Result<NameAddr<'_>, WireError> {
        self.address(HeaderId::To, WireErrorKind::MissingTo)
    }

    /// The tag of From.
    pub fn from_tag(&self) -> Option<&[u8]> {
        self.from().ok()?.tag()
    }

    /// The tag of To.
    pub fn to_tag(&self) -> Option<&[u8]> {
        self.to().ok()?.tag()
    }

    /// Call-ID.
    pub fn call_id(&self) -> Result<&[u8], WireError> {
        self.get(HeaderId::CallId)
            .ok_or_else(|| self.missing(WireErrorKind::MissingCallId))
    }

    /// CSeq.
    pub fn cseq(&self) -> Result<CSeq<'_>, WireError> {
        let value = self
            .get(HeaderId::CSeq)
            .ok_or_else(|| self.missing(WireErrorKind::MissingCSeq))?;
        CSeq::parse(value).map_err(|e| e.shifted(self.offset_of(value)))
    }

    /// A header that holds one address, such as Refer-To or Reply-To.
    pub fn address_of(&self, id: HeaderId) -> Result<NameAddr<'_>, WireError> {
        self.address(id, WireErrorKind::MissingHeader)
    }

    /// The addresses of a list header: Route, Record-Route, Path, P-Asserted-Identity, ...
    pub fn addresses(&self, id: HeaderId) -> NameAddrs<'_> {
        NameAddrs {
            values: self.values(id),
            message: self,
        }
    }

    /// Route values, top first.
    pub fn routes(&self) -> NameAddrs<'_> {
        self.addresses(HeaderId::Route)
    }

    /// Record-Route values, top first.
    pub fn record_routes(&self) -> NameAddrs<'_> {
        self.addresses(HeaderId::RecordRoute)
    }

    /// Contact: `*`, or addresses.
    pub fn contacts(&self) -> Contacts<'_> {
        if self.lines(HeaderId::Contact).any(|v| v == b"*") {
            return Contacts::Star;
        }
        Contacts::List(self.addresses(HeaderId::Contact))
    }

    /// The first Contact address.
    pub fn contact(&self) -> Option<Result<NameAddr<'_>, WireError>> {
        self.addresses(HeaderId::Contact).next()
    }

    /// Max-Forwards, 0 to 255.
    pub fn max_forwards(&self) -> Result<Option<u8>, WireError> {
        self.number(HeaderId::MaxForwards)
    }

    /// Content-Length.
    pub fn content_length(&self) -> Result<Option<u32>, WireError> {
        self.number(HeaderId::ContentLength)
    }

    /// Expires, in seconds.
    pub fn expires(&self) -> Result<Option<u32>, WireError> {
        self.number(HeaderId::Expires)
    }

    /// Content-Type.
    pub fn content_type(&self) -> Option<Result<MediaType<'_>, WireError>> {
        let value = self.get(HeaderId::ContentType)?;
        Some(MediaType::parse(value).map_err(|e| e.shifted(self.offset_of(value))))
    }

    /// Whether a list of tokens (Require, Supported, Allow, ...) has this one.
    pub fn lists(&self, id: HeaderId, token: &[u8]) -> bool {
        self.values(id).any(|v| eq_token(v, token))
    }

    /// The option tags of `id` (Require or Proxy-Require) that are not among `supported`: the Unsupported of a 420.
    pub fn unsupported<'a>(
        &'a self,
        id: HeaderId,
        supported: &'a [&'a [u8]],
    ) -> impl Iterator<Item = &'a [u8]> {
        self.values(id)
            .filter(move |v| !v.is_empty() && !supported.iter().any(|s| eq_token(s, v)))
    }

    /// Whether a response can be made for it: a request but ACK, with the headers that a response copies.
    pub fn is_answerable(&self) -> bool {
        const COPIED: [HeaderId; 4] = [
            HeaderId::From,
            HeaderId::To,
            HeaderId::CallId,
            HeaderId::CSeq,
        ];
        let is_copyable = |id| self.has(id) && !(self.bare_cr && self.lines(id).any(breaks_line));
        self.method().is_some_and(|m| *m != Method::Ack)
            && COPIED.into_iter().all(is_copyable)
            && is_copyable(HeaderId::Via)
            && self.via().is_ok()
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.index
    }

    /// Where a part of this message starts.
    pub(crate) fn offset_of(&self, part: &[u8]) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.bytes.as_ptr() as usize)
    }

    pub(crate) fn missing(&self, kind: WireErrorKind) -> WireError {
        WireError::new(kind, self.head_end as usize)
    }

    fn span(&self, (start, len): (u32, u32)) -> &[u8] {
        self.bytes
            .get(start as usize..start as usize + len as usize)
            .unwrap_or_default()
    }

    fn address(&self, id: HeaderId, missing: WireErrorKind) -> Result<NameAddr<'_>, WireError> {
        let value = self.get(id).ok_or_else(|| self.missing(missing))?;
        NameAddr::parse(value).map_err(|e| e.shifted(self.offset_of(value)))
    }

    fn number<N: TryFrom<u64>>(&self, id: HeaderId) -> Result<Option<N>, WireError> {
        let Some(value) = self.get(id) else {
            return Ok(None);
        };
        let at = self.offset_of(value);
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let kind = if digits {
            WireErrorKind::Range
        } else {
            WireErrorKind::Number
        };
        let number = decimal(value).and_then(|n| N::try_from(n).ok());
        number.map(Some).ok_or_else(|| WireError::new(kind, at))
    }
}

impl<'a> Contacts<'a> {
    /// The addresses; none for `*`.
    pub fn list(self) -> impl Iterator<Item = Result<NameAddr<'a>, WireError>> {
        match self {
            Contacts::Star => None,
            Contacts::List(list) => Some(list),
        }
        .into_iter()
        .flatten()
    }
}

impl<'a> Header<'a> {
    /// The value split at commas.
    pub fn elements(&self) -> Elements<'a> {
        Elements::new(self.value)
    }
}
