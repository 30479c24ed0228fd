//! Over what `bench sip` speaks, and how its own small clients (the readiness question, the probe) do.
//!
//! SIPp and the probe know no TLS: they speak TCP to stunnel, which stands in front of the system under test and, where
//! the system passes calls on, in front of the called side. What stunnel uses counts as the generators'.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::bench::machine::{tcp_listens, udp_bound};
use crate::bench::system::{CALLED, PROBE, UNDER_TEST};
use crate::error::{Error, Result, at};
use crate::process::Running;
use crate::shell::run_logged;

/// Where stunnel takes the callers' TCP.
const FRONT: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 6), 15064);
/// Where the called side is when stunnel stands at [`CALLED`].
const BEHIND: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 7), 15065);
const READY_WITHIN: Duration = Duration::from_secs(10);

/// A transport of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Udp,
    Tcp,
    Tls,
}

impl Wire {
    pub(crate) const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Tls];

    /// As SIP URIs and configurations name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// What SIPp speaks.
    pub(crate) fn sipp_mode(self) -> &'static str {
        match self {
            Self::Udp => "u1",
            Self::Tcp | Self::Tls => "t1",
        }
    }

    /// What clients write into Via; behind stunnel they know of nothing but TCP.
    pub(crate) fn via(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp | Self::Tls => "TCP",
        }
    }

    /// Where callers send to.
    pub(crate) fn entrance(self) -> SocketAddrV4 {
        match self {
            Self::Udp | Self::Tcp => UNDER_TEST,
            Self::Tls => FRONT,
        }
    }

    /// Where SIPp's called side listens.
    pub(crate) fn called(self) -> SocketAddrV4 {
        match self {
            Self::Udp | Self::Tcp => CALLED,
            Self::Tls => BEHIND,
        }
    }

    /// Whether something listens there.
    pub(crate) fn listens(self, address: SocketAddrV4) -> bool {
        match self {
            Self::Udp => udp_bound(address),
            Self::Tcp | Self::Tls => tcp_listens(address),
        }
    }

    /// A connection to the entrance of the system under test.
    pub(crate) fn connect(self, from: SocketAddrV4) -> std::io::Result<Line> {
        Ok(match self {
            Self::Udp => {
                let socket = UdpSocket::bind(from)?;
                socket.connect(self.entrance())?;
                Line::Udp(socket)
            }
            Self::Tcp | Self::Tls => {
                let stream = TcpStream::connect(self.entrance())?;
                stream.set_nodelay(true)?;
                Line::Tcp(stream, Vec::new())
            }
        })
    }
}

/// A client's way to the system under test: whole messages in and out.
pub(crate) enum Line {
    Udp(UdpSocket),
    Tcp(TcpStream, Vec<u8>),
}

impl Line {
    /// Sends a message; what is lost shows as a call without an answer.
    pub(crate) fn send(&mut self, message: &[u8]) {
        let _ = match self {
            Self::Udp(socket) => socket.send(message).map(|_| ()),
            Self::Tcp(stream, _) => stream.write_all(message),
        };
    }

    /// The next message, if one comes in time.
    pub(crate) fn recv(&mut self, within: Duration) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 8192];
        match self {
            Self::Udp(socket) => {
                socket.set_read_timeout(Some(within)).ok()?;
                let length = socket.recv(&mut buffer).ok()?;
                buffer.truncate(length);
                Some(buffer)
            }
            Self::Tcp(stream, got) => {
                if let Some(message) = take_message(got) {
                    return Some(message);
                }
                stream.set_read_timeout(Some(within)).ok()?;
                let length = stream.read(&mut buffer).ok()?;
                got.extend_from_slice(&buffer[..length]);
                take_message(got)
            }
        }
    }
}

/// Cuts the first whole message off.
fn take_message(got: &mut Vec<u8>) -> Option<Vec<u8>> {
    let head = got.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&got[..head]).to_ascii_lowercase();
    let body: usize = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or(0);
    (got.len() >= head + body).then(|| got.drain(..head + body).collect())
}

/// The certificate and key that every system shows, made anew for the run.
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Identity {
    pub(crate) fn make(home: &Path) -> Result<Self> {
        let made = Self {
            certificate: home.join("certificate.pem"),
            key: home.join("key.pem"),
        };
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"]);
        command.args(["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=bench"]);
        command.args(["-addext", "subjectAltName=IP:127.0.0.2,IP:127.0.0.4"]);
        // One of an authority is none of a host, for those who look at it closely.
        command.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        command.arg("-keyout").arg(&made.key);
        command.arg("-out").arg(&made.certificate);
        let log = home.join("openssl.log");
        if !run_logged(&mut command, &log)?.ok {
            return Err(Error::Failed {
                what: format!("openssl ({})", log.display()),
            });
        }
        Ok(made)
    }
}

/// Starts stunnel between the generators and the system.
pub(crate) fn start_tunnel(identity: &Identity, home: &Path) -> Result<Running> {
    let text = format!(
        "foreground = yes\npid =\n\
         [caller]\nclient = yes\naccept = {FRONT}\nconnect = {UNDER_TEST}\n\
         [called]\naccept = {CALLED}\nconnect = {BEHIND}\ncert = {}\nkey = {}\n",
        identity.certificate.display(),
        identity.key.display(),
    );
    let file = home.join("stunnel.conf");
    std::fs::write(&file, text).map_err(at("write", &file))?;
    let mut command = Command::new("stunnel");
    command.arg(&file);
    let mut tunnel = Running::start("stunnel", &mut command, &home.join("stunnel.log"))?;
    tunnel.wait_ready(READY_WITHIN, |_| tcp_listens(FRONT) && tcp_listens(CALLED))?;
    Ok(tunnel)
}

/// Asks with OPTIONS; true when anything comes back.
pub(crate) fn answers(wire: Wire, within: Duration) -> bool {
    let Ok(mut line) = wire.connect(SocketAddrV4::new(*PROBE.ip(), 0)) else {
        return false;
    };
    let port = match &line {
        Line::Udp(socket) => socket.local_addr().map(|a| a.port()),
        Line::Tcp(stream, _) => stream.local_addr().map(|a| a.port()),
    }
    .unwrap_or(0);
    let from = SocketAddrV4::new(*PROBE.ip(), port);
    let question = format!(
        "OPTIONS sip:{UNDER_TEST} SIP/2.0\r\n\
         Via: SIP/2.0/{via} {from};branch=z9hG4bKready{port}\r\n\
         From: <sip:ready@{from}>;tag=r\r\n\
         To: <sip:{UNDER_TEST}>\r\n\
         Call-ID: ready-{port}\r\n\
         CSeq: 1 OPTIONS\r\n\
         Max-Forwards: 70\r\n\
         Content-Length: 0\r\n\r\n",
        via = wire.via(),
    );
    line.send(question.as_bytes());
    line.recv(within).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_cut_into_messages() {
        let mut got = b"SIP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nhiSIP/2.0 100".to_vec();
        let first = take_message(&mut got).unwrap();
        assert!(first.ends_with(b"hi"));
        assert_eq!(got, b"SIP/2.0 100");
        assert!(take_message(&mut got).is_none());
    }
}
