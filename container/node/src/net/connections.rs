//! Connections of a shard: accepted, opened, read, written, and given up when their time is over.

use super::accept::Next;
use super::secure::{self, Session};
use super::source::Source;
use super::stream::{self, Broken, Got, Stage, Stream};
use super::{Arrived, Net, Sink, Socket, udp};
use crate::sources::Verdict;
use bytes::Bytes;
use mio::Interest;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use strowger::ra::{ConnId, Peer};
use strowger::time::Mono;
use strowger_kernel::NetInput;

/// Connections that may be opened, over all adaptors, at one time.
const OPENED: usize = 16_384;
/// Bytes read from one connection before others get their turn.
pub(super) const READ_PORTION: usize = udp::DATAGRAM;
/// Time between two looks at connections that are being opened or closed, or idle.
const SWEEP: Duration = Duration::from_millis(500);

impl Net {
    /// Connections that stand or are being opened.
    pub(crate) fn connections(&self) -> usize {
        self.streams.len()
    }

    pub(super) fn accept(&mut self, n: u32, sink: &mut dyn Sink) -> bool {
        let Some((acceptor, flags)) = self.acceptors.get_mut(n) else {
            return false;
        };
        let (socket, peer) = match acceptor.next() {
            Next::Connection(socket, peer) => (socket, peer),
            Next::None => {
                flags.queued = false;
                return false;
            }
            Next::Retry => return true,
            Next::Exhausted => {
                // Out of descriptors: looked at again by the next sweep.
                self.sweep_soon();
                return false;
            }
        };
        let at = acceptor.at;
        let verdict = sink.judge(at.ra, peer.ip());
        sink.judged();
        if matches!(verdict, Verdict::Denied | Verdict::Banned) {
            self.counts.of(at).heard(verdict);
            return true;
        }
        if !acceptor.may_enter(peer.ip()) {
            self.counts.of(acceptor.at).refused += 1;
            return true;
        }
        self.counts.of(acceptor.at).accepted += 1;
        self.next_inbound += 1;
        let id = inbound_id(self.next_inbound);
        let (at, bounds) = (acceptor.at, acceptor.bounds);
        let session = acceptor.credentials.as_deref().map(Session::accept);
        let session = match session.transpose() {
            Ok(session) => session,
            Err(error) => {
                tracing::debug!(%peer, %error, "TLS cannot be begun");
                self.counts.of(at).handshakes_failed += 1;
                acceptor.shaken(peer.ip());
                self.left(at, true);
                return true;
            }
        };
        let secure = session.is_some();
        let local = socket.local_addr().unwrap_or(peer);
        let stream = Stream::new(id, at, socket, peer, true, (bounds, session), self.now);
        if self.admit(stream).is_err() {
            self.shaken(at, peer.ip());
            self.left(at, true);
        } else if !secure {
            let listener = at.listener;
            let input = NetInput::Connected {
                conn: id,
                listener,
                peer,
                local,
                inbound: true,
                secure: None,
            };
            sink.input(at.ra, input);
        }
        true
    }

    pub(super) fn read_stream(&mut self, n: u32, sink: &mut dyn Sink) -> bool {
        let Some(stream) = self.streams.get_mut(n) else {
            return false;
        };
        stream.queued = false;
        let since = stream.unread.take().unwrap_or(self.now);
        if stream.stage == Stage::Connecting || stream.paused {
            return false;
        }
        if stream.stage != Stage::Handshake {
            sink.arrived(stream.at.ra, &mut stream.backlog, Arrived::Seen(since));
        }
        if stream.inbound {
            let verdict = sink.judge(stream.at.ra, stream.peer.ip());
            if !self.counts.of(stream.at).heard(verdict) {
                self.drop_stream(n);
                return false;
            }
        }
        let more = self.read_open(n, sink);
        sink.judged();
        if let Some(stream) = self.streams.get_mut(n) {
            if more {
                stream.unread = Some(since);
            } else {
                stream.backlog.emptied();
            }
        }
        more
    }

    fn read_open(&mut self, n: u32, sink: &mut dyn Sink) -> bool {
        let Some(stream) = self.streams.get_mut(n) else {
            return false;
        };
        if stream.session.is_some() {
            return self.read_secure(n, sink);
        }
        let Some(portion) = self.buffer.get_mut(..READ_PORTION) else {
            return false;
        };
        match stream.read(portion) {
            Got::Nothing => false,
            Got::Bytes(read, more) => {
                stream.queued = more;
                self.counts.of(stream.at).bytes_in += read as u64;
                if stream.stage == Stage::Open {
                    stream.touch(self.now);
                    let (ra, conn) = (stream.at.ra, stream.id);
                    let bytes = portion.get(..read).unwrap_or_default();
                    sink.input(ra, NetInput::Received { conn, bytes });
                }
                more
            }
            Got::End => self.ended(n, sink),
            Got::Broken => {
                self.drop_stream(n);
                false
            }
        }
    }

    /// Nothing more comes.
    pub(super) fn ended(&mut self, n: u32, sink: &mut dyn Sink) -> bool {
        let Some(stream) = self.streams.get_mut(n) else {
            return false;
        };
        match stream.stage {
            Stage::Open => {
                stream.stage = Stage::HalfClosed;
                stream.until = self.now + stream::HALF_CLOSED_TIME;
                let (ra, conn) = (stream.at.ra, stream.id);
                sink.input(ra, NetInput::PeerEnded { conn });
                self.sweep_soon();
            }
            Stage::HalfClosed => {}
            Stage::Handshake => self.refuse(n, &"the peer has closed the connection"),
            Stage::Connecting | Stage::Closing => self.drop_stream(n),
        }
        false
    }

    /// Sends on a connection at the end of the turn. On one that is gone nothing happens: its end was reported.
    pub(crate) fn stream(&mut self, conn: ConnId, bytes: Bytes) {
        let Some(&n) = self.by_id.get(&conn) else {
            return;
        };
        let Some(stream) = self.streams.get_mut(n) else {
            return;
        };
        stream.touch(self.now);
        match stream.push(bytes, self.counts.of(stream.at)) {
            Ok(true) => self.unsent.push(Source::Stream(n)),
            Ok(false) => {}
            Err(Broken) => {
                tracing::warn!(peer = %stream.peer, "connection closed: the peer does not read");
                self.drop_stream(n);
            }
        }
    }

    /// Begins to open a connection from the address of a listener, from any port; over TLS to a host of that name.
    pub(crate) fn connect(
        &mut self,
        conn: ConnId,
        at: Socket,
        to: SocketAddr,
        server_name: Option<&str>,
    ) {
        let begun = self.begin_connect(conn, at, to, server_name);
        if let Err(error) = begun {
            tracing::debug!(%to, %error, "connection could not be opened");
            self.counts.of(at).connects_failed += 1;
            self.reports
                .push_back((at.ra, NetInput::ConnectFailed { conn }));
        }
    }

    fn begin_connect(
        &mut self,
        conn: ConnId,
        at: Socket,
        to: SocketAddr,
        server_name: Option<&str>,
    ) -> io::Result<()> {
        let Some(acceptor) = self.acceptor(at) else {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        };
        if self.opened >= OPENED {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let session = acceptor.credentials.as_deref().map(|credentials| {
            let name = secure::server_name(server_name, to.ip()).map_err(io::Error::other)?;
            Session::connect(credentials, name).map_err(io::Error::other)
        });
        let session = session.transpose()?;
        let socket = acceptor.connect(to)?;
        let bounds = acceptor.bounds;
        self.opened += 1;
        let stream = Stream::new(conn, at, socket, to, false, (bounds, session), self.now);
        self.admit(stream).inspect_err(|_| self.left(at, false))
    }

    /// Closes a connection after what was sent on it.
    pub(crate) fn close(&mut self, conn: ConnId) {
        let Some(&n) = self.by_id.get(&conn) else {
            return;
        };
        let Some(stream) = self.streams.get_mut(n) else {
            return;
        };
        if matches!(stream.stage, Stage::Connecting | Stage::Handshake) {
            return self.drop_stream(n);
        }
        stream.close(self.now);
        self.sweep_soon();
        self.unsent.push(Source::Stream(n));
        // The peer's end is awaited behind what it has sent.
        self.pause_reading(conn, false);
    }

    /// Stops reading from a connection, or goes on.
    pub(crate) fn pause_reading(&mut self, conn: ConnId, paused: bool) {
        let Some(&n) = self.by_id.get(&conn) else {
            return;
        };
        let Some(stream) = self.streams.get_mut(n) else {
            return;
        };
        // What came meanwhile has had its wake-up.
        if stream.paused && !paused && !stream.queued {
            stream.queued = true;
            self.ready.push_back(Source::Stream(n));
            self.woken += 1;
        }
        stream.paused = paused && stream.stage != Stage::Closing;
    }

    pub(super) fn flush_stream(&mut self, n: u32) {
        let Some(stream) = self.streams.get_mut(n) else {
            return;
        };
        if stream.stage == Stage::Connecting && !self.opened_stream(n) {
            return;
        }
        let Some(stream) = self.streams.get_mut(n) else {
            return;
        };
        if let Err(Broken) = stream.flush(self.counts.of(stream.at)) {
            self.drop_stream(n);
        }
    }

    /// Looks whether a connection stands; whether it does.
    fn opened_stream(&mut self, n: u32) -> bool {
        let Some(stream) = self.streams.get_mut(n) else {
            return false;
        };
        match (stream.socket.take_error(), stream.socket.peer_addr()) {
            (Ok(None), Ok(_)) => {
                stream.stands(self.now);
                if stream.stage == Stage::Open {
                    let input = connected(stream, None);
                    self.reports.push_back((stream.at.ra, input));
                    self.counts.of(stream.at).connected += 1;
                }
                // What came before the connection was known to stand has had its wake-up.
                if !stream.queued {
                    stream.queued = true;
                    self.ready.push_back(Source::Stream(n));
                    self.woken += 1;
                }
                true
            }
            (Ok(None), Err(error)) if error.kind() == io::ErrorKind::NotConnected => false,
            _ => {
                self.drop_stream(n);
                false
            }
        }
    }

    /// Gives up what has waited too long. To be called when [`Net::deadline`] has come.
    pub(crate) fn sweep(&mut self, now: Mono) {
        self.now = now;
        let mut over = Vec::new();
        let mut hurried = false;
        for (n, stream) in self.streams.iter() {
            if stream.until <= now {
                over.push(n);
            }
            hurried |= stream.stage != Stage::Open;
        }
        for n in over {
            match self
                .streams
                .get_mut(n)
                .map(|stream| (stream.stage, stream.at))
            {
                Some((Stage::Handshake, _)) => {
                    self.refuse(n, &"it has not ended in time");
                    continue;
                }
                Some((Stage::Open, at)) => self.counts.of(at).streams_idle += 1,
                _ => {}
            }
            self.drop_stream(n);
        }
        for (n, (acceptor, flags)) in self.acceptors.iter_mut() {
            if flags.queued && !self.ready.contains(&Source::Acceptor(n)) {
                tracing::debug!(listener = ?acceptor.at, "trying to accept connections again");
                self.ready.push_back(Source::Acceptor(n));
                self.woken += 1;
            }
        }
        let next = if hurried { SWEEP } else { SWEEP * 20 };
        self.sweep_at = (self.streams.len() > 0).then(|| now + next);
    }

    /// Something has a short time left.
    fn sweep_soon(&mut self) {
        let soon = self.now + SWEEP;
        self.sweep_at = Some(self.sweep_at.map_or(soon, |at| at.min(soon)));
    }

    fn admit(&mut self, stream: Stream) -> io::Result<()> {
        let n = self.streams.insert(stream);
        let Some(stream) = self.streams.get_mut(n) else {
            return Ok(());
        };
        let id = stream.id;
        let both = Interest::READABLE | Interest::WRITABLE;
        let token = Source::Stream(n).into();
        if let Err(error) = self
            .poll
            .registry()
            .register(&mut stream.socket, token, both)
        {
            self.streams.remove(n);
            return Err(error);
        }
        self.by_id.insert(id, n);
        self.sweep_soon();
        Ok(())
    }

    /// Ends a connection at once and reports it.
    pub(super) fn drop_stream(&mut self, n: u32) {
        let Some(mut stream) = self.streams.remove(n) else {
            return;
        };
        // The descriptor is closed right after; an error here changes nothing.
        if let Err(error) = self.poll.registry().deregister(&mut stream.socket) {
            tracing::debug!(%error, "connection was not registered");
        }
        self.by_id.remove(&stream.id);
        self.left(stream.at, stream.inbound);
        let conn = stream.id;
        let report = match (stream.stage, stream.inbound) {
            (Stage::Handshake, true) => return self.shaken(stream.at, stream.peer.ip()),
            (Stage::Connecting | Stage::Handshake, _) => {
                self.counts.of(stream.at).connects_failed += 1;
                NetInput::ConnectFailed { conn }
            }
            (Stage::Open | Stage::HalfClosed | Stage::Closing, _) => NetInput::Closed { conn },
        };
        self.reports.push_back((stream.at.ra, report));
    }

    fn left(&mut self, at: Socket, inbound: bool) {
        if !inbound {
            self.opened = self.opened.saturating_sub(1);
        } else if let Some(acceptor) = self.acceptor_mut(at) {
            acceptor.open = acceptor.open.saturating_sub(1);
        }
    }

    /// The handshake of an accepted connection is over.
    pub(super) fn shaken(&mut self, at: Socket, peer: IpAddr) {
        if let Some(acceptor) = self.acceptor_mut(at) {
            acceptor.shaken(peer);
        }
    }

    #[cfg(test)]
    pub(super) fn stages(&self) -> Vec<Stage> {
        self.streams
            .iter()
            .map(|(_, stream)| stream.stage)
            .collect()
    }
}

/// The connection stands.
pub(super) fn connected(stream: &Stream, secure: Option<Arc<Peer>>) -> NetInput<'static> {
    NetInput::Connected {
        conn: stream.id,
        listener: stream.at.listener,
        peer: stream.peer,
        local: stream.socket.local_addr().unwrap_or(stream.peer),
        inbound: stream.inbound,
        secure,
    }
}

/// Numbers of accepted connections have their highest bit clear; those that the kernel gives to opened ones have it set.
const fn inbound_id(n: u64) -> ConnId {
    ConnId(n & !(1 << 63))
}
