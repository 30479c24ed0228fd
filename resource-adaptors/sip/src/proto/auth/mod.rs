//! Digest authentication: RFC 7616 and 8760 as RFC 3261 22 uses them, RFC 2617 for those who know no other.
//!
//! Both sides as functions: a server makes challenges and checks credentials ([`Challenge`], [`check`]), a client answers
//! challenges ([`Session`]). Who has which password is not known here: it comes as [`Account`].
//!
//! Nonces hold no state: a time, a number and a MAC under a secret of the process, so that none holds over a restart. Which
//! nonce counts have been used is kept in one bounded table ([`Nonces`]); what it has had to forget counts as stale.

mod algorithm;
mod client;
mod header;
mod nonce;
mod server;

pub use algorithm::{Account, Algorithm, Hash, Hex, NotAHash};
pub use client::{Credentials, Session};
pub use header::{Authorization, Challenge, HeaderError, Qop};
pub use nonce::{Nonces, Used};
pub use server::{Check, Verdict, check};
