//! What a commit changes, how that is written down, and the port that keeps it.
//!
//! A shard appends its commits to a [`GroupBuilder`]; a [`Group`] of them goes to a [`Store`], which makes them durable
//! and rebuilds the live records after a restart. This crate is the leaf that kernel and store share: bytes and types.
//! It is not the store: it opens no file, reads no clock and takes no lock ([`MemoryStore`] keeps everything in memory).
//!
//! Invariants:
//! - Every commit has one [`Seq`]; numbers are consecutive, the first is 1. What is applied is known by number.
//! - A [`Key`] orders as its bytes do, so records of a slot, and of a session in it, lie together.
//! - No input makes a decoder panic: damage is a [`Corrupt`] with its offset.
#![forbid(unsafe_code)]

mod commit;
mod error;
pub mod frame;
pub mod fuzz;
mod group;
mod key;
pub mod memory;
pub mod portable;
mod seq;
mod store;
mod times;

pub use commit::{Commit, Commits, Corrupt, Damage, Delta, Deltas, Op};
pub use error::{Flaw, StoreError, TooLong, Unsaved};
pub use group::{Group, GroupBuilder, MAX_GROUP};
pub use key::{BadKey, Key, MAX_ENCODED, MAX_SUB, MAX_VALUE, SLOTS};
pub use memory::MemoryStore;
pub use seq::Seq;
pub use store::{BackedUp, Backup, Health, Record, Recovered, Store, Tended};
pub use times::Times;
