//! Usage parameters of services: what their own code counts.

use super::metric::Metric;
use super::series::Series;
use strowger_node::status::{SampleStatus, Status};

/// Whose, and which.
const LABELS: &[&str] = &["service", "sbb", "set", "parameter"];

pub(super) const METRICS: &[Metric] = &[
    Metric::counter(
        "strowger_usage",
        LABELS,
        "What a service counts of its own work; `set` is empty for the unnamed set.",
        |status, series| {
            for service in &status.services {
                for usage in &service.usage {
                    for (name, n) in &usage.counters {
                        series.count(&[&service.name, &usage.sbb, &usage.set, name], *n);
                    }
                }
            }
        },
    ),
    Metric::counter(
        "strowger_usage_sample_values",
        LABELS,
        "Values of a sample that a service keeps of its own work.",
        |status, series| each_sample(status, series, |sample| sample.count),
    ),
    Metric::counter(
        "strowger_usage_sample_sum",
        LABELS,
        "Sum of them, in the sample's own unit.",
        |status, series| each_sample(status, series, |sample| sample.sum),
    ),
    Metric::gauge(
        "strowger_usage_sample",
        &["service", "sbb", "set", "parameter", "quantile"],
        "What that share of them does not exceed, since the set was made or reset, within 3.2 %: 0.5, 0.95, 0.99.",
        |status, series| {
            for service in &status.services {
                for usage in &service.usage {
                    for (name, sample) in &usage.samples {
                        let shares = [
                            ("0.5", sample.p50),
                            ("0.95", sample.p95),
                            ("0.99", sample.p99),
                        ];
                        for (share, value) in shares {
                            let labels = [&service.name, &usage.sbb, &usage.set, name, share];
                            series.count(&labels, value);
                        }
                    }
                }
            }
        },
    ),
];

fn each_sample(status: &Status, series: &mut Series<'_, '_>, read: fn(&SampleStatus) -> u64) {
    for service in &status.services {
        for usage in &service.usage {
            for (name, sample) in &usage.samples {
                series.count(&[&service.name, &usage.sbb, &usage.set, name], read(sample));
            }
        }
    }
}
