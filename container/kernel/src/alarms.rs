//! Alarms of services: which stand, kept over a restart (R-AL).
//!
//! They count at once, also in a delivery that rolls back. Those of adaptors and of the container stand for what the process
//! itself sees: they are raised again where it sees it again, and are not here.
//!
//! Invariants: there are never more than [`Limits::alarms`](crate::Limits::alarms); what the outputs tell is what stands.

use crate::kernel::Kernel;
use crate::manage::RestoreError;
use crate::options::Durability;
use crate::output::{ServiceAlarm, ShardOutput};
use crate::record::{self, AlarmRecord};
use std::collections::BTreeMap;
use strowger::OpError;
use strowger::alarm::{Alarm, Severity};
use strowger::id::{EntityId, ServiceIx, Slot};
use strowger::time::{Now, Wall};
use strowger_journal::Key;

const KIND: usize = 64;
const INSTANCE: usize = 128;
const TEXT: usize = 512;
/// Their records have a place of their own, for they belong to no activity.
const SLOT: Slot = Slot(0);

/// What an alarm is known by.
type Identity = (ServiceIx, Box<str>, Box<str>);

struct Standing {
    /// Of its record.
    number: u64,
    severity: Severity,
    text: Box<str>,
    since: Wall,
}

/// Those that stand.
#[derive(Default)]
pub(crate) struct Alarms {
    standing: BTreeMap<Identity, Standing>,
    next: u64,
}

impl Alarms {
    pub(crate) fn stands(&self, service: ServiceIx, kind: &str, instance: &str) -> bool {
        self.standing
            .contains_key(&(service, kind.into(), instance.into()))
    }
    /// What those of a service that are of a kind are about.
    pub(crate) fn instances(&self, service: ServiceIx, kind: &str) -> Vec<Box<str>> {
        let from = (service, kind.into(), Box::default());
        let standing = self.standing.range(from..);
        let of_kind = standing.take_while(|((of, k, _), _)| *of == service && **k == *kind);
        of_kind
            .map(|((.., instance), _)| instance.clone())
            .collect()
    }
}

impl Kernel {
    pub(crate) fn raise_alarm_of(
        &mut self,
        entity: EntityId,
        alarm: Alarm<'_>,
    ) -> Result<bool, OpError> {
        let service = self.entity(entity)?.service;
        self.raise_alarm_by(service, alarm)
    }

    /// The same by the container, for a service.
    pub(crate) fn raise_alarm_by(
        &mut self,
        service: ServiceIx,
        alarm: Alarm<'_>,
    ) -> Result<bool, OpError> {
        if alarm.kind.is_empty() || alarm.kind.len() > KIND {
            return Err(OpError::InvalidArgument(
                "an alarm's kind has 1 to 64 bytes",
            ));
        }
        if alarm.instance.len() > INSTANCE {
            let text = "an alarm's instance has up to 128 bytes";
            return Err(OpError::InvalidArgument(text));
        }
        let identity = (service, alarm.kind.into(), alarm.instance.into());
        if self.alarms.standing.contains_key(&identity) {
            return Ok(false);
        }
        if self.alarms.standing.len() >= self.limits.alarms as usize {
            return Err(self.limited("alarms"));
        }
        let text = alarm.text;
        let standing = Standing {
            number: self.alarms.next,
            severity: alarm.severity,
            text: text
                .get(..text.floor_char_boundary(TEXT))
                .unwrap_or(text)
                .into(),
            since: self.now.wall,
        };
        self.alarms.next += 1;
        self.keep_alarm(&identity, &standing);
        self.tell_alarm(&identity, &standing, true);
        self.alarms.standing.insert(identity, standing);
        Ok(true)
    }

    /// Clears those of a service that are of a kind and about an instance; how many stood.
    pub(crate) fn clear_alarms_of(
        &mut self,
        service: ServiceIx,
        kind: Option<&str>,
        instance: Option<&str>,
    ) -> usize {
        let fits = |(of, k, i): &Identity, _: &mut Standing| {
            *of == service
                && kind.is_none_or(|kind| **k == *kind)
                && instance.is_none_or(|i2| **i == *i2)
        };
        let cleared: Vec<_> = self.alarms.standing.extract_if(.., fits).collect();
        for (identity, standing) in &cleared {
            if self.class_of(service) > Durability::None {
                self.remove_alarm_record(SLOT, standing.number);
            }
            self.tell_alarm(identity, standing, false);
        }
        cleared.len()
    }

    /// Clears one by hand; whether it stood.
    pub(crate) fn clear_alarm(
        &mut self,
        now: Now,
        service: ServiceIx,
        kind: &str,
        instance: &str,
    ) -> bool {
        self.now = now;
        let cleared = self.clear_alarms_of(service, Some(kind), Some(instance)) > 0;
        self.outputs.end_unit();
        cleared
    }

    fn tell_alarm(&mut self, (service, kind, instance): &Identity, alarm: &Standing, raised: bool) {
        self.outputs
            .notice(ShardOutput::ServiceAlarm(Box::new(ServiceAlarm {
                service: *service,
                kind: kind.clone(),
                instance: instance.clone(),
                severity: alarm.severity,
                text: alarm.text.clone(),
                since: alarm.since,
                raised,
            })));
    }

    fn keep_alarm(&mut self, (service, kind, instance): &Identity, alarm: &Standing) {
        let known = self.service(*service).map(|s| s.id);
        let Some(of) = known.filter(|_| self.class_of(*service) > Durability::None) else {
            return;
        };
        let written = AlarmRecord {
            service: of,
            kind,
            instance,
            severity: alarm.severity,
            text: &alarm.text,
            since: alarm.since,
        };
        self.put_alarm_record(SLOT, alarm.number, &written);
    }

    /// One of a service that is not there any more means nothing (R-AL-05).
    pub(crate) fn restore_alarm(
        &mut self,
        key: &Key<'_>,
        record: &AlarmRecord<'_>,
    ) -> Result<bool, RestoreError> {
        let number = record::number(key)?;
        self.alarms.next = self.alarms.next.max(number + 1);
        let Some(service) = self.service_ix(record.service) else {
            return Ok(false);
        };
        let identity = (service, record.kind.into(), record.instance.into());
        let standing = Standing {
            number,
            severity: record.severity,
            text: record.text.into(),
            since: record.since,
        };
        self.tell_alarm(&identity, &standing, true);
        self.alarms.standing.insert(identity, standing);
        Ok(true)
    }
}
