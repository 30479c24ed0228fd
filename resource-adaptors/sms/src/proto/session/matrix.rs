//! Who may send what in which state (SMPP 3.4 2.3 table 2-1, 5.0 2.4).

use serde::{Deserialize, Serialize};

use super::V5_0;
use crate::proto::wire::command;

/// Which side of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// The External Short Message Entity, which binds.
    Esme,
    /// The Message Centre, which is bound to.
    Mc,
}

/// What an ESME has bound as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// It sends messages.
    Transmitter,
    /// It receives messages.
    Receiver,
    /// It does both.
    Transceiver,
}

impl Role {
    /// The other side.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Esme => Self::Mc,
            Self::Mc => Self::Esme,
        }
    }
}

impl Mode {
    /// The command that binds so.
    #[must_use]
    pub const fn command(self) -> u32 {
        match self {
            Self::Transmitter => command::BIND_TRANSMITTER,
            Self::Receiver => command::BIND_RECEIVER,
            Self::Transceiver => command::BIND_TRANSCEIVER,
        }
    }

    /// What a bind of this command makes of the ESME.
    #[must_use]
    pub const fn of(command: u32) -> Option<Self> {
        match command {
            command::BIND_TRANSMITTER => Some(Self::Transmitter),
            command::BIND_RECEIVER => Some(Self::Receiver),
            command::BIND_TRANSCEIVER => Some(Self::Transceiver),
            _ => None,
        }
    }

    /// Whether the ESME sends messages.
    #[must_use]
    pub const fn transmits(self) -> bool {
        !matches!(self, Self::Receiver)
    }

    /// Whether the ESME receives messages.
    #[must_use]
    pub const fn receives(self) -> bool {
        !matches!(self, Self::Transmitter)
    }
}

/// Whether this side of a session that is bound so may send a request about messages. bind, outbind, unbind and
/// enquire_link are not among them.
///
/// replace_sm passes on a transceiver as well, which 3.4 leaves out of its table and 5.0 has.
#[must_use]
pub const fn may_send(from: Role, mode: Mode, version: u8, request: u32) -> bool {
    if !exists(version, request) {
        return false;
    }
    match (from, request) {
        (
            Role::Esme,
            command::SUBMIT_SM
            | command::SUBMIT_MULTI
            | command::DATA_SM
            | command::QUERY_SM
            | command::CANCEL_SM
            | command::REPLACE_SM
            | command::BROADCAST_SM
            | command::QUERY_BROADCAST_SM
            | command::CANCEL_BROADCAST_SM,
        ) => mode.transmits(),
        (Role::Mc, command::DELIVER_SM | command::DATA_SM | command::ALERT_NOTIFICATION) => {
            mode.receives()
        }
        _ => false,
    }
}

/// Whether the version has the request: cell broadcast came with 5.0. What 3.4 brought is not refused to a peer that says
/// 3.3 and sends it.
pub(super) const fn exists(version: u8, request: u32) -> bool {
    match request {
        command::BROADCAST_SM | command::QUERY_BROADCAST_SM | command::CANCEL_BROADCAST_SM => {
            version >= V5_0
        }
        command::OUTBIND | command::ALERT_NOTIFICATION => true,
        _ => command::answer_of(request) != command::GENERIC_NACK,
    }
}
