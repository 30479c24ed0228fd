//! SIP over WebSocket (RFC 7118 over RFC 6455), the server's side of one connection: bytes in, messages and bytes to be
//! sent out.
//!
//! It is no HTTP server: one GET that asks for the protocol `sip` is answered with 101, anything else with an error and
//! the end. It opens no connection, reads no message, and negotiates no extension. Invariant: whatever the cuts of the
//! stream, the same items come out; nothing comes after [`Item::End`]; what is held is bounded by the limit of a message.

pub mod client;
mod frame;
mod handshake;

use bytes::{Buf, Bytes, BytesMut};

pub use frame::{Close, ping, server_frame};
use frame::{Head, Opcode};
pub use handshake::{Gate, HEAD_MAX};

/// What came out of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The handshake is done.
    Open,
    /// The payload of one message: one SIP message, or a keep-alive of line ends.
    Message(Bytes),
    /// Send these bytes.
    Send(Bytes),
    /// The peer has answered a ping of ours.
    Pong,
    /// Close the connection; what had to be said before stands in front of it.
    End(Ended),
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The HTTP request was refused with this status.
    Refused(u16),
    /// The peer broke the rules of frames, and was told this code.
    Broken(Close),
    /// The peer has closed.
    Closed,
}

/// One connection that a peer has opened.
#[derive(Debug)]
pub struct Session {
    state: State,
    buffer: BytesMut,
    /// A message whose last frame has not come.
    partial: BytesMut,
    message_max: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Everything before this offset was searched for the end of the HTTP request.
    Handshake(usize),
    Open,
    /// Within a message of this kind.
    Within(Opcode),
    Ended,
}

impl Session {
    /// A connection on which nothing has come, with the greatest length of a message.
    #[must_use]
    pub fn new(message_max: usize) -> Self {
        Self {
            state: State::Handshake(0),
            buffer: BytesMut::new(),
            partial: BytesMut::new(),
            message_max,
        }
    }

    /// Adds what was read. Take [`next_item`](Self::next_item) until there is none after each push, and push no more
    /// than 64 KiB at a time.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.state != State::Ended {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Whether the peer owes bytes: the handshake, or a message that has begun, is not complete.
    #[must_use]
    pub fn is_mid_message(&self) -> bool {
        match self.state {
            State::Handshake(_) | State::Within(_) => true,
            State::Open => !self.buffer.is_empty(),
            State::Ended => false,
        }
    }

    /// Whether messages may be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open | State::Within(_))
    }

    /// Bytes held.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.buffer.len() + self.partial.len()
    }

    /// The next item, if one is complete.
    pub fn next_item(&mut self, gate: &Gate) -> Option<Step> {
        match self.state {
            State::Ended => None,
            State::Handshake(searched) => self.handshake(searched, gate),
            State::Open | State::Within(_) => match self.frame() {
                Ok(step) => step,
                Err(close) => Some(self.end(Some(close.frame()), Ended::Broken(close))),
            },
        }
    }

    fn handshake(&mut self, searched: usize, gate: &Gate) -> Option<Step> {
        let Some(end) = handshake::head_end(&self.buffer, searched) else {
            if self.buffer.len() > HEAD_MAX {
                return Some(self.refuse(431));
            }
            self.state = State::Handshake(self.buffer.len().saturating_sub(3));
            return None;
        };
        if end > HEAD_MAX {
            return Some(self.refuse(431));
        }
        let head = self.buffer.split_to(end);
        match handshake::accept(&head, gate) {
            Ok(response) => {
                self.state = State::Open;
                Some(Step(Some(Item::Send(response)), Some(Item::Open)))
            }
            Err(status) => Some(self.refuse(status)),
        }
    }

    fn refuse(&mut self, status: u16) -> Step {
        self.end(Some(handshake::refusal(status)), Ended::Refused(status))
    }

    fn end(&mut self, last: Option<Bytes>, why: Ended) -> Step {
        self.state = State::Ended;
        self.buffer = BytesMut::new();
        self.partial = BytesMut::new();
        Step(last.map(Item::Send), Some(Item::End(why)))
    }

    /// The next frame that means something (RFC 6455 5.2 to 5.5).
    fn frame(&mut self) -> Result<Option<Step>, Close> {
        loop {
            let Some(head) = Head::parse(&self.buffer)? else {
                return Ok(None);
            };
            let within = matches!(self.state, State::Within(_));
            let goes_on = head.opcode == Opcode::Continuation;
            if !head.opcode.is_control() && goes_on != within {
                return Err(Close::PROTOCOL);
            }
            if !head.opcode.is_control() && head.length > self.message_max - self.partial.len() {
                return Err(Close::TOO_BIG);
            }
            if self.buffer.len() < head.size + head.length {
                return Ok(None);
            }
            self.buffer.advance(head.size);
            let mut payload = self.buffer.split_to(head.length);
            frame::mask(&mut payload, head.key);
            if self.buffer.is_empty() {
                self.buffer = BytesMut::new();
            }
            if let Some(step) = self.payload(&head, payload)? {
                return Ok(Some(step));
            }
        }
    }

    /// What a whole frame means; nothing if it is a part of a message.
    fn payload(&mut self, head: &Head, payload: BytesMut) -> Result<Option<Step>, Close> {
        let one = |item| Ok(Some(Step(None, Some(item))));
        let kind = match (head.opcode, self.state) {
            (Opcode::Ping, _) => return one(Item::Send(frame::control(Opcode::Pong, &payload))),
            (Opcode::Pong, _) => return one(Item::Pong),
            (Opcode::Close, _) => {
                let answer = Close::answer(&payload)?;
                return Ok(Some(self.end(Some(answer), Ended::Closed)));
            }
            (Opcode::Continuation, State::Within(kind)) => kind,
            (kind, _) => kind,
        };
        if !head.last {
            self.partial.extend_from_slice(&payload);
            self.state = State::Within(kind);
            return Ok(None);
        }
        self.state = State::Open;
        let whole = if self.partial.is_empty() {
            payload
        } else {
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(&payload);
            whole
        };
        if kind == Opcode::Text && std::str::from_utf8(&whole).is_err() {
            return Err(Close::NOT_UTF8);
        }
        // A copy, so that a message that is kept does not keep what was read around it.
        one(Item::Message(Bytes::copy_from_slice(&whole)))
    }
}

/// What one call brought: at most two items, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step(Option<Item>, Option<Item>);

impl IntoIterator for Step {
    type Item = Item;
    type IntoIter = std::iter::Flatten<std::array::IntoIter<Option<Item>, 2>>;

    fn into_iter(self) -> Self::IntoIter {
        [self.0, self.1].into_iter().flatten()
    }
}
