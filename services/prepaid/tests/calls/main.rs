//! Prepaid calls in virtual time: with `ocs` on another Diameter adaptor of the same node, and with a scripted server.

mod charged;
mod crash;
mod failing;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use strowger::prelude::*;
use strowger_diameter::Settings as DiameterSettings;
use strowger_diameter::proto::dict::{base, charging, credit};
use strowger_diameter::proto::wire::Message;
use strowger_diameter::ra::{ListenerSettings, PeerSettings, RealmSettings, UnknownPeerSettings};
use strowger_diameter::testkit::{DiameterTestKit as _, Peer};
use strowger_prepaid::{Handling, LostReports, Route, Settings, service};
use strowger_sip::testkit::{Call, SipTestKit as _};
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@a.example";
const BOB: &str = "sip:bob@b.example";
const OCS: &str = "ocs.example";

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The adaptor entity of `prepaid`, which connects to the charging server.
fn calls(server: SocketAddr) -> DiameterSettings {
    DiameterSettings {
        origin_host: "node.calls.example".to_owned(),
        origin_realm: "calls.example".to_owned(),
        applications: vec![4],
        listeners: BTreeMap::from([("tcp".to_owned(), ListenerSettings::new(at(3869)))]),
        peers: BTreeMap::from([("ocs".to_owned(), PeerSettings::at(OCS, server))]),
        realms: BTreeMap::from([("any".to_owned(), RealmSettings::by("*", &["ocs"]))]),
        ..DiameterSettings::default()
    }
}

/// The adaptor entity of `ocs`, which lets everybody in.
fn accounts() -> DiameterSettings {
    let from = |realm: &str| {
        let realm = realm.to_owned();
        (realm.clone(), UnknownPeerSettings { realm, tls: false })
    };
    DiameterSettings {
        origin_host: OCS.to_owned(),
        origin_realm: "example".to_owned(),
        applications: vec![4],
        unknown_peers: BTreeMap::from([from("calls.example"), from("example")]),
        ..DiameterSettings::default()
    }
}

fn prepaid() -> Settings {
    Settings {
        routes: vec![Route {
            open: true,
            ..Route::default()
        }],
        server_realm: Some("example".to_owned()),
        ..Settings::default()
    }
}

/// Prepaid calls with `ocs`, where every account begins with that balance and a second costs 1.
fn node(balance: i64) -> TestKit {
    node_with(
        prepaid(),
        strowger_ocs::Settings {
            opening_balance: Some(balance),
            ..strowger_ocs::Settings::default()
        },
    )
}

fn node_with(prepaid: Settings, ocs: strowger_ocs::Settings) -> TestKit {
    let mut kit = TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .adaptor_with("calls", strowger_diameter::adaptor(), calls(at(3868)))
        .adaptor_with("accounts", strowger_diameter::adaptor(), accounts())
        .service_with(service(), prepaid)
        .service_with(strowger_ocs::service(), ocs)
        .link_to("ocs", "diameter", "accounts");
    kit.advance(secs(40)); // the adaptors have connected
    kit
}

/// Prepaid calls with a scripted server.
fn scripted(prepaid: Settings) -> (TestKit, Peer) {
    let server = strowger_diameter::testkit::address(OCS);
    let kit = TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .adaptor_with("calls", strowger_diameter::adaptor(), calls(server))
        .service_with(service(), prepaid);
    let ocs = kit.diameter().server(OCS);
    ocs.expect_up();
    (kit, ocs)
}

/// A call that is up, caller first.
fn up(slee: &TestKit) -> (Call, Call) {
    let alice = slee.sip().invite(ALICE, BOB);
    let bob = slee.sip().expect_invite(BOB).ring().answer();
    alice.expect(180).expect(200);
    bob.expect_ack();
    (alice, bob)
}

/// What is left in an account: asks for it as a till would.
fn balance(slee: &TestKit, account: &str) -> i64 {
    let till = slee.diameter().server("till.example");
    if !till.is_up() {
        till.connect();
    }
    let answer = till
        .request(&credit::CREDIT_CONTROL_COMMAND, |m| {
            event(m, account, 2);
        })
        .expect(2001);
    let balance = answer
        .find(&charging::REMAINING_BALANCE)
        .expect("a balance");
    let value = balance.group().get(&credit::UNIT_VALUE).expect("a value");
    let digits = value.group().get(&credit::VALUE_DIGITS).expect("digits");
    digits.i64().expect("a number")
}

/// A one-time event for an account, with that Requested-Action.
fn event(m: &mut strowger_diameter::proto::wire::Builder, account: &str, action: u32) {
    m.avp(&base::AUTH_APPLICATION_ID, 4_u32);
    m.avp(&credit::SERVICE_CONTEXT_ID, "till@example");
    m.avp(&credit::CC_REQUEST_TYPE, 4_u32);
    m.avp(&credit::CC_REQUEST_NUMBER, 0_u32);
    m.avp(&credit::REQUESTED_ACTION, action);
    m.group(&credit::SUBSCRIPTION_ID, |id| {
        id.avp(&credit::SUBSCRIPTION_ID_TYPE, 2_u32);
        id.avp(&credit::SUBSCRIPTION_ID_DATA, account);
    });
}

fn number(message: &Message, def: &strowger_diameter::proto::dict::AvpDef) -> Option<u32> {
    message.find(def)?.u32().ok()
}

/// Seconds that a request reports.
fn used(message: &Message) -> Option<u32> {
    let used = message.find(&credit::USED_SERVICE_UNIT)?;
    used.group().get(&credit::CC_TIME)?.u32().ok()
}

/// Seconds that a request asks for.
fn requested(message: &Message) -> Option<u32> {
    let requested = message.find(&credit::REQUESTED_SERVICE_UNIT)?;
    requested.group().get(&credit::CC_TIME)?.u32().ok()
}

fn grant(m: &mut strowger_diameter::proto::wire::Builder, asked: &Message, seconds: u32) {
    m.avp(&base::AUTH_APPLICATION_ID, 4_u32);
    for def in [&credit::CC_REQUEST_TYPE, &credit::CC_REQUEST_NUMBER] {
        if let Some(avp) = asked.find(def) {
            m.raw(avp);
        }
    }
    if seconds > 0 {
        m.group(&credit::GRANTED_SERVICE_UNIT, |units| {
            units.avp(&credit::CC_TIME, seconds);
        });
    }
}

/// Nothing is left of any call but the accounts.
fn assert_all_gone(slee: &mut TestKit) {
    slee.advance(secs(60));
    assert_eq!(
        slee.states::<strowger_prepaid::Prepaid>().len(),
        0,
        "{}",
        slee.ladder()
    );
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}
