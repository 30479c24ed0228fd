//! Edit sessions of management: a profile is changed attribute by attribute, seen by nobody until it is committed (R-PR-07).
//!
//! A session holds a copy of its own, and may be kept for as long as its owner wants. What others write meanwhile is found
//! out when it is committed: then it is refused, and its owner may take what is there up and begin again.

use super::Put;
use crate::kernel::Kernel;
use crate::manage::TableError;
use std::collections::BTreeMap;
use std::sync::Arc;
use strowger::profile::{AnyProfile, SharedRow};
use strowger::time::Now;

/// An edit session.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EditId(u64);

/// All edit sessions.
#[derive(Default)]
pub(super) struct Edits {
    open: BTreeMap<EditId, Edit>,
    next: u64,
}

struct Edit {
    /// The table's number: its name may change.
    table: u64,
    name: Box<str>,
    /// What the table had when the session began, or after its last commit.
    base: Option<SharedRow>,
    draft: Box<dyn AnyProfile>,
    dirty: bool,
}

impl Edits {
    /// A table is gone, and so are its sessions.
    pub(super) fn forget(&mut self, table: u64) {
        self.open.retain(|_, edit| edit.table != table);
    }
}

impl Kernel {
    /// Begins to make a profile; it holds what the default profile does (R-PR-02).
    pub(crate) fn edit_new(&mut self, table: &str, name: &str) -> Result<EditId, TableError> {
        let ix = self.profiles.named(table).ok_or(TableError::Unknown)?;
        let table = self.profiles.get(ix).ok_or(TableError::Unknown)?;
        let (number, draft) = (table.number, table.default.copy());
        if name.is_empty() {
            return Err(TableError::InvalidName);
        }
        let mut others = self.profiles.edits.open.values();
        let begun = others.any(|e| e.table == number && e.base.is_none() && *e.name == *name);
        if begun || table.find(name).is_some() {
            return Err(TableError::NameTaken);
        }
        self.open_edit(Edit {
            table: number,
            name: Box::from(name),
            base: None,
            draft,
            dirty: true,
        })
    }
    /// Begins to change a profile.
    pub(crate) fn edit_profile(&mut self, table: &str, name: &str) -> Result<EditId, TableError> {
        let ix = self.profiles.named(table).ok_or(TableError::Unknown)?;
        let table = self.profiles.get(ix).ok_or(TableError::Unknown)?;
        let row = table.find(name).ok_or(TableError::NoProfile)?;
        let edit = Edit {
            table: table.number,
            name: Box::from(name),
            base: Some(Arc::clone(row)),
            draft: row.profile().copy(),
            dirty: false,
        };
        self.open_edit(edit)
    }
    fn open_edit(&mut self, edit: Edit) -> Result<EditId, TableError> {
        if self.profiles.edits.open.len() >= self.limits.profile_edits as usize {
            return Err(TableError::Refused(self.limited("profile_edits")));
        }
        let edits = &mut self.profiles.edits;
        edits.next += 1;
        let id = EditId(edits.next);
        edits.open.insert(id, edit);
        Ok(id)
    }

    /// What a session holds.
    pub(crate) fn draft(&self, id: EditId) -> Option<&dyn AnyProfile> {
        self.profiles.edits.open.get(&id).map(|edit| &*edit.draft)
    }
    /// Changes an attribute of what a session holds.
    pub(crate) fn set_in_edit(
        &mut self,
        id: EditId,
        attribute: &str,
        value: &mut dyn strowger::erased_serde::Deserializer<'_>,
    ) -> Result<(), TableError> {
        let open = &mut self.profiles.edits.open;
        let edit = open.get_mut(&id).ok_or(TableError::NoEdit)?;
        let mut tables = self.profiles.tables.iter().flatten();
        let table = tables.find(|table| table.number == edit.table);
        let place = table.and_then(|table| table.decl.attribute(attribute));
        let place = place.ok_or_else(|| TableError::NoAttribute(Box::from(attribute)))?;
        let set = edit.draft.set(place, value);
        set.map_err(|cause| TableError::Value {
            attribute: Box::from(attribute),
            cause: Box::from(cause.to_string()),
        })?;
        edit.dirty = true;
        Ok(())
    }
    /// Publishes what a session holds: verified, and unique where it has to be. The session stays.
    pub(crate) fn commit_edit(&mut self, now: Now, id: EditId) -> Result<(), TableError> {
        self.now = now;
        let edit = self
            .profiles
            .edits
            .open
            .get(&id)
            .ok_or(TableError::NoEdit)?;
        let tables = self.profiles.names.values().copied();
        let mut of = tables.filter(|ix| {
            self.profiles
                .get(*ix)
                .is_some_and(|t| t.number == edit.table)
        });
        let ix = of.next().ok_or(TableError::Unknown)?;
        let current = self
            .profiles
            .get(ix)
            .and_then(|table| table.find(&edit.name));
        let unchanged = match (current, &edit.base) {
            (None, None) => true,
            (Some(row), Some(base)) => Arc::ptr_eq(row, base),
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !unchanged {
            return Err(TableError::Changed);
        }
        let how = if edit.base.is_some() {
            Put::Change
        } else {
            Put::Create
        };
        let (name, draft) = (edit.name.clone(), edit.draft.copy());
        let row = self.put_profile_row(ix, &name, draft, how)?;
        self.commit();
        if let Some(edit) = self.profiles.edits.open.get_mut(&id) {
            edit.base = Some(row);
            edit.dirty = false;
        }
        Ok(())
    }
    /// Drops what was not committed. A session that was to make a profile ends with it: the profile never was.
    pub(crate) fn restore_edit(&mut self, id: EditId) -> Result<(), TableError> {
        let open = &mut self.profiles.edits.open;
        let edit = open.get_mut(&id).ok_or(TableError::NoEdit)?;
        match &edit.base {
            Some(row) => {
                edit.draft = row.profile().copy();
                edit.dirty = false;
            }
            None => {
                open.remove(&id);
            }
        }
        Ok(())
    }
    /// Ends a session that holds nothing that was not committed.
    pub(crate) fn close_edit(&mut self, id: EditId) -> Result<(), TableError> {
        let open = &mut self.profiles.edits.open;
        match open.get(&id).map(|edit| edit.dirty) {
            None => Err(TableError::NoEdit),
            Some(true) => Err(TableError::Uncommitted),
            Some(false) => {
                open.remove(&id);
                Ok(())
            }
        }
    }
}
