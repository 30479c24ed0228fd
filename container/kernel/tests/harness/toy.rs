//! The toy adaptor and the toy SBBs, for a kernel and for a node, whose shard has a thread of its own.

use super::{Shared, listeners, shared};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use strowger::activity::Activity;
use strowger::event::{ActivityEnd, AnyEvent, Event, EventContext, EventDecl, ServiceStarted};
use strowger::id::{ActivityId, Component, ComponentId, EntityId, RaIx, TimerId};
use strowger::initial::InitialDecl;
use strowger::ra::{Bytes, Input, Listener, ListenerIx, Provider, RaCx, SettingsError};
use strowger::sbb::{ChildDecl, HandlerDecl, Hooks, MigrationDecl, RolledBack, Sbb, SbbDescriptor};
use strowger::state::State;
use strowger::time::Mono;
use strowger::timer::Timer;
use strowger::{Cx, Error, Result};

const fn component(name: &'static str) -> Component {
    Component {
        name,
        vendor: "test",
        version: "1",
    }
}

macro_rules! event {
    ($($name:ident = $text:literal),*) => {
        $(
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub(crate) struct $name(pub(crate) u32);
            impl Event for $name {
                const TYPE: Component = component($text);
            }
        )*
    };
}
event!(Ping = "ping", Pong = "pong", Note = "note", Tick = "tick");

/// An ordinary activity type of the adaptor's.
#[derive(Debug)]
pub(crate) enum Conn {}
impl Activity for Conn {
    const TYPE: Component = component("conn");
}
/// Another one.
#[derive(Debug)]
pub(crate) enum Wide {}
impl Activity for Wide {
    const TYPE: Component = component("wide");
}

// ---- the world of one test

pub(crate) type Op = Box<dyn FnOnce(&mut RaCx<'_>) + Send>;
/// What an SBB does.
pub(crate) type Script = Arc<dyn Fn(&mut Data, &mut Cx<'_>, &Call<'_>) -> Result + Send + Sync>;

/// What the toys of one kit do, and what has become of it.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) log: Vec<String>,
    specs: BTreeMap<u8, Spec>,
    scripts: BTreeMap<u8, Script>,
    inputs: VecDeque<Op>,
    asked_by: Vec<ComponentId>,
    /// Where what services say is sent.
    pub(crate) peer: Option<SocketAddr>,
}

thread_local! {
    /// Of this thread: a test's, or that of a node's shard.
    static WORLD: RefCell<Shared<World>> = RefCell::new(shared(World::default()));
}

fn world<R>(f: impl FnOnce(&mut World) -> R) -> R {
    WORLD.with_borrow(|world| f(&mut world.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// A world that knows nothing, for this thread, and for others that [`enter`] it.
pub(crate) fn create() -> Shared<World> {
    let world = shared(World::default());
    enter(Arc::clone(&world));
    world
}
/// Makes this world the thread's.
pub(crate) fn enter(world: Shared<World>) {
    WORLD.set(world);
}
pub(crate) fn specify(n: u8, spec: Spec) {
    world(|w| w.specs.insert(n, spec));
}
pub(crate) fn script(n: u8, script: Script) {
    world(|w| w.scripts.insert(n, script));
}
pub(crate) fn next_input(op: Op) {
    world(|w| w.inputs.push_back(op));
}
/// What was logged since the last call.
pub(crate) fn log() -> Vec<String> {
    world(|w| std::mem::take(&mut w.log))
}
/// The services that commanded the adaptor since the last call.
pub(crate) fn asked_by() -> Vec<ComponentId> {
    world(|w| std::mem::take(&mut w.asked_by))
}
/// Adds to the log.
pub(crate) fn write(line: String) {
    world(|w| w.log.push(line));
}

// ---- SBBs

/// What `Toy<N>` declares.
#[derive(Clone, Default)]
pub(crate) struct Spec {
    pub(crate) priority: i8,
    pub(crate) handlers: Vec<(EventDecl, Option<Component>, Option<InitialDecl>, bool)>,
    pub(crate) children: Vec<ChildDecl>,
    pub(crate) hooks: bool,
    pub(crate) schema: Option<&'static str>,
    pub(crate) migrations: Vec<MigrationDecl>,
    pub(crate) aliases: Vec<strowger::sbb::AliasDecl>,
    /// Needed by every handler.
    pub(crate) links: Vec<strowger::param::LinkDecl>,
    /// Named by every handler.
    pub(crate) usage: Vec<strowger::usage::UsageNeed>,
}

/// One entity per activity.
pub(crate) const fn initial() -> InitialDecl {
    InitialDecl {
        by_activity: true,
        by_address: false,
        by_event_type: false,
        by_event: false,
        select: None,
    }
}

/// One entity for all events.
pub(crate) const fn one() -> InitialDecl {
    InitialDecl {
        by_activity: false,
        ..initial()
    }
}

impl Spec {
    pub(crate) fn new() -> Self {
        Self::default()
    }
    /// `Ping` is initial, one entity per activity; `Pong`, `Note`, timers and ends are received.
    pub(crate) fn usual() -> Self {
        Self::new()
            .initial::<Ping>(initial())
            .receives::<Pong>()
            .receives::<Note>()
            .receives::<Timer<Tick>>()
            .receives::<ActivityEnd>()
    }
    pub(crate) fn priority(mut self, priority: i8) -> Self {
        self.priority = priority;
        self
    }
    pub(crate) fn receives<E: Event>(mut self) -> Self {
        self.handlers
            .push((EventDecl::of::<E>(), None, None, false));
        self
    }
    pub(crate) fn receives_on<E: Event, A: Activity>(mut self) -> Self {
        self.handlers
            .push((EventDecl::of::<E>(), Some(A::TYPE), None, false));
        self
    }
    pub(crate) fn initial<E: Event>(mut self, decl: InitialDecl) -> Self {
        self.handlers
            .push((EventDecl::of::<E>(), None, Some(decl), false));
        self
    }
    pub(crate) fn initial_on<E: Event, A: Activity>(mut self, decl: InitialDecl) -> Self {
        self.handlers
            .push((EventDecl::of::<E>(), Some(A::TYPE), Some(decl), false));
        self
    }
    /// The event last declared is masked on attach.
    pub(crate) fn masked(mut self) -> Self {
        if let Some(last) = self.handlers.last_mut() {
            last.3 = true;
        }
        self
    }
    pub(crate) fn child<const N: u8>(mut self, priority: i8) -> Self {
        self.children.push(ChildDecl::of::<Toy<N>>(priority));
        self
    }
    /// Its handlers count in sets of `U`: the unnamed one, and these.
    pub(crate) fn counts<U: strowger::usage::Usage>(mut self, sets: &[&'static str]) -> Self {
        let decl = strowger::usage::UsageDecl::of::<U>();
        let named = sets.iter().map(|name| Some(*name));
        let sets = std::iter::once(None).chain(named);
        self.usage
            .extend(sets.map(|set| strowger::usage::UsageNeed { decl, set }));
        self
    }
    /// All callbacks go to the script too.
    pub(crate) fn hooks(mut self) -> Self {
        self.hooks = true;
        self
    }
}

/// State of a toy SBB.
#[derive(Clone, Default, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Data {
    pub(crate) n: u64,
    pub(crate) text: String,
    pub(crate) entity: Option<EntityId>,
    pub(crate) activity: Option<ActivityId>,
    pub(crate) timer: Option<TimerId>,
    pub(crate) context: Option<EventContext>,
}

/// SBB number `N`.
#[derive(Default, Debug)]
pub(crate) struct Toy<const N: u8>(pub(crate) Data);

impl<const N: u8> Serialize for Toy<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, const N: u8> Deserialize<'de> for Toy<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Data::deserialize(deserializer).map(Self)
    }
}
impl<const N: u8> State for Toy<N> {
    fn schema(out: &mut String) {
        let own = world(|w| w.specs.get(&N).and_then(|s| s.schema));
        out.push_str(own.unwrap_or("toy{n,text,entity,activity,timer,context}"));
    }
}

/// What the container calls an SBB for.
pub(crate) enum Call<'a> {
    Event(&'a AnyEvent),
    Create,
    Remove,
    Exception(&'a Error),
    RolledBack(&'a RolledBack),
    /// A synchronous call of another SBB's.
    Sync(&'a str),
}

impl Call<'_> {
    pub(crate) fn is<E: Event>(&self) -> bool {
        matches!(self, Call::Event(e) if e.downcast_ref::<E>().is_some())
    }
    pub(crate) fn get<E: Event>(&self) -> Option<&E> {
        match self {
            Call::Event(e) => e.downcast_ref(),
            Call::Create
            | Call::Remove
            | Call::Exception(_)
            | Call::RolledBack(_)
            | Call::Sync(_) => None,
        }
    }
    fn text(&self) -> String {
        match self {
            Call::Event(e) => event_text(e),
            Call::Create => "create".into(),
            Call::Remove => "remove".into(),
            Call::Exception(e) => format!("exception {e}"),
            Call::RolledBack(r) => {
                let event = r.event.as_ref().map_or_else(|| "-".into(), event_text);
                format!(
                    "rolled back {event}{}",
                    if r.removal { " removal" } else { "" }
                )
            }
            Call::Sync(text) => format!("call {text}"),
        }
    }
}

fn event_text(event: &AnyEvent) -> String {
    if let Some(t) = event.downcast_ref::<Timer<Tick>>() {
        return format!(
            "tick {} missed {} left {}",
            t.tag.0, t.expiry.missed, t.expiry.remaining
        );
    }
    if event.downcast_ref::<ActivityEnd>().is_some() {
        return "end".into();
    }
    if event.downcast_ref::<ServiceStarted>().is_some() {
        return "started".into();
    }
    format!("{event:?}").to_lowercase()
}

impl<const N: u8> Toy<N> {
    /// Runs the script; also for synchronous calls: `cx.call(child, |s: &mut Toy<1>, cx| s.run(cx, &Call::Sync("x")))`.
    pub(crate) fn run(&mut self, cx: &mut Cx<'_>, call: &Call<'_>) -> Result {
        write(format!("{}: {}", char::from(b'A' + N), call.text()));
        let script = world(|w| w.scripts.get(&N).cloned());
        script.map_or(Ok(()), |script| script(&mut self.0, cx, call))
    }
}

fn with<const N: u8>(state: &mut dyn std::any::Any, cx: &mut Cx<'_>, call: &Call<'_>) -> Result {
    match state.downcast_mut::<Toy<N>>() {
        Some(toy) => toy.run(cx, call),
        None => Err(Error::msg("another object")),
    }
}

const NAMES: [&str; 8] = [
    "toy-a", "toy-b", "toy-c", "toy-d", "toy-e", "toy-f", "toy-g", "toy-h",
];

impl<const N: u8> Sbb for Toy<N> {
    const SBB: Component = component(NAMES[N as usize]);
    fn descriptor() -> SbbDescriptor {
        let spec = world(|w| w.specs.get(&N).cloned()).unwrap_or_default();
        let mut descriptor = SbbDescriptor::new::<Self>();
        for (event, activity, initial, mask_on_attach) in spec.handlers {
            descriptor.handlers.push(HandlerDecl {
                name: "handler",
                event,
                activity,
                initial,
                mask_on_attach,
                links: spec.links.iter().copied().collect(),
                tables: Vec::new(),
                usage: spec.usage.clone(),
                call: |state, cx, event| with::<N>(state, cx, &Call::Event(event)),
            });
        }
        descriptor.children = spec.children;
        descriptor.migrations = spec.migrations;
        descriptor.aliases = spec.aliases;
        if spec.hooks {
            descriptor.hooks = Hooks {
                create: Some(|state, cx| with::<N>(state, cx, &Call::Create)),
                remove: Some(|state, cx| with::<N>(state, cx, &Call::Remove)),
                exception: Some(|state, cx, error| {
                    let _ = with::<N>(state, cx, &Call::Exception(error));
                }),
                rolled_back: Some(|state, cx, what| with::<N>(state, cx, &Call::RolledBack(what))),
            };
        }
        descriptor
    }
}

// ---- the adaptor

/// The toy adaptor's only entity in a [`super::Kit`].
pub(crate) const RA: RaIx = RaIx(0);

/// Does what it is handed.
pub(crate) struct Protocol {
    deadline: Option<Mono>,
}

/// A command: something to do.
pub(crate) struct Do(Op);

/// Its provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Toys(RaIx);
impl Toys {
    pub(crate) fn entity(self) -> RaIx {
        self.0
    }
}
impl Provider for Toys {
    const TYPE: Component = component("toy");
    fn bind(entity: RaIx) -> Self {
        Self(entity)
    }
}

/// Has the adaptor do something at commit.
pub(crate) fn command(cx: &mut Cx<'_>, f: impl FnOnce(&mut RaCx<'_>) + Send + 'static) {
    cx.command(RA, Do(Box::new(f)));
}
/// Has the adaptor send a text at commit.
pub(crate) fn say(cx: &mut Cx<'_>, text: &str) {
    let text = text.to_owned();
    command(cx, move |cx| send(cx, text));
}
pub(crate) fn send(cx: &mut RaCx<'_>, text: String) {
    let peer = world(|w| w.peer).unwrap_or_else(|| ([127, 0, 0, 1], 9).into());
    cx.datagram(ListenerIx(0), peer, Bytes::from(text));
}

impl strowger::ra::Protocol for Protocol {
    const TYPE: Component = Toys::TYPE;
    type Settings = strowger::service::NoSettings;
    type Command = Do;

    fn verify(_: &Self::Settings) -> std::result::Result<(), SettingsError> {
        Ok(())
    }
    fn listeners(_: &Self::Settings) -> Vec<Listener> {
        listeners()
    }
    fn events() -> Vec<EventDecl> {
        vec![
            EventDecl::of::<Ping>(),
            EventDecl::of::<Pong>(),
            EventDecl::of::<Note>(),
        ]
    }
    fn activities() -> Vec<Component> {
        vec![Conn::TYPE, Wide::TYPE]
    }
    fn lasting() -> Vec<Component> {
        vec![Wide::TYPE]
    }
    fn new(_: &Self::Settings) -> Self {
        Self { deadline: None }
    }
    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Do>) {
        match input {
            Input::Command { command, service } => {
                world(|w| w.asked_by.extend(service));
                (command.0)(cx);
            }
            Input::Datagram { .. } => {
                if let Some(op) = world(|w| w.inputs.pop_front()) {
                    op(cx);
                }
            }
            Input::ActivityEnded(_) => write("ra: ended".into()),
            Input::Unreferenced(_) => write("ra: unreferenced".into()),
            Input::EventDone { outcome, .. } => write(format!("ra: done {outcome:?}")),
            Input::EventUnreferenced { .. } => write("ra: event unreferenced".into()),
            Input::Restore { sub, value, .. } => {
                write(format!(
                    "ra: restore {} {}",
                    String::from_utf8_lossy(sub),
                    String::from_utf8_lossy(value)
                ));
            }
            Input::RestoreKept { slot, sub, value } => write(format!(
                "ra: kept {} {} {}",
                slot.0,
                String::from_utf8_lossy(sub),
                String::from_utf8_lossy(value)
            )),
            Input::RestoreBare { .. } => write("ra: restore bare".into()),
            Input::Snapshot(id) => {
                write("ra: snapshot".into());
                cx.persist(id, b"d", b"snapshot");
            }
            Input::AdministrativeRemove(_) => write("ra: administrative remove".into()),
            Input::QueryLiveness(_) => write("ra: alive?".into()),
            Input::NewWork(new) => write(format!("ra: refuse {}", new.is_refused())),
            Input::Active => write("ra: active".into()),
            Input::Stopping => write("ra: stopping".into()),
            Input::Inactive => write("ra: inactive".into()),
            Input::Restored => write("ra: restored".into()),
            Input::ReceiversChanged => write("ra: receivers changed".into()),
            _ => {}
        }
    }
    fn deadline(&self) -> Option<Mono> {
        self.deadline
    }
}

impl std::fmt::Debug for Do {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Do")
    }
}
