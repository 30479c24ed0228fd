//! `sips`: nothing of a request goes unencrypted (RFC 3261 26.2.2), and what is told to who asked for it (RFC 5630).

use strowger_sip::proto::flow::Conn;

use super::*;

fn sips() -> String {
    invite().replace("INVITE sip:", "INVITE sips:")
}

fn to(uri: &str, flow: Option<Flow>) -> Fork {
    let aim = Aim {
        uri: uri.to_owned().into(),
        flow,
        ..Aim::default()
    };
    Fork {
        aims: vec![aim],
        ..Fork::default()
    }
}

fn phone(transport: Transport) -> Flow {
    let listener = if transport == Transport::Tls { 2 } else { 0 };
    Flow {
        conn: (transport == Transport::Tls).then_some(Conn(5)),
        ..flow(transport, listener, BOB)
    }
}

#[test]
fn what_is_for_sips_goes_to_no_contact_without_encryption() {
    for (uri, flow) in [
        ("sip:bob@192.0.2.20", None),
        ("sip:bob@192.0.2.20;transport=tcp", None),
        ("sip:bob@phone.invalid", Some(phone(Transport::Udp))),
        ("sips:bob@phone.invalid", Some(phone(Transport::Udp))),
    ] {
        let mut bench = Bench::new();
        bench.come(ALICE, sips());
        bench.proxy(to(uri, flow));
        assert!(bench.take(BOB).is_empty(), "{uri}");
        let refusal = bench.one(ALICE);
        assert_eq!(refusal.status(), Some(480), "{uri}");
        assert_eq!(
            refusal.get(HeaderId::Warning),
            Some(&b"380 sip \"SIPS Not Allowed\""[..])
        );
    }
}

#[test]
fn what_is_for_sips_goes_over_tls_and_to_clients_that_keep_a_connection_of_that() {
    for (uri, flow) in [
        ("sips:bob@192.0.2.20:5060", None),
        ("sip:bob@192.0.2.20:5060;transport=tls", None),
        ("sip:bob@phone.invalid", Some(phone(Transport::Tls))),
    ] {
        let mut bench = Bench::new();
        bench.ua.set_connected(Conn(5), true);
        bench.come(ALICE, sips());
        bench.proxy(to(uri, flow));
        let copy = bench.one(BOB);
        assert_eq!(copy.method(), Some(&Method::Invite), "{uri}");
    }
}

#[test]
fn a_place_without_encryption_is_passed_over_for_one_that_has_it() {
    let mut bench = Bench::new();
    bench.come(ALICE, sips());
    let mut fork = to("sip:bob@192.0.2.30", None);
    fork.aims.extend(to("sips:bob@192.0.2.20:5060", None).aims);
    bench.proxy(fork);
    assert!(bench.take(CAROL).is_empty());
    let copy = bench.one(BOB);
    bench.come(BOB, response(&copy, 200, "b", ""));
    assert_eq!(bench.statuses(), [200]);
}
