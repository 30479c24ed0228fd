//! The store's directory: its format, its lock and its reserve.
//!
//! `FORMAT` is the first file written and the first one read, so that a directory is ours or refused before anything in it
//! is touched. The lock is the system's: it ends with the process, however that ends.

use crate::disk::Disk;
use crate::segment::io_error;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use strowger_journal::{Flaw, SLOTS, StoreError};

/// The format that this build reads and writes.
pub(crate) const FORMAT: u32 = 1;

/// A locked store directory of a known format.
#[derive(Debug)]
pub(crate) struct Home {
    dir: PathBuf,
    /// Held for its lock.
    _lock: File,
}

impl Home {
    /// Takes the directory, creating it where it does not exist.
    pub(crate) fn open(dir: &Path, disk: &dyn Disk) -> Result<Self, StoreError> {
        if !dir.exists() {
            // It holds what calls and messages leave behind: for its own user alone, whatever the umask is.
            let mut private = fs::DirBuilder::new();
            private.recursive(true).mode(0o700);
            private
                .create(dir)
                .map_err(|e| io_error("create", dir, e))?;
            sync_parent(dir, disk)?;
        }
        let path = dir.join("LOCK");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let lock = lock.map_err(|e| io_error("open", &path, e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked {
                    path: dir.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(io_error("lock", &path, error)),
        }
        let home = Self {
            dir: dir.to_owned(),
            _lock: lock,
        };
        home.check_format(disk)?;
        Ok(home)
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.dir.join("journal")
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.dir.join("checkpoint")
    }

    /// The file that says that a write or a sync has failed.
    pub(crate) fn doubt(&self) -> PathBuf {
        self.dir.join("DOUBT")
    }

    /// The file that keeps space back.
    pub(crate) fn reserve(&self) -> PathBuf {
        self.dir.join("reserve")
    }

    fn check_format(&self, disk: &dyn Disk) -> Result<(), StoreError> {
        let path = self.dir.join("FORMAT");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.write_format(&path, disk);
            }
            Err(error) => return Err(io_error("read", &path, error)),
        };
        let foreign = || StoreError::Corrupt {
            file: path.clone(),
            offset: 0,
            source: Flaw::Foreign,
        };
        let number = |name: &str| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.parse::<u32>().ok())
        };
        if text.lines().next() != Some("strowger store") {
            return Err(foreign());
        }
        let found = number("format").ok_or_else(foreign)?;
        if found != FORMAT {
            return Err(StoreError::Format {
                path: self.dir.clone(),
                found,
                known: FORMAT,
            });
        }
        if number("slots") != u32::try_from(SLOTS).ok() {
            return Err(foreign());
        }
        Ok(())
    }

    /// Makes an empty directory a store. One that holds state without saying in which format is refused.
    fn write_format(&self, path: &Path, disk: &dyn Disk) -> Result<(), StoreError> {
        if self.journal().exists() || self.checkpoint().exists() {
            return Err(StoreError::Corrupt {
                file: path.to_owned(),
                offset: 0,
                source: Flaw::Foreign,
            });
        }
        let draft = self.dir.join("FORMAT.new");
        let text = format!("strowger store\nformat {FORMAT}\nslots {SLOTS}\n");
        File::create(&draft)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())
                    .and_then(|()| file.sync_all())
            })
            .and_then(|()| fs::rename(&draft, path))
            .and_then(|()| disk.sync_dir(&self.dir))
            .map_err(|e| io_error("write", path, e))
    }
}

/// Makes the entry of `path` in its parent durable.
pub(crate) fn sync_parent(path: &Path, disk: &dyn Disk) -> Result<(), StoreError> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    disk.sync_dir(parent)
        .map_err(|e| io_error("sync", parent, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::SystemDisk;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_new_store_is_for_its_own_user() {
        let above = tempfile::tempdir().unwrap();
        let dir = above.path().join("store");
        drop(Home::open(&dir, &SystemDisk).unwrap());
        let permissions = fs::metadata(&dir).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o700);
        drop(Home::open(&dir, &SystemDisk).unwrap());
    }
}
