//! Dialogs that outlive their process: what is written down, and how they go on afterwards.

use bytes::Bytes;

use super::super::dialog::{AckDue, Dialog, Phase, RecordError, Session, Unacked};
use super::super::flow::Flow;
use super::super::keyed::{Digest, Sip24};
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::wire::{Limits, Message};
use super::responses::NO_TX;
use super::routing::reply_flow;
use super::{Alarm, Ua, UaError};

impl Ua {
    /// The durable record of a dialog.
    #[must_use]
    pub fn record(&self, key: Key) -> Option<Vec<u8>> {
        self.dialogs.get(key).map(Dialog::to_record)
    }

    /// The 2xx of a dialog that waits for its ACK, to be written beside the record, and until when it is repeated.
    #[must_use]
    pub fn unacked(&self, key: Key) -> Option<(&Bytes, Ms)> {
        let unacked = self.dialogs.get(key)?.pending.as_ref()?.unacked.as_ref()?;
        Some((&unacked.bytes, unacked.until))
    }

    /// Notes whether the 2xx of a dialog is written beside its record; returns whether it was before.
    pub fn set_unacked_saved(&mut self, key: Key, saved: bool) -> bool {
        self.dialogs
            .get_mut(key)
            .is_some_and(|dialog| std::mem::replace(&mut dialog.unacked_saved, saved))
    }

    /// The CSeq of the ACK that a dialog's service owes, to be written beside the record.
    #[must_use]
    pub fn owed_ack(&self, key: Key) -> Option<u32> {
        let owed = self.dialogs.get(key)?.pending.as_ref()?.unanswered;
        owed.map(|due| due.cseq)
    }

    /// Notes whether the owed ACK of a dialog is written beside its record; returns whether it was before.
    pub fn set_owed_saved(&mut self, key: Key, saved: bool) -> bool {
        self.dialogs
            .get_mut(key)
            .is_some_and(|dialog| std::mem::replace(&mut dialog.owed_saved, saved))
    }

    /// Takes back that the service owes the ACK of a 2xx, with an answer in it.
    pub fn restore_owed(&mut self, key: Key, cseq: u32) {
        if let Some(dialog) = self.dialogs.get_mut(key) {
            dialog.owed_saved = true;
            if dialog.phase == Phase::Confirmed {
                dialog.pending_mut().unanswered = Some(AckDue { tx: NO_TX, cseq });
            }
        }
    }

    /// The durable record of a dialog's session, once one is agreed on; `ahead` is what wall-clock time is ahead of `Ms`.
    #[must_use]
    pub fn session_record(&self, key: Key, ahead: u64) -> Option<Vec<u8>> {
        let dialog = self.dialogs.get(key)?;
        let session = dialog.session.as_deref()?;
        (dialog.phase == Phase::Confirmed).then(|| session.to_record(ahead))
    }

    /// Takes the session of a dialog back; one that cannot be read lasts as long as the call.
    pub fn restore_session(&mut self, key: Key, record: &[u8], ahead: u64) {
        let Ok(session) = Session::from_record(record, ahead) else {
            return;
        };
        if let Some(dialog) = self.dialogs.get_mut(key)
            && dialog.phase == Phase::Confirmed
        {
            dialog.session = Some(Box::new(session));
            self.schedule_session(key);
        }
    }

    /// Takes a record back.
    ///
    /// # Errors
    /// `Ok(Err(..))` if it cannot be read, `Err(..)` if there is no room.
    pub fn restore(
        &mut self,
        activity: u64,
        record: &[u8],
    ) -> Result<Result<Key, RecordError>, UaError> {
        match Dialog::from_record(activity, record) {
            Ok(dialog) => self.insert_restored(dialog).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Takes back a 2xx whose ACK may or may not have come: it is sent again until one comes, for `left` milliseconds.
    pub fn restore_unacked(&mut self, now: Ms, key: Key, response: &[u8], left: u64) {
        let Ok(message) = Message::parse(Bytes::copy_from_slice(response), &Limits::DEFAULT) else {
            return;
        };
        let Ok(cseq) = message.cseq().map(|cseq| cseq.number) else {
            return;
        };
        let timer = self.wheel.start(now, Alarm::Ok(key));
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        dialog.unacked_saved = true;
        if left == 0 || dialog.closing || dialog.phase != Phase::Confirmed {
            self.wheel.cancel(timer);
            return;
        }
        let flow = reply_flow(
            &message,
            Flow {
                conn: None,
                ..dialog.flow
            },
        );
        let id = self.invite_id(&message);
        self.restored.insert(id, key);
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        dialog.pending_mut().unacked = Some(Unacked {
            bytes: message.bytes().clone(),
            flow,
            cseq,
            interval: self.tx.timings().t1,
            until: now + left,
            uncertain: true,
            timer,
        });
    }

    /// A copy of an INVITE whose 2xx was restored: it gets that 2xx again, and is no new call.
    pub(super) fn repeat_restored(&mut self, now: Ms, request: &Message) -> bool {
        if now >= self.recovering_until {
            self.restored.clear();
            return false;
        }
        if self.restored.is_empty() {
            return false;
        }
        let id = self.invite_id(request);
        let unacked = self
            .restored
            .get(&id)
            .and_then(|key| self.dialogs.get(*key)?.pending.as_ref()?.unacked.as_ref());
        let Some(unacked) = unacked else { return false };
        let (flow, bytes) = (unacked.flow, unacked.bytes.clone());
        self.send(flow, bytes);
        true
    }

    /// What a copy of an INVITE and a response to it have in common.
    fn invite_id(&self, message: &Message) -> Digest {
        let mut hash = Sip24::wide(self.table_key);
        hash.field(message.call_id().unwrap_or_default());
        hash.field(message.from_tag().unwrap_or_default());
        hash.field(&message.cseq().map_or(0, |cseq| cseq.number).to_le_bytes());
        hash.finish_wide()
    }

    /// Takes back that the peer of a dialog has said BYE. Its copies are answered like any BYE; without one the dialog ends
    /// after 64*T1.
    pub fn restore_closing(&mut self, now: Ms, key: Key) {
        let until = now + self.tx.timings().give_up();
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        dialog.closing = true;
        if let Some(unacked) = dialog
            .pending
            .as_mut()
            .and_then(|pending| pending.unacked.take())
        {
            self.wheel.cancel(unacked.timer);
        }
        self.wheel.start(until, Alarm::Ok(key));
    }

    /// All dialogs are back: what must be sent until it is answered is sent again.
    pub fn restored(&mut self, now: Ms) {
        self.recovering_until = now + self.tx.timings().give_up();
        self.resume_early(now);
        let ending: Vec<Key> = self
            .dialogs
            .iter()
            .filter(|(_, dialog)| dialog.phase == Phase::Ending)
            .map(|(key, _)| key)
            .collect();
        for key in ending {
            // The peer may have seen the first BYE, so this one needs a CSeq of its own.
            if let Some(dialog) = self.dialogs.get_mut(key) {
                dialog.local_cseq += 1;
            }
            self.save(key);
            self.send_bye(now, key);
        }
        self.subscriptions_restored(now);
        self.flush();
    }
}
