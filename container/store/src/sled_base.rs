//! Checkpoints in sled 0.34.7, with the precautions that its behaviour asks for.
//!
//! - `flush` does not make anything durable: `db` is synced on a descriptor of our own.
//! - A page above a quarter of sled's segment size lands in an unsynced file in `blobs/`: values are cut (see `parts`), and
//!   a checkpoint with such a file does not count.
//! - An unfinished snapshot is taken for one: `snap.*.generating` is removed before opening.
//! - Some damage panics while opening: it is caught, and tried again with the snapshots moved aside.
//! - It is created in a directory of another name and moved, so that a crash never leaves half a database.

use crate::StoreOptions;
use crate::base::{Base, RecordSink};
use crate::parts::{self, Head, PARTS};
use crate::segment::{corrupt, io_error, is_full};
use std::fs::{self, File, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;
use strowger_journal::{Flaw, Seq, StoreError};

/// Holds the last commit of the checkpoint; beyond every record and part.
const COVERED: [u8; 9] = *b"\xff\xffcovered";
const TREE: &str = "records";
/// How often sled flushes, and with it cleans its segments, by itself. Nothing waits for it; it costs a sync also where nobody has
/// written.
const FLUSH_EVERY_MS: u64 = 2_000;
/// How often, and after which pause, a database that was just dropped is looked at until it is released.
const RELEASE_LOOKS: u32 = 500;
const RELEASE_LOOK: Duration = Duration::from_millis(10);

/// A sled database with one tree of records. Never used by two threads at once.
#[derive(Debug)]
pub struct SledBase {
    dir: PathBuf,
    db: sled::Db,
    tree: sled::Tree,
    /// Our descriptor of sled's file.
    file: File,
    slice: sled::Batch,
    slice_len: usize,
    covered: Seq,
}

impl Base for SledBase {
    fn open(dir: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        if !dir.exists() {
            create(dir, options)?;
        }
        remove_unfinished_snapshots(dir)?;
        wait_until_released(dir)?;
        let (db, tree, covered) = match try_open(dir, options) {
            Ok(opened) => opened,
            Err(first) => {
                tracing::warn!(
                    dir = %dir.display(), error = %first,
                    "the checkpoint database does not open; trying without its snapshots"
                );
                move_snapshots_aside(dir)?;
                try_open(dir, options)?
            }
        };
        let path = dir.join("db");
        let file = File::open(&path).map_err(|e| io_error("open", &path, e))?;
        Ok(Self {
            dir: dir.to_owned(),
            db,
            tree,
            file,
            slice: sled::Batch::default(),
            slice_len: 0,
            covered,
        })
    }

    fn covered(&self) -> Seq {
        self.covered
    }

    fn put(&mut self, key: &[u8], value: &[u8], fresh: bool) -> Result<(), StoreError> {
        let before = if fresh { 0..0 } else { self.stored_parts(key)? };
        let mut count = 0;
        for part in parts::parts(value) {
            self.slice.insert(parts::part_key(key, count), part);
            count += 1;
        }
        for number in before.skip(usize::from(count)) {
            self.slice.remove(parts::part_key(key, number));
        }
        self.slice.insert(key, parts::head(value));
        self.slice_len += 1;
        Ok(())
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), StoreError> {
        for number in self.stored_parts(key)? {
            self.slice.remove(parts::part_key(key, number));
        }
        self.slice.remove(key);
        self.slice_len += 1;
        Ok(())
    }

    fn apply(&mut self) -> Result<(), StoreError> {
        if self.slice_len == 0 {
            return Ok(());
        }
        self.slice_len = 0;
        let slice = std::mem::take(&mut self.slice);
        self.tree
            .apply_batch(slice)
            .map_err(|e| failed("write", &self.dir, &e))
    }

    fn commit(&mut self, upto: Seq) -> Result<bool, StoreError> {
        self.make_durable()?;
        let blobs = self.dir.join("blobs");
        if fs::read_dir(&blobs)
            .map_err(|e| io_error("list", &blobs, e))?
            .next()
            .is_some()
        {
            tracing::error!(dir = %blobs.display(), "sled wrote a page to a file that it does not sync; the checkpoint does not count");
            return Ok(false);
        }
        self.tree
            .insert(COVERED, &upto.0.to_le_bytes())
            .map_err(|e| failed("write", &self.dir, &e))?;
        self.make_durable()?;
        #[cfg(target_os = "linux")]
        if !crate::honest_flush::in_place() {
            tracing::error!(
                "this program is linked so that sled's flush is not durable; the checkpoint does not count"
            );
            return Ok(false);
        }
        self.covered = upto;
        Ok(true)
    }

    fn bytes(&self) -> u64 {
        // What cannot be told counts as nothing: it is for people to look at.
        self.file.metadata().map_or(0, |data| data.len())
    }

    fn scan(&self, sink: &mut RecordSink<'_>) -> Result<(), StoreError> {
        let mut joined = Vec::new();
        for entry in self.tree.range(..[PARTS]) {
            let (key, stored) = entry.map_err(|e| failed("read", &self.dir, &e))?;
            match parts::read_head(&stored).ok_or_else(|| self.damaged())? {
                Head::Whole(value) => sink(&key, value)?,
                head @ Head::Cut { length } => {
                    joined.clear();
                    for number in head.numbers() {
                        let part = self.get(&parts::part_key(&key, number))?;
                        joined.extend_from_slice(&part.ok_or_else(|| self.damaged())?);
                    }
                    if joined.len() != length {
                        return Err(self.damaged());
                    }
                    sink(&key, &joined)?;
                }
            }
        }
        Ok(())
    }
}

impl SledBase {
    fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        self.tree
            .get(key)
            .map_err(|e| failed("read", &self.dir, &e))
    }

    /// The numbers of the parts that a record has.
    fn stored_parts(&self, key: &[u8]) -> Result<std::ops::Range<u16>, StoreError> {
        let Some(stored) = self.get(key)? else {
            return Ok(0..0);
        };
        Ok(parts::read_head(&stored)
            .ok_or_else(|| self.damaged())?
            .numbers())
    }

    fn make_durable(&self) -> Result<(), StoreError> {
        self.db
            .flush()
            .map_err(|e| failed("flush", &self.dir, &e))?;
        self.file
            .sync_data()
            .map_err(|e| io_error("sync", &self.dir.join("db"), e))
    }

    fn damaged(&self) -> StoreError {
        corrupt(&self.dir, 0, Flaw::Parts)
    }
}

/// Opens the database and reads what it covers; a panic while it does becomes an error.
fn try_open(dir: &Path, options: &StoreOptions) -> Result<(sled::Db, sled::Tree, Seq), StoreError> {
    let config = sled::Config::new()
        .path(dir)
        .flush_every_ms(Some(FLUSH_EVERY_MS))
        .cache_capacity(options.cache_bytes)
        .use_compression(false);
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let db = config.open()?;
        let tree = db.open_tree(TREE)?;
        let covered = tree.get(COVERED)?;
        Ok((db, tree, covered))
    }));
    let (db, tree, covered) = opened
        .map_err(|_| StoreError::Checkpoint {
            operation: "open",
            path: dir.to_owned(),
            detail: "it panicked on what it found".into(),
        })?
        .map_err(|e: sled::Error| failed("open", dir, &e))?;
    let covered = match covered {
        None => Seq::NONE,
        Some(bytes) => {
            let bytes = bytes
                .as_array::<8>()
                .ok_or_else(|| corrupt(dir, 0, Flaw::Parts))?;
            Seq(u64::from_le_bytes(*bytes))
        }
    };
    Ok((db, tree, covered))
}

/// Waits until nobody locks the database. The store's own lock is held here, so it can only be one that this process
/// has dropped: threads of sled's let go of it a moment later.
fn wait_until_released(dir: &Path) -> Result<(), StoreError> {
    let path = dir.join("db");
    let Ok(file) = File::open(&path) else {
        return Ok(());
    };
    for _ in 0..RELEASE_LOOKS {
        match file.try_lock() {
            Ok(()) => return file.unlock().map_err(|e| io_error("unlock", &path, e)),
            Err(TryLockError::WouldBlock) => thread::park_timeout(RELEASE_LOOK),
            Err(TryLockError::Error(error)) => return Err(io_error("lock", &path, error)),
        }
    }
    // Opening it says best what is wrong.
    Ok(())
}

/// Makes an empty database, durable in all its parts, and moves it to its place.
fn create(dir: &Path, options: &StoreOptions) -> Result<(), StoreError> {
    let draft = dir.with_extension("new");
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(|e| io_error("remove", &draft, e))?;
    }
    let (db, tree, _) = try_open(&draft, options)?;
    db.flush().map_err(|e| failed("flush", &draft, &e))?;
    drop((tree, db));
    let parent = dir.parent().unwrap_or(dir);
    let settle = || -> io::Result<()> {
        for name in ["db", "conf", "blobs", ""] {
            File::open(draft.join(name))?.sync_all()?;
        }
        fs::rename(&draft, dir)?;
        File::open(parent)?.sync_all()
    };
    settle().map_err(|e| io_error("create", dir, e))
}

fn remove_unfinished_snapshots(dir: &Path) -> Result<(), StoreError> {
    for path in snapshots(dir)? {
        if path
            .extension()
            .is_some_and(|extension| extension == "generating")
        {
            fs::remove_file(&path).map_err(|e| io_error("remove", &path, e))?;
        }
    }
    Ok(())
}

/// Moves the snapshots out of sled's sight, where somebody can look at them; an earlier lot is replaced.
fn move_snapshots_aside(dir: &Path) -> Result<(), StoreError> {
    let aside = dir.with_extension("snapshots-aside");
    for path in snapshots(dir)? {
        let Some(name) = path.file_name() else {
            continue;
        };
        fs::create_dir_all(&aside).map_err(|e| io_error("create", &aside, e))?;
        fs::rename(&path, aside.join(name)).map_err(|e| io_error("move", &path, e))?;
    }
    Ok(())
}

fn snapshots(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(|e| io_error("list", dir, e))? {
        let entry = entry.map_err(|e| io_error("list", dir, e))?;
        if entry.file_name().as_encoded_bytes().starts_with(b"snap.") {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn failed(operation: &'static str, path: &Path, error: &sled::Error) -> StoreError {
    // A full disk has an answer of its own: there may be space at the next start, which no damage mends.
    if let sled::Error::Io(source) = error
        && is_full(source)
    {
        return StoreError::Full {
            path: path.to_owned(),
        };
    }
    StoreError::Checkpoint {
        operation,
        path: path.to_owned(),
        detail: error.to_string().into(),
    }
}
