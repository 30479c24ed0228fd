//! Responses that come: RFC 3261 8.1.3, 12.1.2, 12.2.1.2, 13.2.2, 14.1.

use bytes::Bytes;

use super::super::compose;
use super::super::dialog::{AckDue, Dialog, Field, Offer, Phase};
use super::super::flow::{Flow, Transport};
use super::super::slab::Key;
use super::super::time::Ms;
use super::super::transaction::ResponseVerdict;
use super::super::wire::{HeaderId, Message};
use super::negotiation::has_sdp;
use super::prack::rseq;
use super::routing::refreshes_target;
use super::{Owner, Ua, Use, What};

/// Names no transaction.
pub(super) const NO_TX: Key = Key {
    index: u32::MAX,
    generation: 0,
};

impl Ua {
    pub(super) fn response(&mut self, now: Ms, flow: Flow, response: Message) {
        let challenged = matches!(response.status(), Some(401 | 407 | 422));
        let asked = challenged.then(|| self.tx.request_of(&response)).flatten();
        match self.tx.response(now, &response, &mut self.sends) {
            ResponseVerdict::Absorbed => {}
            ResponseVerdict::Stray { ours } => {
                self.counts.stray += 1;
                if ours && self.relay_stray(now, flow, &response) {
                    return;
                }
                if ours && is_ok_to_invite(&response) {
                    match self.answered_dialog(&response) {
                        Some(key) => self.ack_again(key, &response),
                        None => self.end_late(now, flow, &response),
                    }
                }
            }
            ResponseVerdict::Deliver { tx, user, again } => {
                self.flush();
                if !again && response.status() == Some(503) && self.next_target(now, tx) {
                    return self.begin_owners_forks_again(now, user);
                }
                self.hunts.settle(tx);
                if let Some(asked) = asked.filter(|_| !again)
                    && self.ask_again(now, user, &asked, &response)
                {
                    return self.begin_owners_forks_again(now, user);
                }
                match (user.owner, again) {
                    (Owner::Relay(key), _) => self.relay_response(now, key, tx, user, response),
                    (Owner::Dialog(key), true) => self.ok_again(now, flow, key, tx, &response),
                    (Owner::Dialog(key), false) => self.for_dialog(now, key, tx, user, response),
                    (Owner::Activity(_) | Owner::Subscription(_), false) => {
                        self.conclude(now, user, response, false)
                    }
                    _ => {}
                }
            }
        }
        self.flush();
    }

    /// Whether a request that was refused for want of something has been sent again with it.
    fn ask_again(&mut self, now: Ms, user: Use, asked: &(Bytes, Flow), response: &Message) -> bool {
        match response.status() {
            Some(422) => self.answer_too_small(now, user, asked, response),
            _ => self.answer_challenge(now, user, asked, response),
        }
    }

    /// The dialog that a 2xx established: its transaction may have gone with an earlier process, the dialog has not.
    fn answered_dialog(&self, response: &Message) -> Option<Key> {
        let peer = response.to_tag().unwrap_or_default();
        let key = self.dialog_key(response.call_id().ok()?, response.from_tag()?, peer)?;
        let dialog = self.dialogs.get(key)?;
        (dialog.phase != Phase::Early).then_some(key)
    }

    /// The peer has not seen the ACK: it may have been held back, or have died with the process that wrote it. One that is
    /// the service's to write is waited for.
    fn ack_again(&mut self, key: Key, response: &Message) {
        if self.owed_ack(key).is_some() {
            return;
        }
        if let Ok(cseq) = response.cseq() {
            self.send_ack(
                key,
                AckDue {
                    tx: NO_TX,
                    cseq: cseq.number,
                },
                b"",
                b"",
            );
        }
    }

    fn for_dialog(&mut self, now: Ms, key: Key, tx: Key, user: Use, response: Message) {
        let status = response.status().unwrap_or(500);
        let ok_to_invite = matches!(user.what, What::Invite { .. }) && (200..300).contains(&status);
        if self.dialogs.get(key).is_none() {
            if ok_to_invite {
                self.end_late_by(now, &response);
            }
            return;
        }
        match user.what {
            What::Invite { ack } => self.for_invite(now, key, tx, user, ack, response),
            What::Bye if status >= 200 => self.end_dialog(now, key),
            What::Bye => {}
            What::Prack { .. } | What::Update { .. } | What::Other => {
                if (200..300).contains(&status)
                    && response
                        .cseq()
                        .is_ok_and(|cseq| refreshes_target(cseq.method))
                    && let Some(dialog) = self.dialogs.get_mut(key)
                {
                    // A Contact that cannot be read leaves the target as it was.
                    let _ = dialog.refresh(&response);
                    if dialog.session.is_some() && user.what.refreshes_session() {
                        self.session_answered(now, key, &response);
                    }
                }
                self.conclude(now, user, response, false);
            }
        }
    }

    /// A provisional response to an INVITE of ours.
    fn for_progress(&mut self, now: Ms, key: Key, user: Use, response: Message) {
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        let trying = response.status() == Some(100);
        let over = dialog.cancelled || dialog.phase == Phase::Ending;
        if over || (trying && !self.config.report_trying) {
            return;
        }
        if let Some(tag) = response.to_tag()
            && dialog.phase == Phase::Early
        {
            let known = dialog.text(Field::RemoteTag);
            if !known.is_empty() && known != tag && dialog.early().is_some() {
                // Another branch of a fork counts its responses on its own.
                let known = known.to_vec();
                if !dialog.early_mut().turn(&known, tag, rseq(&response)) {
                    return;
                }
            }
            // What cannot be learned now comes with the final response.
            let _ = dialog.learn(&response);
        }
        if let Some(rseq) = rseq(&response)
            && !self.take_reliable(now, key, rseq, &response)
        {
            return;
        }
        if response.to_tag().is_some() {
            self.save_kept_early(key);
        }
        self.report_branch(key, user, response);
    }

    fn for_invite(&mut self, now: Ms, key: Key, tx: Key, user: Use, ack: bool, response: Message) {
        let status = response.status().unwrap_or(500);
        let Some(branch) = self.branch_of(key, tx, user.what, &response) else {
            return;
        };
        if status < 200 {
            return self.for_progress(now, branch, user, response);
        }
        if status == 422 && self.invite_longer(now, key, user, &response) {
            return;
        }
        if status >= 300 {
            return self.conclude(now, user, response, false);
        }
        let forks = self.take_forks(key);
        self.was_answered(now, branch, tx, user, ack, response);
        self.settle_forks(now, key, branch, forks, (tx, user));
    }

    /// A 2xx to an INVITE of ours came, for this dialog.
    fn was_answered(
        &mut self,
        now: Ms,
        key: Key,
        tx: Key,
        user: Use,
        ack: bool,
        response: Message,
    ) {
        let status = response.status().unwrap_or(500);
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        dialog.pending_mut().invite_out = None;
        Self::settle(dialog, user.what, status, has_sdp(&response), true);
        // What was agreed on in reliable responses needs no answer in the ACK.
        let ack = ack || dialog.early().is_some_and(|early| early.exchanged);
        dialog.pending_mut().early = None;
        if dialog.learn(&response).is_err() {
            // Its route set cannot be used: it is ended by way of the one that we called.
            dialog.cancelled = dialog.phase == Phase::Early;
        }
        let first = dialog.phase == Phase::Early;
        if first {
            dialog.phase = Phase::Confirmed;
        }
        let due = AckDue {
            tx,
            cseq: response
                .cseq()
                .map_or(dialog.local_cseq, |cseq| cseq.number),
        };
        if dialog.cancelled || dialog.phase == Phase::Ending {
            dialog.cancelled = false;
            dialog.tidy();
            self.send_ack(key, due, b"", b"");
            if first {
                self.bye(now, key);
            }
            return;
        }
        let timed = dialog.session.is_some();
        if !ack {
            dialog.pending_mut().unanswered = Some(due);
        } else if dialog.offer == Offer::Theirs {
            dialog.offer = Offer::None;
        }
        dialog.tidy();
        if timed {
            self.drafts.remove(&key);
            self.session_answered(now, key, &response);
        }
        self.save(key);
        if ack {
            self.send_ack(key, due, b"", b"");
        }
        self.report_branch(key, user, response);
    }

    /// A final response that is not 2xx to an INVITE, or any response to another request: the owner is told, and what it
    /// ends is ended. 408 and 481 end the dialog within which they come (RFC 3261 12.2.1.2).
    pub(super) fn conclude(&mut self, now: Ms, user: Use, response: Message, local: bool) {
        let status = response.status().unwrap_or(500);
        match user.owner {
            Owner::Nobody | Owner::Relay(_) => {}
            Owner::Subscription(key) => {
                self.subscription_response(now, key, user, response, local);
            }
            Owner::Activity(activity) => {
                self.report(user, activity, response, local);
                if status >= 200 {
                    self.forget_credentials(user.owner);
                    self.outputs.push_back(super::Output::Ended { activity });
                }
            }
            Owner::Dialog(key) => {
                let Some(dialog) = self.dialogs.get_mut(key) else {
                    return;
                };
                let (activity, phase, silent) = (dialog.activity, dialog.phase, dialog.cancelled);
                let invite = matches!(user.what, What::Invite { .. });
                if invite && let Some(pending) = dialog.pending.as_mut() {
                    pending.invite_out = None;
                }
                if status >= 200 {
                    Self::settle(dialog, user.what, status, has_sdp(&response), true);
                }
                // An attempt that ends takes its forks along, by what is noted there.
                if invite
                    && phase != Phase::Early
                    && let Some(pending) = dialog.pending.as_mut()
                {
                    pending.early = None;
                }
                dialog.tidy();
                if user.what == What::Bye {
                    return self.end_dialog(now, key);
                }
                if user.quiet && user.what.refreshes_session() && status >= 300 {
                    self.refresh_failed(now, key, &response);
                }
                if !silent {
                    self.report(user, activity, response, local);
                }
                match phase {
                    Phase::Early if invite => self.end_dialog(now, key),
                    Phase::Confirmed if status == 481 || status == 408 => self.bye(now, key),
                    Phase::Early | Phase::Confirmed | Phase::Ending => {}
                }
            }
        }
    }

    /// A 2xx after the first: the same one again gets the same ACK; another branch of a fork is ended.
    fn ok_again(&mut self, now: Ms, flow: Flow, key: Key, tx: Key, response: &Message) {
        let Some(dialog) = self.dialogs.get(key) else {
            return self.end_late_by(now, response);
        };
        if dialog.text(Field::RemoteTag) == response.to_tag().unwrap_or_default() {
            let way = self.dialog_flow(dialog);
            self.tx.resend(tx, way, &mut self.sends);
            self.flush();
        } else {
            self.end_late(now, flow, response);
        }
    }

    fn end_late_by(&mut self, now: Ms, response: &Message) {
        let flow = response
            .contact()
            .and_then(Result::ok)
            .and_then(|addr| self.route_to(addr.uri_raw));
        if let Some(flow) = flow {
            self.end_late(now, flow, response);
        }
    }

    /// Acknowledges a 2xx that nobody wants any more and ends its dialog (RFC 3261 13.2.2.4): of a fork, after a CANCEL,
    /// or from before a restart. The dialog is made from the response alone and kept until its BYE is answered.
    fn end_late(&mut self, now: Ms, flow: Flow, response: &Message) {
        let (Ok(call_id), Ok(cseq)) = (response.call_id(), response.cseq()) else {
            return;
        };
        let local_tag = response.from_tag().unwrap_or_default();
        let id = self.late_id(call_id, local_tag, response.to_tag().unwrap_or_default());
        if let Some(key) = self.by_id.get(&id).copied() {
            // A copy; the BYE is on its way.
            return self.ack_again(key, response);
        }
        let party = |id| strip_tag(response.get(id).unwrap_or_default());
        let (from, to) = (party(HeaderId::From), party(HeaderId::To));
        // Where it came from, if it does not say better.
        let target = flow_uri(&flow);
        let Ok(mut dialog) = Dialog::uac(call_id, local_tag, from, to, &target, b"", flow) else {
            return;
        };
        if dialog.learn(response).is_err() {
            return;
        }
        dialog.phase = Phase::Confirmed;
        dialog.local_cseq = cseq.number;
        let Ok(key) = self.dialogs.insert(dialog) else {
            return;
        };
        // Not under its usual id: the call's own dialog may stand there.
        self.by_id.insert(id, key);
        self.send_ack(
            key,
            AckDue {
                tx: NO_TX,
                cseq: cseq.number,
            },
            b"",
            b"",
        );
        self.bye(now, key);
    }
}

/// A URI that leads back along a way.
fn flow_uri(flow: &Flow) -> Vec<u8> {
    let mut uri = b"sip:".to_vec();
    compose::push_addr(&mut uri, flow.peer);
    if flow.transport != Transport::Udp {
        uri.extend_from_slice(b";transport=");
        uri.extend_from_slice(flow.transport.param());
    }
    uri
}

fn is_ok_to_invite(response: &Message) -> bool {
    response
        .status()
        .is_some_and(|status| (200..300).contains(&status))
        && response.cseq().is_ok_and(|cseq| cseq.method == b"INVITE")
}

fn strip_tag(value: &[u8]) -> &[u8] {
    match super::super::wire::NameAddr::parse(value) {
        Ok(addr) => value
            .get(..value.len().saturating_sub(addr.params.as_bytes().len()))
            .unwrap_or(value),
        Err(_) => value,
    }
}
