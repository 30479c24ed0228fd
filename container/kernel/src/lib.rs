//! One shard: router, activity contexts, entities, transactions, timers. Sans-IO.
//!
//! A [`Shard`] is told what happened and what time it is, and is asked what to do: messages to send, a group of
//! commits to make durable, a time at which it wants to be called. It opens no socket and no file, reads no clock,
//! takes no lock and starts no thread; the same inputs from the same seed give the same outputs.
//!
//! Invariants:
//! - One delivery of an event to one entity is one transaction; a failed one leaves no trace (R-TX-01).
//! - Messages leave in the order in which they were asked for, and none before what it depends on is durable.
//! - Every table and queue has a limit in [`Limits`].
#![forbid(unsafe_code)]

mod activity;
mod adaptor;
mod adaptor_host;
mod adaptor_life;
mod alarms;
mod delivery;
mod desired;
mod entity;
mod host;
mod inspect;
mod inspection;
mod intensity;
mod journal;
mod kernel;
mod lifecycle;
mod manage;
mod mask;
mod moving;
mod naming;
mod options;
mod output;
mod outputs;
mod probe;
mod profile;
mod quarantine;
mod queue;
mod record;
mod recorder;
mod recovery;
mod registry;
mod router;
mod selection;
mod service;
mod shard;
mod slab;
mod successor;
mod suspension;
mod tally;
mod timer;
mod told;
mod tracers;
mod transaction;
mod usage;
mod version;

pub use inspect::{
    ActivityGlance, ActivityInfo, Counts, EntityGlance, EntityInfo, Found, Metrics, TimerInfo, Walk,
};
pub use intensity::Intensity;
pub use manage::{
    AdaptorState, InstallError, ManageError, ReleaseError, ReplaceError, RestoreError, Restored,
    ServiceState, SleeState, TableError,
};
pub use options::{Defaults, Durability, Limits, Options, ServiceOptions};
pub use output::{AlarmSource, NetInput, ServiceAlarm, ShardOutput, TracerMessage};
pub use probe::{Delivering, Probe};
pub use profile::{EditDraft, EditId, ProfileSnapshot, ProfileWrite, TableInfo};
pub use quarantine::QuarantinedInfo;
pub use recorder::{
    FedMessage, FeedCounts, FeedOptions, Ladder, LadderInfo, LadderMessage, Octets, RecorderCounts,
    RecorderFilter, RecorderMode, RecorderOptions, Step, What,
};
pub use shard::Shard;
pub use successor::successor;
pub use tally::{AdaptorTally, EventTally, SbbTally, ServiceTally, Stopwatch};
pub use tracers::TracerError;
pub use usage::{MadeBy, Measure, Side, Threshold, UsageError, UsageOptions, UsageReading};
pub use version::{Share, Versions};
