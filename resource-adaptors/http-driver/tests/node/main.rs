//! A node in this process with the HTTP adaptor and its driver, before plain sockets, curl, and Python's http.client.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

#[path = "../../../../container/node/tests/bench/authority.rs"]
#[expect(dead_code, reason = "another crate's tests use the rest")]
mod authority;
mod bad;
mod bench;
mod calls;
mod clients;
mod serving;
mod slow;
mod tls;
mod web;
