//! Lists of a node that has many calls: every page is there soon, all pages have everything, and the node's memory is bounded.

use super::memory::bring_up;
use super::{TAKES_ALL, spec};
use crate::error::{Result, ensure};
use crate::node::Node;
use crate::operator::{Operator, listening};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Pages {
    /// Calls through the B2BUA that are up.
    pub calls: usize,
    /// How many are begun in a second.
    pub rate: u32,
    /// How soon every page must be there.
    pub within: Duration,
    /// How much more memory the node may have after all pages, in KiB.
    pub growth: u64,
    /// Octet of the loopback address.
    pub host: u8,
}

/// Lists, with what stands for an entry in them, and how many entries each call has in them at least.
const LISTS: [(&str, usize); 6] = [
    ("/v1/activities", 2),
    ("/v1/activities?adaptor=sip", 2),
    ("/v1/activities?min_idle=86400", 0),
    ("/v1/entities?service=b2bua", 1),
    ("/v1/entities?min_age=86400", 0),
    ("/v1/timers", 1),
];
/// What is not a list of calls or shows its beginning, and is as soon there.
const OTHERS: [&str; 13] = [
    "/v1/status?detail=true",
    "/v1/services",
    "/v1/adaptors",
    "/v1/configuration",
    "/metrics",
    "/console",
    "/console/services",
    "/console/services/b2bua",
    "/console/adaptors",
    "/console/activities",
    "/console/calls",
    "/console/alarms",
    "/console/configuration",
];

/// All pages of all lists.
///
/// # Errors
/// What did not hold.
pub fn paged(size: Pages, dir: &Path) -> Result<String> {
    let mut spec = spec(size.host, dir, "pages");
    spec.more = format!("{}{TAKES_ALL}", listening(&spec));
    let node = Node::start(&spec)?;
    let _peers = bring_up(size.calls, size.rate, &spec)?;
    let mut operator = Operator::connect(&spec)?;
    let before = node.resident_kib()?;
    let (mut slowest, mut pages) = (Duration::ZERO, 0);
    for path in OTHERS {
        slowest = slowest.max(timed(&mut operator, path)?.0);
    }
    for (list, of_a_call) in LISTS {
        let mut ids = BTreeSet::new();
        let mut after = String::new();
        loop {
            let mark = if list.contains('?') { '&' } else { '?' };
            let (took, page) = timed(&mut operator, &format!("{list}{mark}limit=1000{after}"))?;
            (slowest, pages) = (slowest.max(took), pages + 1);
            let items = page["items"].as_array().into_iter().flatten();
            let found = items.filter_map(|item| item["id"].as_str());
            for id in found {
                ensure(ids.insert(id.to_owned()), || {
                    format!("{list}: {id} comes twice")
                })?;
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        let enough = if of_a_call == 0 {
            ids.is_empty()
        } else {
            ids.len() >= size.calls * of_a_call
        };
        ensure(enough, || {
            format!("{list}: {} entries of {} calls", ids.len(), size.calls)
        })?;
    }
    let after = node.resident_kib()?;
    ensure(slowest <= size.within, || {
        format!("a page took {slowest:?}, more than {:?}", size.within)
    })?;
    ensure(after <= before + size.growth, || {
        format!("memory grew from {before} to {after} KiB over {pages} pages")
    })?;
    Ok(format!(
        "{} calls up: {pages} pages, the slowest in {slowest:.0?}; resident {before} then {after} KiB",
        size.calls
    ))
}

/// What is answered, and how soon all of it is there.
fn timed(operator: &mut Operator, path: &str) -> Result<(Duration, serde_json::Value)> {
    let begun = Instant::now();
    let answer = operator.ask("GET", path, "")?;
    let took = begun.elapsed();
    ensure(answer.status == 200, || {
        format!("{path}: {} {}", answer.status, answer.body)
    })?;
    // The metrics are a text.
    Ok((took, serde_json::from_str(&answer.body).unwrap_or_default()))
}
