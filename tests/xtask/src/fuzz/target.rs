//! One fuzz target: run until it has had its time of the processor, and what it found reduced to what reaches something new.
//!
//! Time is the processor's: on a machine that has other work, or where the target is stopped for a while, it takes longer
//! and is as thorough.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::bench::machine::cpu_of;
use crate::error::{Error, Result, at};
use crate::print::say;
use crate::process::Running;
use crate::shell::{root, run_logged};

/// Longest input, in bytes.
const LONGEST: &str = "4096";
/// Memory of one target, in MiB, beyond which it has failed.
const MEMORY: &str = "2048";
/// Seconds for one input, beyond which it has failed.
const TOO_LONG: &str = "20";
/// How often a target's time is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How often its progress is shown.
const NEWS: Duration = Duration::from_secs(60);
/// How much more of the processor than it is told a target may take to read its corpus and to end, in seconds.
const GRACE: u64 = 180;
/// How many times as long as on a processor of its own it may take.
const SHARED: u64 = 20;
/// How often it is taken up again after an input that took long once, and not when it ran alone.
const AGAIN: u32 = 50;

/// A target that is built.
pub(super) struct Target<'a> {
    pub(super) name: &'a str,
    pub(super) program: PathBuf,
    /// Where what it finds is kept.
    pub(super) folder: &'a Path,
}

/// How a target did.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) outcome: String,
    pub(super) ok: bool,
}

/// How a run of it ended.
enum Ended {
    /// With its time.
    InTime,
    /// With this input, which took long.
    Slow(PathBuf),
    /// With a finding.
    Found,
}

/// What it did in all its runs.
#[derive(Default)]
struct Done {
    /// Seconds of the processor.
    cpu: u64,
    runs: u64,
    edges: u64,
}

impl Target<'_> {
    /// Runs it for so many seconds of the processor, and reduces what it has found.
    pub(super) fn fuzz(&self, seconds: u64) -> Result<Row> {
        for made in [self.corpus(), self.crashes()] {
            fs::create_dir_all(&made).map_err(at("create", &made))?;
        }
        let (begun, mut done) = (Instant::now(), Done::default());
        let mut ok = false;
        for _ in 0..AGAIN {
            match self.run(seconds.saturating_sub(done.cpu).max(1), &mut done)? {
                Ended::InTime => {
                    ok = true;
                    break;
                }
                // libFuzzer looks at the clock on the wall, by which a target that was stopped is slow.
                Ended::Slow(input) if self.reads(&input)? => {
                    fs::remove_file(&input).map_err(at("remove", &input))?;
                }
                Ended::Slow(_) | Ended::Found => break,
            }
        }
        let outcome = match ok {
            true => format!("{} new inputs", self.reduce()?),
            false => format!(
                "FAILED, see {} and {}",
                self.crashes().display(),
                self.log("log").display()
            ),
        };
        let (wall, Done { cpu, runs, edges }) = (begun.elapsed().as_secs(), done);
        let outcome =
            format!("{cpu:>5} s of {wall:>5} s {runs:>12} runs {edges:>6} edges  {outcome}");
        say(&format!("{}: {outcome}", self.name));
        let name = self.name.to_owned();
        Ok(Row { name, outcome, ok })
    }

    fn run(&self, seconds: u64, done: &mut Done) -> Result<Ended> {
        let mut command = Command::new(&self.program);
        command.arg(self.corpus()).args(seeds(self.name));
        let prefix = format!("{}/{}-", self.crashes().display(), self.name);
        command.arg(format!("-artifact_prefix={prefix}"));
        command.arg(format!("-max_total_time={}", seconds * SHARED));
        command.arg(format!("-max_len={LONGEST}"));
        command.arg(format!("-rss_limit_mb={MEMORY}"));
        command.args([&format!("-timeout={TOO_LONG}"), "-print_final_stats=1"]);
        // What takes long and ends is told by the clock on the wall alone.
        command.arg("-report_slow_units=1000000");
        let mut running = Running::start(self.name, &mut command, &self.log("log"))?;
        let (mut used, mut told, mut news) = (0, false, Instant::now());
        let ok = loop {
            if let Ok(status) = running.wait_end(LOOK) {
                break status.success();
            }
            used = used.max(cpu_of(&[running.pid()]) / 1_000_000);
            if used > seconds + GRACE {
                return Err(Error::TooLong {
                    what: self.name.to_owned(),
                    seconds: used,
                });
            }
            if used >= seconds && !told {
                running.signal(Signal::SIGUSR1)?;
                told = true;
            }
            if news.elapsed() >= NEWS {
                news = Instant::now();
                let last = last(&running.output(), "exec/s").trim().to_owned();
                say(&format!("    {}: {used} s, {last}", self.name));
            }
        };
        let said = running.output();
        done.cpu += used;
        done.runs += number(&said, "stat::number_of_executed_units:");
        done.edges = done.edges.max(number(&said, " cov: "));
        let input = last(&said, "Test unit written to ").rsplit(' ').next();
        let input = input.unwrap_or_default();
        Ok(match ok {
            true => Ended::InTime,
            false if input.starts_with(&format!("{prefix}timeout-")) => Ended::Slow(input.into()),
            false => Ended::Found,
        })
    }

    /// Whether an input is read in time where nothing else is done.
    fn reads(&self, input: &Path) -> Result<bool> {
        let mut command = Command::new(&self.program);
        command.arg(input).arg(format!("-timeout={TOO_LONG}"));
        Ok(run_logged(&mut command, &self.log("again.log"))?.ok)
    }

    /// Leaves in the corpus only what reaches what neither the inputs of the repository do nor each other; how many are left.
    fn reduce(&self) -> Result<usize> {
        let (corpus, least) = (self.corpus(), self.folder.join("least").join(self.name));
        if least.exists() {
            fs::remove_dir_all(&least).map_err(at("remove", &least))?;
        }
        fs::create_dir_all(&least).map_err(at("create", &least))?;
        // What is merged is measured against what is there already: the inputs of the repository.
        for from in seeds(self.name) {
            for file in fs::read_dir(&from).map_err(at("read", &from))?.flatten() {
                let to = least.join(format!("seed-{}", file.file_name().to_string_lossy()));
                fs::copy(file.path(), &to).map_err(at("copy to", &to))?;
            }
        }
        let mut command = Command::new(&self.program);
        command.arg("-merge=1").arg(&least).arg(&corpus);
        command.arg(format!("-max_len={LONGEST}"));
        let said = run_logged(&mut command, &self.log("merge.log"))?;
        if !said.ok {
            let what = format!("reducing the corpus of {}", self.name);
            return Err(Error::Failed { what });
        }
        fs::remove_dir_all(&corpus).map_err(at("remove", &corpus))?;
        fs::create_dir_all(&corpus).map_err(at("create", &corpus))?;
        let mut left = 0;
        for file in fs::read_dir(&least).map_err(at("read", &least))?.flatten() {
            let name = file.file_name();
            if !name.to_string_lossy().starts_with("seed-") {
                let to = corpus.join(name);
                fs::rename(file.path(), &to).map_err(at("move to", &to))?;
                left += 1;
            }
        }
        fs::remove_dir_all(&least).map_err(at("remove", &least))?;
        Ok(left)
    }

    fn corpus(&self) -> PathBuf {
        self.folder.join("corpus").join(self.name)
    }

    fn crashes(&self) -> PathBuf {
        self.folder.join("crashes")
    }

    fn log(&self, kind: &str) -> PathBuf {
        self.folder.join(format!("{}.{kind}", self.name))
    }
}

/// The folders with inputs of the repository.
fn seeds(name: &str) -> Vec<PathBuf> {
    let tests = root().join("tests");
    let own = match name {
        "diameter_values" => "diameter_message",
        name => name,
    };
    let mut folders = vec![tests.join("fuzz/corpus").join(own)];
    if name == "sip_datagram" {
        folders.extend(["rfc4475", "rfc5118"].map(|rfc| tests.join("torture").join(rfc)));
    }
    folders
}

/// The last line with this in it.
fn last<'a>(said: &'a str, part: &str) -> &'a str {
    let line = said.lines().rev().find(|line| line.contains(part));
    line.unwrap_or_default()
}

/// The number behind this in the last line that has it.
fn number(said: &str, part: &str) -> u64 {
    let behind = last(said, part).split(part).nth(1).unwrap_or_default();
    let number = behind.split_whitespace().next().unwrap_or_default();
    number.parse().unwrap_or_default()
}
