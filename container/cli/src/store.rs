//! `strowger store`: looking after a store: check and restore that of a node that does not run, back up either.
//!
//! A node that runs makes its backup itself, while calls go on. Not here: what a backup is; that is `strowger_store::backup`.

use crate::api::Api;
use crate::args;
use crate::components::components;
use crate::configuration;
use crate::failure::Failure;
use crate::output::{self, print};
use serde_json::json;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufReader, IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use strowger_journal::{Store, StoreError};
use strowger_node::control::AskError;
use strowger_node::status::BackupStatus;
use strowger_store::backup::{
    BackupError, Draft, RECORDS, SECRET, absent, read_secret, settle, verify, write_secret,
};
use strowger_store::{Checked, JournalSled, Progress, StoreOptions};

/// The store in a data directory.
const STORE: &str = "store";
/// A restored store until it is whole.
const DRAFT: &str = "store.restoring";
/// Time between two looks at a backup that a node makes.
const LOOK: Duration = Duration::from_millis(100);

/// Why a store was not looked after.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CareError {
    /// The store, a backup, or a file of theirs.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// Something in the store is damaged.
    #[error("the store in {} is damaged", dir.display())]
    Damaged {
        /// The data directory.
        dir: PathBuf,
    },
}

impl From<StoreError> for CareError {
    fn from(error: StoreError) -> Self {
        Self::Backup(error.into())
    }
}

impl CareError {
    /// The code whose page explains what to do, where there is one.
    pub(crate) const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Backup(error) => error.code(),
            Self::Damaged { .. } => Some("STO-003"),
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
    let secret = read_secret(&dir).map_err(CareError::from).err();
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
    absent(&args.to).map_err(CareError::from)?;
    let to = std::path::absolute(&args.to).map_err(at(&args.to))?;
    let api = Api::at(&dir);
    let order = json!({ "directory": to.to_string_lossy() });
    let text = match api.order("POST", "/v1/backup", Some(&order)) {
        Ok(_) => follow(&api, &to)?,
        // Nobody has it open.
        Err(Failure::Ask(AskError::NotRunning { .. })) => offline(&dir, &args.to)?,
        Err(failure) => return Err(failure),
    };
    print(&format!(
        "{text}, in {}: read again and sound\n",
        args.to.display()
    ))?;
    Ok(())
}

/// Waits for the backup that a node makes.
fn follow(api: &Api, to: &Path) -> Result<String, Failure> {
    loop {
        let BackupStatus {
            state,
            directory,
            records,
            bytes,
            commit,
            reason,
            ..
        } = api.get("/v1/backup")?;
        if Path::new(&directory) != to {
            return Err(Failure::Unexpected);
        }
        match state.as_str() {
            "running" => std::thread::park_timeout(LOOK),
            "done" => {
                return Ok(format!(
                    "{records} records, {bytes} bytes, up to commit {commit}"
                ));
            }
            _ => {
                return Err(Failure::Refused {
                    reason: reason.unwrap_or_default(),
                });
            }
        }
    }
}

/// The backup of a node that does not run.
fn offline(dir: &Path, to: &Path) -> Result<String, Failure> {
    let secret = read_secret(dir).map_err(CareError::from)?;
    // Opening makes a store where there is none.
    let store = dir.join(STORE);
    fs::metadata(&store).map_err(at(&store))?;
    let mut store = JournalSled::open(&store, &StoreOptions::default()).map_err(CareError::from)?;
    let draft = Draft::begin(to).map_err(CareError::from)?;
    let mut out = draft.records().map_err(CareError::from)?;
    let records = store.export(&mut out).map_err(CareError::from)?;
    drop(out);
    let bytes = draft.finish(&secret).map_err(CareError::from)?;
    Ok(format!("{records} records, {bytes} bytes"))
}

fn restore(args: &args::StoreRestore) -> Result<(), Failure> {
    let dir = data_dir(&args.at)?;
    let records = restored(&args.from, &dir)?;
    print(&format!(
        "{records} records restored into {}\n",
        dir.display()
    ))?;
    Ok(())
}

fn restored(from: &Path, dir: &Path) -> Result<u64, CareError> {
    let secret = read_secret(from)?;
    // Before anything is written.
    verify(from)?;
    for name in [STORE, SECRET] {
        absent(&dir.join(name))?;
    }
    fs::create_dir_all(dir).map_err(at(dir))?;
    let draft = dir.join(DRAFT);
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(at(&draft))?;
    }
    let mut store = Box::new(JournalSled::open(&draft, &StoreOptions::default())?);
    let path = from.join(RECORDS);
    let mut input = BufReader::new(File::open(&path).map_err(at(&path))?);
    let records = store.import(&mut input)?;
    store.close()?;
    // In this order: a store without its secret is refused by a node, a secret without a store is not.
    settle(&draft, &dir.join(STORE))?;
    write_secret(dir, &secret)?;
    Ok(records)
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

fn at(path: &Path) -> impl Fn(io::Error) -> CareError {
    let path = path.to_owned();
    move |source| {
        CareError::Backup(BackupError::Io {
            path: path.clone(),
            source,
        })
    }
}
