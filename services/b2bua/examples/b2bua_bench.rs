//! What calls through the B2BUA take: by themselves, with the recorder on, with records of calls.
//!
//! `cargo build --release -p strowger-b2bua --example b2bua_bench --features strowger-sip/testkit`, then
//! `valgrind --tool=callgrind --toggle-collect=strowger_kernel::shard::Shard::input --toggle-collect=strowger_kernel::shard::Shard::run \
//! --toggle-collect=strowger_kernel::shard::Shard::timeout target/release/examples/b2bua_bench CALLS [ONE_IN] [MORE]`: the recorder takes one
//! call in ONE_IN, 0 is none. MORE is `records`, or `hears` for a service beside it that hears of each INVITE, or `looks-up` where that
//! looks for a profile, too; or `around`, `traced`, `counted`, which put something around each handler: nothing more, a message that no
//! tracer lets pass, a count in usage. The difference of two runs with different numbers of calls is what calls take; network, peers and files
//! are the test kit's and are not counted.

use std::any::Any;
use std::sync::OnceLock;
use std::time::Duration;
use strowger::event::AnyEvent;
use strowger::prelude::*;
use strowger::sbb::Handler;
use strowger::usage::{UsageDecl, UsageNeed};
use strowger_b2bua::{Route, Settings, service};
use strowger_records::testkit::RecordsTestKit as _;
use strowger_sip::testkit::SipTestKit as _;
use strowger_sip::{self as sip};
use strowger_testkit::{RecorderMode, RecorderOptions, TestKit};

/// Profiles of the table that is looked into.
const PROFILES: u32 = 10_000;

#[derive(Clone, Debug, Profile)]
struct Subscriber {
    #[profile(unique)]
    number: String,
    active: bool,
}

fn subscriber(n: u32) -> (String, Subscriber) {
    let number = format!("4930{n:07}");
    let active = true;
    (format!("subscriber-{n:07}"), Subscriber { number, active })
}

#[derive(Default, State)]
struct Hears {}

#[sbb(name = "hears", vendor = "bench", version = "1.0")]
impl Hears {
    #[on(initial)]
    fn invite(&mut self, _cx: &mut Cx, _ev: &sip::Invite) {}
}

#[derive(Default, State)]
struct LooksUp {}

#[sbb(name = "looks-up", vendor = "bench", version = "1.0")]
impl LooksUp {
    #[on(initial)]
    fn invite(
        &mut self,
        cx: &mut Cx,
        _ev: &sip::Invite,
        #[table("subscribers")] subscribers: Table<Subscriber>,
    ) -> Result {
        let found = subscribers.find_by(cx, Subscriber::NUMBER, "49300001234")?;
        assert!(found.is_some_and(|subscriber| subscriber.active));
        Ok(())
    }
}

/// What is counted around a handler.
#[derive(Usage)]
struct Deliveries {
    /// All of them.
    made: Counter,
}

/// The service's own handlers.
static OWN: OnceLock<Vec<Handler>> = OnceLock::new();
const TRACED: u8 = 1;
const COUNTED: u8 = 2;

/// The service's own handler of that number, with something around it.
fn around<const WHAT: u8, const N: usize>(
    state: &mut dyn Any,
    cx: &mut Cx<'_>,
    event: &AnyEvent,
) -> Result {
    if WHAT == COUNTED {
        cx.usage::<Deliveries>()?.made.increment();
    }
    let own = OWN.get().and_then(|own| own.get(N));
    let done = own.map_or(Ok(()), |own| own(state, cx, event));
    if WHAT == TRACED {
        let ok = done.is_ok();
        cx.trace(Tracer::OWN, Level::Debug, format_args!("{N}: {ok}"));
    }
    done
}

macro_rules! numbered {
    ($($n:literal)*) => { [$(around::<WHAT, $n>),*] };
}

fn put_around<const WHAT: u8>(def: &mut ServiceDef) {
    let wrapped: [Handler; 32] = numbered!(
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
    );
    let handlers = &mut def.root.handlers;
    assert!(handlers.len() <= wrapped.len(), "each has a number");
    OWN.get_or_init(|| handlers.iter().map(|handler| handler.call).collect());
    for (handler, wrapped) in handlers.iter_mut().zip(wrapped) {
        handler.call = wrapped;
        if WHAT == COUNTED {
            let decl = UsageDecl::of::<Deliveries>();
            handler.usage.push(UsageNeed { decl, set: None });
        }
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let mut number = || args.next().and_then(|arg| arg.parse().ok());
    let (calls, one_in) = (number().unwrap_or(100_u32), number().unwrap_or(0));
    let more = args.next().unwrap_or_default();
    let records = more == "records";
    let settings = Settings {
        routes: vec![Route {
            open: true,
            ..Route::default()
        }],
        ..Settings::default()
    };
    let options = RecorderOptions {
        mode: match one_in {
            0 => RecorderMode::Off,
            one_in => RecorderMode::Sampled(one_in),
        },
        ..RecorderOptions::default()
    };
    let mut slee = TestKit::strict().adaptor(strowger_sip::adaptor());
    match more.as_str() {
        "records" => slee = slee.adaptor(strowger_records::adaptor()),
        "hears" => slee = slee.service(ServiceDef::of::<Hears>()),
        "looks-up" => {
            let all: Vec<_> = (0..PROFILES).map(subscriber).collect();
            let named = all
                .iter()
                .map(|(name, values)| (name.as_str(), values.clone()));
            slee = slee
                .table("subscribers", named)
                .service(ServiceDef::of::<LooksUp>());
        }
        _ => {}
    }
    let mut service = service();
    match more.as_str() {
        "around" => put_around::<0>(&mut service),
        "traced" => put_around::<TRACED>(&mut service),
        "counted" => put_around::<COUNTED>(&mut service),
        _ => {}
    }
    slee = slee.service_with(service, settings).recording_with(options);
    if records {
        slee.records();
    }
    for _ in 0..calls {
        let alice = slee
            .sip()
            .invite("sip:alice@a.example", "sip:bob@b.example");
        let bob = slee.sip().expect_invite("sip:bob@b.example");
        bob.ring().answer();
        alice.expect(180).expect(200);
        bob.expect_ack();
        let bye = alice.bye();
        bob.expect_bye();
        bye.expect(200);
        slee.advance(Duration::from_secs(40));
    }
    if records {
        assert_eq!(slee.records().of("call").len(), calls as usize);
    }
}
