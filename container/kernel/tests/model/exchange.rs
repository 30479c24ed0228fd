//! Events, activity types and attributes of the toys, and their adaptor: it does what it is told and writes down what
//! it hears.

use super::record::{refusal, with};
use super::script::Shot;
use super::toy::NAMES;
use super::trace::Line;
use serde::{Deserialize, Serialize};
use strowger::Result;
use strowger::activity::Activity;
use strowger::address::Address;
use strowger::attribute::Attribute;
use strowger::event::{ActivityEnd, Event, EventDecl, FireOptions};
use strowger::id::{ActivityId, Component, RaIx, Slot};
use strowger::ra::{
    ActivityFlags, FireFlags, Input, Listener, Outcome, Protocol, RaCx, SettingsError,
};
use strowger::service::NoSettings;
use strowger::time::Mono;
use strowger::timer::Timer;

pub(crate) const fn component(name: &'static str) -> Component {
    Component {
        name,
        vendor: "model",
        version: "1",
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shoot<const N: u8> {
    pub(crate) program: u8,
}
impl<const N: u8> Event for Shoot<N> {
    const TYPE: Component = component(if N == 0 { "shoot-0" } else { "shoot-1" });
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tag {
    pub(crate) program: u8,
}
impl Event for Tag {
    const TYPE: Component = component("tag");
}

/// Event types by their bit in the script's masks.
pub(crate) const MASKED: [Component; 4] = [
    Shoot::<0>::TYPE,
    Shoot::<1>::TYPE,
    Timer::<Tag>::TYPE,
    ActivityEnd::TYPE,
];

pub(crate) enum Trunk {}
impl Activity for Trunk {
    const TYPE: Component = component("trunk");
}

pub(crate) enum Own {}
impl Attribute for Own {
    type Value = u32;
    const NAME: &'static str = "own";
}
pub(crate) enum Shared {}
impl Attribute for Shared {
    type Value = u32;
    const NAME: &'static str = "shared";
    const ALIAS: Option<&'static str> = Some("model.shared");
}

pub(crate) fn options(shot: Shot) -> FireOptions {
    FireOptions {
        address: shot.address.map(|n| Address::e164(&n.to_string()).unwrap()),
        service: shot.service.map(|n| component(NAMES[usize::from(n)]).id()),
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    Start {
        slot: u8,
        unreferenced: bool,
    },
    Fire {
        activity: ActivityId,
        kind: u8,
        program: u8,
        address: Option<u8>,
        service: Option<u8>,
    },
    End(ActivityId),
}

impl Order {
    pub(crate) fn fire(activity: ActivityId, shot: Shot) -> Self {
        let Shot {
            kind,
            program,
            address,
            service,
        } = shot;
        Self::Fire {
            activity,
            kind,
            program,
            address,
            service,
        }
    }
}

/// The only adaptor entity.
pub(crate) const RA: RaIx = RaIx(0);

pub(crate) struct Exchange;

impl Exchange {
    fn obey(cx: &mut RaCx<'_>, order: &Order) {
        let (name, outcome) = match *order {
            Order::Start { slot, unreferenced } => {
                let flags = ActivityFlags {
                    report_end: true,
                    report_unreferenced: unreferenced,
                };
                let started = cx.start_activity::<Trunk>(Slot(slot), flags, 0);
                if let Ok(id) = started {
                    with(|r| {
                        let number = r.activity_born(id);
                        r.lines.push(Line::Started(number));
                    });
                }
                ("start", started.map(drop))
            }
            Order::Fire {
                activity,
                kind,
                program,
                address,
                service,
            } => {
                let options = options(Shot {
                    kind,
                    program,
                    address,
                    service,
                });
                let flags = FireFlags {
                    report_done: true,
                    report_unreferenced: false,
                };
                let fired = if kind == 0 {
                    cx.fire_with(activity, Shoot::<0> { program }, options, flags)
                } else {
                    cx.fire_with(activity, Shoot::<1> { program }, options, flags)
                };
                ("fire", fired.map(drop))
            }
            Order::End(activity) => ("end", cx.end_activity(activity)),
        };
        with(|r| {
            r.lines
                .push(Line::Adaptor(name, outcome.err().map(refusal)))
        });
    }
}

impl Protocol for Exchange {
    const TYPE: Component = component("exchange");
    type Settings = NoSettings;
    type Command = Order;

    fn verify(_: &NoSettings) -> Result<(), SettingsError> {
        Ok(())
    }
    fn listeners(_: &NoSettings) -> Vec<Listener> {
        Vec::new()
    }
    fn events() -> Vec<EventDecl> {
        vec![EventDecl::of::<Shoot<0>>(), EventDecl::of::<Shoot<1>>()]
    }
    fn activities() -> Vec<Component> {
        vec![Trunk::TYPE]
    }
    fn new(_: &NoSettings) -> Self {
        Self
    }
    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Order>) {
        match input {
            Input::Datagram { bytes, .. } => {
                if let Ok(order) = postcard::from_bytes(&bytes) {
                    Self::obey(cx, &order);
                }
            }
            Input::Command { command, .. } => Self::obey(cx, &command),
            Input::ActivityEnded(id) => with(|r| {
                let number = r.activity(id);
                r.lines.push(Line::Ended(number));
            }),
            Input::Unreferenced(id) => {
                let number = with(|r| {
                    let number = r.activity(id);
                    r.lines.push(Line::Unreferenced(number));
                    number
                });
                if number % 2 == 0 {
                    let _ = cx.end_activity(id);
                }
            }
            Input::EventDone {
                activity, outcome, ..
            } => with(|r| {
                let number = r.activity(activity);
                let outcome = match outcome {
                    Outcome::Processed => "processed",
                    Outcome::NoReceiver => "no receiver",
                    Outcome::RolledBack => "rolled back",
                    Outcome::Failed(_) => "failed",
                };
                r.lines.push(Line::Done(number, outcome));
            }),
            Input::AdministrativeRemove(id) => with(|r| {
                let number = r.activity(id);
                r.lines.push(Line::AdminRemoved(number));
            }),
            // Half of the activities have records of the adaptor's, half come back bare.
            Input::Snapshot(id) if id.stamp() % 2 == 0 => cx.persist(id, b"trunk", b"record"),
            _ => {}
        }
    }
    fn deadline(&self) -> Option<Mono> {
        None
    }
}
