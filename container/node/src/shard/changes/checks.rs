//! Whether a shard can put a changed configuration into effect at this moment, and why not: nothing that is used is taken away
//! (R-DU-04), nothing that is there comes again (R-DU-02). Nothing is changed here.

use super::Driver;
use crate::change::{Changed, Made};
use crate::control::{Cause, Refusal};
use crate::shard::Phase;
use std::fmt::Display;
use strowger_kernel::{AdaptorState, ManageError, ServiceState};

/// What is said of an adaptor entity that stays as it is.
pub(super) fn refused(adaptor: &str, error: &dyn Display) -> Refusal {
    let reason = format!("adaptor `{adaptor}`: {error}");
    Refusal::new(Cause::State, reason).at(&format!("adaptors.{adaptor}"))
}

impl Driver {
    /// Whether everything that is asked for can be done at this moment.
    pub(super) fn may_change(&self, changed: &Changed) -> Result<(), Refusal> {
        if changed.has_entities() && self.phase != Phase::Running {
            return Err(Refusal::new(Cause::State, "the node is stopping"));
        }
        let known = |name: &str| self.shard.adaptor(name).ok_or(ManageError::Unknown);
        for (name, links) in &changed.removed {
            let possible = known(name).and_then(|ra| self.shard.may_remove(ra, links));
            possible.map_err(|error| refused(name, &error))?;
        }
        for made in &changed.anew {
            let name = &made.planned.name;
            let possible = known(name).and_then(|ra| self.shard.may_retire(ra));
            possible.map_err(|error| refused(name, &error))?;
        }
        self.may_relink(changed)?;
        self.may_count(changed)?;
        changed
            .made
            .iter()
            .try_for_each(|made| self.may_make(made, changed))
    }

    /// Whether links can be unbound and bound, and those of services lead elsewhere.
    fn may_relink(&self, changed: &Changed) -> Result<(), Refusal> {
        for service in changed.services.iter().filter(|s| s.links.is_some()) {
            let name = &service.name;
            let state = self.shard.service(name);
            let state = state.and_then(|ix| self.shard.service_state(ix));
            if state != Some(ServiceState::Inactive) {
                let reason = format!(
                    "service `{name}`: its links are found when it is activated, and lead elsewhere only while it is inactive"
                );
                let refusal = Refusal::new(Cause::State, reason);
                return Err(refusal.at(&format!("services.{name}.links")));
            }
        }
        for linked in &changed.links {
            let mut unbound = linked.unbound.iter();
            let possible = unbound.try_for_each(|link| self.shard.may_unbind(link));
            let mut bound = linked.bound.iter();
            possible
                .and_then(|()| bound.try_for_each(|link| self.may_bind(link, changed)))
                .map_err(|error| refused(&linked.adaptor, &error))?;
        }
        Ok(())
    }

    /// Whether there is room for the sets of usage parameters.
    fn may_count(&self, changed: &Changed) -> Result<(), Refusal> {
        let services = changed.services.iter();
        let wanted = services.filter_map(|s| Some((self.shard.service(&s.name)?, &s.usage)));
        let possible = self.shard.may_configure_usage(&wanted.collect::<Vec<_>>());
        possible
            .map_err(|error| Refusal::new(Cause::State, error.to_string()).at("limits.usage_sets"))
    }

    /// Whether a link name is free, or will be.
    fn may_bind(&self, link: &str, changed: &Changed) -> Result<(), ManageError> {
        let unbound = changed.links.iter().flat_map(|linked| &linked.unbound);
        let mut free = unbound.chain(changed.removed.iter().flat_map(|(_, links)| links));
        let taken = self.shard.links().any(|(bound, _)| bound == link);
        if taken && !free.any(|free| free == link) {
            return Err(ManageError::LinkTaken(link.to_owned()));
        }
        Ok(())
    }

    fn may_make(&self, made: &Made, changed: &Changed) -> Result<(), Refusal> {
        let name = &made.planned.name;
        if !self.shard.may_install(name) {
            let text = "it has come already, or another one has a name that cannot be told from it in the store";
            return Err(refused(name, &text));
        }
        let mut links = made.planned.links.iter();
        let bound = links.try_for_each(|link| self.may_bind(link, changed));
        bound.map_err(|error| refused(name, &error))
    }

    /// Whether those that go are still as they were made while the store was waited for.
    pub(super) fn are_inactive(&self, changed: &Changed) -> Result<(), Refusal> {
        let active = |name: &&String| {
            let ra = self.shard.adaptor(name);
            let state = ra.and_then(|ra| self.shard.adaptor_state(ra));
            state != Some(AdaptorState::Inactive)
        };
        let mut names = changed.removed.iter().map(|(name, _)| name);
        match names.find(active) {
            None => Ok(()),
            Some(name) => Err(refused(name, &"it was activated meanwhile")),
        }
    }
}
