//! The binding: sessions of `proto` as an adaptor of the container, with accounts, links and groups.
//!
//! It holds no service's policy. It turns inputs into calls of sessions, and what they give into activities, events, records
//! and bytes; it knows who may bind, which link a message takes when its service does not care, and which message a receipt
//! is for; requests that no service answers it answers.
//!
//! Rules: R-RO-01 (activities only while active), R-RP-01, R-RP-02 (end by callback of an activity that nobody refers to),
//! R-RP-05, R-RP-07 (what no service receives is not fired).

mod account;
mod binds;
mod durable;
mod events;
mod flow;
mod guard;
mod lanes;
mod links;
mod password;
mod rates;
mod receipts;
mod recorded;
mod report;
mod requests;
mod sessions;
mod settings;
mod upstream;
mod view;
mod waiting;

use std::any::Any;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use strowger::activity::Activity;
use strowger::event::{Event, EventDecl};
use strowger::id::{ActivityId, Component};
use strowger::ra::{AdaptorDef, Input, Listener, Protocol, Provider, RaCx, Report, SettingsError};
use strowger::time::Mono;

use crate::api::{self, Command, Mint, Sms, SmsMessage};
use crate::proto::time::Ms;
use durable::Left;
use guard::Guard;
use lanes::{LaneIx, Lanes, Whose};
use links::Dialing;
pub use password::hash as hash_password;
use receipts::Early;
use requests::Asked;
use sessions::{SessionKey, Sessions};
pub use settings::{
    AccountSettings, AlphabetSetting, GroupSettings, IdSetting, LimitSettings, LinkSettings,
    ListenerSettings, ModeSetting, PeerIdSetting, PolicyOfGroup, PolicySetting, RateSettings,
    ReceiptSetting, Settings, TimerSettings, VersionSetting,
};
use upstream::Upstream;
pub(crate) use view::View;

/// The SMS adaptor, for a node or a test kit.
#[must_use]
pub fn adaptor() -> AdaptorDef {
    AdaptorDef::of::<SmsProtocol>()
}

/// One SMS adaptor entity.
#[derive(Debug)]
pub struct SmsProtocol {
    settings: Settings,
    /// Made with the first input, which brings the time and the secret.
    core: Option<Core>,
}

#[derive(Debug)]
struct Core {
    settings: Settings,
    view: View,
    dialing: Dialing,
    guard: Guard,
    upstream: Upstream,
    early: Early,
    /// Events on messages whose outcome decides what a peer is told, by their numbers.
    asked: HashMap<u64, Asked>,
    due: BinaryHeap<Reverse<(Ms, Due)>>,
    left: Left,
    /// Messages that wait in line.
    waits: u32,
    /// The order in which requests of ours were made.
    orders: u64,
    /// Unlike that of any process before.
    epoch: u32,
    process_key: [u8; 16],
    /// What is wrong with links that should be bound, and the alarm's text.
    troubles: BTreeMap<LaneIx, &'static str>,
    trouble: String,
    state: State,
    refusing: bool,
    seen: Ms,
}

/// What is to be looked at when its time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// A session's timers.
    Session(SessionKey),
    /// A bind that is refused after a while.
    Refusal(SessionKey),
    /// A lane that may go on.
    Lane(LaneIx),
}

/// What the container wants of the entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing leaves and nobody is spoken to.
    Inactive,
    Active,
    /// No new work; sessions are unbound.
    Stopping,
}

/// Nanoseconds in a millisecond.
const NANOS: u64 = 1_000_000;

impl Protocol for SmsProtocol {
    const TYPE: Component = Sms::TYPE;
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
        vec![SmsMessage::TYPE]
    }

    fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            core: None,
        }
    }

    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Command>) {
        let now = Ms(cx.now().mono.0 / NANOS);
        let settings = &self.settings;
        let core = self.core.get_or_insert_with(|| Core::new(settings, cx));
        core.see(now);
        core.handle(cx, now, input);
        core.drain(cx, now);
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
        self.core.as_ref().map_or(&(), |core| &core.view)
    }
}

impl Core {
    fn new(settings: &Settings, cx: &mut RaCx<'_>) -> Self {
        let (a, b, epoch) = (cx.random(), cx.random(), cx.random());
        let mut process_key = [0; 16];
        process_key[..8].copy_from_slice(&a.to_le_bytes());
        process_key[8..].copy_from_slice(&b.to_le_bytes());
        let mut lanes = Lanes::default();
        lanes.configure(settings);
        Self {
            settings: settings.clone(),
            view: View {
                mint: Mint::new(cx.secret()),
                lanes,
                sessions: Sessions::default(),
            },
            dialing: Dialing::new(&settings.node_listeners()),
            guard: Guard::default(),
            upstream: Upstream::new(cx.secret()),
            early: Early::default(),
            asked: HashMap::new(),
            due: BinaryHeap::new(),
            left: Left::default(),
            waits: 0,
            orders: 0,
            epoch: (epoch >> 32) as u32,
            process_key,
            troubles: BTreeMap::new(),
            trouble: String::new(),
            state: State::Inactive,
            refusing: false,
            seen: Ms(0),
        }
    }

    /// Takes over settings that have changed: accounts, links, groups, timers, limits.
    fn configure(&mut self, cx: &mut RaCx<'_>, now: Ms, settings: &Settings) {
        self.settings = settings.clone();
        self.view.lanes.configure(settings);
        self.reconfigure_sessions(now);
        self.forget_troubles(cx);
        self.touch_lanes();
        self.dial_all(cx, now);
    }

    /// Every lane may be able to go on.
    fn touch_lanes(&mut self) {
        for lane in self.view.lanes.all() {
            self.view.lanes.touch(lane);
        }
    }

    fn handle(&mut self, cx: &mut RaCx<'_>, now: Ms, input: Input<'_, Command>) {
        match input {
            Input::Received { conn, bytes } => {
                if let Some(key) = self.view.sessions.of(conn)
                    && let Some(sess) = self.view.sessions.touch(key)
                {
                    sess.machine.received(now, bytes);
                }
            }
            Input::Command { command, .. } => self.command(cx, now, command),
            Input::EventDone {
                activity,
                event,
                outcome,
            } => self.event_done(cx, now, activity, event, outcome),
            Input::Timeout => self.timeout(cx, now),
            Input::Connected {
                conn,
                listener,
                peer,
                inbound: true,
                secure,
                ..
            } => self.accepted(cx, now, (conn, listener), peer, secure),
            Input::Connected { conn, listener, .. } => self.dialled(cx, now, conn, listener),
            Input::ConnectFailed { conn } => self.dial_failed(cx, now, conn),
            Input::PeerEnded { conn } => {
                self.disconnected(cx, now, conn);
                cx.close(conn);
            }
            Input::Closed { conn } => self.disconnected(cx, now, conn),
            Input::Active => self.activate(cx, now),
            Input::Stopping => self.begin_to_stop(now),
            Input::Inactive => self.stop(),
            Input::NewWork(new) => self.refusing = new.is_refused(),
            Input::Unreferenced(activity) | Input::AdministrativeRemove(activity) => {
                if !self.give_up_transaction(cx, now, activity) {
                    self.end_message(cx, activity);
                }
            }
            Input::Restore {
                activity,
                kind,
                value,
                ..
            } => self.restore(cx, activity, kind, value),
            Input::RestoreBare { activity, kind } => self.restore_bare(cx, activity, kind),
            Input::Snapshot(activity) => self.snapshot(cx, activity),
            Input::ReceiversChanged if self.state == State::Active => {
                self.resume(cx);
                self.touch_lanes();
            }
            // Messages live as long as their services want; transactions and sessions end with what they stand for. What was
            // left waits until the entity is active; there are no datagrams and no questions to name servers.
            Input::QueryLiveness(_)
            | Input::Restored
            | Input::ReceiversChanged
            | Input::ActivityEnded(_)
            | Input::EventUnreferenced { .. }
            | Input::Datagram { .. }
            | Input::SendFailed { .. }
            | Input::Resolved { .. }
            | _ => {}
        }
    }

    fn command(&mut self, cx: &mut RaCx<'_>, now: Ms, command: Command) {
        match command {
            Command::Answer { id, answer } => self.answer(cx, now, id, &answer),
            Command::Send {
                message,
                to,
                outgoing,
            } => self.send(cx, now, Whose::Message(message), &to, outgoing),
            Command::Withdraw { message } => self.withdraw(cx, message),
            Command::End { message } => self.end_message(cx, message),
            Command::Wait { message, to } => self.wait(cx, message, &to),
            Command::Request {
                transaction,
                to,
                outgoing,
            } => self.send(cx, now, Whose::Transaction(transaction), &to, outgoing),
            Command::Relay {
                request,
                to,
                outgoing,
            } => self.relay(cx, now, request, &to, outgoing),
            Command::Pause { link, time } => {
                if let Some(ix) = self.view.lanes.link_ix(&link) {
                    self.pause(now, ix, settings::ms(time));
                }
            }
        }
    }

    fn activate(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        self.state = State::Active;
        self.resume(cx);
        self.dial_all(cx, now);
    }

    /// New work is refused from here on; sessions are unbound when what is under way is done.
    fn begin_to_stop(&mut self, now: Ms) {
        self.state = State::Stopping;
        for key in self.view.sessions.keys() {
            if let Some(sess) = self.view.sessions.touch(key) {
                sess.machine.unbind(now);
            }
        }
    }

    fn stop(&mut self) {
        self.state = State::Inactive;
        for key in self.view.sessions.keys() {
            if let Some(sess) = self.view.sessions.touch(key) {
                sess.machine.close();
            }
        }
    }

    // ---- time

    /// Has something looked at when its time has come.
    fn schedule(&mut self, at: Ms, due: Due) {
        let scheduled = match due {
            Due::Session(key) => self
                .view
                .sessions
                .get_mut(key)
                .map(|sess| &mut sess.scheduled),
            Due::Lane(lane) => self
                .view
                .lanes
                .get_mut(lane)
                .map(|lane| &mut lane.scheduled),
            Due::Refusal(_) => None,
        };
        if let Some(scheduled) = scheduled {
            if scheduled.is_some_and(|before| before <= at) {
                return;
            }
            *scheduled = Some(at);
        }
        self.due.push(Reverse((at, due)));
    }

    fn timeout(&mut self, cx: &mut RaCx<'_>, now: Ms) {
        while let Some(Reverse((at, due))) = self.due.peek().copied() {
            if at > now {
                break;
            }
            self.due.pop();
            match due {
                Due::Session(key) => {
                    if let Some(sess) = self.view.sessions.touch(key)
                        && sess.scheduled == Some(at)
                    {
                        sess.scheduled = None;
                        sess.machine.expire(now);
                    }
                }
                Due::Refusal(key) => self.refuse_now(key),
                Due::Lane(ix) => {
                    let lane = self.view.lanes.get_mut(ix);
                    if let Some(lane) = lane.filter(|lane| lane.scheduled == Some(at)) {
                        lane.scheduled = None;
                        self.view.lanes.touch_with_groups(ix);
                        self.dial(cx, now, ix);
                    }
                }
            }
        }
        self.expire_receipts(cx, now);
    }

    fn deadline(&self) -> Option<Ms> {
        let due = self.due.peek().map(|Reverse((at, _))| *at);
        due.into_iter().chain(self.receipt_deadline()).min()
    }

    // ---- events

    /// Fires an event that asks for nothing.
    fn tell<E: Event>(&self, cx: &mut RaCx<'_>, activity: ActivityId, event: E) {
        if cx.has_receiver::<E>() && cx.fire(activity, event).is_err() {
            cx.count("sms.events_refused", 1);
        }
    }

    fn end_activity(&self, cx: &mut RaCx<'_>, activity: ActivityId) {
        if cx.end_activity(activity).is_err() {
            cx.count("sms.ends_refused", 1);
        }
    }
}
