//! When a message that was not taken is tried again: a first and a second delay, then growing ones, each moved a little at
//! random, so that what failed together does not come back together.
//!
//! Pure arithmetic: chance and time come in. Invariant: a delay lies within `jitter` of its place in the schedule, and no
//! place is beyond `longest`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use strowger::time::Wall;

/// A retry schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// The time to the second attempt.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub first: Duration,
    /// The time from the second attempt to the third.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub second: Duration,
    /// What each later delay is of the one before it.
    #[schemars(range(min = 100, max = 1000), extend("x-unit" = "percent", "x-reload" = "live"))]
    pub growth: u32,
    /// The longest delay.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub longest: Duration,
    /// How far a delay is moved at random, to either side.
    #[schemars(range(max = 50), extend("x-unit" = "percent", "x-reload" = "live"))]
    pub jitter: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(60),
            second: Duration::from_secs(300),
            growth: 200,
            longest: Duration::from_secs(3_600),
            jitter: 10,
        }
    }
}

impl Retry {
    /// The place in the schedule after so many failures, at least one.
    fn place(&self, failures: u16) -> u64 {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let longest = millis(self.longest);
        if failures <= 1 {
            return millis(self.first).min(longest);
        }
        let growth = u64::from(self.growth.max(100));
        let mut delay = millis(self.second).min(longest);
        for _ in 2..failures {
            if delay >= longest || growth == 100 {
                break;
            }
            delay = delay.saturating_mul(growth) / 100;
        }
        delay.min(longest)
    }

    /// The delay after so many failures; `random` are any 64 bits.
    #[must_use]
    pub fn delay(&self, failures: u16, random: u64) -> Duration {
        let place = self.place(failures);
        let reach = place / 100 * u64::from(self.jitter.min(50));
        let moved = random % reach.saturating_mul(2).saturating_add(1);
        Duration::from_millis(place.saturating_sub(reach).saturating_add(moved))
    }

    /// When to try again; what would come after `expires` comes then.
    pub(crate) fn next(&self, now: Wall, failures: u16, expires: Wall, random: u64) -> Wall {
        (now + self.delay(failures, random)).min(expires)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_the_longest() {
        let retry = Retry {
            jitter: 0,
            ..Retry::default()
        };
        let delays: Vec<u64> = (1..=7).map(|n| retry.delay(n, 0).as_secs()).collect();
        assert_eq!(delays, [60, 300, 600, 1_200, 2_400, 3_600, 3_600]);
        assert_eq!(retry.delay(0, 7).as_secs(), 60);
        assert_eq!(retry.delay(u16::MAX, 7).as_secs(), 3_600);
        let even = Retry {
            growth: 100,
            ..retry
        };
        assert_eq!(even.delay(u16::MAX, 7).as_secs(), 300);
    }

    #[test]
    fn chance_moves_a_delay_by_at_most_the_jitter() {
        let retry = Retry::default();
        let ends = [0, 12_000].map(|random| retry.delay(1, random).as_millis());
        assert_eq!(ends, [54_000, 66_000]);
        for random in [1, u64::MAX, 0x1234_5678_9abc_def0] {
            let delay = retry.delay(2, random).as_millis();
            assert!((270_000..=330_000).contains(&delay), "{delay}");
        }
    }

    #[test]
    fn nothing_is_tried_after_it_has_expired() {
        let retry = Retry::default();
        let next = retry.next(Wall(1_000), 3, Wall(31_000), 0);
        assert_eq!(next, Wall(31_000));
    }
}
