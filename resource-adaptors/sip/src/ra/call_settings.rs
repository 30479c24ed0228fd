//! Settings of calls: `[adaptors.NAME.settings.calls]`.

use serde::Deserialize;
use strowger::schemars::JsonSchema;

use crate::proto::ua::Provisional;

/// How calls go, unless a service says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct CallSettings {
    /// How provisional responses to INVITE go (RFC 3262).
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub provisional: ProvisionalSetting,
}

/// How provisional responses to INVITE go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "strowger::schemars")]
pub enum ProvisionalSetting {
    /// Once, but reliably where a caller requires or a service asks for it.
    #[default]
    Plain,
    /// Reliably wherever a caller supports it; INVITEs of services support it, too.
    Reliable,
    /// Reliably always: a caller that does not support it gets 421, and INVITEs of services require it.
    Demanded,
}

impl From<ProvisionalSetting> for Provisional {
    fn from(setting: ProvisionalSetting) -> Self {
        match setting {
            ProvisionalSetting::Plain => Self::Plain,
            ProvisionalSetting::Reliable => Self::Reliable,
            ProvisionalSetting::Demanded => Self::Demanded,
        }
    }
}
