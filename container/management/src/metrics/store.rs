//! The store: what is written, what waits, what is left.

use super::metric::Metric;

pub(super) const METRICS: &[Metric] = &[
    Metric::counter(
        "strowger_store_groups",
        &[],
        "Groups of commits made durable.",
        |status, series| series.count(&[], status.store.groups),
    ),
    Metric::counter(
        "strowger_store_commits",
        &[],
        "Commits made durable.",
        |status, series| series.count(&[], status.store.commits),
    ),
    Metric::counter(
        "strowger_store_written",
        &[],
        "Bytes of commits made durable.",
        |status, series| series.count(&[], status.store.bytes),
    )
    .bytes(),
    Metric::histogram(
        "strowger_store_sync",
        &[],
        "How long writes with their sync took: messages of strict services wait for one.",
        |status, series| series.times(&[], &status.store.sync_times),
    ),
    Metric::counter(
        "strowger_store_refused",
        &[],
        "Groups refused because too many waited.",
        |status, series| series.count(&[], status.store.refused),
    ),
    Metric::gauge(
        "strowger_store_queue_length",
        &[],
        "Groups of commits that wait for the disk.",
        |status, series| series.count(&[], status.store.queued_groups),
    ),
    Metric::gauge(
        "strowger_store_queue_limit",
        &[],
        "Groups of commits that may wait.",
        |status, series| series.count(&[], status.store.queued_groups_max),
    ),
    Metric::gauge(
        "strowger_store_queue_size",
        &[],
        "Bytes of commits that wait for the disk.",
        |status, series| series.count(&[], status.store.queued_bytes),
    )
    .bytes(),
    Metric::gauge(
        "strowger_store_queue_size_limit",
        &[],
        "Bytes of commits that may wait.",
        |status, series| series.count(&[], status.store.queued_bytes_max),
    )
    .bytes(),
    Metric::gauge(
        "strowger_store_journal",
        &[],
        "Journal on disk.",
        |status, series| series.count(&[], status.store.journal_bytes),
    )
    .bytes(),
    Metric::gauge(
        "strowger_store_checkpoint",
        &[],
        "The checkpoint on disk.",
        |status, series| series.count(&[], status.store.checkpoint_bytes),
    )
    .bytes(),
    Metric::gauge(
        "strowger_store_checkpoint_age",
        &[],
        "Since a checkpoint last began to count; since the start if none has.",
        |status, series| series.millis(&[], status.store.checkpoint_age_ms),
    )
    .seconds(),
    Metric::gauge(
        "strowger_store_checkpoint_duration",
        &[],
        "How long the last checkpoint took.",
        |status, series| series.micros(&[], status.store.checkpoint_us),
    )
    .seconds(),
    Metric::gauge(
        "strowger_store_checkpoint_lag",
        &[],
        "Commits durable in the journal that no checkpoint has.",
        |status, series| {
            series.count(
                &[],
                status.store.durable.saturating_sub(status.store.checkpoint),
            )
        },
    ),
    Metric::gauge(
        "strowger_store_free",
        &[],
        "Free space of the store's disk.",
        |status, series| series.count(&[], status.store.free_bytes),
    )
    .bytes(),
    Metric::gauge(
        "strowger_store_low_space",
        &[],
        "Whether so little space is left that new work is refused.",
        |status, series| series.flag(&[], status.store.low_space),
    ),
];
