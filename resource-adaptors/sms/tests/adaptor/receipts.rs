//! Receipts find their messages, whatever became of their ids, and also before these are known.

use std::time::Duration;

use strowger_sms::MessageState as State;
use strowger_sms::proto::wire::Status;
use strowger_sms::ra::ReceiptSetting;
use strowger_sms::testkit::{SmsTestKit as _, Smsc, settings};
use strowger_testkit::TestKit;

use crate::courier::{kit, logs, with_links};

const TO: &str = "41791234567";

/// A kit with a message that its message centre has given this id.
fn sent(text: &str, id: &str) -> (TestKit, Smsc) {
    let slee = with_links(&["up"]);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    shop.submit(TO, text).expect_ok();
    up.expect_submit().accept(id);
    (slee, up)
}

#[test]
fn a_receipt_finds_its_message_in_whatever_form() {
    for (given, receipt) in [
        ("77", "77"),
        ("1A2B", "1a2b"),
        ("0000001a2b", "1A2B"),
        ("1A2B", "6699"),
        ("6699", "1A2B"),
        ("abc-def", "ABC-DEF"),
    ] {
        for as_text in [false, true] {
            let (slee, up) = sent("hello", given);
            match as_text {
                true => up.receipt_as_text(receipt, State::Enroute, TO),
                false => up.receipt(receipt, State::Enroute, TO),
            }
            .expect_ok();
            let last = logs(&slee)[0].pop();
            assert_eq!(last, Some(format!("Enroute {receipt}")), "{given}");
        }
    }
}

#[test]
fn a_receipt_ends_what_is_kept_of_its_message() {
    let (mut slee, up) = sent("hello", "77");
    up.receipt("77", State::Delivered, TO).expect_ok();
    slee.advance(Duration::from_secs(1));
    let kept = slee
        .report("sms")
        .into_iter()
        .find(|part| part.name == "messages");
    assert_eq!(kept.unwrap().counts["upstream_ids"], 0);
    assert_eq!(slee.counts().activities, 2); // those of the sessions
}

#[test]
fn a_receipt_that_comes_before_the_answer_is_kept_for_it() {
    let slee = with_links(&["up"]);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    shop.submit(TO, "hello").expect_ok();
    let submit = up.expect_submit();
    let receipt = up.receipt("77", State::Enroute, TO);
    assert!(receipt.find_answer(Duration::from_millis(500)).is_none());
    submit.accept("77");
    receipt.expect_ok();
    assert_eq!(logs(&slee), [["up ESME_ROK 77", "Enroute 77"]]);
}

#[test]
fn a_receipt_that_waits_long_is_answered_and_still_finds_its_message() {
    let mut slee = with_links(&["up"]);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    shop.submit(TO, "hello").expect_ok();
    let submit = up.expect_submit();
    up.receipt("77", State::Enroute, TO).expect_ok();
    slee.advance(Duration::from_secs(20));
    submit.accept("77");
    slee.advance(Duration::from_secs(1));
    assert_eq!(logs(&slee), [["up ESME_ROK 77", "Enroute 77"]]);
}

#[test]
fn a_receipt_for_nothing_is_answered_and_counted() {
    let (mut slee, up) = sent("hello", "77");
    up.receipt("78", State::Delivered, TO).expect_ok();
    assert_eq!(slee.counter("sms.receipts_unmatched"), 0);
    slee.advance(Duration::from_secs(61));
    assert_eq!(slee.counter("sms.receipts_unmatched"), 1);
    assert_eq!(logs(&slee), [["up ESME_ROK 77"]]);
}

#[test]
fn a_receipt_whose_handler_fails_comes_again() {
    let (slee, up) = sent("receipt fails", "77");
    let status = up
        .receipt("77", State::Delivered, TO)
        .expect_answer()
        .status();
    assert_eq!(status, Status::RX_T_APPN);
    assert_eq!(slee.counter("sms.receipts_unmatched"), 0);
}

#[test]
fn receipts_are_passed_on_as_messages_where_that_is_wanted() {
    let mut settings = settings(&["shop"], &["up"]);
    settings.links.get_mut("up").unwrap().receipts = ReceiptSetting::Pass;
    let slee = kit(settings);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    up.receipt("77", State::Delivered, TO).expect_ok();
    let got = shop.expect_deliver();
    assert_eq!(got.receipt().id, "77");
}
