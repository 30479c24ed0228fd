//! Requests of ours: RFC 3261 8.1, 9.1, 12.2.1, 13.2, 14.1, 15.1.1.

use bytes::Bytes;

use super::super::dialog::{Dialog, Field, Phase, RequestParts};
use super::super::flow::Flow;
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::transaction::ClientKind;
use super::super::wire::Limits;
use super::failure::nowhere;
use super::{Owner, Ua, UaError, Use, What};

/// What a service says of a request. Texts are as they stand in a message; whole lines end with CRLF.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The method's name.
    pub method: Bytes,
    /// Request-URI; within a dialog unused.
    pub uri: Bytes,
    /// From without tag; within a dialog unused.
    pub from: Bytes,
    /// To without tag; within a dialog unused.
    pub to: Bytes,
    /// The value of a Route header, for a request outside of dialogs; usually empty.
    pub route: Bytes,
    /// Whole header lines: neither Via, Contact, CSeq, Call-ID, Max-Forwards, Route nor Content-Length.
    pub lines: Bytes,
    /// The body; its Content-Type is among the lines.
    pub body: Bytes,
    /// Max-Forwards; 0 is not sent but fails with 483.
    pub max_forwards: u8,
    /// The server transaction whose request this one passes on.
    pub link: Option<Key>,
    /// The way to send it, for a request outside of dialogs; without one it is found from the route and the URI.
    pub flow: Option<Flow>,
}

impl Draft {
    fn is_too_long(&self, limits: &Limits) -> bool {
        self.body.len() > limits.body || self.lines.len() + self.body.len() > limits.stream / 2
    }
}

impl Ua {
    /// Calls someone: a dialog for `activity`, whose Call-ID falls into `slot`.
    ///
    /// What goes wrong after the dialog is made comes as a response: 503 where there is no way to the URI.
    ///
    /// # Errors
    /// The limit is reached, or the draft cannot be written; the activity is not used then.
    pub fn invite(
        &mut self,
        now: Ms,
        activity: u64,
        slot: u8,
        draft: &Draft,
    ) -> Result<Key, UaError> {
        if draft.is_too_long(&self.config.limits) {
            return Err(UaError::Unwritable);
        }
        let route = self.way_of(draft);
        let flow = route.unwrap_or_else(|_| nowhere());
        let call_id = self.mint.call_id(&self.secret, slot);
        let tag = self.mint.tag(&self.secret, &call_id);
        let dialog = Dialog::uac(
            &call_id,
            &tag,
            &draft.from,
            &draft.to,
            &draft.uri,
            &draft.route,
            flow,
        );
        let mut dialog = dialog.map_err(|_| UaError::Unwritable)?;
        dialog.activity = activity;
        let key = self.insert_dialog(dialog)?;
        let user = Use {
            owner: Owner::Dialog(key),
            what: What::Invite {
                ack: !draft.body.is_empty(),
            },
            link: draft.link,
        };
        let refusal = match route {
            _ if draft.max_forwards == 0 => Some(483),
            Ok(_) => None,
            Err(UaError::NoFlow) => Some(430),
            Err(_) => Some(503),
        };
        let sent = self.send_in(now, key, flow, user, draft, 1, refusal.is_some());
        if let Err(error) = sent {
            self.remove_dialog(key);
            return Err(error);
        }
        if let Some(status) = refusal {
            self.fail_unsent(now, key, status);
        }
        self.flush();
        Ok(key)
    }

    /// Sends a request outside of any dialog for `activity`.
    ///
    /// # Errors
    /// As for [`invite`](Self::invite); also when there is no way to the URI.
    pub fn request_alone(
        &mut self,
        now: Ms,
        activity: u64,
        slot: u8,
        draft: &Draft,
    ) -> Result<Key, UaError> {
        if draft.is_too_long(&self.config.limits) || draft.max_forwards == 0 {
            return Err(UaError::Unwritable);
        }
        let flow = self.way_of(draft)?;
        let call_id = self.mint.call_id(&self.secret, slot);
        let tag = self.mint.tag(&self.secret, &call_id);
        let dialog = Dialog::uac(
            &call_id,
            &tag,
            &draft.from,
            &draft.to,
            &draft.uri,
            &draft.route,
            flow,
        );
        let dialog = dialog.map_err(|_| UaError::Unwritable)?;
        let user = Use {
            owner: Owner::Activity(activity),
            what: What::Other,
            link: draft.link,
        };
        let (tx, branch) = self.tx.open(ClientKind::Other, flow, user)?;
        let via = self.via(&flow, branch.as_bytes());
        let bytes = dialog.request(&parts(
            draft,
            1,
            &via,
            self.contact_for(&draft.method, &flow),
        ));
        self.tx.send(now, tx, bytes, &mut self.sends);
        self.flush();
        Ok(tx)
    }

    /// The way of a request outside of dialogs: the one that was asked for, if it is there still, or that of its first hop.
    fn way_of(&self, draft: &Draft) -> Result<Flow, UaError> {
        match draft.flow {
            Some(flow) if self.is_live(&flow) => Ok(flow),
            Some(_) => Err(UaError::NoFlow),
            None => {
                let next = first_route(&draft.route).unwrap_or(&draft.uri);
                self.route_to(next).ok_or(UaError::Unwritable)
            }
        }
    }

    /// Sends a request within a dialog. One that collides with another (re-INVITE) fails with 491, as if the peer had
    /// said so.
    ///
    /// # Errors
    /// The dialog is gone or ending, or not confirmed, or the draft cannot be written.
    pub fn request_within(&mut self, now: Ms, key: Key, draft: &Draft) -> Result<(), UaError> {
        if draft.is_too_long(&self.config.limits) {
            return Err(UaError::Unwritable);
        }
        let dialog = self.dialogs.get(key).ok_or(UaError::Gone)?;
        if dialog.phase == Phase::Ending || dialog.text(Field::RemoteTag).is_empty() {
            return Err(UaError::State);
        }
        let invite = draft.method == b"INVITE"[..];
        let busy = invite
            && dialog.pending.as_ref().is_some_and(|pending| {
                pending.invite_in.is_some()
                    || pending.invite_out.is_some()
                    || pending.unanswered.is_some()
            });
        let cseq = dialog.local_cseq + 1;
        let flow = self.dialog_flow(dialog);
        let what = if invite {
            What::Invite {
                ack: !draft.body.is_empty(),
            }
        } else {
            What::Other
        };
        let user = Use {
            owner: Owner::Dialog(key),
            what,
            link: draft.link,
        };
        if busy || draft.max_forwards == 0 {
            let status = if busy { 491 } else { 483 };
            self.fail_draft(now, key, user, draft, cseq, status);
            return Ok(());
        }
        if let Some(dialog) = self.dialogs.get_mut(key) {
            dialog.local_cseq = cseq;
        }
        if self
            .dialogs
            .get(key)
            .is_some_and(|dialog| dialog.phase == Phase::Confirmed)
        {
            self.save(key);
        }
        let result = self.send_in(now, key, flow, user, draft, cseq, false);
        self.flush();
        result
    }

    /// Writes a request of a dialog and gives it to a new transaction; `hold` leaves it unsent.
    #[expect(
        clippy::too_many_arguments,
        reason = "the one place where a request of a dialog comes together"
    )]
    pub(super) fn send_in(
        &mut self,
        now: Ms,
        key: Key,
        flow: Flow,
        user: Use,
        draft: &Draft,
        cseq: u32,
        hold: bool,
    ) -> Result<(), UaError> {
        let invite = matches!(user.what, What::Invite { .. });
        let kind = if invite {
            ClientKind::Invite
        } else {
            ClientKind::Other
        };
        let (tx, branch) = self.tx.open(kind, flow, user)?;
        let via = self.via(&flow, branch.as_bytes());
        let contact = self.contact_for(&draft.method, &flow);
        let Some(dialog) = self.dialogs.get(key) else {
            return Err(UaError::Gone);
        };
        let bytes = dialog.request(&parts(draft, cseq, &via, contact));
        if hold {
            // Kept for the response that is made in place of the peer's.
            self.tx.hold(tx, bytes);
        } else {
            self.tx.send(now, tx, bytes, &mut self.sends);
        }
        if let Some(dialog) = self.dialogs.get_mut(key).filter(|_| invite) {
            dialog.pending_mut().invite_out = Some(tx);
        }
        Ok(())
    }
}

pub(super) fn parts<'a>(
    draft: &'a Draft,
    cseq: u32,
    via: &'a [u8],
    contact: &'a [u8],
) -> RequestParts<'a> {
    RequestParts {
        method: &draft.method,
        cseq,
        via,
        contact,
        max_forwards: draft.max_forwards,
        lines: &draft.lines,
        body: &draft.body,
    }
}

fn first_route(route: &[u8]) -> Option<&[u8]> {
    let first = super::super::wire::Elements::new(route)
        .next()
        .filter(|value| !value.is_empty())?;
    super::super::wire::NameAddr::parse(first)
        .ok()
        .map(|addr| addr.uri_raw)
}
