//! What services see: the provider, for those that fire for others and for those that answer, and what comes of it.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use strowger::activity::{Activity, Handle};
use strowger::address::Address;
use strowger::context::Cx;
use strowger::error::OpError;
use strowger::event::{Event, EventContext, FireOptions};
use strowger::id::{ActivityId, Component, RaIx};
use strowger::ra::{ActivityFlags, Provider};

use crate::events::{EventType, Fire};
use crate::ra::View;

const fn named(name: &'static str) -> Component {
    Component {
        name,
        vendor: "strowger-connection",
        version: "1.0",
    }
}

/// A handle of a program outside: all that is fired on it happens here. It ends when nothing refers to it any more.
#[derive(Clone, Copy, Debug)]
pub enum Outside {}

impl Activity for Outside {
    const TYPE: Component = named("outside");
}

/// An event that was fired from outside, until it is known what came of it: [`Answered`] or [`Unanswered`], once, which ends it.
#[derive(Clone, Copy, Debug)]
pub enum Asked {}

impl Activity for Asked {
    const TYPE: Component = named("asked");
}

/// A service has answered the event; or, where no answer was waited for, services have dealt with it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answered {
    /// The answer, in JSON, if there was one.
    pub answer: Option<String>,
}

impl Event for Answered {
    const TYPE: Component = named("answered");
}

/// Nobody has answered the event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Unanswered {
    /// Why.
    pub why: Why,
}

impl Event for Unanswered {
    const TYPE: Component = named("unanswered");
}

/// Why an event that was fired from outside has no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Why {
    /// No service received it.
    NoReceiver,
    /// Services received it, and none of them could deal with it: what they did was rolled back.
    RolledBack,
    /// It could not be offered, or its handle was ended.
    Failed,
    /// Nothing new is taken: the node stops or is short of something, or has as many handles or questions as it may.
    Refused,
    /// Services dealt with it, and no answer came in time.
    Late,
    /// Services have not dealt with it in time, and may do so yet: it waits behind another one, or is suspended.
    Pending,
}

/// An event to be fired for a program outside.
#[derive(Clone, Debug)]
pub struct Firing<'a> {
    /// The program's own name for what the event happens on.
    pub handle: &'a str,
    /// Its type.
    pub event_type: &'a EventType,
    /// The event, in JSON.
    pub event: &'a [u8],
    /// Its default address.
    pub address: Option<Address>,
    /// How long an answer is waited for; without it, until services have dealt with the event.
    pub wait: Option<Duration>,
}

/// Why an event is not fired. Nothing was done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FireError {
    /// That is no handle.
    #[error("a handle has 1 to {HANDLE_BYTES} bytes")]
    Handle,
    /// No such event type may be fired from outside.
    #[error("no event of type {} {} ({}) is taken from outside", .0.name, .0.version, .0.vendor)]
    UnknownType(EventType),
    /// It is no event of its type.
    #[error("not an event of its type: {0}")]
    NotOfType(#[source] serde_json::Error),
    /// The container refuses it.
    #[error(transparent)]
    Op(#[from] OpError),
}

/// Bytes of a handle at most.
pub const HANDLE_BYTES: usize = 128;

/// Connections from outside, as handlers take them: `outside: Ra<Connection>`.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    ra: RaIx,
}

/// What the adaptor is asked to do.
#[derive(Debug)]
#[non_exhaustive]
#[expect(
    missing_docs,
    private_interfaces,
    reason = "made by the provider's methods only, which say what each does"
)]
pub enum Command {
    Fire {
        asked: ActivityId,
        handle: Box<str>,
        event: Box<dyn Fire>,
        options: FireOptions,
        wait: Option<Duration>,
    },
    Answer {
        to: EventContext,
        answer: String,
    },
}

impl Provider for Connection {
    const TYPE: Component = named("connection");
    fn bind(ra: RaIx) -> Self {
        Self { ra }
    }
}

impl Connection {
    /// The event types that are taken from outside.
    #[must_use]
    pub fn types(&self, cx: &Cx<'_>) -> Vec<EventType> {
        let view = cx.view::<View>(self.ra);
        let types = view.map_or(&[][..], |view| &view.types);
        types
            .iter()
            .map(|known| known.decl.component.into())
            .collect()
    }

    /// Fires an event for a program outside, when this delivery has committed. What comes of it happens on the activity.
    ///
    /// # Errors
    /// It is none that could be fired.
    pub fn fire(&self, cx: &mut Cx<'_>, firing: Firing<'_>) -> Result<Handle<Asked>, FireError> {
        let Firing {
            handle,
            event_type,
            event,
            address,
            wait,
        } = firing;
        if handle.is_empty() || handle.len() > HANDLE_BYTES {
            return Err(FireError::Handle);
        }
        let view = cx.view::<View>(self.ra);
        let mut types = view.map_or(&[][..], |view| &view.types).iter();
        let known = types.find(|known| event_type.is(&known.decl.component));
        let known = known.ok_or_else(|| FireError::UnknownType(event_type.clone()))?;
        let event = (known.read)(event).map_err(FireError::NotOfType)?;
        let flags = ActivityFlags {
            report_unreferenced: true,
            ..ActivityFlags::default()
        };
        let asked = cx.start_activity::<Asked>(self.ra, flags)?;
        let options = FireOptions {
            address,
            service: None,
        };
        let command = Command::Fire {
            asked: asked.id(),
            handle: handle.into(),
            event,
            options,
            wait,
        };
        cx.command(self.ra, command);
        Ok(asked)
    }

    /// Answers the event under delivery, when this delivery has committed. The first answer counts.
    ///
    /// # Errors
    /// It cannot be written as JSON, or no event is being delivered.
    pub fn answer<T: Serialize>(&self, cx: &mut Cx<'_>, answer: &T) -> strowger::Result {
        let to = cx.event_context()?;
        self.answer_to(cx, to, answer)
    }

    /// The same to an event of before, which [`Cx::event_context`] has named.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn answer_to<T: Serialize>(
        &self,
        cx: &mut Cx<'_>,
        to: EventContext,
        answer: &T,
    ) -> strowger::Result {
        let answer = serde_json::to_string(answer)?;
        cx.command(self.ra, Command::Answer { to, answer });
        Ok(())
    }
}
