//! Durable records: their keys, and their bytes: a format byte for each kind, then postcard (see `docs/adr/0002`).
//!
//! | kind | session | sub key | holds |
//! |---|---|---|---|
//! | 0 | 0 | table | the ceiling of the slot's stamps, or of the numbers of events |
//! | 1 | 0 | id | what an id means, as text |
//! | 2 | activity | - | an activity context: type, owner, names, attributes |
//! | 3 | activity | the adaptor's | a record of the adaptor's |
//! | 4 | activity | timer | a timer |
//! | 5 | activity | event | an event not yet offered to all, with its progress |
//! | 6 | root entity | entity | an entity: state, place in the tree, attachments |
//! | 7 | an adaptor entity's name, hashed | the adaptor's | a record of the adaptor entity itself |
//! | 8 | 0 | number | a delivery that was put aside |
//! | 9 | 0 | number | an alarm of a service |
//! | 10 | a profile table's number | - | a profile table: name, specification, default profile |
//! | 11 | a profile table's number | number | a profile |
//! | 12 | 0 | a service's name, hashed | what an operator wants of a service |

use crate::activity::Owner;
use crate::kernel::Kernel;
use crate::manage::RestoreError;
use crate::version::Share;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::borrow::Cow;
use strowger::address::Address;
use strowger::alarm::Severity;
use strowger::id::{ActivityId, ComponentId, EntityId, Slot, TimerId};
use strowger::ra::{ActivityFlags, FireFlags};
use strowger::time::Wall;
use strowger::timer::PreserveMissed;
use strowger_journal::Key;

pub(crate) const CEILING: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const ACTIVITY: u8 = 2;
pub(crate) const ADAPTOR: u8 = 3;
pub(crate) const TIMER: u8 = 4;
pub(crate) const EVENT: u8 = 5;
pub(crate) const ENTITY: u8 = 6;
pub(crate) const KEPT: u8 = 7;
pub(crate) const QUARANTINE: u8 = 8;
pub(crate) const ALARM: u8 = 9;
pub(crate) const TABLE: u8 = 10;
pub(crate) const PROFILE: u8 = 11;
pub(crate) const DESIRED: u8 = 12;

/// Tables in ceiling records.
pub(crate) const ACTIVITIES: u8 = 0;
pub(crate) const ENTITIES: u8 = 1;
pub(crate) const TIMERS: u8 = 2;
/// Numbers of events; in slot 0 only, eight bytes.
pub(crate) const EVENTS: u8 = 3;

/// The format of every kind that has one.
pub(crate) const FORMAT: u8 = 1;

pub(crate) fn ceiling_key(slot: Slot, table: &[u8]) -> Key<'_> {
    Key {
        slot: slot.0,
        session: 0,
        kind: CEILING,
        sub: table,
    }
}
pub(crate) fn text_key(slot: Slot, id: &[u8]) -> Key<'_> {
    Key {
        slot: slot.0,
        session: 0,
        kind: TEXT,
        sub: id,
    }
}
pub(crate) fn activity_key(id: ActivityId) -> Key<'static> {
    Key {
        slot: id.slot().0,
        session: id.raw(),
        kind: ACTIVITY,
        sub: &[],
    }
}
pub(crate) fn adaptor_key(id: ActivityId, sub: &[u8]) -> Key<'_> {
    Key {
        slot: id.slot().0,
        session: id.raw(),
        kind: ADAPTOR,
        sub,
    }
}
pub(crate) fn kept_key(slot: Slot, adaptor: u64, sub: &[u8]) -> Key<'_> {
    Key {
        slot: slot.0,
        session: adaptor,
        kind: KEPT,
        sub,
    }
}
pub(crate) fn quarantine_key(slot: Slot, number: &[u8]) -> Key<'_> {
    Key {
        slot: slot.0,
        session: 0,
        kind: QUARANTINE,
        sub: number,
    }
}
pub(crate) fn alarm_key(slot: Slot, number: &[u8]) -> Key<'_> {
    Key {
        slot: slot.0,
        session: 0,
        kind: ALARM,
        sub: number,
    }
}
/// Profiles are the node's, not a slot's: they lie in the first.
pub(crate) fn table_key(table: u64) -> Key<'static> {
    Key {
        slot: 0,
        session: table,
        kind: TABLE,
        sub: &[],
    }
}
pub(crate) fn profile_key(table: u64, row: &[u8]) -> Key<'_> {
    Key {
        slot: 0,
        session: table,
        kind: PROFILE,
        sub: row,
    }
}
pub(crate) fn desired_key(slot: Slot, service: &[u8]) -> Key<'_> {
    Key {
        slot: slot.0,
        session: 0,
        kind: DESIRED,
        sub: service,
    }
}
pub(crate) fn timer_key(id: ActivityId, timer: &[u8]) -> Key<'_> {
    Key {
        slot: id.slot().0,
        session: id.raw(),
        kind: TIMER,
        sub: timer,
    }
}
pub(crate) fn event_key(id: ActivityId, number: &[u8]) -> Key<'_> {
    Key {
        slot: id.slot().0,
        session: id.raw(),
        kind: EVENT,
        sub: number,
    }
}
pub(crate) fn entity_key(root: EntityId, entity: &[u8]) -> Key<'_> {
    Key {
        slot: root.slot().0,
        session: root.raw(),
        kind: ENTITY,
        sub: entity,
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ActivityRecord<'a> {
    pub(crate) kind: ComponentId,
    #[serde(borrow)]
    pub(crate) owner: OwnerRecord<'a>,
    pub(crate) flags: ActivityFlags,
    pub(crate) ending: bool,
    pub(crate) strict: bool,
    pub(crate) created: u32,
    #[serde(borrow)]
    pub(crate) names: SmallVec<[&'a str; 2]>,
    #[serde(borrow)]
    pub(crate) attributes: SmallVec<[(u64, &'a [u8]); 2]>,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum OwnerRecord<'a> {
    Null,
    Service(ComponentId),
    Ra(&'a str),
    Table(u64),
}

#[derive(Serialize, Deserialize)]
pub(crate) struct TimerRecord<'a> {
    pub(crate) kind: ComponentId,
    pub(crate) preserve: PreserveMissed,
    pub(crate) at_once: bool,
    pub(crate) tag: &'a [u8],
    pub(crate) next: Wall,
    pub(crate) period: u64,
    pub(crate) repetitions: u32,
    pub(crate) passed: u32,
    pub(crate) missed: u32,
    pub(crate) timeout: u64,
    pub(crate) address: Option<Cow<'a, Address>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct EventRecord<'a> {
    pub(crate) kind: ComponentId,
    pub(crate) event: Cow<'a, [u8]>,
    pub(crate) target: Option<ComponentId>,
    pub(crate) address: Option<Cow<'a, Address>>,
    #[serde(borrow)]
    pub(crate) report: Option<(&'a str, FireFlags)>,
    pub(crate) held: Option<Wall>,
    pub(crate) progress: Option<ProgressRecord>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ProgressRecord {
    pub(crate) delivered: SmallVec<[EntityId; 4]>,
    pub(crate) services: SmallVec<[ComponentId; 4]>,
    pub(crate) processed: bool,
    pub(crate) rolled_back: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct EntityRecord<'a> {
    pub(crate) service: ComponentId,
    pub(crate) sbb: ComponentId,
    pub(crate) fingerprint: u64,
    pub(crate) parent: Option<EntityId>,
    pub(crate) priority: i8,
    pub(crate) created: u32,
    pub(crate) name: &'a [u8],
    pub(crate) attachments: SmallVec<[AttachmentRecord; 2]>,
    pub(crate) state: &'a [u8],
}

#[derive(Serialize, Deserialize)]
pub(crate) struct AttachmentRecord {
    pub(crate) activity: ActivityId,
    pub(crate) seq: u32,
    pub(crate) masked: Vec<ComponentId>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct QuarantineRecord<'a> {
    pub(crate) activity: ActivityId,
    pub(crate) kind: ComponentId,
    pub(crate) event: Cow<'a, [u8]>,
    pub(crate) address: Option<Cow<'a, Address>>,
    pub(crate) service: ComponentId,
    pub(crate) receiver: Option<EntityId>,
    pub(crate) cause: &'a str,
    pub(crate) first: Wall,
    pub(crate) last: Wall,
    pub(crate) times: u32,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct AlarmRecord<'a> {
    pub(crate) service: ComponentId,
    pub(crate) kind: &'a str,
    pub(crate) instance: &'a str,
    pub(crate) severity: Severity,
    pub(crate) text: &'a str,
    pub(crate) since: Wall,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct DesiredRecord<'a> {
    pub(crate) service: &'a str,
    pub(crate) component: ComponentId,
    pub(crate) left: bool,
    pub(crate) active: bool,
    pub(crate) configured: bool,
    pub(crate) canary: Option<Share>,
    pub(crate) replaced: Option<ComponentId>,
    pub(crate) moves_to: Option<ComponentId>,
}

/// The number that is a record's sub key.
pub(crate) fn number(key: &Key<'_>) -> Result<u64, RestoreError> {
    key.sub
        .try_into()
        .map(u64::from_be_bytes)
        .map_err(|_| damaged(key))
}

pub(crate) fn damaged(key: &Key<'_>) -> RestoreError {
    RestoreError::Damaged {
        slot: key.slot,
        session: key.session,
        kind: key.kind,
    }
}

pub(crate) fn append(record: &impl Serialize, out: &mut Vec<u8>) -> bool {
    out.push(FORMAT);
    strowger::encoding::append(record, out).is_ok()
}

pub(crate) fn encode_activity(kernel: &Kernel, id: ActivityId, out: &mut Vec<u8>) -> bool {
    let Some(activity) = kernel.activities.get(id) else {
        return false;
    };
    let owner = match activity.owner {
        Owner::Null => OwnerRecord::Null,
        Owner::Service(ix) => {
            OwnerRecord::Service(kernel.service(ix).map_or(ComponentId(0), |s| s.id))
        }
        Owner::Table => OwnerRecord::Table(kernel.table_of(id)),
        Owner::Ra(ra) => OwnerRecord::Ra(kernel.adaptor(ra).map_or("", |a| &a.name)),
    };
    let extra = activity.extra.as_deref();
    let record = ActivityRecord {
        kind: kernel
            .registry
            .kind_component(activity.kind)
            .map_or(ComponentId(0), |c| c.id()),
        owner,
        flags: activity.flags,
        ending: activity.ending,
        strict: activity.class == crate::Durability::Strict,
        created: activity.created,
        names: activity.names().iter().map(|n| &**n).collect(),
        attributes: extra
            .iter()
            .flat_map(|e| &e.attributes)
            .map(|(k, v)| (*k, &**v))
            .collect(),
    };
    append(&record, out)
}

pub(crate) fn encode_timer(kernel: &Kernel, id: TimerId, out: &mut Vec<u8>) -> bool {
    let Some(timer) = kernel.timers.get(id) else {
        return false;
    };
    let rare = timer.rare();
    let record = TimerRecord {
        kind: kernel
            .registry
            .event_decl(timer.kind)
            .map_or(ComponentId(0), |d| d.id()),
        preserve: timer.preserve,
        at_once: timer.at_once,
        tag: &timer.tag,
        next: timer.next,
        period: rare.period,
        repetitions: rare.repetitions,
        passed: timer.passed,
        missed: timer.missed,
        timeout: timer.timeout,
        address: rare.address.as_ref().map(Cow::Borrowed),
    };
    append(&record, out)
}

pub(crate) fn encode_event(kernel: &Kernel, place: u32, out: &mut Vec<u8>) -> bool {
    let Some(queued) = kernel.queue.get(place) else {
        return false;
    };
    let mut event = Vec::new();
    if queued.event.encode(&mut event).is_err() {
        return false;
    }
    let service_id = |ix: &strowger::id::ServiceIx| kernel.service(*ix).map(|s| s.id);
    let record = EventRecord {
        kind: kernel
            .registry
            .event_decl(queued.kind)
            .map_or(ComponentId(0), |d| d.id()),
        event: Cow::Owned(event),
        target: queued.target.as_ref().and_then(service_id),
        address: queued.address.as_deref().map(Cow::Borrowed),
        report: queued
            .report
            .and_then(|(ra, flags)| Some((kernel.adaptor(ra)?.name.as_str(), flags))),
        held: queued.held,
        progress: queued.progress.as_ref().map(|p| ProgressRecord {
            delivered: p.delivered.clone(),
            services: p.services.iter().filter_map(service_id).collect(),
            processed: p.processed,
            rolled_back: p.rolled_back,
        }),
    };
    append(&record, out)
}

pub(crate) fn encode_entity(kernel: &Kernel, id: EntityId, out: &mut Vec<u8>) -> bool {
    let Some(entity) = kernel.entities.get(id) else {
        return false;
    };
    let Some((service, sbb)) = kernel.sbb_of(id) else {
        return false;
    };
    let attachment = |activity: &ActivityId| {
        let attachment = kernel.activities.get(*activity)?.attachment(id)?;
        let masked = |(bit, _): &(usize, &strowger::id::Component)| attachment.mask >> bit & 1 == 1;
        let masked = sbb
            .events
            .iter()
            .enumerate()
            .filter(masked)
            .map(|(_, event)| event.id());
        Some(AttachmentRecord {
            activity: *activity,
            seq: attachment.seq,
            masked: masked.collect(),
        })
    };
    let record = EntityRecord {
        service: service.id,
        sbb: sbb.id,
        fingerprint: sbb.schema.fingerprint,
        parent: entity.parent,
        priority: entity.priority,
        created: entity.created,
        name: &entity.name,
        attachments: entity.activities.iter().filter_map(attachment).collect(),
        state: &entity.state,
    };
    append(&record, out)
}
