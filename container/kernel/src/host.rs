//! What a handler may do: [`Host`], in the transaction of its delivery.

use crate::activity::Owner;
use crate::kernel::Kernel;
use crate::profile::{Put, Table};
use crate::registry::NULL;
use crate::transaction::{Command, Undo};
use std::any::Any;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use strowger::alarm::Alarm;
use strowger::event::{AnyEvent, EventContext, EventDecl, FireOptions, Fired};
use strowger::host::Host;
use strowger::id::{ActivityId, Component, ComponentId, EntityId, RaIx, Slot, TableIx, TimerId};
use strowger::profile::{AnyProfile, Expr, SharedRow};
use strowger::ra::ActivityFlags;
use strowger::sbb::{Hooks, Object};
use strowger::time::Now;
use strowger::timer::TimerOptions;
use strowger::tracer::{Level, Tracer};
use strowger::{Error, OpError};

impl Kernel {
    /// Refuses what would make the transaction too large.
    fn takes_effect(&mut self) -> Result<(), OpError> {
        if self.tx.effects() < self.limits.effects as usize {
            Ok(())
        } else {
            Err(self.limited("effects"))
        }
    }

    /// Changes an entity's priority, and the order wherever it and its descendants are attached (R-OR-04).
    pub(crate) fn put_priority(&mut self, id: EntityId, priority: i8) {
        if let Some(entity) = self.entities.get_mut(id) {
            entity.priority = priority;
            self.reorder(id);
        }
    }
}

impl Host for Kernel {
    fn now(&self) -> Now {
        self.now
    }
    fn random(&mut self) -> u64 {
        self.entropy.next_u64()
    }

    fn service_of(&self, entity: EntityId) -> Option<Component> {
        self.sbb_of(entity).map(|(service, _)| service.component)
    }
    fn settings_of(&self, entity: EntityId) -> &Arc<dyn Any + Send + Sync> {
        self.sbb_of(entity)
            .map_or(&self.no_settings, |(service, _)| &service.settings)
    }
    fn link(&self, entity: EntityId, name: &str, ra_type: ComponentId) -> Option<RaIx> {
        self.sbb_of(entity)?.0.link(name, ra_type)
    }

    fn attach(&mut self, entity: EntityId, activity: ActivityId) -> Result<(), OpError> {
        self.takes_effect()?;
        self.attach_entity(entity, activity)
    }
    fn detach(&mut self, entity: EntityId, activity: ActivityId) -> Result<(), OpError> {
        self.takes_effect()?;
        self.entity(entity)?;
        self.live(activity)?;
        self.detach_entity(entity, activity);
        Ok(())
    }
    fn is_attached(&self, entity: EntityId, activity: ActivityId) -> bool {
        self.activities
            .get(activity)
            .is_some_and(|a| a.attachment(entity).is_some())
    }
    fn activities(&self, entity: EntityId) -> Vec<ActivityId> {
        self.entities
            .get(entity)
            .map_or_else(Vec::new, |e| e.activities.to_vec())
    }
    fn activity_type(&self, activity: ActivityId) -> Option<Component> {
        self.activities
            .get(activity)
            .and_then(|a| self.registry.kind_component(a.kind))
    }
    fn is_ending(&self, activity: ActivityId) -> Result<bool, OpError> {
        self.live(activity).map(|a| a.ending)
    }
    fn set_mask(
        &mut self,
        entity: EntityId,
        activity: ActivityId,
        events: &[Component],
    ) -> Result<(), OpError> {
        self.takes_effect()?;
        self.mask_events(entity, activity, events)
    }
    fn mask(&self, entity: EntityId, activity: ActivityId) -> Result<Vec<Component>, OpError> {
        self.masked_events(entity, activity)
    }

    fn raise_alarm(&mut self, entity: EntityId, alarm: Alarm<'_>) -> Result<bool, OpError> {
        self.raise_alarm_of(entity, alarm)
    }
    fn clear_alarms(
        &mut self,
        entity: EntityId,
        kind: Option<&str>,
        instance: Option<&str>,
    ) -> usize {
        let service = self.entity(entity).map(|e| e.service);
        service.map_or(0, |service| self.clear_alarms_of(service, kind, instance))
    }

    fn fire(
        &mut self,
        _entity: EntityId,
        activity: ActivityId,
        event: AnyEvent,
        decl: EventDecl,
        options: FireOptions,
    ) -> Result<(), OpError> {
        self.takes_effect()?;
        let kind = self.registry.event(&decl);
        self.queue_takes(activity, kind)?;
        let target = self.target_service(options.service)?;
        let mut queued = self.new_event(activity, kind, event);
        queued.target = target;
        queued.address = options.address.map(Box::new);
        self.tx.fired.push(queued);
        Ok(())
    }

    fn set_timer(
        &mut self,
        activity: ActivityId,
        decl: EventDecl,
        tag: &[u8],
        options: TimerOptions,
    ) -> Result<TimerId, OpError> {
        let kind = self.registry.event(&decl);
        self.set_timer_on(activity, kind, tag, options)
    }
    fn cancel_timer(&mut self, timer: TimerId) {
        self.cancel(timer);
    }
    fn timer_activity(&self, timer: TimerId) -> Option<ActivityId> {
        self.timers.get(timer).map(|t| t.activity)
    }

    fn create_child(&mut self, parent: EntityId, sbb: ComponentId) -> Result<EntityId, OpError> {
        self.takes_effect()?;
        self.make_child(parent, sbb)
    }
    fn children(&self, parent: EntityId, sbb: ComponentId) -> Vec<EntityId> {
        let Some(children) = self
            .entities
            .get(parent)
            .and_then(|e| e.children.as_deref())
        else {
            return Vec::new();
        };
        let is_of = |id: &&EntityId| self.sbb_of(**id).is_some_and(|(_, s)| s.id == sbb);
        children.iter().filter(is_of).copied().collect()
    }
    fn remove(&mut self, entity: EntityId) -> Result<(), OpError> {
        self.entity(entity)?;
        self.doom(entity);
        Ok(())
    }
    fn parent(&self, entity: EntityId) -> Option<EntityId> {
        self.entities.get(entity)?.parent
    }
    fn priority(&self, entity: EntityId) -> Result<i8, OpError> {
        self.entity(entity).map(|e| e.priority)
    }
    fn set_priority(&mut self, entity: EntityId, priority: i8) -> Result<(), OpError> {
        self.takes_effect()?;
        let old = self.entity(entity)?.priority;
        self.put_priority(entity, priority);
        self.tx.undo.push(Undo::Priority(entity, old));
        self.touch_entity(entity);
        Ok(())
    }
    fn enter(&mut self, entity: EntityId, sbb: ComponentId) -> Result<Box<dyn Object>, OpError> {
        if self.entity(entity)?.executing {
            return Err(OpError::Reentrant(entity));
        }
        if self.sbb_of(entity).is_none_or(|(_, s)| s.id != sbb) {
            return Err(OpError::WrongSbb(entity));
        }
        let object = self.load_object(entity)?;
        self.set_executing(entity, true);
        Ok(object)
    }
    fn leave(&mut self, entity: EntityId, object: Box<dyn Object>, failed: bool) {
        self.set_executing(entity, false);
        if failed {
            self.tx.rollback_only = true;
            return;
        }
        let stored = self.store_state(entity, &*object);
        self.give_back(entity, object);
        if let Err(cause) = stored {
            self.set_rollback_only(Some(cause.into()));
        }
    }
    fn hooks(&self, entity: EntityId) -> Hooks {
        self.hooks_of(entity)
    }

    fn set_rollback_only(&mut self, cause: Option<Error>) {
        self.tx.rollback_only = true;
        if self.tx.cause.is_none() {
            self.tx.cause = cause;
        }
    }
    fn rollback_only(&self) -> bool {
        self.tx.rollback_only
    }

    fn create_null(&mut self) -> Result<ActivityId, OpError> {
        self.takes_effect()?;
        let slot = self.routed.map_or(Slot(0), |c| c.activity.slot());
        self.make_null(slot)
    }
    fn end_null(&mut self, activity: ActivityId) -> Result<(), OpError> {
        self.takes_effect()?;
        let Some(a) = self.activities.get_mut(activity).filter(|a| a.kind == NULL) else {
            return Err(OpError::StaleActivity(activity));
        };
        if !a.ending {
            a.ending = true;
            self.tx.undo.push(Undo::Ending(activity));
            self.tx.ends.push(activity);
        }
        Ok(())
    }
    fn service_activity(&self, entity: EntityId) -> Option<ActivityId> {
        self.sbb_of(entity)?.0.activity
    }

    fn bind(&mut self, name: &str, activity: ActivityId) -> Result<(), OpError> {
        self.takes_effect()?;
        self.bind_name(name, activity)
    }
    fn unbind(&mut self, name: &str) -> Result<(), OpError> {
        self.takes_effect()?;
        self.unbind_name(name)
    }
    fn lookup(&self, name: &str) -> Option<ActivityId> {
        self.names.get(name).copied()
    }

    fn attribute(
        &self,
        entity: EntityId,
        activity: ActivityId,
        name: &str,
        alias: Option<&str>,
    ) -> Result<Option<&[u8]>, OpError> {
        let Some(extra) = &self.live(activity)?.extra else {
            return Ok(None);
        };
        let key = self.attribute_key(entity, activity, name, alias);
        Ok(extra
            .attributes
            .iter()
            .find(|(k, _)| *k == key)
            .map(|(_, v)| &**v))
    }
    fn set_attribute(
        &mut self,
        entity: EntityId,
        activity: ActivityId,
        name: &str,
        alias: Option<&str>,
        value: &[u8],
    ) -> Result<(), OpError> {
        self.takes_effect()?;
        let key = self.attribute_key(entity, activity, name, alias);
        self.set_attribute_at(activity, key, value)
    }

    fn usage_set(&self, entity: EntityId, name: Option<&str>) -> Result<Rc<dyn Any>, OpError> {
        self.usage_set_of(entity, name)
    }
    fn traces(&self, entity: EntityId, tracer: Tracer, level: Level) -> bool {
        self.traces_of(entity, tracer, level)
    }
    fn trace(&mut self, entity: EntityId, tracer: Tracer, level: Level, text: fmt::Arguments<'_>) {
        self.trace_of(entity, tracer, level, text);
    }

    fn profile_table(&self, name: &str, spec: ComponentId) -> Option<TableIx> {
        self.profiles.of_spec(name, spec)
    }
    fn profile(&self, table: TableIx, name: &str) -> Option<&SharedRow> {
        self.profiles.get(table)?.find(name)
    }
    fn table_activity(&self, table: TableIx) -> Option<ActivityId> {
        self.living(self.profiles.get(table)?)
    }
    fn default_profile(&self, table: TableIx) -> Option<&dyn AnyProfile> {
        self.profiles.get(table).map(|table| &*table.default)
    }
    fn count_profiles(&self, table: TableIx) -> usize {
        self.profiles.get(table).map_or(0, Table::len)
    }
    fn first_profile(&self, table: TableIx, query: &Expr) -> Result<Option<SharedRow>, OpError> {
        self.first_profile_of(table, query)
    }
    fn query_profiles(
        &self,
        table: TableIx,
        query: &Expr,
        max: Option<usize>,
    ) -> Result<Vec<SharedRow>, OpError> {
        self.search_profiles(table, query, max)
    }
    fn put_profile(
        &mut self,
        table: TableIx,
        name: &str,
        profile: Box<dyn AnyProfile>,
        new: bool,
    ) -> Result<SharedRow, OpError> {
        self.takes_effect()?;
        let how = if new { Put::Create } else { Put::Change };
        self.put_profile_row(table, name, profile, how)
    }
    fn remove_profile(&mut self, table: TableIx, name: &str) -> Result<bool, OpError> {
        self.takes_effect()?;
        self.remove_profile_row(table, name)
    }

    fn event_context(&self) -> Option<EventContext> {
        self.current
    }
    fn fired(&self, context: EventContext) -> Result<Fired, OpError> {
        self.fired_event(context)
    }
    fn suspend(&mut self, context: EventContext, timeout: Option<Duration>) -> Result<(), OpError> {
        self.suspend_event(context, timeout)
    }
    fn resume(&mut self, context: EventContext) -> Result<(), OpError> {
        self.resume_event(context)
    }
    fn is_suspended(&self, context: EventContext) -> Result<bool, OpError> {
        self.is_held(context)
    }

    fn start_activity(
        &mut self,
        ra: RaIx,
        slot: Slot,
        kind: Component,
        flags: ActivityFlags,
    ) -> Result<ActivityId, OpError> {
        self.takes_effect()?;
        self.may_start(ra)?;
        let kind = self.registry.kind(kind);
        let id = self.make_activity(slot, kind, Owner::Ra(ra), flags)?;
        self.tx.undo.push(Undo::ActivityMade(id));
        self.tx.checks.push(id);
        Ok(id)
    }
    fn owner(&self, activity: ActivityId) -> Option<RaIx> {
        match self.activities.get(activity)?.owner {
            Owner::Ra(ra) => Some(ra),
            Owner::Null | Owner::Service(_) | Owner::Table => None,
        }
    }
    fn command(&mut self, entity: EntityId, ra: RaIx, command: Box<dyn Any>) {
        if let Err(cause) = self.takes_effect() {
            return self.set_rollback_only(Some(cause.into()));
        }
        let service = self.sbb_of(entity).map(|(service, _)| service.id);
        self.tx.commands.push(Command {
            ra,
            command,
            service,
        });
    }
    fn view(&self, ra: RaIx) -> Option<&dyn Any> {
        self.adaptor(ra)?.view()
    }
    fn slot_of(&self, key: &[u8]) -> Slot {
        self.slot(key)
    }
}
