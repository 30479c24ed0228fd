//! Time as the stack counts it: milliseconds of a monotonic clock that the caller owns.
//!
//! A reading is rounded down and a deadline up, so that nothing fires early; every timer of RFC 3261 is a whole number
//! of milliseconds.

use std::ops::{Add, Sub};

/// A point in time, or with [`Sub`] a distance between two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ms(pub u64);

impl Ms {
    /// The first multiple of `tick` that is not before `self`: what merely frees memory shares its wake-ups.
    #[must_use]
    pub fn coarse(self, tick: u64) -> Self {
        Self(self.0.div_ceil(tick.max(1)).saturating_mul(tick.max(1)))
    }
}

impl Add<u32> for Ms {
    type Output = Self;
    fn add(self, ms: u32) -> Self {
        Self(self.0.saturating_add(u64::from(ms)))
    }
}

impl Add<u64> for Ms {
    type Output = Self;
    fn add(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl Sub for Ms {
    type Output = u64;
    /// Milliseconds from `earlier` to `self`; zero when it is the other way round.
    fn sub(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
