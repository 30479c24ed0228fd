//! The provider: what services ask of Diameter. Everything is carried out after the commit of the delivery that asked.

use std::time::Duration;

use strowger::activity::{Activity, Handle};
use strowger::context::Cx;
use strowger::error::{OpError, Result};
use strowger::id::{ActivityId, Component, RaIx};
use strowger::ra::{ActivityFlags, Provider};

use super::activity::{ClientTx, Session, ShSubscription};
use super::message::{Identity, Incoming, RequestId};
use super::outgoing::Outgoing;
use crate::proto::credit::accounting::Counts;
use crate::ra::View;

/// Diameter, as handlers take it: `diameter: Ra<Diameter>`.
///
/// Operations on a session or a request that is over do nothing and succeed: what the service wanted gone is gone, and
/// what it wanted answered has been answered. A request that cannot be sent comes back as
/// [`SendFailure`](crate::SendFailure) on its activity.
#[derive(Clone, Copy, Debug)]
pub struct Diameter {
    ra: RaIx,
}

/// Why an operation was refused. It had no effect then.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DiameterError {
    /// An AVP or the whole message is longer than its length field can say.
    #[error("message is longer than 24 bits can say")]
    TooLong,
    /// A value cannot be written as its AVP asks.
    #[error("value does not fit AVP {0}")]
    Value(u32),
    /// An answer was given where a request is needed, or a request where an answer is.
    #[error("request and answer are mixed up")]
    Kind,
}

/// With whom a session is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionTo {
    /// The application id.
    pub application: u32,
    /// Destination-Realm; the own realm if none is given.
    pub realm: Option<String>,
    /// Destination-Host, if it must be one server. Once that has answered it is the one that answered.
    pub host: Option<String>,
}

impl SessionTo {
    /// A session of that application with whoever serves that realm.
    #[must_use]
    pub fn realm(application: u32, realm: &str) -> Self {
        Self {
            application,
            realm: Some(realm.to_owned()),
            host: None,
        }
    }
}

/// A peer, as services see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerInfo {
    /// Its Origin-Host.
    pub name: Identity,
    /// Whether requests can be sent to it.
    pub is_open: bool,
}

/// What the adaptor is asked to do.
#[derive(Debug)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "made by the provider's methods only, which say what each does"
)]
pub enum Command {
    Begin {
        session: ActivityId,
        to: SessionTo,
    },
    Request {
        activity: ActivityId,
        request: Outgoing,
    },
    Send {
        activity: ActivityId,
        request: Outgoing,
    },
    Subscribe {
        subscription: ActivityId,
        request: Outgoing,
    },
    Answer {
        id: RequestId,
        answer: Outgoing,
    },
    Forward {
        id: RequestId,
    },
    Supervise {
        session: ActivityId,
        within: Option<Duration>,
    },
    End {
        activity: ActivityId,
    },
    Note {
        counts: Vec<(&'static str, u64)>,
        is_loss: bool,
    },
}

impl Provider for Diameter {
    const TYPE: Component = Component {
        name: "diameter",
        vendor: "strowger-diameter",
        version: "1.0",
    };
    fn bind(ra: RaIx) -> Self {
        Self { ra }
    }
}

impl Diameter {
    /// Sends a request that belongs to no session that is kept. Its answer, [`Timeout`](crate::Timeout) or
    /// [`SendFailure`](crate::SendFailure) comes on the new activity, which ends with it. Session-Id, Origin-Host,
    /// Origin-Realm, Destination-Realm and what the application is named by are put in unless they are given.
    ///
    /// # Errors
    /// The message cannot be written, or the container refuses the activity.
    pub fn request(&self, cx: &mut Cx<'_>, request: Outgoing) -> Result<Handle<ClientTx>> {
        request.check_request()?;
        let activity = cx.start_activity::<ClientTx>(self.ra, ActivityFlags::default())?;
        let command = Command::Request {
            activity: activity.id(),
            request,
        };
        cx.command(self.ra, command);
        Ok(activity)
    }

    /// Begins a session; nothing is sent before the first [`send`](Self::send). Its Session-Id is new.
    ///
    /// # Errors
    /// The container refuses the activity.
    pub fn session(&self, cx: &mut Cx<'_>, to: SessionTo) -> Result<Handle<Session>> {
        let session = cx.start_activity::<Session>(self.ra, FLAGS)?;
        let command = Command::Begin {
            session: session.id(),
            to,
        };
        cx.command(self.ra, command);
        Ok(session)
    }

    /// Sends a request in a session, of whichever role: CCR, ACR, AAR and STR of a client; RAR and ASR of a server. What
    /// comes of it comes on the session.
    ///
    /// # Errors
    /// The message cannot be written, or the session is another adaptor's.
    pub fn send(&self, cx: &mut Cx<'_>, session: Handle<Session>, request: Outgoing) -> Result {
        request.check_request()?;
        self.check(cx, session)?;
        let command = Command::Send {
            activity: session.id(),
            request,
        };
        cx.command(self.ra, command);
        Ok(())
    }

    /// Subscribes to changes of a user's data with SNR (Sh). The answer comes on the new activity; if it is no success the
    /// activity ends.
    ///
    /// # Errors
    /// The message cannot be written, or the container refuses the activity.
    pub fn subscribe(&self, cx: &mut Cx<'_>, request: Outgoing) -> Result<Handle<ShSubscription>> {
        request.check_request()?;
        let subscription = cx.start_activity::<ShSubscription>(self.ra, FLAGS)?;
        let command = Command::Subscribe {
            subscription: subscription.id(),
            request,
        };
        cx.command(self.ra, command);
        Ok(subscription)
    }

    /// Sends a further request of a subscription: SNR that renews it, or that ends it with Subs-Req-Type 1.
    ///
    /// # Errors
    /// The message cannot be written, or the subscription is another adaptor's.
    pub fn resubscribe(
        &self,
        cx: &mut Cx<'_>,
        subscription: Handle<ShSubscription>,
        request: Outgoing,
    ) -> Result {
        request.check_request()?;
        self.check(cx, subscription)?;
        let command = Command::Send {
            activity: subscription.id(),
            request,
        };
        cx.command(self.ra, command);
        Ok(())
    }

    /// Answers a request: `diameter.answer(cx, ev, Outgoing::answer(2001))?`. The first answer counts.
    ///
    /// # Errors
    /// The message cannot be written.
    pub fn answer(&self, cx: &mut Cx<'_>, request: &Incoming, answer: Outgoing) -> Result {
        self.answer_to(cx, request.id(), answer)
    }

    /// Answers a request that came earlier, by its name.
    ///
    /// # Errors
    /// The message cannot be written.
    pub fn answer_to(&self, cx: &mut Cx<'_>, request: RequestId, answer: Outgoing) -> Result {
        answer.check_answer()?;
        let command = Command::Answer {
            id: request,
            answer,
        };
        cx.command(self.ra, command);
        Ok(())
    }

    /// Sends a request on, as it came, to the peers of its realm: one that came by way of a realm whose action is `proxy`. Its
    /// answer goes back by itself, and no service sees it. A request that cannot be sent on is answered 3002.
    ///
    /// # Errors
    /// None that a handler can meet; the signature is that of all operations.
    pub fn forward(&self, cx: &mut Cx<'_>, request: &Incoming) -> Result {
        cx.command(self.ra, Command::Forward { id: request.id() });
        Ok(())
    }

    /// Expects a request in a session within that time, again and again; without one the session ends with
    /// [`SessionExpired`](crate::SessionExpired) (the Tcc of RFC 8506 for a credit-control server, Session-Timeout for
    /// others). `None` is what the settings say.
    ///
    /// # Errors
    /// The session is another adaptor's.
    pub fn supervise(
        &self,
        cx: &mut Cx<'_>,
        session: Handle<Session>,
        within: Option<Duration>,
    ) -> Result {
        self.check(cx, session)?;
        let command = Command::Supervise {
            session: session.id(),
            within,
        };
        cx.command(self.ra, command);
        Ok(())
    }

    /// Ends a session here; nothing is sent. What it still waits for is given up.
    ///
    /// # Errors
    /// The session is another adaptor's.
    pub fn end(&self, cx: &mut Cx<'_>, session: Handle<Session>) -> Result {
        self.check(cx, session)?;
        let command = Command::End {
            activity: session.id(),
        };
        cx.command(self.ra, command);
        Ok(())
    }

    /// A report of use will be debited by nobody.
    pub(crate) fn note_lost(&self, cx: &mut Cx<'_>, certain: bool) {
        let counts = vec![
            ("diameter.reports_lost", 1),
            ("diameter.reports_uncertain", u64::from(!certain)),
        ];
        let is_loss = true;
        cx.command(self.ra, Command::Note { counts, is_loss });
    }

    /// What has become of accounting records.
    pub(crate) fn note_records(&self, cx: &mut Cx<'_>, before: Counts, now: Counts) {
        let counts = vec![
            (
                "diameter.accounting_records",
                now.received - before.received,
            ),
            ("diameter.accounting_kept", now.persisted - before.persisted),
            (
                "diameter.accounting_resent",
                now.retransmitted - before.retransmitted,
            ),
            (
                "diameter.accounting_delivered",
                now.delivered - before.delivered,
            ),
            (
                "diameter.accounting_discarded",
                now.discarded - before.discarded,
            ),
        ];
        if before != now {
            let is_loss = now.discarded > before.discarded;
            cx.command(self.ra, Command::Note { counts, is_loss });
        }
    }

    /// The Session-Id of a session. One that is begun in this delivery has its own already.
    #[must_use]
    pub fn session_id(&self, cx: &Cx<'_>, session: Handle<Session>) -> Option<String> {
        let view = cx.view::<View>(self.ra)?;
        Some(view.session_id(cx, session.id()))
    }

    /// The peers, in the order of their names.
    #[must_use]
    pub fn peers(&self, cx: &Cx<'_>) -> Vec<PeerInfo> {
        let view = cx.view::<View>(self.ra);
        view.map(View::peers).unwrap_or_default()
    }

    /// A handle that has gone stale is no error; one of another adaptor entity is a mistake in the service.
    fn check<A: Activity>(&self, cx: &Cx<'_>, handle: Handle<A>) -> Result {
        match cx.owner(handle) {
            Some(owner) if owner != self.ra => Err(OpError::WrongActivityType(handle.id()).into()),
            _ => Ok(()),
        }
    }
}

/// A session that nobody refers to is brought to its end.
pub(crate) const FLAGS: ActivityFlags = ActivityFlags {
    report_end: false,
    report_unreferenced: true,
};
