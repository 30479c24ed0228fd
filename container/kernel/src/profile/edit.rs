//! Edit sessions of management: a profile is changed attribute by attribute, seen by nobody until it is committed (R-PR-07).
//!
//! A session holds a copy of its own and no lock. What others write meanwhile is found out when it is committed: then it is
//! refused, and its owner may take up what is there and begin again. One that nobody has used for [`ABANDONED`] ends. Sessions
//! are in memory: a restart ends them all.

use super::{Put, Table};
use crate::kernel::Kernel;
use crate::manage::TableError;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use strowger::id::TableIx;
use strowger::profile::{AnyProfile, ProfileDecl, SharedRow};
use strowger::time::{Mono, Now};

/// After so long a session that nobody has changed, verified, committed or restored ends.
const ABANDONED: Duration = Duration::from_secs(15 * 60);

/// An edit session.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EditId(
    /// Never that of another session, also after a restart.
    pub u64,
);

impl fmt::Display for EditId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an edit session holds.
#[derive(Debug)]
pub struct EditDraft {
    /// The session.
    pub id: EditId,
    /// The table's name.
    pub table: Arc<str>,
    /// The profile's name.
    pub name: Box<str>,
    /// Whether the profile is not there yet.
    pub new: bool,
    /// Whether it holds what was not committed.
    pub changed: bool,
    /// How long until it ends if nobody uses it.
    pub left: Duration,
    /// The profile's specification.
    pub decl: ProfileDecl,
    /// A copy of the profile as it would be committed.
    pub profile: Box<dyn AnyProfile>,
}

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
    used: Mono,
}

impl Edits {
    /// A table is gone, and so are its sessions.
    pub(super) fn forget(&mut self, table: u64) {
        self.open.retain(|_, edit| edit.table != table);
    }
    /// The sessions that have not ended, each with how long it has.
    fn living(&self, now: Mono) -> impl Iterator<Item = (&EditId, &Edit, Duration)> {
        let left = move |edit: &Edit| ABANDONED.checked_sub(now - edit.used);
        let living = move |(id, edit)| left(edit).map(|left| (id, edit, left));
        self.open.iter().filter_map(living)
    }
}

impl Kernel {
    /// Begins to make a profile; it holds what the default profile does (R-PR-02).
    pub(crate) fn edit_new(
        &mut self,
        now: Now,
        table: &str,
        name: &str,
    ) -> Result<EditId, TableError> {
        let table = self.table_of_edits(table)?;
        let (number, draft) = (table.number, table.default.copy());
        if !Table::may_have(name) {
            return Err(TableError::InvalidName);
        }
        if table.find(name).is_some() {
            return Err(TableError::NameTaken);
        }
        self.open_edit(Edit {
            table: number,
            name: Box::from(name),
            base: None,
            draft,
            dirty: true,
            used: now.mono,
        })
    }
    /// Begins to change a profile.
    pub(crate) fn edit_profile(
        &mut self,
        now: Now,
        table: &str,
        name: &str,
    ) -> Result<EditId, TableError> {
        let table = self.table_of_edits(table)?;
        let row = table.find(name).ok_or(TableError::NoProfile)?;
        let edit = Edit {
            table: table.number,
            name: Box::from(name),
            base: Some(Arc::clone(row)),
            draft: row.profile().copy(),
            dirty: false,
            used: now.mono,
        };
        self.open_edit(edit)
    }
    fn table_of_edits(&self, table: &str) -> Result<&Table, TableError> {
        let ix = self.profiles.named(table).ok_or(TableError::Unknown)?;
        self.profiles.get(ix).ok_or(TableError::Unknown)
    }
    fn open_edit(&mut self, edit: Edit) -> Result<EditId, TableError> {
        let now = edit.used;
        let open = &mut self.profiles.edits.open;
        open.retain(|_, edit| now - edit.used <= ABANDONED);
        if self.profiles.edits.open.len() >= self.limits.profile_edits as usize {
            return Err(TableError::Refused(self.limited("profile_edits")));
        }
        let edits = &mut self.profiles.edits;
        if edits.next == 0 {
            // A number that JSON has exactly, with room above it.
            edits.next = self.entropy.next_u64() >> 12;
        }
        edits.next += 1;
        let id = EditId(edits.next);
        edits.open.insert(id, edit);
        Ok(id)
    }
    /// A session that somebody uses.
    fn edit(&mut self, now: Now, id: EditId) -> Result<&mut Edit, TableError> {
        let open = &mut self.profiles.edits.open;
        let edit = open.get_mut(&id).ok_or(TableError::NoEdit)?;
        if now.mono - edit.used > ABANDONED {
            return Err(TableError::NoEdit);
        }
        edit.used = now.mono;
        Ok(edit)
    }

    /// What the sessions of a table hold, or one of them; to look at one is not to use it.
    pub(crate) fn drafts(&self, now: Now, table: &str, one: Option<EditId>) -> Vec<EditDraft> {
        let Ok(table) = self.table_of_edits(table) else {
            return Vec::new();
        };
        let all = self.profiles.edits.living(now.mono);
        let wanted = all.filter(|(id, edit, _)| {
            edit.table == table.number && one.is_none_or(|one| one == **id)
        });
        let drafts = wanted.map(|(id, edit, left)| EditDraft {
            id: *id,
            table: Arc::clone(&table.name),
            name: edit.name.clone(),
            new: edit.base.is_none(),
            changed: edit.dirty,
            left,
            decl: table.decl,
            profile: edit.draft.copy(),
        });
        drafts.collect()
    }
    /// Changes what a session holds, all that is asked or nothing.
    pub(crate) fn change_edit(
        &mut self,
        now: Now,
        id: EditId,
        change: impl FnOnce(&ProfileDecl, &mut dyn AnyProfile) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        let edit = self.edit(now, id)?;
        let (number, mut draft) = (edit.table, edit.draft.copy());
        let mut tables = self.profiles.tables.iter().flatten();
        let table = tables.find(|table| table.number == number);
        change(&table.ok_or(TableError::Unknown)?.decl, &mut *draft)?;
        self.check_size(&*draft)?;
        let edit = self.edit(now, id)?;
        (edit.draft, edit.dirty) = (draft, true);
        Ok(())
    }
    /// Whether what a session holds would be committed: valid, unique where it has to be, within the limits, and of a profile
    /// that nobody wrote meanwhile.
    pub(crate) fn verify_edit(&mut self, now: Now, id: EditId) -> Result<(), TableError> {
        let edit = self.edit(now, id)?;
        let (name, draft, dirty) = (edit.name.clone(), edit.draft.copy(), edit.dirty);
        let (ix, how) = self.unchanged(now, id)?;
        if dirty {
            self.takes_profile(ix, &name, &*draft, how)?;
        }
        Ok(())
    }
    /// The table of a session whose profile is as the session found it, and how it would be written.
    fn unchanged(&mut self, now: Now, id: EditId) -> Result<(TableIx, Put), TableError> {
        let edit = self.edit(now, id)?;
        let (number, base, name) = (edit.table, edit.base.clone(), edit.name.clone());
        let tables = self.profiles.names.values().copied();
        let is = |ix: &TableIx| self.profiles.get(*ix).is_some_and(|t| t.number == number);
        let ix = tables.into_iter().find(is).ok_or(TableError::Unknown)?;
        let table = self.profiles.get(ix);
        match (table.and_then(|table| table.find(&name)), &base) {
            (None, None) => Ok((ix, Put::Create)),
            (Some(row), Some(base)) if Arc::ptr_eq(row, base) => Ok((ix, Put::Change)),
            (Some(_) | None, _) => Err(TableError::Changed),
        }
    }
    /// Publishes what a session holds: verified, and unique where it has to be. The session stays. One that holds no change
    /// writes nothing: it may be a commit that is asked for again.
    pub(crate) fn commit_edit(&mut self, now: Now, id: EditId) -> Result<(), TableError> {
        self.now = now;
        let (ix, how) = self.unchanged(now, id)?;
        let edit = self.edit(now, id)?;
        if !edit.dirty {
            return Ok(());
        }
        let (name, draft) = (edit.name.clone(), edit.draft.copy());
        let row = self.put_profile_row(ix, &name, draft, how)?;
        self.commit();
        if let Ok(edit) = self.edit(now, id) {
            edit.base = Some(row);
            edit.dirty = false;
        }
        Ok(())
    }
    /// Drops what was not committed, and takes up what the table has. A session whose profile is not there ends: one that was
    /// to be made never was.
    pub(crate) fn restore_edit(&mut self, now: Now, id: EditId) -> Result<(), TableError> {
        let edit = self.edit(now, id)?;
        let (number, name) = (edit.table, edit.name.clone());
        let was_new = edit.base.is_none();
        let mut tables = self.profiles.tables.iter().flatten();
        let table = tables.find(|table| table.number == number);
        let row = table.and_then(|table| table.find(&name)).cloned();
        let Some(row) = row.filter(|_| !was_new) else {
            self.profiles.edits.open.remove(&id);
            return Ok(());
        };
        let edit = self.edit(now, id)?;
        edit.draft = row.profile().copy();
        edit.base = Some(row);
        edit.dirty = false;
        Ok(())
    }
    /// Ends a session that holds nothing that was not committed.
    pub(crate) fn close_edit(&mut self, now: Now, id: EditId) -> Result<(), TableError> {
        if self.edit(now, id)?.dirty {
            return Err(TableError::Uncommitted);
        }
        self.profiles.edits.open.remove(&id);
        Ok(())
    }
}
