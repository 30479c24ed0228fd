//! `[services.record-hook.settings]`.

use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;
use strowger::Secret;

/// Settings of the webhook.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where records are posted: `https://billing.example/records`. Without one they wait.
    #[schemars(extend("x-reload" = "live"))]
    pub url: String,
    /// Sent as `Authorization: Bearer`.
    #[schemars(extend("x-reload" = "live"))]
    pub token: Option<Secret>,
    /// Time for an answer.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub answer: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: String::new(),
            token: None,
            answer: Duration::from_secs(10),
        }
    }
}
