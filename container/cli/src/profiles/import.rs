//! `strowger profiles import`: the profiles of a file, written into a table part by part, each part whole or not at all.
//!
//! **Invariant:** of a file, however long it is, one part is held. What is wrong is told with its line, and what was written before it
//! is durable; importing the mended file again writes the same again.

use super::Detail;
use super::progress::Progress;
use crate::api::{Api, path};
use crate::args::{self, ProfileForm};
use crate::failure::Failure;
use crate::output::{as_json, print};
use serde_json::json;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use strowger_management::figures::words;
use strowger_management::profile_file::{Attribute, Fault, Record, Records, Unread};

/// Bytes of one request; the node takes 64 KiB.
const PART: usize = 60 * 1024;
/// Profiles of one request: while they are written, no call goes on.
const PROFILES: usize = 500;
/// Faults that are told at most.
const FAULTS: usize = 20;
/// How long the node may take no more.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);

/// Why a file was not imported, or not all of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// The file cannot be read.
    #[error("`{}` cannot be read", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Lines are wrong.
    #[error("{}", told(*.written, *.checked))]
    Wrong {
        /// The file.
        file: PathBuf,
        /// The lines, some of them if there are many.
        faults: Vec<Fault>,
        /// The code of the node's answer, if it is the node that says so.
        code: Option<String>,
        /// Profiles that were written before.
        written: u64,
        /// Whether nothing was to be written.
        checked: bool,
    },
}

fn told(written: u64, checked: bool) -> String {
    match (checked, written) {
        (true, _) | (_, 0) => "nothing was written".to_owned(),
        (false, n) => {
            format!("{n} profiles before it were written; import the file again when it is mended")
        }
    }
}

/// Writes the profiles of a file.
pub(crate) fn run(args: &args::ProfileImport) -> Result<(), Failure> {
    let api = Api::of(&args.told.node)?;
    let table: Detail = api.get(&path(&["profiles", &args.table], &[]))?;
    let form = ProfileForm::of(args.format, Some(&args.file));
    let unread = |source| ImportError::Read {
        file: args.file.clone(),
        source,
    };
    let (input, bytes): (Box<dyn Read>, _) = if args.file == Path::new("-") {
        (Box::new(io::stdin().lock()), None)
    } else {
        let file = File::open(&args.file).map_err(unread)?;
        let bytes = file
            .metadata()
            .ok()
            .filter(|m| m.is_file())
            .map(|m| m.len());
        (Box::new(file), bytes)
    };
    let mut import = Import {
        api: &api,
        args,
        at: path(&["profiles", &args.table, "entries"], &[]),
        part: Part::default(),
        read: 0,
        written: 0,
        faults: Vec::new(),
        progress: Progress::of(bytes),
    };
    let done = match open(input, form, table.attributes) {
        Ok(records) => import.all(records),
        Err(unread) => import.wrong(unread).map(drop),
    };
    let took = import.progress.end();
    done?;
    import.finish(took)
}

fn open<R: Read>(
    input: R,
    form: ProfileForm,
    attributes: Vec<Attribute>,
) -> Result<Records<R>, Unread> {
    match form {
        ProfileForm::Csv => Records::csv(input, attributes),
        ProfileForm::Jsonl => Ok(Records::lines(input, attributes)),
    }
}

/// An import that goes on.
struct Import<'a> {
    api: &'a Api,
    args: &'a args::ProfileImport,
    /// Where parts are sent.
    at: String,
    part: Part,
    read: u64,
    written: u64,
    faults: Vec<Fault>,
    progress: Progress,
}

impl Import<'_> {
    fn all<R: Read>(&mut self, mut records: Records<R>) -> Result<(), Failure> {
        loop {
            match records.next_record() {
                Ok(None) => break,
                Ok(Some(record)) => self.take(&record)?,
                Err(unread) => {
                    if !self.wrong(unread)? {
                        break;
                    }
                }
            }
            self.progress.tell(self.read, records.read());
        }
        self.send()
    }

    fn take(&mut self, record: &Record) -> Result<(), Failure> {
        self.read += 1;
        let profile = json!({ "name": record.name, "values": record.values }).to_string();
        if profile.len() > PART {
            let what = format!("is longer than {} KiB", PART / 1024);
            let line = record.line;
            return self.wrong(Unread::Fault(Fault { line, what })).map(drop);
        }
        if self.args.check {
            return Ok(());
        }
        if !self.part.takes(&profile) {
            self.send()?;
        }
        self.part.add(record.line, profile);
        Ok(())
    }

    /// A line is wrong: when nothing is written, others may be read to tell of more.
    fn wrong(&mut self, unread: Unread) -> Result<bool, Failure> {
        let file = || self.args.file.clone();
        let (fault, more) = match unread {
            Unread::Fault(fault) => (fault, true),
            Unread::Lost(fault) => (fault, false),
            Unread::Io(source) => {
                let file = file();
                return Err(ImportError::Read { file, source }.into());
            }
        };
        // What came before it is in order.
        self.send()?;
        self.faults.push(fault);
        if self.args.check && more && self.faults.len() < FAULTS {
            return Ok(true);
        }
        Err(self.failed(None))
    }

    fn failed(&mut self, code: Option<String>) -> Failure {
        let wrong = ImportError::Wrong {
            file: self.args.file.clone(),
            faults: std::mem::take(&mut self.faults),
            code,
            written: self.written,
            checked: self.args.check,
        };
        wrong.into()
    }

    /// Has the node write what is held.
    fn send(&mut self) -> Result<(), Failure> {
        let Part { profiles, bytes: _ } = std::mem::take(&mut self.part);
        self.send_these(&profiles)
    }

    fn send_these(&mut self, profiles: &[(u64, String)]) -> Result<(), Failure> {
        if profiles.is_empty() {
            return Ok(());
        }
        let problem = match self.order(&body(profiles)) {
            Ok(()) => {
                self.written += profiles.len() as u64;
                return Ok(());
            }
            Err(Failure::Problem(problem)) => problem,
            Err(failure) => return Err(failure),
        };
        let field = problem.field.as_deref().unwrap_or_default();
        // Services that hear of changes take only so many at once.
        if field == "put" && problem.status == 400 && profiles.len() > 1 {
            let (some, others) = profiles.split_at(profiles.len() / 2);
            self.send_these(some)?;
            return self.send_these(others);
        }
        let Some(&(line, _)) = place(field).and_then(|place| profiles.get(place)) else {
            return Err(Failure::Problem(problem));
        };
        self.faults.push(Fault {
            line,
            what: problem.detail,
        });
        Err(self.failed(Some(problem.code)))
    }

    /// A node that takes no more for now is asked again: to write the same twice does no harm.
    fn order(&self, body: &str) -> Result<(), Failure> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.api.order_text("POST", &self.at, body) {
                Err(Failure::Problem(problem))
                    if problem.status == 503 && Instant::now() < until =>
                {
                    #[expect(
                        clippy::disallowed_methods,
                        reason = "the node needs time, and says not when it is over"
                    )]
                    std::thread::sleep(PAUSE);
                }
                done => return done.map(drop),
            }
        }
    }

    fn finish(mut self, took: Duration) -> Result<(), Failure> {
        if !self.faults.is_empty() {
            return Err(self.failed(None));
        }
        let (profiles, table) = (self.read, &self.args.table);
        if self.args.told.json {
            let answer = json!({
                "table": table, "profiles": profiles, "written": self.written, "seconds": took.as_secs_f64(),
            });
            as_json(&answer)?;
            return Ok(());
        }
        let took = words::seconds(took.as_secs_f64());
        let text = match self.args.check {
            true => format!(
                "{profiles} profiles can be written to {table}, as far as can be told without\n"
            ),
            false => format!("{profiles} profiles written to {table} in {took}\n"),
        };
        print(&text)?;
        Ok(())
    }
}

/// Profiles that are sent together.
#[derive(Debug, Default)]
struct Part {
    /// Where each began in the file, and what it is as JSON.
    profiles: Vec<(u64, String)>,
    /// With a comma after each.
    bytes: usize,
}

impl Part {
    fn takes(&self, profile: &str) -> bool {
        self.profiles.len() < PROFILES && self.bytes + profile.len() < PART
    }
    fn add(&mut self, line: u64, profile: String) {
        self.bytes += profile.len() + 1;
        self.profiles.push((line, profile));
    }
}

fn body(profiles: &[(u64, String)]) -> String {
    let all: Vec<_> = profiles
        .iter()
        .map(|(_, profile)| profile.as_str())
        .collect();
    format!("{{\"put\":[{}]}}", all.join(","))
}

/// Which profile of a part a problem is about: `put.N`, or what is below it.
fn place(field: &str) -> Option<usize> {
    let place = field.strip_prefix("put.")?;
    place.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_problem_is_that_of_a_line() {
        assert_eq!(place("put.17.values.number"), Some(17));
        assert_eq!(place("put.0"), Some(0));
        assert_eq!(place("put"), None);
        assert_eq!(place("remove.1"), None);
    }

    #[test]
    fn parts_are_small() {
        let mut part = Part::default();
        let profile = "x".repeat(1_000);
        while part.takes(&profile) {
            part.add(1, profile.clone());
        }
        assert_eq!(part.profiles.len(), 61);
        assert!(body(&part.profiles).len() < PART + 10);
        let mut part = Part::default();
        while part.takes("x") {
            part.add(1, "x".to_owned());
        }
        assert_eq!(part.profiles.len(), PROFILES);
    }
}
