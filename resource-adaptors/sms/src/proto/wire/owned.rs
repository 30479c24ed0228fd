//! A PDU that is kept: its octets, checked once.

use std::fmt;

use bytes::Bytes;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{EncodeError, Fault, Header, Pdu, Policy, Status, command};

/// One whole PDU, known to be sound. A clone shares the octets.
#[derive(Clone, PartialEq, Eq)]
pub struct PduBuf {
    bytes: Bytes,
    header: Header,
}

impl PduBuf {
    /// Takes a PDU after reading all of it.
    ///
    /// # Errors
    ///
    /// What is wrong with it and what its response says.
    pub fn parse(bytes: Bytes, policy: Policy) -> Result<Self, Fault> {
        let (header, _) = Pdu::parse(&bytes, policy)?;
        Ok(Self { bytes, header })
    }

    /// A PDU that was read a moment ago.
    pub(crate) const fn read(bytes: Bytes, header: Header) -> Self {
        Self { bytes, header }
    }

    /// Writes a PDU, with the sequence_number 0.
    ///
    /// # Errors
    ///
    /// A value that its field cannot hold.
    pub fn of(pdu: &Pdu<'_>) -> Result<Self, EncodeError> {
        let bytes = pdu.encode(Status::ROK, 0)?;
        let header = Header {
            length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            command: pdu.command(),
            status: Status::ROK,
            sequence: 0,
        };
        Ok(Self { bytes, header })
    }

    /// The PDU, read again: tens of nanoseconds.
    #[must_use]
    pub fn view(&self) -> Pdu<'_> {
        // The lenient policy takes all that the strict one takes.
        let unknown = |_| Pdu::Unknown {
            command: self.header.command,
            body: &[],
        };
        Pdu::parse(&self.bytes, Policy::Lenient).map_or_else(unknown, |(_, pdu)| pdu)
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// command_status; of meaning in responses.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.header.status
    }

    /// The octets, the header's among them.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl fmt::Debug for PduBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Header {
            length,
            command,
            status,
            sequence,
        } = self.header;
        let name = command::name(command);
        write!(f, "{name} {sequence}, {status}, {length} octets")
    }
}

impl Serialize for PduBuf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.bytes)
    }
}

impl<'de> Deserialize<'de> for PduBuf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(PduBytes)
    }
}

struct PduBytes;

impl<'de> Visitor<'de> for PduBytes {
    type Value = PduBuf;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the octets of an SMPP PDU")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<PduBuf, E> {
        restored(Bytes::copy_from_slice(bytes))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<PduBuf, E> {
        restored(bytes.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<PduBuf, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        restored(bytes.into())
    }
}

fn restored<E: Error>(bytes: Bytes) -> Result<PduBuf, E> {
    PduBuf::parse(bytes, Policy::Lenient).map_err(E::custom)
}
