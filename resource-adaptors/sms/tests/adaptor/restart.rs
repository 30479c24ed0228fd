//! A process dies and another goes on with its store.

use std::time::Duration;

use strowger_sms::MessageState as State;
use strowger_sms::proto::wire::{Pdu, Query, Status};
use strowger_sms::testkit::SmsTestKit as _;

use crate::courier::{logs, with_links};

const TO: &str = "41791234567";

#[test]
fn a_message_is_found_by_both_its_ids_after_a_restart() {
    let mut slee = with_links(&["up"]);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    let id = shop.submit(TO, "hello").expect_ok();
    up.expect_submit().accept("77");
    slee.advance(Duration::from_secs(1));
    slee.crash_and_restart();
    up.expect_bound();
    shop.bind_transceiver("secret");
    let query = Query {
        message_id: id.as_bytes(),
        ..Query::default()
    };
    shop.request(&Pdu::QuerySm(query)).expect(Status::ROK);
    up.receipt("77", State::Enroute, TO).expect_ok();
    assert_eq!(logs(&slee), [["up ESME_ROK 77", "Enroute 77"]]);
    up.receipt("77", State::Delivered, TO).expect_ok();
    slee.advance(Duration::from_secs(1));
    assert_eq!(slee.counts().activities, 2); // those of the sessions
}

#[test]
fn a_send_that_was_under_way_is_told_its_service_after_a_restart() {
    let mut slee = with_links(&["up"]);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    shop.submit(TO, "hello").expect_ok();
    shop.submit(TO, "done").expect_ok();
    let _lost = up.expect_submit();
    up.expect_submit().accept("77");
    slee.advance(Duration::from_secs(1));
    slee.crash_and_restart();
    slee.advance(Duration::from_secs(1));
    let mut all: Vec<String> = logs(&slee).into_iter().flatten().collect();
    all.sort();
    assert_eq!(all, ["Restarted?", "up ESME_ROK 77"]);
    slee.crash_and_restart();
    slee.advance(Duration::from_secs(1));
    assert_eq!(logs(&slee).into_iter().flatten().count(), 2);
}

#[test]
fn messages_that_wait_for_a_link_still_do_after_a_restart() {
    let mut slee = with_links(&["up"]);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    up.answer_binds(Status::RALYBND);
    up.close();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    for n in 0..5 {
        shop.submit(TO, &format!("wait {n}")).expect_ok();
    }
    slee.advance(Duration::from_secs(1));
    slee.crash_and_restart();
    up.answer_binds(Status::ROK);
    for n in 0..5 {
        let asked = up.expect_submit();
        assert_eq!(asked.text(), format!("wait {n}"));
        asked.accept(&n.to_string());
    }
}

#[test]
fn requests_of_the_process_that_died_are_nobodys() {
    let mut slee = with_links(&[]);
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    let _never = shop.submit(TO, "ignore");
    slee.advance(Duration::from_secs(1));
    slee.crash_and_restart();
    slee.advance(Duration::from_secs(1));
    assert_eq!(slee.counts().activities, 0);
}
