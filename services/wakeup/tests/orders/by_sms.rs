//! Over SMPP: subscribers behind a message centre, and an application that is bound to the node.

use strowger::prelude::*;
use strowger_sms::proto::text::{Alphabet, encode};
use strowger_sms::proto::wire::{Addr, Status, Submit};
use strowger_sms::testkit::{SmsTestKit as _, settings};
use strowger_testkit::TestKit;
use strowger_wakeup::{Settings, service};

/// With a link `up`, an account `shop`, and no SIP.
fn kit() -> TestKit {
    let wakeup = Settings {
        users: vec!["1414".to_owned()],
        ..Settings::default()
    };
    TestKit::strict()
        .adaptor_with("sms", strowger_sms::adaptor(), settings(&["shop"], &["up"]))
        .service_with(service(), wakeup)
}

fn assert_nothing_is_kept(slee: &mut TestKit) {
    slee.advance(secs(120));
    let counts = slee.counts();
    assert_eq!(
        (counts.entities, counts.timers),
        (0, 0),
        "left behind:\n{}",
        slee.ladder()
    );
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}

#[test]
fn a_subscriber_is_woken_although_the_node_died_in_between() {
    let mut slee = kit();
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let order = up.deliver("491701234567", "1414", "Wake me in 20 minutes");
    let answer = up.expect_submit();
    assert_eq!(answer.text(), "I will wake you at 00:20.");
    assert_eq!(answer.submit().dest, Addr::new(1, 1, b"491701234567"));
    assert_eq!(answer.submit().source, Addr::new(0, 1, b"1414"));
    answer.accept("1");
    order.expect(Status::ROK);
    slee.crash_and_restart();
    up.expect_bound();
    slee.advance(minutes(20));
    let call = up.expect_submit();
    assert_eq!(call.text(), "Wake up! It is 00:20.");
    call.accept("2");
    assert_nothing_is_kept(&mut slee);
}

#[test]
fn a_refused_message_is_tried_again() {
    let mut slee = kit();
    let up = slee.sms().smsc("up");
    up.expect_bound();
    up.deliver("491701234567", "1414", "wake me at 00:10")
        .expect(Status::ROK);
    up.expect_submit().accept("1");
    slee.advance(minutes(10));
    up.expect_submit().answer(Status::RSUBMITFAIL);
    slee.advance(secs(60));
    assert_eq!(
        up.expect_submit().text(),
        "Wake up! It is 00:11; you wanted to be woken at 00:10."
    );
    // Nobody answers: another try, and then no more.
    slee.advance(secs(60));
    up.expect_submit().accept("3");
    assert_nothing_is_kept(&mut slee);
}

#[test]
fn an_order_may_be_in_any_alphabet_and_behind_a_header() {
    let mut slee = kit();
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let wide = encode("wake me at 07:30 ☕", Alphabet::Ucs2).expect("text");
    for (data_coding, esm_class, content) in [
        (8, 0, wide),
        (0xf0, 0, b"wake me at 07:30".to_vec()),
        (3, 0, b"wake me at 07:30 \xe9".to_vec()),
        (
            0,
            0x40,
            b"\x05\x00\x03\x01\x01\x01wake me at 07:30".to_vec(),
        ),
        (4, 0, b"wake me at 07:30".to_vec()),
    ] {
        up.deliver_with(&Submit {
            source: Addr::new(1, 1, b"491701234567"),
            dest: Addr::new(0, 1, b"1414"),
            data_coding,
            esm_class,
            short_message: &content,
            ..Submit::default()
        })
        .expect(Status::ROK);
        let answer = up.expect_submit();
        let said = answer.text();
        let is_binary = data_coding == 4;
        assert_eq!(
            said.starts_with("Sorry"),
            is_binary,
            "{data_coding}: {said}"
        );
        assert!(
            is_binary || said == "I will wake you at 07:30.",
            "{data_coding}: {said}"
        );
        answer.accept("1");
    }
    up.deliver("491701234567", "1414", "cancel")
        .expect(Status::ROK);
    up.expect_submit().accept("9");
    assert_nothing_is_kept(&mut slee);
}

#[test]
fn an_application_orders_and_is_woken() {
    let mut slee = kit();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    let order = shop.submit("1414", "wake me in 5 minutes");
    let answer = shop.expect_deliver();
    assert_eq!(answer.text(), "I will wake you at 00:05.");
    answer.accept("");
    assert_eq!(order.expect_ok().len(), 16);
    slee.advance(minutes(5));
    let call = shop.expect_deliver();
    assert_eq!(call.text(), "Wake up! It is 00:05.");
    assert_eq!(call.submit().dest.digits, b"12345");
    call.accept("");
    assert_nothing_is_kept(&mut slee);
}

#[test]
fn other_numbers_are_none_of_its_business() {
    let mut slee = kit();
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let answer = up
        .deliver("491701234567", "1515", "wake me at 7")
        .expect_answer();
    assert_ne!(answer.status(), Status::ROK);
    up.expect_nothing();
    assert_nothing_is_kept(&mut slee);
}
