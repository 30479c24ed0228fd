//! A node that does SIP, Diameter and SMS in one process, and is killed at random moments under load over all three.
//!
//! Each side keeps book of what was acknowledged. A call that its caller has confirmed ends with 200 to BYE, whichever side says
//! it and however often the node has died meanwhile; every acknowledged charge is in its account exactly once; every short
//! message that was taken arrives.

mod faults;
mod purses;

pub use faults::{cut_off, lost_peers, stopped};

use super::kill::{Bench, next};
use super::prepaid::till::Till;
use super::sms::upstream::SCHEDULE;
use super::sms::{ACCOUNT, PREFIX, arrivals, esme, numbered};
use super::{RINGS_FOR, RINGS_ON, TAKES_ALL, Transport};
use crate::error::{Result, RunError, ensure};
use crate::node::Node;
use crate::peer::Phase;
use crate::sms::esme::Esme;
use crate::sms::ground::Ground;
use crate::sms::smsc::{Script, Smsc};
use purses::{ACCOUNTS, OPENING, Purses};
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long what is open at the end may take to end.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// The load goes on for so long after the last fault.
const AFTERWARDS: Duration = Duration::from_secs(1);
/// A node lives at most so long, in milliseconds.
const LIVES: u64 = 3_000;
/// In flight at the ESME, and at the SMSC.
const WINDOW: usize = 50;
const UPSTREAM: &str = "window = 10";
/// Numbers from here on are of messages that ask whether the node serves.
const PROBES: u32 = 90_000_000;

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Kills {
    /// How often the node is killed.
    pub kills: u32,
    /// Of the moments of the kills.
    pub seed: u64,
    /// New calls a second.
    pub calls: u32,
    /// How long each lasts.
    pub hold: Duration,
    /// New charging sessions a second, and events.
    pub charges: u32,
    /// Short messages a second.
    pub messages: u32,
    /// How soon after its start the node must serve all three.
    pub serving: Duration,
    /// Octet of the loopback address.
    pub host: u8,
}

/// See the module.
///
/// # Errors
/// What did not hold; the seed is in the text.
pub fn together(run: Kills, dir: &Path) -> Result<String> {
    let seeded = |why: RunError| RunError::Broken(format!("seed {}: {why}", run.seed).into());
    all(run, dir).map_err(seeded)
}

fn all(run: Kills, dir: &Path) -> Result<String> {
    let mut scene = Scene::new(run, Place::on_loopback(run.host), dir)?;
    let mut node = Node::start(&scene.bench.spec)?;
    scene.live(run.hold)?;
    let mut state = run.seed;
    let mut told = Told::default();
    for round in 0..run.kills {
        let span = Duration::from_millis(next(&mut state) % LIVES);
        scene.live(span)?;
        node.kill_now()?;
        let started = Instant::now();
        node = Node::start(&scene.bench.spec)?;
        scene.serves(round)?;
        let serving = started.elapsed();
        let live = node.status()?["counts"]["activities"].as_u64().unwrap_or(0);
        told.ready = told.ready.max(node.ready_after);
        told.serving.push(serving);
        told.live.push(live);
    }
    let ledger = scene.settle(&node)?;
    drop(node);
    let late = told.serving.iter().filter(|took| **took > run.serving);
    let late = late.count();
    let told = format!("seed {}: {}{ledger}", run.seed, told.text());
    ensure(late == 0, || {
        format!(
            "{late} times it did not serve within {:?}; {told}",
            run.serving
        )
    })?;
    Ok(told)
}

/// What was measured at each restart.
#[derive(Debug, Default)]
struct Told {
    ready: Duration,
    serving: Vec<Duration>,
    live: Vec<u64>,
}

impl Told {
    fn text(mut self) -> String {
        self.serving.sort_unstable();
        let median = self.serving.get(self.serving.len() / 2);
        format!(
            "{} kills with {} to {} live activities; from exec ready after at most {:?}, serving SIP, Diameter and SMS after \
             {:?} in the median and at most {:?}; ",
            self.live.len(),
            self.live.iter().min().unwrap_or(&0),
            self.live.iter().max().unwrap_or(&0),
            self.ready,
            median.copied().unwrap_or_default(),
            self.serving.last().copied().unwrap_or_default()
        )
    }
}

/// All who are around the node.
struct Scene {
    run: Kills,
    place: Place,
    bench: Bench,
    ground: Ground,
    smsc: Smsc,
    esme: Esme,
    purses: Purses,
    charging: SocketAddr,
    begun: Instant,
    calls: u128,
    /// Calls and when they end.
    due: VecDeque<(Instant, String)>,
    ended: u64,
    /// Messages that asked whether it serves, and were taken.
    probes: u32,
    /// The callee does not know of all its calls.
    forgotten: bool,
}

/// Where all are.
#[derive(Clone, Debug)]
struct Place {
    node: Ipv4Addr,
    peers: Ipv4Addr,
    /// What the node is started by.
    under: Vec<String>,
}

impl Place {
    fn on_loopback(host: u8) -> Self {
        let [node, peers] = [1, 2].map(|last| Ipv4Addr::new(127, 0, host, last));
        Self {
            node,
            peers,
            under: Vec::new(),
        }
    }
}

impl Scene {
    fn new(run: Kills, place: Place, dir: &Path) -> Result<Self> {
        let (node, peers) = (place.node, place.peers);
        let smsc = Smsc::start(SocketAddr::from((peers, 2775)), Script::default())?;
        let ground = Ground::new(dir, node)?
            .account(ACCOUNT, PREFIX, "")
            .link("smsc", smsc.at(), UPSTREAM)
            .gateway(SCHEDULE)
            .more(&others(node, peers))
            .more(TAKES_ALL)
            .more(RINGS_ON);
        let mut spec = ground.spec("node", "strict")?;
        spec.under.clone_from(&place.under);
        let charging = SocketAddr::from((node, 3868));
        let mut bench = Bench::around(spec, peers.into(), Transport::Udp)?;
        bench.callee.rings_for = RINGS_FOR;
        Ok(Self {
            run,
            place,
            bench,
            esme: esme(&ground, WINDOW),
            ground,
            smsc,
            purses: Purses::new(charging),
            charging,
            begun: Instant::now(),
            calls: 0,
            due: VecDeque::new(),
            ended: 0,
            probes: 0,
            forgotten: false,
        })
    }

    /// Goes on with calls, charges and messages for so long.
    fn live(&mut self, long: Duration) -> Result {
        let until = Instant::now() + long;
        while Instant::now() < until {
            self.turn_calls();
            self.purses.turn(self.run.charges)?;
            let messages = self.begun.elapsed().as_millis() * u128::from(self.run.messages) / 1_000;
            let messages = u32::try_from(messages).unwrap_or(PROBES);
            self.esme
                .work(messages, numbered, Duration::from_millis(1))?;
        }
        Ok(())
    }

    /// A new call where one is due, and the end of each that has lasted; every fourth time the callee ends one of its own.
    fn turn_calls(&mut self) {
        let calls = self.begun.elapsed().as_millis() * u128::from(self.run.calls) / 1_000;
        // Who was held up does not make up for it.
        if calls > std::mem::replace(&mut self.calls, calls) {
            let id = self.bench.caller.invite("2000", self.bench.spec.sip);
            self.due.push_back((Instant::now() + self.run.hold, id));
        }
        let now = Instant::now();
        while let Some((_, id)) = self.due.pop_front_if(|(at, _)| *at <= now) {
            match self.bench.caller.calls.get(&id).map(|call| call.phase) {
                Some(Phase::Calling) => self.due.push_back((now + self.run.hold, id)),
                Some(Phase::Up) => {
                    self.ended += 1;
                    let callee = &mut self.bench.callee;
                    let of_callee = callee.calls.iter().find(|(_, c)| c.phase == Phase::Up);
                    match of_callee.map(|(id, _)| id.clone()) {
                        Some(its) if self.ended.is_multiple_of(4) => {
                            callee.bye(&its);
                            self.due.push_back((now + self.run.hold, id));
                        }
                        _ => self.bench.caller.bye(&id),
                    }
                }
                _ => {}
            }
        }
        self.bench.poll();
    }

    /// Whether all three answer: OPTIONS, a question for a balance on a new connection, and a submit on a new one.
    fn serves(&mut self, round: u32) -> Result {
        super::torture::alive(self.place.peers, self.bench.spec.sip)?;
        let mut till = Till::open(self.charging)?;
        till.balance("sip:purse0@test.example", OPENING)?;
        let mut esme = self.ground.esme(ACCOUNT)?;
        esme.submits(&numbered(PROBES + round))?;
        self.probes += 1;
        till.close()?;
        esme.leave()
    }

    /// Ends all that is open and holds the books against the node.
    fn settle(&mut self, node: &Node) -> Result<String> {
        let within = SETTLED_WITHIN;
        // Whoever has lost his connection at last has it again.
        self.live(AFTERWARDS)?;
        let set_up = self
            .bench
            .until(within, |b| b.caller.count(Phase::Calling) == 0);
        ensure(set_up, || "a call neither comes up nor fails".to_owned())?;
        if self.forgotten {
            self.bench.hang_up_by_caller()?;
        }
        self.bench.hang_up()?;
        let calls = &self.bench.caller.calls;
        let confirmed = calls.values().filter(|call| call.was_up()).count();
        self.bench.expect_none_lost(confirmed)?;
        let unconfirmed = calls.len() - confirmed;

        self.purses.settle(within)?;
        self.purses.expect_exact()?;

        let submitted = self.esme.next;
        self.esme
            .until("response", within, |e| e.is_done(submitted))?;
        let mine = self.esme.taken.keys().copied();
        let taken: Vec<u32> = mine.chain((0..self.probes).map(|n| PROBES + n)).collect();
        let (esme, smsc) = (&self.esme, &self.smsc);
        smsc.healthy()?;
        let deadline = Instant::now() + within;
        let arrived = loop {
            let arrived = arrivals(smsc);
            let missing = taken.iter().filter(|n| !arrived.contains_key(n)).count();
            if missing == 0 {
                break arrived;
            }
            ensure(Instant::now() < deadline, || {
                format!(
                    "{missing} of {} messages that were taken did not arrive",
                    taken.len()
                )
            })?;
            crate::node::pause();
        };
        ensure(esme.refused.is_empty(), || {
            format!("messages were refused: {:x?}", esme.refused.first())
        })?;
        self.esme.leave()?;
        let twice = arrived.values().filter(|n| **n > 1).count();
        let left = node.wait_status(within, |status| nothing_left(&status["counts"]))?;
        Ok(format!(
            "{confirmed} calls confirmed, none lost ({unconfirmed} more were being set up at a kill); {} charges of {} \
             acknowledged, each in its account once ({} requests sent again); {} messages taken, all arrived, {twice} more than \
             once; {} accounts are left",
            self.purses.answers,
            self.purses.acknowledged(),
            self.purses.again,
            taken.len(),
            left["counts"]["entities"]
        ))
    }
}

/// Whether nothing is live but accounts, each with its entity and its activity, and the session with the message centre.
fn nothing_left(counts: &serde_json::Value) -> bool {
    let count = |kind: &str| counts[kind].as_u64().unwrap_or(u64::MAX / 2);
    let accounts = count("entities");
    accounts <= u64::from(ACCOUNTS) && count("activities") == accounts + 1 && count("timers") == 0
}

/// What the node has besides SMS.
fn others(ip: Ipv4Addr, peers: Ipv4Addr) -> String {
    format!(
        r#"
[adaptors.sip]
type = "sip"
[adaptors.sip.settings.listeners.udp]
transport = "udp"
bind = "{ip}:5060"

[services.uas]
durability = "strict"
[services.uas.settings]
users = ["service"]

[services.b2bua]
durability = "strict"
[services.b2bua.settings]
routes = [{{ prefix = "2", target = "sip:{peers}:5070" }}]

[adaptors.accounts]
type = "diameter"
[adaptors.accounts.settings]
origin_host = "ocs.example"
origin_realm = "example"
applications = [4]
[adaptors.accounts.settings.listeners.tcp]
bind = "{ip}:3868"
[adaptors.accounts.settings.unknown_peers.clients]
realm = "hand.example"
tls = false

[services.ocs]
durability = "strict"
links.diameter = "accounts"
[services.ocs.settings]
opening_balance = {OPENING}
[[services.ocs.settings.tariffs]]
price = 1
per = 1
quota = 2
"#
    )
}
