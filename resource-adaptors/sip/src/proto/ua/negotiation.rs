//! Offers and answers by their places in messages (RFC 3264 4, RFC 3311 5, RFC 6337 table 1).
//!
//! It reads no session description: what counts is whether a message carries one, and where. INVITE, reliable 1xx, 2xx,
//! ACK, PRACK, UPDATE and the 2xx of those two may; one in an unreliable 1xx is a preview and means nothing here.
//!
//! Invariant: at most one offer of a dialog is without its answer. A second one is refused before a service sees it
//! (491, 500), or comes back to the service as a local response (491).

use super::super::dialog::{Dialog, Offer};
use super::super::slab::Key;
use super::super::wire::{HeaderId, Message};
use super::{Draft, Ua, What};

impl Ua {
    /// What stands in the way of an offer or answer that came: the status, and whether Retry-After goes with it.
    pub(super) fn refused_offer(&self, key: Key, request: &Message) -> Option<(u16, bool)> {
        let dialog = self.dialogs.get(key)?;
        let pending = dialog.pending.as_ref()?;
        let sdp = has_sdp(request);
        let what = What::of(request.method()?.as_bytes(), sdp);
        let second = match dialog.offer {
            Offer::None => None,
            Offer::Ours => Some((491, false)),
            Offer::Theirs => Some((500, true)),
        };
        match what {
            What::Update { .. } => {
                let updating = pending.requests_in.iter().any(|tx| {
                    let user = self.tx.server_user(*tx);
                    user.is_some_and(|user| matches!(user.what, What::Update { .. }))
                });
                // RFC 3311 5.2.
                if updating {
                    Some((500, true))
                } else {
                    second.filter(|_| sdp)
                }
            }
            What::Invite { .. } => second,
            What::Prack { .. } if sdp => second.filter(|_| dialog.offer == Offer::Theirs),
            What::Prack { .. } => {
                // The offer in our reliable response is answered in its PRACK (RFC 3262 5).
                let due = pending.early.as_ref().is_some_and(|early| {
                    let reliable = early.reliable.as_ref();
                    reliable.is_some_and(|r| r.unacked.as_ref().is_some_and(|one| one.sdp))
                });
                (due && dialog.offer == Offer::Ours).then_some((488, false))
            }
            What::Bye | What::Other => None,
        }
    }

    /// Notes the offer or answer in a request that came and was not refused.
    pub(super) fn take_offer(&mut self, key: Key, what: What) {
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        match what {
            What::Update { offer: true } => dialog.offer = Offer::Theirs,
            What::Prack { offer: true } => prack(dialog, Offer::Ours, Offer::Theirs),
            What::Invite { .. }
            | What::Bye
            | What::Prack { .. }
            | What::Update { .. }
            | What::Other => {}
        }
    }

    /// What keeps a request of ours from being sent (491, 488), as the peer would say it.
    pub(super) fn barred_offer(dialog: &Dialog, what: What, sdp: bool) -> Option<u16> {
        let open = dialog.offer != Offer::None;
        let barred = match what {
            What::Invite { .. } => open,
            What::Update { offer } => {
                dialog.pending.as_ref().is_some_and(|p| p.update_out) || (offer && open)
            }
            What::Prack { offer } if offer => dialog.offer == Offer::Ours,
            What::Prack { .. } => {
                let answer_due = dialog.offer == Offer::Theirs && !sdp;
                return (answer_due && dialog.early().is_some_and(|e| !e.owed.is_empty()))
                    .then_some(488);
            }
            What::Bye | What::Other => false,
        };
        barred.then_some(491)
    }

    /// Notes the offer or answer in a request of ours that is being sent.
    pub(super) fn made_offer(&mut self, key: Key, what: What, sdp: bool) {
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        match what {
            What::Invite { .. } if sdp => dialog.offer = Offer::Ours,
            What::Update { offer } => {
                dialog.pending_mut().update_out = true;
                if offer {
                    dialog.offer = Offer::Ours;
                }
            }
            What::Prack { offer: true } => prack(dialog, Offer::Theirs, Offer::Ours),
            What::Invite { .. } | What::Bye | What::Prack { .. } | What::Other => {}
        }
    }

    /// A final response to a request went out (`ours`: whose request it was).
    pub(super) fn settle(dialog: &mut Dialog, what: What, status: u16, sdp: bool, ours: bool) {
        let (asker, answerer) = if ours {
            (Offer::Ours, Offer::Theirs)
        } else {
            (Offer::Theirs, Offer::Ours)
        };
        match what {
            What::Invite { .. } => {
                let exchanged = dialog.early().is_some_and(|early| early.exchanged);
                let late = dialog.offer == Offer::None && status < 300 && sdp && !exchanged;
                dialog.offer = if late { answerer } else { Offer::None };
            }
            What::Update { offer } | What::Prack { offer } => {
                if ours && matches!(what, What::Update { .. }) {
                    dialog.pending_mut().update_out = false;
                }
                if offer && dialog.offer == asker {
                    dialog.offer = Offer::None;
                }
            }
            What::Bye | What::Other => {}
        }
    }

    /// A reliable provisional response with a session description went one way or the other.
    pub(super) fn exchanged(dialog: &mut Dialog, ours: bool) {
        let (asker, answerer) = if ours {
            (Offer::Theirs, Offer::Ours)
        } else {
            (Offer::Ours, Offer::Theirs)
        };
        if dialog.early().is_some_and(|early| early.exchanged) {
            return;
        }
        if dialog.offer == asker {
            dialog.offer = Offer::None;
            dialog.early_mut().exchanged = true;
        } else if dialog.offer == Offer::None {
            dialog.offer = answerer;
        }
    }
}

/// PRACK answers the offer of the response that it acknowledges, or makes an offer of its own.
fn prack(dialog: &mut Dialog, answered: Offer, made: Offer) {
    if dialog.offer == answered {
        dialog.offer = Offer::None;
        dialog.early_mut().exchanged = true;
    } else {
        dialog.offer = made;
    }
}

/// Whether a message carries a session description.
pub(super) fn has_sdp(message: &Message) -> bool {
    !message.body().is_empty() && is_sdp(message.get(HeaderId::ContentType))
}

impl Draft {
    /// Whether it carries a session description.
    pub(super) fn has_sdp(&self) -> bool {
        carries_sdp(&self.lines, &self.body)
    }
}

/// Whether header lines and a body of a service's carry a session description.
pub(super) fn carries_sdp(lines: &[u8], body: &[u8]) -> bool {
    if body.is_empty() {
        return false;
    }
    let kind = lines.split(|byte| *byte == b'\n').find_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(colon);
        (HeaderId::lookup(name.trim_ascii()) == HeaderId::ContentType).then_some(value)
    });
    is_sdp(kind)
}

/// A body without a type is taken for one; in a multipart body there may be one among others.
fn is_sdp(kind: Option<&[u8]>) -> bool {
    let has = |kind: &[u8], word: &[u8]| {
        kind.windows(word.len())
            .any(|part| part.eq_ignore_ascii_case(word))
    };
    kind.is_none_or(|kind| has(kind, b"/sdp") || has(kind, b"multipart"))
}
