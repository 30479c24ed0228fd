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

/// What a file says, if there is one.
pub(crate) fn read(file: &Path) -> Result<Option<String>, ReloadError> {
    match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some).map_err(|source| unwritable(file, source)),
    }
}

/// Has a file say again what it said.
pub(crate) fn put_back(file: &Path, before: Option<&str>) -> io::Result<()> {
    match before {
        Some(text) => Draft::fill(file.to_owned(), text)?.keep(),
        None => {
            fs::remove_file(file)?;
            sync_directory(file)
        }
    }
}

fn sync_directory(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

impl Draft {
    /// Writes it to the disk.
    pub(crate) fn write(file: &Path, text: &str) -> Result<Self, ReloadError> {
        let draft = Self::fill(file.to_owned(), text);
        draft.map_err(|source| unwritable(file, source))
    }

    fn fill(file: PathBuf, text: &str) -> io::Result<Self> {
        let beside = file.with_extension("toml.new");
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // A crash may have left one.
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut written = options.open(&beside)?;
        let draft = Self { file, beside };
        written.write_all(text.as_bytes())?;
        written.sync_all()?;
        Ok(draft)
    }

    /// Has it take the other's place.
    pub(crate) fn keep(self) -> io::Result<()> {
        fs::rename(&self.beside, &self.file)?;
        sync_directory(&self.file)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Kept, it has another name by now.
        let _ = fs::remove_file(&self.beside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_says_the_one_or_the_other_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("managed.toml");
        let names = || {
            let entries = fs::read_dir(dir.path()).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.collect::<Vec<_>>()
        };
        assert_eq!(read(&file).unwrap(), None);
        drop(Draft::write(&file, "never").unwrap());
        assert!(names().is_empty());
        // What a crash has left is not read, and is in nobody's way.
        fs::write(dir.path().join("managed.toml.new"), "torn").unwrap();
        Draft::write(&file, "one").unwrap().keep().unwrap();
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        Draft::write(&file, "two").unwrap().keep().unwrap();
        assert_eq!(read(&file).unwrap().as_deref(), Some("two"));
        put_back(&file, Some("one")).unwrap();
        assert_eq!(read(&file).unwrap().as_deref(), Some("one"));
        assert_eq!(names(), ["managed.toml"]);
        put_back(&file, None).unwrap();
        assert!(names().is_empty());
        let nowhere = dir.path().join("none/managed.toml");
        let refused = Draft::write(&nowhere, "one").unwrap_err();
        assert!(matches!(refused, ReloadError::Unwritable { file, .. } if file == nowhere));
    }
}
