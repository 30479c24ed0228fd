//! Each route against a real node: what it answers, what it changes, and what it says when it does not.

use crate::client::{Served, until};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

#[test]
fn the_node_as_a_whole_is_shown_to_whoever_is_on_its_machine() {
    let served = Served::new("");
    assert_eq!(served.get("/health").body["state"], "running");
    assert_eq!(served.get("/ready").status, 200);
    let status = served.get("/v1/status?detail=true");
    assert_eq!(
        (status.status, &status.body["state"]),
        (200, &"running".into())
    );
    assert!(status.head.contains("cache-control: no-store"));
    assert_eq!(served.get("/v1/whoami").body["name"], "local");
    assert_eq!(served.get("/v1/tokens").body.as_array().unwrap().len(), 0);
    assert_eq!(
        served.get("/v1/adaptors/toy").body["listeners"][0]["adaptor"],
        "toy"
    );
    assert_eq!(served.get("/v1/services").body[0]["name"], "parrot");
    assert_eq!(served.get("/v1/services/parrot").body["state"], "active");
    assert_eq!(served.get("/v1/certificates").status, 200);
    assert_eq!(served.get("/v1/timers").status, 200);
    assert_eq!(
        served.get("/v1/ladders?find=ann").body["items"],
        serde_json::json!([])
    );
    let document = served.get("/openapi.json").body;
    for path in document["paths"].as_object().unwrap().keys() {
        let plain = !path.contains('{') && document["paths"][path]["get"].is_object();
        if plain && path != "/v1/live" {
            assert_eq!(served.get(path).status, 200, "{path}");
        }
    }
}

#[test]
fn what_is_wrong_is_named() {
    let served = Served::new("");
    let own = served.own();
    let wrong = [
        ("GET", "/v1/status?depth=true", "", "depth"),
        ("GET", "/v1/status?detail=yes", "", "detail"),
        ("GET", "/v1/activities?limit=0", "", "limit"),
        ("GET", "/v1/activities?after=x", "", "after"),
        ("GET", "/v1/activities?adaptor=nobody", "", "adaptor"),
        ("GET", "/v1/activities?min_age=-1", "", "min_age"),
        ("GET", "/v1/entities?service=nobody", "", "service"),
        ("GET", "/v1/timers?due_within=soon", "", "due_within"),
        ("GET", "/v1/components?kind=thing", "", "kind"),
        ("GET", "/v1/ladders?after=x", "", "after"),
        ("GET", "/v1/ladders?limit=0", "", "limit"),
        ("GET", "/v1/ladders/1?format=gif", "", "format"),
        (
            "POST",
            "/v1/services/replace",
            r#"{"activate":"parrot"}"#,
            "activate",
        ),
        (
            "POST",
            "/v1/services/replace",
            r#"{"activate":["nobody"]}"#,
            "service",
        ),
        ("POST", "/v1/services/replace", r#"{"active":[]}"#, "active"),
        ("PUT", "/v1/links/trunk", "{}", "adaptor"),
        (
            "PUT",
            "/v1/links/trunk",
            r#"{"adaptor":"nobody"}"#,
            "adaptor",
        ),
        ("PUT", "/v1/links/Trunk", r#"{"adaptor":"toy"}"#, "name"),
        ("PUT", "/v1/log/strowger", r#"{"level":"loud"}"#, "level"),
        ("PUT", "/v1/log/a%20b", r#"{"level":"debug"}"#, "source"),
        ("POST", "/v1/stop?now=1", "", "now"),
    ];
    for (method, path, body, field) in wrong {
        let answer = served.ask(&own, method, path, body);
        assert_eq!(answer.problem(), (400, "MGT-004"), "{method} {path}");
        assert_eq!(answer.field(), field, "{method} {path} {body}");
    }
    for path in [
        "/nothing",
        "/v1/services/nobody",
        "/v1/adaptors/nobody",
        "/v1/activities/a00-999-1",
        "/v1/ladders/1",
        "/v1/ladders/first",
    ] {
        assert_eq!(served.get(path).problem(), (404, "MGT-005"), "{path}");
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    let served = Served::new("");
    let own = served.own();
    for body in ["[", "[]", "\"\""] {
        let answer = served.change("POST", "/v1/services/replace", body);
        assert_eq!(answer.problem(), (400, "MGT-004"), "{body}");
    }
    assert_eq!(
        served.change("PATCH", "/v1/status", "").problem(),
        (405, "MGT-005")
    );
    let long = format!("{{\"level\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(served.change("PUT", "/v1/log/strowger", &long).status, 413);
    let bare = format!(
        "PUT /v1/log/strowger HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {own}\r\n\
         Connection: close\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    assert_eq!(served.raw(&bare).problem(), (415, "MGT-004"));
    assert_eq!(served.get("/v1/activities/%ff").status, 400);
    assert!(served.node.status().unwrap().state == "running");
}

#[test]
fn services_and_adaptors_change_as_their_states_allow() {
    let served = Served::new("");
    let say = served.udp();
    assert_eq!(say("ann hello"), "ann 1 hello");
    let change = |path: &str| served.change("POST", path, "");
    assert_eq!(
        change("/v1/services/parrot/activate").problem(),
        (409, "MGT-006")
    );
    assert_eq!(
        change("/v1/services/nobody/activate").problem(),
        (404, "MGT-005")
    );
    assert_eq!(change("/v1/services/parrot/deactivate").status, 200);
    assert_eq!(served.get("/v1/services/parrot").body["state"], "stopping");
    assert_eq!(say("ann bye"), "ann bye");
    until(|| served.get("/v1/services/parrot").body["state"] == "inactive");
    let replace = r#"{"activate":["parrot"]}"#;
    assert_eq!(
        served
            .change("POST", "/v1/services/replace", replace)
            .status,
        200
    );
    assert_eq!(say("bob hello"), "bob 1 hello");
    assert_eq!(say("bob bye"), "bob bye");
    assert_eq!(change("/v1/adaptors/toy/deactivate").status, 200);
    until(|| served.get("/v1/adaptors/toy").body["state"] == "inactive");
    assert_eq!(
        change("/v1/adaptors/toy/deactivate").problem(),
        (409, "MGT-006")
    );
    assert_eq!(change("/v1/adaptors/toy/activate").status, 200);
    let bind = r#"{"adaptor":"toy"}"#;
    assert_eq!(served.change("PUT", "/v1/links/trunk", bind).status, 200);
    assert_eq!(
        served.change("PUT", "/v1/links/trunk", bind).problem(),
        (409, "MGT-006")
    );
    let links = served.get("/v1/links").body;
    assert!(
        links
            .as_array()
            .unwrap()
            .iter()
            .any(|link| link["name"] == "trunk")
    );
    assert_eq!(served.change("DELETE", "/v1/links/trunk", "").status, 200);
    assert_eq!(
        served.change("DELETE", "/v1/links/trunk", "").problem(),
        (404, "MGT-005")
    );
}

#[test]
fn ten_thousand_activities_are_paged_through_and_what_is_left_over_is_ended() {
    let served = Served::new("[services.parrot]\ndurability = \"none\"\n");
    let say = served.udp();
    for n in 0..10_000 {
        say(&format!("talk{n} hello"));
    }
    let (mut ids, mut after, mut parts) = (BTreeSet::new(), String::new(), 0);
    loop {
        let page = served
            .get(&format!("/v1/activities?type=talk&limit=1000{after}"))
            .body;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 1_000);
        ids.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        parts += 1;
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert!(
        ids.len() == 10_000 && parts >= 10,
        "{} in {parts}",
        ids.len()
    );
    let id = ids.first().unwrap();
    let path = format!("/v1/activities/{id}");
    let activity = served.get(&path).body;
    let entity = activity["entities"][0].as_str().unwrap();
    let of = served.get(&format!("/v1/entities/{entity}")).body;
    assert_eq!(
        (&of["service"], &of["activities"][0]),
        (&"parrot".into(), &id.as_str().into())
    );
    assert_eq!(served.change("DELETE", &path, "").status, 200);
    until(|| served.get(&path).status == 404);
    assert_eq!(
        served.change("DELETE", &path, "").problem(),
        (404, "MGT-005")
    );
    let id = ids.last().unwrap();
    let activity = served.get(&format!("/v1/activities/{id}")).body;
    let path = format!("/v1/entities/{}", activity["entities"][0].as_str().unwrap());
    assert_eq!(served.change("DELETE", &path, "").status, 200);
    assert_eq!(served.get(&path).problem(), (404, "MGT-005"));
    let old = served.get("/v1/entities?min_age=86400&service=parrot").body;
    assert_eq!(old["items"].as_array().unwrap().len(), 0);
}

#[test]
fn the_configuration_is_shown_and_reloaded_all_or_nothing() {
    let served = Served::new("[adaptors.toy.settings]\nmotto = \"one\"\n");
    let say = served.udp();
    let keys = served
        .get("/v1/configuration?below=adaptors.toy.settings")
        .body;
    let motto = keys
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["key"] == "adaptors.toy.settings.motto");
    let motto = motto.unwrap();
    assert_eq!(
        (&motto["value"], &motto["reload"]),
        (&"one".into(), &"live".into())
    );
    assert!(motto["origin"].as_str().unwrap().ends_with("test.toml:2"));
    served.rewrite("[adaptors.toy.settings]\nmotto = \"two\"\n");
    let checked = served.change("POST", "/v1/configuration/reload?check=true", "");
    assert_eq!(
        (checked.status, say("ann motto")),
        (200, "ann one".to_owned())
    );
    let done = served.change("POST", "/v1/configuration/reload", "").body;
    assert_eq!(
        (&done[0]["older"], &done[0]["newer"]),
        (&"one".into(), &"two".into())
    );
    assert_eq!(say("ann motto"), "ann two");
    served.rewrite("[adaptors.toy.settings]\nmotto = \"three\"\nmoto = 1\n");
    let refused = served.change("POST", "/v1/configuration/reload", "");
    assert_eq!(refused.problem(), (422, "NOD-015"));
    let problem = &refused.body["problems"][0];
    assert_eq!(
        (&problem["line"], &problem["code"]),
        (&3.into(), &"CFG-014".into()),
        "{refused:?}"
    );
    assert!(problem["file"].as_str().unwrap().ends_with("test.toml"));
    assert_eq!(say("ann motto"), "ann two");
    assert_eq!(
        served.get("/v1/alarms").body[0]["name"],
        "configuration_refused"
    );
    let lasts = served.change("DELETE", "/v1/alarms/node/configuration_refused", "");
    assert_eq!(lasts.problem(), (409, "MGT-006"));
}

#[test]
fn an_alarm_of_what_has_happened_is_cleared() {
    let served = Served::new("");
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"ann crash", served.at("udp")).unwrap();
    until(|| served.get("/v1/alarms").body[0]["name"] == "panic");
    let path = "/v1/alarms/adaptor%20toy/panic";
    assert_eq!(served.change("DELETE", path, "").status, 200);
    assert_eq!(
        served.change("DELETE", path, "").problem(),
        (404, "MGT-005")
    );
}

#[test]
fn alarms_of_services_are_found_by_severity_and_cleared_by_instance() {
    let served = Served::new("");
    let say = served.udp();
    assert_eq!(say("ann alarm-1"), "ann raised");
    assert_eq!(say("ann alarm-2"), "ann raised");
    assert_eq!(say("bob alarm-2"), "bob stands");
    let found = served.get("/v1/alarms?severity=minor&source=service%20parrot");
    let found = found.body.as_array().unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|one| format!("{} {}", one["instance"], one["severity"]))
        .collect();
    assert_eq!(found, ["\"-1\" \"minor\"", "\"-2\" \"minor\""]);
    let graver = served.get("/v1/alarms?severity=major").body;
    assert_eq!(graver.as_array().unwrap().len(), 0);
    let wrong = served.get("/v1/alarms?severity=cleared");
    assert_eq!(wrong.status, 400);
    assert_eq!(wrong.body["field"], "severity");
    let path = "/v1/alarms/service%20parrot/trunk_down?instance=-1";
    assert_eq!(served.change("DELETE", path, "").status, 200);
    assert_eq!(served.change("DELETE", path, "").status, 404);
    assert_eq!(served.get("/v1/alarms").body[0]["instance"], "-2");
}

#[test]
fn a_panicked_delivery_is_listed_released_and_discarded() {
    let served = Served::new("");
    let say = served.udp();
    assert_eq!(say("ann hello"), "ann 1 hello");
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"ann panic", served.at("udp")).unwrap();
    until(|| served.get("/v1/quarantine").body["items"][0]["times"] == 1);
    let one = served.get("/v1/quarantine").body["items"][0].clone();
    assert_eq!(
        (&one["service"], &one["stuck"]),
        (&"parrot".into(), &serde_json::Value::Null)
    );
    let path = format!("/v1/quarantine/{}", one["id"].as_str().unwrap());
    assert_eq!(served.get(&path).body, one);
    // It panics again, and keeps its number.
    assert_eq!(
        served.change("POST", &format!("{path}/release"), "").status,
        200
    );
    until(|| served.get(&path).body["times"] == 2);
    assert_eq!(served.change("DELETE", &path, "").status, 200);
    assert_eq!(
        served.change("DELETE", &path, "").problem(),
        (404, "MGT-005")
    );
    assert_eq!(served.get(&path).problem(), (404, "MGT-005"));
    let none = served.get("/v1/quarantine?service=nobody");
    assert_eq!(none.problem(), (400, "MGT-004"));
    let kernel = served.get("/v1/status").body["kernel"].clone();
    assert_eq!(
        (
            &kernel["quarantine_released"],
            &kernel["quarantine_discarded"]
        ),
        (&1.into(), &1.into())
    );
}

#[test]
fn a_backup_is_made_while_the_node_serves() {
    let served = Served::new("");
    assert_eq!(served.get("/v1/backup").body["state"], "none");
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("saved");
    let order = |to: &str| {
        let body = serde_json::json!({ "directory": to }).to_string();
        served.change("POST", "/v1/backup", &body)
    };
    let wrong = order("saved");
    assert_eq!(wrong.problem(), (400, "MGT-004"));
    assert_eq!(wrong.body["field"], "directory");
    assert_eq!(order(to.to_str().unwrap()).status, 200);
    until(|| served.get("/v1/backup").body["state"] == "done");
    assert!(to.join("records.export").exists());
}

#[test]
fn the_end_of_a_node_can_be_watched() {
    let served = Served::new("");
    let say = served.udp();
    assert_eq!(say("ann hello"), "ann 1 hello");
    assert_eq!(served.change("POST", "/v1/stop", "").status, 200);
    until(|| served.get("/v1/status").body["state"] == "stopping");
    let status = served.get("/v1/status").body;
    assert_eq!(
        (
            &status["counts"]["activities"],
            &status["drain"]["limit_ms"]
        ),
        (&1.into(), &30_000.into())
    );
    until(|| served.get("/ready").status == 503);
    assert_eq!(served.get("/ready").body["refusing"][0], "stopping");
    assert_eq!(served.get("/health").status, 200);
    assert_eq!(say("ann bye"), "ann bye");
    assert_eq!(served.node.wait(), strowger_node::Exit::Clean);
}

#[test]
fn a_node_is_watched_live() {
    let served = Served::new("");
    let mut stream = TcpStream::connect(served.at("api")).unwrap();
    stream
        .set_read_timeout(Some(crate::client::PATIENCE))
        .unwrap();
    stream
        .write_all(b"GET /v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut seen = 0;
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        let Some(data) = line.strip_prefix("data: ") else {
            continue;
        };
        let status: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(status["state"], "running");
        seen += 1;
        if seen == 2 {
            break;
        }
    }
    assert_eq!(seen, 2);
}
