//! Event types that may be fired from outside: those that whoever builds the node names, and no others.

use serde::{Deserialize, Serialize};
use strowger::error::OpError;
use strowger::event::{Event, EventDecl, FireOptions};
use strowger::id::{ActivityId, Component};
use strowger::ra::{FireFlags, RaCx};

/// Event types, as a tuple of up to twelve: `strowger_connection::adaptor::<(OrderPlaced, OrderPaid)>()`.
pub trait Events: 'static {
    /// Each of them.
    fn all() -> Vec<Known>;
}

/// An event type that may be fired from outside.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub(crate) decl: EventDecl,
    /// Reads an event from JSON.
    pub(crate) read: fn(&[u8]) -> Result<Box<dyn Fire>, serde_json::Error>,
}

/// An event type as programs name it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventType {
    /// Its name.
    pub name: String,
    /// Its vendor.
    pub vendor: String,
    /// Its version.
    pub version: String,
}

impl EventType {
    pub(crate) fn is(&self, component: &Component) -> bool {
        (&*self.name, &*self.vendor, &*self.version)
            == (component.name, component.vendor, component.version)
    }
}

impl From<Component> for EventType {
    fn from(component: Component) -> Self {
        Self {
            name: component.name.to_owned(),
            vendor: component.vendor.to_owned(),
            version: component.version.to_owned(),
        }
    }
}

impl Known {
    /// That event type.
    #[must_use]
    pub const fn of<E: Event>() -> Self {
        Self {
            decl: EventDecl::of::<E>(),
            read: |json| Ok(Box::new(serde_json::from_slice::<E>(json)?)),
        }
    }
}

/// An event that knows its type.
pub(crate) trait Fire: std::fmt::Debug {
    fn fire(
        self: Box<Self>,
        cx: &mut RaCx<'_>,
        activity: ActivityId,
        options: FireOptions,
    ) -> Result<u64, OpError>;
}

impl<E: Event> Fire for E {
    fn fire(
        self: Box<Self>,
        cx: &mut RaCx<'_>,
        activity: ActivityId,
        options: FireOptions,
    ) -> Result<u64, OpError> {
        let flags = FireFlags {
            report_done: true,
            ..FireFlags::default()
        };
        cx.fire_with(activity, *self, options, flags)
    }
}

macro_rules! tuples {
    ($(($($name:ident)+))*) => {
        $(impl<$($name: Event),+> Events for ($($name,)+) {
            fn all() -> Vec<Known> {
                vec![$(Known::of::<$name>()),+]
            }
        })*
    };
}

tuples! {
    (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
    (A B C D E F G H I) (A B C D E F G H I J) (A B C D E F G H I J K) (A B C D E F G H I J K L)
}
