//! Records of activities. Sub key empty: the session or subscription. Sub key 1 and an End-to-End Identifier (big endian): a
//! request of ours that has no answer. Sub key 2 and a request's name (big endian): a request of a peer that has no answer.
//! Sub key 3: the last answer that was given in a session.
//!
//! After a restart requests of ours are sent again with the T bit and the same End-to-End Identifier as soon as there is a
//! peer; requests of peers, whose connections are gone, wait for their service and for being sent again.

use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use strowger::activity::Activity;
use strowger::id::{ActivityId, ComponentId};
use strowger::postcard;
use strowger::ra::RaCx;

use super::compose::role;
use super::incoming::Waiting;
use super::outgoing::{self, Again, Parked, Pending};
use super::sessions::Session;
use super::{Core, Work};
use crate::api;
use crate::proto::time::Ms;
use crate::proto::wire::{Limits, Message};

const SELF: &[u8] = b"";
const PENDING: u8 = 1;
const WAITING: u8 = 2;
const ANSWERED: &[u8] = &[3];

/// A session.
#[derive(Debug, Serialize, Deserialize)]
struct SessionRecord {
    id: String,
    application: u32,
    realm: Option<String>,
    host: Option<String>,
    movable: bool,
    ours: bool,
    within: Option<u64>,
}

/// A request of ours.
#[derive(Debug, Serialize, Deserialize)]
struct PendingRecord {
    tag: u64,
    message: Vec<u8>,
}

/// What a request was answered with.
#[derive(Debug, Serialize, Deserialize)]
struct AnsweredRecord {
    origin_host: String,
    end_to_end: u32,
    answer: Vec<u8>,
    /// When, in milliseconds of the wall clock: the session's time runs from there.
    at: u64,
}

impl Core {
    /// Writes a session down, if what is written is kept.
    pub(super) fn save_session(&self, cx: &mut RaCx<'_>, activity: ActivityId) {
        let Some(session) = self.view.sessions.get(activity) else {
            return;
        };
        let text = |name: &Option<Arc<str>>| name.as_deref().map(str::to_owned);
        let record = SessionRecord {
            id: session.id.to_string(),
            application: session.application,
            realm: text(&session.realm),
            host: text(&session.host),
            movable: session.movable,
            ours: session.ours,
            within: session.within,
        };
        write(cx, activity, SELF, &record);
    }

    pub(super) fn save_pending(&self, cx: &mut RaCx<'_>, pending: &Pending, message: &Bytes) {
        let record = PendingRecord {
            tag: pending.tag,
            message: message.to_vec(),
        };
        write(
            cx,
            pending.activity,
            &pending_key(pending.end_to_end),
            &record,
        );
    }

    pub(super) fn forget_pending(&self, cx: &mut RaCx<'_>, pending: &Pending) {
        // The end of an activity takes its records with it.
        if !pending.alone && cx.is_durable(pending.activity) {
            cx.forget(pending.activity, &pending_key(pending.end_to_end));
        }
    }

    pub(super) fn save_waiting(&self, cx: &mut RaCx<'_>, id: u64, waiting: &Waiting) {
        if cx.is_durable(waiting.activity) {
            cx.persist(waiting.activity, &waiting_key(id), waiting.message.bytes());
        }
    }

    pub(super) fn forget_waiting(&self, cx: &mut RaCx<'_>, activity: ActivityId, id: u64) {
        if cx.is_durable(activity) {
            cx.forget(activity, &waiting_key(id));
        }
    }

    /// Writes the answer down for a request that comes again to a later process.
    pub(super) fn save_answered(
        &self,
        cx: &mut RaCx<'_>,
        id: u64,
        waiting: &Waiting,
        answer: &Bytes,
    ) {
        if !cx.is_durable(waiting.activity) {
            return;
        }
        let record = AnsweredRecord {
            origin_host: waiting.message.origin_host().unwrap_or_default().to_owned(),
            end_to_end: waiting.message.header().end_to_end,
            answer: answer.to_vec(),
            at: cx.now().wall.0,
        };
        cx.forget(waiting.activity, &waiting_key(id));
        write(cx, waiting.activity, ANSWERED, &record);
    }

    /// The activity was raised to a durable class: all there is of it is written down.
    pub(super) fn snapshot(&mut self, cx: &mut RaCx<'_>, activity: ActivityId) {
        self.save_session(cx, activity);
        self.save_subscription(cx, activity);
        let work = self.work.get(&activity.raw()).cloned().unwrap_or_default();
        for work in work {
            match work {
                Work::Ours(tx) => {
                    if let Some(pending) = self.pending.get(&tx)
                        && let Some(message) = self.stack.sent(tx)
                    {
                        self.save_pending(cx, pending, &message);
                    }
                }
                Work::Parked(_) => {}
                Work::Theirs(id) => {
                    if let Some(waiting) = self.waiting.get(&id) {
                        self.save_waiting(cx, id, waiting);
                    }
                }
            }
        }
    }

    /// A record comes back.
    pub(super) fn restore(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        kind: ComponentId,
        sub: &[u8],
        value: &[u8],
    ) {
        let done = match sub.split_first() {
            None if kind == api::ShSubscription::TYPE.id() => {
                self.restore_subscription(cx, now, activity, value)
            }
            None => self.restore_session(now, activity, value),
            Some((&PENDING, key)) => self.restore_pending(now, activity, kind, key, value),
            Some((&WAITING, key)) => self.restore_waiting(cx, now, activity, kind, key, value),
            Some(_) if sub == ANSWERED => self.restore_answered(cx, now, activity, value),
            // Of a later release, which knows what it means.
            Some(_) => Some(()),
        };
        if done.is_none() {
            cx.count("diameter.records_unreadable", 1);
            if sub.is_empty() {
                self.end_activity(cx, activity);
            }
        }
    }

    fn restore_session(&mut self, now: Ms, activity: ActivityId, value: &[u8]) -> Option<()> {
        let record: SessionRecord = read(value)?;
        let session = Session {
            id: record.id.into(),
            application: record.application,
            realm: record.realm.map(Into::into),
            host: record.host.map(Into::into),
            movable: record.movable,
            ours: record.ours,
            within: record.within,
            deadline: self.session_deadline(now, record.within),
        };
        self.view.sessions.insert(activity, session);
        Some(())
    }

    fn restore_pending(
        &mut self,
        now: Ms,
        activity: ActivityId,
        kind: ComponentId,
        key: &[u8],
        value: &[u8],
    ) -> Option<()> {
        let end_to_end = u32::from_be_bytes(key.try_into().ok()?);
        let record: PendingRecord = read(value)?;
        let (header, avps) = outgoing::read(&record.message)?;
        let pending = Pending {
            activity,
            command: header.command,
            application: header.application,
            tag: record.tag,
            role: role(header.command, avps),
            end_to_end,
            alone: kind == api::ClientTx::TYPE.id(),
            again: None,
        };
        let again = Again {
            message: record.message.into(),
            until: self.peers_return(now),
            sent: true,
        };
        self.park(Parked { pending, again });
        Some(())
    }

    fn restore_waiting(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        kind: ComponentId,
        key: &[u8],
        value: &[u8],
    ) -> Option<()> {
        let id = u64::from_be_bytes(key.try_into().ok()?);
        let message = Bytes::copy_from_slice(value);
        let message = Message::parse_outer(message, &Limits::OWN).ok()?;
        let waiting = Waiting {
            key: None,
            activity,
            role: role(message.header().command, message.avps()),
            alone: kind == api::ServerTx::TYPE.id(),
            message,
        };
        self.wait(cx, now, id, waiting);
        Some(())
    }

    /// A session of a peer's goes on in the time that it had left. If that has passed while there was no node, the peer still
    /// gets the time to come back.
    fn restore_answered(
        &mut self,
        cx: &RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        value: &[u8],
    ) -> Option<()> {
        let AnsweredRecord {
            origin_host,
            end_to_end,
            answer,
            at,
        } = read(value)?;
        self.stack
            .restore_answer(now, &origin_host, end_to_end, answer.into());
        let has_work = self.work.contains_key(&activity.raw());
        if let Some(session) = self.view.sessions.get(activity).filter(|_| !has_work) {
            let whole = self.session_deadline(now, session.within);
            let passed = cx.now().wall.0.saturating_sub(at);
            let left = Ms(whole.0.saturating_sub(passed));
            let deadline = left.max(self.peers_return(now)).min(whole);
            self.view.sessions.extend(activity, deadline);
        }
        Some(())
    }

    /// When peers are back after a restart: the time that one may take to connect, and then that for an answer.
    fn peers_return(&self, now: Ms) -> Ms {
        let timers = &self.settings.timers;
        let time = (timers.reconnect + timers.capabilities + timers.request).as_millis();
        now + u64::try_from(time).unwrap_or(u64::MAX)
    }
}

fn pending_key(end_to_end: u32) -> [u8; 5] {
    let [a, b, c, d] = end_to_end.to_be_bytes();
    [PENDING, a, b, c, d]
}

fn waiting_key(id: u64) -> [u8; 9] {
    let mut key = [WAITING; 9];
    key[1..].copy_from_slice(&id.to_be_bytes());
    key
}

/// Writes a record, if what is written is kept.
pub(super) fn write<T: Serialize>(cx: &mut RaCx<'_>, activity: ActivityId, sub: &[u8], record: &T) {
    if !cx.is_durable(activity) {
        return;
    }
    match postcard::to_allocvec(record) {
        Ok(bytes) => cx.persist(activity, sub, &bytes),
        Err(_) => cx.count("diameter.records_unwritable", 1),
    }
}

pub(super) fn read<T: DeserializeOwned>(value: &[u8]) -> Option<T> {
    postcard::from_bytes(value).ok()
}
