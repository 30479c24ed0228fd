//! The SMS resource adaptor: events, activities and provider for services, over an SMPP stack of its own (SMPP 3.4 and 5.0).
//!
//! `proto` is the sans-IO stack: bytes and time in, bytes and events out. It reads no clock, opens no socket and keeps no
//! thread. Sockets are the node's; which message goes where, and when it is tried again, is the services'.

pub mod api;
pub mod proto;
pub mod ra;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use api::*;
pub use ra::{Settings, adaptor, hash_password};
