//! Event types and activity types as small numbers, so that dispatch is a look-up in an array.

use crate::manage::InstallError;
use crate::tally::EventTally;
use ahash::RandomState;
use std::collections::HashMap;
use strowger::activity::Activity as _;
use strowger::activity::{NullActivity, ProfileTableActivity, ServiceActivity};
use strowger::event::{ActivityEnd, AnyEvent, EventDecl};
use strowger::id::{Component, ComponentId};

/// Number of an event type.
pub(crate) type EventIx = u16;
/// Number of an activity type.
pub(crate) type KindIx = u16;

/// The event type of [`ActivityEnd`].
pub(crate) const END: EventIx = 0;
/// The activity type of null activities.
pub(crate) const NULL: KindIx = 0;
/// The activity type of service activities.
pub(crate) const SERVICE: KindIx = 1;

/// The activity type of profile tables.
pub(crate) const TABLE: KindIx = 2;

/// All types that the shard has met.
pub(crate) struct Registry {
    event_ix: HashMap<ComponentId, EventIx, RandomState>,
    events: Vec<EventDecl>,
    /// Of each event type.
    tallies: Vec<EventTally>,
    kind_ix: HashMap<ComponentId, KindIx, RandomState>,
    kinds: Vec<Component>,
    /// Activities of each type.
    living: Vec<u32>,
    /// Those that the end of a shard does not wait for.
    lasting: Vec<KindIx>,
    components: HashMap<ComponentId, Component, RandomState>,
}

impl Registry {
    pub(crate) fn new(hasher: &RandomState) -> Self {
        let mut registry = Self {
            event_ix: HashMap::with_hasher(hasher.clone()),
            events: Vec::new(),
            tallies: Vec::new(),
            kind_ix: HashMap::with_hasher(hasher.clone()),
            kinds: Vec::new(),
            living: Vec::new(),
            lasting: Vec::new(),
            components: HashMap::with_hasher(hasher.clone()),
        };
        registry.event(&EventDecl::of::<ActivityEnd>());
        registry.kind(NullActivity::TYPE);
        registry.kind(ServiceActivity::TYPE);
        registry.kind(ProfileTableActivity::TYPE);
        registry
    }

    /// Refuses a component whose id is that of another.
    pub(crate) fn check(&mut self, component: Component) -> Result<(), InstallError> {
        let known = *self.components.entry(component.id()).or_insert(component);
        if known == component {
            Ok(())
        } else {
            Err(InstallError::Collision(known, component))
        }
    }

    /// The number of an event type, which is a new one if it was never met. Types come from code: there are few.
    pub(crate) fn event(&mut self, decl: &EventDecl) -> EventIx {
        let id = decl.id();
        if let Some(&ix) = self.event_ix.get(&id) {
            return ix;
        }
        let ix = EventIx::try_from(self.events.len()).unwrap_or(EventIx::MAX);
        self.events.push(*decl);
        self.tallies.push(EventTally::default());
        self.event_ix.insert(id, ix);
        ix
    }
    pub(crate) fn known_event(&self, id: ComponentId) -> Option<EventIx> {
        self.event_ix.get(&id).copied()
    }
    /// An event that a record holds, if its type is there and can read it.
    pub(crate) fn decode_event(
        &self,
        id: ComponentId,
        bytes: &[u8],
    ) -> Option<(EventIx, AnyEvent)> {
        let kind = self.known_event(id)?;
        let event = (self.event_decl(kind)?.decode)(bytes).ok()?;
        Some((kind, event))
    }
    /// How many event types there are.
    pub(crate) fn events(&self) -> EventIx {
        self.events.len() as EventIx
    }
    pub(crate) fn event_decl(&self, ix: EventIx) -> Option<&EventDecl> {
        self.events.get(usize::from(ix))
    }

    /// What is counted of an event type.
    pub(crate) fn tally(&mut self, ix: EventIx) -> Option<&mut EventTally> {
        self.tallies.get_mut(usize::from(ix))
    }
    /// All event types, with what was counted of them.
    pub(crate) fn tallies(&self) -> impl Iterator<Item = (Component, EventTally)> {
        let tallies = self.tallies.iter().copied();
        self.events.iter().map(|e| e.component).zip(tallies)
    }

    /// The number of an activity type, which is a new one if it was never met.
    pub(crate) fn kind(&mut self, kind: Component) -> KindIx {
        let id = kind.id();
        if let Some(&ix) = self.kind_ix.get(&id) {
            return ix;
        }
        let ix = KindIx::try_from(self.kinds.len()).unwrap_or(KindIx::MAX);
        self.kinds.push(kind);
        self.living.push(0);
        self.kind_ix.insert(id, ix);
        ix
    }
    /// Notes that the end of a shard does not wait for activities of this type, if they are durable.
    pub(crate) fn lasts(&mut self, kind: Component) {
        let ix = self.kind(kind);
        if !self.lasting.contains(&ix) {
            self.lasting.push(ix);
        }
    }
    pub(crate) fn is_lasting(&self, ix: KindIx) -> bool {
        self.lasting.contains(&ix)
    }
    /// There is one activity of that type more or less.
    pub(crate) fn count_activity(&mut self, ix: KindIx, n: i32) {
        if let Some(living) = self.living.get_mut(usize::from(ix)) {
            *living = living.saturating_add_signed(n);
        }
    }
    /// All activity types, and how many activities there are of each.
    pub(crate) fn living(&self) -> impl Iterator<Item = (Component, u32)> {
        self.kinds.iter().copied().zip(self.living.iter().copied())
    }
    pub(crate) fn known_kind(&self, id: ComponentId) -> Option<KindIx> {
        self.kind_ix.get(&id).copied()
    }
    pub(crate) fn kind_component(&self, ix: KindIx) -> Option<Component> {
        self.kinds.get(usize::from(ix)).copied()
    }
}
