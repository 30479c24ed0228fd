//! `docs/figures/figures.toml`: what README.md and docs/performance.md state. The pages hold tables between two marks and plots that are
//! made from it, and a test compares them, so that none of the three can drift.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::bench::all::figure::{shown, with_unit};
use crate::bench::all::groups::GROUPS;
use crate::bench::all::page::plots;
use crate::bench::all::record::{Machine, Record, written};
use crate::error::{Error, Result, at};
use crate::print::say;
use crate::shell::root;

const HEADER: &str = "\
# What README.md and docs/performance.md state. `cargo xtask bench all` measures each figure again, under this id, and says which are off by
# more than their spread (in per cent). `cargo xtask bench all --write` puts what it measured here and makes the pages' tables and plots anew;
# a test compares them. Of `most` and `least` a figure has one where there is an aim, met or not; `readme` puts it on the first page.
";
const FILE: &str = "docs/figures/figures.toml";
/// Between these marks of a page stands what is made.
const MARKS: [&str; 2] = ["<!-- figures -->\n", "<!-- /figures -->\n"];

/// The file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stated {
    /// When and where the figures of a group were measured.
    runs: BTreeMap<String, Run>,
    #[serde(rename = "figure")]
    figures: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    date: String,
    on: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    what: String,
    unit: String,
    /// None: not measured yet.
    value: Option<f64>,
    spread: f64,
    most: Option<f64>,
    least: Option<f64>,
    #[serde(default)]
    readme: bool,
}

impl Entry {
    fn group(&self) -> &str {
        self.id.split('.').next().unwrap_or_default()
    }

    /// `at most 0.7`, and whether a value holds it.
    fn aim(&self, value: f64) -> Option<(String, bool)> {
        let text = |word: &str, aim| format!("at {word} {}", with_unit(aim, &self.unit));
        match (self.most, self.least) {
            (Some(most), _) => Some((text("most", most), value <= most)),
            (None, Some(least)) => Some((text("least", least), value >= least)),
            (None, None) => None,
        }
    }

    /// The aim as a table has it.
    fn aim_cell(&self, value: f64) -> String {
        match self.aim(value) {
            Some((aim, true)) => aim,
            Some((aim, false)) => format!("missed: {aim}"),
            None => String::new(),
        }
    }
}

impl Stated {
    pub(crate) fn read() -> Result<Self> {
        let file = root().join(FILE);
        let text = std::fs::read_to_string(&file).map_err(at("read", &file))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| Error::Failed {
            what: format!("{FILE}: {error}"),
        })
    }

    fn find(&self, id: &str) -> Option<f64> {
        self.figures.iter().find(|entry| entry.id == id)?.value
    }

    /// What was measured beside what is stated: figures that are off, aims that are missed, and what is not measured.
    pub(crate) fn compared(&self, record: &Record) -> String {
        let (mut off, mut missed, mut seen) = (String::new(), String::new(), 0);
        let mut absent = Vec::new();
        for entry in &self.figures {
            let Some(figure) = record.find(&entry.id) else {
                absent.push(entry.id.as_str());
                continue;
            };
            seen += 1;
            // Writing to a String does not fail.
            if let Some(value) = entry.value {
                let more = (figure.value - value) * 100.0 / value.abs();
                if more.abs() > entry.spread {
                    let (stated, found) = (
                        with_unit(value, &entry.unit),
                        with_unit(figure.value, &entry.unit),
                    );
                    let _ = writeln!(
                        off,
                        "  {:<40} stated {stated} (spread {} %), measured {found} ({more:+.0} %)",
                        entry.id, entry.spread
                    );
                }
            }
            if let Some((aim, false)) = entry.aim(figure.value) {
                let _ = writeln!(
                    missed,
                    "  {:<40} {}, {aim} is the aim",
                    entry.id,
                    with_unit(figure.value, &entry.unit)
                );
            }
        }
        let mut text = format!(
            "{seen} of {} stated figures were measured, at {} on {}\n",
            self.figures.len(),
            record.what(),
            on(&record.machine)
        );
        for (what, lines) in [
            ("off by more than their spread", off),
            ("aims that are missed", missed),
        ] {
            let lines = if lines.is_empty() {
                "  none\n".to_owned()
            } else {
                lines
            };
            let _ = write!(text, "{what}:\n{lines}");
        }
        if !absent.is_empty() {
            let _ = writeln!(text, "not measured: {}", absent.join(" "));
        }
        text
    }

    /// The same with what was measured in place of what was stated. Refuses what a quick run has measured.
    pub(crate) fn measured(&self, record: &Record) -> Result<Self> {
        if record.quick {
            return Err(Error::NothingToMeasure {
                why: "figures of a quick run are not stated: cargo xtask bench all".to_owned(),
            });
        }
        let mut new = self.clone();
        for entry in &mut new.figures {
            let Some(figure) = record.find(&entry.id) else {
                continue;
            };
            // As many digits as are shown: what is stated is what is read.
            entry.value = shown(figure.value, &entry.unit)
                .replace(',', "")
                .parse()
                .ok();
            if let Some(spread) = figure.spread {
                // What a fraction leaves behind is no further per cent.
                entry.spread = (spread - 1e-6).ceil().max(1.0);
            }
        }
        for done in record.groups.iter().filter(|done| !done.figures.is_empty()) {
            let run = Run {
                date: done.began.clone(),
                on: format!(
                    "{}; commit {}, load {} before",
                    on(&record.machine),
                    record.what(),
                    done.load
                ),
            };
            new.runs.insert(done.name.clone(), run);
        }
        Ok(new)
    }

    /// Writes the file, and what is made from it.
    pub(crate) fn write(&self) -> Result<()> {
        written(&root().join(FILE), &self.text())?;
        for (file, text) in self.made(&root())? {
            say(&format!("  {}", file.display()));
            written(&file, &text)?;
        }
        Ok(())
    }

    /// The file's text.
    fn text(&self) -> String {
        let mut text = HEADER.to_owned();
        // Writing to a String does not fail.
        for (name, run) in &self.runs {
            let _ = write!(
                text,
                "\n[runs.{name}]\ndate = {:?}\non = {:?}\n",
                run.date, run.on
            );
        }
        for entry in &self.figures {
            let _ = write!(
                text,
                "\n[[figure]]\nid = {:?}\nwhat = {:?}\nunit = {:?}\n",
                entry.id, entry.what, entry.unit
            );
            let numbers = [
                ("value", entry.value),
                ("spread", Some(entry.spread)),
                ("most", entry.most),
                ("least", entry.least),
            ];
            for (name, number) in numbers {
                if let Some(number) = number {
                    let _ = writeln!(text, "{name} = {number:?}");
                }
            }
            if entry.readme {
                text.push_str("readme = true\n");
            }
        }
        text
    }

    /// The pages and plots as they must be.
    fn made(&self, root: &Path) -> Result<Vec<(PathBuf, String)>> {
        let mut made = Vec::new();
        for (name, table) in [
            ("README.md", self.first_page()),
            ("docs/performance.md", self.whole_page()),
        ] {
            let file = root.join(name);
            let text = std::fs::read_to_string(&file).map_err(at("read", &file))?;
            let text = put(&text, &table).ok_or_else(|| Error::Unreadable {
                file: file.clone(),
                what: "place for figures",
            })?;
            made.push((file, text));
        }
        let date = self.runs.get("sip").map_or("", |run| run.date.as_str());
        for (name, svg) in plots(
            &|id| self.find(id),
            &format!("made from {FILE}; calls measured {date}"),
        ) {
            made.push((root.join("docs/figures").join(format!("bench-{name}")), svg));
        }
        Ok(made)
    }

    /// The table of the README.
    fn first_page(&self) -> String {
        let mut table = "| | | aim |\n|---|---:|---|\n".to_owned();
        for entry in self.figures.iter().filter(|entry| entry.readme) {
            if let Some(value) = entry.value {
                let (figure, aim) = (with_unit(value, &entry.unit), entry.aim_cell(value));
                let _ = writeln!(table, "| {} | {figure} | {aim} |", entry.what);
            }
        }
        table
    }

    /// All tables, by group.
    fn whole_page(&self) -> String {
        let mut page = String::new();
        for group in GROUPS {
            let of = |entry: &&Entry| entry.group() == group.name;
            let stated: Vec<(&Entry, f64)> = self
                .figures
                .iter()
                .filter(of)
                .filter_map(|entry| Some((entry, entry.value?)))
                .collect();
            let (Some(run), false) = (self.runs.get(group.name), stated.is_empty()) else {
                continue;
            };
            let _ = write!(
                page,
                "**{}** ({}): `cargo xtask bench all --only {}`. {}, {}.\n\n| | | ± % | aim | id |\n|---|---:|---:|---|---|\n",
                group.name, group.about, group.name, run.date, run.on
            );
            for (entry, value) in stated {
                let (figure, aim) = (with_unit(value, &entry.unit), entry.aim_cell(value));
                let _ = writeln!(
                    page,
                    "| {} | {figure} | {} | {aim} | `{}` |",
                    entry.what, entry.spread, entry.id
                );
            }
            page.push('\n');
        }
        page
    }
}

/// A machine in a few words.
fn on(machine: &Machine) -> String {
    let Machine {
        processor,
        cores,
        memory_gib,
        kernel,
        ..
    } = machine;
    format!("{cores} cores of {processor}, {memory_gib} GiB, Linux {kernel}")
}

/// The page with this between its marks. None: it has no marks.
fn put(page: &str, table: &str) -> Option<String> {
    let [open, close] = MARKS;
    let (before, rest) = page.split_once(open)?;
    let (_, after) = rest.split_once(close)?;
    let table = table.trim_end();
    Some(format!("{before}{open}\n{table}\n\n{close}{after}"))
}

#[cfg(test)]
mod tests;
