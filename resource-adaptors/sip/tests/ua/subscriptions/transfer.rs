//! REFER, shared dialogs and Replaces: RFC 3515, 4488, 5057, 3891.

use super::*;

/// RFC 3515 2.4.4 to 2.4.6.
#[test]
fn a_refer_is_accepted_and_its_progress_told() {
    let mut bench = Bench::events();
    let (_, tag) = bench.called();
    let key = bench.referred(&tag, 2);
    let sent = bench.take_sent();
    assert_eq!(line(&sent[0]), "202 REFER");
    assert_eq!(
        (line(&sent[1]).as_str(), sent[1].body()),
        ("NOTIFY", &b"SIP/2.0 100 Trying\r\n"[..])
    );
    assert_eq!(text(&sent[1], "Event"), "refer");
    assert_eq!(
        text(&sent[1], "Content-Type"),
        "message/sipfrag;version=2.0"
    );
    bench.receive(response(&sent[1], 200, "", ""));
    bench.ua.notify(bench.now, key, progress(200, b"")).unwrap();
    bench.drain();
    bench.seen();
    let last = bench.answered(200);
    assert_eq!(
        text(&last, "Subscription-State"),
        "terminated;reason=noresource"
    );
    assert_eq!(
        bench.seen(),
        ["save", "ended"],
        "the call goes on, its CSeq written down"
    );
    // The second REFER of a dialog has an id.
    bench.referred(&tag, 3);
    bench.sent.clear();
    bench.referred(&tag, 4);
    assert_eq!(text(&bench.take_sent()[1], "Event"), "refer;id=4");
}

/// RFC 5057: the dialog lives until its last usage ends.
#[test]
fn a_subscription_outlives_the_call_whose_dialog_it_shares() {
    let mut bench = Bench::events();
    let (dialog, tag) = bench.called();
    let key = bench.referred(&tag, 2);
    bench.answered(200);
    bench.seen();
    bench.receive(request("BYE", "b1", &tag, 3, ""));
    let Some(Event::InDialog { tx: Some(tx), .. }) = bench.events.pop() else {
        panic!("no BYE")
    };
    bench.reply(tx, 200);
    assert_eq!(bench.seen(), ["save", "ended"], "the call");
    bench.sent.clear();
    bench.ua.notify(bench.now, key, progress(180, b"")).unwrap();
    bench.drain();
    let ringing = bench.answered(200);
    assert_eq!(text(&ringing, "CSeq"), "2 NOTIFY");
    bench.receive(request("INFO", "x1", &tag, 4, ""));
    assert_eq!(bench.lines(), ["481 INFO"], "there is no call any more");
    bench.ua.notify(bench.now, key, progress(503, b"")).unwrap();
    bench.drain();
    bench.seen();
    bench.answered(200);
    assert_eq!(bench.seen(), ["ended"]);
    assert!(bench.ua.dialog(dialog).is_none());
}

#[test]
fn we_refer_and_hear_what_comes_of_it() {
    let mut bench = Bench::events();
    let (dialog, invite) = bench.calling();
    let refer = Draft {
        lines: Bytes::from_static(b"Refer-To: <sip:carol@c.example>\r\n"),
        ..within("REFER", "")
    };
    let key = bench
        .ua
        .subscribe_within(bench.now, 700, dialog, &refer, Want::default())
        .unwrap();
    bench.drain();
    assert_eq!(
        bench.seen(),
        ["save"],
        "the dialog, before its CSeq is used"
    );
    let sent = bench.take_sent().remove(0);
    assert_eq!(text(&sent, "CSeq"), "2 REFER");
    bench.receive(response(&sent, 202, "", ""));
    assert_eq!(bench.seen(), ["save", "202"]);
    for (cseq, event) in [(1, "refer"), (2, "refer;id=2")] {
        bench.receive(notify(&invite, "bo", cseq, "active;expires=60", event));
        assert_eq!(bench.seen(), ["save", "within NOTIFY"], "{event}");
        bench.events.clear();
    }
    bench.receive(notify(&invite, "bo", 3, "active", "refer;id=3"));
    assert_eq!(
        bench.seen(),
        ["within NOTIFY"],
        "not ours: for whoever passes it on"
    );
    bench.receive(notify(
        &invite,
        "bo",
        4,
        "terminated;reason=noresource",
        "refer",
    ));
    let txs = bench.ua.subscription(key).unwrap().requests_in.clone();
    for tx in txs {
        let _ = bench.ua.processed(bench.now, tx);
    }
    bench.drain();
    assert_eq!(bench.seen().pop().as_deref(), Some("ended"));
    assert!(bench.ua.dialog(dialog).is_some());
}

/// RFC 4488.
#[test]
fn a_refer_without_subscription_is_over_with_its_answer() {
    let mut bench = Bench::events();
    let (dialog, _) = bench.calling();
    let refer = within("REFER", "");
    bench
        .ua
        .subscribe_within(bench.now, 700, dialog, &refer, Want::default())
        .unwrap();
    bench.drain();
    let sent = bench.take_sent().remove(0);
    bench.seen();
    bench.receive(response(&sent, 200, "", "Refer-Sub: false\r\n"));
    let seen = bench.seen();
    assert!(
        seen.contains(&"200".to_owned()) && seen.contains(&"ended".to_owned()),
        "{seen:?}"
    );
    assert!(bench.ua.dialog(dialog).is_some());
}

/// RFC 3891 3.
#[test]
fn a_replaces_finds_the_call_that_may_be_replaced() {
    let mut bench = Bench::events();
    let (dialog, tag) = bench.called();
    let find = |bench: &Bench, to: &str, from: &str, early| {
        bench
            .ua
            .replaced(b"call-1", to.as_bytes(), from.as_bytes(), early)
    };
    assert_eq!(find(&bench, &tag, "al", false), Ok(dialog));
    assert_eq!(find(&bench, &tag, "al", true), Err(486));
    assert_eq!(find(&bench, "al", &tag, false), Err(481));
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    assert_eq!(find(&bench, &tag, "al", false), Err(603));
    let mut bench = Bench::events();
    bench.receive(request("INVITE", "i1", "", 1, ""));
    let Some(Event::Call { tx, .. }) = bench.events.pop() else {
        panic!("no call")
    };
    bench.reply(tx, 180);
    let tag = String::from_utf8_lossy(bench.take_sent()[0].to_tag().unwrap()).into_owned();
    assert_eq!(find(&bench, &tag, "al", false), Err(481), "it rings here");
    let (key, tag) = {
        let mut other = Bench::events();
        let made = other.accepted(PRESENCE);
        assert_eq!(find(&other, &made.1, "al", false), Err(481), "no call");
        made
    };
    let _ = (key, tag);
}
