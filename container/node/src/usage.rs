//! Usage parameters of services: from the configuration to what the kernel is told, and what operators ask of them.
//!
//! Not here: what is counted and watched, which is the kernel's; how a changed configuration takes effect (`shard::changes`).

use crate::control::{Cause, Refusal, Reply};
use strowger::alarm::Severity;
use strowger::service::ServiceDef;
use strowger_config as config;
use strowger_config::{KeyPath, Usage};
use strowger_kernel::{Measure, Side, Threshold, UsageError, UsageOptions};

/// What the configuration says of a service's usage.
pub(crate) fn options(service: &config::Service) -> UsageOptions {
    UsageOptions {
        sets: service.usage_sets.clone(),
        thresholds: service
            .thresholds
            .iter()
            .map(|(name, wanted)| threshold(name, wanted))
            .collect(),
    }
}

fn threshold(name: &str, wanted: &config::Threshold) -> Threshold {
    Threshold {
        name: name.to_owned(),
        sbb: wanted.sbb.clone(),
        set: wanted.set.clone(),
        parameter: wanted.parameter.clone(),
        measure: match wanted.measure {
            config::Measure::Total => Measure::Total,
            config::Measure::Rate => Measure::Rate,
            config::Measure::Mean => Measure::Mean,
            // What is no share at all is 0 or too great, which the kernel refuses.
            config::Measure::Percentile => {
                Measure::PerMille((wanted.percentile * 10.0).round() as u16)
            }
        },
        side: match wanted.side {
            config::Side::Above => Side::Above,
            config::Side::Below => Side::Below,
        },
        value: wanted.value,
        clear: wanted.clear,
        window: wanted.window,
        raise_after: wanted.raise_after,
        clear_after: wanted.clear_after,
        severity: match wanted.severity {
            config::Severity::Indeterminate => Severity::Indeterminate,
            config::Severity::Warning => Severity::Warning,
            config::Severity::Minor => Severity::Minor,
            config::Severity::Major => Severity::Major,
            config::Severity::Critical => Severity::Critical,
        },
    }
}

/// What a service has with what the configuration says, and everything that it has against that.
pub(crate) fn check(def: &ServiceDef, service: &config::Service) -> Usage {
    let wanted = options(service);
    let sets = wanted.sets_of(def);
    let refusal = |key: KeyPath, error: UsageError| config::Refusal {
        key: Some(key),
        error: Box::new(error),
    };
    let mut refusals = Vec::new();
    for (n, set) in wanted.sets.into_iter().enumerate() {
        let alone = UsageOptions {
            sets: vec![set],
            ..UsageOptions::default()
        };
        if let Err(error) = alone.check(def) {
            let key = ["usage_sets", &n.to_string()].into_iter().collect();
            refusals.push(refusal(key, error));
        }
    }
    for threshold in wanted.thresholds {
        let mut key: KeyPath = ["thresholds", &threshold.name].into_iter().collect();
        let alone = UsageOptions {
            thresholds: vec![threshold],
            ..UsageOptions::default()
        };
        if let Err(error) = alone.check(def) {
            if let Some(field) = blamed(&error) {
                key = key.child(field);
            }
            refusals.push(refusal(key, error));
        }
    }
    Usage { sets, refusals }
}

/// The key of a threshold that is to blame.
fn blamed(error: &UsageError) -> Option<&'static str> {
    Some(match error {
        UsageError::NoParameter { .. } => "parameter",
        UsageError::Unmeasured { .. } => "measure",
        UsageError::NoPercentile(_) => "percentile",
        UsageError::NoNumber(_) => "value",
        UsageError::ClearsBeyond(_) => "clear",
        UsageError::ShortWindow(_) => "window",
        UsageError::None | _ => return None,
    })
}

/// What the kernel says of an order of an operator's.
pub(crate) fn done<T>(outcome: Result<T, UsageError>, then: impl FnOnce(T)) -> Reply {
    let error = match outcome {
        Ok(done) => {
            then(done);
            return Reply::Done;
        }
        Err(error) => error,
    };
    let (cause, field) = match &error {
        UsageError::NoSet(_) => (Cause::Unknown, Some("set")),
        UsageError::NoSbb(_) => (Cause::Unknown, Some("sbb")),
        UsageError::BadName(_) => (Cause::Wrong, Some("set")),
        UsageError::NoService => (Cause::Unknown, None),
        UsageError::Fixed(_) | _ => (Cause::State, None),
    };
    let refusal = Refusal::new(cause, error.to_string());
    match field {
        Some(field) => refusal.blame(field),
        None => Reply::Refused(refusal),
    }
}
