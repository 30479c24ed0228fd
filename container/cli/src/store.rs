//! `strowger store`: looking after the store of a node that does not run: check, backup, restore.
//!
//! A backup is a directory with the live records in the neutral format of strowger-journal and the secret that belongs to
//! them. It holds no journal: what it restores is the state, numbered anew.

use crate::args;
use crate::components::components;
use crate::configuration;
use crate::failure::Failure;
use crate::output::{self, print};
use serde_json::json;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, IsTerminal, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use strowger_journal::{Store, StoreError, portable};
use strowger_store::{Checked, JournalSled, Progress, StoreOptions};

/// The store and its secret, in a data directory as in a backup.
const STORE: &str = "store";
const SECRET: &str = "secret";
/// The records of a backup.
const RECORDS: &str = "records.export";
/// A restored store until it is whole.
const DRAFT: &str = "store.restoring";
const SECRET_BYTES: u64 = 16;

/// Why a store was not looked after.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CareError {
    /// The store cannot be opened, read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something in the store is damaged.
    #[error("the store in {} is damaged", dir.display())]
    Damaged {
        /// The data directory.
        dir: PathBuf,
    },
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

impl CareError {
    /// The code whose page explains what to do, where there is one.
    pub(crate) const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Store(error) => Some(error.code()),
            Self::Damaged { .. } => Some("STO-003"),
            Self::Secret { .. } => Some("NOD-008"),
            Self::Exists { .. } | Self::Io { .. } => None,
        }
    }
}

/// Does what was asked for.
pub(crate) fn run(args: &args::Store) -> Result<(), Failure> {
    match args {
        args::Store::Check(args) => check(args),
        args::Store::Backup(args) => backup(args),
        args::Store::Restore(args) => restore(args),
    }
}

fn check(args: &args::StoreCheck) -> Result<(), Failure> {
    let dir = data_dir(&args.at)?;
    let options = StoreOptions::default();
    let told = io::stderr().is_terminal();
    let mut tell = |progress: Progress| {
        if told {
            let text = match progress {
                Progress::Segment(n, all) => format!("\rjournal segment {n} of {all} "),
                Progress::Record(n) => format!("\rcheckpoint record {n} "),
                _ => return,
            };
            // Whoever does not look misses nothing.
            drop(io::stderr().write_all(text.as_bytes()));
        }
    };
    let found = strowger_store::check(&dir.join(STORE), &options, &mut tell);
    if told {
        drop(io::stderr().write_all(b"\r\x1b[K"));
    }
    let found = found.map_err(CareError::from)?;
    let secret = read_secret(&dir).err();
    if args.json {
        output::as_json(&as_json(&found, secret.as_ref()))?;
    } else {
        print(&as_text(&found, secret.as_ref()))?;
    }
    match secret {
        Some(error) => Err(error.into()),
        None if found.damages.is_empty() => Ok(()),
        None => Err(CareError::Damaged { dir }.into()),
    }
}

fn as_text(found: &Checked, secret: Option<&CareError>) -> String {
    const MIB: u64 = 1024 * 1024;
    let mut text = String::new();
    let range = found.journal.as_ref();
    let range = range.map_or_else(String::new, |r| format!(": {} to {}", r.start(), r.end()));
    let _ = writeln!(
        text,
        "journal     {} segments, {} MiB, {} commits{range}",
        found.segments,
        found.journal_bytes / MIB,
        found.commits,
    );
    let _ = writeln!(
        text,
        "checkpoint  {} records, {} MiB, up to commit {}",
        found.records,
        found.record_bytes / MIB,
        found.covered,
    );
    if let Some(unfinished) = &found.unfinished {
        let _ = writeln!(
            text,
            "unfinished  {} ends early at byte {}: the next start cuts off what follows",
            unfinished.file.display(),
            unfinished.offset,
        );
        if unfinished.followed {
            text.push_str(
                "            commits lie behind it: if the node did not die in a write, make a copy before it is started\n",
            );
        }
    }
    for damage in &found.damages {
        let because = std::error::Error::source(damage);
        let because = because.map_or_else(String::new, |source| format!(": {source}"));
        let _ = writeln!(text, "DAMAGED     {}: {damage}{because}", damage.code());
    }
    if let Some(secret) = secret {
        let _ = writeln!(text, "DAMAGED     {secret}");
    }
    if secret.is_none() && found.damages.is_empty() {
        text.push_str("sound\n");
    }
    text
}

fn as_json(found: &Checked, secret: Option<&CareError>) -> serde_json::Value {
    let damage = |damage: &StoreError| {
        let place = if let StoreError::Corrupt { file, offset, .. } = damage {
            Some((file, offset))
        } else {
            None
        };
        let (file, offset) = place.unzip();
        let because = std::error::Error::source(damage).map(ToString::to_string);
        json!({
            "code": damage.code(), "text": damage.to_string(), "because": because, "file": file, "offset": offset,
        })
    };
    let unfinished = found.unfinished.as_ref().map(|unfinished| {
        json!({ "file": unfinished.file, "offset": unfinished.offset, "followed": unfinished.followed })
    });
    json!({
        "sound": found.damages.is_empty() && secret.is_none(),
        "segments": found.segments,
        "journal_bytes": found.journal_bytes,
        "commits": found.commits,
        "first": found.journal.as_ref().map(|range| range.start()),
        "last": found.journal.as_ref().map(|range| range.end()),
        "checkpoint": found.covered,
        "records": found.records,
        "record_bytes": found.record_bytes,
        "unfinished": unfinished,
        "secret": secret.is_none(),
        "damages": found.damages.iter().map(damage).collect::<Vec<_>>(),
    })
}

fn backup(args: &args::StoreBackup) -> Result<(), Failure> {
    let dir = data_dir(&args.at)?;
    let to = &args.to;
    let secret = read_secret(&dir)?;
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| CareError::Io { path, source }
    };
    absent(to)?;
    // Opening makes a store where there is none.
    let store = dir.join(STORE);
    fs::metadata(&store).map_err(at(&store))?;
    let mut store = JournalSled::open(&store, &StoreOptions::default()).map_err(CareError::from)?;
    // Whole or not there: the name is given at the end.
    let draft = beside(to, ".partial");
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(at(&draft))?;
    }
    let mut private = fs::DirBuilder::new();
    private.recursive(true).mode(0o700);
    private.create(&draft).map_err(at(&draft))?;
    let path = draft.join(RECORDS);
    let mut out = BufWriter::new(File::create(&path).map_err(at(&path))?);
    let records = store.export(&mut out).map_err(CareError::from)?;
    let file = out.into_inner().map_err(|e| at(&path)(e.into_error()))?;
    file.sync_all().map_err(at(&path))?;
    write_secret(&draft, &secret)?;
    let bytes = fs::metadata(&path).map_err(at(&path))?.len();
    verify(&path)?;
    settle(&draft, to)?;
    print(&format!(
        "{records} records, {bytes} bytes, in {}: read again and sound\n",
        to.display()
    ))?;
    Ok(())
}

fn restore(args: &args::StoreRestore) -> Result<(), Failure> {
    let dir = data_dir(&args.at)?;
    let secret = read_secret(&args.from)?;
    let path = args.from.join(RECORDS);
    // Before anything is written.
    verify(&path)?;
    for name in [STORE, SECRET] {
        absent(&dir.join(name))?;
    }
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| CareError::Io { path, source }
    };
    fs::create_dir_all(&dir).map_err(at(&dir))?;
    let draft = dir.join(DRAFT);
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(at(&draft))?;
    }
    let mut store =
        Box::new(JournalSled::open(&draft, &StoreOptions::default()).map_err(CareError::from)?);
    let mut input = BufReader::new(File::open(&path).map_err(at(&path))?);
    let records = store.import(&mut input).map_err(CareError::from)?;
    store.close().map_err(CareError::from)?;
    // In this order: a store without its secret is refused by a node, a secret without a store is not.
    settle(&draft, &dir.join(STORE))?;
    write_secret(&dir, &secret)?;
    print(&format!(
        "{records} records restored into {}\n",
        dir.display()
    ))?;
    Ok(())
}

fn data_dir(at: &args::Offline) -> Result<PathBuf, Failure> {
    match &at.data {
        Some(dir) => Ok(dir.clone()),
        None => Ok(configuration::load(&at.sources, &components())?
            .config
            .node
            .data_dir),
    }
}

fn absent(path: &Path) -> Result<(), CareError> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(CareError::Io {
            path: path.to_owned(),
            source,
        }),
        Ok(_) => Err(CareError::Exists {
            path: path.to_owned(),
        }),
    }
}

fn verify(path: &Path) -> Result<u64, CareError> {
    let file = File::open(path).map_err(|source| CareError::Io {
        path: path.to_owned(),
        source,
    })?;
    portable::verify(&mut BufReader::new(file)).map_err(|error| {
        let named = if let StoreError::Corrupt { offset, source, .. } = error {
            StoreError::Corrupt {
                file: path.to_owned(),
                offset,
                source,
            }
        } else {
            error
        };
        named.into()
    })
}

fn read_secret(dir: &Path) -> Result<Vec<u8>, CareError> {
    let path = dir.join(SECRET);
    match fs::read(&path) {
        Ok(secret) if secret.len() as u64 == SECRET_BYTES => Ok(secret),
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(CareError::Io { path, source })
        }
        Ok(_) | Err(_) => Err(CareError::Secret { path }),
    }
}

fn write_secret(dir: &Path, secret: &[u8]) -> Result<(), CareError> {
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
    write().map_err(|source| CareError::Io { path, source })
}

/// Gives what is whole its name, for good.
fn settle(draft: &Path, path: &Path) -> Result<(), CareError> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let settle = || {
        File::open(draft)?.sync_all()?;
        fs::rename(draft, path)?;
        File::open(parent)?.sync_all()
    };
    settle().map_err(|source| CareError::Io {
        path: path.to_owned(),
        source,
    })
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
