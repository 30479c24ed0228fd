//! Subscriptions as services see them: the activity, what is notified, and the operations of [`Sip`]. RFC 6665, RFC 3515.

use std::time::Duration;

use bytes::Bytes;
use strowger::activity::{Activity, Handle};
use strowger::context::Cx;
use strowger::error::Result;
use strowger::id::{ActivityId, Component};

use super::event::{Dialog, Refer, Subscribe, named};
use super::outgoing::{Outgoing, with_header, without};
use super::provider::{Command, DIALOG_FLAGS, Sip, SipError};
use super::reply::Reply;
use super::transfer::ReferTo;
use crate::proto::slab::Key;
use crate::proto::subscription::{self as proto, State, Want};
use crate::proto::ua::{self, Draft, Grant};
use crate::proto::wire::HeaderId;

/// A subscription, ours or a peer's: one usage of a dialog, for one event package (RFC 6665). It begins with our SUBSCRIBE
/// or REFER, or when a service accepts a peer's, and ends with the answer to the NOTIFY that says so, with the failure of a
/// request in it, or with silence.
///
/// Of a subscription of ours, [`Notify`](super::Notify) comes on it, and [`Response`](super::Response) to the first
/// request and to whatever fails. Of a peer's, [`Subscribe`] comes on it for refreshes and the end.
#[derive(Clone, Copy, Debug)]
pub enum Subscription {}

impl Activity for Subscription {
    const TYPE: Component = named("sip-subscription");
}

/// What the adaptor is asked to do about subscriptions.
#[derive(Debug)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "made by the provider's methods only, which say what each does"
)]
pub enum SubscriptionCommand {
    Subscribe {
        activity: ActivityId,
        dialog: Option<ActivityId>,
        draft: Box<Draft>,
        want: Want,
    },
    Accept {
        activity: ActivityId,
        tx: Key,
        grant: Grant,
    },
    Notify {
        activity: ActivityId,
        notification: proto::Notification,
    },
    Refresh {
        activity: ActivityId,
        expires: u32,
    },
}

/// What a notifier tells: `Notification::active("application/pidf+xml", body)`.
#[derive(Clone, Debug)]
pub struct Notification(proto::Notification);

impl Notification {
    /// The subscription stands, and this is the state of what it watches.
    #[must_use]
    pub fn active(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self::of(State::Active).body(content_type, body)
    }

    /// The subscription is not decided yet.
    #[must_use]
    pub fn pending() -> Self {
        Self::of(State::Pending)
    }

    /// The subscription is over, for a reason of RFC 6665 4.1.3: `deactivated`, `probation`, `rejected`, `timeout`,
    /// `giveup`, `noresource`, `invariant`.
    #[must_use]
    pub fn terminated(reason: &str) -> Self {
        let mut told = Self::of(State::Terminated);
        told.0.reason = reason
            .bytes()
            .filter(|byte| crate::proto::wire::text::is_token_byte(*byte))
            .collect();
        told
    }

    /// What a REFER has caused so far, as message/sipfrag: a status line. A final status ends the subscription.
    #[must_use]
    pub fn progress(status: u16) -> Self {
        Self(ua::progress(status.clamp(100, 699), b""))
    }

    fn of(state: State) -> Self {
        Self(proto::Notification {
            state,
            ..proto::Notification::default()
        })
    }

    /// Sets the body and its type.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.0.lines = with_header(
            &without(&self.0.lines, HeaderId::ContentType),
            "Content-Type",
            content_type,
        );
        self.0.body = body.into();
        self
    }

    /// Adds a header line; those that the adaptor writes itself are left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0.lines = with_header(&self.0.lines, name, value);
        self
    }

    /// Of one that is terminated: when to try again.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(seconds(after));
        self
    }
}

/// A SUBSCRIBE and what is to become of it. An [`Outgoing`] alone is refreshed by itself and refuses the subscriptions that
/// a fork would add.
#[derive(Clone, Debug)]
pub struct Subscribing {
    outgoing: Outgoing,
    refresh: bool,
}

impl Subscribing {
    /// Leaves refreshing to the service ([`Sip::refresh`]); unless it does the subscription expires.
    #[must_use]
    pub fn without_refresh(mut self) -> Self {
        self.refresh = false;
        self
    }
}

impl From<Outgoing> for Subscribing {
    fn from(outgoing: Outgoing) -> Self {
        Self {
            outgoing,
            refresh: true,
        }
    }
}

impl Outgoing {
    /// Sets Event: the package, with `;id=..` where several subscriptions share a dialog.
    #[must_use]
    pub fn event(self, event: &str) -> Self {
        self.without("Event").header("Event", event)
    }

    /// Sets Expires.
    #[must_use]
    pub fn expires(self, time: Duration) -> Self {
        let seconds = seconds(time).to_string();
        self.without("Expires").header("Expires", &seconds)
    }
}

impl Sip {
    /// Subscribes to something: an [`Outgoing`] with [`event`](Outgoing::event) and, unless an hour is meant,
    /// [`expires`](Outgoing::expires). The response comes on the new subscription, and so does every NOTIFY, which may be
    /// there first. It is refreshed by itself and asks once more where the notifier finds it too short (423).
    ///
    /// # Errors
    /// There is no Event, or the container refuses the activity.
    pub fn subscribe(
        &self,
        cx: &mut Cx<'_>,
        subscribing: impl Into<Subscribing>,
    ) -> Result<Handle<Subscription>> {
        self.ask(cx, None, subscribing.into())
    }

    /// The same within a dialog, which lives until both it and its subscriptions are over (RFC 5057).
    ///
    /// # Errors
    /// As for [`subscribe`](Self::subscribe), or the dialog is another adaptor's.
    pub fn subscribe_within(
        &self,
        cx: &mut Cx<'_>,
        dialog: Handle<Dialog>,
        subscribing: impl Into<Subscribing>,
    ) -> Result<Handle<Subscription>> {
        self.check(cx, dialog)?;
        self.ask(cx, Some(dialog.id()), subscribing.into())
    }

    fn ask(
        &self,
        cx: &mut Cx<'_>,
        dialog: Option<ActivityId>,
        subscribing: Subscribing,
    ) -> Result<Handle<Subscription>> {
        let mut draft = subscribing.outgoing.draft;
        let mut want = ua::wanted(&draft.lines).ok_or(SipError::NoEvent)?;
        want.refresh = subscribing.refresh;
        draft.method = Bytes::from_static(b"SUBSCRIBE");
        let lines = without(&draft.lines, HeaderId::Event);
        draft.lines = without(&lines, HeaderId::Expires).into();
        self.begin(cx, dialog, draft, want)
    }

    fn begin(
        &self,
        cx: &mut Cx<'_>,
        dialog: Option<ActivityId>,
        draft: Draft,
        want: Want,
    ) -> Result<Handle<Subscription>> {
        let subscription = cx.start_activity::<Subscription>(self.ra, DIALOG_FLAGS)?;
        let command = SubscriptionCommand::Subscribe {
            activity: subscription.id(),
            dialog,
            draft: Box::new(draft),
            want,
        };
        cx.command(self.ra, Command::Subscription(Box::new(command)));
        Ok(subscription)
    }

    /// Asks for a subscription of ours to go on for that long from here; zero ends it as [`unsubscribe`](Self::unsubscribe)
    /// does.
    ///
    /// # Errors
    /// The subscription is another adaptor's.
    pub fn refresh(
        &self,
        cx: &mut Cx<'_>,
        subscription: Handle<Subscription>,
        time: Duration,
    ) -> Result {
        self.check(cx, subscription)?;
        let command = SubscriptionCommand::Refresh {
            activity: subscription.id(),
            expires: seconds(time),
        };
        cx.command(self.ra, Command::Subscription(Box::new(command)));
        Ok(())
    }

    /// Ends a subscription of ours. Its last NOTIFY still comes.
    ///
    /// # Errors
    /// The subscription is another adaptor's.
    pub fn unsubscribe(&self, cx: &mut Cx<'_>, subscription: Handle<Subscription>) -> Result {
        self.refresh(cx, subscription, Duration::ZERO)
    }

    /// Accepts a SUBSCRIBE for at most that long: 200, with a subscription that the first [`notify`](Self::notify) is owed to
    /// at once; if the service gives none within T1, a NOTIFY without body goes out. One that comes within a subscription is
    /// accepted by itself for as long as at first, or answered with [`respond`](Self::respond).
    ///
    /// # Errors
    /// The container refuses the activity.
    pub fn accept(
        &self,
        cx: &mut Cx<'_>,
        subscribe: &Subscribe,
        longest: Duration,
    ) -> Result<Handle<Subscription>> {
        self.grant(cx, subscribe.id, Reply::new(200), seconds(longest))
    }

    /// Accepts a REFER: 202, with the subscription on which the referrer hears what comes of it. `100 Trying` is notified by
    /// itself; the rest with [`notify`](Self::notify) and [`Notification::progress`]. To go without the subscription that
    /// the referrer does not want ([`Refer::wants_subscription`]), [respond](Self::respond) 202 with `Refer-Sub: false`.
    ///
    /// # Errors
    /// The container refuses the activity.
    pub fn accept_refer(&self, cx: &mut Cx<'_>, refer: &Refer) -> Result<Handle<Subscription>> {
        self.grant(cx, refer.id, Reply::new(202), REFER_LASTS)
    }

    fn grant(
        &self,
        cx: &mut Cx<'_>,
        tx: u64,
        reply: Reply,
        expires: u32,
    ) -> Result<Handle<Subscription>> {
        let subscription = cx.start_activity::<Subscription>(self.ra, DIALOG_FLAGS)?;
        let command = SubscriptionCommand::Accept {
            activity: subscription.id(),
            tx: Key::from_u64(tx),
            grant: Grant {
                status: reply.0.status,
                expires,
                lines: reply.0.lines,
            },
        };
        cx.command(self.ra, Command::Subscription(Box::new(command)));
        Ok(subscription)
    }

    /// Tells a subscriber something. One NOTIFY is in flight at a time; what is told meanwhile waits, and of several only the
    /// latest is sent. One that is terminated ends the subscription.
    ///
    /// # Errors
    /// The subscription is another adaptor's.
    pub fn notify(
        &self,
        cx: &mut Cx<'_>,
        subscription: Handle<Subscription>,
        notification: Notification,
    ) -> Result {
        self.check(cx, subscription)?;
        let command = SubscriptionCommand::Notify {
            activity: subscription.id(),
            notification: notification.0,
        };
        cx.command(self.ra, Command::Subscription(Box::new(command)));
        Ok(())
    }

    /// Asks the peer of a call to send a request of its own somewhere else: REFER within the dialog. The response and the
    /// NOTIFYs about what came of it come on the new subscription.
    ///
    /// # Errors
    /// The dialog is another adaptor's, or the container refuses the activity.
    pub fn refer(
        &self,
        cx: &mut Cx<'_>,
        dialog: Handle<Dialog>,
        refer_to: impl Into<ReferTo>,
    ) -> Result<Handle<Subscription>> {
        self.check(cx, dialog)?;
        let outgoing = refer_to.into().onto(Outgoing::within("REFER"));
        self.begin(cx, Some(dialog.id()), outgoing.draft, Want::default())
    }

    /// The same outside of any dialog.
    ///
    /// # Errors
    /// The container refuses the activity.
    pub fn refer_alone(
        &self,
        cx: &mut Cx<'_>,
        outgoing: Outgoing,
        refer_to: impl Into<ReferTo>,
    ) -> Result<Handle<Subscription>> {
        let mut outgoing = refer_to.into().onto(outgoing);
        outgoing.draft.method = Bytes::from_static(b"REFER");
        self.begin(cx, None, outgoing.draft, Want::default())
    }
}

/// How long the subscription of a REFER lasts at most, in seconds.
const REFER_LASTS: u32 = 600;

pub(super) fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}
