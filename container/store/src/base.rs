//! What holds checkpoints: a table of records with one durable point, filled in slices.
//!
//! The journal makes the store correct; a base only saves replay. It may lose its latest commits in a crash, as long as
//! `covered` then says so, and it may hold parts of a checkpoint that never counted.

use crate::StoreOptions;
use std::path::Path;
use strowger_journal::{Seq, StoreError};

/// A keeper of checkpoints. Owned by one thread at a time.
pub trait Base: Send + Sized + 'static {
    /// Opens the table in `dir`, creating it where there is none.
    ///
    /// # Errors
    /// It cannot be opened, repaired or created.
    fn open(dir: &Path, options: &StoreOptions) -> Result<Self, StoreError>;

    /// The last commit that the durable checkpoint holds.
    fn covered(&self) -> Seq;

    /// Puts a record into the slice being filled. `fresh`: the table holds nothing of this key.
    ///
    /// # Errors
    /// The table cannot be read.
    fn put(&mut self, key: &[u8], value: &[u8], fresh: bool) -> Result<(), StoreError>;

    /// Puts a removal into the slice being filled.
    ///
    /// # Errors
    /// The table cannot be read.
    fn remove(&mut self, key: &[u8]) -> Result<(), StoreError>;

    /// Applies the slice.
    ///
    /// # Errors
    /// The table cannot be written.
    fn apply(&mut self) -> Result<(), StoreError>;

    /// Makes all that was applied durable, and then that it holds everything up to `upto`. `false`: it does not count.
    ///
    /// # Errors
    /// The table cannot be written or synced.
    fn commit(&mut self, upto: Seq) -> Result<bool, StoreError>;

    /// Bytes that it takes on disk.
    fn bytes(&self) -> u64;

    /// Gives every record in the order of keys. Nothing is written meanwhile.
    ///
    /// # Errors
    /// The table cannot be read, or the sink refused.
    fn scan(&self, sink: &mut RecordSink<'_>) -> Result<(), StoreError>;
}

/// Takes an encoded key and its value.
pub type RecordSink<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError> + 'a;
