//! The values of RFC 3261's timers, and the one running timer that a transaction needs for two of them at once.

use super::super::time::Ms;
use super::super::timer::{TimerId, Wheel};

/// Timer values in milliseconds (RFC 3261 table 4). Timers that only end the absorbing of copies are rounded up to `tick`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timings {
    /// Round-trip estimate.
    pub t1: u32,
    /// Longest interval between copies of non-INVITE requests and of INVITE responses.
    pub t2: u32,
    /// Longest life of a message in the network.
    pub t4: u32,
    /// How long an INVITE may stay without any response before 100 goes out by itself: 0 is at once, `None` never.
    pub trying: Option<u32>,
    /// How long an INVITE may stay without a final response and without a further provisional one.
    pub ringing: u32,
    /// Timer C: as `ringing`, for an INVITE that is proxied. More than three minutes (RFC 3261 16.6 step 11).
    pub c: u32,
    /// Rounding of timers whose only effect is to forget something: those of many transactions then share a waking. 64 is a place of the
    /// wheel, which needs no second look at it.
    pub tick: u32,
}

impl Timings {
    /// The RFC's defaults, with 100 after 200 ms and three minutes of ringing.
    pub const DEFAULT: Self = Self {
        t1: 500,
        t2: 4_000,
        t4: 5_000,
        trying: Some(200),
        ringing: 180_000,
        c: 185_000,
        tick: 64,
    };

    /// 64*T1: timers B, F, H, J, L and M.
    #[must_use]
    pub fn give_up(&self) -> u32 {
        self.t1.saturating_mul(64)
    }

    /// Timer D.
    #[must_use]
    pub fn d(&self, reliable: bool) -> u32 {
        if reliable {
            0
        } else {
            self.give_up().max(32_000)
        }
    }

    /// Timers I and K.
    #[must_use]
    pub fn i(&self, reliable: bool) -> u32 {
        if reliable { 0 } else { self.t4 }
    }

    /// Timer J.
    #[must_use]
    pub fn j(&self, reliable: bool) -> u32 {
        if reliable { 0 } else { self.give_up() }
    }
}

impl Default for Timings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Two deadlines behind one entry of the wheel: `soon` repeats or prompts, `late` ends the state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    timer: TimerId,
    soon: Ms,
    late: Ms,
}

const NEVER: Ms = Ms(u64::MAX);

/// Which of the two has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Soon,
    Late,
    Neither,
}

impl Clock {
    pub(super) const STOPPED: Self = Self {
        timer: TimerId::NONE,
        soon: NEVER,
        late: NEVER,
    };

    /// Sets both deadlines; `None` for one that does not run.
    pub(super) fn set<T>(
        &mut self,
        wheel: &mut Wheel<T>,
        soon: Option<Ms>,
        late: Option<Ms>,
        value: T,
    ) {
        wheel.cancel(self.timer);
        self.soon = soon.unwrap_or(NEVER);
        self.late = late.unwrap_or(NEVER);
        let next = self.soon.min(self.late);
        self.timer = if next == NEVER {
            TimerId::NONE
        } else {
            wheel.start(next, value)
        };
    }

    /// Sets the first deadline and leaves the other.
    pub(super) fn set_soon<T>(&mut self, wheel: &mut Wheel<T>, soon: Option<Ms>, value: T) {
        let late = (self.late != NEVER).then_some(self.late);
        self.set(wheel, soon, late, value);
    }

    /// Which deadline has come; the later one wins.
    pub(super) fn due(&self, now: Ms) -> Due {
        match now {
            _ if self.late <= now => Due::Late,
            _ if self.soon <= now => Due::Soon,
            _ => Due::Neither,
        }
    }

    pub(super) fn stop<T>(&mut self, wheel: &mut Wheel<T>) {
        wheel.cancel(self.timer);
        *self = Self::STOPPED;
    }
}
