//! What counts as one source.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An IPv4 address, or the first 64 bits of one of IPv6: whoever has one address of such a network has all of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    /// An address.
    V4(u32),
    /// The first half of addresses.
    V6(u64),
}

/// A text is not a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "not a source: it is an address such as 192.0.2.7 or 2001:db8::1, or a network of IPv6 such as 2001:db8::/64"
)]
pub struct NotASource;

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

impl Source {
    /// An address of it.
    #[must_use]
    pub fn first(self) -> IpAddr {
        match self {
            Self::V4(bits) => Ipv4Addr::from_bits(bits).into(),
            Self::V6(bits) => Ipv6Addr::from_bits(u128::from(bits) << 64).into(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first().fmt(f)?;
        match self {
            Self::V4(_) => Ok(()),
            Self::V6(_) => f.write_str("/64"),
        }
    }
}

impl FromStr for Source {
    type Err = NotASource;

    fn from_str(text: &str) -> Result<Self, NotASource> {
        let address = text.strip_suffix("/64").unwrap_or(text);
        let address: IpAddr = address.parse().map_err(|_| NotASource)?;
        match Self::from(address) {
            Self::V4(_) if text.contains('/') => Err(NotASource),
            source @ (Self::V4(_) | Self::V6(_)) => Ok(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_source_and_64_bits_of_ipv6_are_one() {
        let source = |text: &str| text.parse::<Source>().map(|source| source.to_string());
        assert_eq!(source("192.0.2.7").unwrap(), "192.0.2.7");
        assert_eq!(source("::ffff:192.0.2.7").unwrap(), "192.0.2.7");
        assert_eq!(source("2001:db8:1:2:3::4").unwrap(), "2001:db8:1:2::/64");
        assert_eq!(source("2001:db8:1:2::/64").unwrap(), "2001:db8:1:2::/64");
        for wrong in [
            "",
            "192.0.2.7/64",
            "192.0.2.7/32",
            "2001:db8::/32",
            "localhost",
        ] {
            assert_eq!(source(wrong), Err(NotASource), "{wrong}");
        }
    }
}
