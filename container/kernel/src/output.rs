//! What goes into a shard from the network and what comes out of it.

use crate::{AdaptorState, ServiceState};
use std::net::SocketAddr;
use std::sync::Arc;
use strowger::alarm::Severity;
use strowger::id::{ActivityId, Component, EntityId, RaIx, ServiceIx};
use strowger::ra::{Answer, Bytes, ConnId, ListenerIx, Message, Peer, Query, ResolveError};
use strowger::time::Wall;
use strowger::tracer::Level;

/// What the network has for an adaptor entity; the same as the inputs of that name in [`strowger::ra::Input`].
#[derive(Debug)]
pub enum NetInput<'a> {
    /// A datagram came.
    Datagram {
        /// Where.
        listener: ListenerIx,
        /// From whom.
        from: SocketAddr,
        /// The datagram.
        bytes: Bytes,
    },
    /// A connection stands. The number of an accepted one is below 2^63 and never used twice.
    Connected {
        /// The connection.
        conn: ConnId,
        /// The listener that accepted it, or for which it was opened.
        listener: ListenerIx,
        /// The other side.
        peer: SocketAddr,
        /// This side.
        local: SocketAddr,
        /// Accepted, not opened.
        inbound: bool,
        /// Over TLS: what the handshake has proved.
        secure: Option<Arc<Peer>>,
    },
    /// A connection could not be opened.
    ConnectFailed {
        /// The connection.
        conn: ConnId,
    },
    /// Bytes came on a connection.
    Received {
        /// The connection.
        conn: ConnId,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// The peer has ended its half of a connection.
    PeerEnded {
        /// The connection.
        conn: ConnId,
    },
    /// A connection is no more.
    Closed {
        /// The connection.
        conn: ConnId,
    },
    /// A datagram could not be sent.
    SendFailed {
        /// Where.
        listener: ListenerIx,
        /// To whom.
        to: SocketAddr,
    },
    /// The answer to a question for the name servers.
    Resolved {
        /// The adaptor's own.
        token: u64,
        /// The answer.
        answer: Result<Answer, ResolveError>,
    },
    /// The adaptor's driver has said something.
    Heard(Message),
    /// The adaptor's driver does not take a message.
    Untold(Message),
}

/// One thing for the node to do. Outputs come in the order in which they were asked for.
#[derive(Debug)]
pub enum ShardOutput {
    /// Send a datagram.
    Datagram {
        /// For which adaptor entity.
        ra: RaIx,
        /// From where.
        listener: ListenerIx,
        /// To whom.
        to: SocketAddr,
        /// What.
        bytes: Bytes,
    },
    /// Send on a connection; dropped if it is gone.
    Stream {
        /// For which adaptor entity.
        ra: RaIx,
        /// The connection.
        conn: ConnId,
        /// What.
        bytes: Bytes,
    },
    /// Open a connection and answer with `Connected` or `ConnectFailed`. The number has its highest bit set.
    Connect {
        /// For which adaptor entity.
        ra: RaIx,
        /// The connection's number.
        conn: ConnId,
        /// The listener from whose address.
        listener: ListenerIx,
        /// To whom.
        to: SocketAddr,
        /// Over TLS: the host that is asked for, and that the certificate must be for; without it, the address.
        server_name: Option<Box<str>>,
    },
    /// Close a connection after what was sent on it; answered with `Closed`.
    Close {
        /// For which adaptor entity.
        ra: RaIx,
        /// The connection.
        conn: ConnId,
    },
    /// Stop reading from a connection, or go on. Waits for nothing.
    PauseReading {
        /// For which adaptor entity.
        ra: RaIx,
        /// The connection.
        conn: ConnId,
        /// Stop, or go on.
        paused: bool,
    },
    /// Ask the name servers and answer with `Resolved`.
    Resolve {
        /// For which adaptor entity.
        ra: RaIx,
        /// Comes back with the answer.
        token: u64,
        /// What.
        query: Query,
    },
    /// Tell an adaptor's driver something; answered with `Untold` if it does not take it.
    Tell {
        /// Which adaptor entity.
        ra: RaIx,
        /// What.
        message: Message,
    },
    /// An alarm was raised or cleared. Waits for nothing.
    Alarm {
        /// Who.
        source: AlarmSource,
        /// Which, among those of its source.
        name: &'static str,
        /// Raised, or cleared.
        raised: bool,
        /// For people.
        text: String,
    },
    /// A service's own alarm was raised or cleared. Waits for nothing.
    ServiceAlarm(Box<ServiceAlarm>),
    /// A message of a tracer, for the log (R-TR). Waits for nothing.
    Trace(Box<TracerMessage>),
    /// A delivery was rolled back: for logs and traces. Waits for nothing.
    RolledBack {
        /// The service.
        service: ServiceIx,
        /// The entity's SBB.
        sbb: Component,
        /// The event type.
        event: Component,
        /// The entity; it may be gone.
        entity: EntityId,
        /// Why, for people.
        cause: String,
    },
    /// A service's deliveries have failed too often: the shard has deactivated it.
    ServiceFailed {
        /// The service.
        service: ServiceIx,
        /// How often, for people.
        why: String,
    },
    /// The entities of a service have moved to another version of it.
    Moved {
        /// The old version.
        from: ServiceIx,
        /// The new one.
        to: ServiceIx,
        /// Trees of entities that have moved.
        moved: u32,
        /// Those that cannot, and stay with the old version.
        left: u32,
    },
    /// A service changed its state.
    Service(ServiceIx, ServiceState),
    /// An adaptor entity changed its state.
    Adaptor(RaIx, AdaptorState),
}

/// A service has raised an alarm, or it was cleared (R-AL).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceAlarm {
    /// The service.
    pub service: ServiceIx,
    /// What is wrong.
    pub kind: Box<str>,
    /// With what; empty where there is one only.
    pub instance: Box<str>,
    /// How grave it is.
    pub severity: Severity,
    /// For people.
    pub text: Box<str>,
    /// When it was raised.
    pub since: Wall,
    /// Raised, or cleared.
    pub raised: bool,
}

/// What a tracer let pass (R-TR-02).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TracerMessage {
    /// Who says it: a service or an adaptor entity.
    pub source: AlarmSource,
    /// The tracer's path from the root.
    pub tracer: String,
    /// How much it matters; never off.
    pub level: Level,
    /// The SBB entity, if one says it.
    pub entity: Option<EntityId>,
    /// The activity whose event is delivered.
    pub activity: Option<ActivityId>,
    /// What it says; what is beyond 4 KiB is cut off.
    pub text: String,
}

/// Who raises an alarm (R-AL-04), or says something (R-TR-01).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AlarmSource {
    /// An adaptor entity.
    Adaptor(RaIx),
    /// A service.
    Service(ServiceIx),
    /// The shard itself.
    Shard,
}
