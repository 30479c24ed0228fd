//! Runs the tests, a target at a time, and reads which of them passed.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Instant;

use super::proofs::{Proof, Run, Target};
use crate::error::Result;
use crate::print::say;
use crate::shell::{cargo, run_logged};
use crate::step::log;

/// The program that has the compiler try what must not compile.
const PACKAGE: &str = "strowger-ui";
const COMPILE_FAIL: &str = "compile_fail";

/// By name, whether all tests of that name ran and passed.
pub(super) fn run(proofs: &[Proof]) -> Result<BTreeMap<String, bool>> {
    let mut groups: BTreeMap<&Run, Vec<&Proof>> = BTreeMap::new();
    for proof in proofs {
        groups.entry(&proof.run).or_default().push(proof);
    }
    let mut passed: BTreeMap<String, bool> = BTreeMap::new();
    let all = groups.len();
    for (nth, (run, proofs)) in groups.into_iter().enumerate() {
        let start = Instant::now();
        let names: BTreeSet<&str> = proofs.iter().map(|proof| proof.name.as_str()).collect();
        let said = run_logged(
            &mut command(run, &names),
            &log(&format!("conformance-{nth}")),
        )?;
        let good = outcomes(run, &said.text);
        let mut count = 0;
        for name in names {
            let wanted = proofs.iter().filter(|proof| proof.name == name).count();
            let is_good = good.get(name).is_some_and(|lines| lines.passed == wanted);
            count += usize::from(is_good);
            let entry = passed.entry(name.to_owned()).or_insert(true);
            *entry &= is_good;
        }
        say(&format!(
            "{:>2}/{all} {:<44} {count:>4} of {:>4} passed {:>7.1} s",
            nth + 1,
            title(run),
            proofs.len(),
            start.elapsed().as_secs_f64()
        ));
    }
    Ok(passed)
}

pub(super) fn title(run: &Run) -> String {
    match run {
        Run::CompileFail => "strowger-ui, must not compile".to_owned(),
        Run::Test {
            package,
            target: Target::Lib,
            ..
        } => format!("{package}, in its sources"),
        Run::Test {
            package,
            target: Target::Test(name),
            ..
        } => format!("{package}, {name}"),
    }
}

fn command(run: &Run, names: &BTreeSet<&str>) -> Command {
    let mut command = cargo(&["test", "--locked"]);
    command.env("RUST_BACKTRACE", "0");
    choose(&mut command, run);
    command.arg("--").args(arguments(run, names));
    command
}

/// Has cargo choose the program.
pub(super) fn choose(command: &mut Command, run: &Run) {
    match run {
        Run::CompileFail => {
            command.args(["--package", PACKAGE, "--test", COMPILE_FAIL]);
        }
        Run::Test {
            package,
            target,
            features,
        } => {
            command.args(["--package", package]);
            match target {
                Target::Lib => command.arg("--lib"),
                Target::Test(name) => command.args(["--test", name]),
            };
            for feature in features {
                command.args(["--features", &format!("{package}/{feature}")]);
            }
        }
    }
}

/// Whether that is the run of a program, by its package and target.
pub(super) fn is_of(run: &Run, package: &str, target: &Target) -> bool {
    match run {
        Run::CompileFail => package == PACKAGE && *target == Target::Test(COMPILE_FAIL.to_owned()),
        Run::Test {
            package: own,
            target: named,
            ..
        } => own == package && named == target,
    }
}

/// What the program is told to run.
pub(super) fn arguments(run: &Run, names: &BTreeSet<&str>) -> Vec<String> {
    match run {
        Run::CompileFail => {
            // Its own words, which the test would keep to itself.
            let test = ["--nocapture", "mistakes_are_explained"].map(str::to_owned);
            let cases = names.iter().map(|name| format!("trybuild=/{name}.rs"));
            test.into_iter().chain(cases).collect()
        }
        Run::Test { .. } => names.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// How many tests of a name a run tells of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) passed: usize,
    pub(super) failed: usize,
}

/// By name: `test module::name ... ok`, and of the compiler `test tests/fail/name.rs ... ok`. What is not `ok` has failed.
pub(super) fn outcomes(run: &Run, text: &str) -> BTreeMap<String, Lines> {
    let mut outcomes: BTreeMap<String, Lines> = BTreeMap::new();
    for line in text.lines() {
        let Some((path, verdict)) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.split_once(" ... "))
        else {
            continue;
        };
        let name = match run {
            Run::CompileFail => path
                .rsplit('/')
                .next()
                .and_then(|file| file.strip_suffix(".rs")),
            Run::Test { .. } => path.rsplit("::").next(),
        };
        if let Some(name) = name {
            let lines = outcomes.entry(name.to_owned()).or_default();
            match verdict {
                "ok" => lines.passed += 1,
                _ => lines.failed += 1,
            }
        }
    }
    outcomes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_read_by_name() {
        let lines = |name: &str, passed, failed| (name.to_owned(), Lines { passed, failed });
        let run = Run::Test {
            package: "p".to_owned(),
            target: Target::Lib,
            features: Vec::new(),
        };
        let text = "running 4 tests\ntest tx::r_tx_01_a ... ok\ntest r_tx_02_b ... FAILED\ntest x::r_tx_01_a ... ok\n\
            test r_tx_03_c has been running for over 60 seconds\n";
        assert_eq!(
            outcomes(&run, text),
            BTreeMap::from([lines("r_tx_01_a", 2, 0), lines("r_tx_02_b", 0, 1)])
        );
        let text = "test tests/fail/r_tx_02_c.rs ... ok\ntest tests/fail/other.rs ... mismatch\n";
        assert_eq!(
            outcomes(&Run::CompileFail, text),
            BTreeMap::from([lines("r_tx_02_c", 1, 0), lines("other", 0, 1)])
        );
    }
}
