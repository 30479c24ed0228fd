//! Services and their SBBs.

use super::metric::Metric;

/// The states of services and adaptor entities.
pub(super) const STATES: [&str; 3] = ["inactive", "active", "stopping"];

/// What is counted by service.
macro_rules! by_service {
    ($name:literal, $help:literal, $field:ident) => {
        Metric::counter($name, &["service"], $help, |status, series| {
            for service in &status.services {
                series.count(&[&service.name], service.$field);
            }
        })
    };
}

pub(super) const METRICS: &[Metric] = &[
    Metric::info(
        "strowger_service",
        &["service", "component", "durability"],
        "The component that a service is of, and its class of durability.",
        |status, series| {
            for service in &status.services {
                series.info(&[&service.name, &service.component, &service.durability]);
            }
        },
    ),
    Metric::gauge(
        "strowger_service_state",
        &["service", "state"],
        "1 for the state that a service is in: inactive, active, stopping.",
        |status, series| {
            for service in &status.services {
                for state in STATES {
                    series.flag(&[&service.name, state], service.state == state);
                }
            }
        },
    ),
    Metric::info(
        "strowger_service_canary",
        &["service", "of", "share"],
        "A service that runs beside another version of itself, and which new work it takes.",
        |status, series| {
            for service in &status.services {
                if let (Some(of), Some(share)) = (&service.canary_of, &service.share) {
                    series.info(&[&service.name, of, share]);
                }
            }
        },
    ),
    Metric::gauge(
        "strowger_service_entities",
        &["service"],
        "SBB entities of a service.",
        |status, series| {
            for service in &status.services {
                series.count(&[&service.name], service.entities.unwrap_or(0));
            }
        },
    ),
    by_service!(
        "strowger_service_deliveries",
        "Handlers called of a service.",
        deliveries
    ),
    by_service!(
        "strowger_service_rollbacks",
        "Deliveries of a service rolled back.",
        rollbacks
    ),
    by_service!(
        "strowger_service_panics",
        "Panics caught in a service.",
        panics
    ),
    Metric::histogram(
        "strowger_service_delivery",
        &["service"],
        "How long deliveries to a service took, up to and with their commit; one in 61 is measured.",
        |status, series| {
            for service in &status.services {
                series.times(&[&service.name], &service.times);
            }
        },
    ),
    Metric::gauge(
        "strowger_sbb_entities",
        &["service", "sbb"],
        "Entities of an SBB.",
        |status, series| {
            for service in &status.services {
                for sbb in &service.sbbs {
                    series.count(&[&service.name, &sbb.sbb], sbb.entities);
                }
            }
        },
    ),
    Metric::counter(
        "strowger_sbb_deliveries",
        &["service", "sbb"],
        "Handlers called of an SBB.",
        |status, series| {
            for service in &status.services {
                for sbb in &service.sbbs {
                    series.count(&[&service.name, &sbb.sbb], sbb.deliveries);
                }
            }
        },
    ),
];
