//! What services see of HTTP: activities, events, what they send, and the provider.

mod activity;
mod body;
mod event;
mod headers;
mod method;
mod outgoing;
mod params;
mod provider;
mod reply;

pub use activity::{Call, Exchange};
pub use body::BodyError;
pub use event::{Failure, FailureKind, Request, Response, Sent};
pub use headers::Headers;
pub use method::Method;
pub use outgoing::Outgoing;
pub use params::Params;
pub use provider::{Command, Http, HttpError};
pub use reply::Reply;

pub(crate) use activity::activities;
pub(crate) use body::is_form;
pub(crate) use event::events;
pub(crate) use headers::is_token;
pub(crate) use outgoing::Target;
