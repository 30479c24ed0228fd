//! What the transaction layer tells its user.

use bytes::Bytes;

use super::super::slab::Key;
use super::{ClientKind, RequestKeys};

/// What a response means to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseVerdict<U> {
    /// It belongs to no transaction. `ours` if the branch was minted by us all the same, in this process or before.
    Stray {
        /// Whether the branch passed the check.
        ours: bool,
    },
    /// Nothing to do for the user.
    Absorbed,
    /// The user's.
    Deliver {
        /// The transaction.
        tx: Key,
        /// What the user gave when it made it.
        user: U,
        /// A 2xx to an INVITE that had one before: a copy, or another branch of a fork.
        again: bool,
    },
}

/// What a request means to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestVerdict {
    /// It belongs to no transaction: [accept](super::Transactions::accept) it, or answer it without one.
    New(RequestKeys),
    /// Nothing to do for the user.
    Absorbed,
    /// An ACK that no transaction wanted: for a 2xx, if for anything.
    Ack,
    /// A new CANCEL, with the INVITE transaction that it means.
    Cancel(RequestKeys, Option<Key>),
    /// The same request came before another way: 482 (RFC 3261 8.2.2.2).
    Merged(RequestKeys),
}

/// What time brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expired<U> {
    /// No response came, and there is another place to try: [redirect](super::Transactions::redirect) or
    /// [fail](super::Transactions::fail_client) it.
    Unreached {
        /// The transaction.
        tx: Key,
    },
    /// No final response came (timers B and F), or none after a CANCEL (9.1). The transaction is gone.
    ClientTimeout {
        /// The transaction.
        tx: Key,
        /// Its user's word.
        user: U,
        /// What it carried.
        kind: ClientKind,
        /// Its request.
        request: Bytes,
    },
    /// No ACK came for a final response that is not 2xx (timer H). The transaction is gone.
    NoAck {
        /// The transaction.
        tx: Key,
        /// Its user's word.
        user: U,
    },
    /// The user has not answered for long. The transaction is still there, to be answered.
    Unanswered {
        /// The transaction.
        tx: Key,
        /// Its user's word.
        user: U,
    },
}

/// Why an operation on a transaction was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// It ended, or never was.
    #[error("no such transaction")]
    Gone,
    /// A final response has been given already.
    #[error("the transaction has its final response")]
    Final,
    /// As many as are allowed are running.
    #[error("too many transactions")]
    Full,
}

/// What a request to cancel did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// The CANCEL went out.
    Sent,
    /// It goes out with the first provisional response (RFC 3261 9.1).
    Waiting,
    /// A final response came before.
    TooLate,
}
