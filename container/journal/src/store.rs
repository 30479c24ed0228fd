//! The port through which the container keeps its state.

use crate::{Group, Key, Seq, StoreError, Unsaved, portable};
use std::{io, time::Duration};

/// Keeps commits durable and gives the live records back.
///
/// A store is owned by one thread and its methods may block; `Writer` in strowger-store is that thread in a node.
/// After any error the store is finished: nothing more is appended, and what was acknowledged is found by opening it
/// again. Implementations: journal files with checkpoints in sled (strowger-store), and [`crate::MemoryStore`].
pub trait Store: Send {
    /// Takes a group. It is not durable, and need not even be written, before [`Store::sync`] says so.
    ///
    /// # Errors
    /// The group does not continue the last one, or writing failed.
    fn append(&mut self, group: &Group) -> Result<(), StoreError>;

    /// Makes what was appended durable, and gives the number of the last durable commit.
    ///
    /// # Errors
    /// Writing or syncing failed; final.
    fn sync(&mut self) -> Result<Seq, StoreError>;

    /// Does a small piece of upkeep: watches free space, begins and follows checkpoints, drops what they cover.
    /// Called after each sync, and in idle times when the answer asks for it.
    ///
    /// # Errors
    /// A checkpoint failed; final.
    fn tend(&mut self) -> Result<Tended, StoreError>;

    /// Makes a checkpoint of all that is durable and waits until it counts.
    ///
    /// # Errors
    /// As for [`Store::tend`].
    fn checkpoint(&mut self) -> Result<Seq, StoreError>;

    /// Gives every live record, in the order of keys: the last checkpoint, overlaid with the journal.
    ///
    /// # Errors
    /// What is stored is damaged or cannot be read.
    fn recover(&mut self, sink: &mut dyn FnMut(Record<'_>)) -> Result<Recovered, StoreError>;

    /// How the store is.
    fn health(&self) -> Health;

    /// Ends it in good order. The state is safe without this too; the next start is faster with it.
    ///
    /// # Errors
    /// What was appended could not be made durable.
    fn close(self: Box<Self>) -> Result<(), StoreError>;

    /// Writes every live record in the neutral format of [`portable`], and gives their number.
    ///
    /// # Errors
    /// The store cannot be read, or `out` not written.
    fn export(&mut self, out: &mut dyn io::Write) -> Result<u64, StoreError> {
        portable::export(self, out)
    }

    /// Begins to write every live record as of the last durable commit, in the neutral format of [`portable`], while commits go
    /// on; how it ended is told to `backup`. One is made at a time. What goes wrong with it leaves the store as it was.
    fn back_up(&mut self, mut backup: Backup) {
        let durable = self.health().durable;
        let written = self.export(&mut *backup.out);
        let written = written.map(|records| BackedUp { records, durable });
        (backup.done)(written.map_err(Unsaved::Store));
    }

    /// Fills an empty store from an export, and gives the number of records. After an error, throw the store away.
    ///
    /// # Errors
    /// The store is not empty or cannot be written, or the export is damaged.
    fn import(&mut self, input: &mut dyn io::Read) -> Result<u64, StoreError> {
        portable::import(self, input)
    }
}

/// A backup that is to be made.
pub struct Backup {
    /// Where it goes.
    pub out: Box<dyn io::Write + Send>,
    /// Told how it ended, on a thread of the store's; dropped where the store ends in a panic.
    pub done: Box<dyn FnOnce(Result<BackedUp, Unsaved>) + Send>,
}

impl std::fmt::Debug for Backup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backup").finish_non_exhaustive()
    }
}

/// A backup that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackedUp {
    /// How many records are in it.
    pub records: u64,
    /// The last commit in it. It holds all of those before, and nothing of those after.
    pub durable: Seq,
}

/// A live record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its key.
    pub key: Key<'a>,
    /// Its bytes.
    pub value: &'a [u8],
}

/// What a recovery found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The last commit; the next one is numbered after it.
    pub last_seq: Seq,
    /// How many records are live.
    pub records: u64,
    /// How many commits came from the journal rather than from a checkpoint.
    pub replayed: u64,
    /// The format that the store is written in.
    pub format: u32,
}

/// What [`Store::tend`] asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tended {
    /// Tend again after this long even when nothing is written meanwhile; `None`: not before the next sync.
    pub again: Option<Duration>,
}

/// How a store is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Health {
    /// The last durable commit.
    pub durable: Seq,
    /// The last commit in a checkpoint that counts.
    pub checkpoint: Seq,
    /// Bytes of journal on disk.
    pub journal_bytes: u64,
    /// Bytes that the store's disk has left, as seen by the last sync or tending.
    pub free_bytes: u64,
    /// Whether so little is left that strict services should refuse new work.
    pub low_space: bool,
    /// How long the last sync took.
    pub last_sync: Duration,
    /// Bytes that the checkpoint takes on disk, as seen when it was made.
    pub checkpoint_bytes: u64,
    /// How long the last checkpoint took.
    pub checkpoint_time: Duration,
}
