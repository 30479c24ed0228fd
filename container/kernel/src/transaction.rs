//! The transaction of a delivery. Operations change the tables in place and note here how to undo it; rollback undoes
//! in reverse, commit forgets the notes and lets go what others may see: events, ends, commands (R-TX-01, R-TX-06).
//!
//! One transaction runs at a time, so nobody else can see what is not committed.

use crate::activity::{Attachment, NONE};
use crate::entity::Entity;
use crate::kernel::Kernel;
use crate::options::Durability;
use crate::profile::Before;
use crate::queue::Queued;
use crate::timer::Timer;
use std::any::Any;
use strowger::Error;
use strowger::id::{ActivityId, ComponentId, EntityId, RaIx, TableIx, TimerId};
use strowger::profile::SharedRow;
use strowger::ra::Input;
use strowger::time::Wall;

/// How to undo one operation.
pub(crate) enum Undo {
    ActivityMade(ActivityId),
    Ending(ActivityId),
    /// It had been reported unreferenced.
    Reported(ActivityId),
    Attached(ActivityId, EntityId),
    /// With the place in the entity's list.
    Detached(ActivityId, Attachment, u32),
    Mask(ActivityId, EntityId, u64),
    Attribute(ActivityId, u64, Option<Box<[u8]>>),
    Bound(ActivityId, Box<str>),
    /// With the place in the activity's list.
    Unbound(ActivityId, Box<str>, u32),
    TimerSet(TimerId),
    TimerCancelled(TimerId, Box<Timer>),
    EntityMade(EntityId),
    EntityGone(EntityId, Box<Entity>),
    Doomed(EntityId),
    /// Parent, child, and the place in the parent's list.
    Unlinked(EntityId, EntityId, u32),
    Priority(EntityId, i8),
    /// The old bytes lie in the transaction's, from there to the end.
    State(EntityId, u32),
    /// The row of a profile until then.
    Profile(TableIx, Box<(Box<str>, Option<SharedRow>)>),
    /// The first event of an activity was held until then.
    Held(ActivityId, Option<Wall>),
}

/// A command to an adaptor entity, to be run right after commit.
pub(crate) struct Command {
    pub(crate) ra: RaIx,
    pub(crate) command: Box<dyn Any>,
    pub(crate) service: Option<ComponentId>,
}

/// What the running transaction has done so far.
#[derive(Default)]
pub(crate) struct Transaction {
    pub(crate) rollback_only: bool,
    pub(crate) cause: Option<Error>,
    pub(crate) undo: Vec<Undo>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) fired: Vec<Queued>,
    pub(crate) ends: Vec<ActivityId>,
    pub(crate) commands: Vec<Command>,
    pub(crate) doomed: Vec<EntityId>,
    /// Roots whose trees have no attachment left.
    pub(crate) orphans: Vec<EntityId>,
    /// Roots that the container removes in this transaction.
    pub(crate) claimed: Vec<EntityId>,
    pub(crate) resumed: Vec<ActivityId>,
    /// Activities to be raised to a class.
    pub(crate) raises: Vec<(ActivityId, Durability)>,
    /// Activities that may have lost their last reference.
    pub(crate) checks: Vec<ActivityId>,
    /// What was changed.
    pub(crate) activities: Vec<ActivityId>,
    pub(crate) entities: Vec<EntityId>,
    pub(crate) timers: Vec<TimerId>,
    /// Profiles that were written, as they were before.
    pub(crate) profiles: Before,
}

/// A point within a transaction to which it can be undone.
#[derive(Clone, Copy)]
pub(crate) struct Savepoint {
    undo: usize,
    fired: usize,
    ends: usize,
    commands: usize,
    doomed: usize,
    orphans: usize,
    resumed: usize,
    raises: usize,
}

impl Transaction {
    pub(crate) fn savepoint(&self) -> Savepoint {
        Savepoint {
            undo: self.undo.len(),
            fired: self.fired.len(),
            ends: self.ends.len(),
            commands: self.commands.len(),
            doomed: self.doomed.len(),
            orphans: self.orphans.len(),
            resumed: self.resumed.len(),
            raises: self.raises.len(),
        }
    }
    /// How many effects it has.
    pub(crate) fn effects(&self) -> usize {
        self.undo.len() + self.fired.len() + self.commands.len()
    }
    fn truncate(&mut self, to: &Savepoint) {
        self.fired.truncate(to.fired);
        self.ends.truncate(to.ends);
        self.commands.truncate(to.commands);
        self.doomed.truncate(to.doomed);
        self.orphans.truncate(to.orphans);
        self.resumed.truncate(to.resumed);
        self.raises.truncate(to.raises);
    }
}

const START: Savepoint = Savepoint {
    undo: 0,
    fired: 0,
    ends: 0,
    commands: 0,
    doomed: 0,
    orphans: 0,
    resumed: 0,
    raises: 0,
};

impl Kernel {
    /// Undoes the whole transaction.
    pub(crate) fn roll_back(&mut self) {
        self.metrics.rollbacks += 1;
        self.undo_to(&START);
        self.tx.rollback_only = false;
        self.tx.cause = None;
        self.tx.claimed.clear();
        self.tx.checks.clear();
        self.tx.activities.clear();
        self.tx.entities.clear();
        self.tx.timers.clear();
        self.tx.profiles.clear();
    }

    /// Undoes everything after a point.
    pub(crate) fn undo_to(&mut self, to: &Savepoint) {
        while self.tx.undo.len() > to.undo {
            match self.tx.undo.pop() {
                Some(undo) => self.undo(undo),
                None => break,
            }
        }
        self.tx.truncate(to);
    }

    fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::ActivityMade(id) => self.drop_activity(id),
            Undo::Ending(id) => {
                if let Some(activity) = self.activities.get_mut(id) {
                    activity.ending = false;
                }
            }
            Undo::Reported(id) => {
                if let Some(activity) = self.activities.get_mut(id) {
                    activity.reported = true;
                }
            }
            Undo::Attached(id, entity) => self.undo_attach(id, entity),
            Undo::Detached(id, attachment, place) => self.undo_detach(id, attachment, place),
            Undo::Mask(id, entity, mask) => {
                if let Some(a) = self
                    .activities
                    .get_mut(id)
                    .and_then(|a| a.attachment_mut(entity))
                {
                    a.mask = mask;
                }
            }
            Undo::Attribute(id, key, old) => self.put_attribute(id, key, old),
            Undo::Bound(id, name) => self.remove_name(id, &name),
            Undo::Unbound(id, name, place) => self.insert_name(id, name, place as usize),
            Undo::TimerSet(id) => self.drop_timer(id),
            Undo::TimerCancelled(id, timer) => self.put_back_timer(id, *timer),
            Undo::EntityMade(id) => self.undo_make(id),
            Undo::EntityGone(id, entity) => {
                self.count_entity(entity.service, entity.sbb, 1);
                self.entities.put_back(id, *entity);
            }
            Undo::Doomed(id) => {
                if let Some(e) = self.entities.get_mut(id) {
                    e.doomed = false;
                    if e.parent.is_none() {
                        self.name_root(id);
                    }
                }
            }
            Undo::Unlinked(parent, child, place) => {
                if let Some(p) = self.entities.get_mut(parent) {
                    let children = p.children.get_or_insert_default();
                    children.insert(children.len().min(place as usize), child);
                }
            }
            Undo::Priority(id, priority) => self.put_priority(id, priority),
            Undo::State(id, start) => {
                let bytes = self.tx.bytes.get(start as usize..).unwrap_or_default();
                if let Some(e) = self.entities.get_mut(id) {
                    crate::entity::overwrite(&mut e.state, bytes);
                }
                self.tx.bytes.truncate(start as usize);
            }
            Undo::Profile(table, row) => {
                let (name, old) = *row;
                self.undo_profile(table, &name, old.as_ref());
            }
            Undo::Held(id, until) => self.set_hold(id, until),
        }
    }

    fn undo_attach(&mut self, id: ActivityId, entity: EntityId) {
        if let Some(activity) = self.activities.get_mut(id) {
            activity.attached.retain(|a| a.entity != entity);
            activity.order = activity.order.wrapping_add(1);
        }
        if let Some(e) = self.entities.get_mut(entity) {
            e.activities.retain(|a| *a != id);
            let root = e.root;
            self.count_attachments(root, -1);
        }
    }

    fn undo_detach(&mut self, id: ActivityId, attachment: Attachment, place: u32) {
        self.insert_attachment(id, attachment);
        if let Some(e) = self.entities.get_mut(attachment.entity) {
            let place = e.activities.len().min(place as usize);
            e.activities.insert(place, id);
            let root = e.root;
            self.count_attachments(root, 1);
        }
    }

    fn undo_make(&mut self, id: EntityId) {
        let Some(entity) = self.entities.get(id) else {
            return;
        };
        let (service, sbb, parent) = (entity.service, entity.sbb, entity.parent);
        match parent {
            None => self.unname_root(id),
            Some(parent) => {
                if let Some(children) = self
                    .entities
                    .get_mut(parent)
                    .and_then(|p| p.children.as_mut())
                {
                    children.retain(|c| *c != id);
                }
            }
        }
        self.entities.remove(id);
        self.count_entity(service, sbb, -1);
    }

    /// Makes what the transaction did final, and lets its effects go.
    pub(crate) fn commit(&mut self) {
        self.metrics.commits += 1;
        self.commit_raises();
        let mut fired = std::mem::take(&mut self.tx.fired);
        for event in fired.drain(..) {
            self.enqueue(event);
        }
        self.tx.fired = fired;
        let mut ends = std::mem::take(&mut self.tx.ends);
        for id in ends.drain(..) {
            self.begin_end(id);
        }
        self.tx.ends = ends;
        let mut resumed = std::mem::take(&mut self.tx.resumed);
        for id in resumed.drain(..) {
            self.queue.ready.push_back(id);
            let place = self.activities.get(id).map_or(NONE, |a| a.head);
            self.mark_event(id, place);
        }
        self.tx.resumed = resumed;
        self.tx.claimed.clear();
        self.commit_undo();
        self.commit_touched();
        self.commit_profiles();
        self.run_commands();
        self.outputs.end_unit();
    }

    /// Raises activities to the class of what was attached to them.
    fn commit_raises(&mut self) {
        let mut raises = std::mem::take(&mut self.tx.raises);
        for (id, class) in raises.drain(..) {
            self.raise(id, class);
        }
        self.tx.raises = raises;
    }

    /// Frees what was removed, and forgets how to undo.
    fn commit_undo(&mut self) {
        if self.tx.undo.is_empty() {
            return;
        }
        let mut undo = std::mem::take(&mut self.tx.undo);
        for note in undo.drain(..) {
            match note {
                Undo::EntityGone(id, entity) => {
                    self.metrics.entities_removed += 1;
                    self.entities.release(id);
                    if entity.written {
                        self.remove_entity_record(id, &entity);
                    }
                }
                Undo::TimerCancelled(id, timer) => {
                    if self.recorder.on {
                        self.record_timer_over(timer.activity, id, timer.kind, true);
                    }
                    self.timers.release(id);
                    if timer.written {
                        self.remove_timer_record(id, timer.activity);
                    }
                }
                Undo::EntityMade(_) => self.metrics.entities_created += 1,
                Undo::TimerSet(id) => {
                    self.metrics.timers_set += 1;
                    if self.recorder.on {
                        self.record_timer_set(id);
                    }
                }
                Undo::ActivityMade(_)
                | Undo::Ending(_)
                | Undo::Reported(_)
                | Undo::Attached(..)
                | Undo::Detached(..)
                | Undo::Mask(..)
                | Undo::Attribute(..)
                | Undo::Bound(..)
                | Undo::Unbound(..)
                | Undo::Doomed(_)
                | Undo::Unlinked(..)
                | Undo::Priority(..)
                | Undo::State(..)
                | Undo::Profile(..)
                | Undo::Held(..) => {}
            }
        }
        self.tx.undo = undo;
        self.tx.bytes.clear();
    }

    fn commit_touched(&mut self) {
        while let Some(id) = self.tx.entities.pop() {
            self.mark_entity(id);
        }
        while let Some(id) = self.tx.timers.pop() {
            self.mark_timer(id);
        }
        let mut activities = std::mem::take(&mut self.tx.activities);
        for id in activities.drain(..) {
            self.mark_activity(id);
        }
        self.tx.activities = activities;
        let mut checks = std::mem::take(&mut self.tx.checks);
        for id in checks.drain(..) {
            self.check_later(id);
        }
        self.tx.checks = checks;
    }

    /// Runs the commands, in order, each as an input of its adaptor entity.
    fn run_commands(&mut self) {
        if self.tx.commands.is_empty() {
            return;
        }
        let mut commands = std::mem::take(&mut self.tx.commands);
        for Command {
            ra,
            command,
            service,
        } in commands.drain(..)
        {
            self.call_adaptor(ra, Input::Command { command, service });
        }
        self.tx.commands = commands;
    }

    /// An entity changed in this transaction.
    pub(crate) fn touch_entity(&mut self, id: EntityId) {
        if self.any_durable && self.tx.entities.last() != Some(&id) {
            self.tx.entities.push(id);
        }
    }
}
