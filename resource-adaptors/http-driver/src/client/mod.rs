//! The client: calls, each a task of its own, over connections that are kept for the next call to the same place.

mod connect;
mod pool;
mod send;

use pool::Pool;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use strowger_driver::Endpoint;
use strowger_driver::rustls::ClientConfig;
use strowger_http::driver::{Dial, Up};
use strowger_http::{Failure, FailureKind, HttpProtocol, Sent, Settings};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// All calls of an adaptor entity.
#[derive(Debug)]
pub(crate) struct Client {
    shared: Arc<Shared>,
    settings: watch::Sender<Arc<Settings>>,
}

/// What calls share.
#[derive(Debug)]
struct Shared {
    endpoint: Endpoint<HttpProtocol>,
    settings: watch::Receiver<Arc<Settings>>,
    tls: Option<watch::Receiver<Arc<ClientConfig>>>,
    pool: Arc<Pool>,
    /// Calls under way.
    calls: Mutex<BTreeMap<u64, AbortHandle>>,
}

impl Client {
    pub(crate) fn new(
        settings: &Arc<Settings>,
        tls: Option<watch::Receiver<Arc<ClientConfig>>>,
        endpoint: Endpoint<HttpProtocol>,
    ) -> Self {
        let (sender, seen) = watch::channel(Arc::clone(settings));
        let pool = Arc::new(Pool::new(
            settings.client.connections_per_host,
            settings.client.idle,
        ));
        pool::sweep(&pool);
        let shared = Arc::new(Shared {
            endpoint,
            settings: seen,
            tls,
            pool,
            calls: Mutex::default(),
        });
        Self {
            shared,
            settings: sender,
        }
    }

    /// Sends a request.
    pub(crate) fn call(&self, dial: Dial) {
        let shared = Arc::clone(&self.shared);
        let call = dial.call;
        // Held until the task is in the table, which it leaves at its end.
        let mut calls = self.shared.calls();
        let task = tokio::spawn(async move {
            let outcome = send::send(dial, &shared).await;
            shared.calls().remove(&call);
            let told = shared.endpoint.send(Up::Outcome { call, outcome }).await;
            if told.is_err() {
                tracing::debug!("the shard has ended before a call had its outcome");
            }
        });
        calls.insert(call, task.abort_handle());
    }

    /// Gives a call up.
    pub(crate) fn cancel(&self, call: u64) {
        if let Some(task) = self.shared.calls().remove(&call) {
            task.abort();
        }
    }

    pub(crate) fn configure(&self, settings: &Settings) {
        self.shared.pool.keep_for(settings.client.idle);
        self.settings.send_replace(Arc::new(settings.clone()));
    }

    /// Nobody waits for outcomes any more.
    pub(crate) fn stop(self) {
        for task in std::mem::take(&mut *self.shared.calls()).values() {
            task.abort();
        }
    }
}

impl Shared {
    fn calls(&self) -> MutexGuard<'_, BTreeMap<u64, AbortHandle>> {
        // A table is whole whenever the lock is free.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// It has not been sent.
fn unsent(kind: FailureKind) -> Failure {
    let sent = Sent::No;
    Failure { kind, sent }
}

/// It may have been.
fn broken(kind: FailureKind) -> Failure {
    let sent = Sent::Maybe;
    Failure { kind, sent }
}
