//! What the user agent refuses by itself: RFC 3261 8.2, 21.4, and the bounds.

use super::*;

fn refused(text: &str) -> Message {
    let mut bench = Bench::new();
    bench.receive(text.to_owned());
    assert_eq!(bench.seen(), Vec::<String>::new(), "no service hears of it");
    let sent = bench.take_sent();
    assert_eq!(sent.len(), 1, "one answer to {text}");
    let first = sent.into_iter().next().unwrap();
    assert!(first.to_tag().is_some());
    // A copy gets the same answer.
    bench.receive(text.to_owned());
    assert_eq!(bench.take_sent()[0].as_bytes(), first.as_bytes());
    first
}

#[test]
fn by_status() {
    let invite = request("INVITE", "i1", "", 1, "");
    let cases = [
        (
            416,
            invite.replace("INVITE sip:bob@192.0.2.1", "INVITE unknown:bob"),
        ),
        (501, request("FOO", "f1", "", 1, "")),
        (481, request("BYE", "b1", "none", 2, "")),
        (481, request("BYE", "b1", "", 2, "")),
        (481, request("INFO", "b1", "none", 2, "")),
        (405, request("MESSAGE", "m1", "", 1, "")),
        (400, invite.replace("Contact: ", "X-Contact: ")),
        (400, invite.replace("CSeq: 1 INVITE", "CSeq: 1 BYE")),
        (505, invite.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia")),
    ];
    for (status, text) in cases {
        assert_eq!(refused(&text).status(), Some(status), "{text}");
    }
}

#[test]
fn with_what_would_be_accepted() {
    let unsupported = refused(&request(
        "INVITE",
        "i1",
        "",
        1,
        "Require: timer, 100rel, foo\r\nRequire: nothing\r\n",
    ));
    assert_eq!(unsupported.status(), Some(420));
    let names: Vec<_> = unsupported.values(HeaderId::Unsupported).collect();
    assert_eq!(names, [&b"foo"[..], b"nothing"]);
    let allow = refused(&request("MESSAGE", "m1", "", 1, ""));
    assert_eq!(
        text(&allow, "Allow"),
        "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, PRACK, UPDATE"
    );
}

#[test]
fn an_ack_is_never_answered() {
    let mut bench = Bench::new();
    bench.receive(request("ACK", "a1", "none", 1, ""));
    bench.receive(request("ACK", "a1", "", 1, "Require: x\r\n"));
    assert!(bench.sent.is_empty() && bench.events.is_empty());
}

#[test]
fn a_merged_request_is_refused() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    bench.receive(request("INVITE", "i2", "", 1, ""));
    assert_eq!(bench.lines(), ["482 INVITE"]);
}

#[test]
fn while_nothing_new_is_taken_what_goes_on_goes_on() {
    let mut bench = Bench::new();
    let (_, tag) = bench.called();
    bench.ua.set_taking(Taking::Urgent);
    bench.receive(request("INVITE", "i2", "", 1, "").replace("call-1", "call-2"));
    let refusal = bench.take_sent().remove(0);
    assert_eq!(refusal.status(), Some(503));
    let seconds: u32 = text(&refusal, "Retry-After").parse().unwrap();
    assert!((5..10).contains(&seconds));
    bench.receive(request("INFO", "n1", &tag, 2, ""));
    bench.receive(request("BYE", "b1", &tag, 3, ""));
    assert_eq!(bench.seen(), ["within INFO", "within BYE"]);
    // What is urgent is taken, but not by a node that stops.
    let urgent = |n: u8| {
        let text = request("INVITE", &format!("e{n}"), "", 1, "Priority: emergency\r\n");
        text.replace("call-1", &format!("call-e{n}"))
    };
    bench.receive(urgent(1));
    assert_eq!(bench.seen(), ["call"]);
    assert_eq!(bench.ua.take_counts().urgent, 1);
    bench.ua.set_taking(Taking::Nothing);
    bench.receive(urgent(2));
    assert_eq!(bench.lines(), ["503 INVITE"]);
}

#[test]
fn the_number_of_dialogs_is_bounded() {
    let mut bench = Bench::new();
    for n in 0..101 {
        let text =
            request("INVITE", &format!("i{n}"), "", 1, "").replace("call-1", &format!("call-{n}"));
        bench.receive(text);
    }
    assert_eq!(bench.seen().len(), 100);
    assert_eq!(bench.lines(), ["503 INVITE"]);
}

#[test]
fn the_requests_of_one_dialog_are_bounded() {
    let mut bench = Bench::new();
    let (_, tag) = bench.called();
    for n in 0..17 {
        bench.receive(request("INFO", &format!("n{n}"), &tag, 2 + n, ""));
    }
    assert_eq!(bench.seen().len(), 16);
    assert_eq!(bench.lines(), ["500 INFO"]);
    bench.receive(request("BYE", "b1", &tag, 99, ""));
    assert_eq!(bench.seen(), ["within BYE"], "a BYE always gets through");
}

#[test]
fn what_no_service_takes() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { tx, .. }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.ua.respond_unserved(bench.now, tx).unwrap();
    bench.drain();
    assert_eq!(bench.lines(), ["480 INVITE"]);
    assert_eq!(bench.seen(), ["ended"]);
    bench.receive(request("OPTIONS", "o1", "", 1, ""));
    let Some(Event::Request { tx, .. }) = bench.events.pop() else {
        panic!("no request")
    };
    bench.ua.respond_unserved(bench.now, tx).unwrap();
    bench.drain();
    let ok = bench.take_sent().remove(0);
    assert_eq!((ok.status(), has(&ok, HeaderId::Allow)), (Some(200), true));
}

#[test]
fn a_service_that_fails_costs_the_call() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { tx, .. }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.ua.respond_failed(bench.now, tx, 500).unwrap();
    bench.drain();
    assert_eq!(
        (bench.lines(), bench.seen()),
        (vec!["500 INVITE".to_owned()], vec!["ended".to_owned()])
    );
    let mut bench = Bench::new();
    let (_, tag) = bench.called();
    bench.receive(request("BYE", "b1", &tag, 2, ""));
    let Some(Event::InDialog { tx: Some(tx), .. }) = bench.events.pop() else {
        panic!("no BYE")
    };
    bench.ua.respond_failed(bench.now, tx, 500).unwrap();
    bench.drain();
    assert_eq!(
        bench.lines(),
        ["200 BYE"],
        "whatever the service thinks of it, the dialog is over"
    );
}

#[test]
fn the_answer_to_a_malformed_request_is_no_longer_than_what_it_answers() {
    let invite = request("INVITE", "i1", "", 1, "");
    let commas = format!(
        "CSeq: 1 INVITE\r\nCSeq: 1 INVITE\r\nVia: {}\r\n",
        ",".repeat(4_000)
    );
    let answer = refused(&invite.replace("CSeq: 1 INVITE\r\n", &commas));
    assert!(matches!(answer.status(), Some(400 | 513)));
    assert_eq!(answer.lines(HeaderId::CSeq).count(), 1);
    assert!(answer.as_bytes().len() < 1_500);
}
