//! A credit-control session of a service: the client of RFC 8506, with its messages and timers.

use strowger::State;
use strowger::prelude::*;

use super::charge::Charge;
use super::codec::{self, SubscriptionId};
use crate::api::{
    CreditControlAnswer, Diameter, ErrorAnswer, Outgoing, ReAuthRequest, SendFailure, Session,
    SessionTo, Timeout,
};
use crate::proto::credit::{
    Action, Client, ClientState, Ended, FailureHandling, Group, GroupKey, Interrogation, Reason,
    RequestType, Usage,
};
use crate::proto::dict::{base, credit};
use crate::proto::wire::AvpBuf;

/// How sessions are conducted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Tx: how long a user waits for the server.
    pub tx: Duration,
    /// How long the adaptor tries to get an answer; if not set, for twice Tx, so that Tx decides first.
    pub timeout: Option<Duration>,
    /// What becomes of the service when the server fails, unless the server says.
    pub failure_handling: FailureHandling,
    /// Whether another server may be asked, unless the server says.
    pub failover: bool,
    /// How long what carries a debit is tried again once the service is over: the final interrogation, and an intermediate one
    /// before it that has no answer. Zero for once, as RFC 8506 7 has it.
    pub keep_final: Duration,
    /// Time between these attempts.
    pub retry: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            tx: Duration::from_secs(10),
            timeout: None,
            failure_handling: FailureHandling::Terminate,
            failover: false,
            keep_final: Duration::from_secs(3600),
            retry: Duration::from_secs(10),
        }
    }
}

impl Terms {
    pub(super) fn timeout(&self) -> Duration {
        self.timeout.unwrap_or_else(|| self.tx.saturating_mul(2))
    }
}

/// Who pays, where, and for what.
#[derive(Clone, PartialEq, Eq, Debug, Default, State)]
pub struct Account {
    /// The realm of the charging server; the adaptor's own if it is not set.
    pub realm: Option<String>,
    /// The charging server, if it must be that one.
    pub host: Option<String>,
    /// Service-Context-Id, such as `32260@3gpp.org`.
    pub context: String,
    /// Subscription-Id: the account.
    pub subscriber: Vec<SubscriptionId>,
    /// Service-Identifier of the command, in requests for the session as a whole.
    pub service: Option<u32>,
    /// Further AVPs of every request, as they stand on the wire, such as Service-Information: [`Outgoing::body`] has them.
    pub more: Vec<u8>,
}

impl Account {
    /// The account of a subscriber, for services of that context.
    #[must_use]
    pub fn of(subscriber: SubscriptionId, context: &str) -> Self {
        Self {
            context: context.to_owned(),
            subscriber: vec![subscriber],
            ..Self::default()
        }
    }

    pub(super) fn to(&self) -> SessionTo {
        SessionTo {
            application: credit::CREDIT_CONTROL_APPLICATION,
            realm: self.realm.clone(),
            host: self.host.clone(),
        }
    }

    /// A request with what all have.
    pub(super) fn request(&self, kind: RequestType, number: u32) -> Outgoing {
        let mut request = Outgoing::request(&credit::CREDIT_CONTROL_COMMAND)
            .avp(&credit::SERVICE_CONTEXT_ID, self.context.as_str())
            .avp(&credit::CC_REQUEST_TYPE, codec::request_type(kind))
            .avp(&credit::CC_REQUEST_NUMBER, number)
            .tag(number.into());
        for subscriber in &self.subscriber {
            subscriber.write(request.body());
        }
        request
            .body()
            .opt(&credit::SERVICE_IDENTIFIER, self.service);
        request.body().encoded(&self.more);
        request
    }
}

/// What has been decided. Several may come at once; they are to be taken in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// These groups have new units: [`Credit::group`].
    Granted(Vec<GroupKey>),
    /// The service goes on and nobody counts it: the server is away (CONTINUE), or it is free of charge. A later `Granted` or
    /// `End` may follow while [`Credit::is_over`] is false.
    Unchecked,
    /// A group may be used without charge.
    Free(GroupKey),
    /// A group gets no service; others go on.
    Denied(GroupKey, u32),
    /// Call [`Credit::update`] with what these groups have used.
    Report(Vec<GroupKey>, Reason),
    /// What these groups have used will be debited by nobody, though it was reported: the server has refused the report, or
    /// nobody has taken it in its time. `certain` tells that no server can have counted it: the server does not know the session
    /// (5002), and the report went out once. [`Credit::debit`] debits it all the same, as an event. The adaptor counts it
    /// (`diameter.reports_lost`) and raises the alarm `reports`.
    Lost {
        /// What was used, group by group.
        usage: Vec<Usage>,
        /// No server can have counted it.
        certain: bool,
    },
    /// The user's service is to end. If the session is not over ([`Credit::is_over`]), as with [`Terms::keep_final`], call
    /// [`Credit::terminate`] with what was used since the last report; else nothing has to be reported.
    End(Ended),
    /// The session is over.
    Closed,
}

/// The tag of a session's timers. A service has `#[on] fn timer(&mut self, cx: &mut Cx, ev: &Timer<CreditTimer>, ..)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Event)]
#[event(
    name = "diameter-credit-timer",
    vendor = "strowger-diameter",
    version = "1.0"
)]
pub enum CreditTimer {
    /// Tx.
    Tx,
    /// The shortest Validity-Time of the grants.
    Validity,
    /// An interrogation that is kept is to be sent again.
    Again,
}

/// What comes on the activity of a session, for [`Credit::on`].
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "named after the events")]
pub enum CreditEvent<'a> {
    Answer(&'a CreditControlAnswer),
    Error(&'a ErrorAnswer),
    Timeout(&'a Timeout),
    SendFailure(&'a SendFailure),
    ReAuth(&'a ReAuthRequest),
    Timer(TimerId, CreditTimer),
    /// The activity has ended although the session is not over: its server has restarted, nothing came for too long, or an
    /// operator has removed it. The session goes on, under its Session-Id, on an activity of its own.
    Gone,
}

impl CreditEvent<'_> {
    /// The End-to-End Identifier of the request of that tag, if this is what has become of it and a server may have it.
    pub(super) fn sent_as(&self, asked: u64) -> Option<u32> {
        let (tag, sent, end_to_end) = match self {
            Self::Error(ev) => (ev.tag(), true, ev.end_to_end()),
            Self::Answer(ev) => (ev.tag(), true, ev.end_to_end()),
            Self::Timeout(ev) => (ev.tag, ev.sent, ev.end_to_end),
            Self::SendFailure(ev) => (ev.tag, ev.sent, ev.end_to_end),
            Self::ReAuth(_) | Self::Timer(..) | Self::Gone => return None,
        };
        (sent && tag == asked).then_some(end_to_end)
    }
}

impl<'a> From<&'a CreditControlAnswer> for CreditEvent<'a> {
    fn from(ev: &'a CreditControlAnswer) -> Self {
        Self::Answer(ev)
    }
}

impl<'a> From<&'a ErrorAnswer> for CreditEvent<'a> {
    fn from(ev: &'a ErrorAnswer) -> Self {
        Self::Error(ev)
    }
}

impl<'a> From<&'a Timeout> for CreditEvent<'a> {
    fn from(ev: &'a Timeout) -> Self {
        Self::Timeout(ev)
    }
}

impl<'a> From<&'a SendFailure> for CreditEvent<'a> {
    fn from(ev: &'a SendFailure) -> Self {
        Self::SendFailure(ev)
    }
}

impl<'a> From<&'a ReAuthRequest> for CreditEvent<'a> {
    fn from(ev: &'a ReAuthRequest) -> Self {
        Self::ReAuth(ev)
    }
}

impl From<&Timer<CreditTimer>> for CreditEvent<'_> {
    fn from(ev: &Timer<CreditTimer>) -> Self {
        Self::Timer(ev.expiry.id, ev.tag)
    }
}

/// A session, kept in a service's state.
///
/// The entity is attached to the session's activity and has handlers for what [`CreditEvent`] names; each calls
/// [`on`](Self::on). Requests that had no answer when the process died are sent again by the adaptor.
#[derive(Clone, PartialEq, Eq, Debug, State)]
pub struct Credit {
    session: Handle<Session>,
    /// Set once its first activity is gone.
    session_id: Option<String>,
    machine: Client,
    /// What the pending interrogation was sent as before.
    sent_as: Option<u32>,
    account: Account,
    timeout: Duration,
    retry: Duration,
    tx: Option<TimerId>,
    validity: Option<TimerId>,
}

impl Credit {
    /// Begins a session and sends the first interrogation, which asks for `usage`.
    ///
    /// # Errors
    /// The container refuses the activity, or a value does not fit its AVP.
    pub fn begin(
        cx: &mut Cx<'_>,
        diameter: Diameter,
        terms: &Terms,
        account: Account,
        usage: Vec<Usage>,
    ) -> Result<Self> {
        let session = diameter.session(cx, account.to())?;
        cx.attach(session);
        let machine = Client::new(terms.tx, terms.failure_handling, terms.failover);
        let mut credit = Self {
            session,
            session_id: None,
            sent_as: None,
            machine: machine.keep_final(terms.keep_final),
            account,
            timeout: terms.timeout(),
            retry: terms.retry,
            tx: None,
            validity: None,
        };
        let actions = credit.machine.start(usage);
        credit.carry_out(cx, diameter, actions, None)?;
        Ok(credit)
    }

    /// Its activity.
    #[must_use]
    pub const fn session(&self) -> Handle<Session> {
        self.session
    }

    /// What is known of a group.
    #[must_use]
    pub fn group(&self, key: GroupKey) -> Option<&Group> {
        self.machine.group(key)
    }

    /// Whether the first interrogation has no answer yet.
    #[must_use]
    pub fn is_starting(&self) -> bool {
        self.machine.state() == ClientState::PendingI
    }

    /// Whether an interrogation may be sent at once.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.machine.state() == ClientState::Open
    }

    /// Whether nothing more will come of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.machine.state() == ClientState::Idle
    }

    /// Sends an intermediate interrogation, at once or when the answer that is pending has come.
    ///
    /// # Errors
    /// A value does not fit its AVP.
    pub fn update(
        &mut self,
        cx: &mut Cx<'_>,
        diameter: Diameter,
        usage: Vec<Usage>,
    ) -> Result<Vec<Decision>> {
        let actions = self.machine.update(usage);
        self.carry_out(cx, diameter, actions, None)
    }

    /// The user's service has ended: sends the final interrogation, at once or when the answer that is pending has come.
    /// `cause` is a Termination-Cause (RFC 6733 8.15), 1 for a user who hung up.
    ///
    /// # Errors
    /// A value does not fit its AVP.
    pub fn terminate(
        &mut self,
        cx: &mut Cx<'_>,
        diameter: Diameter,
        cause: u32,
        usage: Vec<Usage>,
    ) -> Result<Vec<Decision>> {
        let actions = self.machine.terminate(cause, usage);
        self.carry_out(cx, diameter, actions, None)
    }

    /// Debits as a one-time event what [`Decision::Lost`] tells, from the same account, until a server has taken it or refused
    /// it for good; CC-Correlation-Id names the session.
    ///
    /// # Errors
    /// The container refuses the activity, or a value does not fit its AVP.
    pub fn debit(
        &self,
        cx: &mut Cx<'_>,
        diameter: Diameter,
        terms: &Terms,
        lost: Vec<Usage>,
    ) -> Result<Charge> {
        let mut account = self.account.clone();
        if let Some(id) = self.id(cx, diameter) {
            let mut more = AvpBuf::new();
            more.encoded(&account.more);
            more.avp(&credit::CC_CORRELATION_ID, id.as_bytes());
            account.more = more.as_bytes().to_vec();
        }
        let ask = |one: Usage| Usage::ask(one.group, one.used.unwrap_or_default());
        let usage = lost.into_iter().map(ask).collect();
        Charge::in_arrears(cx, diameter, terms, account, usage)
    }

    /// Something came on the session: what has been decided.
    ///
    /// # Errors
    /// A value does not fit its AVP.
    pub fn on<'a>(
        &mut self,
        cx: &mut Cx<'_>,
        diameter: Diameter,
        event: impl Into<CreditEvent<'a>>,
    ) -> Result<Vec<Decision>> {
        let now = cx.now().wall;
        let mut re_auth = None;
        let event = event.into();
        let pending = self.machine.pending();
        if let Some(end_to_end) = pending.and_then(|asked| event.sent_as(asked.number.into())) {
            self.sent_as = Some(end_to_end);
        }
        let actions = match event {
            CreditEvent::Answer(ev) => {
                let mut answer = codec::read_answer(ev.message());
                answer.to_copy = ev.is_to_copy();
                self.machine.answered(now, &answer)
            }
            CreditEvent::Error(ev) if ev.command() == credit::CREDIT_CONTROL_COMMAND.code => {
                let mut answer = codec::read_answer(ev.message());
                answer.to_copy = ev.is_to_copy();
                // An answer-message has no number of its own; the request's came back with it.
                answer.number = u32::try_from(ev.tag()).ok();
                self.machine.answered(now, &answer)
            }
            CreditEvent::Error(_) => Vec::new(),
            CreditEvent::Timeout(_) | CreditEvent::SendFailure(_) => {
                self.machine.failed_to_send(now)
            }
            CreditEvent::Gone if self.is_over() => Vec::new(),
            CreditEvent::Gone => {
                self.renew(cx, diameter)?;
                self.machine.failed_to_send(now)
            }
            CreditEvent::ReAuth(ev) => {
                re_auth = Some(ev);
                let key = codec::read_key(ev.message().avps());
                self.machine
                    .re_auth((key != GroupKey::SESSION).then_some(key))
            }
            CreditEvent::Timer(id, CreditTimer::Tx) if self.tx == Some(id) => {
                self.tx = None;
                self.machine.tx_expired()
            }
            CreditEvent::Timer(id, CreditTimer::Validity) if self.validity == Some(id) => {
                self.validity = None;
                self.machine.expire(now)
            }
            CreditEvent::Timer(_, CreditTimer::Again) => self.machine.send_again(),
            CreditEvent::Timer(..) => Vec::new(),
        };
        self.carry_out(cx, diameter, actions, re_auth)
    }

    fn carry_out(
        &mut self,
        cx: &mut Cx<'_>,
        diameter: Diameter,
        actions: Vec<Action>,
        re_auth: Option<&ReAuthRequest>,
    ) -> Result<Vec<Decision>> {
        let mut decisions = Vec::new();
        for action in actions {
            match action {
                Action::Send(interrogation) => self.send(cx, diameter, &interrogation)?,
                Action::StartTx(time) => {
                    self.stop_tx(cx);
                    self.tx = Some(cx.timer(self.session, time, CreditTimer::Tx));
                }
                Action::StopTx => self.stop_tx(cx),
                Action::SendLater => {
                    cx.timer(self.session, self.retry, CreditTimer::Again);
                }
                Action::AnswerReAuth(result) => {
                    if let Some(request) = re_auth {
                        diameter.answer(cx, request, Outgoing::answer(result))?;
                    }
                }
                Action::Granted(groups) => {
                    self.watch_validity(cx)?;
                    decisions.push(Decision::Granted(groups));
                }
                Action::Unchecked => {
                    self.leave(cx, diameter)?;
                    decisions.push(Decision::Unchecked);
                }
                Action::Closed => {
                    self.leave(cx, diameter)?;
                    decisions.push(Decision::Closed);
                }
                Action::Lost { usage, certain } => {
                    diameter.note_lost(cx, certain);
                    decisions.push(Decision::Lost { usage, certain });
                }
                Action::End(why) => decisions.push(Decision::End(why)),
                Action::Denied(group, result) => decisions.push(Decision::Denied(group, result)),
                Action::Free(group) => decisions.push(Decision::Free(group)),
                Action::Report(groups, why) => {
                    self.watch_validity(cx)?;
                    decisions.push(Decision::Report(groups, why));
                }
            }
        }
        Ok(decisions)
    }

    fn send(
        &mut self,
        cx: &mut Cx<'_>,
        diameter: Diameter,
        interrogation: &Interrogation,
    ) -> Result {
        let mut request = self
            .account
            .request(interrogation.kind, interrogation.number);
        let groups = interrogation
            .usage
            .iter()
            .any(|usage| usage.group != GroupKey::SESSION);
        if groups && interrogation.kind == RequestType::Initial {
            request = request.avp(&credit::MULTIPLE_SERVICES_INDICATOR, 1_u32);
        }
        if interrogation.kind == RequestType::Termination {
            request = request.avp(&base::TERMINATION_CAUSE, interrogation.cause);
        }
        codec::write_usage(request.body(), &interrogation.usage);
        request = request.timeout(self.timeout);
        // One that no server can have is no copy.
        match self.sent_as.filter(|_| interrogation.again) {
            Some(end_to_end) => request = request.again(end_to_end),
            None => self.sent_as = None,
        }
        if let Some(id) = &self.session_id {
            request = request.avp(&base::SESSION_ID, id.as_str());
        }
        diameter.send(cx, self.session, request)
    }

    fn id(&self, cx: &Cx<'_>, diameter: Diameter) -> Option<String> {
        self.session_id
            .clone()
            .or_else(|| diameter.session_id(cx, self.session))
    }

    /// Its activity is gone: another takes its place.
    fn renew(&mut self, cx: &mut Cx<'_>, diameter: Diameter) -> Result {
        self.session_id = self.id(cx, diameter);
        self.session = diameter.session(cx, self.account.to())?;
        cx.attach(self.session);
        // Its timers have gone with it.
        (self.tx, self.validity) = (None, None);
        self.watch_validity(cx)
    }

    /// The session's activity ends once nothing can come of it any more.
    fn leave(&mut self, cx: &mut Cx<'_>, diameter: Diameter) -> Result {
        if !self.is_over() {
            return Ok(());
        }
        self.stop_tx(cx);
        if let Some(timer) = self.validity.take() {
            cx.cancel(timer);
        }
        diameter.end(cx, self.session)
    }

    fn stop_tx(&mut self, cx: &mut Cx<'_>) {
        if let Some(timer) = self.tx.take() {
            cx.cancel(timer);
        }
    }

    fn watch_validity(&mut self, cx: &mut Cx<'_>) -> Result {
        if let Some(timer) = self.validity.take() {
            cx.cancel(timer);
        }
        if let Some(until) = self.machine.valid_until() {
            let options = TimerOptions::once(until);
            self.validity = Some(cx.timer_with(self.session, options, &CreditTimer::Validity)?);
        }
        Ok(())
    }
}
