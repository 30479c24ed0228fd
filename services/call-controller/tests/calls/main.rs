//! Calls to subscribers, in virtual time.

mod handling;
mod ordering;
mod reaching;

use strowger::prelude::*;
use strowger_call_controller::{Subscriber, blocking, forwarding, voice_mail};
use strowger_sip::testkit::{Call, SipTestKit};
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@a.example";
const MALLORY: &str = "sip:mallory@m.example";
const DESK: &str = "sip:bob@desk.example";
const CELL: &str = "sip:bob@cell.example";
const MAILBOX: &str = "sip:box-7@10.7.7.9:5060";
const ELSEWHERE: &str = "sip:secretary@10.7.7.8:5060";

fn bob() -> Subscriber {
    Subscriber {
        address: "sip:bob@127.0.0.1".to_owned(),
        ..Subscriber::default()
    }
}

fn text(place: &str) -> Option<String> {
    Some(place.to_owned())
}

/// A kit with the adaptor and the registrar.
fn exchange() -> TestKit {
    let registrar = strowger_registrar::Settings {
        authentication: false,
        ..strowger_registrar::Settings::default()
    };
    TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(strowger_registrar::service(), registrar)
}

/// All three services, and Bob.
fn slee(bob: Subscriber) -> TestKit {
    exchange()
        .table("subscribers", [("bob", bob)])
        .service(voice_mail())
        .service(blocking())
        .service(forwarding())
}

/// A phone of Bob's registers.
fn phone(slee: &TestKit, phone: &str) {
    let call = slee
        .sip()
        .request("REGISTER", phone, "bob", &[], b"")
        .expect(200);
    let contact = format!("Contact: {}", call.contact());
    call.request("REGISTER", &[&contact, "Expires: 7000"], b"")
        .expect(200);
}

/// The call is answered, and hung up by the caller.
fn talk(caller: &Call, callee: &Call) {
    callee.answer();
    caller.expect(200);
    callee.expect_ack();
    let _ = caller.bye();
    callee.expect_bye();
    caller.expect(200);
}

fn uri(callee: &Call) -> String {
    let last = callee.last();
    String::from_utf8_lossy(last.uri().expect("a URI").as_bytes()).into_owned()
}

/// Nothing is left of any call once the transactions have lingered.
fn assert_all_gone(slee: &mut TestKit) {
    slee.advance(secs(40));
    let counts = slee.counts();
    // Those of the registration stay.
    assert!(
        counts.activities <= 1 && counts.entities <= 1,
        "left behind: {counts:?}\n{}",
        slee.ladder()
    );
    assert_eq!(counts.events, 0);
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
    assert_eq!(
        slee.counter("sip.commands_too_late"),
        0,
        "{}",
        slee.ladder()
    );
}
