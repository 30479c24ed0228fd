//! What a shard is made with: limits, defaults, entropy, and how each service runs.

use crate::Probe;
use crate::intensity::Intensity;
use crate::usage::UsageOptions;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

/// What a shard is made with. Everything has a default but the two sources of unpredictability.
#[derive(Clone, Debug)]
pub struct Options {
    /// Upper bounds of tables and queues.
    pub limits: Limits,
    /// Values for what services leave open.
    pub defaults: Defaults,
    /// Where random bits come from; fixed in tests, fresh at every start of a node.
    pub seed: [u8; 32],
    /// Key of slots and of protocol ids that come back from outside; kept in the store, the same at every start.
    pub secret: [u8; 16],
    /// Shows which handler runs.
    pub probe: Probe,
}

impl Options {
    /// Default limits and values.
    #[must_use]
    pub fn new(seed: [u8; 32], secret: [u8; 16]) -> Self {
        Self {
            limits: Limits::default(),
            defaults: Defaults::default(),
            seed,
            secret,
            probe: Probe::default(),
        }
    }
}

/// Upper bounds. What would go above is refused with `OpError::Limit` and counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Activities, in all slots.
    pub activities: u32,
    /// Entities, in all slots.
    pub entities: u32,
    /// Timers, in all slots.
    pub timers: u32,
    /// Events that wait on one activity.
    pub events_per_activity: u32,
    /// Events that wait, in all.
    pub events: u32,
    /// Entities attached to one activity.
    pub attachments: u32,
    /// Activities to which one entity is attached.
    pub entity_activities: u32,
    /// Bytes of attributes and of names of one activity.
    pub activity_bytes: u32,
    /// Bytes of one entity's state.
    pub state_bytes: u32,
    /// Effects (events, commands, timers, ...) of one transaction.
    pub effects: u32,
    /// Deliveries that are put aside because they ended in a panic; what is above makes the oldest go.
    pub quarantine: u32,
    /// Alarms of services that stand.
    pub alarms: u32,
    /// Sets of usage parameters, of all SBBs in all services.
    pub usage_sets: u32,
    /// Profile tables.
    pub profile_tables: u32,
    /// Profiles, in all tables.
    pub profiles: u32,
    /// Bytes of one profile.
    pub profile_bytes: u32,
    /// Profiles that one query looks at: more are an index too few.
    pub profile_scan: u32,
    /// Profiles that a query finds which names no maximum of its own.
    pub profile_matches: u32,
    /// Edit sessions of management.
    pub profile_edits: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            activities: 4_000_000,
            entities: 4_000_000,
            timers: 4_000_000,
            events_per_activity: 1_000,
            events: 1_000_000,
            attachments: 100_000,
            entity_activities: 10_000,
            activity_bytes: 64 * 1024,
            state_bytes: 256 * 1024,
            effects: 100_000,
            quarantine: 1_000,
            alarms: 1_000,
            usage_sets: 1_000,
            profile_tables: 1_000,
            profiles: 2_000_000,
            profile_bytes: 64 * 1024,
            profile_scan: 100_000,
            profile_matches: 10_000,
            profile_edits: 100,
        }
    }
}

/// Values for what services leave open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Defaults {
    /// Longest suspension of an event when a service names none (R-EC-03).
    pub suspension: Duration,
    /// Lateness from which a timer's occurrence counts as missed when a service names none (R-TM-05).
    pub timer_timeout: Duration,
    /// Adaptors are asked about activities of theirs that were idle for this long (R-AC-07); zero: never.
    pub liveness: Duration,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            suspension: Duration::from_secs(10),
            timer_timeout: Duration::from_secs(1),
            liveness: Duration::from_secs(600),
        }
    }
}

/// What of a service survives the process; the order is that of strength.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Durability {
    /// Nothing is written.
    None,
    /// Written; messages do not wait for it.
    Relaxed,
    /// Written, and messages leave when it is durable.
    #[default]
    Strict,
}

/// How one service runs.
#[derive(Clone)]
pub struct ServiceOptions {
    /// Its name on the node; unique.
    pub name: String,
    /// Priority of its root entities (R-OR-01); `None` is the service's own.
    pub priority: Option<i8>,
    /// Its class.
    pub durability: Durability,
    /// Its settings, of the type that its definition names.
    pub settings: Arc<dyn Any + Send + Sync>,
    /// Link name, name of an adaptor entity: for this service, before the links of the shard.
    pub links: Vec<(String, String)>,
    /// Whether the configuration wants it to be active.
    pub active: bool,
    /// It is not activated at this start, whoever wants it.
    pub held_back: bool,
    /// How many of its deliveries may fail; by default any number.
    pub intensity: Intensity,
    /// Its named sets of usage parameters, and what is watched of them.
    pub usage: UsageOptions,
}

impl ServiceOptions {
    /// Named, with default settings, in class strict.
    #[must_use]
    pub fn new(name: &str, def: &strowger::service::ServiceDef) -> Self {
        Self {
            name: name.to_owned(),
            priority: None,
            durability: Durability::default(),
            settings: (def.settings.defaults)(),
            links: Vec::new(),
            active: true,
            held_back: false,
            intensity: Intensity::default(),
            usage: UsageOptions::default(),
        }
    }
}

impl std::fmt::Debug for ServiceOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceOptions")
            .field("name", &self.name)
            .field("priority", &self.priority)
            .field("durability", &self.durability)
            .field("links", &self.links)
            .field("intensity", &self.intensity)
            .finish_non_exhaustive()
    }
}
