//! Requests that came, until they are answered.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use strowger::event::FireOptions;
use strowger::id::ActivityId;
use strowger::ra::{ActivityFlags, FailureReason, FireFlags, Offence, Outcome, RaCx};
use strowger::time::Mono;

use super::placing::slot;
use super::recorded::{self, Way};
use super::{HttpProtocol, What, end};
use crate::api::{Exchange, Reply, Request};
use crate::driver::Down;

/// What a service answers to credentials that are wrong, or missing.
const UNAUTHORIZED: u16 = 401;

/// Those that there are, by the driver's tokens.
#[derive(Debug, Default)]
pub(super) struct Exchanges(BTreeMap<u64, Pending>);

#[derive(Debug)]
struct Pending {
    activity: ActivityId,
    way: Way,
    due: Mono,
    /// Where it came from: over a connection, so there is no doubt of it.
    source: IpAddr,
    /// It came with `Authorization`.
    claims: bool,
    /// The request was offered to all its receivers, and one has taken it.
    taken: bool,
    /// Nobody refers to the activity any more.
    forsaken: bool,
}

/// Why a request is answered here, and with what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Why {
    NoReceiver,
    Forsaken,
    RolledBack,
    Late,
    Overload,
    Removed,
}

impl Exchanges {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The token of an exchange that waits for its answer.
    pub(super) fn token_of(&self, cx: &RaCx<'_>, activity: ActivityId) -> Option<u64> {
        let token = cx.cookie(activity)?;
        let pending = self.0.get(&token)?;
        (pending.activity == activity).then_some(token)
    }
}

impl HttpProtocol {
    /// A request came.
    pub(super) fn requested(&mut self, cx: &mut RaCx<'_>, token: u64, request: Request) {
        cx.count("http.requests", 1);
        let way = Way::of(&self.settings, &request);
        recorded::request_came(cx, token, way, &request);
        if !cx.has_receiver::<Request>() {
            return self.refuse(cx, token, way, Why::NoReceiver);
        }
        let full = self.exchanges.len() >= self.settings.limits.requests as usize;
        if self.refusing || !self.active || full || self.exchanges.0.contains_key(&token) {
            return self.refuse(cx, token, way, Why::Overload);
        }
        let flags = ActivityFlags {
            report_end: false,
            report_unreferenced: true,
        };
        let slot = slot(cx, &self.settings.slot_from, &request, token);
        let Ok(activity) = cx.start_activity::<Exchange>(slot, flags, token) else {
            return self.refuse(cx, token, way, Why::Overload);
        };
        let due = cx.now().mono + self.settings.request_deadline;
        self.due.insert(due, What::Exchange(token));
        recorded::activity(cx, token, activity);
        let pending = Pending {
            activity,
            way,
            due,
            source: request.peer.ip(),
            claims: request.header("authorization").is_some(),
            taken: false,
            forsaken: false,
        };
        self.exchanges.0.insert(token, pending);
        let flags = FireFlags {
            report_done: true,
            report_unreferenced: false,
        };
        let fired = cx.fire_with(activity, request, FireOptions::default(), flags);
        if fired.is_err() {
            self.give_up(cx, token, Why::Overload);
        }
    }

    /// A service answers.
    pub(super) fn respond(&mut self, cx: &mut RaCx<'_>, activity: ActivityId, reply: Reply) {
        // It may have been answered by somebody else, or here, or its client has gone.
        let Some(token) = self.exchanges.token_of(cx, activity) else {
            return cx.count("http.late_replies", 1);
        };
        cx.count("http.replies", 1);
        if let Some(pending) = self.exchanges.0.get(&token)
            && (reply.wrong_credentials || pending.claims && reply.status() == UNAUTHORIZED)
        {
            cx.count("http.credentials_wrong", 1);
            cx.offence(pending.source, Offence::Credentials, true);
        }
        self.finish(cx, token, reply);
    }

    /// The client has gone.
    pub(super) fn gone(&mut self, cx: &mut RaCx<'_>, token: u64) {
        if let Some(pending) = self.forget(token) {
            cx.count("http.clients_gone", 1);
            end(cx, pending.activity);
        }
    }

    /// The request was offered to all its receivers.
    pub(super) fn offered(&mut self, cx: &mut RaCx<'_>, activity: ActivityId, outcome: Outcome) {
        let Some(token) = self.exchanges.token_of(cx, activity) else {
            return;
        };
        let why = match outcome {
            Outcome::Processed => {
                let forsaken = self.exchanges.0.get_mut(&token).is_some_and(|pending| {
                    pending.taken = true;
                    pending.forsaken
                });
                if !forsaken {
                    return;
                }
                Why::Forsaken
            }
            Outcome::NoReceiver => Why::NoReceiver,
            Outcome::RolledBack | Outcome::Failed(FailureReason::Other) => Why::RolledBack,
            Outcome::Failed(
                FailureReason::QueueFull | FailureReason::QueueTimeout | FailureReason::Overload,
            ) => Why::Overload,
        };
        self.give_up(cx, token, why);
    }

    /// Nobody refers to the exchange: no answer can come any more.
    pub(super) fn unreferenced(&mut self, cx: &mut RaCx<'_>, activity: ActivityId) {
        let Some(token) = self.exchanges.token_of(cx, activity) else {
            return;
        };
        let Some(pending) = self.exchanges.0.get_mut(&token) else {
            return;
        };
        // Until the request was offered it is not known why nobody does.
        pending.forsaken = true;
        if pending.taken {
            self.give_up(cx, token, Why::Forsaken);
        }
    }

    pub(super) fn exchange_expired(&mut self, cx: &mut RaCx<'_>, token: u64) {
        self.give_up(cx, token, Why::Late);
    }

    pub(super) fn drop_exchange(&mut self, cx: &mut RaCx<'_>, activity: ActivityId) {
        if let Some(token) = self.exchanges.token_of(cx, activity) {
            self.give_up(cx, token, Why::Removed);
        }
    }

    /// Answers in place of the services.
    fn give_up(&mut self, cx: &mut RaCx<'_>, token: u64, why: Why) {
        let reply = self.own_reply(cx, why);
        self.finish(cx, token, reply);
    }

    /// The same for a request without an activity.
    fn refuse(&self, cx: &mut RaCx<'_>, token: u64, way: Way, why: Why) {
        let reply = self.own_reply(cx, why);
        recorded::reply_leaves(cx, token, way, &reply);
        cx.tell::<Self>(Down::Reply { token, reply });
    }

    fn finish(&mut self, cx: &mut RaCx<'_>, token: u64, reply: Reply) {
        if let Some(pending) = self.forget(token) {
            recorded::reply_leaves(cx, token, pending.way, &reply);
            cx.tell::<Self>(Down::Reply { token, reply });
            end(cx, pending.activity);
        }
    }

    fn forget(&mut self, token: u64) -> Option<Pending> {
        let pending = self.exchanges.0.remove(&token)?;
        self.due.remove(pending.due, What::Exchange(token));
        Some(pending)
    }

    fn own_reply(&self, cx: &mut RaCx<'_>, why: Why) -> Reply {
        let (count, status, title, detail) = match why {
            Why::NoReceiver => (
                "http.no_receiver",
                404,
                "Not Found",
                "no service takes this request",
            ),
            Why::Forsaken => (
                "http.forsaken",
                500,
                "Internal Server Error",
                "the service that took this request has not answered it",
            ),
            Why::RolledBack => (
                "http.rolled_back",
                500,
                "Internal Server Error",
                "the service that took this request has failed",
            ),
            Why::Late => (
                "http.expired",
                503,
                "Service Unavailable",
                "no answer within the time that there is for one",
            ),
            Why::Overload => (
                "http.overload",
                503,
                "Service Unavailable",
                "no new requests are taken for the moment",
            ),
            Why::Removed => (
                "http.removed",
                503,
                "Service Unavailable",
                "the request was removed by the operator",
            ),
        };
        cx.count(count, 1);
        let reply = Reply::problem(status, title, detail);
        if status == 503 {
            retry_after(reply, self.settings.retry_after)
        } else {
            reply
        }
    }
}

/// With the time after which the client may try again, in whole seconds, rounded up.
fn retry_after(reply: Reply, time: Duration) -> Reply {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    reply.header("retry-after", &seconds.to_string())
}
