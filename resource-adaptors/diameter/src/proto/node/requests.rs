//! Requests to peers, our own and those we relay: sent, moved to another peer, timed out.

use bytes::Bytes;
use smallvec::SmallVec;

use super::output::{Outgoing, Output, Tx, TxFailure};
use super::routes::Destination;
use super::slab::Key;
use super::wheel::TimerId;
use super::{Stack, Timer};
use crate::proto::time::Ms;
use crate::proto::wire::{Header, Patch};

/// How many can be told apart by a Hop-by-Hop Identifier, next to 12 bits of generation.
const INDEX_BITS: u32 = 20;
const INDEX: u32 = (1 << INDEX_BITS) - 1;

/// A request that waits for its answer.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) owner: Owner,
    /// The request as it was sent last.
    pub(super) message: Bytes,
    pub(super) application: u32,
    pub(super) command: u32,
    pub(super) end_to_end: u32,
    /// To whom it was sent, and on which connection.
    pub(super) at: Option<(Key, Key)>,
    /// Who has refused it, or is not to get it.
    pub(super) tried: SmallVec<[Key; 2]>,
    /// Whom a redirect names.
    pub(super) directed: SmallVec<[Key; 2]>,
    /// How often it was sent.
    pub(super) attempts: u8,
    sequence: u64,
    timer: TimerId,
}

/// Who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// This node.
    Local,
    /// The peer whose request it is.
    Relay(Key),
}

impl Stack {
    /// Sends a request. What becomes of it is an output that names the same [`Tx`]. Also gives its End-to-End Identifier,
    /// under which it may be sent again after a restart ([`Outgoing::resend`]).
    pub fn request(&mut self, now: Ms, outgoing: Outgoing) -> (Tx, u32) {
        let end_to_end = outgoing.resend.unwrap_or_else(|| self.next_end_to_end());
        let timeout = outgoing.timeout.unwrap_or(self.config.timers.request);
        let full = self.is_full(&outgoing.message);
        let mut message = outgoing.message;
        if let Some(announcement) = self.announce() {
            let patch = Patch::new(message).append(announcement.as_bytes());
            message = patch.map_or_else(|_| Bytes::new(), Patch::finish);
        }
        let header = Header::read(&message).filter(Header::is_request);
        let sound = header.is_some_and(|its| its.length as usize == message.len());
        let (application, command) = header.map_or((0, 0), |its| (its.application, its.command));
        let key = self.insert(Transaction {
            owner: Owner::Local,
            message,
            application,
            command,
            end_to_end,
            at: None,
            tried: SmallVec::new(),
            directed: SmallVec::new(),
            attempts: 0,
            sequence: self.sequence,
            timer: TimerId::NONE,
        });
        let failure = if !sound {
            Some(TxFailure::Invalid)
        } else if self.stopping {
            Some(TxFailure::Stopping)
        } else {
            full.then_some(TxFailure::Overflow)
        };
        match failure {
            Some(failure) => self.fail(key, failure),
            None => {
                self.start_timer(key, now + timeout);
                self.dispatch(now, key, outgoing.resend.is_some());
            }
        }
        (Tx(key.to_u64()), end_to_end)
    }

    /// A request that waits for its answer, as it was sent.
    #[must_use]
    pub fn sent(&self, tx: Tx) -> Option<Bytes> {
        let transaction = self.transactions.get(Key::from_u64(tx.0))?;
        Some(transaction.message.clone())
    }

    /// Nobody waits for the answer any more: there will be no output.
    pub fn forget(&mut self, now: Ms, tx: Tx) {
        let key = Key::from_u64(tx.0);
        if self
            .transactions
            .get(key)
            .is_some_and(|it| it.owner == Owner::Local)
        {
            self.end(key);
            self.drain_all(now);
        }
    }

    /// Begins to relay a request, whose bytes have their Route-Record. `from` is not asked.
    pub(super) fn relay_request(
        &mut self,
        now: Ms,
        incoming: Key,
        from: Key,
        header: &Header,
        message: Bytes,
    ) {
        let full = self.is_full(&message);
        let key = self.insert(Transaction {
            owner: Owner::Relay(incoming),
            message,
            application: header.application,
            command: header.command,
            end_to_end: header.end_to_end,
            at: None,
            tried: SmallVec::from_slice(&[from]),
            directed: SmallVec::new(),
            attempts: 0,
            sequence: self.sequence,
            timer: TimerId::NONE,
        });
        if full {
            return self.fail(key, TxFailure::Overflow);
        }
        self.start_timer(key, now + self.config.timers.request);
        self.dispatch(now, key, false);
    }

    fn start_timer(&mut self, key: Key, deadline: Ms) {
        let timer = self.wheel.start(deadline, Timer::Transaction(key));
        if let Some(transaction) = self.transactions.get_mut(key) {
            transaction.timer = timer;
        }
    }

    fn insert(&mut self, transaction: Transaction) -> Key {
        self.sequence += 1;
        self.pending_bytes += transaction.message.len() as u64;
        self.transactions.insert(transaction)
    }

    fn is_full(&self, message: &Bytes) -> bool {
        let limits = &self.config.limits;
        self.transactions.len() >= limits.pending.min(INDEX) as usize
            || self.pending_bytes + message.len() as u64 > limits.pending_bytes
    }

    /// Sends a request to the best peer, with the T flag where it may have been received before.
    pub(super) fn dispatch(&mut self, now: Ms, key: Key, again: bool) {
        self.redirects.tick(now);
        let chosen = self.next_peer(key);
        let own = self
            .transactions
            .get(key)
            .is_some_and(|it| it.owner == Owner::Local);
        match chosen.and_then(|peer| {
            if own {
                self.abate(now, key, peer)
            } else {
                Ok(peer)
            }
        }) {
            Ok(peer) => self.send_to(key, peer, again),
            Err(failure) => self.fail(key, failure),
        }
    }

    /// The peer that a request goes to next.
    pub(super) fn next_peer(&mut self, key: Key) -> Result<Key, TxFailure> {
        let Some(transaction) = self.transactions.get_mut(key) else {
            return Err(TxFailure::Invalid);
        };
        if transaction.attempts >= self.config.attempts.max(1) {
            return Err(TxFailure::Exhausted);
        }
        // Taken out while the peers are looked at, and put back.
        let message = std::mem::take(&mut transaction.message);
        let tried = std::mem::take(&mut transaction.tried);
        let directed = std::mem::take(&mut transaction.directed);
        let to = Destination::read(&message, transaction.application, "");
        let chosen = self.choose(&to, &directed, &tried);
        if let Some(transaction) = self.transactions.get_mut(key) {
            transaction.message = message;
            transaction.tried = tried;
            transaction.directed = directed;
        }
        chosen
    }

    pub(super) fn send_to(&mut self, key: Key, peer_key: Key, again: bool) {
        let Some(connection) = self.peers.get(peer_key).and_then(super::peers::Peer::open) else {
            return self.fail(key, TxFailure::Unroutable);
        };
        let salt = self.connections.get(connection).map_or(0, |its| its.salt);
        let (Some(transaction), Some(peer)) =
            (self.transactions.get_mut(key), self.peers.get_mut(peer_key))
        else {
            return;
        };
        let patch = Patch::new(std::mem::take(&mut transaction.message))
            .hop_by_hop(hop_by_hop(key, salt))
            .end_to_end(transaction.end_to_end);
        let patch = if again { patch.retransmit() } else { patch };
        transaction.message = patch.finish();
        transaction.at = Some((peer_key, connection));
        transaction.attempts = transaction.attempts.saturating_add(1);
        peer.pending += 1;
        peer.counts.requests_sent += 1;
        let bytes = transaction.message.clone();
        self.send(connection, bytes);
    }

    /// The requests that wait for a peer are sent to others: all when its connection has ended, else those that another
    /// can take (RFC 6733 5.5.4).
    pub(super) fn fail_over(&mut self, now: Ms, peer: Key, ended: bool) {
        let waiting = self.transactions.iter();
        let waiting = waiting.filter(|(_, it)| it.at.is_some_and(|(at, _)| at == peer));
        let mut waiting: Vec<(u64, Key)> = waiting.map(|(key, it)| (it.sequence, key)).collect();
        waiting.sort_unstable_by_key(|(sequence, _)| *sequence);
        for (_, key) in waiting {
            match self.next_peer(key) {
                Ok(other) if other != peer => {
                    self.take_back(key);
                    self.moved(peer);
                    self.send_to(key, other, true);
                }
                // A peer that is only suspected may still answer.
                Ok(_) | Err(_) if !ended => {}
                Ok(_) => self.fail(key, TxFailure::Unroutable),
                Err(failure) => self.fail(key, failure),
            }
        }
        self.drained(now, peer);
    }

    pub(super) fn moved(&mut self, from: Key) {
        if let Some(peer) = self.peers.get_mut(from) {
            peer.counts.moved += 1;
        }
        self.count("requests.moved");
    }

    /// A request does not wait for the peer any more that it was sent to.
    pub(super) fn take_back(&mut self, key: Key) -> Option<Key> {
        let (peer, _) = self.transactions.get_mut(key)?.at.take()?;
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.pending -= 1;
        }
        Some(peer)
    }

    /// Ends a request.
    pub(super) fn end(&mut self, key: Key) -> Option<(Transaction, Option<Key>)> {
        let peer = self.take_back(key);
        let transaction = self.transactions.remove(key)?;
        self.pending_bytes -= transaction.message.len() as u64;
        self.wheel.cancel(transaction.timer);
        Some((transaction, peer))
    }

    pub(super) fn transaction_expired(&mut self, key: Key) {
        let peer = self
            .transactions
            .get(key)
            .and_then(|it| it.at)
            .map(|(peer, _)| peer);
        if let Some(peer) = peer.and_then(|peer| self.peers.get_mut(peer)) {
            peer.counts.timeouts += 1;
        }
        self.count("requests.timeout");
        self.fail(key, TxFailure::Timeout);
    }

    /// Ends a request without an answer.
    pub(super) fn fail(&mut self, key: Key, failure: TxFailure) {
        let Some((transaction, _)) = self.end(key) else {
            return;
        };
        match transaction.owner {
            Owner::Local => {
                let tx = Tx(key.to_u64());
                let sent = transaction.attempts > 0;
                self.outputs.push_back(Output::Failed { tx, failure, sent });
            }
            Owner::Relay(incoming) => self.relay_failed(incoming, &transaction.message, failure),
        }
    }

    /// The request that a Hop-by-Hop Identifier of a connection names.
    pub(super) fn transaction_of(&self, connection: Key, header: &Header) -> Option<Key> {
        let salt = self.connections.get(connection)?.salt;
        let raw = header.hop_by_hop ^ salt;
        let key = self.transactions.key_at(raw & INDEX)?;
        let transaction = self.transactions.get(key)?;
        let same = key.generation << INDEX_BITS == raw & !INDEX
            && transaction.at.is_some_and(|(_, at)| at == connection)
            && transaction.end_to_end == header.end_to_end
            && transaction.command == header.command;
        same.then_some(key)
    }

    pub(super) fn next_end_to_end(&mut self) -> u32 {
        self.end_to_end = self.end_to_end.wrapping_add(1);
        self.end_to_end
    }

    /// Lets the peers go whose last request has ended.
    pub(super) fn drain_all(&mut self, now: Ms) {
        let draining = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.admin == super::Admin::Draining);
        let draining: SmallVec<[Key; 4]> = draining.map(|(key, _)| key).collect();
        for peer in draining {
            self.drained(now, peer);
        }
    }
}

const fn hop_by_hop(key: Key, salt: u32) -> u32 {
    (key.index & INDEX | key.generation << INDEX_BITS) ^ salt
}
