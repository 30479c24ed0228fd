//! Failover, timeouts and late answers (RFC 6733 5.5.4), and copies of requests.

use super::raw::{Raw, answer};
use super::*;
use crate::proto::wire::Patch;

/// A node with open connections to these peers, asked in this order.
fn node(hosts: &[&str]) -> (Raw, Vec<Link>) {
    let mut config = config("node.test");
    config.peers = hosts
        .iter()
        .map(|host| PeerConfig::new(host, None))
        .collect();
    let ordered = hosts.iter().enumerate().map(|(at, host)| RoutePeer {
        priority: at as u16,
        ..RoutePeer::new(host)
    });
    config.realms = vec![Realm {
        realm: "*".into(),
        application: None,
        action: RealmAction::Local(ordered.collect()),
    }];
    let mut raw = Raw::new(config);
    let links = hosts.iter().map(|host| raw.open(host)).collect();
    (raw, links)
}

fn ask(raw: &mut Raw, host: Option<&str>) -> Tx {
    raw.request(Outgoing::new(request("node.test", "test", host)))
}

#[test]
fn what_waits_when_a_connection_ends_goes_to_the_next_peer_with_t_and_the_same_end_to_end_id() {
    let (mut raw, links) = node(&["a.test", "b.test"]);
    let all: Vec<Tx> = (0..5).map(|_| ask(&mut raw, None)).collect();
    let asked: Vec<_> = raw
        .sent
        .iter()
        .filter(|it| it.0 == links[0] && it.1.is_request())
        .cloned()
        .collect();
    raw.stack.closed(Ms(0), links[0]);
    raw.drain();
    let again: Vec<_> = raw
        .sent
        .iter()
        .filter(|it| it.0 == links[1] && it.1.is_request())
        .cloned()
        .collect();
    assert_eq!(again.len(), 5);
    for (first, second) in asked.iter().zip(&again) {
        let (first, second) = (first.1.header(), second.1.header());
        assert_eq!(
            first.end_to_end, second.end_to_end,
            "in the order of their sending"
        );
        assert_ne!(first.hop_by_hop, second.hop_by_hop);
        assert!(!first.is_retransmit() && second.is_retransmit());
    }
    for (_, request) in &again {
        raw.give(links[1], &answer(request, 2001));
    }
    assert!(all.iter().all(|tx| raw.ends(*tx) == [Ok(2001)]));
    assert_eq!(raw.stack.peer("a.test").unwrap().counts.moved, 5);
}

#[test]
fn a_peer_that_cannot_deliver_or_is_too_busy_or_sees_a_loop_is_not_the_last_word() {
    for code in [3002, 3004, 3005] {
        let (mut raw, links) = node(&["a.test", "b.test"]);
        let tx = ask(&mut raw, None);
        let asked = raw.last(links[0]).clone();
        raw.give(links[0], &answer(&asked, code));
        let again = raw.last(links[1]).clone();
        assert!(again.header().is_retransmit());
        assert_eq!(again.header().end_to_end, asked.header().end_to_end);
        raw.give(links[1], &answer(&again, code));
        assert_eq!(raw.ends(tx), [Ok(code)], "nobody is left");
    }
}

#[test]
fn other_errors_are_the_answer() {
    let (mut raw, links) = node(&["a.test", "b.test"]);
    let tx = ask(&mut raw, None);
    let asked = raw.last(links[0]).clone();
    raw.give(links[0], &answer(&asked, 3003));
    assert_eq!(raw.ends(tx), [Ok(3003)]);
}

#[test]
fn a_request_to_a_host_is_for_that_host_alone() {
    let (mut raw, links) = node(&["a.test", "b.test"]);
    let tx = ask(&mut raw, Some("a.test"));
    let asked = raw.last(links[0]).clone();
    raw.give(links[0], &answer(&asked, 3002));
    assert_eq!(raw.ends(tx), [Ok(3002)]);
    let tx = ask(&mut raw, Some("a.test"));
    raw.stack.closed(Ms(0), links[0]);
    raw.drain();
    assert_eq!(raw.ends(tx), [Err(TxFailure::Unroutable)]);
    assert!(matches!(
        raw.outputs.last(),
        Some(Output::Failed { sent: true, .. })
    ));
}

#[test]
fn a_request_is_sent_so_often_and_no_more() {
    let (mut raw, links) = node(&["a.test", "b.test", "c.test", "d.test"]);
    let tx = ask(&mut raw, None);
    for link in &links[..2] {
        raw.stack.closed(Ms(0), *link);
        raw.drain();
    }
    assert_eq!(raw.ends(tx), []);
    raw.stack.closed(Ms(0), links[2]);
    raw.drain();
    assert_eq!(raw.ends(tx), [Err(TxFailure::Exhausted)]);
}

#[test]
fn time_runs_out_once_and_what_comes_later_is_counted_and_dropped() {
    let (mut raw, links) = node(&["a.test"]);
    let tx = ask(&mut raw, None);
    let asked = raw.last(links[0]).clone();
    raw.run(9_999);
    assert_eq!(raw.ends(tx), []);
    raw.run(10);
    assert_eq!(raw.ends(tx), [Err(TxFailure::Timeout)]);
    raw.give(links[0], &answer(&asked, 2001));
    raw.run(10_000);
    assert_eq!(raw.ends(tx), [Err(TxFailure::Timeout)]);
    let counts = raw.stack.peer("a.test").unwrap().counts;
    assert_eq!((counts.late, counts.timeouts), (1, 1));
}

#[test]
fn an_answer_is_taken_once_and_only_from_where_it_was_asked_for() {
    let (mut raw, links) = node(&["a.test", "b.test"]);
    let tx = ask(&mut raw, None);
    let asked = raw.last(links[0]).clone();
    raw.give(links[1], &answer(&asked, 2001));
    let other = Patch::new(answer(&asked, 2001)).end_to_end(7).finish();
    raw.give(links[0], &other);
    assert_eq!(raw.ends(tx), []);
    raw.give(links[0], &answer(&asked, 2001));
    raw.give(links[0], &answer(&asked, 2001));
    assert_eq!(raw.ends(tx), [Ok(2001)]);
    assert_eq!(raw.counted("answers.unknown"), 3);
}

/// A place is taken again only when all others were, and a name that comes back has another End-to-End Identifier.
#[test]
fn hop_by_hop_ids_are_unique_while_they_wait_and_safe_to_use_again() {
    let (mut raw, links) = node(&["a.test"]);
    let mut old = Vec::new();
    for _ in 0..10_000 {
        ask(&mut raw, None);
        let asked = raw.sent.pop().unwrap().1;
        raw.give(links[0], &answer(&asked, 2001));
        old.push(asked);
    }
    let tx = ask(&mut raw, None);
    for asked in &old {
        raw.give(links[0], &answer(asked, 5012));
    }
    assert_eq!(raw.ends(tx), []);
    let many: std::collections::BTreeSet<u32> = (0..5_000)
        .map(|_| {
            ask(&mut raw, None);
            raw.sent.pop().unwrap().1.header().hop_by_hop
        })
        .collect();
    assert_eq!(many.len(), 5_000);
}

#[test]
fn an_answer_that_cannot_be_read_ends_its_request() {
    let (mut raw, links) = node(&["a.test"]);
    let tx = ask(&mut raw, None);
    let asked = raw.last(links[0]).clone();
    let mut bytes = answer(&asked, 2001).to_vec();
    let at = bytes.len() - 6;
    bytes[at] = 0xff;
    raw.give(links[0], &bytes);
    assert_eq!(raw.ends(tx), [Err(TxFailure::BadAnswer)]);
    assert!(!raw.is_closed(links[0]));
}

#[test]
fn what_nobody_waits_for_any_more_has_no_end() {
    let (mut raw, links) = node(&["a.test"]);
    let tx = ask(&mut raw, None);
    raw.stack.forget(Ms(0), tx);
    let asked = raw.last(links[0]).clone();
    raw.give(links[0], &answer(&asked, 2001));
    raw.run(20_000);
    assert_eq!(raw.ends(tx), []);
    assert_eq!(raw.stack.pending(), 0);
}

#[test]
fn what_an_earlier_process_sent_goes_again_with_t_under_its_id() {
    let (mut raw, links) = node(&["a.test"]);
    let outgoing = Outgoing {
        resend: Some(0xabcd),
        ..Outgoing::new(request("node.test", "test", None))
    };
    raw.request(outgoing);
    let header = *raw.last(links[0]).header();
    assert!(header.is_retransmit());
    assert_eq!(header.end_to_end, 0xabcd);
}

fn copy(hop_by_hop: u32, end_to_end: u32, again: bool) -> Bytes {
    let patch = Patch::new(request("client.far", "test", None));
    let patch = patch.hop_by_hop(hop_by_hop).end_to_end(end_to_end);
    if again {
        patch.retransmit().finish()
    } else {
        patch.finish()
    }
}

#[test]
fn a_copy_of_an_answered_request_gets_the_same_answer_and_is_not_done_again() {
    let (mut raw, links) = node(&["a.test", "b.test"]);
    raw.give(links[0], &copy(1, 5, false));
    let (key, asked) = raw.requests().remove(0);
    raw.stack.answer(Ms(0), key, success(&asked, "node.test"));
    raw.drain();
    let first = raw.last(links[0]).clone();
    let second = raw.give(links[1], &copy(9, 5, true)).remove(0);
    assert_eq!(second.header().hop_by_hop, 9);
    assert_eq!(second.bytes()[20..], first.bytes()[20..]);
    assert_eq!(raw.requests().len(), 1);
    raw.give(links[1], &copy(10, 6, true));
    assert_eq!(raw.requests().len(), 2, "another request");
    raw.run(20_000);
    assert!(!raw.give(links[1], &copy(11, 5, true)).is_empty());
}

#[test]
fn after_the_window_a_copy_is_a_new_request() {
    let mut config = config("node.test");
    config.peers = vec![PeerConfig::new("a.test", None)];
    config.duplicates.window = 20_000;
    let mut raw = Raw::new(config);
    let link = raw.open("a.test");
    raw.give(link, &copy(1, 5, false));
    let (key, asked) = raw.requests().remove(0);
    raw.stack.answer(Ms(0), key, success(&asked, "node.test"));
    raw.run(20_001);
    raw.give(link, &copy(2, 5, true));
    assert_eq!(raw.requests().len(), 2);
    assert_eq!(Duplicates::default().window, 240_000);
}

/// Each copy is a request that waits for an answer on its own connection.
#[test]
fn a_copy_of_a_request_in_progress_waits_for_its_answer() {
    let (mut raw, links) = node(&["a.test", "b.test"]);
    raw.give(links[0], &copy(1, 5, false));
    raw.stack.closed(Ms(0), links[0]);
    assert!(raw.give(links[1], &copy(2, 5, true)).is_empty());
    let (key, asked) = raw.requests().remove(0);
    assert_eq!(raw.requests().len(), 1);
    assert!(raw.stack.answer(Ms(0), key, success(&asked, "node.test")));
    raw.drain();
    assert_eq!(raw.last(links[1]).header().hop_by_hop, 2);
    assert_eq!(raw.counted("answers.undeliverable"), 1);
}

#[test]
fn all_requests_are_looked_up_when_so_configured() {
    for all in [false, true] {
        let mut config = config("node.test");
        config.peers = vec![PeerConfig::new("a.test", None)];
        config.duplicates.all = all;
        let mut raw = Raw::new(config);
        let link = raw.open("a.test");
        raw.give(link, &copy(1, 5, false));
        raw.give(link, &copy(2, 5, false));
        assert_eq!(raw.requests().len(), if all { 1 } else { 2 });
    }
}

#[test]
fn what_an_earlier_process_answered_is_answered_again() {
    let (mut raw, links) = node(&["a.test"]);
    let asked = Message::parse(copy(1, 5, false)).unwrap();
    raw.stack
        .restore_answer(Ms(0), "CLIENT.far", 5, success(&asked, "node.test"));
    let again = raw.give(links[0], &copy(2, 5, true));
    assert_eq!(again[0].result_code(), Some(2001));
    assert_eq!(again[0].header().hop_by_hop, 2);
    assert!(raw.requests().is_empty());
}

#[test]
fn kept_answers_are_bounded_in_number_and_bytes() {
    for (entries, bytes, kept) in [(10, u64::MAX, 10), (1_000, 1_000, 11), (0, 1_000, 0)] {
        let mut config = config("node.test");
        config.peers = vec![PeerConfig::new("a.test", None)];
        config.duplicates.entries = entries;
        config.duplicates.bytes = bytes;
        let mut raw = Raw::new(config);
        let link = raw.open("a.test");
        for n in 0..100 {
            raw.give(link, &copy(n, n, false));
            let (key, asked) = raw.requests().pop().unwrap();
            raw.stack.answer(Ms(0), key, success(&asked, "node.test"));
        }
        assert_eq!(raw.stack.kept_answers(), kept, "{entries} {bytes}");
    }
}

#[test]
fn a_request_that_nobody_answers_is_forgotten_with_its_name() {
    let mut config = config("node.test");
    config.peers = vec![PeerConfig::new("a.test", None)];
    config.timers.answer = 20_000;
    let mut raw = Raw::new(config);
    let link = raw.open("a.test");
    raw.give(link, &copy(1, 5, false));
    raw.run(20_010);
    assert_eq!(raw.stack.incoming(), 0);
    raw.give(link, &copy(2, 5, true));
    assert_eq!(raw.requests().len(), 2);
}
