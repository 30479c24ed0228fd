//! What shards and the writer's thread share: the groups that wait, and what has become of them.

use super::company::Company;
use super::{QueueFull, WriterOptions, WriterStats};
use std::collections::VecDeque;
#[expect(
    clippy::disallowed_types,
    reason = "between threads, outside the core; held for a few instructions"
)]
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use strowger_journal::{Backup, Group, Health, Seq, Unsaved};

/// Buffers kept for shards to use again.
const SPARE: usize = 4;
/// Largest buffer that is kept.
const SPARE_BYTES: usize = 1024 * 1024;

#[derive(Debug)]
pub(super) struct Shared {
    options: WriterOptions,
    #[expect(clippy::disallowed_types, reason = "see the import")]
    queue: Mutex<Queue>,
    wake: Condvar,
    durable: AtomicU64,
}

#[derive(Debug)]
struct Queue {
    groups: VecDeque<Waiting>,
    bytes: usize,
    /// Since when somebody waits for a group that is here.
    first_awaited: Option<Instant>,
    company: Company,
    /// The writer sleeps until something comes; otherwise it looks by itself.
    idle: bool,
    closed: bool,
    failed: bool,
    spare: Vec<Vec<u8>>,
    /// A backup that the store has not been told of.
    backup: Option<Backup>,
    stats: WriterStats,
    /// When the last checkpoint began to count.
    checkpoint_at: Instant,
}

/// A group that waits.
#[derive(Debug)]
struct Waiting {
    came: Instant,
    /// Since when somebody waits for it.
    awaited: Option<Instant>,
    group: Group,
}

/// Why `collect` came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// A batch is there, or it is time to tend the store.
    Work,
    /// The last batch is there.
    Close,
}

impl Shared {
    pub(super) fn new(options: WriterOptions, health: Health) -> Self {
        let stats = WriterStats {
            queue_groups: options.queue_groups,
            queue_bytes: options.queue_bytes,
            health,
            ..WriterStats::default()
        };
        Self {
            options,
            queue: Queue {
                groups: VecDeque::new(),
                bytes: 0,
                first_awaited: None,
                company: Company::default(),
                idle: false,
                closed: false,
                failed: false,
                spare: Vec::new(),
                backup: None,
                stats,
                checkpoint_at: Instant::now(),
            }
            .into(),
            wake: Condvar::new(),
            durable: AtomicU64::new(health.durable.0),
        }
    }

    pub(super) fn submit(&self, group: Group, awaited: bool) -> Result<(), QueueFull> {
        let mut queue = self.lock();
        let bytes = group.bytes().len();
        let full = queue.groups.len() >= self.options.queue_groups
            || (!queue.groups.is_empty() && queue.bytes + bytes > self.options.queue_bytes);
        if full || queue.closed || queue.failed {
            queue.stats.refused += 1;
            return Err(QueueFull(group));
        }
        let now = Instant::now();
        let was_closing = queue.close_at(&self.options);
        if awaited {
            queue.first_awaited.get_or_insert(now);
            queue.company.came(now);
        }
        let was_large = queue.bytes >= self.options.batch_bytes;
        queue.bytes += bytes;
        queue.groups.push_back(Waiting {
            came: now,
            awaited: awaited.then_some(now),
            group,
        });
        let sooner = queue.close_at(&self.options) != was_closing;
        let large = !was_large && queue.bytes >= self.options.batch_bytes;
        let wake = queue.idle && (sooner || large);
        drop(queue);
        if wake {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Somebody waits for what is there.
    pub(super) fn hurry(&self) {
        let mut queue = self.lock();
        let now = Instant::now();
        let before = queue.close_at(&self.options);
        let Some(last) = queue.groups.back_mut() else {
            return;
        };
        last.awaited.get_or_insert(now);
        queue.first_awaited.get_or_insert(now);
        queue.company.came(now);
        let wake = queue.idle && queue.close_at(&self.options) != before;
        drop(queue);
        if wake {
            self.wake.notify_one();
        }
    }

    /// Waits for a batch, for the time to tend the store, or for the end; moves what is due to `batch`.
    pub(super) fn collect(&self, tend_at: Option<Instant>, batch: &mut Vec<Group>) -> Due {
        let mut queue = self.lock();
        loop {
            if queue.closed {
                batch.extend(queue.groups.drain(..).map(|waiting| waiting.group));
                return Due::Close;
            }
            let now = Instant::now();
            let close_at = queue.close_at(&self.options);
            if close_at.is_some_and(|at| at <= now) || queue.bytes >= self.options.batch_bytes {
                queue.take(self.options.batch_bytes, batch);
                return Due::Work;
            }
            if queue.backup.is_some() || tend_at.is_some_and(|at| at <= now) {
                return Due::Work;
            }
            queue.idle = true;
            queue = match close_at.into_iter().chain(tend_at).min() {
                None => self
                    .wake
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(at) => {
                    let waited = self
                        .wake
                        .wait_timeout(queue, at.saturating_duration_since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            queue.idle = false;
        }
    }

    /// Publishes that a batch is durable, which took so long, and keeps its buffers for shards.
    pub(super) fn written(&self, durable: Seq, took: Duration, batch: &mut Vec<Group>) {
        self.durable.store(durable.0, Ordering::Release);
        let now = Instant::now();
        let mut queue = self.lock();
        let more = queue.first_awaited.is_some();
        queue.company.written(now, more);
        queue.stats.syncs += 1;
        queue.stats.sync_times.add(took);
        for group in batch.drain(..) {
            queue.stats.groups += 1;
            queue.stats.commits += group.last().0 + 1 - group.first().0;
            queue.stats.bytes += group.bytes().len() as u64;
            let buffer = Vec::from(group);
            if queue.spare.len() < SPARE && buffer.capacity() <= SPARE_BYTES {
                queue.spare.push(buffer);
            }
        }
    }

    pub(super) fn durable(&self) -> Seq {
        Seq(self.durable.load(Ordering::Acquire))
    }

    pub(super) fn spare(&self) -> Option<Vec<u8>> {
        self.lock().spare.pop()
    }

    pub(super) fn set_health(&self, health: Health) {
        let mut queue = self.lock();
        if health.checkpoint != queue.stats.health.checkpoint {
            queue.checkpoint_at = Instant::now();
        }
        queue.stats.health = health;
    }

    pub(super) fn stats(&self) -> WriterStats {
        let queue = self.lock();
        WriterStats {
            queued_groups: queue.groups.len(),
            queued_bytes: queue.bytes,
            checkpoint_age: queue.checkpoint_at.elapsed(),
            ..queue.stats
        }
    }

    /// Has the store make a backup.
    pub(super) fn back_up(&self, backup: Backup) {
        let mut queue = self.lock();
        let refused = match (queue.closed || queue.failed, queue.backup.is_some()) {
            (true, _) => Unsaved::Ended,
            (_, true) => Unsaved::Busy,
            (false, false) => {
                queue.backup = Some(backup);
                drop(queue);
                return self.wake.notify_one();
            }
        };
        drop(queue);
        (backup.done)(Err(refused));
    }

    /// The backup that is to be made.
    pub(super) fn wanted(&self) -> Option<Backup> {
        self.lock().backup.take()
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    pub(super) fn fail(&self) {
        let mut queue = self.lock();
        queue.failed = true;
        let backup = queue.backup.take();
        drop(queue);
        if let Some(backup) = backup {
            (backup.done)(Err(Unsaved::Ended));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// When the batch that collects is to be written.
    fn close_at(&self, options: &WriterOptions) -> Option<Instant> {
        let patience = self.company.patience(options.group_delay);
        let awaited = self.first_awaited.map(|at| at + patience);
        let any = self
            .groups
            .front()
            .map(|waiting| waiting.came + options.relaxed_delay);
        awaited.into_iter().chain(any).min()
    }

    /// Moves groups out up to the size of a batch, at least one.
    fn take(&mut self, most: usize, batch: &mut Vec<Group>) {
        let mut taken = 0;
        while let Some(next) = self.groups.front().map(|w| w.group.bytes().len())
            && (taken == 0 || taken + next <= most)
            && let Some(waiting) = self.groups.pop_front()
        {
            taken += next;
            batch.push(waiting.group);
        }
        self.bytes -= taken;
        self.first_awaited = self.groups.iter().find_map(|waiting| waiting.awaited);
    }
}
