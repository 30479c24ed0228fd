//! The test kit's scripted peers on real sockets, before a running node: what runs in virtual time runs here, too.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};
use strowger::ra::Transport;
use strowger_testkit::{Ground, Received};

/// Sockets on this machine. Peers get addresses of one /24 of 127.0.0.0/8, on port 5060, unless their name is an address.
#[derive(Debug)]
pub struct Sockets {
    node: SocketAddr,
    network: Ipv4Addr,
    began: Instant,
    unique: Cell<u64>,
    inner: RefCell<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    names: BTreeMap<String, SocketAddr>,
    peers: Vec<Peer>,
    conns: Vec<Conn>,
    inbox: VecDeque<Received>,
    ladder: String,
}

#[derive(Debug)]
struct Peer {
    at: SocketAddr,
    udp: UdpSocket,
    tcp: TcpListener,
}

#[derive(Debug)]
struct Conn {
    at: SocketAddr,
    remote: SocketAddr,
    stream: TcpStream,
}

impl Sockets {
    /// Peers of the node that listens at `node`; their addresses begin as `network` does.
    #[must_use]
    pub fn before(node: SocketAddr, network: Ipv4Addr) -> Self {
        Self {
            node,
            network,
            began: Instant::now(),
            unique: Cell::new(u64::from(std::process::id()) << 40),
            inner: RefCell::default(),
        }
    }

    fn open(&self, name: &str, number: usize) -> std::io::Result<Peer> {
        let [a, b, c, _] = self.network.octets();
        let ip = Ipv4Addr::new(a, b, c, u8::try_from(number + 1).unwrap_or(u8::MAX));
        let at = name
            .parse()
            .unwrap_or_else(|_| SocketAddr::new(IpAddr::V4(ip), 5060));
        let udp = UdpSocket::bind(at)?;
        let tcp = TcpListener::bind(at)?;
        udp.set_nonblocking(true)?;
        tcp.set_nonblocking(true)?;
        Ok(Peer { at, udp, tcp })
    }
}

impl Ground for Sockets {
    fn node(&self, _transport: Transport) -> Option<SocketAddr> {
        Some(self.node)
    }

    fn peer(&self, name: &str) -> SocketAddr {
        let mut inner = self.inner.borrow_mut();
        if let Some(at) = inner.names.get(name) {
            return *at;
        }
        match self.open(name, inner.names.len()) {
            Ok(peer) => {
                let at = peer.at;
                inner.names.insert(name.to_owned(), at);
                inner.peers.push(peer);
                at
            }
            Err(error) => panic!("the peer {name} has no address: {error}"),
        }
    }

    fn send(&self, from: SocketAddr, to: SocketAddr, transport: Transport, bytes: &[u8]) {
        let mut inner = self.inner.borrow_mut();
        inner.note(self.began, &format!("{from} -> {to}"), bytes);
        if transport == Transport::Udp {
            if let Some(peer) = inner.peers.iter().find(|peer| peer.at == from) {
                // A datagram that cannot be sent is a lost one.
                let _ = peer.udp.send_to(bytes, to);
            }
            return;
        }
        if let Err(error) = inner.stream(from, to, bytes) {
            inner.note(self.began, "-- not sent --", error.to_string().as_bytes());
        }
    }

    fn receive(&self, patience: Duration) -> Option<Received> {
        let until = Instant::now() + patience;
        let mut inner = self.inner.borrow_mut();
        loop {
            inner.read();
            if let Some(received) = inner.inbox.pop_front() {
                let ends = format!("{} -> {}", received.from, received.at);
                inner.note(self.began, &ends, &received.bytes);
                return Some(received);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            inner.wait(left);
        }
    }

    fn close(&self, peer: SocketAddr) {
        self.inner.borrow_mut().conns.retain(|c| c.at != peer);
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn unique(&self) -> u64 {
        let odd = 0x9e37_79b9_7f4a_7c15;
        self.unique.set(self.unique.get().wrapping_add(odd));
        self.unique.get()
    }

    fn context(&self) -> String {
        format!("what was sent so far:\n{}", self.inner.borrow().ladder)
    }
}

impl Inner {
    fn note(&mut self, began: Instant, ends: &str, bytes: &[u8]) {
        let line = bytes.split(|b| *b == b'\r').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        // Writing to a String does not fail.
        let _ = writeln!(
            self.ladder,
            "{:>10.3}  {ends}  {line}",
            began.elapsed().as_secs_f64()
        );
    }

    fn stream(&mut self, at: SocketAddr, remote: SocketAddr, bytes: &[u8]) -> std::io::Result<()> {
        // What was closed meanwhile is not written to.
        self.read();
        let known = |c: &&mut Conn| c.at == at && c.remote == remote;
        if let Some(conn) = self.conns.iter_mut().find(known) {
            conn.stream.set_nonblocking(false)?;
            return conn.stream.write_all(bytes);
        }
        let mut stream = TcpStream::connect_timeout(&remote, Duration::from_secs(1))?;
        stream.set_nodelay(true)?;
        stream.write_all(bytes)?;
        self.conns.push(Conn { at, remote, stream });
        Ok(())
    }

    /// Takes everything that is there.
    fn read(&mut self) {
        let mut buffer = vec![0; 65_536];
        for peer in &self.peers {
            while let Ok((n, from)) = peer.udp.recv_from(&mut buffer) {
                self.inbox.push_back(Received {
                    at: peer.at,
                    from,
                    transport: Transport::Udp,
                    bytes: buffer[..n].to_vec(),
                });
            }
            while let Ok((stream, remote)) = peer.tcp.accept() {
                self.conns.push(Conn {
                    at: peer.at,
                    remote,
                    stream,
                });
            }
        }
        let mut open = Vec::new();
        for mut conn in self.conns.drain(..) {
            if conn.read(&mut buffer, &mut self.inbox) {
                open.push(conn);
            }
        }
        self.conns = open;
    }

    fn wait(&self, at_most: Duration) {
        let timeout = PollTimeout::try_from(at_most.max(Duration::from_millis(1)));
        let datagrams = self.peers.iter().map(|p| p.udp.as_fd());
        let listeners = self.peers.iter().map(|p| p.tcp.as_fd());
        let streams = self.conns.iter().map(|c| c.stream.as_fd());
        let mut fds: Vec<PollFd<'_>> = datagrams
            .chain(listeners)
            .chain(streams)
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
            .collect();
        // An interrupted wait is only a shorter one.
        let _ = poll(&mut fds, timeout.unwrap_or(PollTimeout::ZERO));
    }
}

impl Conn {
    /// Whether it is open still. Its end is told as an empty message.
    fn read(&mut self, buffer: &mut [u8], inbox: &mut VecDeque<Received>) -> bool {
        if self.stream.set_nonblocking(true).is_err() {
            return false;
        }
        loop {
            let n = match self.stream.read(buffer) {
                Ok(n) => n,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return true,
                Err(_) => 0,
            };
            inbox.push_back(Received {
                at: self.at,
                from: self.remote,
                transport: Transport::Tcp,
                bytes: buffer[..n].to_vec(),
            });
            if n == 0 {
                return false;
            }
        }
    }
}
