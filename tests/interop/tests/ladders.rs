//! A call of two SIPps through the B2BUA of a running node, recorded, and looked at with the command line and with tshark.
#![expect(clippy::unwrap_used, reason = "a failed test may panic anywhere")]

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;
use strowger_interop::node::{Node, NodeSpec, binary};
use strowger_interop::sipp::Sipp;
use strowger_interop::{Result, RunError};
use strowger_node::Ladder;

const WITHIN: Duration = Duration::from_secs(30);

/// What a call is seen as, without the times. What two sides do at the same moment may stand in either order.
const LADDER: &str = "\
call 1: sipp -> 2000

   #.### .1:5080               b2bua                         127.0.33.1:5070
   #.### |------ INVITE 2000 +SDP ---->|                             |
   #.### |                             * sip-invite                  |
   #.### |                             * timer no-answer set: 1 min  |
   #.### |                             |------ INVITE 2000 +SDP ---->|
   #.### |                             |<--- 180 Ringing (INVITE) ---|
   #.### |                             * sip-response                |
   #.### |<--- 180 Ringing (INVITE) ---|                             |
   #.### |                             |<--- 200 OK (INVITE) +SDP ---|
   #.### |                             |------------ ACK ----------->|
   #.### |                             * sip-response                |
   #.### |                             * timer no-answer cancelled   |
   #.### |                             * timer too-long set: 1 h     |
   #.### |<--- 200 OK (INVITE) +SDP ---|                             |
   #.### |------------ ACK ----------->|                             |
   #.### |                             * sip-ack: no receiver        |
   #.### |------------ BYE ----------->|                             |
   #.### |                             * sip-bye                     |
   #.### |                             |------------ BYE ----------->|
   #.### |<------- 200 OK (BYE) -------|                             |
   #.### |                             * activity-end                |
   #.### |                             |<------- 200 OK (BYE) -------|
   #.### |                             * activity-end                |";

/// What tshark reads of it.
const PACKETS: &str = "\
INVITE
INVITE
SIP/2.0 180
SIP/2.0 180
SIP/2.0 200
ACK
SIP/2.0 200
ACK
BYE
BYE
SIP/2.0 200
SIP/2.0 200";

/// A node on that address that records every call, and one call through it.
fn recorded(host: u8, transport: &str, redact: &str, dir: &Path) -> Result<(Node, NodeSpec)> {
    let address = Ipv4Addr::new(127, 0, 33, host);
    let mut spec = NodeSpec::new(address, &dir.join("data"));
    spec.more = format!("[recorder]\nmode = \"sampled\"\none_in = 1\nredact = \"{redact}\"\n");
    if transport == "t1" {
        spec.target.push_str(";transport=tcp");
    }
    let node = Node::start(&spec)?;
    let (own, to) = (address.to_string(), spec.sip.to_string());
    let called = [
        "-sn", "uas", "-i", &own, "-p", "5070", "-m", "1", "-t", transport,
    ];
    let called = Sipp::start(&called)?;
    let calling = [
        "-sn", "uac", "-i", &own, "-p", "5080", "-m", "1", "-d", "100", "-s", "2000", "-t",
        transport, &to,
    ];
    Sipp::start(&calling)?.finish(WITHIN)?.expect_clean(1)?;
    called.finish(WITHIN)?.expect_clean(1)?;
    // The last answer is at the node before it is in the ladder.
    let all = PACKETS.lines().count() as u64;
    node.wait_status(WITHIN, |_| ladder(&spec).info.messages >= all)?;
    Ok((node, spec))
}

fn trace(spec: &NodeSpec, args: &[&str]) -> Output {
    let mut command = Command::new(binary().unwrap());
    command
        .arg("trace")
        .args(args)
        .arg("--data")
        .arg(&spec.data);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

/// A text without what differs from run to run.
fn normal(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines().map(|line| {
        let digits = line
            .trim_start()
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        let blanks = line.len() - line.trim_start().len();
        match line.get(blanks + digits..) {
            Some(rest) if digits > 0 && rest.starts_with('.') => format!("   #.### {}", &rest[5..]),
            _ => line.to_owned(),
        }
    });
    let head = lines.next().unwrap_or_default();
    let head = head.split(", ").next().unwrap_or_default();
    // The Call-IDs, and a blank line.
    let rest: Vec<String> = lines.skip_while(|line| !line.is_empty()).collect();
    format!("{head}\n{}\n", rest.join("\n"))
}

/// The lines that a text lacks. It may have others: on a busy machine messages are sent again.
fn missing<'a>(expected: &'a str, text: &str) -> Vec<&'a str> {
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut missing = Vec::new();
    for line in expected.lines() {
        match lines.iter().position(|found| *found == line) {
            Some(place) => drop(lines.remove(place)),
            None => missing.push(line),
        }
    }
    missing
}

/// What tshark reads of a capture: protocol and summary of SIP of each packet, and what it has against any.
fn tshark(file: &Path) -> (Vec<String>, Vec<String>) {
    let output = Command::new("tshark")
        .arg("-r")
        .arg(file)
        .args([
            "-T",
            "fields",
            "-e",
            "sip.Request-Line",
            "-e",
            "sip.Status-Line",
        ])
        .args(["-e", "_ws.malformed", "-e", "_ws.expert.message"])
        .output()
        .expect("tshark (Debian package tshark)");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let fields = |line: &str| -> (String, String) {
        let fields: Vec<&str> = line.split('\t').collect();
        let line = fields.iter().take(2).copied().collect::<String>();
        let first = line.split(' ').take(2).collect::<Vec<_>>();
        (first[0].to_owned() + " " + first[1], fields[2..].concat())
    };
    let (lines, problems): (Vec<_>, Vec<_>) = text.lines().map(fields).unzip();
    let short = |line: String| line.split(" sip:").next().unwrap_or_default().to_owned();
    let bad = |problem: &String| problem.to_lowercase().contains("malformed");
    (
        lines.into_iter().map(short).collect(),
        problems.into_iter().filter(bad).collect(),
    )
}

fn ladder(spec: &NodeSpec) -> Ladder {
    let journal = trace(spec, &["2000", "--format", "json"]).stdout;
    serde_json::from_slice(&journal).unwrap()
}

fn in_a_directory(run: impl FnOnce(&Path) -> Result) -> Result {
    let dir = tempfile::tempdir().map_err(|e| RunError::Broken(e.to_string().into()))?;
    run(dir.path())
}

#[test]
fn a_call_over_udp_is_seen_as_a_ladder_and_by_tshark() -> Result {
    in_a_directory(|dir| {
        let (_node, spec) = recorded(1, "u1", "secrets", dir)?;
        let text = normal(&trace(&spec, &["2000"]).stdout);
        assert_eq!(missing(LADDER, &text), [""; 0], "{text}");
        let capture = dir.join("call.pcapng");
        trace(
            &spec,
            &["1", "--format", "pcapng", "-o", capture.to_str().unwrap()],
        );
        let (lines, bad) = tshark(&capture);
        assert_eq!(bad, [""; 0]);
        assert_eq!(lines.len() as u64, ladder(&spec).info.messages);
        let lines = lines.join("\n");
        assert_eq!(missing(PACKETS, &lines), [""; 0], "{lines}");
        Ok(())
    })
}

#[test]
fn a_call_over_tcp_without_its_bodies_is_read_by_tshark() -> Result {
    in_a_directory(|dir| {
        let (_node, spec) = recorded(2, "t1", "all", dir)?;
        let ladder = ladder(&spec);
        assert!(ladder.without_bodies && ladder.without_secrets);
        let capture = dir.join("call.pcapng");
        trace(
            &spec,
            &[
                "2000",
                "--format",
                "pcapng",
                "-o",
                capture.to_str().unwrap(),
            ],
        );
        let (lines, _) = tshark(&capture);
        assert_eq!(lines.len() as u64, ladder.info.messages);
        assert!(
            lines.iter().all(|line| line.len() > 2),
            "every packet is SIP: {lines:?}"
        );
        Ok(())
    })
}
