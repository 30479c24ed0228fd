//! Requests of peers: to which activity they belong, who answers them, and what they are told if nobody does.

use bytes::Bytes;
use strowger::activity::Activity;
use strowger::id::ActivityId;
use strowger::ra::{FailureReason, FireFlags, Outcome, RaCx};

use super::compose::{Role, role};
use super::recorded;
use super::sessions::{self, Session};
use super::{Core, State, Work};
use crate::api::{self, FLAGS, Identity, Incoming, Outgoing, RequestId, ServerTx};
use crate::proto::dict::base;
use crate::proto::node::RequestKey;
use crate::proto::time::Ms;
use crate::proto::wire::{Builder, Message};

/// A request that a service has not answered.
#[derive(Debug)]
pub(super) struct Waiting {
    /// How the stack calls it; nothing for one that came to an earlier process.
    pub(super) key: Option<RequestKey>,
    pub(super) activity: ActivityId,
    pub(super) message: Message,
    pub(super) role: Role,
    /// Its activity is its own and ends with it.
    pub(super) alone: bool,
}

/// Result codes of the adaptor's own (RFC 6733 7.1).
const COMMAND_UNSUPPORTED: u32 = 3001;
const UNABLE_TO_DELIVER: u32 = 3002;
const TOO_BUSY: u32 = 3004;
const UNKNOWN_SESSION_ID: u32 = 5002;
const UNABLE_TO_COMPLY: u32 = 5012;

/// Undecided events below which nothing is looked through.
const UNDECIDED: usize = 65_536;

impl Core {
    /// A request for this node came.
    pub(super) fn request_came(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        key: RequestKey,
        peer: Identity,
        message: &Message,
    ) {
        let Some(id) = self.name(key, message) else {
            return cx.count("diameter.repeats_absorbed", 1);
        };
        let header = message.header();
        let role = role(header.command, message.avps());
        if let Some(answer) = self.ended_answer(message) {
            cx.count("diameter.repeats_answered", 1);
            self.stack.answer(now, key, answer);
            return;
        }
        let place = if api::is_received(cx, header.command) {
            self.place(cx, now, role, message)
        } else {
            Err(COMMAND_UNSUPPORTED)
        };
        match place {
            Ok((activity, alone)) => {
                // It may be kept for long, and would keep a whole buffer of others' bytes.
                let message = message.detached();
                recorded::activity(cx, activity, &message);
                let waiting = Waiting {
                    key: Some(key),
                    activity,
                    message: message.clone(),
                    role,
                    alone,
                };
                self.wait(cx, now, id, waiting);
                self.fire(
                    cx,
                    now,
                    activity,
                    Incoming::new(message, peer, RequestId(id)),
                );
            }
            Err(code) => {
                cx.count("diameter.requests_refused", 1);
                self.refuse(now, key, message, code);
            }
        }
    }

    /// The name of a request: the same whenever it comes. `None` for one that a service has already; it is answered where it
    /// came from last.
    fn name(&mut self, key: RequestKey, message: &Message) -> Option<u64> {
        let mut id = fingerprint(message);
        while let Some(other) = self.waiting.get_mut(&id) {
            if is_same(&other.message, message) {
                other.key = Some(key);
                return None;
            }
            id = id.wrapping_add(1);
        }
        Some(id)
    }

    /// The activity that a request happens on, begun if need be, and whether it is the request's own.
    fn place(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        role: Role,
        message: &Message,
    ) -> Result<(ActivityId, bool), u32> {
        if role == Role::Stateless {
            return match self.subscriptions.of(message) {
                Some(subscription) => Ok((subscription, false)),
                None => Ok((self.begin::<ServerTx>(cx, message)?, true)),
            };
        }
        let session_id = message.session_id().unwrap_or_default();
        if let Some(activity) = self.view.sessions.find(session_id) {
            self.touch(now, activity);
            return Ok((activity, false));
        }
        if matches!(role, Role::Within | Role::Ends) {
            return Err(UNKNOWN_SESSION_ID);
        }
        if self.view.sessions.len() >= self.settings.limits.sessions as usize {
            return Err(TOO_BUSY);
        }
        let activity = self.begin::<api::Session>(cx, message)?;
        let deadline = self.session_deadline(now, None);
        self.view.sessions.insert(
            activity,
            Session {
                id: session_id.into(),
                application: message.header().application,
                realm: message.origin_realm().map(Into::into),
                host: message.origin_host().map(Into::into),
                movable: false,
                ours: false,
                within: None,
                deadline,
            },
        );
        Ok((activity, false))
    }

    /// A new activity in the slot of the request's session.
    fn begin<A: Activity>(&self, cx: &mut RaCx<'_>, message: &Message) -> Result<ActivityId, u32> {
        if self.refusing || self.state != State::Active {
            return Err(TOO_BUSY);
        }
        let id = message.session_id().unwrap_or_default();
        let slot = sessions::slot(id, |key| cx.slot_of(key));
        let started = cx.start_activity::<A>(slot, FLAGS, 0);
        started.map_err(|_| TOO_BUSY)
    }

    pub(super) fn wait(&mut self, cx: &mut RaCx<'_>, now: Ms, id: u64, waiting: Waiting) {
        self.begin_work(waiting.activity, Work::Theirs(id));
        let patience = self.settings.timers.answer.as_millis();
        let until = Ms(now
            .0
            .saturating_add(u64::try_from(patience).unwrap_or(u64::MAX)));
        self.patience.push_back((until, id));
        self.save_waiting(cx, id, &waiting);
        self.waiting.insert(id, waiting);
    }

    /// Fires a request; what becomes of the event decides what the peer is told.
    fn fire(&mut self, cx: &mut RaCx<'_>, now: Ms, activity: ActivityId, request: Incoming) {
        let flags = FireFlags {
            report_done: true,
            report_unreferenced: false,
        };
        let id = request.id();
        match api::fire_request(cx, activity, request, flags) {
            Ok(number) => {
                self.bound_undecided();
                self.undecided.insert(number, id.0);
            }
            Err(_) => {
                cx.count("diameter.events_refused", 1);
                self.respond(cx, now, id, &Outgoing::answer(TOO_BUSY));
            }
        }
    }

    /// An event whose outcome is never told must not keep its entry: those of answered requests are dropped.
    fn bound_undecided(&mut self) {
        if self.undecided.len() >= UNDECIDED.max(2 * self.waiting.len()) {
            let waiting = &self.waiting;
            self.undecided.retain(|_, id| waiting.contains_key(id));
        }
    }

    pub(super) fn event_done(&mut self, cx: &mut RaCx<'_>, now: Ms, event: u64, outcome: Outcome) {
        let Some(id) = self.undecided.remove(&event).map(RequestId) else {
            return;
        };
        let code = match outcome {
            // Its service may answer it later.
            Outcome::Processed => return,
            Outcome::NoReceiver | Outcome::RolledBack | Outcome::Failed(FailureReason::Other) => {
                UNABLE_TO_COMPLY
            }
            Outcome::Failed(_) => TOO_BUSY,
        };
        if self.waiting.contains_key(&id.0) {
            cx.count("diameter.requests_unserved", 1);
            self.respond(cx, now, id, &Outgoing::answer(code));
        }
    }

    /// Answers a request; the first answer counts.
    pub(super) fn respond(&mut self, cx: &mut RaCx<'_>, now: Ms, id: RequestId, answer: &Outgoing) {
        let Some(waiting) = self.waiting.remove(&id.0) else {
            return cx.count("diameter.commands_too_late", 1);
        };
        let written = self.answer(&waiting.message, answer).ok();
        let sound = written.filter(|bytes| self.is_sound(bytes));
        let bytes = sound.unwrap_or_else(|| {
            cx.count("diameter.answers_unwritable", 1);
            self.error_answer(&waiting.message, UNABLE_TO_COMPLY)
        });
        let failed = is_failure(answer);
        match waiting.key {
            Some(key) => drop(self.stack.answer(now, key, bytes.clone())),
            // Its connection ended with an earlier process: it comes again on another.
            None => {
                let host = waiting.message.origin_host().unwrap_or_default();
                let number = waiting.message.header().end_to_end;
                self.stack.restore_answer(now, host, number, bytes.clone());
            }
        }
        let activity = waiting.activity;
        self.end_work(activity, Work::Theirs(id.0));
        if waiting.alone {
            self.note_end(cx, now, &waiting, &bytes);
            self.end_activity(cx, activity);
        } else if waiting.role.is_last() || waiting.role == Role::Begins && failed {
            self.note_end(cx, now, &waiting, &bytes);
            self.end(cx, now, activity);
        } else {
            self.save_answered(cx, id.0, &waiting, &bytes);
            self.note_answer(waiting, bytes);
        }
    }

    /// Sends a request on, as an agent.
    pub(super) fn forward(&mut self, cx: &mut RaCx<'_>, now: Ms, id: RequestId) {
        let Some(waiting) = self.waiting.remove(&id.0) else {
            return cx.count("diameter.commands_too_late", 1);
        };
        let activity = waiting.activity;
        if let Some(key) = waiting.key
            && !self
                .stack
                .forward(now, key, waiting.message.bytes().clone())
        {
            self.refuse(now, key, &waiting.message, UNABLE_TO_DELIVER);
        }
        self.end_work(activity, Work::Theirs(id.0));
        self.forget_waiting(cx, activity, id.0);
        if waiting.alone {
            self.end_activity(cx, activity);
        } else if waiting.role.is_last() {
            self.end(cx, now, activity);
        }
    }

    /// Requests that no service has answered in its time.
    pub(super) fn expire_waiting(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        while let Some((until, id)) = self.patience.front().copied() {
            if until > now && self.waiting.contains_key(&id) {
                return;
            }
            self.patience.pop_front();
            if self.waiting.contains_key(&id) && until <= now {
                cx.count("diameter.answers_missing", 1);
                self.respond(cx, now, RequestId(id), &Outgoing::answer(UNABLE_TO_COMPLY));
            }
        }
    }

    /// What an activity waits for is given up, and what it owes is answered.
    pub(super) fn give_up(&mut self, cx: &mut RaCx<'_>, now: Ms, activity: ActivityId) {
        for work in self.work.remove(&activity.raw()).unwrap_or_default() {
            match work {
                Work::Ours(tx) => {
                    self.pending.remove(&tx);
                    self.stack.forget(now, tx);
                }
                Work::Parked(end_to_end) => {
                    self.parked.remove(&(activity.raw(), end_to_end));
                }
                Work::Theirs(id) => {
                    if let Some(waiting) = self.waiting.remove(&id)
                        && let Some(key) = waiting.key
                    {
                        cx.count("diameter.requests_unserved", 1);
                        self.refuse(now, key, &waiting.message, UNABLE_TO_COMPLY);
                    }
                }
            }
        }
    }

    fn refuse(&mut self, now: Ms, key: RequestKey, request: &Message, code: u32) {
        let answer = self.error_answer(request, code);
        self.stack.answer(now, key, answer);
    }

    fn error_answer(&self, request: &Message, code: u32) -> Bytes {
        let header = request.header();
        let mut answer = Builder::answer(request);
        if code / 1000 == 3 {
            answer.error();
        }
        answer.identities(&self.settings.origin_host, &self.settings.origin_realm);
        answer.avp(&base::RESULT_CODE, code);
        let written = answer.finish(header.hop_by_hop, header.end_to_end);
        // What is copied from a message fits into one.
        written.unwrap_or_default()
    }
}

/// FNV-1a of Origin-Host and End-to-End Identifier, which together name a request (RFC 6733 3).
fn fingerprint(message: &Message) -> u64 {
    let host = message.origin_host().unwrap_or_default().bytes();
    let number = message.header().end_to_end.to_be_bytes();
    let bytes = host.map(|byte| byte.to_ascii_lowercase()).chain(number);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Whether a service's answer says that the request has failed.
fn is_failure(answer: &Outgoing) -> bool {
    let avps = answer.avps.avps();
    let code = avps.get(&base::RESULT_CODE).or_else(|| {
        let experimental = avps.get(&base::EXPERIMENTAL_RESULT)?;
        experimental.group().get(&base::EXPERIMENTAL_RESULT_CODE)
    });
    code.and_then(|code| code.u32().ok()) >= Some(3000)
}

fn is_same(a: &Message, b: &Message) -> bool {
    let hosts = (
        a.origin_host().unwrap_or_default(),
        b.origin_host().unwrap_or_default(),
    );
    a.header().end_to_end == b.header().end_to_end && hosts.0.eq_ignore_ascii_case(hosts.1)
}
