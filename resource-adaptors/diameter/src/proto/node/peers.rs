//! The peer table: what is known of each peer, its timers, when it is connected to again.

use std::sync::Arc;

use super::connections::Side;
use super::slab::Key;
use super::wheel::TimerId;
use super::{Admin, DownCause, Output, PeerConfig, PeerCounts, Stack, Timer};
use crate::proto::peer::{Capabilities, Event, State, Watchdog, cause};
use crate::proto::time::Ms;
use crate::proto::wire::Message;

/// A peer.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) host: Arc<str>,
    /// `None`: let in by a rule, and forgotten when its connection ends.
    pub(super) config: Option<PeerConfig>,
    pub(super) state: State,
    /// The connection that we opened, and the one that we accepted.
    pub(super) initiator: Option<Key>,
    pub(super) responder: Option<Key>,
    /// The CER that came on `responder`, until it is answered.
    pub(super) cer: Option<Message>,
    /// What the event that is being handled brought: a connection with its CER.
    pub(super) offer: Option<Offer>,
    pub(super) capabilities: Option<Arc<Capabilities>>,
    pub(super) watchdog: Watchdog,
    pub(super) admin: Admin,
    /// Whether it was reported up.
    pub(super) up: bool,
    /// Why it goes down, if that was not its connection's end.
    pub(super) cause: Option<DownCause>,
    /// The Disconnect-Cause of our DPR.
    pub(super) farewell: i32,
    /// The DPR that is answered.
    pub(super) dpr: Option<Message>,
    pub(super) state_id: u32,
    pub(super) pending: u32,
    pub(super) incoming: u32,
    pub(super) counts: PeerCounts,
    /// The deadline of the state.
    limit: Option<Ms>,
    reconnect: Option<Ms>,
    /// The time until the next attempt to connect.
    backoff: u64,
    /// Which of its addresses is next.
    next_address: usize,
    timer: TimerId,
    armed: Option<Ms>,
}

/// A connection with an acceptable CER.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) connection: Key,
    pub(super) cer: Message,
    pub(super) capabilities: Capabilities,
}

impl Peer {
    fn new(host: Arc<str>, config: Option<PeerConfig>) -> Self {
        let disabled = config.as_ref().is_some_and(|config| config.disabled);
        Self {
            host,
            config,
            state: State::Closed,
            initiator: None,
            responder: None,
            cer: None,
            offer: None,
            capabilities: None,
            watchdog: Watchdog::default(),
            admin: if disabled {
                Admin::Disabled
            } else {
                Admin::Enabled
            },
            up: false,
            cause: None,
            farewell: cause::REBOOTING,
            dpr: None,
            state_id: 0,
            pending: 0,
            incoming: 0,
            counts: PeerCounts::default(),
            limit: None,
            reconnect: None,
            backoff: 0,
            next_address: 0,
            timer: TimerId::NONE,
            armed: None,
        }
    }

    /// The connection on which messages go.
    pub(super) fn open(&self) -> Option<Key> {
        match self.state {
            State::IOpen => self.initiator,
            State::ROpen => self.responder,
            State::Closing => self.initiator.or(self.responder),
            State::Closed
            | State::WaitConnAck
            | State::WaitICea
            | State::WaitConnAckElect
            | State::WaitReturns => None,
        }
    }

    /// Whether it is asked.
    pub(super) fn takes(&self, application: u32) -> bool {
        self.state.is_open()
            && self.watchdog.is_okay()
            && self.admin == Admin::Enabled
            && self
                .capabilities
                .as_ref()
                .is_some_and(|its| its.has(application))
    }

    /// Whether it is in the peer table to be connected to.
    fn wants_connection(&self) -> bool {
        self.admin == Admin::Enabled
            && self
                .config
                .as_ref()
                .is_some_and(|config| config.connect && !config.addresses.is_empty())
    }
}

impl Stack {
    /// Adds a peer, or changes the settings of one.
    pub(super) fn set_peer(&mut self, now: Ms, config: &PeerConfig) {
        if let Some(key) = self.peer_named(&config.host) {
            let Some(peer) = self.peers.get_mut(key) else {
                return;
            };
            let was_disabled = peer.config.as_ref().is_some_and(|old| old.disabled);
            if peer.config.is_none() {
                self.unknown_peers -= 1;
            }
            peer.config = Some(config.clone());
            if config.disabled && !was_disabled {
                self.retire(now, key, Admin::Disabled, cause::DO_NOT_WANT_TO_TALK_TO_YOU);
            } else if was_disabled && !config.disabled {
                self.enable_peer(now, key);
            } else {
                self.reconnect_if_idle(now, key);
            }
            return;
        }
        let key = self.add_peer(config.host.clone(), Some(config.clone()));
        self.reconnect_if_idle(now, key);
    }

    pub(super) fn add_peer(&mut self, host: Arc<str>, config: Option<PeerConfig>) -> Key {
        let name = host.to_ascii_lowercase().into_boxed_str();
        if config.is_none() {
            self.unknown_peers += 1;
        }
        let key = self.peers.insert(Peer::new(host, config));
        self.by_name.insert(name, key);
        key
    }

    /// A peer by its Origin-Host, in whatever case.
    pub(super) fn peer_named(&self, host: &str) -> Option<Key> {
        if host.bytes().any(|b| b.is_ascii_uppercase()) {
            return self
                .by_name
                .get(host.to_ascii_lowercase().as_str())
                .copied();
        }
        self.by_name.get(host).copied()
    }

    pub(super) fn enable_peer(&mut self, now: Ms, key: Key) {
        if let Some(peer) = self.peers.get_mut(key) {
            peer.admin = Admin::Enabled;
            peer.reconnect = None;
            self.reconnect_if_idle(now, key);
            self.report(key);
        }
    }

    /// Connects to a peer that is closed and waits for nothing.
    pub(super) fn reconnect_if_idle(&mut self, now: Ms, key: Key) {
        if let Some(peer) = self.peers.get_mut(key)
            && peer.state == State::Closed
            && peer.reconnect.is_none()
            && peer.wants_connection()
        {
            peer.backoff = 0;
            peer.reconnect = Some(now);
            self.arm(key);
        }
    }

    /// Sets the deadline of the state that a peer has come into.
    pub(super) fn limit(&mut self, key: Key, deadline: Option<Ms>) {
        if let Some(peer) = self.peers.get_mut(key) {
            peer.limit = deadline;
        }
    }

    /// A peer's connection is open: the next attempt to connect, should it end, comes soon.
    pub(super) fn reset_backoff(&mut self, key: Key) {
        if let Some(peer) = self.peers.get_mut(key) {
            (peer.backoff, peer.reconnect) = (0, None);
        }
    }

    /// When to connect again (Tc, RFC 6733 2.1): soon at first, then twice as late each time until Tc, a quarter less by
    /// chance, so that peers that lost the same node do not come back at one moment.
    pub(super) fn schedule_reconnect(&mut self, now: Ms, key: Key) {
        let timers = self.config.timers;
        let random = self.random.next();
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        peer.reconnect = None;
        if self.stopping || !peer.wants_connection() {
            return;
        }
        let unwanted = matches!(
            peer.cause,
            Some(DownCause::PeerDisconnected(reason)) if reason != cause::REBOOTING
        );
        let wait = if unwanted {
            timers.unwanted
        } else {
            let twice = peer.backoff.saturating_mul(2);
            peer.backoff = twice.clamp(
                timers.reconnect_first.min(timers.reconnect),
                timers.reconnect,
            );
            peer.backoff - random % (peer.backoff / 4 + 1)
        };
        if !unwanted || wait > 0 {
            peer.reconnect = Some(now + wait);
        }
    }

    /// The next address of a peer, in turn.
    pub(super) fn next_address(&mut self, key: Key) -> Option<(std::net::SocketAddr, bool)> {
        let peer = self.peers.get_mut(key)?;
        let config = peer.config.as_ref()?;
        let at = peer.next_address % config.addresses.len().max(1);
        peer.next_address = at + 1;
        Some((*config.addresses.get(at)?, config.tls))
    }

    /// An attempt to connect has failed. The operator hears of the first in a row.
    pub(super) fn connect_refused(&mut self, key: Key) {
        self.count("connections.failed");
        if let Some(peer) = self.peers.get(key)
            && peer.backoff == 0
        {
            let peer = peer.host.clone();
            self.outputs
                .push_back(Output::Alarm(super::Alarm::Unreachable { peer }));
        }
    }

    /// Why a peer goes down, if its connection on that side is the open one; and that it has no such connection any more.
    pub(super) fn blame(&mut self, key: Key, side: Side, why: DownCause) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let open = peer.open();
        let lost = match side {
            Side::Initiator(_) => peer.initiator.take(),
            Side::Responder(_) => peer.responder.take(),
            Side::Greeting => None,
        };
        if lost.is_some() && lost == open {
            peer.cause.get_or_insert(why);
        }
    }

    /// Sets a peer's timer to the earliest of its deadlines. One that became later is found out when the timer runs out.
    pub(super) fn arm(&mut self, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let deadlines = [peer.limit, peer.reconnect, peer.watchdog.deadline()];
        let Some(earliest) = deadlines.into_iter().flatten().min() else {
            return;
        };
        if peer.armed.is_none_or(|armed| earliest < armed) {
            self.wheel.cancel(peer.timer);
            peer.timer = self.wheel.start(earliest, Timer::Peer(key));
            peer.armed = Some(earliest);
        }
    }

    pub(super) fn peer_expired(&mut self, now: Ms, key: Key) {
        let is_due = |deadline: Option<Ms>| deadline.is_some_and(|at| at <= now);
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        peer.armed = None;
        if is_due(peer.limit) {
            peer.limit = None;
            self.state_expired(now, key);
        }
        if let Some(peer) = self.peers.get_mut(key)
            && is_due(peer.reconnect)
        {
            peer.reconnect = None;
            self.event(now, key, Event::Start);
        }
        if let Some(peer) = self.peers.get_mut(key)
            && is_due(peer.watchdog.deadline())
        {
            let random = self.random.next();
            let watched = peer
                .watchdog
                .expire(now, self.config.timers.watchdog, random);
            self.watched(now, key, watched);
        }
        self.arm(key);
    }

    /// The deadline of a state. An opening that takes too long has failed, and no more: a CER of the peer's may wait.
    fn state_expired(&mut self, now: Ms, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        match (
            peer.state,
            peer.initiator
                .take_if(|_| matches!(peer.state, State::WaitConnAck | State::WaitConnAckElect)),
        ) {
            (_, Some(opening)) => {
                self.disconnect(opening);
                self.connect_refused(key);
                self.event(now, key, Event::IRcvConnNack);
            }
            (_, None) => self.event(now, key, Event::Timeout),
        }
    }

    /// Forgets a peer that the peer table does not name.
    pub(super) fn remove_peer(&mut self, key: Key) {
        if let Some(peer) = self.peers.remove(key) {
            self.wheel.cancel(peer.timer);
            let name = peer.host.to_ascii_lowercase();
            self.by_name.remove(name.as_str());
            if peer.config.is_none() {
                self.unknown_peers -= 1;
            }
            self.resolve_routes();
        }
    }
}
