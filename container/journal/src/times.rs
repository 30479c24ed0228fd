//! How long something took, counted in fixed buckets: for metrics of the kernel and of the store.
//!
//! Not here: clocks. Whoever measures adds what was measured; nothing else depends on it.

use std::time::Duration;

/// Buckets with a bound.
const BOUNDED: usize = 20;

/// Times in buckets that double, about, from a microsecond to seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// How many fell into each bucket; the last one takes what is above all bounds.
    pub counts: [u64; BOUNDED + 1],
    /// The sum of all, in nanoseconds.
    pub sum_ns: u64,
}

impl Times {
    /// Upper bounds of the buckets, in nanoseconds, each belonging to its bucket.
    pub const BOUNDS_NS: [u64; BOUNDED] = [
        1_000,
        2_500,
        5_000,
        10_000,
        25_000,
        50_000,
        100_000,
        250_000,
        500_000,
        1_000_000,
        2_500_000,
        5_000_000,
        10_000_000,
        25_000_000,
        50_000_000,
        100_000_000,
        250_000_000,
        500_000_000,
        1_000_000_000,
        2_500_000_000,
    ];

    /// Counts one more.
    pub fn add(&mut self, took: Duration) {
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = Self::BOUNDS_NS.partition_point(|bound| *bound < ns);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.sum_ns = self.sum_ns.saturating_add(ns);
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket_and_what_is_above_all_is_counted_too() {
        let mut times = Times::default();
        for ns in [0, 1_000, 1_001, 2_500_000_000, 2_500_000_001] {
            times.add(Duration::from_nanos(ns));
        }
        times.add(Duration::MAX);
        assert_eq!(times.counts[..2], [2, 1]);
        assert_eq!(times.counts[BOUNDED - 1..], [1, 2]);
        assert_eq!((times.count(), times.sum_ns), (6, u64::MAX));
    }

    #[test]
    fn bounds_rise() {
        assert!(Times::BOUNDS_NS.is_sorted_by(|a, b| a < b));
    }
}
