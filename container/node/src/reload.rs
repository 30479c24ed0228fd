//! Configuration that changes while the node serves: read again on SIGHUP or on an order, checked as at a start, compared
//! with what is in effect, and given to the shard, which has the last word.
//!
//! All or nothing (R-DU-02): a configuration that is refused, or one that differs in a key that a running node cannot change, changes
//! nothing but an alarm. What is in effect is always one configuration as a whole.

mod error;
mod managed;

pub(crate) use error::ReloadError;

use crate::catalog::Catalog;
use crate::change::{Changed, Outcome, Step};
use crate::control::{Order, Reply, Unserved};
use crate::inbox::Door;
use crate::listed::{KeyChange, KeyEntry};
use crate::log;
use crate::plan::Plan;
use crate::tls::{Watch, Watched};
use error::NotLive;
use std::sync::Arc;
use std::time::Duration;
use strowger_config::{Change, Components, Config, Loaded, Rejected, Reload};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

/// Reads the configuration again, from where it was read at the start.
pub(crate) type Read = Box<dyn FnMut(Option<String>) -> Result<Loaded, Rejected> + Send>;

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
        let done = match self.compare(None, false) {
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
        for (adaptor, watched) in watched {
            watch.replace(&adaptor, watched);
        }
        if !changes.is_empty() {
            told.send_replace(config);
        }
        // Also where nothing but the places has changed in which keys are written.
        self.running = Some(loaded);
        Ok(changes)
    }

    /// What a reload would do.
    pub(crate) async fn check(&mut self, door: &Door) -> Reply {
        let checked = match self.compare(None, true) {
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
    fn compare(&mut self, managed: Option<String>, dry: bool) -> Result<Newer, ReloadError> {
        let (Some(read), Some(running)) = (&mut self.read, &self.running) else {
            return Err(ReloadError::NoSource);
        };
        let newer = read(managed)?;
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
