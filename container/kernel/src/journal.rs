//! What must be kept: which records have changed in this turn, and the one commit that will hold them.
//!
//! A turn makes one journal commit, however many transactions it ran: a group reaches the store as a whole or not at
//! all, so a record that changed five times is written once, and one that came and went not at all. What an output
//! depends on is therefore the commit of its turn, if that holds anything of class strict.

use crate::adaptor::kept_hash;
use crate::kernel::Kernel;
use crate::options::Durability;
use crate::output::{AlarmSource, ShardOutput};
use crate::record;
use strowger::id::{ActivityId, EntityId, RaIx, ServiceIx, Slot, TimerId};
use strowger_journal::{Group, GroupBuilder, Key, Seq};

/// Numbers of events that one durable ceiling stands for.
const NUMBERS: u64 = 1 << 20;

/// Bytes of a commit at which routing waits for the next turn.
const FULL: usize = 8 * 1024 * 1024;

/// Records of other versions that are written anew in one turn.
const REWRITTEN: usize = 1_024;

/// The journal side of a shard.
pub(crate) struct Journal {
    builder: GroupBuilder,
    /// Bytes of the builder when the turn's commit had been begun.
    open: Option<usize>,
    strict: bool,
    /// The last commit of class strict.
    pub(crate) last_strict: Seq,
    activities: Vec<ActivityId>,
    entities: Vec<EntityId>,
    timers: Vec<TimerId>,
    /// Events on durable activities: place and number.
    events: Vec<(u32, u64)>,
    scratch: Vec<u8>,
    pub(crate) records: u64,
    /// Kind of a record that was too long to be written.
    too_long: Option<u8>,
    /// Entities whose records another version has written.
    outdated: Vec<EntityId>,
    /// While records are restored, the number of the next commit is not known: what is to be written waits here.
    parked: Option<Vec<Parked>>,
}

/// An encoded key with its value, or without one where the record is to be removed.
type Parked = (Vec<u8>, Option<Vec<u8>>);

impl Journal {
    pub(crate) fn new(next: Seq) -> Self {
        Self {
            builder: GroupBuilder::new(next),
            open: None,
            strict: false,
            last_strict: Seq(0),
            activities: Vec::new(),
            entities: Vec::new(),
            timers: Vec::new(),
            events: Vec::new(),
            scratch: Vec::new(),
            records: 0,
            too_long: None,
            outdated: Vec::new(),
            parked: None,
        }
    }
    /// An entity was restored from a record that another version has written.
    pub(crate) fn note_outdated(&mut self, id: EntityId) {
        self.outdated.push(id);
    }
    /// An event waits; if it is still there when the group is taken, it is written.
    pub(crate) fn note_event(&mut self, class: Durability, place: u32, number: u64) {
        if class > Durability::None {
            self.events.push((place, number));
        }
    }
    /// Writes a record. One that is too long is refused by limits long before; should it get here, an alarm says so.
    fn put(&mut self, new: bool, key: &Key<'_>, value: &[u8]) {
        self.records += 1;
        if let Some(parked) = &mut self.parked {
            return parked.push((key.to_vec(), Some(value.to_vec())));
        }
        let written = if new {
            self.builder.insert(key, value)
        } else {
            self.builder.update(key, value)
        };
        if written.is_err() {
            self.too_long = Some(key.kind);
        }
    }
    fn remove(&mut self, key: &Key<'_>) {
        self.records += 1;
        if let Some(parked) = &mut self.parked {
            return parked.push((key.to_vec(), None));
        }
        let _ = self.builder.remove(key);
    }
    /// Until `restored`, nothing is numbered.
    pub(crate) fn restoring(&mut self) {
        self.parked.get_or_insert_default();
    }
    /// The store's last commit is known.
    pub(crate) fn restored(&mut self, last: Seq) {
        self.builder = GroupBuilder::new(last.next());
        self.last_strict = last;
        let Some(parked) = self.parked.take().filter(|p| !p.is_empty()) else {
            return;
        };
        self.builder.begin(true);
        self.open = Some(self.builder.len());
        self.strict = true;
        self.last_strict = self.builder.last();
        for (key, value) in parked {
            let Ok(key) = Key::decode(&key) else { continue };
            let _ = match value {
                Some(value) => self.builder.update(&key, &value),
                None => self.builder.remove(&key),
            };
        }
    }
    /// Removes a record found in the store that means nothing any more.
    pub(crate) fn drop_record(&mut self, key: &Key<'_>) {
        self.remove(key);
    }
    /// Whether so much was persisted in this turn that it should end.
    pub(crate) const fn is_full(&self) -> bool {
        self.builder.len() > FULL
    }
    fn is_marked(&self) -> bool {
        !(self.activities.is_empty() && self.entities.is_empty() && self.timers.is_empty())
    }
}

impl Kernel {
    /// Opens the turn's commit, or raises it.
    pub(crate) fn open_commit(&mut self, class: Durability) {
        if self.journal.parked.is_some() {
            return;
        }
        let strict = class == Durability::Strict;
        if self.journal.open.is_none() {
            self.journal.builder.begin(strict);
            self.journal.open = Some(self.journal.builder.len());
            self.journal.strict = strict;
        } else if strict && !self.journal.strict {
            self.journal.builder.raise();
            self.journal.strict = true;
        }
        if strict {
            self.journal.last_strict = self.journal.builder.last();
            self.outputs.raise_unit(self.journal.last_strict);
        }
    }

    /// An activity's record is to be written, if its class is durable.
    pub(crate) fn mark_activity(&mut self, id: ActivityId) {
        let Some(activity) = self.activities.get_mut(id) else {
            return;
        };
        let class = activity.class;
        if class == Durability::None {
            return;
        }
        if !std::mem::replace(&mut activity.dirty, true) {
            self.journal.activities.push(id);
        }
        self.open_commit(class);
    }

    /// An entity's record is to be written, if its service's class is durable.
    pub(crate) fn mark_entity(&mut self, id: EntityId) {
        let Some(entity) = self.entities.get_mut(id) else {
            return;
        };
        let class = self
            .services
            .get(usize::from(entity.service.0))
            .map_or(Durability::None, |s| s.class);
        if class == Durability::None && !entity.written {
            return;
        }
        if !std::mem::replace(&mut entity.dirty, true) {
            self.journal.entities.push(id);
        }
        self.open_commit(class);
    }

    /// A timer's record is to be written, if its activity's class is durable.
    pub(crate) fn mark_timer(&mut self, id: TimerId) {
        let Some(timer) = self.timers.get_mut(id) else {
            return;
        };
        let class = self
            .activities
            .get(timer.activity)
            .map_or(Durability::None, |a| a.class);
        if class == Durability::None || timer.expired {
            return;
        }
        if !std::mem::replace(&mut timer.dirty, true) {
            self.journal.timers.push(id);
        }
        self.open_commit(class);
    }

    /// Has some records of other versions written anew; whether there are more. Until then each start migrates them.
    pub(crate) fn rewrite_some(&mut self) -> bool {
        // Where the store does not keep up, those of the turn before are still to be taken; that it does again wakes the shard.
        if self.journal.outdated.is_empty() || self.journal.entities.len() >= REWRITTEN {
            return false;
        }
        let rest = self.journal.outdated.len().saturating_sub(REWRITTEN);
        for id in self.journal.outdated.split_off(rest) {
            self.mark_entity(id);
        }
        self.outputs.end_unit();
        !self.journal.outdated.is_empty()
    }

    /// The routing of an event rests half-way: with the next group it is written how far it came.
    pub(crate) fn mark_event(&mut self, id: ActivityId, place: u32) {
        let class = self
            .activities
            .get(id)
            .map_or(Durability::None, |a| a.class);
        let Some(event) = self.queue.get(place) else {
            return;
        };
        if class > Durability::None {
            self.journal.note_event(class, place, event.number);
            self.open_commit(class);
        }
    }

    pub(crate) fn remove_event_record(&mut self, id: ActivityId, number: u64) {
        self.open_commit(Durability::Relaxed);
        self.journal
            .remove(&record::event_key(id, &number.to_be_bytes()));
    }
    pub(crate) fn remove_timer_record(&mut self, id: TimerId, activity: ActivityId) {
        let class = self
            .activities
            .get(activity)
            .map_or(Durability::Relaxed, |a| a.class);
        self.open_commit(class);
        self.journal
            .remove(&record::timer_key(activity, &id.raw().to_be_bytes()));
    }
    pub(crate) fn remove_entity_record(&mut self, id: EntityId, entity: &crate::entity::Entity) {
        let class = self
            .service(entity.service)
            .map_or(Durability::Relaxed, |s| s.class);
        self.open_commit(class.max(Durability::Relaxed));
        self.journal
            .remove(&record::entity_key(entity.root, &id.raw().to_be_bytes()));
    }
    /// Removes an activity's record and those of its adaptor.
    pub(crate) fn remove_activity_records(
        &mut self,
        id: ActivityId,
        activity: &crate::activity::Activity,
    ) {
        if !activity.written && !activity.has_records() {
            return;
        }
        self.open_commit(Durability::Relaxed);
        if activity.written {
            self.journal.remove(&record::activity_key(id));
        }
        for sub in activity.subs() {
            self.journal.remove(&record::adaptor_key(id, sub));
        }
    }

    /// Writes a record of an adaptor's (see `RaCx::persist`).
    pub(crate) fn put_adaptor_record(&mut self, id: ActivityId, sub: &[u8], value: &[u8]) {
        let Some(activity) = self.activities.get_mut(id) else {
            return;
        };
        let class = activity.class;
        if class == Durability::None {
            return;
        }
        let new = !activity.has_record(sub);
        if new {
            activity.add_record(sub);
        }
        self.open_commit(class);
        self.journal.put(new, &record::adaptor_key(id, sub), value);
    }
    pub(crate) fn remove_adaptor_record(&mut self, id: ActivityId, sub: &[u8]) {
        let activity = self.activities.get_mut(id);
        let Some(activity) = activity.filter(|a| a.has_record(sub)) else {
            return;
        };
        let class = activity.class;
        activity.remove_record(sub);
        self.open_commit(class);
        self.journal.remove(&record::adaptor_key(id, sub));
    }

    /// Writes a record of an adaptor entity itself, under a slot and in a class (see `RaCx::keep`).
    pub(crate) fn put_kept_record(
        &mut self,
        ra: RaIx,
        (slot, class): (Slot, Durability),
        sub: &[u8],
        value: &[u8],
    ) {
        if class == Durability::None {
            return;
        }
        let Some(adaptor) = self.adaptor_mut(ra) else {
            return;
        };
        adaptor.kept.insert(kept_hash(slot, sub));
        let name = adaptor.name_hash;
        self.open_commit(class);
        let key = record::kept_key(slot, name, sub);
        self.journal.put(false, &key, value);
    }
    pub(crate) fn remove_kept_record(&mut self, ra: RaIx, slot: Slot, sub: &[u8]) {
        let Some(adaptor) = self.adaptor_mut(ra) else {
            return;
        };
        adaptor.kept.remove(&kept_hash(slot, sub));
        let name = adaptor.name_hash;
        self.open_commit(Durability::Relaxed);
        self.journal.remove(&record::kept_key(slot, name, sub));
    }

    /// Writes a delivery that was put aside. No message waits for it: what took its event from the queue is in the same commit.
    pub(crate) fn put_quarantine_record(
        &mut self,
        slot: Slot,
        number: u64,
        written: &record::QuarantineRecord<'_>,
    ) {
        self.open_commit(Durability::Relaxed);
        let key = number.to_be_bytes();
        self.write(false, &record::quarantine_key(slot, &key), |_, out| {
            record::append(written, out)
        });
    }
    pub(crate) fn remove_quarantine_record(&mut self, slot: Slot, number: u64) {
        self.open_commit(Durability::Relaxed);
        let key = number.to_be_bytes();
        self.journal.remove(&record::quarantine_key(slot, &key));
    }

    pub(crate) fn put_alarm_record(
        &mut self,
        slot: Slot,
        number: u64,
        written: &record::AlarmRecord<'_>,
    ) {
        self.open_commit(Durability::Relaxed);
        let key = number.to_be_bytes();
        self.write(false, &record::alarm_key(slot, &key), |_, out| {
            record::append(written, out)
        });
    }
    pub(crate) fn remove_alarm_record(&mut self, slot: Slot, number: u64) {
        self.open_commit(Durability::Relaxed);
        let key = number.to_be_bytes();
        self.journal.remove(&record::alarm_key(slot, &key));
    }
    /// Writes a record in the turn's commit, which has been opened.
    pub(crate) fn write_record(
        &mut self,
        new: bool,
        key: &Key<'_>,
        encode: impl FnOnce(&mut Vec<u8>) -> bool,
    ) {
        self.write(new, key, |_, out| encode(out));
    }
    pub(crate) fn remove_record(&mut self, key: &Key<'_>) {
        self.journal.remove(key);
    }

    /// The turn's changes as a group.
    pub(crate) fn take_group(&mut self) -> Option<Group> {
        if self.journal.is_marked() && self.journal.open.is_none() {
            self.open_commit(Durability::Strict);
        }
        self.write_ceilings();
        self.write_events();
        self.write_activities();
        self.write_entities();
        self.write_timers();
        if let Some(empty) = self.journal.open.take()
            && self.journal.builder.len() == empty
        {
            self.journal.builder.abandon();
            let last = self.journal.builder.last();
            self.outputs.lower(last);
            self.journal.last_strict = self.journal.last_strict.min(last);
        }
        self.journal.strict = false;
        if let Some(kind) = self.journal.too_long.take() {
            self.outputs.notice(ShardOutput::Alarm {
                source: AlarmSource::Shard,
                name: "record_too_long",
                raised: true,
                text: format!("a record of kind {kind} is too long and was not written"),
            });
        }
        self.metrics.records = self.journal.records;
        let group = self.journal.builder.take();
        self.metrics.record_bytes += group.as_ref().map_or(0, |g| g.bytes().len() as u64);
        group
    }
    pub(crate) fn recycle(&mut self, buffer: Vec<u8>) {
        self.journal.builder.recycle(buffer);
    }

    fn write_activities(&mut self) {
        let mut marked = std::mem::take(&mut self.journal.activities);
        for id in marked.drain(..) {
            let Some(activity) = self.activities.get_mut(id).filter(|a| a.dirty) else {
                continue;
            };
            activity.dirty = false;
            let new = !std::mem::replace(&mut activity.written, true);
            self.write(new, &record::activity_key(id), |kernel, out| {
                record::encode_activity(kernel, id, out)
            });
        }
        self.journal.activities = marked;
    }

    fn write_entities(&mut self) {
        let mut marked = std::mem::take(&mut self.journal.entities);
        for id in marked.drain(..) {
            let Some(entity) = self.entities.get_mut(id).filter(|e| e.dirty) else {
                continue;
            };
            entity.dirty = false;
            let new = !std::mem::replace(&mut entity.written, true);
            let (root, service) = (entity.root, entity.service);
            self.describe(service);
            let sub = id.raw().to_be_bytes();
            self.write(new, &record::entity_key(root, &sub), |kernel, out| {
                record::encode_entity(kernel, id, out)
            });
        }
        self.journal.entities = marked;
    }

    fn write_timers(&mut self) {
        let mut marked = std::mem::take(&mut self.journal.timers);
        for id in marked.drain(..) {
            let Some(timer) = self.timers.get_mut(id).filter(|t| t.dirty) else {
                continue;
            };
            timer.dirty = false;
            if timer.expired {
                continue;
            }
            let new = !std::mem::replace(&mut timer.written, true);
            let (activity, sub) = (timer.activity, id.raw().to_be_bytes());
            self.write(new, &record::timer_key(activity, &sub), |kernel, out| {
                record::encode_timer(kernel, id, out)
            });
        }
        self.journal.timers = marked;
    }

    fn write_events(&mut self) {
        let mut marked = std::mem::take(&mut self.journal.events);
        for (place, number) in marked.drain(..) {
            let Some(event) = self.queue.get_mut(place).filter(|e| e.number == number) else {
                continue;
            };
            let new = !std::mem::replace(&mut event.written, true);
            let id = event.activity;
            let class = self
                .activities
                .get(id)
                .map_or(Durability::None, |a| a.class);
            if class == Durability::None {
                continue;
            }
            self.open_commit(class);
            self.write(
                new,
                &record::event_key(id, &number.to_be_bytes()),
                |kernel, out| record::encode_event(kernel, place, out),
            );
        }
        self.journal.events = marked;
    }

    /// Writes once what the ids in a service's records mean, for whoever cannot serve them later.
    fn describe(&mut self, ix: ServiceIx) {
        let Some(service) = self.services.get_mut(usize::from(ix.0)) else {
            return;
        };
        if std::mem::replace(&mut service.described, true) {
            return;
        }
        let slot = Slot(0);
        let name = service.component.to_string();
        self.journal.put(
            false,
            &record::text_key(slot, &service.id.0.to_be_bytes()),
            name.as_bytes(),
        );
        for sbb in &service.sbbs {
            let name = sbb.component.to_string();
            self.journal.put(
                false,
                &record::text_key(slot, &sbb.id.0.to_be_bytes()),
                name.as_bytes(),
            );
            let schema = sbb.schema.fingerprint.to_be_bytes();
            self.journal.put(
                false,
                &record::text_key(slot, &schema),
                sbb.schema.text.as_bytes(),
            );
        }
    }

    fn write(
        &mut self,
        new: bool,
        key: &Key<'_>,
        encode: impl FnOnce(&Self, &mut Vec<u8>) -> bool,
    ) {
        let mut scratch = std::mem::take(&mut self.journal.scratch);
        scratch.clear();
        if encode(self, &mut scratch) {
            self.journal.put(new, key, &scratch);
        }
        self.journal.scratch = scratch;
    }

    /// Stamps that were handed out are never used again, also not after a restart.
    fn write_ceilings(&mut self) {
        let numbers = self.queue.number > self.queue.ceiling;
        let uncovered = numbers
            || self.activities.is_uncovered()
            || self.entities.is_uncovered()
            || self.timers.is_uncovered();
        if !self.any_durable || !uncovered {
            return;
        }
        self.open_commit(Durability::Relaxed);
        if numbers {
            self.queue.ceiling = self.queue.number + NUMBERS;
            let ceiling = self.queue.ceiling.to_be_bytes();
            self.journal.put(
                false,
                &record::ceiling_key(Slot(0), &[record::EVENTS]),
                &ceiling,
            );
        }
        while let Some((slot, ceiling)) = self.activities.new_ceiling() {
            self.write_ceiling(record::ACTIVITIES, slot, ceiling);
        }
        while let Some((slot, ceiling)) = self.entities.new_ceiling() {
            self.write_ceiling(record::ENTITIES, slot, ceiling);
        }
        while let Some((slot, ceiling)) = self.timers.new_ceiling() {
            self.write_ceiling(record::TIMERS, slot, ceiling);
        }
    }
    fn write_ceiling(&mut self, table: u8, slot: Slot, ceiling: u32) {
        self.journal.put(
            false,
            &record::ceiling_key(slot, &[table]),
            &ceiling.to_be_bytes(),
        );
    }

    /// Raises an activity to a class that something attached to it has. What is there of it is written as a whole.
    pub(crate) fn raise(&mut self, id: ActivityId, class: Durability) {
        let Some(activity) = self.activities.get_mut(id).filter(|a| a.class < class) else {
            return;
        };
        let first = std::mem::replace(&mut activity.class, class) == Durability::None;
        if !first {
            return;
        }
        let (owner, timers, mut place) = (activity.owner, activity.timers.clone(), activity.head);
        self.mark_activity(id);
        for timer in timers {
            self.mark_timer(timer);
        }
        while let Some(event) = self.queue.get(place) {
            let (number, is_end) = (event.number, event.kind == crate::registry::END);
            if !is_end {
                self.journal.note_event(class, place, number);
            }
            place = event.next;
        }
        if let crate::activity::Owner::Ra(ra) = owner {
            self.call_adaptor(ra, strowger::ra::Input::Snapshot(id));
        }
    }
}
