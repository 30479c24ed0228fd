//! Stream connections: cutting messages out of what comes, and finding or opening the way for what goes.
//!
//! A message to a peer goes over the connection that its flow names while that stands, else over any other to the same
//! address, else over a new one. What waits for a connection that cannot be opened is given back. Bounds: connections per
//! address, messages that wait for one connection, time from a message's first byte to its last.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use strowger::ra::{ConnId, ListenerIx, RaCx};

use crate::proto::flow::{Conn, Flow, Transmit, Transport};
use crate::proto::framing::{Frame, FrameError, Framer};
use crate::proto::time::Ms;
use crate::proto::timer::{TimerId, Wheel};
use crate::proto::wire::{Limits, Rejected};

/// Messages that may wait for one connection to open.
const WAITING: usize = 256;

/// Bounds on connections.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// On messages.
    pub(super) limits: Limits,
    /// Connections from one address.
    pub(super) per_ip: u32,
    /// Milliseconds from a message's first byte to its last.
    pub(super) patience: u64,
}

/// All connections of an adaptor entity.
#[derive(Debug)]
pub(super) struct Streams {
    bounds: Bounds,
    open: HashMap<ConnId, Stream>,
    by_peer: HashMap<(u16, SocketAddr), ConnId>,
    from_ip: HashMap<IpAddr, u32>,
    wheel: Wheel<ConnId>,
    /// What makes the numbers of connections those of this process only.
    epoch: u64,
    /// The transports of the listeners.
    transports: Vec<Transport>,
}

#[derive(Debug)]
struct Stream {
    framer: Framer,
    listener: u16,
    peer: SocketAddr,
    inbound: bool,
    /// Until it stands: what waits for it. Afterwards empty.
    waiting: Vec<Transmit>,
    standing: bool,
    /// The peer sends no more on it: it takes responses still, but no request.
    ended: bool,
    /// Requests sent on it that wait for a final response: none, and its end concerns no transaction.
    owed: u32,
    /// Runs while a message is half here.
    timer: TimerId,
}

/// What a lost connection leaves.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Messages that waited for it to open.
    pub(super) waiting: Vec<Transmit>,
    /// Where it went, if requests sent on it may have been lost.
    pub(super) owing: Option<(u16, SocketAddr)>,
}

/// What came out of a connection.
#[derive(Debug)]
pub(super) enum Came {
    Message(Bytes),
    Defect(Box<Rejected>),
    /// The stream has lost its place: it is to be closed.
    End,
}

impl Streams {
    pub(super) fn new(bounds: Bounds, transports: Vec<Transport>, epoch: u64, now: Ms) -> Self {
        Self {
            bounds,
            epoch,
            transports,
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

    /// Sends a message; gives it back if too many wait for its connection.
    pub(super) fn send(&mut self, cx: &mut RaCx<'_>, transmit: Transmit) -> Result<(), Transmit> {
        let flow = transmit.flow;
        let response = transmit.bytes.starts_with(b"SIP/");
        let serves = |stream: &Stream| response || !stream.ended;
        let named = flow
            .conn
            .map(|conn| self.id(conn))
            .filter(|conn| self.open.get(conn).is_some_and(serves));
        let conn = match named.or_else(|| self.by_peer.get(&(flow.listener, flow.peer)).copied()) {
            Some(conn) => conn,
            None => self.connect(cx, flow),
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
        if !response && !transmit.bytes.starts_with(b"ACK ") {
            stream.owed = stream.owed.saturating_add(1);
        }
        cx.stream(conn, transmit.bytes);
        Ok(())
    }

    fn connect(&mut self, cx: &mut RaCx<'_>, flow: Flow) -> ConnId {
        let conn = cx.connect(ListenerIx(flow.listener), flow.peer);
        self.insert(conn, flow.listener, flow.peer, false, false);
        conn
    }

    fn insert(
        &mut self,
        conn: ConnId,
        listener: u16,
        peer: SocketAddr,
        inbound: bool,
        standing: bool,
    ) {
        let framer = Framer::new(self.bounds.limits);
        let timer = TimerId::NONE;
        let stream = Stream {
            framer,
            listener,
            peer,
            inbound,
            waiting: Vec::new(),
            standing,
            ended: false,
            owed: 0,
            timer,
        };
        self.open.insert(conn, stream);
        self.by_peer.insert((listener, peer), conn);
    }

    /// A connection stands; returns whether it may. One too many from its address is closed.
    pub(super) fn connected(
        &mut self,
        cx: &mut RaCx<'_>,
        conn: ConnId,
        listener: ListenerIx,
        peer: SocketAddr,
        inbound: bool,
    ) -> bool {
        if !inbound {
            if let Some(stream) = self.open.get_mut(&conn) {
                stream.standing = true;
                stream.waiting = Vec::new();
            }
            return true;
        }
        let count = self.from_ip.entry(peer.ip()).or_default();
        *count += 1;
        if *count > self.bounds.per_ip {
            *count -= 1;
            cx.count("sip.connections_refused", 1);
            cx.close(conn);
            return false;
        }
        self.insert(conn, listener.0, peer, true, true);
        true
    }

    /// A request that was sent on a connection has its final response.
    pub(super) fn settled(&mut self, conn: ConnId) {
        if let Some(stream) = self.open.get_mut(&conn) {
            stream.owed = stream.owed.saturating_sub(1);
        }
    }

    /// Nothing more comes on a connection. Where it went, if requests sent on it wait for a response.
    pub(super) fn ended(&mut self, conn: ConnId) -> Option<(u16, SocketAddr)> {
        let stream = self.open.get_mut(&conn)?;
        stream.ended = true;
        let place = (stream.listener, stream.peer);
        if self.by_peer.get(&place) == Some(&conn) {
            self.by_peer.remove(&place);
        }
        (std::mem::take(&mut stream.owed) > 0).then_some(place)
    }

    /// A connection is no more; what waited for it comes back.
    pub(super) fn closed(&mut self, conn: ConnId) -> Left {
        let Some(stream) = self.open.remove(&conn) else {
            return Left::default();
        };
        self.wheel.cancel(stream.timer);
        let place = (stream.listener, stream.peer);
        if self.by_peer.get(&place) == Some(&conn) {
            self.by_peer.remove(&place);
        }
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
        let transport = self.transports.get(usize::from(stream.listener));
        let transport = transport.copied().unwrap_or(Transport::Tcp);
        let flow = Flow {
            transport,
            listener: stream.listener,
            conn: Some(number),
            peer: stream.peer,
        };
        if let Err(error) = stream.cut(cx, conn, bytes, came) {
            if let FrameError::Message(rejected) = error {
                came.push(Came::Defect(rejected));
            }
            cx.count("sip.streams_broken", 1);
            came.push(Came::End);
        }
        let owes = stream.framer.is_mid_message();
        if owes && stream.timer == TimerId::NONE {
            stream.timer = self.wheel.start(now + self.bounds.patience, conn);
        } else if !owes {
            self.wheel.cancel(stream.timer);
            stream.timer = TimerId::NONE;
        }
        Some(flow)
    }

    /// The next connection whose peer began a message and did not end it.
    pub(super) fn expire(&mut self, cx: &mut RaCx<'_>, now: Ms) -> Option<ConnId> {
        while let Some(conn) = self.wheel.expire(now) {
            if let Some(stream) = self.open.get_mut(&conn) {
                stream.timer = TimerId::NONE;
                cx.count("sip.streams_slow", 1);
                return Some(conn);
            }
        }
        None
    }
}

impl Stream {
    fn cut(
        &mut self,
        cx: &mut RaCx<'_>,
        conn: ConnId,
        bytes: &[u8],
        came: &mut Vec<Came>,
    ) -> Result<(), FrameError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            // In pieces, so that the framer's bound is that of a message and not of a read.
            let (piece, later) = rest.split_at(rest.len().min(16 * 1024));
            rest = later;
            self.framer.push(piece)?;
            while let Some(frame) = self.framer.next_frame()? {
                match frame {
                    Frame::Message(bytes) => came.push(Came::Message(bytes)),
                    Frame::Ping => cx.stream(conn, Bytes::from_static(b"\r\n")),
                    Frame::Pong => {}
                }
            }
        }
        Ok(())
    }
}
