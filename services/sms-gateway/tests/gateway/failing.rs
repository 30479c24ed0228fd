//! What the container has no room for, and handlers that fail: the peer is answered, and nothing that was accepted is lost.

use strowger::prelude::*;
use strowger_sms::proto::receipt::State as Outcome;
use strowger_sms::proto::wire::{Status, Submit};
use strowger_sms::testkit::{SmsTestKit as _, settings};
use strowger_testkit::{Limits, TestKit};

use crate::{NUMBER, gateway_on, gateway_with, nothing_left, plain, registered};

#[test]
fn a_submit_whose_handler_fails_is_answered_with_a_system_error() {
    let limits = Limits {
        timers: 1,
        ..Limits::default()
    };
    let (mut kit, shop, up) = gateway_with(TestKit::strict().limits(limits), "");
    let later = |text| Submit {
        schedule: "000000010000000R",
        ..registered(text)
    };
    shop.submit_with(&later("one")).expect_ok();
    // There is no timer for it: its handler fails, and nothing of it is kept.
    shop.submit_with(&later("two")).expect(Status::RSYSERR);
    assert_eq!(kit.states::<strowger_sms_gateway::Gateway>().len(), 1);
    assert!(!kit.rolled_back().is_empty());
    // What needs none is taken.
    shop.submit_with(&plain("three")).expect_ok();
    let got = up.expect_submit();
    assert_eq!(got.text(), "three");
    got.accept("1");
    kit.advance(hours(1));
    assert_eq!(up.expect_submit().text(), "one");
}

#[test]
fn a_receipt_for_which_there_is_no_room_is_told_later() {
    // The service's own, two sessions, a message, and the request that brings it.
    let limits = Limits {
        activities: 5,
        ..Limits::default()
    };
    let sms = settings(&["shop", "other"], &["up"]);
    let (mut kit, shop, up) = gateway_on(TestKit::strict().limits(limits), sms, "");
    let id = shop.submit_with(&registered("one")).expect_ok();
    up.expect_submit().accept("1");
    kit.advance(secs(1));
    // A session takes the last place.
    let other = kit.sms().esme("other");
    other.bind_transceiver("secret");
    up.receipt("1", Outcome::Delivered, NUMBER)
        .expect(Status::ROK);
    kit.advance(secs(70));
    shop.expect_nothing();
    // The message is kept with what there is to tell, over a crash, too.
    kit.crash_and_restart();
    up.expect_bound();
    shop.bind_transceiver("secret");
    kit.advance(secs(61));
    let told = shop.expect_deliver();
    let receipt = told.receipt();
    assert_eq!((receipt.id, receipt.state), (id, Some(Outcome::Delivered)));
    told.answer(Status::ROK);
    nothing_left(&mut kit);
}
