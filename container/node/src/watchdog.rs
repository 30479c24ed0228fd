//! Notices a shard whose turn does not end: a handler that never returns, or a loop of ours.
//!
//! The shard's thread notes when a turn begins and ends; another thread looks. Past the soft limit it says so; past the
//! hard one the process has to end, since nothing can take a thread away from a handler, and a restart recovers what is
//! durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use strowger::time::Mono;
use strowger_kernel::Probe;

/// The process ends when a turn takes this many times the soft limit.
pub(crate) const HARD: u32 = 6;

/// What the shard's thread notes. Cheap: two stores a turn, and two a delivery.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beat {
    /// When the present turn began; 0 while the shard waits.
    began: Arc<AtomicU64>,
    /// Which handler runs.
    pub(crate) probe: Probe,
    /// The shard was told to stop.
    stopping: Arc<AtomicBool>,
}

/// How a shard is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pulse {
    /// It waits, or its turn is young.
    Sound,
    /// Its turn has taken longer than the soft limit.
    Slow(Duration),
    /// Its turn has taken longer than the hard limit.
    Hung(Duration),
}

impl Beat {
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn begin(&self, now: Mono) {
        self.began.store(now.0, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.began.store(0, Ordering::Relaxed);
    }

    /// How the shard is at `now`.
    pub(crate) fn pulse(&self, now: Mono, limit: Duration) -> Pulse {
        let began = self.began.load(Ordering::Relaxed);
        let time = now - Mono(began);
        if began == 0 || time <= limit {
            Pulse::Sound
        } else if time <= limit * HARD {
            Pulse::Slow(time)
        } else {
            Pulse::Hung(time)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_slow_and_then_hung() {
        let (beat, limit) = (Beat::default(), Duration::from_secs(1));
        let at = |seconds: u64| Mono(seconds * 1_000_000_000);
        assert_eq!(beat.pulse(at(100), limit), Pulse::Sound);
        beat.begin(at(10));
        assert_eq!(beat.pulse(at(11), limit), Pulse::Sound);
        assert_eq!(beat.pulse(at(12), limit), Pulse::Slow(limit * 2));
        assert_eq!(beat.pulse(at(17), limit), Pulse::Hung(limit * 7));
        beat.end();
        assert_eq!(beat.pulse(at(100), limit), Pulse::Sound);
    }
}
