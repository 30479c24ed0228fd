//! A service that loops beside the B2BUA under calls: found, left out, and no call of the other one is lost.
//!
//! It loops twice: when a timer of a call fires, which costs that delivery and not the call; and when it is called, after which
//! it is called no more.

use super::callers::Callers;
use super::kill::Bench;
use super::load::Load;
use super::{RINGS_FOR, RINGS_ON, Transport, expect_empty, spec};
use crate::error::{Result, ensure, io};
use crate::node::{FAULTY, Node, NodeSpec};
use crate::peer::{Link, Peer, Phase};
use nix::sys::signal::Signal;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

/// Time between two questions whether the node is there.
const EVERY: Duration = Duration::from_millis(10);
/// What the node says when it has found a loop.
const FOUND: &str = "the process starts again without that delivery";
/// A node that has been silent for so long does not get to anything else.
const SILENT: Duration = Duration::from_millis(150);
/// What nothing takes that goes well.
const PATIENCE: Duration = Duration::from_secs(60);

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Looping {
    /// The B2BUA's calls, over UDP.
    pub load: Load,
    /// A loop is to be found within this time.
    pub found: Duration,
    /// After that the node is to serve again within this time.
    pub serves: Duration,
}

/// What a loop cost.
#[derive(Clone, Copy, Debug)]
struct Outage {
    /// From the beginning of the turn until it was found, as the node says.
    found: Duration,
    /// Between two answers.
    silent: Duration,
}

/// A service loops while the B2BUA has calls.
///
/// # Errors
/// What did not hold.
pub fn left_out(size: Looping, dir: &Path) -> Result<String> {
    let mut spec = beside_b2bua(size.load.host, dir, "looping", "");
    spec.whole.get_or_insert_default().push_str(RINGS_ON);
    let node = Node::start(&spec)?;
    let mut scene = Scene::new(spec, size.load)?;
    let third = Duration::from_secs(u64::from(size.load.seconds) / 3);
    scene.watch(third)?;
    let (call, in_call) = scene.loops("loops-later", &node, 1)?;
    scene.expect_left_out(&node, &call)?;
    scene.watch(third)?;
    let (call, new) = scene.loops("loops", &node, 2)?;
    let refused = scene.expect_no_more(&node, &call)?;
    scene.watch(third)?;
    for outage in [in_call, new] {
        size.expect(outage)?;
    }
    let up = scene.callers.end_all()?;
    let calls = scene.callers.bench.caller.calls.len();
    ensure(up == calls, || {
        format!("of {calls} calls beside it only {up} came up")
    })?;
    expect_empty(&node, PATIENCE)?;
    Ok(format!(
        "{calls} calls at {}/s beside it, all came up and ended; in a call: {in_call}; in new work: {new}, the next one answered {refused}",
        size.load.rate
    ))
}

/// A node with the B2BUA and the service that fails as its callers ask; `more` is said of that service.
pub(super) fn beside_b2bua(host: u8, dir: &Path, name: &str, more: &str) -> NodeSpec {
    let mut spec = spec(host, dir, name);
    spec.binary = FAULTY;
    spec.whole = Some(format!(
        "[node]\ndata_dir = \"{}\"\n[adaptors.sip]\n[adaptors.sip.settings.listeners.udp]\ntransport = \"udp\"\nbind = \"{}\"\n\
         [services.b2bua]\ndurability = \"strict\"\n[services.b2bua.settings]\nroutes = [{{ prefix = \"2\", target = \"{}\" }}]\n\
         [services.faulty]\ndurability = \"strict\"\n{more}",
        spec.data.display(),
        spec.sip,
        spec.target,
    ));
    spec
}

impl Looping {
    fn expect(&self, outage: Outage) -> Result {
        let served = outage.silent.saturating_sub(outage.found);
        ensure(outage.found <= self.found && served <= self.serves, || {
            format!("not found or not serving in time: {outage}")
        })
    }
}

impl std::fmt::Display for Outage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { found, silent } = self;
        let served = silent.saturating_sub(*found);
        write!(f, "found after {found:.0?}, serving {served:.0?} later")
    }
}

/// Whoever calls the service that loops, and who asks all the time whether the node is there.
struct Scene {
    /// Who call each other through the B2BUA meanwhile.
    callers: Callers,
    peer: Peer,
    node: SocketAddr,
    asking: UdpSocket,
    asked: Instant,
    questions: u32,
    /// The last question that was answered, and when.
    answered: (u32, Instant),
    longest: Duration,
}

impl Scene {
    fn new(spec: NodeSpec, load: Load) -> Result<Self> {
        let node = spec.sip;
        let me = SocketAddr::from((node.ip(), 5090));
        let asking = UdpSocket::bind((node.ip(), 5091)).map_err(io("bind a socket"))?;
        asking
            .set_nonblocking(true)
            .map_err(io("set up a socket"))?;
        let mut bench = Bench::around(spec, node.ip(), Transport::Udp)?;
        bench.callee.rings_for = RINGS_FOR;
        let hold = Duration::from_millis(u64::from(load.hold_ms));
        let now = Instant::now();
        Ok(Self {
            callers: Callers::new(bench, load.rate, hold),
            peer: Peer::new(Link::udp(me)?, me),
            node,
            asking,
            asked: now,
            questions: 0,
            answered: (0, now),
            longest: Duration::ZERO,
        })
    }

    /// Asks, if it is time, and hears what is there.
    fn turn(&mut self) -> Result {
        self.callers.turn();
        self.peer.poll(Duration::from_millis(1));
        if self.asked.elapsed() >= EVERY {
            self.asked = Instant::now();
            self.questions += 1;
            let (node, n) = (self.node, self.questions);
            let me = self.asking.local_addr().map_err(io("name a socket"))?;
            let question = format!(
                "OPTIONS sip:{node} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKthere{n}\r\nMax-Forwards: 70\r\n\
                 From: <sip:there@{me}>;tag={n}\r\nTo: <sip:{node}>\r\nCall-ID: there-{n}@{me}\r\nCSeq: {n} OPTIONS\r\n\
                 Content-Length: 0\r\n\r\n"
            );
            // What cannot be sent is not answered.
            let _ = self.asking.send_to(question.as_bytes(), node);
        }
        let mut bytes = [0; 4_096];
        while let Ok(length) = self.asking.recv(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..length]);
            let said = text.lines().find_map(|line| line.strip_prefix("CSeq: "));
            let n = said.and_then(|said| said.split(' ').next()?.parse().ok());
            self.longest = self.longest.max(self.answered.1.elapsed());
            self.answered = (n.unwrap_or(0), Instant::now());
        }
        Ok(())
    }

    fn until(&mut self, what: &str, mut holds: impl FnMut(&Self) -> Result<bool>) -> Result {
        let begun = Instant::now();
        while !holds(self)? {
            ensure(begun.elapsed() < PATIENCE, || format!("not so: {what}"))?;
            self.turn()?;
        }
        Ok(())
    }

    fn watch(&mut self, time: Duration) -> Result {
        let begun = Instant::now();
        self.until("time passes", |_| Ok(begun.elapsed() >= time))
    }

    /// Calls somebody who makes the service loop, until the node has found its `nth` loop and serves again. It is told to read its
    /// configuration meanwhile, which waits for the shard.
    fn loops(&mut self, user: &str, node: &Node, nth: usize) -> Result<(String, Outage)> {
        self.longest = Duration::ZERO;
        let call = self.peer.invite(user, self.node);
        let (mut looked, mut found, mut told) = (Instant::now(), None, false);
        self.until("a loop is found", |scene| {
            if !told && scene.answered.1.elapsed() >= SILENT {
                told = true;
                node.signal(Signal::SIGHUP)?;
            }
            if looked.elapsed() >= Duration::from_millis(100) {
                looked = Instant::now();
                found = found_after(&node.log()?, nth);
            }
            Ok(found.is_some())
        })?;
        let asked = self.questions;
        self.until("it serves again", |scene| Ok(scene.answered.0 > asked))?;
        let outage = Outage {
            found: found.unwrap_or_default(),
            silent: self.longest,
        };
        Ok((call, outage))
    }

    /// The delivery is put aside, and the call that it belongs to goes on.
    fn expect_left_out(&mut self, node: &Node, call: &str) -> Result {
        let mut looked = Instant::now();
        self.until("the delivery is put aside", |_| {
            if looked.elapsed() < Duration::from_millis(200) {
                return Ok(false);
            }
            looked = Instant::now();
            Ok(node.status()?["counts"]["quarantined"] == 1)
        })?;
        self.peer.bye(call);
        let phase = |scene: &Self| scene.peer.calls.get(call).map(|call| call.phase);
        self.until("the call that looped can be ended", |scene| {
            Ok(phase(scene) == Some(Phase::Ended))
        })
    }

    /// The service is called no more; what its caller is answered.
    fn expect_no_more(&mut self, node: &Node, call: &str) -> Result<u16> {
        let mut refused = 0;
        self.until("the call that looped is refused", |scene| {
            if let Some(Phase::Failed(status)) = scene.peer.calls.get(call).map(|c| c.phase) {
                refused = status;
            }
            Ok(refused != 0)
        })?;
        let status = node.status()?;
        let services = status["services"].as_array();
        let faulty = services.and_then(|all| all.iter().find(|one| one["name"] == "faulty"));
        let alarms = status["alarms"].as_array();
        let told =
            alarms.is_some_and(|all| all.iter().any(|one| one["name"] == "too_many_failures"));
        let stopped = faulty.is_some_and(|faulty| faulty["state"] != "active");
        ensure(stopped && told, || format!("it is not told of: {status}"))?;
        Ok(refused)
    }
}

/// How long the node's `nth` loop had gone on when it was found.
fn found_after(log: &str, nth: usize) -> Option<Duration> {
    let line = log
        .lines()
        .filter(|line| line.contains(FOUND))
        .nth(nth - 1)?;
    let time = line.split(" time=").nth(1)?.split(' ').next()?;
    let (number, unit) = match time.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (time.strip_suffix('s')?, 1.0),
    };
    Some(Duration::from_secs_f64(number.parse::<f64>().ok()? * unit))
}
