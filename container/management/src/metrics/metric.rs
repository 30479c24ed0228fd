//! What a metric is: its name, type, unit, labels and meaning, and how it is read off a status.

use super::series::Series;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry;
use strowger_node::status::Status;

/// One metric: a family of series.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Without unit and suffix.
    name: &'static str,
    /// What kind of figure it is.
    pub kind: Kind,
    /// What it is measured in; `None` where it counts.
    pub unit: Option<Unit>,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it means.
    pub help: &'static str,
    pub(super) read: Read,
}

/// Reads a metric off a status.
pub(super) type Read = fn(&Status, &mut Series<'_, '_>);

/// Kinds of metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Only rises, from the start of the node.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Times in buckets.
    Histogram,
    /// Always 1: its labels are what is told.
    Info,
}

/// Units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
}

impl Metric {
    pub(super) const fn counter(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
        read: Read,
    ) -> Self {
        Self::new(Kind::Counter, name, labels, help, read)
    }

    pub(super) const fn gauge(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
        read: Read,
    ) -> Self {
        Self::new(Kind::Gauge, name, labels, help, read)
    }

    pub(super) const fn info(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
        read: Read,
    ) -> Self {
        Self::new(Kind::Info, name, labels, help, read)
    }

    /// Of seconds.
    pub(super) const fn histogram(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
        read: Read,
    ) -> Self {
        Self::new(Kind::Histogram, name, labels, help, read).seconds()
    }

    const fn new(
        kind: Kind,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
        read: Read,
    ) -> Self {
        Self {
            name,
            kind,
            unit: None,
            labels,
            help,
            read,
        }
    }

    pub(super) const fn bytes(self) -> Self {
        Self {
            unit: Some(Unit::Bytes),
            ..self
        }
    }

    pub(super) const fn seconds(self) -> Self {
        Self {
            unit: Some(Unit::Seconds),
            ..self
        }
    }

    /// Its name as the encoder wants it: without what the encoder appends.
    pub(super) const fn stem(&self) -> &'static str {
        self.name
    }

    /// Its name as a query has it; a histogram's series have `_bucket`, `_sum` and `_count` after it.
    #[must_use]
    pub fn exposed(&self) -> String {
        let unit = match self.unit {
            None => "",
            Some(Unit::Bytes) => "_bytes",
            Some(Unit::Seconds) => "_seconds",
        };
        let suffix = match self.kind {
            Kind::Counter => "_total",
            Kind::Info => "_info",
            Kind::Gauge | Kind::Histogram => "",
        };
        format!("{}{unit}{suffix}", self.name)
    }
}

impl Kind {
    pub(super) const fn encoded(self) -> MetricType {
        match self {
            Self::Counter => MetricType::Counter,
            Self::Gauge => MetricType::Gauge,
            Self::Histogram => MetricType::Histogram,
            Self::Info => MetricType::Info,
        }
    }

    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Info => "info",
        }
    }
}

impl Unit {
    pub(super) const fn encoded(self) -> registry::Unit {
        match self {
            Self::Bytes => registry::Unit::Bytes,
            Self::Seconds => registry::Unit::Seconds,
        }
    }
}
