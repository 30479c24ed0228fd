//! Profile tables for management: what is asked of the shard.
//!
//! Reading takes no time of the shard's: it gives a snapshot, which is read wherever it was asked for. A change is answered when it
//! is durable.

use crate::control::Unserved;
use crate::unconfirmed::Unconfirmed;
use serde_json::{Map, Value};
use strowger::id::Component;
use strowger::profile::{AnyProfile, ProfileDecl};
use strowger::time::Now;
use strowger_kernel::{
    EditDraft, EditId, ProfileSnapshot, ProfileWrite, Shard, TableError, TableInfo,
};
use tokio::sync::oneshot;

/// What is asked of a shard.
#[derive(Debug)]
pub(crate) enum Provision {
    Tables(oneshot::Sender<Vec<TableInfo>>),
    Specifications(oneshot::Sender<Vec<Component>>),
    Snapshot(Box<str>, oneshot::Sender<Option<ProfileSnapshot>>),
    Change(ProfileChange, oneshot::Sender<Outcome>),
    Edits(Box<str>, Option<EditId>, oneshot::Sender<Vec<EditDraft>>),
    Edit(ProfileEdit, oneshot::Sender<Result<EditId, TableError>>),
}

/// What is done in an edit session of a profile, and seen by nobody else (R-PR-07).
#[derive(Debug)]
#[non_exhaustive]
pub enum ProfileEdit {
    /// Begin to change a profile of a table, or to make it.
    Begin {
        /// The table's name.
        table: Box<str>,
        /// The profile's name.
        name: Box<str>,
        /// It is not there yet.
        new: bool,
    },
    /// Change attributes, all or none.
    Set(EditId, Map<String, Value>),
    /// Say whether it would be committed.
    Verify(EditId),
    /// Drop what was not committed, and take up what the table has.
    Restore(EditId),
    /// End the session.
    Close(EditId),
}

/// A change of profile tables.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProfileChange {
    /// Make a table.
    Create {
        /// Its name.
        table: Box<str>,
        /// The name of its specification.
        specification: Box<str>,
    },
    /// Rename a table.
    Rename {
        /// Its name.
        table: Box<str>,
        /// What it is called then.
        to: Box<str>,
    },
    /// Remove a table with all that is in it.
    Remove {
        /// Its name.
        table: Box<str>,
    },
    /// Change what new profiles of a table begin with.
    Default {
        /// Its name.
        table: Box<str>,
        /// Their values.
        profile: Box<dyn AnyProfile>,
    },
    /// Write profiles, all or none.
    Write {
        /// The table's name.
        table: Box<str>,
        /// What is written.
        writes: Vec<ProfileWrite>,
    },
    /// Publish what an edit session holds.
    Commit(EditId),
}

/// What became of a change. With the place of the write that is refused, where there are several.
pub(crate) type Outcome = Result<(), (usize, TableError)>;

/// Does what is asked.
pub(crate) fn carry_out(
    shard: &mut Shard,
    now: Now,
    provision: Provision,
    unconfirmed: &mut Unconfirmed,
) {
    // Whoever asked may have gone; nothing is lost by it.
    match provision {
        Provision::Tables(reply) => drop(reply.send(shard.tables().collect())),
        Provision::Specifications(reply) => drop(reply.send(shard.specifications().collect())),
        Provision::Snapshot(table, reply) => drop(reply.send(shard.profile_snapshot(&table))),
        Provision::Change(wanted, reply) => match change(shard, now, wanted) {
            Ok(()) => unconfirmed.change(shard.last_strict(), reply),
            Err(refused) => drop(reply.send(Err(refused))),
        },
        Provision::Edits(table, one, reply) => drop(reply.send(shard.drafts(now, &table, one))),
        Provision::Edit(wanted, reply) => drop(reply.send(edit(shard, now, wanted))),
    }
}

fn edit(shard: &mut Shard, now: Now, edit: ProfileEdit) -> Result<EditId, TableError> {
    match edit {
        ProfileEdit::Begin { table, name, new } if new => shard.edit_new(now, &table, &name),
        ProfileEdit::Begin { table, name, .. } => shard.edit_profile(now, &table, &name),
        ProfileEdit::Set(id, values) => shard
            .change_edit(now, id, |decl, profile| set(decl, profile, values))
            .map(|()| id),
        ProfileEdit::Verify(id) => shard.verify_edit(now, id).map(|()| id),
        ProfileEdit::Restore(id) => shard.restore_edit(now, id).map(|()| id),
        ProfileEdit::Close(id) => shard.close_edit(now, id).map(|()| id),
    }
}

fn set(
    decl: &ProfileDecl,
    profile: &mut dyn AnyProfile,
    values: Map<String, Value>,
) -> Result<(), TableError> {
    for (name, value) in values {
        let attribute: Box<str> = name.into();
        let place = decl.attribute(&attribute);
        let place = place.ok_or_else(|| TableError::NoAttribute(attribute.clone()))?;
        let mut value = <dyn erased_serde::Deserializer<'_>>::erase(value);
        let done = profile.set(place, &mut value);
        done.map_err(|cause| TableError::Value {
            cause: cause.to_string().into(),
            attribute,
        })?;
    }
    Ok(())
}

fn change(shard: &mut Shard, now: Now, change: ProfileChange) -> Outcome {
    let whole = |cause| (0, cause);
    match change {
        ProfileChange::Create {
            table,
            specification,
        } => {
            let spec = shard.specifications().find(|s| *s.name == *specification);
            let spec = spec.ok_or_else(|| whole(TableError::NoSpec))?;
            shard.create_table(now, &table, spec).map_err(whole)
        }
        ProfileChange::Rename { table, to } => shard.rename_table(now, &table, &to).map_err(whole),
        ProfileChange::Remove { table } => shard.remove_table(now, &table).map_err(whole),
        ProfileChange::Default { table, profile } => {
            let set = shard.set_default_profile(now, &table, profile);
            set.map_err(whole)
        }
        ProfileChange::Write { table, writes } => shard.write_profiles(now, &table, writes),
        ProfileChange::Commit(id) => shard.commit_edit(now, id).map_err(whole),
    }
}

impl crate::Manage {
    /// All profile tables.
    ///
    /// # Errors
    /// Nobody has answered.
    pub async fn profile_tables(&self) -> Result<Vec<TableInfo>, Unserved> {
        let (reply, answer) = oneshot::channel();
        self.provision(Provision::Tables(reply), answer).await
    }
    /// The profile specifications of which tables can be made.
    ///
    /// # Errors
    /// Nobody has answered.
    pub async fn profile_specifications(&self) -> Result<Vec<Component>, Unserved> {
        let (reply, answer) = oneshot::channel();
        self.provision(Provision::Specifications(reply), answer)
            .await
    }
    /// What a profile table holds, if it is there.
    ///
    /// # Errors
    /// Nobody has answered.
    pub async fn profile_table(&self, name: &str) -> Result<Option<ProfileSnapshot>, Unserved> {
        let (reply, answer) = oneshot::channel();
        let asked = Provision::Snapshot(Box::from(name), reply);
        self.provision(asked, answer).await
    }
    /// What the edit sessions of a table hold, or one of them.
    ///
    /// # Errors
    /// Nobody has answered.
    pub async fn profile_edits(
        &self,
        table: &str,
        one: Option<EditId>,
    ) -> Result<Vec<EditDraft>, Unserved> {
        let (reply, answer) = oneshot::channel();
        let asked = Provision::Edits(Box::from(table), one, reply);
        self.provision(asked, answer).await
    }
    /// Does something in an edit session, or begins one; gives which.
    ///
    /// # Errors
    /// Nobody has answered: whether it was done is not known.
    pub async fn edit_profile(
        &self,
        edit: ProfileEdit,
    ) -> Result<Result<EditId, TableError>, Unserved> {
        let (reply, answer) = oneshot::channel();
        self.provision(Provision::Edit(edit, reply), answer).await
    }
    /// Changes profile tables; answered when that is durable. A refusal says which of several writes is to blame.
    ///
    /// # Errors
    /// Nobody has answered: whether it was done is not known.
    pub async fn change_profiles(
        &self,
        change: ProfileChange,
    ) -> Result<Result<(), (usize, TableError)>, Unserved> {
        let (reply, answer) = oneshot::channel();
        self.provision(Provision::Change(change, reply), answer)
            .await
    }
}
