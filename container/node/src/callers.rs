//! Connections to the listener of the management API, which is served beside the shard: kept here so that the status has them.

use crate::status::Listening;
use std::sync::OnceLock;
use tokio::sync::watch;

/// What the management API is called among listeners.
pub(crate) const MANAGEMENT: &str = "management";

/// How many connections stand, and may.
#[derive(Debug, Default)]
pub struct Callers(OnceLock<(watch::Receiver<u32>, u32)>);

impl Callers {
    /// `count` are those that stand, of at most so many. The first to say so is believed.
    pub fn are(&self, count: watch::Receiver<u32>, most: u32) {
        // There is one listener, and who serves it.
        let _ = self.0.set((count, most));
    }

    pub(crate) fn complete(&self, listeners: &mut [Listening]) {
        let Some((count, most)) = self.0.get() else {
            return;
        };
        for at in listeners.iter_mut().filter(|at| at.adaptor == MANAGEMENT) {
            (at.open, at.open_max) = ((*count.borrow()).into(), (*most).into());
        }
    }
}
