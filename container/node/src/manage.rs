//! A handle on a running node, for whoever looks at it from beside the shard: the management API.
//!
//! What the shard knows is asked of the shard, between two pieces of its work; configuration and certificates are the
//! supervisor's, the log is the process's. Whoever asks waits, and nobody waits for whoever asks.

use crate::callers::Callers;
use crate::control::{Cause, Order, Refusal, Reply, Request, Unserved};
use crate::exports::Exports;
use crate::inbox::Door;
use crate::provision::Provision;
use crate::{log, process};
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;
use strowger_config::Config;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

/// Errands that wait for the supervisor; others are refused.
const ERRANDS: usize = 16;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A handle on a running node. Clones are the same handle.
#[derive(Clone, Debug)]
pub struct Manage {
    door: Door,
    desk: mpsc::Sender<Asked>,
    config: watch::Receiver<Arc<Config>>,
    exports: Arc<Exports>,
    callers: Arc<Callers>,
}

/// What the supervisor is asked.
#[derive(Clone, Debug)]
pub(crate) enum Errand {
    Certificates,
    CertificateList,
    Configuration,
    Reload {
        check: bool,
    },
    /// Something is configured through the node, or is not any more.
    Manage(Managing),
}

/// What is configured through the node.
#[derive(Clone, Debug)]
pub(crate) enum Managing {
    /// An adaptor entity has this table, or none.
    Adaptor { name: String, table: Option<Json> },
    /// A link name leads to this adaptor entity, or to none.
    Link {
        link: String,
        adaptor: Option<String>,
    },
}

impl Managing {
    /// Something is there that may not have been before.
    pub(crate) fn comes(&self) -> bool {
        match self {
            Self::Adaptor { table, .. } => table.is_some(),
            Self::Link { adaptor, .. } => adaptor.is_some(),
        }
    }
}

/// A question, and where its reply goes.
type Asked = (Errand, oneshot::Sender<Reply>);

/// The supervisor's ends.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) errands: mpsc::Receiver<Asked>,
    /// Told what is in effect.
    pub(crate) config: watch::Sender<Arc<Config>>,
}

/// A handle, and what the supervisor has to do with it.
pub(crate) fn manage(door: Door, config: Arc<Config>) -> (Manage, Desk) {
    let (desk, errands) = mpsc::channel(ERRANDS);
    let (told, config) = watch::channel(config);
    let (exports, callers) = (Arc::default(), Arc::default());
    let manage = Manage {
        door,
        desk,
        config,
        exports,
        callers,
    };
    let config = told;
    (manage, Desk { errands, config })
}

impl Manage {
    /// Asks the node something.
    ///
    /// # Errors
    /// Nobody has answered.
    pub async fn ask(&self, request: Request) -> Result<Reply, Unserved> {
        let answer = timeout(PATIENCE, self.send(request)?).await;
        let reply = answer.map_err(|_| Unserved::Silent)?;
        let reply = reply.map_err(|_| Unserved::Ended)?;
        Ok(self.complete(reply))
    }

    /// The same for whoever is not in a tokio runtime.
    ///
    /// # Errors
    /// Nobody has answered.
    pub fn ask_blocking(&self, request: Request) -> Result<Reply, Unserved> {
        let reply = self.send(request)?.blocking_recv();
        let reply = reply.map_err(|_| Unserved::Ended)?;
        Ok(self.complete(reply))
    }

    /// The configuration in effect; changes when it is reloaded.
    #[must_use]
    pub fn config(&self) -> watch::Receiver<Arc<Config>> {
        self.config.clone()
    }

    /// Where whoever sends recorded calls elsewhere counts what has become of them: shown in the status.
    #[must_use]
    pub fn exports(&self) -> &Exports {
        &self.exports
    }

    /// Where whoever serves the management API counts its connections: shown in the status.
    #[must_use]
    pub fn callers(&self) -> &Callers {
        &self.callers
    }

    /// Raises an alarm of `source`, or clears it.
    pub fn alarm(&self, source: &str, name: &'static str, raised: bool, text: &str) {
        self.door.alarm(source.to_owned(), name, raised, text);
    }

    /// What a shard has answered, with what only others know.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "most of it is the shard's alone"
    )]
    fn complete(&self, reply: Reply) -> Reply {
        match reply {
            Reply::Status(mut status) => {
                process::complete(&mut status);
                self.exports.complete(&mut status.export);
                self.callers.complete(&mut status.listeners);
                Reply::Status(status)
            }
            Reply::Log(mut levels) => {
                log::complete(&mut levels, &self.config.borrow().log.filter);
                Reply::Log(levels)
            }
            other => other,
        }
    }

    /// Asks a shard something of profile tables.
    pub(crate) async fn provision<T>(
        &self,
        asked: Provision,
        answer: oneshot::Receiver<T>,
    ) -> Result<T, Unserved> {
        self.door.order(Order::Provision(asked))?;
        let answer = timeout(PATIENCE, answer).await;
        let answer = answer.map_err(|_| Unserved::Silent)?;
        answer.map_err(|_| Unserved::Ended)
    }

    fn send(&self, request: Request) -> Result<oneshot::Receiver<Reply>, Unserved> {
        let (reply, answer) = oneshot::channel();
        let request = match set_log(request) {
            Ok(request) => request,
            Err(refused) => {
                // Its other end is held here.
                drop(reply.send(refused));
                return Ok(answer);
            }
        };
        if let Some(errand) = errand(&request) {
            let sent = self.desk.try_send((errand, reply));
            sent.map_err(|refused| unserved(&refused))?;
        } else {
            self.door.order(Order::Ask(request, reply))?;
        }
        Ok(answer)
    }
}

fn unserved<T>(refused: &TrySendError<T>) -> Unserved {
    match refused {
        TrySendError::Full(_) => Unserved::Busy,
        TrySendError::Closed(_) => Unserved::Ended,
    }
}

/// What of the requests is the supervisor's.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all that is not named here is a shard's"
)]
fn errand(request: &Request) -> Option<Errand> {
    match request {
        Request::Certificates {} => Some(Errand::Certificates),
        Request::CertificateList {} => Some(Errand::CertificateList),
        Request::Configuration {} => Some(Errand::Configuration),
        Request::Reload { check } => Some(Errand::Reload { check: *check }),
        Request::SetAdaptor { adaptor, table } => Some(Errand::Manage(Managing::Adaptor {
            name: adaptor.clone(),
            table: Some(table.clone()),
        })),
        Request::RemoveAdaptor { adaptor } => Some(Errand::Manage(Managing::Adaptor {
            name: adaptor.clone(),
            table: None,
        })),
        Request::Bind { link, adaptor } => Some(Errand::Manage(Managing::Link {
            link: link.clone(),
            adaptor: Some(adaptor.clone()),
        })),
        Request::Unbind { link } => Some(Errand::Manage(Managing::Link {
            link: link.clone(),
            adaptor: None,
        })),
        _ => None,
    }
}

/// Sets the level of a source that is no tracer, for which no shard is needed; what is left to be asked.
fn set_log(request: Request) -> Result<Request, Reply> {
    let Request::SetLog { source, level } = &request else {
        return Ok(request);
    };
    if log::is_tracer(source) {
        return Ok(request);
    }
    match log::set_source(source, level.as_deref()) {
        Ok(()) => Ok(Request::Log {}),
        Err(error) => Err(match error.field() {
            Some(field) => Refusal::new(Cause::Wrong, error.to_string()).blame(field),
            None => Reply::refused(Cause::State, error.to_string()),
        }),
    }
}
