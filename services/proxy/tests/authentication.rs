//! Who may call whom: users prove who they are, strangers reach own users only.

use strowger_proxy::{Settings, service};
use strowger_sip::proto::auth::{Credentials, Session};
use strowger_sip::testkit::{Call, SipTestKit};
use strowger_sip::{Account, Users};
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@own.example";
const BOB: &str = "sip:bob@b.example";

fn kit() -> TestKit {
    let users: Users = [("alice".to_owned(), Account::password("wonderland"))]
        .into_iter()
        .collect();
    let settings = Settings {
        domains: vec!["own.example".to_owned()],
        users,
        ..Settings::default()
    };
    TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(service(), settings)
}

/// A call of Alice's, asked for credentials and sent again with those of `user`.
fn call_as(slee: &TestKit, user: &str, password: &str) -> Call {
    let alice = slee.sip().invite(ALICE, BOB).expect(407);
    let mut session = Session::new(Some(Credentials {
        realm: None,
        user: user.as_bytes().into(),
        account: Account::password(password),
    }));
    assert!(session.learn(&alice.last(), &[], false));
    let uri = String::from_utf8(session_uri(slee)).expect("text");
    let lines = session.lines(b"INVITE", uri.as_bytes(), b"", 7);
    let lines = String::from_utf8(lines).expect("text");
    alice.request("INVITE", &[lines.trim_end()], b"")
}

/// The Request-URI with which the kit's peers call Bob.
fn session_uri(slee: &TestKit) -> Vec<u8> {
    let probe = slee
        .sip()
        .request("OPTIONS", "sip:x@b.example", BOB, &[], b"");
    let contact = probe.contact();
    contact
        .trim_matches(['<', '>'])
        .replace("x@", "bob@")
        .into_bytes()
}

#[test]
fn a_user_who_proves_to_be_one_may_call_anywhere_and_is_vouched_for() {
    let slee = kit();
    let alice = call_as(&slee, "alice", "wonderland");
    let bob = slee.sip().expect_invite(BOB);
    assert_eq!(
        bob.header("P-Asserted-Identity").as_deref(),
        Some("<sip:alice@own.example>")
    );
    assert_eq!(bob.header("Proxy-Authorization"), None);
    bob.answer();
    alice.expect(200);
    bob.expect_ack();
}

#[test]
fn a_wrong_password_and_a_borrowed_name_are_refused() {
    let slee = kit();
    call_as(&slee, "alice", "looking-glass").expect(407);
    let slee = kit();
    call_as(&slee, "mallory", "wonderland").expect(407);
    // Not even with credentials of its own may one call as another.
    let users: Users = [("mallory".to_owned(), Account::password("m"))]
        .into_iter()
        .collect();
    let settings = Settings {
        domains: vec!["own.example".to_owned()],
        users,
        ..Settings::default()
    };
    let slee = TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(service(), settings);
    call_as(&slee, "mallory", "m").expect(403);
}

#[test]
fn a_user_of_one_domain_does_not_call_as_one_of_another() {
    let user = |name: &str| (name.to_owned(), Account::password("m"));
    for (name, status) in [("alice@other.example", 403), ("alice@OWN.example", 100)] {
        let settings = Settings {
            domains: vec!["own.example".to_owned(), "other.example".to_owned()],
            realm: Some("office".to_owned()),
            users: [user(name)].into_iter().collect(),
            ..Settings::default()
        };
        let slee = TestKit::strict()
            .adaptor(strowger_sip::adaptor())
            .service_with(service(), settings);
        let alice = call_as(&slee, name, "m");
        match status {
            403 => drop(alice.expect(403)),
            _ => drop(slee.sip().expect_invite(BOB)),
        }
    }
}
