//! What a service asks of a session that ends unless it is refreshed (RFC 4028).

use std::time::Duration;

use crate::proto::dialog::{Keeper, MIN_SE, SessionAsk};

pub use crate::proto::dialog::Refresher;

/// A session timer: for [`Outgoing::session_timer`](crate::Outgoing::session_timer) and
/// [`Reply::session_timer`](crate::Reply::session_timer).
///
/// The adaptor negotiates with the peer, refreshes where that falls to this side (by UPDATE where the peer takes it, else
/// by INVITE with the last session description), and tells of a session that was not refreshed in time
/// ([`SessionExpired`](crate::SessionExpired)).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionTimer(pub(crate) SessionAsk);

impl SessionTimer {
    /// A session of that length; seconds count, and 90 are the least.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        let interval = seconds(interval).max(MIN_SE);
        Self(SessionAsk {
            interval,
            min: MIN_SE,
            refresher: Refresher::Any,
            keeper: Keeper::Adaptor,
        })
    }

    /// Nothing is said to the peer: what the two legs of a call agree on passes between them, and its end is watched.
    #[must_use]
    pub fn watch() -> Self {
        Self(SessionAsk {
            interval: MIN_SE,
            min: MIN_SE,
            refresher: Refresher::Any,
            keeper: Keeper::Watch,
        })
    }

    /// The least length that is accepted.
    #[must_use]
    pub fn min(mut self, min: Duration) -> Self {
        self.0.min = seconds(min).max(MIN_SE);
        self
    }

    /// Who is to refresh it.
    #[must_use]
    pub fn refresher(mut self, refresher: Refresher) -> Self {
        self.0.refresher = refresher;
        self
    }

    /// Where it falls to this side the service refreshes it, with UPDATE or re-INVITE, when
    /// [`SessionRefreshRequired`](crate::SessionRefreshRequired) comes.
    #[must_use]
    pub fn by_service(mut self) -> Self {
        self.0.keeper = Keeper::Service;
        self
    }
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}
