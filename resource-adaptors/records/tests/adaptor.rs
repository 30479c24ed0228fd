//! Records of a service that writes one a second, in virtual time, over crashes and full disks.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use serde::Serialize;
use std::collections::BTreeSet;
use strowger::prelude::*;
use strowger::timer::TimerOptions;
use strowger_records::testkit::RecordsTestKit as _;
use strowger_records::{Record, Records, Settings};
use strowger_testkit::TestKit;

/// Writes a record with each tick; every third of its deliveries is rolled back.
#[derive(Default, State)]
struct Clock {
    n: u64,
    room: bool,
    refused: u64,
}

#[derive(Clone, Debug, Event)]
struct Tick;

#[derive(Serialize)]
struct Ticked {
    n: u64,
    who: &'static str,
}

impl Record for Ticked {
    const KIND: &'static str = "tick";
    const VERSION: u16 = 3;
    const PERSONAL: &'static [&'static str] = &["who"];
}

#[sbb(name = "clock", vendor = "test", version = "1.0")]
impl Clock {
    #[on(initial)]
    fn started(&mut self, cx: &mut Cx, _: &ServiceStarted) -> Result {
        if self.n == 0 {
            let (own, first) = (cx.service_activity().unwrap(), cx.now().wall + secs(1));
            cx.timer_with(own, TimerOptions::periodic(first, secs(1), 0), &Tick)?;
        }
        Ok(())
    }

    #[on]
    fn tick(&mut self, cx: &mut Cx, _: &Timer<Tick>, records: Ra<Records>) -> Result {
        self.n += 1;
        self.room = records.has_room(cx);
        let ticked = Ticked {
            n: self.n,
            who: "sip:+31201234567@a.example",
        };
        // What is rolled back has written nothing: the next one has the same number.
        let doomed = cx.random().is_multiple_of(3);
        self.refused += u64::from(records.write(cx, &ticked).is_err());
        match doomed {
            true => Err(Error::msg("rolled back")),
            false => Ok(()),
        }
    }
}

fn slee(kit: TestKit, settings: Settings) -> TestKit {
    kit.adaptor_with("records", strowger_records::adaptor(), settings)
        .service(ServiceDef::of::<Clock>())
}

/// The numbers in what was written: each once, and none left out.
fn numbers(slee: &TestKit) -> Vec<u64> {
    let of = slee.records().of("tick");
    of.iter()
        .map(|record| record["n"].as_u64().unwrap())
        .collect()
}

fn is_full(slee: &TestKit) -> bool {
    let alarms = slee.alarms();
    let mut last = alarms.iter().rev();
    let last = last.find(|alarm| alarm.contains("records_full"));
    last.is_some_and(|alarm| alarm.contains("raised"))
}

#[track_caller]
fn assert_each_once(slee: &TestKit) {
    let mut numbers = numbers(slee);
    numbers.sort_unstable();
    let n = slee.states::<Clock>()[0].n;
    assert_eq!(numbers, (1..=n).collect::<Vec<_>>(), "{}", slee.ladder());
    let ids = slee.records().written();
    let ids: BTreeSet<&str> = ids
        .iter()
        .map(|line| line["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len() as u64, n);
}

#[test]
fn a_record_is_written_with_its_delivery_and_not_without() {
    let mut slee = slee(TestKit::strict(), Settings::default());
    let records = slee.records();
    slee.advance(secs(100));
    assert!(slee.rolled_back().len() > 10, "{:?}", slee.rolled_back());
    assert!(numbers(&slee).len() > 40);
    assert_each_once(&slee);
    let first = &records.written()[0];
    assert_eq!(
        (&first["kind"], &first["version"]),
        (&"tick".into(), &3.into())
    );
    assert_eq!(
        (&first["node"], &first["service"]),
        (&"strowger".into(), &"clock".into())
    );
    assert_eq!(first["record"]["who"], "sip:+31201234567@a.example");
    assert_eq!(records.repeated(), 0);
}

#[test]
fn each_is_written_once_over_crashes_at_any_time() {
    for (seed, kit) in [TestKit::strict, TestKit::relaxed].into_iter().enumerate() {
        let mut slee = slee(kit().seed(seed as u64), Settings::default());
        let records = slee.records();
        for n in 0..40 {
            slee.set_sync_time(millis(n % 7 * 40));
            match n % 4 {
                0 => slee.crash_and_restart(),
                1 => slee.crash_losing_unsynced(),
                2 => slee.crash_in_a_write(n as usize * 37),
                _ => slee.crash_losing_unsynced_after(millis(500 + n)),
            }
            records.stuck(n % 5 == 0);
            slee.advance(millis(1_000 + n * 97));
        }
        records.stuck(false);
        slee.advance(secs(10));
        assert_each_once(&slee);
        assert_eq!(slee.counter("records.lost"), 0);
    }
}

#[test]
fn what_waits_for_a_full_disk_is_written_when_there_is_room_also_after_a_crash() {
    let mut slee = slee(TestKit::strict(), Settings::default());
    let records = slee.records();
    records.stuck(true);
    slee.advance(secs(50));
    assert_eq!(numbers(&slee).len(), 0);
    slee.crash_and_restart();
    slee.advance(secs(50));
    assert_eq!(numbers(&slee).len(), 0);
    records.stuck(false);
    slee.advance(millis(5_500));
    assert!(numbers(&slee).len() > 50);
    assert_each_once(&slee);
    // Nothing is left in the store: what is told after one more crash is new.
    slee.crash_and_restart();
    assert_eq!(records.repeated(), 0);
}

#[test]
fn new_work_is_refused_when_too_many_wait_and_what_goes_on_is_not() {
    let few = Settings {
        pending: 100,
        ..Settings::default()
    };
    let mut slee = slee(TestKit::strict(), few);
    let records = slee.records();
    records.stuck(true);
    while slee.states::<Clock>()[0].n < 99 {
        slee.advance(secs(1));
    }
    assert!(slee.states::<Clock>()[0].room);
    assert!(!is_full(&slee));
    while slee.states::<Clock>()[0].n < 150 {
        slee.advance(secs(1));
    }
    let state = &slee.states::<Clock>()[0];
    assert!(!state.room && state.refused == 0);
    assert!(is_full(&slee), "{:?}", slee.alarms());
    // Twice as many is the end of it, and what is lost is told.
    while slee.states::<Clock>()[0].n < 220 {
        slee.advance(secs(1));
    }
    let state = &slee.states::<Clock>()[0];
    assert_eq!(state.refused, 20);
    assert_eq!(slee.counter("records.lost"), 20);
    assert!(
        slee.alarms()
            .iter()
            .any(|alarm| alarm.contains("records_lost"))
    );
    records.stuck(false);
    slee.advance(secs(5));
    assert!(slee.states::<Clock>()[0].room);
    assert!(!is_full(&slee), "{:?}", slee.alarms());
}

#[test]
fn numbers_are_masked_where_the_operator_wants_it() {
    let masked = Settings {
        mask_last: 4,
        ..Settings::default()
    };
    let mut slee = slee(TestKit::strict(), masked);
    let records = slee.records();
    slee.advance(secs(10));
    assert_eq!(records.of("tick")[0]["who"], "sip:+3120123****@a.example");
    slee.configure("records", &Settings::default());
    slee.advance(secs(10));
    assert_eq!(
        records.of("tick").last().unwrap()["who"],
        "sip:+31201234567@a.example"
    );
}

#[test]
fn a_node_that_stops_writes_what_there_is() {
    let mut slee = slee(TestKit::strict(), Settings::default());
    let records = slee.records();
    slee.advance(secs(10));
    slee.stop();
    slee.advance(secs(1));
    assert!(slee.is_quiet());
    assert!(!records.written().is_empty());
}
