//! What shards and the writer's thread share: the groups that wait, and what has become of them.

use super::pace::Pace;
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

/// So many commits are not held for others to join: what the sync costs each of them is little already.
const ENOUGH: u64 = 32;
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
    /// How many commits somebody waits for.
    awaited: u64,
    pace: Pace,
    sleep: Sleep,
    closed: bool,
    failed: bool,
    spare: Vec<Vec<u8>>,
    /// A backup that the store has not been told of.
    backup: Option<Backup>,
    stats: WriterStats,
    /// When the last checkpoint began to count.
    checkpoint_at: Instant,
}

/// Whether the writer must be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sleep {
    /// It works, and looks by itself.
    Awake,
    /// It looks at this time; without one when it is woken.
    Until(Option<Instant>),
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
                awaited: 0,
                pace: Pace::new(options.group_delay),
                sleep: Sleep::Awake,
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
        if awaited {
            queue.first_awaited.get_or_insert(now);
            queue.awaited += commits(&group);
            queue.pace.came(now);
        }
        queue.bytes += bytes;
        queue.groups.push_back(Waiting {
            came: now,
            awaited: awaited.then_some(now),
            group,
        });
        let wake = queue.oversleeps(&self.options);
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
        let Some(last) = queue.groups.back_mut() else {
            return;
        };
        if last.awaited.is_none() {
            last.awaited = Some(now);
            let commits = commits(&last.group);
            queue.awaited += commits;
        }
        queue.first_awaited.get_or_insert(now);
        queue.pace.came(now);
        let wake = queue.oversleeps(&self.options);
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
            if close_at.is_some_and(|at| at <= now) {
                queue.take(self.options.batch_bytes, batch);
                return Due::Work;
            }
            if queue.backup.is_some() || tend_at.is_some_and(|at| at <= now) {
                return Due::Work;
            }
            // A batch that will be held needs no waking when it begins.
            let begins = queue.pace.held_until().filter(|at| *at > now);
            let until = close_at.or(begins).into_iter().chain(tend_at).min();
            queue.sleep = Sleep::Until(until);
            queue = match until {
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
            queue.sleep = Sleep::Awake;
        }
    }

    /// Publishes that a batch is durable, which took so long, and keeps its buffers for shards.
    pub(super) fn written(&self, durable: Seq, took: Duration, batch: &mut Vec<Group>) {
        self.durable.store(durable.0, Ordering::Release);
        let now = Instant::now();
        let mut queue = self.lock();
        let more = queue.first_awaited.is_some();
        queue.pace.written(now, more);
        queue.stats.syncs += 1;
        queue.stats.sync_times.add(took);
        for group in batch.drain(..) {
            queue.stats.groups += 1;
            queue.stats.commits += commits(&group);
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
        let first = self.groups.front()?.came;
        if self.bytes >= options.batch_bytes {
            return Some(first);
        }
        let held = self.pace.held_until().filter(|_| self.awaited < ENOUGH);
        let awaited = self
            .first_awaited
            .map(|at| held.map_or(at, |held| held.max(at)));
        awaited
            .into_iter()
            .chain([first + options.relaxed_delay])
            .min()
    }

    /// Whether the writer sleeps longer than it may and is to be woken, which is said once.
    fn oversleeps(&mut self, options: &WriterOptions) -> bool {
        let (Sleep::Until(until), Some(at)) = (self.sleep, self.close_at(options)) else {
            return false;
        };
        let oversleeps = until.is_none_or(|until| at < until);
        if oversleeps {
            self.sleep = Sleep::Awake;
        }
        oversleeps
    }

    /// Moves groups out up to the size of a batch, at least one.
    fn take(&mut self, most: usize, batch: &mut Vec<Group>) {
        let mut taken = 0;
        while let Some(next) = self.groups.front().map(|w| w.group.bytes().len())
            && (taken == 0 || taken + next <= most)
            && let Some(waiting) = self.groups.pop_front()
        {
            taken += next;
            if waiting.awaited.is_some() {
                self.awaited -= commits(&waiting.group);
            }
            batch.push(waiting.group);
        }
        self.bytes -= taken;
        self.first_awaited = self.groups.iter().find_map(|waiting| waiting.awaited);
    }
}

fn commits(group: &Group) -> u64 {
    group.last().0 + 1 - group.first().0
}
