//! `[services.wakeup.settings]`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::zone::Zone;

/// Settings of the wake-up service.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The users, and of SMS the numbers, that texts to it are for; `*` for all. What is meant for others is left to other
    /// services.
    #[schemars(extend("x-reload" = "live"))]
    pub users: Vec<String>,
    /// The time zone of the times that it is told, as POSIX writes it: the last line of a file of `/usr/share/zoneinfo`, such as
    /// `CET-1CEST,M3.5.0,M10.5.0/3`.
    #[schemars(extend("x-reload" = "live"))]
    pub time_zone: Zone,
    /// How many calls a subscriber may have ordered at a time.
    #[schemars(extend("x-unit" = "calls", "x-reload" = "live"))]
    pub calls_max: u8,
    /// How far ahead a call may be ordered.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub ahead_max: Duration,
    /// How often it tries to wake somebody.
    #[schemars(extend("x-unit" = "tries", "x-reload" = "live"))]
    pub tries: u8,
    /// How long it waits between two tries.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub retry: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            users: vec!["wakeup".to_owned()],
            time_zone: Zone::default(),
            calls_max: 10,
            ahead_max: Duration::from_secs(7 * 86_400),
            tries: 3,
            retry: Duration::from_secs(60),
        }
    }
}

impl Settings {
    /// Whether a text to that user or number is for it.
    #[must_use]
    pub fn has(&self, user: &[u8]) -> bool {
        self.users.iter().any(|u| u == "*" || u.as_bytes() == user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_units() {
        let settings: Settings = toml::from_str(
            "users = [\"1414\"]\ntime_zone = \"CET-1CEST,M3.5.0,M10.5.0/3\"\nretry = \"2m\"",
        )
        .expect("settings");
        assert!(settings.has(b"1414") && !settings.has(b"wakeup"));
        assert_eq!(settings.retry, Duration::from_secs(120));
        assert_eq!(settings.tries, 3);
        assert!(Settings::default().has(b"wakeup"));
        assert!(toml::from_str::<Settings>("time_zone = \"Europe/Berlin\"").is_err());
        assert!(toml::from_str::<Settings>("user = [\"a\"]").is_err());
    }
}
