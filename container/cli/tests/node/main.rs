//! The binary as a node: it says when it serves, answers questions, and stops when it is told to.

mod commands;
mod operations;
mod profiles;
mod top;
#[path = "../../../node/tests/toy/mod.rs"]
#[expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]
mod toy;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// A node on ports of the system's choice, and what it said until it was ready.
struct Node {
    child: Child,
    said: Vec<String>,
}

impl Node {
    fn start(dir: &Path, more: &[&str]) -> Self {
        Self::start_as(strowger(dir), more)
    }

    fn start_as(mut command: Command, more: &[&str]) -> Self {
        command.args(["run", "--data-dir", "data"]);
        for name in ["udp", "tcp"] {
            let bind = format!("adaptors.sip.settings.listeners.{name}.bind=127.0.0.1:0");
            command.args(["--set", &bind]);
        }
        command
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let mut said = Vec::new();
        let output = child.stdout.take().expect("it has an output");
        for line in BufReader::new(output).lines() {
            said.push(line.expect("it writes text"));
            if said.last().is_some_and(|line| line.starts_with("ready")) {
                break;
            }
        }
        Self { child, said }
    }

    /// The address of a transport.
    fn address(&self, transport: &str) -> String {
        let words = |line: &String| {
            line.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let mut lines = self.said.iter().map(words);
        let line = lines.find(|words| words.len() == 3 && words[1] == transport);
        line.unwrap_or_else(|| panic!("no {transport} in {:?}", self.said))
            .remove(2)
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().expect("a process id"));
        kill(pid, signal).expect("a signal can be sent");
    }

    /// Sends a signal, waits for the end, and gives exit code and log.
    fn end(mut self, signal: Signal) -> (Option<i32>, String) {
        self.signal(signal);
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                let mut log = String::new();
                let mut errors = self.child.stderr.take().expect("it has a log");
                errors.read_to_string(&mut log).expect("the log is text");
                return (status.code(), log);
            }
            if Instant::now() > until {
                self.child.kill().expect("it can be killed");
                panic!("the node does not end");
            }
            std::thread::yield_now();
        }
    }
}

/// The binary in a directory, with no variables of configuration.
fn strowger(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strowger"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STROWGER_") {
            command.env_remove(name);
        }
    }
    command.current_dir(dir);
    command
}

fn ask(dir: &Path, args: &[&str]) -> Output {
    let output = strowger(dir).args(args).output().expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    output
}

#[test]
fn a_node_serves_answers_and_stops() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Node::start(dir.path(), &["--set", "log.format=json"]);
    let said = node.said.join("\n");
    for word in [
        "services b2bua, uas",
        "data",
        "A first call:",
        "strowger status",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }

    let peer = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    peer.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let here = peer.local_addr().expect("an address");
    let options = format!(
        "OPTIONS sip:node SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
         From: <sip:me@{here}>;tag=1\r\nTo: <sip:node>\r\nCall-ID: 1@{here}\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    );
    peer.send_to(options.as_bytes(), node.address("udp"))
        .expect("it can be sent");
    let mut answer = [0; 2_000];
    let length = peer.recv(&mut answer).expect("an answer");
    assert!(answer[..length].starts_with(b"SIP/2.0 "));

    let status = ask(dir.path(), &["status", "--json", "--data", "data"]).stdout;
    let status: serde_json::Value = serde_json::from_slice(&status).expect("JSON");
    assert_eq!(status["state"], "running");
    assert_eq!(status["pid"], node.child.id());
    assert_eq!(status["network"]["datagrams_in"], 1);
    assert_eq!(status["counts"]["entities"], 0);
    let table = ask(dir.path(), &["status", "--detail", "--data", "data"]).stdout;
    let table = String::from_utf8_lossy(&table).into_owned();
    assert!(
        table.contains("service  uas") && table.contains(&node.address("tcp")),
        "{table}"
    );
    // Memory that is free would be taken again as huge pages.
    let system = std::fs::read_to_string(format!("/proc/{}/status", node.child.id()));
    let system = system.expect("the system tells of a child");
    assert!(system.contains("THP_enabled:\t0\n"), "{system}");
    ask(
        dir.path(),
        &["services", "deactivate", "uas", "--data", "data"],
    );

    let (code, log) = node.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{log}");
    let lines = log.lines().map(serde_json::from_str::<serde_json::Value>);
    let lines: Vec<_> = lines
        .collect::<Result<_, _>>()
        .expect("one JSON object per line");
    assert!(
        lines
            .iter()
            .any(|line| line["message"] == "ready" && line["level"] == "INFO")
    );
}

#[test]
fn a_second_node_on_the_directory_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Node::start(dir.path(), &[]);
    let second = Node::start(dir.path(), &[]);
    assert!(second.said.is_empty(), "{:?}", second.said);
    let output = second.child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("error[STO-005]"), "{said}");
    assert_eq!(node.end(Signal::SIGINT).0, Some(0));
}

/// Peers that the Diameter adaptor of a node knows, and the node's alarms.
fn peers_and_alarms(dir: &Path) -> (Vec<String>, Vec<String>) {
    let status = ask(dir, &["status", "--json", "--data", "data"]).stdout;
    let status: serde_json::Value = serde_json::from_slice(&status).expect("JSON");
    let names = |list: &serde_json::Value| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.filter_map(|entry| entry["name"].as_str().map(str::to_owned))
            .collect()
    };
    let adaptors = status["adaptors"].as_array().into_iter().flatten();
    let parts = adaptors.flat_map(|adaptor| names(&adaptor["parts"]));
    (parts.collect(), names(&status["alarms"]))
}

#[test]
fn a_node_reads_its_files_again_at_sighup() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let write = |keys: &str| {
        let text = format!(
            "[adaptors.diameter.settings]\norigin_host = \"node.example\"\norigin_realm = \"example\"\n\
             listeners.tcp.bind = \"127.0.0.1:0\"\n{keys}\n\
             [adaptors.sip.settings.listeners]\nudp.transport = \"udp\"\ntcp.transport = \"tcp\"\n"
        );
        std::fs::write(dir.path().join("node.toml"), text).expect("a file can be written");
    };
    write("peers.first.host = \"first.example\"");
    let node = Node::start(dir.path(), &["--config", "node.toml"]);
    let until = |holds: &dyn Fn(&[String], &[String]) -> bool| {
        let until = Instant::now() + PATIENCE;
        loop {
            let (peers, alarms) = peers_and_alarms(dir.path());
            if holds(&peers, &alarms) {
                return;
            }
            assert!(Instant::now() < until, "{peers:?} {alarms:?}");
        }
    };
    let has = |names: &[String], name: &str| names.iter().any(|n| n == name);
    until(&|peers, _| has(peers, "first.example"));
    write("peers.second.host = \"second.example\"");
    node.signal(Signal::SIGHUP);
    until(&|peers, _| has(peers, "second.example") && !has(peers, "first.example"));
    // A key that a running node cannot change keeps all as it is.
    write("peers.third.host = \"third.example\"\n[node]\nname = \"other\"");
    node.signal(Signal::SIGHUP);
    until(&|peers, alarms| {
        has(alarms, "configuration_refused")
            && has(peers, "second.example")
            && !has(peers, "third.example")
    });
    write("peers.third.host = \"third.example\"");
    node.signal(Signal::SIGHUP);
    until(&|peers, alarms| has(peers, "third.example") && !has(alarms, "configuration_refused"));
    let (code, log) = node.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("SIGHUP"), "{log}");
}

#[test]
fn a_service_manager_is_told_how_the_node_is() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("notify.sock");
    let manager = UnixDatagram::bind(&path).expect("a socket");
    manager
        .set_read_timeout(Some(PATIENCE))
        .expect("a time limit");
    let mut command = strowger(dir.path());
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "200000");
    let node = Node::start_as(command, &[]);
    // Signs of life come in between; `until` has what was said before, without them.
    let until = |wanted: &str| -> Vec<String> {
        let mut said = Vec::new();
        let mut bytes = [0; 500];
        loop {
            let length = manager.recv(&mut bytes).expect("it is told");
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let found = text.starts_with(wanted);
            if !text.starts_with("WATCHDOG=1") || found {
                said.push(text);
            }
            if found {
                return said;
            }
        }
    };
    assert_eq!(until("READY=1").len(), 1);
    until("WATCHDOG=1");
    until("WATCHDOG=1");
    node.signal(Signal::SIGHUP);
    assert!(until("RELOADING=1")[0].contains("\nMONOTONIC_USEC="));
    assert_eq!(until("READY=1").len(), 1);
    let (code, log) = node.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{log}");
    until("STOPPING=1");
}

/// Calls that are up when a node ends are in its backup, and in a node that is started on what is restored from it.
#[test]
fn a_store_is_checked_backed_up_and_restored() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    // It does not wait for the call, which is there again at the next start.
    let stop = ["--set", "node.drain_limit=0s"];
    let node = Node::start(dir.path(), &stop);
    call(&node.address("udp"));
    let run = |args: &[&str]| {
        let output = strowger(dir.path()).args(args).output().expect("it runs");
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    };
    let check = ["store", "check", "--data", "data"];
    let (code, said) = run(&check);
    assert!(code == Some(4) && said.contains("error[STO-005]"), "{said}");
    let (code, log) = node.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{log}");

    let (code, said) = run(&check);
    assert!(code == Some(0) && said.ends_with("sound\n"), "{said}");
    let json = ask(dir.path(), &["store", "check", "--json", "--data", "data"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    assert!(
        json["sound"] == true && json["records"].as_u64() > Some(0),
        "{json}"
    );
    let (code, said) = run(&["store", "backup", "saved", "--data", "data"]);
    assert!(
        code == Some(0) && said.ends_with("read again and sound\n"),
        "{said}"
    );
    let (code, said) = run(&["store", "backup", "saved", "--data", "data"]);
    assert!(
        code == Some(2) && said.contains("nothing is overwritten"),
        "{said}"
    );
    let (code, said) = run(&["store", "restore", "saved", "--data", "data"]);
    assert!(
        code == Some(2) && said.contains("nothing is overwritten"),
        "{said}"
    );

    std::fs::rename(dir.path().join("data"), dir.path().join("lost")).expect("it is moved");
    let (code, said) = run(&["store", "restore", "saved", "--data", "data"]);
    assert!(code == Some(0), "{said}");
    let node = Node::start(dir.path(), &stop);
    assert!(
        node.said
            .iter()
            .any(|line| line.contains("activities recovered")),
        "{:?}",
        node.said
    );
    node.end(Signal::SIGTERM);

    // A backup with a changed byte is refused before anything is written.
    let records = dir.path().join("saved/records.export");
    let mut bytes = std::fs::read(&records).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&records, bytes).expect("it is written");
    let (code, said) = run(&["store", "restore", "saved", "--data", "other"]);
    assert!(code == Some(4) && said.contains("error[STO-003]"), "{said}");
    assert!(!dir.path().join("other").exists());
}

/// Has the node answer a call, which nobody ends.
fn call(node: &str) {
    let peer = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    peer.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let here = peer.local_addr().expect("an address");
    let send = |method: &str, tag: &str| {
        let request = format!(
            "{method} sip:service@node SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{method}\r\nMax-Forwards: 70\r\n\
             From: <sip:me@{here}>;tag=1\r\nTo: <sip:service@node>{tag}\r\nCall-ID: 2@{here}\r\nCSeq: 1 {method}\r\n\
             Contact: <sip:me@{here}>\r\nContent-Length: 0\r\n\r\n"
        );
        peer.send_to(request.as_bytes(), node)
            .expect("it can be sent");
    };
    send("INVITE", "");
    let mut bytes = [0; 2_000];
    loop {
        let length = peer.recv(&mut bytes).expect("an answer");
        let answer = String::from_utf8_lossy(&bytes[..length]).into_owned();
        if !answer.starts_with("SIP/2.0 200") {
            continue;
        }
        let to = answer
            .lines()
            .find_map(|line| line.strip_prefix("To: <sip:service@node>"));
        send("ACK", to.expect("a tag"));
        return;
    }
}
