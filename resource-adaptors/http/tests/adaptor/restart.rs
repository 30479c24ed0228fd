//! Processes that die.

use crate::own::{Caller, caller, desk};
use strowger::prelude::*;
use strowger_http::testkit::HttpTestKit as _;
use strowger_testkit::TestKit;

#[test]
fn the_client_of_a_process_that_dies_hears_nothing_and_its_exchange_is_gone() {
    let mut slee = desk(TestKit::strict());
    let asked = slee.http().client("alice").get("/later");
    slee.advance(secs(1));
    slee.crash_and_restart();
    assert!(asked.is_lost());
    slee.advance(secs(60));
    asked.expect_none();
    assert_eq!(slee.counts().activities, 0);
    assert_eq!(slee.counts().entities, 0);
}

#[test]
fn a_call_that_is_to_be_repeated_is_sent_again_until_it_has_an_outcome() {
    let mut slee = caller(TestKit::strict());
    let side = slee.http();
    let hooks = side.server("http://hooks.example");
    side.client("alice")
        .get("/repeat?url=http://hooks.example/r")
        .expect(202);
    let lost = hooks.expect_call();
    slee.crash_and_restart();
    lost.answer_status(200); // its connection went with the process
    let again = hooks.expect_call();
    assert_eq!(again.path(), "/r");
    assert_eq!(again.form().get("a"), Some("b c"));
    slee.crash_losing_unsynced();
    hooks.expect_call().answer_status(200);
    slee.advance(secs(1));
    assert_eq!(slee.states::<Caller>()[0].outcomes, ["200"]);
    slee.crash_and_restart();
    slee.advance(secs(60));
    hooks.expect_no_call();
    assert_eq!(slee.states::<Caller>()[0].outcomes, ["200"]);
}

#[test]
fn a_call_that_is_not_is_told_to_have_failed() {
    let mut slee = caller(TestKit::strict());
    let side = slee.http();
    let hooks = side.server("http://hooks.example");
    side.client("alice")
        .get("/once?url=http://hooks.example/o")
        .expect(202);
    hooks.expect_call();
    slee.crash_and_restart();
    slee.advance(secs(60));
    hooks.expect_no_call();
    let outcomes = &slee.states::<Caller>()[0].outcomes;
    assert_eq!(*outcomes, ["Restarted, may be sent"]);
}

#[test]
fn a_call_of_a_service_that_keeps_nothing_dies_with_its_process() {
    let mut slee = caller(TestKit::none());
    let side = slee.http();
    let hooks = side.server("http://hooks.example");
    side.client("alice")
        .get("/repeat?url=http://hooks.example/r")
        .expect(202);
    hooks.expect_call();
    slee.crash_and_restart();
    slee.advance(secs(60));
    hooks.expect_no_call();
    assert_eq!(slee.counts().activities, 0);
}

#[test]
fn a_call_leaves_after_the_commit_that_asked_for_it_is_durable() {
    let mut slee = caller(TestKit::strict());
    slee.set_sync_time(millis(50));
    let side = slee.http();
    let hooks = side.server("http://hooks.example");
    let asked = side
        .client("alice")
        .get("/repeat?url=http://hooks.example/r");
    slee.advance(millis(40));
    hooks.expect_no_call();
    asked.expect_none();
    slee.advance(millis(40));
    asked.expect(202);
    hooks.expect_call();
}
