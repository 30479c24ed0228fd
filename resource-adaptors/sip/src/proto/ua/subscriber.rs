//! Subscriptions that we ask for: SUBSCRIBE (RFC 6665 4.1) and REFER (RFC 3515 2.4, RFC 4488).

use bytes::Bytes;

use super::super::dialog::{Dialog, Field, Phase};
use super::super::slab::Key;
use super::super::subscription::{Due, REFER, Side, Stage, Subscription, Want, ends_subscription};
use super::super::time::Ms;
use super::super::wire::text::{decimal, push_decimal};
use super::super::wire::{EventType, HeaderId, Message};
use super::failure::{nowhere, stand_in};
use super::outgoing::parts;
use super::subscriptions::value_of;
use super::{Draft, Owner, Ua, UaError, Use, What};

/// The longest Min-Expires that is agreed to, in seconds: a week.
const LONGEST: u32 = 604_800;
/// What is asked for where a service does not say, in seconds.
const HOUR: u32 = 3600;
/// How long a REFER's subscription may go on whose NOTIFY does not say, in milliseconds: an hour.
const REFER_LASTS: u64 = 3_600_000;
/// The longest time before expiry at which a refresh goes out, in milliseconds: its copies have time enough.
const REFRESH_LEAD: u64 = 40_000;

impl Ua {
    /// Asks for a subscription: SUBSCRIBE or REFER, as the draft says, in a new dialog whose Call-ID falls into `slot`. What
    /// goes wrong after it is made comes as a response.
    ///
    /// # Errors
    /// The limit is reached, or the draft cannot be written; the activity is not used then.
    pub fn subscribe(
        &mut self,
        now: Ms,
        activity: u64,
        slot: u8,
        draft: &Draft,
        want: Want,
    ) -> Result<Key, UaError> {
        if draft.is_too_long(&self.config.limits) {
            return Err(UaError::Unwritable);
        }
        let way = self.way_of(draft);
        let flow = way.unwrap_or_else(|_| nowhere());
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
        let mut dialog = dialog.map_err(|_| UaError::Unwritable)?.without_call();
        dialog.local_cseq = 0;
        let at = self.insert_beside(dialog)?;
        self.take_credentials(Owner::Dialog(at), draft);
        let status = match way {
            _ if draft.max_forwards == 0 => Some(483),
            Ok(_) => None,
            Err(UaError::NoFlow) => Some(430),
            Err(_) => Some(503),
        };
        let result = self.ask(now, activity, at, draft, want, status);
        if result.is_err() {
            self.drop_unused(at);
        }
        self.flush();
        result
    }

    /// Asks for a subscription within a dialog: SUBSCRIBE or REFER, as the draft says.
    ///
    /// # Errors
    /// The dialog is gone or ending or has no peer yet, a limit is reached, or the draft cannot be written.
    pub fn subscribe_within(
        &mut self,
        now: Ms,
        activity: u64,
        dialog: Key,
        draft: &Draft,
        want: Want,
    ) -> Result<Key, UaError> {
        if draft.is_too_long(&self.config.limits) {
            return Err(UaError::Unwritable);
        }
        let it = self.dialogs.get(dialog).ok_or(UaError::Gone)?;
        if it.phase == Phase::Ending || it.text(Field::RemoteTag).is_empty() {
            return Err(UaError::State);
        }
        let status = (draft.max_forwards == 0).then_some(483);
        let result = self.ask(now, activity, dialog, draft, want, status);
        self.flush();
        result
    }

    /// Makes the subscription and sends its first request, or has it fail with `status` at once.
    fn ask(
        &mut self,
        now: Ms,
        activity: u64,
        at: Key,
        draft: &Draft,
        mut want: Want,
        status: Option<u16>,
    ) -> Result<Key, UaError> {
        let refer = draft.method == b"REFER"[..];
        let cseq = self.dialogs.get(at).ok_or(UaError::Gone)?.local_cseq + 1;
        let lasts = if refer {
            let mut id = Vec::new();
            push_decimal(&mut id, u64::from(cseq));
            (want.package, want.id) = (Bytes::from_static(REFER), id.into());
            want.refresh = false;
            REFER_LASTS
        } else {
            u64::from(want.expires) * 1_000
        };
        let bare = refer && !self.subscriptions.of(at).any(|(_, it)| it.is_refer());
        let mut it = Subscription::new(activity, Side::Subscriber, at, want, now + lasts);
        it.bare = bare;
        if !refer {
            (it.lines, it.body) = (draft.lines.clone(), draft.body.clone());
        }
        let lines = if refer {
            draft.lines.clone()
        } else {
            it.subscribe_lines(it.want.expires)
        };
        let fetch = !refer && it.want.expires == 0;
        let key = self.insert_subscription(it)?;
        let draft = Draft {
            lines,
            ..draft.clone()
        };
        match status {
            Some(status) => {
                self.fail_asking(now, key, &draft, cseq, status);
            }
            None => {
                if let Err(error) = self.send_asking(now, key, &draft, cseq) {
                    self.forget_subscription(key);
                    return Err(error);
                }
                if let Some(it) = self.subscriptions.all.get_mut(key).filter(|_| fetch) {
                    it.stage = Stage::Ending;
                }
            }
        }
        Ok(key)
    }

    /// The number of a request of a subscription that is sent once more, written down before it is used. A REFER is known by
    /// its number.
    pub(super) fn next_cseq_in(&mut self, key: Key) -> Option<u32> {
        let it = self.subscriptions.all.get_mut(key)?;
        let dialog = self.dialogs.get_mut(it.dialog)?;
        dialog.local_cseq += 1;
        let cseq = dialog.local_cseq;
        if it.is_refer() && it.side == Side::Subscriber && it.stage == Stage::Asking {
            let mut id = Vec::new();
            push_decimal(&mut id, u64::from(cseq));
            it.want.id = id.into();
        }
        let (at, call) = (it.dialog, dialog.call);
        if call {
            self.save(at);
        }
        self.save_subscription(key);
        Some(cseq)
    }

    fn send_asking(&mut self, now: Ms, key: Key, draft: &Draft, cseq: u32) -> Result<(), UaError> {
        let at = self.subscriptions.all.get(key).ok_or(UaError::Gone)?.dialog;
        let dialog = self.dialogs.get_mut(at).ok_or(UaError::Gone)?;
        dialog.local_cseq = cseq;
        let (call, fresh) = (dialog.call, dialog.text(Field::RemoteTag).is_empty());
        if call {
            self.save(at);
        } else {
            self.save_subscription(key);
        }
        let dialog = self.dialogs.get(at).ok_or(UaError::Gone)?;
        // A first request goes where it was routed to; later ones follow the dialog.
        let flow = if fresh {
            dialog.flow
        } else {
            self.dialog_flow(dialog)
        };
        self.send_in(now, at, flow, use_of(key, draft.link), draft, cseq, false)?;
        if let Some(it) = self.subscriptions.all.get_mut(key) {
            it.out = true;
        }
        // Timer N (RFC 6665 4.1.2.4).
        let until = now + self.tx.timings().give_up();
        self.subscriptions.set_due(key, Some((until, Due::GiveUp)));
        Ok(())
    }

    /// Answers a first request that cannot be sent in the peer's place.
    fn fail_asking(&mut self, now: Ms, key: Key, draft: &Draft, cseq: u32, status: u16) {
        let Some(it) = self.subscriptions.all.get(key) else {
            return;
        };
        let Some(dialog) = self.dialogs.get(it.dialog) else {
            return;
        };
        let via = self.via(&dialog.flow, b"z9hG4bKunsent");
        let bytes = dialog.request(&parts(draft, cseq, &via, b""));
        if let Some(response) = stand_in(&bytes, status) {
            self.asked(now, key, use_of(key, draft.link), response, true);
        }
    }

    /// SUBSCRIBE with this duration, once no other request of ours is in flight.
    pub(super) fn send_subscribe(&mut self, now: Ms, key: Key, expires: u32) {
        let Some(it) = self.subscriptions.all.get_mut(key) else {
            return;
        };
        if it.out {
            it.next_expires = Some(expires);
            return;
        }
        let first = it.stage == Stage::Asking;
        let draft = Draft {
            method: Bytes::from_static(b"SUBSCRIBE"),
            lines: it.subscribe_lines(expires),
            body: if first { it.body.clone() } else { Bytes::new() },
            max_forwards: 70,
            ..Draft::default()
        };
        let (at, stands) = (it.dialog, it.stage == Stage::Up);
        let Some(cseq) = self.dialogs.get(at).map(|dialog| dialog.local_cseq + 1) else {
            return;
        };
        if self.send_asking(now, key, &draft, cseq).is_err() {
            // Nothing is to be had at this moment.
            let due = if stands { Due::Refresh } else { Due::GiveUp };
            let later = now + self.tx.timings().t2;
            self.subscriptions.set_due(key, Some((later, due)));
        } else if stands {
            self.await_expiry(key);
        }
    }

    fn await_expiry(&mut self, key: Key) {
        // The notifier's last NOTIFY may come a little later.
        let grace = self.tx.timings().give_up();
        if let Some(it) = self.subscriptions.all.get(key) {
            let at = it.expires_at + grace;
            self.subscriptions.set_due(key, Some((at, Due::Expire)));
        }
    }

    /// When to refresh, or when it is over if nobody does.
    pub(super) fn schedule(&mut self, now: Ms, key: Key) {
        let Some(it) = self.subscriptions.all.get(key) else {
            return;
        };
        if !it.want.refresh {
            return self.await_expiry(key);
        }
        let left = it.expires_at.0.saturating_sub(now.0);
        let at = now + (left - (left / 2).min(REFRESH_LEAD));
        self.subscriptions.set_due(key, Some((at, Due::Refresh)));
    }

    /// Asks for another duration, at once.
    ///
    /// # Errors
    /// There is no such subscription of ours, or it is ending.
    pub fn resubscribe(&mut self, now: Ms, key: Key, expires: u32) -> Result<(), UaError> {
        let it = self.subscriptions.all.get_mut(key).ok_or(UaError::Gone)?;
        if it.side != Side::Subscriber || it.stage == Stage::Ending || it.told_over {
            return Err(UaError::State);
        }
        it.want.expires = expires;
        if expires == 0 {
            return self.unsubscribe(now, key);
        }
        self.send_subscribe(now, key, expires);
        self.flush();
        Ok(())
    }

    /// Ends a subscription of ours: SUBSCRIBE with Expires 0. It is over with the last NOTIFY, or after 64*T1.
    ///
    /// # Errors
    /// There is no such subscription of ours, or it is ending.
    pub fn unsubscribe(&mut self, now: Ms, key: Key) -> Result<(), UaError> {
        let it = self.subscriptions.all.get_mut(key).ok_or(UaError::Gone)?;
        if it.side != Side::Subscriber || it.stage == Stage::Ending || it.told_over {
            return Err(UaError::State);
        }
        let established = it.stage == Stage::Up;
        it.stage = Stage::Ending;
        if established || it.out {
            self.send_subscribe(now, key, 0);
        }
        let until = now + self.tx.timings().give_up();
        self.subscriptions.set_due(key, Some((until, Due::GiveUp)));
        self.flush();
        Ok(())
    }

    /// A final response to SUBSCRIBE or REFER.
    pub(super) fn asked(&mut self, now: Ms, key: Key, user: Use, response: Message, local: bool) {
        let status = response.status().unwrap_or(500);
        if (200..300).contains(&status) {
            self.subscribed(now, key, user, response);
        } else if !self.lengthen(now, key, &response) {
            self.refused(now, key, user, response, local);
        }
        if let Some(it) = self.subscriptions.all.get_mut(key)
            && let Some(expires) = it.next_expires.take()
        {
            self.send_subscribe(now, key, expires);
        }
    }

    fn subscribed(&mut self, now: Ms, key: Key, user: Use, response: Message) {
        let Some(it) = self.subscriptions.all.get_mut(key) else {
            return;
        };
        let refer = response.cseq().is_ok_and(|cseq| cseq.method == b"REFER");
        let (activity, first) = (it.activity, !std::mem::replace(&mut it.agreed, true));
        let waits = matches!(it.due, Some((_, Due::GiveUp)));
        if let Ok(Some(seconds)) = response.expires()
            && !refer
        {
            it.expires_at = now + u64::from(seconds) * 1_000;
        }
        it.body = Bytes::new();
        it.lengthened = false;
        if it.stage == Stage::Asking {
            it.stage = Stage::Up;
        }
        let (stage, at) = (it.stage, it.dialog);
        if let Some(dialog) = self.dialogs.get_mut(at) {
            if dialog.phase == Phase::Early && !dialog.call {
                if dialog.learn(&response).is_ok() {
                    dialog.phase = Phase::Confirmed;
                }
            } else if Some(dialog.text(Field::RemoteTag)) == response.to_tag() {
                // A Contact that cannot be read leaves the target as it was.
                let _ = dialog.refresh(&response);
            }
        }
        let none = refer
            && response
                .get_named(b"Refer-Sub")
                .is_some_and(|value| value.to_ascii_lowercase().starts_with(b"false"));
        self.save_subscription(key);
        // A refresh concerns nobody but the two adaptors.
        if first || refer || stage == Stage::Ending {
            self.report(user, activity, response, false);
        }
        if none {
            self.end_subscription(now, key);
        } else if stage == Stage::Up && !waits {
            self.schedule(now, key);
        }
    }

    /// 423: asks once more, for as long as the notifier wants it.
    fn lengthen(&mut self, now: Ms, key: Key, response: &Message) -> bool {
        let Some(it) = self.subscriptions.all.get_mut(key) else {
            return false;
        };
        let least = response.min_expires().unwrap_or(0);
        let can = response.status() == Some(423)
            && !it.lengthened
            && it.stage != Stage::Ending
            && least > it.want.expires
            && least <= LONGEST;
        if can {
            it.lengthened = true;
            it.want.expires = least;
            self.send_subscribe(now, key, least);
        }
        can
    }

    fn refused(&mut self, now: Ms, key: Key, user: Use, response: Message, local: bool) {
        let Some(it) = self.subscriptions.all.get(key) else {
            return;
        };
        let status = response.status().unwrap_or(500);
        let (stage, activity) = (it.stage, it.activity);
        let left = it.expires_at.0.saturating_sub(now.0);
        let pause = u64::from(response.retry_after().unwrap_or(0)) * 1_000;
        let refresh = it.want.refresh;
        self.report(user, activity, response, local);
        // Silence is no reason to give a refresh up while the subscription stands (RFC 6665 4.1.2.2).
        let over = ends_subscription(status) && status != 408;
        if stage != Stage::Up || over {
            return self.end_subscription(now, key);
        }
        let again = (left / 2).max(pause).max(1_000);
        if refresh && again < left {
            self.subscriptions
                .set_due(key, Some((now + again, Due::Refresh)));
        } else {
            self.await_expiry(key);
        }
    }

    /// A NOTIFY for a subscription of ours: the status to refuse it with, or it is for the service.
    pub(super) fn take_notify(&mut self, now: Ms, key: Key, notify: &Message) -> Result<(), u16> {
        let state = notify
            .subscription_state()
            .and_then(Result::ok)
            .ok_or(400u16)?;
        let (over, expires) = (state.is_terminated(), state.expires());
        let it = self.subscriptions.all.get_mut(key).ok_or(481u16)?;
        let at = it.dialog;
        let dialog = self.dialogs.get_mut(at).ok_or(481u16)?;
        if dialog.phase == Phase::Early && !dialog.call {
            dialog.establish(notify).map_err(|_| 400u16)?;
        }
        it.told_over |= over;
        if let Some(seconds) = expires.filter(|_| !over) {
            it.expires_at = now + u64::from(seconds) * 1_000;
        }
        if it.stage == Stage::Asking {
            it.stage = Stage::Up;
        }
        let stands = it.stage == Stage::Up && !over;
        self.save_subscription(key);
        if stands {
            self.schedule(now, key);
        }
        Ok(())
    }

    /// Takes out a subscription that never came to be, without a word.
    fn forget_subscription(&mut self, key: Key) {
        let before = self.outputs.len();
        self.end_subscription(Ms(0), key);
        self.outputs.truncate(before);
    }
}

fn use_of(key: Key, link: Option<Key>) -> Use {
    Use {
        link,
        ..Use::of(Owner::Subscription(key), What::Other)
    }
}

/// What a draft's own lines say of the subscription that it asks for: Event and Expires.
#[must_use]
pub fn wanted(lines: &[u8]) -> Option<Want> {
    let event = EventType::parse(value_of(lines, HeaderId::Event)?).ok()?;
    let expires = value_of(lines, HeaderId::Expires).and_then(decimal);
    Some(want(
        &event,
        expires.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX)),
    ))
}

/// What a SUBSCRIBE asks for; without Expires as long as it is granted.
pub(super) fn wanted_by(request: &Message) -> Option<Want> {
    let event = request.event()?.ok()?;
    Some(want(
        &event,
        Some(request.expires().ok()?.unwrap_or(u32::MAX)),
    ))
}

fn want(event: &EventType<'_>, expires: Option<u32>) -> Want {
    Want {
        package: Bytes::copy_from_slice(event.package),
        id: event.id().map_or_else(Bytes::new, Bytes::copy_from_slice),
        expires: expires.unwrap_or(HOUR),
        ..Want::default()
    }
}
