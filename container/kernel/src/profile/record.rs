//! Records of tables and of profiles, and the way back from them. Each profile's record names the schema that it was
//! written with: one that has changed is migrated when it is read, and written anew when it is changed the next time.

use super::table::Table;
use crate::kernel::Kernel;
use crate::manage::RestoreError;
use crate::record::{self, damaged, number};
use crate::recovery::Recovery;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use strowger::id::{Slot, TableIx};
use strowger::profile::{AnyProfile, ProfileDecl, ProfileMigration, SharedRow};
use strowger::state::Schema;
use strowger_journal::Key;

#[derive(Serialize, Deserialize)]
pub(crate) struct TableRecord<'a> {
    pub(crate) name: &'a str,
    pub(crate) spec: &'a str,
    pub(crate) vendor: &'a str,
    pub(crate) fingerprint: u64,
    pub(crate) default: &'a [u8],
    /// The table was removed, and some of its records are not yet.
    pub(crate) removed: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ProfileRecord<'a> {
    pub(crate) name: &'a str,
    pub(crate) fingerprint: u64,
    pub(crate) profile: &'a [u8],
}

/// Migrations of specifications whose profiles were met with another schema, by the table's number.
pub(crate) type Migrations = BTreeMap<u64, Vec<ProfileMigration>>;

impl Kernel {
    pub(super) fn put_table_record(&mut self, table: &Table, removed: bool) {
        let mut default = Vec::new();
        if table.default.encode(&mut default).is_err() {
            default.clear();
        }
        let written = TableRecord {
            name: &table.name,
            spec: table.decl.spec.name,
            vendor: table.decl.spec.vendor,
            fingerprint: table.schema.fingerprint,
            default: &default,
            removed,
        };
        let schema = &table.schema;
        self.write_record(
            false,
            &record::text_key(Slot(0), &schema.fingerprint.to_be_bytes()),
            |out| {
                out.extend_from_slice(schema.text.as_bytes());
                true
            },
        );
        self.write_record(false, &record::table_key(table.number), |out| {
            record::append(&written, out)
        });
    }
    pub(super) fn remove_table_record(&mut self, table: u64) {
        self.remove_record(&record::table_key(table));
    }
    pub(super) fn put_profile_record(&mut self, ix: TableIx, row: &SharedRow, new: bool) {
        let Some(table) = self.profiles.get(ix) else {
            return;
        };
        let (number, fingerprint) = (table.number, table.schema.fingerprint);
        let mut profile = std::mem::take(&mut self.scratch);
        profile.clear();
        // It was encoded once before, when its size was checked.
        if row.profile().encode(&mut profile).is_ok() {
            let written = ProfileRecord {
                name: row.name(),
                fingerprint,
                profile: &profile,
            };
            let sub = row.number().to_be_bytes();
            self.write_record(new, &record::profile_key(number, &sub), |out| {
                record::append(&written, out)
            });
        }
        self.scratch = profile;
    }
    pub(super) fn remove_profile_record(&mut self, table: u64, row: u64) {
        self.remove_record(&record::profile_key(table, &row.to_be_bytes()));
    }

    // ---- recovery

    pub(crate) fn restore_table(
        &mut self,
        recovery: &Recovery,
        key: &Key<'_>,
        written: &TableRecord<'_>,
    ) -> Result<bool, RestoreError> {
        if written.removed {
            return Ok(false);
        }
        let spec = self.profiles.spec_named(written.spec, written.vendor);
        let Some(decl) = spec.map(|spec| spec.decl) else {
            return Err(RestoreError::NoProfileSpec {
                table: written.name.to_owned(),
                spec: format!("{} ({})", written.spec, written.vendor),
            });
        };
        let (schema, migrations) = ((decl.schema)(), (decl.migrations)());
        let stored = (written.fingerprint, written.default);
        let current = (&schema, migrations.as_slice());
        let default = decoded(recovery, &decl, (key, written.name), stored, current)?;
        let hasher = self.profiles.hasher.clone();
        let table = Table::new(written.name, key.session, decl, default, &hasher);
        self.profiles.add(table);
        Ok(true)
    }

    /// One of a table that is not there, because it was removed, means nothing.
    pub(crate) fn restore_profile(
        &mut self,
        recovery: &mut Recovery,
        key: &Key<'_>,
        written: &ProfileRecord<'_>,
    ) -> Result<bool, RestoreError> {
        let number = number(key)?;
        // Records come table by table.
        let of = |t: &Option<Table>| t.as_ref().is_some_and(|t| t.number == key.session);
        let Some(place) = self.profiles.tables.iter().rposition(of) else {
            return Ok(false);
        };
        let ix = TableIx(place as u16);
        let Some(table) = self.profiles.get_mut(ix) else {
            return Ok(false);
        };
        table.next = table.next.max(number + 1);
        let (decl, schema) = (table.decl, Arc::clone(&table.schema));
        let mut known = std::mem::take(&mut recovery.migrations);
        let migrations = known.entry(key.session);
        let migrations = migrations.or_insert_with(|| (decl.migrations)());
        let name = Arc::clone(&table.name);
        let stored = (written.fingerprint, written.profile);
        let profile = decoded(recovery, &decl, (key, &name), stored, (&schema, migrations));
        recovery.migrations = known;
        let profile = profile?;
        let table = self.profiles.get(ix);
        if let Some((attribute, other)) = table.and_then(|t| t.repeated(written.name, &*profile)) {
            return Err(RestoreError::NotUnique {
                table: name.to_string(),
                attribute,
                first: other.name().to_owned(),
                second: written.name.to_owned(),
            });
        }
        let row = profile.into_row(number, written.name);
        if self.profiles.put(ix, written.name, Some(&row)).is_some() {
            return Err(damaged(key));
        }
        recovery.count_profile();
        Ok(true)
    }
}

/// Values of a record as this build's specification has them, migrated if need be.
fn decoded(
    recovery: &Recovery,
    decl: &ProfileDecl,
    (key, table): (&Key<'_>, &str),
    (found, bytes): (u64, &[u8]),
    (known, migrations): (&Schema, &[ProfileMigration]),
) -> Result<Box<dyn AnyProfile>, RestoreError> {
    if found == known.fingerprint {
        return (decl.decode)(bytes).map_err(|_| damaged(key));
    }
    let migration = migrations.iter().find(|m| m.from.fingerprint == found);
    let Some(migration) = migration else {
        return Err(RestoreError::ProfileSchema {
            table: table.to_owned(),
            found,
            known: known.fingerprint,
            stored: recovery.text(found),
            text: known.text.clone(),
        });
    };
    (migration.migrate)(bytes).map_err(|_| RestoreError::ProfileMigration {
        table: table.to_owned(),
    })
}
