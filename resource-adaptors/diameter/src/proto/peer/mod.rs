//! One peer: the state machine of RFC 6733 5.6, the watchdog of RFC 3539, the capabilities exchange.
//!
//! Pure tables and values. Who owns connections, timers and requests is [`node`](super::node).

mod capabilities;
mod fsm;
mod watchdog;

pub use capabilities::{Capabilities, Refusal, Terms, cause};
pub use fsm::{Action, Event, State, Step, wins_election};
pub use watchdog::{Watchdog, WatchdogState, Watched};
