//! Virtual time. The wall clock goes on over a restart; the monotonic one begins anew, as that of a rebooted machine.

use std::time::Duration;
use strowger::time::{Mono, Now, Wall};

/// 2026-01-01 00:00:00 UTC.
const EPOCH_MS: u64 = 1_767_225_600_000;
/// What a fresh monotonic clock shows.
const BOOT: u64 = 1_000_000_000;

/// Nanoseconds since the test began.
pub(crate) type Instant = u64;

#[derive(Debug, Default)]
pub(crate) struct Clock {
    elapsed: Instant,
    booted: Instant,
    /// By how much the wall clock was set, in milliseconds.
    set: i64,
}

impl Clock {
    pub(crate) const fn instant(&self) -> Instant {
        self.elapsed
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            mono: Mono(self.elapsed - self.booted + BOOT),
            wall: Wall((EPOCH_MS + self.elapsed / 1_000_000).saturating_add_signed(self.set)),
        }
    }

    /// When the monotonic clock will show `mono`; not before the present.
    pub(crate) fn instant_of(&self, mono: Mono) -> Instant {
        (mono.0.saturating_sub(BOOT) + self.booted).max(self.elapsed)
    }

    pub(crate) fn set(&mut self, instant: Instant) {
        self.elapsed = self.elapsed.max(instant);
    }

    /// Somebody sets the wall clock forward, or back.
    pub(crate) const fn jump(&mut self, ms: i64) {
        self.set = self.set.saturating_add(ms);
    }

    pub(crate) fn reboot(&mut self) {
        self.booted = self.elapsed;
    }
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reboot_starts_the_monotonic_clock_anew_and_leaves_the_wall_clock() {
        let mut clock = Clock::default();
        clock.set(nanos(Duration::from_secs(90)));
        let before = clock.now();
        clock.reboot();
        let after = clock.now();
        assert_eq!(after.wall, before.wall);
        assert_eq!(after.mono, Clock::default().now().mono);
        assert_eq!(clock.instant_of(after.mono), clock.instant());
    }
}
