//! What services send: requests of ours, and answers to requests of peers.

use std::time::Duration;

use strowger::time::Wall;

use super::id::MessageId;
use super::message::Name;
use crate::proto::wire::{
    Cancel, Data, EncodeError, Pdu, PduBuf, Query, QueryResp, Replace, Status, Submit, SubmitMulti,
    SubmitMultiResp,
};

/// Where a message is to go.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strowger::State)]
pub enum To {
    /// A message centre, over its link.
    Link(Name),
    /// Whichever link of a group.
    Group(Name),
    /// An ESME that is bound to us, by its account.
    Account(Name),
}

impl To {
    /// The link of that name.
    #[must_use]
    pub fn link(name: &str) -> Self {
        Self::Link(name.into())
    }

    /// The group of that name.
    #[must_use]
    pub fn group(name: &str) -> Self {
        Self::Group(name.into())
    }

    /// The account of that name.
    #[must_use]
    pub fn account(name: &str) -> Self {
        Self::Account(name.into())
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Name {
        match self {
            Self::Link(name) | Self::Group(name) | Self::Account(name) => name,
        }
    }
}

/// A request of ours. It is written at once; what is longer than its field is refused there.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub(crate) pdu: PduBuf,
    pub(crate) parts: u32,
    pub(crate) tag: u64,
    pub(crate) sticky: Option<u32>,
    pub(crate) patience: Option<Duration>,
    pub(crate) until: Option<Wall>,
}

macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident: $pdu:ident($body:ty);)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// A field is longer than it may be.
        pub fn $name(body: &$body) -> Result<Self, EncodeError> {
            Self::of(&Pdu::$pdu(*body))
        }
    )*};
}

impl Outgoing {
    requests! {
        /// submit_sm, to a message centre. What came in a submit_sm goes on byte for byte.
        submit: SubmitSm(Submit<'_>);
        /// deliver_sm, to an ESME.
        deliver: DeliverSm(Submit<'_>);
        /// data_sm, either way.
        data: DataSm(Data<'_>);
        /// submit_multi, to a message centre.
        multi: SubmitMulti(SubmitMulti<'_>);
        /// query_sm, to a message centre.
        query: QuerySm(Query<'_>);
        /// cancel_sm, to a message centre.
        cancel: CancelSm(Cancel<'_>);
        /// replace_sm, to a message centre.
        replace: ReplaceSm(Replace<'_>);
    }

    /// Any request.
    ///
    /// # Errors
    /// A field is longer than it may be.
    pub fn of(pdu: &Pdu<'_>) -> Result<Self, EncodeError> {
        Ok(Self {
            pdu: PduBuf::of(pdu)?,
            parts: 1,
            tag: 0,
            sticky: None,
            patience: None,
            until: None,
        })
    }

    /// What comes back with its outcome, and says nothing to the adaptor.
    #[must_use]
    pub fn tag(mut self, tag: u64) -> Self {
        self.tag = tag;
        self
    }

    /// As how many it counts against the rate of the link: the parts of a message that the peer splits.
    #[must_use]
    pub fn parts(mut self, parts: u32) -> Self {
        self.parts = parts.max(1);
        self
    }

    /// Of a group, the link that others with the same number take, as long as it is there: for the parts of one message.
    #[must_use]
    pub fn sticky(mut self, number: u32) -> Self {
        self.sticky = Some(number);
        self
    }

    /// How long it may be put off by a peer that says that it is too much; `timers.throttled` unless said.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// When it is not to be sent any more: one that has waited for its turn until then comes back as
    /// [`SendError::Expired`](crate::SendError::Expired).
    #[must_use]
    pub fn until(mut self, until: Wall) -> Self {
        self.until = Some(until);
        self
    }
}

/// An answer to a request of a peer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(crate) status: Status,
    pub(crate) body: Body,
}

/// What an answer says beside its status.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Nothing.
    Empty,
    /// The id of a message, in the form that the account wants.
    Accepted(MessageId),
    /// A whole answer.
    Pdu(PduBuf),
}

impl Answer {
    /// A status and nothing else.
    #[must_use]
    pub fn status(status: Status) -> Self {
        let body = Body::Empty;
        Self { status, body }
    }

    /// The message is taken and has this id.
    #[must_use]
    pub fn accepted(id: MessageId) -> Self {
        let body = Body::Accepted(id);
        Self {
            status: Status::ROK,
            body,
        }
    }

    /// The state of a message, for query_sm.
    ///
    /// # Errors
    /// A field is longer than it may be.
    pub fn query(answer: &QueryResp<'_>) -> Result<Self, EncodeError> {
        Self::pdu(Status::ROK, &Pdu::QuerySmResp(*answer))
    }

    /// What became of a submit_multi.
    ///
    /// # Errors
    /// A field is longer than it may be.
    pub fn multi(answer: &SubmitMultiResp<'_>) -> Result<Self, EncodeError> {
        Self::pdu(Status::ROK, &Pdu::SubmitMultiResp(*answer))
    }

    /// Any answer; it must be that of the request.
    ///
    /// # Errors
    /// A field is longer than it may be.
    pub fn pdu(status: Status, answer: &Pdu<'_>) -> Result<Self, EncodeError> {
        let body = Body::Pdu(PduBuf::of(answer)?);
        Ok(Self { status, body })
    }
}
