//! Subscriptions that others ask for: RFC 6665 4.2, and the receiving side of REFER (RFC 3515 2.4.4).

use bytes::Bytes;

use super::super::compose::{Answer, line, line_number};
use super::super::dialog::{Dialog, Phase};
use super::super::slab::Key;
use super::super::subscription::{
    Due, Notification, REFER, Side, Stage, State, Subscription, Want, ends_subscription,
};
use super::super::time::Ms;
use super::super::wire::text::{decimal, push_decimal};
use super::super::wire::{HeaderId, Message, Method};
use super::subscriptions::value_of;
use super::{Draft, Output, Owner, Ua, UaError, Use, What};

/// How a service takes a SUBSCRIBE or REFER.
#[derive(Debug, Clone, Default)]
pub struct Grant {
    /// 200 or 202.
    pub status: u16,
    /// The longest duration that is granted, in seconds.
    pub expires: u32,
    /// Whole header lines of the response.
    pub lines: Bytes,
}

impl Ua {
    /// Accepts a SUBSCRIBE or REFER: a subscription for `activity` in the dialog that the request came in, or in a new one.
    /// The record stands before the 2xx, and a NOTIFY follows: the service's, or one of our own if it gives none.
    ///
    /// # Errors
    /// The request is gone or answered or no such request, or a limit is reached. It is answered then if it can be.
    pub fn accept(
        &mut self,
        now: Ms,
        activity: u64,
        tx: Key,
        grant: &Grant,
    ) -> Result<Key, UaError> {
        let user = self.tx.server_user(tx).ok_or(UaError::Gone)?;
        let (request, flow) = self.tx.pending(tx).ok_or(UaError::State)?;
        let (request, flow) = (request.clone(), *flow);
        let Some(want) = asked_for(&request, grant) else {
            return Err(UaError::State);
        };
        let at = match user.owner {
            Owner::Dialog(key) => key,
            Owner::Subscription(_) | Owner::Relay(_) => return Err(UaError::State),
            Owner::Nobody | Owner::Activity(_) => {
                let tag = self
                    .mint
                    .tag(&self.secret, request.call_id().unwrap_or_default());
                let Ok(mut dialog) = Dialog::uas(&request, &tag, flow) else {
                    self.respond_lines(now, tx, 400, b"");
                    return Err(UaError::Unwritable);
                };
                dialog.phase = Phase::Confirmed;
                self.insert_beside(dialog.without_call())
                    .inspect_err(|_| self.respond_lines(now, tx, 503, b""))?
            }
        };
        let refer = want.package == REFER;
        let bare = refer && !self.subscriptions.of(at).any(|(_, it)| it.is_refer());
        let granted = want.expires;
        let mut it = Subscription::new(activity, Side::Notifier, at, want, now);
        it.want.expires = grant.expires;
        it.expires_at = now + u64::from(granted) * 1_000;
        it.stage = Stage::Up;
        it.bare = bare;
        it.requests_in.push(tx);
        if refer {
            it.notification = progress(100, b"Trying");
        }
        let key = match self.insert_subscription(it) {
            Ok(key) => key,
            Err(error) => {
                self.drop_unused(at);
                self.respond_lines(now, tx, 503, b"");
                return Err(error);
            }
        };
        self.take_over(tx, user, key);
        let done = self.respond_raw(
            now,
            tx,
            Answer {
                status: grant.status,
                lines: &grant.lines,
                ..Answer::default()
            },
        );
        if let Owner::Activity(activity) = user.owner {
            self.outputs.push_back(Output::Ended { activity });
        }
        if refer {
            // At once, so that the referrer's wait is over (RFC 3515 2.4.4).
            self.send_notify(now, key);
        }
        self.flush();
        done.map(|()| key)
    }

    /// Whether a received request is one within a subscription.
    pub(super) fn is_of_subscription(&self, tx: Key) -> bool {
        matches!(
            self.tx.server_user(tx).map(|user| user.owner),
            Some(Owner::Subscription(_))
        )
    }

    /// Tells which event packages the services of this adaptor take; a SUBSCRIBE or PUBLISH for another is answered 489
    /// before any sees it. None means that services decide one by one.
    pub fn set_packages(&mut self, packages: Vec<Vec<u8>>) {
        self.packages = packages;
    }

    pub(super) fn allow_events_line(&self) -> Vec<u8> {
        let mut value = self.packages.join(&b", "[..]);
        if self.is_served(&Method::Refer) {
            if !value.is_empty() {
                value.extend_from_slice(b", ");
            }
            value.extend_from_slice(REFER);
        }
        let mut out = Vec::new();
        if !value.is_empty() {
            line(&mut out, HeaderId::AllowEvents.name(), &value);
        }
        out
    }

    /// Whether a SUBSCRIBE or PUBLISH is for no package that is taken here (RFC 6665 4.2.1.1).
    pub(super) fn is_bad_event(&self, request: &Message) -> bool {
        // One that may be proxied is for others to judge.
        let proxied = self.relaying && request.to_tag().is_none();
        if proxied || !matches!(request.method(), Some(Method::Subscribe | Method::Publish)) {
            return false;
        }
        match request.event() {
            Some(Ok(event)) => {
                !self.packages.is_empty()
                    && event.package != REFER
                    && !self.packages.iter().any(|known| known == event.package)
            }
            Some(Err(_)) | None => true,
        }
    }

    /// A request changes hands: from the activity or dialog that it came on to its subscription.
    fn take_over(&mut self, tx: Key, user: Use, key: Key) {
        if let Owner::Dialog(at) = user.owner
            && let Some(dialog) = self.dialogs.get_mut(at)
        {
            if let Some(pending) = dialog.pending.as_mut() {
                pending.requests_in.retain(|other| *other != tx);
            }
            dialog.tidy();
        }
        let owner = Owner::Subscription(key);
        self.tx.set_server_user(tx, Use { owner, ..user });
    }

    /// Whether a SUBSCRIBE within a subscription is for the service: the status to refuse it with if not.
    pub(super) fn take_subscribe(&self, key: Key) -> Result<(), u16> {
        match self.subscriptions.all.get(key) {
            Some(it) if it.stage == Stage::Up => Ok(()),
            _ => Err(481),
        }
    }

    /// The lines of a 2xx to SUBSCRIBE that the service has not written: the duration that is granted, never longer than
    /// asked for. The subscription is written down with it.
    pub(super) fn grant_lines(&mut self, now: Ms, key: Key, tx: Key, given: &[u8]) -> Vec<u8> {
        let Some((request, _)) = self.tx.pending(tx) else {
            return Vec::new();
        };
        if request.method() != Some(&Method::Subscribe) {
            if request.method() == Some(&Method::Refer) {
                self.save_subscription(key);
            }
            return Vec::new();
        }
        let asked = request.expires().ok().flatten();
        let Some(it) = self.subscriptions.all.get_mut(key) else {
            return Vec::new();
        };
        let said = value_of(given, HeaderId::Expires)
            .and_then(decimal)
            .map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
        let longest = asked.unwrap_or(u32::MAX);
        let granted = said.unwrap_or(it.want.expires).min(longest);
        it.granting = Some(granted);
        it.expires_at = now + u64::from(granted) * 1_000;
        self.save_subscription(key);
        let mut out = Vec::new();
        if said.is_none() {
            line_number(&mut out, HeaderId::Expires.name(), u64::from(granted));
        }
        out
    }

    /// The 2xx to a SUBSCRIBE has left: a NOTIFY is owed at once, the service's if it gives one (RFC 6665 4.2.1.2).
    pub(super) fn granted(&mut self, now: Ms, key: Key, seconds: u32) {
        let told = |it: &Subscription| it.notification != Notification::default();
        // One that only asks once has its end told with what it asks for, which the service is about to give.
        if seconds == 0 && self.subscriptions.all.get(key).is_none_or(told) {
            return self.finish(now, key, b"timeout");
        }
        let soon = now + self.tx.timings().t1;
        self.subscriptions.set_due(key, Some((soon, Due::Notify)));
    }

    /// Tells the subscriber something. While a NOTIFY is in flight the latest waits for its answer, and the one before is
    /// not sent.
    ///
    /// # Errors
    /// There is no such subscription, or it is ending, or we are not its notifier.
    pub fn notify(&mut self, now: Ms, key: Key, notification: Notification) -> Result<(), UaError> {
        if notification.body.len() > self.config.limits.body {
            return Err(UaError::Unwritable);
        }
        let it = self.subscriptions.all.get_mut(key).ok_or(UaError::Gone)?;
        if it.side != Side::Notifier || it.stage != Stage::Up {
            return Err(UaError::State);
        }
        if notification.state == State::Terminated {
            it.stage = Stage::Ending;
        }
        it.notification = notification;
        self.tell(now, key);
        self.flush();
        Ok(())
    }

    /// The subscription is over for a reason of its own: the subscriber is told.
    pub(super) fn finish(&mut self, now: Ms, key: Key, reason: &'static [u8]) {
        let Some(it) = self.subscriptions.all.get_mut(key) else {
            return;
        };
        it.stage = Stage::Ending;
        it.notification.state = State::Terminated;
        it.notification.reason = Bytes::from_static(reason);
        it.notification.retry_after = None;
        self.tell(now, key);
    }

    fn tell(&mut self, now: Ms, key: Key) {
        match self.subscriptions.all.get_mut(key) {
            Some(it) if it.out => {
                it.queued = true;
                self.save_subscription(key);
            }
            Some(_) => self.send_notify(now, key),
            None => {}
        }
    }

    /// NOTIFY with what is to be told; the CSeq is written down before it is used.
    pub(super) fn send_notify(&mut self, now: Ms, key: Key) {
        let Some(it) = self.subscriptions.all.get_mut(key) else {
            return;
        };
        if it.out {
            it.queued = true;
            return;
        }
        if now >= it.expires_at && it.stage == Stage::Up {
            return self.finish(now, key, b"timeout");
        }
        let at = it.dialog;
        let Some(dialog) = self.dialogs.get_mut(at) else {
            return;
        };
        (it.queued, it.out) = (false, true);
        let draft = Draft {
            method: Bytes::from_static(b"NOTIFY"),
            lines: it.notify_lines(now),
            body: it.notification.body.clone(),
            max_forwards: 70,
            ..Draft::default()
        };
        let (expires_at, stage) = (it.expires_at, it.stage);
        dialog.local_cseq += 1;
        let cseq = dialog.local_cseq;
        self.save_subscription(key);
        let Some(flow) = self.dialogs.get(at).map(|dialog| self.dialog_flow(dialog)) else {
            return;
        };
        let user = Use::of(Owner::Subscription(key), What::Other);
        if self
            .send_in(now, at, flow, user, &draft, cseq, false)
            .is_err()
        {
            // No transaction is to be had at this moment.
            if let Some(it) = self.subscriptions.all.get_mut(key) {
                it.out = false;
            }
            let later = now + self.tx.timings().t2;
            return self.subscriptions.set_due(key, Some((later, Due::Notify)));
        }
        let due = (stage == Stage::Up).then_some((expires_at, Due::Expire));
        self.subscriptions.set_due(key, due);
    }

    /// A NOTIFY has its final response (RFC 6665 4.2.2).
    pub(super) fn notified(
        &mut self,
        now: Ms,
        key: Key,
        user: Use,
        response: Message,
        local: bool,
    ) {
        let Some(it) = self.subscriptions.all.get(key) else {
            return;
        };
        let (activity, at, queued) = (it.activity, it.dialog, it.queued);
        let told = it.stage == Stage::Ending && !queued;
        let status = response.status().unwrap_or(500);
        if status < 300 {
            if let Some(dialog) = self.dialogs.get_mut(at) {
                // A Contact that cannot be read leaves the target as it was.
                let _ = dialog.refresh(&response);
            }
        } else {
            self.report(user, activity, response, local);
        }
        if told || ends_subscription(status) {
            self.end_subscription(now, key);
        } else if queued {
            self.send_notify(now, key);
        }
    }
}

/// What a REFER's NOTIFY says of the request that it caused: a status line as message/sipfrag (RFC 3515 2.4.5).
#[must_use]
pub fn progress(status: u16, reason: &[u8]) -> Notification {
    let mut body = b"SIP/2.0 ".to_vec();
    push_decimal(&mut body, u64::from(status));
    body.push(b' ');
    body.extend_from_slice(if reason.is_empty() {
        super::super::compose::reason(status)
    } else {
        reason
    });
    body.extend_from_slice(b"\r\n");
    let last = status >= 200;
    Notification {
        state: if last {
            State::Terminated
        } else {
            State::Active
        },
        reason: Bytes::from_static(if last { b"noresource" } else { b"" }),
        retry_after: None,
        lines: Bytes::from_static(b"Content-Type: message/sipfrag;version=2.0\r\n"),
        body: body.into(),
    }
}

/// What a request asks for, as far as it is granted.
fn asked_for(request: &Message, grant: &Grant) -> Option<Want> {
    let method = request.method()?;
    let want = if *method == Method::Subscribe {
        super::subscriber::wanted_by(request)?
    } else if *method == Method::Refer {
        let mut id = Vec::new();
        push_decimal(&mut id, u64::from(request.cseq().ok()?.number));
        Want {
            package: Bytes::from_static(REFER),
            id: id.into(),
            expires: grant.expires,
            ..Want::default()
        }
    } else {
        return None;
    };
    Some(Want {
        expires: want.expires.min(grant.expires),
        refresh: false,
        ..want
    })
}
