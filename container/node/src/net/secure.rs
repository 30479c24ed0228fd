//! TLS on a connection: ciphertext to and from its socket, plain bytes to and from the shard.
//!
//! Ciphertext is read straight into the session and written from it in gathered writes; what waits in between is bounded
//! by the session's own buffer limits. Plain bytes that wait to be sent stay in the stream's queue, which has its bound.

use crate::tls::{Credentials, peer};
use mio::net::TcpStream;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, Connection, HandshakeKind, ServerConnection};
use std::io::{self, BufRead, IoSlice, Read, Write};
use std::net::IpAddr;
use std::sync::Arc;
use strowger::ra::Peer;

/// A session on a connection.
pub(super) struct Session {
    /// Boxed: most connections of a table have none.
    tls: Box<Connection>,
    server_name: Option<Box<str>>,
    verifies: bool,
    goodbye: bool,
}

/// What a look at the socket gave.
pub(super) enum Pulled {
    /// So many bytes of ciphertext; with `true` there may be more.
    Some(usize, bool),
    /// Nothing for the time being.
    Nothing,
    /// The peer has closed the connection beneath.
    End,
}

/// The connection is of no use any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    #[error("{0}")]
    Socket(#[from] io::Error),
}

/// No host has such a name.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is neither a host name nor an address")]
pub(super) struct BadName(Box<str>);

impl Session {
    /// The side that a peer has connected to.
    pub(super) fn accept(credentials: &Credentials) -> Result<Self, rustls::Error> {
        let tls = ServerConnection::new(Arc::clone(&credentials.server))?;
        Ok(Self::new(tls.into(), None, true))
    }

    /// The side that connects to a host of that name.
    pub(super) fn connect(
        credentials: &Credentials,
        to: ServerName<'static>,
    ) -> Result<Self, rustls::Error> {
        let name = match &to {
            ServerName::DnsName(name) => Some(name.as_ref().into()),
            ServerName::IpAddress(_) | _ => None,
        };
        let tls = ClientConnection::new(Arc::clone(&credentials.client), to)?;
        Ok(Self::new(tls.into(), name, credentials.verifies))
    }

    fn new(tls: Connection, server_name: Option<Box<str>>, verifies: bool) -> Self {
        Self {
            tls: Box::new(tls),
            server_name,
            verifies,
            goodbye: false,
        }
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    pub(super) fn is_resumed(&self) -> bool {
        self.tls.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// What the handshake has proved.
    pub(super) fn peer(&self) -> Peer {
        let certificate = self.tls.peer_certificates().and_then(<[_]>::first);
        let shown = certificate.filter(|_| self.verifies).map(peer);
        let server_name = match &*self.tls {
            Connection::Server(server) => server.server_name(),
            Connection::Client(_) => self.server_name.as_deref(),
        };
        Peer {
            server_name: server_name.map(str::to_ascii_lowercase),
            ..shown.unwrap_or_default()
        }
    }

    /// Reads ciphertext once, and makes of it what there is to make.
    pub(super) fn pull(&mut self, socket: &mut TcpStream) -> Result<Pulled, Fault> {
        let mut source = Source {
            socket,
            full: false,
        };
        let read = loop {
            match self.tls.read_tls(&mut source) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let more = source.full;
        match read {
            Ok(0) => Ok(Pulled::End),
            Ok(read) => {
                self.tls.process_new_packets()?;
                Ok(Pulled::Some(read, more))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Pulled::Nothing),
            Err(error) => Err(error.into()),
        }
    }

    /// Plain bytes that have come, a piece at a time; empty when there are no more.
    pub(super) fn take(&mut self, give: &mut dyn FnMut(&[u8])) {
        loop {
            let mut reader = self.tls.reader();
            // An error says that there is nothing now, or never again; which of them, `ended` and the socket tell.
            let Ok(piece) = reader.fill_buf() else { return };
            let taken = piece.len();
            if taken == 0 {
                return;
            }
            give(piece);
            reader.consume(taken);
        }
    }

    /// Whether the peer has said that nothing more comes.
    pub(super) fn ended(&mut self) -> bool {
        matches!(self.tls.reader().fill_buf(), Ok([]))
    }

    pub(super) fn wants_write(&self) -> bool {
        self.tls.wants_write()
    }

    /// Encrypts from the beginning of `pieces` what the session has room for; how many bytes.
    pub(super) fn encrypt(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.tls.writer().write_vectored(pieces)
    }

    /// Writes ciphertext; how many bytes.
    pub(super) fn push(&mut self, socket: &mut TcpStream) -> io::Result<usize> {
        self.tls.write_tls(socket)
    }

    /// Says that nothing more is sent, once; whether it has only now.
    pub(super) fn say_goodbye(&mut self) -> bool {
        if !std::mem::replace(&mut self.goodbye, true) {
            self.tls.send_close_notify();
            return true;
        }
        false
    }
}

/// The host that a connection is opened to: the name that was given, or the address.
pub(super) fn server_name(
    name: Option<&str>,
    address: IpAddr,
) -> Result<ServerName<'static>, BadName> {
    let Some(name) = name else {
        return Ok(address.into());
    };
    let absolute = name.strip_suffix('.').unwrap_or(name);
    ServerName::try_from(absolute.to_owned()).map_err(|_| BadName(name.into()))
}

/// A socket that tells whether it has filled what it was given.
struct Source<'a> {
    socket: &'a mut TcpStream,
    full: bool,
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.socket.read(buffer)?;
        self.full = read == buffer.len();
        Ok(read)
    }
}
