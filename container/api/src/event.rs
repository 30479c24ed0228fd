//! Events: typed, immutable, serialisable, because an accepted event outlives its process.

use crate::address::Address;
use crate::id::{ActivityId, Component, ComponentId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::fmt;
use std::rc::Rc;

/// Something that happened on an activity. Usually derived: `#[derive(Event)]`. It can be written down and read again, on whatever
/// node (R-RP-03), and is fired once: `fire` takes it (R-EV-09).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    note = "derive it: `#[derive(Debug, Event)]`"
)]
pub trait Event: Any + fmt::Debug + Serialize + DeserializeOwned {
    /// Name, vendor and version of the event type.
    const TYPE: Component;
}

/// An event of any type, shared by reference among its receivers (R-EV-07).
#[derive(Clone)]
pub struct AnyEvent(Rc<dyn ErasedEvent>);

impl AnyEvent {
    /// Wraps an event.
    pub fn new<E: Event>(event: E) -> Self {
        Self(Rc::new(event))
    }
    /// Its event type.
    #[must_use]
    pub fn event_type(&self) -> Component {
        self.0.component()
    }
    /// The event as `E`, if that is its type.
    #[must_use]
    pub fn downcast_ref<E: Event>(&self) -> Option<&E> {
        self.0.as_any().downcast_ref()
    }
    /// The event as handlers take it.
    #[must_use]
    pub fn as_any(&self) -> &dyn Any {
        self.0.as_any()
    }
    /// Appends the event's bytes to `out`.
    ///
    /// # Errors
    /// When the event's own `Serialize` fails.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), postcard::Error> {
        self.0.encode(out)
    }
    /// Whether both are the same object, not merely equal (R-EV-09).
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for AnyEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

trait ErasedEvent: fmt::Debug {
    fn component(&self) -> Component;
    fn as_any(&self) -> &dyn Any;
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), postcard::Error>;
}

impl<E: Event> ErasedEvent for E {
    fn component(&self) -> Component {
        E::TYPE
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), postcard::Error> {
        crate::encoding::append(self, out)
    }
}

/// An event type as descriptors name it, with the way back from its bytes.
#[derive(Clone, Copy)]
pub struct EventDecl {
    /// Name, vendor and version.
    pub component: Component,
    /// Reads an event that was written with [`AnyEvent::encode`].
    pub decode: fn(&[u8]) -> Result<AnyEvent, postcard::Error>,
    /// Hashed when the declaration is compiled, not when an event is fired.
    id: ComponentId,
}

impl EventDecl {
    /// The declaration of `E`.
    #[must_use]
    pub const fn of<E: Event>() -> Self {
        Self {
            component: E::TYPE,
            decode: |bytes| postcard::from_bytes::<E>(bytes).map(AnyEvent::new),
            id: const { E::TYPE.id() },
        }
    }
    /// The event type's id.
    #[must_use]
    pub const fn id(&self) -> ComponentId {
        self.id
    }
}

impl fmt::Debug for EventDecl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.component.fmt(f)
    }
}

/// Last event of every activity: offered to each attached entity, which is then detached (R-AE-03).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ActivityEnd;

impl Event for ActivityEnd {
    const TYPE: Component = Component {
        name: "activity-end",
        vendor: "strowger",
        version: "1.0",
    };
}

/// Fired on a service's activity when it becomes active, to that service only (R-SV-03).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceStarted;

impl Event for ServiceStarted {
    const TYPE: Component = Component {
        name: "service-started",
        vendor: "strowger",
        version: "1.1",
    };
}

/// How an event is fired, beyond the event itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FireOptions {
    /// Default address of the event, for initial event selection (R-EV-05).
    pub address: Option<Address>,
    /// Only SBBs of this service may receive it (R-EV-08).
    pub service: Option<ComponentId>,
}

/// An event as it was fired, read by whoever has its context (R-EC-07).
#[derive(Clone, Debug)]
pub struct Fired {
    /// The event: the object that its receivers are given.
    pub event: AnyEvent,
    /// Its address and its target service.
    pub options: FireOptions,
}

/// Names one event under delivery, so that it can be resumed from another (R-EC-04). Plain data: it may be kept in state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct EventContext {
    /// The activity it happens on.
    pub activity: ActivityId,
    /// The event's number on its node.
    pub event: u64,
}
