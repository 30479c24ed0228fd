//! Counters and levels of a driver, read by the node's status.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a driver counts. Names are constants of the driver, which bounds the tables.
#[derive(Debug, Default)]
pub struct Meters(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    counters: BTreeMap<&'static str, u64>,
    levels: BTreeMap<&'static str, u64>,
}

impl Meters {
    /// Adds to a counter.
    pub fn count(&self, name: &'static str, n: u64) {
        *self.tables().counters.entry(name).or_default() += n;
    }

    /// Sets a level.
    pub fn level(&self, name: &'static str, level: u64) {
        self.tables().levels.insert(name, level);
    }

    /// All of them, by name.
    #[must_use]
    pub fn read(&self) -> BTreeMap<String, u64> {
        let tables = self.tables();
        let all = tables.counters.iter().chain(&tables.levels);
        all.map(|(name, n)| ((*name).to_owned(), *n)).collect()
    }

    /// The names of those that are levels.
    #[must_use]
    pub fn levels(&self) -> Vec<String> {
        let tables = self.tables();
        tables
            .levels
            .keys()
            .map(|name| (*name).to_owned())
            .collect()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // Numbers are right whenever the lock is free: nobody panics between two of them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
