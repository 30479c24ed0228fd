//! The operator's hands: settings, peers in and out of service, the end; and what he sees.

use std::sync::Arc;

use super::slab::Key;
use super::{Admin, Config, PeerStatus, Stack, TxFailure};
use crate::proto::peer::cause;
use crate::proto::time::Ms;

impl Stack {
    /// Takes new settings. Peers that are no longer named are disconnected, unless a rule lets them stay.
    pub fn configure(&mut self, now: Ms, config: Config) {
        self.config = Arc::new(config);
        let config = self.config.clone();
        for peer in &config.peers {
            self.set_peer(now, peer);
        }
        let named = |host: &str| {
            config
                .peers
                .iter()
                .any(|peer| peer.host.eq_ignore_ascii_case(host))
        };
        let gone = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.config.is_some() && !named(&peer.host));
        let gone: Vec<Key> = gone.map(|(key, _)| key).collect();
        for key in gone {
            self.dismiss(now, key);
        }
        self.resolve_routes();
    }

    /// A peer that the settings do not name any more is forgotten with the end of its connection.
    fn dismiss(&mut self, now: Ms, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        peer.config = None;
        self.unknown_peers += 1;
        if peer.state == crate::proto::peer::State::Closed {
            return self.remove_peer(key);
        }
        self.retire(now, key, Admin::Disabled, cause::DO_NOT_WANT_TO_TALK_TO_YOU);
    }

    /// Puts a peer into service; `false` if there is none of that name.
    pub fn enable(&mut self, now: Ms, peer: &str) -> bool {
        let key = self.peer_named(peer);
        if let Some(key) = key {
            self.enable_peer(now, key);
        }
        key.is_some()
    }

    /// Takes a peer out of service now; its pending requests go to others.
    pub fn disable(&mut self, now: Ms, peer: &str) -> bool {
        let key = self.peer_named(peer);
        if let Some(key) = key {
            self.retire(now, key, Admin::Disabled, cause::DO_NOT_WANT_TO_TALK_TO_YOU);
        }
        key.is_some()
    }

    /// Sends a peer no new requests, answers its new ones 3004, and takes it out of service when the last has ended, in both
    /// directions.
    pub fn drain(&mut self, now: Ms, peer: &str) -> bool {
        let key = self.peer_named(peer);
        if let Some(key) = key {
            if let Some(peer) = self.peers.get_mut(key)
                && peer.admin == Admin::Enabled
            {
                peer.admin = Admin::Draining;
            }
            self.drained(now, key);
        }
        key.is_some()
    }

    /// Ends: what waits fails, peers get a DPR, new connections are refused.
    pub fn stop(&mut self, now: Ms) {
        self.stopping = true;
        let waiting: Vec<Key> = self.transactions.iter().map(|(key, _)| key).collect();
        for key in waiting {
            self.fail(key, TxFailure::Stopping);
        }
        let silent = self
            .connections
            .iter()
            .filter(|(_, it)| it.side == super::connections::Side::Greeting);
        let silent: Vec<Key> = silent.map(|(key, _)| key).collect();
        for key in silent {
            self.disconnect(key);
        }
        let all: Vec<Key> = self.peers.iter().map(|(key, _)| key).collect();
        for key in all {
            self.retire(now, key, Admin::Disabled, cause::REBOOTING);
        }
    }

    /// Whether a [`stop`](Self::stop) is done: no connection is left.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stopping && self.connections.len() == 0
    }

    /// The peer table, by name.
    pub fn peers(&self) -> impl Iterator<Item = PeerStatus> {
        self.by_name.values().filter_map(|key| self.status(*key))
    }

    /// One line of the peer table.
    #[must_use]
    pub fn peer(&self, host: &str) -> Option<PeerStatus> {
        self.status(self.peer_named(host)?)
    }

    fn status(&self, key: Key) -> Option<PeerStatus> {
        let peer = self.peers.get(key)?;
        let connection = peer.open().and_then(|key| self.connections.get(key));
        let ends = connection.and_then(|it| it.ends.as_ref());
        let its = peer.capabilities.as_ref();
        Some(PeerStatus {
            host: peer.host.clone(),
            realm: its.map(|its| its.realm.clone()),
            state: peer.state,
            watchdog: peer.watchdog.state(),
            admin: peer.admin,
            unknown: peer.config.is_none(),
            address: ends.map(|ends| ends.peer),
            secure: ends.is_some_and(|ends| ends.secure.is_some()),
            applications: its.map_or_else(Vec::new, |its| its.applications.clone()),
            product: its.and_then(|its| its.product.clone()),
            origin_state_id: peer.state_id,
            pending: peer.pending,
            incoming: peer.incoming,
            counts: peer.counts,
        })
    }

    /// Answers that are kept for copies of their requests.
    #[must_use]
    pub fn kept_answers(&self) -> usize {
        self.duplicates.len()
    }
}
