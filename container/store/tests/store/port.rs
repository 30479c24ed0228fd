//! The suite of the port over every implementation.

use crate::suite::{self, Fixture};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::time::Duration;
use strowger_journal::memory::{Crash, MemoryStore};
use strowger_store::{Base, JournalStore, SledBase, StoreOptions};

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

/// Journal files, with checkpoints in one engine or another.
struct Files<B: Base>(tempfile::TempDir, PhantomData<B>);

impl<B: Base> Files<B> {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"), PhantomData)
    }
}

impl<B: Base + Debug> Fixture for Files<B> {
    type S = JournalStore<B>;

    fn open(&mut self) -> JournalStore<B> {
        let options = StoreOptions {
            segment_bytes: 20_000,
            checkpoint_bytes: 60_000,
            checkpoint_interval: Duration::from_millis(50),
            reserve_bytes: 4096,
            low_water_bytes: 0,
            ..StoreOptions::default()
        };
        JournalStore::open(&self.0.path().join("store"), &options).expect("opens")
    }

    fn kill(&mut self, store: JournalStore<B>) {
        drop(store);
    }
}

#[test]
fn memory_keeps_the_port() {
    suite::run(|| Memory(None));
}

#[test]
fn journal_and_sled_keep_the_port() {
    suite::run(Files::<SledBase>::new);
}

#[cfg(feature = "fjall")]
#[test]
fn journal_and_fjall_keep_the_port() {
    suite::run(Files::<crate::fjall_base::FjallBase>::new);
}
