//! The resource adaptor of connections from outside (R-XC-01): programs that are no adaptors fire events of services' own types,
//! and get answers.
//!
//! A program names a *handle* of its own, such as a customer's number. All its events land on one activity, which ends when
//! nothing in the container refers to it any more and is there anew with the next event. What is fired in a transaction goes
//! out when that has committed, and not otherwise.
//! Not here: how programs get in, which is a service's business (`strowger-connection-port` does so over HTTP).
//!
//! **Invariant:** whoever fires hears exactly once what came of it: [`Answered`] or [`Unanswered`].

mod api;
mod events;
mod ra;

pub use api::{
    Answered, Asked, Command, Connection, FireError, Firing, HANDLE_BYTES, Outside, Unanswered, Why,
};
pub use events::{EventType, Events, Known};
pub use ra::{ConnectionProtocol, Settings, View, adaptor};
