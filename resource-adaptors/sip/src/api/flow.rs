//! Ways to peers as services know them.

use std::net::SocketAddr;

use strowger::State;

use crate::proto::flow::{Conn, Flow, Transport};

/// Names the way that a request came: a connection, or of UDP both addresses. Plain data: it may be kept in state and
/// in records.
///
/// A name outlives what it names: once the connection is gone, and after a restart, what is sent
/// [over it](crate::Target::over) fails with 430 (Flow Failed) and is never sent anywhere else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, State)]
pub struct FlowId {
    transport: u8,
    listener: u16,
    peer: SocketAddr,
    conn: Option<u64>,
}

impl FlowId {
    /// The transport.
    #[must_use]
    pub fn transport(&self) -> Transport {
        Transport::from_u8(self.transport).unwrap_or(Transport::Udp)
    }

    /// The peer's address, as it is seen from here.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether it names a connection, which may end; a way over UDP does not.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        self.conn.is_some()
    }
}

impl From<Flow> for FlowId {
    fn from(flow: Flow) -> Self {
        Self {
            transport: flow.transport as u8,
            listener: flow.listener,
            peer: flow.peer,
            conn: flow.conn.map(|conn| conn.0),
        }
    }
}

impl From<FlowId> for Flow {
    fn from(id: FlowId) -> Self {
        Self {
            conn: id.conn.map(Conn),
            ..Self::seen(id.transport(), id.listener, id.peer)
        }
    }
}
