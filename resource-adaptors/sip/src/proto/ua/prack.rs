//! Reliable provisional responses that come, and the PRACK for them: RFC 3262 4 of the client side.

use bytes::Bytes;

use super::super::compose;
use super::super::dialog::Offer;
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::wire::{HeaderId, Message};
use super::negotiation::has_sdp;
use super::reliable::{REL, number};
use super::{Draft, Owner, Ua, UaError, Use, What};

/// Responses whose PRACK a service may owe at a time; further ones are left to be repeated.
const OWED: usize = 8;

/// The RSeq of a reliable provisional response; none for any other.
pub(super) fn rseq(response: &Message) -> Option<u32> {
    let status = response.status()?;
    if !(101..200).contains(&status) || response.to_tag().is_none() {
        return None;
    }
    let rseq = response.get(HeaderId::RSeq)?;
    if !response.lists(HeaderId::Require, REL) {
        return None;
    }
    number(rseq.trim_ascii()).filter(|rseq| *rseq > 0)
}

impl Ua {
    /// A reliable provisional response came to an INVITE of ours. Whether it is to be reported: it is neither a copy nor
    /// out of order (RFC 3262 4). It is acknowledged at once unless that is the service's.
    pub(super) fn take_reliable(
        &mut self,
        now: Ms,
        key: Key,
        rseq: u32,
        response: &Message,
    ) -> bool {
        let invite = response.cseq().map_or(0, |cseq| cseq.number);
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return false;
        };
        let early = dialog.early_mut();
        if early.rseq_in != 0 && rseq != early.rseq_in.wrapping_add(1) {
            return false;
        }
        if early.owed.len() >= OWED {
            self.counts.provisionals_dropped += 1;
            return false;
        }
        early.rseq_in = rseq;
        early.invite_cseq = invite;
        early.owed.push(rseq);
        if has_sdp(response) {
            Self::exchanged(dialog, false);
        }
        // The offer in it is answered in its PRACK, which only the service can.
        let service = dialog.offer == Offer::Theirs
            || dialog.early().is_some_and(|early| early.prack_by_service);
        if !service {
            self.acknowledge(now, key);
        }
        true
    }

    /// PRACK of the user agent's own for the oldest response that has none.
    fn acknowledge(&mut self, now: Ms, key: Key) {
        let draft = Draft {
            method: Bytes::from_static(b"PRACK"),
            max_forwards: 70,
            ..Draft::default()
        };
        let user = Use {
            quiet: true,
            ..Use::of(Owner::Dialog(key), What::Prack { offer: false })
        };
        // Without a transaction for it the peer repeats its response in vain and refuses the call.
        let _ = self.send_prack(now, key, user, &draft);
    }

    /// A PRACK of the service's, or one that it passes on. Where nothing is to be acknowledged, because that has been done
    /// by itself, one without a body is answered as the peer would have done.
    pub(super) fn prack_within(
        &mut self,
        now: Ms,
        key: Key,
        user: Use,
        draft: &Draft,
        cseq: u32,
    ) -> Result<(), UaError> {
        if let Some(link) = draft.link
            && let Some(asked) = self.tx.server_user(link)
        {
            // Its answer is on its way; none is given in its place.
            self.tx.set_server_user(
                link,
                Use {
                    quiet: true,
                    ..asked
                },
            );
        }
        let owed = self
            .dialogs
            .get(key)
            .and_then(|dialog| dialog.early())
            .is_some_and(|early| !early.owed.is_empty());
        if owed {
            let result = self.send_prack(now, key, user, draft);
            if result.is_ok() {
                self.made_offer(key, user.what, draft.has_sdp());
            }
            self.flush();
            return result;
        }
        let status = if draft.body.is_empty() && draft.link.is_some() {
            200
        } else {
            481
        };
        self.fail_draft(key, user, draft, cseq, status);
        Ok(())
    }

    /// Sends a PRACK for the oldest response that has none.
    pub(super) fn send_prack(
        &mut self,
        now: Ms,
        key: Key,
        user: Use,
        draft: &Draft,
    ) -> Result<(), UaError> {
        let dialog = self.dialogs.get_mut(key).ok_or(UaError::Gone)?;
        let early = dialog.early_mut();
        let invite = early.invite_cseq;
        let Some(rseq) = early.owed.first().copied() else {
            return Err(UaError::State);
        };
        early.owed.remove(0);
        dialog.local_cseq += 1;
        let cseq = dialog.local_cseq;
        self.count_with_original(key);
        self.save_kept(key);
        let dialog = self.dialogs.get(key).ok_or(UaError::Gone)?;
        let flow = self.dialog_flow(dialog);
        let mut lines = Vec::with_capacity(draft.lines.len() + 40);
        let rack = format!("{rseq} {invite} INVITE");
        compose::line(&mut lines, HeaderId::RAck.name(), rack.as_bytes());
        lines.extend_from_slice(&draft.lines);
        let draft = Draft {
            lines: lines.into(),
            ..draft.clone()
        };
        self.send_in(now, key, flow, user, &draft, cseq, false)
    }
}
