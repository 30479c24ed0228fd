//! Credit control as a charging server sees it: what a request asks, and what an answer grants.

use strowger::State;

use super::codec::{self, SubscriptionId};
use crate::api::{CreditControlRequest, Incoming, Outgoing};
use crate::proto::credit::{
    DirectDebitingFailureHandling, FailureHandling, GroupAnswer, Money, RequestType,
    RequestedAction, Usage, result,
};
use crate::proto::dict::credit;

/// A Credit-Control-Request, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreditRequest {
    /// CC-Request-Type.
    pub kind: RequestType,
    /// CC-Request-Number.
    pub number: u32,
    /// Requested-Action, of an event.
    pub action: Option<RequestedAction>,
    /// Service-Context-Id.
    pub context: String,
    /// Subscription-Id, each.
    pub subscriber: Vec<SubscriptionId>,
    /// Service-Identifier of the command.
    pub service: Option<u32>,
    /// What it says of groups.
    pub usage: Vec<Usage>,
}

/// Highest number of Subscription-Ids and of groups that are read from a request.
const MANY: usize = 64;

impl CreditRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// The result code to answer with: something that it must have is missing, or makes no sense.
    pub fn read(request: &CreditControlRequest) -> Result<Self, u32> {
        let message = request.message();
        let number = |def| codec::number(message.avps(), def).ok_or(result::MISSING_AVP);
        let kind = codec::read_request_type(number(&credit::CC_REQUEST_TYPE)?)
            .ok_or(result::INVALID_AVP_VALUE)?;
        let action = match codec::number(message.avps(), &credit::REQUESTED_ACTION) {
            Some(value) => {
                Some(codec::read_requested_action(value).ok_or(result::INVALID_AVP_VALUE)?)
            }
            None if kind == RequestType::Event => return Err(result::MISSING_AVP),
            None => None,
        };
        let context = message.find(&credit::SERVICE_CONTEXT_ID);
        let mut usage = codec::read_usage(message);
        if usage.len() > MANY {
            return Err(result::UNABLE_TO_COMPLY);
        }
        // Of what is said of a group more than once the first counts, so that nothing is debited twice.
        let mut seen = Vec::new();
        usage.retain(|one| {
            let first = !seen.contains(&one.group);
            seen.push(one.group);
            first
        });
        Ok(Self {
            kind,
            number: number(&credit::CC_REQUEST_NUMBER)?,
            action,
            context: context
                .and_then(|avp| avp.utf8().ok())
                .ok_or(result::MISSING_AVP)?
                .to_owned(),
            subscriber: message
                .all(&credit::SUBSCRIPTION_ID)
                .take(MANY)
                .filter_map(|avp| SubscriptionId::read(&avp))
                .collect(),
            service: codec::number(message.avps(), &credit::SERVICE_IDENTIFIER),
            usage,
        })
    }
}

/// A Credit-Control-Answer to be sent. It may be kept in state, to repeat it.
#[derive(Clone, PartialEq, Eq, Debug, State)]
pub struct CreditReply {
    /// Result-Code.
    pub result: u32,
    /// What it grants.
    pub groups: Vec<GroupAnswer>,
    /// Credit-Control-Failure-Handling.
    pub failure_handling: Option<FailureHandling>,
    /// Direct-Debiting-Failure-Handling.
    pub direct_debiting: Option<DirectDebitingFailureHandling>,
    /// CC-Session-Failover.
    pub failover: Option<bool>,
    /// Cost-Information.
    pub cost: Option<Money>,
    /// Remaining-Balance (3GPP).
    pub balance: Option<Money>,
    /// Check-Balance-Result.
    pub enough: Option<bool>,
}

impl CreditReply {
    /// An answer with that result and nothing else.
    #[must_use]
    pub const fn new(result: u32) -> Self {
        Self {
            result,
            groups: Vec::new(),
            failure_handling: None,
            direct_debiting: None,
            failover: None,
            cost: None,
            balance: None,
            enough: None,
        }
    }

    /// The answer to a request, as [`Diameter::answer`](crate::Diameter::answer) takes it. What every answer repeats of its
    /// request (CC-Request-Type, CC-Request-Number) is taken from it.
    #[must_use]
    pub fn to(&self, request: &Incoming) -> Outgoing {
        let message = request.message();
        let mut answer = Outgoing::answer(self.result);
        for def in [&credit::CC_REQUEST_TYPE, &credit::CC_REQUEST_NUMBER] {
            if let Some(avp) = message.find(def) {
                answer = answer.raw(avp);
            }
        }
        let out = answer.body();
        out.opt(&credit::CC_SESSION_FAILOVER, self.failover.map(u32::from));
        for group in &self.groups {
            codec::write_group(out, group);
        }
        if let Some(cost) = self.cost {
            codec::write_money(out, &credit::COST_INFORMATION, cost);
        }
        out.opt(
            &credit::CHECK_BALANCE_RESULT,
            self.enough.map(|enough| u32::from(!enough)),
        );
        out.opt(
            &credit::CREDIT_CONTROL_FAILURE_HANDLING,
            self.failure_handling.map(codec::failure_handling),
        );
        out.opt(
            &credit::DIRECT_DEBITING_FAILURE_HANDLING,
            self.direct_debiting.map(|handling| match handling {
                DirectDebitingFailureHandling::TerminateOrBuffer => 0_u32,
                DirectDebitingFailureHandling::Continue => 1,
            }),
        );
        if let Some(balance) = self.balance {
            codec::write_balance(out, balance);
        }
        answer
    }
}
