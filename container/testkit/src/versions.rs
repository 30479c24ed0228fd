//! Versions of services in a test kit: one takes the place of another, or has a share of the new work, and gives it back.
//!
//! It does what a node does that an operator tells so, and what is refused there is refused here; a restart changes nothing.

use crate::kit::TestKit;
use std::any::Any;
use std::sync::Arc;
use strowger::id::ServiceIx;
use strowger::service::ServiceDef;
use strowger::time::Now;
use strowger_kernel::{ManageError, ServiceOptions, ServiceState, Shard, Share};

/// What becomes of what the version that leaves has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entities {
    Stay,
    Move,
}

impl TestKit {
    // ---- putting it together

    /// Another version of a service that was put together before, with default settings. It is called `NAME@VERSION`, and is not
    /// active until the test says so.
    #[must_use]
    pub fn version(self, def: ServiceDef) -> Self {
        let options = beside(&def);
        self.service_options(def, options)
    }
    /// The same with settings of its own type.
    #[must_use]
    pub fn version_with<T: Any + Send + Sync>(self, def: ServiceDef, settings: T) -> Self {
        let mut options = beside(&def);
        options.settings = Arc::new(settings);
        self.service_options(def, options)
    }

    // ---- while it runs

    /// One version takes the place of another: new work is its own from this instant on, and what the old one has goes on with
    /// that to its end.
    ///
    /// # Errors
    /// What an operator would be told, such as that the old one is not active; then nothing has changed.
    ///
    /// # Panics
    /// There is no service of one of the names.
    #[track_caller]
    pub fn replace(&mut self, old: &str, new: &str) -> Result<(), ManageError> {
        self.switched(old, new, Entities::Stay)
    }
    /// The same, and what the old one has moves to the new one, with its timers.
    ///
    /// # Errors
    /// A state has changed and there is no migration, say; then nothing has changed.
    ///
    /// # Panics
    /// There is no service of one of the names.
    #[track_caller]
    pub fn replace_and_migrate(&mut self, old: &str, new: &str) -> Result<(), ManageError> {
        self.switched(old, new, Entities::Move)
    }
    /// A version has a share of the new work beside the one that is active; or its share is changed.
    ///
    /// # Errors
    /// What an operator would be told, such as that no other version is active.
    ///
    /// # Panics
    /// There is no service of that name.
    #[track_caller]
    pub fn canary(&mut self, version: &str, share: Share) -> Result<(), ManageError> {
        self.manage(&[version], |shard, now, services| {
            let canary = services[0];
            shard.set_canary(now, canary, share)?;
            shard.keep_desired(now, &[canary]);
            Ok(())
        })
    }
    /// Takes a service, told by any of its versions, back to the version before: a canary ends, or what was replaced comes back.
    ///
    /// # Errors
    /// There is no way back.
    ///
    /// # Panics
    /// There is no service of that name.
    #[track_caller]
    pub fn roll_back(&mut self, service: &str) -> Result<(), ManageError> {
        self.rolled(service, Entities::Stay)
    }
    /// The same, and what the version that leaves has moves to the one before.
    ///
    /// # Errors
    /// There is no way back, or no migration; then nothing has changed.
    ///
    /// # Panics
    /// There is no service of that name.
    #[track_caller]
    pub fn roll_back_and_migrate(&mut self, service: &str) -> Result<(), ManageError> {
        self.rolled(service, Entities::Move)
    }
    /// The state of a service; `None` if there is none of that name.
    #[track_caller]
    #[must_use]
    pub fn service_state(&self, name: &str) -> Option<ServiceState> {
        self.look(|shard| shard.service_state(shard.service(name)?))
            .flatten()
    }
    /// How many entities a service has.
    #[track_caller]
    #[must_use]
    pub fn entities(&self, name: &str) -> usize {
        let count = |shard: &Shard| {
            let service = shard.service(name);
            let own = shard.entities();
            own.filter(|entity| Some(entity.service) == service).count()
        };
        self.look(count).unwrap_or_default()
    }

    #[track_caller]
    fn switched(&mut self, old: &str, new: &str, entities: Entities) -> Result<(), ManageError> {
        self.manage(&[old, new], |shard, now, services| {
            switch(shard, now, (services[0], services[1]), entities)
        })
    }

    #[track_caller]
    fn rolled(&mut self, service: &str, entities: Entities) -> Result<(), ManageError> {
        self.manage(&[service], |shard, now, services| {
            match shard.way_back(services[0])? {
                (leaves, Some(comes)) => switch(shard, now, (leaves, comes), entities),
                (canary, None) => end_canary(shard, now, canary, entities),
            }
        })
    }

    /// Changes services of these names, and does what there is to do then.
    #[track_caller]
    fn manage(
        &mut self,
        names: &[&str],
        change: impl FnOnce(&mut Shard, Now, &[ServiceIx]) -> Result<(), ManageError>,
    ) -> Result<(), ManageError> {
        let mut world = self.started();
        let now = world.clock.now();
        let Some(shard) = world.shard_mut() else {
            drop(world);
            panic!("the SLEE does not run");
        };
        let found: Vec<_> = names.iter().map(|name| shard.service(name)).collect();
        if let Some(unknown) = found.iter().position(Option::is_none) {
            drop(world);
            panic!("there is no service `{}`", names[unknown]);
        }
        let found: Vec<_> = found.into_iter().flatten().collect();
        let changed = change(shard, now, &found);
        let settled = world.settle();
        drop(world);
        self.check(settled);
        changed
    }
}

/// Named after its version, since the service itself has the plain name.
fn beside(def: &ServiceDef) -> ServiceOptions {
    let name = format!("{}@{}", def.component.name, def.component.version);
    let mut options = ServiceOptions::new(&name, def);
    options.active = false;
    options
}

fn switch(
    shard: &mut Shard,
    now: Now,
    (leaves, comes): (ServiceIx, ServiceIx),
    entities: Entities,
) -> Result<(), ManageError> {
    // Before anything changes: a state that has no migration is refused.
    if entities == Entities::Move {
        shard.may_move(leaves, comes)?;
    }
    shard.replace_services(now, &[leaves], &[comes])?;
    let moved = match entities {
        Entities::Stay => Ok(()),
        Entities::Move => shard.move_entities(now, leaves, comes),
    };
    shard.keep_desired(now, &[leaves, comes]);
    moved
}

fn end_canary(
    shard: &mut Shard,
    now: Now,
    canary: ServiceIx,
    entities: Entities,
) -> Result<(), ManageError> {
    let versions = shard.versions(canary);
    let of = versions
        .and_then(|versions| versions.canary)
        .map(|(of, _)| of);
    let to = of.filter(|_| entities == Entities::Move);
    if let Some(to) = to {
        shard.may_move(canary, to)?;
    }
    shard.deactivate_services(now, &[canary])?;
    let moved = match to {
        Some(to) => shard.move_entities(now, canary, to),
        None => Ok(()),
    };
    shard.keep_desired(now, &[canary]);
    moved
}
