//! The records of messages: one for each that is over, whatever became of it.

use serde_json::Value;
use strowger::prelude::*;
use strowger_records::testkit::RecordsTestKit as _;
use strowger_sms::proto::receipt::State as Outcome;
use strowger_sms::proto::wire::Status;
use strowger_sms::testkit::{Esme, Smsc};
use strowger_testkit::TestKit;

use crate::{NUMBER, gateway_with, plain, registered};

fn gateway(text: &str) -> (TestKit, Esme, Smsc) {
    let kit = TestKit::strict().adaptor(strowger_records::adaptor());
    let slee = gateway_with(kit, text);
    slee.0.records();
    slee
}

/// The only record that there is.
#[track_caller]
fn the_record(kit: &mut TestKit) -> Value {
    kit.advance(millis(10));
    let mut of = kit.records().of("message");
    assert_eq!(of.len(), 1, "{of:?} {}", kit.ladder());
    of.remove(0)
}

#[test]
fn a_message_that_was_delivered_has_one_and_its_receipt_none() {
    let (mut kit, shop, up) = gateway("");
    let id = shop.submit_with(&registered("hello")).expect_ok();
    up.expect_submit().accept("up-1");
    kit.advance(secs(5));
    assert!(kit.records().of("message").is_empty(), "it is under way");
    up.receipt("up-1", Outcome::Delivered, NUMBER)
        .expect(Status::ROK);
    shop.expect_deliver().answer(Status::ROK);
    kit.advance(secs(5));
    let record = the_record(&mut kit);
    assert_eq!(record["message_id"], id);
    for (field, value) in [
        ("origin", "account"),
        ("sender", "shop"),
        ("from", "12345"),
        ("to", NUMBER),
        ("state", "delivered"),
        ("next_hop", "up"),
        ("next_hop_id", "up-1"),
    ] {
        assert_eq!(record[field], value, "{field} of {record}");
    }
    assert_eq!(
        (&record["octets"], &record["failures"], &record["error"]),
        (&5.into(), &0.into(), &0.into())
    );
    assert!(record["accepted"].as_str() < record["ended"].as_str());
}

#[test]
fn what_nobody_asks_for_is_over_when_it_is_taken() {
    let (mut kit, shop, up) = gateway("");
    shop.submit_with(&plain("hello")).expect_ok();
    up.expect_submit().accept("1");
    let record = the_record(&mut kit);
    assert_eq!(
        (&record["state"], &record["next_hop"]),
        (&"enroute".into(), &"up".into())
    );
}

#[test]
fn what_was_refused_has_its_status_and_what_expired_its_attempts() {
    let (mut kit, shop, up) = gateway("");
    shop.submit_with(&plain("hello")).expect_ok();
    up.expect_submit().answer(Status::RSUBMITFAIL);
    let record = the_record(&mut kit);
    assert_eq!(
        (&record["state"], &record["error"]),
        (&"rejected".into(), &Status::RSUBMITFAIL.0.into())
    );

    let (mut kit, shop, up) = gateway("validity = \"3m\"");
    shop.submit_with(&plain("hello")).expect_ok();
    for _ in 0..2 {
        up.expect_submit().answer(Status::RSYSERR);
        kit.advance(secs(60));
    }
    kit.advance(minutes(5));
    let record = the_record(&mut kit);
    assert_eq!(
        (&record["state"], &record["failures"]),
        (&"expired".into(), &2.into())
    );
    assert_eq!(record["next_hop"], Value::Null);
}

#[test]
fn a_message_that_outlives_processes_has_one() {
    for step in 0..3 {
        let (mut kit, shop, up) = gateway("keep = \"1h\"");
        shop.submit_with(&registered("hello")).expect_ok();
        let crash = |kit: &mut TestKit, here| {
            if here == step {
                kit.crash_and_restart();
                up.expect_bound();
                shop.bind_transceiver("secret");
            }
        };
        let first = up.expect_submit();
        crash(&mut kit, 0);
        match step {
            0 => up.expect_submit().accept("up-1"),
            _ => first.accept("up-1"),
        }
        kit.advance(millis(10));
        crash(&mut kit, 1);
        let receipt = up.receipt("up-1", Outcome::Delivered, NUMBER);
        receipt.expect(Status::ROK);
        crash(&mut kit, 2);
        shop.expect_deliver().answer(Status::ROK);
        kit.advance(hours(2));
        assert_eq!(the_record(&mut kit)["state"], "delivered", "crash {step}");
    }
}

#[test]
fn a_message_is_refused_where_its_record_might_find_no_room() {
    let few = strowger_records::Settings {
        pending: 100,
        ..strowger_records::Settings::default()
    };
    let kit = TestKit::strict().adaptor_with("records", strowger_records::adaptor(), few);
    let (mut kit, shop, up) = gateway_with(kit, "");
    let records = kit.records();
    records.stuck(true);
    shop.submit_with(&plain("waits")).expect_ok();
    let waits = up.expect_submit();
    for _ in 0..100 {
        shop.submit_with(&plain("hello")).expect_ok();
        up.expect_submit().accept("1");
    }
    kit.advance(millis(10));
    shop.submit_with(&plain("one more"))
        .expect(Status::RMSGQFUL);
    waits.accept("2");
    kit.advance(millis(10));
    records.stuck(false);
    kit.advance(secs(1));
    assert_eq!(records.of("message").len(), 101);
    assert_eq!(kit.counter("records.lost"), 0);
    shop.submit_with(&plain("again")).expect_ok();
}
