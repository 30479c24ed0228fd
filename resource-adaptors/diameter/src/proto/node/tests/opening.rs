//! Capabilities exchange and election (RFC 6733 5.3, 5.6).

use super::net::{Net, address};
use super::*;
use crate::proto::peer::State;

/// Two nodes of which the first connects to the second.
fn pair(seed: u64, delay: u64) -> Net {
    let mut net = Net::new(seed, delay);
    let mut a = config("a.test");
    a.peers = vec![PeerConfig::new("b.test", Some(address(1)))];
    let mut b = config("b.test");
    b.peers = vec![PeerConfig::new("a.test", None)];
    net.add(a);
    net.add(b);
    net
}

#[test]
fn a_peer_opens_and_requests_go_both_ways_on_one_connection() {
    let mut net = pair(1, 5);
    net.run(1_000);
    assert_eq!(net.status(0, "b.test").state, State::IOpen);
    assert_eq!(net.status(1, "a.test").state, State::ROpen);
    let there = net.request(0, Outgoing::new(request("a.test", "test", None)));
    let back = net.request(1, Outgoing::new(request("b.test", "test", Some("a.test"))));
    net.run(100);
    assert_eq!(net.ends(0, there), [Ok(2001)]);
    assert_eq!(net.ends(1, back), [Ok(2001)]);
    assert_eq!(net.connections(), 1);
    assert_eq!(
        net.nodes[0].stack.pending() + net.nodes[0].stack.incoming(),
        0
    );
}

/// Our packets do not get there, theirs do: they are answered before their patience (10 s) ends.
#[test]
fn who_reaches_us_does_not_wait_for_our_own_attempt() {
    let mut config = config("a.test");
    config.peers = vec![PeerConfig::new("z.test", Some(address(200)))];
    let mut raw = raw::Raw::new(config);
    raw.run(10);
    assert_eq!(raw.stack.peer("z.test").unwrap().state, State::WaitConnAck);
    let link = raw.accept();
    assert!(raw.give(link, &raw::cer("z.test")).is_empty());
    raw.run(2_600);
    assert_eq!(raw.last(link).result_code(), Some(2001));
    assert_eq!(raw.stack.peer("z.test").unwrap().state, State::ROpen);
}

/// Both connect at once, a hundred times for each order of names, with delays that let everything cross (5.6.4).
#[test]
fn of_two_connections_one_survives_whoever_has_the_higher_name() {
    for seed in 0..100 {
        for (first, second) in [("a.test", "b.test"), ("B.test", "a.test")] {
            for delay in [0, 1, 50, 900] {
                let mut net = Net::new(seed, delay);
                for (own, other, at) in [(first, second, 1), (second, first, 0)] {
                    let mut config = config(own);
                    config.peers = vec![PeerConfig::new(other, Some(address(at)))];
                    net.add(config);
                }
                net.run(20_000);
                let what = format!("seed {seed}, {first}, delay {delay}");
                assert_eq!(net.connections(), 1, "{what}");
                let states = [net.status(0, second).state, net.status(1, first).state];
                assert!(
                    states.iter().all(|state| state.is_open()),
                    "{what}: {states:?}"
                );
                assert_ne!(states[0], states[1], "{what}");
                let tx = net.request(0, Outgoing::new(request(first, "test", None)));
                net.run(4 * delay + 10);
                assert_eq!(net.ends(0, tx), [Ok(2001)], "{what}");
                assert_eq!(
                    net.history(0, second).len(),
                    1,
                    "{what}: up once, never down"
                );
            }
        }
    }
}
