//! `[services.call-blocking.settings]` and those of the two others.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use strowger_sip::{self as sip, Caller, Fork, Request, Trust};

/// Settings of `call-blocking` and `voice-mail`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The domains of the subscribers; with none, any. Calls to others are left to other services.
    #[schemars(extend("x-reload" = "live"))]
    pub domains: Vec<String>,
    /// Peers whose word on who calls (P-Asserted-Identity) is believed: networks such as `10.0.0.0/8`.
    #[schemars(extend("x-reload" = "live"))]
    pub trusted: Trust,
}

/// Settings of `call-forwarding`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ForwardingSettings {
    /// The domains of the subscribers; with none, any. Calls to others are left to other services.
    #[schemars(extend("x-reload" = "live"))]
    pub domains: Vec<String>,
    /// Peers whose word on who calls (P-Asserted-Identity) is believed: networks (`10.0.0.0/8`), and host names for where calls
    /// go.
    #[schemars(extend("x-reload" = "live"))]
    pub trusted: Trust,
    /// How long a subscriber's phones ring before the call goes elsewhere.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub ringing: Duration,
}

impl Default for ForwardingSettings {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            trusted: Trust::default(),
            ringing: Duration::from_secs(20),
        }
    }
}

impl Settings {
    /// Whether users of a domain may be subscribers.
    #[must_use]
    pub fn serves(&self, domain: &str) -> bool {
        serves(&self.domains, domain)
    }
}

impl ForwardingSettings {
    /// Whether users of a domain may be subscribers.
    #[must_use]
    pub fn serves(&self, domain: &str) -> bool {
        serves(&self.domains, domain)
    }
}

fn serves(domains: &[String], domain: &str) -> bool {
    domains.is_empty() || domains.iter().any(|own| own.eq_ignore_ascii_case(domain))
}

/// What is sent on says of the caller what is believed, and nothing that he wants to hide goes to who is not.
pub(crate) fn dressed(request: &Request, fork: Fork, trusted: &Trust) -> Fork {
    let caller = match trusted.holds(request) {
        true => Caller::Trusted,
        false => Caller::Unknown,
    };
    let to_trusted = trusted.holds_fork(&fork);
    sip::identity(request, &caller, to_trusted).on_fork(fork)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_units() {
        let text = "domains = [\"b.example\"]\nringing = \"5s\"\ntrusted = [\"10.0.0.0/8\"]";
        let settings: ForwardingSettings = toml::from_str(text).expect("settings");
        assert_eq!(settings.ringing, Duration::from_secs(5));
        assert!(settings.serves("B.example") && !settings.serves("a.example"));
        assert!(Settings::default().serves("a.example"));
        assert!(toml::from_str::<Settings>("ringing = \"5s\"").is_err());
        assert!(toml::from_str::<Settings>("trusted = [\"10.0.0.0/77\"]").is_err());
    }
}
