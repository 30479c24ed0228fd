//! The step `budget`: what a call may take, counted by callgrind and kept in `tests/load/budget.toml`, which only goes down.

use std::path::PathBuf;

use serde::Deserialize;

use crate::bench::callgrind::{SHARD, Spent, count};
use crate::count::Count;
use crate::error::{Error, Result, at};
use crate::shell::{cargo, root, run_logged, target};
use crate::step::{Outcome, log};
use crate::tools::{VALGRIND, ensure_peers};

/// Two runs whose difference is free of start-up.
const CALLS: [u32; 2] = [20, 120];
/// What counts may differ by, in percent: libraries of the system differ from machine to machine.
const SLACK: f64 = 1.0;
/// By how many percent less than the budget is reported, so that it is lowered.
const LOWER: f64 = 3.0;

/// The file: a call through `b2bua` in class strict, as tests are built.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    /// Of the shard: kernel, adaptor and service.
    instructions: u64,
    /// Of the shard and of the test kit that drives it.
    allocations: u64,
}

/// Compares a call with its budget.
pub(crate) fn run() -> Result<Outcome> {
    ensure_peers(&[VALGRIND])?;
    let file = root().join("tests/load/budget.toml");
    let text = std::fs::read_to_string(&file).map_err(at("read", &file))?;
    let budget: Budget = toml::from_str(&text).map_err(|error| Error::Failed {
        what: format!("{}: {error}", file.display()),
    })?;
    let program = program()?;
    let run = |calls: u32| count(&program, &[&calls.to_string()], &SHARD);
    let (few, many) = (run(CALLS[0])?, run(CALLS[1])?);
    let calls = u64::from(CALLS[1] - CALLS[0]);
    let each = |of: fn(&Spent) -> u64| of(&many).saturating_sub(of(&few)) / calls;
    let mut outcome = Outcome {
        count: Count::default(),
        text: String::new(),
    };
    let rows = [
        (
            "instructions",
            each(|s| s.instructions),
            budget.instructions,
        ),
        ("allocations", each(|s| s.allocations), budget.allocations),
    ];
    for (what, took, most) in rows {
        let (ok, line) = judge(what, took, most);
        outcome.count += Count::check(ok);
        outcome.text.push_str(&line);
    }
    Ok(outcome)
}

/// Whether a call keeps to its budget, and what there is to say.
fn judge(what: &str, took: u64, most: u64) -> (bool, String) {
    let more = (took as f64 - most as f64) * 100.0 / most as f64;
    let say = match more {
        more if more > SLACK => "above its budget: spend less, or argue for it in the commit",
        more if more < -LOWER => {
            "well below its budget: lower it to this in tests/load/budget.toml"
        }
        _ => "within its budget",
    };
    (
        (-LOWER..=SLACK).contains(&more),
        format!("a call takes {took} {what}, {more:+.1} % of {most}: {say}\n"),
    )
}

/// The program as the step `unit` has built it.
fn program() -> Result<PathBuf> {
    let mut build = cargo(&[
        "build",
        "--workspace",
        "--locked",
        "--example",
        "b2bua_bench",
    ]);
    let said = run_logged(&mut build, &log("budget-build"))?;
    if said.ok {
        return Ok(target().join("debug/examples/b2bua_bench"));
    }
    Err(Error::NotBuilt {
        what: "b2bua_bench".to_owned(),
        log: log("budget-build"),
    })
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn a_budget_is_kept_and_goes_down() {
        assert!(judge("x", 1000, 1000).0);
        assert!(judge("x", 1010, 1000).0);
        let (ok, says) = judge("x", 1011, 1000);
        assert!(!ok && says.contains("a call takes 1011 x, +1.1 % of 1000: above"));
        assert!(judge("x", 970, 1000).0);
        let (ok, says) = judge("x", 969, 1000);
        assert!(!ok && says.contains("lower it"), "{says}");
    }
}
