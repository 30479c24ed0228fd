//! Ten times as much as a node can do, for a minute: it does nearly as much as it can, whoever is taken is taken soon, emergency
//! calls all are, and all is well as soon as the load falls.
//!
//! The node is held to a tenth of a core by being stopped for 18 of each 20 ms, which takes no rights, so that who calls has the
//! time to. Each call takes two milliseconds of the processor in the service of `strowger-faulty`, beside what the node itself takes:
//! by a clock on the wall, one that is stopped in between would be done for nothing, which is no measure of what the node can do.

use super::{expect_empty, spec};
use crate::error::{Result, RunError, ensure};
use crate::node::{FAULTY, Node, NodeSpec};
use crate::peer::{Link, Peer, Phase};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Of each period the node runs for so long.
const PERIOD: Duration = Duration::from_millis(20);
const RUNS: Duration = Duration::from_millis(2);

/// What an emergency call is for here, since the service leaves numbers to others; and that one call of the flood in so many is one.
const EMERGENCY: &str = "police";
const ONE_IN: u32 = 250;

/// Rates at which it is looked for what the node can do, calls a second.
const RATES: [u32; 7] = [15, 20, 25, 30, 40, 50, 65];
/// How soon all must be as before, and how long it is looked at.
const NORMAL_WITHIN: Duration = Duration::from_secs(2);
const LOOKED_FOR: Duration = Duration::from_secs(6);
/// What a call that is taken may wait, of 99 in 100.
const SOON: Duration = Duration::from_millis(200);
/// Above this a sync of the node's disk is told of: whose disk stands still has late calls.
const SLOW_SYNC: Duration = Duration::from_millis(100);
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Flood {
    /// How long each rate is tried.
    pub stage: Duration,
    /// So many times the most that was done is offered.
    pub times: u32,
    /// For so long.
    pub lasts: Duration,
    /// Octet of the loopback address.
    pub host: u8,
}

/// See the module.
///
/// # Errors
/// What did not hold.
pub fn flooded(size: Flood, dir: &Path) -> Result<String> {
    let spec = configured(size.host, dir);
    let node = Node::start(&spec)?;
    let held = Held::hold(node.pid())?;
    let me = SocketAddr::from((spec.sip.ip(), 5080));
    let mut scene = Scene {
        peer: Peer::new(Link::udp(me)?, me),
        node: spec.sip,
        made: Vec::new(),
    };
    let mut most = Done::default();
    for rate in RATES {
        let done = scene.stage(rate, size.stage)?;
        if done.rate > most.rate {
            most = done;
        }
    }
    let offered = (most.rate * f64::from(size.times)) as u32;
    scene.begin()?;
    let begun = Instant::now();
    scene.offer(offered, size.lasts, ONE_IN);
    let flood = scene.done(begun.elapsed());
    let normal = scene.normal((most.rate * 0.5) as u32)?;
    scene.end_all()?;
    held.release()?;
    let urgent = scene.urgent();
    let status = node.status()?;
    let counters = &status["adaptors"][0]["counters"];
    let dropped = counters["sip.unanswered"].as_u64().unwrap_or_default();
    let (slow, syncs) = slow_syncs(&status["store"]["sync_times"]);
    let told = format!(
        "at best {:.1}/s with p99 {:?}; {offered}/s for {:?}: {:.1}/s ({:.0} %) with p99 {:?}, {} refused, {} without an answer yet, {dropped} INVITEs dropped; \
         {} of {} emergency calls taken; as before after {normal:?}; {slow} of {syncs} syncs of its disk took more than {SLOW_SYNC:?}",
        most.rate,
        most.p99,
        size.lasts,
        flood.rate,
        flood.rate * 100.0 / most.rate,
        flood.p99,
        flood.refused,
        flood.unanswered,
        urgent.0,
        urgent.1,
    );
    let good = flood.rate >= most.rate * 0.9
        && flood.p99 < SOON
        && urgent.1 > 0
        && urgent.0 == urgent.1
        && normal <= NORMAL_WITHIN;
    ensure(good, || told.clone())?;
    expect_empty(&node, SETTLED_WITHIN)?;
    Ok(told)
}

/// How many syncs took long, of how many.
fn slow_syncs(times: &serde_json::Value) -> (u64, u64) {
    let list = |name: &str| {
        let list = times[name].as_array().into_iter().flatten();
        list.map(|n| n.as_u64().unwrap_or_default())
            .collect::<Vec<_>>()
    };
    let (bounds, counts) = (list("le_ns"), list("counts"));
    let quick = bounds.partition_point(|le| u128::from(*le) <= SLOW_SYNC.as_nanos());
    let slow = counts.iter().skip(quick).sum();
    (slow, counts.iter().sum())
}

fn configured(host: u8, dir: &Path) -> NodeSpec {
    let mut spec = spec(host, dir, "flood");
    spec.binary = FAULTY;
    spec.whole = Some(format!(
        "[node]\ndata_dir = \"{}\"\n[adaptors.sip]\n[adaptors.sip.settings.emergency]\nnumbers = [\"{EMERGENCY}\"]\n\
         [adaptors.sip.settings.listeners.udp]\ntransport = \"udp\"\nbind = \"{}\"\n[services.faulty]\n",
        spec.data.display(),
        spec.sip,
    ));
    spec
}

/// What came of the calls of a while.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    /// Calls a second that came up, but for emergency calls, which cost the service nothing.
    rate: f64,
    p99: Duration,
    refused: usize,
    unanswered: usize,
}

struct Scene {
    peer: Peer,
    node: SocketAddr,
    /// Calls of this while: whether each is an emergency call.
    made: Vec<(String, bool)>,
}

impl Scene {
    fn stage(&mut self, rate: u32, lasts: Duration) -> Result<Done> {
        self.begin()?;
        let begun = Instant::now();
        self.offer(rate, lasts, u32::MAX);
        Ok(self.done(begun.elapsed()))
    }

    /// Nothing is left of the calls before.
    fn begin(&mut self) -> Result {
        self.end_all()?;
        self.peer.calls.clear();
        self.made.clear();
        Ok(())
    }

    /// Calls that end as soon as they are up, one in `urgent` of them an emergency call.
    fn offer(&mut self, rate: u32, lasts: Duration, urgent: u32) {
        let (begun, mut looked) = (Instant::now(), Instant::now());
        let mut made = 0_u32;
        while begun.elapsed() < lasts {
            let due = begun.elapsed().as_millis() * u128::from(rate) / 1_000;
            while u128::from(made) < due {
                made += 1;
                let urgent = made.is_multiple_of(urgent);
                self.call(if urgent { EMERGENCY } else { "heavy" }, urgent);
            }
            self.peer.poll(Duration::from_millis(1));
            if looked.elapsed() > Duration::from_millis(100) {
                looked = Instant::now();
                self.end_those_that_are_up();
            }
        }
    }

    fn call(&mut self, user: &str, urgent: bool) {
        let id = self.peer.invite(user, self.node);
        self.made.push((id, urgent));
    }

    fn end_those_that_are_up(&mut self) {
        let calls = self.peer.calls.iter();
        let up = calls.filter(|(_, call)| call.phase == Phase::Up);
        for id in up.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.peer.bye(&id);
        }
    }

    /// Ends every call, also those that come up only now.
    fn end_all(&mut self) -> Result {
        let deadline = Instant::now() + SETTLED_WITHIN;
        let open = |peer: &Peer| {
            let open = [Phase::Calling, Phase::Up, Phase::Ending];
            open.iter().map(|phase| peer.count(*phase)).sum::<usize>()
        };
        while open(&self.peer) > 0 {
            ensure(Instant::now() < deadline, || {
                format!("{} calls without an end", open(&self.peer))
            })?;
            self.end_those_that_are_up();
            self.peer.poll(Duration::from_millis(20));
        }
        Ok(())
    }

    fn done(&self, took: Duration) -> Done {
        let calls = || {
            self.made
                .iter()
                .filter_map(|(id, _)| self.peer.calls.get(id))
        };
        let mut waited: Vec<Duration> = calls().filter_map(|call| call.up_after).collect();
        waited.sort_unstable();
        let count = |phase| calls().filter(|call| call.phase == phase).count();
        Done {
            rate: (waited.len() - self.urgent().0) as f64 / took.as_secs_f64(),
            p99: waited
                .get(waited.len() * 99 / 100)
                .copied()
                .unwrap_or_default(),
            refused: count(Phase::Failed(503)),
            unanswered: count(Phase::Calling),
        }
    }

    /// How long after the flood a call was last made that was not taken soon, at a rate that the node can do.
    fn normal(&mut self, rate: u32) -> Result<Duration> {
        let begun = Instant::now();
        let (mut made, mut looked) = (Vec::new(), begun);
        while begun.elapsed() < LOOKED_FOR {
            let due = begun.elapsed().as_millis() * u128::from(rate.max(1)) / 1_000;
            if (made.len() as u128) < due {
                made.push((begun.elapsed(), self.peer.invite("heavy", self.node)));
            }
            self.peer.poll(Duration::from_millis(1));
            if looked.elapsed() > Duration::from_millis(100) {
                looked = Instant::now();
                self.end_those_that_are_up();
            }
        }
        self.end_all()?;
        let late = made.iter().filter(|(_, id)| {
            let call = self.peer.calls.get(id);
            call.and_then(|call| call.up_after)
                .is_none_or(|after| after > SOON)
        });
        // The next one was taken.
        let last = late.map(|(at, _)| *at).max();
        Ok(last.map_or(Duration::ZERO, |at| {
            at + Duration::from_secs(1) / rate.max(1)
        }))
    }

    /// Emergency calls that were taken, and all of them.
    fn urgent(&self) -> (usize, usize) {
        let urgent = || self.made.iter().filter(|(_, urgent)| *urgent);
        let taken = urgent().filter_map(|(id, _)| self.peer.calls.get(id));
        (taken.filter(|call| call.was_up()).count(), urgent().count())
    }
}

/// A process that runs for part of the time.
struct Held {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<nix::Result<()>>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

impl Held {
    fn hold(pid: u32) -> Result<Self> {
        let pid = i32::try_from(pid).map_err(|_| RunError::Broken("no process id".into()))?;
        let (pid, over) = (Pid::from_raw(pid), Arc::new(AtomicBool::new(false)));
        let until = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let mut next = Instant::now();
            while !until.load(Ordering::Relaxed) {
                kill(pid, Signal::SIGCONT)?;
                pass(RUNS);
                kill(pid, Signal::SIGSTOP)?;
                next += PERIOD;
                pass(next.saturating_duration_since(Instant::now()));
            }
            kill(pid, Signal::SIGCONT)
        });
        let thread = Some(thread);
        Ok(Self { over, thread })
    }

    fn release(mut self) -> Result {
        self.over.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        let broken = |what: &str| RunError::Broken(what.to_owned().into());
        ended
            .transpose()
            .map_err(|_| broken("the thread that holds the node panicked"))?
            .transpose()
            .map_err(|error| broken(&format!("the node cannot be held: {error}")))?;
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "time is what the node is given and denied here"
)]
fn pass(time: Duration) {
    thread::sleep(time);
}
