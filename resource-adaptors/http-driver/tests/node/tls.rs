//! HTTPS, both ways: certificates that are shown, verified, replaced while the node runs, and refused.

use crate::authority::{Authority, Leaf};
use crate::bench::{Bench, Raw, address, until};
use rustls::{ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use strowger_node::control::Request;

/// A node with a plain listener and one over TLS, whose certificate is that one.
fn bench(leaf: &Leaf, more: &str, client: &str) -> Bench {
    let bench = Bench::new("");
    let (certificate, key) = leaf.write(bench.dir(), "node");
    bench.rewrite(&format!(
        "[adaptors.http.settings.listeners.http]\nbind = \"127.0.0.1:0\"\n\
         [adaptors.http.settings.listeners.https]\nbind = \"127.0.0.1:0\"\n\
         [adaptors.http.settings.listeners.https.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n{more}\n\
         [adaptors.http.settings.client.tls]\n{client}\n"
    ));
    bench
}

fn root(bench: &Bench, name: &str, authority: &Authority) -> String {
    let path = bench.dir().join(name);
    std::fs::write(&path, authority.pem()).unwrap();
    path.display().to_string()
}

/// curl to node.example, trusting that file.
fn curl(at: std::net::SocketAddr, roots: &str, more: &[&str]) -> (i32, String) {
    let resolve = format!("node.example:{}:127.0.0.1", at.port());
    let url = format!("https://node.example:{}/who", at.port());
    let mut command = Command::new("curl");
    command.args(["-s", "--cacert", roots, "--resolve", &resolve, &url]);
    let output = command.args(more).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().unwrap(), said)
}

#[test]
fn curl_is_served_over_tls_and_certificates_are_replaced_live() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let bench = bench(&old.issue(&["node.example"]), "", "");
    let node = bench.start();
    let at = address(&node, "https");
    let (old_root, new_root) = (root(&bench, "old.pem", &old), root(&bench, "new.pem", &new));
    assert_eq!(
        curl(at, &old_root, &[]),
        (0, "nobody, secure true".to_owned())
    );
    assert_ne!(curl(at, &new_root, &[]).0, 0);
    // Asked for HTTP/2 it says that it has HTTP/1.1 (RFC 7301).
    let (_, said) = curl(
        at,
        &old_root,
        &["--http2", "-o", "/dev/null", "-w", "%{http_version}"],
    );
    assert_eq!(said, "1.1");
    new.issue(&["node.example"]).write(bench.dir(), "node");
    node.ask(Request::Certificates {}).unwrap();
    until(|| curl(at, &new_root, &[]).0 == 0);
    assert_ne!(curl(at, &old_root, &[]).0, 0);
    // Plain bytes to a listener over TLS: closed.
    assert!(Raw::to(at).ask_badly("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
}

#[test]
fn clients_are_known_by_their_certificates() {
    let authority = Authority::new("all");
    let placeholder = bench(&authority.issue(&["node.example"]), "", "");
    let roots = root(&placeholder, "roots.pem", &authority);
    let more = format!("client_roots = [{roots:?}]\nclient_certificate_required = true");
    let bench = bench(&authority.issue(&["node.example"]), &more, "");
    let node = bench.start();
    let at = address(&node, "https");
    let (certificate, key) = authority
        .issue(&["gateway.example"])
        .write(bench.dir(), "client");
    let shows = |path: &Path| path.display().to_string();
    let (certificate, key) = (shows(&certificate), shows(&key));
    let shown = ["--cert", certificate.as_str(), "--key", key.as_str()];
    let known = (0, "gateway.example, secure true".to_owned());
    assert_eq!(curl(at, &roots, &shown), known);
    assert_ne!(curl(at, &roots, &[]).0, 0);
}

/// An HTTPS server of that certificate, which answers every request `200 ok`; its URL.
fn server(authority: &Authority, leaf: &Leaf, demands: bool) -> String {
    let config = authority.server(leaf, demands);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "https://localhost:{}/",
        listener.local_addr().unwrap().port()
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(session, stream.unwrap()));
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|n| n > 2) {
                line.clear();
            }
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
            drop(stream.get_mut().write_all(answer));
            stream.get_mut().conn.send_close_notify();
            drop(stream.get_mut().flush());
        }
    });
    url
}

#[test]
fn servers_that_are_called_are_verified() {
    let (good, other) = (Authority::new("good"), Authority::new("other"));
    let place = bench(&good.issue(&["node.example"]), "", "");
    let roots = root(&place, "roots.pem", &good);
    let (certificate, key) = good.issue(&["me.example"]).write(place.dir(), "me");
    let client =
        format!("server_roots = [{roots:?}]\ncertificate = {certificate:?}\nkey = {key:?}");
    let bench = bench(&good.issue(&["node.example"]), "", &client);
    let node = bench.start();
    let mut raw = Raw::to(address(&node, "http"));
    let mut outcome = |url: &str| {
        raw.ask(&format!(
            "POST /call?url={url} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
        ))
        .text()
    };
    assert_eq!(
        outcome(&server(&good, &good.issue(&["localhost"]), false)),
        "200 ok"
    );
    assert_eq!(
        outcome(&server(&good, &good.issue(&["localhost"]), true)),
        "200 ok"
    );
    let wrong_name = good.issue(&["elsewhere.example"]);
    assert_eq!(outcome(&server(&good, &wrong_name, false)), "Tls No");
    let unknown = other.issue(&["localhost"]);
    assert_eq!(outcome(&server(&other, &unknown, false)), "Tls No");
    let expired = good.issue_expired(&["localhost"]);
    assert_eq!(outcome(&server(&good, &expired, false)), "Tls No");
}

#[test]
fn certificates_that_cannot_be_used_keep_a_node_from_starting() {
    let authority = Authority::new("any");
    for (more, client) in [
        ("client_roots = [\"/nowhere.pem\"]", ""),
        ("", "server_roots = [\"/nowhere.pem\"]"),
    ] {
        let bench = bench(&authority.issue(&["node.example"]), more, client);
        let error = bench.try_start().unwrap_err();
        assert_eq!(error.code(), "NOD-014");
    }
}

impl Raw {
    /// Whether what is sent gets no answer of HTTP.
    fn ask_badly(mut self, request: &str) -> bool {
        self.send(request);
        self.answer().is_none()
    }
}
