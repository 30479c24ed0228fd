//! Records that wait until they are safe, and which of them the driver has been told.
//!
//! The driver has a window: so many records at a time.

use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

use crate::driver::RecordId;

/// Records that the driver may have at a time.
pub(super) const WINDOW: usize = 4_096;

/// The table.
#[derive(Debug, Default)]
pub(super) struct Pending {
    by_id: BTreeMap<RecordId, Bytes>,
    untold: VecDeque<RecordId>,
    pub(super) told: usize,
    pub(super) bytes: u64,
}

impl Pending {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn insert(&mut self, id: RecordId, line: Bytes) {
        self.bytes += line.len() as u64;
        self.untold.push_back(id);
        self.by_id.insert(id, line);
    }

    /// The next record for the driver to be told, if there is one and there is room in its window.
    pub(super) fn next(&mut self) -> Option<(RecordId, Bytes)> {
        while self.told < WINDOW {
            let id = self.untold.pop_front()?;
            if let Some(line) = self.by_id.get(&id) {
                self.told += 1;
                return Some((id, line.clone()));
            }
        }
        None
    }

    /// The driver did not take it.
    pub(super) fn untold(&mut self, id: RecordId) {
        self.told = self.told.saturating_sub(1);
        self.untold.push_front(id);
    }

    /// The driver has it. Whether it waited.
    pub(super) fn safe(&mut self, id: RecordId) -> bool {
        let Some(line) = self.by_id.remove(&id) else {
            return false;
        };
        self.told = self.told.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(line.len() as u64);
        true
    }
}
