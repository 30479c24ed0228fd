//! The two clocks of the process, as inputs for a core that reads none.

use crate::rehearsal::HandClock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use strowger::time::{Mono, Now, Wall};
use strowger_kernel::Stopwatch;

/// Reads the system's clocks. Monotonic time counts from the clock's creation, a second ahead so that zero is before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
    /// Instead of the system's.
    hand: Option<&'static HandClock>,
}

const AHEAD: Duration = Duration::from_secs(1);

impl Clock {
    pub(crate) fn new(hand: Option<&'static HandClock>) -> Self {
        Self {
            origin: Instant::now(),
            hand,
        }
    }

    /// Both clocks at one instant.
    pub(crate) fn now(&self) -> Now {
        if let Some(hand) = self.hand {
            return hand.now();
        }
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Now {
            mono: self.mono(),
            wall: Wall(0) + wall,
        }
    }

    /// How long ago something was that the system has noted by its wall clock, since 1970. Of a clock in a hand nothing is
    /// known by the system.
    pub(crate) fn since(&self, noted: Duration) -> Duration {
        if self.hand.is_some() {
            return Duration::ZERO;
        }
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        wall.unwrap_or_default().saturating_sub(noted)
    }

    /// Seconds since 1970, as certificates count them.
    pub(crate) fn seconds(&self) -> u64 {
        self.now().wall.0 / 1_000
    }

    /// Time since the clock was made, which is when the node's start began.
    pub(crate) fn running(&self) -> Duration {
        self.origin.elapsed()
    }

    /// Monotonic time.
    pub(crate) fn mono(&self) -> Mono {
        match self.hand {
            Some(hand) => hand.now().mono,
            None => Mono(0) + AHEAD + self.origin.elapsed(),
        }
    }
}

impl Stopwatch for Clock {
    fn read(&self) -> Mono {
        self.mono()
    }
}
