//! Calls of ours.

use crate::own::{TOLD, caller, caller_with, outcome};
use std::net::Ipv6Addr;
use strowger::prelude::*;
use strowger::ra::{Record, RecordKind, ResolveError};
use strowger_http::testkit::HttpTestKit as _;
use strowger_http::{Method, Settings};
use strowger_testkit::TestKit;

const CALL: &str = "/call?url=https://hooks.example/a?x=1";

#[test]
fn a_call_goes_to_its_server_and_its_answer_comes_back() {
    let slee = caller(TestKit::strict());
    let side = slee.http();
    let hooks = side.server("https://hooks.example");
    let asked = side.client("alice").get(CALL);
    let called = hooks.expect_call();
    assert_eq!((called.method(), called.path()), (&Method::Post, "/a?x=1"));
    assert_eq!(called.headers().get("x-id"), Some("7"));
    assert_eq!(called.form().get("a"), Some("b c"));
    asked.expect_none();
    called.answer_status(404);
    assert_eq!(asked.expect(200).content(), "404");
    assert_eq!(slee.counts().activities, 0);
    hooks.expect_no_call();
}

#[test]
fn what_a_driver_says_went_wrong_is_told() {
    let slee = caller(TestKit::none());
    let side = slee.http();
    let hooks = side.server("https://hooks.example");
    for kind in TOLD {
        let asked = side.client("alice").get(CALL);
        hooks.expect_call().fail(kind);
        let text = String::from_utf8_lossy(asked.expect(200).content()).into_owned();
        assert!(text.starts_with(&format!("{kind:?}")), "{text}");
    }
    assert_eq!(slee.counts().activities, 0);
}

#[test]
fn a_call_without_an_answer_is_given_up_and_its_driver_told() {
    let slee = caller(TestKit::strict());
    let side = slee.http();
    let hooks = side.server("http://hooks.example");
    let began = slee.now().mono;
    let asked = side.client("alice").get("/short?url=http://hooks.example/");
    let called = hooks.expect_call();
    assert_eq!(asked.expect(200).content(), "Timeout, may be sent");
    assert_eq!(slee.now().mono - began, secs(2));
    assert!(!called.is_open());
    called.answer_status(200); // too late: nobody waits
    assert_eq!(slee.counter("http.responses"), 0);
}

#[test]
fn a_call_is_cancelled() {
    let slee = caller(TestKit::strict());
    let side = slee.http();
    let hooks = side.server("http://hooks.example");
    let text = outcome(&side, "/cancel?url=http://hooks.example/");
    assert!(text.starts_with("Stopped"), "{text}");
    hooks.expect_no_call();
}

#[test]
fn hosts_without_an_address_fail() {
    let slee = caller(TestKit::none());
    let side = slee.http();
    let failed = "Dns, not sent";
    assert_eq!(outcome(&side, "/call?url=http://nowhere.example/"), failed);
    for kind in [RecordKind::A, RecordKind::Aaaa] {
        slee.dns_fails("silent.example", kind, ResolveError::Timeout);
    }
    assert_eq!(outcome(&side, "/call?url=http://silent.example/"), failed);
}

#[test]
fn hosts_with_an_address_of_ipv6_alone_are_called() {
    let slee = caller(TestKit::none());
    let side = slee.http();
    let hooks = side.server("http://[2001:db8::1]:8080");
    let asked = side
        .client("alice")
        .get("/call?url=http://[2001:db8::1]:8080/");
    hooks.expect_call().answer_status(200);
    asked.expect(200);
    let six = Record::Aaaa(Ipv6Addr::LOCALHOST);
    slee.dns("six.example", secs(60), [six]);
    let asked = side.client("alice").get("/short?url=http://six.example/");
    asked.expect_none();
    let text = String::from_utf8_lossy(asked.expect(200).content()).into_owned();
    assert_eq!(
        text, "Timeout, may be sent",
        "it was dialled, and nobody answers"
    );
}

#[test]
fn a_url_that_is_none_is_refused_before_anything_happens() {
    let slee = caller(TestKit::none());
    let alice = slee.http().client("alice");
    for url in ["", "nonsense", "ftp://a.example/", "http://u:p@a.example/"] {
        alice.get(&format!("/call?url={url}")).expect(400);
    }
    assert_eq!(slee.counts().activities, 0);
}

#[test]
fn calls_under_way_are_bounded_in_number_and_bytes() {
    let mut settings = Settings::default();
    settings.client.calls = 1;
    let slee = caller_with(TestKit::none(), settings);
    let side = slee.http();
    let hooks = side.server("http://hooks.example");
    let first = side.client("alice").get("/call?url=http://hooks.example/");
    let text = outcome(&side, "/call?url=http://hooks.example/");
    assert_eq!(text, "Full, not sent");
    hooks.expect_call().answer_status(200);
    first.expect(200);
    let parts = slee.report("http");
    assert_eq!(parts[1].counts["under_way"], 0);
    assert_eq!(parts[1].counts["bytes"], 0);
}

#[test]
fn calls_under_way_are_finished_by_a_node_that_stops() {
    let mut slee = caller(TestKit::strict());
    let side = slee.http();
    let hooks = side.server("http://hooks.example");
    let asked = side.client("alice").get("/call?url=http://hooks.example/");
    let called = hooks.expect_call();
    slee.stop();
    assert!(!slee.is_quiet());
    called.answer_status(200);
    asked.expect(200);
    assert!(slee.is_quiet());
}
