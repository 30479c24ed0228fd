//! Everything that a node can hold at once, when its process is killed: calls that are up, on hold, in the middle of an offer,
//! ringing; registrations; subscriptions. Each goes on with what is left of its time.

use super::Transport;
use super::kill::{ANSWERED_WITHIN, Bench, Kill, phases};
use super::registrations::{self, Registrations};
use crate::error::{Result, RunError, ensure};
use crate::node::{Node, NodeSpec};
use crate::peer::{Media, Offer, Phase, Watcher};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// How many of each.
#[derive(Clone, Copy, Debug)]
pub struct Disaster {
    /// Calls that nothing happens in.
    pub quiet: usize,
    /// Calls on hold.
    pub held: usize,
    /// Calls with an offer that is not answered when the node dies; of half of them the node has not read it.
    pub offering: usize,
    /// Calls that ring.
    pub ringing: usize,
    /// Registered users.
    pub users: u32,
    /// Of these, how many watch their own registration.
    pub watchers: u32,
    /// Calls or registrations a second, to bring it all up.
    pub rate: u32,
    /// How long there is no node.
    pub down: Duration,
    /// Octet of the loopback address.
    pub host: u8,
}

const DOMAIN: &str = "office.example";

struct Scene {
    size: Disaster,
    bench: Bench,
    watcher: Watcher,
}

/// Kills the node with all of it, and starts it again.
///
/// # Errors
/// What did not hold.
pub fn disaster(size: Disaster, dir: &Path) -> Result<String> {
    let mut scene = Scene::new(size, dir)?;
    let node = scene.bench.start()?;
    let users = registrations::users_file(size.users, dir)?;
    scene.bring_up_calls()?;
    scene.sipp(&users, "register.xml")?;
    scene.subscribe()?;
    scene.ring()?;
    scene.offer_and_kill(node)?;
    let before = scene.told();

    let node = scene.bench.start()?;
    let started = Instant::now();
    scene.expect_told_since(before)?;
    let told = started.elapsed();
    scene.answer_ringing()?;
    scene.resume_held()?;
    let ended = scene.bench.hang_up()?;
    let calls = scene.expect_calls_over(ended)?;
    let over = started.elapsed();
    // The scenario refuses a lifetime that is not between 500 and 599 s: it was 600 s before the kill.
    scene.sipp(&users, "query.xml")?;
    // Each refresh is told to those who watch, with a CSeq further up.
    let before = scene.told();
    scene.sipp(&users, "register.xml")?;
    scene.expect_told_since(before)?;
    scene.unsubscribe()?;
    registrations::expect_registered(&node, size.users)?;
    Ok(format!(
        "killed with {} calls up ({} on hold, {} with an open offer) and {} ringing, {} registrations, {} subscriptions; \
         ready after {:?}; subscribers told after {told:?}, {calls} calls ended properly after {over:?} \
         ({} open offers answered 200 by the new process), every registration and subscription there with the time it had left",
        size.quiet + size.held + size.offering,
        size.held,
        size.offering,
        size.ringing,
        size.users,
        size.watchers,
        node.ready_after,
        scene.bench.caller.offers(Offer::Answered(200)) - size.held,
    ))
}

/// The registrar's configuration with a B2BUA whose calls ring on.
fn config(size: Disaster, spec: &NodeSpec) -> String {
    let registrar = registrations::config(size.users, spec);
    format!(
        "[services.b2bua]\nkind = \"b2bua\"\ndurability = \"strict\"\n\n[services.b2bua.settings]\n\
         no_answer = \"10m\"\nroutes = [{{ prefix = \"2\", target = \"{}\" }}]\n\n\
         [adaptors.sip.settings.calls]\nearly_durable = true\n\n{registrar}",
        spec.target
    )
}

impl Scene {
    fn new(size: Disaster, dir: &Path) -> Result<Self> {
        let kill = Kill {
            transport: Transport::Udp,
            host: size.host,
            powercut: false,
        };
        let mut bench = Bench::new(&kill, dir, "disaster")?;
        bench.spec.whole = Some(config(size, &bench.spec));
        let me = SocketAddr::from((bench.spec.sip.ip(), 5100));
        Ok(Self {
            watcher: Watcher::new(me, bench.spec.sip)?,
            size,
            bench,
        })
    }

    /// A scenario over all users, while the peers go on.
    fn sipp(&mut self, users: &Path, scenario: &str) -> Result {
        let (node, size) = (self.bench.spec.sip, self.size);
        let size = Registrations {
            users: size.users,
            rate: size.rate.max(100),
            rounds: 1,
            host: size.host,
        };
        std::thread::scope(|scope| {
            let run = scope.spawn(|| registrations::sipp(size, node, users, scenario, 1));
            while !run.is_finished() {
                self.poll();
            }
            let lost = || RunError::Broken("the thread of SIPp has died".into());
            run.join().unwrap_or_else(|_| Err(lost()))
        })
    }

    fn until(&mut self, within: Duration, what: &str, holds: impl Fn(&Self) -> bool) -> Result {
        let deadline = Instant::now() + within;
        while !holds(self) {
            self.poll();
            ensure(Instant::now() < deadline, || {
                let watch = &self.watcher;
                format!(
                    "not within {within:?}: {what}; caller {}, callee {}, subscriptions {} up {} refused {} over",
                    phases(&self.bench.caller),
                    phases(&self.bench.callee),
                    watch.count(|w| w.until.is_some()),
                    watch.count(|w| w.failed.is_some()),
                    watch.count(|w| w.over),
                )
            })?;
        }
        Ok(())
    }

    fn poll(&mut self) {
        self.bench.poll();
        self.watcher.poll(Duration::ZERO);
    }

    /// Makes `calls` calls at the run's rate.
    fn call(&mut self, calls: usize) {
        let begun = Instant::now();
        let mut made = 0;
        while made < calls {
            if begun.elapsed().as_millis() * u128::from(self.size.rate) / 1000 > made as u128 {
                self.bench.caller.invite("2000", self.bench.spec.sip);
                made += 1;
            }
            self.poll();
        }
    }

    fn bring_up_calls(&mut self) -> Result {
        let calls = self.size.quiet + self.size.held + self.size.offering;
        self.call(calls);
        self.until(ANSWERED_WITHIN, "calls come up", |scene| {
            let up = |peer: &crate::peer::Peer| peer.count(Phase::Up) == calls;
            up(&scene.bench.caller) && up(&scene.bench.callee)
        })?;
        for id in self.up().into_iter().take(self.size.held) {
            self.bench.caller.offer(&id, Media::Hold);
            self.poll();
        }
        self.until(ANSWERED_WITHIN, "calls are put on hold", |scene| {
            scene.bench.caller.offers(Offer::Answered(200)) == scene.size.held
        })
    }

    fn up(&self) -> Vec<String> {
        let calls = self.bench.caller.calls.iter();
        calls
            .filter(|(_, call)| call.phase == Phase::Up)
            .map(|(id, _)| id.clone())
            .collect()
    }

    fn subscribe(&mut self) -> Result {
        for nth in 0..self.size.watchers {
            self.watcher
                .subscribe(&format!("u{nth}"), DOMAIN, "reg", 600);
            self.poll();
        }
        self.until(ANSWERED_WITHIN, "subscriptions come up", |scene| {
            scene.watcher.count(|w| w.until.is_some() && w.notified > 0)
                == scene.size.watchers as usize
        })
    }

    fn ring(&mut self) -> Result {
        self.bench.callee.rings = true;
        self.call(self.size.ringing);
        // The caller, too, must know: only then has the node written down that it rings.
        self.until(ANSWERED_WITHIN, "calls ring", |scene| {
            scene.bench.callee.count(Phase::Ringing) == scene.size.ringing
                && scene.bench.caller.rung() == scene.size.ringing
        })
    }

    /// Half of the offers have reached the callees when the node dies, the others may not have been read.
    fn offer_and_kill(&mut self, node: Node) -> Result {
        self.bench.callee.silent = true;
        let held = |scene: &Self, id: &String| scene.bench.caller.calls[id].offer != Offer::None;
        let free: Vec<String> = self.up().into_iter().filter(|id| !held(self, id)).collect();
        let half = self.size.offering / 2;
        for (nth, id) in free.iter().take(self.size.offering).enumerate() {
            if nth == half {
                let there = self.size.held + half;
                self.until(ANSWERED_WITHIN, "offers reach the callees", |scene| {
                    scene.bench.callee.offered() == there
                })?;
            }
            self.bench.caller.offer(id, Media::Both);
        }
        self.bench.kill(node)?;
        self.bench.callee.silent = false;
        let dead = Instant::now();
        while dead.elapsed() < self.size.down {
            self.poll();
        }
        Ok(())
    }

    /// How often each subscriber was told something.
    fn told(&self) -> Vec<u32> {
        self.watcher.all.values().map(|w| w.notified).collect()
    }

    /// Every subscriber was told something more; the CSeq went up and the time left was right.
    fn expect_told_since(&mut self, before: Vec<u32>) -> Result {
        let told = move |scene: &Self| {
            let mut all = scene.watcher.all.values().zip(&before);
            all.all(|(watch, before)| watch.notified > *before)
        };
        self.until(ANSWERED_WITHIN, "every subscriber is told", told)?;
        self.expect_watchers_right()
    }

    fn expect_watchers_right(&self) -> Result {
        let mut wrong = self.watcher.all.values().filter_map(|w| w.wrong.as_deref());
        let first = wrong.next();
        ensure(first.is_none(), || {
            format!(
                "{} subscriptions are wrong, one: {}",
                wrong.count() + 1,
                first.unwrap_or_default()
            )
        })
    }

    fn answer_ringing(&mut self) -> Result {
        let calls = self.bench.callee.calls.iter();
        let ringing = calls.filter(|(_, call)| call.phase == Phase::Ringing);
        let ringing: Vec<String> = ringing.map(|(id, _)| id.clone()).collect();
        ensure(ringing.len() == self.size.ringing, || {
            format!(
                "of {} calls {} ring still",
                self.size.ringing,
                ringing.len()
            )
        })?;
        for id in &ringing {
            self.bench.callee.answer(id);
            self.poll();
        }
        let calls = self.size.quiet + self.size.held + self.size.offering + ringing.len();
        self.until(ANSWERED_WITHIN, "those that ring come up", |scene| {
            let up = |peer: &crate::peer::Peer| peer.count(Phase::Up) == calls;
            up(&scene.bench.caller) && up(&scene.bench.callee)
        })
    }

    /// An offer by the new process's doing: those on hold talk again.
    fn resume_held(&mut self) -> Result {
        let held = |call: &crate::peer::Call| call.is_on_hold();
        let calls = self.bench.caller.calls.iter();
        let held: Vec<String> = calls
            .filter(|(_, call)| held(call))
            .map(|(id, _)| id.clone())
            .collect();
        for id in &held {
            self.bench.caller.offer(id, Media::Both);
            self.poll();
        }
        self.until(ANSWERED_WITHIN, "those on hold are resumed", |scene| {
            let answered = |id| scene.bench.caller.calls[id].offer == Offer::Answered(200);
            held.iter().all(answered)
        })
    }

    /// All have ended on both sides; how many there were.
    fn expect_calls_over(&self, ended: u64) -> Result<u64> {
        let calls = self.size.quiet + self.size.held + self.size.offering + self.size.ringing;
        self.bench.expect_none_lost(calls)?;
        let over = |peer: &crate::peer::Peer| peer.count(Phase::Ended) == calls;
        let bench = &self.bench;
        ensure(over(&bench.caller) && over(&bench.callee), || {
            format!(
                "{calls} calls: caller {}, callee {}",
                phases(&bench.caller),
                phases(&bench.callee)
            )
        })?;
        Ok(ended)
    }

    fn unsubscribe(&mut self) -> Result {
        let all: Vec<String> = self.watcher.all.keys().cloned().collect();
        for id in &all {
            self.watcher.unsubscribe(id);
            self.poll();
        }
        self.until(ANSWERED_WITHIN, "subscriptions end", |scene| {
            scene.watcher.count(|w| w.over) == scene.size.watchers as usize
        })?;
        self.expect_watchers_right()
    }
}
