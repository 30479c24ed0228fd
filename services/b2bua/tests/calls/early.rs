//! Before the answer: early media, reliable provisional responses, UPDATE (RFC 3262, RFC 3311).

use super::*;
use strowger_sip::proto::wire::HeaderId;

const SDP: &str = "Content-Type: application/sdp";

/// A caller that supports reliable provisional responses.
fn invite_reliably(slee: &TestKit, option: &str) -> Call {
    slee.sip()
        .request("INVITE", ALICE, BOB, &[option, SDP], b"v=0\r\noffer")
}

#[test]
fn early_media_passes_and_so_does_what_comes_after_it() {
    let mut slee = slee();
    let alice = slee.sip().invite(ALICE, BOB);
    let bob = slee.sip().expect_invite(BOB);
    bob.respond_with(183, &[], b"v=0\r\nearly");
    alice.expect(183);
    assert_eq!(alice.body(), &b"v=0\r\nearly"[..]);
    bob.ring();
    alice.expect(180);
    assert!(alice.body().is_empty());
    bob.respond_with(200, &[], b"v=0\r\nearly");
    alice.expect(200).bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn a_reliable_response_and_its_prack_pass_from_end_to_end() {
    for crash in [false, true] {
        let mut slee = slee();
        let alice = invite_reliably(&slee, "Supported: 100rel");
        let bob = slee.sip().expect_invite(BOB);
        assert_eq!(bob.header("Supported").as_deref(), Some("100rel"));
        bob.respond_with(183, &["Require: 100rel", "RSeq: 7000"], b"v=0\r\nearly");
        alice.expect(183);
        assert_eq!(alice.header("Require").as_deref(), Some("100rel"));
        let rseq = alice.header("RSeq").expect("RSeq");
        alice.request("PRACK", &[&format!("RAck: {rseq} 1 INVITE")], b"");
        bob.expect_request("PRACK");
        assert_eq!(bob.header("RAck").as_deref(), Some("7000 1 INVITE"));
        bob.respond(200);
        alice.expect(200);
        bob.back_to_invite().respond(200);
        alice.back_to_invite().expect(200);
        bob.expect_ack();
        if crash {
            slee.crash_and_restart();
        }
        bob.bye().expect(200);
        alice.expect_bye();
        assert_all_gone(&mut slee);
    }
}

/// The options are supported, too: there are callees that look for what they demand in Supported alone.
#[test]
fn what_a_caller_requires_is_required_of_the_callee() {
    let mut slee = slee();
    let options = [
        "Supported: replaces, 100rel, timer, norefersub",
        "Session-Expires: 90",
        "Min-SE: 90",
        "Require: 100rel, timer",
        SDP,
    ];
    let offer = b"v=0\r\noffer";
    let alice = slee.sip().request("INVITE", ALICE, BOB, &options, offer);
    let bob = slee.sip().expect_invite(BOB);
    for header in [HeaderId::Supported, HeaderId::Require] {
        for option in ["100rel", "timer"] {
            assert!(
                bob.last().lists(header, option.as_bytes()),
                "{}: {option}",
                header.name().escape_ascii()
            );
        }
    }
    bob.respond(486);
    alice.expect(486);
    assert_all_gone(&mut slee);
}

/// With `early_durable` a call that rings goes on after a crash, whichever way it goes on.
#[test]
fn a_call_that_rings_survives_a_crash_where_that_is_set() {
    for then in ["answer", "refuse", "give up", "wait"] {
        let mut slee = with(Settings {
            early_durable: true,
            ..everywhere()
        });
        let alice = slee.sip().invite(ALICE, BOB);
        let bob = slee.sip().expect_invite(BOB).ring();
        alice.expect(180);
        slee.crash_and_restart();
        match then {
            "answer" => {
                bob.answer();
                alice.expect(200);
                bob.expect_ack();
                slee.crash_and_restart();
                bob.bye().expect(200);
                alice.expect_bye();
            }
            "refuse" => {
                bob.respond(486);
                alice.expect(486);
            }
            "give up" => {
                alice.cancel();
                bob.expect_cancel();
                alice.expect(487);
            }
            _ => {
                slee.advance(secs(60));
                bob.expect_cancel();
                alice.expect(480);
            }
        }
        slee.advance(minutes(4));
        assert_all_gone(&mut slee);
    }
}
