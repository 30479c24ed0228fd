//! The 16 octets in front of every PDU (SMPP 3.4 3.2).

use super::Status;

/// Length of a PDU's header.
pub const HEADER_LEN: usize = 16;

/// A PDU's header, read. Nothing in it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// command_length: octets of the PDU, these included.
    pub length: u32,
    /// command_id, see [`command`](super::command).
    pub command: u32,
    /// command_status; of meaning in responses only.
    pub status: Status,
    /// sequence_number: pairs a response with its request.
    pub sequence: u32,
}

impl Header {
    /// Reads the header at the front of `bytes`; `None` if there are fewer than 16.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let head: &[u8; HEADER_LEN] = bytes.first_chunk()?;
        let word =
            |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        Some(Self {
            length: word(0),
            command: word(4),
            status: Status(word(8)),
            sequence: word(12),
        })
    }

    /// The header as it goes onto the wire.
    #[must_use]
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut head = [0; HEADER_LEN];
        head[..4].copy_from_slice(&self.length.to_be_bytes());
        head[4..8].copy_from_slice(&self.command.to_be_bytes());
        head[8..12].copy_from_slice(&self.status.0.to_be_bytes());
        head[12..].copy_from_slice(&self.sequence.to_be_bytes());
        head
    }

    /// Whether it is a response's.
    #[must_use]
    pub const fn is_response(&self) -> bool {
        super::command::is_response(self.command)
    }
}
