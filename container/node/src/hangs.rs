//! Deliveries that did not return, and with which the process had to start again: noted in the data directory, and what the next
//! start does about them.
//!
//! A delivery to an entity is put aside when it comes again: what has not been committed, such as a message that its sender
//! repeats or a timer, comes anew. An initial event comes again, too, but to nobody that could be named: the service takes no new
//! work then, and what it has goes on. A service that does either again and again is not activated, and what it has is removed; its
//! notes are gone then. What holds back a service holds for one start: the one after that gives another chance. What holds back a
//! delivery holds as long as the note counts, for it may not have come again yet.
//!
//! Invariant: a note is changed only when a start that has seen to it is done.

use crate::plan::Plan;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use strowger::id::EntityId;
use strowger_kernel::Intensity;

/// The file in the data directory: a line for each, with the time in seconds since 1970, the service, the receiver while it is to be left out (`-` for an initial event), and the event type.
const NAME: &str = "hangs";
/// Lines that are kept.
const LINES: usize = 200;

/// Where they are noted.
#[derive(Clone, Debug)]
pub(crate) struct Hangs {
    file: PathBuf,
    /// What is left of it once the start is done, if that is something else.
    left: Option<String>,
    /// Services that are never held back.
    free: Vec<String>,
}

/// What is held back at a start.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeldBack {
    pub(crate) services: Vec<HeldService>,
    /// Receivers, each with the event type that is not to be delivered to it.
    pub(crate) deliveries: Vec<(EntityId, String)>,
}

/// A service that is not activated, and why.
#[derive(Clone, Debug)]
pub(crate) struct HeldService {
    pub(crate) name: String,
    pub(crate) why: String,
    /// What it has from before would hang again, too.
    pub(crate) whole: bool,
}

/// Whom a delivery was for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Receiver {
    /// A start has seen to it.
    Settled,
    /// Nobody yet: an initial event.
    Nobody,
    Entity(EntityId),
}

/// One of them.
#[derive(Debug)]
struct Hang<'a> {
    at: u64,
    service: &'a str,
    receiver: Receiver,
    event: &'a str,
}

impl Hangs {
    pub(crate) fn of(data_dir: &Path) -> Self {
        let file = data_dir.join(NAME);
        Self {
            file,
            left: None,
            free: Vec::new(),
        }
    }

    /// Notes, durably, that the process starts again with a handler of a service. Whether that start will leave the delivery out.
    pub(crate) fn note(
        &self,
        now: u64,
        service: &str,
        receiver: Option<EntityId>,
        event: &str,
    ) -> bool {
        let free = receiver.is_none() && self.free.iter().any(|free| free == service);
        let receiver = receiver.map_or_else(|| "-".to_owned(), |entity| entity.to_string());
        let write = || {
            let mut options = OpenOptions::new();
            let mut file = options.append(true).create(true).open(&self.file)?;
            writeln!(file, "{now} {service} {receiver} {event}")?;
            file.sync_all()?;
            self.sync_dir()
        };
        if let Err(error) = write() {
            tracing::error!(%error, "the hang is not noted, and not counted");
            return false;
        }
        !free
    }

    fn sync_dir(&self) -> io::Result<()> {
        match self.file.parent() {
            Some(dir) => File::open(dir)?.sync_all(),
            None => Ok(()),
        }
    }

    /// The start is done that has held back what [`hold_back`](Self::hold_back) said.
    pub(crate) fn settle(&mut self) {
        let Some(left) = self.left.take() else {
            return;
        };
        let write = || {
            if left.is_empty() {
                fs::remove_file(&self.file)?;
                return self.sync_dir();
            }
            let new = self.file.with_extension("new");
            let mut file = File::create(&new)?;
            file.write_all(left.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &self.file)?;
            self.sync_dir()
        };
        if let Err(error) = write() {
            tracing::warn!(%error, "hangs of before are counted again at the next start");
        }
    }

    /// What of a plan is held back at this start: services are not to be activated.
    pub(crate) fn hold_back(&mut self, now: u64, plan: &mut Plan) -> HeldBack {
        let free = plan
            .services
            .iter()
            .filter(|s| s.options.intensity.hangs == 0);
        self.free = free.map(|s| s.options.name.clone()).collect();
        let text = match fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return HeldBack::default();
            }
            Err(error) => {
                tracing::warn!(%error, "hangs of before are not counted");
                return HeldBack::default();
            }
        };
        let services = plan.services.iter();
        let limits = services.map(|s| (s.options.name.as_str(), s.options.intensity));
        let (held, left) = count(&text, now, &limits.collect());
        for planned in &mut plan.services {
            let own = |held: &HeldService| held.name == planned.options.name;
            planned.options.held_back = held.services.iter().any(own);
        }
        self.left = Some(left).filter(|left| *left != text);
        held
    }
}

impl<'a> Hang<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (at, rest) = line.split_once(' ')?;
        let (service, event) = rest.split_once(' ')?;
        let (first, tail) = event.split_once(' ').unwrap_or((event, ""));
        let (receiver, event) = match (first, first.parse()) {
            ("-", _) => (Receiver::Nobody, tail),
            (_, Ok(entity)) => (Receiver::Entity(entity), tail),
            _ => (Receiver::Settled, event),
        };
        Some(Self {
            at: at.parse().ok()?,
            service,
            receiver,
            event,
        })
    }
}

/// What notes say: what is held back, and the notes that are left.
fn count(text: &str, now: u64, limits: &BTreeMap<&str, Intensity>) -> (HeldBack, String) {
    let counts = |hang: &Hang<'_>| {
        let limits = limits.get(hang.service);
        limits.is_some_and(|limits| now.saturating_sub(hang.at) < limits.hang_window.as_secs())
    };
    let mut hangs: Vec<Hang<'_>> = text.lines().filter_map(Hang::read).collect();
    hangs.retain(counts);
    let mut held = HeldBack::default();
    for (service, limits) in limits.iter().filter(|(_, limits)| limits.hangs > 0) {
        let own = || hangs.iter().filter(|hang| hang.service == *service);
        let times = own().count();
        let new_work = own().find(|hang| hang.receiver == Receiver::Nobody);
        let whole = times >= limits.hangs as usize;
        let why = match new_work {
            _ if whole => format!(
                "{times} times within {:?} the process was started again with a handler that did not return",
                limits.hang_window
            ),
            Some(hang) => format!(
                "the process was started again with its handler of the initial event {}, which did not return",
                hang.event
            ),
            None => continue,
        };
        let name = (*service).to_owned();
        held.services.push(HeldService { name, why, whole });
    }
    let gone = |hang: &Hang<'_>| {
        let own = |held: &HeldService| held.whole && held.name == hang.service;
        held.services.iter().any(own)
    };
    hangs.retain(|hang| !gone(hang));
    let to_entities = hangs.iter().filter_map(|hang| match hang.receiver {
        Receiver::Entity(entity) => Some((entity, hang.event.to_owned())),
        Receiver::Settled | Receiver::Nobody => None,
    });
    held.deliveries = to_entities.collect();
    let left = hangs.iter().rev().take(LINES).rev();
    let left = left.map(|hang| {
        let Hang {
            at, service, event, ..
        } = hang;
        match hang.receiver {
            Receiver::Entity(entity) => format!("{at} {service} {entity} {event}\n"),
            Receiver::Settled | Receiver::Nobody => format!("{at} {service} {event}\n"),
        }
    });
    let left = left.collect();
    (held, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_that_cannot_be_durable_or_changes_nothing_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let mut hangs = Hangs::of(dir.path());
        hangs.free.push("free".into());
        assert!(hangs.note(1, "a", None, "rang"));
        assert!(!hangs.note(1, "free", None, "rang"));
        let mut nowhere = Hangs::of(&dir.path().join("gone"));
        assert!(!nowhere.note(1, "a", None, "rang"));
        nowhere.settle();
        let read = || fs::read_to_string(dir.path().join(NAME)).unwrap();
        assert_eq!(read(), "1 a - rang\n1 free - rang\n");
        hangs.left = Some("1 a rang\n".into());
        hangs.settle();
        assert_eq!(read(), "1 a rang\n");
    }
    use std::time::Duration;

    fn limits(hangs: u32) -> Intensity {
        Intensity {
            hangs,
            hang_window: Duration::from_secs(600),
            ..Intensity::default()
        }
    }

    #[test]
    fn hangs_count_for_their_service_and_for_their_time() {
        let limits = BTreeMap::from([("bad", limits(2)), ("good", limits(2)), ("free", limits(0))]);
        let text = "100 bad said 1.0\n500 bad said 1.0\n600 good x\n650 bad e01-2-3 said\n660 free x\n661 free - x\nrubbish\n9 gone x\n";
        let (held, left) = count(text, 900, &limits);
        let [bad] = &held.services[..] else {
            panic!("{held:?}")
        };
        assert_eq!((bad.name.as_str(), bad.whole), ("bad", true));
        assert!(bad.why.starts_with("2 times within 600s"), "{}", bad.why);
        assert!(held.deliveries.is_empty(), "what it has is removed");
        assert_eq!(left, "600 good x\n660 free x\n661 free x\n");
        // Of time gone backwards nothing is concluded.
        assert_eq!(count("1000 bad x\n", 900, &limits).1, "1000 bad x\n");
        assert_eq!(count("", 900, &limits).1, "");
    }

    #[test]
    fn a_note_holds_back_its_delivery_while_it_counts_or_else_new_work_for_one_start() {
        let limits = BTreeMap::from([("a", limits(3)), ("b", limits(3)), ("free", limits(0))]);
        let text = "1 a e01-2-3 said 1.0\n2 b - rang\n3 b e00-0-0 said 1.0\n4 free - rang\n";
        let (held, left) = count(text, 9, &limits);
        let entity = |text: &str| text.parse::<EntityId>().unwrap();
        let said = || "said 1.0".to_owned();
        assert_eq!(
            held.deliveries,
            [(entity("e01-2-3"), said()), (entity("e00-0-0"), said())]
        );
        let [b] = &held.services[..] else {
            panic!("{held:?}")
        };
        assert_eq!((b.name.as_str(), b.whole), ("b", false));
        assert!(b.why.contains("initial event rang"), "{}", b.why);
        let settled = "1 a e01-2-3 said 1.0\n2 b rang\n3 b e00-0-0 said 1.0\n4 free rang\n";
        assert_eq!(left, settled);
        let (held, again) = count(&left, 9, &limits);
        assert_eq!((held.services.len(), held.deliveries.len()), (0, 2));
        assert_eq!(again, left);
        assert!(count(&left, 700, &limits).0.deliveries.is_empty());
    }
}
