//! What authors of drivers import: the half of an adaptor that has the sockets and lives in an async runtime.
//!
//! An adaptor whose protocol a library speaks that is async has two halves in two crates. The one that is [`Driven`] is
//! sans-IO and is what services and tests depend on; the [`Driver`] is started by the node, on the tokio runtime that it keeps
//! for drivers. They share nothing but two bounded queues of messages.
//! Not here: the runtime, and what becomes of messages in the shard (the node).
//!
//! **Invariant:** what the adaptor says arrives here only when the commit that it depends on is durable; what a driver says
//! after the shard has ended goes nowhere ([`Fenced`]).
//!
//! [`Driven`]: strowger::ra::Driven
#![forbid(unsafe_code)]

mod admit;
mod endpoint;
mod meters;
mod seat;
mod serve;

pub use admit::{Admission, Admit};
pub use endpoint::{Endpoint, Fenced, Unsent};
pub use meters::Meters;
pub use seat::{Bell, Open, Phase, Seat, ServerTls, Setup, StartError, Started};
pub use serve::DriverDef;

pub use async_trait::async_trait;
pub use rustls;

use strowger::ra::{Driven, Protocol};

/// The half of an adaptor that does input and output.
///
/// **Contract:** its methods are called one after the other, in this order: `start`; then `told`, `configure` and `drain` as
/// they come; and `stop`. None of them waits for a peer: what takes time is spawned, and bounded. A driver that does not come
/// back keeps its adaptor from being told more, and the queue to it fills.
#[async_trait]
pub trait Driver: Sized + Send + 'static {
    /// Its other half.
    type Protocol: Driven;

    /// Begins to serve. The adaptor is active by then, or is about to be.
    ///
    /// # Errors
    /// What keeps it from serving: the node does not start then.
    async fn start(setup: Setup<Self::Protocol>) -> Result<Self, StartError>;
    /// The adaptor has said something.
    async fn told(&mut self, message: <Self::Protocol as Driven>::Down);
    /// Takes over settings that have changed in live keys. Those of the adaptor's other half change at the same time, about.
    async fn configure(&mut self, settings: &<Self::Protocol as Protocol>::Settings);
    /// The node stops: nothing new is taken, what is there goes on.
    async fn drain(&mut self);
    /// The shard has ended, and nothing more is said in either direction. What was told is still carried out, as far as that
    /// takes no longer than a few seconds: then the runtime ends, and with it all tasks.
    async fn stop(self);
}
