//! `cargo xtask bench all`: every figure that the README and docs/performance.md state, measured on this machine by one command.
//!
//! Each group is a benchmark of its own, run as a program; what it prints or writes is read back. `docs/figures/figures.toml` is what
//! is stated; both pages are made from it. A figure that is off is told, and never an error: machines differ.

mod figure;
mod groups;
mod page;
mod plot;
mod read;
mod record;
mod stated;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::bench::all::groups::{GROUPS, Group};
use crate::bench::all::read::Told;
use crate::bench::all::record::{Done, Machine, Record, commit, folder, load, now, written};
use crate::bench::all::stated::Stated;
use crate::bench::example;
use crate::error::{Error, Result, at};
use crate::print::say;
use crate::tools;

const HELP: &str = "cargo xtask bench all [OPTIONS]

Every figure that the README states, measured here, beside the peers that are installed: none is installed for it, and rows
of one that is missing are left out. Leaves target/bench/all.json, all.md, and plots beside them. Takes about 1 h 30 min as it stands.

  --quick        smaller and fewer rounds: about 11 minutes, and what is built before
  --only A,B     only these groups, in the place of what all.json has of them: sip memory diameter sms kernel usage store profiles sessions waiting
  --binary FILE  the node that is measured, such as that of `cargo xtask release` (built with --release if not given)
  --resume       go on with what target/bench/all.json has of this commit, node and size
  --check        measure nothing: compare what was measured last with what is stated
  --write        measure nothing: state what was measured last, in README.md and docs/, for whoever releases
";

/// What to do.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    quick: bool,
    resume: bool,
    check: bool,
    write: bool,
    only: Vec<String>,
    binary: Option<String>,
}

impl Options {
    /// Reads the arguments. None: help was asked for.
    fn read(args: &[String]) -> Result<Option<Self>> {
        let mut options = Self::default();
        let mut rest = args.iter();
        while let Some(option) = rest.next() {
            match option.as_str() {
                "--help" | "-h" => return Ok(None),
                "--quick" => options.quick = true,
                "--resume" => options.resume = true,
                "--check" => options.check = true,
                "--write" => options.write = true,
                "--binary" => options.binary = rest.next().cloned(),
                "--only" => {
                    let names = rest.next().map_or("", String::as_str);
                    options.only = names.split(',').map(str::to_owned).collect();
                    let known = |name: &String| GROUPS.iter().any(|group| group.name == name);
                    if !options.only.iter().all(known) {
                        return Err(Error::BadValue {
                            option: option.clone(),
                            wanted: "names of groups",
                            got: names.to_owned(),
                        });
                    }
                }
                _ => {
                    return Err(Error::UnknownOption {
                        task: "bench all",
                        option: option.clone(),
                    });
                }
            }
        }
        Ok(Some(options))
    }

    /// The node that is measured, if one is named; in full, since who starts it may be elsewhere.
    fn node(&self) -> Result<Option<PathBuf>> {
        let full = |node: &String| std::fs::canonicalize(node).map_err(at("find", node));
        self.binary.as_ref().map(full).transpose()
    }

    /// The groups that are asked for.
    fn groups(&self) -> impl Iterator<Item = &'static Group> {
        GROUPS.iter().filter(|group| {
            let asked = self.only.is_empty() || self.only.iter().any(|name| name == group.name);
            asked && !(self.quick && group.quick.is_none())
        })
    }
}

/// Measures, tells, and leaves the files.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let Some(options) = Options::read(args)? else {
        say(HELP);
        return Ok(());
    };
    let stated = Stated::read()?;
    if options.check || options.write {
        let record = Record::read()?.ok_or_else(|| Error::NothingToMeasure {
            why: "nothing was measured yet: cargo xtask bench all".to_owned(),
        })?;
        if options.check {
            say(&stated.compared(&record));
            return Ok(());
        }
        return stated.measured(&record)?.write();
    }
    let record = measure(&options)?;
    for (name, text) in page::files(&record) {
        written(&folder().join(name), &text)?;
    }
    say(&format!("\n{}", stated.compared(&record)));
    say(&format!(
        "all figures: {0}/all.json, {0}/all.md",
        folder().display()
    ));
    Ok(())
}

/// Runs the groups that are to be run, and writes after each.
fn measure(options: &Options) -> Result<Record> {
    let (commit, before, node) = (commit(), Record::read()?, options.node()?);
    let same = |record: &Record| {
        record.commit == commit && record.quick == options.quick && record.node == node
    };
    let mut record = match before {
        Some(before) if (options.resume || !options.only.is_empty()) && same(&before) => before,
        _ => Record::default(),
    };
    (record.quick, record.commit, record.machine) = (options.quick, commit, Machine::here());
    record.node = node;
    // One that is named is measured again, and so is one of which nothing came.
    let there = |group: &&Group| {
        let mut done = record.groups.iter().filter(|done| done.name == group.name);
        options.only.is_empty() && done.any(|done| !done.figures.is_empty())
    };
    let groups: Vec<&Group> = options.groups().filter(|group| !there(group)).collect();
    let mut left: u64 = groups
        .iter()
        .map(|group| group.estimate(options.quick))
        .sum();
    say(&format!(
        "{} groups, about {}, and what is built before; ends about {} UTC",
        groups.len(),
        duration(left),
        now(left)
    ));
    for (n, group) in groups.iter().enumerate() {
        let estimate = group.estimate(options.quick);
        say(&format!(
            "\n[{}/{}] {}: {}, about {}; {} left",
            n + 1,
            groups.len(),
            group.name,
            group.about,
            duration(estimate),
            duration(left)
        ));
        record.put(done(group, options.quick, record.node.as_deref())?);
        record.write()?;
        left -= estimate;
    }
    Ok(record)
}

/// Runs a group, as far as its peers are here.
fn done(group: &Group, quick: bool, node: Option<&Path>) -> Result<Done> {
    let (began, load, start) = (now(0), load(), Instant::now());
    let mut done = Done {
        name: group.name.to_owned(),
        began,
        load,
        ..Done::default()
    };
    let note = |notes: &mut Vec<String>, text: String| {
        say(&format!("  {text}"));
        notes.push(text);
    };
    if let Some(missing) = tools::missing(group.needs) {
        note(
            &mut done.notes,
            format!("left out: {}: {missing}", group.name),
        );
        return Ok(done);
    }
    let mut without = Vec::new();
    for compared in group.compares {
        if let Some(missing) = tools::missing(compared.peers) {
            note(
                &mut done.notes,
                format!("left out: {}: {missing}", compared.rows),
            );
            without.push(compared.rows);
        }
    }
    let file = group.file();
    if let Some(file) = file.as_ref().filter(|file| file.exists()) {
        // What an earlier run left is not this one's.
        std::fs::remove_file(file).map_err(at("remove", file))?;
    }
    if let Some(args) = group.command(quick, &without) {
        let (ok, text) = shown(&args, node)?;
        let json = file.as_deref().map_or(Ok(Value::Null), json)?;
        done.figures = (group.read)(Told {
            text: &text,
            json: &json,
        });
        let out = text.lines().filter(|line| line.starts_with("left out: "));
        done.notes.extend(out.map(str::to_owned));
        if !ok {
            note(
                &mut done.notes,
                format!("`cargo xtask {}` failed", args.join(" ")),
            );
        }
    }
    done.seconds = start.elapsed().as_secs();
    Ok(done)
}

/// The rounds that a benchmark wrote; nothing when it did not come so far.
fn json(file: &Path) -> Result<Value> {
    if !file.exists() {
        return Ok(Value::Null);
    }
    let text = std::fs::read_to_string(file).map_err(at("read", file))?;
    serde_json::from_str(&text).map_err(|_| Error::Unreadable {
        file: file.to_owned(),
        what: "rounds of a benchmark",
    })
}

/// Runs a task of this program, on this node if one was given; what it prints is shown and kept.
fn shown(args: &[String], node: Option<&Path>) -> Result<(bool, String)> {
    let me = std::env::current_exe().map_err(at("find", "this program"))?;
    let failed = |source| Error::Start {
        program: args.join(" "),
        source,
    };
    let mut command = Command::new(me);
    command
        .args(args)
        .envs(node.map(|node| (example::BINARY, node)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let mut text = String::new();
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out)
            .lines()
            .map_while(std::result::Result::ok)
        {
            say(&format!("  {line}"));
            text.push_str(&line);
            text.push('\n');
        }
    }
    let status = child.wait().map_err(failed)?;
    Ok((status.success(), text))
}

/// `1 h 5 min`, `12 min`, `40 s`
fn duration(seconds: u64) -> String {
    let minutes = seconds.div_ceil(60);
    match (minutes / 60, minutes % 60) {
        _ if seconds < 60 => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &str) -> Result<Option<Options>> {
        let args: Vec<String> = args.split_whitespace().map(str::to_owned).collect();
        Options::read(&args)
    }

    #[test]
    fn reads_options() {
        let options = read("--quick --only sip,waiting").unwrap().unwrap();
        let names: Vec<&str> = options.groups().map(|group| group.name).collect();
        // The other one is not in `--quick`.
        assert_eq!(names, ["sip"]);
        assert!(read("--help").unwrap().is_none());
        assert!(read("--only nothing").is_err());
        assert!(read("--loud").is_err());
    }

    #[test]
    fn help_names_all_groups_and_how_long_they_take() {
        for group in GROUPS {
            assert!(HELP.contains(group.name), "{}", group.name);
        }
        let all = |quick| duration(GROUPS.iter().map(|group| group.estimate(quick)).sum());
        assert_eq!(
            (all(false).as_str(), all(true).as_str()),
            ("1 h 42 min", "11 min")
        );
    }

    #[test]
    fn durations_are_told_in_minutes() {
        assert_eq!(duration(40), "40 s");
        assert_eq!(duration(61), "2 min");
        assert_eq!(duration(5_461), "1 h 32 min");
    }
}
