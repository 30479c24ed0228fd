//! Usage and tracers, as whoever drives a kernel sees them.

use super::Shard;
use crate::tracers::TracerError;
use crate::usage::{UsageError, UsageOptions, UsageReading};
use strowger::id::ServiceIx;
use strowger::time::Now;
use strowger::tracer::Level;

impl Shard {
    // ---- usage

    /// Makes a named set of usage parameters, for one SBB of a service or for all that have any (R-US-02). It is there until it
    /// is removed, or the process ends.
    ///
    /// # Errors
    /// See [`UsageError`].
    pub fn create_usage_set(
        &mut self,
        now: Now,
        service: ServiceIx,
        sbb: Option<&str>,
        name: &str,
    ) -> Result<(), UsageError> {
        self.kernel.create_usage_set(now, service, sbb, name)
    }
    /// Removes a set that [`create_usage_set`](Self::create_usage_set) has made.
    ///
    /// # Errors
    /// See [`UsageError`].
    pub fn remove_usage_set(
        &mut self,
        service: ServiceIx,
        sbb: Option<&str>,
        name: &str,
    ) -> Result<(), UsageError> {
        self.kernel.remove_usage_set(service, sbb, name)
    }
    /// What sets of a service have: of one SBB, or of all; the one that is named, by the empty name the unnamed, or all.
    #[must_use]
    pub fn usage(
        &self,
        service: ServiceIx,
        sbb: Option<&str>,
        set: Option<&str>,
    ) -> Vec<UsageReading> {
        self.kernel.read_usage(service, sbb, set)
    }
    /// Resets sets, which are named as in [`usage`](Self::usage); how many (R-US-03). Windows of the service's thresholds begin
    /// anew.
    ///
    /// # Errors
    /// See [`UsageError`].
    pub fn reset_usage(
        &mut self,
        now: Now,
        service: ServiceIx,
        sbb: Option<&str>,
        set: Option<&str>,
    ) -> Result<usize, UsageError> {
        self.kernel.reset_usage(now, service, sbb, set)
    }
    /// Says what named sets a service has by configuration, and what is watched, from here on.
    ///
    /// # Errors
    /// See [`UsageError`].
    pub fn configure_usage(
        &mut self,
        now: Now,
        service: ServiceIx,
        options: &UsageOptions,
    ) -> Result<(), UsageError> {
        self.kernel.configure_usage(now, service, options)
    }

    /// Whether [`configure_usage`](Self::configure_usage) can say that of all these services, one after the other.
    ///
    /// # Errors
    /// See [`UsageError`].
    pub fn may_configure_usage(
        &self,
        wanted: &[(ServiceIx, &UsageOptions)],
    ) -> Result<(), UsageError> {
        self.kernel.may_configure_usage(wanted)
    }

    // ---- tracers

    /// Assigns a level to a tracer, or takes it away, so that it has that of the nearest above it (R-TR-01). The path begins at
    /// the root, which is the empty one: `service.NAME.SBB`, `adaptor.NAME`.
    ///
    /// # Errors
    /// See [`TracerError`].
    pub fn assign_level(&mut self, path: &str, level: Option<Level>) -> Result<(), TracerError> {
        self.kernel.assign_level(path, level)
    }
    /// The tracers that a level is assigned to, the root first.
    pub fn levels(&self) -> impl Iterator<Item = (&str, Level)> {
        self.kernel.levels()
    }
    /// The level of a tracer: its own, or that of the nearest above it.
    #[must_use]
    pub fn level_of(&self, path: &str) -> Level {
        self.kernel.level_of(path)
    }
    /// The most that any tracer lets pass.
    #[must_use]
    pub fn most_traced(&self) -> Level {
        self.kernel.most_traced()
    }
    /// Tracers that have let a message pass, the first thousand of them, with how many.
    pub fn tracers_used(&self) -> impl Iterator<Item = (&str, u64)> {
        self.kernel.tracers_used()
    }
}
