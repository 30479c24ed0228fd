//! How a group lies in a journal: a frame; and how a journal file begins: a segment header.
//!
//! A frame is 24 bytes of header and the group's bytes, little endian:
//! payload length (4), crc32 of all that follows (4), format version (2), flags (2, bit 0 "strict"), number of commits
//! (4), first sequence number (8), payload. Zeros where a frame would begin are the unwritten end of a segment.

use crate::{Commits, Group, Seq};
use thiserror::Error;

/// The format that this build writes.
pub const VERSION: u16 = 1;

/// Bytes before a frame's payload.
pub const FRAME_HEADER: usize = 24;

/// Bytes of a segment header.
pub const SEGMENT_HEADER: usize = 32;

const MAGIC: [u8; 8] = *b"strwjrnl";
const FLAG_STRICT: u16 = 1;

/// A sound frame.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The number of its first commit.
    pub first: Seq,
    /// The number of its last commit.
    pub last: Seq,
    /// Whether any of its commits is of class strict.
    pub strict: bool,
    /// The group's bytes.
    pub payload: &'a [u8],
}

/// What is wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// It ends early.
    #[error("frame cut short")]
    Short,
    /// Its length cannot be.
    #[error("frame of impossible length {0}")]
    Length(u32),
    /// Its checksum is wrong.
    #[error("frame checksum mismatch")]
    Checksum,
    /// It has a format that this build does not know.
    #[error("frame of unknown format {0}")]
    Version(u16),
    /// It claims no commit, or more than there can be.
    #[error("frame with an impossible number of commits")]
    Count,
}

impl<'a> Frame<'a> {
    /// Whole length of the frame that starts at `bytes`, as its header has it; `None` at the unwritten end. Nothing says
    /// that it is true: there may be fewer bytes.
    ///
    /// # Errors
    /// The header is cut short or its length cannot be.
    pub fn length(bytes: &[u8]) -> Result<Option<usize>, FrameError> {
        let Some(header) = bytes.first_chunk::<FRAME_HEADER>() else {
            return if bytes.iter().all(|b| *b == 0) {
                Ok(None)
            } else {
                Err(FrameError::Short)
            };
        };
        if *header == [0; FRAME_HEADER] {
            return Ok(None);
        }
        let [a, b, c, d, ..] = *header;
        let length = u32::from_le_bytes([a, b, c, d]);
        if length == 0 {
            return Err(FrameError::Length(length));
        }
        Ok(Some(FRAME_HEADER + length as usize))
    }

    /// Reads the frame at the start of `bytes`; `None` at the unwritten end.
    ///
    /// # Errors
    /// The frame is damaged or of an unknown format.
    pub fn read(bytes: &'a [u8]) -> Result<Option<Self>, FrameError> {
        let Some(length) = Self::length(bytes)? else {
            return Ok(None);
        };
        let frame = bytes.get(..length).ok_or(FrameError::Short)?;
        let (header, payload) = frame
            .split_first_chunk::<FRAME_HEADER>()
            .ok_or(FrameError::Short)?;
        let [
            _,
            _,
            _,
            _,
            c0,
            c1,
            c2,
            c3,
            v0,
            v1,
            f0,
            f1,
            n0,
            n1,
            n2,
            n3,
            seq @ ..,
        ] = *header;
        let checked = frame.get(8..).ok_or(FrameError::Short)?;
        if crc32fast::hash(checked) != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Err(FrameError::Checksum);
        }
        let version = u16::from_le_bytes([v0, v1]);
        if version != VERSION {
            return Err(FrameError::Version(version));
        }
        let first = Seq(u64::from_le_bytes(seq));
        let count = u64::from(u32::from_le_bytes([n0, n1, n2, n3]));
        let last = first
            .0
            .checked_add(count)
            .and_then(|end| end.checked_sub(1))
            .filter(|last| *last >= first.0);
        let last = Seq(last.ok_or(FrameError::Count)?);
        Ok(Some(Self {
            first,
            last,
            strict: u16::from_le_bytes([f0, f1]) & FLAG_STRICT != 0,
            payload,
        }))
    }

    /// Reads its commits.
    #[must_use]
    pub const fn commits(&self) -> Commits<'a> {
        Commits::new(self.first, self.payload)
    }

    /// Bytes of header and payload.
    #[must_use]
    pub const fn total_len(&self) -> usize {
        FRAME_HEADER + self.payload.len()
    }
}

/// Appends the frame of a group, which has no more than [`MAX_GROUP`](crate::MAX_GROUP) bytes.
pub fn write(group: &Group, out: &mut Vec<u8>) {
    let start = out.len();
    let count = (group.last().0 - group.first().0 + 1) as u32;
    out.reserve(FRAME_HEADER + group.bytes().len());
    out.extend_from_slice(&(group.bytes().len() as u32).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&(if group.strict() { FLAG_STRICT } else { 0 }).to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&group.first().0.to_le_bytes());
    out.extend_from_slice(group.bytes());
    let crc = crc32fast::hash(out.get(start + 8..).unwrap_or_default());
    if let Some(field) = out.get_mut(start + 4..start + 8) {
        field.copy_from_slice(&crc.to_le_bytes());
    }
}

/// How a segment begins: magic (8), crc32 of what follows (4), format version (2), two zeros, number (8), first
/// sequence number (8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Position of the segment in the journal; also in its file name.
    pub number: u64,
    /// The number of the first commit that is written to it.
    pub first: Seq,
}

/// What is wrong with a segment header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The file is shorter than a header.
    #[error("segment header cut short")]
    Short,
    /// The magic or the checksum is wrong.
    #[error("not a journal segment, or its header is damaged")]
    Damaged,
    /// It has a format that this build does not know.
    #[error("segment of unknown format {0}")]
    Version(u16),
}

impl SegmentHeader {
    /// The header's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; SEGMENT_HEADER] {
        let mut out = [0; SEGMENT_HEADER];
        out[..8].copy_from_slice(&MAGIC);
        out[12..14].copy_from_slice(&VERSION.to_le_bytes());
        out[16..24].copy_from_slice(&self.number.to_le_bytes());
        out[24..].copy_from_slice(&self.first.0.to_le_bytes());
        let crc = crc32fast::hash(&out[12..]);
        out[8..12].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a header.
    ///
    /// # Errors
    /// It is cut short, damaged or of an unknown format.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let header = bytes
            .first_chunk::<SEGMENT_HEADER>()
            .ok_or(HeaderError::Short)?;
        let (magic, rest) = header.split_at(8);
        let (crc, rest) = rest.split_at(4);
        if *magic != MAGIC || *crc != crc32fast::hash(rest).to_le_bytes() {
            return Err(HeaderError::Damaged);
        }
        let [v0, v1, _, _, body @ ..] = rest else {
            return Err(HeaderError::Short);
        };
        let version = u16::from_le_bytes([*v0, *v1]);
        if version != VERSION {
            return Err(HeaderError::Version(version));
        }
        let (number, first) = body.split_first_chunk::<8>().ok_or(HeaderError::Short)?;
        let first = first.first_chunk::<8>().ok_or(HeaderError::Short)?;
        Ok(Self {
            number: u64::from_le_bytes(*number),
            first: Seq(u64::from_le_bytes(*first)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GroupBuilder, Key};
    use proptest::prelude::*;

    fn group(first: u64, commits: u64) -> Group {
        let mut builder = GroupBuilder::new(Seq(first));
        for i in 0..commits {
            builder.begin(i % 2 == 0);
            builder
                .insert(
                    &Key {
                        slot: 0,
                        session: i,
                        kind: 1,
                        sub: b"s",
                    },
                    b"some value",
                )
                .unwrap();
        }
        builder.take().unwrap()
    }

    #[test]
    fn a_frame_comes_back_whole_and_the_unwritten_end_is_seen() {
        let group = group(9, 3);
        let mut bytes = Vec::new();
        write(&group, &mut bytes);
        let used = bytes.len();
        bytes.extend_from_slice(&[0; 100]);
        let frame = Frame::read(&bytes).unwrap().unwrap();
        assert_eq!(
            (frame.first, frame.last, frame.strict),
            (Seq(9), Seq(11), true)
        );
        assert_eq!(frame.payload, group.bytes());
        assert_eq!(frame.total_len(), used);
        assert!(Frame::read(&bytes[used..]).unwrap().is_none());
        assert!(Frame::read(&[]).unwrap().is_none());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let mut sound = Vec::new();
        write(&group(1, 2), &mut sound);
        for cut in 1..sound.len() {
            assert!(Frame::read(&sound[..cut]).is_err(), "cut at {cut}");
        }
        for bit in 0..sound.len() * 8 {
            let mut damaged = sound.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Frame::read(&damaged).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_segment_header_comes_back_or_says_what_is_wrong() {
        let header = SegmentHeader {
            number: 12,
            first: Seq(345),
        };
        let bytes = header.encode();
        assert_eq!(SegmentHeader::decode(&bytes), Ok(header));
        assert_eq!(SegmentHeader::decode(&bytes[..31]), Err(HeaderError::Short));
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(SegmentHeader::decode(&damaged).is_err(), "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Frame::read(&bytes);
            let _ = SegmentHeader::decode(&bytes);
        }
    }
}
