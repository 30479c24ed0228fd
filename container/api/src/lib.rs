//! What authors of services and of resource adaptors import.
//!
//! A *service building block* (SBB) is plain data with handlers; the container delivers typed *events* that happen on
//! *activities* to the SBB entities attached to them, one transaction per delivery. This crate holds the words of that
//! contract and nothing that executes it: no router, no clock, no socket, no store. The kernel implements
//! [`host::Host`], the node feeds [`ra::Protocol`]s.
//!
//! Services start at [`prelude`]; adaptors at [`ra`]. A service in full:
//!
//! ```
//! use strowger::prelude::*;
//!
//! /// Counts how often it was woken.
//! #[derive(Default, State)]
//! pub struct Sleeper {
//!     woken: u32,
//! }
//!
//! #[derive(Clone, Debug, Event)]
//! struct Wake;
//!
//! #[sbb(name = "sleeper", vendor = "org.example", version = "1.0")]
//! impl Sleeper {
//!     #[on(initial)]
//!     fn started(&mut self, cx: &mut Cx, _ev: &ServiceStarted, Aci(own): Aci<ServiceActivity>) {
//!         cx.timer(own, secs(60), Wake);
//!     }
//!
//!     #[on]
//!     fn woken(&mut self, cx: &mut Cx, _ev: &Timer<Wake>, Aci(own): Aci<ServiceActivity>) {
//!         self.woken += 1;
//!         cx.timer(own, secs(60), Wake);
//!     }
//! }
//!
//! pub fn service() -> ServiceDef {
//!     ServiceDef::of::<Sleeper>()
//! }
//! # assert_eq!(service().root.handlers.len(), 2);
//! ```

pub mod activity;
pub mod address;
pub mod alarm;
pub mod attribute;
pub mod child;
pub mod civil;
pub mod context;
pub mod encoding;
pub mod error;
pub mod event;
pub mod fuzz;
pub mod host;
pub mod id;
pub mod initial;
pub mod network;
pub mod param;
pub mod prelude;
pub mod profile;
pub mod ra;
pub mod room;
pub mod sbb;
pub mod secret;
pub mod service;
pub mod state;
pub mod time;
pub mod timer;
pub mod tracer;
pub mod usage;

pub use context::Cx;
pub use error::{Error, OpError, Result};
pub use secret::Secret;
pub use strowger_macros::{Event, Profile, State, Usage, on, sbb};

#[doc(hidden)]
pub use {bytes, erased_serde, postcard, schemars, serde};
