//! Responses to proxied requests: RFC 3261 16.7, 16.8, 16.9, with RFC 4320 and RFC 6026.
//!
//! What belongs to no relay any more, such as a late 2xx or one to an INVITE from before a restart, goes back without
//! state by its Via (16.7 step 1).

use std::net::SocketAddr;

use bytes::Bytes;

use super::super::compose;
use super::super::dialog::NO_ACTIVITY;
use super::super::flow::{Flow, Transport};
use super::super::proxy::{Aim, Belief, Best, Branch, Challenge, ELSEWHERE, Lost};
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::wire::{Edit, HeaderId, Host, Limits, Message, request_uri};
use super::routing::is_sips;
use super::{Output, Ua, Use, What};

/// To who wants encryption, of one who is reached without it only.
const SIPS_NOT_ALLOWED: &[u8] = b"Warning: 380 sip \"SIPS Not Allowed\"\r\n";
/// Contacts of one 3xx that are tried.
const CONTACTS: usize = 8;

impl Ua {
    /// A response on one branch.
    pub(super) fn relay_response(
        &mut self,
        now: Ms,
        key: Key,
        tx: Key,
        user: Use,
        response: Message,
    ) {
        let status = response.status().unwrap_or(500);
        match status {
            // A 100 is of one hop.
            ..=100 => {}
            101..=199 => self.relay_provisional(now, key, &response),
            200..=299 => self.relay_success(now, key, tx, user, &response),
            _ => {
                if let Some(branch) = self.close_branch(key, tx) {
                    // It ends because we gave it up: nobody's business above.
                    let best = match status {
                        487 if branch.late => Best::Local(408),
                        _ => Best::Came(Box::new(response)),
                    };
                    self.branch_failed(now, key, branch.aim, best);
                }
            }
        }
    }

    fn relay_provisional(&mut self, now: Ms, key: Key, response: &Message) {
        let Some(relay) = self.relays.get(key).filter(|relay| !relay.asking) else {
            return;
        };
        let server = relay.server;
        let bytes = passed_back(response, relay.fork.belief);
        if let (Some(status), Some(bytes)) = (response.status(), bytes) {
            // After the final response it comes too late.
            let _ = self.tx.respond(now, server, status, bytes, &mut self.sends);
        }
    }

    fn relay_success(&mut self, now: Ms, key: Key, tx: Key, user: Use, response: &Message) {
        let relay = self.relays.get(key);
        let belief = relay.map_or_else(|| Some(Belief::default()), |relay| relay.fork.belief);
        let Some(bytes) = passed_back(response, belief) else {
            return;
        };
        let status = response.status().unwrap_or(200);
        let first = self.close_branch(key, tx).is_some();
        let invite = matches!(user.what, What::Invite { .. });
        let sent = user.link.map(|server| {
            self.tx
                .respond(now, server, status, bytes.clone(), &mut self.sends)
        });
        if !matches!(sent, Some(Ok(()))) && invite {
            // 16.7 step 5: every 2xx to an INVITE goes back, whatever went before.
            self.flush();
            self.send_back(user.link, response, bytes);
        }
        if !first {
            return;
        }
        if let Some(relay) = self.relays.get_mut(key) {
            relay.closed = true;
            relay.asking = false;
            self.wheel.cancel(relay.timer);
        }
        self.cancel_open(now, key, ELSEWHERE);
        self.end_relay(key);
    }

    /// A branch got no response: timeout, or its transport failed (16.9).
    pub(super) fn relay_unanswered(&mut self, now: Ms, key: Key, request: &Bytes, status: u16) {
        let tx = Message::parse(request.clone(), &Limits::DEFAULT)
            .ok()
            .and_then(|request| self.secret.our_branch(request.via().ok()?.branch()?));
        let Some(tx) = tx else {
            return;
        };
        if let Some(branch) = self.close_branch(key, tx) {
            self.branch_failed(now, key, branch.aim, Best::Local(status));
        }
    }

    fn close_branch(&mut self, key: Key, tx: Key) -> Option<Branch> {
        self.relays.get_mut(key)?.progress.close(tx)
    }

    fn branch_failed(&mut self, now: Ms, key: Key, at: usize, failure: Best) {
        if self.tried_next_flow(now, key, at, &failure) {
            return self.flush();
        }
        let aims = match &failure {
            Best::Came(message) => self.redirected(key, message),
            Best::Local(_) => Vec::new(),
        };
        let Some(relay) = self.relays.get_mut(key) else {
            return;
        };
        let redirected = !aims.is_empty();
        // What the caller has given up ends as such, answered or not.
        let failure = match failure {
            Best::Local(_) if relay.closed => Best::Local(487),
            Best::Came(_) | Best::Local(_) => failure,
        };
        relay.fork.aims.extend(aims);
        let global = failure.status() >= 600;
        if global {
            relay.closed = true;
        }
        // A 3xx that is followed is not itself among the responses to choose from (16.7 step 4).
        if !redirected {
            relay.progress.take(failure);
        }
        if global {
            self.cancel_open(now, key, b"");
        }
        if self
            .relays
            .get(key)
            .is_some_and(|relay| !relay.progress.is_open())
        {
            self.try_next(now, key);
        }
        self.flush();
    }

    /// A client that has not been reached is tried over its next flow (RFC 5626 5.3); whether it has one.
    pub(super) fn tried_next_flow(&mut self, now: Ms, key: Key, at: usize, failure: &Best) -> bool {
        let unreached = match failure {
            Best::Came(response) => response.status() == Some(430),
            Best::Local(status) => matches!(status, 430 | 503),
        };
        let Some(aim) = unreached.then(|| self.next_flow(key, at)).flatten() else {
            return false;
        };
        let Some(relay) = self.relays.get_mut(key) else {
            return false;
        };
        let at = relay.tried;
        relay.fork.aims.insert(at, aim);
        relay.tried += 1;
        self.try_one(now, key, at).is_ok()
    }

    /// The contacts of a 3xx as further targets, those left out that were tried before.
    fn redirected(&self, key: Key, response: &Message) -> Vec<Aim> {
        let follows = |relay: &&super::relay::Relay| relay.fork.recurse && !relay.closed;
        let Some(relay) = self.relays.get(key).filter(follows) else {
            return Vec::new();
        };
        if !response
            .status()
            .is_some_and(|status| (300..400).contains(&status))
        {
            return Vec::new();
        }
        let mut aims: Vec<Aim> = Vec::new();
        for contact in response
            .contacts()
            .list()
            .filter_map(Result::ok)
            .take(CONTACTS)
        {
            let uri = request_uri(contact.uri_raw);
            let known = |aim: &Aim| *aim.uri == *uri;
            if !contact.uri().is_ok_and(|uri| uri.is_sip())
                || relay.fork.aims.iter().any(known)
                || aims.iter().any(known)
            {
                continue;
            }
            aims.push(Aim {
                uri: Bytes::copy_from_slice(&uri),
                q: thousandths(contact.params.value(b"q")),
                ..Aim::default()
            });
        }
        aims.sort_by_key(|aim| std::cmp::Reverse(aim.q));
        aims
    }

    /// Nothing is open and nothing is left to try: the service is asked if it wants to be, or the best response goes back.
    pub(super) fn all_failed(&mut self, now: Ms, key: Key) {
        let Some(relay) = self.relays.get_mut(key) else {
            return;
        };
        self.wheel.cancel(relay.timer);
        if relay.fork.ask && !relay.closed && relay.activity != NO_ACTIVITY && !relay.asking {
            relay.asking = true;
            let (activity, tx) = (relay.activity, relay.server);
            let best = relay.progress.best();
            let (status, response) = match best {
                Some(Best::Came(message)) => {
                    (best.map_or(408, Best::status), Some(message.clone()))
                }
                _ => (best.map_or(408, Best::status), None),
            };
            let statuses = relay.progress.statuses().to_vec();
            self.outputs.push_back(Output::Unreached {
                activity,
                tx,
                status,
                response,
                statuses,
            });
            return;
        }
        self.give_best(now, key);
    }

    /// The service has been asked and has nothing more to say: the best response goes back.
    pub fn nothing_more(&mut self, now: Ms, tx: Key) {
        let key = self.relay_of(tx);
        let asking = |key: &Key| self.relays.get(*key).is_some_and(|relay| relay.asking);
        if let Some(key) = key.filter(asking) {
            self.give_best(now, key);
            self.flush();
        }
    }

    fn give_best(&mut self, now: Ms, key: Key) {
        let Some(relay) = self.relays.get_mut(key) else {
            return;
        };
        let (server, invite, belief) = (relay.server, relay.invite, relay.fork.belief);
        let (best, challenges) = relay.progress.settle();
        let status = best.status();
        match best {
            // RFC 4320 4.2: the caller has given up by itself, and a 408 would only be in the way.
            Best::Local(408) if !invite => self.tx.forget_server(server),
            // 16.7 step 6: our next hop's overload is not ours.
            Best::Came(message) if status != 503 => {
                if let Some(bytes) = with_challenges(&message, &challenges, belief) {
                    let _ = self.tx.respond(now, server, status, bytes, &mut self.sends);
                }
            }
            Best::Came(_) => self.respond_lines(now, server, 500, b""),
            Best::Local(503) => self.respond_lines(now, server, 500, b""),
            // RFC 5630 3.1.3: it may be tried again with `sip`.
            Best::Local(480) if self.is_for_sips(server) => {
                self.respond_lines(now, server, status, SIPS_NOT_ALLOWED);
            }
            Best::Local(_) => self.respond_lines(now, server, status, b""),
        }
        self.end_relay(key);
    }

    fn is_for_sips(&self, server: Key) -> bool {
        let request = self.tx.pending(server).map(|(request, _)| request);
        is_sips(request.and_then(Message::uri_raw).unwrap_or_default())
    }

    /// Ends a proxied request with a 500, whatever goes on.
    pub fn drop_relay(&mut self, now: Ms, key: Key) {
        if let Some(relay) = self.relays.get(key) {
            let server = relay.server;
            self.respond_lines(now, server, 500, b"");
        }
    }

    /// The service has answered a proxied request itself: what is open is cancelled.
    pub(super) fn answered_relay(&mut self, now: Ms, key: Key) {
        if let Some(relay) = self.relays.get_mut(key) {
            relay.closed = true;
            relay.asking = false;
            self.wheel.cancel(relay.timer);
        }
        self.cancel_open(now, key, b"");
        self.end_relay(key);
    }

    /// Its final response has gone back. Branches that are open still are cancelled, and their 2xx go back by themselves.
    fn end_relay(&mut self, key: Key) {
        if let Some(relay) = self.relays.remove(key) {
            self.wheel.cancel(relay.timer);
            if relay.activity != NO_ACTIVITY {
                let activity = relay.activity;
                self.outputs.push_back(Output::Ended { activity });
            }
        }
    }

    // ---- without state

    /// A response to a request that was proxied by a process before this one, or is forgotten: it goes back by its Via, and
    /// nobody knows who is believed. A failure is acknowledged, or it would come again and again. `false` if it never was a
    /// proxied one.
    ///
    /// Whoever has seen a branch of ours could have such responses sent to anywhere by their Via: there are none but those of
    /// an earlier process, which come soon or never.
    pub(super) fn relay_stray(&mut self, now: Ms, flow: Flow, response: &Message) -> bool {
        if response.values(HeaderId::Via).nth(1).is_none() {
            return false;
        }
        if now >= self.strays_until {
            return true;
        }
        if let Some(ack) = compose::ack_stray(response) {
            self.send(flow, ack);
        }
        if response.status() != Some(100)
            && let Some(bytes) = passed_back(response, Some(Belief::default()))
        {
            self.send_back(None, response, bytes);
        }
        true
    }

    /// The way of a response by the Via below ours (RFC 3261 18.2.2, RFC 3581 4).
    pub(super) fn way_back(&self, response: &Message) -> Option<Flow> {
        let via = response.vias().nth(1)?.ok()?;
        let transport = Transport::parse(via.transport)?;
        let ip = match (via.received(), via.host) {
            (Some(ip), _) | (None, Host::Ip(ip)) => ip,
            (None, Host::Name(name)) => self.named(name, via.port)?.ip(),
        };
        let port = via
            .rport()
            .flatten()
            .or(via.port)
            .unwrap_or_else(|| transport.default_port());
        let listener = self.listener(transport, ip)?;
        Some(Flow::seen(transport, listener, SocketAddr::new(ip, port)))
    }
}

/// A response as it goes back: without our Via, and without what its side is not believed about.
fn passed_back(response: &Message, belief: Option<Belief>) -> Option<Bytes> {
    back(response, belief)?.finish().ok()
}

fn back(response: &Message, belief: Option<Belief>) -> Option<Edit<'_>> {
    // One Via less than none would be a response to nobody.
    response.values(HeaderId::Via).nth(1)?;
    let mut edit = Edit::new(response);
    edit.remove_top(HeaderId::Via);
    for id in belief.map_or_else(Lost::new, |belief| belief.turned().lost(response)) {
        edit.remove(id);
    }
    Some(edit)
}

fn with_challenges(
    response: &Message,
    challenges: &[Challenge],
    belief: Option<Belief>,
) -> Option<Bytes> {
    let mut edit = back(response, belief)?;
    if challenges.is_empty() {
        return edit.finish().ok();
    }
    edit.remove(HeaderId::WwwAuthenticate);
    edit.remove(HeaderId::ProxyAuthenticate);
    for (id, value) in challenges {
        edit.append(*id, value);
    }
    edit.finish().ok()
}

/// A `q` parameter, 1 where there is none (RFC 3261 20.10).
fn thousandths(q: Option<&[u8]>) -> u16 {
    let Some(q) = q else {
        return 1000;
    };
    let mut parts = q.splitn(2, |byte| *byte == b'.');
    let whole = parts.next().unwrap_or_default();
    if whole == b"1" {
        return 1000;
    }
    let digits = parts.next().unwrap_or_default().iter().take(3);
    let mut weight = 100;
    digits.fold(0, |sum, digit| {
        let sum = sum + u16::from(digit.wrapping_sub(b'0').min(9)) * weight;
        weight /= 10;
        sum
    })
}
