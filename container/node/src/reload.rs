//! Configuration that changes while the node serves: read again on SIGHUP or on an order, checked as at a start, compared
//! with what is in effect, and given to the shard.
//!
//! All or nothing: a configuration that is refused, or one that differs in a key that a running node cannot change, changes
//! nothing but an alarm. What is in effect is always one configuration as a whole.

use crate::catalog::Catalog;
use crate::control::{Cause, Order, Refusal, Reply, Unserved};
use crate::inbox::Door;
use crate::listed::{KeyChange, KeyEntry, KeyProblem};
use crate::log;
use crate::plan::{Plan, PlanError, SettingsOf};
use crate::recorder;
use crate::shard::Names;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use strowger::id::RaIx;
use strowger_config::{
    Change, Components, Config, Finding, Loaded, Place, Rejected, Reload, SourceKind,
};
use strowger_kernel::{Intensity, RecorderOptions};
use tokio::sync::watch;

/// Reads the configuration again, from where it was read at the start.
pub(crate) type Read = Box<dyn FnMut() -> Result<Loaded, Rejected> + Send>;

/// What has changed, for the shard.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// Adaptor entities with their new settings.
    pub(crate) adaptors: Vec<(RaIx, SettingsOf)>,
    /// Services with what can change of them.
    pub(crate) services: Vec<ChangedService>,
    pub(crate) drain_limit: Duration,
    pub(crate) recorder: RecorderOptions,
}

/// What of a service can change while the node runs.
#[derive(Debug)]
pub(crate) struct ChangedService {
    pub(crate) name: String,
    pub(crate) settings: SettingsOf,
    pub(crate) intensity: Intensity,
}

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
    fn refusal(&self) -> Refusal {
        let cause = match self {
            Self::NoSource => Cause::State,
            Self::Busy(_) => Cause::Busy,
            Self::Rejected(_) | Self::Plan(_) | Self::Class(_) => Cause::Configuration,
        };
        let problems = match self {
            Self::Rejected(rejected) => rejected.findings.iter().map(problem).collect(),
            Self::Class(NotLive(changes)) => changes.iter().map(NotLive::problem).collect(),
            Self::Plan(error) => vec![KeyProblem {
                code: error.code().to_owned(),
                message: chain(error),
                ..KeyProblem::default()
            }],
            Self::NoSource | Self::Busy(_) => Vec::new(),
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

fn chain(error: &PlanError) -> String {
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
    adaptors: Vec<(RaIx, String)>,
    /// A reload has failed, and its alarm is raised.
    failed: bool,
}

/// The alarm of a configuration that is not used.
const ALARM: &str = "configuration_refused";

impl Reloader {
    pub(crate) fn new(source: Option<(Loaded, Read)>, catalog: Catalog, names: &Names) -> Self {
        let (running, read) = source.unzip();
        let adaptors = names.adaptors.iter();
        Self {
            read,
            running,
            components: catalog.components(),
            catalog,
            adaptors: adaptors.map(|(ra, name, _)| (*ra, name.clone())).collect(),
            failed: false,
        }
    }

    /// Reads the configuration, and puts into effect what has changed.
    pub(crate) fn reload(&mut self, door: &Door, told: &watch::Sender<Arc<Config>>) -> Reply {
        let done = self.compare().and_then(|newer| {
            if !newer.changes.is_empty() {
                door.order(Order::Configure(newer.changed))?;
            }
            Ok((newer.loaded, newer.changes))
        });
        let done = done.map(|(loaded, changes)| {
            let config = Arc::new(loaded.config.clone());
            if told.borrow().log != config.log {
                log::configure(&config.log.filter);
            }
            if !changes.is_empty() {
                told.send_replace(config);
                self.running = Some(loaded);
            }
            changes
        });
        match &done {
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
        match &done {
            Ok(_) if self.failed => door.alarm("node".into(), ALARM, false, "it is in effect"),
            Ok(_) | Err(ReloadError::NoSource) => {}
            Err(error) => door.alarm("node".into(), ALARM, true, &error.to_string()),
        }
        self.failed = done.is_err();
        done.map_or_else(|error| Reply::Refused(error.refusal()), Reply::Reloaded)
    }

    /// What a reload would do.
    pub(crate) fn check(&mut self) -> Reply {
        let newer = self.compare();
        newer.map_or_else(
            |error| Reply::Refused(error.refusal()),
            |newer| Reply::Reloaded(newer.changes),
        )
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

    /// Reads the configuration, and says what of it is new. Nothing is changed.
    fn compare(&mut self) -> Result<Newer, ReloadError> {
        let (Some(read), Some(running)) = (&mut self.read, &self.running) else {
            return Err(ReloadError::NoSource);
        };
        let newer = read()?;
        let plan = Plan::new(&newer.config, &self.catalog)?;
        let changes = running.changes(&newer, &self.components);
        let (live, others): (Vec<_>, Vec<_>) = changes
            .into_iter()
            .partition(|change| change.reload == Reload::Live);
        if !others.is_empty() {
            return Err(ReloadError::Class(NotLive(others)));
        }
        let touched = |of: &str, name: &str| {
            live.iter().any(|change| {
                let key = change.key.segments();
                matches!(key, [table, entity, ..] if table == of && entity == name)
            })
        };
        let planned = plan
            .adaptors
            .into_iter()
            .filter(|planned| touched("adaptors", &planned.name));
        let adaptors = planned.filter_map(|planned| {
            let (ra, _) = self
                .adaptors
                .iter()
                .find(|(_, name)| *name == planned.name)?;
            Some((*ra, planned.settings))
        });
        let services = plan.services.into_iter().map(|planned| planned.options);
        let services = services.filter(|options| touched("services", &options.name));
        let changed = Changed {
            adaptors: adaptors.collect(),
            services: services
                .map(|options| ChangedService {
                    name: options.name,
                    settings: SettingsOf(options.settings),
                    intensity: options.intensity,
                })
                .collect(),
            drain_limit: newer.config.node.drain_limit,
            recorder: recorder::options(&newer.config.recorder),
        };
        Ok(Newer {
            changed,
            changes: live.iter().map(told).collect(),
            loaded: newer,
        })
    }
}

/// A configuration that a running node can take over.
struct Newer {
    changed: Changed,
    changes: Vec<KeyChange>,
    loaded: Loaded,
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
