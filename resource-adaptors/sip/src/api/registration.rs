//! Who is registered where: the location table as services see it, and what a registrar does with a REGISTER.

use std::time::Duration;

use bytes::Bytes;
use strowger::activity::Handle;
use strowger::context::Cx;
use strowger::error::{OpError, Result};
use strowger::id::ActivityId;
use strowger::ra::ActivityFlags;

use super::event::{Register, Registration};
use super::flow::FlowId;
use super::provider::{Command, Sip};
use super::reply::Reply;
use super::target::{Target, to_request};
use crate::proto::compose::{copy, line, line_number};
use crate::proto::registrar;
use crate::proto::registrar::{Aor, Location, Outcome, Policy, Refusal};
use crate::proto::time::Ms;
use crate::proto::ua::{Ua, Way, is_sips};
use crate::proto::wire::text::{push_decimal, push_quoted};
use crate::proto::wire::{HeaderId, Message};
use crate::ra::{SipProtocol, ms};

/// What a registrar allows, and what it tells its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registrar {
    /// The shortest life of a binding; 423 below it.
    pub min_expires: Duration,
    /// The life of a binding where the client names none.
    pub default_expires: Duration,
    /// The longest life of a binding; what is asked beyond it is cut.
    pub max_expires: Duration,
    /// Bindings that one address of record may have; 403 beyond it.
    pub contacts: usize,
    /// Within what time a client that registers a flow shows that it is there (Flow-Timer, RFC 5626 4.4); zero to say
    /// nothing.
    pub flow_timer: Duration,
    /// The value of Service-Route in a 200 (RFC 3608).
    pub service_route: Option<String>,
}

impl Default for Registrar {
    fn default() -> Self {
        Self {
            min_expires: Duration::from_secs(60),
            default_expires: Duration::from_secs(3600),
            max_expires: Duration::from_secs(7200),
            contacts: 10,
            flow_timer: Duration::ZERO,
            service_route: None,
        }
    }
}

/// What [`Sip::register`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Registered {
    /// The address of record is registered, since now or before. An entity that attaches to the activity makes its
    /// bindings as durable as its service.
    Bound(Handle<Registration>),
    /// It has no bindings, or none any more.
    Unbound,
    /// Nothing was changed; the client was told so with this status.
    Refused(u16),
}

/// Where a user can be reached.
#[derive(Clone, Debug)]
pub struct Binding {
    inner: registrar::Binding,
    way: Way,
    expires: Duration,
}

impl Binding {
    /// Where a request for the user goes: the contact's URI, by the routes of its Path, or over the connection or back to
    /// the address that the client registered from where its URI leads nowhere.
    #[must_use]
    pub fn target(&self) -> Target {
        Target {
            uri: to_request(self.inner.uri()),
            route: self.inner.path(),
            flow: match self.way {
                Way::Flow | Way::Lost => Some(self.flow()),
                Way::Path | Way::Uri => None,
            },
        }
    }

    /// Whether there is a way to it. One whose connection is gone stays in the table until it ends; the client is about
    /// to register anew. A request sent to it fails with 430 (RFC 5626 5.3).
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.way != Way::Lost
    }

    /// The contact's URI.
    #[must_use]
    pub fn uri(&self) -> Bytes {
        self.inner.uri()
    }

    /// The preference in thousandths, 0 to 1000.
    #[must_use]
    pub fn q(&self) -> u16 {
        self.inner.q
    }

    /// The routes to it, as a Route header writes them; empty for none (RFC 3327).
    #[must_use]
    pub fn path(&self) -> Bytes {
        self.inner.path()
    }

    /// What tells the client from all others (RFC 5626 4.1): `<urn:uuid:...>`. Bindings of one instance are several ways
    /// to the same client.
    #[must_use]
    pub fn instance(&self) -> Option<&[u8]> {
        self.inner.instance()
    }

    /// Which of several flows of one instance it is; `None` unless the client named one.
    #[must_use]
    pub fn reg_id(&self) -> Option<u32> {
        Some(self.inner.reg_id).filter(|id| *id > 0)
    }

    /// The way that its REGISTER came.
    #[must_use]
    pub fn flow(&self) -> FlowId {
        self.inner.flow.into()
    }

    /// How long it lasts unless it is refreshed.
    #[must_use]
    pub fn expires(&self) -> Duration {
        self.expires
    }

    /// A parameter of the contact as written, such as `methods` or `+sip.instance`; empty for one without value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&[u8]> {
        let params = crate::proto::wire::Params::new(self.inner.texts().params);
        params.get(name.as_bytes()).map(Option::unwrap_or_default)
    }

    fn of(inner: &registrar::Binding, ua: &Ua, now: Ms) -> Self {
        Self {
            way: ua.way(inner),
            expires: Duration::from_millis(inner.until - now),
            inner: inner.clone(),
        }
    }
}

impl Sip {
    /// Where the user of a URI can be reached, best first: by preference, then the one that registered last. Of one
    /// client with several flows only the latest that stands is given (RFC 5626 6). Of a GRUU (RFC 5627): the one client
    /// that it names. Empty if the user is not registered, or the GRUU is not valid any more. Of a `sips` URI those only that
    /// are reached encrypted (RFC 3261 26.2.2).
    ///
    /// Shared by all services that use this adaptor entity.
    #[must_use]
    pub fn contacts(&self, cx: &Cx<'_>, uri: impl AsRef<[u8]>) -> Vec<Binding> {
        let mut all = self.bindings(cx, uri.as_ref());
        all.retain(Binding::is_reachable);
        if is_sips(uri.as_ref()) {
            let ua = self.ua(cx);
            all.retain(|binding| ua.is_some_and(|ua| ua.is_encrypted(&binding.inner)));
        }
        all.sort_by_key(|binding| {
            (
                std::cmp::Reverse(binding.q()),
                std::cmp::Reverse(binding.inner.since),
            )
        });
        let mut kept: Vec<Binding> = Vec::with_capacity(all.len());
        for binding in all {
            let same = |other: &Binding| {
                binding.reg_id().is_some()
                    && other.reg_id().is_some()
                    && other.instance() == binding.instance()
            };
            if !kept.iter().any(same) {
                kept.push(binding);
            }
        }
        kept
    }

    /// Every binding of the user of a URI, in the order in which they were made, those that cannot be reached included.
    #[must_use]
    pub fn bindings(&self, cx: &Cx<'_>, uri: impl AsRef<[u8]>) -> Vec<Binding> {
        let Some(ua) = self.ua(cx) else {
            return Vec::new();
        };
        let now = ms(cx.now().mono);
        let bindings = ua.location().meant_by(uri.as_ref()).into_iter();
        bindings
            .filter(|binding| binding.until > now)
            .map(|binding| Binding::of(binding, ua, now))
            .collect()
    }

    /// The activity of an address of record that is registered.
    #[must_use]
    pub fn registration(&self, cx: &Cx<'_>, aor: &Aor) -> Option<Handle<Registration>> {
        let activity = self.ua(cx)?.location().activity(aor)?;
        Some(Handle::from_id(ActivityId::from_raw(activity)))
    }

    /// Carries out a REGISTER as a whole and answers it (RFC 3261 10.3 steps 5 to 8): 200 with all bindings, or what it is
    /// refused with. Whether its sender may do it is asked before: `aor` is its To, or what the service makes of it.
    ///
    /// # Errors
    /// The container refuses the activity.
    pub fn register(
        &self,
        cx: &mut Cx<'_>,
        ev: &Register,
        aor: &Aor,
        registrar: &Registrar,
    ) -> Result<Registered> {
        let now = ms(cx.now().mono);
        let policy = Policy {
            min_expires: seconds(registrar.min_expires),
            default_expires: seconds(registrar.default_expires),
            max_expires: seconds(registrar.max_expires),
            contacts: registrar.contacts,
        };
        let asks = ev.message().lists(HeaderId::Supported, b"gruu");
        let nonce = asks.then(|| cx.random());
        let location = self.ua(cx).map(Ua::location).ok_or(OpError::Stopping)?;
        let flow = ev.flow().into();
        let outcome = match location.decide(now, aor, ev.message(), flow, &policy) {
            Ok(outcome) => outcome,
            Err(refusal) => return self.refuse_register(cx, ev, refusal),
        };
        let gruus = Gruus {
            location,
            aor,
            secure: ev
                .message()
                .to()
                .is_ok_and(|to| to.uri_raw.starts_with(b"sips:")),
            nonce,
        };
        let reply = accepted(ev.message(), &outcome, now, registrar, &gruus);
        let registration = self.registration(cx, aor);
        let registered = match (registration, outcome.bindings.is_empty()) {
            (None, true) => Registered::Unbound,
            (Some(_), true) => Registered::Unbound,
            (Some(registration), false) => Registered::Bound(registration),
            (None, false) => Registered::Bound(
                cx.start_activity::<Registration>(self.ra(), ActivityFlags::default())?,
            ),
        };
        let activity = match registered {
            Registered::Bound(registration) => Some(registration),
            Registered::Unbound | Registered::Refused(_) => registration,
        };
        if let Some(activity) = activity.filter(|_| outcome.changed) {
            cx.command(
                self.ra(),
                Command::Register {
                    registration: activity.id(),
                    aor: aor.clone(),
                    bindings: outcome.bindings,
                },
            );
        }
        self.respond(cx, ev, reply)?;
        Ok(registered)
    }

    fn refuse_register(
        &self,
        cx: &mut Cx<'_>,
        ev: &Register,
        refusal: Refusal,
    ) -> Result<Registered> {
        // Spread, so that those who were refused together do not come back together.
        let retry_after = 30 + (cx.random() % 30) as u32;
        let mut reply = Reply::new(refusal.status()).reason(&refusal.to_string());
        reply.0.lines = refusal.lines(retry_after).into();
        self.respond(cx, ev, reply)?;
        Ok(Registered::Refused(refusal.status()))
    }

    pub(super) fn ua<'a>(&self, cx: &'a Cx<'_>) -> Option<&'a Ua> {
        cx.view::<SipProtocol>(self.ra())?.ua()
    }
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// What the GRUUs of an answer are made with.
struct Gruus<'a> {
    location: &'a Location,
    aor: &'a Aor,
    secure: bool,
    /// Nothing if the client does not know GRUUs.
    nonce: Option<u64>,
}

impl Gruus<'_> {
    /// The parameters of the n-th binding (RFC 5627 5.3).
    fn push(&self, out: &mut Vec<u8>, n: usize, binding: &registrar::Binding) {
        let nonce = self.nonce.map(|nonce| nonce.wrapping_add(n as u64));
        let made =
            nonce.and_then(|nonce| self.location.gruus(self.aor, binding, self.secure, nonce));
        if let Some((public, temporary)) = made {
            out.extend_from_slice(b";pub-gruu=");
            push_quoted(out, &public);
            out.extend_from_slice(b";temp-gruu=");
            push_quoted(out, &temporary);
        }
    }
}

/// The 200 of a REGISTER.
fn accepted(
    request: &Message,
    outcome: &Outcome,
    now: Ms,
    registrar: &Registrar,
    gruus: &Gruus<'_>,
) -> Reply {
    let mut lines = Vec::new();
    for (n, binding) in outcome.bindings.iter().enumerate() {
        let texts = binding.texts();
        let mut value = Vec::with_capacity(texts.uri.len() + texts.params.len() + 32);
        value.push(b'<');
        value.extend_from_slice(texts.uri);
        value.push(b'>');
        value.extend_from_slice(texts.params);
        gruus.push(&mut value, n, binding);
        value.extend_from_slice(b";expires=");
        push_decimal(&mut value, (binding.until - now).div_ceil(1000));
        line(&mut lines, HeaderId::Contact.name(), &value);
    }
    if outcome.outbound {
        line(&mut lines, HeaderId::Require.name(), b"outbound");
        let flow_timer = seconds(registrar.flow_timer);
        if flow_timer > 0 {
            line_number(&mut lines, b"Flow-Timer", u64::from(flow_timer));
        }
    }
    if request.lists(HeaderId::Supported, b"path") {
        copy(&mut lines, request, HeaderId::Path);
    }
    if let Some(route) = registrar
        .service_route
        .as_ref()
        .filter(|_| !outcome.bindings.is_empty())
    {
        line(&mut lines, HeaderId::ServiceRoute.name(), route.as_bytes());
    }
    line(
        &mut lines,
        HeaderId::Supported.name(),
        b"path, outbound, gruu",
    );
    let mut reply = Reply::new(200);
    reply.0.lines = lines.into();
    reply
}
