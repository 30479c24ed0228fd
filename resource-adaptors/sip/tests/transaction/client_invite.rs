//! Figure 5 with RFC 6026 8.4: INVITE client transactions.

use super::*;
use strowger_sip::proto::transaction::{Cancelled, ClientState};

fn times(seen: &[(u64, Seen)], what: &Seen) -> Vec<u64> {
    seen.iter()
        .filter(|(_, seen)| seen == what)
        .map(|(at, _)| *at)
        .collect()
}

fn delivered(verdict: ResponseVerdict<u32>, again: bool) {
    assert!(
        matches!(verdict, ResponseVerdict::Deliver { user: 7, again: a, .. } if a == again),
        "{verdict:?}"
    );
}

#[test]
fn timer_a_doubles_and_timer_b_ends_it() {
    let mut bench = Bench::new(Transport::Udp);
    bench.send(ClientKind::Invite, "INVITE");
    bench.until(100_000);
    let seen = bench.seen();
    assert_eq!(
        times(&seen, &sent("INVITE")),
        [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]
    );
    assert_eq!(times(&seen, &Seen::Timeout), [32_000]);
    assert_eq!((seen.len(), bench.count()), (8, 0));
}

#[test]
fn over_a_reliable_transport_there_is_no_timer_a() {
    let mut bench = Bench::new(Transport::Tcp);
    bench.send(ClientKind::Invite, "INVITE");
    bench.until(100_000);
    assert_eq!(bench.seen(), [(0, sent("INVITE")), (32_000, Seen::Timeout)]);
}

#[test]
fn a_provisional_response_stops_copies_and_timer_b() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.send(ClientKind::Invite, "INVITE");
    bench.until(600);
    let request = sample(tx, "INVITE");
    delivered(bench.answer(&request, 180, "b"), false);
    delivered(bench.answer(&request, 183, "b"), false);
    assert_eq!(bench.tx.client_state(tx), Some(ClientState::Proceeding));
    bench.seen();
    bench.until(179_000);
    assert_eq!(bench.seen(), []);
}

#[test]
fn what_rings_for_too_long_is_cancelled_and_then_given_up() {
    let mut bench = Bench::new(Transport::Tcp);
    let tx = bench.send(ClientKind::Invite, "INVITE");
    bench.until(1_000);
    let request = sample(tx, "INVITE");
    delivered(bench.answer(&request, 180, "b"), false);
    bench.until(400_000);
    let seen = bench.seen();
    let want = [
        (0, sent("INVITE")),
        (181_000, sent("CANCEL")),
        (213_000, Seen::Timeout),
    ];
    assert_eq!(seen, want);
    assert_eq!(bench.count(), 0);
}

#[test]
fn every_2xx_is_delivered_until_timer_m() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut bench = Bench::new(transport);
        let tx = bench.send(ClientKind::Invite, "INVITE");
        bench.until(100);
        let request = sample(tx, "INVITE");
        delivered(bench.answer(&request, 200, "b"), false);
        assert_eq!(bench.tx.client_state(tx), Some(ClientState::Accepted));
        delivered(bench.answer(&request, 200, "b"), true);
        delivered(bench.answer(&request, 200, "fork"), true);
        assert_eq!(bench.answer(&request, 180, "b"), ResponseVerdict::Absorbed);
        assert_eq!(bench.answer(&request, 486, "b"), ResponseVerdict::Absorbed);
        bench.until(32_099);
        delivered(bench.answer(&request, 200, "b"), true);
        bench.until(32_100);
        assert_eq!(
            bench.answer(&request, 200, "b"),
            ResponseVerdict::Stray { ours: true }
        );
        assert_eq!(bench.seen(), [(0, sent("INVITE"))]);
    }
}

#[test]
fn the_kept_ack_answers_a_repeated_2xx() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.send(ClientKind::Invite, "INVITE");
    let request = sample(tx, "INVITE");
    bench.answer(&request, 200, "b");
    let mut out = Vec::new();
    assert!(
        !bench.tx.resend(tx, bench.flow, &mut out),
        "nothing is kept yet"
    );
    bench
        .tx
        .keep_ack(tx, Bytes::from_static(b"ACK sip:x SIP/2.0\r\n\r\n"));
    assert!(bench.tx.resend(tx, bench.flow, &mut out));
    assert_eq!(out.len(), 1);
}

#[test]
fn a_failure_is_acknowledged_once_per_copy_until_timer_d() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.send(ClientKind::Invite, "INVITE");
    bench.until(50);
    let request = sample(tx, "INVITE");
    delivered(bench.answer(&request, 486, "b"), false);
    assert_eq!(bench.tx.client_state(tx), Some(ClientState::Completed));
    bench.until(1_000);
    assert_eq!(bench.answer(&request, 486, "b"), ResponseVerdict::Absorbed);
    assert_eq!(bench.answer(&request, 180, "b"), ResponseVerdict::Absorbed);
    assert_eq!(bench.answer(&request, 200, "b"), ResponseVerdict::Absorbed);
    bench.until(32_049);
    assert_eq!(bench.answer(&request, 486, "b"), ResponseVerdict::Absorbed);
    bench.until(32_050);
    assert_eq!(
        bench.answer(&request, 486, "b"),
        ResponseVerdict::Stray { ours: true }
    );
    let acks = [
        (50, sent("ACK")),
        (1_000, sent("ACK")),
        (32_049, sent("ACK")),
    ];
    assert_eq!(bench.seen()[1..], acks);
}

#[test]
fn over_a_reliable_transport_timer_d_is_zero() {
    let mut bench = Bench::new(Transport::Tcp);
    let tx = bench.send(ClientKind::Invite, "INVITE");
    let request = sample(tx, "INVITE");
    delivered(bench.answer(&request, 603, "b"), false);
    bench.until(0);
    assert_eq!(bench.count(), 0);
    assert_eq!(bench.seen(), [(0, sent("INVITE")), (0, sent("ACK"))]);
}

#[test]
fn the_ack_of_a_failure_is_of_the_invites_making() {
    let mut bench = Bench::new(Transport::Udp);
    let (tx, branch) = bench.tx.open(ClientKind::Invite, bench.flow, 7).unwrap();
    let branch = String::from_utf8_lossy(branch.as_bytes()).into_owned();
    let invite = format!(
        "INVITE sip:bob@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch={branch}\r\nVia: SIP/2.0/UDP low;branch=z9hG4bK2\r\n\
         Max-Forwards: 12\r\nRoute: <sip:p1;lr>\r\nRoute: <sip:p2;lr>\r\nFrom: \"A\" <sip:alice@a>;tag=a\r\nTo: <sip:bob@b>\r\n\
         Call-ID: c\r\nCSeq: 5 INVITE\r\nContact: <sip:x>\r\nContent-Length: 0\r\n\r\n"
    );
    let mut out = Vec::new();
    bench
        .tx
        .send(bench.now, tx, invite.clone().into(), &mut out);
    out.clear();
    let busy = format!(
        "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP 192.0.2.1;branch={branch}\r\nFrom: \"A\" <sip:alice@a>;tag=a\r\n\
         To: <sip:bob@b>;tag=b9\r\nCall-ID: c\r\nCSeq: 5 INVITE\r\nContent-Length: 0\r\n\r\n"
    );
    bench.tx.response(bench.now, &parse(busy), &mut out);
    let want = format!(
        "ACK sip:bob@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch={branch}\r\nMax-Forwards: 70\r\n\
         Route: <sip:p1;lr>\r\nRoute: <sip:p2;lr>\r\nFrom: \"A\" <sip:alice@a>;tag=a\r\nTo: <sip:bob@b>;tag=b9\r\nCall-ID: c\r\n\
         CSeq: 5 ACK\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(String::from_utf8_lossy(&out[0].bytes), want);
}

#[test]
fn a_cancel_waits_for_a_provisional_response() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.send(ClientKind::Invite, "INVITE");
    let mut out = Vec::new();
    assert_eq!(
        bench.tx.cancel(bench.now, tx, b"", &mut out),
        Ok(Cancelled::Waiting)
    );
    assert!(out.is_empty());
    bench.until(100);
    let request = sample(tx, "INVITE");
    bench.answer(&request, 100, "b");
    // The CANCEL is repeated like any other request, on the INVITE's branch.
    bench.until(2_000);
    let cancels = [
        (100, sent("CANCEL")),
        (600, sent("CANCEL")),
        (1_600, sent("CANCEL")),
    ];
    assert_eq!(bench.seen()[1..], cancels);
    let cancel = sample(tx, "CANCEL");
    assert_eq!(bench.answer(&cancel, 200, "b"), ResponseVerdict::Absorbed);
    delivered(bench.answer(&request, 487, "b"), false);
    bench.until(30_000);
    assert_eq!(bench.seen(), [(2_000, sent("ACK"))]);
}

#[test]
fn a_cancel_without_answer_gives_the_invite_up_after_64_t1() {
    let mut bench = Bench::new(Transport::Tcp);
    let tx = bench.send(ClientKind::Invite, "INVITE");
    bench.until(100);
    let request = sample(tx, "INVITE");
    bench.answer(&request, 180, "b");
    let mut out = Vec::new();
    assert_eq!(
        bench.tx.cancel(bench.now, tx, b"", &mut out),
        Ok(Cancelled::Sent)
    );
    assert_eq!(
        bench.tx.cancel(bench.now, tx, b"", &mut out),
        Ok(Cancelled::Sent)
    );
    assert_eq!(out.len(), 1, "one CANCEL");
    // A further provisional response does not prolong it.
    bench.until(20_000);
    bench.answer(&request, 180, "b");
    bench.until(100_000);
    assert_eq!(bench.seen()[1..], [(32_100, Seen::Timeout)]);
    assert_eq!(bench.count(), 0);
}

#[test]
fn a_cancel_after_the_final_response_is_too_late() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.send(ClientKind::Invite, "INVITE");
    let request = sample(tx, "INVITE");
    bench.answer(&request, 200, "b");
    assert_eq!(
        bench.tx.cancel(bench.now, tx, b"", &mut Vec::new()),
        Ok(Cancelled::TooLate)
    );
}

#[test]
fn a_transport_error_is_told_once_and_ends_it() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.send(ClientKind::Invite, "INVITE");
    assert_eq!(bench.tx.waiting_on(|flow| flow.peer.port() == 5070), [tx]);
    assert!(bench.tx.waiting_on(|flow| flow.peer.port() == 1).is_empty());
    assert!(matches!(
        bench.tx.fail_client(tx),
        Some((7, ClientKind::Invite, _))
    ));
    assert!(bench.tx.fail_client(tx).is_none());
    bench.until(100_000);
    assert_eq!(bench.seen(), [(0, sent("INVITE"))]);
}
