//! GRUUs (RFC 5627) and flows (RFC 5626) as clients are told of them, in virtual time.

use strowger::prelude::*;
use strowger_registrar::{Settings, service};
use strowger_sip::testkit::{Call, SipTestKit};
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@a.example";
const INSTANCE: &str = "+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-000000000001>\"";

fn slee() -> TestKit {
    let settings = Settings {
        authentication: false,
        flow_timer: secs(120),
        ..Settings::default()
    };
    TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(service(), settings)
}

fn register(slee: &TestKit, supported: &str, params: &str) -> Call {
    let supported = format!("Supported: {supported}");
    let contact = format!("Contact: <sip:alice@192.0.2.9:5070>;{INSTANCE}{params}");
    slee.sip()
        .request("REGISTER", ALICE, ALICE, &[&supported, &contact], b"")
}

fn param(call: &Call, name: &str) -> Option<String> {
    let contact = call.header("Contact")?;
    let (_, rest) = contact.split_once(&format!(";{name}=\""))?;
    Some(rest.split('"').next()?.to_owned())
}

#[test]
fn a_client_with_an_instance_is_told_its_gruus() {
    let mut slee = slee();
    let first = register(&slee, "gruu", "").expect(200);
    assert_eq!(
        param(&first, "pub-gruu").as_deref(),
        Some("sip:alice@a.example;gr=urn:uuid:00000000-0000-0000-0000-000000000001")
    );
    let temporary = param(&first, "temp-gruu").expect("a temporary one");
    assert!(temporary.starts_with("sip:tgruu.") && temporary.ends_with("@a.example;gr"));
    slee.crash_and_restart();
    let again = register(&slee, "gruu", "").expect(200);
    assert_eq!(param(&again, "pub-gruu"), param(&first, "pub-gruu"));
    assert_ne!(param(&again, "temp-gruu"), param(&first, "temp-gruu"));
}

#[test]
fn who_does_not_ask_is_told_none() {
    let slee = slee();
    let call = register(&slee, "path", "").expect(200);
    assert_eq!(param(&call, "pub-gruu"), None);
}

/// RFC 5627 5.1.
#[test]
fn a_gruu_is_no_contact() {
    let slee = slee();
    let call = register(&slee, "gruu", "").expect(200);
    for name in ["pub-gruu", "temp-gruu"] {
        let contact = format!("Contact: <{}>", param(&call, name).expect("a gruu"));
        slee.sip()
            .request("REGISTER", ALICE, ALICE, &[&contact], b"")
            .expect(403);
    }
}

/// RFC 5626 4.4, 6.
#[test]
fn who_registers_a_flow_is_told_to_keep_it_alive() {
    let slee = slee();
    let call = register(&slee, "path, outbound", ";reg-id=1").expect(200);
    assert_eq!(call.header("Require").as_deref(), Some("outbound"));
    assert_eq!(call.header("Flow-Timer").as_deref(), Some("120"));
    let call = register(&slee, "path", ";reg-id=1").expect(200);
    assert_eq!(call.header("Flow-Timer"), None);
}
