//! Disconnecting, draining, changing settings, stopping (RFC 6733 5.4).

use super::net::{Net, address};
use super::raw::Raw;
use super::*;
use crate::proto::peer::{State, cause};

fn node() -> (Raw, Link) {
    let mut config = config("node.test");
    config.peers = vec![PeerConfig::new("peer.test", None)];
    let mut raw = Raw::new(config);
    let link = raw.open("peer.test");
    (raw, link)
}

fn dpr(cause: i32) -> Bytes {
    let mut builder = Builder::request(282, 0);
    builder
        .identities("peer.test", "test")
        .avp(&base::DISCONNECT_CAUSE, cause);
    builder.finish(7, 8).unwrap()
}

/// A node that connects to another one, which then says farewell with this cause.
fn left(cause: i32, unwanted: u64) -> Net {
    let mut net = Net::new(1, 2);
    let mut a = config("a.test");
    a.peers = vec![PeerConfig::new("b.test", Some(address(1)))];
    a.timers.unwanted = unwanted;
    let mut b = config("b.test");
    b.peers = vec![PeerConfig::new("a.test", None)];
    net.add(a);
    net.add(b.clone());
    net.run(1_000);
    let now = Ms(net.now);
    let key = net.nodes[1].stack.peer_named("a.test").unwrap();
    net.nodes[1].stack.retire(now, key, Admin::Disabled, cause);
    net.run(100);
    net.nodes[1].stack.enable(Ms(net.now), "a.test");
    net.run(200);
    assert_eq!(net.connections(), 0);
    assert_eq!(
        net.history(0, "b.test").last().unwrap().1,
        Some(DownCause::PeerDisconnected(cause))
    );
    net
}

#[test]
fn a_peer_that_reboots_is_connected_to_again_and_trusted_at_once() {
    let mut net = left(cause::REBOOTING, 0);
    net.run(2_000);
    assert_eq!(net.status(0, "b.test").state, State::IOpen);
    assert_eq!(
        net.history(0, "b.test").len(),
        3,
        "no probation after a farewell"
    );
}

#[test]
fn a_peer_that_does_not_want_us_is_left_alone() {
    for unwelcome in [cause::BUSY, cause::DO_NOT_WANT_TO_TALK_TO_YOU] {
        let mut net = left(unwelcome, 0);
        net.run(86_400_000);
        assert_eq!(net.status(0, "b.test").state, State::Closed);
        net.nodes[0].stack.enable(Ms(net.now), "b.test");
        net.run(100);
        assert_eq!(
            net.status(0, "b.test").state,
            State::IOpen,
            "unless the operator says so"
        );
        let mut net = left(unwelcome, 600_000);
        net.run(599_000);
        assert_eq!(net.status(0, "b.test").state, State::Closed);
        net.run(2_000);
        assert_eq!(net.status(0, "b.test").state, State::IOpen);
    }
}

#[test]
fn a_dpr_is_answered_and_the_peer_closes() {
    let (mut raw, link) = node();
    let answers = raw.give(link, &dpr(0));
    assert_eq!(answers[0].header().command, 282);
    assert_eq!(answers[0].result_code(), Some(2001));
    assert!(!raw.is_closed(link), "who gets the answer closes");
    assert_eq!(raw.stack.peer("peer.test").unwrap().state, State::Closing);
    raw.run(5_010);
    assert!(raw.is_closed(link), "or we, when it does not");
}

/// Answers still come while a connection closes; what has none by its end goes elsewhere.
#[test]
fn what_waits_when_the_peer_leaves_may_still_be_answered() {
    let (mut raw, link) = node();
    let ask = |raw: &mut Raw| raw.request(Outgoing::new(request("node.test", "test", None)));
    let (first, second) = (ask(&mut raw), ask(&mut raw));
    let asked: Vec<_> = raw
        .sent
        .iter()
        .filter(|it| it.1.header().command == 272)
        .cloned()
        .collect();
    raw.give(link, &dpr(0));
    let third = ask(&mut raw);
    assert_eq!(raw.ends(third), [Err(TxFailure::Unroutable)], "nothing new");
    raw.give(link, &raw::answer(&asked[0].1, 2001));
    assert_eq!(raw.ends(first), [Ok(2001)]);
    raw.stack.closed(Ms(0), link);
    raw.drain();
    assert_eq!(raw.ends(second), [Err(TxFailure::Unroutable)]);
}

#[test]
fn a_drained_peer_leaves_when_its_last_request_has_ended() {
    let (mut raw, link) = node();
    let tx = raw.request(Outgoing::new(request("node.test", "test", None)));
    let asked = raw.last(link).clone();
    raw.give(link, &request("peer.test", "test", None));
    assert!(raw.stack.drain(Ms(0), "peer.test"));
    let other = raw.request(Outgoing::new(request("node.test", "test", None)));
    assert_eq!(raw.ends(other), [Err(TxFailure::Unroutable)]);
    let refused = raw.give(link, &request("peer.test", "test", None));
    assert_eq!(refused[0].result_code(), Some(3004), "it asks others");
    raw.give(link, &raw::answer(&asked, 2001));
    assert_eq!(raw.ends(tx), [Ok(2001)]);
    assert_ne!(raw.last(link).header().command, 282);
    let (key, asked) = raw.requests().remove(0);
    raw.stack.answer(Ms(0), key, success(&asked, "node.test"));
    raw.drain();
    let farewell = raw.last(link);
    assert_eq!(farewell.header().command, 282);
    assert_eq!(farewell.find(&base::DISCONNECT_CAUSE).unwrap().i32(), Ok(2));
    assert_eq!(raw.stack.peer("peer.test").unwrap().admin, Admin::Disabled);
}

#[test]
fn the_end_is_a_dpr_to_every_peer_and_a_failure_for_all_that_waits() {
    let (mut raw, link) = node();
    let silent = raw.accept();
    let tx = raw.request(Outgoing::new(request("node.test", "test", None)));
    raw.stack.stop(Ms(0));
    raw.drain();
    assert_eq!(raw.ends(tx), [Err(TxFailure::Stopping)]);
    assert!(raw.is_closed(silent));
    let farewell = raw.last(link).clone();
    assert_eq!(farewell.find(&base::DISCONNECT_CAUSE).unwrap().i32(), Ok(0));
    assert!(!raw.stack.stopped());
    assert_eq!(raw.accept_with(None), None);
    raw.give(link, &raw::answer(&farewell, 2001));
    assert!(raw.is_closed(link));
    assert!(raw.stack.stopped());
    let tx = raw.request(Outgoing::new(request("node.test", "test", None)));
    assert_eq!(raw.ends(tx), [Err(TxFailure::Stopping)]);
}

#[test]
fn peers_come_and_go_with_the_settings() {
    let (mut raw, link) = node();
    let mut changed = config("node.test");
    changed.peers = vec![PeerConfig::new("new.test", Some(address(3)))];
    raw.stack.configure(Ms(0), changed.clone());
    raw.drain();
    assert_eq!(raw.last(link).header().command, 282);
    raw.run(100);
    assert!(
        raw.outputs
            .iter()
            .any(|it| matches!(it, Output::Connect { .. }))
    );
    raw.stack.closed(Ms(raw.now), link);
    raw.drain();
    let names: Vec<_> = raw
        .stack
        .peers()
        .map(|peer| peer.host.to_string())
        .collect();
    assert_eq!(names, ["new.test"]);
    changed.peers[0].disabled = true;
    raw.stack.configure(Ms(raw.now), changed);
    raw.drain();
    assert_eq!(raw.closed.len(), 1, "the opening is given up");
    assert_eq!(raw.stack.peer("new.test").unwrap().admin, Admin::Disabled);
}

/// Tc (RFC 6733 2.1): soon at first, then later and later, every 30 s at last, never more often than that by much.
#[test]
fn a_peer_that_is_not_there_is_tried_later_and_later() {
    let mut config = config("a.test");
    config.peers = vec![PeerConfig::new("gone.test", Some(address(200)))];
    let mut net = Net::new(3, 1);
    net.add(config);
    net.run(600_000);
    let failed = net.counted(0, "connections.failed");
    assert!(
        (20..=32).contains(&failed),
        "{failed} attempts in 10 minutes"
    );
    let alarms = net.nodes[0]
        .log
        .iter()
        .filter(|(_, it)| matches!(it, Output::Alarm(_)));
    assert_eq!(alarms.count(), 1);
}
