//! What operators and the supervisor ask of a shard, carried out between two pieces of its work.

use super::{Driver, Phase};
use crate::control::{Order, Reply, Request};
use crate::reload::Changed;
use crate::status::{AdaptorStatus, Counts, ServiceStatus, Status};
use std::collections::BTreeMap;
use std::sync::Arc;
use strowger::id::ServiceIx;
use strowger::time::Now;
use strowger_kernel::{AdaptorState, ServiceState};

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

    /// How the node is. What only its supervisor knows is left at its default.
    fn status(&self, now: Now, detail: bool) -> Status {
        let counts = self.shard.counts();
        let (mut by_type, mut by_service) = (BTreeMap::new(), BTreeMap::new());
        if detail {
            for activity in self.shard.activities() {
                *by_type.entry(activity.kind.to_string()).or_default() += 1;
            }
            for entity in self.shard.entities() {
                *by_service.entry(entity.service.0).or_default() += 1;
            }
        }
        let mut refusing = Vec::new();
        let reasons = [
            (self.phase != Phase::Running, "stopping"),
            (self.held.is_some(), "store-queue-full"),
            (self.seen.low_space, "low-space"),
            (self.overload.lasts(), "overload"),
        ];
        refusing.extend(
            reasons
                .iter()
                .filter(|(on, _)| *on)
                .map(|(_, why)| (*why).to_owned()),
        );
        Status {
            node: self.names.node.clone(),
            state: if self.phase == Phase::Running {
                "running"
            } else {
                "stopping"
            }
            .into(),
            uptime_ms: millis(now.mono - self.times.ready_at),
            ready_after_ms: millis(self.times.ready_after),
            refusing,
            overloads: self.overload.begun,
            listeners: self.names.listeners.clone(),
            adaptors: self.adaptors(),
            services: self.services(detail.then_some(&by_service)),
            counts: Counts {
                activities: counts.activities.into(),
                service_activities: counts.service_activities.into(),
                entities: counts.entities.into(),
                timers: counts.timers.into(),
                events: counts.events.into(),
                suspended: counts.suspended.into(),
                names: counts.names.into(),
                outputs: counts.outputs.into(),
                connections: self.net.connections() as u64,
            },
            activities_by_type: by_type,
            rates: self.sample.rates,
            kernel: self.shard.metrics().into(),
            network: self.net.counts,
            store: self.handle.stats().into(),
            recorder: self.shard.recorder_counts().into(),
            alarms: self.alarms.list(),
            ..Status::default()
        }
    }

    fn adaptors(&self) -> Vec<AdaptorStatus> {
        let all = self.names.adaptors.iter();
        let all = all.map(|(ra, name, component)| AdaptorStatus {
            name: name.clone(),
            component: component.clone(),
            state: self.shard.adaptor_state(*ra).map_or("?", adaptor).into(),
            parts: self.shard.report(*ra),
            counters: {
                let counters = self.shard.counters().filter(|(of, ..)| of == ra);
                let counters = counters.map(|(_, name, n)| (name.to_owned(), n));
                counters.chain(self.drivers.meters(*ra)).collect()
            },
        });
        all.collect()
    }

    fn services(&self, entities: Option<&BTreeMap<u16, u64>>) -> Vec<ServiceStatus> {
        let all = self.names.services.iter();
        let all = all.map(|(ix, name, component, durability)| ServiceStatus {
            name: name.clone(),
            component: component.clone(),
            state: self.shard.service_state(*ix).map_or("?", service).into(),
            durability: durability.clone(),
            entities: entities.map(|counts| counts.get(&ix.0).copied().unwrap_or(0)),
        });
        all.collect()
    }
}

fn no_service(name: &str) -> Reply {
    Reply::Refused {
        reason: format!("there is no service `{name}`"),
    }
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The word for a state.
pub(super) const fn service(state: ServiceState) -> &'static str {
    match state {
        ServiceState::Inactive => "inactive",
        ServiceState::Active => "active",
        ServiceState::Stopping => "stopping",
    }
}

/// The word for a state.
pub(super) const fn adaptor(state: AdaptorState) -> &'static str {
    match state {
        AdaptorState::Inactive => "inactive",
        AdaptorState::Active => "active",
        AdaptorState::Stopping => "stopping",
    }
}
