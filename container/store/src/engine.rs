//! The store of a node: the journal, the base that holds its checkpoints, and the upkeep between them.

use crate::StoreOptions;
use crate::base::Base;
use crate::checkpoint::{Job, Outcome, Plan};
use crate::disk::{Disk, SystemDisk};
use crate::doubt;
use crate::home::{FORMAT, Home};
use crate::journal::Journal;
use crate::overlay::overlay;
use crate::saving;
use crate::segment::{Segment, io_error};
use crate::window::Window;
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use strowger_journal::{
    Backup, Group, Health, Record, Recovered, Seq, Store, StoreError, Tended, Unsaved,
};

/// How often a checkpoint under way is looked after.
const FOLLOW: Duration = Duration::from_millis(50);
/// How often free space is looked at where nothing is written: whoever fills the disk, or makes room, may be another. While
/// space is low new work is refused, so nothing of ours would look.
const SPACE_SEEN: Duration = Duration::from_secs(5);
const LOW_SPACE_SEEN: Duration = Duration::from_millis(250);
/// A checkpoint that takes this long is reported.
const STALLED: Duration = Duration::from_secs(60);
/// Free space beyond the window's own bytes without which no checkpoint is begun: on a full disk sled hangs.
const CHECKPOINT_ROOM: u64 = 16 * 1024 * 1024;

/// Journal files with checkpoints in a [`Base`]. See the crate.
#[derive(Debug)]
pub struct JournalStore<B: Base> {
    options: StoreOptions,
    disk: Arc<dyn Disk>,
    journal: Journal,
    /// Away while a checkpoint or a backup is under way.
    base: Option<B>,
    job: Option<Job<B>>,
    /// A backup that begins when the base is there.
    wanted: Option<Backup>,
    saving: Option<saving::Job<B>>,
    covered: Seq,
    /// The checkpoint before the last one: segments up to here are covered twice.
    covered_twice: Seq,
    /// The last commit of which the base may hold traces that do not count.
    applied: Seq,
    /// Journal bytes that no checkpoint covers.
    uncovered_bytes: u64,
    last_checkpoint: Instant,
    /// When free space was looked at.
    space_seen: Option<Instant>,
    /// Checkpoints to make as soon as possible, because space is short.
    urgent: u8,
    stall_reported: bool,
    reserved: bool,
    /// Called at the end of a checkpoint, on its thread.
    tidy: Option<fn()>,
    health: Health,
    /// The last field, so that the lock goes last.
    home: Home,
}

impl<B: Base> JournalStore<B> {
    /// Opens the store in `dir`, or creates one there.
    ///
    /// # Errors
    /// It is in use, damaged, of an unknown format, or the disk fails or is full.
    pub fn open(dir: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        Self::open_on(dir, options, Arc::new(SystemDisk))
    }

    /// As [`JournalStore::open`], on a disk of the caller's: for tests of failures.
    ///
    /// # Errors
    /// As for [`JournalStore::open`].
    pub fn open_on(
        dir: &Path,
        options: &StoreOptions,
        disk: Arc<dyn Disk>,
    ) -> Result<Self, StoreError> {
        let home = Home::open(dir, &*disk)?;
        doubt::settle(&home, &*disk)?;
        let mut reserved = home.reserve().exists();
        if reserved && free_bytes(&home, &*disk)? < options.reserve_bytes {
            // Neither the database nor a segment can be opened on a full disk.
            reserved = release_reserve(&home, &*disk)?;
        }
        // The journal goes on in a new segment, and the database may hang where it finds no space.
        if free_bytes(&home, &*disk)? < options.segment_bytes {
            return Err(StoreError::Full {
                path: home.journal(),
            });
        }
        let base = B::open(&home.checkpoint(), options)?;
        let (covered, checkpoint_bytes) = (base.covered(), base.bytes());
        let journal = Journal::open(
            home.journal(),
            Arc::clone(&disk),
            options.segment_bytes,
            covered,
        )?;
        let uncovered_bytes = journal
            .segments_after(covered)
            .map(|segment| segment.end)
            .sum();
        let mut store = Self {
            options: *options,
            applied: journal.durable(),
            disk,
            journal,
            base: Some(base),
            job: None,
            wanted: None,
            saving: None,
            covered,
            covered_twice: Seq::NONE,
            uncovered_bytes,
            last_checkpoint: Instant::now(),
            space_seen: None,
            urgent: 0,
            stall_reported: false,
            reserved,
            tidy: None,
            health: Health {
                checkpoint_bytes,
                ..Health::default()
            },
            home,
        };
        store.watch_space()?;
        Ok(store)
    }

    /// Has the memory that a checkpoint took given back at its end: `tidy` is called on the thread that made it.
    #[must_use]
    pub fn tidied_by(mut self, tidy: Option<fn()>) -> Self {
        self.tidy = tidy;
        self
    }

    fn start_checkpoint(&mut self) -> Result<(), StoreError> {
        let segments = self.window_segments();
        let bytes: u64 = segments.iter().map(|segment| segment.end).sum();
        if self.health.free_bytes < bytes.min(2 * self.options.checkpoint_bytes) + CHECKPOINT_ROOM {
            if self.uncovered_bytes > 0 {
                tracing::warn!(
                    free = self.health.free_bytes,
                    "no room for a checkpoint; the journal is kept"
                );
            }
            self.last_checkpoint = Instant::now();
            self.urgent = 0;
            return Ok(());
        }
        if let Some(base) = self.base.take() {
            self.uncovered_bytes = 0;
            let plan = Plan {
                segments,
                after: self.covered,
                applied: self.applied,
            };
            self.job = Some(Job::start(base, plan, self.tidy)?);
        }
        Ok(())
    }

    /// The segments of the next checkpoint: those after the last one, up to a bound on the memory that merging takes.
    fn window_segments(&self) -> Vec<Segment> {
        let mut bytes = 0;
        let within = self
            .journal
            .segments_after(self.covered)
            .take_while(|segment| {
                let room = bytes < 2 * self.options.checkpoint_bytes;
                bytes += segment.end;
                room
            });
        within.cloned().collect()
    }

    /// Takes the base back from a checkpoint, waiting for it, and drops the segments that two checkpoints cover.
    fn finish_checkpoint(&mut self) -> Result<(), StoreError> {
        let Some(job) = self.job.take() else {
            return Ok(());
        };
        let (
            elapsed,
            (
                base,
                Outcome {
                    upto,
                    counts,
                    records,
                },
            ),
        ) = (job.started.elapsed(), job.finish()?);
        self.health.checkpoint_bytes = base.bytes();
        self.health.checkpoint_time = elapsed;
        self.base = Some(base);
        self.last_checkpoint = Instant::now();
        self.stall_reported = false;
        if !counts {
            self.applied = self.applied.max(upto);
            return Ok(());
        }
        self.covered_twice = self.covered;
        self.covered = upto;
        self.health.checkpoint = upto;
        self.urgent = self.urgent.saturating_sub(1);
        self.journal.drop_covered(self.covered_twice)?;
        tracing::debug!(%upto, records, ms = elapsed.as_millis() as u64, "checkpoint");
        Ok(())
    }

    /// Begins the backup that is wanted, from the commits that are durable by now.
    fn start_backup(&mut self, backup: Backup) -> Result<(), StoreError> {
        if self.health.low_space {
            (backup.done)(Err(Unsaved::LowSpace));
            return Ok(());
        }
        let Some(base) = self.base.take() else {
            self.wanted = Some(backup);
            return Ok(());
        };
        let plan = saving::Plan {
            segments: self.journal.segments_after(self.covered).cloned().collect(),
            covered: self.covered,
            dir: self.home.checkpoint(),
        };
        self.saving = Some(saving::Job::start(base, plan, backup)?);
        Ok(())
    }

    /// Takes the base back from a backup, which is given up if it has not ended.
    fn finish_backup(&mut self) -> Result<(), StoreError> {
        if let Some(backup) = self.wanted.take() {
            (backup.done)(Err(Unsaved::Ended));
        }
        if let Some(saving) = self.saving.take() {
            self.base = Some(saving.finish()?);
        }
        Ok(())
    }

    /// Looks after a backup; whether one is under way or wanted.
    fn tend_backup(&mut self) -> Result<bool, StoreError> {
        if let Some(saving) = self.saving.take_if(|saving| saving.is_finished()) {
            self.base = Some(saving.finish()?);
        }
        if let Some(saving) = &self.saving {
            if self.health.low_space {
                saving.give_up();
            }
            return Ok(true);
        }
        if self.job.is_none()
            && let Some(backup) = self.wanted.take()
        {
            self.start_backup(backup)?;
        }
        Ok(self.saving.is_some() || self.wanted.is_some())
    }

    /// Looks at free space, if it is time to; keeps, gives up or restores the reserve.
    fn watch_space(&mut self) -> Result<(), StoreError> {
        let now = Instant::now();
        let seen = |seen| now.saturating_duration_since(seen) < self.options.space_interval;
        if self.space_seen.is_some_and(seen) {
            return Ok(());
        }
        self.space_seen = Some(now);
        let (low, reserve) = (self.options.low_water_bytes, self.options.reserve_bytes);
        let free = free_bytes(&self.home, &*self.disk)?;
        let clear = low.saturating_add(low / 8);
        self.health.low_space = free < if self.health.low_space { clear } else { low };
        self.health.free_bytes = free;
        if self.reserved && free < reserve {
            self.reserved = release_reserve(&self.home, &*self.disk)?;
            // Two checkpoints free the journal; only sealed segments can go.
            self.urgent = 2;
            self.journal.seal()?;
        } else if !self.reserved
            && reserve > 0
            && free > clear.saturating_add(reserve.saturating_mul(2))
        {
            let path = self.home.reserve();
            self.reserved = self.disk.create(&path, reserve).is_ok();
        }
        Ok(())
    }

    /// Begins and ends checkpoints and backups, each in its time.
    fn look_after(&mut self) -> Result<Tended, StoreError> {
        self.watch_space()?;
        if let Some(job) = &self.job {
            let behind = self.uncovered_bytes > self.options.checkpoint_bytes;
            if self.urgent > 0 || behind || self.wanted.is_some() {
                job.hurry();
            }
            if !job.is_finished() {
                if job.started.elapsed() > STALLED && !self.stall_reported {
                    self.stall_reported = true;
                    tracing::error!(
                        seconds = STALLED.as_secs(),
                        "a checkpoint does not come to its end; the journal grows"
                    );
                }
                return Ok(Tended {
                    again: Some(FOLLOW),
                });
            }
            self.finish_checkpoint()?;
        }
        if self.tend_backup()? {
            return Ok(Tended {
                again: Some(FOLLOW),
            });
        }
        let changed = self.journal.durable() > self.covered;
        let rest = self
            .options
            .checkpoint_interval
            .saturating_sub(self.last_checkpoint.elapsed());
        let large = self.uncovered_bytes >= self.options.checkpoint_bytes;
        if self.urgent > 0 || (changed && (rest.is_zero() || large)) {
            self.start_checkpoint()?;
            return Ok(Tended {
                again: Some(FOLLOW),
            });
        }
        let look = match self.health.low_space {
            true => LOW_SPACE_SEEN,
            false => SPACE_SEEN,
        };
        let rest = if changed { rest } else { look };
        Ok(Tended {
            again: Some(rest.min(look)),
        })
    }

    /// Waits for a checkpoint under way, if any.
    fn settled_base(&mut self) -> Result<&B, StoreError> {
        self.finish_checkpoint()?;
        self.finish_backup()?;
        self.base.as_ref().ok_or(StoreError::Panicked)
    }
}

impl<B: Base + Debug> Store for JournalStore<B> {
    fn append(&mut self, group: &Group) -> Result<(), StoreError> {
        self.journal.append(group)
    }

    fn sync(&mut self) -> Result<Seq, StoreError> {
        let begun = Instant::now();
        let written = self.journal.sync();
        let written = written.inspect_err(|_| doubt::begin(&self.home))?;
        if written > 0 {
            self.health.last_sync = begun.elapsed();
            self.uncovered_bytes += written;
        }
        Ok(self.journal.durable())
    }

    fn tend(&mut self) -> Result<Tended, StoreError> {
        self.look_after().inspect_err(|_| doubt::begin(&self.home))
    }

    fn checkpoint(&mut self) -> Result<Seq, StoreError> {
        self.finish_checkpoint()?;
        self.finish_backup()?;
        loop {
            let before = self.covered;
            self.start_checkpoint()?;
            self.finish_checkpoint()?;
            if self.covered == before || self.covered >= self.journal.durable() {
                return Ok(self.covered);
            }
        }
    }

    fn recover(&mut self, sink: &mut dyn FnMut(Record<'_>)) -> Result<Recovered, StoreError> {
        self.journal.sync()?;
        self.settled_base()?;
        let window = Window::read(
            self.journal.segments_after(self.covered),
            self.covered,
            Seq(u64::MAX),
        )?;
        if window.last() != self.journal.durable() {
            return Err(StoreError::Gap {
                checkpoint: window.last(),
                journal: self.journal.durable(),
            });
        }
        let dir = self.home.checkpoint();
        let mut records = 0;
        let base = self.base.as_ref().ok_or(StoreError::Panicked)?;
        overlay(base, &window, &dir, &mut |record| {
            records += 1;
            sink(record);
            Ok(())
        })?;
        Ok(Recovered {
            last_seq: window.last(),
            records,
            replayed: window.commits(),
            format: FORMAT,
        })
    }

    fn back_up(&mut self, backup: Backup) {
        if self.wanted.is_some() || self.saving.is_some() {
            return (backup.done)(Err(Unsaved::Busy));
        }
        self.wanted = Some(backup);
    }

    fn health(&self) -> Health {
        Health {
            durable: self.journal.durable(),
            checkpoint: self.covered,
            journal_bytes: self.journal.bytes(),
            ..self.health
        }
    }

    fn close(mut self: Box<Self>) -> Result<(), StoreError> {
        self.sync()?;
        self.checkpoint()
            .map(drop)
            .inspect_err(|_| doubt::begin(&self.home))
    }
}

impl<B: Base> Drop for JournalStore<B> {
    /// A checkpoint or a backup under way ends before the lock is given up.
    fn drop(&mut self) {
        if let Err(error) = self.finish_checkpoint() {
            tracing::error!(%error, "the last checkpoint failed");
        }
        if let Err(error) = self.finish_backup() {
            tracing::error!(%error, "the last backup failed");
        }
    }
}

fn free_bytes(home: &Home, disk: &dyn Disk) -> Result<u64, StoreError> {
    disk.free_bytes(home.dir())
        .map_err(|e| io_error("inspect", home.dir(), e))
}

/// Gives the reserve's space back to the disk; the answer is that there is none any more.
fn release_reserve(home: &Home, disk: &dyn Disk) -> Result<bool, StoreError> {
    let path = home.reserve();
    tracing::warn!(path = %path.display(), "the disk is nearly full; the reserve is given up");
    disk.remove(&path)
        .map_err(|e| io_error("remove", &path, e))?;
    Ok(false)
}
