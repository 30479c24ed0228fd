//! How often a service may fail before it is deactivated: what Erlang/OTP calls the intensity and period of a supervisor.
//!
//! Deliveries that panicked, that were rolled back for another reason, and that held up all others for too long are counted apart,
//! each over a sliding window, for an error may be a service's ordinary answer while the others never are. Whoever drives the
//! shard tells of the last kind: the kernel reads no clock. A service that is deactivated gets no new
//! work; what it has goes on, as when an operator deactivates it (R-SV-05). Other services do not notice.
//!
//! Invariant: no more times are kept than the limits say.

use crate::kernel::Kernel;
use crate::manage::{ServiceState, SleeState};
use crate::output::ShardOutput;
use std::collections::VecDeque;
use std::time::Duration;
use strowger::id::ServiceIx;
use strowger::time::Mono;

/// How many deliveries of a service may fail within a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Intensity {
    /// So many that panic deactivate it; zero: none do.
    pub panics: u32,
    /// So many that are rolled back for another reason deactivate it; zero: none do.
    pub errors: u32,
    /// Within this time.
    pub window: Duration,
    /// So many that do not return in time deactivate it; zero: none do.
    pub hangs: u32,
    /// Within this time.
    pub hang_window: Duration,
}

/// How a delivery failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    Panicked,
    /// Rolled back for another reason.
    Refused,
    /// It took longer than it may, whatever became of it.
    Hung,
}

/// When deliveries of a service failed.
#[derive(Debug)]
pub(crate) struct Failures {
    limits: Intensity,
    panics: VecDeque<Mono>,
    errors: VecDeque<Mono>,
    hangs: VecDeque<Mono>,
}

impl Failures {
    pub(crate) const fn new(limits: Intensity) -> Self {
        Self {
            limits,
            panics: VecDeque::new(),
            errors: VecDeque::new(),
            hangs: VecDeque::new(),
        }
    }

    /// One more; why they are too many, if they are.
    fn add(&mut self, now: Mono, failure: Failure) -> Option<String> {
        let Intensity {
            panics,
            errors,
            window,
            hangs,
            hang_window,
        } = self.limits;
        let (times, most, window, what) = match failure {
            Failure::Panicked => (&mut self.panics, panics, window, "panicked"),
            Failure::Refused => (&mut self.errors, errors, window, "failed"),
            Failure::Hung => (
                &mut self.hangs,
                hangs,
                hang_window,
                "did not return in time",
            ),
        };
        if most == 0 {
            return None;
        }
        while times.front().is_some_and(|at| now - *at >= window) {
            times.pop_front();
        }
        times.push_back(now);
        (times.len() >= most as usize)
            .then(|| format!("{most} deliveries {what} within {window:?}"))
    }

    /// Other limits; the same ones change nothing.
    fn set(&mut self, limits: Intensity) {
        if self.limits != limits {
            *self = Self::new(limits);
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.limits);
    }
}

impl Kernel {
    pub(crate) fn limit_failures(&mut self, ix: ServiceIx, intensity: Intensity) {
        if let Some(service) = self.service_mut(ix) {
            service.failures.set(intensity);
        }
    }

    /// A delivery has failed; the one that is too many deactivates the service.
    pub(crate) fn count_failure(&mut self, ix: ServiceIx, failure: Failure) {
        let (now, running) = (self.now, self.slee == SleeState::Running);
        let Some(service) = self.service_mut(ix) else {
            return;
        };
        if !running || service.state != ServiceState::Active {
            return;
        }
        let Some(why) = service.failures.add(now.mono, failure) else {
            return;
        };
        self.metrics.services_failed += 1;
        self.outputs
            .notice(ShardOutput::ServiceFailed { service: ix, why });
        // It is active, and named once.
        drop(self.switch_services(now, &[ix], &[]));
    }
}
