//! `[services.uas.settings]`.

use schemars::JsonSchema;
use serde::Deserialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Settings of the answering service.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Which called users it answers for; `*` for all. What is meant for others is left to other services.
    #[schemars(extend("x-reload" = "live"))]
    pub users: Vec<String>,
    /// How long it rings before it answers; `0s` to answer at once.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub ringing: Duration,
    /// How long a call lasts before it hangs up; `0s` for as long as the caller likes. Counts on while the node is down.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub call_length: Duration,
    /// Address and port that session descriptions name. No media is sent or taken there.
    #[schemars(with = "String", extend("format" = "socket-address", "x-reload" = "live"))]
    pub media: SocketAddr,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            users: vec!["service".to_owned()],
            ringing: Duration::ZERO,
            call_length: Duration::from_secs(3600),
            media: SocketAddr::from((Ipv4Addr::LOCALHOST, 9)),
        }
    }
}

impl Settings {
    /// Whether it answers for that user.
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
        let settings: Settings =
            toml::from_str("users = [\"a\", \"b\"]\nringing = \"1500ms\"").expect("settings");
        assert!(settings.has(b"b") && !settings.has(b"service") && !settings.has(b""));
        assert_eq!(settings.ringing, Duration::from_millis(1500));
        assert_eq!(settings.call_length, Duration::from_secs(3600));
        assert!(Settings::default().has(b"service"));
        assert!(
            Settings {
                users: vec!["*".into()],
                ..Settings::default()
            }
            .has(b"")
        );
        assert!(toml::from_str::<Settings>("user = [\"a\"]").is_err());
    }
}
