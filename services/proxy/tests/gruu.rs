//! Calls to GRUUs (RFC 5627), in virtual time.

use strowger::prelude::*;
use strowger_proxy::{Settings, service};
use strowger_sip::testkit::{Call, SipTestKit};
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@a.example";
const DESK: &str = "sip:bob@desk.example";
const HOME: &str = "sip:bob@home.example";

fn slee() -> TestKit {
    let registrar = strowger_registrar::Settings {
        authentication: false,
        ..strowger_registrar::Settings::default()
    };
    let proxy = Settings {
        authentication: false,
        ..Settings::default()
    };
    TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(strowger_registrar::service(), registrar)
        .service_with(service(), proxy)
}

/// A phone of Bob's registers; its public and its temporary GRUU.
fn phone(slee: &TestKit, phone: &str, number: u8) -> (Call, [String; 2]) {
    let call = slee
        .sip()
        .request("REGISTER", phone, "bob", &[], b"")
        .expect(200);
    let contact = format!(
        "Contact: {};+sip.instance=\"<urn:uuid:{number}>\"",
        call.contact()
    );
    let call = call
        .request("REGISTER", &[&contact, "Supported: gruu"], b"")
        .expect(200);
    let message = call.last();
    let mut contacts = message
        .headers()
        .filter(|header| header.name == b"Contact")
        .map(|header| String::from_utf8_lossy(header.value).into_owned());
    let own = contacts
        .find(|contact| contact.contains(&format!("<urn:uuid:{number}>")))
        .expect("its contact");
    let param = |name: &str| {
        let (_, rest) = own.split_once(&format!("{name}=\"")).expect("a gruu");
        rest.split('"').next().expect("its end").to_owned()
    };
    let gruus = [param("pub-gruu"), param("temp-gruu")];
    (call, gruus)
}

#[test]
fn a_gruu_rings_its_phone_only() {
    let slee = slee();
    let (_, _) = phone(&slee, DESK, 1);
    let (_, gruus) = phone(&slee, HOME, 2);
    for gruu in gruus {
        let alice = slee.sip().invite(ALICE, &gruu);
        let bob = slee.sip().expect_invite(HOME).ring().answer();
        alice.expect(180).expect(200);
        bob.expect_ack();
        assert!(slee.sip().patience(secs(1)).find_invite(DESK).is_none());
        let _ = alice.bye();
        bob.expect_bye();
        alice.expect(200);
    }
}

#[test]
fn gruus_hold_over_a_restart_and_end_with_the_registration() {
    let mut slee = slee();
    let (call, [public, temporary]) = phone(&slee, HOME, 2);
    slee.crash_and_restart();
    let alice = slee.sip().invite(ALICE, &temporary);
    slee.sip().expect_invite(HOME).respond(486);
    alice.expect(486);
    call.request("REGISTER", &["Contact: *", "Expires: 0"], b"")
        .expect(200);
    let _ = slee.sip().invite(ALICE, &temporary).expect(404);
    let _ = slee.sip().invite(ALICE, &public).expect(480);
}
