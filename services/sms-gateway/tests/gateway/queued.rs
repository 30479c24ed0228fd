//! Messages whose submit waits for its turn at a link: nothing of them has left, so they can still be taken back.

use strowger::prelude::*;
use strowger_sms::proto::receipt::State as Outcome;
use strowger_sms::proto::wire::{Addr, Cancel, Pdu, Replace, Status, Submit};
use strowger_sms::testkit::{Esme, Sent, Smsc, settings};
use strowger_testkit::TestKit;

use crate::{NUMBER, gateway_on, nothing_left, plain, registered};

const SOURCE: Addr<'_> = Addr::new(1, 1, b"12345");

/// A gateway whose link has one place, which the first message takes.
fn narrow(text: &str) -> (TestKit, Esme, Smsc) {
    let mut sms = settings(&["shop"], &["up"]);
    sms.links.get_mut("up").expect("the link").window = 1;
    gateway_on(TestKit::strict(), sms, text)
}

fn cancel(shop: &Esme, id: &str) -> Sent {
    shop.request(&Pdu::CancelSm(Cancel {
        message_id: id.as_bytes(),
        source: SOURCE,
        ..Cancel::default()
    }))
}

fn replace(shop: &Esme, id: &str, text: &str, schedule: &str) -> Sent {
    shop.request(&Pdu::ReplaceSm(Replace {
        message_id: id.as_bytes(),
        source: SOURCE,
        schedule,
        short_message: text.as_bytes(),
        ..Replace::default()
    }))
}

#[test]
fn a_message_that_waits_for_its_turn_is_cancelled_and_never_sent() {
    let (mut kit, shop, up) = narrow("");
    let first = shop.submit_with(&plain("first")).expect_ok();
    let second = shop.submit_with(&registered("second")).expect_ok();
    shop.submit_with(&plain("third")).expect_ok();
    let sent = up.expect_submit();
    up.expect_nothing();
    cancel(&shop, &second).expect(Status::ROK);
    let told = shop.expect_deliver();
    assert_eq!(told.receipt().state, Some(Outcome::Deleted));
    told.answer(Status::ROK);
    // What was written to the link is on its way, and nobody can take it back.
    cancel(&shop, &first).expect(Status::RCANCELFAIL);
    replace(&shop, &first, "new", "").expect(Status::RREPLACEFAIL);
    sent.accept("1");
    let next = up.expect_submit();
    assert_eq!(next.text(), "third");
    next.accept("2");
    kit.advance(hours(1));
    up.expect_nothing();
    nothing_left(&mut kit);
}

#[test]
fn a_message_that_waits_for_its_turn_is_replaced() {
    let (mut kit, shop, up) = narrow("");
    shop.submit_with(&plain("first")).expect_ok();
    let id = shop.submit_with(&plain("old")).expect_ok();
    let sent = up.expect_submit();
    // A replacement that cannot be leaves it where it is.
    replace(&shop, &id, "bad", "000030000000000R").expect(Status::RINVSCHED);
    replace(&shop, &id, "new", "").expect(Status::ROK);
    sent.accept("1");
    let next = up.expect_submit();
    assert_eq!(next.text(), "new");
    next.accept("2");
    kit.advance(hours(1));
    up.expect_nothing();
    nothing_left(&mut kit);
}

#[test]
fn a_message_that_is_put_off_by_a_replacement_leaves_the_queue() {
    let (mut kit, shop, up) = narrow("");
    shop.submit_with(&plain("first")).expect_ok();
    let id = shop.submit_with(&plain("old")).expect_ok();
    replace(&shop, &id, "new", "000000010000000R").expect(Status::ROK);
    up.expect_submit().accept("1");
    kit.advance(minutes(59));
    up.expect_nothing();
    kit.advance(minutes(1));
    let next = up.expect_submit();
    assert_eq!(next.text(), "new");
    next.accept("2");
    nothing_left(&mut kit);
}

#[test]
fn a_message_that_expires_while_it_waits_for_its_turn_is_never_sent() {
    let (mut kit, shop, up) = narrow("");
    shop.submit_with(&plain("first")).expect_ok();
    let short = Submit {
        validity: "000000000010000R",
        ..registered("second")
    };
    let id = shop.submit_with(&short).expect_ok();
    let sent = up.expect_submit();
    kit.advance(secs(20));
    sent.accept("1");
    let told = shop.expect_deliver();
    let receipt = told.receipt();
    assert_eq!((receipt.id, receipt.state), (id, Some(Outcome::Expired)));
    told.answer(Status::ROK);
    up.expect_nothing();
    nothing_left(&mut kit);
}

#[test]
fn a_message_that_was_throttled_can_be_cancelled_and_waits_no_longer() {
    let (mut kit, shop, up) = narrow("");
    let id = shop.submit_with(&plain("first")).expect_ok();
    up.expect_submit().answer(Status::RTHROTTLED);
    // The peer has refused it: it is not on its way.
    cancel(&shop, &id).expect(Status::ROK);
    kit.advance(hours(1));
    up.expect_nothing();
    nothing_left(&mut kit);
}

#[test]
fn a_cancelled_message_stays_cancelled_over_a_crash() {
    let (mut kit, shop, up) = narrow("keep = \"2h\"");
    shop.submit_with(&plain("first")).expect_ok();
    let id = shop.submit_with(&plain("second")).expect_ok();
    let _sent = up.expect_submit();
    cancel(&shop, &id).expect(Status::ROK);
    kit.crash_and_restart();
    let again = up.expect_submit();
    assert_eq!(again.text(), "first");
    again.accept("1");
    kit.advance(hours(1));
    up.expect_nothing();
    kit.advance(hours(2));
    nothing_left(&mut kit);
}

#[test]
fn receipts_that_wait_for_their_turn_expire() {
    let mut sms = settings(&["shop"], &["up"]);
    sms.accounts.get_mut("shop").expect("the account").window = 1;
    let (mut kit, shop, up) = gateway_on(TestKit::strict(), sms, "receipts.validity = \"10s\"");
    for id in ["1", "2"] {
        shop.submit_with(&registered("hello")).expect_ok();
        up.expect_submit().accept(id);
        up.receipt(id, Outcome::Delivered, NUMBER)
            .expect(Status::ROK);
    }
    let first = shop.expect_deliver();
    kit.advance(secs(20));
    first.answer(Status::ROK);
    shop.expect_nothing();
    nothing_left(&mut kit);
}
