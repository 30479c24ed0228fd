//! One TCP connection, accepted or opened: what waits to be written, and how it ends.
//!
//! The write queue is bounded by the listener's `write_buffer`; a peer that does not read loses its connection, not the
//! node its memory. An end is orderly: what was sent goes out, then our half is closed, then the peer's end is awaited
//! for a while, so that no reset overtakes the last bytes.

use super::{Counts, Socket};
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
/// A connection on which nothing moves is closed after this.
pub(super) const IDLE_TIME: Duration = Duration::from_secs(3_600);
/// The peer has closed its half: answers to what it sent go out for this long.
pub(super) const HALF_CLOSED_TIME: Duration = Duration::from_secs(2);
/// Longest time for the last bytes to go out and the peer to close.
pub(super) const CLOSE_TIME: Duration = Duration::from_secs(5);
/// Pieces in one gathered write.
const PIECES: usize = 64;

/// Where a connection is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Being opened.
    Connecting,
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
    /// The system has announced the end of what comes: it is behind the bytes that wait, and is not announced again.
    pub(super) ending: bool,
    queue: VecDeque<Bytes>,
    queued_bytes: usize,
    write_buffer: usize,
    shut: bool,
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
    pub(super) fn new(
        id: ConnId,
        at: Socket,
        socket: TcpStream,
        peer: SocketAddr,
        inbound: bool,
        write_buffer: u32,
        now: Mono,
    ) -> Self {
        let (stage, time) = if inbound {
            (Stage::Open, FIRST_BYTES_TIME)
        } else {
            (Stage::Connecting, CONNECT_TIME)
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
            ending: false,
            queue: VecDeque::new(),
            queued_bytes: 0,
            write_buffer: write_buffer as usize,
            shut: false,
        }
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
        if self.queued_bytes + bytes.len() > self.write_buffer {
            counts.streams_overflown += 1;
            return Err(Broken);
        }
        self.queued_bytes += bytes.len();
        self.queue.push_back(bytes);
        Ok(self.queue.len() == 1)
    }

    /// Writes what the system takes.
    pub(super) fn flush(&mut self, counts: &mut Counts) -> Result<(), Broken> {
        if self.stage == Stage::Connecting {
            return Ok(());
        }
        while !self.queue.is_empty() {
            let mut pieces = [IoSlice::new(&[]); PIECES];
            let mut n = 0;
            for (piece, bytes) in pieces.iter_mut().zip(&self.queue) {
                *piece = IoSlice::new(bytes);
                n += 1;
            }
            match self
                .socket
                .write_vectored(pieces.get(..n).unwrap_or_default())
            {
                Ok(written) => self.written(written, counts),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Broken),
            }
        }
        if self.stage == Stage::Closing && !self.shut {
            self.shut = true;
            self.socket
                .shutdown(std::net::Shutdown::Write)
                .map_err(|_| Broken)?;
        }
        Ok(())
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
        self.queue.is_empty()
    }

    /// Something moved.
    pub(super) fn touch(&mut self, now: Mono) {
        if self.stage == Stage::Open {
            self.until = now + IDLE_TIME;
        }
    }

    fn written(&mut self, mut n: usize, counts: &mut Counts) {
        counts.bytes_out += n as u64;
        self.queued_bytes = self.queued_bytes.saturating_sub(n);
        while let Some(front) = self.queue.front_mut() {
            if n < front.len() {
                drop(front.split_to(n));
                return;
            }
            n -= front.len();
            self.queue.pop_front();
        }
    }
}
