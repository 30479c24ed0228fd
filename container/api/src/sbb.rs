//! What an SBB is to the container: a descriptor. `#[sbb]` derives it from an impl block's signatures; it may also be
//! written by hand.

use crate::attribute::Attribute;
use crate::context::Cx;
use crate::error::{Error, OpError, Result};
use crate::event::{AnyEvent, Event, EventDecl};
use crate::id::{Component, ComponentId};
use crate::initial::InitialDecl;
use crate::param::LinkDecl;
use crate::profile::TableNeed;
use crate::state::{Migrate, Schema, State};
use crate::usage::UsageNeed;
use smallvec::SmallVec;
use std::any::Any;
use std::fmt;

/// A service building block.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an SBB",
    note = "put `#[sbb(name = \"...\", vendor = \"...\", version = \"...\")]` on its impl block"
)]
pub trait Sbb: State + Default {
    /// Name, vendor and version of the SBB.
    const SBB: Component;
    /// Default priority of its entities, as roots or where a child relation names none (R-OR-01).
    const PRIORITY: i8 = 0;
    /// Events, links, children, migrations: everything that the container must know of it.
    fn descriptor() -> SbbDescriptor;
}

/// Everything that the container knows of an SBB.
#[derive(Clone, Debug)]
pub struct SbbDescriptor {
    /// Name, vendor and version.
    pub component: Component,
    /// Its handlers, in the order in which they are tried: the first whose event and activity type fit is called.
    /// `#[sbb]` puts those that name an activity type before those that take any.
    pub handlers: Vec<HandlerDecl>,
    /// Its child relations.
    pub children: Vec<ChildDecl>,
    /// Attributes that it shares under an alias; checked against others' types when it is installed (R-AT-04).
    pub aliases: Vec<AliasDecl>,
    /// Callbacks besides the handlers.
    pub hooks: Hooks,
    /// Schema of its state.
    pub schema: Schema,
    /// Older states that it can take over.
    pub migrations: Vec<MigrationDecl>,
    /// Makes an object of it with default state.
    pub object: fn() -> Box<dyn Object>,
}

impl SbbDescriptor {
    /// A descriptor of `S` without handlers.
    #[must_use]
    pub fn new<S: Sbb>() -> Self {
        Self {
            component: S::SBB,
            handlers: Vec::new(),
            children: Vec::new(),
            aliases: Vec::new(),
            hooks: Hooks::default(),
            schema: Schema::of::<S>(),
            migrations: Vec::new(),
            object: || Box::new(S::default()),
        }
    }

    /// Declares that states of `Old` become states of `S`.
    pub fn migrates<Old: State, S: Sbb + Migrate<Old>>(&mut self) {
        self.migrations.push(MigrationDecl {
            from: Schema::of::<Old>(),
            migrate: |bytes| {
                postcard::from_bytes::<Old>(bytes)
                    .map(|old| Box::new(S::migrate(old)) as Box<dyn Object>)
            },
        });
    }
}

/// An object of an SBB: its decoded state. The container decodes an entity's bytes into it for a transaction and encodes
/// it again at commit; objects of one SBB are used again and again, never by two services (R-SO-06).
pub trait Object: Any {
    /// Puts the default state into it (R-SO-02).
    fn reset(&mut self);
    /// Decodes a state into it.
    ///
    /// # Errors
    /// When the bytes are not a state of this SBB.
    fn load(&mut self, bytes: &[u8]) -> Result<(), postcard::Error>;
    /// Appends its state's bytes to `out`.
    ///
    /// # Errors
    /// When the state's own `Serialize` fails.
    fn store(&self, out: &mut Vec<u8>) -> Result<(), postcard::Error>;
    /// For handlers.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<S: Sbb> Object for S {
    fn reset(&mut self) {
        *self = S::default();
    }
    fn load(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        *self = postcard::from_bytes(bytes)?;
        Ok(())
    }
    fn store(&self, out: &mut Vec<u8>) -> Result<(), postcard::Error> {
        crate::encoding::append(self, out)
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// A handler with its types erased: state, context, event.
pub type Handler = fn(&mut dyn Any, &mut Cx<'_>, &AnyEvent) -> Result;

/// One event handler of an SBB.
#[derive(Clone)]
pub struct HandlerDecl {
    /// The method's name.
    pub name: &'static str,
    /// The event type that it takes.
    pub event: EventDecl,
    /// The activity type on which it takes it; `None` for every type.
    pub activity: Option<Component>,
    /// Set when the event is initial; counts only in a service's root SBB (R-IE-01).
    pub initial: Option<InitialDecl>,
    /// The event is masked when an entity attaches (R-MK-01).
    pub mask_on_attach: bool,
    /// Links that its parameters need.
    pub links: SmallVec<[LinkDecl; 2]>,
    /// Profile tables that its parameters name.
    pub tables: Vec<TableNeed>,
    /// Sets of usage parameters that its parameters name.
    pub usage: Vec<UsageNeed>,
    /// The method.
    pub call: Handler,
}

impl HandlerDecl {
    /// A handler of `E` on activities of every type: not initial, not masked, without links.
    #[must_use]
    pub fn new<E: Event>(name: &'static str, call: Handler) -> Self {
        Self {
            name,
            event: EventDecl::of::<E>(),
            activity: None,
            initial: None,
            mask_on_attach: false,
            links: SmallVec::new(),
            tables: Vec::new(),
            usage: Vec::new(),
            call,
        }
    }
}

impl fmt::Debug for HandlerDecl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerDecl")
            .field("name", &self.name)
            .field("event", &self.event)
            .field("activity", &self.activity)
            .field("initial", &self.initial)
            .finish_non_exhaustive()
    }
}

/// Callbacks of an SBB besides its event handlers. All are optional.
#[derive(Clone, Copy, Default)]
pub struct Hooks {
    /// A new entity, in the transaction that makes it, before anything else; an error undoes the creation (R-SO-02, R-SO-04).
    pub create: Option<fn(&mut dyn Any, &mut Cx<'_>) -> Result>,
    /// The entity is about to be removed, in the transaction that removes it (R-SO-03, R-SE-04).
    pub remove: Option<fn(&mut dyn Any, &mut Cx<'_>) -> Result>,
    /// A method failed or panicked; the transaction will roll back, and this sees it before (R-EX-01).
    pub exception: Option<fn(&mut dyn Any, &mut Cx<'_>, &Error)>,
    /// The transaction of a delivery to this entity was rolled back; runs in a new one (R-EX-02).
    pub rolled_back: Option<fn(&mut dyn Any, &mut Cx<'_>, &RolledBack) -> Result>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("create", &self.create.is_some())
            .field("remove", &self.remove.is_some())
            .field("exception", &self.exception.is_some())
            .field("rolled_back", &self.rolled_back.is_some())
            .finish()
    }
}

/// What was rolled back (R-EX-03).
#[derive(Clone, Debug)]
pub struct RolledBack {
    /// The event, when it was the delivery of one.
    pub event: Option<AnyEvent>,
    /// The transaction included a removal of entities by the container.
    pub removal: bool,
}

/// A child relation: which SBB, and with which default priority (R-OR-01).
#[derive(Clone, Copy, Debug)]
pub struct ChildDecl {
    /// The child SBB.
    pub sbb: Component,
    /// Default priority of its entities.
    pub priority: i8,
    /// The child's descriptor.
    pub descriptor: fn() -> SbbDescriptor,
}

impl ChildDecl {
    /// A relation to `S`.
    #[must_use]
    pub const fn of<S: Sbb>(priority: i8) -> Self {
        Self {
            sbb: S::SBB,
            priority,
            descriptor: S::descriptor,
        }
    }
}

/// An attribute that is shared under an alias (R-AT-02).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasDecl {
    /// The alias.
    pub alias: &'static str,
    /// Schema of its type.
    pub schema: Schema,
}

impl AliasDecl {
    /// The declaration of `A`; `None` if it has no alias.
    #[must_use]
    pub fn of<A: Attribute>() -> Option<Self> {
        A::ALIAS.map(|alias| Self {
            alias,
            schema: Schema::of::<A::Value>(),
        })
    }
}

/// An older state that an SBB can take over.
#[derive(Clone)]
pub struct MigrationDecl {
    /// Schema of the old state.
    pub from: Schema,
    /// Makes an object of the new SBB from the old state's bytes.
    pub migrate: fn(&[u8]) -> Result<Box<dyn Object>, postcard::Error>,
}

impl fmt::Debug for MigrationDecl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MigrationDecl")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// Whether the SBB receives the event type on that activity type, and with which handler: the first that fits.
#[must_use]
pub fn receives(
    handlers: &[HandlerDecl],
    event: ComponentId,
    activity: ComponentId,
) -> Option<usize> {
    handlers
        .iter()
        .position(|h| h.event.id() == event && h.activity.is_none_or(|a| a.id() == activity))
}

// ---- what the expansion of `#[sbb]` calls

/// What a handler or a callback may return.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "neither nothing nor a `Result`",
    note = "a handler returns nothing, or `Result` when it may fail"
)]
pub trait Returned {
    /// It as the container takes it.
    fn into_result(self) -> Result;
}

impl Returned for () {
    fn into_result(self) -> Result {
        Ok(())
    }
}

impl<E: Into<Error>> Returned for Result<(), E> {
    fn into_result(self) -> Result {
        self.map_err(Into::into)
    }
}

#[doc(hidden)]
pub fn returned<T: Returned>(value: T) -> Result {
    value.into_result()
}

#[doc(hidden)]
pub fn state<S: Sbb>(state: &mut dyn Any) -> Result<&mut S, OpError> {
    state.downcast_mut().ok_or(OpError::BadState(S::SBB.name))
}

#[doc(hidden)]
pub fn receive<'a, S: Sbb, E: Event>(
    object: &'a mut dyn Any,
    event: &'a AnyEvent,
) -> Result<(&'a mut S, &'a E), OpError> {
    let event = event.downcast_ref().ok_or(OpError::UnrecognizedEvent)?;
    Ok((state(object)?, event))
}

/// Whether no two of these pairs of event type and activity type are equal.
#[doc(hidden)]
#[must_use]
pub const fn differ(handlers: &[(Component, Option<Component>)]) -> bool {
    let mut i = 0;
    while i < handlers.len() {
        let mut j = 0;
        while j < i {
            let (event, activity) = (handlers[i].0, handlers[i].1);
            if event.id().0 == handlers[j].0.id().0 && same(activity, handlers[j].1) {
                return false;
            }
            j += 1;
        }
        i += 1;
    }
    true
}

const fn same(a: Option<Component>, b: Option<Component>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a.id().0 == b.id().0,
        (None, Some(_)) | (Some(_), None) => false,
    }
}
