//! The location table: which contacts an address of record is bound to (RFC 3261 10.3, 3327, 5626).
//!
//! It is mechanism, not a registrar: who may bind what, for how long and how often is said by a [`Policy`]; it sends
//! nothing and asks nobody. What a REGISTER does is decided as a whole ([`Location::decide`]) and then carried out as a
//! whole ([`Location::apply`]). Its time is monotonic; records carry wall-clock times, so that what is left of a
//! binding's life is the same after a restart.
//!
//! Invariants: an address of record without bindings has no entry; the number of bindings never exceeds the limit.

mod aor;
mod binding;
mod gruu;
mod location;
mod record;
mod request;

pub use aor::{Aor, AorError};
pub use binding::{Binding, Texts, TooLong};
pub use gruu::Gruu;
pub use location::{Delta, Expired, Location};
pub use record::{Clocks, RecordError};
pub use request::{Outcome, Policy, Refusal};
