//! `[services.record-hook.settings]`.

use schemars::JsonSchema;
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

/// Settings of the webhook.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where records are posted: `https://billing.example/records`. Without one they wait.
    #[schemars(extend("x-reload" = "live"))]
    pub url: String,
    /// Sent as `Authorization: Bearer`.
    #[schemars(extend("x-secret" = true, "x-reload" = "live"))]
    pub token: Option<Secret>,
    /// Time for an answer.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub answer: Duration,
}

/// What is not to be seen in logs.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct Secret(String);

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: String::new(),
            token: None,
            answer: Duration::from_secs(10),
        }
    }
}

impl Secret {
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self(secret.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}
