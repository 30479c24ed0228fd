//! The provider: what services ask of SMS. Everything is carried out after the commit of the delivery that asked.

use std::time::Duration;

use strowger::activity::{Activity, Handle};
use strowger::context::Cx;
use strowger::error::{OpError, Result};
use strowger::id::{ActivityId, Component, RaIx};
use strowger::ra::{ActivityFlags, Provider};

use super::activity::{SmppTransaction, SmsMessage};
use super::id::MessageId;
use super::message::{Incoming, Name, RequestId};
use super::outgoing::{Answer, Outgoing, To};
use super::view::{AccountInfo, GroupInfo, LinkInfo};
use crate::proto::wire::Status;
use crate::ra::View;

/// SMS, as handlers take it: `sms: Ra<Sms>`.
///
/// Operations on a message or a request that is over do nothing and succeed: what the service wanted gone is gone, and what
/// it wanted answered has been answered. A message that cannot be sent comes back as [`SendFailed`](crate::SendFailed).
#[derive(Clone, Copy, Debug)]
pub struct Sms {
    ra: RaIx,
}

/// What the adaptor is asked to do.
#[derive(Debug)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "made by the provider's methods only, which say what each does"
)]
pub enum Command {
    End {
        message: ActivityId,
    },
    Answer {
        id: RequestId,
        answer: Answer,
    },
    Send {
        message: ActivityId,
        to: To,
        outgoing: Outgoing,
    },
    Withdraw {
        message: ActivityId,
    },
    Wait {
        message: ActivityId,
        to: To,
    },
    Request {
        transaction: ActivityId,
        to: To,
        outgoing: Outgoing,
    },
    Relay {
        request: RequestId,
        to: To,
        outgoing: Outgoing,
    },
    Pause {
        link: Name,
        time: Duration,
    },
}

impl Provider for Sms {
    const TYPE: Component = Component {
        name: "sms",
        vendor: "strowger-sms",
        version: "1.0",
    };
    fn bind(ra: RaIx) -> Self {
        Self { ra }
    }
}

impl Sms {
    // ---- messages

    /// Begins a message, in the slot of the event under way. It lives while an entity is attached to it or a timer runs on
    /// it, until [`end`](Self::end) at the latest.
    ///
    /// # Errors
    /// The container refuses the activity.
    pub fn message(&self, cx: &mut Cx<'_>) -> Result<Handle<SmsMessage>> {
        let message = cx.start_activity::<SmsMessage>(self.ra, FLAGS)?;
        if self.message_id(cx, message).is_none() {
            return Err(OpError::Limit("messages in one slot").into());
        }
        Ok(message)
    }

    /// The id of a message, also of one that is begun in this delivery; the same as long as it lives.
    #[must_use]
    pub fn message_id(&self, cx: &Cx<'_>, message: Handle<SmsMessage>) -> Option<MessageId> {
        cx.view::<View>(self.ra)?.mint().id(message.id())
    }

    /// The message of an id. `None` if it is over, or never was.
    #[must_use]
    pub fn find(&self, cx: &Cx<'_>, id: MessageId) -> Option<Handle<SmsMessage>> {
        let activity = cx.view::<View>(self.ra)?.mint().activity(id);
        let message = cx.narrow::<SmsMessage>(activity)?;
        (cx.owner(message) == Some(self.ra) && cx.is_alive(message)).then_some(message)
    }

    /// Ends a message. What is still to come of it, a receipt, finds nothing any more.
    ///
    /// # Errors
    /// The message is another adaptor's.
    pub fn end(&self, cx: &mut Cx<'_>, message: Handle<SmsMessage>) -> Result {
        self.check(cx, message)?;
        let command = Command::End {
            message: message.id(),
        };
        cx.command(self.ra, command);
        Ok(())
    }

    // ---- requests of peers

    /// Answers submit_sm, data_sm, submit_multi or broadcast_sm: the message is ours and has this id. The answer leaves when
    /// the delivery is as durable as its service is to be.
    ///
    /// # Errors
    /// None that a handler can meet; the signature is that of all operations.
    pub fn accept(&self, cx: &mut Cx<'_>, request: &Incoming, id: MessageId) -> Result {
        self.answer(cx, request.id(), Answer::accepted(id))
    }

    /// Answers a request with a status and nothing else: a refusal, or ESME_ROK where there is nothing to add.
    ///
    /// # Errors
    /// None that a handler can meet; the signature is that of all operations.
    pub fn refuse(&self, cx: &mut Cx<'_>, request: &Incoming, status: Status) -> Result {
        self.answer(cx, request.id(), Answer::status(status))
    }

    /// Answers a request, also one that came earlier. The first answer counts.
    ///
    /// # Errors
    /// None that a handler can meet; the signature is that of all operations.
    pub fn answer(&self, cx: &mut Cx<'_>, request: RequestId, answer: Answer) -> Result {
        let command = Command::Answer {
            id: request,
            answer,
        };
        cx.command(self.ra, command);
        Ok(())
    }

    // ---- requests of ours

    /// Sends a message on. Exactly one [`Sent`](crate::Sent) or [`SendFailed`](crate::SendFailed) comes of it, on the
    /// message, also after a restart of the node; none if it is [withdrawn](Self::withdraw) or sent once more before it left.
    ///
    /// # Errors
    /// The message is another adaptor's.
    pub fn send(
        &self,
        cx: &mut Cx<'_>,
        message: Handle<SmsMessage>,
        to: &To,
        outgoing: Outgoing,
    ) -> Result {
        self.check(cx, message)?;
        let command = Command::Send {
            message: message.id(),
            to: to.clone(),
            outgoing,
        };
        cx.command(self.ra, command);
        Ok(())
    }

    /// Whether a send of a message waits for its turn, and nothing of it has been written to a peer.
    #[must_use]
    pub fn is_queued(&self, cx: &Cx<'_>, message: Handle<SmsMessage>) -> bool {
        let view = cx.view::<View>(self.ra);
        view.is_some_and(|view| view.is_queued(message.id()))
    }

    /// Takes a send of a message back that [waits for its turn](Self::is_queued): nothing comes of it. One that has been
    /// written goes on as it was, as nobody can take it back.
    ///
    /// # Errors
    /// The message is another adaptor's.
    pub fn withdraw(&self, cx: &mut Cx<'_>, message: Handle<SmsMessage>) -> Result {
        self.check(cx, message)?;
        let message = message.id();
        cx.command(self.ra, Command::Withdraw { message });
        Ok(())
    }

    /// Waits until there is room there: [`Available`](crate::Available) comes on the message when its turn is, in the order
    /// in which messages began to wait. It waits at one place at most, until it is sent or over; also across a restart.
    ///
    /// Beyond `limits.waiting` messages it is not noted, which is counted: a service has a timer of its own besides.
    ///
    /// # Errors
    /// The message is another adaptor's.
    pub fn wait(&self, cx: &mut Cx<'_>, message: Handle<SmsMessage>, to: &To) -> Result {
        self.check(cx, message)?;
        let command = Command::Wait {
            message: message.id(),
            to: to.clone(),
        };
        cx.command(self.ra, command);
        Ok(())
    }

    /// Passes a request of a peer on to another: the answer of that one is its answer. Nothing is kept of it, so it is lost
    /// with the process. What could not be sent is answered ESME_RMSGQFUL, what had no answer ESME_RSYSERR.
    ///
    /// # Errors
    /// None that a handler can meet; the signature is that of all operations.
    pub fn relay(
        &self,
        cx: &mut Cx<'_>,
        request: RequestId,
        to: &To,
        outgoing: Outgoing,
    ) -> Result {
        let to = to.clone();
        let command = Command::Relay {
            request,
            to,
            outgoing,
        };
        cx.command(self.ra, command);
        Ok(())
    }

    /// Sends a request that belongs to no message of ours. [`Response`](crate::Response) or
    /// [`RequestFailed`](crate::RequestFailed) comes on the new activity, which ends with it.
    ///
    /// # Errors
    /// The container refuses the activity.
    pub fn request(
        &self,
        cx: &mut Cx<'_>,
        to: &To,
        outgoing: Outgoing,
    ) -> Result<Handle<SmppTransaction>> {
        let transaction =
            cx.start_activity::<SmppTransaction>(self.ra, ActivityFlags::default())?;
        let command = Command::Request {
            transaction: transaction.id(),
            to: to.clone(),
            outgoing,
        };
        cx.command(self.ra, command);
        Ok(transaction)
    }

    // ---- accounts, links and groups

    /// Sends nothing on a link for that long. What waits for it keeps its order.
    ///
    /// # Errors
    /// None that a handler can meet; the signature is that of all operations.
    pub fn pause(&self, cx: &mut Cx<'_>, link: &str, time: Duration) -> Result {
        let link = link.into();
        cx.command(self.ra, Command::Pause { link, time });
        Ok(())
    }

    /// A link of the settings.
    #[must_use]
    pub fn link(&self, cx: &Cx<'_>, name: &str) -> Option<LinkInfo> {
        cx.view::<View>(self.ra)?.link(cx.now(), name)
    }

    /// The links of the settings, in the order of their names.
    #[must_use]
    pub fn links(&self, cx: &Cx<'_>) -> Vec<LinkInfo> {
        let view = cx.view::<View>(self.ra);
        view.map(|view| view.links(cx.now())).unwrap_or_default()
    }

    /// A group of the settings.
    #[must_use]
    pub fn group(&self, cx: &Cx<'_>, name: &str) -> Option<GroupInfo> {
        cx.view::<View>(self.ra)?.group(cx.now(), name)
    }

    /// An account of the settings.
    #[must_use]
    pub fn account(&self, cx: &Cx<'_>, name: &str) -> Option<AccountInfo> {
        cx.view::<View>(self.ra)?.account(cx.now(), name)
    }

    /// A handle that has gone stale is no error; one of another adaptor entity is a mistake in the service.
    fn check<A: Activity>(&self, cx: &Cx<'_>, handle: Handle<A>) -> Result {
        match cx.owner(handle) {
            Some(owner) if owner != self.ra => Err(OpError::WrongActivityType(handle.id()).into()),
            _ => Ok(()),
        }
    }
}

/// A message that nobody refers to is brought to its end.
const FLAGS: ActivityFlags = ActivityFlags {
    report_end: false,
    report_unreferenced: true,
};
