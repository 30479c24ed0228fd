//! Requests of peers: for this node, to be relayed, redirected or refused; and our answers to them.

use bytes::Bytes;
use smallvec::SmallVec;

use super::duplicates::{Before, Id};
use super::output::{Output, RequestKey};
use super::routes::{Destination, Way};
use super::slab::Key;
use super::wheel::TimerId;
use super::{Admin, Stack, Timer};
use crate::proto::dict::{base, validate};
use crate::proto::time::Ms;
use crate::proto::wire::{Builder, Fault, Header, Message, Patch};

/// A request of a peer that waits for our answer.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) peer: Key,
    /// Its header, with the Hop-by-Hop Identifier that the answer needs.
    pub(super) header: Header,
    pub(super) connection: Key,
    /// Further copies that came meanwhile: each is answered.
    copies: SmallVec<[(Key, u32); 1]>,
    /// Its name for the detection of duplicates, if it is for this node.
    id: Option<Id>,
    /// Whether the answer may speak of overload.
    overload: bool,
    /// When it is given up.
    pub(super) timer: TimerId,
}

impl Incoming {
    pub(super) const fn id(&self) -> Option<Id> {
        self.id
    }
}

/// How many copies of one request are answered.
const COPIES: usize = 4;

impl Stack {
    pub(super) fn on_request(&mut self, now: Ms, connection: Key, from: Key, request: Message) {
        if let Some(peer) = self.peers.get_mut(from) {
            peer.counts.requests_received += 1;
        }
        if self.is_on_probation(from) {
            return self.count("requests.discarded");
        }
        let header = *request.header();
        let host = self.config.origin_host.clone();
        let to = Destination::read(request.bytes(), header.application, &host);
        match self.way(&to) {
            Way::Local if !self.serves(&to) => {
                self.refuse(connection, &request, 3007, "application not supported");
            }
            Way::Proxy if !self.config.relay && !self.serves(&to) => {
                self.refuse(connection, &request, 3007, "application not supported");
            }
            Way::Local | Way::Proxy => {
                let id = self.duplicates.id(to.origin, header.end_to_end);
                let overload = to.overload && self.config.overload.enabled;
                self.take(now, connection, from, request, (id, overload));
            }
            Way::Relay => self.relay(now, connection, from, &request),
            Way::Redirect(index) => self.redirect(connection, &request, index),
            Way::Refuse(code) => self.refuse(connection, &request, code, text(code)),
        }
    }

    /// Whether requests of an application are for this node. What has no application of its own is.
    fn serves(&self, to: &Destination<'_>) -> bool {
        to.application == 0
            || self
                .config
                .applications
                .iter()
                .any(|app| app.id == to.application)
    }

    /// A request for this node: checked, looked up among those that came before, handed over.
    fn take(
        &mut self,
        now: Ms,
        connection: Key,
        from: Key,
        request: Message,
        (id, overload): (Id, bool),
    ) {
        if !self.check(connection, &request) {
            return;
        }
        let header = *request.header();
        if header.is_retransmit() || self.config.duplicates.all {
            self.duplicates.expire(now);
            match self.duplicates.find(id) {
                Before::Answered(answer) => {
                    self.count("duplicates.answered");
                    let answer = Patch::new(answer).hop_by_hop(header.hop_by_hop);
                    return self.send_reply(connection, from, answer.finish());
                }
                Before::Waiting(key) => {
                    self.count("duplicates.absorbed");
                    return self.absorb(key, connection, header.hop_by_hop);
                }
                Before::Unknown => {}
            }
        }
        let Some(key) = self.admit_request(now, connection, from, &request, Some(id)) else {
            return;
        };
        if let Some(incoming) = self.incoming.get_mut(key) {
            incoming.overload = overload;
        }
        self.duplicates.begin(now, id, key, &self.config.duplicates);
        let Some(peer) = self.peers.get(from).map(|peer| peer.host.clone()) else {
            return;
        };
        let key = RequestKey(key.to_u64());
        self.outputs.push_back(Output::Request {
            key,
            peer,
            message: request,
        });
    }

    /// Another copy of a request that is not answered yet.
    fn absorb(&mut self, key: Key, connection: Key, hop_by_hop: u32) {
        if let Some(incoming) = self.incoming.get_mut(key)
            && incoming.copies.len() < COPIES
        {
            incoming.copies.push((connection, hop_by_hop));
        }
    }

    /// Remembers where an answer goes; a peer that has too much waiting here is told so.
    pub(super) fn admit_request(
        &mut self,
        now: Ms,
        connection: Key,
        from: Key,
        request: &Message,
        id: Option<Id>,
    ) -> Option<Key> {
        let limits = self.config.limits;
        let busy = self.incoming.len() >= limits.incoming as usize;
        let peer = self.peers.get_mut(from)?;
        let leaving = self.stopping || peer.admin == Admin::Draining;
        if busy || leaving || peer.incoming >= limits.incoming_per_peer {
            self.count("requests.too_busy");
            self.refuse(connection, request, 3004, "too many requests");
            return None;
        }
        peer.incoming += 1;
        let key = self.incoming.insert(Incoming {
            peer: from,
            header: *request.header(),
            connection,
            copies: SmallVec::new(),
            id,
            overload: false,
            timer: TimerId::NONE,
        });
        if id.is_some() {
            let timer = self
                .wheel
                .start(now + self.config.timers.answer, Timer::Incoming(key));
            if let Some(incoming) = self.incoming.get_mut(key) {
                incoming.timer = timer;
            }
        }
        Some(key)
    }

    /// Answers a request; its identifiers are put in. `false`: it was answered before, or waited too long, or this is no
    /// answer to it.
    pub fn answer(&mut self, now: Ms, key: RequestKey, answer: Bytes) -> bool {
        let key = Key::from_u64(key.0);
        let Some(incoming) = self.incoming.get(key) else {
            self.count("answers.too_late");
            return false;
        };
        let asked = incoming.header;
        let fits = Header::read(&answer).is_some_and(|header| {
            !header.is_request()
                && header.command == asked.command
                && header.application == asked.application
                && header.length as usize == answer.len()
        });
        if !fits {
            self.count("answers.unfit");
            return false;
        }
        let id = incoming.id;
        let mut answer = answer;
        if incoming.overload {
            let says = self.overload_answer();
            let patch = Patch::new(answer.clone()).append(says.as_bytes());
            answer = patch.map_or(answer, Patch::finish);
        }
        let answer = Patch::new(answer)
            .end_to_end(asked.end_to_end)
            .hop_by_hop(asked.hop_by_hop)
            .finish();
        let peer = incoming.peer;
        self.finish_incoming(key, answer.clone());
        if let Some(id) = id {
            self.duplicates
                .answered(now, id, answer, &self.config.duplicates);
        }
        self.drained(now, peer);
        true
    }

    /// Fills in what was answered by an earlier process, so that a copy of the request gets the same answer.
    pub fn restore_answer(&mut self, now: Ms, origin_host: &str, end_to_end: u32, answer: Bytes) {
        let id = self.duplicates.id(origin_host.as_bytes(), end_to_end);
        self.duplicates
            .answered(now, id, answer, &self.config.duplicates);
    }

    /// What a request was answered with, as long as that is known.
    #[must_use]
    pub fn remembered(&self, origin_host: &str, end_to_end: u32) -> Option<Bytes> {
        let id = self.duplicates.id(origin_host.as_bytes(), end_to_end);
        match self.duplicates.find(id) {
            Before::Answered(answer) => Some(answer),
            Before::Waiting(_) | Before::Unknown => None,
        }
    }

    /// Sends an answer, which has the request's identifiers, to every copy of it, and forgets the request.
    pub(super) fn finish_incoming(&mut self, key: Key, answer: Bytes) {
        let Some(incoming) = self.forget_incoming(key) else {
            return;
        };
        for (connection, hop_by_hop) in &incoming.copies {
            let copy = Patch::new(answer.clone()).hop_by_hop(*hop_by_hop).finish();
            self.send_reply(*connection, incoming.peer, copy);
        }
        self.send_reply(incoming.connection, incoming.peer, answer);
    }

    pub(super) fn forget_incoming(&mut self, key: Key) -> Option<Incoming> {
        let incoming = self.incoming.remove(key)?;
        self.wheel.cancel(incoming.timer);
        if let Some(peer) = self.peers.get_mut(incoming.peer) {
            peer.incoming -= 1;
        }
        Some(incoming)
    }

    /// Sends an answer where its request came from, if that connection still stands.
    fn send_reply(&mut self, connection: Key, peer: Key, answer: Bytes) {
        if self.connections.get(connection).is_none() {
            return self.count("answers.undeliverable");
        }
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.counts.answers_sent += 1;
        }
        self.send(connection, answer);
    }

    /// Nobody has answered a request in time. The peer's own timer tells it; a copy is a new request.
    pub(super) fn incoming_expired(&mut self, key: Key) {
        if let Some(incoming) = self.forget_incoming(key) {
            self.count("requests.unanswered");
            if let Some(id) = incoming.id {
                self.duplicates.forget(id);
            }
        }
    }

    /// Whether a message's groups and AVPs are as the dictionary says. Of a command that it lacks, in an application of
    /// ours, only the service can tell.
    pub(super) fn verify(&self, message: &Message) -> Result<(), Fault> {
        if self.relays {
            message.check_groups(&self.config.limits.wire())?;
        }
        let header = message.header();
        let known = self.dictionary.command(header.application, header.command);
        if known.is_none() && header.application != 0 {
            return Ok(());
        }
        validate(message, &self.dictionary, self.config.validation)
    }

    pub(super) fn refuse(
        &mut self,
        connection: Key,
        request: &Message,
        code: u32,
        why: &'static str,
    ) {
        self.count(match code {
            3002 => "requests.undeliverable",
            3003 => "requests.realm_not_served",
            3005 => "requests.looped",
            _ => "requests.refused",
        });
        self.answer_fault(connection, request, &Fault::new(code, why));
    }

    /// Says who is to be asked instead (RFC 6733 6.1.8).
    fn redirect(&mut self, connection: Key, request: &Message, index: usize) {
        let Some((hosts, usage, cache_seconds)) = self.redirect_of(index) else {
            return;
        };
        let mut answer = Builder::answer(request);
        answer.error();
        answer.identities(&self.config.origin_host, &self.config.origin_realm);
        answer.avp(&base::RESULT_CODE, 3006_u32);
        for host in hosts {
            answer.avp(&base::REDIRECT_HOST, &**host);
        }
        if usage != super::RedirectUsage::DontCache {
            answer.avp(&base::REDIRECT_HOST_USAGE, usage as i32);
            answer.avp(&base::REDIRECT_MAX_CACHE_TIME, cache_seconds);
        }
        self.count("requests.redirected");
        self.send_answer(connection, &mut answer, request);
    }
}

const fn text(code: u32) -> &'static str {
    match code {
        3002 => "destination host not reachable from here",
        3003 => "realm not served",
        3005 => "the request has been here before",
        _ => "refused",
    }
}
