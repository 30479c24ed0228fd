//! What a [`Stack`](super::Stack) is given and what it gives.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;

use crate::proto::peer::{State, WatchdogState};
use crate::proto::wire::Message;

/// A transport connection. The stack names all of them, also those that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Link(pub u64);

/// A request of ours that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tx(pub u64);

/// A request of a peer that waits for our answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestKey(pub u64);

/// What a TLS handshake has proved about the other side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Secure {
    /// A certificate was shown and verified.
    pub verified: bool,
    /// Names of the certificate (dNSName, or the common name where there is none), in lower case.
    pub names: Vec<String>,
}

/// A request to send.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The encoded request. Its Destination-Host, Destination-Realm and application choose the way; its identifiers are
    /// put in by the stack.
    pub message: Bytes,
    /// How long to wait for the answer, in milliseconds; [`Timers::request`](super::Timers::request) without it.
    pub timeout: Option<u64>,
    /// The End-to-End Identifier under which the request may have been sent before, by an earlier process: kept, and the T
    /// flag set.
    pub resend: Option<u32>,
}

impl Outgoing {
    /// A request that was never sent.
    #[must_use]
    pub fn new(message: Bytes) -> Self {
        Self {
            message,
            timeout: None,
            resend: None,
        }
    }
}

/// What the caller is to do or to know. After each input it takes all with [`Stack::poll`](super::Stack::poll).
#[derive(Debug)]
pub enum Output {
    /// Open a connection; [`Stack::connected`](super::Stack::connected) or
    /// [`connect_failed`](super::Stack::connect_failed) tells what became of it.
    Connect {
        /// The name that it will have.
        link: Link,
        /// To which peer.
        peer: Arc<str>,
        /// Where.
        to: SocketAddr,
        /// By TLS, to a host of the peer's name.
        tls: bool,
    },
    /// Send these bytes.
    Send {
        /// On which connection.
        link: Link,
        /// One message.
        bytes: Bytes,
    },
    /// Close a connection after what was sent on it. It is not reported closed: its name is free.
    Close {
        /// Which.
        link: Link,
    },
    /// A request for this node.
    Request {
        /// For [`Stack::answer`](super::Stack::answer).
        key: RequestKey,
        /// The peer that sent it, not necessarily its origin.
        peer: Arc<str>,
        /// The request.
        message: Message,
    },
    /// The answer to a request of ours, for good or bad.
    Answer {
        /// The request.
        tx: Tx,
        /// The peer that sent it.
        peer: Arc<str>,
        /// The answer.
        message: Message,
        /// The request went out more than once, or may have: the answer may be to a copy.
        again: bool,
    },
    /// A request of ours has no answer and will get none.
    Failed {
        /// The request.
        tx: Tx,
        /// Why.
        failure: TxFailure,
        /// Whether it was sent: a peer may have done what it asks.
        sent: bool,
    },
    /// A peer takes requests.
    Up {
        /// Its Origin-Host.
        peer: Arc<str>,
    },
    /// A peer takes no requests any more.
    Down {
        /// Its Origin-Host.
        peer: Arc<str>,
        /// Why.
        cause: DownCause,
    },
    /// A node has lost the state of its sessions: its Origin-State-Id has grown (RFC 6733 8.6).
    Restarted {
        /// Its Origin-Host.
        peer: Arc<str>,
    },
    /// A capabilities exchange was refused, since nobody of that name may connect.
    Unwelcome {
        /// From where.
        from: SocketAddr,
    },
    /// The operator should know.
    Alarm(Alarm),
    /// Add to a counter.
    Count {
        /// Which.
        name: &'static str,
        /// How much.
        n: u64,
    },
}

/// Why a request of ours has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TxFailure {
    /// No answer came in time.
    #[error("no answer came in time")]
    Timeout,
    /// No entry of the realm table leads to its realm and application (3003 of our own).
    #[error("no route to the realm")]
    NoRoute,
    /// The peers of its way are all down, were all tried, or do not have the application (3002 of our own).
    #[error("no peer takes it")]
    Unroutable,
    /// Too many requests wait for an answer (3004 of our own).
    #[error("too many requests wait for an answer")]
    Overflow,
    /// The peer failed, the request has been sent as often as it may be.
    #[error("sent as often as allowed, to peers that failed")]
    Exhausted,
    /// The answer cannot be read.
    #[error("the answer is malformed")]
    BadAnswer,
    /// The request that was handed over is no request.
    #[error("not a request")]
    Invalid,
    /// The stack stops.
    #[error("the stack stops")]
    Stopping,
}

/// Why a peer takes no requests any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DownCause {
    /// The connection ended without a word.
    Closed,
    /// Two watchdog intervals passed in silence.
    Watchdog,
    /// One watchdog interval passed in silence: it is asked no more until it speaks (SUSPECT).
    Suspect,
    /// The peer asked to disconnect, with this Disconnect-Cause.
    PeerDisconnected(i32),
    /// The operator or the end of the node.
    Local,
    /// What it sent could not be read as messages.
    Framing,
    /// It restarted, and connected anew before the old connection was seen to end.
    Replaced,
}

/// What the operator should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// A peer refused us, or we it, in the capabilities exchange.
    Refused {
        /// Its Origin-Host, as far as known.
        peer: Arc<str>,
        /// The Result-Code.
        result_code: u32,
        /// Whether we refused.
        by_us: bool,
    },
    /// A connection cannot be opened.
    Unreachable {
        /// The peer.
        peer: Arc<str>,
    },
    /// No peer is left for a realm that the realm table names.
    NoPeerFor {
        /// The realm.
        realm: Arc<str>,
    },
}

/// One line of the peer table for management.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerStatus {
    /// Its Origin-Host.
    pub host: Arc<str>,
    /// Its Origin-Realm, once known.
    pub realm: Option<Arc<str>>,
    /// State of RFC 6733 5.6.
    pub state: State,
    /// State of RFC 3539.
    pub watchdog: WatchdogState,
    /// Whether the operator has put it out of service, or it is being drained.
    pub admin: Admin,
    /// Not in the peer table: let in by a rule.
    pub unknown: bool,
    /// The address of the other end.
    pub address: Option<SocketAddr>,
    /// Whether its connection is TLS.
    pub secure: bool,
    /// Application identifiers that it advertised.
    pub applications: Vec<u32>,
    /// Its Product-Name.
    pub product: Option<Arc<str>>,
    /// Its Origin-State-Id; 0 is none.
    pub origin_state_id: u32,
    /// Our requests that it has not answered.
    pub pending: u32,
    /// Its requests that we have not answered.
    pub incoming: u32,
    /// What went over its connections since the start.
    pub counts: PeerCounts,
}

/// What went over a peer's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PeerCounts {
    /// Requests sent to it.
    pub requests_sent: u64,
    /// Answers from it that were waited for.
    pub answers_received: u64,
    /// Requests from it.
    pub requests_received: u64,
    /// Answers sent to it.
    pub answers_sent: u64,
    /// Requests to it that ended without an answer.
    pub timeouts: u64,
    /// Requests that were moved to another peer.
    pub moved: u64,
    /// Answers that nobody waited for.
    pub late: u64,
    /// Times that it came up.
    pub ups: u64,
}

/// What the operator wants of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Admin {
    /// In service.
    #[default]
    Enabled,
    /// No new requests; disconnected when those there are have ended.
    Draining,
    /// Out of service.
    Disabled,
}

/// Where a connection leads, as the caller knows it.
#[derive(Debug, Clone)]
pub struct Ends {
    /// The other end.
    pub peer: SocketAddr,
    /// Our end's address.
    pub local: IpAddr,
    /// What TLS has proved; `None` without TLS.
    pub secure: Option<Secure>,
}
