//! Whether it pays to keep a batch open: how many others came, lately, while one was on its way.
//!
//! Only what comes before a sync has returned counts. What comes after it may be its consequence, as from a client that sends
//! the next request when it has its answer: such a one never comes while it is waited for.

use std::time::{Duration, Instant};

/// How much of the past each batch leaves standing.
const KEPT: f64 = 7.0 / 8.0;
/// Who must be expected within the delay, so that it is waited. A wait costs a waking up, of the four or five that a sync of
/// its own costs, and time.
const WORTH: f64 = 0.5;

/// Counts who comes while a batch collects and is synced. It begins in good faith: the first batch waits.
#[derive(Debug, Default)]
pub(super) struct Company {
    /// Since when a batch is on its way.
    since: Option<Instant>,
    /// Who came while it was.
    joined: u32,
    /// Means over the last batches: who came, and in how many seconds.
    mean_joined: f64,
    mean_seconds: f64,
}

impl Company {
    /// Somebody begins to wait.
    pub(super) fn came(&mut self, now: Instant) {
        match self.since {
            Some(_) => self.joined += 1,
            None => self.since = Some(now),
        }
    }

    /// A batch has been written; `more` wait already.
    pub(super) fn written(&mut self, now: Instant, more: bool) {
        let Some(since) = self.since.take() else {
            return;
        };
        let seconds = now.saturating_duration_since(since).as_secs_f64();
        self.mean_joined = self.mean_joined * KEPT + f64::from(self.joined) * (1.0 - KEPT);
        self.mean_seconds = self.mean_seconds * KEPT + seconds * (1.0 - KEPT);
        self.joined = 0;
        self.since = more.then_some(now);
    }

    /// How long a batch stays open: `delay` where it pays to wait.
    pub(super) fn patience(&self, delay: Duration) -> Duration {
        let pays = self.mean_joined * delay.as_secs_f64() >= WORTH * self.mean_seconds;
        if pays { delay } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_millis(1);
    const SYNC: Duration = Duration::from_micros(250);

    /// Batches of one that is waited for, with those who come `gaps` after it before its sync returns.
    fn batches(company: &mut Company, now: &mut Instant, count: usize, gaps: &[Duration]) {
        for _ in 0..count {
            company.came(*now);
            let end = *now + company.patience(DELAY) + SYNC;
            for gap in gaps.iter().filter(|gap| *now + **gap < end) {
                company.came(*now + *gap);
            }
            company.written(end, false);
            *now = end + Duration::from_millis(1);
        }
    }

    #[test]
    fn who_is_always_alone_stops_waiting_after_the_first_time() {
        let (mut company, mut now) = (Company::default(), Instant::now());
        assert_eq!(company.patience(DELAY), DELAY);
        batches(&mut company, &mut now, 1, &[]);
        assert_eq!(company.patience(DELAY), Duration::ZERO);
    }

    #[test]
    fn where_others_come_all_the_time_it_waits_again_soon() {
        let (mut company, mut now) = (Company::default(), Instant::now());
        batches(&mut company, &mut now, 100, &[]);
        let often: Vec<_> = (1..20).map(|n| n * Duration::from_micros(100)).collect();
        batches(&mut company, &mut now, 8, &often);
        assert_eq!(company.patience(DELAY), DELAY);
        batches(&mut company, &mut now, 100, &often);
        assert_eq!(company.patience(DELAY), DELAY, "and goes on while it pays");
    }

    #[test]
    fn one_in_five_milliseconds_is_not_waited_for() {
        let (mut company, mut now) = (Company::default(), Instant::now());
        for round in 0..200 {
            let joins: &[Duration] = match round % 5 {
                0 => &[Duration::from_micros(800)],
                _ => &[],
            };
            batches(&mut company, &mut now, 1, joins);
        }
        assert_eq!(company.patience(DELAY), Duration::ZERO);
    }

    #[test]
    fn who_comes_while_a_sync_runs_opens_the_next_batch() {
        let (mut company, now) = (Company::default(), Instant::now());
        company.came(now);
        company.came(now + SYNC / 2);
        company.written(now + SYNC, true);
        company.written(now + 2 * SYNC, false);
        assert_eq!(
            company.patience(DELAY),
            DELAY,
            "one in two syncs is two in a millisecond"
        );
        company.came(now + 100 * DELAY);
        company.written(now + 100 * DELAY + SYNC, false);
        assert!(company.since.is_none());
    }

    #[test]
    fn relaxed_batches_that_nobody_waits_for_say_nothing() {
        let (mut company, now) = (Company::default(), Instant::now());
        company.written(now + DELAY, false);
        assert_eq!(company.patience(DELAY), DELAY);
    }
}
