//! Requests that are proxied: RFC 3261 16.3 to 16.6, 16.10, and 16.12 for those of dialogs that we record-routed.
//!
//! A service turns a request into a proxied one by [`proxy`](Ua::proxy). From then on its server transaction belongs to a
//! [`Relay`], and so do the client transactions of its copies. What brings a ticket of ours in its Route has been decided
//! upon already and goes on without a service, also in a process that knows nothing of its dialog.

use bytes::Bytes;

use super::super::compose;
use super::super::dialog::NO_ACTIVITY;
use super::super::flow::{Flow, Transmit};
use super::super::proxy::{
    Aim, Belief, Best, Branch, Change, Direction, Fork, Grant, Home, Hop, Progress, Ticket,
    forward, loop_mark, losses, marked_branch, meets_itself, next_hop, route_value,
};
use super::super::registrar::Aor;
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::timer::TimerId;
use super::super::transaction::{ClientKind, RequestKeys};
use super::super::wire::text::push_decimal;
use super::super::wire::{Edit, HeaderId, Host, Message, Method, NameAddr, Scheme, Uri};
use super::alarm::Alarm;
use super::routing::{is_sips, refreshes_target, reply_flow};
use super::{Output, Owner, Ua, UaError, Use, What};

/// Copies that one request may have, over all tries.
pub(super) const BRANCHES: usize = 32;
/// Routes of our own that are taken off at a time: a spiral leaves several.
const POPS: usize = 8;

/// One proxied request: RFC 3261's response context.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) activity: u64,
    pub(super) server: Key,
    pub(super) invite: bool,
    pub(super) fork: Fork,
    /// Of the target set, how many have been tried.
    pub(super) tried: usize,
    pub(super) progress: Progress,
    /// Nothing more is tried: a 2xx, a 6xx or the caller's CANCEL came.
    pub(super) closed: bool,
    /// The service is asked what is to be done next.
    pub(super) asking: bool,
    pub(super) timer: TimerId,
    pops: usize,
    mark: u64,
}

/// What the Route of a request says, as far as it is ours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Routed {
    /// Routes on top that are ours.
    pub(super) pops: usize,
    /// What the last ticket among them grants.
    pub(super) grant: Option<Grant>,
}

impl Routed {
    /// Whether the request goes on without a service.
    pub(super) fn is_granted(&self) -> bool {
        self.grant.is_some()
    }
}

impl Ua {
    /// Turns a request into a proxied one. What the user agent had made of it, such as a dialog, is dropped without a word;
    /// its activity stands for the proxied request until that is over. `None`: it has been refused already, as 16.3 says.
    ///
    /// # Errors
    /// It is gone, has its final response, or is being proxied.
    pub fn proxy(&mut self, now: Ms, tx: Key, fork: Fork) -> Result<Option<(Key, u64)>, UaError> {
        let user = self.tx.server_user(tx).ok_or(UaError::Gone)?;
        let (request, _) = self.tx.pending(tx).ok_or(UaError::State)?;
        let mark = loop_mark(&self.secret, request);
        let refusal = self.unfit(request, mark);
        if matches!(user.owner, Owner::Relay(_)) || request.to_tag().is_some() {
            return Err(UaError::State);
        }
        if let Some((status, lines)) = refusal {
            self.respond_lines(now, tx, status, &lines);
            return Ok(None);
        }
        let activity = match user.owner {
            Owner::Dialog(key) => self.remove_dialog(key).ok_or(UaError::Gone)?.activity,
            Owner::Activity(activity) => activity,
            Owner::Nobody | Owner::Relay(_) | Owner::Subscription(_) => {
                return Err(UaError::State);
            }
        };
        let key = self.relay(now, tx, user, fork, activity, (0, mark))?;
        self.flush();
        Ok(Some((key, activity)))
    }

    /// Adds to the target set of a proxied request whose service was asked, and goes on. From here on each weight's targets have
    /// `patience`, in milliseconds, as in [`Fork::patience`].
    ///
    /// # Errors
    /// It is not being asked about.
    pub fn proxy_on(
        &mut self,
        now: Ms,
        tx: Key,
        aims: Vec<Aim>,
        patience: Option<u32>,
    ) -> Result<(), UaError> {
        let key = self.relay_of(tx).ok_or(UaError::Gone)?;
        let relay = self.relays.get_mut(key).ok_or(UaError::Gone)?;
        if !relay.asking {
            return Err(UaError::State);
        }
        relay.fork.aims.extend(aims);
        relay.fork.patience = patience;
        if relay.fork.aims.len() > relay.tried {
            relay.asking = false;
            self.try_next(now, key);
        }
        self.flush();
        Ok(())
    }

    /// Whether a transaction's request is proxied, and by which relay.
    pub(super) fn relay_of(&self, tx: Key) -> Option<Key> {
        match self.tx.server_user(tx)?.owner {
            Owner::Relay(key) => Some(key),
            Owner::Nobody | Owner::Dialog(_) | Owner::Activity(_) | Owner::Subscription(_) => None,
        }
    }

    /// Whether `key` names a proxied request of that activity.
    #[must_use]
    pub fn is_relayed(&self, key: Key, activity: u64) -> bool {
        self.relays
            .get(key)
            .is_some_and(|relay| relay.activity == activity)
    }

    fn relay(
        &mut self,
        now: Ms,
        tx: Key,
        user: Use,
        fork: Fork,
        activity: u64,
        (pops, mark): (usize, u64),
    ) -> Result<Key, UaError> {
        let relay = Relay {
            activity,
            server: tx,
            invite: matches!(user.what, What::Invite { .. }),
            fork,
            tried: 0,
            progress: Progress::default(),
            closed: false,
            asking: false,
            timer: TimerId::NONE,
            pops,
            mark,
        };
        let Ok(key) = self.relays.insert(relay) else {
            self.respond_lines(now, tx, 503, b"");
            if activity != NO_ACTIVITY {
                self.outputs.push_back(Output::Ended { activity });
            }
            return Err(UaError::Full);
        };
        let owner = Owner::Relay(key);
        self.tx.set_server_user(tx, Use { owner, ..user });
        self.try_next(now, key);
        Ok(key)
    }

    /// 16.3 items 2 to 5: why a request is not proxied.
    fn unfit(&self, request: &Message, mark: u64) -> Option<(u16, Vec<u8>)> {
        match request.uri().map(|uri| uri.scheme()) {
            Ok(Scheme::Other(_)) => return Some((416, Vec::new())),
            Ok(_) => {}
            Err(_) => return Some((400, Vec::new())),
        }
        if request.max_forwards().ok().flatten() == Some(0) {
            let options = request.method() == Some(&Method::Options);
            let lines = if options {
                self.allow_line()
            } else {
                Vec::new()
            };
            return Some((if options { 200 } else { 483 }, lines));
        }
        if request.has(HeaderId::ProxyRequire) {
            let mut lines = Vec::new();
            for option in request.unsupported(HeaderId::ProxyRequire, &[]) {
                compose::line(&mut lines, HeaderId::Unsupported.name(), option);
            }
            if !lines.is_empty() {
                return Some((420, lines));
            }
        }
        meets_itself(&self.secret, request, mark).then_some((482, Vec::new()))
    }

    // ---- Routes of our own: 16.4

    /// Looks for values of our own on top of Route. A strict router has put ours into the Request-URI and the target at the
    /// end of Route: that is put right in the message.
    pub(super) fn routed(&self, request: &mut Message) -> Routed {
        let mut routed = Routed::default();
        if let Some(restored) = self.unstrict(request) {
            routed.grant = self.grant(request.uri_raw().unwrap_or_default(), request);
            *request = restored;
        }
        for route in request.values(HeaderId::Route).take(POPS) {
            let Ok(route) = NameAddr::parse(route) else {
                break;
            };
            let grant = self.grant(route.uri_raw, request);
            if grant.is_none() && !self.is_ours(route.uri_raw) {
                break;
            }
            routed.grant = grant.or(routed.grant);
            routed.pops += 1;
        }
        routed
    }

    fn unstrict(&self, request: &Message) -> Option<Message> {
        self.grant(request.uri_raw()?, request)?;
        let routes: Vec<&[u8]> = request.values(HeaderId::Route).collect();
        let (last, rest) = routes.split_last()?;
        let target = NameAddr::parse(last).ok()?.uri_raw;
        let mut edit = Edit::new(request);
        edit.uri(target);
        if rest.is_empty() {
            edit.remove(HeaderId::Route);
        } else {
            edit.replace(HeaderId::Route, &rest.join(&b", "[..]));
        }
        Message::parse(edit.finish().ok()?, &self.config.limits).ok()
    }

    fn grant(&self, uri: &[u8], request: &Message) -> Option<Grant> {
        Ticket::check(&self.secret, Uri::parse(uri).ok()?.user()?, request)
    }

    /// Whether a URI's address is one of ours.
    fn is_ours(&self, uri: &[u8]) -> bool {
        let Ok(uri) = Uri::parse(uri) else {
            return false;
        };
        let Some(host) = uri.host() else {
            return false;
        };
        if let Host::Name(name) = host
            && self
                .config
                .names
                .iter()
                .any(|own| own.eq_ignore_ascii_case(name))
        {
            return true;
        }
        let mut sent_by = Vec::with_capacity(48);
        self.config.locals.iter().any(|local| {
            let port = uri.port().unwrap_or_else(|| local.transport.default_port());
            sent_by.clear();
            match host {
                Host::Ip(ip) => compose::push_addr(&mut sent_by, (ip, port).into()),
                Host::Name(name) => {
                    sent_by.extend_from_slice(name);
                    sent_by.push(b':');
                    push_decimal(&mut sent_by, u64::from(port));
                }
            }
            local.sent_by.eq_ignore_ascii_case(&sent_by)
        })
    }

    /// The request as services are to see it: without routes of our own.
    pub(super) fn without_own_routes(&self, request: Message, routed: Routed) -> Message {
        if routed.pops == 0 {
            return request;
        }
        let mut edit = Edit::new(&request);
        for _ in 0..routed.pops {
            edit.remove_top(HeaderId::Route);
        }
        let edited = edit.finish().ok();
        edited
            .and_then(|bytes| Message::parse(bytes, &self.config.limits).ok())
            .unwrap_or(request)
    }

    /// Lets a request go on that brought our ticket.
    pub(super) fn let_through(
        &mut self,
        now: Ms,
        flow: Flow,
        keys: RequestKeys,
        request: Message,
        routed: Routed,
    ) {
        let mark = loop_mark(&self.secret, &request);
        if let Some((status, lines)) = self.unfit(&request, mark) {
            return self.refuse(flow, &request, status, b"", &lines);
        }
        if self.is_astray(&flow, &request, &routed) {
            return self.refuse(flow, &request, 403, b"", b"");
        }
        let fork = self.fork_of_grant(&request, &routed);
        let user = Use::of(
            Owner::Nobody,
            relayed(request.method() == Some(&Method::Invite)),
        );
        let reply = reply_flow(&request, flow);
        let request = Box::new(request);
        match self
            .tx
            .accept(now, keys, request, reply, user, &mut self.sends)
        {
            Ok(tx) => {
                // What cannot be proxied has been answered.
                let _ = self.relay(now, tx, user, fork, NO_ACTIVITY, (routed.pops, mark));
            }
            Err(_) => self.counts.refused += 1,
        }
    }

    /// Whether a request does not stay between the ends of its dialog, where that is bound to them.
    fn is_astray(&self, source: &Flow, request: &Message, routed: &Routed) -> bool {
        let Some(grant) = routed.grant.filter(|grant| grant.flow.is_none()) else {
            return false;
        };
        let aim = self.granted_aim(request, routed);
        // A GRUU leads to a user of ours, wherever that is now.
        let free = aim.flow.is_some() || !aim.uri.is_empty();
        match (grant.direction, grant.bound) {
            (Some(Direction::ToCaller), bound) => {
                bound.is_some_and(|ip| source.peer.ip() != ip)
                    || (!free && !self.is_way_home(request, &aim, routed, grant))
            }
            (Some(Direction::ToCallee), Some(ip)) => {
                !free
                    && self
                        .way_to(request, &aim, routed.pops)
                        .is_none_or(|way| way.peer.ip() != ip)
            }
            (Some(Direction::ToCallee), None) | (None, _) => false,
        }
    }

    /// Whether a request to the caller goes the way that its call came, or to where the caller is registered now: the called
    /// may not send anywhere else.
    fn is_way_home(&self, request: &Message, aim: &Aim, routed: &Routed, grant: Grant) -> bool {
        let Some(home) = grant.home else {
            return true;
        };
        let hop = next_hop(request, aim, routed.pops);
        if Home::of(&self.secret, hop) == Some(home) {
            return true;
        }
        let caller = request.to().ok().and_then(|to| Aor::parse(to.uri_raw).ok());
        caller.is_some_and(|caller| self.location().by_contact(&caller, hop).is_some())
    }

    fn fork_of_grant(&self, request: &Message, routed: &Routed) -> Fork {
        // Within a dialog the route set stands. A call to a client by way of its Path has none yet (RFC 5626 5.3.1).
        let makes_dialog = request.to_tag().is_none()
            && refreshes_target(request.method().map_or(b"", Method::as_bytes));
        Fork {
            aims: vec![self.granted_aim(request, routed)],
            record_route: makes_dialog,
            bound: true,
            changes: unbelieved(request, routed),
            belief: belief(routed),
            ..Fork::default()
        }
    }

    /// Sends on an ACK for a 2xx that passes by here. It has no transaction (16.11 has the branch).
    pub(super) fn relay_ack(&mut self, flow: Flow, request: &Message, routed: Routed) {
        if request.max_forwards().ok().flatten() == Some(0)
            || self.is_astray(&flow, request, &routed)
        {
            return;
        }
        let aim = self.granted_aim(request, &routed);
        let Some(way) = self.way_to(request, &aim, routed.pops) else {
            return;
        };
        let mut hash = self.secret.hash(b"ack");
        hash.field(request.values(HeaderId::Via).next().unwrap_or_default());
        let key = Key::from_u64(hash.finish());
        let via = self.via(&way, self.secret.branch(key).as_bytes());
        let hop = Hop {
            via: &via,
            record_route: &[],
            path: None,
            aim: &aim,
            pops: routed.pops,
            source: &flow,
            changes: &unbelieved(request, &routed),
            stream: way.transport.is_reliable(),
        };
        if let Ok(bytes) = forward(request, &hop) {
            self.send(way, bytes);
        }
    }

    // ---- Targets: 16.5, 16.6

    /// Tries the next targets of one weight; with none left, what has come back is given back.
    pub(super) fn try_next(&mut self, now: Ms, key: Key) {
        while let Some(relay) = self.relays.get_mut(key) {
            let next = relay.fork.aims.get(relay.tried);
            let Some(q) = next.map(|aim| aim.q).filter(|_| !relay.closed) else {
                break;
            };
            while let Some(relay) = self.relays.get_mut(key)
                && relay
                    .fork
                    .aims
                    .get(relay.tried)
                    .is_some_and(|aim| aim.q == q)
            {
                let at = relay.tried;
                relay.tried += 1;
                if relay.progress.branches.len() >= BRANCHES {
                    relay.progress.take(Best::Local(480));
                } else if let Err(status) = self.try_one(now, key, at)
                    && !self.tried_next_flow(now, key, at, &Best::Local(status))
                    && let Some(relay) = self.relays.get_mut(key)
                {
                    relay.progress.take(Best::Local(status));
                }
            }
            if self
                .relays
                .get(key)
                .is_some_and(|relay| relay.progress.is_open())
            {
                return self.start_patience(now, key);
            }
        }
        if self
            .relays
            .get(key)
            .is_some_and(|relay| !relay.progress.is_open())
        {
            self.all_failed(now, key);
        }
    }

    fn start_patience(&mut self, now: Ms, key: Key) {
        let Some(relay) = self.relays.get_mut(key) else {
            return;
        };
        if let Some(patience) = relay.fork.patience.filter(|_| relay.invite) {
            self.wheel.cancel(relay.timer);
            relay.timer = self.wheel.start(now + patience, Alarm::Patience(key));
        }
    }

    /// A weight's targets have had their time: they are given up and the next are tried (16.6 step 11 leaves it to us).
    pub(super) fn out_of_patience(&mut self, now: Ms, key: Key) {
        let Some(relay) = self.relays.get_mut(key) else {
            return;
        };
        relay.timer = TimerId::NONE;
        for branch in relay
            .progress
            .branches
            .iter_mut()
            .filter(|branch| branch.open)
        {
            branch.late = true;
        }
        self.cancel_open(now, key, b"");
        self.try_next(now, key);
        self.flush();
    }

    pub(super) fn try_one(&mut self, now: Ms, key: Key, at: usize) -> Result<(), u16> {
        let Some(relay) = self.relays.get(key) else {
            return Err(500);
        };
        let aim = relay.fork.aims.get(at).cloned().unwrap_or_default();
        let (server, invite, pops, mark) = (relay.server, relay.invite, relay.pops, relay.mark);
        let (request, source) = self.tx.pending(server).ok_or(500u16)?;
        let source = *source;
        let way = match aim.flow {
            Some(flow) if !self.is_live(&flow) => return Err(430),
            _ => self.way_to(request, &aim, pops).ok_or(503u16)?,
        };
        let sips = is_sips(request.uri_raw().unwrap_or_default()) || is_sips(&aim.uri);
        if sips && !way.transport.is_secure() {
            return Err(480);
        }
        let user = Use {
            link: Some(server),
            ..Use::of(Owner::Relay(key), relayed(invite))
        };
        let kind = if invite {
            ClientKind::Invite
        } else {
            ClientKind::Other
        };
        let (tx, branch) = self.tx.open_relayed(kind, way, user).map_err(|_| 503u16)?;
        let via = self.via(&way, &marked_branch(&branch, mark));
        let (Some((request, _)), Some(relay)) = (self.tx.pending(server), self.relays.get(key))
        else {
            return Err(500);
        };
        let record_route = match relay.fork.record_route {
            true => self.record_routes(request, &source, &way, (&relay.fork, aim.flow)),
            false => Vec::new(),
        };
        let path = relay.fork.path.then(|| {
            let ticket = Ticket::of_path(&self.secret, &source, relay.fork.belief);
            let keeps = keeps_flow(request);
            route_value(self.contact(&source), &ticket, false, keeps)
        });
        let hop = Hop {
            via: &via,
            record_route: &record_route,
            path: path.as_deref(),
            aim: &aim,
            pops,
            source: &source,
            changes: &relay.fork.changes,
            stream: way.transport.is_reliable(),
        };
        let bytes = forward(request, &hop).map_err(|_| 500u16)?;
        self.tx.send(now, tx, bytes, &mut self.sends);
        if let Some(relay) = self.relays.get_mut(key) {
            relay.progress.branches.push(Branch {
                tx,
                aim: at,
                open: true,
                late: false,
            });
        }
        Ok(())
    }

    fn way_to(&self, request: &Message, aim: &Aim, pops: usize) -> Option<Flow> {
        match aim.flow {
            Some(flow) => Some(flow),
            None => self.route_to(next_hop(request, aim, pops)),
        }
    }

    /// 16.6 step 4; two values where the sides differ (RFC 5658 3). The one that is to be on top comes last.
    fn record_routes(
        &self,
        request: &Message,
        source: &Flow,
        way: &Flow,
        (fork, callee): (&Fork, Option<Flow>),
    ) -> Vec<Vec<u8>> {
        let bound = fork.bound && !way.is_unresolved();
        // Those who are believed may move in the middle of a call; registered users are followed.
        let stays = fork.belief.is_some_and(|belief| !belief.caller);
        let home = stays.then(|| Home::back(&self.secret, request));
        let ticket = Ticket {
            caller: self.hidden_caller(request, source).then_some(*source),
            callee,
            bound: bound.then_some(way.peer.ip()),
            belief: fork.belief,
            home: home.flatten(),
        };
        let ticket = ticket.of_dialog(&self.secret, request);
        let secure = request
            .uri()
            .is_ok_and(|uri| matches!(uri.scheme(), Scheme::Sips));
        let value = |flow: &Flow| route_value(self.contact(flow), &ticket, secure, false);
        if source.listener == way.listener {
            vec![value(way)]
        } else {
            vec![value(source), value(way)]
        }
    }

    /// Whether the caller is next to us and its Contact alone would not lead back to it: it is behind a NAT, or its
    /// connection is the only way.
    fn hidden_caller(&self, request: &Message, source: &Flow) -> bool {
        if request.values(HeaderId::Via).nth(1).is_some() {
            return false;
        }
        if source.transport.is_reliable() {
            return true;
        }
        let Some(Ok(contact)) = request.contact() else {
            return false;
        };
        let uri = contact.uri().ok();
        let host = uri.as_ref().and_then(Uri::host);
        let port = uri.as_ref().and_then(Uri::port).unwrap_or(5060);
        !matches!(host, Some(Host::Ip(ip)) if (ip, port) == (source.peer.ip(), source.peer.port()))
    }

    // ---- CANCEL: 16.10

    /// The caller gives up: 200 for the CANCEL, and every copy is cancelled with the caller's reason.
    pub(super) fn relay_cancel(&mut self, now: Ms, key: Key, tx: Key, cancel: &Message) {
        self.respond_lines(now, tx, 200, b"");
        let mut lines = Vec::new();
        compose::copy(&mut lines, cancel, HeaderId::Reason);
        let Some(relay) = self.relays.get_mut(key) else {
            return;
        };
        relay.closed = true;
        relay.asking = false;
        self.wheel.cancel(relay.timer);
        self.cancel_open(now, key, &lines);
        let relay = self.relays.get_mut(key);
        if let Some(relay) = relay.filter(|relay| !relay.progress.is_open()) {
            relay.progress.take(Best::Local(487));
            self.all_failed(now, key);
        }
        self.flush();
    }

    /// Cancels what is still open.
    pub(super) fn cancel_open(&mut self, now: Ms, key: Key, lines: &[u8]) {
        let Some(relay) = self.relays.get(key).filter(|relay| relay.invite) else {
            return;
        };
        let open = relay.progress.branches.iter();
        let open: Vec<Key> = open.filter(|branch| branch.open).map(|b| b.tx).collect();
        for tx in open {
            // One that ended meanwhile needs no CANCEL.
            let _ = self.tx.cancel(now, tx, lines, &mut self.sends);
            self.call_off(now, tx);
        }
    }

    /// Sends bytes back on the way of a server transaction, or by their Via.
    pub(super) fn send_back(&mut self, server: Option<Key>, response: &Message, bytes: Bytes) {
        let flow = server
            .and_then(|server| self.tx.server_flow(server))
            .or_else(|| self.way_back(response));
        if let Some(flow) = flow {
            self.outputs
                .push_back(Output::Send(Transmit { flow, bytes }));
        }
    }
}

/// Whether a REGISTER asks its first hop, which we are, to keep its flow (RFC 5626 5.1).
fn keeps_flow(request: &Message) -> bool {
    let contact = request.contact().and_then(Result::ok);
    request.values(HeaderId::Via).nth(1).is_none()
        && request.lists(HeaderId::Supported, b"outbound")
        && contact.is_some_and(|contact| contact.params.has(b"reg-id"))
}

/// Who is believed about identities of those whom a request with our ticket is between.
fn belief(routed: &Routed) -> Option<Belief> {
    let grant = routed.grant?;
    let belief = grant.belief?;
    Some(match grant.direction {
        Some(Direction::ToCallee) => belief,
        // A Path leads to who registered.
        Some(Direction::ToCaller) | None => belief.turned(),
    })
}

/// What a request with our ticket says of identities, and is not believed about (RFC 3325 5).
fn unbelieved(request: &Message, routed: &Routed) -> Vec<Change> {
    belief(routed).map_or_else(Vec::new, |belief| losses(&belief.lost(request)))
}

/// Of a proxied request it matters only whether it is an INVITE.
fn relayed(invite: bool) -> What {
    if invite {
        What::Invite { ack: false }
    } else {
        What::Other
    }
}
