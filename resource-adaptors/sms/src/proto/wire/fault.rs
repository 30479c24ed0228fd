//! Why a PDU is refused, and the response that says so.

use bytes::Bytes;
use thiserror::Error;

use super::{HEADER_LEN, Header, Pdu, Status, command};

/// A PDU that is malformed: which one, what is answered, and where it is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{}: {status} in {field} at octet {offset}", command::name(header.command))]
pub struct Fault {
    /// The PDU's header, as it came.
    pub header: Header,
    /// What its response says.
    pub status: Status,
    /// The parameter that is wrong, by the standard's name.
    pub field: &'static str,
    /// Where in the PDU it begins, counted from the first octet of the header.
    pub offset: u32,
}

impl Fault {
    /// The response: the command's own, or generic_nack if it has none; with the status and the request's sequence_number.
    /// `None` for a response, which nothing answers.
    #[must_use]
    pub fn answer(&self) -> Option<Bytes> {
        let Header {
            command, sequence, ..
        } = self.header;
        if command::is_response(command) {
            return None;
        }
        let answer = Pdu::reply(command, self.status);
        let nack = |_| Self::nack(self.status, sequence);
        Some(answer.encode(self.status, sequence).unwrap_or_else(nack))
    }

    /// A generic_nack.
    #[must_use]
    pub fn nack(status: Status, sequence: u32) -> Bytes {
        let header = Header {
            length: HEADER_LEN as u32,
            command: command::GENERIC_NACK,
            status,
            sequence,
        };
        Bytes::copy_from_slice(&header.to_bytes())
    }
}
