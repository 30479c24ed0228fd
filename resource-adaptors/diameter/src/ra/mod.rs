//! The binding: the stack of `proto` as an adaptor of the container.
//!
//! It holds no protocol and no policy. It turns inputs into calls of the stack, and the stack's outputs into activities,
//! events, records and bytes; what every message has it writes itself, and requests that no service answers it answers.
//!
//! Rules: R-RO-01 (activities only while active), R-RP-01, R-RP-02 (end by callback of an activity that nobody refers to),
//! R-RP-05, R-RP-07 (what no service receives is not fired).

mod compose;
mod durable;
mod ended;
mod extensions;
mod incoming;
mod links;
mod listener;
mod outgoing;
mod overload;
mod peers;
mod recorded;
mod report;
mod sessions;
mod settings;
mod subscriptions;
mod view;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use smallvec::SmallVec;
use strowger::activity::Activity;
use strowger::event::EventDecl;
use strowger::id::{ActivityId, Component};
use strowger::ra::{
    AdaptorDef, ConnId, Input, Listener, Protocol, Provider, RaCx, Report, SettingsError,
};
use strowger::room::{trim_line, trim_map};
use strowger::time::Mono;

use crate::api::{self, Command, Diameter};
use crate::proto::dict::Dictionary;
use crate::proto::node::{Stack, Tx};
use crate::proto::time::Ms;
pub use extensions::{
    ApplicationSettings, AvpSettings, CommandSettings, ExtensionSettings, KindSetting,
    MandatorySetting,
};
pub use listener::ListenerSettings;
pub use overload::OverloadSettings;
pub use peers::{
    ActionSetting, PeerSettings, RealmSettings, RouteSettings, UnknownPeerSettings, UsageSetting,
};
pub use settings::{DuplicateSettings, LimitSettings, Settings, TimerSettings, ValidationSetting};
pub(crate) use view::View;

use ended::{Ended, Recent};
use incoming::Waiting;
use links::Links;
use outgoing::{Parked, Pending};
use recorded::Wires;
use subscriptions::Subscriptions;

/// The Diameter adaptor, for a node or a test kit.
#[must_use]
pub fn adaptor() -> AdaptorDef {
    AdaptorDef::of::<DiameterProtocol>()
}

/// One Diameter adaptor entity.
#[derive(Debug)]
pub struct DiameterProtocol {
    settings: Settings,
    /// Made with the first input, which brings the time and the seed.
    core: Option<Core>,
    /// What is shown until then.
    nothing: View,
}

#[derive(Debug)]
struct Core {
    settings: Settings,
    dictionary: Arc<Dictionary>,
    stack: Stack,
    links: Links,
    wires: Wires,
    view: View,
    subscriptions: Subscriptions,
    /// Requests of ours that wait for an answer.
    pending: HashMap<Tx, Pending>,
    /// Requests that wait for a peer to be sent to, by the bits of their activities and their End-to-End Identifiers.
    parked: BTreeMap<(u64, u32), Parked>,
    /// When the first of them is given up, or before.
    parked_until: Option<Ms>,
    /// Requests of peers that wait for a service's answer, by name.
    waiting: HashMap<u64, Waiting>,
    /// When they are given up, soonest first.
    patience: VecDeque<(Ms, u64)>,
    /// Sessions that are over, and what was answered last.
    ended: Ended,
    recent: Option<Recent>,
    /// What activities wait for, by the bits of their ids.
    work: HashMap<u64, SmallVec<[Work; 1]>>,
    /// Events whose outcome decides what the peer is told, by their number: the request's name.
    undecided: HashMap<u64, u64>,
    /// Activities of the peers that are up.
    peers: HashMap<Arc<str>, ActivityId>,
    /// Until when a request waits for a peer to be up: connections are being opened.
    grace: Ms,
    /// Realms that no peer serves at present.
    stranded: BTreeSet<Arc<str>>,
    /// When the entity began, in seconds of the wall clock.
    started: u64,
    /// What is wrong with peers that should be up, and the alarm's text.
    troubles: BTreeMap<Arc<str>, &'static str>,
    trouble: String,
    /// Until when the alarm of lost reports stands.
    reports_lost: Option<Ms>,
    state: State,
    refusing: bool,
    /// Peers are told of an overload with each answer.
    reported: bool,
    /// When they are told that it is over: what is refused changes from one moment to the next.
    eased: Option<Ms>,
}

/// A request that an activity waits with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// For the answer of a peer.
    Ours(Tx),
    /// For a peer to send it to, by its End-to-End Identifier.
    Parked(u32),
    /// For the answer of a service, by its name.
    Theirs(u64),
}

/// What the container wants of the entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing leaves and nobody is spoken to.
    Inactive,
    Active,
    /// No new work; since then nothing was under way any more, if so.
    Stopping(Option<Ms>),
    /// Peers were told.
    Stopped,
}

/// After so many milliseconds without a refusal an overload is reported to be over.
const EASED: u64 = 1_000;
/// How long nothing may be under way before a stopping entity says goodbye to its peers.
const QUIET: u64 = 1_000;
/// Nanoseconds in a millisecond.
const NANOS: u64 = 1_000_000;

impl Protocol for DiameterProtocol {
    const TYPE: Component = Diameter::TYPE;
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
        api::activities()
    }

    fn lasting() -> Vec<Component> {
        vec![api::ShSubscription::TYPE]
    }

    fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            core: None,
            nothing: View::new(&settings.origin_host),
        }
    }

    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Command>) {
        let now = Ms(cx.now().mono.0 / NANOS);
        let settings = &self.settings;
        let core = self
            .core
            .get_or_insert_with(|| Core::new(settings, cx, now));
        core.handle(cx, now, input);
        core.drain(cx, now);
        core.rest(now);
    }

    fn deadline(&self) -> Option<Mono> {
        let next = self.core.as_ref()?.deadline()?;
        Some(Mono(next.0.saturating_mul(NANOS)))
    }

    fn configure(&mut self, cx: &mut RaCx<'_>, settings: &Settings) {
        self.settings = settings.clone();
        let now = Ms(cx.now().mono.0 / NANOS);
        if let Some(core) = &mut self.core {
            core.configure(cx, now, settings);
            core.drain(cx, now);
        }
    }

    fn report(&self) -> Vec<Report> {
        self.core.as_ref().map(Core::report).unwrap_or_default()
    }

    fn view(&self) -> &dyn Any {
        self.core.as_ref().map_or(&self.nothing, |core| &core.view)
    }
}

impl Core {
    fn new(settings: &Settings, cx: &mut RaCx<'_>, now: Ms) -> Self {
        let dictionary = Arc::new(settings.dictionary());
        let started = cx.now().wall.0 / 1_000;
        Self {
            stack: Self::stack(settings, &dictionary, cx, now),
            links: Links::new(&settings.node_listeners()),
            wires: Wires::default(),
            view: View::new(&settings.origin_host),
            settings: settings.clone(),
            dictionary,
            subscriptions: Subscriptions::default(),
            pending: HashMap::new(),
            parked: BTreeMap::new(),
            parked_until: None,
            waiting: HashMap::new(),
            patience: VecDeque::new(),
            ended: Ended::default(),
            recent: None,
            work: HashMap::new(),
            undecided: HashMap::new(),
            peers: HashMap::new(),
            grace: now,
            stranded: BTreeSet::new(),
            started,
            troubles: BTreeMap::new(),
            trouble: String::new(),
            reports_lost: None,
            state: State::Inactive,
            refusing: false,
            reported: false,
            eased: None,
        }
    }

    fn stack(
        settings: &Settings,
        dictionary: &Arc<Dictionary>,
        cx: &mut RaCx<'_>,
        now: Ms,
    ) -> Stack {
        let seconds = cx.now().wall.0 / 1_000;
        let seed = [cx.random(), cx.random(), cx.random(), cx.random()];
        let config = settings.config(dictionary, seconds);
        Stack::new(config, Arc::clone(dictionary), seed, now, seconds)
    }

    /// Takes over settings that have changed: peers, realms, timers, limits.
    fn configure(&mut self, cx: &mut RaCx<'_>, now: Ms, settings: &Settings) {
        self.settings = settings.clone();
        let config = settings.config(&self.dictionary, self.started);
        self.stack.configure(now, config);
        self.forget_peers(cx);
    }

    fn received(&mut self, now: Ms, conn: ConnId, bytes: &[u8]) {
        if let Some(link) = self.links.link(conn) {
            self.wires.read_from(conn);
            self.stack.received(now, link, bytes);
        }
    }

    fn handle(&mut self, cx: &mut RaCx<'_>, now: Ms, input: Input<'_, Command>) {
        match input {
            Input::Active => self.activate(cx, now),
            Input::Stopping => self.begin_to_stop(cx),
            Input::Inactive => self.stop(now),
            Input::NewWork(new) => self.new_work(now, new.is_refused()),
            Input::Timeout => self.timeout(cx, now),
            Input::Connected {
                conn,
                listener,
                peer,
                local,
                inbound,
                secure,
            } => {
                self.wires.opened(conn, listener, peer, secure.is_some());
                let ends = links::ends(peer, local, secure.as_deref());
                self.links
                    .connected(cx, &mut self.stack, now, conn, inbound, ends);
            }
            Input::Received { conn, bytes } => self.received(now, conn, bytes),
            Input::ConnectFailed { conn } => {
                if let Some(link) = self.links.forget(conn) {
                    self.stack.connect_failed(now, link);
                }
            }
            Input::PeerEnded { conn } => {
                if let Some(link) = self.links.forget(conn) {
                    self.stack.closed(now, link);
                }
                cx.close(conn);
            }
            Input::Closed { conn } => {
                self.wires.closed(conn);
                if let Some(link) = self.links.forget(conn) {
                    self.stack.closed(now, link);
                }
            }
            Input::Command { command, .. } => self.command(cx, now, command),
            Input::Unreferenced(activity) | Input::AdministrativeRemove(activity) => {
                self.end(cx, now, activity);
            }
            Input::EventDone { event, outcome, .. } => self.event_done(cx, now, event, outcome),
            Input::Restore {
                activity,
                kind,
                sub,
                value,
            } => {
                self.restore(cx, now, activity, kind, sub, value);
            }
            Input::RestoreKept { slot, sub, value } => self.restore_end(cx, now, slot, sub, value),
            Input::RestoreBare { activity, .. } => self.end_activity(cx, activity),
            Input::Snapshot(activity) => self.snapshot(cx, activity),
            Input::QueryLiveness(activity) if self.is_alive(activity) => {}
            Input::QueryLiveness(activity) => self.end_activity(cx, activity),
            // What was left waits for peers, which are there once the entity is active; whether an event has a receiver is
            // looked up when it comes; and there are no datagrams and no questions to name servers.
            Input::Restored
            | Input::ReceiversChanged
            | Input::ActivityEnded(_)
            | Input::EventUnreferenced { .. }
            | Input::Datagram { .. }
            | Input::SendFailed { .. }
            | Input::Resolved { .. }
            | _ => {}
        }
    }

    fn activate(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        if self.state == State::Stopped {
            self.stack = Self::stack(&self.settings, &self.dictionary, cx, now);
            self.links = Links::new(&self.settings.node_listeners());
        }
        self.state = State::Active;
        let timers = &self.settings.timers;
        let grace = (timers.reconnect_first + timers.connect).as_millis();
        self.grace = Ms(now
            .0
            .saturating_add(u64::try_from(grace).unwrap_or(u64::MAX)));
        self.stack.expire(now);
    }

    /// New work is refused from here on; peers are told when what is under way is done.
    fn begin_to_stop(&mut self, cx: &mut RaCx<'_>) {
        if self.state == State::Active {
            self.state = State::Stopping(None);
            let mut peers: Vec<ActivityId> =
                self.peers.drain().map(|(_, activity)| activity).collect();
            peers.sort_unstable();
            for peer in peers {
                self.end_activity(cx, peer);
            }
        }
    }

    fn stop(&mut self, now: Ms) {
        if self.state != State::Stopped && self.state != State::Inactive {
            self.state = State::Stopped;
            self.stack.stop(now);
        }
    }

    fn new_work(&mut self, now: Ms, refused: bool) {
        self.refusing = refused;
        if refused {
            self.eased = None;
            self.reported = true;
            self.stack.report_overload(true);
        } else if self.reported {
            self.eased.get_or_insert(Ms(now.0 + EASED));
        }
    }

    fn timeout(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        self.stack.expire(now);
        if self.eased.is_some_and(|at| at <= now) {
            self.eased = None;
            self.reported = false;
            self.stack.report_overload(false);
        }
        self.expire_sessions(cx, now);
        self.expire_parked(cx, now);
        self.expire_waiting(cx, now);
        self.expire_subscriptions(cx, now);
        self.expire_ended(cx, now);
        self.expire_lost(cx, now);
        if let State::Stopping(Some(since)) = self.state
            && now.0 >= since.0 + QUIET
        {
            self.stop(now);
        }
    }

    /// What is done after each input: room that a peak took is given back, and it is noted since when a stopping entity has
    /// had nothing under way.
    fn rest(&mut self, now: Ms) {
        trim_map(&mut self.pending);
        trim_map(&mut self.waiting);
        trim_map(&mut self.work);
        trim_map(&mut self.undecided);
        trim_line(&mut self.patience);
        if let State::Stopping(since) = &mut self.state {
            let quiet =
                self.pending.is_empty() && self.waiting.is_empty() && self.parked.is_empty();
            *since = quiet.then(|| since.unwrap_or(now));
        }
    }

    fn deadline(&self) -> Option<Ms> {
        if self.state == State::Inactive {
            return None;
        }
        let quiet = match self.state {
            State::Stopping(Some(since)) => Some(Ms(since.0 + QUIET)),
            State::Inactive | State::Active | State::Stopping(None) | State::Stopped => None,
        };
        [
            self.stack.deadline(),
            self.view.sessions.deadline(),
            self.subscriptions.deadline(),
            self.parked_until,
            self.eased,
            self.patience.front().map(|(at, _)| *at),
            self.ended.deadline(),
            self.reports_lost,
            quiet,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn is_alive(&self, activity: ActivityId) -> bool {
        self.view.sessions.get(activity).is_some()
            || self.subscriptions.has(activity)
            || self.work.contains_key(&activity.raw())
            || self.peers.values().any(|peer| *peer == activity)
    }

    fn begin_work(&mut self, activity: ActivityId, work: Work) {
        self.work.entry(activity.raw()).or_default().push(work);
    }

    /// Whether it was the activity's last.
    fn end_work(&mut self, activity: ActivityId, work: Work) -> bool {
        let Some(open) = self.work.get_mut(&activity.raw()) else {
            return true;
        };
        open.retain(|other| *other != work);
        let last = open.is_empty();
        if last {
            self.work.remove(&activity.raw());
        }
        last
    }

    /// An activity is over, whatever it is: what it waits for is given up, and what it owes is answered.
    fn end(&mut self, cx: &mut RaCx<'_>, now: Ms, activity: ActivityId) {
        self.note_ending(cx, now, activity);
        self.give_up(cx, now, activity);
        self.view.sessions.remove(activity);
        self.subscriptions.remove(activity);
        self.end_activity(cx, activity);
    }

    fn end_activity(&mut self, cx: &mut RaCx<'_>, activity: ActivityId) {
        if cx.end_activity(activity).is_err() {
            cx.count("diameter.ends_refused", 1);
        }
    }
}
