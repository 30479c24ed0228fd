//! Calls to the answering service, in virtual time.

use strowger::prelude::*;
use strowger_sip::testkit::SipTestKit;
use strowger_testkit::TestKit;
use strowger_uas::{Settings, service};

const ALICE: &str = "sip:alice@a.example";

fn with(settings: Settings) -> TestKit {
    TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(service(), settings)
}

fn ringing(time: Duration) -> TestKit {
    with(Settings {
        ringing: time,
        ..Settings::default()
    })
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
fn it_answers_at_once() {
    let mut slee = with(Settings::default());
    let alice = slee.sip().invite(ALICE, "service").expect(200);
    let answer = String::from_utf8(alice.body().to_vec()).expect("text");
    assert!(
        answer.contains("m=audio 9 RTP/AVP 0 8\r\na=inactive\r\n"),
        "{answer}"
    );
    alice.bye().expect(200);
    assert_all_gone(&mut slee);
}

#[test]
fn it_rings_for_as_long_as_it_is_told() {
    let mut slee = ringing(secs(3));
    let alice = slee.sip().invite(ALICE, "service").expect(180);
    alice.expect_nothing(millis(2_900));
    alice.expect(200).bye().expect(200);
    assert_all_gone(&mut slee);
}

#[test]
fn the_caller_gives_up_while_it_rings() {
    let mut slee = ringing(secs(30));
    let alice = slee.sip().invite(ALICE, "service").expect(180);
    alice.cancel().expect(487);
    assert_all_gone(&mut slee);
}

#[test]
fn it_hangs_up_after_the_calls_length() {
    let mut slee = with(Settings::default());
    let alice = slee.sip().invite(ALICE, "service").expect(200);
    slee.advance(hours(1) - millis(1));
    alice.expect_nothing(Duration::ZERO);
    slee.advance(millis(2));
    alice.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn a_late_offer_is_made_and_a_new_one_answered() {
    let mut slee = with(Settings::default());
    let alice = slee
        .sip()
        .invite_without_offer(ALICE, "service")
        .ack_later();
    alice.expect(200);
    assert!(alice.body().starts_with(b"v=0\r\n"));
    let answer = alice.default_sdp();
    alice.ack(&answer).reinvite().expect(200).ack(b"");
    alice.bye().expect(200);
    assert_all_gone(&mut slee);
}

#[test]
fn a_body_that_is_no_session_description_is_refused() {
    let mut slee = with(Settings::default());
    let alice = slee.sip().request(
        "INVITE",
        ALICE,
        "service",
        &["Content-Type: text/plain"],
        b"hello",
    );
    alice.expect(415);
    assert_eq!(alice.header("Accept").as_deref(), Some("application/sdp"));
    assert_all_gone(&mut slee);
}

#[test]
fn requests_outside_and_inside_of_calls_are_answered() {
    let mut slee = with(Settings::default());
    let sip = slee.sip();
    sip.request("OPTIONS", ALICE, "service", &[], b"")
        .expect(200);
    // Without a user: the node itself is asked.
    sip.request("OPTIONS", ALICE, "sip:127.0.0.1:5060", &[], b"")
        .expect(200);
    sip.request(
        "MESSAGE",
        ALICE,
        "service",
        &["Content-Type: text/plain"],
        b"hi",
    )
    .expect(200);
    let alice = sip.invite(ALICE, "service").expect(200);
    for method in ["OPTIONS", "INFO", "UPDATE", "MESSAGE"] {
        alice.request(method, &[], b"").expect(200);
    }
    alice.bye().expect(200);
    assert_all_gone(&mut slee);
}

#[test]
fn others_are_left_to_others() {
    let mut slee = with(Settings::default());
    let alice = slee.sip().invite(ALICE, "somebody");
    let status = alice.next_response(secs(5)).and_then(|r| r.status());
    assert!(status.is_some_and(|s| s >= 400), "{status:?}");
    assert_all_gone(&mut slee);
}

/// Ringing, and the answer that it will give, are lost with the process or kept; a call that is up is kept.
#[test]
fn a_crash_at_each_stage() {
    let mut slee = ringing(secs(3));
    let alice = slee.sip().invite(ALICE, "service").expect(180);
    slee.crash_and_restart();
    slee.advance(minutes(1));
    drop(alice);
    assert_all_gone(&mut slee);

    let alice = slee.sip().invite(ALICE, "service").ack_later();
    alice.expect(180).expect(200);
    slee.crash_and_restart();
    alice.ack(b"").bye().expect(200);
    assert_all_gone(&mut slee);

    let alice = slee.sip().invite(ALICE, "service");
    alice.expect(200);
    slee.crash_and_restart_after(hours(2));
    slee.advance(secs(1));
    alice.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn a_2xx_that_nobody_acknowledges_is_repeated_and_then_the_call_ended() {
    let mut slee = with(Settings::default());
    let alice = slee.sip().invite(ALICE, "service").ack_later();
    alice.expect(200);
    slee.advance(secs(31));
    assert!(slee.ladder().len() > 8, "{}", slee.ladder());
    alice.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn after_a_crash_a_2xx_is_repeated_until_its_ack() {
    let mut slee = with(Settings::default());
    let alice = slee.sip().invite(ALICE, "service").ack_later();
    alice.expect(200);
    slee.crash_and_restart();
    let before = slee.ladder().len();
    slee.advance(secs(10));
    let repeated = slee.ladder().len();
    assert!(repeated > before + 2, "{}", slee.ladder());
    alice.ack(b"").expect_nothing(secs(1));
    let acknowledged = slee.ladder().len();
    slee.advance(secs(40));
    assert_eq!(slee.ladder().len(), acknowledged, "{}", slee.ladder());
    alice.bye().expect(200);
    assert_all_gone(&mut slee);
}
