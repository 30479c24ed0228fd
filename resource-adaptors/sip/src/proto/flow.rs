//! Where bytes come from and go to, as values. Sockets are the node's.

use std::net::SocketAddr;

/// A transport protocol of SIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
}

impl Transport {
    /// Whether the transport itself repeats what was lost (RFC 3261 17).
    #[must_use]
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }

    /// As a Via writes it.
    #[must_use]
    pub fn via(self) -> &'static [u8] {
        match self {
            Self::Udp => b"UDP",
            Self::Tcp => b"TCP",
        }
    }

    /// As a URI's `transport` parameter writes it.
    #[must_use]
    pub fn param(self) -> &'static [u8] {
        match self {
            Self::Udp => b"udp",
            Self::Tcp => b"tcp",
        }
    }

    /// From a Via or a URI parameter, in any case.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Self> {
        match name {
            _ if name.eq_ignore_ascii_case(b"udp") => Some(Self::Udp),
            _ if name.eq_ignore_ascii_case(b"tcp") => Some(Self::Tcp),
            _ => None,
        }
    }

    /// The port where none is written.
    #[must_use]
    pub fn default_port(self) -> u16 {
        5060
    }
}

/// A connection of a stream transport, numbered by the driver and never twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Conn(pub u64);

/// One way to one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// Over what.
    pub transport: Transport,
    /// Which of our listeners, by its place in the configuration.
    pub listener: u16,
    /// The connection, if the way is one that exists already. When it is gone, a new one to `peer` takes its place.
    pub conn: Option<Conn>,
    /// The other end.
    pub peer: SocketAddr,
}

/// Bytes on their way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub flow: Flow,
    /// One whole message.
    pub bytes: bytes::Bytes,
}
