//! The state machines of credit control, row by row of RFC 8506 7.

mod accounting;
mod client;
mod event;
mod groups;
mod server;
