//! Accounting of a service (RFC 6733 9, Rf of 3GPP TS 32.299): its records go to the server in order, and wait where none takes
//! them.
//!
//! Nothing here decides what is recorded, or when: a service says START, INTERIM and STOP, or EVENT. Records that wait are part
//! of the service's state, and as durable as that.

use strowger::State;
use strowger::prelude::*;

use crate::api::{
    AccountingAnswer, Diameter, DiameterError, ErrorAnswer, Outgoing, SendFailure, Session,
    SessionTo, Timeout,
};
use crate::proto::credit::accounting::{Action, Buffer, Counts, Limits, RecordType};
use crate::proto::dict::base;
use crate::proto::wire::{AvpBuf, BuildError, Time};

/// How records are kept, and sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountingTerms {
    /// Records of one session that wait at most. The oldest interim record makes room; without one the new record is given up.
    pub records: u32,
    /// Time from a failure to the next attempt.
    pub pause: Duration,
    /// How long the adaptor tries to get an answer; what its settings say without it.
    pub timeout: Option<Duration>,
    /// For how long records are kept that no server takes; then they are given up.
    pub keep: Duration,
}

impl Default for AccountingTerms {
    fn default() -> Self {
        Self {
            records: 100,
            pause: Duration::from_secs(10),
            timeout: None,
            keep: Duration::from_secs(86_400),
        }
    }
}

/// The tag of the timer after which records that wait are sent again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Event)]
#[event(
    name = "diameter-accounting-timer",
    vendor = "strowger-diameter",
    version = "1.0"
)]
pub struct AccountingTimer;

/// What has become of a record, by its Accounting-Record-Number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accounted {
    /// The server has it.
    Delivered(u64),
    /// It was given up: refused with this result, or there was no room for it, or no server in its time. The adaptor counts it
    /// (`diameter.accounting_discarded`) and raises the alarm `reports`.
    Discarded(u64, Option<u32>),
    /// The server wants interim records in this interval (Acct-Interim-Interval, RFC 6733 9.8.2).
    Interval(Duration),
    /// The last record is done with.
    Closed,
}

/// What comes on the activity of a session, for [`Accounting::on`].
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "named after the events")]
pub enum AccountingEvent<'a> {
    Answer(&'a AccountingAnswer),
    Error(&'a ErrorAnswer),
    Timeout(&'a Timeout),
    SendFailure(&'a SendFailure),
    Timer(&'a Timer<AccountingTimer>),
    /// The activity has ended although records wait: its server has restarted, or an operator has removed it.
    Gone,
}

macro_rules! from_events {
    ($($variant:ident($event:ty);)*) => {
        $(impl<'a> From<&'a $event> for AccountingEvent<'a> {
            fn from(ev: &'a $event) -> Self {
                Self::$variant(ev)
            }
        })*
    };
}

from_events! {
    Answer(AccountingAnswer);
    Error(ErrorAnswer);
    Timeout(Timeout);
    SendFailure(SendFailure);
    Timer(Timer<AccountingTimer>);
}

/// The records of one session, kept in a service's state until [`is_over`](Self::is_over).
///
/// The entity is attached to [`session`](Self::session), and while records wait to an activity of their own, which keeps it
/// alive. It has handlers for what [`AccountingEvent`] names; each calls [`on`](Self::on). One record is under way at a time, so
/// that they arrive in their order.
#[derive(Clone, PartialEq, Eq, Debug, State)]
pub struct Accounting {
    session: Handle<Session>,
    /// Set once its first activity is gone.
    session_id: Option<String>,
    realm: Option<String>,
    host: Option<String>,
    application: u32,
    buffer: Buffer,
    timeout: Option<Duration>,
    keep: Duration,
    /// Since when no server has taken anything.
    failing: Option<strowger::time::Wall>,
    /// What the records wait on, and its timer.
    store: Option<(Handle<NullActivity>, TimerId)>,
    /// STOP or EVENT has been recorded.
    last: bool,
}

impl Accounting {
    /// Begins a session; nothing is sent before the first record.
    ///
    /// # Errors
    /// The container refuses the activity.
    pub fn begin(
        cx: &mut Cx<'_>,
        diameter: Diameter,
        terms: &AccountingTerms,
        to: SessionTo,
    ) -> Result<Self> {
        let session = diameter.session(cx, to.clone())?;
        cx.attach(session);
        Ok(Self {
            session,
            session_id: None,
            realm: to.realm,
            host: to.host,
            application: to.application,
            buffer: Buffer::new(Limits {
                records: terms.records,
                window: 1,
                pause: terms.pause,
            }),
            timeout: terms.timeout,
            keep: terms.keep,
            failing: None,
            store: None,
            last: false,
        })
    }

    /// The activity on which its answers come.
    #[must_use]
    pub const fn session(&self) -> Handle<Session> {
        self.session
    }

    /// What has become of the records so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.buffer.counts()
    }

    /// Records that wait or have no answer.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.pending()
    }

    /// Whether the last record has been made, and all are done with.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.last && self.buffer.pending() == 0
    }

    /// Makes a record: `fill` writes what it says, such as Service-Information. Accounting-Record-Type and -Number,
    /// Acct-Application-Id and the time (Event-Timestamp) are put in. After STOP or EVENT nothing more is recorded.
    ///
    /// # Errors
    /// A value does not fit its AVP.
    pub fn record(
        &mut self,
        cx: &mut Cx<'_>,
        diameter: Diameter,
        kind: RecordType,
        fill: impl FnOnce(&mut AvpBuf),
    ) -> Result<Vec<Accounted>> {
        if self.last {
            return Ok(Vec::new());
        }
        let now = cx.now().wall;
        let mut avps = AvpBuf::new();
        avps.avp(&base::ACCOUNTING_RECORD_TYPE, record_type(kind));
        let number = u32::try_from(self.buffer.next()).unwrap_or(u32::MAX);
        avps.avp(&base::ACCOUNTING_RECORD_NUMBER, number);
        avps.avp(&base::ACCT_APPLICATION_ID, self.application);
        let seconds = i64::try_from(now.0 / 1_000).unwrap_or(i64::MAX);
        avps.opt(&base::EVENT_TIMESTAMP, Time::from_unix(seconds));
        fill(&mut avps);
        let request = avps.finish().map_err(|error| match error {
            BuildError::Value { code, .. } => DiameterError::Value(code),
            BuildError::TooLong => DiameterError::TooLong,
        })?;
        self.last = matches!(kind, RecordType::Stop | RecordType::Event);
        let before = self.buffer.counts();
        let actions = self.buffer.store(now, kind, request);
        self.carry_out(cx, diameter, before, actions)
    }

    /// Something came on the session.
    ///
    /// # Errors
    /// The container refuses an activity.
    pub fn on<'a>(
        &mut self,
        cx: &mut Cx<'_>,
        diameter: Diameter,
        event: impl Into<AccountingEvent<'a>>,
    ) -> Result<Vec<Accounted>> {
        if self.is_over() {
            return Ok(Vec::new());
        }
        let now = cx.now().wall;
        let before = self.buffer.counts();
        let mut accounted = Vec::new();
        let command = base::ACCOUNTING.code;
        let actions = match event.into() {
            AccountingEvent::Answer(ev) => {
                let interval = ev.message().find(&base::ACCT_INTERIM_INTERVAL);
                let seconds = interval.and_then(|avp| avp.u32().ok()).unwrap_or_default();
                if seconds > 0 && !self.last {
                    accounted.push(Accounted::Interval(Duration::from_secs(seconds.into())));
                }
                let answer = (ev.result_code(), ev.end_to_end());
                self.buffer.answered(now, ev.tag(), answer)
            }
            AccountingEvent::Error(ev) if ev.command() == command => {
                let answer = (ev.result_code(), ev.end_to_end());
                self.buffer.answered(now, ev.tag(), answer)
            }
            AccountingEvent::Timeout(ev) if ev.command == command => {
                let sent_as = ev.sent.then_some(ev.end_to_end);
                self.buffer.failed(now, ev.tag, sent_as)
            }
            AccountingEvent::SendFailure(ev) if ev.command == command => {
                let sent_as = ev.sent.then_some(ev.end_to_end);
                self.buffer.failed(now, ev.tag, sent_as)
            }
            AccountingEvent::Timer(ev) if self.store.map(|(_, id)| id) == Some(ev.expiry.id) => {
                self.try_again(cx, diameter)?
            }
            AccountingEvent::Gone => {
                self.renew(cx, diameter)?;
                self.buffer.interrupted(now);
                Vec::new()
            }
            AccountingEvent::Error(_)
            | AccountingEvent::Timeout(_)
            | AccountingEvent::SendFailure(_)
            | AccountingEvent::Timer(_) => Vec::new(),
        };
        accounted.extend(self.carry_out(cx, diameter, before, actions)?);
        Ok(accounted)
    }

    /// The pause is over.
    fn try_again(&mut self, cx: &mut Cx<'_>, diameter: Diameter) -> Result<Vec<Action>> {
        self.leave_store(cx)?;
        let now = cx.now().wall;
        if self.failing.is_some_and(|since| since + self.keep <= now) {
            return Ok(self.buffer.give_up());
        }
        if !cx.is_alive(self.session) {
            self.renew(cx, diameter)?;
        }
        Ok(self.buffer.resume(now))
    }

    fn carry_out(
        &mut self,
        cx: &mut Cx<'_>,
        diameter: Diameter,
        before: Counts,
        actions: Vec<Action>,
    ) -> Result<Vec<Accounted>> {
        let now = cx.now().wall;
        let mut accounted = Vec::new();
        for action in actions {
            match action {
                Action::Send {
                    record,
                    request,
                    again,
                } => self.send(cx, diameter, (record, &request), again)?,
                Action::Delivered(record) => {
                    self.failing = None;
                    accounted.push(Accounted::Delivered(record));
                }
                Action::Discarded(record, result) => {
                    accounted.push(Accounted::Discarded(record, result));
                }
            }
        }
        if let (Some(at), None) = (self.buffer.deadline(), self.store) {
            self.failing.get_or_insert(now);
            let store = cx.null_activity()?;
            cx.attach(store);
            let timer = cx.timer_with(store, TimerOptions::once(at), &AccountingTimer)?;
            self.store = Some((store, timer));
        }
        diameter.note_records(cx, before, self.buffer.counts());
        if self.is_over() {
            self.leave_store(cx)?;
            diameter.end(cx, self.session)?;
            accounted.push(Accounted::Closed);
        }
        Ok(accounted)
    }

    fn send(
        &self,
        cx: &mut Cx<'_>,
        diameter: Diameter,
        (record, avps): (u64, &[u8]),
        again: Option<u32>,
    ) -> Result {
        let mut request = Outgoing::extension(base::ACCOUNTING.code, self.application).tag(record);
        if let Some(id) = &self.session_id {
            request = request.avp(&base::SESSION_ID, id.as_str());
        }
        request.body().encoded(avps);
        if let Some(timeout) = self.timeout {
            request = request.timeout(timeout);
        }
        if let Some(end_to_end) = again {
            request = request.again(end_to_end);
        }
        diameter.send(cx, self.session, request)
    }

    /// Another activity takes the place of one that is gone; the Session-Id stays.
    fn renew(&mut self, cx: &mut Cx<'_>, diameter: Diameter) -> Result {
        if self.session_id.is_none() {
            self.session_id = diameter.session_id(cx, self.session);
        }
        let to = SessionTo {
            application: self.application,
            realm: self.realm.clone(),
            host: self.host.clone(),
        };
        self.session = diameter.session(cx, to)?;
        cx.attach(self.session);
        Ok(())
    }

    fn leave_store(&mut self, cx: &mut Cx<'_>) -> Result {
        match self.store.take() {
            Some((store, _)) => Ok(cx.end(store)?),
            None => Ok(()),
        }
    }
}

const fn record_type(kind: RecordType) -> u32 {
    match kind {
        RecordType::Event => 1,
        RecordType::Start => 2,
        RecordType::Interim => 3,
        RecordType::Stop => 4,
    }
}
