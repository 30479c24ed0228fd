//! A listener for connections, and the address from which connections are opened.

use super::Socket;
use super::stream::Bounds;
use crate::tls::Credentials;
use ahash::AHashMap;
use mio::net::{TcpListener, TcpStream};
use nix::errno::Errno;
use socket2::{Domain, Protocol, SockRef, TcpKeepalive, Type};
use std::collections::hash_map::Entry;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use strowger::ra::Listener;

/// Connections that the system holds for us until we accept them.
const BACKLOG: i32 = 1_024;
/// A peer that has vanished without a word is noticed after about twice this time.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// A listener for connections.
pub(super) struct Acceptor {
    pub(super) at: Socket,
    pub(super) socket: TcpListener,
    /// Accepted connections that stand.
    pub(super) open: u32,
    pub(super) connections: u32,
    /// Those of its connections.
    pub(super) bounds: Bounds,
    /// Over TLS: what handshakes are done with.
    pub(super) credentials: Option<Box<Credentials>>,
    bind: SocketAddr,
    /// Handshakes under way, by the peer's address.
    shaking: AHashMap<IpAddr, u32>,
}

/// What waits to be accepted.
pub(super) enum Next {
    Connection(TcpStream, SocketAddr),
    None,
    /// This one is lost; there may be others.
    Retry,
    /// The process has no descriptors left.
    Exhausted,
}

impl Acceptor {
    pub(super) fn new(
        at: Socket,
        listener: &Listener,
        socket: TcpListener,
        credentials: Option<Credentials>,
    ) -> Self {
        Self {
            at,
            bind: listener.bind,
            socket,
            open: 0,
            connections: listener.connections,
            bounds: Bounds {
                write_buffer: listener.write_buffer as usize,
                idle: listener.idle,
                handshake: credentials
                    .as_ref()
                    .map_or(Duration::ZERO, |c| c.handshake_timeout),
            },
            credentials: credentials.map(Box::new),
            shaking: AHashMap::new(),
        }
    }

    /// Whether a peer may come in; one over TLS has its handshake before it then.
    pub(super) fn may_enter(&mut self, peer: IpAddr) -> bool {
        if self.open >= self.connections {
            return false;
        }
        if let Some(credentials) = &self.credentials {
            let shaking = self.shaking.entry(peer).or_default();
            if *shaking >= credentials.handshakes_per_ip {
                return false;
            }
            *shaking += 1;
        }
        self.open += 1;
        true
    }

    /// A peer's handshake is over, whichever way.
    pub(super) fn shaken(&mut self, peer: IpAddr) {
        if let Entry::Occupied(mut shaking) = self.shaking.entry(peer) {
            *shaking.get_mut() = shaking.get().saturating_sub(1);
            if *shaking.get() == 0 {
                shaking.remove();
            }
        }
    }

    pub(super) fn next(&self) -> Next {
        match self.socket.accept() {
            Ok((socket, peer)) => match tune(&socket) {
                Ok(()) => Next::Connection(socket, peer),
                Err(_) => Next::Retry,
            },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Next::None,
            Err(error) => match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM) => {
                    tracing::warn!(%error, bind = %self.bind, "no connections are accepted");
                    Next::Exhausted
                }
                // The connection died while it waited.
                _ => Next::Retry,
            },
        }
    }

    /// Begins to open a connection from this address and any port.
    pub(super) fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let socket = new_socket(self.bind)?;
        let mut from = self.bind;
        from.set_port(0);
        if !from.ip().is_unspecified() {
            socket.set_reuse_address(true)?;
            socket.bind(&from.into())?;
        }
        match socket.connect(&to.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(Errno::EINPROGRESS as i32) => {}
            Err(error) => return Err(error),
        }
        let stream = TcpStream::from_std(socket.into());
        tune(&stream)?;
        Ok(stream)
    }
}

/// Opens and binds a listener for connections, which does not block. The address may be used again at once after a restart,
/// although old connections linger.
pub(crate) fn listen(bind: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = new_socket(bind)?;
    socket.set_reuse_address(true)?;
    socket.bind(&bind.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn new_socket(bind: SocketAddr) -> io::Result<socket2::Socket> {
    let socket =
        socket2::Socket::new(Domain::for_address(bind), Type::STREAM, Some(Protocol::TCP))?;
    if bind.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn tune(socket: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(
        &TcpKeepalive::new()
            .with_time(KEEPALIVE)
            .with_interval(KEEPALIVE / 4),
    )
}
