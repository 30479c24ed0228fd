//! Answers to requests that came: RFC 3261 8.2.6, 12.1.1, 13.3.1, 15.1.2.

use bytes::Bytes;

use super::super::compose::{self, Answer};
use super::super::dialog::{Early, Field, Offer, Phase, Reply, Session, Unacked};
use super::super::flow::{Flow, Transmit};
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::timer::TimerId;
use super::super::wire::{HeaderId, Limits, Message, Method};
use super::negotiation::carries_sdp;
use super::routing::{refreshes_target, reply_flow};
use super::{Alarm, Output, Owner, Ua, UaError, Use, What};

/// Room for Contact and Allow among the lines of a response.
const LINES: usize = 192;

impl Ua {
    /// Answers a request.
    ///
    /// # Errors
    /// It is gone or has its final response.
    pub fn respond(&mut self, now: Ms, tx: Key, reply: &Reply) -> Result<(), UaError> {
        let tx = self.tx.current(tx);
        if self.relaying
            && let Some(refusal) = self.beyond_us(tx, reply.status)
        {
            let lines = refusal?;
            self.respond_lines(now, tx, 420, &lines);
            return Ok(());
        }
        let result = if self.is_reliable(tx, reply) {
            self.respond_reliably(now, tx, reply)
        } else {
            self.respond_now(now, tx, reply)
        };
        self.flush();
        result
    }

    pub(super) fn respond_now(&mut self, now: Ms, tx: Key, reply: &Reply) -> Result<(), UaError> {
        let answer = Answer {
            status: reply.status.clamp(100, 699),
            reason: &reply.reason,
            lines: &reply.lines,
            body: &reply.body,
            ..Answer::default()
        };
        if self.has_offered(tx)
            && (200..300).contains(&reply.status)
            && !carries_sdp(&reply.lines, &reply.body)
        {
            // The peer must learn that its offer was not taken (RFC 3311 5.2).
            self.counts.answers_missing += 1;
            let answer = Answer {
                status: 488,
                ..Answer::default()
            };
            return self.respond_raw(now, tx, answer);
        }
        if (101..200).contains(&reply.status) && (reply.durable || self.config.early_durable) {
            self.keep_ringing(tx);
        }
        if let Some(ask) = reply.session
            && (200..300).contains(&reply.status)
            && let Some(user) = self.tx.server_user(tx)
            && let (What::Invite { .. }, Owner::Dialog(key)) = (user.what, user.owner)
            && let Some(dialog) = self.dialogs.get_mut(key)
        {
            match dialog.session.as_deref_mut() {
                Some(session) => session.ask = ask,
                None => dialog.session = Some(Box::new(Session::new(ask))),
            }
        }
        self.respond_raw_with(now, tx, answer, reply.allow)
    }

    /// Where services proxy, requests are offered whatever they require. One of which a service wants to be the called all the
    /// same is refused here: with the lines of a 420, or as an error if it is being proxied already.
    fn beyond_us(&self, tx: Key, status: u16) -> Option<Result<Vec<u8>, UaError>> {
        let user = self.tx.server_user(tx)?;
        let invite = matches!(user.what, What::Invite { .. });
        if status >= 300 || status == 100 {
            return None;
        }
        if matches!(user.owner, Owner::Relay(_)) && invite {
            return Some(Err(UaError::State));
        }
        let (request, _) = self.tx.pending(tx)?;
        if !request.has(HeaderId::Require) || request.to_tag().is_some() {
            return None;
        }
        Some(self.unsupported(request))
            .filter(|lines| !lines.is_empty())
            .map(Ok)
    }

    /// Answers the INVITE that a dialog waits with.
    ///
    /// # Errors
    /// There is none.
    pub fn answer(&mut self, now: Ms, key: Key, reply: &Reply) -> Result<(), UaError> {
        let dialog = self.dialogs.get(key).ok_or(UaError::Gone)?;
        let tx = dialog
            .pending
            .as_ref()
            .and_then(|pending| pending.invite_in);
        self.respond(now, tx.ok_or(UaError::State)?, reply)
    }

    /// A service has taken a request. What it leaves unanswered it may answer later, but for BYE (200), CANCEL (481), and
    /// a PRACK that makes no offer and was not passed on (200).
    ///
    /// # Errors
    /// It is gone or has its final response.
    pub fn processed(&mut self, now: Ms, tx: Key) -> Result<(), UaError> {
        let (request, _) = self.tx.pending(tx).ok_or(UaError::State)?;
        match request.method() {
            Some(Method::Bye | Method::Cancel) => self.respond_unserved(now, tx),
            Some(Method::Prack) if !self.waits_for_service(tx) => self.respond_unserved(now, tx),
            Some(Method::Notify | Method::Subscribe) if self.is_of_subscription(tx) => {
                self.respond_unserved(now, tx)
            }
            _ => Ok(()),
        }
    }

    /// Answers a request whose transaction was lost with an earlier process: at once and once. Of what is left of a call,
    /// only a BYE means something still.
    ///
    /// # Errors
    /// This process is not fresh from a restart, or the response would need its transaction.
    pub fn respond_lost(
        &mut self,
        now: Ms,
        source: Flow,
        request: Bytes,
        reply: &Reply,
    ) -> Result<(), UaError> {
        let makes_call = reply.status < 300;
        let request = Message::parse(request, &Limits::DEFAULT).map_err(|_| UaError::Unwritable)?;
        let invite = request.method() == Some(&Method::Invite);
        if now >= self.recovering_until || reply.status < 200 || (invite && makes_call) {
            return Err(UaError::Gone);
        }
        let tag = self.stateless_tag(&request);
        let answer = Answer {
            status: reply.status,
            reason: &reply.reason,
            to_tag: Some(&tag),
            record_route: false,
            lines: &reply.lines,
            body: &reply.body,
        };
        let bytes = compose::response(&request, &source, answer);
        self.send(reply_flow(&request, source), bytes);
        if request.method() == Some(&Method::Bye)
            && let Some(key) = self.find_dialog(&request)
        {
            self.end_dialog(now, key);
        }
        self.flush();
        Ok(())
    }

    /// Accepts a CANCEL: 200 for it and 487 for its INVITE, or just the 200 if the INVITE has been answered meanwhile.
    ///
    /// # Errors
    /// It is gone or was answered.
    pub fn accept_cancel(&mut self, now: Ms, cancel: Key) -> Result<(), UaError> {
        let invite = self.tx.server_user(cancel).ok_or(UaError::Gone)?.link;
        let result = self.respond_raw(
            now,
            cancel,
            Answer {
                status: 200,
                ..Answer::default()
            },
        );
        if result.is_ok()
            && let Some(invite) = invite
        {
            // If it has been answered meanwhile the CANCEL came too late, which is no error.
            let _ = self.respond_raw(
                now,
                invite,
                Answer {
                    status: 487,
                    ..Answer::default()
                },
            );
        }
        self.flush();
        result
    }

    /// Answers a request that no service took.
    ///
    /// # Errors
    /// It is gone or has its final response.
    pub fn respond_unserved(&mut self, now: Ms, tx: Key) -> Result<(), UaError> {
        let tx = self.tx.current(tx);
        let (request, _) = self.tx.pending(tx).ok_or(UaError::State)?;
        let in_dialog = request.to_tag().is_some();
        let offered = in_dialog && self.has_offered(tx);
        let status = match request.method() {
            Some(Method::Bye | Method::Options) => 200,
            Some(Method::Prack | Method::Update) if in_dialog && !offered => 200,
            Some(Method::Prack | Method::Update) if in_dialog => 488,
            Some(Method::Notify | Method::Subscribe) if self.is_of_subscription(tx) => 200,
            Some(Method::Cancel) => 481,
            Some(Method::Invite) if in_dialog => 488,
            // Of no subscription (RFC 6665 4.1.3).
            Some(Method::Notify) => 481,
            Some(method @ (Method::Subscribe | Method::Publish)) if self.is_served(method) => 489,
            Some(Method::Info) if request.get_named(b"Info-Package").is_some() => 469,
            Some(_) if in_dialog => 405,
            Some(Method::Invite | Method::Message) | None => self.config.unserved,
            Some(Method::Other(_)) => 501,
            Some(_) => 405,
        };
        let lines = match status {
            405 | 501 => self.allow_line(),
            489 => self.allow_events_line(),
            // None of the packages is taken (RFC 6086 4.2.2).
            469 => b"Recv-Info: \r\n".to_vec(),
            _ => Vec::new(),
        };
        let result = self.respond_raw_with(
            now,
            tx,
            Answer {
                status,
                lines: &lines,
                ..Answer::default()
            },
            true,
        );
        self.flush();
        result
    }

    /// Whether a request of a dialog carries an offer that is not answered.
    fn has_offered(&self, tx: Key) -> bool {
        let Some(user) = self.tx.server_user(tx) else {
            return false;
        };
        match (user.what, user.owner) {
            (What::Update { offer: true } | What::Prack { offer: true }, Owner::Dialog(key)) => {
                self.dialogs.get(key).map(|dialog| dialog.offer) == Some(Offer::Theirs)
            }
            _ => false,
        }
    }

    fn waits_for_service(&self, tx: Key) -> bool {
        self.has_offered(tx) || self.tx.server_user(tx).is_some_and(|user| user.quiet)
    }

    /// Answers a request in whose handling a service failed: 500, and 200 for BYE, whose dialog is over in any case.
    ///
    /// # Errors
    /// It is gone or has its final response.
    pub fn respond_failed(&mut self, now: Ms, tx: Key, status: u16) -> Result<(), UaError> {
        let tx = self.tx.current(tx);
        let user = self.tx.server_user(tx).ok_or(UaError::Gone)?;
        let status = if user.what == What::Bye { 200 } else { status };
        let result = self.respond_raw(
            now,
            tx,
            Answer {
                status,
                ..Answer::default()
            },
        );
        self.flush();
        result
    }

    pub(super) fn answer_for_service(&mut self, now: Ms, tx: Key, user: Use) {
        // A proxied request is answered when its copies are.
        if matches!(user.owner, Owner::Relay(_)) {
            return;
        }
        let status = match user.what {
            What::Invite { .. } => 408,
            What::Bye => 200,
            What::Prack { .. } | What::Update { .. } | What::Other => 500,
        };
        self.respond_lines(now, tx, status, b"");
    }

    /// An answer of the user agent's own; one to what has been answered already is dropped.
    pub(super) fn respond_lines(&mut self, now: Ms, tx: Key, status: u16, lines: &[u8]) {
        let _ = self.respond_raw(
            now,
            tx,
            Answer {
                status,
                lines,
                ..Answer::default()
            },
        );
        self.flush();
    }

    /// Answers a request of a dialog that is no more.
    pub(super) fn respond_plain(&mut self, now: Ms, tx: Key, status: u16, tag: &[u8]) {
        let Some((request, flow)) = self.tx.pending(tx) else {
            return;
        };
        let bytes = compose::response(
            request,
            flow,
            Answer {
                status,
                to_tag: Some(tag),
                ..Answer::default()
            },
        );
        let _ = self.tx.respond(now, tx, status, bytes, &mut self.sends);
        self.flush();
    }

    pub(super) fn respond_raw(
        &mut self,
        now: Ms,
        tx: Key,
        answer: Answer<'_>,
    ) -> Result<(), UaError> {
        self.respond_raw_with(now, tx, answer, false)
    }

    fn respond_raw_with(
        &mut self,
        now: Ms,
        tx: Key,
        answer: Answer<'_>,
        allow: bool,
    ) -> Result<(), UaError> {
        let user = self.tx.server_user(tx).ok_or(UaError::Gone)?;
        let (request, flow) = self.tx.pending(tx).ok_or(UaError::State)?;
        let (method, flow) = (request.method().cloned().unwrap_or(Method::Options), *flow);
        let cseq = request.cseq().map_or(0, |cseq| cseq.number);
        let key = match user.owner {
            Owner::Dialog(key) => self.dialogs.get(key).map(|_| key),
            Owner::Subscription(key) => self.subscription(key).map(|it| it.dialog),
            Owner::Nobody | Owner::Activity(_) | Owner::Relay(_) => None,
        };
        let invite = matches!(user.what, What::Invite { .. });
        let subscription = match user.owner {
            Owner::Subscription(key) => Some(key).filter(|_| (200..300).contains(&answer.status)),
            Owner::Nobody | Owner::Dialog(_) | Owner::Activity(_) | Owner::Relay(_) => None,
        };
        let makes_dialog = invite && (101..300).contains(&answer.status)
            || subscription.is_some() && request.to_tag().is_none();
        let mut lines = Vec::with_capacity(answer.lines.len() + LINES);
        let targets = !invite && answer.status < 300 && refreshes_target(method.as_bytes());
        if makes_dialog || targets {
            let contact = self.contact_back(request, &flow);
            compose::line(&mut lines, HeaderId::Contact.name(), &contact);
        }
        let allows = match answer.status {
            200..300 => invite || method == Method::Options,
            status => status == 405,
        };
        if allow && allows {
            lines.extend_from_slice(&self.allow_line());
        }
        let timed = match key {
            Some(key) if (200..300).contains(&answer.status) && user.what.refreshes_session() => {
                self.session_described(key, answer.lines, answer.body);
                self.session_answer(now, key, tx, answer.lines)
            }
            _ => None,
        };
        lines.extend_from_slice(timed.as_deref().unwrap_or(answer.lines));
        if let Some(key) = subscription {
            lines.extend_from_slice(&self.grant_lines(now, key, tx, answer.lines));
        }
        let tag = self.tag_for(key, tx);
        let to_tag = (answer.status > 100).then_some(&tag[..]);
        let (request, _) = self.tx.pending(tx).ok_or(UaError::State)?;
        let bytes = compose::response(
            request,
            &flow,
            Answer {
                to_tag,
                record_route: makes_dialog,
                lines: &lines,
                ..answer
            },
        );
        if let Some(key) = key
            && invite
            && (200..300).contains(&answer.status)
        {
            let bytes = bytes.clone();
            self.confirm(now, key, cseq, Transmit { flow, bytes });
        }
        self.tx
            .respond(now, tx, answer.status, bytes, &mut self.sends)?;
        self.flush();
        if answer.status >= 200 {
            let sdp = carries_sdp(answer.lines, answer.body);
            self.answered(now, tx, user, key, answer.status, sdp);
        }
        Ok(())
    }

    /// The tag of the dialog that a request belongs to, or a fresh one.
    fn tag_for(&mut self, key: Option<Key>, tx: Key) -> Vec<u8> {
        match key.and_then(|key| self.dialogs.get(key)) {
            Some(dialog) => dialog.text(Field::LocalTag).to_vec(),
            None => self
                .mint
                .tag(&self.secret, &request_call_id(&self.tx, tx))
                .to_vec(),
        }
    }

    /// A 2xx to an INVITE is about to leave: the dialog is confirmed, written down, and the 2xx repeated until its ACK.
    fn confirm(&mut self, now: Ms, key: Key, cseq: u32, ok: Transmit) {
        let t = *self.tx.timings();
        let timer = self.wheel.start(now + t.t1, Alarm::Ok(key));
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        if dialog.phase == Phase::Early {
            dialog.phase = Phase::Confirmed;
        }
        let unacked = Unacked {
            bytes: ok.bytes,
            flow: ok.flow,
            cseq,
            interval: t.t1,
            until: now + t.give_up(),
            uncertain: false,
            timer,
        };
        if let Some(before) = dialog.pending_mut().unacked.replace(unacked) {
            self.wheel.cancel(before.timer);
        }
        self.save(key);
    }

    /// A final response went out; whether it carries a session description.
    fn answered(&mut self, now: Ms, tx: Key, user: Use, key: Option<Key>, status: u16, sdp: bool) {
        match user.owner {
            Owner::Activity(activity) => self.outputs.push_back(Output::Ended { activity }),
            Owner::Relay(key) => return self.answered_relay(now, key),
            Owner::Subscription(key) => return self.subscription_answered(now, key, tx),
            Owner::Nobody | Owner::Dialog(_) => {}
        }
        let Some(key) = key else { return };
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        Self::settle(dialog, user.what, status, sdp, false);
        let phase = dialog.phase;
        let pending = dialog.pending_mut();
        pending.requests_in.retain(|other| *other != tx);
        if pending.invite_in == Some(tx) {
            pending.invite_in = None;
            // A PRACK may still come for what is out.
            let waits = |early: &mut Box<Early>| {
                let reliable = early.reliable.as_ref();
                reliable.is_none_or(|one| one.unacked.is_none() && one.held.is_none())
            };
            pending.early.take_if(waits);
        }
        dialog.tidy();
        match user.what {
            What::Bye => self.end_dialog(now, key),
            What::Invite { .. } if status >= 300 && phase == Phase::Early => {
                self.end_dialog(now, key)
            }
            What::Prack { .. } => self.release_reliable(now, key),
            What::Invite { .. } | What::Update { .. } | What::Other => {}
        }
    }

    /// Time for another copy of a 2xx, or to give up (RFC 3261 13.3.1.4).
    pub(super) fn repeat_ok(&mut self, now: Ms, key: Key) {
        let t2 = self.tx.timings().t2;
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        if dialog.closing {
            return self.end_dialog(now, key);
        }
        let activity = dialog.activity;
        let Some(pending) = dialog.pending.as_mut() else {
            return;
        };
        let Some(unacked) = pending.unacked.as_mut() else {
            return;
        };
        if now < unacked.until {
            let copy = Transmit {
                flow: unacked.flow,
                bytes: unacked.bytes.clone(),
            };
            unacked.interval = unacked.interval.saturating_mul(2).min(t2);
            unacked.timer = self
                .wheel
                .start((now + unacked.interval).min(unacked.until), Alarm::Ok(key));
            self.outputs.push_back(Output::Send(copy));
            return;
        }
        let uncertain = unacked.uncertain;
        unacked.timer = TimerId::NONE;
        pending.unacked = None;
        dialog.tidy();
        if dialog.phase == Phase::Ending {
            self.send_bye(now, key);
        } else if uncertain {
            // It came before, or the caller is gone: one who knows nothing of the call says so.
            self.probe(now, key);
        } else {
            self.outputs.push_back(Output::NoAck { activity });
            self.bye(now, key);
        }
    }
}

fn request_call_id<U: Copy>(tx: &super::Transactions<U>, key: Key) -> Vec<u8> {
    tx.pending(key)
        .and_then(|(request, _)| request.call_id().ok())
        .unwrap_or_default()
        .to_vec()
}
