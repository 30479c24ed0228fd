//! Sockets that are opened beside the shard, and how they come to an adaptor entity, or go from it, while others serve.
//!
//! What can fail (an address that is taken, certificates) has failed before the shard hears of it.

use super::accept::{self, Acceptor};
use super::source::Source;
use super::udp::{self, Port};
use super::{Bound, Flags, ListenError, Net, Socket};
use crate::tls::Credentials;
use mio::Interest;
use mio::net::TcpListener;
use mio::unix::SourceFd;
use std::io;
use std::net::UdpSocket;
use strowger::id::RaIx;
use strowger::ra::{Listener, ListenerIx, Transport};

/// A listener that an adaptor entity is about to have.
#[derive(Debug)]
pub(crate) struct Opening {
    listener: Listener,
    /// None: the entity has it already, for another listener.
    socket: Option<Bare>,
    /// Over TLS: what handshakes are done with.
    credentials: Option<Credentials>,
}

/// A socket without what belongs to a listener.
#[derive(Debug)]
pub(crate) enum Bare {
    Datagrams(UdpSocket),
    Connections(TcpListener),
}

/// Whether two listeners can have the same socket, one after the other.
pub(crate) fn is_same_socket(a: &Listener, b: &Listener) -> bool {
    let datagrams = |listener: &Listener| listener.transport == Transport::Udp;
    let named = a.bind.port() != 0 || a.name == b.name;
    a.bind == b.bind && datagrams(a) == datagrams(b) && named
}

impl Opening {
    /// Opens the socket of a listener.
    pub(crate) fn open(
        listener: Listener,
        credentials: Option<Credentials>,
    ) -> Result<Self, ListenError> {
        let refused = |source| ListenError::bind(&listener, source);
        let socket = match listener.transport {
            Transport::Udp => Bare::Datagrams(udp::bind(listener.bind).map_err(refused)?),
            Transport::Tls if credentials.is_none() => {
                return Err(refused(io::ErrorKind::InvalidInput.into()));
            }
            Transport::Tcp | Transport::Tls => {
                let socket = accept::listen(listener.bind).map_err(refused)?;
                Bare::Connections(TcpListener::from_std(socket))
            }
            _ => return Err(refused(io::ErrorKind::Unsupported.into())),
        };
        Ok(Self {
            listener,
            socket: Some(socket),
            credentials,
        })
    }

    /// A listener that takes over the socket of one that the entity has now (see [`is_same_socket`]).
    pub(crate) fn take_over(listener: Listener, credentials: Option<Credentials>) -> Self {
        Self {
            listener,
            socket: None,
            credentials,
        }
    }
}

impl Net {
    /// Gives an adaptor entity its listeners. What `old` had goes: connections are closed, and so are sockets that no listener
    /// takes over. Listeners that cannot be had are named; the others are there.
    pub(crate) fn give(
        &mut self,
        ra: RaIx,
        openings: Vec<Opening>,
        old: Option<RaIx>,
    ) -> Result<(), ListenError> {
        let mut had = old.map_or_else(Vec::new, |old| self.take_away(old));
        let mut outcome = Ok(());
        for (opening, n) in openings.into_iter().zip(0..) {
            let at = Socket {
                ra,
                listener: ListenerIx(n),
            };
            let Opening {
                listener,
                socket,
                credentials,
            } = opening;
            let same = |(own, _): &(Listener, Bare)| is_same_socket(own, &listener);
            let taken_over = || {
                let place = had.iter().position(same)?;
                Some(had.swap_remove(place).1)
            };
            let given = match socket.or_else(taken_over) {
                Some(socket) => self.attach(at, &listener, socket, credentials),
                None => Err(io::ErrorKind::NotFound.into()),
            };
            if let Err(source) = given {
                outcome = Err(ListenError::bind(&listener, source));
            }
        }
        outcome
    }

    /// Takes everything from an adaptor entity: its connections are closed, and nothing of them is reported.
    pub(crate) fn take_away(&mut self, ra: RaIx) -> Vec<(Listener, Bare)> {
        let streams = self.streams.iter().filter(|(_, s)| s.at.ra == ra);
        for n in streams.map(|(n, _)| n).collect::<Vec<_>>() {
            self.drop_stream(n);
        }
        let mut taken = Vec::new();
        let (going, staying) = self.bound.drain(..).partition(|b| b.at.ra == ra);
        self.bound = staying;
        let going: Vec<Bound> = going;
        for bound in going {
            self.counts.remove(bound.at);
            if let Some(socket) = self.detach(bound.at) {
                taken.push((bound.listener, socket));
            }
        }
        self.reports.retain(|(of, _)| *of != ra);
        taken
    }

    fn attach(
        &mut self,
        at: Socket,
        listener: &Listener,
        socket: Bare,
        credentials: Option<Credentials>,
    ) -> io::Result<()> {
        let address = match socket {
            Bare::Datagrams(socket) => {
                let port = Port::new(at, socket);
                let (address, fd) = (port.local()?, port.fd());
                let n = self.ports.insert((port, Flags::default()));
                let watched = self.watch(&mut SourceFd(&fd), Source::Port(n));
                watched.inspect_err(|_| drop(self.ports.remove(n)))?;
                address
            }
            Bare::Connections(mut socket) => {
                let address = socket.local_addr()?;
                let n = self.acceptors.next();
                self.watch(&mut socket, Source::Acceptor(n))?;
                let acceptor = Acceptor::new(at, listener, socket, credentials);
                self.acceptors.insert((acceptor, Flags::default()));
                address
            }
        };
        self.counts.add(at);
        self.bound.push(Bound {
            at,
            listener: listener.clone(),
            address,
        });
        Ok(())
    }

    fn watch(&self, socket: &mut dyn mio::event::Source, source: Source) -> io::Result<()> {
        let registry = self.poll.registry();
        registry.register(socket, source.into(), Interest::READABLE)
    }

    fn detach(&mut self, at: Socket) -> Option<Bare> {
        let port = self.ports.iter().find(|(_, (port, _))| port.at() == at);
        if let Some((n, _)) = port {
            let (port, _) = self.ports.remove(n)?;
            let fd = port.fd();
            self.unwatch(&mut SourceFd(&fd), Source::Port(n));
            return Some(Bare::Datagrams(port.into_socket()));
        }
        let (n, _) = self.acceptors.iter().find(|(_, (a, _))| a.at == at)?;
        let (acceptor, _) = self.acceptors.remove(n)?;
        let mut socket = acceptor.socket;
        self.unwatch(&mut socket, Source::Acceptor(n));
        Some(Bare::Connections(socket))
    }

    fn unwatch(&mut self, socket: &mut dyn mio::event::Source, source: Source) {
        // It is closed or watched anew right after; an error here changes nothing.
        if let Err(error) = self.poll.registry().deregister(socket) {
            tracing::debug!(%error, "a socket was not registered");
        }
        self.ready.retain(|other| *other != source);
        self.unsent.retain(|other| *other != source);
    }
}
