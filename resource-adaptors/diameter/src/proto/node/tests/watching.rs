//! The watchdog and what follows from it, in virtual time (RFC 3539 3.4, RFC 6733 5.5).

use super::net::{Net, address};
use super::*;
use crate::proto::peer::WatchdogState;

/// A client that knows two servers of a realm and waits long for answers.
fn client_and_two_servers(seed: u64) -> Net {
    let mut net = Net::new(seed, 3);
    let mut client = config("client.test");
    client.timers.request = 300_000;
    client.timers.watchdog = 6_000;
    client.peers = vec![
        PeerConfig::new("one.test", Some(address(1))),
        PeerConfig::new("two.test", Some(address(2))),
    ];
    client.realms = vec![Realm {
        realm: "test".into(),
        application: None,
        action: RealmAction::Local(vec![
            RoutePeer::new("one.test"),
            RoutePeer {
                priority: 1,
                ..RoutePeer::new("two.test")
            },
        ]),
    }];
    net.add(client);
    for host in ["one.test", "two.test"] {
        let mut server = config(host);
        server.peers = vec![PeerConfig::new("client.test", None)];
        net.add(server);
    }
    net.run(1_000);
    net
}

#[test]
fn what_waits_for_a_frozen_peer_is_moved_and_the_peer_is_trusted_again_after_three_answers() {
    for seed in 0..20 {
        let mut net = client_and_two_servers(seed);
        net.freeze(1);
        let tx = net.request(0, Outgoing::new(request("client.test", "test", None)));
        net.run(30_000);
        let history = net.history(0, "one.test");
        let what = format!("seed {seed}: {history:?}");
        assert_eq!(history[1].1, Some(DownCause::Suspect), "{what}");
        // A DWR after Tw, SUSPECT after another one, each within 2 s.
        assert!((8_000..=17_000).contains(&history[1].0), "{what}");
        assert_eq!(net.ends(0, tx), [Ok(2001)], "{what}");
        assert_eq!(net.counted(0, "requests.moved"), 1, "{what}");
        assert_eq!(
            net.status(0, "one.test").watchdog,
            WatchdogState::Down,
            "{what}"
        );
        net.thaw(1);
        net.run(60_000);
        let status = net.status(0, "one.test");
        assert_eq!(status.watchdog, WatchdogState::Okay, "{what}");
        assert_eq!(net.history(0, "one.test").len(), 3, "{what}: up again once");
        let tx = net.request(0, Outgoing::new(request("client.test", "test", None)));
        net.run(100);
        assert_eq!(net.ends(0, tx), [Ok(2001)]);
        assert_eq!(net.nodes[0].stack.pending(), 0);
    }
}

#[test]
fn a_peer_that_was_killed_is_on_probation_until_the_third_answer() {
    let mut net = client_and_two_servers(1);
    let mut again = config("one.test");
    again.peers = vec![PeerConfig::new("client.test", None)];
    again.origin_state_id = 2;
    net.kill(1, again);
    net.run(3_000);
    assert_eq!(
        net.history(0, "one.test").last().unwrap().1,
        Some(DownCause::Closed)
    );
    assert_eq!(net.status(0, "one.test").watchdog, WatchdogState::Reopen);
    // DWRs go at once, after Tw, after another Tw.
    net.run(20_000);
    assert_eq!(net.status(0, "one.test").watchdog, WatchdogState::Okay);
    let restarts = net.nodes[0].log.iter();
    let restarts = restarts.filter(|(_, output)| matches!(output, Output::Restarted { .. }));
    assert_eq!(restarts.count(), 1);
}

#[test]
fn a_black_hole_is_found_by_the_watchdog_alone() {
    let mut net = client_and_two_servers(2);
    net.black_hole(1);
    let tx = net.request(0, Outgoing::new(request("client.test", "test", None)));
    net.run(40_000);
    assert_eq!(net.ends(0, tx), [Ok(2001)]);
    let causes: Vec<_> = net
        .history(0, "one.test")
        .into_iter()
        .map(|it| it.1)
        .collect();
    assert_eq!(causes[..2], [None, Some(DownCause::Suspect)]);
    assert_eq!(net.counted(0, "watchdog.down"), 1);
}
