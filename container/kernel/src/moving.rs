//! Entities that move from one version of a service to another while calls are up (R-SV-08).
//!
//! Trees move whole, some in each turn, in the order of their places; what is on its way is where its record says. What an
//! entity is keeps its number, so activities, timers and children do not notice; an event that rests looks for its tree again.
//! A tree that cannot move, because a migration fails or the new version has its name already, stays and is brought to its end
//! by the old version.
//!
//! Invariant: before anything moves it is known that every SBB with state has a counterpart that can take it.

use crate::kernel::Kernel;
use crate::manage::{ManageError, ServiceState};
use crate::output::ShardOutput;
use crate::service::{Sbb, Service};
use std::panic::{AssertUnwindSafe, catch_unwind};
use strowger::id::{EntityId, ServiceIx};
use strowger::sbb::MigrationDecl;
use strowger::time::Now;

/// Places of the table of entities that one turn looks at, and trees that it moves.
const PLACES: usize = 4_096;
const TREES: usize = 128;

/// A service whose entities move.
pub(crate) struct Moving {
    pub(crate) from: ServiceIx,
    pub(crate) to: ServiceIx,
    after: Option<EntityId>,
    /// By the place of an SBB in the old version.
    ways: Vec<Option<Way>>,
    moved: u32,
    left: u32,
}

/// Where entities of an SBB go, and what their state has to go through.
#[derive(Clone)]
struct Way {
    sbb: u16,
    migration: Option<MigrationDecl>,
}

/// An entity that moves: where to, and its state if that changes.
type Step = (EntityId, u16, Option<Box<[u8]>>);

impl Kernel {
    /// Whether the entities of one version can move to another.
    pub(crate) fn may_move(&self, from: ServiceIx, to: ServiceIx) -> Result<(), ManageError> {
        self.ways(from, to).map(drop)
    }

    fn ways(&self, from: ServiceIx, to: ServiceIx) -> Result<Vec<Option<Way>>, ManageError> {
        let old = self.service(from).ok_or(ManageError::Unknown)?;
        let new = self.service(to).ok_or(ManageError::Unknown)?;
        if !old.others.contains(&to) {
            return Err(ManageError::NoVersion);
        }
        // What an entity holds of an adaptor is of the one that its service's link leads to.
        for (name, _, ra) in self.resolve(to)? {
            let before = old.links.iter().find(|(other, ..)| *other == name);
            if before.is_some_and(|(.., other)| *other != ra) {
                return Err(ManageError::LinkMoves(name.to_owned()));
            }
        }
        old.sbbs.iter().map(|sbb| way(old, sbb, new)).collect()
    }

    /// Begins to move the entities of a version that is not active any more to the one that is.
    pub(crate) fn move_entities(
        &mut self,
        now: Now,
        from: ServiceIx,
        to: ServiceIx,
    ) -> Result<(), ManageError> {
        let ways = self.ways(from, to)?;
        let state = |ix| self.service(ix).map(|s| s.state);
        if state(from) == Some(ServiceState::Active) || state(to) != Some(ServiceState::Active) {
            return Err(ManageError::InvalidState);
        }
        self.now = now;
        self.stop_moving(from);
        self.moving.push(Moving {
            from,
            to,
            after: None,
            ways,
            moved: 0,
            left: 0,
        });
        Ok(())
    }

    /// What has not moved from a service, or to it, stays where it is.
    pub(crate) fn stop_moving(&mut self, ix: ServiceIx) {
        self.moving.retain(|m| m.from != ix && m.to != ix);
    }

    /// Moves some; whether there are more.
    pub(crate) fn move_some(&mut self) -> bool {
        if self.moving.is_empty() || self.journal.is_full() {
            return !self.moving.is_empty();
        }
        let mut moving = self.moving.remove(0);
        let (mut roots, from) = (Vec::new(), moving.from);
        moving.after = self.entities.walk(moving.after, PLACES, |id| {
            let entity = self.entities.get(id);
            if entity.is_some_and(|e| e.service == from && e.parent.is_none() && !e.doomed) {
                roots.push(id);
            }
            roots.len() < TREES
        });
        for root in roots {
            match self.move_tree(&moving, root) {
                true => moving.moved += 1,
                false => moving.left += 1,
            }
        }
        self.outputs.end_unit();
        if moving.after.is_some() {
            self.moving.insert(0, moving);
        } else {
            self.outputs.notice(ShardOutput::Moved {
                from,
                to: moving.to,
                moved: moving.moved,
                left: moving.left,
            });
        }
        !self.moving.is_empty()
    }

    /// Moves a tree, or leaves it as it is; whether it moved.
    fn move_tree(&mut self, moving: &Moving, root: EntityId) -> bool {
        let taken = |name: &[u8]| self.has_root(moving.to, name);
        if self.entities.get(root).is_none_or(|e| taken(&e.name)) {
            return false;
        }
        let Some(steps) = self.steps(moving, root) else {
            return false;
        };
        self.unname_root(root);
        for step in steps {
            self.move_entity(moving, step);
        }
        self.name_root(root);
        true
    }

    /// How each entity of a tree moves, if all can.
    fn steps(&self, moving: &Moving, root: EntityId) -> Option<Vec<Step>> {
        let (mut steps, mut next): (Vec<Step>, _) = (Vec::new(), vec![root]);
        while let Some(id) = next.pop() {
            let entity = self.entities.get(id)?;
            next.extend(entity.children.iter().flat_map(|c| c.iter()));
            let way = moving.ways.get(usize::from(entity.sbb))?.as_ref()?;
            let state = match &way.migration {
                None => None,
                Some(migration) => Some(self.migrated(migration, &entity.state)?),
            };
            steps.push((id, way.sbb, state));
        }
        Some(steps)
    }

    /// A state as the new version has it; the migration is the service's code.
    fn migrated(&self, migration: &MigrationDecl, state: &[u8]) -> Option<Box<[u8]>> {
        let migrated = catch_unwind(AssertUnwindSafe(|| {
            let mut bytes = Vec::new();
            let object = (migration.migrate)(state).ok()?;
            object.store(&mut bytes).ok()?;
            Some(bytes)
        }));
        let fits = |bytes: &Vec<u8>| bytes.len() <= self.limits.state_bytes as usize;
        migrated
            .ok()
            .flatten()
            .filter(fits)
            .map(Vec::into_boxed_slice)
    }

    fn move_entity(&mut self, moving: &Moving, (id, sbb, state): Step) {
        let Some(entity) = self.entities.get_mut(id) else {
            return;
        };
        let before = entity.sbb;
        entity.service = moving.to;
        entity.sbb = sbb;
        if let Some(state) = state {
            entity.state = state;
        }
        let activities = entity.activities.clone();
        self.count_entity(moving.from, before, -1);
        self.count_entity(moving.to, sbb, 1);
        let class = self.class_of(moving.to);
        for activity in activities {
            let attachment = self.activities.get(activity).and_then(|a| a.attachment(id));
            let mask = attachment.map_or(0, |a| self.mask_of(moving, (before, sbb), a.mask));
            let activity_of = self.activities.get_mut(activity);
            if let Some(attachment) = activity_of.and_then(|a| a.attachment_mut(id)) {
                attachment.mask = mask;
            }
            self.raise(activity, class);
        }
        self.mark_entity(id);
    }

    /// The same masked event types as bits of the new SBB; of those that only the new one receives, what it masks on attach.
    fn mask_of(&self, moving: &Moving, (before, after): (u16, u16), mask: u64) -> u64 {
        let sbb = |ix, place| self.service(ix).and_then(|s: &Service| s.sbb(place));
        let (Some(old), Some(new)) = (sbb(moving.from, before), sbb(moving.to, after)) else {
            return mask;
        };
        let bits = new.events.iter().enumerate().map(|(bit, event)| {
            let known = old.events.iter().position(|e| e == event);
            let source = known.map_or((new.mask_on_attach, bit), |known| (mask, known));
            (source.0 >> source.1 & 1) << bit
        });
        bits.fold(0, |all, bit| all | bit)
    }
}

/// Where entities of an SBB go, which is nowhere if the new version has none such and nothing is lost by that.
fn way(old: &Service, sbb: &Sbb, new: &Service) -> Result<Option<Way>, ManageError> {
    let place = new
        .sbbs
        .iter()
        .position(|s| s.component.is_version_of(&sbb.component));
    let Some((place, to)) = place.and_then(|place| Some((place, new.sbbs.get(place)?))) else {
        return match sbb.tally.entities {
            0 => Ok(None),
            _ => Err(ManageError::NoSbb {
                service: new.name.clone(),
                sbb: sbb.component.to_string(),
            }),
        };
    };
    let migration = match sbb.schema.fingerprint == to.schema.fingerprint {
        true => None,
        false => Some(to.migration_from(sbb.schema.fingerprint).ok_or_else(|| {
            let change = sbb.schema.change_to(&to.schema);
            ManageError::Schema {
                from: old.name.clone(),
                to: new.name.clone(),
                sbb: to.component.to_string(),
                change: change.map(|c| c.to_string()).unwrap_or_default(),
            }
        })?),
    };
    Ok(Some(Way {
        sbb: place as u16,
        migration: migration.cloned(),
    }))
}
