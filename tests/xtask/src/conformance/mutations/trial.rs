//! Builds the tests once and runs those that a mutation names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::proofs::{Proof, Run, Target};
use super::super::runner::{self, Lines};
use super::copy::Copy;
use super::list::Mutation;
use super::schema::VARIABLE;
use crate::error::{Error, Result};
use crate::process::Running;
use crate::shell::{run_logged, target};
use crate::step::log;

/// Longest time for the tests of one mutation, beyond some times that of all tests of the program. Tests on a node wait for 20 s
/// before they fail by themselves.
const LIMIT: Duration = Duration::from_secs(25);
const TIMES: u32 = 2;
/// Longest time for all tests of a program without a mutation, and where the compiler runs in the test.
const LONG_LIMIT: Duration = Duration::from_secs(900);
/// Address space of a test in KiB, so that a mutation without end does not take all memory.
const ADDRESS_SPACE: u32 = 16 << 20;

/// What tests have shown of a mutation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All tests that it names have failed.
    Noticed,
    /// The same, but one of them did not end, alone neither, and had to be killed.
    Hung,
    /// The same, but one of them, alone too, took its process down before it could fail.
    Aborted,
    /// These have passed.
    Passed(Vec<String>),
    /// It is no program.
    NotBuilt,
}

/// The programs of tests.
#[derive(Default)]
pub(super) struct Programs(BTreeMap<Run, Program>);

#[derive(Clone)]
struct Program {
    path: PathBuf,
    /// Of its package: tests run there.
    folder: PathBuf,
    limit: Duration,
}

/// What became of the tests that were to run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ran {
    passed: BTreeSet<String>,
    hung: bool,
    aborted: bool,
}

impl Ran {
    pub(super) fn outcome(&self, mutation: &Mutation) -> Outcome {
        let tests = mutation.entry.tests.iter();
        let good: Vec<String> = tests
            .filter(|test| self.passed.contains(*test))
            .cloned()
            .collect();
        match (good.is_empty(), self.hung, self.aborted) {
            (false, _, _) => Outcome::Passed(good),
            (true, true, _) => Outcome::Hung,
            (true, false, true) => Outcome::Aborted,
            (true, false, false) => Outcome::Noticed,
        }
    }

    /// What passed here and there: a test of several programs passes in all of them.
    fn and(&mut self, other: &Self, names: &BTreeMap<&str, usize>) {
        let failed =
            |test: &String| names.contains_key(test.as_str()) && !other.passed.contains(test);
        self.passed.retain(|test| !failed(test));
        self.hung |= other.hung;
        self.aborted |= other.aborted;
    }
}

impl Outcome {
    pub(super) fn is_noticed(&self) -> bool {
        matches!(self, Self::Noticed | Self::Hung | Self::Aborted)
    }
}

/// What a program said of its tests until it ended or was killed.
struct Said {
    lines: BTreeMap<String, Lines>,
    hung: bool,
}

impl Said {
    /// Whether it does not tell of all tests of a name, of which none has failed.
    fn is_silent(&self, name: &str, wanted: usize) -> bool {
        let lines = self.lines.get(name).copied().unwrap_or_default();
        lines.failed == 0 && lines.passed < wanted
    }

    fn has_passed(&self, name: &str, wanted: usize) -> bool {
        self.lines
            .get(name)
            .is_some_and(|lines| lines.failed == 0 && lines.passed == wanted)
    }
}

/// Runs tests together, and each that it is not told of once more, alone: a program that is killed, or that another test of it took
/// down, says nothing of those that did not have their turn.
fn tried(
    names: &BTreeMap<&str, usize>,
    run: impl Fn(&BTreeSet<&str>) -> Result<Said>,
) -> Result<Ran> {
    let together = run(&names.keys().copied().collect())?;
    let mut ran = Ran::default();
    for (&name, &wanted) in names {
        let mut passed = together.has_passed(name, wanted);
        if together.is_silent(name, wanted) {
            let alone = run(&BTreeSet::from([name]))?;
            let silent = alone.is_silent(name, wanted);
            passed = alone.has_passed(name, wanted);
            ran.hung |= silent && alone.hung;
            ran.aborted |= silent && !alone.hung;
        }
        if passed {
            ran.passed.insert(name.to_owned());
        }
    }
    Ok(ran)
}

/// What a command printed until it ended, or was killed at its limit, and whether it was.
fn watched(command: &mut Command, limit: Duration, log: &Path) -> Result<(String, bool)> {
    let mut running = Running::start("tests", command, log)?;
    let hung = match running.wait_end(limit) {
        Ok(_) => false,
        Err(Error::TooLong { .. }) => true,
        Err(other) => return Err(other),
    };
    Ok((running.output(), hung))
}

/// By program, the names of its tests, and how many tests each stands for.
fn groups<'a>(proofs: &[&'a Proof]) -> BTreeMap<&'a Run, BTreeMap<&'a str, usize>> {
    let mut groups: BTreeMap<&Run, BTreeMap<&str, usize>> = BTreeMap::new();
    for proof in proofs {
        let names = groups.entry(&proof.run).or_default();
        *names.entry(&proof.name).or_default() += 1;
    }
    groups
}

/// What has passed as long as nothing else is told.
fn hoped(proofs: &[&Proof]) -> Ran {
    Ran {
        passed: proofs.iter().map(|proof| proof.name.clone()).collect(),
        ..Ran::default()
    }
}

impl Programs {
    /// Builds all of them in one go, so that what they share has the same features and is built once.
    pub(super) fn build(copy: &Copy, runs: &BTreeSet<&Run>) -> Result<Self> {
        let mut command = cargo(copy, &["test", "--no-run", "--locked"]);
        command.arg("--message-format=json-render-diagnostics");
        if runs.is_empty() {
            return Ok(Self::default());
        }
        for run in runs {
            runner::choose(&mut command, run);
        }
        let log = log("mutations-build");
        let said = run_logged(&mut command, &log)?;
        if !said.ok {
            return Err(Error::NotBuilt {
                what: "what the mutations are in".to_owned(),
                log,
            });
        }
        let built = said.text.lines().filter_map(program);
        let all: BTreeMap<Run, Program> = built
            .filter_map(|(package, of, program)| {
                let run = runs.iter().find(|run| runner::is_of(run, &package, &of))?;
                Some(((*run).clone(), program))
            })
            .collect();
        Ok(Self(all))
    }

    /// Runs tests without a mutation: those that passed wherever they are, at the first go. What they take is the measure for what
    /// comes after.
    pub(super) fn measure(&mut self, proofs: &[&Proof]) -> Result<BTreeSet<String>> {
        let mut all = hoped(proofs);
        for (run, names) in groups(proofs) {
            let start = Instant::now();
            let said = self.said(run, &names.keys().copied().collect(), None)?;
            let passed = names
                .iter()
                .filter(|(name, wanted)| said.has_passed(name, **wanted));
            let ran = Ran {
                passed: passed.map(|(name, _)| (*name).to_owned()).collect(),
                ..Ran::default()
            };
            all.and(&ran, &names);
            if let Some(program) = self.0.get_mut(run)
                && *run != Run::CompileFail
            {
                program.limit = LIMIT + start.elapsed() * TIMES;
            }
        }
        Ok(all.passed)
    }

    /// Builds those of a mutation that has to be built first, with the limits of the same programs as they were measured before.
    /// What must not compile is built as it is run, with what it depends on: the program that has it built is the one that there is.
    pub(super) fn built_anew(&self, copy: &Copy, runs: &BTreeSet<&Run>) -> Result<Self> {
        let of_tests = runs.iter().copied().filter(|run| **run != Run::CompileFail);
        let mut built = Self::build(copy, &of_tests.collect())?;
        for (run, known) in &self.0 {
            match (run, built.0.get_mut(run)) {
                (Run::CompileFail, _) => drop(built.0.insert(run.clone(), known.clone())),
                (Run::Test { .. }, Some(program)) => program.limit = known.limit,
                (Run::Test { .. }, None) => {}
            }
        }
        Ok(built)
    }

    /// Runs tests, with or without a mutation.
    pub(super) fn run(&self, proofs: &[&Proof], mutation: Option<&Mutation>) -> Result<Ran> {
        let mut all = hoped(proofs);
        for (run, names) in groups(proofs) {
            let ran = tried(&names, |names| self.said(run, names, mutation))?;
            all.and(&ran, &names);
        }
        Ok(all)
    }

    /// What a program says of these tests.
    fn said(&self, run: &Run, names: &BTreeSet<&str>, mutation: Option<&Mutation>) -> Result<Said> {
        let program = self.0.get(run).ok_or_else(|| Error::Failed {
            what: format!("finding the program of {}", runner::title(run)),
        })?;
        let mut command = bounded(program);
        command
            .args(runner::arguments(run, names))
            .env("CARGO_TARGET_DIR", folder_of_targets())
            .env_remove(VARIABLE)
            .env("RUST_BACKTRACE", "0")
            .env("NO_COLOR", "1");
        if let Some(mutation) = mutation {
            command.env(VARIABLE, &mutation.id);
        }
        let log = log("mutations-tests");
        let (text, hung) = watched(&mut command, program.limit, &log)?;
        let lines = runner::outcomes(run, &text);
        // What did not even begin has noticed nothing.
        let begun = match run {
            Run::CompileFail => names.iter().all(|name| lines.contains_key(*name)),
            Run::Test { .. } => text.lines().any(|line| line.starts_with("running ")),
        };
        if hung || begun {
            return Ok(Said { lines, hung });
        }
        Err(match run {
            Run::CompileFail => Error::NotBuilt {
                what: runner::title(run),
                log,
            },
            Run::Test { .. } => Error::Failed {
                what: format!("running {}", runner::title(run)),
            },
        })
    }
}

/// The package, target and program of a line that cargo wrote for programs to read.
fn program(line: &str) -> Option<(String, Target, Program)> {
    let message: Value = serde_json::from_str(line).ok()?;
    let path = PathBuf::from(message.get("executable")?.as_str()?);
    let id = message.get("package_id")?.as_str()?;
    let manifest = Path::new(message.get("manifest_path")?.as_str()?);
    let of = message.get("target")?;
    let name = of.get("name")?.as_str()?.to_owned();
    let kind = of.get("kind")?.get(0)?.as_str()?;
    // `path+file:///a/b#name@0.1.0`, or without a name where the folder is called so.
    let (place, version) = id.split_once('#')?;
    let package = match version.split_once('@') {
        Some((name, _)) => name,
        None => place.rsplit('/').next()?,
    };
    let target = match kind {
        "test" => Target::Test(name),
        "lib" | "proc-macro" => Target::Lib,
        _ => return None,
    };
    let folder = manifest.parent()?.to_owned();
    let program = Program {
        path,
        folder,
        limit: LONG_LIMIT,
    };
    Some((package.to_owned(), target, program))
}

/// The program, in its package's folder, with a bound on its memory.
fn bounded(program: &Program) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -v \"$0\"; exec \"$@\""])
        .arg(ADDRESS_SPACE.to_string())
        .arg(&program.path)
        .env("CARGO_MANIFEST_DIR", &program.folder)
        .current_dir(&program.folder);
    command
}

fn cargo(copy: &Copy, args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args);
    command
        .current_dir(copy.folder())
        .env("CARGO_TARGET_DIR", folder_of_targets());
    command
}

fn folder_of_targets() -> PathBuf {
    target().join("mutants/target")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn kernel(text: &str, hung: bool) -> Said {
        let run = Run::Test {
            package: "p".to_owned(),
            target: Target::Lib,
            features: Vec::new(),
        };
        Said {
            lines: runner::outcomes(&run, text),
            hung,
        }
    }

    /// What comes of `a` and `b` when a program says this of both and then that of each alone; and which were run alone.
    fn after(both: Said, a: &str, b: &str, hung: bool) -> (Vec<String>, bool, bool, Vec<String>) {
        let (both, alone) = (RefCell::new(Some(both)), RefCell::new(Vec::new()));
        let names = BTreeMap::from([("a", 1), ("b", 1)]);
        let ran = tried(&names, |names| {
            if let Some(said) = both.take() {
                assert_eq!(names.len(), 2);
                return Ok(said);
            }
            alone
                .borrow_mut()
                .extend(names.iter().map(|name| (*name).to_owned()));
            let text = if names.contains("a") { a } else { b };
            Ok(kernel(text, hung))
        });
        let ran = ran.unwrap();
        let passed = ran.passed.into_iter().collect();
        (passed, ran.hung, ran.aborted, alone.into_inner())
    }

    #[test]
    fn what_has_no_line_is_run_once_more_alone() {
        let all =
            |names: &[&str]| -> Vec<String> { names.iter().map(|n| (*n).to_owned()).collect() };
        let (good, bad) = ("test a ... ok\n", "test b ... FAILED\n");
        let both = || kernel("test a ... ok\ntest b ... FAILED\n", false);
        assert_eq!(
            after(both(), "", "", false),
            (all(&["a"]), false, false, all(&[]))
        );
        assert_eq!(
            after(kernel("", true), good, bad, false),
            (all(&["a"]), false, false, all(&["a", "b"])),
            "killed together, and ended alone: nothing has hung"
        );
        assert_eq!(
            after(kernel(good, true), "", "", true),
            (all(&["a"]), true, false, all(&["b"])),
            "does not end alone either"
        );
        assert_eq!(
            after(kernel("", false), good, "", false),
            (all(&["a"]), false, true, all(&["a", "b"])),
            "takes its process down alone, too, and the other one with it"
        );
    }

    #[test]
    fn a_name_that_failed_once_is_not_run_again() {
        let names = BTreeMap::from([("a", 2)]);
        let times = RefCell::new(0);
        let ran = tried(&names, |_| {
            *times.borrow_mut() += 1;
            Ok(kernel("test x::a ... FAILED\n", true))
        });
        assert_eq!(ran.unwrap(), Ran::default());
        assert_eq!(times.into_inner(), 1);
    }

    #[test]
    fn a_test_of_two_programs_passes_in_both() {
        let ran = |passed: &[&str]| Ran {
            passed: passed.iter().map(|name| (*name).to_owned()).collect(),
            ..Ran::default()
        };
        let mut all = ran(&["a", "b", "c"]);
        all.and(&ran(&["a", "b"]), &BTreeMap::from([("a", 1), ("b", 1)]));
        assert_eq!(all, ran(&["a", "b", "c"]));
        all.and(&ran(&["c"]), &BTreeMap::from([("b", 1), ("c", 1)]));
        assert_eq!(all, ran(&["a", "c"]));
    }

    #[test]
    fn what_does_not_end_is_killed_and_has_said_what_it_said() {
        let log = log("mutations-watched");
        let watch = |script: &str| {
            let mut command = Command::new("sh");
            watched(command.args(["-c", script]), Duration::from_secs(2), &log).unwrap()
        };
        let said = "test a ... ok\n".to_owned();
        assert_eq!(
            watch("echo 'test a ... ok'; exec sleep 600"),
            (said.clone(), true)
        );
        assert_eq!(watch("echo 'test a ... ok'; kill -ABRT $$"), (said, false));
    }
}
