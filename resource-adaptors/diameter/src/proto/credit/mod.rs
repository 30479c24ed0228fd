//! Credit control (RFC 8506, which obsoletes RFC 4006) and buffered accounting, as state machines without messages.
//!
//! A machine is plain data: it is kept in a service's state, is as durable as that, and takes what happened together with
//! the time, and gives back what is to be done ([`Action`]). It builds no message and sets no timer: `api::charging` does,
//! with its actions. What an interrogation carries is the service's knowledge; whether it may go out, and what becomes of
//! the service when no answer comes, is the machine's.
//!
//! Invariant: a CC-Request-Number is given out once in a session and never again, also not after a restart.

pub mod accounting;
mod client;
mod event;
mod group;
mod server;
mod units;

pub use client::{Client, ClientState};
pub use event::{EventAction, EventState, OneTime};
pub use group::{Group, GroupState, Pool};
pub use server::{Admission, Server, Tcc};
pub use units::{Money, Units};

use strowger::State;
use strowger::prelude::Duration;

/// Result codes that credit control tells apart (RFC 8506 9, RFC 6733 7.1).
pub mod result {
    /// DIAMETER_SUCCESS.
    pub const SUCCESS: u32 = 2001;
    /// DIAMETER_LIMITED_SUCCESS: what a Re-Auth-Request is answered with that brings a new interrogation.
    pub const LIMITED_SUCCESS: u32 = 2002;
    /// DIAMETER_UNABLE_TO_DELIVER.
    pub const UNABLE_TO_DELIVER: u32 = 3002;
    /// DIAMETER_TOO_BUSY.
    pub const TOO_BUSY: u32 = 3004;
    /// DIAMETER_LOOP_DETECTED.
    pub const LOOP_DETECTED: u32 = 3005;
    /// DIAMETER_END_USER_SERVICE_DENIED.
    pub const END_USER_SERVICE_DENIED: u32 = 4010;
    /// DIAMETER_CREDIT_CONTROL_NOT_APPLICABLE.
    pub const CREDIT_CONTROL_NOT_APPLICABLE: u32 = 4011;
    /// DIAMETER_CREDIT_LIMIT_REACHED.
    pub const CREDIT_LIMIT_REACHED: u32 = 4012;
    /// DIAMETER_UNKNOWN_SESSION_ID.
    pub const UNKNOWN_SESSION_ID: u32 = 5002;
    /// DIAMETER_INVALID_AVP_VALUE.
    pub const INVALID_AVP_VALUE: u32 = 5004;
    /// DIAMETER_MISSING_AVP.
    pub const MISSING_AVP: u32 = 5005;
    /// DIAMETER_UNABLE_TO_COMPLY.
    pub const UNABLE_TO_COMPLY: u32 = 5012;
    /// DIAMETER_USER_UNKNOWN.
    pub const USER_UNKNOWN: u32 = 5030;
    /// DIAMETER_RATING_FAILED.
    pub const RATING_FAILED: u32 = 5031;
}

/// How a result counts in the tables of RFC 8506 7.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// 2xxx.
    Success,
    /// 3002, 3004 and 3005: another server may do better.
    Temporary,
    /// 4010 and 5030; also 4012, which by its definition denies the service and would be absurd to override.
    Denied,
    /// 4011: the service is free of charge.
    NotApplicable,
    /// Everything else.
    Failed,
}

impl Verdict {
    /// What a result code stands for.
    #[must_use]
    pub const fn of(result: u32) -> Self {
        match result {
            2000..=2999 => Self::Success,
            result::UNABLE_TO_DELIVER | result::TOO_BUSY | result::LOOP_DETECTED => Self::Temporary,
            result::END_USER_SERVICE_DENIED
            | result::CREDIT_LIMIT_REACHED
            | result::USER_UNKNOWN => Self::Denied,
            result::CREDIT_CONTROL_NOT_APPLICABLE => Self::NotApplicable,
            _ => Self::Failed,
        }
    }
}

/// CC-Request-Type (RFC 8506 8.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, State)]
pub enum RequestType {
    /// INITIAL_REQUEST (1).
    Initial,
    /// UPDATE_REQUEST (2).
    Update,
    /// TERMINATION_REQUEST (3).
    Termination,
    /// EVENT_REQUEST (4).
    Event,
}

/// Credit-Control-Failure-Handling (RFC 8506 8.14).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, State)]
pub enum FailureHandling {
    /// No answer, no service (0).
    #[default]
    Terminate,
    /// The service goes on without control; another server is tried where failover is supported (1).
    Continue,
    /// Another server is tried where failover is supported; then the service ends (2).
    RetryAndTerminate,
}

/// Direct-Debiting-Failure-Handling (RFC 8506 8.15).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, State)]
pub enum DirectDebitingFailureHandling {
    /// The service is refused, or the debit is stored and sent later (0).
    #[default]
    TerminateOrBuffer,
    /// The service is given for nothing (1).
    Continue,
}

/// Requested-Action (RFC 8506 8.41).
#[derive(Clone, Copy, PartialEq, Eq, Debug, State)]
pub enum RequestedAction {
    /// DIRECT_DEBITING (0).
    DirectDebiting,
    /// REFUND_ACCOUNT (1).
    RefundAccount,
    /// CHECK_BALANCE (2).
    CheckBalance,
    /// PRICE_ENQUIRY (3).
    PriceEnquiry,
}

/// Final-Unit-Indication (RFC 8506 8.34): what becomes of a service when the granted units are used up.
#[derive(Clone, PartialEq, Eq, Debug, State)]
pub enum FinalUnit {
    /// It ends.
    Terminate,
    /// The user is sent elsewhere: the address of the redirect server, if it was told.
    Redirect(Option<String>),
    /// Access is restricted to what the filters allow, by their names.
    Restrict(Vec<String>),
}

/// Names a part of a session that is charged by itself; without both it is the session as a whole, whose units stand in the
/// command itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, State)]
pub struct GroupKey {
    /// Rating-Group (432).
    pub rating_group: Option<u32>,
    /// Service-Identifier (439).
    pub service: Option<u32>,
}

impl GroupKey {
    /// The session as a whole.
    pub const SESSION: Self = Self {
        rating_group: None,
        service: None,
    };

    /// A rating group.
    #[must_use]
    pub const fn rating_group(group: u32) -> Self {
        Self {
            rating_group: Some(group),
            service: None,
        }
    }
}

/// Why used units are reported (3GPP Reporting-Reason, TS 32.299 7.2.175).
#[derive(Clone, Copy, PartialEq, Eq, Debug, State)]
pub enum Reason {
    /// THRESHOLD (0).
    Threshold,
    /// FINAL (2).
    Final,
    /// QUOTA_EXHAUSTED (3).
    QuotaExhausted,
    /// VALIDITY_TIME (4).
    ValidityTime,
    /// RATING_CONDITION_CHANGE (6).
    RatingConditionChange,
    /// FORCED_REAUTHORISATION (7).
    ForcedReauthorisation,
}

/// What an interrogation says of one group.
#[derive(Clone, PartialEq, Eq, Debug, State)]
pub struct Usage {
    /// The group.
    pub group: GroupKey,
    /// Used since the report before, answered or not; `None` says nothing.
    pub used: Option<Units>,
    /// Asked for; `None` asks for nothing, empty units leave the amount to the server.
    pub requested: Option<Units>,
    /// Why.
    pub reason: Option<Reason>,
}

impl Usage {
    /// Asks for units of a group.
    #[must_use]
    pub const fn ask(group: GroupKey, requested: Units) -> Self {
        Self {
            group,
            used: None,
            requested: Some(requested),
            reason: None,
        }
    }

    /// Reports what was used, for a reason, and asks for nothing.
    #[must_use]
    pub const fn report(group: GroupKey, used: Units, reason: Reason) -> Self {
        Self {
            group,
            used: Some(used),
            requested: None,
            reason: Some(reason),
        }
    }

    /// The same, and asks for more.
    #[must_use]
    pub const fn and_ask(mut self, requested: Units) -> Self {
        self.requested = Some(requested);
        self
    }
}

/// One request of a session.
#[derive(Clone, PartialEq, Eq, Debug, State)]
pub struct Interrogation {
    /// CC-Request-Type.
    pub kind: RequestType,
    /// CC-Request-Number.
    pub number: u32,
    /// What it says.
    pub usage: Vec<Usage>,
    /// Of a termination: Termination-Cause (RFC 6733 8.15).
    pub cause: u32,
    /// It is sent again, to another server: with the T flag, and without the Destination-Host of the first.
    pub again: bool,
}

/// What a server says of one group.
#[derive(Clone, PartialEq, Eq, Debug, State)]
pub struct GroupAnswer {
    /// The group.
    pub group: GroupKey,
    /// Its Result-Code; success if it has none.
    pub result: u32,
    /// Granted-Service-Unit.
    pub granted: Option<Units>,
    /// Validity-Time.
    pub validity: Option<Duration>,
    /// Time-Quota-Threshold, Volume-Quota-Threshold or Unit-Quota-Threshold.
    pub threshold: Option<u64>,
    /// Final-Unit-Indication.
    pub final_unit: Option<FinalUnit>,
    /// G-S-U-Pool-Reference: pool and the multiplier of this group's units.
    pub pool: Option<(u32, Money)>,
}

impl GroupAnswer {
    /// Units of a group, and nothing else.
    #[must_use]
    pub const fn granted(group: GroupKey, units: Units) -> Self {
        Self {
            group,
            result: result::SUCCESS,
            granted: Some(units),
            validity: None,
            threshold: None,
            final_unit: None,
            pool: None,
        }
    }

    /// A group that gets nothing.
    #[must_use]
    pub const fn refused(group: GroupKey, result: u32) -> Self {
        Self {
            group,
            result,
            granted: None,
            validity: None,
            threshold: None,
            final_unit: None,
            pool: None,
        }
    }
}

/// An answer, as far as the machine looks at it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Result-Code of the command.
    pub result: u32,
    /// CC-Request-Number; `None` where the answer has none, such as an answer-message.
    pub number: Option<u32>,
    /// Credit-Control-Failure-Handling.
    pub failure_handling: Option<FailureHandling>,
    /// Direct-Debiting-Failure-Handling.
    pub direct_debiting: Option<DirectDebitingFailureHandling>,
    /// CC-Session-Failover: whether another server may be asked.
    pub failover: Option<bool>,
    /// What it says of groups.
    pub groups: Vec<GroupAnswer>,
    /// It may be the answer to a copy, the first of which may have been carried out.
    pub to_copy: bool,
}

impl Answer {
    /// An answer of which only the result is known.
    #[must_use]
    pub const fn of(result: u32, number: Option<u32>) -> Self {
        Self {
            result,
            number,
            failure_handling: None,
            direct_debiting: None,
            failover: None,
            groups: Vec::new(),
            to_copy: false,
        }
    }
}

/// Why a user's service ends by decision of credit control.
#[derive(Clone, Copy, PartialEq, Eq, Debug, State)]
pub enum Ended {
    /// The server denied it, with this result.
    Denied(u32),
    /// The server's answer was an error, with this result.
    Failed(u32),
    /// No server answered.
    Unreachable,
}

/// What the client has to do, or to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Send this.
    Send(Interrogation),
    /// Start Tx anew.
    StartTx(Duration),
    /// Stop Tx.
    StopTx,
    /// These groups have new units: [`Client::group`] knows them.
    Granted(Vec<GroupKey>),
    /// The service goes on; nobody counts what it uses, or not before a later answer.
    Unchecked,
    /// The user's service is to end.
    End(Ended),
    /// These reports will be debited by nobody: the server has refused them, or nobody has taken them in their time.
    Lost {
        /// What was used, group by group.
        usage: Vec<Usage>,
        /// No server can have counted it.
        certain: bool,
    },
    /// A group gets no service; the others go on.
    Denied(GroupKey, u32),
    /// A group may be used without charge (4011).
    Free(GroupKey),
    /// Report what these groups have used, with [`Client::update`].
    Report(Vec<GroupKey>, Reason),
    /// Call [`Client::send_again`] after a while.
    SendLater,
    /// Answer the Re-Auth-Request with this result.
    AnswerReAuth(u32),
    /// The session is over.
    Closed,
}
