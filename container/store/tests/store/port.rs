//! The suite of the port over every implementation.

use crate::suite::{self, Fixture};
use std::time::Duration;
use strowger_journal::memory::{Crash, MemoryStore};
use strowger_store::{JournalSled, StoreOptions};

struct Memory(Option<MemoryStore>);

impl Fixture for Memory {
    type S = MemoryStore;

    fn open(&mut self) -> MemoryStore {
        self.0.take().unwrap_or_default()
    }

    fn kill(&mut self, store: MemoryStore) {
        self.0 = Some(store.crash(Crash::LoseUnsynced));
    }
}

struct Sled(tempfile::TempDir);

impl Fixture for Sled {
    type S = JournalSled;

    fn open(&mut self) -> JournalSled {
        let options = StoreOptions {
            segment_bytes: 20_000,
            checkpoint_bytes: 60_000,
            checkpoint_interval: Duration::from_millis(50),
            reserve_bytes: 4096,
            low_water_bytes: 0,
            ..StoreOptions::default()
        };
        JournalSled::open(&self.0.path().join("store"), &options).expect("opens")
    }

    fn kill(&mut self, store: JournalSled) {
        drop(store);
    }
}

#[test]
fn memory_keeps_the_port() {
    suite::run(|| Memory(None));
}

#[test]
fn journal_and_sled_keep_the_port() {
    suite::run(|| Sled(tempfile::tempdir().expect("a directory")));
}
