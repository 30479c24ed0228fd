//! What every handler is given.

use super::access::Access;
use super::audit::Audit;
use super::change::AT_ONCE;
use super::problem::Problem;
use crate::figures::{History, Recent};
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::{Duration, Instant};
use strowger_config::Config;
use strowger_node::Manage;
use strowger_node::control::{Reply, Request};
use strowger_node::status::Status;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval};

/// How old an answer about health may be: whoever needs no token does not reach the shard more often than that.
const HEALTH_AGE: Duration = Duration::from_millis(250);
/// Who may watch the node live at one time.
const WATCHERS: usize = 32;
/// Time between two looks at a node that is watched live.
const LIVE: Duration = Duration::from_secs(1);
/// Of so many such times, one has a look though nobody watches: for the courses of figures on the console.
const SELDOM: u64 = 10;

/// What every handler is given. Clones are the same.
#[derive(Clone, Debug)]
pub struct State {
    /// The node.
    pub manage: Manage,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: watch::Receiver<Arc<Config>>,
    access: Access,
    audit: Audit,
    changes: Arc<Semaphore>,
    health: Mutex<Option<(Instant, Result<Arc<Status>, Problem>)>>,
    live: watch::Sender<Option<Arc<Status>>>,
    history: Lock<History>,
}

impl State {
    pub(crate) fn new(manage: Manage, access: Access, audit: Audit) -> Self {
        let shared = Shared {
            config: manage.config(),
            access,
            audit,
            changes: Arc::new(Semaphore::new(AT_ONCE)),
            health: Mutex::new(None),
            live: watch::Sender::new(None),
            history: Lock::default(),
        };
        let shared = Arc::new(shared);
        Self { manage, shared }
    }

    /// Asks the node; what it refuses is a problem.
    pub(crate) async fn ask(&self, request: Request) -> Result<Reply, Problem> {
        let reply = self.manage.ask(request).await?;
        if let Reply::Refused(refusal) = reply {
            return Err(refusal.into());
        }
        Ok(reply)
    }

    /// Asks the node for something that has no answer but that it is being done.
    pub(crate) async fn order(&self, request: Request) -> Result<(), Problem> {
        self.ask(request).await.map(drop)
    }

    /// How the node is.
    pub(crate) async fn status(&self, detail: bool) -> Result<Box<Status>, Problem> {
        let Reply::Status(status) = self.ask(Request::Status { detail }).await? else {
            return Err(unexpected());
        };
        Ok(status)
    }

    /// How the node was a moment ago. Those who ask at one time share an answer.
    pub(crate) async fn recent_status(&self) -> Result<Arc<Status>, Problem> {
        let mut kept = self.shared.health.lock().await;
        if let Some((at, status)) = &*kept
            && at.elapsed() < HEALTH_AGE
        {
            return status.clone();
        }
        let status = self.status(false).await.map(Arc::from);
        *kept = Some((Instant::now(), status.clone()));
        status
    }

    /// How the node is, once a second; `None` if as many watch it as may.
    pub(crate) fn live(&self) -> Option<watch::Receiver<Option<Arc<Status>>>> {
        let live = &self.shared.live;
        (live.receiver_count() < WATCHERS).then(|| live.subscribe())
    }

    /// What the node was doing lately.
    pub(crate) fn recent(&self) -> Recent {
        let history = self.shared.history.lock();
        history.unwrap_or_else(PoisonError::into_inner).recent()
    }

    /// Looks at the node once a second for those who watch it live, and now and then if there are none.
    pub(crate) async fn watch(self) {
        let mut ticks = interval(LIVE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for n in 0_u64.. {
            ticks.tick().await;
            let watched = self.shared.live.receiver_count() > 0;
            if !watched && !n.is_multiple_of(SELDOM) {
                continue;
            }
            let Ok(status) = self.status(false).await.map(Arc::from) else {
                continue;
            };
            let history = self.shared.history.lock();
            let mut history = history.unwrap_or_else(PoisonError::into_inner);
            history.add(Instant::now(), &status);
            drop(history);
            if watched {
                self.shared.live.send_replace(Some(status));
            }
        }
    }

    /// The configuration in effect.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.shared.config.borrow())
    }

    pub(crate) fn access(&self) -> &Access {
        &self.shared.access
    }

    pub(crate) fn audit(&self) -> &Audit {
        &self.shared.audit
    }

    /// Places for changes that are carried out.
    pub(crate) fn changes(&self) -> Arc<Semaphore> {
        Arc::clone(&self.shared.changes)
    }
}

/// The node has answered another question.
pub(crate) fn unexpected() -> Problem {
    Problem::silent("the node's answer is not one to this question")
}
