//! What becomes of new work while more arrives than is worked off: `[overload]`.

use crate::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// When new work is refused because what arrives waits too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Overload {
    /// How long what arrives may wait for its turn. Once it has waited longer all the time for `interval`, new work that has is
    /// refused: adaptors answer it as their protocol has it (SIP: 503), and what has begun or is urgent goes on. `0s` never
    /// refuses for that.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    pub target: Duration,
    /// How long more may be waited than `target` before new work is refused. A burst that is worked off within it changes nothing.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    pub interval: Duration,
    /// New work that has waited longer than this is not even answered, but for one portion in four, where whoever sent it sends it
    /// again by themselves (SIP over UDP, after 500 ms). Nor is what is far beyond what is taken, about thirty times.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    pub unanswered_after: Duration,
}

impl Default for Overload {
    fn default() -> Self {
        Self {
            target: Duration::from_millis(100),
            interval: Duration::from_millis(200),
            unanswered_after: Duration::from_millis(400),
        }
    }
}
