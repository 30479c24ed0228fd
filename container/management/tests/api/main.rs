//! The management API over a real node in this process, asked over a plain socket as any client would.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

#[path = "../../../node/tests/bench/authority.rs"]
#[expect(dead_code, reason = "a part of it is used")]
mod authority;
mod bans;
mod client;
mod connections;
mod console;
mod corpus;
mod edits;
mod log;
mod managed;
mod profiles;
mod routes;
mod secure;
mod tokens;
#[path = "../../../node/tests/toy/mod.rs"]
mod toy;
mod usage;
