//! What services see of Diameter: events, activities, and the provider [`Diameter`].
//!
//! It holds no protocol: a service says what it wants and the adaptor's stack carries it out after the commit. Names are
//! those of RFC 6733, RFC 8506 and the 3GPP specifications.

mod activity;
pub mod apps;
pub mod charging;
mod event;
mod message;
mod outgoing;
mod provider;

pub(crate) use activity::activities;
pub use activity::{ClientTx, Peer, ServerTx, Session, ShSubscription};
pub use event::*;
pub use message::{Answered, Identity, Incoming, RequestId};
pub use outgoing::Outgoing;
pub(crate) use outgoing::What;
pub(crate) use provider::FLAGS;
pub use provider::{Command, Diameter, DiameterError, PeerInfo, SessionTo};
