//! Subscriptions across a restart.

use super::*;

/// A new process with the same secret and the records of the old one.
fn restarted(bench: &Bench, subscription: Key, wall_later: u64) -> (Bench, Key) {
    let record = bench
        .ua
        .subscription_record(subscription, bench.now, 1_000_000)
        .unwrap();
    let mut next = Bench::events();
    let activity = bench.ua.subscription(subscription).unwrap().activity;
    let key = next
        .ua
        .restore_subscription(next.now, 1_000_000 + wall_later, activity, &record)
        .unwrap()
        .unwrap();
    next.ua.restored(next.now);
    next.drain();
    (next, key)
}

#[test]
fn a_restored_notifier_goes_on_with_its_time_and_cseq() {
    let mut bench = Bench::events();
    let (key, tag) = bench.accepted(PRESENCE);
    for _ in 0..3 {
        bench.tell(key, State::Active, "one");
        bench.answered(200);
    }
    let (mut next, key) = restarted(&bench, key, 100_000);
    next.until(10);
    let told = next.answered(200);
    assert_eq!(text(&told, "CSeq"), "4 NOTIFY");
    assert_eq!(text(&told, "Subscription-State"), "active;expires=500");
    assert_eq!(
        (told.body(), told.from_tag()),
        (&b"one"[..], Some(tag.as_bytes()))
    );
    next.receive(request(
        "SUBSCRIBE",
        "s9",
        &tag,
        2,
        "Event: presence\r\nExpires: 50\r\n",
    ));
    next.default_answer();
    assert_eq!(next.lines(), ["200 SUBSCRIBE"]);
    next.until(60_000);
    let sent = next.take_sent();
    assert_eq!(
        text(sent.last().unwrap(), "Subscription-State"),
        "active;expires=50"
    );
    let _ = key;
}

#[test]
fn what_expired_while_nobody_was_there_is_told() {
    let mut bench = Bench::events();
    let (key, _) = bench.accepted(PRESENCE);
    bench.tell(key, State::Active, "one");
    bench.answered(200);
    let (mut next, _) = restarted(&bench, key, 700_000);
    next.until(10);
    let told = next.answered(200);
    assert_eq!(
        text(&told, "Subscription-State"),
        "terminated;reason=timeout"
    );
    assert_eq!(next.seen().pop().as_deref(), Some("ended"));
}

#[test]
fn a_restored_subscriber_takes_notifies_and_refreshes() {
    let mut bench = Bench::events();
    let (key, subscribe) = bench.subscribed();
    let (mut next, key) = restarted(&bench, key, 100_000);
    next.notified(&subscribe, 2, "active;expires=500");
    assert_eq!(next.lines(), ["200 NOTIFY"]);
    next.notified(&subscribe, 1, "active;expires=500");
    assert_eq!(
        next.lines(),
        ["500 NOTIFY"],
        "its CSeq was there before the restart"
    );
    next.until(461_000);
    assert_eq!(text(&next.take_sent()[0], "CSeq"), "2 SUBSCRIBE");
    assert!(next.ua.is_alive(key, 700));
}

/// The records of a call and of a subscription in its dialog come back in any order and make one dialog.
#[test]
fn a_call_and_its_subscription_are_one_dialog_again() {
    let mut bench = Bench::events();
    let (dialog, tag) = bench.called();
    let call = bench.ua.record(dialog).unwrap();
    let key = bench.referred(&tag, 2);
    bench.answered(200);
    let record = bench.ua.subscription_record(key, bench.now, 5).unwrap();
    for first in [true, false] {
        let mut next = Bench::events();
        if first {
            next.ua.restore(1_000, &call).unwrap().unwrap();
        }
        let key = next
            .ua
            .restore_subscription(next.now, 5, 802, &record)
            .unwrap()
            .unwrap();
        if !first {
            next.ua.restore(1_000, &call).unwrap().unwrap();
        }
        assert_eq!(next.ua.len().0, 1);
        next.ua.restored(next.now);
        next.drain();
        next.until(10);
        let sent = next.answered(200);
        assert_eq!(
            text(&sent, "CSeq"),
            "2 NOTIFY",
            "the number before was used"
        );
        next.receive(request("BYE", "b1", &tag, 3, ""));
        assert_eq!(next.seen().pop().as_deref(), Some("within BYE"));
        next.ua.drop_subscription(next.now, key);
        assert_eq!(next.ua.len().0, 1);
    }
}
