//! How often a service may fail before it is deactivated: what Erlang/OTP calls the intensity and period of a supervisor.
//!
//! Deliveries that panicked and deliveries that were rolled back for another reason are counted apart, each over a sliding
//! window, for an error may be a service's ordinary answer while a panic never is. A service that is deactivated gets no new
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
}

/// When deliveries of a service failed.
#[derive(Debug)]
pub(crate) struct Failures {
    limits: Intensity,
    panics: VecDeque<Mono>,
    errors: VecDeque<Mono>,
}

impl Failures {
    pub(crate) const fn new(limits: Intensity) -> Self {
        Self {
            limits,
            panics: VecDeque::new(),
            errors: VecDeque::new(),
        }
    }

    /// One more; why they are too many, if they are.
    fn add(&mut self, now: Mono, panicked: bool) -> Option<String> {
        let Intensity {
            panics,
            errors,
            window,
        } = self.limits;
        let (times, most, what) = match panicked {
            true => (&mut self.panics, panics, "panicked"),
            false => (&mut self.errors, errors, "failed"),
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
        self.panics = VecDeque::new();
        self.errors = VecDeque::new();
    }
}

impl Kernel {
    pub(crate) fn limit_failures(&mut self, ix: ServiceIx, intensity: Intensity) {
        if let Some(service) = self.service_mut(ix) {
            service.failures.set(intensity);
        }
    }

    /// A delivery has failed; the one that is too many deactivates the service.
    pub(crate) fn count_failure(&mut self, ix: ServiceIx, panicked: bool) {
        let (now, running) = (self.now, self.slee == SleeState::Running);
        let Some(service) = self.service_mut(ix) else {
            return;
        };
        if !running || service.state != ServiceState::Active {
            return;
        }
        let Some(why) = service.failures.add(now.mono, panicked) else {
            return;
        };
        self.metrics.services_failed += 1;
        self.outputs
            .notice(ShardOutput::ServiceFailed { service: ix, why });
        // It is active, and named once.
        drop(self.switch_services(now, &[ix], &[]));
    }
}
