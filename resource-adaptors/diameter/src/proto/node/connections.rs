//! Connections: opened, accepted, read, closed (RFC 6733 5.6.1).

use bytes::Bytes;

use super::slab::Key;
use super::wheel::TimerId;
use super::{DownCause, Ends, Link, Output, Stack, Timer};
use crate::proto::peer::Event;
use crate::proto::time::Ms;
use crate::proto::wire::{Fault, Framer, Groups, Header, Message, flag};

/// A transport connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) side: Side,
    /// `None` while it is being opened.
    pub(super) ends: Option<Ends>,
    framer: Framer,
    /// Makes the Hop-by-Hop Identifiers of one connection differ from another's.
    pub(super) salt: u32,
    /// The deadline of its CER.
    timer: TimerId,
}

/// Who opened a connection, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// We, to this peer.
    Initiator(Key),
    /// Somebody who has not sent a CER.
    Greeting,
    /// This peer.
    Responder(Key),
}

impl Stack {
    /// A connection was accepted. `None`: there are too many that have not said who they are; the caller closes it.
    pub fn accepted(&mut self, now: Ms, ends: Ends) -> Option<Link> {
        if self.stopping || self.greeting >= self.config.limits.greeting {
            self.count("connections.refused");
            return None;
        }
        self.greeting += 1;
        let key = self.connection(Side::Greeting, Some(ends));
        let deadline = now + self.config.timers.capabilities;
        let timer = self.wheel.start(deadline, Timer::Connection(key));
        if let Some(connection) = self.connections.get_mut(key) {
            connection.timer = timer;
        }
        Some(Link(key.to_u64()))
    }

    /// A connection that was asked for by [`Output::Connect`] stands.
    pub fn connected(&mut self, now: Ms, link: Link, ends: Ends) {
        let key = Key::from_u64(link.0);
        let Some(connection) = self.connections.get_mut(key) else {
            // Given up meanwhile: Close was the last word.
            return;
        };
        if let (Side::Initiator(peer), None) = (connection.side, &connection.ends) {
            connection.ends = Some(ends);
            self.event(now, peer, Event::IRcvConnAck);
        }
    }

    /// A connection that was asked for could not be opened.
    pub fn connect_failed(&mut self, now: Ms, link: Link) {
        let key = Key::from_u64(link.0);
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        if let (Side::Initiator(peer), None) = (connection.side, &connection.ends) {
            let side = connection.side;
            self.forget_connection(key);
            self.connect_refused(peer);
            self.connection_lost(now, side, DownCause::Closed);
        }
    }

    /// A connection has ended, or the peer has ended its half.
    pub fn closed(&mut self, now: Ms, link: Link) {
        let key = Key::from_u64(link.0);
        if let Some(side) = self.connections.get(key).map(|connection| connection.side) {
            self.forget_connection(key);
            self.connection_lost(now, side, DownCause::Closed);
        }
    }

    /// Bytes came on a connection.
    pub fn received(&mut self, now: Ms, link: Link, bytes: &[u8]) {
        let key = Key::from_u64(link.0);
        if let Some(connection) = self.connections.get_mut(key) {
            connection.framer.push(bytes);
        }
        // A message may close its connection.
        while let Some(connection) = self.connections.get_mut(key) {
            match connection.framer.next_frame() {
                Ok(Some(frame)) => self.frame(now, key, &frame),
                Ok(None) => return,
                Err(fault) => {
                    let answer = fault.answer(&self.config.origin_host, &self.config.origin_realm);
                    self.count("messages.framing");
                    if let Some(answer) = answer {
                        self.send(key, answer);
                    }
                    self.hang_up(now, key, DownCause::Framing);
                    return;
                }
            }
        }
    }

    fn frame(&mut self, now: Ms, key: Key, frame: &Bytes) {
        // What is only passed on, and answers, are not looked into.
        let is_request = frame.get(4).is_some_and(|flags| flags & flag::REQUEST != 0);
        let limits = self.config.limits.wire();
        let parsed = if is_request && !self.relays {
            Message::parse_with(frame.clone(), &limits, Groups::standard())
        } else {
            Message::parse_outer(frame.clone(), &limits)
        };
        match parsed {
            Ok(message) => self.message(now, key, message),
            Err(fault) => self.malformed(now, key, frame, &fault),
        }
    }

    fn message(&mut self, now: Ms, key: Key, message: Message) {
        let Some(side) = self.connections.get(key).map(|connection| connection.side) else {
            return;
        };
        match side {
            Side::Greeting => self.greet(now, key, message),
            Side::Initiator(peer) | Side::Responder(peer) => {
                self.peer_message(now, key, peer, side, message);
            }
        }
    }

    /// A request is answered with what is wrong. An answer ends its request, for it will get no other.
    fn malformed(&mut self, now: Ms, key: Key, frame: &Bytes, fault: &Fault) {
        self.count("messages.malformed");
        let Some(side) = self.connections.get(key).map(|connection| connection.side) else {
            return;
        };
        let Some(header) = Header::read(frame) else {
            return self.hang_up(now, key, DownCause::Framing);
        };
        if header.is_request() {
            let answer = fault.answer(frame, &self.config.origin_host, &self.config.origin_realm);
            self.send(key, answer);
        } else {
            self.bad_answer(key, &header);
        }
        if fault.close || side == Side::Greeting {
            self.hang_up(now, key, DownCause::Framing);
        }
    }

    /// The deadline of a CER.
    pub(super) fn connection_expired(&mut self, now: Ms, key: Key) {
        if self.connections.get(key).is_some() {
            self.count("connections.silent");
            self.hang_up(now, key, DownCause::Closed);
        }
    }

    /// Closes a connection for what came on it.
    pub(super) fn hang_up(&mut self, now: Ms, key: Key, cause: DownCause) {
        if let Some(side) = self.connections.get(key).map(|connection| connection.side) {
            self.disconnect(key);
            self.connection_lost(now, side, cause);
        }
    }

    fn connection_lost(&mut self, now: Ms, side: Side, cause: DownCause) {
        match side {
            Side::Greeting => {}
            Side::Initiator(peer) => {
                self.blame(peer, side, cause);
                self.event(now, peer, Event::IRcvConnNack);
                self.event(now, peer, Event::IPeerDisc);
            }
            Side::Responder(peer) => {
                self.blame(peer, side, cause);
                self.event(now, peer, Event::RPeerDisc);
            }
        }
    }

    pub(super) fn connection(&mut self, side: Side, ends: Option<Ends>) -> Key {
        let salt = self.random.next() as u32;
        self.connections.insert(Connection {
            side,
            ends,
            framer: Framer::new(self.config.limits.message),
            salt,
            timer: TimerId::NONE,
        })
    }

    /// The peer of a connection is known.
    pub(super) fn introduce(&mut self, key: Key, peer: Key) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.side = Side::Responder(peer);
            self.greeting -= 1;
            self.wheel.cancel(connection.timer);
        }
    }

    /// Closes a connection without a further word.
    pub(super) fn disconnect(&mut self, key: Key) {
        if self.forget_connection(key) {
            let link = Link(key.to_u64());
            self.outputs.push_back(Output::Close { link });
        }
    }

    fn forget_connection(&mut self, key: Key) -> bool {
        let Some(connection) = self.connections.remove(key) else {
            return false;
        };
        self.wheel.cancel(connection.timer);
        if connection.side == Side::Greeting {
            self.greeting -= 1;
        }
        true
    }
}
