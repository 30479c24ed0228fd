//! The API over TLS, with certificates that are exchanged while it serves.

use crate::authority::Authority;
use crate::client::{Answer, PATIENCE, Served, until};
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use rustls::{ClientConnection, StreamOwned};
use std::io::Write;
use std::net::TcpStream;

fn get(served: &Served, trusts: &Authority, path: &str) -> Option<Answer> {
    let socket = TcpStream::connect(served.at("api")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let name = ServerName::try_from("node.example").unwrap();
    let session = ClientConnection::new(trusts.client(None, &[&TLS13]), name).unwrap();
    let mut stream = StreamOwned::new(session, socket);
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    Some(Answer::read(&mut stream))
}

#[test]
fn the_api_is_served_over_tls_and_takes_new_certificates() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = old.issue(&["node.example"]).write(dir.path(), "node");
    let served = Served::new(&format!(
        "[tls]\ncheck_interval = \"20ms\"\n[management.tls]\ncertificate = \"{}\"\nkey = \"{}\"\n",
        certificate.display(),
        key.display(),
    ));
    let answer = get(&served, &old, "/v1/certificates").unwrap();
    assert_eq!(answer.body[0]["listener"], "management.api");
    assert!(get(&served, &new, "/health").is_none());
    new.issue(&["node.example"]).write(dir.path(), "node");
    until(|| get(&served, &new, "/health").is_some_and(|answer| answer.status == 200));
}
