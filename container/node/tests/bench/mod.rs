//! A data directory, a configuration, nodes on them, and peers with bounded patience.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod authority;
pub(crate) mod name_server;

use crate::toy;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use strowger_config::{Config, Loaded, Rejected, Sources};
use strowger_node::{Catalog, Node, NodeBuilder, Running};

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A store as small as it may be, and listeners on any port.
const BASE: &str = r#"
[store]
segment_bytes = "1MiB"
reserve = "64KiB"
low_water = "64KiB"
[adaptors.toy]
[services.parrot]
"#;

pub(crate) struct Bench {
    dir: PathBuf,
    /// Removes the directory in the end; `None` where it is another process's.
    _owned: Option<tempfile::TempDir>,
}

impl Bench {
    /// With this on top of the base configuration.
    pub(crate) fn new(text: &str) -> Self {
        let owned = tempfile::tempdir().unwrap();
        let dir = owned.path().to_owned();
        for (name, text) in [("base.toml", BASE), ("test.toml", text)] {
            std::fs::write(dir.join(name), text).unwrap();
        }
        Self {
            dir,
            _owned: Some(owned),
        }
    }

    /// The same without the service of the base.
    pub(crate) fn without_services(text: &str) -> Self {
        let bench = Self::new(text);
        let base = BASE.replace("[services.parrot]\n", "");
        std::fs::write(bench.dir.join("base.toml"), base).unwrap();
        bench
    }

    /// On the directory of another process's bench.
    pub(crate) fn on(dir: PathBuf) -> Self {
        Self { dir, _owned: None }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub(crate) fn config(&self) -> Config {
        self.load().config
    }

    /// What is wrong with the configuration, with its codes.
    pub(crate) fn findings(&self) -> Vec<String> {
        let rejected = load(&self.dir, None).map(drop).unwrap_err();
        rejected.findings.iter().map(ToString::to_string).collect()
    }

    fn load(&self) -> Loaded {
        match load(&self.dir, None) {
            Ok(loaded) => loaded,
            Err(rejected) => panic!("{:#?}", rejected.findings),
        }
    }

    /// Writes the configuration on top of the base anew.
    pub(crate) fn rewrite(&self, text: &str) {
        std::fs::write(self.dir.join("test.toml"), text).unwrap();
    }

    /// For a node that reads its configuration again when told to.
    pub(crate) fn start_reloading(&self) -> Running {
        let dir = self.dir.clone();
        let builder = self
            .builder()
            .reloading(self.load(), move |managed| load(&dir, managed));
        builder.start().unwrap()
    }

    pub(crate) fn builder(&self) -> NodeBuilder {
        self.builder_of(self.config())
    }

    /// With a configuration that no file has.
    pub(crate) fn builder_of(&self, config: Config) -> NodeBuilder {
        Node::builder()
            .adaptor(toy::adaptor())
            .service(toy::service().version("1.1"))
            .service(toy::service())
            .config(config)
    }

    pub(crate) fn start(&self) -> Running {
        self.builder().start().unwrap()
    }

    pub(crate) fn address(&self, node: &Running, listener: &str) -> SocketAddr {
        let listeners = &node.ready().listeners;
        let found = listeners.iter().find(|at| at.listener == listener).unwrap();
        found.address.parse().unwrap()
    }

    pub(crate) fn udp(&self, node: &Running) -> Udp {
        Udp::to(self.address(node, "udp"))
    }

    pub(crate) fn tcp(&self, node: &Running) -> Line<TcpStream> {
        let stream = TcpStream::connect(self.address(node, "tcp")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
            .set_write_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        Line(BufReader::new(stream))
    }

    /// Waits for a condition.
    #[track_caller]
    pub(crate) fn until(&self, mut holds: impl FnMut() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds() {
            assert!(Instant::now() < end, "not within {PATIENCE:?}");
            std::thread::yield_now();
        }
    }
}

fn load(dir: &Path, managed: Option<String>) -> Result<Loaded, Rejected> {
    let catalog = Catalog::default()
        .adaptor(toy::adaptor())
        .service(toy::service().version("1.1"))
        .service(toy::service());
    let sources = Sources::default()
        .file(dir.join("base.toml"))
        .file(dir.join("test.toml"))
        .flag(format!("node.data_dir={}", dir.join("data").display()));
    let sources = Sources { managed, ..sources };
    strowger_config::load(&sources, &catalog.components())
}

/// A peer that speaks datagrams.
pub(crate) struct Udp(UdpSocket);

impl Udp {
    pub(crate) fn to(address: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    /// The same peer, for a node at another address.
    pub(crate) fn again(self, bench: &Bench, node: &Running) -> Self {
        self.0.connect(bench.address(node, "udp")).unwrap();
        self
    }

    pub(crate) fn send(&self, text: &str) {
        self.0.send(text.as_bytes()).unwrap();
    }

    #[track_caller]
    pub(crate) fn ask(&self, text: &str) -> String {
        self.send(text);
        self.hear().unwrap()
    }

    pub(crate) fn hear(&self) -> std::io::Result<String> {
        let mut buffer = [0; 65_536];
        let n = self.0.recv(&mut buffer)?;
        Ok(String::from_utf8_lossy(&buffer[..n]).into_owned())
    }

    pub(crate) fn patience(&self, time: Duration) {
        self.0.set_read_timeout(Some(time)).unwrap();
    }
}

/// A peer that speaks lines.
pub(crate) struct Line<S>(BufReader<S>);

impl<S: Read + Write> Line<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).unwrap();
    }

    /// Sends unless the other side does not read.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) {
        let _ = self.0.get_mut().write(bytes);
    }

    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub(crate) fn is_closed(&mut self) -> bool {
        matches!(self.0.read(&mut [0; 1]), Ok(0) | Err(_))
    }
}
