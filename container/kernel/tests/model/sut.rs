//! The kernel under test, with an in-memory store, driven step by step.

use super::exchange::{Exchange, Order, RA};
use super::record::{self, Record, with};
use super::script::{Act1, Case, ENERGY, Step};
use super::toy::{self, NAMES, Toy};
use super::trace::{ActivityPicture, EntityPicture, Line, Picture};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use strowger::id::{ActivityId, ServiceIx};
use strowger::ra::{AdaptorDef, Bytes, ListenerIx};
use strowger::service::NoSettings;
use strowger::time::{Mono, Now, Wall};
use strowger_journal::memory::Crash;
use strowger_journal::{MemoryStore, Store};
use strowger_kernel::{
    Durability, EventTally, NetInput, Options, ServiceOptions, ServiceState, Shard, SleeState,
};

/// When every case begins.
pub(crate) const EPOCH: u64 = 1_700_000_000_000;

/// The kernel and its surroundings.
pub(crate) struct Sut {
    case: Rc<Case>,
    shard: Shard,
    store: MemoryStore,
    now: u64,
}

fn now(ms: u64) -> Now {
    Now {
        mono: Mono(ms * 1_000_000),
        wall: Wall(ms),
    }
}

fn shard(case: &Case) -> Shard {
    let mut options = Options::new([3; 32], [5; 16]);
    options.defaults.liveness = Duration::ZERO;
    let mut shard = Shard::new(options);
    let settings: Arc<dyn std::any::Any + Send + Sync> = Arc::new(NoSettings::default());
    let ra = shard.install_adaptor("exchange", &AdaptorDef::of::<Exchange>(), &settings);
    assert_eq!(ra, Ok(RA));
    for (service, strict) in toy::services().into_iter().zip(case.durable) {
        let mut options = ServiceOptions::new(service.component.name, &service);
        if !strict {
            options.durability = Durability::None;
        }
        shard.install_service(service, options).unwrap();
    }
    shard
}

impl Sut {
    pub(crate) fn new(case: &Rc<Case>) -> Self {
        record::begin(case);
        let mut sut = Self {
            shard: shard(case),
            case: Rc::clone(case),
            store: MemoryStore::new(),
            now: EPOCH,
        };
        sut.shard.activate_adaptor(now(EPOCH), RA).unwrap();
        let all = [ServiceIx(0), ServiceIx(1), ServiceIx(2)];
        sut.shard.activate_services(now(EPOCH), &all).unwrap();
        sut.shard.start(now(EPOCH)).unwrap();
        sut.meet_service_activities(&[]);
        sut
    }

    /// Does one step; gives the trace.
    pub(crate) fn step(&mut self, step: &Step) -> Vec<Line> {
        with(|r| {
            r.energy = ENERGY;
            r.lines.clear();
        });
        self.act(&step.action);
        self.run(step.budget);
        self.check_tallies();
        if step.group {
            self.group();
        }
        with(|r| std::mem::take(&mut r.lines))
    }

    fn act(&mut self, action: &Act1) {
        match action {
            Act1::Start { slot, unreferenced } => self.order(&Order::Start {
                slot: *slot,
                unreferenced: *unreferenced,
            }),
            Act1::Fire(n, shot) => {
                if let Some(id) = self.activity(*n) {
                    self.order(&Order::fire(id, *shot));
                }
            }
            Act1::End(n) => {
                if let Some(id) = self.activity(*n) {
                    self.order(&Order::End(id));
                }
            }
            Act1::Advance(ms) => {
                self.now += u64::from(*ms);
                self.shard.timeout(now(self.now));
            }
            Act1::Activate(n) => {
                let service = [ServiceIx((*n).into())];
                let before = self.service_activities();
                let _ = self.shard.activate_services(now(self.now), &service);
                self.meet_service_activities(&before);
            }
            Act1::Deactivate(n) => {
                let service = [ServiceIx((*n).into())];
                let _ = self.shard.deactivate_services(now(self.now), &service);
            }
            Act1::AdminEnd(n) => {
                if let Some(id) = self.activity(*n) {
                    let _ = self.shard.end_activity(now(self.now), id);
                }
            }
            Act1::Stop => {
                let _ = self.shard.stop(now(self.now));
            }
            Act1::Restart => {
                let before = self.service_activities();
                let _ = self.shard.start(now(self.now));
                self.meet_service_activities(&before);
            }
            Act1::Crash => self.crash(),
            Act1::Nothing => {}
        }
    }

    /// What is counted in passing is what a walk over everything finds.
    fn check_tallies(&self) {
        let shard = &self.shard;
        let mut living: BTreeMap<_, u32> = BTreeMap::new();
        for activity in shard.activities() {
            *living.entry(activity.kind).or_default() += 1;
        }
        let counted = shard.activity_types().filter(|(_, n)| *n > 0);
        assert_eq!(counted.collect::<BTreeMap<_, _>>(), living);
        let mut entities: BTreeMap<_, u32> = BTreeMap::new();
        for entity in shard.entities() {
            *entities.entry((entity.service, entity.sbb)).or_default() += 1;
        }
        let mut deliveries = 0;
        for service in [ServiceIx(0), ServiceIx(1), ServiceIx(2)] {
            for (sbb, tally) in shard.sbb_tallies(service) {
                let walked = entities.get(&(service, sbb)).copied().unwrap_or(0);
                assert_eq!(tally.entities, walked, "{service:?} {sbb}");
                deliveries += tally.deliveries;
            }
        }
        let (metrics, mut events) = (shard.metrics(), EventTally::default());
        for (_, tally) in shard.event_tallies() {
            events.fired += tally.fired;
            events.routed += tally.routed;
            events.unreceived += tally.unreceived;
            events.refused += tally.refused;
            events.deliveries += tally.deliveries;
        }
        let total = EventTally {
            fired: metrics.events,
            routed: metrics.events_done,
            unreceived: metrics.unreceived,
            refused: metrics.queue_full,
            deliveries: metrics.deliveries,
        };
        assert_eq!((events, deliveries), (total, metrics.deliveries));
        let ra = shard.adaptor_tally(RA).map_or(0, |tally| tally.activities);
        let owned = shard.activities().filter(|a| a.owner == Some(RA)).count();
        assert_eq!(ra as usize, owned);
    }

    fn activity(&self, n: u8) -> Option<ActivityId> {
        with(|r| record::back(&r.activities, n))
    }

    fn order(&mut self, order: &Order) {
        let bytes = postcard::to_allocvec(order).unwrap();
        let datagram = NetInput::Datagram {
            listener: ListenerIx(0),
            from: SocketAddr::from(([127, 0, 0, 1], 1)),
            bytes: Bytes::from(bytes),
        };
        self.shard.input(now(self.now), RA, datagram);
    }

    fn run(&mut self, budget: Option<u8>) {
        let at = now(self.now);
        if let Some(budget) = budget {
            self.shard.run(at, budget.into());
            return;
        }
        for _ in 0..10_000 {
            while self.shard.run(at, 1000) {}
            match self.shard.deadline() {
                Some(deadline) if deadline <= at.mono => self.shard.timeout(at),
                _ => return,
            }
        }
        panic!("the shard never comes to rest");
    }

    fn group(&mut self) {
        if let Some(group) = self.shard.take_group() {
            self.store.append(&group).unwrap();
            self.shard.durable(self.store.sync().unwrap());
        }
        while self.shard.poll_output().is_some() {}
        if self.case.durable.contains(&true) {
            with(Record::keep);
        }
    }

    /// The process dies and another begins, a millisecond later, with what the store has.
    fn crash(&mut self) {
        let active: Vec<_> = (0..3)
            .map(ServiceIx)
            .filter(|ix| self.shard.service_state(*ix) == Some(ServiceState::Active))
            .collect();
        let store = std::mem::take(&mut self.store);
        self.store = store.crash(Crash::LoseUnsynced);
        self.now += 1;
        with(Record::lose);
        let at = now(self.now);
        self.shard = shard(&self.case);
        let shard = &mut self.shard;
        let recovered = self
            .store
            .recover(&mut |record| shard.restore(at, &record).unwrap())
            .unwrap();
        shard.restored(at, recovered.last_seq).unwrap();
        let before = self.service_activities();
        let shard = &mut self.shard;
        shard.activate_adaptor(at, RA).unwrap();
        if !active.is_empty() {
            shard.activate_services(at, &active).unwrap();
        }
        shard.start(at).unwrap();
        self.meet_service_activities(&before);
    }

    fn service_activities(&self) -> Vec<ActivityId> {
        let of_services = self
            .shard
            .activities()
            .filter(|a| a.kind.name == "service-activity");
        of_services.map(|a| a.id).collect()
    }
    /// Activities of services are made by the kernel itself: those that were not there before are entered, oldest first.
    fn meet_service_activities(&mut self, before: &[ActivityId]) {
        let mut new = self.service_activities();
        new.retain(|id| !before.contains(id));
        new.sort_by_key(|id| id.stamp());
        for id in new {
            with(|r| r.activity_born(id));
        }
    }

    /// Ids as they sort, by birth number: what the kernel orders by id without any rule saying so.
    pub(crate) fn raw_activity(activity: usize) -> u64 {
        with(|r| r.activities[activity].raw())
    }
    pub(crate) fn raw_timer(timer: usize) -> u64 {
        with(|r| r.timers[timer].raw())
    }

    pub(crate) fn picture(&self) -> Picture {
        let counts = self.shard.counts();
        let mut picture = Picture {
            events: counts.events,
            suspended: counts.suspended,
            ..Picture::default()
        };
        with(|r| {
            for a in self.shard.activities() {
                let mut timers: Vec<_> = a.timers.iter().map(|t| r.timer(*t)).collect();
                timers.sort_unstable();
                let mut names = a.names.clone();
                names.sort();
                let seen = ActivityPicture {
                    kind: a.kind.name,
                    ending: a.ending,
                    attached: a.attached.iter().map(|e| r.entity(*e)).collect(),
                    timers,
                    names,
                    events: a.events,
                };
                picture.activities.insert(r.activity(a.id), seen);
            }
            for e in self.shard.entities() {
                let toy: Toy<0> = postcard::from_bytes(&e.state).unwrap();
                let seen = EntityPicture {
                    kind: NAMES.iter().position(|n| *n == e.sbb.name).unwrap(),
                    service: e.service.0.into(),
                    parent: e.parent.map(|p| r.entity(p)),
                    kids: e.children.iter().map(|c| r.entity(*c)).collect(),
                    priority: e.priority,
                    attached: e.activities.iter().map(|a| r.activity(*a)).collect(),
                    count: toy.count,
                };
                picture.entities.insert(r.entity(e.id), seen);
            }
            for t in self.shard.timers() {
                let seen = (r.activity(t.activity), t.next.0, t.remaining);
                picture.timers.insert(r.timer(t.id), seen);
            }
            for (name, id) in self.shard.names() {
                picture.names.insert(name.to_owned(), r.activity(id));
            }
        });
        let state = |n| match self.shard.service_state(ServiceIx(n)) {
            Some(ServiceState::Active) => "active",
            Some(ServiceState::Stopping) => "stopping",
            Some(ServiceState::Inactive) => "inactive",
            None => "none",
        };
        picture.services = (0..3).map(state).collect();
        picture.slee = match self.shard.state() {
            SleeState::Running => "active",
            SleeState::Stopping => "stopping",
            SleeState::Stopped => "inactive",
        };
        picture
    }
}
