//! Who may reach the node, and how much new work one address may bring: `[sources]`.

use crate::duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use strowger::network::Network;

/// Rules for the addresses from which datagrams and connections come, on all listeners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SourceRules {
    /// Networks that are heard. While there are none, all are. Whoever is at the node's socket in the data directory is heard in any
    /// case.
    #[schemars(extend("x-reload" = "live"))]
    pub allow: Vec<Network>,
    /// Networks that are not heard, also where `allow` has them: their datagrams are dropped without an answer, their connections
    /// closed.
    #[schemars(extend("x-reload" = "live"))]
    pub deny: Vec<Network>,
    /// New work that one source may bring in a second, over SIP: beyond it new work is refused as in an overload (503 with
    /// Retry-After), while what has begun and emergency calls go on. A source is an IPv4 address, or the first 64 bits of one of
    /// IPv6. 0 is any amount.
    #[schemars(range(max = 1_000_000), extend("x-unit" = "pieces of work", "x-reload" = "live"))]
    pub rate: u32,
    /// How much of it a source may bring at once that has brought little before.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "pieces of work", "x-reload" = "live"))]
    pub burst: u32,
    /// Offences within `ban_window` by which a source is banned: wrong credentials, messages that cannot be read and the like,
    /// where it is certain that it was that source. 0 bans nobody.
    #[schemars(range(max = 1_000), extend("x-unit" = "offences", "x-reload" = "live"))]
    pub ban_after: u32,
    /// The time within which offences are counted together. More than `0s`.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    pub ban_window: Duration,
    /// How long a source is not heard that was banned. More than `0s`.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    pub ban_for: Duration,
    /// Networks that offences never ban and `rate` does not hold for: trunks, proxies and whoever else many users are behind. 127.0.0.1
    /// and ::1 are always among them.
    #[schemars(extend("x-reload" = "live"))]
    pub never_ban: Vec<Network>,
    /// Sources of which something is kept at once: how much they have brought, their offences, their bans. The one that has been
    /// quiet longest makes room for the next one, banned ones last, and ones that an operator has banned for each other only.
    #[schemars(range(min = 16, max = 10_000_000), extend("x-unit" = "sources", "x-reload" = "live"))]
    pub entries: u32,
}

impl Default for SourceRules {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            rate: 0,
            burst: 100,
            ban_after: 0,
            ban_window: Duration::from_secs(60),
            ban_for: Duration::from_secs(600),
            never_ban: Vec::new(),
            entries: 65_536,
        }
    }
}
