//! What calls cost.

use super::*;

#[test]
fn a_call_costs_its_time_rounded_up() {
    let mut slee = node(1_000);
    let (alice, bob) = up(&slee);
    slee.advance(millis(12_300));
    alice.bye().expect(200);
    bob.expect_bye();
    assert_eq!(balance(&slee, ALICE), 1_000 - 13);
    assert_all_gone(&mut slee);
}

#[test]
fn a_long_call_is_reported_on_the_way_and_costs_the_same() {
    let mut slee = node(1_000);
    let (alice, bob) = up(&slee);
    slee.advance(millis(200_700));
    bob.bye().expect(200);
    alice.expect_bye();
    assert_eq!(balance(&slee, ALICE), 1_000 - 201);
    assert_all_gone(&mut slee);
}

#[test]
fn a_call_without_credit_does_not_ring() {
    let mut slee = node(0);
    let alice = slee.sip().invite(ALICE, BOB);
    alice.expect(402);
    assert_all_gone(&mut slee);
    assert!(
        !slee.ladder().to_string().contains("b.example"),
        "{}",
        slee.ladder()
    );
}

#[test]
fn an_unknown_caller_is_refused() {
    let mut slee = node_with(prepaid(), strowger_ocs::Settings::default());
    slee.sip().invite(ALICE, BOB).expect(403);
    assert_all_gone(&mut slee);
}

#[test]
fn nobody_who_was_not_asked_calls_to_where_only_the_caller_says() {
    let routes = vec![Route::default()];
    let settings = Settings {
        routes,
        ..prepaid()
    };
    let mut slee = node_with(settings, strowger_ocs::Settings::default());
    slee.sip().invite(ALICE, BOB).expect(403);
    assert_all_gone(&mut slee);
}

#[test]
fn a_call_ends_with_its_credit_and_not_a_second_later() {
    let mut slee = node(75);
    let (alice, bob) = up(&slee);
    slee.advance(millis(74_800));
    alice.expect_nothing(Duration::ZERO);
    slee.advance(millis(200));
    alice.expect_bye();
    bob.expect_bye();
    assert_eq!(balance(&slee, ALICE), 0);
    assert_all_gone(&mut slee);
}

#[test]
fn what_rings_in_vain_costs_nothing() {
    let mut slee = node(100);
    let alice = slee.sip().invite(ALICE, BOB);
    slee.sip().expect_invite(BOB).ring().respond(486);
    alice.expect(180).expect(486);
    assert_eq!(balance(&slee, ALICE), 100);
    let alice = slee.sip().invite(ALICE, BOB);
    let bob = slee.sip().expect_invite(BOB).ring();
    alice.expect(180).cancel();
    bob.expect_cancel();
    alice.expect(487);
    assert_eq!(balance(&slee, ALICE), 100);
    let alice = slee.sip().invite(ALICE, BOB);
    slee.sip().expect_invite(BOB).ring();
    alice.expect(180);
    slee.advance(secs(61));
    alice.expect(480);
    assert_eq!(balance(&slee, ALICE), 100);
    assert_all_gone(&mut slee);
}

#[test]
fn two_calls_of_one_account_share_its_credit() {
    let mut slee = node(70);
    let (alice, bob) = up(&slee);
    let carol = "sip:carol@c.example";
    let second = slee.sip().invite(ALICE, carol);
    let callee = slee.sip().expect_invite(carol).answer();
    second.expect(200);
    callee.expect_ack();
    slee.sip().invite(ALICE, "sip:dave@d.example").expect(402);
    // The second call had the last 10 seconds.
    slee.advance(millis(9_950));
    second.expect_bye();
    callee.expect_bye();
    slee.advance(millis(1_950));
    alice.bye().expect(200);
    bob.expect_bye();
    assert_eq!(balance(&slee, ALICE), 70 - 10 - 12);
    assert_all_gone(&mut slee);
}

#[test]
fn an_account_that_is_filled_up_lets_its_last_call_go_on() {
    let mut slee = node(30);
    let (alice, bob) = up(&slee);
    slee.advance(secs(20));
    let till = slee.diameter().client("till.example");
    let refund = till.request(&credit::CREDIT_CONTROL_COMMAND, |m| {
        event(m, ALICE, 1);
        m.group(&credit::REQUESTED_SERVICE_UNIT, |units| {
            units.avp(&credit::CC_TIME, 100_u32);
        });
    });
    refund.expect(2001);
    slee.advance(secs(60));
    alice.bye().expect(200);
    bob.expect_bye();
    assert_eq!(balance(&slee, ALICE), 30 + 100 - 80);
    assert_all_gone(&mut slee);
}

#[test]
fn hold_and_texts_pass_and_a_transfer_does_not() {
    let mut slee = node(1_000);
    let (alice, bob) = up(&slee);
    alice.reinvite();
    bob.expect_reinvite().answer();
    alice.expect(200);
    bob.expect_ack();
    bob.request("INFO", &[], b"");
    alice.expect_request("INFO").respond(200);
    bob.expect(200);
    alice.request("REFER", &["Refer-To: <sip:carol@c.example>"], b"");
    alice.expect(603);
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn a_late_offer_is_answered_in_the_ack_with_which_charging_begins() {
    let mut slee = node(1_000);
    let alice = slee.sip().invite_without_offer(ALICE, BOB).ack_later();
    let bob = slee.sip().expect_invite(BOB).answer();
    alice.expect(200);
    slee.advance(secs(3));
    alice.ack(b"v=0\r\nanswer");
    bob.expect_ack();
    assert_eq!(bob.body(), &b"v=0\r\nanswer"[..]);
    slee.advance(millis(4_500));
    alice.bye().expect(200);
    bob.expect_bye();
    assert_eq!(balance(&slee, ALICE), 1_000 - 5);
    assert_all_gone(&mut slee);
}
