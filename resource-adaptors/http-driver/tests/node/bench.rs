//! A data directory, a configuration, nodes on them, and a client of plain bytes.

use crate::web::Web;
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};
use strowger::prelude::*;
use strowger_config::{Loaded, Sources};
use strowger_node::{Catalog, Node, NodeError, Running};

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

const BASE: &str = r#"
[store]
segment_bytes = "1MiB"
reserve = "64KiB"
low_water = "64KiB"
[adaptors.http]
[services.web]
durability = "strict"
"#;

pub(crate) struct Bench {
    dir: tempfile::TempDir,
}

fn catalog() -> Catalog {
    Catalog::default()
        .adaptor(strowger_http::adaptor())
        .driver(strowger_http_driver::driver())
        .service(ServiceDef::of::<Web>())
}

impl Bench {
    /// With one plain listener on any port, and these settings of the adaptor.
    pub(crate) fn new(settings: &str) -> Self {
        Self::with(&format!(
            "[adaptors.http.settings.listeners.http]\nbind = \"127.0.0.1:0\"\n{settings}"
        ))
    }

    /// With this configuration.
    pub(crate) fn with(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bench = Self { dir };
        bench.rewrite(text);
        std::fs::write(bench.dir().join("base.toml"), BASE).unwrap();
        bench
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn rewrite(&self, text: &str) {
        std::fs::write(self.dir().join("test.toml"), text).unwrap();
    }

    fn load(dir: &Path) -> Loaded {
        let sources = Sources::default()
            .file(dir.join("base.toml"))
            .file(dir.join("test.toml"))
            .flag(format!("node.data_dir={}", dir.join("data").display()));
        match strowger_config::load(&sources, &catalog().components()) {
            Ok(loaded) => loaded,
            Err(rejected) => panic!("{:#?}", rejected.findings),
        }
    }

    pub(crate) fn try_start(&self) -> Result<Running, NodeError> {
        let dir = self.dir().to_owned();
        Node::builder()
            .catalog(catalog())
            .reloading(Self::load(&dir), move |_| Ok(Self::load(&dir)))
            .start()
    }

    pub(crate) fn start(&self) -> Running {
        self.try_start().unwrap()
    }
}

/// Where a listener of the node is.
pub(crate) fn address(node: &Running, listener: &str) -> SocketAddr {
    let listeners = &node.ready().listeners;
    let found = listeners.iter().find(|at| at.listener == listener).unwrap();
    found.address.parse().unwrap()
}

/// A counter of the adaptor's or its driver's.
pub(crate) fn counter(node: &Running, name: &str) -> u64 {
    let status = node.status().unwrap();
    let adaptor = status.adaptors.iter().find(|a| a.name == "http").unwrap();
    adaptor.counters.get(name).copied().unwrap_or_default()
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

/// A client of plain bytes.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn closes(&self) -> bool {
        self.head.to_ascii_lowercase().contains("connection: close")
    }
}

impl Raw {
    pub(crate) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let read = Vec::new();
        Self { stream, read }
    }

    /// From an address of this machine that may be banned.
    pub(crate) fn from(source: [u8; 4], address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let source = SocketAddr::from((source, 0));
        socket.bind(&source.into()).unwrap();
        socket.connect(&address.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let read = Vec::new();
        Self { stream, read }
    }

    /// Sends as much as the other side takes.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Asks and reads the answer.
    #[track_caller]
    pub(crate) fn ask(&mut self, request: &str) -> Answer {
        self.send(request);
        self.answer().unwrap()
    }

    /// The next answer; `None` if the connection ends before it is whole.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let head = loop {
            if let Some(end) = self.read.windows(4).position(|w| w == b"\r\n\r\n") {
                break self.read.drain(..end + 4).collect::<Vec<u8>>();
            }
            self.more()?;
        };
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let fits = name.eq_ignore_ascii_case("content-length");
            fits.then(|| value.trim().parse::<usize>().unwrap())
        });
        let length = length.filter(|_| status >= 200).unwrap_or_default();
        while self.read.len() < length {
            self.more()?;
        }
        let body = self.read.drain(..length).collect();
        Some(Answer { status, head, body })
    }

    /// The head of an answer to HEAD.
    pub(crate) fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(4).position(|w| w == b"\r\n\r\n") {
                let head = self.read.drain(..end + 4).collect();
                return String::from_utf8(head).unwrap();
            }
            self.more().unwrap();
        }
    }

    /// Whether the other side closes the connection without another word.
    pub(crate) fn ends(&mut self) -> bool {
        self.read.is_empty() && self.more().is_none()
    }

    fn more(&mut self) -> Option<()> {
        let mut buffer = [0; 65_536];
        match self.stream.read(&mut buffer) {
            Ok(0) | Err(_) => None,
            Ok(n) => {
                self.read.extend_from_slice(&buffer[..n]);
                Some(())
            }
        }
    }
}
