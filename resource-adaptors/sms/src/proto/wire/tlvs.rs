//! The optional part of a body: tag, length, value, any number of times (SMPP 3.4 3.2.4).

use std::fmt;

use super::read::Bad;
use super::{EncodeError, Policy, Status, tlv};

/// Octets of a tag and a length.
const HEAD: usize = 4;

/// TLVs as they stand in a PDU. Iterating gives tag and value, in order, unknown tags as well.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Tlvs<'a>(&'a [u8]);

impl<'a> Tlvs<'a> {
    /// No TLVs.
    pub const EMPTY: Self = Self(&[]);

    /// Takes what is a whole number of TLVs.
    pub(super) fn checked(bytes: &'a [u8], offset: usize, policy: Policy) -> Result<Self, Bad> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let at = offset + (bytes.len() - rest.len());
            let Some((tag, value, behind)) = split(rest) else {
                return Err(Bad {
                    status: Status::RINVTLVSTREAM,
                    field: "tlv",
                    offset: at,
                });
            };
            if policy == Policy::Strict {
                check_length(tag, value, at)?;
            }
            rest = behind;
        }
        Ok(Self(bytes))
    }

    /// Takes octets that were written as TLVs.
    pub(crate) const fn written(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The TLVs as they stand in the PDU.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tags and values, in order.
    #[must_use]
    pub const fn iter(&self) -> Self {
        *self
    }

    /// The value of the first TLV of this tag.
    #[must_use]
    pub fn get(&self, tag: u16) -> Option<&'a [u8]> {
        self.iter()
            .find_map(|(its, value)| (its == tag).then_some(value))
    }

    /// The value as an integer of one octet; `None` too if it has another length.
    #[must_use]
    pub fn u8(&self, tag: u16) -> Option<u8> {
        let [octet] = self.get(tag)? else { return None };
        Some(*octet)
    }

    /// The value as an integer of two octets.
    #[must_use]
    pub fn u16(&self, tag: u16) -> Option<u16> {
        Some(u16::from_be_bytes(self.get(tag)?.try_into().ok()?))
    }

    /// The value as an integer of four octets.
    #[must_use]
    pub fn u32(&self, tag: u16) -> Option<u32> {
        Some(u32::from_be_bytes(self.get(tag)?.try_into().ok()?))
    }

    /// The value as a string: up to its NUL, or all of it if a peer has left the NUL out.
    #[must_use]
    pub fn text(&self, tag: u16) -> Option<&'a [u8]> {
        let value = self.get(tag)?;
        let end = value.iter().position(|octet| *octet == 0);
        Some(&value[..end.unwrap_or(value.len())])
    }
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (tag, value, rest) = split(self.0)?;
        self.0 = rest;
        Some((tag, value))
    }
}

impl fmt::Debug for Tlvs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.iter().map(|(tag, value)| {
            let name = tlv::name(tag).map_or_else(|| format!("0x{tag:04x}"), str::to_lowercase);
            (name, value.escape_ascii().to_string())
        });
        f.debug_map().entries(named).finish()
    }
}

/// The first TLV and what is behind it.
fn split(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let [t0, t1, l0, l1, rest @ ..] = bytes else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([*l0, *l1]));
    let (value, rest) = rest.split_at_checked(length)?;
    Some((u16::from_be_bytes([*t0, *t1]), value, rest))
}

/// The length of a known TLV, and the NUL of a string.
fn check_length(tag: u16, value: &[u8], offset: usize) -> Result<(), Bad> {
    let Some((min, max)) = tlv::lengths(tag) else {
        return Ok(());
    };
    let bad = |status| Bad {
        status,
        field: tlv::name(tag).unwrap_or("tlv"),
        offset,
    };
    if value.len() < usize::from(min) || value.len() > usize::from(max) {
        return Err(bad(Status::RINVTLVLEN));
    }
    let is_string = matches!(
        tag,
        tlv::RECEIPTED_MESSAGE_ID | tlv::ADDITIONAL_STATUS_INFO_TEXT
    );
    if is_string && value.iter().position(|octet| *octet == 0) != Some(value.len() - 1) {
        return Err(bad(Status::RINVTLVVAL));
    }
    Ok(())
}

/// TLVs being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlvBuf(Vec<u8>);

impl TlvBuf {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a TLV.
    ///
    /// # Errors
    ///
    /// A value of more than 65535 octets.
    pub fn put(&mut self, tag: u16, value: &[u8]) -> Result<&mut Self, EncodeError> {
        let too_long = |_| EncodeError::TooLong(tlv::name(tag).unwrap_or("tlv"));
        let length = u16::try_from(value.len()).map_err(too_long)?;
        self.0.reserve(HEAD + value.len());
        self.0.extend_from_slice(&tag.to_be_bytes());
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(value);
        Ok(self)
    }

    /// Adds an integer of one octet.
    pub fn u8(&mut self, tag: u16, value: u8) -> &mut Self {
        self.fixed(tag, [value])
    }

    /// Adds an integer of two octets.
    pub fn u16(&mut self, tag: u16, value: u16) -> &mut Self {
        self.fixed(tag, value.to_be_bytes())
    }

    /// Adds an integer of four octets.
    pub fn u32(&mut self, tag: u16, value: u32) -> &mut Self {
        self.fixed(tag, value.to_be_bytes())
    }

    /// Adds a string with its NUL.
    ///
    /// # Errors
    ///
    /// A string of more than 65534 octets, or one with a NUL in it.
    pub fn text(&mut self, tag: u16, value: &[u8]) -> Result<&mut Self, EncodeError> {
        if value.contains(&0) {
            return Err(EncodeError::Nul(tlv::name(tag).unwrap_or("tlv")));
        }
        self.put(tag, &[value, &[0]].concat())
    }

    /// Adds these TLVs as they are.
    pub fn extend(&mut self, tlvs: Tlvs<'_>) -> &mut Self {
        self.0.extend_from_slice(tlvs.as_bytes());
        self
    }

    /// What was added.
    #[must_use]
    pub fn as_tlvs(&self) -> Tlvs<'_> {
        Tlvs::written(&self.0)
    }

    fn fixed<const N: usize>(&mut self, tag: u16, value: [u8; N]) -> &mut Self {
        self.0.extend_from_slice(&tag.to_be_bytes());
        self.0.extend_from_slice(&(N as u16).to_be_bytes());
        self.0.extend_from_slice(&value);
        self
    }
}
