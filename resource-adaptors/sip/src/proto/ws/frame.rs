//! Frames (RFC 6455 5): their heads, masks, and what a server writes.

use bytes::Bytes;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    fn parse(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }

    pub(super) fn is_control(self) -> bool {
        self.bits() >= 0x8
    }
}

/// A status code of a Close frame (RFC 6455 7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close(u16);

impl Close {
    /// Normal closure.
    pub const NORMAL: Self = Self(1000);
    /// The server stops.
    pub const GOING_AWAY: Self = Self(1001);
    /// The peer broke the protocol.
    pub const PROTOCOL: Self = Self(1002);
    /// Text that is not UTF-8.
    pub const NOT_UTF8: Self = Self(1007);
    /// A message above the limit.
    pub const TOO_BIG: Self = Self(1009);

    /// The code.
    #[must_use]
    pub fn code(self) -> u16 {
        self.0
    }

    /// A server's Close frame.
    #[must_use]
    pub fn frame(self) -> Bytes {
        control(Opcode::Close, &self.0.to_be_bytes())
    }

    /// The answer to a peer's Close: the same code, if it sent one that may be sent.
    pub(super) fn answer(payload: &[u8]) -> Result<Bytes, Self> {
        let Some((code, reason)) = payload.split_first_chunk::<2>() else {
            return if payload.is_empty() {
                Ok(control(Opcode::Close, b""))
            } else {
                Err(Self::PROTOCOL)
            };
        };
        let code = u16::from_be_bytes(*code);
        // RFC 6455 7.4.1, 7.4.2: 1004 to 1006 and 1015 never stand in a frame.
        if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
            return Err(Self::PROTOCOL);
        }
        if std::str::from_utf8(reason).is_err() {
            return Err(Self::NOT_UTF8);
        }
        Ok(Self(code).frame())
    }
}

/// What stands in front of a payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) last: bool,
    pub(super) opcode: Opcode,
    pub(super) key: [u8; 4],
    /// Bytes of the head itself.
    pub(super) size: usize,
    /// Bytes of the payload.
    pub(super) length: usize,
}

impl Head {
    /// The head of a client's frame, as soon as it is there.
    pub(super) fn parse(data: &[u8]) -> Result<Option<Self>, Close> {
        let Some((&[first, second], rest)) = data.split_first_chunk::<2>() else {
            return Ok(None);
        };
        let opcode = Opcode::parse(first & 0x0f).ok_or(Close::PROTOCOL)?;
        let (last, reserved, masked) = (first & 0x80 != 0, first & 0x70, second & 0x80 != 0);
        // No extension was negotiated, and a client must mask (5.1, 5.2).
        if reserved != 0 || !masked {
            return Err(Close::PROTOCOL);
        }
        let short = second & 0x7f;
        if opcode.is_control() && (!last || short > 125) {
            return Err(Close::PROTOCOL);
        }
        let (length, extra) = match short {
            126 => match rest.first_chunk() {
                Some(bytes) => (u64::from(u16::from_be_bytes(*bytes)), 2),
                None => return Ok(None),
            },
            127 => match rest.first_chunk() {
                Some(bytes) => (u64::from_be_bytes(*bytes), 8),
                None => return Ok(None),
            },
            short => (u64::from(short), 0),
        };
        // The shortest form must be used, and the top bit be clear.
        let least = [0, 126, 0x1_0000][usize::from(extra > 0) + usize::from(extra > 2)];
        if length < least || length >> 63 != 0 {
            return Err(Close::PROTOCOL);
        }
        let length = usize::try_from(length).map_err(|_| Close::TOO_BIG)?;
        let Some(key) = rest.get(extra..).and_then(|rest| rest.first_chunk()) else {
            return Ok(None);
        };
        Ok(Some(Self {
            last,
            opcode,
            key: *key,
            size: 2 + extra + 4,
            length,
        }))
    }
}

/// Applies a mask, or takes it off (5.3).
pub(super) fn mask(payload: &mut [u8], key: [u8; 4]) {
    for chunk in payload.chunks_mut(4) {
        for (byte, key) in chunk.iter_mut().zip(key) {
            *byte ^= key;
        }
    }
}

/// One SIP message as a server's frame: text where it can be, since some clients read nothing else.
#[must_use]
pub fn server_frame(message: &[u8]) -> Bytes {
    let text = std::str::from_utf8(message).is_ok();
    write(if text { Opcode::Text } else { Opcode::Binary }, message)
}

/// A server's ping.
#[must_use]
pub fn ping() -> Bytes {
    control(Opcode::Ping, b"")
}

pub(super) fn control(opcode: Opcode, payload: &[u8]) -> Bytes {
    write(opcode, payload)
}

fn write(opcode: Opcode, payload: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(payload.len() + 10);
    out.push(0x80 | opcode.bits());
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ 0..126), _) => out.push(short),
        (_, Ok(length)) => {
            out.push(126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
    Bytes::from(out)
}
