//! PDUs cut out of a stream (SMPP 3.4 3.2, command_length).
//!
//! A length that cannot be true ends the stream: nothing says where the next PDU begins. Of a PDU that is not complete
//! what came of it is held, and never more than one PDU, whatever its header claims. Each PDU has a buffer of its own, so
//! that one which is kept keeps no other.

use bytes::Bytes;
use thiserror::Error;

use super::{Fault, HEADER_LEN, Header, Status};

/// The longest PDU that is taken unless it is configured otherwise.
pub const PDU_MAX_DEFAULT: u32 = 8 * 1024;

/// The longest PDU with a message_payload of full length: 64 KiB of value, and room for the rest.
pub const PDU_MAX_WITH_PAYLOAD: u32 = 65 * 1024;

/// Cuts PDUs out of what is read from a connection.
#[derive(Debug)]
pub struct Framer {
    partial: Vec<u8>,
    max: u32,
    failed: bool,
}

/// A command_length that cannot be true; the stream is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("command_length {length} is not between 16 and the limit")]
pub struct BadLength {
    /// The length as it came.
    pub length: u32,
    /// The header, if the length leaves room for one.
    pub header: Option<Header>,
}

impl Framer {
    /// A framer that takes PDUs of up to `max` octets; at least 16.
    #[must_use]
    pub fn new(max: u32) -> Self {
        Self {
            partial: Vec::new(),
            max: max.max(HEADER_LEN as u32),
            failed: false,
        }
    }

    /// Sets the length of the longest PDU; it counts from the next PDU on.
    pub fn set_max(&mut self, max: u32) {
        self.max = max.max(HEADER_LEN as u32);
    }

    /// The next whole PDU; takes from the front of `input` what belongs to it. `None` if more has to come, and `input` is
    /// used up then.
    ///
    /// # Errors
    ///
    /// A length that cannot be true: answer with [`BadLength::answer`], then close. What comes after it is dropped.
    pub fn next_frame(&mut self, input: &mut &[u8]) -> Result<Option<Bytes>, BadLength> {
        if self.failed {
            *input = &[];
        }
        if self.partial.is_empty() {
            let Some(length) = self.length(input)? else {
                self.hold(input, HEADER_LEN);
                return Ok(None);
            };
            let Some((frame, rest)) = input.split_at_checked(length) else {
                self.hold(input, length);
                return Ok(None);
            };
            *input = rest;
            return Ok(Some(Bytes::copy_from_slice(frame)));
        }
        self.hold(input, HEADER_LEN);
        let held = std::mem::take(&mut self.partial);
        let length = self.length(&held)?;
        self.partial = held;
        let Some(length) = length else {
            return Ok(None);
        };
        self.hold(input, length);
        let whole = self.partial.len() == length;
        Ok(whole.then(|| std::mem::take(&mut self.partial).into()))
    }

    /// How many octets are held of a PDU that is not complete.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.partial.len()
    }

    /// The length of the PDU that begins here, once its header is there; one that leaves no room for a header is seen before.
    fn length(&mut self, bytes: &[u8]) -> Result<Option<usize>, BadLength> {
        let Some(length) = bytes.first_chunk().map(|word| u32::from_be_bytes(*word)) else {
            return Ok(None);
        };
        let header = Header::read(bytes);
        if (length as usize) < HEADER_LEN {
            self.failed = true;
            return Err(BadLength {
                length,
                header: None,
            });
        }
        if header.is_some() && length > self.max {
            self.failed = true;
            return Err(BadLength { length, header });
        }
        Ok(header.map(|_| length as usize))
    }

    /// Moves octets from `input` until `upto` are held.
    fn hold(&mut self, input: &mut &[u8], upto: usize) {
        let missing = upto.saturating_sub(self.partial.len());
        let (taken, rest) = input.split_at(missing.min(input.len()));
        self.partial.extend_from_slice(taken);
        *input = rest;
    }
}

impl BadLength {
    /// generic_nack with ESME_RINVCMDLEN: with the PDU's sequence_number, or 0 where it has none.
    #[must_use]
    pub fn answer(&self) -> Bytes {
        let sequence = self.header.map_or(0, |header| header.sequence);
        Fault::nack(Status::RINVCMDLEN, sequence)
    }
}
