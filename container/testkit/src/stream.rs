//! Connections of the virtual network.

use crate::clock::Instant;
use crate::net::{Piece, Socket};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use strowger::id::RaIx;
use strowger::ra::{ConnId, ListenerIx, Transport};
use strowger_kernel::NetInput;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    Node,
    Peer,
}

#[derive(Debug, Default)]
pub(crate) struct Streams {
    conns: BTreeMap<u64, Conn>,
    accepted: u64,
    opened: u16,
    /// Both ends of connections from the node to itself.
    twins: BTreeMap<u64, ConnId>,
}

#[derive(Debug)]
struct Conn {
    ra: RaIx,
    listener: ListenerIx,
    transport: Transport,
    peer: SocketAddr,
    local: SocketAddr,
    inbound: bool,
    /// Whether the node, and the peer, may still send.
    node_open: bool,
    peer_open: bool,
    /// Whether each has heard that it is closed; then it is forgotten.
    node_told: bool,
    peer_told: bool,
    last_to_node: Instant,
    last_to_peer: Instant,
    /// What came while the node does not read, if it does not.
    held: Option<VecDeque<Piece>>,
}

impl Streams {
    fn add(
        &mut self,
        conn: ConnId,
        peer: SocketAddr,
        local: SocketAddr,
        socket: &Socket,
        inbound: bool,
    ) {
        let new = Conn {
            ra: socket.ra,
            listener: socket.listener,
            transport: socket.transport,
            peer,
            local,
            inbound,
            node_open: true,
            peer_open: true,
            node_told: false,
            peer_told: false,
            last_to_node: 0,
            last_to_peer: 0,
            held: None,
        };
        self.conns.insert(conn.0, new);
    }

    /// A peer opens a connection to a listener.
    pub(crate) fn accept(&mut self, peer: SocketAddr, socket: &Socket) -> ConnId {
        self.accepted += 1;
        let conn = ConnId(self.accepted);
        self.add(conn, peer, socket.address, socket, true);
        conn
    }

    /// The node opens one, from a port that is not its listener's.
    pub(crate) fn connect(&mut self, conn: ConnId, peer: SocketAddr, socket: &Socket) {
        self.opened = self.opened.wrapping_add(1);
        let port = 40_000 + self.opened % 20_000;
        let local = SocketAddr::new(socket.address.ip(), port);
        self.add(conn, peer, local, socket, false);
    }

    /// The node has opened one to a listener of its own: gives the end that the listener sees.
    pub(crate) fn loop_back(&mut self, conn: ConnId, listener: &Socket) -> Option<ConnId> {
        let (_, from) = self.ends(conn)?;
        let other = self.accept(from, listener);
        for (one, twin) in [(conn, other), (other, conn)] {
            self.twins.insert(one.0, twin);
            // There is no scripted peer that would have to hear of its end.
            if let Some(c) = self.conns.get_mut(&one.0) {
                c.peer_told = true;
            }
        }
        Some(other)
    }

    /// The other end, of a connection from the node to itself.
    pub(crate) fn twin(&self, conn: ConnId) -> Option<ConnId> {
        self.twins.get(&conn.0).copied()
    }

    /// The connection between a peer and an address of the node on which the peer may send.
    pub(crate) fn between(&self, peer: SocketAddr, local: SocketAddr) -> Option<ConnId> {
        let mut open = self.conns.iter().rev();
        let found = open.find(|(_, c)| c.peer == peer && c.local == local && c.peer_open);
        found.map(|(conn, _)| ConnId(*conn))
    }

    pub(crate) fn of_peer(&self, peer: SocketAddr) -> Vec<ConnId> {
        let open = self
            .conns
            .iter()
            .filter(|(_, c)| c.peer == peer && c.peer_open);
        open.map(|(conn, _)| ConnId(*conn)).collect()
    }

    pub(crate) fn ends(&self, conn: ConnId) -> Option<(SocketAddr, SocketAddr)> {
        self.conns.get(&conn.0).map(|c| (c.peer, c.local))
    }

    pub(crate) fn transport(&self, conn: ConnId) -> Option<Transport> {
        self.conns.get(&conn.0).map(|c| c.transport)
    }

    pub(crate) fn is_local(&self, address: SocketAddr) -> bool {
        self.conns.values().any(|c| c.local == address)
    }

    pub(crate) fn stop_sending(&mut self, conn: ConnId, end: End) {
        if let Some(c) = self.conns.get_mut(&conn.0) {
            match end {
                End::Node => c.node_open = false,
                End::Peer => c.peer_open = false,
            }
        }
    }

    /// That end has heard that the connection is closed.
    pub(crate) fn told(&mut self, conn: ConnId, end: End) {
        self.stop_sending(conn, end);
        let Some(c) = self.conns.get_mut(&conn.0) else {
            return;
        };
        match end {
            End::Node => c.node_told = true,
            End::Peer => c.peer_told = true,
        }
        if c.node_told && c.peer_told {
            self.conns.remove(&conn.0);
            self.twins.remove(&conn.0);
        }
    }

    /// Not before what was sent earlier in that direction.
    pub(crate) fn in_order(&mut self, conn: ConnId, to: End, at: Instant) -> Instant {
        let Some(c) = self.conns.get_mut(&conn.0) else {
            return at;
        };
        let last = match to {
            End::Node => &mut c.last_to_node,
            End::Peer => &mut c.last_to_peer,
        };
        *last = at.max(*last);
        *last
    }

    pub(crate) fn node_input<'p>(
        &mut self,
        conn: ConnId,
        piece: &'p Piece,
    ) -> Option<(RaIx, NetInput<'p>)> {
        let c = self.conns.get(&conn.0)?;
        let ra = c.ra;
        let input = match piece {
            Piece::Opened(secure) => NetInput::Connected {
                conn,
                listener: c.listener,
                peer: c.peer,
                local: c.local,
                inbound: c.inbound,
                secure: secure.clone(),
            },
            Piece::Bytes(_) if !c.node_open => return None,
            Piece::Bytes(bytes) => NetInput::Received { conn, bytes },
            Piece::Refused => NetInput::ConnectFailed { conn },
            Piece::Closed => NetInput::Closed { conn },
        };
        match piece {
            Piece::Refused => {
                self.conns.remove(&conn.0);
            }
            Piece::Closed => self.told(conn, End::Node),
            Piece::Opened(_) | Piece::Bytes(_) => {}
        }
        Some((ra, input))
    }

    /// The node stops reading from a connection, or goes on: gives what was held meanwhile.
    pub(crate) fn pause(&mut self, conn: ConnId, paused: bool) -> VecDeque<Piece> {
        let Some(c) = self.conns.get_mut(&conn.0) else {
            return VecDeque::new();
        };
        if paused {
            c.held.get_or_insert_default();
            return VecDeque::new();
        }
        c.held.take().unwrap_or_default()
    }

    /// Keeps what comes while the node does not read; whether it did.
    pub(crate) fn hold(&mut self, conn: ConnId, piece: &Piece) -> bool {
        let held = self.conns.get_mut(&conn.0).and_then(|c| c.held.as_mut());
        let Some(held) = held else { return false };
        held.push_back(piece.clone());
        true
    }

    /// Forgets all; gives the ends of those that the peers still had open.
    pub(crate) fn clear(&mut self) -> Vec<(SocketAddr, SocketAddr, Transport)> {
        let conns = std::mem::take(&mut self.conns);
        self.twins.clear();
        let open = conns.into_values().filter(|c| c.peer_open);
        open.map(|c| (c.peer, c.local, c.transport)).collect()
    }
}
