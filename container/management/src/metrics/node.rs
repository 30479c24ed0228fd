//! The node, its process and its shards.

use super::metric::Metric;
use super::series::Series;
use strowger_node::status::{Exported, Status};

const REASONS: [&str; 4] = ["stopping", "store-queue-full", "low-space", "overload"];

/// One figure of each protocol by which recorded calls are sent elsewhere.
fn exported(status: &Status, series: &mut Series<'_, '_>, figure: fn(&Exported) -> u64) {
    series.count(&["hep"], figure(&status.export.hep));
    series.count(&["otlp"], figure(&status.export.otlp));
}

pub(super) const METRICS: &[Metric] = &[
    Metric::info(
        "strowger_build",
        &["version"],
        "The version of the node's binary.",
        |status, series| series.info(&[&status.version]),
    ),
    Metric::info(
        "strowger_node",
        &["node"],
        "The node's name.",
        |status, series| series.info(&[&status.node]),
    ),
    Metric::gauge(
        "strowger_start_time",
        &[],
        "When the node was started, since 1970.",
        |status, series| series.millis(&[], status.started_ms),
    )
    .seconds(),
    Metric::gauge(
        "strowger_ready_after",
        &[],
        "From the start of the node until it was ready.",
        |status, series| series.millis(&[], status.ready_after_ms),
    )
    .seconds(),
    Metric::gauge(
        "strowger_refusing",
        &["reason"],
        "Whether new work is refused for that reason: stopping, store-queue-full, low-space, overload.",
        |status, series| {
            for reason in REASONS {
                let holds = status.refusing.iter().any(|given| given == reason);
                series.flag(&[reason], holds);
            }
        },
    ),
    Metric::counter(
        "strowger_overloads",
        &[],
        "How often more arrived than was worked off, so that new work was refused.",
        |status, series| series.count(&[], status.overloads),
    ),
    Metric::gauge(
        "strowger_sources",
        &[],
        "Sources of which something is kept: what they have brought, their offences, their bans.",
        |status, series| series.count(&[], status.sources.known),
    ),
    Metric::gauge(
        "strowger_sources_limit",
        &[],
        "Of how many something may be kept; beyond that the one that has been quiet longest makes room.",
        |status, series| series.count(&[], status.sources.known_max),
    ),
    Metric::gauge(
        "strowger_sources_banned",
        &[],
        "Sources that are banned.",
        |status, series| series.count(&[], status.sources.banned),
    ),
    Metric::counter(
        "strowger_bans",
        &[],
        "Bans since start, by offences or by hand.",
        |status, series| series.count(&[], status.sources.bans),
    ),
    Metric::counter(
        "strowger_offences",
        &["proven"],
        "Wrong credentials, messages that cannot be read and the like. `proven` says whether it was certain that they came from where they seem to: only those count for a ban.",
        |status, series| {
            series.count(&["true"], status.sources.offences);
            series.count(&["false"], status.sources.offences_unproven);
        },
    ),
    Metric::gauge(
        "strowger_alarm",
        &["source", "name", "item", "severity"],
        "1 for each alarm that is raised; `item` is what it is about, where the source tells several apart.",
        |status, series| {
            for alarm in &status.alarms {
                let severity = alarm.severity.word();
                series.flag(
                    &[&alarm.source, &alarm.name, &alarm.instance, severity],
                    true,
                );
            }
        },
    ),
    Metric::gauge(
        "strowger_alarms",
        &[],
        "Alarms that are raised.",
        |status, series| series.count(&[], status.alarms.len() as u64),
    ),
    Metric::counter(
        "strowger_process_cpu",
        &[],
        "CPU time of the process, user and system.",
        |status, series| series.micros(&[], status.process.cpu_us),
    )
    .seconds(),
    Metric::gauge(
        "strowger_process_resident_memory",
        &[],
        "Memory resident.",
        |status, series| series.count(&[], status.process.resident_bytes),
    )
    .bytes(),
    Metric::gauge(
        "strowger_process_open_files",
        &[],
        "Open descriptors: files, sockets.",
        |status, series| series.count(&[], status.process.open_files),
    ),
    Metric::gauge(
        "strowger_process_open_files_limit",
        &[],
        "Descriptors that may be open.",
        |status, series| series.count(&[], status.process.open_files_max),
    ),
    Metric::gauge(
        "strowger_process_threads",
        &[],
        "Threads.",
        |status, series| series.count(&[], status.process.threads),
    ),
    Metric::counter(
        "strowger_shard_cpu",
        &["shard"],
        "CPU time of the shard's thread. A shard is full when it rises by one second a second.",
        |status, series| {
            for shard in &status.shards {
                series.micros(&[&shard.shard.to_string()], shard.cpu_us);
            }
        },
    )
    .seconds(),
    Metric::histogram(
        "strowger_shard_turn",
        &["shard"],
        "How long the shard's turns took: what arrives meanwhile waits for so long.",
        |status, series| {
            for shard in &status.shards {
                series.times(&[&shard.shard.to_string()], &shard.turns);
            }
        },
    ),
    Metric::histogram(
        "strowger_input_delay",
        &["shard"],
        "How long what arrived had waited when its turn came. Where it stays above `overload.target` new work is refused.",
        |status, series| {
            for shard in &status.shards {
                series.times(&[&shard.shard.to_string()], &shard.waits);
            }
        },
    ),
    Metric::gauge(
        "strowger_queue_length",
        &["shard", "queue", "adaptor"],
        "How many wait: events, datagrams_out, name_questions, and to_driver and from_driver of an adaptor.",
        |status, series| {
            for shard in &status.shards {
                for queue in &shard.queues {
                    let of = shard.shard.to_string();
                    series.count(&[&of, &queue.name, &queue.adaptor], queue.used);
                }
            }
        },
    ),
    Metric::gauge(
        "strowger_queue_limit",
        &["shard", "queue", "adaptor"],
        "How many may wait.",
        |status, series| {
            for shard in &status.shards {
                for queue in &shard.queues {
                    let of = shard.shard.to_string();
                    series.count(&[&of, &queue.name, &queue.adaptor], queue.bound);
                }
            }
        },
    ),
    Metric::gauge(
        "strowger_table_entries",
        &["shard", "table"],
        "How many there are: activities (those of services too), entities, timers, profiles.",
        |status, series| {
            for shard in &status.shards {
                for table in &shard.tables {
                    series.count(&[&shard.shard.to_string(), &table.name], table.used);
                }
            }
        },
    ),
    Metric::gauge(
        "strowger_table_limit",
        &["shard", "table"],
        "How many there may be.",
        |status, series| {
            for shard in &status.shards {
                for table in &shard.tables {
                    series.count(&[&shard.shard.to_string(), &table.name], table.bound);
                }
            }
        },
    ),
    Metric::gauge(
        "strowger_recorder_calls",
        &[],
        "Recorded calls that are held.",
        |status, series| series.count(&[], status.recorder.calls),
    ),
    Metric::gauge(
        "strowger_recorder_held",
        &[],
        "Memory of the recorded calls, about.",
        |status, series| series.count(&[], status.recorder.bytes),
    )
    .bytes(),
    Metric::counter(
        "strowger_recorder_recorded",
        &[],
        "Calls recorded.",
        |status, series| series.count(&[], status.recorder.recorded),
    ),
    Metric::counter(
        "strowger_recorder_evicted",
        &[],
        "Recorded calls that had ended and made room for others.",
        |status, series| series.count(&[], status.recorder.evicted),
    ),
    Metric::counter(
        "strowger_recorder_refused",
        &[],
        "Calls not recorded because all that were held still lived.",
        |status, series| series.count(&[], status.recorder.refused),
    ),
    Metric::counter(
        "strowger_recorder_dropped",
        &[],
        "Steps of recorded calls that did not fit.",
        |status, series| series.count(&[], status.recorder.dropped),
    ),
    Metric::gauge(
        "strowger_export_waiting",
        &["protocol"],
        "What of the recorded calls waits to be sent elsewhere: messages (hep), calls (otlp).",
        |status, series| exported(status, series, |of| of.waiting),
    ),
    Metric::gauge(
        "strowger_export_held",
        &["protocol"],
        "Memory of messages that wait to be sent elsewhere, about.",
        |status, series| exported(status, series, |of| of.waiting_bytes),
    )
    .bytes(),
    Metric::counter(
        "strowger_export_sent",
        &["protocol"],
        "Messages of recorded calls (hep) and recorded calls (otlp) that were sent elsewhere.",
        |status, series| exported(status, series, |of| of.sent),
    ),
    Metric::counter(
        "strowger_export_dropped",
        &["protocol"],
        "The same that were not sent because there was no room for them to wait in.",
        |status, series| exported(status, series, |of| of.dropped),
    ),
    Metric::counter(
        "strowger_export_failed",
        &["protocol"],
        "The same that could not be sent, or that the collector refused.",
        |status, series| exported(status, series, |of| of.failed),
    ),
    Metric::counter(
        "strowger_export_retries",
        &["protocol"],
        "Attempts to send that were repeated.",
        |status, series| exported(status, series, |of| of.retries),
    ),
];
