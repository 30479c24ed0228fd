//! The JSON interface and Kannel's, webhooks, and what a crash leaves of them.

use serde_json::{Value, json};
use strowger::prelude::*;
use strowger_http::testkit::{Client, HttpTestKit as _};
use strowger_http::{FailureKind, Reply};
use strowger_sms::proto::receipt::State as Outcome;
use strowger_sms::proto::wire::Status;
use strowger_sms::testkit::{SmsTestKit as _, Smsc, settings};
use strowger_sms_gateway::service;
use strowger_testkit::TestKit;

use crate::{NUMBER, conf, nothing_left};

const USERS: &str = r#"
    routes = [{ link = "up" }, { prefix = "999", webhook = "http://hooks.example/in" }]
    incoming = [{ webhook = "http://hooks.example/mo" }]
    http.users.shop = { password = "secret", token = "t0ken", sender = "Shop", senders = ["12345"] }
    http.users.bank = { password = "other", sender = "Bank" }
"#;

fn gateway(text: &str) -> (TestKit, Client, Smsc) {
    let kit = TestKit::strict()
        .adaptor_with("sms", strowger_sms::adaptor(), settings(&[], &["up"]))
        .adaptor(strowger_http::adaptor())
        .service_with(service(), conf(&format!("{USERS}{text}")));
    let up = kit.sms().smsc("up");
    up.expect_bound();
    let shop = kit.http().client("shop").basic_auth("shop", "secret");
    (kit, shop, up)
}

fn id(answer: &Value) -> String {
    answer["messages"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

#[test]
fn a_message_is_posted_looked_at_and_told_of() {
    let (mut kit, shop, up) = gateway("");
    let hooks = kit.http().server("http://hooks.example");
    let post = json!({
        "to": format!("+{NUMBER}"), "text": "hello", "receipts": "final",
        "webhook": "http://hooks.example/r", "reference": "4711",
    });
    let answer: Value = shop.post_json("/v1/messages", &post).expect_json(202);
    let id = id(&answer);
    let got = up.expect_submit();
    let submit = got.submit();
    assert_eq!((got.text().as_str(), submit.source.ton), ("hello", 5));
    assert_eq!(submit.dest.digits, NUMBER.as_bytes());
    got.accept("1");
    let path = format!("/v1/messages/{id}");
    let shown: Value = shop.get(&path).expect_json(200);
    assert_eq!(
        (&shown["state"], &shown["from"]),
        (&json!("enroute"), &json!("Shop"))
    );
    up.receipt("1", Outcome::Delivered, NUMBER)
        .expect(Status::ROK);
    let call = hooks.expect_call();
    let told: Value = call.json();
    assert_eq!(
        (&told["id"], &told["reference"], &told["state"]),
        (&json!(id), &json!("4711"), &json!("delivered"))
    );
    call.answer(Reply::new(204));
    let shown: Value = shop.get(&path).expect_json(200);
    assert_eq!(shown["state"], json!("delivered"));
    // Others see nothing of it.
    let bank = kit.http().client("bank").basic_auth("bank", "other");
    bank.get(&path).expect(404);
    bank.delete(&path).expect(404);
    kit.advance(hours(1));
    shop.get(&path).expect(404);
    nothing_left(&mut kit);
}

#[test]
fn an_accepted_message_survives_a_crash() {
    let (mut kit, shop, up) = gateway("");
    up.take_all();
    kit.set_sync_time(millis(20));
    let post = json!({ "to": NUMBER, "text": "hello", "deliver_at": "2026-01-01T01:00:00Z" });
    let asked = shop.post_json("/v1/messages", &post);
    asked.expect_none();
    let answer: Value = asked.expect_json(202);
    kit.crash_losing_unsynced();
    let shown: Value = shop
        .get(&format!("/v1/messages/{}", id(&answer)))
        .expect_json(200);
    assert_eq!(shown["state"], json!("scheduled"));
    kit.advance(hours(1));
    assert_eq!(up.taken().len(), 1);
}

#[test]
fn a_request_with_the_same_key_sends_nothing_again() {
    let (mut kit, shop, up) = gateway("");
    up.take_all();
    let keyed = kit
        .http()
        .client("shop")
        .bearer("t0ken")
        .header("Idempotency-Key", "order-1");
    let post = json!({ "to": NUMBER, "text": "hello" });
    let first: Value = keyed.post_json("/v1/messages", &post).expect_json(202);
    kit.crash_and_restart();
    let again: Value = keyed.post_json("/v1/messages", &post).expect_json(202);
    assert_eq!(first, again);
    let other = json!({ "to": NUMBER, "text": "other" });
    keyed.post_json("/v1/messages", &other).expect(422);
    // Another user's key is another key; so is the same one after its time.
    let bank = kit
        .http()
        .client("bank")
        .basic_auth("bank", "other")
        .header("Idempotency-Key", "order-1");
    let theirs: Value = bank.post_json("/v1/messages", &post).expect_json(202);
    assert_ne!(first, theirs);
    kit.advance(hours(25));
    let later: Value = keyed.post_json("/v1/messages", &post).expect_json(202);
    assert_ne!(first, later);
    kit.advance(secs(1));
    assert_eq!(up.taken().len(), 3);
    drop(shop);
}

#[test]
fn a_node_that_stops_does_not_wait_for_what_it_keeps() {
    let (mut kit, _shop, _up) = gateway("");
    let keyed = kit
        .http()
        .client("shop")
        .bearer("t0ken")
        .header("Idempotency-Key", "1");
    let post = json!({ "to": NUMBER, "text": "hello", "deliver_at": "2026-01-01T01:00:00Z" });
    keyed.post_json("/v1/messages", &post).expect(202);
    kit.stop();
    kit.advance(millis(10));
    assert!(kit.is_quiet());
}

#[test]
fn recipients_get_the_message_or_an_error_of_their_own() {
    let (mut kit, shop, up) = gateway("");
    up.take_all();
    let post = json!({ "to": [NUMBER, "Bob"], "text": "a".repeat(200) });
    let answer: Value = shop.post_json("/v1/messages", &post).expect_json(202);
    assert_eq!(
        answer["messages"][0]["parts"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(answer["messages"][1]["error"], json!("not a number"));
    kit.advance(secs(1));
    let taken = up.taken();
    assert_eq!(taken.len(), 2);
    let nobody = json!({ "to": "Bob", "text": "hello" });
    shop.post_json("/v1/messages", &nobody).expect(422);
}

#[test]
fn what_is_no_request_for_the_gateway_is_refused() {
    let (mut kit, shop, _up) = gateway("");
    let good = json!({ "to": NUMBER, "text": "hello" });
    kit.http()
        .client("nobody")
        .post_json("/v1/messages", &good)
        .expect(401);
    let wrong = kit.http().client("wrong").basic_auth("shop", "guess");
    wrong.post_json("/v1/messages", &good).expect(401);
    for bad in [
        json!({ "text": "hello" }),
        json!({ "to": NUMBER }),
        json!({ "to": NUMBER, "text": "hello", "from": "Bank" }),
        json!({ "to": NUMBER, "text": "hello", "receipts": "final" }),
        json!({ "to": NUMBER, "text": "hello", "receipts": "final", "webhook": "ftp://x" }),
        json!({ "to": NUMBER, "data": "!" }),
        json!({ "to": NUMBER, "data": "AA==", "udh": "BQA=" }),
        json!({ "to": NUMBER, "data": "AA==", "udh": "AgAB" }),
        json!({ "to": NUMBER, "text": "hello", "class": 4 }),
        json!({ "to": [], "text": "hello" }),
        json!({ "to": NUMBER, "text": "hello", "deliver_at": "tomorrow" }),
    ] {
        let reply = shop.post_json("/v1/messages", &bad).expect_answer();
        assert_eq!(reply.status(), 400, "{bad}");
    }
    shop.post("/v1/messages", "text/plain", "hello").expect(400);
    shop.get("/v1/messages").expect(405);
    shop.get("/v1/messages/nothing").expect(404);
    shop.get("/v1/messages/1234567890abcdef").expect(404);
    shop.get("/v1/other").expect(404);
    nothing_left(&mut kit);
}

/// They count against where they come from; a request without any does not.
#[test]
fn wrong_credentials_are_told_by_all_interfaces() {
    let (kit, shop, _up) = gateway("");
    let wrong = || kit.counter("http.credentials_wrong");
    let good = json!({ "to": NUMBER, "text": "hello" });
    let stranger = kit.http().client("stranger");
    stranger.post_json("/v1/messages", &good).expect(401);
    stranger.get("/cgi-bin/sendsms?to=1&text=a").expect(403);
    shop.post_json("/v1/messages", &good).expect(202);
    shop.get("/v1/messages/nothing").expect(404);
    assert_eq!(wrong(), 0);
    let guesses = [
        stranger.clone().basic_auth("shop", "guess"),
        stranger.clone().basic_auth("nobody", "secret"),
        stranger.clone().bearer("guess"),
        stranger.clone().header("Authorization", "Basic ???"),
    ];
    for guess in guesses {
        guess.post_json("/v1/messages", &good).expect(401);
    }
    assert_eq!(wrong(), 4);
    let kannel = |query: &str| stranger.get(&format!("/cgi-bin/sendsms?{query}"));
    kannel("username=shop&password=guess&to=1&text=a").expect(403);
    kannel("user=nobody&pass=secret&to=1&text=a").expect(403);
    let form = "username=shop&password=guess&to=1&text=a";
    stranger
        .post(
            "/cgi-bin/sendsms",
            "application/x-www-form-urlencoded",
            form,
        )
        .expect(403);
    assert_eq!(wrong(), 7);
    // Not routable is 403 as well, and no guess.
    kannel("username=shop&password=secret&to=Bob&text=a").expect(403);
    assert_eq!(wrong(), 7);
}

#[test]
fn what_waits_can_be_cancelled() {
    let (mut kit, shop, up) = gateway("");
    let post = json!({ "to": NUMBER, "text": "hello", "deliver_at": "2026-01-01T01:00:00Z" });
    let answer: Value = shop.post_json("/v1/messages", &post).expect_json(202);
    let path = format!("/v1/messages/{}", id(&answer));
    let shown: Value = shop.delete(&path).expect_json(200);
    assert_eq!(shown["state"], json!("deleted"));
    shop.delete(&path).expect(409);
    kit.advance(hours(2));
    up.expect_nothing();
    nothing_left(&mut kit);
}

#[test]
fn webhooks_are_called_until_they_take_it_across_a_crash() {
    let (mut kit, _shop, up) = gateway("");
    let hooks = kit.http().server("http://hooks.example");
    up.deliver(NUMBER, "12345", "STOP").expect(Status::ROK);
    let call = hooks.expect_call();
    let told: Value = call.json();
    assert_eq!(
        (&told["text"], &told["from"]),
        (&json!("STOP"), &json!(NUMBER))
    );
    let key = call.headers().get("idempotency-key").map(str::to_owned);
    call.answer(Reply::new(500));
    kit.advance(secs(59));
    hooks.expect_no_call();
    kit.advance(secs(1));
    hooks.expect_call().fail(FailureKind::Refused);
    kit.advance(secs(300));
    let lost = hooks.expect_call();
    kit.crash_and_restart();
    drop(lost);
    // It may have had it: it is called again at once.
    let call = hooks.expect_call();
    assert_eq!(
        call.headers().get("idempotency-key").map(str::to_owned),
        key
    );
    call.answer(Reply::new(200));
    nothing_left(&mut kit);
}

#[test]
fn a_message_to_a_webhook_is_delivered_when_it_is_taken() {
    let (kit, shop, _up) = gateway("");
    let hooks = kit.http().server("http://hooks.example");
    let post = json!({ "to": "999123456", "text": "žluťoučký" });
    let answer: Value = shop.post_json("/v1/messages", &post).expect_json(202);
    let call = hooks.expect_call();
    let told: Value = call.json();
    assert_eq!(
        (&told["type"], &told["text"]),
        (&json!("message"), &json!("žluťoučký"))
    );
    call.answer(Reply::new(200));
    let shown: Value = shop
        .get(&format!("/v1/messages/{}", id(&answer)))
        .expect_json(200);
    assert_eq!(shown["state"], json!("delivered"));
}

#[test]
fn clients_of_kannel_are_answered_as_kannel_answers() {
    let (mut kit, _shop, up) = gateway("");
    let client = kit.http().client("kannel");
    let hooks = kit.http().server("http://hooks.example");
    let url = "http%3A%2F%2Fhooks.example%2Fdlr%3Ftype%3D%25d%26to%3D%25P%26id%3D%25F";
    let push = format!(
        "/cgi-bin/sendsms?username=shop&password=secret&to=%2B{NUMBER}&text=hello+world&dlr-mask=31&dlr-url={url}"
    );
    let text = |reply: Reply| String::from_utf8_lossy(reply.content()).into_owned();
    assert_eq!(
        text(client.get(&push).expect(202)),
        "0: Accepted for delivery"
    );
    let got = up.expect_submit();
    assert_eq!(got.text(), "hello world");
    assert_eq!(got.submit().registered_delivery, 0x11);
    got.accept("77");
    let accepted = hooks.expect_call();
    assert_eq!(accepted.path(), format!("/dlr?type=8&to={NUMBER}&id=77"));
    accepted.answer(Reply::new(200));
    up.receipt("77", Outcome::Delivered, NUMBER)
        .expect(Status::ROK);
    let delivered = hooks.expect_call();
    assert_eq!(delivered.path(), format!("/dlr?type=1&to={NUMBER}&id=77"));
    delivered.answer(Reply::new(200));
    let refused = |query: &str, status| {
        let reply = client
            .get(&format!("/cgi-bin/sendsms?{query}"))
            .expect(status);
        text(reply)
    };
    let user = "username=shop&password=secret";
    assert_eq!(
        refused("username=shop&password=x&to=1&text=a", 403),
        "Authorization failed for sendsms"
    );
    assert_eq!(
        refused(&format!("{user}&text=a"), 400),
        "Missing receiver number, rejected"
    );
    assert_eq!(
        refused(&format!("{user}&to=Bob&text=a"), 403),
        "Not routable. Do not try again."
    );
    assert_eq!(
        refused(&format!("{user}&to={NUMBER}&text=a&from=Bank"), 400),
        "Sender missing and no global set, rejected"
    );
    kit.advance(hours(1));
    nothing_left(&mut kit);
}
