//! Settings of overload control by agreement (RFC 7683).

use std::time::Duration;

use serde::Deserialize;
use strowger::schemars::JsonSchema;

use crate::proto::node::OverloadControl;

/// Overload control: `[adaptors.NAME.settings.overload]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct OverloadSettings {
    /// Whether requests announce overload control (DOIC, RFC 7683), reports of others are heeded, and ours are sent while the
    /// node refuses new work. What ends a session is sent whatever is reported.
    #[schemars(extend("x-reload" = "live"))]
    pub enabled: bool,
    /// How many of a hundred requests our reports ask others to leave out.
    #[schemars(range(min = 1, max = 100), extend("x-unit" = "per cent", "x-reload" = "live"))]
    pub reduction: u8,
    /// How long our reports hold.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub validity: Duration,
}

impl Default for OverloadSettings {
    fn default() -> Self {
        let control = OverloadControl::default();
        Self {
            enabled: control.enabled,
            reduction: control.reduction,
            validity: Duration::from_secs(control.seconds.into()),
        }
    }
}

impl OverloadSettings {
    /// Longest time of a report (RFC 7683 7.5), and the shortest that it can say.
    pub(super) fn is_valid(&self) -> bool {
        let seconds = self.validity.as_secs();
        (1..=86_400).contains(&seconds)
    }

    pub(super) fn config(&self) -> OverloadControl {
        OverloadControl {
            enabled: self.enabled,
            reduction: self.reduction,
            seconds: u32::try_from(self.validity.as_secs()).unwrap_or(u32::MAX),
        }
    }
}
