//! A disk that is full for a while, under calls: new ones are refused as the protocol says, those that are up end as ever,
//! nothing that was acknowledged is lost, and when there is space again all is well without a hand.

use super::Transport::Udp;
use super::callers::Callers;
use super::kill::{Bench, Kill, phases};
use super::{RINGS_FOR, RINGS_ON, expect_empty};
use crate::error::{Result, RunError, ensure};
use crate::node::Node;
use crate::peer::Phase;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use strowger_disks::Quota;

/// What the node's files have at first, and after all.
const ROOM: u64 = 256 << 20;
/// Segments so small that the store comes to the end of what it has set aside.
const STORE: &str = "[store]\nsegment_bytes = \"1MiB\"\ncheckpoint_bytes = \"1MiB\"\n";
/// Calls that end by themselves last so long.
const LASTS: Duration = Duration::from_secs(1);
/// How soon the node says that space is low, also if it writes nothing; and that it is there again.
const NOTICED_WITHIN: Duration = Duration::from_secs(10);
const BACK_WITHIN: Duration = Duration::from_secs(2);
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// How long a supervisor waits before it starts a node again.
const RESTARTED_AFTER: Duration = Duration::from_secs(1);

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct FullDisk {
    /// Calls a second, before, during and after.
    pub rate: u32,
    /// Calls that are up before. Half of them are ended while the disk is full.
    pub held: usize,
    /// For how long there is no space.
    pub full: Duration,
    /// Octet of the loopback address.
    pub host: u8,
}

struct Scene {
    callers: Callers,
    quota: Rc<Quota>,
    held: Vec<String>,
}

/// Somebody else fills the disk; the store lives on its reserve.
///
/// # Errors
/// What did not hold.
pub fn filled(size: FullDisk, dir: &Path) -> Result<String> {
    let mut scene = Scene::new(
        size,
        dir,
        "filled",
        "low_water = \"16MiB\"\nreserve = \"16MiB\"\n",
    )?;
    let mut node = scene.callers.bench.start()?;
    scene.hold(size.held)?;
    scene.callers.offer(Duration::from_secs(3));
    scene.quota.resize(scene.quota.used()?)?;
    let begun = Instant::now();
    scene.offer_until(&node, NOTICED_WITHIN, "low-space is not told of", is_low)?;
    let noticed = begun.elapsed();
    // What was taken a moment before reaches its callee.
    scene.callers.offer(Duration::from_secs(1));
    let refused_before = scene.refused();
    let taken_before = scene.callers.bench.callee.calls.len();
    scene.end_half(size.full)?;
    ensure(node.ended()?.is_none(), || {
        "the node ended, though it had a reserve".to_owned()
    })?;
    let (refused, taken) = (
        scene.refused() - refused_before,
        scene.callers.bench.callee.calls.len() - taken_before,
    );
    ensure(refused > 0 && taken == 0, || {
        format!("with a full disk {taken} new calls were taken and {refused} refused")
    })?;
    let alarm = has_alarm(&node.status()?);
    ensure(alarm, || "no alarm of low space stands".to_owned())?;
    scene.quota.resize(ROOM)?;
    let begun = Instant::now();
    let gone = |status: &serde_json::Value| !is_low(status);
    scene.offer_until(&node, BACK_WITHIN, "low-space is told of still", gone)?;
    let back = begun.elapsed();
    let taken = scene.callers.bench.callee.calls.len();
    scene.callers.offer(Duration::from_secs(2));
    ensure(scene.callers.bench.callee.calls.len() > taken, || {
        "no new call is taken where there is space again".to_owned()
    })?;
    ensure(!has_alarm(&node.status()?), || {
        "the alarm stands, though there is space".to_owned()
    })?;
    let calls = scene.end_all(&node)?;
    Ok(format!(
        "full for {:?}: noticed after {noticed:.0?}, {refused} new calls refused with 503, none taken; well again {back:.0?} \
         after there was space; {calls} calls, none lost",
        size.full
    ))
}

/// The same where space goes too fast to be low first, and nothing is set aside: the store fails, the process ends, and what
/// watches it starts it again, and again, until there is space.
///
/// # Errors
/// What did not hold.
pub fn failed(size: FullDisk, dir: &Path) -> Result<String> {
    let mut scene = Scene::new(
        size,
        dir,
        "failed",
        "low_water = \"0B\"\nreserve = \"0B\"\n",
    )?;
    let mut node = scene.callers.bench.start()?;
    scene.hold(size.held)?;
    scene.callers.offer(Duration::from_secs(3));
    scene.quota.resize(0)?;
    let begun = Instant::now();
    while node.ended()?.is_none() {
        ensure(begun.elapsed() < size.full, || {
            "the store never came to the end of its space".to_owned()
        })?;
        scene.callers.turn();
    }
    let status = node.wait(SETTLED_WITHIN)?;
    ensure(status.code() == Some(74), || {
        format!("it ended with {status}, which is not that of a store that failed")
    })?;
    let mut watch = Watch {
        running: None,
        tried: Instant::now(),
        starts: 0,
        ends: 1,
    };
    while begun.elapsed() < size.full {
        scene.callers.turn();
        watch.look(&mut scene)?;
    }
    scene.quota.resize(ROOM)?;
    let node = loop {
        scene.callers.turn();
        watch.look(&mut scene)?;
        if let Some(node) = watch.running.take() {
            break node;
        }
        ensure(begun.elapsed() < size.full + SETTLED_WITHIN, || {
            format!("it was started {} times, and does not serve", watch.starts)
        })?;
    };
    let Watch { starts, ends, .. } = watch;
    let back = begun.elapsed().saturating_sub(size.full);
    scene.callers.offer(Duration::from_secs(2));
    let calls = scene.end_all(&node)?;
    Ok(format!(
        "full for {:?}: the process ended {ends} times and was started {starts} times; it served {back:.1?} after there was \
         space; {calls} calls, none lost",
        size.full
    ))
}

/// What starts the node again whenever it has ended.
struct Watch {
    running: Option<Node>,
    tried: Instant,
    starts: u32,
    ends: u32,
}

impl Watch {
    fn look(&mut self, scene: &mut Scene) -> Result {
        if let Some(node) = &mut self.running {
            if node.ended()?.is_some() {
                (self.running, self.tried) = (None, Instant::now());
                self.ends += 1;
            }
        } else if self.tried.elapsed() >= RESTARTED_AFTER {
            self.starts += 1;
            self.running = scene.restarted()?;
            self.tried = Instant::now();
        }
        Ok(())
    }
}

impl Scene {
    fn new(size: FullDisk, dir: &Path, name: &str, store: &str) -> Result<Self> {
        let kill = Kill {
            transport: Udp,
            host: size.host,
            powercut: false,
        };
        let mut bench = Bench::new(&kill, dir, name)?;
        bench.callee.rings_for = RINGS_FOR;
        for more in [RINGS_ON, STORE, store] {
            bench.spec.more.push_str(more);
        }
        let quota = Quota::new(&bench.spec.data, &dir.join(format!("{name}.size")), ROOM)?;
        let quota = Rc::new(quota);
        bench.spec.quota = Some(Rc::clone(&quota));
        Ok(Self {
            callers: Callers::new(bench, size.rate, LASTS),
            quota,
            held: Vec::new(),
        })
    }

    fn hold(&mut self, calls: usize) -> Result {
        for _ in 0..calls {
            let id = self
                .callers
                .bench
                .caller
                .invite("2000", self.callers.bench.spec.sip);
            self.held.push(id);
            self.callers.bench.poll();
        }
        let up = self.callers.bench.until(SETTLED_WITHIN, |b| {
            b.caller.count(Phase::Up) == calls && b.callee.count(Phase::Up) == calls
        });
        ensure(up, || "the calls before did not come up".to_owned())
    }

    fn offer_until(
        &mut self,
        node: &Node,
        within: Duration,
        what: &str,
        holds: impl Fn(&serde_json::Value) -> bool,
    ) -> Result {
        let begun = Instant::now();
        while !holds(&node.status()?) {
            ensure(begun.elapsed() < within, || what.to_owned())?;
            self.callers.offer(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Offers calls for so long, and ends half of those that are held meanwhile: each is answered.
    fn end_half(&mut self, long: Duration) -> Result {
        let half = self.held.split_off(self.held.len() / 2);
        let (begun, mut ended) = (Instant::now(), 0);
        while begun.elapsed() < long {
            let due = begun.elapsed().as_millis() * half.len() as u128 / long.as_millis().max(1);
            for id in half.iter().take(due as usize).skip(ended) {
                self.callers.bench.caller.bye(id);
            }
            ended = due as usize;
            self.callers.turn();
        }
        for id in &half[ended.min(half.len())..] {
            self.callers.bench.caller.bye(id);
        }
        let answered = self.callers.bench.until(SETTLED_WITHIN, |b| {
            half.iter().all(|id| {
                b.caller
                    .calls
                    .get(id)
                    .is_some_and(|c| c.phase == Phase::Ended)
            })
        });
        ensure(answered, || {
            let phases = phases(&self.callers.bench.caller);
            format!("a BYE was not answered while the disk was full: {phases}")
        })
    }

    /// The node, if it comes to serve.
    fn restarted(&mut self) -> Result<Option<Node>> {
        match self.callers.bench.start() {
            Ok(node) => Ok(Some(node)),
            Err(RunError::Ended { status, log }) => {
                // Those that a supervisor takes for an end that a restart does not mend.
                let mends = !matches!(status.code(), Some(2..=4));
                ensure(mends, || {
                    format!("nobody starts it again after {status}: {log}")
                })?;
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    fn refused(&self) -> usize {
        self.callers.bench.caller.count(Phase::Failed(503))
    }

    /// Ends all that is up; nobody may have lost a call that was acknowledged, and nothing is left.
    fn end_all(&mut self, node: &Node) -> Result<usize> {
        let calls = self.callers.end_all()?;
        expect_empty(node, SETTLED_WITHIN)?;
        Ok(calls)
    }
}

fn is_low(status: &serde_json::Value) -> bool {
    let refusing = status["refusing"].as_array();
    refusing.is_some_and(|why| why.iter().any(|why| why == "low-space"))
}

fn has_alarm(status: &serde_json::Value) -> bool {
    let alarms = status["alarms"].as_array();
    alarms.is_some_and(|alarms| alarms.iter().any(|alarm| alarm["name"] == "low_space"))
}
