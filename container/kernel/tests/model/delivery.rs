//! The model's deliveries: each on a copy of the world, which is kept or dropped; and what follows when it is dropped.

use super::model::{Model, Stop};
use super::play::receives;
use super::router::{Routing, Target};
use super::script::{Hook, Op};
use super::sut::Sut;
use super::toy::PRIORITIES;
use super::trace::What;
use super::world::{Name, Type, World};
use std::rc::Rc;

impl Model {
    pub(crate) fn deliver(&mut self, routing: &mut Routing, target: Target) {
        let before = self.world.clone();
        let (entity, made) = match target {
            Target::Attached(entity) => (entity, None),
            Target::Initial(service) => match self.choose(routing, service) {
                Ok(Some((entity, new))) => (entity, new.then_some(service)),
                Ok(None) => return,
                Err(_) => {
                    self.world = before;
                    routing.progress.rolled_back = true;
                    return;
                }
            },
        };
        if self.attempt(routing, entity).is_ok() {
            self.commit();
        } else {
            self.recover(routing, entity, made, before);
        }
    }

    /// The root entity of an initial event, attached, and whether it is new (R-IE-06, R-IE-07, R-IE-09).
    fn choose(
        &mut self,
        routing: &Routing,
        service: usize,
    ) -> Result<Option<(usize, bool)>, &'static str> {
        let Some(name) = convergence_name(routing, service) else {
            return Ok(None);
        };
        let same =
            |e: &super::world::Entity| e.service == service && e.name.as_ref() == Some(&name);
        let root = self
            .world
            .entities
            .iter()
            .find(|(_, e)| same(e))
            .map(|(id, _)| *id);
        if root.is_some_and(|root| routing.progress.delivered.contains(&root)) {
            return Ok(None);
        }
        let (id, new) = match root {
            Some(id) => (id, false),
            None => {
                let id = self.make(service, service, PRIORITIES[service], None, Some(name))?;
                (id, true)
            }
        };
        self.attach(id, routing.activity)?;
        Ok(Some((id, new)))
    }

    fn attempt(&mut self, routing: &mut Routing, entity: usize) -> Result<(), Stop> {
        let offered = routing.progress.delivered.contains(&entity);
        if !offered {
            routing.progress.delivered.push(entity);
        }
        let handles = !offered && self.has_handler(routing, entity);
        if handles {
            self.handle(routing, entity)?;
        }
        if routing.event.kind == Type::End {
            self.take_off(entity, routing.activity);
        }
        self.complete(entity)?;
        routing.progress.processed |= handles;
        Ok(())
    }

    fn has_handler(&mut self, routing: &Routing, entity: usize) -> bool {
        let (kind, service) = {
            let e = &self.world.entities[&entity];
            (e.kind, e.service)
        };
        let event = &routing.event;
        let trunk = self.is_trunk(routing.activity);
        let mask = self
            .world
            .attachment(entity, routing.activity)
            .map_or(0, |a| a.mask);
        receives(kind, event.kind, trunk)
            && event.service.is_none_or(|s| s == service)
            && mask >> event.kind as u8 & 1 == 0
    }

    fn handle(&mut self, routing: &Routing, entity: usize) -> Result<(), Stop> {
        let on = Some(routing.activity);
        let case = Rc::clone(&self.case);
        let event = &routing.event;
        let kind = self.world.entities[&entity].kind;
        let (what, ops): (What, &[Op]) = match event.kind {
            Type::Shoot0 => (
                What::Event(0, event.program),
                case.program(event.program, kind),
            ),
            Type::Shoot1 => (
                What::Event(1, event.program),
                case.program(event.program, kind),
            ),
            Type::Timer => {
                let (timer, scheduled, actual, remaining, missed) =
                    event.expiry.unwrap_or_default();
                let program = event.program;
                let what = What::Timer {
                    timer,
                    program,
                    scheduled,
                    actual,
                    remaining,
                    missed,
                };
                (what, case.program(program, kind))
            }
            Type::End => (What::Hook(Hook::End), case.hook(Hook::End, kind)),
            Type::Started => (What::Hook(Hook::Started), case.hook(Hook::Started, kind)),
        };
        self.executing.insert(entity);
        self.current = Some((routing.activity, event.number));
        let outcome = self.called(entity, on, what, ops);
        if outcome.is_err() {
            // Whatever goes wrong in it, the transaction rolls back all the same (R-EX-01).
            let _ = self.hook(entity, on, Hook::Exception);
        }
        self.executing.remove(&entity);
        self.current = None;
        outcome?;
        if self.world.tx.marked {
            return Err(Stop::Failed);
        }
        Ok(())
    }

    /// Removals at the end of a delivery (R-RT-06, R-SE-08).
    fn complete(&mut self, entity: usize) -> Result<(), Stop> {
        if self.world.entities.contains_key(&entity) {
            let root = self.world.root(entity);
            if self.world.attachments(root) == 0 {
                self.world.tx.orphans.push(root);
            }
        }
        if self.finish_removals(false) {
            Ok(())
        } else {
            Err(Stop::Failed)
        }
    }

    /// What is asked to be removed, and trees without attachments; whether the transaction can still commit.
    fn finish_removals(&mut self, forced: bool) -> bool {
        while !self.world.tx.marked {
            while let Some(root) = self.world.tx.orphans.pop() {
                if self.world.is_entity(root) && self.world.attachments(root) == 0 {
                    self.world.tx.claimed.push(root);
                    self.doom(root);
                }
            }
            if self.world.tx.doomed.is_empty() {
                break;
            }
            let mut next = 0;
            while let Some(&id) = self.world.tx.doomed.get(next) {
                next += 1;
                if !forced && self.hook(id, None, Hook::Remove).is_err() {
                    self.world.tx.marked = true;
                }
                self.world.entities.remove(&id);
            }
            self.world.tx.doomed.clear();
        }
        !self.world.tx.marked
    }

    /// Lets the effects of a transaction go, in the order in which they were asked for.
    fn commit(&mut self) {
        let tx = std::mem::take(&mut self.world.tx);
        for (activity, event) in tx.fired {
            self.world.enqueue(activity, event);
        }
        for activity in tx.ends {
            self.begin_end(activity);
        }
        self.world.ready.extend(tx.resumed);
        for activity in tx.touched {
            self.world.check_later(activity);
        }
        for (activity, shot) in tx.commands {
            self.obey(activity, shot);
        }
    }

    /// After a failed delivery: undo, and tell the entity in a new transaction (R-EX-02).
    fn recover(
        &mut self,
        routing: &mut Routing,
        entity: usize,
        made: Option<usize>,
        before: World,
    ) {
        let claimed = std::mem::take(&mut self.world.tx.claimed);
        self.world = before;
        routing.progress.rolled_back = true;
        let on = Some(routing.activity);
        let removal = claimed.contains(&entity);
        match made {
            None => self.tell_rolled_back(entity, on, removal, None),
            Some(service) => self.tell_made(routing, service, removal),
        }
        for root in claimed.into_iter().filter(|root| *root != entity) {
            self.tell_rolled_back(root, None, true, None);
        }
        if routing.event.kind == Type::End {
            self.detach_at_end(routing.activity, entity);
        }
    }

    /// The entity's creation was undone too: it is made again and stays, if its SBB wants to know (R-EX-07).
    fn tell_made(&mut self, routing: &mut Routing, service: usize, removal: bool) {
        if service == 2 {
            return;
        }
        let before = self.world.clone();
        match self.choose(routing, service) {
            Ok(Some((id, _))) => {
                routing.progress.delivered.push(id);
                self.tell_rolled_back(id, Some(routing.activity), removal, Some(before));
            }
            Ok(None) => {}
            Err(_) => self.world = before,
        }
    }

    /// Calls an entity's `rolled_back` in a transaction of its own; if that fails, that is all (R-EX-04).
    fn tell_rolled_back(
        &mut self,
        entity: usize,
        on: Option<usize>,
        removal: bool,
        before: Option<World>,
    ) {
        let before = before.unwrap_or_else(|| self.world.clone());
        let Some(kind) = self.world.entities.get(&entity).map(|e| e.kind) else {
            return;
        };
        if kind == 2 {
            return;
        }
        let case = Rc::clone(&self.case);
        let ops = case.hook(Hook::RolledBack, kind);
        self.executing.insert(entity);
        let outcome = self.called(entity, on, What::RolledBack(removal), ops);
        self.executing.remove(&entity);
        let fine = outcome.is_ok() && !self.world.tx.marked && self.complete(entity).is_ok();
        if fine {
            self.commit();
        } else {
            self.world = before;
        }
    }

    /// Whatever became of its handler, an entity is detached after the last event (R-RT-07).
    fn detach_at_end(&mut self, activity: usize, entity: usize) {
        for forced in [false, true] {
            let before = self.world.clone();
            self.take_off(entity, activity);
            if self.finish_removals(forced) {
                return self.commit();
            }
            self.world = before;
        }
    }
}

/// What is selected of an event, as the services declare it (R-IE-02 to R-IE-05).
fn convergence_name(routing: &Routing, service: usize) -> Option<Name> {
    let event = &routing.event;
    let mut name = Name::default();
    match (service, event.kind) {
        (0, Type::Shoot0) | (2, Type::Started) => name.activity = Some(routing.activity),
        (1, Type::Shoot0) => match event.program % 5 {
            3 | 4 => return None,
            n => name.custom = Some(n.to_string()),
        },
        (1, Type::Shoot1) => {
            name.address = event.address;
            name.event_type = Some(event.kind);
        }
        (1, Type::End) if !Sut::raw_activity(routing.activity).is_multiple_of(3) => return None,
        (1, Type::End) => name.activity = Some(routing.activity),
        (2, Type::Timer) => name.event = Some(event.number),
        _ => {}
    }
    Some(name)
}
