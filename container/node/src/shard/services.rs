//! Services as operators change them: activate, deactivate, replace one version by another, canaries, the way back.
//!
//! What an operator does holds over a restart (R-SL-04), and is answered when it is durable. What a service has when it is deactivated is given a time; where another
//! version takes its place it is not: what does not move goes on to its own end.

use super::Driver;
use super::lists::{done, no_service};
use crate::control::{Cause, Reply};
use strowger::id::ServiceIx;
use strowger::time::Now;
use strowger_kernel::{ServiceState, Share};

impl Driver {
    /// Deactivates services and activates others, all or none (R-SV-01, R-SV-08).
    pub(super) fn replace(
        &mut self,
        now: Now,
        (old, new): (&[String], &[String]),
        migrate: bool,
    ) -> Reply {
        let mut found = [Vec::new(), Vec::new()];
        for (names, services) in [old, new].into_iter().zip(&mut found) {
            for name in names {
                let Some(service) = self.shard.service(name) else {
                    return no_service(name);
                };
                services.push(service);
            }
        }
        let [leave, come] = found;
        self.switch(now, (&leave, &come), migrate)
    }

    fn switch(
        &mut self,
        now: Now,
        (leave, come): (&[ServiceIx], &[ServiceIx]),
        migrate: bool,
    ) -> Reply {
        let pairs = self.pairs(leave, come);
        if migrate && pairs.is_empty() {
            let text = "`migrate` is for two versions of one service";
            return Reply::refused(Cause::Wrong, text);
        }
        let moves = if migrate { &pairs[..] } else { &[] };
        // Before anything changes: a state that has no migration is refused with its field.
        for (from, to) in moves {
            if let Err(refused) = self.shard.may_move(*from, *to) {
                return done(Err(refused), || {});
            }
        }
        let outcome = self.shard.replace_services(now, leave, come);
        if outcome.is_ok() {
            let until = now.mono + self.times.service_stop;
            let replaced = |service: &ServiceIx| pairs.iter().any(|(from, _)| from == service);
            self.ending
                .retain(|(service, _)| !come.contains(service) && !replaced(service));
            let alone = leave.iter().filter(|service| !replaced(service));
            self.ending.extend(alone.map(|service| (*service, until)));
            for (from, to) in moves {
                if let Err(error) = self.shard.move_entities(now, *from, *to) {
                    let from = self.names.service(*from);
                    tracing::warn!(from, %error, "what the service has does not move");
                }
            }
            self.shard.keep_desired(now, &[leave, come].concat());
        }
        done(outcome, || {
            for service in leave {
                let service = self.names.service(*service);
                tracing::info!(service, "deactivated by the operator");
            }
            for service in come {
                let service = self.names.service(*service);
                tracing::info!(service, "activated by the operator");
            }
        })
    }

    /// Services that go, each with the version of it that comes.
    fn pairs(&self, leave: &[ServiceIx], come: &[ServiceIx]) -> Vec<(ServiceIx, ServiceIx)> {
        let pair = |from: &ServiceIx| {
            let versions = self.shard.versions(*from)?;
            let to = come.iter().find(|to| versions.others.contains(to))?;
            Some((*from, *to))
        };
        leave.iter().filter_map(pair).collect()
    }

    pub(super) fn set_canary(&mut self, now: Now, name: &str, share: Share) -> Reply {
        let Some(service) = self.shard.service(name) else {
            return no_service(name);
        };
        let outcome = self.shard.set_canary(now, service, share);
        if outcome.is_ok() {
            self.ending.retain(|(ending, _)| *ending != service);
            self.shard.keep_desired(now, &[service]);
        }
        done(outcome, || {
            tracing::info!(service = name, "made a canary by the operator");
        })
    }

    /// Takes a service back to the version before. A canary that ends has its calls to their end.
    pub(super) fn roll_back(&mut self, now: Now, name: &str, migrate: bool) -> Reply {
        let Some(service) = self.shard.service(name) else {
            return no_service(name);
        };
        let (leaves, comes) = match self.shard.way_back(service) {
            Ok(way) => way,
            Err(refused) => return done(Err(refused), || {}),
        };
        match comes {
            Some(comes) => self.switch(now, (&[leaves], &[comes]), migrate),
            None => self.end_canary(now, leaves, migrate),
        }
    }

    fn end_canary(&mut self, now: Now, canary: ServiceIx, migrate: bool) -> Reply {
        let versions = self.shard.versions(canary);
        let of = versions.and_then(|versions| Some(versions.canary?.0));
        let moves = of.filter(|_| migrate);
        if let Some(of) = moves
            && let Err(refused) = self.shard.may_move(canary, of)
        {
            return done(Err(refused), || {});
        }
        let mut outcome = self.shard.deactivate_services(now, &[canary]);
        if let (Ok(()), Some(of)) = (&outcome, moves) {
            outcome = self.shard.move_entities(now, canary, of);
        }
        self.shard.keep_desired(now, &[canary]);
        done(outcome, || {
            let service = self.names.service(canary);
            tracing::info!(service, "canary ended by the operator");
        })
    }

    /// Removes what is left of services whose time to stop is over.
    pub(super) fn end_services(&mut self, now: Now) {
        if self.ending.iter().all(|(_, until)| *until > now.mono) {
            return;
        }
        let over: Vec<ServiceIx> = self
            .ending
            .extract_if(.., |(_, until)| *until <= now.mono)
            .map(|(s, _)| s)
            .collect();
        for service in over {
            if self.shard.service_state(service) != Some(ServiceState::Stopping) {
                continue;
            }
            let entities = self.shard.entities().filter(|e| e.service == service);
            let roots: Vec<_> = entities
                .filter(|e| e.parent.is_none())
                .map(|e| e.id)
                .collect();
            tracing::warn!(
                service = self.names.service(service),
                entities = roots.len(),
                "time to stop is over: what is left of the service is removed",
            );
            for root in roots {
                if let Err(error) = self.shard.remove_entity(now, root) {
                    tracing::debug!(entity = %root, %error, "entity is gone");
                }
            }
        }
    }
}
