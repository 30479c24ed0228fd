//! Which transaction a message belongs to: RFC 3261 17.1.3, 17.2.3, 8.2.2.2, 9.2.

use super::*;

#[test]
fn the_branch_the_sent_by_and_the_method_make_a_transaction() {
    let mut bench = Bench::new(Transport::Udp);
    bench.accept(&incoming("OPTIONS", BRANCH, "t"));
    assert_eq!(
        bench.request(&incoming("OPTIONS", ";branch=Z9HG4BKX1", "t")),
        RequestVerdict::Absorbed
    );
    assert!(matches!(
        bench.request(&incoming("OPTIONS", ";branch=z9hG4bKx2", "t")),
        RequestVerdict::New(_)
    ));
    assert!(matches!(
        bench.request(&incoming("INFO", BRANCH, "t")),
        RequestVerdict::New(_)
    ));
    let text = String::from_utf8_lossy(incoming("OPTIONS", BRANCH, "t").as_bytes()).into_owned();
    let other = parse(text.replace("192.0.2.9:5070", "192.0.2.9:5071"));
    assert!(matches!(bench.request(&other), RequestVerdict::New(_)));
}

#[test]
fn without_the_cookie_the_rules_of_rfc_2543_hold() {
    let mut bench = Bench::new(Transport::Udp);
    let invite = incoming("INVITE", "", "");
    let tx = bench.accept(&invite);
    assert_eq!(bench.request(&invite), RequestVerdict::Absorbed);
    bench.respond(tx, 404);
    assert_eq!(
        bench.request(&incoming("ACK", "", "ours")),
        RequestVerdict::Absorbed
    );
    let text = String::from_utf8_lossy(invite.as_bytes()).into_owned();
    let other = parse(text.replace("CSeq: 1", "CSeq: 2"));
    assert!(matches!(bench.request(&other), RequestVerdict::New(_)));
}

#[test]
fn the_same_request_by_another_way_is_merged() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.accept(&incoming("INVITE", BRANCH, ""));
    let second = incoming("INVITE", ";branch=z9hG4bKx2", "");
    assert!(matches!(bench.request(&second), RequestVerdict::Merged(_)));
    // Within a dialog it is not looked for.
    assert!(matches!(
        bench.request(&incoming("INVITE", ";branch=z9hG4bKx3", "t")),
        RequestVerdict::New(_)
    ));
    bench.respond(tx, 486);
    assert!(matches!(bench.request(&second), RequestVerdict::Merged(_)));
    bench.request(&incoming("ACK", BRANCH, "t"));
    bench.until(6_000);
    assert!(
        matches!(bench.request(&second), RequestVerdict::New(_)),
        "gone with its transaction"
    );
}

#[test]
fn a_cancel_finds_its_invite_and_nothing_else() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.accept(&incoming("INVITE", BRANCH, ""));
    let found = bench.request(&incoming("CANCEL", BRANCH, ""));
    assert!(matches!(found, RequestVerdict::Cancel(_, Some(invite)) if invite == tx));
    let lost = bench.request(&incoming("CANCEL", ";branch=z9hG4bKx9", ""));
    assert!(matches!(lost, RequestVerdict::Cancel(_, None)));
}

#[test]
fn a_response_on_a_branch_that_we_did_not_mint_is_foreign() {
    let mut bench = Bench::new(Transport::Udp);
    let tx = bench.send(ClientKind::Other, "OPTIONS");
    let text = String::from_utf8_lossy(sample(tx, "OPTIONS").as_bytes()).into_owned();
    let at = text.find("z9hG4bK").unwrap() + 30;
    let mut forged = text.clone().into_bytes();
    forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
    let forged = parse(forged);
    assert_eq!(
        bench.answer(&forged, 200, "b"),
        ResponseVerdict::Stray { ours: false }
    );
    // Ours, but for another method.
    let wrong = parse(text.replace("OPTIONS", "INVITE"));
    assert_eq!(
        bench.answer(&wrong, 200, "b"),
        ResponseVerdict::Stray { ours: true }
    );
}

#[test]
fn the_number_of_transactions_is_bounded() {
    let mut bench = Bench::new(Transport::Udp);
    for n in 0..100 {
        bench.accept(&incoming("OPTIONS", &format!(";branch=z9hG4bKn{n}"), "t"));
    }
    let one_more = incoming("OPTIONS", ";branch=z9hG4bKmore", "t");
    let RequestVerdict::New(keys) = bench.request(&one_more) else {
        panic!("not new")
    };
    let flow = bench.flow;
    let full = bench.tx.accept(
        bench.now,
        keys,
        Box::new(one_more),
        flow,
        9,
        &mut Vec::new(),
    );
    assert!(full.is_err());
}
