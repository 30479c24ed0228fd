//! Everything that a shard owns. The operations on it are spread over files by noun; none of them reads a clock, and
//! what is asked of the outside goes to the outputs.

use crate::activity::{Activity, Owner};
use crate::adaptor::{AdaptorEntity, Report};
use crate::alarms::Alarms;
use crate::entity::Entity;
use crate::inspect::Metrics;
use crate::journal::Journal;
use crate::manage::SleeState;
use crate::moving::Moving;
use crate::options::{Defaults, Limits, Options};
use crate::outputs::Outputs;
use crate::probe::Probe;
use crate::profile::Profiles;
use crate::quarantine::Quarantine;
use crate::queue::Queue;
use crate::recorder::Recorder;
use crate::recovery::Recovery;
use crate::registry::{EventIx, Registry};
use crate::selection::Roots;
use crate::service::{Aliases, Sbb, Service};
use crate::slab::Slab;
use crate::tally::Timing;
use crate::timer::Timer;
use crate::told::ToldOf;
use crate::tracers::Tracers;
use crate::transaction::Transaction;
use siphasher::sip::SipHasher24;
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::Hasher;
use std::sync::Arc;
use strowger::OpError;
use strowger::event::EventContext;
use strowger::id::{ActivityId, ComponentId, EntityId, RaIx, ServiceIx, Slot, TimerId};
use strowger::ra::{Entropy, NewWork};
use strowger::sbb::Hooks;
use strowger::time::{Mono, Now, Wall};
use strowger_journal::Seq;

/// All state of a shard.
pub(crate) struct Kernel {
    pub(crate) now: Now,
    pub(crate) entropy: Entropy,
    pub(crate) secret: [u8; 16],
    pub(crate) limits: Limits,
    pub(crate) defaults: Defaults,
    pub(crate) slee: SleeState,
    /// Records are being restored: adaptors may not start activities.
    pub(crate) restoring: bool,
    /// What all adaptors were told of new work last.
    pub(crate) new_work: NewWork,

    pub(crate) registry: Registry,
    pub(crate) aliases: Aliases,
    pub(crate) services: Vec<Service>,
    /// A place whose entity was removed is not used again: its number may be on its way in what others hold.
    pub(crate) adaptors: Vec<Option<AdaptorEntity>>,
    /// The places that have one, so that no turn walks the others.
    pub(crate) living_ras: Arc<[RaIx]>,
    pub(crate) links: BTreeMap<String, RaIx>,
    /// By event type: the active services for which it is initial, highest priority first.
    pub(crate) initial: Vec<Vec<ServiceIx>>,
    /// By event type: how many SBBs of services that are not inactive receive it.
    pub(crate) receivers: Vec<u32>,
    /// Services whose entities move to another version.
    pub(crate) moving: Vec<Moving>,
    /// Services and SBBs that are in the store in a version that is not installed, by its id: what stands for them.
    pub(crate) successors: BTreeMap<ComponentId, ServiceIx>,
    /// Some service is of a durable class.
    pub(crate) any_durable: bool,

    pub(crate) activities: Slab<ActivityId, Activity>,
    pub(crate) entities: Slab<EntityId, Entity>,
    pub(crate) timers: Slab<TimerId, Timer>,
    pub(crate) roots: Roots,
    pub(crate) names: BTreeMap<Box<str>, ActivityId>,
    pub(crate) service_activities: u32,
    pub(crate) table_activities: u32,
    /// Timers by their next expiry.
    pub(crate) due: BTreeSet<(Wall, TimerId)>,
    /// Activities whose first event is suspended, by the end of the suspension.
    pub(crate) holds: BTreeSet<(Wall, ActivityId)>,

    pub(crate) queue: Queue,
    pub(crate) quarantine: Quarantine,
    pub(crate) alarms: Alarms,
    pub(crate) tracers: Tracers,
    /// When the next window of a threshold ends.
    pub(crate) watch_due: Option<Mono>,
    pub(crate) profiles: Profiles,
    pub(crate) tx: Transaction,
    /// The event whose handler runs.
    pub(crate) current: Option<EventContext>,
    /// The event that is being routed, also between handlers.
    pub(crate) routed: Option<EventContext>,
    /// What adaptors have yet to be told.
    pub(crate) reports: VecDeque<Report>,
    /// Activities that may have lost their last reference.
    pub(crate) checks: VecDeque<ActivityId>,
    pub(crate) journal: Journal,
    pub(crate) recovery: Recovery,
    pub(crate) outputs: Outputs,
    pub(crate) told: ToldOf,
    pub(crate) next_conn: u64,
    /// Next slot to be asked for dead activities, and when.
    pub(crate) sweep: (u8, Wall),
    pub(crate) metrics: Metrics,
    pub(crate) probe: Probe,
    /// Deliveries with which the process did not come back: the next one of each is not made.
    pub(crate) held_back: Vec<(EntityId, EventIx)>,
    pub(crate) recorder: Recorder,
    pub(crate) timing: Timing,
    pub(crate) scratch: Vec<u8>,
    pub(crate) no_settings: Arc<dyn Any + Send + Sync>,
}

impl Kernel {
    pub(crate) fn new(options: &Options) -> Self {
        let mut entropy = Entropy::from_seed(options.seed);
        let mut seed = || entropy.next_u64();
        let hasher = ahash::RandomState::with_seeds(seed(), seed(), seed(), seed());
        Self {
            now: Now::default(),
            secret: options.secret,
            limits: options.limits,
            defaults: options.defaults,
            slee: SleeState::Stopped,
            restoring: false,
            new_work: NewWork::Taken,
            registry: Registry::new(&hasher),
            aliases: Aliases::new(),
            services: Vec::new(),
            adaptors: Vec::new(),
            living_ras: Arc::default(),
            links: BTreeMap::new(),
            initial: Vec::new(),
            receivers: Vec::new(),
            moving: Vec::new(),
            successors: BTreeMap::new(),
            any_durable: false,
            activities: Slab::new(),
            entities: Slab::new(),
            timers: Slab::new(),
            recorder: Recorder::new(options.secret, &hasher),
            roots: Roots::new(hasher.clone()),
            names: BTreeMap::new(),
            service_activities: 0,
            table_activities: 0,
            due: BTreeSet::new(),
            holds: BTreeSet::new(),
            queue: Queue::default(),
            quarantine: Quarantine::default(),
            alarms: Alarms::default(),
            tracers: Tracers::new(),
            watch_due: None,
            profiles: Profiles::new(hasher),
            tx: Transaction::default(),
            current: None,
            routed: None,
            reports: VecDeque::new(),
            checks: VecDeque::new(),
            journal: Journal::new(Seq(1)),
            recovery: Recovery::default(),
            outputs: Outputs::default(),
            told: ToldOf::default(),
            next_conn: 1 << 63,
            sweep: (0, Wall(0)),
            metrics: Metrics::default(),
            probe: options.probe.clone(),
            held_back: Vec::new(),
            timing: Timing::new(),
            scratch: Vec::new(),
            no_settings: Arc::new(()),
            entropy,
        }
    }

    /// Wall time in whole seconds.
    pub(crate) fn seconds(&self) -> u32 {
        u32::try_from(self.now.wall.0 / 1000).unwrap_or(u32::MAX)
    }
    /// The slot of a key. The hash must never change: slots are in the store and in ids at peers.
    pub(crate) fn slot(&self, key: &[u8]) -> Slot {
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        hasher.write(key);
        Slot(hasher.finish() as u8)
    }
    /// Counts a refusal for a limit.
    pub(crate) fn limited(&mut self, limit: &'static str) -> OpError {
        self.metrics.limited += 1;
        OpError::Limit(limit)
    }

    pub(crate) fn service(&self, ix: ServiceIx) -> Option<&Service> {
        self.services.get(usize::from(ix.0))
    }
    pub(crate) fn service_mut(&mut self, ix: ServiceIx) -> Option<&mut Service> {
        self.services.get_mut(usize::from(ix.0))
    }
    /// Service and SBB of an entity, also of one that is being removed.
    pub(crate) fn sbb_of(&self, id: EntityId) -> Option<(&Service, &Sbb)> {
        let entity = self.entities.get(id)?;
        let service = self.service(entity.service)?;
        Some((service, service.sbb(entity.sbb)?))
    }
    pub(crate) fn hooks_of(&self, id: EntityId) -> Hooks {
        self.sbb_of(id)
            .map(|(_, sbb)| sbb.hooks)
            .unwrap_or_default()
    }

    // ---- references

    /// Looks later whether anything still refers to an activity (R-AC-06).
    pub(crate) fn check_later(&mut self, id: ActivityId) {
        if self
            .activities
            .get(id)
            .is_some_and(|a| !a.is_referenced() && !a.ending && !a.reported)
        {
            self.checks.push_back(id);
        }
    }
    /// Ends an unreferenced null activity (R-NA-03), or tells the adaptor entity (R-AC-06).
    pub(crate) fn check(&mut self, id: ActivityId) {
        let Some(activity) = self.activities.get_mut(id) else {
            return;
        };
        if activity.is_referenced() || activity.ending || activity.reported {
            return;
        }
        match activity.owner {
            Owner::Null => self.begin_end(id),
            Owner::Service(_) | Owner::Table => {}
            Owner::Ra(ra) => {
                if activity.flags.report_unreferenced {
                    activity.reported = true;
                    self.reports.push_back(Report::Unreferenced(ra, id));
                }
            }
        }
    }
}
