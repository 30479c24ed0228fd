//! Values of the derived AVP formats (RFC 6733 4.3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why the data of an AVP are not a value of its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ValueError {
    /// A fixed-size format with data of another size.
    #[error("data of the wrong length for the format")]
    Length,
    /// Not UTF-8.
    #[error("no UTF-8")]
    Utf8,
    /// An Address whose family and length contradict each other.
    #[error("no Address")]
    Address,
    /// Not the name of a host or realm.
    #[error("no DiameterIdentity")]
    Identity,
    /// Not a DiameterURI.
    #[error("no DiameterURI")]
    Uri,
}

impl ValueError {
    /// The result code that names the error: 5014 for a wrong length, else 5004 (RFC 6733 7.1.5).
    #[must_use]
    pub const fn result_code(self) -> u32 {
        match self {
            Self::Length => 5014,
            Self::Utf8 | Self::Address | Self::Identity | Self::Uri => 5004,
        }
    }
}

/// An Address: a family of the IANA registry "Address Family Numbers" and its bytes (RFC 6733 4.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Address<'a> {
    /// Family 1.
    V4(Ipv4Addr),
    /// Family 2.
    V6(Ipv6Addr),
    /// Family 8: a telephone number in ASCII.
    E164(&'a str),
    /// Any other family, kept as it is.
    Other {
        /// Address family number.
        family: u16,
        /// The address.
        data: &'a [u8],
    },
}

impl<'a> Address<'a> {
    /// Reads the data of an Address AVP.
    ///
    /// # Errors
    /// [`ValueError::Address`] if there is no family, or a known family with an address that is none.
    pub fn parse(data: &'a [u8]) -> Result<Self, ValueError> {
        let (family, data) = data.split_first_chunk::<2>().ok_or(ValueError::Address)?;
        let wrong = |_| ValueError::Address;
        Ok(match u16::from_be_bytes(*family) {
            1 => Self::V4(<[u8; 4]>::try_from(data).map_err(wrong)?.into()),
            2 => Self::V6(<[u8; 16]>::try_from(data).map_err(wrong)?.into()),
            8 => {
                let digits = str::from_utf8(data).map_err(|_| ValueError::Address)?;
                let number = digits.strip_prefix('+').unwrap_or(digits);
                if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(ValueError::Address);
                }
                Self::E164(digits)
            }
            0 | u16::MAX => return Err(ValueError::Address),
            family => Self::Other { family, data },
        })
    }

    /// The IP address, if it is one.
    #[must_use]
    pub const fn ip(self) -> Option<IpAddr> {
        match self {
            Self::V4(ip) => Some(IpAddr::V4(ip)),
            Self::V6(ip) => Some(IpAddr::V6(ip)),
            Self::E164(_) | Self::Other { .. } => None,
        }
    }
}

impl From<IpAddr> for Address<'_> {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::V4(ip),
            IpAddr::V6(ip) => Self::V6(ip),
        }
    }
}

/// A Time: whole seconds, from 1968-01-20 03:14:08 to 2104-02-26 09:42:23 UTC.
///
/// On the wire stand 32 bits of seconds since 1900; a value whose high bit is clear belongs to the era that begins on
/// 2036-02-07 06:28:16 UTC (RFC 6733 4.3.1 by RFC 5905).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time {
    unix: i64,
}

/// Seconds from 1900-01-01 to 1970-01-01.
const UNIX_EPOCH: i64 = 2_208_988_800;

impl Time {
    /// The time this many seconds after 1970-01-01 UTC; `None` if the wire has no bits for it.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Option<Self> {
        let since_1900 = seconds.saturating_add(UNIX_EPOCH);
        if since_1900 < 1 << 31 || since_1900 >= (1 << 32) + (1 << 31) {
            return None;
        }
        Some(Self { unix: seconds })
    }

    /// Seconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn unix(self) -> i64 {
        self.unix
    }

    /// The four bytes of the AVP.
    #[must_use]
    pub const fn to_wire(self) -> [u8; 4] {
        let [_, _, _, _, low @ ..] = (self.unix + UNIX_EPOCH).to_be_bytes();
        low
    }

    /// The time that these four bytes stand for.
    #[must_use]
    pub const fn from_wire(bytes: [u8; 4]) -> Self {
        let low = u32::from_be_bytes(bytes) as i64;
        let era = if low < 1 << 31 { 1 << 32 } else { 0 };
        Self {
            unix: low + era - UNIX_EPOCH,
        }
    }
}

/// A DiameterIdentity: a domain name's characters, and the underscore that hosts are named with all the same.
pub(crate) fn identity(data: &[u8]) -> Result<&str, ValueError> {
    let named = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if data.is_empty() || data.len() > 255 || !data.iter().all(named) {
        return Err(ValueError::Identity);
    }
    str::from_utf8(data).map_err(|_| ValueError::Identity)
}
