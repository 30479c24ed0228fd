//! Later requests of dialogs that were record-routed: 16.4, 16.12; and what another process does with them.

use super::*;

/// A call that is up, and its 200 as Alice sees it.
fn call() -> (Bench, Message) {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    bench.proxy(fork(&[(BOB, 1)]));
    let copy = bench.one(BOB);
    bench.come(
        BOB,
        response(&copy, 200, "b1", &format!("Contact: <sip:bob@{BOB}>\r\n")),
    );
    let ok = bench.one(ALICE);
    (bench, ok)
}

#[test]
fn ack_and_bye_pass_without_a_service() {
    let (mut bench, ok) = call();
    bench.come(ALICE, within("ACK", &ok, 1, true, "ack"));
    let ack = bench.one(BOB);
    assert_eq!(ack.method(), Some(&Method::Ack));
    assert!(!ack.has(HeaderId::Route) && ack.vias().count() == 2);
    // A copy of it is the same copy (16.11).
    bench.come(ALICE, within("ACK", &ok, 1, true, "ack"));
    assert_eq!(bench.one(BOB).as_bytes(), ack.as_bytes());
    bench.come(BOB, within("BYE", &ok, 9, false, "bye"));
    let bye = bench.one(ALICE);
    assert_eq!(bye.get(HeaderId::MaxForwards), Some(&b"69"[..]));
    bench.come(ALICE, response(&bye, 200, "", ""));
    assert_eq!(bench.one(BOB).status(), Some(200));
    assert!(bench.offered.is_empty());
    bench.wait(64_000);
    assert!(bench.ua.is_empty());
}

#[test]
fn a_process_that_knows_nothing_of_the_call_lets_its_requests_pass() {
    let (_, ok) = call();
    let mut next = Bench::seeded(99);
    next.come(ALICE, within("ACK", &ok, 1, true, "ack"));
    assert_eq!(next.one(BOB).method(), Some(&Method::Ack));
    next.come(ALICE, within("BYE", &ok, 2, true, "bye"));
    let bye = next.one(BOB);
    next.come(BOB, response(&bye, 200, "", ""));
    assert_eq!(next.statuses(), [200]);
}

#[test]
fn a_call_that_was_ringing_is_answered_through_a_process_that_knows_nothing_of_it() {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    bench.proxy(fork(&[(BOB, 1)]));
    let copy = bench.one(BOB);
    let mut next = Bench::seeded(99);
    next.come(BOB, response(&copy, 180, "b1", ""));
    next.come(
        BOB,
        response(&copy, 200, "b1", &format!("Contact: <sip:bob@{BOB}>\r\n")),
    );
    let back = next.take(ALICE);
    assert_eq!(
        back.iter().filter_map(Message::status).collect::<Vec<_>>(),
        [180, 200]
    );
    next.come(ALICE, within("ACK", &back[1], 1, true, "ack"));
    assert_eq!(next.one(BOB).method(), Some(&Method::Ack));
    // A response whose branch is not ours goes nowhere.
    let forged =
        String::from_utf8_lossy(&response(&copy, 200, "b1", "")).replace("z9hG4bK0", "z9hG4bK1");
    next.come(BOB, forged);
    assert!(next.sent.is_empty());
}

#[test]
fn a_refusal_to_an_earlier_process_goes_back_and_is_acknowledged() {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    bench.proxy(fork(&[(BOB, 1)]));
    let copy = bench.one(BOB);
    let mut next = Bench::seeded(99);
    next.come(BOB, response(&copy, 486, "b1", ""));
    assert_eq!(next.statuses(), [486]);
    let ack = next.one(BOB);
    assert_eq!(ack.method(), Some(&Method::Ack));
    // It is known by these (RFC 3261 17.2.3, 17.1.1.3).
    assert_eq!(ack.via().unwrap().branch(), copy.via().unwrap().branch());
    assert_eq!(ack.to_tag(), Some(&b"b1"[..]));
    assert_eq!(ack.cseq().unwrap().number, copy.cseq().unwrap().number);
    // Of what is long over nothing is sent anywhere.
    next.wait(220_000);
    next.come(BOB, response(&copy, 486, "b1", ""));
    next.come(BOB, response(&copy, 200, "b1", ""));
    assert!(next.sent.is_empty());
}

#[test]
fn a_strict_router_before_us_is_put_right() {
    let (mut bench, ok) = call();
    let route = String::from_utf8_lossy(ok.get(HeaderId::RecordRoute).unwrap()).into_owned();
    let own = route.trim_matches(['<', '>']);
    let text = within("BYE", &ok, 2, true, "bye")
        .replace("BYE sip:bob@192.0.2.20:5060 ", &format!("BYE {own} "))
        .replace(&route, "<sip:bob@192.0.2.20:5060>");
    bench.come(ALICE, text);
    let bye = bench.one(BOB);
    assert_eq!(bye.uri_raw(), Some(&b"sip:bob@192.0.2.20:5060"[..]));
    assert!(!bye.has(HeaderId::Route));
}

#[test]
fn the_caller_behind_a_nat_is_reached_over_its_flow() {
    let mut bench = Bench::new();
    let nat = "198.51.100.7:40000";
    let text = invite()
        .replace("192.0.2.9:5070;branch", "10.0.0.1:5060;rport;branch")
        .replace("alice@192.0.2.9:5070", "alice@10.0.0.1:5060");
    bench.come(nat, text);
    bench.proxy(fork(&[(BOB, 1)]));
    let copy = bench.one(BOB);
    bench.come(
        BOB,
        response(&copy, 200, "b1", &format!("Contact: <sip:bob@{BOB}>\r\n")),
    );
    let ok = bench.one(nat);
    let bye =
        within("BYE", &ok, 9, false, "bye").replace("alice@192.0.2.9:5070", "alice@10.0.0.1:5060");
    bench.come(BOB, bye);
    assert_eq!(bench.one(nat).method(), Some(&Method::Bye));
    // And the other way the flow is not for the called.
    bench.come(nat, within("BYE", &ok, 2, true, "bye2"));
    assert_eq!(bench.one(BOB).method(), Some(&Method::Bye));
}

#[test]
fn a_re_invite_passes_with_its_own_transactions_and_can_be_cancelled() {
    let (mut bench, ok) = call();
    bench.come(ALICE, within("INVITE", &ok, 2, true, "re"));
    let copy = bench.one(BOB);
    assert!(!copy.has(HeaderId::RecordRoute));
    bench.come(BOB, response(&copy, 180, "", ""));
    let cancel = within("CANCEL", &ok, 2, true, "re");
    bench.come(ALICE, cancel);
    assert_eq!(bench.statuses(), [180, 200]);
    assert_eq!(bench.one(BOB).method(), Some(&Method::Cancel));
    bench.come(BOB, response(&copy, 487, "", ""));
    assert_eq!(bench.statuses(), [487]);
}
