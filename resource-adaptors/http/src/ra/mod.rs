//! The adaptor: requests that come and calls of ours, as activities, between a driver and the services.
//!
//! It answers for everything that a service does not: nobody takes a request, nobody answers it in time, nothing more can be
//! taken. Every request that the driver hands over gets exactly one answer from here, and every call exactly one outcome.
//! Not here: HTTP's bytes, connections and TLS, which are the driver's.

mod calls;
mod exchanges;
mod placing;
mod recorded;
mod settings;

pub use placing::{BadSlotFrom, SlotFrom};
pub use settings::{ClientSettings, LimitSettings, ListenerSettings, Settings};

use std::collections::BTreeSet;
use std::time::Duration;
use strowger::activity::Activity as _;
use strowger::event::EventDecl;
use strowger::id::{ActivityId, Component};
use strowger::ra::{
    AdaptorDef, Driven, Input, Listener, Needs, Protocol, Provider as _, RaCx, Report,
    SettingsError,
};
use strowger::time::Mono;

use crate::api::{Call, Command, Http};
use crate::driver::{Down, Up};
use calls::Calls;
use exchanges::Exchanges;

/// The adaptor type, to be installed: its driver is another crate's.
#[must_use]
pub fn adaptor() -> AdaptorDef {
    AdaptorDef::driven::<HttpProtocol>()
}

/// An HTTP adaptor entity.
#[derive(Debug)]
pub struct HttpProtocol {
    settings: Settings,
    /// Between `Active` and `Stopping`.
    active: bool,
    refusing: bool,
    /// What the driver knows of that.
    told: bool,
    /// When it is told again, if there was no room to tell it.
    again: Option<Mono>,
    exchanges: Exchanges,
    calls: Calls,
    due: Due,
}

/// What is to be given up, and when.
#[derive(Debug, Default)]
struct Due(BTreeSet<(Mono, What)>);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    Exchange(u64),
    Call(ActivityId),
}

impl Due {
    fn insert(&mut self, at: Mono, what: What) {
        self.0.insert((at, what));
    }
    fn remove(&mut self, at: Mono, what: What) {
        self.0.remove(&(at, what));
    }
    fn next(&self) -> Option<Mono> {
        self.0.first().map(|(at, _)| *at)
    }
    /// The next that has come by now.
    fn take(&mut self, now: Mono) -> Option<What> {
        self.next().filter(|at| *at <= now)?;
        self.0.pop_first().map(|(_, what)| what)
    }
}

impl Protocol for HttpProtocol {
    const TYPE: Component = Http::TYPE;
    type Settings = Settings;
    type Command = Command;

    fn verify(settings: &Settings) -> Result<(), SettingsError> {
        settings.verify()
    }
    fn listeners(settings: &Settings) -> Vec<Listener> {
        settings.node_listeners()
    }
    fn events() -> Vec<EventDecl> {
        crate::api::events()
    }
    fn activities() -> Vec<Component> {
        crate::api::activities()
    }
    fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            active: false,
            refusing: false,
            told: false,
            again: None,
            exchanges: Exchanges::default(),
            calls: Calls::default(),
            due: Due::default(),
        }
    }
    fn deadline(&self) -> Option<Mono> {
        match (self.due.next(), self.again) {
            (Some(due), Some(again)) => Some(due.min(again)),
            (due, again) => due.or(again),
        }
    }
    fn configure(&mut self, _: &mut RaCx<'_>, settings: &Settings) {
        self.settings = settings.clone();
    }

    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Command>) {
        match input {
            Input::Active => {
                self.active = true;
                self.call_again(cx);
            }
            Input::Stopping | Input::Inactive => self.active = false,
            Input::NewWork(new) => {
                self.refusing = new.is_refused();
                self.tell_refusing(cx);
            }
            Input::Timeout => {
                if self.again.is_some_and(|again| again <= cx.now().mono) {
                    self.tell_refusing(cx);
                }
                self.expire(cx);
            }
            Input::Command { command, .. } => self.command(cx, command),
            Input::EventDone {
                activity, outcome, ..
            } => self.offered(cx, activity, outcome),
            Input::Unreferenced(activity) => self.unreferenced(cx, activity),
            Input::Resolved { token, answer } => {
                self.resolved(cx, ActivityId::from_raw(token), answer);
            }
            Input::Snapshot(activity) => self.snapshot(cx, activity),
            Input::Restore {
                activity,
                kind,
                value,
                ..
            } if kind == Call::TYPE.id() => self.restore(cx, activity, value),
            Input::RestoreBare { activity, kind } if kind == Call::TYPE.id() => {
                self.calls.lost.push(activity);
            }
            // The client of an exchange went with the process before.
            Input::Restore { activity, .. } | Input::RestoreBare { activity, .. } => {
                end(cx, activity);
            }
            Input::Restored => self.tell_lost(cx),
            Input::QueryLiveness(activity) if !self.knows(cx, activity) => {
                end(cx, activity);
            }
            Input::AdministrativeRemove(activity) => self.remove(cx, activity),
            // It asks for no end of activities; whether a request has a receiver is looked up when it comes; and what moves on
            // sockets is the driver's.
            Input::QueryLiveness(_)
            | Input::ActivityEnded(_)
            | Input::EventUnreferenced { .. }
            | Input::ReceiversChanged
            | _ => {}
        }
    }

    fn report(&self) -> Vec<Report> {
        let (exchanges, calls) = (self.exchanges.len() as u64, self.calls.len() as u64);
        let part = |name: &str, counts: &[(&str, u64)]| Report {
            name: name.to_owned(),
            state: if self.refusing { "refusing" } else { "open" }.to_owned(),
            detail: String::new(),
            counts: counts
                .iter()
                .map(|(name, n)| ((*name).to_owned(), *n))
                .collect(),
        };
        vec![
            part("server", &[("in_flight", exchanges)]),
            part(
                "client",
                &[("under_way", calls), ("bytes", self.calls.bytes)],
            ),
        ]
    }
}

impl Driven for HttpProtocol {
    type Down = Down;
    type Up = Up;

    fn needs(settings: &Settings) -> Needs {
        let (requests, calls) = (
            settings.limits.requests as usize,
            settings.client.calls as usize,
        );
        Needs {
            // A reply for each request, and for each call its beginning and its end.
            down: requests + 2 * calls + SPARE,
            up: (requests + calls).clamp(SPARE, UP),
            client: Some(settings.client.tls.clone()),
        }
    }

    fn heard(&mut self, cx: &mut RaCx<'_>, message: Up) {
        match message {
            Up::Request { token, request } => self.requested(cx, token, *request),
            Up::Gone { token } => self.gone(cx, token),
            Up::Outcome { call, outcome } => {
                self.outcome(cx, ActivityId::from_raw(call), outcome);
            }
        }
    }

    fn untold(&mut self, cx: &mut RaCx<'_>, message: Down) {
        cx.count("http.driver_full", 1);
        match message {
            Down::Call(dial) => self.not_dialled(cx, ActivityId::from_raw(dial.call)),
            // The driver gives up a request without an answer by itself, and a call has had its outcome.
            Down::Reply { .. } | Down::Cancel { .. } => {}
            // It would refuse until the next overload, or not in this one.
            Down::Refuse(refuse) => {
                self.told = !refuse;
                self.again = Some(cx.now().mono + AGAIN);
            }
        }
    }
}

/// Ends an activity; one that has ended is no mistake.
fn end(cx: &mut RaCx<'_>, activity: ActivityId) {
    let _ = cx.end_activity(activity);
}

/// After so long the driver is told again what it had no room for.
const AGAIN: Duration = Duration::from_millis(100);
/// Room for what is not counted by requests and calls.
const SPARE: usize = 64;
/// Messages from the driver that wait at most: it is to feel that the shard is busy.
const UP: usize = 1_024;

impl HttpProtocol {
    fn tell_refusing(&mut self, cx: &mut RaCx<'_>) {
        self.again = None;
        if self.told != self.refusing {
            self.told = self.refusing;
            cx.tell::<Self>(Down::Refuse(self.refusing));
        }
    }

    fn command(&mut self, cx: &mut RaCx<'_>, command: Command) {
        match command {
            Command::Respond { exchange, reply } => self.respond(cx, exchange, reply),
            Command::Call { call, outgoing } => self.call(cx, call, outgoing),
            Command::Cancel { call } => self.cancel(cx, call),
        }
    }

    fn expire(&mut self, cx: &mut RaCx<'_>) {
        let now = cx.now().mono;
        while let Some(what) = self.due.take(now) {
            match what {
                What::Exchange(token) => self.exchange_expired(cx, token),
                What::Call(call) => self.call_expired(cx, call),
            }
        }
    }

    fn knows(&self, cx: &RaCx<'_>, activity: ActivityId) -> bool {
        self.calls.contains(activity) || self.exchanges.token_of(cx, activity).is_some()
    }

    fn remove(&mut self, cx: &mut RaCx<'_>, activity: ActivityId) {
        if self.calls.contains(activity) {
            self.drop_call(cx, activity);
        } else {
            self.drop_exchange(cx, activity);
        }
    }
}
