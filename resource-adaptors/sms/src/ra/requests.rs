//! Requests of peers: to which activity they belong, and what answers those that no service does.

use strowger::event::{Event, FireOptions};
use strowger::id::ActivityId;
use strowger::ra::{ActivityFlags, FailureReason, FireFlags, Outcome, RaCx};

use super::durable::{transaction_cookie, transaction_of};
use super::lanes::{Lane, Whose};
use super::sessions::SessionKey;
use super::{Core, State};
use crate::api::{
    self, Answer, Body, Incoming, MessageId, Outgoing, Peer, RequestId, SmppTransaction, To,
};
use crate::proto::session::{InKey, RespondError};
use crate::proto::text::{DataCoding, parts};
use crate::proto::time::Ms;
use crate::proto::wire::{MessageIdResp, Pdu, PduBuf, Status, Submit, SubmitMultiResp, command};

/// A request whose outcome is decided by an event on a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) session: SessionKey,
    pub(super) key: InKey,
    /// What the peer is told when nobody answers: of a receipt, that is no failure.
    pub(super) unserved: Status,
    /// It is answered as soon as the event is done.
    pub(super) receipt: bool,
}

/// Where a request came from, and what the session calls it.
pub(super) type At = (SessionKey, InKey);

/// Undecided events below which nothing is looked through.
const ASKED: usize = 65_536;

/// What a request has to be reported for.
const REPORT: FireFlags = FireFlags {
    report_done: true,
    report_unreferenced: false,
};

impl Core {
    /// A request came.
    pub(super) fn requested(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        session: SessionKey,
        key: InKey,
        pdu: PduBuf,
    ) {
        let lane = self.view.sessions.get(session).and_then(|sess| sess.lane);
        let Some(lane) = lane.and_then(|ix| self.view.lanes.get(ix)) else {
            return self.refuse(now, session, key, Status::RSYSERR);
        };
        let id = RequestId {
            epoch: self.epoch,
            session: session.raw(),
            key: key.raw(),
            command: pdu.header().command,
        };
        let peer = lane.peer();
        let (at, of_account) = ((session, key), matches!(peer, Peer::Account(_)));
        let request = Incoming { pdu, peer, id };
        let taken = match of_account {
            true => self.account_requests(cx, now, at, request),
            false => self.link_requests(cx, now, at, request),
        };
        if let Err(status) = taken {
            cx.count("sms.requests_refused", 1);
            self.refuse(now, session, key, status);
        }
    }

    fn account_requests(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        at: At,
        request: Incoming,
    ) -> Result<(), Status> {
        let pdu = request.pdu.clone();
        let view = pdu.view();
        let sequence = pdu.header().sequence;
        self.request_came(cx, at.0, &pdu);
        if let Some(message) = Message::of(&view) {
            self.may_submit(now, at.0, &message)?;
            let place = message.place;
            let at = (at, sequence);
            return match request.id.command {
                command::SUBMIT_SM => self.begin(cx, at, place, api::SubmitSm(request)),
                command::DATA_SM => self.begin(cx, at, place, api::DataSm(request)),
                command::SUBMIT_MULTI => self.begin(cx, at, place, api::SubmitMulti(request)),
                _ => self.begin(cx, at, place, api::BroadcastSm(request)),
            };
        }
        if let Pdu::QuerySm(query) = view {
            let asked = asked(at, Status::RQUERYFAIL);
            return self.ask(cx, asked, query.message_id, api::QuerySm(request));
        }
        if let Pdu::CancelSm(cancel) = view {
            let asked = asked(at, Status::RCANCELFAIL);
            return self.ask(cx, asked, cancel.message_id, api::CancelSm(request));
        }
        if let Pdu::ReplaceSm(replace) = view {
            let asked = asked(at, Status::RREPLACEFAIL);
            return self.ask(cx, asked, replace.message_id, api::ReplaceSm(request));
        }
        // query_broadcast_sm and cancel_broadcast_sm: no service keeps broadcasts.
        Err(Status::RINVCMDID)
    }

    fn link_requests(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        at: At,
        request: Incoming,
    ) -> Result<(), Status> {
        if self.is_receipt(cx, now, at, &request) {
            return Ok(());
        }
        let pdu = request.pdu.clone();
        self.request_came(cx, at.0, &pdu);
        let at = (at, pdu.header().sequence);
        if let Pdu::DeliverSm(submit) = pdu.view() {
            return self.begin(cx, at, submit.source.digits, api::DeliverSm(request));
        }
        if let Pdu::DataSm(data) = pdu.view() {
            return self.begin(cx, at, data.source.digits, api::DataSm(request));
        }
        Err(Status::RINVCMDID)
    }

    /// Whether an account may submit so much from this address now.
    fn may_submit(
        &mut self,
        now: Ms,
        session: SessionKey,
        message: &Message<'_>,
    ) -> Result<(), Status> {
        let lane = self.view.sessions.get(session).and_then(|sess| sess.lane);
        let lane = lane.and_then(|ix| self.view.lanes.get_mut(ix));
        let lane = lane.ok_or(Status::RSYSERR)?;
        let Some(account) = lane.as_account() else {
            return Err(Status::RSYSERR);
        };
        if !account.may_be(message.source) {
            return Err(Status::RINVSRCADR);
        }
        let rates = account.settings.rates;
        match lane.rates.admit(now, &rates, message.parts) {
            true => Ok(()),
            false => Err(Status::RTHROTTLED),
        }
    }

    /// Fires a request on an activity of its own.
    fn begin<E: Event>(
        &mut self,
        cx: &mut RaCx<'_>,
        ((session, key), sequence): (At, u32),
        place: &[u8],
        event: E,
    ) -> Result<(), Status> {
        if self.refusing {
            return Err(Status::RTHROTTLED);
        }
        if self.state != State::Active || !cx.has_receiver::<E>() {
            return Err(Status::RSYSERR);
        }
        let cookie = transaction_cookie(session.raw(), key.raw());
        let flags = ActivityFlags::default();
        let slot = cx.slot_of(place);
        let started = cx.start_activity::<SmppTransaction>(slot, flags, cookie);
        let activity = started.map_err(|_| Status::RMSGQFUL)?;
        if let Some(sess) = self.view.sessions.get_mut(session) {
            sess.open.insert(key.raw(), activity);
        }
        self.activity_of_request(cx, (session, sequence), activity);
        let fired = cx.fire_with(activity, event, FireOptions::default(), REPORT);
        if fired.is_err() {
            self.close(cx, session, key.raw());
            return Err(Status::RMSGQFUL);
        }
        Ok(())
    }

    /// Fires a request about a message on that.
    fn ask<E: Event>(
        &mut self,
        cx: &mut RaCx<'_>,
        asked: Asked,
        id: &[u8],
        event: E,
    ) -> Result<(), Status> {
        let id = MessageId::read(id).ok_or(asked.unserved)?;
        let message = self.view.mint.activity(id);
        self.fire_asked(cx, asked, message, event)
            .map_err(|_| asked.unserved)
    }

    /// Fires an event on a message whose outcome decides what a peer is told.
    pub(super) fn fire_asked<E: Event>(
        &mut self,
        cx: &mut RaCx<'_>,
        asked: Asked,
        message: ActivityId,
        event: E,
    ) -> Result<(), strowger::error::OpError> {
        let number = cx.fire_with(message, event, FireOptions::default(), REPORT)?;
        if self.asked.len() >= ASKED {
            // An event whose outcome is never told must not keep its entry.
            let sessions = &self.view.sessions;
            self.asked.retain(|_, asked| {
                let sess = sessions.get(asked.session);
                sess.is_some_and(|sess| sess.machine.is_waiting(asked.key))
            });
        }
        self.asked.insert(number, asked);
        Ok(())
    }

    /// What became of a request's event.
    pub(super) fn event_done(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        event: u64,
        outcome: Outcome,
    ) {
        if let Some(asked) = self.asked.remove(&event) {
            let status = match outcome {
                Outcome::Processed if asked.receipt => Status::ROK,
                // Its service may answer it later.
                Outcome::Processed => return,
                Outcome::NoReceiver => asked.unserved,
                Outcome::RolledBack | Outcome::Failed(_) if asked.receipt => Status::RX_T_APPN,
                Outcome::RolledBack | Outcome::Failed(_) => Status::RSYSERR,
            };
            return self.refuse(now, asked.session, asked.key, status);
        }
        let status = match outcome {
            Outcome::Processed => return,
            Outcome::NoReceiver | Outcome::RolledBack | Outcome::Failed(FailureReason::Other) => {
                Status::RSYSERR
            }
            Outcome::Failed(_) => Status::RMSGQFUL,
        };
        let Some((session, key)) = cx.cookie(activity).and_then(transaction_of) else {
            return;
        };
        let session = SessionKey::from_raw(session);
        if let Some(key) = self.close(cx, session, key) {
            cx.count("sms.requests_unserved", 1);
            self.refuse(now, session, key, status);
        }
    }

    // ---- answers

    /// A service answers a request; the first answer counts.
    pub(super) fn answer(&mut self, cx: &mut RaCx<'_>, now: Ms, id: RequestId, answer: &Answer) {
        if id.epoch != self.epoch {
            return cx.count("sms.answers_too_late", 1);
        }
        let session = SessionKey::from_raw(id.session);
        let key = InKey::from_raw(id.key);
        self.close(cx, session, key.raw());
        let lane = self.view.sessions.get(session).and_then(|sess| sess.lane);
        let lane = lane.and_then(|ix| self.view.lanes.get(ix));
        let form = lane.and_then(Lane::as_account).map(|account| account.ids);
        let Some(sess) = self.view.sessions.touch(session) else {
            return cx.count("sms.answers_too_late", 1);
        };
        let (status, machine) = (answer.status, &mut sess.machine);
        let answered = match &answer.body {
            Body::Empty => machine.refuse(now, key, status),
            Body::Pdu(pdu) => machine.respond(now, key, status, &pdu.view()),
            Body::Accepted(message) => {
                let text = message.text(form.unwrap_or_default());
                machine.respond(now, key, status, &accepted(id.command, text.as_bytes()))
            }
        };
        match answered {
            Ok(()) => {}
            Err(RespondError::Gone) => cx.count("sms.answers_too_late", 1),
            Err(RespondError::Mismatch { .. } | RespondError::Encode(_)) => {
                cx.count("sms.answers_unwritable", 1);
                self.refuse(now, session, key, Status::RSYSERR);
            }
        }
    }

    /// A request goes on to another peer, whose answer is its answer. Nothing is kept of it meanwhile but here.
    pub(super) fn relay(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        request: RequestId,
        to: &To,
        outgoing: Outgoing,
    ) {
        if request.epoch != self.epoch {
            return cx.count("sms.answers_too_late", 1);
        }
        self.close(cx, SessionKey::from_raw(request.session), request.key);
        self.send(cx, now, Whose::Request(request), to, outgoing);
    }

    /// Answers a request with a status.
    pub(super) fn refuse(&mut self, now: Ms, session: SessionKey, key: InKey, status: Status) {
        if let Some(sess) = self.view.sessions.touch(session) {
            // One that is gone has been answered.
            let _ = sess.machine.refuse(now, key, status);
        }
    }

    /// The session has answered a request itself, because nobody else did in time.
    pub(super) fn overdue(&mut self, cx: &mut RaCx<'_>, session: SessionKey, key: InKey) {
        cx.count("sms.answers_missing", 1);
        self.close(cx, session, key.raw());
    }

    /// A request's activity ends; gives the request's name if it was open.
    fn close(&mut self, cx: &mut RaCx<'_>, session: SessionKey, key: u32) -> Option<InKey> {
        let sess = self.view.sessions.get_mut(session)?;
        let activity = sess.open.remove(&key)?;
        self.end_activity(cx, activity);
        Some(InKey::from_raw(key))
    }

    /// A request's activity is to end, whoever wants that: the request is answered first.
    pub(super) fn give_up_transaction(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
    ) -> bool {
        let Some((session, key)) = cx.cookie(activity).and_then(transaction_of) else {
            return false;
        };
        let session = SessionKey::from_raw(session);
        match self.close(cx, session, key) {
            Some(key) => self.refuse(now, session, key, Status::RSYSERR),
            None => self.end_activity(cx, activity),
        }
        true
    }
}

/// esm_class: the message begins with a user data header.
pub(super) const UDHI: u8 = 0x40;

/// A message as it counts.
struct Message<'a> {
    source: &'a [u8],
    /// What decides where it is worked on.
    place: &'a [u8],
    parts: u32,
}

impl<'a> Message<'a> {
    /// `None` of what is no message.
    fn of(pdu: &Pdu<'a>) -> Option<Self> {
        let of_submit = |it: &Submit<'a>, place, times: u32| Message {
            source: it.source.digits,
            place,
            parts: parts(DataCoding(it.data_coding), it.content().len(), it.has_udh())
                .saturating_mul(times),
        };
        if let Pdu::SubmitSm(it) = pdu {
            return Some(of_submit(it, it.dest.digits, 1));
        }
        if let Pdu::SubmitMulti(it) = pdu {
            let times = u32::try_from(it.dests.count()).unwrap_or(u32::MAX);
            return Some(of_submit(&it.message, it.message.source.digits, times));
        }
        if let Pdu::DataSm(it) = pdu {
            return Some(Message {
                source: it.source.digits,
                place: it.dest.digits,
                parts: parts(
                    DataCoding(it.data_coding),
                    it.content().len(),
                    it.esm_class & UDHI != 0,
                ),
            });
        }
        if let Pdu::BroadcastSm(it) = pdu {
            return Some(Message {
                source: it.source.digits,
                place: it.source.digits,
                parts: 1,
            });
        }
        None
    }
}

fn asked((session, key): At, unserved: Status) -> Asked {
    Asked {
        session,
        key,
        unserved,
        receipt: false,
    }
}

/// The answer that takes a message.
pub(super) fn accepted(request: u32, message_id: &[u8]) -> Pdu<'_> {
    let answer = MessageIdResp {
        message_id,
        ..MessageIdResp::default()
    };
    match request {
        command::DATA_SM => Pdu::DataSmResp(answer),
        command::BROADCAST_SM => Pdu::BroadcastSmResp(answer),
        command::DELIVER_SM => Pdu::DeliverSmResp(answer),
        command::SUBMIT_MULTI => Pdu::SubmitMultiResp(SubmitMultiResp {
            message_id,
            ..SubmitMultiResp::default()
        }),
        _ => Pdu::SubmitSmResp(answer),
    }
}
