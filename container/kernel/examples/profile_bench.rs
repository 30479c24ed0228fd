//! What a table of a million profiles costs: seconds to write it, bytes of memory, and nanoseconds of what a handler asks.
//!
//! `cargo run --release -p strowger-kernel --example profile_bench` measures; another number of profiles is its argument.
//! Times of look-ups are those of deliveries that ask for 50,000 random profiles, less those of deliveries that do the same
//! without asking, so that what is told is what a handler waits. A figure beyond its limit lets it fail.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program to be run by hand"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::process::ExitCode;
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

/// Where calls to numbers go that begin so: prefixes of all lengths.
#[derive(Clone, Debug, Profile)]
struct Route {
    #[profile(unique)]
    prefix: String,
    gateway: u32,
}

#[derive(Clone, Debug, Event)]
struct Go;

/// What the handler does in its next delivery.
static ASK: AtomicU64 = AtomicU64::new(0);
static PROFILES: AtomicU64 = AtomicU64::new(0);
/// Goes on from round to round: a profile that was asked for a moment ago lies in a cache.
static DICE: AtomicU64 = AtomicU64::new(1);
const NOTHING: u64 = 0;
const NAME: u64 = 1;
const NO_NAME: u64 = 2;
const NUMBER: u64 = 3;
const NO_NUMBER: u64 = 4;
const PREFIX: u64 = 5;
const NO_PREFIX: u64 = 6;
const ROUTE: u64 = 7;
const UPDATE: u64 = 8;
/// Nanoseconds of a look-up, of one of a longest prefix, and bytes of a profile beyond its name and values: what is aimed at for a
/// million profiles.
const FOUND: u32 = 1_000;
const PREFIXED: u32 = 2_000;
const BEYOND: u32 = 400;
/// Routes beside the subscribers, at most.
const ROUTES: u64 = 1_000_000;
/// How often it asks.
const TIMES: u64 = 50_000;
/// Deliveries of which the median is taken.
const ROUNDS: usize = 7;

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
        #[table("routes")] routes: Table<Route>,
    ) -> Result {
        let (ask, profiles) = (
            ASK.load(Ordering::Relaxed),
            PROFILES.load(Ordering::Relaxed),
        );
        let mut dice = DICE.load(Ordering::Relaxed);
        for _ in 0..TIMES {
            dice = next(dice);
            let of = (dice >> 20) % profiles;
            let (name, number, route) = (name(of), number(of), route(of));
            let dialled = format!("{number}55");
            let beyond = format!("{route}#55");
            self.found += match ask {
                NAME => table.find(cx, &name).map(|s| u64::from(s.zone)),
                NO_NAME => table.find(cx, &dialled).map(|s| u64::from(s.zone)),
                NUMBER | NO_NUMBER => {
                    let number = if ask == NUMBER { &number } else { &dialled };
                    let found = table.find_by(cx, Subscriber::NUMBER, number)?;
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
                ROUTE => {
                    let query = Route::PREFIX.longest_prefix_of(&beyond);
                    routes.first(cx, &query)?.map(|r| u64::from(r.gateway))
                }
                UPDATE => Some(u64::from(table.update(cx, &name, |s| s.zone += 1)?.zone)),
                _ => Some((name.len() + dialled.len() + beyond.len()) as u64),
            }
            .unwrap_or(0);
        }
        DICE.store(dice, Ordering::Relaxed);
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

/// Up to twelve digits and no two alike, half of them with all twelve.
fn route(of: u64) -> String {
    format!(
        "{}",
        (of * 387_420_489_011 % 999_999_999_989) >> ((of % 16).saturating_sub(8) * 4)
    )
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
        shard.create_table(now, "routes", Route::SPEC).unwrap();
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
    /// Writes routes; a prefix that is there already is left out.
    fn fill_routes(&mut self, routes: u64) {
        for of in 0..routes {
            let prefix = route(of);
            let gateway = of as u32;
            let route = Route { prefix, gateway };
            let write = ProfileWrite::Put(of.to_string().into(), Box::new(route));
            let _ = self.shard.write_profiles(self.now, "routes", vec![write]);
            if of.is_multiple_of(1000) {
                self.turn();
            }
        }
        self.turn();
    }
    /// Nanoseconds of one question, with making up what is asked: the median of some rounds.
    fn ask(&mut self, what: u64) -> f64 {
        ASK.store(what, Ordering::Relaxed);
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            self.now = self.now + secs(1);
            let before = self.shard.metrics().deliveries;
            let start = seconds();
            self.shard.timeout(self.now);
            self.turn();
            rounds.push(seconds() - start);
            assert_eq!(self.shard.metrics().deliveries, before + 1);
            assert_eq!(self.shard.metrics().rollbacks, 0);
        }
        rounds.sort_by(f64::total_cmp);
        rounds[ROUNDS / 2] * 1e9 / TIMES as f64
    }
}

/// Seconds that this thread has had a processor: what others have meanwhile does not count.
fn seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos: u64 = stat.split(' ').next().unwrap().parse().unwrap();
    nanos as f64 / 1e9
}

fn main() -> ExitCode {
    let profiles = std::env::args()
        .nth(1)
        .map_or(1_000_000, |n| n.parse().unwrap());
    PROFILES.store(profiles, Ordering::Relaxed);
    let mut bench = Bench::new();
    let (before, start) = (LIVE.load(Ordering::Relaxed), seconds());
    let data = bench.fill(profiles);
    let took = seconds() - start;
    let live = LIVE.load(Ordering::Relaxed) - before;
    println!(
        "{profiles} profiles with a unique and an indexed attribute; {TIMES} random ones asked for from a handler, median of {ROUNDS}"
    );
    let (each, beyond) = (live as u64 / profiles, (live - data) as u64 / profiles);
    println!(
        "memory of each         {beyond} bytes beyond its {} bytes of name and values (limit {BEYOND})",
        each - beyond
    );
    let mut held = beyond <= u64::from(BEYOND);
    println!(
        "written to the shard   {took:.2} s, {} MB of commits (no limit)",
        bench.written / 1_000_000
    );
    let routes = profiles.min(ROUTES);
    bench.fill_routes(routes);
    let nothing = bench.ask(NOTHING);
    for (what, text, limit) in [
        (NAME, "by name", FOUND),
        (NO_NAME, "by name, none", FOUND),
        (NUMBER, "by a unique value", FOUND),
        (NO_NUMBER, "by a unique value, none", FOUND),
        (PREFIX, "longest prefix", PREFIXED),
        (NO_PREFIX, "longest prefix, none", PREFIXED),
        (ROUTE, "longest of 8 lengths", PREFIXED),
    ] {
        let took = bench.ask(what) - nothing;
        println!("{text:<23}{took:.0} ns (limit {limit} ns)");
        held &= took <= f64::from(limit);
    }
    let update = bench.ask(UPDATE) - nothing;
    println!("changed, with commit   {update:.0} ns (no limit)");
    let start = seconds();
    let snapshot = bench.shard.profile_snapshot("subscribers").unwrap();
    let rows = snapshot.after(None).count();
    println!(
        "walked as a snapshot   {:.3} s for {rows} (no limit)",
        seconds() - start
    );
    match held {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
