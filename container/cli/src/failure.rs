//! Why a command did not do what it was asked for.

use crate::exit::Exit;
use std::io;
use strowger_config::Rejected;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The configuration cannot be used.
    #[error(transparent)]
    Configuration(#[from] Rejected),
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
    /// Standard output is closed or full.
    #[error("cannot write to standard output")]
    Output(#[from] io::Error),
    /// This build lacks the part that runs a node.
    #[error("this build cannot run a node yet")]
    NoNode,
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Configuration(_) => Exit::Configuration,
            Self::UnknownCode { .. } | Self::UnknownKey(_) => Exit::Usage,
            Self::Output(_) | Self::NoNode => Exit::Internal,
        }
    }
}
