//! The store's writer, as the node runs it: strict groups are synced at once, relaxed ones within 20 ms, and what comes while
//! a sync is under way waits for the next one.

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
    /// How long a sync takes.
    delay: Instant,
    /// When the sync that is under way ends: until then what was written is lost with the power.
    synced: Option<Instant>,
    failed: Option<StoreError>,
}

impl Disk {
    pub(crate) fn push(&mut self, now: Instant, group: Group) {
        let due = if group.strict() { now } else { now + RELAXED };
        self.due = Some(self.due.map_or(due, |other| other.min(due)));
        self.waiting.push_back(group);
    }

    /// Writes what is due, unless a sync is under way; whether it did.
    pub(crate) fn write(&mut self, now: Instant) -> bool {
        let is_due = self.due.is_some_and(|due| due <= now);
        if !is_due || self.synced.is_some() || self.failed.is_some() {
            return false;
        }
        self.due = None;
        while let Some(group) = self.waiting.pop_front() {
            if let Err(error) = self.store.append(&group) {
                self.failed = Some(error);
                return true;
            }
        }
        self.synced = Some(now + self.delay);
        true
    }

    /// Ends the sync that is under way when its time has come; gives the last commit that is durable by now.
    pub(crate) fn sync(&mut self, now: Instant) -> Option<Seq> {
        self.synced.take_if(|at| *at <= now)?;
        let synced = self.store.sync();
        let tended = synced.and_then(|seq| self.store.tend().map(|_| seq));
        tended.map_err(|error| self.failed = Some(error)).ok()
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        if self.failed.is_some() {
            return None;
        }
        self.synced.or(self.due)
    }

    /// Whether so little space is left that a node refuses new work.
    pub(crate) fn is_short(&self) -> bool {
        self.store.health().low_space
    }

    /// What is stored.
    pub(crate) const fn store(&self) -> &MemoryStore {
        &self.store
    }

    pub(crate) const fn set_checkpoint_at(&mut self, bytes: usize) {
        self.store.checkpoint_at(bytes);
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
