//! The sans-IO SIP stack.
//!
//! Layers, each using only those before it: `wire` (RFC 3261 messages), `framing` (messages out of a stream),
//! `transaction` (RFC 3261 17), `dialog` (12), `subscription` (RFC 6665), `registrar` (the location table, RFC 3261 10), `auth` (22),
//! `proxy` (16), `ua` (the user agent that ties them). Beside them the parts that they share: `timer` and `time`, `slab`, `keyed` (hashes and
//! ids), `flow`, `compose` (messages that the stack writes), and what belongs to the network: `ws` (RFC 7118), `resolve`
//! (RFC 3263), `stun`; and `triage`, for when there is no time to read
//! messages.
//! Nothing here reads a clock, randomness, the environment or a socket.

pub mod auth;
pub mod compose;
pub mod dialog;
pub mod flow;
pub mod framing;
pub mod fuzz;
pub mod keyed;
pub mod plain;
pub mod proxy;
pub mod registrar;
pub mod resolve;
pub mod slab;
pub mod stun;
pub mod subscription;
pub mod time;
pub mod timer;
pub mod transaction;
pub mod triage;
pub mod ua;
pub mod wire;
pub mod ws;
