//! The virtual network: datagrams and streams between the node and scripted peers.
//!
//! Everything that is sent flies for as long as the [`Link`] says, and arrives in the order of arrival times; what
//! happens to it on the way is drawn from the seed.

use crate::clock::{Instant, nanos};
use crate::ground::{Received, Reflex};
use crate::ladder::Ladder;
use crate::names::{Names, SILENCE};
use crate::stream::{End, Streams};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use strowger::id::RaIx;
use strowger::ra::{
    Answer, Bytes, ConnId, Entropy, ListenerIx, Peer, Query, ResolveError, Transport,
};
use strowger_kernel::{NetInput, ShardOutput};

/// Messages that the peers may leave unread; what is beyond is dropped.
const INBOX: usize = 100_000;

/// How good the network is. The default is perfect, and as fast as light on a short way: everything arrives at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Link {
    /// Time from one end to the other.
    pub delay: Duration,
    /// Up to this much more, drawn anew for each message; datagrams overtake each other by it.
    pub jitter: Duration,
    /// Datagrams lost, of a thousand.
    pub loss: u16,
    /// Datagrams that arrive twice, of a thousand.
    pub duplicate: u16,
    /// Streams arrive in pieces of at most this many bytes; 0 leaves them whole.
    pub segment: usize,
}

/// A listener of the node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Socket {
    pub(crate) ra: RaIx,
    pub(crate) listener: ListenerIx,
    pub(crate) transport: Transport,
    pub(crate) address: SocketAddr,
}

#[derive(Debug)]
pub(crate) enum Packet {
    Datagram {
        from: SocketAddr,
        to: SocketAddr,
        bytes: Bytes,
    },
    Stream {
        conn: ConnId,
        to: End,
        piece: Piece,
    },
    Resolved {
        ra: RaIx,
        token: u64,
        answer: Result<Answer, ResolveError>,
    },
}

#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Opened(Option<Arc<Peer>>),
    Refused,
    Bytes(Bytes),
    Closed,
}

/// What peers do by themselves.
#[derive(Default)]
struct Reflexes(BTreeMap<SocketAddr, Reflex>);

impl std::fmt::Debug for Reflexes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[derive(Debug)]
pub(crate) struct Net {
    link: Link,
    entropy: Entropy,
    sockets: Vec<Socket>,
    flying: BTreeMap<(Instant, u64), Packet>,
    sent: u64,
    names: BTreeMap<String, SocketAddr>,
    peers: BTreeSet<SocketAddr>,
    inbox: VecDeque<Received>,
    reflexes: Reflexes,
    streams: Streams,
    pub(crate) scripted: Names,
    pub(crate) ladder: Ladder,
}

impl Net {
    pub(crate) fn new(entropy: Entropy) -> Self {
        Self {
            link: Link::default(),
            entropy,
            sockets: Vec::new(),
            flying: BTreeMap::new(),
            sent: 0,
            names: BTreeMap::new(),
            peers: BTreeSet::new(),
            inbox: VecDeque::new(),
            reflexes: Reflexes::default(),
            streams: Streams::default(),
            scripted: Names::default(),
            ladder: Ladder::default(),
        }
    }

    pub(crate) fn set_link(&mut self, link: Link) {
        self.link = link;
    }

    pub(crate) fn set_sockets(&mut self, sockets: Vec<Socket>) {
        self.sockets = sockets;
    }

    pub(crate) fn node(&self, transport: Transport) -> Option<SocketAddr> {
        let socket = self.sockets.iter().find(|s| s.transport == transport)?;
        Some(socket.address)
    }

    /// Where a listener of an adaptor entity is.
    pub(crate) fn local(&self, ra: RaIx, listener: ListenerIx) -> Option<SocketAddr> {
        self.socket(ra, listener).map(|socket| socket.address)
    }

    /// Peers live in 192.0.2.0/24 and 198.51.100.0/24 upwards, one address each, on SIP's port.
    pub(crate) fn peer(&mut self, name: &str) -> SocketAddr {
        if let Some(address) = self.names.get(name) {
            return *address;
        }
        let address = name.parse().unwrap_or_else(|_| {
            let n = self.names.len();
            let [high, low] = u16::try_from(n + 1).unwrap_or(u16::MAX).to_be_bytes();
            let ip = match high {
                0 => Ipv4Addr::new(192, 0, 2, low),
                _ => Ipv4Addr::new(198, 18, high, low),
            };
            SocketAddr::new(IpAddr::V4(ip), 5060)
        });
        self.names.insert(name.to_owned(), address);
        self.peers.insert(address);
        address
    }

    pub(crate) fn reflex(&mut self, peer: SocketAddr, reflex: Reflex) {
        self.reflexes.0.insert(peer, reflex);
    }

    pub(crate) fn take(&mut self) -> Option<Received> {
        self.inbox.pop_front()
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.flying.keys().next().map(|(at, _)| *at)
    }

    // ---- what is sent

    pub(crate) fn send_datagram(
        &mut self,
        now: Instant,
        from: SocketAddr,
        to: SocketAddr,
        bytes: &Bytes,
    ) {
        let known = self.peers.contains(&to) || self.socket_at(to, Transport::Udp).is_some();
        let lost = self.chance(self.link.loss);
        let fate = match (known, lost) {
            (false, _) => " (nobody there)",
            (true, true) => " (lost)",
            (true, false) => "",
        };
        let (from_label, to_label) = (self.label(from), self.label(to));
        self.ladder
            .message(now, &from_label, &to_label, bytes, fate);
        if !fate.is_empty() {
            return;
        }
        let copies = if self.chance(self.link.duplicate) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            let at = now + self.flight();
            let bytes = bytes.clone();
            self.fly(at, Packet::Datagram { from, to, bytes });
        }
    }

    /// From a peer, on its connection to that address of the node, opened when there is none.
    pub(crate) fn send_stream(
        &mut self,
        now: Instant,
        from: SocketAddr,
        to: SocketAddr,
        transport: Transport,
        bytes: Bytes,
    ) {
        let (from_label, to_label) = (self.label(from), self.label(to));
        let conn = match self.streams.between(from, to) {
            Some(conn) => conn,
            None => {
                let Some(socket) = self.socket_at(to, transport) else {
                    self.ladder
                        .message(now, &from_label, &to_label, &bytes, " (refused)");
                    return;
                };
                let conn = self.streams.accept(from, &socket);
                let secure = (transport == Transport::Tls).then(|| self.scripted.client(from));
                self.piece(now, conn, End::Node, Piece::Opened(secure));
                conn
            }
        };
        self.ladder.message(now, &from_label, &to_label, &bytes, "");
        self.pieces(now, conn, End::Node, bytes);
    }

    pub(crate) fn close_peer(&mut self, now: Instant, peer: SocketAddr) {
        for conn in self.streams.of_peer(peer) {
            self.streams.stop_sending(conn, End::Peer);
            self.streams.told(conn, End::Peer);
            self.piece(now, conn, End::Node, Piece::Closed);
        }
    }

    /// Carries out what the node asks of its network; other outputs are not for here.
    pub(crate) fn carry(&mut self, now: Instant, output: ShardOutput) -> Option<ShardOutput> {
        match output {
            ShardOutput::Datagram {
                ra,
                listener,
                to,
                bytes,
            } => {
                if let Some(socket) = self.socket(ra, listener) {
                    self.send_datagram(now, socket.address, to, &bytes);
                }
            }
            ShardOutput::Stream { conn, bytes, .. } => self.stream(now, conn, bytes),
            ShardOutput::Connect {
                ra,
                conn,
                listener,
                to,
                server_name,
            } => {
                let socket = self.socket(ra, listener)?;
                self.streams.connect(conn, to, &socket);
                if let Some(other) = self.loop_back(conn, to, socket.transport) {
                    self.piece(now, other, End::Node, Piece::Opened(None));
                    self.piece(now, conn, End::Node, Piece::Opened(None));
                    return None;
                }
                let piece = self.opened(&socket, to, server_name.as_deref());
                self.piece(now, conn, End::Node, piece);
            }
            ShardOutput::Resolve { ra, token, query } => self.resolve(now, ra, token, &query),
            ShardOutput::PauseReading { conn, paused, .. } => {
                for piece in self.streams.pause(conn, paused) {
                    self.piece(now, conn, End::Node, piece);
                }
            }
            ShardOutput::Close { conn, .. } => {
                for piece in self.streams.pause(conn, false) {
                    self.piece(now, conn, End::Node, piece);
                }
                self.streams.stop_sending(conn, End::Node);
                match self.streams.twin(conn) {
                    Some(other) => self.piece(now, other, End::Node, Piece::Closed),
                    None => self.piece(now, conn, End::Peer, Piece::Closed),
                }
                self.piece(now, conn, End::Node, Piece::Closed);
            }
            other @ (ShardOutput::Tell { .. }
            | ShardOutput::Alarm { .. }
            | ShardOutput::ServiceAlarm(_)
            | ShardOutput::Trace(_)
            | ShardOutput::RolledBack { .. }
            | ShardOutput::ServiceFailed { .. }
            | ShardOutput::Moved { .. }
            | ShardOutput::Service(..)
            | ShardOutput::Adaptor(..)) => {
                return Some(other);
            }
        }
        None
    }

    /// The far end of a connection to a listener of the node itself, such as another adaptor's: over TCP only.
    fn loop_back(&mut self, conn: ConnId, to: SocketAddr, transport: Transport) -> Option<ConnId> {
        if transport != Transport::Tcp || self.peers.contains(&to) {
            return None;
        }
        let listener = self.socket_at(to, transport)?;
        self.streams.loop_back(conn, &listener)
    }

    /// What becomes of a connection that the node opens.
    fn opened(&self, socket: &Socket, to: SocketAddr, server_name: Option<&str>) -> Piece {
        if !self.peers.contains(&to) {
            return Piece::Refused;
        }
        if socket.transport != Transport::Tls {
            return Piece::Opened(None);
        }
        match self.scripted.server(to, server_name) {
            Some(secure) => Piece::Opened(Some(secure)),
            None => Piece::Refused,
        }
    }

    fn resolve(&mut self, now: Instant, ra: RaIx, token: u64, query: &Query) {
        let answer = self.scripted.answer(query);
        let waits = match answer {
            Err(ResolveError::Timeout) => nanos(SILENCE),
            _ => 0,
        };
        let at = now + waits + self.flight();
        self.fly(at, Packet::Resolved { ra, token, answer });
    }

    fn stream(&mut self, now: Instant, conn: ConnId, bytes: Bytes) {
        let Some((peer, local)) = self.streams.ends(conn) else {
            return;
        };
        let (from, to) = (self.label(local), self.label(peer));
        self.ladder.message(now, &from, &to, &bytes, "");
        match self.streams.twin(conn) {
            Some(other) => self.pieces(now, other, End::Node, bytes),
            None => self.pieces(now, conn, End::Peer, bytes),
        }
    }

    fn pieces(&mut self, now: Instant, conn: ConnId, to: End, mut bytes: Bytes) {
        while self.link.segment > 0 && bytes.len() > self.link.segment {
            let head = bytes.split_to(self.link.segment);
            self.piece(now, conn, to, Piece::Bytes(head));
        }
        self.piece(now, conn, to, Piece::Bytes(bytes));
    }

    /// Pieces of one direction keep their order, whatever the jitter.
    fn piece(&mut self, now: Instant, conn: ConnId, to: End, piece: Piece) {
        let flight = self.flight();
        let at = self.streams.in_order(conn, to, now + flight);
        self.fly(at, Packet::Stream { conn, to, piece });
    }

    fn fly(&mut self, at: Instant, packet: Packet) {
        self.sent += 1;
        self.flying.insert((at, self.sent), packet);
    }

    fn flight(&mut self) -> Instant {
        let jitter = nanos(self.link.jitter);
        let drawn = if jitter == 0 {
            0
        } else {
            self.entropy.next_u64() % jitter
        };
        nanos(self.link.delay) + drawn
    }

    fn chance(&mut self, of_a_thousand: u16) -> bool {
        of_a_thousand > 0 && self.entropy.next_u64() % 1000 < u64::from(of_a_thousand)
    }

    // ---- what arrives

    /// The next packet that is there by now.
    pub(crate) fn arrive(&mut self, now: Instant) -> Option<Packet> {
        let entry = self.flying.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    /// Puts a packet into its peer's inbox, or gives it back as the node's input.
    pub(crate) fn deliver<'p>(
        &mut self,
        now: Instant,
        packet: &'p Packet,
    ) -> Option<(RaIx, NetInput<'p>)> {
        match packet {
            Packet::Datagram { from, to, bytes } => {
                if let Some(socket) = self.socket_at(*to, Transport::Udp) {
                    let input = NetInput::Datagram {
                        listener: socket.listener,
                        from: *from,
                        bytes: bytes.clone(),
                    };
                    return Some((socket.ra, input));
                }
                self.put(now, *to, *from, Transport::Udp, bytes);
                None
            }
            Packet::Stream {
                conn,
                to: End::Node,
                piece,
            } if !self.streams.hold(*conn, piece) => self.streams.node_input(*conn, piece),
            Packet::Stream { to: End::Node, .. } => None,
            Packet::Stream {
                conn,
                to: End::Peer,
                piece,
            } => {
                let (peer, local) = self.streams.ends(*conn)?;
                let transport = self.streams.transport(*conn)?;
                match piece {
                    Piece::Bytes(bytes) => self.put(now, peer, local, transport, bytes),
                    Piece::Closed => {
                        self.put(now, peer, local, transport, &[]);
                        self.streams.told(*conn, End::Peer);
                    }
                    Piece::Opened(_) | Piece::Refused => {}
                }
                None
            }
            Packet::Resolved { ra, token, answer } => {
                let answer = answer.clone();
                let token = *token;
                Some((*ra, NetInput::Resolved { token, answer }))
            }
        }
    }

    fn put(
        &mut self,
        now: Instant,
        at: SocketAddr,
        from: SocketAddr,
        transport: Transport,
        bytes: &[u8],
    ) {
        let received = Received {
            at,
            from,
            transport,
            bytes: bytes.to_vec(),
        };
        if let Some(reflex) = self.reflexes.0.get_mut(&at) {
            let back = reflex(&received);
            if transport == Transport::Udp && !back.is_empty() {
                self.send_datagram(now, at, from, &Bytes::from(back));
            } else if !back.is_empty() {
                self.send_stream(now, at, from, transport, back.into());
            }
        } else if self.peers.contains(&at) && self.inbox.len() < INBOX {
            self.inbox.push_back(received);
        }
    }

    /// The node's process is gone: its connections close, and pieces on them are lost.
    pub(crate) fn node_died(&mut self, now: Instant) {
        self.flying
            .retain(|_, packet| matches!(packet, Packet::Datagram { .. }));
        for (peer, local, transport) in self.streams.clear() {
            self.put(now, peer, local, transport, &[]);
        }
    }

    // ---- who is who

    fn socket(&self, ra: RaIx, listener: ListenerIx) -> Option<Socket> {
        let found = self
            .sockets
            .iter()
            .find(|s| s.ra == ra && s.listener == listener);
        found.copied()
    }

    fn socket_at(&self, address: SocketAddr, transport: Transport) -> Option<Socket> {
        let fits = |s: &&Socket| s.transport == transport && s.address == address;
        self.sockets.iter().find(fits).copied()
    }

    fn label(&self, address: SocketAddr) -> String {
        match self.names.iter().find(|(_, a)| **a == address) {
            Some((name, _)) => name.clone(),
            None if self.streams.is_local(address)
                || self.sockets.iter().any(|s| s.address == address) =>
            {
                "node".to_owned()
            }
            None => address.to_string(),
        }
    }
}
