//! Making one backup while commits go on: the checkpoint and the journal as they are when it begins.
//!
//! It runs on a thread of its own that owns the base meanwhile, as a checkpoint does: until it ends no checkpoint is made, so
//! that the journal keeps every segment it reads, and commits never wait. It rests as long as it works, and gives up when
//! space becomes short, for the store itself needs what is left.

use crate::base::Base;
use crate::overlay::overlay;
use crate::segment::Segment;
use crate::window::Window;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use strowger_journal::{BackedUp, Backup, Seq, StoreError, Unsaved, portable};

/// Records between two rests.
const SLICE: u64 = 128;
/// Longest rest.
const REST: Duration = Duration::from_millis(20);

/// What is to be done.
const GO_ON: u8 = 0;
const LOW_SPACE: u8 = 1;
const ENDED: u8 = 2;

/// A backup under way.
#[derive(Debug)]
pub(crate) struct Job<B> {
    thread: JoinHandle<B>,
    stop: Arc<AtomicU8>,
}

/// What it is made of.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) segments: Vec<Segment>,
    /// The last commit of the checkpoint.
    pub(crate) covered: Seq,
    /// Where the checkpoint lies, for messages.
    pub(crate) dir: PathBuf,
}

impl<B: Base> Job<B> {
    pub(crate) fn start(base: B, plan: Plan, backup: Backup) -> Result<Self, StoreError> {
        let stop = Arc::new(AtomicU8::new(GO_ON));
        let seen = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("store-backup".into())
            .spawn(move || {
                let Backup { mut out, done } = backup;
                let saved = run(&base, &plan, &mut *out, &seen);
                drop(out);
                done(saved.map_err(|error| match seen.load(Ordering::Relaxed) {
                    LOW_SPACE => Unsaved::LowSpace,
                    ENDED => Unsaved::Ended,
                    _ => Unsaved::Store(error),
                }));
                base
            })
            .map_err(|source| StoreError::Io {
                operation: "start a thread for",
                path: "backup".into(),
                source,
            })?;
        Ok(Self { thread, stop })
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Space has become short: it is given up.
    pub(crate) fn give_up(&self) {
        self.stop.store(LOW_SPACE, Ordering::Relaxed);
    }

    /// Ends it, unless it has ended, and gives the base back.
    pub(crate) fn finish(self) -> Result<B, StoreError> {
        if !self.is_finished() {
            self.stop.store(ENDED, Ordering::Relaxed);
            self.thread.thread().unpark();
        }
        self.thread.join().map_err(|_| StoreError::Panicked)
    }
}

fn run<B: Base>(
    base: &B,
    plan: &Plan,
    out: &mut dyn std::io::Write,
    stop: &AtomicU8,
) -> Result<BackedUp, StoreError> {
    let window = Window::read(plan.segments.iter(), plan.covered, Seq(u64::MAX))?;
    let (mut begun, mut count) = (Instant::now(), 0_u64);
    let records = portable::write(out, |put| {
        overlay(base, &window, &plan.dir, &mut |record| {
            put(record)?;
            count += 1;
            if count.is_multiple_of(SLICE) {
                if stop.load(Ordering::Relaxed) != GO_ON {
                    return Err(StoreError::Full {
                        path: plan.dir.clone(),
                    });
                }
                thread::park_timeout(begun.elapsed().min(REST));
                begun = Instant::now();
            }
            Ok(())
        })
    })?;
    Ok(BackedUp {
        records,
        durable: window.last(),
    })
}
