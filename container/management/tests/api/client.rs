//! A node with its API, and a client that says what it is told and hears what is answered.

use crate::toy;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use strowger_config::{Loaded, Rejected, Sources};
use strowger_node::{Catalog, Exit, Node, Running};

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

const BASE: &str = r#"
[store]
segment_bytes = "1MiB"
reserve = "64KiB"
low_water = "64KiB"
[management]
listen = "127.0.0.1:0"
[adaptors.toy]
[services.parrot]
"#;

/// A node with its API.
pub(crate) struct Served {
    pub(crate) node: Running,
    dir: tempfile::TempDir,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
    /// The body as it came.
    pub(crate) text: String,
}

impl Served {
    /// With this on top of the base configuration.
    pub(crate) fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [("base.toml", BASE), ("test.toml", text)] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        Self::on(dir)
    }

    /// A node on what another one has left.
    pub(crate) fn on(dir: tempfile::TempDir) -> Self {
        let loaded = load(dir.path(), None).unwrap();
        let again = dir.path().to_owned();
        let node = Node::builder()
            .adaptor(toy::adaptor())
            .service(toy::service())
            .service(crate::profiles::watcher())
            .reloading(loaded, move |managed| load(&again, managed))
            .companion(strowger_management::api::companion());
        let node = node.start().unwrap();
        Self { node, dir }
    }

    /// Waits for the node's end.
    pub(crate) fn end(self) -> tempfile::TempDir {
        assert_eq!(self.node.wait(), Exit::Clean);
        self.dir
    }

    pub(crate) fn rewrite(&self, text: &str) {
        std::fs::write(self.dir.path().join("test.toml"), text).unwrap();
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.dir.path().join("data").join(name)
    }

    pub(crate) fn at(&self, listener: &str) -> SocketAddr {
        let listeners = &self.node.ready().listeners;
        let found = listeners.iter().find(|at| at.listener == listener).unwrap();
        found.address.parse().unwrap()
    }

    /// The token that the node has made for itself.
    pub(crate) fn own(&self) -> String {
        let token = std::fs::read_to_string(self.data("management.token")).unwrap();
        token.trim().to_owned()
    }

    /// Asks as whoever has the token, or without one.
    pub(crate) fn ask(&self, token: &str, method: &str, path: &str, body: &str) -> Answer {
        let mut fields = String::new();
        if !token.is_empty() {
            fields.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if !body.is_empty() {
            let length = body.len();
            fields.push_str(&format!(
                "Content-Type: application/json\r\nContent-Length: {length}\r\n"
            ));
        }
        self.raw(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n{body}"
        ))
    }

    pub(crate) fn raw(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.at("api")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        Answer::read(&mut stream)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("", "GET", path, "")
    }

    /// Asks as the administrator.
    pub(crate) fn change(&self, method: &str, path: &str, body: &str) -> Answer {
        self.ask(&self.own(), method, path, body)
    }

    /// Somebody who talks to the toy.
    pub(crate) fn udp(&self) -> impl Fn(&str) -> String + use<> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(self.at("udp")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        move |text| {
            socket.send(text.as_bytes()).unwrap();
            let mut buffer = [0; 1_000];
            let n = socket.recv(&mut buffer).unwrap();
            String::from_utf8_lossy(&buffer[..n]).into_owned()
        }
    }
}

impl Answer {
    pub(crate) fn read(stream: &mut impl Read) -> Self {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let head = head.to_ascii_lowercase();
        let text = body.to_owned();
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        Self {
            status,
            head,
            body,
            text,
        }
    }

    /// Status and code of a problem, which says that it is one.
    #[track_caller]
    pub(crate) fn problem(&self) -> (u16, &str) {
        assert!(self.head.contains("application/problem+json"), "{self:?}");
        assert_eq!(self.body["status"], self.status);
        (self.status, self.body["code"].as_str().unwrap())
    }

    /// The field that a problem blames.
    #[track_caller]
    pub(crate) fn field(&self) -> &str {
        self.body["field"]
            .as_str()
            .unwrap_or_else(|| panic!("{self:?}"))
    }
}

fn load(dir: &Path, managed: Option<String>) -> Result<Loaded, Rejected> {
    let catalog = Catalog::default()
        .adaptor(toy::adaptor())
        .service(toy::service())
        .service(crate::profiles::watcher());
    let sources = Sources::default()
        .file(dir.join("base.toml"))
        .file(dir.join("test.toml"))
        .flag(format!("node.data_dir={}", dir.join("data").display()));
    let sources = Sources { managed, ..sources };
    strowger_config::load(&sources, &catalog.components())
}

/// Waits for a condition.
#[track_caller]
pub(crate) fn until(mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "not within {PATIENCE:?}");
        std::thread::yield_now();
    }
}
