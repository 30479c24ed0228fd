//! `target/bench/all.json`: what was measured, on what, with what, and how long it took. Written after each group, so that a
//! run that ends early can be resumed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::bench::all::figure::Figure;
use crate::bench::machine::cores;
use crate::error::{Error, Result, at};
use crate::packages;
use crate::shell::{root, run_logged, target};
use crate::step::log;

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) quick: bool,
    pub(crate) commit: String,
    /// The node that was given. None: the one that is built.
    #[serde(default)]
    pub(crate) node: Option<PathBuf>,
    pub(crate) machine: Machine,
    pub(crate) groups: Vec<Done>,
}

/// What it was measured on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: u64,
    pub(crate) memory_gib: u64,
    pub(crate) kernel: String,
    /// Compiler and peers, each as it says itself.
    pub(crate) versions: Vec<String>,
}

/// A group that was measured, or left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) name: String,
    /// When it began, UTC.
    pub(crate) began: String,
    pub(crate) seconds: u64,
    /// Of the machine, when it began.
    pub(crate) load: String,
    /// What was left out of it, and what went wrong.
    pub(crate) notes: Vec<String>,
    pub(crate) figures: Vec<Figure>,
}

impl Record {
    /// The file as it is. None: there is none.
    pub(crate) fn read() -> Result<Option<Self>> {
        let file = path();
        if !file.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&file).map_err(at("read", &file))?;
        let record = serde_json::from_str(&text).map_err(|_| Error::Unreadable {
            file,
            what: "figures of `bench all`",
        })?;
        Ok(Some(record))
    }

    /// Puts a group in the place of an earlier run of it.
    pub(crate) fn put(&mut self, done: Done) {
        self.groups.retain(|group| group.name != done.name);
        self.groups.push(done);
    }

    /// The commit, and the node if it is not the one that `cargo build --release` makes of it.
    pub(crate) fn what(&self) -> String {
        let Some(node) = &self.node else {
            return self.commit.clone();
        };
        let node = node.strip_prefix(root()).unwrap_or(node);
        format!("{}, node {}", self.commit, node.display())
    }

    pub(crate) fn write(&self) -> Result<PathBuf> {
        let file = path();
        #[expect(clippy::expect_used, reason = "plain data has no key that is no text")]
        let text = serde_json::to_string_pretty(self).expect("figures are JSON");
        written(&file, &format!("{text}\n"))?;
        Ok(file)
    }

    /// All figures, in the order in which they were measured.
    pub(crate) fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.groups.iter().flat_map(|group| &group.figures)
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Figure> {
        self.figures().find(|figure| figure.id == id)
    }
}

/// Writes a file, with the folder that it is in.
pub(crate) fn written(file: &Path, text: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(at("create", folder))?;
    }
    std::fs::write(file, text).map_err(at("write", file))
}

/// Where all that `bench all` makes is.
pub(crate) fn folder() -> PathBuf {
    target().join("bench")
}

fn path() -> PathBuf {
    folder().join("all.json")
}

/// The commit that is checked out, and whether something is changed in the tree.
pub(crate) fn commit() -> String {
    let hash = said("git", &["rev-parse", "--short", "HEAD"]);
    let changed = said("git", &["status", "--porcelain", "--untracked-files=no"]);
    match (hash, changed) {
        (None, _) => "unknown".to_owned(),
        (Some(hash), None) => hash,
        (Some(hash), Some(_)) => format!("{hash}, changed"),
    }
}

impl Machine {
    /// This one.
    pub(crate) fn here() -> Self {
        let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
        let memory = value_of(&read("/proc/meminfo"), "MemTotal");
        let kib: u64 = memory
            .split(' ')
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        let programs: [(&str, &[&str]); 6] = [
            ("rustc", &["--version"]),
            ("kamailio", &["-v"]),
            ("sipp", &["-v"]),
            ("freeDiameterd", &["--version"]),
            ("/usr/sbin/bearerbox", &["--version"]),
            ("valgrind", &["--version"]),
        ];
        let mut versions: Vec<String> = programs
            .iter()
            .filter_map(|(program, args)| said(program, args))
            .collect();
        if packages::missing(packages::SIPPY).is_none() {
            versions.push(packages::SIPPY.to_owned());
        }
        Self {
            processor: value_of(&read("/proc/cpuinfo"), "model name"),
            cores: cores(),
            // The kernel keeps a part of it.
            memory_gib: kib.div_ceil(1024 * 1024),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            versions,
        }
    }
}

/// The load of the machine over the last minute.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// The value of the first line `key : value`.
fn value_of(text: &str, key: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(key));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or_else(String::new, |(_, value)| value.trim().to_owned())
}

/// The first line with something in it that a program says. None: it is not here, or says nothing.
fn said(program: &str, args: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    let said = run_logged(command.args(args).current_dir(root()), &log("said")).ok()?;
    let line = said
        .text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())?;
    Some(line.trim_end_matches('.').to_owned())
}

/// The time of day, UTC: `2026-01-31 09:05`.
pub(crate) fn now(after_seconds: u64) -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    date(since.as_secs() + after_seconds)
}

/// Seconds since 1970 as a date: days are counted from 1 March of the year 0, so that a leap day ends its year.
fn date(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = match month {
        0..=9 => (era * 400 + year, month + 3),
        _ => (era * 400 + year + 1, month - 9),
    };
    let minutes = seconds / 60;
    let (hour, minute) = (minutes / 60 % 24, minutes % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00");
        assert_eq!(date(951_782_400), "2000-02-29 00:00");
        assert_eq!(date(951_868_799), "2000-02-29 23:59");
        assert_eq!(date(1_767_225_600), "2026-01-01 00:00");
        assert_eq!(date(4_107_542_400), "2100-03-01 00:00");
    }

    #[test]
    fn a_group_that_is_measured_again_takes_the_place_of_the_earlier() {
        let done = |seconds| Done {
            name: "sip".to_owned(),
            seconds,
            figures: Figure::of("sip.a", "us", vec![1.0]).into_iter().collect(),
            ..Done::default()
        };
        let mut record = Record::default();
        record.put(done(1));
        record.put(done(2));
        assert_eq!(record.groups.len(), 1);
        assert_eq!(record.groups[0].seconds, 2);
        assert!(record.find("sip.a").is_some());
        record.node = Some(root().join("target/profiled/strowger"));
        assert_eq!(record.what(), ", node target/profiled/strowger");
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }

    #[test]
    fn tells_of_this_machine() {
        let here = Machine::here();
        assert!(here.cores > 0 && !here.kernel.is_empty());
        assert_eq!(
            value_of("a\t: b\nmodel name\t: An X\n", "model name"),
            "An X"
        );
    }
}
