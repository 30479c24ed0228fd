//! SMPP bytes as the tests write and read them, apart from the adaptor under test: what both get wrong alike would not be seen.

use crate::error::{Result, RunError};
use std::fmt;

/// Command ids (SMPP 3.4 5.1.2.1).
#[expect(missing_docs, reason = "the names are the specification's")]
pub mod command {
    pub const BIND_RECEIVER: u32 = 0x01;
    pub const BIND_TRANSMITTER: u32 = 0x02;
    pub const QUERY_SM: u32 = 0x03;
    pub const SUBMIT_SM: u32 = 0x04;
    pub const DELIVER_SM: u32 = 0x05;
    pub const UNBIND: u32 = 0x06;
    pub const REPLACE_SM: u32 = 0x07;
    pub const CANCEL_SM: u32 = 0x08;
    pub const BIND_TRANSCEIVER: u32 = 0x09;
    pub const ENQUIRE_LINK: u32 = 0x15;
    pub const SUBMIT_MULTI: u32 = 0x21;
    pub const DATA_SM: u32 = 0x103;
    pub const GENERIC_NACK: u32 = 0x8000_0000;
    /// Set in every response.
    pub const RESP: u32 = 0x8000_0000;
}

/// Command statuses (SMPP 3.4 5.1.3).
#[expect(missing_docs, reason = "the names are the specification's")]
pub mod status {
    pub const ROK: u32 = 0x00;
    pub const RINVMSGLEN: u32 = 0x01;
    pub const RINVCMDLEN: u32 = 0x02;
    pub const RINVCMDID: u32 = 0x03;
    pub const RINVBNDSTS: u32 = 0x04;
    pub const RALYBND: u32 = 0x05;
    pub const RSYSERR: u32 = 0x08;
    pub const RINVSRCADR: u32 = 0x0a;
    pub const RINVDSTADR: u32 = 0x0b;
    pub const RBINDFAIL: u32 = 0x0d;
    pub const RINVPASWD: u32 = 0x0e;
    pub const RINVSYSID: u32 = 0x0f;
    pub const RCANCELFAIL: u32 = 0x11;
    pub const RREPLACEFAIL: u32 = 0x13;
    pub const RMSGQFUL: u32 = 0x14;
    pub const RSUBMITFAIL: u32 = 0x45;
    pub const RTHROTTLED: u32 = 0x58;
    pub const RQUERYFAIL: u32 = 0x67;
    pub const RINVOPTPARSTREAM: u32 = 0xc0;
    pub const ROPTPARNOTALLWD: u32 = 0xc1;
}

/// Tags of optional parameters (SMPP 3.4 5.3.2).
#[expect(missing_docs, reason = "the names are the specification's")]
pub mod tag {
    pub const RECEIPTED_MESSAGE_ID: u16 = 0x001e;
    pub const SC_INTERFACE_VERSION: u16 = 0x0210;
    pub const SAR_MSG_REF_NUM: u16 = 0x020c;
    pub const SAR_TOTAL_SEGMENTS: u16 = 0x020e;
    pub const SAR_SEGMENT_SEQNUM: u16 = 0x020f;
    pub const MESSAGE_PAYLOAD: u16 = 0x0424;
    pub const MESSAGE_STATE: u16 = 0x0427;
    /// The first of those that are left to vendors.
    pub const VENDOR: u16 = 0x1400;
}

/// Message states (SMPP 3.4 5.2.28).
#[expect(missing_docs, reason = "the names are the specification's")]
pub mod state {
    pub const ENROUTE: u8 = 1;
    pub const DELIVERED: u8 = 2;
    pub const EXPIRED: u8 = 3;
    pub const DELETED: u8 = 4;
    pub const UNDELIVERABLE: u8 = 5;
    pub const ACCEPTED: u8 = 6;
    pub const UNKNOWN: u8 = 7;
    pub const REJECTED: u8 = 8;
}

/// Octets of a header.
pub const HEADER: usize = 16;
/// esm_class of a delivery receipt.
pub const RECEIPT: u8 = 0x04;
/// esm_class of a message with a user data header.
pub const UDHI: u8 = 0x40;

/// One PDU, its body not looked into.
#[derive(Clone, PartialEq, Eq)]
pub struct Pdu {
    /// command_id.
    pub command: u32,
    /// command_status.
    pub status: u32,
    /// sequence_number.
    pub sequence: u32,
    /// What follows the header.
    pub body: Vec<u8>,
}

impl Pdu {
    /// A request, not numbered yet.
    #[must_use]
    pub fn new(command: u32, body: Vec<u8>) -> Self {
        Self {
            command,
            status: status::ROK,
            sequence: 0,
            body,
        }
    }

    /// The response to this request.
    #[must_use]
    pub fn response(&self, status: u32, body: Vec<u8>) -> Self {
        Self {
            command: self.command | command::RESP,
            status,
            sequence: self.sequence,
            body,
        }
    }

    /// As it is sent.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let length = u32::try_from(HEADER + self.body.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(HEADER + self.body.len());
        for word in [length, self.command, self.status, self.sequence] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.extend(&self.body);
        bytes
    }

    /// The first PDU in `bytes` and how long it is, if all of it is there.
    ///
    /// # Errors
    /// When its length is less than a header's or more than any PDU's.
    pub fn first(bytes: &[u8]) -> Result<Option<(Self, usize)>> {
        let Some(head) = bytes.get(..HEADER) else {
            return Ok(None);
        };
        let word =
            |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let length = word(0) as usize;
        if !(HEADER..=0x2_0000).contains(&length) {
            let text = format!("not a PDU: {head:02x?}");
            return Err(RunError::Broken(text.into()));
        }
        let Some(body) = bytes.get(HEADER..length) else {
            return Ok(None);
        };
        let pdu = Self {
            command: word(4),
            status: word(8),
            sequence: word(12),
            body: body.to_vec(),
        };
        Ok(Some((pdu, length)))
    }

    /// Whether it is a response.
    #[must_use]
    pub fn is_response(&self) -> bool {
        self.command & command::RESP != 0
    }

    /// The C-octet string that its body begins with: message_id of most responses, system_id of a bind's.
    #[must_use]
    pub fn text(&self) -> String {
        let end = self.body.iter().position(|b| *b == 0);
        String::from_utf8_lossy(&self.body[..end.unwrap_or(self.body.len())]).into_owned()
    }
}

impl fmt::Debug for Pdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "command {:#x} status {:#x} sequence {} body {:02x?}",
            self.command, self.status, self.sequence, self.body
        )
    }
}

/// A C-octet string.
#[must_use]
pub fn cstring(text: &[u8]) -> Vec<u8> {
    [text, &[0]].concat()
}

/// An optional parameter.
#[must_use]
pub fn tlv(tag: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    [&tag.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
}

/// The body of a bind.
#[must_use]
pub fn bind(system_id: &str, password: &str, version: u8) -> Vec<u8> {
    let mut body = cstring(system_id.as_bytes());
    body.extend(cstring(password.as_bytes()));
    body.extend([0, version, 0, 0, 0]);
    body
}

/// TON, NPI and digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Type of number.
    pub ton: u8,
    /// Numbering plan.
    pub npi: u8,
    /// As they stand there.
    pub digits: Vec<u8>,
}

impl Address {
    /// An international number, or whatever else is given.
    #[must_use]
    pub fn new(digits: &str) -> Self {
        Self {
            ton: 1,
            npi: 1,
            digits: digits.as_bytes().to_vec(),
        }
    }

    /// Its digits.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.digits).into_owned()
    }
}

/// The body of a submit_sm or a deliver_sm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the specification's")]
pub struct Message {
    pub service_type: Vec<u8>,
    pub source: Address,
    pub destination: Address,
    pub esm_class: u8,
    pub protocol_id: u8,
    pub priority: u8,
    pub schedule: Vec<u8>,
    pub validity: Vec<u8>,
    pub registered: u8,
    pub replace: u8,
    pub coding: u8,
    pub default_id: u8,
    pub short_message: Vec<u8>,
    pub tlvs: Vec<(u16, Vec<u8>)>,
}

impl Message {
    /// A text without receipt.
    #[must_use]
    pub fn new(from: &str, to: &str, text: &[u8]) -> Self {
        Self {
            source: Address::new(from),
            destination: Address::new(to),
            short_message: text.to_vec(),
            ..Self::default()
        }
    }

    /// The same, and a receipt is wanted.
    #[must_use]
    pub fn registered(self) -> Self {
        Self {
            registered: 1,
            ..self
        }
    }

    /// With an optional parameter.
    #[must_use]
    pub fn with(mut self, tag: u16, value: &[u8]) -> Self {
        self.tlvs.push((tag, value.to_vec()));
        self
    }

    /// As the body of a PDU.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut body = cstring(&self.service_type);
        for address in [&self.source, &self.destination] {
            body.extend([address.ton, address.npi]);
            body.extend(cstring(&address.digits));
        }
        body.extend([self.esm_class, self.protocol_id, self.priority]);
        body.extend(cstring(&self.schedule));
        body.extend(cstring(&self.validity));
        body.extend([self.registered, self.replace, self.coding, self.default_id]);
        body.push(u8::try_from(self.short_message.len()).unwrap_or(u8::MAX));
        body.extend(&self.short_message);
        for (tag, value) in &self.tlvs {
            body.extend(tlv(*tag, value));
        }
        body
    }

    /// Reads what [`body`](Self::body) writes, to the last octet.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut rest = Rest(body);
        let mut message = Self {
            service_type: rest.cstring()?,
            source: rest.address()?,
            destination: rest.address()?,
            esm_class: rest.octet()?,
            protocol_id: rest.octet()?,
            priority: rest.octet()?,
            schedule: rest.cstring()?,
            validity: rest.cstring()?,
            registered: rest.octet()?,
            replace: rest.octet()?,
            coding: rest.octet()?,
            default_id: rest.octet()?,
            ..Self::default()
        };
        let length = rest.octet()?;
        message.short_message = rest.octets(length.into())?;
        while !rest.0.is_empty() {
            let (tag, length) = (rest.word()?, rest.word()?);
            message.tlvs.push((tag, rest.octets(length.into())?));
        }
        Some(message)
    }

    /// The value of an optional parameter.
    #[must_use]
    pub fn tlv(&self, tag: u16) -> Option<&[u8]> {
        let found = self.tlvs.iter().find(|(t, _)| *t == tag);
        found.map(|(_, value)| value.as_slice())
    }

    /// Its text, if it is ASCII.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.short_message).into_owned()
    }

    /// Whether it is a delivery receipt.
    #[must_use]
    pub fn is_receipt(&self) -> bool {
        self.esm_class & 0x3c == RECEIPT
    }

    /// Of a receipt: the id that its text tells and the word for the state.
    #[must_use]
    pub fn receipted(&self) -> Option<(String, String)> {
        let text = self.text();
        let word = |mark: &str| {
            let rest = text.split_once(mark)?.1;
            rest.split(' ').next().map(str::to_owned)
        };
        Some((word("id:")?, word("stat:")?))
    }
}

/// What is left of a body.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn octets(&mut self, count: usize) -> Option<Vec<u8>> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head.to_vec())
    }

    fn octet(&mut self) -> Option<u8> {
        self.octets(1)?.first().copied()
    }

    fn word(&mut self) -> Option<u16> {
        let octets = self.octets(2)?;
        Some(u16::from_be_bytes([octets[0], octets[1]]))
    }

    fn cstring(&mut self) -> Option<Vec<u8>> {
        let end = self.0.iter().position(|b| *b == 0)?;
        let text = self.octets(end)?;
        self.octet()?;
        Some(text)
    }

    fn address(&mut self) -> Option<Address> {
        Some(Address {
            ton: self.octet()?,
            npi: self.octet()?,
            digits: self.cstring()?,
        })
    }
}

/// A user data header that says which part this is, and the part.
#[must_use]
pub fn part(reference: u8, total: u8, number: u8, text: &[u8]) -> Vec<u8> {
    [&[5, 0, 3, reference, total, number], text].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_as_it_was_written() {
        let message = Message::new("1", "2", b"three")
            .registered()
            .with(tag::MESSAGE_STATE, &[2]);
        assert_eq!(Message::read(&message.body()), Some(message.clone()));
        let mut pdu = Pdu::new(command::SUBMIT_SM, message.body());
        pdu.sequence = 7;
        let bytes = [pdu.bytes(), vec![0]].concat();
        let (read, length) = Pdu::first(&bytes).expect("a PDU").expect("all of it");
        assert_eq!((read, length), (pdu, bytes.len() - 1));
    }
}
