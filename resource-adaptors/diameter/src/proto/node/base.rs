//! What peers say to each other for themselves: capabilities, watchdog, disconnection (RFC 6733 5.3 to 5.5).

use std::sync::Arc;

use super::connections::Side;
use super::slab::Key;
use super::{DownCause, Stack};
use crate::proto::dict::base;
use crate::proto::peer::{Capabilities, Event, Terms, WatchdogState};
use crate::proto::time::Ms;
use crate::proto::wire::{Builder, Fault, Message};

const CAPABILITIES_EXCHANGE: u32 = 257;
const DEVICE_WATCHDOG: u32 = 280;
const DISCONNECT_PEER: u32 = 282;

impl Stack {
    /// A message on a connection whose peer is known.
    pub(super) fn peer_message(
        &mut self,
        now: Ms,
        connection: Key,
        key: Key,
        side: Side,
        message: Message,
    ) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let header = *message.header();
        if peer.open() != Some(connection) {
            return self.before_open(now, connection, key, side, &message);
        }
        let own = header.application == 0;
        let dwa = own && header.command == DEVICE_WATCHDOG && !header.is_request();
        let random = self.random.next();
        let watched = peer
            .watchdog
            .received(now, dwa, self.config.timers.watchdog, random);
        self.watched(now, key, watched);
        match (header.command, header.is_request()) {
            (CAPABILITIES_EXCHANGE, true) if own => self.second_cer(connection, &message),
            (CAPABILITIES_EXCHANGE, false) if own => self.count("answers.unknown"),
            (DEVICE_WATCHDOG, true) if own => self.answer_dwr(connection, key, &message),
            (DEVICE_WATCHDOG, false) if own => self.learn_state(key, &message),
            (DISCONNECT_PEER, true) if own => self.on_dpr(now, connection, key, message),
            (DISCONNECT_PEER, false) if own => self.on_dpa(now, key, side),
            (_, true) => self.on_request(now, connection, key, message),
            (_, false) => self.on_answer(now, connection, key, message),
        }
    }

    /// Until the capabilities are exchanged only a CEA is expected, and that on the connection that we opened.
    fn before_open(&mut self, now: Ms, connection: Key, key: Key, side: Side, message: &Message) {
        let header = message.header();
        let Side::Initiator(_) = side else {
            self.count("connections.hasty");
            return self.hang_up(now, connection, DownCause::Closed);
        };
        let is_cea = !header.is_request()
            && header.application == 0
            && header.command == CAPABILITIES_EXCHANGE;
        if is_cea && self.accept_cea(connection, key, message) {
            return self.event(now, key, Event::IRcvCea);
        }
        self.event(now, key, Event::IRcvNonCea);
    }

    /// Whether a CEA opens the connection.
    fn accept_cea(&mut self, connection: Key, key: Key, cea: &Message) -> bool {
        let Some(peer) = self.peers.get(key) else {
            return false;
        };
        let host = peer.host.clone();
        let tls = peer.config.as_ref().is_some_and(|config| config.tls);
        let code = cea.result_code().unwrap_or(0);
        if code / 1000 != 2 {
            // Who has lost the election has another connection to the same peer.
            if code != 4003 {
                self.refused(&host, code, false);
            }
            self.count("peers.refused_us");
            return false;
        }
        let ends = self
            .connections
            .get(connection)
            .and_then(|its| its.ends.as_ref());
        let terms = Terms {
            tls,
            secure: ends.is_some_and(|ends| ends.secure.is_some()),
            stranger: ends.is_some_and(|ends| super::events::is_stranger(ends, &host)),
        };
        let capabilities = Capabilities::read(cea);
        let refusal = match &capabilities {
            Some(its) if its.host.eq_ignore_ascii_case(&host) => its
                .accept(&self.config, terms)
                .err()
                .map(|it| it.result_code()),
            Some(_) => Some(3010),
            None => Some(5005),
        };
        if let Some(code) = refusal {
            self.count("peers.refused");
            self.refused(&host, code, true);
            return false;
        }
        if let Some(peer) = self.peers.get_mut(key) {
            peer.capabilities = capabilities.map(Arc::new);
        }
        true
    }

    /// A CER where the capabilities are known. To change them while the connection stands there would be RFC 6737.
    fn second_cer(&mut self, connection: Key, message: &Message) {
        self.count("peers.second_cer");
        let fault = Fault::new(5012, "capabilities were exchanged already");
        self.answer_fault(connection, message, &fault);
    }

    fn answer_dwr(&mut self, connection: Key, key: Key, dwr: &Message) {
        if !self.check(connection, dwr) {
            return;
        }
        let mut dwa = Builder::answer(dwr);
        dwa.avp(&base::RESULT_CODE, 2001_u32);
        dwa.identities(&self.config.origin_host, &self.config.origin_realm);
        self.add_state_id(&mut dwa);
        self.send_answer(connection, &mut dwa, dwr);
        self.learn_state(key, dwr);
    }

    pub(super) fn send_dwr(&mut self, key: Key) {
        let open = self.peers.get(key).filter(|peer| peer.state.is_open());
        let Some(connection) = open.and_then(super::peers::Peer::open) else {
            return;
        };
        let mut dwr = Builder::request(DEVICE_WATCHDOG, 0);
        dwr.identities(&self.config.origin_host, &self.config.origin_realm);
        self.add_state_id(&mut dwr);
        self.count("watchdog.sent");
        self.send_request(connection, &mut dwr);
    }

    fn add_state_id(&self, to: &mut Builder) {
        if self.config.origin_state_id != 0 {
            to.avp(&base::ORIGIN_STATE_ID, self.config.origin_state_id);
        }
    }

    fn learn_state(&mut self, key: Key, message: &Message) {
        let id = message
            .find(&base::ORIGIN_STATE_ID)
            .and_then(|avp| avp.u32().ok());
        self.watch_state(key, id.unwrap_or(0));
    }

    fn on_dpr(&mut self, now: Ms, connection: Key, key: Key, dpr: Message) {
        if !self.check(connection, &dpr) {
            return;
        }
        let cause = dpr
            .find(&base::DISCONNECT_CAUSE)
            .and_then(|avp| avp.i32().ok());
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        if !peer.state.is_open() {
            // Both ends say farewell at once: ours waits for its answer, theirs gets one.
            peer.dpr = Some(dpr);
            return self.send_dpa(key);
        }
        peer.cause = Some(DownCause::PeerDisconnected(cause.unwrap_or(0)));
        peer.dpr = Some(dpr);
        self.event(now, key, Event::RcvDpr);
    }

    pub(super) fn send_dpa(&mut self, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        if let (Some(connection), Some(dpr)) = (peer.open(), peer.dpr.take()) {
            let mut dpa = Builder::answer(&dpr);
            dpa.avp(&base::RESULT_CODE, 2001_u32);
            dpa.identities(&self.config.origin_host, &self.config.origin_realm);
            self.send_answer(connection, &mut dpa, &dpr);
        }
    }

    pub(super) fn send_dpr(&mut self, key: Key) {
        let Some(peer) = self.peers.get(key) else {
            return;
        };
        let Some(connection) = peer.open() else {
            return;
        };
        let mut dpr = Builder::request(DISCONNECT_PEER, 0);
        let farewell = peer.farewell;
        dpr.identities(&self.config.origin_host, &self.config.origin_realm);
        dpr.avp(&base::DISCONNECT_CAUSE, farewell);
        self.send_request(connection, &mut dpr);
    }

    fn on_dpa(&mut self, now: Ms, key: Key, side: Side) {
        let event = match side {
            Side::Responder(_) => Event::RRcvDpa,
            Side::Initiator(_) | Side::Greeting => Event::IRcvDpa,
        };
        self.event(now, key, event);
    }

    /// Whether a request's groups and AVPs are as the dictionary says. What is not is answered.
    pub(super) fn check(&mut self, connection: Key, request: &Message) -> bool {
        match self.verify(request) {
            Ok(()) => true,
            Err(fault) => {
                self.count("requests.invalid");
                self.answer_fault(connection, request, &fault);
                false
            }
        }
    }

    pub(super) fn answer_fault(&mut self, connection: Key, request: &Message, fault: &Fault) {
        let (host, realm) = (&self.config.origin_host, &self.config.origin_realm);
        let answer = fault.answer(request.bytes(), host, realm);
        self.send(connection, answer);
    }

    /// Whether requests of a peer are to be dropped: its connection is on probation (RFC 3539 3.4.1).
    pub(super) fn is_on_probation(&self, key: Key) -> bool {
        let state = self.peers.get(key).map(|peer| peer.watchdog.state());
        self.config.discard_in_reopen && state == Some(WatchdogState::Reopen)
    }
}
