//! Why a changed configuration is not used, as operators are told.

use crate::control::{Cause, Refusal, Unserved};
use crate::error::NodeError;
use crate::listed::KeyProblem;
use crate::plan::PlanError;
use std::error::Error;
use std::path::PathBuf;
use std::{fmt, io};
use strowger_config::{Change, Finding, ManagedError, Place, Rejected, SourceKind};

/// Why a changed configuration is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReloadError {
    #[error("this node was started without files that could be read again")]
    NoSource,
    #[error("{}", findings(.0))]
    Rejected(#[from] Rejected),
    #[error("{}", chain(.0))]
    Plan(#[from] PlanError),
    #[error("{}", .0)]
    Class(NotLive),
    #[error("{}", chain(.0.as_ref()))]
    Node(#[from] Box<NodeError>),
    #[error("{}", .0.reason)]
    Refused(Refusal),
    #[error(transparent)]
    Busy(#[from] Unserved),
    #[error("{}", chain(.0))]
    Managed(#[from] ManagedError),
    #[error("{}", .0)]
    NotManaged(NotManaged),
    #[error("nothing was changed, since {} cannot be written: {source}", .file.display())]
    Unwritable { file: PathBuf, source: io::Error },
    #[error("it is in effect until the node ends, since {} cannot be written: {source}", .file.display())]
    NotKept { file: PathBuf, source: io::Error },
    #[error("{refused}; but {} has it still, and so would the next start: {source}", .file.display())]
    NotTakenBack {
        refused: Box<ReloadError>,
        file: PathBuf,
        source: io::Error,
    },
}

/// An adaptor that was not configured through the node.
#[derive(Debug, thiserror::Error)]
#[error("{}", if *.known {
    "it was not configured through the node: it goes with its table, where the node is configured".to_owned()
} else {
    format!("there is no adaptor `{}`", .adaptor)
})]
pub(crate) struct NotManaged {
    pub(super) adaptor: String,
    /// There is one of that name.
    pub(super) known: bool,
}

/// Keys that a running node cannot change.
#[derive(Debug)]
pub(crate) struct NotLive(pub(super) Vec<Change>);

impl fmt::Display for NotLive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Keys that are named.
        const NAMED: usize = 5;
        f.write_str("nothing was changed, since these keys need a restart: ")?;
        for (n, change) in self.0.iter().take(NAMED).enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            write!(f, "{comma}`{}` ({})", change.key, change.reload.word())?;
        }
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

fn findings(rejected: &Rejected) -> String {
    let found = rejected
        .findings
        .iter()
        .map(|finding| match &finding.place {
            Some(place) => format!("{} ({place})", finding.problem),
            None => finding.problem.to_string(),
        });
    found.collect::<Vec<_>>().join("; ")
}

impl ReloadError {
    pub(super) fn refusal(self) -> Refusal {
        let cause = match &self {
            Self::Refused(refusal) => return refusal.clone(),
            Self::NoSource => Cause::State,
            Self::Busy(_)
            | Self::Unwritable { .. }
            | Self::NotKept { .. }
            | Self::NotTakenBack { .. } => Cause::Busy,
            Self::Managed(ManagedError::NoValue { .. }) => Cause::Wrong,
            Self::NotManaged(NotManaged { known: false, .. }) => Cause::Unknown,
            Self::Managed(_) | Self::NotManaged(_) => Cause::State,
            Self::Rejected(_) | Self::Plan(_) | Self::Class(_) | Self::Node(_) => {
                Cause::Configuration
            }
        };
        let problems = match &self {
            Self::Rejected(rejected) => rejected.findings.iter().map(problem).collect(),
            Self::Class(NotLive(changes)) => changes.iter().map(NotLive::problem).collect(),
            Self::Plan(error) => vec![blamed(error.code(), error)],
            Self::Node(error) => vec![blamed(error.code(), error.as_ref())],
            Self::Managed(ManagedError::NoValue { key }) => vec![KeyProblem {
                key: Some(key.to_string()),
                ..blamed("NOD-015", &self)
            }],
            Self::NoSource
            | Self::Busy(_)
            | Self::Refused(_)
            | Self::Managed(_)
            | Self::NotManaged(_)
            | Self::Unwritable { .. }
            | Self::NotKept { .. }
            | Self::NotTakenBack { .. } => Vec::new(),
        };
        Refusal {
            problems,
            ..Refusal::new(cause, self.to_string())
        }
    }
}

impl NotLive {
    fn problem(change: &Change) -> KeyProblem {
        KeyProblem {
            code: "NOD-015".to_owned(),
            message: format!("needs a restart ({})", change.reload.word()),
            key: Some(change.key.to_string()),
            ..KeyProblem::default()
        }
    }
}

fn blamed(code: &str, error: &dyn Error) -> KeyProblem {
    KeyProblem {
        code: code.to_owned(),
        message: chain(error),
        ..KeyProblem::default()
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(because) = cause {
        text = format!("{text}: {because}");
        cause = because.source();
    }
    text
}

fn problem(finding: &Finding) -> KeyProblem {
    let place = finding.place.as_ref();
    let in_file = place.filter(|place| place.source.kind == SourceKind::File);
    let (line, column) = in_file.map(Place::line_column).unzip();
    KeyProblem {
        code: finding.problem.code().to_owned(),
        message: finding.problem.to_string(),
        key: finding.problem.key().map(ToString::to_string),
        file: place.map(|place| place.source.name.clone()),
        line: line.map(|n| n as u64),
        column: column.map(|n| n as u64),
        hint: finding.hint.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_config::Reload;

    #[test]
    fn keys_that_need_a_restart_are_named_with_what_they_need() {
        let change = |key: &str| Change {
            key: key.parse().unwrap(),
            reload: Reload::RestartAdaptor,
            older: None,
            newer: None,
        };
        let text = NotLive(vec![change("adaptors.sip.settings.unserved")]).to_string();
        assert!(
            text.ends_with("`adaptors.sip.settings.unserved` (restart-adaptor)"),
            "{text}"
        );
        let many = NotLive((0..7).map(|n| change(&format!("store.k{n}"))).collect()).to_string();
        assert!(
            many.ends_with("`store.k4` (restart-adaptor) and 2 more"),
            "{many}"
        );
    }
}
