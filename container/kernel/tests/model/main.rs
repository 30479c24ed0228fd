//! The kernel against a naive reference model: both do the same random operations, and every handler call, every result
//! and the whole state after every step must be the same.
//!
//! `MODEL_FROM=1000 MODEL_SEEDS=20000 MODEL_STEPS=120 cargo test -p strowger-kernel --test model` looks longer and
//! elsewhere; `MODEL_SEED=7` repeats one case. A case that fails is made smaller before it is printed.
#![expect(clippy::unwrap_used, reason = "a failed test may panic anywhere")]
#![expect(clippy::expect_used, reason = "a failed test may panic anywhere")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each function cares for some operations"
)]

mod context;
mod deeds;
mod delivery;
mod exchange;
mod family;
mod model;
mod play;
mod record;
mod restart;
mod router;
mod script;
mod sut;
mod time;
mod toy;
mod trace;
mod world;

use model::Model;
use script::{Case, Dice, KINDS};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use sut::Sut;
use trace::{Line, Picture};

/// Where the two differ.
struct Difference {
    step: usize,
    text: String,
}

/// Runs a case in both worlds.
fn differ(case: &Rc<Case>, reached: &mut BTreeSet<String>) -> Option<Difference> {
    let mut sut = Sut::new(case);
    let mut model = Model::new(case);
    for (n, step) in case.steps.iter().enumerate() {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let (found, expected) = (sut.step(step), model.step(step));
            if let Some(fault) = record::with(|r| r.fault) {
                return Some(fault.to_owned());
            }
            reached.extend(found.iter().map(trace::sort));
            let picture = sut.picture();
            reached.insert(format!("slee {}", picture.slee));
            lines(&expected, &found).or_else(|| pictures(&model.world.picture(), &picture))
        }));
        let text = match outcome {
            Ok(text) => text,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                Some(format!("panic: {}", text.unwrap_or_default()))
            }
        };
        if let Some(text) = text {
            return Some(Difference { step: n, text });
        }
    }
    None
}

fn lines(expected: &[Line], found: &[Line]) -> Option<String> {
    if expected == found {
        return None;
    }
    let same = expected.iter().zip(found).take_while(|(e, f)| e == f);
    let at = same.count();
    let mut text = String::from("trace:\n");
    for line in &expected[at.saturating_sub(12)..at] {
        let _ = writeln!(text, "         {line:?}");
    }
    for line in expected[at..].iter().take(8) {
        let _ = writeln!(text, "  model  {line:?}");
    }
    for line in found[at..].iter().take(8) {
        let _ = writeln!(text, "  kernel {line:?}");
    }
    Some(text)
}

fn pictures(expected: &Picture, found: &Picture) -> Option<String> {
    (expected != found).then(|| {
        let (expected, found) = (format!("{expected:#?}"), format!("{found:#?}"));
        let mut text = String::from("state:\n");
        for (e, f) in expected.lines().zip(found.lines()) {
            if e != f {
                let _ = write!(text, "  model  {e}\n  kernel {f}\n");
                break;
            }
        }
        let _ = write!(text, "model: {expected}\nkernel: {found}\n");
        text
    })
}

/// Leaves out whatever can be left out while the case still fails.
fn shrink(case: Case, first: Difference) -> (Case, Difference) {
    let (mut best, mut why) = (case, first);
    best.steps.truncate(why.step + 1);
    let mut tries = 1000;
    loop {
        let mut smaller = false;
        let whole = best.clone();
        for candidate in candidates(&whole) {
            if tries == 0 {
                return (best, why);
            }
            tries -= 1;
            let nowhere = &mut BTreeSet::new();
            if let Some(difference) = differ(&Rc::new(candidate.clone()), nowhere) {
                best = candidate;
                best.steps.truncate(difference.step + 1);
                why = difference;
                smaller = true;
                break;
            }
        }
        if !smaller {
            return (best, why);
        }
    }
}

/// Smaller cases: without some steps, without a script, without one operation.
fn candidates(case: &Case) -> impl Iterator<Item = Case> + '_ {
    let steps = case.steps.len();
    let chunks = [16, 8, 4, 2, 1]
        .into_iter()
        .flat_map(move |size| (0..steps).step_by(size).map(move |at| (at, size)));
    let without_steps = chunks
        .filter(move |(_, size)| *size <= steps)
        .map(move |(at, size)| {
            let mut smaller = case.clone();
            smaller.steps.drain(at..(at + size).min(steps));
            smaller
        });
    let scripts = (0..case.programs.len() + KINDS).flat_map(|p| (0..6).map(move |k| (p, k)));
    let without_scripts = scripts.clone().filter_map(|place| {
        let mut smaller = case.clone();
        let script = script(&mut smaller, place)?;
        if script.is_empty() {
            return None;
        }
        script.clear();
        Some(smaller)
    });
    let without_ops = scripts.flat_map(|place| (0..6).map(move |op| (place, op)));
    let without_ops = without_ops.filter_map(|(place, op)| {
        let mut smaller = case.clone();
        let script = script(&mut smaller, place)?;
        if op >= script.len() {
            return None;
        }
        script.remove(op);
        Some(smaller)
    });
    let plainer_steps = (0..steps).filter_map(|at| {
        let mut smaller = case.clone();
        let step = &mut smaller.steps[at];
        step.budget.take()?;
        Some(smaller)
    });
    without_steps
        .chain(without_scripts)
        .chain(without_ops)
        .chain(plainer_steps)
}

fn script(case: &mut Case, (place, kind): (usize, usize)) -> Option<&mut Vec<script::Op>> {
    let programs = case.programs.len();
    if place < programs {
        case.programs[place].get_mut(kind)
    } else {
        case.hooks[place - programs].get_mut(kind)
    }
}

fn show(case: &Case) -> String {
    let mut text = format!("durable: {:?}\n", case.durable);
    for (n, program) in case.programs.iter().enumerate() {
        for (kind, ops) in program
            .iter()
            .enumerate()
            .filter(|(_, ops)| !ops.is_empty())
        {
            let _ = writeln!(text, "program {n} of kind {kind}: {ops:?}");
        }
    }
    let names = [
        "create",
        "remove",
        "exception",
        "rolled back",
        "end",
        "started",
    ];
    for (kind, hooks) in case.hooks.iter().enumerate() {
        for (name, ops) in names.iter().zip(hooks).filter(|(_, ops)| !ops.is_empty()) {
            let _ = writeln!(text, "{name} of kind {kind}: {ops:?}");
        }
    }
    for (n, step) in case.steps.iter().enumerate() {
        let _ = writeln!(text, "step {n}: {step:?}");
    }
    text
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to look is for whoever runs the test"
)]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn the_kernel_does_what_the_model_does() {
    let steps = number("MODEL_STEPS").unwrap_or(60) as usize;
    let seeds = match number("MODEL_SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let from = number("MODEL_FROM").unwrap_or(0);
            from..from + number("MODEL_SEEDS").unwrap_or(300)
        }
    };
    let mut reached = BTreeSet::new();
    // Handlers fail on purpose; only the case that fails in the end is to be printed.
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for seed in seeds {
        let case = Dice::new(seed).case(steps);
        if let Some(difference) = differ(&Rc::new(case.clone()), &mut reached) {
            let (case, why) = shrink(case, difference);
            std::panic::set_hook(loud);
            panic!(
                "seed {seed}, step {}:\n{}\n{}",
                why.step,
                show(&case),
                why.text
            );
        }
    }
    std::panic::set_hook(loud);
    if number("MODEL_SEED").is_none() {
        let missing: Vec<_> = EVERYTHING
            .iter()
            .filter(|s| !reached.contains(**s))
            .collect();
        assert!(missing.is_empty(), "no case reaches {missing:?}");
    }
}

/// What the cases must reach, lest they test nothing.
const EVERYTHING: &[&str] = &[
    "Call",
    "Hook(Create)",
    "Hook(End)",
    "Hook(Exception)",
    "Hook(Remove)",
    "Hook(Started)",
    "RolledBack(false)",
    "RolledBack(true)",
    "already bound",
    "already suspended",
    "ended",
    "ending",
    "event",
    "failed",
    "invalid argument",
    "no event",
    "no receiver",
    "not attached",
    "not bound",
    "not suspended",
    "processed",
    "reentrant",
    "removed by the operator",
    "rolled back",
    "slee inactive",
    "stale activity",
    "stale entity",
    "stopping",
    "timer",
    "timer, missed",
    "unrecognized event",
    "unreferenced",
    "wrong sbb",
];
