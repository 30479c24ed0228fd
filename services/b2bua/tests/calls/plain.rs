//! Two legs and what passes between them.

use super::*;

#[test]
fn the_caller_hangs_up() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn the_callee_hangs_up() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    bob.bye().expect(200);
    alice.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn both_hang_up_at_once() {
    let mut slee = slee().link(Link {
        delay: millis(50),
        ..Link::default()
    });
    let (alice, bob) = up(&slee);
    alice.bye();
    bob.bye();
    alice.expect(200);
    bob.expect(200);
    assert_all_gone(&mut slee);
}

#[test]
fn offer_and_answer_and_unknown_headers_pass_unchanged() {
    let slee = slee();
    let alice = slee.sip().request(
        "INVITE",
        ALICE,
        BOB,
        &["X-Odd: 1", "Content-Type: application/sdp"],
        b"v=0\r\noffer",
    );
    let bob = slee.sip().expect_invite(BOB);
    assert_eq!(bob.body(), &b"v=0\r\noffer"[..]);
    assert_eq!(bob.header("x-odd").as_deref(), Some("1"));
    bob.respond_with(183, &["X-Even: 2"], b"v=0\r\nearly");
    alice.expect(183);
    assert_eq!(alice.body(), &b"v=0\r\nearly"[..]);
    assert_eq!(alice.header("X-Even").as_deref(), Some("2"));
    bob.respond_with(200, &[], b"v=0\r\nanswer");
    alice.expect(200);
    assert_eq!(alice.body(), &b"v=0\r\nanswer"[..]);
    bob.expect_ack();
}

#[test]
fn an_offer_in_the_answer_is_answered_in_the_ack() {
    let mut slee = slee();
    let alice = slee.sip().invite_without_offer(ALICE, BOB).ack_later();
    let bob = slee.sip().expect_invite(BOB);
    assert!(bob.body().is_empty());
    bob.answer();
    alice.expect(200).ack(b"v=0\r\nlate answer");
    bob.expect_ack();
    assert_eq!(bob.body(), &b"v=0\r\nlate answer"[..]);
    slee.crash_and_restart();
    bob.ack_later().request("INVITE", &[], b"");
    alice.expect_reinvite();
    assert!(alice.body().is_empty());
    alice.answer();
    bob.expect(200).ack(b"v=0\r\nlater answer");
    alice.expect_ack();
    assert_eq!(alice.body(), &b"v=0\r\nlater answer"[..]);
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn an_offer_in_the_answer_is_answered_after_a_crash() {
    let mut slee = slee();
    let alice = slee.sip().invite_without_offer(ALICE, BOB);
    let bob = slee.sip().expect_invite(BOB);
    alice.ack_later();
    bob.answer();
    alice.expect(200);
    slee.crash_and_restart();
    // Bob repeats his 200 meanwhile: that must not bring him an ACK without the answer.
    slee.advance(secs(3));
    alice.ack(b"v=0\r\nlate answer");
    bob.expect_ack();
    assert_eq!(bob.body(), &b"v=0\r\nlate answer"[..]);
    // An ACK that is not owed any more holds no later offer up.
    slee.crash_and_restart();
    alice.reinvite();
    bob.expect_reinvite().answer();
    alice.expect(200).ack(b"");
    bob.expect_ack();
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn the_caller_gives_up_while_it_rings() {
    let mut slee = slee();
    let alice = slee.sip().invite(ALICE, BOB);
    let bob = slee.sip().expect_invite(BOB).ring();
    alice.expect(180).cancel();
    bob.expect_cancel();
    alice.expect(487);
    assert_all_gone(&mut slee);
}

#[test]
fn giving_up_crosses_the_answer() {
    let mut slee = slee().link(Link {
        delay: millis(50),
        ..Link::default()
    });
    let alice = slee.sip().invite(ALICE, BOB);
    let bob = slee.sip().expect_invite(BOB).ring();
    alice.expect(180);
    bob.answer();
    alice.cancel();
    // Which of the two came first to the node decides; neither side is left alone with a call.
    match alice.next_response(secs(5)).and_then(|r| r.status()) {
        Some(200) => {
            alice.ack(b"").bye().expect(200);
            bob.expect_bye();
        }
        Some(487) => drop(bob.expect_bye()),
        other => panic!("{other:?}\n{}", slee.ladder()),
    }
    assert_all_gone(&mut slee);
}

#[test]
fn a_refusal_passes_to_the_caller() {
    for status in [302, 404, 486, 603] {
        let mut slee = slee();
        let alice = slee.sip().invite(ALICE, BOB);
        slee.sip().expect_invite(BOB).respond(status);
        alice.expect(status);
        assert_all_gone(&mut slee);
    }
}

#[test]
fn a_503_becomes_a_500() {
    let mut slee = slee();
    let alice = slee.sip().invite(ALICE, BOB);
    slee.sip().expect_invite(BOB).respond(503);
    alice.expect(500);
    assert_all_gone(&mut slee);
}

#[test]
fn a_callee_that_is_not_there_gives_408() {
    let mut slee = slee();
    slee.sip().open(BOB);
    let alice = slee.sip().invite(ALICE, BOB);
    slee.advance(secs(33));
    alice.expect(408);
    assert_all_gone(&mut slee);
}

#[test]
fn a_callee_that_rings_for_too_long_is_given_up() {
    let mut slee = slee();
    let alice = slee.sip().invite(ALICE, BOB);
    let bob = slee.sip().expect_invite(BOB).ring();
    alice.expect(180);
    slee.advance(secs(59));
    bob.expect_nothing(Duration::ZERO);
    slee.advance(secs(1));
    bob.expect_cancel();
    alice.expect(480);
    assert_all_gone(&mut slee);
}

#[test]
fn either_side_offers_anew() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    alice.reinvite();
    bob.expect_reinvite().answer();
    alice.expect(200);
    bob.expect_ack();
    bob.reinvite();
    alice.expect_reinvite().answer();
    bob.expect(200);
    alice.expect_ack();
    alice.reinvite();
    bob.expect_reinvite().respond(488);
    alice.expect(488);
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn giving_up_a_new_offer_is_passed_on_and_leaves_the_call() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    for (from, to) in [(&alice, &bob), (&bob, &alice)] {
        from.reinvite();
        to.expect_reinvite().ring();
        from.expect(180).cancel();
        to.expect_cancel();
        from.expect(487);
    }
    // Long after the last INVITE could have been given up.
    slee.advance(minutes(10));
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn requests_within_the_call_pass_both_ways() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    for method in ["INFO", "UPDATE", "MESSAGE", "OPTIONS"] {
        alice.request(method, &["Content-Type: text/plain"], b"to bob");
        bob.expect_request(method);
        assert_eq!(bob.body(), &b"to bob"[..]);
        bob.respond(200);
        alice.expect(200);
        bob.request(method, &[], b"");
        alice.expect_request(method).respond(405);
        bob.expect(405);
    }
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn a_call_may_not_last_for_ever() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    slee.advance(hours(4) - secs(1));
    alice.expect_nothing(Duration::ZERO);
    slee.advance(secs(2));
    alice.expect_bye();
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn the_end_of_a_call_is_not_missed_while_the_node_is_down() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    slee.crash_and_restart_after(hours(5));
    slee.advance(secs(1));
    alice.expect_bye();
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn a_call_that_is_up_survives_the_process() {
    for from_callee in [false, true] {
        let mut slee = slee();
        let (alice, bob) = up(&slee);
        slee.advance(hours(1));
        slee.crash_and_restart();
        assert_eq!(slee.states::<B2bua>().len(), 1);
        let (first, second) = if from_callee {
            (&bob, &alice)
        } else {
            (&alice, &bob)
        };
        first.bye().expect(200);
        second.expect_bye();
        assert_all_gone(&mut slee);
    }
}

#[test]
fn a_call_survives_a_power_cut_and_goes_on() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    slee.crash_losing_unsynced();
    // The new process cannot know whether its 200 was acknowledged, and asks.
    alice.expect_nothing(secs(1));
    alice.reinvite();
    bob.expect_reinvite().answer();
    alice.expect(200);
    bob.expect_ack();
    slee.crash_and_restart();
    bob.request("INFO", &[], b"");
    alice.expect_request("INFO").respond(200);
    bob.expect(200);
    bob.bye().expect(200);
    alice.expect_bye();
    assert_all_gone(&mut slee);
}

/// What was acknowledged to the caller is there again; what was not, ends on both sides.
#[test]
fn a_crash_at_each_stage_leaves_nobody_alone() {
    for stage in 0..4 {
        let mut slee = slee();
        let alice = slee.sip().invite(ALICE, BOB);
        let bob = slee.sip().expect_invite(BOB);
        if stage > 0 {
            bob.ring();
            alice.expect(180);
        }
        if stage > 1 {
            bob.answer();
            alice.ack_later().expect(200);
        }
        if stage > 2 {
            alice.ack(b"");
            bob.expect_ack();
        }
        slee.crash_and_restart();
        match stage {
            // The call was not answered: the caller gives up, and nothing of it stays.
            0 | 1 => drop(alice.cancel().next_response(secs(1))),
            _ => {
                if stage == 2 {
                    alice.ack(b"");
                }
                alice.bye().expect(200);
                bob.expect_bye();
            }
        }
        slee.advance(minutes(4));
        assert_all_gone(&mut slee);
    }
}

#[test]
fn a_bye_that_was_taken_is_passed_on_after_a_crash() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    alice.bye().expect(200);
    slee.crash_and_restart();
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn calls_over_tcp() {
    let mut slee = slee();
    let alice = slee.sip().tcp().invite(ALICE, BOB);
    let bob = slee.sip().expect_invite(BOB).ring().answer();
    alice.expect(180).expect(200);
    bob.expect_ack();
    slee.crash_and_restart();
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn calls_over_a_bad_network() {
    for seed in 1..=20 {
        let bad = Link {
            delay: millis(20),
            jitter: millis(80),
            loss: 100,
            duplicate: 50,
            segment: 0,
        };
        let mut slee = put_together(TestKit::strict().seed(seed)).link(bad);
        let alice = slee.sip().invite(ALICE, BOB);
        let bob = slee.sip().expect_invite(BOB).ring().answer();
        alice.expect(200);
        bob.expect_ack();
        alice.bye().expect(200);
        bob.expect_bye();
        slee.set_link(Link::default());
        assert_all_gone(&mut slee);
    }
}

#[test]
fn a_call_that_no_route_fits_is_left_to_others() {
    let slee = TestKit::none()
        .adaptor(strowger_sip::adaptor())
        .service(service());
    let alice = slee.sip().invite(ALICE, "nobody");
    let status = alice.next_response(secs(5)).and_then(|r| r.status());
    assert!(status.is_some_and(|s| s >= 400), "{status:?}");
}

#[test]
fn by_default_users_that_begin_with_2_go_to_port_5070() {
    let slee = TestKit::relaxed()
        .adaptor(strowger_sip::adaptor())
        .service(service());
    let callee = "sip:2001@127.0.0.1:5070";
    slee.sip().open(callee);
    let alice = slee.sip().invite(ALICE, "2001");
    let bob = slee.sip().expect_invite(callee).answer();
    alice.expect(200);
    bob.expect_ack();
}
