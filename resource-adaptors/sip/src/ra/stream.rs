//! One connection: what its bytes are cut into, and what is written on it.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use strowger::ra::{ConnId, Peer, RaCx};

use crate::proto::flow::{Transmit, Transport};
use crate::proto::framing::{Frame, FrameError, Framer};
use crate::proto::timer::TimerId;
use crate::proto::wire::{Limits, Rejected};
use crate::proto::ws::{self, Gate, Item, Session};

/// The two CRLF of RFC 5626 3.5.1 that ask whether the peer is there.
const PING: &[u8] = b"\r\n\r\n";
const PONG: &[u8] = b"\r\n";

/// A connection.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) wire: Wire,
    pub(super) listener: u16,
    pub(super) peer: SocketAddr,
    pub(super) inbound: bool,
    /// Until it stands: what waits for it. Afterwards empty.
    pub(super) waiting: Vec<Transmit>,
    pub(super) standing: bool,
    /// The peer sends no more on it: it takes responses still, but no request.
    pub(super) ended: bool,
    /// Requests sent on it that wait for a final response: none, and its end concerns no transaction.
    pub(super) owed: u32,
    /// Runs while a message is half here.
    pub(super) patience: TimerId,
    /// Runs towards our next ping, or towards the end of waiting for its answer.
    pub(super) alive: TimerId,
    /// A ping of ours was not answered.
    pub(super) pinged: bool,
    /// The name that the certificate had to be for when we opened it; the address if none.
    pub(super) asked: Option<String>,
    /// The address in the peer's Via, where it asked that requests to that come over this connection (RFC 5923).
    pub(super) alias: Option<SocketAddr>,
    /// What its certificate proves.
    pub(super) secure: Option<Arc<Peer>>,
}

/// How messages stand on a connection.
#[derive(Debug)]
pub(super) enum Wire {
    /// One after the other.
    Plain(Framer),
    /// In WebSocket frames.
    WebSocket(Session),
}

/// What came out of a connection.
#[derive(Debug)]
pub(super) enum Came {
    /// A message that Content-Length delimits.
    Message(Bytes),
    /// A message that its frame delimits.
    Whole(Bytes),
    Defect(Box<Rejected>),
    /// The stream has lost its place, or has been closed by the rules: it is to be closed.
    End,
}

impl Stream {
    pub(super) fn new(
        transport: Transport,
        limits: Limits,
        listener: u16,
        peer: SocketAddr,
        inbound: bool,
    ) -> Self {
        Self {
            wire: if transport.is_websocket() {
                Wire::WebSocket(Session::new(limits.stream))
            } else {
                Wire::Plain(Framer::new(limits))
            },
            listener,
            peer,
            inbound,
            waiting: Vec::new(),
            standing: inbound,
            ended: false,
            owed: 0,
            patience: TimerId::NONE,
            alive: TimerId::NONE,
            pinged: false,
            asked: None,
            alias: None,
            secure: None,
        }
    }

    /// Whether the peer owes the rest of something.
    pub(super) fn owes(&self) -> bool {
        match &self.wire {
            Wire::Plain(framer) => framer.is_mid_message(),
            Wire::WebSocket(session) => session.is_mid_message(),
        }
    }

    /// A message as it stands on this connection; nothing if none may be sent.
    pub(super) fn wrap(&self, bytes: Bytes) -> Option<Bytes> {
        match &self.wire {
            Wire::Plain(_) => Some(bytes),
            Wire::WebSocket(session) => session.is_open().then(|| ws::server_frame(&bytes)),
        }
    }

    /// What asks whether the peer is there.
    pub(super) fn ping(&self) -> Bytes {
        match &self.wire {
            Wire::Plain(_) => Bytes::from_static(PING),
            Wire::WebSocket(_) => ws::ping(),
        }
    }

    /// Takes bytes in. Pings are answered here.
    pub(super) fn cut(
        &mut self,
        cx: &mut RaCx<'_>,
        conn: ConnId,
        gate: &Gate,
        bytes: &[u8],
        came: &mut Vec<Came>,
    ) {
        let mut rest = bytes;
        while !rest.is_empty() {
            // In pieces, so that the bound of what is held is that of a message and not of a read.
            let (piece, later) = rest.split_at(rest.len().min(16 * 1024));
            rest = later;
            let done = match &mut self.wire {
                Wire::Plain(framer) => plain(framer, cx, conn, piece, came),
                Wire::WebSocket(session) => framed(session, cx, conn, gate, piece, came),
            };
            if done.is_none() {
                return came.push(Came::End);
            }
        }
    }
}

/// Nothing if the stream has lost its place.
fn plain(
    framer: &mut Framer,
    cx: &mut RaCx<'_>,
    conn: ConnId,
    piece: &[u8],
    came: &mut Vec<Came>,
) -> Option<()> {
    let mut error = framer.push(piece).err();
    while error.is_none() {
        match framer.next_frame() {
            Ok(Some(Frame::Message(bytes))) => came.push(Came::Message(bytes)),
            Ok(Some(Frame::Ping)) => cx.stream(conn, Bytes::from_static(PONG)),
            Ok(Some(Frame::Pong)) => {}
            Ok(None) => return Some(()),
            Err(broken) => error = Some(broken),
        }
    }
    if let Some(FrameError::Message(rejected)) = error {
        came.push(Came::Defect(rejected));
    }
    cx.count("sip.streams_broken", 1);
    None
}

/// Nothing if the connection has ended.
fn framed(
    session: &mut Session,
    cx: &mut RaCx<'_>,
    conn: ConnId,
    gate: &Gate,
    piece: &[u8],
    came: &mut Vec<Came>,
) -> Option<()> {
    session.push(piece);
    while let Some(step) = session.next_item(gate) {
        for item in step {
            match item {
                Item::Open | Item::Pong => {}
                Item::Send(bytes) => cx.stream(conn, bytes),
                // RFC 5626 4.4.1 within a frame, as some clients have it.
                Item::Message(bytes) if bytes == PING => cx.stream(conn, ws::server_frame(PONG)),
                Item::Message(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => {}
                Item::Message(bytes) => came.push(Came::Whole(bytes)),
                Item::End(why) => {
                    match why {
                        ws::Ended::Refused(_) => cx.count("sip.websockets_refused", 1),
                        ws::Ended::Broken(_) => cx.count("sip.streams_broken", 1),
                        ws::Ended::Closed => {}
                    }
                    return None;
                }
            }
        }
    }
    Some(())
}
