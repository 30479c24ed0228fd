//! What operators and the supervisor ask of a shard, carried out between two pieces of its work.

use super::Driver;
use crate::control::{Order, Reply, Request};
use crate::reload::Changed;
use std::sync::Arc;
use strowger::id::ServiceIx;
use strowger::time::Now;
use strowger_kernel::ServiceState;

impl Driver {
    /// Does what is asked.
    pub(super) fn obey(&mut self, now: Now, order: Order) {
        match order {
            Order::Stop => self.stop(now),
            Order::Alarm {
                source,
                name,
                raised,
                text,
            } => self.alarms.set(now.wall, source, name, raised, &text),
            Order::Renew(renewed) => self.net.renew(&renewed),
            Order::Configure(changed) => self.configure(now, &changed),
            // Files are not read here.
            Order::Ask(Request::Reload {}, reply) => {
                if let Err(refused) = self.reloads.try_send(reply) {
                    let reason = "a reload is under way".to_owned();
                    drop(refused.into_inner().send(Reply::Refused { reason }));
                }
            }
            Order::Ask(request, reply) => {
                let answer = match request {
                    Request::Status { detail } => Reply::Status(Box::new(self.status(now, detail))),
                    Request::Stop {} => {
                        self.stop(now);
                        Reply::Done
                    }
                    Request::Activate { service } => self.activate(now, &service),
                    Request::Deactivate { service } => self.deactivate(now, &service),
                    Request::Ladders { after, limit, find } => self.ladders(after, limit, &find),
                    Request::Ladder { id } => self.ladder(id),
                    Request::Certificates {} | Request::Reload {} => {
                        self.certificates.notify_one();
                        Reply::Done
                    }
                };
                // Whoever asked may have gone; nothing is lost by it.
                drop(reply.send(answer));
            }
        }
    }

    /// Puts changes into effect, between two pieces of work.
    fn configure(&mut self, now: Now, changed: &Changed) {
        self.times.drain_limit = changed.drain_limit;
        self.shard.configure_recorder(changed.recorder.clone());
        for (ra, settings) in &changed.adaptors {
            self.shard.configure_adaptor(now, *ra, settings.0.as_ref());
            self.drivers.configure(*ra, &settings.0);
        }
        for (name, settings) in &changed.services {
            let service = self.shard.service(name);
            let given =
                service.is_some_and(|ix| self.shard.configure_service(ix, Arc::clone(&settings.0)));
            if !given {
                tracing::warn!(service = %name, "its changed settings are not used");
            }
        }
    }

    fn activate(&mut self, now: Now, name: &str) -> Reply {
        let Some(service) = self.shard.service(name) else {
            return no_service(name);
        };
        match self.shard.activate_services(now, &[service]) {
            Ok(()) => {
                tracing::info!(service = name, "activated by the operator");
                Reply::Done
            }
            Err(error) => Reply::Refused {
                reason: error.to_string(),
            },
        }
    }

    fn deactivate(&mut self, now: Now, name: &str) -> Reply {
        let Some(service) = self.shard.service(name) else {
            return no_service(name);
        };
        match self.shard.deactivate_services(now, &[service]) {
            Ok(()) => {
                tracing::info!(service = name, "deactivated by the operator");
                self.ending
                    .push((service, now.mono + self.times.service_stop));
                Reply::Done
            }
            Err(error) => Reply::Refused {
                reason: error.to_string(),
            },
        }
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

fn no_service(name: &str) -> Reply {
    Reply::Refused {
        reason: format!("there is no service `{name}`"),
    }
}
