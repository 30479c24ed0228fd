//! The way of requests (RFC 6733 6.1): realms, hosts, redirects, relays, and what is answered where there is none.

use super::raw::{Raw, answer};
use super::*;

fn realm(realm: &str, action: RealmAction) -> Realm {
    Realm {
        realm: realm.into(),
        application: None,
        action,
    }
}

fn peers(hosts: &[&str]) -> Vec<RoutePeer> {
    hosts.iter().map(|host| RoutePeer::new(host)).collect()
}

/// A node with open connections to these peers.
fn node(hosts: &[&str], change: impl FnOnce(&mut Config)) -> (Raw, Vec<Link>) {
    let mut config = config("node.test");
    config.peers = hosts
        .iter()
        .map(|host| PeerConfig::new(host, None))
        .collect();
    change(&mut config);
    let mut raw = Raw::new(config);
    let links = hosts.iter().map(|host| raw.open(host)).collect();
    (raw, links)
}

#[test]
fn what_is_not_for_us_is_answered_with_3002_or_3003() {
    let (mut raw, links) = node(&["peer.test"], |_| {});
    for (realm, host, code) in [
        ("test", Some("other.test"), 3002),
        ("elsewhere", None, 3003),
        ("elsewhere", Some("other.elsewhere"), 3003),
    ] {
        let answers = raw.give(links[0], &request("peer.test", realm, host));
        assert_eq!(answers[0].result_code(), Some(code), "{realm} {host:?}");
        assert!(answers[0].is_error());
        assert_eq!(answers[0].session_id(), Some("peer.test;1;2"));
        assert_eq!(answers[0].origin_host(), Some("node.test"));
    }
    raw.give(links[0], &request("peer.test", "TEST", Some("NODE.test")));
    assert_eq!(raw.requests().len(), 1);
}

#[test]
fn an_application_that_is_not_ours_is_answered_with_3007() {
    let (mut raw, links) = node(&["peer.test"], |_| {});
    let mut bytes = request("peer.test", "test", None).to_vec();
    bytes[11] = 77;
    let answers = raw.give(links[0], &bytes);
    assert_eq!(answers[0].result_code(), Some(3007));
}

#[test]
fn our_own_identity_in_a_route_record_is_3005() {
    let (mut raw, links) = node(&["peer.test"], |config| config.relay = true);
    let bytes = crate::proto::wire::Patch::new(request("peer.test", "elsewhere", None));
    let bytes = bytes.route_record("NODE.test").unwrap().finish();
    assert_eq!(raw.give(links[0], &bytes)[0].result_code(), Some(3005));
}

#[test]
fn a_realm_that_is_redirected_is_answered_with_3006_and_where_to_ask() {
    let (mut raw, links) = node(&["peer.test"], |config| {
        config.relay = true;
        config.realms = vec![realm(
            "far",
            RealmAction::Redirect {
                hosts: vec!["aaa://one.far:3868".into(), "aaa://two.far".into()],
                usage: RedirectUsage::AllRealm,
                cache_seconds: 60,
            },
        )];
    });
    let answers = raw.give(links[0], &request("peer.test", "far", None));
    assert_eq!(answers[0].result_code(), Some(3006));
    assert!(answers[0].is_error());
    let hosts: Vec<_> = answers[0].all(&base::REDIRECT_HOST).collect();
    assert_eq!(hosts[1].uri().unwrap().host, "two.far");
    assert_eq!(
        answers[0]
            .find(&base::REDIRECT_MAX_CACHE_TIME)
            .unwrap()
            .u32(),
        Ok(60)
    );
}

#[test]
fn a_redirect_is_followed_and_remembered_as_long_as_it_says() {
    let hosts = ["agent.test", "one.far"];
    let (mut raw, links) = node(&hosts, |config| {
        config.realms = vec![realm("far", RealmAction::Relay(peers(&["agent.test"])))];
    });
    let ask = |raw: &mut Raw| raw.request(Outgoing::new(request("node.test", "far", None)));
    let tx = ask(&mut raw);
    let asked = raw.last(links[0]).clone();
    let mut redirect = Builder::answer(&asked);
    redirect.error().identities("agent.test", "test");
    redirect.avp(&base::RESULT_CODE, 3006_u32);
    redirect.avp(&base::REDIRECT_HOST, "aaa://one.far:3868;transport=tcp");
    redirect.avp(&base::REDIRECT_HOST_USAGE, 2);
    redirect.avp(&base::REDIRECT_MAX_CACHE_TIME, 20_u32);
    let redirect = redirect
        .finish(asked.header().hop_by_hop, asked.header().end_to_end)
        .unwrap();
    raw.give(links[0], &redirect);
    let again = raw.last(links[1]).clone();
    assert_eq!(again.header().end_to_end, asked.header().end_to_end);
    assert!(
        !again.header().is_retransmit(),
        "it was not done by anybody"
    );
    raw.give(links[1], &answer(&again, 2001));
    assert_eq!(raw.ends(tx), [Ok(2001)]);
    let before = raw.sent.len();
    ask(&mut raw);
    assert_eq!(raw.sent[before].0, links[1], "remembered");
    raw.run(20_001);
    let before = raw.sent.len();
    ask(&mut raw);
    assert_eq!(raw.sent[before].0, links[0], "forgotten");
}

#[test]
fn a_redirect_to_nobody_we_know_is_the_answer() {
    let (mut raw, links) = node(&["agent.test"], |_| {});
    let tx = raw.request(Outgoing::new(request("node.test", "test", None)));
    let asked = raw.last(links[0]).clone();
    let mut redirect = Builder::answer(&asked);
    redirect
        .error()
        .avp(&base::RESULT_CODE, 3006_u32)
        .identities("agent.test", "test");
    redirect.avp(&base::REDIRECT_HOST, "aaa://nobody.far");
    let redirect = redirect
        .finish(asked.header().hop_by_hop, asked.header().end_to_end)
        .unwrap();
    raw.give(links[0], &redirect);
    assert_eq!(raw.ends(tx), [Ok(3006)]);
}

#[test]
fn requests_go_by_priority_then_by_load_for_the_weight() {
    let hosts = ["a.test", "b.test", "c.test"];
    let (mut raw, links) = node(&hosts, |config| {
        let weigh = |host, priority, weight| RoutePeer {
            priority,
            weight,
            ..RoutePeer::new(host)
        };
        let all = vec![
            weigh("a.test", 1, 3),
            weigh("b.test", 1, 1),
            weigh("c.test", 2, 9),
        ];
        config.realms = vec![realm("test", RealmAction::Local(all))];
    });
    for _ in 0..400 {
        raw.request(Outgoing::new(request("node.test", "test", None)));
    }
    let pending = |raw: &Raw, host| raw.stack.peer(host).unwrap().pending;
    assert_eq!(pending(&raw, "a.test"), 300);
    assert_eq!(pending(&raw, "b.test"), 100);
    raw.stack.closed(Ms(raw.now), links[0]);
    raw.stack.closed(Ms(raw.now), links[1]);
    raw.drain();
    assert_eq!(pending(&raw, "c.test"), 400, "all are moved to who is left");
}

#[test]
fn of_idle_peers_one_is_chosen_by_chance_for_its_weight() {
    let (mut raw, links) = node(&["a.test", "b.test"], |config| {
        let heavy = RoutePeer {
            weight: 3,
            ..RoutePeer::new("a.test")
        };
        let all = vec![heavy, RoutePeer::new("b.test")];
        config.realms = vec![realm("test", RealmAction::Local(all))];
    });
    for _ in 0..1_000 {
        raw.request(Outgoing::new(request("node.test", "test", None)));
        let (link, asked) = raw.sent.last().unwrap().clone();
        raw.give(link, &answer(&asked, 2001));
    }
    let heavy = raw
        .sent
        .iter()
        .filter(|(link, _)| *link == links[0])
        .count();
    assert!((700..800).contains(&heavy), "{heavy}");
}

#[test]
fn a_peer_is_not_asked_for_an_application_that_it_has_not_named() {
    let mut config = config("node.test");
    config.peers = vec![PeerConfig::new("peer.test", None)];
    config.applications.push(Application {
        id: 77,
        vendor: 0,
        accounting: false,
    });
    let mut raw = Raw::new(config);
    raw.open("peer.test");
    let mut bytes = request("node.test", "test", None).to_vec();
    bytes[11] = 77;
    let tx = raw.request(Outgoing::new(bytes.into()));
    assert_eq!(raw.ends(tx), [Err(TxFailure::Unroutable)]);
}

#[test]
fn without_a_way_a_request_fails_at_once() {
    let (mut raw, _) = node(&["peer.test"], |config| {
        config.realms = vec![realm(
            "down",
            RealmAction::Relay(peers(&["nobody.test", "away.test"])),
        )];
        config.peers.push(PeerConfig::new("away.test", None));
    });
    let fail = |raw: &mut Raw, realm, host| {
        let tx = raw.request(Outgoing::new(request("node.test", realm, host)));
        raw.ends(tx)
    };
    // The peers named in the table connect by themselves, if they do.
    assert_eq!(fail(&mut raw, "far", None), [Err(TxFailure::NoRoute)]);
    assert_eq!(fail(&mut raw, "down", None), [Err(TxFailure::Unroutable)]);
    assert_eq!(
        fail(&mut raw, "test", Some("away.test")),
        [Err(TxFailure::Unroutable)]
    );
    let tx = raw.request(Outgoing::new(Bytes::from_static(b"no message at all...")));
    assert_eq!(raw.ends(tx), [Err(TxFailure::Invalid)]);
    assert_eq!(raw.stack.pending(), 0);
}

#[test]
fn default_routes_take_what_no_other_peer_takes() {
    let (mut raw, links) = node(&["agent.test"], |config| {
        config.peers[0].default_route = true
    });
    raw.request(Outgoing::new(request("node.test", "far", Some("host.far"))));
    assert_eq!(raw.last(links[0]).destination_host(), Some("host.far"));
}

#[test]
fn more_than_may_wait_is_an_overflow() {
    let (mut raw, links) = node(&["peer.test"], |config| config.limits.pending_per_peer = 2);
    let all: Vec<Tx> = (0..3)
        .map(|_| raw.request(Outgoing::new(request("node.test", "test", None))))
        .collect();
    assert_eq!(raw.ends(all[2]), [Err(TxFailure::Overflow)]);
    let asked = raw.last(links[0]).clone();
    raw.give(links[0], &answer(&asked, 2001));
    let tx = raw.request(Outgoing::new(request("node.test", "test", None)));
    assert_eq!(raw.ends(tx), []);
    for limit in [
        Limits {
            pending: 1,
            ..Limits::default()
        },
        Limits {
            pending_bytes: 100,
            ..Limits::default()
        },
    ] {
        let mut config = config("node.test");
        config.peers = vec![PeerConfig::new("peer.test", None)];
        config.limits = limit;
        raw.stack.configure(Ms(raw.now), config);
        let tx = raw.request(Outgoing::new(request("node.test", "test", None)));
        assert_eq!(raw.ends(tx), [Err(TxFailure::Overflow)]);
    }
}

#[test]
fn a_peer_with_too_much_waiting_here_is_told_3004() {
    let (mut raw, links) = node(&["peer.test"], |config| config.limits.incoming_per_peer = 1);
    raw.give(links[0], &request("peer.test", "test", None));
    let answers = raw.give(links[0], &request("peer.test", "test", None));
    assert_eq!(answers[0].result_code(), Some(3004));
    let (key, asked) = raw.requests().remove(0);
    assert!(raw.stack.answer(Ms(0), key, success(&asked, "node.test")));
    assert!(
        !raw.stack.answer(Ms(0), key, success(&asked, "node.test")),
        "only once"
    );
    raw.give(links[0], &request("peer.test", "test", None));
    assert_eq!(raw.requests().len(), 2);
}

/// 6.1.9, 6.2.2: a Route-Record is added, the Hop-by-Hop Identifier exchanged, everything else kept.
#[test]
fn a_relay_passes_requests_on_and_answers_back() {
    let (mut raw, links) = node(&["client.test", "server.far"], |config| {
        config.relay = true;
        config.realms = vec![realm("far", RealmAction::Relay(peers(&["server.far"])))];
    });
    let patch = crate::proto::wire::Patch::new(request("client.test", "far", None));
    let asked = patch.hop_by_hop(0x1111).end_to_end(0x2222).finish();
    assert!(raw.give(links[0], &asked).is_empty());
    let passed = raw.last(links[1]).clone();
    assert_eq!(passed.header().end_to_end, 0x2222);
    assert_ne!(passed.header().hop_by_hop, 0x1111);
    let record = passed.avps().last().unwrap();
    assert!(record.is(&base::ROUTE_RECORD));
    assert_eq!(record.identity(), Ok("client.test"));
    assert_eq!(passed.bytes()[20..asked.len()], asked[20..]);
    raw.give(links[1], &answer(&passed, 2001));
    let back = raw.last(links[0]);
    assert_eq!(back.header().hop_by_hop, 0x1111);
    assert_eq!(back.header().end_to_end, 0x2222);
    assert_eq!(back.result_code(), Some(2001));
    assert_eq!(raw.stack.pending() + raw.stack.incoming(), 0);
}

#[test]
fn a_relay_without_a_peer_answers_3002_and_does_not_send_back_where_it_came_from() {
    let (mut raw, links) = node(&["client.test", "server.far"], |config| {
        config.relay = true;
        let both = peers(&["server.far", "client.test"]);
        config.realms = vec![realm("far", RealmAction::Relay(both))];
    });
    raw.stack.closed(Ms(0), links[1]);
    raw.drain();
    let answers = raw.give(links[0], &request("client.test", "far", None));
    assert_eq!(answers[0].result_code(), Some(3002));
    assert!(answers[0].is_error());
    assert_eq!(raw.stack.pending() + raw.stack.incoming(), 0);
}

#[test]
fn a_relay_answers_3002_when_nobody_else_does() {
    let (mut raw, links) = node(&["client.test", "server.far"], |config| {
        config.relay = true;
        config.realms = vec![realm("far", RealmAction::Relay(peers(&["server.far"])))];
    });
    raw.give(links[0], &request("client.test", "far", None));
    raw.run(10_010);
    let refusals: Vec<_> = raw
        .sent
        .iter()
        .filter(|(link, it)| *link == links[0] && it.is_error())
        .collect();
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0].1.result_code(), Some(3002));
}

#[test]
fn a_proxy_shows_the_request_to_its_service_and_passes_on_what_it_is_given() {
    let (mut raw, links) = node(&["client.test", "server.far"], |config| {
        config.relay = true;
        config.realms = vec![realm("far", RealmAction::Proxy(peers(&["server.far"])))];
    });
    raw.give(links[0], &request("client.test", "far", None));
    let (key, asked) = raw.requests().remove(0);
    assert!(raw.stack.forward(Ms(0), key, asked.bytes().clone()));
    raw.drain();
    let passed = raw.last(links[1]).clone();
    raw.give(links[1], &answer(&passed, 2001));
    let back = raw.last(links[0]);
    assert_eq!(back.result_code(), Some(2001));
    assert_eq!(back.header().hop_by_hop, asked.header().hop_by_hop);
    assert!(!raw.stack.forward(Ms(0), key, asked.bytes().clone()));
}
