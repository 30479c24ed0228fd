//! The client of a one-time event: debit, refund, balance check, price enquiry (RFC 8506 6 and 7, table 5).
//!
//! A request that may or may not have been carried out is stored, and sent again with the T flag and its old identifiers,
//! so that a server that knows it does not debit twice.

use strowger::State;
use strowger::prelude::Duration;

use super::{Answer, DirectDebitingFailureHandling as Ddfh, Ended, RequestedAction, Verdict};

/// States of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, State)]
pub enum EventState {
    /// Nothing is under way.
    #[default]
    Idle,
    /// The request has no answer.
    PendingE,
    /// A request out of the store has no answer.
    PendingB,
}

/// What the client of an event has to do, or to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventAction {
    /// Send the request; `again` as a possible duplicate, with the T flag.
    Send {
        /// It was sent before.
        again: bool,
    },
    /// Start Tx.
    StartTx(Duration),
    /// Give the service: it was debited, it is free, or it is given for nothing.
    Grant,
    /// Refuse the service.
    End(Ended),
    /// The question has no answer.
    Error(Ended),
    /// Keep the request, to send it again later.
    Store,
    /// Forget the stored request.
    Delete,
}

/// One request.
#[derive(Clone, PartialEq, Eq, Debug, State)]
pub struct OneTime {
    state: EventState,
    action: RequestedAction,
    tx: Duration,
    failure_handling: Ddfh,
    failover: bool,
    /// Another server was asked.
    retried: bool,
    /// Tx has expired, or the service has been given before: it stays given.
    late: bool,
    stored: bool,
}

impl OneTime {
    /// A request of these terms.
    #[must_use]
    pub const fn new(
        action: RequestedAction,
        tx: Duration,
        failure_handling: Ddfh,
        failover: bool,
    ) -> Self {
        Self {
            state: EventState::Idle,
            action,
            tx,
            failure_handling,
            failover,
            retried: false,
            late: false,
            stored: false,
        }
    }

    /// The same of a service that has been given already: a debit that meets a failure is stored, whatever the failure, and
    /// nothing is granted or refused any more.
    #[must_use]
    pub const fn in_arrears(mut self) -> Self {
        self.late = true;
        self
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> EventState {
        self.state
    }

    /// What is asked for.
    #[must_use]
    pub const fn action(&self) -> RequestedAction {
        self.action
    }

    /// Whether the request waits in the store.
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        self.stored
    }

    /// Whether everything is done.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state == EventState::Idle && !self.stored
    }

    /// Sends the request, or the stored one.
    pub fn start(&mut self) -> Vec<EventAction> {
        match (self.state, self.stored) {
            (EventState::Idle, false) => {
                self.state = EventState::PendingE;
                vec![
                    EventAction::Send { again: false },
                    EventAction::StartTx(self.tx),
                ]
            }
            (EventState::Idle, true) => {
                self.state = EventState::PendingB;
                vec![EventAction::Send { again: true }]
            }
            (EventState::PendingE | EventState::PendingB, _) => Vec::new(),
        }
    }

    /// An answer has come.
    pub fn answered(&mut self, answer: &Answer) -> Vec<EventAction> {
        if let Some(handling) = answer.direct_debiting {
            self.failure_handling = handling;
        }
        let verdict = Verdict::of(answer.result);
        match (self.state, self.stored) {
            (EventState::PendingE, _) => self.decided(verdict, answer.result),
            (EventState::Idle, false) => Vec::new(),
            (EventState::PendingB, _) | (EventState::Idle, true) => {
                self.state = EventState::Idle;
                if verdict == Verdict::Temporary {
                    return Vec::new();
                }
                self.stored = false;
                vec![EventAction::Delete]
            }
        }
    }

    /// The request could not be sent, or whoever sends it has given up waiting.
    pub fn failed_to_send(&mut self) -> Vec<EventAction> {
        match self.state {
            EventState::PendingE => self.not_delivered(None),
            EventState::PendingB => {
                self.state = EventState::Idle;
                Vec::new()
            }
            EventState::Idle => Vec::new(),
        }
    }

    /// Tx has expired.
    pub fn tx_expired(&mut self) -> Vec<EventAction> {
        if self.state != EventState::PendingE || self.late {
            return Vec::new();
        }
        self.late = true;
        match self.action {
            RequestedAction::DirectDebiting => vec![EventAction::Grant],
            RequestedAction::RefundAccount => self.store(),
            RequestedAction::CheckBalance | RequestedAction::PriceEnquiry => {
                self.over(EventAction::Error(Ended::Unreachable))
            }
        }
    }

    fn decided(&mut self, verdict: Verdict, code: u32) -> Vec<EventAction> {
        let debits = self.action == RequestedAction::DirectDebiting;
        match verdict {
            Verdict::Success => self.grant(),
            Verdict::Temporary => self.not_delivered(Some(code)),
            Verdict::NotApplicable if debits => self.grant(),
            // 4010, 5030: for the user of a service it is over; what was given already stays given.
            Verdict::Denied if debits && self.late => self.idle(),
            Verdict::Denied => self.over(EventAction::End(Ended::Denied(code))),
            Verdict::Failed | Verdict::NotApplicable if !debits => {
                self.over(EventAction::Error(Ended::Failed(code)))
            }
            Verdict::Failed | Verdict::NotApplicable => match (self.failure_handling, self.late) {
                (Ddfh::Continue, _) => self.grant(),
                (Ddfh::TerminateOrBuffer, false) => {
                    self.over(EventAction::End(Ended::Failed(code)))
                }
                (Ddfh::TerminateOrBuffer, true) => self.idle(),
            },
        }
    }

    /// A failure to send, or a temporary error with its result.
    fn not_delivered(&mut self, code: Option<u32>) -> Vec<EventAction> {
        if self.failover && !self.retried {
            self.retried = true;
            return vec![
                EventAction::Send { again: true },
                EventAction::StartTx(self.tx),
            ];
        }
        let why = code.map_or(Ended::Unreachable, Ended::Failed);
        match (self.action, self.failure_handling) {
            (RequestedAction::CheckBalance | RequestedAction::PriceEnquiry, _) => {
                self.over(EventAction::Error(why))
            }
            (RequestedAction::RefundAccount, _) => self.store(),
            (RequestedAction::DirectDebiting, Ddfh::Continue) => self.grant(),
            // An answer that nothing was debited, in time: the service is refused.
            (RequestedAction::DirectDebiting, Ddfh::TerminateOrBuffer)
                if code.is_some() && !self.late =>
            {
                self.over(EventAction::End(why))
            }
            // It may have been debited: the service is given, and the debit made sure of (RFC 8506 6.5).
            (RequestedAction::DirectDebiting, Ddfh::TerminateOrBuffer) => {
                let granted = self.late;
                let mut actions = self.store();
                if !granted {
                    actions.push(EventAction::Grant);
                }
                actions
            }
        }
    }

    fn grant(&mut self) -> Vec<EventAction> {
        match self.late {
            true => self.idle(),
            false => self.over(EventAction::Grant),
        }
    }

    fn store(&mut self) -> Vec<EventAction> {
        self.state = EventState::Idle;
        self.stored = true;
        vec![EventAction::Store]
    }

    fn over(&mut self, action: EventAction) -> Vec<EventAction> {
        self.state = EventState::Idle;
        vec![action]
    }

    fn idle(&mut self) -> Vec<EventAction> {
        self.state = EventState::Idle;
        Vec::new()
    }
}
