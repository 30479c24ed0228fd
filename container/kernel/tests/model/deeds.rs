//! What the SBBs do: every operation of a script, through the public API.

use super::exchange::{MASKED, Order, Own, RA, Shared, Shoot, Tag, Trunk, options};
use super::record::{Record, back, refusal, with};
use super::script::{Act, Clockwork, Ent, KID, Keep, Op};
use super::toy::{Toy, called};
use super::trace::{Line, Res, What, bare};
use std::panic::resume_unwind;
use std::time::Duration;
use strowger::child::Child;
use strowger::id::{ActivityId, Component, EntityId};
use strowger::ra::ActivityFlags;
use strowger::time::Wall;
use strowger::timer::{PreserveMissed, TimerOptions};
use strowger::{Cx, Error, OpError, Result};

pub(crate) fn perform<const K: usize>(toy: &mut Toy<K>, cx: &mut Cx<'_>, ops: &[Op]) -> Result {
    for op in ops {
        let result = match op {
            Op::Fail => {
                with(|r| r.lines.push(Line::Did(Op::Fail, Res::Marked(true))));
                return Err(Error::msg("failed as told"));
            }
            Op::Panic => {
                with(|r| r.lines.push(Line::Did(Op::Panic, Res::Marked(true))));
                resume_unwind(Box::new("panicked as told"))
            }
            op => act(toy, cx, op).unwrap_or(Res::Nobody),
        };
        with(|r| r.lines.push(Line::Did(bare(op), result)));
    }
    Ok(())
}

fn activity(cx: &Cx<'_>, act: Act) -> Option<ActivityId> {
    match act {
        Act::Here => cx.activity(),
        Act::Back(n) => with(|r| back(&r.activities, n)),
        Act::Mine => cx.activities().first().copied(),
        Act::Service => cx.service_activity().map(Into::into),
    }
}
fn entity(cx: &Cx<'_>, ent: Ent) -> Option<EntityId> {
    match ent {
        Ent::Me => Some(cx.entity()),
        Ent::Parent => cx.parent(),
        Ent::Kid(n) => {
            let kids = cx.children::<Toy<KID>>();
            kids.get(usize::from(n) % kids.len().max(1))
                .map(|kid| kid.id())
        }
        Ent::Back(n) => with(|r| back(&r.entities, n)),
    }
}

fn name(n: u8) -> String {
    format!("name-{n}")
}
fn done(result: Result<(), OpError>) -> Res {
    result.map_or_else(
        |cause| Res::Refused(refusal(cause)),
        |()| Res::Marked(false),
    )
}
fn tire() -> bool {
    with(Record::tire)
}

/// One operation; `None` when what it names does not exist.
fn act<const K: usize>(toy: &mut Toy<K>, cx: &mut Cx<'_>, op: &Op) -> Option<Res> {
    match op {
        Op::Count(n) => {
            toy.count = toy.count.wrapping_add(u32::from(*n));
            toy.ballast.resize(usize::from(*n), *n);
        }
        Op::Attach(act) => cx.attach(activity(cx, *act)?),
        Op::Detach(act) => cx.detach(activity(cx, *act)?),
        Op::AttachOther(ent, act) => cx.attach_entity(entity(cx, *ent)?, activity(cx, *act)?),
        Op::DetachOther(ent, act) => cx.detach_entity(entity(cx, *ent)?, activity(cx, *act)?),
        Op::Remove(ent) => cx.remove(entity(cx, *ent)?),
        Op::Priority(ent, priority) => cx.set_priority(entity(cx, *ent)?, *priority),
        Op::RollbackOnly => cx.set_rollback_only(),
        Op::Child(_) | Op::Call(..) => return family(cx, op),
        Op::Timer(..) | Op::Cancel(_) | Op::TimerActivity(_) => return timers(cx, op),
        Op::Suspend(_) | Op::Resume(_) | Op::IsSuspended(_) => return holds(cx, op),
        Op::Null | Op::EndNull(_) | Op::Start | Op::Command(..) | Op::Fire(..) => {
            return activities(cx, op);
        }
        Op::Bind(..)
        | Op::Unbind(_)
        | Op::Lookup(_)
        | Op::Alive(_)
        | Op::Set(..)
        | Op::Get(..)
        | Op::Mask(..) => return contexts(cx, op),
        Op::Fail | Op::Panic => {}
    }
    Some(Res::Marked(cx.rollback_only()))
}

fn family(cx: &mut Cx<'_>, op: &Op) -> Option<Res> {
    match op {
        Op::Child(attach) => {
            if !tire() {
                return Some(Res::Tired);
            }
            Some(match cx.create::<Toy<KID>>() {
                Ok(kid) => {
                    if let (true, Some(here)) = (*attach, cx.activity()) {
                        cx.attach_entity(kid, here);
                    }
                    Res::Entity(with(|r| r.entity(kid.id())))
                }
                Err(cause) => Res::Refused(refusal(cause)),
            })
        }
        Op::Call(ent, ops) => {
            let kid = Child::<Toy<KID>>::from_id(entity(cx, *ent)?);
            let outcome = cx.call(kid, |toy, cx| {
                called(toy, cx, What::Call);
                perform(toy, cx, ops)
            });
            let refused = |cause: Error| cause.op().map_or("failed", refusal);
            Some(outcome.map_or_else(
                |cause| Res::Refused(refused(cause)),
                |()| Res::Marked(cx.rollback_only()),
            ))
        }
        _ => None,
    }
}

fn timers(cx: &mut Cx<'_>, op: &Op) -> Option<Res> {
    match op {
        Op::Timer(act, program, clockwork) => {
            let id = activity(cx, *act)?;
            if !tire() {
                return Some(Res::Tired);
            }
            let options = timer_options(cx.now().wall, clockwork);
            Some(
                match cx.timer_with(id, options, &Tag { program: *program }) {
                    Ok(id) => Res::Timer(with(|r| r.timer_born(id))),
                    Err(cause) => Res::Refused(refusal(cause)),
                },
            )
        }
        Op::Cancel(n) => {
            cx.cancel(with(|r| back(&r.timers, *n))?);
            Some(Res::Marked(cx.rollback_only()))
        }
        Op::TimerActivity(n) => {
            let id = cx.timer_activity(with(|r| back(&r.timers, *n))?);
            Some(Res::Activity(id.map(|id| with(|r| r.activity(id)))))
        }
        _ => None,
    }
}

fn timer_options(now: Wall, clockwork: &Clockwork) -> TimerOptions {
    let period = (clockwork.period > 0).then(|| Duration::from_millis(clockwork.period.into()));
    TimerOptions {
        first: Wall(now.0.saturating_add_signed(clockwork.first.into())),
        period,
        repetitions: clockwork.times,
        timeout: Duration::from_millis(clockwork.timeout.into()),
        preserve_missed: match clockwork.keep {
            Keep::None => PreserveMissed::None,
            Keep::All => PreserveMissed::All,
            Keep::Last => PreserveMissed::Last,
        },
        address: None,
    }
}

fn holds(cx: &mut Cx<'_>, op: &Op) -> Option<Res> {
    match op {
        Op::Suspend(timeout) => {
            let timeout = timeout.map(|ms| Duration::from_millis(ms.into()));
            Some(match cx.suspend(timeout) {
                Ok(context) => with(|r| {
                    r.contexts.push(context);
                    Res::Number(r.contexts.len() as u64 - 1)
                }),
                Err(cause) => Res::Refused(refusal(cause)),
            })
        }
        Op::Resume(n) => Some(done(cx.resume(with(|r| back(&r.contexts, *n))?))),
        Op::IsSuspended(n) => {
            let held = cx.is_suspended(with(|r| back(&r.contexts, *n))?);
            Some(held.map_or_else(|cause| Res::Refused(refusal(cause)), Res::Flag))
        }
        _ => None,
    }
}

fn activities(cx: &mut Cx<'_>, op: &Op) -> Option<Res> {
    let born = |id: Result<ActivityId, OpError>| match id {
        Ok(id) => Res::Activity(Some(with(|r| r.activity_born(id)))),
        Err(cause) => Res::Refused(refusal(cause)),
    };
    let act = match op {
        Op::EndNull(act) | Op::Command(act, _) | Op::Fire(act, _) => Some(activity(cx, *act)?),
        _ => None,
    };
    if let (Op::EndNull(_), Some(id)) = (op, act) {
        return Some(done(cx.end(strowger::activity::Handle::from_id(id))));
    }
    if !tire() {
        return Some(Res::Tired);
    }
    Some(match (op, act) {
        (Op::Null, _) => born(cx.null_activity().map(Into::into)),
        (Op::Start, _) => {
            let flags = ActivityFlags {
                report_end: true,
                report_unreferenced: true,
            };
            born(cx.start_activity::<Trunk>(RA, flags).map(Into::into))
        }
        (Op::Command(_, shot), Some(id)) => {
            cx.command(
                RA,
                shot.map_or(Order::End(id), |shot| Order::fire(id, shot)),
            );
            Res::Marked(cx.rollback_only())
        }
        (Op::Fire(_, shot), Some(id)) => {
            let program = shot.program;
            done(if shot.kind == 0 {
                cx.fire_with(id, Shoot::<0> { program }, options(*shot))
            } else {
                cx.fire_with(id, Shoot::<1> { program }, options(*shot))
            })
        }
        _ => return None,
    })
}

fn contexts(cx: &mut Cx<'_>, op: &Op) -> Option<Res> {
    Some(match op {
        Op::Bind(n, act) => done(cx.bind(&name(*n), activity(cx, *act)?)),
        Op::Unbind(n) => done(cx.unbind(&name(*n))),
        Op::Lookup(n) => {
            let id = cx.lookup(&name(*n));
            Res::Activity(id.map(|id| with(|r| r.activity(id))))
        }
        Op::Alive(act) => Res::Flag(cx.is_alive(activity(cx, *act)?)),
        Op::Set(act, shared, value) => {
            let (id, value) = (activity(cx, *act)?, u32::from(*value));
            done(if *shared {
                cx.set::<Shared>(id, &value)
            } else {
                cx.set::<Own>(id, &value)
            })
        }
        Op::Get(act, shared) => {
            let id = activity(cx, *act)?;
            let value = if *shared {
                cx.get::<Shared>(id)
            } else {
                cx.get::<Own>(id)
            };
            value.map_or_else(
                |cause| Res::Refused(refusal(cause)),
                |value| Res::Number(value.into()),
            )
        }
        Op::Mask(act, bits) => {
            let id = activity(cx, *act)?;
            let chosen = |(n, c): (usize, &Component)| (bits >> n & 1 == 1).then_some(*c);
            let events: Vec<_> = MASKED.iter().enumerate().filter_map(chosen).collect();
            done(cx.mask(id, &events))
        }
        _ => return None,
    })
}
