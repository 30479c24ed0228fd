//! What a node watches of the usage parameters of a service: thresholds, which raise alarms.
//!
//! Not here: whether the service has such a parameter, which the binary knows ([`Component`](crate::Component)).

use crate::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// When an alarm is raised for what a service counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// The usage parameter that is watched.
    #[schemars(length(min = 1), extend("x-reload" = "live"))]
    pub parameter: String,
    /// The SBB whose parameter it is. Without it, the first SBB of the service that has one of the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reload" = "live"))]
    pub sbb: Option<String>,
    /// The set of parameters: one that the code or `usage_sets` names, or one that is made while the node runs, which is watched
    /// as long as it is there. Without it, the unnamed one.
    #[serde(default)]
    #[schemars(extend("x-reload" = "live"))]
    pub set: String,
    /// What is measured of it.
    #[schemars(extend("x-reload" = "live"))]
    pub measure: Measure,
    /// With `measure = "percentile"`: the share of a window's values that do not exceed what is measured. More than 0, 100 at most;
    /// tenths count.
    #[serde(default = "ninety_five")]
    #[schemars(extend("x-unit" = "percent", "x-reload" = "live"))]
    pub percentile: f64,
    /// On which side of `value` it is wrong.
    #[serde(default)]
    #[schemars(extend("x-reload" = "live"))]
    pub side: Side,
    /// What must be passed; to reach it is not enough.
    #[schemars(extend("x-unit" = "the parameter's unit; of a rate, updates a second", "x-reload" = "live"))]
    pub value: f64,
    /// What it has to come back to before the alarm is cleared. Without it, `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-unit" = "what `value` has", "x-reload" = "live"))]
    pub clear: Option<f64>,
    /// What is measured at a time. `1s` at least.
    #[serde(default = "a_minute", with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    pub window: Duration,
    /// How long `value` has to be passed before the alarm is raised, from the end of the first window in which it was.
    #[serde(default, with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    pub raise_after: Duration,
    /// How long it has to be back before the alarm is cleared.
    #[serde(default, with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    pub clear_after: Duration,
    /// Severity of the alarm.
    #[serde(default)]
    #[schemars(extend("x-reload" = "live"))]
    pub severity: Severity,
}

fn ninety_five() -> f64 {
    95.0
}

fn a_minute() -> Duration {
    Duration::from_secs(60)
}

/// What is measured of a usage parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Of a counter: all that it has since it was reset.
    Total,
    /// Of a counter: how often a second it was updated in the window.
    Rate,
    /// Of a sample: the mean of the window's values.
    Mean,
    /// Of a sample: what `percentile` of the window's values do not exceed.
    Percentile,
}

/// On which side of a threshold it is wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Too much.
    #[default]
    Above,
    /// Too little.
    Below,
}

/// How grave an alarm is (ITU-T X.733).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nobody can tell.
    Indeterminate,
    /// Nothing is impaired yet.
    Warning,
    /// Something is wrong that impairs no service.
    Minor,
    /// A service is impaired: look soon.
    #[default]
    Major,
    /// A service is not there: look now.
    Critical,
}
