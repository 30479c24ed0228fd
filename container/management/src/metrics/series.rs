//! The series of one metric: labels are escaped, cut and bounded in number, whatever adaptors and peers call things.

use super::metric::{Kind, Metric};
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelKey as _, EncodeLabelSet, LabelSetEncoder, MetricEncoder,
    NoLabelSet,
};
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use strowger_node::status::{Status, Times};

/// Series that one metric may have.
pub const SERIES: usize = 1_000;
/// Characters of a label's value.
const VALUE: usize = 128;

/// What is counted of the metrics themselves.
pub(super) const METRICS: &[Metric] = &[Metric::gauge(
    "strowger_metrics_series_omitted",
    &[],
    "Series left out of this answer, because a metric has more than 1000 or two have the same labels.",
    |_, series| {
        let omitted = *series.omitted;
        series.count(&[], omitted);
    },
)];

/// Writes one metric.
pub(super) fn write(
    metric: &'static Metric,
    status: &Status,
    omitted: &mut u64,
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    let unit = metric.unit.map(super::Unit::encoded);
    let kind = metric.kind.encoded();
    let encoder = encoder.encode_descriptor(metric.stem(), metric.help, unit.as_ref(), kind)?;
    let mut series = Series {
        metric,
        encoder,
        seen: BTreeSet::new(),
        omitted,
        written: Ok(()),
    };
    (metric.read)(status, &mut series);
    series.written
}

/// Takes the series of one metric.
pub(super) struct Series<'a, 'b> {
    metric: &'static Metric,
    encoder: MetricEncoder<'a>,
    /// The labels of those that are written.
    seen: BTreeSet<String>,
    omitted: &'b mut u64,
    written: fmt::Result,
}

/// What a series says.
#[derive(Clone, Copy)]
enum Value<'a> {
    Count(u64),
    Real(f64),
    Times(&'a Times),
    Info,
}

impl Series<'_, '_> {
    /// A number.
    pub(super) fn count(&mut self, labels: &[&str], n: impl Into<u64>) {
        self.put(labels, Value::Count(n.into()));
    }

    /// Whether something is so.
    pub(super) fn flag(&mut self, labels: &[&str], holds: bool) {
        self.put(labels, Value::Count(holds.into()));
    }

    /// A time that is kept in microseconds.
    pub(super) fn micros(&mut self, labels: &[&str], us: u64) {
        self.put(labels, Value::Real(us as f64 / 1e6));
    }

    /// A time that is kept in milliseconds.
    pub(super) fn millis(&mut self, labels: &[&str], ms: u64) {
        self.put(labels, Value::Real(ms as f64 / 1e3));
    }

    /// Times in buckets.
    pub(super) fn times(&mut self, labels: &[&str], times: &Times) {
        self.put(labels, Value::Times(times));
    }

    /// Nothing but its labels.
    pub(super) fn info(&mut self, labels: &[&str]) {
        self.put(labels, Value::Info);
    }

    fn put(&mut self, values: &[&str], value: Value<'_>) {
        if self.written.is_err() {
            return;
        }
        let names = self.metric.labels;
        debug_assert_eq!(names.len(), values.len(), "{}", self.metric.stem());
        let labels = Labels(
            names
                .iter()
                .copied()
                .zip(values.iter().map(|v| clean(v)))
                .collect(),
        );
        let new = self.seen.len() < SERIES && self.seen.insert(labels.key());
        if new {
            self.written = self.encode(&labels, value);
        } else {
            *self.omitted += 1;
        }
    }

    fn encode(&mut self, labels: &Labels, value: Value<'_>) -> fmt::Result {
        if let Value::Info = value {
            return self.encoder.encode_info(labels);
        }
        if labels.0.is_empty() {
            return encode(&mut self.encoder, self.metric.kind, value);
        }
        encode(
            &mut self.encoder.encode_family(labels)?,
            self.metric.kind,
            value,
        )
    }
}

fn encode(encoder: &mut MetricEncoder<'_>, kind: Kind, value: Value<'_>) -> fmt::Result {
    match (kind, value) {
        (Kind::Counter, Value::Count(n)) => encoder.encode_counter::<NoLabelSet, _, f64>(&n, None),
        (Kind::Counter, Value::Real(n)) => encoder.encode_counter::<NoLabelSet, _, f64>(&n, None),
        (_, Value::Count(n)) => encoder.encode_gauge(&(n as f64)),
        (_, Value::Real(n)) => encoder.encode_gauge(&n),
        (_, Value::Times(times)) => {
            let bounds = times.le_ns.iter().map(|ns| *ns as f64 / 1e9);
            let bounds = bounds.chain([f64::MAX]);
            let buckets: Vec<_> = bounds.zip(times.counts.iter().copied()).collect();
            let sum = times.sum_ns as f64 / 1e9;
            encoder.encode_histogram::<NoLabelSet>(sum, times.count, &buckets, None)
        }
        (_, Value::Info) => Ok(()),
    }
}

/// Names and values, escaped.
#[derive(Debug)]
struct Labels(Vec<(&'static str, String)>);

impl Labels {
    fn key(&self) -> String {
        let values: Vec<_> = self.0.iter().map(|(_, value)| value.as_str()).collect();
        values.join("\"")
    }
}

impl EncodeLabelSet for Labels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        for (name, value) in &self.0 {
            let mut label = encoder.encode_label();
            let mut key = label.encode_label_key()?;
            (*name).encode(&mut key)?;
            let mut to = key.encode_label_value()?;
            to.write_str(value)?;
            to.finish()?;
        }
        Ok(())
    }
}

/// A value cut to its longest length and escaped (OpenMetrics 1.0, "escaped-string").
fn clean(value: &str) -> String {
    let mut clean = String::with_capacity(value.len());
    for c in value.chars().take(VALUE) {
        match c {
            '\\' => clean.push_str("\\\\"),
            '"' => clean.push_str("\\\""),
            '\n' => clean.push_str("\\n"),
            c => clean.push(c),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_label_is_escaped_and_what_is_too_long_is_cut() {
        assert_eq!(clean("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
        assert_eq!(clean(&"ä".repeat(VALUE + 1)), "ä".repeat(VALUE));
    }
}
