//! The journal being written: one active segment after the sealed ones.
//!
//! A segment is allocated whole and made durable with its directory before its first frame; it is cut to its length and
//! synced before the next one begins. So every segment but the last is sound to its end, and what ends early is a crash's
//! doing only in the last one.

use crate::disk::{Disk, DiskFile};
use crate::segment::{Next, Reader, Segment, corrupt, file_name, io_error, list};
use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use strowger_journal::frame::{self, HeaderError, SEGMENT_HEADER, SegmentHeader};
use strowger_journal::{Flaw, Group, MAX_GROUP, Seq, StoreError};

/// Largest write buffer that is kept from one sync to the next.
const BUFFER_KEPT: usize = 4 * 1024 * 1024;
/// Zeros are written this far ahead of the frames. Space that was only allocated changes the file's extents when it is
/// first written, and every sync would write the inode too: twice the work of a sync in what is written already.
const AHEAD: u64 = 256 * 1024;

#[derive(Debug)]
pub(crate) struct Journal {
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    sealed: VecDeque<Segment>,
    active: Segment,
    file: Box<dyn DiskFile>,
    /// Where what was written ends, zeros included.
    ready: u64,
    /// Frames that are not written yet.
    buffer: Vec<u8>,
    appended: Seq,
    durable: Seq,
}

impl Journal {
    /// Opens the journal, cutting what a crash left unfinished, and begins a new segment.
    ///
    /// `covered` is the last commit of the checkpoint: where there is no journal, it goes on from there.
    pub(crate) fn open(
        dir: PathBuf,
        disk: Arc<dyn Disk>,
        segment_bytes: u64,
        covered: Seq,
    ) -> Result<Self, StoreError> {
        if !dir.exists() {
            fs::create_dir(&dir).map_err(|e| io_error("create", &dir, e))?;
            crate::home::sync_parent(&dir, &*disk)?;
        }
        let (sealed, last, number) = recover_segments(&dir, &*disk, covered)?;
        let (active, file) = begin_segment(&dir, &*disk, segment_bytes, number, last.next())?;
        Ok(Self {
            dir,
            disk,
            segment_bytes,
            sealed: sealed.into(),
            active,
            file,
            ready: 0,
            buffer: Vec::new(),
            appended: last,
            durable: last,
        })
    }

    pub(crate) fn append(&mut self, group: &Group) -> Result<(), StoreError> {
        if group.first() != self.appended.next() {
            return Err(StoreError::OutOfOrder {
                expected: self.appended.next(),
                found: group.first(),
            });
        }
        if group.bytes().len() > MAX_GROUP {
            // Nobody could read it again.
            let error = io::Error::from(io::ErrorKind::FileTooLarge);
            return Err(io_error("write", &self.active.path, error));
        }
        frame::write(group, &mut self.buffer);
        self.appended = group.last();
        Ok(())
    }

    /// Writes what was appended with one write, and syncs once. Gives the bytes written.
    pub(crate) fn sync(&mut self) -> Result<u64, StoreError> {
        if self.buffer.is_empty() {
            return Ok(0);
        }
        if self.active.end >= self.segment_bytes {
            self.rotate()?;
        }
        let written = self.buffer.len() as u64;
        let end = self.active.end + written;
        if end > self.ready {
            self.ready = end.next_multiple_of(AHEAD).min(self.segment_bytes.max(end));
            self.buffer
                .resize((self.ready - self.active.end) as usize, 0);
        }
        self.file
            .write_at(&self.buffer, self.active.end)
            .map_err(|e| io_error("write", &self.active.path, e))?;
        self.file
            .sync()
            .map_err(|e| io_error("sync", &self.active.path, e))?;
        self.active.end = end;
        self.durable = self.appended;
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_KEPT);
        Ok(written)
    }

    pub(crate) const fn durable(&self) -> Seq {
        self.durable
    }

    /// Bytes that the segments take, the allocated rest of the active one included.
    pub(crate) fn bytes(&self) -> u64 {
        let sealed: u64 = self.sealed.iter().map(|segment| segment.end).sum();
        sealed + self.active.end.max(self.segment_bytes)
    }

    /// The segments, each up to its durable end, from the one that holds the first commit after `covered`.
    pub(crate) fn segments_after(&self, covered: Seq) -> impl Iterator<Item = &Segment> {
        let ends_covered = |index: usize| {
            let next = self.sealed.get(index + 1).unwrap_or(&self.active);
            next.first <= covered.next()
        };
        let skip = (0..self.sealed.len())
            .take_while(|index| ends_covered(*index))
            .count();
        self.sealed.iter().chain([&self.active]).skip(skip)
    }

    /// Removes the sealed segments whose commits are all at or before `covered`.
    pub(crate) fn drop_covered(&mut self, covered: Seq) -> Result<(), StoreError> {
        let mut dropped = false;
        while self.sealed.get(1).unwrap_or(&self.active).first <= covered.next() {
            let Some(segment) = self.sealed.pop_front() else {
                break;
            };
            self.disk
                .remove(&segment.path)
                .map_err(|e| io_error("remove", &segment.path, e))?;
            dropped = true;
        }
        if dropped {
            self.disk
                .sync_dir(&self.dir)
                .map_err(|e| io_error("sync", &self.dir, e))?;
        }
        Ok(())
    }

    /// Seals the active segment, so that a checkpoint can free it, unless nothing is in it.
    pub(crate) fn seal(&mut self) -> Result<(), StoreError> {
        if self.active.end > SEGMENT_HEADER as u64 {
            self.rotate()
        } else {
            Ok(())
        }
    }

    fn rotate(&mut self) -> Result<(), StoreError> {
        let path = &self.active.path;
        self.file
            .truncate(self.active.end)
            .map_err(|e| io_error("truncate", path, e))?;
        self.file.sync().map_err(|e| io_error("sync", path, e))?;
        let number = self.active.number + 1;
        let (active, file) = begin_segment(
            &self.dir,
            &*self.disk,
            self.segment_bytes,
            number,
            self.durable.next(),
        )?;
        self.sealed
            .push_back(std::mem::replace(&mut self.active, active));
        self.file = file;
        self.ready = 0;
        Ok(())
    }
}

/// Creates a segment and makes it durable before anything relies on it.
fn begin_segment(
    dir: &Path,
    disk: &dyn Disk,
    bytes: u64,
    number: u64,
    first: Seq,
) -> Result<(Segment, Box<dyn DiskFile>), StoreError> {
    let path = dir.join(file_name(number));
    let mut file = disk
        .create(&path, bytes)
        .map_err(|e| io_error("create", &path, e))?;
    file.write_at(&SegmentHeader { number, first }.encode(), 0)
        .map_err(|e| io_error("write", &path, e))?;
    file.sync().map_err(|e| io_error("sync", &path, e))?;
    disk.sync_dir(dir).map_err(|e| io_error("sync", dir, e))?;
    Ok((
        Segment {
            path,
            number,
            first,
            end: SEGMENT_HEADER as u64,
        },
        file,
    ))
}

/// Finds the sound segments, the last commit in them, and the number of the next segment.
fn recover_segments(
    dir: &Path,
    disk: &dyn Disk,
    covered: Seq,
) -> Result<(Vec<Segment>, Seq, u64), StoreError> {
    let mut files = contiguous_tail(list(dir)?);
    drop_unfinished(dir, disk, &mut files)?;
    let mut segments: Vec<Segment> = Vec::with_capacity(files.len());
    let mut last = covered;
    for (number, path) in &files {
        let reader = Reader::open(path, None)?;
        let header = reader.header();
        if header.number != *number {
            return Err(corrupt(path, 0, HeaderError::Damaged));
        }
        let expected = segments.last().map_or(covered, |segment| segment.first);
        if segments.is_empty() && header.first > covered.next() {
            return Err(StoreError::Gap {
                checkpoint: covered,
                journal: header.first,
            });
        } else if !segments.is_empty() && header.first <= expected {
            return Err(corrupt(
                path,
                0,
                Flaw::Sequence {
                    expected: expected.next(),
                    found: header.first,
                },
            ));
        }
        let mut segment = Segment {
            path: path.clone(),
            number: *number,
            first: header.first,
            end: reader.end(),
        };
        if files.last().is_some_and(|(newest, _)| newest == number) {
            last = segment.cut_unfinished(reader)?;
        }
        segments.push(segment);
    }
    let mut next = files.last().map_or(1, |(number, _)| number + 1);
    if let Some(empty) = segments.pop_if(|segment| segment.first > last) {
        drop_segment(dir, disk, &empty.path)?;
        next = empty.number;
    }
    if last < covered {
        // The checkpoint holds only what was durable, so the journal has lost what was acknowledged.
        return Err(StoreError::Gap {
            checkpoint: last,
            journal: covered.next(),
        });
    }
    Ok((segments, last, next))
}

/// Removes the newest segment when its creation did not finish: nothing was ever acknowledged from it.
fn drop_unfinished(
    dir: &Path,
    disk: &dyn Disk,
    files: &mut Vec<(u64, PathBuf)>,
) -> Result<(), StoreError> {
    let Some((_, path)) = files.last() else {
        return Ok(());
    };
    match Reader::open(path, None) {
        Err(StoreError::Corrupt {
            source: Flaw::Segment(HeaderError::Short | HeaderError::Damaged),
            ..
        }) if is_blank(path)? => {
            drop_segment(dir, disk, path)?;
            files.pop();
            Ok(())
        }
        other => other.map(drop),
    }
}

impl Segment {
    /// Reads the newest segment up to its first bad frame and cuts it there. Gives its last commit.
    fn cut_unfinished(&mut self, mut reader: Reader) -> Result<Seq, StoreError> {
        let mut last = Seq(self.first.0.saturating_sub(1));
        self.end = loop {
            match reader.next(Seq::NONE)? {
                Next::Frame(frame, payload) => {
                    if frame.first != last.next() {
                        let flaw = Flaw::Sequence {
                            expected: last.next(),
                            found: frame.first,
                        };
                        return Err(corrupt(
                            &self.path,
                            payload - frame::FRAME_HEADER as u64,
                            flaw,
                        ));
                    }
                    last = frame.last;
                }
                Next::End(at) => break at,
                Next::Bad(flaw @ frame::FrameError::Version(_), at) => {
                    return Err(corrupt(&self.path, at, flaw));
                }
                Next::Bad(error, at) => {
                    tracing::warn!(
                        file = %self.path.display(), offset = at, %error,
                        "the journal ends in an unfinished frame, which nobody was told of; it is cut off"
                    );
                    break at;
                }
            }
        };
        let cut = || {
            let file = OpenOptions::new().write(true).open(&self.path)?;
            file.set_len(self.end)?;
            file.sync_all()
        };
        cut().map_err(|e| io_error("truncate", &self.path, e))?;
        Ok(last)
    }
}

/// The longest run of consecutive numbers that ends at the newest: older stragglers were covered when they were removed.
fn contiguous_tail(mut files: Vec<(u64, PathBuf)>) -> Vec<(u64, PathBuf)> {
    let gap = files
        .windows(2)
        .rposition(|pair| matches!(pair, [(a, _), (b, _)] if a + 1 != *b));
    files.split_off(gap.map_or(0, |gap| gap + 1))
}

fn is_blank(path: &Path) -> Result<bool, StoreError> {
    let bytes = fs::read(path).map_err(|e| io_error("read", path, e))?;
    Ok(bytes.iter().skip(SEGMENT_HEADER).all(|byte| *byte == 0))
}

fn drop_segment(dir: &Path, disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    disk.remove(path).map_err(|e| io_error("remove", path, e))?;
    disk.sync_dir(dir).map_err(|e| io_error("sync", dir, e))
}
