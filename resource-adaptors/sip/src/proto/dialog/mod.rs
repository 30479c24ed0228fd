//! Dialogs as data: RFC 3261 section 12.
//!
//! A dialog knows its ids, addresses, route set and sequence numbers, writes the requests that belong to it, and can be
//! written down and read back ([`Dialog::to_record`]). It runs no timer and knows no transaction's state: the user agent
//! does. What is in flight hangs behind one pointer that is empty while the call is up.
//!
//! Invariants: a CSeq is used once; the route set never changes after the dialog is confirmed (12.2); the remote target
//! does, with every target refresh.

mod early;
mod invite;
mod record;
mod reply;
mod request;
mod session;
mod text;
mod usage;

use bytes::Bytes;
use smallvec::SmallVec;

use super::flow::Flow;
use super::slab::Key;
use super::time::Ms;
use super::timer::TimerId;
use super::wire::text::unfold;
use super::wire::{HeaderId, Message, NameAddr, WireError, request_uri};
pub use early::{Early, Forks, GIVEN_UP, Offer, Reliable, UnackedProvisional};
pub use invite::InviteRecord;
pub(in crate::proto) use record::Reader;
pub use record::RecordError;
pub use reply::{Reliability, Reply};
pub use request::RequestParts;
pub use session::{Keeper, MIN_SE, Refresher, Session, SessionAsk};
pub use text::Field;
use text::Texts;

/// Of a dialog that no activity stands for.
pub const NO_ACTIVITY: u64 = u64::MAX;

/// Which side began the dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// We sent the INVITE.
    Uac = 0,
    /// We received it.
    Uas = 1,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// No final response to the INVITE yet.
    Early = 0,
    /// A 2xx was sent or received.
    Confirmed = 1,
    /// Our BYE is on its way; it is sent until it is answered.
    Ending = 2,
}

/// One dialog, or the attempt at one.
#[derive(Debug)]
pub struct Dialog {
    /// The activity that stands for it, or [`NO_ACTIVITY`].
    pub activity: u64,
    /// Our role.
    pub role: Role,
    /// Its phase.
    pub phase: Phase,
    /// The INVITE is being given up: a 2xx that comes all the same is acknowledged and ended.
    pub cancelled: bool,
    /// The peer has said BYE to an earlier process.
    pub closing: bool,
    /// It was made by INVITE and that usage of it goes on (RFC 5057).
    pub call: bool,
    /// How many subscriptions use it. It lives until its last usage ends.
    pub usages: u16,
    /// Its 2xx stands beside its record.
    pub unacked_saved: bool,
    /// That it owes an ACK stands beside its record.
    pub owed_saved: bool,
    /// Its INVITE without final answer stands beside its record.
    pub invite_saved: bool,
    /// Whose offer waits for its answer.
    pub offer: Offer,
    /// The last CSeq that we used.
    pub local_cseq: u32,
    /// The last CSeq that the peer used; 0 for none.
    pub remote_cseq: u32,
    /// The way over which the dialog was made.
    pub flow: Flow,
    texts: Texts,
    /// Its session, if that ends unless it is refreshed.
    pub session: Option<Box<Session>>,
    /// What is in flight.
    pub pending: Option<Box<Pending>>,
}

/// What of a dialog is in flight. Empty for a call that is simply up.
#[derive(Debug, Default)]
pub struct Pending {
    /// An INVITE that we have not answered finally.
    pub invite_in: Option<Key>,
    /// An INVITE of ours without a final answer.
    pub invite_out: Option<Key>,
    /// Other requests that we have not answered finally.
    pub requests_in: SmallVec<[Key; 2]>,
    /// A 2xx of ours without its ACK.
    pub unacked: Option<Unacked>,
    /// A 2xx to our INVITE that we have not acknowledged.
    pub unanswered: Option<AckDue>,
    /// Whole header lines for the message that ends the dialog.
    pub farewell: Bytes,
    /// An UPDATE of ours has no final answer yet.
    pub update_out: bool,
    /// What only some have: reliable provisional responses, forks.
    pub early: Option<Box<Early>>,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.invite_in.is_none()
            && self.invite_out.is_none()
            && self.requests_in.is_empty()
            && self.unacked.is_none()
            && self.unanswered.is_none()
            && self.farewell.is_empty()
            && !self.update_out
            && self.early.is_none()
    }
}

/// A 2xx that is sent again until its ACK comes (RFC 3261 13.3.1.4).
#[derive(Debug)]
pub struct Unacked {
    /// The response.
    pub bytes: Bytes,
    /// Its way.
    pub flow: Flow,
    /// The CSeq that the ACK must carry.
    pub cseq: u32,
    /// Milliseconds until the next copy.
    pub interval: u32,
    /// When to give up.
    pub until: Ms,
    /// Whether the ACK may have come in an earlier process: then giving up is no reason to end the call.
    pub uncertain: bool,
    /// The running timer.
    pub timer: TimerId,
}

/// An ACK that the service owes.
#[derive(Debug, Clone, Copy)]
pub struct AckDue {
    /// The transaction of the INVITE.
    pub tx: Key,
    /// Its CSeq.
    pub cseq: u32,
}

/// Why a message makes no dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DialogError {
    /// A header that it needs is missing or malformed.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// It has no Contact, or not exactly one address in it.
    #[error("no usable Contact")]
    Contact,
    /// Its texts are too long.
    #[error("dialog state too large")]
    TooLarge,
}

impl Dialog {
    /// The dialog that a received INVITE asks for (RFC 3261 12.1.1).
    ///
    /// # Errors
    /// The INVITE lacks what a dialog needs.
    pub fn uas(invite: &Message, local_tag: &[u8], flow: Flow) -> Result<Self, DialogError> {
        let (from, to) = (invite.from()?, invite.to()?);
        let routes = join_routes(invite, false)?;
        let target = contact(invite, b"")?.ok_or(DialogError::Contact)?;
        let texts = Texts::pack([
            invite.call_id()?,
            local_tag,
            from.tag().unwrap_or_default(),
            &unfold(address(invite, HeaderId::To, &to)),
            &unfold(address(invite, HeaderId::From, &from)),
            &request_uri(target.uri_raw),
            &routes,
        ]);
        Ok(Self {
            activity: NO_ACTIVITY,
            role: Role::Uas,
            phase: Phase::Early,
            cancelled: false,
            closing: false,
            call: true,
            usages: 0,
            unacked_saved: false,
            owed_saved: false,
            invite_saved: false,
            offer: Offer::None,
            local_cseq: 0,
            remote_cseq: invite.cseq()?.number,
            flow,
            texts: texts.ok_or(DialogError::TooLarge)?,
            session: None,
            pending: None,
        })
    }

    /// The dialog that an INVITE of ours asks for. `routes` is the value of a Route header, or empty.
    ///
    /// # Errors
    /// [`DialogError::TooLarge`].
    pub fn uac(
        call_id: &[u8],
        local_tag: &[u8],
        local: &[u8],
        remote: &[u8],
        target: &[u8],
        routes: &[u8],
        flow: Flow,
    ) -> Result<Self, DialogError> {
        let texts = Texts::pack([call_id, local_tag, b"", local, remote, target, routes]);
        Ok(Self {
            activity: NO_ACTIVITY,
            role: Role::Uac,
            phase: Phase::Early,
            cancelled: false,
            closing: false,
            call: true,
            usages: 0,
            unacked_saved: false,
            owed_saved: false,
            invite_saved: false,
            offer: Offer::None,
            local_cseq: 1,
            remote_cseq: 0,
            flow,
            texts: texts.ok_or(DialogError::TooLarge)?,
            session: None,
            pending: None,
        })
    }

    /// One of its texts.
    #[must_use]
    pub fn text(&self, field: Field) -> &[u8] {
        self.texts.get(field)
    }

    /// Takes over what a response to our INVITE says of the peer: tag, target and route set (RFC 3261 12.1.2). Once the
    /// dialog is confirmed only the target changes. A Contact that is no address is as good as none: requests go on to where
    /// the INVITE went.
    ///
    /// # Errors
    /// The response lacks what it needs; nothing changed.
    pub fn learn(&mut self, response: &Message) -> Result<(), DialogError> {
        if self.phase != Phase::Early {
            return self.refresh(response);
        }
        let routes = join_routes(response, true)?;
        let target = contact(response, self.texts.get(Field::Target))
            .ok()
            .flatten();
        let target = target.map(|addr| request_uri(addr.uri_raw));
        let tag = response.to_tag().unwrap_or_default();
        let mut changes: SmallVec<[(Field, &[u8]); 3]> = SmallVec::new();
        changes.push((Field::RemoteTag, tag));
        changes.push((Field::Routes, &routes));
        // Without one the peer stays where the INVITE went.
        changes.extend(target.as_deref().map(|target| (Field::Target, target)));
        if self.texts.replace(&changes) {
            Ok(())
        } else {
            Err(DialogError::TooLarge)
        }
    }

    /// A target refresh: the peer's Contact is where requests go from here on (RFC 3261 12.2).
    ///
    /// # Errors
    /// Contact is malformed; nothing changed.
    pub fn refresh(&mut self, message: &Message) -> Result<(), DialogError> {
        let Some(target) = contact(message, self.texts.get(Field::Target))? else {
            return Ok(());
        };
        let target = request_uri(target.uri_raw);
        if *target == *self.texts.get(Field::Target)
            || self.texts.replace(&[(Field::Target, &target)])
        {
            Ok(())
        } else {
            Err(DialogError::TooLarge)
        }
    }

    /// The attempt begins again: the peer that has refused it is forgotten.
    pub fn start_over(&mut self, target: &[u8], routes: &[u8]) -> bool {
        self.texts.replace(&[
            (Field::RemoteTag, b""),
            (Field::Target, target),
            (Field::Routes, routes),
        ])
    }

    /// Takes the peer's CSeq: `false` if it is lower than one before (RFC 3261 12.2.2: 500).
    pub fn take_remote_cseq(&mut self, cseq: u32) -> bool {
        let fresh = self.remote_cseq == 0 || cseq > self.remote_cseq;
        if fresh {
            self.remote_cseq = cseq;
        }
        fresh
    }

    /// What is in flight, made if there is nothing yet.
    pub fn pending_mut(&mut self) -> &mut Pending {
        self.pending.get_or_insert_default()
    }

    /// What only some INVITEs have in flight, made if there is nothing yet.
    pub fn early_mut(&mut self) -> &mut Early {
        self.pending_mut().early.get_or_insert_default()
    }

    /// The dialog of which this one is a further branch.
    #[must_use]
    pub fn fork_of(&self) -> Option<Key> {
        match self.early()?.forks {
            Forks::Of(original) => Some(original),
            Forks::Together | Forks::Apart(_) => None,
        }
    }

    /// What only some INVITEs have in flight.
    #[must_use]
    pub fn early(&self) -> Option<&Early> {
        self.pending.as_ref()?.early.as_deref()
    }

    /// Drops the room for what is in flight if nothing is.
    pub fn tidy(&mut self) {
        if self
            .pending
            .as_ref()
            .is_some_and(|pending| pending.is_empty())
        {
            self.pending = None;
        }
    }
}

/// An address header's value without its parameters, as it came.
fn address<'a>(message: &'a Message, id: HeaderId, parsed: &NameAddr<'a>) -> &'a [u8] {
    let raw = message.get(id).unwrap_or_default();
    let params = parsed.params.as_bytes().len();
    raw.get(..raw.len().saturating_sub(params))
        .unwrap_or(raw)
        .trim_ascii_end()
}

/// Contact with a URI in it; `known` is one that needs no second look.
fn contact<'m>(message: &'m Message, known: &[u8]) -> Result<Option<NameAddr<'m>>, DialogError> {
    match message.contact() {
        None => Ok(None),
        // `*` is none either.
        Some(Ok(addr)) if addr.uri_raw == known || addr.uri().is_ok() => Ok(Some(addr)),
        Some(_) => Err(DialogError::Contact),
    }
}

/// Record-Route as the value of one Route header, reversed for the side that sent the request.
fn join_routes(message: &Message, reversed: bool) -> Result<Vec<u8>, DialogError> {
    if !message.has(HeaderId::RecordRoute) {
        return Ok(Vec::new());
    }
    let mut values: SmallVec<[&[u8]; 8]> = message.values(HeaderId::RecordRoute).collect();
    for value in &values {
        NameAddr::parse(value)?;
    }
    if reversed {
        values.reverse();
    }
    let mut out = Vec::with_capacity(values.iter().map(|value| value.len() + 2).sum());
    for (n, value) in values.iter().enumerate() {
        if n > 0 {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(&unfold(value));
    }
    Ok(out)
}
