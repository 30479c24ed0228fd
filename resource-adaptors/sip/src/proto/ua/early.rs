//! Calls that ring and outlive their process: what is written of their INVITE, and how it goes on afterwards.
//!
//! A restored transaction has a new name. Services and peers know the old one (a request's id, our branch), so the
//! transaction layer finds the new one by it.

use bytes::Bytes;

use super::super::dialog::{Forks, InviteRecord, Phase, Reliable, UnackedProvisional};
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::timer::TimerId;
use super::super::wire::{Limits, Message};
use super::negotiation::has_sdp;
use super::prack::rseq;
use super::{Alarm, Draft, Owner, Ua, Use, What};

impl Ua {
    /// A call of ours that rings is to outlive this process.
    pub(super) fn keep_early(&mut self, key: Key) {
        if let Some(dialog) = self.dialogs.get_mut(key) {
            dialog.early_mut().durable = true;
            self.save(key);
        }
    }

    /// A call that came and rings is to outlive this process.
    pub(super) fn keep_ringing(&mut self, tx: Key) {
        let user = self.tx.server_user(tx);
        if let Some(Owner::Dialog(key)) = user.map(|user| user.owner)
            && matches!(user.map(|user| user.what), Some(What::Invite { .. }))
            && self.dialogs.get(key).map(|dialog| dialog.phase) == Some(Phase::Early)
        {
            self.keep_early(key);
        }
    }

    /// Writes a dialog down if it outlives its process at this point.
    pub(super) fn save_kept(&mut self, key: Key) {
        let kept = self.dialogs.get(key).is_some_and(|dialog| {
            dialog.phase == Phase::Confirmed || dialog.early().is_some_and(|early| early.durable)
        });
        if kept {
            self.save(key);
        }
    }

    /// What a provisional response taught is written down with a call that is kept early.
    pub(super) fn save_kept_early(&mut self, key: Key) {
        let early = self.dialogs.get(key).and_then(|dialog| dialog.early());
        if early.is_some_and(|early| early.durable) {
            self.save(key);
        }
    }

    /// Whether a dialog is written down: it is confirmed, or its service wants it early.
    #[must_use]
    pub fn is_kept(&self, key: Key) -> bool {
        self.dialogs.get(key).is_some_and(|dialog| {
            dialog.phase != Phase::Early || dialog.early().is_some_and(|early| early.durable)
        })
    }

    /// The INVITE of a call that rings and is to outlive this process, to be written beside the dialog's record.
    #[must_use]
    pub fn invite_record(&self, key: Key) -> Option<Vec<u8>> {
        let dialog = self.dialogs.get(key)?;
        let pending = dialog.pending.as_deref()?;
        let early = pending.early.as_deref()?;
        if dialog.phase != Phase::Early || !early.durable {
            return None;
        }
        let (ours, tx) = match (pending.invite_in, pending.invite_out) {
            (Some(tx), _) => (false, tx),
            (None, Some(tx)) => (true, tx),
            (None, None) => return None,
        };
        let reliable = early.reliable.as_deref();
        let (user, flow, request, response) = if ours {
            let (flow, request) = self.tx.sent(tx)?;
            (self.tx.client_user(tx)?, flow, request, Bytes::new())
        } else {
            let (request, flow) = self.tx.pending(tx)?;
            let (_, response) = self.tx.last_response(tx)?;
            (
                self.tx.server_user(tx)?,
                *flow,
                request.bytes().clone(),
                response,
            )
        };
        let record = InviteRecord {
            ours,
            ack: user.what == What::Invite { ack: true },
            prack_by_service: early.prack_by_service,
            cancelled: dialog.cancelled,
            exchanged: early.exchanged,
            unacked: reliable.is_some_and(|reliable| reliable.unacked.is_some()),
            forks: matches!(early.forks, Forks::Apart(_)),
            offer: dialog.offer,
            tx,
            link: user.link,
            rseq: reliable.map_or(early.rseq_in, |reliable| reliable.rseq),
            flow,
            response: &response,
            request: &request,
        };
        Some(record.to_bytes())
    }

    /// Notes whether the INVITE of a dialog is written beside its record; returns whether it was before.
    pub fn set_invite_saved(&mut self, key: Key, saved: bool) -> bool {
        self.dialogs
            .get_mut(key)
            .is_some_and(|dialog| std::mem::replace(&mut dialog.invite_saved, saved))
    }

    /// Takes the INVITE of a call that rang back; one that cannot be read leaves the call to be over.
    pub fn restore_invite(&mut self, now: Ms, key: Key, record: &[u8]) {
        let Ok(record) = InviteRecord::parse(record) else {
            return;
        };
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        dialog.invite_saved = true;
        if dialog.phase != Phase::Early {
            return;
        }
        dialog.offer = record.offer;
        dialog.cancelled = record.cancelled;
        let early = dialog.early_mut();
        early.durable = true;
        early.exchanged = record.exchanged;
        early.prack_by_service = record.prack_by_service;
        if record.forks {
            // Those that there were are over; a branch that speaks again is a new one.
            early.forks = Forks::Apart(Vec::new());
        }
        let rings = !dialog.text(super::Field::RemoteTag).is_empty();
        if record.ours {
            dialog.early_mut().rseq_in = record.rseq;
            self.restore_ours(now, key, &record, rings);
        } else {
            self.restore_theirs(now, key, &record);
        }
        self.flush();
    }

    fn restore_ours(&mut self, now: Ms, key: Key, record: &InviteRecord<'_>, rings: bool) {
        let user = Use {
            link: record.link,
            ..Use::of(Owner::Dialog(key), What::Invite { ack: record.ack })
        };
        let request = Bytes::copy_from_slice(record.request);
        let restored = self.tx.restore_client(
            now,
            record.tx,
            (record.flow, request),
            user,
            rings,
            &mut self.sends,
        );
        if let (Ok(tx), Some(dialog)) = (restored, self.dialogs.get_mut(key)) {
            dialog.pending_mut().invite_out = Some(tx);
        }
    }

    fn restore_theirs(&mut self, now: Ms, key: Key, record: &InviteRecord<'_>) {
        let request = Bytes::copy_from_slice(record.request);
        let Ok(request) = Message::parse(request, &Limits::DEFAULT) else {
            return;
        };
        let response = Bytes::copy_from_slice(record.response);
        let user = Use::of(Owner::Dialog(key), What::Invite { ack: false });
        let cseq = request.cseq().map_or(0, |cseq| cseq.number);
        let restored = self.tx.restore_server(
            now,
            record.tx,
            (record.flow, Box::new(request)),
            user,
            response.clone(),
        );
        let Ok(tx) = restored else { return };
        let unacked = Message::parse(response.clone(), &Limits::DEFAULT)
            .ok()
            .filter(|message| record.unacked && rseq(message) == Some(record.rseq))
            .map(|message| UnackedProvisional {
                bytes: response,
                flow: record.flow,
                sdp: has_sdp(&message),
                interval: self.tx.timings().t1,
                until: now + self.tx.timings().give_up(),
                timer: TimerId::NONE,
            });
        let waits = unacked.is_some();
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        dialog.pending_mut().invite_in = Some(tx);
        if record.rseq > 0 {
            dialog.early_mut().reliable = Some(Box::new(Reliable {
                rseq: record.rseq,
                cseq,
                tx,
                unacked,
                queue: std::collections::VecDeque::new(),
                held: None,
            }));
        }
        if waits {
            let timer = self.wheel.start(now, Alarm::Provisional(key));
            self.set_provisional_timer(key, timer);
        }
    }

    /// All dialogs are back: a call that rang and has no INVITE is over, and one that was being given up goes on to be.
    pub(super) fn resume_early(&mut self, now: Ms) {
        let early: Vec<(Key, bool)> = self
            .dialogs
            .iter()
            .filter(|(_, dialog)| dialog.phase == Phase::Early)
            .map(|(key, dialog)| {
                let pending = dialog.pending.as_deref();
                let rings =
                    pending.is_some_and(|p| p.invite_in.is_some() || p.invite_out.is_some());
                (key, rings)
            })
            .collect();
        for (key, rings) in early {
            let cancelled = self.dialogs.get(key).is_some_and(|dialog| dialog.cancelled);
            if !rings {
                self.end_dialog(now, key);
            } else if cancelled {
                let _ = self.cancel(now, key);
            }
        }
    }

    /// Asks whether the peer still knows the call: 481 or no answer at all ends it (RFC 3261 12.2.1.2).
    pub(super) fn probe(&mut self, now: Ms, key: Key) {
        let draft = Draft {
            method: Bytes::from_static(b"OPTIONS"),
            max_forwards: 70,
            ..Draft::default()
        };
        // Without room for it the call stays until something else ends it.
        let _ = self.request_quietly(now, key, &draft);
    }
}
