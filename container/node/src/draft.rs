//! A file that takes the place of another as a whole, or not at all, and that only the node's own user can read.

use crate::reload::ReloadError;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file beside the one that it is to replace. Dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Draft {
    file: PathBuf,
    beside: PathBuf,
}

fn unwritable(file: &Path, source: io::Error) -> ReloadError {
    let file = file.to_owned();
    ReloadError::Unwritable { file, source }
}

/// What a file says; nothing where there is none.
pub(crate) fn read(file: &Path) -> Result<String, ReloadError> {
    match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|source| unwritable(file, source)),
    }
}

impl Draft {
    /// Writes it to the disk.
    pub(crate) fn write(file: PathBuf, text: &str) -> Result<Self, ReloadError> {
        let beside = file.with_extension("toml.new");
        let draft = Self { file, beside };
        match draft.fill(text) {
            Ok(()) => Ok(draft),
            Err(source) => Err(unwritable(&draft.beside, source)),
        }
    }

    fn fill(&self, text: &str) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut beside = options.open(&self.beside)?;
        beside.write_all(text.as_bytes())?;
        beside.sync_all()
    }

    /// Has it take the other's place.
    pub(crate) fn keep(self) -> Result<(), ReloadError> {
        let replace = || {
            fs::rename(&self.beside, &self.file)?;
            match self.file.parent() {
                Some(dir) => File::open(dir)?.sync_all(),
                None => Ok(()),
            }
        };
        replace().map_err(|source| ReloadError::NotKept {
            file: self.file.clone(),
            source,
        })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Kept, it has another name by now.
        let _ = fs::remove_file(&self.beside);
    }
}
