//! Where bytes come from and go to, as values. Sockets are the node's.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A transport protocol of SIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Transport {
    /// Datagrams.
    Udp = 0,
    /// A stream.
    Tcp = 1,
    /// A stream over TLS.
    Tls = 2,
    /// WebSocket over TCP (RFC 7118).
    Ws = 3,
    /// WebSocket over TLS.
    Wss = 4,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Udp, Self::Tcp, Self::Tls, Self::Ws, Self::Wss];

    /// Whether the transport itself repeats what was lost (RFC 3261 17).
    #[must_use]
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }

    /// Whether it is encrypted: what a `sips:` URI may go over.
    #[must_use]
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    /// Whether messages come in WebSocket frames. Such a connection is opened by the peer only.
    #[must_use]
    pub fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }

    /// The same transport under TLS (RFC 3261 26.2.2, RFC 7118 5.2.1); UDP has none.
    #[must_use]
    pub fn secured(self) -> Option<Self> {
        match self {
            Self::Udp => None,
            Self::Tcp | Self::Tls => Some(Self::Tls),
            Self::Ws | Self::Wss => Some(Self::Wss),
        }
    }

    /// As a Via writes it.
    #[must_use]
    pub fn via(self) -> &'static [u8] {
        match self {
            Self::Udp => b"UDP",
            Self::Tcp => b"TCP",
            Self::Tls => b"TLS",
            Self::Ws => b"WS",
            Self::Wss => b"WSS",
        }
    }

    /// As a URI's `transport` parameter writes it; RFC 7118 has one word for both kinds of WebSocket.
    #[must_use]
    pub fn param(self) -> &'static [u8] {
        match self {
            Self::Udp => b"udp",
            Self::Tcp => b"tcp",
            Self::Tls => b"tls",
            Self::Ws | Self::Wss => b"ws",
        }
    }

    /// From a Via or a URI parameter, in any case.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|transport| name.eq_ignore_ascii_case(transport.via()))
    }

    /// From its number, as records write it.
    #[must_use]
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The port where none is written.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

/// A connection of a stream transport, numbered by the driver and never twice, also not by a later process: a number from
/// before a restart names no connection.
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
    /// Whether that is where bytes came from, not what a URI says: a way through a NAT, perhaps, that there is no other of.
    pub seen: bool,
}

impl Flow {
    /// A way that needs no connection yet.
    #[must_use]
    pub fn to(transport: Transport, listener: u16, peer: SocketAddr) -> Self {
        Self {
            transport,
            listener,
            conn: None,
            peer,
            seen: false,
        }
    }

    /// The way back to where bytes came from.
    #[must_use]
    pub fn seen(transport: Transport, listener: u16, peer: SocketAddr) -> Self {
        Self {
            seen: true,
            ..Self::to(transport, listener, peer)
        }
    }

    /// A way to a name whose addresses are not known. The transport and the listener are those that it would mostly be.
    #[must_use]
    pub fn unresolved(transport: Transport, listener: u16) -> Self {
        let nobody = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        Self::to(transport, listener, nobody)
    }

    /// Whether nothing can be sent along it before a name server has been asked.
    #[must_use]
    pub fn is_unresolved(&self) -> bool {
        self.peer.port() == 0 && self.conn.is_none()
    }
}

/// Bytes on their way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub flow: Flow,
    /// One whole message.
    pub bytes: bytes::Bytes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transports_keep_their_numbers_and_names() {
        for (number, transport) in Transport::ALL.into_iter().enumerate() {
            assert_eq!(transport as usize, number);
            assert_eq!(Transport::from_u8(number as u8), Some(transport));
            assert_eq!(Transport::parse(transport.via()), Some(transport));
        }
        assert_eq!(Transport::parse(b"wS"), Some(Transport::Ws));
        assert_eq!(Transport::from_u8(5), None);
        assert_eq!(Transport::parse(b"sctp"), None);
    }
}
