//! Connections that are opened and not used: half a message, half a handshake, or nothing at all.

use super::{PATIENCE, Target, bounded, counter, is_closed, secured};
use crate::error::{Result, RunError, ensure, io};
use crate::flows::Certificates;
use crate::node::{Node, pause};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use socket2::{Domain, Socket, Type};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is sent and not gone on with, by the port that it is sent to.
const BEGINNINGS: [(u16, &[u8]); 3] = [
    (
        5060,
        b"INVITE sip:service@node.example SIP/2.0\r\nVia: SIP/2.0/TCP ",
    ),
    (5061, b"\x16\x03\x01\x02\x00\x01\x00"),
    (5062, b"GET / HTTP/1.1\r\nHost: "),
];
/// Connections from one address: the adaptor allows a thousand, and two hundred handshakes at a time.
const FROM_ONE: usize = 150;
const NO_SERVICE: &str = "[services.uas]\n";

/// On `each` connection of TCP, TLS and WebSocket a message, a handshake and a request of HTTP are begun and not ended; on
/// every second one a byte comes now and then. All are closed in time.
///
/// # Errors
/// What did not hold.
pub fn slow(each: usize, host: u8, dir: &Path) -> Result<String> {
    let adaptor = "timers = { stream_message = \"2s\" }";
    let target = Target::new(host, dir, adaptor, NO_SERVICE)?;
    let node = Node::start(&target.spec)?;
    let before = node.resident_kib()?;
    let mut open = Vec::new();
    for n in 0..each {
        for (port, beginning) in BEGINNINGS {
            let mut stream = connect(from(host, n), target.at(port))?;
            stream
                .write_all(beginning)
                .map_err(io("begin what is not ended"))?;
            open.push(stream);
        }
    }
    let begun = Instant::now();
    while !open.is_empty() {
        ensure(begun.elapsed() < PATIENCE, || {
            format!("{} slow connections are open still", open.len())
        })?;
        target.alive(&node)?;
        let mut nth = 0_usize;
        open.retain_mut(|stream| {
            nth += 1;
            // One that is closed already takes no byte, which is seen by reading.
            let _ = nth.is_multiple_of(2).then(|| stream.write(b"x"));
            !is_closed(stream)
        });
        pause();
    }
    let took = begun.elapsed();
    let each = each as u64;
    let status = node.wait_status(PATIENCE, |status| {
        status["counts"]["connections"].as_u64() == Some(0)
    })?;
    let slow = counter(&status, "sip.streams_slow");
    let failed = status["network"]["handshakes_failed"].as_u64();
    ensure(slow == 2 * each && failed == Some(each), || {
        format!(
            "{slow} messages and {failed:?} handshakes were given up, not {each} for each: {status}"
        )
    })?;
    let after = node.resident_kib()?;
    bounded(before, after, 3 * each * 64 + 16_384)?;
    Ok(format!(
        "{} slow connections closed within {took:.1?}, others served meanwhile, resident {before} then {after} KiB",
        3 * each
    ))
}

/// Connections over TLS on which nothing comes.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    /// As many as the listener takes.
    pub connections: usize,
    /// More than that.
    pub beyond: usize,
    /// Octet of the loopback address.
    pub host: u8,
}

/// As many connections over TLS as the listener takes are opened, and some more. Nothing is sent on them; on another
/// listener they are closed soon for that.
///
/// # Errors
/// What did not hold.
pub fn idle(size: Idle, dir: &Path) -> Result<String> {
    let target = Target::new(size.host, dir, "", "")?;
    let (ip, secured) = (target.spec.sip.ip(), secured(&target.certificates));
    let mut target = target;
    if let Some(whole) = &mut target.spec.whole {
        *whole = format!(
            "{whole}[adaptors.sip.settings.listeners.many]\ntransport = \"tls\"\nbind = \"{ip}:5071\"\nconnections = {}\n{secured}\n\
             [adaptors.sip.settings.listeners.brief]\ntransport = \"tls\"\nbind = \"{ip}:5081\"\nidle = \"2s\"\n{secured}\n{NO_SERVICE}",
            size.connections
        );
    }
    let node = Node::start(&target.spec)?;
    let config = trusting(&target.certificates)?;
    let before = node.resident_kib()?;
    let begun = Instant::now();
    let mut held = Vec::new();
    for n in 0..size.connections {
        held.push(secure(&config, from(size.host, n), target.at(5071))?);
    }
    let took = begun.elapsed();
    let full = node.resident_kib()?;
    target.alive(&node)?;
    for n in 0..size.beyond {
        let refused = secure(&config, from(size.host, n), target.at(5071));
        ensure(refused.is_err(), || "one too many was let in".to_owned())?;
    }
    secure(&config, from(size.host, 0), target.at(5061))?;
    bounded(before, full, size.connections as u64 * 32 + 16_384)?;
    let standing = held
        .iter_mut()
        .map(is_closed)
        .filter(|closed| !closed)
        .count();
    drop(held);

    let brief = size.connections.min(100);
    let mut idle = Vec::new();
    for n in 0..brief {
        idle.push(secure(&config, from(size.host, n), target.at(5081))?);
    }
    let deadline = Instant::now() + PATIENCE;
    while !idle.is_empty() {
        ensure(Instant::now() < deadline, || {
            format!("{} idle connections are open still", idle.len())
        })?;
        idle.retain_mut(|stream| !is_closed(stream));
        pause();
    }
    let status = node.wait_status(PATIENCE, |status| {
        status["counts"]["connections"].as_u64() == Some(0)
    })?;
    let counted = ["refused", "streams_idle"].map(|name| status["network"][name].as_u64());
    ensure(
        counted[0] == Some(size.beyond as u64) && counted[1] >= Some(brief as u64),
        || format!("refused and idle connections: {counted:?}"),
    )?;
    Ok(format!(
        "{} connections over TLS opened in {took:.1?}, {standing} standing at the end, {} beyond refused, {brief} closed as idle; \
         resident {before} KiB before, {full} with them ({} bytes each), {} after",
        size.connections,
        size.beyond,
        (full.saturating_sub(before)) * 1024 / size.connections.max(1) as u64,
        node.resident_kib()?
    ))
}

/// An address of the run's network that has room for a further connection.
pub(super) fn from(host: u8, nth: usize) -> Ipv4Addr {
    let last = u8::try_from(10 + nth / FROM_ONE).unwrap_or(u8::MAX);
    Ipv4Addr::new(127, 0, host, last)
}

pub(super) fn connect(from: Ipv4Addr, to: SocketAddr) -> Result<TcpStream> {
    let open = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((from, 0)).into())?;
        socket.connect_timeout(&to.into(), PATIENCE)?;
        let stream: TcpStream = socket.into();
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    };
    open().map_err(io("open a connection"))
}

/// A client that believes whom the authority has signed for.
pub(in crate::runs) fn trusting(certificates: &Certificates) -> Result<Arc<ClientConfig>> {
    let broken = |error: &dyn std::error::Error| RunError::Broken(error.to_string().into());
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(certificates.path("ca.pem"))
        .map_err(|error| broken(&error))?;
    roots.add(authority).map_err(|error| broken(&error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(&error))?;
    Ok(Arc::new(
        config.with_root_certificates(roots).with_no_client_auth(),
    ))
}

/// A connection with its handshake behind it.
pub(in crate::runs) fn secure(
    config: &Arc<ClientConfig>,
    from: Ipv4Addr,
    to: SocketAddr,
) -> Result<TcpStream> {
    let mut stream = connect(from, to)?;
    let name = ServerName::from(to.ip());
    let mut session = ClientConnection::new(Arc::clone(config), name)
        .map_err(|error| RunError::Broken(error.to_string().into()))?;
    while session.is_handshaking() {
        session
            .complete_io(&mut stream)
            .map_err(io("shake hands over TLS"))?;
    }
    // A node that has refused the connection says so only after the client has spoken last.
    stream
        .set_read_timeout(Some(Duration::from_millis(1)))
        .map_err(io("set a timeout"))?;
    Ok(stream)
}
