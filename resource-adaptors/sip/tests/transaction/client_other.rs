//! Figure 6: client transactions of every other request.

use super::*;
use strowger_sip::proto::transaction::ClientState;

fn copies(seen: &[(u64, Seen)]) -> Vec<u64> {
    seen.iter()
        .filter(|(_, seen)| *seen == sent("OPTIONS"))
        .map(|(at, _)| *at)
        .collect()
}

#[test]
fn timer_e_doubles_up_to_t2_and_timer_f_ends_it() {
    let mut bench = Bench::new(Transport::Udp);
    bench.send(ClientKind::Other, "OPTIONS");
    bench.until(100_000);
    let seen = bench.seen();
    assert_eq!(
        copies(&seen),
        [
            0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500
        ]
    );
    assert_eq!(seen.last(), Some(&(32_000, Seen::Timeout)));
    assert_eq!(bench.count(), 0);
}

#[test]
fn over_a_reliable_transport_there_is_no_timer_e() {
    let mut bench = Bench::new(Transport::Tcp);
    bench.send(ClientKind::Other, "OPTIONS");
    bench.until(100_000);
    assert_eq!(
        bench.seen(),
        [(0, sent("OPTIONS")), (32_000, Seen::Timeout)]
    );
}

#[test]
fn in_proceeding_timer_e_is_t2_and_timer_f_runs_on() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.send(ClientKind::Other, "OPTIONS");
    bench.until(600);
    let request = sample(tx, "OPTIONS");
    assert!(matches!(
        bench.answer(&request, 100, "b"),
        ResponseVerdict::Deliver { .. }
    ));
    assert!(matches!(
        bench.answer(&request, 183, "b"),
        ResponseVerdict::Deliver { .. }
    ));
    bench.until(100_000);
    let seen = bench.seen();
    assert_eq!(
        copies(&seen),
        [
            0, 500, 1_500, 5_500, 9_500, 13_500, 17_500, 21_500, 25_500, 29_500
        ]
    );
    assert_eq!(seen.last(), Some(&(32_000, Seen::Timeout)));
}

#[test]
fn a_final_response_is_delivered_once_and_copies_are_absorbed_until_timer_k() {
    for status in [200, 302, 404, 500, 600] {
        let mut bench = Bench::new(Transport::Udp);
        let tx = bench.send(ClientKind::Other, "OPTIONS");
        bench.until(100);
        let request = sample(tx, "OPTIONS");
        let first = bench.answer(&request, status, "b");
        assert!(matches!(
            first,
            ResponseVerdict::Deliver { again: false, .. }
        ));
        assert_eq!(bench.tx.client_state(tx), Some(ClientState::Completed));
        assert_eq!(
            bench.answer(&request, status, "b"),
            ResponseVerdict::Absorbed
        );
        bench.until(5_099);
        assert_eq!(bench.answer(&request, 100, "b"), ResponseVerdict::Absorbed);
        bench.until(5_100);
        assert_eq!(
            bench.answer(&request, status, "b"),
            ResponseVerdict::Stray { ours: true }
        );
        assert_eq!(bench.seen(), [(0, sent("OPTIONS"))]);
    }
}

#[test]
fn what_is_only_forgotten_shares_its_waking_and_is_never_forgotten_early() {
    let tick = u64::from(Timings::DEFAULT.tick);
    let mut bench = Bench::with(Transport::Udp, Timings::DEFAULT);
    // Timer K is five seconds: those of these end after one tick, and by the next.
    let first = tick - 5_000 % tick + 1;
    for at in [first, first + tick / 2, first + tick - 1] {
        bench.until(at);
        let tx = bench.send(ClientKind::Other, "OPTIONS");
        let request = sample(tx, "OPTIONS");
        bench.answer(&request, 200, "b");
    }
    let together = first + tick - 1 + 5_000;
    assert!(together.is_multiple_of(tick));
    bench.until(together - 1);
    assert_eq!(bench.count(), 3);
    bench.until(together);
    assert_eq!(bench.count(), 0);
}

#[test]
fn over_a_reliable_transport_timer_k_is_zero() {
    let mut bench = Bench::new(Transport::Tcp);
    let tx = bench.send(ClientKind::Other, "OPTIONS");
    let request = sample(tx, "OPTIONS");
    bench.answer(&request, 200, "b");
    bench.until(0);
    assert_eq!(bench.count(), 0);
}

#[test]
fn a_transport_error_ends_it_in_proceeding_too() {
    let mut bench = Bench::new(Transport::Tcp);
    let tx = bench.send(ClientKind::Other, "OPTIONS");
    let request = sample(tx, "OPTIONS");
    bench.answer(&request, 100, "b");
    assert!(bench.tx.fail_client(tx).is_some());
    assert_eq!(bench.count(), 0);
}
