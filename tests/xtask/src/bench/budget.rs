//! The step `budget`: what a call may take, counted by callgrind and dhat, and kept in `tests/load/budget.toml`, which only goes down.

use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use crate::bench::callgrind::{SHARD, instructions};
use crate::bench::dhat::allocations;
use crate::count::Count;
use crate::error::{Error, Result, at};
use crate::print::say;
use crate::shell::{cargo, root, run_logged, target};
use crate::step::{Outcome, log};
use crate::tools::{VALGRIND, ensure_peers};

/// Two runs whose difference is free of start-up.
const CALLS: [u32; 2] = [20, 120];
/// What counts may differ by, in percent: libraries of the system choose their code by the processor.
const SLACK: f64 = 2.0;

/// The file: what the shard, which is kernel, adaptor and service, takes for a call through `b2bua` in class strict, as tests
/// are built.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    /// The compiler that it was counted with, as `rustc --version` begins. Another one makes other instructions.
    compiler: String,
    instructions: u64,
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
    let took = [
        each(|calls| instructions(&program, &[calls], &SHARD))?,
        each(|calls| allocations(&program, &[calls], "::shard::Shard::"))?,
    ];
    let mut outcome = Outcome {
        count: Count::default(),
        text: String::new(),
    };
    let compiler = compiler()?;
    let same = compiler.starts_with(&budget.compiler);
    let rows = [
        ("instructions", took[0], budget.instructions, same),
        ("allocations", took[1], budget.allocations, true),
    ];
    for (what, took, most, judged) in rows {
        let (ok, line) = judge(what, took, most);
        if !judged {
            say(&format!(
                "  {compiler}, not {}: not judged: {line}",
                budget.compiler
            ));
        } else if 100 * took < 98 * most {
            say(&format!("  {line}"));
        }
        outcome.count += Count::check(ok || !judged);
        outcome.text.push_str(&line);
        outcome.text.push('\n');
    }
    Ok(outcome)
}

/// `rustc 1.95.0 (...)`
fn compiler() -> Result<String> {
    let mut rustc = Command::new("rustc");
    let said = run_logged(rustc.arg("--version").current_dir(root()), &log("rustc"))?;
    Ok(said.text.trim().to_owned())
}

/// What one call takes of that.
fn each(of: impl Fn(&str) -> Result<u64>) -> Result<u64> {
    let [few, many] = CALLS.map(|calls| of(&calls.to_string()));
    Ok(many?.saturating_sub(few?) / u64::from(CALLS[1] - CALLS[0]))
}

/// Whether a call keeps to its budget, and what there is to say.
fn judge(what: &str, took: u64, most: u64) -> (bool, String) {
    let more = (took as f64 - most as f64) * 100.0 / most as f64;
    let verdict = match more {
        more if more > SLACK => "above its budget: spend less, or argue for it in the commit",
        more if more < -SLACK => "below its budget: lower it to this in tests/load/budget.toml",
        _ => "within its budget",
    };
    (
        more <= SLACK,
        format!("a call takes {took} {what}, {more:+.1} % of {most}: {verdict}"),
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
        assert!(judge("x", 1020, 1000).0);
        let (ok, says) = judge("x", 1021, 1000);
        assert!(!ok && says.contains("a call takes 1021 x, +2.1 % of 1000: above"));
        let (ok, says) = judge("x", 979, 1000);
        assert!(ok && says.contains("lower it"), "{says}");
    }
}
