//! What the model has left after the process died: the world as the store was last given it, less what is not durable.

use super::model::Model;
use super::script::SERVICES;
use super::sut::Sut;
use super::world::{Event, State, Type};

impl Model {
    /// What was committed to the store comes back, as far as a durable entity was ever attached to its activity.
    pub(crate) fn crash(&mut self) {
        self.now += 1;
        let states = self.world.services.map(|s| s.state);
        let mut world = self.saved.clone();
        world.activities.retain(|_, a| a.durable);
        let durable = self.case.durable;
        world.entities.retain(|_, e| durable[e.service]);
        for a in world.activities.values_mut() {
            let entities = &world.entities;
            a.attached.retain(|at| entities.contains_key(&at.entity));
        }
        let lives = |a: &usize| world.activities.contains_key(a);
        world.timers.retain(|_, t| lives(&t.activity) && !t.expired);
        world.names.retain(|_, a| lives(a));
        for service in &mut world.services {
            service.activity = service.activity.filter(lives);
        }
        world.reports.clear();
        world.checks.clear();
        world.ready.clear();
        for a in world.activities.values_mut() {
            a.reported = false;
            a.expired.clear();
            if let Some(first) = a.queue.front_mut() {
                first.held = first.held.filter(|until| *until > self.now);
            }
        }
        self.world = world;
        let mut ids: Vec<usize> = self.world.activities.keys().copied().collect();
        ids.sort_by_key(|id| Sut::raw_activity(*id));
        let is_fresh_end = |e: &Event| e.kind == Type::End && e.progress.is_none();
        for fresh_ends in [false, true] {
            for id in &ids {
                if let Some(first) = self.world.first(*id)
                    && first.held.is_none()
                    && is_fresh_end(first) == fresh_ends
                {
                    self.world.ready.push_back(*id);
                }
            }
        }
        for id in ids {
            self.world.check_later(id);
        }
        self.world.slee = State::Active;
        self.world.adaptor = State::Active;
        self.restart_services(states);
    }

    /// Active ones start anew; of the others those that left something behind go on stopping.
    fn restart_services(&mut self, states: [State; SERVICES]) {
        for (service, state) in states.into_iter().enumerate() {
            let left = self.world.services[service].activity;
            let ending = left.is_some_and(|id| self.world.activities[&id].ending);
            if state == State::Active {
                if ending {
                    self.world.services[service].activity = None;
                }
                self.start_service(service);
            } else if left.is_some() || self.world.entities_of(service) > 0 {
                self.world.services[service].state = State::Stopping;
                self.end_service_activity(service);
            } else {
                self.world.services[service].state = State::Inactive;
            }
        }
    }
}
