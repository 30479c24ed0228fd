//! A changed configuration on the shard: what it asks for is checked, then all of it is done between two pieces of work, or
//! nothing.
//!
//! An adaptor entity goes only when its last commits are durable: a start without it must not find anything of it. Until
//! then it is inactive, and active again should nothing come of it. Whoever has asked hears of the decision before it is
//! carried out, and takes it back by not listening any more.

mod checks;

use super::Driver;
use crate::change::{Changed, ChangedService, Changing, Linked, Made, Outcome};
use crate::control::{Cause, Refusal};
use std::fmt::Display;
use std::sync::Arc;
use strowger::id::RaIx;
use strowger::time::Now;

/// The alarm of an adaptor entity that is not as the configuration has it.
const ALARM: &str = "not_as_configured";

impl Driver {
    /// Only says whether it could be done.
    pub(super) fn check_change(&self, changed: &Changed, outcome: Outcome) {
        // Whoever asked may have gone; nothing is lost by it.
        drop(outcome.send(self.may_change(changed)));
    }

    /// Puts it into effect, now or as soon as the store allows it.
    pub(super) fn change(&mut self, now: Now, changed: Changed, outcome: Outcome) {
        if self.changing.is_some() {
            let refusal =
                Refusal::new(Cause::Busy, "another change is about to be put into effect");
            return drop(outcome.send(Err(refusal)));
        }
        if let Err(refusal) = self.may_change(&changed) {
            return drop(outcome.send(Err(refusal)));
        }
        let mut retired = Vec::new();
        for (name, _) in &changed.removed {
            let Some(ra) = self.shard.adaptor(name) else {
                continue;
            };
            if self.shard.retire_adaptor(now, ra) == Ok(true) {
                retired.push(ra);
            }
        }
        self.changing = Some(Changing {
            changed,
            outcome,
            retired,
            durable: None,
        });
        self.settle_change(now);
    }

    /// Goes on with a change that waits.
    pub(super) fn settle_change(&mut self, now: Now) {
        let Some(mut changing) = self.changing.take() else {
            return;
        };
        if changing.outcome.is_closed() {
            return self.reactivate(now, &changing.retired);
        }
        if !self.is_durable(&mut changing) {
            self.changing = Some(changing);
            return;
        }
        let Changing {
            changed,
            outcome,
            retired,
            ..
        } = changing;
        let mut decided = self.may_change(&changed);
        if decided.is_ok() {
            decided = self.are_inactive(&changed);
        }
        let mut made = Vec::new();
        if decided.is_ok() {
            decided = self.install(&changed, &mut made);
        }
        let done = decided.is_ok();
        if outcome.send(decided).is_err() || !done {
            for ra in made {
                // It is inactive, and nothing knows of it.
                drop(self.shard.remove_adaptor(ra));
            }
            return self.reactivate(now, &retired);
        }
        self.carry_change(now, changed, &made);
    }

    /// Whether the store has everything that adaptor entities which go have written.
    fn is_durable(&mut self, changing: &mut Changing) -> bool {
        if changing.changed.removed.is_empty() {
            return true;
        }
        if changing.durable.is_none() {
            self.hand_over();
            if self.held.is_some() {
                return false;
            }
            changing.durable = Some(self.handed);
            self.handle.hurry();
        }
        changing.durable <= Some(self.handle.durable())
    }

    fn reactivate(&mut self, now: Now, retired: &[RaIx]) {
        for ra in retired {
            if let Err(error) = self.shard.activate_adaptor(now, *ra) {
                let adaptor = self.names.adaptor(*ra);
                tracing::warn!(adaptor, %error, "it stays inactive");
            }
        }
    }

    /// Makes those that come, inactive and without anything.
    fn install(&mut self, changed: &Changed, made: &mut Vec<RaIx>) -> Result<(), Refusal> {
        for Made { planned, .. } in &changed.made {
            let installed =
                self.shard
                    .install_adaptor(&planned.name, &planned.def, &planned.settings.0);
            let ra = installed.map_err(|error| checks::refused(&planned.name, &error))?;
            made.push(ra);
        }
        Ok(())
    }

    /// Does it.
    fn carry_change(&mut self, now: Now, changed: Changed, made: &[RaIx]) {
        self.times.drain_limit = changed.drain_limit;
        self.shard.configure_recorder(changed.recorder);
        self.overload.settings = changed.overload;
        self.sources.configure(changed.sources.clone());
        self.shard.listen_to_told(self.sources.listens());
        for (name, settings) in &changed.settings {
            if let Some(ra) = self.shard.adaptor(name) {
                self.shard.configure_adaptor(now, ra, settings.0.as_ref());
                self.drivers.configure(ra, &settings.0);
            }
        }
        self.configure_services(now, &changed.services);
        self.unbind_links(&changed.links);
        // What they have to say before they go.
        let anew = changed.anew.iter().map(|made| &made.planned.name);
        let anew: Vec<_> = anew.filter_map(|name| self.shard.adaptor(name)).collect();
        let was_active = anew
            .iter()
            .map(|ra| self.shard.retire_adaptor(now, *ra) == Ok(true));
        let was_active: Vec<bool> = was_active.collect();
        self.carry_out(now);
        self.net.flush();
        for (name, links) in &changed.removed {
            self.remove_adaptor(name, links);
        }
        for ((made, old), was_active) in changed.anew.into_iter().zip(anew).zip(was_active) {
            self.replace_adaptor(now, made, old, was_active);
        }
        self.bind_links(now, &changed.links);
        for (made, ra) in changed.made.into_iter().zip(made) {
            for link in &made.planned.links {
                let bound = self.shard.bind_link(link, *ra);
                self.complain(now, &made.planned.name, bound);
            }
            let (name, component) = (made.planned.name.clone(), made.planned.def.component);
            self.names.adaptors.push((*ra, name, component.to_string()));
            tracing::info!(adaptor = made.planned.name, "made");
            let active = made.active.unwrap_or(made.planned.active);
            self.open(now, made, *ra, None, active);
        }
    }

    fn configure_services(&mut self, now: Now, services: &[ChangedService]) {
        for ChangedService {
            name,
            settings,
            intensity,
            usage,
            links,
        } in services
        {
            let service = self.shard.service(name);
            let given =
                service.is_some_and(|ix| self.shard.configure_service(ix, Arc::clone(&settings.0)));
            if !given {
                tracing::warn!(service = %name, "its changed settings are not used");
            }
            let Some(ix) = service else { continue };
            self.shard.limit_failures(ix, *intensity);
            if let Err(error) = self.shard.configure_usage(now, ix, usage) {
                tracing::error!(service = %name, %error, "its sets and thresholds are what they were");
            }
            if let Some(links) = links
                && let Err(error) = self.shard.relink_service(ix, links.clone())
            {
                tracing::error!(service = %name, %error, "its links lead where they led");
            }
        }
    }

    fn unbind_links(&mut self, changed: &[Linked]) {
        for link in changed.iter().flat_map(|linked| &linked.unbound) {
            if let Err(error) = self.shard.unbind_link(link) {
                tracing::error!(link, %error, "not unbound");
            }
        }
    }

    fn bind_links(&mut self, now: Now, changed: &[Linked]) {
        for Linked { adaptor, bound, .. } in changed {
            for link in bound {
                let ra = self.shard.adaptor(adaptor);
                let done = ra.map(|ra| self.shard.bind_link(link, ra));
                self.complain(now, adaptor, done.unwrap_or(Ok(())));
            }
        }
    }

    fn remove_adaptor(&mut self, name: &str, links: &[String]) {
        let Some(ra) = self.shard.adaptor(name) else {
            return;
        };
        let unbound = links.iter().map(|link| self.shard.unbind_link(link));
        let unbound: Result<(), _> = unbound.collect();
        match unbound.and_then(|()| self.shard.remove_adaptor(ra)) {
            Ok(()) => tracing::info!(adaptor = name, "removed"),
            Err(error) => tracing::error!(adaptor = name, %error, "not removed"),
        }
        drop(self.net.take_away(ra));
        self.forget(ra);
        self.alarms.forget_all(&format!("adaptor {name}"));
    }

    fn replace_adaptor(&mut self, now: Now, made: Made, old: RaIx, was_active: bool) {
        let Made { planned, .. } = &made;
        let replaced = self
            .shard
            .replace_adaptor(old, &planned.def, &planned.settings.0);
        let ra = match replaced {
            Ok(ra) => ra,
            Err(error) => return self.complain(now, &planned.name, Err(error)),
        };
        self.names.opened.retain(|ix| *ix != old);
        for (ix, ..) in &mut self.names.adaptors {
            if *ix == old {
                *ix = ra;
            }
        }
        tracing::info!(adaptor = planned.name, "made anew with other settings");
        let active = made.active.unwrap_or(was_active);
        self.open(now, made, ra, Some(old), active);
    }

    fn forget(&mut self, ra: RaIx) {
        self.names.adaptors.retain(|(ix, ..)| *ix != ra);
        self.names.opened.retain(|ix| *ix != ra);
    }

    /// Gives an adaptor entity its listeners, and activates it if it shall be active.
    fn open(&mut self, now: Now, made: Made, ra: RaIx, old: Option<RaIx>, active: bool) {
        let name = &made.planned.name;
        self.alarms.forget(&format!("adaptor {name}"), ALARM);
        if made.planned.active {
            self.names.opened.push(ra);
        }
        let given = self.net.give(ra, made.openings, old);
        self.complain(now, name, given);
        if active {
            let activated = self.shard.activate_adaptor(now, ra);
            self.complain(now, name, activated);
        }
    }

    /// Everything was checked before: what fails all the same is for the operator.
    fn complain<E: Display>(&mut self, now: Now, adaptor: &str, done: Result<(), E>) {
        if let Err(error) = done {
            let source = format!("adaptor {adaptor}");
            let text = format!("it is not as the configuration has it: {error}");
            self.alarms.set(now.wall, source, ALARM, true, &text);
        }
    }
}
