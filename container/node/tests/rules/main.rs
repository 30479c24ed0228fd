//! The rules of the catalogue on a running node: the same tests as before the kernel, with a harness that starts a node.
//!
//! Not here: what looks at a kernel where no node is, in `tests/rules/kernel` of that crate.
#![expect(clippy::unwrap_used, reason = "a failed test may panic anywhere")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a script cares for one call or two"
)]

mod harness;

#[path = "../../../kernel/tests/rules/ac.rs"]
mod ac;
#[path = "../../../kernel/tests/rules/ad.rs"]
mod ad;
#[path = "../../../kernel/tests/rules/al.rs"]
mod al;
#[path = "../../../kernel/tests/rules/deviations.rs"]
mod deviations;
#[path = "../../../kernel/tests/rules/durable.rs"]
mod durable;
#[path = "../../../kernel/tests/rules/ec.rs"]
mod ec;
#[path = "../../../kernel/tests/rules/feed.rs"]
mod feed;
#[path = "../../../kernel/tests/rules/found.rs"]
mod found;
#[path = "../../../kernel/tests/rules/ie.rs"]
mod ie;
#[path = "../../../kernel/tests/rules/intensity.rs"]
mod intensity;
#[path = "../../../kernel/tests/rules/limits.rs"]
mod limits;
#[path = "../../../kernel/tests/rules/pe.rs"]
mod pe;
#[path = "../../../kernel/tests/rules/pq.rs"]
mod pq;
#[path = "../../../kernel/tests/rules/pr.rs"]
mod pr;
#[path = "../../../kernel/tests/rules/quarantine.rs"]
mod quarantine;
#[path = "../../../kernel/tests/rules/re.rs"]
mod re;
#[path = "../../../kernel/tests/rules/recorder.rs"]
mod recorder;
#[path = "../../../kernel/tests/rules/rt.rs"]
mod rt;
#[path = "../../../kernel/tests/rules/se.rs"]
mod se;
#[path = "../../../kernel/tests/rules/sv.rs"]
mod sv;
#[path = "../../../kernel/tests/rules/tm.rs"]
mod tm;
#[path = "../../../kernel/tests/rules/tr.rs"]
mod tr;
#[path = "../../../kernel/tests/rules/tx.rs"]
mod tx;
#[path = "../../../kernel/tests/rules/us.rs"]
mod us;
#[path = "../../../kernel/tests/rules/versions.rs"]
mod versions;
