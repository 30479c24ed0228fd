//! Tests of a running node against real peers: the real binary, SIPp, and a peer of our own that keeps book of calls.
//!
//! Each run takes its size as an argument: the tests of this crate call them small, `cargo xtask interop` calls them as
//! large as the figures in the documentation. Everything happens on addresses of 127.0.0.0/8, each run on one of its own.

pub mod chaos;
pub mod collector;
pub mod diameter;
pub mod earlier;
mod error;
pub mod faulty;
pub mod flows;
pub mod ground;
pub mod netns;
pub mod node;
pub mod operator;
pub mod peer;
pub mod runs;
pub mod script;
pub mod serve;
pub mod sipp;
pub mod sleepers;
pub mod sms;
pub mod subscribers;

pub use error::{Result, RunError};
