//! Backups of a running node: asked for by an operator, made beside the shard, by the store's own thread and one that waits
//! for it.
//!
//! The shard only starts that thread and hears how it ended. One backup is made at a time; what it holds is the state as of
//! one commit. Not here: how a store is read while it is written (`strowger-store`).

use crate::control::{Cause, Order, Refusal, Reply};
use crate::inbox::Door;
use crate::status::BackupStatus;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::thread;
use strowger::time::Wall;
use strowger_journal::{Backup, Unsaved};
use strowger_store::WriterHandle;
use strowger_store::backup::{BackupError, Draft, read_secret};

/// A backup that was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Saved {
    records: u64,
    bytes: u64,
    commit: u64,
}

/// Why none was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    #[error("{}", with_cause(.0))]
    Directory(#[from] BackupError),
    #[error("{}", with_cause(.0))]
    Store(#[from] Unsaved),
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// The node's backups, as its shard knows them.
#[derive(Debug)]
pub(crate) struct Backups {
    pub(crate) status: BackupStatus,
    data_dir: PathBuf,
    door: Door,
}

const RUNNING: &str = "running";

impl Backups {
    pub(crate) fn new(data_dir: &Path, door: Door) -> Self {
        Self {
            status: BackupStatus {
                state: "none".to_owned(),
                ..BackupStatus::default()
            },
            data_dir: data_dir.to_owned(),
            door,
        }
    }

    /// Begins one, into a directory that is not there.
    pub(crate) fn begin(&mut self, now: Wall, to: PathBuf, writer: WriterHandle) -> Reply {
        if self.status.state == RUNNING {
            return Reply::refused(Cause::State, Unsaved::Busy.to_string());
        }
        if !to.is_absolute() {
            return Refusal::new(Cause::Wrong, "the directory's path is not absolute")
                .blame("directory");
        }
        let status = BackupStatus {
            state: RUNNING.to_owned(),
            directory: to.display().to_string(),
            began_ms: now.0,
            ..BackupStatus::default()
        };
        let (data_dir, door) = (self.data_dir.clone(), self.door.clone());
        let thread = thread::Builder::new().name("backup".into());
        let begun = thread.spawn(move || {
            let ended = save(&to, &data_dir, &writer);
            if let Err(error) = door.order_waiting(Order::BackedUp(ended)) {
                tracing::warn!(%error, "the shard was not told of the end of a backup");
            }
        });
        if let Err(error) = begun {
            return Reply::refused(Cause::State, format!("no thread can be started: {error}"));
        }
        tracing::info!(directory = status.directory, "backup begun");
        self.status = status;
        Reply::Done
    }

    /// One has ended.
    pub(crate) fn ended(&mut self, now: Wall, ended: Result<Saved, SaveError>) {
        let status = &mut self.status;
        status.took_ms = now.0.saturating_sub(status.began_ms);
        let (directory, ms) = (&status.directory, status.took_ms);
        match ended {
            Ok(Saved {
                records,
                bytes,
                commit,
            }) => {
                tracing::info!(directory, ms, records, bytes, commit, "backup made");
                status.state = "done".to_owned();
                (status.records, status.bytes, status.commit) = (records, bytes, commit);
            }
            Err(error) => {
                tracing::warn!(directory, ms, %error, "no backup was made");
                status.state = "failed".to_owned();
                status.reason = Some(error.to_string());
            }
        }
    }
}

fn save(to: &Path, data_dir: &Path, writer: &WriterHandle) -> Result<Saved, SaveError> {
    let secret = read_secret(data_dir)?;
    let draft = Draft::begin(to)?;
    let (told, ended) = sync_channel(1);
    writer.back_up(Backup {
        out: Box::new(draft.records()?),
        // It has room for the only one that comes.
        done: Box::new(move |outcome| drop(told.send(outcome))),
    });
    let written = ended.recv().map_err(|_| Unsaved::Ended)??;
    let bytes = draft.finish(&secret)?;
    Ok(Saved {
        records: written.records,
        bytes,
        commit: written.durable.0,
    })
}
