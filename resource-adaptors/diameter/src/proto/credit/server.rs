//! The server of a session: which requests are to be processed, and how long a session waits for the next one (RFC 8506 7,
//! table 6).
//!
//! Accounts are not its business: it says when units are reserved, debited and released. A request that was processed before
//! is not processed again: its answer is to be repeated.

use strowger::State;
use strowger::prelude::Duration;

use super::{RequestType, result};

/// What is to be done with a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// Debit what it reports, and reserve what it asks for; then [`Server::processed`].
    Process,
    /// It is the last one again: give the same answer.
    Repeat,
    /// Answer with this result, and nothing else.
    Refuse(u32),
}

/// What becomes of the supervision timer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tcc {
    /// Start it anew.
    Start(Duration),
    /// Stop it: the session is over.
    Stop,
}

/// A session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, State)]
pub struct Server {
    open: bool,
    /// Number of the last request that was processed.
    last: Option<u32>,
}

impl Server {
    /// Whether the session is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// A request has come.
    #[must_use]
    pub fn requested(&self, kind: RequestType, number: u32) -> Admission {
        if self.last == Some(number) {
            return Admission::Repeat;
        }
        match kind {
            RequestType::Event if self.last.is_none() => Admission::Process,
            RequestType::Initial if self.last.is_none() => Admission::Process,
            // A session begins once; and what is older than the last one has been processed.
            RequestType::Initial | RequestType::Event => {
                Admission::Refuse(result::UNABLE_TO_COMPLY)
            }
            RequestType::Update | RequestType::Termination if !self.open => {
                Admission::Refuse(result::UNKNOWN_SESSION_ID)
            }
            RequestType::Update | RequestType::Termination
                if self.last.is_some_and(|last| number < last) =>
            {
                Admission::Refuse(result::UNABLE_TO_COMPLY)
            }
            RequestType::Update | RequestType::Termination => Admission::Process,
        }
    }

    /// A request was processed, with that success and that Validity-Time. What it reported is debited either way.
    pub fn processed(
        &mut self,
        kind: RequestType,
        number: u32,
        success: bool,
        validity: Duration,
    ) -> Tcc {
        self.last = Some(number);
        self.open = success && matches!(kind, RequestType::Initial | RequestType::Update);
        match self.open {
            true => Tcc::Start(validity.saturating_mul(2)),
            false => Tcc::Stop,
        }
    }

    /// Tcc has expired: whether there are units to be released.
    pub fn expired(&mut self) -> bool {
        std::mem::take(&mut self.open)
    }
}
