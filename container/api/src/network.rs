//! Networks as people write them: `10.0.0.0/8`, `2001:db8::/32`, and single addresses; and what of them counts as one source.
//!
//! **Invariant:** an IPv4 address is the same however it is written: `::ffff:192.0.2.7`, as dual-stack sockets show it, is `192.0.2.7`.

mod source;

pub use source::{NotASource, Source};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// All addresses that begin with the same bits.
///
/// ```
/// use strowger::network::Network;
///
/// let network: Network = "192.0.2.0/24".parse()?;
/// assert!(network.contains([192, 0, 2, 7].into()));
/// assert_eq!(network.to_string(), "192.0.2.0/24");
/// # Ok::<(), strowger::network::NotANetwork>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    first: IpAddr,
    length: u8,
}

/// A text is not a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotANetwork {
    /// What stands before the slash, or all of it.
    #[error("not an address; write one such as 192.0.2.7, or a network such as 10.0.0.0/8")]
    Address,
    /// What stands behind the slash.
    #[error("the length of its prefix is a number of bits, up to 32, or 128 for IPv6")]
    Length,
    /// Some would be ignored, so one of both is not what was meant.
    #[error("it has bits beyond its prefix; the network is {0}")]
    Beyond(Network),
}

impl Network {
    /// How many bits its addresses share, of their 32 or 128.
    #[must_use]
    pub const fn length(self) -> u8 {
        self.length
    }

    /// Whether an address is one of it.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let (first, last) = self.ends();
        (first..=last).contains(&address.to_canonical())
    }

    /// The addresses that it begins and ends with.
    #[must_use]
    pub fn ends(self) -> (IpAddr, IpAddr) {
        let last = match self.first {
            IpAddr::V4(first) => {
                let rest = u32::MAX.checked_shr(self.length.into()).unwrap_or(0);
                Ipv4Addr::from_bits(first.to_bits() | rest).into()
            }
            IpAddr::V6(first) => {
                let rest = u128::MAX.checked_shr(self.length.into()).unwrap_or(0);
                Ipv6Addr::from_bits(first.to_bits() | rest).into()
            }
        };
        (self.first, last)
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork::Address)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
        let length = match length {
            None => most,
            Some(text) => Some(text)
                .filter(digits)
                .and_then(|text| text.parse().ok())
                .unwrap_or(u8::MAX),
        };
        if length > most {
            return Err(NotANetwork::Length);
        }
        // An IPv4 address as dual-stack sockets show it.
        let canonical = address.to_canonical();
        let mapped = if canonical == address { 0 } else { 96 };
        let length = length.checked_sub(mapped).ok_or(NotANetwork::Length)?;
        let address = canonical;
        let first = match address {
            IpAddr::V4(address) => {
                let rest = u32::MAX.checked_shr(length.into()).unwrap_or(0);
                Ipv4Addr::from_bits(address.to_bits() & !rest).into()
            }
            IpAddr::V6(address) => {
                let rest = u128::MAX.checked_shr(length.into()).unwrap_or(0);
                Ipv6Addr::from_bits(address.to_bits() & !rest).into()
            }
        };
        let network = Self { first, length };
        if first == address {
            Ok(network)
        } else {
            Err(NotANetwork::Beyond(network))
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = if self.first.is_ipv4() { 32 } else { 128 };
        self.first.fmt(f)?;
        if self.length == whole {
            Ok(())
        } else {
            write!(f, "/{}", self.length)
        }
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Network {
    fn schema_name() -> Cow<'static, str> {
        "Network".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "network" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_as_they_are_written() {
        for text in [
            "10.0.0.0/8",
            "0.0.0.0/0",
            "192.0.2.7",
            "2001:db8::/32",
            "::/0",
            "::1",
        ] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
        let same = |one: &str, other: &str| assert_eq!(one.parse::<Network>(), other.parse());
        same("192.0.2.7/32", "192.0.2.7");
        same("::ffff:192.0.2.7", "192.0.2.7");
        same("::ffff:192.0.2.0/120", "192.0.2.0/24");
    }

    #[test]
    fn what_is_not_a_network_is_refused_with_why() {
        for text in [
            "",
            "ten",
            "10.0.0.0.0/8",
            "10.0.0",
            "[::1]",
            " 10.0.0.0/8",
            "localhost",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork::Address), "{text}");
        }
        for text in [
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "::/129",
            "::/999",
            "::ffff:10.0.0.0/80",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork::Length), "{text}");
        }
        let beyond = "10.1.2.3/8".parse::<Network>().unwrap_err();
        assert_eq!(
            beyond.to_string(),
            "it has bits beyond its prefix; the network is 10.0.0.0/8"
        );
        assert!("2001:db8::1/64".parse::<Network>().is_err());
    }

    #[test]
    fn a_network_goes_from_one_end_to_the_other() {
        let ends = |text: &str| {
            let (first, last) = text.parse::<Network>().unwrap().ends();
            format!("{first} {last}")
        };
        assert_eq!(ends("10.0.0.0/8"), "10.0.0.0 10.255.255.255");
        assert_eq!(ends("0.0.0.0/0"), "0.0.0.0 255.255.255.255");
        assert_eq!(ends("192.0.2.7"), "192.0.2.7 192.0.2.7");
        assert_eq!(ends("2001:db8::/127"), "2001:db8:: 2001:db8::1");
    }

    #[test]
    fn a_network_contains_the_addresses_with_its_bits() {
        let contains = |network: &str, address: &str| {
            let network: Network = network.parse().unwrap();
            network.contains(address.parse().unwrap())
        };
        for (network, address) in [
            ("10.0.0.0/8", "10.200.0.1"),
            ("10.0.0.0/8", "::ffff:10.1.1.1"),
            ("192.0.2.7", "192.0.2.7"),
            ("0.0.0.0/0", "203.0.113.1"),
            ("2001:db8::/32", "2001:db8:1::1"),
            ("::/0", "2001:db8::1"),
        ] {
            assert!(contains(network, address), "{network} {address}");
        }
        for (network, address) in [
            ("10.0.0.0/8", "11.0.0.1"),
            ("192.0.2.7", "192.0.2.6"),
            ("0.0.0.0/0", "::1"),
            ("::/0", "192.0.2.1"),
            ("2001:db8::/32", "2001:db9::1"),
        ] {
            assert!(!contains(network, address), "{network} {address}");
        }
    }
}
