//! What happens to an adaptor entity, one input at a time.

use super::{Answer, Bytes, ConnId, ListenerIx, Outcome, Peer, ResolveError};
use crate::id::{ActivityId, ComponentId, Slot};
use std::net::SocketAddr;
use std::sync::Arc;

/// What becomes of what begins new work, such as a call. It is taken unless something else is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum NewWork {
    /// It is taken.
    #[default]
    Taken,
    /// It is refused with the protocol's own error, which says when to come back where the protocol can say that. What is
    /// urgent, such as an emergency call, is taken.
    Refused,
    /// The same, and the node has no time even for refusals: what whoever sent it sends again by themselves is left without an
    /// answer, best before it is read.
    Unanswered,
}

impl NewWork {
    /// Refused, or taken.
    #[must_use]
    pub const fn refused_if(short: bool) -> Self {
        if short { Self::Refused } else { Self::Taken }
    }

    /// Whether only what is urgent is taken.
    #[must_use]
    pub const fn is_refused(self) -> bool {
        !matches!(self, Self::Taken)
    }
}

/// One thing that happened to an adaptor entity.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input<'a, C> {
    /// The entity became active: the SLEE runs, and the operator wants it. It may start activities (R-RO-01).
    Active,
    /// The entity is stopping: it starts no activity any more and lets those there are finish.
    Stopping,
    /// All its activities have ended.
    Inactive,
    /// What becomes of new work until this is said anew: more may arrive than is worked off, or the node may be short of
    /// something. What there is goes on.
    NewWork(NewWork),
    /// Its deadline has come.
    Timeout,
    /// A datagram came.
    Datagram {
        /// Where.
        listener: ListenerIx,
        /// From whom.
        from: SocketAddr,
        /// The datagram.
        bytes: Bytes,
    },
    /// A connection stands, accepted or opened.
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
        /// Over TLS: what the handshake has proved about the other side. `None` is a connection without TLS.
        secure: Option<Arc<Peer>>,
    },
    /// A connection could not be opened, or its handshake failed.
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
    /// The peer has ended its half of a connection: nothing more comes on it. What is sent on it soon may still be read;
    /// `Closed` follows.
    PeerEnded {
        /// The connection.
        conn: ConnId,
    },
    /// A connection is no more, whoever closed it; its number is never used again.
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
    /// What was asked of the name servers, or why there is no answer.
    Resolved {
        /// The adaptor's own, from [`RaCx::resolve`](super::RaCx::resolve).
        token: u64,
        /// The answer.
        answer: Result<Answer, ResolveError>,
    },
    /// The provider asks for something, in a transaction that has committed.
    Command {
        /// What.
        command: C,
        /// The service whose SBB asked (R-RO-04).
        service: Option<ComponentId>,
    },
    /// An activity has ended and its id is free (R-AE-04); only if asked for.
    ActivityEnded(ActivityId),
    /// Nothing refers to an activity any more (R-AC-06); only if asked for.
    Unreferenced(ActivityId),
    /// An event was offered to all its receivers (R-RT-10); only if asked for.
    EventDone {
        /// Its activity.
        activity: ActivityId,
        /// Its number, from [`RaCx::fire_with`](super::RaCx::fire_with).
        event: u64,
        /// What became of it.
        outcome: Outcome,
    },
    /// The event is not held by anyone any more (R-EV-09); only if asked for.
    EventUnreferenced {
        /// Its activity.
        activity: ActivityId,
        /// Its number.
        event: u64,
    },
    /// After a restart: a record that was persisted for an activity, which lives on under the same id.
    Restore {
        /// The activity.
        activity: ActivityId,
        /// Its type.
        kind: ComponentId,
        /// The record's sub key.
        sub: &'a [u8],
        /// The record.
        value: &'a [u8],
    },
    /// After a restart: an activity was restored without any record of the adaptor's. Unless it is of a kind that needs
    /// none the adaptor ends it.
    RestoreBare {
        /// The activity.
        activity: ActivityId,
        /// Its type.
        kind: ComponentId,
    },
    /// After a restart: a record that [`RaCx::keep`](crate::ra::RaCx::keep) wrote.
    RestoreKept {
        /// The slot that it lies under.
        slot: Slot,
        /// The record's sub key.
        sub: &'a [u8],
        /// The record.
        value: &'a [u8],
    },
    /// After a restart: all records have been handed over; what must be sent until it is answered is sent again.
    Restored,
    /// The activity was raised to a durable class: persist what must survive of it now.
    Snapshot(ActivityId),
    /// Is the activity still alive? End it if not (R-AC-07).
    QueryLiveness(ActivityId),
    /// The operator removed the activity: drop what there is of it (R-RP-05).
    AdministrativeRemove(ActivityId),
    /// The set of event types that have receivers has changed (R-SV-04).
    ReceiversChanged,
}

impl<'a, C> Input<'a, C> {
    /// The same input with its command turned into another type; `None` if `f` refuses it.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each input, and nothing else"
    )]
    pub(super) fn try_map<D>(self, f: impl FnOnce(C) -> Option<D>) -> Option<Input<'a, D>> {
        Some(match self {
            Self::Command { command, service } => Input::Command {
                command: f(command)?,
                service,
            },
            Self::Active => Input::Active,
            Self::Stopping => Input::Stopping,
            Self::Inactive => Input::Inactive,
            Self::NewWork(new) => Input::NewWork(new),
            Self::Timeout => Input::Timeout,
            Self::Datagram {
                listener,
                from,
                bytes,
            } => Input::Datagram {
                listener,
                from,
                bytes,
            },
            Self::Connected {
                conn,
                listener,
                peer,
                local,
                inbound,
                secure,
            } => Input::Connected {
                conn,
                listener,
                peer,
                local,
                inbound,
                secure,
            },
            Self::ConnectFailed { conn } => Input::ConnectFailed { conn },
            Self::Received { conn, bytes } => Input::Received { conn, bytes },
            Self::PeerEnded { conn } => Input::PeerEnded { conn },
            Self::Closed { conn } => Input::Closed { conn },
            Self::SendFailed { listener, to } => Input::SendFailed { listener, to },
            Self::Resolved { token, answer } => Input::Resolved { token, answer },
            Self::ActivityEnded(activity) => Input::ActivityEnded(activity),
            Self::Unreferenced(activity) => Input::Unreferenced(activity),
            Self::EventDone {
                activity,
                event,
                outcome,
            } => Input::EventDone {
                activity,
                event,
                outcome,
            },
            Self::EventUnreferenced { activity, event } => {
                Input::EventUnreferenced { activity, event }
            }
            Self::RestoreKept { slot, sub, value } => Input::RestoreKept { slot, sub, value },
            Self::Restore {
                activity,
                kind,
                sub,
                value,
            } => Input::Restore {
                activity,
                kind,
                sub,
                value,
            },
            Self::RestoreBare { activity, kind } => Input::RestoreBare { activity, kind },
            Self::Restored => Input::Restored,
            Self::Snapshot(activity) => Input::Snapshot(activity),
            Self::QueryLiveness(activity) => Input::QueryLiveness(activity),
            Self::AdministrativeRemove(activity) => Input::AdministrativeRemove(activity),
            Self::ReceiversChanged => Input::ReceiversChanged,
        })
    }
}
