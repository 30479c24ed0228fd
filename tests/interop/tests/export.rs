//! Calls of two SIPps through the B2BUA of a running node, recorded, and sent to collectors: what these get is read by decoders that
//! are not ours.
#![expect(clippy::unwrap_used, reason = "a failed test may panic anywhere")]

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use strowger_interop::collector::{HepCollector, OtlpCollector, hep_js, opentelemetry};
use strowger_interop::node::{Node, NodeSpec};
use strowger_interop::sipp::Sipp;
use strowger_interop::{Result, RunError};

const WITHIN: Duration = Duration::from_secs(30);
/// Messages of a call through the B2BUA, at least: on a busy machine some are sent again.
const MESSAGES: usize = 12;

/// A node on that address that records every call, with this on top.
fn spec(host: u8, more: &str, dir: &Path) -> NodeSpec {
    let mut spec = NodeSpec::new(Ipv4Addr::new(127, 0, 34, host), &dir.join("data"));
    spec.more = format!("[recorder]\nmode = \"sampled\"\none_in = 1\n{more}");
    spec
}

/// One call.
fn call(spec: &NodeSpec) -> Result {
    let (own, to) = (spec.sip.ip().to_string(), spec.sip.to_string());
    let called = ["-sn", "uas", "-i", &own, "-p", "5070", "-m", "1"];
    let called = Sipp::start(&called)?;
    let calling = [
        "-sn", "uac", "-i", &own, "-p", "5080", "-m", "1", "-d", "100", "-s", "2000", &to,
    ];
    Sipp::start(&calling)?.finish(WITHIN)?.expect_clean(1)?;
    called.finish(WITHIN)?.expect_clean(1)
}

fn beside(spec: &NodeSpec, port: u16) -> SocketAddr {
    SocketAddr::new(spec.sip.ip(), port)
}

fn in_a_directory(run: impl FnOnce(&Path) -> Result) -> Result {
    let dir = tempfile::tempdir().map_err(|e| RunError::Broken(e.to_string().into()))?;
    run(dir.path())
}

/// Direction and first line of what `hep-js` reads, after a look at the rest of it.
fn line(read: &Value, own: SocketAddr) -> String {
    let about = &read["rcinfo"];
    let text = read["payload"].as_str().unwrap();
    let key = text.lines().find_map(|line| line.strip_prefix("Call-ID: "));
    assert_eq!(about["correlation_id"].as_str(), key, "{read}");
    assert_eq!(about["payloadType"], 1, "SIP: {read}");
    assert_eq!(
        about["captureId"].to_string().trim_matches('"'),
        "2001",
        "{read}"
    );
    assert_eq!(
        (&about["protocolFamily"], &about["protocol"]),
        (&2.into(), &17.into()),
        "{read}"
    );
    let side = |ip: &str, port: &str| format!("{}:{}", about[ip].as_str().unwrap(), about[port]);
    let (from, to) = (side("srcIp", "srcPort"), side("dstIp", "dstPort"));
    let own = own.to_string();
    assert!((from == own) != (to == own), "{read}");
    let direction = if to == own { "<" } else { ">" };
    let words: Vec<&str> = text.lines().next().unwrap().split(' ').take(2).collect();
    let what = match words[0] {
        "SIP/2.0" => words[1],
        method => method,
    };
    format!("{direction} {what}")
}

const LINES: [&str; MESSAGES] = [
    "< INVITE", "> INVITE", "< 180", "> 180", "< 200", "> ACK", "> 200", "< ACK", "< BYE", "> BYE",
    "> 200", "< 200",
];

/// Whether all messages of a call are there.
fn expect_call(packets: &[Vec<u8>], own: SocketAddr) -> Result<Vec<Value>> {
    let read = hep_js(packets)?;
    let mut lines: Vec<String> = read.iter().map(|read| line(read, own)).collect();
    for expected in LINES {
        let place = lines.iter().position(|line| line == expected);
        lines.remove(place.unwrap_or_else(|| panic!("{expected} is missing: {read:#?}")));
    }
    Ok(read)
}

#[test]
fn messages_go_to_a_collector_of_hep_over_udp() -> Result {
    in_a_directory(|dir| {
        let mut spec = spec(1, "", dir);
        let at = beside(&spec, 9060);
        spec.more.push_str(&format!(
            "[export.hep]\ncollector = \"{at}\"\ncapture_id = 2001\npassword = \"geheim\"\n"
        ));
        let collector = HepCollector::udp(at)?;
        let node = Node::start(&spec)?;
        call(&spec)?;
        let read = expect_call(&collector.packets(MESSAGES)?, spec.sip)?;
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        for read in &read {
            assert_eq!(read["rcinfo"]["capturePass"], "geheim", "{read}");
            let at = read["rcinfo"]["timeSeconds"].as_u64().unwrap();
            assert!(now.as_secs().abs_diff(at) < 60, "{read}");
            // What the recorder leaves out is left out here, too.
            let text = read["payload"].as_str().unwrap();
            assert!(!text.contains("IN IP4"), "{text}");
        }
        let status = node.wait_status(WITHIN, |status| status["export"]["hep"]["waiting"] == 0)?;
        let hep = &status["export"]["hep"];
        assert!(hep["sent"].as_u64().unwrap() >= MESSAGES as u64, "{hep}");
        assert_eq!((&hep["dropped"], &hep["failed"]), (&0.into(), &0.into()));
        Ok(())
    })
}

#[test]
fn a_collector_that_is_gone_over_udp_is_noticed() -> Result {
    in_a_directory(|dir| {
        let mut spec = spec(4, "", dir);
        let at = beside(&spec, 9063);
        spec.more.push_str(&format!(
            "[export.hep]\ncollector = \"{at}\"\ncapture_id = 2001\n"
        ));
        let node = Node::start(&spec)?;
        call(&spec)?;
        node.wait_status(WITHIN, is_unreachable)?;
        let _collector = HepCollector::udp(at)?;
        // What the last datagram before has met is told by the first one after it.
        for _ in 0..5 {
            call(&spec)?;
            if !is_unreachable(&node.status()?) {
                return Ok(());
            }
        }
        Err(RunError::Broken("the alarm stands".into()))
    })
}

fn is_unreachable(status: &Value) -> bool {
    let mut alarms = status["alarms"].as_array().unwrap().iter();
    alarms.any(|alarm| alarm["name"] == "collector_unreachable")
}

#[test]
fn messages_wait_for_a_collector_over_tcp_and_a_reload_changes_whose() -> Result {
    in_a_directory(|dir| {
        let mut spec = spec(2, "", dir);
        let (first, second) = (beside(&spec, 9061), beside(&spec, 9062));
        let before = spec.more.clone();
        let export = |at| {
            format!("[export.hep]\ncollector = \"{at}\"\ntransport = \"tcp\"\ncapture_id = 2001\n")
        };
        spec.more = format!("{before}{}", export(first));
        let node = Node::start(&spec)?;
        call(&spec)?;
        // Nobody listens: it is said, calls go on, and messages wait.
        node.wait_status(WITHIN, is_unreachable)?;
        let collector = HepCollector::tcp(first)?;
        expect_call(&collector.packets(MESSAGES)?, spec.sip)?;
        drop(collector);
        let collector = HepCollector::tcp(second)?;
        spec.more = format!("{before}{}", export(second));
        spec.write_config()?;
        assert!(node.order(&["reload"])?.status.success());
        call(&spec)?;
        expect_call(&collector.packets(MESSAGES)?, spec.sip)?;
        let status = node.wait_status(WITHIN, |status| {
            status["alarms"] == Value::Array(Vec::new())
        })?;
        assert!(status["export"]["hep"]["retries"].as_u64().unwrap() > 0);
        Ok(())
    })
}

#[test]
fn calls_go_to_a_collector_of_traces_when_they_are_over() -> Result {
    in_a_directory(|dir| {
        let mut spec = spec(3, "", dir);
        let at = beside(&spec, 4318);
        spec.more.push_str(&format!(
            "[export.otlp]\nendpoint = \"http://{at}/v1/traces\"\nheaders = {{ \"x-token\" = \"geheim\" }}\n"
        ));
        let collector = OtlpCollector::new(at)?;
        let node = Node::start(&spec)?;
        call(&spec)?;
        // It is busy, and says for how long.
        let refused = collector.answer("503 Service Unavailable", "Retry-After: 2\r\n", "")?;
        let taken = collector.answer("200 OK", "", "{\"partialSuccess\":{}}")?;
        assert!(taken.at - refused.at >= Duration::from_secs(2));
        assert_eq!(refused.body, taken.body);
        for field in [
            "post /v1/traces http/1.1",
            "content-type: application/json",
            "x-token: geheim",
        ] {
            assert!(taken.head.contains(field), "{}", taken.head);
        }
        expect_trace(&opentelemetry(&taken.body)?);
        node.wait_status(WITHIN, |status| status["export"]["otlp"]["sent"] == 1)?;
        // What is refused is not sent again.
        call(&spec)?;
        collector.answer("400 Bad Request", "", "")?;
        let status = node.wait_status(WITHIN, |status| status["export"]["otlp"]["failed"] == 1)?;
        let otlp = &status["export"]["otlp"];
        let counts =
            ["sent", "dropped", "waiting", "retries"].map(|name| otlp[name].as_u64().unwrap());
        assert_eq!(counts, [1, 0, 0, 1], "{otlp}");
        Ok(())
    })
}

/// The trace of a call through the B2BUA.
fn expect_trace(spans: &[Value]) {
    let call = &spans[0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    assert_eq!(
        (text(&call["name"]), text(&call["kind"])),
        ("call".into(), "SPAN_KIND_SERVER".into())
    );
    assert_eq!(call["resource"]["service.name"], "strowger");
    // Whoever knows the Call-ID knows the trace.
    let key = text(&call["attributes"]["strowger.call.keys"][0]);
    let hash: String = Sha256::digest(&key)[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut ids = BTreeSet::new();
    for span in spans {
        assert_eq!(span["trace"], hash.as_str());
        assert!(ids.insert(text(&span["id"])), "{span}");
        let within = span["start"].as_u64() >= call["start"].as_u64()
            && span["end"].as_u64() <= call["end"].as_u64();
        assert!(within, "{span}");
        assert_eq!(span["status"], "STATUS_CODE_UNSET", "{span}");
    }
    for span in &spans[1..] {
        assert_eq!(span["parent"], call["id"]);
    }
    let named = |name: &str| {
        spans
            .iter()
            .filter(|span| span["name"] == name)
            .collect::<Vec<_>>()
    };
    for name in ["b2bua sip-invite", "b2bua sip-response", "b2bua sip-bye"] {
        let deliveries = named(name);
        assert!(!deliveries.is_empty(), "{name}: {spans:#?}");
        assert_eq!(deliveries[0]["attributes"]["strowger.outcome"], "committed");
    }
    assert_eq!(
        named("timer no-answer")[0]["attributes"]["strowger.outcome"],
        "cancelled"
    );
    let events = call["events"].as_array().unwrap();
    assert!(events.len() >= MESSAGES, "{events:#?}");
    let invite = events
        .iter()
        .find(|event| text(&event["name"]).starts_with("INVITE 2000"))
        .unwrap();
    assert_eq!(invite["attributes"]["network.io.direction"], "receive");
    assert_eq!(invite["attributes"]["network.peer.port"], 5080);
}
