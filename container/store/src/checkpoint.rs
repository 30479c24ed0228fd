//! Making one checkpoint: a window of the journal is merged by key and applied to the base in small slices.
//!
//! It runs on a thread of its own that owns the base meanwhile, so a slow disk or a slow table never holds up a commit.

use crate::base::Base;
use crate::segment::Segment;
use crate::window::Window;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use strowger_journal::{Seq, StoreError};

/// Records applied at once.
const SLICE: usize = 128;
/// Longest rest between two slices.
const REST: Duration = Duration::from_millis(20);
/// How often a checkpoint that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(1);
/// How long it is waited for.
const GIVE_UP: Duration = Duration::from_secs(300);

/// A checkpoint under way.
#[derive(Debug)]
pub(crate) struct Job<B> {
    thread: JoinHandle<(B, Result<Outcome, StoreError>)>,
    hurry: Arc<AtomicBool>,
    pub(crate) started: Instant,
}

/// How a checkpoint ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// The last commit in it.
    pub(crate) upto: Seq,
    /// Whether segments may be dropped on its account.
    pub(crate) counts: bool,
    pub(crate) records: usize,
}

/// What a checkpoint covers.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) segments: Vec<Segment>,
    /// The last commit of the checkpoint before.
    pub(crate) after: Seq,
    /// The last commit of which the base may hold traces that do not count.
    pub(crate) applied: Seq,
}

impl<B: Base> Job<B> {
    pub(crate) fn start(mut base: B, plan: Plan, tidy: Option<fn()>) -> Result<Self, StoreError> {
        let hurry = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&hurry);
        let thread = thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || {
                let outcome = run(&mut base, &plan, &seen);
                if let Some(tidy) = tidy {
                    tidy();
                }
                (base, outcome)
            })
            .map_err(|source| StoreError::Io {
                operation: "start a thread for",
                path: "checkpoint".into(),
                source,
            })?;
        Ok(Self {
            thread,
            hurry,
            started: Instant::now(),
        })
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Lets it go on without rests.
    pub(crate) fn hurry(&self) {
        self.hurry.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
    }

    /// Waits for its end and gives the base back. One that does not end is left behind: on a disk that filled up under it,
    /// sled may wait for ever.
    pub(crate) fn finish(self) -> Result<(B, Outcome), StoreError> {
        self.hurry();
        let begun = Instant::now();
        while !self.is_finished() {
            if begun.elapsed() > GIVE_UP {
                return Err(StoreError::Checkpoint {
                    operation: "come to its end",
                    path: "checkpoint".into(),
                    detail: format!("nothing in {} s", GIVE_UP.as_secs()).into(),
                });
            }
            thread::park_timeout(LOOK);
        }
        let (base, outcome) = self.thread.join().map_err(|_| StoreError::Panicked)?;
        match outcome {
            Ok(outcome) => Ok((base, outcome)),
            Err(error) => {
                // A table that failed to write may never return from its destructor.
                std::mem::forget(base);
                Err(error)
            }
        }
    }
}

fn run<B: Base>(base: &mut B, plan: &Plan, hurry: &AtomicBool) -> Result<Outcome, StoreError> {
    let window = Window::read(plan.segments.iter(), plan.after, plan.applied)?;
    let mut value = Vec::new();
    let mut begun = Instant::now();
    let mut records = 0;
    for change in window.changes() {
        match change.value {
            Some(place) => {
                window.value(place, &mut value)?;
                base.put(change.key, &value, change.fresh)?;
            }
            None => base.remove(change.key)?,
        }
        records += 1;
        if records % SLICE == 0 {
            base.apply()?;
            if !hurry.load(Ordering::Relaxed) {
                thread::park_timeout(begun.elapsed().min(REST));
            }
            begun = Instant::now();
        }
    }
    base.apply()?;
    let counts = base.commit(window.last())?;
    Ok(Outcome {
        upto: window.last(),
        counts,
        records,
    })
}
