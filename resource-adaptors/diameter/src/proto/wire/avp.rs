//! One AVP and runs of them (RFC 6733 4.1, 4.4).
//!
//! Both borrow from the message. A run ends where its bytes no longer make an AVP; inside a checked message that is its end.

use std::str;

use super::value::{Address, Time, ValueError, identity};
use super::walk::{Head, vendor};
use super::{Uri, flag};
use crate::proto::dict::AvpDef;

/// An AVP as it stands in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avp<'a> {
    /// AVP code.
    pub code: u32,
    /// Vendor-Id; 0 if there is none.
    pub vendor: u32,
    /// AVP flags, see [`flag`].
    pub flags: u8,
    /// The data, without padding.
    pub data: &'a [u8],
    raw: &'a [u8],
}

/// AVPs one after another: a message's, or a group's.
#[derive(Clone, Copy, Debug)]
pub struct Avps<'a> {
    rest: &'a [u8],
}

impl<'a> Avp<'a> {
    /// The AVP at the front of `bytes`; `None` if its lengths do not fit into them. Whole with padding, or not at all.
    #[inline]
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let Head {
            code,
            flags,
            length,
        } = Head::read(bytes)?;
        let raw = bytes.get(..length.next_multiple_of(4))?;
        let (vendor, data) = if flags & flag::VENDOR == 0 {
            (0, raw.get(8..length)?)
        } else {
            (vendor(raw), raw.get(12..length)?)
        };
        Some(Self {
            code,
            vendor,
            flags,
            data,
            raw,
        })
    }

    /// The whole AVP: header, data and padding.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Whether it is the AVP of this definition.
    #[inline]
    #[must_use]
    pub const fn is(&self, def: &AvpDef) -> bool {
        self.code == def.code && self.vendor == def.vendor
    }

    /// The M flag.
    #[must_use]
    pub const fn is_mandatory(&self) -> bool {
        self.flags & flag::MANDATORY != 0
    }

    /// The AVPs in it, if it is Grouped. Ends early if they are malformed, see [`Avps::is_sound`].
    #[must_use]
    pub const fn group(&self) -> Avps<'a> {
        Avps::new(self.data)
    }

    /// Unsigned32.
    ///
    /// # Errors
    /// [`ValueError::Length`] if the data are not 4 bytes.
    pub fn u32(&self) -> Result<u32, ValueError> {
        Ok(u32::from_be_bytes(self.fixed()?))
    }

    /// Unsigned64.
    ///
    /// # Errors
    /// [`ValueError::Length`] if the data are not 8 bytes.
    pub fn u64(&self) -> Result<u64, ValueError> {
        Ok(u64::from_be_bytes(self.fixed()?))
    }

    /// Integer32 or Enumerated.
    ///
    /// # Errors
    /// [`ValueError::Length`] if the data are not 4 bytes.
    pub fn i32(&self) -> Result<i32, ValueError> {
        Ok(i32::from_be_bytes(self.fixed()?))
    }

    /// Integer64.
    ///
    /// # Errors
    /// [`ValueError::Length`] if the data are not 8 bytes.
    pub fn i64(&self) -> Result<i64, ValueError> {
        Ok(i64::from_be_bytes(self.fixed()?))
    }

    /// Float32.
    ///
    /// # Errors
    /// [`ValueError::Length`] if the data are not 4 bytes.
    pub fn f32(&self) -> Result<f32, ValueError> {
        Ok(f32::from_be_bytes(self.fixed()?))
    }

    /// Float64.
    ///
    /// # Errors
    /// [`ValueError::Length`] if the data are not 8 bytes.
    pub fn f64(&self) -> Result<f64, ValueError> {
        Ok(f64::from_be_bytes(self.fixed()?))
    }

    /// UTF8String, and the texts IPFilterRule and QoSFilterRule.
    ///
    /// # Errors
    /// [`ValueError::Utf8`].
    pub fn utf8(&self) -> Result<&'a str, ValueError> {
        str::from_utf8(self.data).map_err(|_| ValueError::Utf8)
    }

    /// DiameterIdentity: the name of a host or a realm.
    ///
    /// # Errors
    /// [`ValueError::Identity`] if it is empty, longer than a domain name or has a character that none has.
    pub fn identity(&self) -> Result<&'a str, ValueError> {
        identity(self.data)
    }

    /// DiameterURI.
    ///
    /// # Errors
    /// [`ValueError::Uri`].
    pub fn uri(&self) -> Result<Uri<'a>, ValueError> {
        Uri::parse(self.data)
    }

    /// Address.
    ///
    /// # Errors
    /// [`ValueError::Address`] if the family and the length contradict each other.
    pub fn address(&self) -> Result<Address<'a>, ValueError> {
        Address::parse(self.data)
    }

    /// Time.
    ///
    /// # Errors
    /// [`ValueError::Length`] if the data are not 4 bytes.
    pub fn time(&self) -> Result<Time, ValueError> {
        Ok(Time::from_wire(self.fixed()?))
    }

    /// OctetString.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.data
    }

    #[inline]
    fn fixed<const N: usize>(&self) -> Result<[u8; N], ValueError> {
        self.data.try_into().map_err(|_| ValueError::Length)
    }
}

impl<'a> Avps<'a> {
    /// The AVPs that stand in `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The first AVP of this definition.
    #[must_use]
    pub fn get(self, def: &AvpDef) -> Option<Avp<'a>> {
        self.get_code(def.code, def.vendor)
    }

    /// All AVPs of this definition.
    pub fn each<'d>(self, def: &'d AvpDef) -> impl Iterator<Item = Avp<'a>> + use<'a, 'd> {
        self.filter(move |avp| avp.is(def))
    }

    /// The first AVP with this code of this vendor.
    #[inline]
    #[must_use]
    pub fn get_code(mut self, code: u32, vendor: u32) -> Option<Avp<'a>> {
        self.find(|avp| avp.code == code && avp.vendor == vendor)
    }

    /// Whether the run is AVPs to its last byte.
    #[must_use]
    pub fn is_sound(mut self) -> bool {
        for _ in &mut self {}
        self.rest.is_empty()
    }

    /// The bytes that were not walked over.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Avps<'a> {
    type Item = Avp<'a>;

    #[inline]
    fn next(&mut self) -> Option<Avp<'a>> {
        let avp = Avp::read(self.rest)?;
        self.rest = &self.rest[avp.raw.len()..];
        Some(avp)
    }
}
