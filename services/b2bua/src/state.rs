//! What a call consists of.
//!
//! A plain call is two legs, a timer and a flag. All else hangs behind one pointer that is empty while nothing but talking
//! goes on, so that it costs neither bytes in the state nor time in a handler.
//!
//! An attended transfer brings two calls together. They may be two entities' to begin with (`lend`); the one that takes over
//! keeps both, so that what is to be joined is joined in one transaction.

use strowger::prelude::*;
use strowger_sip::Dialog;

use crate::lend::{Lent, Replace};
use crate::ring::Ring;
use crate::transfer::Transfer;

/// One side of a call.
pub(crate) type Leg = Handle<Dialog>;

/// One call, or two of them that a transfer has brought together.
#[derive(Debug, Default, State)]
pub struct B2bua {
    /// The caller's leg and the callee's; of several that are called, one of them.
    pub(crate) legs: Option<(Leg, Leg)>,
    /// Set until the callee answers, if it may not take for ever.
    pub(crate) no_answer: Option<TimerId>,
    /// The callee has answered.
    up: bool,
    more: Option<Box<More>>,
}

/// What a plain call has no need of.
#[derive(Debug, Default, State)]
struct More {
    /// What goes on beside talking.
    work: Option<Work>,
    /// A second call, whose user wanted it joined with the first.
    other: Option<(Leg, Leg)>,
    /// A REFER was taken: further subscriptions of its dialog carry an id (RFC 3515 2.4.6).
    referred: bool,
}

/// What can go on; one at a time.
#[derive(Debug, State)]
pub(crate) enum Work {
    /// Several places are called, or there are places to be called if the first does not answer.
    Ring(Box<Ring>),
    /// One side is being joined with somebody else.
    Transfer(Box<Transfer>),
    /// Somebody takes the place of one side.
    Replace(Box<Replace>),
    /// Another entity was asked to take a leg over.
    Lent(Lent),
}

/// The state of version 1.0.
pub(crate) mod v1 {
    use super::{Leg, State, TimerId};

    #[derive(Debug, Default, State)]
    pub(crate) struct B2bua {
        pub(super) legs: Option<(Leg, Leg)>,
        pub(super) no_answer: Option<TimerId>,
        pub(super) up: bool,
    }
}

impl Migrate<v1::B2bua> for B2bua {
    fn migrate(old: v1::B2bua) -> Self {
        Self {
            legs: old.legs,
            no_answer: old.no_answer,
            up: old.up,
            more: None,
        }
    }
}

impl B2bua {
    pub(crate) fn is_up(&self) -> bool {
        self.up
    }

    /// Marks the call as answered; tells whether it was before.
    pub(crate) fn set_up_done(&mut self) -> bool {
        std::mem::replace(&mut self.up, true)
    }

    /// The leg that a leg is joined with.
    pub(crate) fn peer(&self, leg: Leg) -> Option<Leg> {
        let other = || self.more.as_ref().and_then(|more| more.other);
        other_of(self.legs, leg).or_else(|| other_of(other(), leg))
    }

    /// The leg of the caller, until the callee has answered and from then on.
    pub(crate) fn caller(&self) -> Option<Leg> {
        match self.work() {
            Some(Work::Ring(ring)) => Some(ring.caller()),
            _ => self.legs.map(|(caller, _)| caller),
        }
    }

    /// The leg of the caller for whom a leg was called; none of one that a transfer calls.
    pub(crate) fn caller_of(&self, called: Leg) -> Option<Leg> {
        match self.work() {
            Some(Work::Ring(ring)) => ring.calls(called).then(|| ring.caller()),
            Some(Work::Transfer(_) | Work::Replace(_) | Work::Lent(_)) | None => {
                let (caller, callee) = self.legs?;
                (callee == called).then_some(caller)
            }
        }
    }

    /// Whether there is room for one more call.
    pub(crate) fn has_room(&self) -> bool {
        self.more.as_ref().is_none_or(|more| more.other.is_none())
    }

    /// Joins two legs.
    pub(crate) fn pair(&mut self, a: Leg, b: Leg) {
        match self.legs {
            None => self.legs = Some((a, b)),
            Some(_) => self.more().other = Some((a, b)),
        }
    }

    /// Parts a leg from the one that it is joined with.
    pub(crate) fn part(&mut self, leg: Leg) {
        if other_of(self.legs, leg).is_some() {
            self.legs = self.more.as_mut().and_then(|more| more.other.take());
        } else if let Some(more) = self.more.as_mut()
            && other_of(more.other, leg).is_some()
        {
            more.other = None;
        }
        self.tidy();
    }

    pub(crate) fn is_working(&self) -> bool {
        self.more.as_ref().is_some_and(|more| more.work.is_some())
    }

    pub(crate) fn work(&self) -> Option<&Work> {
        self.more.as_ref()?.work.as_ref()
    }

    /// Takes out what goes on; whoever does puts it back with [`work_on`](Self::work_on), or it is over.
    pub(crate) fn take_work(&mut self) -> Option<Work> {
        let work = self.more.as_mut()?.work.take();
        self.tidy();
        work
    }

    pub(crate) fn work_on(&mut self, work: Work) {
        self.more().work = Some(work);
    }

    /// Marks that a REFER was taken; tells whether it was the first.
    pub(crate) fn first_refer(&mut self) -> bool {
        !std::mem::replace(&mut self.more().referred, true)
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    fn tidy(&mut self) {
        let empty = |more: &More| more.work.is_none() && more.other.is_none() && !more.referred;
        if self.more.as_deref().is_some_and(empty) {
            self.more = None;
        }
    }
}

fn other_of(pair: Option<(Leg, Leg)>, leg: Leg) -> Option<Leg> {
    let (a, b) = pair?;
    if leg == a {
        Some(b)
    } else if leg == b {
        Some(a)
    } else {
        None
    }
}
