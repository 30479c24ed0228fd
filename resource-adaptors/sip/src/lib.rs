//! The SIP resource adaptor: events, activities and provider for services, over a SIP stack of its own.
//!
//! `proto` is the sans-IO stack: bytes and time in, bytes and events out. It reads no clock, opens no socket and
//! keeps no thread. Sockets are the node's; whom to call is the services'. docs/sip.md tells what it does,
//! docs/sip-recipes.md shows services on it, docs/sip-conformance.md goes through the RFCs.

pub mod api;
pub mod proto;
pub mod ra;
#[cfg(feature = "rsip")]
pub mod rsip;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use api::*;
pub use ra::{Settings, adaptor};
