//! What a forwarded request looks like, and which are refused: 16.3, 16.4, 16.6.

use super::*;

#[test]
fn every_byte_that_the_proxy_has_no_business_with_stays_as_it_came() {
    let mut bench = Bench::new();
    let mut text = request(
        "INVITE",
        "1",
        "X-Odd :  caf\u{e9} \r\n\t folded\r\nx-a: 1, 2\r\ns: hi\r\n",
    )
    .into_bytes();
    // Latin-1, and a body that is no text.
    let at = text.windows(2).position(|w| w == [0xc3, 0xa9]).unwrap();
    text.splice(at..at + 2, [0xe9]);
    let text = String::from_utf8_lossy(&text)
        .is_empty()
        .then(Vec::new)
        .unwrap_or(text);
    let cut = text.len() - "Content-Length: 0\r\n\r\n".len();
    let mut message = text[..cut].to_vec();
    message.extend_from_slice(b"l: 5\r\n\r\n\x00\xff\r\n\x01");
    bench.come(ALICE, message.clone());
    bench.proxy(fork(&[(BOB, 1)]));
    let copy = bench.one(BOB);
    assert_eq!(copy.uri_raw(), Some(&b"sip:bob@192.0.2.20:5060"[..]));
    assert_eq!(copy.get(HeaderId::MaxForwards), Some(&b"69"[..]));
    // Without the lines that are the proxy's, both are the same.
    let rest = |bytes: &[u8]| {
        let head: Vec<&[u8]> = bytes
            .split_inclusive(|b| *b == b'\n')
            .skip(1)
            .filter(|line| {
                !line.starts_with(b"Via: ")
                    && !line.starts_with(b"Record-Route: ")
                    && !line.starts_with(b"Max-Forwards: ")
            })
            .collect();
        head.concat()
    };
    assert_eq!(
        rest(copy.as_bytes()).escape_ascii().to_string(),
        rest(&message).escape_ascii().to_string()
    );

    // Back: the reason phrase, an unknown header and a binary body.
    let mut answer = response(&copy, 200, "b1", "X-Back: \tv\r\n").to_vec();
    let cut = answer.len() - "Content-Length: 0\r\n\r\n".len();
    answer.truncate(cut);
    answer.extend_from_slice(b"l: 3\r\n\r\n\xfe\x00\n");
    let words = answer.windows(5).position(|w| w == b"Words").unwrap();
    answer.splice(words..words + 5, *b"Gr\xfc\xdf Gott");
    bench.come(BOB, answer.clone());
    let back = bench.one(ALICE);
    let first = answer.windows(2).position(|w| w == b"\r\n").unwrap() + 2;
    let via = answer[first..]
        .windows(2)
        .position(|w| w == b"\r\n")
        .unwrap()
        + first
        + 2;
    let want = [&answer[..first], &answer[via..]].concat();
    assert_eq!(
        back.as_bytes().escape_ascii().to_string(),
        want.escape_ascii().to_string()
    );
}

#[test]
fn the_way_back_is_noted_in_the_callers_via() {
    // RFC 3261 18.2.1, RFC 3581 4: through a NAT.
    let mut bench = Bench::new();
    let text = invite().replace("192.0.2.9:5070;branch", "10.0.0.1:5060;rport;branch");
    bench.come("192.0.2.9:40000", text);
    bench.proxy(fork(&[(BOB, 1)]));
    let copy = bench.one(BOB);
    let via = copy.vias().nth(1).unwrap().unwrap();
    assert_eq!(via.received(), Some("192.0.2.9".parse().unwrap()));
    assert_eq!(via.rport(), Some(Some(40_000)));
    bench.come(BOB, response(&copy, 180, "b1", ""));
    assert_eq!(bench.take("192.0.2.9:40000").len(), 1);
}

#[test]
fn max_forwards_is_counted_down_and_made_up_and_stops_at_nothing() {
    for (line, status) in [
        ("Max-Forwards: 0\r\n", Some(483)),
        ("", None),
        ("Max-Forwards: 1\r\n", None),
    ] {
        let mut bench = Bench::new();
        bench.come(ALICE, invite().replace("Max-Forwards: 70\r\n", line));
        bench.proxy(fork(&[(BOB, 1)]));
        if let Some(status) = status {
            assert_eq!(bench.one(ALICE).status(), Some(status));
            assert!(bench.sent.is_empty() && bench.ended == 1);
        } else {
            let want: &[u8] = if line.is_empty() { b"70" } else { b"0" };
            assert_eq!(bench.one(BOB).get(HeaderId::MaxForwards), Some(want));
        }
    }
    // 16.3: the last hop may answer OPTIONS.
    let mut bench = Bench::new();
    bench.come(
        ALICE,
        request("OPTIONS", "1", "").replace("Forwards: 70", "Forwards: 0"),
    );
    bench.proxy(fork(&[(BOB, 1)]));
    assert_eq!(bench.one(ALICE).status(), Some(200));
}

#[test]
fn what_it_is_required_to_do_as_a_proxy_and_cannot_is_refused() {
    let mut bench = Bench::new();
    bench.come(ALICE, request("INVITE", "1", "Proxy-Require: foo, bar\r\n"));
    bench.proxy(fork(&[(BOB, 1)]));
    let refusal = bench.one(ALICE);
    assert_eq!(refusal.status(), Some(420));
    let unsupported: Vec<&[u8]> = refusal.values(HeaderId::Unsupported).collect();
    assert_eq!(unsupported, [b"foo", b"bar"]);
    // What the called is required to do is not ours to judge.
    bench.come(
        ALICE,
        request("INVITE", "2", "Require: foo\r\n").replace("c1@a", "c2@a"),
    );
    bench.proxy(fork(&[(BOB, 1)]));
    assert!(bench.one(BOB).has(HeaderId::Require));
}

#[test]
fn a_loop_is_found_and_a_spiral_is_none() {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    bench.proxy(fork(&[("192.0.2.1:5060", 1)]));
    let copy = bench.one("192.0.2.1:5060");
    // It comes back to us with another Request-URI: a spiral.
    bench.come("192.0.2.1:5060", copy.bytes().clone());
    bench.proxy(fork(&[("192.0.2.1:5060", 1)]));
    let again = bench.one("192.0.2.1:5060");
    assert_eq!(again.vias().count(), 3);
    // It goes out as it came before: a loop.
    bench.come("192.0.2.1:5060", again.bytes().clone());
    bench.proxy(fork(&[(BOB, 1)]));
    let refusal = bench.take("192.0.2.1:5060");
    assert_eq!(
        refusal
            .iter()
            .filter_map(Message::status)
            .collect::<Vec<_>>(),
        [482]
    );
}

#[test]
fn our_own_route_is_taken_off_and_the_next_one_followed() {
    for own in [
        "<sip:192.0.2.1:5060;lr>",
        "<sip:proxy.example;lr>",
        "<sip:192.0.2.1;lr>, <sip:proxy.example:5060;lr>",
    ] {
        let mut bench = Bench::new();
        bench.come(
            ALICE,
            request(
                "INVITE",
                "1",
                &format!("Route: {own}, <sip:192.0.2.30;lr>\r\n"),
            ),
        );
        assert_eq!(bench.offered[0].1.values(HeaderId::Route).count(), 1);
        bench.proxy(Fork {
            aims: vec![Aim::default()],
            ..Fork::default()
        });
        let copy = bench.one(CAROL);
        assert_eq!(copy.uri_raw(), Some(&b"sip:bob@b.example"[..]));
        assert_eq!(copy.get(HeaderId::Route), Some(&b"<sip:192.0.2.30;lr>"[..]));
        assert!(!copy.has(HeaderId::RecordRoute));
    }
}

#[test]
fn a_strict_router_next_finds_itself_in_the_request_uri() {
    // 16.6 step 6.
    let mut bench = Bench::new();
    bench.come(
        ALICE,
        request(
            "INVITE",
            "1",
            "Route: <sip:192.0.2.30>, <sip:192.0.2.40;lr>\r\n",
        ),
    );
    bench.proxy(fork(&[("192.0.2.20", 1)]));
    let copy = bench.one(CAROL);
    assert_eq!(copy.uri_raw(), Some(&b"sip:192.0.2.30"[..]));
    let routes: Vec<&[u8]> = copy.values(HeaderId::Route).collect();
    assert_eq!(
        routes,
        [&b"<sip:192.0.2.40;lr>"[..], b"<sip:bob@192.0.2.20>"]
    );
}

#[test]
fn a_stream_gets_the_length_that_a_datagram_did_without() {
    let mut bench = Bench::new();
    bench.come(ALICE, invite().replace("Content-Length: 0\r\n", ""));
    bench.proxy(Fork {
        aims: vec![Aim {
            uri: "sip:bob@192.0.2.20;transport=tcp".into(),
            ..Aim::default()
        }],
        record_route: true,
        ..Fork::default()
    });
    let copy = bench.one(BOB);
    assert_eq!(copy.content_length(), Ok(Some(0)));
    // RFC 5658: one value for each side, the called's on top.
    let routes: Vec<String> = copy
        .values(HeaderId::RecordRoute)
        .map(|route| String::from_utf8_lossy(route).into_owned())
        .collect();
    assert_eq!(routes.len(), 2);
    assert!(
        routes[0].ends_with("@192.0.2.1:5060;transport=tcp;lr>"),
        "{routes:?}"
    );
    assert!(routes[1].ends_with("@192.0.2.1:5060;lr>"), "{routes:?}");
}

#[test]
fn a_register_gets_a_path_over_which_its_client_is_reached() {
    let mut bench = Bench::new();
    bench.come(
        "192.0.2.9:40000",
        request("REGISTER", "1", "").replace(";branch", ";rport;branch"),
    );
    bench.proxy(Fork {
        aims: vec![aim(CAROL, 1)],
        path: true,
        ..Fork::default()
    });
    let copy = bench.one(CAROL);
    let path = String::from_utf8_lossy(copy.get(HeaderId::Path).unwrap()).into_owned();
    // The registrar's proxy calls by way of it; no service is asked, and the dialog stays with us.
    let call = format!(
        "INVITE sip:alice@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {CAROL};branch=z9hG4bKx\r\nMax-Forwards: 9\r\nRoute: {path}\r\n\
         From: <sip:bob@b.example>;tag=9\r\nTo: <sip:alice@a.example>\r\nCall-ID: other\r\nCSeq: 4 INVITE\r\n\
         Contact: <sip:bob@{CAROL}>\r\nContent-Length: 0\r\n\r\n"
    );
    bench.come(CAROL, call);
    let copy = bench.one("192.0.2.9:40000");
    assert_eq!(copy.uri_raw(), Some(&b"sip:alice@10.0.0.1"[..]));
    assert!(copy.has(HeaderId::RecordRoute) && !copy.has(HeaderId::Route));
}
