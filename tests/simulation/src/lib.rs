//! Whole runs of a shard with its services under one seed, with everything going wrong that can.
//!
//! A run is the real kernel, the real SIP stack and real services in the test kit's node: virtual time, a network and a disk that
//! can do everything that is bad, peers that do as they like. After every step it is checked what must hold whatever happens;
//! in the end everybody hangs up, and nothing may be left. All of it comes from the seed, so a finding can be seen again:
//! docs/simulation.md says how.
//!
//! It is no second test kit: whatever a test of one thing could use as well belongs there.
#![forbid(unsafe_code)]

mod audit;
mod deeds;
mod dice;
mod finding;
mod leaving;
mod ledger;
mod line;
mod phone;
mod run;
mod sabotage;
mod setting;
mod texts;

pub use audit::Holdings;
pub use finding::Finding;
pub use sabotage::{Flaw, Sabotage};

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

use crate::run::{Checked, Run};

/// Steps of a run, and as many more at most.
const STEPS: u64 = 25;

/// What a run was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Steps, without the end.
    pub steps: u32,
    /// Calls.
    pub calls: usize,
    /// Processes.
    pub processes: u32,
    /// Everything that was sent.
    pub ladder: String,
}

/// Runs a seed, with something wrong on purpose if one asks for it.
///
/// # Errors
/// What was found.
pub fn run(seed: u64, sabotage: Option<Sabotage>) -> Result<Summary, Finding> {
    let mut step = 0;
    let mut made = None;
    let played = catch_unwind(AssertUnwindSafe(|| {
        play(made.insert(Run::new(seed, sabotage)), &mut step)
    }));
    let found = match played {
        Ok(Ok(())) => None,
        Ok(Err(what)) => Some(what),
        Err(panic) => {
            let place = PANICKED.take().unwrap_or_default();
            Some(format!("panic: {}{place}", first_line(&*panic)))
        }
    };
    let ladder = made.as_ref().map(|run| run.kit.ladder().to_string());
    let ladder = ladder.unwrap_or_default();
    match (found, made) {
        (None, Some(run)) => Ok(Summary {
            steps: step,
            calls: run.lines.len(),
            processes: run.processes(),
            ladder,
        }),
        (found, _) => Err(Finding {
            seed,
            step,
            what: found.unwrap_or_default(),
            ladder,
        }),
    }
}

thread_local! {
    /// Where the last panic was.
    static PANICKED: Cell<Option<String>> = const { Cell::new(None) };
}

/// A hook for panics that prints nothing: a finding says where the one was that ended its run.
pub fn note_panic(panic: &PanicHookInfo<'_>) {
    PANICKED.set(panic.location().map(|place| format!(" at {place}")));
}

fn play(run: &mut Run, step: &mut u32) -> Checked {
    let steps = STEPS + run.dice.up_to(STEPS);
    for _ in 0..steps {
        *step += 1;
        run.deed()?;
    }
    *step += 1;
    run.end()
}

fn first_line(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.and_then(|text| text.lines().next())
        .unwrap_or("of an unknown kind")
        .to_owned()
}
