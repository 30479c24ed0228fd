//! A node in this process with a listener over TLS: certificates that change, expire or cannot be used, and a client that
//! is not rustls.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod bench;
mod toy;

use bench::authority::{Authority, Leaf, replace};
use bench::{Bench, Line, PATIENCE};
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use rustls::{ClientConnection, StreamOwned};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use strowger_node::control::{Reply, Request};
use strowger_node::{NodeError, Running};

/// A bench with `node.pem` and `node.key` in its directory, for a listener `secure`.
fn bench(leaf: &Leaf, more: &str) -> Bench {
    let bench = Bench::new("");
    let (certificate, key) = leaf.write(bench.dir(), "node");
    let text = format!(
        "{more}\n[adaptors.toy.settings.listeners.secure.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n"
    );
    replace(&bench.dir().join("test.toml"), &text);
    bench
}

type Client = Line<StreamOwned<ClientConnection, TcpStream>>;

/// A client that trusts this authority and no other; `None` if the node is of another.
fn connect(
    bench: &Bench,
    node: &Running,
    trusts: &Authority,
    shows: Option<&Leaf>,
) -> Option<Client> {
    let socket = TcpStream::connect(bench.address(node, "secure")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let name = ServerName::try_from("node.example").unwrap();
    let session = ClientConnection::new(trusts.client(shows, &[&TLS13]), name).unwrap();
    let mut stream = StreamOwned::new(session, socket);
    stream.conn.complete_io(&mut stream.sock).ok()?;
    Some(Line::over(stream))
}

fn alarms(node: &Running) -> Vec<String> {
    let alarms = node.status().unwrap().alarms;
    alarms.into_iter().map(|alarm| alarm.name).collect()
}

#[test]
fn certificates_are_swapped_while_calls_are_up() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    for more in ["", "[tls]\ncheck_interval = \"20ms\"\n"] {
        let bench = bench(&old.issue(&["node.example"]), more);
        let node = bench.start();
        let mut before = connect(&bench, &node, &old, None).unwrap();
        before.send(b"ann hello\n");
        assert_eq!(before.line(), "ann 1 hello");
        assert!(connect(&bench, &node, &new, None).is_none());

        new.issue(&["node.example"]).write(bench.dir(), "node");
        if more.is_empty() {
            let reply = node.ask(Request::Certificates {});
            assert_eq!(reply, Some(Reply::Done));
        }
        bench.until(|| connect(&bench, &node, &new, None).is_some());
        let mut after = connect(&bench, &node, &new, None).unwrap();
        after.send(b"bob hello\n");
        assert_eq!(after.line(), "bob 1 hello");
        before.send(b"ann still\n");
        assert_eq!(before.line(), "ann 2 still");
        assert!(connect(&bench, &node, &old, None).is_none());
        assert_eq!(alarms(&node), Vec::<String>::new());
    }
}

#[test]
fn a_bad_new_file_changes_nothing_but_an_alarm() {
    let authority = Authority::new("test");
    let leaf = authority.issue(&["node.example"]);
    let bench = bench(&leaf, "[tls]\ncheck_interval = \"20ms\"\n");
    let node = bench.start();
    let file = bench.dir().join("node.pem");
    let other = authority.issue(&["node.example"]).certificate;
    for bad in ["nothing of it", "", &other] {
        replace(&file, bad);
        bench.until(|| alarms(&node) == ["certificate_unreadable"]);
        assert!(connect(&bench, &node, &authority, None).is_some());
        replace(&file, &leaf.certificate);
        bench.until(|| alarms(&node).is_empty());
    }
    std::fs::remove_file(&file).unwrap();
    bench.until(|| alarms(&node) == ["certificate_unreadable"]);
    assert!(connect(&bench, &node, &authority, None).is_some());
}

#[test]
fn certificates_at_their_end_raise_alarms() {
    let authority = Authority::new("test");
    let expired = bench(&authority.issue_expired(&["node.example"]), "");
    let node = expired.start();
    expired.until(|| alarms(&node) == ["certificate_expired"]);
    assert!(connect(&expired, &node, &authority, None).is_none());
    // In time again.
    authority
        .issue(&["node.example"])
        .write(expired.dir(), "node");
    assert_eq!(node.ask(Request::Certificates {}), Some(Reply::Done));
    expired.until(|| alarms(&node).is_empty());

    // Made for centuries; warned of even earlier.
    let soon = bench(
        &authority.issue(&["node.example"]),
        "[tls]\nexpiry_warning = \"5000years\"\n",
    );
    let node = soon.start();
    soon.until(|| alarms(&node) == ["certificate_expires_soon"]);
    assert!(connect(&soon, &node, &authority, None).is_some());
}

#[test]
fn a_node_without_usable_certificates_says_which_key_is_wrong() {
    let authority = Authority::new("test");
    let leaf = authority.issue(&["node.example"]);
    let other = authority.issue(&["node.example"]);
    for (file, text, key, words) in [
        ("node.pem", None, "certificate", "cannot read"),
        ("node.key", None, "key", "cannot read"),
        ("node.pem", Some(""), "certificate", "holds no certificate"),
        ("node.key", Some("x"), "key", "not what is needed in PEM"),
        ("node.key", Some(&*other.key), "key", "cannot be used"),
    ] {
        let bench = bench(&leaf, "");
        let path = bench.dir().join(file);
        match text {
            Some(text) => replace(&path, text),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let error = bench.builder().start().err().unwrap();
        assert_eq!(error.code(), "NOD-014");
        let NodeError::Certificates { place, source, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(source.key(), key);
        assert!(source.to_string().contains(words), "{source}");
        let line = if key == "certificate" { 3 } else { 4 };
        let place = place.as_ref().unwrap().to_string();
        assert!(place.contains(&format!("test.toml:{line}")), "{place}");
    }
}

#[test]
fn the_adaptor_is_told_whom_it_speaks_with() {
    let authority = Authority::new("test");
    let bench = bench(&authority.issue(&["node.example"]), "");
    let root = bench.dir().join("root.pem");
    replace(&root, &authority.pem());
    let file = bench.dir().join("test.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    replace(&file, &format!("{text}client_roots = [{root:?}]\n"));
    let node = bench.start();
    let leaf = authority.issue(&["proxy.example"]);
    for (shows, proved) in [
        (
            Some(&leaf),
            "true [\"proxy.example\"] Some(\"node.example\")",
        ),
        (None, "false [] Some(\"node.example\")"),
    ] {
        let mut client = connect(&bench, &node, &authority, shows).unwrap();
        client.send(b"ann who\n");
        assert_eq!(client.line(), format!("ann {proved}"));
    }
}

#[test]
fn openssl_is_understood() {
    let authority = Authority::new("test");
    let bench = bench(&authority.issue(&["node.example"]), "");
    let root = bench.dir().join("root.pem");
    replace(&root, &authority.pem());
    let node = bench.start();
    for version in ["-tls1_2", "-tls1_3"] {
        let client = Command::new("openssl")
            .args(["s_client", "-quiet", "-verify_return_error", version])
            .args([
                "-servername",
                "node.example",
                "-verify_hostname",
                "node.example",
            ])
            .arg("-CAfile")
            .arg(&root)
            .arg("-connect")
            .arg(bench.address(&node, "secure").to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut client) = client else {
            return; // openssl is not installed
        };
        let mut input = client.stdin.take().unwrap();
        input.write_all(b"ann bye\n").unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(client.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "ann bye\n");
        drop(input);
        client.kill().unwrap();
        client.wait().unwrap();
    }
    let counts = node.status().unwrap().network;
    assert_eq!((counts.handshakes, counts.handshakes_failed), (2, 0));
}
