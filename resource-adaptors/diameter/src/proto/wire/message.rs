//! A message whose structure was checked.

use std::fmt;

use bytes::Bytes;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Avp, Avps, Fault, Groups, HEADER_LEN, Header, Limits, code, walk};
use crate::proto::dict::AvpDef;

/// One whole message; its AVPs fill it exactly. A clone shares the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    bytes: Bytes,
    header: Header,
}

impl Message {
    /// Takes a frame after checking the structure of all of it, groups that the standard dictionary knows included.
    ///
    /// # Errors
    ///
    /// What to answer, if it is a request.
    pub fn parse(bytes: Bytes) -> Result<Self, Fault> {
        Self::parse_with(bytes, &Limits::DEFAULT, Groups::standard())
    }

    /// Takes a frame after checking its header and its top level only, as an agent does that forwards it
    /// ([`check_groups`](Self::check_groups) does the rest).
    ///
    /// # Errors
    ///
    /// What to answer, if it is a request.
    pub fn parse_outer(bytes: Bytes, limits: &Limits) -> Result<Self, Fault> {
        Self::parse_with(bytes, limits, &Groups::NONE)
    }

    /// Takes a frame after checking its structure within these limits and going into these groups.
    ///
    /// # Errors
    ///
    /// What to answer, if it is a request.
    pub fn parse_with(bytes: Bytes, limits: &Limits, groups: &Groups) -> Result<Self, Fault> {
        let Some(header) = Header::read(&bytes) else {
            let fault = Fault::new(5015, "message shorter than a header");
            return Err(Fault {
                close: true,
                ..fault
            });
        };
        walk::header(&header, bytes.len())?;
        walk::avps(&bytes, limits, groups)?;
        Ok(Self { bytes, header })
    }

    /// Checks the structure of the groups that the standard dictionary knows.
    ///
    /// # Errors
    ///
    /// What to answer, if it is a request.
    pub fn check_groups(&self, limits: &Limits) -> Result<(), Fault> {
        walk::avps(&self.bytes, limits, Groups::standard())
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The whole message.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The whole message, which is no longer known to be sound.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// The top-level AVPs, in order.
    #[inline]
    #[must_use]
    pub fn avps(&self) -> Avps<'_> {
        Avps::new(self.bytes.get(HEADER_LEN..).unwrap_or_default())
    }

    /// The first top-level AVP of this definition.
    #[must_use]
    pub fn find(&self, def: &AvpDef) -> Option<Avp<'_>> {
        self.avps().get_code(def.code, def.vendor)
    }

    /// All top-level AVPs of this definition.
    pub fn all<'d>(&self, def: &'d AvpDef) -> impl Iterator<Item = Avp<'_>> + use<'_, 'd> {
        self.avps().each(def)
    }

    /// The R flag.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        self.header.is_request()
    }

    /// The E flag.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        self.header.is_error()
    }

    /// Session-Id, if it is there and is text.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.base(code::SESSION_ID)?.utf8().ok()
    }

    /// Origin-Host, if it is there and is a name.
    #[must_use]
    pub fn origin_host(&self) -> Option<&str> {
        self.base(code::ORIGIN_HOST)?.identity().ok()
    }

    /// Origin-Realm, if it is there and is a name.
    #[must_use]
    pub fn origin_realm(&self) -> Option<&str> {
        self.base(code::ORIGIN_REALM)?.identity().ok()
    }

    /// Destination-Host, if it is there and is a name.
    #[must_use]
    pub fn destination_host(&self) -> Option<&str> {
        self.base(code::DESTINATION_HOST)?.identity().ok()
    }

    /// Destination-Realm, if it is there and is a name.
    #[must_use]
    pub fn destination_realm(&self) -> Option<&str> {
        self.base(code::DESTINATION_REALM)?.identity().ok()
    }

    /// Whether this host is in a Route-Record: the request has been here before (RFC 6733 6.1.3).
    #[must_use]
    pub fn has_route_record(&self, host: &str) -> bool {
        let mut records = self.avps().filter(|avp| is_base(avp, code::ROUTE_RECORD));
        records.any(|avp| avp.data.eq_ignore_ascii_case(host.as_bytes()))
    }

    /// Result-Code, or the code in Experimental-Result.
    #[must_use]
    pub fn result_code(&self) -> Option<u32> {
        let found = self.avps().find(|avp| {
            is_base(avp, code::RESULT_CODE) || is_base(avp, code::EXPERIMENTAL_RESULT)
        })?;
        if found.code == code::RESULT_CODE {
            return found.u32().ok();
        }
        let result = found.group().get_code(code::EXPERIMENTAL_RESULT_CODE, 0)?;
        result.u32().ok()
    }

    /// `part`, which lies in this message, as a share of its buffer.
    ///
    /// # Panics
    ///
    /// If it lies elsewhere.
    #[must_use]
    pub fn share(&self, part: &[u8]) -> Bytes {
        self.bytes.slice_ref(part)
    }

    /// The same message in a buffer of its own: for one that is kept, while the buffer that it was read into goes on.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            bytes: Bytes::copy_from_slice(&self.bytes),
            header: self.header,
        }
    }

    fn base(&self, code: u32) -> Option<Avp<'_>> {
        self.avps().get_code(code, 0)
    }
}

const fn is_base(avp: &Avp<'_>, code: u32) -> bool {
    avp.code == code && avp.vendor == 0
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = &self.header;
        let side = if head.is_request() {
            "request"
        } else {
            "answer"
        };
        write!(
            f,
            "{side} {} of application {}",
            head.command, head.application
        )?;
        if let Some(result) = self.result_code() {
            write!(f, ", result {result}")?;
        }
        if let Some(session) = self.session_id() {
            write!(f, ", session {session}")?;
        }
        write!(f, ", {} bytes", self.bytes.len())
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.bytes)
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(MessageBytes)
    }
}

struct MessageBytes;

impl<'de> Visitor<'de> for MessageBytes {
    type Value = Message;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes of a Diameter message")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Message, E> {
        restored(Bytes::copy_from_slice(bytes))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Message, E> {
        restored(bytes.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Message, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        restored(bytes.into())
    }
}

/// What was accepted once is accepted again, whatever limits were configured then.
fn restored<E: Error>(bytes: Bytes) -> Result<Message, E> {
    Message::parse_outer(bytes, &Limits::OWN).map_err(|fault| E::custom(fault.text))
}
