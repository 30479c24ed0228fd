//! The parts of a status that metrics are made of: by shard, queue, event type and SBB, and times in buckets.

use serde::{Deserialize, Serialize};

/// How long something took, in buckets.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct Times {
    /// How many were measured.
    pub count: u64,
    /// The sum of them, in nanoseconds.
    pub sum_ns: u64,
    /// Upper bounds of the buckets, in nanoseconds, each belonging to its bucket.
    pub le_ns: Vec<u64>,
    /// How many fell into each bucket, and last how many were above all bounds.
    pub counts: Vec<u64>,
}

impl From<&strowger_journal::Times> for Times {
    fn from(times: &strowger_journal::Times) -> Self {
        Self {
            count: times.count(),
            sum_ns: times.sum_ns,
            le_ns: strowger_journal::Times::BOUNDS_NS.to_vec(),
            counts: times.counts.to_vec(),
        }
    }
}

/// The process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct Process {
    /// Microseconds of CPU used, user and system.
    pub cpu_us: u64,
    /// Bytes of memory resident.
    pub resident_bytes: u64,
    /// Threads.
    pub threads: u64,
    /// Open descriptors.
    pub open_files: u64,
    /// How many there may be.
    pub open_files_max: u64,
}

/// One shard.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct ShardStatus {
    /// Its number.
    pub shard: u16,
    /// Microseconds of CPU that its thread has used.
    pub cpu_us: u64,
    /// How long its turns took.
    pub turns: Times,
    /// How long what arrived had waited when its turn came: of datagrams the first of those that were read together.
    pub waits: Times,
    /// Its queues.
    pub queues: Vec<Level>,
    /// Its tables.
    pub tables: Vec<Level>,
}

/// How full something is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct Level {
    /// What it is.
    pub name: String,
    /// The adaptor entity that it belongs to; empty for the shard's own.
    pub adaptor: String,
    /// How many there are.
    pub used: u64,
    /// How many there may be.
    pub bound: u64,
}

impl Level {
    pub(crate) fn new(name: &str, used: impl TryInto<u64>, bound: impl TryInto<u64>) -> Self {
        Self {
            name: name.to_owned(),
            adaptor: String::new(),
            used: used.try_into().unwrap_or(u64::MAX),
            bound: bound.try_into().unwrap_or(u64::MAX),
        }
    }
    pub(crate) fn of(self, adaptor: &str) -> Self {
        let adaptor = adaptor.to_owned();
        Self { adaptor, ..self }
    }
}

/// One event type.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct EventTypeStatus {
    /// Name, version and vendor.
    pub event: String,
    /// Events accepted.
    pub fired: u64,
    /// Events offered to all.
    pub routed: u64,
    /// Of those, the ones of which nobody was a receiver.
    pub unreceived: u64,
    /// Events refused because a queue was full.
    pub refused: u64,
    /// Handlers called.
    pub deliveries: u64,
}

/// One SBB of a service.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct SbbStatus {
    /// Name, version and vendor.
    pub sbb: String,
    /// Its entities.
    pub entities: u64,
    /// Handlers called.
    pub deliveries: u64,
    /// The schema of its state: names and types of its fields.
    pub schema: String,
}
