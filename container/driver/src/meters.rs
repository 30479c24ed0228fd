//! Counters and levels of a driver, read by the node's status.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a driver counts. Names are constants of the driver, which bounds the table.
#[derive(Debug, Default)]
pub struct Meters(Mutex<BTreeMap<&'static str, u64>>);

impl Meters {
    /// Adds to a counter.
    pub fn count(&self, name: &'static str, n: u64) {
        *self.table().entry(name).or_default() += n;
    }

    /// Sets a level.
    pub fn level(&self, name: &'static str, level: u64) {
        self.table().insert(name, level);
    }

    /// All of them, by name.
    #[must_use]
    pub fn read(&self) -> BTreeMap<String, u64> {
        let table = self.table();
        let all = table.iter().map(|(name, n)| ((*name).to_owned(), *n));
        all.collect()
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        // Numbers are right whenever the lock is free: nobody panics between two of them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
