//! A datagram socket of an adaptor entity, read and written in batches.
//!
//! A batch costs one system call, whatever is in it. What cannot be sent because the system's buffer is full waits in a
//! bounded outbox; beyond that it is dropped and counted, as the network in between would.

use super::{Arrived, Counts, Sink, Socket};
use crate::overload::Backlog;
use bytes::Bytes;
use mio::Interest;
use nix::errno::Errno;
use nix::sys::socket::sockopt::{RcvBufForce, ReceiveTimestampns};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrStorage, recvmmsg, sendmmsg,
    setsockopt,
};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, Type};
use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;
use strowger_kernel::NetInput;

/// Datagrams in one system call at most.
pub(super) const BATCH: usize = 64;
/// The largest datagram there is.
pub(super) const DATAGRAM: usize = 65_536;
/// Datagrams that wait while the system's buffer is full.
pub(super) const OUTBOX: usize = 4_096;
/// Asked of the system for both directions; it may give less.
const SOCKET_BUFFER: usize = 4 * 1024 * 1024;

/// A datagram socket.
pub(super) struct Port {
    socket: UdpSocket,
    at: Socket,
    backlog: Backlog,
    received: MultiHeaders<SockaddrStorage>,
    sending: MultiHeaders<SockaddrStorage>,
    outbox: VecDeque<(SocketAddr, Bytes)>,
    /// Room to send is waited for. Not watched otherwise: the system would report it after every datagram.
    blocked: bool,
    /// How many a call asks for: grows while calls come back full.
    ask: usize,
}

/// Opens and binds a datagram socket. No address reuse: on Linux that would let a second process take datagrams away.
pub(super) fn bind(to: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(Domain::for_address(to), Type::DGRAM, Some(Protocol::UDP))?;
    if to.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    // The system may refuse, or give less without a word; then bursts are lost earlier, and nothing else changes.
    for set in [
        socket2::Socket::set_recv_buffer_size,
        socket2::Socket::set_send_buffer_size,
    ] {
        if let Err(error) = set(&socket, SOCKET_BUFFER) {
            tracing::warn!(%error, bind = %to, "socket buffer not set");
        }
    }
    // Whoever may is given it in full, so that what comes while the process does not run is not lost.
    let forced = setsockopt(&socket, RcvBufForce, &SOCKET_BUFFER);
    tracing::debug!(bind = %to, forced = forced.is_ok(), "receive buffer");
    // Before anything can arrive: what is not noted for one datagram is not asked for again.
    if let Err(error) = setsockopt(&socket, ReceiveTimestampns, &true) {
        tracing::warn!(%error, bind = %to, "the system does not note when datagrams arrive: how long they wait is not seen");
    }
    socket.bind(&to.into())?;
    Ok(socket.into())
}

impl Port {
    pub(super) fn new(at: Socket, socket: UdpSocket) -> Self {
        Self {
            socket,
            at,
            backlog: Backlog::default(),
            received: MultiHeaders::preallocate(BATCH, Some(nix::cmsg_space!(TimeSpec))),
            sending: MultiHeaders::preallocate(BATCH, None),
            outbox: VecDeque::new(),
            blocked: false,
            ask: 4,
        }
    }

    /// What is in the outbox is dropped.
    pub(super) fn into_socket(self) -> UdpSocket {
        self.socket
    }

    pub(super) fn fd(&self) -> std::os::fd::RawFd {
        self.socket.as_raw_fd()
    }

    pub(super) fn local(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    pub(super) fn at(&self) -> Socket {
        self.at
    }

    /// Datagrams in the outbox.
    pub(super) fn waiting(&self) -> usize {
        self.outbox.len()
    }

    pub(super) fn is_flushed(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Hands one batch over, of `most` at most. Whether there may be more, and whether what is new of it was refused.
    pub(super) fn receive(
        &mut self,
        buffer: &mut [u8],
        most: usize,
        sink: &mut dyn Sink,
        counts: &mut Counts,
    ) -> (bool, bool) {
        let mut slices: [_; BATCH] = {
            let mut chunks = buffer.chunks_exact_mut(DATAGRAM);
            std::array::from_fn(|_| [IoSliceMut::new(chunks.next().unwrap_or_default())])
        };
        let fd = self.socket.as_raw_fd();
        let ask = self.ask.min(most.max(1));
        let asked = slices.iter_mut().take(ask);
        let flags = MsgFlags::MSG_DONTWAIT;
        let results = match recvmmsg(fd, &mut self.received, asked, flags, None) {
            Ok(results) => results,
            Err(Errno::EAGAIN) => {
                self.backlog.emptied();
                return (false, false);
            }
            Err(Errno::EINTR) => return (true, false),
            Err(error) => {
                // Left behind by an earlier send (ICMP); the next datagram wakes the socket again.
                tracing::debug!(%error, "datagram socket reports an error");
                return (true, false);
            }
        };
        let (mut n, mut refused) = (0, false);
        for message in results {
            n += 1;
            let from = message.address.as_ref().and_then(address);
            let bytes = message.iovs().next().unwrap_or_default();
            counts.datagrams_in += 1;
            counts.bytes_in += bytes.len() as u64;
            // The first one of a batch has waited longest.
            if n == 1
                && let Some(at) = noted(&message)
            {
                refused = sink.arrived(self.at.ra, &mut self.backlog, Arrived::Noted(at));
            }
            let Some(from) = from else { continue };
            if !counts.heard(sink.judge(self.at.ra, from.ip())) {
                continue;
            }
            sink.input(
                self.at.ra,
                NetInput::Datagram {
                    listener: self.at.listener,
                    from,
                    bytes: Bytes::copy_from_slice(bytes),
                },
            );
            sink.judged();
        }
        let full = n == ask;
        if !full {
            self.backlog.emptied();
        }
        self.ask = if full {
            (self.ask * 2).min(BATCH)
        } else {
            (n + 1).next_power_of_two().clamp(4, BATCH)
        };
        (full, refused)
    }

    /// Puts a datagram into the outbox; whether it is the first one there.
    pub(super) fn push(&mut self, to: SocketAddr, bytes: Bytes, counts: &mut Counts) -> bool {
        if self.outbox.len() >= OUTBOX {
            counts.datagrams_dropped += 1;
            return false;
        }
        self.outbox.push_back((to, bytes));
        self.outbox.len() == 1
    }

    /// Sends what the system takes. What it refuses for good is reported to `failed`.
    pub(super) fn flush(
        &mut self,
        counts: &mut Counts,
        failed: &mut dyn FnMut(Socket, SocketAddr),
    ) {
        // A failure clears an error that an earlier datagram left behind; the second one is this datagram's own.
        let mut again = true;
        while let Some((to, bytes)) = self.outbox.front() {
            let to = *to;
            let sent = if self.outbox.len() == 1 {
                self.socket.send_to(bytes, to).map(|_| 1)
            } else {
                self.send_batch().map_err(io::Error::from)
            };
            match sent {
                Ok(sent) => {
                    again = true;
                    for (_, bytes) in self.outbox.drain(..sent.min(self.outbox.len())) {
                        counts.datagrams_out += 1;
                        counts.bytes_out += bytes.len() as u64;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) if again => again = false,
                Err(error) => {
                    again = true;
                    tracing::debug!(%to, %error, "datagram could not be sent");
                    counts.datagrams_failed += 1;
                    self.outbox.pop_front();
                    failed(self.at, to);
                }
            }
        }
    }

    /// What the socket is to be watched for, if that has changed.
    pub(super) fn watch(&mut self) -> Option<Interest> {
        let blocked = !self.outbox.is_empty();
        if blocked == self.blocked {
            return None;
        }
        self.blocked = blocked;
        let both = Interest::READABLE | Interest::WRITABLE;
        Some(if blocked { both } else { Interest::READABLE })
    }

    fn send_batch(&mut self) -> Result<usize, Errno> {
        let batch = || self.outbox.iter().take(BATCH);
        let to: Vec<_> = batch().map(|(to, _)| Some((*to).into())).collect();
        let slices: Vec<_> = batch().map(|(_, bytes)| [IoSlice::new(bytes)]).collect();
        let fd = self.socket.as_raw_fd();
        let flags = MsgFlags::MSG_DONTWAIT;
        sendmmsg(fd, &mut self.sending, &slices, to, [], flags).map(Iterator::count)
    }
}

/// When the system has seen a datagram arrive, since 1970.
fn noted(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Option<Duration> {
    let mut notes = message.cmsgs().ok()?;
    notes.find_map(|note| {
        let ControlMessageOwned::ScmTimestampns(at) = note else {
            return None;
        };
        let seconds = u64::try_from(at.tv_sec()).ok()?;
        Some(Duration::new(seconds, u32::try_from(at.tv_nsec()).ok()?))
    })
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = storage.as_sockaddr_in() {
        return Some(SocketAddr::V4((*v4).into()));
    }
    storage
        .as_sockaddr_in6()
        .map(|v6| SocketAddr::V6((*v6).into()))
}
