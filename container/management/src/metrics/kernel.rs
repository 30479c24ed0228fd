//! What the kernel does: events, transactions, activities, timers; in all, and by event type.

use super::metric::Metric;

/// What is counted in all.
macro_rules! total {
    ($name:literal, $help:literal, $field:ident) => {
        Metric::counter($name, &[], $help, |status, series| {
            series.count(&[], status.kernel.$field);
        })
    };
}

/// How much there is in all.
macro_rules! level {
    ($name:literal, $help:literal, $field:ident) => {
        Metric::gauge($name, &[], $help, |status, series| {
            series.count(&[], status.counts.$field);
        })
    };
}

/// What is counted by event type.
macro_rules! by_event {
    ($name:literal, $help:literal, $field:ident) => {
        Metric::counter($name, &["event"], $help, |status, series| {
            for event in &status.event_types {
                series.count(&[&event.event], event.$field);
            }
        })
    };
}

pub(super) const METRICS: &[Metric] = &[
    total!("strowger_events", "Events accepted.", events),
    total!(
        "strowger_events_done",
        "Events offered to all.",
        events_done
    ),
    total!(
        "strowger_events_unreceived",
        "Events of which nobody was a receiver.",
        unreceived
    ),
    total!(
        "strowger_queue_full",
        "Events refused because a queue was full.",
        queue_full
    ),
    total!(
        "strowger_limited",
        "Operations of services and adaptors refused because of a limit.",
        limited
    ),
    total!("strowger_deliveries", "Handlers called.", deliveries),
    total!("strowger_commits", "Transactions committed.", commits),
    total!("strowger_rollbacks", "Transactions rolled back.", rollbacks),
    total!(
        "strowger_panics",
        "Panics caught, of services and adaptors.",
        panics
    ),
    total!(
        "strowger_quarantined",
        "Deliveries put aside because they ended in a panic.",
        quarantined
    ),
    total!(
        "strowger_quarantine_released",
        "Quarantined events delivered again by an operator.",
        quarantine_released
    ),
    total!(
        "strowger_quarantine_discarded",
        "Quarantined events dropped by an operator.",
        quarantine_discarded
    ),
    total!(
        "strowger_quarantine_dropped",
        "Quarantined events dropped because as many as may be kept were there.",
        quarantine_dropped
    ),
    total!(
        "strowger_traces_lost",
        "Messages of tracers dropped because too many waited for the log.",
        traces_lost
    ),
    total!(
        "strowger_services_failed",
        "Services deactivated because their deliveries failed too often.",
        services_failed
    ),
    total!(
        "strowger_activities_started",
        "Activities started.",
        activities_started
    ),
    total!(
        "strowger_activities_ended",
        "Activities ended.",
        activities_ended
    ),
    total!(
        "strowger_entities_created",
        "SBB entities created.",
        entities_created
    ),
    total!(
        "strowger_entities_removed",
        "SBB entities removed.",
        entities_removed
    ),
    total!(
        "strowger_profile_writes",
        "Profiles written or removed, by services and by management.",
        profile_writes
    ),
    total!("strowger_timers_set", "Timers set.", timers_set),
    total!("strowger_timers_fired", "Timer events fired.", timers_fired),
    total!(
        "strowger_timers_late",
        "Timer events fired more than 100 ms after their time.",
        timers_late
    ),
    total!(
        "strowger_timers_missed",
        "Occurrences of timers dropped because they were too late.",
        timers_missed
    ),
    total!(
        "strowger_records",
        "Records handed to the store, removals included.",
        records
    ),
    total!(
        "strowger_record",
        "Bytes of the records handed to the store.",
        record_bytes
    )
    .bytes(),
    level!(
        "strowger_service_activities",
        "Activities of services.",
        service_activities
    ),
    level!(
        "strowger_timers_pending",
        "Timers that will still expire.",
        timers
    ),
    level!(
        "strowger_events_waiting",
        "Events not yet offered to all.",
        events
    ),
    level!(
        "strowger_events_suspended",
        "Events whose delivery is suspended by a service.",
        suspended
    ),
    level!(
        "strowger_quarantine",
        "Quarantined events that wait for an operator.",
        quarantined
    ),
    level!("strowger_names", "Names bound to activities.", names),
    level!(
        "strowger_messages_held",
        "Messages that wait for what they depend on to be durable.",
        outputs
    ),
    level!(
        "strowger_connections",
        "Connections that stand or are being opened or closed.",
        connections
    ),
    Metric::gauge(
        "strowger_activities",
        &["type"],
        "Activities by type, the container's own included.",
        |status, series| {
            for (kind, n) in &status.activities_by_type {
                series.count(&[kind], *n);
            }
        },
    ),
    by_event!(
        "strowger_event_fired",
        "Events of a type that were accepted.",
        fired
    ),
    by_event!(
        "strowger_event_routed",
        "Events of a type that were offered to all.",
        routed
    ),
    by_event!(
        "strowger_event_unreceived",
        "Events of a type of which nobody was a receiver.",
        unreceived
    ),
    by_event!(
        "strowger_event_refused",
        "Events of a type refused because a queue was full.",
        refused
    ),
    by_event!(
        "strowger_event_deliveries",
        "Handlers called for events of a type.",
        deliveries
    ),
];
