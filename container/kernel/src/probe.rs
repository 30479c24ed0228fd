//! Shows another thread which handler runs, for a watchdog: the kernel itself cannot tell that a handler hangs.

use crate::registry::EventIx;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use strowger::id::ServiceIx;

/// Which handler runs. Clones show the same shard.
#[derive(Clone, Debug, Default)]
pub struct Probe(Arc<AtomicU64>);

/// A bit that no service or event type sets: something runs. Above it is the number of the delivery.
const RUNNING: u64 = 1 << 32;

impl Probe {
    /// The service whose handler runs, and its event type by its place in
    /// [`Shard::event_types`](crate::Shard::event_types).
    #[must_use]
    pub fn running(&self) -> Option<(ServiceIx, usize)> {
        let bits = self.0.load(Ordering::Relaxed);
        (bits & RUNNING != 0).then_some((ServiceIx((bits >> 16) as u16), usize::from(bits as u16)))
    }

    /// The service whose handler runs, and a number that the next delivery does not have: who looks twice and sees the same one
    /// knows that it did not return meanwhile.
    #[must_use]
    pub fn delivery(&self) -> Option<(ServiceIx, u64)> {
        let bits = self.0.load(Ordering::Relaxed);
        (bits & RUNNING != 0).then_some((ServiceIx((bits >> 16) as u16), bits >> 33))
    }

    pub(crate) fn enter(&self, service: ServiceIx, event: EventIx, delivery: u64) {
        let bits = delivery << 33 | RUNNING | u64::from(service.0) << 16 | u64::from(event);
        self.0.store(bits, Ordering::Relaxed);
    }
    pub(crate) fn leave(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
