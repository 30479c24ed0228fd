//! Two services are replaced and taken back, once with what they have and once without, while calls are up and wake-ups pending.

use super::sleepers::{Sleepers, Wish};
use super::{
    B2BUA, Metrics, SOON, WAKEUP, arrived, callee, done, entities, service, told, until, versions,
};
use crate::error::{Result, ensure};
use crate::node::{Node, NodeSpec};
use crate::operator::Operator;
use crate::runs::expect_empty;
use crate::sipp::Sipp;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

/// Changes of a run: to 1.1, back, to 1.1, back.
const CHANGES: u32 = 4;
/// Orders end so long before the first change.
const ORDERED_BEFORE: Duration = Duration::from_secs(3);

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Replaced {
    /// Calls per second.
    pub rate: u32,
    /// How long each lasts.
    pub hold: Duration,
    /// Calls that must be up at every change.
    pub up: u64,
    /// Wake-ups that must be pending at every change.
    pub pending: u32,
    /// Wake-ups that come due between the changes.
    pub passing: u32,
    /// Time between two changes.
    pub gap: Duration,
    /// Wake-ups that outlast the changes come due within this time, as many in each second.
    pub spread: Duration,
    /// How late a wake-up may be.
    pub late: Duration,
    /// Octet of the loopback address.
    pub host: u8,
}

impl Replaced {
    /// From the beginning to the first change: as many calls are up as ever will be.
    fn first(&self) -> Duration {
        self.hold + Duration::from_secs(1)
    }

    /// From the beginning to the end of the last gap.
    fn last(&self) -> Duration {
        self.first() + self.gap * (CHANGES + 1)
    }

    fn calls(&self) -> u64 {
        u64::from(self.rate) * self.last().as_secs()
    }

    /// All are ordered before the first change. Those that pass come due from there to the last, the others from then on.
    fn wishes(&self) -> Vec<Wish> {
        let ordering = self.first().saturating_sub(ORDERED_BEFORE);
        let all = self.pending + self.passing;
        let passing = (self.first(), self.gap * CHANGES, self.passing);
        let pending = (self.last() + self.gap, self.spread, self.pending);
        let due = [passing, pending]
            .into_iter()
            .flat_map(|(from, over, count)| {
                (0..count).map(move |n| from + over * n / count.max(1))
            });
        let ordered = (0..all).map(|n| ordering * n / all.max(1));
        due.zip(ordered)
            .map(|(due, ordered)| Wish { ordered, due })
            .collect()
    }
}

/// One run at work.
struct Run<'a> {
    size: Replaced,
    spec: &'a NodeSpec,
    node: &'a Node,
    begun: Instant,
}

/// No call fails, and every wake-up comes once.
///
/// # Errors
/// What did not hold.
pub fn replaced(size: Replaced, dir: &Path) -> Result<String> {
    let spec = versions(size.host, dir, "replaced")?;
    let node = Node::start(&spec)?;
    let sleepers = SocketAddr::from((Ipv4Addr::new(127, 0, size.host, 2), 5060));
    let callees = [callee(&spec, 5070)?, callee(&spec, 5071)?];
    let sleepers = Sleepers::begin(sleepers, spec.sip, size.wishes())?;
    let caller = caller(&size, &spec)?;
    let run = Run {
        size,
        spec: &spec,
        node: &node,
        begun: Instant::now(),
    };
    let (up, pending, moved) = run.changes()?;
    let within = size.last() + size.hold + Duration::from_secs(60);
    let totals = caller.finish(within.saturating_sub(run.begun.elapsed()))?;
    totals.expect_clean(size.calls())?;
    let [first, second] = arrived(callees, size.calls())?;
    expect_empty(&node, size.gap + size.spread + Duration::from_secs(60))?;
    let late = sleepers.finish()?;
    ensure(late <= size.late, || {
        format!(
            "a wake-up was {late:?} late, and {:?} is the limit",
            size.late
        )
    })?;
    let status = node.status()?;
    let failed = ["panics", "rollbacks"].map(|kind| status["kernel"][kind].as_u64());
    ensure(failed == [Some(0); 2], || {
        format!("panics and rollbacks: {failed:?}")
    })?;
    Ok(format!(
        "{} calls at {}/s, {first} of 1.0 and {second} of 1.1, 0 failed (limit 0), {} retransmissions; at least {up} up (limit {}) and {pending} timers pending (limit \
         {}) at each of {CHANGES} changes; {} timers, 0 lost or doubled (limit 0), the latest {late:?} late (limit {:?}); calls and \
         timers had moved after {moved:?}; metrics have both versions",
        size.calls(),
        size.rate,
        totals.get("Retransmissions"),
        size.up,
        size.pending,
        size.pending + size.passing,
        size.late,
    ))
}

fn caller(size: &Replaced, spec: &NodeSpec) -> Result<Sipp> {
    let (to, host) = (spec.sip.to_string(), spec.sip.ip().to_string());
    let (rate, calls) = (size.rate.to_string(), size.calls().to_string());
    let hold = size.hold.as_millis().to_string();
    // More calls at a time than there will be: SIPp must never wait for one to end.
    let most = (u64::from(size.rate) * (size.hold.as_secs() + 10)).to_string();
    Sipp::start(&[
        &to, "-sn", "uac", "-s", "2000", "-i", &host, "-p", "5080", "-r", &rate, "-m", &calls,
        "-d", &hold, "-l", &most,
    ])
}

impl Run<'_> {
    /// Carries the changes out. Gives the fewest calls and timers that there were at one, and how long it took to move them.
    fn changes(&self) -> Result<(u64, u64, Duration)> {
        let [b2bua, wakeup] = [B2BUA, WAKEUP];
        let first = self.at_change(0)?;
        let begun = Instant::now();
        for versions in [b2bua, wakeup] {
            replace(self.node, versions, &["--migrate"])?;
        }
        self.moved(b2bua)?;
        self.moved(wakeup)?;
        let moved = begun.elapsed();

        let second = self.at_change(1)?;
        // 1.0 knows nothing of the state of 1.1, and nothing happens for that.
        let back = ["services", "rollback", b2bua[1]];
        refused(
            self.node,
            &[&back[..], &["--migrate"]].concat(),
            "field `more` is gone",
        )?;
        let state = service(&self.node.status()?, b2bua[1])["state"].clone();
        ensure(state == "active", || {
            "a rollback that was refused has changed something".to_owned()
        })?;
        done(self.node, &back)?;
        done(self.node, &["services", "rollback", wakeup[1], "--migrate"])?;
        self.moved([wakeup[1], wakeup[0]])?;
        self.both(b2bua)?;

        let third = self.at_change(2)?;
        // Back and forth without moving anything: both versions go on with what they have.
        for versions in [b2bua, wakeup] {
            replace(self.node, versions, &[])?;
        }
        self.both(b2bua)?;
        let fourth = self.at_change(3)?;
        for versions in [b2bua, wakeup] {
            done(self.node, &["services", "rollback", versions[1]])?;
        }
        self.both(b2bua)?;
        let all = [first, second, third, fourth];
        let fewest = |of: fn(&(u64, u64)) -> u64| all.iter().map(of).min().unwrap_or(0);
        Ok((fewest(|all| all.0), fewest(|all| all.1), moved))
    }

    /// Waits for the time of a change; as many calls are up and wake-ups pending as there must be.
    fn at_change(&self, n: u32) -> Result<(u64, u64)> {
        let at = self.size.first() + self.size.gap * n;
        let time = at.saturating_sub(self.begun.elapsed());
        until(time + SOON, "the time of a change", || {
            Ok(self.begun.elapsed() >= at)
        })?;
        let status = self.node.status()?;
        let count = |versions: [&str; 2]| -> u64 {
            versions.iter().map(|name| entities(&status, name)).sum()
        };
        let (up, pending) = (count(B2BUA), count(WAKEUP));
        let enough = up >= self.size.up && pending >= u64::from(self.size.pending);
        ensure(enough, || {
            format!("{up} calls are up and {pending} timers pending at a change")
        })?;
        Ok((up, pending))
    }

    /// Nothing is left of the first, and the second has it.
    fn moved(&self, [from, _]: [&str; 2]) -> Result {
        until(SOON, "moving calls and timers", || {
            let status = self.node.status()?;
            let from = service(&status, from);
            Ok(from["state"] == "inactive" && from["entities"] == 0)
        })
    }

    /// Each version has calls, and metrics say so.
    fn both(&self, versions: [&str; 2]) -> Result {
        let node = self.node;
        until(SOON, "calls of both versions", || {
            let status = node.status()?;
            Ok(versions.iter().all(|name| entities(&status, name) > 0))
        })?;
        Metrics::ask(&mut Operator::connect(self.spec)?)?.expect_both(versions)
    }
}

fn replace(node: &Node, [old, new]: [&str; 2], more: &[&str]) -> Result {
    let args = [
        "services",
        "replace",
        "--deactivate",
        old,
        "--activate",
        new,
    ];
    done(node, &[&args[..], more].concat())
}

/// What must be refused, with that text.
fn refused(node: &Node, args: &[&str], why: &str) -> Result {
    let said = node.order(args)?;
    let text = String::from_utf8_lossy(&said.stderr);
    let refused = said.status.code() == Some(1) && text.contains(why);
    ensure(refused, || told(args, &said))
}
