//! What operators look at: what is drawn from a node's status and from its recorded calls.
//!
//! Not here: how a node is asked (`strowger-node`), and which services and adaptors there are (the binary).
//!
//! **Invariant:** nothing here does input or output: the same status and the same recording give the same text.
#![forbid(unsafe_code)]

pub mod ladder;
pub mod metrics;
