//! Whether what arrives has its turn in time, and what becomes of new work if not.
//!
//! What counts is how long the first of a queue has waited, not how long the queue is. A queue whose first has waited longer than
//! a target all the time for an interval does not shrink: the node is overloaded. From then on new work that has waited longer
//! than the target is refused until what is left has waited for no more than three quarters of it, which is taken, queue by queue
//! and portion by portion: refusing is cheap, so the queue shrinks until what is taken keeps the node just busy, and whoever is
//! taken was not kept waiting. What has begun goes on in any case, so that each call that was taken is also ended. A burst that is
//! worked off within the interval changes nothing.
//!
//! The answer to what is taken waits for the store, too. In an overload all new work is refused while the store has kept its first
//! commit waiting for longer than usual, by a quarter of the target: there is other work to be taken as soon as it goes on.
//!
//! Not here: sockets and clocks (the shard's loop has them), and what is new or urgent (the adaptors know).
//!
//! Invariant: while the store is as quick as usual, a queue of which nothing was refused has nothing refused until its first has
//! waited longer than the target, nor has one that is emptied again and again.

use crate::store_wait::StoreWait;
use std::time::Duration;
use strowger::ra::NewWork;
use strowger::time::Mono;
use strowger_config::Overload as Settings;
use strowger_journal::Times;

/// Portions that must have waited too long before new work is refused: a process that was not given the processor for a
/// while finds much to do, and is not overloaded by that.
const PORTIONS: u32 = 8;
/// An overload is over this long after the last refusal.
const WARY: Duration = Duration::from_secs(1);
/// Of a queue that does not shrink though all of it is refused a portion is taken all the same after so many inputs: it would be of
/// no use to do nothing but refuse.
const ONE_IN: u32 = 1_024;

/// Inputs that are refused with an answer, the ACKs for that among them, for each one that is taken: beyond that the answers would
/// take the time of the work.
const ANSWERED: u32 = 64;
/// So many more at the beginning of an overload, and saved up at most.
const SAVED: u32 = 16_384;

/// Of portions that have waited too long to be answered one in so many is answered all the same: a node that is slow by itself
/// is not to fall silent.
const TOLD_ONE_IN: u32 = 4;

/// What is known of one queue of what arrives.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backlog {
    /// Since when something is always there.
    full: Option<Mono>,
    /// Since when its first has always waited too long, and how often that was seen.
    late: Option<(Mono, u32)>,
    /// Since when all of it is refused, and how many portions were.
    refused: Option<(Mono, u32)>,
}

impl Backlog {
    /// All that was there has had its turn.
    pub(crate) fn emptied(&mut self) {
        *self = Self::default();
    }
}

/// Decides for one portion after the other.
#[derive(Debug)]
pub(crate) struct Overload {
    pub(crate) settings: Settings,
    /// When new work was last refused, if that is not long ago.
    last: Option<Mono>,
    pub(crate) store: StoreWait,
    /// What became of the portion that is handed over.
    new: NewWork,
    /// Inputs that may be refused with an answer.
    answers: u32,
    /// Inputs that were refused since a portion was taken for that.
    refused: u32,
    /// How many overloads there were.
    pub(crate) begun: u64,
    /// How long the first ones of portions had waited.
    pub(crate) waits: Times,
}

impl Overload {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            last: None,
            store: StoreWait::default(),
            new: NewWork::Taken,
            answers: SAVED,
            refused: 0,
            begun: 0,
            waits: Times::default(),
        }
    }

    /// A portion of a queue has its turn, and its first has waited for so long: what becomes of the new work in it.
    pub(crate) fn waited(&mut self, now: Mono, backlog: &mut Backlog, waited: Duration) -> NewWork {
        self.waits.add(waited);
        self.new = self.judged(now, backlog, waited);
        self.new
    }

    fn judged(&mut self, now: Mono, backlog: &mut Backlog, waited: Duration) -> NewWork {
        let Settings {
            target,
            interval,
            unanswered_after,
        } = self.settings;
        let full = *backlog.full.get_or_insert(now);
        let limit = match backlog.refused {
            Some(_) => target * 3 / 4,
            None => target,
        };
        // That alone is no overload.
        let stalled = self.lasts() && self.store.behind() > target / 4;
        if (waited <= limit && !stalled) || target.is_zero() {
            (backlog.late, backlog.refused) = (None, None);
            return NewWork::Taken;
        }
        let (since, times) = backlog.late.get_or_insert((now, 0));
        *times = times.saturating_add(1);
        if self.last.is_none() {
            if now - *since < interval || *times < PORTIONS {
                return NewWork::Taken;
            }
            self.begun += 1;
            self.answers = SAVED;
        } else if now - full < interval / 2 && !stalled {
            // It is emptied again and again, and waits when the process does not run.
            return NewWork::Taken;
        }
        self.last = Some(now);
        let (since, portions) = backlog.refused.get_or_insert((now, 0));
        *portions = portions.wrapping_add(1);
        if now - *since >= interval && self.refused >= ONE_IN && !stalled {
            self.refused = 0;
            return NewWork::Taken;
        }
        let too_late = waited > unanswered_after && !portions.is_multiple_of(TOLD_ONE_IN);
        if too_late || self.answers == 0 {
            return NewWork::Unanswered;
        }
        NewWork::Refused
    }

    /// One input of the portion is handed over.
    pub(crate) fn input(&mut self) {
        match self.new {
            NewWork::Taken => self.answers = (self.answers + ANSWERED).min(SAVED),
            NewWork::Refused => {
                self.answers = self.answers.saturating_sub(1);
                self.refused = self.refused.saturating_add(1);
            }
            NewWork::Unanswered => self.refused = self.refused.saturating_add(1),
        }
    }

    /// A turn goes by.
    pub(crate) fn turned(&mut self, now: Mono) {
        self.last = self.last.filter(|last| now - *last < WARY);
    }

    /// Whether new work was refused within the last second: what operators call an overload.
    pub(crate) fn lasts(&self) -> bool {
        self.last.is_some()
    }

    /// When [`turned`](Self::turned) is to be called though nothing arrives.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.last.map(|last| last + WARY)
    }
}

#[cfg(test)]
mod tests;
