//! How often the writer syncs: at once, or no more than once in `group_delay` where that saves syncs.
//!
//! A sync has its price, whatever it makes durable: wakings of threads, and two waits for the disk. Where many come by themselves,
//! as calls do, one sync in each `group_delay` serves several of them. Where all who wait are those who were answered by the
//! last sync, as with clients that send the next request when they have their answer, nobody else comes, however long a batch
//! stays open. The two are told apart by who comes late: after half the delay, to a batch for which somebody waits already.

use std::time::{Duration, Instant};

/// How much of the past each batch leaves standing.
const KEPT: f64 = 7.0 / 8.0;
/// Who must come late to a batch, in the mean, so that batches are held.
const WORTH: f64 = 0.5;
/// Who must come late to the batches that are held to find out: to the first, or one to each of two.
const PROMISING: u32 = 2;
/// How long after it was in vain this is tried again: each time twice as long, since until it is tried calls pay for syncs of their own.
const FIRST_PROBE: Duration = Duration::from_millis(50);
const LAST_PROBE: Duration = Duration::from_secs(1);

/// Counts who comes between two syncs, and says how far apart they are.
#[derive(Debug)]
pub(super) struct Pace {
    delay: Duration,
    state: State,
    /// When the last sync returned.
    last: Option<Instant>,
    /// Somebody has come since then.
    awaited: bool,
    /// Who has joined them after half the delay.
    late: u32,
    /// The mean of that over the last batches.
    mean_late: f64,
    /// Who came late to the batches that are held to find out.
    promise: u32,
    /// When it is time to find out again.
    probe_at: Option<Instant>,
    /// How long the pause is before the time after that.
    pause: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    AtOnce,
    /// The present batch is held, to find out, and another one if one came late to it.
    Probing,
    Held,
}

impl Pace {
    pub(super) fn new(delay: Duration) -> Self {
        Self {
            delay,
            state: State::AtOnce,
            last: None,
            awaited: false,
            late: 0,
            mean_late: 0.0,
            promise: 0,
            probe_at: None,
            pause: FIRST_PROBE,
        }
    }

    /// Somebody begins to wait.
    pub(super) fn came(&mut self, now: Instant) {
        let half = |last: Instant| now.saturating_duration_since(last) >= self.delay / 2;
        if self.awaited && self.last.is_some_and(half) {
            self.late += 1;
        }
        self.awaited = true;
    }

    /// A batch has been written and its sync has returned; `more` wait already.
    pub(super) fn written(&mut self, now: Instant, more: bool) {
        let paused = |last| now.saturating_duration_since(last) > LAST_PROBE;
        if self.last.is_some_and(paused) {
            self.pause = FIRST_PROBE;
        }
        if self.awaited {
            self.judge(now);
        }
        self.last = Some(now);
        self.awaited = more;
        self.late = 0;
    }

    fn judge(&mut self, now: Instant) {
        match self.state {
            State::AtOnce if self.probe_at.is_none_or(|at| at <= now) => {
                self.state = State::Probing;
                self.promise = 0;
            }
            State::AtOnce => {}
            State::Probing if self.promise + self.late >= PROMISING => {
                self.state = State::Held;
                self.mean_late = f64::from(PROMISING);
                self.pause = FIRST_PROBE;
            }
            State::Probing if self.late > 0 => self.promise += self.late,
            State::Probing => self.give_up(now),
            State::Held => {
                self.mean_late = self.mean_late * KEPT + f64::from(self.late) * (1.0 - KEPT);
                if self.mean_late < WORTH {
                    self.give_up(now);
                }
            }
        }
    }

    fn give_up(&mut self, now: Instant) {
        self.state = State::AtOnce;
        self.probe_at = Some(now + self.pause);
        self.pause = (self.pause * 2).min(LAST_PROBE);
    }

    /// Before this time the next batch is not written, if it is held.
    pub(super) fn held_until(&self) -> Option<Instant> {
        match self.state {
            State::AtOnce => None,
            State::Probing | State::Held => self.last.map(|last| last + self.delay),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_millis(10);
    const SYNC: Duration = Duration::from_micros(300);

    /// Serves who comes at these times; the lengths of time between the syncs.
    fn serve(pace: &mut Pace, came: impl IntoIterator<Item = Instant>) -> Vec<Duration> {
        let mut came = came.into_iter().peekable();
        let (mut gaps, mut last) = (Vec::new(), None);
        while let Some(first) = came.next() {
            pace.came(first);
            let end = pace.held_until().map_or(first, |at| at.max(first)) + SYNC;
            while let Some(joins) = came.next_if(|at| *at < end) {
                pace.came(joins);
            }
            pace.written(end, false);
            gaps.extend(last.map(|last| end - last));
            last = Some(end);
        }
        gaps
    }

    /// So many in a second, evenly.
    fn evenly(begin: Instant, rate: u32, seconds: u32) -> impl Iterator<Item = Instant> {
        (0..rate * seconds).map(move |n| begin + Duration::from_secs(1) * n / rate)
    }

    #[test]
    fn where_calls_come_by_themselves_there_is_one_sync_in_each_delay() {
        let (mut pace, begin) = (Pace::new(DELAY), Instant::now());
        let gaps = serve(&mut pace, evenly(begin, 400, 3));
        assert!(gaps.len() < 350, "{} syncs in 3 s", gaps.len());
        assert_eq!(pace.state, State::Held);
    }

    #[test]
    fn that_calls_come_by_themselves_is_found_out_soon() {
        for rate in [200, 400, 3_000] {
            let (mut pace, begin) = (Pace::new(DELAY), Instant::now());
            // Nobody comes late to the first batch of all.
            serve(&mut pace, [begin]);
            let later = begin + Duration::from_millis(20);
            serve(&mut pace, evenly(later, rate, 1).take(rate as usize / 2));
            assert_eq!(pace.state, State::Held, "{rate}/s, after half a second");
        }
    }

    #[test]
    fn who_comes_seldom_is_served_at_once_but_for_one_in_a_second() {
        let (mut pace, begin) = (Pace::new(DELAY), Instant::now());
        let gaps = serve(&mut pace, evenly(begin, 40, 3));
        assert_eq!(gaps.len(), 119, "each has a sync of its own");
        assert_eq!(pace.state, State::AtOnce);
    }

    #[test]
    fn who_asks_again_when_answered_is_held_once_in_a_second() {
        for clients in [1, 10] {
            let (mut pace, begin) = (Pace::new(DELAY), Instant::now());
            let (mut now, mut syncs) = (begin, 0);
            while now - begin < Duration::from_secs(3) {
                for n in 0..clients {
                    pace.came(now + Duration::from_micros(100 + 20 * n));
                }
                let first = now + Duration::from_micros(100);
                now = pace.held_until().map_or(first, |at| at.max(first)) + SYNC;
                pace.written(now, false);
                syncs += 1;
            }
            // 400 us a round, but for a handful that were held.
            assert!(syncs > 7_000, "{clients} clients: {syncs} rounds in 3 s");
        }
    }

    #[test]
    fn when_calls_stop_coming_by_themselves_it_is_found_out() {
        let (mut pace, begin) = (Pace::new(DELAY), Instant::now());
        serve(&mut pace, evenly(begin, 1_000, 2));
        assert_eq!(pace.state, State::Held);
        let later = begin + Duration::from_secs(10);
        serve(&mut pace, evenly(later, 40, 2));
        assert_eq!(pace.state, State::AtOnce);
    }

    #[test]
    fn without_a_delay_nothing_is_held() {
        let (mut pace, begin) = (Pace::new(Duration::ZERO), Instant::now());
        let gaps = serve(&mut pace, evenly(begin, 1_000, 1));
        assert!(gaps.iter().all(|gap| *gap == Duration::from_millis(1)));
    }

    #[test]
    fn batches_that_nobody_waits_for_say_nothing() {
        let (mut pace, now) = (Pace::new(DELAY), Instant::now());
        pace.written(now, false);
        assert_eq!((pace.state, pace.held_until()), (State::AtOnce, None));
    }
}
