//! Reading a whole store that nobody runs on, to say whether it is sound and what of it is damaged.
//!
//! Every checksum of the journal is computed and every commit in it decoded; every record of the checkpoint is read.
//! A start reads less: it looks at the journal after the checkpoint only. Nothing is repaired, but the checkpoint database
//! is opened as a start opens it, and so puts its own files in order.

use crate::base::Base;
use crate::disk::SystemDisk;
use crate::home::Home;
use crate::segment::{Next, Reader, corrupt, io_error, list};
use crate::{SledBase, StoreOptions};
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use strowger_journal::frame::{FRAME_HEADER, Frame, FrameError, HeaderError};
use strowger_journal::{Flaw, Key, Seq, StoreError};

/// Commits that one frame can be behind another: what is further away is no continuation.
const NEAR: u64 = 1 << 20;

/// What was found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Checked {
    /// Journal segments.
    pub segments: u64,
    /// Sound commits in them.
    pub commits: u64,
    /// The first and the last commit of the journal, where there is any.
    pub journal: Option<RangeInclusive<u64>>,
    /// Bytes of journal that were read.
    pub journal_bytes: u64,
    /// The last commit in the checkpoint.
    pub covered: u64,
    /// Records in the checkpoint.
    pub records: u64,
    /// Bytes of their keys and values.
    pub record_bytes: u64,
    /// Where the journal ends early; a start cuts it off there.
    pub unfinished: Option<Unfinished>,
    /// What is damaged. A store without any is sound.
    pub damages: Vec<StoreError>,
}

/// A frame at the journal's end that is not sound. After a crash that is as it should be: it belongs to a write that did not
/// finish, of which nobody was told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfinished {
    /// The segment.
    pub file: PathBuf,
    /// Where the frame begins.
    pub offset: u64,
    /// Whether sound frames lie behind it. They are of the same unfinished write, unless the disk has changed what was written:
    /// if the process did not die in a write, they were acknowledged, and a start loses them.
    pub followed: bool,
}

/// How far a check has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// So many of so many journal segments are read.
    Segment(u64, u64),
    /// So many records of the checkpoint are read.
    Record(u64),
}

/// How often progress through the records is told.
const TOLD_EVERY: u64 = 100_000;

/// Reads all of the store in `dir`.
///
/// # Errors
/// There is none, it is in use, of an unknown format, or the system refuses a file. Damage is not an error but found.
pub fn check(
    dir: &Path,
    options: &StoreOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Checked, StoreError> {
    let format = dir.join("FORMAT");
    // Opening would make a new store of what is none.
    fs::metadata(&format).map_err(|e| io_error("open", &format, e))?;
    let home = Home::open(dir, &SystemDisk)?;
    let mut checked = Checked::default();
    let mut journal = Journal {
        found: &mut checked,
        due: None,
    };
    if home.journal().exists() {
        journal.check(&home.journal(), progress)?;
    }
    if let Err(error) = checkpoint(&home.checkpoint(), options, &mut checked, progress) {
        checked.damages.push(error);
    }
    checked.compare();
    Ok(checked)
}

impl Checked {
    /// Whether the journal goes on where the checkpoint ends.
    fn compare(&mut self) {
        let covered = Seq(self.covered);
        let gap = match &self.journal {
            Some(journal) if *journal.start() > covered.0 + 1 => {
                Some((covered, Seq(*journal.start())))
            }
            Some(journal) if *journal.end() < covered.0 => {
                Some((Seq(*journal.end()), covered.next()))
            }
            Some(_) => None,
            None => None,
        };
        if let Some((checkpoint, journal)) = gap {
            self.damages.push(StoreError::Gap {
                checkpoint,
                journal,
            });
        }
    }
}

struct Journal<'a> {
    found: &'a mut Checked,
    /// The commit that is due next; unknown at the beginning and after damage.
    due: Option<Seq>,
}

impl Journal<'_> {
    fn check(&mut self, dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<(), StoreError> {
        let files = list(dir)?;
        let all = files.len() as u64;
        let mut before = None;
        for (n, (number, path)) in (1..).zip(&files) {
            if before.is_some_and(|before| before + 1 != *number) {
                // Older stragglers were covered when they were removed, and are passed over by a start, too.
                self.due = None;
            }
            before = Some(*number);
            match self.segment(path, *number, n == all) {
                Err(error @ StoreError::Corrupt { .. }) => {
                    self.found.damages.push(error);
                    self.due = None;
                }
                other => other?,
            }
            self.found.segments += 1;
            progress(Progress::Segment(n, all));
        }
        Ok(())
    }

    fn segment(&mut self, path: &Path, number: u64, newest: bool) -> Result<(), StoreError> {
        let opened = Reader::open(path, None);
        if newest
            && let Err(StoreError::Corrupt { .. }) = &opened
            && is_blank(path)?
        {
            // Its creation did not finish; nothing was ever acknowledged from it.
            return Ok(());
        }
        let mut reader = opened?;
        if reader.header().number != number {
            return Err(corrupt(path, 0, HeaderError::Damaged));
        }
        self.expect(path, 0, reader.header().first)?;
        let end = reader.end();
        loop {
            match reader.next(Seq::NONE)? {
                Next::Frame(frame, payload) => {
                    let last = frame.last;
                    self.frame(path, &frame, payload)?;
                    self.due = Some(last.next());
                }
                Next::End(at) => {
                    self.found.journal_bytes += at;
                    return match newest || at == end {
                        true => Ok(()),
                        false => Err(corrupt(path, at, FrameError::Short)),
                    };
                }
                Next::Bad(flaw, at) => {
                    self.found.journal_bytes += at;
                    let written = matches!(flaw, FrameError::Version(_));
                    if !newest || written {
                        return Err(corrupt(path, at, flaw));
                    }
                    self.found.unfinished = Some(Unfinished {
                        file: path.to_owned(),
                        offset: at,
                        followed: self.goes_on(path, at)?,
                    });
                    return Ok(());
                }
            }
        }
    }

    fn expect(&mut self, path: &Path, at: u64, first: Seq) -> Result<(), StoreError> {
        match self.due.replace(first) {
            Some(expected) if expected != first => {
                let flaw = Flaw::Sequence {
                    expected,
                    found: first,
                };
                Err(corrupt(path, at, flaw))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn frame(&mut self, path: &Path, frame: &Frame<'_>, payload: u64) -> Result<(), StoreError> {
        let start = payload - FRAME_HEADER as u64;
        self.expect(path, start, frame.first)?;
        let mut commits = 0;
        for commit in frame.commits() {
            let commit = commit.map_err(|e| corrupt(path, payload + e.offset as u64, e))?;
            for delta in commit.deltas() {
                delta.map_err(|e| corrupt(path, payload + e.offset as u64, e))?;
            }
            commits += 1;
        }
        if commits != frame.last.0 - frame.first.0 + 1 {
            return Err(corrupt(path, start, FrameError::Count));
        }
        self.found.commits += commits;
        let from = match &self.found.journal {
            Some(journal) => *journal.start(),
            None => frame.first.0,
        };
        self.found.journal = Some(from..=frame.last.0);
        Ok(())
    }

    /// Whether a sound frame of later commits lies behind a bad one.
    fn goes_on(&self, path: &Path, bad: u64) -> Result<bool, StoreError> {
        let bytes = fs::read(path).map_err(|e| io_error("read", path, e))?;
        let due = self.due.unwrap_or(Seq::NONE);
        let from = usize::try_from(bad).unwrap_or(usize::MAX);
        let rest = bytes.get(from..).unwrap_or_default();
        let found = (1..rest.len()).any(|at| {
            let candidate = rest.get(at..).unwrap_or_default();
            // The number first: a checksum over every byte's frame would take for ever.
            let number = candidate.get(16..24).and_then(|n| n.first_chunk::<8>());
            let number = number.map_or(0, |n| u64::from_le_bytes(*n));
            let near = number > due.0 && number - due.0 <= NEAR;
            near && matches!(Frame::read(candidate), Ok(Some(_)))
        });
        Ok(found)
    }
}

fn is_blank(path: &Path) -> Result<bool, StoreError> {
    let bytes = fs::read(path).map_err(|e| io_error("read", path, e))?;
    let frames = bytes.get(strowger_journal::frame::SEGMENT_HEADER..);
    Ok(frames.unwrap_or_default().iter().all(|byte| *byte == 0))
}

/// Reads every record of the checkpoint.
fn checkpoint(
    dir: &Path,
    options: &StoreOptions,
    found: &mut Checked,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), StoreError> {
    if !dir.exists() {
        return Ok(());
    }
    let base = SledBase::open(dir, options)?;
    found.covered = base.covered().0;
    base.scan(&mut |key, value| {
        Key::decode(key).map_err(|e| corrupt(dir, 0, e))?;
        found.records += 1;
        found.record_bytes += (key.len() + value.len()) as u64;
        if found.records.is_multiple_of(TOLD_EVERY) {
            progress(Progress::Record(found.records));
        }
        Ok(())
    })
}
