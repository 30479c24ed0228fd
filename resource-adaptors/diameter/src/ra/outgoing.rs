//! Requests of our own: sent, answered, given up; and the sessions that they belong to.

use std::time::Duration;

use bytes::Bytes;
use strowger::id::ActivityId;
use strowger::ra::RaCx;

use super::compose::{Role, role};
use super::sessions::{self, Session};
use super::{Core, State, Work};
use crate::api::{
    self, Answered, Command, ExpiryCause, Identity, Outgoing, SendError, SendFailure,
    SessionExpired, SessionTo, Timeout, What,
};
use crate::proto::dict::credit;
use crate::proto::node::{self, Tx, TxFailure};
use crate::proto::time::Ms;
use crate::proto::wire::{Avps, HEADER_LEN, Header, Message};

/// A request that waits for its answer.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) activity: ActivityId,
    pub(super) command: u32,
    pub(super) application: u32,
    pub(super) tag: u64,
    pub(super) role: Role,
    pub(super) end_to_end: u32,
    /// Its activity is its own and ends with it.
    pub(super) alone: bool,
    /// Of a request that may wait for a peer to be up: itself.
    pub(super) again: Option<Again>,
}

/// A request that has no peer to be sent to yet.
#[derive(Debug)]
pub(super) struct Parked {
    pub(super) pending: Pending,
    pub(super) again: Again,
}

/// What it takes to send a request later.
#[derive(Debug, Clone)]
pub(super) struct Again {
    pub(super) message: Bytes,
    /// How long it may wait for a peer.
    pub(super) until: Ms,
    /// An earlier process may have sent it.
    pub(super) sent: bool,
}

/// Accounting.
const ACCOUNTING: u32 = 271;

/// CC-Session-Failover: another server may take over (RFC 8506 8.4).
const FAILOVER_SUPPORTED: i32 = 1;

/// Sessions that are ended at one time for their silence.
const EXPIRIES: usize = 1_024;

impl Core {
    /// Carries out one command.
    pub(super) fn command(&mut self, cx: &mut RaCx<'_>, now: Ms, command: Command) {
        match command {
            Command::Begin { session, to } => self.begin_session(cx, now, session, &to),
            Command::Request { activity, request } => self.send(cx, now, activity, &request, true),
            Command::Send { activity, request } => {
                self.resubscribe(activity, request.avps.avps());
                if self.view.sessions.get(activity).is_some() || self.subscriptions.has(activity) {
                    self.send(cx, now, activity, &request, false);
                } else {
                    cx.count("diameter.commands_too_late", 1);
                }
            }
            Command::Subscribe {
                subscription,
                request,
            } => {
                self.subscribe(cx, now, subscription, &request);
            }
            Command::Answer { id, answer } => self.respond(cx, now, id, &answer),
            Command::Forward { id } => self.forward(cx, now, id),
            Command::Supervise { session, within } => self.supervise(cx, now, session, within),
            Command::End { activity } => self.end(cx, now, activity),
            Command::Note { counts, is_loss } => self.note(cx, now, &counts, is_loss),
        }
    }

    fn begin_session(&mut self, cx: &mut RaCx<'_>, now: Ms, activity: ActivityId, to: &SessionTo) {
        if self.view.sessions.len() >= self.settings.limits.sessions as usize {
            cx.count("diameter.sessions_refused", 1);
            return self.end_activity(cx, activity);
        }
        let id = sessions::mint(&self.settings.origin_host, activity, |key| cx.slot_of(key));
        let deadline = self.session_deadline(now, None);
        self.view.sessions.insert(
            activity,
            Session {
                id: id.into(),
                application: to.application,
                realm: to.realm.as_deref().map(Into::into),
                host: to.host.as_deref().map(Into::into),
                movable: false,
                ours: true,
                within: None,
                deadline,
            },
        );
        self.save_session(cx, activity);
    }

    fn supervise(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        within: Option<Duration>,
    ) {
        let within = within.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let deadline = self.session_deadline(now, within);
        if let Some(session) = self.view.sessions.get_mut(activity) {
            session.within = within;
        }
        self.view.sessions.extend(activity, deadline);
        self.save_session(cx, activity);
    }

    pub(super) fn session_deadline(&self, now: Ms, within: Option<u64>) -> Ms {
        let usual = || u64::try_from(self.settings.timers.session.as_millis()).unwrap_or(u64::MAX);
        Ms(now.0.saturating_add(within.unwrap_or_else(usual)))
    }

    /// Something came in a session.
    pub(super) fn touch(&mut self, now: Ms, activity: ActivityId) {
        if let Some(session) = self.view.sessions.get(activity) {
            let deadline = self.session_deadline(now, session.within);
            self.view.sessions.extend(activity, deadline);
        }
    }

    /// Sessions in which nothing came in their time are over. Where they are many, the rest is left to the next turn.
    pub(super) fn expire_sessions(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        for _ in 0..EXPIRIES {
            let Some(activity) = self.view.sessions.expire(now) else {
                return;
            };
            cx.count("diameter.sessions_expired", 1);
            self.expire_session(cx, now, activity, ExpiryCause::Silence);
        }
    }

    pub(super) fn expire_session(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        cause: ExpiryCause,
    ) {
        self.tell(cx, activity, SessionExpired { cause });
        self.end(cx, now, activity);
    }

    /// Fires an event that asks for nothing.
    pub(super) fn tell<E: strowger::event::Event>(
        &self,
        cx: &mut RaCx<'_>,
        activity: ActivityId,
        event: E,
    ) {
        if cx.has_receiver::<E>() && cx.fire(activity, event).is_err() {
            cx.count("diameter.events_refused", 1);
        }
    }

    /// Sends a request on an activity, which ends with the answer if it is `alone`.
    pub(super) fn send(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        outgoing: &Outgoing,
        alone: bool,
    ) {
        let What::Request {
            command,
            application,
        } = outgoing.what
        else {
            return;
        };
        let mut pending = Pending {
            activity,
            command,
            application,
            tag: outgoing.tag,
            role: role(command, outgoing.avps.avps()),
            end_to_end: 0,
            alone,
            again: None,
        };
        let session = self.view.sessions.get(activity);
        let written = match session {
            Some(session) => self.request(outgoing, &session.id, Some(session)),
            None => {
                let id =
                    sessions::mint(&self.settings.origin_host, activity, |key| cx.slot_of(key));
                self.request(outgoing, &id, None)
            }
        };
        let longest = self.settings.limits.message_bytes as usize;
        let message = match written {
            Ok(message) if message.len() <= longest => message,
            _ => return self.not_sent(cx, &pending, SendError::TooLong, false),
        };
        if !self.is_sound(&message) {
            return self.not_sent(cx, &pending, SendError::Invalid, false);
        }
        if matches!(self.state, State::Stopped | State::Inactive) {
            return self.not_sent(cx, &pending, SendError::Stopping, false);
        }
        let timeout = outgoing
            .timeout
            .map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let request = node::Outgoing {
            message: message.clone(),
            timeout,
            resend: outgoing.again,
        };
        let (tx, end_to_end) = self.stack.request(now, request);
        pending.end_to_end = end_to_end;
        pending.again = (now < self.grace).then(|| Again {
            message: message.clone(),
            until: self.grace,
            sent: false,
        });
        self.begin_work(activity, Work::Ours(tx));
        self.save_pending(cx, &pending, &message);
        self.pending.insert(tx, pending);
    }

    /// Sends a request that has waited for a peer. One that an earlier process may have sent has the T bit and the same
    /// End-to-End Identifier.
    fn send_again(&mut self, cx: &mut RaCx<'_>, now: Ms, parked: Parked) {
        let Parked { mut pending, again } = parked;
        let request = node::Outgoing {
            message: again.message.clone(),
            timeout: None,
            resend: again.sent.then_some(pending.end_to_end),
        };
        let (tx, end_to_end) = self.stack.request(now, request);
        self.end_work(pending.activity, Work::Parked(pending.end_to_end));
        self.begin_work(pending.activity, Work::Ours(tx));
        if !again.sent {
            self.forget_pending(cx, &pending);
            pending.end_to_end = end_to_end;
            self.save_pending(cx, &pending, &again.message);
        }
        pending.again = Some(again);
        self.pending.insert(tx, pending);
    }

    /// A request has no peer to be sent to: it waits for one.
    pub(super) fn park(&mut self, parked: Parked) {
        let (activity, end_to_end) = (parked.pending.activity, parked.pending.end_to_end);
        self.begin_work(activity, Work::Parked(end_to_end));
        let until = parked.again.until;
        self.parked_until = Some(self.parked_until.map_or(until, |at| at.min(until)));
        self.parked.insert((activity.raw(), end_to_end), parked);
    }

    /// A peer is up: what waits for one is tried.
    pub(super) fn unpark(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        self.parked_until = None;
        for parked in std::mem::take(&mut self.parked).into_values() {
            self.send_again(cx, now, parked);
        }
    }

    pub(super) fn expire_parked(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        if self.parked_until.is_none_or(|until| until > now) {
            return;
        }
        let due: Vec<Parked> = self
            .parked
            .extract_if(.., |_, parked| parked.again.until <= now)
            .map(|(_, parked)| parked)
            .collect();
        self.parked_until = self.parked.values().map(|parked| parked.again.until).min();
        for parked in due {
            let work = Work::Parked(parked.pending.end_to_end);
            self.end_work(parked.pending.activity, work);
            let sent = parked.again.sent;
            self.not_sent(cx, &parked.pending, SendError::Unroutable, sent);
        }
    }

    /// The answer to a request of ours.
    pub(super) fn answered(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        tx: Tx,
        (peer, again): (Identity, bool),
        message: &Message,
    ) {
        let Some(pending) = self.pending.remove(&tx) else {
            return;
        };
        let activity = pending.activity;
        self.end_work(activity, Work::Ours(tx));
        self.forget_pending(cx, &pending);
        self.learn(cx, activity, message);
        self.touch(now, activity);
        self.subscription_answered(cx, activity, message);
        let answer = match message.result_code() {
            _ if message.is_error() => Answer::Error,
            Some(code) if code < 3000 => Answer::Success,
            // Some send a protocol error without the bit, and an accounting record that cannot be taken now comes again.
            Some(3000..=3999) => Answer::Error,
            Some(4000..=4999) if pending.command == ACCOUNTING => Answer::Error,
            _ => Answer::Failure,
        };
        let event = Answered::new(message.detached(), peer, (pending.tag, again));
        if api::fire_answer(cx, activity, event).is_err() {
            cx.count("diameter.events_refused", 1);
        }
        self.done(cx, now, &pending, answer);
    }

    /// Notes who serves a session. Insisting on that server is right unless it says that others may take over.
    fn learn(&mut self, cx: &mut RaCx<'_>, activity: ActivityId, answer: &Message) {
        let Some(session) = self.view.sessions.get_mut(activity) else {
            return;
        };
        if !session.ours || answer.is_error() || answer.result_code() >= Some(3000) {
            return;
        }
        let failover = answer
            .find(&credit::CC_SESSION_FAILOVER)
            .and_then(|avp| avp.i32().ok());
        let movable = failover.map_or(session.movable, |value| value == FAILOVER_SUPPORTED);
        let host = answer.origin_host();
        let same = host.is_none() || session.host.as_deref() == host;
        if same && movable == session.movable {
            return;
        }
        session.movable = movable;
        if let Some(host) = host {
            session.host = Some(host.into());
        }
        self.save_session(cx, activity);
    }

    /// A request of ours has no answer and gets none.
    pub(super) fn failed(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        tx: Tx,
        failure: TxFailure,
        sent: bool,
    ) {
        let Some(mut pending) = self.pending.remove(&tx) else {
            return;
        };
        self.end_work(pending.activity, Work::Ours(tx));
        let unreachable = matches!(failure, TxFailure::NoRoute | TxFailure::Unroutable);
        if let Some(again) = pending.again.take()
            && unreachable
            && (again.sent || !sent)
            && again.until > now
        {
            return self.park(Parked { pending, again });
        }
        let reason = match failure {
            TxFailure::Timeout => return self.timed_out(cx, &pending, sent),
            TxFailure::NoRoute | TxFailure::Unroutable => SendError::Unroutable,
            TxFailure::Overflow => SendError::Overflow,
            TxFailure::Exhausted => SendError::PeerDown,
            TxFailure::BadAnswer => SendError::BadAnswer,
            TxFailure::Invalid => SendError::TooLong,
            TxFailure::Stopping => SendError::Stopping,
        };
        self.not_sent(cx, &pending, reason, sent);
    }

    fn timed_out(&mut self, cx: &mut RaCx<'_>, pending: &Pending, sent: bool) {
        let event = Timeout {
            command: pending.command,
            application: pending.application,
            tag: pending.tag,
            end_to_end: pending.end_to_end,
            sent,
        };
        self.tell(cx, pending.activity, event);
        self.unanswered(cx, pending);
    }

    fn not_sent(&mut self, cx: &mut RaCx<'_>, pending: &Pending, reason: SendError, sent: bool) {
        cx.count("diameter.requests_not_sent", 1);
        let event = SendFailure {
            command: pending.command,
            application: pending.application,
            tag: pending.tag,
            end_to_end: pending.end_to_end,
            reason,
            sent,
        };
        self.tell(cx, pending.activity, event);
        self.unanswered(cx, pending);
    }

    /// A request of ours is over without an answer. A session goes on: its service may send again, or end it.
    fn unanswered(&mut self, cx: &mut RaCx<'_>, pending: &Pending) {
        self.forget_pending(cx, pending);
        if pending.alone {
            self.end_activity(cx, pending.activity);
        } else if self.subscriptions.is_over(pending.activity, true) {
            self.subscriptions.remove(pending.activity);
            self.end_activity(cx, pending.activity);
        }
    }

    /// The answer to a request of ours has come: its activity may be over with it.
    fn done(&mut self, cx: &mut RaCx<'_>, now: Ms, pending: &Pending, answer: Answer) {
        let activity = pending.activity;
        let over = match answer {
            Answer::Error => self.subscriptions.is_over(activity, true),
            Answer::Failure => pending.role.is_last() || self.subscriptions.is_over(activity, true),
            Answer::Success => {
                pending.role.is_last() || self.subscriptions.is_over(activity, false)
            }
        };
        if pending.alone {
            self.end_activity(cx, activity);
        } else if over {
            self.end(cx, now, activity);
        }
    }
}

/// What kind of answer came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    Success,
    /// The request was refused by whom it was for.
    Failure,
    /// It was refused on its way, or for now, or could not be read: whom it was for has not taken it.
    Error,
}

/// Command, application and AVPs of an encoded request.
pub(super) fn read(message: &[u8]) -> Option<(Header, Avps<'_>)> {
    let header = Header::read(message).filter(Header::is_request)?;
    Some((header, Avps::new(message.get(HEADER_LEN..)?)))
}
