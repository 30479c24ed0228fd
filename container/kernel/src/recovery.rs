//! Rebuilding the tables from the store's records after a restart, in time proportional to their number.
//!
//! Records come in the order of keys: an activity before its adaptor's records, timers and events. Entities refer to
//! activities anywhere, so attachments and trees are put together at the end.

use crate::activity::{Activity, Attachment, NONE, Owner};
use crate::adaptor::kept_hash;
use crate::entity::Entity;
use crate::kernel::Kernel;
use crate::manage::{RestoreError, Restored};
use crate::options::Durability;
use crate::queue::Queued;
use crate::record::{
    self, ActivityRecord, EntityRecord, EventRecord, OwnerRecord, ProgressRecord, TimerRecord,
    damaged, number,
};
use crate::router::Progress;
use crate::selection::Name;
use crate::service::Sbb;
use crate::slab::SlotId;
use crate::successor::successor;
use crate::timer::{Rare, Timer};
use serde::Deserialize;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::BTreeMap;
use strowger::id::{ActivityId, Component, ComponentId, EntityId, RaIx, ServiceIx, Slot, TimerId};
use strowger::ra::Input;
use strowger::time::{Now, Wall};
use strowger_journal::{Key, Record, Seq};

/// What can be put together only when all records have come.
#[derive(Default)]
pub(crate) struct Recovery {
    attachments: Vec<(ActivityId, Attachment)>,
    children: Vec<(EntityId, EntityId)>,
    /// Timers by their next expiry: put in order at once, they take a third of the time.
    due: Vec<(Wall, TimerId)>,
    /// What ids mean, for messages.
    texts: BTreeMap<u64, String>,
    pub(crate) migrations: crate::profile::Migrations,
    /// Activities of profile tables, by the table's number.
    tables: Vec<(u64, ActivityId)>,
    counts: Restored,
}

impl Recovery {
    pub(crate) fn text(&self, id: u64) -> String {
        self.texts
            .get(&id)
            .cloned()
            .unwrap_or_else(|| format!("{id:016x}"))
    }
    pub(crate) const fn count_profile(&mut self) {
        self.counts.profiles += 1;
    }
}

impl Kernel {
    pub(crate) fn restore(&mut self, now: Now, record: &Record<'_>) -> Result<(), RestoreError> {
        self.now = now;
        self.restoring = true;
        self.journal.restoring();
        let mut recovery = std::mem::take(&mut self.recovery);
        let restored = self.restore_record(&mut recovery, record);
        self.recovery = recovery;
        restored
    }

    fn restore_record(
        &mut self,
        recovery: &mut Recovery,
        record: &Record<'_>,
    ) -> Result<(), RestoreError> {
        let (key, value) = (&record.key, record.value);
        let activity = ActivityId::from_raw(key.session);
        let kept = match key.kind {
            record::CEILING => self.restore_ceiling(key, value)?,
            record::TEXT => self.restore_text(recovery, key, value),
            record::ACTIVITY => {
                self.restore_activity(recovery, key, activity, read(key, value)?)?
            }
            record::ADAPTOR => self.restore_adaptor_record(activity, key.sub, value),
            record::TIMER => self.restore_timer(recovery, key, activity, read(key, value)?)?,
            record::EVENT => self.restore_event(recovery, key, activity, read(key, value)?)?,
            record::ENTITY => self.restore_entity(recovery, key, read(key, value)?)?,
            record::KEPT => self.restore_kept_record(key, value),
            record::QUARANTINE => self.restore_quarantined(key, read(key, value)?)?,
            record::ALARM => self.restore_alarm(key, &read(key, value)?)?,
            record::TABLE => self.restore_table(recovery, key, &read(key, value)?)?,
            record::DESIRED => self.restore_desired(read(key, value)?),
            record::PROFILE => self.restore_profile(recovery, key, &read(key, value)?)?,
            _ => return Err(damaged(key)),
        };
        if !kept {
            recovery.counts.dropped += 1;
            self.journal.drop_record(key);
        }
        Ok(())
    }

    /// What an id means. If it is that of a version of a service that is not installed, the newest that is stands for it.
    fn restore_text(&mut self, recovery: &mut Recovery, key: &Key<'_>, value: &[u8]) -> bool {
        let Ok(id) = key.sub.try_into().map(u64::from_be_bytes) else {
            return false;
        };
        let text = String::from_utf8_lossy(value).into_owned();
        let id_of = ComponentId(id);
        if self.service_ix(id_of).is_none() {
            let components = self.services.iter().map(|s| &s.component);
            if let Some(place) = successor(&text, components) {
                self.successors.insert(id_of, ServiceIx(place as u16));
            }
        }
        let sbbs = self.services.iter_mut().flat_map(|s| &mut s.sbbs);
        for sbb in sbbs.filter(|sbb| sbb.component.is_version_written(&text)) {
            sbb.know_version(sbb.component, id_of);
        }
        recovery.texts.insert(id, text);
        true
    }

    fn restore_ceiling(&mut self, key: &Key<'_>, value: &[u8]) -> Result<bool, RestoreError> {
        if key.sub == [record::EVENTS] {
            let ceiling = u64::from_be_bytes(value.try_into().map_err(|_| damaged(key))?);
            self.queue.number = self.queue.number.max(ceiling);
            return Ok(true);
        }
        let ceiling = u32::from_be_bytes(value.try_into().map_err(|_| damaged(key))?);
        let slot = Slot(key.slot);
        match key.sub {
            [record::ACTIVITIES] => self.activities.restore_ceiling(slot, ceiling),
            [record::ENTITIES] => self.entities.restore_ceiling(slot, ceiling),
            [record::TIMERS] => self.timers.restore_ceiling(slot, ceiling),
            _ => return Err(damaged(key)),
        }
        Ok(true)
    }

    fn restore_activity(
        &mut self,
        recovery: &mut Recovery,
        key: &Key<'_>,
        id: ActivityId,
        record: ActivityRecord<'_>,
    ) -> Result<bool, RestoreError> {
        let owner = match record.owner {
            OwnerRecord::Null => Owner::Null,
            OwnerRecord::Table(table) => {
                recovery.tables.push((table, id));
                Owner::Table
            }
            OwnerRecord::Service(service) => Owner::Service(self.service_with(recovery, service)?),
            OwnerRecord::Ra(name) => {
                let known = self.adaptor_named(name);
                Owner::Ra(known.ok_or_else(|| RestoreError::NoAdaptor {
                    adaptor: name.to_owned(),
                })?)
            }
        };
        let kind = self
            .registry
            .known_kind(record.kind)
            .ok_or_else(|| damaged(key))?;
        let mut activity = Activity::new(kind, owner, record.flags, record.created);
        activity.touched = self.seconds();
        activity.ending = record.ending;
        activity.written = true;
        activity.class = if record.strict {
            Durability::Strict
        } else {
            Durability::Relaxed
        };
        if !record.attributes.is_empty() {
            let attributes = record.attributes.iter().map(|(k, v)| (*k, Box::from(*v)));
            activity.extra().attributes = attributes.collect();
        }
        if !self.activities.restore(id, activity) {
            return Err(damaged(key));
        }
        self.registry.count_activity(kind, 1);
        for name in record.names {
            self.insert_name(id, Box::from(name), usize::MAX);
        }
        match owner {
            Owner::Null => {}
            Owner::Table => self.table_activities += 1,
            Owner::Ra(ra) => self.adaptor_activities(ra, 1),
            Owner::Service(ix) => {
                self.service_activities += 1;
                // Beside one that was ending there may be its successor.
                if let Some(service) = self.service_mut(ix)
                    && (service.activity.is_none() || !record.ending)
                {
                    service.activity = Some(id);
                }
            }
        }
        recovery.counts.activities += 1;
        Ok(true)
    }

    fn restore_adaptor_record(&mut self, id: ActivityId, sub: &[u8], value: &[u8]) -> bool {
        let Some(activity) = self.activities.get_mut(id) else {
            return false;
        };
        let Owner::Ra(ra) = activity.owner else {
            return false;
        };
        activity.add_record(sub);
        let kind = self
            .registry
            .kind_component(activity.kind)
            .map_or(ComponentId(0), |c| c.id());
        self.input(
            ra,
            Input::Restore {
                activity: id,
                kind,
                sub,
                value,
            },
        );
        true
    }

    /// One of an adaptor entity that is not there any more means nothing.
    fn restore_kept_record(&mut self, key: &Key<'_>, value: &[u8]) -> bool {
        let named = |ra: &RaIx| {
            self.adaptor(*ra)
                .is_some_and(|a| a.name_hash == key.session)
        };
        let Some(ra) = self.ras().find(named) else {
            return false;
        };
        let (slot, sub) = (Slot(key.slot), key.sub);
        if let Some(adaptor) = self.adaptor_mut(ra) {
            adaptor.kept.insert(kept_hash(slot, sub));
        }
        self.input(ra, Input::RestoreKept { slot, sub, value });
        true
    }

    fn restore_timer(
        &mut self,
        recovery: &mut Recovery,
        key: &Key<'_>,
        activity: ActivityId,
        record: TimerRecord<'_>,
    ) -> Result<bool, RestoreError> {
        let id = TimerId::from_raw(number(key)?);
        let kind = self.registry.known_event(record.kind);
        let (Some(kind), true) = (kind, self.activities.get(activity).is_some()) else {
            return Ok(false);
        };
        let rare = Rare {
            period: record.period,
            repetitions: record.repetitions,
            address: record.address.map(Cow::into_owned),
        };
        let timer = Timer {
            activity,
            kind,
            preserve: record.preserve,
            expired: false,
            at_once: record.at_once,
            written: true,
            dirty: false,
            tag: Box::from(record.tag),
            next: record.next,
            armed: record.next,
            passed: record.passed,
            missed: record.missed,
            timeout: record.timeout,
            rare: rare.kept(),
        };
        if !self.timers.restore(id, timer) {
            return Err(damaged(key));
        }
        self.enter_timer(id, activity);
        recovery.due.push((record.next, id));
        recovery.counts.timers += 1;
        Ok(true)
    }

    fn restore_event(
        &mut self,
        recovery: &mut Recovery,
        key: &Key<'_>,
        activity: ActivityId,
        record: EventRecord<'_>,
    ) -> Result<bool, RestoreError> {
        let number = number(key)?;
        self.queue.number = self.queue.number.max(number + 1);
        let decoded = self.registry.decode_event(record.kind, &record.event);
        let Some((kind, event)) = decoded else {
            return Ok(false);
        };
        let queued = Queued {
            event,
            number,
            kind,
            next: NONE,
            activity,
            target: record.target.and_then(|id| self.service_ix(id)),
            address: record.address.map(|a| Box::new(a.into_owned())),
            report: record
                .report
                .and_then(|(name, flags)| Some((self.adaptor_named(name)?, flags))),
            written: true,
            held: None,
            progress: record.progress.map(|p| Box::new(self.restore_progress(p))),
        };
        let Some((_, first)) = self.link_event(queued) else {
            return Ok(false);
        };
        // A suspension that ended meanwhile is over (R-EC-08).
        match record.held.filter(|until| first && *until > self.now.wall) {
            Some(until) => self.set_hold(activity, Some(until)),
            None if first => self.queue.ready.push_back(activity),
            None => {}
        }
        recovery.counts.events += 1;
        Ok(true)
    }

    fn restore_progress(&self, record: ProgressRecord) -> Progress {
        Progress {
            delivered: record.delivered,
            services: record
                .services
                .into_iter()
                .filter_map(|id| self.service_ix(id))
                .collect(),
            processed: record.processed,
            rolled_back: record.rolled_back,
        }
    }

    fn restore_entity(
        &mut self,
        recovery: &mut Recovery,
        key: &Key<'_>,
        record: EntityRecord<'_>,
    ) -> Result<bool, RestoreError> {
        let id = EntityId::from_raw(number(key)?);
        let ix = self.service_with(recovery, record.service)?;
        let Some(service) = self.services.get(usize::from(ix.0)) else {
            return Err(damaged(key));
        };
        let own = service.sbbs.iter().position(|s| s.id == record.sbb);
        let place = own.or_else(|| {
            let text = recovery.texts.get(&record.sbb.0)?;
            let is_version = |s: &Sbb| s.component.is_version_written(text);
            service.sbbs.iter().position(is_version)
        });
        let Some((place, sbb)) = place.and_then(|p| Some((p, service.sbbs.get(p)?))) else {
            let (service, sbb) = (service.component.to_string(), recovery.text(record.sbb.0));
            return Err(RestoreError::NoSbb { service, sbb });
        };
        let state = current_state(recovery, service.component, sbb, &record)?;
        for attachment in record.attachments {
            let known =
                |id: &ComponentId| self.registry.known_event(*id).and_then(|ix| sbb.bit(ix));
            let mask = attachment
                .masked
                .iter()
                .filter_map(known)
                .fold(0, |mask, bit| mask | bit);
            let new = Attachment {
                entity: id,
                mask,
                seq: attachment.seq,
            };
            recovery.attachments.push((attachment.activity, new));
        }
        let (found, known) = (
            (record.service, record.sbb, record.fingerprint),
            (service.id, sbb.id, sbb.schema.fingerprint),
        );
        let migrated = found != known;
        let entity = Entity {
            service: ix,
            sbb: place as u16,
            priority: record.priority,
            executing: false,
            doomed: false,
            written: true,
            dirty: false,
            created: record.created,
            tree: 0,
            parent: record.parent,
            root: EntityId::from_raw(key.session),
            children: None,
            activities: SmallVec::new(),
            state,
            name: Name::from_slice(record.name),
        };
        if !self.entities.restore(id, entity) {
            return Err(damaged(key));
        }
        self.count_entity(ix, place as u16, 1);
        if let Some(parent) = record.parent {
            recovery.children.push((parent, id));
        }
        if migrated {
            self.journal.note_outdated(id);
        }
        recovery.counts.entities += 1;
        Ok(true)
    }

    /// All records have come: trees, attachments, ends; then the adaptors are told.
    pub(crate) fn restored(&mut self, now: Now, last: Seq) -> Result<Restored, RestoreError> {
        self.now = now;
        let mut recovery = std::mem::take(&mut self.recovery);
        self.activities.restored();
        self.entities.restored();
        self.timers.restored();
        let due = std::mem::take(&mut recovery.due);
        self.due.append(&mut due.into_iter().collect());
        recovery
            .children
            .sort_by_key(|(_, child)| (child.parts().0, child.stamp()));
        for (parent, child) in std::mem::take(&mut recovery.children) {
            match self.entities.get_mut(parent) {
                Some(parent) => parent.children.get_or_insert_default().push(child),
                None => return Err(self.lost_parent(child)),
            }
        }
        for (id, attachment) in std::mem::take(&mut recovery.attachments) {
            recovery.counts.dropped += u32::from(!self.restore_attachment(id, attachment));
        }
        self.resolve_links();
        self.journal.restored(last);
        self.outputs.durable(last);
        for (table, id) in std::mem::take(&mut recovery.tables) {
            self.restore_table_activity(table, id);
        }
        self.settle_restored();
        self.restoring = false;
        for ra in self.ras() {
            self.input(ra, Input::Restored);
        }
        Ok(recovery.counts)
    }

    fn lost_parent(&self, child: EntityId) -> RestoreError {
        let session = self.entities.get(child).map_or(0, |e| e.root.raw());
        RestoreError::Damaged {
            slot: child.slot().0,
            session,
            kind: record::ENTITY,
        }
    }

    fn restore_attachment(&mut self, id: ActivityId, attachment: Attachment) -> bool {
        let Some(activity) = self.activities.get_mut(id) else {
            self.mark_entity(attachment.entity);
            return false;
        };
        activity.seq = activity.seq.max(attachment.seq + 1);
        self.insert_attachment(id, attachment);
        let Some(entity) = self.entities.get_mut(attachment.entity) else {
            return false;
        };
        entity.activities.push(id);
        let (root, service) = (entity.root, entity.service);
        self.count_attachments(root, 1);
        let class = self.service(service).map_or(Durability::None, |s| s.class);
        self.raise(id, class);
        true
    }

    /// Ends go on, what nothing refers to ends, and adaptors learn of activities without records of theirs.
    fn settle_restored(&mut self) {
        let ids: Vec<_> = self.activities.ids().collect();
        for id in ids {
            let Some(activity) = self.activities.get(id) else {
                continue;
            };
            let bare = !activity.has_records();
            let (owner, kind, ending) = (activity.owner, activity.kind, activity.ending);
            if ending && !self.is_end_queued(id) {
                self.begin_end(id);
            } else if ending {
                // Its last event was written, with how far it had come.
            } else if let (Owner::Ra(ra), true) = (owner, bare) {
                let kind = self
                    .registry
                    .kind_component(kind)
                    .map_or(ComponentId(0), |c| c.id());
                self.input(ra, Input::RestoreBare { activity: id, kind });
            }
            self.check_later(id);
        }
        self.name_roots();
        self.finish_removals(true);
        self.commit();
    }

    /// Enters all roots into the table, which is made as large as it has to be, and marks those without attachments.
    fn name_roots(&mut self) {
        let entities = self.entities.ids();
        let is_root = |id: &EntityId| self.entities.get(*id).is_some_and(|e| e.parent.is_none());
        let roots: Vec<_> = entities.filter(is_root).collect();
        self.roots.reserve(roots.len());
        for id in roots {
            self.name_root(id);
            if self.entities.get(id).is_some_and(|e| e.tree == 0) {
                self.tx.orphans.push(id);
            }
        }
    }

    pub(crate) fn service_ix(&self, id: ComponentId) -> Option<ServiceIx> {
        self.services
            .iter()
            .position(|s| s.id == id)
            .map(|p| ServiceIx(p as u16))
            .or_else(|| self.successors.get(&id).copied())
    }
    fn service_with(
        &self,
        recovery: &Recovery,
        id: ComponentId,
    ) -> Result<ServiceIx, RestoreError> {
        self.service_ix(id).ok_or_else(|| RestoreError::NoService {
            service: recovery.text(id.0),
        })
    }
}

/// The state of a record as this build's SBB reads it, migrated if need be (R-SV-08).
fn current_state(
    recovery: &Recovery,
    service: Component,
    sbb: &Sbb,
    record: &EntityRecord<'_>,
) -> Result<Box<[u8]>, RestoreError> {
    if record.fingerprint == sbb.schema.fingerprint {
        return Ok(Box::from(record.state));
    }
    let Some(migration) = sbb.migration_from(record.fingerprint) else {
        return Err(RestoreError::Schema {
            service: service.to_string(),
            sbb: sbb.component.to_string(),
            found: record.fingerprint,
            known: sbb.schema.fingerprint,
            stored: recovery.text(record.fingerprint),
            text: sbb.schema.text.clone(),
        });
    };
    let mut bytes = Vec::new();
    let migrated = (migration.migrate)(record.state).and_then(|object| object.store(&mut bytes));
    migrated.map_err(|_| RestoreError::Migration {
        service: service.to_string(),
        sbb: sbb.component.to_string(),
    })?;
    Ok(bytes.into_boxed_slice())
}

fn read<'a, T: Deserialize<'a>>(key: &Key<'_>, value: &'a [u8]) -> Result<T, RestoreError> {
    match value.split_first() {
        Some((&record::FORMAT, bytes)) => postcard::from_bytes(bytes).map_err(|_| damaged(key)),
        Some((&found, _)) => Err(RestoreError::Format {
            kind: key.kind,
            found,
            known: record::FORMAT,
        }),
        None => Err(damaged(key)),
    }
}
