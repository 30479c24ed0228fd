//! R-XC: programs outside fire events of a service's own types over HTTP, in virtual time, over crashes.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use serde_json::{Value, json};
use strowger::prelude::*;
use strowger_config::{Key, Reload};
use strowger_connection::{Connection, Outside};
use strowger_connection_port::Settings;
use strowger_http::testkit::{Asked, Client, HttpTestKit as _};
use strowger_testkit::TestKit;

/// Something was bought.
#[derive(Clone, Debug, Event)]
struct Bought {
    item: String,
    price: u32,
}

/// How much is it all? Nobody answers that at once.
#[derive(Clone, Debug, Event)]
struct Total {
    after: Option<u64>,
}

/// The same, told later.
#[derive(Clone, Debug, Event)]
struct Tell;

/// A handle's basket.
#[derive(Debug, Default, State)]
struct Basket {
    sum: u32,
    asked: Option<EventContext>,
}

#[sbb(name = "basket", vendor = "test", version = "1.0")]
impl Basket {
    #[on(initial)]
    fn bought(
        &mut self,
        cx: &mut Cx,
        ev: &Bought,
        Aci(handle): Aci<Outside>,
        outside: Ra<Connection>,
    ) -> Result {
        self.sum += ev.price;
        match ev.item.as_str() {
            "nothing" => {
                outside.answer(cx, &"never heard")?;
                Err(Error::msg("rolled back"))
            }
            "last" => {
                cx.detach(handle);
                outside.answer(cx, &self.sum)
            }
            "silent" => Ok(()),
            "slow" => cx.suspend(Some(secs(10))).map(drop).map_err(Into::into),
            "leave" => {
                cx.detach(handle);
                Ok(())
            }
            _ => outside.answer(cx, &self.sum),
        }
    }

    #[on]
    fn total(&mut self, cx: &mut Cx, ev: &Total, Aci(handle): Aci<Outside>) -> Result {
        self.asked = Some(cx.event_context()?);
        if let Some(after) = ev.after {
            cx.timer(handle, secs(after), Tell);
        }
        Ok(())
    }

    #[on]
    fn tell(&mut self, cx: &mut Cx, _: &Timer<Tell>, outside: Ra<Connection>) -> Result {
        let asked = self.asked.take().unwrap();
        outside.answer_to(cx, asked, &json!({ "sum": self.sum }))?;
        // The first one counts.
        outside.answer_to(cx, asked, &"again")
    }
}

fn kit(kit: TestKit) -> TestKit {
    let settings = Settings {
        tokens: [("shop".to_owned(), "secret".into())].into(),
    };
    kit.adaptor(strowger_http::adaptor())
        .adaptor(strowger_connection::adaptor::<(Bought, Total)>())
        .service_with(strowger_connection_port::service(), settings)
        .service(ServiceDef::of::<Basket>())
}

fn shop(slee: &TestKit) -> Client {
    slee.http().client("shop").bearer("secret")
}

fn events(handle: &str) -> String {
    format!("/connection/v1/handles/{handle}/events")
}

fn event(name: &str, event: &Value) -> Value {
    json!({ "type": { "name": name, "vendor": "strowger-connection-port", "version": "1.0" }, "event": event, "wait": "5s" })
}

fn bought(item: &str, price: u32) -> Value {
    event("bought", &json!({ "item": item, "price": price }))
}

fn total(after: Option<u64>) -> Value {
    event("total", &json!({ "after": after }))
}

/// What a program hears of that has no answer.
fn unanswered(asked: &Asked) -> String {
    let problem: Value = asked.expect_json(504);
    problem["title"].as_str().unwrap().to_owned()
}

#[test]
fn r_xc_01_all_events_of_a_handle_land_on_one_activity() {
    let slee = kit(TestKit::strict());
    let shop = shop(&slee);
    for (handle, price, sum) in [("ann", 3, 3), ("bob", 5, 5), ("ann", 4, 7)] {
        let asked = shop.post_json(&events(handle), &bought("tea", price));
        assert_eq!(asked.expect_json::<u32>(200), sum);
    }
    assert_eq!(slee.states::<Basket>().len(), 2);
}

#[test]
fn r_xc_01_an_activity_that_nothing_refers_to_ends_and_is_there_anew() {
    let slee = kit(TestKit::strict());
    let shop = shop(&slee);
    let ask = |item: &str| {
        let asked = shop.post_json(&events("ann"), &bought(item, 3));
        asked.expect_json::<u32>(200)
    };
    assert_eq!((ask("tea"), ask("last")), (3, 6));
    assert_eq!(slee.states::<Basket>().len(), 0);
    assert_eq!((ask("tea"), ask("tea")), (3, 6));
}

#[test]
fn r_xc_01_types_are_those_that_were_named_and_events_are_of_their_type() {
    let slee = kit(TestKit::strict());
    let shop = shop(&slee);
    let types: Value = shop.get("/connection/v1/types").expect_json(200);
    let names: Vec<&str> = types
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["bought", "total"]);
    for (body, status) in [
        (event("sold", &json!({})), 404),
        (event("bought", &json!({ "item": "tea" })), 400),
        (event("bought", &json!({ "item": "tea", "price": -1 })), 400),
        (json!({ "event": {} }), 400),
        (json!([]), 400),
    ] {
        shop.post_json(&events("ann"), &body).expect(status);
    }
    shop.post_json(&events(&"a".repeat(129)), &bought("tea", 1))
        .expect(400);
    shop.get(&events("ann")).expect(405);
    shop.delete("/connection/v1/types").expect(405);
    shop.get("/connection/v1/other").expect(404);
    assert_eq!(slee.states::<Basket>().len(), 0);
}

#[test]
fn r_xc_01_what_is_rolled_back_is_neither_fired_nor_answered() {
    let slee = kit(TestKit::strict());
    let shop = shop(&slee);
    shop.post_json(&events("ann"), &bought("nothing", 3))
        .expect(500);
    // An event that nobody is there for: baskets begin with something bought.
    shop.post_json(&events("ann"), &total(None)).expect(409);
}

#[test]
fn r_xc_01_an_answer_comes_later_or_not_at_all() {
    let mut slee = kit(TestKit::strict());
    let shop = shop(&slee);
    let later = json!({ "type": bought("", 0)["type"], "event": { "item": "silent", "price": 2 } });
    shop.post_json(&events("ann"), &later).expect(204);
    let asked = shop.post_json(&events("ann"), &total(Some(2)));
    asked.expect_none();
    slee.advance(secs(2));
    assert_eq!(asked.expect_json::<Value>(200), json!({ "sum": 2 }));
    let asked = shop.post_json(&events("ann"), &total(None));
    slee.advance(secs(6));
    assert_eq!(unanswered(&asked), "no answer");
    assert_eq!(slee.counter("connection.answers_unused"), 1);
}

#[test]
fn tokens_are_not_shown_and_change_while_the_node_runs() {
    let schema = serde_json::to_value(schemars::schema_for!(Settings)).unwrap();
    let settings = Key::from_schema(&schema);
    let token = settings.below("tokens").and_then(|map| map.below("shop"));
    let token = token.map(|token| (token.secret, token.reload));
    assert_eq!(token, Some((true, Some(Reload::Live))));

    let mut slee = kit(TestKit::strict());
    let shop = shop(&slee);
    let types = "/connection/v1/types";
    shop.get(types).expect(200);
    let tokens = [("shop".to_owned(), "other".into())].into();
    slee.configure_service("connection-port", Settings { tokens });
    shop.get(types).expect(401);
    let with = slee.http().client("shop").bearer("other");
    with.get(types).expect(200);
}

#[test]
fn nobody_waits_for_an_answer_that_cannot_come() {
    let slee = kit(TestKit::strict());
    let asked = shop(&slee).post_json(&events("ann"), &bought("leave", 3));
    assert_eq!(unanswered(&asked), "no answer");
}

#[test]
fn r_xc_01_nobody_is_told_that_an_event_was_dealt_with_before_it_is() {
    let mut slee = kit(TestKit::strict());
    let shop = shop(&slee);
    let slow = shop.post_json(&events("ann"), &bought("slow", 3));
    let behind = shop.post_json(&events("ann"), &bought("tea", 4));
    slee.advance(secs(6));
    assert_eq!(
        (unanswered(&slow), unanswered(&behind)),
        ("pending".to_owned(), "pending".to_owned())
    );
    // They are dealt with all the same.
    slee.advance(secs(6));
    let asked = shop.post_json(&events("ann"), &bought("tea", 5));
    assert_eq!(asked.expect_json::<u32>(200), 12);
}

#[test]
fn as_many_wait_and_as_many_handles_are_there_as_may() {
    let mut slee = kit(TestKit::strict());
    let settings = strowger_connection::Settings {
        handles: 1,
        waiting: 1,
        ..strowger_connection::Settings::default()
    };
    slee.configure("connection", &settings);
    let shop = shop(&slee);
    shop.post_json(&events("ann"), &bought("tea", 3))
        .expect(200);
    shop.post_json(&events("bob"), &bought("tea", 3))
        .expect(503);
    let waits = shop.post_json(&events("ann"), &total(Some(2)));
    shop.post_json(&events("ann"), &bought("tea", 3))
        .expect(503);
    slee.advance(secs(2));
    waits.expect(200);
    shop.post_json(&events("ann"), &bought("last", 3))
        .expect(200);
    shop.post_json(&events("bob"), &bought("tea", 3))
        .expect(200);
    assert_eq!(slee.counter("connection.refused"), 2);
}

#[test]
fn r_xc_01_a_handle_outlives_the_process() {
    let mut slee = kit(TestKit::strict());
    let before = shop(&slee).post_json(&events("ann"), &bought("tea", 3));
    assert_eq!(before.expect_json::<u32>(200), 3);
    slee.crash_and_restart();
    let after = shop(&slee).post_json(&events("ann"), &bought("tea", 4));
    assert_eq!(after.expect_json::<u32>(200), 7);
}

#[test]
fn nobody_fires_without_a_token() {
    let slee = kit(TestKit::strict());
    let stranger = slee.http().client("stranger");
    stranger
        .post_json(&events("ann"), &bought("tea", 3))
        .expect(401);
    stranger
        .bearer("secre")
        .get("/connection/v1/types")
        .expect(401);
    slee.http()
        .client("other")
        .bearer("")
        .get("/connection/v1/types")
        .expect(401);
    assert_eq!(slee.states::<Basket>().len(), 0);
}
