//! What operators do with deliveries that were put aside, and what becomes of services that fail too often.

use super::Driver;
use super::lists::{gone, no_service, not_a_place};
use super::status;
use crate::control::{Cause, Refusal, Reply};
use crate::hangs::{HeldBack, HeldService};
use crate::listed::{Page, Part, QuarantineEntry};
use std::time::Duration;
use strowger::id::ServiceIx;
use strowger::time::Now;
use strowger_kernel::{QuarantinedInfo, ReleaseError, ServiceState};

/// What one of them is called.
const ONE: &str = "quarantined event";
/// The alarm of a service that was deactivated because it failed too often.
const ALARM: &str = "too_many_failures";

impl Driver {
    pub(super) fn quarantine(&self, part: &Part, service: Option<&str>) -> Reply {
        let Ok(after) = part.after.as_deref().map(str::parse).transpose() else {
            return not_a_place();
        };
        let service = match service.map(|name| (name, self.shard.service(name))) {
            Some((name, None)) => return no_service(name),
            found => found.and_then(|(_, ix)| ix),
        };
        let (found, next) = self.shard.quarantined(after, part.limit(), service);
        Reply::Quarantine(Page {
            items: found.iter().map(|one| self.quarantine_entry(one)).collect(),
            next: next.map(|number| number.to_string()),
        })
    }

    pub(super) fn quarantined(&self, id: &str) -> Reply {
        let found = id.parse().ok();
        match found.and_then(|number| self.shard.quarantined_one(number)) {
            Some(one) => Reply::Quarantined(Box::new(self.quarantine_entry(&one))),
            None => gone(ONE, id),
        }
    }

    pub(super) fn release_quarantined(&mut self, now: Now, id: &str) -> Reply {
        let found = id.parse().ok();
        let Some(one) = found.and_then(|number| self.shard.quarantined_one(number)) else {
            return gone(ONE, id);
        };
        match self.shard.release_quarantined(now, one.number) {
            Ok(()) => {
                self.tell_quarantine(&one, "quarantined event released by the operator");
                Reply::Done
            }
            Err(ReleaseError::Unknown) => gone(ONE, id),
            Err(error) => Refusal::new(Cause::State, error.to_string()).blame("id"),
        }
    }

    pub(super) fn discard_quarantined(&mut self, now: Now, id: &str) -> Reply {
        let found = id.parse().ok();
        let Some(one) = found.and_then(|number| self.shard.quarantined_one(number)) else {
            return gone(ONE, id);
        };
        self.shard.discard_quarantined(now, one.number);
        self.tell_quarantine(&one, "quarantined event discarded by the operator");
        Reply::Done
    }

    fn tell_quarantine(&self, one: &QuarantinedInfo, what: &str) {
        let (service, event) = (self.names.service(one.service), one.event);
        let (id, activity, times) = (one.number, one.activity, one.times);
        tracing::info!(id, service, %event, %activity, times, cause = one.cause, "{what}");
    }

    fn quarantine_entry(&self, one: &QuarantinedInfo) -> QuarantineEntry {
        QuarantineEntry {
            id: one.number.to_string(),
            service: self.names.service(one.service).to_owned(),
            event: one.event.to_string(),
            activity: one.activity.to_string(),
            entity: one.entity.map(|entity| entity.to_string()),
            cause: one.cause.clone(),
            first_ms: one.first.0,
            last_ms: one.last.0,
            times: one.times,
            stuck: one.stuck.map(|why| why.to_string()),
        }
    }

    /// The shard has deactivated a service: what it has is given the time that it has when an operator deactivates it.
    pub(super) fn service_failed(&mut self, now: Now, service: ServiceIx, why: &str) {
        self.ending
            .push((service, now.mono + self.times.service_stop));
        let name = self.names.service(service);
        tracing::error!(
            service = name,
            why,
            "the service fails too often: it was deactivated"
        );
        let text = format!("{why}: it was deactivated");
        let source = format!("service {name}");
        self.alarms.set(now.wall, source, ALARM, true, &text);
    }

    /// Services that hung were not activated. What they have from before goes on, unless it would hang again: then it is
    /// removed. What hung in an entity that is there is put aside when it comes again.
    pub(super) fn hold_back(&mut self, now: Now, held: &HeldBack) {
        for HeldService { name, why, whole } in &held.services {
            let time = if *whole {
                Duration::ZERO
            } else {
                self.times.service_stop
            };
            if let Some(ix) = self.shard.service(name) {
                self.ending.push((ix, now.mono + time));
            }
            tracing::error!(
                service = name,
                why,
                "the service hangs: it is not activated"
            );
            let text = format!("{why}: it was not activated");
            let source = format!("service {name}");
            self.alarms.set(now.wall, source, ALARM, true, &text);
        }
        for (entity, event) in &held.deliveries {
            let known = self.names.events.iter().position(|name| name == event);
            if let Some(kind) = known {
                tracing::warn!(%entity, event, "the next such delivery is put aside: one did not return");
                self.shard.hold_back_delivery(*entity, kind);
            }
        }
    }

    /// A service has changed its state. One that is active again has not failed too often.
    pub(super) fn service_changed(&mut self, now: Now, service: ServiceIx, state: ServiceState) {
        let name = self.names.service(service);
        let word = status::service(state);
        tracing::info!(service = name, state = word, "service changed its state");
        if state == ServiceState::Active {
            let source = format!("service {name}");
            let text = "it was activated again";
            self.alarms.set(now.wall, source, ALARM, false, text);
        }
    }
}
