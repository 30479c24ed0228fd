//! Who may do what: every route with every scope, wrong tokens, local looking, and the record of changes.

use crate::client::{Answer, Served, until};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

pub(crate) fn token(name: &str, scope: &str, token: &str) -> String {
    let hash: String = Sha256::digest(token)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("[management.tokens.{name}]\nscope = \"{scope}\"\nsha256 = \"{hash}\"\n")
}

fn tokens() -> String {
    [("ann", "read"), ("bob", "operate"), ("eve", "admin")]
        .map(|(name, scope)| token(name, scope, &format!("token of {name}").replace(' ', "-")))
        .concat()
}

#[test]
fn no_route_changes_anything_for_a_token_without_the_scope() {
    let served = Served::new(&tokens());
    let document = served.get("/openapi.json").body;
    let mut changes = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let (method, path) = (method.to_uppercase(), path.replace(['{', '}'], "x"));
            if method == "GET" {
                continue;
            }
            changes += 1;
            assert_eq!(
                served.ask("", &method, &path, "").problem(),
                (401, "MGT-001"),
                "{path}"
            );
            let read = served.ask("token-of-ann", &method, &path, "{}");
            if path == "/v1/profiles/xtablex/query" {
                assert_eq!(read.problem(), (404, "MGT-005"), "it changes nothing");
                continue;
            }
            assert_eq!(read.problem(), (403, "MGT-002"), "{method} {path}");
            let operate = served.ask("token-of-bob", &method, &path, "{}");
            let admins = [
                "/v1/stop",
                "/v1/activities",
                "/v1/backup",
                "/v1/entities",
                "/v1/links",
            ];
            let of_admins = [
                ("DELETE", "/v1/quarantine/xidx"),
                ("PUT", "/v1/adaptors/xnamex"),
                ("DELETE", "/v1/adaptors/xnamex"),
            ];
            let profiles = ["/entries", "/edits"].iter().any(|of| path.contains(of));
            let tables = path.starts_with("/v1/profiles") && !profiles;
            let admins = tables
                || of_admins.contains(&(method.as_str(), &*path))
                || admins.iter().any(|own| path.starts_with(own));
            assert_eq!(
                operate.status == 403,
                admins,
                "{method} {path}: {operate:?}"
            );
        }
    }
    assert!(changes >= 13, "{changes}");
    let status = served.node.status().unwrap();
    assert_eq!(
        (&status.state[..], &status.services[0].state[..]),
        ("running", "active")
    );
    let who = |token: &str| served.ask(token, "GET", "/v1/whoami", "").body["scope"].clone();
    assert_eq!(
        [who("token-of-ann"), who("token-of-eve")],
        ["read", "admin"]
    );
    assert_eq!(served.get("/v1/tokens").body.as_array().unwrap().len(), 3);
    let shown = served.get("/v1/configuration?below=management.tokens").body;
    let secrets = shown
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| key["value"] == "(secret)");
    assert_eq!(secrets.count(), 3, "{shown}");
}

#[test]
fn the_nodes_own_token_counts_until_the_configuration_has_one() {
    let served = Served::new("");
    let own = served.own();
    let mode = std::fs::metadata(served.data("management.token"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!((mode & 0o777, own.len()), (0o600, 64));
    assert_eq!(
        served.ask(&own, "GET", "/v1/whoami", "").body["scope"],
        "admin"
    );
    served.rewrite(&token("ann", "operate", "new"));
    assert_eq!(
        served.change("POST", "/v1/configuration/reload", "").status,
        200
    );
    until(|| served.ask("new", "GET", "/v1/whoami", "").status == 200);
    assert_eq!(
        served.ask(&own, "GET", "/v1/whoami", "").problem(),
        (401, "MGT-001")
    );
    // The local look can be closed, live.
    served.rewrite(&format!(
        "[management]\nlocal_read = false\n{}",
        token("ann", "operate", "new")
    ));
    assert_eq!(
        served
            .ask("new", "POST", "/v1/configuration/reload", "")
            .status,
        200
    );
    until(|| served.get("/v1/status").status == 401);
    assert_eq!(served.get("/health").status, 200);
    let path = served.data("management.token");
    drop(served.node);
    assert!(!path.exists());
}

#[test]
fn wrong_tokens_close_the_door_for_a_while_and_the_node_serves() {
    let served = Served::new("");
    let say = served.udp();
    let own = served.own();
    for n in 0..20 {
        let answer = served.ask(&format!("guess-{n}"), "GET", "/v1/status", "");
        assert_eq!(answer.problem(), (401, "MGT-001"));
        assert!(answer.head.contains("www-authenticate: bearer"));
    }
    let blocked = served.ask("guess", "GET", "/v1/status", "");
    assert_eq!(blocked.problem(), (429, "MGT-003"));
    assert!(blocked.head.contains("retry-after: 60"));
    assert_eq!(
        served.ask(&own, "GET", "/v1/status", "").status,
        429,
        "right or wrong"
    );
    assert_eq!(served.get("/v1/status").status, 200);
    assert_eq!(say("ann hello"), "ann 1 hello");
}

#[test]
fn nobody_looks_through_a_proxy_or_a_foreign_name() {
    let served = Served::new("");
    let get = |fields: &str| {
        let request = format!("GET /v1/status HTTP/1.1\r\nConnection: close\r\n{fields}\r\n");
        served.raw(&request).status
    };
    assert_eq!(get("Host: 127.0.0.1:8088\r\n"), 200);
    assert_eq!(get("Host: evil.example\r\n"), 401);
    assert_eq!(
        get("Host: localhost\r\nX-Forwarded-For: 192.0.2.1\r\n"),
        401
    );
}

#[test]
fn every_change_that_was_asked_for_is_in_the_audit_log() {
    let served = Served::new(&tokens());
    served.ask(
        "token-of-bob",
        "PUT",
        "/v1/log/strowger_sip",
        r#"{"level":"loud"}"#,
    );
    served.ask("token-of-ann", "POST", "/v1/stop", "");
    served.ask("token-of-ann", "GET", "/v1/status", "");
    served.ask("wrong", "POST", "/v1/stop", "");
    let text = std::fs::read_to_string(served.data("audit.log")).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(
        (&lines[0]["who"], &lines[0]["status"]),
        (&"bob".into(), &400.into())
    );
    assert_eq!(lines[0]["body"], r#"{"level":"loud"}"#);
    assert_eq!(
        (&lines[1]["target"], &lines[1]["status"]),
        (&"/v1/stop".into(), &403.into())
    );
    assert!(!text.contains("token-of"));
}

/// What the audit log has of requests with that method.
fn audited(served: &Served, method: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(served.data("audit.log")).unwrap();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["method"] == method).collect()
}

#[test]
fn a_change_is_in_the_audit_log_though_nobody_waits_for_its_answer() {
    let served = Served::new("[management]\nrequest_timeout = \"1ms\"\n");
    let made = served.change("PUT", "/v1/adaptors/second", r#"{"type": "toy"}"#);
    assert_eq!(made.problem(), (503, "MGT-007"));
    until(|| !audited(&served, "PUT").is_empty());
    assert_eq!(audited(&served, "PUT")[0]["status"], 200);
    // A client that has gone.
    let mut stream = std::net::TcpStream::connect(served.at("api")).unwrap();
    let token = served.own();
    let request = format!(
        "DELETE /v1/adaptors/second HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    drop(stream);
    until(|| !audited(&served, "DELETE").is_empty());
    assert_eq!(audited(&served, "DELETE")[0]["status"], 200);
}

#[test]
fn the_audit_log_has_no_settings_of_adaptors() {
    let served = Served::new("");
    let body = r#"{"type": "toy", "settings": {"motto": "secret"}}"#;
    let made = served.change("PUT", "/v1/adaptors/second", body);
    assert_eq!(made.status, 200, "{made:?}");
    let lines = audited(&served, "PUT");
    let kept = r#"{"settings":{"motto":"(not kept)"},"type":"toy"}"#;
    assert_eq!((lines.len(), &lines[0]["body"]), (1, &kept.into()));
}

#[test]
fn a_node_that_cannot_keep_a_record_of_changes_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none/audit.log");
    let text = format!("[management]\naudit = \"{}\"\n", path.display());
    let error = std::panic::catch_unwind(|| Served::new(&text))
        .err()
        .unwrap();
    let error = error.downcast_ref::<String>().unwrap();
    assert!(error.contains("Companion"), "{error}");
}

#[test]
fn the_socket_in_the_data_directory_is_the_nodes_users_alone_and_lasts_as_long_as_the_node() {
    let served = Served::new(&format!("[management]\nlisten = \"off\"\n{}", tokens()));
    let path = served.data("control.sock");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!served.data("management.token").exists());
    let ask = |method: &str, target: &str| {
        let mut stream = strowger_node::control::connect(&served.data("")).unwrap();
        let request = format!("{method} {target} HTTP/1.0\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        Answer::read(&mut stream)
    };
    let status = ask("GET", "/v1/status").body;
    assert_eq!(
        (&status["state"], &status["pid"]),
        (&"running".into(), &std::process::id().into())
    );
    assert_eq!(ask("GET", "/v1/whoami").body["scope"], "admin");
    assert_eq!(ask("POST", "/v1/services/parrot/deactivate").status, 200);
    let log = std::fs::read_to_string(served.data("audit.log")).unwrap();
    let line: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert!(line["who"].as_str().unwrap().starts_with("uid "), "{line}");
    assert_eq!(ask("POST", "/v1/stop").status, 200);
    let dir = served.end();
    let gone = strowger_node::control::connect(&dir.path().join("data")).unwrap_err();
    assert_eq!(gone.code(), "NOD-010");
}
