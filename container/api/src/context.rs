//! The context of a handler: every operation that it may do, in its delivery's transaction.

use crate::activity::{Activity, Handle, NullActivity, ServiceActivity};
use crate::alarm::Alarm;
use crate::attribute::Attribute;
use crate::child::Child;
use crate::error::{Error, OpError, Result};
use crate::event::{AnyEvent, Event, EventContext, EventDecl, FireOptions, Fired};
use crate::host::Host;
use crate::id::{ActivityId, Component, ComponentId, EntityId, RaIx, Slot, TimerId};
use crate::profile::{Profile, Table};
use crate::ra::ActivityFlags;
use crate::sbb::Sbb;
use crate::time::Now;
use crate::timer::{Timer, TimerOptions, TimerTag};
use crate::tracer::{Level, Tracer};
use crate::usage::{Usage, UsageSet};
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// Handed to every handler. Its operations belong to the delivery's transaction: they take effect together when the
/// handler returns `Ok`, and not at all when it returns `Err`, panics, or marks the transaction for rollback. Nothing else has
/// them, and it cannot be kept beyond the handler (R-TX-02).
///
/// Operations that return nothing cannot be refused half-way: where their argument is stale they mark the transaction
/// for rollback, as R-AC-03 asks, and the handler goes on in vain.
pub struct Cx<'a> {
    host: &'a mut dyn Host,
    entity: EntityId,
    activity: Option<ActivityId>,
    /// The most that any tracer lets pass, so that a message which nobody wants does not even ask the kernel.
    traced: Level,
}

impl fmt::Debug for Cx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx")
            .field("entity", &self.entity)
            .field("activity", &self.activity)
            .finish_non_exhaustive()
    }
}

impl<'a> Cx<'a> {
    /// For the kernel: a context of one entity, in the delivery of an event on `activity`, if it is one.
    pub fn new(host: &'a mut dyn Host, entity: EntityId, activity: Option<ActivityId>) -> Self {
        Self {
            host,
            entity,
            activity,
            traced: Level::Trace,
        }
    }
    /// For the kernel: no tracer at all lets pass what is above that level.
    #[must_use]
    pub fn traced(self, most: Level) -> Self {
        Self {
            traced: most,
            ..self
        }
    }

    // ---- time and self

    /// Both clocks, as they were when the delivery began.
    #[must_use]
    pub fn now(&self) -> Now {
        self.host.now()
    }
    /// Unpredictable bits, the same in every run from the same seed.
    pub fn random(&mut self) -> u64 {
        self.host.random()
    }
    /// This entity.
    #[must_use]
    pub const fn entity(&self) -> EntityId {
        self.entity
    }
    /// The activity whose event is delivered; `None` in a synchronous call or a callback.
    #[must_use]
    pub const fn activity(&self) -> Option<ActivityId> {
        self.activity
    }
    /// Name, vendor and version of this entity's service.
    #[must_use]
    pub fn service(&self) -> Option<Component> {
        self.host.service_of(self.entity)
    }

    // ---- activity contexts

    /// Attaches this entity to an activity; no effect if it is attached already (R-AC-03).
    pub fn attach(&mut self, activity: impl Into<ActivityId>) {
        let r = self.host.attach(self.entity, activity.into());
        self.or_rollback(r);
    }
    /// Detaches this entity from an activity; no effect if it is not attached.
    pub fn detach(&mut self, activity: impl Into<ActivityId>) {
        let r = self.host.detach(self.entity, activity.into());
        self.or_rollback(r);
    }
    /// Attaches another entity, a child as a rule.
    pub fn attach_entity(&mut self, entity: impl Into<EntityId>, activity: impl Into<ActivityId>) {
        let r = self.host.attach(entity.into(), activity.into());
        self.or_rollback(r);
    }
    /// Detaches another entity.
    pub fn detach_entity(&mut self, entity: impl Into<EntityId>, activity: impl Into<ActivityId>) {
        let r = self.host.detach(entity.into(), activity.into());
        self.or_rollback(r);
    }
    /// Whether this entity is attached to an activity.
    #[must_use]
    pub fn is_attached(&self, activity: impl Into<ActivityId>) -> bool {
        self.host.is_attached(self.entity, activity.into())
    }
    /// The activities that this entity is attached to, in the order of attachment.
    #[must_use]
    pub fn activities(&self) -> Vec<ActivityId> {
        self.host.activities(self.entity)
    }
    /// The handle as one of type `A`, if the activity lives and is of that type.
    #[must_use]
    pub fn narrow<A: Activity>(&self, activity: impl Into<ActivityId>) -> Option<Handle<A>> {
        let id = activity.into();
        (self.host.activity_type(id)? == A::TYPE).then(|| Handle::from_id(id))
    }
    /// Whether the activity lives: not gone, and not ending.
    #[must_use]
    pub fn is_alive(&self, activity: impl Into<ActivityId>) -> bool {
        self.host.is_ending(activity.into()) == Ok(false)
    }
    /// Masks exactly these event types for this entity on an activity; none unmasks all (R-MK-02).
    ///
    /// # Errors
    /// Not attached, or an event type that this SBB does not receive.
    pub fn mask(
        &mut self,
        activity: impl Into<ActivityId>,
        events: &[Component],
    ) -> Result<(), OpError> {
        self.host.set_mask(self.entity, activity.into(), events)
    }
    /// The event types masked for this entity on an activity.
    ///
    /// # Errors
    /// Not attached.
    pub fn event_mask(&self, activity: impl Into<ActivityId>) -> Result<Vec<Component>, OpError> {
        self.host.mask(self.entity, activity.into())
    }

    // ---- events

    /// Fires an event on an activity, at commit (R-EV-04, R-EV-05).
    ///
    /// # Errors
    /// The activity is gone or ending.
    pub fn fire<E: Event>(
        &mut self,
        activity: impl Into<ActivityId>,
        event: E,
    ) -> Result<(), OpError> {
        self.fire_with(activity, event, FireOptions::default())
    }
    /// The same with an address, or to one service only.
    ///
    /// # Errors
    /// The activity is gone or ending.
    pub fn fire_with<E: Event>(
        &mut self,
        activity: impl Into<ActivityId>,
        event: E,
        options: FireOptions,
    ) -> Result<(), OpError> {
        self.host.fire(
            self.entity,
            activity.into(),
            AnyEvent::new(event),
            EventDecl::of::<E>(),
            options,
        )
    }
    /// Names the event under delivery; may be kept, to resume it later.
    ///
    /// # Errors
    /// There is none.
    pub fn event_context(&self) -> Result<EventContext, OpError> {
        self.host.event_context().ok_or(OpError::NoEvent)
    }
    /// The event that a context names, with its address and target service: while it is delivered, and while it is held back,
    /// also after a restart (R-EC-07). Its activity is in the context.
    ///
    /// ```
    /// # use strowger::prelude::*;
    /// # #[derive(Debug, Event)]
    /// # struct Ring { line: u16 }
    /// fn line(cx: &Cx, held: EventContext) -> Option<u16> {
    ///     let fired = cx.fired(held).ok()?;
    ///     fired.event.downcast_ref().map(|ring: &Ring| ring.line)
    /// }
    /// ```
    ///
    /// # Errors
    /// The event was offered to all that it was for, or its activity is gone.
    pub fn fired(&self, context: EventContext) -> Result<Fired, OpError> {
        self.host.fired(context)
    }
    /// From commit on, holds this event back from its other receivers and later events of the activity from all, until
    /// it is resumed or `timeout` has passed; `None` is the configured default (R-EC-02).
    ///
    /// # Errors
    /// Suspended already, or a zero timeout.
    pub fn suspend(&mut self, timeout: Option<Duration>) -> Result<EventContext, OpError> {
        let context = self.event_context()?;
        self.host.suspend(context, timeout)?;
        Ok(context)
    }
    /// Resumes the delivery of a suspended event at commit (R-EC-04).
    ///
    /// # Errors
    /// Not suspended.
    pub fn resume(&mut self, context: EventContext) -> Result<(), OpError> {
        self.host.resume(context)
    }
    /// Whether the delivery of an event is suspended, as this transaction sees it (R-EC-05).
    ///
    /// # Errors
    /// The event's activity is gone.
    pub fn is_suspended(&self, context: EventContext) -> Result<bool, OpError> {
        self.host.is_suspended(context)
    }

    // ---- timers

    /// Sets a one-shot timer on an activity; its event is `Timer<T>`.
    #[expect(clippy::needless_pass_by_value, reason = "a tag is made for the call")]
    pub fn timer<T: TimerTag>(
        &mut self,
        activity: impl Into<ActivityId>,
        after: Duration,
        tag: T,
    ) -> TimerId {
        let options = TimerOptions::once(self.now().wall + after);
        match self.timer_with(activity, options, &tag) {
            Ok(id) => id,
            Err(cause) => {
                self.host.set_rollback_only(Some(cause.into()));
                TimerId::from_raw(0)
            }
        }
    }
    /// Sets a timer with all options (R-TM-01).
    ///
    /// # Errors
    /// The activity is gone or ending, or an option is out of range.
    pub fn timer_with<T: TimerTag>(
        &mut self,
        activity: impl Into<ActivityId>,
        options: TimerOptions,
        tag: &T,
    ) -> Result<TimerId, OpError> {
        let bytes = postcard::to_extend(tag, smallvec_writer())
            .map_err(|_| OpError::BadState("timer tag"))?;
        self.host.set_timer(
            activity.into(),
            EventDecl::of::<Timer<T>>(),
            &bytes,
            options,
        )
    }
    /// Cancels a timer; no effect on one that expired or never was (R-TM-02).
    pub fn cancel(&mut self, timer: TimerId) {
        self.host.cancel_timer(timer);
    }
    /// The activity of a timer, also of an expired one while its activity lives (R-TM-09).
    #[must_use]
    pub fn timer_activity(&self, timer: TimerId) -> Option<ActivityId> {
        self.host.timer_activity(timer)
    }

    // ---- entities

    /// Makes a child entity of SBB `S`, which the `children(...)` of this SBB must name (R-SE-02).
    ///
    /// # Errors
    /// The relation is not declared, or the child's `create` callback failed (R-SO-04).
    pub fn create<S: Sbb>(&mut self) -> Result<Child<S>, OpError> {
        self.host
            .create_child(self.entity, S::SBB.id())
            .map(Child::from_id)
    }
    /// The children of this entity whose SBB is `S`, oldest first.
    #[must_use]
    pub fn children<S: Sbb>(&self) -> Vec<Child<S>> {
        self.host
            .children(self.entity, S::SBB.id())
            .into_iter()
            .map(Child::from_id)
            .collect()
    }
    /// Calls a method of a child, or of any entity of this tree, in this transaction (R-SE-05).
    ///
    /// # Errors
    /// The entity is gone, of another SBB, or executing already; or the call itself failed. In the latter case the
    /// transaction is marked for rollback.
    pub fn call<S: Sbb, R>(
        &mut self,
        child: Child<S>,
        f: impl FnOnce(&mut S, &mut Cx<'_>) -> Result<R>,
    ) -> Result<R> {
        let id = child.id();
        let entered = self.host.enter(id, S::SBB.id());
        if entered.is_err() {
            // A call through a reference to a removed entity is not survivable (R-SE-05).
            self.host.set_rollback_only(None);
        }
        let mut object = entered?;
        let mut cx = Cx::new(self.host, id, None).traced(self.traced);
        let result = match object.as_any_mut().downcast_mut::<S>() {
            Some(state) => catch_unwind(AssertUnwindSafe(|| f(state, &mut cx)))
                .unwrap_or_else(|_| Err(OpError::TransactionRolledBack(id).into())),
            None => Err(OpError::WrongSbb(id).into()),
        };
        if let Err(error) = &result
            && let Some(exception) = cx.host.hooks(id).exception
        {
            // Whatever goes wrong in it, the transaction rolls back all the same (R-EX-01).
            let _ = catch_unwind(AssertUnwindSafe(|| {
                exception(object.as_any_mut(), &mut cx, error)
            }));
        }
        self.host.leave(id, object, result.is_err());
        result
    }
    /// The parent of this entity.
    #[must_use]
    pub fn parent(&self) -> Option<EntityId> {
        self.host.parent(self.entity)
    }
    /// Removes an entity of this tree and its descendants; this entity too, if it is named (R-SE-03).
    pub fn remove(&mut self, entity: impl Into<EntityId>) {
        let r = self.host.remove(entity.into());
        self.or_rollback(r);
    }
    /// The priority of an entity of this tree.
    ///
    /// # Errors
    /// It is gone.
    pub fn priority(&self, entity: impl Into<EntityId>) -> Result<i8, OpError> {
        self.host.priority(entity.into())
    }
    /// Changes it; counts from the next choice of a receiver on (R-OR-04).
    pub fn set_priority(&mut self, entity: impl Into<EntityId>, priority: i8) {
        let r = self.host.set_priority(entity.into(), priority);
        self.or_rollback(r);
    }

    // ---- transaction

    /// Marks the transaction: whatever the handler returns, it rolls back (R-TX-05).
    pub fn set_rollback_only(&mut self) {
        self.host.set_rollback_only(None);
    }
    /// Whether it is marked.
    #[must_use]
    pub fn rollback_only(&self) -> bool {
        self.host.rollback_only()
    }

    // ---- null activities, names, attributes

    /// Makes a null activity; it lives while something refers to it (R-NA).
    ///
    /// # Errors
    /// The SLEE is stopping.
    pub fn null_activity(&mut self) -> Result<Handle<NullActivity>, OpError> {
        self.host.create_null().map(Handle::from_id)
    }
    /// Ends a null activity at commit; idempotent.
    ///
    /// # Errors
    /// The handle names no null activity.
    pub fn end(&mut self, activity: Handle<NullActivity>) -> Result<(), OpError> {
        self.host.end_null(activity.id())
    }
    /// The activity of this entity's service (R-SV-07).
    #[must_use]
    pub fn service_activity(&self) -> Option<Handle<ServiceActivity>> {
        self.host.service_activity(self.entity).map(Handle::from_id)
    }
    /// Binds a name, unique on the node, to an activity (R-NF-01).
    ///
    /// # Errors
    /// The name is empty or taken, or the activity is gone.
    pub fn bind(&mut self, name: &str, activity: impl Into<ActivityId>) -> Result<(), OpError> {
        self.host.bind(name, activity.into())
    }
    /// Unbinds it.
    ///
    /// # Errors
    /// It is not bound.
    pub fn unbind(&mut self, name: &str) -> Result<(), OpError> {
        self.host.unbind(name)
    }
    /// The activity of a name.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<ActivityId> {
        self.host.lookup(name)
    }
    /// Reads an attribute of an activity context; its default if it was never set (R-AT-03).
    ///
    /// # Errors
    /// The activity is gone, or another type was stored.
    pub fn get<K: Attribute>(&self, activity: impl Into<ActivityId>) -> Result<K::Value, OpError> {
        match self
            .host
            .attribute(self.entity, activity.into(), K::NAME, K::ALIAS)?
        {
            None => Ok(K::Value::default()),
            Some(bytes) => postcard::from_bytes(bytes).map_err(|_| OpError::BadState(K::NAME)),
        }
    }
    /// Sets an attribute of an activity context.
    ///
    /// # Errors
    /// The activity is gone.
    pub fn set<K: Attribute>(
        &mut self,
        activity: impl Into<ActivityId>,
        value: &K::Value,
    ) -> Result<(), OpError> {
        let bytes = postcard::to_extend(value, smallvec_writer())
            .map_err(|_| OpError::BadState(K::NAME))?;
        self.host
            .set_attribute(self.entity, activity.into(), K::NAME, K::ALIAS, &bytes)
    }

    // ---- alarms: at once, whatever becomes of the transaction

    /// Raises an alarm of this service; whether it was not raised before. One that stands already stays as it is, with its
    /// severity and text (R-AL-01).
    ///
    /// # Errors
    /// Its kind is empty, its kind or instance is too long, or as many alarms stand as may.
    pub fn raise_alarm(&mut self, alarm: Alarm<'_>) -> Result<bool, OpError> {
        self.host.raise_alarm(self.entity, alarm)
    }
    /// Clears an alarm of this service; whether it stood (R-AL-02).
    pub fn clear_alarm(&mut self, kind: &str, instance: &str) -> bool {
        self.host
            .clear_alarms(self.entity, Some(kind), Some(instance))
            > 0
    }
    /// Clears all alarms of this service that are of a kind; how many stood.
    pub fn clear_alarms_of(&mut self, kind: &str) -> usize {
        self.host.clear_alarms(self.entity, Some(kind), None)
    }
    /// Clears all alarms of this service; how many stood.
    pub fn clear_alarms(&mut self) -> usize {
        self.host.clear_alarms(self.entity, None, None)
    }

    // ---- usage and traces: at once as well

    /// The unnamed set of usage parameters of this SBB in its service; handlers take it as [`UsageSet`] otherwise.
    ///
    /// # Errors
    /// No handler of the SBB takes a set of that type.
    pub fn usage<U: Usage>(&self) -> Result<UsageSet<U>, OpError> {
        let set = self.host.usage_set(self.entity, None)?;
        UsageSet::of(set).ok_or(OpError::NoUsage)
    }
    /// A named set of usage parameters of this SBB in its service.
    ///
    /// # Errors
    /// There is no set of that name, or no handler of the SBB takes one of that type (R-US-02).
    pub fn usage_set<U: Usage>(&self, name: &str) -> Result<UsageSet<U>, OpError> {
        let set = self.host.usage_set(self.entity, Some(name))?;
        UsageSet::of(set).ok_or(OpError::NoUsage)
    }
    /// Whether a message of that level passes a tracer of this SBB: to be asked where it costs something to make one (R-TR-02).
    #[must_use]
    #[inline]
    pub fn traces(&self, tracer: Tracer, level: Level) -> bool {
        level <= self.traced && self.host.traces(self.entity, tracer, level)
    }
    /// Gives a message to a tracer of this SBB, which drops it unless its level says otherwise. It goes to the log, whatever
    /// becomes of the transaction.
    ///
    /// ```
    /// # use strowger::prelude::*;
    /// const ROUTES: Tracer = Tracer::new("routes");
    /// fn choose(cx: &mut Cx, left: usize) {
    ///     cx.trace(ROUTES, Level::Debug, format_args!("{left} routes are left"));
    /// }
    /// ```
    #[inline]
    pub fn trace(&mut self, tracer: Tracer, level: Level, text: fmt::Arguments<'_>) {
        if level <= self.traced {
            self.pass_on(tracer, level, text);
        }
    }
    #[cold]
    fn pass_on(&mut self, tracer: Tracer, level: Level, text: fmt::Arguments<'_>) {
        if self.host.traces(self.entity, tracer, level) {
            self.host.trace(self.entity, tracer, level, text);
        }
    }

    // ---- profiles

    /// A table of profiles, by a name that is known at run time only; handlers take [`Table`] otherwise.
    ///
    /// # Errors
    /// There is no such table, or it is of another specification.
    pub fn table<P: Profile>(&self, name: &str) -> Result<Table<P>, OpError> {
        let ix = self.host.profile_table(name, const { P::SPEC.id() });
        ix.map(Table::at).ok_or(OpError::NoTable(P::SPEC.name))
    }

    // ---- for providers and parameters

    /// The service's settings, their type erased.
    #[must_use]
    pub fn settings(&self) -> &Arc<dyn Any + Send + Sync> {
        self.host.settings_of(self.entity)
    }
    /// The adaptor entity behind a link name of this service.
    #[must_use]
    pub fn link(&self, name: &str, ra_type: ComponentId) -> Option<RaIx> {
        self.host.link(self.entity, name, ra_type)
    }
    /// For providers: starts an activity in the slot of the event under delivery, or of this entity.
    ///
    /// # Errors
    /// A limit was reached, or the adaptor is stopping.
    pub fn start_activity<A: Activity>(
        &mut self,
        ra: RaIx,
        flags: ActivityFlags,
    ) -> Result<Handle<A>, OpError> {
        let slot = self
            .activity
            .map_or_else(|| self.entity.slot(), ActivityId::slot);
        self.start_activity_in(ra, slot, flags)
    }
    /// For providers: starts an activity in a given slot.
    ///
    /// # Errors
    /// A limit was reached, or the adaptor is stopping.
    pub fn start_activity_in<A: Activity>(
        &mut self,
        ra: RaIx,
        slot: Slot,
        flags: ActivityFlags,
    ) -> Result<Handle<A>, OpError> {
        self.host
            .start_activity(ra, slot, A::TYPE, flags)
            .map(Handle::from_id)
    }
    /// For providers: the adaptor entity that owns an activity.
    #[must_use]
    pub fn owner(&self, activity: impl Into<ActivityId>) -> Option<RaIx> {
        self.host.owner(activity.into())
    }
    /// For providers: has the adaptor carry out a command right after commit.
    pub fn command<C: Any>(&mut self, ra: RaIx, command: C) {
        self.host.command(self.entity, ra, Box::new(command));
    }
    /// For providers: what the adaptor shows, if `V` is its type.
    #[must_use]
    pub fn view<V: Any>(&self, ra: RaIx) -> Option<&V> {
        self.host.view(ra)?.downcast_ref()
    }
    /// For providers: the slot of a key, by a hash under the store's secret.
    #[must_use]
    pub fn slot_of(&self, key: &[u8]) -> Slot {
        self.host.slot_of(key)
    }

    pub(crate) fn host(&self) -> &dyn Host {
        self.host
    }
    pub(crate) fn host_mut(&mut self) -> &mut dyn Host {
        self.host
    }

    fn or_rollback(&mut self, result: Result<(), OpError>) {
        if let Err(cause) = result {
            self.host.set_rollback_only(Some(Error::from(cause)));
        }
    }
}

/// Tags and attributes are a few bytes as a rule: they are encoded on the stack.
fn smallvec_writer() -> smallvec::SmallVec<[u8; 64]> {
    smallvec::SmallVec::new()
}
