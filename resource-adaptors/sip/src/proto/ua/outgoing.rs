//! Requests of ours: RFC 3261 8.1, 9.1, 12.2.1, 13.2, 14.1, 15.1.1.

use bytes::Bytes;

use super::super::compose::{self, Answer};
use super::super::dialog::{AckDue, Dialog, Field, Phase, RequestParts, Role};
use super::super::flow::{Flow, Transmit, Transport};
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::transaction::ClientKind;
use super::super::wire::{Limits, Message, Method};
use super::{Output, Owner, Ua, UaError, Use, What};

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
        let next = first_route(&draft.route).unwrap_or(&draft.uri);
        let route = self.route_to(next);
        let flow = route.unwrap_or_else(nowhere);
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
        let sent = self.send_in(now, key, flow, user, draft, 1, !is_reachable(route, draft));
        if let Err(error) = sent {
            self.remove_dialog(key);
            return Err(error);
        }
        if !is_reachable(route, draft) {
            self.fail_unsent(now, key, if draft.max_forwards == 0 { 483 } else { 503 });
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
        let next = first_route(&draft.route).unwrap_or(&draft.uri);
        let flow = self.route_to(next).ok_or(UaError::Unwritable)?;
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
        let bytes = dialog.request(&parts(draft, 1, &via, self.contact(&flow)));
        self.tx.send(now, tx, bytes, &mut self.sends);
        self.flush();
        Ok(tx)
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

    /// Ends a dialog in whatever phase: CANCEL or nothing more than waiting for the final response, 480, or BYE.
    /// No event comes after it but the end of the activity.
    ///
    /// # Errors
    /// The dialog is gone.
    pub fn hang_up(&mut self, now: Ms, key: Key) -> Result<(), UaError> {
        let dialog = self.dialogs.get(key).ok_or(UaError::Gone)?;
        let pending = dialog.pending.as_ref();
        match (dialog.phase, dialog.role) {
            (Phase::Early, Role::Uac) if pending.is_some_and(|p| p.invite_out.is_some()) => {
                self.cancel(now, key)?;
            }
            (Phase::Early, Role::Uac) => self.end_dialog(now, key),
            (Phase::Early, Role::Uas) => match pending.and_then(|pending| pending.invite_in) {
                Some(tx) => self.respond_lines(now, tx, 480, b""),
                None => self.end_dialog(now, key),
            },
            (Phase::Confirmed, _) => self.bye(now, key),
            (Phase::Ending, _) => {}
        }
        self.flush();
        Ok(())
    }

    /// Gives an INVITE of ours up (RFC 3261 9.1): nothing of it is reported any more. A 2xx that comes all the same is
    /// acknowledged and ended.
    ///
    /// # Errors
    /// The dialog is gone, or it is not a call of ours without final response.
    pub fn cancel(&mut self, now: Ms, key: Key) -> Result<(), UaError> {
        let dialog = self.dialogs.get_mut(key).ok_or(UaError::Gone)?;
        if dialog.phase != Phase::Early || dialog.role != Role::Uac {
            return Err(UaError::State);
        }
        dialog.cancelled = true;
        let invite = dialog
            .pending
            .as_ref()
            .and_then(|pending| pending.invite_out)
            .ok_or(UaError::State)?;
        self.tx.cancel(now, invite, &mut self.sends)?;
        self.flush();
        Ok(())
    }

    /// Acknowledges the 2xx to an INVITE that carried no body, or does nothing if that is not owed.
    ///
    /// # Errors
    /// The dialog is gone, or the draft cannot be written.
    pub fn ack_ok(&mut self, key: Key, lines: &[u8], body: &[u8]) -> Result<(), UaError> {
        let dialog = self.dialogs.get_mut(key).ok_or(UaError::Gone)?;
        let Some(due) = dialog
            .pending
            .as_mut()
            .and_then(|pending| pending.unanswered.take())
        else {
            return Ok(());
        };
        dialog.tidy();
        self.send_ack(key, due, lines, body);
        self.flush();
        Ok(())
    }

    pub(super) fn send_ack(&mut self, key: Key, due: AckDue, lines: &[u8], body: &[u8]) {
        let Some(dialog) = self.dialogs.get(key) else {
            return;
        };
        let flow = self.dialog_flow(dialog);
        let branch = self.secret.branch(Key::from_u64(self.mint.random()));
        let via = self.via(&flow, branch.as_bytes());
        let contact = self.contact(&flow);
        let ack = RequestParts {
            method: b"ACK",
            cseq: due.cseq,
            via: &via,
            contact,
            max_forwards: 70,
            lines,
            body,
        };
        let bytes = dialog.request(&ack);
        self.tx.keep_ack(due.tx, bytes.clone());
        self.send(flow, bytes);
    }

    /// Begins to end a confirmed dialog: it is written down as ending, and BYE goes out until it is answered. Before the
    /// ACK of our 2xx it waits for that (RFC 3261 15).
    pub(super) fn bye(&mut self, now: Ms, key: Key) {
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        dialog.phase = Phase::Ending;
        dialog.local_cseq += 1;
        let waits = dialog
            .pending
            .as_ref()
            .is_some_and(|pending| pending.unacked.is_some());
        let owed = dialog
            .pending
            .as_mut()
            .and_then(|pending| pending.unanswered.take());
        self.save(key);
        if let Some(due) = owed {
            self.send_ack(key, due, b"", b"");
        }
        if !waits {
            self.send_bye(now, key);
        }
    }

    pub(super) fn send_bye(&mut self, now: Ms, key: Key) {
        let Some(dialog) = self.dialogs.get(key) else {
            return;
        };
        let (flow, cseq) = (self.dialog_flow(dialog), dialog.local_cseq);
        let user = Use {
            owner: Owner::Dialog(key),
            what: What::Bye,
            link: None,
        };
        let draft = Draft {
            method: Bytes::from_static(b"BYE"),
            max_forwards: 70,
            ..Draft::default()
        };
        if self
            .send_in(now, key, flow, user, &draft, cseq, false)
            .is_err()
        {
            // No transaction is to be had: the peer finds out by its own timers.
            self.end_dialog(now, key);
        }
        self.flush();
    }

    /// Writes a request of a dialog and gives it to a new transaction; `hold` leaves it unsent.
    #[expect(
        clippy::too_many_arguments,
        reason = "the one place where a request of a dialog comes together"
    )]
    fn send_in(
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
        let contact = if invite || draft.method == b"UPDATE"[..] {
            self.contact(&flow)
        } else {
            b""
        };
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

    fn fail_unsent(&mut self, now: Ms, key: Key, status: u16) {
        let tx = self
            .dialogs
            .get(key)
            .and_then(|dialog| dialog.pending.as_ref()?.invite_out);
        if let Some((user, _, request)) = tx.and_then(|tx| self.tx.fail_client(tx)) {
            self.fail(now, user, &request, status);
        }
    }

    /// Answers a request that cannot be sent in the peer's place.
    fn fail_draft(&mut self, now: Ms, key: Key, user: Use, draft: &Draft, cseq: u32, status: u16) {
        let Some(dialog) = self.dialogs.get(key) else {
            return;
        };
        let via = self.via(&dialog.flow, b"z9hG4bKunsent");
        let bytes = dialog.request(&parts(draft, cseq, &via, b""));
        self.fail_locally(now, user, &bytes, status);
    }

    /// A request of ours got no final response: what that means for its owner, as RFC 3261 8.1.3.1 says.
    pub(super) fn fail(&mut self, now: Ms, user: Use, request: &Bytes, status: u16) {
        self.fail_locally(now, user, request, status);
        self.flush();
    }

    fn fail_locally(&mut self, now: Ms, user: Use, request: &Bytes, status: u16) {
        let Ok(request) = Message::parse(request.clone(), &Limits::DEFAULT) else {
            return;
        };
        let bytes = compose::response(
            &request,
            &nowhere(),
            Answer {
                status,
                ..Answer::default()
            },
        );
        if let Ok(response) = Message::parse(bytes, &Limits::DEFAULT) {
            self.conclude(now, user, response, true);
        }
    }

    /// The transport could not bring a message to its peer.
    pub fn send_failed(&mut self, now: Ms, transmit: &Transmit) {
        let Ok(message) = Message::parse(transmit.bytes.clone(), &Limits::DEFAULT) else {
            return;
        };
        if message.method().is_none_or(|method| *method == Method::Ack) {
            return;
        }
        let branch = message.via().ok().and_then(|via| via.branch());
        let Some(tx) = branch.and_then(|branch| self.secret.our_branch(branch)) else {
            return;
        };
        if message.method() == Some(&Method::Cancel) {
            return;
        }
        if let Some((user, _, request)) = self.tx.fail_client(tx) {
            self.fail(now, user, &request, 503);
        }
    }

    /// Datagrams to this address do not arrive (ICMP): what still waits there for a first response fails.
    pub fn unreachable(&mut self, now: Ms, listener: u16, peer: std::net::SocketAddr) {
        let to = |flow: &Flow| {
            flow.transport == Transport::Udp && flow.listener == listener && flow.peer == peer
        };
        for tx in self.tx.waiting_on(to) {
            if let Some((user, _, request)) = self.tx.fail_client(tx) {
                self.fail(now, user, &request, 503);
            }
        }
    }

    /// Nothing refers to a dialog any more: whatever it is waiting for, it is brought to its end.
    pub fn abandon(&mut self, now: Ms, key: Key) {
        let Some(dialog) = self.dialogs.get(key) else {
            return;
        };
        let unanswered = dialog
            .pending
            .as_ref()
            .and_then(|pending| pending.invite_in);
        match (dialog.phase, dialog.role, unanswered) {
            (Phase::Early, Role::Uas, Some(tx)) => {
                let _ = self.respond_unserved(now, tx);
            }
            (Phase::Early, Role::Uac, _) => {
                let _ = self.cancel(now, key);
            }
            (Phase::Confirmed, ..) => self.bye(now, key),
            (Phase::Early | Phase::Ending, ..) => {}
        }
        self.flush();
    }

    /// The response that stands for the peer's to a request that could not even be made.
    #[must_use]
    pub fn stand_in(&self, draft: &Draft, status: u16) -> Option<Bytes> {
        let flow = nowhere();
        let dialog = Dialog::uac(
            b"none",
            b"none",
            &draft.from,
            &draft.to,
            &draft.uri,
            b"",
            flow,
        )
        .ok()?;
        let bytes = dialog.request(&parts(draft, 1, &self.via(&flow, b"z9hG4bKunsent"), b""));
        let request = Message::parse(bytes, &Limits::DEFAULT).ok()?;
        Some(compose::response(
            &request,
            &flow,
            Answer {
                status,
                ..Answer::default()
            },
        ))
    }

    /// Drops a dialog without a word to the peer: an operator's order.
    pub fn drop_dialog(&mut self, now: Ms, key: Key) {
        self.end_dialog(now, key);
        self.flush();
    }

    /// Reports a response to the owner of its request.
    pub(super) fn report(&mut self, user: Use, activity: u64, response: Message, local: bool) {
        self.outputs.push_back(Output::Response {
            activity,
            link: user.link,
            response: Box::new(response),
            local,
        });
    }
}

fn parts<'a>(draft: &'a Draft, cseq: u32, via: &'a [u8], contact: &'a [u8]) -> RequestParts<'a> {
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

fn is_reachable(route: Option<Flow>, draft: &Draft) -> bool {
    route.is_some() && draft.max_forwards > 0
}

/// The way of what is never sent.
fn nowhere() -> Flow {
    Flow {
        transport: Transport::Udp,
        listener: 0,
        conn: None,
        peer: std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0),
    }
}
