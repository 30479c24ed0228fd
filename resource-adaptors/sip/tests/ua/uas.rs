//! Calls that come: RFC 3261 9.2, 12.1.1, 12.2.2, 13.3.1, 14.2, 15.

use super::*;

#[test]
fn a_call_from_invite_to_bye() {
    let mut bench = Bench::new();
    let routes = "Record-Route: <sip:p2;lr>\r\nRecord-Route: <sip:p1;lr>\r\n";
    bench.receive(request("INVITE", "i1", "", 1, routes));
    let Some(Event::Call { dialog, tx }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 180);
    bench.reply(tx, 200);
    let sent = bench.take_sent();
    assert_eq!(
        sent.iter().map(line).collect::<Vec<_>>(),
        ["180 INVITE", "200 INVITE"]
    );
    for response in &sent {
        assert_eq!(text(response, "Contact"), "<sip:192.0.2.1:5060>");
        assert_eq!(response.lines(HeaderId::RecordRoute).count(), 2);
        assert_eq!(response.to_tag(), sent[0].to_tag());
    }
    // Written down before the 200 leaves.
    assert_eq!(bench.seen(), ["save"]);
    let tag = String::from_utf8_lossy(sent[0].to_tag().unwrap()).into_owned();
    bench.receive(request("ACK", "a1", &tag, 1, ""));
    assert_eq!(bench.seen(), ["within ACK"]);
    bench.receive(request("BYE", "b1", &tag, 2, ""));
    let Some(Event::InDialog { tx: Some(bye), .. }) = bench.events.pop() else {
        panic!("no BYE")
    };
    assert!(
        bench.ua.dialog(dialog).is_some(),
        "until its BYE is answered"
    );
    bench.reply(bye, 200);
    assert_eq!(bench.lines(), ["200 BYE"]);
    assert_eq!(bench.seen(), ["ended"]);
    bench.until(60_000);
    assert!(bench.ua.is_empty());
    assert_eq!(bench.lines(), Vec::<String>::new());
}

#[test]
fn a_2xx_is_repeated_until_its_ack() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { tx, .. }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 200);
    let tag = String::from_utf8_lossy(bench.take_sent()[0].to_tag().unwrap()).into_owned();
    for (until, want) in [
        (499, 0),
        (500, 1),
        (1_499, 1),
        (1_500, 2),
        (3_500, 3),
        (7_500, 4),
        (11_500, 5),
    ] {
        bench.until(until);
        assert_eq!(bench.sent.len(), want, "at {until}");
    }
    bench.lines();
    // An ACK for another CSeq is not its ACK.
    bench.receive(request("ACK", "a0", &tag, 7, ""));
    bench.until(15_500);
    assert_eq!(bench.lines(), ["200 INVITE"]);
    bench.receive(request("ACK", "a1", &tag, 1, ""));
    bench.until(40_000);
    assert_eq!(bench.lines(), Vec::<String>::new());
}

#[test]
fn without_an_ack_the_call_is_ended_after_64_t1() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { tx, .. }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 200);
    bench.seen();
    bench.until(32_000);
    assert_eq!(bench.seen(), ["no ack", "save"]);
    let bye = bench.take_sent().pop().unwrap();
    assert_eq!(line(&bye), "BYE");
    bench.receive(response(&bye, 200, "", ""));
    assert_eq!(bench.seen(), ["ended"]);
}

#[test]
fn a_bye_of_ours_waits_for_the_ack() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { dialog, tx }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 200);
    let tag = String::from_utf8_lossy(bench.take_sent()[0].to_tag().unwrap()).into_owned();
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    assert_eq!(bench.lines(), Vec::<String>::new());
    bench.receive(request("ACK", "a1", &tag, 1, ""));
    assert_eq!(bench.lines(), ["BYE"]);
}

#[test]
fn a_cancel_that_is_accepted_ends_the_invite() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    bench.events.clear();
    bench.receive(request("CANCEL", "i1", "", 1, ""));
    let Some(Event::Cancel { tx }) = bench.events.pop() else {
        panic!("no CANCEL")
    };
    bench.ua.accept_cancel(bench.now, tx).unwrap();
    bench.drain();
    let sent = bench.take_sent();
    assert_eq!(
        sent.iter().map(line).collect::<Vec<_>>(),
        ["200 CANCEL", "487 INVITE"]
    );
    assert_eq!(sent[0].to_tag(), sent[1].to_tag());
    assert_eq!(bench.seen(), ["ended"]);
    bench.receive(request("ACK", "i1", "x", 1, ""));
    bench.until(60_000);
    assert!(bench.ua.is_empty());
}

#[test]
fn a_cancel_that_nobody_takes_or_that_comes_too_late() {
    let mut bench = Bench::new();
    bench.receive(request("CANCEL", "zz", "", 1, ""));
    assert_eq!(bench.lines(), ["481 CANCEL"]);
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { tx: invite, .. }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.receive(request("CANCEL", "i1", "", 1, ""));
    let Some(Event::Cancel { tx }) = bench.events.pop() else {
        panic!("no CANCEL")
    };
    bench.ua.respond_unserved(bench.now, tx).unwrap();
    bench.drain();
    assert_eq!(bench.lines(), ["481 CANCEL"]);
    bench.reply(invite, 200);
    bench.lines();
    bench.receive(request("CANCEL", "i1", "", 1, "").replace("5070;branch", "5070;x=y;branch"));
    assert_eq!(bench.lines(), ["481 CANCEL"], "a copy gets the same answer");
}

#[test]
fn a_cancel_after_the_answer_has_no_effect() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { tx, dialog }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 200);
    bench.lines();
    bench.receive(request("CANCEL", "i1", "", 1, ""));
    assert_eq!(bench.lines(), ["200 CANCEL"]);
    assert!(bench.ua.dialog(dialog).is_some());
}

#[test]
fn a_bye_before_the_answer_ends_the_invite_with_487() {
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { tx, .. }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 180);
    let tag = String::from_utf8_lossy(bench.take_sent()[0].to_tag().unwrap()).into_owned();
    bench.receive(request("BYE", "b1", &tag, 2, ""));
    let Some(Event::InDialog { tx: Some(bye), .. }) = bench.events.pop() else {
        panic!("no BYE")
    };
    bench.reply(bye, 200);
    assert_eq!(bench.lines(), ["200 BYE", "487 INVITE"]);
    assert_eq!(bench.seen(), ["ended"]);
}

#[test]
fn both_sides_hang_up_at_once() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.called();
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    let bye = bench.take_sent().remove(0);
    bench.receive(request("BYE", "b1", &tag, 2, ""));
    assert_eq!(bench.lines(), ["200 BYE"]);
    bench.receive(response(&bye, 481, "", ""));
    assert!(bench.seen().contains(&"ended".to_owned()));
    assert!(bench.ua.dialog(dialog).is_none());
}

#[test]
fn a_lower_cseq_is_refused() {
    let mut bench = Bench::new();
    let (_, tag) = bench.called();
    bench.receive(request("INFO", "n1", &tag, 5, ""));
    bench.receive(request("INFO", "n2", &tag, 4, ""));
    assert_eq!(bench.lines(), ["500 INFO"]);
}

#[test]
fn invites_that_collide_within_a_dialog() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.called();
    bench.receive(request("INVITE", "r1", &tag, 2, ""));
    let Some(Event::InDialog {
        tx: Some(first), ..
    }) = bench.events.pop()
    else {
        panic!("none")
    };
    // A second one before the first is answered: 500 with Retry-After (14.2).
    bench.receive(request("INVITE", "r2", &tag, 3, ""));
    let refusal = bench.take_sent().remove(0);
    assert_eq!(
        (line(&refusal), has(&refusal, HeaderId::RetryAfter)),
        ("500 INVITE".to_owned(), true)
    );
    // Ours would collide with theirs.
    bench
        .ua
        .request_within(bench.now, dialog, &within("INVITE", "offer"))
        .unwrap();
    bench.drain();
    assert_eq!(bench.seen(), ["local 491"]);
    bench.reply(first, 488);
    bench.receive(request("ACK", "r1", &tag, 2, ""));
    bench.receive(request("ACK", "r2", &tag, 3, ""));
    // Theirs collides with ours.
    bench
        .ua
        .request_within(bench.now, dialog, &within("INVITE", "offer"))
        .unwrap();
    bench.drain();
    bench.lines();
    bench.receive(request("INVITE", "r3", &tag, 4, ""));
    assert_eq!(bench.lines(), ["491 INVITE"]);
}

#[test]
fn a_re_invite_moves_the_target_and_a_failed_one_leaves_the_call() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.called();
    bench.receive(request("INVITE", "r1", &tag, 2, "").replace("<sip:alice@", "<sip:moved@"));
    let Some(Event::InDialog { tx: Some(tx), .. }) = bench.events.pop() else {
        panic!("none")
    };
    bench.reply(tx, 488);
    bench.lines();
    bench
        .ua
        .request_within(bench.now, dialog, &within("INFO", ""))
        .unwrap();
    bench.drain();
    let info = bench.take_sent().remove(0);
    assert_eq!(
        info.uri_raw().unwrap(),
        format!("sip:moved@{PEER}").as_bytes()
    );
    assert_eq!(text(&info, "CSeq"), "1 INFO");
    assert_eq!(text(&info, "To"), "\"Alice\" <sip:alice@a.example>;tag=al");
    assert_eq!(
        text(&info, "From"),
        format!("<sip:bob@b.example>;tag={tag}")
    );
}

#[test]
fn requests_follow_the_route_set() {
    for (routes, uri, route) in [
        (
            "<sip:192.0.2.9:5080;lr>, <sip:p1;lr>",
            "sip:alice@192.0.2.9:5070",
            "<sip:192.0.2.9:5080;lr>, <sip:p1;lr>",
        ),
        // A strict router is written into the Request-URI (12.2.1.1).
        (
            "<sip:192.0.2.9:5080>, <sip:p1;lr>",
            "sip:192.0.2.9:5080",
            "<sip:p1;lr>, <sip:alice@192.0.2.9:5070>",
        ),
    ] {
        let mut bench = Bench::new();
        bench.receive(request(
            "INVITE",
            "i1",
            "",
            1,
            &format!("Record-Route: {routes}\r\n"),
        ));
        let Some(Event::Call { dialog, tx }) = bench.events.pop() else {
            panic!("no call")
        };
        bench.reply(tx, 200);
        let tag = String::from_utf8_lossy(bench.take_sent()[0].to_tag().unwrap()).into_owned();
        bench.receive(request("ACK", "a1", &tag, 1, ""));
        bench.ua.hang_up(bench.now, dialog).unwrap();
        bench.drain();
        let (flow, bye) = bench.sent.pop().unwrap();
        assert_eq!(flow.peer, "192.0.2.9:5080".parse().unwrap());
        assert_eq!(String::from_utf8_lossy(bye.uri_raw().unwrap()), uri);
        assert_eq!(text(&bye, "Route"), route);
    }
}

#[test]
fn what_nobody_answers_is_answered_in_time() {
    let mut bench = Bench::new();
    let (_, tag) = bench.called();
    bench.receive(request("INFO", "n1", &tag, 2, ""));
    bench.until(31_990);
    assert_eq!(bench.lines(), ["500 INFO"]);
    let mut bench = Bench::new();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    bench.until(220_000);
    assert_eq!(bench.lines()[..2], ["100 INVITE", "408 INVITE"]);
    assert!(bench.ua.is_empty());
}

#[test]
fn responses_go_where_the_request_came_from() {
    let mut bench = Bench::new();
    let text_of = request("OPTIONS", "o1", "", 1, "");
    bench.receive(text_of.replace(&format!("{PEER};"), "10.0.0.1:5555;rport;"));
    let (flow, _) = answer_alone(&mut bench);
    assert_eq!(flow.peer, peer(), "rport asks for the source port");
    bench.receive(
        text_of
            .replace(
                &format!("{PEER};branch=z9hG4bKo1"),
                "10.0.0.1:5555;branch=z9hG4bKo2",
            )
            .replace("call-1", "c2"),
    );
    let (flow, response) = answer_alone(&mut bench);
    assert_eq!(flow.peer, "192.0.2.9:5555".parse().unwrap());
    assert!(
        text(&response, "Via").ends_with(";received=192.0.2.9"),
        "{}",
        text(&response, "Via")
    );
}

fn answer_alone(bench: &mut Bench) -> (Flow, Message) {
    let Some(Event::Request { tx, request }) = bench.events.pop() else {
        panic!("no request")
    };
    assert_eq!(line(&request), "OPTIONS");
    bench.reply(tx, 200);
    bench.sent.pop().unwrap()
}

/// RFC 3261 19.1.5: header fields and a method are no part of a target.
#[test]
fn a_contact_with_header_fields_is_called_without_them() {
    let mut bench = Bench::new();
    let invite = request("INVITE", "i1", "", 1, "");
    let contact = format!("<sip:alice@{PEER}>");
    let invite = invite.replace(
        &contact,
        &format!("<sip:alice@{PEER};method=INVITE;x=y?Subject=z>"),
    );
    bench.receive(invite);
    let Some(Event::Call { dialog, tx }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 200);
    let tag = String::from_utf8_lossy(bench.take_sent()[0].to_tag().unwrap()).into_owned();
    bench.receive(request("ACK", "a1", &tag, 1, ""));
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    let bye = bench.take_sent().remove(0);
    let target = format!("sip:alice@{PEER};x=y");
    assert_eq!(bye.uri_raw(), Some(target.as_bytes()));
}

/// RFC 3261 12.1.1, 8.1.1.8.
#[test]
fn a_call_to_a_sips_uri_has_sips_contacts() {
    let mut config = config();
    let tls = "192.0.2.1:5061".parse().unwrap();
    config.locals.push(Local::new(Transport::Tls, tls));
    let mut bench = Bench::new();
    bench.ua = Ua::new(config, Secret::new([7, 8]), [1, 2, 3, 4], bench.now);
    bench.ua.set_served(Methods::ALWAYS);
    let flow = Flow::seen(Transport::Tls, 2, PEER.parse().unwrap());
    for (uri, contact) in [
        ("sip:", "<sip:192.0.2.1:5061;transport=tls>"),
        ("sips:", "<sips:192.0.2.1:5061>"),
    ] {
        let invite = request("INVITE", "i1", "", 1, "")
            .replace("INVITE sip:", &format!("INVITE {uri}"))
            .replace("branch=z9hG4bKi1", &format!("branch=z9hG4bKi{}", uri.len()))
            .replace("call-1", &format!("call-{}", uri.len()));
        bench.ua.frame(bench.now, flow, invite.into());
        bench.drain();
        let Some(Event::Call { tx, .. }) = bench.events.pop() else {
            panic!("no call")
        };
        bench.reply(tx, 200);
        let ok = bench.take_sent().remove(0);
        assert_eq!(text(&ok, "Contact"), contact);
    }
}
