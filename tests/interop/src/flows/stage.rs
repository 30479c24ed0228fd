//! What a flow stands on: a loopback network of its own, a directory, certificates, a capture, and the nodes it starts.

use super::capture::{Capture, Judge};
use super::certificates::Certificates;
use super::program::Program;
use super::tools;
use crate::error::{Result, ensure, io};
use crate::node::{Node, NodeSpec, pause};
use crate::runs::expect_empty;
use std::cell::OnceCell;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How long a node may take until nothing of a finished call is left.
const EMPTY_WITHIN: Duration = Duration::from_secs(45);
const STOPPED_WITHIN: Duration = Duration::from_secs(45);
/// Below the ports of flows over IPv6, ten for each.
const SIX: u16 = 20_000;
/// How long any one thing that a flow waits for may take.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The ground of one run of one flow. Its directory stays, for whoever wants to see what happened: logs and capture, and
/// after a failure also what its nodes stored.
#[derive(Debug)]
pub struct Stage {
    host: u8,
    dir: PathBuf,
    capture: Capture,
    certificates: OnceCell<Certificates>,
}

impl Stage {
    pub(super) fn open(name: &str, host: u8) -> Result<Self> {
        let dir = tools::target()?.join("interop").join(name);
        if dir.exists() {
            fs::remove_dir_all(&dir).map_err(io("remove what an earlier run left"))?;
        }
        fs::create_dir_all(&dir).map_err(io("make a directory for a flow"))?;
        let capture = Capture::start(Ipv4Addr::new(127, 0, host, 0), &dir)?;
        Ok(Self {
            host,
            dir,
            capture,
            certificates: OnceCell::new(),
        })
    }

    /// An address of this flow's network. The node has 1.
    pub(crate) fn ip(&self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, 0, self.host, last)
    }

    /// Where the node listens for UDP and TCP.
    pub(crate) fn sip(&self) -> SocketAddr {
        SocketAddr::from((self.ip(1), 5060))
    }

    /// Logs and whatever else a flow leaves.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Certificates that a test authority has signed for this network.
    pub(crate) fn certificates(&self) -> Result<&Certificates> {
        if let Some(made) = self.certificates.get() {
            return Ok(made);
        }
        let made = Certificates::make(&self.dir, self.ip(1))?;
        Ok(self.certificates.get_or_init(|| made))
    }

    /// An address of this flow over IPv6, where all have one host. The node has 1.
    pub(crate) fn six(&self, last: u8) -> SocketAddr {
        let port = SIX + 10 * u16::from(self.host) + u16::from(last);
        SocketAddr::from((Ipv6Addr::LOCALHOST, port))
    }

    /// Starts the node with `services` as the services' part of its configuration.
    pub(crate) fn node(&self, services: &str) -> Result<Node> {
        self.start_node(&self.listeners("")?, services)
    }

    /// The same node, but every client over TLS must have a certificate of the test authority.
    pub(crate) fn node_for_the_certified(&self, services: &str) -> Result<Node> {
        let roots = self.certificates()?.path("ca.pem");
        let demand = format!(", client_roots = [\"{roots}\"], client_certificate_required = true");
        self.start_node(&self.listeners(&demand)?, services)
    }

    /// The node over IPv6: UDP and TCP.
    pub(crate) fn node_of_six(&self, services: &str) -> Result<Node> {
        let bind = self.six(1);
        let listener = |transport| {
            format!(
                "[adaptors.sip.settings.listeners.{transport}]\ntransport = \"{transport}\"\nbind = \"{bind}\"\n"
            )
        };
        self.start_node(&["udp", "tcp"].map(listener).concat(), services)
    }

    /// A listener per transport; `tls` is more of how those with TLS go about it.
    fn listeners(&self, tls: &str) -> Result<String> {
        let made = self.certificates()?;
        let mut config = String::new();
        for (transport, port) in [
            ("udp", 5060),
            ("tcp", 5060),
            ("tls", 5061),
            ("ws", 5062),
            ("wss", 5063),
        ] {
            let _ = writeln!(
                config,
                "[adaptors.sip.settings.listeners.{transport}]\ntransport = \"{transport}\"\nbind = \"{}:{port}\"",
                self.ip(1)
            );
            if ["tls", "wss"].contains(&transport) {
                let [certificate, key, roots] =
                    ["node.pem", "node.key", "ca.pem"].map(|name| made.path(name));
                let _ = writeln!(
                    config,
                    "tls = {{ certificate = \"{certificate}\", key = \"{key}\", server_roots = [\"{roots}\"]{tls} }}"
                );
            }
        }
        Ok(config)
    }

    fn start_node(&self, listeners: &str, services: &str) -> Result<Node> {
        let data = self.dir.join("node");
        let config = format!(
            "[node]\ndata_dir = \"{}\"\n\n[adaptors.sip]\ntype = \"sip\"\n{listeners}{services}",
            data.display()
        );
        let mut spec = NodeSpec::new(self.ip(1), &data);
        spec.whole = Some(config);
        Node::start(&spec)
    }

    /// Nothing is left in the node, it ends when it is told, and it has complained of nothing.
    pub(crate) fn end(&self, mut node: Node) -> Result {
        expect_empty(&node, EMPTY_WITHIN)?;
        let status = node.terminate(STOPPED_WITHIN)?;
        ensure(status.success(), || format!("the node ended with {status}"))?;
        let log = fs::read_to_string(self.dir.join("node.log")).map_err(io("read the log"))?;
        let complaint = log
            .lines()
            .find(|line| line.contains(" ERROR ") || line.contains("panicked"));
        ensure(complaint.is_none(), || {
            format!("the node complained: {}", complaint.unwrap_or_default())
        })
    }

    /// Starts a program of this flow.
    pub(crate) fn start(&self, name: &str, command: &mut Command) -> Result<Program> {
        Program::start(name, command, &self.dir)
    }

    /// Ends the capture; fails with what tshark has against what the node sent. What nodes stored goes when all held: it
    /// is preallocated, and as much for each of them as for one that carries traffic.
    pub(super) fn close(self, judge: Judge) -> Result<String> {
        let node = self.ip(1);
        let said = self.capture.finish(node, judge)?;
        for entry in fs::read_dir(&self.dir)
            .map_err(io("list a flow's directory"))?
            .flatten()
        {
            if entry.path().join("store").is_dir() {
                fs::remove_dir_all(entry.path()).map_err(io("remove what a node stored"))?;
            }
        }
        Ok(said)
    }
}

/// Waits until something listens at `address`.
pub(crate) fn wait_for_listener(address: SocketAddr, transport: &str) -> Result {
    // A datagram socket is bound before its program says that it is ready; a stream's may come later.
    if transport == "udp" {
        return Ok(());
    }
    let deadline = Instant::now() + SOON;
    while let Err(error) = TcpStream::connect(address) {
        ensure(Instant::now() < deadline, || {
            format!("nothing listens at {address}: {error}")
        })?;
        pause();
    }
    Ok(())
}
