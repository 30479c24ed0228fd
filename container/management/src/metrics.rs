//! Metrics in the text format of Prometheus (OpenMetrics 1.0).
//!
//! A pure function of a node's status: one [`Metric`] for each family says how it is called, what it means and where it is read
//! off. docs/metrics.md is their table, and the dashboard and the alert rules under config/ use no others; tests check all
//! three. Not here: what is counted (the kernel, the store and the node).
//!
//! Invariant: however much there is of anything, one metric has at most [`SERIES`] series, and no two of the same labels.

mod adaptors;
mod kernel;
mod listeners;
mod metric;
mod node;
mod series;
mod services;
mod store;
mod usage;

pub use metric::{Kind, Metric, Unit};
pub use series::SERIES;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use series::write;
use strowger_node::status::Status;

/// The media type of [`text`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics, in the order in which they are told.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    let groups = [
        node::METRICS,
        kernel::METRICS,
        services::METRICS,
        usage::METRICS,
        adaptors::METRICS,
        listeners::METRICS,
        store::METRICS,
        // Last, because it counts what was left out of the others.
        series::METRICS,
    ];
    groups.into_iter().flatten()
}

/// The metrics of a node whose status was asked with `detail`.
#[must_use]
pub fn text(status: &Status) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Snapshot(status.clone())));
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => text,
        // A string takes everything that is written to it.
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            String::new()
        }
    }
}

/// A status, as the encoder wants it.
#[derive(Debug)]
struct Snapshot(Status);

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let mut omitted = 0;
        for metric in all() {
            write(metric, &self.0, &mut omitted, &mut encoder)?;
        }
        Ok(())
    }
}
