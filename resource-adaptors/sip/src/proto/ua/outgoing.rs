//! Requests of ours: RFC 3261 8.1, 9.1, 12.2.1, 13.2, 14.1, 15.1.1.

use bytes::Bytes;

use super::super::auth::Credentials;
use super::super::compose;
use super::super::dialog::{Dialog, Field, Forks, Offer, Phase, RequestParts, Session, SessionAsk};
use super::super::flow::Flow;
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::transaction::ClientKind;
use super::super::wire::{HeaderId, Limits, Message};
use super::failure::nowhere;
use super::reliable::REL;
use super::{Owner, Provisional, Ua, UaError, Use, What};

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
    /// Our credentials, if someone asks for them.
    pub credentials: Option<Box<Credentials>>,
    /// The way to send it, for a request outside of dialogs; without one it is found from the route and the URI.
    pub flow: Option<Flow>,
    /// Of an INVITE that makes a call: the call is to be there after a restart before it is answered, too.
    pub durable: bool,
    /// Of an INVITE that makes a call: further branches get dialogs of their own.
    pub forks: bool,
    /// Of an INVITE that makes a call: what is asked of the session.
    pub session: Option<SessionAsk>,
    /// Of an INVITE: whether reliable provisional responses may or must come.
    pub reliable: Support,
    /// Of an INVITE: who acknowledges the reliable provisional responses to it.
    pub acknowledge: Acknowledge,
}

/// What an INVITE of ours says of an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Support {
    /// Nothing.
    #[default]
    No,
    /// It is supported.
    Supported,
    /// It is required.
    Required,
}

/// Who sends PRACK for a reliable provisional response (RFC 3262 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acknowledge {
    /// The user agent, at once; but where PRACK must carry the answer to an offer it is the service.
    #[default]
    ByItself,
    /// The service, or whoever's PRACK it passes on.
    ByService,
}

impl Draft {
    pub(super) fn is_too_long(&self, limits: &Limits) -> bool {
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
        self.take_credentials(Owner::Dialog(key), draft);
        if let Some(ask) = draft.session.or(self.config.session.default)
            && let Some(dialog) = self.dialogs.get_mut(key)
        {
            dialog.session = Some(Box::new(Session::new(ask)));
            self.drafts.insert(key, Box::new(draft.clone()));
        }
        let extended = self.extended(key, draft);
        let draft = extended.as_ref().unwrap_or(draft);
        let user = self.invite_user(key, draft);
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
        } else if draft.durable || self.config.early_durable {
            // Written before the INVITE leaves.
            self.keep_early(key);
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
            link: draft.link,
            ..Use::of(Owner::Activity(activity), What::Other)
        };
        let (tx, branch) = self.tx.open(ClientKind::Other, flow, user)?;
        let via = self.via(&flow, branch.as_bytes());
        let bytes = dialog.request(&parts(
            draft,
            1,
            &via,
            &self.contact_for(&draft.method, &draft.uri, &flow),
        ));
        self.take_credentials(user.owner, draft);
        self.tx.send(now, tx, bytes, &mut self.sends);
        self.flush();
        Ok(tx)
    }

    /// The way of a request outside of dialogs: the one that was asked for, if it is there still, or that of its first hop.
    pub(super) fn way_of(&self, draft: &Draft) -> Result<Flow, UaError> {
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
        self.request_in(now, key, draft, false)
    }

    /// Sends a request of the user agent's own within a dialog.
    pub(super) fn request_quietly(
        &mut self,
        now: Ms,
        key: Key,
        draft: &Draft,
    ) -> Result<(), UaError> {
        self.request_in(now, key, draft, true)
    }

    fn request_in(&mut self, now: Ms, key: Key, draft: &Draft, quiet: bool) -> Result<(), UaError> {
        if draft.is_too_long(&self.config.limits) {
            return Err(UaError::Unwritable);
        }
        let dialog = self.dialogs.get(key).ok_or(UaError::Gone)?;
        if dialog.phase == Phase::Ending || dialog.text(Field::RemoteTag).is_empty() {
            return Err(UaError::State);
        }
        let (method, sdp) = (&draft.method[..], draft.has_sdp());
        let busy = method == b"INVITE"
            && dialog.pending.as_ref().is_some_and(|pending| {
                pending.invite_in.is_some()
                    || pending.invite_out.is_some()
                    || pending.unanswered.is_some()
            });
        let cseq = dialog.local_cseq + 1;
        let flow = self.dialog_flow(dialog);
        let what = What::of(method, sdp);
        let user = Use {
            link: draft.link,
            quiet,
            ..Use::of(Owner::Dialog(key), what)
        };
        let failure = match Self::barred_offer(dialog, what, sdp) {
            _ if draft.max_forwards == 0 => Some(483),
            _ if busy => Some(491),
            barred => barred,
        };
        if let Some(status) = failure {
            self.fail_draft(key, user, draft, cseq, status);
            return Ok(());
        }
        if let What::Prack { .. } = what {
            return self.prack_within(now, key, user, draft, cseq);
        }
        self.take_credentials(user.owner, draft);
        if let Some(dialog) = self.dialogs.get_mut(key) {
            dialog.local_cseq = cseq;
        }
        self.count_with_original(key);
        self.save_kept(key);
        let extended = self.extended(key, draft);
        let draft = extended.as_ref().unwrap_or(draft);
        let user = if method == b"INVITE" {
            Use {
                quiet,
                ..self.invite_user(key, draft)
            }
        } else {
            user
        };
        let result = self.send_in(now, key, flow, user, draft, cseq, false);
        if result.is_ok() {
            self.made_offer(key, what, sdp);
        }
        self.flush();
        result
    }

    /// A request with what it says of extensions; none if it says nothing.
    fn extended(&mut self, key: Key, draft: &Draft) -> Option<Draft> {
        let timed = self.session_request(key, draft);
        if timed.is_some() {
            self.session_described(key, &draft.lines, &draft.body);
        }
        let support: &[HeaderId] = match (draft.reliable, self.config.provisional) {
            _ if draft.method != b"INVITE"[..] => &[],
            (Support::No, Provisional::Plain) => &[],
            // Who requires it supports it, and there are callees that look only there (RFC 3261 8.1.1.9).
            (Support::Required, _) | (_, Provisional::Demanded) => {
                &[HeaderId::Supported, HeaderId::Require]
            }
            _ => &[HeaderId::Supported],
        };
        if timed.is_none() && support.is_empty() {
            return None;
        }
        let mut lines = timed.as_deref().unwrap_or(&draft.lines).to_vec();
        for header in support {
            compose::line(&mut lines, header.name(), REL);
        }
        Some(Draft {
            lines: lines.into(),
            ..draft.clone()
        })
    }

    /// An INVITE of ours got 422: with a longer interval it is made again, as the same call (RFC 4028 7.3). One within a
    /// call is made again by [`answer_too_small`](Self::answer_too_small).
    pub(super) fn invite_longer(
        &mut self,
        now: Ms,
        key: Key,
        user: Use,
        response: &Message,
    ) -> bool {
        let early = self.dialogs.get(key).map(|dialog| dialog.phase) == Some(Phase::Early);
        if !early || !self.session_lengthened(key, response) {
            return false;
        }
        let Some(draft) = self.drafts.get(&key).cloned() else {
            return false;
        };
        self.invite_again(now, key, user, &draft).is_ok()
    }

    /// Makes the INVITE of a call of ours again, after a failure that invites to: same Call-ID and tag, next CSeq.
    pub(super) fn invite_again(
        &mut self,
        now: Ms,
        key: Key,
        user: Use,
        draft: &Draft,
    ) -> Result<(), UaError> {
        let flow = self.way_of(draft)?;
        self.begin_forks_again(now, key);
        let dialog = self.dialogs.get_mut(key).ok_or(UaError::Gone)?;
        if dialog.cancelled || !dialog.start_over(&draft.uri, &draft.route) {
            return Err(UaError::State);
        }
        dialog.local_cseq += 1;
        let cseq = dialog.local_cseq;
        if dialog.early().is_some() {
            let early = dialog.early_mut();
            (early.rseq_in, early.exchanged) = (0, false);
            early.owed.clear();
            early.heard.clear();
        }
        let extended = self.extended(key, draft);
        let draft = extended.as_ref().unwrap_or(draft);
        let user = Use {
            link: user.link,
            ..self.invite_user(key, draft)
        };
        let sent = self.send_in(now, key, flow, user, draft, cseq, false);
        self.save_kept_early(key);
        sent
    }

    /// What an INVITE of ours is for; what it leaves behind in its dialog is noted.
    fn invite_user(&mut self, key: Key, draft: &Draft) -> Use {
        let what = What::Invite {
            ack: !draft.body.is_empty(),
        };
        if let Some(dialog) = self.dialogs.get_mut(key) {
            if draft.has_sdp() {
                dialog.offer = Offer::Ours;
            }
            if draft.acknowledge == Acknowledge::ByService {
                dialog.early_mut().prack_by_service = true;
            }
            if draft.forks && dialog.phase == Phase::Early {
                dialog.early_mut().forks = Forks::Apart(Vec::new());
            }
        }
        Use {
            link: draft.link,
            ..Use::of(Owner::Dialog(key), what)
        }
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
        let proved = self.with_dialog_credentials(key, draft);
        let draft = proved.as_ref().unwrap_or(draft);
        let via = self.via(&flow, branch.as_bytes());
        let Some(dialog) = self.dialogs.get(key) else {
            return Err(UaError::Gone);
        };
        let contact = self.contact_for(&draft.method, dialog.text(Field::Target), &flow);
        let bytes = dialog.request(&parts(draft, cseq, &via, &contact));
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
