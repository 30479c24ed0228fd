//! What a delivery costs: deliveries a second, and bytes of memory for an idle activity with its entity.
//!
//! `cargo run --release -p strowger-kernel --example delivery_bench` measures time; with a number as argument it makes
//! exactly that many deliveries and measures nothing, for `valgrind --tool=callgrind`; two runs with different numbers
//! give the instructions per delivery. A second argument `traced` has each delivery make a message that no tracer lets pass, `counted` has
//! it count in a set of usage parameters (`cargo xtask bench usage` compares them). The SBB has 100 bytes of state and changes a counter in each delivery.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program to be run by hand"
)]

use serde::{Deserialize, Serialize};
use std::alloc::{GlobalAlloc, Layout, System};
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use strowger::Usage;
use strowger::activity::Activity;
use strowger::context::Cx;
use strowger::event::{AnyEvent, Event, EventDecl};
use strowger::id::{ActivityId, Component, Slot, TimerId};
use strowger::initial::InitialDecl;
use strowger::ra::{
    ActivityFlags, AdaptorDef, Bytes, Input, Listener, ListenerIx, Protocol, RaCx, SettingsError,
};
use strowger::sbb::{HandlerDecl, Sbb, SbbDescriptor};
use strowger::service::{NoSettings, ServiceDef};
use strowger::state::State;
use strowger::time::{Mono, Now, Wall};
use strowger::tracer::{Level, Tracer};
use strowger::usage::{UsageDecl, UsageNeed};
use strowger_journal::{MemoryStore, Store};
use strowger_kernel::{Durability, NetInput, Options, ServiceOptions, Shard};

const fn component(name: &'static str) -> Component {
    Component {
        name,
        vendor: "bench",
        version: "1",
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Tick(u64);
impl Event for Tick {
    const TYPE: Component = component("tick");
}

#[derive(Debug)]
enum Line {}
impl Activity for Line {
    const TYPE: Component = component("line");
}

/// 100 bytes of state, of the sort that services keep: a counter, ids, a text.
#[derive(Serialize, Deserialize)]
struct Counter {
    n: u64,
    legs: (Option<ActivityId>, Option<ActivityId>),
    timer: Option<TimerId>,
    text: String,
}
impl Default for Counter {
    fn default() -> Self {
        let leg = |n| Some(ActivityId::new(Slot(200), n, 1_000_000));
        Self {
            n: 1 << 20,
            legs: (leg(1), leg(2)),
            timer: Some(TimerId::new(Slot(200), 3, 1_000_000)),
            text: "sip:a-caller@gateway.operator.example;transport=tcp;line=4711".to_owned(),
        }
    }
}
impl State for Counter {
    fn schema(out: &mut String) {
        out.push_str("counter");
    }
}
impl Sbb for Counter {
    const SBB: Component = component("counter");
    fn descriptor() -> SbbDescriptor {
        let mut descriptor = SbbDescriptor::new::<Self>();
        descriptor.handlers.push(HandlerDecl {
            name: "tick",
            event: EventDecl::of::<Tick>(),
            activity: Some(Line::TYPE),
            initial: Some(InitialDecl {
                by_activity: true,
                by_address: false,
                by_event_type: false,
                by_event: false,
                select: None,
            }),
            mask_on_attach: false,
            links: Default::default(),
            tables: Vec::new(),
            usage: Vec::new(),
            call: tick::<BARE>,
        });
        descriptor
    }
}

/// What a delivery does beside its work.
const BARE: u8 = 0;
const TRACED: u8 = 1;
const COUNTED: u8 = 2;

/// What is counted in deliveries.
#[derive(Usage)]
struct Ticks {
    /// Ticks that came.
    came: strowger::usage::Counter,
}

fn tick<const WHAT: u8>(
    state: &mut dyn Any,
    cx: &mut Cx<'_>,
    event: &AnyEvent,
) -> strowger::Result {
    if let (Some(state), Some(tick)) = (
        state.downcast_mut::<Counter>(),
        event.downcast_ref::<Tick>(),
    ) {
        state.n += tick.0;
        if WHAT == TRACED {
            cx.trace(
                Tracer::OWN,
                Level::Debug,
                format_args!("{} of {}", tick.0, state.n),
            );
        }
        if WHAT == COUNTED {
            cx.usage::<Ticks>()?.came.increment();
        }
    }
    Ok(())
}

/// The service, whose deliveries do that beside their work.
fn counter(what: u8) -> ServiceDef {
    let mut def = ServiceDef::of::<Counter>();
    for handler in &mut def.root.handlers {
        match what {
            TRACED => handler.call = tick::<TRACED>,
            COUNTED => {
                handler.call = tick::<COUNTED>;
                let decl = UsageDecl::of::<Ticks>();
                handler.usage.push(UsageNeed { decl, set: None });
            }
            _ => {}
        }
    }
    def
}

/// Starts an activity for each empty datagram, and fires on the activity that another one names.
struct Wire;
impl Protocol for Wire {
    const TYPE: Component = component("wire");
    type Settings = NoSettings;
    type Command = ();
    fn verify(_: &NoSettings) -> Result<(), SettingsError> {
        Ok(())
    }
    fn listeners(_: &NoSettings) -> Vec<Listener> {
        Vec::new()
    }
    fn events() -> Vec<EventDecl> {
        vec![EventDecl::of::<Tick>()]
    }
    fn activities() -> Vec<Component> {
        vec![Line::TYPE]
    }
    fn new(_: &NoSettings) -> Self {
        Self
    }
    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, ()>) {
        let Input::Received { conn, bytes } = input else {
            return;
        };
        let id = match bytes {
            [] => cx
                .start_activity::<Line>(Slot(conn.0 as u8), ActivityFlags::default(), 0)
                .unwrap(),
            _ => ActivityId::from_raw(u64::from_le_bytes(bytes.try_into().unwrap())),
        };
        cx.fire(id, Tick(1)).unwrap();
    }
    fn deadline(&self) -> Option<Mono> {
        None
    }
}

struct Counting;
static LIVE: AtomicUsize = AtomicUsize::new(0);
// SAFETY: every call is handed on to the system's allocator unchanged; the counter is beside it.
#[expect(
    unsafe_code,
    reason = "an allocator that counts cannot be written without"
)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(ptr, layout) }
    }
}
#[global_allocator]
static ALLOCATOR: Counting = Counting;

const NOW: Now = Now {
    mono: Mono(1_000_000),
    wall: Wall(1_700_000_000_000),
};
const ACTIVITIES: usize = 10_000;

struct Bench {
    shard: Shard,
    lines: Vec<ActivityId>,
}

impl Bench {
    fn new(class: Durability, what: u8) -> Self {
        let mut shard = Shard::new(Options::new([1; 32], [2; 16]));
        let settings: Arc<dyn Any + Send + Sync> = Arc::new(NoSettings {});
        let ra = shard
            .install_adaptor("wire", &AdaptorDef::of::<Wire>(), &settings)
            .unwrap();
        let def = counter(what);
        let options = ServiceOptions {
            durability: class,
            ..ServiceOptions::new("counter", &def)
        };
        let service = shard.install_service(def, options).unwrap();
        shard.activate_adaptor(NOW, ra).unwrap();
        shard.activate_services(NOW, &[service]).unwrap();
        shard.start(NOW).unwrap();
        shard.run(NOW, 100);
        Self {
            shard,
            lines: Vec::new(),
        }
    }
    fn input(&mut self, n: usize, bytes: &[u8]) {
        let conn = strowger::ra::ConnId(n as u64);
        self.shard.input(
            NOW,
            strowger::id::RaIx(0),
            NetInput::Received { conn, bytes },
        );
    }
    /// Starts the activities, each with an entity, and gives the bytes that each pair costs.
    fn fill(&mut self, n: usize) -> usize {
        let before = LIVE.load(Ordering::Relaxed);
        for line in 0..n {
            self.input(line, &[]);
            self.turn();
        }
        let bytes = (LIVE.load(Ordering::Relaxed) - before) / n;
        let counter = |a: &strowger_kernel::ActivityInfo| a.owner.is_some();
        self.lines = self
            .shard
            .activities()
            .filter(counter)
            .map(|a| a.id)
            .collect();
        bytes
    }
    fn turn(&mut self) {
        self.shard.run(NOW, usize::MAX);
        if let Some(group) = self.shard.take_group() {
            self.shard.durable(group.last());
            self.shard.recycle(group.into());
        }
    }
    /// Delivers one event on each of `n` activities, 64 to a turn.
    fn deliver(&mut self, n: usize) {
        for done in 0..n {
            let id = self.lines[done % self.lines.len()];
            self.input(done, &id.raw().to_le_bytes());
            if done % 64 == 63 {
                self.turn();
            }
        }
        self.turn();
    }
}

fn main() {
    let _ = (Bytes::new(), ListenerIx(0));
    if let Some(n) = std::env::args().nth(1) {
        let what = match std::env::args().nth(2).as_deref() {
            Some("traced") => TRACED,
            Some("counted") => COUNTED,
            _ => BARE,
        };
        let mut bench = Bench::new(Durability::None, what);
        bench.fill(ACTIVITIES);
        bench.deliver(n.parse().unwrap());
        return;
    }
    for class in [Durability::None, Durability::Relaxed, Durability::Strict] {
        let mut bench = Bench::new(class, BARE);
        let bytes = bench.fill(ACTIVITIES);
        bench.deliver(200_000);
        let n = 2_000_000;
        let start = now();
        bench.deliver(n);
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(bench.shard.metrics().rollbacks, 0);
        let state = bench
            .shard
            .entity(bench.shard.activity(bench.lines[0]).unwrap().attached[0])
            .unwrap()
            .state
            .len();
        println!(
            "{class:?}: {:.0} deliveries/s, {:.0} ns each; {bytes} bytes per idle activity with entity of {state} bytes",
            n as f64 / seconds,
            seconds * 1e9 / n as f64
        );
    }
    restore();
}

/// How many records a second come back after a restart.
fn restore() {
    let mut store = MemoryStore::new();
    let mut bench = Bench::new(Durability::Strict, BARE);
    for line in 0..ACTIVITIES {
        bench.input(line, &[]);
    }
    bench.shard.run(NOW, usize::MAX);
    if let Some(group) = bench.shard.take_group() {
        store.append(&group).unwrap();
        store.sync().unwrap();
    }
    let mut shard = Bench::new(Durability::Strict, BARE).shard;
    let start = now();
    let mut records = 0;
    let recovered = store.recover(&mut |record| {
        records += 1;
        shard.restore(NOW, &record).unwrap();
    });
    shard.restored(NOW, recovered.unwrap().last_seq).unwrap();
    let rate = f64::from(records) / start.elapsed().as_secs_f64();
    println!("restore: {rate:.0} records/s, {records} of them");
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}
