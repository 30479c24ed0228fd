//! Handlers that did not return, and with which the process had to be ended: noted in the data directory, counted at the next
//! start.
//!
//! A service that does it again and again would end the process for ever, with the calls of all others. One that has done it too
//! often is not activated; its notes are gone then, so that the start after that gives it another chance.

use crate::plan::Plan;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use strowger_kernel::Intensity;

/// The file in the data directory: a line for each, with the time in seconds since 1970, the service and the event type.
const NAME: &str = "hangs";
/// Lines that are kept.
const LINES: usize = 200;

/// Where they are noted.
#[derive(Clone, Debug)]
pub(crate) struct Hangs {
    file: PathBuf,
}

/// A service that is not activated, and why.
#[derive(Clone, Debug)]
pub(crate) struct HeldBack {
    pub(crate) service: String,
    pub(crate) why: String,
}

impl Hangs {
    pub(crate) fn of(data_dir: &Path) -> Self {
        let file = data_dir.join(NAME);
        Self { file }
    }

    /// Notes that the process ends with a handler of a service.
    pub(crate) fn note(&self, now: u64, service: &str, event: &str) {
        let write = || {
            let mut options = OpenOptions::new();
            let mut file = options.append(true).create(true).open(&self.file)?;
            writeln!(file, "{now} {service} {event}")?;
            file.sync_all()
        };
        if let Err(error) = write() {
            tracing::error!(%error, "the hang is not noted, and not counted");
        }
    }

    /// The services of a plan that have hung too often: they are not to be activated. Their notes are gone, and those that count
    /// no more.
    pub(crate) fn hold_back(&self, now: u64, plan: &mut Plan) -> Vec<HeldBack> {
        let text = match fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                tracing::warn!(%error, "hangs of before are not counted");
                return Vec::new();
            }
        };
        let services = plan.services.iter();
        let limits = services.map(|s| (s.options.name.as_str(), s.options.intensity));
        let (held, left) = count(&text, now, &limits.collect());
        for planned in &mut plan.services {
            planned.options.held_back = held.iter().any(|one| one.service == planned.options.name);
        }
        let written = match left.is_empty() {
            true => fs::remove_file(&self.file),
            false => fs::write(&self.file, left),
        };
        if let Err(error) = written {
            tracing::warn!(%error, "hangs of before are counted again at the next start");
        }
        held
    }
}

/// What notes say: services that have hung too often, and the notes that are left.
fn count(text: &str, now: u64, limits: &BTreeMap<&str, Intensity>) -> (Vec<HeldBack>, String) {
    let young = |line: &&str| {
        let mut words = line.split(' ');
        let at = words.next()?.parse::<u64>().ok()?;
        let limits = limits.get(words.next()?)?;
        (now.saturating_sub(at) < limits.hang_window.as_secs()).then_some(())
    };
    let lines: Vec<&str> = text.lines().filter(|line| young(line).is_some()).collect();
    let of = |line: &str, service: &str| line.split(' ').nth(1) == Some(service);
    let mut held = Vec::new();
    for (service, limits) in limits {
        let times = lines.iter().filter(|line| of(line, service)).count();
        if limits.hangs > 0 && times >= limits.hangs as usize {
            let why = format!(
                "{times} times within {:?} the process was ended with a handler that did not return",
                limits.hang_window
            );
            let service = (*service).to_owned();
            held.push(HeldBack { service, why });
        }
    }
    let counts = |line: &&&str| !held.iter().any(|one| of(line, &one.service));
    let left: Vec<&str> = lines.iter().filter(counts).copied().collect();
    let left = left.iter().rev().take(LINES).rev();
    let left = left.map(|line| format!("{line}\n")).collect();
    (held, left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn hangs_count_for_their_service_and_for_their_time() {
        let limits = |hangs| Intensity {
            hangs,
            hang_window: Duration::from_secs(600),
            ..Intensity::default()
        };
        let limits = BTreeMap::from([("bad", limits(2)), ("good", limits(2)), ("free", limits(0))]);
        let text = "100 bad said 1.0\n500 bad said 1.0\n600 good x\n650 bad said\n660 free x\n661 free x\nrubbish\n9 gone x\n";
        let (held, left) = count(text, 900, &limits);
        let names: Vec<&str> = held.iter().map(|one| one.service.as_str()).collect();
        assert_eq!(names, ["bad"]);
        assert!(
            held[0].why.starts_with("2 times within 600s"),
            "{}",
            held[0].why
        );
        assert_eq!(left, "600 good x\n660 free x\n661 free x\n");
        // Of time gone backwards nothing is concluded.
        assert_eq!(count("1000 bad x\n", 900, &limits).1, "1000 bad x\n");
        assert_eq!(count("", 900, &limits).1, "");
    }
}
