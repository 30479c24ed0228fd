//! The provider: what services ask of SIP. Everything is carried out after the commit of the delivery that asked.

use bytes::Bytes;
use strowger::activity::{Activity, Handle};
use strowger::context::Cx;
use strowger::error::{OpError, Result};
use strowger::id::{ActivityId, Component, RaIx};
use strowger::ra::{ActivityFlags, Provider};

use super::auth::Noted;
use super::event::{Cancel, ClientTx, Dialog, Invite};
use super::flow::FlowId;
use super::message::{Request, RequestId, Response};
use super::outgoing::Outgoing;
use super::reply::Reply;
use super::subscription::SubscriptionCommand;
use super::target::Target;
use crate::proto::proxy::{Aim, Fork};
use crate::proto::registrar::{Aor, Binding};
use crate::proto::slab::Key;
use crate::proto::ua;
use crate::proto::ua::Draft;
use crate::proto::wire::Method;

/// SIP, as handlers take it: `sip: Ra<Sip>`.
///
/// Operations on a dialog or a request that is over do nothing and succeed: what the service wanted gone is gone, and
/// what it wanted answered has been answered. What cannot be sent comes back as a [`Response`] that
/// [is local](Response::is_local).
#[derive(Clone, Copy, Debug)]
pub struct Sip {
    pub(super) ra: RaIx,
}

/// Why an operation was refused. It had no effect then.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SipError {
    /// There is no such status code.
    #[error("{0} is no status code")]
    Status(u16),
    /// That method has an operation of its own.
    #[error("method does not fit the operation")]
    Method,
    /// A SUBSCRIBE needs an Event header.
    #[error("no event package")]
    NoEvent,
}

/// What the adaptor is asked to do.
#[derive(Debug)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "made by the provider's methods only, which say what each does"
)]
pub enum Command {
    Invite {
        dialog: ActivityId,
        draft: Draft,
    },
    Request {
        activity: ActivityId,
        draft: Draft,
    },
    Within {
        dialog: ActivityId,
        draft: Draft,
    },
    Respond {
        tx: Key,
        reply: ua::Reply,
        lost: Option<Lost>,
    },
    Answer {
        dialog: ActivityId,
        reply: ua::Reply,
    },
    Ack {
        dialog: ActivityId,
        lines: Bytes,
        body: Bytes,
    },
    HangUp {
        dialog: ActivityId,
        lines: Bytes,
    },
    Cancel {
        dialog: ActivityId,
    },
    AcceptCancel {
        tx: Key,
        lost: Lost,
    },
    Verified(Noted),
    Register {
        registration: ActivityId,
        aor: Aor,
        bindings: Vec<Binding>,
    },
    Subscription(Box<SubscriptionCommand>),
    Proxy {
        tx: Key,
        fork: Box<Fork>,
    },
    ProxyOn {
        tx: Key,
        aims: Vec<Aim>,
        patience: Option<u32>,
    },
}

/// What is needed to answer a request whose transaction was lost with its process.
#[derive(Debug)]
pub struct Lost {
    pub(crate) request: Bytes,
    pub(crate) source: FlowId,
}

impl Provider for Sip {
    const TYPE: Component = Component {
        name: "sip",
        vendor: "strowger-sip",
        version: "1.0",
    };
    fn bind(ra: RaIx) -> Self {
        Self { ra }
    }
}

impl Sip {
    pub(super) fn ra(&self) -> RaIx {
        self.ra
    }

    /// Where a call wants to go: its Request-URI.
    ///
    /// # Errors
    /// It is no SIP or telephone URI.
    pub fn target(&self, invite: &Invite) -> Result<Target> {
        Ok(Target::from_bytes(invite.message().share(invite.uri()))?)
    }

    /// Calls someone. Responses come on the new dialog; it ends with a failure response, after [`bye`](Self::bye), or
    /// with the peer's BYE. ACK goes out by itself if the INVITE carried a body; otherwise it is the service's, with the
    /// answer in it: [`ack`](Self::ack), or [`relay_request`](Self::relay_request) of the other leg's.
    ///
    /// # Errors
    /// The container refuses the activity.
    pub fn invite(&self, cx: &mut Cx<'_>, outgoing: Outgoing) -> Result<Handle<Dialog>> {
        let mut draft = outgoing.draft;
        draft.method = Bytes::from_static(b"INVITE");
        let dialog = cx.start_activity::<Dialog>(self.ra, DIALOG_FLAGS)?;
        cx.command(
            self.ra,
            Command::Invite {
                dialog: dialog.id(),
                draft,
            },
        );
        Ok(dialog)
    }

    /// Sends a request outside of any dialog: OPTIONS, MESSAGE, ... The response comes on the new activity.
    ///
    /// # Errors
    /// The method is INVITE, ACK, BYE or CANCEL, or the container refuses the activity.
    pub fn request(&self, cx: &mut Cx<'_>, outgoing: Outgoing) -> Result<Handle<ClientTx>> {
        let draft = outgoing.draft;
        let own = [Method::Invite, Method::Ack, Method::Bye, Method::Cancel];
        if own.iter().any(|method| draft.method == method.as_bytes()) {
            return Err(SipError::Method.into());
        }
        let tx = cx.start_activity::<ClientTx>(self.ra, ActivityFlags::default())?;
        cx.command(
            self.ra,
            Command::Request {
                activity: tx.id(),
                draft,
            },
        );
        Ok(tx)
    }

    /// Sends a request within a dialog: re-INVITE, INFO, UPDATE, MESSAGE, ... The response comes on the dialog.
    ///
    /// # Errors
    /// The method is ACK, BYE or CANCEL, or the dialog is another adaptor's.
    pub fn send(&self, cx: &mut Cx<'_>, dialog: Handle<Dialog>, outgoing: Outgoing) -> Result {
        let draft = outgoing.draft;
        if [Method::Ack, Method::Bye, Method::Cancel]
            .iter()
            .any(|method| draft.method == method.as_bytes())
        {
            return Err(SipError::Method.into());
        }
        self.check(cx, dialog)?;
        cx.command(
            self.ra,
            Command::Within {
                dialog: dialog.id(),
                draft,
            },
        );
        Ok(())
    }

    /// Answers a request: `sip.respond(cx, ev, 486)?`. The first final response counts.
    ///
    /// # Errors
    /// The status is not between 100 and 699.
    pub fn respond(&self, cx: &mut Cx<'_>, request: &Request, reply: impl Into<Reply>) -> Result {
        let lost = Some(Lost {
            request: request.message.bytes().clone(),
            source: request.source,
        });
        let reply = checked(reply.into())?;
        cx.command(
            self.ra,
            Command::Respond {
                tx: Key::from_u64(request.id),
                reply,
                lost,
            },
        );
        Ok(())
    }

    /// Answers a request that came earlier, by its name.
    ///
    /// # Errors
    /// The status is not between 100 and 699.
    pub fn respond_to(
        &self,
        cx: &mut Cx<'_>,
        request: RequestId,
        reply: impl Into<Reply>,
    ) -> Result {
        let tx = Key::from_u64(request.0);
        let reply = checked(reply.into())?;
        cx.command(
            self.ra,
            Command::Respond {
                tx,
                reply,
                lost: None,
            },
        );
        Ok(())
    }

    /// Answers the INVITE, first or later, that a dialog waits with.
    ///
    /// # Errors
    /// The dialog is another adaptor's, or the status is not between 100 and 699.
    pub fn answer(
        &self,
        cx: &mut Cx<'_>,
        dialog: Handle<Dialog>,
        reply: impl Into<Reply>,
    ) -> Result {
        self.check(cx, dialog)?;
        let reply = checked(reply.into())?;
        cx.command(
            self.ra,
            Command::Answer {
                dialog: dialog.id(),
                reply,
            },
        );
        Ok(())
    }

    /// Passes a response back to the leg whose request it answers: status, reason phrase, body, headers. `to` is that
    /// leg's dialog; it is used where the request was not passed on but made by the service.
    ///
    /// # Errors
    /// The dialog is another adaptor's.
    pub fn relay(&self, cx: &mut Cx<'_>, response: &Response, to: Handle<Dialog>) -> Result {
        self.relay_as(cx, response, to, Reply::passing(response))
    }

    /// The same, but with what the service has made of it, mostly of [`Reply::passing`]. It still goes to the request that
    /// `response` answers.
    ///
    /// # Errors
    /// The dialog is another adaptor's, or the status is not between 100 and 699.
    pub fn relay_as(
        &self,
        cx: &mut Cx<'_>,
        response: &Response,
        to: Handle<Dialog>,
        reply: Reply,
    ) -> Result {
        self.check(cx, to)?;
        let reply = checked(reply)?;
        cx.command(
            self.ra,
            match response.link {
                Some(link) => Command::Respond {
                    tx: Key::from_u64(link),
                    reply,
                    lost: None,
                },
                None => Command::Answer {
                    dialog: to.id(),
                    reply,
                },
            },
        );
        Ok(())
    }

    /// Passes a request on to the other leg: re-INVITE, UPDATE, INFO, MESSAGE, OPTIONS, any other, or the ACK that
    /// carries an answer. Its response comes on that leg and goes back with [`relay`](Self::relay).
    ///
    /// # Errors
    /// The method is BYE or CANCEL (end the other leg with [`bye`](Self::bye)), or the dialog is another adaptor's.
    pub fn relay_request(&self, cx: &mut Cx<'_>, request: &Request, to: Handle<Dialog>) -> Result {
        self.relay_request_as(cx, request, to, Outgoing::passing(request))
    }

    /// The same, but with what the service has made of it, mostly of [`Outgoing::passing`].
    ///
    /// # Errors
    /// As for [`relay_request`](Self::relay_request).
    pub fn relay_request_as(
        &self,
        cx: &mut Cx<'_>,
        request: &Request,
        to: Handle<Dialog>,
        outgoing: Outgoing,
    ) -> Result {
        self.check(cx, to)?;
        let method = request.method();
        if matches!(method, Method::Bye | Method::Cancel) {
            return Err(SipError::Method.into());
        }
        let (dialog, draft) = (to.id(), outgoing.draft);
        let command = if *method == Method::Ack {
            Command::Ack {
                dialog,
                lines: draft.lines,
                body: draft.body,
            }
        } else {
            Command::Within { dialog, draft }
        };
        cx.command(self.ra, command);
        Ok(())
    }

    /// Acknowledges the oldest reliable provisional response that has no PRACK (RFC 3262), with the answer to its offer or an
    /// offer of the service's own. The response comes on the dialog; without anything to acknowledge it is a local 481.
    ///
    /// # Errors
    /// The dialog is another adaptor's.
    pub fn prack(
        &self,
        cx: &mut Cx<'_>,
        dialog: Handle<Dialog>,
        sdp: Option<(&str, Bytes)>,
    ) -> Result {
        let prack = Outgoing::within("PRACK");
        let prack = match sdp {
            Some((kind, body)) => prack.body(kind, body),
            None => prack,
        };
        self.send(cx, dialog, prack)
    }

    /// Acknowledges the 2xx to an INVITE that carried no body; does nothing if that has been done.
    ///
    /// # Errors
    /// The dialog is another adaptor's.
    pub fn ack(
        &self,
        cx: &mut Cx<'_>,
        dialog: Handle<Dialog>,
        answer: Option<(&str, Bytes)>,
    ) -> Result {
        self.check(cx, dialog)?;
        let (lines, body) = match answer {
            Some((kind, body)) => (
                super::outgoing::with_header(b"", "Content-Type", kind),
                body,
            ),
            None => (Bytes::new(), Bytes::new()),
        };
        cx.command(
            self.ra,
            Command::Ack {
                dialog: dialog.id(),
                lines,
                body,
            },
        );
        Ok(())
    }

    /// Ends a dialog, whatever its phase: CANCEL for a call of ours that is not answered, 480 for one to us, BYE for one
    /// that is up. BYE is sent until it is answered, also across a restart. Nothing comes after it but the end of the
    /// activity.
    ///
    /// # Errors
    /// The dialog is another adaptor's.
    pub fn bye(&self, cx: &mut Cx<'_>, dialog: Handle<Dialog>) -> Result {
        self.hang_up(cx, dialog, Bytes::new())
    }

    /// The same with the value of a Reason header (RFC 3326), which goes with CANCEL, 480 or BYE. A BYE that is sent again
    /// after a restart, and a CANCEL that has to wait for a first response, go without it.
    ///
    /// # Errors
    /// As for [`bye`](Self::bye).
    pub fn bye_because(&self, cx: &mut Cx<'_>, dialog: Handle<Dialog>, reason: &str) -> Result {
        self.hang_up(
            cx,
            dialog,
            super::outgoing::with_header(b"", "Reason", reason),
        )
    }

    fn hang_up(&self, cx: &mut Cx<'_>, dialog: Handle<Dialog>, lines: Bytes) -> Result {
        self.check(cx, dialog)?;
        cx.command(
            self.ra,
            Command::HangUp {
                dialog: dialog.id(),
                lines,
            },
        );
        Ok(())
    }

    /// Gives up a call of ours that is not answered. If its answer crosses the CANCEL it is acknowledged and ended.
    /// Nothing comes after it but the end of the activity. Within a call it gives up a re-INVITE, whose final response comes
    /// all the same, mostly 487.
    ///
    /// # Errors
    /// The dialog is another adaptor's.
    pub fn cancel(&self, cx: &mut Cx<'_>, dialog: Handle<Dialog>) -> Result {
        self.check(cx, dialog)?;
        cx.command(
            self.ra,
            Command::Cancel {
                dialog: dialog.id(),
            },
        );
        Ok(())
    }

    /// Accepts a CANCEL: 200 for it, and 487 for its INVITE unless that has its final response.
    ///
    /// # Errors
    /// None that a handler can meet; the signature is that of all operations.
    pub fn accept_cancel(&self, cx: &mut Cx<'_>, cancel: &Cancel) -> Result {
        let lost = Lost {
            request: cancel.message.bytes().clone(),
            source: cancel.source,
        };
        cx.command(
            self.ra,
            Command::AcceptCancel {
                tx: Key::from_u64(cancel.id),
                lost,
            },
        );
        Ok(())
    }

    /// A handle that has gone stale is no error; one of another adaptor entity is a mistake in the service.
    pub(super) fn check<A: Activity>(&self, cx: &Cx<'_>, handle: Handle<A>) -> Result {
        match cx.owner(handle) {
            Some(owner) if owner != self.ra => Err(OpError::WrongActivityType(handle.id()).into()),
            _ => Ok(()),
        }
    }
}

fn checked(reply: Reply) -> Result<ua::Reply> {
    if (100..700).contains(&reply.0.status) {
        Ok(reply.0)
    } else {
        Err(SipError::Status(reply.0.status).into())
    }
}

/// A dialog that nobody refers to is brought to its end.
pub(crate) const DIALOG_FLAGS: ActivityFlags = ActivityFlags {
    report_end: false,
    report_unreferenced: true,
};
