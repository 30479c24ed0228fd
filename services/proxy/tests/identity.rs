//! What is said of identities within calls and in responses, by those who are believed and those who are not (RFC 3325).

use strowger_proxy::{Route, Settings, service};
use strowger_sip::testkit::{Call, SipTestKit};
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@a.example";
const GATEWAY: &str = "sip:123@10.7.7.1:5060";
const CLAIMS: [&str; 2] = [
    "P-Asserted-Identity: <sip:boss@b.example>",
    "P-Preferred-Identity: <sip:boss@b.example>",
];
const PAI: &str = "P-Asserted-Identity";
const PPI: &str = "P-Preferred-Identity";

/// One route, to a gateway that anybody may call.
fn kit(trusted: &[&str]) -> TestKit {
    let table: toml::Table =
        toml::from_str(r#"routes = [{ prefix = "1", to = ["sip:10.7.7.1:5060"], open = true }]"#)
            .expect("routes");
    let routes: Vec<Route> = table["routes"].clone().try_into().expect("routes");
    let trusted: Vec<String> = trusted.iter().map(|text| (*text).to_owned()).collect();
    let settings = Settings {
        routes,
        authentication: false,
        trusted: trusted.try_into().expect("networks"),
        ..Settings::default()
    };
    TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(service(), settings)
}

fn claims(call: &Call) -> (bool, bool) {
    (call.header(PAI).is_some(), call.header(PPI).is_some())
}

/// Each claims something with every message that it sends; a call that is up, caller first.
fn up(slee: &TestKit) -> (Call, Call) {
    let alice = slee.sip().request("INVITE", ALICE, "123", &CLAIMS, b"");
    let gateway = slee.sip().expect_invite(GATEWAY);
    gateway.respond_with(183, &CLAIMS, b"");
    alice.expect(183);
    (alice, gateway)
}

#[test]
fn what_strangers_claim_is_taken_out_of_responses_and_later_requests() {
    let mut slee = kit(&[]);
    let (alice, gateway) = up(&slee);
    assert_eq!(
        (claims(&gateway), claims(&alice)),
        ((false, false), (false, false))
    );
    gateway.respond_with(200, &CLAIMS, b"");
    alice.expect(200);
    assert_eq!(claims(&alice), (false, false));
    gateway.expect_ack();
    // By the ticket alone, in whatever process.
    slee.crash_and_restart();
    for (from, to) in [(&alice, &gateway), (&gateway, &alice)] {
        from.request("INFO", &CLAIMS, b"x");
        to.expect_request("INFO");
        assert_eq!(claims(to), (false, false), "{}", slee.ladder());
        to.respond_with(200, &CLAIMS, b"");
        from.expect(200);
        assert_eq!(claims(from), (false, false), "{}", slee.ladder());
    }
    alice.request("BYE", &CLAIMS, b"");
    gateway.expect_bye();
    assert_eq!(claims(&gateway), (false, false));
    alice.expect(200);
}

#[test]
fn what_a_trusted_gateway_says_stands_and_what_its_caller_says_does_not() {
    let slee = kit(&["10.7.7.1"]);
    let (alice, gateway) = up(&slee);
    assert_eq!(
        (claims(&gateway), claims(&alice)),
        ((false, false), (true, false))
    );
    gateway.respond_with(200, &CLAIMS, b"");
    alice.expect(200);
    assert_eq!(claims(&alice), (true, false));
    gateway.expect_ack();
    gateway.request("INFO", &CLAIMS, b"x");
    alice.expect_request("INFO");
    assert_eq!(claims(&alice), (true, false));
    alice.respond_with(200, &CLAIMS, b"");
    gateway.expect(200);
    assert_eq!(claims(&gateway), (false, false));
    // It may be hidden from those who are not trusted, in both directions (RFC 3325 7).
    let hidden = [CLAIMS[0], "Privacy: id"];
    gateway.request("INFO", &hidden, b"x");
    alice.expect_request("INFO");
    assert_eq!(claims(&alice), (false, false));
    alice.respond(200);
    gateway.expect(200);
}

#[test]
fn a_refusal_of_a_stranger_claims_nothing() {
    let slee = kit(&[]);
    let (alice, gateway) = up(&slee);
    gateway.respond_with(486, &CLAIMS, b"");
    alice.expect(486);
    assert_eq!(claims(&alice), (false, false));
}

/// What rang when the process died: who is believed is not known, so nobody is.
#[test]
fn an_answer_to_an_earlier_process_claims_nothing() {
    let mut slee = kit(&["10.7.7.1"]);
    let (alice, gateway) = up(&slee);
    slee.crash_and_restart();
    gateway.respond_with(200, &CLAIMS, b"");
    alice.expect(200);
    assert_eq!(claims(&alice), (false, false));
}

/// A peer that registers an address of a trusted network is not believed for it: its way counts, not what it says.
#[test]
fn a_contact_makes_nobody_trusted() {
    let registrar = strowger_registrar::Settings {
        authentication: false,
        ..strowger_registrar::Settings::default()
    };
    let settings = Settings {
        authentication: false,
        trusted: vec!["10.9.9.0/24".to_owned(), "192.0.2.77".to_owned()]
            .try_into()
            .expect("networks"),
        ..Settings::default()
    };
    let slee = TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(strowger_registrar::service(), registrar)
        .service_with(service(), settings);
    let lines = ["Contact: <sip:bob@10.9.9.9>", "Expires: 600"];
    let phone = slee
        .sip()
        .request("REGISTER", "sip:bob@desk.example", "bob", &lines, b"");
    phone.expect(200);
    let hidden = [CLAIMS[0], "Privacy: id"];
    let from = "sip:trunk@192.0.2.77:5060";
    let _trunk = slee.sip().request("MESSAGE", from, "bob", &hidden, b"");
    let reached = slee.sip().expect("MESSAGE", "sip:bob@desk.example");
    assert_eq!(claims(&reached), (false, false), "{}", slee.ladder());
}
