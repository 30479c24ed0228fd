//! The activities of HTTP.

use strowger::activity::Activity;
use strowger::id::Component;

pub(super) const fn named(name: &'static str) -> Component {
    Component {
        name,
        vendor: "strowger-http",
        version: "1.0",
    }
}

/// A request that came, until it is answered: [`Request`](crate::Request) happens on it, once. It ends with the answer, when
/// its client has gone, and when its time is over.
#[derive(Clone, Copy, Debug)]
pub enum Exchange {}

impl Activity for Exchange {
    const TYPE: Component = named("http-exchange");
}

/// A request of ours, until it has an outcome: [`Response`](crate::Response) or [`Failure`](crate::Failure) happens on it, once,
/// and ends it.
#[derive(Clone, Copy, Debug)]
pub enum Call {}

impl Activity for Call {
    const TYPE: Component = named("http-call");
}

/// Every activity type that the adaptor starts.
pub(crate) fn activities() -> Vec<Component> {
    vec![Exchange::TYPE, Call::TYPE]
}
