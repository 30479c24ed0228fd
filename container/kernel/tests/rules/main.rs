//! The rules of the catalogue, one test or more for each; a test's name begins with the rule's id.
#![expect(clippy::unwrap_used, reason = "a failed test may panic anywhere")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a script cares for one call or two"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod ac;
mod ad;
mod al;
mod deviations;
mod durable;
mod ec;
mod feed;
mod found;
mod ie;
mod intensity;
mod kernel;
mod limits;
mod pe;
mod pq;
mod pr;
mod quarantine;
mod re;
mod recorder;
mod rt;
mod se;
mod sv;
mod tally;
mod tm;
mod tr;
mod tx;
mod us;
mod versions;
