//! The test kit itself.

use crate::clock::nanos;
use crate::field::Field;
use crate::ground::Ground;
use crate::ladder::{Describe, Ladder};
use crate::net::Link;
use crate::world::{Trouble, World};
use std::any::Any;
use std::cell::{Ref, RefCell, RefMut};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use strowger::ra::{
    AdaptorDef, ListenerIx, NewWork, Peer, Query, Record, RecordKind, Redaction, Report,
    ResolveError,
};
use strowger::sbb::Sbb;
use strowger::service::ServiceDef;
use strowger::time::Now;
use strowger_journal::memory::{Crash, Faults};
use strowger_kernel::{
    Counts, Durability, Ladder as Recording, Limits, Metrics, RecorderMode, RecorderOptions,
    ServiceOptions, Shard, What,
};

/// A SLEE in memory, with its store, its network and its clock.
///
/// It starts at the first use after it was put together. All its methods do at once what there is to do at that instant;
/// only [`advance`](Self::advance), and a peer that waits, let time go on. Methods panic when the test cannot go on.
#[derive(Clone)]
pub struct TestKit {
    pub(crate) world: Rc<RefCell<World>>,
}

impl fmt::Debug for TestKit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestKit").finish_non_exhaustive()
    }
}

impl TestKit {
    // ---- putting it together

    /// With services in class strict: nothing leaves before what it depends on is durable.
    #[must_use]
    pub fn strict() -> Self {
        Self::with(Durability::Strict)
    }
    /// With services in class relaxed: written within 20 ms.
    #[must_use]
    pub fn relaxed() -> Self {
        Self::with(Durability::Relaxed)
    }
    /// With services in class none: nothing is written.
    #[must_use]
    pub fn none() -> Self {
        Self::with(Durability::None)
    }
    fn with(durability: Durability) -> Self {
        Self {
            world: Rc::new(RefCell::new(World::new(durability, 1))),
        }
    }
    /// Everything unpredictable comes from this number; 1 unless given.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.unstarted().reseed(seed);
        self
    }
    /// Limits of the kernel.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        self.unstarted().plan.limits = limits;
        self
    }
    /// Records every call, with all that is in its messages; a restart forgets what was recorded before.
    #[must_use]
    pub fn recording(self) -> Self {
        self.unstarted().plan.recorder = RecorderOptions {
            mode: RecorderMode::Sampled(1),
            redaction: Redaction {
                secrets: false,
                bodies: false,
            },
            ..RecorderOptions::default()
        };
        self
    }
    /// Records calls as a node with these options would.
    #[must_use]
    pub fn recording_with(self, options: RecorderOptions) -> Self {
        self.unstarted().plan.recorder = options;
        self
    }
    /// How good the network is; may be changed at any time.
    #[must_use]
    pub fn link(self, link: Link) -> Self {
        self.set_link(link);
        self
    }
    /// An adaptor entity with default settings, named after its type.
    #[must_use]
    pub fn adaptor(self, def: AdaptorDef) -> Self {
        let settings = (def.settings.defaults)();
        let name = def.component.name.to_owned();
        self.unstarted().plan.adaptors.push((name, def, settings));
        self
    }
    /// An adaptor entity with a name and settings of the adaptor's type.
    #[must_use]
    pub fn adaptor_with<T: Any + Send + Sync>(
        self,
        name: &str,
        def: AdaptorDef,
        settings: T,
    ) -> Self {
        let settings = Arc::new(settings);
        self.unstarted()
            .plan
            .adaptors
            .push((name.to_owned(), def, settings));
        self
    }
    /// A service with default settings, named after its root SBB.
    #[must_use]
    pub fn service(self, def: ServiceDef) -> Self {
        let options = ServiceOptions::new(def.component.name, &def);
        self.service_options(def, options)
    }
    /// A service with settings of its own type.
    #[must_use]
    pub fn service_with<T: Any + Send + Sync>(self, def: ServiceDef, settings: T) -> Self {
        let mut options = ServiceOptions::new(def.component.name, &def);
        options.settings = Arc::new(settings);
        self.service_options(def, options)
    }
    /// Has a link of a service that was put together before lead to that adaptor entity; without it, a link leads to the
    /// first entity of its type.
    ///
    /// # Panics
    /// There is no service of that name.
    #[must_use]
    #[track_caller]
    pub fn link_to(self, service: &str, link: &str, entity: &str) -> Self {
        let mut world = self.unstarted();
        let mut services = world.plan.services.iter_mut();
        match services.find(|(_, options)| options.name == service) {
            Some((_, options)) => options.links.push((link.to_owned(), entity.to_owned())),
            None => panic!("there is no service `{service}` to link"),
        }
        drop(world);
        self
    }
    pub(crate) fn service_options(self, def: ServiceDef, mut options: ServiceOptions) -> Self {
        let mut world = self.unstarted();
        options.durability = world.durability;
        world.plan.services.push((def, options));
        drop(world);
        self
    }

    // ---- time and processes

    /// Lets time pass, from deadline to deadline.
    #[track_caller]
    pub fn advance(&mut self, time: Duration) {
        let result = self.started().advance(time);
        self.check(result);
    }
    /// Both clocks. The wall clock began at 2026-01-01.
    #[must_use]
    pub fn now(&self) -> Now {
        self.world.borrow().clock.now()
    }
    /// Kills the process and starts another on the same store: what the process had written is there, also unsynced.
    #[track_caller]
    pub fn crash_and_restart(&mut self) {
        self.crash_and_restart_after(Duration::ZERO);
    }
    /// The same, with the node down for a while. What is sent to it meanwhile is lost.
    #[track_caller]
    pub fn crash_and_restart_after(&mut self, down: Duration) {
        self.restart(Crash::Kill, down, "the process is killed");
    }
    /// Cuts the power and starts again: what was not synced is lost.
    #[track_caller]
    pub fn crash_losing_unsynced(&mut self) {
        self.restart(Crash::LoseUnsynced, Duration::ZERO, "the power fails");
    }
    /// Cuts the power in the middle of a write, of which this many bytes reached the disk.
    #[track_caller]
    pub fn crash_in_a_write(&mut self, keep: usize) {
        self.restart(
            Crash::Torn { keep },
            Duration::ZERO,
            "the power fails in a write",
        );
    }
    /// Kills the process when so much time has passed, whatever is going on then, and starts another at once.
    pub fn crash_after(&mut self, time: Duration) {
        self.started().crash_later(time, Crash::Kill);
    }
    /// The same with the power cut: what was not synced by then is lost.
    pub fn crash_losing_unsynced_after(&mut self, time: Duration) {
        self.started().crash_later(time, Crash::LoseUnsynced);
    }
    #[track_caller]
    fn restart(&self, how: Crash, down: Duration, note: &str) {
        let result = {
            let mut world = self.started();
            world.crash(how, note);
            world.advance(down).and_then(|()| {
                let instant = world.clock.instant();
                world.net.ladder.note(instant, "a new process starts");
                world.boot()
            })
        };
        self.check(result);
    }
    /// From the next restart on the service of that name is this one, with the settings that it had.
    ///
    /// # Panics
    /// There is no service of that name.
    #[track_caller]
    pub fn upgrade_at_restart(&mut self, def: ServiceDef) {
        let mut world = self.world.borrow_mut();
        let name = def.component.name;
        let place = world.plan.services.iter_mut().find(|(_, o)| o.name == name);
        match place {
            Some(place) => place.0 = def,
            None => panic!("there is no service `{name}` to upgrade"),
        }
    }
    /// Stops the SLEE: nothing new begins, what is there is brought to an end.
    ///
    /// # Panics
    /// It does not run.
    #[track_caller]
    pub fn stop(&mut self) {
        let mut world = self.started();
        let now = world.clock.now();
        let stopped = world.shard_mut().map(|shard| shard.stop(now));
        let settled = world.settle();
        drop(world);
        assert!(matches!(stopped, Some(Ok(()))), "the SLEE does not run");
        self.check(settled);
    }
    /// Whether a node that was told to stop would end: nothing goes on but what its next start finds again.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let mut world = self.world.borrow_mut();
        world.shard_mut().is_some_and(|shard| shard.is_quiet())
    }
    /// Tells the adaptors to refuse new work, or to take it again, as a node does that is short of something.
    #[track_caller]
    pub fn refuse_new(&mut self, refuse: bool) {
        let result = {
            let mut world = self.started();
            let now = world.clock.now();
            if let Some(shard) = world.shard_mut() {
                shard.new_work_of_all(now, NewWork::refused_if(refuse));
            }
            world.settle()
        };
        self.check(result);
    }

    /// Gives an adaptor entity settings that differ in live keys, as a node does that reads its configuration again. After
    /// a restart it has those that it was put together with.
    ///
    /// # Panics
    /// There is no such entity, or it refuses the settings.
    #[track_caller]
    pub fn configure<T: Any + Send + Sync>(&mut self, name: &str, settings: &T) {
        let result = {
            let mut world = self.started();
            let adaptors = &world.plan.adaptors;
            let Some((_, def, _)) = adaptors.iter().find(|(known, ..)| known == name) else {
                panic!("there is no adaptor entity `{name}`");
            };
            if let Err(error) = (def.verify)(settings) {
                panic!("the settings are refused: {error}");
            }
            let now = world.clock.now();
            if let Some(shard) = world.shard_mut()
                && let Some(ra) = shard.adaptor(name)
            {
                shard.configure_adaptor(now, ra, settings);
            }
            world.settle()
        };
        self.check(result);
    }
    /// Gives a service settings of its own type, as a node does that reads its configuration again. After a restart it has
    /// those that it was put together with.
    ///
    /// # Panics
    /// There is no such service, or its settings are of another type.
    #[track_caller]
    pub fn configure_service<T: Any + Send + Sync>(&mut self, name: &str, settings: T) {
        let mut world = self.started();
        let given = world.shard_mut().is_some_and(|shard| {
            let service = shard.service(name);
            service.is_some_and(|ix| shard.configure_service(ix, Arc::new(settings)))
        });
        drop(world);
        assert!(given, "there is no service `{name}` with such settings");
    }
    /// What operators see of an adaptor entity.
    #[track_caller]
    #[must_use]
    pub fn report(&self, name: &str) -> Vec<Report> {
        let report = |shard: &Shard| shard.adaptor(name).map(|ra| shard.report(ra));
        self.look(report).flatten().unwrap_or_default()
    }

    // ---- faults

    /// What will go wrong with the store. An error of the store ends the process, as it ends a node's.
    pub fn set_faults(&mut self, faults: Faults) {
        self.world.borrow_mut().disk.set_faults(faults);
    }
    /// How long a sync takes; messages of strict services wait for it.
    pub fn set_sync_time(&mut self, time: Duration) {
        self.world.borrow_mut().disk.set_delay(nanos(time));
    }
    /// How good the network is from here on.
    pub fn set_link(&self, link: Link) {
        self.world.borrow_mut().net.set_link(link);
    }

    // ---- names

    /// The name servers have these records for a name from here on, with those that they had.
    pub fn dns(&self, name: &str, ttl: Duration, records: impl IntoIterator<Item = Record>) {
        let records = records.into_iter().collect();
        self.world.borrow_mut().net.scripted.add(name, ttl, records);
    }
    /// A question is answered with this error from here on, a [`ResolveError::Timeout`] after five seconds. Names that
    /// nothing was said of do not exist.
    pub fn dns_fails(&self, name: &str, kind: RecordKind, error: ResolveError) {
        let query = Query::new(name, kind);
        self.world.borrow_mut().net.scripted.fail(&query, error);
    }
    /// The name servers know nothing of a name any more.
    pub fn dns_forget(&self, name: &str) {
        self.world.borrow_mut().net.scripted.forget(name);
    }
    /// What a peer's certificate says. Without one, a peer that connects shows none, and one that the node connects to
    /// has one for whatever name it is asked for; with one, connections to the peer under other names fail.
    #[track_caller]
    pub fn certificate(&self, peer: &str, says: Peer) {
        let mut world = self.started();
        let address = world.net.peer(peer);
        world.net.scripted.certify(address, says);
    }

    // ---- what there is

    /// How much there is in the kernel; all zero when the process has ended.
    #[track_caller]
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.look(Shard::counts).unwrap_or_default()
    }
    /// Counters of the kernel since the process began.
    #[track_caller]
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.look(|shard| *shard.metrics()).unwrap_or_default()
    }
    /// A counter of the adaptors, summed over all of them, since the process began.
    #[track_caller]
    #[must_use]
    pub fn counter(&self, name: &str) -> u64 {
        let sum = |shard: &Shard| {
            let of_name = shard.counters().filter(|(_, counter, _)| *counter == name);
            of_name.map(|(_, _, n)| n).sum()
        };
        self.look(sum).unwrap_or_default()
    }
    /// The states of all entities of an SBB, in the order of slot and place.
    ///
    /// # Panics
    /// A state cannot be decoded.
    #[track_caller]
    #[must_use]
    pub fn states<S: Sbb>(&self) -> Vec<S> {
        let bytes: Vec<Vec<u8>> = self
            .look(|shard| {
                let of_sbb = shard.entities().filter(|entity| entity.sbb == S::SBB);
                of_sbb.map(|entity| entity.state).collect()
            })
            .unwrap_or_default();
        bytes
            .iter()
            .map(|bytes| match strowger::postcard::from_bytes(bytes) {
                Ok(state) => state,
                Err(error) => panic!("a state of {} cannot be decoded: {error}", S::SBB),
            })
            .collect()
    }
    /// Whether the process has ended by an error of its store.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let world = self.world.borrow();
        world.is_started() && world.shard().is_none()
    }
    /// Alarms so far, `NAME raised` or `NAME cleared`; of services `KIND (INSTANCE) raised`.
    #[must_use]
    pub fn alarms(&self) -> Vec<String> {
        self.world.borrow().alarms.clone()
    }
    /// Deliveries that were rolled back so far, `SBB: EVENT rolled back: CAUSE`.
    #[must_use]
    pub fn rolled_back(&self) -> Vec<String> {
        self.world.borrow().rolled_back.clone()
    }
    /// What was sent so far.
    #[must_use]
    pub fn ladder(&self) -> Ladder {
        self.world.borrow().net.ladder.clone()
    }
    /// The calls that were recorded, the earliest first.
    #[track_caller]
    #[must_use]
    pub fn recordings(&self) -> Vec<Recording> {
        let all = |shard: &Shard| {
            let (calls, _) = shard.ladders(None, usize::MAX, "");
            let calls = calls.iter().rev();
            calls.filter_map(|call| shard.ladder(call.id)).collect()
        };
        let mut recordings: Vec<Recording> = self.look(all).unwrap_or_default();
        let world = self.world.borrow();
        for step in recordings.iter_mut().flat_map(|call| &mut call.steps) {
            if let What::Message(message) = &mut step.what
                && let Some(shard) = world.shard()
                && let Some(ra) = shard.adaptor(&message.adaptor)
            {
                message.local = world.net.local(ra, ListenerIx(message.listener));
            }
        }
        recordings
    }
    /// How ladders show a message; adaptors' own kits set it.
    pub fn describe_with(&self, describe: Describe) {
        self.world.borrow_mut().net.ladder.describe_with(describe);
    }
    /// The kit's network, for scripted peers.
    #[track_caller]
    #[must_use]
    pub fn ground(&self) -> Rc<dyn Ground> {
        drop(self.started());
        self.field()
    }

    /// What an adaptor's own kit keeps with this one: made at the first call, the same at every other.
    pub fn keep<T: Any>(&self, make: impl FnOnce(Rc<dyn Ground>) -> T) -> Rc<T> {
        let kept = self.world.borrow().kept();
        kept.unwrap_or_else(|| {
            let made = Rc::new(make(self.field()));
            self.world.borrow_mut().keep(made.clone());
            made
        })
    }

    // ---- inside

    fn field(&self) -> Rc<dyn Ground> {
        Rc::new(Field(Rc::downgrade(&self.world)))
    }

    #[track_caller]
    pub(crate) fn look<R>(&self, f: impl FnOnce(&Shard) -> R) -> Option<R> {
        let world: Ref<'_, World> = {
            drop(self.started());
            self.world.borrow()
        };
        world.shard().map(f)
    }

    #[track_caller]
    pub(crate) fn unstarted(&self) -> RefMut<'_, World> {
        let world = self.world.borrow_mut();
        assert!(
            !world.is_started(),
            "a test kit is put together before it is used"
        );
        world
    }

    #[track_caller]
    pub(crate) fn started(&self) -> RefMut<'_, World> {
        let result = self.world.borrow_mut().ensure_started();
        self.check(result);
        self.world.borrow_mut()
    }

    #[track_caller]
    pub(crate) fn check<T>(&self, result: Result<T, Trouble>) -> T {
        match result {
            Ok(value) => value,
            Err(trouble) => panic!("{trouble}\n{}", self.context()),
        }
    }

    pub(crate) fn context(&self) -> String {
        let world = self.world.borrow();
        format!(
            "seed {}, what was sent so far:\n{}",
            world.seed, world.net.ladder
        )
    }
}
