//! Records on their way to a webhook, over answers that refuse, crashes, and restarts.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use strowger::prelude::*;
use strowger::timer::TimerOptions;
use strowger_http::Reply;
use strowger_http::testkit::{Called, HttpTestKit as _, Server};
use strowger_record_hook::{Settings, service};
use strowger_records::testkit::RecordsTestKit as _;
use strowger_records::{OfferSettings, Record, Records};
use strowger_testkit::TestKit;

/// Writes a record each second.
#[derive(Default, State)]
struct Clock {
    n: u64,
}

#[derive(Clone, Debug, Event)]
struct Tick;

#[derive(Serialize)]
struct Ticked {
    n: u64,
}

impl Record for Ticked {
    const KIND: &'static str = "tick";
    const VERSION: u16 = 1;
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
        records.write(cx, &Ticked { n: self.n })?;
        Ok(())
    }
}

fn slee(seed: u64, offer: OfferSettings) -> (TestKit, Server) {
    let records = strowger_records::Settings {
        offer,
        ..strowger_records::Settings::default()
    };
    let hook = Settings {
        url: "http://billing.example/records".to_owned(),
        token: Some("t0ken".into()),
        ..Settings::default()
    };
    let slee = TestKit::strict()
        .seed(seed)
        .adaptor_with("records", strowger_records::adaptor(), records)
        .adaptor(strowger_http::adaptor())
        .service(ServiceDef::of::<Clock>())
        .service_with(service(), hook);
    slee.records();
    let server = slee.http().server("http://billing.example");
    (slee, server)
}

fn enabled() -> OfferSettings {
    OfferSettings {
        enabled: true,
        ..OfferSettings::default()
    }
}

/// The records of a POST, by their ids.
fn posted(call: &Called) -> Vec<(String, u64)> {
    let lines = std::str::from_utf8(call.body()).unwrap();
    let record = |line: &str| -> (String, u64) {
        let line: Value = serde_json::from_str(line).unwrap();
        let id = line["id"].as_str().unwrap().to_owned();
        (id, line["record"]["n"].as_u64().unwrap())
    };
    lines.lines().map(record).collect()
}

#[test]
fn records_are_posted_and_written() {
    let (slee, server) = slee(1, enabled());
    for n in 1..=5 {
        let call = server.expect_call();
        assert_eq!(call.headers().get("authorization"), Some("Bearer t0ken"));
        assert_eq!(
            call.headers().get("content-type"),
            Some("application/x-ndjson")
        );
        let records = posted(&call);
        assert_eq!(records.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [n]);
        call.answer(Reply::new(204));
    }
    assert_eq!(slee.records().of("tick").len(), 5);
    assert_eq!(slee.records().repeated(), 0);
}

#[test]
fn what_is_refused_is_posted_again_and_an_alarm_tells_of_it() {
    let (mut slee, server) = slee(2, enabled());
    for _ in 0..6 {
        server.expect_call().answer(Reply::new(500));
    }
    let raised = |slee: &TestKit| {
        let alarms = slee.alarms();
        let mut last = alarms.iter().rev();
        let last = last.find(|alarm| alarm.contains("records_untaken"));
        last.is_some_and(|alarm| alarm.contains("raised"))
    };
    assert!(raised(&slee), "{:?}", slee.alarms());
    let call = server.expect_call();
    assert!(!posted(&call).is_empty());
    call.answer(Reply::new(200));
    slee.advance(millis(10));
    assert!(!raised(&slee), "{:?}", slee.alarms());
}

#[test]
fn each_is_posted_at_least_once_and_written_once_over_crashes() {
    for seed in 0..10 {
        let (mut slee, server) = slee(seed, enabled());
        let mut taken: BTreeMap<u64, String> = BTreeMap::new();
        for round in 0..40 {
            let call = server.expect_call();
            let records = posted(&call);
            match (round + seed) % 5 {
                0 => call.answer(Reply::new(503)),
                1 => slee.crash_and_restart(),
                2 => {
                    call.answer(Reply::new(200));
                    slee.crash_losing_unsynced();
                    taken.extend(records.into_iter().map(|(id, n)| (n, id)));
                }
                _ => {
                    call.answer(Reply::new(200));
                    taken.extend(records.into_iter().map(|(id, n)| (n, id)));
                }
            }
        }
        let n = slee.states::<Clock>()[0].n;
        while taken.len() < n as usize {
            let call = server.expect_call();
            taken.extend(posted(&call).into_iter().map(|(id, n)| (n, id)));
            call.answer(Reply::new(200));
        }
        slee.advance(secs(1));
        // The same records as in the files, under the same ids.
        let written = slee.records().written();
        for (n, id) in &taken {
            let of = written.iter().filter(|line| line["record"]["n"] == *n);
            let ids: Vec<_> = of.map(|line| line["id"].as_str().unwrap()).collect();
            assert_eq!(ids, [id], "seed {seed}, {n}: {}", slee.ladder());
        }
        assert!(
            (1..=n).all(|n| taken.contains_key(&n)),
            "seed {seed}: {taken:?}"
        );
    }
}

#[test]
fn a_webhook_that_is_gone_for_long_stops_nothing_and_the_oldest_are_let_go() {
    let offer = OfferSettings {
        waiting: 1_000,
        batch: 10,
        ..enabled()
    };
    let (mut slee, server) = slee(3, offer);
    while slee.states::<Clock>()[0].n < 1_500 {
        server.expect_call().answer(Reply::new(500));
        slee.advance(secs(20));
    }
    assert!(slee.counter("records.not_offered") > 400);
    assert_eq!(slee.counter("records.lost"), 0);
    assert_eq!(
        slee.records().of("tick").len() as u64,
        slee.states::<Clock>()[0].n
    );
}
