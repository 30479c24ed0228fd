//! The binary as it is operated over HTTP: who may do what, what is said of mistakes, a reload, and its end.

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};
use strowger_interop::node::{Node, NodeSpec};
use strowger_interop::operator::{self, Operator};
use strowger_interop::runs::changes::{self, Changes};
use strowger_interop::runs::pages::{self, Pages};
use strowger_interop::runs::schema;
use strowger_interop::runs::scrape;
use strowger_interop::runs::tokens::{self, Tokens};
use strowger_interop::sipp::Sipp;
use strowger_interop::{Result, RunError};

/// An address of 127.0.0.0/8 that no other run has.
const HOST: Ipv4Addr = Ipv4Addr::new(127, 0, 9, 3);
const ENDED_WITHIN: Duration = Duration::from_secs(60);
const RELOAD: &str = "/v1/configuration/reload";
const SECOND: &str = "/v1/adaptors/second";

/// Somebody who may do so much, as the configuration has it.
fn token(name: &str, scope: &str) -> String {
    let hash: String = Sha256::digest(name)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\n[management.tokens.{name}]\nscope = \"{scope}\"\nsha256 = \"{hash}\"\n")
}

fn append(file: &Path, text: &str) -> Result {
    let before = fs::read_to_string(file).map_err(broken)?;
    fs::write(file, before + text).map_err(broken)
}

#[test]
fn a_node_is_operated_over_http() -> Result {
    let dir = tempfile::tempdir().map_err(broken)?;
    let mut spec = NodeSpec::new(HOST, &dir.path().join("node"));
    let every_call = "[recorder]\nmode = \"sampled\"\none_in = 1\n";
    spec.more = operator::listening(&spec) + every_call;
    let mut node = Node::start(&spec)?;
    let mut operator = Operator::connect(&spec)?;
    looks_and_changes(&mut operator, &spec)?;
    draws(&mut operator, &spec)?;
    reloads(&mut operator, &node)?;
    audited(&spec)?;
    ends(&mut operator, &mut node, &spec)
}

/// A second SIP adaptor is made through the node, takes the calls of a service whose link leads to it, and goes, while calls run
/// through the first; after a death at once the node starts without it.
#[test]
fn an_adaptor_comes_and_goes_under_calls() -> Result {
    let dir = tempfile::tempdir().map_err(broken)?;
    let host = Ipv4Addr::new(127, 0, 9, 4);
    let mut spec = NodeSpec::new(host, &dir.path().join("node"));
    spec.more = operator::listening(&spec);
    let mut node = Node::start(&spec)?;
    let mut operator = Operator::connect(&spec)?;
    operator.token = Some(operator::own_token(&spec)?);
    let from = host.to_string();
    let _called = Sipp::start(&["-sn", "uas", "-i", &from, "-p", "5070"])?;
    let beside = calls(spec.sip, ["2100", "5091", "100000", "50"])?;
    let second = SocketAddr::new(host.into(), 5062);
    comes(&mut operator, &node, second)?;
    calls(second, ["service", "5092", "20", "20"])?
        .finish(ENDED_WITHIN)?
        .expect_clean(20)?;
    goes(&mut operator, &spec)?;
    UdpSocket::bind(second).map_err(broken)?;
    calls(spec.sip, ["service", "5092", "20", "20"])?
        .finish(ENDED_WITHIN)?
        .expect_clean(20)?;
    some_went_through(&mut operator)?;
    beside.wind_up()?;
    let totals = beside.finish(ENDED_WITHIN)?;
    totals.expect_clean(totals.get("OutgoingCall"))?;
    assert!(totals.get("SuccessfulCall") > 20, "{totals:?}");
    node.kill_and_start(&spec)?;
    calls(spec.sip, ["service", "5092", "5", "5"])?
        .finish(ENDED_WITHIN)?
        .expect_clean(5)
}

/// Waits for so many deliveries that more than 20 calls between two parties were answered and ended.
fn some_went_through(operator: &mut Operator) -> Result {
    let end = Instant::now() + ENDED_WITHIN;
    while operator.get("/v1/services/b2bua")?["deliveries"].as_u64() < Some(500) {
        assert!(Instant::now() < end, "hardly any calls are made");
        std::thread::yield_now();
    }
    Ok(())
}

/// Makes it, and has the link of a service lead to it.
fn comes(operator: &mut Operator, node: &Node, at: SocketAddr) -> Result {
    let body = format!(
        r#"{{"type": "sip", "settings": {{"listeners": {{"udp": {{"transport": "udp", "bind": "{at}"}}}}}}}}"#
    );
    operator.done("PUT", SECOND, &body)?;
    let made = operator.get(SECOND)?;
    assert_eq!(made["state"], "active", "{made}");
    assert_eq!(made["listeners"][0]["address"], at.to_string(), "{made}");
    let links = "[services.uas.links]\nsip = \"second\"\n";
    append(&node.config_file(), links)?;
    operator.refused("POST", RELOAD, "", (409, "MGT-006"))?;
    rests(operator, "/v1/services/uas")?;
    operator.done("POST", RELOAD, "")?;
    operator.done("POST", "/v1/services/uas/activate", "")?;
    operator.refused("DELETE", SECOND, "", (422, "NOD-015"))?;
    Ok(())
}

fn goes(operator: &mut Operator, spec: &NodeSpec) -> Result {
    rests(operator, "/v1/services/uas")?;
    rests(operator, SECOND)?;
    spec.write_config()?;
    operator.done("POST", RELOAD, "")?;
    operator.done("POST", "/v1/services/uas/activate", "")?;
    operator.done("DELETE", SECOND, "")?;
    operator.refused("GET", SECOND, "", (404, "MGT-005"))?;
    Ok(())
}

/// Deactivates a service or an adaptor, and waits until it is inactive.
fn rests(operator: &mut Operator, path: &str) -> Result {
    operator.done("POST", &format!("{path}/deactivate"), "")?;
    let end = Instant::now() + ENDED_WITHIN;
    while operator.get(path)?["state"] != "inactive" {
        assert!(Instant::now() < end, "{path} has calls for ever");
        std::thread::yield_now();
    }
    Ok(())
}

/// Calls to a user: from that port, so many, so many a second.
fn calls(to: SocketAddr, [user, port, calls, rate]: [&str; 4]) -> Result<Sipp> {
    let (from, to) = (to.ip().to_string(), to.to_string());
    Sipp::start(&[
        "-sn", "uac", "-s", user, "-m", calls, "-r", rate, "-d", "100", "-i", &from, "-p", port,
        &to,
    ])
}

#[test]
fn no_request_that_is_made_up_from_the_document_is_answered_otherwise_than_it_says() -> Result {
    let dir = tempfile::tempdir().map_err(broken)?;
    schema::conforms(10, 1, 191, dir.path()).map(drop)
}

#[test]
fn prometheus_understands_the_metrics_and_the_alert_rules() -> Result {
    let dir = tempfile::tempdir().map_err(broken)?;
    scrape::scraped(190, dir.path()).map(drop)
}

#[test]
fn what_operators_change_costs_no_call() -> Result {
    let dir = tempfile::tempdir().map_err(broken)?;
    let size = Changes {
        rate: 50,
        seconds: 5,
        slower: 200,
        host: 194,
    };
    changes::under_load(size, dir.path()).map(drop)
}

#[test]
fn wrong_tokens_do_not_slow_calls() -> Result {
    let dir = tempfile::tempdir().map_err(broken)?;
    let size = Tokens {
        rate: 50,
        seconds: 5,
        rounds: 1,
        guesses: 200,
        slower: 200,
        host: 192,
    };
    tokens::guessed(size, dir.path()).map(drop)
}

#[test]
fn pages_are_there_soon_and_have_every_call() -> Result {
    let dir = tempfile::tempdir().map_err(broken)?;
    let size = Pages {
        calls: 3_000,
        rate: 300,
        within: Duration::from_secs(3),
        growth: 64 * 1024,
        host: 193,
    };
    pages::paged(size, dir.path()).map(drop)
}

/// Whoever is on the machine may look; changes need the node's token, and say what is wrong with them.
fn looks_and_changes(operator: &mut Operator, spec: &NodeSpec) -> Result {
    assert_eq!(operator.get("/v1/status")?["state"], "running");
    let deactivate = ("POST", "/v1/services/b2bua/deactivate");
    let (method, path) = deactivate;
    operator.refused(method, path, "", (401, "MGT-001"))?;
    operator.token = Some("guessed".to_owned());
    operator.refused(method, path, "", (401, "MGT-001"))?;
    operator.token = Some(operator::own_token(spec)?);
    operator.done(method, path, "")?;
    assert_eq!(operator.get("/v1/services/b2bua")?["state"], "inactive");
    operator.done("POST", "/v1/services/b2bua/activate", "")?;
    for (body, field) in [
        (r#"{"level": "loud"}"#, "level"),
        (r#"{"level": 1}"#, "level"),
        (r#"{"level": "debug", "for": "1h"}"#, "for"),
    ] {
        let problem = operator.refused("PUT", "/v1/log/strowger_node", body, (400, "MGT-004"))?;
        assert_eq!(problem["field"], field, "{body}");
    }
    operator.refused("PUT", "/v1/log/strowger_node", "{", (400, "MGT-004"))?;
    Ok(())
}

/// A call is recorded, found, and shown in every form.
fn draws(operator: &mut Operator, spec: &NodeSpec) -> Result {
    call(spec, "100")?.finish(ENDED_WITHIN)?.expect_clean(1)?;
    let found = operator.get("/v1/ladders?find=service")?;
    let id = &found["items"][0]["id"];
    assert_eq!(found["items"][0]["services"][0], "uas", "{found}");
    assert_eq!(
        operator.get(&format!("/v1/ladders/{id}"))?["info"]["id"],
        *id
    );
    for (format, kind, has) in [
        ("text", "text/plain; charset=utf-8", "INVITE"),
        ("svg", "image/svg+xml", "<svg"),
        ("pcapng", "application/x-pcapng", "\n\r\r\n"),
    ] {
        let shown = operator.ask("GET", &format!("/v1/ladders/{id}?format={format}"), "")?;
        let said = (shown.status, shown.header("content-type"));
        assert_eq!(said, (200, Some(kind)));
        assert!(shown.body.contains(has), "{}", shown.body);
    }
    let none = operator.get("/v1/ladders?find=nobody")?;
    assert_eq!(none["items"], serde_json::json!([]));
    Ok(())
}

/// A call to the answering service that lasts so many milliseconds.
fn call(spec: &NodeSpec, lasts: &str) -> Result<Sipp> {
    let (to, from) = (spec.sip.to_string(), HOST.to_string());
    Sipp::start(&[
        "-sn", "uac", "-s", "service", "-m", "1", "-d", lasts, "-i", &from, "-p", "5090", &to,
    ])
}

/// Tokens come with a reload, and from then on the node's own counts no more; what cannot be read changes nothing.
fn reloads(operator: &mut Operator, node: &Node) -> Result {
    let file = node.config_file();
    append(
        &file,
        &(token("looker", "read") + &token("keeper", "admin")),
    )?;
    let changes = operator.done("POST", RELOAD, "")?;
    let changed = |key: &str| {
        changes
            .as_array()
            .is_some_and(|all| all.iter().any(|c| c["key"] == key))
    };
    assert!(changed("management.tokens.looker.scope"), "{changes}");
    operator.refused("POST", RELOAD, "", (401, "MGT-001"))?;
    operator.token = Some("looker".to_owned());
    operator.refused("POST", RELOAD, "", (403, "MGT-002"))?;
    assert_eq!(operator.get("/v1/whoami")?["scope"], "read");

    operator.token = Some("keeper".to_owned());
    let before = operator.get("/v1/configuration")?;
    let text = fs::read_to_string(&file).map_err(broken)?;
    let line = text.lines().count() as u64 + 4;
    append(
        &file,
        "[log]\nfilter = \"debug\"\n[store]\ncahce = \"1MiB\"\n",
    )?;
    let problem = operator.refused("POST", RELOAD, "", (422, "NOD-015"))?;
    let first = &problem["problems"][0];
    assert_eq!(
        (&first["line"], &first["key"]),
        (&line.into(), &"store.cahce".into()),
        "{problem}"
    );
    assert!(
        first["file"]
            .as_str()
            .is_some_and(|file| file.ends_with("node.toml")),
        "{problem}"
    );
    assert_eq!(operator.get("/v1/configuration")?, before);
    Ok(())
}

/// Each change that somebody with a token has asked for is in the audit log, done or refused.
fn audited(spec: &NodeSpec) -> Result {
    let log = fs::read_to_string(spec.data.join("audit.log")).map_err(broken)?;
    let lines = log.lines().map(serde_json::from_str::<Value>);
    let lines: Vec<Value> = lines
        .collect::<std::result::Result<_, _>>()
        .unwrap_or_default();
    let asked = |who: &str, target: &str, status: u16| {
        lines
            .iter()
            .any(|line| line["who"] == who && line["target"] == target && line["status"] == status)
    };
    let kept = asked("management.token", "/v1/services/b2bua/deactivate", 200)
        && asked("management.token", RELOAD, 200)
        && asked("looker", RELOAD, 403)
        && asked("keeper", RELOAD, 422);
    assert!(kept, "{log}");
    Ok(())
}

/// Told to stop, it finishes the call that is up, and its process ends well.
fn ends(operator: &mut Operator, node: &mut Node, spec: &NodeSpec) -> Result {
    let call = call(spec, "2000")?;
    node.wait_status(ENDED_WITHIN, |status| {
        status["counts"]["entities"].as_u64() > Some(0)
    })?;
    operator.done("POST", "/v1/stop", "")?;
    assert_eq!(operator.get("/v1/status")?["state"], "stopping");
    call.finish(ENDED_WITHIN)?.expect_clean(1)?;
    let status = node.wait(ENDED_WITHIN)?;
    assert!(status.success(), "{status}");
    assert!(!spec.data.join("management.token").exists());
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` gives")]
fn broken(error: std::io::Error) -> RunError {
    RunError::Broken(error.to_string().into())
}
