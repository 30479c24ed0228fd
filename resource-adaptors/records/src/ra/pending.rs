//! Records that wait until they are safe in every target, and which of them the driver has been told.
//!
//! Each target has a window: so many records the driver may have at a time, so that a target that does not get on keeps its
//! records here, and none of the other's.

use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

use crate::driver::{RecordId, Target};

/// Records that the driver may have at a time, for each target.
pub(super) const WINDOW: usize = 4_096;

/// The table.
#[derive(Debug, Default)]
pub(super) struct Pending {
    by_id: BTreeMap<RecordId, Waiting>,
    lanes: BTreeMap<Target, Lane>,
    pub(super) bytes: u64,
}

#[derive(Debug)]
struct Waiting {
    line: Bytes,
    /// Targets that do not have it.
    targets: Vec<Target>,
}

#[derive(Debug, Default)]
struct Lane {
    untold: VecDeque<RecordId>,
    told: usize,
}

impl Pending {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Records that a target does not have, and how many of them the driver has been told.
    pub(super) fn lane(&self, target: Target) -> (usize, usize) {
        let lane = self.lanes.get(&target);
        lane.map_or((0, 0), |lane| (lane.untold.len() + lane.told, lane.told))
    }

    pub(super) fn insert(&mut self, id: RecordId, line: Bytes, targets: &[Target]) {
        self.bytes += line.len() as u64;
        let targets = targets.to_vec();
        for target in &targets {
            self.lanes.entry(*target).or_default().untold.push_back(id);
        }
        self.by_id.insert(id, Waiting { line, targets });
    }

    /// The next record for the driver to be told, if there is one and there is room in the target's window.
    pub(super) fn next(&mut self, target: Target) -> Option<(RecordId, Bytes)> {
        let lane = self.lanes.get_mut(&target)?;
        if lane.told >= WINDOW {
            return None;
        }
        while let Some(id) = lane.untold.pop_front() {
            if let Some(waiting) = self.by_id.get(&id) {
                lane.told += 1;
                return Some((id, waiting.line.clone()));
            }
        }
        None
    }

    /// The driver did not take it.
    pub(super) fn untold(&mut self, target: Target, id: RecordId) {
        if let Some(lane) = self.lanes.get_mut(&target) {
            lane.told = lane.told.saturating_sub(1);
            lane.untold.push_front(id);
        }
    }

    /// A target has it. Whether it was the last one.
    pub(super) fn safe(&mut self, target: Target, id: RecordId) -> bool {
        let Some(waiting) = self.by_id.get_mut(&id) else {
            return false;
        };
        let Some(place) = waiting.targets.iter().position(|t| *t == target) else {
            return false;
        };
        waiting.targets.remove(place);
        if let Some(lane) = self.lanes.get_mut(&target) {
            lane.told = lane.told.saturating_sub(1);
        }
        self.done(id)
    }

    /// Gives up the oldest record that the driver has not been told for a target while every other target has it.
    pub(super) fn give_up(&mut self, target: Target) -> Option<RecordId> {
        let lane = self.lanes.get_mut(&target)?;
        let id = *lane.untold.front()?;
        let waiting = self.by_id.get_mut(&id)?;
        if waiting.targets != [target] {
            return None;
        }
        lane.untold.pop_front();
        waiting.targets.clear();
        self.done(id).then_some(id)
    }

    fn done(&mut self, id: RecordId) -> bool {
        let done = self.by_id.get(&id).is_some_and(|w| w.targets.is_empty());
        if done && let Some(waiting) = self.by_id.remove(&id) {
            self.bytes = self.bytes.saturating_sub(waiting.line.len() as u64);
        }
        done
    }
}
