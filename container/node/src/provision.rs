//! Profile tables for management: what is asked of the shard.
//!
//! Reading takes no time of the shard's: it gives a snapshot, which is read wherever it was asked for. A change is answered when it
//! is durable.

use crate::control::Unserved;
use crate::unconfirmed::Unconfirmed;
use strowger::id::Component;
use strowger::profile::AnyProfile;
use strowger::time::Now;
use strowger_kernel::{ProfileSnapshot, ProfileWrite, Shard, TableError, TableInfo};
use tokio::sync::oneshot;

/// What is asked of a shard.
#[derive(Debug)]
pub(crate) enum Provision {
    Tables(oneshot::Sender<Vec<TableInfo>>),
    Specifications(oneshot::Sender<Vec<Component>>),
    Snapshot(Box<str>, oneshot::Sender<Option<ProfileSnapshot>>),
    Change(ProfileChange, oneshot::Sender<Outcome>),
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
    }
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
