//! The sans-IO stack, from bytes to peers and sessions.

pub mod credit;
pub mod dict;
pub mod fuzz;
pub mod node;
pub mod peer;
pub mod time;
pub mod wire;
