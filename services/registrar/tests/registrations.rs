//! Registrations, in virtual time.

use strowger::prelude::*;
use strowger_registrar::{Settings, service};
use strowger_sip::testkit::{Call, SipTestKit};
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@a.example";

fn with(settings: Settings) -> TestKit {
    TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(service(), settings)
}

fn open() -> Settings {
    Settings {
        authentication: false,
        ..Settings::default()
    }
}

/// The Contact values of an answer, sorted.
fn contacts(call: &Call) -> Vec<String> {
    let message = call.last();
    let lines = message.headers().filter(|h| h.name == b"Contact");
    let mut all: Vec<String> = lines
        .map(|h| String::from_utf8_lossy(h.value).into_owned())
        .collect();
    all.sort();
    all
}

fn query(slee: &TestKit) -> Vec<String> {
    contacts(
        &slee
            .sip()
            .request("REGISTER", ALICE, ALICE, &[], b"")
            .expect(200),
    )
}

#[test]
fn a_contact_is_bound_refreshed_and_removed() {
    let mut slee = with(open());
    let alice = slee.sip().register(ALICE, &["Expires: 600"]).expect(200);
    let contact = alice.contact();
    assert_eq!(contacts(&alice), [format!("{contact};expires=600")]);
    slee.advance(secs(100));
    assert_eq!(query(&slee), [format!("{contact};expires=500")]);
    let line = format!("Contact: {contact};expires=900");
    alice.request("REGISTER", &[&line], b"").expect(200);
    assert_eq!(query(&slee), [format!("{contact};expires=900")]);
    alice
        .request("REGISTER", &["Contact: *", "Expires: 0"], b"")
        .expect(200);
    assert_eq!(query(&slee), Vec::<String>::new());
    slee.advance(secs(40));
    let counts = slee.counts();
    assert_eq!((counts.activities, counts.entities), (0, 0));
}

#[test]
fn a_contact_that_is_not_refreshed_ends() {
    let mut slee = with(open());
    let _ = slee.sip().register(ALICE, &["Expires: 60"]).expect(200);
    slee.advance(secs(59));
    assert_eq!(query(&slee).len(), 1);
    slee.advance(secs(41));
    assert_eq!(query(&slee).len(), 0);
    slee.advance(secs(40));
    let counts = slee.counts();
    assert_eq!((counts.activities, counts.entities), (0, 0));
    assert_eq!(slee.counter("sip.bindings_expired"), 1);
}

#[test]
fn registrations_outlive_the_process_with_what_is_left_of_them() {
    let mut slee = with(open());
    let alice = slee.sip().register(ALICE, &["Expires: 600"]).expect(200);
    let other = "Contact: <sip:other@192.0.2.77:5060>;q=0.5;expires=100";
    alice.request("REGISTER", &[other], b"").expect(200);
    let contact = alice.contact();
    slee.advance(secs(30));
    slee.crash_and_restart_after(secs(20));
    assert_eq!(
        query(&slee),
        [
            format!("{contact};expires=550"),
            "<sip:other@192.0.2.77:5060>;q=0.5;expires=50".to_owned(),
        ]
    );
    slee.crash_and_restart_after(secs(60));
    assert_eq!(query(&slee), [format!("{contact};expires=490")]);
    slee.advance(secs(600));
    let counts = slee.counts();
    assert_eq!((counts.activities, counts.entities), (0, 0));
    slee.crash_and_restart();
    assert_eq!(query(&slee), Vec::<String>::new());
}

#[test]
fn what_asks_for_too_little_time_or_too_many_contacts_is_refused() {
    let slee = with(Settings {
        contacts_per_user: 2,
        ..open()
    });
    let brief = slee.sip().register(ALICE, &["Expires: 10"]).expect(423);
    assert_eq!(brief.header("Min-Expires").as_deref(), Some("60"));
    let three = [
        "Contact: <sip:1@192.0.2.1>",
        "Contact: <sip:2@192.0.2.2>",
        "Contact: <sip:3@192.0.2.3>",
    ];
    slee.sip()
        .request("REGISTER", ALICE, ALICE, &three, b"")
        .expect(403);
    assert_eq!(query(&slee), Vec::<String>::new());
    slee.sip()
        .request("REGISTER", ALICE, ALICE, &three[..2], b"")
        .expect(200);
}

/// RFC 3261 10.3 step 6.
#[test]
fn a_star_needs_expires_0_and_stands_alone() {
    let slee = with(open());
    let alice = slee.sip().register(ALICE, &[]).expect(200);
    alice.request("REGISTER", &["Contact: *"], b"").expect(400);
    let two = ["Contact: *", "Contact: <sip:x@y>", "Expires: 0"];
    alice.request("REGISTER", &two, b"").expect(400);
    assert_eq!(query(&slee).len(), 1);
}

#[test]
fn users_of_other_domains_are_unknown() {
    let slee = with(Settings {
        domains: vec!["b.example".to_owned()],
        ..open()
    });
    let _ = slee.sip().register(ALICE, &[]).expect(404);
}

/// RFC 3608 6.3 and RFC 3327 5.3.
#[test]
fn a_client_is_told_the_service_route_and_the_path_that_is_kept() {
    let slee = with(Settings {
        service_route: Some("<sip:node.example;lr>".to_owned()),
        ..open()
    });
    let lines = ["Supported: path", "Path: <sip:edge.example;lr>"];
    let alice = slee.sip().register(ALICE, &lines).expect(200);
    let said = |name| alice.header(name);
    assert_eq!(
        said("Service-Route").as_deref(),
        Some("<sip:node.example;lr>")
    );
    assert_eq!(said("Path").as_deref(), Some("<sip:edge.example;lr>"));
}
