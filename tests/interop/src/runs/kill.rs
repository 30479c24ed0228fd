//! Calls that outlive the node's process: killed with SIGKILL, or with everything lost that was not synced.

use super::{TAKES_ALL, Transport, spec};
use crate::error::{Result, ensure, io};
use crate::node::{Node, NodeSpec};
use crate::peer::{Link, Peer, Phase};
use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use strowger_disks::Cut;

/// A BYE is answered at most this long after the node is ready again.
pub(super) const ANSWERED_WITHIN: Duration = Duration::from_secs(32);

/// Size and kind of a kill run.
#[derive(Clone, Debug)]
pub struct Kill {
    /// UDP or TCP.
    pub transport: Transport,
    /// Octet of the loopback address.
    pub host: u8,
    /// With the process, everything is lost that was not synced.
    pub powercut: bool,
}

/// Caller and callee of one node.
pub(super) struct Bench {
    pub(super) spec: NodeSpec,
    pub(super) caller: Peer,
    pub(super) callee: Peer,
    powercut: bool,
    generation: u64,
}

impl Bench {
    pub(super) fn new(kill: &Kill, dir: &Path, name: &str) -> Result<Self> {
        let mut spec = spec(kill.host, dir, name);
        let host = spec.sip.ip();
        spec.target = format!("sip:{host}:5070;transport={}", kill.transport);
        TAKES_ALL.clone_into(&mut spec.more);
        let powercut = kill.powercut;
        let bench = Self::around(spec, host, kill.transport)?;
        Ok(Self { powercut, ..bench })
    }

    /// With the caller and the callee at `host`.
    pub(super) fn around(spec: NodeSpec, host: IpAddr, transport: Transport) -> Result<Self> {
        Ok(Self {
            caller: peer(SocketAddr::from((host, 5080)), transport)?,
            callee: peer(SocketAddr::from((host, 5070)), transport)?,
            spec,
            powercut: false,
            generation: 0,
        })
    }

    pub(super) fn start(&mut self) -> Result<Node> {
        if self.powercut {
            self.generation += 1;
            // In every other life a random part of what was not synced survives too, as from a disk's cache.
            let leak = self.generation.is_multiple_of(2).then_some(self.generation);
            let shadow = self.spec.data.with_extension("shadow");
            self.spec.cut = Some(Rc::new(Cut::new(&self.spec.data, &shadow, leak)?));
        }
        Node::start(&self.spec)
    }

    /// Kills the node; with a power cut the next one starts from what was synced.
    pub(super) fn kill(&mut self, node: Node) -> Result {
        node.kill()?;
        if let Some(cut) = self.spec.cut.take() {
            let left = self.spec.data.with_extension("left");
            cut.restore(&left)?;
            fs::remove_dir_all(&self.spec.data).map_err(io("remove what was lost"))?;
            fs::rename(&left, &self.spec.data).map_err(io("put in place what was left"))?;
        }
        Ok(())
    }

    pub(super) fn poll(&mut self) {
        self.caller.poll(Duration::from_millis(1));
        self.callee.poll(Duration::from_millis(1));
    }

    /// Polls both sides until `holds`, at most `within`. Whether it held.
    pub(super) fn until(&mut self, within: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let deadline = Instant::now() + within;
        while !holds(self) {
            if Instant::now() > deadline {
                return false;
            }
            self.poll();
        }
        true
    }

    fn settled(&self) -> bool {
        self.caller.count(Phase::Ending) == 0 && self.callee.count(Phase::Ending) == 0
    }

    /// Ends every call that is up, every other one from the callee's side, and waits for the answers.
    pub(super) fn hang_up(&mut self) -> Result<u64> {
        let node = self.spec.sip;
        let up = |peer: &Peer| -> Vec<String> {
            peer.calls
                .iter()
                .filter(|(_, c)| c.phase == Phase::Up)
                .map(|(id, _)| id.clone())
                .collect()
        };
        let callers = up(&self.caller);
        for id in callers.iter().step_by(2) {
            self.caller.redirect(id, node);
            self.caller.bye(id);
        }
        let half = self.until(ANSWERED_WITHIN, Self::settled);
        ensure(half, || {
            "a BYE of the caller was not answered within 32 s".to_owned()
        })?;
        // A callee whose ACK was on its way when the node died comes up when its 200 is acknowledged after the restart.
        let deadline = Instant::now() + ANSWERED_WITHIN;
        while self.caller.count(Phase::Up) > 0 && Instant::now() < deadline {
            for id in up(&self.callee) {
                self.callee.bye(&id);
            }
            self.poll();
        }
        // One that is acknowledged only now may still be up, and its end is on its way.
        self.until(ANSWERED_WITHIN, |both| {
            both.settled() && both.caller.count(Phase::Up) == 0
        });
        Ok(callers.len() as u64)
    }

    /// Ends every call that is up from the caller's side, and waits for the answers.
    pub(super) fn hang_up_by_caller(&mut self) -> Result {
        let calls = self.caller.calls.iter();
        let up = calls.filter(|(_, call)| call.phase == Phase::Up);
        for id in up.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.caller.bye(&id);
        }
        let answered = self.until(ANSWERED_WITHIN, Self::settled);
        ensure(answered, || {
            "a BYE of the caller was not answered within 32 s".to_owned()
        })
    }

    /// Every call that the caller saw answered has ended properly on its side.
    pub(super) fn expect_none_lost(&self, calls: usize) -> Result {
        let (up, failed) = (self.caller.count(Phase::Up), lost(&self.caller));
        ensure(up == 0 && failed == 0, || {
            let stuck = self
                .caller
                .calls
                .iter()
                .filter(|(_, c)| c.phase == Phase::Up);
            let stuck: Vec<_> = stuck.map(|(id, _)| id).collect();
            format!(
                "of {calls} calls {up} did not end and {failed} were lost: {stuck:?}; callee: {}",
                phases(&self.callee)
            )
        })
    }
}

/// A caller or a callee at `me`.
pub(super) fn peer(me: SocketAddr, transport: Transport) -> Result<Peer> {
    let link = match transport {
        Transport::Udp => Link::udp(me)?,
        Transport::Tcp => Link::tcp(me)?,
    };
    Ok(Peer::new(link, me))
}

/// How many calls stand where.
pub(super) fn phases(peer: &Peer) -> String {
    let mut counts = BTreeMap::new();
    for call in peer.calls.values() {
        *counts.entry(call.phase).or_insert(0) += 1;
    }
    format!("{counts:?}")
}

/// Calls whose BYE was refused or not answered.
pub(super) fn lost(peer: &Peer) -> usize {
    peer.calls
        .values()
        .filter(|c| matches!(c.phase, Phase::Failed(481 | 0)) && c.was_up())
        .count()
}

/// `calls` calls up through the B2BUA, killed, restarted: every BYE from either side gets 200 and is relayed.
///
/// # Errors
/// What did not hold.
pub fn established(calls: usize, kill: &Kill, dir: &Path) -> Result<String> {
    let mut bench = Bench::new(kill, dir, "established")?;
    let node = bench.start()?;
    for i in 0..calls {
        bench.caller.invite("2000", bench.spec.sip);
        if i % 8 == 0 {
            bench.poll();
        }
    }
    let all_up = bench.until(ANSWERED_WITHIN, |b| {
        b.caller.count(Phase::Up) == calls && b.callee.count(Phase::Up) == calls
    });
    ensure(all_up, || {
        format!(
            "of {calls} calls {} came up at the caller, {} at the callee, where {} wait for their ACK",
            bench.caller.count(Phase::Up),
            bench.callee.count(Phase::Up),
            bench.callee.count(Phase::Answered)
        )
    })?;
    bench.kill(node)?;
    let node = bench.start()?;
    let (ready, started) = (node.ready_after, Instant::now());
    let ended = bench.hang_up()?;
    bench.expect_none_lost(calls)?;
    ensure(
        lost(&bench.callee) == 0 && bench.callee.count(Phase::Up) == 0,
        || {
            format!(
                "callee: {} calls still up, {} lost",
                bench.callee.count(Phase::Up),
                lost(&bench.callee)
            )
        },
    )?;
    super::expect_empty(&node, Duration::from_secs(40))?;
    Ok(format!(
        "{ended} calls up before the kill, all ended after it; ready after {ready:?}, all BYEs answered {:?} later",
        started.elapsed()
    ))
}

/// A call whose longest duration passes while the node is down is ended on both legs within 1 s of the restart.
///
/// # Errors
/// What did not hold.
pub fn overdue(kill: &Kill, dir: &Path) -> Result<String> {
    let mut bench = Bench::new(kill, dir, "overdue")?;
    bench.spec.max_call = "3s".to_owned();
    let node = bench.start()?;
    bench.caller.invite("2000", bench.spec.sip);
    let begun = Instant::now();
    let up = bench.until(ANSWERED_WITHIN, |b| {
        b.caller.count(Phase::Up) == 1 && b.callee.count(Phase::Up) == 1
    });
    ensure(up, || "the call did not come up".to_owned())?;
    bench.kill(node)?;
    bench.until(Duration::from_secs(10), |_| {
        begun.elapsed() > Duration::from_secs(4)
    });
    let _node = bench.start()?;
    let ready = Instant::now();
    let ended = bench.until(Duration::from_secs(1), |b| {
        b.caller.count(Phase::Ended) == 1 && b.callee.count(Phase::Ended) == 1
    });
    ensure(ended, || {
        "a call that was overdue at the restart was not ended on both legs within 1 s".to_owned()
    })?;
    Ok(format!(
        "overdue call ended on both legs {:?} after readiness",
        ready.elapsed()
    ))
}

/// Kills at random moments under `rate` calls a second, `rounds` times: no acknowledged call is lost.
///
/// # Errors
/// What did not hold; the seed is in the text.
pub fn random(rounds: u32, rate: u32, seed: u64, kill: &Kill, dir: &Path) -> Result<String> {
    let mut bench = Bench::new(kill, dir, "random")?;
    let mut state = seed;
    let mut acknowledged = 0;
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        let node = bench.start()?;
        slowest = slowest.max(node.ready_after);
        let span = Duration::from_millis(500 + next(&mut state) % 2500);
        let begun = Instant::now();
        let mut made = 0;
        while begun.elapsed() < span {
            if begun.elapsed().as_millis() * u128::from(rate) / 1000 > made {
                bench.caller.invite("2000", bench.spec.sip);
                made += 1;
            }
            bench.poll();
        }
        bench.kill(node)?;
        let node = bench.start()?;
        slowest = slowest.max(node.ready_after);
        // Calls that were being set up when the node died come to an end of their own; they were not acknowledged.
        let calls = bench.caller.count(Phase::Up);
        acknowledged += bench.hang_up().map_err(|e| named(&e, seed, round))?;
        bench
            .expect_none_lost(calls)
            .map_err(|e| named(&e, seed, round))?;
        bench.caller.calls.clear();
        bench.callee.calls.clear();
        bench.kill(node)?;
    }
    Ok(format!(
        "seed {seed}: {rounds} kills under {rate} calls/s, {acknowledged} acknowledged calls, none lost; slowest start {slowest:?}"
    ))
}

fn named(error: &crate::RunError, seed: u64, round: u32) -> crate::RunError {
    crate::RunError::Broken(format!("seed {seed}, round {round}: {error}").into())
}

/// SplitMix64.
pub(super) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
