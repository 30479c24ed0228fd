//! How a peer reaches the node: one UDP socket, or TCP connections that it opens and accepts.

use super::message::frame;
use crate::error::{Result, io};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBufForce;
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

/// What may wait to be read from a UDP socket, in bytes.
const RECEIVE_BUFFER: usize = 4 << 20;

/// UDP or TCP, at one address.
#[derive(Debug)]
pub enum Link {
    /// One socket.
    Udp(UdpSocket),
    /// A listener and its connections.
    Tcp {
        /// Accepts what the node opens.
        listener: TcpListener,
        /// Open connections.
        conns: Vec<Conn>,
    },
}

/// A TCP connection with what was read and not yet used.
#[derive(Debug)]
pub struct Conn {
    peer: SocketAddr,
    stream: TcpStream,
    read: Vec<u8>,
    closed: bool,
}

impl Link {
    /// A UDP socket at `me`.
    ///
    /// # Errors
    /// When the address is taken.
    pub fn udp(me: SocketAddr) -> Result<Self> {
        let socket = UdpSocket::bind(me).map_err(io("bind the peer's UDP socket"))?;
        socket
            .set_nonblocking(true)
            .map_err(io("set up the peer's socket"))?;
        // What the node sends at once after its disk stood still is not to be lost here: it would count as the node's. The system
        // may give less.
        let _ = SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER);
        let _ = setsockopt(&socket, RcvBufForce, &RECEIVE_BUFFER);
        Ok(Self::Udp(socket))
    }

    /// A TCP listener at `me`.
    ///
    /// # Errors
    /// When the address is taken.
    pub fn tcp(me: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(me).map_err(io("bind the peer's TCP listener"))?;
        listener
            .set_nonblocking(true)
            .map_err(io("set up the peer's listener"))?;
        Ok(Self::Tcp {
            listener,
            conns: Vec::new(),
        })
    }

    /// Whether lost messages are sent again by the peer itself.
    #[must_use]
    pub fn is_udp(&self) -> bool {
        matches!(self, Self::Udp(_))
    }

    /// Sends `text` to `to`, over a connection that is opened if there is none. Whether it went out.
    pub fn send(&mut self, to: SocketAddr, text: &str) -> bool {
        match self {
            Self::Udp(socket) => socket.send_to(text.as_bytes(), to).is_ok(),
            Self::Tcp { listener, conns } => {
                if !conns.iter().any(|c| c.peer == to && !c.closed) {
                    let Ok(stream) = connect(listener, to) else {
                        return false;
                    };
                    if stream.set_nodelay(true).is_err() {
                        return false;
                    }
                    conns.push(Conn {
                        peer: to,
                        stream,
                        read: Vec::new(),
                        closed: false,
                    });
                }
                let Some(conn) = conns.iter_mut().find(|c| c.peer == to && !c.closed) else {
                    return false;
                };
                // Writes block: the messages are small and the node reads.
                let sent = conn
                    .stream
                    .set_nonblocking(false)
                    .and_then(|()| conn.stream.write_all(text.as_bytes()));
                conn.closed |= sent.is_err();
                sent.is_ok()
            }
        }
    }

    /// Waits at most `wait` for something to read and returns all whole messages with their senders.
    pub fn receive(&mut self, wait: Duration) -> Vec<(SocketAddr, String)> {
        self.wait(wait);
        let mut out = Vec::new();
        match self {
            Self::Udp(socket) => {
                let mut buffer = [0; 65_536];
                while let Ok((n, from)) = socket.recv_from(&mut buffer) {
                    out.push((from, String::from_utf8_lossy(&buffer[..n]).into_owned()));
                }
            }
            Self::Tcp { listener, conns } => {
                while let Ok((stream, peer)) = listener.accept() {
                    conns.push(Conn {
                        peer,
                        stream,
                        read: Vec::new(),
                        closed: false,
                    });
                }
                for conn in conns.iter_mut() {
                    conn.receive(&mut out);
                }
                conns.retain(|c| !c.closed);
            }
        }
        out
    }

    fn wait(&self, wait: Duration) {
        let timeout = PollTimeout::try_from(wait).unwrap_or(PollTimeout::ZERO);
        let mut fds: Vec<PollFd<'_>> = match self {
            Self::Udp(socket) => vec![PollFd::new(socket.as_fd(), PollFlags::POLLIN)],
            Self::Tcp { listener, conns } => std::iter::once(listener.as_fd())
                .chain(conns.iter().map(|c| c.stream.as_fd()))
                .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
                .collect(),
        };
        // An interrupted wait is only a shorter one.
        let _ = poll(&mut fds, timeout);
    }
}

/// Opens a connection from the listener's own address: a node that must open one back takes the address from it.
fn connect(listener: &TcpListener, to: SocketAddr) -> std::io::Result<TcpStream> {
    let me = SocketAddr::new(listener.local_addr()?.ip(), 0);
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
    socket.bind(&me.into())?;
    socket.connect_timeout(&to.into(), Duration::from_millis(500))?;
    Ok(socket.into())
}

impl Conn {
    fn receive(&mut self, out: &mut Vec<(SocketAddr, String)>) {
        if self.stream.set_nonblocking(true).is_err() {
            self.closed = true;
            return;
        }
        let mut buffer = [0; 65_536];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.closed = true;
                    break;
                }
                Ok(n) => self.read.extend_from_slice(&buffer[..n]),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    self.closed |= e.kind() != ErrorKind::WouldBlock;
                    break;
                }
            }
        }
        while let Some(n) = frame(&self.read) {
            let rest = self.read.split_off(n);
            let message = std::mem::replace(&mut self.read, rest);
            out.push((self.peer, String::from_utf8_lossy(&message).into_owned()));
        }
    }
}
