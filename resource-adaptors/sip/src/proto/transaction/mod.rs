//! SIP transactions: RFC 3261 section 17 with RFC 6026, sans-IO.
//!
//! It is not a user agent: it knows no dialogs, chooses no address and answers nothing but what these state machines
//! say (100, ACK for failures, copies). Its user is told what came and what failed, by return values, and names each
//! transaction by a [`Key`] and a word of its own (`user`).
//!
//! A response finds its client transaction through the branch that we minted, without a table; a branch that fails the
//! check is foreign and its response is dropped. A request finds its server transaction through a keyed hash.
//!
//! Invariants: every transaction has a running timer, so that none lives forever; the number of transactions is
//! bounded; what is kept for a finished one is at most the last message that may have to be sent again.

mod client;
mod clients;
mod clock;
mod key;
mod restored;
mod server;
mod servers;
mod verdict;

use std::collections::HashMap;

use super::flow::Transmit;
use super::keyed::{DigestMap, Secret};
use super::slab::{Key, Slab};
use super::time::Ms;
use super::timer::Wheel;
use client::Client;
pub use client::{ClientKind, ClientState};
pub use clock::Timings;
pub use key::RequestKeys;
use server::Server;
pub use server::ServerState;
pub use verdict::{Cancelled, Expired, RequestVerdict, ResponseVerdict, TransactionError};

/// All transactions of one adaptor entity.
#[derive(Debug)]
pub struct Transactions<U> {
    timings: Timings,
    secret: Secret,
    table_key: [u64; 2],
    wheel: Wheel<Owner>,
    clients: Slab<Client<U>>,
    servers: Slab<Server<U>>,
    by_request: DigestMap<Key>,
    by_merge: DigestMap<Key>,
    /// Client transactions that got their final response.
    settled: u64,
    /// Restored transactions by their names in an earlier process.
    old_clients: HashMap<Key, Key>,
    old_servers: HashMap<Key, Key>,
}

#[derive(Debug, Clone, Copy)]
enum Owner {
    Client(Key),
    Server(Key),
}

impl<U: Copy> Transactions<U> {
    /// No transactions. `seed` keys the tables and numbers the transactions of this process.
    #[must_use]
    pub fn new(timings: Timings, limit: usize, secret: Secret, seed: [u64; 2], now: Ms) -> Self {
        Self {
            timings,
            secret,
            table_key: seed,
            wheel: Wheel::new(now),
            clients: Slab::new(limit, seed[0] as u32),
            servers: Slab::new(limit, seed[1] as u32),
            by_request: DigestMap::default(),
            by_merge: DigestMap::default(),
            settled: 0,
            old_clients: HashMap::new(),
            old_servers: HashMap::new(),
        }
    }

    /// Changes the timer values for what starts from here on.
    pub fn set_timings(&mut self, timings: Timings) {
        self.timings = timings;
    }

    /// The timer values.
    #[must_use]
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// Numbers of client and server transactions.
    #[must_use]
    pub fn len(&self) -> (usize, usize) {
        (self.clients.len(), self.servers.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.servers.is_empty()
    }

    /// When to call [`expire`](Self::expire) next.
    #[must_use]
    pub fn deadline(&self) -> Option<Ms> {
        self.wheel.next()
    }

    /// Carries out what is due; call until it returns `None`.
    pub fn expire(&mut self, now: Ms, out: &mut Vec<Transmit>) -> Option<Expired<U>> {
        loop {
            let expired = match self.wheel.expire(now)? {
                Owner::Client(tx) => self.expire_client(now, tx, out),
                Owner::Server(tx) => self.expire_server(now, tx, out),
            };
            if expired.is_some() {
                return expired;
            }
        }
    }
}
