//! Profile tables: what handlers read and write in their transactions, and what management does to them (R-PR).
//!
//! A row is immutable and shared; a write puts another in its place. What a [`Table`] holds at one moment is therefore a snapshot that
//! may leave the shard's thread, and reading needs no lock. One shard writes: its transactions run one after the other,
//! so two writes never meet, and a rollback puts the rows from before back.

mod activity;
mod edit;
mod exact;
mod record;
mod search;
mod snapshot;
mod table;
mod tree;

pub use edit::{EditDraft, EditId};
pub use snapshot::ProfileSnapshot;

use crate::kernel::Kernel;
use crate::manage::{InstallError, TableError};
use crate::options::Durability;
use crate::transaction::Undo;
use ahash::RandomState;
use edit::Edits;
pub(crate) use record::Migrations;
use search::Bounds;
use std::collections::BTreeMap;
use std::sync::Arc;
use strowger::OpError;
use strowger::id::{Component, ComponentId, TableIx};
use strowger::profile::{AnyProfile, Expr, ProfileDecl, SharedRow};
use strowger::time::Now;
pub(crate) use table::Table;

/// Rows of a removed table whose records are removed in one turn.
const DROPPED: usize = 1000;

/// All tables of the shard.
pub(crate) struct Profiles {
    hasher: RandomState,
    specs: Vec<Spec>,
    tables: Vec<Option<Table>>,
    names: BTreeMap<Arc<str>, TableIx>,
    /// Tables that were removed, with rows whose records are still in the store.
    dropping: Vec<Table>,
    /// The number of the next table.
    next: u64,
    /// Profiles in all tables.
    count: u32,
    edits: Edits,
}

/// A specification that the shard knows.
struct Spec {
    id: ComponentId,
    decl: ProfileDecl,
    fingerprint: u64,
}

/// What a transaction does with a profile of that name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Put {
    /// There must be none.
    Create,
    /// There must be one.
    Change,
    /// Whichever.
    Either,
}

/// A write of management's.
#[derive(Debug)]
pub enum ProfileWrite {
    /// Makes a profile, or changes the one of that name.
    Put(Box<str>, Box<dyn AnyProfile>),
    /// Removes the profile of that name, if there is one.
    Remove(Box<str>),
}

/// A table as operators see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableInfo {
    /// Its name.
    pub name: Arc<str>,
    /// Its specification.
    pub spec: Component,
    /// How many profiles it has.
    pub profiles: usize,
}

/// Rows as they were before a transaction wrote them.
pub(crate) type Before = BTreeMap<(TableIx, Box<str>), Option<SharedRow>>;

impl Profiles {
    pub(crate) fn new(hasher: RandomState) -> Self {
        Self {
            hasher,
            specs: Vec::new(),
            tables: Vec::new(),
            names: BTreeMap::new(),
            dropping: Vec::new(),
            next: 0,
            count: 0,
            edits: Edits::default(),
        }
    }
    pub(crate) fn get(&self, ix: TableIx) -> Option<&Table> {
        self.tables.get(usize::from(ix.0))?.as_ref()
    }
    fn get_mut(&mut self, ix: TableIx) -> Option<&mut Table> {
        self.tables.get_mut(usize::from(ix.0))?.as_mut()
    }
    pub(crate) fn named(&self, name: &str) -> Option<TableIx> {
        self.names.get(name).copied()
    }
    /// The table of a name, if it is of that specification.
    pub(crate) fn of_spec(&self, name: &str, spec: ComponentId) -> Option<TableIx> {
        let ix = self.named(name)?;
        (self.get(ix)?.spec == spec).then_some(ix)
    }
    pub(crate) const fn count(&self) -> u32 {
        self.count
    }
    /// Whether records of removed tables are still to be removed.
    pub(crate) const fn is_dropping(&self) -> bool {
        !self.dropping.is_empty()
    }
    fn spec(&self, id: ComponentId) -> Option<&Spec> {
        self.specs.iter().find(|spec| spec.id == id)
    }
    /// The specification of a name and a vendor.
    fn spec_named(&self, name: &str, vendor: &str) -> Option<&Spec> {
        let same = |spec: &&Spec| spec.decl.spec.name == name && spec.decl.spec.vendor == vendor;
        self.specs.iter().find(same)
    }
    fn add(&mut self, table: Table) -> TableIx {
        let free = self.tables.iter().position(Option::is_none);
        let place = free.unwrap_or(self.tables.len());
        let ix = TableIx(place as u16);
        self.names.insert(Arc::clone(&table.name), ix);
        self.next = self.next.max(table.number + 1);
        match self.tables.get_mut(place) {
            Some(free) => *free = Some(table),
            None => self.tables.push(Some(table)),
        }
        ix
    }
    /// Puts a row in its place, or takes it away; gives the one that was there.
    fn put(&mut self, ix: TableIx, name: &str, row: Option<&SharedRow>) -> Option<SharedRow> {
        let table = self.tables.get_mut(usize::from(ix.0))?.as_mut()?;
        let more = u32::from(row.is_some());
        let old = table.put(name, row);
        self.count = (self.count + more).saturating_sub(u32::from(old.is_some()));
        old
    }
}

impl Kernel {
    /// Makes a specification known, so that tables of it can be made and restored.
    pub(crate) fn declare_profile(&mut self, decl: &ProfileDecl) -> Result<(), InstallError> {
        self.registry.check(decl.spec)?;
        let fingerprint = (decl.schema)().fingerprint;
        if let Some(known) = self.profiles.spec_named(decl.spec.name, decl.spec.vendor) {
            return if known.fingerprint == fingerprint && known.decl.spec == decl.spec {
                Ok(())
            } else {
                Err(InstallError::ProfileSpec(known.decl.spec, decl.spec))
            };
        }
        self.profiles.specs.push(Spec {
            id: decl.spec.id(),
            decl: *decl,
            fingerprint,
        });
        Ok(())
    }

    pub(crate) fn specifications(&self) -> impl Iterator<Item = Component> {
        self.profiles.specs.iter().map(|spec| spec.decl.spec)
    }

    // ---- tables

    pub(crate) fn create_table(
        &mut self,
        now: Now,
        name: &str,
        spec: Component,
    ) -> Result<TableIx, TableError> {
        self.now = now;
        self.check_table_name(name)?;
        let known = self.profiles.spec(spec.id()).ok_or(TableError::NoSpec)?;
        if self.profiles.names.len() >= self.limits.profile_tables as usize {
            return Err(TableError::Refused(self.limited("profile_tables")));
        }
        let (decl, number) = (known.decl, self.profiles.next.max(1));
        let table = Table::new(name, number, decl, (decl.default)(), &self.profiles.hasher);
        let ix = self.profiles.add(table);
        self.write_table(ix);
        self.start_table(ix);
        self.outputs.end_unit();
        Ok(ix)
    }
    pub(crate) fn rename_table(
        &mut self,
        now: Now,
        old: &str,
        new: &str,
    ) -> Result<(), TableError> {
        self.now = now;
        let ix = self.profiles.named(old).ok_or(TableError::Unknown)?;
        self.check_table_name(new)?;
        if self.is_table_needed(old) {
            return Err(TableError::InUse);
        }
        let name: Arc<str> = Arc::from(new);
        self.profiles.names.remove(old);
        self.profiles.names.insert(Arc::clone(&name), ix);
        if let Some(table) = self.profiles.get_mut(ix) {
            table.name = name;
        }
        self.write_table(ix);
        Ok(())
    }
    /// Removes a table with its profiles; their records go in the turns that follow.
    pub(crate) fn remove_table(&mut self, now: Now, name: &str) -> Result<(), TableError> {
        self.now = now;
        let ix = self.profiles.named(name).ok_or(TableError::Unknown)?;
        if self.is_table_needed(name) {
            return Err(TableError::InUse);
        }
        self.profiles.names.remove(name);
        let table = self.profiles.tables.get_mut(usize::from(ix.0));
        let Some(table) = table.and_then(Option::take) else {
            return Err(TableError::Unknown);
        };
        if let Some(id) = table.activity {
            self.end_table_activity(id);
        }
        self.profiles.edits.forget(table.number);
        self.profiles.count = self.profiles.count.saturating_sub(table.len() as u32);
        self.open_commit(Durability::Strict);
        self.put_table_record(&table, true);
        self.profiles.dropping.push(table);
        Ok(())
    }
    /// Removes some profiles of removed tables, and their records.
    pub(crate) fn drop_profiles(&mut self) {
        let Some(mut table) = self.profiles.dropping.pop() else {
            return;
        };
        self.open_commit(Durability::Relaxed);
        let rows: Vec<_> = table
            .rows
            .range(b"", None)
            .take(DROPPED)
            .map(|(_, row)| Arc::clone(row))
            .collect();
        for row in &rows {
            // Out of the indexes, too: what is left for the last turn would be freed in one.
            table.put(row.name(), None);
            self.remove_profile_record(table.number, row.number());
        }
        if table.len() > 0 {
            self.profiles.dropping.push(table);
        } else {
            self.remove_table_record(table.number);
        }
    }
    pub(crate) fn tables(&self) -> impl Iterator<Item = TableInfo> {
        let of = |ix: &TableIx| self.profiles.get(*ix);
        self.profiles
            .names
            .values()
            .filter_map(of)
            .map(|table| TableInfo {
                name: Arc::clone(&table.name),
                spec: table.decl.spec,
                profiles: table.len(),
            })
    }
    pub(crate) fn profile_snapshot(&self, name: &str) -> Option<ProfileSnapshot> {
        let table = self.profiles.get(self.profiles.named(name)?)?;
        Some(ProfileSnapshot::new(table, self.profile_bounds()))
    }
    /// Changes what new profiles of a table begin with (R-PR-01).
    pub(crate) fn set_default_profile(
        &mut self,
        now: Now,
        name: &str,
        profile: Box<dyn AnyProfile>,
    ) -> Result<(), TableError> {
        self.now = now;
        let ix = self.profiles.named(name).ok_or(TableError::Unknown)?;
        self.check_size(&*profile)?;
        if let Some(table) = self.profiles.get_mut(ix) {
            if !table.is_of_its_type(&*profile) {
                return Err(TableError::NoSpec);
            }
            table.default = Arc::from(profile);
        }
        self.write_table(ix);
        Ok(())
    }
    fn check_table_name(&self, name: &str) -> Result<(), TableError> {
        if name.is_empty() || name.len() > 64 || name.contains('/') {
            return Err(TableError::InvalidName);
        }
        match self.profiles.named(name) {
            Some(_) => Err(TableError::NameTaken),
            None => Ok(()),
        }
    }
    /// Whether a service that is not inactive cannot do without a table.
    fn is_table_needed(&self, name: &str) -> bool {
        let mut live = self.services.iter().filter(|s| s.is_live());
        live.any(|s| s.tables.iter().any(|t| t.name == name && !t.optional))
    }
    fn write_table(&mut self, ix: TableIx) {
        let Some(table) = self.profiles.get(ix).map(Table::snapshot) else {
            return;
        };
        self.open_commit(Durability::Strict);
        self.put_table_record(&table, false);
    }

    // ---- profiles, in a transaction

    pub(crate) const fn profile_bounds(&self) -> Bounds {
        Bounds {
            scan: self.limits.profile_scan as usize,
            matches: self.limits.profile_matches as usize,
        }
    }
    pub(crate) fn first_profile_of(
        &self,
        ix: TableIx,
        query: &Expr,
    ) -> Result<Option<SharedRow>, OpError> {
        let table = self.profiles.get(ix).ok_or(OpError::NoTable(""))?;
        match table.first(query) {
            Some(found) => Ok(found.cloned()),
            None => Ok(self.search_profiles(ix, query, Some(1))?.pop()),
        }
    }
    pub(crate) fn search_profiles(
        &self,
        ix: TableIx,
        query: &Expr,
        max: Option<usize>,
    ) -> Result<Vec<SharedRow>, OpError> {
        let table = self.profiles.get(ix).ok_or(OpError::NoTable(""))?;
        table.search(query, max, self.profile_bounds())
    }
    /// Writes a profile; who reads within the transaction sees it at once (R-PR-04).
    pub(crate) fn put_profile_row(
        &mut self,
        ix: TableIx,
        name: &str,
        profile: Box<dyn AnyProfile>,
        how: Put,
    ) -> Result<SharedRow, OpError> {
        let number = self.takes_profile(ix, name, &*profile, how)?;
        let row = profile.into_row(number, name);
        if let Some(table) = self.profiles.get_mut(ix) {
            table.next = table.next.max(number + 1);
        }
        self.write_row(ix, name, Some(&row));
        Ok(row)
    }
    /// Whether a profile would be written; the number that its row has then.
    fn takes_profile(
        &mut self,
        ix: TableIx,
        name: &str,
        profile: &dyn AnyProfile,
        how: Put,
    ) -> Result<u64, OpError> {
        self.check_size(profile)?;
        self.takes_change(ix)?;
        let table = self.profiles.get(ix).ok_or(OpError::NoTable(""))?;
        let old = table.find(name).map(|row| row.number());
        match (how, old) {
            (Put::Create, Some(_)) => return Err(OpError::ProfileExists),
            (Put::Change, None) => return Err(OpError::NoProfile),
            (Put::Create | Put::Either, None) if self.profiles.count >= self.limits.profiles => {
                return Err(self.limited("profiles"));
            }
            (Put::Create | Put::Change | Put::Either, _) => {}
        }
        table.check(name, profile)?;
        Ok(old.unwrap_or(table.next))
    }
    /// Removes a profile; `false` if there was none.
    pub(crate) fn remove_profile_row(&mut self, ix: TableIx, name: &str) -> Result<bool, OpError> {
        let found = self
            .profiles
            .get(ix)
            .is_some_and(|t| t.find(name).is_some());
        if found {
            self.takes_change(ix)?;
            self.write_row(ix, name, None);
        }
        Ok(found)
    }
    fn write_row(&mut self, ix: TableIx, name: &str, row: Option<&SharedRow>) {
        let name: Box<str> = Box::from(name);
        let old = self.profiles.put(ix, &name, row);
        let before = self.tx.profiles.entry((ix, name.clone()));
        before.or_insert_with(|| old.clone());
        self.tx.undo.push(Undo::Profile(ix, Box::new((name, old))));
    }
    pub(crate) fn undo_profile(&mut self, ix: TableIx, name: &str, old: Option<&SharedRow>) {
        self.profiles.put(ix, name, old);
    }
    fn check_size(&mut self, profile: &dyn AnyProfile) -> Result<(), OpError> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let encoded = profile.encode(&mut scratch);
        let fits = scratch.len() <= self.limits.profile_bytes as usize;
        self.scratch = scratch;
        encoded.map_err(|_| OpError::BadState("profile"))?;
        if fits {
            Ok(())
        } else {
            Err(self.limited("profile_bytes"))
        }
    }

    /// Makes what the transaction wrote durable.
    pub(crate) fn commit_profiles(&mut self) {
        if self.tx.profiles.is_empty() {
            return;
        }
        for ((ix, name), before) in std::mem::take(&mut self.tx.profiles) {
            let Some(table) = self.profiles.get(ix) else {
                continue;
            };
            let (number, after) = (table.number, table.find(&name).cloned());
            let same =
                before.as_ref().map(|row| row.number()) == after.as_ref().map(|row| row.number());
            match (&before, &after) {
                (None, None) => continue,
                (Some(old), Some(new)) if Arc::ptr_eq(old, new) => continue,
                (Some(_) | None, _) => {}
            }
            self.metrics.profile_writes += 1;
            self.open_commit(Durability::Strict);
            if let Some(old) = before.as_ref().filter(|_| !same) {
                self.remove_profile_record(number, old.number());
            }
            if let Some(row) = &after {
                self.put_profile_record(ix, row, before.is_none());
            }
            self.fire_change(ix, before.as_ref(), after.as_ref());
        }
    }

    // ---- profiles, by management

    /// Writes profiles of a table, all or none; with an error, the place of the write that is refused.
    pub(crate) fn write_profiles(
        &mut self,
        now: Now,
        table: &str,
        writes: Vec<ProfileWrite>,
    ) -> Result<(), (usize, TableError)> {
        self.now = now;
        let ix = self.profiles.named(table).ok_or((0, TableError::Unknown))?;
        let start = self.tx.savepoint();
        for (place, write) in writes.into_iter().enumerate() {
            let written = match write {
                ProfileWrite::Put(name, profile) => {
                    self.put_from_outside(ix, &name, profile, Put::Either)
                }
                ProfileWrite::Remove(name) => {
                    let removed = self.remove_profile_row(ix, &name);
                    removed.map(drop).map_err(TableError::from)
                }
            };
            if let Err(cause) = written {
                self.undo_to(&start);
                self.tx.profiles.clear();
                return Err((place, cause));
            }
        }
        self.commit();
        Ok(())
    }
    fn put_from_outside(
        &mut self,
        ix: TableIx,
        name: &str,
        profile: Box<dyn AnyProfile>,
        how: Put,
    ) -> Result<(), TableError> {
        let table = self.profiles.get(ix).ok_or(TableError::Unknown)?;
        if !table.is_of_its_type(&*profile) {
            return Err(TableError::NoSpec);
        }
        self.put_profile_row(ix, name, profile, how)?;
        Ok(())
    }
}
