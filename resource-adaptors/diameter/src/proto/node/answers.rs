//! Answers of peers: matched to their requests, handed over, or a reason to ask another peer.

use super::Stack;
use super::output::{Output, Tx, TxFailure};
use super::requests::Owner;
use super::routes::Destination;
use super::slab::Key;
use crate::proto::dict::{Level, validate};
use crate::proto::time::Ms;
use crate::proto::wire::{Header, Message};

/// Protocol errors after which another peer is asked (RFC 6733 7.1.3): undeliverable, too busy, loop.
const ELSEWHERE: [u32; 3] = [3002, 3004, 3005];
const REDIRECT_INDICATION: u32 = 3006;

impl Stack {
    pub(super) fn on_answer(&mut self, now: Ms, connection: Key, from: Key, answer: Message) {
        let Some(key) = self.transaction_of(connection, answer.header()) else {
            return self.unexpected(from);
        };
        if let Some(peer) = self.peers.get_mut(from) {
            peer.counts.answers_received += 1;
        }
        if self.config.overload.enabled
            && let Some(transaction) = self.transactions.get(key)
        {
            let asked = transaction.message.clone();
            let to = Destination::read(&asked, transaction.application, "");
            self.heed(now, &answer, to.realm);
        }
        if answer.is_error() {
            let code = answer.result_code().unwrap_or(0);
            if ELSEWHERE.contains(&code) && self.ask_another(key, from) {
                return self.drained(now, from);
            }
            if code == REDIRECT_INDICATION && self.follow_redirect(now, key, &answer) {
                return self.drained(now, from);
            }
        }
        if self.is_unsound(key, &answer) {
            self.count("answers.invalid");
            self.fail(key, TxFailure::BadAnswer);
        } else {
            self.deliver(key, from, answer);
        }
        self.drained(now, from);
    }

    /// Whether an answer to a request of this node is not what its command's definition says, as far as that is looked at.
    fn is_unsound(&self, key: Key, answer: &Message) -> bool {
        let level = self.config.validation_answers;
        let transaction = self.transactions.get(key);
        if level == Level::Off || transaction.is_none_or(|its| !matches!(its.owner, Owner::Local)) {
            return false;
        }
        let header = answer.header();
        let known = self.dictionary.command(header.application, header.command);
        let checked = answer.check_groups(&self.config.limits.wire());
        known.is_some()
            && checked
                .and_then(|()| validate(answer, &self.dictionary, level))
                .is_err()
    }

    /// Hands an answer to who waits for it. Its groups are not looked into: who reads them ends where they end to make sense,
    /// and a Failed-AVP may hold what was wrong with the request.
    fn deliver(&mut self, key: Key, from: Key, answer: Message) {
        let Some((transaction, _)) = self.end(key) else {
            return;
        };
        match transaction.owner {
            Owner::Local => {
                let Some(peer) = self.peers.get(from).map(|peer| peer.host.clone()) else {
                    return;
                };
                let asked = Header::read(&transaction.message);
                self.outputs.push_back(Output::Answer {
                    tx: Tx(key.to_u64()),
                    peer,
                    message: answer,
                    again: asked.is_some_and(|header| header.is_retransmit()),
                });
            }
            Owner::Relay(incoming) => self.relay_answer(incoming, answer.bytes().clone()),
        }
    }

    /// Sends a request that a peer would not take to another one; `false` if there is none, or if only that peer will do.
    fn ask_another(&mut self, key: Key, from: Key) -> bool {
        let Some(transaction) = self.transactions.get_mut(key) else {
            return false;
        };
        if !transaction.tried.contains(&from) {
            transaction.tried.push(from);
        }
        let Ok(other) = self.next_peer(key) else {
            return false;
        };
        self.take_back(key);
        self.moved(from);
        self.send_to(key, other, true);
        true
    }

    /// Asks whom a redirect names, and remembers it as far as it allows (RFC 6733 6.13); `false` if none of them can be
    /// asked.
    fn follow_redirect(&mut self, now: Ms, key: Key, answer: &Message) -> bool {
        let Some(redirect) = super::redirects::Redirect::read(answer) else {
            return false;
        };
        let Some(transaction) = self.transactions.get(key) else {
            return false;
        };
        let (message, application) = (transaction.message.clone(), transaction.application);
        self.count("redirects.received");
        let to = Destination::read(&message, application, "");
        let limit = self.config.limits.redirects as usize;
        self.redirects.learn(now, &to, &redirect, limit);
        let directed = redirect
            .hosts
            .iter()
            .filter_map(|host| self.peer_named(host))
            .collect();
        let Some(transaction) = self.transactions.get_mut(key) else {
            return false;
        };
        let before = std::mem::replace(&mut transaction.directed, directed);
        if transaction.directed.is_empty() {
            transaction.directed = before;
            return false;
        }
        match self.next_peer(key) {
            Ok(other) => {
                self.take_back(key);
                self.send_to(key, other, false);
                true
            }
            Err(_) => false,
        }
    }

    /// An answer that cannot be read: its request will get no other.
    pub(super) fn bad_answer(&mut self, connection: Key, header: &Header) {
        if let Some(key) = self.transaction_of(connection, header) {
            self.fail(key, TxFailure::BadAnswer);
        }
    }

    /// An answer that nobody waits for: late, or never asked for.
    fn unexpected(&mut self, from: Key) {
        if let Some(peer) = self.peers.get_mut(from) {
            peer.counts.late += 1;
        }
        self.count("answers.unknown");
    }
}
