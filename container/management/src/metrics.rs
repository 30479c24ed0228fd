//! Metrics in the text format of Prometheus (OpenMetrics 1.0).
