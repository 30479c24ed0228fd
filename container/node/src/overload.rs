//! Whether the shard keeps up with what arrives: new work is admitted while the sockets are emptied again and again.
//!
//! A shard that has more to do than it can leaves something unread after each of its portions. That it is always so for
//! longer than a bound means that whoever sends waits, too, and that taking on more only makes all wait longer; what has
//! begun goes on, so that each call that was admitted is also ended. A burst that is worked off within the bound changes
//! nothing. Not here: sockets and clocks (the shard's loop has them), and what is new work (the adaptors know).
//!
//! Invariant: a turn that leaves nothing unread ends the refusal.

use std::time::Duration;
use strowger::time::Mono;

/// Portions that must leave something before new work is refused: a process that was not given the processor for a while
/// finds much to do, and is not overloaded by that.
const PORTIONS: u32 = 8;
/// After a refusal new work comes back only this long in small steps.
const WARY: Duration = Duration::from_secs(1);
/// The part of the bound that is allowed meanwhile, so that waiting stays short as long as the load does not fall.
const WARY_PART: u32 = 8;

/// Decides turn by turn.
#[derive(Debug)]
pub(crate) struct Overload {
    bound: Duration,
    /// Since when every portion has left something, and how many did.
    behind: Option<(Mono, u32)>,
    refusing: bool,
    /// When new work was last refused, if the load has not fallen since.
    lasts: Option<Mono>,
    /// How many overloads there were.
    pub(crate) begun: u64,
}

impl Overload {
    /// What arrives may wait for `bound`; with zero it may for ever.
    pub(crate) fn new(bound: Duration) -> Self {
        Self {
            bound,
            behind: None,
            refusing: false,
            lasts: None,
            begun: 0,
        }
    }

    /// A turn has taken its portion, and has left something or not.
    pub(crate) fn took(&mut self, now: Mono, left: bool) {
        if self.lasts.is_some_and(|last| now - last >= WARY) {
            self.lasts = None;
        }
        if !left || self.bound.is_zero() {
            self.behind = None;
            self.refusing = false;
            return;
        }
        let (since, portions) = self.behind.get_or_insert((now, 0));
        *portions = portions.saturating_add(1);
        let (bound, least) = if self.lasts.is_some() {
            (self.bound / WARY_PART, 1)
        } else {
            (self.bound, PORTIONS)
        };
        self.refusing |= now - *since >= bound && *portions >= least;
        if self.refusing {
            self.begun += u64::from(self.lasts.is_none());
            self.lasts = Some(now);
        }
    }

    /// Whether new work is to be refused now.
    pub(crate) fn refuses(&self) -> bool {
        self.refusing
    }

    /// Whether new work was refused within the last second: what operators call an overload.
    pub(crate) fn lasts(&self) -> bool {
        self.lasts.is_some()
    }

    /// When [`took`](Self::took) is to be asked again though nothing arrives.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.lasts.map(|last| last + WARY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Duration = Duration::from_millis(200);

    fn at(ms: u64) -> Mono {
        Mono(0) + Duration::from_millis(ms)
    }

    /// Turns of 10 ms from `from` to before `to`, all of which leave something.
    fn flood(overload: &mut Overload, from: u64, to: u64) {
        for ms in (from..to).step_by(10) {
            overload.took(at(ms), true);
        }
    }

    #[test]
    fn a_burst_within_the_bound_is_admitted() {
        let mut overload = Overload::new(BOUND);
        flood(&mut overload, 0, 200);
        assert!(!overload.refuses());
        overload.took(at(200), false);
        flood(&mut overload, 210, 400);
        assert!(!overload.refuses() && !overload.lasts());
    }

    #[test]
    fn what_never_ends_is_refused_until_the_sockets_are_empty() {
        let mut overload = Overload::new(BOUND);
        flood(&mut overload, 0, 210);
        assert!(overload.refuses());
        overload.took(at(220), false);
        assert!(!overload.refuses() && overload.lasts());
        assert_eq!(overload.begun, 1);
    }

    #[test]
    fn while_an_overload_lasts_waiting_stays_short() {
        let mut overload = Overload::new(BOUND);
        flood(&mut overload, 0, 210);
        overload.took(at(220), false);
        flood(&mut overload, 230, 250);
        assert!(!overload.refuses());
        flood(&mut overload, 250, 270);
        assert!(overload.refuses());
    }

    #[test]
    fn an_overload_is_over_a_second_after_the_last_refusal() {
        let mut overload = Overload::new(BOUND);
        flood(&mut overload, 0, 210);
        assert_eq!(overload.deadline(), Some(at(1_200)));
        overload.took(at(220), false);
        overload.took(at(1_200), false);
        assert!(!overload.lasts());
        assert_eq!(overload.deadline(), None);
        flood(&mut overload, 1_210, 1_400);
        assert!(!overload.refuses());
    }

    #[test]
    fn a_process_that_was_held_up_is_not_overloaded() {
        let mut overload = Overload::new(BOUND);
        overload.took(at(0), true);
        overload.took(at(5_000), true);
        assert!(!overload.refuses());
        overload.took(at(5_010), false);
        assert!(!overload.lasts());
    }

    #[test]
    fn without_a_bound_nothing_is_refused() {
        let mut overload = Overload::new(Duration::ZERO);
        flood(&mut overload, 0, 10_000);
        assert!(!overload.refuses());
    }
}
