//! Settings of links and groups: `[adaptors.NAME.settings.links.NAME]`, `[adaptors.NAME.settings.groups.NAME]`. All of it is
//! reloaded live.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use strowger::Secret;
use strowger::ra::SettingsError;
use strowger::schemars::JsonSchema;

use super::{AlphabetSetting, ModeSetting, PolicySetting, is_octets, wrong};

/// A message centre that we bind to.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct LinkSettings {
    /// Whether it is in service. One that is not is unbound.
    #[schemars(extend("x-reload" = "live"))]
    pub enabled: bool,
    /// Where the message centre listens; several are tried in turn.
    #[schemars(with = "Vec<String>", extend("x-reload" = "live"))]
    pub addresses: Vec<SocketAddr>,
    /// The listener from whose address, and with whose certificates, it is connected to; the first that fits unless set.
    #[schemars(extend("x-reload" = "live"))]
    pub listener: Option<String>,
    /// Whether the connection is TLS. Needs a listener with certificates.
    #[schemars(extend("x-reload" = "live"))]
    pub tls: bool,
    /// With TLS: the name that the message centre's certificate must be for; its address unless set.
    #[schemars(extend("x-reload" = "live"))]
    pub server_name: Option<String>,
    /// The system_id that we bind with.
    #[schemars(length(min = 1, max = 15), extend("x-reload" = "live"))]
    pub system_id: String,
    /// The password that we bind with.
    #[schemars(length(max = 15), extend("x-reload" = "live"))]
    pub password: Secret,
    /// The system_type that we bind with.
    #[schemars(length(max = 12), extend("x-reload" = "live"))]
    pub system_type: String,
    /// How we bind.
    #[schemars(extend("x-reload" = "live"))]
    pub mode: ModeSetting,
    /// The version of SMPP that we ask for.
    #[schemars(extend("x-reload" = "live"))]
    pub version: VersionSetting,
    /// The addresses that we serve, as the bind's address_range says it: for message centres that want to know.
    #[schemars(length(max = 40), extend("x-reload" = "live"))]
    pub address_range: String,
    /// How many sessions we bind.
    #[schemars(range(min = 1, max = 100), extend("x-unit" = "sessions", "x-reload" = "live"))]
    pub binds: u32,
    /// Messages that may wait for the message centre's answer, on one session.
    #[schemars(range(min = 1, max = 100_000), extend("x-unit" = "requests", "x-reload" = "live"))]
    pub window: u32,
    /// Messages and receipts of the message centre that may wait for our answer, on one session.
    #[schemars(range(min = 1, max = 100_000), extend("x-unit" = "requests", "x-reload" = "live"))]
    pub inbound_window: u32,
    /// Parts that are sent in a second at most; no limit unless set.
    #[schemars(range(min = 1), extend("x-unit" = "parts per second", "x-reload" = "live"))]
    pub rate: Option<u32>,
    /// What data_coding 0 means with it.
    #[schemars(extend("x-reload" = "live"))]
    pub alphabet: AlphabetSetting,
    /// Whether PDUs that are not quite as the specification has them are taken.
    #[schemars(extend("x-reload" = "live"))]
    pub policy: PolicySetting,
    /// What is done with receipts.
    #[schemars(extend("x-reload" = "live"))]
    pub receipts: ReceiptSetting,
    /// How ids in receipts differ from those in its answers.
    #[schemars(extend("x-reload" = "live"))]
    pub ids: PeerIdSetting,
    /// The message centre behind it, by a name of your own; the link's name unless set. A receipt for a message that went over
    /// one link may come on any other to the same message centre.
    #[schemars(length(min = 1), extend("x-reload" = "live"))]
    pub smsc: Option<String>,
    /// Messages for it that wait for a place in a window; services are told what is beyond.
    #[schemars(range(min = 0, max = 1_000_000), extend("x-unit" = "messages", "x-reload" = "live"))]
    pub queue: u32,
    /// How long nothing is sent after the message centre has said that it is too much (ESME_RTHROTTLED, ESME_RMSGQFUL). It
    /// doubles while that goes on, up to sixteen times.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub pause: Duration,
    /// The time until a session that has ended, or could not be bound, is tried again. It doubles until it is `rebind_longest`.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub rebind: Duration,
    /// The longest such time.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub rebind_longest: Duration,
}

/// A version of SMPP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[schemars(crate = "strowger::schemars")]
pub enum VersionSetting {
    /// 3.4.
    #[default]
    #[serde(rename = "3.4")]
    V34,
    /// 5.0.
    #[serde(rename = "5.0")]
    V50,
}

/// What is done with receipts of a message centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(crate = "strowger::schemars")]
pub enum ReceiptSetting {
    /// They are for the messages that were sent there; one for no such message is kept for `timers.receipt`, then dropped.
    #[default]
    Match,
    /// Services are given them as they are, as messages.
    Pass,
}

/// How ids of messages are written in receipts, measured by how they were written in the answers to submit_sm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(crate = "strowger::schemars")]
pub enum PeerIdSetting {
    /// In the same way; or one of them in hexadecimal and the other in decimal digits, if the message's number is right, too.
    #[default]
    Auto,
    /// In the same way, but for the case of letters and leading zeros.
    Same,
    /// Decimal where answers are hexadecimal, or the other way round.
    Converted,
}

/// Links that stand for one another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct GroupSettings {
    /// Its links, by names of `links`.
    #[schemars(extend("x-reload" = "live"))]
    pub links: Vec<String>,
    /// Which of them a message takes.
    #[schemars(extend("x-reload" = "live"))]
    pub policy: PolicyOfGroup,
    /// Messages for it that wait for a place in a window; services are told what is beyond.
    #[schemars(range(min = 0, max = 1_000_000), extend("x-unit" = "messages", "x-reload" = "live"))]
    pub queue: u32,
}

/// Which link of a group a message takes, of those that are bound and have room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "strowger::schemars")]
pub enum PolicyOfGroup {
    /// One after the other.
    #[default]
    RoundRobin,
    /// The first in the order of `links`.
    Priority,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            addresses: Vec::new(),
            listener: None,
            tls: false,
            server_name: None,
            system_id: String::new(),
            password: Secret::default(),
            system_type: String::new(),
            mode: ModeSetting::Transceiver,
            version: VersionSetting::V34,
            address_range: String::new(),
            binds: 1,
            window: 10,
            inbound_window: 100,
            rate: None,
            alphabet: AlphabetSetting::Gsm7,
            policy: PolicySetting::Lenient,
            receipts: ReceiptSetting::Match,
            ids: PeerIdSetting::Auto,
            smsc: None,
            queue: 1_000,
            pause: Duration::from_secs(1),
            rebind: Duration::from_secs(1),
            rebind_longest: Duration::from_secs(60),
        }
    }
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self {
            links: Vec::new(),
            policy: PolicyOfGroup::RoundRobin,
            queue: 1_000,
        }
    }
}

/// Without the password.
impl std::fmt::Debug for LinkSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkSettings")
            .field("enabled", &self.enabled)
            .field("addresses", &self.addresses)
            .field("system_id", &self.system_id)
            .finish_non_exhaustive()
    }
}

impl LinkSettings {
    /// A link to a message centre there.
    #[must_use]
    pub fn at(address: SocketAddr, system_id: &str, password: &str) -> Self {
        Self {
            addresses: vec![address],
            system_id: system_id.to_owned(),
            password: password.into(),
            ..Self::default()
        }
    }

    /// What is wrong beyond types, with the key of the link in front.
    pub(super) fn verify(&self, name: &str) -> Result<(), SettingsError> {
        let wrong = |key: &str, problem| wrong(&format!("links.{name}.{key}"), problem);
        if self.addresses.is_empty() {
            return wrong("addresses", "must name at least one address");
        }
        if !is_octets(&self.system_id, 15) || self.system_id.is_empty() {
            return wrong("system_id", "must be 1 to 15 characters of ASCII");
        }
        for (key, text, longest) in [
            ("password", self.password.reveal(), 15),
            ("system_type", &self.system_type, 12),
            ("address_range", &self.address_range, 40),
        ] {
            if !is_octets(text, longest) {
                return wrong(key, "must be ASCII, and not longer than its field");
            }
        }
        let hour = Duration::from_secs(3_600);
        for (key, time) in [
            ("pause", self.pause),
            ("rebind", self.rebind),
            ("rebind_longest", self.rebind_longest),
        ] {
            if time < Duration::from_millis(10) || time > hour {
                return wrong(key, "must be between 10 ms and an hour");
            }
        }
        if self.rebind_longest < self.rebind {
            return wrong("rebind_longest", "must not be shorter than `rebind`");
        }
        Ok(())
    }

    pub(in crate::ra) fn smsc<'a>(&'a self, name: &'a str) -> &'a str {
        self.smsc.as_deref().unwrap_or(name)
    }
}

impl VersionSetting {
    pub(in crate::ra) const fn number(self) -> u8 {
        match self {
            Self::V34 => 0x34,
            Self::V50 => 0x50,
        }
    }
}
