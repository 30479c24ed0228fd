//! Checkpoints in fjall: a second engine, so that nothing of sled's shape creeps into the port.

use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use std::path::{Path, PathBuf};
use strowger_journal::{Flaw, Seq, StoreError};
use strowger_store::{Base, RecordSink, StoreOptions};

/// After every record.
const COVERED: &[u8] = b"\xff\xffcovered";

pub(crate) struct FjallBase {
    dir: PathBuf,
    db: Database,
    records: Keyspace,
    slice: OwnedWriteBatch,
    covered: Seq,
}

impl std::fmt::Debug for FjallBase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FjallBase")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

impl Base for FjallBase {
    fn open(dir: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        let open = || -> fjall::Result<_> {
            let db = Database::builder(dir)
                .cache_size(options.cache_bytes)
                .open()?;
            let records = db.keyspace("records", KeyspaceCreateOptions::default)?;
            let covered = records.get(COVERED)?;
            Ok((db, records, covered))
        };
        let (db, records, covered) = open().map_err(|e| failed("open", dir, &e))?;
        let covered = match covered {
            None => Seq::NONE,
            Some(bytes) => {
                let bytes: [u8; 8] = (*bytes).try_into().map_err(|_| StoreError::Corrupt {
                    file: dir.to_owned(),
                    offset: 0,
                    source: Flaw::Parts,
                })?;
                Seq(u64::from_le_bytes(bytes))
            }
        };
        Ok(Self {
            dir: dir.to_owned(),
            slice: db.batch(),
            db,
            records,
            covered,
        })
    }

    fn covered(&self) -> Seq {
        self.covered
    }

    fn bytes(&self) -> u64 {
        self.db.disk_space().unwrap_or(0)
    }

    fn put(&mut self, key: &[u8], value: &[u8], _fresh: bool) -> Result<(), StoreError> {
        self.slice.insert(&self.records, key, value);
        Ok(())
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.slice.remove(&self.records, key);
        Ok(())
    }

    fn apply(&mut self) -> Result<(), StoreError> {
        let slice = std::mem::replace(&mut self.slice, self.db.batch());
        slice.commit().map_err(|e| failed("write", &self.dir, &e))
    }

    fn commit(&mut self, upto: Seq) -> Result<bool, StoreError> {
        self.records
            .insert(COVERED, upto.0.to_le_bytes())
            .and_then(|()| self.db.persist(PersistMode::SyncAll))
            .map_err(|e| failed("sync", &self.dir, &e))?;
        self.covered = upto;
        Ok(true)
    }

    fn scan(&self, sink: &mut RecordSink<'_>) -> Result<(), StoreError> {
        for entry in self.records.range(..COVERED) {
            let (key, value) = entry
                .into_inner()
                .map_err(|e| failed("read", &self.dir, &e))?;
            sink(&key, &value)?;
        }
        Ok(())
    }
}

fn failed(operation: &'static str, path: &Path, error: &fjall::Error) -> StoreError {
    StoreError::Checkpoint {
        operation,
        path: path.to_owned(),
        detail: error.to_string().into(),
    }
}
