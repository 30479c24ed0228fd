//! Three times as much as a node can work off: 503 with Retry-After for part of the new calls, everything within calls goes
//! on, and all is well as soon as the load falls.
//!
//! The service of the binary `strowger-faulty` takes two milliseconds of the node's time for each call to `slow`, so that
//! what is too much for the node is little for whoever calls, on any machine and however busy it is.

use super::{expect_empty, spec};
use crate::error::{Result, ensure};
use crate::node::{FAULTY, Node, NodeSpec};
use crate::peer::{Link, Peer, Phase};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a call takes of the node's time bounds how many there can be in a second.
const MOST: u32 = 500;
/// How long a rate is tried that may be the clean one.
const TRIED_FOR: Duration = Duration::from_secs(3);
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// Calls that were taken last for so long, so that their BYE falls into the flood, too.
const LASTS: Duration = Duration::from_secs(1);

/// What an emergency call is for here, since the service leaves numbers to others; and that one call in so many is one.
const EMERGENCY: &str = "police";
const ONE_IN: u32 = 20;

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Overload {
    /// Calls that are up before the flood and are ended during it.
    pub held: usize,
    /// It goes on for at least so long, and until as many as `refused` calls were refused.
    pub flood: Duration,
    /// How many refusals must be seen.
    pub refused: usize,
    /// How soon after it a new call must be taken.
    pub recovered_within: Duration,
    /// Whether the clean rate is measured before, and must go on to 80 % during the flood. Needs a machine at rest.
    pub measured: bool,
    /// Octet of the loopback address.
    pub host: u8,
}

struct Scene {
    peer: Peer,
    node: SocketAddr,
    /// Calls of the flood, and when each came up.
    up: Vec<(String, Instant)>,
    /// Emergency calls.
    urgent: Vec<String>,
}

/// Three times the clean rate.
///
/// # Errors
/// What did not hold.
pub fn tripled(size: Overload, dir: &Path) -> Result<String> {
    let spec = configured(size, dir);
    let node = Node::start(&spec)?;
    let me = SocketAddr::from((spec.sip.ip(), 5080));
    let mut scene = Scene {
        peer: Peer::new(Link::udp(me)?, me),
        node: spec.sip,
        up: Vec::new(),
        urgent: Vec::new(),
    };
    let clean = if size.measured {
        scene.clean_rate()?
    } else {
        MOST
    };
    let held = scene.hold(size.held)?;
    let begun = Instant::now();
    scene.flood(size, clean * 3, held)?;
    let took = begun.elapsed();
    let recovered = scene.recover(size.recovered_within)?;
    scene.end_all()?;
    let outcome = scene.outcome(size, clean, took)?;
    let status = node.wait_status(SETTLED_WITHIN, |status| {
        status["refusing"] == serde_json::json!([])
    })?;
    ensure(status["overloads"].as_u64() >= Some(1), || {
        format!("no overload is told of: {status}")
    })?;
    expect_empty(&node, SETTLED_WITHIN)?;
    Ok(format!(
        "{outcome}; a new call taken {recovered:?} after it; resident {} KiB",
        node.resident_kib()?
    ))
}

fn configured(size: Overload, dir: &Path) -> NodeSpec {
    let mut spec = spec(size.host, dir, "overload");
    spec.binary = FAULTY;
    spec.whole = Some(format!(
        "[node]\ndata_dir = \"{}\"\n[overload]\ntarget = \"20ms\"\ninterval = \"100ms\"\n\
         [adaptors.sip]\n[adaptors.sip.settings]\nretry_after = \"3s\"\n\
         [adaptors.sip.settings.emergency]\nnumbers = [\"{EMERGENCY}\"]\n[adaptors.sip.settings.listeners.udp]\ntransport = \"udp\"\nbind = \"{}\"\n[services.faulty]\n",
        spec.data.display(),
        spec.sip,
    ));
    spec
}

impl Scene {
    /// The highest rate of those tried at which every call is taken.
    fn clean_rate(&mut self) -> Result<u32> {
        let mut clean = 0;
        for rate in (1..=8).map(|eighths| MOST * eighths / 10) {
            self.peer.calls.clear();
            let begun = Instant::now();
            let mut made = 0;
            while begun.elapsed() < TRIED_FOR {
                self.call(rate, begun, &mut made);
                self.peer.poll(Duration::from_millis(1));
            }
            let taken = |peer: &Peer| peer.count(Phase::Up) as u32 == made;
            let all = self.peer.until(Duration::from_secs(1), taken);
            self.end_all()?;
            if !all {
                break;
            }
            clean = rate;
        }
        self.peer.calls.clear();
        ensure(clean > 0, || "no rate is clean".to_owned())?;
        Ok(clean)
    }

    /// Ends every call, also those that come up only now.
    fn end_all(&mut self) -> Result {
        let deadline = Instant::now() + SETTLED_WITHIN;
        let open =
            |peer: &Peer| [Phase::Calling, Phase::Up, Phase::Ending].map(|phase| peer.count(phase));
        while open(&self.peer) != [0; 3] {
            ensure(Instant::now() < deadline, || {
                let [calling, up, ending] = open(&self.peer);
                format!("calls without an end: {calling} calling, {up} up, {ending} ending")
            })?;
            for id in self.ids(Phase::Up) {
                self.peer.bye(&id);
            }
            self.peer.poll(Duration::from_millis(5));
        }
        Ok(())
    }

    fn ids(&self, phase: Phase) -> Vec<String> {
        let calls = self.peer.calls.iter().filter(|(_, c)| c.phase == phase);
        calls.map(|(id, _)| id.clone()).collect()
    }

    /// Makes as many calls as are due.
    fn call(&mut self, rate: u32, begun: Instant, made: &mut u32) {
        let due = begun.elapsed().as_millis() * u128::from(rate) / 1000;
        // A process that was held up does not make up for it at once.
        let due = due.min(u128::from(*made) + 50);
        while u128::from(*made) < due {
            if made.is_multiple_of(ONE_IN) {
                let id = self.peer.invite(EMERGENCY, self.node);
                self.urgent.push(id);
            } else {
                self.peer.invite("slow", self.node);
            }
            *made += 1;
        }
    }

    fn hold(&mut self, calls: usize) -> Result<Vec<String>> {
        for _ in 0..calls {
            self.peer.invite("plain", self.node);
            self.peer.poll(Duration::from_millis(1));
        }
        let up = self
            .peer
            .until(SETTLED_WITHIN, |peer| peer.count(Phase::Up) == calls);
        ensure(up, || {
            "the calls before the flood did not come up".to_owned()
        })?;
        Ok(self.ids(Phase::Up))
    }

    /// Calls at `rate` a second. Those that are taken end after a while, and so do `held`, spread over the flood.
    fn flood(&mut self, size: Overload, rate: u32, mut held: Vec<String>) -> Result {
        let begun = Instant::now();
        let (mut made, all) = (0, held.len());
        let refused = |peer: &Peer| peer.count(Phase::Failed(503));
        let mut looked = begun;
        let enough = |peer: &Peer| refused(peer) >= size.refused;
        while begun.elapsed() < size.flood || !held.is_empty() || !enough(&self.peer) {
            ensure(begun.elapsed() < size.flood + SETTLED_WITHIN, || {
                format!("{made} calls, {} of them refused", refused(&self.peer))
            })?;
            self.call(rate, begun, &mut made);
            self.peer.poll(Duration::from_millis(1));
            let due = begun.elapsed().as_millis() * all as u128 / size.flood.as_millis().max(1);
            while ((all - held.len()) as u128) < due
                && let Some(id) = held.pop()
            {
                self.peer.bye(&id);
            }
            if looked.elapsed() > Duration::from_millis(100) {
                looked = Instant::now();
                self.end_those_of_the_flood(&held);
            }
        }
        Ok(())
    }

    fn end_those_of_the_flood(&mut self, held: &[String]) {
        let now = Instant::now();
        for id in self.ids(Phase::Up) {
            let known = held.contains(&id) || self.up.iter().any(|(of, _)| *of == id);
            if !known {
                self.up.push((id, now));
            }
        }
        let over = self.up.extract_if(.., |(_, since)| *since + LASTS <= now);
        for (id, _) in over.collect::<Vec<_>>() {
            self.peer.bye(&id);
        }
    }

    /// Nothing new is sent but one call after the other, until one is taken.
    fn recover(&mut self, within: Duration) -> Result<Duration> {
        let begun = Instant::now();
        loop {
            let id = self.peer.invite("plain", self.node);
            let left = within.saturating_sub(begun.elapsed());
            let phase = |peer: &Peer| peer.calls.get(&id).map(|call| call.phase);
            self.peer
                .until(left, |peer| phase(peer) != Some(Phase::Calling));
            if phase(&self.peer) == Some(Phase::Up) {
                let took = begun.elapsed();
                return Ok(took);
            }
            ensure(begun.elapsed() < within, || {
                format!("no call was taken within {within:?} after the flood")
            })?;
        }
    }

    fn outcome(&self, size: Overload, clean: u32, took: Duration) -> Result<String> {
        let calls = || self.peer.calls.values();
        let ended = calls().filter(|c| c.phase == Phase::Ended).count();
        let lost = calls()
            .filter(|c| c.was_up() && c.phase != Phase::Ended)
            .count();
        ensure(lost * 1_000 <= ended, || {
            format!("{lost} of {} calls did not end properly", ended + lost)
        })?;
        let refused = calls().filter(|c| c.phase == Phase::Failed(503));
        let asked: Vec<Option<u32>> = refused.map(|c| c.retry_after).collect();
        let proper = |after: &Option<u32>| after.is_some_and(|s| (3..=6).contains(&s));
        ensure(asked.iter().all(proper), || {
            format!("a 503 without a proper Retry-After: {asked:?}")
        })?;
        let urgent = self.urgent.iter().filter_map(|id| self.peer.calls.get(id));
        let (urgent, taken): (Vec<_>, Vec<_>) = urgent.map(|c| (c, c.was_up())).unzip();
        ensure(
            !urgent.is_empty() && taken.iter().all(|taken| *taken),
            || {
                let phases: Vec<Phase> = urgent.iter().map(|c| c.phase).collect();
                format!("emergency calls that were not taken: {phases:?}")
            },
        )?;
        let other: Vec<Phase> = calls()
            .map(|c| c.phase)
            .filter(|phase| !matches!(phase, Phase::Ended | Phase::Failed(503)))
            .collect();
        ensure(other.len() * 1_000 <= calls().count(), || {
            format!("calls that were neither taken nor refused: {other:?}")
        })?;
        let rate = (ended - size.held.min(ended)) as f64 / took.as_secs_f64();
        ensure(!size.measured || rate >= f64::from(clean) * 0.8, || {
            format!("only {rate:.0} calls a second of {clean} went through")
        })?;
        Ok(format!(
            "clean at {clean}/s, flooded with {}/s for {took:.1?}: {rate:.0}/s taken, {} refused, {lost} of {ended} lost; {} emergency calls taken",
            clean * 3,
            asked.len(),
            taken.len(),
        ))
    }
}
