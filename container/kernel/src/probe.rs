//! Shows another thread which delivery is being made, for a watchdog: the kernel itself cannot tell that a handler hangs.

use crate::registry::EventIx;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use strowger::id::{EntityId, ServiceIx};

/// Which delivery is being made. Clones show the same shard.
#[derive(Clone, Debug, Default)]
pub struct Probe(Arc<Shown>);

#[derive(Debug, Default)]
struct Shown {
    /// Service and event type, whether there is one at all, and its number.
    delivery: AtomicU64,
    /// The bits of its receiver, inverted; 0: an entity that comes into being by it.
    entity: AtomicU64,
}

/// A bit that no service or event type sets: something runs. Above it is the number of the delivery.
const RUNNING: u64 = 1 << 32;

/// A delivery that is being made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Delivering {
    /// The service whose code runs.
    pub service: ServiceIx,
    /// The event type, by its place in [`Shard::event_types`](crate::Shard::event_types).
    pub event: usize,
    /// Its receiver, if that was there before the delivery.
    pub entity: Option<EntityId>,
    /// The next delivery has another one: who looks twice and sees the same one knows that it did not return meanwhile.
    pub number: u64,
}

impl Probe {
    /// The delivery that is being made, handler and whatever else of its service's code belongs to it. The receiver is only
    /// right of one that does not end while this looks.
    #[must_use]
    pub fn delivering(&self) -> Option<Delivering> {
        let entity = self.0.entity.load(Ordering::Relaxed);
        let bits = self.0.delivery.load(Ordering::Relaxed);
        (bits & RUNNING != 0).then_some(Delivering {
            service: ServiceIx((bits >> 16) as u16),
            event: usize::from(bits as u16),
            entity: (entity != 0).then(|| EntityId::from_raw(!entity)),
            number: bits >> 33,
        })
    }

    pub(crate) fn enter(&self, service: ServiceIx, event: EventIx, entity: Option<EntityId>) {
        let number = (self.0.delivery.load(Ordering::Relaxed) >> 33) + 1;
        let bits = number << 33 | RUNNING | u64::from(service.0) << 16 | u64::from(event);
        let entity = entity.map_or(0, |entity| !entity.raw());
        self.0.entity.store(entity, Ordering::Relaxed);
        self.0.delivery.store(bits, Ordering::Relaxed);
    }
    pub(crate) fn leave(&self) {
        let bits = self.0.delivery.load(Ordering::Relaxed);
        self.0.delivery.store(bits & !RUNNING, Ordering::Relaxed);
    }
}
