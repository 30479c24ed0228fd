//! Requests of ours, until they have an outcome.
//!
//! A call's record is the request itself, under an empty sub key, and is written only for one that is to be repeated.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use strowger::id::ActivityId;
use strowger::postcard;
use strowger::ra::{Answer, Query, RaCx, Record, RecordKind, ResolveError};
use strowger::time::Mono;

use super::recorded::{self, Way};
use super::{HttpProtocol, What, end};
use crate::api::{Failure, FailureKind, Outgoing, Response, Sent, Target};
use crate::driver::{Dial, Down};

/// Those that there are.
#[derive(Debug, Default)]
pub(super) struct Calls {
    by_id: BTreeMap<ActivityId, Pending>,
    /// Bytes that they keep.
    pub(super) bytes: u64,
    /// Of an earlier process, and not to be repeated.
    pub(super) lost: Vec<ActivityId>,
}

#[derive(Debug)]
struct Pending {
    outgoing: Box<Outgoing>,
    target: Target,
    due: Mono,
    stage: Stage,
    /// Where the driver was told to take it.
    way: Option<Way>,
}

#[derive(Debug)]
enum Stage {
    /// Of an earlier process, until the entity is active.
    Restored,
    /// Name servers are asked; so many answers are to come.
    Asking { left: u8, found: Vec<IpAddr> },
    /// The driver has it.
    Dialled,
}

/// Addresses of one host that are tried.
const ADDRESSES: usize = 8;
/// The longest time that a service may give a call.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

impl Calls {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn contains(&self, call: ActivityId) -> bool {
        self.by_id.contains_key(&call)
    }
}

impl HttpProtocol {
    /// A service sends a request.
    pub(super) fn call(&mut self, cx: &mut RaCx<'_>, call: ActivityId, outgoing: Box<Outgoing>) {
        cx.count("http.calls", 1);
        let client = &self.settings.client;
        let size = outgoing.size() as u64;
        let full = self.calls.len() >= client.calls as usize
            || self.calls.bytes.saturating_add(size) > client.bytes;
        if full {
            return self.fail(cx, call, FailureKind::Full, Sent::No);
        }
        if outgoing.repeat && cx.is_durable(call) {
            save(cx, call, &outgoing);
        }
        if self.keep(cx, call, outgoing) {
            self.begin(cx, call);
        }
    }

    /// Takes it into the table; not one that goes nowhere, which the provider refuses.
    fn keep(&mut self, cx: &mut RaCx<'_>, call: ActivityId, outgoing: Box<Outgoing>) -> bool {
        let Ok(target) = outgoing.target() else {
            self.fail(cx, call, FailureKind::Unreachable, Sent::No);
            return false;
        };
        let time = outgoing.deadline.unwrap_or(self.settings.client.deadline);
        let due = cx.now().mono + time.min(LONGEST);
        self.due.insert(due, What::Call(call));
        self.calls.bytes += outgoing.size() as u64;
        let pending = Pending {
            outgoing,
            target,
            due,
            stage: Stage::Restored,
            way: None,
        };
        self.calls.by_id.insert(call, pending);
        true
    }

    /// Finds out where it goes.
    fn begin(&mut self, cx: &mut RaCx<'_>, call: ActivityId) {
        let Some(pending) = self.calls.by_id.get_mut(&call) else {
            return;
        };
        let addresses = match &pending.target.host {
            url::Host::Ipv4(ip) => vec![IpAddr::V4(*ip)],
            url::Host::Ipv6(ip) => vec![IpAddr::V6(*ip)],
            // RFC 6761 6.3: no name server is asked for it.
            url::Host::Domain(name) if is_localhost(name) => {
                vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
            }
            url::Host::Domain(name) => {
                let kinds = [RecordKind::A, RecordKind::Aaaa];
                pending.stage = Stage::Asking {
                    left: kinds.len() as u8,
                    found: Vec::new(),
                };
                for kind in kinds {
                    cx.resolve(call.raw(), Query::new(name.clone(), kind));
                }
                return;
            }
        };
        self.dial(cx, call, &addresses);
    }

    /// A name server has answered, or will not.
    pub(super) fn resolved(
        &mut self,
        cx: &mut RaCx<'_>,
        call: ActivityId,
        answer: Result<Answer, ResolveError>,
    ) {
        let Some(pending) = self.calls.by_id.get_mut(&call) else {
            return;
        };
        let Stage::Asking { left, found } = &mut pending.stage else {
            return;
        };
        let records = answer.map(|answer| answer.records).unwrap_or_default();
        found.extend(records.iter().filter_map(address));
        *left = left.saturating_sub(1);
        if *left > 0 {
            return;
        }
        let mut addresses = std::mem::take(found);
        // Those of IPv4 first, whichever answer came first.
        addresses.sort_by_key(IpAddr::is_ipv6);
        addresses.truncate(ADDRESSES);
        if addresses.is_empty() {
            return self.over(cx, call, FailureKind::Dns, Sent::No);
        }
        self.dial(cx, call, &addresses);
    }

    /// Hands it to the driver.
    fn dial(&mut self, cx: &mut RaCx<'_>, call: ActivityId, addresses: &[IpAddr]) {
        let Some(pending) = self.calls.by_id.get_mut(&call) else {
            return;
        };
        pending.stage = Stage::Dialled;
        let (outgoing, target) = (&pending.outgoing, &pending.target);
        let addresses = addresses.iter();
        let host = match &target.host {
            url::Host::Domain(name) => name.clone(),
            url::Host::Ipv4(ip) => ip.to_string(),
            url::Host::Ipv6(ip) => ip.to_string(),
        };
        let dial = Dial {
            call: call.raw(),
            secure: target.secure,
            host,
            addresses: addresses
                .map(|ip| SocketAddr::new(*ip, target.port))
                .collect(),
            authority: target.authority.clone(),
            method: outgoing.method.clone(),
            path: target.path.clone(),
            headers: outgoing.headers.clone(),
            body: outgoing.body.clone(),
        };
        pending.way = Way::to(&dial);
        if let Some(way) = pending.way {
            recorded::call_leaves(cx, call, way, &dial);
        }
        cx.tell::<Self>(Down::Call(Box::new(dial)));
    }

    /// The driver has an outcome.
    pub(super) fn outcome(
        &mut self,
        cx: &mut RaCx<'_>,
        call: ActivityId,
        outcome: Result<Response, Failure>,
    ) {
        // It may have been given up meanwhile.
        let Some(pending) = self.forget_call(call) else {
            return;
        };
        match outcome {
            Ok(response) => {
                cx.count("http.responses", 1);
                if let Some(way) = pending.way {
                    recorded::response_came(cx, call, way, &response);
                }
                // Refused if its queue is full: whoever waits hears of the end.
                let _ = cx.fire(call, response);
                end(cx, call);
            }
            Err(Failure { kind, sent }) => self.fail(cx, call, kind, sent),
        }
    }

    pub(super) fn cancel(&mut self, cx: &mut RaCx<'_>, call: ActivityId) {
        self.recall(cx, call, FailureKind::Stopped);
    }

    pub(super) fn call_expired(&mut self, cx: &mut RaCx<'_>, call: ActivityId) {
        self.recall(cx, call, FailureKind::Timeout);
    }

    pub(super) fn not_dialled(&mut self, cx: &mut RaCx<'_>, call: ActivityId) {
        self.over(cx, call, FailureKind::Full, Sent::No);
    }

    pub(super) fn drop_call(&mut self, cx: &mut RaCx<'_>, call: ActivityId) {
        if self.forget_call(call).is_some_and(|p| p.is_dialled()) {
            cx.tell::<Self>(Down::Cancel { call: call.raw() });
        }
    }

    /// Gives a call up that the driver may have.
    fn recall(&mut self, cx: &mut RaCx<'_>, call: ActivityId, kind: FailureKind) {
        let Some(pending) = self.forget_call(call) else {
            return;
        };
        let mut sent = Sent::No;
        if pending.is_dialled() {
            sent = Sent::Maybe;
            cx.tell::<Self>(Down::Cancel { call: call.raw() });
        }
        self.fail(cx, call, kind, sent);
    }

    fn over(&mut self, cx: &mut RaCx<'_>, call: ActivityId, kind: FailureKind, sent: Sent) {
        if self.forget_call(call).is_some() {
            self.fail(cx, call, kind, sent);
        }
    }

    /// The outcome of a call that is in no table any more.
    fn fail(&self, cx: &mut RaCx<'_>, call: ActivityId, kind: FailureKind, sent: Sent) {
        cx.count(counter(kind), 1);
        // Of one that nobody can hear any more nothing is left but to end it.
        let _ = cx.fire(call, Failure { kind, sent });
        end(cx, call);
    }

    fn forget_call(&mut self, call: ActivityId) -> Option<Pending> {
        let pending = self.calls.by_id.remove(&call)?;
        self.due.remove(pending.due, What::Call(call));
        let size = pending.outgoing.size() as u64;
        self.calls.bytes = self.calls.bytes.saturating_sub(size);
        Some(pending)
    }

    // ---- over a restart

    /// The call has become durable.
    pub(super) fn snapshot(&self, cx: &mut RaCx<'_>, call: ActivityId) {
        if let Some(pending) = self.calls.by_id.get(&call)
            && pending.outgoing.repeat
        {
            save(cx, call, &pending.outgoing);
        }
    }

    /// A call of an earlier process that is to be repeated.
    pub(super) fn restore(&mut self, cx: &mut RaCx<'_>, call: ActivityId, value: &[u8]) {
        match postcard::from_bytes::<Outgoing>(value) {
            Ok(outgoing) => {
                self.keep(cx, call, Box::new(outgoing));
            }
            Err(_) => {
                cx.count("http.bad_records", 1);
                self.calls.lost.push(call);
            }
        }
    }

    /// Calls of an earlier process that are not.
    pub(super) fn tell_lost(&mut self, cx: &mut RaCx<'_>) {
        for call in std::mem::take(&mut self.calls.lost) {
            self.fail(cx, call, FailureKind::Restarted, Sent::Maybe);
        }
    }

    /// Sends again what an earlier process has left.
    pub(super) fn call_again(&mut self, cx: &mut RaCx<'_>) {
        let restored = self.calls.by_id.iter();
        let restored = restored.filter(|(_, pending)| matches!(pending.stage, Stage::Restored));
        let restored: Vec<ActivityId> = restored.map(|(call, _)| *call).collect();
        for call in restored {
            cx.count("http.repeated", 1);
            self.begin(cx, call);
        }
    }
}

impl Pending {
    fn is_dialled(&self) -> bool {
        matches!(self.stage, Stage::Dialled)
    }
}

fn save(cx: &mut RaCx<'_>, call: ActivityId, outgoing: &Outgoing) {
    // What is made of text and bytes alone can be written.
    if let Ok(bytes) = postcard::to_allocvec(outgoing) {
        cx.persist(call, b"", &bytes);
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

fn address(record: &Record) -> Option<IpAddr> {
    match record {
        Record::A(ip) => Some(IpAddr::V4(*ip)),
        Record::Aaaa(ip) => Some(IpAddr::V6(*ip)),
        Record::Srv(_) | Record::Naptr(_) => None,
    }
}

fn counter(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Timeout => "http.call_failed.timeout",
        FailureKind::Refused => "http.call_failed.refused",
        FailureKind::Unreachable => "http.call_failed.unreachable",
        FailureKind::Dns => "http.call_failed.dns",
        FailureKind::Tls => "http.call_failed.tls",
        FailureKind::Closed => "http.call_failed.closed",
        FailureKind::Protocol => "http.call_failed.protocol",
        FailureKind::TooLarge => "http.call_failed.too_large",
        FailureKind::Full => "http.call_failed.full",
        FailureKind::Stopped => "http.call_failed.stopped",
        FailureKind::Restarted => "http.call_failed.restarted",
    }
}
