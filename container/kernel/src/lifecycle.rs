//! Installing services; states of the SLEE and of services; and the ends of activities.

use crate::activity::{Activity, Owner};
use crate::adaptor::{AdaptorEntity, Report};
use crate::kernel::Kernel;
use crate::manage::{AdaptorState, InstallError, ManageError, ServiceState, SleeState};
use crate::options::{Durability, ServiceOptions};
use crate::output::ShardOutput;
use crate::registry::SERVICE;
use crate::service::{Need, Service};
use strowger::event::{AnyEvent, EventDecl, ServiceStarted};
use strowger::id::{ActivityId, ComponentId, RaIx, ServiceIx, Slot};
use strowger::ra::{ActivityFlags, Input};
use strowger::service::ServiceDef;
use strowger::time::Now;

/// Links of a service and the adaptor entities behind them.
pub(crate) type Links = Vec<(&'static str, ComponentId, RaIx)>;

impl Kernel {
    pub(crate) fn install_service(
        &mut self,
        def: ServiceDef,
        options: ServiceOptions,
    ) -> Result<ServiceIx, InstallError> {
        if self.services.iter().any(|s| s.name == options.name) {
            return Err(InstallError::NameTaken(options.name));
        }
        if self.services.iter().any(|s| s.component == def.component) {
            return Err(InstallError::ServiceTaken(def.component));
        }
        let ix =
            u16::try_from(self.services.len()).map_err(|_| InstallError::TooMany("services"))?;
        let usage = options.usage.clone();
        let name = options.name.clone();
        let unfit = |cause| InstallError::Usage { name, cause };
        if let Err(cause) = usage.check(&def) {
            return Err(unfit(cause));
        }
        let mut service = Service::new(def, options, &mut self.registry, &mut self.aliases)?;
        let sets = service.sbbs.iter().filter_map(|s| s.usage.as_deref());
        let sets = sets.map(|sets| sets.len_with(&usage)).sum();
        if let Err(cause) = self.room_for_sets(sets) {
            return Err(unfit(cause));
        }
        for table in &service.tables {
            self.declare_profile(&table.decl)?;
        }
        self.any_durable |= service.class > Durability::None;
        self.join_versions(&mut service, ServiceIx(ix));
        self.services.push(service);
        let ix = ServiceIx(ix);
        self.find_levels_of_service(ix);
        self.configure_usage(self.now, ix, &usage).map_err(unfit)?;
        Ok(ix)
    }

    // ---- the SLEE

    pub(crate) fn start(&mut self, now: Now) -> Result<(), ManageError> {
        if self.slee != SleeState::Stopped {
            return Err(ManageError::InvalidState);
        }
        self.now = now;
        self.slee = SleeState::Running;
        self.sweep.1 = now.wall;
        for ra in self.ras() {
            if self
                .adaptor(ra)
                .is_some_and(|a| a.state == AdaptorState::Active)
            {
                self.tell_active(ra);
            }
        }
        self.start_tables();
        for ix in (0..self.services.len() as u16).map(ServiceIx) {
            match self.service(ix) {
                Some(s) if s.state == ServiceState::Active => self.start_service(ix),
                // Entities or an activity of before the restart are left: it goes on stopping (R-SV-05).
                Some(s) if s.entities > 0 || s.activity.is_some() => {
                    self.set_service_state(ix, ServiceState::Stopping);
                    self.end_service_activity(ix);
                }
                _ => {}
            }
        }
        self.start_usage();
        self.outputs.end_unit();
        Ok(())
    }

    pub(crate) fn stop(&mut self, now: Now) -> Result<(), ManageError> {
        if self.slee != SleeState::Running {
            return Err(ManageError::InvalidState);
        }
        self.now = now;
        self.slee = SleeState::Stopping;
        for ra in self.ras() {
            if self
                .adaptor(ra)
                .is_some_and(|a| a.told == AdaptorState::Active)
            {
                self.tell_stopping(ra);
            }
        }
        for ix in (0..self.services.len() as u16).map(ServiceIx) {
            self.end_service_activity(ix);
        }
        self.end_tables();
        Ok(())
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.queue.len() == 0
            && self.reports.is_empty()
            && self.outputs.len() == 0
            && self.is_worked_off()
    }

    /// Whether nothing is left but what a restart finds again: durable activities of lasting types, and the entities that
    /// they alone keep.
    fn is_worked_off(&self) -> bool {
        if self.activities.len() == self.lasting_activities() {
            return self.entities.len() == 0;
        }
        let lasts = |activity: &Activity| {
            let durable = activity.class != Durability::None && !activity.ending;
            matches!(activity.owner, Owner::Service(_) | Owner::Table)
                || (durable && self.registry.is_lasting(activity.kind))
        };
        let activities = self
            .activities
            .ids()
            .filter_map(|id| self.activities.get(id));
        activities.into_iter().all(lasts)
    }

    /// Activities of services and of profile tables: nobody has to end them.
    pub(crate) const fn lasting_activities(&self) -> u32 {
        self.service_activities + self.table_activities
    }

    /// Ends states of transition whose condition has come; whether any did.
    pub(crate) fn settle(&mut self) -> bool {
        let mut settled = false;
        for ix in (0..self.services.len() as u16).map(ServiceIx) {
            let Some(s) = self.service(ix) else { continue };
            if s.state == ServiceState::Stopping && s.entities == 0 && s.activity.is_none() {
                self.set_service_state(ix, ServiceState::Inactive);
                // Who cannot clear them any more has none (R-AL-05); over a restart of the node they stand.
                if self.slee == SleeState::Running {
                    self.clear_alarms_of(ix, None, None);
                }
                settled = true;
            }
        }
        for ra in self.ras() {
            let done =
                |a: &AdaptorEntity| a.told == AdaptorState::Stopping && a.tally.activities == 0;
            if self.adaptor(ra).is_some_and(done) {
                self.tell_inactive(ra);
                settled = true;
            }
        }
        if self.slee == SleeState::Stopping
            && self.activities.len() == 0
            && self.entities.len() == 0
            && self
                .living_adaptors()
                .all(|a| a.told == AdaptorState::Inactive)
        {
            self.slee = SleeState::Stopped;
        }
        settled
    }

    // ---- services

    /// Deactivates and activates services at one instant, all or none (R-SV-01, R-SV-08).
    pub(crate) fn switch_services(
        &mut self,
        now: Now,
        old: &[ServiceIx],
        new: &[ServiceIx],
    ) -> Result<(), ManageError> {
        let all: Vec<_> = old.iter().chain(new).copied().collect();
        let twice =
            |(place, ix): (usize, &ServiceIx)| all.iter().take(place).any(|other| other == ix);
        if all.is_empty() || all.iter().enumerate().any(twice) {
            return Err(ManageError::InvalidArgument);
        }
        for ix in old {
            let service = self.service(*ix).ok_or(ManageError::Unknown)?;
            // One that has left by itself may be named where another version takes its place.
            let replaced = service.others.iter().any(|other| new.contains(other));
            if service.state != ServiceState::Active && !replaced {
                return Err(ManageError::InvalidState);
            }
        }
        for ix in new {
            self.may_become_active(*ix, (old, new))?;
        }
        let links = new
            .iter()
            .map(|ix| self.resolve(*ix))
            .collect::<Result<Vec<_>, _>>()?;
        self.now = now;
        for ix in old {
            if let Some(service) = self.service_mut(*ix) {
                service.canary = None;
            }
            self.stop_moving(*ix);
            if self.is_active(*ix) {
                self.set_service_state(*ix, ServiceState::Stopping);
                self.end_service_activity(*ix);
            }
        }
        for (ix, links) in new.iter().zip(links) {
            self.make_active(*ix, links, old);
        }
        for ix in old {
            self.leave_to_canary(*ix);
        }
        Ok(())
    }

    /// Gives an inactive service other links, which lead somewhere when it is activated (R-SV-02).
    pub(crate) fn relink_service(
        &mut self,
        ix: ServiceIx,
        links: Vec<(String, String)>,
    ) -> Result<(), ManageError> {
        let service = self.service_mut(ix).ok_or(ManageError::Unknown)?;
        if service.state != ServiceState::Inactive {
            return Err(ManageError::InvalidState);
        }
        service.configured = links;
        Ok(())
    }

    /// A service that is active already may be made so as the canary of one that leaves, and one that is stopping if it has other
    /// versions and none of them stays active: it is taken back (R-SV-08).
    fn may_become_active(
        &self,
        ix: ServiceIx,
        (old, new): (&[ServiceIx], &[ServiceIx]),
    ) -> Result<(), ManageError> {
        let service = self.service(ix).ok_or(ManageError::Unknown)?;
        let canary = service.canary.as_ref();
        let possible = match service.state {
            ServiceState::Inactive => true,
            ServiceState::Active => canary.is_some_and(|canary| old.contains(&canary.of)),
            ServiceState::Stopping => !service.others.is_empty(),
        };
        if !possible {
            return Err(ManageError::InvalidState);
        }
        self.check_version(ix, (old, new))
    }

    fn make_active(&mut self, ix: ServiceIx, links: Links, old: &[ServiceIx]) {
        self.stop_moving(ix);
        let Some(service) = self.service_mut(ix) else {
            return;
        };
        let replaces = service.others.iter().find(|other| old.contains(other));
        if let Some(replaced) = replaces.copied() {
            self.take_place(ix, replaced);
        }
        let Some(service) = self.service_mut(ix) else {
            return;
        };
        if service.state == ServiceState::Active {
            return;
        }
        service.links = links;
        service.failures.clear();
        self.set_service_state(ix, ServiceState::Active);
        if self.slee == SleeState::Running {
            self.start_service(ix);
        }
    }

    /// The adaptor entities behind a service's links (R-SV-02).
    pub(crate) fn resolve(&self, ix: ServiceIx) -> Result<Links, ManageError> {
        let service = self.service(ix).ok_or(ManageError::Unknown)?;
        for table in service.tables.iter().filter(|table| !table.optional) {
            if self
                .profiles
                .of_spec(table.name, table.decl.spec.id())
                .is_none()
            {
                return Err(ManageError::Table(table.name.to_owned()));
            }
        }
        let mut links = Vec::new();
        for &Need {
            name,
            ra_type,
            optional,
        } in &service.needs
        {
            let own = service.configured.iter().find(|(link, _)| link == name);
            let ra = match own {
                Some((_, entity)) => self.adaptor_named(entity),
                None => self.links.get(name).copied(),
            };
            let fits = ra.filter(|ra| {
                self.adaptor(*ra)
                    .is_some_and(|a| a.component.id() == ra_type)
            });
            match fits {
                Some(ra) => links.push((name, ra_type, ra)),
                // One that leads nowhere is absent; one that leads to something else is a mistake.
                None if optional && ra.is_none() && own.is_none() => {}
                None => return Err(ManageError::Link(name.to_owned())),
            }
        }
        Ok(links)
    }
    pub(crate) fn service_named(&self, name: &str) -> Option<ServiceIx> {
        self.services
            .iter()
            .position(|s| s.name == name)
            .map(|p| ServiceIx(p as u16))
    }

    /// After a restart: the services that have entities can use their links again.
    pub(crate) fn resolve_links(&mut self) {
        for ix in (0..self.services.len() as u16).map(ServiceIx) {
            if let Ok(links) = self.resolve(ix)
                && let Some(service) = self.service_mut(ix)
                && service.entities > 0
            {
                service.links = links;
            }
        }
    }

    fn set_service_state(&mut self, ix: ServiceIx, state: ServiceState) {
        if let Some(service) = self.service_mut(ix) {
            service.state = state;
            self.outputs.notice(ShardOutput::Service(ix, state));
        }
        self.rebuild_dispatch();
    }

    /// Tables of who receives what, from the states of the services.
    fn rebuild_dispatch(&mut self) {
        let events = self.registry.events() as usize;
        let mut initial = vec![Vec::new(); events];
        let mut receivers = vec![0_u32; events];
        for (place, service) in self
            .services
            .iter()
            .enumerate()
            .filter(|(_, s)| s.is_live())
        {
            for event in 0..events as u16 {
                let slot = usize::from(event);
                receivers[slot] += service.sbbs.iter().filter(|s| s.receives(event)).count() as u32;
                if service.state == ServiceState::Active && service.is_initial(event) {
                    initial[slot].push(ServiceIx(place as u16));
                }
            }
        }
        for services in &mut initial {
            services.sort_by_key(|ix| std::cmp::Reverse(self.service(*ix).map(|s| s.priority)));
        }
        let before = |event: usize| self.receivers.get(event).is_some_and(|n| *n > 0);
        let changed = receivers
            .iter()
            .enumerate()
            .any(|(event, n)| (*n > 0) != before(event));
        self.initial = initial;
        self.receivers = receivers;
        if changed {
            for ra in self.ras() {
                self.input(ra, Input::ReceiversChanged);
            }
        }
    }

    /// Its activity begins, and its first event goes out (R-SV-03).
    fn start_service(&mut self, ix: ServiceIx) {
        let Some(service) = self.service(ix) else {
            return;
        };
        // One that was ending when the process died is let go.
        let alive = |id: &ActivityId| self.activities.get(*id).is_some_and(|a| !a.ending);
        let id = match service.activity.filter(alive) {
            Some(id) => id,
            None => {
                let flags = ActivityFlags::default();
                let Ok(id) = self.make_activity(Slot(0), SERVICE, Owner::Service(ix), flags) else {
                    return;
                };
                id
            }
        };
        if let Some(service) = self.service_mut(ix) {
            service.activity = Some(id);
        }
        let kind = self.registry.event(&EventDecl::of::<ServiceStarted>());
        let mut event = self.new_event(id, kind, AnyEvent::new(ServiceStarted));
        event.target = Some(ix);
        self.enqueue(event);
        self.outputs.end_unit();
    }
    fn end_service_activity(&mut self, ix: ServiceIx) {
        let Some(id) = self.service(ix).and_then(|s| s.activity) else {
            return;
        };
        if self.activities.get(id).is_some_and(|a| !a.ending) {
            self.begin_end(id);
        }
    }

    // ---- the end of an activity

    /// The last event was offered to all: names, timers, attributes and records go with the activity (R-AE-04).
    pub(crate) fn end_done(&mut self, id: ActivityId) {
        let Some(mut activity) = self.activities.take(id) else {
            return;
        };
        self.metrics.activities_ended += 1;
        if self.recorder.on {
            self.record_ended(id);
        }
        self.registry.count_activity(activity.kind, -1);
        self.remove_activity_records(id, &activity);
        let timers = std::mem::take(&mut activity.timers);
        self.drop_timers(&timers);
        for name in activity.names() {
            self.names.remove(name);
        }
        self.activities.release(id);
        match activity.owner {
            Owner::Null => {}
            Owner::Service(ix) => {
                self.service_activities -= 1;
                if let Some(service) = self.service_mut(ix).filter(|s| s.activity == Some(id)) {
                    service.activity = None;
                }
            }
            Owner::Table => self.table_activity_ended(id),
            Owner::Ra(ra) => {
                self.adaptor_activities(ra, -1);
                if activity.flags.report_end {
                    self.reports.push_back(Report::Ended(ra, id));
                }
            }
        }
    }
}
