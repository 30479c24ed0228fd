//! Time as the stack counts it: milliseconds of a monotonic clock that the caller owns. A reading is rounded down and a
//! deadline up, so that nothing happens early.

use std::ops::{Add, Sub};

/// A point in time, or with [`Sub`] a distance between two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ms(pub u64);

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
