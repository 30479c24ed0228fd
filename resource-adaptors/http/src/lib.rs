//! The HTTP resource adaptor (RFC 9110): requests that come, and calls that are made, as activities and events.
//!
//! This half is sans-IO: it knows activities, limits, deadlines and placement, and exchanges typed messages with a driver.
//! Sockets, TLS and HTTP's bytes are the driver's (`strowger-http-driver`), which only the node runs; services and their tests
//! see nothing of it.

pub mod api;
pub mod driver;
pub mod fuzz;
pub mod ra;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use api::*;
pub use ra::{HttpProtocol, Settings, adaptor};
