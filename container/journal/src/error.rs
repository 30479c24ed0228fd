//! What can go wrong in a store, with the codes that operators look up.

use crate::{BadKey, Corrupt, Seq, frame};
use std::{io, path::PathBuf};
use thiserror::Error;

/// A record does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TooLong {
    /// Its sub key.
    #[error("sub key of {length} bytes, at most {} are allowed", crate::MAX_SUB)]
    Sub {
        /// How long it is.
        length: usize,
    },
    /// Its value.
    #[error("value of {length} bytes, at most {} are allowed", crate::MAX_VALUE)]
    Value {
        /// How long it is.
        length: usize,
    },
}

/// Why a store cannot go on. None of these is retried: the process ends and a restart recovers.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk is full and the reserve is used up.
    #[error("no space left for {}", path.display())]
    Full {
        /// What was being written.
        path: PathBuf,
    },
    /// A read, write or sync failed.
    #[error("cannot {operation} {}", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes that had been made durable are damaged.
    #[error("{} is damaged at offset {offset}", file.display())]
    Corrupt {
        /// Which file.
        file: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        source: Flaw,
    },
    /// Another version of Strowger wrote the store.
    #[error("the store at {} has format {found}, this build knows {known}", path.display())]
    Format {
        /// Where the store is.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The newest format that is known.
        known: u32,
    },
    /// Another process has the store open.
    #[error("the store at {} is in use by another process", path.display())]
    Locked {
        /// Where the store is.
        path: PathBuf,
    },
    /// The journal does not continue the checkpoint: commits between them are missing.
    #[error("commits {} to {} are missing: the checkpoint ends before the journal begins", checkpoint.next(), Seq(journal.0 - 1))]
    Gap {
        /// The last commit in the checkpoint.
        checkpoint: Seq,
        /// The first commit in the journal.
        journal: Seq,
    },
    /// The checkpoint database refused to work.
    #[error("the checkpoint database at {} failed to {operation}: {detail}", path.display())]
    Checkpoint {
        /// What was tried.
        operation: &'static str,
        /// Where it is.
        path: PathBuf,
        /// Its own words.
        detail: Box<str>,
    },
    /// An import needs an empty store.
    #[error("the store holds state already, up to commit {last}")]
    NotEmpty {
        /// Its last commit.
        last: Seq,
    },
    /// The writer was given groups out of order.
    #[error("commit {found} was handed over where {expected} was due")]
    OutOfOrder {
        /// The number that was due.
        expected: Seq,
        /// The number that came.
        found: Seq,
    },
    /// The store panicked; its thread is gone.
    #[error("the store's thread ended in a panic")]
    Panicked,
}

/// Why a backup was not made. The store goes on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Unsaved {
    /// One is being made.
    #[error("another backup is being made")]
    Busy,
    /// Little space is left on the store's disk, which the node needs itself.
    #[error("too little space is left on the store's disk")]
    LowSpace,
    /// The store was closed, or has failed.
    #[error("the store has ended")]
    Ended,
    /// The store could not be read, or the backup not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with bytes on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Flaw {
    /// A frame.
    #[error(transparent)]
    Frame(#[from] frame::FrameError),
    /// A segment's header.
    #[error(transparent)]
    Segment(#[from] frame::HeaderError),
    /// A commit or delta within a sound frame.
    #[error(transparent)]
    Commit(#[from] Corrupt),
    /// A frame that does not continue the one before.
    #[error("commit {found} where {expected} was due")]
    Sequence {
        /// The number that was due.
        expected: Seq,
        /// The number found.
        found: Seq,
    },
    /// A record's key in a checkpoint or an export.
    #[error(transparent)]
    Key(#[from] BadKey),
    /// A record's value in a checkpoint.
    #[error("a part of a record is missing or has the wrong length")]
    Parts,
    /// A file's text or magic.
    #[error("not a file of this store")]
    Foreign,
    /// An export ends early or its checksum is wrong.
    #[error(transparent)]
    Export(#[from] crate::portable::BadExport),
}

impl StoreError {
    /// The code whose page explains what to do.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Full { .. } => "STO-001",
            Self::Io { .. } => "STO-002",
            Self::Corrupt { .. } => "STO-003",
            Self::Format { .. } => "STO-004",
            Self::Locked { .. } => "STO-005",
            Self::Gap { .. } => "STO-006",
            Self::Checkpoint { .. } => "STO-007",
            Self::NotEmpty { .. } => "STO-008",
            Self::OutOfOrder { .. } | Self::Panicked => "STO-009",
        }
    }
}
