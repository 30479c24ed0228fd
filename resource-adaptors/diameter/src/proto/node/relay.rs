//! A relay's part: requests go on with a Route-Record, their answers come back (RFC 6733 6.1.9, 6.2.2).

use bytes::Bytes;

use super::Stack;
use super::output::{RequestKey, TxFailure};
use super::slab::Key;
use crate::proto::time::Ms;
use crate::proto::wire::{Fault, Header, Limits, Message, Patch};

impl Stack {
    /// Sends a request on.
    pub(super) fn relay(&mut self, now: Ms, connection: Key, from: Key, request: &Message) {
        if !request.header().is_proxiable() {
            // What concerns two neighbours only is not for a third (RFC 6733 3, the P bit).
            return self.refuse(connection, request, 3002, "not proxiable");
        }
        let Some(host) = self.peers.get(from).map(|peer| peer.host.clone()) else {
            return;
        };
        let Ok(patch) = Patch::new(request.bytes().clone()).route_record(&host) else {
            return self.refuse(connection, request, 3002, "too long with a Route-Record");
        };
        let Some(incoming) = self.admit_request(now, connection, from, request, None) else {
            return;
        };
        self.count("requests.relayed");
        self.relay_request(now, incoming, from, request.header(), patch.finish());
    }

    /// Sends a request on that came as [`Output::Request`](super::Output::Request) by way of a realm with
    /// [`Proxy`](super::RealmAction::Proxy): as it was, or as the service has made it. Its answer goes back by itself.
    /// `false`: the request waits no more, or this is not a request.
    pub fn forward(&mut self, now: Ms, key: RequestKey, request: Bytes) -> bool {
        let key = Key::from_u64(key.0);
        let Some((asked, from)) = self.incoming.get(key).map(|it| (it.header, it.peer)) else {
            return false;
        };
        let Ok(message) = Message::parse_outer(request.clone(), &Limits::OWN) else {
            return false;
        };
        let header = Header {
            end_to_end: asked.end_to_end,
            ..*message.header()
        };
        let Some(host) = self.peers.get(from).map(|peer| peer.host.clone()) else {
            return false;
        };
        drop(message);
        let patch = Patch::new(request)
            .end_to_end(asked.end_to_end)
            .route_record(&host);
        let Ok(patch) = patch.map_err(|_| self.count("messages.unsendable")) else {
            return false;
        };
        if !header.is_request() {
            return false;
        }
        self.relay_request(now, key, from, &header, patch.finish());
        true
    }

    /// The answer to a relayed request.
    pub(super) fn relay_answer(&mut self, incoming: Key, answer: Bytes) {
        let Some(waiting) = self.incoming.get(incoming) else {
            return self.count("answers.undeliverable");
        };
        if let Some(id) = waiting.id() {
            self.duplicates.forget(id);
        }
        let answer = Patch::new(answer).hop_by_hop(waiting.header.hop_by_hop);
        self.finish_incoming(incoming, answer.finish());
    }

    /// A relayed request that nobody answers is answered with why.
    pub(super) fn relay_failed(&mut self, incoming: Key, request: &Bytes, failure: TxFailure) {
        let (code, why) = match failure {
            TxFailure::NoRoute => (3003, "realm not served"),
            TxFailure::Overflow => (3004, "too many requests"),
            TxFailure::Timeout => (3002, "no answer came in time"),
            TxFailure::Unroutable
            | TxFailure::Exhausted
            | TxFailure::BadAnswer
            | TxFailure::Invalid
            | TxFailure::Stopping => (3002, "no peer takes it"),
        };
        let fault = Fault::new(code, why);
        let answer = fault.answer(request, &self.config.origin_host, &self.config.origin_realm);
        self.relay_answer(incoming, answer);
    }
}
