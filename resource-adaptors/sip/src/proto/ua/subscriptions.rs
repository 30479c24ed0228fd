//! Subscriptions of both sides: what they have in common. RFC 6665, RFC 5057.
//!
//! Each is a usage of a dialog of its own or of a call's. The dialog lives until its last usage ends. What the dialog's
//! record would tell is in the records of its subscriptions, so that they go on without the call.

use std::collections::BTreeMap;
use std::net::IpAddr;

use smallvec::SmallVec;

use super::super::dialog::{Dialog, NO_ACTIVITY, Phase};
use super::super::flow::Flow;
use super::super::slab::{Key, Slab};
use super::super::subscription::{Due, Side, Stage, State, Subscription};
use super::super::time::Ms;
use super::super::timer::{TimerId, Wheel};
use super::super::wire::{HeaderId, Message, Method};
use super::{Output, Owner, Ua, UaError, Use};

/// Unanswered requests of the peer in one subscription.
const REQUESTS: usize = 8;
/// Subscriptions in one dialog.
const PER_DIALOG: u16 = 64;

/// Every subscription of a user agent.
#[derive(Debug)]
pub(super) struct Subscriptions {
    pub(super) all: Slab<Subscription>,
    wheel: Wheel<Key>,
    of_dialog: BTreeMap<Key, SmallVec<[Key; 2]>>,
}

impl Subscriptions {
    pub(super) fn new(limit: usize, epoch: u32, now: Ms) -> Self {
        Self {
            all: Slab::new(limit, epoch),
            wheel: Wheel::new(now),
            of_dialog: BTreeMap::new(),
        }
    }

    pub(super) fn deadline(&self) -> Option<Ms> {
        self.wheel.next()
    }

    /// Those of a dialog, oldest first.
    pub(super) fn of(&self, dialog: Key) -> impl Iterator<Item = (Key, &Subscription)> {
        let keys = self.of_dialog.get(&dialog).into_iter().flatten();
        keys.filter_map(|key| Some((*key, self.all.get(*key)?)))
    }

    /// Sets what is to be done next of itself.
    pub(super) fn set_due(&mut self, key: Key, due: Option<(Ms, Due)>) {
        let Some(subscription) = self.all.get_mut(key) else {
            return;
        };
        self.wheel.cancel(subscription.timer);
        subscription.due = due;
        subscription.timer = due.map_or(TimerId::NONE, |(at, _)| self.wheel.start(at, key));
    }
}

impl Ua {
    /// A subscription.
    #[must_use]
    pub fn subscription(&self, key: Key) -> Option<&Subscription> {
        self.subscriptions.all.get(key)
    }

    /// How many there are.
    #[must_use]
    pub fn subscription_count(&self) -> usize {
        self.subscriptions.all.len()
    }

    /// Adds a usage to a dialog.
    pub(super) fn insert_subscription(
        &mut self,
        subscription: Subscription,
    ) -> Result<Key, UaError> {
        let at = subscription.dialog;
        let dialog = self.dialogs.get_mut(at).ok_or(UaError::Gone)?;
        if dialog.usages >= PER_DIALOG {
            return Err(UaError::Full);
        }
        let key = self
            .subscriptions
            .all
            .insert(subscription)
            .map_err(|_| UaError::Full)?;
        dialog.usages += 1;
        self.subscriptions
            .of_dialog
            .entry(at)
            .or_default()
            .push(key);
        Ok(key)
    }

    /// Writes a subscription down, once there is something to write down.
    pub(super) fn save_subscription(&mut self, key: Key) {
        if let Some(it) = self.subscriptions.all.get(key)
            && it.stage >= Stage::Up
        {
            self.outputs.push_back(Output::SaveSubscription {
                subscription: key,
                activity: it.activity,
            });
        }
    }

    /// Takes a subscription out: its activity ends, and so does its dialog if nothing else uses that.
    pub(super) fn end_subscription(&mut self, now: Ms, key: Key) {
        self.subscriptions.set_due(key, None);
        let Some(mut ended) = self.subscriptions.all.remove(key) else {
            return;
        };
        let at = ended.dialog;
        if let Some(keys) = self.subscriptions.of_dialog.get_mut(&at) {
            keys.retain(|other| *other != key);
            if keys.is_empty() {
                self.subscriptions.of_dialog.remove(&at);
            }
        }
        for tx in ended.requests_in.drain(..) {
            self.respond_plain(now, tx, 481, b"");
        }
        if let Some(dialog) = self.dialogs.get_mut(at) {
            dialog.usages = dialog.usages.saturating_sub(1);
            let (call, others) = (dialog.call, dialog.usages > 0);
            if !call && !others {
                self.remove_dialog(at);
            } else if call {
                // The numbers that were used here are written down there.
                self.save(at);
            } else {
                self.save_usages(at);
            }
        }
        self.outputs.push_back(Output::Ended {
            activity: ended.activity,
        });
    }

    fn save_usages(&mut self, dialog: Key) {
        let keys: SmallVec<[Key; 2]> = self.subscriptions.of(dialog).map(|(key, _)| key).collect();
        for key in keys {
            self.save_subscription(key);
        }
    }

    /// The call of a dialog is over; the dialog goes on with its subscriptions (RFC 5057 4.2).
    pub(super) fn end_call_usage(&mut self, key: Key) {
        let Some(dialog) = self.dialogs.get_mut(key) else {
            return;
        };
        dialog.call = false;
        dialog.closing = false;
        dialog.phase = Phase::Confirmed;
        dialog.activity = NO_ACTIVITY;
        self.save_usages(key);
    }

    /// What uses a dialog in the sense of a request within it: the subscription that a SUBSCRIBE or NOTIFY means, or the
    /// call; none if there is no call (any more).
    pub(super) fn usage_of(&self, key: Key, method: &Method, request: &Message) -> Option<Owner> {
        let dialog = self.dialogs.get(key)?;
        let meant = if dialog.usages > 0 {
            self.meant(key, method, request)
        } else {
            None
        };
        let call = dialog.call.then_some(Owner::Dialog(key));
        meant.map(Owner::Subscription).or(call)
    }

    fn meant(&self, dialog: Key, method: &Method, request: &Message) -> Option<Key> {
        let side = if *method == Method::Notify {
            Side::Subscriber
        } else if *method == Method::Subscribe {
            Side::Notifier
        } else {
            return None;
        };
        let event = request.event()?.ok()?;
        self.subscriptions
            .of(dialog)
            .find(|(_, it)| it.side == side && it.is_meant(&event))
            .map(|(key, _)| key)
    }

    /// A SUBSCRIBE or NOTIFY within a subscription.
    pub(super) fn within_subscription(
        &mut self,
        now: Ms,
        key: Key,
        tx: Key,
        flow: Flow,
        request: Box<Message>,
    ) {
        let Some(it) = self.subscriptions.all.get_mut(key) else {
            return self.respond_lines(now, tx, 481, b"");
        };
        if it.requests_in.len() >= REQUESTS {
            let lines = self.retry_line();
            return self.respond_lines(now, tx, 500, &lines);
        }
        let taken = match it.side {
            Side::Subscriber => self.take_notify(now, key, &request),
            Side::Notifier => self.take_subscribe(key),
        };
        if let Err(status) = taken {
            return self.respond_lines(now, tx, status, b"");
        }
        let Some(it) = self.subscriptions.all.get_mut(key) else {
            return;
        };
        it.requests_in.push(tx);
        let activity = it.activity;
        self.outputs.push_back(Output::InDialog {
            activity,
            tx: Some(tx),
            flow,
            request,
        });
    }

    /// A final response to a request of ours, or what stands for one.
    pub(super) fn subscription_response(
        &mut self,
        now: Ms,
        key: Key,
        user: Use,
        response: Message,
        local: bool,
    ) {
        if response.status().is_some_and(|status| status < 200) {
            return;
        }
        let Some(it) = self.subscriptions.all.get_mut(key) else {
            return;
        };
        it.out = false;
        match it.side {
            Side::Subscriber => self.asked(now, key, user, response, local),
            Side::Notifier => self.notified(now, key, user, response, local),
        }
    }

    /// A request of the peer's got its final response.
    pub(super) fn subscription_answered(&mut self, now: Ms, key: Key, tx: Key) {
        let Some(it) = self.subscriptions.all.get_mut(key) else {
            return;
        };
        it.requests_in.retain(|other| *other != tx);
        if it.told_over {
            return self.end_subscription(now, key);
        }
        if let Some(granted) = it.granting.take() {
            self.granted(now, key, granted);
        }
    }

    /// What is due of itself.
    pub(super) fn expire_subscriptions(&mut self, now: Ms) {
        while let Some(key) = self.subscriptions.wheel.expire(now) {
            let Some(it) = self.subscriptions.all.get_mut(key) else {
                continue;
            };
            it.timer = TimerId::NONE;
            let (due, side, expires) = (it.due.take(), it.side, it.want.expires);
            match (due.map(|(_, due)| due), side) {
                (Some(Due::Refresh), _) => self.send_subscribe(now, key, expires),
                (Some(Due::Notify), _) => self.send_notify(now, key),
                (Some(Due::Expire), Side::Notifier) => self.finish(now, key, b"timeout"),
                (Some(Due::GiveUp | Due::Expire), _) => self.end_subscription(now, key),
                (None, _) => {}
            }
        }
        self.flush();
    }

    /// Nothing refers to a subscription any more: the peer is told.
    pub fn abandon_subscription(&mut self, now: Ms, key: Key) {
        let Some(it) = self.subscriptions.all.get(key) else {
            return;
        };
        match it.side {
            // The last NOTIFY is on its way already.
            _ if it.stage == Stage::Ending || it.told_over => {}
            Side::Subscriber if it.is_refer() && it.stage == Stage::Asking => {
                self.end_subscription(now, key);
            }
            Side::Subscriber => {
                let _ = self.unsubscribe(now, key);
            }
            Side::Notifier => self.finish(now, key, b"noresource"),
        }
        self.flush();
    }

    /// Drops a subscription without a word to the peer: an operator's order.
    pub fn drop_subscription(&mut self, now: Ms, key: Key) {
        self.end_subscription(now, key);
        self.flush();
    }

    /// The durable record of a subscription; `wall` is the wall clock at `now`, in milliseconds.
    #[must_use]
    pub fn subscription_record(&self, key: Key, now: Ms, wall: u64) -> Option<Vec<u8>> {
        let it = self
            .subscriptions
            .all
            .get(key)
            .filter(|it| it.stage >= Stage::Up)?;
        let dialog = self.dialogs.get(it.dialog)?;
        let left = it.expires_at.0.saturating_sub(now.0);
        Some(it.to_record(wall.saturating_add(left), &dialog.to_record()))
    }

    /// Takes a record back.
    ///
    /// # Errors
    /// `Ok(Err(..))` if it cannot be read, `Err(..)` if there is no room.
    pub fn restore_subscription(
        &mut self,
        now: Ms,
        wall: u64,
        activity: u64,
        record: &[u8],
    ) -> Result<Result<Key, super::super::dialog::RecordError>, UaError> {
        let restored = match Subscription::from_record(activity, record) {
            Ok(restored) => restored,
            Err(error) => return Ok(Err(error)),
        };
        let dialog = match Dialog::from_record(NO_ACTIVITY, restored.dialog) {
            Ok(dialog) => dialog.without_call(),
            Err(error) => return Ok(Err(error)),
        };
        let at = match self.same_dialog(&dialog) {
            Some(at) => {
                if let Some(known) = self.dialogs.get_mut(at) {
                    known.catch_up(&dialog);
                }
                at
            }
            None => self.insert_beside(dialog)?,
        };
        let mut it = restored.subscription;
        it.dialog = at;
        it.expires_at = now + restored.expires_wall.saturating_sub(wall);
        match self.insert_subscription(it) {
            Ok(key) => Ok(Ok(key)),
            Err(error) => {
                self.drop_unused(at);
                Err(error)
            }
        }
    }

    /// The record of a call's dialog that its subscriptions brought back already: they are one.
    pub(super) fn insert_restored(&mut self, mut dialog: Dialog) -> Result<Key, UaError> {
        let at = self.same_dialog(&dialog);
        let known = at.and_then(|at| self.dialogs.get_mut(at).filter(|known| !known.call));
        match (at, known) {
            (Some(at), Some(known)) => {
                dialog.catch_up(known);
                dialog.usages = known.usages;
                *known = dialog;
                Ok(at)
            }
            _ => self.insert_dialog(dialog),
        }
    }

    /// All subscriptions are back. A notifier cannot know whether its last NOTIFY arrived, so that state is notified again,
    /// spread over time.
    pub(super) fn subscriptions_restored(&mut self, now: Ms) {
        let keys: Vec<Key> = self.subscriptions.all.iter().map(|(key, _)| key).collect();
        for (n, key) in (0u64..).zip(keys) {
            let Some(it) = self.subscriptions.all.get(key) else {
                continue;
            };
            let (side, stage, over) = (it.side, it.stage, it.notification.state);
            match side {
                Side::Subscriber if stage == Stage::Ending => {
                    self.subscriptions.set_due(key, Some((now, Due::GiveUp)));
                    self.send_subscribe(now, key, 0);
                }
                Side::Subscriber => self.schedule(now, key),
                Side::Notifier => {
                    let at = if over == State::Terminated {
                        0
                    } else {
                        n * SPREAD
                    };
                    self.subscriptions
                        .set_due(key, Some((now + at, Due::Notify)));
                }
            }
        }
    }

    /// The dialog with these ids, if it is there.
    fn same_dialog(&self, dialog: &Dialog) -> Option<Key> {
        use super::Field::{CallId, LocalTag, RemoteTag};
        let [call_id, local, remote] =
            [CallId, LocalTag, RemoteTag].map(|field| dialog.text(field));
        self.dialog_key(call_id, local, remote)
    }

    /// A dialog by its three ids.
    pub(super) fn dialog_key(&self, call_id: &[u8], local: &[u8], remote: &[u8]) -> Option<Key> {
        let is_it = |key: &Key| {
            self.dialogs
                .get(*key)
                .is_some_and(|known| known.text(super::Field::RemoteTag) == remote)
        };
        let plain = self.by_id.get(&self.dialog_id(call_id, local)).copied();
        plain.filter(is_it).or_else(|| {
            let branch = self.late_id(call_id, local, remote);
            self.by_id.get(&branch).copied().filter(is_it)
        })
    }

    /// The address of the peer of a dialog.
    #[must_use]
    pub fn peer_of(&self, call_id: &[u8], local: &[u8], remote: &[u8]) -> Option<IpAddr> {
        let key = self.dialog_key(call_id, local, remote)?;
        Some(self.dialogs.get(key)?.flow.peer.ip())
    }

    /// Adds a dialog that may be of a fork: then it stands beside that of the first branch.
    pub(super) fn insert_beside(&mut self, dialog: Dialog) -> Result<Key, UaError> {
        use super::Field::{CallId, LocalTag, RemoteTag};
        let [call_id, local, remote] =
            [CallId, LocalTag, RemoteTag].map(|field| dialog.text(field));
        let plain = self.dialog_id(call_id, local);
        let id = if self.by_id.contains_key(&plain) {
            self.late_id(call_id, local, remote)
        } else {
            plain
        };
        let key = self.dialogs.insert(dialog).map_err(|_| UaError::Full)?;
        self.by_id.insert(id, key);
        Ok(key)
    }

    /// Takes a dialog out that was made for a usage that did not come to be.
    pub(super) fn drop_unused(&mut self, key: Key) {
        if self
            .dialogs
            .get(key)
            .is_some_and(|dialog| !dialog.call && dialog.usages == 0)
        {
            self.remove_dialog(key);
        }
    }
}

/// Milliseconds between the NOTIFYs of two subscriptions after a restart.
const SPREAD: u64 = 2;

/// The value of a header among whole lines.
pub(super) fn value_of(lines: &[u8], id: HeaderId) -> Option<&[u8]> {
    lines.split(|byte| *byte == b'\n').find_map(|line| {
        let at = line.iter().position(|byte| *byte == b':')?;
        let name = line.get(..at)?.trim_ascii();
        (HeaderId::lookup(name) == id).then(|| line.get(at + 1..).unwrap_or_default().trim_ascii())
    })
}
