//! How much a turn takes in: so much as is worked off in a few milliseconds.
//!
//! What a turn answers leaves at its end, so a long turn makes the first answer wait for the last input. What an input costs is
//! known from the turns before; while part of the new work is refused, what counts is what new work costs, because then most of what is
//! taken may be new, and most of what was taken before was not.

use std::time::Duration;
use strowger_journal::Times;

/// Inputs in one turn at most.
const MOST: usize = 256;
/// At least so many, however dear they are; while part of the new work is refused, one.
const LEAST: usize = 2;
/// At most so many while part of the new work is refused.
const WARY: usize = 64;
/// What a turn may take, about.
const TURN: Duration = Duration::from_millis(5);
/// How much of what is known of the cost the last turn makes.
const PART: u64 = 8;
/// What an input may cost, beyond four times what is known, to be believed at once, in nanoseconds: a process that was not given the
/// processor for a while does not learn from that what its inputs cost.
const BEYOND: u64 = 50_000;

/// Sizes the portion of each turn.
#[derive(Debug, Default)]
pub(crate) struct Portion {
    /// What an input costs, in nanoseconds.
    cost: u64,
    /// What an entity costs from its beginning to its end, in nanoseconds: the time of all turns by the entities that began.
    whole: u64,
    /// Time of the turns since one began.
    since: u64,
    /// How many were taken in this turn.
    pub(crate) taken: usize,
    /// Some of them were refused: that says little of what the next ones cost, which may be taken.
    pub(crate) refused: bool,
    /// How long turns took.
    pub(crate) turns: Times,
}

impl Portion {
    /// How many inputs the next turn takes; while new work is refused fewer.
    pub(crate) fn size(&self, refusing: bool) -> usize {
        let (least, most, cost) = if refusing {
            (1, WARY, self.cost.max(self.whole))
        } else {
            (LEAST, MOST, self.cost)
        };
        let turn = TURN.as_nanos() as u64;
        let fit = turn.checked_div(cost).unwrap_or(u64::MAX);
        usize::try_from(fit).unwrap_or(MOST).clamp(least, most)
    }

    /// A turn took so long, and so many entities began in it.
    pub(crate) fn took(&mut self, time: Duration, begun: u64) {
        self.turns.add(time);
        let taken = std::mem::take(&mut self.taken) as u64;
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let refused = std::mem::take(&mut self.refused);
        if let Some(each) = time.checked_div(taken).filter(|_| !refused) {
            learn(&mut self.cost, each);
        }
        self.since = self.since.saturating_add(time);
        if let Some(each) = self.since.checked_div(begun) {
            learn(&mut self.whole, each);
            self.since = 0;
        }
    }
}

fn learn(known: &mut u64, seen: u64) {
    let seen = seen.min(*known * 4 + BEYOND);
    *known = *known - *known / PART + seen / PART;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(turns: usize, taken: usize, time: Duration) -> Portion {
        let mut portion = Portion::default();
        for _ in 0..turns {
            portion.taken = taken;
            portion.took(time, 0);
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
        portion.took(Duration::from_millis(100), 0);
        assert!(portion.size(false) < MOST);
        for _ in 0..40 {
            portion.taken = 100;
            portion.took(Duration::from_millis(1), 0);
        }
        assert_eq!(portion.size(false), MOST);
    }

    #[test]
    fn turns_without_inputs_say_nothing_nor_do_those_that_refuse() {
        let mut portion = after(100, 10, Duration::from_millis(1));
        let before = portion.size(false);
        portion.took(Duration::from_secs(1), 0);
        (portion.taken, portion.refused) = (1_000, true);
        portion.took(Duration::from_millis(1), 0);
        assert_eq!(portion.size(false), before);
    }

    #[test]
    fn while_new_work_is_refused_a_turn_takes_what_it_can_do_of_that() {
        let mut portion = Portion::default();
        for _ in 0..100 {
            // A call of two milliseconds, and what goes on in it, which is next to nothing.
            for begun in [1, 0, 0] {
                portion.taken = 1;
                let each = if begun == 1 { 1_970 } else { 15 };
                portion.took(Duration::from_micros(each), begun);
            }
        }
        assert!(portion.size(false) > 4, "{portion:?}");
        assert_eq!(portion.size(true), 2, "{portion:?}");
        // Turns that refuse say what begins in them, too.
        for _ in 0..100 {
            (portion.taken, portion.refused) = (20, true);
            portion.took(Duration::from_millis(20), 1);
        }
        assert_eq!(portion.size(true), 1, "{portion:?}");
    }
}
