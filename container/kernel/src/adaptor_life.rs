//! The life of adaptor entities: made, activated, deactivated, made anew with other settings, removed; and the link names
//! that lead to them.
//!
//! Invariant: the number of an entity is never given to another one while the shard lives, since what is on its way may still
//! name it. So 65,536 can be made, and what a turn does is done for the living alone.

use crate::adaptor::{AdaptorEntity, name_hash};
use crate::kernel::Kernel;
use crate::manage::{AdaptorState, InstallError, ManageError, ReplaceError, SleeState};
use crate::output::ShardOutput;
use crate::service::Service;
use std::any::Any;
use std::sync::Arc;
use strowger::id::RaIx;
use strowger::ra::{Adaptor, AdaptorDef, Input, NewWork};
use strowger::time::Now;

impl Kernel {
    pub(crate) fn install_adaptor(
        &mut self,
        name: &str,
        def: &AdaptorDef,
        settings: &Arc<dyn Any + Send + Sync>,
    ) -> Result<RaIx, InstallError> {
        if !self.may_install(name) {
            return Err(InstallError::NameTaken(name.to_owned()));
        }
        let object = self.make_adaptor(name, def, settings)?;
        self.place_adaptor(AdaptorEntity::new(name, def.component, object))
    }

    /// Whether an adaptor entity can have that name: records of entities are found by what it gives.
    pub(crate) fn may_install(&self, name: &str) -> bool {
        let hash = name_hash(name);
        let mut all = self.living_adaptors();
        !name.is_empty() && !all.any(|adaptor| adaptor.name_hash == hash)
    }

    fn place_adaptor(&mut self, adaptor: AdaptorEntity) -> Result<RaIx, InstallError> {
        let place = u16::try_from(self.adaptors.len());
        let place = place.map_err(|_| InstallError::TooMany("adaptors"))?;
        self.adaptors.push(Some(adaptor));
        let living = self.ras().chain([RaIx(place)]);
        self.living_ras = living.collect();
        self.find_levels_of_adaptor(RaIx(place));
        // Where there was a start, there is nothing to restore.
        if self.slee != SleeState::Stopped {
            self.input(RaIx(place), Input::Restored);
        }
        Ok(RaIx(place))
    }

    /// Verifies the settings and makes the object of them; its types become known.
    fn make_adaptor(
        &mut self,
        name: &str,
        def: &AdaptorDef,
        settings: &Arc<dyn Any + Send + Sync>,
    ) -> Result<Box<dyn Adaptor>, InstallError> {
        self.registry.check(def.component)?;
        for component in (def.activities)() {
            self.registry.check(component)?;
        }
        for event in (def.events)() {
            self.registry.check(event.component)?;
        }
        (def.verify)(&**settings).map_err(|cause| InstallError::Settings {
            name: name.to_owned(),
            cause,
        })?;
        let object = (def.create)(&**settings)
            .ok_or_else(|| InstallError::WrongSettings(name.to_owned()))?;
        for component in (def.activities)() {
            self.registry.kind(component);
        }
        for component in (def.lasting)() {
            self.registry.lasts(component);
        }
        for event in (def.events)() {
            self.registry.event(&event);
        }
        Ok(object)
    }

    // ---- removal

    /// Whether nothing of an adaptor entity is under way: it has no activities, and no record of its own that it would
    /// take up at the next start.
    pub(crate) fn may_retire(&self, ra: RaIx) -> Result<(), ManageError> {
        let adaptor = self.adaptor(ra).ok_or(ManageError::Unknown)?;
        match (adaptor.tally.activities, adaptor.kept.len()) {
            (0, 0) => Ok(()),
            (0, records) => Err(ManageError::Records(records)),
            (activities, _) => Err(ManageError::Activities(activities)),
        }
    }

    /// Whether nothing but these links depends on an adaptor entity (R-RE-01).
    pub(crate) fn may_remove(&self, ra: RaIx, links: &[String]) -> Result<(), ManageError> {
        self.may_retire(ra)?;
        let uses = |s: &&Service| s.is_live() && s.links.iter().any(|(_, _, to)| *to == ra);
        if let Some(service) = self.services.iter().find(uses) {
            return Err(ManageError::Used(service.name.clone()));
        }
        let bound = self.links.iter().filter(|(_, to)| **to == ra);
        match bound
            .map(|(link, _)| link)
            .find(|link| !links.contains(link))
        {
            Some(link) => Err(ManageError::Bound(link.clone())),
            None => Ok(()),
        }
    }

    /// Deactivates an adaptor entity of which nothing is under way: it is inactive at once. Whether it was active.
    pub(crate) fn retire_adaptor(&mut self, now: Now, ra: RaIx) -> Result<bool, ManageError> {
        self.may_retire(ra)?;
        let state = self.adaptor(ra).map(|adaptor| adaptor.state);
        if state == Some(AdaptorState::Active) {
            self.deactivate_adaptor(now, ra)?;
        }
        let told = self.adaptor(ra).map(|adaptor| adaptor.told);
        if told == Some(AdaptorState::Stopping) {
            self.tell_inactive(ra);
        }
        Ok(state == Some(AdaptorState::Active))
    }

    pub(crate) fn remove_adaptor(&mut self, ra: RaIx) -> Result<(), ManageError> {
        self.may_remove(ra, &[])?;
        self.is_inactive(ra)?;
        self.vacate(ra);
        Ok(())
    }

    fn vacate(&mut self, ra: RaIx) -> Option<AdaptorEntity> {
        let place = self.adaptors.get_mut(usize::from(ra.0))?;
        let adaptor = place.take();
        self.living_ras = self.ras().filter(|living| *living != ra).collect();
        adaptor
    }

    fn is_inactive(&self, ra: RaIx) -> Result<(), ManageError> {
        let adaptor = self.adaptor(ra).ok_or(ManageError::Unknown)?;
        let states = (adaptor.state, adaptor.told);
        let inactive = states == (AdaptorState::Inactive, AdaptorState::Inactive);
        inactive.then_some(()).ok_or(ManageError::InvalidState)
    }

    /// Makes an inactive adaptor entity anew, with other settings (R-RE-03). It has another number then, so that what is still
    /// on its way to the old object does not reach the new one; links lead to it, and what was counted goes on.
    pub(crate) fn replace_adaptor(
        &mut self,
        ra: RaIx,
        def: &AdaptorDef,
        settings: &Arc<dyn Any + Send + Sync>,
    ) -> Result<RaIx, ReplaceError> {
        self.may_retire(ra)?;
        self.is_inactive(ra)?;
        let old = self.adaptor(ra).ok_or(ManageError::Unknown)?;
        if old.component != def.component {
            return Err(ManageError::InvalidArgument.into());
        }
        let name = old.name.clone();
        let object = self.make_adaptor(&name, def, settings)?;
        let new = self.place_adaptor(AdaptorEntity::new(&name, def.component, object))?;
        if let (Some(old), Some(entity)) = (self.vacate(ra), self.adaptor_mut(new)) {
            entity.tally = old.tally;
            entity.counters = old.counters;
        }
        let of_services = self.services.iter_mut().flat_map(|s| &mut s.links);
        let bound = of_services
            .map(|(_, _, to)| to)
            .chain(self.links.values_mut());
        for to in bound.filter(|to| **to == ra) {
            *to = new;
        }
        Ok(new)
    }

    // ---- states

    pub(crate) fn activate_adaptor(&mut self, now: Now, ra: RaIx) -> Result<(), ManageError> {
        self.now = now;
        let adaptor = self.adaptor_mut(ra).ok_or(ManageError::Unknown)?;
        if adaptor.state != AdaptorState::Inactive {
            return Err(ManageError::InvalidState);
        }
        adaptor.state = AdaptorState::Active;
        self.outputs
            .notice(ShardOutput::Adaptor(ra, AdaptorState::Active));
        if self.slee == SleeState::Running {
            self.tell_active(ra);
        }
        Ok(())
    }
    pub(crate) fn deactivate_adaptor(&mut self, now: Now, ra: RaIx) -> Result<(), ManageError> {
        self.now = now;
        let adaptor = self.adaptor_mut(ra).ok_or(ManageError::Unknown)?;
        if adaptor.state != AdaptorState::Active {
            return Err(ManageError::InvalidState);
        }
        adaptor.state = AdaptorState::Stopping;
        let told = adaptor.told;
        self.outputs
            .notice(ShardOutput::Adaptor(ra, AdaptorState::Stopping));
        match told {
            AdaptorState::Active => self.tell_stopping(ra),
            AdaptorState::Stopping => {}
            AdaptorState::Inactive => self.tell_inactive(ra),
        }
        Ok(())
    }
    pub(crate) fn tell_active(&mut self, ra: RaIx) {
        if let Some(adaptor) = self.adaptor_mut(ra) {
            adaptor.told = AdaptorState::Active;
        }
        self.input(ra, Input::Active);
        let new = self.new_work;
        let told = self.adaptor_mut(ra);
        let told = told.map(|adaptor| std::mem::replace(&mut adaptor.new_work, new));
        if new.is_refused() || told.is_some_and(NewWork::is_refused) {
            self.input(ra, Input::NewWork(new));
        }
    }
    pub(crate) fn tell_stopping(&mut self, ra: RaIx) {
        self.input(ra, Input::Stopping);
        if let Some(adaptor) = self.adaptor_mut(ra) {
            adaptor.told = AdaptorState::Stopping;
        }
    }
    /// Its last activity has ended; where only the SLEE stops, the operator still wants it active.
    pub(crate) fn tell_inactive(&mut self, ra: RaIx) {
        let Some(adaptor) = self.adaptor_mut(ra) else {
            return;
        };
        let told = std::mem::replace(&mut adaptor.told, AdaptorState::Inactive);
        if adaptor.state == AdaptorState::Stopping {
            adaptor.state = AdaptorState::Inactive;
            self.outputs
                .notice(ShardOutput::Adaptor(ra, AdaptorState::Inactive));
        }
        if told != AdaptorState::Inactive {
            self.input(ra, Input::Inactive);
        }
    }

    // ---- links

    pub(crate) fn bind_link(&mut self, link: &str, ra: RaIx) -> Result<(), ManageError> {
        if link.is_empty() || self.adaptor(ra).is_none() {
            return Err(ManageError::Unknown);
        }
        if self.links.contains_key(link) {
            return Err(ManageError::LinkTaken(link.to_owned()));
        }
        self.links.insert(link.to_owned(), ra);
        Ok(())
    }
    /// Whether nothing keeps a link from being unbound (R-LK-01).
    pub(crate) fn may_unbind(&self, link: &str) -> Result<(), ManageError> {
        if !self.links.contains_key(link) {
            return Err(ManageError::Unknown);
        }
        let uses = |s: &Service| s.is_live() && s.links.iter().any(|(name, _, _)| *name == link);
        if self.services.iter().any(uses) {
            return Err(ManageError::LinkInUse(link.to_owned()));
        }
        Ok(())
    }
    pub(crate) fn unbind_link(&mut self, link: &str) -> Result<(), ManageError> {
        self.may_unbind(link)?;
        self.links.remove(link);
        Ok(())
    }
    pub(crate) fn adaptor_named(&self, name: &str) -> Option<RaIx> {
        self.ras()
            .find(|ra| self.adaptor(*ra).is_some_and(|a| a.name == name))
    }
}
