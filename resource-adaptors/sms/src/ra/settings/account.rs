//! Settings of an account: `[adaptors.NAME.settings.accounts.NAME]`. All of it is reloaded live.

use serde::Deserialize;
use strowger::Secret;
use strowger::network::Network;
use strowger::ra::SettingsError;
use strowger::schemars::JsonSchema;

use super::{is_octets, wrong};
use crate::api::IdForm;
use crate::proto::session::Mode;
use crate::proto::text::Alphabet;
use crate::proto::wire::Policy;
use crate::ra::password;

/// An ESME that may bind to us.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct AccountSettings {
    /// Whether it may bind. One that is put out of service is unbound.
    #[schemars(extend("x-reload" = "live"))]
    pub enabled: bool,
    /// The system_id that it binds with; the account's name unless set.
    #[schemars(length(min = 1, max = 15), extend("x-reload" = "live"))]
    pub system_id: Option<String>,
    /// Its password as a hash, as `strowger sms-password` makes it: `$pbkdf2-sha256$i=..`.
    #[schemars(extend("x-reload" = "live"))]
    pub password_hash: Option<Secret>,
    /// Its password as it is, instead of `password_hash`: for tests and labs.
    #[schemars(length(max = 15), extend("x-reload" = "live"))]
    pub password: Option<Secret>,
    /// The hash of the password before, which is right as well while this is set: until the ESME has the one after.
    #[schemars(extend("x-reload" = "live"))]
    pub previous_password_hash: Option<Secret>,
    /// The password before as it is, instead of `previous_password_hash`.
    #[schemars(length(max = 15), extend("x-reload" = "live"))]
    pub previous_password: Option<Secret>,
    /// How it may bind.
    #[schemars(extend("x-reload" = "live"))]
    pub modes: Vec<ModeSetting>,
    /// Networks that it may bind from, such as `192.0.2.0/24`; any if empty.
    #[schemars(extend("x-reload" = "live"))]
    pub networks: Vec<Network>,
    /// The system_type that its bind must have; any unless set.
    #[schemars(length(max = 12), extend("x-reload" = "live"))]
    pub system_type: Option<String>,
    /// Whether its connections must be TLS.
    #[schemars(extend("x-reload" = "live"))]
    pub tls: bool,
    /// The name that its certificate must be for; implies `tls`. Needs a listener that asks clients for one (`tls.client_roots`).
    #[schemars(extend("x-reload" = "live"))]
    pub certificate: Option<String>,
    /// Sessions that it may have bound at one time; what is beyond is refused ESME_RALYBND.
    #[schemars(range(min = 1, max = 10_000), extend("x-unit" = "sessions", "x-reload" = "live"))]
    pub binds: u32,
    /// Messages and receipts to it that may wait for its answer, on one session.
    #[schemars(range(min = 1, max = 100_000), extend("x-unit" = "requests", "x-reload" = "live"))]
    pub window: u32,
    /// Requests of it that may wait for our answer, on one session. Beyond it nothing more is read from the connection.
    #[schemars(range(min = 1, max = 100_000), extend("x-unit" = "requests", "x-reload" = "live"))]
    pub inbound_window: u32,
    /// How many messages it may submit.
    pub rates: RateSettings,
    /// Source addresses that it may submit from: as they are, or what begins so, such as `4179*`; any if empty. Others are
    /// refused ESME_RINVSRCADR.
    #[schemars(extend("x-reload" = "live"))]
    pub sources: Vec<String>,
    /// What data_coding 0 means with it.
    #[schemars(extend("x-reload" = "live"))]
    pub alphabet: AlphabetSetting,
    /// How ids of messages are written for it.
    #[schemars(extend("x-reload" = "live"))]
    pub ids: IdSetting,
    /// Whether PDUs that are not quite as the specification has them are taken.
    #[schemars(extend("x-reload" = "live"))]
    pub policy: PolicySetting,
    /// Whose it is: for services, which are told it.
    #[schemars(extend("x-reload" = "live"))]
    pub tenant: String,
    /// Messages for it that wait for a place in a window; services are told what is beyond.
    #[schemars(range(min = 0, max = 1_000_000), extend("x-unit" = "messages", "x-reload" = "live"))]
    pub queue: u32,
}

/// How many messages are taken, in the parts that they have: a message for ten destinations counts as ten, one of 300 characters
/// in one PDU as two. What is beyond is answered ESME_RTHROTTLED. Each limit holds within any time of its length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct RateSettings {
    /// In a second; no limit unless set.
    #[schemars(range(min = 1), extend("x-unit" = "parts per second", "x-reload" = "live"))]
    pub second: Option<u32>,
    /// In a minute; no limit unless set.
    #[schemars(range(min = 1), extend("x-unit" = "parts per minute", "x-reload" = "live"))]
    pub minute: Option<u32>,
    /// In an hour; no limit unless set.
    #[schemars(range(min = 1), extend("x-unit" = "parts per hour", "x-reload" = "live"))]
    pub hour: Option<u32>,
    /// In a day; no limit unless set. Counted anew after a restart of the node.
    #[schemars(range(min = 1), extend("x-unit" = "parts per day", "x-reload" = "live"))]
    pub day: Option<u32>,
}

/// A bind mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(crate = "strowger::schemars")]
pub enum ModeSetting {
    /// The ESME sends.
    Transmitter,
    /// The ESME receives.
    Receiver,
    /// Both.
    #[default]
    Transceiver,
}

/// What data_coding 0 means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(crate = "strowger::schemars")]
pub enum AlphabetSetting {
    /// The GSM 7-bit alphabet, one character an octet (3GPP TS 23.038).
    #[default]
    Gsm7,
    /// ISO 8859-1.
    Latin1,
    /// ASCII.
    Ascii,
}

/// How ids of our messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(crate = "strowger::schemars")]
pub enum IdSetting {
    /// 16 hexadecimal digits.
    #[default]
    Hex,
    /// 19 or 20 decimal digits, for peers that take ids for numbers.
    Decimal,
}

/// How exact PDUs must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(crate = "strowger::schemars")]
pub enum PolicySetting {
    /// What everybody understands is taken: Latin-1 in addresses, longer ids, missing NULs.
    #[default]
    Lenient,
    /// Only what the specification allows.
    Strict,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            system_id: None,
            password_hash: None,
            password: None,
            previous_password_hash: None,
            previous_password: None,
            modes: vec![
                ModeSetting::Transmitter,
                ModeSetting::Receiver,
                ModeSetting::Transceiver,
            ],
            networks: Vec::new(),
            system_type: None,
            tls: false,
            certificate: None,
            binds: 10,
            window: 10,
            inbound_window: 100,
            rates: RateSettings::default(),
            sources: Vec::new(),
            alphabet: AlphabetSetting::Gsm7,
            ids: IdSetting::Hex,
            policy: PolicySetting::Lenient,
            tenant: String::new(),
            queue: 1_000,
        }
    }
}

/// Without the password.
impl std::fmt::Debug for AccountSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountSettings")
            .field("enabled", &self.enabled)
            .field("system_id", &self.system_id)
            .finish_non_exhaustive()
    }
}

impl AccountSettings {
    /// An account with this password.
    #[must_use]
    pub fn new(password: &str) -> Self {
        Self {
            password: Some(password.into()),
            ..Self::default()
        }
    }

    /// What is wrong with its passwords.
    fn verify_passwords(&self, name: &str) -> Result<(), SettingsError> {
        let wrong = |key: &str, problem| wrong(&format!("accounts.{name}.{key}"), problem);
        for (plain, key) in [
            (&self.password, "password"),
            (&self.previous_password, "previous_password"),
        ] {
            if plain
                .as_ref()
                .is_some_and(|plain| !is_octets(plain.reveal(), 15))
            {
                return wrong(key, "must be 15 characters of ASCII at most");
            }
        }
        for (hash, key) in [
            (&self.password_hash, "password_hash"),
            (&self.previous_password_hash, "previous_password_hash"),
        ] {
            if hash
                .as_ref()
                .is_some_and(|hash| !password::is_hash(hash.reveal()))
            {
                let problem = "must be `$pbkdf2-sha256$i=ITERATIONS,l=32$SALT$HASH`, of 200,000 iterations at most";
                return wrong(key, problem);
            }
        }
        if self.previous_password.is_some() && self.previous_password_hash.is_some() {
            return wrong(
                "previous_password",
                "is set beside `previous_password_hash`",
            );
        }
        match (&self.password, &self.password_hash) {
            (None, None) => wrong("password", "this or `password_hash` is needed"),
            (Some(_), Some(_)) => wrong("password", "is set beside `password_hash`"),
            (Some(_), None) | (None, Some(_)) => Ok(()),
        }
    }

    pub(in crate::ra) fn system_id<'a>(&'a self, name: &'a str) -> &'a str {
        self.system_id.as_deref().unwrap_or(name)
    }

    /// What is wrong beyond types, with the key of the account in front.
    pub(super) fn verify(&self, name: &str) -> Result<(), SettingsError> {
        let wrong = |key: &str, problem| wrong(&format!("accounts.{name}.{key}"), problem);
        if !is_octets(self.system_id(name), 15) || self.system_id(name).is_empty() {
            return wrong("system_id", "must be 1 to 15 characters of ASCII");
        }
        self.verify_passwords(name)?;
        if self.modes.is_empty() {
            return wrong("modes", "must name at least one mode");
        }
        if !self
            .system_type
            .as_deref()
            .is_none_or(|text| is_octets(text, 12))
        {
            return wrong("system_type", "must be 12 characters of ASCII at most");
        }
        if self
            .sources
            .iter()
            .any(|source| source.trim_end_matches('*').contains('*'))
        {
            return wrong("sources", "have a `*` at the end only");
        }
        Ok(())
    }
}

impl From<AlphabetSetting> for Alphabet {
    fn from(alphabet: AlphabetSetting) -> Self {
        match alphabet {
            AlphabetSetting::Gsm7 => Self::Gsm7,
            AlphabetSetting::Latin1 => Self::Latin1,
            AlphabetSetting::Ascii => Self::Ascii,
        }
    }
}

impl From<IdSetting> for IdForm {
    fn from(ids: IdSetting) -> Self {
        match ids {
            IdSetting::Hex => Self::Hex,
            IdSetting::Decimal => Self::Decimal,
        }
    }
}

impl From<PolicySetting> for Policy {
    fn from(policy: PolicySetting) -> Self {
        match policy {
            PolicySetting::Lenient => Self::Lenient,
            PolicySetting::Strict => Self::Strict,
        }
    }
}

impl From<ModeSetting> for Mode {
    fn from(mode: ModeSetting) -> Self {
        match mode {
            ModeSetting::Transmitter => Self::Transmitter,
            ModeSetting::Receiver => Self::Receiver,
            ModeSetting::Transceiver => Self::Transceiver,
        }
    }
}
