//! The peer state machine at work: events in, the table's actions done (RFC 6733 5.6).

use std::sync::Arc;

use super::connections::Side;
use super::peers::Offer;
use super::slab::Key;
use super::{Admin, Alarm, DownCause, Ends, Link, Output, Stack, UnknownPeers};
use crate::proto::dict::base;
use crate::proto::peer::{
    Action, Capabilities, Event, Refusal, State, Terms, Watched, cause, wins_election,
};
use crate::proto::time::Ms;
use crate::proto::wire::{Builder, Fault, Message};

impl Stack {
    /// An event for a peer's machine.
    pub(super) fn event(&mut self, now: Ms, key: Key, event: Event) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let before = peer.state;
        let Some((actions, after)) = before.on(event) else {
            return;
        };
        peer.state = after;
        for action in actions {
            self.act(now, key, event, *action);
        }
        // An election may have brought it further, and a refusal may have forgotten it.
        if self.peers.get(key).is_some_and(|peer| peer.state == after) && before != after {
            self.entered(now, key, before, after);
        }
        self.arm(key);
    }

    fn act(&mut self, now: Ms, key: Key, event: Event, action: Action) {
        match action {
            Action::ISndConnReq => self.open_connection(key),
            Action::RAccept => self.accept_offer(key),
            Action::RReject => self.reject_offer(now, key),
            Action::ProcessCer | Action::ProcessCea => self.learn(key),
            Action::RSndCea => self.send_cea(key),
            Action::ISndCer => self.send_cer(key),
            Action::Elect => {
                let won = self
                    .peers
                    .get(key)
                    .is_some_and(|peer| wins_election(&self.config.origin_host, &peer.host));
                if won {
                    self.event(now, key, Event::WinElection);
                }
            }
            Action::IDisc | Action::Cleanup => self.drop_initiator(key),
            Action::RDisc => {
                if event == Event::IRcvCea {
                    self.refuse_cer(key, Refusal::ElectionLost);
                }
                self.drop_responder(key);
            }
            Action::Error => {
                self.drop_initiator(key);
                self.drop_responder(key);
            }
            Action::SndDpr => self.send_dpr(key),
            Action::SndDpa => self.send_dpa(key),
        }
    }

    /// What a new state brings with it.
    fn entered(&mut self, now: Ms, key: Key, before: State, after: State) {
        let timers = self.config.timers;
        let limit = match after {
            State::Closed | State::ROpen | State::IOpen => None,
            State::WaitConnAck => Some(now + timers.connect),
            // A peer who has reached us is not kept waiting for as long as we may wait for him: his patience would end first.
            State::WaitConnAckElect => Some(now + timers.connect / 4),
            State::WaitICea | State::WaitReturns => Some(now + timers.capabilities),
            State::Closing => Some(now + timers.disconnect),
        };
        self.limit(key, limit);
        if after.is_open() {
            self.reset_backoff(key);
            let random = self.random.next();
            let Some(peer) = self.peers.get_mut(key) else {
                return;
            };
            peer.cause = None;
            let watched = peer.watchdog.up(now, timers.watchdog, random);
            self.watched(now, key, watched);
        } else if before.is_open() || (before == State::Closing && after == State::Closed) {
            self.report(key);
        }
        if after == State::Closed {
            self.settle_closed(now, key, before);
        }
    }

    /// A peer has no connection any more: its requests go elsewhere, and it is connected to again or forgotten.
    fn settle_closed(&mut self, now: Ms, key: Key, before: State) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        (peer.initiator, peer.responder, peer.cer) = (None, None, None);
        if before.is_open() || before == State::Closing {
            let orderly = matches!(
                peer.cause,
                Some(DownCause::PeerDisconnected(_) | DownCause::Local)
            );
            peer.watchdog.down(orderly);
        }
        let unknown = peer.config.is_none();
        self.schedule_reconnect(now, key);
        self.fail_over(now, key, true);
        if unknown {
            self.remove_peer(key);
        }
    }

    /// What the watchdog wants.
    pub(super) fn watched(&mut self, now: Ms, key: Key, watched: Watched) {
        match watched {
            Watched::Nothing => {}
            Watched::SendDwr => self.send_dwr(key),
            Watched::Failover => {
                self.count("watchdog.suspect");
                if let Some(peer) = self.peers.get_mut(key) {
                    peer.cause = Some(DownCause::Suspect);
                }
                self.report(key);
                self.fail_over(now, key, false);
            }
            Watched::Failback => {
                if let Some(peer) = self.peers.get_mut(key) {
                    peer.cause = None;
                }
                self.report(key);
            }
            Watched::Close => {
                self.count("watchdog.down");
                let Some(peer) = self.peers.get_mut(key) else {
                    return;
                };
                peer.cause = Some(DownCause::Watchdog);
                let event = if peer.state == State::ROpen {
                    Event::RPeerDisc
                } else {
                    Event::IPeerDisc
                };
                self.event(now, key, event);
            }
        }
    }

    /// Tells that a peer came up or went down, if it did.
    pub(super) fn report(&mut self, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let up = peer.state.is_open() && peer.watchdog.is_okay();
        if up == peer.up {
            return;
        }
        peer.up = up;
        let host = peer.host.clone();
        if up {
            peer.counts.ups += 1;
            self.outputs.push_back(Output::Up { peer: host });
        } else {
            let cause = peer.cause.unwrap_or(DownCause::Local);
            self.outputs.push_back(Output::Down { peer: host, cause });
            self.report_realms(key);
        }
    }

    /// The first message on an accepted connection: a CER, or the end (RFC 6733 5.6.1).
    pub(super) fn greet(&mut self, now: Ms, connection: Key, message: Message) {
        let header = message.header();
        if !header.is_request()
            || header.command != base::CAPABILITIES_EXCHANGE.code
            || header.application != 0
        {
            self.count("connections.no_cer");
            return self.disconnect(connection);
        }
        if !self.check(connection, &message) {
            return self.disconnect(connection);
        }
        let Some(capabilities) = Capabilities::read(&message) else {
            let fault = Fault::new(5005, "Origin-Host and Origin-Realm are needed");
            self.answer_fault(connection, &message, &fault);
            return self.disconnect(connection);
        };
        match self.admit(connection, &capabilities) {
            Ok(peer) => {
                self.replace_restarted(now, peer, &capabilities);
                if let Some(peer) = self.peers.get_mut(peer) {
                    peer.offer = Some(Offer {
                        connection,
                        cer: message,
                        capabilities,
                    });
                }
                self.event(now, peer, Event::RConnCer);
            }
            Err(refusal) => {
                self.count("peers.refused");
                self.refused(&capabilities.host, refusal.result_code(), true);
                if refusal == Refusal::UnknownPeer && self.is_nobody(&capabilities) {
                    self.unwelcome(connection);
                }
                self.send_refusal(connection, &message, refusal);
                self.disconnect(connection);
            }
        }
    }

    /// Whether a host is neither configured, be it disabled, nor let in by a rule, be there no room for it.
    fn is_nobody(&self, capabilities: &Capabilities) -> bool {
        self.peer_named(&capabilities.host).is_none() && self.rule_for(capabilities).is_none()
    }

    /// The rule that lets a host in which is not configured.
    fn rule_for(&self, capabilities: &Capabilities) -> Option<&UnknownPeers> {
        let fits = |rule: &&UnknownPeers| {
            &*rule.realm == "*" || rule.realm.eq_ignore_ascii_case(&capabilities.realm)
        };
        self.config.unknown_peers.iter().find(fits)
    }

    /// Nobody has said that whoever is at the other end of a connection may connect.
    fn unwelcome(&mut self, connection: Key) {
        let ends = self
            .connections
            .get(connection)
            .and_then(|its| its.ends.as_ref());
        if let Some(ends) = ends {
            self.outputs
                .push_back(Output::Unwelcome { from: ends.peer });
        }
    }

    /// The peer that a CER is from, if it is welcome. One that a rule lets in is added to the peer table.
    fn admit(&mut self, connection: Key, capabilities: &Capabilities) -> Result<Key, Refusal> {
        let ends = self
            .connections
            .get(connection)
            .and_then(|its| its.ends.as_ref());
        let secure = ends.is_some_and(|ends| ends.secure.is_some());
        let stranger = ends.is_some_and(|ends| is_stranger(ends, &capabilities.host));
        let known = self.peer_named(&capabilities.host);
        let tls = match known.and_then(|key| self.peers.get(key)) {
            Some(peer) if peer.admin == Admin::Disabled => return Err(Refusal::UnknownPeer),
            Some(peer) => peer.config.as_ref().is_some_and(|config| config.tls),
            None => {
                let full = self.unknown_peers >= self.config.limits.unknown_peers;
                let rule = self.rule_for(capabilities);
                rule.filter(|_| !full).ok_or(Refusal::UnknownPeer)?.tls
            }
        };
        let terms = Terms {
            tls,
            secure,
            stranger,
        };
        capabilities.accept(&self.config, terms)?;
        Ok(known.unwrap_or_else(|| {
            let key = self.add_peer(capabilities.host.clone(), None);
            self.resolve_routes();
            key
        }))
    }

    /// A peer that has restarted, by its Origin-State-Id, cannot own its old connection any more, whose end was not seen.
    fn replace_restarted(&mut self, now: Ms, key: Key, capabilities: &Capabilities) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let restarted = peer.state_id != 0 && capabilities.origin_state_id > peer.state_id;
        if !restarted || !peer.state.is_open() {
            return;
        }
        peer.cause = Some(DownCause::Replaced);
        let event = if peer.state == State::ROpen {
            Event::RPeerDisc
        } else {
            Event::IPeerDisc
        };
        self.event(now, key, event);
    }

    fn open_connection(&mut self, key: Key) {
        let Some((to, tls)) = self.next_address(key) else {
            return;
        };
        let connection = self.connection(Side::Initiator(key), None);
        if let Some(peer) = self.peers.get_mut(key) {
            peer.initiator = Some(connection);
            let peer = peer.host.clone();
            let link = Link(connection.to_u64());
            self.outputs.push_back(Output::Connect {
                link,
                peer,
                to,
                tls,
            });
        }
    }

    fn accept_offer(&mut self, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        if let Some(offer) = peer.offer.take() {
            peer.responder = Some(offer.connection);
            peer.cer = Some(offer.cer);
            peer.capabilities = Some(Arc::new(offer.capabilities));
            self.introduce(offer.connection, key);
        }
    }

    /// The connection of the CER ends; whoever has the other one keeps it. The one that stands is probed at once where
    /// the table leaves it open, so that a peer that lost its connection without our knowing is back soon.
    fn reject_offer(&mut self, now: Ms, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let Some(offer) = peer.offer.take() else {
            return;
        };
        let probe = peer.state.is_open().then(|| peer.watchdog.probe(now));
        self.count("peers.rejected");
        self.send_refusal(offer.connection, &offer.cer, Refusal::UnableToComply);
        self.disconnect(offer.connection);
        if let Some(watched) = probe {
            self.watched(now, key, watched);
        }
    }

    /// What the capabilities say of the peer: whether it has lost its sessions (RFC 6733 8.6).
    fn learn(&mut self, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let id = peer
            .capabilities
            .as_ref()
            .map_or(0, |its| its.origin_state_id);
        self.watch_state(key, id);
    }

    /// An Origin-State-Id of a peer's.
    pub(super) fn watch_state(&mut self, key: Key, id: u32) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        if id == 0 || id == peer.state_id {
            return;
        }
        let restarted = peer.state_id != 0 && id > peer.state_id;
        peer.state_id = peer.state_id.max(id);
        if restarted {
            let peer = peer.host.clone();
            self.outputs.push_back(Output::Restarted { peer });
        }
    }

    fn send_cer(&mut self, key: Key) {
        let Some(connection) = self.peers.get(key).and_then(|peer| peer.initiator) else {
            return;
        };
        let mut cer = Capabilities::request(&self.config, self.local(connection));
        self.send_request(connection, &mut cer);
    }

    fn send_cea(&mut self, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        if let (Some(cer), Some(connection)) = (peer.cer.take(), peer.responder) {
            let mut cea = Capabilities::answer(&cer, &self.config, self.local(connection));
            self.send_answer(connection, &mut cea, &cer);
        }
    }

    /// Answers the kept CER that it is refused.
    fn refuse_cer(&mut self, key: Key, refusal: Refusal) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        if let (Some(cer), Some(connection)) = (peer.cer.take(), peer.responder) {
            self.send_refusal(connection, &cer, refusal);
        }
    }

    pub(super) fn send_refusal(&mut self, connection: Key, cer: &Message, refusal: Refusal) {
        let mut cea = Capabilities::refuse(cer, refusal, &self.config, self.local(connection));
        self.send_answer(connection, &mut cea, cer);
    }

    /// Sends a request that only concerns the two ends of a connection.
    pub(super) fn send_request(&mut self, connection: Key, request: &mut Builder) {
        let hop_by_hop = self.random.next() as u32;
        let end_to_end = self.next_end_to_end();
        // Fails only for settings that no message can carry, which the adaptor has refused.
        match request.finish(hop_by_hop, end_to_end) {
            Ok(bytes) => self.send(connection, bytes),
            Err(_) => self.count("messages.unsendable"),
        }
    }

    pub(super) fn send_answer(&mut self, connection: Key, answer: &mut Builder, request: &Message) {
        let header = request.header();
        match answer.finish(header.hop_by_hop, header.end_to_end) {
            Ok(bytes) => self.send(connection, bytes),
            Err(_) => self.count("messages.unsendable"),
        }
    }

    fn local(&self, connection: Key) -> std::net::IpAddr {
        let ends = self
            .connections
            .get(connection)
            .and_then(|its| its.ends.as_ref());
        ends.map_or(
            std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
            |ends| ends.local,
        )
    }

    fn drop_initiator(&mut self, key: Key) {
        if let Some(connection) = self
            .peers
            .get_mut(key)
            .and_then(|peer| peer.initiator.take())
        {
            self.disconnect(connection);
        }
    }

    fn drop_responder(&mut self, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        peer.cer = None;
        if let Some(connection) = peer.responder.take() {
            self.disconnect(connection);
        }
    }

    /// Takes a peer out of service, with a farewell.
    pub(super) fn retire(&mut self, now: Ms, key: Key, admin: Admin, farewell: i32) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        peer.admin = admin;
        peer.farewell = farewell;
        if peer.state.is_open() {
            peer.cause = Some(DownCause::Local);
        }
        self.event(now, key, Event::Stop);
    }

    /// The operator hears of a refusal, but not that an election was lost.
    pub(super) fn refused(&mut self, host: &str, result_code: u32, by_us: bool) {
        let peer = Arc::from(host);
        self.outputs.push_back(Output::Alarm(Alarm::Refused {
            peer,
            result_code,
            by_us,
        }));
    }

    /// A peer whose last request has ended leaves, if it is being drained.
    pub(super) fn drained(&mut self, now: Ms, key: Key) {
        if let Some(peer) = self.peers.get(key)
            && peer.admin == Admin::Draining
            && peer.pending == 0
            && peer.incoming == 0
        {
            self.retire(now, key, Admin::Disabled, cause::DO_NOT_WANT_TO_TALK_TO_YOU);
        }
    }
}

/// Whether a certificate was shown that is not for this name (RFC 6733 13.1: whom TLS has authenticated is to be compared
/// with the Origin-Host).
pub(super) fn is_stranger(ends: &Ends, host: &str) -> bool {
    let Some(secure) = &ends.secure else {
        return false;
    };
    let fits = |name: &String| match name.strip_prefix("*.") {
        Some(domain) => {
            let rest = host.split_once('.').map(|(_, rest)| rest);
            rest.is_some_and(|rest| rest.eq_ignore_ascii_case(domain))
        }
        None => name.eq_ignore_ascii_case(host),
    };
    secure.verified && !secure.names.iter().any(fits)
}
