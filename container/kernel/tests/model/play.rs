//! The model's handlers: executes scripts on the world, operation by operation, as the rules say.

use super::model::{Model, Stop};
use super::script::{Act, Ent, Hook, Op};
use super::trace::{Line, Res, View, What, bare};
use super::world::Type;

/// Why an operation is refused.
pub(crate) type Refused = &'static str;

/// Whether an SBB of a kind receives an event type, as the bit of the type; on the adaptor's activities or others.
pub(crate) fn receives(kind: usize, event: Type, on_trunk: bool) -> bool {
    match event {
        Type::Shoot0 | Type::Timer => true,
        Type::Shoot1 => kind != 0 || on_trunk,
        Type::End => kind != 2,
        Type::Started => kind == 2,
    }
}

impl Model {
    /// Calls an entity: writes down what it sees, then performs.
    pub(crate) fn called(
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
    pub(crate) fn hook(
        &mut self,
        entity: usize,
        on: Option<usize>,
        hook: Hook,
    ) -> Result<(), Stop> {
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

    pub(crate) fn activity(&self, entity: usize, on: Option<usize>, act: Act) -> Option<usize> {
        match act {
            Act::Here => on,
            Act::Back(n) => back(self.born_activities, n),
            Act::Mine => self.world.entities[&entity].attached.first().copied(),
            Act::Service => self.world.services[self.world.entities[&entity].service].activity,
        }
    }
    pub(crate) fn entity(&self, entity: usize, ent: Ent) -> Option<usize> {
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
    pub(crate) fn tire(&mut self) -> bool {
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
            Op::Child(attach) => {
                if !self.tire() {
                    return Some(Res::Tired);
                }
                let made = self.child(me);
                if let (true, Some(here), Ok(kid)) = (*attach, on, made) {
                    let attached = self.attach(kid, here);
                    self.world.tx.marked |= attached.is_err();
                }
                Some(made.map_or_else(Res::Refused, Res::Entity))
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
}

/// The `n`th latest of so many, among the latest six.
pub(crate) fn back(born: usize, n: u8) -> Option<usize> {
    let n = usize::from(n) % born.clamp(1, 6);
    born.checked_sub(n + 1)
}
