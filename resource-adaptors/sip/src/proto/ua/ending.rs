//! The ACK of a 2xx, and the ways a dialog ends from our side: RFC 3261 9.1, 13.2.2.4, 15.

use bytes::Bytes;

use super::super::dialog::{AckDue, Field, Offer, Phase, RequestParts, Role};
use super::super::slab::Key;
use super::super::time::Ms;
use super::{Draft, Owner, Ua, UaError, Use, What};

impl Ua {
    /// Ends a dialog in whatever phase: CANCEL or nothing more than waiting for the final response, 480, or BYE.
    /// No event comes after it but the end of the activity.
    ///
    /// # Errors
    /// The dialog is gone.
    pub fn hang_up(&mut self, now: Ms, key: Key) -> Result<(), UaError> {
        self.hang_up_with(now, key, &Bytes::new())
    }

    /// The same; `lines` are whole header lines for the CANCEL, the 480 or the BYE, such as Reason (RFC 3326). They are not
    /// written down: a BYE that is sent again after a restart goes without them.
    ///
    /// # Errors
    /// The dialog is gone.
    pub fn hang_up_with(&mut self, now: Ms, key: Key, lines: &Bytes) -> Result<(), UaError> {
        let dialog = self.dialogs.get_mut(key).ok_or(UaError::Gone)?;
        if !lines.is_empty() && dialog.phase != Phase::Ending {
            dialog.pending_mut().farewell = lines.clone();
        }
        let pending = dialog.pending.as_ref();
        match (dialog.phase, dialog.role) {
            (Phase::Early, Role::Uac) if pending.is_some_and(|p| p.invite_out.is_some()) => {
                self.cancel(now, key)?;
            }
            (Phase::Early, Role::Uac) if dialog.fork_of().is_some() => self.give_up_fork(now, key),
            (Phase::Early, Role::Uac) => self.end_dialog(now, key),
            (Phase::Early, Role::Uas) => match pending.and_then(|pending| pending.invite_in) {
                Some(tx) => self.respond_lines(now, tx, 480, lines),
                None => self.end_dialog(now, key),
            },
            (Phase::Confirmed, _) => self.bye(now, key),
            (Phase::Ending, _) => {}
        }
        self.flush();
        Ok(())
    }

    /// Gives an INVITE of ours up (RFC 3261 9.1). Of one that was to make a call nothing is reported any more, and a 2xx that
    /// comes all the same is acknowledged and ended. One within a call gets its final response like any other, mostly 487.
    /// All branches of a fork are given up with it.
    ///
    /// # Errors
    /// The dialog is gone, or no INVITE of ours waits in it for its final response.
    pub fn cancel(&mut self, now: Ms, key: Key) -> Result<(), UaError> {
        let key = self.original_of(key);
        self.begin_forks_again(now, key);
        let dialog = self.dialogs.get_mut(key).ok_or(UaError::Gone)?;
        let invite = dialog
            .pending
            .as_ref()
            .and_then(|pending| pending.invite_out)
            .ok_or(UaError::State)?;
        dialog.cancelled |= dialog.phase == Phase::Early;
        let lines = dialog
            .pending
            .as_ref()
            .map_or_else(Bytes::new, |pending| pending.farewell.clone());
        self.save_kept_early(key);
        self.tx.cancel(now, invite, &lines, &mut self.sends)?;
        self.call_off(now, invite);
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
        dialog.offer = Offer::None;
        dialog.tidy();
        if dialog.owed_saved {
            self.save(key);
        }
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
        let contact = self.contact_for(b"INVITE", dialog.text(Field::Target), &flow);
        let lines = &*self.ack_lines(key, lines);
        let ack = RequestParts {
            method: b"ACK",
            cseq: due.cseq,
            via: &via,
            contact: &contact,
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
        if let Some(session) = dialog.session.as_deref_mut() {
            session.interval = 0;
            self.wheel.cancel(session.timer);
        }
        let (mut waits, mut owed) = (false, None);
        if let Some(pending) = dialog.pending.as_mut() {
            // An ACK that may have come in an earlier process is not waited for.
            if let Some(unacked) = pending.unacked.take_if(|unacked| unacked.uncertain) {
                self.wheel.cancel(unacked.timer);
            }
            waits = pending.unacked.is_some();
            owed = pending.unanswered.take();
        }
        self.save(key);
        if let Some(due) = owed {
            self.send_ack(key, due, b"", b"");
        }
        if !waits {
            self.send_bye(now, key);
        }
    }

    pub(super) fn send_bye(&mut self, now: Ms, key: Key) {
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        let lines = dialog
            .pending
            .as_mut()
            .map_or_else(Bytes::new, |pending| std::mem::take(&mut pending.farewell));
        dialog.tidy();
        let Some(dialog) = self.dialogs.get(key) else {
            return;
        };
        let (flow, cseq) = (self.dialog_flow(dialog), dialog.local_cseq);
        let user = Use::of(Owner::Dialog(key), What::Bye);
        let draft = Draft {
            method: Bytes::from_static(b"BYE"),
            lines,
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
            (Phase::Early, Role::Uac, _) if dialog.fork_of().is_some() => {
                self.give_up_fork(now, key)
            }
            (Phase::Early, Role::Uac, _) => {
                let _ = self.cancel(now, key);
            }
            (Phase::Confirmed, ..) => self.bye(now, key),
            (Phase::Early | Phase::Ending, ..) => {}
        }
        self.flush();
    }

    /// Drops a dialog without a word to the peer: an operator's order.
    pub fn drop_dialog(&mut self, now: Ms, key: Key) {
        self.end_dialog(now, key);
        self.flush();
    }
}
