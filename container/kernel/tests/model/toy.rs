//! The kernel's side: four SBBs and an adaptor that execute scripts through the public API and write down what they see.

use super::script::{
    Act, Case, Clockwork, ENERGY, Ent, Hook, KID, KINDS, Keep, Op, SERVICES, Shot,
};
use super::trace::{Line, Res, View, What, bare};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::time::Duration;
use strowger::activity::Activity;
use strowger::attribute::Attribute;
use strowger::child::Child;
use strowger::event::{
    ActivityEnd, Address, AddressPlan, AnyEvent, Event, EventContext, EventDecl, FireOptions,
    ServiceStarted,
};
use strowger::id::{ActivityId, Component, EntityId, RaIx, Slot, TimerId};
use strowger::initial::{InitialDecl, Selector};
use strowger::ra::{
    ActivityFlags, FireFlags, Input, Listener, Outcome, Protocol, RaCx, SettingsError,
};
use strowger::sbb::{ChildDecl, HandlerDecl, Hooks, RolledBack, Sbb, SbbDescriptor};
use strowger::service::{NoSettings, ServiceDef};
use strowger::state::State;
use strowger::time::{Mono, Wall};
use strowger::timer::{PreserveMissed, Timer, TimerOptions};
use strowger::{Cx, Error, OpError, Result};

const fn component(name: &'static str) -> Component {
    Component {
        name,
        vendor: "model",
        version: "1",
    }
}

// ---- the record

/// What was born and what happened, on this thread.
#[derive(Default)]
pub struct Record {
    pub case: Option<Rc<Case>>,
    pub lines: Vec<Line>,
    pub activities: Vec<ActivityId>,
    pub entities: Vec<EntityId>,
    pub timers: Vec<TimerId>,
    pub contexts: Vec<EventContext>,
    pub activity_numbers: BTreeMap<u64, usize>,
    pub entity_numbers: BTreeMap<u64, usize>,
    pub timer_numbers: BTreeMap<u64, usize>,
    pub energy: u32,
}

thread_local! {
    static RECORD: RefCell<Record> = RefCell::default();
}

pub fn with<R>(f: impl FnOnce(&mut Record) -> R) -> R {
    RECORD.with_borrow_mut(f)
}

/// Begins a case with an empty record.
pub fn begin(case: &Rc<Case>) {
    with(|r| {
        *r = Record {
            case: Some(Rc::clone(case)),
            energy: ENERGY,
            ..Record::default()
        };
    });
}

impl Record {
    pub fn activity_born(&mut self, id: ActivityId) -> usize {
        self.activities.push(id);
        let number = self.activities.len() - 1;
        assert_eq!(
            self.activity_numbers.insert(id.raw(), number),
            None,
            "activity id {id} used twice"
        );
        number
    }
    fn entity_born(&mut self, id: EntityId) -> usize {
        self.entities.push(id);
        let number = self.entities.len() - 1;
        assert_eq!(
            self.entity_numbers.insert(id.raw(), number),
            None,
            "entity id {id} used twice"
        );
        number
    }
    fn timer_born(&mut self, id: TimerId) -> usize {
        self.timers.push(id);
        let number = self.timers.len() - 1;
        assert_eq!(
            self.timer_numbers.insert(id.raw(), number),
            None,
            "timer id {id} used twice"
        );
        number
    }
    pub fn activity(&self, id: ActivityId) -> usize {
        self.activity_numbers
            .get(&id.raw())
            .copied()
            .unwrap_or(usize::MAX)
    }
    pub fn entity(&self, id: EntityId) -> usize {
        self.entity_numbers
            .get(&id.raw())
            .copied()
            .unwrap_or(usize::MAX)
    }
    pub fn timer(&self, id: TimerId) -> usize {
        self.timer_numbers
            .get(&id.raw())
            .copied()
            .unwrap_or(usize::MAX)
    }
    fn tire(&mut self) -> bool {
        if self.energy == 0 {
            return false;
        }
        self.energy -= 1;
        true
    }
}

/// The `n`th latest, among the latest six.
pub fn back<T: Copy>(list: &[T], n: u8) -> Option<T> {
    let n = usize::from(n) % list.len().clamp(1, 6);
    list.iter().rev().nth(n).copied()
}

pub fn refusal(error: OpError) -> &'static str {
    match error {
        OpError::StaleActivity(_) => "stale activity",
        OpError::Ending(_) => "ending",
        OpError::StaleEntity(_) => "stale entity",
        OpError::Reentrant(_) => "reentrant",
        OpError::WrongSbb(_) => "wrong sbb",
        OpError::NotAttached(_) => "not attached",
        OpError::UnrecognizedEvent => "unrecognized event",
        OpError::NameAlreadyBound => "already bound",
        OpError::NameNotBound => "not bound",
        OpError::InvalidArgument(_) => "invalid argument",
        OpError::AlreadySuspended => "already suspended",
        OpError::NotSuspended => "not suspended",
        OpError::NoEvent => "no event",
        OpError::Stopping => "stopping",
        OpError::TransactionRolledBack(_) => "rolled back",
        _ => "other",
    }
}

// ---- events, activities, attributes

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shoot<const N: u8> {
    pub program: u8,
}
impl<const N: u8> Event for Shoot<N> {
    const TYPE: Component = component(if N == 0 { "shoot-0" } else { "shoot-1" });
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tag {
    program: u8,
}
impl Event for Tag {
    const TYPE: Component = component("tag");
}

/// Event types by their bit in the script's masks.
const MASKED: [Component; 4] = [
    Shoot::<0>::TYPE,
    Shoot::<1>::TYPE,
    Timer::<Tag>::TYPE,
    ActivityEnd::TYPE,
];

pub enum Trunk {}
impl Activity for Trunk {
    const TYPE: Component = component("trunk");
}

enum Own {}
impl Attribute for Own {
    type Value = u32;
    const NAME: &'static str = "own";
}
enum Shared {}
impl Attribute for Shared {
    type Value = u32;
    const NAME: &'static str = "shared";
    const ALIAS: Option<&'static str> = Some("model.shared");
}

fn options(shot: Shot) -> FireOptions {
    FireOptions {
        address: shot.address.map(|n| Address {
            plan: AddressPlan::E164,
            text: n.to_string().into(),
        }),
        service: shot.service.map(|n| component(NAMES[usize::from(n)]).id()),
    }
}

// ---- the adaptor

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Order {
    Start {
        slot: u8,
        unreferenced: bool,
    },
    Fire {
        activity: ActivityId,
        kind: u8,
        program: u8,
        address: Option<u8>,
        service: Option<u8>,
    },
    End(ActivityId),
}

impl Order {
    pub fn fire(activity: ActivityId, shot: Shot) -> Self {
        let Shot {
            kind,
            program,
            address,
            service,
        } = shot;
        Self::Fire {
            activity,
            kind,
            program,
            address,
            service,
        }
    }
}

/// The only adaptor entity.
pub const RA: RaIx = RaIx(0);

pub struct Exchange;

impl Exchange {
    fn obey(cx: &mut RaCx<'_>, order: Order) {
        let (name, outcome) = match order {
            Order::Start { slot, unreferenced } => {
                let flags = ActivityFlags {
                    report_end: true,
                    report_unreferenced: unreferenced,
                };
                let started = cx.start_activity::<Trunk>(Slot(slot), flags, 0);
                if let Ok(id) = started {
                    with(|r| {
                        let number = r.activity_born(id);
                        r.lines.push(Line::Started(number));
                    });
                }
                ("start", started.map(drop))
            }
            Order::Fire {
                activity,
                kind,
                program,
                address,
                service,
            } => {
                let options = options(Shot {
                    kind,
                    program,
                    address,
                    service,
                });
                let flags = FireFlags {
                    report_done: true,
                    report_unreferenced: false,
                };
                let fired = if kind == 0 {
                    cx.fire_with(activity, Shoot::<0> { program }, options, flags)
                } else {
                    cx.fire_with(activity, Shoot::<1> { program }, options, flags)
                };
                ("fire", fired.map(drop))
            }
            Order::End(activity) => ("end", cx.end_activity(activity)),
        };
        with(|r| {
            r.lines
                .push(Line::Adaptor(name, outcome.err().map(refusal)))
        });
    }
}

impl Protocol for Exchange {
    const TYPE: Component = component("exchange");
    type Settings = NoSettings;
    type Command = Order;

    fn verify(_: &NoSettings) -> Result<(), SettingsError> {
        Ok(())
    }
    fn listeners(_: &NoSettings) -> Vec<Listener> {
        Vec::new()
    }
    fn events() -> Vec<EventDecl> {
        vec![EventDecl::of::<Shoot<0>>(), EventDecl::of::<Shoot<1>>()]
    }
    fn activities() -> Vec<Component> {
        vec![Trunk::TYPE]
    }
    fn new(_: &NoSettings) -> Self {
        Self
    }
    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Order>) {
        match input {
            Input::Datagram { bytes, .. } => {
                if let Ok(order) = postcard::from_bytes(&bytes) {
                    Self::obey(cx, order);
                }
            }
            Input::Command { command, .. } => Self::obey(cx, command),
            Input::ActivityEnded(id) => with(|r| {
                let number = r.activity(id);
                r.lines.push(Line::Ended(number));
            }),
            Input::Unreferenced(id) => {
                let number = with(|r| {
                    let number = r.activity(id);
                    r.lines.push(Line::Unreferenced(number));
                    number
                });
                if number % 2 == 0 {
                    let _ = cx.end_activity(id);
                }
            }
            Input::EventDone {
                activity, outcome, ..
            } => with(|r| {
                let number = r.activity(activity);
                let outcome = match outcome {
                    Outcome::Processed => "processed",
                    Outcome::NoReceiver => "no receiver",
                    Outcome::RolledBack => "rolled back",
                    Outcome::Failed(_) => "failed",
                };
                r.lines.push(Line::Done(number, outcome));
            }),
            Input::AdministrativeRemove(id) => with(|r| {
                let number = r.activity(id);
                r.lines.push(Line::AdminRemoved(number));
            }),
            // Half of the activities have records of the adaptor's, half come back bare.
            Input::Snapshot(id) if id.stamp() % 2 == 0 => cx.persist(id, b"trunk", b"record"),
            _ => {}
        }
    }
    fn deadline(&self) -> Option<Mono> {
        None
    }
}

// ---- the SBBs

const NAMES: [&str; KINDS] = ["alpha", "beta", "gamma", "kid"];
pub const PRIORITIES: [i8; SERVICES] = [10, 10, -3];

/// An SBB of kind `K`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Toy<const K: usize> {
    pub count: u32,
    /// Makes states of different length.
    pub ballast: Vec<u8>,
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
            handlers.push(HandlerDecl::new::<ActivityEnd>("end", on_end::<K>));
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

pub fn services() -> [ServiceDef; SERVICES] {
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

/// Programs fall into three names; some are declined.
fn select(selector: &mut Selector<'_>) {
    let Some(event) = selector.event::<Shoot<0>>() else {
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
fn called<const K: usize>(toy: &Toy<K>, cx: &Cx<'_>, what: What) {
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

fn perform<const K: usize>(toy: &mut Toy<K>, cx: &mut Cx<'_>, ops: &[Op]) -> Result {
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
        Op::Child | Op::Call(..) => return family(cx, op),
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
        Op::Child => {
            if !tire() {
                return Some(Res::Tired);
            }
            Some(match cx.create::<Toy<KID>>() {
                Ok(kid) => Res::Entity(with(|r| r.entity(kid.id()))),
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
        return Some(done(
            cx.end(strowger::activity::Handle::from_id(id)),
        ));
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
