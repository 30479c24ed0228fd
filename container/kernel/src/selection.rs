//! Initial events: which root entity of a service one goes to (R-IE), and the table of convergence names.
//!
//! A name is a typed tuple, each part behind a tag and its length, so that different selections never meet (R-IE-10).

use crate::entity::Entity;
use crate::kernel::Kernel;
use crate::manage::ServiceState;
use crate::router::Routing;
use crate::slab::Slab;
use ahash::RandomState;
use hashbrown::HashTable;
use smallvec::SmallVec;
use std::panic::{AssertUnwindSafe, catch_unwind};
use strowger::OpError;
use strowger::address::{Address, AddressPlan};
use strowger::id::{EntityId, ServiceIx};
use strowger::initial::Selector;
use strowger::sbb::Object;

/// A convergence name, encoded.
pub(crate) type Name = SmallVec<[u8; 16]>;

/// Room in the table that is kept, however few names there are.
const KEPT: usize = 4_096;

/// Root entities by service and convergence name (R-IE-06).
pub(crate) struct Roots {
    table: HashTable<EntityId>,
    hasher: RandomState,
}

impl Roots {
    pub(crate) fn new(hasher: RandomState) -> Self {
        Self {
            table: HashTable::new(),
            hasher,
        }
    }
    /// Makes room in an empty table.
    pub(crate) fn reserve(&mut self, count: usize) {
        if self.table.is_empty() {
            self.table = HashTable::with_capacity(count);
        }
    }
    fn hash(&self, service: ServiceIx, name: &[u8]) -> u64 {
        self.hasher.hash_one((service.0, name))
    }
    fn find(
        &self,
        entities: &Slab<EntityId, Entity>,
        service: ServiceIx,
        name: &[u8],
    ) -> Option<EntityId> {
        let same = |id: &EntityId| {
            entities
                .get(*id)
                .is_some_and(|e| e.service == service && e.name[..] == *name)
        };
        self.table.find(self.hash(service, name), same).copied()
    }
}

/// A root entity for an initial event, with its object where it is new.
pub(crate) type Chosen = (EntityId, Option<Box<dyn Object>>);

impl Kernel {
    /// The entity that an initial event selects, made if it is not there; `None` when the event is not initial after all
    /// or the entity was offered it already (R-IE-09).
    pub(crate) fn initial_entity(
        &mut self,
        routing: &Routing,
        service: ServiceIx,
    ) -> Result<Option<Chosen>, OpError> {
        let Some(name) = self.convergence_name(routing, service) else {
            return Ok(None);
        };
        if let Some(id) = self.roots.find(&self.entities, service, &name) {
            return Ok((!routing.progress.delivered.contains(&id)).then_some((id, None)));
        }
        // One that has left takes nothing new.
        if self
            .service(service)
            .is_some_and(|s| s.state != ServiceState::Active)
        {
            return Ok(None);
        }
        let priority = self.service(service).map_or(0, |s| s.priority);
        let slot = routing.activity.slot();
        let (id, object) = self.make_entity(service, 0, None, priority, slot, name)?;
        Ok(Some((id, Some(object))))
    }

    /// Whether a service has a root entity of that name.
    pub(crate) fn has_root(&self, service: ServiceIx, name: &[u8]) -> bool {
        self.roots.find(&self.entities, service, name).is_some()
    }

    /// What a service's selection is asked with, as its initial handler has preset it.
    pub(crate) fn selector<'a>(
        &'a self,
        routing: &'a Routing,
        ix: ServiceIx,
    ) -> Option<Selector<'a>> {
        let service = self.services.get(usize::from(ix.0))?;
        let decl = service.initial(routing.kind, routing.activity_kind)?;
        let queued = self.queue.get(routing.place)?;
        Some(Selector {
            initial: true,
            by_activity: decl.by_activity,
            by_address: decl.by_address,
            by_event_type: decl.by_event_type,
            by_event: decl.by_event,
            custom: None,
            address: queued.address.as_deref().cloned(),
            event: &routing.event,
            activity: routing.activity,
            settings: &*service.settings,
        })
    }

    pub(crate) fn convergence_name(&mut self, routing: &Routing, ix: ServiceIx) -> Option<Name> {
        let service = self.services.get(usize::from(ix.0))?;
        let decl = service.initial(routing.kind, routing.activity_kind)?;
        let select = decl.select;
        let mut selector = self.selector(routing, ix)?;
        if let Some(select) = select {
            if catch_unwind(AssertUnwindSafe(|| select(&mut selector))).is_err() {
                self.count_panic(ix);
                return None;
            }
            if !selector.initial {
                return None;
            }
        }
        let event_type = self.registry.event_decl(routing.kind)?.id().0;
        Some(encode(&selector, event_type, routing.number))
    }

    /// Enters a root into the table.
    pub(crate) fn name_root(&mut self, id: EntityId) {
        let Some(root) = self.entities.get(id) else {
            return;
        };
        let hash = self.roots.hash(root.service, &root.name);
        let (entities, hasher) = (&self.entities, &self.roots.hasher);
        let hash_of = |id: &EntityId| rehash(entities, hasher, *id);
        self.roots.table.insert_unique(hash, id, hash_of);
    }
    /// Takes it out.
    pub(crate) fn unname_root(&mut self, id: EntityId) {
        let Some(root) = self.entities.get(id) else {
            return;
        };
        let hash = self.roots.hash(root.service, &root.name);
        if let Ok(entry) = self.roots.table.find_entry(hash, |other| *other == id) {
            entry.remove();
        }
        let table = &mut self.roots.table;
        if table.capacity() > KEPT && table.len() < table.capacity() / 8 {
            let (entities, hasher) = (&self.entities, &self.roots.hasher);
            table.shrink_to(2 * table.len(), |id| rehash(entities, hasher, *id));
        }
    }
}

/// The hash of an entity in the table.
fn rehash(entities: &Slab<EntityId, Entity>, hasher: &RandomState, id: EntityId) -> u64 {
    let entity = entities.get(id);
    entity.map_or(0, |e| hasher.hash_one((e.service.0, &e.name[..])))
}

/// The name that a selection makes (R-IE-04, R-IE-05).
fn encode(selector: &Selector<'_>, event_type: u64, number: u64) -> Name {
    let mut name = Name::new();
    if selector.by_activity {
        name.push(1);
        name.extend_from_slice(&selector.activity.raw().to_be_bytes());
    }
    if let Some(address) = selector.address.as_ref().filter(|_| selector.by_address) {
        name.push(2);
        name.push(plan(address));
        text(&mut name, address.text());
    }
    if selector.by_event_type {
        name.push(3);
        name.extend_from_slice(&event_type.to_be_bytes());
    }
    if selector.by_event {
        name.push(4);
        name.extend_from_slice(&number.to_be_bytes());
    }
    if let Some(custom) = &selector.custom {
        name.push(5);
        text(&mut name, custom);
    }
    name
}

fn text(name: &mut Name, text: &str) {
    name.extend_from_slice(&(text.len() as u32).to_be_bytes());
    name.extend_from_slice(text.as_bytes());
}

/// The number of an address plan in names; part of the format of stored names.
fn plan(address: &Address) -> u8 {
    match address.plan() {
        AddressPlan::Uri => 1,
        AddressPlan::E164 => 2,
        AddressPlan::Profile => 3,
        _ => 0,
    }
}
