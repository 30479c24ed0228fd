//! What can go wrong around a running node, as opposed to in it.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a run could not be carried out, or what it found.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file, socket or process of the harness.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The binary is not built.
    #[error("{0} does not exist: run `cargo build -p strowger-cli`, or set STROWGER_BIN")]
    NoBinary(PathBuf),
    /// The node did not get ready.
    #[error("the node was not ready within {within:?}; its log ends with:\n{log}")]
    NotReady {
        /// How long it was waited for.
        within: Duration,
        /// The end of its log.
        log: Box<str>,
    },
    /// The node ended on its own.
    #[error("the node ended with {status}; its log ends with:\n{log}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// The end of its log.
        log: Box<str>,
    },
    /// `strowger status` failed or printed something else than JSON.
    #[error("`strowger status` answered: {0}")]
    Status(Box<str>),
    /// SIPp could not be run, or printed no statistics.
    #[error("sipp {args}: {problem}")]
    Sipp {
        /// Its arguments.
        args: Box<str>,
        /// What went wrong.
        problem: Box<str>,
    },
    /// A program is not there.
    #[error("cannot start `{program}`: {source}; `cargo xtask peers` installs what the runs need")]
    Start {
        /// Which.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// A client that `cargo xtask peers` installs is not there.
    #[error("{0} does not exist: run `cargo xtask peers`")]
    NoPeer(PathBuf),
    /// No certificate could be made.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The disk that loses power or is full could not be prepared or used.
    #[error(transparent)]
    Disk(#[from] strowger_disks::DiskError),
    /// No network namespace could be made.
    #[error("no network namespace: {0}")]
    NoNamespace(Box<str>),
    /// What must hold did not.
    #[error("{0}")]
    Broken(Box<str>),
}

/// The result of a run.
pub type Result<T = ()> = std::result::Result<T, RunError>;

/// Turns an I/O error into one that says what was attempted.
pub(crate) fn io(what: &'static str) -> impl Fn(std::io::Error) -> RunError {
    move |source| RunError::Io { what, source }
}

/// Fails with the text of `explain` unless `holds`.
pub(crate) fn ensure(holds: bool, explain: impl FnOnce() -> String) -> Result {
    if holds {
        Ok(())
    } else {
        Err(RunError::Broken(explain().into()))
    }
}
