//! One delivery: one event, one entity, one transaction; and what follows when it fails (R-RT-04, R-EX).

use crate::intensity::Failure;
use crate::kernel::Kernel;
use crate::output::{AlarmSource, ShardOutput};
use crate::quarantine::Receiver;
use crate::registry::{END, EventIx};
use crate::router::{Routing, Target};
use smallvec::SmallVec;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use strowger::event::EventContext;
use strowger::id::{EntityId, ServiceIx};
use strowger::sbb::{Handler, Object, RolledBack};
use strowger::{Cx, Error, OpError};

/// A handler panicked.
#[derive(Debug, thiserror::Error)]
#[error("panic: {0}")]
struct Panicked(String);

/// A delivery was not made.
#[derive(Debug, thiserror::Error)]
#[error("its handler did not return, and the process had to be started again")]
struct DidNotReturn;

/// The transaction is to be rolled back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failed {
    /// The handler, or what the container does at its end, has refused it.
    Refused,
    /// The handler panicked.
    Panicked,
    /// It was not made: the process had to be ended with one like it.
    HeldBack,
}

impl Kernel {
    /// Offers the event to one receiver.
    pub(crate) fn deliver(&mut self, routing: &mut Routing, target: Target) {
        self.offer(routing, target);
        self.probe.leave();
    }

    fn offer(&mut self, routing: &mut Routing, target: Target) {
        let (entity, object, service) = match target {
            Target::Attached(id) => (id, None, None),
            Target::Initial(service) => {
                let Some(service) = self.version_now(routing, service) else {
                    return;
                };
                self.probe.enter(service, routing.kind, None);
                match self.choose(routing, service) {
                    Ok(Some((id, object))) => {
                        routing.cursor.exact = false;
                        (id, object, Some(service))
                    }
                    Ok(None) => return,
                    Err(_) => {
                        self.roll_back();
                        self.count_rollback(service);
                        routing.progress.rolled_back = true;
                        return;
                    }
                }
            }
        };
        let created = service.filter(|_| object.is_some());
        if created.is_none()
            && let Some(e) = self.entities.get(entity)
        {
            self.probe.enter(e.service, routing.kind, Some(entity));
        }
        let subject = match self.recorder.on {
            true => self.recorded_subject(entity),
            false => None,
        };
        let before = self.metrics.deliveries;
        let outcome = self.attempt(routing, entity, object);
        if let Some(subject) = &subject {
            let called = self.metrics.deliveries > before;
            self.record_delivery(routing, subject, called, outcome.is_err());
        }
        self.recorder.carry_out();
        match outcome {
            Ok(()) => self.commit(),
            Err(failed) => {
                let whose = self.entities.get(entity).map(|e| e.service);
                let cause = self.recover_from(routing, entity, created);
                if let Some(service) = service.or(whose) {
                    self.bear(routing, (service, entity), failed, &cause);
                }
            }
        }
        self.recorder.carried_out();
    }

    /// Has the next delivery of that event type to that entity fail without being made.
    pub(crate) fn hold_back(&mut self, entity: EntityId, kind: EventIx) {
        if !self.held_back.contains(&(entity, kind)) {
            self.held_back.push((entity, kind));
        }
    }

    fn takes_held_back(&mut self, entity: EntityId, kind: EventIx) -> bool {
        let same = |held: &(EntityId, EventIx)| *held == (entity, kind);
        let place = self.held_back.iter().position(same);
        place.is_some_and(|place| self.held_back.swap_remove(place) == (entity, kind))
    }

    /// What a failure means beyond its delivery.
    fn bear(
        &mut self,
        routing: &Routing,
        (service, entity): (ServiceIx, EntityId),
        failed: Failed,
        cause: &str,
    ) {
        if failed != Failed::Refused {
            let activity = self.activities.get(routing.activity);
            let attached = activity.is_some_and(|a| a.attachment(entity).is_some());
            let receiver = Receiver {
                service,
                entity: attached.then_some(entity),
            };
            self.put_aside(routing, receiver, cause);
        }
        match failed {
            Failed::Refused => self.count_failure(service, Failure::Refused),
            Failed::Panicked => self.count_failure(service, Failure::Panicked),
            // That was counted when it did not return.
            Failed::HeldBack => {}
        }
    }

    /// The root entity that a service serves an initial event with, attached to the activity (R-IE-07).
    fn choose(
        &mut self,
        routing: &Routing,
        service: ServiceIx,
    ) -> Result<Option<crate::selection::Chosen>, OpError> {
        let Some((id, object)) = self.initial_entity(routing, service)? else {
            return Ok(None);
        };
        self.attach_entity(id, routing.activity)?;
        Ok(Some((id, object)))
    }

    /// Everything of a delivery that can fail, in its transaction.
    fn attempt(
        &mut self,
        routing: &mut Routing,
        entity: EntityId,
        object: Option<Box<dyn Object>>,
    ) -> Result<(), Failed> {
        let offered = routing.kind == END && routing.progress.delivered.contains(&entity);
        if !offered {
            routing.progress.delivered.push(entity);
        }
        let handler = if offered {
            None
        } else {
            self.handler(routing, entity)
        };
        match (handler, object) {
            (Some(handler), object) => {
                self.call(routing, entity, handler, object)?;
            }
            (None, Some(object)) => self.keep(entity, object)?,
            (None, None) => {}
        }
        if routing.kind == END {
            self.detach_entity(entity, routing.activity);
        }
        self.complete(entity)?;
        routing.progress.processed |= handler.is_some();
        Ok(())
    }

    /// The handler to call, unless the event is masked for the entity there (R-MK-04).
    fn handler(&self, routing: &Routing, id: EntityId) -> Option<Handler> {
        let (service, sbb) = self.sbb_of(id)?;
        if routing
            .target
            .is_some_and(|t| self.entities.get(id).is_some_and(|e| e.service != t))
        {
            return None;
        }
        debug_assert!(service.is_live());
        let handler = sbb.handler(routing.kind, routing.activity_kind)?;
        let activity = self.activities.get(routing.activity)?;
        let hint = activity.attached.get(routing.cursor.place);
        let attachment = hint
            .filter(|a| a.entity == id)
            .or_else(|| activity.attachment(id))?;
        let masked = attachment.mask != 0
            && sbb
                .bit(routing.kind)
                .is_some_and(|bit| attachment.mask & bit != 0);
        (!masked).then_some(handler)
    }

    fn call(
        &mut self,
        routing: &Routing,
        entity: EntityId,
        handler: Handler,
        object: Option<Box<dyn Object>>,
    ) -> Result<(), Failed> {
        if self.takes_held_back(entity, routing.kind) {
            self.tx.cause = Some(DidNotReturn.into());
            return Err(Failed::HeldBack);
        }
        let mut object = match object {
            Some(object) => object,
            None => self
                .load_object(entity)
                .map_err(|cause| self.failed(cause))?,
        };
        self.set_executing(entity, true);
        self.current = Some(EventContext {
            activity: routing.activity,
            event: routing.number,
        });
        let whose = self.entities.get(entity).map(|e| (e.service, e.sbb));
        let (service, sbb) = whose.unwrap_or((ServiceIx(u16::MAX), 0));
        self.count_delivery(service, sbb, routing.kind);
        let traced = self.most_traced();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            handler(
                object.as_any_mut(),
                &mut Cx::new(self, entity, Some(routing.activity)).traced(traced),
                &routing.event,
            )
        }));
        let outcome = match outcome {
            Ok(Ok(())) => Ok(object),
            Ok(Err(error)) => {
                self.call_exception(routing, entity, &mut *object, &error);
                self.give_back(entity, object);
                self.tx.cause = Some(error);
                Err(Failed::Refused)
            }
            // An object that panicked is never used again (R-SO-05).
            Err(panic) => {
                let error = self.panicked(entity, &*panic);
                self.call_exception(routing, entity, &mut *object, &error);
                self.tx.cause = Some(error);
                Err(Failed::Panicked)
            }
        };
        self.current = None;
        self.set_executing(entity, false);
        let object = outcome?;
        if self.tx.rollback_only {
            self.give_back(entity, object);
            return Err(Failed::Refused);
        }
        self.keep(entity, object)
    }

    fn keep(&mut self, entity: EntityId, object: Box<dyn Object>) -> Result<(), Failed> {
        let stored = self.store_state(entity, &*object);
        self.give_back(entity, object);
        stored.map_err(|cause| self.failed(cause))
    }

    fn failed(&mut self, cause: OpError) -> Failed {
        self.tx.cause = Some(cause.into());
        Failed::Refused
    }

    /// Lets the object see why its transaction will roll back (R-EX-01).
    fn call_exception(
        &mut self,
        routing: &Routing,
        entity: EntityId,
        object: &mut dyn Object,
        error: &Error,
    ) {
        let Some(exception) = self.hooks_of(entity).exception else {
            return;
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            exception(
                object.as_any_mut(),
                &mut Cx::new(self, entity, Some(routing.activity)),
                error,
            );
        }));
        if outcome.is_err() {
            self.count_panic_of(entity);
        }
    }

    pub(crate) fn set_executing(&mut self, entity: EntityId, executing: bool) {
        if let Some(e) = self.entities.get_mut(entity) {
            e.executing = executing;
        }
    }

    /// Counts a panic and raises an alarm of the service.
    fn panicked(&mut self, entity: EntityId, panic: &(dyn Any + Send)) -> Error {
        let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let text = text
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        self.count_panic_of(entity);
        if let Some(service) = self.entities.get(entity).map(|e| e.service) {
            self.outputs.notice(ShardOutput::Alarm {
                source: AlarmSource::Service(service),
                name: "panic",
                raised: true,
                text: text.clone(),
            });
        }
        Panicked(text).into()
    }

    /// Removals at the end of a handler: those asked for, and trees without attachments (R-RT-06, R-SE-08).
    fn complete(&mut self, entity: EntityId) -> Result<(), Failed> {
        if let Some(e) = self.entities.get(entity) {
            let root = e.root;
            if self.entities.get(root).is_some_and(|r| r.tree == 0) {
                self.tx.orphans.push(root);
            }
        }
        self.finish_removals(false)
            .then_some(())
            .ok_or(Failed::Refused)
    }

    /// Removes what is marked and what lost its last attachment; false when the transaction must roll back.
    pub(crate) fn finish_removals(&mut self, forced: bool) -> bool {
        while !self.tx.rollback_only {
            self.claim_orphans();
            if self.tx.doomed.is_empty() {
                break;
            }
            self.bury(forced);
        }
        !self.tx.rollback_only
    }

    /// After a failed delivery: undo, and tell the entity in a new transaction (R-EX-02). Gives why it failed.
    fn recover_from(
        &mut self,
        routing: &mut Routing,
        entity: EntityId,
        created: Option<ServiceIx>,
    ) -> String {
        let claimed: SmallVec<[EntityId; 2]> = self.tx.claimed.drain(..).collect();
        let cause = self.note_rollback(routing, entity);
        self.roll_back();
        routing.progress.rolled_back = true;
        let event = Some(routing.event.clone());
        let what = RolledBack {
            event,
            removal: claimed.contains(&entity),
        };
        match created {
            None => self.tell_rolled_back(entity, None, routing, &what),
            Some(service) => self.tell_created(service, routing, &what),
        }
        for root in claimed.into_iter().filter(|root| *root != entity) {
            let what = RolledBack {
                event: None,
                removal: true,
            };
            self.tell_rolled_back(root, None, routing, &what);
        }
        if routing.kind == END {
            self.detach_at_end(routing, entity);
        }
        cause
    }

    /// Counts and tells it; gives why.
    fn note_rollback(&mut self, routing: &Routing, entity: EntityId) -> String {
        let cause = self
            .tx
            .cause
            .as_ref()
            .map_or_else(|| "marked for rollback".to_owned(), ToString::to_string);
        let Some((service, sbb)) = self.entities.get(entity).and_then(|e| {
            self.sbb_of(entity)
                .map(|(_, sbb)| (e.service, sbb.component))
        }) else {
            return cause;
        };
        self.count_rollback(service);
        let event = routing.event.event_type();
        self.outputs.notice(ShardOutput::RolledBack {
            service,
            sbb,
            event,
            entity,
            cause: cause.clone(),
        });
        cause
    }

    /// The entity's creation was undone too: where its SBB wants to know, it is made again and stays (R-EX-07).
    fn tell_created(&mut self, service: ServiceIx, routing: &mut Routing, what: &RolledBack) {
        let root = self.service(service).and_then(|s| s.sbb(0));
        if root.is_none_or(|r| r.hooks.rolled_back.is_none()) {
            return;
        }
        match self.choose(routing, service) {
            Ok(Some((id, object))) => {
                routing.progress.delivered.push(id);
                self.tell_rolled_back(id, object, routing, what);
            }
            Ok(None) => {}
            Err(_) => self.roll_back(),
        }
    }

    /// Calls an entity's `rolled_back` in a transaction of its own; if that fails, that is all (R-EX-04).
    fn tell_rolled_back(
        &mut self,
        id: EntityId,
        object: Option<Box<dyn Object>>,
        routing: &Routing,
        what: &RolledBack,
    ) {
        let Some(rolled_back) = self.hooks_of(id).rolled_back else {
            return;
        };
        let activity = what.event.is_some().then_some(routing.activity);
        let Some(mut object) = object.or_else(|| self.load_object(id).ok()) else {
            return;
        };
        self.set_executing(id, true);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            rolled_back(object.as_any_mut(), &mut Cx::new(self, id, activity), what)
        }));
        self.set_executing(id, false);
        if outcome.is_err() {
            self.count_panic_of(id);
        }
        let fine = matches!(outcome, Ok(Ok(()))) && !self.tx.rollback_only;
        if fine && self.keep(id, object).is_ok() && self.complete(id).is_ok() {
            self.tx.claimed.clear();
            self.commit();
        } else {
            self.tx.claimed.clear();
            self.roll_back();
        }
    }

    /// An entity whose delivery of the last event failed is detached all the same (R-RT-07).
    fn detach_at_end(&mut self, routing: &Routing, entity: EntityId) {
        for forced in [false, true] {
            self.detach_entity(entity, routing.activity);
            let fine = self.finish_removals(forced);
            self.tx.claimed.clear();
            if fine {
                return self.commit();
            }
            self.roll_back();
        }
    }
}
