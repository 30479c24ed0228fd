//! What a user agent tells its driver.

use super::super::flow::{Flow, Transmit};
use super::super::resolve::Question;
use super::super::slab::Key;
use super::super::transaction::TransactionError;
use super::super::wire::Message;

/// What is to be done, or has happened.
#[derive(Debug)]
pub enum Output {
    /// Send this.
    Send(Transmit),
    /// Ask a name server, and tell with [`resolved`](super::Ua::resolved) what it says.
    Resolve {
        /// What the answer must name.
        token: u64,
        /// What to ask.
        question: Question,
    },
    /// Someone calls: make an activity for the dialog and [`bind`](super::Ua::bind) it.
    Call {
        /// The dialog.
        dialog: Key,
        /// The INVITE's transaction.
        tx: Key,
        /// The slot of its Call-ID.
        slot: u8,
        /// Where it came from.
        flow: Flow,
        /// The INVITE.
        request: Box<Message>,
    },
    /// A request outside of any dialog: make an activity for it and [`bind_request`](super::Ua::bind_request) it.
    Request {
        /// Its transaction.
        tx: Key,
        /// The slot of its Call-ID.
        slot: u8,
        /// Where it came from.
        flow: Flow,
        /// The request.
        request: Box<Message>,
    },
    /// A request within a dialog.
    InDialog {
        /// The dialog's activity.
        activity: u64,
        /// Its transaction; none for ACK.
        tx: Option<Key>,
        /// Where it came from.
        flow: Flow,
        /// The request.
        request: Box<Message>,
    },
    /// The caller gives up.
    Cancel {
        /// The dialog's activity.
        activity: u64,
        /// The CANCEL's transaction.
        tx: Key,
        /// Where it came from.
        flow: Flow,
        /// The CANCEL.
        request: Box<Message>,
    },
    /// A response to a request of ours, or what stands for one that did not come.
    Response {
        /// The activity.
        activity: u64,
        /// The server transaction whose request was passed on, if one was.
        link: Option<Key>,
        /// The response.
        response: Box<Message>,
        /// Made here (408, 491, 503), not received.
        local: bool,
    },
    /// A response to an INVITE of ours came from another branch than any before: make an activity for its dialog,
    /// [`bind`](super::Ua::bind) it, and tell of it on the activity of the first. If none can be made, call
    /// [`rejoin`](super::Ua::rejoin).
    Forked(Branch),
    /// Of a proxied request no target is left, and its service wants to be asked: it adds targets with
    /// [`proxy_on`](super::Ua::proxy_on), or [`nothing_more`](super::Ua::nothing_more) gives the best response back.
    Unreached {
        /// The request's activity.
        activity: u64,
        /// Its transaction.
        tx: Key,
        /// The status of the best response.
        status: u16,
        /// The best response, if one came.
        response: Option<Box<Message>>,
        /// The statuses of all targets, in the order in which they failed.
        statuses: Vec<u16>,
    },
    /// The ACK for our 2xx never came; the BYE goes out by itself.
    NoAck {
        /// The dialog's activity.
        activity: u64,
    },
    /// The service is to refresh the dialog's session.
    SessionRefresh {
        /// The dialog's activity.
        activity: u64,
    },
    /// The dialog's session was not refreshed in time.
    SessionExpired {
        /// The dialog's activity.
        activity: u64,
    },
    /// Write the dialog's [`record`](super::Ua::record).
    Save {
        /// The dialog.
        dialog: Key,
        /// Its activity.
        activity: u64,
    },
    /// Write the subscription's [`record`](super::Ua::subscription_record).
    SaveSubscription {
        /// The subscription.
        subscription: Key,
        /// Its activity.
        activity: u64,
    },
    /// The peer has said BYE: note beside the record that the dialog is to end, whatever becomes of this process.
    Closing {
        /// The dialog's activity.
        activity: u64,
    },
    /// The activity's dialog or transaction is over.
    Ended {
        /// The activity.
        activity: u64,
    },
}

/// A further branch of an INVITE of ours, and what it said first.
#[derive(Debug)]
pub struct Branch {
    /// The activity of the first branch's dialog.
    pub original: u64,
    /// Its dialog.
    pub dialog: Key,
    /// The server transaction whose INVITE was passed on, if one was.
    pub link: Option<Key>,
    /// The response.
    pub response: Box<Message>,
}

/// Why an operation was refused. It had no effect then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UaError {
    /// The dialog or transaction has ended.
    #[error("the dialog or transaction has ended")]
    Gone,
    /// The request has its final response, or the dialog is not at the point where the operation makes sense.
    #[error("not possible in this state")]
    State,
    /// A limit was reached.
    #[error("too many dialogs or transactions")]
    Full,
    /// The way that the request was to go is no more.
    #[error("the flow is gone")]
    NoFlow,
    /// The message would be too large, or what it is made of is malformed.
    #[error("cannot be written as a message")]
    Unwritable,
}

impl From<TransactionError> for UaError {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Gone => Self::Gone,
            TransactionError::Final => Self::State,
            TransactionError::Full => Self::Full,
        }
    }
}

/// What was counted since the last [`take_counts`](super::Ua::take_counts).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that were no SIP, or could not be answered.
    pub unreadable: u64,
    /// Requests answered without a service: 4xx and 5xx of the user agent's own.
    pub refused: u64,
    /// Urgent requests that were taken while others were refused.
    pub urgent: u64,
    /// Responses that belong to no transaction.
    pub stray: u64,
    /// Requests for whose host no address was found.
    pub unresolved: u64,
    /// Requests sent to another server because the one before did not answer.
    pub failovers: u64,
    /// Reliable provisional responses that found no room behind others.
    pub provisionals_dropped: u64,
    /// Reliable provisional responses whose PRACK never came.
    pub provisionals_unacknowledged: u64,
    /// Branches of forked INVITEs that got a dialog of their own.
    pub forks: u64,
    /// Responses of branches that got none because there were too many.
    pub forks_beyond: u64,
    /// 2xx of services to an UPDATE or PRACK whose offer they left unanswered.
    pub answers_missing: u64,
    /// Sessions that were not refreshed in time.
    pub sessions_expired: u64,
}
