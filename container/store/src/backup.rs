//! Backups as directories: the live records in the neutral format of strowger-journal, and the secret that belongs to them.
//!
//! A backup holds no journal: what it restores is the state, numbered anew. Not here: where the records come from (an opened
//! store, or the writer of a running node).
//!
//! Invariant: a directory of the name that was asked for is a whole backup, read again after it was written.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use strowger_journal::{StoreError, portable};

/// The secret, in a data directory as in a backup.
pub const SECRET: &str = "secret";
/// The records of a backup.
pub const RECORDS: &str = "records.export";
const SECRET_BYTES: u64 = 16;
/// Bytes that are written between two syncs, so that those of the store never wait for much of a backup.
const SYNCED: u64 = 4 * 1024 * 1024;

/// Why there is no backup, or why it cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The records are damaged or cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secret is missing or is none.
    #[error("{} does not hold a secret of 16 bytes", path.display())]
    Secret {
        /// The file.
        path: PathBuf,
    },
    /// What would be written is there already.
    #[error("{} exists already, and nothing is overwritten", path.display())]
    Exists {
        /// The file or directory.
        path: PathBuf,
    },
    /// The system refuses a file.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl BackupError {
    /// The code whose page explains what to do, where there is one.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Store(error) => Some(error.code()),
            Self::Secret { .. } => Some("NOD-008"),
            Self::Exists { .. } | Self::Io { .. } => None,
        }
    }
}

/// A backup that is being made: it has its name when it is whole, and is removed if it never is.
#[derive(Debug)]
pub struct Draft {
    dir: PathBuf,
    to: PathBuf,
    whole: bool,
}

impl Draft {
    /// Begins a backup, which will be the directory `to`.
    ///
    /// # Errors
    /// There is such a directory, or none can be made beside it.
    pub fn begin(to: &Path) -> Result<Self, BackupError> {
        absent(to)?;
        let mut name = to.as_os_str().to_owned();
        name.push(".partial");
        let dir = PathBuf::from(name);
        if dir.exists() {
            fs::remove_dir_all(&dir).map_err(at(&dir))?;
        }
        let mut private = fs::DirBuilder::new();
        private.recursive(true).mode(0o700);
        private.create(&dir).map_err(at(&dir))?;
        Ok(Self {
            dir,
            to: to.to_owned(),
            whole: false,
        })
    }

    /// Where the records go.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn records(&self) -> Result<Records, BackupError> {
        let path = self.dir.join(RECORDS);
        let file = File::create(&path).map_err(at(&path))?;
        Ok(Records {
            out: BufWriter::with_capacity(256 * 1024, file),
            unsynced: 0,
        })
    }

    /// All records are written: makes them durable, reads them again, and gives the backup its name. Gives its bytes.
    ///
    /// # Errors
    /// What was written is not what is read, or the system refuses a file.
    pub fn finish(mut self, secret: &[u8]) -> Result<u64, BackupError> {
        let path = self.dir.join(RECORDS);
        let file = File::open(&path).map_err(at(&path))?;
        file.sync_all().map_err(at(&path))?;
        let bytes = file.metadata().map_err(at(&path))?.len();
        write_secret(&self.dir, secret)?;
        verify(&self.dir)?;
        settle(&self.dir, &self.to)?;
        self.whole = true;
        Ok(bytes)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.whole
            && let Err(error) = fs::remove_dir_all(&self.dir)
        {
            tracing::warn!(dir = %self.dir.display(), %error, "half a backup is left");
        }
    }
}

/// The records of a backup, as they are written.
#[derive(Debug)]
pub struct Records {
    out: BufWriter<File>,
    unsynced: u64,
}

impl Write for Records {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.unsynced += written as u64;
        if self.unsynced >= SYNCED {
            self.unsynced = 0;
            self.out.flush()?;
            self.out.get_ref().sync_data()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// There is no file or directory of that name.
///
/// # Errors
/// There is one, or the system does not say.
pub fn absent(path: &Path) -> Result<(), BackupError> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(at(path)(source)),
        Ok(_) => Err(BackupError::Exists {
            path: path.to_owned(),
        }),
    }
}

/// Reads all records of a backup, and gives their number.
///
/// # Errors
/// They are damaged, or cannot be read.
pub fn verify(dir: &Path) -> Result<u64, BackupError> {
    let path = dir.join(RECORDS);
    let file = File::open(&path).map_err(at(&path))?;
    portable::verify(&mut BufReader::new(file)).map_err(|error| {
        let named = if let StoreError::Corrupt { offset, source, .. } = error {
            StoreError::Corrupt {
                file: path.clone(),
                offset,
                source,
            }
        } else {
            error
        };
        named.into()
    })
}

/// The secret in a data directory or a backup.
///
/// # Errors
/// There is none.
pub fn read_secret(dir: &Path) -> Result<Vec<u8>, BackupError> {
    let path = dir.join(SECRET);
    match fs::read(&path) {
        Ok(secret) if secret.len() as u64 == SECRET_BYTES => Ok(secret),
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(at(&path)(source)),
        Ok(_) | Err(_) => Err(BackupError::Secret { path }),
    }
}

/// Puts a secret where none is.
///
/// # Errors
/// The system refuses the file.
pub fn write_secret(dir: &Path, secret: &[u8]) -> Result<(), BackupError> {
    let path = dir.join(SECRET);
    let write = || {
        let mut options = File::options();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(secret)?;
        file.sync_all()
    };
    write().map_err(at(&path))
}

/// Gives a directory that is whole its name, for good.
///
/// # Errors
/// The system refuses it.
pub fn settle(draft: &Path, path: &Path) -> Result<(), BackupError> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let settle = || {
        File::open(draft)?.sync_all()?;
        fs::rename(draft, path)?;
        File::open(parent)?.sync_all()
    };
    settle().map_err(at(path))
}

fn at(path: &Path) -> impl Fn(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io {
        path: path.clone(),
        source,
    }
}
