//! The stateful proxy of RFC 3261 section 16, as far as it is a function of messages: what a forwarded request looks
//! like, loops, routes of our own, and which response is the best.
//!
//! It holds no transaction and sends nothing: [`Ua`](super::ua::Ua) ties it to those. Whom a request goes to is a
//! service's to say, in a [`Fork`].
//!
//! Invariant: of a forwarded message every byte stays as it came but for what section 16 has a proxy write.

mod belief;
mod best;
mod fork;
mod forward;
mod loops;
mod reason;
mod ticket;

pub use belief::{Belief, Lost, losses, lost, wants};
pub use best::{Best, Branch, Challenge, Progress};
pub use fork::{Aim, Change, Fork, Place};
pub use forward::{Hop, forward, next_hop, route_value};
pub use loops::{loop_mark, marked_branch, meets_itself};
pub use reason::ELSEWHERE;
pub use ticket::{Direction, Grant, Home, Ticket};
