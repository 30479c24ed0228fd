//! The shard of a running node, with the methods of the kernel's own: each is done on the shard's thread.

use super::stage::Stage;
use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;
use strowger::id::{ActivityId, Component, EntityId, RaIx, ServiceIx};
use strowger::profile::{AnyProfile, ProfileDecl};
use strowger::ra::{AdaptorDef, NewWork};
use strowger::service::ServiceDef;
use strowger::time::{Mono, Now};
use strowger::tracer::Level;
use strowger_kernel::{self as kernel, *};

pub(crate) struct Shard(RefCell<Stage>);

/// What a shard knows, given away as it is.
macro_rules! knows {
    ($($name:ident($($arg:ident: $type:ty),*) -> $given:ty;)*) => {
        $(pub(crate) fn $name(&self $(, $arg: $type)*) -> $given {
            self.look(move |shard, _| shard.$name($($arg),*))
        })*
    };
}
/// Lists of it.
macro_rules! lists {
    ($($name:ident($($arg:ident: $type:ty),*) -> $given:ty;)*) => {
        $(pub(crate) fn $name(&self $(, $arg: $type)*) -> impl Iterator<Item = $given> + use<> {
            let all = self.look(move |shard, _| shard.$name($($arg),*).collect::<Vec<$given>>());
            all.into_iter()
        })*
    };
}
/// The same where a text is the shard's.
macro_rules! named {
    ($($name:ident($($arg:ident: $type:ty),*) -> $given:ty;)*) => {
        $(pub(crate) fn $name(&self $(, $arg: $type)*) -> impl Iterator<Item = (&'static str, $given)> + use<> {
            let all = self.look(move |shard, _| {
                let all = shard.$name($($arg),*);
                all.map(|(name, of)| (name.to_owned(), of)).collect::<Vec<_>>()
            });
            all.into_iter().map(|(name, of)| (&*name.leak(), of))
        })*
    };
}
/// What is done with it at a time.
macro_rules! does {
    ($($name:ident($($arg:ident: $type:ty),*) -> $given:ty;)*) => {
        $(pub(crate) fn $name(&mut self, now: Now $(, $arg: $type)*) -> $given {
            self.at(now, move |shard, now| shard.$name(now $(, $arg)*))
        })*
    };
}
/// What is done with it at any time.
macro_rules! takes {
    ($($name:ident($($arg:ident: $type:ty),*) -> $given:ty;)*) => {
        $(pub(crate) fn $name(&mut self $(, $arg: $type)*) -> $given {
            self.look(move |shard, _| shard.$name($($arg),*))
        })*
    };
}

impl Shard {
    pub(super) const fn new(stage: Stage) -> Self {
        Self(RefCell::new(stage))
    }
    pub(super) fn stage<R>(&self, now: Now, f: impl FnOnce(&mut Stage) -> R) -> R {
        let mut stage = self.0.borrow_mut();
        stage.clock.turn(now);
        f(&mut stage)
    }
    fn look<R: Send + 'static>(
        &self,
        look: impl FnOnce(&mut kernel::Shard, Now) -> R + Send + 'static,
    ) -> R {
        self.0.borrow_mut().look(look)
    }
    fn at<R: Send + 'static>(
        &self,
        now: Now,
        act: impl FnOnce(&mut kernel::Shard, Now) -> R + Send + 'static,
    ) -> R {
        self.stage(now, |stage| stage.look(act))
    }

    knows! {
        counts() -> Counts;
        state() -> SleeState;
        is_quiet() -> bool;
        deadline() -> Option<Mono>;
        service_state(service: ServiceIx) -> Option<ServiceState>;
        adaptor_state(ra: RaIx) -> Option<AdaptorState>;
        activity(id: ActivityId) -> Option<ActivityInfo>;
        entity(id: EntityId) -> Option<EntityInfo>;
        service_tally(service: ServiceIx) -> Option<ServiceTally>;
        adaptor_tally(ra: RaIx) -> Option<AdaptorTally>;
        quarantined(after: Option<u64>, limit: usize, service: Option<ServiceIx>) -> (Vec<QuarantinedInfo>, Option<u64>);
        quarantined_one(number: u64) -> Option<QuarantinedInfo>;
        versions(service: ServiceIx) -> Option<Versions>;
        may_move(from: ServiceIx, to: ServiceIx) -> Result<(), ManageError>;
        way_back(service: ServiceIx) -> Result<(ServiceIx, Option<ServiceIx>), ManageError>;
        may_retire(ra: RaIx) -> Result<(), ManageError>;
        ladder(id: u64) -> Option<Ladder>;
        recorder_counts() -> RecorderCounts;
        feed_counts() -> FeedCounts;
        most_traced() -> Level;
    }
    pub(crate) fn metrics(&self) -> Metrics {
        self.look(|shard, _| *shard.metrics())
    }
    pub(crate) fn poll_output(&mut self) -> Option<ShardOutput> {
        self.0.borrow_mut().told()
    }
    lists! {
        entities() -> EntityInfo;
        activities() -> ActivityInfo;
        timers() -> TimerInfo;
        tables() -> TableInfo;
        event_tallies() -> (Component, EventTally);
        sbb_tallies(service: ServiceIx) -> (Component, SbbTally);
        counters() -> (RaIx, &'static str, u64);
        links_of(service: ServiceIx) -> (&'static str, RaIx);
    }
    named! {
        names() -> ActivityId;
        links() -> RaIx;
        levels() -> Level;
        tracers_used() -> u64;
    }
    does! {
        stop() -> Result<(), ManageError>;
        start() -> Result<(), ManageError>;
        timeout() -> ();
        run(budget: usize) -> bool;
        new_work_of_all(new: NewWork) -> ();
        activate_adaptor(ra: RaIx) -> Result<(), ManageError>;
        deactivate_adaptor(ra: RaIx) -> Result<(), ManageError>;
        retire_adaptor(ra: RaIx) -> Result<bool, ManageError>;
        end_activity(activity: ActivityId) -> Result<(), ManageError>;
        remove_entity(entity: EntityId) -> Result<(), ManageError>;
        set_canary(service: ServiceIx, share: Share) -> Result<(), ManageError>;
        move_entities(from: ServiceIx, to: ServiceIx) -> Result<(), ManageError>;
        release_quarantined(number: u64) -> Result<(), ReleaseError>;
        discard_quarantined(number: u64) -> bool;
        count_hang(service: ServiceIx) -> ();
        commit_edit(edit: EditId) -> Result<(), TableError>;
        verify_edit(edit: EditId) -> Result<(), TableError>;
        restore_edit(edit: EditId) -> Result<(), TableError>;
        close_edit(edit: EditId) -> Result<(), TableError>;
        take_ladders(most: usize, settled: Duration) -> Vec<Ladder>;
    }
    takes! {
        install_service(def: ServiceDef, options: ServiceOptions) -> Result<ServiceIx, InstallError>;
        remove_adaptor(ra: RaIx) -> Result<(), ManageError>;
        relink_service(service: ServiceIx, links: Vec<(String, String)>) -> Result<(), ManageError>;
        limit_failures(service: ServiceIx, intensity: Intensity) -> ();
        hold_back_delivery(entity: EntityId, event: usize) -> ();
        configure_recorder(options: RecorderOptions) -> ();
        take_messages(bytes: u64) -> Vec<FedMessage>;
    }

    pub(crate) fn activate_services(
        &mut self,
        now: Now,
        services: &[ServiceIx],
    ) -> Result<(), ManageError> {
        let services = services.to_vec();
        self.at(now, move |shard, now| {
            shard.activate_services(now, &services)
        })
    }
    pub(crate) fn deactivate_services(
        &mut self,
        now: Now,
        services: &[ServiceIx],
    ) -> Result<(), ManageError> {
        let services = services.to_vec();
        self.at(now, move |shard, now| {
            shard.deactivate_services(now, &services)
        })
    }
    pub(crate) fn replace_services(
        &mut self,
        now: Now,
        old: &[ServiceIx],
        new: &[ServiceIx],
    ) -> Result<(), ManageError> {
        let (old, new) = (old.to_vec(), new.to_vec());
        self.at(now, move |shard, now| {
            shard.replace_services(now, &old, &new)
        })
    }
    pub(crate) fn keep_desired(&mut self, now: Now, services: &[ServiceIx]) {
        let services = services.to_vec();
        self.at(now, move |shard, now| shard.keep_desired(now, &services));
    }
    pub(crate) fn service(&self, name: &str) -> Option<ServiceIx> {
        let name = name.to_owned();
        self.look(move |shard, _| shard.service(&name))
    }
    pub(crate) fn adaptor(&self, name: &str) -> Option<RaIx> {
        let name = name.to_owned();
        self.look(move |shard, _| shard.adaptor(&name))
    }
    pub(crate) fn install_adaptor(
        &mut self,
        name: &str,
        def: &AdaptorDef,
        settings: &Arc<dyn Any + Send + Sync>,
    ) -> Result<RaIx, InstallError> {
        let (name, def, settings) = (name.to_owned(), def.clone(), Arc::clone(settings));
        self.look(move |shard, _| shard.install_adaptor(&name, &def, &settings))
    }
    pub(crate) fn replace_adaptor(
        &mut self,
        ra: RaIx,
        def: &AdaptorDef,
        settings: &Arc<dyn Any + Send + Sync>,
    ) -> Result<RaIx, ReplaceError> {
        let (def, settings) = (def.clone(), Arc::clone(settings));
        self.look(move |shard, _| shard.replace_adaptor(ra, &def, &settings))
    }
    pub(crate) fn may_install(&self, name: &str) -> bool {
        let name = name.to_owned();
        self.look(move |shard, _| shard.may_install(&name))
    }
    pub(crate) fn may_remove(&self, ra: RaIx, links: &[String]) -> Result<(), ManageError> {
        let links = links.to_vec();
        self.look(move |shard, _| shard.may_remove(ra, &links))
    }
    pub(crate) fn bind_link(&mut self, link: &str, adaptor: RaIx) -> Result<(), ManageError> {
        let link = link.to_owned();
        self.look(move |shard, _| shard.bind_link(&link, adaptor))
    }
    pub(crate) fn unbind_link(&mut self, link: &str) -> Result<(), ManageError> {
        let link = link.to_owned();
        self.look(move |shard, _| shard.unbind_link(&link))
    }
    pub(crate) fn may_unbind(&self, link: &str) -> Result<(), ManageError> {
        let link = link.to_owned();
        self.look(move |shard, _| shard.may_unbind(&link))
    }
    pub(crate) fn clear_alarm(
        &mut self,
        now: Now,
        service: ServiceIx,
        kind: &str,
        instance: &str,
    ) -> bool {
        let (kind, instance) = (kind.to_owned(), instance.to_owned());
        self.at(now, move |shard, now| {
            shard.clear_alarm(now, service, &kind, &instance)
        })
    }
    pub(crate) fn assign_level(
        &mut self,
        path: &str,
        level: Option<Level>,
    ) -> Result<(), TracerError> {
        let path = path.to_owned();
        self.look(move |shard, _| shard.assign_level(&path, level))
    }
    pub(crate) fn level_of(&self, path: &str) -> Level {
        let path = path.to_owned();
        self.look(move |shard, _| shard.level_of(&path))
    }
    pub(crate) fn ladders(
        &self,
        after: Option<u64>,
        limit: usize,
        find: &str,
    ) -> (Vec<LadderInfo>, Option<u64>) {
        let find = find.to_owned();
        self.look(move |shard, _| shard.ladders(after, limit, &find))
    }

    // ---- profiles

    pub(crate) fn declare_profile(&mut self, decl: &ProfileDecl) -> Result<(), InstallError> {
        let decl = *decl;
        self.look(move |shard, _| shard.declare_profile(&decl))
    }
    pub(crate) fn create_table(
        &mut self,
        now: Now,
        name: &str,
        spec: Component,
    ) -> Result<(), TableError> {
        let name = name.to_owned();
        self.at(now, move |shard, now| shard.create_table(now, &name, spec))
    }
    pub(crate) fn rename_table(
        &mut self,
        now: Now,
        old: &str,
        new: &str,
    ) -> Result<(), TableError> {
        let (old, new) = (old.to_owned(), new.to_owned());
        self.at(now, move |shard, now| shard.rename_table(now, &old, &new))
    }
    pub(crate) fn remove_table(&mut self, now: Now, name: &str) -> Result<(), TableError> {
        let name = name.to_owned();
        self.at(now, move |shard, now| shard.remove_table(now, &name))
    }
    pub(crate) fn profile_snapshot(&self, table: &str) -> Option<ProfileSnapshot> {
        let table = table.to_owned();
        self.look(move |shard, _| shard.profile_snapshot(&table))
    }
    pub(crate) fn set_default_profile(
        &mut self,
        now: Now,
        table: &str,
        profile: Box<dyn AnyProfile>,
    ) -> Result<(), TableError> {
        let table = table.to_owned();
        self.at(now, move |shard, now| {
            shard.set_default_profile(now, &table, profile)
        })
    }
    pub(crate) fn write_profiles(
        &mut self,
        now: Now,
        table: &str,
        writes: Vec<ProfileWrite>,
    ) -> Result<(), (usize, TableError)> {
        let table = table.to_owned();
        self.at(now, move |shard, now| {
            shard.write_profiles(now, &table, writes)
        })
    }
    pub(crate) fn edit_new(
        &mut self,
        now: Now,
        table: &str,
        name: &str,
    ) -> Result<EditId, TableError> {
        let (table, name) = (table.to_owned(), name.to_owned());
        self.at(now, move |shard, now| shard.edit_new(now, &table, &name))
    }
    pub(crate) fn edit_profile(
        &mut self,
        now: Now,
        table: &str,
        name: &str,
    ) -> Result<EditId, TableError> {
        let (table, name) = (table.to_owned(), name.to_owned());
        self.at(now, move |shard, now| {
            shard.edit_profile(now, &table, &name)
        })
    }
    pub(crate) fn drafts(&self, now: Now, table: &str, one: Option<EditId>) -> Vec<EditDraft> {
        let table = table.to_owned();
        self.at(now, move |shard, now| shard.drafts(now, &table, one))
    }

    // ---- usage

    pub(crate) fn create_usage_set(
        &mut self,
        now: Now,
        service: ServiceIx,
        sbb: Option<&str>,
        name: &str,
    ) -> Result<(), UsageError> {
        let (sbb, name) = (sbb.map(str::to_owned), name.to_owned());
        self.at(now, move |shard, now| {
            shard.create_usage_set(now, service, sbb.as_deref(), &name)
        })
    }
    pub(crate) fn remove_usage_set(
        &mut self,
        service: ServiceIx,
        sbb: Option<&str>,
        name: &str,
    ) -> Result<(), UsageError> {
        let (sbb, name) = (sbb.map(str::to_owned), name.to_owned());
        self.look(move |shard, _| shard.remove_usage_set(service, sbb.as_deref(), &name))
    }
    pub(crate) fn usage(
        &self,
        service: ServiceIx,
        sbb: Option<&str>,
        set: Option<&str>,
    ) -> Vec<UsageReading> {
        let (sbb, set) = (sbb.map(str::to_owned), set.map(str::to_owned));
        self.look(move |shard, _| shard.usage(service, sbb.as_deref(), set.as_deref()))
    }
    pub(crate) fn reset_usage(
        &mut self,
        now: Now,
        service: ServiceIx,
        sbb: Option<&str>,
        set: Option<&str>,
    ) -> Result<usize, UsageError> {
        let (sbb, set) = (sbb.map(str::to_owned), set.map(str::to_owned));
        self.at(now, move |shard, now| {
            shard.reset_usage(now, service, sbb.as_deref(), set.as_deref())
        })
    }
    pub(crate) fn configure_usage(
        &mut self,
        now: Now,
        service: ServiceIx,
        options: &UsageOptions,
    ) -> Result<(), UsageError> {
        let options = options.clone();
        self.at(now, move |shard, now| {
            shard.configure_usage(now, service, &options)
        })
    }
}
