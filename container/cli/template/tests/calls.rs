//! Calls in virtual time: no network, no clock, and a process that dies when the test says so.

use my_service::{Call, service};
use strowger::prelude::*;
use strowger_sip::testkit::SipTestKit;
use strowger_testkit::TestKit;

const ALICE: &str = "sip:alice@a.example";
/// What the adaptor answers where no service takes a call.
const NOBODY: u16 = 480;

fn slee() -> TestKit {
    TestKit::strict()
        .adaptor(strowger_sip::adaptor())
        .service(service())
}

/// Transactions linger for 32 s after a call.
fn assert_nothing_is_left(slee: &mut TestKit) {
    slee.advance(secs(40));
    assert_eq!(slee.counts().activities, 0);
    assert_eq!(slee.counts().entities, 0);
    assert!(slee.rolled_back().is_empty());
}

#[test]
fn a_call_is_answered_and_survives_the_death_of_the_process() {
    let mut slee = slee();
    let alice = slee.sip().invite(ALICE, "my-service").expect(200);
    slee.crash_and_restart();
    assert_eq!(slee.states::<Call>().len(), 1);
    alice.bye().expect(200);
    assert_nothing_is_left(&mut slee);
}

#[test]
fn a_call_that_lasts_too_long_is_ended() {
    let mut slee = slee();
    let alice = slee.sip().invite(ALICE, "my-service").expect(200);
    slee.advance(secs(61));
    alice.expect_bye();
    assert_nothing_is_left(&mut slee);
}

#[test]
fn calls_to_others_are_left_to_others() {
    let mut slee = slee();
    slee.sip().invite(ALICE, "somebody").expect(NOBODY);
    assert_nothing_is_left(&mut slee);
}
