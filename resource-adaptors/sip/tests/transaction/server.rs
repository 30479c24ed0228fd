//! Figures 7 and 8 with RFC 6026 7.1: server transactions.

use super::*;
use strowger_sip::proto::transaction::{ServerState, TransactionError};

#[test]
fn trying_goes_out_by_itself_after_200_ms() {
    let mut bench = Bench::new(Transport::Udp);
    bench.accept(&incoming("INVITE", BRANCH, ""));
    bench.until(1_000);
    assert_eq!(bench.seen(), [(200, sent("SIP/2.0 100 Trying"))]);
}

#[test]
fn trying_can_go_out_at_once_or_never() {
    for (trying, want) in [(Some(0), 1), (None, 0)] {
        let mut bench = Bench::with(
            Transport::Udp,
            Timings {
                trying,
                ..Timings::DEFAULT
            },
        );
        bench.accept(&incoming("INVITE", BRANCH, ""));
        bench.until(0);
        assert_eq!(bench.seen().len(), want);
    }
}

#[test]
fn what_the_user_says_in_time_takes_the_place_of_trying() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.accept(&incoming("INVITE", BRANCH, ""));
    bench.until(199);
    bench.respond(tx, 180);
    bench.until(10_000);
    assert_eq!(bench.seen(), [(199, sent("SIP/2.0 180 X"))]);
}

#[test]
fn a_copy_of_an_invite_gets_the_last_provisional_response() {
    let mut bench = Bench::new(Transport::Udp);
    let invite = incoming("INVITE", BRANCH, "");
    let tx = bench.accept(&invite);
    bench.until(50);
    assert_eq!(bench.request(&invite), RequestVerdict::Absorbed);
    bench.until(100);
    bench.respond(tx, 183);
    assert_eq!(bench.request(&invite), RequestVerdict::Absorbed);
    let want = [
        (50, sent("SIP/2.0 100 Trying")),
        (100, sent("SIP/2.0 183 X")),
        (100, sent("SIP/2.0 183 X")),
    ];
    assert_eq!(bench.seen(), want);
}

#[test]
fn after_a_2xx_copies_are_absorbed_until_timer_l() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut bench = Bench::new(transport);
        let invite = incoming("INVITE", BRANCH, "");
        let tx = bench.accept(&invite);
        bench.respond(tx, 200);
        assert_eq!(bench.tx.server_state(tx), Some(ServerState::Accepted));
        bench.until(31_999);
        assert_eq!(bench.request(&invite), RequestVerdict::Absorbed);
        // An ACK on the INVITE's branch, as RFC 2543 clients send it, is the user's all the same.
        assert_eq!(
            bench.request(&incoming("ACK", BRANCH, "t")),
            RequestVerdict::Ack
        );
        bench.until(32_000);
        assert!(matches!(bench.request(&invite), RequestVerdict::New(_)));
        assert_eq!(bench.seen(), [(0, sent("SIP/2.0 200 X"))]);
    }
}

#[test]
fn a_failure_is_repeated_with_timer_g_until_timer_h() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.accept(&incoming("INVITE", BRANCH, ""));
    bench.respond(tx, 486);
    bench.until(100_000);
    let seen = bench.seen();
    let sends: Vec<u64> = seen
        .iter()
        .take(seen.len() - 1)
        .map(|(at, _)| *at)
        .collect();
    assert_eq!(
        sends,
        [
            0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500
        ]
    );
    assert_eq!(seen.last(), Some(&(32_000, Seen::NoAck)));
    assert_eq!(bench.count(), 0);
}

/// RFC 3261 26.3.2.4.
#[test]
fn a_challenge_goes_once_for_each_copy_unless_something_went_before() {
    let mut bench = Bench::new(Transport::Udp);
    let invite = incoming("INVITE", BRANCH, "");
    let tx = bench.accept(&invite);
    bench.respond(tx, 407);
    bench.until(10_000);
    bench.request(&invite);
    bench.until(100_000);
    let want = [
        (0, sent("SIP/2.0 407 X")),
        (10_000, sent("SIP/2.0 407 X")),
        (32_000, Seen::NoAck),
    ];
    assert_eq!(bench.seen(), want);
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.accept(&invite);
    bench.respond(tx, 183);
    bench.respond(tx, 401);
    bench.until(600);
    assert_eq!(bench.seen().len(), 3);
}

#[test]
fn over_a_reliable_transport_there_is_no_timer_g_but_timer_h() {
    let mut bench = Bench::new(Transport::Tcp);
    let tx = bench.accept(&incoming("INVITE", BRANCH, ""));
    bench.respond(tx, 486);
    bench.until(100_000);
    assert_eq!(
        bench.seen(),
        [(0, sent("SIP/2.0 486 X")), (32_000, Seen::NoAck)]
    );
}

#[test]
fn the_ack_of_a_failure_ends_its_copies_and_further_acks_are_absorbed_until_timer_i() {
    let mut bench = Bench::new(Transport::Udp);
    let invite = incoming("INVITE", BRANCH, "");
    let tx = bench.accept(&invite);
    bench.respond(tx, 486);
    bench.until(100);
    assert_eq!(bench.request(&invite), RequestVerdict::Absorbed);
    assert_eq!(
        bench.request(&incoming("ACK", BRANCH, "t")),
        RequestVerdict::Absorbed
    );
    assert_eq!(bench.tx.server_state(tx), Some(ServerState::Confirmed));
    bench.until(5_099);
    assert_eq!(
        bench.request(&incoming("ACK", BRANCH, "t")),
        RequestVerdict::Absorbed
    );
    assert_eq!(bench.request(&invite), RequestVerdict::Absorbed);
    assert_eq!(
        bench.seen(),
        [(0, sent("SIP/2.0 486 X")), (100, sent("SIP/2.0 486 X"))]
    );
    bench.until(5_100);
    assert_eq!(
        bench.request(&incoming("ACK", BRANCH, "t")),
        RequestVerdict::Ack
    );
    assert_eq!(bench.count(), 0);
}

#[test]
fn over_a_reliable_transport_timer_i_is_zero() {
    let mut bench = Bench::new(Transport::Tcp);
    let tx = bench.accept(&incoming("INVITE", BRANCH, ""));
    bench.respond(tx, 486);
    bench.request(&incoming("ACK", BRANCH, "t"));
    bench.until(0);
    assert_eq!(bench.count(), 0);
}

#[test]
fn an_ack_on_another_branch_acknowledges_no_failure() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.accept(&incoming("INVITE", BRANCH, ""));
    bench.respond(tx, 486);
    assert_eq!(
        bench.request(&incoming("ACK", ";branch=z9hG4bKother", "t")),
        RequestVerdict::Ack
    );
    assert_eq!(bench.tx.server_state(tx), Some(ServerState::Completed));
}

#[test]
fn an_ack_before_any_final_response_means_nothing() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.accept(&incoming("INVITE", BRANCH, ""));
    assert_eq!(
        bench.request(&incoming("ACK", BRANCH, "t")),
        RequestVerdict::Absorbed
    );
    assert_eq!(bench.tx.server_state(tx), Some(ServerState::Proceeding));
}

#[test]
fn another_request_is_silent_in_trying_and_repeats_what_it_last_said() {
    let mut bench = Bench::new(Transport::Udp);
    let options = incoming("OPTIONS", BRANCH, "");
    let tx = bench.accept(&options);
    bench.until(1_000);
    assert_eq!(bench.request(&options), RequestVerdict::Absorbed);
    assert_eq!(bench.seen(), []);
    bench.respond(tx, 183);
    assert_eq!(bench.request(&options), RequestVerdict::Absorbed);
    bench.respond(tx, 200);
    assert_eq!(bench.request(&options), RequestVerdict::Absorbed);
    let lines: Vec<_> = bench.seen().into_iter().map(|(_, seen)| seen).collect();
    let want = [
        "SIP/2.0 183 X",
        "SIP/2.0 183 X",
        "SIP/2.0 200 X",
        "SIP/2.0 200 X",
    ];
    assert_eq!(lines, want.map(sent));
}

#[test]
fn timer_j_is_64_t1_and_over_a_reliable_transport_zero() {
    let mut bench = Bench::new(Transport::Udp);
    let options = incoming("OPTIONS", BRANCH, "");
    let tx = bench.accept(&options);
    bench.respond(tx, 200);
    bench.until(31_999);
    assert_eq!(bench.request(&options), RequestVerdict::Absorbed);
    bench.until(32_000);
    assert!(matches!(bench.request(&options), RequestVerdict::New(_)));
    let mut bench = Bench::new(Transport::Tcp);
    let tx = bench.accept(&options);
    bench.respond(tx, 200);
    bench.until(0);
    assert_eq!(bench.count(), 0);
}

#[test]
fn what_the_user_leaves_unanswered_is_reported_before_the_client_gives_up() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.accept(&incoming("OPTIONS", BRANCH, ""));
    bench.until(31_999);
    assert_eq!(bench.seen(), [(31_000, Seen::Unanswered)]);
    bench.respond(tx, 500);
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.accept(&incoming("INVITE", BRANCH, ""));
    bench.respond(tx, 180);
    bench.until(100_000);
    bench.respond(tx, 180);
    bench.until(300_000);
    assert_eq!(bench.seen().last(), Some(&(280_000, Seen::Unanswered)));
}

#[test]
fn a_second_final_response_is_refused() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.accept(&incoming("INVITE", BRANCH, ""));
    bench.respond(tx, 486);
    let mut out = Vec::new();
    let again = bench.tx.respond(bench.now, tx, 200, Bytes::new(), &mut out);
    assert_eq!((again, out.len()), (Err(TransactionError::Final), 0));
    bench.until(100_000);
    let gone = bench.tx.respond(bench.now, tx, 200, Bytes::new(), &mut out);
    assert_eq!(gone, Err(TransactionError::Gone));
}
