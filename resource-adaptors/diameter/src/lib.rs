//! The Diameter resource adaptor: events, activities and provider for services, over a Diameter stack of its own (RFC 6733).
//!
//! `proto` is the sans-IO stack: bytes and time in, bytes and events out. It reads no clock, opens no socket and keeps no
//! thread. Sockets are the node's; whom to charge and what to grant is the services'.

pub mod api;
#[cfg(feature = "diameter")]
pub mod diameter;
pub mod proto;
pub mod ra;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use api::*;
pub use ra::{Settings, adaptor};
