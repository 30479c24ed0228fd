//! The adaptor: handles and their activities, and events without an outcome.
//!
//! A handle's name is the record of its activity, and comes back with it after a restart. Who has asked does not: what was
//! asked before ends then without a word, as the connections of those who asked have.

mod handles;
mod settings;
mod waiting;

pub use settings::Settings;

use std::any::Any;
use std::marker::PhantomData;
use strowger::activity::Activity as _;
use strowger::event::{EventContext, EventDecl, FireOptions};
use strowger::id::{ActivityId, Component};
use strowger::ra::{
    AdaptorDef, Input, Listener, Outcome, Protocol, Provider as _, RaCx, SettingsError,
};
use strowger::time::Mono;

use crate::api::{Answered, Asked, Command, Connection, Outside, Unanswered, Why};
use crate::events::{Events, Fire, Known};
use handles::Handles;
use waiting::{Asker, Waiting};

/// The adaptor type, for these event types.
#[must_use]
pub fn adaptor<E: Events>() -> AdaptorDef {
    AdaptorDef::of::<ConnectionProtocol<E>>()
}

/// What the provider reads while a handler runs.
#[derive(Debug)]
pub struct View {
    pub(crate) types: Vec<Known>,
}

/// A connection adaptor entity.
#[derive(Debug)]
pub struct ConnectionProtocol<E> {
    settings: Settings,
    view: View,
    handles: Handles,
    waiting: Waiting,
    /// The SLEE runs, and is short of nothing.
    active: bool,
    refuse: bool,
    events: PhantomData<fn() -> E>,
}

impl<E: Events> Protocol for ConnectionProtocol<E> {
    const TYPE: Component = Connection::TYPE;
    type Settings = Settings;
    type Command = Command;

    fn verify(_: &Settings) -> Result<(), SettingsError> {
        Ok(())
    }
    fn listeners(_: &Settings) -> Vec<Listener> {
        Vec::new()
    }
    fn events() -> Vec<EventDecl> {
        let own = [EventDecl::of::<Answered>(), EventDecl::of::<Unanswered>()];
        let fired = E::all().into_iter().map(|known| known.decl);
        own.into_iter().chain(fired).collect()
    }
    fn activities() -> Vec<Component> {
        vec![Outside::TYPE, Asked::TYPE]
    }
    fn lasting() -> Vec<Component> {
        vec![Outside::TYPE]
    }
    fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            view: View { types: E::all() },
            handles: Handles::default(),
            waiting: Waiting::default(),
            active: false,
            refuse: false,
            events: PhantomData,
        }
    }
    fn deadline(&self) -> Option<Mono> {
        self.waiting.due()
    }
    fn configure(&mut self, _: &mut RaCx<'_>, settings: &Settings) {
        self.settings = settings.clone();
    }
    fn view(&self) -> &dyn Any {
        &self.view
    }

    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Command>) {
        match input {
            Input::Active => self.active = true,
            Input::Stopping => self.active = false,
            Input::NewWork(new) => self.refuse = new.is_refused(),
            Input::Timeout => {
                let now = cx.now().mono;
                while let Some(asker) = self.waiting.late(now) {
                    unanswered(cx, asker.asked, unless_dealt(asker, Why::Pending));
                }
            }
            Input::Command { command, .. } => self.command(cx, command),
            Input::EventDone {
                activity,
                event,
                outcome,
            } => self.done(cx, EventContext { activity, event }, outcome),
            Input::Unreferenced(activity) => {
                // Whoever dealt with its events has not stayed to answer them.
                self.gone(cx, activity, Why::Pending);
                end(cx, activity);
            }
            Input::AdministrativeRemove(activity) => self.gone(cx, activity, Why::Failed),
            Input::Restore {
                activity, value, ..
            } => self.restore(cx, activity, value),
            Input::Snapshot(activity) => {
                if let Some(handle) = self.handles.name(activity) {
                    cx.persist(activity, NAME, handle.as_bytes());
                }
            }
            Input::QueryLiveness(activity) if !self.is_known(activity) => end(cx, activity),
            // Whoever asked was answered, or is gone with the process before.
            Input::RestoreBare { activity, .. } => end(cx, activity),
            Input::QueryLiveness(_)
            | Input::Inactive
            | Input::ActivityEnded(_)
            | Input::EventUnreferenced { .. }
            | Input::Restored
            | Input::RestoreKept { .. }
            | Input::ReceiversChanged
            // It has no listeners.
            | _ => {}
        }
    }
}

/// Under which a handle's name is recorded.
const NAME: &[u8] = b"handle";

impl<E: Events> ConnectionProtocol<E> {
    fn command(&mut self, cx: &mut RaCx<'_>, command: Command) {
        match command {
            Command::Fire {
                asked,
                handle,
                event,
                options,
                wait,
            } => match self.fire(cx, &handle, event, options) {
                Ok(number) => {
                    cx.count("connection.fired", 1);
                    let answer = wait.is_some();
                    let longest = self.settings.longest;
                    let until = cx.now().mono + wait.unwrap_or(longest).min(longest);
                    self.waiting.insert(asked, number, until, answer);
                }
                Err(why) => {
                    cx.count("connection.refused", 1);
                    unanswered(cx, asked, why);
                }
            },
            Command::Answer { to, answer } => match self.waiting.take(to) {
                Some(asked) => answered(cx, asked, Some(answer)),
                // The second one, or one that comes too late.
                None => cx.count("connection.answers_unused", 1),
            },
        }
    }

    fn fire(
        &mut self,
        cx: &mut RaCx<'_>,
        handle: &str,
        event: Box<dyn Fire>,
        options: FireOptions,
    ) -> Result<EventContext, Why> {
        if !self.active || self.refuse || self.waiting.len() >= self.settings.waiting as usize {
            return Err(Why::Refused);
        }
        let most = self.settings.handles as usize;
        let (activity, is_new) = self
            .handles
            .activity(cx, handle, most)
            .ok_or(Why::Refused)?;
        if is_new && cx.is_durable(activity) {
            cx.persist(activity, NAME, handle.as_bytes());
        }
        match event.fire(cx, activity, options) {
            Ok(event) => Ok(EventContext { activity, event }),
            Err(_) => {
                if is_new {
                    self.handles.forget(activity);
                    end(cx, activity);
                }
                Err(Why::Failed)
            }
        }
    }

    /// An event was offered to all that receive it.
    fn done(&mut self, cx: &mut RaCx<'_>, event: EventContext, outcome: Outcome) {
        let why = match outcome {
            Outcome::Processed if self.waiting.dealt(event) => return,
            Outcome::Processed => None,
            Outcome::NoReceiver => Some(Why::NoReceiver),
            Outcome::RolledBack => Some(Why::RolledBack),
            Outcome::Failed(_) => Some(Why::Failed),
        };
        match (self.waiting.take(event), why) {
            (Some(asked), Some(why)) => unanswered(cx, asked, why),
            (Some(asked), None) => answered(cx, asked, None),
            (None, _) => {}
        }
    }

    /// An activity is no more, or about to be. Why events have no answer that were not dealt with.
    fn gone(&mut self, cx: &mut RaCx<'_>, activity: ActivityId, why: Why) {
        // Nobody waits for that any more.
        self.waiting.forget(activity);
        self.handles.forget(activity);
        while let Some(asker) = self.waiting.take_on(activity) {
            unanswered(cx, asker.asked, unless_dealt(asker, why));
        }
    }

    fn restore(&mut self, cx: &mut RaCx<'_>, activity: ActivityId, value: &[u8]) {
        match std::str::from_utf8(value) {
            Ok(handle) => self.handles.insert(handle, activity),
            Err(_) => {
                cx.count("connection.bad", 1);
                end(cx, activity);
            }
        }
    }

    fn is_known(&self, activity: ActivityId) -> bool {
        self.handles.name(activity).is_some() || self.waiting.is_asked(activity)
    }
}

/// Of an event that services have dealt with it is known that there is no answer.
const fn unless_dealt(asker: Asker, why: Why) -> Why {
    match asker.dealt {
        true => Why::Late,
        false => why,
    }
}

fn answered(cx: &mut RaCx<'_>, asked: ActivityId, answer: Option<String>) {
    cx.count("connection.answered", 1);
    tell(cx, asked, Answered { answer });
}

fn unanswered(cx: &mut RaCx<'_>, asked: ActivityId, why: Why) {
    cx.count("connection.unanswered", 1);
    tell(cx, asked, Unanswered { why });
}

fn tell<E: strowger::event::Event>(cx: &mut RaCx<'_>, asked: ActivityId, event: E) {
    if cx.fire(asked, event).is_err() {
        cx.count("connection.untold", 1);
    }
    end(cx, asked);
}

fn end(cx: &mut RaCx<'_>, activity: ActivityId) {
    // It may have ended already.
    let _ = cx.end_activity(activity);
}
