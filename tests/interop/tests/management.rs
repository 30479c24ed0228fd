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

/// A second SIP adaptor comes, answers and goes while calls run through the first; after a death at once the node starts
/// without it.
#[test]
fn an_adaptor_comes_and_goes_under_calls() -> Result {
    let dir = tempfile::tempdir().map_err(broken)?;
    let host = Ipv4Addr::new(127, 0, 9, 4);
    let mut spec = NodeSpec::new(host, &dir.path().join("node"));
    spec.more = operator::listening(&spec);
    let mut node = Node::start(&spec)?;
    let mut operator = Operator::connect(&spec)?;
    operator.token = Some(operator::own_token(&spec)?);
    let beside = calls(spec.sip, ["5091", "100000", "100"])?;
    let second = SocketAddr::new(host.into(), 5062);
    comes(&mut operator, &node, second)?;
    answered(second)?;
    goes(&mut operator, &spec)?;
    UdpSocket::bind(second).map_err(broken)?;
    some_went_through(&mut operator)?;
    beside.wind_up()?;
    let totals = beside.finish(ENDED_WITHIN)?;
    totals.expect_clean(totals.get("OutgoingCall"))?;
    assert!(totals.get("SuccessfulCall") > 20, "{totals:?}");
    node.kill_and_start(&spec)?;
    calls(spec.sip, ["5091", "5", "5"])?
        .finish(ENDED_WITHIN)?
        .expect_clean(5)
}

/// Waits for so many deliveries that more than 20 calls were answered and ended.
fn some_went_through(operator: &mut Operator) -> Result {
    let end = Instant::now() + ENDED_WITHIN;
    while operator.get("/v1/services/uas")?["deliveries"].as_u64() < Some(100) {
        assert!(Instant::now() < end, "hardly any calls are made");
        std::thread::yield_now();
    }
    Ok(())
}

fn comes(operator: &mut Operator, node: &Node, at: SocketAddr) -> Result {
    let second = format!(
        "[adaptors.second]\ntype = \"sip\"\n[adaptors.second.settings.listeners.udp]\n\
         transport = \"udp\"\nbind = \"{at}\"\n"
    );
    append(&node.config_file(), &second)?;
    operator.done("POST", RELOAD, "")?;
    let made = operator.get("/v1/adaptors/second")?;
    assert_eq!(made["state"], "active", "{made}");
    assert_eq!(made["listeners"][0]["address"], at.to_string(), "{made}");
    Ok(())
}

/// A request of a method that no service takes is answered, by the adaptor itself.
fn answered(at: SocketAddr) -> Result {
    let peer = UdpSocket::bind((at.ip(), 5092)).map_err(broken)?;
    peer.set_read_timeout(Some(ENDED_WITHIN)).map_err(broken)?;
    let request = format!(
        "PROBE sip:{at} SIP/2.0\r\nVia: SIP/2.0/UDP {0}:5092;branch=z9hG4bK1\r\nFrom: <sip:a@{0}>;tag=1\r\nTo: <sip:{at}>\r\n\
         Call-ID: probe\r\nCSeq: 1 PROBE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        at.ip()
    );
    peer.send_to(request.as_bytes(), at).map_err(broken)?;
    let mut answer = [0; 2_000];
    let (length, from) = peer.recv_from(&mut answer).map_err(broken)?;
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(from == at && answer.starts_with("SIP/2.0 501"), "{answer}");
    Ok(())
}

fn goes(operator: &mut Operator, spec: &NodeSpec) -> Result {
    let deactivate = "/v1/adaptors/second/deactivate";
    operator.done("POST", deactivate, "")?;
    let end = Instant::now() + ENDED_WITHIN;
    while operator.get("/v1/adaptors/second")?["state"] != "inactive" {
        assert!(Instant::now() < end, "it has calls for ever");
        std::thread::yield_now();
    }
    spec.write_config()?;
    operator.done("POST", RELOAD, "")?;
    operator.refused("GET", "/v1/adaptors/second", "", (404, "MGT-005"))?;
    Ok(())
}

/// Calls to the answering service: from that port, so many, so many a second.
fn calls(to: SocketAddr, [port, calls, rate]: [&str; 3]) -> Result<Sipp> {
    let (from, to) = (to.ip().to_string(), to.to_string());
    Sipp::start(&[
        "-sn", "uac", "-s", "service", "-m", calls, "-r", rate, "-d", "100", "-i", &from, "-p",
        port, &to,
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
