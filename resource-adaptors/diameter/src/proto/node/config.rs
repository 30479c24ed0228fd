//! What a [`Stack`](super::Stack) is told: who it is, whom it speaks to, which way requests go, and its limits.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::proto::dict::Level;
use crate::proto::wire;

/// The identifier with which relays and redirect agents advertise that they take every application (RFC 6733 2.4).
pub const RELAY: u32 = 0xffff_ffff;

/// The settings of a node. All of it may change while it runs; a changed identity holds for connections made thereafter.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Our DiameterIdentity.
    pub origin_host: Arc<str>,
    /// Our realm.
    pub origin_realm: Arc<str>,
    /// Vendor-Id of the capabilities exchange.
    pub vendor_id: u32,
    /// Product-Name of the capabilities exchange.
    pub product_name: Arc<str>,
    /// Firmware-Revision of the capabilities exchange; none when 0.
    pub firmware: u32,
    /// Origin-State-Id: grows with every start that loses session state (RFC 6733 8.16). None is sent when 0.
    pub origin_state_id: u32,
    /// Host-IP-Address values; without any, the connection's own address.
    pub addresses: Vec<IpAddr>,
    /// Supported-Vendor-Id values.
    pub supported_vendors: Vec<u32>,
    /// Applications that are advertised and, unless a realm says otherwise, served here.
    pub applications: Vec<Application>,
    /// Whether the relay application is advertised too, as relays, proxies and redirect agents must.
    pub relay: bool,
    /// The peer table.
    pub peers: Vec<PeerConfig>,
    /// The realm table; the first entry that fits a request decides.
    pub realms: Vec<Realm>,
    /// Who may connect without an entry in the peer table; nobody when empty.
    pub unknown_peers: Vec<UnknownPeers>,
    /// How thoroughly requests for this node are checked, and refused.
    pub validation: Level,
    /// How thoroughly answers to requests of this node are checked; one that fails counts as unreadable.
    pub validation_answers: Level,
    /// Timers.
    pub timers: Timers,
    /// Limits.
    pub limits: Limits,
    /// Detection of duplicates.
    pub duplicates: Duplicates,
    /// Overload control (RFC 7683).
    pub overload: OverloadControl,
    /// How often one request may be sent, over all peers (the first time included).
    pub attempts: u8,
    /// RFC 3539 discards what a peer sends while its connection is on probation (REOPEN). With `false` its requests are
    /// served: they would be lost otherwise, for the peer does not know of our doubts.
    pub discard_in_reopen: bool,
}

impl Config {
    /// A node without peers, realms and applications.
    #[must_use]
    pub fn new(origin_host: &str, origin_realm: &str) -> Self {
        Self {
            origin_host: origin_host.into(),
            origin_realm: origin_realm.into(),
            vendor_id: 0,
            product_name: "strowger".into(),
            firmware: 0,
            origin_state_id: 0,
            addresses: Vec::new(),
            supported_vendors: Vec::new(),
            applications: Vec::new(),
            relay: false,
            peers: Vec::new(),
            realms: Vec::new(),
            unknown_peers: Vec::new(),
            validation: Level::Full,
            validation_answers: Level::Off,
            timers: Timers::default(),
            limits: Limits::default(),
            duplicates: Duplicates::default(),
            overload: OverloadControl::default(),
            attempts: 3,
            discard_in_reopen: false,
        }
    }
}

/// An application as the capabilities exchange names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Application {
    /// Its identifier.
    pub id: u32,
    /// Its vendor: not 0 puts it into a Vendor-Specific-Application-Id.
    pub vendor: u32,
    /// Acct-Application-Id instead of Auth-Application-Id.
    pub accounting: bool,
}

/// An entry of the peer table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerConfig {
    /// Its Origin-Host.
    pub host: Arc<str>,
    /// Where it listens, tried in turn; without any it has to connect to us.
    pub addresses: Vec<SocketAddr>,
    /// Whether we open the connection.
    pub connect: bool,
    /// Whether its connections must be TLS.
    pub tls: bool,
    /// Out of service: no connection is opened or accepted.
    pub disabled: bool,
    /// Takes part where a realm names no peers.
    pub default_route: bool,
}

impl PeerConfig {
    /// A peer that connects to us; with an address, one to which we connect.
    #[must_use]
    pub fn new(host: &str, address: Option<SocketAddr>) -> Self {
        Self {
            host: host.into(),
            connect: address.is_some(),
            addresses: address.into_iter().collect(),
            tls: false,
            disabled: false,
            default_route: false,
        }
    }
}

/// What is done with requests of a realm and application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realm {
    /// Destination-Realm, or `*` for all.
    pub realm: Arc<str>,
    /// The application, or `None` for all.
    pub application: Option<u32>,
    /// What is done.
    pub action: RealmAction,
}

/// What is done with a request (RFC 6733 2.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RealmAction {
    /// Requests that come are served here. Requests of our own go to these peers.
    Local(Vec<RoutePeer>),
    /// Forwarded to one of these peers, unread.
    Relay(Vec<RoutePeer>),
    /// Forwarded as by a relay; the service is asked first, by way of [`Output::Request`](super::Output::Request), and
    /// forwards with [`Stack::forward`](super::Stack::forward).
    Proxy(Vec<RoutePeer>),
    /// Answered with 3006: whom the sender should ask itself.
    Redirect {
        /// Redirect-Host values (DiameterURI).
        hosts: Vec<Arc<str>>,
        /// Redirect-Host-Usage.
        usage: RedirectUsage,
        /// Redirect-Max-Cache-Time in seconds.
        cache_seconds: u32,
    },
}

/// A candidate of a realm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutePeer {
    /// The peer's Origin-Host.
    pub host: Arc<str>,
    /// Lower is asked first.
    pub priority: u16,
    /// Share among those of one priority: least pending per weight is asked. 0 is asked when no other is left.
    pub weight: u16,
}

impl RoutePeer {
    /// Priority 0, weight 1.
    #[must_use]
    pub fn new(host: &str) -> Self {
        Self {
            host: host.into(),
            priority: 0,
            weight: 1,
        }
    }
}

/// Redirect-Host-Usage (RFC 6733 6.13): what a redirect may be kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
#[expect(missing_docs, reason = "the RFC's names")]
pub enum RedirectUsage {
    DontCache = 0,
    AllSession = 1,
    AllRealm = 2,
    RealmAndApplication = 3,
    AllApplication = 4,
    AllHost = 5,
    AllUser = 6,
}

/// A rule that lets peers in which the peer table does not name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPeers {
    /// Their Origin-Realm, or `*` for any.
    pub realm: Arc<str>,
    /// Only over TLS.
    pub tls: bool,
}

/// Timers, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// Tw, Twinit of RFC 3539: 30 s, never under 6 s; each interval is moved by up to 2 s either way.
    pub watchdog: u64,
    /// Tc of RFC 6733 2.1: 30 s between attempts to connect. The first ones come sooner.
    pub reconnect: u64,
    /// The first attempt to connect again; doubled until `reconnect`.
    pub reconnect_first: u64,
    /// For a connection that is being opened.
    pub connect: u64,
    /// From the opening or accepting of a connection to the end of the capabilities exchange.
    pub capabilities: u64,
    /// For the DPA, and for the peer to close after ours.
    pub disconnect: u64,
    /// For an answer, all attempts together.
    pub request: u64,
    /// For the service's answer to a request of a peer.
    pub answer: u64,
    /// After a DPR with BUSY or DO_NOT_WANT_TO_TALK_TO_YOU: the time until we connect again by ourselves; 0 is never.
    pub unwanted: u64,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            watchdog: 30_000,
            reconnect: 30_000,
            reconnect_first: 1_000,
            connect: 10_000,
            capabilities: 10_000,
            disconnect: 5_000,
            request: 10_000,
            answer: 60_000,
            unwanted: 0,
        }
    }
}

/// Limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest message.
    pub message: u32,
    /// AVPs of a message, those in groups included.
    pub avps: u32,
    /// Groups inside each other.
    pub depth: u8,
    /// Requests to one peer that wait for an answer.
    pub pending_per_peer: u32,
    /// Requests to all peers that wait for an answer.
    pub pending: u32,
    /// Bytes of requests that wait for an answer.
    pub pending_bytes: u64,
    /// Requests of one peer that this node has not answered.
    pub incoming_per_peer: u32,
    /// Requests of all peers that this node has not answered.
    pub incoming: u32,
    /// Accepted connections whose capabilities exchange is not done.
    pub greeting: u32,
    /// Peers that the peer table does not name.
    pub unknown_peers: u32,
    /// Entries of the redirect cache.
    pub redirects: u32,
}

impl Limits {
    /// What a message may contain.
    pub(super) fn wire(&self) -> wire::Limits {
        wire::Limits {
            avps: self.avps,
            depth: self.depth.into(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: 65_536,
            avps: wire::Limits::DEFAULT.avps,
            depth: wire::Limits::DEFAULT.depth as u8,
            pending_per_peer: 10_000,
            pending: 100_000,
            pending_bytes: 256 << 20,
            incoming_per_peer: 10_000,
            incoming: 100_000,
            greeting: 1_024,
            unknown_peers: 1_024,
            redirects: 10_000,
        }
    }
}

/// Detection of duplicates: what was answered is answered the same again, and not done again (RFC 6733 5.5.4, App. C).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicates {
    /// How long answers are kept, in milliseconds. 4 minutes is the time for which End-to-End Identifiers are unique.
    pub window: u64,
    /// How many are kept at most; the oldest go first.
    pub entries: u32,
    /// How many bytes of answers are kept at most.
    pub bytes: u64,
    /// Whether every request is looked up, not only those with the T flag.
    pub all: bool,
}

impl Default for Duplicates {
    fn default() -> Self {
        Self {
            window: 240_000,
            entries: 100_000,
            bytes: 64 << 20,
            all: false,
        }
    }
}

/// Overload control (DOIC, RFC 7683).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverloadControl {
    /// Whether it is announced, heeded and reported.
    pub enabled: bool,
    /// OC-Reduction-Percentage of our reports.
    pub reduction: u8,
    /// OC-Validity-Duration of our reports.
    pub seconds: u32,
}
