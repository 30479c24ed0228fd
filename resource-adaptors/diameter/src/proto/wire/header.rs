//! The 20 bytes in front of every message (RFC 6733 3).

use serde::{Deserialize, Serialize};

use super::flag;

/// Length of a message header in bytes.
pub const HEADER_LEN: usize = 20;

/// A message header, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the protocol; 1.
    pub version: u8,
    /// Length of the message in bytes, header and padding included (24 bits).
    pub length: u32,
    /// Command flags, see [`flag`].
    pub flags: u8,
    /// Command code (24 bits).
    pub command: u32,
    /// Application id.
    pub application: u32,
    /// Matches an answer to its request on one connection.
    pub hop_by_hop: u32,
    /// Names a request from end to end, for the detection of duplicates.
    pub end_to_end: u32,
}

impl Header {
    /// Reads the header at the front of `bytes`; `None` if there are fewer than 20. Nothing in it is checked.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().copied().map(Self::from_bytes)
    }

    /// The header that these bytes are. Nothing in it is checked.
    #[must_use]
    pub fn from_bytes(head: [u8; HEADER_LEN]) -> Self {
        let word =
            |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        Self {
            version: head[0],
            length: word(0) & 0x00ff_ffff,
            flags: head[4],
            command: word(4) & 0x00ff_ffff,
            application: word(8),
            hop_by_hop: word(12),
            end_to_end: word(16),
        }
    }

    /// The header as it goes onto the wire; of `length` and `command` the low 24 bits.
    #[must_use]
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut head = [0; HEADER_LEN];
        let word = |high: u8, low: u32| (u32::from(high) << 24 | low & 0x00ff_ffff).to_be_bytes();
        head[..4].copy_from_slice(&word(self.version, self.length));
        head[4..8].copy_from_slice(&word(self.flags, self.command));
        head[8..12].copy_from_slice(&self.application.to_be_bytes());
        head[12..16].copy_from_slice(&self.hop_by_hop.to_be_bytes());
        head[16..].copy_from_slice(&self.end_to_end.to_be_bytes());
        head
    }

    /// The R flag.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        self.flags & flag::REQUEST != 0
    }

    /// The P flag.
    #[must_use]
    pub const fn is_proxiable(&self) -> bool {
        self.flags & flag::PROXIABLE != 0
    }

    /// The E flag.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        self.flags & flag::ERROR != 0
    }

    /// The T flag.
    #[must_use]
    pub const fn is_retransmit(&self) -> bool {
        self.flags & flag::RETRANSMIT != 0
    }
}
