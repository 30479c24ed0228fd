//! What operators look at and turn: one documented HTTP API over a running node, and what is drawn from it.
//!
//! Not here: what the node does with an order (`strowger-node`), and which services and adaptors there are (the binary).
//!
//! **Invariant:** nothing here holds up a shard: a question is an order between two pieces of its work, bounded in time and
//! size; `ladder` and `metrics` do no input or output: the same recording and the same status give the same text.
#![forbid(unsafe_code)]

pub mod api;
mod console;
mod export;
pub mod figures;
pub mod ladder;
pub mod metrics;
pub mod profile_file;
