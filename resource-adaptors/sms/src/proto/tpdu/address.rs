//! Addresses in semi-octets and in septets (TS 23.040 9.1.2.5).

use serde::{Deserialize, Serialize};

use super::TpduFault;
use super::reader::Reader;
use crate::proto::text::{Alphabet, decode, encode, pack, unpack};

/// Types of number.
pub mod ton {
    /// Unknown.
    pub const UNKNOWN: u8 = 0;
    /// International, without the digits that lead abroad.
    pub const INTERNATIONAL: u8 = 1;
    /// National.
    pub const NATIONAL: u8 = 2;
    /// Network specific.
    pub const NETWORK: u8 = 3;
    /// Subscriber.
    pub const SUBSCRIBER: u8 = 4;
    /// A text in the GSM 7-bit default alphabet.
    pub const ALPHANUMERIC: u8 = 5;
    /// Abbreviated.
    pub const ABBREVIATED: u8 = 6;
}

/// Numbering plans.
pub mod npi {
    /// Unknown.
    pub const UNKNOWN: u8 = 0;
    /// Telephone numbers: E.164.
    pub const E164: u8 = 1;
    /// National.
    pub const NATIONAL: u8 = 8;
    /// Private.
    pub const PRIVATE: u8 = 9;
}

/// The semi-octets 0 to 14; 15 fills.
const DIGITS: &[u8; 15] = b"0123456789*#abc";

/// Octets of an address' value.
const LONGEST: usize = 10;

/// A number, or with [`ton::ALPHANUMERIC`] a name of up to 11 characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// Type of number, 0 to 7.
    pub ton: u8,
    /// Numbering plan, 0 to 15.
    pub npi: u8,
    /// The digits (`0` to `9`, `*`, `#`, `a` to `c`), or the name.
    pub value: String,
}

impl Address {
    /// A number with a leading `+` is an international one, other digits are unknown, and the rest is a name.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let (ton, npi, value) = match text.strip_prefix('+') {
            Some(digits) if is_number(digits) => (ton::INTERNATIONAL, npi::E164, digits),
            _ if is_number(text) => (ton::UNKNOWN, npi::E164, text),
            _ => (ton::ALPHANUMERIC, npi::UNKNOWN, text),
        };
        Self {
            ton,
            npi,
            value: value.to_owned(),
        }
    }

    /// Type of number and numbering plan in an octet.
    pub(crate) const fn kind(&self) -> u8 {
        0x80 | (self.ton & 7) << 4 | self.npi & 0x0f
    }

    /// An address of that kind with this value.
    pub(crate) const fn with_kind(kind: u8, value: String) -> Self {
        Self {
            ton: kind >> 4 & 7,
            npi: kind & 0x0f,
            value,
        }
    }

    pub(super) fn parse(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, TpduFault> {
        let semi_octets = usize::from(reader.octet(field)?);
        let kind = reader.octet(field)?;
        if semi_octets > 2 * LONGEST {
            return Err(TpduFault::TooLong { field });
        }
        let octets = reader.take(semi_octets.div_ceil(2), field)?;
        let value = if kind >> 4 & 7 == ton::ALPHANUMERIC {
            let septets = unpack(octets, semi_octets * 4 / 7, 0);
            decode(Alphabet::Gsm7, &septets).text
        } else {
            digits_of(octets, semi_octets)
        };
        Ok(Self::with_kind(kind, value))
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, field: &'static str) -> Result<(), TpduFault> {
        let (length, start) = (out.len(), out.len() + 2);
        out.extend([0, self.kind()]);
        let semi_octets = if self.ton == ton::ALPHANUMERIC {
            let septets = encode(&self.value, Alphabet::Gsm7);
            let septets = septets.map_err(|_| TpduFault::Character { field })?;
            out.extend(pack(&septets, 0));
            (septets.len() * 7).div_ceil(4)
        } else {
            put_digits(&self.value, out).ok_or(TpduFault::Character { field })?;
            self.value.len()
        };
        if out.len() - start > LONGEST {
            return Err(TpduFault::TooLong { field });
        }
        // At most 20.
        out[length] = semi_octets as u8;
        Ok(())
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| DIGITS.contains(&b))
}

/// The digits in so many semi-octets, the low one of each octet first; a filler ends them.
pub(crate) fn digits_of(octets: &[u8], semi_octets: usize) -> String {
    let all = octets.iter().flat_map(|&octet| [octet & 0x0f, octet >> 4]);
    let digits = all
        .take(semi_octets)
        .map_while(|n| DIGITS.get(usize::from(n)));
    digits.map(|&digit| char::from(digit)).collect()
}

/// Writes digits, with a filler if their number is odd; `None` if something is no digit.
pub(crate) fn put_digits(digits: &str, out: &mut Vec<u8>) -> Option<()> {
    let value = |digit: u8| {
        let at = DIGITS.iter().position(|d| digit.eq_ignore_ascii_case(d))?;
        u8::try_from(at).ok()
    };
    for pair in digits.as_bytes().chunks(2) {
        let low = value(*pair.first()?)?;
        let high = match pair.get(1) {
            Some(&digit) => value(digit)?,
            None => 0x0f,
        };
        out.push(high << 4 | low);
    }
    Some(())
}
