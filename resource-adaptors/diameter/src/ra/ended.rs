//! What was answered last in sessions and transactions that are over: a copy of the last request gets the same answer.
//!
//! The stack knows copies that have the Origin-Host and End-to-End Identifier of the first (RFC 6733 5.5.4). Kept here is what
//! it needs to know them after a restart, beside the activities, which are gone; and which request ended which session, for a
//! client that sends the same interrogation in a new message (T bit; RFC 8506 5.7 has Session-Id and CC-Request-Number name it).
//! Bounded by the settings of `duplicates`, as the stack's table is.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use strowger::id::{ActivityId, Slot};
use strowger::postcard;
use strowger::ra::RaCx;
use strowger::room::{trim_line, trim_map};

use super::Core;
use super::compose::Role;
use super::incoming::Waiting;
use crate::proto::dict::{AvpDef, base, credit};
use crate::proto::time::Ms;
use crate::proto::wire::Message;

/// First byte of the sub keys of the records.
const ENDED: u8 = 1;

/// Sessions that are over.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// By Session-Id: what ended it.
    by_session: HashMap<Arc<str>, Last>,
    /// In the order of their ends; each is forgotten at its time.
    line: VecDeque<Entry>,
    number: u64,
}

/// The last request of a session.
#[derive(Debug)]
struct Last {
    number: u64,
    asked: Asked,
    /// How the stack knows its answer.
    host: Arc<str>,
    end_to_end: u32,
}

#[derive(Debug)]
struct Entry {
    until: Ms,
    number: u64,
    session: Option<Arc<str>>,
    /// Of one that is written down: where.
    slot: Option<Slot>,
}

/// What names a request within its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    command: u32,
    kind: Option<i32>,
    number: Option<u32>,
}

/// An answer that was the last on its activity.
#[derive(Debug, Serialize, Deserialize)]
struct EndedRecord {
    session: Option<String>,
    asked: Asked,
    origin_host: String,
    end_to_end: u32,
    answer: Vec<u8>,
}

/// An answer that may turn out to have been the last: its service ends the session next.
#[derive(Debug)]
pub(super) struct Recent {
    pub(super) activity: ActivityId,
    request: Message,
    answer: Bytes,
}

impl Asked {
    fn of(request: &Message) -> Self {
        let number = |def: &AvpDef| request.find(def).and_then(|avp| avp.u32().ok());
        let kind = |def: &AvpDef| request.find(def).and_then(|avp| avp.i32().ok());
        Self {
            command: request.header().command,
            kind: kind(&credit::CC_REQUEST_TYPE).or_else(|| kind(&base::ACCOUNTING_RECORD_TYPE)),
            number: number(&credit::CC_REQUEST_NUMBER)
                .or_else(|| number(&base::ACCOUNTING_RECORD_NUMBER)),
        }
    }
}

impl Ended {
    /// When the oldest is forgotten.
    pub(super) fn deadline(&self) -> Option<Ms> {
        self.line.front().map(|entry| entry.until)
    }

    fn add(&mut self, until: Ms, session: Option<Arc<str>>, last: Last, slot: Option<Slot>) {
        // Looked through once a second.
        let until = Ms(until.0.next_multiple_of(1_000));
        let number = last.number;
        if let Some(id) = &session {
            self.by_session.insert(Arc::clone(id), last);
        }
        self.line.push_back(Entry {
            until,
            number,
            session,
            slot,
        });
    }

    /// Forgets the oldest.
    fn pop(&mut self) -> Option<Entry> {
        let entry = self.line.pop_front()?;
        if let Some(session) = &entry.session
            && self.by_session.get(session).map(|last| last.number) == Some(entry.number)
        {
            self.by_session.remove(session);
        }
        Some(entry)
    }
}

impl Core {
    /// Notes that an activity ends with the answer to a request.
    pub(super) fn note_end(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        waiting: &Waiting,
        answer: &Bytes,
    ) {
        self.recent = None;
        let session = match waiting.role {
            Role::Within | Role::Ends => self.session_of(waiting.activity),
            // Nothing but the stack can know these again: to a service a new message is a new request.
            Role::Begins | Role::Alone | Role::Stateless => None,
        };
        let last = (waiting.activity, session);
        self.note_last(cx, now, last, &waiting.message, answer);
    }

    /// A session went on after an answer, as far as the adaptor can see.
    pub(super) fn note_answer(&mut self, waiting: Waiting, answer: Bytes) {
        self.recent = Some(Recent {
            activity: waiting.activity,
            request: waiting.message,
            answer,
        });
    }

    /// A session ends: with the answer that was given just before, if one was.
    pub(super) fn note_ending(&mut self, cx: &mut RaCx<'_>, now: Ms, activity: ActivityId) {
        if let Some(last) = self.recent.take_if(|recent| recent.activity == activity) {
            let session = self.session_of(activity);
            self.note_last(cx, now, (activity, session), &last.request, &last.answer);
        }
    }

    fn session_of(&self, activity: ActivityId) -> Option<(Arc<str>, Option<Arc<str>>)> {
        let session = self.view.sessions.get(activity)?;
        Some((Arc::clone(&session.id), session.host.clone()))
    }

    fn note_last(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        (activity, session): (ActivityId, Option<(Arc<str>, Option<Arc<str>>)>),
        request: &Message,
        answer: &Bytes,
    ) {
        let settings = self.settings.duplicates;
        let is_durable = cx.is_durable(activity);
        if settings.entries == 0 || session.is_none() && !is_durable {
            return;
        }
        self.ended.number += 1;
        let number = self.ended.number;
        let (asked, end_to_end) = (Asked::of(request), request.header().end_to_end);
        let host = request.origin_host().unwrap_or_default();
        let (session, known) = session.unzip();
        let known = known.flatten().filter(|known| known.as_ref() == host);
        let last = Last {
            number,
            asked,
            host: known.unwrap_or_else(|| host.into()),
            end_to_end,
        };
        if is_durable {
            let record = EndedRecord {
                session: session.as_deref().map(str::to_owned),
                asked,
                origin_host: host.to_owned(),
                end_to_end,
                answer: answer.to_vec(),
            };
            match postcard::to_allocvec(&record) {
                Ok(bytes) => cx.keep(activity, &key(number), &bytes),
                Err(_) => cx.count("diameter.records_unwritable", 1),
            }
        }
        let slot = is_durable.then(|| activity.slot());
        let until = now + window(&settings);
        self.ended.add(until, session, last, slot);
        while self.ended.line.len() > settings.entries as usize {
            self.forget_ended(cx);
        }
    }

    /// The answer to a request that ended a session, for a copy of it in a new message.
    pub(super) fn ended_answer(&self, request: &Message) -> Option<Bytes> {
        if !request.header().is_retransmit() {
            return None;
        }
        let session = request.session_id()?;
        let last = self.ended.by_session.get(session)?;
        if self.view.sessions.find(session).is_some() {
            return None;
        }
        let same_sender = request
            .origin_host()
            .is_some_and(|host| host.eq_ignore_ascii_case(&last.host));
        if !same_sender || last.asked != Asked::of(request) {
            return None;
        }
        self.stack.remembered(&last.host, last.end_to_end)
    }

    pub(super) fn expire_ended(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        while self.ended.line.front().is_some_and(|its| its.until <= now) {
            self.forget_ended(cx);
        }
        trim_line(&mut self.ended.line);
        trim_map(&mut self.ended.by_session);
    }

    fn forget_ended(&mut self, cx: &mut RaCx<'_>) {
        if let Some(entry) = self.ended.pop()
            && let Some(slot) = entry.slot
        {
            cx.discard(slot, &key(entry.number));
        }
    }

    /// A record comes back: for the whole window once more, since nobody knows how long there was no node.
    pub(super) fn restore_end(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        slot: Slot,
        sub: &[u8],
        value: &[u8],
    ) {
        let number = sub
            .strip_prefix(&[ENDED])
            .and_then(|number| Some(u64::from_be_bytes(number.try_into().ok()?)));
        let record: Option<EndedRecord> = postcard::from_bytes(value).ok();
        let (Some(number), Some(record)) = (number, record) else {
            cx.count("diameter.records_unreadable", 1);
            return cx.discard(slot, sub);
        };
        self.ended.number = self.ended.number.max(number);
        let (host, end_to_end): (Arc<str>, u32) = (record.origin_host.into(), record.end_to_end);
        self.stack
            .restore_answer(now, &host, end_to_end, record.answer.into());
        let last = Last {
            number,
            asked: record.asked,
            host,
            end_to_end,
        };
        let until = now + window(&self.settings.duplicates);
        let session = record.session.map(Into::into);
        self.ended.add(until, session, last, Some(slot));
    }
}

fn window(settings: &super::DuplicateSettings) -> u64 {
    u64::try_from(settings.window.as_millis()).unwrap_or(u64::MAX)
}

fn key(number: u64) -> [u8; 9] {
    let mut key = [ENDED; 9];
    key[1..].copy_from_slice(&number.to_be_bytes());
    key
}
