//! Blind transfer: REFER from either side, carried out by the B2BUA (RFC 3515, RFC 5589 6).

use super::*;

/// What the referrer is told, in order.
fn expect_notify(referrer: &Call, line: &str, state: &str) {
    referrer.expect_request("NOTIFY");
    assert_eq!(referrer.header("Event").as_deref(), Some("refer"));
    let got = referrer.header("Subscription-State").unwrap_or_default();
    assert!(got.starts_with(state), "{got}");
    assert_eq!(
        String::from_utf8_lossy(&referrer.body()),
        format!("SIP/2.0 {line}\r\n")
    );
    referrer.respond(200);
}

fn refer(referrer: &Call, to: &str) {
    referrer
        .request("REFER", &[&format!("Refer-To: <{to}>")], b"")
        .expect(202);
    expect_notify(referrer, "100 Trying", "active");
}

/// The target answers, and the kept side takes its offer.
fn carol_answers(slee: &TestKit, referrer: &Call, kept: &Call) -> Call {
    let carol = slee.sip().expect_invite(CAROL);
    assert!(carol.body().is_empty());
    carol.ring();
    expect_notify(referrer, "180 Ringing", "active");
    carol.respond_with(200, &[], b"v=0\r\ncarol");
    kept.expect_reinvite();
    assert_eq!(kept.body(), &b"v=0\r\ncarol"[..]);
    kept.respond_with(200, &[], b"v=0\r\nkept");
    kept.expect_ack();
    carol.expect_ack();
    assert_eq!(carol.body(), &b"v=0\r\nkept"[..]);
    carol
}

#[test]
fn either_side_refers_the_other() {
    for from_callee in [true, false] {
        let mut slee = slee();
        let (alice, bob) = up(&slee);
        let (referrer, kept) = if from_callee {
            (&bob, &alice)
        } else {
            (&alice, &bob)
        };
        refer(referrer, CAROL);
        let carol = carol_answers(&slee, referrer, kept);
        expect_notify(referrer, "200 OK", "terminated");
        referrer.expect_bye();
        // The two that are left are a call like any other.
        kept.reinvite();
        carol.expect_reinvite().answer();
        kept.expect(200);
        carol.expect_ack();
        slee.crash_and_restart();
        carol.request("INFO", &[], b"x");
        kept.expect_request("INFO").respond(200);
        carol.expect(200);
        if from_callee {
            carol.bye().expect(200);
            kept.expect_bye();
        } else {
            kept.bye().expect(200);
            carol.expect_bye();
        }
        assert_all_gone(&mut slee);
    }
}

#[test]
fn the_target_sees_who_is_sent_and_by_whom() {
    let slee = slee();
    let (_alice, bob) = up(&slee);
    bob.request(
        "REFER",
        &[
            &format!("Refer-To: <{CAROL}>"),
            &format!("Referred-By: <{BOB}>"),
        ],
        b"",
    )
    .expect(202);
    let carol = slee.sip().expect_invite(CAROL);
    assert!(
        carol
            .header("From")
            .is_some_and(|from| from.contains(ALICE))
    );
    assert_eq!(carol.header("Referred-By"), Some(format!("<{BOB}>")));
}

#[test]
fn a_refusal_leaves_the_call_as_it_was() {
    for status in [486, 603, 503] {
        let mut slee = slee();
        let (alice, bob) = up(&slee);
        refer(&bob, CAROL);
        slee.sip().expect_invite(CAROL).respond(status);
        bob.expect_request("NOTIFY").respond(200);
        assert!(String::from_utf8_lossy(&bob.body()).contains(&status.to_string()));
        alice.reinvite();
        bob.expect_reinvite().answer();
        alice.expect(200);
        bob.expect_ack();
        // And once more, with an id that tells the two apart.
        bob.request("REFER", &[&format!("Refer-To: <{CAROL}>")], b"")
            .expect(202);
        bob.expect_request("NOTIFY").respond(200);
        assert!(
            bob.header("Event")
                .is_some_and(|event| event.contains(";id="))
        );
        slee.sip().expect_invite(CAROL).respond(486);
        bob.expect_request("NOTIFY").respond(200);
        alice.bye().expect(200);
        bob.expect_bye();
        assert_all_gone(&mut slee);
    }
}

#[test]
fn a_target_that_rings_for_too_long_is_given_up() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    refer(&bob, CAROL);
    let carol = slee.sip().expect_invite(CAROL).ring();
    expect_notify(&bob, "180 Ringing", "active");
    slee.advance(secs(60));
    carol.expect_cancel();
    expect_notify(&bob, "408 Request Timeout", "terminated");
    bob.bye().expect(200);
    alice.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn a_referrer_that_hangs_up_at_once_does_not_end_the_transfer() {
    for answers in [true, false] {
        let mut slee = slee();
        let (alice, bob) = up(&slee);
        refer(&bob, CAROL);
        bob.bye().expect(200);
        let carol = slee.sip().expect_invite(CAROL).ring();
        alice.expect_nothing(secs(1));
        if answers {
            carol.respond_with(200, &[], b"v=0\r\ncarol");
            alice.expect_reinvite().answer();
            alice.expect_ack();
            carol.expect_ack();
            slee.crash_and_restart();
            carol.bye().expect(200);
        } else {
            carol.respond(486);
        }
        alice.expect_bye();
        assert_all_gone(&mut slee);
    }
}

#[test]
fn a_side_that_is_to_be_sent_and_hangs_up_ends_it_all() {
    for rings in [true, false] {
        let mut slee = slee();
        let (alice, bob) = up(&slee);
        refer(&bob, CAROL);
        let carol = slee.sip().expect_invite(CAROL).ring();
        if rings {
            alice.bye().expect(200);
            carol.expect_cancel();
        } else {
            carol.respond_with(200, &[], b"v=0\r\ncarol");
            alice.expect_reinvite();
            alice.bye().expect(200);
            carol.expect_bye();
        }
        bob.expect_bye();
        assert_all_gone(&mut slee);
    }
}

#[test]
fn a_target_that_hangs_up_before_it_is_joined_leaves_the_call() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    refer(&bob, CAROL);
    let carol = slee.sip().expect_invite(CAROL);
    carol.respond_with(200, &[], b"v=0\r\ncarol");
    alice.expect_reinvite().ring();
    carol.bye().expect(200);
    expect_notify(&bob, "480 Temporarily Unavailable", "terminated");
    alice.expect_cancel();
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn an_offer_that_the_kept_side_will_not_have_ends_the_target_only() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    refer(&bob, CAROL);
    let carol = slee.sip().expect_invite(CAROL);
    carol.respond_with(200, &[], b"v=0\r\ncarol");
    alice.expect_reinvite().respond(488);
    carol.expect_ack();
    carol.expect_bye();
    expect_notify(&bob, "488 Not Acceptable Here", "terminated");
    bob.reinvite();
    alice.expect_reinvite().answer();
    bob.expect(200);
    alice.expect_ack();
    bob.bye().expect(200);
    alice.expect_bye();
    assert_all_gone(&mut slee);
}

/// RFC 3261 14.1: after 491 the same again, later.
#[test]
fn an_offer_that_collides_is_made_again() {
    for seed in 1..=5 {
        let mut slee = put_together(TestKit::strict().seed(seed));
        let (alice, bob) = up(&slee);
        refer(&bob, CAROL);
        let carol = slee.sip().expect_invite(CAROL);
        carol.respond_with(200, &[], b"v=0\r\ncarol");
        alice.expect_reinvite().respond(491);
        alice.expect_reinvite();
        assert_eq!(alice.body(), &b"v=0\r\ncarol"[..]);
        alice.answer();
        alice.expect_ack();
        carol.expect_ack();
        bob.expect_bye();
        carol.bye().expect(200);
        alice.expect_bye();
        assert_all_gone(&mut slee);
    }
}

#[test]
fn what_cannot_be_carried_out_is_refused_at_once() {
    let mut slee = with(Settings {
        routes: vec![Route {
            prefix: Some("b".to_owned()),
            ..anywhere()
        }],
        ..Settings::default()
    });
    let (alice, bob) = up(&slee);
    bob.request("REFER", &[], b"").expect(400);
    bob.request("REFER", &["Refer-To: <mailto:x@y>"], b"")
        .expect(400);
    // No route leads there: nobody gets by REFER where no call gets.
    bob.request("REFER", &[&format!("Refer-To: <{CAROL}>")], b"")
        .expect(404);
    refer(&bob, "sip:bert@192.0.2.110:5060");
    bob.request("REFER", &["Refer-To: <sip:bill@192.0.2.111:5060>"], b"")
        .expect(491);
    slee.sip()
        .expect_invite("sip:bert@192.0.2.110:5060")
        .respond(404);
    expect_notify(&bob, "404 Not Found", "terminated");
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn a_referrer_that_wants_no_news_gets_none() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    bob.request(
        "REFER",
        &[&format!("Refer-To: <{CAROL}>"), "Refer-Sub: false"],
        b"",
    )
    .expect(202);
    let carol = slee.sip().expect_invite(CAROL).ring();
    carol.respond_with(200, &[], b"v=0\r\ncarol");
    alice.expect_reinvite().answer();
    assert!(bob.find_request("NOTIFY", secs(1)).is_none());
    bob.expect_bye();
    carol.expect_ack();
    alice.bye().expect(200);
    carol.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn by_setting_the_other_side_gets_the_refer_or_nobody() {
    for refers in [Refers::Pass, Refers::Refuse] {
        let mut slee = with(Settings {
            refers,
            ..everywhere()
        });
        let (alice, bob) = up(&slee);
        bob.request("REFER", &[&format!("Refer-To: <{CAROL}>")], b"");
        if refers == Refers::Refuse {
            bob.expect(603);
        } else {
            alice.expect_request("REFER").respond(202);
            assert_eq!(alice.header("Refer-To"), Some(format!("<{CAROL}>")));
            bob.expect(202);
            alice.request(
                "NOTIFY",
                &[
                    "Event: refer",
                    "Subscription-State: active;expires=60",
                    "Content-Type: message/sipfrag",
                ],
                b"SIP/2.0 100 Trying\r\n",
            );
            expect_notify(&bob, "100 Trying", "active");
            alice.expect(200);
        }
        alice.bye().expect(200);
        bob.expect_bye();
        assert_all_gone(&mut slee);
    }
}

/// Whatever was going on: nobody is left alone with a call, and whoever was told of an end has it.
#[test]
fn a_crash_at_each_stage_of_a_transfer_leaves_nobody_alone() {
    for stage in 0..4 {
        let mut slee = slee();
        let (alice, bob) = up(&slee);
        bob.request("REFER", &[&format!("Refer-To: <{CAROL}>")], b"")
            .expect(202);
        let carol = slee.sip().expect_invite(CAROL);
        if stage > 0 {
            carol.ring();
            slee.advance(millis(100));
        }
        if stage > 1 {
            carol.respond_with(200, &[], b"v=0\r\ncarol");
            alice.expect_reinvite();
        }
        if stage > 2 {
            alice.answer();
            carol.expect_ack();
        }
        slee.crash_and_restart();
        match stage {
            // It rang: what rang is over, the call goes on.
            0 | 1 => {
                bob.reinvite();
                alice.expect_reinvite().answer();
                bob.expect(200);
                alice.expect_ack();
                bob.bye().expect(200);
                alice.expect_bye();
            }
            // The answer is lost with the process: the target is let go when its time is over.
            2 => {
                slee.advance(secs(35));
                carol.expect_bye();
                bob.bye().expect(200);
                alice.expect_bye();
            }
            _ => {
                bob.expect_bye();
                carol.bye().expect(200);
                alice.expect_bye();
            }
        }
        slee.advance(minutes(4));
        assert_all_gone(&mut slee);
    }
}
