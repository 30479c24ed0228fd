//! Edit sessions of profiles over the API: seen by nobody until they are committed, and refused when somebody else was there.

use crate::client::{Answer, Served};
use serde_json::json;

const ALL: &str = "/v1/profiles/members/edits";
const BOB: &str = "/v1/profiles/members/entries/bob";

/// A node with two members, and an edit session of one.
struct Edited {
    served: Served,
    session: String,
}

impl Edited {
    fn bob() -> Self {
        let served = Served::new("[profiles.members]\nspecification = \"member\"\n");
        let both = r#"{"put":[{"name":"ann","values":{"number":"1"}},{"name":"bob","values":{"number":"2","zone":7}}]}"#;
        let written = served.change("POST", "/v1/profiles/members/entries", both);
        assert_eq!(written.status, 200, "{written:?}");
        let begun = served.change("POST", ALL, r#"{"name":"bob"}"#);
        assert_eq!(begun.status, 200, "{begun:?}");
        let session = format!("{ALL}/{}", begun.body["id"]);
        Self { served, session }
    }
    fn set(&self, values: &str) -> Answer {
        self.served.change("PUT", &self.session, values)
    }
    fn tell(&self, what: &str) -> Answer {
        let path = format!("{}/{what}", self.session);
        self.served.change("POST", &path, "")
    }
    fn close(&self) -> Answer {
        self.served.change("DELETE", &self.session, "")
    }
    fn number(&self) -> serde_json::Value {
        self.served.get(BOB).body["values"]["number"].clone()
    }
}

#[test]
fn a_profile_is_edited_where_nobody_sees_it_until_it_is_committed() {
    let edited = Edited::bob();
    let held = edited.set(r#"{"number":"3","forward":"1"}"#);
    assert_eq!(held.status, 200, "{held:?}");
    assert_eq!(
        (&held.body["changed"], &held.body["values"]["zone"]),
        (&json!(true), &json!(7))
    );
    assert!(held.body["left_s"].as_u64().is_some_and(|left| left > 800));
    assert_eq!(edited.number(), "2");
    assert_eq!(edited.served.get(ALL).body[0], held.body);
    assert_eq!(edited.close().problem(), (409, "MGT-006"));
    assert_eq!(edited.tell("verify").status, 200);
    assert_eq!(edited.number(), "2");
    assert_eq!(edited.tell("commit").status, 200);
    assert_eq!(edited.number(), "3");
    assert_eq!(edited.close().status, 200);
    assert_eq!(edited.close().problem(), (404, "MGT-005"));
    assert_eq!(edited.served.get(ALL).body, json!([]));
}

#[test]
fn what_cannot_be_committed_is_told_with_its_field_and_the_session_goes_on() {
    let edited = Edited::bob();
    for (values, field) in [
        (r#"{"zone":8,"color":"red"}"#, "color"),
        (r#"{"zone":70000}"#, "zone"),
    ] {
        let refused = edited.set(values);
        assert_eq!(
            (refused.problem(), refused.field()),
            ((400, "MGT-004"), field)
        );
    }
    assert_eq!(edited.served.get(&edited.session).body["values"]["zone"], 7);
    for number in ["1", "1234567890123456"] {
        edited.set(&json!({ "number": number }).to_string());
        for what in ["verify", "commit"] {
            let refused = edited.tell(what);
            assert_eq!(
                (refused.problem(), refused.field()),
                ((400, "MGT-004"), "number"),
                "{what}"
            );
        }
    }
    assert_eq!(edited.tell("restore").status, 200);
    let restored = edited.served.get(&edited.session).body;
    assert_eq!(
        (&restored["values"]["number"], &restored["changed"]),
        (&json!("2"), &json!(false))
    );
}

#[test]
fn a_commit_over_what_somebody_else_wrote_is_a_conflict() {
    let edited = Edited::bob();
    edited.set(r#"{"number":"3"}"#);
    assert_eq!(
        edited.served.change("PUT", BOB, r#"{"number":"4"}"#).status,
        200
    );
    for what in ["verify", "commit"] {
        let refused = edited.tell(what);
        assert_eq!(refused.problem(), (409, "MGT-006"), "{what}");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("changed since"), "{detail}");
    }
    assert_eq!(edited.number(), "4");
    assert_eq!(edited.tell("restore").status, 200);
    edited.set(r#"{"number":"5"}"#);
    assert_eq!(edited.tell("commit").status, 200);
    assert_eq!(edited.number(), "5");
}

#[test]
fn a_profile_that_is_to_be_made_is_there_when_it_is_committed() {
    let edited = Edited::bob();
    let begin = |body: &str| edited.served.change("POST", ALL, body);
    assert_eq!(begin(r#"{"name":"eve"}"#).problem(), (404, "MGT-005"));
    assert_eq!(
        begin(r#"{"name":"ann","new":true}"#).problem(),
        (409, "MGT-006")
    );
    let eve = begin(r#"{"name":"eve","new":true}"#);
    assert_eq!(
        (&eve.body["new"], &eve.body["values"]["active"]),
        (&json!(true), &json!(true))
    );
    let session = format!("{ALL}/{}", eve.body["id"]);
    let commit = format!("{session}/commit");
    let entry = "/v1/profiles/members/entries/eve";
    edited.served.change("PUT", &session, r#"{"number":"9"}"#);
    assert_eq!(edited.served.get(entry).status, 404);
    assert_eq!(edited.served.change("POST", &commit, "").status, 200);
    assert_eq!(edited.served.get(entry).body["values"]["number"], "9");
    for wrong in ["0", "x", "18446744073709551616"] {
        let path = format!("{ALL}/{wrong}");
        assert_eq!(edited.served.get(&path).problem(), (404, "MGT-005"));
    }
    let others = edited.session.replace("members", "others");
    assert_eq!(edited.served.get(&others).problem(), (404, "MGT-005"));
}

#[test]
fn the_audit_log_names_the_profile_of_each_step_of_a_session() {
    let edited = Edited::bob();
    edited.set(r#"{"number":"+4930999"}"#);
    assert_eq!(edited.tell("restore").status, 200);
    assert_eq!(edited.tell("commit").status, 200);
    assert_eq!(edited.close().status, 200);
    let audit = std::fs::read_to_string(edited.served.data("audit.log")).unwrap();
    let about = audit.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["about"].as_str().unwrap_or_default().to_owned()
    });
    let number = edited.session.rsplit('/').next().unwrap();
    let ours = format!("session {number}, profile `bob`");
    assert_eq!(about.filter(|about| *about == ours).count(), 5);
}

#[test]
fn sessions_are_bounded_and_their_values_are_not_in_the_audit_log() {
    let edited = Edited::bob();
    edited.set(r#"{"number":"secret"}"#);
    let begin = || edited.served.change("POST", ALL, r#"{"name":"ann"}"#);
    for _ in 1..100 {
        assert_eq!(begin().status, 200);
    }
    assert_eq!(begin().problem(), (409, "MGT-006"));
    let audit = std::fs::read_to_string(edited.served.data("audit.log")).unwrap();
    assert!(audit.contains(&edited.session) && !audit.contains("secret"));
    let nobody = edited.served.ask("", "POST", ALL, r#"{"name":"ann"}"#);
    assert_eq!(nobody.status, 401);
}
