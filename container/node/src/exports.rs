//! Counters of whoever sends recorded calls elsewhere, beside the shard: kept here so that the status has them.

use crate::status::{Export, Exported};
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters by protocol.
#[derive(Debug, Default)]
pub struct Exports {
    /// Messages, by HEP.
    pub hep: Tally,
    /// Calls, by OTLP.
    pub otlp: Tally,
}

/// Counters of one protocol.
#[derive(Debug, Default)]
pub struct Tally {
    sent: AtomicU64,
    failed: AtomicU64,
    retries: AtomicU64,
    under_way: AtomicU64,
}

impl Tally {
    /// So many were taken and are about to be sent. What is left of those before was given up.
    pub fn take(&self, count: u64) {
        let left = self.under_way.swap(count, Ordering::Relaxed);
        self.failed.fetch_add(left, Ordering::Relaxed);
    }

    /// So many of those that were taken were sent, and so many cannot be.
    pub fn done(&self, sent: u64, failed: u64) {
        self.sent.fetch_add(sent, Ordering::Relaxed);
        self.failed.fetch_add(failed, Ordering::Relaxed);
        let under_way = self.under_way.load(Ordering::Relaxed);
        let left = under_way.saturating_sub(sent + failed);
        self.under_way.store(left, Ordering::Relaxed);
    }

    /// An attempt is repeated.
    pub fn retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    fn complete(&self, exported: &mut Exported) {
        exported.waiting += self.under_way.load(Ordering::Relaxed);
        exported.sent = self.sent.load(Ordering::Relaxed);
        exported.failed = self.failed.load(Ordering::Relaxed);
        exported.retries = self.retries.load(Ordering::Relaxed);
    }
}

impl Exports {
    pub(crate) fn complete(&self, export: &mut Export) {
        self.hep.complete(&mut export.hep);
        self.otlp.complete(&mut export.otlp);
    }
}
