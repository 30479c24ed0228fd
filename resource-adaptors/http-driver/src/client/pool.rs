//! Connections that are kept for the next call, by where they lead; and how many there may be.

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Where connections lead.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Place {
    pub(super) secure: bool,
    pub(super) host: String,
    pub(super) port: u16,
}

/// A connection on which a request can be sent.
pub(super) type Sender = SendRequest<Full<Bytes>>;

/// Time between two looks for connections that were kept long enough.
const SWEEP: Duration = Duration::from_secs(5);

/// All of them.
#[derive(Debug)]
pub(super) struct Pool {
    per_host: usize,
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    keep: Duration,
    hosts: HashMap<Place, Host>,
}

#[derive(Debug)]
struct Host {
    /// For calls that have a connection, or may open one.
    turns: Arc<Semaphore>,
    /// The last one was used last.
    idle: Vec<(Instant, Sender)>,
}

impl Pool {
    pub(super) fn new(per_host: u32, keep: Duration) -> Self {
        let hosts = HashMap::new();
        Self {
            per_host: per_host as usize,
            inside: Mutex::new(Inside { keep, hosts }),
        }
    }

    pub(super) fn keep_for(&self, keep: Duration) {
        self.inside().keep = keep;
    }

    /// Waits for a turn. Whoever has one may have a connection at the same time.
    pub(super) async fn turn(&self, place: &Place) -> Option<OwnedSemaphorePermit> {
        let turns = {
            let mut inside = self.inside();
            let host = inside.hosts.entry(place.clone()).or_insert_with(|| Host {
                turns: Arc::new(Semaphore::new(self.per_host)),
                idle: Vec::new(),
            });
            Arc::clone(&host.turns)
        };
        // Nobody closes it.
        turns.acquire_owned().await.ok()
    }

    /// A connection that was kept.
    pub(super) fn take(&self, place: &Place) -> Option<Sender> {
        let mut inside = self.inside();
        let keep = inside.keep;
        let host = inside.hosts.get_mut(place)?;
        let now = Instant::now();
        while let Some((since, sender)) = host.idle.pop() {
            if !sender.is_closed() && now - since < keep {
                return Some(sender);
            }
        }
        None
    }

    /// Keeps a connection whose answer was read.
    pub(super) fn put(&self, place: &Place, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let per_host = self.per_host;
        let mut inside = self.inside();
        if let Some(host) = inside.hosts.get_mut(place)
            && host.idle.len() < per_host
        {
            host.idle.push((Instant::now(), sender));
        }
    }

    /// Closes what was kept long enough; forgets places that nobody is at.
    fn sweep(&self) {
        let mut inside = self.inside();
        let (keep, now) = (inside.keep, Instant::now());
        let per_host = self.per_host;
        inside.hosts.retain(|_, host| {
            host.idle
                .retain(|(since, sender)| !sender.is_closed() && now - *since < keep);
            let free = host.turns.available_permits() == per_host;
            !(host.idle.is_empty() && free && Arc::strong_count(&host.turns) == 1)
        });
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sweeps a pool from time to time, as long as there is one.
pub(super) fn sweep(pool: &Arc<Pool>) {
    let pool = Arc::downgrade(pool);
    tokio::spawn(async move {
        let mut interval = interval(SWEEP);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            match pool.upgrade() {
                Some(pool) => pool.sweep(),
                None => return,
            }
        }
    });
}
