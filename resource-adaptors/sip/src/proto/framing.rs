//! Messages out of a stream (RFC 3261 18.3, RFC 5626 3.5.1): finds where each ends by Content-Length.
//!
//! It does not read sockets and does not check messages beyond what framing takes; a [`Frame::Message`] still goes
//! through [`Message::frame`]. Splitting the same bytes differently gives the same frames. The buffer is bounded, and
//! after an error nothing more comes out: the stream has lost its place and must be closed.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

use super::wire::{Limits, Message, Rejected, WireErrorKind, framed_length};

/// Most bytes that one [`Framer::push`] may bring beyond the message that is being collected.
const READ_MAX: usize = 64 * 1024;

/// What an idle stream may keep allocated.
const IDLE_CAPACITY: usize = 4 * 1024;

/// What came out of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The bytes of one message, body included.
    Message(Bytes),
    /// A second CRLF in a row: a keep-alive that a server answers with one CRLF.
    Ping,
    /// One CRLF between messages: the answer to our own ping, or the first half of the peer's.
    Pong,
}

/// Why a stream cannot go on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FrameError {
    /// A message cannot be delimited or is too large; what can be answered is inside.
    #[error(transparent)]
    Message(#[from] Box<Rejected>),
    /// More was pushed than the buffer holds.
    #[error("stream buffer is full")]
    Full,
    /// An earlier error already ended the stream.
    #[error("stream has ended with an error before")]
    Ended,
}

/// Collects a stream's bytes and hands out frames.
#[derive(Debug)]
pub struct Framer {
    buffer: BytesMut,
    limits: Limits,
    state: State,
    after_crlf: bool,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Looking for the end of the headers; everything before this offset was searched.
    Head(usize),
    /// Waiting for this many bytes in all.
    Body(usize),
    Ended,
}

impl Framer {
    /// Starts with an empty buffer.
    pub fn new(limits: Limits) -> Self {
        Self {
            buffer: BytesMut::new(),
            limits,
            state: State::Head(0),
            after_crlf: false,
        }
    }

    /// Adds what was read. Drain [`next_frame`](Self::next_frame) after each push.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        if matches!(self.state, State::Ended) {
            return Err(FrameError::Ended);
        }
        if self.buffer.len() + bytes.len() > self.limits.stream + READ_MAX {
            self.state = State::Ended;
            return Err(FrameError::Full);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Whether a message has begun and not ended: the peer owes bytes.
    pub fn is_mid_message(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Bytes held.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// The next frame, if one is complete.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let result = self.advance();
        if result.is_err() {
            self.state = State::Ended;
            self.buffer = BytesMut::new();
        }
        result
    }

    fn advance(&mut self) -> Result<Option<Frame>, FrameError> {
        match self.state {
            State::Ended => Err(FrameError::Ended),
            State::Body(total) => Ok(self.take(total)),
            State::Head(searched) => {
                if searched == 0 {
                    match self.buffer.first_chunk() {
                        Some(b"\r\n") => return Ok(Some(self.keep_alive(2))),
                        _ if self.buffer.first() == Some(&b'\n') => {
                            return Ok(Some(self.keep_alive(1)));
                        }
                        _ => {}
                    }
                }
                self.head(searched)
            }
        }
    }

    fn keep_alive(&mut self, len: usize) -> Frame {
        self.buffer.advance(len);
        self.after_crlf = !self.after_crlf;
        if self.after_crlf {
            Frame::Pong
        } else {
            Frame::Ping
        }
    }

    fn head(&mut self, searched: usize) -> Result<Option<Frame>, FrameError> {
        let max = self.limits.stream;
        let Some(end) = head_end(&self.buffer, searched) else {
            if self.buffer.len() > max {
                return Err(self.reject(self.buffer.len(), WireErrorKind::MessageTooLarge));
            }
            // The line break before an empty line may be cut anywhere.
            self.state = State::Head(
                self.buffer
                    .len()
                    .saturating_sub(3)
                    .max(usize::from(self.buffer.len() > 1)),
            );
            return Ok(None);
        };
        let head = self.buffer.get(..end).unwrap_or_default();
        let kind = match framed_length(head, &self.limits) {
            _ if end > max => WireErrorKind::MessageTooLarge,
            Ok(Some(length)) if end.saturating_add(length as usize) <= max => {
                let total = end + length as usize;
                self.state = State::Body(total);
                return Ok(self.take(total));
            }
            Ok(Some(_)) => WireErrorKind::MessageTooLarge,
            Ok(None) => WireErrorKind::MissingContentLength,
            Err(error) => error.kind,
        };
        Err(self.reject(end, kind))
    }

    fn reject(&self, end: usize, kind: WireErrorKind) -> FrameError {
        let head = self
            .buffer
            .get(..end.min(self.limits.stream))
            .unwrap_or_default();
        let partial = match Message::parse(Bytes::copy_from_slice(head), &self.limits) {
            Ok(message) => Some(message),
            Err(rejected) => rejected.partial,
        };
        Rejected::of(kind, end, partial).into()
    }

    /// Copies the message out, so that a message that is kept does not keep the stream's buffer.
    fn take(&mut self, total: usize) -> Option<Frame> {
        let message = Bytes::copy_from_slice(self.buffer.get(..total)?);
        self.buffer.advance(total);
        if self.buffer.is_empty() && self.buffer.capacity() > IDLE_CAPACITY {
            self.buffer = BytesMut::new();
        }
        self.state = State::Head(0);
        self.after_crlf = false;
        Some(Frame::Message(message))
    }
}

/// Where the body starts: behind the first empty line.
fn head_end(data: &[u8], mut from: usize) -> Option<usize> {
    while let Some(n) = memchr(b'\n', data.get(from..)?) {
        let next = from + n + 1;
        match data.get(next..)? {
            [b'\n', ..] => return Some(next + 1),
            [b'\r', b'\n', ..] => return Some(next + 2),
            _ => from = next,
        }
    }
    None
}
