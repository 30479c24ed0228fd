//! What a power cut would have left of a directory.

use crate::{DiskError, Library, file_error};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

static LIBRARY: Library = Library::new("powercut", include_str!("powercut.c"));

/// A watched directory and its shadow.
#[derive(Debug)]
pub struct Cut {
    dir: PathBuf,
    shadow: PathBuf,
    leak: Option<u64>,
}

impl Cut {
    /// Prepares to watch `dir`, with an empty shadow in `shadow`; both are created, and an old shadow is removed.
    ///
    /// With a seed in `leak`, some of what was not synced survives too, at random, as from a disk's cache.
    ///
    /// # Errors
    /// The directories cannot be made.
    pub fn new(dir: &Path, shadow: &Path, leak: Option<u64>) -> Result<Self, DiskError> {
        if shadow.exists() {
            fs::remove_dir_all(shadow).map_err(|e| file_error(shadow, e))?;
        }
        for path in [dir, shadow] {
            fs::create_dir_all(path).map_err(|e| file_error(path, e))?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            shadow: shadow.to_owned(),
            leak,
        })
    }

    /// Lets a program run with the library.
    ///
    /// # Errors
    /// The library cannot be built.
    pub fn preload<'c>(&self, command: &'c mut Command) -> Result<&'c mut Command, DiskError> {
        command
            .env("LD_PRELOAD", LIBRARY.built()?)
            .env("STROWGER_POWERCUT_DIR", &self.dir)
            .env("STROWGER_POWERCUT_SHADOW", &self.shadow);
        if let Some(seed) = self.leak {
            command.env("STROWGER_POWERCUT_LEAK", seed.to_string());
        }
        Ok(command)
    }

    /// Builds in `to`, which is replaced, the directory that a power cut at the program's end would have left.
    ///
    /// # Errors
    /// The shadow cannot be read or `to` not be written.
    pub fn restore(&self, to: &Path) -> Result<(), DiskError> {
        if to.exists() {
            fs::remove_dir_all(to).map_err(|e| file_error(to, e))?;
        }
        if self.shadow.join("ready").exists() {
            self.restore_dir("0", to)
        } else {
            copy_dir(&self.dir, to)
        }
    }

    fn restore_dir(&self, object: &str, to: &Path) -> Result<(), DiskError> {
        fs::create_dir_all(to).map_err(|e| file_error(to, e))?;
        let listing = self.shadow.join("dirs").join(object);
        let entries = match fs::read_to_string(&listing) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(file_error(&listing, error)),
        };
        for line in entries.lines() {
            let mut fields = line.splitn(3, ' ');
            let (Some(kind), Some(object), Some(name)) =
                (fields.next(), fields.next(), fields.next())
            else {
                return Err(DiskError::Shadow(listing));
            };
            let target = to.join(name);
            if kind == "d" {
                self.restore_dir(object, &target)?;
                continue;
            }
            let contents = self.shadow.join("objects").join(object);
            let copied = if contents.exists() {
                fs::copy(&contents, &target).map(drop)
            } else {
                fs::write(&target, b"")
            };
            copied.map_err(|e| file_error(&target, e))?;
        }
        Ok(())
    }
}

/// Copies a directory that the program had not touched yet.
fn copy_dir(from: &Path, to: &Path) -> Result<(), DiskError> {
    fs::create_dir_all(to).map_err(|e| file_error(to, e))?;
    for entry in fs::read_dir(from).map_err(|e| file_error(from, e))? {
        let source = entry.map_err(|e| file_error(from, e))?.path();
        let target = to.join(source.file_name().unwrap_or_default());
        if source.is_dir() {
            copy_dir(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(|e| file_error(&target, e))?;
        }
    }
    Ok(())
}
