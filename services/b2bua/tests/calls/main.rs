//! Calls through the back-to-back user agent, in virtual time, one file for each thing that it does with them.

mod access;
mod attended;
mod blind;
mod early;
mod hold;
mod plain;
mod policy;
mod recorded;
mod records;
mod ring;
mod timers;

use std::time::Duration;
use strowger::prelude::*;
use strowger_b2bua::{B2bua, Place, Refers, Ringing, Route, Settings, service};
use strowger_sip::testkit::{Call, SipTestKit};
use strowger_testkit::{Link, TestKit};

const ALICE: &str = "sip:alice@a.example";
const BOB: &str = "sip:bob@b.example";
const CAROL: &str = "sip:carol@192.0.2.103:5060";
const DAVE: &str = "sip:dave@192.0.2.104:5060";

fn anywhere() -> Route {
    Route {
        open: true,
        ..Route::default()
    }
}

/// Routes that lead every call to where its Request-URI says.
fn everywhere() -> Settings {
    Settings {
        routes: vec![anywhere()],
        ..Settings::default()
    }
}

fn put_together(kit: TestKit) -> TestKit {
    let sip = strowger_sip::Settings {
        supported: vec!["replaces".to_owned()],
        ..strowger_sip::Settings::default()
    };
    kit.adaptor_with("sip", strowger_sip::adaptor(), sip)
        .service_with(service(), everywhere())
}

fn with(settings: Settings) -> TestKit {
    TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service_with(service(), settings)
}

fn place(uri: &str) -> Place {
    Place::try_from(uri.to_owned()).expect("a URI")
}

fn slee() -> TestKit {
    put_together(TestKit::strict())
}

/// A call that is up, caller first.
fn up(slee: &TestKit) -> (Call, Call) {
    let alice = slee.sip().invite(ALICE, BOB);
    let bob = slee.sip().expect_invite(BOB).ring().answer();
    alice.expect(180).expect(200);
    bob.expect_ack();
    (alice, bob)
}

/// Nothing is left of any call once the transactions have lingered.
fn assert_all_gone(slee: &mut TestKit) {
    slee.advance(secs(40));
    let counts = slee.counts();
    let left = (
        counts.activities,
        counts.entities,
        counts.timers,
        counts.events,
    );
    assert_eq!(left, (0, 0, 0, 0), "left behind:\n{}", slee.ladder());
    assert_eq!(slee.rolled_back(), Vec::<String>::new());
}
