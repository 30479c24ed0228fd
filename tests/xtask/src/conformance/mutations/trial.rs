//! Builds the tests once and runs those that a mutation names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::proofs::{Proof, Run, Target};
use super::super::runner;
use super::copy::Copy;
use super::list::Mutation;
use super::schema::VARIABLE;
use crate::error::{Error, Result};
use crate::process::Running;
use crate::shell::{run_logged, target};
use crate::step::log;

/// Longest time for the tests of one mutation, beyond some times that of all tests of the program: a test that hangs has noticed it.
const LIMIT: Duration = Duration::from_secs(15);
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
    /// The same, and they had to be ended.
    Hung,
    /// These have passed.
    Passed(Vec<String>),
    /// It is no program.
    NotBuilt,
}

/// The programs of tests.
#[derive(Default)]
pub(super) struct Programs(BTreeMap<Run, Program>);

struct Program {
    path: PathBuf,
    /// Of its package: tests run there.
    folder: PathBuf,
    limit: Duration,
}

/// What became of the tests that were to run.
#[derive(Default)]
pub(super) struct Ran {
    pub(super) passed: BTreeSet<String>,
    hung: bool,
}

impl Ran {
    pub(super) fn outcome(&self, mutation: &Mutation) -> Outcome {
        let tests = mutation.entry.tests.iter();
        let good: Vec<String> = tests
            .filter(|test| self.passed.contains(*test))
            .cloned()
            .collect();
        match (good.is_empty(), self.hung) {
            (true, true) => Outcome::Hung,
            (true, false) => Outcome::Noticed,
            (false, _) => Outcome::Passed(good),
        }
    }
}

impl Outcome {
    pub(super) fn is_noticed(&self) -> bool {
        matches!(self, Self::Noticed | Self::Hung)
    }
}

impl Programs {
    /// Builds all of them in one go, so that what they share has the same features and is built once.
    pub(super) fn build(copy: &Copy, runs: &BTreeSet<&Run>) -> Result<Self> {
        let mut command = cargo(copy, &["test", "--no-run", "--locked"]);
        command.arg("--message-format=json-render-diagnostics");
        let mut some = false;
        for run in runs {
            let Run::Test {
                package,
                target,
                features,
            } = run
            else {
                continue;
            };
            some = true;
            command.args(["--package", package]);
            match target {
                Target::Lib => command.arg("--lib"),
                Target::Test(name) => command.args(["--test", name]),
            };
            for feature in features {
                command.args(["--features", &format!("{package}/{feature}")]);
            }
        }
        if !some {
            return Ok(Self::default());
        }
        let log = log("mutations-build");
        let said = run_logged(&mut command, &log)?;
        if !said.ok {
            return Err(Error::Failed {
                what: format!("building the mutations, see {}:", log.display()),
            });
        }
        let built = said.text.lines().filter_map(program);
        let all: BTreeMap<Run, Program> = built
            .filter_map(|(package, of, program)| {
                let run = runs.iter().find(|run| match run {
                    Run::Test {
                        package: p, target, ..
                    } => *p == package && *target == of,
                    Run::CompileFail => false,
                })?;
                Some(((*run).clone(), program))
            })
            .collect();
        Ok(Self(all))
    }

    /// Runs tests without a mutation: those that passed. What they take is the measure for what comes after.
    pub(super) fn measure(&mut self, copy: &Copy, proofs: &[&Proof]) -> Result<Ran> {
        let mut all = Ran::default();
        let runs: BTreeSet<&Run> = proofs.iter().map(|proof| &proof.run).collect();
        for run in runs {
            let of = |proof: &&&Proof| proof.run == *run;
            let proofs: Vec<&Proof> = proofs.iter().filter(of).copied().collect();
            let start = Instant::now();
            let ran = self.run(copy, &proofs, None)?;
            all.passed.extend(ran.passed);
            if let Some(program) = self.0.get_mut(run) {
                program.limit = LIMIT + start.elapsed() * TIMES;
            }
        }
        Ok(all)
    }

    /// Runs tests, with or without a mutation.
    pub(super) fn run(
        &self,
        copy: &Copy,
        proofs: &[&Proof],
        mutation: Option<&Mutation>,
    ) -> Result<Ran> {
        let mut groups: BTreeMap<&Run, BTreeSet<&str>> = BTreeMap::new();
        for proof in proofs {
            groups.entry(&proof.run).or_default().insert(&proof.name);
        }
        let mut ran = Ran {
            passed: proofs.iter().map(|p| p.name.clone()).collect(),
            hung: false,
        };
        for (run, names) in groups {
            let (good, hung) = self.outcomes(copy, run, &names, mutation)?;
            ran.hung |= hung;
            for name in names {
                let wanted = |proof: &&&Proof| proof.run == *run && proof.name == name;
                let all = proofs.iter().filter(wanted).count();
                if good.get(name) != Some(&all) {
                    ran.passed.remove(name);
                }
            }
        }
        Ok(ran)
    }

    /// How many tests of each name passed, and whether they had to be ended.
    fn outcomes(
        &self,
        copy: &Copy,
        run: &Run,
        names: &BTreeSet<&str>,
        mutation: Option<&Mutation>,
    ) -> Result<(BTreeMap<String, usize>, bool)> {
        let (mut command, limit) = match run {
            Run::CompileFail => {
                let mut command = runner::command(run, names);
                prepare(&mut command, copy);
                (command, LONG_LIMIT)
            }
            Run::Test { .. } => {
                let program = self.0.get(run).ok_or_else(|| Error::Failed {
                    what: format!("finding the program of {}", runner::title(run)),
                })?;
                let mut command = bounded(program);
                command.args(names);
                (command, program.limit)
            }
        };
        command
            .env_remove(VARIABLE)
            .env("RUST_BACKTRACE", "0")
            .env("NO_COLOR", "1");
        if let Some(mutation) = mutation {
            command.env(VARIABLE, &mutation.id);
        }
        let mut running = Running::start("tests", &mut command, &log("mutations-tests"))?;
        let hung = match running.wait_end(limit) {
            Ok(_) => false,
            Err(Error::TooLong { .. }) => true,
            Err(other) => return Err(other),
        };
        let text = running.output();
        // What did not even begin has noticed nothing.
        if !hung && !text.lines().any(|line| line.starts_with("running ")) {
            return Err(Error::Failed {
                what: format!("running {}", runner::title(run)),
            });
        }
        // What it said until then counts: a test without a line has not passed.
        Ok((runner::outcomes(run, &text), hung))
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
    prepare(&mut command, copy);
    command
}

fn prepare(command: &mut Command, copy: &Copy) {
    command
        .current_dir(copy.folder())
        .env("CARGO_TARGET_DIR", target().join("mutants/target"));
}
