//! The durable store: a journal of commits in plain files, checkpoints of live state in sled, and one writer thread.
//!
//! [`JournalSled`] implements the port `Store` of strowger-journal; [`Writer`] is the thread that owns it in a node and
//! commits in groups. The kernel's memory is the state: this crate exists to rebuild it, and knows nothing of what records
//! mean.
//!
//! On disk, under one directory: `FORMAT` and `LOCK`, `journal/` (segments), `checkpoint/` (the sled database), `reserve`.
//!
//! Invariants:
//! - What [`Writer`] or `sync` called durable is found again after a kill or a power cut.
//! - An error of a write or a sync is final. Nothing is retried: after a failed sync the pages count as clean.
//! - A journal segment goes only when two checkpoints cover it.

pub mod backup;
mod base;
mod check;
mod checkpoint;
pub mod disk;
mod doubt;
mod engine;
mod home;
#[cfg(target_os = "linux")]
mod honest_flush;
mod journal;
mod options;
mod overlay;
mod parts;
mod saving;
mod segment;
mod sled_base;
mod window;
mod writer;

pub use base::{Base, RecordSink};
pub use check::{Checked, Progress, Unfinished, check};
pub use engine::JournalStore;
pub use options::StoreOptions;
pub use sled_base::SledBase;
pub use writer::{QueueFull, Writer, WriterEvent, WriterHandle, WriterOptions, WriterStats};

/// The store of a node: journal files, checkpoints in sled.
pub type JournalSled = JournalStore<SledBase>;
