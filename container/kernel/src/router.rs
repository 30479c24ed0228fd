//! The router: offers each event to services for which it is initial and to attached entities, in one descending order
//! of priority, the service first on a tie, each in a transaction of its own (R-RT-02).
//!
//! An event's progress (who was offered it, which services remain) is fixed in [`Progress`]; routing can rest between
//! any two deliveries, when the event is suspended or the turn's budget is spent, and goes on from there, also after a
//! restart.

use crate::kernel::Kernel;
use crate::manage::{ServiceState, SleeState};
use crate::queue::Queued;
use crate::registry::{END, EventIx, KindIx};
use smallvec::SmallVec;
use strowger::event::{AnyEvent, EventContext};
use strowger::id::{ActivityId, EntityId, ServiceIx};
use strowger::ra::Outcome;
use strowger::time::Now;

/// How far the routing of an event has come.
#[derive(Default)]
pub(crate) struct Progress {
    /// Who was offered it; not undone by a rollback (R-RT-08).
    pub(crate) delivered: SmallVec<[EntityId; 4]>,
    /// Services for which it is initial and to which it was not offered, the next one last (R-RT-01).
    pub(crate) services: SmallVec<[ServiceIx; 4]>,
    /// A handler ran and committed.
    pub(crate) processed: bool,
    /// A transaction rolled back.
    pub(crate) rolled_back: bool,
}

/// An event under routing.
pub(crate) struct Routing {
    pub(crate) activity: ActivityId,
    pub(crate) activity_kind: KindIx,
    pub(crate) place: u32,
    pub(crate) number: u64,
    pub(crate) kind: EventIx,
    pub(crate) event: AnyEvent,
    pub(crate) target: Option<ServiceIx>,
    pub(crate) progress: Progress,
    /// Up to here in the activity's order everyone was offered the event, as long as the order is the same.
    pub(crate) cursor: Cursor,
    /// It rested: versions of its services may have changed since they were fixed.
    pub(crate) rested: bool,
}

/// Where in an activity's order the next receiver is looked for, so that many attached entities cost no more each than few.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cursor {
    /// The order that the place belongs to.
    order: u32,
    pub(crate) place: usize,
    /// Of those from here on, none but the last one delivered was offered the event.
    pub(crate) exact: bool,
}

/// Who is next.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    Initial(ServiceIx),
    Attached(EntityId),
}

impl Kernel {
    /// Does what waits, up to a number of deliveries; whether more is to be done.
    pub(crate) fn run(&mut self, now: Now, budget: usize) -> bool {
        self.now = now;
        self.drop_profiles();
        let rewriting = self.move_some() | self.rewrite_some();
        let mut left = budget;
        loop {
            if let Some(report) = self.reports.pop_front() {
                self.tell(&report);
            } else if let Some(id) = self.checks.pop_front() {
                self.check(id);
            } else if left > 0
                && !self.journal.is_full()
                && self.slee != SleeState::Stopped
                && let Some(id) = self.queue.ready.pop_front()
            {
                self.route(id, &mut left);
            } else if !self.settle() {
                break;
            }
        }
        (self.slee != SleeState::Stopped && !self.queue.ready.is_empty())
            || self.profiles.is_dropping()
            || rewriting
    }

    /// Routes the first event of an activity until it was offered to all, is suspended, or the budget is spent.
    fn route(&mut self, id: ActivityId, left: &mut usize) {
        let Some(mut routing) = self.take_up(id) else {
            return;
        };
        self.routed = Some(EventContext {
            activity: id,
            event: routing.number,
        });
        while let Some(target) = self.next_target(&mut routing) {
            let timed = self.begin_timing(target);
            self.deliver(&mut routing, target);
            if let Some(timed) = timed {
                self.end_timing(timed);
            }
            *left = left.saturating_sub(1);
            let held = self
                .queue
                .get(routing.place)
                .is_some_and(|e| e.held.is_some());
            if held || *left == 0 {
                if !held {
                    self.queue.ready.push_front(id);
                }
                self.routed = None;
                return self.rest(routing);
            }
        }
        self.routed = None;
        self.finish(&routing);
    }

    /// Begins to route an event, or goes on where it rested.
    fn take_up(&mut self, id: ActivityId) -> Option<Routing> {
        let activity = self.activities.get(id)?;
        let (activity_kind, place) = (activity.kind, activity.head);
        let event = self.queue.get_mut(place)?;
        let progress = event.progress.take();
        let mut routing = Routing {
            activity: id,
            activity_kind,
            place,
            number: event.number,
            kind: event.kind,
            event: event.event.clone(),
            target: event.target,
            progress: Progress::default(),
            cursor: Cursor::default(),
            rested: progress.is_some(),
        };
        match progress {
            Some(progress) => routing.progress = *progress,
            None => self.choose_services(&mut routing),
        }
        Some(routing)
    }

    /// Fixes the services for which the event is initial (R-RT-01).
    fn choose_services(&mut self, routing: &mut Routing) {
        let services = self.initial.get(usize::from(routing.kind));
        for place in (0..services.map_or(0, Vec::len)).rev() {
            let services = self.initial.get(usize::from(routing.kind));
            let Some(ix) = services.and_then(|s| s.get(place)).copied() else {
                continue;
            };
            let targeted = routing.target.is_none_or(|t| t == ix);
            let Some(service) = self.service(ix).filter(|_| targeted) else {
                continue;
            };
            if service
                .initial(routing.kind, routing.activity_kind)
                .is_none()
            {
                continue;
            }
            let alone = service.others.is_empty() || routing.target.is_some();
            let chosen = match alone {
                true => Some(ix),
                false => self.version_for(routing, ix),
            };
            routing.progress.services.extend(chosen);
        }
    }

    /// Lets an event rest; what is durable of its progress goes into the turn's group.
    fn rest(&mut self, routing: Routing) {
        if let Some(event) = self.queue.get_mut(routing.place) {
            event.progress = Some(Box::new(routing.progress));
        }
        self.mark_event(routing.activity, routing.place);
    }

    /// The next receiver, and takes it off the list if it is a service (R-RT-02).
    pub(crate) fn next_target(&self, routing: &mut Routing) -> Option<Target> {
        let attached = self.next_attached(routing);
        while let Some(&service) = routing.progress.services.last() {
            let Some(s) = self
                .service(service)
                .filter(|s| s.state == ServiceState::Active || !s.others.is_empty())
            else {
                routing.progress.services.pop();
                continue;
            };
            if attached.is_some_and(|e| s.priority < self.root_priority(e)) {
                break;
            }
            routing.progress.services.pop();
            return Some(Target::Initial(service));
        }
        attached.map(Target::Attached)
    }

    /// The first entity in the activity's order that is eligible and was not offered the event (R-RT-03).
    fn next_attached(&self, routing: &mut Routing) -> Option<EntityId> {
        let activity = self.activities.get(routing.activity)?;
        let delivered = &routing.progress.delivered;
        let mut cursor = routing.cursor;
        if cursor.order != activity.order {
            cursor = Cursor {
                order: activity.order,
                place: 0,
                exact: delivered.is_empty(),
            };
        }
        for (place, attachment) in activity.attached.iter().enumerate().skip(cursor.place) {
            let entity = attachment.entity;
            let offered = match cursor.exact {
                true => delivered.last() == Some(&entity),
                false => delivered.contains(&entity),
            };
            if routing.kind == END || (!offered && self.is_eligible(routing, entity)) {
                routing.cursor = Cursor { place, ..cursor };
                return Some(entity);
            }
        }
        None
    }

    fn is_eligible(&self, routing: &Routing, id: EntityId) -> bool {
        let Some(entity) = self.entities.get(id) else {
            return false;
        };
        let sbb = self.service(entity.service).and_then(|s| s.sbb(entity.sbb));
        routing.target.is_none_or(|t| t == entity.service)
            && sbb.is_some_and(|s| s.handler(routing.kind, routing.activity_kind).is_some())
    }

    fn root_priority(&self, id: EntityId) -> i8 {
        let root = self
            .entities
            .get(id)
            .and_then(|e| self.entities.get(e.root));
        root.map_or(i8::MIN, |r| r.priority)
    }

    /// The event was offered to all (R-RT-10).
    fn finish(&mut self, routing: &Routing) {
        let id = routing.activity;
        let Some(event) = self.dequeue(id) else {
            return;
        };
        self.metrics.events_done += 1;
        let outcome = match (routing.progress.processed, routing.progress.rolled_back) {
            (true, _) => Outcome::Processed,
            (false, true) => Outcome::RolledBack,
            (false, false) => Outcome::NoReceiver,
        };
        let unreceived = u64::from(outcome == Outcome::NoReceiver);
        self.metrics.unreceived += unreceived;
        if let Some(tally) = self.registry.tally(routing.kind) {
            tally.routed += 1;
            tally.unreceived += unreceived;
        }
        self.forget_event(&event);
        self.report_event(&event, outcome);
        if routing.kind == END {
            self.end_done(id);
        } else if self.activities.get(id).is_some_and(|a| a.queued > 0) {
            self.queue.ready.push_back(id);
        } else {
            self.check_later(id);
        }
    }

    fn forget_event(&mut self, event: &Queued) {
        self.quarantine.offered(event.number);
        if event.written {
            self.remove_event_record(event.activity, event.number);
        }
    }
}
