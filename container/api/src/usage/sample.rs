//! Samples: statistics of values in bounded room, with percentiles.
//!
//! Values below 16 have a bucket each; above, each doubling is parted into 16 buckets of equal width. A percentile is the
//! middle of the bucket in which it lies, so it is wrong by 1/32 of itself at most, 3.2 %; least, greatest, sum and number
//! are exact.

use std::cell::{Cell, RefCell};
use std::fmt;

/// Bits of a value below its highest that tell buckets apart.
const FINE: u32 = 4;
/// Buckets of a sample at most: 7.8 KiB. There are as many as the greatest value asks for.
pub const BUCKETS: usize = (64 - FINE as usize + 1) << FINE;

/// Usage parameter: how large something was, each time.
pub struct Sample {
    count: Cell<u64>,
    sum: Cell<u64>,
    min: Cell<u64>,
    max: Cell<u64>,
    buckets: RefCell<Vec<u64>>,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            count: Cell::new(0),
            sum: Cell::new(0),
            min: Cell::new(u64::MAX),
            max: Cell::new(u64::MIN),
            buckets: RefCell::default(),
        }
    }
}

impl Sample {
    /// Adds a value.
    pub fn record(&self, value: u64) {
        self.count.set(self.count.get() + 1);
        self.sum.set(self.sum.get().saturating_add(value));
        self.min.set(self.min.get().min(value));
        self.max.set(self.max.get().max(value));
        let place = bucket(value);
        let mut buckets = self.buckets.borrow_mut();
        if place >= buckets.len() {
            buckets.resize(place + 1, 0);
        }
        if let Some(n) = buckets.get_mut(place) {
            *n += 1;
        }
    }
    /// What it has now.
    #[must_use]
    pub fn read(&self) -> SampleReading {
        SampleReading {
            count: self.count.get(),
            sum: self.sum.get(),
            min: self.min.get(),
            max: self.max.get(),
            buckets: self.buckets.borrow().clone(),
        }
    }
    pub(super) fn reset(&self) {
        let empty = Self::default();
        self.count.swap(&empty.count);
        self.sum.swap(&empty.sum);
        self.min.swap(&empty.min);
        self.max.swap(&empty.max);
        self.buckets.swap(&empty.buckets);
    }
}

impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample")
            .field("count", &self.count.get())
            .field("min", &self.min.get())
            .field("max", &self.max.get())
            .finish_non_exhaustive()
    }
}

/// What a sample had when it was read (R-US-03).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SampleReading {
    /// Values.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
    /// The least; [`u64::MAX`] without any.
    pub min: u64,
    /// The greatest; [`u64::MIN`] without any.
    pub max: u64,
    buckets: Vec<u64>,
}

impl SampleReading {
    /// Their mean; 0.0 without any.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        self.sum as f64 / self.count as f64
    }
    /// The value that so many of a thousand do not exceed, within 3.2 %: 500 for the median, 990 for the 99th percentile.
    /// `None` without values.
    #[must_use]
    pub fn per_mille(&self, share: u16) -> Option<u64> {
        let all: u64 = self.buckets.iter().sum();
        let rank = (u128::from(all) * u128::from(share.min(1000))).div_ceil(1000);
        let rank = u64::try_from(rank).unwrap_or(all).max(1);
        let mut below = 0;
        let reached = |n: &u64| {
            below += n;
            below >= rank
        };
        let place = self.buckets.iter().position(reached)?;
        Some(middle(place).clamp(self.min, self.max))
    }
    /// What came after `earlier`, which was read from the same sample. Least and greatest are known as well as percentiles.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |place: usize| earlier.buckets.get(place).copied().unwrap_or_default();
        let places = self.buckets.iter().enumerate();
        let buckets: Vec<_> = places.map(|(p, n)| n.saturating_sub(before(p))).collect();
        let first = buckets.iter().position(|n| *n > 0);
        let last = buckets.iter().rposition(|n| *n > 0);
        let within = |place: usize| middle(place).clamp(self.min, self.max);
        Self {
            count: self.count.saturating_sub(earlier.count),
            sum: self.sum.saturating_sub(earlier.sum),
            min: first.map_or(u64::MAX, within),
            max: last.map_or(u64::MIN, within),
            buckets,
        }
    }
}

fn bucket(value: u64) -> usize {
    // Below this the buckets are one wide, and the highest bit of those above is one of the upper.
    let high = 63 - (value | (1 << FINE)).leading_zeros();
    let shift = high - FINE;
    let place = (u64::from(shift) << FINE) + (value >> shift);
    place as usize
}

/// The value in the middle of a bucket.
fn middle(place: usize) -> u64 {
    let place = place as u64;
    let octave = place >> FINE;
    if octave < 2 {
        return place;
    }
    let shift = octave - 1;
    let low = ((place & ((1 << FINE) - 1)) | (1 << FINE)) << shift;
    low + ((1 << shift) - 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_s_middle_is_near_all_its_values() {
        let mut values: Vec<u64> = (0..2_000).collect();
        values.extend((0..64).flat_map(|bit| {
            let one = 1_u64 << bit;
            [one, one - 1, one + one / 3, one + one / 2]
        }));
        values.push(u64::MAX);
        for value in values {
            let place = bucket(value);
            assert!(place < BUCKETS, "{value}");
            assert_eq!(bucket(middle(place)), place, "{value}");
            let off = middle(place).abs_diff(value);
            assert!(u128::from(off) * 31 <= u128::from(value), "{value} {off}");
        }
    }

    #[test]
    fn buckets_are_in_the_order_of_their_values() {
        let places: Vec<_> = (0..5_000).map(bucket).collect();
        assert!(places.is_sorted_by(|a, b| b - a <= 1));
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn without_values_it_has_the_extremes_and_no_percentile() {
        let reading = Sample::default().read();
        assert_eq!((reading.min, reading.max), (u64::MAX, u64::MIN));
        assert_eq!(reading.per_mille(500), None);
        assert!(reading.mean().abs() < f64::EPSILON);
    }

    #[test]
    fn percentiles_lie_within_what_is_promised() {
        let sample = Sample::default();
        (1..=1_000).for_each(|n| sample.record(n * 10));
        let reading = sample.read();
        for (share, exact) in [(500, 5_000_u64), (950, 9_500), (990, 9_900), (999, 9_990)] {
            let found = reading.per_mille(share).unwrap();
            assert!(found.abs_diff(exact) * 31 <= exact, "{share}: {found}");
        }
        assert_eq!(reading.per_mille(1000), Some(9_983));
        assert_eq!(reading.per_mille(0), Some(10));
        assert!((reading.mean() - 5_005.0).abs() < 1e-9);
    }

    #[test]
    fn what_came_after_an_earlier_reading_is_told_apart() {
        let sample = Sample::default();
        sample.record(1_000_000);
        let earlier = sample.read();
        (1..=9).for_each(|n| sample.record(n));
        let after = sample.read().since(&earlier);
        assert_eq!((after.count, after.min, after.max), (9, 1, 9));
        assert_eq!(after.per_mille(500), Some(5));
        let none = sample.read().since(&sample.read());
        assert_eq!((none.count, none.per_mille(500)), (0, None));
    }

    #[test]
    fn a_reset_forgets_everything() {
        let sample = Sample::default();
        sample.record(7);
        sample.reset();
        assert_eq!(sample.read(), Sample::default().read());
    }
}
