//! What a table of a million profiles costs: seconds to write it, bytes of memory, and nanoseconds of what a handler asks.
//!
//! `cargo run --release -p strowger-kernel --example profile_bench` measures; another number of profiles is its argument.
//! Times of look-ups are those of deliveries that ask for 50,000 random profiles, less those of deliveries that do the same
//! without asking, so that what is told is what a handler waits.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program to be run by hand"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use strowger::prelude::*;
use strowger::time::{Mono, Now, Wall};
use strowger_kernel::{Durability, Options, ProfileWrite, ServiceOptions, Shard};

#[derive(Clone, Debug, Profile)]
#[profile(writable)]
struct Subscriber {
    #[profile(unique)]
    number: String,
    #[profile(indexed)]
    zone: u32,
    active: bool,
    forward: Option<String>,
}

#[derive(Clone, Debug, Event)]
struct Go;

/// What the handler does in its next delivery.
static ASK: AtomicU64 = AtomicU64::new(0);
static PROFILES: AtomicU64 = AtomicU64::new(0);
const NOTHING: u64 = 0;
const NAME: u64 = 1;
const NUMBER: u64 = 2;
const PREFIX: u64 = 3;
const NO_PREFIX: u64 = 4;
const UPDATE: u64 = 5;
/// How often it asks.
const TIMES: u64 = 50_000;

#[derive(Default, State)]
struct Asker {
    found: u64,
}

#[sbb(name = "asker", vendor = "bench", version = "1")]
impl Asker {
    #[on(initial)]
    fn started(&mut self, cx: &mut Cx, _ev: &ServiceStarted, Aci(own): Aci<ServiceActivity>) {
        cx.timer(own, secs(1), Go);
    }

    #[on]
    fn go(
        &mut self,
        cx: &mut Cx,
        _ev: &Timer<Go>,
        Aci(own): Aci<ServiceActivity>,
        #[table("subscribers")] table: Table<Subscriber>,
    ) -> Result {
        let (ask, profiles) = (
            ASK.load(Ordering::Relaxed),
            PROFILES.load(Ordering::Relaxed),
        );
        let mut dice = 1;
        for _ in 0..TIMES {
            dice = next(dice);
            let of = (dice >> 20) % profiles;
            let (name, number) = (name(of), number(of));
            let dialled = format!("{number}55");
            self.found += match ask {
                NAME => table.find(cx, &name).map(|s| u64::from(s.zone)),
                NUMBER => {
                    let found = table.find_by(cx, Subscriber::NUMBER, &number)?;
                    found.map(|s| u64::from(s.active))
                }
                PREFIX => {
                    let query = Subscriber::NUMBER.longest_prefix_of(&dialled);
                    table.first(cx, &query)?.map(|s| u64::from(s.zone))
                }
                // Differs from every number in its third digit.
                NO_PREFIX => {
                    let query = Subscriber::NUMBER.longest_prefix_of(&dialled[1..]);
                    table.first(cx, &query)?.map(|s| u64::from(s.zone))
                }
                UPDATE => Some(u64::from(table.update(cx, &name, |s| s.zone += 1)?.zone)),
                _ => Some(name.len() as u64),
            }
            .unwrap_or(0);
        }
        cx.timer(own, secs(1), Go);
        Ok(())
    }
}

const fn next(dice: u64) -> u64 {
    dice.wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407)
}

fn name(of: u64) -> String {
    format!("subscriber-{of:07}")
}

/// Eleven digits, no two alike, in no order.
fn number(of: u64) -> String {
    format!("49{:09}", of * 387_420_489 % 999_999_937)
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
        // What the system's allocator really takes: a header of 8 bytes, in steps of 16.
        LIVE.fetch_add((layout.size() + 8).next_multiple_of(16), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        LIVE.fetch_sub((layout.size() + 8).next_multiple_of(16), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(ptr, layout) }
    }
}
#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Bench {
    shard: Shard,
    now: Now,
    written: usize,
}

impl Bench {
    fn new() -> Self {
        let now = Now {
            mono: Mono(1_000_000),
            wall: Wall(1_700_000_000_000),
        };
        let mut shard = Shard::new(Options::new([1; 32], [2; 16]));
        let def = ServiceDef::of::<Asker>();
        let options = ServiceOptions {
            durability: Durability::Strict,
            ..ServiceOptions::new("asker", &def)
        };
        let service = shard.install_service(def, options).unwrap();
        shard
            .create_table(now, "subscribers", Subscriber::SPEC)
            .unwrap();
        shard.activate_services(now, &[service]).unwrap();
        shard.start(now).unwrap();
        let mut bench = Self {
            shard,
            now,
            written: 0,
        };
        bench.turn();
        bench
    }
    fn turn(&mut self) {
        self.shard.run(self.now, usize::MAX);
        if let Some(group) = self.shard.take_group() {
            self.written += group.bytes().len();
            self.shard.durable(group.last());
            self.shard.recycle(group.into());
        }
        while self.shard.poll_output().is_some() {}
    }
    /// Writes profiles a thousand at a time, and gives the bytes of their values and names.
    fn fill(&mut self, profiles: u64) -> usize {
        let mut data = 0;
        for start in (0..profiles).step_by(1000) {
            let write = |of: u64| {
                let (name, number) = (name(of), number(of));
                let forward = of.is_multiple_of(10).then(|| number.clone());
                data += name.len() + number.len() + 5 + forward.as_ref().map_or(0, String::len);
                let subscriber = Subscriber {
                    number,
                    zone: (of % 5000) as u32,
                    active: true,
                    forward,
                };
                ProfileWrite::Put(name.into(), Box::new(subscriber))
            };
            let writes = (start..profiles.min(start + 1000)).map(write).collect();
            self.shard
                .write_profiles(self.now, "subscribers", writes)
                .unwrap();
            self.turn();
        }
        data
    }
    /// Nanoseconds of one question, with making up what is asked.
    fn ask(&mut self, what: u64) -> f64 {
        ASK.store(what, Ordering::Relaxed);
        let mut best = f64::MAX;
        for _ in 0..5 {
            self.now = self.now + secs(1);
            let before = self.shard.metrics().deliveries;
            let start = seconds();
            self.shard.timeout(self.now);
            self.turn();
            best = best.min(seconds() - start);
            assert_eq!(self.shard.metrics().deliveries, before + 1);
            assert_eq!(self.shard.metrics().rollbacks, 0);
        }
        best * 1e9 / TIMES as f64
    }
}

/// Seconds that this thread has had a processor: what others have meanwhile does not count.
fn seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos: u64 = stat.split(' ').next().unwrap().parse().unwrap();
    nanos as f64 / 1e9
}

fn main() {
    let profiles = std::env::args()
        .nth(1)
        .map_or(1_000_000, |n| n.parse().unwrap());
    PROFILES.store(profiles, Ordering::Relaxed);
    let mut bench = Bench::new();
    let (before, start) = (LIVE.load(Ordering::Relaxed), seconds());
    let data = bench.fill(profiles);
    let took = seconds() - start;
    let live = LIVE.load(Ordering::Relaxed) - before;
    println!("{profiles} profiles with a unique and an indexed attribute, two indexes");
    println!(
        "written in            {took:.2} s, {} MB of commits",
        bench.written / 1_000_000
    );
    let (each, beyond) = (live as u64 / profiles, (live - data) as u64 / profiles);
    println!("memory of each        {each} bytes, of which {beyond} beyond names and values");
    let nothing = bench.ask(NOTHING);
    for (what, text) in [
        (NAME, "found by name        "),
        (NUMBER, "found by number      "),
        (PREFIX, "longest prefix       "),
        (NO_PREFIX, "longest prefix, none "),
    ] {
        println!("{text} {:.0} ns", bench.ask(what) - nothing);
    }
    let update = bench.ask(UPDATE) - nothing;
    println!("changed, with commit  {update:.0} ns");
    let start = seconds();
    let snapshot = bench.shard.profile_snapshot("subscribers").unwrap();
    let rows = snapshot.after(None).count();
    println!(
        "walked as a snapshot  {:.3} s for {rows}",
        seconds() - start
    );
}
