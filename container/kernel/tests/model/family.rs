//! The model's entities: trees, attachments, calls within a transaction (R-SE, R-AC-03).

use super::model::{Model, Stop};
use super::play::Refused;
use super::script::{Hook, KID, Op};
use super::trace::{Res, What};
use super::world::{Attachment, Entity, Name, Type};

/// Deepest tree.
const DEPTH: usize = 32;

impl Model {
    pub(crate) fn depth(&self, entity: usize) -> usize {
        let parent = self.world.entities.get(&entity).and_then(|e| e.parent);
        1 + parent.map_or(0, |parent| self.depth(parent))
    }

    pub(crate) fn live_entity(&self, entity: usize) -> Result<(), Refused> {
        if self.world.is_entity(entity) {
            Ok(())
        } else {
            Err("stale entity")
        }
    }
    pub(crate) fn live_activity(&self, activity: usize) -> Result<(), Refused> {
        if self.world.activities.contains_key(&activity) {
            Ok(())
        } else {
            Err("stale activity")
        }
    }

    pub(crate) fn attach(&mut self, entity: usize, activity: usize) -> Result<(), Refused> {
        self.live_entity(entity)?;
        self.live_activity(activity)?;
        if self.world.attachment(entity, activity).is_some() {
            return Ok(());
        }
        let kind = self.world.entities[&entity].kind;
        let durable = self.case.durable[self.world.entities[&entity].service];
        // Masked on attach: the timer for kind 1, type 1 for the child (R-MK-01).
        let mask = match kind {
            1 => 1 << Type::Timer as u8,
            KID => 1 << Type::Shoot1 as u8,
            _ => 0,
        };
        if let Some(a) = self.world.activities.get_mut(&activity) {
            let seq = a.attachments;
            a.attachments += 1;
            a.attached.push(Attachment { entity, mask, seq });
            a.durable |= durable;
            a.reported = false;
        }
        if let Some(e) = self.world.entities.get_mut(&entity) {
            e.attached.push(activity);
        }
        Ok(())
    }
    pub(crate) fn detach(&mut self, entity: usize, activity: usize) -> Result<(), Refused> {
        self.live_entity(entity)?;
        self.live_activity(activity)?;
        self.take_off(entity, activity);
        Ok(())
    }
    pub(crate) fn take_off(&mut self, entity: usize, activity: usize) {
        if self.world.attachment(entity, activity).is_none() {
            return;
        }
        if let Some(a) = self.world.activities.get_mut(&activity) {
            a.attached.retain(|at| at.entity != entity);
        }
        if let Some(e) = self.world.entities.get_mut(&entity) {
            e.attached.retain(|a| *a != activity);
        }
        self.world.tx.touched.push(activity);
        let root = self.world.root(entity);
        if self.world.attachments(root) == 0 {
            self.world.tx.orphans.push(root);
        }
    }

    /// Marks a tree for removal: detached and out of sight at once (R-SE-03, R-SE-04).
    pub(crate) fn doom(&mut self, entity: usize) {
        let Some(e) = self.world.entities.get_mut(&entity) else {
            return;
        };
        if std::mem::replace(&mut e.doomed, true) {
            return;
        }
        let (attached, kids, parent) = (e.attached.clone(), e.kids.clone(), e.parent);
        self.world.tx.doomed.push(entity);
        for activity in attached {
            self.take_off(entity, activity);
        }
        if let Some(parent) = parent
            && let Some(p) = self.world.entities.get_mut(&parent).filter(|p| !p.doomed)
        {
            p.kids.retain(|kid| *kid != entity);
        }
        for kid in kids {
            self.doom(kid);
        }
    }

    /// A new entity, with its `create` callback; if that fails nothing of it stays (R-SO-02, R-SO-04).
    pub(crate) fn make(
        &mut self,
        kind: usize,
        service: usize,
        priority: i8,
        parent: Option<usize>,
        name: Option<Name>,
    ) -> Result<usize, Refused> {
        let before = self.world.clone();
        let id = self.born_entities;
        self.born_entities += 1;
        let entity = Entity {
            kind,
            service,
            priority,
            parent,
            kids: Vec::new(),
            attached: Vec::new(),
            count: 0,
            name,
            doomed: false,
        };
        self.world.entities.insert(id, entity);
        if let Some(parent) = parent.and_then(|p| self.world.entities.get_mut(&p)) {
            parent.kids.push(id);
        }
        self.executing.insert(id);
        let created = self.hook(id, None, Hook::Create);
        self.executing.remove(&id);
        let Err(stop) = created else { return Ok(id) };
        let marked = self.world.tx.marked || stop == Stop::Panicked;
        let touched = std::mem::take(&mut self.world.tx.touched);
        self.world = before;
        self.world.tx.marked = marked;
        self.world.tx.touched = touched;
        Err(match stop {
            Stop::Failed => "invalid argument",
            Stop::Panicked => "rolled back",
        })
    }

    pub(crate) fn child(&mut self, parent: usize) -> Result<usize, Refused> {
        self.live_entity(parent)?;
        let (kind, service) = {
            let p = &self.world.entities[&parent];
            (p.kind, p.service)
        };
        let priority = match kind {
            0 => 5,
            KID => -7,
            _ => return Err("invalid argument"),
        };
        if self.depth(parent) >= DEPTH {
            return Err("other");
        }
        self.make(KID, service, priority, Some(parent), None)
    }

    /// A synchronous call (R-SE-05, R-SO-07).
    pub(crate) fn call(&mut self, kid: usize, ops: &[Op]) -> Res {
        let refused = if !self.world.is_entity(kid) {
            Some("stale entity")
        } else if self.executing.contains(&kid) {
            Some("reentrant")
        } else if self.world.entities[&kid].kind != KID {
            Some("wrong sbb")
        } else {
            None
        };
        if let Some(refused) = refused {
            self.world.tx.marked = true;
            return Res::Refused(refused);
        }
        self.executing.insert(kid);
        let count = self.world.entities[&kid].count;
        let outcome = self.called(kid, None, What::Call, ops);
        if outcome.is_err() {
            let _ = self.hook(kid, None, Hook::Exception);
        }
        self.executing.remove(&kid);
        let Err(stop) = outcome else {
            return Res::Marked(self.world.tx.marked);
        };
        self.world.tx.marked = true;
        if let Some(e) = self.world.entities.get_mut(&kid) {
            e.count = count;
        }
        Res::Refused(match stop {
            Stop::Failed => "failed",
            Stop::Panicked => "rolled back",
        })
    }
}
