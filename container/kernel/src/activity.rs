//! Activity contexts: one for each activity (R-AC-01), with who is attached, in the order in which events are offered.

use crate::entity::path;
use crate::kernel::Kernel;
use crate::options::Durability;
use crate::registry::{KindIx, NULL};
use crate::transaction::Undo;
use smallvec::SmallVec;
use std::cmp::Ordering;
use strowger::OpError;
use strowger::id::{ActivityId, EntityId, RaIx, ServiceIx, Slot, TimerId};
use strowger::ra::ActivityFlags;

/// No event.
pub(crate) const NONE: u32 = u32::MAX;

/// Who ends an activity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Owner {
    /// The container, when nothing refers to it (R-NA).
    Null,
    /// A service: it ends with it (R-SV-03).
    Service(ServiceIx),
    /// A profile table: it ends with it, or with the SLEE (R-PE-02).
    Table,
    /// An adaptor entity.
    Ra(RaIx),
}

/// An activity and its context.
pub(crate) struct Activity {
    pub(crate) kind: KindIx,
    pub(crate) owner: Owner,
    pub(crate) flags: ActivityFlags,
    pub(crate) ending: bool,
    pub(crate) class: Durability,
    /// A record of it is in the store, or on its way.
    pub(crate) written: bool,
    /// It changed since its record was written.
    pub(crate) dirty: bool,
    /// It was reported unreferenced, and nothing referred to it since.
    pub(crate) reported: bool,
    /// Its adaptor has a record of the empty sub key, which is the only one that most have.
    pub(crate) recorded: bool,
    /// Number of the next attachment.
    pub(crate) seq: u32,
    pub(crate) cookie: u64,
    /// Seconds of wall time.
    pub(crate) created: u32,
    pub(crate) touched: u32,
    /// Changes whenever the order of `attached` does.
    pub(crate) order: u32,
    /// In the order of R-OR-02 and R-OR-03.
    pub(crate) attached: SmallVec<[Attachment; 1]>,
    /// Running timers and the last few that expired.
    pub(crate) timers: SmallVec<[TimerId; 1]>,
    /// Of these, how many run.
    pub(crate) running: u32,
    /// Events that wait: first, last, how many.
    pub(crate) head: u32,
    pub(crate) tail: u32,
    pub(crate) queued: u32,
    pub(crate) extra: Option<Box<Extra>>,
}

/// An entity attached to an activity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Attachment {
    pub(crate) entity: EntityId,
    /// Masked event types, as bits of the entity's SBB (R-MK-01).
    pub(crate) mask: u64,
    /// Decides between equal priorities (R-OR-03).
    pub(crate) seq: u32,
}

/// What few activities have.
#[derive(Default)]
pub(crate) struct Extra {
    pub(crate) names: Vec<Box<str>>,
    /// Attributes, by the hash of their SBB and name, or of their alias.
    pub(crate) attributes: Vec<(u64, Box<[u8]>)>,
    /// Sub keys of the adaptor's records but the empty one, each behind its length.
    records: Vec<u8>,
}

impl Activity {
    pub(crate) fn new(kind: KindIx, owner: Owner, flags: ActivityFlags, seconds: u32) -> Self {
        Self {
            kind,
            owner,
            flags,
            ending: false,
            class: Durability::None,
            written: false,
            dirty: false,
            reported: false,
            recorded: false,
            seq: 0,
            cookie: 0,
            created: seconds,
            touched: seconds,
            order: 1,
            attached: SmallVec::new(),
            timers: SmallVec::new(),
            running: 0,
            head: NONE,
            tail: NONE,
            queued: 0,
            extra: None,
        }
    }
    pub(crate) fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }
    pub(crate) fn names(&self) -> &[Box<str>] {
        self.extra.as_ref().map_or(&[], |e| &e.names)
    }
    /// Whether anything refers to it (R-AC-06).
    pub(crate) fn is_referenced(&self) -> bool {
        !self.attached.is_empty() || self.running > 0 || self.queued > 0 || !self.names().is_empty()
    }
    pub(crate) fn attachment(&self, entity: EntityId) -> Option<&Attachment> {
        self.attached.iter().find(|a| a.entity == entity)
    }
    pub(crate) fn attachment_mut(&mut self, entity: EntityId) -> Option<&mut Attachment> {
        self.attached.iter_mut().find(|a| a.entity == entity)
    }

    /// Whether the adaptor has any record.
    pub(crate) fn has_records(&self) -> bool {
        self.subs().next().is_some()
    }
    /// Whether the adaptor has a record of that sub key.
    pub(crate) fn has_record(&self, sub: &[u8]) -> bool {
        self.subs().any(|s| s == sub)
    }
    pub(crate) fn add_record(&mut self, sub: &[u8]) {
        if sub.is_empty() {
            self.recorded = true;
            return;
        }
        let records = &mut self.extra().records;
        records.push(sub.len() as u8);
        records.extend_from_slice(sub);
    }
    pub(crate) fn remove_record(&mut self, sub: &[u8]) {
        if sub.is_empty() {
            self.recorded = false;
            return;
        }
        let Some(extra) = &mut self.extra else { return };
        let kept: Vec<Box<[u8]>> = extra.subs().filter(|s| *s != sub).map(Box::from).collect();
        extra.records.clear();
        for s in kept {
            self.add_record(&s);
        }
    }
    /// The sub keys of the adaptor's records.
    pub(crate) fn subs(&self) -> impl Iterator<Item = &[u8]> {
        let empty: Option<&[u8]> = self.recorded.then_some(&[]);
        let others = self.extra.iter().flat_map(|e| e.subs());
        empty.into_iter().chain(others)
    }
}

impl Extra {
    /// The sub keys that are not empty.
    fn subs(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.records[..];
        std::iter::from_fn(move || {
            let (length, tail) = rest.split_first()?;
            let (sub, tail) = tail.split_at_checked(usize::from(*length))?;
            rest = tail;
            Some(sub)
        })
    }
}

impl Kernel {
    /// Makes an activity, at once.
    pub(crate) fn make_activity(
        &mut self,
        slot: Slot,
        kind: KindIx,
        owner: Owner,
        flags: ActivityFlags,
    ) -> Result<ActivityId, OpError> {
        if self.activities.len() >= self.limits.activities {
            return Err(self.limited("activities"));
        }
        let activity = Activity::new(kind, owner, flags, self.seconds());
        let Some(id) = self.activities.insert(slot, activity) else {
            return Err(self.limited("activities"));
        };
        self.metrics.activities_started += 1;
        self.registry.count_activity(kind, 1);
        match owner {
            Owner::Ra(ra) => self.adaptor_activities(ra, 1),
            Owner::Service(_) => self.service_activities += 1,
            Owner::Table => self.table_activities += 1,
            Owner::Null => {}
        }
        Ok(id)
    }
    /// Takes away one whose transaction is undone: it never began.
    pub(crate) fn drop_activity(&mut self, id: ActivityId) {
        let Some(activity) = self.activities.remove(id) else {
            return;
        };
        self.metrics.activities_started -= 1;
        self.registry.count_activity(activity.kind, -1);
        match activity.owner {
            Owner::Ra(ra) => self.adaptor_activities(ra, -1),
            Owner::Service(_) => self.service_activities -= 1,
            Owner::Table => self.table_activity_ended(id),
            Owner::Null => {}
        }
    }
    /// A null activity, in the running transaction (R-NA-01).
    pub(crate) fn make_null(&mut self, slot: Slot) -> Result<ActivityId, OpError> {
        if self.slee != crate::SleeState::Running {
            return Err(OpError::Stopping);
        }
        let id = self.make_activity(slot, NULL, Owner::Null, ActivityFlags::default())?;
        self.tx.undo.push(Undo::ActivityMade(id));
        self.tx.checks.push(id);
        Ok(id)
    }

    /// An activity on which something may be set: not gone.
    pub(crate) fn live(&self, id: ActivityId) -> Result<&Activity, OpError> {
        self.activities.get(id).ok_or(OpError::StaleActivity(id))
    }

    /// Attaches an entity; the default mask is applied (R-AC-03, R-MK-01).
    pub(crate) fn attach_entity(
        &mut self,
        entity: EntityId,
        id: ActivityId,
    ) -> Result<(), OpError> {
        let (class, mask, full) = {
            let e = self.entity(entity)?;
            // Whichever list is shorter tells.
            let attached = self.activities.get(id).is_some_and(|a| {
                if e.activities.len() < a.attached.len() {
                    e.activities.contains(&id)
                } else {
                    a.attachment(entity).is_some()
                }
            });
            if attached {
                return Ok(());
            }
            let full = e.activities.len() >= self.limits.entity_activities as usize;
            let service = self.service(e.service);
            let class = service.map_or(Durability::None, |s| s.class);
            (
                class,
                service
                    .and_then(|s| s.sbb(e.sbb))
                    .map_or(0, |s| s.mask_on_attach),
                full,
            )
        };
        let limit = self.limits.attachments as usize;
        let activity = self
            .activities
            .get_mut(id)
            .ok_or(OpError::StaleActivity(id))?;
        if activity.attached.len() >= limit {
            return Err(self.limited("attachments"));
        }
        // All of them are in the entity's record.
        if full {
            return Err(self.limited("entity_activities"));
        }
        let seq = activity.seq;
        activity.seq += 1;
        if activity.class < class {
            self.tx.raises.push((id, class));
        }
        self.insert_attachment(id, Attachment { entity, mask, seq });
        if let Some(e) = self.entities.get_mut(entity) {
            e.activities.push(id);
            let root = e.root;
            self.count_attachments(root, 1);
        }
        self.refer(id);
        self.tx.undo.push(Undo::Attached(id, entity));
        self.touch_entity(entity);
        Ok(())
    }

    /// The transaction refers to an activity: that nothing does may be reported again (R-AC-06).
    pub(crate) fn refer(&mut self, id: ActivityId) {
        if let Some(activity) = self.activities.get_mut(id).filter(|a| a.reported) {
            activity.reported = false;
            self.tx.undo.push(Undo::Reported(id));
        }
    }

    /// Detaches an entity; whether it was attached.
    pub(crate) fn detach_entity(&mut self, entity: EntityId, id: ActivityId) -> bool {
        let Some(activity) = self.activities.get_mut(id) else {
            return false;
        };
        let Some(at) = activity.attached.iter().position(|a| a.entity == entity) else {
            return false;
        };
        let attachment = activity.attached.remove(at);
        activity.order = activity.order.wrapping_add(1);
        let mut place = 0;
        if let Some(e) = self.entities.get_mut(entity) {
            place = e.activities.iter().position(|a| *a == id).unwrap_or(0);
            if place < e.activities.len() {
                e.activities.remove(place);
            }
            let root = e.root;
            if self.count_attachments(root, -1) == 0 {
                self.tx.orphans.push(root);
            }
        }
        self.tx
            .undo
            .push(Undo::Detached(id, attachment, place as u32));
        self.tx.checks.push(id);
        self.touch_entity(entity);
        true
    }

    /// Adds to the attachment count of a tree (R-SE-07), and gives it.
    pub(crate) fn count_attachments(&mut self, root: EntityId, n: i32) -> u32 {
        let Some(root) = self.entities.get_mut(root) else {
            return u32::MAX;
        };
        root.tree = root.tree.saturating_add_signed(n);
        root.tree
    }

    /// Puts an attachment where the order of R-OR-02 wants it.
    pub(crate) fn insert_attachment(&mut self, id: ActivityId, new: Attachment) {
        let Some(activity) = self.activities.get(id) else {
            return;
        };
        let mut at = activity.attached.len();
        if at > 0 {
            let key = path(&self.entities, new.entity);
            at = activity.attached.partition_point(|old| {
                let order = path(&self.entities, old.entity).cmp(&key);
                order.then(old.seq.cmp(&new.seq)) == Ordering::Less
            });
        }
        if let Some(activity) = self.activities.get_mut(id) {
            activity.attached.insert(at, new);
            activity.order = activity.order.wrapping_add(1);
        }
    }

    /// The order of attachments after the priority of an entity, and so the paths of its descendants, have changed.
    pub(crate) fn reorder(&mut self, entity: EntityId) {
        let mut activities: SmallVec<[ActivityId; 8]> = SmallVec::new();
        self.attachments_of(entity, &mut activities);
        for id in activities {
            let Some(activity) = self.activities.get_mut(id) else {
                continue;
            };
            let mut attached = std::mem::take(&mut activity.attached);
            activity.order = activity.order.wrapping_add(1);
            attached.sort_by_cached_key(|a| (path(&self.entities, a.entity), a.seq));
            if let Some(activity) = self.activities.get_mut(id) {
                activity.attached = attached;
            }
        }
    }
    /// Adds the activities to which a tree is attached, each once.
    pub(crate) fn attachments_of(&self, entity: EntityId, found: &mut SmallVec<[ActivityId; 8]>) {
        let Some(e) = self.entities.get(entity) else {
            return;
        };
        for id in &e.activities {
            if !found.contains(id) {
                found.push(*id);
            }
        }
        for child in e.children.iter().flat_map(|c| c.iter()) {
            self.attachments_of(*child, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Entity;
    use crate::timer::Timer;

    fn activity() -> Activity {
        Activity::new(NULL, Owner::Null, ActivityFlags::default(), 0)
    }

    #[test]
    fn sub_keys_of_records_are_known_until_they_are_removed() {
        let mut activity = activity();
        assert!(!activity.has_records());
        for sub in [&b"a"[..], b"", b"bc"] {
            activity.add_record(sub);
        }
        assert!(activity.subs().eq([&b""[..], b"a", b"bc"]));
        activity.remove_record(b"a");
        activity.remove_record(b"unknown");
        assert!(activity.has_record(b"") && !activity.has_record(b"a"));
        activity.remove_record(b"");
        assert!(activity.subs().eq([b"bc"]));
        activity.remove_record(b"bc");
        assert!(!activity.has_records());
    }

    #[test]
    fn an_adaptors_only_record_takes_no_memory() {
        let mut activity = activity();
        activity.add_record(b"");
        assert!(activity.extra.is_none());
    }

    /// A million of each are usual: a stamp of eight bytes comes on top.
    #[test]
    fn activities_entities_and_timers_are_small() {
        let sizes = [
            size_of::<Activity>(),
            size_of::<Entity>(),
            size_of::<Timer>(),
        ];
        let most = [120, 120, 72];
        assert!(
            sizes.iter().zip(most).all(|(size, most)| *size <= most),
            "{sizes:?}"
        );
    }
}
