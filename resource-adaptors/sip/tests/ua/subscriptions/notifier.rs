//! Subscriptions of others: RFC 6665 4.2.

use super::*;

/// RFC 6665 4.2.1.2: the record, the 200, and a NOTIFY at once.
#[test]
fn accepting_writes_it_down_answers_and_notifies() {
    let mut bench = Bench::events();
    let (key, tag) = bench.accepted(PRESENCE);
    assert_eq!(bench.seen(), ["save", "ended"], "the server transaction");
    let ok = bench.take_sent().remove(0);
    assert_eq!(text(&ok, "Expires"), "600", "no longer than it is granted");
    assert!(has(&ok, HeaderId::Contact));
    bench.tell(key, State::Active, "one");
    assert_eq!(bench.seen(), ["save"], "before the CSeq is used");
    let notify = bench.take_sent().remove(0);
    assert_eq!(line(&notify), "NOTIFY");
    assert_eq!(text(&notify, "Event"), "presence");
    assert_eq!(text(&notify, "Subscription-State"), "active;expires=600");
    assert_eq!(text(&notify, "CSeq"), "1 NOTIFY");
    assert_eq!(notify.body(), b"one");
    assert_eq!(notify.from_tag(), Some(tag.as_bytes()));
    assert_eq!(notify.to_tag(), Some(&b"al"[..]));
    assert_eq!(notify.uri_raw(), Some(&b"sip:alice@192.0.2.9:5070"[..]));
}

#[test]
fn a_service_that_does_not_notify_is_stood_in_for() {
    let mut bench = Bench::events();
    bench.accepted(PRESENCE);
    bench.sent.clear();
    bench.until(600);
    assert_eq!(bench.lines(), ["NOTIFY"]);
}

#[test]
fn one_notify_is_in_flight_and_the_latest_waits() {
    let mut bench = Bench::events();
    let (key, _) = bench.accepted(PRESENCE);
    bench.sent.clear();
    for body in ["one", "two", "three"] {
        bench.tell(key, State::Active, body);
    }
    let sent = bench.take_sent();
    assert_eq!((sent.len(), sent[0].body()), (1, &b"one"[..]));
    bench.receive(response(&sent[0], 200, "", ""));
    let sent = bench.take_sent();
    assert_eq!((sent.len(), sent[0].body()), (1, &b"three"[..]));
    assert_eq!(text(&sent[0], "CSeq"), "2 NOTIFY");
    bench.receive(response(&sent[0], 200, "", ""));
    assert_eq!(bench.lines(), Vec::<String>::new());
}

#[test]
fn a_terminated_notify_ends_it_with_its_answer() {
    let mut bench = Bench::events();
    let (key, _) = bench.accepted(PRESENCE);
    bench.tell(key, State::Active, "one");
    bench.tell(key, State::Terminated, "last");
    assert!(
        bench
            .ua
            .notify(bench.now, key, Notification::default())
            .is_err(),
        "nothing comes after the end"
    );
    bench.seen();
    bench.answered(200);
    let last = bench.answered(200);
    assert_eq!(text(&last, "Subscription-State"), "terminated");
    assert_eq!(last.body(), b"last");
    assert_eq!(bench.seen(), ["save", "ended"]);
    assert_eq!(bench.ua.len().0, 0, "its dialog is gone");
}

/// RFC 6665 4.2.2.
#[test]
fn a_failed_notify_ends_it_only_where_the_rfc_says_so() {
    for (status, over) in [
        (481, true),
        (408, true),
        (404, true),
        (500, false),
        (401, false),
    ] {
        let mut bench = Bench::events();
        let (key, _) = bench.accepted(PRESENCE);
        bench.tell(key, State::Active, "one");
        bench.seen();
        bench.answered(status);
        assert_eq!(bench.seen()[0], status.to_string(), "the service is told");
        assert_eq!(bench.ua.is_alive(key, 800), !over, "{status}");
    }
    let mut bench = Bench::events();
    let (key, _) = bench.accepted(PRESENCE);
    bench.tell(key, State::Active, "one");
    bench.seen();
    bench.until(33_000);
    assert_eq!(bench.seen(), ["local 408", "ended"]);
    assert!(!bench.ua.is_alive(key, 800));
}

#[test]
fn it_expires_with_a_last_notify() {
    let mut bench = Bench::events();
    let (key, _) = bench.accepted(PRESENCE);
    bench.tell(key, State::Active, "one");
    bench.answered(200);
    bench.seen();
    bench.until(600_100);
    let last = bench.answered(200);
    assert_eq!(
        text(&last, "Subscription-State"),
        "terminated;reason=timeout"
    );
    assert_eq!(bench.seen(), ["save", "ended"]);
}

#[test]
fn a_refresh_is_answered_by_itself_and_the_state_told_again() {
    let mut bench = Bench::events();
    let (key, tag) = bench.accepted(PRESENCE);
    bench.tell(key, State::Active, "one");
    bench.answered(200);
    bench.seen();
    bench.until(500_000);
    bench.receive(request(
        "SUBSCRIBE",
        "s2",
        &tag,
        2,
        "Event: presence\r\nExpires: 300\r\n",
    ));
    assert_eq!(bench.seen().pop().as_deref(), Some("within SUBSCRIBE"));
    let tx = bench.ua.subscription(key).unwrap().requests_in[0];
    bench.ua.processed(bench.now, tx).unwrap();
    bench.drain();
    let ok = bench.take_sent().remove(0);
    assert_eq!(
        (line(&ok).as_str(), text(&ok, "Expires")),
        ("200 SUBSCRIBE", "300".to_owned())
    );
    bench.until(500_600);
    let told = bench.answered(200);
    assert_eq!((line(&told).as_str(), told.body()), ("NOTIFY", &b"one"[..]));
    assert_eq!(text(&told, "Subscription-State"), "active;expires=300");
    bench.until(800_100);
    assert_eq!(bench.lines(), ["NOTIFY"], "expired");
}

#[test]
fn an_unsubscribe_is_answered_and_the_end_told() {
    let mut bench = Bench::events();
    let (key, tag) = bench.accepted(PRESENCE);
    bench.tell(key, State::Active, "one");
    bench.answered(200);
    bench.receive(request(
        "SUBSCRIBE",
        "s2",
        &tag,
        2,
        "Event: presence\r\nExpires: 0\r\n",
    ));
    bench.default_answer();
    let sent = bench.take_sent();
    assert_eq!(line(&sent[0]), "200 SUBSCRIBE");
    assert_eq!(text(&sent[0], "Expires"), "0");
    assert_eq!(
        text(&sent[1], "Subscription-State"),
        "terminated;reason=timeout"
    );
    bench.receive(response(&sent[1], 200, "", ""));
    assert_eq!(bench.seen().pop().as_deref(), Some("ended"));
    bench.receive(request("SUBSCRIBE", "s3", &tag, 3, "Event: presence\r\n"));
    assert_eq!(bench.lines(), ["481 SUBSCRIBE"]);
}

/// RFC 6665 4.4.3: one that asks once is told the state with the end.
#[test]
fn who_asks_once_is_told_the_state_and_the_end() {
    let mut bench = Bench::events();
    let (key, _) = bench.accepted("Event: presence\r\nExpires: 0\r\n");
    bench.sent.clear();
    bench.tell(key, State::Active, "one");
    let notify = bench.take_sent().remove(0);
    assert_eq!(
        text(&notify, "Subscription-State"),
        "terminated;reason=timeout"
    );
    assert_eq!(notify.body(), b"one");
    bench.receive(response(&notify, 200, "", ""));
    assert_eq!(bench.seen().pop().as_deref(), Some("ended"));
}

#[test]
fn who_asks_once_is_told_the_end_where_the_service_tells_nothing() {
    let mut bench = Bench::events();
    bench.accepted("Event: presence\r\nExpires: 0\r\n");
    bench.sent.clear();
    bench.until(600);
    assert_eq!(bench.lines(), ["NOTIFY"]);
}

/// RFC 6665 4.2.1.1: 489 with Allow-Events.
#[test]
fn a_package_that_nobody_takes_is_refused() {
    let mut bench = Bench::events();
    bench.receive(request("SUBSCRIBE", "s1", "", 1, "Event: foo\r\n"));
    let Some(Event::Request { tx, .. }) = bench.events.pop() else {
        panic!("no SUBSCRIBE")
    };
    bench.ua.respond_unserved(bench.now, tx).unwrap();
    bench.drain();
    let refusal = bench.take_sent().remove(0);
    assert_eq!(line(&refusal), "489 SUBSCRIBE");
    assert_eq!(text(&refusal, "Allow-Events"), "refer");
    bench
        .ua
        .set_packages(vec![b"presence".to_vec(), b"dialog".to_vec()]);
    bench.receive(request("SUBSCRIBE", "s4", "", 2, "Event: foo\r\n"));
    let refusal = bench.take_sent().remove(0);
    assert_eq!(text(&refusal, "Allow-Events"), "presence, dialog, refer");
    bench.receive(request("PUBLISH", "s5", "", 3, ""));
    assert_eq!(bench.lines(), ["489 PUBLISH"]);
}
