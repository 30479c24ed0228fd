//! What event packages bring: the headers of SUBSCRIBE, NOTIFY and PUBLISH as services read them, entity tags (RFC 3903) and
//! INFO packages (RFC 6086).

use std::time::Duration;

use super::event::{Info, Notify, Publish, Subscribe};
use super::message::Response;
use super::outgoing::Outgoing;
use super::reply::Reply;
use crate::proto::wire::{EventType, HeaderId, SubscriptionState};

macro_rules! has_event {
    ($($name:ident),*) => {
        $(impl $name {
            /// Event: the package and its parameters.
            #[must_use]
            pub fn event(&self) -> Option<EventType<'_>> {
                self.message.event().and_then(Result::ok)
            }

            /// The event package; empty if there is none.
            #[must_use]
            pub fn package(&self) -> &[u8] {
                self.event().map_or(&b""[..], |event| event.package)
            }
        })*
    };
}

has_event!(Subscribe, Notify, Publish);

macro_rules! has_expires {
    ($($name:ident),*) => {
        $(impl $name {
            /// The duration that is asked for; zero to end it.
            #[must_use]
            pub fn expires(&self) -> Option<Duration> {
                let seconds = self.message.expires().ok().flatten()?;
                Some(Duration::from_secs(seconds.into()))
            }
        })*
    };
}

has_expires!(Subscribe, Publish);

impl Notify {
    /// Subscription-State. It is there and can be read in every NOTIFY that comes on a
    /// [`Subscription`](super::Subscription).
    #[must_use]
    pub fn state(&self) -> Option<SubscriptionState<'_>> {
        self.message.subscription_state().and_then(Result::ok)
    }

    /// Whether the subscription is over.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.state().is_some_and(|state| state.is_terminated())
    }

    /// Of a NOTIFY about a REFER: the status of what that has caused so far, out of the message/sipfrag body.
    #[must_use]
    pub fn progress(&self) -> Option<u16> {
        let rest = self.body().strip_prefix(b"SIP/2.0 ")?;
        let status = std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok()?;
        (100..700).contains(&status).then_some(status)
    }
}

impl Publish {
    /// The entity tag of the publication that is refreshed, changed or removed; none for a new one (RFC 3903 4.1).
    #[must_use]
    pub fn if_match(&self) -> Option<&[u8]> {
        self.message.get(HeaderId::SipIfMatch)
    }
}

impl Info {
    /// The package (RFC 6086); none for the INFO of before.
    #[must_use]
    pub fn package(&self) -> Option<&[u8]> {
        self.header("Info-Package")
    }
}

impl Response {
    /// The entity tag that a 2xx to PUBLISH gives.
    #[must_use]
    pub fn etag(&self) -> Option<&[u8]> {
        self.message.get(HeaderId::SipEtag)
    }

    /// The duration that is granted.
    #[must_use]
    pub fn expires(&self) -> Option<Duration> {
        let seconds = self.message.expires().ok().flatten()?;
        Some(Duration::from_secs(seconds.into()))
    }

    /// Of a 423: the shortest duration that is accepted.
    #[must_use]
    pub fn min_expires(&self) -> Option<Duration> {
        let seconds = self.message.min_expires()?;
        Some(Duration::from_secs(seconds.into()))
    }
}

impl Outgoing {
    /// Refreshes, changes or removes the publication with this entity tag.
    #[must_use]
    pub fn if_match(self, etag: &[u8]) -> Self {
        let etag = String::from_utf8_lossy(etag).into_owned();
        self.without("SIP-If-Match").header("SIP-If-Match", &etag)
    }
}

impl Reply {
    /// Sets the entity tag of a 2xx to PUBLISH.
    #[must_use]
    pub fn etag(self, etag: &str) -> Self {
        self.without("SIP-ETag").header("SIP-ETag", etag)
    }

    /// Sets the duration that is granted.
    #[must_use]
    pub fn expires(self, time: Duration) -> Self {
        let seconds = super::subscription::seconds(time).to_string();
        self.without("Expires").header("Expires", &seconds)
    }

    /// 423, with the shortest duration that is accepted.
    #[must_use]
    pub fn too_brief(least: Duration) -> Self {
        let seconds = super::subscription::seconds(least).to_string();
        Self::new(423).header("Min-Expires", &seconds)
    }
}
