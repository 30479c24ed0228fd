//! Settings of an HTTP adaptor entity: `[adaptors.NAME.settings]`.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use strowger::ra::{ClientTls, Listener, SettingsError, Tls, Transport};
use strowger::schemars::JsonSchema;

use super::placing::SlotFrom;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct Settings {
    /// Where it listens, by name: `http` on 127.0.0.1:8080 unless a file names others.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub listeners: BTreeMap<String, ListenerSettings>,
    /// How long services may take to answer a request. Beyond it the client is told 503.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub request_deadline: Duration,
    /// What clients that are told 503 are asked to wait, in whole seconds (Retry-After, RFC 9110 10.2.3).
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub retry_after: Duration,
    /// What of a request decides in which slot of the node it is served: the first of these that the request has. Each is
    /// `header:NAME`, `query:NAME`, `path:N` for the Nth part of the path, counted from 1, or `id:N` where that part is an id whose
    /// last two hexadecimal digits are its slot, as ids of short messages have it. Requests that have the same there meet in one
    /// slot. Without any, requests are spread.
    #[schemars(with = "Vec<String>", extend("x-reload" = "live"))]
    pub slot_from: Vec<SlotFrom>,
    /// Bounds of requests that come.
    pub limits: LimitSettings,
    /// Requests that services send.
    pub client: ClientSettings,
}

/// One listener.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct ListenerSettings {
    /// The address and port that it opens.
    #[schemars(with = "String", extend("format" = "socket-address", "x-reload" = "restart-adaptor"))]
    pub bind: SocketAddr,
    /// Certificates: with them the listener is one of HTTPS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub tls: Option<Tls>,
    /// Connections at one time. Beyond it new ones are closed at once.
    #[serde(default = "connections")]
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "connections", "x-reload" = "restart-adaptor"))]
    pub connections: u32,
    /// Connections of one address at one time, so that nobody has them all; a proxy in front needs as many as it opens.
    #[serde(default = "connections_per_ip")]
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "connections", "x-reload" = "restart-adaptor"))]
    pub connections_per_ip: u32,
}

/// Bounds of requests that come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct LimitSettings {
    /// Requests in flight: read as a whole, and not answered yet. Beyond it the client is told 503. On one connection there is
    /// one at a time; others that were sent ahead wait.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "requests", "x-reload" = "restart-adaptor"))]
    pub requests: u32,
    /// Bytes of a request's line and header fields. Beyond it the client is told 431.
    #[schemars(range(min = 8_192, max = 1_048_576), extend("x-unit" = "bytes", "x-reload" = "restart-adaptor"))]
    pub head_bytes: u32,
    /// Header fields of a request. Beyond it the client is told 431.
    #[schemars(range(min = 16, max = 1_000), extend("x-unit" = "fields", "x-reload" = "restart-adaptor"))]
    pub head_fields: u32,
    /// Bytes of a request's content. Beyond it the client is told 413.
    #[schemars(range(min = 0, max = 67_108_864), extend("x-unit" = "bytes", "x-reload" = "live"))]
    pub body_bytes: u32,
    /// Bytes of the content of all requests that are being read or in flight. Beyond it the client is told 503.
    #[schemars(range(min = 1_048_576, max = 17_179_869_184_u64), extend("x-unit" = "bytes", "x-reload" = "restart-adaptor"))]
    pub bytes: u64,
    /// How long a client may take to send the line and the header fields of a request, counted from its first byte, or from
    /// the opening of the connection. Beyond it the client is told 408, and the connection is closed.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub head_time: Duration,
    /// How long a client may take to send the content of a request. Beyond it the client is told 408, and the connection is
    /// closed.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub body_time: Duration,
    /// How long a client may take nothing of an answer before its connection is closed.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub write_time: Duration,
    /// How long a connection may wait for its next request before it is closed.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub idle: Duration,
}

/// Requests that services send.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct ClientSettings {
    /// How long a call may take to the end of its answer, unless its service says otherwise.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub deadline: Duration,
    /// How long the opening of one connection may take, with its TLS handshake.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub connect_timeout: Duration,
    /// Calls at one time. Beyond it calls fail at once.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "calls", "x-reload" = "restart-adaptor"))]
    pub calls: u32,
    /// Bytes of all calls under way. Beyond it calls fail at once.
    #[schemars(range(min = 1_048_576, max = 17_179_869_184_u64), extend("x-unit" = "bytes", "x-reload" = "live"))]
    pub bytes: u64,
    /// Bytes of an answer's content. What is longer fails.
    #[schemars(range(min = 0, max = 67_108_864), extend("x-unit" = "bytes", "x-reload" = "live"))]
    pub response_bytes: u32,
    /// Connections to one host and port at one time; calls beyond wait for one, within their time.
    #[schemars(range(min = 1, max = 10_000), extend("x-unit" = "connections", "x-reload" = "restart-adaptor"))]
    pub connections_per_host: u32,
    /// How long a connection is kept for the next call to its host.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub idle: Duration,
    /// Whom calls to `https` believe.
    pub tls: ClientTls,
}

fn connections() -> u32 {
    10_000
}

fn connections_per_ip() -> u32 {
    1_000
}

/// Where it listens unless told otherwise.
const PORT: u16 = 8080;

impl Default for Settings {
    fn default() -> Self {
        let listener = ListenerSettings::new(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)));
        Self {
            listeners: BTreeMap::from([("http".to_owned(), listener)]),
            request_deadline: Duration::from_secs(30),
            retry_after: Duration::from_secs(1),
            slot_from: Vec::new(),
            limits: LimitSettings::default(),
            client: ClientSettings::default(),
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            requests: 10_000,
            head_bytes: 16 * 1024,
            head_fields: 100,
            body_bytes: 1024 * 1024,
            bytes: 256 * 1024 * 1024,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
            idle: Duration::from_secs(75),
        }
    }
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            calls: 10_000,
            bytes: 256 * 1024 * 1024,
            response_bytes: 1024 * 1024,
            connections_per_host: 32,
            idle: Duration::from_secs(60),
            tls: ClientTls::default(),
        }
    }
}

impl ListenerSettings {
    /// A listener without TLS.
    #[must_use]
    pub fn new(bind: SocketAddr) -> Self {
        Self {
            bind,
            tls: None,
            connections: connections(),
            connections_per_ip: connections_per_ip(),
        }
    }
}

/// The longest time that any of the times may be.
const LONGEST: Duration = Duration::from_secs(3_600);

impl Settings {
    /// What is wrong beyond types.
    pub(super) fn verify(&self) -> Result<(), SettingsError> {
        let wrong = |key: String, problem| Err(SettingsError { key, problem });
        let (limits, client) = (&self.limits, &self.client);
        let times = [
            ("request_deadline", self.request_deadline),
            ("limits.head_time", limits.head_time),
            ("limits.body_time", limits.body_time),
            ("limits.write_time", limits.write_time),
            ("limits.idle", limits.idle),
            ("client.deadline", client.deadline),
            ("client.connect_timeout", client.connect_timeout),
            ("client.idle", client.idle),
        ];
        for (key, time) in times {
            if time.is_zero() || time > LONGEST {
                return wrong(key.to_owned(), "must be more than zero, an hour at most");
            }
        }
        if self.retry_after > LONGEST {
            return wrong("retry_after".to_owned(), "must be an hour at most");
        }
        if u64::from(limits.body_bytes) > limits.bytes {
            let problem = "must not be more than `limits.bytes`, which all requests share";
            return wrong("limits.body_bytes".to_owned(), problem);
        }
        for (name, listener) in &self.listeners {
            if let Some(Err((key, problem))) = listener.tls.as_ref().map(Tls::verify) {
                return wrong(format!("listeners.{name}.tls.{key}"), problem);
            }
        }
        if let Err((key, problem)) = client.tls.verify() {
            return wrong(format!("client.tls.{key}"), problem);
        }
        Ok(())
    }

    /// The node's listeners, in the order of their names.
    pub(super) fn node_listeners(&self) -> Vec<Listener> {
        let node = |(name, listener): (&String, &ListenerSettings)| Listener {
            name: name.clone(),
            transport: match listener.tls {
                Some(_) => Transport::Tls,
                None => Transport::Tcp,
            },
            bind: listener.bind,
            connections: listener.connections,
            write_buffer: 0,
            idle: self.limits.idle,
            tls: listener.tls.clone(),
        };
        self.listeners.iter().map(node).collect()
    }
}
