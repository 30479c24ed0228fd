//! What was born and what happened on the kernel's side of a case.

use super::script::{Case, ENERGY};
use super::trace::Line;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use strowger::OpError;
use strowger::event::EventContext;
use strowger::id::{ActivityId, EntityId, TimerId};

/// What was born and what happened, on this thread.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) case: Option<Rc<Case>>,
    pub(crate) lines: Vec<Line>,
    pub(crate) activities: Vec<ActivityId>,
    pub(crate) entities: Vec<EntityId>,
    pub(crate) timers: Vec<TimerId>,
    pub(crate) contexts: Vec<EventContext>,
    pub(crate) activity_numbers: BTreeMap<u64, usize>,
    pub(crate) entity_numbers: BTreeMap<u64, usize>,
    pub(crate) timer_numbers: BTreeMap<u64, usize>,
    pub(crate) energy: u32,
    /// Births that the store knows of.
    kept: (usize, usize, usize),
    /// What may never happen and did.
    pub(crate) fault: Option<&'static str>,
}

thread_local! {
    static RECORD: RefCell<Record> = RefCell::default();
}

pub(crate) fn with<R>(f: impl FnOnce(&mut Record) -> R) -> R {
    RECORD.with_borrow_mut(f)
}

/// Begins a case with an empty record.
pub(crate) fn begin(case: &Rc<Case>) {
    with(|r| {
        *r = Record {
            case: Some(Rc::clone(case)),
            energy: ENERGY,
            ..Record::default()
        };
    });
}

impl Record {
    pub(crate) fn activity_born(&mut self, id: ActivityId) -> usize {
        self.activities.push(id);
        let number = self.activities.len() - 1;
        let twice = self.activity_numbers.insert(id.raw(), number).is_some();
        self.blame(twice, "activity id used twice");
        number
    }
    pub(crate) fn entity_born(&mut self, id: EntityId) -> usize {
        self.entities.push(id);
        let number = self.entities.len() - 1;
        let twice = self.entity_numbers.insert(id.raw(), number).is_some();
        self.blame(twice, "entity id used twice");
        number
    }
    pub(crate) fn timer_born(&mut self, id: TimerId) -> usize {
        self.timers.push(id);
        let number = self.timers.len() - 1;
        let twice = self.timer_numbers.insert(id.raw(), number).is_some();
        self.blame(twice, "timer id used twice");
        number
    }
    fn blame(&mut self, wrong: bool, what: &'static str) {
        if wrong && self.fault.is_none() {
            self.fault = Some(what);
        }
    }
    /// The store was given everything up to here.
    pub(crate) fn keep(&mut self) {
        self.kept = (
            self.activities.len(),
            self.entities.len(),
            self.timers.len(),
        );
    }
    /// The process died. What was born since the last group was never known to the store: its ids may be used again.
    pub(crate) fn lose(&mut self) {
        let (activities, entities, timers) = self.kept;
        for id in &mut self.activities[activities..] {
            self.activity_numbers.remove(&id.raw());
            *id = ActivityId::from_raw(0);
        }
        for context in &mut self.contexts {
            if !self.activity_numbers.contains_key(&context.activity.raw()) {
                context.activity = ActivityId::from_raw(0);
            }
        }
        for id in &mut self.entities[entities..] {
            self.entity_numbers.remove(&id.raw());
            *id = EntityId::from_raw(0);
        }
        for id in &mut self.timers[timers..] {
            self.timer_numbers.remove(&id.raw());
            *id = TimerId::from_raw(0);
        }
    }
    pub(crate) fn activity(&self, id: ActivityId) -> usize {
        self.activity_numbers
            .get(&id.raw())
            .copied()
            .unwrap_or(usize::MAX)
    }
    pub(crate) fn entity(&self, id: EntityId) -> usize {
        self.entity_numbers
            .get(&id.raw())
            .copied()
            .unwrap_or(usize::MAX)
    }
    pub(crate) fn timer(&self, id: TimerId) -> usize {
        self.timer_numbers
            .get(&id.raw())
            .copied()
            .unwrap_or(usize::MAX)
    }
    pub(crate) fn tire(&mut self) -> bool {
        if self.energy == 0 {
            return false;
        }
        self.energy -= 1;
        true
    }
}

/// The `n`th latest, among the latest six.
pub(crate) fn back<T: Copy>(list: &[T], n: u8) -> Option<T> {
    let n = usize::from(n) % list.len().clamp(1, 6);
    list.iter().rev().nth(n).copied()
}

pub(crate) fn refusal(error: OpError) -> &'static str {
    match error {
        OpError::StaleActivity(_) => "stale activity",
        OpError::Ending(_) => "ending",
        OpError::StaleEntity(_) => "stale entity",
        OpError::Reentrant(_) => "reentrant",
        OpError::WrongSbb(_) => "wrong sbb",
        OpError::NotAttached(_) => "not attached",
        OpError::UnrecognizedEvent => "unrecognized event",
        OpError::NameAlreadyBound => "already bound",
        OpError::NameNotBound => "not bound",
        OpError::InvalidArgument(_) => "invalid argument",
        OpError::AlreadySuspended => "already suspended",
        OpError::NotSuspended => "not suspended",
        OpError::NoEvent => "no event",
        OpError::Stopping => "stopping",
        OpError::TransactionRolledBack(_) => "rolled back",
        _ => "other",
    }
}
