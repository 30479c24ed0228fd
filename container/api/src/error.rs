//! What can go wrong in a handler. An `Err` from a handler, like a panic, rolls its delivery back (R-EX-01).

use crate::id::{ActivityId, EntityId};
use crate::profile::Invalid;
use std::fmt;

/// What handlers and most operations return.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// An operation of the container that was refused. Unless its text says otherwise it had no effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpError {
    /// The handle's activity has ended, or never began because its transaction rolled back.
    #[error("activity {0} is gone")]
    StaleActivity(ActivityId),
    /// The activity has been asked to end: nothing may be fired on it any more (R-AC-02).
    #[error("activity {0} is ending")]
    Ending(ActivityId),
    /// The handle's type is not the activity's type.
    #[error("activity {0} is of another type")]
    WrongActivityType(ActivityId),
    /// The entity was removed, or never came to be.
    #[error("entity {0} is gone")]
    StaleEntity(EntityId),
    /// The entity is already executing in this transaction, and SBBs are not re-entrant (R-SO-07).
    #[error("entity {0} is already executing in this transaction")]
    Reentrant(EntityId),
    /// The SBB of the entity is not the one that the typed handle names.
    #[error("entity {0} belongs to another SBB")]
    WrongSbb(EntityId),
    /// The operation needs the entity attached to that activity (R-MK-02).
    #[error("entity is not attached to activity {0}")]
    NotAttached(ActivityId),
    /// The SBB has no handler for that event type, so it cannot mask it (R-MK-02).
    #[error("the SBB receives no such event")]
    UnrecognizedEvent,
    /// Another activity holds that name (R-NF-01).
    #[error("name is already bound")]
    NameAlreadyBound,
    /// No activity holds that name (R-NF-01).
    #[error("name is not bound")]
    NameNotBound,
    /// An argument is outside of what the operation takes.
    #[error("invalid argument: {0}")]
    InvalidArgument(&'static str),
    /// The delivery of this event is suspended already (R-EC-02).
    #[error("delivery is suspended already")]
    AlreadySuspended,
    /// The delivery of this event is not suspended (R-EC-04).
    #[error("delivery is not suspended")]
    NotSuspended,
    /// The operation makes no sense outside of the delivery of an event.
    #[error("no event is being delivered")]
    NoEvent,
    /// The SLEE or the service is stopping and creates nothing new (R-NA-01).
    #[error("stopping: nothing new is created")]
    Stopping,
    /// No adaptor entity is bound to the link name that the service asks for (R-SV-02).
    #[error("no resource adaptor is bound to link `{0}`")]
    UnboundLink(&'static str),
    /// A limit of the configuration was reached; its name is given.
    #[error("limit `{0}` reached")]
    Limit(&'static str),
    /// The state could not be encoded or decoded.
    #[error("state of {0} cannot be encoded or decoded")]
    BadState(&'static str),
    /// There is no profile table of that name, or its specification is another (R-PR-03).
    #[error("there is no profile table `{0}` of that specification")]
    NoTable(&'static str),
    /// The table has no profile of that name.
    #[error("there is no such profile")]
    NoProfile,
    /// The table has a profile of that name already (R-PR-03).
    #[error("there is a profile of that name already")]
    ProfileExists,
    /// Another profile of the table has that value of a unique attribute (R-PR-06).
    #[error("another profile has the same `{0}`")]
    NotUnique(&'static str),
    /// The specification refuses the profile's values (R-PR-02).
    #[error("profile refused: {0}")]
    InvalidProfile(Invalid),
    /// The SBB has no usage parameters, or others than these (R-US-02).
    #[error("the SBB has no such usage parameters")]
    NoUsage,
    /// The SBB has no set of usage parameters of that name (R-US-02).
    #[error("there is no such set of usage parameters")]
    NoUsageSet,
    /// The transaction was marked for rollback inside a synchronous call (R-SE-05).
    #[error("transaction rolled back in a call to {0}")]
    TransactionRolledBack(EntityId),
}

/// Why a handler gave up: an operation of the container that was refused, or an error of the service's own.
///
/// Every `std::error::Error` turns into it with `?`.
pub struct Error(Box<dyn std::error::Error + 'static>);

impl Error {
    /// An error with a text of the service's own.
    #[must_use]
    pub fn msg(text: &'static str) -> Self {
        Self(Box::new(Message(text)))
    }

    /// The refused operation, if that was the cause.
    #[must_use]
    pub fn op(&self) -> Option<OpError> {
        self.0.downcast_ref().copied()
    }

    /// The cause.
    #[must_use]
    pub fn cause(&self) -> &(dyn std::error::Error + 'static) {
        &*self.0
    }
}

impl<E: std::error::Error + 'static> From<E> for Error {
    fn from(cause: E) -> Self {
        Self(Box::new(cause))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Message(&'static str);
