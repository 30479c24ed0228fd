//! Records that wait until they are where they should be: in the files and, where records are offered, with a service.
//!
//! The driver has a window: so many records at a time.

use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

use crate::driver::RecordId;

/// Records that the driver may have at a time.
pub(super) const WINDOW: usize = 4_096;

/// Where a record is yet to go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct To {
    pub(super) files: bool,
    pub(super) service: bool,
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Pending {
    by_id: BTreeMap<RecordId, (Bytes, To)>,
    /// What waits for the files.
    files: Lane,
    /// What waits for a service.
    service: Lane,
    pub(super) told: usize,
    /// Of what waits for the files.
    pub(super) bytes: u64,
}

#[derive(Debug, Default)]
struct Lane {
    /// Not told yet, or to be told again. What is not in the table any more is skipped.
    queue: VecDeque<RecordId>,
    waiting: usize,
}

impl Pending {
    /// Records that wait for the files.
    pub(super) const fn for_files(&self) -> usize {
        self.files.waiting
    }

    /// Records that wait for a service.
    pub(super) const fn for_service(&self) -> usize {
        self.service.waiting
    }

    pub(super) fn insert(&mut self, id: RecordId, line: Bytes, to: To) {
        if to.files {
            self.bytes += line.len() as u64;
            self.files.add(id);
        }
        if to.service {
            self.service.add(id);
        }
        self.by_id.insert(id, (line, to));
    }

    /// The next record for the driver to be told, if there is one and there is room in its window.
    pub(super) fn next(&mut self) -> Option<(RecordId, Bytes)> {
        while self.told < WINDOW {
            let id = self.files.queue.pop_front()?;
            if let Some((line, To { files: true, .. })) = self.by_id.get(&id) {
                self.told += 1;
                return Some((id, line.clone()));
            }
        }
        None
    }

    /// The driver did not take it.
    pub(super) fn untold(&mut self, id: RecordId) {
        self.told = self.told.saturating_sub(1);
        self.files.queue.push_front(id);
    }

    /// The driver has it. Where it waits on; `None` if it did not wait for that.
    pub(super) fn safe(&mut self, id: RecordId) -> Option<Left> {
        let (line, to) = self.by_id.get_mut(&id).filter(|(_, to)| to.files)?;
        to.files = false;
        self.told = self.told.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(line.len() as u64);
        self.files.waiting = self.files.waiting.saturating_sub(1);
        self.left(id)
    }

    /// Up to so many records for a service.
    pub(super) fn next_offer(&mut self, most: u32) -> Vec<(RecordId, Bytes)> {
        let mut offer = Vec::new();
        while offer.len() < most as usize {
            let Some(id) = self.service.queue.pop_front() else {
                break;
            };
            if let Some((line, To { service: true, .. })) = self.by_id.get(&id) {
                offer.push((id, line.clone()));
            }
        }
        offer
    }

    /// No service has taken these.
    pub(super) fn untaken(&mut self, ids: &[RecordId]) {
        for id in ids.iter().rev() {
            self.service.queue.push_front(*id);
        }
    }

    /// A service has it, or it is not offered any more.
    pub(super) fn taken(&mut self, id: RecordId) -> Option<Left> {
        let (_, to) = self.by_id.get_mut(&id).filter(|(_, to)| to.service)?;
        to.service = false;
        self.service.waiting = self.service.waiting.saturating_sub(1);
        self.left(id)
    }

    fn left(&mut self, id: RecordId) -> Option<Left> {
        let (line, to) = self.by_id.get(&id)?;
        if to.files || to.service {
            return Some(Left::To(*to, line.clone()));
        }
        self.by_id.remove(&id);
        Some(Left::Nowhere)
    }
}

/// Where a record is yet to go that has arrived somewhere.
#[derive(Debug)]
pub(super) enum Left {
    Nowhere,
    To(To, Bytes),
}

impl Lane {
    fn add(&mut self, id: RecordId) {
        self.queue.push_back(id);
        self.waiting += 1;
    }
}

/// A record as it is kept: where it is yet to go, if that is not everywhere, and the line.
pub(super) fn kept(to: To, line: &[u8]) -> Vec<u8> {
    let mark: &[u8] = match to {
        To { files: false, .. } => b"S",
        To { service: false, .. } => b"F",
        To { .. } => b"",
    };
    [mark, line].concat()
}

/// The same read again: a line begins with a brace.
pub(super) fn restored(value: &[u8]) -> (To, &[u8]) {
    let (files, service) = match value.first() {
        Some(b'S') => (false, true),
        Some(b'F') => (true, false),
        _ => (true, true),
    };
    let line = match (files, service) {
        (true, true) => value,
        _ => value.get(1..).unwrap_or_default(),
    };
    (To { files, service }, line)
}
