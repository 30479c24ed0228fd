//! Charging for services: credit control (RFC 8506; Gy and Ro are the same with their own Service-Context-Id).
//!
//! A service that charges keeps a [`Credit`] in its state for a session, or a [`Charge`] for a one-time event, hands it what
//! comes on its activity, and is told what has been decided. A service that is a charging server reads a [`CreditRequest`] and
//! answers with a [`CreditReply`]. One whose use is only recorded (Rf) keeps an [`Accounting`] for a session. The state machines are `proto::credit`'s; what they keep is as durable as the service.

mod accounting;
mod charge;
mod codec;
mod credit;
pub mod fuzz;
mod server;
#[cfg(test)]
mod tests;

pub use accounting::{Accounted, Accounting, AccountingEvent, AccountingTerms, AccountingTimer};
pub use charge::{Charge, ChargeTimer, Charged};
pub use codec::{SubscriptionId, SubscriptionKind};
pub use credit::{Account, Credit, CreditEvent, CreditTimer, Decision, Terms};
pub use server::{CreditReply, CreditRequest};

pub use crate::proto::credit::accounting::{Counts, RecordType};
pub use crate::proto::credit::{
    Admission, DirectDebitingFailureHandling, Ended, FailureHandling, FinalUnit, Group,
    GroupAnswer, GroupKey, GroupState, Money, Reason, RequestType, RequestedAction, Server, Tcc,
    Units, Usage, Verdict, result,
};
