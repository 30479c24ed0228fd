//! Messages cut out of a stream (RFC 6733 3, Message Length).
//!
//! A length that cannot be true ends the stream: nothing says where the next message begins. Until then at most one
//! message and what was pushed last are held, whatever the lengths in the headers claim.

use bytes::{Bytes, BytesMut};
use thiserror::Error;

use super::{Fault, HEADER_LEN, Header};

/// The longest message that the header can name: 24 bits, a multiple of four.
pub const MESSAGE_MAX: u32 = 0x00ff_fffc;

/// The longest message that is taken unless it is configured otherwise.
pub const MESSAGE_MAX_DEFAULT: u32 = 64 * 1024;

/// Collects what comes from a connection and hands out whole messages.
///
/// Call [`next_frame`](Self::next_frame) after every [`push`](Self::push) until it gives `None` or an error.
#[derive(Debug)]
pub struct Framer {
    buffer: BytesMut,
    max: u32,
    failed: bool,
}

/// Why a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct FrameFault {
    /// What is wrong with the length.
    pub kind: FrameFaultKind,
    /// The header it stands in.
    pub header: Header,
}

/// What is wrong with a message's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameFaultKind {
    /// Shorter than a header.
    #[error("message length below 20")]
    TooShort,
    /// Not a multiple of four.
    #[error("message length is no multiple of 4")]
    Unaligned,
    /// Longer than what is taken.
    #[error("message longer than the limit")]
    TooLong,
}

impl Framer {
    /// A framer that takes messages of up to `max` bytes; `max` is held between 20 and [`MESSAGE_MAX`].
    #[must_use]
    pub fn new(max: u32) -> Self {
        Self {
            buffer: BytesMut::new(),
            max: max.clamp(20, MESSAGE_MAX),
            failed: false,
        }
    }

    /// Takes what was read; after a fault it is dropped.
    pub fn push(&mut self, data: &[u8]) {
        if !self.failed {
            self.buffer.extend_from_slice(data);
        }
    }

    /// The next whole message, byte for byte; `None` if more has to come.
    ///
    /// # Errors
    ///
    /// A length that cannot be true. The stream is lost: answer with [`FrameFault::answer`] where it gives one, then close.
    pub fn next_frame(&mut self) -> Result<Option<Bytes>, FrameFault> {
        let Some(header) = Header::read(&self.buffer).filter(|_| !self.failed) else {
            return Ok(None);
        };
        if let Some(kind) = self.check(header.length) {
            self.failed = true;
            self.buffer = BytesMut::new();
            return Err(FrameFault { kind, header });
        }
        let length = header.length as usize;
        if self.buffer.len() < length {
            return Ok(None);
        }
        Ok(Some(self.buffer.split_to(length).freeze()))
    }

    /// How many bytes are held for a message that is not complete.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    fn check(&self, length: u32) -> Option<FrameFaultKind> {
        if (length as usize) < HEADER_LEN {
            Some(FrameFaultKind::TooShort)
        } else if !length.is_multiple_of(4) {
            Some(FrameFaultKind::Unaligned)
        } else if length > self.max {
            Some(FrameFaultKind::TooLong)
        } else {
            None
        }
    }
}

impl FrameFault {
    /// The answer 5015, if the header is that of a request and nothing else in it is wrong.
    #[must_use]
    pub fn answer(&self, origin_host: &str, origin_realm: &str) -> Option<Bytes> {
        let trusted =
            self.header.version == 1 && self.header.is_request() && self.header.flags & 0x2f == 0;
        trusted.then(|| {
            self.fault()
                .answer(&self.header.to_bytes(), origin_host, origin_realm)
        })
    }

    /// 5015 DIAMETER_INVALID_MESSAGE_LENGTH, and the connection closes.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let text = match self.kind {
            FrameFaultKind::TooShort => "message length below 20",
            FrameFaultKind::Unaligned => "message length is no multiple of 4",
            FrameFaultKind::TooLong => "message longer than the limit",
        };
        Fault {
            close: true,
            ..Fault::new(5015, text)
        }
    }
}
