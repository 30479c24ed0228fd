//! The model's router: offers each event in one descending order of priority, one receiver after the other (R-RT-02).

use super::model::Model;
use super::play::receives;
use super::toy::PRIORITIES;
use super::trace::Line;
use super::world::{Event, Owner, Progress, State, Type};

/// An event under routing.
pub(crate) struct Routing {
    pub(crate) activity: usize,
    pub(crate) event: Event,
    pub(crate) progress: Progress,
}

#[derive(Clone, Copy)]
pub(crate) enum Target {
    Initial(usize),
    Attached(usize),
}

impl Model {
    pub(crate) fn route(&mut self, activity: usize, left: &mut usize) {
        let Some(event) = self.world.first(activity).cloned() else {
            return;
        };
        let progress = event.progress.clone();
        let progress = progress.unwrap_or_else(|| self.choose_services(activity, &event));
        let mut routing = Routing {
            activity,
            event,
            progress,
        };
        self.routing = Some((activity, routing.event.number));
        while let Some(target) = self.next_target(&mut routing) {
            self.deliver(&mut routing, target);
            *left = left.saturating_sub(1);
            let held = self.world.first(activity).is_some_and(|e| e.held.is_some());
            if held || *left == 0 {
                if !held {
                    self.world.ready.push_front(activity);
                }
                if let Some(a) = self.world.activities.get_mut(&activity)
                    && let Some(first) = a.queue.front_mut()
                {
                    first.progress = Some(routing.progress);
                }
                self.routing = None;
                return;
            }
        }
        self.routing = None;
        self.finish(&routing);
    }

    pub(crate) fn is_trunk(&self, activity: usize) -> bool {
        self.world
            .activities
            .get(&activity)
            .is_some_and(|a| matches!(a.owner, Owner::Adaptor(_)))
    }

    /// Active services for which the event is initial, highest priority first (R-RT-01).
    fn choose_services(&self, _activity: usize, event: &Event) -> Progress {
        let mut services: Vec<usize> = match event.kind {
            Type::Shoot0 => vec![0, 1],
            Type::Shoot1 => vec![1, 2],
            Type::Timer | Type::Started => vec![2],
            // Initial on a third of the activities (see the selection function).
            Type::End => vec![1],
        };
        services.retain(|s| {
            self.world.services[*s].state == State::Active
                && event.service.is_none_or(|target| target == *s)
        });
        Progress {
            services: services.into(),
            ..Progress::default()
        }
    }

    /// Who is next: one descending order of priority, the service first on a tie (R-RT-02).
    fn next_target(&self, routing: &mut Routing) -> Option<Target> {
        let attached = self.next_attached(routing);
        while let Some(&service) = routing.progress.services.front() {
            if self.world.services[service].state != State::Active {
                routing.progress.services.pop_front();
                continue;
            }
            let root = |e: usize| self.world.entities[&self.world.root(e)].priority;
            if attached.is_some_and(|e| root(e) > PRIORITIES[service]) {
                break;
            }
            routing.progress.services.pop_front();
            return Some(Target::Initial(service));
        }
        attached.map(Target::Attached)
    }
    fn next_attached(&self, routing: &Routing) -> Option<usize> {
        let order = self.world.in_order(routing.activity);
        let trunk = self.is_trunk(routing.activity);
        order.into_iter().find(|id| {
            let e = &self.world.entities[id];
            let event = &routing.event;
            event.kind == Type::End
                || (!routing.progress.delivered.contains(id)
                    && event.service.is_none_or(|s| s == e.service)
                    && receives(e.kind, event.kind, trunk))
        })
    }

    /// Everyone was offered the event (R-RT-10).
    fn finish(&mut self, routing: &Routing) {
        let activity = routing.activity;
        if let Some(a) = self.world.activities.get_mut(&activity) {
            a.queue.pop_front();
        }
        if routing.event.report {
            let outcome = match (routing.progress.processed, routing.progress.rolled_back) {
                (true, _) => "processed",
                (false, true) => "rolled back",
                (false, false) => "no receiver",
            };
            self.world.reports.push_back(Line::Done(activity, outcome));
        }
        if routing.event.kind == Type::End {
            self.end_done(activity);
        } else if self.world.first(activity).is_some() {
            self.world.ready.push_back(activity);
        } else {
            self.world.check_later(activity);
        }
    }

    /// Names, timers and attributes go with the activity (R-AE-04).
    fn end_done(&mut self, activity: usize) {
        let Some(a) = self.world.activities.remove(&activity) else {
            return;
        };
        self.world.timers.retain(|_, t| t.activity != activity);
        self.world.names.retain(|_, a| *a != activity);
        match a.owner {
            Owner::Adaptor(_) => self.world.reports.push_back(Line::Ended(activity)),
            Owner::Service(s) if self.world.services[s].activity == Some(activity) => {
                self.world.services[s].activity = None;
            }
            Owner::Service(_) | Owner::Null => {}
        }
    }
}
