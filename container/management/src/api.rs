//! The HTTP API: versioned paths, tokens with scopes, problem documents, an audit log.
//!
//! [`companion`] is given to a node. What a request may do is decided in one place (`access`), before its handler runs: a
//! route that nobody has thought about needs the scope `admin` for anything but GET. Not here: what the node does with an
//! order, and how metrics and ladders look.
//!
//! **Invariant:** no answer and no log line has a secret: values of configuration come masked, tokens only as hashes.

mod access;
mod activities;
mod adaptors;
mod alarms;
mod audit;
mod backup;
mod bans;
mod change;
mod components;
mod configuration;
mod connection;
mod document;
pub mod fuzz;
mod input;
mod kept;
pub(crate) mod ladders;
mod log;
mod node;
mod problem;
mod profiles;
mod quarantine;
mod server;
mod services;
mod state;
mod usage;

pub(crate) use access::{Caller, Peer, needed};
pub(crate) use input::{Params, Path};
pub(crate) use state::unexpected;

pub use document::document;
pub use problem::{Problem, ProblemDocument};
pub use server::companion;
pub use state::State;
