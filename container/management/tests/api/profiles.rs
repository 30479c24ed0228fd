//! Profile tables over the API: made, filled, asked and taken away, and what is refused.

use crate::client::{Answer, Served};
use serde_json::{Value, json};
use strowger::prelude::*;

const MEMBERS: &str = "[profiles.members]\nspecification = \"member\"\n";

fn names(answer: &Value) -> Vec<&str> {
    let profiles = answer.as_array().unwrap().iter();
    profiles.map(|one| one["name"].as_str().unwrap()).collect()
}

#[test]
fn profiles_are_written_read_and_removed_and_services_see_them() {
    let served = Served::new(MEMBERS);
    let tables = served.get("/v1/profiles").body;
    assert_eq!(
        tables,
        json!([{"name": "members", "specification": tables[0]["specification"], "profiles": 0}])
    );
    assert!(
        tables[0]["specification"]
            .as_str()
            .unwrap()
            .contains("member")
    );
    let table = served.get("/v1/profiles/members").body;
    assert_eq!(
        table["attributes"][0],
        json!({"name": "number", "type": "text", "optional": false, "unique": true, "indexed": true})
    );
    assert_eq!(
        table["default"],
        json!({"number": "", "zone": 0, "active": true, "forward": null, "notes": []})
    );

    let alice = r#"{"number":"4930123","zone":7,"notes":["vip"]}"#;
    let put = served.change("PUT", "/v1/profiles/members/entries/alice", alice);
    assert_eq!(put.status, 200, "{put:?}");
    let say = served.udp();
    assert_eq!(say("ann of:4930123"), "ann alice");
    let both = r#"{"put":[{"name":"bob","values":{"number":"4930456","forward":"4930123"}},
                          {"name":"carol","values":{"number":"49"}}]}"#;
    assert_eq!(
        served
            .change("POST", "/v1/profiles/members/entries", both)
            .status,
        200
    );
    assert_eq!(
        served.get("/v1/profiles/members/entries/alice").body,
        json!({"name": "alice", "values": {
            "number": "4930123", "zone": 7, "active": true, "forward": null, "notes": ["vip"]}})
    );
    let page = served.get("/v1/profiles/members/entries?limit=2").body;
    assert_eq!(
        (names(&page["items"]), &page["next"]),
        (vec!["alice", "bob"], &json!("bob"))
    );
    let page = served
        .get("/v1/profiles/members/entries?limit=2&after=bob")
        .body;
    assert_eq!(
        (names(&page["items"]), &page["next"]),
        (vec!["carol"], &Value::Null)
    );

    let one = served.change("DELETE", "/v1/profiles/members/entries/alice", "");
    assert_eq!(one.status, 200);
    assert_eq!(say("ann of:4930123"), "ann nobody");
    let more = r#"{"put":[],"remove":["bob","nobody"]}"#;
    assert_eq!(
        served
            .change("POST", "/v1/profiles/members/entries", more)
            .status,
        200
    );
    assert_eq!(served.get("/v1/profiles").body[0]["profiles"], 1);
    assert_eq!(served.get("/v1/status").body["counts"]["profiles"], 1);
}

/// Three members, to be asked for.
fn known() -> Served {
    let served = Served::new(MEMBERS);
    let put: Vec<_> = [
        ("alice", "4930123", 7),
        ("bob", "4930", 7),
        ("carol", "49", 8),
    ]
    .map(|(name, number, zone)| json!({"name": name, "values": {"number": number, "zone": zone}}))
    .to_vec();
    let body = json!({ "put": put }).to_string();
    assert_eq!(
        served
            .change("POST", "/v1/profiles/members/entries", &body)
            .status,
        200
    );
    served
}

fn ask(served: &Served, query: &Value) -> Answer {
    let query = query.to_string();
    served.change("POST", "/v1/profiles/members/query", &query)
}

#[test]
fn queries_find_profiles_by_their_attributes() {
    let served = known();
    for (condition, found) in [
        (
            json!({"attribute": "zone", "equal": 7}),
            vec!["alice", "bob"],
        ),
        (json!({"attribute": "zone", "not_equal": 7}), vec!["carol"]),
        (
            json!({"attribute": "zone", "less": 8}),
            vec!["alice", "bob"],
        ),
        (
            json!({"attribute": "zone", "at_most": 7}),
            vec!["alice", "bob"],
        ),
        (json!({"attribute": "zone", "greater": 7}), vec!["carol"]),
        (json!({"attribute": "zone", "at_least": 8}), vec!["carol"]),
        (
            json!({"attribute": "zone", "from": 8, "to": 9}),
            vec!["carol"],
        ),
        (
            json!({"attribute": "number", "prefix": "4930"}),
            vec!["bob", "alice"],
        ),
        (
            json!({"attribute": "number", "prefix_of": "493077"}),
            vec!["bob"],
        ),
        (
            json!({"not": {"attribute": "zone", "equal": 7}}),
            vec!["carol"],
        ),
        (
            json!({"all": [{"attribute": "zone", "equal": 7}, {"attribute": "active", "equal": true}]}),
            vec!["alice", "bob"],
        ),
        (
            json!({"any": [{"attribute": "number", "equal": "49"}, {"attribute": "number", "equal": "4930"}]}),
            vec!["carol", "bob"],
        ),
    ] {
        let answer = ask(&served, &json!({ "where": condition }));
        assert_eq!(answer.status, 200, "{condition}: {answer:?}");
        let mut names = names(&answer.body);
        names.sort_unstable();
        let mut found = found;
        found.sort_unstable();
        assert_eq!(names, found, "{condition}");
    }
    assert_eq!(names(&ask(&served, &json!({})).body).len(), 3);
    assert_eq!(names(&ask(&served, &json!({"limit": 1})).body).len(), 1);
}

#[test]
fn queries_that_cannot_be_are_refused() {
    let served = known();
    for wrong in [
        json!({"where": []}),
        json!({"where": {"attribute": "zone"}}),
        json!({"where": {"attribute": "zone", "equal": 1.5}}),
        json!({"where": {"attribute": "zone", "equal": "7"}}),
        json!({"where": {"attribute": "zone", "equal": 7, "less": 8}}),
        json!({"where": {"attribute": "colour", "equal": 7}}),
        json!({"where": {"attribute": "notes", "equal": "vip"}}),
        json!({"where": {"all": {}}}),
        json!({"where": {"any": vec![json!({"attribute": "zone", "equal": 7}); 64]}}),
        json!({"where": (0..40).fold(json!({"all": []}), |inner, _| json!({ "not": inner }))}),
    ] {
        let answer = ask(&served, &wrong);
        assert_eq!(
            (answer.problem(), answer.field()),
            ((400, "MGT-004"), "where"),
            "{wrong}"
        );
    }
    assert_eq!(ask(&served, &json!({"limit": 0})).field(), "limit");
}

#[test]
fn what_cannot_be_written_is_told_with_its_place_and_nothing_is_changed() {
    let served = Served::new(MEMBERS);
    let at = "/v1/profiles/members/entries";
    let alice = r#"{"put":[{"name":"alice","values":{"number":"1"}}]}"#;
    assert_eq!(served.change("POST", at, alice).status, 200);
    let good = r#"{"name":"bob","values":{"number":"2"}}"#;
    for (bad, field) in [
        (
            r#"{"name":"carol","values":{"number":7}}"#,
            "put.1.values.number",
        ),
        (
            r#"{"name":"carol","values":{"zone":65536}}"#,
            "put.1.values.zone",
        ),
        (
            r#"{"name":"carol","values":{"color":"red"}}"#,
            "put.1.values.color",
        ),
        (
            r#"{"name":"carol","values":{"number":"1"}}"#,
            "put.1.values.number",
        ),
        (
            r#"{"name":"carol","values":{"number":"1234567890123456"}}"#,
            "put.1.values.number",
        ),
        (r#"{"name":"","values":{"number":"3"}}"#, "put.1"),
        (r#"{"name":7,"values":{}}"#, "put.1.name"),
        (r#"{"name":"carol"}"#, "put.1"),
        (r#"{"name":"carol","values":{},"more":1}"#, "put.1"),
        (r#""carol""#, "put"),
    ] {
        let body = format!("{{\"put\":[{good},{bad}]}}");
        let answer = served.change("POST", at, &body);
        assert_eq!(
            (answer.problem(), answer.field()),
            ((400, "MGT-004"), field),
            "{bad}: {answer:?}"
        );
    }
    assert_eq!(names(&served.get(at).body["items"]), ["alice"]);
    for (method, path) in [
        ("GET", "/v1/profiles/nobody"),
        ("GET", "/v1/profiles/nobody/entries"),
        ("GET", "/v1/profiles/members/entries/nobody"),
        ("DELETE", "/v1/profiles/members/entries/nobody"),
        ("DELETE", "/v1/profiles/nobody"),
    ] {
        let answer = served.change(method, path, "");
        assert_eq!(answer.problem(), (404, "MGT-005"), "{method} {path}");
    }
    let alone = served.ask("", "PUT", "/v1/profiles/members/entries/eve", "{}");
    assert_eq!(alone.status, 401);
}

#[test]
fn tables_are_made_renamed_and_removed() {
    let served = Served::new(MEMBERS);
    let change = |method: &str, path: &str, body: &str| served.change(method, path, body);
    let made = change(
        "PUT",
        "/v1/profiles/guests",
        r#"{"specification":"member"}"#,
    );
    assert_eq!(made.status, 200, "{made:?}");
    let again = change(
        "PUT",
        "/v1/profiles/guests",
        r#"{"specification":"member"}"#,
    );
    assert_eq!(again.problem(), (409, "MGT-006"));
    let none = change(
        "PUT",
        "/v1/profiles/others",
        r#"{"specification":"nobody"}"#,
    );
    assert_eq!(
        (none.problem(), none.field()),
        ((400, "MGT-004"), "specification")
    );
    let name = change("PUT", "/v1/profiles/a%2Fb", r#"{"specification":"member"}"#);
    assert_eq!((name.problem(), name.field()), ((400, "MGT-004"), "table"));
    assert_eq!(
        change("POST", "/v1/profiles/guests/rename", r#"{"to":"members"}"#)
            .problem()
            .0,
        409
    );
    assert_eq!(
        change("POST", "/v1/profiles/guests/rename", r#"{"to":"visitors"}"#).status,
        200
    );
    assert_eq!(served.get("/v1/profiles/guests").status, 404);
    assert_eq!(change("DELETE", "/v1/profiles/visitors", "").status, 200);
    assert_eq!(served.get("/v1/profiles").body.as_array().unwrap().len(), 1);
}

#[test]
fn a_refusal_names_what_is_to_blame() {
    let limits = format!("{MEMBERS}[limits]\nprofiles = 2\n");
    let served = Served::new(&limits);
    let put = |name: &str, body: &str| {
        let path = format!("/v1/profiles/members/entries/{name}");
        served.change("PUT", &path, body)
    };
    assert_eq!(put("alice", r#"{"number":"1"}"#).status, 200);
    assert_eq!(put("bob", r#"{"number":"1"}"#).field(), "number");
    assert_eq!(
        put("bob", r#"{"number":"1234567890123456"}"#).field(),
        "number"
    );
    assert_eq!(put("bob", r#"{"zone":"far"}"#).field(), "zone");
    assert_eq!(put(&"b".repeat(256), r#"{"number":"2"}"#).field(), "name");
    assert_eq!(put("bob", r#"{"number":"2"}"#).status, 200);
    let full = put("carol", r#"{"number":"3"}"#);
    assert_eq!(
        (full.problem(), &full.body["field"]),
        ((409, "MGT-006"), &Value::Null)
    );
    let both = r#"{"put":[{"name":"bob","values":{"number":"4"}},{"name":"carol","values":{"number":"5"}}]}"#;
    let full = served.change("POST", "/v1/profiles/members/entries", both);
    assert_eq!((full.problem(), full.field()), ((409, "MGT-006"), "put.1"));
    let rename = |to: &str| {
        let body = json!({ "to": to }).to_string();
        served.change("POST", "/v1/profiles/members/rename", &body)
    };
    assert_eq!(
        (rename("a/b").problem(), rename("a/b").field()),
        ((400, "MGT-004"), "to")
    );
    assert_eq!(
        (rename("members").problem(), rename("members").field()),
        ((409, "MGT-006"), "to")
    );
}

/// Hears of changes of members.
#[derive(Default, State)]
struct Watcher {}

#[sbb(name = "watcher", vendor = "test", version = "1.0")]
impl Watcher {
    #[on(initial(address))]
    fn added(
        &mut self,
        _cx: &mut Cx<'_>,
        _ev: &ProfileAdded<crate::toy::Member>,
        #[table("members")] _members: Table<crate::toy::Member>,
    ) {
    }
}

pub(crate) fn watcher() -> ServiceDef {
    ServiceDef::of::<Watcher>()
}

#[test]
fn what_is_too_much_for_those_who_hear_of_it_is_not_called_a_matter_of_time() {
    let text = format!("{MEMBERS}[services.watcher]\n[limits]\nevents_per_activity = 10\n");
    let served = Served::new(&text);
    let write = |n: usize| {
        let put =
            (0..n).map(|n| json!({"name": format!("m{n}"), "values": {"number": n.to_string()}}));
        let body = json!({ "put": put.collect::<Vec<_>>() }).to_string();
        served.change("POST", "/v1/profiles/members/entries", &body)
    };
    let refused = write(11);
    assert_eq!(
        (refused.problem(), refused.field()),
        ((400, "MGT-004"), "put")
    );
    assert!(
        refused.text.contains("limits.events_per_activity"),
        "{refused:?}"
    );
    assert_eq!(served.get("/v1/profiles").body[0]["profiles"], 0);
    assert_eq!(write(10).status, 200);
}
