//! Configuration that changes while the node serves: read again on SIGHUP or on an order, checked as at a start, compared
//! with what is in effect, and given to the shard, which has the last word.
//!
//! All or nothing: a configuration that is refused, or one that differs in a key that a running node cannot change, changes
//! nothing but an alarm. What is in effect is always one configuration as a whole.

use crate::catalog::Catalog;
use crate::change::{Changed, Outcome, Step};
use crate::control::{Cause, Order, Refusal, Reply, Unserved};
use crate::error::NodeError;
use crate::inbox::Door;
use crate::listed::{KeyChange, KeyEntry, KeyProblem};
use crate::log;
use crate::plan::{Plan, PlanError};
use crate::tls::{Watch, Watched};
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use strowger_config::{
    Change, Components, Config, Finding, Loaded, Place, Rejected, Reload, SourceKind,
};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

/// Reads the configuration again, from where it was read at the start.
pub(crate) type Read = Box<dyn FnMut() -> Result<Loaded, Rejected> + Send>;

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
}

/// Keys that a running node cannot change.
#[derive(Debug)]
pub(crate) struct NotLive(Vec<Change>);

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
    fn refusal(self) -> Refusal {
        let cause = match &self {
            Self::Refused(refusal) => return refusal.clone(),
            Self::NoSource => Cause::State,
            Self::Busy(_) => Cause::Busy,
            Self::Rejected(_) | Self::Plan(_) | Self::Class(_) | Self::Node(_) => {
                Cause::Configuration
            }
        };
        let problems = match &self {
            Self::Rejected(rejected) => rejected.findings.iter().map(problem).collect(),
            Self::Class(NotLive(changes)) => changes.iter().map(NotLive::problem).collect(),
            Self::Plan(error) => vec![blamed(error.code(), error)],
            Self::Node(error) => vec![blamed(error.code(), error.as_ref())],
            Self::NoSource | Self::Busy(_) | Self::Refused(_) => Vec::new(),
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

/// Keeps what is in effect.
pub(crate) struct Reloader {
    read: Option<Read>,
    running: Option<Loaded>,
    catalog: Catalog,
    components: Components,
    /// A reload has failed, and its alarm is raised.
    failed: bool,
}

/// The alarm of a configuration that is not used.
const ALARM: &str = "configuration_refused";
/// How long the shard may take to put a change into effect.
const PATIENCE: Duration = Duration::from_secs(5);

impl Reloader {
    pub(crate) fn new(source: Option<(Loaded, Read)>, catalog: Catalog) -> Self {
        let (running, read) = source.unzip();
        Self {
            read,
            running,
            components: catalog.components(),
            catalog,
            failed: false,
        }
    }

    /// Reads the configuration, and puts into effect what has changed.
    pub(crate) async fn reload(
        &mut self,
        door: &Door,
        told: &watch::Sender<Arc<Config>>,
        watch: &mut Watch,
    ) -> Reply {
        let done = match self.compare(false) {
            Ok(newer) => self.put_into_effect(newer, door, told, watch).await,
            Err(error) => Err(error),
        };
        log_outcome(&done);
        match &done {
            Ok(_) if self.failed => door.alarm("node".into(), ALARM, false, "it is in effect"),
            Ok(_) | Err(ReloadError::NoSource) => {}
            Err(error) => door.alarm("node".into(), ALARM, true, &error.to_string()),
        }
        self.failed = done.is_err();
        done.map_or_else(|error| Reply::Refused(error.refusal()), Reply::Reloaded)
    }

    async fn put_into_effect(
        &mut self,
        newer: Newer,
        door: &Door,
        told: &watch::Sender<Arc<Config>>,
        watch: &mut Watch,
    ) -> Result<Vec<KeyChange>, ReloadError> {
        let Newer {
            changed,
            watched,
            changes,
            loaded,
        } = newer;
        if !changes.is_empty() {
            order(door, |outcome| Order::Configure(changed, outcome)).await?;
        }
        let config = Arc::new(loaded.config.clone());
        if told.borrow().log != config.log {
            log::configure(&config.log.filter);
        }
        if !changes.is_empty() {
            for (adaptor, watched) in watched {
                watch.replace(&adaptor, watched);
            }
            told.send_replace(config);
            self.running = Some(loaded);
        }
        Ok(changes)
    }

    /// What a reload would do.
    pub(crate) async fn check(&mut self, door: &Door) -> Reply {
        let checked = match self.compare(true) {
            Ok(Newer {
                changed, changes, ..
            }) => {
                let checked = order(door, |outcome| Order::CheckConfigured(changed, outcome));
                checked.await.map(|()| changes)
            }
            Err(error) => Err(error),
        };
        checked.map_or_else(|error| Reply::Refused(error.refusal()), Reply::Reloaded)
    }

    /// Every key in effect.
    pub(crate) fn configuration(&self) -> Reply {
        let Some(running) = &self.running else {
            return Reply::Refused(ReloadError::NoSource.refusal());
        };
        let entry = |entry: strowger_config::Entry| KeyEntry {
            key: entry.key.to_string(),
            value: entry.value,
            origin: entry.origin.to_string(),
            reload: entry
                .reload
                .unwrap_or(Reload::RestartNode)
                .word()
                .to_owned(),
        };
        let entries = running.entries(&self.components);
        Reply::Configuration(entries.into_iter().map(entry).collect())
    }

    /// Reads the configuration, says what of it is new, and opens what that takes unless this is `dry`. Nothing is changed.
    fn compare(&mut self, dry: bool) -> Result<Newer, ReloadError> {
        let (Some(read), Some(running)) = (&mut self.read, &self.running) else {
            return Err(ReloadError::NoSource);
        };
        let newer = read()?;
        let plan = Plan::new(&newer.config, &self.catalog)?;
        let older = Plan::new(&running.config, &self.catalog)?;
        let step = Step {
            older: (&running.config, &older),
            newer: (&newer.config, &plan),
        };
        let mut sorted = step.sort(running.changes(&newer, &self.components));
        if !sorted.others.is_empty() {
            return Err(ReloadError::Class(NotLive(std::mem::take(
                &mut sorted.others,
            ))));
        }
        let (changed, watched) = step.prepare(&sorted, dry).map_err(Box::new)?;
        Ok(Newer {
            changed,
            watched,
            changes: sorted.possible.iter().map(told).collect(),
            loaded: newer,
        })
    }
}

/// A configuration that a running node can take over.
struct Newer {
    changed: Changed,
    /// Certificates of adaptor entities that come, go or are made anew.
    watched: Vec<(String, Vec<Watched>)>,
    changes: Vec<KeyChange>,
    loaded: Loaded,
}

/// Has the shard decide on a change. A change whose outcome nobody waits for any more is not made.
async fn order(door: &Door, order: impl FnOnce(Outcome) -> Order) -> Result<(), ReloadError> {
    let (outcome, mut decided) = oneshot::channel();
    door.order(order(outcome))?;
    let decision = match timeout(PATIENCE, &mut decided).await {
        Ok(decision) => decision.map_err(|_| Unserved::Ended)?,
        Err(_) => {
            decided.close();
            decided.try_recv().map_err(|_| Unserved::Silent)?
        }
    };
    decision.map_err(ReloadError::Refused)
}

fn log_outcome(done: &Result<Vec<KeyChange>, ReloadError>) {
    match done {
        Ok(changes) if changes.is_empty() => {
            tracing::info!("the configuration has not changed");
        }
        Ok(changes) => {
            for change in changes {
                let KeyChange {
                    key, older, newer, ..
                } = change;
                tracing::info!(key, %older, %newer, "changed");
            }
            let keys = changes.len();
            tracing::info!(keys, "changes of the configuration are in effect");
        }
        Err(error) => {
            tracing::warn!(%error, code = "NOD-015", "the changed configuration is not used");
        }
    }
}

fn told(change: &Change) -> KeyChange {
    KeyChange {
        key: change.key.to_string(),
        older: change.older.clone().unwrap_or_default(),
        newer: change.newer.clone().unwrap_or_default(),
        reload: change.reload.word().to_owned(),
    }
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
