//! What a user agent is told about the world at its start.

use std::net::{IpAddr, SocketAddr};

use strowger::network::Network;

use super::super::auth::Credentials;
use super::super::compose::push_addr;
use super::super::dialog::{MIN_SE, SessionAsk};
use super::super::flow::Transport;
use super::super::transaction::Timings;
use super::super::triage::Urgency;
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
    /// Our credentials for those who challenge requests of ours.
    pub credentials: Vec<Credentials>,
    /// Nonces whose counts are kept at most.
    pub nonces: usize,
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
    /// Names that mean us in a Route.
    pub names: Vec<Vec<u8>>,
    /// Where requests go whose host has no address; nowhere if not set.
    pub outbound: Option<SocketAddr>,
    /// Whether name servers are asked for hosts that have no address there.
    pub resolve: bool,
    /// Requests that may wait for name servers, or have more than one place to go, at one time.
    pub resolving: usize,
    /// Milliseconds for which a server that did not answer is tried after others.
    pub avoid: u32,
    /// Bytes above which a request leaves UDP for a stream (RFC 3261 18.1.1).
    pub udp_request_bytes: usize,
    /// Whether a peer that was seen at a public address is sent requests there if it names a private one.
    pub nat: bool,
    /// Whether 100 to our own requests is reported.
    pub report_trying: bool,
    /// How provisional responses to INVITE go.
    pub provisional: Provisional,
    /// Session timers.
    pub session: Sessions,
    /// Further dialogs that one forked INVITE may make.
    pub forks: usize,
    /// Whether calls that ring are there after a restart, whatever their services say.
    pub early_durable: bool,
    /// Which initial requests are taken while others are refused.
    pub urgency: Urgency,
}

/// Which initial requests are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Taking {
    /// All.
    #[default]
    All,
    /// Urgent ones.
    Urgent,
    /// None.
    Nothing,
}

/// Session timers of calls whose services say nothing (RFC 4028).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sessions {
    /// What is asked of every call.
    pub default: Option<SessionAsk>,
    /// The least interval that a peer may ask for, in seconds; 422 below it.
    pub min: u32,
    /// Whether a call whose session has expired is ended.
    pub end_expired: bool,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            default: None,
            min: MIN_SE,
            end_expired: true,
        }
    }
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
    /// Networks whose addresses requests leave to from here; for any others too if there is none.
    pub networks: Vec<Network>,
}

impl Local {
    /// A listener that others reach at `advertised`.
    #[must_use]
    pub fn new(transport: Transport, advertised: SocketAddr) -> Self {
        let mut sent_by = Vec::new();
        push_addr(&mut sent_by, advertised);
        let contact = contact(transport, &sent_by);
        Self {
            transport,
            ipv6: advertised.is_ipv6(),
            sent_by,
            contact,
            networks: Vec::new(),
        }
    }

    /// The same under a host name; the port stays.
    #[must_use]
    pub fn under(mut self, host: Option<&str>) -> Self {
        let Some(host) = host else { return self };
        let colon = self.sent_by.iter().rposition(|byte| *byte == b':');
        let port = colon
            .and_then(|at| self.sent_by.get(at..))
            .unwrap_or_default();
        let sent_by = [host.as_bytes(), port].concat();
        self.contact = contact(self.transport, &sent_by);
        self.sent_by = sent_by;
        self
    }

    /// The same, for requests to these networks.
    #[must_use]
    pub fn towards(mut self, networks: Vec<Network>) -> Self {
        self.networks = networks;
        self
    }

    /// How well it fits a destination: by the length of the network that holds it, 0 where any will do.
    pub(super) fn fits(&self, transport: Transport, ip: IpAddr) -> Option<u8> {
        if self.transport != transport || self.ipv6 != ip.is_ipv6() {
            return None;
        }
        if self.networks.is_empty() {
            return Some(0);
        }
        let holding = self.networks.iter().filter(|network| network.contains(ip));
        holding.map(|network| network.length()).max()
    }
}

fn contact(transport: Transport, sent_by: &[u8]) -> Vec<u8> {
    let mut contact = b"<sip:".to_vec();
    contact.extend_from_slice(sent_by);
    if transport != Transport::Udp {
        contact.extend_from_slice(b";transport=");
        contact.extend_from_slice(transport.param());
    }
    contact.push(b'>');
    contact
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
        let local = local.under(Some("sip.example"));
        assert_eq!(local.contact, b"<sip:sip.example:5070;transport=tcp>");
        assert_eq!(local.sent_by, b"sip.example:5070");
    }
}
