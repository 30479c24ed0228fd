//! How long the store keeps commits waiting that somebody waits for, and how much longer than usual it does so at this moment.
//!
//! What counts is time in which the shard turns: a process that does not have the processor for a while finds its commits as it
//! has left them, however quick the disk was.

use std::collections::VecDeque;
use std::time::Duration;
use strowger::time::Mono;
use strowger_journal::Seq;

/// Time between two looks counts up to this.
const STEP: Duration = Duration::from_millis(20);
/// How much of what is usual the last commit makes.
const PART: u32 = 8;
/// A commit is believed to be usual up to twice what is known and this: a disk that stood still does not make that usual.
const BEYOND: Duration = Duration::from_millis(5);

/// Commits on their way.
#[derive(Debug, Default)]
pub(crate) struct StoreWait {
    looked: Mono,
    /// The time that has counted.
    time: Duration,
    /// Up to which commit was handed over, and when of that time. The writer's queue bounds it.
    waiting: VecDeque<(Seq, Duration)>,
    /// From being handed over until it is seen to be durable.
    usual: Duration,
}

impl StoreWait {
    /// From here on somebody waits for the commits up to this one.
    pub(crate) fn begins(&mut self, upto: Seq) {
        self.waiting.push_back((upto, self.time));
    }

    /// Looks, in each turn: commits up to this one are durable.
    pub(crate) fn durable(&mut self, upto: Seq, now: Mono) {
        self.time += (now - self.looked).min(STEP);
        self.looked = now;
        let waited = self.waited();
        let before = self.waiting.len();
        while self.waiting.pop_front_if(|(of, _)| *of <= upto).is_some() {}
        if self.waiting.len() < before {
            let seen = waited.min(self.usual * 2 + BEYOND);
            self.usual = self.usual - self.usual / PART + seen / PART;
        }
    }

    /// How much longer than usual, and than a step, the first one has waited.
    pub(crate) fn behind(&self) -> Duration {
        self.waited().saturating_sub(self.usual + STEP)
    }

    fn waited(&self) -> Duration {
        let first = self.waiting.front();
        first.map_or(Duration::ZERO, |(_, since)| self.time - *since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Looks once in each millisecond.
    #[derive(Default)]
    struct Turning {
        store: StoreWait,
        now: u64,
        last: u64,
        durable: u64,
    }

    impl Turning {
        fn look(&mut self) {
            let now = Mono(0) + ms(self.now);
            self.store.durable(Seq(self.durable), now);
        }

        fn pass(&mut self, millis: u64) {
            for _ in 0..millis {
                self.now += 1;
                self.look();
            }
        }

        fn begins(&mut self) {
            self.last += 1;
            self.store.begins(Seq(self.last));
        }

        /// So many commits, one after the other, each of which takes so long.
        fn commits(&mut self, count: u64, each: u64) {
            for _ in 0..count {
                self.begins();
                self.pass(each - 1);
                self.durable = self.last;
                self.pass(1);
            }
        }
    }

    #[test]
    fn who_waits_as_long_as_usual_is_not_late() {
        let mut turning = Turning::default();
        turning.commits(100, 20);
        turning.pass(1_000);
        assert_eq!(turning.store.behind(), Duration::ZERO, "nobody waits");
        turning.begins();
        turning.pass(30);
        turning.begins();
        turning.pass(8);
        assert_eq!(turning.store.behind(), Duration::ZERO);
        turning.pass(62);
        let behind = turning.store.behind();
        assert!((ms(59)..ms(64)).contains(&behind), "{behind:?}");
        // What is left has waited for less.
        turning.durable = turning.last - 1;
        turning.look();
        assert!(turning.store.behind() < ms(35));
        turning.durable = turning.last;
        turning.look();
        assert_eq!(turning.store.behind(), Duration::ZERO);
    }

    #[test]
    fn a_disk_that_stood_still_does_not_make_that_usual() {
        let mut turning = Turning::default();
        turning.commits(100, 2);
        turning.commits(3, 1_000);
        turning.begins();
        turning.pass(50);
        assert!(turning.store.behind() > ms(10));
        // One that is slow all the time is as it is.
        turning.commits(50, 60);
        turning.begins();
        turning.pass(78);
        assert_eq!(turning.store.behind(), Duration::ZERO);
    }

    #[test]
    fn a_process_that_does_not_run_is_no_slow_store() {
        let mut turning = Turning::default();
        turning.commits(100, 2);
        turning.begins();
        turning.now += 1_000;
        turning.look();
        assert_eq!(turning.store.behind(), Duration::ZERO);
    }
}
