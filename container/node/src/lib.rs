//! The process: shard thread, adaptor drivers, sockets, lifecycle.
//!
//! A [`Node`] is put together from adaptors, services and a configuration, opens sockets and store, recovers, and drives
//! one shard of the kernel on one thread. Signals and watchdog have a second one, the log a third; the
//! store brings its own. Clocks are read here and nowhere below.
//! Not here: routing and transactions (the kernel), what bytes mean (the adaptors), what is written to disk (the store),
//! and what a user is told (the command line).
#![forbid(unsafe_code)]

mod again;
mod alarms;
mod backup;
mod builder;
mod callers;
mod catalog;
mod change;
mod clock;
mod companion;
mod components;
pub mod control;
mod draft;
mod drivers;
mod error;
mod exit;
mod exports;
mod guard;
mod hangs;
mod inbox;
pub mod listed;
pub mod log;
mod manage;
mod net;
mod overload;
mod plan;
mod portion;
mod process;
mod program;
mod provision;
mod recorder;
mod rehearsal;
mod reload;
mod resolver;
mod rest;
mod secret;
mod shard;
mod sources;
pub mod status;
mod store_wait;
mod supervisor;
mod systemd;
mod tls;
mod unconfirmed;
mod usage;
mod verify;
mod watchdog;

pub use builder::{Node, NodeBuilder, Ready, Running};
pub use callers::Callers;
pub use catalog::{Catalog, SettingsUnread};
pub use companion::{Beside, Companion, CompanionError, Life, ManagementListener};
pub use error::NodeError;
pub use exit::Exit;
pub use exports::{Exports, Tally};
pub use manage::Manage;
pub use net::{Counts as NetworkCounts, ListenError};
pub use plan::{PlanError, certificate_problems};
pub use provision::{ProfileChange, ProfileEdit};
#[doc(hidden)]
pub use rehearsal::{HandClock, Rehearsal};
pub use secret::SecretError;
pub use sources::{Gate, SourceCounts};
pub use strowger_driver::{Admission, Admit, ServerTls};
pub use strowger_kernel::{
    EditDraft, EditId, FedMessage, Ladder, LadderInfo, LadderMessage, Octets, ProfileSnapshot,
    ProfileWrite, Share, Step, TableError, TableInfo, What,
};
pub use tls::TlsError;
pub use verify::{Unfit, Why};
