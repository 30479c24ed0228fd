//! Why a command did not do what it was asked for.

use crate::api::Problem;
use crate::exit::Exit;
use crate::new::NewError;
use crate::profiles::ImportError;
use crate::store::CareError;
use std::io;
use std::path::PathBuf;
use strowger_config::{ManagedError, Rejected};
use strowger_node::NodeError;
use strowger_node::control::AskError;
use strowger_store::backup::BackupError;

/// Why a file is not the table of an adaptor.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// It is not TOML.
    #[error(transparent)]
    Toml(#[from] ManagedError),
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The configuration cannot be used.
    #[error(transparent)]
    Configuration(#[from] Rejected),
    /// The same, and it has been printed what is wrong.
    #[error(transparent)]
    Told(Rejected),
    /// A file is not the table of an adaptor.
    #[error("`{}`: {source}", .file.display())]
    Table {
        /// The file.
        file: PathBuf,
        /// Why.
        source: TableError,
    },
    /// A key or code was asked for that does not exist.
    #[error("there is no error code `{code}`")]
    UnknownCode {
        /// What was asked for.
        code: String,
        /// What may have been meant.
        near: Vec<&'static str>,
    },
    /// A key was asked for that does not exist.
    #[error("no such key")]
    UnknownKey(Rejected),
    /// No password came, or one that no bind can have.
    #[error("a password is one line of 1 to 15 characters of ASCII on standard input")]
    NoPassword,
    /// There are no random numbers for a salt.
    #[error("the system gives no random numbers")]
    Random(#[from] getrandom::Error),
    /// Standard output is closed or full.
    #[error("cannot write to standard output")]
    Output(#[from] io::Error),
    /// The node does not start.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// A running node could not be asked.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// A running node does not do what it was asked, and says why.
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
    /// A running node refuses something.
    #[error("the node refuses: {reason}")]
    Refused {
        /// Its own words.
        reason: String,
    },
    /// A running node has state that this binary cannot take over; it has been printed which.
    #[error("this binary cannot take over what the node has")]
    Unfit,
    /// A store was not looked after.
    #[error(transparent)]
    Care(#[from] CareError),
    /// A file could not be written.
    #[error("cannot write `{}`", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// CSV cannot tell what a profile has.
    #[error(
        "`{attribute}` of the profile `{profile}` is an empty text, which CSV does not tell from none: export it with --format jsonl"
    )]
    Ambiguous {
        /// The profile.
        profile: String,
        /// The attribute.
        attribute: String,
    },
    /// A file was not imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// No crate could be written.
    #[error(transparent)]
    New(#[from] NewError),
    /// A running node answered something else: it is of another version.
    #[error("the node's answer is not one to this question")]
    Unexpected,
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Configuration(_) | Self::Told(_) | Self::Table { .. } => Exit::Configuration,
            Self::UnknownCode { .. } | Self::UnknownKey(_) | Self::NoPassword => Exit::Usage,
            Self::Node(error) => Exit::Node(error.exit()),
            Self::Care(CareError::Backup(BackupError::Exists { .. })) => Exit::Usage,
            Self::Care(CareError::Backup(BackupError::Io { .. })) => Exit::Refused,
            Self::Care(CareError::Backup(_) | CareError::Damaged { .. }) => {
                Exit::Node(strowger_node::Exit::StoreRefused)
            }
            Self::New(NewError::Write { .. }) => Exit::Refused,
            Self::New(_) => Exit::Usage,
            Self::Problem(problem) => match problem.status {
                400 | 404 => Exit::Usage,
                422 => Exit::Configuration,
                _ => Exit::Refused,
            },
            Self::Ask(_)
            | Self::Refused { .. }
            | Self::File { .. }
            | Self::Ambiguous { .. }
            | Self::Import(_)
            | Self::Unfit => Exit::Refused,
            Self::Output(_) | Self::Random(_) | Self::Unexpected => Exit::Internal,
        }
    }
}
