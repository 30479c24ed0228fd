//! How much a turn takes in: so much as is worked off in a few milliseconds.
//!
//! What a turn answers leaves at its end, so a long turn makes the first answer wait for the last input. What an input costs is
//! known from the turns before.

use std::time::Duration;
use strowger_journal::Times;

/// Inputs in one turn at most.
const MOST: usize = 256;
/// At least so many, however dear they are: what they have in common is done once a turn.
const LEAST: usize = 16;
/// At most so many while part of the new work is refused: what is refused says little of what the next one costs.
const WARY: usize = 64;
/// What a turn may take, about.
const TURN: Duration = Duration::from_millis(5);
/// How much of what is known of the cost the last turn makes.
const PART: u64 = 8;

/// Sizes the portion of each turn.
#[derive(Debug, Default)]
pub(crate) struct Portion {
    /// What an input costs, in nanoseconds.
    cost: u64,
    /// How many were taken in this turn.
    pub(crate) taken: usize,
    /// How long turns took.
    pub(crate) turns: Times,
}

impl Portion {
    /// How many inputs the next turn takes; while new work is refused fewer.
    pub(crate) fn size(&self, refusing: bool) -> usize {
        let most = if refusing { WARY } else { MOST };
        let turn = TURN.as_nanos() as u64;
        let fit = turn.checked_div(self.cost).unwrap_or(u64::MAX);
        usize::try_from(fit).unwrap_or(MOST).clamp(LEAST, most)
    }

    /// A turn took so long.
    pub(crate) fn took(&mut self, time: Duration) {
        self.turns.add(time);
        let taken = std::mem::take(&mut self.taken) as u64;
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        if let Some(each) = time.checked_div(taken) {
            self.cost = self.cost - self.cost / PART + each / PART;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(turns: usize, taken: usize, time: Duration) -> Portion {
        let mut portion = Portion::default();
        for _ in 0..turns {
            portion.taken = taken;
            portion.took(time);
        }
        portion
    }

    #[test]
    fn a_turn_takes_what_it_can_work_off_in_time() {
        assert_eq!(Portion::default().size(false), MOST);
        assert_eq!(Portion::default().size(true), WARY);
        let cheap = after(100, 100, Duration::from_millis(1));
        assert_eq!(cheap.size(false), MOST);
        let dear = after(100, 10, Duration::from_millis(1));
        assert!((40..=60).contains(&dear.size(false)), "{dear:?}");
        assert_eq!(after(100, 1, Duration::from_secs(1)).size(false), LEAST);
    }

    #[test]
    fn a_turn_that_was_held_up_is_soon_forgotten() {
        let mut portion = after(100, 100, Duration::from_millis(1));
        portion.taken = 10;
        portion.took(Duration::from_millis(100));
        assert!(portion.size(false) < MOST);
        for _ in 0..40 {
            portion.taken = 100;
            portion.took(Duration::from_millis(1));
        }
        assert_eq!(portion.size(false), MOST);
    }

    #[test]
    fn turns_without_inputs_say_nothing() {
        let mut portion = after(100, 10, Duration::from_millis(1));
        let before = portion.size(false);
        portion.took(Duration::from_secs(1));
        assert_eq!(portion.size(false), before);
    }
}
