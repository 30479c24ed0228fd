//! Why a node does not start, with the codes that operators look up.

use crate::companion::CompanionError;
use crate::exit::Exit;
use crate::log::LogError;
use crate::net::ListenError;
use crate::plan::{PlanError, at};
use crate::secret::SecretError;
use crate::tls::TlsError;
use std::io;
use std::path::PathBuf;
use strowger_config::{Place, Rejected};
use strowger_driver::StartError;
use strowger_journal::StoreError;
use strowger_kernel::{InstallError, ManageError, RestoreError, TableError};

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] Rejected),
    /// The configuration does not fit the binary.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A listener cannot be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The certificates of a listener cannot be used.
    #[error(
        "listener `{listener}` of adaptor `{adaptor}`{}: its certificates cannot be used",
        at(place)
    )]
    Certificates {
        /// The adaptor entity.
        adaptor: String,
        /// The listener's name.
        listener: String,
        /// Where the key is written that names the file.
        place: Option<Place>,
        /// Key, file and reason.
        source: Box<TlsError>,
    },
    /// The driver of an adaptor cannot serve.
    #[error("adaptor `{adaptor}`: its driver cannot serve")]
    Driver {
        /// The adaptor entity.
        adaptor: String,
        /// Why.
        source: StartError,
    },
    /// The management API cannot serve.
    #[error("the management API cannot serve")]
    Companion {
        /// Why.
        source: CompanionError,
    },
    /// The log cannot be opened.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The kernel refuses an adaptor entity or a service.
    #[error("`{name}` cannot be installed")]
    Install {
        /// The adaptor entity or service.
        name: String,
        /// Why.
        source: Box<InstallError>,
    },
    /// An adaptor entity, a service or a link cannot be activated or bound.
    #[error("`{name}` cannot be activated")]
    Activate {
        /// The adaptor entity, service or link.
        name: String,
        /// Why.
        source: ManageError,
    },
    /// A profile table cannot be made.
    #[error("profile table `{name}` cannot be made")]
    Table {
        /// The table.
        name: String,
        /// Why.
        source: TableError,
    },
    /// The store has a profile table of that name, of another specification.
    #[error(
        "profile table `{name}` is of specification `{found}` in the store, and of `{wanted}` in the configuration"
    )]
    OtherTable {
        /// The table.
        name: String,
        /// In the store.
        found: Box<str>,
        /// In the configuration.
        wanted: Box<str>,
    },
    /// The store cannot be opened or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is in the store cannot be served by this binary.
    #[error("what is in the store cannot be served")]
    Restore(#[from] RestoreError),
    /// The store's secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The socket in the data directory cannot be opened.
    #[error("cannot open the socket in {}", data_dir.display())]
    Control {
        /// The data directory.
        data_dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system gives no thread, or no signals.
    #[error("the system gives no {what}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The shard's thread ended in a panic.
    #[error("the shard's thread ended in a panic")]
    Panicked,
}

impl NodeError {
    /// The code whose page explains what to do; that of a rejected configuration is with each of its findings.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(rejected) => rejected
                .findings
                .first()
                .map_or("CFG-001", |finding| finding.problem.code()),
            Self::Listen(_) => "NOD-001",
            Self::Plan(error) => error.code(),
            Self::Install { .. } => "NOD-005",
            Self::Activate { .. } | Self::Table { .. } | Self::OtherTable { .. } => "NOD-006",
            Self::Restore(_) => "NOD-007",
            Self::Secret(_) => "NOD-008",
            Self::Control { .. } | Self::System { .. } => "NOD-009",
            Self::Log(_) => "NOD-011",
            Self::Panicked => "NOD-012",
            Self::Certificates { .. } => "NOD-014",
            Self::Driver { .. } => "NOD-016",
            Self::Companion { .. } => "NOD-017",
            Self::Store(error) => error.code(),
        }
    }

    /// How the process ends.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::Plan(_) | Self::Log(_) => Exit::Config,
            Self::Certificates { .. } => Exit::Config,
            Self::Install { .. } | Self::Activate { .. } => Exit::Config,
            Self::Table { .. } | Self::OtherTable { .. } => Exit::Config,
            // There may be space later: what watches the node starts it again.
            Self::Store(StoreError::Full { .. }) => Exit::StartFailed,
            Self::Store(_) | Self::Restore(_) | Self::Secret(_) => Exit::StoreRefused,
            Self::Listen(_) | Self::Driver { .. } | Self::Companion { .. } => Exit::StartFailed,
            Self::Control { .. } | Self::System { .. } => Exit::StartFailed,
            Self::Panicked => Exit::Panicked,
        }
    }
}
