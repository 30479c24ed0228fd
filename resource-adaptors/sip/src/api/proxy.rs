//! Requests that a service proxies instead of answering them: RFC 3261 section 16.
//!
//! The service says where a request goes ([`Fork`]); the adaptor does the rest and tells nothing of it unless it is asked
//! to ([`Fork::ask`]). A proxied request costs its service one delivery.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use strowger::context::Cx;
use strowger::error::Result;
use strowger::event::Event;
use strowger::id::Component;

use super::message::{Request, RequestId, Response};
use super::provider::{Command, Sip};
use super::target::Target;
use crate::proto::proxy::{self, Aim, Change, Place};
use crate::proto::slab::Key;

/// Where a request goes, and how: `Fork::to(a).and(b).then(c)` rings `a` and `b` at once and `c` after they have failed.
#[derive(Clone, Debug, Default)]
pub struct Fork {
    pub(crate) fork: proxy::Fork,
}

/// Weight of the first targets; any would do.
const FIRST: u16 = u16::MAX;

impl Fork {
    /// To where its Request-URI, or the Route that is left in it, says.
    #[must_use]
    pub fn onward() -> Self {
        let mut fork = Self::default();
        fork.fork.aims.push(Aim {
            q: FIRST,
            ..Aim::default()
        });
        fork
    }

    /// To one target.
    #[must_use]
    pub fn to(target: impl Into<Target>) -> Self {
        Self::default().then(target)
    }

    /// One more target, tried at the same time as the one before.
    #[must_use]
    pub fn and(self, target: impl Into<Target>) -> Self {
        let q = self.last().unwrap_or(FIRST);
        self.aim(&target.into(), q)
    }

    /// One more target, tried when those before have failed.
    #[must_use]
    pub fn then(self, target: impl Into<Target>) -> Self {
        let q = self.last().map_or(FIRST, |q| q.saturating_sub(1));
        self.aim(&target.into(), q)
    }

    /// Whether later requests of a call that stays by here ([`record_route`](Self::record_route)) may go to where this one
    /// goes only, and come from there only on the way back: for callers that may not send to anywhere. What goes over a
    /// registered client's connection does so in any case.
    #[must_use]
    pub fn bound(mut self, on: bool) -> Self {
        self.fork.bound = on;
        self
    }

    /// The later requests of the dialog that this one makes come by here, too (Record-Route). They are sent on by the
    /// adaptor, without the service.
    #[must_use]
    pub fn record_route(mut self, on: bool) -> Self {
        self.fork.record_route = on;
        self
    }

    /// Adds Path to a REGISTER, so that requests to the one who registers come by here (RFC 3327), over the connection that
    /// the REGISTER came by (RFC 5626).
    #[must_use]
    pub fn path(mut self, on: bool) -> Self {
        self.fork.path = on;
        self
    }

    /// Tries the contacts of a 3xx instead of giving it back.
    #[must_use]
    pub fn recurse(mut self, on: bool) -> Self {
        self.fork.recurse = on;
        self
    }

    /// Asks the service with [`Unreached`] before a failure goes back.
    #[must_use]
    pub fn ask(mut self, on: bool) -> Self {
        self.fork.ask = on;
        self
    }

    /// How long those tried at one time may ring before they are given up and the next are tried. Of an INVITE; otherwise
    /// timer C ends it.
    #[must_use]
    pub fn patience(mut self, patience: std::time::Duration) -> Self {
        self.fork.patience = Some(u32::try_from(patience.as_millis()).unwrap_or(u32::MAX));
        self
    }

    /// Adds a header line to what is sent on. What the adaptor is answerable for (Via, From, To, Call-ID, CSeq, Contact,
    /// Route, Record-Route, Max-Forwards, Content-Length) is left as it is.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        self.change(Place::Append, name, value)
    }

    /// Puts one line in the place of all lines of that header.
    #[must_use]
    pub fn set_header(self, name: &str, value: &str) -> Self {
        self.change(Place::Replace, name, value)
    }

    /// Takes all lines of that header out.
    #[must_use]
    pub fn without(self, name: &str) -> Self {
        self.change(Place::Remove, name, "")
    }

    /// Whether it has no target.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fork.aims.is_empty()
    }

    fn last(&self) -> Option<u16> {
        self.fork.aims.last().map(|aim| aim.q)
    }

    fn aim(mut self, target: &Target, q: u16) -> Self {
        self.fork.aims.push(Aim {
            uri: target.uri.clone(),
            route: target.route.clone(),
            flow: target.flow.map(Into::into),
            q,
        });
        self
    }

    fn change(mut self, place: Place, name: &str, value: &str) -> Self {
        let breaks = |text: &str| text.bytes().any(|byte| byte.is_ascii_control());
        let change = Change {
            place,
            name: Bytes::copy_from_slice(name.as_bytes()),
            value: Bytes::copy_from_slice(value.as_bytes()),
        };
        let token = crate::proto::wire::text::is_token(name.as_bytes());
        if token && !breaks(value) && change.is_allowed() {
            self.fork.changes.push(change);
        }
        self
    }
}

/// None of the targets of a proxied request took it, and its [`Fork`] said that the service is to be asked. On the
/// request's activity. The service adds targets with [`Sip::proxy_on`], answers with [`Sip::respond_to`], or does nothing:
/// then the best response goes back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Unreached {
    pub(crate) request: u64,
    pub(crate) status: u16,
    pub(crate) response: Option<Response>,
    pub(crate) statuses: Vec<u16>,
}

impl Event for Unreached {
    const TYPE: Component = Component {
        name: "sip-unreached",
        vendor: "strowger-sip",
        version: "1.0",
    };
}

impl Unreached {
    /// The request.
    #[must_use]
    pub fn request(&self) -> RequestId {
        RequestId(self.request)
    }

    /// The status that goes back if nothing else is done. 503 goes back as 500.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The best response, if any came.
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        self.response.as_ref()
    }

    /// What came of each target that was tried so far, in the order in which they failed: 408 for one that rang in vain, 503 for
    /// one that there is no way to.
    #[must_use]
    pub fn statuses(&self) -> &[u16] {
        &self.statuses
    }
}

impl Sip {
    /// Proxies a request: INVITE, or any other outside of a dialog. From here on it is the adaptor's. Its activity stands until
    /// the final response has gone back; of CANCEL, responses and later requests of the dialog nothing is told.
    ///
    /// # Errors
    /// None that a handler can meet; the signature is that of all operations. A request that has been answered is left alone.
    pub fn proxy(&self, cx: &mut Cx<'_>, request: &Request, fork: Fork) -> Result {
        let tx = Key::from_u64(request.id().0);
        let fork = Box::new(fork.fork);
        cx.command(self.ra(), Command::Proxy { tx, fork });
        Ok(())
    }

    /// Gives a proxied request further targets, in answer to [`Unreached`]. Of `fork` the targets count and how long they may
    /// ring ([`Fork::patience`]; without it timer C alone ends it, whatever the fork before had); all else is as it began.
    ///
    /// # Errors
    /// None that a handler can meet; the signature is that of all operations.
    pub fn proxy_on(&self, cx: &mut Cx<'_>, unreached: &Unreached, fork: Fork) -> Result {
        let tx = Key::from_u64(unreached.request);
        let proxy::Fork { aims, patience, .. } = fork.fork;
        cx.command(self.ra(), Command::ProxyOn { tx, aims, patience });
        Ok(())
    }
}
