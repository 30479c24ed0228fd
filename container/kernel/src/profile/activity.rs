//! The activity of a table, on which the changes of its profiles are fired (R-PE).
//!
//! It is there while the table is and the SLEE runs. It is of class strict: an event that was fired is in the same commit as
//! the profile that it tells of, so that after a crash there are both or neither.

use super::Table;
use crate::activity::Owner;
use crate::kernel::Kernel;
use crate::manage::SleeState;
use crate::options::Durability;
use crate::registry::TABLE;
use strowger::OpError;
use strowger::address::Address;
use strowger::event::EventDecl;
use strowger::id::{ActivityId, Slot, TableIx};
use strowger::profile::SharedRow;
use strowger::ra::ActivityFlags;

impl Kernel {
    /// The SLEE starts, and with it the activities of all tables (R-PE-02).
    pub(crate) fn start_tables(&mut self) {
        for place in 0..self.profiles.tables.len() {
            self.start_table(TableIx(place as u16));
        }
    }
    /// The SLEE stops.
    pub(crate) fn end_tables(&mut self) {
        let tables = self.profiles.tables.iter().flatten();
        let activities: Vec<_> = tables.filter_map(|table| table.activity).collect();
        for id in activities {
            self.end_table_activity(id);
        }
    }
    /// Begins the activity of a table, unless it has one or the SLEE does not run.
    pub(super) fn start_table(&mut self, ix: TableIx) {
        let Some(table) = self.profiles.get(ix) else {
            return;
        };
        if self.slee != SleeState::Running || self.living(table).is_some() {
            return;
        }
        let flags = ActivityFlags::default();
        let Ok(id) = self.make_activity(Slot(0), TABLE, Owner::Table, flags) else {
            return;
        };
        if let Some(table) = self.profiles.get_mut(ix) {
            table.activity = Some(id);
        }
        self.raise(id, Durability::Strict);
    }
    pub(super) fn end_table_activity(&mut self, id: ActivityId) {
        if self.activities.get(id).is_some_and(|a| !a.ending) {
            self.begin_end(id);
        }
    }
    /// The activity of a table has ended.
    pub(crate) fn table_activity_ended(&mut self, id: ActivityId) {
        self.table_activities -= 1;
        let mut tables = self.profiles.tables.iter_mut().flatten();
        if let Some(table) = tables.find(|table| table.activity == Some(id)) {
            table.activity = None;
        }
    }
    /// The number of the table that an activity belongs to; of one that was removed, one that no table has.
    pub(crate) fn table_of(&self, id: ActivityId) -> u64 {
        let mut tables = self.profiles.tables.iter().flatten();
        let table = tables.find(|table| table.activity == Some(id));
        table.map_or(0, |table| table.number)
    }
    /// After a restart: the activity belongs to the table of that number, if that is still there.
    pub(crate) fn restore_table_activity(&mut self, number: u64, id: ActivityId) {
        let mut tables = self.profiles.tables.iter_mut().flatten();
        match tables.find(|table| table.number == number) {
            // Beside one that was ending there may be its successor.
            Some(table) => {
                if self.activities.get(id).is_some_and(|a| !a.ending) {
                    table.activity = Some(id);
                }
            }
            None => self.end_table_activity(id),
        }
    }
    /// The activity of a table, if it is not ending.
    pub(crate) fn living(&self, table: &Table) -> Option<ActivityId> {
        let alive = |id: &ActivityId| self.activities.get(*id).is_some_and(|a| !a.ending);
        table.activity.filter(alive)
    }

    /// Whether the change of one more profile can be told to whoever wants to know.
    pub(super) fn takes_change(&mut self, table: TableIx) -> Result<(), OpError> {
        let Some(table) = self.profiles.get(table) else {
            return Err(OpError::NoTable(""));
        };
        let Some(activity) = self.living(table).and_then(|id| self.activities.get(id)) else {
            return Ok(());
        };
        let (own, most) = (self.tx.profiles.len(), self.limits.events_per_activity);
        let waiting = own + activity.queued as usize;
        if waiting < most as usize || !self.is_watched(table) {
            return Ok(());
        }
        // What is more than may wait at all does not become less by waiting.
        if own >= most as usize {
            return Err(self.limited("profile_changes"));
        }
        self.metrics.queue_full += 1;
        Err(OpError::Limit("events_per_activity"))
    }
    /// Whether an active service receives any of a table's events.
    fn is_watched(&self, table: &Table) -> bool {
        let fires = &table.decl.fires;
        let all = [&fires.added, &fires.updated, &fires.removed];
        table.decl.events && all.into_iter().any(|decl| self.is_received(decl))
    }
    fn is_received(&self, decl: &EventDecl) -> bool {
        let kind = self.registry.known_event(decl.id());
        let receivers = kind.and_then(|kind| self.receivers.get(usize::from(kind)));
        receivers.is_some_and(|n| *n > 0)
    }
    /// Fires the event of a change that is committed (R-PE-01). One that nobody receives is not made.
    pub(super) fn fire_change(
        &mut self,
        ix: TableIx,
        before: Option<&SharedRow>,
        after: Option<&SharedRow>,
    ) {
        let Some(table) = self.profiles.get(ix).filter(|table| table.decl.events) else {
            return;
        };
        let fires = &table.decl.fires;
        let (decl, row) = match (before, after) {
            (None, None) => return,
            (None, Some(row)) => (fires.added, row),
            (Some(row), None) => (fires.removed, row),
            (Some(_), Some(row)) => (fires.updated, row),
        };
        let (Some(id), true) = (self.living(table), self.is_received(&decl)) else {
            return;
        };
        let Some(event) = (fires.event)(&table.name, before, after) else {
            return;
        };
        let address = Address::profile(&table.name, row.name()).ok();
        let kind = self.registry.event(&decl);
        let mut queued = self.new_event(id, kind, event);
        queued.address = address.map(Box::new);
        self.enqueue(queued);
    }
}
