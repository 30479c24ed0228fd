//! What operators and the supervisor ask of a shard, carried out between two pieces of its work.

use super::Driver;
use super::lists::{Activities, done, no_adaptor};
use crate::control::{Cause, Order, Refusal, Reply, Request};
use crate::log;
use crate::net::Socket;
use crate::provision::carry_out;
use crate::rehearsal::{Cue, Gate};
use crate::tls::Renewed;
use strowger::time::Now;
use strowger::tracer::Level;
use strowger_kernel::TracerError;

impl Driver {
    /// Does what is asked.
    pub(super) fn obey(&mut self, now: Now, order: Order) {
        match order {
            Order::Stop => self.stop(now),
            Order::Provision(asked) => {
                carry_out(&mut self.shard, now, asked, &mut self.unconfirmed);
            }
            Order::Alarm {
                source,
                name,
                raised,
                text,
            } => self.alarms.set(now.wall, source, name, raised, &text),
            Order::Renew(renewed) => self.renew(renewed),
            Order::Configure(changed, outcome) => self.change(now, changed, outcome),
            Order::CheckConfigured(changed, outcome) => self.check_change(&changed, outcome),
            Order::Hung(service) => self.shard.count_hang(now, service),
            Order::Rehearse(cue) => self.rehearse(cue),
            Order::BackedUp(ended) => self.backups.ended(now.wall, ended),
            Order::Ask(request, reply) => {
                let kept = is_kept(&request);
                let answer = self.answer(now, request);
                if kept && answer == Reply::Done {
                    self.unconfirmed.order(self.shard.last_strict(), reply);
                } else {
                    // Whoever asked may have gone; nothing is lost by it.
                    drop(reply.send(answer));
                }
            }
        }
    }

    /// What a test asks; of a node that is in no test's hand it gets nothing.
    fn rehearse(&mut self, cue: Cue) {
        if matches!(self.hand.gate, Gate::Free) {
            return;
        }
        match cue {
            // The clock may have been turned since the turn began.
            Cue::Look(look) => look(&mut self.shard, self.clock.now()),
            Cue::Settle { deliver, settled } => {
                self.hand.gate = Gate::Settling { deliver, settled };
            }
        }
    }

    fn answer(&mut self, now: Now, request: Request) -> Reply {
        match request {
            Request::Status { detail } => Reply::Status(Box::new(self.status(now, detail))),
            Request::Stop {} => {
                self.stop(now);
                Reply::Done
            }
            Request::Activate { service } => self.replace(now, (&[], &[service]), false),
            Request::Deactivate { service } => self.replace(now, (&[service], &[]), false),
            Request::Replace { old, new, migrate } => self.replace(now, (&old, &new), migrate),
            Request::Canary { service, share } => self.set_canary(now, &service, share),
            Request::Rollback { service, migrate } => self.roll_back(now, &service, migrate),
            Request::Usage(asked) => self.answer_usage(now, &asked),
            Request::ActivateAdaptor { adaptor } => self.activate_adaptor(now, &adaptor),
            Request::DeactivateAdaptor { adaptor } => self.deactivate_adaptor(now, &adaptor),
            Request::Components { kind, name } => self.components(kind, name.as_deref()),
            Request::Links {} => self.links(),
            Request::Activities {
                part,
                kind,
                adaptor,
                min_age,
                min_idle,
            } => {
                let wanted = Activities {
                    kind,
                    adaptor,
                    min_age,
                    min_idle,
                };
                self.activities(&part, &wanted)
            }
            Request::Activity { id } => self.activity(&id),
            Request::EndActivity { id } => self.end_activity(now, &id),
            Request::Entities {
                part,
                service,
                min_age,
            } => self.entities(&part, service.as_deref(), min_age),
            Request::Entity { id } => self.entity(&id),
            Request::RemoveEntity { id } => self.remove_entity(now, &id),
            Request::Timers { part, due_within } => self.timers(now, &part, due_within),
            Request::Ladders { after, limit, find } => self.ladders(after, limit, &find),
            Request::Ladder { id } => self.ladder(id),
            Request::TakeMessages { bytes } => self.take_messages(bytes),
            Request::TakeLadders { limit, settled } => self.take_ladders(now, limit, settled),
            Request::BackUp { to } => self.backups.begin(now.wall, to, self.handle.clone()),
            Request::Quarantine { part, service } => self.quarantine(&part, service.as_deref()),
            Request::Bans { part } => self.bans(&part),
            Request::Ban { source, seconds } => self.ban(now, &source, seconds),
            Request::LiftBan { source } => self.lift_ban(&source),
            Request::Quarantined { id } => self.quarantined(&id),
            Request::ReleaseQuarantined { id } => self.release_quarantined(now, &id),
            Request::DiscardQuarantined { id } => self.discard_quarantined(now, &id),
            Request::ClearAlarm {
                source,
                name,
                instance,
            } => self.clear_alarm(now, &source, &name, &instance),
            Request::Log {} => Reply::Log(log::of_tracers(&self.shard)),
            Request::SetLog { source, level } => self.set_tracer(&source, level.as_deref()),
            // Those are the supervisor's.
            Request::Certificates {}
            | Request::CertificateList {}
            | Request::Configuration {}
            | Request::Reload { .. }
            | Request::SetAdaptor { .. }
            | Request::RemoveAdaptor { .. }
            | Request::Bind { .. }
            | Request::Unbind { .. } => Reply::refused(Cause::Wrong, "not a request to a shard"),
        }
    }

    fn renew(&mut self, renewed: Renewed) {
        // One that has gone meanwhile needs none.
        if let Some(ra) = self.shard.adaptor(&renewed.adaptor) {
            let listener = renewed.listener;
            self.net.renew(Socket { ra, listener }, renewed.credentials);
        }
    }

    fn activate_adaptor(&mut self, now: Now, name: &str) -> Reply {
        let Some(ra) = self.shard.adaptor(name) else {
            return no_adaptor(name);
        };
        // Sockets and drivers are made ready for what the configuration has as active.
        if !self.names.opened.contains(&ra) {
            let reason = "it has no listeners, since it is not `active` in the configuration: set that, and reload it";
            return Reply::refused(Cause::State, reason);
        }
        done(self.shard.activate_adaptor(now, ra), || {
            tracing::info!(adaptor = name, "activated by the operator");
        })
    }

    fn deactivate_adaptor(&mut self, now: Now, name: &str) -> Reply {
        let Some(ra) = self.shard.adaptor(name) else {
            return no_adaptor(name);
        };
        done(self.shard.deactivate_adaptor(now, ra), || {
            tracing::info!(adaptor = name, "deactivated by the operator");
        })
    }

    /// Those of services, and of the node's and the adaptors' what reports an event: a condition that stands is shown as long
    /// as it does.
    fn clear_alarm(&mut self, now: Now, source: &str, name: &str, instance: &str) -> Reply {
        let service = source.strip_prefix("service ");
        if let Some(ix) = service.and_then(|service| self.shard.service(service))
            && self.shard.clear_alarm(now, ix, name, instance)
        {
            tracing::info!(
                source,
                alarm = name,
                instance,
                "alarm cleared by the operator"
            );
            return Reply::Done;
        }
        match self.alarms.clear(source, name, instance) {
            None => Reply::refused(
                Cause::Unknown,
                format!("there is no alarm `{name}` of `{source}`"),
            ),
            Some(false) => Reply::refused(
                Cause::State,
                "it stands for something that lasts, and goes when that is over",
            ),
            Some(true) => {
                tracing::info!(source, alarm = name, "alarm cleared by the operator");
                Reply::Done
            }
        }
    }

    /// Assigns a level to a tracer, or takes it away (R-TR-01).
    fn set_tracer(&mut self, source: &str, level: Option<&str>) -> Reply {
        let wrong = |error: String, field| Refusal::new(Cause::Wrong, error).blame(field);
        let assigned = match level.map(str::parse::<Level>).transpose() {
            Ok(assigned) => assigned,
            Err(error) => return wrong(error.to_string(), "level"),
        };
        match self.shard.assign_level(log::tracer(source), assigned) {
            Ok(()) => {}
            Err(TracerError::BadPath) => return wrong(TracerError::BadPath.to_string(), "source"),
            Err(error) => return Reply::refused(Cause::State, error.to_string()),
        }
        log::let_pass(self.shard.most_traced());
        tracing::info!(
            tracer = source,
            level,
            "level of a tracer set by the operator"
        );
        Reply::Log(log::of_tracers(&self.shard))
    }
}

/// Whether what is asked holds over a restart (R-SL-04), so that it is done only when it is durable.
const fn is_kept(request: &Request) -> bool {
    matches!(
        request,
        Request::Activate { .. }
            | Request::Deactivate { .. }
            | Request::Replace { .. }
            | Request::Canary { .. }
            | Request::Rollback { .. }
    )
}
