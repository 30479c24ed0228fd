//! A one-time event of a service: debit, refund, balance check, price enquiry.

use strowger::State;
use strowger::prelude::*;

use super::codec;
use super::credit::{Account, CreditEvent, CreditTimer, Terms};
use crate::api::{Diameter, Session};
use crate::proto::credit::{
    DirectDebitingFailureHandling, Ended, EventAction, Money, OneTime, RequestType,
    RequestedAction, Usage,
};
use crate::proto::dict::{base, credit};

/// The tag of the timer after which a stored request is sent again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Event)]
#[event(
    name = "diameter-charge-timer",
    vendor = "strowger-diameter",
    version = "1.0"
)]
pub struct ChargeTimer;

/// What has become of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Charged {
    /// The service may be given. Of questions, what the server has said.
    Granted {
        /// Cost-Information: the price.
        cost: Option<Money>,
        /// What is left in the account, if the server tells.
        balance: Option<Money>,
        /// Check-Balance-Result: whether it would be enough.
        enough: Option<bool>,
    },
    /// The service is refused.
    Refused(Ended),
    /// The question has no answer, or the refund was not accepted.
    Failed(Ended),
    /// The request was stored, and is sent again until it is answered.
    Stored,
    /// The stored request has been answered.
    Settled,
}

/// A one-time event, kept in a service's state until [`is_over`](Self::is_over).
///
/// The entity is attached to [`session`](Self::session) and hands over what comes there, as with a
/// [`Credit`](super::Credit). A stored request keeps the entity alive by an activity of its own.
#[derive(Clone, PartialEq, Eq, Debug, State)]
pub struct Charge {
    session: Handle<Session>,
    session_id: Option<String>,
    machine: OneTime,
    account: Account,
    usage: Vec<Usage>,
    timeout: Duration,
    retry: Duration,
    /// What the request was sent as before.
    sent_as: Option<u32>,
    tx: Option<TimerId>,
    store: Option<Handle<NullActivity>>,
}

impl Charge {
    /// Sends the request.
    ///
    /// # Errors
    /// The container refuses the activity, or a value does not fit its AVP.
    pub fn begin(
        cx: &mut Cx<'_>,
        diameter: Diameter,
        (terms, handling): (&Terms, DirectDebitingFailureHandling),
        account: Account,
        action: RequestedAction,
        usage: Vec<Usage>,
    ) -> Result<Self> {
        let machine = OneTime::new(action, terms.tx, handling, terms.failover);
        Self::with(cx, diameter, terms, machine, (account, usage))
    }

    /// Debits what was used already: until a server has taken it or refused it for good.
    pub(super) fn in_arrears(
        cx: &mut Cx<'_>,
        diameter: Diameter,
        terms: &Terms,
        account: Account,
        usage: Vec<Usage>,
    ) -> Result<Self> {
        let handling = DirectDebitingFailureHandling::TerminateOrBuffer;
        let action = RequestedAction::DirectDebiting;
        let machine = OneTime::new(action, terms.tx, handling, terms.failover).in_arrears();
        Self::with(cx, diameter, terms, machine, (account, usage))
    }

    fn with(
        cx: &mut Cx<'_>,
        diameter: Diameter,
        terms: &Terms,
        machine: OneTime,
        (account, usage): (Account, Vec<Usage>),
    ) -> Result<Self> {
        let session = diameter.session(cx, account.to())?;
        cx.attach(session);
        let mut charge = Self {
            session,
            session_id: diameter.session_id(cx, session),
            machine,
            account,
            usage,
            timeout: terms.timeout(),
            retry: terms.retry,
            sent_as: None,
            tx: None,
            store: None,
        };
        let actions = charge.machine.start();
        charge.carry_out(cx, diameter, actions, None)?;
        Ok(charge)
    }

    /// The activity on which its answer comes.
    #[must_use]
    pub const fn session(&self) -> Handle<Session> {
        self.session
    }

    /// Whether everything is done.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.machine.is_over()
    }

    /// Something came on the session.
    ///
    /// # Errors
    /// A value does not fit its AVP.
    pub fn on<'a>(
        &mut self,
        cx: &mut Cx<'_>,
        diameter: Diameter,
        event: impl Into<CreditEvent<'a>>,
    ) -> Result<Vec<Charged>> {
        let mut answer = None;
        let event = event.into();
        if let Some(end_to_end) = event.sent_as(0) {
            self.sent_as = Some(end_to_end);
        }
        let actions = match event {
            CreditEvent::Answer(ev) => {
                answer = Some(ev.message());
                self.machine.answered(&codec::read_answer(ev.message()))
            }
            CreditEvent::Error(ev) => self.machine.answered(&codec::read_answer(ev.message())),
            CreditEvent::Timeout(_) | CreditEvent::SendFailure(_) => self.machine.failed_to_send(),
            CreditEvent::Gone if self.is_over() => Vec::new(),
            CreditEvent::Gone => {
                self.renew(cx, diameter)?;
                self.machine.failed_to_send()
            }
            CreditEvent::Timer(id, CreditTimer::Tx) if self.tx == Some(id) => {
                self.tx = None;
                self.machine.tx_expired()
            }
            CreditEvent::Timer(..) | CreditEvent::ReAuth(_) => Vec::new(),
        };
        let given = Charged::Granted {
            cost: answer.and_then(codec::read_cost),
            balance: answer.and_then(codec::read_balance),
            enough: answer
                .and_then(|m| codec::number(m.avps(), &credit::CHECK_BALANCE_RESULT))
                .map(|value| value == 0),
        };
        self.carry_out(cx, diameter, actions, Some(given))
    }

    /// The time for a stored request has come.
    ///
    /// # Errors
    /// The container refuses the activity, or a value does not fit its AVP.
    pub fn retry(
        &mut self,
        cx: &mut Cx<'_>,
        diameter: Diameter,
        _: &Timer<ChargeTimer>,
    ) -> Result<Vec<Charged>> {
        let Some(store) = self.store.filter(|_| self.machine.is_stored()) else {
            return Ok(Vec::new());
        };
        cx.timer(store, self.retry, ChargeTimer);
        if !cx.is_alive(self.session) {
            self.renew(cx, diameter)?;
        }
        let actions = self.machine.start();
        self.carry_out(cx, diameter, actions, None)
    }

    fn renew(&mut self, cx: &mut Cx<'_>, diameter: Diameter) -> Result {
        self.session = diameter.session(cx, self.account.to())?;
        cx.attach(self.session);
        self.tx = None;
        Ok(())
    }

    fn carry_out(
        &mut self,
        cx: &mut Cx<'_>,
        diameter: Diameter,
        actions: Vec<EventAction>,
        given: Option<Charged>,
    ) -> Result<Vec<Charged>> {
        let mut charged = Vec::new();
        let nothing = Charged::Granted {
            cost: None,
            balance: None,
            enough: None,
        };
        for action in actions {
            match action {
                EventAction::Send { again } => self.send(cx, diameter, again)?,
                EventAction::StartTx(time) => {
                    self.stop_tx(cx);
                    self.tx = Some(cx.timer(self.session, time, CreditTimer::Tx));
                }
                EventAction::Grant => charged.push(given.unwrap_or(nothing)),
                EventAction::End(why) => charged.push(Charged::Refused(why)),
                EventAction::Error(why) => charged.push(Charged::Failed(why)),
                EventAction::Store => {
                    let store = cx.null_activity()?;
                    cx.attach(store);
                    cx.timer(store, self.retry, ChargeTimer);
                    self.store = Some(store);
                    charged.push(Charged::Stored);
                }
                EventAction::Delete => {
                    if let Some(store) = self.store.take() {
                        cx.end(store)?;
                    }
                    charged.push(Charged::Settled);
                }
            }
        }
        if self.is_over() {
            self.stop_tx(cx);
            diameter.end(cx, self.session)?;
        }
        Ok(charged)
    }

    fn send(&self, cx: &mut Cx<'_>, diameter: Diameter, again: bool) -> Result {
        let action = codec::requested_action(self.machine.action());
        let mut request = self
            .account
            .request(RequestType::Event, 0)
            .avp(&credit::REQUESTED_ACTION, action);
        // One that goes out of the store may do so in a session of another name, but it is about this one.
        if let Some(id) = &self.session_id {
            request = request.avp(&base::SESSION_ID, id.as_str());
        }
        codec::write_usage(request.body(), &self.usage);
        request = request.timeout(self.timeout);
        if let Some(end_to_end) = self.sent_as.filter(|_| again) {
            request = request.again(end_to_end);
        }
        diameter.send(cx, self.session, request)
    }

    fn stop_tx(&mut self, cx: &mut Cx<'_>) {
        if let Some(timer) = self.tx.take() {
            cx.cancel(timer);
        }
    }
}
