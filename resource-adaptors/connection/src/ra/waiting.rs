//! Events that were fired from outside and have no outcome yet.

use std::collections::{BTreeMap, BTreeSet};
use strowger::event::EventContext;
use strowger::id::ActivityId;
use strowger::time::Mono;

/// The events, by their activity and number.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    all: BTreeMap<(ActivityId, u64), One>,
    due: BTreeSet<(Mono, ActivityId, u64)>,
    asked: BTreeMap<ActivityId, (ActivityId, u64)>,
}

#[derive(Debug)]
struct One {
    asked: ActivityId,
    until: Mono,
    /// That services have dealt with it is not enough.
    answer: bool,
    /// Services have dealt with it.
    dealt: bool,
}

/// Who has waited for an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    pub(super) asked: ActivityId,
    /// Services have dealt with it.
    pub(super) dealt: bool,
}

impl Waiting {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn insert(
        &mut self,
        asked: ActivityId,
        event: EventContext,
        until: Mono,
        answer: bool,
    ) {
        let key = (event.activity, event.event);
        let one = One {
            asked,
            until,
            answer,
            dealt: false,
        };
        self.all.insert(key, one);
        self.due.insert((until, key.0, key.1));
        self.asked.insert(asked, key);
    }

    /// Services have dealt with an event; whether its answer is waited for yet.
    pub(super) fn dealt(&mut self, event: EventContext) -> bool {
        let one = self.all.get_mut(&(event.activity, event.event));
        one.is_some_and(|one| {
            one.dealt = true;
            one.answer
        })
    }

    pub(super) fn is_asked(&self, activity: ActivityId) -> bool {
        self.asked.contains_key(&activity)
    }

    /// Who waits for an event, for the last time.
    pub(super) fn take(&mut self, event: EventContext) -> Option<ActivityId> {
        self.remove((event.activity, event.event))
            .map(|asker| asker.asked)
    }

    /// The same of any event on an activity.
    pub(super) fn take_on(&mut self, activity: ActivityId) -> Option<Asker> {
        let mut on = self.all.range((activity, 0)..=(activity, u64::MAX));
        let key = on.next().map(|(key, _)| *key)?;
        self.remove(key)
    }

    /// The same of one that has waited for too long.
    pub(super) fn late(&mut self, now: Mono) -> Option<Asker> {
        let (until, activity, event) = self.due.first().copied()?;
        (until <= now).then(|| self.remove((activity, event)))?
    }

    /// Who has asked does not wait any more.
    pub(super) fn forget(&mut self, asked: ActivityId) {
        if let Some(key) = self.asked.get(&asked).copied() {
            self.remove(key);
        }
    }

    pub(super) fn due(&self) -> Option<Mono> {
        self.due.first().map(|(until, ..)| *until)
    }

    fn remove(&mut self, key: (ActivityId, u64)) -> Option<Asker> {
        let One {
            asked,
            until,
            dealt,
            ..
        } = self.all.remove(&key)?;
        self.due.remove(&(until, key.0, key.1));
        self.asked.remove(&asked);
        Some(Asker { asked, dealt })
    }
}
