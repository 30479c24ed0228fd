//! What is kept of a message: in eight bytes of its activity while the process lives, and in one record beyond.
//!
//! The bytes (the activity's cookie) say whether a send of it is under way, whether it waits in line, and the last id that a
//! message centre gave to it. A message without any of these has no record. Transactions keep their request's name there, with
//! the highest bit set.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use strowger::activity::Activity;
use strowger::id::{ActivityId, ComponentId};
use strowger::postcard;
use strowger::ra::RaCx;

use super::Core;
use super::upstream::Key;
use crate::api::{SendError, SendFailed, SmsMessage, To};

/// The activity is a peer's request.
const TRANSACTION: u64 = 1 << 63;
/// A send of the message is under way.
const SENDING: u64 = 1 << 62;
/// The message waits in line.
const WAITING: u64 = 1 << 61;

/// The record of a message.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    sending: bool,
    /// Where it waits, and its place among all that do.
    waiting: Option<(To, u64)>,
    /// Ids that message centres gave to it, the last one last.
    ids: SmallVec<[u64; 2]>,
}

/// What a restart leaves to be done when the entity is active.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Messages whose sends were under way.
    sending: Vec<u64>,
    /// Messages that waited in line: place, and where.
    waiting: Vec<(u64, u64, To)>,
}

/// The cookie of a peer's request.
pub(super) fn transaction_cookie(session: u32, key: u32) -> u64 {
    TRANSACTION | u64::from(session) << 32 | u64::from(key)
}

/// The request whose cookie this is: its session, and its name there.
pub(super) fn transaction_of(cookie: u64) -> Option<(u32, u32)> {
    let is_one = cookie & TRANSACTION != 0;
    is_one.then_some((((cookie & !TRANSACTION) >> 32) as u32, cookie as u32))
}

impl Core {
    /// A send of a message begins.
    pub(super) fn begin_sending(&mut self, cx: &mut RaCx<'_>, activity: ActivityId) {
        if let Some(cookie) = cx.cookie(activity) {
            if cookie & SENDING != 0 {
                // One send of a message at a time: an earlier one that has not left does not leave any more.
                self.view.lanes.withdraw(activity);
            }
            cx.set_cookie(activity, (cookie | SENDING) & !WAITING);
            self.save(cx, activity, None);
        }
    }

    /// It is over; the message may have an id now.
    pub(super) fn end_sending(&mut self, cx: &mut RaCx<'_>, activity: ActivityId, id: Option<Key>) {
        let Some(cookie) = cx.cookie(activity) else {
            return;
        };
        let mut cookie = cookie & !SENDING;
        if let Some(id) = id {
            let before = Key::from_raw(cookie);
            let limit = self.settings.limits.upstream_ids;
            if self.upstream.insert(id, activity, before, limit) {
                cookie = cookie & WAITING | id.raw();
            } else {
                cx.count("sms.upstream_ids_refused", 1);
            }
        }
        cx.set_cookie(activity, cookie);
        self.save(cx, activity, None);
    }

    /// A message begins to wait in line; whether it did not before.
    pub(super) fn begin_waiting(
        &mut self,
        cx: &mut RaCx<'_>,
        activity: ActivityId,
        to: &To,
        order: u64,
    ) -> bool {
        let Some(cookie) = cx.cookie(activity).filter(|cookie| cookie & WAITING == 0) else {
            return false;
        };
        cx.set_cookie(activity, cookie | WAITING);
        self.save(cx, activity, Some((to, order)));
        true
    }

    /// It does not any more; whether it did. Its record says so with the send that follows.
    pub(super) fn end_waiting(&mut self, cx: &mut RaCx<'_>, activity: ActivityId) -> bool {
        let Some(cookie) = cx.cookie(activity).filter(|cookie| cookie & WAITING != 0) else {
            return false;
        };
        cx.set_cookie(activity, cookie & !WAITING);
        true
    }

    /// A message is over.
    pub(super) fn end_message(&mut self, cx: &mut RaCx<'_>, activity: ActivityId) {
        if let Some(cookie) = cx.cookie(activity) {
            if cookie & SENDING != 0 {
                self.view.lanes.withdraw(activity);
            }
            self.upstream.remove(activity, Key::from_raw(cookie));
            cx.set_cookie(activity, 0);
            self.end_activity(cx, activity);
        }
    }

    /// The activity was raised to a durable class: what there is of a message is written down.
    pub(super) fn snapshot(&mut self, cx: &mut RaCx<'_>, activity: ActivityId) {
        let cookie = cx.cookie(activity).unwrap_or(0);
        if cookie != 0 && cookie & TRANSACTION == 0 {
            self.save(cx, activity, None);
        }
    }

    fn save(&self, cx: &mut RaCx<'_>, activity: ActivityId, waiting: Option<(&To, u64)>) {
        if !cx.is_durable(activity) {
            return;
        }
        let cookie = cx.cookie(activity).unwrap_or(0);
        let older = self.upstream.older(activity).iter().copied();
        let ids: SmallVec<[u64; 2]> = older.chain(Key::from_raw(cookie)).map(Key::raw).collect();
        let record = Record {
            sending: cookie & SENDING != 0,
            waiting: waiting.map(|(to, order)| (to.clone(), order)),
            ids,
        };
        if !record.sending && record.waiting.is_none() && record.ids.is_empty() {
            return cx.forget(activity, b"");
        }
        match postcard::to_extend(&record, SmallVec::<[u8; 64]>::new()) {
            Ok(bytes) => cx.persist(activity, b"", &bytes),
            Err(_) => cx.count("sms.records_unwritable", 1),
        }
    }

    // ---- after a restart

    /// A record comes back.
    pub(super) fn restore(
        &mut self,
        cx: &mut RaCx<'_>,
        activity: ActivityId,
        kind: ComponentId,
        value: &[u8],
    ) {
        if kind != SmsMessage::TYPE.id() {
            return self.end_activity(cx, activity);
        }
        let Ok(record) = postcard::from_bytes::<Record>(value) else {
            // The message is still its service's.
            return cx.count("sms.records_unreadable", 1);
        };
        let mut cookie = 0;
        for id in record.ids.into_iter().filter_map(Key::from_raw) {
            let limit = self.settings.limits.upstream_ids;
            if self
                .upstream
                .insert(id, activity, Key::from_raw(cookie), limit)
            {
                cookie = id.raw();
            }
        }
        cx.set_cookie(activity, cookie);
        if record.sending {
            self.left.sending.push(activity.raw());
        }
        if let Some((to, order)) = record.waiting {
            self.left.waiting.push((order, activity.raw(), to));
        }
    }

    /// An activity comes back without a record.
    pub(super) fn restore_bare(
        &mut self,
        cx: &mut RaCx<'_>,
        activity: ActivityId,
        kind: ComponentId,
    ) {
        if kind != SmsMessage::TYPE.id() {
            self.end_activity(cx, activity);
        }
    }

    /// Entity and services are active after a restart: they hear of sends that were under way, and lines form again.
    pub(super) fn resume(&mut self, cx: &mut RaCx<'_>) {
        if !cx.has_receiver::<SendFailed>() {
            return;
        }
        let left = std::mem::take(&mut self.left);
        for raw in left.sending {
            let activity = ActivityId::from_raw(raw);
            self.save(cx, activity, None);
            let event = SendFailed {
                to: "".into(),
                reason: SendError::Restarted,
                maybe_sent: true,
                tag: 0,
            };
            self.tell(cx, activity, event);
        }
        let mut waiting = left.waiting;
        waiting.sort_unstable_by_key(|(order, raw, _)| (*order, *raw));
        for (order, raw, to) in waiting {
            let activity = ActivityId::from_raw(raw);
            self.orders = self.orders.max(order);
            let cookie = cx.cookie(activity);
            if let (Some(ix), Some(cookie)) = (self.view.lanes.find(&to), cookie) {
                cx.set_cookie(activity, cookie | WAITING);
                self.line_up(ix, activity);
            }
        }
    }
}
