//! Journal segments on disk: their names, and reading their frames.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use strowger_journal::frame::{
    FRAME_HEADER, Frame, FrameError, HeaderError, SEGMENT_HEADER, SegmentHeader,
};
use strowger_journal::{Flaw, Seq, StoreError};

/// A segment that is known to be sound up to `end`.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    pub(crate) number: u64,
    /// The first commit that was or will be written to it.
    pub(crate) first: Seq,
    /// Where its last frame ends.
    pub(crate) end: u64,
}

pub(crate) fn file_name(number: u64) -> String {
    format!("{number:016x}.seg")
}

/// The segments of a directory by number. Files of other names are not ours.
pub(crate) fn list(dir: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(|e| io_error("list", dir, e))? {
        let path = entry.map_err(|e| io_error("list", dir, e))?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_suffix(".seg"));
        if let Some(number) = name.and_then(|hex| u64::from_str_radix(hex, 16).ok()) {
            found.push((number, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Reads frames one after the other. An error is kept with its place; nothing is read after it.
#[derive(Debug)]
pub(crate) struct Reader {
    path: PathBuf,
    input: BufReader<File>,
    header: SegmentHeader,
    position: u64,
    end: u64,
    buffer: Vec<u8>,
}

/// What a reader found.
pub(crate) enum Next<'a> {
    /// A frame, and the offset of its payload in the file.
    Frame(Frame<'a>, u64),
    /// The end of what was written, and where that is.
    End(u64),
    /// A bad frame, and where it begins.
    Bad(FrameError, u64),
}

impl Reader {
    /// Opens a segment to be read up to `end`, or whole.
    pub(crate) fn open(path: &Path, end: Option<u64>) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(|e| io_error("open", path, e))?;
        let length = file
            .metadata()
            .map_err(|e| io_error("inspect", path, e))?
            .len();
        let mut input = BufReader::with_capacity(256 * 1024, file);
        let mut header = [0; SEGMENT_HEADER];
        let read = input.read_exact(&mut header);
        let flaw = |flaw: HeaderError| corrupt(path, 0, flaw);
        match read {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(flaw(HeaderError::Short));
            }
            Err(error) => return Err(io_error("read", path, error)),
        }
        Ok(Self {
            path: path.to_owned(),
            input,
            header: SegmentHeader::decode(&header).map_err(flaw)?,
            position: SEGMENT_HEADER as u64,
            end: end.unwrap_or(length).min(length),
            buffer: Vec::new(),
        })
    }

    pub(crate) const fn header(&self) -> SegmentHeader {
        self.header
    }

    pub(crate) const fn end(&self) -> u64 {
        self.end
    }

    /// Reads the next frame; those that end before `after` are skipped unread.
    pub(crate) fn next(&mut self, after: Seq) -> Result<Next<'_>, StoreError> {
        loop {
            let left = self.end.saturating_sub(self.position);
            self.buffer
                .resize(left.min(FRAME_HEADER as u64) as usize, 0);
            self.input
                .read_exact(&mut self.buffer)
                .map_err(|e| io_error("read", &self.path, e))?;
            let length = match Frame::length(&self.buffer) {
                Ok(Some(length)) => length,
                Ok(None) => return Ok(Next::End(self.position)),
                Err(error) => return Ok(Next::Bad(error, self.position)),
            };
            if length as u64 > left {
                return Ok(Next::Bad(FrameError::Short, self.position));
            }
            if claimed_last(&self.buffer) <= after.0 {
                let payload = (length - FRAME_HEADER) as i64;
                self.input
                    .seek_relative(payload)
                    .map_err(|e| io_error("read", &self.path, e))?;
                self.position += length as u64;
                continue;
            }
            self.buffer.resize(length, 0);
            let payload = self.buffer.get_mut(FRAME_HEADER..).unwrap_or_default();
            self.input
                .read_exact(payload)
                .map_err(|e| io_error("read", &self.path, e))?;
            return Ok(match Frame::read(&self.buffer) {
                Ok(Some(frame)) => {
                    let payload = self.position + FRAME_HEADER as u64;
                    self.position += length as u64;
                    Next::Frame(frame, payload)
                }
                Ok(None) => Next::End(self.position),
                Err(error) => Next::Bad(error, self.position),
            });
        }
    }
}

/// The last commit that an unchecked frame header claims; nothing when it claims nonsense.
fn claimed_last(header: &[u8]) -> u64 {
    let count = header
        .get(12..16)
        .and_then(|b| b.first_chunk::<4>())
        .map_or(0, |b| u32::from_le_bytes(*b));
    let first = header
        .get(16..24)
        .and_then(|b| b.first_chunk::<8>())
        .map_or(0, |b| u64::from_le_bytes(*b));
    first
        .checked_add(u64::from(count))
        .map_or(u64::MAX, |end| end.saturating_sub(1))
}

pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

pub(crate) fn io_error(operation: &'static str, path: &Path, source: io::Error) -> StoreError {
    if is_full(&source) {
        return StoreError::Full {
            path: path.to_owned(),
        };
    }
    StoreError::Io {
        operation,
        path: path.to_owned(),
        source,
    }
}

pub(crate) fn corrupt(file: &Path, offset: u64, flaw: impl Into<Flaw>) -> StoreError {
    StoreError::Corrupt {
        file: file.to_owned(),
        offset,
        source: flaw.into(),
    }
}
