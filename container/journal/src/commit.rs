//! Reading the commits of a group back, delta by delta.
//!
//! Layout of a commit: flags (1 byte, bit 0 is "strict"), length of its deltas (4, little endian), deltas.
//! Layout of a delta: operation (1), length of the key (1), key, and for the two puts length of the value (4) and value.

use crate::{Key, MAX_VALUE, Seq};
use thiserror::Error;

pub(crate) const FLAG_STRICT: u8 = 1;
pub(crate) const COMMIT_HEADER: usize = 5;

/// What a delta does to its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Op {
    /// Writes a record whose key is not live. A key inserted and removed between two checkpoints never reaches one.
    Insert = 1,
    /// Writes a record whose key may be live.
    Update = 2,
    /// Removes the record.
    Remove = 3,
}

/// One change of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delta<'a> {
    /// What is done.
    pub op: Op,
    /// To which record.
    pub key: Key<'a>,
    /// The encoded key.
    pub encoded: &'a [u8],
    /// The record's bytes; empty for a removal.
    pub value: &'a [u8],
    /// Where the value lies in the group's bytes.
    pub offset: usize,
}

/// One commit of a group.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// Its number.
    pub seq: Seq,
    /// Whether what it caused waits until it is durable.
    pub strict: bool,
    bytes: &'a [u8],
    offset: usize,
}

/// Damaged bytes where a commit or a delta was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{what} at offset {offset}")]
pub struct Corrupt {
    /// Where in the group's bytes.
    pub offset: usize,
    /// What is wrong there.
    pub what: Damage,
}

/// What can be wrong with a group's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Damage {
    /// A commit's header or body ends early.
    #[error("commit cut short")]
    CommitShort,
    /// A commit has flags that this version does not know.
    #[error("unknown commit flags")]
    CommitFlags,
    /// A delta ends early.
    #[error("delta cut short")]
    DeltaShort,
    /// A delta has an operation that this version does not know.
    #[error("unknown operation")]
    Operation,
    /// A delta's key is not one.
    #[error("bad key")]
    Key,
    /// A delta's value is longer than a value may be.
    #[error("value too long")]
    ValueLength,
}

/// The commits of a group, in order. Ends after the first error.
#[derive(Debug, Clone)]
pub struct Commits<'a> {
    next: Seq,
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Commits<'a> {
    /// Reads the bytes of a group whose first commit has the number `first`.
    #[must_use]
    pub const fn new(first: Seq, bytes: &'a [u8]) -> Self {
        Self {
            next: first,
            rest: bytes,
            offset: 0,
        }
    }

    fn read(&mut self) -> Result<Commit<'a>, Damage> {
        let ([flags, length @ ..], rest) = self
            .rest
            .split_first_chunk::<COMMIT_HEADER>()
            .ok_or(Damage::CommitShort)?;
        if flags & !FLAG_STRICT != 0 {
            return Err(Damage::CommitFlags);
        }
        let length = u32::from_le_bytes(*length) as usize;
        let (bytes, rest) = rest.split_at_checked(length).ok_or(Damage::CommitShort)?;
        let commit = Commit {
            seq: self.next,
            strict: flags & FLAG_STRICT != 0,
            bytes,
            offset: self.offset + COMMIT_HEADER,
        };
        self.offset += COMMIT_HEADER + length;
        self.next = self.next.next();
        self.rest = rest;
        Ok(commit)
    }
}

impl<'a> Iterator for Commits<'a> {
    type Item = Result<Commit<'a>, Corrupt>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.offset;
        Some(self.read().map_err(|what| {
            self.rest = &[];
            Corrupt { offset, what }
        }))
    }
}

impl<'a> Commit<'a> {
    /// Its deltas, in the order in which they were made.
    #[must_use]
    pub const fn deltas(&self) -> Deltas<'a> {
        Deltas {
            rest: self.bytes,
            offset: self.offset,
        }
    }
}

/// The deltas of a commit, in order. Ends after the first error.
#[derive(Debug, Clone)]
pub struct Deltas<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Deltas<'a> {
    fn read(&mut self) -> Result<Delta<'a>, Damage> {
        let ([op, key_length], rest) = self
            .rest
            .split_first_chunk::<2>()
            .ok_or(Damage::DeltaShort)?;
        let op = match op {
            1 => Op::Insert,
            2 => Op::Update,
            3 => Op::Remove,
            _ => return Err(Damage::Operation),
        };
        let (encoded, rest) = rest
            .split_at_checked(usize::from(*key_length))
            .ok_or(Damage::DeltaShort)?;
        let key = Key::decode(encoded).map_err(|_| Damage::Key)?;
        let mut offset = self.offset + 2 + encoded.len();
        let (value, rest) = match op {
            Op::Remove => (&[][..], rest),
            Op::Insert | Op::Update => {
                let (length, rest) = rest.split_first_chunk::<4>().ok_or(Damage::DeltaShort)?;
                let length = u32::from_le_bytes(*length) as usize;
                if length > MAX_VALUE {
                    return Err(Damage::ValueLength);
                }
                offset += 4;
                rest.split_at_checked(length).ok_or(Damage::DeltaShort)?
            }
        };
        self.offset = offset + value.len();
        self.rest = rest;
        Ok(Delta {
            op,
            key,
            encoded,
            value,
            offset,
        })
    }
}

impl<'a> Iterator for Deltas<'a> {
    type Item = Result<Delta<'a>, Corrupt>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.offset;
        Some(self.read().map_err(|what| {
            self.rest = &[];
            Corrupt { offset, what }
        }))
    }
}
