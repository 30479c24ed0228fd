//! Branches and their responses: 16.7 to 16.10.

use super::*;

/// A call on its way to several.
fn forked(aims: &[(&str, u16)]) -> (Bench, Vec<Message>) {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    bench.proxy(fork(aims));
    let copies = aims.iter().flat_map(|(to, _)| bench.take(to)).collect();
    (bench, copies)
}

#[test]
fn a_100_stays_and_a_180_passes() {
    let (mut bench, copies) = forked(&[(BOB, 1)]);
    bench.come(BOB, response(&copies[0], 100, "", ""));
    assert_eq!(bench.statuses(), [] as [u16; 0]);
    bench.come(BOB, response(&copies[0], 180, "b1", ""));
    assert_eq!(bench.statuses(), [180]);
    // The caller asks again: the last provisional response.
    bench.come(ALICE, invite());
    assert_eq!(bench.statuses(), [180]);
}

#[test]
fn the_caller_gets_100_within_200_ms() {
    let (mut bench, _) = forked(&[(BOB, 1)]);
    bench.wait(200);
    assert_eq!(bench.statuses(), [100]);
}

#[test]
fn the_losers_are_cancelled_with_the_reason_that_another_took_the_call() {
    let (mut bench, copies) = forked(&[(BOB, 1), (CAROL, 1), (DAVE, 1)]);
    assert_eq!(copies.len(), 3);
    for (copy, who) in copies.iter().zip([BOB, CAROL, DAVE]) {
        bench.come(who, response(copy, 180, who, ""));
    }
    bench.come(CAROL, response(&copies[1], 200, "c", ""));
    assert_eq!(bench.statuses(), [180, 180, 180, 200]);
    for (n, who) in [(0, BOB), (2, DAVE)] {
        let cancel = bench.one(who);
        assert_eq!(cancel.method(), Some(&Method::Cancel));
        assert_eq!(
            cancel.get(HeaderId::Reason),
            Some(&b"SIP;cause=200;text=\"Call completed elsewhere\""[..])
        );
        bench.come(who, response(&cancel, 200, "x", ""));
        bench.come(who, response(&copies[n], 487, who, ""));
        assert_eq!(bench.one(who).method(), Some(&Method::Ack));
    }
    assert_eq!(bench.statuses(), [] as [u16; 0]);
    assert_eq!(bench.ended, 1);
    bench.wait(60_000);
    assert!(bench.ua.is_empty() && bench.sent.is_empty());
}

#[test]
fn one_that_never_answered_is_cancelled_with_its_first_word() {
    let (mut bench, copies) = forked(&[(BOB, 1), (CAROL, 1)]);
    bench.come(BOB, response(&copies[0], 200, "b", ""));
    assert!(bench.take(CAROL).is_empty());
    bench.come(CAROL, response(&copies[1], 180, "c", ""));
    let cancel = bench.one(CAROL);
    assert!(cancel.has(HeaderId::Reason) && cancel.method() == Some(&Method::Cancel));
}

#[test]
fn every_2xx_goes_back_also_copies_and_late_ones() {
    let (mut bench, copies) = forked(&[(BOB, 1), (CAROL, 1)]);
    bench.come(BOB, response(&copies[0], 200, "b", ""));
    bench.come(BOB, response(&copies[0], 200, "b", ""));
    bench.come(CAROL, response(&copies[1], 200, "c", ""));
    let back = bench.take(ALICE);
    let tags: Vec<&[u8]> = back.iter().filter_map(Message::to_tag).collect();
    assert_eq!(tags, [b"b", b"b", b"c"]);
    assert!(back.iter().all(|ok| ok.vias().count() == 1));
}

#[test]
fn a_6xx_ends_it_for_all_once_the_others_have_ended() {
    let (mut bench, copies) = forked(&[(BOB, 2), (CAROL, 2), (DAVE, 1)]);
    assert_eq!(copies.len(), 2);
    bench.come(CAROL, response(&copies[1], 180, "c", ""));
    bench.come(BOB, response(&copies[0], 603, "b", ""));
    assert_eq!(bench.statuses(), [180]);
    assert_eq!(bench.one(CAROL).method(), Some(&Method::Cancel));
    bench.come(CAROL, response(&copies[1], 487, "c", ""));
    assert_eq!(bench.statuses(), [603]);
    assert!(bench.take(DAVE).is_empty());
}

#[test]
fn the_best_failure_goes_back_and_foreign_overload_is_not_ours() {
    for (first, second, want) in [
        (486, 404, 486),
        (503, 486, 486),
        (503, 503, 500),
        (302, 404, 302),
        (408, 404, 404),
    ] {
        let (mut bench, copies) = forked(&[(BOB, 1), (CAROL, 1)]);
        bench.come(BOB, response(&copies[0], first, "b", ""));
        bench.come(CAROL, response(&copies[1], second, "c", ""));
        assert_eq!(bench.statuses(), [want], "{first} {second}");
        assert_eq!(bench.ended, 1);
    }
}

#[test]
fn challenges_of_all_branches_go_back_together() {
    let (mut bench, copies) = forked(&[(BOB, 1), (CAROL, 1)]);
    bench.come(
        BOB,
        response(
            &copies[0],
            401,
            "b",
            "WWW-Authenticate: Digest realm=\"b\"\r\n",
        ),
    );
    bench.come(
        CAROL,
        response(
            &copies[1],
            407,
            "c",
            "Proxy-Authenticate: Digest realm=\"c\",\r\n nonce=\"1\"\r\n",
        ),
    );
    let back = bench.one(ALICE);
    assert_eq!(back.status(), Some(401));
    assert_eq!(
        back.get(HeaderId::WwwAuthenticate),
        Some(&b"Digest realm=\"b\""[..])
    );
    assert_eq!(
        back.get(HeaderId::ProxyAuthenticate),
        Some(&b"Digest realm=\"c\", nonce=\"1\""[..])
    );
}

#[test]
fn one_after_the_other_by_weight() {
    let (mut bench, copies) = forked(&[(BOB, 9), (CAROL, 5)]);
    assert_eq!(copies.len(), 1);
    bench.come(BOB, response(&copies[0], 486, "b", ""));
    assert_eq!(bench.take(BOB).len(), 1, "the ACK");
    let copy = bench.one(CAROL);
    bench.come(CAROL, response(&copy, 200, "c", ""));
    assert_eq!(bench.statuses(), [200]);
}

#[test]
fn who_rings_too_long_is_given_up_for_the_next() {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    bench.proxy(Fork {
        patience: Some(10_000),
        ..fork(&[(BOB, 9), (CAROL, 5)])
    });
    let first = bench.one(BOB);
    bench.come(BOB, response(&first, 180, "b", ""));
    bench.wait(10_000);
    assert_eq!(bench.one(BOB).method(), Some(&Method::Cancel));
    let second = bench.one(CAROL);
    bench.come(CAROL, response(&second, 180, "c", ""));
    bench.come(BOB, response(&first, 487, "b", ""));
    assert_eq!(bench.statuses(), [180, 180]);
    bench.wait(10_000);
    assert!(
        bench
            .take(CAROL)
            .iter()
            .any(|m| m.method() == Some(&Method::Cancel))
    );
    bench.come(CAROL, response(&second, 487, "c", ""));
    // That it was cancelled is nobody's business above.
    assert_eq!(bench.statuses(), [408]);
}

#[test]
fn a_redirection_is_followed_where_it_is_wanted() {
    for recurse in [true, false] {
        let mut bench = Bench::new();
        bench.come(ALICE, invite());
        bench.proxy(Fork {
            recurse,
            ..fork(&[(BOB, 1)])
        });
        let copy = bench.one(BOB);
        let contacts = format!(
            "Contact: <sip:x@{CAROL}>;q=0.2, <sip:y@{DAVE}>;q=0.7, <mailto:a@b>, <sip:bob@{BOB}>\r\n"
        );
        bench.come(BOB, response(&copy, 302, "b", &contacts));
        if !recurse {
            assert_eq!(bench.statuses(), [302]);
            continue;
        }
        let copy = bench.one(DAVE);
        assert_eq!(copy.uri_raw(), Some(format!("sip:y@{DAVE}").as_bytes()));
        bench.come(DAVE, response(&copy, 486, "d", ""));
        let copy = bench.one(CAROL);
        // Back to where it came from, and round again: all have been tried.
        let contacts = format!("Contact: <sip:y@{DAVE}>\r\n");
        bench.come(CAROL, response(&copy, 302, "c", &contacts));
        assert_eq!(bench.statuses(), [302]);
    }
}

#[test]
fn the_service_is_asked_before_a_failure_goes_back() {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    let tx = bench.proxy(Fork {
        ask: true,
        ..fork(&[(BOB, 1)])
    });
    let copy = bench.one(BOB);
    bench.come(BOB, response(&copy, 486, "b", ""));
    assert_eq!(bench.asked, [(tx, 486)]);
    bench
        .ua
        .proxy_on(bench.now, tx, vec![aim(CAROL, 1)], None)
        .unwrap();
    bench.drain();
    let copy = bench.one(CAROL);
    bench.come(CAROL, response(&copy, 404, "c", ""));
    assert_eq!(bench.asked.len(), 2);
    assert_eq!(bench.statuses(), [] as [u16; 0]);
    bench.ua.nothing_more(bench.now, tx);
    bench.drain();
    assert_eq!(bench.statuses(), [486]);
}

#[test]
fn further_targets_have_their_own_patience_and_the_service_hears_of_every_failure() {
    for patience in [None, Some(40_000)] {
        let mut bench = Bench::new();
        bench.come(ALICE, invite());
        let tx = bench.proxy(Fork {
            ask: true,
            patience: Some(10_000),
            ..fork(&[(BOB, 1), (CAROL, 1)])
        });
        let (bob, carol) = (bench.one(BOB), bench.one(CAROL));
        bench.come(CAROL, response(&carol, 404, "c", ""));
        bench.come(BOB, response(&bob, 180, "b", ""));
        bench.wait(10_000);
        assert_eq!(bench.one(BOB).method(), Some(&Method::Cancel));
        bench.come(BOB, response(&bob, 487, "b", ""));
        assert_eq!(
            (&bench.asked[..], &bench.told[..]),
            (&[(tx, 404)][..], &[404, 408][..])
        );
        let further = bench
            .ua
            .proxy_on(bench.now, tx, vec![aim(DAVE, 1)], patience);
        further.unwrap();
        bench.drain();
        let dave = bench.one(DAVE);
        bench.come(DAVE, response(&dave, 180, "d", ""));
        bench.wait(39_000);
        assert!(bench.take(DAVE).is_empty());
        bench.wait(1_000);
        let cancelled = bench.take(DAVE).len();
        assert_eq!(cancelled, usize::from(patience.is_some()));
        bench.come(DAVE, response(&dave, 486, "d", ""));
        assert_eq!(bench.told, [404, 408, 486]);
    }
}

#[test]
fn the_callers_cancel_reaches_every_branch_with_its_reason() {
    let (mut bench, copies) = forked(&[(BOB, 9), (CAROL, 9), (DAVE, 1)]);
    bench.come(BOB, response(&copies[0], 180, "b", ""));
    let cancel = request("CANCEL", "1", "Reason: Q.850;cause=16\r\n");
    bench.come(ALICE, cancel);
    assert_eq!(bench.statuses(), [180, 200]);
    let cancel = bench.one(BOB);
    assert_eq!(cancel.get(HeaderId::Reason), Some(&b"Q.850;cause=16"[..]));
    bench.come(BOB, response(&copies[0], 487, "b", ""));
    bench.come(CAROL, response(&copies[1], 404, "c", ""));
    // Who was not tried is not tried any more.
    assert!(bench.take(DAVE).is_empty());
    assert_eq!(bench.statuses(), [404]);
}

#[test]
fn a_cancel_of_nothing_is_481() {
    let mut bench = Bench::new();
    bench.come(ALICE, request("CANCEL", "77", ""));
    assert_eq!(bench.statuses(), [481]);
}

#[test]
fn timer_c_is_more_than_three_minutes_and_starts_again_with_each_sign_of_life() {
    let (mut bench, copies) = forked(&[(BOB, 1)]);
    bench.come(BOB, response(&copies[0], 180, "b", ""));
    bench.wait(180_001);
    assert!(bench.take(BOB).is_empty());
    bench.come(BOB, response(&copies[0], 180, "b", ""));
    bench.wait(184_000);
    assert!(bench.take(BOB).is_empty());
    bench.wait(2_000);
    assert_eq!(bench.take(BOB)[0].method(), Some(&Method::Cancel));
    bench.statuses();
    bench.wait(32_000);
    assert_eq!(bench.statuses().last(), Some(&408));
    assert_eq!(bench.ended, 1);
}

#[test]
fn nobody_there_is_408_for_an_invite_and_silence_for_anything_else() {
    let (mut bench, _) = forked(&[(BOB, 1)]);
    bench.wait(32_000);
    assert_eq!(bench.statuses(), [100, 408]);
    // RFC 4320 4.2.
    let mut bench = Bench::new();
    bench.come(ALICE, request("MESSAGE", "1", ""));
    bench.proxy(fork(&[(BOB, 1)]));
    bench.wait(120_000);
    assert_eq!(bench.statuses(), [] as [u16; 0]);
    assert!(bench.ua.is_empty());
    assert_eq!(bench.ended, 1);
}

#[test]
fn a_target_that_cannot_be_reached_counts_as_503_and_the_next_is_tried() {
    let mut bench = Bench::new();
    bench.come(ALICE, invite());
    bench.proxy(fork(&[("nowhere.invalid", 9), (BOB, 5)]));
    assert_eq!(bench.take(BOB).len(), 1);
    bench.ua.unreachable(bench.now, 0, BOB.parse().unwrap());
    bench.drain();
    assert_eq!(bench.statuses(), [500]);
}

#[test]
fn a_message_goes_there_and_its_answer_back() {
    let mut bench = Bench::new();
    bench.come(ALICE, request("MESSAGE", "1", ""));
    bench.proxy(fork(&[(BOB, 1)]));
    let copy = bench.one(BOB);
    bench.come(BOB, response(&copy, 202, "b", ""));
    assert_eq!(bench.statuses(), [202]);
    assert_eq!(bench.ended, 1);
    bench.come(ALICE, request("MESSAGE", "1", ""));
    assert_eq!(bench.statuses(), [202]);
    assert!(bench.take(BOB).is_empty());
}
