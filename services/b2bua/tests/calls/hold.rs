//! Hold and resume: by re-INVITE, by UPDATE, with a late offer (RFC 3264 8.4, RFC 3311, RFC 6337 5.3).

use super::*;

const SENDONLY: &[u8] =
    b"v=0\r\no=a 1 2 IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\na=sendonly\r\n";
const RECVONLY: &[u8] =
    b"v=0\r\no=b 1 2 IN IP4 192.0.2.2\r\nm=audio 4000 RTP/AVP 0\r\na=recvonly\r\n";
const SENDRECV: &[u8] = b"v=0\r\no=a 1 3 IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n";
const SDP: &str = "Content-Type: application/sdp";

/// One side offers, the other answers, by a request of that method.
fn exchange(method: &str, from: &Call, to: &Call, offer: &[u8], answer: &[u8]) {
    from.request(method, &[SDP], offer);
    to.expect_request(method);
    assert_eq!(to.body(), offer);
    to.respond_with(200, &[SDP], answer);
    from.expect(200);
    assert_eq!(from.body(), answer);
    if method == "INVITE" {
        to.expect_ack();
    }
}

#[test]
fn either_side_holds_and_resumes() {
    for method in ["INVITE", "UPDATE"] {
        for crash in [false, true] {
            let mut slee = slee();
            let (alice, bob) = up(&slee);
            for (holder, held) in [(&alice, &bob), (&bob, &alice)] {
                exchange(method, holder, held, SENDONLY, RECVONLY);
                if crash {
                    slee.crash_and_restart();
                }
                exchange(method, holder, held, SENDRECV, SENDRECV);
            }
            alice.bye().expect(200);
            bob.expect_bye();
            assert_all_gone(&mut slee);
        }
    }
}

/// Resumed by an INVITE without offer: the held side offers all it can (RFC 6337 5.3).
#[test]
fn a_call_is_resumed_with_a_late_offer() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    exchange("INVITE", &alice, &bob, SENDONLY, RECVONLY);
    alice.ack_later().request("INVITE", &[], b"");
    bob.expect_reinvite();
    assert!(bob.body().is_empty());
    bob.respond_with(200, &[SDP], SENDRECV);
    alice.expect(200);
    assert_eq!(alice.body(), SENDRECV);
    alice.ack(SENDRECV);
    bob.expect_ack();
    assert_eq!(bob.body(), SENDRECV);
    bob.bye().expect(200);
    alice.expect_bye();
    assert_all_gone(&mut slee);
}

#[test]
fn one_hangs_up_who_is_on_hold() {
    let mut slee = slee();
    let (alice, bob) = up(&slee);
    exchange("INVITE", &alice, &bob, SENDONLY, RECVONLY);
    slee.crash_and_restart_after(minutes(10));
    bob.bye().expect(200);
    alice.expect_bye();
    assert_all_gone(&mut slee);
}

/// Both offer at once: at least one of them hears 491 (RFC 3261 14.2), and the call stays.
#[test]
fn offers_of_both_sides_that_collide_leave_the_call() {
    let mut slee = slee().link(Link {
        delay: millis(40),
        ..Link::default()
    });
    let (alice, bob) = up(&slee);
    slee.advance(secs(1));
    alice.reinvite();
    bob.reinvite();
    let status = |call: &Call| call.next_response(secs(5)).and_then(|r| r.status());
    let (of_alice, of_bob) = (status(&alice), status(&bob));
    assert!(
        [of_alice, of_bob].contains(&Some(491)),
        "{of_alice:?} {of_bob:?}\n{}",
        slee.ladder()
    );
    slee.advance(secs(40));
    alice.bye().expect(200);
    bob.expect_bye();
    assert_all_gone(&mut slee);
}
