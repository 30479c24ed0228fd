//! How a node's process ends, as its supervisor sees it. The codes are part of the interface: docs/operating.md.

use std::process::ExitCode;

/// How a node ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Exit {
    /// It was told to stop and did, whether or not all work was finished: durable work goes on at the next start.
    Clean,
    /// The configuration cannot be used.
    Config,
    /// The store cannot be opened: damaged, of an unknown format, or in use by another process.
    StoreRefused,
    /// A listener cannot be opened, the disk is full, or the system refuses something else that a start needs.
    StartFailed,
    /// A bug outside of handlers ended the shard. A restart recovers.
    Panicked,
    /// The store failed while the node ran. Nothing was acknowledged since; a restart recovers.
    StoreFailed,
    /// The shard's thread did not come back, and no handler was to blame; or one was, and the process could not be started again
    /// in its place. A restart recovers.
    Hung,
}

impl Exit {
    /// The code of the process.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Config => 3,
            Self::StoreRefused => 4,
            Self::StartFailed => 5,
            Self::Panicked => 70,
            Self::StoreFailed => 74,
            Self::Hung => 75,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
