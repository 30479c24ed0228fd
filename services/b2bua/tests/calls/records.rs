//! The records of calls: one for each, whatever becomes of it.

use super::*;
use strowger_records::testkit::RecordsTestKit as _;

fn recorded(kit: TestKit, settings: Settings) -> TestKit {
    let sip = strowger_sip::Settings {
        supported: vec!["replaces".to_owned()],
        ..strowger_sip::Settings::default()
    };
    let slee = kit
        .adaptor_with("sip", strowger_sip::adaptor(), sip)
        .adaptor(strowger_records::adaptor())
        .service_with(service(), settings);
    slee.records();
    slee
}

fn slee() -> TestKit {
    recorded(TestKit::strict(), everywhere())
}

/// The one record that there is, once everything is over.
#[track_caller]
fn the_record(slee: &mut TestKit) -> serde_json::Value {
    assert_all_gone(slee);
    let mut of = slee.records().of("call");
    assert_eq!(of.len(), 1, "{of:?}");
    of.remove(0)
}

#[test]
fn a_call_that_was_answered_has_its_times_and_who_hung_up() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    assert_eq!(slee.records().written().len(), 0);
    slee.advance(secs(90));
    alice.bye().expect(200);
    bob.expect_bye();
    let record = the_record(&mut slee);
    assert!(
        record["calling"]
            .as_str()
            .unwrap()
            .contains("alice@a.example"),
        "{record}"
    );
    assert!(
        record["called"].as_str().unwrap().starts_with("sip:bob@"),
        "{record}"
    );
    assert_eq!(
        (&record["status"], &record["ended_by"]),
        (&200.into(), &"caller".into())
    );
    let duration = record["duration"].as_u64().unwrap();
    assert!((90_000..91_000).contains(&duration), "{record}");
    assert!(record["answered"].as_str() >= record["started"].as_str());
    assert_ne!(record["calling_call_id"], record["called_call_id"]);
    assert!(!record["called_call_id"].as_str().unwrap().is_empty());
}

#[test]
fn the_callee_may_end_it_and_so_may_the_node() {
    let mut slee = slee();
    let (_alice, bob) = up(&slee);
    bob.bye().expect(200);
    assert_eq!(the_record(&mut slee)["ended_by"], "callee");

    let mut slee = recorded(
        TestKit::strict(),
        Settings {
            max_call: minutes(1),
            ..everywhere()
        },
    );
    let (alice, bob) = up(&slee);
    slee.advance(minutes(1));
    alice.expect_bye();
    bob.expect_bye();
    assert_eq!(the_record(&mut slee)["ended_by"], "node");
}

#[test]
fn a_call_that_was_not_answered_has_its_status() {
    let mut slee = slee();
    let alice = slee.sip().invite(ALICE, BOB);
    slee.sip().expect_invite(BOB).respond(486);
    alice.expect(486);
    let record = the_record(&mut slee);
    assert_eq!(
        (&record["status"], &record["ended_by"]),
        (&486.into(), &"callee".into())
    );
    assert_eq!(
        (&record["answered"], &record["duration"]),
        (&serde_json::Value::Null, &0.into())
    );
}

#[test]
fn a_caller_who_gives_up_and_a_callee_who_does_not_answer_are_told_apart() {
    let mut slee = slee();
    let alice = slee.sip().invite(ALICE, BOB);
    let _bob = slee.sip().expect_invite(BOB).ring();
    alice.expect(180);
    alice.cancel();
    alice.expect(487);
    let record = the_record(&mut slee);
    assert_eq!(
        (&record["status"], &record["ended_by"]),
        (&487.into(), &"caller".into())
    );

    let mut slee = recorded(
        TestKit::strict(),
        Settings {
            no_answer: secs(20),
            ..everywhere()
        },
    );
    let alice = slee.sip().invite(ALICE, BOB);
    let _bob = slee.sip().expect_invite(BOB).ring();
    slee.advance(secs(20));
    alice.expect(180).expect(480);
    let record = the_record(&mut slee);
    assert_eq!(
        (&record["status"], &record["ended_by"]),
        (&480.into(), &"node".into())
    );
}

#[test]
fn a_call_that_outlives_its_process_has_one_record() {
    for n in 0..20 {
        let mut slee = recorded(TestKit::strict().seed(n), everywhere());
        let (alice, bob) = up(&slee);
        slee.advance(secs(5));
        slee.crash_and_restart();
        slee.advance(secs(5));
        alice.bye();
        slee.crash_losing_unsynced_after(millis(n * 3));
        slee.advance(secs(40));
        drop((alice, bob));
        slee.crash_and_restart();
        slee.advance(hours(1));
        let of = slee.records().of("call");
        let duration = |record: &serde_json::Value| record["duration"].as_u64().unwrap();
        assert_eq!(of.len(), 1, "crash {n}: {of:?}\n{}", slee.ladder());
        assert!(duration(&of[0]) >= 10_000, "crash {n}: {of:?}");
    }
}

#[test]
fn a_call_is_refused_where_its_record_might_find_no_room_and_one_that_is_up_goes_on() {
    let records = strowger_records::Settings {
        pending: 100,
        ..strowger_records::Settings::default()
    };
    let mut slee = TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .adaptor_with("records", strowger_records::adaptor(), records)
        .service_with(service(), everywhere());
    slee.records().stuck(true);
    let (alice, bob) = up(&slee);
    for _ in 0..100 {
        let carol = slee.sip().invite(CAROL, BOB);
        slee.sip().expect_invite(BOB).respond(486);
        carol.expect(486);
        slee.advance(secs(40));
    }
    let refused = slee.sip().invite(CAROL, BOB);
    refused.expect(503);
    alice.bye().expect(200);
    bob.expect_bye();
    slee.advance(secs(40));
    slee.records().stuck(false);
    slee.advance(secs(1));
    assert_eq!(slee.records().of("call").len(), 101);
    assert_eq!(slee.counter("records.lost"), 0);
}
