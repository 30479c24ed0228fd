//! Links are bound and bound again; messages keep their order, whatever peers say.

use std::time::Duration;

use strowger_sms::proto::wire::{Cancel, Pdu, Status};
use strowger_sms::ra::PolicyOfGroup;
use strowger_sms::testkit::{SmsTestKit as _, settings};
use strowger_testkit::TestKit;

use crate::courier::{kit, logs, with_links};

/// Submits these texts, and gives the ids.
fn submit(slee: &TestKit, texts: &[&str]) {
    let shop = slee.sms().esme("shop");
    if !shop.is_bound() {
        shop.bind_transceiver("secret");
    }
    for text in texts {
        shop.submit("41791234567", text).expect_ok();
    }
}

#[test]
fn a_link_is_bound_again_after_longer_and_longer_times() {
    let mut slee = with_links(&["up"]);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    up.answer_binds(Status::RALYBND);
    up.close();
    slee.advance(Duration::from_secs(10));
    assert!(!up.is_bound());
    assert_eq!(slee.alarms().last().unwrap(), "links raised");
    up.answer_binds(Status::ROK);
    up.expect_bound();
    assert_eq!(slee.alarms().last().unwrap(), "links cleared");
}

#[test]
fn a_wrong_password_is_not_tried_often() {
    let mut slee = kit(settings(&[], &["up"]));
    let up = slee.sms().smsc("up");
    up.answer_binds(Status::RINVPASWD);
    slee.advance(Duration::from_secs(600));
    assert!((9..=13).contains(&up.binds()), "{}", up.binds());
    let report = slee.report("sms");
    assert!(
        report
            .iter()
            .any(|part| part.name == "link up" && part.state == "unbound")
    );
}

#[test]
fn throttled_messages_wait_and_keep_their_order() {
    let mut slee = with_links(&["up"]);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    submit(&slee, &["one", "two", "three", "four"]);
    let asked: Vec<_> = (0..4).map(|_| up.expect_submit()).collect();
    asked[0].answer(Status::RTHROTTLED);
    asked[1].accept("2");
    asked[2].answer(Status::RMSGQFUL);
    asked[3].accept("4");
    submit(&slee, &["five"]);
    up.expect_nothing();
    slee.advance(Duration::from_millis(900));
    up.expect_nothing();
    for text in ["one", "three", "five"] {
        let asked = up.expect_submit();
        assert_eq!(asked.text(), text);
        asked.accept(text);
    }
}

#[test]
fn a_message_that_is_always_too_much_comes_back_to_its_service() {
    let mut slee = with_links(&["up"]);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    submit(&slee, &["one"]);
    let mut times = 0;
    while let Some(asked) = up.find(4, Duration::from_secs(20)) {
        asked.answer(Status::RTHROTTLED);
        times += 1;
    }
    assert!((5..=9).contains(&times), "{times}");
    slee.advance(Duration::from_secs(1));
    assert_eq!(logs(&slee), [["Throttled"]]);
}

#[test]
fn a_full_window_lets_others_wait_and_a_full_queue_tells() {
    let mut settings = settings(&["shop"], &["up"]);
    settings.links.get_mut("up").unwrap().window = 2;
    settings.groups.get_mut("all").unwrap().queue = 2;
    let slee = kit(settings);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    submit(&slee, &["1", "2", "3", "4", "5"]);
    let (one, two) = (up.expect_submit(), up.expect_submit());
    up.expect_nothing();
    assert_eq!(
        logs(&slee).into_iter().flatten().collect::<Vec<_>>(),
        ["Full"]
    );
    two.accept("2");
    let three = up.expect_submit();
    assert_eq!(three.text(), "3");
    up.expect_nothing();
    one.accept("1");
    assert_eq!(up.expect_submit().text(), "4");
}

#[test]
fn a_peer_that_does_not_answer_costs_each_message_one_timeout() {
    let mut settings = settings(&["shop"], &["up"]);
    settings.timers.enquire_link = Duration::ZERO;
    let mut slee = kit(settings);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    submit(&slee, &["1", "2"]);
    slee.advance(Duration::from_secs(31));
    assert_eq!(logs(&slee), [["Timeout?"], ["Timeout?"]]);
    let late = up.expect_submit();
    late.accept("9");
    slee.advance(Duration::from_secs(1));
    assert_eq!(logs(&slee), [["Timeout?"], ["Timeout?"]]);
}

#[test]
fn a_connection_that_is_lost_gives_each_message_one_outcome() {
    let slee = with_links(&["up"]);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    submit(&slee, &["1", "2", "3"]);
    up.expect_submit().accept("77");
    up.close();
    let mut all: Vec<String> = logs(&slee).into_iter().flatten().collect();
    all.sort();
    assert_eq!(all, ["Disconnected?", "Disconnected?", "up ESME_ROK 77"]);
}

#[test]
fn a_group_takes_its_links_in_turn_or_by_priority() {
    for (policy, expected) in [
        (PolicyOfGroup::RoundRobin, [2, 2]),
        (PolicyOfGroup::Priority, [4, 0]),
    ] {
        let mut settings = settings(&["shop"], &["a", "b"]);
        settings.groups.get_mut("all").unwrap().policy = policy;
        let slee = kit(settings);
        let peers = ["a", "b"].map(|name| slee.sms().smsc(name));
        for peer in &peers {
            peer.expect_bound();
            peer.take_all();
        }
        submit(&slee, &["1", "2", "3", "4"]);
        assert_eq!(peers.each_ref().map(|peer| peer.taken().len()), expected);
        peers[0].close();
        submit(&slee, &["5", "6"]);
        assert_eq!(peers[1].taken().len(), expected[1] + 2);
    }
}

#[test]
fn a_link_has_so_many_sessions_and_uses_them_all() {
    let mut settings = settings(&["shop"], &["up"]);
    let link = settings.links.get_mut("up").unwrap();
    (link.binds, link.window) = (3, 1);
    let slee = kit(settings);
    let up = slee.sms().smsc("up");
    up.expect_binds(3);
    submit(&slee, &["1", "2", "3", "4"]);
    let asked: Vec<_> = (0..3).map(|_| up.expect_submit()).collect();
    up.expect_nothing();
    asked[1].accept("2");
    assert_eq!(up.expect_submit().text(), "4");
}

#[test]
fn a_rate_of_a_link_is_kept_in_order() {
    let mut settings = settings(&["shop"], &["up"]);
    settings.links.get_mut("up").unwrap().rate = Some(10);
    let mut slee = kit(settings);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    up.take_all();
    slee.advance(Duration::from_secs(2));
    let texts: Vec<String> = (0..35).map(|n| n.to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    submit(&slee, &texts);
    assert_eq!(up.taken().len(), 10);
    slee.advance(Duration::from_millis(2_100));
    assert_eq!(up.taken().len(), 30);
    slee.advance(Duration::from_secs(1));
    assert_eq!(up.taken().len(), 35);
}

#[test]
fn messages_that_wait_for_a_link_go_on_in_their_order() {
    let mut settings = settings(&["shop"], &["up"]);
    settings.links.get_mut("up").unwrap().window = 2;
    let slee = kit(settings);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    up.answer_binds(Status::RALYBND);
    up.close();
    submit(&slee, &["wait 1", "wait 2", "wait 3", "wait 4", "wait 5"]);
    assert!(logs(&slee).iter().all(|log| log == &["NoLink"]));
    up.answer_binds(Status::ROK);
    for n in 1..=5 {
        let asked = up.expect_submit();
        assert_eq!(asked.text(), format!("wait {n}"));
        asked.accept(&n.to_string());
    }
}

#[test]
fn a_message_that_is_over_while_it_waits_for_its_turn_is_never_sent() {
    let mut settings = settings(&["shop"], &["up"]);
    settings.links.get_mut("up").unwrap().window = 1;
    let mut slee = kit(settings);
    let up = slee.sms().smsc("up");
    up.expect_bound();
    let shop = slee.sms().esme("shop");
    shop.bind_transceiver("secret");
    let ids = ["1", "2", "3"].map(|text| shop.submit("41791234567", text).expect_ok());
    let one = up.expect_submit();
    let cancel = Cancel {
        message_id: ids[1].as_bytes(),
        ..Cancel::default()
    };
    shop.request(&Pdu::CancelSm(cancel)).expect(Status::ROK);
    one.accept("1");
    let three = up.expect_submit();
    assert_eq!(three.text(), "3");
    three.accept("3");
    slee.advance(Duration::from_secs(60));
    up.expect_nothing();
    assert_eq!(slee.states::<crate::courier::Courier>().len(), 2);
}
