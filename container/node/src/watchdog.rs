//! Notices a shard whose turn does not end: a handler that never returns, or a loop of ours.
//!
//! The shard's thread notes when a turn begins and ends; another thread looks. Two things are told from each other: a handler
//! that takes the processor for itself, which is found by the processor time of the shard's thread, so that nobody is blamed
//! for a machine that has none left; and one that waits, which only the clock tells. Past the soft limit of time it says so;
//! past the hard one, and past the limit of processor time, the process has to start again, since nothing can take a thread
//! away from a handler, and a start recovers what is durable.

use nix::time::{ClockId, clock_gettime};
use nix::unistd::gettid;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::time::Duration;
use strowger::time::Mono;
use strowger_config::Limits;
use strowger_kernel::{Delivering, Probe};

/// The process starts again when a turn takes this many times the soft limit.
pub(crate) const HARD: u32 = 6;

/// What the shard may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Time of a turn: the soft limit.
    pub(crate) turn: Duration,
    /// Processor time of a delivery; zero: any.
    pub(crate) cpu: Duration,
}

impl Bounds {
    pub(crate) fn of(limits: &Limits) -> Self {
        Self {
            turn: limits.delivery_time_max,
            cpu: limits.delivery_cpu_max,
        }
    }
}

/// What the shard's thread notes. Cheap: two stores a turn, and three a delivery.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beat {
    /// When the present turn began; 0 while the shard waits.
    began: Arc<AtomicU64>,
    /// Which delivery is being made.
    pub(crate) probe: Probe,
    /// The shard's thread; 0 before it is known.
    thread: Arc<AtomicI32>,
    /// The shard was told to stop.
    stopping: Arc<AtomicBool>,
}

/// The clock of a thread's processor time has the inverted number of the thread above these bits: the kernel's form, and what
/// `pthread_getcpuclockid` gives.
const CLOCK_OF_THREAD: i32 = 0b110;

/// A delivery that has not returned yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stuck {
    pub(crate) delivery: Delivering,
    /// When it was first seen, and what processor time the thread had used by then.
    since: Mono,
    cpu: Option<Duration>,
    /// How often it was seen: a process that was stopped for a while has seen nothing in that time.
    looks: u32,
    /// It has been counted.
    pub(crate) told: bool,
}

/// What earlier looks have seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// The delivery that was being made.
    pub(crate) stuck: Option<Stuck>,
    /// Looks in a row that have found the shard hung.
    pub(crate) hung: u32,
}

/// So often is to be seen what is blamed for the time that went by.
pub(crate) const LOOKS: u32 = 5;

impl Stuck {
    /// What is known of the delivery that is being made: anew, if it is another one than `before`.
    pub(crate) fn look(beat: &Beat, now: Mono, before: Option<Self>) -> Option<Self> {
        let delivery = beat.probe.delivering()?;
        let same = before.filter(|before| before.delivery.number == delivery.number);
        let mut seen = same.unwrap_or_else(|| Self {
            delivery,
            since: now,
            cpu: beat.cpu(),
            looks: 0,
            told: false,
        });
        seen.looks = seen.looks.saturating_add(1);
        Some(seen)
    }

    /// Whether it was seen often enough to be blamed for the time that went by.
    pub(crate) fn is_to_blame(&self) -> bool {
        self.looks >= LOOKS
    }

    /// For how long it has been seen.
    pub(crate) fn seen_for(&self, now: Mono) -> Duration {
        now - self.since
    }

    /// Processor time that it has used since it was first seen.
    pub(crate) fn used(&self, beat: &Beat) -> Duration {
        let both = beat.cpu().zip(self.cpu);
        both.map_or(Duration::ZERO, |(now, then)| now.saturating_sub(then))
    }
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
    /// The calling thread is the shard's.
    pub(crate) fn is_here(&self) {
        self.thread.store(gettid().as_raw(), Ordering::Relaxed);
    }

    /// Processor time that the shard's thread has used; `None` if the system does not tell.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        let thread = self.thread.load(Ordering::Relaxed);
        let clock = (thread != 0).then(|| ClockId::from_raw(!thread << 3 | CLOCK_OF_THREAD))?;
        Some(clock_gettime(clock).ok()?.into())
    }

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

    /// How long its present turn has taken.
    pub(crate) fn turn(&self, now: Mono) -> Duration {
        match self.began.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            began => now - Mono(began),
        }
    }

    /// How the shard is at `now`.
    pub(crate) fn pulse(&self, now: Mono, limit: Duration) -> Pulse {
        let time = self.turn(now);
        if time <= limit {
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
    use std::time::Instant;

    #[test]
    fn processor_time_is_the_threads_own() {
        let beat = Beat::default();
        assert_eq!(beat.cpu(), None);
        beat.is_here();
        let (begun, before) = (Instant::now(), beat.cpu().unwrap());
        // What another thread uses does not count.
        let other = std::thread::spawn(move || {
            while begun.elapsed() < Duration::from_millis(60) {
                std::hint::spin_loop();
            }
        });
        other.join().unwrap();
        let waited = beat.cpu().unwrap() - before;
        assert!(waited < Duration::from_millis(30), "{waited:?}");
        while beat.cpu().unwrap() - before < Duration::from_millis(40) {
            let looping = begun.elapsed() < Duration::from_secs(60);
            assert!(looping, "a thread that loops uses processor time");
        }
    }

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
