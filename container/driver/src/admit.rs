//! Who may come in over the listeners of a driver.

use std::fmt;
use std::net::IpAddr;

/// Whether a connection is taken, by where it comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// It is.
    Open,
    /// The configuration has it that addresses like this are not heard.
    Denied,
    /// Whoever is there is banned.
    Banned,
}

/// Asked for each connection, before anything of it is read. One that is not admitted is closed without a word.
pub trait Admit: fmt::Debug + Send + Sync {
    /// Whether a connection from there is taken.
    fn admit(&self, peer: IpAddr) -> Admission;
}
