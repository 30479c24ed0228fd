//! Who is refused, and how (RFC 6733 5.3, 5.6.1, 7.1).

use super::raw::{Raw, cer, cer_of};
use super::*;

/// A node that knows `peer.test`.
fn node() -> Raw {
    Raw::new(node_config())
}

fn node_config() -> Config {
    let mut config = config("node.test");
    config.peers = vec![PeerConfig::new("peer.test", None)];
    config
}

/// The result code of the CEA, whose connection is then closed.
#[track_caller]
fn refused(raw: &mut Raw, link: Link, cer: &[u8]) -> Option<u32> {
    let answers = raw.give(link, cer);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].header().command, 257);
    assert!(raw.is_closed(link));
    let code = answers[0].result_code();
    assert_eq!(
        answers[0].is_error(),
        code.is_some_and(|code| code / 1000 == 3)
    );
    code
}

#[test]
fn a_peer_that_nobody_knows_is_refused_with_3010() {
    let mut raw = node();
    let link = raw.accept();
    assert_eq!(refused(&mut raw, link, &cer("stranger.test")), Some(3010));
    assert_eq!(raw.stack.peers().count(), 1);
}

#[test]
fn a_rule_lets_unknown_peers_of_a_realm_in_while_they_are_connected() {
    let mut config = config("node.test");
    config.unknown_peers = vec![UnknownPeers {
        realm: "test".into(),
        tls: false,
    }];
    config.limits.unknown_peers = 1;
    let mut raw = Raw::new(config.clone());
    let link = raw.open("guest.test");
    assert!(raw.stack.peer("guest.test").unwrap().unknown);
    let second = raw.accept();
    assert_eq!(
        refused(&mut raw, second, &cer("other.test")),
        Some(3010),
        "no room"
    );
    raw.stack.closed(Ms(raw.now), link);
    raw.drain();
    assert_eq!(raw.stack.peers().count(), 0);
    config.origin_realm = "elsewhere".into();
    config.origin_host = "guest.test".into();
    let link = raw.accept();
    assert_eq!(
        refused(&mut raw, link, &cer_of(&config)),
        Some(3010),
        "not of the realm"
    );
}

#[test]
fn no_common_application_is_5010_and_a_relay_has_them_all() {
    let mut raw = node();
    let mut peer = config("peer.test");
    peer.applications = vec![Application {
        id: 16_777_251,
        vendor: 10_415,
        accounting: false,
    }];
    let link = raw.accept();
    assert_eq!(refused(&mut raw, link, &cer_of(&peer)), Some(5010));
    peer.relay = true;
    let link = raw.accept();
    assert_eq!(raw.give(link, &cer_of(&peer))[0].result_code(), Some(2001));
}

#[test]
fn an_application_in_a_vendor_specific_group_counts_whatever_the_vendor() {
    let mut raw = node();
    let mut peer = config("peer.test");
    peer.applications = vec![Application {
        id: CC,
        vendor: 10_415,
        accounting: true,
    }];
    let link = raw.accept();
    assert_eq!(raw.give(link, &cer_of(&peer))[0].result_code(), Some(2001));
}

#[test]
fn a_peer_that_must_use_tls_is_refused_without_it_with_5017() {
    let mut config = config("node.test");
    config.peers = vec![PeerConfig {
        tls: true,
        ..PeerConfig::new("peer.test", None)
    }];
    let mut raw = Raw::new(config);
    let link = raw.accept();
    assert_eq!(refused(&mut raw, link, &cer("peer.test")), Some(5017));
    let secure = |name: &str| Secure {
        verified: true,
        names: vec![name.to_owned()],
    };
    let link = raw.accept_with(Some(secure("peer.test"))).unwrap();
    assert_eq!(
        raw.give(link, &cer("peer.test"))[0].result_code(),
        Some(2001)
    );
    assert!(raw.stack.peer("peer.test").unwrap().secure);
}

#[test]
fn in_band_security_alone_is_refused_with_5017() {
    let mut raw = node();
    for (ids, code) in [(&[1_u32][..], 5017), (&[0, 1][..], 2001)] {
        let mut builder =
            crate::proto::peer::Capabilities::request(&config("peer.test"), [127, 0, 0, 9].into());
        for id in ids {
            builder.avp(&base::INBAND_SECURITY_ID, *id);
        }
        let link = raw.accept();
        let answers = raw.give(link, &builder.finish(1, 1).unwrap());
        assert_eq!(answers[0].result_code(), Some(code));
    }
}

/// RFC 6733 13.1: the Origin-Host is to be among the names of the certificate.
#[test]
fn who_uses_the_name_of_another_is_refused() {
    let mut raw = node();
    for (names, code) in [
        (&["other.test"][..], 3010),
        (&["*.elsewhere"][..], 3010),
        (&[][..], 3010),
        (&["other.test", "PEER.test"][..], 2001),
        (&["*.test"][..], 2001),
    ] {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let link = raw
            .accept_with(Some(Secure {
                verified: true,
                names,
            }))
            .unwrap();
        let answers = raw.give(link, &cer("peer.test"));
        assert_eq!(answers[0].result_code(), Some(code));
        raw.stack.closed(Ms(raw.now), link);
    }
}

#[test]
fn a_node_does_not_talk_to_itself() {
    let mut raw = node();
    let mut own = config("node.test");
    own.peers = vec![PeerConfig::new("node.test", None)];
    raw.stack.configure(Ms(0), own);
    let link = raw.accept();
    assert_eq!(refused(&mut raw, link, &cer("NODE.test")), Some(5012));
}

#[test]
fn a_peer_out_of_service_is_refused() {
    let mut raw = node();
    assert!(raw.stack.disable(Ms(0), "peer.test"));
    let link = raw.accept();
    assert_eq!(refused(&mut raw, link, &cer("peer.test")), Some(3010));
    assert!(raw.stack.enable(Ms(0), "peer.test"));
    raw.open("peer.test");
}

/// 5.6: R-Conn-CER while open is R-Reject; the connection that stands is probed, for the peer may have lost it.
#[test]
fn a_second_connection_of_an_open_peer_is_refused_and_the_first_is_probed() {
    let mut raw = node();
    let first = raw.open("peer.test");
    let second = raw.accept();
    assert_eq!(refused(&mut raw, second, &cer("peer.test")), Some(5012));
    assert_eq!(raw.last(first).header().command, 280);
    assert!(!raw.is_closed(first));
}

#[test]
fn a_restarted_peer_takes_the_place_of_what_it_was() {
    let mut raw = node();
    let first = raw.open("peer.test");
    let mut again = config("peer.test");
    again.origin_state_id = 2;
    let second = raw.accept();
    assert_eq!(
        raw.give(second, &cer_of(&again))[0].result_code(),
        Some(2001)
    );
    assert!(raw.is_closed(first));
    assert!(
        raw.outputs
            .iter()
            .any(|it| matches!(it, Output::Restarted { .. }))
    );
}

#[test]
fn a_second_cer_on_an_open_connection_is_answered_with_5012_and_the_connection_stays() {
    let mut raw = node();
    let link = raw.open("peer.test");
    assert_eq!(
        raw.give(link, &cer("peer.test"))[0].result_code(),
        Some(5012)
    );
    assert!(!raw.is_closed(link));
    let answers = raw.give(link, &request("peer.test", "test", None));
    assert!(answers.is_empty());
    assert_eq!(raw.requests().len(), 1);
}

#[test]
fn whatever_comes_before_a_cer_ends_the_connection() {
    let mut raw = node();
    let link = raw.accept();
    assert!(
        raw.give(link, &request("peer.test", "test", None))
            .is_empty()
    );
    assert!(raw.is_closed(link));
}

#[test]
fn connections_without_a_cer_end_in_time_and_are_only_so_many() {
    let mut config = config("node.test");
    config.limits.greeting = 10_000;
    let mut raw = Raw::new(config);
    let links: Vec<_> = (0..10_000).map(|_| raw.accept()).collect();
    assert_eq!(raw.accept_with(None), None);
    raw.run(9_990);
    assert!(raw.closed.is_empty());
    raw.run(20);
    assert_eq!(raw.closed.len(), links.len());
    assert_eq!(raw.counted("connections.silent"), 10_000);
    assert!(raw.accept_with(None).is_some());
}

#[test]
fn one_byte_at_a_time_is_as_good_as_all_at_once() {
    let mut raw = node();
    let link = raw.accept();
    let bytes = cer("peer.test");
    let (last, first) = bytes.split_last().unwrap();
    for byte in first {
        assert!(raw.give(link, &[*byte]).is_empty());
    }
    assert_eq!(raw.give(link, &[*last])[0].result_code(), Some(2001));
}

#[test]
fn a_cer_that_lacks_something_is_answered_with_5005_and_what() {
    let mut raw = node();
    let mut builder = Builder::request(257, 0);
    builder.identities("peer.test", "test");
    builder.avp(&base::AUTH_APPLICATION_ID, CC);
    let link = raw.accept();
    let answers = raw.give(link, &builder.finish(1, 1).unwrap());
    assert_eq!(answers[0].result_code(), Some(5005));
    assert!(answers[0].find(&base::FAILED_AVP).is_some());
    assert!(raw.is_closed(link));
}

#[test]
fn what_is_wrong_in_a_request_for_us_is_answered_and_the_next_is_good() {
    let mut raw = node();
    let link = raw.open("peer.test");
    let mut builder = Builder::request(272, CC);
    builder
        .avp(&base::SESSION_ID, "peer.test;1;2")
        .identities("peer.test", "test");
    builder.avp(&base::DESTINATION_REALM, "test");
    let answers = raw.give(link, &builder.finish(1, 1).unwrap());
    assert_eq!(answers[0].result_code(), Some(5005));
    raw.give(link, &request("peer.test", "test", None));
    assert_eq!(raw.requests().len(), 1);
}

#[test]
fn a_command_that_nobody_knows_is_the_services_in_our_applications_and_else_3001() {
    let mut raw = node();
    let link = raw.open("peer.test");
    let mut bytes = request("peer.test", "test", None).to_vec();
    bytes[5..8].copy_from_slice(&[0, 0x7f, 0xff]);
    assert!(raw.give(link, &bytes).is_empty());
    assert_eq!(raw.requests().len(), 1);
    bytes[8..12].copy_from_slice(&[0; 4]);
    assert_eq!(raw.give(link, &bytes)[0].result_code(), Some(3001));
}

#[test]
fn more_avps_and_deeper_groups_than_the_settings_allow_are_answered_with_5012() {
    let with = |avps: u32, depth: u8| {
        let mut config = node_config();
        (config.limits.avps, config.limits.depth) = (avps, depth);
        let mut raw = Raw::new(config);
        let link = raw.open("peer.test");
        let mut builder = Builder::request(272, CC);
        builder
            .avp(&base::SESSION_ID, "peer.test;1;2")
            .identities("peer.test", "test");
        builder.avp(&base::DESTINATION_REALM, "test");
        // 20 AVPs, and three groups inside each other, of which nobody minds the contents.
        for _ in 0..13 {
            builder.put(9_999, 0, 0, b"x");
        }
        builder.group(&credit::MULTIPLE_SERVICES_CREDIT_CONTROL, |services| {
            services.group(&credit::GRANTED_SERVICE_UNIT, |units| {
                units.group(&credit::CC_MONEY, |_| {});
            });
        });
        let answers = raw.give(link, &builder.finish(1, 1).unwrap());
        let answer = answers.first().expect("an answer");
        let text = answer.find(&base::ERROR_MESSAGE).expect("why");
        let text = text.utf8().expect("text").to_owned();
        raw.give(link, &request("peer.test", "test", None));
        assert_eq!(raw.requests().len(), 1, "the next is good");
        (answer.result_code(), text)
    };
    assert_eq!(with(19, 16), (Some(5012), "too many AVPs".to_owned()));
    let deep = "groups nested too deeply".to_owned();
    assert_eq!(with(100, 2), (Some(5012), deep));
    // Within both it is looked at for what it is.
    assert_eq!(with(20, 3).0, Some(5005));
}

/// 6.3, row 5015: the frame is lost, the connection ends; the answer goes first.
#[test]
fn a_length_that_cannot_be_true_is_answered_with_5015_and_ends_the_connection() {
    let mut raw = node();
    let link = raw.open("peer.test");
    let mut bytes = request("peer.test", "test", None).to_vec();
    bytes[3] += 1;
    assert_eq!(raw.give(link, &bytes)[0].result_code(), Some(5015));
    assert!(raw.is_closed(link));
    let downs = raw.outputs.iter().filter(|it| {
        matches!(
            it,
            Output::Down {
                cause: DownCause::Framing,
                ..
            }
        )
    });
    assert_eq!(downs.count(), 1);
}

#[test]
fn version_and_reserved_bits_are_answered_and_the_connection_stays() {
    let mut raw = node();
    let link = raw.open("peer.test");
    for (at, value, code) in [(0, 2, 5011), (4, 0xc1, 5013)] {
        let mut bytes = request("peer.test", "test", None).to_vec();
        bytes[at] = value;
        assert_eq!(raw.give(link, &bytes)[0].result_code(), Some(code));
        assert!(!raw.is_closed(link));
    }
    raw.give(link, &request("peer.test", "test", None));
    assert_eq!(raw.requests().len(), 1);
}

#[test]
fn half_a_message_and_the_end_leave_nothing_behind() {
    let mut raw = node();
    let link = raw.open("peer.test");
    let bytes = request("peer.test", "test", None);
    raw.give(link, &bytes[..bytes.len() / 2]);
    raw.stack.closed(Ms(0), link);
    raw.drain();
    assert!(raw.requests().is_empty());
    assert_eq!(raw.stack.connections.len(), 0);
    let link = raw.open("peer.test");
    raw.give(link, &bytes);
    assert_eq!(raw.requests().len(), 1);
}

/// 6.3, row 3008; the P bit is not for what concerns two neighbours only.
#[test]
fn a_proxiable_watchdog_is_answered_with_3008_and_a_good_one_with_2001() {
    let mut raw = node();
    let link = raw.open("peer.test");
    let mut builder = Builder::request(280, 0);
    builder.identities("peer.test", "test");
    let good = builder.finish(5, 6).unwrap();
    let mut bad = good.to_vec();
    bad[4] |= 0x40;
    assert_eq!(raw.give(link, &bad)[0].result_code(), Some(3008));
    let answers = raw.give(link, &good);
    assert_eq!(answers[0].result_code(), Some(2001));
    assert_eq!(answers[0].header().hop_by_hop, 5);
    assert_eq!(
        answers[0].find(&base::ORIGIN_STATE_ID).unwrap().u32(),
        Ok(1)
    );
}
