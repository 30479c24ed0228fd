//! The network as one shard uses it: datagram sockets, listeners and connections behind one poll.
//!
//! With TLS, too: an adaptor sees plain bytes, whatever is between its peer and here.
//!
//! Everything here runs on the shard's thread and never blocks but in [`Net::wait`]. What happened is gathered in
//! bounded portions, sources taking turns; what is to be sent is collected over a turn and leaves in batches. Sources
//! that are not gathered are not read, which is how a shard that cannot keep up pushes back on its peers.
//! Not here: what the bytes mean (the adaptors), and when to read (the shard's loop).

mod accept;
mod connections;
mod counts;
mod error;
mod opening;
mod secure;
mod sessions;
mod slots;
mod source;
mod stream;
mod udp;

pub(crate) use accept::listen;
use counts::ByListener;
pub use counts::Counts;
pub use error::ListenError;
pub(crate) use opening::{Opening, is_same_socket};

use crate::overload::Backlog;
use crate::sources::Verdict;
use crate::tls::Credentials;
use accept::Acceptor;
use ahash::AHashMap;
use bytes::Bytes;
use mio::unix::SourceFd;
use mio::{Events, Poll, Waker};
use slots::Slots;
use source::Source;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use stream::Stream;
use strowger::id::RaIx;
use strowger::ra::{ConnId, Listener, ListenerIx};
use strowger::time::Mono;
use strowger_kernel::NetInput;
use udp::Port;

/// While datagrams are refused so many are read at once, however few are when they are taken: it is cheap, and what a turn has to
/// do besides is done for all of them.
const REFUSED: usize = 64;

/// Takes what happened on the network.
pub(crate) trait Sink {
    /// One input for an adaptor entity.
    fn input(&mut self, ra: RaIx, input: NetInput<'_>);
    /// What is handed over next, and belongs to an adaptor entity, arrived then. Whether what is new of it is refused.
    fn arrived(&mut self, ra: RaIx, backlog: &mut Backlog, at: Arrived) -> bool;
    /// What is handed over next comes from there: what becomes of it. Of what is not heard nothing is handed over.
    fn judge(&mut self, ra: RaIx, peer: IpAddr) -> Verdict;
    /// What was judged has been handed over.
    fn judged(&mut self);
    /// Nothing waits for an adaptor entity whose driver refuses until it hears that.
    fn nothing(&mut self, ra: RaIx);
}

/// When something arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Arrived {
    /// As the system has noted, since 1970.
    Noted(Duration),
    /// It was first seen to be there then, and something was there ever since.
    Seen(Mono),
}

/// A listener of an adaptor entity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Socket {
    pub(crate) ra: RaIx,
    pub(crate) listener: ListenerIx,
}

/// A listener as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) at: Socket,
    /// As the adaptor entity wants it.
    pub(crate) listener: Listener,
    pub(crate) address: SocketAddr,
}

/// All sockets of a shard.
pub(crate) struct Net {
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    bound: Vec<Bound>,
    ports: Slots<(Port, Flags)>,
    acceptors: Slots<(Acceptor, Flags)>,
    streams: Slots<Stream>,
    by_id: AHashMap<ConnId, u32>,
    opened: usize,
    next_inbound: u64,
    /// Sources with something to read, in turn.
    ready: VecDeque<Source>,
    /// How many of them, at the end, have come since the last look at them.
    woken: usize,
    /// They have come no earlier than this.
    since: Mono,
    /// The last wait was one for something to come.
    slept: bool,
    /// Sources with something to send at the end of the turn.
    unsent: Vec<Source>,
    /// What happened while sending.
    reports: VecDeque<(RaIx, NetInput<'static>)>,
    buffer: Vec<u8>,
    sweep_at: Option<Mono>,
    /// Handshakes that were looked at in this turn.
    shaken: usize,
    now: Mono,
    counts: ByListener,
    /// Datagrams read in this turn.
    read: usize,
}

#[derive(Clone, Copy, Default)]
struct Flags {
    queued: bool,
}

impl Net {
    /// Without any listener.
    pub(crate) fn new() -> Result<Self, ListenError> {
        let poll = Poll::new().map_err(ListenError::Poll)?;
        let waker = Waker::new(poll.registry(), Source::Waker.into()).map_err(ListenError::Poll)?;
        Ok(Self {
            poll,
            events: Events::with_capacity(1_024),
            waker: Arc::new(waker),
            bound: Vec::new(),
            ports: Slots::default(),
            acceptors: Slots::default(),
            streams: Slots::default(),
            by_id: AHashMap::new(),
            opened: 0,
            next_inbound: 0,
            ready: VecDeque::new(),
            woken: 0,
            since: Mono(0),
            slept: true,
            unsent: Vec::new(),
            reports: VecDeque::new(),
            buffer: vec![0; udp::BATCH * udp::DATAGRAM],
            sweep_at: None,
            shaken: 0,
            now: Mono(0),
            counts: ByListener::default(),
            read: 0,
        })
    }

    /// Totals of all listeners.
    pub(crate) fn counts(&self) -> Counts {
        self.counts.total()
    }

    /// Totals of a listener.
    pub(crate) fn counts_of(&self, at: Socket) -> Counts {
        self.counts.get(at)
    }

    /// Connections that a listener has accepted and that stand, and how many it may have.
    pub(crate) fn accepted(&self, at: Socket) -> (u32, u32) {
        self.acceptor(at)
            .map_or((0, 0), |acceptor| (acceptor.open, acceptor.connections))
    }

    /// Datagrams that wait for the system to take them, and how many may.
    pub(crate) fn unsent(&self) -> (usize, usize) {
        let waiting = self.ports.iter().map(|(_, (port, _))| port.waiting());
        (waiting.sum(), self.ports.len() * udp::OUTBOX)
    }

    /// The listeners as they stand.
    pub(crate) fn bound(&self) -> &[Bound] {
        &self.bound
    }

    /// The next handshakes of a listener are done with these.
    pub(crate) fn renew(&mut self, at: Socket, credentials: Box<Credentials>) {
        if let Some(acceptor) = self.acceptor_mut(at) {
            acceptor.credentials = Some(credentials);
        }
    }

    fn acceptor(&self, at: Socket) -> Option<&Acceptor> {
        let found = self.acceptors.iter().find(|(_, (a, _))| a.at == at);
        found.map(|(_, (acceptor, _))| acceptor)
    }

    fn acceptor_mut(&mut self, at: Socket) -> Option<&mut Acceptor> {
        let found = self.acceptors.iter_mut().find(|(_, (a, _))| a.at == at);
        found.map(|(_, (acceptor, _))| acceptor)
    }

    /// Ends a [`Net::wait`] from another thread.
    pub(crate) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Whether [`Net::gather`] has something without waiting.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty() || !self.reports.is_empty()
    }

    /// What was there at the last [`Net::gather`], and not at the one before, has come no earlier than this.
    pub(crate) fn since(&self) -> Mono {
        self.since
    }

    /// When [`Net::sweep`] wants to run.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.sweep_at
    }

    /// Waits until a socket has something, the waker is used, or the time is over.
    pub(crate) fn wait(&mut self, time: Option<Duration>) -> io::Result<()> {
        self.slept = time != Some(Duration::ZERO);
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
                    Source::Port(n) => self.ports.get_mut(n).map(|(_, f)| &mut f.queued),
                    Source::Acceptor(n) => {
                        let acceptor = self.acceptors.get_mut(n);
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
                    self.woken += 1;
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
        // What came while the shard was busy may have come as soon as it had looked the last time.
        self.since = if self.slept { now } else { self.now };
        self.now = now;
        self.shaken = 0;
        self.read = 0;
        self.note_woken();
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
            if self.read >= budget || turns == 0 {
                return;
            }
            turns -= 1;
            let Some(source) = self.ready.pop_front() else {
                return;
            };
            let more = match source {
                Source::Waker => false,
                Source::Port(n) => self.read_port(n, budget - self.read, sink),
                Source::Acceptor(n) => self.accept(n, sink),
                Source::Stream(n) => self.read_stream(n, sink),
            };
            if more {
                self.ready.push_back(source);
            }
        }
    }

    /// From here on those wait that have become ready.
    fn note_woken(&mut self) {
        for source in self.ready.iter().rev().take(self.woken) {
            if let Source::Stream(n) = source
                && let Some(stream) = self.streams.get_mut(*n)
            {
                stream.unread.get_or_insert(self.since);
            }
        }
        self.woken = 0;
    }

    fn read_port(&mut self, n: u32, most: usize, sink: &mut dyn Sink) -> bool {
        let Some((port, flags)) = self.ports.get_mut(n) else {
            return false;
        };
        let counts = self.counts.of(port.at());
        let before = counts.datagrams_in;
        let read = loop {
            let (more, refused) = port.receive(&mut self.buffer, most, sink, counts);
            flags.queued = more;
            let read = (counts.datagrams_in - before) as usize;
            if !more || !refused || read >= REFUSED {
                break read;
            }
        };
        self.read += read;
        flags.queued
    }

    /// Sends a datagram at the end of the turn.
    pub(crate) fn datagram(&mut self, at: Socket, to: SocketAddr, bytes: Bytes) {
        let place = self.ports.iter_mut().find(|(_, (p, _))| p.at() == at);
        let Some((n, (port, _))) = place else {
            self.counts.of(at).datagrams_failed += 1;
            let listener = at.listener;
            return self
                .reports
                .push_back((at.ra, NetInput::SendFailed { listener, to }));
        };
        if port.push(to, bytes, self.counts.of(at)) {
            self.unsent.push(Source::Port(n));
        }
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
        let Some((port, _)) = self.ports.get_mut(n) else {
            return;
        };
        let counts = self.counts.of(port.at());
        port.flush(counts, &mut |at, to| {
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

    /// Whether everything collected has left.
    pub(crate) fn is_flushed(&self) -> bool {
        self.ports.iter().all(|(_, (port, _))| port.is_flushed())
            && self.streams.iter().all(|(_, stream)| stream.is_flushed())
    }
}

#[cfg(test)]
mod tests;
