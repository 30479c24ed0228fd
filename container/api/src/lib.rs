//! What authors of services and of resource adaptors import.
//!
//! A *service building block* (SBB) is plain data with handlers; the container delivers typed *events* that happen on
//! *activities* to the SBB entities attached to them, one transaction per delivery. This crate holds the words of that
//! contract and nothing that executes it: no router, no clock, no socket, no store. The kernel implements
//! [`host::Host`], the node feeds [`ra::Protocol`]s.
//!
//! Services start at [`prelude`]; adaptors at [`ra`].

pub mod activity;
pub mod attribute;
pub mod child;
pub mod context;
pub mod error;
pub mod event;
pub mod host;
pub mod id;
pub mod initial;
pub mod param;
pub mod prelude;
pub mod ra;
pub mod sbb;
pub mod service;
pub mod state;
pub mod time;
pub mod timer;

pub use context::Cx;
pub use error::{Error, OpError, Result};
pub use strowger_macros::{Event, State, on, sbb};

#[doc(hidden)]
pub use {bytes, erased_serde, postcard, schemars, serde};
