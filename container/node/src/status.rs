//! How a node is, as its management API tells it. Fields are added, never renamed: others read them.

mod export;
mod tallies;

pub use export::{Export, Exported};
pub use tallies::{EventTypeStatus, Level, Process, SbbStatus, ShardStatus, Times};

pub use crate::alarms::Alarm;
use crate::net::Counts as Network;
use crate::sources::SourceCounts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use strowger::ra::Report;
use utoipa::ToSchema;

/// How a node is.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct Status {
    /// Its name.
    pub node: String,
    /// Version of its binary.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// `running` or `stopping`.
    pub state: String,
    /// Milliseconds since it was ready.
    pub uptime_ms: u64,
    /// Milliseconds from its start until it was ready.
    pub ready_after_ms: u64,
    /// When it was started: milliseconds since 1970.
    pub started_ms: u64,
    /// Bytes of memory resident.
    pub resident_bytes: u64,
    /// What the system says of the process.
    pub process: Process,
    /// Whether new work is refused, and why.
    pub refusing: Vec<String>,
    /// How far it is with stopping, while it stops.
    pub drain: Option<Drain>,
    /// How often since its start it was overloaded, and refused part of the new work.
    pub overloads: u64,
    /// What is known of those who send.
    pub sources: SourceCounts,
    /// Addresses that it listens on.
    pub listeners: Vec<Listening>,
    /// Adaptor entities.
    pub adaptors: Vec<AdaptorStatus>,
    /// Services.
    pub services: Vec<ServiceStatus>,
    /// How much there is.
    pub counts: Counts,
    /// The shards.
    pub shards: Vec<ShardStatus>,
    /// Activities by type; only in detail.
    pub activities_by_type: BTreeMap<String, u64>,
    /// What happened to events, by type; only in detail.
    pub event_types: Vec<EventTypeStatus>,
    /// Per second, over the last seconds with work.
    pub rates: Rates,
    /// Totals of the kernel since start.
    pub kernel: Kernel,
    /// Totals of the network since start.
    pub network: Network,
    /// The store.
    pub store: Store,
    /// The recorder of calls.
    pub recorder: Recorder,
    /// What of the recorded calls is sent elsewhere.
    pub export: Export,
    /// The last backup, or the one under way.
    pub backup: BackupStatus,
    /// Alarms that are raised.
    pub alarms: Vec<Alarm>,
}

/// The last backup that a node has made, or the one under way.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct BackupStatus {
    /// `none`, `running`, `done` or `failed`.
    pub state: String,
    /// The directory.
    pub directory: String,
    /// When it began: milliseconds since 1970.
    pub began_ms: u64,
    /// Milliseconds that it took.
    pub took_ms: u64,
    /// Records in it.
    pub records: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// The last commit in it.
    pub commit: u64,
    /// Why it failed, if it did.
    pub reason: Option<String>,
}

/// The recorder of calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct Recorder {
    /// Calls held.
    pub calls: u64,
    /// Bytes held, about.
    pub bytes: u64,
    /// Calls begun since start.
    pub recorded: u64,
    /// Ended calls that made room for others, since start.
    pub evicted: u64,
    /// Calls not recorded because all that were held still lived, since start.
    pub refused: u64,
    /// Steps that did not fit, since start.
    pub dropped: u64,
}

impl From<strowger_kernel::RecorderCounts> for Recorder {
    fn from(counts: strowger_kernel::RecorderCounts) -> Self {
        Self {
            calls: counts.calls,
            bytes: counts.bytes,
            recorded: counts.recorded,
            evicted: counts.evicted,
            refused: counts.refused,
            dropped: counts.dropped,
        }
    }
}

/// A stop under way: `counts` says what is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct Drain {
    /// Milliseconds that it may take in all.
    pub limit_ms: u64,
    /// Milliseconds that are left of them.
    pub left_ms: u64,
}

/// An address that a node listens on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct Listening {
    /// The adaptor entity.
    pub adaptor: String,
    /// The listener's name.
    pub listener: String,
    /// `udp` or `tcp`.
    pub transport: String,
    /// Address and port, as bound.
    pub address: String,
    /// Connections accepted that stand.
    pub open: u64,
    /// How many there may be; zero where there are none.
    pub open_max: u64,
    /// Totals since start; `None` for a listener of an adaptor's own driver, which has them in its counters.
    pub network: Option<Network>,
}

/// One adaptor entity.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct AdaptorStatus {
    /// Its name.
    pub name: String,
    /// Name, version and vendor of its type.
    pub component: String,
    /// `inactive`, `active` or `stopping`.
    pub state: String,
    /// Its activities.
    pub activities: u64,
    /// Inputs that it was given: from the network, commands of services, times, reports.
    pub inputs: u64,
    /// Events that it fired and that were accepted.
    pub events: u64,
    /// Panics caught.
    pub panics: u64,
    /// Its own counters, with the levels of its driver.
    pub counters: BTreeMap<String, u64>,
    /// Which of them rise and fall.
    pub levels: Vec<String>,
    /// Its parts that have a state of their own, such as peers.
    #[schema(value_type = Vec<Part>)]
    pub parts: Vec<Report>,
}

/// Part of an adaptor entity, as documents describe it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "stands for `strowger::ra::Report` in documents")]
struct Part {
    /// What it is called.
    name: String,
    /// Its state, in a word.
    state: String,
    /// What else there is to say of it.
    detail: String,
    /// Numbers of it.
    counts: BTreeMap<String, u64>,
}

/// One service.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct ServiceStatus {
    /// Its name.
    pub name: String,
    /// Which service its table stands for, as the configuration names it: with `@` and a version if that is named, too.
    pub kind: String,
    /// Name, version and vendor.
    pub component: String,
    /// `inactive`, `active` or `stopping`.
    pub state: String,
    /// Its class of durability.
    pub durability: String,
    /// Its entities.
    pub entities: Option<u64>,
    /// Handlers called.
    pub deliveries: u64,
    /// Deliveries rolled back.
    pub rollbacks: u64,
    /// Panics caught.
    pub panics: u64,
    /// How long deliveries took, with what was done for them up to their commit: one in 61 is measured.
    pub times: Times,
    /// Its SBBs; only in detail, as of one service.
    pub sbbs: Vec<SbbStatus>,
    /// Sets of usage parameters of its SBBs; only in detail, as of one service.
    pub usage: Vec<UsageStatus>,
    /// Its other versions.
    pub versions: Vec<String>,
    /// The version beside which it runs as a canary.
    pub canary_of: Option<String>,
    /// Which new work it takes as a canary: `10 %`, `addresses A, B`, or `own`.
    pub share: Option<String>,
    /// The version that it has replaced, and that a rollback leads to.
    pub replaced: Option<String>,
    /// The version that what it has is moving to.
    pub moving_to: Option<String>,
}

/// A set of usage parameters.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct UsageStatus {
    /// Name of the SBB.
    pub sbb: String,
    /// Name of the set; empty for the unnamed one.
    pub set: String,
    /// When it was made or reset, in milliseconds since 1970.
    pub since_ms: u64,
    /// Who says that it is there: `code`, `configuration`, or `management`, whose sets alone can be removed.
    pub made_by: String,
    /// Its counters, by name.
    pub counters: BTreeMap<String, u64>,
    /// Its samples, by name.
    pub samples: BTreeMap<String, SampleStatus>,
}

/// A sample among the usage parameters. Without values all of it is 0.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct SampleStatus {
    /// What its values are measured in; empty where they are plain numbers.
    pub unit: String,
    /// Values.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
    /// The least.
    pub min: u64,
    /// The greatest.
    pub max: u64,
    /// Their mean.
    pub mean: f64,
    /// What half of them do not exceed, within 3.2 %.
    pub p50: u64,
    /// What 95 of 100 do not exceed.
    pub p95: u64,
    /// What 99 of 100 do not exceed.
    pub p99: u64,
}

/// How much there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct Counts {
    /// Activities, without those of services.
    pub activities: u64,
    /// Activities of services.
    pub service_activities: u64,
    /// SBB entities.
    pub entities: u64,
    /// Timers that will still expire.
    pub timers: u64,
    /// Events not yet offered to all.
    pub events: u64,
    /// Events whose delivery is suspended.
    pub suspended: u64,
    /// Names bound.
    pub names: u64,
    /// Messages that wait to be durable.
    pub outputs: u64,
    /// Quarantined events: deliveries that ended in a panic and were put aside.
    pub quarantined: u64,
    /// Profiles, in all tables.
    pub profiles: u64,
    /// Connections.
    pub connections: u64,
}

/// Per second.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct Rates {
    /// Events accepted.
    pub events: f64,
    /// Handlers called.
    pub deliveries: f64,
    /// Activities started.
    pub activities: f64,
    /// Datagrams received.
    pub datagrams_in: f64,
    /// Bytes received.
    pub bytes_in: f64,
    /// Syncs of the store.
    pub syncs: f64,
}

macro_rules! kernel {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Totals of the kernel since start.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
        #[serde(default)]
        #[non_exhaustive]
        pub struct Kernel {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl From<&strowger_kernel::Metrics> for Kernel {
            fn from(metrics: &strowger_kernel::Metrics) -> Self {
                Self { $($name: metrics.$name,)* }
            }
        }
    };
}

kernel! {
    /// Events accepted.
    events,
    /// Events offered to all.
    events_done,
    /// Handlers called.
    deliveries,
    /// Profiles written or removed.
    profile_writes,
    /// Transactions committed.
    commits,
    /// Transactions rolled back.
    rollbacks,
    /// Panics caught.
    panics,
    /// Events of which nobody was a receiver.
    unreceived,
    /// Events refused because a queue was full.
    queue_full,
    /// Operations refused because of a limit.
    limited,
    /// Activities started.
    activities_started,
    /// Activities ended.
    activities_ended,
    /// Entities created.
    entities_created,
    /// Entities removed.
    entities_removed,
    /// Timers set.
    timers_set,
    /// Timer events fired.
    timers_fired,
    /// Of those, the ones more than 100 ms after their time.
    timers_late,
    /// Occurrences of timers dropped as missed.
    timers_missed,
    /// Records handed to the store, removals included.
    records,
    /// Bytes of them.
    record_bytes,
    /// Deliveries put aside because they ended in a panic.
    quarantined,
    /// Of those, the ones made again by an operator.
    quarantine_released,
    /// The ones dropped by an operator.
    quarantine_discarded,
    /// The ones dropped to make room for others.
    quarantine_dropped,
    /// Messages of tracers that were dropped because too many waited.
    traces_lost,
    /// Services deactivated because their deliveries failed too often.
    services_failed,
}

/// The store.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct Store {
    /// The last durable commit.
    pub durable: u64,
    /// The last commit in a checkpoint.
    pub checkpoint: u64,
    /// Milliseconds since a checkpoint last began to count; since the start if none has.
    pub checkpoint_age_ms: u64,
    /// Microseconds that the last checkpoint took.
    pub checkpoint_us: u64,
    /// Bytes that the checkpoint takes on disk.
    pub checkpoint_bytes: u64,
    /// Groups of commits made durable since start.
    pub groups: u64,
    /// Commits made durable since start.
    pub commits: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Writes with a sync, since start.
    pub syncs: u64,
    /// Microseconds of the last sync.
    pub last_sync_us: u64,
    /// How long the syncs took.
    pub sync_times: Times,
    /// Groups that wait to be written.
    pub queued_groups: u64,
    /// How many may.
    pub queued_groups_max: u64,
    /// Bytes that wait to be written.
    pub queued_bytes: u64,
    /// How many may.
    pub queued_bytes_max: u64,
    /// Groups refused since start because too many waited.
    pub refused: u64,
    /// Bytes of journal on disk.
    pub journal_bytes: u64,
    /// Bytes free on the store's disk.
    pub free_bytes: u64,
    /// Whether so little is free that new work is refused.
    pub low_space: bool,
}

impl From<strowger_store::WriterStats> for Store {
    fn from(stats: strowger_store::WriterStats) -> Self {
        let health = stats.health;
        Self {
            durable: health.durable.0,
            checkpoint: health.checkpoint.0,
            checkpoint_age_ms: u64::try_from(stats.checkpoint_age.as_millis()).unwrap_or(u64::MAX),
            checkpoint_us: micros(health.checkpoint_time),
            checkpoint_bytes: health.checkpoint_bytes,
            groups: stats.groups,
            commits: stats.commits,
            bytes: stats.bytes,
            syncs: stats.syncs,
            last_sync_us: micros(health.last_sync),
            sync_times: (&stats.sync_times).into(),
            queued_groups: stats.queued_groups as u64,
            queued_groups_max: stats.queue_groups as u64,
            queued_bytes: stats.queued_bytes as u64,
            queued_bytes_max: stats.queue_bytes as u64,
            refused: stats.refused,
            journal_bytes: health.journal_bytes,
            free_bytes: health.free_bytes,
            low_space: health.low_space,
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
