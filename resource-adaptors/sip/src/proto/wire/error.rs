//! Why bytes are not an acceptable message, where, and what may be answered.

use super::message::Message;

/// A defect and the byte where it was found.
///
/// `offset` counts from the start of the message when the error comes from a [`Message`] method, and from the start
/// of the parsed slice when it comes from a view's own `parse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct WireError {
    /// What is wrong.
    pub kind: WireErrorKind,
    /// Where.
    pub offset: u32,
}

impl WireError {
    pub(crate) const fn new(kind: WireErrorKind, offset: usize) -> Self {
        Self {
            kind,
            offset: if offset > u32::MAX as usize {
                u32::MAX
            } else {
                offset as u32
            },
        }
    }

    /// Moves the offset from a slice to what the slice was taken from.
    pub(crate) fn shifted(self, by: usize) -> Self {
        Self::new(self.kind, (self.offset as usize).saturating_add(by))
    }
}

/// What is wrong with a message or a header value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum WireErrorKind {
    #[error("neither a request line nor a status line")]
    NotSip,
    #[error("malformed request line")]
    RequestLine,
    #[error("malformed status line")]
    StatusLine,
    #[error("SIP version is not 2.0")]
    Version,
    #[error("malformed header line")]
    HeaderLine,
    #[error("carriage return without line feed")]
    BareCr,
    #[error("no empty line after the headers")]
    NoEndOfHeaders,
    #[error("message too large")]
    MessageTooLarge,
    #[error("too many header lines")]
    TooManyHeaders,
    #[error("header line too long")]
    HeaderTooLong,
    #[error("too many values in a list header")]
    TooManyValues,
    #[error("Request-URI too long")]
    UriTooLong,
    #[error("body too large")]
    BodyTooLarge,
    #[error("missing Via")]
    MissingVia,
    #[error("missing From")]
    MissingFrom,
    #[error("missing To")]
    MissingTo,
    #[error("missing Call-ID")]
    MissingCallId,
    #[error("missing CSeq")]
    MissingCSeq,
    #[error("header not present")]
    MissingHeader,
    #[error("missing Content-Length on a stream")]
    MissingContentLength,
    #[error("header that may stand once stands more than once")]
    DuplicateHeader,
    #[error("malformed Via")]
    Via,
    #[error("malformed name or address")]
    NameAddr,
    #[error("quoted string without end")]
    Quote,
    #[error("malformed parameter")]
    Param,
    #[error("malformed URI")]
    Uri,
    #[error("malformed host")]
    Host,
    #[error("malformed port")]
    Port,
    #[error("URI headers in a Request-URI")]
    UriHeaders,
    #[error("malformed Call-ID")]
    CallId,
    #[error("malformed CSeq")]
    CSeq,
    #[error("method of CSeq is not the method of the request")]
    CSeqMethod,
    #[error("malformed number")]
    Number,
    #[error("number out of range")]
    Range,
    #[error("body shorter than Content-Length")]
    BodyShort,
    #[error("malformed Contact")]
    Contact,
    #[error("malformed media type")]
    MediaType,
    #[error("malformed Date")]
    Date,
}

impl WireErrorKind {
    /// The status code with which a request that has this defect is answered.
    pub fn status(self) -> u16 {
        const TOO_LARGE: [WireErrorKind; 4] = [
            WireErrorKind::MessageTooLarge,
            WireErrorKind::TooManyHeaders,
            WireErrorKind::HeaderTooLong,
            WireErrorKind::TooManyValues,
        ];
        let table = [
            (Self::Version, 505),
            (Self::UriTooLong, 414),
            (Self::BodyTooLarge, 413),
        ];
        if TOO_LARGE.contains(&self) {
            return 513;
        }
        table
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or(400, |&(_, status)| status)
    }

    /// The reason phrase that goes with [`status`](Self::status).
    pub fn reason(self) -> &'static str {
        match self.status() {
            505 => "Version Not Supported",
            513 => "Message Too Large",
            414 => "Request-URI Too Long",
            413 => "Request Entity Too Large",
            _ => "Bad Request",
        }
    }
}

/// A message that was refused, with what can be answered.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{error}")]
pub struct Rejected {
    /// Status code for the answer, if one can be given at all (see [`answerable`](Self::answerable)).
    pub status: u16,
    /// Reason phrase for the answer.
    pub reason: &'static str,
    /// The first defect found.
    #[source]
    pub error: WireError,
    /// What could be read, if the start line could be.
    pub partial: Option<Message>,
}

impl Rejected {
    pub(crate) fn of(kind: WireErrorKind, offset: usize, partial: Option<Message>) -> Box<Self> {
        Self::new(WireError::new(kind, offset), partial)
    }

    pub(crate) fn new(error: WireError, partial: Option<Message>) -> Box<Self> {
        Box::new(Self {
            status: error.kind.status(),
            reason: error.kind.reason(),
            error,
            partial,
        })
    }

    /// The request to answer with [`status`](Self::status), or nothing: a response, an ACK, and whatever lacks a
    /// readable top Via, From, To, Call-ID or CSeq is dropped in silence (RFC 3261 8.2.6, 16.3, 18.1.2).
    pub fn answerable(&self) -> Option<&Message> {
        self.partial.as_ref().filter(|m| m.is_answerable())
    }
}
