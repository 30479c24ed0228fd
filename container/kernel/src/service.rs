//! Services as the kernel holds them: SBBs with their dispatch tables and pools of objects.
//!
//! Pools are per service and SBB: an object never serves two services (R-SO-06).

use crate::desired::Desired;
use crate::intensity::Failures;
use crate::manage::{InstallError, ServiceState};
use crate::options::{Durability, ServiceOptions};
use crate::registry::{EventIx, KindIx, Registry};
use crate::tally::{SbbTally, ServiceTally};
use crate::usage::{UsageSets, Watches};
use crate::version::Canary;
use smallvec::SmallVec;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use strowger::id::{ActivityId, Component, ComponentId, RaIx, ServiceIx};
use strowger::initial::{InitialDecl, Selector};
use strowger::param::LinkDecl;
use strowger::profile::TableNeed;
use strowger::sbb::{Handler, Hooks, MigrationDecl, Object, SbbDescriptor};
use strowger::service::ServiceDef;
use strowger::state::Schema;
use strowger::tracer::Level;

/// Objects that one pool keeps.
const POOL: usize = 16;

/// A service that is installed.
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) component: Component,
    pub(crate) id: ComponentId,
    pub(crate) priority: i8,
    pub(crate) class: Durability,
    pub(crate) state: ServiceState,
    pub(crate) settings: Arc<dyn Any + Send + Sync>,
    /// The root SBB is the first.
    pub(crate) sbbs: Vec<Sbb>,
    /// Names of adaptor entities by link, as configured.
    pub(crate) configured: Vec<(String, String)>,
    /// Links of the SBBs.
    pub(crate) needs: Vec<Need>,
    /// Profile tables of the SBBs.
    pub(crate) tables: Vec<TableNeed>,
    /// The links as they were bound when the service was activated.
    pub(crate) links: Vec<(&'static str, ComponentId, RaIx)>,
    pub(crate) activity: Option<ActivityId>,
    pub(crate) entities: u32,
    pub(crate) tally: ServiceTally,
    pub(crate) failures: Failures,
    /// What is watched of its usage.
    pub(crate) watches: Watches,
    /// The store says what its ids mean.
    pub(crate) described: bool,
    /// Whether the configuration wants it to be active.
    pub(crate) active: bool,
    /// It is not activated at this start.
    pub(crate) held_back: bool,
    /// What an operator wants.
    pub(crate) desired: Option<Desired>,
    /// Other versions of it that are installed.
    pub(crate) others: Vec<ServiceIx>,
    pub(crate) canary: Option<Canary>,
    /// Which new work it takes as a canary that decides itself.
    pub(crate) admits: Option<fn(&Selector<'_>) -> bool>,
    /// The version that it took the place of.
    pub(crate) replaced: Option<ServiceIx>,
}

/// An SBB of a service.
pub(crate) struct Sbb {
    pub(crate) component: Component,
    pub(crate) id: ComponentId,
    pub(crate) hooks: Hooks,
    pub(crate) schema: Schema,
    pub(crate) migrations: Vec<MigrationDecl>,
    pub(crate) children: Vec<ChildSbb>,
    pub(crate) mask_on_attach: u64,
    /// Other versions of it, in this build or in the store.
    pub(crate) versions: Vec<ComponentId>,
    /// Event types that it receives, by their bit in a mask.
    pub(crate) events: Vec<Component>,
    /// By event type: bit in a mask, and handlers by activity type.
    received: Vec<Option<Received>>,
    handlers: Vec<SbbHandler>,
    pub(crate) tally: SbbTally,
    /// If its handlers count in any.
    pub(crate) usage: Option<Box<UsageSets>>,
    /// The most that its tracers, and those below, let pass.
    pub(crate) traces: Level,
    object: fn() -> Box<dyn Object>,
    pool: Vec<Box<dyn Object>>,
}

/// A link of a service.
#[derive(Clone, Copy)]
pub(crate) struct Need {
    pub(crate) name: &'static str,
    pub(crate) ra_type: ComponentId,
    /// The service can be active without it.
    pub(crate) optional: bool,
}

/// One need for each link; what one handler cannot do without is not optional.
fn need(needs: &mut Vec<Need>, link: &LinkDecl) {
    let (name, ra_type, optional) = (link.name, link.ra_type.id(), link.optional);
    let known = needs
        .iter_mut()
        .find(|need| need.name == name && need.ra_type == ra_type);
    match known {
        Some(need) => need.optional &= optional,
        None => needs.push(Need {
            name,
            ra_type,
            optional,
        }),
    }
}

/// A child relation.
#[derive(Clone, Copy)]
pub(crate) struct ChildSbb {
    pub(crate) id: ComponentId,
    /// Place of the SBB in its service.
    pub(crate) sbb: u16,
    pub(crate) priority: i8,
}

#[derive(Clone)]
struct Received {
    bit: u8,
    handlers: SmallVec<[(Option<KindIx>, u16); 2]>,
}

struct SbbHandler {
    call: Handler,
    initial: Option<InitialDecl>,
}

/// Types of the attributes that are shared under an alias, over all services.
pub(crate) type Aliases = BTreeMap<&'static str, u64>;

impl Service {
    pub(crate) fn new(
        def: ServiceDef,
        options: ServiceOptions,
        registry: &mut Registry,
        aliases: &mut Aliases,
    ) -> Result<Self, InstallError> {
        if (*(def.settings.defaults)()).type_id() != (*options.settings).type_id() {
            return Err(InstallError::WrongSettings(options.name));
        }
        let descriptors = closure(def.root);
        let mut known = aliases.clone();
        let mut needs = Vec::new();
        let mut tables: Vec<TableNeed> = Vec::new();
        for sbb in &descriptors {
            check(sbb, registry, &mut known)?;
            for link in sbb.handlers.iter().flat_map(|h| &h.links) {
                need(&mut needs, link);
            }
            tables.extend(sbb.handlers.iter().flat_map(|h| &h.tables));
        }
        *aliases = known;
        let ids: Vec<_> = descriptors.iter().map(|d| d.component.id()).collect();
        let sbbs = descriptors
            .into_iter()
            .map(|d| Sbb::new(d, &ids, registry))
            .collect();
        Ok(Self {
            name: options.name,
            component: def.component,
            id: def.component.id(),
            priority: options.priority.unwrap_or(def.priority),
            class: options.durability,
            state: ServiceState::Inactive,
            settings: options.settings,
            sbbs,
            configured: options.links,
            needs,
            tables,
            links: Vec::new(),
            activity: None,
            entities: 0,
            tally: ServiceTally::default(),
            failures: Failures::new(options.intensity),
            watches: Watches::default(),
            described: false,
            active: options.active,
            held_back: options.held_back,
            desired: None,
            others: Vec::new(),
            canary: None,
            admits: def.canary,
            replaced: None,
        })
    }

    pub(crate) fn sbb(&self, ix: u16) -> Option<&Sbb> {
        self.sbbs.get(usize::from(ix))
    }
    pub(crate) fn sbb_mut(&mut self, ix: u16) -> Option<&mut Sbb> {
        self.sbbs.get_mut(usize::from(ix))
    }
    /// The initial handler of the root SBB for an event type on an activity type (R-IE-01).
    pub(crate) fn initial(&self, event: EventIx, kind: KindIx) -> Option<&InitialDecl> {
        let root = self.sbbs.first()?;
        root.handlers
            .get(root.handler_ix(event, kind)?)?
            .initial
            .as_ref()
    }
    /// Whether an event type is initial for it on any activity type.
    pub(crate) fn is_initial(&self, event: EventIx) -> bool {
        let received = self.sbbs.first().and_then(|root| {
            let received = root.received.get(usize::from(event))?.as_ref()?;
            Some((root, received))
        });
        received.is_some_and(|(root, received)| {
            let initial = |ix: u16| {
                root.handlers
                    .get(usize::from(ix))
                    .is_some_and(|h| h.initial.is_some())
            };
            received.handlers.iter().any(|(_, ix)| initial(*ix))
        })
    }
    pub(crate) fn link(&self, name: &str, ra_type: ComponentId) -> Option<RaIx> {
        let found = self
            .links
            .iter()
            .find(|(n, t, _)| *n == name && *t == ra_type);
        found.map(|(_, _, ra)| *ra)
    }
    /// Whether it receives anything at all now.
    pub(crate) fn is_live(&self) -> bool {
        self.state != ServiceState::Inactive
    }
}

impl Sbb {
    fn new(descriptor: SbbDescriptor, ids: &[ComponentId], registry: &mut Registry) -> Self {
        let usage = UsageSets::of(&descriptor).map(Box::new);
        let mut sbb = Self {
            component: descriptor.component,
            id: descriptor.component.id(),
            versions: Vec::new(),
            hooks: descriptor.hooks,
            schema: descriptor.schema,
            migrations: descriptor.migrations,
            children: Vec::new(),
            mask_on_attach: 0,
            events: Vec::new(),
            received: Vec::new(),
            handlers: Vec::new(),
            tally: SbbTally::default(),
            usage,
            traces: Level::default(),
            object: descriptor.object,
            pool: Vec::new(),
        };
        for child in descriptor.children {
            let id = child.sbb.id();
            let place = ids.iter().position(|i| *i == id);
            sbb.children.extend(place.map(|p| ChildSbb {
                id,
                sbb: p as u16,
                priority: child.priority,
            }));
        }
        for (place, handler) in descriptor.handlers.into_iter().enumerate() {
            let event = registry.event(&handler.event);
            let kind = handler.activity.map(|kind| registry.kind(kind));
            let received = sbb.receive(event, handler.event.component);
            received.handlers.push((kind, place as u16));
            let bit = received.bit;
            if handler.mask_on_attach {
                sbb.mask_on_attach |= 1 << bit;
            }
            sbb.handlers.push(SbbHandler {
                call: handler.call,
                initial: handler.initial,
            });
        }
        sbb
    }

    fn receive(&mut self, event: EventIx, component: Component) -> &mut Received {
        let place = usize::from(event);
        if self.received.len() <= place {
            self.received.resize(place + 1, None);
        }
        let bit = self.events.len() as u8;
        let events = &mut self.events;
        self.received[place].get_or_insert_with(|| {
            events.push(component);
            Received {
                bit,
                handlers: SmallVec::new(),
            }
        })
    }

    fn handler_ix(&self, event: EventIx, kind: KindIx) -> Option<usize> {
        let received = self.received.get(usize::from(event))?.as_ref()?;
        let fits = |(k, _): &&(Option<KindIx>, u16)| k.is_none_or(|k| k == kind);
        received
            .handlers
            .iter()
            .find(fits)
            .map(|(_, ix)| usize::from(*ix))
    }
    /// The handler of an event type on an activity type.
    pub(crate) fn handler(&self, event: EventIx, kind: KindIx) -> Option<Handler> {
        self.handlers
            .get(self.handler_ix(event, kind)?)
            .map(|h| h.call)
    }
    /// Bit of an event type in a mask, if the SBB receives it.
    pub(crate) fn bit(&self, event: EventIx) -> Option<u64> {
        let received = self.received.get(usize::from(event))?.as_ref()?;
        Some(1 << received.bit)
    }
    /// Notes another version of it.
    pub(crate) fn know_version(&mut self, component: Component, id: ComponentId) {
        if self.component.is_version_of(&component) && self.id != id && !self.versions.contains(&id)
        {
            self.versions.push(id);
        }
    }
    /// How states with another schema become its own.
    pub(crate) fn migration_from(&self, fingerprint: u64) -> Option<&MigrationDecl> {
        self.migrations
            .iter()
            .find(|migration| migration.from.fingerprint == fingerprint)
    }
    pub(crate) fn receives(&self, event: EventIx) -> bool {
        self.bit(event).is_some()
    }

    /// An object, in whatever state it was left.
    pub(crate) fn object(&mut self) -> Box<dyn Object> {
        self.pool.pop().unwrap_or_else(self.object)
    }
    pub(crate) fn give_back(&mut self, object: Box<dyn Object>) {
        if self.pool.len() < POOL {
            self.pool.push(object);
        }
    }
}

/// The root SBB and everything that its child relations reach, each once.
pub(crate) fn closure(root: SbbDescriptor) -> Vec<SbbDescriptor> {
    let mut all = vec![root];
    let mut next = 0;
    while let Some(sbb) = all.get(next) {
        let children: Vec<_> = sbb.children.iter().map(|c| (c.sbb, c.descriptor)).collect();
        for (component, descriptor) in children {
            if !all.iter().any(|d| d.component == component) {
                all.push(descriptor());
            }
        }
        next += 1;
    }
    all
}

fn check(
    sbb: &SbbDescriptor,
    registry: &mut Registry,
    aliases: &mut Aliases,
) -> Result<(), InstallError> {
    registry.check(sbb.component)?;
    let mut types = Vec::new();
    for handler in &sbb.handlers {
        registry.check(handler.event.component)?;
        if let Some(kind) = handler.activity {
            registry.check(kind)?;
        }
        if !types.contains(&handler.event.component) {
            types.push(handler.event.component);
        }
    }
    if types.len() > 64 {
        return Err(InstallError::TooManyEvents(sbb.component));
    }
    if !UsageSets::agree(sbb) {
        return Err(InstallError::UsageTypes(sbb.component));
    }
    for decl in &sbb.aliases {
        let known = *aliases.entry(decl.alias).or_insert(decl.schema.fingerprint);
        if known != decl.schema.fingerprint {
            return Err(InstallError::AliasType {
                alias: decl.alias,
                sbb: sbb.component,
            });
        }
    }
    Ok(())
}
