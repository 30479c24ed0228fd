//! How a node is, as its shard sees it. What only its supervisor knows is left at its default.
//!
//! Everything is read off what is counted in passing: it takes time in proportion to the number of types, services and
//! adaptors, not to what there is of activities and entities.

use super::listen::listening;
use super::{Driver, Phase};
use crate::process;
use crate::status::{
    AdaptorStatus, Counts, Drain, EventTypeStatus, Level, Listening, SbbStatus, ServiceStatus,
    ShardStatus, Status,
};
use std::time::Duration;
use strowger::id::ServiceIx;
use strowger::time::Now;
use strowger_kernel::{AdaptorState, ServiceState};

impl Driver {
    /// How the node is; with `detail` also by type.
    pub(super) fn status(&self, now: Now, detail: bool) -> Status {
        let running = self.phase == Phase::Running;
        let mut status = Status {
            node: self.names.node.clone(),
            state: if running { "running" } else { "stopping" }.into(),
            uptime_ms: millis(now.mono - self.times.ready_at),
            ready_after_ms: millis(self.times.ready_after),
            started_ms: self.times.started,
            refusing: self.refusing(),
            drain: self.drain(now),
            overloads: self.overload.begun,
            sources: self.sources.counts(),
            listeners: self.listeners(),
            adaptors: self.adaptors(),
            services: self.services(detail),
            counts: self.counts(),
            shards: vec![self.shard_status()],
            rates: self.sample.rates,
            kernel: self.shard.metrics().into(),
            network: self.net.counts(),
            store: self.handle.stats().into(),
            recorder: self.shard.recorder_counts().into(),
            export: self.shard.feed_counts().into(),
            backup: self.backups.status.clone(),
            alarms: self.alarms.list(),
            ..Status::default()
        };
        if detail {
            let types = self.shard.activity_types();
            status.activities_by_type = types
                .map(|(kind, n)| (kind.to_string(), n.into()))
                .collect();
            status.event_types = self.event_types();
        }
        status
    }

    fn drain(&self, now: Now) -> Option<Drain> {
        let Phase::Stopping(until) = self.phase else {
            return None;
        };
        Some(Drain {
            limit_ms: millis(self.times.drain_limit),
            left_ms: millis(until - now.mono),
        })
    }

    /// Why new work is refused.
    fn refusing(&self) -> Vec<String> {
        let reasons = [
            (self.phase != Phase::Running, "stopping"),
            (self.held.is_some(), "store-queue-full"),
            (self.seen.low_space, "low-space"),
            (self.overload.lasts(), "overload"),
        ];
        let holding = reasons.into_iter().filter(|(holds, _)| *holds);
        holding.map(|(_, why)| why.to_owned()).collect()
    }

    fn counts(&self) -> Counts {
        let counts = self.shard.counts();
        Counts {
            activities: counts.activities.into(),
            service_activities: counts.service_activities.into(),
            entities: counts.entities.into(),
            timers: counts.timers.into(),
            events: counts.events.into(),
            suspended: counts.suspended.into(),
            names: counts.names.into(),
            outputs: counts.outputs.into(),
            quarantined: counts.quarantined.into(),
            profiles: counts.profiles.into(),
            connections: self.net.connections() as u64,
        }
    }

    fn shard_status(&self) -> ShardStatus {
        let (counts, limits) = (self.shard.counts(), self.shard.limits());
        let (datagrams, datagrams_max) = self.net.unsent();
        let (questions, questions_max) = self.asking.level();
        let mut queues = vec![
            Level::new("events", counts.events, limits.events),
            Level::new("datagrams_out", datagrams, datagrams_max),
            Level::new("name_questions", questions, questions_max),
        ];
        for (ra, levels) in self.drivers.queues() {
            let adaptor = self.names.adaptor(ra);
            queues.extend(levels.map(|level| level.of(adaptor)));
        }
        let activities = counts.activities + counts.service_activities;
        ShardStatus {
            shard: 0,
            cpu_us: process::thread_cpu_us(),
            turns: (&self.portion.turns).into(),
            waits: (&self.overload.waits).into(),
            queues,
            tables: vec![
                Level::new("activities", activities, limits.activities),
                Level::new("entities", counts.entities, limits.entities),
                Level::new("timers", counts.timers, limits.timers),
                Level::new("profiles", counts.profiles, limits.profiles),
            ],
        }
    }

    /// The shard's own come first, in the order of their sockets.
    pub(super) fn listeners(&self) -> Vec<Listening> {
        let own = self.net.bound().iter().map(|bound| {
            let (open, most) = self.net.accepted(bound.at);
            Listening {
                open: open.into(),
                open_max: most.into(),
                network: Some(self.net.counts_of(bound.at)),
                ..listening(bound, &self.names)
            }
        });
        own.chain(self.driven.iter().cloned()).collect()
    }

    fn event_types(&self) -> Vec<EventTypeStatus> {
        let all = self.shard.event_tallies();
        let all = all.map(|(event, tally)| EventTypeStatus {
            event: event.to_string(),
            fired: tally.fired,
            routed: tally.routed,
            unreceived: tally.unreceived,
            refused: tally.refused,
            deliveries: tally.deliveries,
        });
        all.collect()
    }

    fn adaptors(&self) -> Vec<AdaptorStatus> {
        let all = self.names.adaptors.iter();
        let all = all.map(|(ra, name, component)| {
            let tally = self.shard.adaptor_tally(*ra).unwrap_or_default();
            let (metered, levels) = self.drivers.meters(*ra);
            let counters = self.shard.counters().filter(|(of, ..)| of == ra);
            let counters = counters.map(|(_, name, n)| (name.to_owned(), n));
            AdaptorStatus {
                name: name.clone(),
                component: component.clone(),
                state: self.shard.adaptor_state(*ra).map_or("?", adaptor).into(),
                activities: tally.activities.into(),
                inputs: tally.inputs,
                events: tally.events,
                panics: tally.panics,
                counters: counters.chain(metered).collect(),
                levels,
                parts: self.shard.report(*ra),
            }
        });
        all.collect()
    }

    fn services(&self, detail: bool) -> Vec<ServiceStatus> {
        let all = self.names.services.iter();
        let all = all.map(|named| {
            let ix = named.ix;
            let tally = self.shard.service_tally(ix).unwrap_or_default();
            let sbbs = self.sbbs(ix);
            ServiceStatus {
                name: named.name.clone(),
                kind: named.kind.clone(),
                component: named.component.clone(),
                state: self.shard.service_state(ix).map_or("?", service).into(),
                durability: named.durability.clone(),
                entities: Some(sbbs.iter().map(|sbb| sbb.entities).sum()),
                deliveries: sbbs.iter().map(|sbb| sbb.deliveries).sum(),
                rollbacks: tally.rollbacks,
                panics: tally.panics,
                times: (&tally.times).into(),
                sbbs: if detail { sbbs } else { Vec::new() },
                usage: if detail { self.usage(ix) } else { Vec::new() },
                ..self.versions(ix)
            }
        });
        all.collect()
    }

    /// How a service stands to its other versions, as the part of its status that says it.
    fn versions(&self, ix: ServiceIx) -> ServiceStatus {
        let Some(versions) = self.shard.versions(ix) else {
            return ServiceStatus::default();
        };
        let name = |ix: ServiceIx| self.names.service(ix).to_owned();
        let canary = versions.canary;
        ServiceStatus {
            versions: versions.others.into_iter().map(name).collect(),
            canary_of: canary.as_ref().map(|(of, _)| name(*of)),
            share: canary.map(|(_, share)| share.to_string()),
            replaced: versions.replaced.map(name),
            moving_to: versions.moving_to.map(name),
            ..ServiceStatus::default()
        }
    }

    fn sbbs(&self, service: ServiceIx) -> Vec<SbbStatus> {
        let all = self.shard.sbb_tallies(service);
        let all = all.zip(self.shard.sbb_schemas(service));
        let all = all.map(|((sbb, tally), schema)| SbbStatus {
            sbb: sbb.to_string(),
            schema: schema.to_owned(),
            entities: tally.entities.into(),
            deliveries: tally.deliveries,
        });
        all.collect()
    }
}

pub(super) fn millis(time: Duration) -> u64 {
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
