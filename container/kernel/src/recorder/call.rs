//! A recorded call as it is held: numbers in place of names, and what each step takes.

use super::CallNo;
use crate::registry::{EventIx, KindIx};
use std::net::SocketAddr;
use strowger::id::{ActivityId, Component, EntityId, RaIx, ServiceIx, TimerId};
use strowger::ra::{Direction, Parties, Redaction, Transport};
use strowger::time::{Now, Wall};

/// What a step takes besides its message.
const STEP: usize = 128;

/// A call as it is held.
pub(super) struct Call {
    pub(super) began: Now,
    pub(super) last: Now,
    pub(super) redaction: Redaction,
    pub(super) parties: Option<Parties>,
    pub(super) keys: Vec<(u64, Box<[u8]>)>,
    pub(super) services: Vec<ServiceIx>,
    pub(super) activities: Vec<ActivityId>,
    /// Activities that have not ended.
    pub(super) live: u32,
    /// It stands in the queue of those that ended.
    pub(super) queued: bool,
    pub(super) cut: bool,
    pub(super) steps: Vec<Held>,
    pub(super) bytes: u64,
    pub(super) messages: u64,
    pub(super) dropped: u64,
    /// Steps that it had when it was last given away.
    pub(super) taken: usize,
    /// It waits to be given away.
    pub(super) waits: bool,
}

/// A step as it is held.
pub(super) struct Held {
    pub(super) at: Now,
    pub(super) what: Kept,
}

pub(crate) enum Kept {
    Message {
        ra: RaIx,
        protocol: &'static str,
        direction: Direction,
        transport: Transport,
        listener: u16,
        remote: SocketAddr,
        key: u32,
        title: Box<str>,
        bytes: Box<[u8]>,
    },
    Activity(ActivityId, KindIx, Option<RaIx>),
    Ended(ActivityId),
    Event(ActivityId, EventIx, u64),
    Delivery(Box<Delivered>),
    TimerSet(ActivityId, TimerId, EventIx, Wall),
    TimerCancelled(TimerId, EventIx),
    TimerFired(TimerId, EventIx),
}

/// Who gets an event, as it was before that.
pub(crate) struct Subject {
    pub(crate) entity: EntityId,
    pub(crate) root: EntityId,
    pub(crate) service: ServiceIx,
    pub(crate) sbb: Component,
    /// The call that one of its activities is part of.
    pub(crate) call: Option<CallNo>,
}

pub(crate) struct Delivered {
    pub(crate) activity: ActivityId,
    pub(crate) event: EventIx,
    pub(crate) number: u64,
    pub(crate) service: ServiceIx,
    pub(crate) sbb: Component,
    pub(crate) entity: EntityId,
    pub(crate) rolled_back: Option<String>,
}

impl Kept {
    pub(super) fn bytes(&self) -> u64 {
        let more = match self {
            Self::Message { title, bytes, .. } => title.len() + bytes.len(),
            Self::Delivery(delivered) => {
                size_of::<Delivered>() + delivered.rolled_back.as_ref().map_or(0, String::len)
            }
            Self::Activity(..)
            | Self::Ended(_)
            | Self::Event(..)
            | Self::TimerSet(..)
            | Self::TimerCancelled(..)
            | Self::TimerFired(..) => 0,
        };
        (STEP + more) as u64
    }
}
