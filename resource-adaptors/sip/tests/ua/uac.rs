//! Calls of ours: RFC 3261 8.1, 9.1, 12.1.2, 12.2.1, 13.2, 14.1, 15.1.1.

use super::*;

#[test]
fn a_call_from_invite_to_bye() {
    let mut bench = Bench::new();
    let dialog = bench.ua.invite(bench.now, 500, 9, &draft("offer")).unwrap();
    bench.drain();
    let (flow, invite) = bench.sent.remove(0);
    assert_eq!(flow.peer, peer());
    assert_eq!(
        invite.uri_raw().unwrap(),
        format!("sip:bob@{PEER}").as_bytes()
    );
    assert_eq!(text(&invite, "CSeq"), "1 INVITE");
    assert_eq!(text(&invite, "Contact"), "<sip:192.0.2.1:5060>");
    assert_eq!(text(&invite, "X-One"), "1");
    assert!(text(&invite, "Via").starts_with("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK"));
    assert_eq!(
        Secret::new([7, 8]).slot(invite.call_id().unwrap()),
        9,
        "the other leg's slot"
    );
    bench.receive(response(&invite, 100, "", ""));
    assert_eq!(
        bench.seen(),
        Vec::<String>::new(),
        "100 is the transaction's"
    );
    bench.receive(response(&invite, 180, "bo", ""));
    assert_eq!(bench.seen(), ["180"]);
    bench.receive(response(
        &invite,
        200,
        "bo",
        "Record-Route: <sip:p1;lr>, <sip:192.0.2.9:5099;lr>\r\n",
    ));
    assert_eq!(bench.seen(), ["save", "200"]);
    let (flow, ack) = bench.sent.remove(0);
    assert_eq!(
        (line(&ack), text(&ack, "CSeq")),
        ("ACK".to_owned(), "1 ACK".to_owned())
    );
    assert_eq!(text(&ack, "Route"), "<sip:192.0.2.9:5099;lr>, <sip:p1;lr>");
    assert_eq!(flow.peer, "192.0.2.9:5099".parse().unwrap());
    assert_ne!(
        text(&ack, "Via"),
        text(&invite, "Via"),
        "an ACK for a 2xx has a branch of its own"
    );
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    assert_eq!(bench.seen(), ["save"]);
    let bye = bench.take_sent().remove(0);
    assert_eq!(text(&bye, "CSeq"), "2 BYE");
    bench.receive(response(&bye, 200, "", ""));
    assert_eq!(bench.seen(), ["ended"]);
    bench.until(100_000);
    assert!(bench.ua.is_empty());
}

#[test]
fn a_repeated_2xx_gets_the_same_ack() {
    let mut bench = Bench::new();
    bench.ua.invite(bench.now, 500, 9, &draft("offer")).unwrap();
    bench.drain();
    let invite = bench.take_sent().remove(0);
    bench.receive(response(&invite, 200, "bo", ""));
    let first = bench.take_sent().remove(0);
    bench.receive(response(&invite, 200, "bo", ""));
    assert_eq!(bench.take_sent().remove(0).as_bytes(), first.as_bytes());
    assert_eq!(bench.seen(), ["save", "200"], "reported once");
}

#[test]
fn without_an_offer_the_ack_is_the_services() {
    let mut bench = Bench::new();
    let dialog = bench.ua.invite(bench.now, 500, 9, &draft("")).unwrap();
    bench.drain();
    let invite = bench.take_sent().remove(0);
    bench.receive(response(&invite, 200, "bo", ""));
    assert_eq!(bench.lines(), Vec::<String>::new());
    bench
        .ua
        .ack_ok(dialog, b"Content-Type: application/sdp\r\n", b"answer")
        .unwrap();
    bench.drain();
    let ack = bench.take_sent().remove(0);
    assert_eq!((line(&ack), ack.body()), ("ACK".to_owned(), &b"answer"[..]));
    bench.ua.ack_ok(dialog, b"", b"").unwrap();
    bench.drain();
    assert_eq!(bench.lines(), Vec::<String>::new(), "once");
    bench.receive(response(&invite, 200, "bo", ""));
    assert_eq!(bench.take_sent().remove(0).as_bytes(), ack.as_bytes());
}

#[test]
fn a_failure_is_acknowledged_reported_and_ends_the_dialog() {
    let mut bench = Bench::new();
    bench.ua.invite(bench.now, 500, 9, &draft("offer")).unwrap();
    bench.drain();
    let invite = bench.take_sent().remove(0);
    bench.receive(response(&invite, 486, "bo", ""));
    assert_eq!(bench.lines(), ["ACK"]);
    assert_eq!(bench.seen(), ["486", "ended"]);
}

#[test]
fn what_does_not_come_is_made_here() {
    let cases: [(Draft, &str); 3] = [
        (
            Draft {
                uri: Bytes::from_static(b"sip:bob@nowhere.invalid"),
                ..draft("x")
            },
            "local 503",
        ),
        (
            Draft {
                max_forwards: 0,
                ..draft("x")
            },
            "local 483",
        ),
        (
            Draft {
                uri: Bytes::from_static(b"tel:+15551"),
                ..draft("x")
            },
            "local 503",
        ),
    ];
    for (draft, want) in cases {
        let mut bench = Bench::new();
        bench.ua.invite(bench.now, 500, 9, &draft).unwrap();
        bench.drain();
        assert_eq!(bench.seen(), [want, "ended"]);
        assert!(bench.sent.is_empty() && bench.ua.is_empty());
    }
    let mut bench = Bench::new();
    bench.ua.invite(bench.now, 500, 9, &draft("offer")).unwrap();
    bench.until(32_000);
    assert_eq!(bench.seen(), ["local 408", "ended"]);
    let mut bench = Bench::new();
    bench.ua.invite(bench.now, 500, 9, &draft("offer")).unwrap();
    bench.drain();
    bench.ua.unreachable(bench.now, 0, peer());
    bench.drain();
    assert_eq!(bench.seen(), ["local 503", "ended"]);
}

#[test]
fn a_host_name_that_is_configured_has_an_address() {
    let mut bench = Bench::new();
    let draft = Draft {
        uri: Bytes::from_static(b"sip:bob@Peer.Example;transport=tcp"),
        ..draft("x")
    };
    bench.ua.invite(bench.now, 500, 9, &draft).unwrap();
    bench.drain();
    let (flow, invite) = bench.sent.remove(0);
    assert_eq!(
        (flow.peer, flow.transport, flow.listener),
        (peer(), Transport::Tcp, 1)
    );
    assert_eq!(
        text(&invite, "Contact"),
        "<sip:192.0.2.1:5060;transport=tcp>"
    );
}

#[test]
fn a_cancelled_call_reports_nothing_more() {
    let mut bench = Bench::new();
    let dialog = bench.ua.invite(bench.now, 500, 9, &draft("offer")).unwrap();
    bench.drain();
    let invite = bench.take_sent().remove(0);
    bench.receive(response(&invite, 180, "bo", ""));
    bench.seen();
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    let cancel = bench.take_sent().remove(0);
    assert_eq!(line(&cancel), "CANCEL");
    assert_eq!(text(&cancel, "Via"), text(&invite, "Via"));
    bench.receive(response(&cancel, 200, "bo", ""));
    bench.receive(response(&invite, 487, "bo", ""));
    assert_eq!(bench.lines(), ["ACK"]);
    assert_eq!(bench.seen(), ["ended"]);
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut bench = Bench::new();
    let dialog = bench.ua.invite(bench.now, 500, 9, &draft("offer")).unwrap();
    bench.drain();
    let invite = bench.take_sent().remove(0);
    bench.ua.cancel(bench.now, dialog).unwrap();
    bench.drain();
    assert_eq!(
        bench.lines(),
        Vec::<String>::new(),
        "it waits for a provisional response"
    );
    bench.receive(response(&invite, 200, "bo", ""));
    let sent = bench.take_sent();
    assert_eq!(sent.iter().map(line).collect::<Vec<_>>(), ["ACK", "BYE"]);
    assert_eq!(bench.seen(), ["save"]);
    bench.receive(response(&sent[1], 200, "", ""));
    assert_eq!(bench.seen(), ["ended"]);
}

/// RFC 3326: why a call is given up or ended.
#[test]
fn a_reason_goes_with_cancel_and_with_bye() {
    let why = Bytes::from_static(b"Reason: SIP;cause=200\r\n");
    for answered in [false, true] {
        let mut bench = Bench::new();
        let dialog = bench.ua.invite(bench.now, 500, 9, &draft("offer")).unwrap();
        bench.drain();
        let invite = bench.take_sent().remove(0);
        bench.receive(response(
            &invite,
            if answered { 200 } else { 180 },
            "bo",
            "",
        ));
        bench.take_sent();
        bench.ua.hang_up_with(bench.now, dialog, &why).unwrap();
        bench.drain();
        let last = bench.take_sent().remove(0);
        assert_eq!(line(&last), if answered { "BYE" } else { "CANCEL" });
        assert_eq!(text(&last, "Reason"), "SIP;cause=200");
        if !answered {
            // The answer crosses the CANCEL: it is acknowledged and ended for the same reason.
            bench.receive(response(&invite, 200, "bo", ""));
            let bye = bench.take_sent().pop().unwrap();
            assert_eq!(
                (line(&bye), text(&bye, "Reason")),
                ("BYE".to_owned(), "SIP;cause=200".to_owned())
            );
        }
    }
}

#[test]
fn the_second_branch_of_a_fork_is_ended() {
    let mut bench = Bench::new();
    bench.ua.invite(bench.now, 500, 9, &draft("offer")).unwrap();
    bench.drain();
    let invite = bench.take_sent().remove(0);
    bench.receive(response(&invite, 200, "one", ""));
    bench.lines();
    bench.seen();
    let second = response(&invite, 200, "two", "")
        .replace("sip:bob@192.0.2.9:5070", "sip:two@192.0.2.9:5071");
    bench.receive(second.clone());
    let sent = std::mem::take(&mut bench.sent);
    assert_eq!(
        sent.iter().map(|(_, m)| line(m)).collect::<Vec<_>>(),
        ["ACK", "BYE"]
    );
    for (flow, message) in &sent {
        assert_eq!(flow.peer, "192.0.2.9:5071".parse().unwrap());
        assert_eq!(message.to_tag(), Some(&b"two"[..]));
        assert_eq!(message.from_tag(), invite.from_tag());
    }
    bench.receive(second);
    assert_eq!(bench.lines(), ["ACK"], "one BYE for all copies");
    assert_eq!(bench.seen(), Vec::<String>::new(), "the call goes on");
    bench.receive(response(&sent[1].1, 200, "", ""));
    assert_eq!((bench.seen(), bench.ua.len().0), (Vec::new(), 1));
}

#[test]
fn a_response_with_481_or_408_ends_the_dialog() {
    for status in [481, 408] {
        let mut bench = Bench::new();
        let (dialog, _) = bench.calling();
        bench
            .ua
            .request_within(bench.now, dialog, &within("INFO", ""))
            .unwrap();
        bench.drain();
        let info = bench.take_sent().remove(0);
        bench.seen();
        bench.receive(response(&info, status, "", ""));
        assert_eq!(bench.seen(), [&status.to_string(), "save"]);
        assert_eq!(bench.lines(), ["BYE"]);
    }
}

#[test]
fn a_re_invite_of_ours_is_acknowledged_and_its_failure_leaves_the_call() {
    let mut bench = Bench::new();
    let (dialog, _) = bench.calling();
    for (status, lines) in [(488, ["ACK"]), (200, ["ACK"])] {
        bench
            .ua
            .request_within(bench.now, dialog, &within("INVITE", "offer"))
            .unwrap();
        bench.drain();
        let again = bench.take_sent().remove(0);
        assert_eq!(line(&again), "INVITE");
        bench.receive(response(&again, status, "", ""));
        assert_eq!(bench.lines(), lines);
        assert!(bench.ua.dialog(dialog).is_some());
    }
}

#[test]
fn a_request_outside_of_dialogs_gets_its_response() {
    let mut bench = Bench::new();
    let options = Draft {
        method: Bytes::from_static(b"OPTIONS"),
        ..draft("")
    };
    bench.ua.request_alone(bench.now, 77, 9, &options).unwrap();
    bench.drain();
    let options = bench.take_sent().remove(0);
    bench.receive(response(&options, 200, "bo", ""));
    assert_eq!(bench.seen(), ["200", "ended"]);
    bench.until(10_000);
    assert!(bench.ua.is_empty());
}

#[test]
fn a_link_names_the_request_that_was_passed_on() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { tx, .. }) = bench.events.pop() else {
        panic!("no call")
    };
    bench
        .ua
        .invite(
            bench.now,
            500,
            9,
            &Draft {
                link: Some(tx),
                ..draft("offer")
            },
        )
        .unwrap();
    bench.drain();
    let invite = bench.take_sent().remove(0);
    bench.receive(response(&invite, 183, "bo", ""));
    assert!(
        matches!(bench.events.pop(), Some(Event::Response { status: 183, link: Some(l), .. }) if l == tx)
    );
}

#[test]
fn nobody_refers_to_it_any_more() {
    let mut bench = Bench::new();
    let (dialog, _) = bench.calling();
    bench.ua.abandon(bench.now, dialog);
    bench.drain();
    assert_eq!(bench.lines(), ["BYE"]);
    let dialog = bench.ua.invite(bench.now, 501, 9, &draft("offer")).unwrap();
    bench.drain();
    let invite = bench.take_sent().remove(0);
    bench.receive(response(&invite, 180, "bo", ""));
    bench.ua.abandon(bench.now, dialog);
    bench.drain();
    assert_eq!(bench.lines(), ["CANCEL"]);
}
