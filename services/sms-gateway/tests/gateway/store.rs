//! Store and forward by SMPP: what is accepted is delivered, across crashes, on schedule, and its sender is told.

use strowger::prelude::*;
use strowger_sms::proto::receipt::State as Outcome;
use strowger_sms::proto::wire::{Status, Submit, TlvBuf, tlv};

use crate::{NUMBER, gateway, nothing_left, plain, registered};

#[test]
fn a_message_goes_through_and_its_receipt_comes_back() {
    let (mut kit, shop, up) = gateway("");
    let sent = shop.submit_with(&registered("hello"));
    let id = sent.expect_ok();
    let got = up.expect_submit();
    assert_eq!(got.text(), "hello");
    assert_eq!(got.submit().registered_delivery, 1);
    got.accept("up-1");
    up.receipt("up-1", Outcome::Delivered, NUMBER)
        .expect(Status::ROK);
    let told = shop.expect_deliver();
    let receipt = told.receipt();
    assert_eq!(
        (receipt.id.as_str(), receipt.state),
        (&*id, Some(Outcome::Delivered))
    );
    let submit = told.submit();
    assert_eq!(
        submit.tlvs.text(tlv::RECEIPTED_MESSAGE_ID),
        Some(id.as_bytes())
    );
    assert_eq!(submit.source.digits, NUMBER.as_bytes());
    told.answer(Status::ROK);
    nothing_left(&mut kit);
}

#[test]
fn what_wants_no_receipt_is_over_when_it_is_taken() {
    let (mut kit, shop, up) = gateway("");
    shop.submit_with(&plain("hello")).expect_ok();
    let got = up.expect_submit();
    assert_eq!(got.submit().registered_delivery, 0);
    got.accept("1");
    nothing_left(&mut kit);
}

#[test]
fn the_answer_leaves_after_the_message_is_on_disk() {
    let (mut kit, shop, up) = gateway("");
    kit.set_sync_time(millis(50));
    let sent = shop.submit(NUMBER, "hello");
    assert!(sent.find_answer(millis(40)).is_none());
    sent.expect_ok();
    assert_eq!(up.expect_submit().text(), "hello");
    // One that is cut off before its sync was never accepted.
    let lost = shop.submit(NUMBER, "lost");
    kit.crash_losing_unsynced_after(millis(10));
    assert!(lost.find_answer(millis(100)).is_none());
}

/// The process dies at every step of a message's way; nothing is lost, and the sender hears the end.
#[test]
fn a_message_survives_a_crash_at_every_step() {
    for step in 0..4 {
        let (mut kit, shop, up) = gateway("");
        let id = shop.submit_with(&registered("hello")).expect_ok();
        let crash = |kit: &mut strowger_testkit::TestKit, here| {
            if here == step {
                kit.crash_and_restart();
                up.expect_bound();
                shop.bind_transceiver("secret");
            }
        };
        let first = up.expect_submit();
        crash(&mut kit, 0);
        match step {
            // Nobody knows whether it has arrived: it is sent again as soon as its link is there.
            0 => up.expect_submit().accept("up-1"),
            _ => first.accept("up-1"),
        }
        kit.advance(millis(10));
        crash(&mut kit, 1);
        kit.advance(minutes(5));
        crash(&mut kit, 2);
        let receipt = up.receipt("up-1", Outcome::Delivered, NUMBER);
        receipt.expect(Status::ROK);
        let told = shop.expect_deliver();
        crash(&mut kit, 3);
        let told = match step {
            // Nobody knows whether it has arrived, either.
            3 => shop.expect_deliver(),
            _ => told,
        };
        assert_eq!(told.receipt().id, id, "crash {step}: {}", kit.ladder());
        told.answer(Status::ROK);
        nothing_left(&mut kit);
    }
}

/// What had no answer when the node was stopped is sent again when there is another, in no other way than after a crash.
#[test]
fn what_a_stopping_node_could_not_finish_goes_on_at_its_start() {
    let (mut kit, shop, up) = gateway("");
    for text in ["asked", "later"] {
        shop.submit_with(&registered(text)).expect_ok();
    }
    let unanswered = [up.expect_submit(), up.expect_submit()];
    kit.stop();
    kit.advance(secs(11));
    assert!(kit.is_quiet(), "{}", kit.ladder());
    drop(unanswered);
    kit.crash_and_restart();
    let began = kit.now().wall;
    let mut again: Vec<String> = (0..2)
        .map(|n: u32| {
            let got = up.expect_submit();
            got.accept(&n.to_string());
            got.text()
        })
        .collect();
    again.sort();
    assert_eq!(again, ["asked", "later"]);
    assert!(kit.now().wall - began < secs(5), "{}", kit.ladder());
}

#[test]
fn what_may_have_arrived_before_a_crash_is_given_up_where_that_is_wanted() {
    let (mut kit, shop, up) = gateway("no_response = \"fail\"");
    shop.submit_with(&registered("hello")).expect_ok();
    let _unanswered = up.expect_submit();
    kit.crash_and_restart();
    up.expect_bound();
    shop.bind_transceiver("secret");
    let told = shop.expect_deliver();
    assert_eq!(told.receipt().state, Some(Outcome::Unknown));
    told.answer(Status::ROK);
    up.expect_nothing();
    nothing_left(&mut kit);
}

#[test]
fn failures_are_tried_again_on_schedule_until_the_message_expires() {
    let (mut kit, shop, up) = gateway("validity = \"30m\"");
    let id = shop.submit_with(&registered("hello")).expect_ok();
    let began = kit.now().wall;
    let mut at = Vec::new();
    for wait in [60, 300, 600, 840] {
        let got = up.expect_submit();
        at.push((kit.now().wall - began).as_secs());
        got.answer(Status::RSYSERR);
        kit.advance(secs(wait));
    }
    // After 60, 300 and 600 seconds; the next would be after the end of the validity.
    assert_eq!(at, [0, 60, 360, 960]);
    let told = shop.expect_deliver();
    let receipt = told.receipt();
    assert_eq!((receipt.id, receipt.state), (id, Some(Outcome::Expired)));
    assert_eq!(receipt.error, "008");
    assert_eq!((kit.now().wall - began).as_secs(), 1_800);
    told.answer(Status::ROK);
    nothing_left(&mut kit);
}

#[test]
fn a_permanent_failure_is_told_at_once() {
    let (mut kit, shop, up) = gateway("");
    shop.submit_with(&registered("hello")).expect_ok();
    up.expect_submit().answer(Status::RSUBMITFAIL);
    let told = shop.expect_deliver();
    assert_eq!(told.receipt().state, Some(Outcome::Rejected));
    told.answer(Status::ROK);
    nothing_left(&mut kit);
}

#[test]
fn throttled_messages_keep_their_order() {
    let (mut kit, shop, up) = gateway("");
    for text in ["a", "b", "c"] {
        shop.submit_with(&plain(text)).expect_ok();
    }
    let first = up.expect_submit();
    first.answer(Status::RTHROTTLED);
    kit.advance(secs(10));
    let mut order = Vec::new();
    while let Some(got) = up.find(strowger_sms::proto::wire::command::SUBMIT_SM, secs(5)) {
        order.push(got.text());
        got.accept("1");
    }
    // What was in the window with the first had left already; the first goes before whatever waits.
    assert_eq!(order.len(), 3, "{order:?} {}", kit.ladder());
    nothing_left(&mut kit);
}

#[test]
fn no_answer_is_sent_again_or_given_up() {
    for (policy, outcome) in [("resend", None), ("fail", Some(Outcome::Unknown))] {
        let (mut kit, shop, up) = gateway(&format!("no_response = \"{policy}\""));
        shop.submit_with(&registered("hello")).expect_ok();
        let _unanswered = up.expect_submit();
        kit.advance(minutes(3));
        match outcome {
            None => up.expect_submit().accept("1"),
            Some(state) => assert_eq!(shop.expect_deliver().receipt().state, Some(state)),
        }
    }
}

#[test]
fn what_waits_for_its_link_goes_when_the_link_is_there() {
    let (mut kit, shop, up) = gateway("");
    up.answer_binds(Status::RBINDFAIL);
    kit.crash_and_restart();
    shop.bind_transceiver("secret");
    shop.submit_with(&plain("one")).expect_ok();
    shop.submit_with(&plain("two")).expect_ok();
    kit.advance(minutes(10));
    up.expect_nothing();
    up.answer_binds(Status::ROK);
    while !up.is_bound() {
        kit.advance(secs(1));
    }
    let order = [up.expect_submit(), up.expect_submit()].map(|got| {
        got.accept("1");
        got.text()
    });
    assert_eq!(order, ["one", "two"]);
    nothing_left(&mut kit);
}

#[test]
fn receipts_wait_for_their_account_and_expire() {
    let (mut kit, shop, up) = gateway("receipts.validity = \"5h\"");
    let id = shop.submit_with(&registered("hello")).expect_ok();
    up.expect_submit().accept("1");
    kit.crash_and_restart();
    up.expect_bound();
    up.receipt("1", Outcome::Delivered, NUMBER)
        .expect(Status::ROK);
    kit.advance(hours(4));
    shop.bind_transceiver("secret");
    let told = shop.expect_deliver();
    assert_eq!(told.receipt().id, id);
    told.answer(Status::ROK);
    // The next one comes too late.
    shop.submit_with(&registered("hello")).expect_ok();
    up.expect_submit().accept("2");
    kit.crash_and_restart();
    up.expect_bound();
    up.receipt("2", Outcome::Delivered, NUMBER)
        .expect(Status::ROK);
    kit.advance(hours(6));
    nothing_left(&mut kit);
    shop.bind_transceiver("secret");
    shop.expect_nothing();
}

#[test]
fn a_receipt_may_come_before_the_answer() {
    let (mut kit, shop, up) = gateway("");
    let id = shop.submit_with(&registered("hello")).expect_ok();
    let got = up.expect_submit();
    let receipt = up.receipt("9", Outcome::Delivered, NUMBER);
    got.accept("9");
    receipt.expect(Status::ROK);
    let told = shop.expect_deliver();
    assert_eq!(told.receipt().id, id);
    told.answer(Status::ROK);
    nothing_left(&mut kit);
}

#[test]
fn a_receipt_that_never_comes_leaves_the_message_unknown() {
    let (mut kit, shop, up) = gateway("validity = \"2h\"\nreceipts.grace = \"1h\"");
    shop.submit_with(&registered("hello")).expect_ok();
    up.expect_submit().accept("1");
    kit.advance(hours(3));
    let told = shop.expect_deliver();
    assert_eq!(told.receipt().state, Some(Outcome::Unknown));
}

#[test]
fn only_failures_are_told_who_wants_only_them() {
    let (mut kit, shop, up) = gateway("");
    let wanted = Submit {
        registered_delivery: 2,
        ..registered("hello")
    };
    shop.submit_with(&wanted).expect_ok();
    let got = up.expect_submit();
    assert_eq!(got.submit().registered_delivery, 1);
    got.accept("1");
    up.receipt("1", Outcome::Delivered, NUMBER)
        .expect(Status::ROK);
    shop.expect_nothing();
    nothing_left(&mut kit);
}

#[test]
fn mobile_originated_messages_go_to_their_account() {
    let (mut kit, shop, up) = gateway("");
    up.deliver(NUMBER, "12345", "STOP").expect(Status::ROK);
    let got = shop.expect_deliver();
    assert_eq!(got.text(), "STOP");
    got.answer(Status::ROK);
    // One for an account that is not there is kept.
    kit.crash_and_restart();
    up.expect_bound();
    up.deliver(NUMBER, "12345", "later").expect(Status::ROK);
    kit.crash_and_restart();
    shop.bind_transceiver("secret");
    let got = shop.expect_deliver();
    assert_eq!(got.text(), "later");
    got.answer(Status::ROK);
    nothing_left(&mut kit);
}

#[test]
fn tlvs_that_nobody_knows_pass() {
    let (_kit, shop, up) = gateway("");
    let mut tlvs = TlvBuf::new();
    tlvs.put(0x1501, b"vendor").expect("a TLV");
    let submit = Submit {
        tlvs: tlvs.as_tlvs(),
        ..registered("hello")
    };
    shop.submit_with(&submit).expect_ok();
    let got = up.expect_submit();
    assert_eq!(got.submit().tlvs.get(0x1501), Some(&b"vendor"[..]));
    assert_eq!(got.submit().tlvs.get(tlv::MESSAGE_PAYLOAD), None);
}

#[test]
fn what_has_no_route_is_refused() {
    let (mut kit, shop, _up) = gateway("");
    let nowhere = Submit {
        dest: strowger_sms::proto::wire::Addr::new(1, 1, b""),
        ..registered("hello")
    };
    shop.submit_with(&nowhere).expect(Status::RINVDSTADR);
    nothing_left(&mut kit);
}

#[test]
fn what_there_is_no_room_for_is_refused() {
    // Two are the sessions; three are too few for a second message.
    let limits = strowger_testkit::Limits {
        activities: 5,
        ..strowger_testkit::Limits::default()
    };
    let (_kit, shop, up) =
        crate::gateway_with(strowger_testkit::TestKit::strict().limits(limits), "");
    shop.submit_with(&registered("one")).expect_ok();
    shop.submit_with(&registered("two"))
        .expect(Status::RMSGQFUL);
    let _ = up.expect_submit();
}

#[test]
fn what_waits_takes_the_way_that_its_route_has_then() {
    let (mut kit, shop, up) = gateway("");
    shop.submit_with(&plain("hello")).expect_ok();
    up.expect_submit().answer(Status::RSYSERR);
    kit.advance(millis(10));
    let other = crate::conf("routes = [{ account = \"shop\" }]");
    kit.configure_service("sms-gateway", other);
    kit.advance(secs(60));
    up.expect_nothing();
    let got = shop.expect_deliver();
    assert_eq!(got.text(), "hello");
    got.answer(Status::ROK);
    nothing_left(&mut kit);
}
