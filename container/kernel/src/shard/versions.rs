//! What whoever drives a shard asks of the versions of a service, and of what an operator wants of services.

use super::Shard;
use crate::manage::ManageError;
use crate::version::{Share, Versions};
use strowger::id::ServiceIx;
use strowger::time::Now;

impl Shard {
    /// Activates a service as the canary of another version of it, which is active and keeps the rest of the new work, or changes
    /// its share (R-SV-08).
    ///
    /// # Errors
    /// See [`ManageError`].
    pub fn set_canary(
        &mut self,
        now: Now,
        service: ServiceIx,
        share: Share,
    ) -> Result<(), ManageError> {
        self.kernel.set_canary(now, service, share)
    }
    /// What takes a service, told by any of its versions, back to the version before: the one that is to leave, if it has not done so
    /// by itself, and the one that is to come unless it is active already.
    ///
    /// # Errors
    /// There is no way back.
    pub fn way_back(
        &self,
        service: ServiceIx,
    ) -> Result<(ServiceIx, Option<ServiceIx>), ManageError> {
        self.kernel.way_back(service)
    }
    /// How a service stands to its other versions.
    #[must_use]
    pub fn versions(&self, service: ServiceIx) -> Option<Versions> {
        self.kernel.versions(service)
    }
    /// Whether the entities of one version of a service can move to another.
    ///
    /// # Errors
    /// What stands against it, such as a field of a state that has changed without a migration.
    pub fn may_move(&self, from: ServiceIx, to: ServiceIx) -> Result<(), ManageError> {
        self.kernel.may_move(from, to)
    }
    /// Begins to move the entities of a version that is not active any more to one that is, some in each turn, until
    /// [`ShardOutput::Moved`](crate::ShardOutput::Moved).
    ///
    /// # Errors
    /// See [`may_move`](Self::may_move).
    pub fn move_entities(
        &mut self,
        now: Now,
        from: ServiceIx,
        to: ServiceIx,
    ) -> Result<(), ManageError> {
        self.kernel.move_entities(now, from, to)
    }
    /// Keeps what these services and their other versions are now over a restart, as what an operator wants (R-SL-04). It is durable
    /// with [`last_strict`](Self::last_strict).
    pub fn keep_desired(&mut self, now: Now, services: &[ServiceIx]) {
        self.kernel.keep_desired(now, services);
    }
    /// Whether a service shall be active: what was kept of it, or else what the configuration says.
    #[must_use]
    pub fn is_desired(&self, service: ServiceIx) -> bool {
        self.kernel.is_desired(service)
    }
    /// Activates the services that shall be active, after a restart, and goes on with what was moving (R-SL-04).
    ///
    /// # Errors
    /// The service that cannot be, and why.
    pub fn activate_desired(&mut self, now: Now) -> Result<(), (ServiceIx, ManageError)> {
        self.kernel.activate_desired(now)
    }
    /// Schemas of the states of the SBBs of a service, in the same order.
    pub fn sbb_schemas(&self, service: ServiceIx) -> impl Iterator<Item = &str> {
        let service = self.kernel.service(service).into_iter();
        service.flat_map(|s| s.sbbs.iter().map(|sbb| sbb.schema.text.as_str()))
    }
}
