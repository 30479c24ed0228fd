//! From a node's companion to a server: the audit log, the node's own token, the routes of all modules.

use super::access::{Access, admit};
use super::audit::Audit;
use super::problem::Problem;
use super::state::State;
use super::{
    activities, adaptors, alarms, backup, bans, components, configuration, connection, document,
    ladders, log, node, profiles, quarantine, services, usage,
};
use crate::console;
use crate::export;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::Response;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use strowger_config::Config;
use strowger_node::{Beside, Companion, CompanionError, Life, Manage, ManagementListener};

/// The file in the data directory with the token of a node whose configuration has none.
const TOKEN: &str = "management.token";
/// The audit log in the data directory.
const AUDIT: &str = "audit.log";

/// The management API, to be given to a node.
#[must_use]
pub fn companion() -> impl Companion {
    Server
}

struct Server;

/// Why the API does not begin.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("cannot write {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the system gives no random numbers")]
    Random(#[from] getrandom::Error),
}

impl Companion for Server {
    fn start(self: Box<Self>, beside: Beside) -> Result<Life, CompanionError> {
        let Beside {
            manage,
            listener,
            own,
            ended,
            ..
        } = beside;
        let config = manage.config().borrow().clone();
        let bare = |at: &&ManagementListener| at.tls.is_none() && !at.address.ip().is_loopback();
        if let Some(at) = listener.as_ref().filter(bare) {
            let address = at.address;
            tracing::warn!(%address, "the management API is reached from elsewhere without TLS: tokens can be overheard");
        }
        let exporting = export::run(manage.clone());
        let asked = manage.clone();
        let (state, token) = begin(manage, &config, listener.is_some())?;
        let watching = state.clone().watch();
        let router = router(state);
        let most = config.management.connections;
        let doors = connection::Doors {
            listener,
            most,
            own,
            manage: asked,
        };
        Ok(Box::pin(async move {
            let serving = connection::serve(doors, router, ended);
            tokio::select! {
                served = serving => {
                    if let Err(error) = served {
                        tracing::error!(%error, "the management API is not served");
                    }
                }
                () = watching => {}
                () = exporting => {}
            }
            if let Some(token) = token {
                // Gone already when somebody else removed the directory.
                drop(std::fs::remove_file(token));
            }
        }))
    }
}

/// What handlers are given, and the file of the node's own token, which is for those who come over a listener.
fn begin(
    manage: Manage,
    config: &Config,
    listens: bool,
) -> Result<(State, Option<PathBuf>), StartError> {
    let dir = &config.node.data_dir;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| StartError::File { path, source }
    };
    let path = config.management.audit.clone();
    let path = path.unwrap_or_else(|| dir.join(AUDIT));
    let audit = Audit::open(&path).map_err(failed(&path))?;
    let (mut own, mut file) = (None, None);
    if listens && config.management.tokens.is_empty() {
        let (path, token) = (dir.join(TOKEN), random()?);
        write(&path, &token).map_err(failed(&path))?;
        (own, file) = (Some(token), Some(path));
    }
    let access = Access::new(own.as_deref());
    Ok((State::new(manage, access, audit), file))
}

fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// For the node's user alone, whatever was there before.
fn write(path: &Path, token: &str) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{token}")
}

/// All routes.
fn router(state: State) -> Router {
    Router::new()
        .merge(node::routes())
        .merge(services::routes())
        .merge(usage::routes())
        .merge(adaptors::routes())
        .merge(activities::routes())
        .merge(alarms::routes())
        .merge(ladders::routes())
        .merge(log::routes())
        .merge(configuration::routes())
        .merge(components::routes())
        .merge(bans::routes())
        .merge(quarantine::routes())
        .merge(backup::routes())
        .merge(profiles::routes())
        .merge(document::routes())
        .merge(console::routes())
        .fallback(async || Problem::unknown("there is no such path"))
        .method_not_allowed_fallback(async || Problem::no_method())
        .layer(DefaultBodyLimit::max(super::access::BODY))
        .layer(from_fn_with_state(state.clone(), admit))
        .layer(from_fn(console::dress))
        .layer(map_response(careful))
        .with_state(state)
}

/// What every answer says to browsers and caches.
async fn careful(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fields = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fields {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}
