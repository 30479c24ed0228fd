//! The shard: what whoever drives a kernel calls.

mod usage;
mod versions;

use crate::inspect::{
    ActivityGlance, ActivityInfo, Counts, EntityGlance, EntityInfo, Found, Metrics, TimerInfo, Walk,
};
use crate::intensity::{Failure, Intensity};
use crate::kernel::Kernel;
use crate::manage::{
    AdaptorState, InstallError, ManageError, ReleaseError, ReplaceError, RestoreError, Restored,
    ServiceState, SleeState, TableError,
};
use crate::options::{Limits, Options, ServiceOptions};
use crate::output::{NetInput, ShardOutput};
use crate::profile::{EditDraft, EditId, ProfileSnapshot, ProfileWrite, TableInfo};
use crate::quarantine::QuarantinedInfo;
use crate::recorder::{
    FedMessage, FeedCounts, Ladder, LadderInfo, RecorderCounts, RecorderOptions,
};
use crate::service::Service;
use crate::tally::{AdaptorTally, EventTally, SbbTally, ServiceTally, Stopwatch};
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;
use strowger::id::{ActivityId, Component, EntityId, RaIx, ServiceIx, Slot, TimerId};
use strowger::profile::{AnyProfile, ProfileDecl};
use strowger::ra::{AdaptorDef, NewWork, Told};
use strowger::service::ServiceDef;
use strowger::time::{Mono, Now};
use strowger_journal::{Group, Record, Seq};

/// All slots of a node, with the adaptor entities and services that work on them.
///
/// **Turn.** After one or more inputs: [`run`](Self::run) until it says that nothing more is to be done, or the budget is
/// spent; then [`take_group`](Self::take_group) and give it to the journal; then [`poll_output`](Self::poll_output)
/// until it is empty. When the journal says that a commit is durable: [`durable`](Self::durable), then poll again.
/// When the time that [`deadline`](Self::deadline) names has come: [`timeout`](Self::timeout), then a turn.
///
/// **Life.** Install adaptors and services, bind links, [`restore`](Self::restore) every record, call
/// [`restored`](Self::restored), activate what shall be active, [`start`](Self::start). In the end
/// [`stop`](Self::stop), and turns until [`is_quiet`](Self::is_quiet).
pub struct Shard {
    kernel: Kernel,
}

impl Shard {
    /// An empty shard, stopped.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "options are made for the call"
    )]
    pub fn new(options: Options) -> Self {
        Self {
            kernel: Kernel::new(&options),
        }
    }

    // ---- what is installed

    /// Makes an adaptor entity, inactive (R-RE-01).
    ///
    /// # Errors
    /// See [`InstallError`].
    pub fn install_adaptor(
        &mut self,
        name: &str,
        def: &AdaptorDef,
        settings: &Arc<dyn Any + Send + Sync>,
    ) -> Result<RaIx, InstallError> {
        self.kernel.install_adaptor(name, def, settings)
    }
    /// Makes an inactive adaptor entity anew, of the same type and with other settings: inactive, under another number, with the
    /// links of the old one (R-RE-03).
    ///
    /// # Errors
    /// See [`ReplaceError`].
    pub fn replace_adaptor(
        &mut self,
        ra: RaIx,
        def: &AdaptorDef,
        settings: &Arc<dyn Any + Send + Sync>,
    ) -> Result<RaIx, ReplaceError> {
        self.kernel.replace_adaptor(ra, def, settings)
    }
    /// Whether an adaptor entity can have that name.
    #[must_use]
    pub fn may_install(&self, name: &str) -> bool {
        self.kernel.may_install(name)
    }
    /// Removes an inactive adaptor entity that no link leads to (R-RE-01). What of it is in the store is found no more at the next
    /// start, so its last commits have to be durable before.
    ///
    /// # Errors
    /// It is not inactive, or something depends on it.
    pub fn remove_adaptor(&mut self, ra: RaIx) -> Result<(), ManageError> {
        self.kernel.remove_adaptor(ra)
    }
    /// Whether an adaptor entity can be removed once it is inactive and these links of its are unbound (R-RE-01).
    ///
    /// # Errors
    /// What depends on it, or is under way.
    pub fn may_remove(&self, ra: RaIx, links: &[String]) -> Result<(), ManageError> {
        self.kernel.may_remove(ra, links)
    }
    /// Whether an adaptor entity has neither activities nor records of its own in the store, so that
    /// [`retire_adaptor`](Self::retire_adaptor) can make it inactive at once.
    ///
    /// # Errors
    /// What it has.
    pub fn may_retire(&self, ra: RaIx) -> Result<(), ManageError> {
        self.kernel.may_retire(ra)
    }
    /// Deactivates an adaptor entity of which nothing is under way: it is inactive at once. Whether it was active.
    ///
    /// # Errors
    /// What is under way.
    pub fn retire_adaptor(&mut self, now: Now, ra: RaIx) -> Result<bool, ManageError> {
        self.kernel.retire_adaptor(now, ra)
    }
    /// Installs a service, inactive.
    ///
    /// # Errors
    /// See [`InstallError`].
    pub fn install_service(
        &mut self,
        def: ServiceDef,
        options: ServiceOptions,
    ) -> Result<ServiceIx, InstallError> {
        self.kernel.install_service(def, options)
    }
    /// Binds a link name to an adaptor entity, for all services (R-LK-01).
    ///
    /// # Errors
    /// The name is taken, or there is no such entity.
    pub fn bind_link(&mut self, link: &str, adaptor: RaIx) -> Result<(), ManageError> {
        self.kernel.bind_link(link, adaptor)
    }
    /// Unbinds it.
    ///
    /// # Errors
    /// It is not bound, or a service that is not inactive uses it.
    pub fn unbind_link(&mut self, link: &str) -> Result<(), ManageError> {
        self.kernel.unbind_link(link)
    }
    /// Whether [`unbind_link`](Self::unbind_link) would unbind it.
    ///
    /// # Errors
    /// What that would say.
    pub fn may_unbind(&self, link: &str) -> Result<(), ManageError> {
        self.kernel.may_unbind(link)
    }
    /// Gives an inactive service other links: each by its name, with that of an adaptor entity (R-SV-02).
    ///
    /// # Errors
    /// It is not inactive.
    pub fn relink_service(
        &mut self,
        service: ServiceIx,
        links: Vec<(String, String)>,
    ) -> Result<(), ManageError> {
        self.kernel.relink_service(service, links)
    }
    /// The adaptor entity of a name.
    #[must_use]
    pub fn adaptor(&self, name: &str) -> Option<RaIx> {
        self.kernel.adaptor_named(name)
    }
    /// The service of a name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<ServiceIx> {
        self.kernel.service_named(name)
    }

    // ---- profiles

    /// Makes a profile specification known of which no installed service has a table, so that its tables can be kept.
    ///
    /// # Errors
    /// Another one has its name, and differs.
    pub fn declare_profile(&mut self, decl: &ProfileDecl) -> Result<(), InstallError> {
        self.kernel.declare_profile(decl)
    }
    /// The profile specifications that are known.
    pub fn specifications(&self) -> impl Iterator<Item = Component> {
        self.kernel.specifications()
    }
    /// Makes a profile table (R-PR-01), of a specification that a service or `declare_profile` has made known.
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn create_table(
        &mut self,
        now: Now,
        name: &str,
        spec: Component,
    ) -> Result<(), TableError> {
        self.kernel.create_table(now, name, spec).map(drop)
    }
    /// Renames a profile table.
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn rename_table(&mut self, now: Now, old: &str, new: &str) -> Result<(), TableError> {
        self.kernel.rename_table(now, old, new)
    }
    /// Removes a profile table with all that is in it.
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn remove_table(&mut self, now: Now, name: &str) -> Result<(), TableError> {
        self.kernel.remove_table(now, name)
    }
    /// All profile tables, in the order of their names.
    pub fn tables(&self) -> impl Iterator<Item = TableInfo> {
        self.kernel.tables()
    }
    /// What a profile table holds now, shared with the shard, to be read on any thread.
    #[must_use]
    pub fn profile_snapshot(&self, table: &str) -> Option<ProfileSnapshot> {
        self.kernel.profile_snapshot(table)
    }
    /// Changes a table's default profile: what profiles made after it begin with (R-PR-01).
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn set_default_profile(
        &mut self,
        now: Now,
        table: &str,
        profile: Box<dyn AnyProfile>,
    ) -> Result<(), TableError> {
        self.kernel.set_default_profile(now, table, profile)
    }
    /// Writes profiles of a table in one transaction.
    ///
    /// # Errors
    /// See [`TableError`]; with the place of the write that is refused. None was carried out.
    pub fn write_profiles(
        &mut self,
        now: Now,
        table: &str,
        writes: Vec<ProfileWrite>,
    ) -> Result<(), (usize, TableError)> {
        self.kernel.write_profiles(now, table, writes)
    }
    /// Begins to make a profile, which is seen by nobody until [`commit_edit`](Self::commit_edit) (R-PR-07).
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn edit_new(&mut self, now: Now, table: &str, name: &str) -> Result<EditId, TableError> {
        self.kernel.edit_new(now, table, name)
    }
    /// Begins to change a profile.
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn edit_profile(
        &mut self,
        now: Now,
        table: &str,
        name: &str,
    ) -> Result<EditId, TableError> {
        self.kernel.edit_profile(now, table, name)
    }
    /// What the edit sessions of a table hold, or one of them.
    #[must_use]
    pub fn drafts(&self, now: Now, table: &str, one: Option<EditId>) -> Vec<EditDraft> {
        self.kernel.drafts(now, table, one)
    }
    /// Changes what an edit session holds; if `change` fails, nothing of it.
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn change_edit(
        &mut self,
        now: Now,
        edit: EditId,
        change: impl FnOnce(&ProfileDecl, &mut dyn AnyProfile) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        self.kernel.change_edit(now, edit, change)
    }
    /// Whether what an edit session holds would be committed.
    ///
    /// # Errors
    /// Why it would not: see [`TableError`].
    pub fn verify_edit(&mut self, now: Now, edit: EditId) -> Result<(), TableError> {
        self.kernel.verify_edit(now, edit)
    }
    /// Publishes what an edit session holds, if it is valid and nobody wrote the profile meanwhile.
    ///
    /// # Errors
    /// See [`TableError`]; the session goes on.
    pub fn commit_edit(&mut self, now: Now, edit: EditId) -> Result<(), TableError> {
        self.kernel.commit_edit(now, edit)
    }
    /// Drops what an edit session did not commit, and takes up what the table has; one whose profile is not there ends.
    ///
    /// # Errors
    /// There is no such session.
    pub fn restore_edit(&mut self, now: Now, edit: EditId) -> Result<(), TableError> {
        self.kernel.restore_edit(now, edit)
    }
    /// Ends an edit session.
    ///
    /// # Errors
    /// It holds changes that are neither committed nor dropped, or there is no such session.
    pub fn close_edit(&mut self, now: Now, edit: EditId) -> Result<(), TableError> {
        self.kernel.close_edit(now, edit)
    }

    // ---- recovery

    /// Takes a record of the store, in the order of keys, before anything is activated.
    ///
    /// # Errors
    /// See [`RestoreError`]; the shard is then useless.
    pub fn restore(&mut self, now: Now, record: &Record<'_>) -> Result<(), RestoreError> {
        self.kernel.restore(now, record)
    }
    /// All records have been given; `last` is the last commit in the store.
    ///
    /// # Errors
    /// See [`RestoreError`]; the shard is then useless.
    pub fn restored(&mut self, now: Now, last: Seq) -> Result<Restored, RestoreError> {
        self.kernel.restored(now, last)
    }

    // ---- states

    /// Starts the SLEE (R-SL-01): active adaptor entities and services begin to work.
    ///
    /// # Errors
    /// It is not stopped.
    pub fn start(&mut self, now: Now) -> Result<(), ManageError> {
        self.kernel.start(now)
    }
    /// Stops the SLEE: nothing new begins, what is there goes on; [`is_quiet`](Self::is_quiet) tells when it is done.
    ///
    /// # Errors
    /// It does not run.
    pub fn stop(&mut self, now: Now) -> Result<(), ManageError> {
        self.kernel.stop(now)
    }
    /// Whether no activity is left but those of services, no entity, no event, and nothing to send.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.kernel.is_quiet()
    }
    /// Activates services, all or none (R-SV-01).
    ///
    /// # Errors
    /// See [`ManageError`].
    pub fn activate_services(
        &mut self,
        now: Now,
        services: &[ServiceIx],
    ) -> Result<(), ManageError> {
        self.kernel.switch_services(now, &[], services)
    }
    /// Deactivates services, all or none; each is inactive when its last entity is gone (R-SV-05).
    ///
    /// # Errors
    /// See [`ManageError`].
    pub fn deactivate_services(
        &mut self,
        now: Now,
        services: &[ServiceIx],
    ) -> Result<(), ManageError> {
        self.kernel.switch_services(now, services, &[])
    }
    /// Deactivates some and activates others at one instant, all or none (R-SV-08).
    ///
    /// # Errors
    /// See [`ManageError`].
    pub fn replace_services(
        &mut self,
        now: Now,
        old: &[ServiceIx],
        new: &[ServiceIx],
    ) -> Result<(), ManageError> {
        self.kernel.switch_services(now, old, new)
    }
    /// Activates an adaptor entity (R-RE-01).
    ///
    /// # Errors
    /// It is not inactive.
    pub fn activate_adaptor(&mut self, now: Now, ra: RaIx) -> Result<(), ManageError> {
        self.kernel.activate_adaptor(now, ra)
    }
    /// Deactivates an adaptor entity; it is inactive when its last activity has ended.
    ///
    /// # Errors
    /// It is not active.
    pub fn deactivate_adaptor(&mut self, now: Now, ra: RaIx) -> Result<(), ManageError> {
        self.kernel.deactivate_adaptor(now, ra)
    }
    /// State of the SLEE.
    #[must_use]
    pub fn state(&self) -> SleeState {
        self.kernel.slee
    }
    /// State of a service.
    #[must_use]
    pub fn service_state(&self, service: ServiceIx) -> Option<ServiceState> {
        self.kernel.service(service).map(|s| s.state)
    }
    /// State of an adaptor entity.
    #[must_use]
    pub fn adaptor_state(&self, ra: RaIx) -> Option<AdaptorState> {
        self.kernel.adaptor(ra).map(|a| a.state)
    }

    // ---- a turn

    /// Hands what came from the network to an adaptor entity.
    pub fn input(&mut self, now: Now, ra: RaIx, input: NetInput<'_>) {
        self.kernel.net_input(now, ra, input);
    }
    /// Gives an adaptor entity settings that have changed: verified, of its type, and different in live keys only.
    pub fn configure_adaptor(&mut self, now: Now, ra: RaIx, settings: &(dyn Any + Send + Sync)) {
        self.kernel.now = now;
        self.kernel.configure_adaptor(ra, settings);
    }
    /// Gives a service settings that have changed, for all that its handlers do from here on. `false`: there is no such
    /// service, or they are of another type than its own.
    pub fn configure_service(
        &mut self,
        service: ServiceIx,
        settings: Arc<dyn Any + Send + Sync>,
    ) -> bool {
        let fits = |own: &&mut Service| (*own.settings).type_id() == (*settings).type_id();
        match self.kernel.service_mut(service).filter(fits) {
            Some(own) => own.settings = settings,
            None => return false,
        }
        true
    }
    /// What operators see of an adaptor entity.
    #[must_use]
    pub fn report(&self, ra: RaIx) -> Vec<strowger::ra::Report> {
        let adaptor = self.kernel.adaptor(ra);
        adaptor.map(|a| a.report()).unwrap_or_default()
    }
    /// Tells all adaptor entities what becomes of new work.
    pub fn new_work_of_all(&mut self, now: Now, new: NewWork) {
        self.kernel.new_work_of_all(now, new);
    }
    /// Tells one adaptor entity, if it has not been told so already. What it was told before.
    pub fn new_work(&mut self, now: Now, ra: RaIx, new: NewWork) -> NewWork {
        self.kernel.new_work(now, ra, new)
    }
    /// Whether what adaptors tell of sources is kept until it is taken.
    pub fn listen_to_told(&mut self, listens: bool) {
        self.kernel.told.listen(listens);
    }
    /// What an adaptor entity has told of a source, the oldest first.
    pub fn take_told(&mut self) -> Option<(RaIx, Told)> {
        self.kernel.told.take()
    }
    /// Does what is due at `now`: timers, ends of suspensions, deadlines of adaptor entities.
    pub fn timeout(&mut self, now: Now) {
        self.kernel.time_out(now);
    }
    /// When [`timeout`](Self::timeout) is to be called next, as of the last `now` that was given.
    #[must_use]
    pub fn deadline(&self) -> Option<Mono> {
        self.kernel.deadline()
    }
    /// Routes events that wait; at most about `budget` deliveries. Whether more is to be done.
    pub fn run(&mut self, now: Now, budget: usize) -> bool {
        self.kernel.run(now, budget)
    }
    /// What has changed since the last group, as one commit; `None` when nothing has that must be kept.
    pub fn take_group(&mut self) -> Option<Group> {
        self.kernel.take_group()
    }
    /// Takes back the buffer of a group that has been written.
    pub fn recycle(&mut self, buffer: Vec<u8>) {
        self.kernel.recycle(buffer);
    }
    /// Everything up to that commit is durable.
    pub fn durable(&mut self, seq: Seq) {
        self.kernel.outputs.durable(seq);
    }
    /// The last commit of class strict: when it is durable, so is all that was done before.
    #[must_use]
    pub fn last_strict(&self) -> Seq {
        self.kernel.journal.last_strict
    }
    /// The last commit that something to be done waits for. A commit that nothing waits for may take its time.
    #[must_use]
    pub fn awaits(&self) -> Option<Seq> {
        self.kernel.outputs.awaits()
    }
    /// The next thing to do, if what it depends on is durable.
    pub fn poll_output(&mut self) -> Option<ShardOutput> {
        self.kernel.outputs.poll()
    }

    // ---- the recorder

    /// Says which calls are recorded from here on; what is held stays, as far as it fits.
    pub fn configure_recorder(&mut self, options: RecorderOptions) {
        self.kernel.recorder.configure(options);
    }
    /// What the recorder has done, and what it holds.
    #[must_use]
    pub fn recorder_counts(&self) -> RecorderCounts {
        self.kernel.recorder.counts()
    }
    /// Recorded calls with numbers below `after`, the latest first; `find` is part of the name of a party or of a key.
    /// With the number that the next page is after, unless there is none.
    #[must_use]
    pub fn ladders(
        &self,
        after: Option<u64>,
        limit: usize,
        find: &str,
    ) -> (Vec<LadderInfo>, Option<u64>) {
        self.kernel.ladders(after, limit, find)
    }
    /// A recorded call.
    #[must_use]
    pub fn ladder(&self, id: u64) -> Option<Ladder> {
        self.kernel.ladder(id)
    }

    /// Messages of recorded calls that wait to be taken, about so many bytes of them: see [`RecorderOptions::feed`].
    pub fn take_messages(&mut self, bytes: u64) -> Vec<FedMessage> {
        self.kernel.recorder.take_messages(bytes)
    }
    /// Recorded calls that are over, on which nothing has happened for `settled`, and that were not taken as they are.
    pub fn take_ladders(&mut self, now: Now, most: usize, settled: Duration) -> Vec<Ladder> {
        self.kernel.take_ladders(now, most, settled)
    }
    /// What waits to be taken, and what was lost of that.
    #[must_use]
    pub fn feed_counts(&self) -> FeedCounts {
        self.kernel.recorder.feed_counts()
    }

    // ---- housekeeping

    /// How much there is.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.kernel.counts()
    }
    /// Counters of the kernel.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.kernel.metrics
    }
    /// The event types that the shard has met, in the order of their numbers in [`Probe`](crate::Probe).
    pub fn event_types(&self) -> impl Iterator<Item = Component> {
        let registry = &self.kernel.registry;
        let decls = (0..registry.events()).filter_map(|ix| registry.event_decl(ix));
        decls.map(|decl| decl.component)
    }
    /// Lends it a stopwatch for the times of deliveries; without one they are not timed.
    pub fn time_deliveries(&mut self, stopwatch: Box<dyn Stopwatch>) {
        self.kernel.timing.stopwatch = Some(stopwatch);
    }
    /// The limits that it was made with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.kernel.limits
    }
    /// What was counted of each event type, in the order of [`event_types`](Self::event_types).
    pub fn event_tallies(&self) -> impl Iterator<Item = (Component, EventTally)> {
        self.kernel.registry.tallies()
    }
    /// How many activities there are of each type that the shard has met.
    pub fn activity_types(&self) -> impl Iterator<Item = (Component, u32)> {
        self.kernel.registry.living()
    }
    /// What was counted of a service.
    #[must_use]
    pub fn service_tally(&self, service: ServiceIx) -> Option<ServiceTally> {
        self.kernel.service(service).map(|s| s.tally)
    }
    /// What was counted of the SBBs of a service, its root first.
    pub fn sbb_tallies(&self, service: ServiceIx) -> impl Iterator<Item = (Component, SbbTally)> {
        let service = self.kernel.service(service).into_iter();
        service.flat_map(|s| s.sbbs.iter().map(|sbb| (sbb.component, sbb.tally)))
    }
    /// What was counted of an adaptor entity.
    #[must_use]
    pub fn adaptor_tally(&self, ra: RaIx) -> Option<AdaptorTally> {
        self.kernel.adaptor(ra).map(|a| a.tally)
    }
    /// Counters of the adaptor entities, in the order of entity and name.
    pub fn counters(&self) -> impl Iterator<Item = (RaIx, &'static str, u64)> {
        self.kernel.ras().flat_map(|ra| {
            let mut counters = self
                .kernel
                .adaptor(ra)
                .map_or_else(Vec::new, |a| a.counters.clone());
            counters.sort_unstable();
            counters.into_iter().map(move |(name, n)| (ra, name, n))
        })
    }
    /// What an adaptor entity shows to its provider.
    #[must_use]
    pub fn view(&self, ra: RaIx) -> Option<&dyn Any> {
        self.kernel.adaptor(ra)?.view()
    }
    /// The slot of a key, as adaptors and providers compute it.
    #[must_use]
    pub fn slot_of(&self, key: &[u8]) -> Slot {
        self.kernel.slot(key)
    }
    /// All activities, in the order of slot and place.
    pub fn activities(&self) -> impl Iterator<Item = ActivityInfo> {
        self.kernel
            .activities
            .ids()
            .filter_map(|id| self.kernel.activity_info(id))
    }
    /// One activity.
    #[must_use]
    pub fn activity(&self, id: ActivityId) -> Option<ActivityInfo> {
        self.kernel.activity_info(id)
    }
    /// All entities, in the order of slot and place.
    pub fn entities(&self) -> impl Iterator<Item = EntityInfo> {
        self.kernel
            .entities
            .ids()
            .filter_map(|id| self.kernel.entity_info(id))
    }
    /// One entity.
    #[must_use]
    pub fn entity(&self, id: EntityId) -> Option<EntityInfo> {
        self.kernel.entity_info(id)
    }
    /// All timers that will still expire, in the order of slot and place.
    pub fn timers(&self) -> impl Iterator<Item = TimerInfo> {
        self.kernel
            .timers
            .ids()
            .filter_map(|id| self.kernel.timer_info(id))
    }
    /// Part of the activities that are wanted, in the order of slot and place.
    pub fn walk_activities(
        &self,
        walk: Walk<ActivityId>,
        wanted: impl FnMut(&ActivityGlance) -> bool,
    ) -> Found<ActivityInfo, ActivityId> {
        self.kernel.walk_activities(walk, wanted)
    }
    /// Part of the entities that are wanted, in the order of slot and place.
    pub fn walk_entities(
        &self,
        walk: Walk<EntityId>,
        wanted: impl FnMut(&EntityGlance) -> bool,
    ) -> Found<EntityInfo, EntityId> {
        self.kernel.walk_entities(walk, wanted)
    }
    /// Part of the timers that will still expire and are wanted, in the order of slot and place.
    pub fn walk_timers(
        &self,
        walk: Walk<TimerId>,
        wanted: impl FnMut(&TimerInfo) -> bool,
    ) -> Found<TimerInfo, TimerId> {
        self.kernel.walk_timers(walk, wanted)
    }
    /// Link names that are bound for all services, sorted, with their adaptor entities.
    pub fn links(&self) -> impl Iterator<Item = (&str, RaIx)> {
        self.kernel.links.iter().map(|(name, ra)| (&**name, *ra))
    }
    /// Links of a service, and the adaptor entities behind them, as they were when it was last activated.
    pub fn links_of(&self, service: ServiceIx) -> impl Iterator<Item = (&'static str, RaIx)> {
        let service = self.kernel.service(service);
        let links = service.map_or(&[][..], |service| &service.links);
        links.iter().map(|(name, _, ra)| (*name, *ra))
    }
    /// All names, sorted, with their activities.
    pub fn names(&self) -> impl Iterator<Item = (&str, ActivityId)> {
        self.kernel.bound_names()
    }
    /// Deliveries that were put aside because they ended in a panic, with numbers above `after`, the oldest first; only those of
    /// a service if one is given. With the number that the next part is after, unless there is none.
    #[must_use]
    pub fn quarantined(
        &self,
        after: Option<u64>,
        limit: usize,
        service: Option<ServiceIx>,
    ) -> (Vec<QuarantinedInfo>, Option<u64>) {
        self.kernel.quarantined(after, limit, service)
    }
    /// One of them.
    #[must_use]
    pub fn quarantined_one(&self, number: u64) -> Option<QuarantinedInfo> {
        self.kernel.quarantined_one(number)
    }
    /// Has one of them made again, to the receiver that it failed for. Should it fail again it is put aside under the number
    /// that it had.
    ///
    /// # Errors
    /// See [`ReleaseError`].
    pub fn release_quarantined(&mut self, now: Now, number: u64) -> Result<(), ReleaseError> {
        self.kernel.release_quarantined(now, number)
    }
    /// Drops one of them; whether there was one.
    pub fn discard_quarantined(&mut self, now: Now, number: u64) -> bool {
        self.kernel.discard_quarantined(now, number)
    }
    /// Clears an alarm that a service has raised; whether it stood (R-AL-02).
    pub fn clear_alarm(
        &mut self,
        now: Now,
        service: ServiceIx,
        kind: &str,
        instance: &str,
    ) -> bool {
        self.kernel.clear_alarm(now, service, kind, instance)
    }
    /// Says how many deliveries of a service may fail from here on.
    pub fn limit_failures(&mut self, service: ServiceIx, intensity: Intensity) {
        self.kernel.limit_failures(service, intensity);
    }
    /// A delivery of a service has held up all others for longer than it may, as whoever drives the shard has seen.
    pub fn count_hang(&mut self, now: Now, service: ServiceIx) {
        self.kernel.now = now;
        self.kernel.count_failure(service, Failure::Hung);
    }
    /// Has the next delivery of an event type, by its place in [`event_types`](Self::event_types), to an entity fail without
    /// being made, and puts it aside as one that panics: for those with which a process did not come back.
    pub fn hold_back_delivery(&mut self, entity: EntityId, event: usize) {
        if let Ok(kind) = u16::try_from(event) {
            self.kernel.hold_back(entity, kind);
        }
    }
    /// Ends an activity on behalf of the operator; its adaptor entity is told (R-RP-05).
    ///
    /// # Errors
    /// It is gone.
    pub fn end_activity(&mut self, now: Now, activity: ActivityId) -> Result<(), ManageError> {
        self.kernel.administrative_end(now, activity)
    }
    /// Removes an entity and its descendants on behalf of the operator, in a transaction of its own.
    ///
    /// # Errors
    /// It is gone.
    pub fn remove_entity(&mut self, now: Now, entity: EntityId) -> Result<(), ManageError> {
        self.kernel.administrative_remove(now, entity)
    }
}

impl std::fmt::Debug for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shard")
            .field("state", &self.kernel.slee)
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}
