//! `[export]`: where recorded calls are sent while the node runs.

use crate::duration;
use crate::management::Unlike;
use crate::size::Size;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use strowger::Secret;

/// Where recorded calls are sent, as they go on or when they are over. What is recorded is said in `recorder`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Export {
    /// SIP messages of recorded calls, as they come and leave, by HEP version 3.
    pub hep: Hep,
    /// Recorded calls that are over, as traces of OpenTelemetry.
    pub otlp: Otlp,
}

/// SIP messages of recorded calls, as they come and leave, by HEP version 3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Hep {
    /// Host and port of the collector, such as `192.0.2.9:9060`. Nothing is sent unless it is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("x-reload" = "live"))]
    pub collector: Option<Collector>,
    /// Over what it is reached.
    #[schemars(extend("x-reload" = "live"))]
    pub transport: HepTransport,
    /// The number by which the collector tells this node from others.
    #[schemars(range(min = 0, max = 4_294_967_295_u32), extend("x-unit" = "id", "x-reload" = "live"))]
    pub capture_id: u32,
    /// What the collector wants to see in every packet, if it wants any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reload" = "live"))]
    pub password: Option<Secret>,
    /// Memory of messages that wait to be sent. What does not fit is counted and not sent.
    #[schemars(extend("x-reload" = "live", "x-min-bytes" = 65_536, "x-max-bytes" = 1_073_741_824))]
    pub queue: Size,
}

/// Over what a collector of HEP is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HepTransport {
    /// A packet is a datagram.
    #[default]
    Udp,
    /// One connection, opened again when it is lost.
    Tcp,
}

/// Recorded calls that are over, as traces of OpenTelemetry, by OTLP over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Otlp {
    /// Where the collector takes traces, such as `http://127.0.0.1:4318/v1/traces`. Nothing is sent unless it is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("x-reload" = "live"))]
    pub endpoint: Option<Endpoint>,
    /// Header fields of every request, such as the one by which the collector knows who sends.
    #[schemars(extend("x-reload" = "live"))]
    pub headers: BTreeMap<String, Secret>,
    /// How long a request may take. More than `0s`.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    pub timeout: Duration,
    /// How long a request that failed is repeated, as far as the collector's answer allows that. What it had is counted then.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    pub retry: Duration,
}

impl Default for Hep {
    fn default() -> Self {
        Self {
            collector: None,
            transport: HepTransport::Udp,
            capture_id: 1,
            password: None,
            queue: Size::mib(8),
        }
    }
}

impl Default for Otlp {
    fn default() -> Self {
        Self {
            endpoint: None,
            headers: BTreeMap::new(),
            timeout: Duration::from_secs(10),
            retry: Duration::from_secs(300),
        }
    }
}

/// Host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collector {
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// An `http` URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Whom to connect to.
    pub collector: Collector,
    /// What to ask for, from the first `/` on.
    pub path: String,
}

impl FromStr for Collector {
    type Err = Unlike;

    fn from_str(text: &str) -> Result<Self, Unlike> {
        const WRONG: Unlike = Unlike(
            "it takes a host and a port, such as \"192.0.2.9:9060\" or \"[2001:db8::9]:9060\"",
        );
        let (host, port) = text.rsplit_once(':').ok_or(WRONG)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(WRONG)?;
        let bracketed = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let fits = match bracketed {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
                !host.is_empty() && host.chars().all(part)
            }
        };
        let host = host.to_owned();
        fits.then_some(Self { host, port }).ok_or(WRONG)
    }
}

impl fmt::Display for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl FromStr for Endpoint {
    type Err = Unlike;

    fn from_str(text: &str) -> Result<Self, Unlike> {
        const WRONG: Unlike = Unlike(
            "it takes a URL with a port and a path, such as \"http://127.0.0.1:4318/v1/traces\"; over TLS goes what a collector on \
             this machine passes on",
        );
        let rest = text.strip_prefix("http://").ok_or(WRONG)?;
        let at = rest.find('/').ok_or(WRONG)?;
        let (collector, path) = rest.split_at(at);
        let visible = path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#');
        let collector = collector.parse().map_err(|_| WRONG)?;
        let path = path.to_owned();
        visible.then_some(Self { collector, path }).ok_or(WRONG)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.collector, self.path)
    }
}

impl Serialize for Collector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Collector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collectors_are_read_as_they_are_written() {
        for text in [
            "192.0.2.9:9060",
            "homer.example.org:9060",
            "[2001:db8::9]:1",
        ] {
            assert_eq!(text.parse::<Collector>().unwrap().to_string(), text);
        }
        for wrong in [
            "", ":9060", "a", "a:", "a:0", "a:65536", "::1:9060", "a b:1", "[a]:1",
        ] {
            assert!(wrong.parse::<Collector>().is_err(), "{wrong}");
        }
        for text in ["http://127.0.0.1:4318/v1/traces", "http://[::1]:4318/"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        for wrong in [
            "http://a:1",
            "https://a:1/",
            "http://a/",
            "a:1/",
            "http://a:1/x y",
        ] {
            assert!(wrong.parse::<Endpoint>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let hep = Hep {
            password: Some("hidden".into()),
            ..Hep::default()
        };
        assert!(!format!("{hep:?}").contains("hidden"));
    }
}
