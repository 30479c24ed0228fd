//! Requests that come: RFC 3261 8.2, 9.2, 11.2, 12.2.2, 13.3, 14.2, 15.1.2.

use bytes::Bytes;

use super::super::compose::{self, Answer};
use super::super::dialog::{Dialog, Offer, Phase};
use super::super::flow::Flow;
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::transaction::{RequestKeys, RequestVerdict, ServerState};
use super::super::wire::text::push_decimal;
use super::super::wire::{HeaderId, Limits, Message, Method, Rejected, Scheme};
use super::negotiation::has_sdp;
use super::reliable::REL;
use super::routing::{refreshes_target, reply_flow};
use super::session::TIMER;
use super::{Output, Owner, Provisional, Taking, Ua, Use, What};

/// Option tags that the user agent serves itself.
const OWN_OPTIONS: [&[u8]; 2] = [REL, TIMER];
/// Requests without a final response that one dialog may have at a time.
const REQUESTS_PER_DIALOG: usize = 16;

impl Ua {
    /// Handles one message; `flow` is where it came from.
    pub fn datagram(&mut self, now: Ms, flow: Flow, bytes: Bytes) {
        self.came(now, flow, Message::datagram(bytes, &self.config.limits));
    }

    /// Handles one message that was cut out of a stream.
    pub fn frame(&mut self, now: Ms, flow: Flow, bytes: Bytes) {
        self.came(now, flow, Message::frame(bytes, &self.config.limits));
    }

    /// Handles one message that filled a frame of a transport that has such (RFC 7118 5.3).
    pub fn whole(&mut self, now: Ms, flow: Flow, bytes: Bytes) {
        self.came(now, flow, Message::whole(bytes, &self.config.limits));
    }

    /// Handles what was read, by whoever wants to know what it was.
    pub fn came(&mut self, now: Ms, flow: Flow, read: Result<Message, Box<Rejected>>) {
        match read {
            Ok(message) => self.message(now, flow, message),
            Err(rejected) => self.reject(flow, &rejected),
        }
    }

    /// The limits that messages are read within.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// Handles a checked message.
    pub fn message(&mut self, now: Ms, flow: Flow, message: Message) {
        if message.is_request() {
            self.request(now, flow, message);
        } else {
            self.response(now, flow, message);
        }
        self.flush();
    }

    /// Handles what could not be read as a message: answers it if it can be answered.
    pub fn reject(&mut self, flow: Flow, rejected: &Rejected) {
        self.counts.unreadable += 1;
        if let Some(request) = rejected.answerable() {
            self.refuse(
                flow,
                request,
                rejected.status,
                rejected.reason.as_bytes(),
                b"",
            );
        }
    }

    /// Answers without a transaction; copies of the request get the same answer again.
    pub(super) fn refuse(
        &mut self,
        flow: Flow,
        request: &Message,
        status: u16,
        reason: &[u8],
        lines: &[u8],
    ) {
        self.counts.refused += 1;
        if request.method() == Some(&Method::Ack) {
            return;
        }
        let tag = self.stateless_tag(request);
        let answer = Answer {
            status,
            reason,
            to_tag: Some(&tag),
            lines,
            ..Answer::default()
        };
        let bytes = compose::response(request, &flow, answer);
        self.send(reply_flow(request, flow), bytes);
    }

    /// A tag that is the same for every copy of a request (RFC 3261 8.2.7).
    pub(super) fn stateless_tag(&self, request: &Message) -> Vec<u8> {
        self.stateless_tag_of(
            request.call_id().unwrap_or_default(),
            request.from_tag().unwrap_or_default(),
        )
    }

    pub(super) fn stateless_tag_of(&self, call_id: &[u8], from_tag: &[u8]) -> Vec<u8> {
        let id = self.dialog_id(call_id, from_tag);
        let mut tag = Vec::with_capacity(20);
        push_decimal(&mut tag, id.0[0]);
        tag
    }

    fn request(&mut self, now: Ms, flow: Flow, request: Message) {
        match self.tx.request(now, &request, &mut self.sends) {
            RequestVerdict::Absorbed => {}
            RequestVerdict::Ack => self.ack(now, flow, request),
            // A spiral: it came here before, was proxied, and comes again with another target.
            RequestVerdict::Merged(keys) if self.was_relayed(&keys) => {
                self.fresh(now, flow, keys, request);
            }
            RequestVerdict::Merged(_) => self.refuse(flow, &request, 482, b"", b""),
            RequestVerdict::Cancel(keys, invite) => {
                self.cancel_request(now, flow, keys, invite, request)
            }
            RequestVerdict::New(keys) => self.fresh(now, flow, keys, request),
        }
    }

    /// A request that no transaction has. Routes of our own come first (RFC 3261 16.4).
    fn fresh(&mut self, now: Ms, flow: Flow, keys: RequestKeys, mut request: Message) {
        if request.has(HeaderId::Route) {
            let routed = self.routed(&mut request);
            if routed.is_granted() {
                return self.let_through(now, flow, keys, request, routed);
            }
            request = self.without_own_routes(request, routed);
        }
        match self.defect(&request) {
            Some((status, lines)) => self.refuse(flow, &request, status, b"", &lines),
            None if request.to_tag().is_some() => self.within_dialog(now, flow, keys, request),
            None => self.initial(now, flow, keys, request),
        }
    }

    fn was_relayed(&self, keys: &RequestKeys) -> bool {
        self.tx
            .merged_user(keys)
            .is_some_and(|user| matches!(user.owner, Owner::Relay(_)))
    }

    /// What a user agent refuses before it looks for a dialog (RFC 3261 8.2.1, 8.2.2).
    fn defect(&self, request: &Message) -> Option<(u16, Vec<u8>)> {
        let method = request.method()?;
        if let Method::Other(_) = method
            && !self.is_served(method)
        {
            return Some((501, self.allow_line()));
        }
        match request.uri() {
            Ok(uri) if matches!(uri.scheme(), Scheme::Other(_)) => return Some((416, Vec::new())),
            Ok(_) => {}
            Err(_) => return Some((400, Vec::new())),
        }
        if request.has(HeaderId::SessionExpires)
            && matches!(method, Method::Invite | Method::Update)
            && let Some(lines) = self.too_short(request)
        {
            return Some((422, lines));
        }
        let proxied = self.relaying && request.to_tag().is_none();
        if proxied || !request.has(HeaderId::Require) {
            return None;
        }
        let lines = self.unsupported(request);
        (!lines.is_empty()).then_some((420, lines))
    }

    /// The Unsupported lines of what a request requires and we have not.
    pub(super) fn unsupported(&self, request: &Message) -> Vec<u8> {
        let mut supported: Vec<&[u8]> = self.config.supported.iter().map(Vec::as_slice).collect();
        supported.extend(OWN_OPTIONS);
        if request.method() == Some(&Method::Register) {
            supported.extend([&b"path"[..], b"outbound"]);
        }
        let mut lines = Vec::new();
        for option in request.unsupported(HeaderId::Require, &supported) {
            compose::line(&mut lines, HeaderId::Unsupported.name(), option);
        }
        lines
    }

    pub(super) fn allow_line(&self) -> Vec<u8> {
        let mut out = Vec::new();
        compose::line(&mut out, HeaderId::Allow.name(), &self.served.allow());
        out
    }

    pub(super) fn retry_line(&mut self) -> Vec<u8> {
        // Spread, so that those who were refused together do not come back together.
        let base = u64::from(self.config.retry_after.max(1));
        let mut out = Vec::new();
        compose::line_number(
            &mut out,
            HeaderId::RetryAfter.name(),
            base + self.mint.random() % base,
        );
        out
    }

    // ---- outside of dialogs

    fn initial(&mut self, now: Ms, flow: Flow, keys: RequestKeys, request: Message) {
        let method = request.method().cloned().unwrap_or(Method::Options);
        if matches!(
            method,
            Method::Bye | Method::Prack | Method::Update | Method::Notify | Method::Info
        ) {
            return self.refuse(flow, &request, 481, b"", b"");
        }
        if method == Method::Invite && self.repeat_restored(now, &request) {
            return;
        }
        if self.is_left_out(&request) {
            let lines = self.retry_line();
            return self.refuse(flow, &request, 503, b"", &lines);
        }
        if !self.is_served(&method) {
            let lines = self.allow_line();
            return self.refuse(flow, &request, 405, b"", &lines);
        }
        if self.is_bad_event(&request) {
            let lines = self.allow_events_line();
            return self.refuse(flow, &request, 489, b"", &lines);
        }
        if method == Method::Invite {
            self.call(now, flow, keys, request)
        } else {
            self.alone(now, flow, keys, request)
        }
    }

    /// Whether an initial request is not taken at this moment.
    fn is_left_out(&mut self, request: &Message) -> bool {
        match self.taking {
            Taking::All => false,
            Taking::Nothing => true,
            Taking::Urgent => {
                let urgent = self.config.urgency.is_of(request);
                self.counts.urgent += u64::from(urgent);
                !urgent
            }
        }
    }

    fn call(&mut self, now: Ms, flow: Flow, keys: RequestKeys, request: Message) {
        let Ok(call_id) = request.call_id() else {
            return;
        };
        let tag = self.mint.tag(&self.secret, call_id);
        let slot = self.secret.slot(call_id);
        let Ok(mut dialog) = Dialog::uas(&request, &tag, flow) else {
            return self.refuse(flow, &request, 400, b"Missing Or Malformed Contact", b"");
        };
        if self.config.provisional == Provisional::Demanded && !takes_reliable(&request) {
            let mut lines = Vec::new();
            compose::line(&mut lines, HeaderId::Require.name(), REL);
            return self.refuse(flow, &request, 421, b"", &lines);
        }
        if has_sdp(&request) {
            dialog.offer = Offer::Theirs;
        }
        dialog.session = self.session_of(&request);
        let Ok(key) = self.insert_dialog(dialog) else {
            return self.refuse_full(flow, &request);
        };
        let user = Use::of(Owner::Dialog(key), What::Invite { ack: false });
        let request = Box::new(request);
        let reply = reply_flow(&request, flow);
        match self
            .tx
            .accept(now, keys, request.clone(), reply, user, &mut self.sends)
        {
            Ok(tx) => {
                if let Some(dialog) = self.dialogs.get_mut(key) {
                    dialog.pending_mut().invite_in = Some(tx);
                }
                self.outputs.push_back(Output::Call {
                    dialog: key,
                    tx,
                    slot,
                    flow,
                    request,
                });
            }
            Err(_) => {
                self.end_dialog(now, key);
                self.refuse_full(flow, &request);
            }
        }
    }

    fn refuse_full(&mut self, flow: Flow, request: &Message) {
        let lines = self.retry_line();
        self.refuse(flow, request, 503, b"", &lines);
    }

    fn alone(&mut self, now: Ms, flow: Flow, keys: RequestKeys, request: Message) {
        let slot = request
            .call_id()
            .map_or(0, |call_id| self.secret.slot(call_id));
        let user = Use::of(Owner::Nobody, What::Other);
        let request = Box::new(request);
        let reply = reply_flow(&request, flow);
        match self
            .tx
            .accept(now, keys, request.clone(), reply, user, &mut self.sends)
        {
            Ok(tx) => self.outputs.push_back(Output::Request {
                tx,
                slot,
                flow,
                request,
            }),
            Err(_) => self.refuse_full(flow, &request),
        }
    }

    // ---- within dialogs

    /// The dialog of a request, by Call-ID and both tags (RFC 3261 12.2.2).
    pub(super) fn find_dialog(&self, request: &Message) -> Option<Key> {
        let (call_id, local) = (request.call_id().ok()?, request.to_tag()?);
        let peer = request.from_tag().unwrap_or_default();
        let plain = self.by_id.get(&self.dialog_id(call_id, local)).copied();
        let fits = |key: &Key| {
            self.dialogs.get(*key).is_some_and(|dialog| {
                let remote = dialog.text(super::Field::RemoteTag);
                remote == peer || (remote.is_empty() && dialog.phase == Phase::Early)
            })
        };
        plain
            .filter(fits)
            .or_else(|| self.find_branch(call_id, local, peer))
    }

    fn within_dialog(&mut self, now: Ms, flow: Flow, keys: RequestKeys, request: Message) {
        let method = request.method().cloned().unwrap_or(Method::Options);
        let Some(key) = self.find_dialog(&request) else {
            // It may have ended by this very BYE before a restart, its 200 unsent.
            let known = method == Method::Bye
                && now < self.recovering_until
                && self.is_our_dialog(&request);
            return self.refuse(flow, &request, if known { 200 } else { 481 }, b"", b"");
        };
        let cseq = request.cseq().map_or(0, |cseq| cseq.number);
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        // Requests go to where the peer was seen last: a connection that broke is replaced by its sender.
        if dialog.flow.transport == flow.transport {
            dialog.flow = flow;
        }
        let in_order = dialog.take_remote_cseq(cseq);
        let refusal = if in_order {
            if method == Method::Invite {
                self.acked_before(key);
            }
            self.conflict(key, &method)
                .or_else(|| self.refused_offer(key, &request))
        } else {
            Some((500, false))
        };
        let what = What::of(method.as_bytes(), has_sdp(&request));
        let refusal = refusal.or_else(|| {
            let stray = method == Method::Prack && !self.take_prack(key, &request);
            stray.then_some((481, false))
        });
        // What is refused changes nothing of the dialog, whatever it is.
        let taken = if refusal.is_none() { what } else { What::Other };
        let usage = self.usage_of(key, &method, &request);
        let refusal = refusal.or_else(|| usage.is_none().then_some((481, false)));
        let owner = usage.unwrap_or(Owner::Dialog(key));
        let user = Use::of(owner, taken);
        let request = Box::new(request);
        let reply = reply_flow(&request, flow);
        let Ok(tx) = self
            .tx
            .accept(now, keys, request.clone(), reply, user, &mut self.sends)
        else {
            return self.refuse_full(flow, &request);
        };
        if let Some((status, retry)) = refusal {
            let lines = if retry { self.retry_line() } else { Vec::new() };
            return self.respond_lines(now, tx, status, &lines);
        }
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        if refreshes_target(method.as_bytes()) && dialog.refresh(&request).is_err() {
            return self.respond_lines(now, tx, 400, b"");
        }
        if let Owner::Subscription(subscription) = owner {
            return self.within_subscription(now, subscription, tx, flow, request);
        }
        if method == Method::Invite {
            dialog.pending_mut().invite_in = Some(tx);
            dialog.offer = if has_sdp(&request) {
                Offer::Theirs
            } else {
                Offer::None
            };
        } else {
            dialog.pending_mut().requests_in.push(tx);
            self.take_offer(key, what);
        }
        self.offer(now, key, tx, &method, flow, request);
    }

    /// Gives a request within a dialog to the services, or answers it if none takes it.
    fn offer(
        &mut self,
        now: Ms,
        key: Key,
        tx: Key,
        method: &Method,
        flow: Flow,
        request: Box<Message>,
    ) {
        if self.is_ending(key) {
            // Both sides hang up at once: each BYE is answered (RFC 3261 15.1.2).
            let status = if *method == Method::Bye { 200 } else { 481 };
            return self.respond_lines(now, tx, status, b"");
        }
        if !self.is_served(method) {
            if *method == Method::Notify {
                // Of no subscription (RFC 6665 4.1.3).
                return self.respond_lines(now, tx, 481, b"");
            }
            let lines = self.allow_line();
            return self.respond_lines(now, tx, 405, &lines);
        }
        let Some(activity) = self.dialogs.get(key).map(|dialog| dialog.activity) else {
            return;
        };
        if *method == Method::Bye {
            self.outputs.push_back(Output::Closing { activity });
        }
        self.outputs.push_back(Output::InDialog {
            activity,
            tx: Some(tx),
            flow,
            request,
        });
    }

    /// A peer that begins another INVITE has had the 2xx of the one before; if its ACK may have come to an earlier process
    /// it did.
    fn acked_before(&mut self, key: Key) {
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        let unacked = dialog
            .pending
            .as_mut()
            .and_then(|pending| pending.unacked.take_if(|unacked| unacked.uncertain));
        if let Some(unacked) = unacked {
            self.wheel.cancel(unacked.timer);
            dialog.tidy();
        }
    }

    /// Whether the dialog cannot take the request at this moment: the status, and whether Retry-After goes with it.
    fn conflict(&self, key: Key, method: &Method) -> Option<(u16, bool)> {
        let dialog = self.dialogs.get(key)?;
        let pending = dialog.pending.as_ref()?;
        if *method == Method::Invite {
            // RFC 3261 14.2.
            if pending.invite_in.is_some() {
                return Some((500, true));
            }
            if pending.invite_out.is_some() || pending.unacked.is_some() {
                return Some((491, false));
            }
        }
        (pending.requests_in.len() >= REQUESTS_PER_DIALOG && *method != Method::Bye)
            .then_some((500, true))
    }

    fn is_our_dialog(&self, request: &Message) -> bool {
        match (request.call_id(), request.to_tag()) {
            (Ok(call_id), Some(tag)) => self.secret.is_our_tag(call_id, tag),
            _ => false,
        }
    }

    fn ack(&mut self, now: Ms, flow: Flow, mut request: Message) {
        if request.has(HeaderId::Route) {
            let routed = self.routed(&mut request);
            if routed.is_granted() {
                return self.relay_ack(flow, &request, routed);
            }
        }
        let Some(key) = self.find_dialog(&request) else {
            return;
        };
        let Ok(number) = request.cseq().map(|cseq| cseq.number) else {
            return;
        };
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        let activity = dialog.activity;
        let Some(pending) = dialog.pending.as_mut() else {
            return;
        };
        let Some(unacked) = pending.unacked.take_if(|unacked| unacked.cseq == number) else {
            return;
        };
        self.wheel.cancel(unacked.timer);
        if pending.invite_in.is_none() {
            pending.early = None;
        }
        // The answer to an offer in the 2xx, if there was one.
        dialog.offer = Offer::None;
        dialog.tidy();
        if dialog.phase == Phase::Ending {
            return self.send_bye(now, key);
        }
        self.outputs.push_back(Output::InDialog {
            activity,
            tx: None,
            flow,
            request: Box::new(request),
        });
    }

    // ---- CANCEL

    fn cancel_request(
        &mut self,
        now: Ms,
        flow: Flow,
        keys: RequestKeys,
        invite: Option<Key>,
        request: Message,
    ) {
        let owner = invite
            .and_then(|invite| self.tx.server_user(invite))
            .map(|user| user.owner);
        let user = Use {
            link: invite,
            // A proxied INVITE's CANCEL is not its relay's: it is answered here.
            ..Use::of(
                owner
                    .filter(|owner| !matches!(owner, Owner::Relay(_)))
                    .unwrap_or(Owner::Nobody),
                What::Other,
            )
        };
        let request = Box::new(request);
        let reply = reply_flow(&request, flow);
        let Ok(tx) = self
            .tx
            .accept(now, keys, request.clone(), reply, user, &mut self.sends)
        else {
            return self.refuse_full(flow, &request);
        };
        let open = invite
            .is_some_and(|invite| self.tx.server_state(invite) == Some(ServerState::Proceeding));
        match owner {
            Some(Owner::Relay(key)) if open => self.relay_cancel(now, key, tx, &request),
            Some(Owner::Dialog(key)) if open => {
                let activity = self.dialogs.get(key).map_or(0, |dialog| dialog.activity);
                self.outputs.push_back(Output::Cancel {
                    activity,
                    tx,
                    flow,
                    request,
                });
            }
            // The final response is out: the CANCEL has no effect (RFC 3261 9.2).
            Some(_) if invite.is_some() => self.respond_lines(now, tx, 200, b""),
            _ => self.respond_lines(now, tx, 481, b""),
        }
    }
}

/// Whether a caller takes reliable provisional responses.
fn takes_reliable(invite: &Message) -> bool {
    invite.lists(HeaderId::Supported, REL) || invite.lists(HeaderId::Require, REL)
}
