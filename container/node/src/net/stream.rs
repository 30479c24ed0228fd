//! One TCP connection, accepted or opened: what waits to be written, and how it ends.
//!
//! The write queue is bounded by the listener's `write_buffer`; a peer that does not read loses its connection, not the
//! node its memory. An end is orderly: what was sent goes out, then our half is closed, then the peer's end is awaited
//! for a while, so that no reset overtakes the last bytes.

use super::secure::Session;
use super::{Counts, Socket};
use crate::overload::Backlog;
use bytes::Bytes;
use mio::net::TcpStream;
use std::collections::VecDeque;
use std::io::{self, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;
use strowger::ra::ConnId;
use strowger::time::Mono;

/// A connection attempt is given up after this.
pub(super) const CONNECT_TIME: Duration = Duration::from_secs(10);
/// A connection on which nothing ever came is closed after this.
pub(super) const FIRST_BYTES_TIME: Duration = Duration::from_secs(60);
/// The peer has closed its half: answers to what it sent go out for this long.
pub(super) const HALF_CLOSED_TIME: Duration = Duration::from_secs(2);
/// What a piece in the write queue takes beside its bytes: of many small ones, such as answers to keep-alives, the most.
const PIECE: usize = size_of::<Bytes>();
/// Longest time for the last bytes to go out and the peer to close.
pub(super) const CLOSE_TIME: Duration = Duration::from_secs(5);
/// Pieces in one gathered write.
const PIECES: usize = 64;

/// Where a connection is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Being opened.
    Connecting,
    /// TLS is being agreed on. The adaptor knows nothing of the connection, or that it is being opened.
    Handshake,
    /// Both directions.
    Open,
    /// The peer has closed its half.
    HalfClosed,
    /// We close: nothing is accepted for sending, what comes is thrown away.
    Closing,
}

/// A connection.
pub(super) struct Stream {
    pub(super) id: ConnId,
    pub(super) at: Socket,
    pub(super) peer: SocketAddr,
    pub(super) inbound: bool,
    pub(super) stage: Stage,
    pub(super) socket: TcpStream,
    /// When the present stage is given up, or the connection taken for idle.
    pub(super) until: Mono,
    /// In the queue of those to be read.
    pub(super) queued: bool,
    /// Since when it is there, and was not read to its end.
    pub(super) unread: Option<Mono>,
    pub(super) backlog: Backlog,
    /// The adaptor wants nothing more for the time being.
    pub(super) paused: bool,
    /// The system has announced the end of what comes: it is behind the bytes that wait, and is not announced again.
    pub(super) ending: bool,
    pub(super) session: Option<Session>,
    queue: VecDeque<Bytes>,
    /// With what the pieces themselves take.
    queued_bytes: usize,
    bounds: Bounds,
    shut: bool,
}

/// What its listener allows a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bounds {
    /// Bytes that wait to be written.
    pub(super) write_buffer: usize,
    /// Time in which nothing moves.
    pub(super) idle: Duration,
    /// Time for the handshake of TLS.
    pub(super) handshake: Duration,
}

/// What a read gave.
pub(super) enum Got {
    /// So many bytes; with `true` there may be more.
    Bytes(usize, bool),
    /// Nothing for the time being.
    Nothing,
    /// The peer has closed its half.
    End,
    /// The connection is broken.
    Broken,
}

/// The connection is of no use any more.
#[derive(Debug)]
pub(super) struct Broken;

impl Stream {
    /// With what its listener gives it.
    pub(super) fn new(
        id: ConnId,
        at: Socket,
        socket: TcpStream,
        peer: SocketAddr,
        inbound: bool,
        (bounds, session): (Bounds, Option<Session>),
        now: Mono,
    ) -> Self {
        let (stage, time) = match (inbound, &session) {
            (false, _) => (Stage::Connecting, CONNECT_TIME),
            (true, Some(_)) => (Stage::Handshake, bounds.handshake),
            (true, None) => (Stage::Open, FIRST_BYTES_TIME.min(bounds.idle)),
        };
        Self {
            id,
            at,
            peer,
            inbound,
            stage,
            socket,
            until: now + time,
            queued: false,
            unread: None,
            backlog: Backlog::default(),
            paused: false,
            ending: false,
            session,
            queue: VecDeque::new(),
            queued_bytes: 0,
            bounds,
            shut: false,
        }
    }

    /// The socket stands: what comes next on the way to use.
    pub(super) fn stands(&mut self, now: Mono) {
        if self.session.is_some() {
            self.stage = Stage::Handshake;
            self.until = now + self.bounds.handshake;
        } else {
            self.opened(now);
        }
    }

    /// The connection is of use from here on.
    pub(super) fn opened(&mut self, now: Mono) {
        self.stage = Stage::Open;
        let time = if self.inbound {
            FIRST_BYTES_TIME.min(self.bounds.idle)
        } else {
            self.bounds.idle
        };
        self.until = now + time;
    }

    /// Reads into `buffer`.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Got {
        loop {
            return match self.socket.read(buffer) {
                Ok(0) => Got::End,
                Ok(n) => Got::Bytes(n, n == buffer.len() || self.ending),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Got::Nothing,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => Got::Broken,
            };
        }
    }

    /// Puts bytes into the write queue; whether that was empty.
    pub(super) fn push(&mut self, bytes: Bytes, counts: &mut Counts) -> Result<bool, Broken> {
        if self.stage == Stage::Closing || bytes.is_empty() {
            return Ok(false);
        }
        if self.queued_bytes + bytes.len() > self.bounds.write_buffer {
            counts.streams_overflown += 1;
            return Err(Broken);
        }
        self.queued_bytes += bytes.len() + PIECE;
        self.queue.push_back(bytes);
        Ok(self.queue.len() == 1)
    }

    /// Writes what the system takes.
    pub(super) fn flush(&mut self, counts: &mut Counts) -> Result<(), Broken> {
        if self.stage == Stage::Connecting {
            return Ok(());
        }
        let all = match self.session.take() {
            None => self.flush_plain(counts),
            Some(mut session) => {
                let all = self.flush_secure(&mut session, counts);
                self.session = Some(session);
                all
            }
        };
        let all = all.map_err(|_| Broken)?;
        if all && self.stage == Stage::Closing && !self.shut {
            self.shut = true;
            self.socket
                .shutdown(std::net::Shutdown::Write)
                .map_err(|_| Broken)?;
        }
        Ok(())
    }

    /// Whether everything is out.
    fn flush_plain(&mut self, counts: &mut Counts) -> io::Result<bool> {
        while !self.queue.is_empty() {
            let (pieces, n) = pieces(&self.queue);
            let pieces = pieces.get(..n).unwrap_or_default();
            let Some(written) = taken(self.socket.write_vectored(pieces))? else {
                return Ok(false);
            };
            counts.bytes_out += written as u64;
            self.dequeue(written);
        }
        Ok(true)
    }

    /// The same over TLS: what is encrypted leaves before more is.
    fn flush_secure(&mut self, session: &mut Session, counts: &mut Counts) -> io::Result<bool> {
        loop {
            while session.wants_write() {
                let Some(written) = taken(session.push(&mut self.socket))? else {
                    return Ok(false);
                };
                counts.bytes_out += written as u64;
            }
            if self.stage == Stage::Handshake {
                return Ok(false);
            }
            if !self.queue.is_empty() {
                let (pieces, n) = pieces(&self.queue);
                let n = session.encrypt(pieces.get(..n).unwrap_or_default())?;
                self.dequeue(n);
            } else if self.stage != Stage::Closing || !session.say_goodbye() {
                return Ok(true);
            }
        }
    }

    /// Begins the end; what is queued still goes out.
    pub(super) fn close(&mut self, now: Mono) {
        if self.stage != Stage::Closing {
            self.stage = Stage::Closing;
            self.until = now + CLOSE_TIME;
        }
    }

    /// Whether nothing waits to be written.
    pub(super) fn is_flushed(&self) -> bool {
        let secure = self.session.as_ref();
        self.queue.is_empty() && !secure.is_some_and(Session::wants_write)
    }

    /// Something moved.
    pub(super) fn touch(&mut self, now: Mono) {
        if self.stage == Stage::Open {
            self.until = now + self.bounds.idle;
        }
    }

    fn dequeue(&mut self, mut n: usize) {
        self.queued_bytes = self.queued_bytes.saturating_sub(n);
        while let Some(front) = self.queue.front_mut() {
            if n < front.len() {
                drop(front.split_to(n));
                return;
            }
            n -= front.len();
            self.queue.pop_front();
            self.queued_bytes = self.queued_bytes.saturating_sub(PIECE);
        }
    }
}

/// The first pieces of a queue, and how many they are.
fn pieces(queue: &VecDeque<Bytes>) -> ([IoSlice<'_>; PIECES], usize) {
    let mut pieces = [IoSlice::new(&[]); PIECES];
    let mut n = 0;
    for (piece, bytes) in pieces.iter_mut().zip(queue) {
        *piece = IoSlice::new(bytes);
        n += 1;
    }
    (pieces, n)
}

/// What a write took; `None` when the system takes nothing now.
fn taken(written: io::Result<usize>) -> io::Result<Option<usize>> {
    match written {
        Ok(written) => Ok(Some(written)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Some(0)),
        Err(error) => Err(error),
    }
}
