//! The changes of a stretch of journal, merged by key: what a checkpoint applies and what a recovery lays over it.
//!
//! Only keys and places are kept in memory; values stay in the segments and are read again when they are due.

use crate::segment::{Next, Reader, Segment, corrupt, io_error};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use strowger_journal::frame::{FRAME_HEADER, Frame, FrameError};
use strowger_journal::{Flaw, Op, Seq, StoreError};

/// Bits of an offset: no segment is a terabyte.
const OFFSET_BITS: u32 = 40;
/// Journal bytes of which one change is expected.
const BYTES_OF_CHANGE: u64 = 128;
/// Bytes of a key that are expected.
const BYTES_OF_KEY: usize = 16;

#[derive(Debug)]
pub(crate) struct Window {
    files: Vec<(PathBuf, File)>,
    keys: Vec<u8>,
    /// By key, one entry for each.
    entries: Vec<Entry>,
    last: Seq,
    commits: u64,
}

/// What becomes of a key, and where its bytes are.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The first bytes of the key: most comparisons end with them, and never look for the others.
    prefix: u64,
    key_start: usize,
    place: At,
    length: u32,
    key_length: u8,
    remove: bool,
    /// The checkpoint holds nothing of this key.
    fresh: bool,
}

/// The final change of one key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'w> {
    pub(crate) key: &'w [u8],
    pub(crate) fresh: bool,
    /// Where the value lies; `None` for a removal.
    pub(crate) value: Option<Place>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    at: At,
    length: u32,
}

/// A file of the window and an offset in it, in eight bytes.
#[derive(Debug, Clone, Copy)]
struct At(u64);

impl At {
    const fn new(file: usize, offset: u64) -> Self {
        Self((file as u64) << OFFSET_BITS | offset)
    }
    const fn file(self) -> usize {
        (self.0 >> OFFSET_BITS) as usize
    }
    const fn offset(self) -> u64 {
        self.0 & ((1 << OFFSET_BITS) - 1)
    }
}

impl Window {
    /// Reads the commits after `after` from segments that hold them without a gap.
    ///
    /// `applied` is the last commit of which a checkpoint may hold traces that do not count: a key inserted after it is
    /// known to be in no checkpoint.
    pub(crate) fn read<'s>(
        segments: impl Iterator<Item = &'s Segment>,
        after: Seq,
        applied: Seq,
    ) -> Result<Self, StoreError> {
        let mut window = Self {
            files: Vec::new(),
            keys: Vec::new(),
            entries: Vec::new(),
            last: after,
            commits: 0,
        };
        let segments: Vec<_> = segments.collect();
        let bytes: u64 = segments.iter().map(|segment| segment.end).sum();
        let changes = usize::try_from(bytes / BYTES_OF_CHANGE).unwrap_or(0);
        window.entries.reserve(changes);
        window.keys.reserve(changes * BYTES_OF_KEY);
        for segment in segments {
            window.read_segment(segment, after, applied)?;
        }
        window.merge();
        Ok(window)
    }

    /// The last commit in it.
    pub(crate) const fn last(&self) -> Seq {
        self.last
    }

    /// How many commits were read.
    pub(crate) const fn commits(&self) -> u64 {
        self.commits
    }

    /// The final changes, in the order of keys.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        self.entries.iter().map(|entry| Change {
            key: key_of(&self.keys, entry),
            fresh: entry.fresh,
            value: (!entry.remove).then_some(Place {
                at: entry.place,
                length: entry.length,
            }),
        })
    }

    /// Reads a value into `out`.
    pub(crate) fn value(&self, place: Place, out: &mut Vec<u8>) -> Result<(), StoreError> {
        out.resize(place.length as usize, 0);
        match self.files.get(place.at.file()) {
            Some((path, file)) => file
                .read_exact_at(out, place.at.offset())
                .map_err(|e| io_error("read", path, e)),
            None => Ok(()),
        }
    }

    fn read_segment(
        &mut self,
        segment: &Segment,
        after: Seq,
        applied: Seq,
    ) -> Result<(), StoreError> {
        let path = &segment.path;
        let file = self.files.len();
        self.files.push((
            path.clone(),
            File::open(path).map_err(|e| io_error("open", path, e))?,
        ));
        let mut reader = Reader::open(path, Some(segment.end))?;
        loop {
            let end = reader.end();
            match reader.next(after)? {
                Next::Frame(frame, payload) => {
                    let start = payload - FRAME_HEADER as u64;
                    // The first frame may begin before the window.
                    if frame.first > self.last.next()
                        || (self.commits > 0 && frame.first <= self.last)
                    {
                        let flaw = Flaw::Sequence {
                            expected: self.last.next(),
                            found: frame.first,
                        };
                        return Err(corrupt(path, start, flaw));
                    }
                    let count = frame.last.0 - frame.first.0 + 1;
                    if self.read_frame(&frame, payload, file, after, applied, path)? != count {
                        return Err(corrupt(path, start, FrameError::Count));
                    }
                }
                Next::End(at) if at == end => return Ok(()),
                Next::End(at) => return Err(corrupt(path, at, FrameError::Short)),
                Next::Bad(error, at) => return Err(corrupt(path, at, error)),
            }
        }
    }

    /// Takes the deltas of a frame; gives how many commits are in it.
    fn read_frame(
        &mut self,
        frame: &Frame<'_>,
        payload: u64,
        file: usize,
        after: Seq,
        applied: Seq,
        path: &Path,
    ) -> Result<u64, StoreError> {
        let mut count = 0;
        for commit in frame.commits() {
            let commit = commit.map_err(|e| corrupt(path, payload + e.offset as u64, e))?;
            count += 1;
            if commit.seq <= after {
                continue;
            }
            self.last = commit.seq;
            self.commits += 1;
            for delta in commit.deltas() {
                let delta = delta.map_err(|e| corrupt(path, payload + e.offset as u64, e))?;
                self.entries.push(Entry {
                    prefix: prefix(delta.encoded),
                    key_start: self.keys.len(),
                    place: At::new(file, payload + delta.offset as u64),
                    length: delta.value.len() as u32,
                    key_length: delta.encoded.len() as u8,
                    remove: delta.op == Op::Remove,
                    fresh: delta.op == Op::Insert && commit.seq > applied,
                });
                self.keys.extend_from_slice(delta.encoded);
            }
        }
        Ok(count)
    }

    /// Sorts by key and keeps of each key the last change; a fresh key that ends removed is dropped.
    fn merge(&mut self) {
        let keys = &self.keys;
        self.entries.sort_unstable_by(|a, b| {
            let order = a.prefix.cmp(&b.prefix);
            let order = order.then_with(|| key_of(keys, a).cmp(key_of(keys, b)));
            order.then(a.key_start.cmp(&b.key_start))
        });
        // `dedup_by` hands over (later, kept): the kept entry takes the later one's change and stays as fresh as it was.
        self.entries.dedup_by(|later, kept| {
            let same = later.prefix == kept.prefix && key_of(keys, later) == key_of(keys, kept);
            if same {
                *kept = Entry {
                    fresh: kept.fresh,
                    ..*later
                };
            }
            same
        });
        self.entries.retain(|entry| !(entry.fresh && entry.remove));
        self.entries.shrink_to_fit();
    }
}

/// The first eight bytes of a key, which sort as it does.
fn prefix(key: &[u8]) -> u64 {
    key.first_chunk()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

fn key_of<'k>(keys: &'k [u8], entry: &Entry) -> &'k [u8] {
    keys.get(entry.key_start..entry.key_start + usize::from(entry.key_length))
        .unwrap_or_default()
}
