//! Writes one PDU.

use thiserror::Error;

use super::field::{self, Field};
use super::read::AddrFields;
use super::{Addr, HEADER_LEN, Header, Status, Tlvs};

/// A value that its field cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// Longer than the field.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// A string with a NUL in it, which would end it early.
    #[error("{0} has a NUL in it")]
    Nul(&'static str),
}

/// A PDU being written behind what a buffer has. The first value that does not fit is what [`finish`](Self::finish) gives.
#[derive(Debug)]
pub(super) struct Writer<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    error: Option<EncodeError>,
    with_tlvs: bool,
}

impl<'o> Writer<'o> {
    /// A PDU with its header; `room` octets are expected behind it.
    pub(super) fn new(out: &'o mut Vec<u8>, header: Header, room: usize, with_tlvs: bool) -> Self {
        let start = out.len();
        out.reserve(HEADER_LEN + room);
        out.extend_from_slice(&header.to_bytes());
        Self {
            out,
            start,
            error: None,
            with_tlvs,
        }
    }

    /// Sets the PDU's length; after an error the buffer is what it was.
    pub(super) fn finish(self) -> Result<(), EncodeError> {
        let length = u32::try_from(self.out.len() - self.start);
        let error = match (self.error, length) {
            (Some(error), _) => error,
            (None, Err(_)) => EncodeError::TooLong("body"),
            (None, Ok(length)) => {
                self.out[self.start..self.start + 4].copy_from_slice(&length.to_be_bytes());
                return Ok(());
            }
        };
        self.out.truncate(self.start);
        Err(error)
    }

    pub(super) fn octet(&mut self, octet: u8) -> &mut Self {
        self.out.push(octet);
        self
    }

    pub(super) fn octets(&mut self, octets: &[u8]) -> &mut Self {
        self.out.extend_from_slice(octets);
        self
    }

    pub(super) fn string(&mut self, field: &Field, octets: &[u8]) -> &mut Self {
        match fits(field, octets) {
            Ok(()) => self.out.extend_from_slice(octets),
            Err(error) => self.fail(error),
        }
        self.octet(0)
    }

    pub(super) fn message_id(&mut self, id: &[u8]) -> &mut Self {
        self.string(&field::MESSAGE_ID, id)
    }

    pub(super) fn addr(&mut self, fields: &AddrFields, addr: &Addr<'_>) -> &mut Self {
        self.octets(&[addr.ton, addr.npi])
            .string(&fields.2, addr.digits)
    }

    pub(super) fn short_message(&mut self, message: &[u8]) -> &mut Self {
        if let Ok(length) = u8::try_from(message.len()) {
            self.octet(length).octets(message)
        } else {
            self.fail(EncodeError::TooLong(field::SHORT_MESSAGE.name));
            self
        }
    }

    /// The TLVs as they are; none for a peer that does not know them.
    pub(super) fn tlvs(&mut self, tlvs: Tlvs<'_>) {
        if self.with_tlvs {
            self.out.extend_from_slice(tlvs.as_bytes());
        }
    }

    fn fail(&mut self, error: EncodeError) {
        self.error.get_or_insert(error);
    }
}

/// A header whose length is set when the PDU is finished.
pub(super) const fn header(command: u32, status: Status, sequence: u32) -> Header {
    Header {
        length: 0,
        command,
        status,
        sequence,
    }
}

/// Whether a string fits its field, with the NUL behind it.
pub(super) fn fits(field: &Field, octets: &[u8]) -> Result<(), EncodeError> {
    if octets.len() >= field.lenient {
        Err(EncodeError::TooLong(field.name))
    } else if octets.contains(&0) {
        Err(EncodeError::Nul(field.name))
    } else {
        Ok(())
    }
}
