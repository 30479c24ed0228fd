//! What happened by service, SBB, event type and adaptor entity, for metrics: plain numbers that the shard owns and adds to in
//! passing, found by the places that it has at hand anyway.
//!
//! Not here: totals ([`Metrics`](crate::Metrics)), and clocks: whoever drives the shard lends it a [`Stopwatch`].
//! Invariant: nothing else that a shard does depends on any of them.

use crate::kernel::Kernel;
use crate::registry::EventIx;
use crate::router::Target;
use std::fmt;
use strowger::id::{EntityId, RaIx, ServiceIx};
use strowger::time::Mono;
use strowger_journal::Times;

/// One delivery in so many is timed. A prime, so that calls that all take the same number of deliveries are not always
/// timed at the same one.
pub(crate) const TIMED: u32 = 61;

/// Tells how time passes within a turn. It is asked around one delivery in 61, so that what it costs does not matter; the
/// shard's own time is the `now` that it is given.
pub trait Stopwatch: Send {
    /// What it shows; only differences mean anything.
    fn read(&self) -> Mono;
}

/// What happened to the events of one type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EventTally {
    /// Accepted.
    pub fired: u64,
    /// Offered to all.
    pub routed: u64,
    /// Of those, the ones of which nobody was a receiver.
    pub unreceived: u64,
    /// Refused because a queue was full.
    pub refused: u64,
    /// Handlers called.
    pub deliveries: u64,
}

/// What one service did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ServiceTally {
    /// Deliveries rolled back.
    pub rollbacks: u64,
    /// Panics caught.
    pub panics: u64,
    /// How long deliveries took, from the choice of the entity until after the commit: one in 61.
    pub times: Times,
}

/// What one SBB of a service did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SbbTally {
    /// Its entities.
    pub entities: u32,
    /// Handlers called.
    pub deliveries: u64,
}

/// What one adaptor entity did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AdaptorTally {
    /// Its activities.
    pub activities: u32,
    /// Inputs that it was given: from the network, commands of services, times, reports.
    pub inputs: u64,
    /// Events that it fired and that were accepted.
    pub events: u64,
    /// Panics caught.
    pub panics: u64,
}

/// The shard's stopwatch, if it was lent one, and when it is used next.
pub(crate) struct Timing {
    pub(crate) stopwatch: Option<Box<dyn Stopwatch>>,
    untimed: u32,
}

/// A delivery that is being timed.
pub(crate) struct Timed {
    service: ServiceIx,
    since: Mono,
}

impl Timing {
    /// The first delivery is timed.
    pub(crate) fn new() -> Self {
        Self {
            stopwatch: None,
            untimed: TIMED - 1,
        }
    }
}

impl fmt::Debug for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timing").finish_non_exhaustive()
    }
}

impl Kernel {
    /// Before a delivery.
    pub(crate) fn begin_timing(&mut self, target: Target) -> Option<Timed> {
        self.timing.untimed += 1;
        if self.timing.untimed < TIMED {
            return None;
        }
        self.timing.untimed = 0;
        let since = self.timing.stopwatch.as_ref()?.read();
        let service = match target {
            Target::Initial(service) => service,
            Target::Attached(id) => self.entities.get(id)?.service,
        };
        Some(Timed { service, since })
    }
    /// After it.
    pub(crate) fn end_timing(&mut self, Timed { service, since }: Timed) {
        let took = self.timing.stopwatch.as_ref().map(|s| s.read() - since);
        if let Some((service, took)) = self.service_mut(service).zip(took) {
            service.tally.times.add(took);
        }
    }

    /// A handler is called.
    pub(crate) fn count_delivery(&mut self, service: ServiceIx, sbb: u16, event: EventIx) {
        self.metrics.deliveries += 1;
        if let Some(sbb) = self.service_mut(service).and_then(|s| s.sbb_mut(sbb)) {
            sbb.tally.deliveries += 1;
        }
        if let Some(tally) = self.registry.tally(event) {
            tally.deliveries += 1;
        }
    }
    /// A delivery is rolled back.
    pub(crate) fn count_rollback(&mut self, service: ServiceIx) {
        if let Some(service) = self.service_mut(service) {
            service.tally.rollbacks += 1;
        }
    }
    /// Code of a service panicked.
    pub(crate) fn count_panic(&mut self, service: ServiceIx) {
        self.metrics.panics += 1;
        if let Some(service) = self.service_mut(service) {
            service.tally.panics += 1;
        }
    }
    /// Code of an entity's service panicked.
    pub(crate) fn count_panic_of(&mut self, entity: EntityId) {
        match self.entities.get(entity).map(|e| e.service) {
            Some(service) => self.count_panic(service),
            None => self.metrics.panics += 1,
        }
    }
    /// There is one entity of an SBB more or less.
    pub(crate) fn count_entity(&mut self, service: ServiceIx, sbb: u16, n: i32) {
        if let Some(service) = self.service_mut(service) {
            service.entities = service.entities.saturating_add_signed(n);
            if let Some(sbb) = service.sbb_mut(sbb) {
                sbb.tally.entities = sbb.tally.entities.saturating_add_signed(n);
            }
        }
    }
    /// An event that an adaptor entity fired was accepted.
    pub(crate) fn count_fired(&mut self, ra: RaIx) {
        if let Some(adaptor) = self.adaptor_mut(ra) {
            adaptor.tally.events += 1;
        }
    }
}
