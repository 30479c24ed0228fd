//! `[management]`: where operators reach a running node over HTTP, and who of them may do what.

use crate::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The HTTP API for operators, and the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Management {
    /// Address and port. `auto` is 127.0.0.1:8088, and nothing at all where that is taken; `off` is nothing.
    #[schemars(with = "String", length(min = 1), extend("x-reload" = "restart-node"))]
    pub listen: Listen,
    /// Certificates of the listener. Without them it speaks plain HTTP, which belongs on the node's own machine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reload" = "restart-node"))]
    pub tls: Option<ManagementTls>,
    /// Whether whoever is on the node's own machine may look without a token. Changes need a token from everywhere.
    #[schemars(extend("x-reload" = "live"))]
    pub local_read: bool,
    /// Who may do what, by a name of your choice, which the audit log gives. While there are none, the token that the node
    /// writes into `management.token` in its data directory when it starts may do everything.
    #[schemars(extend("x-reload" = "live"))]
    pub tokens: BTreeMap<String, Token>,
    /// Connections at once. One address may have half of them.
    #[schemars(range(min = 2, max = 10_000), extend("x-unit" = "connections", "x-reload" = "restart-node"))]
    pub connections: u32,
    /// How long a request may take, its arrival included. More than `0s`.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    pub request_timeout: Duration,
    /// File to which a line is added for every change that somebody has asked for; `audit.log` in the data directory
    /// unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("x-reload" = "restart-node"))]
    pub audit: Option<PathBuf>,
}

/// Where the API listens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Listen {
    /// At [`Listen::USUAL`], if that is free.
    #[default]
    Auto,
    /// Nowhere.
    Off,
    /// There; where it is taken the node does not start.
    At(SocketAddr),
}

/// Certificates of the API's listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManagementTls {
    /// File with the certificate and what leads from it to an authority, in PEM, its own first. Read again when it changes.
    #[schemars(with = "String", length(min = 1), extend("x-reload" = "restart-node"))]
    pub certificate: PathBuf,
    /// File with the private key of `certificate`, in PEM. Read again when it changes.
    #[schemars(with = "String", length(min = 1), extend("x-reload" = "restart-node"))]
    pub key: PathBuf,
    /// Files with the authorities, in PEM, that certificates of clients must lead to. Without any, clients are not asked
    /// for one; with some, only clients that show one are heard, and they need their tokens as well.
    #[serde(default)]
    #[schemars(with = "Vec<String>", extend("x-reload" = "restart-node"))]
    pub client_roots: Vec<PathBuf>,
}

/// Somebody who may use the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// What the token is good for.
    #[schemars(extend("x-reload" = "live"))]
    pub scope: Scope,
    /// SHA-256 of the token, in hexadecimal: `printf %s "$TOKEN" | sha256sum`. A token is a long random text, such as
    /// `openssl rand -hex 32` makes one.
    #[schemars(with = "String", length(min = 64, max = 64), extend("x-secret" = true, "x-reload" = "live"))]
    pub sha256: TokenHash,
}

/// What somebody may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Look at everything but secrets.
    Read,
    /// Also what every day asks for, and what can be undone: states of services and adaptors, alarms, log levels, reloads.
    Operate,
    /// Everything: also end activities and entities, change links, stop the node.
    Admin,
}

/// SHA-256 of a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

/// A text is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unlike(pub(crate) &'static str);

impl Listen {
    /// Where the API listens unless told otherwise.
    pub const USUAL: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8088);

    /// The address that is wanted, if any is.
    #[must_use]
    pub const fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Auto => Some(Self::USUAL),
            Self::Off => None,
            Self::At(address) => Some(address),
        }
    }
}

impl FromStr for Listen {
    type Err = Unlike;

    fn from_str(text: &str) -> Result<Self, Unlike> {
        match text {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            _ => text.parse().map(Self::At).map_err(|_| {
                Unlike("it takes `auto`, `off`, or an address and port such as \"192.0.2.1:8088\"")
            }),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Off => f.write_str("off"),
            Self::At(address) => address.fmt(f),
        }
    }
}

impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for TokenHash {
    type Err = Unlike;

    fn from_str(text: &str) -> Result<Self, Unlike> {
        const WRONG: Unlike = Unlike("it takes the 64 hexadecimal digits of a SHA-256");
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(WRONG);
        let mut hash = [0; 32];
        if text.len() != 2 * hash.len() {
            return Err(WRONG);
        }
        for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = pair else {
                return Err(WRONG);
            };
            *byte = u8::try_from(digit(*high)? * 16 + digit(*low)?).map_err(|_| WRONG)?;
        }
        Ok(Self(hash))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A hash of a weak token gives the token away.
        f.write_str("TokenHash")
    }
}

impl Serialize for TokenHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TokenHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Scope {
    /// The word in configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_hashes_are_read_as_they_are_written() {
        for text in ["auto", "off", "127.0.0.1:8088", "[::1]:1"] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        assert!("localhost".parse::<Listen>().is_err());
        let hash: TokenHash = "0a".repeat(32).parse().unwrap();
        assert_eq!(hash.0, [10; 32]);
        for wrong in ["", "0a", &"0g".repeat(32), &"é".repeat(32)] {
            assert!(wrong.parse::<TokenHash>().is_err(), "{wrong}");
        }
    }
}
