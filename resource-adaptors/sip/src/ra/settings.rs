//! Settings of a SIP adaptor entity: `[adaptors.NAME.settings]`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;
use strowger::ra::{Listener, SettingsError};
use strowger::schemars::JsonSchema;

use super::CredentialSettings;
use super::call_settings::CallSettings;
use super::emergency::EmergencySettings;
use super::listener::{ListenerSettings, ListenerTransport};
use super::streams::{Bounds, Port};
use crate::proto::auth::Credentials;
use crate::proto::transaction::Timings;
use crate::proto::ua::UaConfig;
use crate::proto::wire::Limits;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct Settings {
    /// Where it listens, by name: `udp` and `tcp` on 127.0.0.1:5060 unless a file names others.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub listeners: BTreeMap<String, ListenerSettings>,
    /// Protocol timers.
    pub timers: TimerSettings,
    /// How calls go.
    pub calls: CallSettings,
    /// Bounds.
    pub limits: LimitSettings,
    /// Which requests are taken while others are refused because the node is overloaded or short of something.
    pub emergency: EmergencySettings,
    /// Status code for an initial INVITE or MESSAGE that no service takes.
    #[schemars(range(min = 400, max = 699), extend("x-unit" = "status code", "x-reload" = "restart-adaptor"))]
    pub unserved: u16,
    /// What Retry-After of a 503 asks for at least; up to twice as long is asked, at random.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub retry_after: Duration,
    /// Option tags that a request may require; others are refused with 420.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub supported: Vec<String>,
    /// Event packages that services take. SUBSCRIBE and PUBLISH for another are refused with 489 before any service sees them,
    /// and Allow-Events names these. Without any, services decide one by one.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub event_packages: Vec<String>,
    /// Addresses of host names that requests are sent to; name servers are asked for others.
    #[schemars(with = "BTreeMap<String, String>", extend("x-reload" = "restart-adaptor"))]
    pub hosts: BTreeMap<String, SocketAddr>,
    /// Names under which others route to this entity, beside its listeners' addresses: a Route of such a host is taken off
    /// before a request is looked at (RFC 3261 16.4).
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub names: Vec<String>,
    /// Whether name servers are asked where requests go whose host is a name (RFC 3263). Those that find no address fail
    /// with 503.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub resolve: bool,
    /// Where requests go whose host has no address in its URI or in `hosts`; no name server is asked then.
    #[schemars(with = "Option<String>", extend("format" = "socket-address", "x-reload" = "restart-adaptor"))]
    pub outbound: Option<SocketAddr>,
    /// Whether a peer within a call that was seen at a public address but names a private one, as behind a NAT, is sent
    /// requests where it was seen.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub nat: bool,
    /// Whether requests go over a connection that the peer has opened, to the address that it came from, also where no
    /// certificate shows who that is. Connections of verified peers are always used (RFC 5923).
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub reuse_connections: bool,
    /// Who the node is, by a name of your own, to those who answer its requests with 401 or 407. The first that fits counts; where
    /// that is refused, the next.
    #[schemars(extend("x-reload" = "live"))]
    pub credentials: BTreeMap<String, CredentialSettings>,
    /// Whether services are told of the 100 that answers an INVITE of theirs.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub trying_events: bool,
}

/// Protocol timers (RFC 3261 table 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct TimerSettings {
    /// T1, the estimate of a round trip. Requests are given up after 64 times as long.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub t1: Duration,
    /// T2, the longest interval between copies.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub t2: Duration,
    /// T4, the longest time that a message stays in the network.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub t4: Duration,
    /// When 100 goes out for an INVITE that no service has answered; `0s` is at once.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub trying: Duration,
    /// How long an INVITE may go on without a final response and without a further provisional one: 408 to the caller,
    /// CANCEL to the called.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub ringing: Duration,
    /// Timer C: how long a proxied INVITE may go on without a final response and without a further provisional one. More
    /// than three minutes (RFC 3261 16.6).
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub c: Duration,
    /// How long a message on a stream may take from its first byte to its last.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub stream_message: Duration,
    /// How long a server that did not answer is tried after the others of its name.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub avoid_server: Duration,
    /// How often a connection that is ours to keep up is asked whether its peer is there: those that we open, and those
    /// of WebSocket. One that does not answer within 10 s is closed. `0s` is never. Peers must know the keep-alive of RFC
    /// 5626, as most do; an answer is needed.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "restart-adaptor"))]
    pub keep_alive: Duration,
}

/// Bounds of one adaptor entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct LimitSettings {
    /// Client transactions at once, and server transactions at once. Beyond it new requests get 503.
    #[schemars(range(min = 1, max = 100_000_000), extend("x-unit" = "transactions", "x-reload" = "restart-adaptor"))]
    pub transactions: u32,
    /// Dialogs at once. Beyond it new calls get 503.
    #[schemars(range(min = 1, max = 100_000_000), extend("x-unit" = "dialogs", "x-reload" = "restart-adaptor"))]
    pub dialogs: u32,
    /// Nonces whose counts are kept. Beyond it the oldest are forgotten, and their users asked for credentials again.
    #[schemars(range(min = 1, max = 100_000_000), extend("x-unit" = "nonces", "x-reload" = "restart-adaptor"))]
    pub nonces: u32,
    /// Bindings in the location table at once. Beyond it new ones get 503.
    #[schemars(range(min = 0, max = 100_000_000), extend("x-unit" = "bindings", "x-reload" = "restart-adaptor"))]
    pub bindings: u32,
    /// Bytes of a message on a stream; 513 beyond it. A datagram may fill what UDP carries.
    #[schemars(range(min = 1024, max = 16_777_216), extend("x-unit" = "bytes", "x-reload" = "restart-adaptor"))]
    pub message_bytes: u32,
    /// Bytes of a body; 413 beyond it.
    #[schemars(range(min = 0, max = 16_777_216), extend("x-unit" = "bytes", "x-reload" = "restart-adaptor"))]
    pub body_bytes: u32,
    /// Header lines of a message; 513 beyond it.
    #[schemars(range(min = 16, max = 4096), extend("x-unit" = "header lines", "x-reload" = "restart-adaptor"))]
    pub headers: u32,
    /// Requests that wait for name servers or have several servers to go to, at once. Beyond it requests to names fail with
    /// 503.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "requests", "x-reload" = "restart-adaptor"))]
    pub resolving: u32,
    /// Bytes above which a request goes over TCP instead of UDP, which would break it into pieces (RFC 3261 18.1.1); over UDP
    /// all the same if the peer takes no connection.
    #[schemars(range(min = 500, max = 65_535), extend("x-unit" = "bytes", "x-reload" = "restart-adaptor"))]
    pub udp_request_bytes: u32,
    /// Connections from one address; further ones are closed.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "connections", "x-reload" = "restart-adaptor"))]
    pub connections_per_ip: u32,
    /// Bytes that may wait on one connection until the peer takes them; beyond it the connection is closed.
    #[schemars(range(min = 65_536, max = 1_073_741_824), extend("x-unit" = "bytes", "x-reload" = "restart-adaptor"))]
    pub write_buffer_bytes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        let bind = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5060);
        let listener = |transport| ListenerSettings::new(transport, bind);
        Self {
            listeners: BTreeMap::from([
                ("tcp".to_owned(), listener(ListenerTransport::Tcp)),
                ("udp".to_owned(), listener(ListenerTransport::Udp)),
            ]),
            timers: TimerSettings::default(),
            calls: CallSettings::default(),
            limits: LimitSettings::default(),
            emergency: EmergencySettings::default(),
            unserved: 480,
            retry_after: Duration::from_secs(5),
            supported: Vec::new(),
            event_packages: Vec::new(),
            hosts: BTreeMap::new(),
            names: Vec::new(),
            resolve: true,
            outbound: None,
            nat: true,
            reuse_connections: true,
            credentials: BTreeMap::new(),
            trying_events: false,
        }
    }
}

impl Default for TimerSettings {
    fn default() -> Self {
        let t = Timings::DEFAULT;
        let ms = |ms: u32| Duration::from_millis(u64::from(ms));
        Self {
            t1: ms(t.t1),
            t2: ms(t.t2),
            t4: ms(t.t4),
            trying: ms(200),
            ringing: ms(t.ringing),
            c: ms(t.c),
            stream_message: Duration::from_secs(10),
            avoid_server: Duration::from_secs(60),
            keep_alive: Duration::ZERO,
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            transactions: 1_000_000,
            dialogs: 1_000_000,
            nonces: 100_000,
            bindings: 1_000_000,
            message_bytes: 256 * 1024,
            body_bytes: 64 * 1024,
            headers: 128,
            resolving: 10_000,
            udp_request_bytes: 1_300,
            connections_per_ip: 1_000,
            write_buffer_bytes: 4 * 1024 * 1024,
        }
    }
}

impl Settings {
    pub(super) fn verify(&self) -> Result<(), SettingsError> {
        let wrong = |key: String, problem| Err(SettingsError { key, problem });
        if self.listeners.is_empty() {
            return wrong("listeners".to_owned(), "at least one listener is needed");
        }
        for (name, listener) in &self.listeners {
            listener.verify(name)?;
        }
        for (key, value, most) in [
            ("timers.t1", self.timers.t1, 60_000),
            ("timers.t2", self.timers.t2, 600_000),
            ("timers.t4", self.timers.t4, 600_000),
            ("timers.ringing", self.timers.ringing, 86_400_000),
            (
                "timers.stream_message",
                self.timers.stream_message,
                3_600_000,
            ),
        ] {
            if value.is_zero() || value.as_millis() > most {
                return wrong(key.to_owned(), "must be more than zero and within reason");
            }
        }
        let keep_alive = self.timers.keep_alive;
        if !keep_alive.is_zero() && !(1_000..=3_600_000).contains(&keep_alive.as_millis()) {
            let problem = "must be between a second and an hour, or `0s` for never";
            return wrong("timers.keep_alive".to_owned(), problem);
        }
        if !(180_001..=86_400_000).contains(&self.timers.c.as_millis()) {
            return wrong(
                "timers.c".to_owned(),
                "must be more than three minutes, and a day at most",
            );
        }
        if self.timers.trying.as_millis() > 60_000 {
            return wrong("timers.trying".to_owned(), "must be below a minute");
        }
        if let Err((key, problem)) = self.calls.verify() {
            return wrong(key.to_owned(), problem);
        }
        if !(400..700).contains(&self.unserved) {
            return wrong(
                "unserved".to_owned(),
                "must be a failure status, 400 to 699",
            );
        }
        Ok(())
    }

    pub(super) fn node_listeners(&self) -> Vec<Listener> {
        let listener = |(name, listener): (&String, &ListenerSettings)| {
            listener.node(name, self.limits.write_buffer_bytes)
        };
        self.listeners.iter().map(listener).collect()
    }

    /// Who the node is to those who challenge its requests.
    pub(super) fn credentials(&self) -> Vec<Credentials> {
        self.credentials.values().map(Into::into).collect()
    }

    pub(super) fn ua_config(&self) -> UaConfig {
        let ms = |d: Duration| u32::try_from(d.as_millis()).unwrap_or(u32::MAX);
        UaConfig {
            locals: self
                .listeners
                .values()
                .map(ListenerSettings::local)
                .collect(),
            timings: Timings {
                t1: ms(self.timers.t1),
                t2: ms(self.timers.t2),
                t4: ms(self.timers.t4),
                trying: Some(ms(self.timers.trying)),
                ringing: ms(self.timers.ringing),
                c: ms(self.timers.c),
                ..Timings::DEFAULT
            },
            limits: self.message_limits(),
            transactions: self.limits.transactions as usize,
            dialogs: self.limits.dialogs as usize,
            credentials: self.credentials(),
            nonces: self.limits.nonces as usize,
            bindings: self.limits.bindings as usize,
            unserved: self.unserved,
            retry_after: u32::try_from(self.retry_after.as_secs()).unwrap_or(u32::MAX),
            supported: self
                .supported
                .iter()
                .map(|tag| tag.clone().into_bytes())
                .collect(),
            hosts: self
                .hosts
                .iter()
                .map(|(name, addr)| (name.clone().into_bytes(), *addr))
                .collect(),
            names: self
                .names
                .iter()
                .map(|name| name.clone().into_bytes())
                .collect(),
            outbound: self.outbound,
            resolve: self.resolve,
            resolving: self.limits.resolving as usize,
            avoid: ms(self.timers.avoid_server),
            udp_request_bytes: self.limits.udp_request_bytes as usize,
            nat: self.nat,
            report_trying: self.trying_events,
            provisional: self.calls.provisional.into(),
            session: self.calls.sessions(),
            forks: self.calls.forks as usize,
            early_durable: self.calls.early_durable,
            urgency: (&self.emergency).into(),
        }
    }

    pub(super) fn stream_bounds(&self) -> Bounds {
        let ms = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        Bounds {
            limits: self.message_limits(),
            per_ip: self.limits.connections_per_ip,
            patience: ms(self.timers.stream_message),
            keep_alive: ms(self.timers.keep_alive),
            outbound: self.outbound,
            reuse: self.reuse_connections,
        }
    }

    pub(super) fn ports(&self) -> Vec<Port> {
        self.listeners
            .values()
            .map(ListenerSettings::port)
            .collect()
    }

    fn message_limits(&self) -> Limits {
        Limits {
            stream: self.limits.message_bytes as usize,
            body: self.limits.body_bytes as usize,
            headers: self.limits.headers as usize,
            ..Limits::DEFAULT
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_right() {
        let settings = Settings::default();
        assert_eq!(settings.verify(), Ok(()));
        assert_eq!(settings.ua_config().timings, Timings::DEFAULT);
        assert_eq!(settings.node_listeners().len(), 2);
    }

    #[test]
    fn what_cannot_work_is_refused_with_its_key() {
        let mut settings = Settings::default();
        settings.listeners.get_mut("udp").unwrap().bind = "0.0.0.0:5060".parse().unwrap();
        assert_eq!(
            settings.verify().unwrap_err().key,
            "listeners.udp.advertise"
        );
        let settings = Settings {
            unserved: 200,
            ..Settings::default()
        };
        assert_eq!(settings.verify().unwrap_err().key, "unserved");
        let mut settings = Settings::default();
        settings.timers.t1 = Duration::ZERO;
        assert_eq!(settings.verify().unwrap_err().key, "timers.t1");
    }
}
