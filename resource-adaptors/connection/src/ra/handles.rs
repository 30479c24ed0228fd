//! Handles of programs outside, and the activities that stand for them now.

use std::collections::BTreeMap;
use strowger::id::ActivityId;
use strowger::ra::{ActivityFlags, RaCx};

use crate::api::Outside;

/// The handles.
#[derive(Debug, Default)]
pub(super) struct Handles {
    activities: BTreeMap<Box<str>, ActivityId>,
    names: BTreeMap<ActivityId, Box<str>>,
}

impl Handles {
    /// The activity of a handle, and whether it was started for this; none where there are as many as may be.
    pub(super) fn activity(
        &mut self,
        cx: &mut RaCx<'_>,
        handle: &str,
        most: usize,
    ) -> Option<(ActivityId, bool)> {
        if let Some(activity) = self.activities.get(handle) {
            return Some((*activity, false));
        }
        if self.names.len() >= most {
            return None;
        }
        let flags = ActivityFlags {
            report_unreferenced: true,
            ..ActivityFlags::default()
        };
        let slot = cx.slot_of(handle.as_bytes());
        let activity = cx.start_activity::<Outside>(slot, flags, 0).ok()?;
        self.insert(handle, activity);
        Some((activity, true))
    }

    pub(super) fn insert(&mut self, handle: &str, activity: ActivityId) {
        self.activities.insert(handle.into(), activity);
        self.names.insert(activity, handle.into());
    }

    pub(super) fn name(&self, activity: ActivityId) -> Option<&str> {
        self.names.get(&activity).map(|name| &**name)
    }

    /// The next event of the handle is on another activity.
    pub(super) fn forget(&mut self, activity: ActivityId) {
        if let Some(handle) = self.names.remove(&activity) {
            self.activities.remove(&handle);
        }
    }
}
