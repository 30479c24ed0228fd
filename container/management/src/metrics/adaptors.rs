//! Adaptor entities: what the kernel counts of each, and what each counts itself.

use super::metric::Metric;
use super::services::STATES;

/// What is counted by adaptor entity.
macro_rules! by_adaptor {
    ($name:literal, $help:literal, $field:ident) => {
        Metric::counter($name, &["adaptor"], $help, |status, series| {
            for adaptor in &status.adaptors {
                series.count(&[&adaptor.name], adaptor.$field);
            }
        })
    };
}

pub(super) const METRICS: &[Metric] = &[
    Metric::info(
        "strowger_adaptor",
        &["adaptor", "component"],
        "The component that an adaptor entity is of.",
        |status, series| {
            for adaptor in &status.adaptors {
                series.info(&[&adaptor.name, &adaptor.component]);
            }
        },
    ),
    Metric::gauge(
        "strowger_adaptor_state",
        &["adaptor", "state"],
        "1 for the state that an adaptor entity is in: inactive, active, stopping.",
        |status, series| {
            for adaptor in &status.adaptors {
                for state in STATES {
                    series.flag(&[&adaptor.name, state], adaptor.state == state);
                }
            }
        },
    ),
    Metric::gauge(
        "strowger_adaptor_activities",
        &["adaptor"],
        "Activities of an adaptor entity.",
        |status, series| {
            for adaptor in &status.adaptors {
                series.count(&[&adaptor.name], adaptor.activities);
            }
        },
    ),
    by_adaptor!(
        "strowger_adaptor_inputs",
        "Inputs of an adaptor entity: from the network, commands of services, times, reports.",
        inputs
    ),
    by_adaptor!(
        "strowger_adaptor_events",
        "Events that an adaptor entity fired.",
        events
    ),
    by_adaptor!(
        "strowger_adaptor_panics",
        "Panics caught in an adaptor entity.",
        panics
    ),
    Metric::counter(
        "strowger_adaptor_count",
        &["adaptor", "name"],
        "An adaptor entity's own counters; the pages on operating each adaptor say what they mean.",
        |status, series| {
            for adaptor in &status.adaptors {
                for (name, n) in &adaptor.counters {
                    if !adaptor.levels.contains(name) {
                        series.count(&[&adaptor.name, name], *n);
                    }
                }
            }
        },
    ),
    Metric::gauge(
        "strowger_adaptor_level",
        &["adaptor", "name"],
        "What rises and falls of an adaptor entity's own figures.",
        |status, series| {
            for adaptor in &status.adaptors {
                for (name, n) in &adaptor.counters {
                    if adaptor.levels.contains(name) {
                        series.count(&[&adaptor.name, name], *n);
                    }
                }
            }
        },
    ),
    Metric::gauge(
        "strowger_adaptor_part",
        &["adaptor", "part", "state"],
        "1 for the state of each part of an adaptor entity that has one, such as a peer.",
        |status, series| {
            for adaptor in &status.adaptors {
                for part in &adaptor.parts {
                    series.flag(&[&adaptor.name, &part.name, &part.state], true);
                }
            }
        },
    ),
];
