//! Messages written: one buffer, values checked against the definition, lengths checked against their 24 bits.
//!
//! An error is kept until [`Builder::finish`], so that a message is written as one chain of calls.

use bytes::Bytes;
use thiserror::Error;

use super::framer::MESSAGE_MAX;
use super::value::{Address, Time, identity};
use super::{Avp, Avps, HEADER_LEN, Header, Message, Uri, code, flag};
use crate::proto::dict::{AvpDef, Kind, Rule};

/// Why a message could not be written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BuildError {
    /// A value of another format than the definition's.
    #[error("AVP {code} of vendor {vendor} takes {kind:?}, not this value")]
    Value {
        /// AVP code.
        code: u32,
        /// Vendor-Id.
        vendor: u32,
        /// The format of the definition.
        kind: Kind,
    },
    /// An AVP or the message is longer than 24 bits can say.
    #[error("longer than 24 bits can say")]
    TooLong,
}

/// AVPs being written, at the top level of a message or in a group.
#[derive(Clone, Debug, Default)]
pub struct AvpBuf {
    bytes: Vec<u8>,
    error: Option<BuildError>,
}

/// A message being written.
#[derive(Clone, Debug)]
pub struct Builder {
    avps: AvpBuf,
    header: Header,
    /// The request's Proxy-Info AVPs, which come last in its answer.
    proxy_info: Vec<u8>,
}

/// What can be the value of an AVP.
pub trait Value {
    /// Writes the data, without padding, as this format; `false` if the value is none of it.
    fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool;
}

impl AvpBuf {
    /// No AVPs.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            error: None,
        }
    }

    /// Writes an AVP with this value; M as the definition says, V where there is a vendor.
    pub fn avp(&mut self, def: &AvpDef, value: impl Value) -> &mut Self {
        let start = self.open(def);
        if !value.write(def.kind, &mut self.bytes) {
            self.fail(BuildError::Value {
                code: def.code,
                vendor: def.vendor,
                kind: def.kind,
            });
        }
        self.close(start);
        self
    }

    /// Writes an AVP if there is a value.
    pub fn opt(&mut self, def: &AvpDef, value: Option<impl Value>) -> &mut Self {
        match value {
            Some(value) => self.avp(def, value),
            None => self,
        }
    }

    /// Writes a Grouped AVP with what `fill` writes in it.
    pub fn group(&mut self, def: &AvpDef, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.open(def);
        fill(self);
        self.close(start);
        self
    }

    /// Copies an AVP as it stands elsewhere, flags and padding included.
    pub fn raw(&mut self, avp: Avp<'_>) -> &mut Self {
        self.encoded(avp.raw())
    }

    /// Appends AVPs that were written before, whole with padding.
    pub fn encoded(&mut self, avps: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(avps);
        self
    }

    /// Writes an AVP that needs no definition: `flags` as given, V where there is a vendor.
    pub fn put(&mut self, code: u32, vendor: u32, flags: u8, data: &[u8]) -> &mut Self {
        let start = self.open_as(code, vendor, flags);
        self.bytes.extend_from_slice(data);
        self.close(start);
        self
    }

    /// What was written.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was written, if every value fitted its definition.
    ///
    /// # Errors
    ///
    /// The first that did not.
    pub fn finish(self) -> Result<Vec<u8>, BuildError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.bytes),
        }
    }

    /// The first value that did not fit its definition, so far.
    #[must_use]
    pub const fn error(&self) -> Option<&BuildError> {
        self.error.as_ref()
    }

    /// What was written, to be read.
    #[must_use]
    pub fn avps(&self) -> Avps<'_> {
        Avps::new(&self.bytes)
    }

    fn open(&mut self, def: &AvpDef) -> usize {
        let mandatory = matches!(def.mandatory, Rule::Must);
        let flags = if mandatory { flag::MANDATORY } else { 0 };
        self.open_as(def.code, def.vendor, flags)
    }

    #[inline]
    fn open_as(&mut self, code: u32, vendor: u32, flags: u8) -> usize {
        let start = self.bytes.len();
        let [a, b, c, d] = code.to_be_bytes();
        if vendor == 0 {
            let head = [a, b, c, d, flags & !flag::VENDOR, 0, 0, 0];
            self.bytes.extend_from_slice(&head);
        } else {
            let [e, f, g, h] = vendor.to_be_bytes();
            let head = [a, b, c, d, flags | flag::VENDOR, 0, 0, 0, e, f, g, h];
            self.bytes.extend_from_slice(&head);
        }
        start
    }

    /// Writes the length of the AVP that began at `start`, and its padding.
    #[inline]
    fn close(&mut self, start: usize) {
        let length = self.bytes.len() - start;
        match (
            u32::try_from(length),
            self.bytes.get_mut(start + 5..start + 8),
        ) {
            (Ok(length), Some(place)) if length < 1 << 24 => {
                place.copy_from_slice(&length.to_be_bytes()[1..]);
            }
            _ => self.fail(BuildError::TooLong),
        }
        const ZEROS: [u8; 3] = [0; 3];
        let padding = length.next_multiple_of(4) - length;
        self.bytes.extend_from_slice(&ZEROS[..padding]);
    }

    fn fail(&mut self, error: BuildError) {
        self.error.get_or_insert(error);
    }
}

impl Builder {
    /// A request, proxiable unless it is CER, DWR or DPR.
    #[must_use]
    pub fn request(command: u32, application: u32) -> Self {
        let hop = application == 0 && matches!(command, 257 | 280 | 282);
        let flags = if hop {
            flag::REQUEST
        } else {
            flag::REQUEST | flag::PROXIABLE
        };
        Self::new(flags, command, application)
    }

    /// The answer to `request`: its command, application and P flag, its Session-Id first and its Proxy-Info last
    /// (RFC 6733 6.2).
    #[must_use]
    pub fn answer(request: &Message) -> Self {
        Self::answer_to(request.header(), request.avps())
    }

    pub(super) fn answer_to(request: &Header, avps: Avps<'_>) -> Self {
        let flags = request.flags & flag::PROXIABLE;
        let mut answer = Self::new(flags, request.command, request.application);
        // Their flags are written anew: reserved bits may be what the request is refused for.
        if let Some(session) = avps.get_code(code::SESSION_ID, 0) {
            answer.put(code::SESSION_ID, 0, flag::MANDATORY, session.data);
        }
        let mut proxies = AvpBuf::new();
        for info in avps.filter(|avp| avp.code == code::PROXY_INFO && avp.vendor == 0) {
            if info.group().is_sound() {
                proxies.put(code::PROXY_INFO, 0, flag::MANDATORY, info.data);
            }
        }
        answer.proxy_info = proxies.bytes;
        answer
    }

    fn new(flags: u8, command: u32, application: u32) -> Self {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&[0; HEADER_LEN]);
        Self {
            avps: AvpBuf { bytes, error: None },
            header: Header {
                version: 1,
                length: 0,
                flags,
                command,
                application,
                hop_by_hop: 0,
                end_to_end: 0,
            },
            proxy_info: Vec::new(),
        }
    }

    /// Sets the header's flags, all of them.
    pub fn flags(&mut self, flags: u8) -> &mut Self {
        self.header.flags = flags;
        self
    }

    /// Sets the E flag: an answer-message with a protocol error (RFC 6733 7.2).
    pub fn error(&mut self) -> &mut Self {
        self.header.flags |= flag::ERROR;
        self
    }

    /// Writes an AVP with this value.
    pub fn avp(&mut self, def: &AvpDef, value: impl Value) -> &mut Self {
        self.avps.avp(def, value);
        self
    }

    /// Writes an AVP if there is a value.
    pub fn opt(&mut self, def: &AvpDef, value: Option<impl Value>) -> &mut Self {
        self.avps.opt(def, value);
        self
    }

    /// Writes a Grouped AVP with what `fill` writes in it.
    pub fn group(&mut self, def: &AvpDef, fill: impl FnOnce(&mut AvpBuf)) -> &mut Self {
        self.avps.group(def, fill);
        self
    }

    /// Copies an AVP as it stands elsewhere.
    pub fn raw(&mut self, avp: Avp<'_>) -> &mut Self {
        self.avps.raw(avp);
        self
    }

    /// Writes an AVP that needs no definition.
    pub fn put(&mut self, code: u32, vendor: u32, flags: u8, data: &[u8]) -> &mut Self {
        self.avps.put(code, vendor, flags, data);
        self
    }

    /// Writes Origin-Host and Origin-Realm.
    pub fn identities(&mut self, origin_host: &str, origin_realm: &str) -> &mut Self {
        self.put(
            code::ORIGIN_HOST,
            0,
            flag::MANDATORY,
            origin_host.as_bytes(),
        );
        self.put(
            code::ORIGIN_REALM,
            0,
            flag::MANDATORY,
            origin_realm.as_bytes(),
        )
    }

    /// Appends AVPs that were written before, whole with padding.
    pub fn encoded(&mut self, avps: &[u8]) -> &mut Self {
        self.avps.encoded(avps);
        self
    }

    /// The AVPs, for what writes into messages and groups alike.
    pub const fn body(&mut self) -> &mut AvpBuf {
        &mut self.avps
    }

    /// The AVPs written so far, to be read.
    #[must_use]
    pub fn written(&self) -> Avps<'_> {
        Avps::new(self.avps.bytes.get(HEADER_LEN..).unwrap_or_default())
    }

    /// The message. The builder is empty afterwards.
    ///
    /// # Errors
    ///
    /// The first value that did not fit its definition, or a length above 24 bits.
    pub fn finish(&mut self, hop_by_hop: u32, end_to_end: u32) -> Result<Bytes, BuildError> {
        match self.avps.error.take() {
            Some(error) => Err(error),
            None => self.close(hop_by_hop, end_to_end),
        }
    }

    fn close(&mut self, hop_by_hop: u32, end_to_end: u32) -> Result<Bytes, BuildError> {
        let mut bytes = std::mem::take(&mut self.avps.bytes);
        bytes.append(&mut self.proxy_info);
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if length > MESSAGE_MAX {
            return Err(BuildError::TooLong);
        }
        let header = Header {
            length,
            hop_by_hop,
            end_to_end,
            ..self.header
        };
        if let Some(place) = bytes.first_chunk_mut() {
            *place = header.to_bytes();
        }
        Ok(bytes.into())
    }
}

/// A number goes into every numeric format that can hold it.
macro_rules! numbers {
    ($($type:ty)*) => {$(
        impl Value for $type {
            #[inline]
            fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool {
                match kind {
                    Kind::Unsigned32 => number(u32::try_from(*self).map(u32::to_be_bytes), out),
                    Kind::Integer32 | Kind::Enumerated => {
                        number(i32::try_from(*self).map(i32::to_be_bytes), out)
                    }
                    Kind::Unsigned64 => number(u64::try_from(*self).map(u64::to_be_bytes), out),
                    Kind::Integer64 => number(i64::try_from(*self).map(i64::to_be_bytes), out),
                    Kind::Float32
                    | Kind::Float64
                    | Kind::OctetString
                    | Kind::Grouped
                    | Kind::Address
                    | Kind::Time
                    | Kind::Utf8String
                    | Kind::DiameterIdentity
                    | Kind::DiameterUri
                    | Kind::IpFilterRule
                    | Kind::QosFilterRule => false,
                }
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64 i32 i64);

#[inline]
fn number<const N: usize, E>(bytes: Result<[u8; N], E>, out: &mut Vec<u8>) -> bool {
    bytes.is_ok_and(|bytes| write_if(true, &bytes, out))
}

#[inline]
fn write_if(fits: bool, bytes: &[u8], out: &mut Vec<u8>) -> bool {
    if fits {
        out.extend_from_slice(bytes);
    }
    fits
}

impl Value for f32 {
    fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool {
        write_if(kind == Kind::Float32, &self.to_be_bytes(), out)
    }
}

impl Value for f64 {
    fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool {
        write_if(kind == Kind::Float64, &self.to_be_bytes(), out)
    }
}

/// Text goes into OctetString and every format made of text; a name or URI is checked.
impl Value for str {
    #[inline]
    fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool {
        let fits = match kind {
            Kind::OctetString | Kind::Utf8String => true,
            Kind::DiameterIdentity => identity(self.as_bytes()).is_ok(),
            Kind::DiameterUri => Uri::parse(self.as_bytes()).is_ok(),
            Kind::IpFilterRule | Kind::QosFilterRule => self.is_ascii(),
            Kind::Integer32
            | Kind::Integer64
            | Kind::Unsigned32
            | Kind::Unsigned64
            | Kind::Float32
            | Kind::Float64
            | Kind::Grouped
            | Kind::Address
            | Kind::Time
            | Kind::Enumerated => false,
        };
        write_if(fits, self.as_bytes(), out)
    }
}

impl Value for String {
    fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool {
        self.as_str().write(kind, out)
    }
}

/// Bytes go into an OctetString only.
impl Value for [u8] {
    fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool {
        write_if(kind == Kind::OctetString, self, out)
    }
}

impl<const N: usize> Value for [u8; N] {
    fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool {
        self[..].write(kind, out)
    }
}

impl Value for Vec<u8> {
    fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool {
        self[..].write(kind, out)
    }
}

impl Value for Bytes {
    fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool {
        self[..].write(kind, out)
    }
}

impl Value for Time {
    fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool {
        write_if(kind == Kind::Time, &self.to_wire(), out)
    }
}

impl Value for Address<'_> {
    fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool {
        if kind != Kind::Address {
            return false;
        }
        let (family, ip4, ip6);
        let (number, data): (u16, &[u8]) = match self {
            Self::V4(ip) => {
                ip4 = ip.octets();
                (1, &ip4)
            }
            Self::V6(ip) => {
                ip6 = ip.octets();
                (2, &ip6)
            }
            Self::E164(digits) => (8, digits.as_bytes()),
            Self::Other { family, data } => (*family, data),
        };
        family = number.to_be_bytes();
        out.extend_from_slice(&family);
        out.extend_from_slice(data);
        true
    }
}

impl Value for std::net::IpAddr {
    fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool {
        Address::from(*self).write(kind, out)
    }
}

/// AVPs go into a group.
impl Value for AvpBuf {
    fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool {
        write_if(
            kind == Kind::Grouped && self.error.is_none(),
            &self.bytes,
            out,
        )
    }
}

impl<T: Value + ?Sized> Value for &T {
    #[inline]
    fn write(&self, kind: Kind, out: &mut Vec<u8>) -> bool {
        (**self).write(kind, out)
    }
}
