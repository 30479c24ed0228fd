//! A Diameter node: its peers and their connections, the way of requests and answers, duplicates.
//!
//! [`Stack`] is a pure machine. What happens is told to it with the time, what is to be done is polled from it. It opens no
//! socket, keeps no session and knows no application: requests for this node come out as [`Output::Request`].
//!
//! Invariants: every request that is handed over ends in exactly one [`Output::Answer`] or [`Output::Failed`]; every request
//! of a peer is answered at most once for each copy that came; all tables are bounded by [`Limits`].

mod admin;
mod answers;
mod base;
mod config;
mod connections;
mod duplicates;
mod events;
mod incoming;
mod output;
mod overload;
mod peers;
mod random;
mod redirects;
mod relay;
mod requests;
mod routes;
mod slab;
#[cfg(test)]
mod tests;
mod wheel;

pub use config::{
    Application, Config, Duplicates, Limits, OverloadControl, PeerConfig, RELAY, Realm,
    RealmAction, RedirectUsage, RoutePeer, Timers, UnknownPeers,
};
pub use output::{
    Admin, Alarm, DownCause, Ends, Link, Outgoing, Output, PeerCounts, PeerStatus, RequestKey,
    Secure, Tx, TxFailure,
};

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use crate::proto::dict::Dictionary;
use crate::proto::time::Ms;
use connections::Connection;
use duplicates::DuplicateTable;
use incoming::Incoming;
use overload::Overload;
use peers::Peer;
use random::Random;
use redirects::RedirectCache;
use requests::Transaction;
use routes::Route;
use slab::{Key, Slab};
use wheel::Wheel;

/// A Diameter node.
///
/// **Contract:** after each input the caller takes all [outputs](Self::poll), and calls [`expire`](Self::expire) as soon as
/// the time that [`deadline`](Self::deadline) names has come. `now` never goes back.
#[derive(Debug)]
pub struct Stack {
    config: Arc<Config>,
    dictionary: Arc<Dictionary>,
    random: Random,
    connections: Slab<Connection>,
    peers: Slab<Peer>,
    /// By Origin-Host in lower case.
    by_name: BTreeMap<Box<str>, Key>,
    routes: Vec<Route>,
    transactions: Slab<Transaction>,
    incoming: Slab<Incoming>,
    wheel: Wheel<Timer>,
    duplicates: DuplicateTable,
    redirects: RedirectCache,
    overload: Overload,
    outputs: VecDeque<Output>,
    end_to_end: u32,
    /// Numbers requests in the order in which they were handed over.
    sequence: u64,
    /// Bytes of the requests in `transactions`.
    pending_bytes: u64,
    /// Accepted connections whose capabilities exchange is not done.
    greeting: u32,
    unknown_peers: u32,
    /// Whether requests may be for others: what is in their groups is looked at when they are not.
    relays: bool,
    stopping: bool,
}

/// Whose deadline it is.
#[derive(Debug, Clone, Copy)]
enum Timer {
    Connection(Key),
    Peer(Key),
    Transaction(Key),
    Incoming(Key),
}

impl Stack {
    /// A node that begins to connect to its peers with the first [`expire`](Self::expire).
    ///
    /// `wall` is the time of day in seconds: End-to-End Identifiers begin with its low 12 bits (RFC 6733 3).
    #[must_use]
    pub fn new(
        config: Config,
        dictionary: Arc<Dictionary>,
        seed: [u64; 4],
        now: Ms,
        wall: u64,
    ) -> Self {
        let mut random = Random::new(seed);
        let end_to_end = (wall as u32) << 20 | (random.next() as u32) >> 12;
        let mut stack = Self {
            connections: Slab::new(random.next() as u32),
            peers: Slab::new(0),
            by_name: BTreeMap::new(),
            routes: Vec::new(),
            transactions: Slab::new(random.next() as u32),
            incoming: Slab::new(random.next() as u32),
            wheel: Wheel::new(now),
            duplicates: DuplicateTable::new(random.next()),
            redirects: RedirectCache::default(),
            overload: Overload::default(),
            outputs: VecDeque::new(),
            end_to_end,
            sequence: 0,
            pending_bytes: 0,
            greeting: 0,
            unknown_peers: 0,
            relays: false,
            stopping: false,
            config: Arc::new(Config::new("", "")),
            dictionary,
            random,
        };
        stack.configure(now, config);
        stack
    }

    /// What to do next; `None` when all was said.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`expire`](Self::expire) is due. It may be early, it is never late.
    #[must_use]
    pub fn deadline(&self) -> Option<Ms> {
        self.wheel.next()
    }

    /// Does what is due.
    pub fn expire(&mut self, now: Ms) {
        while let Some(timer) = self.wheel.expire(now) {
            match timer {
                Timer::Connection(key) => self.connection_expired(now, key),
                Timer::Peer(key) => self.peer_expired(now, key),
                Timer::Transaction(key) => self.transaction_expired(key),
                Timer::Incoming(key) => self.incoming_expired(key),
            }
        }
        self.duplicates.expire(now);
        let evicted = self.duplicates.take_evicted();
        if evicted > 0 {
            let name = "duplicates.evicted";
            self.outputs.push_back(Output::Count { name, n: evicted });
        }
    }

    /// Requests of ours that wait for an answer, those that are relayed included.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.transactions.len()
    }

    /// Requests of peers that wait for our answer, those that are relayed included.
    #[must_use]
    pub fn incoming(&self) -> usize {
        self.incoming.len()
    }

    fn count(&mut self, name: &'static str) {
        self.outputs.push_back(Output::Count { name, n: 1 });
    }

    fn send(&mut self, connection: Key, bytes: Bytes) {
        let link = Link(connection.to_u64());
        self.outputs.push_back(Output::Send { link, bytes });
    }
}
