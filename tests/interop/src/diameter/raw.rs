//! Diameter messages byte by byte: built as wrong as a stimulus demands, and read without believing anything.
//!
//! This shares nothing with the adaptor on purpose: what both read in one way could be wrong in both. RFC 6733, clauses 3 and 4.

/// Command flags.
pub const REQUEST: u8 = 0x80;
/// See [`REQUEST`].
pub const PROXIABLE: u8 = 0x40;
/// See [`REQUEST`].
pub const ERROR: u8 = 0x20;
/// See [`REQUEST`].
pub const RETRANSMITTED: u8 = 0x10;
/// AVP flags.
pub const VENDOR: u8 = 0x80;
/// See [`VENDOR`].
pub const MANDATORY: u8 = 0x40;

/// Commands of the base protocol and credit control.
pub mod command {
    #![expect(missing_docs, reason = "the names are the RFC's")]
    pub const CAPABILITIES_EXCHANGE: u32 = 257;
    pub const RE_AUTH: u32 = 258;
    pub const ACCOUNTING: u32 = 271;
    pub const CREDIT_CONTROL: u32 = 272;
    pub const ABORT_SESSION: u32 = 274;
    pub const SESSION_TERMINATION: u32 = 275;
    pub const DEVICE_WATCHDOG: u32 = 280;
    pub const DISCONNECT_PEER: u32 = 282;
}

/// AVP codes of the base protocol and credit control.
pub mod code {
    #![expect(missing_docs, reason = "the names are the RFC's")]
    pub const USER_NAME: u32 = 1;
    pub const EVENT_TIMESTAMP: u32 = 55;
    pub const HOST_IP_ADDRESS: u32 = 257;
    pub const AUTH_APPLICATION_ID: u32 = 258;
    pub const ACCT_APPLICATION_ID: u32 = 259;
    pub const SESSION_ID: u32 = 263;
    pub const ORIGIN_HOST: u32 = 264;
    pub const VENDOR_ID: u32 = 266;
    pub const RESULT_CODE: u32 = 268;
    pub const PRODUCT_NAME: u32 = 269;
    pub const DISCONNECT_CAUSE: u32 = 273;
    pub const ORIGIN_STATE_ID: u32 = 278;
    pub const FAILED_AVP: u32 = 279;
    pub const ERROR_MESSAGE: u32 = 281;
    pub const ROUTE_RECORD: u32 = 282;
    pub const DESTINATION_REALM: u32 = 283;
    pub const PROXY_INFO: u32 = 284;
    pub const RE_AUTH_REQUEST_TYPE: u32 = 285;
    pub const REDIRECT_HOST: u32 = 292;
    pub const DESTINATION_HOST: u32 = 293;
    pub const ORIGIN_REALM: u32 = 296;
    pub const INBAND_SECURITY_ID: u32 = 299;
    pub const CC_REQUEST_NUMBER: u32 = 415;
    pub const CC_REQUEST_TYPE: u32 = 416;
    pub const CC_TIME: u32 = 420;
    pub const GRANTED_SERVICE_UNIT: u32 = 431;
    pub const RATING_GROUP: u32 = 432;
    pub const REQUESTED_ACTION: u32 = 436;
    pub const REQUESTED_SERVICE_UNIT: u32 = 437;
    pub const USED_SERVICE_UNIT: u32 = 446;
    pub const MULTIPLE_SERVICES: u32 = 456;
    pub const SERVICE_CONTEXT_ID: u32 = 461;
}

/// Credit control: its application.
pub const CREDIT: u32 = 4;
const HEADER: usize = 20;

/// An AVP of no vendor, padded.
#[must_use]
pub fn avp(code: u32, data: &[u8]) -> Vec<u8> {
    flagged(code, MANDATORY, data)
}

/// The same with a number.
#[must_use]
pub fn number(code: u32, value: u32) -> Vec<u8> {
    avp(code, &value.to_be_bytes())
}

/// The same with these flags.
#[must_use]
pub fn flagged(code: u32, flags: u8, data: &[u8]) -> Vec<u8> {
    let length = 8 + data.len();
    padded(&[&head(code, flags, length), data].concat())
}

/// An AVP of a vendor, padded.
#[must_use]
pub fn vendors(code: u32, vendor: u32, flags: u8, data: &[u8]) -> Vec<u8> {
    let length = 12 + data.len();
    let head = head(code, flags | VENDOR, length);
    padded(&[&head, &vendor.to_be_bytes()[..], data].concat())
}

/// The first eight bytes of an AVP, whatever they say.
#[must_use]
pub fn head(code: u32, flags: u8, length: usize) -> Vec<u8> {
    let length = u32::try_from(length).unwrap_or(u32::MAX) & 0x00ff_ffff;
    let second = u32::from(flags) << 24 | length;
    [code.to_be_bytes(), second.to_be_bytes()].concat()
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Raw {
    /// 1, when it is right.
    pub version: u8,
    /// Said in the header in place of the true length.
    pub length: Option<u32>,
    /// See [`REQUEST`].
    pub flags: u8,
    /// See [`command`].
    pub command: u32,
    /// In the header.
    pub application: u32,
    /// Put in when it is sent, unless it is not zero.
    pub hop_by_hop: u32,
    /// The same.
    pub end_to_end: u32,
    /// Encoded, one behind the other.
    pub avps: Vec<u8>,
}

impl Raw {
    /// A request, with the P bit unless it is for the peer itself.
    #[must_use]
    pub fn request(command: u32, application: u32) -> Self {
        let own = application == 0 && [257, 280, 282].contains(&command);
        Self {
            version: 1,
            length: None,
            flags: if own { REQUEST } else { REQUEST | PROXIABLE },
            command,
            application,
            hop_by_hop: 0,
            end_to_end: 0,
            avps: Vec::new(),
        }
    }

    /// An answer with the identifiers of `request` and nothing in it.
    #[must_use]
    pub fn answer(request: &Seen) -> Self {
        Self {
            version: 1,
            length: None,
            flags: request.flags() & PROXIABLE,
            command: request.command(),
            application: request.application(),
            hop_by_hop: request.hop_by_hop(),
            end_to_end: request.end_to_end(),
            avps: Vec::new(),
        }
    }

    /// With encoded AVPs behind those that are there.
    #[must_use]
    pub fn with(mut self, avps: &[u8]) -> Self {
        self.avps.extend_from_slice(avps);
        self
    }

    /// With these flags instead.
    #[must_use]
    pub fn flagged(self, flags: u8) -> Self {
        Self { flags, ..self }
    }

    /// As it goes onto the wire.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let length = u32::try_from(HEADER + self.avps.len()).unwrap_or(u32::MAX);
        let first = u32::from(self.version) << 24 | (self.length.unwrap_or(length) & 0x00ff_ffff);
        let second = u32::from(self.flags) << 24 | (self.command & 0x00ff_ffff);
        let words = [
            first,
            second,
            self.application,
            self.hop_by_hop,
            self.end_to_end,
        ];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes.extend_from_slice(&self.avps);
        bytes
    }
}

/// `raw` with other data in its first AVP of this code.
#[must_use]
pub fn replaced(mut raw: Raw, code: u32, data: &[u8]) -> Raw {
    let mut done = false;
    let rebuilt: Vec<u8> = avps(&raw.avps)
        .into_iter()
        .flat_map(|found| {
            if found.code == code && !done {
                done = true;
                return flagged(code, found.flags, data);
            }
            padded(found.raw)
        })
        .collect();
    raw.avps = rebuilt;
    raw
}

/// A message that came.
#[derive(Clone, PartialEq, Eq)]
pub struct Seen(Vec<u8>);

/// One of its AVPs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SeenAvp<'a> {
    /// Its code.
    pub code: u32,
    /// 0: none.
    pub vendor: u32,
    /// See [`VENDOR`].
    pub flags: u8,
    /// Without padding.
    pub data: &'a [u8],
    /// Header and data, without padding.
    pub raw: &'a [u8],
}

impl Seen {
    /// The first whole message in `buffer`, which is taken out of it.
    pub fn take(buffer: &mut Vec<u8>) -> Option<Self> {
        let length = word(buffer, 0)? & 0x00ff_ffff;
        let length = usize::try_from(length).unwrap_or(usize::MAX).max(HEADER);
        if buffer.len() < length {
            return None;
        }
        let rest = buffer.split_off(length);
        Some(Self(std::mem::replace(buffer, rest)))
    }

    /// One that we have made ourselves.
    #[must_use]
    pub fn whole(bytes: &[u8]) -> Self {
        let mut bytes = bytes.to_vec();
        bytes.resize(bytes.len().max(HEADER), 0);
        Self(bytes)
    }

    /// All of it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// See [`REQUEST`].
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.0[4]
    }

    /// See [`command`].
    #[must_use]
    pub fn command(&self) -> u32 {
        self.word(4) & 0x00ff_ffff
    }

    /// In the header.
    #[must_use]
    pub fn application(&self) -> u32 {
        self.word(8)
    }

    /// In the header.
    #[must_use]
    pub fn hop_by_hop(&self) -> u32 {
        self.word(12)
    }

    /// In the header.
    #[must_use]
    pub fn end_to_end(&self) -> u32 {
        self.word(16)
    }

    /// Whether it asks for something.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.flags() & REQUEST != 0
    }

    /// Its AVPs as far as their lengths are right.
    #[must_use]
    pub fn avps(&self) -> Vec<SeenAvp<'_>> {
        avps(&self.0[HEADER..])
    }

    /// The first with this code, of no vendor.
    #[must_use]
    pub fn find(&self, code: u32) -> Option<SeenAvp<'_>> {
        self.avps()
            .into_iter()
            .find(|avp| avp.code == code && avp.vendor == 0)
    }

    /// Its number.
    #[must_use]
    pub fn number(&self, code: u32) -> Option<u32> {
        word(self.find(code)?.data, 0)
    }

    /// Its text.
    #[must_use]
    pub fn text(&self, code: u32) -> Option<String> {
        let found = self.find(code)?;
        Some(String::from_utf8_lossy(found.data).into_owned())
    }

    /// 0 when there is none.
    #[must_use]
    pub fn result_code(&self) -> u32 {
        self.number(code::RESULT_CODE).unwrap_or(0)
    }

    fn word(&self, at: usize) -> u32 {
        word(&self.0, at).unwrap_or(0)
    }
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "command {} flags {:#04x} application {}",
            self.command(),
            self.flags(),
            self.application()
        )?;
        for avp in self.avps() {
            write!(f, "; {}", avp.code)?;
            match avp.data.len() {
                4 => write!(f, " {}", word(avp.data, 0).unwrap_or(0))?,
                _ => write!(f, " {:?}", String::from_utf8_lossy(avp.data))?,
            }
        }
        Ok(())
    }
}

/// Those in a group, up to the first whose length is wrong.
#[must_use]
pub fn avps(bytes: &[u8]) -> Vec<SeenAvp<'_>> {
    Walk(bytes).collect()
}

/// Those of a message, one after the other.
pub fn avps_of(message: &[u8]) -> impl Iterator<Item = SeenAvp<'_>> {
    Walk(message.get(HEADER..).unwrap_or_default())
}

/// What is not walked over yet.
struct Walk<'a>(&'a [u8]);

impl<'a> Iterator for Walk<'a> {
    type Item = SeenAvp<'a>;
    fn next(&mut self) -> Option<SeenAvp<'a>> {
        let bytes = self.0;
        let (code, second) = (word(bytes, 0)?, word(bytes, 4)?);
        let flags = bytes[4];
        let length = usize::try_from(second & 0x00ff_ffff).unwrap_or(usize::MAX);
        let head = if flags & VENDOR == 0 { 8 } else { 12 };
        if length < head || length > bytes.len() {
            self.0 = &[];
            return None;
        }
        self.0 = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(SeenAvp {
            code,
            vendor: if head == 12 {
                word(bytes, 8).unwrap_or(0)
            } else {
                0
            },
            flags,
            data: &bytes[head..length],
            raw: &bytes[..length],
        })
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_is_read_back() {
        let mut raw = Raw::request(command::CREDIT_CONTROL, CREDIT)
            .with(&avp(code::SESSION_ID, b"a;1;2"))
            .with(&number(code::CC_REQUEST_NUMBER, 7))
            .with(&vendors(1, 10_415, 0, b"x"));
        raw.hop_by_hop = 1;
        raw.end_to_end = 2;
        let mut buffer = [raw.bytes(), vec![1]].concat();
        let seen = Seen::take(&mut buffer).expect("a whole message");
        assert_eq!(buffer, [1]);
        assert_eq!((seen.flags(), seen.command()), (0xc0, 272));
        assert_eq!(
            (seen.application(), seen.hop_by_hop(), seen.end_to_end()),
            (4, 1, 2)
        );
        assert_eq!(seen.text(code::SESSION_ID).as_deref(), Some("a;1;2"));
        assert_eq!(seen.number(code::CC_REQUEST_NUMBER), Some(7));
        let last = seen.avps()[2];
        assert_eq!((last.vendor, last.data), (10_415, &b"x"[..]));
        assert_eq!(seen.bytes(), raw.bytes());
    }
}
