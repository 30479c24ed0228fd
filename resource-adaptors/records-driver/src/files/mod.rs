//! Files of records: one that is written, `NAME.part`, and finished ones, `NAME`, that are never touched again but to be
//! removed when they are too many.
//!
//! A file is named after the time and the id of its first record, which is in no other file. A batch is appended and synced;
//! when either fails the file is cut to what was synced before, so that half a batch is never left behind but by the death of
//! the process, after which the next one cuts off the last line if it is not whole.
//! Which records the files have is known from `PREFIX.seen`, written whenever a file is finished, and from the part file.
//! Finished files need not be there: whoever collects them may take them away at any time.

mod known;
mod retention;

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use strowger_records::FileSettings;
use strowger_records::driver::{Down, RecordId};

use known::Known;

/// Why there are no files to write to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    /// The directory cannot be made, read or written.
    #[error("records cannot be written to `{path}`: {source}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process writes there.
    #[error("another process writes records to `{0}`")]
    InUse(PathBuf),
    /// A bug.
    #[error("opening the files panicked")]
    Panicked,
}

/// The files of one adaptor entity.
#[derive(Debug)]
pub(crate) struct Files {
    directory: PathBuf,
    prefix: String,
    known: Known,
    part: Option<Part>,
    /// Held while this process writes here.
    _lock: File,
    #[cfg(test)]
    pub(crate) faults: tests::Faults,
}

/// The file that is written.
#[derive(Debug)]
struct Part {
    file: File,
    /// The name that it has when it is finished.
    name: String,
    /// Bytes that are synced.
    length: u64,
    begun: SystemTime,
}

/// How a file ends that is finished, and one that is not.
const FINISHED: &str = ".jsonl";
const PART: &str = ".jsonl.part";

impl Files {
    /// Opens what is there.
    pub(crate) fn open(settings: &FileSettings, known: usize) -> Result<Self, FilesError> {
        let path = &settings.directory;
        let failed = |source| FilesError::Directory {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(path).map_err(failed)?;
        let lock = path.join(format!("{}.lock", settings.prefix));
        let lock = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(lock);
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(FilesError::InUse(path.clone())),
            Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut files = Self {
            directory: path.clone(),
            prefix: settings.prefix.clone(),
            known: Known::new(known),
            part: None,
            _lock: lock,
            #[cfg(test)]
            faults: tests::Faults::default(),
        };
        files.recover().map_err(failed)?;
        Ok(files)
    }

    /// Appends the records of a batch that are not there yet, and syncs. How many that were.
    pub(crate) fn write(&mut self, batch: &[Down], settings: &FileSettings) -> io::Result<u64> {
        self.rotate(settings)?;
        let mut ids = HashSet::new();
        let is_new = |down: &&Down| !self.known.has(down.id) && ids.insert(down.id);
        let fresh: Vec<&Down> = batch.iter().filter(is_new).collect();
        let Some(first) = fresh.first() else {
            return Ok(0);
        };
        let mut bytes = Vec::new();
        for down in &fresh {
            bytes.extend_from_slice(&down.line);
            bytes.push(b'\n');
        }
        let mut part = match self.part.take() {
            Some(part) => part,
            None => self.begin(first.id)?,
        };
        let appended = self.append(&part, &bytes);
        if let Err(error) = appended {
            // What cannot be cut now is cut before the next attempt, by writing over it.
            drop(part.file.set_len(part.length));
            self.part = Some(part);
            return Err(error);
        }
        part.length += bytes.len() as u64;
        self.part = Some(part);
        for down in &fresh {
            self.known.insert(down.id);
        }
        self.rotate(settings)?;
        Ok(fresh.len() as u64)
    }

    /// Finishes the part file if it is old enough, and removes what is not kept any more.
    pub(crate) fn look(&mut self, settings: &FileSettings) -> io::Result<()> {
        self.rotate(settings)?;
        retention::retain(&self.directory, &self.prefix, settings)
    }

    /// Finishes the part file if it is long or old enough.
    fn rotate(&mut self, settings: &FileSettings) -> io::Result<()> {
        let done = |part: &Part| {
            let age = part.begun.elapsed().unwrap_or(Duration::ZERO);
            part.length >= settings.rotate_bytes || age >= settings.rotate_age
        };
        if self
            .part
            .as_ref()
            .is_some_and(|part| part.length > 0 && done(part))
        {
            self.finish()?;
        }
        Ok(())
    }

    /// The end of the process: the part file is there for the next one.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        if let Some(part) = self.part.take() {
            part.file.sync_all()?;
        }
        Ok(())
    }

    fn append(&self, part: &Part, bytes: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        self.faults.before_write(&part.file, part.length, bytes)?;
        part.file.write_all_at(bytes, part.length)?;
        #[cfg(test)]
        self.faults.before_sync()?;
        // A line that an attempt before has left behind this batch's would be taken for one of it.
        part.file.set_len(part.length + bytes.len() as u64)?;
        part.file.sync_data()
    }

    /// Begins a part file for that record.
    fn begin(&self, first: RecordId) -> io::Result<Part> {
        let begun = SystemTime::now();
        let name = format!("{}-{}-{first}{FINISHED}", self.prefix, stamp(begun));
        let path = self.directory.join(format!("{name}.part"));
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(path)?;
        sync_directory(&self.directory)?;
        let length = 0;
        Ok(Part {
            file,
            name,
            length,
            begun,
        })
    }

    /// Gives the part file its name, for good. What is in it is written down elsewhere first.
    fn finish(&mut self) -> io::Result<()> {
        let Some(part) = &self.part else {
            return Ok(());
        };
        self.known.save(&self.seen_path())?;
        sync_directory(&self.directory)?;
        let path = self.directory.join(&part.name);
        fs::rename(self.directory.join(format!("{}.part", part.name)), path)?;
        self.part = None;
        sync_directory(&self.directory)
    }

    fn seen_path(&self) -> PathBuf {
        self.directory.join(format!("{}.seen", self.prefix))
    }

    /// Learns what is there, cuts off what an earlier process has begun and not ended, and goes on with its part file.
    fn recover(&mut self) -> io::Result<()> {
        self.known.load(&self.seen_path())?;
        let mut parts = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if is_ours(&name, &self.prefix, PART) {
                parts.push(name);
            }
        }
        parts.sort();
        for name in parts {
            if self.part.is_some() {
                self.finish()?;
            }
            self.recover_part(&name)?;
        }
        Ok(())
    }

    fn recover_part(&mut self, name: &str) -> io::Result<()> {
        let path = self.directory.join(name);
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut length = 0;
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            // What was not synced may be torn anywhere. It was not acknowledged either, and is told again.
            let Some(id) = whole(line) else { break };
            self.known.insert(id);
            length += line.len() as u64;
        }
        if length < bytes.len() as u64 {
            file.set_len(length)?;
        }
        file.sync_all()?;
        if length == 0 {
            fs::remove_file(&path)?;
            return sync_directory(&self.directory);
        }
        let begun = file
            .metadata()?
            .created()
            .or_else(|_| file.metadata()?.modified())?;
        let name = name.trim_end_matches(".part").to_owned();
        self.part = Some(Part {
            file,
            name,
            length,
            begun,
        });
        Ok(())
    }
}

/// Whether that is the name of a file of this prefix, and not of one that only begins with the same letters.
fn is_ours(name: &str, prefix: &str, ending: &str) -> bool {
    let rest = name
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('-'));
    let rest = rest.and_then(|rest| rest.strip_suffix(ending));
    let Some((time, id)) = rest.and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    time.len() == 16 && id.parse::<RecordId>().is_ok()
}

/// The id of a line, if it is a whole record.
fn whole(line: &[u8]) -> Option<RecordId> {
    let text = line.strip_suffix(b"\n")?;
    if text.last() != Some(&b'}') || text.iter().any(|b| *b < b' ') {
        return None;
    }
    let rest = text.strip_prefix(br#"{"id":""#)?;
    let id = rest.split(|b| *b == b'"').next()?;
    std::str::from_utf8(id).ok()?.parse().ok()
}

/// What is new in a directory is there after a loss of power.
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// A time in UTC, such as `20261121T220751Z`.
fn stamp(time: SystemTime) -> String {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let text = strowger_records::rfc3339(strowger::time::Wall(millis));
    let seconds = text.split('.').next().unwrap_or_default();
    let plain: String = seconds.chars().filter(|c| *c != '-' && *c != ':').collect();
    format!("{plain}Z")
}

#[cfg(test)]
mod tests;
