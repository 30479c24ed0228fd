//! The binding: the user agent of `proto` as an adaptor of the container.
//!
//! It holds no protocol and no policy. It turns inputs into calls of the user agent, and the user agent's outputs into
//! activities, events, records and bytes. An activity's cookie is the key of its dialog or transaction.
//!
//! Rules: R-RO-01 (activities only while active), R-RP-01, R-RP-02 (end by callback of an activity that nobody refers
//! to), R-RP-05, R-RP-07 (what no service receives is not fired).

mod call_settings;
mod commands;
mod credentials;
mod durable;
mod emergency;
mod identity;
mod listener;
mod names;
mod output;
mod recorded;
mod registrations;
mod settings;
mod stream;
mod streams;
mod subscriptions;

use std::any::Any;
use std::collections::HashMap;
use std::net::IpAddr;

use strowger::activity::Activity;
use strowger::event::{Event, EventDecl, FireOptions};
use strowger::id::{ActivityId, Component, ComponentId};
use strowger::ra::{
    AdaptorDef, Bytes, ConnId, FailureReason, FireFlags, Input, Listener, ListenerIx, NewWork,
    Outcome, Protocol, Provider, RaCx, SettingsError,
};
use strowger::time::Mono;

use crate::api::{self, Command, Sip};
use crate::proto::flow::{Flow, Transport};
use crate::proto::keyed::Secret;
use crate::proto::slab::Key;
use crate::proto::stun;
use crate::proto::time::Ms;
use crate::proto::ua::{Methods, Taking, Ua};
use crate::proto::wire::{self, Method};
pub use call_settings::{CallSettings, ProvisionalSetting, RefresherSetting};
pub use credentials::CredentialSettings;
pub use emergency::EmergencySettings;
pub use listener::{ListenerSettings, ListenerTransport};
pub use settings::{LimitSettings, Settings, TimerSettings};
use stream::Came;
use streams::Streams;

/// The SIP adaptor, for a node or a test kit.
#[must_use]
pub fn adaptor() -> AdaptorDef {
    AdaptorDef::of::<SipProtocol>()
}

/// One SIP adaptor entity.
#[derive(Debug)]
pub struct SipProtocol {
    settings: Settings,
    /// Made with the first input, which brings the time and the secret.
    core: Option<Core>,
}

#[derive(Debug)]
struct Core {
    ua: Ua,
    streams: Streams,
    /// Events whose outcome decides what the peer is told, by their number.
    undecided: HashMap<u64, Key>,
    /// Events that ask what is to be done with a proxied request; at most one for each.
    asked: HashMap<u64, Key>,
    /// When the table is looked through for leftovers.
    undecided_limit: usize,
    stopping: bool,
    new_work: NewWork,
    /// Where what is handled came from, and whether that is certain.
    from: Option<(IpAddr, bool)>,
    /// What is handled is a message that is not recorded: what is sent at once because of it is of the same call.
    aside: bool,
}

impl SipProtocol {
    /// What providers read: the user agent, once there is one.
    pub(crate) fn ua(&self) -> Option<&Ua> {
        self.core.as_ref().map(|core| &core.ua)
    }
}

impl Protocol for SipProtocol {
    const TYPE: Component = Sip::TYPE;
    type Settings = Settings;
    type Command = Command;

    fn verify(settings: &Settings) -> Result<(), SettingsError> {
        settings.verify()
    }

    fn listeners(settings: &Settings) -> Vec<Listener> {
        settings.node_listeners()
    }

    fn events() -> Vec<EventDecl> {
        api::decls()
    }

    fn activities() -> Vec<Component> {
        vec![
            api::Dialog::TYPE,
            api::ServerTx::TYPE,
            api::ClientTx::TYPE,
            api::Registration::TYPE,
            api::Subscription::TYPE,
        ]
    }

    fn lasting() -> Vec<Component> {
        vec![api::Registration::TYPE, api::Subscription::TYPE]
    }

    fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            core: None,
        }
    }

    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Command>) {
        let now = ms(cx.now().mono);
        let settings = &self.settings;
        let core = self
            .core
            .get_or_insert_with(|| Core::new(settings, cx, now));
        (core.aside, core.from) = (false, None);
        core.handle(cx, now, input);
        core.drain(cx, now);
    }

    /// What changes while the adaptor runs: credentials.
    fn configure(&mut self, _: &mut RaCx<'_>, settings: &Settings) {
        self.settings = settings.clone();
        if let Some(core) = &mut self.core {
            core.ua.set_credentials(settings.credentials());
        }
    }

    fn deadline(&self) -> Option<Mono> {
        let core = self.core.as_ref()?;
        let next = match (core.ua.deadline(), core.streams.deadline()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        next.map(|ms| Mono(ms.0.saturating_mul(NANOS)))
    }

    fn view(&self) -> &dyn Any {
        self
    }
}

/// Undecided events below which nothing is looked through.
const UNDECIDED: usize = 65_536;
/// Nanoseconds in a millisecond.
const NANOS: u64 = 1_000_000;

/// The container's monotonic clock as the stack counts it.
pub(crate) fn ms(mono: Mono) -> Ms {
    Ms(mono.0 / NANOS)
}

impl Core {
    fn new(settings: &Settings, cx: &mut RaCx<'_>, now: Ms) -> Self {
        let secret = u128::from_le_bytes(cx.secret());
        let secret = Secret::new([secret as u64, (secret >> 64) as u64]);
        let seed = [cx.random(), cx.random(), cx.random(), cx.random()];
        let epoch = cx.random();
        let mut ua = Ua::new(settings.ua_config(), secret, seed, now);
        let packages = settings.event_packages.iter();
        ua.set_packages(packages.map(|name| name.clone().into_bytes()).collect());
        Self {
            ua,
            streams: Streams::new(settings.stream_bounds(), settings.ports(), epoch, now),
            undecided: HashMap::new(),
            asked: HashMap::new(),
            undecided_limit: UNDECIDED,
            stopping: false,
            new_work: NewWork::Taken,
            from: None,
            aside: false,
        }
    }

    fn handle(&mut self, cx: &mut RaCx<'_>, now: Ms, input: Input<'_, Command>) {
        match input {
            Input::Active => {
                self.stopping = false;
                self.receivers_changed(cx);
            }
            Input::Stopping => self.stopping = true,
            Input::NewWork(new) => self.new_work = new,
            Input::ReceiversChanged => self.receivers_changed(cx),
            Input::Timeout => {
                self.ua.expire(now);
                self.expire_bindings(cx, now);
                while let Some(conn) = self.streams.expire(cx, now) {
                    self.end_stream(cx, now, conn);
                }
            }
            Input::Datagram {
                listener,
                from,
                bytes,
            } => self.datagram(cx, now, Flow::seen(Transport::Udp, listener.0, from), bytes),
            Input::Connected {
                conn,
                listener,
                peer,
                inbound,
                secure,
                ..
            } => {
                let place = (listener.0, peer);
                if self
                    .streams
                    .connected(cx, now, conn, place, inbound, secure)
                {
                    self.ua.set_connected(self.streams.number(conn), true);
                }
            }
            Input::Received { conn, bytes } => self.received(cx, now, conn, bytes),
            Input::PeerEnded { conn } => self.peer_ended(now, conn),
            Input::ConnectFailed { conn } | Input::Closed { conn } => self.closed(now, conn),
            Input::Resolved { token, answer } => {
                let found = names::found(cx, answer);
                self.ua.resolved(now, token, found);
            }
            Input::SendFailed { listener, to } => self.ua.unreachable(now, listener.0, to),
            Input::Command { command, .. } => self.command(cx, now, command),
            Input::Unreferenced(activity) => self.unreferenced(cx, now, activity),
            Input::EventDone { event, outcome, .. } => self.event_done(now, event, outcome),
            Input::Restore {
                activity,
                kind,
                sub,
                value,
            } => self.restore_kind(cx, now, (activity, kind), sub, value),
            Input::RestoreBare { activity, .. } => end(cx, activity),
            Input::Restored => {
                self.ua.restored(now);
                self.registrations_restored(cx);
            }
            Input::Snapshot(activity) => self.snapshot(cx, now, activity),
            Input::QueryLiveness(activity) => self.query(cx, activity),
            Input::AdministrativeRemove(activity) => self.remove(cx, now, activity),
            // The end of an activity and of an event's life are not asked for, and when all activities have ended there
            // is nothing left to do.
            Input::Inactive | Input::ActivityEnded(_) | Input::EventUnreferenced { .. } | _ => {}
        }
        self.ua.set_taking(match self.new_work {
            _ if self.stopping => Taking::Nothing,
            NewWork::Taken => Taking::All,
            NewWork::Refused | NewWork::Unanswered => Taking::Urgent,
        });
    }

    fn datagram(&mut self, cx: &mut RaCx<'_>, now: Ms, flow: Flow, bytes: Bytes) {
        self.from = Some((flow.peer.ip(), false));
        if stun::is_stun(&bytes) {
            cx.count("sip.stun", 1);
            if let Some(answer) = stun::answer(&bytes, flow.peer) {
                cx.datagram(ListenerIx(flow.listener), flow.peer, answer);
            }
        } else if self.new_work == NewWork::Unanswered && self.ua.may_be_left(&bytes) {
            cx.count("sip.unanswered", 1);
        } else if !is_keep_alive(&bytes)
            // What is recorded is read in any case.
            && (cx.is_recording() || !self.ua.refuse_unread(now, flow, &bytes))
        {
            let read = wire::Message::datagram(bytes, self.ua.limits());
            self.aside = !recorded::came(cx, &flow, &read);
            self.ua.came(now, flow, read);
        }
    }

    /// A record comes back: each kind of activity has its own.
    fn restore_kind(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        (activity, kind): (ActivityId, ComponentId),
        sub: &[u8],
        value: &[u8],
    ) {
        if kind == api::Registration::TYPE.id() {
            self.restore_registration(cx, now, activity, sub, value);
        } else if kind == api::Subscription::TYPE.id() {
            self.restore_subscription(cx, now, activity, value);
        } else {
            self.restore(cx, now, activity, sub, value);
        }
    }

    fn receivers_changed(&mut self, cx: &RaCx<'_>) {
        let mut served = Methods::ALWAYS;
        for (method, received) in [
            (Method::Info, cx.has_receiver::<api::Info>()),
            (Method::Message, cx.has_receiver::<api::Message>()),
            (Method::Update, cx.has_receiver::<api::Update>()),
            (Method::Register, cx.has_receiver::<api::Register>()),
            (Method::Prack, cx.has_receiver::<api::Prack>()),
            (Method::Subscribe, cx.has_receiver::<api::Subscribe>()),
            (Method::Notify, cx.has_receiver::<api::Notify>()),
            (Method::Refer, cx.has_receiver::<api::Refer>()),
            (Method::Publish, cx.has_receiver::<api::Publish>()),
            (
                Method::from_bytes(b"*"),
                cx.has_receiver::<api::Extension>(),
            ),
        ] {
            if received {
                served = served.with(&method);
            }
        }
        self.ua.set_served(served);
        self.ua.set_relaying(cx.has_receiver::<api::Unreached>());
    }

    fn received(&mut self, cx: &mut RaCx<'_>, now: Ms, conn: ConnId, bytes: &[u8]) {
        let mut came = Vec::new();
        let Some(flow) = self.streams.received(cx, now, conn, bytes, &mut came) else {
            return;
        };
        self.from = Some((flow.peer.ip(), true));
        for came in came {
            match came {
                Came::Message(bytes) => {
                    self.streams.alias(conn, &bytes);
                    let read = wire::Message::frame(bytes, self.ua.limits());
                    recorded::came(cx, &flow, &read);
                    let before = self.ua.settled();
                    self.ua.came(now, flow, read);
                    if self.ua.settled() > before {
                        self.streams.settled(conn);
                    }
                }
                Came::Whole(bytes) => {
                    let read = wire::Message::whole(bytes, self.ua.limits());
                    recorded::came(cx, &flow, &read);
                    let before = self.ua.settled();
                    self.ua.came(now, flow, read);
                    if self.ua.settled() > before {
                        self.streams.settled(conn);
                    }
                }
                Came::Defect(rejected) => self.ua.reject(flow, &rejected),
                Came::End => {
                    // After the last answer, which would not go out behind it.
                    self.drain(cx, now);
                    self.end_stream(cx, now, conn);
                }
            }
        }
    }

    /// A connection is no more, or never was.
    fn closed(&mut self, now: Ms, conn: ConnId) {
        let number = self.streams.number(conn);
        self.ua.set_connected(number, false);
        let left = self.streams.closed(conn);
        for transmit in left.waiting {
            self.ua.send_failed(now, &transmit);
        }
        if let Some((listener, peer)) = left.owing {
            self.ua.connection_lost(now, number, listener, peer);
        }
    }

    /// Closes a connection of which nothing more is to be had.
    fn end_stream(&mut self, cx: &mut RaCx<'_>, now: Ms, conn: ConnId) {
        self.peer_ended(now, conn);
        cx.close(conn);
    }

    /// No response comes on a connection any more: requests that wait for one go out again over another.
    fn peer_ended(&mut self, now: Ms, conn: ConnId) {
        let number = self.streams.number(conn);
        self.ua.set_connected(number, false);
        if let Some((listener, peer)) = self.streams.ended(conn) {
            self.ua.connection_lost(now, number, listener, peer);
        }
    }

    fn event_done(&mut self, now: Ms, event: u64, outcome: Outcome) {
        if let Some(tx) = self.asked.remove(&event) {
            return self.ua.nothing_more(now, tx);
        }
        let Some(tx) = self.undecided.remove(&event) else {
            return;
        };
        // An error means that the request has been answered, which is what this is about.
        let _ = match outcome {
            Outcome::Processed => self.ua.processed(now, tx),
            Outcome::NoReceiver => self.ua.respond_unserved(now, tx),
            Outcome::RolledBack | Outcome::Failed(FailureReason::Other) => {
                self.ua.respond_failed(now, tx, 500)
            }
            Outcome::Failed(_) => self.ua.respond_failed(now, tx, 503),
        };
    }

    fn unreferenced(&mut self, cx: &mut RaCx<'_>, now: Ms, activity: ActivityId) {
        let Some(key) = cx.cookie(activity).map(Key::from_u64) else {
            return;
        };
        if self.is_subscription(key, activity) {
            return self.ua.abandon_subscription(now, key);
        }
        match self.ua.dialog(key) {
            Some(dialog) if dialog.activity == activity.raw() => self.ua.abandon(now, key),
            // It goes on without anybody.
            _ if self.ua.is_relayed(key, activity.raw()) => {}
            _ => {
                // A request outside of a dialog that nobody will answer any more.
                let _ = self.ua.respond_unserved(now, key);
            }
        }
    }

    fn query(&mut self, cx: &mut RaCx<'_>, activity: ActivityId) {
        let key = cx.cookie(activity).map(Key::from_u64);
        let alive =
            |key| self.ua.is_alive(key, activity.raw()) || self.is_registration(key, activity);
        if !key.is_some_and(alive) {
            end(cx, activity);
        }
    }

    fn remove(&mut self, cx: &mut RaCx<'_>, now: Ms, activity: ActivityId) {
        let Some(key) = cx.cookie(activity).map(Key::from_u64) else {
            return;
        };
        if self
            .ua
            .dialog(key)
            .is_some_and(|dialog| dialog.activity == activity.raw())
        {
            self.ua.drop_dialog(now, key);
        } else if self.is_registration(key, activity) {
            self.ua.location_mut().remove(key);
            end(cx, activity);
        } else if self.is_subscription(key, activity) {
            self.ua.drop_subscription(now, key);
        } else if self.ua.is_relayed(key, activity.raw()) {
            self.ua.drop_relay(now, key);
        } else {
            let _ = self.ua.respond_failed(now, key, 500);
        }
    }

    /// An event whose outcome is never told must not keep its entry: those of answered requests are dropped.
    fn bound_undecided(&mut self) {
        if self.undecided.len() >= self.undecided_limit {
            let ua = &self.ua;
            self.undecided.retain(|_, tx| ua.is_waiting(*tx));
            self.undecided_limit = (self.undecided.len() * 2).max(UNDECIDED);
        }
    }

    /// Fires an event; what becomes of one with a transaction decides what its peer is told.
    fn fired<E: Event>(
        &mut self,
        cx: &mut RaCx<'_>,
        now: Ms,
        activity: ActivityId,
        event: E,
        options: FireOptions,
        tx: Option<Key>,
    ) {
        let flags = FireFlags {
            report_done: tx.is_some(),
            report_unreferenced: false,
        };
        match (cx.fire_with(activity, event, options, flags), tx) {
            (Ok(number), Some(tx)) => {
                self.bound_undecided();
                self.undecided.insert(number, tx);
            }
            (Ok(_), None) => {}
            (Err(_), tx) => {
                cx.count("sip.events_refused", 1);
                if let Some(tx) = tx {
                    let _ = self.ua.respond_failed(now, tx, 503);
                }
            }
        }
    }
}

fn end(cx: &mut RaCx<'_>, activity: ActivityId) {
    if cx.end_activity(activity).is_err() {
        cx.count("sip.ends_refused", 1);
    }
}

/// What phones send over UDP to keep a NAT open: nothing but line ends.
fn is_keep_alive(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|byte| matches!(byte, b'\r' | b'\n' | 0 | b' '))
}
