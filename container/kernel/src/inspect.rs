//! What operators, tests and the reference model may see of a shard.

use std::time::Duration;
use strowger::id::{ActivityId, Component, EntityId, RaIx, ServiceIx, TimerId};
use strowger::time::Wall;

/// How much there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Activities, without those of services.
    pub activities: u32,
    /// Activities of services.
    pub service_activities: u32,
    /// Entities.
    pub entities: u32,
    /// Timers that will still expire.
    pub timers: u32,
    /// Events not yet offered to all.
    pub events: u32,
    /// Events whose delivery is suspended.
    pub suspended: u32,
    /// Names bound.
    pub names: u32,
    /// Outputs that wait to be durable or to be taken.
    pub outputs: u32,
    /// Deliveries that were put aside.
    pub quarantined: u32,
    /// Profiles, in all tables.
    pub profiles: u32,
}

/// Counters since the shard was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Metrics {
    /// Events accepted.
    pub events: u64,
    /// Events offered to all.
    pub events_done: u64,
    /// Handlers called.
    pub deliveries: u64,
    /// Profiles that transactions wrote or removed.
    pub profile_writes: u64,
    /// Transactions committed.
    pub commits: u64,
    /// Transactions rolled back.
    pub rollbacks: u64,
    /// Panics caught.
    pub panics: u64,
    /// Events of which nobody was a receiver.
    pub unreceived: u64,
    /// Events refused because a queue was full.
    pub queue_full: u64,
    /// Operations refused because of a limit.
    pub limited: u64,
    /// Activities started.
    pub activities_started: u64,
    /// Activities ended.
    pub activities_ended: u64,
    /// Entities created.
    pub entities_created: u64,
    /// Entities removed.
    pub entities_removed: u64,
    /// Timers set.
    pub timers_set: u64,
    /// Timer events fired.
    pub timers_fired: u64,
    /// Of those, the ones more than 100 ms after their time.
    pub timers_late: u64,
    /// Occurrences of timers dropped as missed.
    pub timers_missed: u64,
    /// Records handed to the store, removals included.
    pub records: u64,
    /// Bytes of them.
    pub record_bytes: u64,
    /// Deliveries put aside because they ended in a panic.
    pub quarantined: u64,
    /// Of those, the ones made again by an operator.
    pub quarantine_released: u64,
    /// The ones dropped by an operator.
    pub quarantine_discarded: u64,
    /// The ones dropped to make room for others.
    pub quarantine_dropped: u64,
    /// Messages of tracers that were dropped because too many waited.
    pub traces_lost: u64,
    /// Services deactivated because their deliveries failed too often.
    pub services_failed: u64,
}

/// Which part of a table is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Walk<I> {
    /// Behind which place; from the beginning without one.
    pub after: Option<I>,
    /// What is found at most.
    pub limit: usize,
    /// Places that are looked at at most: what it costs.
    pub places: usize,
}

/// Part of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found<T, I> {
    /// What was found.
    pub items: Vec<T>,
    /// Behind which place to go on; `None` at the end.
    pub next: Option<I>,
}

/// What can be asked of an activity at little cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ActivityGlance {
    /// Its type.
    pub kind: Component,
    /// Its adaptor entity; `None` for null and service activities.
    pub owner: Option<RaIx>,
    /// Time since it was started.
    pub age: Duration,
    /// Time since something last happened on it.
    pub idle: Duration,
}

/// What can be asked of an entity at little cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntityGlance {
    /// Its service.
    pub service: ServiceIx,
    /// Time since it was created.
    pub age: Duration,
}

/// One activity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActivityInfo {
    /// The activity.
    pub id: ActivityId,
    /// Its type.
    pub kind: Component,
    /// Its adaptor entity; `None` for null and service activities.
    pub owner: Option<RaIx>,
    /// Whether it is ending.
    pub ending: bool,
    /// Entities attached, in the order in which events are offered.
    pub attached: Vec<EntityId>,
    /// Timers that will still expire.
    pub timers: Vec<TimerId>,
    /// Names bound to it.
    pub names: Vec<String>,
    /// Events that wait.
    pub events: u32,
    /// Time since it was started.
    pub age: Duration,
    /// Time since something last happened on it.
    pub idle: Duration,
}

/// One entity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntityInfo {
    /// The entity.
    pub id: EntityId,
    /// Its service.
    pub service: ServiceIx,
    /// Its SBB.
    pub sbb: Component,
    /// Its parent; `None` for a root.
    pub parent: Option<EntityId>,
    /// Its children, oldest first.
    pub children: Vec<EntityId>,
    /// Its priority.
    pub priority: i8,
    /// The activities that it is attached to, in the order of attachment.
    pub activities: Vec<ActivityId>,
    /// The bytes of its state.
    pub state: Vec<u8>,
    /// Time since it was created.
    pub age: Duration,
}

/// One timer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimerInfo {
    /// The timer.
    pub id: TimerId,
    /// Its activity.
    pub activity: ActivityId,
    /// Event type of its events.
    pub event: Component,
    /// When it expires next.
    pub next: Wall,
    /// Expiries to come; `u32::MAX` for ever.
    pub remaining: u32,
}
