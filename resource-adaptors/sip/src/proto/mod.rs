//! The sans-IO SIP stack.
//!
//! Layers, each using only those before it: `wire` (RFC 3261 messages), `framing` (messages out of a stream).
//! Nothing here reads a clock, randomness, the environment or a socket.

pub mod framing;
pub mod wire;
