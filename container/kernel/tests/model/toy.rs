//! The kernel's side of scripts: four SBBs that execute them and write down what they see.

use super::deeds::perform;
use super::exchange::{MASKED, Shoot, Tag, Trunk, component};
use super::record::with;
use super::script::{Case, Hook, KID, KINDS, SERVICES};
use super::trace::{Line, View, What};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::panic::resume_unwind;
use std::rc::Rc;
use strowger::activity::Activity;
use strowger::event::{ActivityEnd, AnyEvent, ServiceStarted};
use strowger::id::{ActivityId, Component};
use strowger::initial::{InitialDecl, Selector};
use strowger::sbb::{ChildDecl, HandlerDecl, Hooks, RolledBack, Sbb, SbbDescriptor};
use strowger::service::ServiceDef;
use strowger::state::State;
use strowger::timer::Timer;
use strowger::{Cx, Error, Result};

pub(crate) const NAMES: [&str; KINDS] = ["alpha", "beta", "gamma", "kid"];
pub(crate) const PRIORITIES: [i8; SERVICES] = [10, 10, -3];

/// An SBB of kind `K`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Toy<const K: usize> {
    pub(crate) count: u32,
    /// Makes states of different length.
    pub(crate) ballast: Vec<u8>,
}

impl<const K: usize> State for Toy<K> {
    fn schema(out: &mut String) {
        out.push_str("toy");
    }
}

impl<const K: usize> Sbb for Toy<K> {
    const SBB: Component = component(NAMES[K]);
    fn descriptor() -> SbbDescriptor {
        let mut toy = SbbDescriptor::new::<Self>();
        let mut shoot0 = HandlerDecl::new::<Shoot<0>>("shoot0", on_shoot::<K, 0>);
        let mut shoot1 = HandlerDecl::new::<Shoot<1>>("shoot1", on_shoot::<K, 1>);
        let mut timer = HandlerDecl::new::<Timer<Tag>>("timer", on_timer::<K>);
        let mut end = HandlerDecl::new::<ActivityEnd>("end", on_end::<K>);
        let mut handlers = Vec::new();
        match K {
            0 => {
                shoot0.initial = Some(InitialDecl {
                    by_activity: true,
                    ..NOTHING
                });
                // On the adaptor's activities only.
                shoot1.activity = Some(Trunk::TYPE);
            }
            1 => {
                shoot0.initial = Some(InitialDecl {
                    select: Some(select),
                    ..NOTHING
                });
                shoot1.initial = Some(InitialDecl {
                    by_address: true,
                    by_event_type: true,
                    ..NOTHING
                });
                timer.mask_on_attach = true;
                end.initial = Some(InitialDecl {
                    by_activity: true,
                    select: Some(select),
                    ..NOTHING
                });
            }
            2 => {
                shoot1.initial = Some(NOTHING);
                timer.initial = Some(InitialDecl {
                    by_event: true,
                    ..NOTHING
                });
                let mut started = HandlerDecl::new::<ServiceStarted>("started", on_started::<K>);
                started.initial = Some(InitialDecl {
                    by_activity: true,
                    ..NOTHING
                });
                handlers.push(started);
            }
            _ => shoot1.mask_on_attach = true,
        }
        handlers.extend([shoot0, shoot1, timer]);
        if K != 2 {
            handlers.push(end);
        }
        toy.handlers = handlers;
        toy.children = match K {
            0 => vec![ChildDecl::of::<Toy<KID>>(5)],
            KID => vec![ChildDecl::of::<Toy<KID>>(-7)],
            _ => Vec::new(),
        };
        toy.hooks = Hooks {
            create: Some(on_create::<K>),
            remove: Some(on_remove::<K>),
            exception: Some(on_exception::<K>),
            rolled_back: if K == 2 {
                None
            } else {
                Some(on_rolled_back::<K>)
            },
        };
        toy
    }
}

pub(crate) fn services() -> [ServiceDef; SERVICES] {
    [
        ServiceDef::of::<Toy<0>>().priority(PRIORITIES[0]),
        ServiceDef::of::<Toy<1>>().priority(PRIORITIES[1]),
        ServiceDef::of::<Toy<2>>().priority(PRIORITIES[2]),
    ]
}

const NOTHING: InitialDecl = InitialDecl {
    by_activity: false,
    by_address: false,
    by_event_type: false,
    by_event: false,
    select: None,
};

/// Programs fall into three names, some are declined; ends are initial on a third of the activities.
fn select(selector: &mut Selector<'_>) {
    let Some(event) = selector.event::<Shoot<0>>() else {
        if !selector.activity.raw().is_multiple_of(3) {
            selector.decline();
        }
        return;
    };
    match event.program % 5 {
        3 => selector.decline(),
        4 => resume_unwind(Box::new("select")),
        n => selector.custom = Some(n.to_string().into()),
    }
}

fn case() -> Rc<Case> {
    with(|r| r.case.clone()).expect("a case was begun")
}

fn on_shoot<const K: usize, const N: u8>(
    state: &mut dyn Any,
    cx: &mut Cx<'_>,
    event: &AnyEvent,
) -> Result {
    let (toy, shoot) = strowger::sbb::receive::<Toy<K>, Shoot<N>>(state, event)?;
    called(toy, cx, What::Event(N, shoot.program));
    perform(toy, cx, case().program(shoot.program, K))
}

fn on_timer<const K: usize>(state: &mut dyn Any, cx: &mut Cx<'_>, event: &AnyEvent) -> Result {
    let (toy, timer) = strowger::sbb::receive::<Toy<K>, Timer<Tag>>(state, event)?;
    let expiry = timer.expiry;
    let what = What::Timer {
        timer: with(|r| r.timer(expiry.id)),
        program: timer.tag.program,
        scheduled: expiry.scheduled.0,
        actual: expiry.actual.0,
        remaining: expiry.remaining,
        missed: expiry.missed,
    };
    called(toy, cx, what);
    perform(toy, cx, case().program(timer.tag.program, K))
}

fn on_end<const K: usize>(state: &mut dyn Any, cx: &mut Cx<'_>, _: &AnyEvent) -> Result {
    hook::<K>(state, cx, Hook::End)
}
fn on_started<const K: usize>(state: &mut dyn Any, cx: &mut Cx<'_>, _: &AnyEvent) -> Result {
    hook::<K>(state, cx, Hook::Started)
}
fn on_create<const K: usize>(state: &mut dyn Any, cx: &mut Cx<'_>) -> Result {
    with(|r| r.entity_born(cx.entity()));
    hook::<K>(state, cx, Hook::Create)
}
fn on_remove<const K: usize>(state: &mut dyn Any, cx: &mut Cx<'_>) -> Result {
    hook::<K>(state, cx, Hook::Remove)
}
fn on_exception<const K: usize>(state: &mut dyn Any, cx: &mut Cx<'_>, _: &Error) {
    let _ = hook::<K>(state, cx, Hook::Exception);
}
fn on_rolled_back<const K: usize>(
    state: &mut dyn Any,
    cx: &mut Cx<'_>,
    what: &RolledBack,
) -> Result {
    let toy = strowger::sbb::state::<Toy<K>>(state)?;
    called(toy, cx, What::RolledBack(what.removal));
    perform(toy, cx, case().hook(Hook::RolledBack, K))
}
fn hook<const K: usize>(state: &mut dyn Any, cx: &mut Cx<'_>, hook: Hook) -> Result {
    let toy = strowger::sbb::state::<Toy<K>>(state)?;
    called(toy, cx, What::Hook(hook));
    perform(toy, cx, case().hook(hook, K))
}

/// Writes down what the entity sees.
pub(crate) fn called<const K: usize>(toy: &Toy<K>, cx: &Cx<'_>, what: What) {
    let attached = cx.activities();
    let bits = |id: ActivityId| {
        let masked = cx.event_mask(id).unwrap_or_default();
        let bit = |(n, c): (usize, &Component)| u8::from(masked.contains(c)) << n;
        MASKED.iter().enumerate().map(bit).sum::<u8>()
    };
    let masks: Vec<u8> = attached.iter().map(|id| bits(*id)).collect();
    let kids = cx.children::<Toy<KID>>();
    with(|r| {
        let view = View {
            kind: K,
            entity: r.entity(cx.entity()),
            on: cx.activity().map(|id| r.activity(id)),
            count: toy.count,
            attached: attached
                .iter()
                .map(|id| r.activity(*id))
                .zip(masks)
                .collect(),
            kids: kids.iter().map(|kid| r.entity(kid.id())).collect(),
            parent: cx.parent().map(|id| r.entity(id)),
            priority: cx.priority(cx.entity()).ok(),
        };
        r.lines.push(Line::Called(what, view));
    });
}
