//! Those who want to do harm: what they hold is bounded and given back, and others are served meanwhile.

mod abandoned;
mod bombs;
mod connections;
mod guesses;
mod loris;
mod probes;
mod sources;
mod spoofed;
mod storm;

pub use abandoned::{Abandoned, abandoned};
pub use bombs::bombs;
pub use connections::{Idle, idle, slow};
pub(super) use connections::{secure, trusting};
pub use guesses::guesses;
pub use loris::{dripping, half_open};
pub use probes::{Calls, probes};
pub use sources::{banned, unheard};
pub use spoofed::spoofed;
pub use storm::{Storm, storm};

use crate::error::{Result, RunError, ensure};
use crate::flows::Certificates;
use crate::node::{Node, NodeSpec};
use std::fmt::Write as _;
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

/// How long anything may take that a machine with more to do may take its time for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node with a listener of every kind, and what it is to speak TLS with.
struct Target {
    spec: NodeSpec,
    certificates: Certificates,
    /// Where whoever is served in the meantime is.
    me: Ipv4Addr,
}

impl Target {
    /// `adaptor` is more of the adaptor's settings, `rest` what comes after them. TCP listens where UDP does, TLS and
    /// WebSocket on the ports after it.
    fn new(host: u8, dir: &Path, adaptor: &str, rest: &str) -> Result<Self> {
        let ip = Ipv4Addr::new(127, 0, host, 1);
        let certificates = Certificates::make(dir, ip)?;
        let mut spec = super::spec(host, dir, "hostile");
        let mut config = format!(
            "[node]\ndata_dir = \"{}\"\n[adaptors.sip]\n[adaptors.sip.settings]\n{adaptor}\n",
            spec.data.display()
        );
        for (transport, port) in [("udp", 5060), ("tcp", 5060), ("tls", 5061), ("ws", 5062)] {
            let _ = writeln!(
                config,
                "[adaptors.sip.settings.listeners.{transport}]\ntransport = \"{transport}\"\nbind = \"{ip}:{port}\""
            );
            if transport == "tls" {
                let _ = writeln!(config, "{}", secured(&certificates));
            }
        }
        config.push_str(rest);
        spec.whole = Some(config);
        Ok(Self {
            spec,
            certificates,
            me: Ipv4Addr::new(127, 0, host, 2),
        })
    }

    fn at(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.spec.sip.ip(), port)
    }

    /// A question of somebody else is answered.
    fn alive(&self, node: &Node) -> Result {
        super::torture::alive(self.me, self.spec.sip)
            .map_err(|error| RunError::Broken(format!("{error}; {}", node.log_tail()).into()))
    }
}

/// The certificate of a listener. A handshake may take two seconds.
fn secured(certificates: &Certificates) -> String {
    format!(
        "tls = {{ certificate = \"{}\", key = \"{}\", handshake_timeout = \"2s\", handshakes_per_ip = 10000 }}",
        certificates.path("node.pem"),
        certificates.path("node.key")
    )
}

/// Whether the node has ended it.
pub(super) fn is_closed(stream: &mut TcpStream) -> bool {
    if stream.set_nonblocking(true).is_err() {
        return true;
    }
    loop {
        match stream.read(&mut [0; 4_096]) {
            Ok(0) => return true,
            // An answer, or what TLS says after its handshake.
            Ok(_) => {}
            Err(error) => return error.kind() != ErrorKind::WouldBlock,
        }
    }
}

/// A counter of the adaptor.
fn counter(status: &serde_json::Value, name: &str) -> u64 {
    status["adaptors"][0]["counters"][name]
        .as_u64()
        .unwrap_or(0)
}

/// Memory has not grown by more than `most` KiB.
fn bounded(before: u64, after: u64, most: u64) -> Result {
    ensure(after <= before + most, || {
        format!("memory grew from {before} to {after} KiB, by more than {most}")
    })
}
