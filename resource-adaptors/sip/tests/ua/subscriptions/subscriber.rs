//! Subscriptions of ours: RFC 6665 4.1.

use super::*;
use strowger_sip::proto::auth::Credentials;

#[test]
fn a_subscription_stands_with_its_200_and_notify() {
    let mut bench = Bench::events();
    let (key, subscribe) = bench.subscribing(want(600));
    assert_eq!(text(&subscribe, "Event"), "presence");
    assert_eq!(text(&subscribe, "Expires"), "600");
    assert_eq!(text(&subscribe, "Accept"), "a/b");
    assert!(has(&subscribe, HeaderId::Contact));
    bench.receive(response(&subscribe, 200, "no", "Expires: 600\r\n"));
    assert_eq!(bench.seen(), ["save", "200"]);
    bench.receive(notify(
        &subscribe,
        "no",
        1,
        "active;expires=600",
        "presence",
    ));
    assert_eq!(bench.seen(), ["save", "within NOTIFY"]);
    assert!(bench.ua.is_alive(key, 700));
}

/// RFC 6665 4.1.2.4, 4.4.1: the NOTIFY may be there first and establishes the dialog.
#[test]
fn a_notify_before_the_200_is_taken() {
    let mut bench = Bench::events();
    let (_, subscribe) = bench.subscribing(want(600));
    bench.notified(&subscribe, 1, "pending");
    assert_eq!(bench.seen(), ["save", "within NOTIFY"]);
    assert_eq!(bench.lines(), ["200 NOTIFY"]);
    bench.receive(response(&subscribe, 200, "no", "Expires: 600\r\n"));
    assert_eq!(bench.seen(), ["save", "200"]);
    // The refresh goes where the NOTIFY's Contact says.
    bench.until(561_000);
    let refresh = bench.take_sent().remove(0);
    assert_eq!(line(&refresh), "SUBSCRIBE");
    assert_eq!(refresh.to_tag(), Some(&b"no"[..]));
    assert_eq!(text(&refresh, "CSeq"), "2 SUBSCRIBE");
}

/// RFC 6665 4.1.2.4: Timer N.
#[test]
fn without_any_notify_it_is_over_after_64_t1() {
    let mut bench = Bench::events();
    let (key, subscribe) = bench.subscribing(want(600));
    bench.receive(response(&subscribe, 200, "no", "Expires: 600\r\n"));
    bench.seen();
    bench.until(31_900);
    assert!(bench.ua.is_alive(key, 700));
    bench.until(32_100);
    assert_eq!(bench.seen(), ["ended"]);
    assert!(bench.ua.is_empty());
}

#[test]
fn a_refusal_is_told_and_ends_it() {
    for status in [403, 489, 603] {
        let mut bench = Bench::events();
        let (_, subscribe) = bench.subscribing(want(600));
        bench.receive(response(&subscribe, status, "no", ""));
        assert_eq!(bench.seen(), [status.to_string(), "ended".to_owned()]);
    }
    let mut bench = Bench::events();
    bench.subscribing(want(600));
    bench.until(33_000);
    assert_eq!(
        bench.seen(),
        ["ended"],
        "Timer N comes before or with the 408"
    );
}

#[test]
fn what_cannot_be_sent_fails_as_a_response() {
    let mut bench = Bench::events();
    let draft = Draft {
        method: Bytes::from_static(b"SUBSCRIBE"),
        uri: Bytes::from_static(b"sip:bob@nowhere.invalid"),
        ..draft("")
    };
    bench
        .ua
        .subscribe(bench.now, 700, 9, &draft, want(600))
        .unwrap();
    bench.drain();
    assert_eq!(bench.seen(), ["local 503", "ended"]);
    assert_eq!(bench.ua.subscription_count(), 0);
}

/// RFC 6665 4.1.2.1: 423.
#[test]
fn a_423_is_met_once_with_a_longer_duration() {
    let mut bench = Bench::events();
    let (_, subscribe) = bench.subscribing(want(60));
    bench.receive(response(&subscribe, 423, "no", "Min-Expires: 900\r\n"));
    assert_eq!(bench.seen(), Vec::<String>::new());
    let again = bench.take_sent().remove(0);
    assert_eq!(
        (text(&again, "Expires"), text(&again, "CSeq")),
        ("900".to_owned(), "2 SUBSCRIBE".to_owned())
    );
    bench.receive(response(&again, 423, "no", "Min-Expires: 1800\r\n"));
    assert_eq!(bench.seen(), ["423", "ended"]);
}

#[test]
fn it_is_refreshed_before_it_expires_and_nobody_is_bothered() {
    let mut bench = Bench::events();
    let (_, _) = bench.subscribed();
    bench.until(559_000);
    assert_eq!(bench.lines(), Vec::<String>::new());
    bench.until(561_000);
    assert_eq!(bench.seen(), ["save"], "written before the CSeq is used");
    let sent = bench.take_sent();
    assert_eq!(text(&sent[0], "CSeq"), "2 SUBSCRIBE");
    bench.receive(response(&sent[0], 200, "", "Expires: 600\r\n"));
    assert_eq!(bench.seen(), ["save"]);
    bench.until(1_121_500);
    assert_eq!(bench.lines()[0], "SUBSCRIBE");
}

/// RFC 6665 4.1.2.2: 481 and its like end it, others leave it for what it has left.
#[test]
fn a_failed_refresh_ends_it_only_where_the_rfc_says_so() {
    for (status, over) in [(481, true), (489, true), (500, false), (403, false)] {
        let mut bench = Bench::events();
        let (key, _) = bench.subscribed();
        bench.ua.resubscribe(bench.now, key, 300).unwrap();
        bench.drain();
        bench.seen();
        bench.answered(status);
        let mut want = vec![status.to_string()];
        if over {
            want.push("ended".to_owned());
        }
        assert_eq!(bench.seen(), want);
        assert_eq!(bench.ua.is_alive(key, 700), !over);
    }
}

#[test]
fn it_ends_with_the_answer_to_the_notify_that_says_so() {
    let mut bench = Bench::events();
    let (key, subscribe) = bench.subscribed();
    bench.receive(notify(
        &subscribe,
        "no",
        2,
        "terminated;reason=noresource",
        "presence",
    ));
    assert_eq!(bench.seen(), ["save", "within NOTIFY"]);
    assert!(
        bench.ua.is_alive(key, 700),
        "the handler still has its activity"
    );
    bench.receive(notify(
        &subscribe,
        "no",
        2,
        "terminated;reason=noresource",
        "presence",
    ));
    let Some(tx) = bench.ua.subscription(key).map(|it| it.requests_in[0]) else {
        panic!("gone")
    };
    bench.ua.processed(bench.now, tx).unwrap();
    bench.drain();
    assert_eq!(bench.lines(), ["200 NOTIFY"]);
    assert_eq!(bench.seen(), ["ended"]);
    bench.receive(notify(&subscribe, "no", 3, "active", "presence"));
    assert_eq!(bench.lines(), ["481 NOTIFY"]);
}

/// RFC 6665 4.1.3.
#[test]
fn a_notify_of_no_subscription_is_refused() {
    let mut bench = Bench::events();
    let (_, subscribe) = bench.subscribed();
    for (tag, event, state, status) in [
        ("no", "dialog", "active", "481 NOTIFY"),
        ("no", "presence;id=4", "active", "481 NOTIFY"),
        ("other", "presence", "active", "481 NOTIFY"),
        ("no", "presence", ";;;", "400 NOTIFY"),
    ] {
        static CSEQ: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(10);
        let cseq = CSEQ.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        bench.receive(notify(&subscribe, tag, cseq, state, event));
        assert_eq!(bench.lines(), [status], "{tag} {event} {state}");
    }
}

#[test]
fn a_notify_out_of_order_is_refused() {
    let mut bench = Bench::events();
    let (_, subscribe) = bench.subscribed();
    bench.notified(&subscribe, 5, "active");
    bench.sent.clear();
    bench.notified(&subscribe, 4, "active");
    assert_eq!(bench.lines(), ["500 NOTIFY"]);
}

#[test]
fn unsubscribing_waits_for_the_last_notify() {
    let mut bench = Bench::events();
    let (key, subscribe) = bench.subscribed();
    bench.ua.unsubscribe(bench.now, key).unwrap();
    bench.drain();
    let sent = bench.answered(200);
    assert_eq!(text(&sent, "Expires"), "0");
    assert!(bench.ua.unsubscribe(bench.now, key).is_err());
    bench.seen();
    bench.notified(&subscribe, 2, "terminated;reason=timeout");
    assert_eq!(bench.seen(), ["save", "within NOTIFY", "ended"]);
    // Or for 64*T1.
    let mut bench = Bench::events();
    let (key, _) = bench.subscribed();
    bench.ua.unsubscribe(bench.now, key).unwrap();
    bench.drain();
    bench.answered(200);
    bench.until(33_000);
    assert!(!bench.ua.is_alive(key, 700));
    assert!(bench.ua.is_empty() || bench.ua.subscription_count() == 0);
}

#[test]
fn a_fetch_ends_with_its_only_notify() {
    let mut bench = Bench::events();
    let (_, subscribe) = bench.subscribing(want(0));
    assert_eq!(text(&subscribe, "Expires"), "0");
    bench.receive(response(&subscribe, 200, "no", "Expires: 0\r\n"));
    bench.notified(&subscribe, 1, "terminated;reason=timeout");
    assert_eq!(bench.seen().last().map(String::as_str), Some("ended"));
}

#[test]
fn one_that_is_not_refreshed_is_over_after_its_time() {
    let mut bench = Bench::events();
    let (key, subscribe) = bench.subscribing(Want {
        refresh: false,
        ..want(600)
    });
    bench.receive(response(&subscribe, 200, "no", "Expires: 600\r\n"));
    bench.notified(&subscribe, 1, "active;expires=600");
    bench.sent.clear();
    bench.until(601_000);
    assert!(
        bench.ua.is_alive(key, 700),
        "the last NOTIFY may be on its way"
    );
    bench.until(633_000);
    assert!(!bench.ua.is_alive(key, 700));
    assert_eq!(bench.lines(), Vec::<String>::new());
}

/// RFC 3261 22.2: credentials that the service names answer a challenge, and later requests carry them from the start.
#[test]
fn a_challenged_subscribe_is_sent_again_with_credentials() {
    let mut bench = Bench::events();
    let draft = Draft {
        method: Bytes::from_static(b"SUBSCRIBE"),
        credentials: Some(Box::new(Credentials::new("alice", "secret"))),
        ..draft("")
    };
    let key = bench
        .ua
        .subscribe(bench.now, 700, 9, &draft, want(600))
        .unwrap();
    bench.drain();
    let first = bench.take_sent().remove(0);
    let challenge = "WWW-Authenticate: Digest realm=\"b.example\", nonce=\"n\", qop=\"auth\"\r\n";
    bench.receive(response(&first, 401, "no", challenge));
    assert_eq!(bench.seen(), Vec::<String>::new());
    let again = bench.take_sent().remove(0);
    assert_eq!(text(&again, "CSeq"), "2 SUBSCRIBE");
    assert!(text(&again, "Authorization").contains("username=\"alice\""));
    bench.receive(response(&again, 200, "no", "Expires: 600\r\n"));
    bench.notified(&again, 1, "active;expires=600");
    assert_eq!(bench.seen(), ["save", "200", "save", "within NOTIFY"]);
    bench.sent.clear();
    bench.ua.resubscribe(bench.now, key, 600).unwrap();
    bench.drain();
    let refresh = bench.take_sent().remove(0);
    assert_eq!(text(&refresh, "CSeq"), "3 SUBSCRIBE");
    assert!(text(&refresh, "Authorization").contains("nc=00000002"));
}
