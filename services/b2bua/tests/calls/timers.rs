//! Session timers: passed, watched, or each leg's own (RFC 4028).

use super::*;
use strowger_b2bua::SessionTimers;

const TIMED: [&str; 3] = [
    "Supported: timer",
    "Session-Expires: 600",
    "Content-Type: application/sdp",
];

fn timed(session_timers: SessionTimers) -> TestKit {
    with(Settings {
        session_timers,
        session: secs(600),
        ..everywhere()
    })
}

/// A call of ends that agree on ten minutes, to be refreshed by the caller; or not, where the timers are each leg's own.
fn timed_call(slee: &TestKit, answer: &[&str]) -> (Call, Call) {
    let alice = slee.sip().request("INVITE", ALICE, BOB, &TIMED, b"v=0\r\n");
    let bob = slee.sip().expect_invite(BOB);
    bob.respond_with(200, answer, b"v=0\r\n");
    alice.expect(200);
    bob.expect_ack();
    (alice, bob)
}

#[test]
fn what_the_ends_agree_on_passes_between_them() {
    for watched in [false, true] {
        let mut slee = timed(if watched {
            SessionTimers::Watch
        } else {
            SessionTimers::Pass
        });
        let agreed = ["Require: timer", "Session-Expires: 600;refresher=uac"];
        let (alice, bob) = timed_call(&slee, &agreed);
        assert_eq!(
            alice.header("Session-Expires").as_deref(),
            Some("600;refresher=uac")
        );
        slee.advance(secs(300));
        alice.request(
            "UPDATE",
            &["Supported: timer", "Session-Expires: 600;refresher=uac"],
            b"",
        );
        bob.expect_request("UPDATE");
        assert_eq!(
            bob.header("Session-Expires").as_deref(),
            Some("600;refresher=uac")
        );
        bob.respond_with(200, &agreed, b"");
        alice.expect(200);
        slee.advance(secs(400));
        alice.expect_nothing(Duration::ZERO);
        // Nobody refreshes it any more.
        slee.crash_and_restart();
        slee.advance(secs(300));
        if watched {
            alice.expect_bye();
            bob.expect_bye();
        } else {
            alice.bye().expect(200);
            bob.expect_bye();
        }
        assert_all_gone(&mut slee);
    }
}

#[test]
fn each_leg_has_a_timer_of_its_own() {
    let mut slee = timed(SessionTimers::Own);
    let alice = slee.sip().request("INVITE", ALICE, BOB, &TIMED, b"v=0\r\n");
    let bob = slee.sip().expect_invite(BOB);
    assert_eq!(bob.header("Session-Expires").as_deref(), Some("600"));
    // Bob's phone knows nothing of timers: this node refreshes that leg by itself, and Alice her own.
    bob.respond_with(200, &[], b"v=0\r\n");
    alice.expect(200);
    assert!(
        alice
            .header("Session-Expires")
            .is_some_and(|v| v.starts_with("600"))
    );
    bob.expect_ack();
    slee.advance(secs(700));
    // Alice does not: her leg has ended, and took the other along.
    alice.expect_bye();
    while bob.find_request("INVITE", Duration::ZERO).is_some() {
        bob.answer();
    }
    bob.expect_bye();
    assert_all_gone(&mut slee);
}
