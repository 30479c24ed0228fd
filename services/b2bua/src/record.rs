//! What is written down of a call: one record for each INVITE that was let in, when its caller's leg is over.
//!
//! What is known of a call so far is an attribute of the caller's leg, and so goes wherever that goes, to another entity, too.
//! In a transfer whose referrer is the caller it moves on to the side that stays, so that what a caller began is accounted for
//! until nobody of it talks any more. Without an adaptor for records nothing of this is there.

use serde::Serialize;
use strowger::attribute::Attribute;
use strowger::prelude::*;
use strowger::time::Wall;
use strowger_records::{Record, Records, rfc3339};
use strowger_sip as sip;

use crate::ring::better;
use crate::state::{B2bua, Leg};

/// What is known so far.
#[derive(Debug, Clone, Default, State)]
pub(crate) struct Facts {
    calling: String,
    called: String,
    /// 0 where there is no record.
    started: u64,
    /// 0 before the answer.
    answered: u64,
    status: u16,
    by: Party,
    /// They are on a leg of the called side, since the caller has transferred it.
    moved: bool,
    calling_call_id: String,
    called_call_id: String,
}

/// Who ended a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, State)]
enum Party {
    #[default]
    Node,
    Caller,
    Callee,
}

impl Party {
    const fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Caller => "caller",
            Self::Callee => "callee",
        }
    }
}

impl Attribute for Facts {
    type Value = Self;
    const NAME: &'static str = "record";
}

/// The record.
#[derive(Debug, Serialize)]
struct CallRecord<'a> {
    calling: &'a str,
    called: &'a str,
    started: String,
    answered: Option<String>,
    ended: String,
    /// Milliseconds from the answer to the end; 0 for a call that was not answered.
    duration: u64,
    ended_by: &'static str,
    /// What the caller was answered at last.
    status: u16,
    transferred: bool,
    calling_call_id: &'a str,
    called_call_id: &'a str,
}

impl Record for CallRecord<'_> {
    const KIND: &'static str = "call";
    const VERSION: u16 = 1;
    const PERSONAL: &'static [&'static str] = &["calling", "called"];
}

/// A call that was let in. It is refused where its record might find no room.
pub(crate) fn begin(
    cx: &mut Cx,
    ev: &sip::Invite,
    caller: Leg,
    records: Records,
    sip: sip::Sip,
) -> Result<bool> {
    if !records.has_room(cx) {
        sip.respond(cx, ev, 503)?;
        return Ok(false);
    }
    let message = ev.message();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let facts = Facts {
        calling: message
            .from()
            .map_or_else(|_| String::new(), |from| text(from.uri_raw)),
        called: text(ev.uri()),
        started: cx.now().wall.0,
        calling_call_id: text(message.call_id().unwrap_or_default()),
        ..Facts::default()
    };
    cx.set::<Facts>(caller, &facts)?;
    Ok(true)
}

impl B2bua {
    /// A final response of one who was called, or what stands for it.
    pub(crate) fn note_response(
        &self,
        cx: &mut Cx,
        caller: Option<Leg>,
        ev: &sip::Response,
    ) -> Result {
        if !ev.is_to_invite() || ev.is_provisional() {
            return Ok(());
        }
        let call_id =
            String::from_utf8_lossy(ev.message().call_id().unwrap_or_default()).into_owned();
        // What a caller hears of a 503 (RFC 3261 16.7).
        let status = if ev.status() == 503 { 500 } else { ev.status() };
        let answered = ev.is_success().then(|| cx.now().wall.0);
        note(cx, caller, |facts| {
            if facts.answered > 0 {
                return;
            }
            facts.called_call_id = call_id;
            facts.answered = answered.unwrap_or_default();
            if answered.is_some() {
                (facts.status, facts.by) = (status, Party::Node);
            } else if better(facts.status, status) != facts.status {
                (facts.status, facts.by) = (status, Party::Callee);
            }
        })
    }

    /// The caller gives up.
    pub(crate) fn note_cancel(&self, cx: &mut Cx) -> Result {
        note(cx, self.caller(), |facts| {
            (facts.status, facts.by) = (487, Party::Caller);
        })
    }

    /// It has rung for as long as it may.
    pub(crate) fn note_no_answer(&self, cx: &mut Cx) -> Result {
        let caller = self.caller().filter(|_| !self.is_up());
        note(cx, caller, |facts| {
            facts.status = better(facts.status, 480);
        })
    }

    /// One side hangs up.
    pub(crate) fn note_bye(&self, cx: &mut Cx, from: Leg) -> Result {
        let ended = |own: bool| {
            move |facts: &mut Facts| {
                facts.by = if own == facts.moved {
                    Party::Callee
                } else {
                    Party::Caller
                };
            }
        };
        note(cx, Some(from), ended(true))?;
        note(cx, self.peer(from), ended(false))
    }
}

/// Nobody is left to be called.
pub(crate) fn refused(cx: &mut Cx, caller: Leg, best: u16) -> Result {
    note(cx, Some(caller), |facts| {
        if facts.status == 0 {
            facts.status = if best == 0 { 480 } else { best };
        }
    })
}

/// A leg is over: if a record is due with it, it is written.
pub(crate) fn end(cx: &mut Cx, leg: Leg, records: Records) {
    let Some(facts) = facts(cx, leg) else { return };
    let ended = cx.now().wall;
    let answered = (facts.answered > 0).then_some(Wall(facts.answered));
    let record = CallRecord {
        calling: &facts.calling,
        called: &facts.called,
        started: rfc3339(Wall(facts.started)),
        answered: answered.map(rfc3339),
        ended: rfc3339(ended),
        duration: answered.map_or(0, |answered| ended.0.saturating_sub(answered.0)),
        ended_by: facts.by.name(),
        status: facts.status,
        transferred: facts.moved,
        calling_call_id: &facts.calling_call_id,
        called_call_id: &facts.called_call_id,
    };
    // A leg that is over stays over; that a record is lost with it the adaptor tells.
    drop(records.write(cx, &record));
}

/// A leg goes, and its call goes on with the one who stays.
pub(crate) fn move_on(cx: &mut Cx, gone: Option<Leg>, stays: Leg) -> Result {
    let Some(gone) = gone else { return Ok(()) };
    if let (Some(facts), None) = (facts(cx, gone), facts(cx, stays)) {
        let moved = Facts {
            moved: !facts.moved,
            ..facts
        };
        cx.set::<Facts>(stays, &moved)?;
        cx.set::<Facts>(gone, &Facts::default())?;
    }
    Ok(())
}

fn note(cx: &mut Cx, leg: Option<Leg>, change: impl FnOnce(&mut Facts)) -> Result {
    if let Some(leg) = leg
        && let Some(mut facts) = facts(cx, leg)
    {
        change(&mut facts);
        cx.set::<Facts>(leg, &facts)?;
    }
    Ok(())
}

fn facts(cx: &Cx, leg: Leg) -> Option<Facts> {
    let facts = cx.get::<Facts>(leg).ok()?;
    (facts.started > 0).then_some(facts)
}
