//! Profile tables of a test kit: provisioned before it starts, and written as management writes them.

use crate::kit::TestKit;
use crate::plan::{BadPlan, bad};
use std::sync::Arc;
use strowger::profile::{AnyProfile, Held, Profile, ProfileDecl};
use strowger::time::Now;
use strowger_kernel::{ProfileWrite, Shard};

/// A table that the first process makes.
pub(crate) struct Table {
    name: String,
    decl: ProfileDecl,
    profiles: Vec<(String, Box<dyn AnyProfile>)>,
}

impl Table {
    /// Makes it, unless the store has it.
    pub(crate) fn provide(&self, shard: &mut Shard, now: Now) -> Result<(), BadPlan> {
        if shard.profile_snapshot(&self.name).is_some() {
            return Ok(());
        }
        shard
            .create_table(now, &self.name, self.decl.spec)
            .map_err(bad(&self.name))?;
        let write = |(name, profile): &(String, Box<dyn AnyProfile>)| {
            ProfileWrite::Put(Box::from(name.as_str()), profile.copy())
        };
        let writes = self.profiles.iter().map(write).collect();
        let written = shard.write_profiles(now, &self.name, writes);
        written.map_err(|(place, cause)| {
            let profile = self.profiles.get(place).map_or("", |(name, _)| name);
            bad(&format!("{}/{profile}", self.name))(cause)
        })
    }
    /// Makes its specification known. A service that was upgraded brings a newer one, which takes this one's place.
    pub(crate) fn declare(&self, shard: &mut Shard) {
        let _ = shard.declare_profile(&self.decl);
    }
}

impl TestKit {
    /// A profile table with these profiles by name. They are written at the first start; a restart finds what has become of them.
    #[must_use]
    pub fn table<'a, P: Profile>(
        self,
        name: &str,
        profiles: impl IntoIterator<Item = (&'a str, P)>,
    ) -> Self {
        let erased = |(name, profile): (&str, P)| -> (String, Box<dyn AnyProfile>) {
            (name.to_owned(), Box::new(profile))
        };
        let table = Table {
            name: name.to_owned(),
            decl: ProfileDecl::of::<P>(),
            profiles: profiles.into_iter().map(erased).collect(),
        };
        self.unstarted().plan.tables.push(table);
        self
    }
    /// A profile as it is now.
    #[track_caller]
    #[must_use]
    pub fn profile<P: Profile>(&self, table: &str, name: &str) -> Option<Held<P>> {
        let row = self.look(|shard| {
            let table = shard.profile_snapshot(table)?;
            table.find(name).map(Arc::clone)
        });
        Held::of(row.flatten()?)
    }
    /// Writes a profile, as management does: makes it, or changes it.
    ///
    /// # Panics
    /// The table is not there or of another specification, or the write is refused.
    #[track_caller]
    pub fn put_profile<P: Profile>(&mut self, table: &str, name: &str, profile: P) {
        self.write_profile(table, ProfileWrite::Put(Box::from(name), Box::new(profile)));
    }
    /// Removes a profile, as management does.
    ///
    /// # Panics
    /// The table is not there.
    #[track_caller]
    pub fn remove_profile(&mut self, table: &str, name: &str) {
        self.write_profile(table, ProfileWrite::Remove(Box::from(name)));
    }

    #[track_caller]
    fn write_profile(&mut self, table: &str, write: ProfileWrite) {
        let mut world = self.started();
        let now = world.clock.now();
        let written = world
            .shard_mut()
            .map(|shard| shard.write_profiles(now, table, vec![write]));
        let settled = world.settle();
        drop(world);
        if let Some(Err((_, cause))) = written {
            panic!("profile table `{table}`: {cause}\n{}", self.context());
        }
        self.check(settled);
    }
}
