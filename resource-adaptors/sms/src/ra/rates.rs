//! How many parts may pass: within any second, minute, hour and day.
//!
//! A window slides in steps of a fortieth of its length, so that a limit is held within 2.5 % and a burst up to the limit
//! passes at once.

use super::settings::RateSettings;
use crate::proto::time::Ms;

/// Parts that have passed lately.
#[derive(Debug, Clone, Default)]
pub(super) struct Rates {
    second: Window<1_000>,
    /// The longer ones: most accounts have none.
    longer: Option<Box<Longer>>,
}

#[derive(Debug, Clone, Default)]
struct Longer {
    minute: Window<60_000>,
    hour: Window<3_600_000>,
    day: Window<86_400_000>,
}

/// Steps of a window.
const STEPS: usize = 40;

/// What passed within a time of `LENGTH` milliseconds.
#[derive(Debug, Clone)]
struct Window<const LENGTH: u64> {
    steps: [u32; STEPS],
    sum: u32,
    /// The step that is being filled.
    step: u64,
}

impl Rates {
    /// Whether so many parts may pass; if so they have.
    pub(super) fn admit(&mut self, now: Ms, limits: &RateSettings, parts: u32) -> bool {
        let longer = limits.minute.is_some() || limits.hour.is_some() || limits.day.is_some();
        if !longer {
            self.longer = None;
            return match limits.second {
                None => true,
                Some(limit) => {
                    let may = self.second.may(now, limit, parts);
                    if may {
                        self.second.add(parts);
                    }
                    may
                }
            };
        }
        let long = self.longer.get_or_insert_default();
        let may = limits
            .second
            .is_none_or(|limit| self.second.may(now, limit, parts))
            & limits
                .minute
                .is_none_or(|limit| long.minute.may(now, limit, parts))
            & limits
                .hour
                .is_none_or(|limit| long.hour.may(now, limit, parts))
            & limits
                .day
                .is_none_or(|limit| long.day.may(now, limit, parts));
        if may {
            self.second.add(parts);
            long.minute.add(parts);
            long.hour.add(parts);
            long.day.add(parts);
        }
        may
    }

    /// The same against a limit per second only; if they may not pass, when to ask again.
    pub(super) fn admit_per_second(&mut self, now: Ms, limit: u32, parts: u32) -> Result<(), Ms> {
        if self.second.may(now, limit, parts) {
            self.second.add(parts);
            return Ok(());
        }
        let step = 1_000 / STEPS as u64;
        Err(Ms((now.0 / step + 1) * step))
    }

    /// Takes back what was admitted and has not passed.
    pub(super) fn take_back(&mut self, parts: u32) {
        self.second.take_back(parts);
    }
}

impl<const LENGTH: u64> Window<LENGTH> {
    /// A message of more parts than the limit passes when nothing else has.
    fn may(&mut self, now: Ms, limit: u32, parts: u32) -> bool {
        self.slide(now);
        self.sum == 0 || self.sum.saturating_add(parts) <= limit
    }

    fn add(&mut self, parts: u32) {
        if let Some(step) = self.steps.get_mut((self.step % STEPS as u64) as usize) {
            *step = step.saturating_add(parts);
            self.sum = self.sum.saturating_add(parts);
        }
    }

    fn take_back(&mut self, parts: u32) {
        if let Some(step) = self.steps.get_mut((self.step % STEPS as u64) as usize) {
            let taken = parts.min(*step);
            *step -= taken;
            self.sum -= taken;
        }
    }

    /// Forgets what is longer ago than the window.
    fn slide(&mut self, now: Ms) {
        let step = now.0 / (LENGTH / STEPS as u64);
        let gone = step.saturating_sub(self.step);
        for n in 0..gone.min(STEPS as u64) {
            let place = ((self.step + 1 + n) % STEPS as u64) as usize;
            if let Some(count) = self.steps.get_mut(place) {
                self.sum -= std::mem::take(count);
            }
        }
        self.step = self.step.max(step);
    }
}

impl<const LENGTH: u64> Default for Window<LENGTH> {
    fn default() -> Self {
        Self {
            steps: [0; STEPS],
            sum: 0,
            step: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn per_second(limit: u32) -> RateSettings {
        RateSettings {
            second: Some(limit),
            ..RateSettings::default()
        }
    }

    /// Offers a part every so many microseconds for so many seconds; gives how many passed.
    fn offer(limits: &RateSettings, every: u64, seconds: u64) -> u32 {
        let mut rates = Rates::default();
        let offers = (0..seconds * 1_000_000).step_by(every as usize);
        offers
            .filter(|at| rates.admit(Ms(at / 1_000 + 12_345), limits, 1))
            .count() as u32
    }

    #[test]
    fn a_rate_is_held_within_five_percent_whatever_is_offered() {
        for limit in [1_u32, 10, 100, 3_000] {
            for every in [100, 333, 1_000, 7_000] {
                let offered = 1_000_000 / every as u32;
                let passed = offer(&per_second(limit), every, 60);
                let fair = limit.min(offered) * 60;
                let off = passed.abs_diff(fair);
                assert!(
                    off * 20 <= fair,
                    "{limit} every {every} us: {passed} of {fair}"
                );
            }
        }
    }

    #[test]
    fn no_second_sees_more_than_the_limit() {
        let limits = per_second(50);
        let mut rates = Rates::default();
        let passed: Vec<u64> = (0..10_000)
            .filter(|at| rates.admit(Ms(*at), &limits, 1))
            .collect();
        for at in &passed {
            let within = passed
                .iter()
                .filter(|other| (*at..at + 975).contains(*other));
            assert!(within.count() <= 50);
        }
    }

    #[test]
    fn a_burst_up_to_the_limit_passes_at_once() {
        let mut rates = Rates::default();
        let limits = per_second(100);
        assert_eq!(
            (0..200).filter(|_| rates.admit(Ms(5), &limits, 1)).count(),
            100
        );
    }

    #[test]
    fn every_limit_holds_and_parts_count() {
        let limits = RateSettings {
            second: Some(100),
            minute: Some(1_000),
            hour: Some(2_000),
            day: Some(4_000),
        };
        let mut rates = Rates::default();
        let mut passed = |seconds: std::ops::Range<u64>| {
            let offers =
                seconds.flat_map(|second| (0..50).map(move |n| Ms(second * 1_000 + n * 20)));
            offers.filter(|at| rates.admit(*at, &limits, 3)).count() as u32 * 3
        };
        assert!((990..=1_000).contains(&passed(0..58)));
        assert!((990..=1_002).contains(&passed(58..3_500)));
        assert!((1_900..=2_000).contains(&passed(3_500..7_200)));
        assert_eq!(passed(8_000..40_000) / 100, 0);
    }

    #[test]
    fn a_message_of_more_parts_than_the_limit_passes_alone() {
        let mut rates = Rates::default();
        assert!(rates.admit(Ms(0), &per_second(2), 5));
        assert!(!rates.admit(Ms(500), &per_second(2), 1));
        assert!(rates.admit(Ms(1_100), &per_second(2), 1));
    }
}
