//! A SLEE in memory with virtual time: for services, for adaptors, and for the container itself.
//!
//! [`TestKit`] holds a real shard, a store in memory that fails on demand, and a network whose far ends are scripted
//! peers. Nothing in it waits: time goes from deadline to deadline when the test says so. Everything unpredictable comes
//! from one seed, which every failure prints together with the ladder of what was sent so far.
//!
//! It is not a node: no sockets, no threads, no configuration files. What is scripted against [`Ground`] can be pointed
//! at a running node, too.
//!
//! A test kit reports by panicking; that is what tests want.
#![forbid(unsafe_code)]

mod clock;
mod disk;
mod drivers;
mod field;
mod ground;
mod kit;
mod ladder;
mod names;
mod net;
mod plan;
mod profile;
mod replay;
mod simulate;
mod stream;
mod usage;
mod versions;
mod world;

pub use ground::{Driven, Ground, Reaction, Received, Reflex, ScriptedDriver};
pub use kit::TestKit;
pub use ladder::{Describe, Ladder};
pub use net::Link;
pub use replay::{Difference, Minted, Replayed, Unplayable, replay};
pub use strowger_journal::MemoryStore;
pub use strowger_journal::memory::{Crash, Faults};
pub use strowger_kernel::{
    ActivityInfo, Counts, Durability, EntityInfo, Ladder as Recording, Limits, ManageError,
    Measure, Metrics, RecorderFilter, RecorderMode, RecorderOptions, ServiceOptions, ServiceState,
    Shard, Share, Side, Step, Threshold, TimerInfo, What,
};
