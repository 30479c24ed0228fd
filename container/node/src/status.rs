//! How a node is, as its control socket tells it. Fields are added, never renamed: others read them.

use crate::alarms::Alarm;
use crate::net::Counts as Network;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strowger::ra::Report;

/// How a node is.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
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
    /// Bytes of memory resident.
    pub resident_bytes: u64,
    /// Whether new work is refused, and why.
    pub refusing: Vec<String>,
    /// How often since its start it was overloaded, and refused part of the new work.
    pub overloads: u64,
    /// Addresses that it listens on.
    pub listeners: Vec<Listening>,
    /// Adaptor entities.
    pub adaptors: Vec<AdaptorStatus>,
    /// Services.
    pub services: Vec<ServiceStatus>,
    /// How much there is.
    pub counts: Counts,
    /// Activities by type; only in detail.
    pub activities_by_type: BTreeMap<String, u64>,
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
    /// Alarms that are raised.
    pub alarms: Vec<Alarm>,
}

/// The recorder of calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
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

/// An address that a node listens on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
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
}

/// One adaptor entity.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AdaptorStatus {
    /// Its name.
    pub name: String,
    /// Name, version and vendor of its type.
    pub component: String,
    /// `inactive`, `active` or `stopping`.
    pub state: String,
    /// Its own counters.
    pub counters: BTreeMap<String, u64>,
    /// Its parts that have a state of their own, such as peers.
    pub parts: Vec<Report>,
}

/// One service.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ServiceStatus {
    /// Its name.
    pub name: String,
    /// Name, version and vendor.
    pub component: String,
    /// `inactive`, `active` or `stopping`.
    pub state: String,
    /// Its class of durability.
    pub durability: String,
    /// Its entities; only in detail.
    pub entities: Option<u64>,
}

/// How much there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
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
    /// Connections.
    pub connections: u64,
}

/// Per second.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
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
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
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
    /// Occurrences of timers dropped as missed.
    timers_missed,
    /// Records handed to the store, removals included.
    records,
    /// Bytes of them.
    record_bytes,
}

/// The store.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Store {
    /// The last durable commit.
    pub durable: u64,
    /// The last commit in a checkpoint.
    pub checkpoint: u64,
    /// Commits made durable since start.
    pub commits: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Writes with a sync, since start.
    pub syncs: u64,
    /// Microseconds of the last sync.
    pub last_sync_us: u64,
    /// Groups that wait to be written.
    pub queued_groups: u64,
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
            commits: stats.commits,
            bytes: stats.bytes,
            syncs: stats.syncs,
            last_sync_us: u64::try_from(health.last_sync.as_micros()).unwrap_or(u64::MAX),
            queued_groups: stats.queued_groups as u64,
            refused: stats.refused,
            journal_bytes: health.journal_bytes,
            free_bytes: health.free_bytes,
            low_space: health.low_space,
        }
    }
}
