//! The network as one shard uses it: datagram sockets, listeners and connections behind one poll.
//!
//! Everything here runs on the shard's thread and never blocks but in [`Net::wait`]. What happened is gathered in
//! bounded portions, sources taking turns; what is to be sent is collected over a turn and leaves in batches. Sources
//! that are not gathered are not read, which is how a shard that cannot keep up pushes back on its peers.
//! Not here: what the bytes mean (the adaptors), and when to read (the shard's loop).

mod accept;
mod error;
mod slots;
mod stream;
mod udp;

pub use error::ListenError;

use accept::{Acceptor, Next};
use ahash::AHashMap;
use bytes::Bytes;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use slots::Slots;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stream::{Broken, Got, Stage, Stream};
use strowger::id::RaIx;
use strowger::ra::{ConnId, Listener, ListenerIx, Transport};
use strowger::time::Mono;
use strowger_kernel::NetInput;
use udp::Port;

/// Takes what happened on the network.
pub(crate) trait Sink {
    /// One input for an adaptor entity.
    fn input(&mut self, ra: RaIx, input: NetInput<'_>);
}

/// Totals since start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, serde::Serialize, serde::Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Counts {
    /// Datagrams received.
    pub datagrams_in: u64,
    /// Datagrams sent.
    pub datagrams_out: u64,
    /// Datagrams that the system refused to send.
    pub datagrams_failed: u64,
    /// Datagrams dropped because too many waited to be sent.
    pub datagrams_dropped: u64,
    /// Bytes received, datagrams and streams.
    pub bytes_in: u64,
    /// Bytes sent, datagrams and streams.
    pub bytes_out: u64,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections closed as they arrived, because as many as allowed were there.
    pub refused: u64,
    /// Connections opened.
    pub connected: u64,
    /// Connections that could not be opened.
    pub connects_failed: u64,
    /// Connections closed because the peer did not read.
    pub streams_overflown: u64,
    /// Connections closed because nothing moved on them.
    pub streams_idle: u64,
}

/// A listener of an adaptor entity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Socket {
    pub(crate) ra: RaIx,
    pub(crate) listener: ListenerIx,
}

/// A listener as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) at: Socket,
    pub(crate) name: String,
    pub(crate) transport: Transport,
    pub(crate) address: SocketAddr,
}

/// Connections that may be opened, over all adaptors, at one time.
const OPENED: usize = 16_384;
/// Bytes read from one connection before others get their turn.
const READ_PORTION: usize = udp::DATAGRAM;
/// Time between two looks at connections that are being opened or closed, or idle.
const SWEEP: Duration = Duration::from_millis(500);

/// All sockets of a shard.
pub(crate) struct Net {
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    bound: Vec<Bound>,
    ports: Vec<(Port, Flags)>,
    acceptors: Vec<(Acceptor, Flags)>,
    streams: Slots<Stream>,
    by_id: AHashMap<ConnId, u32>,
    opened: usize,
    next_inbound: u64,
    /// Sources with something to read, in turn.
    ready: VecDeque<Source>,
    /// Sources with something to send at the end of the turn.
    unsent: Vec<Source>,
    /// What happened while sending.
    reports: VecDeque<(RaIx, NetInput<'static>)>,
    buffer: Vec<u8>,
    sweep_at: Option<Mono>,
    now: Mono,
    pub(crate) counts: Counts,
}

#[derive(Clone, Copy, Default)]
struct Flags {
    queued: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source {
    Waker,
    Port(u32),
    Acceptor(u32),
    Stream(u32),
}

impl Net {
    /// Opens every listener, in order.
    pub(crate) fn open(wanted: &[(RaIx, Vec<Listener>)]) -> Result<Self, ListenError> {
        let poll = Poll::new().map_err(ListenError::Poll)?;
        let waker = Waker::new(poll.registry(), Source::Waker.into()).map_err(ListenError::Poll)?;
        let mut net = Self {
            poll,
            events: Events::with_capacity(1_024),
            waker: Arc::new(waker),
            bound: Vec::new(),
            ports: Vec::new(),
            acceptors: Vec::new(),
            streams: Slots::default(),
            by_id: AHashMap::new(),
            opened: 0,
            next_inbound: 0,
            ready: VecDeque::new(),
            unsent: Vec::new(),
            reports: VecDeque::new(),
            buffer: vec![0; udp::BATCH * udp::DATAGRAM],
            sweep_at: None,
            now: Mono(0),
            counts: Counts::default(),
        };
        for (ra, listeners) in wanted {
            for (listener, n) in listeners.iter().zip(0..) {
                let at = Socket {
                    ra: *ra,
                    listener: ListenerIx(n),
                };
                net.listen(at, listener)
                    .map_err(|source| ListenError::bind(listener, source))?;
            }
        }
        Ok(net)
    }

    fn listen(&mut self, at: Socket, listener: &Listener) -> io::Result<()> {
        let registry = self.poll.registry();
        let address = match listener.transport {
            Transport::Udp => {
                let port = Port::open(at, listener)?;
                let token = Source::Port(self.ports.len() as u32).into();
                registry.register(&mut SourceFd(&port.fd()), token, Interest::READABLE)?;
                let address = port.local()?;
                self.ports.push((port, Flags::default()));
                address
            }
            Transport::Tcp => {
                let mut acceptor = Acceptor::open(at, listener)?;
                let token = Source::Acceptor(self.acceptors.len() as u32).into();
                registry.register(&mut acceptor.socket, token, Interest::READABLE)?;
                let address = acceptor.socket.local_addr()?;
                self.acceptors.push((acceptor, Flags::default()));
                address
            }
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        self.bound.push(Bound {
            at,
            name: listener.name.clone(),
            transport: listener.transport,
            address,
        });
        Ok(())
    }

    /// The listeners as they stand.
    pub(crate) fn bound(&self) -> &[Bound] {
        &self.bound
    }

    /// Ends a [`Net::wait`] from another thread.
    pub(crate) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Connections that stand or are being opened.
    pub(crate) fn connections(&self) -> usize {
        self.streams.len()
    }

    /// Whether [`Net::gather`] has something without waiting.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty() || !self.reports.is_empty()
    }

    /// When [`Net::sweep`] wants to run.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.sweep_at
    }

    /// Waits until a socket has something, the waker is used, or the time is over.
    pub(crate) fn wait(&mut self, time: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, time) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &self.events {
            let source = Source::from(event.token());
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                let last = event.is_read_closed() || event.is_error();
                let queued = match source {
                    Source::Waker => continue,
                    Source::Port(n) => self.ports.get_mut(n as usize).map(|(_, f)| &mut f.queued),
                    Source::Acceptor(n) => {
                        let acceptor = self.acceptors.get_mut(n as usize);
                        acceptor.map(|(_, f)| &mut f.queued)
                    }
                    Source::Stream(n) => self.streams.get_mut(n).map(|stream| {
                        stream.ending |= last;
                        &mut stream.queued
                    }),
                };
                if let Some(queued) = queued.filter(|queued| !**queued) {
                    *queued = true;
                    self.ready.push_back(source);
                }
            }
            if event.is_writable() {
                self.unsent.push(source);
            }
        }
        Ok(())
    }

    /// Hands over what happened, at most about `budget` inputs.
    pub(crate) fn gather(&mut self, now: Mono, budget: usize, sink: &mut dyn Sink) {
        self.now = now;
        let before = self.counts.datagrams_in;
        let mut turns = budget.max(1);
        while turns > 0 {
            let Some((ra, report)) = self.reports.pop_front() else {
                break;
            };
            sink.input(ra, report);
            turns -= 1;
        }
        // Every source gets its turn before the first one gets its second.
        for _ in 0..self.ready.len() {
            let read = (self.counts.datagrams_in - before) as usize;
            if read >= budget || turns == 0 {
                return;
            }
            turns -= 1;
            let Some(source) = self.ready.pop_front() else {
                return;
            };
            let more = match source {
                Source::Waker => false,
                Source::Port(n) => self.read_port(n, sink),
                Source::Acceptor(n) => self.accept(n, sink),
                Source::Stream(n) => self.read_stream(n, sink),
            };
            if more {
                self.ready.push_back(source);
            }
        }
    }

    fn read_port(&mut self, n: u32, sink: &mut dyn Sink) -> bool {
        let Some((port, flags)) = self.ports.get_mut(n as usize) else {
            return false;
        };
        flags.queued = port.receive(&mut self.buffer, sink, &mut self.counts);
        flags.queued
    }

    fn accept(&mut self, n: u32, sink: &mut dyn Sink) -> bool {
        let Some((acceptor, flags)) = self.acceptors.get_mut(n as usize) else {
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
        if acceptor.open >= acceptor.connections {
            self.counts.refused += 1;
            return true;
        }
        acceptor.open += 1;
        self.counts.accepted += 1;
        self.next_inbound += 1;
        let id = inbound_id(self.next_inbound);
        let (at, write_buffer) = (acceptor.at, acceptor.write_buffer);
        let local = socket.local_addr().unwrap_or(peer);
        let stream = Stream::new(id, at, socket, peer, true, write_buffer, self.now);
        if self.admit(stream).is_ok() {
            let listener = at.listener;
            let input = NetInput::Connected {
                conn: id,
                listener,
                peer,
                local,
                inbound: true,
            };
            sink.input(at.ra, input);
        } else {
            self.left(at, true);
        }
        true
    }

    fn read_stream(&mut self, n: u32, sink: &mut dyn Sink) -> bool {
        let Some(stream) = self.streams.get_mut(n) else {
            return false;
        };
        stream.queued = false;
        if stream.stage == Stage::Connecting {
            return false;
        }
        let Some(portion) = self.buffer.get_mut(..READ_PORTION) else {
            return false;
        };
        match stream.read(portion) {
            Got::Nothing => false,
            Got::Bytes(read, more) => {
                stream.queued = more;
                self.counts.bytes_in += read as u64;
                if stream.stage == Stage::Open {
                    stream.touch(self.now);
                    let (ra, conn) = (stream.at.ra, stream.id);
                    let bytes = portion.get(..read).unwrap_or_default();
                    sink.input(ra, NetInput::Received { conn, bytes });
                }
                more
            }
            Got::End if stream.stage == Stage::Open => {
                stream.stage = Stage::HalfClosed;
                stream.until = self.now + stream::HALF_CLOSED_TIME;
                self.sweep_soon();
                false
            }
            Got::End if stream.stage == Stage::HalfClosed => false,
            Got::End | Got::Broken => {
                self.drop_stream(n);
                false
            }
        }
    }

    /// Sends a datagram at the end of the turn.
    pub(crate) fn datagram(&mut self, at: Socket, to: SocketAddr, bytes: Bytes) {
        let place = self
            .ports
            .iter_mut()
            .zip(0..)
            .find(|((port, _), _)| port.at() == at);
        let Some(((port, _), n)) = place else {
            self.counts.datagrams_failed += 1;
            let listener = at.listener;
            return self
                .reports
                .push_back((at.ra, NetInput::SendFailed { listener, to }));
        };
        if port.push(to, bytes, &mut self.counts) {
            self.unsent.push(Source::Port(n));
        }
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
        match stream.push(bytes, &mut self.counts) {
            Ok(true) => self.unsent.push(Source::Stream(n)),
            Ok(false) => {}
            Err(Broken) => {
                tracing::warn!(peer = %stream.peer, "connection closed: the peer does not read");
                self.drop_stream(n);
            }
        }
    }

    /// Begins to open a connection from the address of a listener, from any port.
    pub(crate) fn connect(&mut self, conn: ConnId, at: Socket, to: SocketAddr) {
        let listener = self
            .acceptors
            .iter()
            .find(|(acceptor, _)| acceptor.at == at);
        let opened = match listener {
            Some((acceptor, _)) if self.opened < OPENED => acceptor
                .connect(to)
                .map(|socket| (socket, acceptor.write_buffer)),
            Some(_) => Err(io::ErrorKind::QuotaExceeded.into()),
            None => Err(io::ErrorKind::AddrNotAvailable.into()),
        };
        let admitted = opened.and_then(|(socket, write_buffer)| {
            self.opened += 1;
            let stream = Stream::new(conn, at, socket, to, false, write_buffer, self.now);
            self.admit(stream).inspect_err(|_| self.left(at, false))
        });
        if let Err(error) = admitted {
            tracing::debug!(%to, %error, "connection could not be opened");
            self.counts.connects_failed += 1;
            self.reports
                .push_back((at.ra, NetInput::ConnectFailed { conn }));
        }
    }

    /// Closes a connection after what was sent on it.
    pub(crate) fn close(&mut self, conn: ConnId) {
        let Some(&n) = self.by_id.get(&conn) else {
            return;
        };
        let Some(stream) = self.streams.get_mut(n) else {
            return;
        };
        if stream.stage == Stage::Connecting {
            return self.drop_stream(n);
        }
        stream.close(self.now);
        self.sweep_soon();
        self.unsent.push(Source::Stream(n));
    }

    /// Sends what was collected, as far as the system takes it; the rest follows when it can.
    pub(crate) fn flush(&mut self) {
        let mut unsent = std::mem::take(&mut self.unsent);
        for source in unsent.drain(..) {
            match source {
                Source::Waker | Source::Acceptor(_) => {}
                Source::Port(n) => self.flush_port(n),
                Source::Stream(n) => self.flush_stream(n),
            }
        }
        unsent.append(&mut self.unsent);
        self.unsent = unsent;
    }

    fn flush_port(&mut self, n: u32) {
        let Some((port, _)) = self.ports.get_mut(n as usize) else {
            return;
        };
        port.flush(&mut self.counts, &mut |at, to| {
            let listener = at.listener;
            self.reports
                .push_back((at.ra, NetInput::SendFailed { listener, to }));
        });
        let watched = port.watch();
        if let Some(interest) = watched {
            let fd = port.fd();
            let token = Source::Port(n).into();
            let registry = self.poll.registry();
            if let Err(error) = registry.reregister(&mut SourceFd(&fd), token, interest) {
                tracing::error!(%error, "a socket cannot be watched");
            }
        }
    }

    fn flush_stream(&mut self, n: u32) {
        let Some(stream) = self.streams.get_mut(n) else {
            return;
        };
        if stream.stage == Stage::Connecting && !self.opened_stream(n) {
            return;
        }
        let Some(stream) = self.streams.get_mut(n) else {
            return;
        };
        if let Err(Broken) = stream.flush(&mut self.counts) {
            self.drop_stream(n);
        }
    }

    /// Looks whether a connection stands; whether it does.
    fn opened_stream(&mut self, n: u32) -> bool {
        let Some(stream) = self.streams.get_mut(n) else {
            return false;
        };
        match (stream.socket.take_error(), stream.socket.peer_addr()) {
            (Ok(None), Ok(peer)) => {
                stream.stage = Stage::Open;
                stream.touch(self.now);
                let local = stream.socket.local_addr().unwrap_or(peer);
                let (conn, listener) = (stream.id, stream.at.listener);
                let input = NetInput::Connected {
                    conn,
                    listener,
                    peer,
                    local,
                    inbound: false,
                };
                self.reports.push_back((stream.at.ra, input));
                self.counts.connected += 1;
                // What came before the connection was known to stand has had its wake-up.
                if !stream.queued {
                    stream.queued = true;
                    self.ready.push_back(Source::Stream(n));
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
            self.counts.streams_idle += u64::from(
                self.streams
                    .get_mut(n)
                    .is_some_and(|s| s.stage == Stage::Open),
            );
            self.drop_stream(n);
        }
        for ((acceptor, flags), n) in self.acceptors.iter_mut().zip(0..) {
            if flags.queued && !self.ready.contains(&Source::Acceptor(n)) {
                tracing::debug!(listener = ?acceptor.at, "trying to accept connections again");
                self.ready.push_back(Source::Acceptor(n));
            }
        }
        let next = if hurried { SWEEP } else { SWEEP * 20 };
        self.sweep_at = (self.streams.len() > 0).then(|| now + next);
    }

    /// Whether everything collected has left.
    pub(crate) fn is_flushed(&self) -> bool {
        self.ports.iter().all(|(port, _)| port.is_flushed())
            && self.streams.iter().all(|(_, stream)| stream.is_flushed())
    }

    /// Something has a short time left.
    fn sweep_soon(&mut self) {
        let soon = self.now + SWEEP;
        self.sweep_at = Some(self.sweep_at.map_or(soon, |at| at.min(soon)));
    }

    #[cfg(test)]
    fn stages(&self) -> Vec<Stage> {
        self.streams
            .iter()
            .map(|(_, stream)| stream.stage)
            .collect()
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
    fn drop_stream(&mut self, n: u32) {
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
        let report = if stream.stage == Stage::Connecting {
            self.counts.connects_failed += 1;
            NetInput::ConnectFailed { conn }
        } else {
            NetInput::Closed { conn }
        };
        self.reports.push_back((stream.at.ra, report));
    }

    fn left(&mut self, at: Socket, inbound: bool) {
        if !inbound {
            self.opened = self.opened.saturating_sub(1);
        } else if let Some((acceptor, _)) = self.acceptors.iter_mut().find(|(a, _)| a.at == at) {
            acceptor.open = acceptor.open.saturating_sub(1);
        }
    }
}

/// Numbers of accepted connections have their highest bit clear; those that the kernel gives to opened ones have it set.
const fn inbound_id(n: u64) -> ConnId {
    ConnId(n & !(1 << 63))
}

impl From<Source> for Token {
    fn from(source: Source) -> Self {
        let (kind, n) = match source {
            Source::Waker => (0, 0),
            Source::Port(n) => (1, n),
            Source::Acceptor(n) => (2, n),
            Source::Stream(n) => (3, n),
        };
        Self(kind << 32 | n as usize)
    }
}

impl From<Token> for Source {
    fn from(token: Token) -> Self {
        let n = token.0 as u32;
        match token.0 >> 32 {
            1 => Self::Port(n),
            2 => Self::Acceptor(n),
            3 => Self::Stream(n),
            _ => Self::Waker,
        }
    }
}

#[cfg(test)]
mod tests;
