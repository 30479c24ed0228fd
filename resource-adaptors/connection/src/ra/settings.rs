//! Settings of a connection adaptor entity: `[adaptors.NAME.settings]`.

use serde::Deserialize;
use std::time::Duration;
use strowger::schemars::JsonSchema;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct Settings {
    /// Handles that may be there at one time. Beyond it an event on a new one is refused.
    #[schemars(range(min = 1, max = 10_000_000), extend("x-unit" = "handles", "x-reload" = "live"))]
    pub handles: u32,
    /// Events that may be without an outcome at one time. Beyond it another one is refused.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "events", "x-reload" = "live"))]
    pub waiting: u32,
    /// The longest time that an outcome is waited for, whatever is asked for. Less than the time that the adaptor allows by which
    /// programs get in (`request_deadline` of HTTP's).
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub longest: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            handles: 100_000,
            waiting: 10_000,
            longest: Duration::from_secs(25),
        }
    }
}
