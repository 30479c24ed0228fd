//! Settings of a Diameter adaptor entity: `[adaptors.NAME.settings]`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;
use strowger::ra::{Listener, SettingsError};
use strowger::schemars::JsonSchema;

use super::extensions::ExtensionSettings;
use super::listener::ListenerSettings;
use super::overload::OverloadSettings;
use super::peers::{self, PeerSettings, RealmSettings, UnknownPeerSettings};
use crate::proto::dict::{Dictionary, Level};
use crate::proto::node::{self, Application, Config, Duplicates};

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct Settings {
    /// Who this entity is: Origin-Host of all that it sends.
    #[schemars(length(min = 1, max = 255), extend("x-reload" = "restart-adaptor"))]
    pub origin_host: String,
    /// Its realm: Origin-Realm of all that it sends.
    #[schemars(length(min = 1, max = 255), extend("x-reload" = "restart-adaptor"))]
    pub origin_realm: String,
    /// Vendor-Id of the capabilities exchange: the vendor's IANA enterprise number, 0 for none.
    #[schemars(extend("x-unit" = "enterprise number", "x-reload" = "restart-adaptor"))]
    pub vendor_id: u32,
    /// Product-Name of the capabilities exchange.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub product_name: String,
    /// Whether each start is announced as the loss of all sessions (Origin-State-Id, RFC 6733 8.16), so that peers end those
    /// that they have. Right where services keep nothing (`durability = "none"`); others go on after a restart.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub announce_restart: bool,
    /// Host-IP-Address of the capabilities exchange; the connection's own address unless set.
    #[schemars(with = "Vec<String>", extend("x-reload" = "restart-adaptor"))]
    pub addresses: Vec<IpAddr>,
    /// Ids of the applications that services here speak. Known are 3 (accounting, Rf), 4 (credit control, Gy, Ro), 16777216
    /// (Cx), 16777217 (Sh), 16777236 (Rx), 16777238 (Gx), 16777251 (S6a), 16777252 (S13) and 16777291 (SLh); others are
    /// described in `extensions`.
    #[schemars(extend("x-unit" = "application ids", "x-reload" = "restart-adaptor"))]
    pub applications: Vec<u32>,
    /// Where it listens, by name: `tcp` on 127.0.0.1:3868 unless a file names others. One that only connects to others has a
    /// listener on port 0.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub listeners: BTreeMap<String, ListenerSettings>,
    /// Whom it speaks to, by names of your own.
    pub peers: BTreeMap<String, PeerSettings>,
    /// Who may connect without being one of `peers`, by names of your own; nobody if empty.
    pub unknown_peers: BTreeMap<String, UnknownPeerSettings>,
    /// What is done with requests of a realm, by names of your own. The own realm is served here without being named.
    pub realms: BTreeMap<String, RealmSettings>,
    /// How thoroughly requests of peers are checked before services see them.
    #[schemars(extend("x-reload" = "live"))]
    pub validation: ValidationSetting,
    /// How thoroughly answers of peers are checked. One that fails is dropped and counted, and its request has failed.
    #[schemars(extend("x-reload" = "live"))]
    pub validation_answers: ValidationSetting,
    /// How thoroughly messages of services are checked before they leave. A request that fails is not sent, an answer that
    /// fails becomes a 5012; both are counted. For the development of services.
    #[schemars(extend("x-reload" = "live"))]
    pub validation_sent: ValidationSetting,
    /// How often one request is sent, to one peer after the other, if connections are lost or peers refuse it.
    #[schemars(range(min = 1, max = 10), extend("x-unit" = "times", "x-reload" = "live"))]
    pub attempts: u8,
    /// Timers.
    pub timers: TimerSettings,
    /// Bounds.
    pub limits: LimitSettings,
    /// What is done with requests that come again.
    pub duplicates: DuplicateSettings,
    /// Overload control.
    pub overload: OverloadSettings,
    /// AVPs, commands and applications that are not in the dictionary.
    pub extensions: ExtensionSettings,
}

/// How thoroughly messages are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(crate = "strowger::schemars")]
pub enum ValidationSetting {
    /// Not beyond what it takes to read them at all.
    Off,
    /// That the lengths of AVPs fit their formats.
    Structure,
    /// The same, and that every AVP that must be understood is.
    Mandatory,
    /// The same, and the values of AVPs, and which of them stand how often in which command.
    #[default]
    Full,
}

impl From<ValidationSetting> for Level {
    fn from(level: ValidationSetting) -> Self {
        match level {
            ValidationSetting::Off => Self::Off,
            ValidationSetting::Structure => Self::Structure,
            ValidationSetting::Mandatory => Self::Mandatory,
            ValidationSetting::Full => Self::Full,
        }
    }
}

/// Timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct TimerSettings {
    /// Tw: how long a peer may be silent before it is asked whether it is there, up to two seconds more or less (RFC 3539 3.4).
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub watchdog: Duration,
    /// Tc: the longest time between two attempts to connect to a peer (RFC 6733 2.1).
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub reconnect: Duration,
    /// The time until the first such attempt; it doubles until it is `reconnect`.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub reconnect_first: Duration,
    /// How long the opening of a connection may take.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub connect: Duration,
    /// How long it may take from then to the end of the capabilities exchange.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub capabilities: Duration,
    /// How long a peer may take to answer that it is being disconnected from.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub disconnect: Duration,
    /// How long a request of the node's own waits for its answer, over all attempts, unless its service says otherwise.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub request: Duration,
    /// How long a service may take to answer a request; beyond it the peer is told 5012.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub answer: Duration,
    /// When a peer that has said BUSY or that it does not want to talk is connected to again; `0s` is never.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub unwanted: Duration,
    /// How long nothing may come in a session before it ends, unless its service says otherwise.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub session: Duration,
}

/// Bounds of one adaptor entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct LimitSettings {
    /// Sessions at once. Beyond it requests that begin one are answered 3004.
    #[schemars(range(min = 1, max = 100_000_000), extend("x-unit" = "sessions", "x-reload" = "live"))]
    pub sessions: u32,
    /// Bytes of a message; one that is longer is answered 5015, and its connection closed.
    #[schemars(range(min = 4096, max = 16_777_212), extend("x-unit" = "bytes", "x-reload" = "live"))]
    pub message_bytes: u32,
    /// AVPs of a message, those in groups included; one that has more is answered 5012.
    #[schemars(range(min = 16, max = 1_000_000), extend("x-unit" = "AVPs", "x-reload" = "live"))]
    pub avps: u32,
    /// Groups inside each other in a message; one that has more is answered 5012.
    #[schemars(range(min = 2, max = 16), extend("x-unit" = "groups", "x-reload" = "live"))]
    pub depth: u8,
    /// Requests to one peer that wait for an answer. Beyond it others are asked.
    #[schemars(range(min = 1, max = 10_000_000), extend("x-unit" = "requests", "x-reload" = "live"))]
    pub pending_per_peer: u32,
    /// Requests to all peers that wait for an answer. Beyond it new ones fail.
    #[schemars(range(min = 1, max = 10_000_000), extend("x-unit" = "requests", "x-reload" = "live"))]
    pub pending: u32,
    /// Bytes of requests to all peers that wait for an answer. Beyond it new ones fail.
    #[schemars(range(min = 65_536, max = 2_147_483_647), extend("x-unit" = "bytes", "x-reload" = "live"))]
    pub pending_bytes: u32,
    /// Requests of one peer that services have not answered. Beyond it new ones are answered 3004.
    #[schemars(range(min = 1, max = 10_000_000), extend("x-unit" = "requests", "x-reload" = "live"))]
    pub incoming_per_peer: u32,
    /// Requests of all peers that services have not answered. Beyond it new ones are answered 3004.
    #[schemars(range(min = 1, max = 10_000_000), extend("x-unit" = "requests", "x-reload" = "live"))]
    pub incoming: u32,
    /// Accepted connections on which nobody has said yet who it is. Beyond it new ones are closed.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "connections", "x-reload" = "live"))]
    pub greeting: u32,
    /// Peers that only `unknown_peers` lets in, at once.
    #[schemars(range(min = 0, max = 1_000_000), extend("x-unit" = "peers", "x-reload" = "live"))]
    pub unknown_peers: u32,
    /// Answers that redirect, kept for later requests.
    #[schemars(range(min = 0, max = 1_000_000), extend("x-unit" = "answers", "x-reload" = "live"))]
    pub redirects: u32,
    /// Bytes that may wait on one connection until the peer takes them; beyond it the connection is closed.
    #[schemars(range(min = 65_536, max = 1_073_741_824), extend("x-unit" = "bytes", "x-reload" = "restart-adaptor"))]
    pub write_buffer_bytes: u32,
}

/// What is done with requests that come again (RFC 6733 appendix C): the answer of the first is given once more, and no
/// service sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct DuplicateSettings {
    /// How long answers are kept.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub window: Duration,
    /// How many answers are kept; the oldest go first.
    #[schemars(range(min = 0, max = 10_000_000), extend("x-unit" = "answers", "x-reload" = "live"))]
    pub entries: u32,
    /// How many bytes of answers are kept; the oldest go first.
    #[schemars(range(min = 0, max = 1_073_741_824), extend("x-unit" = "bytes", "x-reload" = "live"))]
    pub bytes: u32,
    /// Whether every request is looked up, and not only one whose sender says that it may be a copy (T bit).
    #[schemars(extend("x-reload" = "live"))]
    pub all: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let tcp = ("tcp".to_owned(), ListenerSettings::default());
        Self {
            origin_host: "strowger.localdomain".to_owned(),
            origin_realm: "localdomain".to_owned(),
            vendor_id: 0,
            product_name: "Strowger".to_owned(),
            announce_restart: false,
            addresses: Vec::new(),
            applications: vec![3, 4],
            listeners: BTreeMap::from([tcp]),
            peers: BTreeMap::new(),
            unknown_peers: BTreeMap::new(),
            realms: BTreeMap::new(),
            validation: ValidationSetting::Full,
            validation_answers: ValidationSetting::Off,
            validation_sent: ValidationSetting::Off,
            attempts: 3,
            timers: TimerSettings::default(),
            limits: LimitSettings::default(),
            duplicates: DuplicateSettings::default(),
            overload: OverloadSettings::default(),
            extensions: ExtensionSettings::default(),
        }
    }
}

impl Default for TimerSettings {
    fn default() -> Self {
        let t = node::Timers::default();
        let ms = Duration::from_millis;
        Self {
            watchdog: ms(t.watchdog),
            reconnect: ms(t.reconnect),
            reconnect_first: ms(t.reconnect_first),
            connect: ms(t.connect),
            capabilities: ms(t.capabilities),
            disconnect: ms(t.disconnect),
            request: ms(t.request),
            answer: ms(t.answer),
            unwanted: ms(t.unwanted),
            session: Duration::from_secs(86_400),
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        let l = node::Limits::default();
        Self {
            sessions: 1_000_000,
            message_bytes: l.message,
            avps: l.avps,
            depth: l.depth,
            pending_per_peer: l.pending_per_peer,
            pending: l.pending,
            pending_bytes: u32::try_from(l.pending_bytes).unwrap_or(u32::MAX),
            incoming_per_peer: l.incoming_per_peer,
            incoming: l.incoming,
            greeting: l.greeting,
            unknown_peers: l.unknown_peers,
            redirects: l.redirects,
            write_buffer_bytes: 4 * 1024 * 1024,
        }
    }
}

impl Default for DuplicateSettings {
    fn default() -> Self {
        let d = Duplicates::default();
        Self {
            window: Duration::from_millis(d.window),
            entries: d.entries,
            bytes: u32::try_from(d.bytes).unwrap_or(u32::MAX),
            all: d.all,
        }
    }
}

impl Settings {
    pub(super) fn verify(&self) -> Result<(), SettingsError> {
        let wrong = |key: String, problem| Err(SettingsError { key, problem });
        for (key, name) in [
            ("origin_host", &self.origin_host),
            ("origin_realm", &self.origin_realm),
        ] {
            if !peers::is_identity(name) {
                return wrong(key.to_owned(), "must be a name as DiameterIdentity has it");
            }
        }
        if self.listeners.is_empty() {
            let problem = "at least one listener is needed; with port 0 for an entity that only connects to others";
            return wrong("listeners".to_owned(), problem);
        }
        for (name, listener) in &self.listeners {
            listener.verify(name)?;
        }
        peers::verify(
            &self.origin_host,
            &self.peers,
            &self.realms,
            &self.unknown_peers,
        )?;
        self.verify_transports()?;
        self.timers.verify()?;
        let dictionary = self.extensions.dictionary()?;
        let unknown = |id: &&u32| dictionary.application(**id).is_none();
        if self.applications.iter().any(|id| unknown(&id)) {
            let problem = "names an application that is neither known nor described in `extensions.applications`";
            return wrong("applications".to_owned(), problem);
        }
        if self.duplicates.window > Duration::from_secs(86_400) {
            return wrong("duplicates.window".to_owned(), "must be a day at most");
        }
        if !self.overload.is_valid() {
            let problem = "must be between a second and a day (RFC 7683 7.5)";
            return wrong("overload.validity".to_owned(), problem);
        }
        Ok(())
    }

    /// A peer needs a listener of its transport: connections leave from there.
    fn verify_transports(&self) -> Result<(), SettingsError> {
        let secure = self
            .listeners
            .values()
            .any(|listener| listener.tls.is_some());
        let plain = self
            .listeners
            .values()
            .any(|listener| listener.tls.is_none());
        for (name, peer) in &self.peers {
            let problem = match peer.tls {
                true if !secure => "needs a listener with certificates (`listeners.NAME.tls`)",
                false if !plain => {
                    "needs a listener without TLS, since all have certificates; or set it to true"
                }
                _ => continue,
            };
            let key = format!("peers.{name}.tls");
            return Err(SettingsError { key, problem });
        }
        for (name, rule) in &self.unknown_peers {
            if rule.tls && !secure {
                let key = format!("unknown_peers.{name}.tls");
                let problem = "needs a listener with certificates (`listeners.NAME.tls`)";
                return Err(SettingsError { key, problem });
            }
        }
        Ok(())
    }

    pub(super) fn node_listeners(&self) -> Vec<Listener> {
        let write_buffer = self.limits.write_buffer_bytes;
        let listeners = self.listeners.iter();
        listeners
            .map(|(name, listener)| listener.node(name, write_buffer))
            .collect()
    }

    /// The dictionary with what `extensions` adds.
    pub(super) fn dictionary(&self) -> Dictionary {
        self.extensions
            .dictionary()
            .unwrap_or_else(|_| Dictionary::standard())
    }

    /// What the stack is told. `started` is the time of day of the start, in seconds.
    pub(super) fn config(&self, dictionary: &Dictionary, started: u64) -> Config {
        let tables = peers::tables(&self.peers, &self.realms, &self.unknown_peers);
        let applications: Vec<Application> = self
            .applications
            .iter()
            .filter_map(|id| dictionary.application(*id))
            .map(|def| Application {
                id: def.id,
                vendor: def.vendor,
                accounting: def.kind == crate::proto::dict::ApplicationKind::Acct,
            })
            .collect();
        let mut vendors: Vec<u32> = applications
            .iter()
            .map(|app| app.vendor)
            .filter(|v| *v != 0)
            .collect();
        vendors.sort_unstable();
        vendors.dedup();
        Config {
            vendor_id: self.vendor_id,
            product_name: self.product_name.as_str().into(),
            origin_state_id: match self.announce_restart {
                true => u32::try_from(started).unwrap_or(u32::MAX),
                false => 0,
            },
            addresses: self.addresses.clone(),
            supported_vendors: vendors,
            applications,
            relay: self.realms.values().any(RealmSettings::forwards),
            peers: tables.peers,
            realms: tables.realms,
            unknown_peers: tables.unknown,
            validation: self.validation.into(),
            validation_answers: self.validation_answers.into(),
            timers: self.timers.config(),
            limits: self.limits.config(),
            duplicates: self.duplicates.config(),
            overload: self.overload.config(),
            attempts: self.attempts,
            ..Config::new(&self.origin_host, &self.origin_realm)
        }
    }
}

impl TimerSettings {
    fn verify(&self) -> Result<(), SettingsError> {
        let wrong = |key: &str, problem| {
            let key = format!("timers.{key}");
            Err(SettingsError { key, problem })
        };
        let hour = Duration::from_secs(3_600);
        if self.watchdog < Duration::from_secs(6) || self.watchdog > hour {
            return wrong(
                "watchdog",
                "must be between 6 s (RFC 3539 3.4.1) and an hour",
            );
        }
        for (key, time) in [
            ("reconnect", self.reconnect),
            ("reconnect_first", self.reconnect_first),
            ("connect", self.connect),
            ("capabilities", self.capabilities),
            ("disconnect", self.disconnect),
            ("request", self.request),
            ("answer", self.answer),
        ] {
            if time.is_zero() || time > hour {
                return wrong(key, "must be more than zero, an hour at most");
            }
        }
        if self.unwanted > Duration::from_secs(30 * 86_400) {
            return wrong("unwanted", "must be 30 days at most, or `0s` for never");
        }
        let (least, most) = (Duration::from_secs(1), Duration::from_secs(365 * 86_400));
        if self.session < least || self.session > most {
            return wrong("session", "must be between a second and a year");
        }
        Ok(())
    }

    fn config(&self) -> node::Timers {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        node::Timers {
            watchdog: ms(self.watchdog),
            reconnect: ms(self.reconnect),
            reconnect_first: ms(self.reconnect_first),
            connect: ms(self.connect),
            capabilities: ms(self.capabilities),
            disconnect: ms(self.disconnect),
            request: ms(self.request),
            // By then it has been answered here.
            answer: ms(self.answer).saturating_add(1_000),
            unwanted: ms(self.unwanted),
        }
    }
}

impl LimitSettings {
    fn config(&self) -> node::Limits {
        node::Limits {
            message: self.message_bytes,
            avps: self.avps,
            depth: self.depth,
            pending_per_peer: self.pending_per_peer,
            pending: self.pending,
            pending_bytes: self.pending_bytes.into(),
            incoming_per_peer: self.incoming_per_peer,
            incoming: self.incoming,
            greeting: self.greeting,
            unknown_peers: self.unknown_peers,
            redirects: self.redirects,
        }
    }
}

impl DuplicateSettings {
    fn config(&self) -> Duplicates {
        Duplicates {
            window: u64::try_from(self.window.as_millis()).unwrap_or(u64::MAX),
            entries: self.entries,
            bytes: self.bytes.into(),
            all: self.all,
        }
    }
}
