//! The model's handlers: executes scripts on the world, operation by operation, as the rules say.

use super::model::{Model, Stop};
use super::script::{Act, Clockwork, Ent, Hook, KID, Op, Shot};
use super::trace::{Line, Res, View, What, bare};
use super::world::{Activity, Attachment, Entity, Event, Name, Owner, State, Timer, Type};

/// Default length of a suspension, in milliseconds.
const SUSPENSION: u64 = 10_000;
/// Default lateness of timers, in milliseconds.
const LATENESS: u64 = 1000;

type Refused = &'static str;

/// Whether an SBB of a kind receives an event type, as the bit of the type; on the adaptor's activities or others.
pub fn receives(kind: usize, event: Type, on_trunk: bool) -> bool {
    match event {
        Type::Shoot0 | Type::Timer => true,
        Type::Shoot1 => kind != 0 || on_trunk,
        Type::End => kind != 2,
        Type::Started => kind == 2,
    }
}

impl Model {
    /// Calls an entity: writes down what it sees, then performs.
    pub fn called(
        &mut self,
        entity: usize,
        on: Option<usize>,
        what: What,
        ops: &[Op],
    ) -> Result<(), Stop> {
        let e = &self.world.entities[&entity];
        let mask = |a: &usize| {
            let attached = &self.world.activities[a].attached;
            let mask = attached.iter().find(|at| at.entity == entity);
            (*a, mask.map_or(0, |at| at.mask))
        };
        let view = View {
            kind: e.kind,
            entity,
            on,
            count: e.count,
            attached: e.attached.iter().map(mask).collect(),
            kids: self.world.kids(entity),
            parent: e.parent,
            priority: (!e.doomed).then_some(e.priority),
        };
        self.lines.push(Line::Called(what, view));
        self.perform(entity, on, ops)
    }
    pub fn hook(&mut self, entity: usize, on: Option<usize>, hook: Hook) -> Result<(), Stop> {
        let case = std::rc::Rc::clone(&self.case);
        let kind = self.world.entities[&entity].kind;
        self.called(entity, on, What::Hook(hook), case.hook(hook, kind))
    }

    fn perform(&mut self, entity: usize, on: Option<usize>, ops: &[Op]) -> Result<(), Stop> {
        for op in ops {
            let stop = match op {
                Op::Fail => Some(Stop::Failed),
                Op::Panic => Some(Stop::Panicked),
                _ => None,
            };
            if let Some(stop) = stop {
                self.lines.push(Line::Did(op.clone(), Res::Marked(true)));
                return Err(stop);
            }
            let result = self.act(entity, on, op).unwrap_or(Res::Nobody);
            self.lines.push(Line::Did(bare(op), result));
        }
        Ok(())
    }

    fn activity(&self, entity: usize, on: Option<usize>, act: Act) -> Option<usize> {
        match act {
            Act::Here => on,
            Act::Back(n) => back(self.born_activities, n),
            Act::Mine => self.world.entities[&entity].attached.first().copied(),
            Act::Service => {
                self.world.services[self.world.entities[&entity].service].activity
            }
        }
    }
    fn entity(&self, entity: usize, ent: Ent) -> Option<usize> {
        match ent {
            Ent::Me => Some(entity),
            Ent::Parent => self.world.entities[&entity].parent,
            Ent::Kid(n) => {
                let kids = self.world.kids(entity);
                kids.get(usize::from(n) % kids.len().max(1)).copied()
            }
            Ent::Back(n) => back(self.born_entities, n),
        }
    }
    fn tire(&mut self) -> bool {
        if self.energy == 0 {
            return false;
        }
        self.energy -= 1;
        true
    }

    fn act(&mut self, me: usize, on: Option<usize>, op: &Op) -> Option<Res> {
        let outcome = match op {
            Op::Count(n) => {
                let e = self.world.entities.get_mut(&me)?;
                e.count = e.count.wrapping_add(u32::from(*n));
                Ok(())
            }
            Op::Attach(act) => {
                let a = self.activity(me, on, *act)?;
                self.attach(me, a)
            }
            Op::Detach(act) => {
                let a = self.activity(me, on, *act)?;
                self.detach(me, a)
            }
            Op::AttachOther(ent, act) => {
                let (e, a) = (self.entity(me, *ent)?, self.activity(me, on, *act)?);
                self.attach(e, a)
            }
            Op::DetachOther(ent, act) => {
                let (e, a) = (self.entity(me, *ent)?, self.activity(me, on, *act)?);
                self.detach(e, a)
            }
            Op::Remove(ent) => {
                let e = self.entity(me, *ent)?;
                self.live_entity(e).map(|()| self.doom(e))
            }
            Op::Priority(ent, priority) => {
                let e = self.entity(me, *ent)?;
                self.live_entity(e).map(|()| {
                    if let Some(e) = self.world.entities.get_mut(&e) {
                        e.priority = *priority;
                    }
                })
            }
            Op::RollbackOnly => Err("told"),
            _ => return self.act_with_result(me, on, op),
        };
        // These have no result: what is refused marks the transaction (R-AC-03).
        self.world.tx.marked |= outcome.is_err();
        Some(Res::Marked(self.world.tx.marked))
    }

    fn act_with_result(&mut self, me: usize, on: Option<usize>, op: &Op) -> Option<Res> {
        match op {
            Op::Child => {
                if !self.tire() {
                    return Some(Res::Tired);
                }
                Some(self.child(me).map_or_else(Res::Refused, Res::Entity))
            }
            Op::Call(ent, ops) => {
                let kid = self.entity(me, *ent)?;
                Some(self.call(kid, ops))
            }
            Op::Timer(act, program, clockwork) => {
                let a = self.activity(me, on, *act)?;
                if !self.tire() {
                    return Some(Res::Tired);
                }
                let set = self.set_timer(a, *program, clockwork);
                Some(set.map_or_else(Res::Refused, Res::Timer))
            }
            Op::Cancel(n) => {
                let timer = back(self.born_timers, *n)?;
                if self.world.timers.get(&timer).is_some_and(|t| !t.expired)
                    && let Some(gone) = self.world.timers.remove(&timer)
                {
                    self.world.tx.touched.push(gone.activity);
                }
                Some(Res::Marked(self.world.tx.marked))
            }
            Op::TimerActivity(n) => {
                let timer = back(self.born_timers, *n)?;
                let activity = self.world.timers.get(&timer).map(|t| t.activity);
                Some(Res::Activity(activity))
            }
            Op::Suspend(_) | Op::Resume(_) | Op::IsSuspended(_) => self.hold(op),
            Op::Null | Op::EndNull(_) | Op::Start | Op::Command(..) | Op::Fire(..) => {
                self.act_on_activities(me, on, op)
            }
            _ => self.act_on_contexts(me, on, op),
        }
    }

    // ---- entities

    fn live_entity(&self, entity: usize) -> Result<(), Refused> {
        if self.world.is_entity(entity) {
            Ok(())
        } else {
            Err("stale entity")
        }
    }
    fn live_activity(&self, activity: usize) -> Result<(), Refused> {
        if self.world.activities.contains_key(&activity) {
            Ok(())
        } else {
            Err("stale activity")
        }
    }

    pub fn attach(&mut self, entity: usize, activity: usize) -> Result<(), Refused> {
        self.live_entity(entity)?;
        self.live_activity(activity)?;
        if self.world.attachment(entity, activity).is_some() {
            return Ok(());
        }
        let kind = self.world.entities[&entity].kind;
        // Masked on attach: the timer for kind 1, type 1 for the child (R-MK-01).
        let mask = match kind {
            1 => 1 << Type::Timer as u8,
            KID => 1 << Type::Shoot1 as u8,
            _ => 0,
        };
        if let Some(a) = self.world.activities.get_mut(&activity) {
            let seq = a.attachments;
            a.attachments += 1;
            a.attached.push(Attachment { entity, mask, seq });
            a.durable = true;
            a.reported = false;
        }
        if let Some(e) = self.world.entities.get_mut(&entity) {
            e.attached.push(activity);
        }
        Ok(())
    }
    fn detach(&mut self, entity: usize, activity: usize) -> Result<(), Refused> {
        self.live_entity(entity)?;
        self.live_activity(activity)?;
        self.take_off(entity, activity);
        Ok(())
    }
    pub fn take_off(&mut self, entity: usize, activity: usize) {
        if self.world.attachment(entity, activity).is_none() {
            return;
        }
        if let Some(a) = self.world.activities.get_mut(&activity) {
            a.attached.retain(|at| at.entity != entity);
        }
        if let Some(e) = self.world.entities.get_mut(&entity) {
            e.attached.retain(|a| *a != activity);
        }
        self.world.tx.touched.push(activity);
        let root = self.world.root(entity);
        if self.world.attachments(root) == 0 {
            self.world.tx.orphans.push(root);
        }
    }

    /// Marks a tree for removal: detached and out of sight at once (R-SE-03, R-SE-04).
    pub fn doom(&mut self, entity: usize) {
        let Some(e) = self.world.entities.get_mut(&entity) else {
            return;
        };
        if std::mem::replace(&mut e.doomed, true) {
            return;
        }
        let (attached, kids, parent) = (e.attached.clone(), e.kids.clone(), e.parent);
        self.world.tx.doomed.push(entity);
        for activity in attached {
            self.take_off(entity, activity);
        }
        if let Some(parent) = parent
            && let Some(p) = self.world.entities.get_mut(&parent).filter(|p| !p.doomed)
        {
            p.kids.retain(|kid| *kid != entity);
        }
        for kid in kids {
            self.doom(kid);
        }
    }

    /// A new entity, with its `create` callback; if that fails nothing of it stays (R-SO-02, R-SO-04).
    pub fn make(
        &mut self,
        kind: usize,
        service: usize,
        priority: i8,
        parent: Option<usize>,
        name: Option<Name>,
    ) -> Result<usize, Refused> {
        let before = self.world.clone();
        let id = self.born_entities;
        self.born_entities += 1;
        let entity = Entity {
            kind,
            service,
            priority,
            parent,
            kids: Vec::new(),
            attached: Vec::new(),
            count: 0,
            name,
            doomed: false,
        };
        self.world.entities.insert(id, entity);
        if let Some(parent) = parent.and_then(|p| self.world.entities.get_mut(&p)) {
            parent.kids.push(id);
        }
        self.executing.insert(id);
        let created = self.hook(id, None, Hook::Create);
        self.executing.remove(&id);
        let Err(stop) = created else { return Ok(id) };
        let marked = self.world.tx.marked || stop == Stop::Panicked;
        let touched = std::mem::take(&mut self.world.tx.touched);
        self.world = before;
        self.world.tx.marked = marked;
        self.world.tx.touched = touched;
        Err(match stop {
            Stop::Failed => "invalid argument",
            Stop::Panicked => "rolled back",
        })
    }

    fn child(&mut self, parent: usize) -> Result<usize, Refused> {
        self.live_entity(parent)?;
        let (kind, service) = {
            let p = &self.world.entities[&parent];
            (p.kind, p.service)
        };
        let priority = match kind {
            0 => 5,
            KID => -7,
            _ => return Err("invalid argument"),
        };
        self.make(KID, service, priority, Some(parent), None)
    }

    /// A synchronous call (R-SE-05, R-SO-07).
    fn call(&mut self, kid: usize, ops: &[Op]) -> Res {
        let refused = if !self.world.is_entity(kid) {
            Some("stale entity")
        } else if self.executing.contains(&kid) {
            Some("reentrant")
        } else if self.world.entities[&kid].kind != KID {
            Some("wrong sbb")
        } else {
            None
        };
        if let Some(refused) = refused {
            self.world.tx.marked = true;
            return Res::Refused(refused);
        }
        self.executing.insert(kid);
        let count = self.world.entities[&kid].count;
        let outcome = self.called(kid, None, What::Call, ops);
        if outcome.is_err() {
            let _ = self.hook(kid, None, Hook::Exception);
        }
        self.executing.remove(&kid);
        let Err(stop) = outcome else {
            return Res::Marked(self.world.tx.marked);
        };
        self.world.tx.marked = true;
        if let Some(e) = self.world.entities.get_mut(&kid) {
            e.count = count;
        }
        Res::Refused(match stop {
            Stop::Failed => "failed",
            Stop::Panicked => "rolled back",
        })
    }

    // ---- activities

    pub fn new_activity(&mut self, owner: Owner) -> usize {
        let id = self.born_activities;
        self.born_activities += 1;
        self.world.activities.insert(id, Activity::new(owner));
        id
    }
    pub fn new_event(&mut self, kind: Type, program: u8) -> Event {
        let number = self.born_events;
        self.born_events += 1;
        Event {
            number,
            kind,
            program,
            address: None,
            service: None,
            report: false,
            expiry: None,
            held: None,
            progress: None,
        }
    }
    pub fn shot(&mut self, shot: Shot) -> Result<Event, Refused> {
        let kind = if shot.kind == 0 {
            Type::Shoot0
        } else {
            Type::Shoot1
        };
        let service = shot.service.map(usize::from);
        if service.is_some_and(|s| self.world.services[s].state == State::Inactive) {
            return Err("invalid argument");
        }
        let mut event = self.new_event(kind, shot.program);
        event.address = shot.address;
        event.service = service;
        Ok(event)
    }
    pub fn takes_events(&self, activity: usize) -> Result<(), Refused> {
        self.live_activity(activity)?;
        if self.world.activities[&activity].ending {
            return Err("ending");
        }
        Ok(())
    }

    fn act_on_activities(&mut self, me: usize, on: Option<usize>, op: &Op) -> Option<Res> {
        let target = match op {
            Op::EndNull(act) | Op::Command(act, _) | Op::Fire(act, _) => {
                self.activity(me, on, *act)?
            }
            _ => 0,
        };
        if let Op::EndNull(_) = op {
            let Some(a) = self.world.activities.get_mut(&target) else {
                return Some(Res::Refused("stale activity"));
            };
            if a.owner != Owner::Null {
                return Some(Res::Refused("stale activity"));
            }
            if !a.ending {
                a.ending = true;
                self.world.tx.ends.push(target);
            }
            return Some(Res::Marked(false));
        }
        if !self.tire() {
            return Some(Res::Tired);
        }
        Some(match op {
            Op::Null | Op::Start => {
                let owner = if *op == Op::Null {
                    Owner::Null
                } else {
                    Owner::Adaptor(true)
                };
                let id = self.new_activity(owner);
                self.world.tx.touched.push(id);
                Res::Activity(Some(id))
            }
            Op::Command(_, shot) => {
                self.world.tx.commands.push((target, *shot));
                Res::Marked(self.world.tx.marked)
            }
            Op::Fire(_, shot) => match self.takes_events(target).and_then(|()| self.shot(*shot)) {
                Ok(event) => {
                    self.world.tx.fired.push((target, event));
                    Res::Marked(false)
                }
                Err(refused) => Res::Refused(refused),
            },
            _ => return None,
        })
    }

    fn set_timer(&mut self, a: usize, program: u8, c: &Clockwork) -> Result<usize, Refused> {
        self.takes_events(a)?;
        let period = u64::from(c.period);
        let timeout = u64::from(c.timeout);
        if period > 0 && timeout > period {
            return Err("invalid argument");
        }
        let timeout = if timeout == 0 { LATENESS } else { timeout };
        let next = self.now.saturating_add_signed(c.first.into());
        let timer = Timer {
            activity: a,
            program,
            next,
            period,
            times: if period == 0 { 1 } else { c.times },
            passed: 0,
            missed: 0,
            timeout: if period > 0 {
                timeout.min(period)
            } else {
                timeout
            },
            keep: c.keep,
            at_once: period == 0 && next < self.now,
            expired: false,
        };
        let id = self.born_timers;
        self.born_timers += 1;
        self.world.timers.insert(id, timer);
        if let Some(a) = self.world.activities.get_mut(&a) {
            a.reported = false;
        }
        Ok(id)
    }

    fn hold(&mut self, op: &Op) -> Option<Res> {
        let outcome = match op {
            Op::Suspend(timeout) => self.suspend(*timeout).map(Res::Number),
            Op::Resume(n) => {
                let n = back(self.contexts.len(), *n)?;
                self.resume(n).map(|()| Res::Marked(false))
            }
            Op::IsSuspended(n) => {
                let n = back(self.contexts.len(), *n)?;
                self.is_held(self.contexts[n]).map(Res::Flag)
            }
            _ => return None,
        };
        Some(outcome.unwrap_or_else(Res::Refused))
    }
    fn is_held(&self, (activity, number): (usize, u64)) -> Result<bool, Refused> {
        self.live_activity(activity)?;
        let first = self.world.first(activity);
        Ok(first.is_some_and(|e| e.number == number && e.held.is_some()))
    }
    fn change_hold(&mut self, activity: usize, until: Option<u64>) {
        if let Some(a) = self.world.activities.get_mut(&activity)
            && let Some(first) = a.queue.front_mut()
        {
            first.held = until;
        }
        self.world.tx.touched.push(activity);
    }
    fn suspend(&mut self, timeout: Option<u16>) -> Result<u64, Refused> {
        let context = self.current.ok_or("no event")?;
        let timeout = timeout.map_or(SUSPENSION, u64::from);
        if timeout == 0 {
            return Err("invalid argument");
        }
        if self.is_held(context)? {
            return Err("already suspended");
        }
        self.change_hold(context.0, Some(self.now + timeout));
        self.contexts.push(context);
        Ok(self.contexts.len() as u64 - 1)
    }
    fn resume(&mut self, n: usize) -> Result<(), Refused> {
        let context = self.contexts[n];
        if !self.is_held(context)? {
            return Err("not suspended");
        }
        self.change_hold(context.0, None);
        // The event that is being routed goes on by itself (R-EC-05).
        if self.routing != Some(context) {
            self.world.tx.resumed.push(context.0);
        }
        Ok(())
    }

    fn act_on_contexts(&mut self, me: usize, on: Option<usize>, op: &Op) -> Option<Res> {
        let marked = |()| Res::Marked(false);
        let outcome = match op {
            Op::Bind(n, act) => {
                let a = self.activity(me, on, *act)?;
                self.bind(format!("name-{n}"), a).map(marked)
            }
            Op::Unbind(n) => match self.world.names.remove(&format!("name-{n}")) {
                Some(a) => {
                    self.world.tx.touched.push(a);
                    Ok(Res::Marked(false))
                }
                None => Err("not bound"),
            },
            Op::Lookup(n) => Ok(Res::Activity(
                self.world.names.get(&format!("name-{n}")).copied(),
            )),
            Op::Alive(act) => {
                let a = self.activity(me, on, *act)?;
                Ok(Res::Flag(self.takes_events(a).is_ok()))
            }
            Op::Set(act, shared, value) => {
                let a = self.activity(me, on, *act)?;
                let key = self.attribute(me, *shared);
                self.live_activity(a).map(|()| {
                    if let Some(a) = self.world.activities.get_mut(&a) {
                        a.attributes.insert(key, u64::from(*value));
                    }
                    self.world.tx.touched.push(a);
                    Res::Marked(false)
                })
            }
            Op::Get(act, shared) => {
                let a = self.activity(me, on, *act)?;
                let key = self.attribute(me, *shared);
                self.live_activity(a).map(|()| {
                    let value = self.world.activities[&a].attributes.get(&key);
                    Res::Number(value.copied().unwrap_or_default())
                })
            }
            Op::Mask(act, bits) => {
                let a = self.activity(me, on, *act)?;
                self.mask(me, a, *bits).map(marked)
            }
            _ => return None,
        };
        Some(outcome.unwrap_or_else(Res::Refused))
    }
    /// Shared by entities of one SBB, or under an alias by all (R-AT-01, R-AT-02).
    fn attribute(&self, entity: usize, shared: bool) -> String {
        match self.world.entities[&entity].kind {
            _ if shared => "shared".to_owned(),
            kind => format!("own of {kind}"),
        }
    }
    fn bind(&mut self, name: String, activity: usize) -> Result<(), Refused> {
        self.live_activity(activity)?;
        if self.world.names.contains_key(&name) {
            return Err("already bound");
        }
        self.world.names.insert(name, activity);
        if let Some(a) = self.world.activities.get_mut(&activity) {
            a.reported = false;
        }
        self.world.tx.touched.push(activity);
        Ok(())
    }
    fn mask(&mut self, entity: usize, activity: usize, bits: u8) -> Result<(), Refused> {
        self.live_entity(entity)?;
        let kind = self.world.entities[&entity].kind;
        if bits >> Type::End as u8 & 1 == 1 && !receives(kind, Type::End, true) {
            return Err("unrecognized event");
        }
        self.live_activity(activity)?;
        let attachment = self.world.attachment(entity, activity);
        attachment.ok_or("not attached")?.mask = bits;
        Ok(())
    }
}

/// The `n`th latest of so many, among the latest six.
pub fn back(born: usize, n: u8) -> Option<usize> {
    let n = usize::from(n) % born.clamp(1, 6);
    born.checked_sub(n + 1)
}
