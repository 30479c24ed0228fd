//! The server: listeners, and what all of their connections share.
//!
//! Requests that were let through wait in a table, by their tokens, for what the adaptor answers. As many are in it as the
//! settings allow requests in flight.

mod accept;
mod connection;
mod crowd;
mod paced;
mod request;

use crowd::Crowd;
use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use strowger_driver::{Endpoint, Open};
use strowger_http::{HttpProtocol, Reply, Settings};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

/// All listeners of an adaptor entity.
#[derive(Debug)]
pub(crate) struct Server {
    shared: Arc<Shared>,
    settings: watch::Sender<Arc<Settings>>,
    draining: watch::Sender<bool>,
    /// Yields nothing; ends when the last connection has.
    ended: mpsc::Receiver<()>,
}

/// What connections share.
#[derive(Debug)]
struct Shared {
    endpoint: Endpoint<HttpProtocol>,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Reply>>>,
    last_token: AtomicU64,
    /// New requests are refused without asking.
    refusing: AtomicBool,
    /// Requests in flight.
    requests: Arc<Semaphore>,
    /// Bytes of content that may still be taken.
    bytes: AtomicU64,
    connections: AtomicU64,
}

/// What each listener and connection is given.
#[derive(Clone, Debug)]
struct Context {
    shared: Arc<Shared>,
    settings: watch::Receiver<Arc<Settings>>,
    draining: watch::Receiver<bool>,
    /// Dropped with the connection.
    #[expect(dead_code, reason = "its end is what is waited for")]
    alive: mpsc::Sender<()>,
}

impl Server {
    /// Begins to accept on all listeners.
    pub(crate) fn start(
        settings: Arc<Settings>,
        listeners: Vec<Open>,
        endpoint: Endpoint<HttpProtocol>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            endpoint,
            waiting: Mutex::default(),
            last_token: AtomicU64::new(0),
            refusing: AtomicBool::new(false),
            requests: Arc::new(Semaphore::new(settings.limits.requests as usize)),
            bytes: AtomicU64::new(settings.limits.bytes),
            connections: AtomicU64::new(0),
        });
        let (draining, drained) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        let (settings, seen) = watch::channel(settings);
        let context = Context {
            shared: Arc::clone(&shared),
            settings: seen,
            draining: drained,
            alive,
        };
        for open in listeners {
            let name = open.listener.name.as_str();
            let settings = Arc::clone(&settings.borrow());
            let per_ip = settings.listeners.get(name);
            let per_ip = per_ip.map_or(u32::MAX, |listener| listener.connections_per_ip);
            let crowd = Arc::new(Crowd::new(open.listener.connections, per_ip));
            let socket = TcpListener::from_std(open.socket)?;
            let name = name.into();
            tokio::spawn(accept::accept(
                name,
                socket,
                open.tls,
                (crowd, open.admit),
                context.clone(),
            ));
        }
        Ok(Self {
            shared,
            settings,
            draining,
            ended,
        })
    }

    /// The adaptor answers a request; its client may have gone.
    pub(crate) fn reply(&self, token: u64, reply: Reply) {
        let waiting = self.shared.waiting().remove(&token);
        if let Some(waiting) = waiting {
            // Gone in this moment.
            drop(waiting.send(reply));
        }
    }

    /// New requests are refused without asking, or are not any more.
    pub(crate) fn refuse(&self, on: bool) {
        self.shared.refusing.store(on, Ordering::Relaxed);
    }

    pub(crate) fn configure(&self, settings: &Settings) {
        self.settings.send_replace(Arc::new(settings.clone()));
    }

    /// Accepts nothing more; connections end after the request that they have.
    pub(crate) fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// What was answered is written; what was not is refused.
    pub(crate) async fn stop(mut self) {
        self.drain();
        // Whoever waits hears that nobody will answer.
        self.shared.waiting().clear();
        let _ = self.ended.recv().await;
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Reply>>> {
        // A table is whole whenever the lock is free.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes bytes of what all requests may have together; whether there are as many.
    fn take(&self, bytes: u64) -> bool {
        let take = |left: u64| left.checked_sub(bytes);
        let order = Ordering::Relaxed;
        self.bytes.fetch_update(order, order, take).is_ok()
    }

    fn give_back(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}
