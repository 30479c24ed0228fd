//! Deliveries that ended in a panic, put aside until an operator has them made again or drops them.
//!
//! What is put aside is one delivery: an event for one receiver. Nothing waits for it: the event's other receivers and the
//! activity's later events have their turn. Not here: deliveries that a handler refuses with an error, for that is its
//! answer; and the last event of an activity, which cannot be offered twice.
//!
//! Invariants: there are never more of them than [`Limits::quarantine`](crate::Limits::quarantine), the oldest makes room;
//! the record of one is written and removed in the commit that takes its event from the queue or puts it there again.

use crate::entity::Entity;
use crate::kernel::Kernel;
use crate::manage::{ReleaseError, RestoreError, ServiceState};
use crate::options::Durability;
use crate::output::{AlarmSource, ShardOutput};
use crate::record::{self, QuarantineRecord};
use crate::registry::{END, EventIx};
use crate::router::{Progress, Routing};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;
use strowger::address::Address;
use strowger::event::AnyEvent;
use strowger::id::{ActivityId, Component, EntityId, ServiceIx};
use strowger::time::{Now, Wall};
use strowger_journal::Key;

/// Bytes that are kept of why it failed.
const CAUSE: usize = 512;
/// The alarm of a service with deliveries that were put aside.
const ALARM: &str = "quarantined";

/// A delivery that was put aside, for operators.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuarantinedInfo {
    /// Its number; never used twice.
    pub number: u64,
    /// The service.
    pub service: ServiceIx,
    /// The event type.
    pub event: Component,
    /// The activity.
    pub activity: ActivityId,
    /// The entity that was to receive it; `None` where it is an initial event for the service.
    pub entity: Option<EntityId>,
    /// Why, in words.
    pub cause: String,
    /// When it failed first.
    pub first: Wall,
    /// When it failed last.
    pub last: Wall,
    /// How often it failed.
    pub times: u32,
    /// Why it cannot be released as things are, if so.
    pub stuck: Option<ReleaseError>,
}

/// A delivery that was put aside.
#[derive(Clone)]
struct Aside {
    activity: ActivityId,
    kind: EventIx,
    event: AnyEvent,
    address: Option<Box<Address>>,
    service: ServiceIx,
    /// `None`: the service, by an initial event.
    receiver: Option<EntityId>,
    cause: Box<str>,
    first: Wall,
    last: Wall,
    times: u32,
}

/// All that were put aside.
#[derive(Default)]
pub(crate) struct Quarantine {
    waiting: BTreeMap<u64, Aside>,
    /// Those that were released, by the number of their event, until it was offered.
    released: BTreeMap<u64, (u64, Aside)>,
}

impl Quarantine {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
    /// A released event was offered.
    pub(crate) fn offered(&mut self, event: u64) {
        if !self.released.is_empty() {
            self.released.remove(&event);
        }
    }
}

/// The receiver of a delivery that failed.
#[derive(Clone, Copy)]
pub(crate) struct Receiver {
    pub(crate) service: ServiceIx,
    /// `None`: the service, by an initial event.
    pub(crate) entity: Option<EntityId>,
}

impl Kernel {
    /// Keeps the delivery of an event, which has failed.
    pub(crate) fn put_aside(&mut self, routing: &Routing, receiver: Receiver, cause: &str) {
        if routing.kind == END || self.limits.quarantine == 0 {
            return;
        }
        let known = self.quarantine.released.remove(&routing.number);
        let (number, mut aside) = known.unwrap_or_else(|| {
            let number = self.queue.number;
            self.queue.number += 1;
            let queued = self.queue.get(routing.place);
            let aside = Aside {
                activity: routing.activity,
                kind: routing.kind,
                event: routing.event.clone(),
                address: queued.and_then(|event| event.address.clone()),
                service: receiver.service,
                receiver: receiver.entity,
                cause: Box::default(),
                first: self.now.wall,
                last: self.now.wall,
                times: 0,
            };
            (number, aside)
        });
        aside.cause = Box::from(head(cause));
        aside.last = self.now.wall;
        aside.times = aside.times.saturating_add(1);
        self.make_room_aside();
        self.metrics.quarantined += 1;
        self.write_aside(number, &aside);
        self.tell_aside(&aside);
        self.quarantine.waiting.insert(number, aside);
    }

    /// The oldest makes room for one more.
    fn make_room_aside(&mut self) {
        let most = self.limits.quarantine as usize;
        while self.quarantine.waiting.len() + self.quarantine.released.len() >= most {
            if let Some((number, aside)) = self.quarantine.waiting.pop_first() {
                self.metrics.quarantine_dropped += 1;
                self.forget_aside(number, &aside);
            } else if self.quarantine.released.pop_first().is_none() {
                return;
            }
        }
    }

    /// Raises the alarm of the service.
    fn tell_aside(&mut self, aside: &Aside) {
        let event = aside.event.event_type();
        self.outputs.notice(ShardOutput::Alarm {
            source: AlarmSource::Service(aside.service),
            name: ALARM,
            raised: true,
            text: format!(
                "{event} on {} was put aside: {}",
                aside.activity, aside.cause
            ),
        });
    }

    /// One is not waiting any more: its record goes, and with the last one of a service the alarm.
    fn forget_aside(&mut self, number: u64, aside: &Aside) {
        if self.class_of(aside.service) > Durability::None {
            self.remove_quarantine_record(aside.activity.slot(), number);
        }
        let service = aside.service;
        if !self
            .quarantine
            .waiting
            .values()
            .any(|a| a.service == service)
        {
            self.outputs.notice(ShardOutput::Alarm {
                source: AlarmSource::Service(service),
                name: ALARM,
                raised: false,
                text: "none is left".to_owned(),
            });
        }
    }

    fn write_aside(&mut self, number: u64, aside: &Aside) {
        if self.class_of(aside.service) == Durability::None {
            return;
        }
        let mut event = Vec::new();
        let kind = self.registry.event_decl(aside.kind).map(|d| d.id());
        let service = self.service(aside.service).map(|s| s.id);
        let (Some(kind), Some(service), Ok(())) = (kind, service, aside.event.encode(&mut event))
        else {
            return;
        };
        let written = QuarantineRecord {
            activity: aside.activity,
            kind,
            event: Cow::Owned(event),
            address: aside.address.as_deref().map(Cow::Borrowed),
            service,
            receiver: aside.receiver,
            cause: &aside.cause,
            first: aside.first,
            last: aside.last,
            times: aside.times,
        };
        self.put_quarantine_record(aside.activity.slot(), number, &written);
    }

    pub(crate) fn class_of(&self, service: ServiceIx) -> Durability {
        self.service(service).map_or(Durability::None, |s| s.class)
    }

    // ---- for operators

    /// Those with numbers above `after`, in the order of numbers, and the number that the next part is after.
    pub(crate) fn quarantined(
        &self,
        after: Option<u64>,
        limit: usize,
        service: Option<ServiceIx>,
    ) -> (Vec<QuarantinedInfo>, Option<u64>) {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let range = self.quarantine.waiting.range((from, Bound::Unbounded));
        let mut of = range.filter(|(_, aside)| service.is_none_or(|ix| aside.service == ix));
        let page: Vec<_> = of
            .by_ref()
            .take(limit)
            .map(|(number, aside)| self.aside_info(*number, aside))
            .collect();
        let more = of.next().is_some();
        let next = page.last().map(|info| info.number).filter(|_| more);
        (page, next)
    }

    pub(crate) fn quarantined_one(&self, number: u64) -> Option<QuarantinedInfo> {
        let aside = self.quarantine.waiting.get(&number)?;
        Some(self.aside_info(number, aside))
    }

    fn aside_info(&self, number: u64, aside: &Aside) -> QuarantinedInfo {
        QuarantinedInfo {
            number,
            service: aside.service,
            event: aside.event.event_type(),
            activity: aside.activity,
            entity: aside.receiver,
            cause: aside.cause.clone().into_string(),
            first: aside.first,
            last: aside.last,
            times: aside.times,
            stuck: self.may_release(aside).err(),
        }
    }

    fn may_release(&self, aside: &Aside) -> Result<(), ReleaseError> {
        let activity = self.activities.get(aside.activity).filter(|a| !a.ending);
        let activity = activity.ok_or(ReleaseError::ActivityGone)?;
        match aside.receiver {
            Some(entity) if activity.attachment(entity).is_none() => Err(ReleaseError::EntityGone),
            Some(_) => Ok(()),
            None => {
                let service = self.service(aside.service);
                let active = service.is_some_and(|s| s.state == ServiceState::Active);
                active.then_some(()).ok_or(ReleaseError::ServiceInactive)
            }
        }
    }

    /// Has the delivery made again: to its receiver only, after what waits on its activity.
    pub(crate) fn release_quarantined(
        &mut self,
        now: Now,
        number: u64,
    ) -> Result<(), ReleaseError> {
        self.now = now;
        let aside = self.quarantine.waiting.get(&number);
        let aside = aside.ok_or(ReleaseError::Unknown)?.clone();
        self.may_release(&aside)?;
        self.queue_takes(aside.activity, aside.kind)
            .map_err(|_| ReleaseError::QueueFull)?;
        let mut event = self.new_event(aside.activity, aside.kind, aside.event.clone());
        event.target = Some(aside.service);
        event.address.clone_from(&aside.address);
        event.progress = Some(Box::new(self.progress_to(&aside)));
        let offered_as = event.number;
        self.enqueue(event);
        self.metrics.quarantine_released += 1;
        self.quarantine.waiting.remove(&number);
        self.forget_aside(number, &aside);
        self.quarantine.released.insert(offered_as, (number, aside));
        self.outputs.end_unit();
        Ok(())
    }

    /// The progress of an event that everyone but one receiver has been offered.
    fn progress_to(&self, aside: &Aside) -> Progress {
        let attached = self.activities.get(aside.activity).map(|a| &a.attached);
        let entities = attached.into_iter().flatten().map(|a| a.entity);
        let initial = aside.receiver.is_none();
        // A root that has come meanwhile may be the one that an initial event is for.
        let others = entities.filter(|id| {
            let own = |e: &&Entity| e.service == aside.service && !(initial && e.parent.is_none());
            aside.receiver != Some(*id) && self.entities.get(*id).as_ref().is_some_and(own)
        });
        Progress {
            delivered: others.collect(),
            services: SmallVec::from_iter(initial.then_some(aside.service)),
            ..Progress::default()
        }
    }

    /// Drops one; whether there was one.
    pub(crate) fn discard_quarantined(&mut self, now: Now, number: u64) -> bool {
        self.now = now;
        let Some(aside) = self.quarantine.waiting.remove(&number) else {
            return false;
        };
        self.metrics.quarantine_discarded += 1;
        self.forget_aside(number, &aside);
        self.outputs.end_unit();
        true
    }

    // ---- after a restart

    /// One whose service or event type is not there any more means nothing.
    pub(crate) fn restore_quarantined(
        &mut self,
        key: &Key<'_>,
        record: QuarantineRecord<'_>,
    ) -> Result<bool, RestoreError> {
        let number = record::number(key)?;
        self.queue.number = self.queue.number.max(number + 1);
        let decoded = self.registry.decode_event(record.kind, &record.event);
        let service = self.service_ix(record.service);
        let (Some((kind, event)), Some(service)) = (decoded, service) else {
            return Ok(false);
        };
        let aside = Aside {
            activity: record.activity,
            kind,
            event,
            address: record.address.map(|a| Box::new(a.into_owned())),
            service,
            receiver: record.receiver,
            cause: Box::from(record.cause),
            first: record.first,
            last: record.last,
            times: record.times,
        };
        self.tell_aside(&aside);
        self.quarantine.waiting.insert(number, aside);
        Ok(true)
    }
}

/// The beginning of a text.
fn head(text: &str) -> &str {
    text.get(..text.floor_char_boundary(CAUSE)).unwrap_or(text)
}
