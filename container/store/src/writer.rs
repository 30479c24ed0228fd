//! The one thread that owns the store: it collects groups, writes and syncs them together, and says what is durable.
//!
//! Shards hand it groups over a bounded queue and never wait for it. A batch closes when somebody waits for it and the sync before
//! it has returned; where others join by themselves, it is held until `group_delay` has passed since that, or enough wait. Commits
//! that nobody waits for, such as relaxed ones, close a batch after `relaxed_delay`, and a large batch closes at once. Any error of the
//! store is final: it is reported once and nothing is accepted after it.

use crate::writer::queue::{Due, Shared};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use strowger_journal::{Backup, Group, Health, Seq, Store, StoreError, Times};
use thiserror::Error;

mod pace;
mod queue;

/// How the writer groups and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterOptions {
    /// Longest time that a strict commit waits for others to share a sync, from the sync before it; it does not where none join by
    /// themselves. Default 15 ms; 0 is allowed.
    pub group_delay: Duration,
    /// Longest time that relaxed commits wait for a strict one. Default 20 ms.
    pub relaxed_delay: Duration,
    /// Most groups that wait. Default 1024.
    pub queue_groups: usize,
    /// Most bytes that wait. Default 64 MiB.
    pub queue_bytes: usize,
    /// Bytes at which a batch closes at once. Default 1 MiB.
    pub batch_bytes: usize,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            group_delay: Duration::from_millis(15),
            relaxed_delay: Duration::from_millis(20),
            queue_groups: 1024,
            queue_bytes: 64 * 1024 * 1024,
            batch_bytes: 1024 * 1024,
        }
    }
}

/// What the writer tells; it is called on the writer's thread and must not block.
#[derive(Debug)]
pub enum WriterEvent {
    /// Commits up to this one are durable.
    Durable(Seq),
    /// Space has become short (`true`), or is there again. Strict services refuse new work meanwhile.
    LowSpace(bool),
    /// The store has failed. Nothing more is acknowledged; the process must end.
    Fatal(StoreError),
}

/// The group was not taken: the queue is full, or the writer has ended. The shard keeps it and admits no new work.
#[derive(Debug, Error)]
#[error("the writer's queue is full")]
pub struct QueueFull(pub Group);

/// Counts since the start, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriterStats {
    /// Groups made durable.
    pub groups: u64,
    /// Commits made durable.
    pub commits: u64,
    /// Bytes of their deltas.
    pub bytes: u64,
    /// Batches, each one write and one sync.
    pub syncs: u64,
    /// How long each batch took to be written and synced.
    pub sync_times: Times,
    /// How long ago the last checkpoint began to count; since the start if none has.
    pub checkpoint_age: Duration,
    /// Groups that wait.
    pub queued_groups: usize,
    /// How many may.
    pub queue_groups: usize,
    /// Bytes that wait.
    pub queued_bytes: usize,
    /// How many may.
    pub queue_bytes: usize,
    /// Groups refused because the queue was full.
    pub refused: u64,
    /// How the store is.
    pub health: Health,
}

/// Owns the writer's thread. Dropping it ends the thread as [`Writer::shutdown`] does.
#[derive(Debug)]
pub struct Writer {
    handle: WriterHandle,
    thread: Option<JoinHandle<()>>,
}

/// Hands groups to the writer; one for each shard.
#[derive(Debug, Clone)]
pub struct WriterHandle {
    shared: Arc<Shared>,
}

impl Writer {
    /// Starts the thread. The store has been recovered, and the first group continues it.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn spawn(
        store: Box<dyn Store>,
        options: WriterOptions,
        on_event: Box<dyn Fn(WriterEvent) + Send>,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::new(options, store.health()));
        let handle = WriterHandle {
            shared: Arc::clone(&shared),
        };
        let thread = thread::Builder::new()
            .name("writer".into())
            .spawn(move || run(store, &shared, &*on_event))?;
        Ok(Self {
            handle,
            thread: Some(thread),
        })
    }

    /// A handle for a shard.
    #[must_use]
    pub fn handle(&self) -> WriterHandle {
        self.handle.clone()
    }

    /// Makes durable what was submitted, closes the store and ends the thread.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.handle.shared.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer's thread panicked");
        }
    }
}

impl WriterHandle {
    /// Hands over a group, which somebody waits for if it is strict; never waits.
    ///
    /// # Errors
    /// The queue is full or the writer has ended; the group comes back.
    pub fn submit(&self, group: Group) -> Result<(), QueueFull> {
        let awaited = group.strict();
        self.shared.submit(group, awaited)
    }

    /// As [`submit`](Self::submit), for a group that nobody waits for, of whatever class: it may take `relaxed_delay`.
    ///
    /// # Errors
    /// As for [`submit`](Self::submit).
    pub fn defer(&self, group: Group) -> Result<(), QueueFull> {
        self.shared.submit(group, false)
    }

    /// Somebody has come to wait for what was deferred.
    pub fn hurry(&self) {
        self.shared.hurry();
    }

    /// The last durable commit.
    #[must_use]
    pub fn durable(&self) -> Seq {
        self.shared.durable()
    }

    /// A buffer that a written group has left behind, for `GroupBuilder::recycle`.
    #[must_use]
    pub fn spare(&self) -> Option<Vec<u8>> {
        self.shared.spare()
    }

    /// Has a backup made of what is durable, while commits go on; see [`Store::back_up`].
    pub fn back_up(&self, backup: Backup) {
        self.shared.back_up(backup);
    }

    /// Counts and the store's health.
    #[must_use]
    pub fn stats(&self) -> WriterStats {
        self.shared.stats()
    }
}

/// The thread: serves until it is closed or the store fails.
fn run(mut store: Box<dyn Store>, shared: &Shared, on_event: &dyn Fn(WriterEvent)) {
    let served = catch_unwind(AssertUnwindSafe(|| serve(&mut *store, shared, on_event)));
    let error = match served {
        Ok(Ok(())) => match store.close() {
            Ok(()) => return,
            Err(error) => error,
        },
        Ok(Err(error)) => {
            // The destructor of a failed database may never return; the process is about to end.
            std::mem::forget(store);
            error
        }
        Err(_) => {
            std::mem::forget(store);
            StoreError::Panicked
        }
    };
    shared.fail();
    tracing::error!(%error, code = error.code(), "the store has failed");
    on_event(WriterEvent::Fatal(error));
}

fn serve(
    store: &mut dyn Store,
    shared: &Shared,
    on_event: &dyn Fn(WriterEvent),
) -> Result<(), StoreError> {
    let mut low_space = false;
    let mut batch = Vec::new();
    loop {
        let tended = store.tend()?;
        let health = store.health();
        shared.set_health(health);
        if health.low_space != low_space {
            low_space = health.low_space;
            on_event(WriterEvent::LowSpace(low_space));
        }
        let tend_at = tended.again.map(|rest| Instant::now() + rest);
        let due = shared.collect(tend_at, &mut batch);
        if !batch.is_empty() {
            for group in &batch {
                store.append(group)?;
            }
            let durable = store.sync()?;
            shared.written(durable, store.health().last_sync, &mut batch);
            on_event(WriterEvent::Durable(durable));
        }
        if let Some(backup) = shared.wanted() {
            store.back_up(backup);
        }
        if due == Due::Close {
            return Ok(());
        }
    }
}
