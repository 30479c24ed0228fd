//! Initial event selection: which root entity an initial event goes to (R-IE).

use crate::address::Address;
use crate::event::{AnyEvent, Event};
use crate::id::ActivityId;
use std::any::Any;

/// Handed to a service's selection function, preset with what `#[on(initial(...))]` names; it may change every part.
///
/// What is selected makes up the convergence name. Equal names of one service mean one root entity (R-IE-06).
#[derive(Debug)]
pub struct Selector<'a> {
    /// Whether the event is initial for the service at all; a selection function clears it to decline (R-IE-03).
    pub initial: bool,
    /// The activity is part of the name: one entity per activity.
    pub by_activity: bool,
    /// The address is part of the name, if there is one.
    pub by_address: bool,
    /// The event type is part of the name.
    pub by_event_type: bool,
    /// The event itself is part of the name: always a new entity (R-IE-05).
    pub by_event: bool,
    /// A name of the service's own choice.
    pub custom: Option<Box<str>>,
    /// The event's default address; may be replaced.
    pub address: Option<Address>,
    /// The event.
    pub event: &'a AnyEvent,
    /// The activity it happened on.
    pub activity: ActivityId,
    #[doc(hidden)]
    pub settings: &'a (dyn Any + Send + Sync),
}

impl<'a> Selector<'a> {
    /// The service's settings, if `T` is their type.
    #[must_use]
    pub fn conf<T: 'static>(&self) -> Option<&'a T> {
        self.settings.downcast_ref()
    }
    /// The event, if `E` is its type.
    #[must_use]
    pub fn event<E: Event>(&self) -> Option<&'a E> {
        self.event.downcast_ref()
    }
    /// Declines the event: it is not initial for this service.
    pub fn decline(&mut self) {
        self.initial = false;
    }
}

/// What an initial handler's attribute selects; the fields are as in [`Selector`].
#[derive(Clone, Copy, Debug)]
pub struct InitialDecl {
    /// One entity per activity. The default when nothing is named.
    pub by_activity: bool,
    /// One entity per address.
    pub by_address: bool,
    /// One entity per event type.
    pub by_event_type: bool,
    /// One entity per event.
    pub by_event: bool,
    /// Decides per event; a panic in it declines (R-IE-03).
    pub select: Option<fn(&mut Selector<'_>)>,
}
