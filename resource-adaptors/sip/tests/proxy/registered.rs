//! Registered clients behind the proxy: GRUUs (RFC 5627), further flows and new ones (RFC 5626 5.3).

use strowger_sip::proto::flow::Conn;
use strowger_sip::proto::registrar::{Aor, Policy};

use super::*;

const POLICY: Policy = Policy {
    min_expires: 60,
    default_expires: 3600,
    max_expires: 7200,
    contacts: 5,
};
const CONTACT: &str = "sip:x7@phone.invalid;transport=tcp";

fn aor() -> Aor {
    Aor::parse(b"sip:bob@b.example").unwrap()
}

fn over(conn: u64) -> Flow {
    Flow {
        conn: Some(Conn(conn)),
        ..flow(Transport::Tcp, 1, &format!("192.0.2.50:{}", 40_000 + conn))
    }
}

impl Bench {
    /// Bob's phone registers over a connection that stands.
    fn register(&mut self, conn: u64, cseq: u32, params: &str) {
        self.ua.set_connected(Conn(conn), true);
        let contact = format!("Contact: <{CONTACT}>;+sip.instance=\"<urn:uuid:1>\"{params}\r\n");
        let text = format!(
            "REGISTER sip:b.example SIP/2.0\r\nVia: SIP/2.0/TCP phone.invalid;branch=z9hG4bKr{cseq}\r\n\
             From: <sip:bob@b.example>;tag=r\r\nTo: <sip:bob@b.example>\r\nCall-ID: reg\r\nCSeq: {cseq} REGISTER\r\n\
             Supported: outbound, path, gruu\r\n{contact}Content-Length: 0\r\n\r\n"
        );
        let message = Message::parse(text.into(), &Limits::DEFAULT).unwrap();
        let location = self.ua.location();
        let outcome = location
            .decide(self.now, &aor(), &message, over(conn), &POLICY)
            .unwrap();
        self.ua.location_mut().apply(77, &aor(), outcome.bindings);
    }

    fn phone(&self, conn: u64) -> Fork {
        let aim = Aim {
            uri: CONTACT.into(),
            flow: Some(over(conn)),
            ..Aim::default()
        };
        Fork {
            aims: vec![aim],
            record_route: true,
            ..Fork::default()
        }
    }

    /// Bob's phone says something on its connection.
    fn says(&mut self, conn: u64, text: impl Into<Bytes>) {
        self.ua.frame(self.now, over(conn), text.into());
        self.drain();
    }

    #[track_caller]
    fn came(&mut self, conn: u64) -> Message {
        let peer = over(conn).peer.to_string();
        self.one(&peer)
    }
}

/// A call to the phone on connection 1 that is up, and its 200 as Alice sees it.
fn call(contact: &str) -> (Bench, Message) {
    let mut bench = Bench::new();
    bench.register(1, 1, "");
    bench.come(ALICE, invite());
    let fork = bench.phone(1);
    bench.proxy(fork);
    let copy = bench.came(1);
    bench.says(
        1,
        response(&copy, 200, "b1", &format!("Contact: <{contact}>\r\n")),
    );
    let ok = bench.one(ALICE);
    bench.come(ALICE, to(&within("ACK", &ok, 1, true, "ack"), contact));
    assert_eq!(bench.came(1).method(), Some(&Method::Ack));
    (bench, ok)
}

fn to(text: &str, contact: &str) -> String {
    text.replacen("sip:bob@192.0.2.20:5060", contact, 1)
}

#[test]
fn a_dialogs_requests_follow_the_called_to_its_new_connection() {
    let (mut bench, ok) = call(CONTACT);
    bench.ua.set_connected(Conn(1), false);
    bench.register(2, 2, "");
    bench.come(ALICE, to(&within("INFO", &ok, 2, true, "info"), CONTACT));
    let info = bench.came(2);
    assert_eq!(info.method(), Some(&Method::Info));
    bench.says(2, response(&info, 200, "", ""));
    assert_eq!(bench.statuses(), [200]);
    let bye = within("BYE", &ok, 9, false, "bye").replace("192.0.2.20:5060", "phone.invalid");
    bench.says(2, bye);
    assert_eq!(bench.one(ALICE).method(), Some(&Method::Bye));
}

#[test]
fn an_ack_follows_too_and_nothing_goes_elsewhere_while_the_client_is_gone() {
    let (mut bench, ok) = call(CONTACT);
    bench.ua.set_connected(Conn(1), false);
    bench.register(2, 2, "");
    bench.come(ALICE, to(&within("ACK", &ok, 1, true, "ack2"), CONTACT));
    assert_eq!(bench.came(2).method(), Some(&Method::Ack));
    bench.ua.set_connected(Conn(2), false);
    bench.come(ALICE, to(&within("INFO", &ok, 2, true, "info"), CONTACT));
    assert!(bench.take("192.0.2.50:40002").is_empty());
}

/// RFC 5627 5.2: the proxy of the domain puts the contact in the place of a GRUU, within dialogs as well.
#[test]
fn a_dialog_whose_contact_is_a_gruu_goes_to_that_client() {
    let gruu = "sip:bob@b.example;gr=urn:uuid:1";
    let (mut bench, ok) = call(gruu);
    bench.ua.set_connected(Conn(1), false);
    bench.register(2, 2, "");
    bench.come(ALICE, to(&within("BYE", &ok, 2, true, "bye"), gruu));
    let bye = bench.came(2);
    assert_eq!(bye.uri_raw(), Some(CONTACT.as_bytes()));
}

/// RFC 5626 5.3.
#[test]
fn a_flow_that_failed_is_replaced_by_the_next_of_the_same_client() {
    let mut bench = Bench::new();
    bench.register(1, 1, ";reg-id=1");
    bench.wait(10);
    bench.register(2, 2, ";reg-id=2");
    bench.come(ALICE, invite());
    let fork = bench.phone(2);
    bench.proxy(fork);
    let first = bench.came(2);
    bench.says(2, response(&first, 430, "x", ""));
    assert_eq!(bench.came(2).method(), Some(&Method::Ack));
    let second = bench.came(1);
    assert_eq!(second.method(), Some(&Method::Invite));
    bench.says(1, response(&second, 486, "x", ""));
    assert_eq!(bench.came(1).method(), Some(&Method::Ack));
    // The client itself has spoken.
    assert_eq!(bench.statuses(), [486]);
}

#[test]
fn a_flow_that_is_gone_already_is_passed_over_and_with_none_left_the_call_fails() {
    let mut bench = Bench::new();
    bench.register(1, 1, ";reg-id=1");
    bench.register(2, 2, ";reg-id=2");
    bench.ua.set_connected(Conn(2), false);
    bench.come(ALICE, invite());
    let fork = bench.phone(2);
    bench.proxy(fork);
    let second = bench.came(1);
    bench.says(1, response(&second, 430, "x", ""));
    assert_eq!(bench.came(1).method(), Some(&Method::Ack));
    assert_eq!(bench.statuses(), [430]);
}

/// RFC 5627 3.2, 5.1, 5.3.
#[test]
fn a_gruu_is_good_while_its_client_is_registered() {
    let mut bench = Bench::new();
    bench.register(1, 1, "");
    let location = bench.ua.location();
    let binding = &location.bindings(&aor())[0];
    let (public, temporary) = location.gruus(&aor(), binding, false, 7).unwrap();
    let meant = |bench: &Bench, uri: &[u8]| bench.ua.location().meant_by(uri).len();
    assert_eq!(public, b"sip:bob@b.example;gr=urn:uuid:1");
    assert_eq!(meant(&bench, &public), 1);
    assert_eq!(meant(&bench, &temporary), 1);
    assert_eq!(meant(&bench, b"sip:bob@b.example;gr=urn:uuid:2"), 0);
    assert_eq!(meant(&bench, b"sip:tgruu.00@b.example;gr"), 0);
    // Refreshed: both stay good. Another process with the same secret and records knows it as well.
    bench.register(2, 2, "");
    assert_eq!(meant(&bench, &temporary), 1);
    let mut next = Bench::seeded(99);
    next.register(3, 3, "");
    assert_eq!(meant(&next, &temporary), 1);
    while bench.ua.location_mut().expire(Ms(u64::MAX / 2)).is_some() {}
    assert_eq!(meant(&bench, &temporary), 0);
    assert_eq!(meant(&bench, &public), 0);
}
