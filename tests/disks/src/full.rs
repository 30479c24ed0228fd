//! A disk of a size that a test chooses, and changes while a program writes to it.

use crate::{DiskError, Library, file_error};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

static LIBRARY: Library = Library::new("fulldisk", include_str!("fulldisk.c"));

/// A directory that is a disk of its own for the programs that have the library: what is in it counts, and its size is what
/// was said last. Programs that have it not may write there, and fill it.
#[derive(Debug)]
pub struct Quota {
    dir: PathBuf,
    size: File,
    size_path: PathBuf,
}

impl Quota {
    /// A disk of `bytes`; the directory is created, and `size` is the file in which the library finds the size, outside of
    /// it.
    ///
    /// # Errors
    /// They cannot be made.
    pub fn new(dir: &Path, size: &Path, bytes: u64) -> Result<Self, DiskError> {
        fs::create_dir_all(dir).map_err(|e| file_error(dir, e))?;
        let failed = |e| file_error(size, e);
        let quota = Self {
            dir: dir.canonicalize().map_err(|e| file_error(dir, e))?,
            size: File::create(size).map_err(failed)?,
            size_path: size.canonicalize().map_err(failed)?,
        };
        quota.resize(bytes)?;
        Ok(quota)
    }

    /// Has that many bytes from now on, also for programs that run.
    ///
    /// # Errors
    /// The size cannot be written.
    pub fn resize(&self, bytes: u64) -> Result<(), DiskError> {
        let written = self.size.write_all_at(&bytes.to_ne_bytes(), 0);
        written.map_err(|e| file_error(&self.size_path, e))
    }

    /// Bytes that the files take, as the library counts them.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn used(&self) -> Result<u64, DiskError> {
        used(&self.dir)
    }

    /// Lets a program run with the library.
    ///
    /// # Errors
    /// The library cannot be built.
    pub fn preload<'c>(&self, command: &'c mut Command) -> Result<&'c mut Command, DiskError> {
        Ok(command
            .env("LD_PRELOAD", LIBRARY.built()?)
            .env("STROWGER_FULLDISK_DIR", &self.dir)
            .env("STROWGER_FULLDISK_SIZE", &self.size_path))
    }
}

fn used(dir: &Path) -> Result<u64, DiskError> {
    use std::os::unix::fs::MetadataExt;
    let mut all = 0;
    for entry in fs::read_dir(dir).map_err(|e| file_error(dir, e))? {
        let path = entry.map_err(|e| file_error(dir, e))?.path();
        // A file that goes while it is looked for takes nothing any more.
        let Ok(found) = fs::symlink_metadata(&path) else {
            continue;
        };
        all += if found.is_dir() {
            used(&path)?
        } else {
            found.blocks() * 512
        };
    }
    Ok(all)
}
