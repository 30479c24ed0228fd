//! Stream connections: finding or opening the way for what goes, and watching over those that are there.
//!
//! A message to a peer goes over the connection that its flow names while that stands, else over any other to the same
//! address, else over a new one; over TLS only where the certificate is for the host that the message goes to
//! (RFC 5922). WebSocket connections are opened by the peer only. What waits for a connection that cannot be opened is
//! given back. Bounds: connections per address, messages that wait for one connection, time from a message's first byte
//! to its last.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use strowger::ra::{ConnId, ListenerIx, Peer, RaCx};

use super::identity::{aliased_port, next_hop, proves};
use super::stream::{Came, Stream};
use crate::proto::flow::{Conn, Flow, Transmit, Transport};
use crate::proto::time::Ms;
use crate::proto::timer::{TimerId, Wheel};
use crate::proto::wire::Limits;
use crate::proto::ws::Gate;

/// Messages that may wait for one connection to open.
const WAITING: usize = 256;
/// How long the answer to a ping may take (RFC 5626 4.4.1).
const PONG_TIME: u64 = 10_000;

/// Bounds and habits of connections.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// On messages.
    pub(super) limits: Limits,
    /// Connections from one address.
    pub(super) per_ip: u32,
    /// Milliseconds from a message's first byte to its last.
    pub(super) patience: u64,
    /// Milliseconds between our pings; 0 for none.
    pub(super) keep_alive: u64,
    /// Where requests go whose host has no address: its certificate is for itself and not for that host.
    pub(super) outbound: Option<SocketAddr>,
    /// Whether requests go over connections that peers without a certificate have opened (RFC 5923).
    pub(super) reuse: bool,
}

/// What of a listener matters to its connections.
#[derive(Debug, Clone)]
pub(super) struct Port {
    pub(super) transport: Transport,
    pub(super) gate: Gate,
}

/// All connections of an adaptor entity.
#[derive(Debug)]
pub(super) struct Streams {
    bounds: Bounds,
    ports: Vec<Port>,
    /// What makes the numbers of connections those of this process only.
    epoch: u64,
    open: HashMap<ConnId, Stream>,
    /// The connection for requests to an address.
    by_peer: HashMap<(u16, SocketAddr), ConnId>,
    from_ip: HashMap<IpAddr, u32>,
    wheel: Wheel<(ConnId, Watch)>,
}

/// What a timer of a connection is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watch {
    /// A message that is half here.
    Message,
    /// The next ping, or the answer to it.
    Alive,
}

/// What a lost connection leaves.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Messages that waited for it to open.
    pub(super) waiting: Vec<Transmit>,
    /// Where it went, if requests sent on it may have been lost.
    pub(super) owing: Option<(u16, SocketAddr)>,
}

impl Streams {
    pub(super) fn new(bounds: Bounds, ports: Vec<Port>, epoch: u64, now: Ms) -> Self {
        Self {
            bounds,
            ports,
            epoch,
            open: HashMap::new(),
            by_peer: HashMap::new(),
            from_ip: HashMap::new(),
            wheel: Wheel::new(now),
        }
    }

    pub(super) fn deadline(&self) -> Option<Ms> {
        self.wheel.next()
    }

    /// How flows name a connection.
    pub(super) fn number(&self, conn: ConnId) -> Conn {
        Conn(conn.0.wrapping_add(self.epoch))
    }

    fn id(&self, conn: Conn) -> ConnId {
        ConnId(conn.0.wrapping_sub(self.epoch))
    }

    /// Sends a message; gives it back if there is no way, or too many wait for its connection.
    pub(super) fn send(&mut self, cx: &mut RaCx<'_>, transmit: Transmit) -> Result<(), Transmit> {
        let flow = transmit.flow;
        let response = transmit.bytes.starts_with(b"SIP/");
        let serves = |stream: &Stream| response || !stream.ended;
        let named = flow
            .conn
            .map(|conn| self.id(conn))
            .filter(|conn| self.open.get(conn).is_some_and(serves));
        let Some(conn) = named.or_else(|| self.find(cx, &transmit)) else {
            return Err(transmit);
        };
        let Some(stream) = self.open.get_mut(&conn) else {
            return Err(transmit);
        };
        if !stream.standing {
            if stream.waiting.len() >= WAITING {
                return Err(transmit);
            }
            stream.waiting.push(transmit.clone());
        }
        let Some(bytes) = stream.wrap(transmit.bytes.clone()) else {
            return Err(transmit);
        };
        if !response && !transmit.bytes.starts_with(b"ACK ") {
            stream.owed = stream.owed.saturating_add(1);
        }
        cx.stream(conn, bytes);
        Ok(())
    }

    /// Another connection to the same peer, or a new one.
    fn find(&mut self, cx: &mut RaCx<'_>, transmit: &Transmit) -> Option<ConnId> {
        let flow = transmit.flow;
        let place = (flow.listener, flow.peer);
        let known = self.by_peer.get(&place).copied();
        if !flow.transport.is_secure() {
            return match known {
                Some(conn) => Some(conn),
                None if flow.transport.is_websocket() => None,
                None => Some(self.connect(cx, flow, None)),
            };
        }
        let host = if self.bounds.outbound == Some(flow.peer) {
            None
        } else {
            next_hop(&transmit.bytes)
        };
        let good = |conn: &ConnId| {
            self.open.get(conn).is_some_and(|stream| {
                (!stream.inbound && stream.asked == host)
                    || proves(stream.secure.as_deref(), host.as_deref(), flow.peer.ip())
            })
        };
        match known.filter(good) {
            Some(conn) => Some(conn),
            None if flow.transport.is_websocket() => None,
            None => Some(self.connect(cx, flow, host)),
        }
    }

    fn connect(&mut self, cx: &mut RaCx<'_>, flow: Flow, host: Option<String>) -> ConnId {
        let conn = cx.connect_to(ListenerIx(flow.listener), flow.peer, host.as_deref());
        let limits = self.bounds.limits;
        let mut stream = Stream::new(flow.transport, limits, flow.listener, flow.peer, false);
        stream.asked = host;
        self.open.insert(conn, stream);
        self.by_peer.insert((flow.listener, flow.peer), conn);
        conn
    }

    /// A connection stands; returns whether it may. One too many from its address is closed.
    pub(super) fn connected(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        conn: ConnId,
        place: (u16, SocketAddr),
        inbound: bool,
        secure: Option<Arc<Peer>>,
    ) -> bool {
        if !inbound {
            if let Some(stream) = self.open.get_mut(&conn) {
                stream.standing = true;
                stream.waiting = Vec::new();
                stream.secure = secure;
            }
            self.keep_alive(now, conn);
            return true;
        }
        let (listener, peer) = place;
        let count = self.from_ip.entry(peer.ip()).or_default();
        *count += 1;
        if *count > self.bounds.per_ip {
            *count -= 1;
            cx.count("sip.connections_refused", 1);
            cx.close(conn);
            return false;
        }
        let transport = self.transport(listener);
        let mut stream = Stream::new(transport, self.bounds.limits, listener, peer, true);
        if stream.owes() {
            let late = now + self.bounds.patience;
            stream.patience = self.wheel.start(late, (conn, Watch::Message));
        }
        stream.secure = secure;
        let proven = stream.secure.as_ref().is_some_and(|peer| peer.verified);
        self.open.insert(conn, stream);
        if self.bounds.reuse || proven {
            self.by_peer.insert(place, conn);
        }
        if transport.is_websocket() {
            self.keep_alive(now, conn);
        }
        true
    }

    /// A message came. A peer with a verified certificate may ask by `alias` in its Via that requests to the address there
    /// come over its connection (RFC 5923 5); whether it has proved the host of one is looked at when that is sent.
    pub(super) fn alias(&mut self, conn: ConnId, message: &Bytes) {
        let Some(stream) = self.open.get_mut(&conn) else {
            return;
        };
        let proven = stream.secure.as_ref().is_some_and(|peer| peer.verified);
        if !stream.inbound || !proven || stream.alias.is_some() {
            return;
        }
        let asked = aliased_port(message);
        if let Some(port) = asked {
            let address = SocketAddr::new(stream.peer.ip(), port);
            stream.alias = Some(address);
            self.by_peer
                .entry((stream.listener, address))
                .or_insert(conn);
        }
    }

    /// Nothing more is sent over a connection but responses.
    fn forget_ways(&mut self, conn: ConnId) {
        let Some(stream) = self.open.get(&conn) else {
            return;
        };
        for address in std::iter::once(stream.peer).chain(stream.alias) {
            let place = (stream.listener, address);
            if self.by_peer.get(&place) == Some(&conn) {
                self.by_peer.remove(&place);
            }
        }
    }

    fn transport(&self, listener: u16) -> Transport {
        self.ports
            .get(usize::from(listener))
            .map_or(Transport::Tcp, |port| port.transport)
    }

    fn keep_alive(&mut self, now: Ms, conn: ConnId) {
        let every = self.bounds.keep_alive;
        if let Some(stream) = self.open.get_mut(&conn).filter(|_| every > 0) {
            self.wheel.cancel(stream.alive);
            stream.alive = self.wheel.start(now + every, (conn, Watch::Alive));
            stream.pinged = false;
        }
    }

    /// A request that was sent on a connection has its final response.
    pub(super) fn settled(&mut self, conn: ConnId) {
        if let Some(stream) = self.open.get_mut(&conn) {
            stream.owed = stream.owed.saturating_sub(1);
        }
    }

    /// Nothing more comes on a connection. Where it went, if requests sent on it wait for a response.
    pub(super) fn ended(&mut self, conn: ConnId) -> Option<(u16, SocketAddr)> {
        self.forget_ways(conn);
        let stream = self.open.get_mut(&conn)?;
        stream.ended = true;
        let place = (stream.listener, stream.peer);
        (std::mem::take(&mut stream.owed) > 0).then_some(place)
    }

    /// A connection is no more; what waited for it comes back.
    pub(super) fn closed(&mut self, conn: ConnId) -> Left {
        self.forget_ways(conn);
        let Some(stream) = self.open.remove(&conn) else {
            return Left::default();
        };
        self.wheel.cancel(stream.patience);
        self.wheel.cancel(stream.alive);
        let place = (stream.listener, stream.peer);
        if stream.inbound
            && let Some(count) = self.from_ip.get_mut(&stream.peer.ip())
        {
            *count -= 1;
            if *count == 0 {
                self.from_ip.remove(&stream.peer.ip());
            }
        }
        let owing = (stream.standing && stream.owed > 0).then_some(place);
        Left {
            waiting: stream.waiting,
            owing,
        }
    }

    /// Bytes came. Pings are answered here.
    pub(super) fn received(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        conn: ConnId,
        bytes: &[u8],
        came: &mut Vec<Came>,
    ) -> Option<Flow> {
        let number = self.number(conn);
        let stream = self.open.get_mut(&conn)?;
        let port = self.ports.get(usize::from(stream.listener))?;
        let flow = Flow {
            conn: Some(number),
            ..Flow::seen(port.transport, stream.listener, stream.peer)
        };
        let before = came.len();
        stream.cut(cx, conn, &port.gate, bytes, came);
        // What is half here after a whole message is another one, with a time of its own.
        if !stream.owes() || came.len() > before {
            self.wheel.cancel(stream.patience);
            stream.patience = TimerId::NONE;
        }
        if stream.owes() && stream.patience == TimerId::NONE {
            let late = now + self.bounds.patience;
            stream.patience = self.wheel.start(late, (conn, Watch::Message));
        }
        // Whatever comes shows that the peer is there.
        if stream.pinged {
            self.keep_alive(now, conn);
        }
        Some(flow)
    }

    /// The next connection whose peer began a message and did not end it, or does not answer our pings.
    pub(super) fn expire(&mut self, cx: &mut RaCx<'_>, now: Ms) -> Option<ConnId> {
        while let Some((conn, watch)) = self.wheel.expire(now) {
            let Some(stream) = self.open.get_mut(&conn) else {
                continue;
            };
            match watch {
                Watch::Message => {
                    stream.patience = TimerId::NONE;
                    cx.count("sip.streams_slow", 1);
                    return Some(conn);
                }
                Watch::Alive if stream.pinged => {
                    stream.alive = TimerId::NONE;
                    cx.count("sip.streams_dead", 1);
                    return Some(conn);
                }
                Watch::Alive => {
                    stream.pinged = true;
                    cx.stream(conn, stream.ping());
                    stream.alive = self.wheel.start(now + PONG_TIME, (conn, Watch::Alive));
                }
            }
        }
        None
    }
}
