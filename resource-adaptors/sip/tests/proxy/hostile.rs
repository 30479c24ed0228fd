//! What must not pass.

use strowger_sip::proto::proxy::Belief;

use super::*;

#[test]
fn a_ticket_of_another_dialog_opens_nothing() {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    bench.proxy(fork(&[(BOB, 1)]));
    let copy = bench.one(BOB);
    bench.come(BOB, response(&copy, 200, "b1", ""));
    let ok = bench.one(ALICE);
    let good = within("BYE", &ok, 2, true, "x");
    for (from, to) in [
        ("c1@a", "c2@a"),
        ("tag=a1", "tag=zz"),
        (";lr>", "x;lr>"),
        ("sip:0", "sip:1"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        let mut bench = Bench::seeded(5);
        bench.come(ALICE, bad);
        let sent = bench.take(BOB);
        // A Route that is no ticket but names us is taken off; the request is one of an unknown dialog then.
        assert!(sent.is_empty() || from == ";lr>", "{from}: {sent:?}");
    }
}

#[test]
fn the_ticket_of_a_call_makes_no_other_call() {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    bench.proxy(fork(&[(BOB, 1)]));
    let copy = bench.one(BOB);
    bench.come(BOB, response(&copy, 200, "b1", ""));
    let ok = bench.one(ALICE);
    let again = within("INVITE", &ok, 2, true, "x")
        .replace("sip:bob@192.0.2.20:5060", "sip:0900@203.0.113.1")
        .replace(";tag=b1", "")
        .replace(
            "Content-Length",
            "Contact: <sip:alice@192.0.2.9>\r\nContent-Length",
        );
    bench.come(ALICE, again);
    let (_, seen) = bench.offered.pop().unwrap();
    assert!(!seen.has(HeaderId::Route), "it is a service's to decide");
    assert!(bench.take("203.0.113.1:5060").is_empty());
}

#[test]
fn a_caller_that_may_not_send_anywhere_stays_within_its_call() {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    bench.proxy(Fork {
        bound: true,
        ..fork(&[(BOB, 1)])
    });
    let copy = bench.one(BOB);
    bench.come(BOB, response(&copy, 200, "b1", ""));
    let ok = bench.one(ALICE);
    let elsewhere = |text: String| text.replace("sip:bob@192.0.2.20:5060", "sip:0900@192.0.2.30");
    let ack = within("ACK", &ok, 1, true, "a");
    bench.come(ALICE, elsewhere(ack.clone()));
    assert!(bench.take(CAROL).is_empty());
    bench.come(ALICE, ack);
    bench.one(BOB);
    bench.come(ALICE, elsewhere(within("INVITE", &ok, 2, true, "i")));
    assert_eq!(bench.statuses(), [403]);
    // Nor by taking the called's part.
    let other = within("MESSAGE", &ok, 3, false, "m")
        .replace(BOB, ALICE)
        .replace("sip:alice@192.0.2.9:5070", "sip:1@192.0.2.30");
    bench.come(ALICE, other);
    assert_eq!(bench.statuses(), [403]);
    assert!(bench.take(CAROL).is_empty());
    bench.come(BOB, within("INFO", &ok, 7, false, "o"));
    assert_eq!(bench.one(ALICE).method(), Some(&Method::Info));
    bench.come(ALICE, within("BYE", &ok, 4, true, "b"));
    assert_eq!(bench.one(BOB).method(), Some(&Method::Bye));
}

/// Not even in a call of somebody who may send anywhere.
#[test]
fn the_called_reaches_the_caller_and_nobody_else() {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    bench.proxy(Fork {
        belief: Some(Belief::default()),
        ..fork(&[(BOB, 1)])
    });
    let copy = bench.one(BOB);
    bench.come(BOB, response(&copy, 200, "b1", ""));
    let ok = bench.one(ALICE);
    let to = |uri: &str, n| {
        within("INFO", &ok, n, false, &n.to_string()).replace("sip:alice@192.0.2.9:5070", uri)
    };
    bench.come(BOB, to("sip:0900@192.0.2.30", 1));
    assert_eq!(bench.one(BOB).status(), Some(403));
    let ack = within("ACK", &ok, 1, false, "a").replace("alice@192.0.2.9:5070", "x@192.0.2.30");
    bench.come(BOB, ack);
    assert!(bench.take(CAROL).is_empty());
    bench.come(BOB, to("sip:other@192.0.2.9:5070", 2));
    assert_eq!(bench.one(ALICE).method(), Some(&Method::Info));
    // The caller itself goes where the called's contact is, whatever that is.
    let info =
        within("INFO", &ok, 2, true, "i").replace("bob@192.0.2.20:5060", "x@192.0.2.30:5060");
    bench.come(ALICE, info);
    assert_eq!(bench.one(CAROL).method(), Some(&Method::Info));
}

#[test]
fn a_request_without_a_ticket_finds_no_dialog() {
    let mut bench = Bench::new();
    let bye = request("BYE", "1", "Route: <sip:192.0.2.1:5060;lr>\r\n")
        .replace("<sip:bob@b.example>\r\n", "<sip:bob@b.example>;tag=1\r\n");
    bench.come(ALICE, bye);
    assert_eq!(bench.statuses(), [481]);
}

#[test]
fn no_more_than_32_copies_are_made() {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    let aims: Vec<Aim> = (1..=200u8)
        .map(|n| aim(&format!("198.51.100.{n}"), 1))
        .collect();
    bench.proxy(Fork {
        aims,
        ..Fork::default()
    });
    assert_eq!(bench.sent.len(), 32);
}

#[test]
fn headers_that_services_add_cannot_be_those_that_hold_the_message_together() {
    use strowger_sip::Fork as Api;
    let target = strowger_sip::Target::parse("sip:bob@b.example").unwrap();
    let fork = Api::to(target)
        .header("Via", "SIP/2.0/UDP evil")
        .set_header("t", "<sip:evil@x>")
        .header("X-A", "1\r\nVia: evil")
        .header("bad name", "1")
        .header("X-B", "2");
    assert_eq!(format!("{fork:?}").matches("Change {").count(), 1);
}
