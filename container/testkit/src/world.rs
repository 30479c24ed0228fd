//! One process of the node, its store, its network and the clock; and how time goes on.

use crate::clock::{Clock, Instant, nanos};
use crate::disk::Disk;
use crate::drivers::Drivers;
use crate::ground::{Received, ScriptedDriver};
use crate::net::{Net, Packet};
use crate::plan::{BadPlan, Plan};
use std::any::Any;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use strowger::id::RaIx;
use strowger::ra::{Bytes, Entropy, Message, NewWork, Transport};
use strowger_journal::memory::{Crash, MemoryStore};
use strowger_kernel::{Durability, NetInput, Shard, ShardOutput};

/// Turns at one instant after which the shard is held to be going round in circles.
const TURNS: usize = 100_000;
/// Deliveries per turn, unless told otherwise.
const BUDGET: usize = 1_000;

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) durability: Durability,
    pub(crate) seed: u64,
    pub(crate) disk: Disk,
    pub(crate) net: Net,
    pub(crate) drivers: Drivers,
    pub(crate) clock: Clock,
    pub(crate) alarms: Vec<String>,
    pub(crate) rolled_back: Vec<String>,
    pub(crate) traces: Vec<String>,
    pub(crate) budget: usize,
    pub(crate) processes: u32,
    pub(crate) watch: Watching,
    shard: Option<Shard>,
    started: bool,
    peers: Entropy,
    kept: Vec<Rc<dyn Any>>,
    fate: Fate,
    /// New work is refused, for the store is short of space.
    refuses: bool,
}

/// When the process will be ended, and how.
#[derive(Default)]
struct Fate {
    at: Option<(Instant, Crash)>,
    /// After so many more points at which a process can end.
    points: Option<(u32, Crash)>,
    /// At once.
    doomed: Option<Crash>,
}

/// Sees what leaves, and what is stored then.
pub(crate) type Watch = Box<dyn FnMut(&[u8], &MemoryStore)>;

#[derive(Default)]
pub(crate) struct Watching(pub(crate) Option<Watch>);

/// What ends a test.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Plan(#[from] BadPlan),
    #[error("the store gave an error at the restart: {0}")]
    Recover(#[from] strowger_journal::StoreError),
    #[error("the store's records are not served: {0}")]
    Restore(#[from] strowger_kernel::RestoreError),
    #[error(
        "the shard does not come to rest: after {TURNS} turns at one instant there is still work"
    )]
    Restless,
}

impl World {
    pub(crate) fn new(durability: Durability, seed: u64) -> Self {
        Self {
            plan: Plan::default(),
            durability,
            seed,
            disk: Disk::default(),
            net: Net::new(entropy(seed, b'n')),
            drivers: Drivers::default(),
            clock: Clock::default(),
            alarms: Vec::new(),
            rolled_back: Vec::new(),
            traces: Vec::new(),
            budget: BUDGET,
            processes: 0,
            watch: Watching::default(),
            shard: None,
            started: false,
            peers: entropy(seed, b'p'),
            kept: Vec::new(),
            fate: Fate::default(),
            refuses: false,
        }
    }

    /// What was kept of that type, if it was.
    pub(crate) fn kept<T: Any>(&self) -> Option<Rc<T>> {
        let mut kept = self.kept.iter().cloned();
        kept.find_map(|any| any.downcast().ok())
    }

    pub(crate) fn keep(&mut self, any: Rc<dyn Any>) {
        self.kept.push(any);
    }

    pub(crate) fn reseed(&mut self, seed: u64) {
        self.seed = seed;
        self.net = Net::new(entropy(seed, b'n'));
        self.peers = entropy(seed, b'p');
    }

    pub(crate) const fn is_started(&self) -> bool {
        self.started
    }

    /// Starts the first process, unless it was.
    pub(crate) fn ensure_started(&mut self) -> Result<(), Trouble> {
        if self.started {
            return Ok(());
        }
        self.started = true;
        self.boot()
    }

    pub(crate) const fn shard(&self) -> Option<&Shard> {
        self.shard.as_ref()
    }

    pub(crate) const fn shard_mut(&mut self) -> Option<&mut Shard> {
        self.shard.as_mut()
    }

    pub(crate) fn unique(&mut self) -> u64 {
        self.peers.next_u64()
    }

    // ---- processes

    /// Starts a process on what the store holds.
    pub(crate) fn boot(&mut self) -> Result<(), Trouble> {
        self.processes += 1;
        self.refuses = false;
        self.clock.reboot();
        let now = self.clock.now();
        let mut secret = [0; 16];
        secret[..8].copy_from_slice(&self.seed.to_le_bytes());
        // Another half, so that whatever is keyed with it is.
        let other = (!self.seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        secret[8..].copy_from_slice(&other.to_le_bytes());
        let mut seed = [self.processes.to_le_bytes()[0]; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        let mut shard = self.plan.install(seed, secret)?;
        let mut refused = None;
        let recovered = self.disk.recover(&mut |record| {
            if refused.is_none() {
                refused = shard.restore(now, &record).err();
            }
        })?;
        if let Some(refused) = refused {
            return Err(refused.into());
        }
        self.net.set_sockets(self.plan.sockets(&shard));
        self.plan.start(&mut shard, now, recovered.last_seq)?;
        self.shard = Some(shard);
        self.settle()
    }

    /// Ends the process, as abruptly as `how` says.
    pub(crate) fn crash(&mut self, how: Crash, note: &str) {
        self.shard = None;
        self.disk.crash(how);
        let now = self.clock.instant();
        self.node_died();
        self.net.ladder.note(now, note);
    }

    /// Whatever stood between the process and others is gone.
    fn node_died(&mut self) {
        let now = self.clock.instant();
        self.net.node_died(now);
        self.drivers.node_died();
    }

    /// Ends the process at a moment to come, and starts another at once.
    pub(crate) fn crash_later(&mut self, after: Duration, how: Crash) {
        self.fate.at = Some((self.clock.instant().saturating_add(nanos(after)), how));
    }

    /// The same after so many points: before and after each thing that a turn does.
    pub(crate) const fn crash_at_point(&mut self, points: u32, how: Crash) {
        self.fate.points = Some((points, how));
    }

    pub(crate) fn call_off_crashes(&mut self) {
        self.fate = Fate::default();
    }

    /// A point at which the process can end; whether it does.
    fn point(&mut self) -> bool {
        match &mut self.fate.points {
            Some((0, how)) => {
                self.fate.doomed = Some(*how);
                self.fate.points = None;
            }
            Some((left, _)) => *left -= 1,
            None => {}
        }
        self.fate.doomed.is_some()
    }

    /// Whether a moment of that kind has come.
    fn meet_fate(&mut self) -> Result<(), Trouble> {
        let now = self.clock.instant();
        if let Some((_, how)) = self.fate.at.take_if(|(at, _)| *at <= now) {
            self.fate.doomed = Some(how);
        }
        match self.fate.doomed.take() {
            Some(how) => {
                self.crash(how, "the process is killed, and a new one starts");
                self.boot()
            }
            None => Ok(()),
        }
    }

    // ---- time

    /// Does all that there is to do at this instant.
    pub(crate) fn settle(&mut self) -> Result<(), Trouble> {
        for _ in 0..TURNS {
            let busy = self.turn();
            if self.fate.doomed.is_some() {
                // Comes to rest before it returns.
                return self.meet_fate();
            }
            if !busy {
                return Ok(());
            }
        }
        Err(Trouble::Restless)
    }

    /// Goes on to `until`, from one deadline to the next.
    pub(crate) fn run_until(&mut self, until: Instant) -> Result<(), Trouble> {
        self.settle()?;
        while let Some(next) = self.next().filter(|next| *next <= until) {
            self.clock.set(next);
            self.meet_fate()?;
            self.settle()?;
        }
        self.clock.set(until);
        self.settle()
    }

    pub(crate) fn advance(&mut self, time: Duration) -> Result<(), Trouble> {
        self.run_until(self.clock.instant().saturating_add(nanos(time)))
    }

    /// Lets time pass until something holds, at most this long; whether it holds.
    pub(crate) fn wait(
        &mut self,
        patience: Duration,
        holds: &dyn Fn() -> bool,
    ) -> Result<bool, Trouble> {
        let until = self.clock.instant().saturating_add(nanos(patience));
        loop {
            self.settle()?;
            if holds() {
                return Ok(true);
            }
            match self.next().filter(|next| *next <= until) {
                Some(next) => {
                    self.clock.set(next);
                    self.meet_fate()?;
                }
                None => {
                    self.clock.set(until);
                    return Ok(false);
                }
            }
        }
    }

    /// Goes on to the next moment at which something happens, at most so far; whether there was one.
    pub(crate) fn step(&mut self, most: Duration) -> Result<bool, Trouble> {
        let until = self.clock.instant().saturating_add(nanos(most));
        let next = self.next().filter(|next| *next <= until);
        self.clock.set(next.unwrap_or(until));
        self.meet_fate()?;
        self.settle()?;
        Ok(next.is_some())
    }

    /// The next thing that came to a peer, waiting for it at most this long.
    pub(crate) fn receive(&mut self, patience: Duration) -> Result<Option<Received>, Trouble> {
        let until = self.clock.instant().saturating_add(nanos(patience));
        loop {
            self.settle()?;
            if let Some(received) = self.net.take() {
                return Ok(Some(received));
            }
            match self.next().filter(|next| *next <= until) {
                Some(next) => {
                    self.clock.set(next);
                    self.meet_fate()?;
                }
                None => {
                    self.clock.set(until);
                    return Ok(None);
                }
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        let shard = self.shard.as_ref().and_then(Shard::deadline);
        let shard = shard.map(|mono| self.clock.instant_of(mono));
        let fate = self.fate.at.map(|(at, _)| at);
        [shard, self.disk.next(), self.net.next(), fate]
            .into_iter()
            .flatten()
            .min()
    }

    // ---- a turn

    /// One round of everything that is due, or as much of it as there is before the process ends; whether anything was.
    fn turn(&mut self) -> bool {
        let mut busy = false;
        while let Some(packet) = self.net.arrive(self.clock.instant()) {
            busy = true;
            self.arrive(&packet);
            if self.point() {
                return busy;
            }
        }
        let now = self.clock.now();
        while let Some((entity, message)) = self.drivers.next() {
            busy = true;
            if let Some(shard) = &mut self.shard
                && let Some(ra) = shard.adaptor(&entity)
            {
                shard.input(now, ra, NetInput::Heard(message));
            }
        }
        let Some(shard) = &mut self.shard else {
            return busy;
        };
        if shard
            .deadline()
            .is_some_and(|deadline| deadline <= now.mono)
        {
            busy = true;
            shard.timeout(now);
        }
        busy |= shard.run(now, self.budget);
        if busy && self.point() {
            return busy;
        }
        self.commit() | self.transmit() | busy
    }

    fn arrive(&mut self, packet: &Packet) {
        let now = self.clock.instant();
        let Some((ra, input)) = self.net.deliver(now, packet) else {
            return;
        };
        if let Some(shard) = &mut self.shard {
            shard.input(self.clock.now(), ra, input);
        }
    }

    fn commit(&mut self) -> bool {
        let now = self.clock.instant();
        let mut busy = false;
        while let Some(group) = self.shard.as_mut().and_then(Shard::take_group) {
            busy = true;
            self.disk.push(now, group);
            if self.point() {
                return busy;
            }
        }
        if self.shard.is_some() && self.disk.write(now) {
            busy = true;
            if self.point() {
                return busy;
            }
        }
        if let Some(shard) = &mut self.shard
            && let Some(durable) = self.disk.sync(now)
        {
            busy = true;
            shard.durable(durable);
            if self.point() {
                return busy;
            }
        }
        self.heed_store() | busy
    }

    /// Ends the process when its store has failed, and refuses new work while that is short of space, as a node does.
    fn heed_store(&mut self) -> bool {
        let Some(shard) = &mut self.shard else {
            return false;
        };
        let now = self.clock.instant();
        if let Some(failure) = self.disk.failure() {
            let note = format!("the node ends: {failure}");
            self.shard = None;
            self.node_died();
            self.net.ladder.note(now, &note);
            return true;
        }
        let short = self.disk.is_short();
        if short == self.refuses {
            return false;
        }
        self.refuses = short;
        shard.new_work_of_all(self.clock.now(), NewWork::refused_if(short));
        true
    }

    fn transmit(&mut self) -> bool {
        let now = self.clock.instant();
        let mut busy = false;
        while self.fate.doomed.is_none()
            && let Some(output) = self.shard.as_mut().and_then(Shard::poll_output)
        {
            busy = true;
            self.see(&output);
            self.point();
            match self.net.carry(now, output) {
                Some(ShardOutput::Alarm {
                    name, raised, text, ..
                }) => {
                    let state = if raised { "raised" } else { "cleared" };
                    self.net
                        .ladder
                        .note(now, &format!("alarm {name} {state}: {text}"));
                    self.alarms.push(format!("{name} {state}"));
                }
                Some(ShardOutput::ServiceAlarm(alarm)) => {
                    let (kind, state) =
                        (&alarm.kind, if alarm.raised { "raised" } else { "cleared" });
                    let instance = match &*alarm.instance {
                        "" => String::new(),
                        instance => format!(" ({instance})"),
                    };
                    let note = format!("alarm {kind}{instance} {state}: {}", alarm.text);
                    self.net.ladder.note(now, &note);
                    self.alarms.push(format!("{kind}{instance} {state}"));
                }
                Some(ShardOutput::Trace(message)) => {
                    let (level, tracer, text) = (message.level, message.tracer, message.text);
                    self.traces.push(format!("{level} {tracer}: {text}"));
                }
                Some(ShardOutput::Tell { ra, message }) => self.tell(ra, message),
                Some(ShardOutput::RolledBack {
                    sbb, event, cause, ..
                }) => {
                    let text = format!("{}: {} rolled back: {cause}", sbb.name, event.name);
                    self.net.ladder.note(now, &text);
                    self.rolled_back.push(text);
                }
                Some(ShardOutput::ServiceFailed { why, .. }) => {
                    self.alarms.push(format!("too_many_failures raised: {why}"));
                }
                _ => {}
            }
        }
        busy
    }

    /// Shows what leaves to who wants to see it.
    fn see(&mut self, output: &ShardOutput) {
        if let Some(watch) = &mut self.watch.0
            && let ShardOutput::Datagram { bytes, .. } | ShardOutput::Stream { bytes, .. } = output
        {
            watch(bytes, self.disk.store());
        }
    }

    /// Gives a message to a scripted driver; where too many wait for one, the entity gets it back.
    fn tell(&mut self, ra: RaIx, message: Message) {
        let now = self.clock.instant();
        let adaptors = &self.plan.adaptors;
        let Some((name, ..)) = adaptors.get(usize::from(ra.0)) else {
            return;
        };
        let ladder = &mut self.net.ladder;
        let told = self.drivers.tell(now, name, message, ladder);
        if let (Err(message), Some(shard)) = (told, &mut self.shard) {
            shard.input(self.clock.now(), ra, NetInput::Untold(message));
        }
    }

    /// Somebody plays the driver of an entity.
    pub(crate) fn drive(&mut self, entity: &str, driver: ScriptedDriver) {
        let now = self.clock.instant();
        let ladder = &mut self.net.ladder;
        self.drivers.insert(now, entity, driver, ladder);
    }

    // ---- peers

    pub(crate) fn send(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        transport: Transport,
        bytes: &[u8],
    ) {
        let now = self.clock.instant();
        let bytes = Bytes::copy_from_slice(bytes);
        if transport == Transport::Udp {
            self.net.send_datagram(now, from, to, &bytes);
        } else {
            self.net.send_stream(now, from, to, transport, bytes);
        }
    }
}

fn entropy(seed: u64, purpose: u8) -> Entropy {
    let mut bytes = [purpose; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    Entropy::from_seed(bytes)
}
