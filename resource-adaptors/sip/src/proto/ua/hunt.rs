//! Requests on the way to finding their way: names that are asked for, servers tried one after the other (RFC 3263 4),
//! and UDP left for a stream where a request is too large for it (RFC 3261 18.1.1).
//!
//! Whoever sends a request knows nothing of this: it goes out along a flow, and where that is
//! [unresolved](Flow::is_unresolved), or not good for it, it is held here until there is a better one. The transaction
//! stays the same; every server gets a branch of its own (RFC 3263 4.3). A server that did not answer is tried last for a
//! while. Bounds: requests that are held, and servers that are remembered.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use bytes::Bytes;

use super::super::flow::{Flow, Transmit, Transport};
use super::super::keyed::Secret;
use super::super::proxy::{Ticket, route_value};
use super::super::resolve::{Abilities, Found, Goal, Known, Question, Want};
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::wire::{Edit, HeaderId, Limits, Message, Method, NameAddr, Uri};
use super::{Output, Owner, Ua};

/// Questions for one request.
const QUESTIONS: usize = 48;
/// Milliseconds between two looks at what is past.
const SWEEP: u64 = 5_000;
/// Servers that are remembered for not answering.
const BAD: usize = 4_096;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Hunts {
    hunts: HashMap<u64, Hunt>,
    by_tx: HashMap<Key, u64>,
    questions: HashMap<u64, (u64, Question)>,
    /// Servers that did not answer, and until when that counts.
    bad: HashMap<(Transport, SocketAddr), Ms>,
    /// When it is looked for what is past.
    sweep: Ms,
    last: u64,
}

#[derive(Debug)]
struct Hunt {
    /// None for an ACK of a 2xx, which has none.
    tx: Option<Key>,
    /// As it was sent last, and along which way; unresolved until it was.
    request: Bytes,
    flow: Flow,
    want: Option<Want>,
    known: Known,
    /// How many questions are not answered.
    open: usize,
    entropy: u64,
    goals: VecDeque<Goal>,
}

impl Hunts {
    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn insert(&mut self, hunt: Hunt) -> u64 {
        let id = self.next();
        if let Some(tx) = hunt.tx {
            self.by_tx.insert(tx, id);
        }
        self.hunts.insert(id, hunt);
        id
    }

    fn remove(&mut self, id: u64) -> Option<Hunt> {
        let hunt = self.hunts.remove(&id)?;
        if let Some(tx) = hunt.tx {
            self.by_tx.remove(&tx);
        }
        Some(hunt)
    }

    /// A transaction needs no other way any more.
    pub(super) fn settle(&mut self, tx: Key) {
        if !self.by_tx.is_empty()
            && let Some(id) = self.by_tx.get(&tx).copied()
        {
            self.remove(id);
        }
    }

    fn is_bad(&self, transport: Transport, address: SocketAddr) -> bool {
        self.bad.contains_key(&(transport, address))
    }

    fn mark(&mut self, flow: &Flow, until: Ms) {
        if self.bad.len() < BAD {
            self.bad.insert((flow.transport, flow.peer), until);
        }
    }
}

impl Ua {
    /// Sends, or holds what has no way yet or a better one.
    pub(super) fn dispatch(&mut self, transmit: Transmit) {
        let flow = &transmit.flow;
        if flow.is_unresolved() {
            self.hold(&transmit);
        } else if flow.transport == Transport::Udp
            && transmit.bytes.len() > self.config.udp_request_bytes
            && self.widen(&transmit)
        {
            // Gone out over a stream.
        } else {
            self.outputs.push_back(Output::Send(transmit));
        }
    }

    /// Forgets what is long past: servers that did not answer, and entries of transactions that ended elsewhere.
    pub(super) fn sweep_hunts(&mut self, now: Ms) {
        let hunts = &mut self.hunts;
        if now < hunts.sweep || (hunts.bad.is_empty() && hunts.by_tx.is_empty()) {
            return;
        }
        hunts.sweep = now + SWEEP;
        hunts.bad.retain(|_, until| *until > now);
        hunts
            .by_tx
            .retain(|tx, _| self.tx.client_state(*tx).is_some());
        let live = &hunts.by_tx;
        hunts
            .hunts
            .retain(|_, hunt| hunt.tx.is_none_or(|tx| live.contains_key(&tx)));
    }

    /// Whether a name may be asked for, for a request to a URI; nothing if that leads nowhere.
    pub(super) fn may_ask(&self, uri: &Uri<'_>) -> Option<()> {
        if !self.config.resolve || self.hunts.hunts.len() >= self.config.resolving {
            return None;
        }
        let want = Want::of(uri)?;
        want.goals(&self.abilities(), &Known::new(), 0)
            .is_err()
            .then_some(())
    }

    fn abilities(&self) -> Abilities {
        let locals = self.config.locals.iter();
        Abilities::new(locals.map(|local| (local.transport, local.ipv6)))
    }

    fn hold(&mut self, transmit: &Transmit) {
        let Ok(message) = Message::parse(transmit.bytes.clone(), &Limits::DEFAULT) else {
            return;
        };
        let tx = self.client_of(&message);
        let waits = tx.is_some() || message.method() == Some(&Method::Ack);
        if !waits || tx.is_some_and(|tx| self.hunts.by_tx.contains_key(&tx)) {
            return;
        }
        let Some(want) = next_hop(&message).and_then(|uri| Want::of(&uri)) else {
            return;
        };
        let hunt = Hunt {
            tx,
            request: transmit.bytes.clone(),
            flow: transmit.flow,
            want: Some(want),
            known: Known::new(),
            open: 0,
            entropy: self.mint.random(),
            goals: VecDeque::new(),
        };
        let id = self.hunts.insert(hunt);
        // That there is something to ask was seen when the way was sought.
        self.inquire(id);
    }

    /// Asks what is missing; whether anything is.
    fn inquire(&mut self, id: u64) -> bool {
        let can = self.abilities();
        let Some(hunt) = self.hunts.hunts.get_mut(&id) else {
            return false;
        };
        let Some(want) = &hunt.want else { return false };
        match want.goals(&can, &hunt.known, hunt.entropy) {
            Ok(goals) => {
                hunt.goals = goals.into();
                false
            }
            Err(missing) if hunt.known.len() + missing.len() > QUESTIONS => false,
            Err(missing) => {
                hunt.open = missing.len();
                for question in missing {
                    let token = self.hunts.next();
                    self.hunts.questions.insert(token, (id, question.clone()));
                    self.outputs.push_back(Output::Resolve { token, question });
                }
                true
            }
        }
    }

    /// A name server has answered, or has not.
    pub fn resolved(&mut self, now: Ms, token: u64, found: Found) {
        let Some((id, question)) = self.hunts.questions.remove(&token) else {
            return;
        };
        let Some(hunt) = self.hunts.hunts.get_mut(&id) else {
            return;
        };
        hunt.known.push((question, found));
        hunt.open = hunt.open.saturating_sub(1);
        if hunt.open > 0 || self.inquire(id) {
            return;
        }
        if let Some(hunt) = self.hunts.hunts.get_mut(&id) {
            let goals = std::mem::take(&mut hunt.goals);
            let (bad, good): (Vec<Goal>, Vec<Goal>) = goals
                .into_iter()
                .partition(|goal| self.hunts.bad.contains_key(&(goal.transport, goal.address)));
            if let Some(hunt) = self.hunts.hunts.get_mut(&id) {
                hunt.goals = good.into_iter().chain(bad).collect();
            }
        }
        if !self.aim(now, id, false) {
            self.counts.unresolved += 1;
            self.go_where_seen(now, id);
        }
        self.flush();
    }

    /// A name has no address: within a call the request goes to where the peer was last, any other fails.
    fn go_where_seen(&mut self, now: Ms, id: u64) {
        let Some(hunt) = self.hunts.remove(id) else {
            return;
        };
        let way = self.last_way(&hunt.request).and_then(|flow| {
            let bytes = self.rewritten(&hunt.request, &hunt.flow, &flow, false)?;
            Some((flow, bytes))
        });
        match (way, hunt.tx) {
            (Some((flow, bytes)), Some(tx)) => {
                self.tx
                    .redirect(now, tx, flow, bytes, false, &mut self.sends);
            }
            (Some((flow, bytes)), None) => self.send(flow, bytes),
            (None, Some(tx)) => self.fail_sent(now, tx, 503),
            (None, None) => {}
        }
    }

    /// The way of the dialog that a request of ours belongs to.
    fn last_way(&self, request: &Bytes) -> Option<Flow> {
        let request = Message::parse(request.clone(), &Limits::DEFAULT).ok()?;
        let id = self.dialog_id(request.call_id().ok()?, request.from_tag()?);
        let dialog = self.dialogs.get(*self.by_id.get(&id)?)?;
        (!dialog.flow.is_unresolved()).then_some(dialog.flow)
    }

    /// Sends to the next place; `false` if there is none.
    fn aim(&mut self, now: Ms, id: u64, again: bool) -> bool {
        let Some(hunt) = self.hunts.hunts.get_mut(&id) else {
            return false;
        };
        let (tx, request, old) = (hunt.tx, hunt.request.clone(), hunt.flow);
        let goal = loop {
            let Some(goal) = self
                .hunts
                .hunts
                .get_mut(&id)
                .and_then(|hunt| hunt.goals.pop_front())
            else {
                return false;
            };
            if let Some(listener) = self.listener(goal.transport, goal.address.ip()) {
                break Flow::to(goal.transport, listener, goal.address);
            }
        };
        let Some(bytes) = self.rewritten(&request, &old, &goal, again) else {
            return false;
        };
        let Some(hunt) = self.hunts.hunts.get_mut(&id) else {
            return false;
        };
        (hunt.request, hunt.flow) = (bytes.clone(), goal);
        let more = !hunt.goals.is_empty();
        let Some(tx) = tx else {
            self.hunts.remove(id);
            self.outputs
                .push_back(Output::Send(Transmit { flow: goal, bytes }));
            return true;
        };
        if let Some(Owner::Dialog(key)) = self.tx.client_user(tx).map(|user| user.owner)
            && let Some(dialog) = self.dialogs.get_mut(key)
            && (dialog.flow.is_unresolved() || dialog.flow == old)
        {
            dialog.flow = goal;
        }
        if !more && hunt_is_over(&goal) {
            self.hunts.remove(id);
        }
        self.tx
            .redirect(now, tx, goal, bytes, more, &mut self.sends);
        true
    }

    /// The place where a request went did not answer: tries the next. `false` if there is none, or nobody wants the
    /// answer any more.
    pub(super) fn next_target(&mut self, now: Ms, tx: Key) -> bool {
        let Some(id) = self.hunts.by_tx.get(&tx).copied() else {
            return false;
        };
        let Some(hunt) = self
            .hunts
            .hunts
            .get(&id)
            .filter(|hunt| !hunt.flow.is_unresolved())
        else {
            return false;
        };
        let flow = hunt.flow;
        self.hunts.mark(&flow, now + u64::from(self.config.avoid));
        if !self.tx.is_cancelled(tx) && self.aim(now, id, true) {
            self.counts.failovers += 1;
            self.flush();
            return true;
        }
        self.hunts.remove(id);
        false
    }

    /// Whoever wanted a request gives it up: if it has not been sent it fails with 487, else it goes nowhere further.
    pub(super) fn call_off(&mut self, now: Ms, tx: Key) {
        let Some(id) = self.hunts.by_tx.get(&tx).copied() else {
            return;
        };
        let unsent = self
            .hunts
            .hunts
            .get(&id)
            .is_some_and(|hunt| hunt.flow.is_unresolved());
        self.hunts.remove(id);
        if unsent {
            self.fail_sent(now, tx, 487);
        }
    }

    /// Turns to a stream with a request that UDP would break into pieces; UDP is what remains if the peer has none.
    /// Whether it went there.
    fn widen(&mut self, transmit: &Transmit) -> bool {
        let flow = transmit.flow;
        if flow.seen
            || transmit.bytes.starts_with(b"SIP/")
            || self.hunts.is_bad(Transport::Tcp, flow.peer)
        {
            return false;
        }
        let Some(listener) = self.listener(Transport::Tcp, flow.peer.ip()) else {
            return false;
        };
        let Ok(message) = Message::parse(transmit.bytes.clone(), &Limits::DEFAULT) else {
            return false;
        };
        let Some(tx) = self.client_of(&message) else {
            return false;
        };
        // Where servers are tried in turn, or this is what remains, UDP it is.
        if self.hunts.by_tx.contains_key(&tx) || self.hunts.hunts.len() >= self.config.resolving {
            return false;
        }
        let wide = Flow::to(Transport::Tcp, listener, flow.peer);
        let Some(bytes) = self.rewritten(&transmit.bytes, &flow, &wide, false) else {
            return false;
        };
        let goal = Goal {
            transport: Transport::Udp,
            address: flow.peer,
        };
        self.hunts.insert(Hunt {
            tx: Some(tx),
            request: bytes.clone(),
            flow: wide,
            want: None,
            known: Known::new(),
            open: 0,
            entropy: 0,
            goals: VecDeque::from([goal]),
        });
        self.tx.turn(tx, wide, bytes.clone());
        self.outputs
            .push_back(Output::Send(Transmit { flow: wide, bytes }));
        true
    }

    fn client_of(&self, message: &Message) -> Option<Key> {
        if matches!(message.method(), None | Some(Method::Ack | Method::Cancel)) {
            return None;
        }
        let via = message.via().ok()?;
        let tx = self.secret.our_branch(via.branch()?)?;
        self.tx.client_state(tx).map(|_| tx)
    }

    /// A request with the Via and the Contact of another way, and with the branch of a further attempt if it is one.
    fn rewritten(&self, request: &Bytes, old: &Flow, new: &Flow, again: bool) -> Option<Bytes> {
        let message = Message::parse(request.clone(), &Limits::DEFAULT).ok()?;
        let via = message.via().ok()?;
        let branch = via.branch()?;
        let via = if again {
            self.via(new, &Secret::next_attempt(branch))
        } else {
            self.via(new, branch)
        };
        let mut edit = Edit::new(&message);
        edit.remove_top(HeaderId::Via).prepend(HeaderId::Via, &via);
        self.reroute(&mut edit, &message, old, new);
        let ours = self.contact_for(b"INVITE", message.uri_raw()?, old);
        if let Some(rest) = message
            .get(HeaderId::Contact)
            .and_then(|contact| contact.strip_prefix(&*ours))
            .filter(|_| !ours.is_empty())
        {
            let new = self.contact_for(b"INVITE", message.uri_raw()?, new);
            let contact = [&*new, rest].concat();
            edit.replace(HeaderId::Contact, &contact);
        }
        edit.finish().ok()
    }

    /// Our Record-Route towards the next hop, as the listener that the request leaves by has it (RFC 3261 16.6 step 4,
    /// RFC 5658 3): in the place of what was written for another, or above the one for both sides.
    fn reroute(&self, edit: &mut Edit<'_>, message: &Message, old: &Flow, new: &Flow) {
        if old.listener == new.listener || !message.has(HeaderId::RecordRoute) {
            return;
        }
        let user = |value| {
            Uri::parse(NameAddr::parse(value).ok()?.uri_raw)
                .ok()?
                .user()
        };
        let mut values = message.values(HeaderId::RecordRoute);
        let Some((top, ticket)) = values.next().and_then(|top| Some((top, user(top)?))) else {
            return;
        };
        if !Ticket::is_ours(&self.secret, ticket, message) {
            return;
        }
        let secure = top.starts_with(b"<sips:");
        if values.next().and_then(user) == Some(ticket) {
            edit.remove_top(HeaderId::RecordRoute);
        }
        let value = route_value(self.contact(new), ticket, secure, false);
        edit.prepend(HeaderId::RecordRoute, &value);
    }
}

/// Over UDP a request that is sent once more for size is not turned again, so its entry stays.
fn hunt_is_over(flow: &Flow) -> bool {
    flow.transport != Transport::Udp
}

/// The URI that says where a request goes next.
fn next_hop(message: &Message) -> Option<Uri<'_>> {
    let route = message.values(HeaderId::Route).next();
    let route = route.and_then(|route| NameAddr::parse(route).ok());
    Uri::parse(route.map_or_else(|| message.uri_raw(), |addr| Some(addr.uri_raw))?).ok()
}
