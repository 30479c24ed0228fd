//! What a user agent is told about the world at its start.

use std::net::SocketAddr;

use super::super::compose::push_addr;
use super::super::flow::Transport;
use super::super::transaction::Timings;
use super::super::wire::{Limits, Method};

/// Settings of a [`Ua`](super::Ua).
#[derive(Debug, Clone)]
pub struct UaConfig {
    /// The listeners, in the order of their numbers.
    pub locals: Vec<Local>,
    /// Timer values.
    pub timings: Timings,
    /// Bounds on messages.
    pub limits: Limits,
    /// Client transactions at most, and server transactions at most.
    pub transactions: usize,
    /// Dialogs at most.
    pub dialogs: usize,
    /// Bindings in the location table at most.
    pub bindings: usize,
    /// Status for an initial INVITE or MESSAGE that no service takes.
    pub unserved: u16,
    /// Retry-After of a 503, in seconds.
    pub retry_after: u32,
    /// Option tags that a Require may name.
    pub supported: Vec<Vec<u8>>,
    /// Addresses of host names, since nothing here asks a name server.
    pub hosts: Vec<(Vec<u8>, SocketAddr)>,
    /// Where requests go whose host has no address; nowhere if not set.
    pub outbound: Option<SocketAddr>,
    /// Whether 100 to our own requests is reported.
    pub report_trying: bool,
    /// How provisional responses to INVITE go.
    pub provisional: Provisional,
}

/// How provisional responses to INVITE go (RFC 3262).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Provisional {
    /// Reliably where a caller requires or a service asks for it.
    #[default]
    Plain,
    /// Reliably wherever a caller supports it; INVITEs of services support it.
    Reliable,
    /// Reliably always: a caller that does not support it is refused with 421, and INVITEs of services require it.
    Demanded,
}

/// One listener, as the messages that we write name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// Its transport.
    pub transport: Transport,
    /// Whether its addresses are of IPv6.
    pub ipv6: bool,
    /// `host:port` for Via.
    pub sent_by: Vec<u8>,
    /// The value of Contact.
    pub contact: Vec<u8>,
}

impl Local {
    /// A listener that others reach at `advertised`.
    #[must_use]
    pub fn new(transport: Transport, advertised: SocketAddr) -> Self {
        let mut sent_by = Vec::new();
        push_addr(&mut sent_by, advertised);
        let mut contact = b"<sip:".to_vec();
        contact.extend_from_slice(&sent_by);
        if transport != Transport::Udp {
            contact.extend_from_slice(b";transport=");
            contact.extend_from_slice(transport.param());
        }
        contact.push(b'>');
        Self {
            transport,
            ipv6: advertised.is_ipv6(),
            sent_by,
            contact,
        }
    }
}

/// A set of methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Methods(u16);

impl Methods {
    /// What the user agent handles by itself if it must.
    pub const ALWAYS: Self = Self(0b1_1111 | 1 << 7 | 1 << 8);

    fn bit(method: &Method) -> u16 {
        1 << Method::KNOWN
            .iter()
            .position(|known| known == method)
            .unwrap_or(15)
    }

    /// The set with one more; all extension methods count as one.
    #[must_use]
    pub fn with(self, method: &Method) -> Self {
        Self(self.0 | Self::bit(method))
    }

    /// Whether it is in the set.
    #[must_use]
    pub fn has(self, method: &Method) -> bool {
        self.0 & Self::bit(method) != 0
    }

    /// The value of an Allow header.
    #[must_use]
    pub fn allow(self) -> Vec<u8> {
        let mut out = Vec::new();
        for method in Method::KNOWN.iter().filter(|method| self.has(method)) {
            if !out.is_empty() {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(method.as_bytes());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_name_their_methods() {
        assert_eq!(
            Methods::ALWAYS.allow(),
            b"INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE"
        );
        let set = Methods::ALWAYS
            .with(&Method::Info)
            .with(&Method::from_bytes(b"FOO"));
        assert!(
            set.has(&Method::Info)
                && set.has(&Method::from_bytes(b"BAR"))
                && !set.has(&Method::Message)
        );
    }

    #[test]
    fn a_listener_names_itself() {
        let local = Local::new(Transport::Tcp, "[2001:db8::1]:5070".parse().unwrap());
        assert_eq!(local.contact, b"<sip:[2001:db8::1]:5070;transport=tcp>");
    }
}
