//! Subscriptions of ours to changes of users' data (Sh): which user each is for, and when it ends.
//!
//! PNR has a session of its own (3GPP TS 29.329 5.3), so that it finds its subscription by the user that it is about.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use strowger::id::ActivityId;
use strowger::ra::RaCx;

use super::Core;
use super::durable;
use crate::api::{ExpiryCause, Outgoing, SessionExpired};
use crate::proto::dict::sh;
use crate::proto::time::Ms;
use crate::proto::wire::{Avps, Message};

/// Push-Notification.
const PUSH_NOTIFICATION: u32 = 309;
/// Subs-Req-Type: the subscription ends.
const UNSUBSCRIBE: i32 = 1;

/// A subscription.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Subscription {
    /// The data of User-Identity.
    user: Vec<u8>,
    /// When it ends, in milliseconds of the wall clock.
    expires: Option<u64>,
    /// Its first SNR has not been answered yet.
    asking: bool,
    /// Its service has asked for its end.
    ending: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    by_activity: BTreeMap<u64, Subscription>,
    by_user: HashMap<Vec<u8>, Vec<u64>>,
    /// When the next ends, on the monotonic clock, and the difference between the clocks.
    next: Option<Ms>,
    ahead: u64,
}

impl Subscriptions {
    pub(super) fn has(&self, activity: ActivityId) -> bool {
        self.by_activity.contains_key(&activity.raw())
    }

    /// The oldest subscription that a notification is for.
    pub(super) fn of(&self, request: &Message) -> Option<ActivityId> {
        if request.header().command != PUSH_NOTIFICATION {
            return None;
        }
        let user = request.find(&sh::USER_IDENTITY)?;
        let subscriptions = self.by_user.get(user.data)?;
        subscriptions.first().copied().map(ActivityId::from_raw)
    }

    /// Whether a subscription ends with the answer that came: the first was a refusal, or the end was asked for.
    pub(super) fn is_over(&self, activity: ActivityId, failed: bool) -> bool {
        let subscription = self.by_activity.get(&activity.raw());
        subscription.is_some_and(|its| its.ending || its.asking && failed)
    }

    pub(super) fn deadline(&self) -> Option<Ms> {
        self.next
    }

    pub(super) fn remove(&mut self, activity: ActivityId) {
        let Some(subscription) = self.by_activity.remove(&activity.raw()) else {
            return;
        };
        if let Some(of_user) = self.by_user.get_mut(&subscription.user) {
            of_user.retain(|other| *other != activity.raw());
            if of_user.is_empty() {
                self.by_user.remove(&subscription.user);
            }
        }
    }

    fn insert(&mut self, activity: ActivityId, subscription: Subscription) {
        let of_user = self.by_user.entry(subscription.user.clone()).or_default();
        of_user.push(activity.raw());
        self.by_activity.insert(activity.raw(), subscription);
        self.schedule();
    }

    fn schedule(&mut self) {
        let all = self.by_activity.values();
        let next = all.filter_map(|its| its.expires).min();
        self.next = next.map(|at| Ms(at.saturating_sub(self.ahead)));
    }
}

impl Core {
    /// Sends the first SNR of a subscription.
    pub(super) fn subscribe(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        request: &Outgoing,
    ) {
        self.subscriptions.ahead = cx.now().wall.0.saturating_sub(now.0);
        let user = request.avps.avps().get(&sh::USER_IDENTITY);
        let subscription = Subscription {
            user: user.map(|user| user.data.to_vec()).unwrap_or_default(),
            expires: None,
            asking: true,
            ending: false,
        };
        self.subscriptions.insert(activity, subscription);
        self.save_subscription(cx, activity);
        self.send(cx, now, activity, request, false);
    }

    /// Notes what a further SNR asks for.
    pub(super) fn resubscribe(&mut self, activity: ActivityId, request: Avps<'_>) {
        let kind = request
            .get(&sh::SUBS_REQ_TYPE)
            .and_then(|avp| avp.i32().ok());
        if let Some(subscription) = self.subscriptions.by_activity.get_mut(&activity.raw()) {
            subscription.ending = kind == Some(UNSUBSCRIBE);
        }
    }

    /// The answer to an SNR says until when the subscription holds.
    pub(super) fn subscription_answered(
        &mut self,
        cx: &mut RaCx<'_>,
        activity: ActivityId,
        answer: &Message,
    ) {
        let Some(subscription) = self.subscriptions.by_activity.get_mut(&activity.raw()) else {
            return;
        };
        if answer.result_code().is_none_or(|code| code >= 3000) {
            return;
        }
        let expires = answer
            .find(&sh::EXPIRY_TIME)
            .and_then(|avp| avp.time().ok());
        let seconds = expires.and_then(|time| u64::try_from(time.unix()).ok());
        subscription.expires = seconds.map(|seconds| seconds.saturating_mul(1_000));
        subscription.asking = false;
        self.subscriptions.schedule();
        self.save_subscription(cx, activity);
    }

    pub(super) fn expire_subscriptions(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        if self.subscriptions.next.is_none_or(|next| next > now) {
            return;
        }
        let wall = cx.now().wall.0;
        let over = |(raw, its): (&u64, &Subscription)| {
            its.expires
                .is_some_and(|at| at <= wall)
                .then(|| ActivityId::from_raw(*raw))
        };
        let over: Vec<ActivityId> = self
            .subscriptions
            .by_activity
            .iter()
            .filter_map(over)
            .collect();
        for activity in over {
            let cause = ExpiryCause::Silence;
            self.tell(cx, activity, SessionExpired { cause });
            self.end(cx, now, activity);
        }
        self.subscriptions.schedule();
    }

    pub(super) fn save_subscription(&self, cx: &mut RaCx<'_>, activity: ActivityId) {
        if let Some(subscription) = self.subscriptions.by_activity.get(&activity.raw()) {
            durable::write(cx, activity, b"", subscription);
        }
    }

    pub(super) fn restore_subscription(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        value: &[u8],
    ) -> Option<()> {
        self.subscriptions.ahead = cx.now().wall.0.saturating_sub(now.0);
        self.subscriptions.insert(activity, durable::read(value)?);
        Some(())
    }
}
