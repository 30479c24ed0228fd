//! SBB entities: trees of them, their creation and their removal (R-SE).
//!
//! An entity's state is kept as its bytes only; an object of its SBB is filled from them for a delivery. Removal marks
//! the whole tree at once and buries it, callbacks first, at the end of the handler, so that an entity can remove itself.

use crate::kernel::Kernel;
use crate::selection::Name;
use crate::slab::Slab;
use crate::transaction::Undo;
use smallvec::SmallVec;
use std::panic::{AssertUnwindSafe, catch_unwind};
use strowger::id::{ActivityId, ComponentId, EntityId, ServiceIx, Slot};
use strowger::sbb::Object;
use strowger::{Cx, Error, OpError};

/// Deepest tree.
const DEPTH: usize = 32;

/// An SBB entity.
pub(crate) struct Entity {
    pub(crate) service: ServiceIx,
    /// Place of the SBB in its service.
    pub(crate) sbb: u16,
    pub(crate) priority: i8,
    /// An object of it is in use in the running transaction (R-SO-07).
    pub(crate) executing: bool,
    /// Marked for removal in the running transaction.
    pub(crate) doomed: bool,
    pub(crate) written: bool,
    pub(crate) dirty: bool,
    /// Seconds of wall time.
    pub(crate) created: u32,
    /// Attachments of the whole tree; kept in the root (R-SE-07).
    pub(crate) tree: u32,
    pub(crate) parent: Option<EntityId>,
    pub(crate) root: EntityId,
    #[expect(clippy::box_collection, reason = "most entities have no children")]
    pub(crate) children: Option<Box<Vec<EntityId>>>,
    /// In the order of attachment.
    pub(crate) activities: SmallVec<[ActivityId; 2]>,
    pub(crate) state: Box<[u8]>,
    /// Convergence name; a root's only.
    pub(crate) name: Name,
}

/// The priorities from the root to an entity; their order is that of R-OR-02: higher first, the ancestor first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path(SmallVec<[i16; 8]>);

pub(crate) fn path(entities: &Slab<EntityId, Entity>, entity: EntityId) -> Path {
    let mut priorities = SmallVec::new();
    let mut next = Some(entity);
    while let Some(e) = next.and_then(|id| entities.get(id)) {
        priorities.push(-i16::from(e.priority));
        next = e.parent;
    }
    priorities.reverse();
    Path(priorities)
}

impl Kernel {
    /// An entity that is not being removed.
    pub(crate) fn entity(&self, id: EntityId) -> Result<&Entity, OpError> {
        self.entities
            .get(id)
            .filter(|e| !e.doomed)
            .ok_or(OpError::StaleEntity(id))
    }

    /// Makes an entity and runs its `create` callback (R-SO-02). On an error it does not exist (R-SO-04); after a panic
    /// the transaction is marked for rollback as well (R-EX-01).
    pub(crate) fn make_entity(
        &mut self,
        service: ServiceIx,
        sbb: u16,
        parent: Option<EntityId>,
        priority: i8,
        slot: Slot,
        name: Name,
    ) -> Result<(EntityId, Box<dyn Object>), OpError> {
        if self.entities.len() >= self.limits.entities {
            return Err(self.limited("entities"));
        }
        let place = self
            .service_mut(service)
            .and_then(|s| s.sbbs.get_mut(usize::from(sbb)));
        let Some(place) = place else {
            return Err(OpError::InvalidArgument("SBB"));
        };
        let mut object = place.object();
        object.reset();
        let create = place.hooks.create;
        let saved = self.tx.savepoint();
        let id = self.insert_entity(service, sbb, parent, priority, slot, name)?;
        if let Some(create) = create {
            if let Some(e) = self.entities.get_mut(id) {
                e.executing = true;
            }
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                create(object.as_any_mut(), &mut Cx::new(self, id, None))
            }));
            if let Some(e) = self.entities.get_mut(id) {
                e.executing = false;
            }
            let failed = match outcome {
                Ok(Ok(())) => None,
                Ok(Err(cause)) => Some(
                    cause
                        .op()
                        .unwrap_or(OpError::InvalidArgument("create failed")),
                ),
                Err(_) => {
                    self.count_panic_of(id);
                    self.tx.rollback_only = true;
                    Some(OpError::TransactionRolledBack(id))
                }
            };
            if let Some(cause) = failed {
                self.undo_to(&saved);
                return Err(cause);
            }
        }
        Ok((id, object))
    }

    fn insert_entity(
        &mut self,
        service: ServiceIx,
        sbb: u16,
        parent: Option<EntityId>,
        priority: i8,
        slot: Slot,
        name: Name,
    ) -> Result<EntityId, OpError> {
        let root = parent.and_then(|p| self.entities.get(p)).map(|p| p.root);
        let is_root = parent.is_none();
        let entity = Entity {
            service,
            sbb,
            priority,
            executing: false,
            doomed: false,
            written: false,
            dirty: false,
            created: self.seconds(),
            tree: 0,
            parent,
            root: root.unwrap_or(EntityId::from_raw(0)),
            children: None,
            activities: SmallVec::new(),
            state: Box::default(),
            name,
        };
        let Some(id) = self.entities.insert(slot, entity) else {
            return Err(self.limited("entities"));
        };
        if is_root {
            if let Some(e) = self.entities.get_mut(id) {
                e.root = id;
            }
            self.name_root(id);
        }
        if let Some(parent) = parent.and_then(|p| self.entities.get_mut(p)) {
            parent.children.get_or_insert_default().push(id);
        }
        self.count_entity(service, sbb, 1);
        self.tx.undo.push(Undo::EntityMade(id));
        self.touch_entity(id);
        Ok(id)
    }

    /// Makes a child (R-SE-02).
    pub(crate) fn make_child(
        &mut self,
        parent: EntityId,
        sbb: ComponentId,
    ) -> Result<EntityId, OpError> {
        let p = self.entity(parent)?;
        let service = p.service;
        let relation = self.service(service).and_then(|s| s.sbb(p.sbb));
        let relation = relation.and_then(|s| s.children.iter().find(|c| c.id == sbb).copied());
        let Some(relation) = relation else {
            return Err(OpError::InvalidArgument("child relation"));
        };
        if path(&self.entities, parent).0.len() >= DEPTH {
            return Err(self.limited("depth"));
        }
        let (id, object) = self.make_entity(
            service,
            relation.sbb,
            Some(parent),
            relation.priority,
            parent.slot(),
            Name::default(),
        )?;
        let stored = self.store_state(id, &*object);
        self.give_back(id, object);
        stored.map(|()| id)
    }

    /// Encodes an object into its entity's bytes.
    pub(crate) fn store_state(&mut self, id: EntityId, object: &dyn Object) -> Result<(), OpError> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let encoded = object.store(&mut scratch);
        let stored = match encoded {
            Err(_) => Err(OpError::BadState("SBB")),
            Ok(()) if scratch.len() > self.limits.state_bytes as usize => {
                Err(self.limited("state_bytes"))
            }
            Ok(()) => {
                self.replace_state(id, &scratch);
                Ok(())
            }
        };
        self.scratch = scratch;
        stored
    }

    fn replace_state(&mut self, id: EntityId, bytes: &[u8]) {
        let Some(entity) = self.entities.get_mut(id) else {
            return;
        };
        if *entity.state == *bytes {
            return;
        }
        let start = self.tx.bytes.len();
        self.tx.bytes.extend_from_slice(&entity.state);
        self.tx.undo.push(Undo::State(id, start as u32));
        overwrite(&mut entity.state, bytes);
        self.touch_entity(id);
    }

    /// An object with the state of an entity.
    pub(crate) fn load_object(&mut self, id: EntityId) -> Result<Box<dyn Object>, OpError> {
        let Some(entity) = self.entities.get(id) else {
            return Err(OpError::StaleEntity(id));
        };
        let sbb = self.services.get_mut(usize::from(entity.service.0));
        let sbb = sbb.and_then(|s| s.sbbs.get_mut(usize::from(entity.sbb)));
        let Some(sbb) = sbb else {
            return Err(OpError::WrongSbb(id));
        };
        let mut object = sbb.object();
        object
            .load(&entity.state)
            .map_err(|_| OpError::BadState(sbb.component.name))?;
        Ok(object)
    }

    /// Gives an object back to its pool.
    pub(crate) fn give_back(&mut self, id: EntityId, object: Box<dyn Object>) {
        let Some(entity) = self.entities.get(id) else {
            return;
        };
        let sbb = self.services.get_mut(usize::from(entity.service.0));
        if let Some(sbb) = sbb.and_then(|s| s.sbbs.get_mut(usize::from(entity.sbb))) {
            sbb.give_back(object);
        }
    }

    /// Marks a tree for removal: detached from everything and out of sight at once (R-SE-03, R-SE-04).
    pub(crate) fn doom(&mut self, id: EntityId) {
        let Some(entity) = self.entities.get_mut(id) else {
            return;
        };
        if std::mem::replace(&mut entity.doomed, true) {
            return;
        }
        let activities = entity.activities.clone();
        let children = entity.children.clone();
        let parent = entity.parent;
        self.tx.undo.push(Undo::Doomed(id));
        self.tx.doomed.push(id);
        for activity in activities {
            self.detach_entity(id, activity);
        }
        match parent {
            None => self.unname_root(id),
            Some(parent) => self.unlink_child(parent, id),
        }
        for child in children.iter().flat_map(|c| c.iter()) {
            self.doom(*child);
        }
    }

    fn unlink_child(&mut self, parent: EntityId, child: EntityId) {
        let Some(p) = self.entities.get_mut(parent).filter(|p| !p.doomed) else {
            return;
        };
        let Some(children) = &mut p.children else {
            return;
        };
        if let Some(at) = children.iter().position(|c| *c == child) {
            children.remove(at);
            self.tx.undo.push(Undo::Unlinked(parent, child, at as u32));
        }
    }

    /// Removes what is marked, callbacks first. `forced`: without callbacks, so that it cannot fail.
    pub(crate) fn bury(&mut self, forced: bool) {
        let mut next = 0;
        while let Some(&id) = self.tx.doomed.get(next) {
            next += 1;
            if !forced {
                self.call_remove(id);
            }
            let Some(entity) = self.entities.take(id) else {
                continue;
            };
            self.count_entity(entity.service, entity.sbb, -1);
            self.tx.undo.push(Undo::EntityGone(id, Box::new(entity)));
        }
        self.tx.doomed.clear();
    }

    fn call_remove(&mut self, id: EntityId) {
        let Some(remove) = self.hooks_of(id).remove else {
            return;
        };
        let failed: Option<Error> = match self.load_object(id) {
            Err(cause) => Some(cause.into()),
            Ok(mut object) => {
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    remove(object.as_any_mut(), &mut Cx::new(self, id, None))
                }));
                match outcome {
                    Ok(outcome) => {
                        self.give_back(id, object);
                        outcome.err()
                    }
                    Err(_) => {
                        self.count_panic_of(id);
                        Some(OpError::TransactionRolledBack(id).into())
                    }
                }
            }
        };
        if failed.is_some() {
            self.tx.rollback_only = true;
        }
    }

    /// Marks trees for removal that this transaction left without attachments (R-SE-08).
    pub(crate) fn claim_orphans(&mut self) {
        while let Some(root) = self.tx.orphans.pop() {
            if self
                .entities
                .get(root)
                .is_some_and(|e| e.tree == 0 && !e.doomed)
            {
                self.tx.claimed.push(root);
                self.doom(root);
            }
        }
    }
}

/// Replaces bytes, in place where the length allows it.
pub(crate) fn overwrite(old: &mut Box<[u8]>, new: &[u8]) {
    if old.len() == new.len() {
        old.copy_from_slice(new);
    } else {
        *old = Box::from(new);
    }
}
