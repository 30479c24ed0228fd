//! Requests that come.

use crate::own::{Desk, desk};
use std::time::Duration;
use strowger::prelude::*;
use strowger_http::testkit::HttpTestKit as _;
use strowger_http::{Method, Settings};
use strowger_testkit::{Faults, TestKit};

#[test]
fn a_request_is_answered_by_its_service_once() {
    let slee = desk(TestKit::strict());
    let alice = slee.http().client("alice");
    let answer = alice.post("/echo", "text/plain", "hello").expect(200);
    assert_eq!(answer.content(), "hello");
    assert_eq!(answer.headers().get("x-was"), Some("echo"));
    assert_eq!(slee.counter("http.late_replies"), 1);
    assert_eq!(slee.counts().activities, 0);
    assert_eq!(slee.counts().entities, 0);
}

#[test]
fn wrong_credentials_are_counted_and_missing_ones_are_not() {
    let slee = desk(TestKit::strict());
    let alice = slee.http().client("alice");
    let wrong = || slee.counter("http.credentials_wrong");
    alice.get("/unauthorized").expect(401);
    let shown = alice.clone().bearer("old");
    shown.post("/echo", "text/plain", "x").expect(200);
    assert_eq!(wrong(), 0);
    shown.get("/unauthorized").expect(401);
    assert_eq!(wrong(), 1);
    // Said by the service: whatever the status, and once.
    alice.get("/guessed").expect(403);
    shown.get("/guessed").expect(403);
    assert_eq!(wrong(), 3);
}

#[test]
fn an_answer_may_come_later() {
    let mut slee = desk(TestKit::strict());
    let asked = slee.http().client("alice").get("/later");
    slee.advance(secs(9));
    asked.expect_none();
    slee.advance(secs(1));
    asked.expect(200);
    assert_eq!(slee.counts().activities, 0);
}

#[test]
fn an_answer_leaves_after_its_commit_is_durable() {
    let mut slee = desk(TestKit::strict());
    slee.set_sync_time(millis(30));
    let asked = slee.http().client("alice").get("/later");
    slee.advance(secs(10) + millis(20));
    asked.expect_none();
    slee.advance(millis(50));
    asked.expect(200);
}

#[test]
fn a_commit_that_the_store_refuses_lets_no_answer_out() {
    let mut slee = desk(TestKit::strict());
    let asked = slee.http().client("alice").get("/later");
    slee.advance(secs(9));
    slee.set_faults(Faults {
        fail_sync: Some(2),
        ..Faults::default()
    });
    slee.advance(secs(30));
    asked.expect_none();
    assert!(asked.is_lost() && slee.has_ended());
}

#[test]
fn what_no_service_answers_is_answered_all_the_same() {
    let slee = desk(TestKit::strict());
    let alice = slee.http().client("alice");
    alice.get("/fails").expect(500);
    alice.get("/bad").expect(500);
    let began = slee.now().mono;
    let silent = alice.get("/never");
    silent.expect_none();
    let answer = silent.expect(503);
    assert_eq!(answer.headers().get("retry-after"), Some("1"));
    assert_eq!(slee.now().mono - began, secs(30));
    // Its service stays attached to nothing.
    alice.get("/leave").expect(500);
    assert_eq!(slee.counts().activities, 0);
    assert_eq!(slee.counter("http.expired"), 1);
    assert_eq!(slee.counter("http.forsaken"), 1);
}

#[test]
fn without_a_receiver_a_request_is_not_found() {
    let slee = TestKit::strict().adaptor(strowger_http::adaptor());
    let answer = slee.http().client("alice").get("/echo").expect(404);
    let media_type = answer.headers().get("content-type");
    assert_eq!(media_type, Some("application/problem+json"));
    assert_eq!(slee.counter("http.no_receiver"), 1);
}

#[test]
fn a_node_that_is_short_of_something_refuses_new_requests_and_serves_those_it_has() {
    let mut slee = desk(TestKit::strict());
    let alice = slee.http().client("alice");
    let before = alice.get("/later");
    slee.refuse_new(true);
    alice.get("/echo").expect(503);
    before.expect(200);
    slee.refuse_new(false);
    alice.post("/echo", "text/plain", "x").expect(200);
}

#[test]
fn a_node_that_stops_answers_what_it_has_and_refuses_the_rest() {
    let mut slee = desk(TestKit::strict());
    let alice = slee.http().client("alice");
    let before = alice.get("/later");
    slee.stop();
    assert!(!slee.is_quiet());
    // Nothing receives new requests any more, or nothing may begin.
    let refused = alice.get("/echo").expect_answer().status();
    assert!([404, 503].contains(&refused), "{refused}");
    before.expect(200);
    assert!(slee.is_quiet());
}

#[test]
fn requests_in_flight_are_bounded() {
    let mut settings = Settings::default();
    settings.limits.requests = 2;
    let mut slee = TestKit::none()
        .adaptor_with("http", strowger_http::adaptor(), settings)
        .service(ServiceDef::of::<Desk>());
    let alice = slee.http().client("alice");
    let (one, two) = (alice.get("/later"), alice.get("/later"));
    alice.get("/echo").expect(503);
    slee.advance(secs(10));
    one.expect(200);
    two.expect(200);
    alice.get("/later").expect(200);
}

#[test]
fn a_client_that_goes_ends_its_exchange() {
    let mut slee = desk(TestKit::strict());
    let asked = slee.http().client("alice").get("/later");
    assert_eq!(slee.counts().activities, 1);
    asked.leave();
    assert_eq!(slee.counts().activities, 0);
    slee.advance(secs(60));
    assert_eq!(slee.counts().entities, 0);
    assert_eq!(slee.counter("http.clients_gone"), 1);
}

#[test]
fn the_time_for_an_answer_changes_with_the_settings() {
    let mut slee = desk(TestKit::none());
    let settings = Settings {
        request_deadline: secs(5),
        ..Settings::default()
    };
    slee.configure("http", &settings);
    let began = slee.now().mono;
    let asked = slee.http().client("alice").get("/later");
    asked.expect(503);
    assert_eq!(slee.now().mono - began, secs(5));
}

#[test]
fn requests_with_one_key_meet_in_one_slot() {
    let settings = Settings {
        slot_from: vec!["header:Idempotency-Key".parse().unwrap()],
        ..Settings::default()
    };
    let mut slee = TestKit::none()
        .adaptor_with("http", strowger_http::adaptor(), settings)
        .service(ServiceDef::of::<Places>());
    let alice = slee.http().client("alice");
    let slots = |key: Option<&str>| -> Vec<u32> {
        let client = key.map_or_else(
            || alice.clone(),
            |key| alice.clone().header("idempotency-key", key),
        );
        let one = |_| client.send(Method::Get, "/", None, "").expect_json(200);
        (0..8).map(one).collect()
    };
    let same = slots(Some("one"));
    assert!(same.iter().all(|slot| *slot == same[0]), "{same:?}");
    let spread = slots(None);
    assert!(spread.iter().any(|slot| *slot != spread[0]), "{spread:?}");
    slee.advance(Duration::ZERO);
}

/// Answers with its slot.
#[derive(Default, State)]
struct Places;

#[sbb(name = "places", vendor = "test", version = "1.0")]
impl Places {
    #[on(initial)]
    fn request(
        &mut self,
        cx: &mut Cx,
        _ev: &strowger_http::Request,
        Aci(exchange): Aci<strowger_http::Exchange>,
        http: Ra<strowger_http::Http>,
    ) -> Result {
        let slot = exchange.id().slot().0;
        http.respond(cx, exchange, strowger_http::Reply::json(200, &slot)?)
    }
}
