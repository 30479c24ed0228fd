//! Over SIP.

use strowger::prelude::*;
use strowger_sip::testkit::SipTestKit;
use strowger_testkit::TestKit;
use strowger_wakeup::{Settings, Wakeup, Zone, service};

const ALICE: &str = "sip:alice@a.example";

fn with(settings: Settings) -> TestKit {
    TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(service(), settings)
}

/// With the subscribers reachable at names that lead to them.
fn kit() -> TestKit {
    with(Settings::default())
}

/// Writes to the service, and takes its answer.
fn ask(slee: &TestKit, who: &str, text: &str) -> String {
    let lines = ["Content-Type: text/plain"];
    let order = slee
        .sip()
        .request("MESSAGE", who, "wakeup", &lines, text.as_bytes());
    let answer = expect_text(slee, who);
    let _ = order.expect(200);
    answer
}

/// The next text that comes to somebody; it is answered 200.
fn expect_text(slee: &TestKit, who: &str) -> String {
    let text = slee.sip().expect("MESSAGE", who);
    assert_eq!(text.header("Content-Type").as_deref(), Some("text/plain"));
    let body = String::from_utf8(text.body().to_vec()).expect("text");
    text.respond(200);
    body
}

fn assert_all_gone(slee: &mut TestKit) {
    slee.advance(secs(40));
    let counts = slee.counts();
    let left = (
        counts.activities,
        counts.entities,
        counts.timers,
        counts.events,
    );
    assert_eq!(left, (0, 0, 0, 0), "left behind:\n{}", slee.ladder());
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}

#[test]
fn somebody_is_woken_at_the_time_that_he_said() {
    let mut slee = kit();
    assert_eq!(
        ask(&slee, ALICE, "wake me at 07:30"),
        "I will wake you at 07:30."
    );
    slee.advance(hours(7) + minutes(29));
    assert_eq!(slee.states::<Wakeup>().len(), 1);
    slee.advance(minutes(1));
    assert_eq!(expect_text(&slee, ALICE), "Wake up! It is 07:30.");
    assert_all_gone(&mut slee);
}

#[test]
fn somebody_is_woken_although_the_node_died_in_between() {
    let mut slee = kit();
    assert_eq!(
        ask(&slee, ALICE, "Wake me up in 20 minutes, please."),
        "I will wake you at 00:20."
    );
    slee.crash_and_restart();
    slee.advance(minutes(10));
    slee.crash_losing_unsynced();
    assert_eq!(ask(&slee, ALICE, "list"), "I am to wake you at 00:20.");
    slee.advance(minutes(10));
    assert_eq!(expect_text(&slee, ALICE), "Wake up! It is 00:20.");
    assert_all_gone(&mut slee);
}

/// Once with the version that he asked, once with the one that has taken its place.
#[test]
fn somebody_is_woken_once_whatever_version_there_is() {
    for migrate in [false, true] {
        let mut slee = kit().version(service().version("1.1"));
        let _ = ask(&slee, ALICE, "wake me in 20 minutes");
        let replaced = match migrate {
            false => slee.replace("wakeup", "wakeup@1.1"),
            true => slee.replace_and_migrate("wakeup", "wakeup@1.1"),
        };
        assert_eq!(replaced, Ok(()));
        assert_eq!(slee.entities("wakeup@1.1"), usize::from(migrate));
        assert_eq!(ask(&slee, ALICE, "list"), "I am to wake you at 00:20.");
        slee.advance(minutes(20));
        assert_eq!(expect_text(&slee, ALICE), "Wake up! It is 00:20.");
        assert_all_gone(&mut slee);
    }
}

#[test]
fn whoever_could_not_be_woken_in_time_is_told_so() {
    let mut slee = kit();
    let _ = ask(&slee, ALICE, "wake me in 20 minutes");
    slee.crash_and_restart_after(minutes(42));
    let said = expect_text(&slee, ALICE);
    assert_eq!(
        said,
        "Wake up! It is 00:42; you wanted to be woken at 00:20."
    );
    assert_all_gone(&mut slee);
}

#[test]
fn whoever_does_not_answer_is_woken_again() {
    let mut slee = kit();
    let _ = ask(&slee, ALICE, "wake me at 00:10");
    slee.advance(minutes(10));
    for _ in 0..2 {
        slee.sip().expect("MESSAGE", ALICE).respond(480);
        slee.advance(secs(60));
    }
    // The third is the last one, whatever comes of it.
    slee.sip().expect("MESSAGE", ALICE).respond(480);
    slee.advance(minutes(2));
    assert_all_gone(&mut slee);
}

#[test]
fn a_try_is_made_again_by_the_next_process() {
    let mut slee = kit();
    let _ = ask(&slee, ALICE, "wake me at 00:10");
    slee.advance(minutes(10));
    let unanswered = slee.sip().expect("MESSAGE", ALICE);
    slee.crash_and_restart();
    drop(unanswered);
    slee.advance(secs(61));
    let said = expect_text(&slee, ALICE);
    assert!(said.starts_with("Wake up! It is 00:11"), "{said}");
    assert_all_gone(&mut slee);
}

#[test]
fn calls_are_listed_and_cancelled() {
    let mut slee = kit();
    assert_eq!(ask(&slee, ALICE, "list"), "I am not to wake you.");
    assert_eq!(
        ask(&slee, ALICE, "cancel"),
        "There is nothing to cancel. Try: list"
    );
    let _ = ask(&slee, ALICE, "wake me at 9 am");
    let _ = ask(&slee, ALICE, "wake me tomorrow at 7.15");
    let _ = ask(&slee, ALICE, "wake me at 07:00");
    let _ = ask(&slee, ALICE, "wake me at 07:00");
    let _ = ask(&slee, ALICE, "wake me in 3 days");
    let all = "I am to wake you at 07:00, 09:00, 07:15 tomorrow, 00:00 on Sunday.";
    assert_eq!(ask(&slee, ALICE, "list"), all);
    assert_eq!(
        ask(&slee, ALICE, "cancel 9:00"),
        "I will not wake you at 09:00."
    );
    assert_eq!(
        ask(&slee, ALICE, "cancel 9:00"),
        "There is nothing to cancel. Try: list"
    );
    slee.crash_and_restart();
    let rest = "I will not wake you at 07:00, 07:15 tomorrow, 00:00 on Sunday.";
    assert_eq!(ask(&slee, ALICE, "cancel all"), rest);
    assert_all_gone(&mut slee);
}

#[test]
fn subscribers_have_calls_of_their_own() {
    let mut slee = kit();
    let _ = ask(&slee, ALICE, "wake me at 07:00");
    let bob = "sip:bob@b.example";
    assert_eq!(ask(&slee, bob, "list"), "I am not to wake you.");
    let _ = ask(&slee, bob, "wake me at 06:00");
    slee.advance(hours(6));
    assert_eq!(expect_text(&slee, bob), "Wake up! It is 06:00.");
    slee.advance(hours(1));
    assert_eq!(expect_text(&slee, ALICE), "Wake up! It is 07:00.");
    assert_all_gone(&mut slee);
}

#[test]
fn times_are_those_of_the_zone() {
    let zone = Zone::try_from("CET-1CEST,M3.5.0,M10.5.0/3".to_owned()).expect("a zone");
    let mut slee = with(Settings {
        time_zone: zone,
        ahead_max: hours(24 * 365),
        ..Settings::default()
    });
    // It is 01:00 there.
    assert_eq!(
        ask(&slee, ALICE, "wake me at 00:30"),
        "I will wake you at 00:30 tomorrow."
    );
    assert_eq!(
        ask(&slee, ALICE, "wake me today at 00:30"),
        "Today 00:30 is over. Try: wake me tomorrow at 00:30"
    );
    slee.advance(hours(23) + minutes(30));
    assert_eq!(expect_text(&slee, ALICE), "Wake up! It is 00:30.");
    // Four days before the clocks are put forward, 240 hours are ten days and an hour.
    slee.advance(hours(24 * 83));
    let _ = ask(&slee, ALICE, "wake me in 240 hours");
    let listed = ask(&slee, ALICE, "list");
    assert_eq!(listed, "I am to wake you at 01:30 on Sunday.");
    let _ = ask(&slee, ALICE, "cancel");
    assert_all_gone(&mut slee);
}

#[test]
fn what_is_not_understood_gets_help() {
    let mut slee = kit();
    for text in [
        "hello",
        "",
        "wake me at 25:00",
        "\u{0}\u{1b}",
        "wake me at 7 or 8 pm or so",
    ] {
        let answer = ask(&slee, ALICE, text);
        assert!(
            answer.starts_with("Sorry, I did not understand. Try: wake me at 07:30"),
            "{answer}"
        );
        assert!(answer.len() <= 160);
    }
    assert_all_gone(&mut slee);
}

#[test]
fn bounds_are_said() {
    let mut slee = kit();
    assert_eq!(
        ask(&slee, ALICE, "wake me in 8 days"),
        "That is too far ahead. I take calls for the next 7 days."
    );
    for n in 1..=10 {
        let _ = ask(&slee, ALICE, &format!("wake me in {n} hours"));
    }
    let refused = "I am to wake you 10 times already. Try: list / cancel 07:30 / cancel";
    assert_eq!(ask(&slee, ALICE, "wake me in 30 hours"), refused);
    let listed = ask(&slee, ALICE, "list");
    assert!(
        listed.len() <= 160 && listed.starts_with("I am to wake you at 01:00, 02:00"),
        "{listed}"
    );
    let _ = ask(&slee, ALICE, "cancel");
    assert_all_gone(&mut slee);
}

#[test]
fn a_subscriber_who_registered_is_woken_where_he_is() {
    let open = strowger_registrar::Settings {
        authentication: false,
        ..strowger_registrar::Settings::default()
    };
    let mut slee = TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(strowger_registrar::service(), open)
        .service(service());
    let _ = ask(&slee, ALICE, "wake me at 00:10");
    // He goes elsewhere, under the same name.
    let phone = "sip:phone@elsewhere.example";
    let contact = format!("Contact: <{}>", slee.sip().reachable_at(phone));
    let lines = [&contact[..], "Expires: 3600"];
    let _ = slee
        .sip()
        .request("REGISTER", phone, ALICE, &lines, b"")
        .expect(200);
    slee.advance(minutes(10));
    assert_eq!(expect_text(&slee, phone), "Wake up! It is 00:10.");
}

#[test]
fn other_contents_and_other_users_are_none_of_its_business() {
    let mut slee = kit();
    let lines = ["Content-Type: application/octet-stream"];
    let refused = slee
        .sip()
        .request("MESSAGE", ALICE, "wakeup", &lines, b"\x00")
        .expect(415);
    assert_eq!(refused.header("Accept").as_deref(), Some("text/plain"));
    let lines = ["Content-Type: text/plain"];
    let _ = slee
        .sip()
        .request("MESSAGE", ALICE, "somebody", &lines, b"wake me at 7")
        .expect(480);
    assert_all_gone(&mut slee);
}
