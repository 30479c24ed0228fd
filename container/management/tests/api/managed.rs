//! Adaptors that are configured through the node.

use crate::client::{Answer, Served, until};
use serde_json::Value;

const SECOND: &str = "/v1/adaptors/second";

fn put(served: &Served, body: &str) -> Answer {
    served.change("PUT", SECOND, body)
}

/// The keys that have changed.
fn changed(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let all = answer.body.as_array().unwrap();
    all.iter()
        .map(|change| change["key"].as_str().unwrap())
        .collect()
}

/// Value and origin of a key in effect.
fn key(served: &Served, key: &str) -> (Value, String) {
    let keys = served.get("/v1/configuration?below=adaptors").body;
    let keys = keys.as_array().unwrap();
    let found = keys.iter().find(|entry| entry["key"] == key);
    let found = found.unwrap_or_else(|| panic!("no {key}: {keys:?}"));
    (
        found["value"].clone(),
        found["origin"].as_str().unwrap().to_owned(),
    )
}

#[test]
fn an_adaptor_that_was_made_through_the_node_is_there_after_a_restart() {
    let served = Served::new("");
    let made = put(
        &served,
        r#"{"type": "toy", "links": ["line"], "settings": {"motto": "two"}}"#,
    );
    assert!(
        changed(&made).contains(&"adaptors.second.settings.motto"),
        "{made:?}"
    );
    let second = served.get(SECOND).body;
    assert_eq!(
        (
            &second["state"],
            second["listeners"].as_array().unwrap().len()
        ),
        (&"active".into(), 2)
    );
    assert_eq!(served.get("/v1/links").body[0]["adaptor"], "second");
    let (value, origin) = key(&served, "adaptors.second.settings.motto");
    assert!(
        value == "two" && origin.contains("managed.toml:"),
        "{value} {origin}"
    );
    // What is not given any more is as out of the box; what is live changes as such.
    let again = put(&served, r#"{"type": "toy", "links": ["line"]}"#);
    assert_eq!(changed(&again), ["adaptors.second.settings.motto"]);
    assert_eq!(
        changed(&put(&served, r#"{"type": "toy", "links": ["line"]}"#)),
        Vec::<&str>::new()
    );
    served.change("POST", "/v1/stop", "");
    let served = Served::on(served.end());
    assert_eq!(served.get(SECOND).body["state"], "active");
    assert!(!changed(&served.change("DELETE", SECOND, "")).is_empty());
    assert_eq!(served.get(SECOND).problem(), (404, "MGT-005"));
    assert_eq!(
        served.change("DELETE", SECOND, "").problem(),
        (404, "MGT-005")
    );
    served.change("POST", "/v1/stop", "");
    let served = Served::on(served.end());
    assert_eq!(served.get(SECOND).problem(), (404, "MGT-005"));
    assert!(served.get("/v1/links").body.as_array().unwrap().is_empty());
}

#[test]
fn what_is_wrong_with_an_adaptor_is_named_and_nothing_is_written() {
    let served = Served::new("");
    for (body, problem, field) in [
        (
            r#"{"type": "toy", "settings": {"moto": "x"}}"#,
            (422, "NOD-015"),
            "settings.moto",
        ),
        (
            r#"{"type": "toy", "activ": true}"#,
            (422, "NOD-015"),
            "activ",
        ),
        (
            r#"{"type": "toy", "active": 3}"#,
            (422, "NOD-015"),
            "active",
        ),
        (
            r#"{"type": "toy", "settings": {"motto": null}}"#,
            (400, "MGT-004"),
            "settings.motto",
        ),
    ] {
        let answer = put(&served, body);
        assert_eq!(
            (answer.problem(), answer.field()),
            (problem, field),
            "{body}"
        );
    }
    assert_eq!(
        put(&served, r#"{"type": "toys"}"#).problem(),
        (422, "NOD-015")
    );
    assert_eq!(
        put(
            &served,
            r#"{"type": "toy", "settings": {"udp": "nowhere"}}"#
        )
        .problem(),
        (422, "NOD-015")
    );
    assert_eq!(
        served.change("PUT", "/v1/adaptors/a.b", "{}").field(),
        "name"
    );
    // No administrator.
    assert_eq!(
        served.ask("", "PUT", SECOND, "{}").problem(),
        (401, "MGT-001")
    );
    let left = std::fs::read_dir(served.data("")).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(
        !left
            .collect::<Vec<_>>()
            .iter()
            .any(|name| name.contains("managed"))
    );
    assert_eq!(served.get(SECOND).problem(), (404, "MGT-005"));
    let alarms = served.get("/v1/alarms").body;
    assert!(alarms.as_array().unwrap().is_empty(), "{alarms}");
}

#[test]
fn what_was_configured_through_the_node_stands_over_files_until_it_is_taken_away() {
    let served = Served::new("[adaptors.toy.settings]\nmotto = \"file\"\n");
    let udp = served.udp();
    assert_eq!(udp("ann motto"), "ann file");
    let toy = "/v1/adaptors/toy";
    assert_eq!(served.change("DELETE", toy, "").problem(), (409, "MGT-006"));
    let set = served.change("PUT", toy, r#"{"settings": {"motto": "api"}}"#);
    assert_eq!(changed(&set), ["adaptors.toy.settings.motto"]);
    assert_eq!(udp("ann motto"), "ann api");
    // A file below it has no say.
    served.rewrite("[adaptors.toy.settings]\nmotto = \"newer\"\n");
    assert_eq!(
        changed(&served.change("POST", "/v1/configuration/reload", "")),
        Vec::<&str>::new()
    );
    assert_eq!(
        changed(&served.change("DELETE", toy, "")),
        ["adaptors.toy.settings.motto"]
    );
    assert_eq!(udp("ann motto"), "ann newer");
}

#[test]
fn an_adaptor_with_a_talk_is_not_taken_away() {
    let served = Served::new("");
    put(&served, r#"{"type": "toy"}"#);
    let listeners = served.get(SECOND).body["listeners"].clone();
    let at = listeners
        .as_array()
        .unwrap()
        .iter()
        .find(|at| at["transport"] == "udp");
    let at = at.unwrap()["address"].as_str().unwrap();
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.send_to(b"bob hello", at).unwrap();
    until(|| served.get(SECOND).body["activities"] == 1);
    let refused = served.change("DELETE", SECOND, "");
    assert_eq!(refused.problem(), (409, "MGT-006"));
    assert!(
        refused.body["detail"]
            .as_str()
            .unwrap()
            .contains("1 activities"),
        "{refused:?}"
    );
    assert_eq!(refused.body["problems"][0]["key"], "adaptors.second");
    assert_eq!(served.get(SECOND).body["state"], "active");
    // Nor made anew.
    let anew = put(
        &served,
        r#"{"type": "toy", "settings": {"write_buffer": 70000}}"#,
    );
    assert_eq!(anew.problem(), (409, "MGT-006"));
    let file = std::fs::read_to_string(served.data("managed.toml")).unwrap();
    assert!(
        file.contains("[adaptors.second]") && !file.contains("70000"),
        "{file}"
    );
    assert!(!served.data("managed.toml.new").exists());
}
