//! Subscriptions as data: RFC 6665, and the implicit ones of RFC 3515.
//!
//! A subscription is one usage of a dialog (RFC 5057): it knows its side, its event package and id, its times and what
//! was last notified, writes the headers that say so, and can be written down and read back. It runs no timer and sends
//! nothing: the user agent does.
//!
//! Invariants: at most one request of ours is in flight in it; what waits behind it is one notification, the latest.

mod record;

use bytes::Bytes;
use smallvec::SmallVec;

use super::compose::{line, line_number};
use super::slab::Key;
use super::time::Ms;
use super::timer::TimerId;
use super::wire::text::push_decimal;
use super::wire::{EventType, HeaderId};
pub use record::Restored;

/// The package of the subscriptions that REFER makes.
pub const REFER: &[u8] = b"refer";

/// Which side of it we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Side {
    /// We asked.
    Subscriber = 0,
    /// We were asked.
    Notifier = 1,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// Our SUBSCRIBE or REFER has no answer yet, and no NOTIFY has come.
    Asking = 0,
    /// It stands.
    Up = 1,
    /// It is on its way to its end: unsubscribed, or its last NOTIFY is queued or in flight.
    Ending = 2,
}

/// The state that a notification tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum State {
    /// Accepted.
    #[default]
    Active = 0,
    /// Not decided yet.
    Pending = 1,
    /// Over.
    Terminated = 2,
}

impl State {
    fn name(self) -> &'static [u8] {
        match self {
            Self::Active => b"active",
            Self::Pending => b"pending",
            Self::Terminated => b"terminated",
        }
    }
}

/// What a notifier has to tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notification {
    /// The subscription's state.
    pub state: State,
    /// Why it is over; empty for no reason.
    pub reason: Bytes,
    /// When to try again, in seconds.
    pub retry_after: Option<u32>,
    /// Whole header lines, Content-Type among them.
    pub lines: Bytes,
    /// The body.
    pub body: Bytes,
}

/// What a subscriber wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// The event package.
    pub package: Bytes,
    /// The id that tells several subscriptions of one dialog apart; empty for none.
    pub id: Bytes,
    /// Seconds that are asked for.
    pub expires: u32,
    /// Whether it is refreshed before it expires.
    pub refresh: bool,
}

impl Default for Want {
    fn default() -> Self {
        Self {
            package: Bytes::new(),
            id: Bytes::new(),
            expires: 3600,
            refresh: true,
        }
    }
}

/// One subscription.
#[derive(Debug)]
pub struct Subscription {
    /// The activity that stands for it.
    pub activity: u64,
    /// Our side.
    pub side: Side,
    /// Its stage.
    pub stage: Stage,
    /// The dialog that it uses.
    pub dialog: Key,
    /// Package, id and the wishes. Of a notifier `expires` is the longest duration that is granted.
    pub want: Want,
    /// An Event without id means it, too: the first REFER of its dialog (RFC 3515 2.4.6).
    pub bare: bool,
    /// When it expires.
    pub expires_at: Ms,
    /// When something is next to be done of itself, and what.
    pub due: Option<(Ms, Due)>,
    /// The timer of `due`.
    pub timer: TimerId,
    /// A request of ours is in flight.
    pub out: bool,
    /// The peer's requests that wait for their answer.
    pub requests_in: SmallVec<[Key; 1]>,
    /// A NOTIFY has said that it is over; it ends with the answer to that.
    pub told_over: bool,
    /// Our first request has been accepted.
    pub agreed: bool,
    /// A 423 has been met with a longer duration; another one is final.
    pub lengthened: bool,
    /// Header lines that go with every SUBSCRIBE.
    pub lines: Bytes,
    /// The body of a SUBSCRIBE that has no answer yet.
    pub body: Bytes,
    /// What was last notified, or is to be.
    pub notification: Notification,
    /// The notification is newer than the NOTIFY in flight.
    pub queued: bool,
    /// An operation waits for our request in flight: SUBSCRIBE with this duration.
    pub next_expires: Option<u32>,
    /// What a service granted in the answer that is about to leave.
    pub granting: Option<u32>,
}

/// What falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Timer N (RFC 6665 4.1.2.4), or an end that nobody confirms.
    GiveUp,
    /// A refresh.
    Refresh,
    /// The NOTIFY that every SUBSCRIBE asks for, if the service has not given it.
    Notify,
    /// The end of its duration.
    Expire,
}

impl Subscription {
    /// One that begins.
    #[must_use]
    pub fn new(activity: u64, side: Side, dialog: Key, want: Want, expires_at: Ms) -> Self {
        Self {
            activity,
            side,
            stage: Stage::Asking,
            dialog,
            want,
            bare: false,
            expires_at,
            due: None,
            timer: TimerId::NONE,
            out: false,
            requests_in: SmallVec::new(),
            told_over: false,
            agreed: false,
            lengthened: false,
            lines: Bytes::new(),
            body: Bytes::new(),
            notification: Notification::default(),
            queued: false,
            next_expires: None,
            granting: None,
        }
    }

    /// Whether an Event value means this subscription: compared byte by byte (RFC 6665 4.1.3).
    #[must_use]
    pub fn is_meant(&self, event: &EventType<'_>) -> bool {
        event.package == &self.want.package[..]
            && match event.id() {
                Some(id) => id == &self.want.id[..],
                None => self.bare || self.want.id.is_empty(),
            }
    }

    /// Whether REFER made it.
    #[must_use]
    pub fn is_refer(&self) -> bool {
        self.want.package == REFER
    }

    /// Whole seconds until it expires, rounded up.
    #[must_use]
    pub fn remaining(&self, now: Ms) -> u32 {
        u32::try_from(self.expires_at.0.saturating_sub(now.0).div_ceil(1_000)).unwrap_or(u32::MAX)
    }

    /// The Event line.
    pub fn push_event(&self, out: &mut Vec<u8>) {
        let mut value = self.want.package.to_vec();
        // A peer that counts no REFERs knows the first one without id.
        if !self.want.id.is_empty() && !self.bare {
            value.extend_from_slice(b";id=");
            value.extend_from_slice(&self.want.id);
        }
        line(out, HeaderId::Event.name(), &value);
    }

    /// The header lines of a SUBSCRIBE.
    #[must_use]
    pub fn subscribe_lines(&self, expires: u32) -> Bytes {
        let mut out = Vec::with_capacity(64 + self.lines.len());
        self.push_event(&mut out);
        line_number(&mut out, HeaderId::Expires.name(), u64::from(expires));
        out.extend_from_slice(&self.lines);
        out.into()
    }

    /// The header lines of a NOTIFY.
    #[must_use]
    pub fn notify_lines(&self, now: Ms) -> Bytes {
        let told = &self.notification;
        let mut out = Vec::with_capacity(96 + told.lines.len());
        self.push_event(&mut out);
        let mut value = told.state.name().to_vec();
        if told.state == State::Terminated {
            if !told.reason.is_empty() {
                value.extend_from_slice(b";reason=");
                value.extend_from_slice(&told.reason);
            }
            if let Some(seconds) = told.retry_after {
                value.extend_from_slice(b";retry-after=");
                push_decimal(&mut value, u64::from(seconds));
            }
        } else {
            value.extend_from_slice(b";expires=");
            push_decimal(&mut value, u64::from(self.remaining(now)));
        }
        line(&mut out, HeaderId::SubscriptionState.name(), &value);
        out.extend_from_slice(&told.lines);
        out.into()
    }
}

/// Responses that end a subscription when they answer a SUBSCRIBE that refreshes it or a NOTIFY (RFC 6665 4.1.2.2, 4.2.2).
#[must_use]
pub fn ends_subscription(status: u16) -> bool {
    matches!(
        status,
        404 | 405 | 408 | 410 | 416 | 480..=485 | 489 | 501 | 604
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(package: &'static [u8], id: &'static [u8]) -> Subscription {
        let want = Want {
            package: Bytes::from_static(package),
            id: Bytes::from_static(id),
            ..Want::default()
        };
        Subscription::new(1, Side::Notifier, Key::from_u64(0), want, Ms(10_500))
    }

    fn is_meant(subscription: &Subscription, event: &str) -> bool {
        subscription.is_meant(&EventType::parse(event.as_bytes()).unwrap())
    }

    /// RFC 6665 4.1.3, RFC 3515 2.4.6.
    #[test]
    fn package_and_id_name_it_byte_by_byte() {
        let plain = subscription(b"dialog", b"");
        assert!(is_meant(&plain, "dialog") && !is_meant(&plain, "Dialog"));
        assert!(!is_meant(&plain, "dialog;id=1") && !is_meant(&plain, "dialog.winfo"));
        let mut referred = subscription(REFER, b"93");
        assert!(is_meant(&referred, "refer;id=93") && !is_meant(&referred, "refer"));
        referred.bare = true;
        assert!(is_meant(&referred, "refer;id=93") && is_meant(&referred, "refer"));
        assert!(!is_meant(&referred, "refer;id=94"));
    }

    #[test]
    fn a_notify_says_how_long_or_why_not() {
        let mut it = subscription(b"presence", b"x");
        assert_eq!(
            it.notify_lines(Ms(1)),
            &b"Event: presence;id=x\r\nSubscription-State: active;expires=11\r\n"[..]
        );
        it.notification = Notification {
            state: State::Terminated,
            reason: Bytes::from_static(b"probation"),
            retry_after: Some(3),
            lines: Bytes::from_static(b"X: 1\r\n"),
            ..Notification::default()
        };
        assert_eq!(
            it.notify_lines(Ms(1)),
            &b"Event: presence;id=x\r\nSubscription-State: terminated;reason=probation;retry-after=3\r\nX: 1\r\n"[..]
        );
    }
}
