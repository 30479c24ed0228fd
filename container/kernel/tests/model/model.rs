//! The naive reference model: what the rules say happens, step by step.
//!
//! Between activities the rules promise no order; the model follows the kernel's choice, which is first come first
//! served over activities with an event that can be routed, one event at a time. What the kernel orders by id (equal
//! expiries, activities after a restart) the model orders by the same ids.

use super::play::back;
use super::script::{Act1, Case, ENERGY, SERVICES, Shot, Step};
use super::sut::EPOCH;
use super::trace::Line;
use super::world::{Activity, Owner, State, Type, World};
use std::collections::BTreeSet;
use std::rc::Rc;

/// How a handler ends that does not end well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    Failed,
    Panicked,
}

pub(crate) struct Model {
    pub(crate) case: Rc<Case>,
    pub(crate) world: World,
    /// As it was when the store was last given a group.
    pub(crate) saved: World,
    pub(crate) now: u64,
    pub(crate) lines: Vec<Line>,
    pub(crate) energy: u32,
    pub(crate) born_activities: usize,
    pub(crate) born_entities: usize,
    pub(crate) born_timers: usize,
    pub(crate) born_events: u64,
    pub(crate) contexts: Vec<(usize, u64)>,
    /// Entities that execute in the running transaction.
    pub(crate) executing: BTreeSet<usize>,
    /// The event whose handler runs.
    pub(crate) current: Option<(usize, u64)>,
    /// The event that is being routed.
    pub(crate) routing: Option<(usize, u64)>,
}

impl Model {
    pub(crate) fn new(case: &Rc<Case>) -> Self {
        let mut model = Self {
            case: Rc::clone(case),
            world: World::default(),
            saved: World::default(),
            now: EPOCH,
            lines: Vec::new(),
            energy: ENERGY,
            born_activities: 0,
            born_entities: 0,
            born_timers: 0,
            born_events: 0,
            contexts: Vec::new(),
            executing: BTreeSet::new(),
            current: None,
            routing: None,
        };
        for service in &mut model.world.services {
            service.state = State::Active;
        }
        model.start_slee();
        model
    }

    /// Does one step; gives the trace.
    pub(crate) fn step(&mut self, step: &Step) -> Vec<Line> {
        self.energy = ENERGY;
        self.do_action(&step.action);
        self.turn(step.budget);
        if step.group {
            self.saved = self.world.clone();
        }
        std::mem::take(&mut self.lines)
    }

    fn do_action(&mut self, action: &Act1) {
        match action {
            Act1::Start { .. } if self.world.adaptor != State::Active => {
                self.lines.push(Line::Adaptor("start", Some("stopping")));
            }
            Act1::Start { unreferenced, .. } => {
                let id = self.new_activity(Owner::Adaptor(*unreferenced));
                self.lines.push(Line::Started(id));
                self.lines.push(Line::Adaptor("start", None));
            }
            Act1::Fire(n, shot) => {
                if let Some(a) = back(self.born_activities, *n) {
                    self.obey(a, Some(*shot));
                }
            }
            Act1::End(n) => {
                if let Some(a) = back(self.born_activities, *n) {
                    self.obey(a, None);
                }
            }
            Act1::Advance(ms) => {
                self.now += u64::from(*ms);
                self.time_out();
            }
            Act1::Activate(n) => {
                if self.world.services[usize::from(*n)].state == State::Inactive {
                    self.world.services[usize::from(*n)].state = State::Active;
                    if self.world.slee == State::Active {
                        self.start_service((*n).into());
                    }
                }
            }
            Act1::Deactivate(n) => {
                let service = &mut self.world.services[usize::from(*n)];
                if service.state == State::Active {
                    service.state = State::Stopping;
                    self.end_service_activity((*n).into());
                }
            }
            Act1::AdminEnd(n) => {
                if let Some(a) = back(self.born_activities, *n) {
                    self.administrative_end(a);
                }
            }
            Act1::Stop => self.stop_slee(),
            Act1::Restart if self.world.slee == State::Inactive => self.start_slee(),
            Act1::Restart => {}
            Act1::Crash => self.crash(),
            Act1::Nothing => {}
        }
    }

    /// Active adaptors and services begin to work (R-SL-02).
    pub(crate) fn start_slee(&mut self) {
        self.world.slee = State::Active;
        self.world.adaptor = State::Active;
        for service in 0..SERVICES {
            if self.world.services[service].state == State::Active {
                self.start_service(service);
            }
        }
    }
    /// Adaptors start nothing more, and services' activities end (R-SL-03).
    fn stop_slee(&mut self) {
        if self.world.slee != State::Active {
            return;
        }
        self.world.slee = State::Stopping;
        self.world.adaptor = State::Stopping;
        for service in 0..SERVICES {
            self.end_service_activity(service);
        }
    }
    pub(crate) fn start_service(&mut self, service: usize) {
        self.world.services[service].state = State::Active;
        let id = match self.world.services[service].activity {
            Some(id) => id,
            None => self.new_activity(Owner::Service(service)),
        };
        self.world.services[service].activity = Some(id);
        let mut event = self.new_event(Type::Started, 0);
        event.service = Some(service);
        self.world.enqueue(id, event);
    }
    pub(crate) fn end_service_activity(&mut self, service: usize) {
        if let Some(id) = self.world.services[service].activity
            && !self.world.activities[&id].ending
        {
            self.begin_end(id);
        }
    }
    fn administrative_end(&mut self, activity: usize) {
        let Some(a) = self.world.activities.get(&activity).filter(|a| !a.ending) else {
            return;
        };
        if matches!(a.owner, Owner::Adaptor(_)) {
            self.lines.push(Line::AdminRemoved(activity));
        }
        self.begin_end(activity);
    }

    /// The adaptor fires an event on an activity, or ends it.
    pub(crate) fn obey(&mut self, activity: usize, shot: Option<Shot>) {
        let owned = self
            .world
            .activities
            .get(&activity)
            .filter(|a| matches!(a.owner, Owner::Adaptor(_)));
        let Some(ending) = owned.map(|a| a.ending) else {
            let name = if shot.is_some() { "fire" } else { "end" };
            return self.lines.push(Line::Adaptor(name, Some("stale activity")));
        };
        let Some(shot) = shot else {
            if !ending {
                self.begin_end(activity);
            }
            return self.lines.push(Line::Adaptor("end", None));
        };
        let outcome = self.shot(shot);
        let refused = match outcome {
            Err(refused) => Some(refused),
            Ok(_) if ending => Some("ending"),
            Ok(mut event) => {
                event.report = true;
                self.world.enqueue(activity, event);
                None
            }
        };
        self.lines.push(Line::Adaptor("fire", refused));
    }

    /// Moves an activity to Ending and queues its last event (R-AE-01).
    pub(crate) fn begin_end(&mut self, activity: usize) {
        if let Some(a) = self.world.activities.get_mut(&activity) {
            a.ending = true;
        }
        let event = self.new_event(Type::End, 0);
        self.world.enqueue(activity, event);
    }

    // ---- a turn

    fn turn(&mut self, budget: Option<u8>) {
        if let Some(budget) = budget {
            return self.run(budget.into());
        }
        loop {
            self.run(usize::MAX);
            let holds = self.held().into_iter().any(|(until, _)| until <= self.now);
            let timers = self.due().is_some_and(|(armed, _)| armed <= self.now);
            if !holds && !timers {
                return;
            }
            self.time_out();
        }
    }

    fn run(&mut self, budget: usize) {
        let mut left = budget;
        loop {
            if let Some(report) = self.world.reports.pop_front() {
                self.tell(report);
            } else if let Some(activity) = self.world.checks.pop_front() {
                self.check(activity);
            } else if left > 0
                && self.world.slee != State::Inactive
                && let Some(activity) = self.world.ready.pop_front()
            {
                self.route(activity, &mut left);
            } else if !self.settle() {
                return;
            }
        }
    }

    fn tell(&mut self, report: Line) {
        let Line::Unreferenced(activity) = report else {
            return self.lines.push(report);
        };
        let reported = self
            .world
            .activities
            .get(&activity)
            .is_some_and(|a| a.reported);
        if !reported || self.world.is_referenced(activity) {
            return;
        }
        self.lines.push(report);
        if activity % 2 == 0 {
            self.begin_end(activity);
        }
    }

    /// Nothing refers to an activity any more (R-NA-03, R-AC-06).
    fn check(&mut self, activity: usize) {
        let referenced = self.world.is_referenced(activity);
        let Some(a) = self.world.activities.get_mut(&activity) else {
            return;
        };
        if referenced || a.ending || a.reported {
            return;
        }
        match a.owner {
            Owner::Null => self.begin_end(activity),
            Owner::Adaptor(true) => {
                a.reported = true;
                self.world.reports.push_back(Line::Unreferenced(activity));
            }
            Owner::Adaptor(false) | Owner::Service(_) => {}
        }
    }

    /// A stopping service is inactive when its activity and its last entity are gone (R-SV-05); the SLEE is stopped when
    /// nothing is left (R-SL-03).
    fn settle(&mut self) -> bool {
        let mut settled = false;
        for service in 0..SERVICES {
            let s = self.world.services[service];
            let empty = s.activity.is_none() && self.world.entities_of(service) == 0;
            if s.state == State::Stopping && empty {
                self.world.services[service].state = State::Inactive;
                settled = true;
            }
        }
        let is_trunk = |a: &Activity| matches!(a.owner, Owner::Adaptor(_));
        if self.world.adaptor == State::Stopping && !self.world.activities.values().any(is_trunk) {
            self.world.adaptor = State::Inactive;
            settled = true;
        }
        let empty = self.world.activities.is_empty() && self.world.entities.is_empty();
        if self.world.slee == State::Stopping && empty && self.world.adaptor == State::Inactive {
            self.world.slee = State::Inactive;
        }
        settled
    }
}
