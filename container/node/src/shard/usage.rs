//! Sets of usage parameters as operators read, reset, make and remove them (R-US-02, R-US-03).

use super::Driver;
use super::lists::no_service;
use crate::control::{Reply, UsageRequest, UsageSets};
use crate::status::{SampleStatus, UsageStatus};
use crate::usage::done;
use strowger::id::ServiceIx;
use strowger::time::Now;
use strowger::usage::{Reading, SampleReading};
use strowger_kernel::{MadeBy, UsageError, UsageReading};

impl Driver {
    pub(super) fn answer_usage(&mut self, now: Now, asked: &UsageRequest) -> Reply {
        match asked {
            UsageRequest::Read(wanted) => self.read_usage(wanted),
            UsageRequest::Reset(wanted) => self.reset_usage(now, wanted),
            UsageRequest::Create { service, sbb, set } => {
                self.create_usage_set(now, service, sbb.as_deref(), set)
            }
            UsageRequest::Remove { service, sbb, set } => {
                self.remove_usage_set(service, sbb.as_deref(), set)
            }
        }
    }

    /// Those that are named, which are there.
    fn read_usage(&self, wanted: &UsageSets) -> Reply {
        let Some(service) = self.shard.service(&wanted.service) else {
            return no_service(&wanted.service);
        };
        let (sbb, set) = (wanted.sbb.as_deref(), wanted.set.as_deref());
        // The unnamed set is there wherever there is any.
        if let Some(sbb) = sbb
            && self.shard.usage(service, Some(sbb), Some("")).is_empty()
        {
            return done::<()>(Err(UsageError::NoSbb(sbb.to_owned())), drop);
        }
        let read = self.shard.usage(service, sbb, set);
        match set {
            Some(set) if read.is_empty() => {
                done::<()>(Err(UsageError::NoSet(set.to_owned())), drop)
            }
            _ => Reply::Usage(read.into_iter().map(usage).collect()),
        }
    }

    fn reset_usage(&mut self, now: Now, wanted: &UsageSets) -> Reply {
        let UsageSets { service, sbb, set } = wanted;
        let Some(ix) = self.shard.service(service) else {
            return no_service(service);
        };
        let reset = self
            .shard
            .reset_usage(now, ix, sbb.as_deref(), set.as_deref());
        done(reset, |sets| {
            tracing::info!(service, sbb, set, sets, "usage reset by the operator");
        })
    }

    fn create_usage_set(&mut self, now: Now, service: &str, sbb: Option<&str>, set: &str) -> Reply {
        let Some(ix) = self.shard.service(service) else {
            return no_service(service);
        };
        done(self.shard.create_usage_set(now, ix, sbb, set), |()| {
            tracing::info!(service, sbb, set, "usage set made by the operator");
        })
    }

    fn remove_usage_set(&mut self, service: &str, sbb: Option<&str>, set: &str) -> Reply {
        let Some(ix) = self.shard.service(service) else {
            return no_service(service);
        };
        done(self.shard.remove_usage_set(ix, sbb, set), |()| {
            tracing::info!(service, sbb, set, "usage set removed by the operator");
        })
    }

    /// All sets of a service.
    pub(super) fn usage(&self, service: ServiceIx) -> Vec<UsageStatus> {
        let all = self.shard.usage(service, None, None).into_iter();
        all.map(usage).collect()
    }
}

fn usage(reading: UsageReading) -> UsageStatus {
    let mut usage = UsageStatus {
        sbb: reading.sbb.name.to_owned(),
        set: reading.set.into(),
        since_ms: reading.since.0,
        made_by: match reading.made_by {
            MadeBy::Code => "code",
            MadeBy::Configuration => "configuration",
            MadeBy::Management => "management",
        }
        .to_owned(),
        ..UsageStatus::default()
    };
    for (parameter, value) in reading.values {
        let name = parameter.name.to_owned();
        match value {
            Reading::Counter(n) => drop(usage.counters.insert(name, n)),
            Reading::Sample(read) => {
                usage.samples.insert(name, sample(parameter.unit, &read));
            }
        }
    }
    usage
}

fn sample(unit: &str, read: &SampleReading) -> SampleStatus {
    let share = |share| read.per_mille(share).unwrap_or_default();
    SampleStatus {
        unit: unit.to_owned(),
        count: read.count,
        sum: read.sum,
        min: if read.count == 0 { 0 } else { read.min },
        max: read.max,
        mean: read.mean(),
        p50: share(500),
        p95: share(950),
        p99: share(990),
    }
}
