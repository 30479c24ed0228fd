//! The store's writer, as the node runs it: strict groups are synced at once, relaxed ones within 20 ms.

use crate::clock::Instant;
use std::collections::VecDeque;
use strowger_journal::memory::{Crash, Faults, MemoryStore};
use strowger_journal::{Group, Record, Recovered, Seq, Store, StoreError};

/// How long a group of relaxed commits alone may wait.
const RELAXED: Instant = 20_000_000;

#[derive(Debug, Default)]
pub(crate) struct Disk {
    store: MemoryStore,
    /// Handed to the writer and not written yet: lost with the process.
    waiting: VecDeque<Group>,
    /// When what waits must be written.
    due: Option<Instant>,
    /// Time from a sync to its answer.
    delay: Instant,
    /// Answers on their way.
    answers: VecDeque<(Instant, Seq)>,
    failed: Option<StoreError>,
}

impl Disk {
    pub(crate) fn push(&mut self, now: Instant, group: Group) {
        let due = if group.strict() { now } else { now + RELAXED };
        self.due = Some(self.due.map_or(due, |other| other.min(due)));
        self.waiting.push_back(group);
    }

    /// Writes what is due; gives the last commit that is durable by now, when there is news.
    pub(crate) fn work(&mut self, now: Instant) -> Option<Seq> {
        if self.due.is_some_and(|due| due <= now) && self.failed.is_none() {
            self.due = None;
            match self.write() {
                Ok(seq) => self.answers.push_back((now + self.delay, seq)),
                Err(error) => self.failed = Some(error),
            }
        }
        let mut news = None;
        while let Some((_, seq)) = self.answers.pop_front_if(|(at, _)| *at <= now) {
            news = Some(seq);
        }
        news
    }

    fn write(&mut self) -> Result<Seq, StoreError> {
        while let Some(group) = self.waiting.pop_front() {
            self.store.append(&group)?;
        }
        let seq = self.store.sync()?;
        self.store.tend()?;
        Ok(seq)
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        let due = if self.failed.is_some() {
            None
        } else {
            self.due
        };
        let answer = self.answers.front().map(|(at, _)| *at);
        due.into_iter().chain(answer).min()
    }

    pub(crate) const fn failure(&self) -> Option<&StoreError> {
        self.failed.as_ref()
    }

    pub(crate) fn set_faults(&mut self, faults: Faults) {
        self.store.set_faults(faults);
    }

    pub(crate) fn set_delay(&mut self, delay: Instant) {
        self.delay = delay;
    }

    /// The process ends; what the next one finds stays.
    pub(crate) fn crash(&mut self, how: Crash) {
        let store = std::mem::take(&mut self.store);
        *self = Self {
            store: store.crash(how),
            ..Self::default()
        };
    }

    pub(crate) fn recover(
        &mut self,
        sink: &mut dyn FnMut(Record<'_>),
    ) -> Result<Recovered, StoreError> {
        self.store.recover(sink)
    }
}
