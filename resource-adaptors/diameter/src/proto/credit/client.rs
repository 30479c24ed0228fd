//! The client of a session: first, intermediate and final interrogations (RFC 8506 7, tables 3 and 4).
//!
//! Retries are ours to add to the tables (RFC 8506 5.7): where failover is supported and the failure handling is not TERMINATE,
//! an interrogation that met a temporary error or could not be sent goes once to another server, with the same number. And what
//! carries a debit may be kept for some time and sent again, where the tables forget it: the final interrogation, and an
//! intermediate one whose service is over, with the final one after it.

use strowger::State;
use strowger::time::Wall;

use super::group::{Group, GroupState};
use super::{
    Action, Answer, Ended, FailureHandling, GroupKey, Interrogation, Reason, RequestType, Units,
    Usage, Verdict, result,
};
use strowger::prelude::Duration;

/// States of the tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, State)]
pub enum ClientState {
    /// Nothing has been asked, or the session is over.
    #[default]
    Idle,
    /// The first interrogation has no answer.
    PendingI,
    /// Nothing is asked.
    Open,
    /// An intermediate interrogation has no answer.
    PendingU,
    /// The final interrogation has no answer.
    PendingT,
}

/// Highest number of groups that a session keeps: further ones of an answer are left out.
const MAX_GROUPS: usize = 64;

/// A session. Every method gives what is to be done, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default, State)]
pub struct Client {
    state: ClientState,
    /// The next CC-Request-Number.
    number: u32,
    tx: Duration,
    failure_handling: FailureHandling,
    failover: bool,
    /// How long a final interrogation is tried again; zero for once.
    keep_final: Duration,
    final_until: Option<Wall>,
    groups: Vec<Group>,
    /// What was sent and has no answer.
    pending: Option<Interrogation>,
    /// What happened while an answer was pending.
    queued: Option<Queued>,
    /// The user has the service although the answer has not come.
    unchecked: bool,
}

/// What goes out when the answer has come: the termination before everything else.
#[derive(Clone, PartialEq, Eq, Debug, State)]
enum Queued {
    Update(Vec<Usage>),
    Terminate(u32, Vec<Usage>),
    /// The service was told to end, and has not said what it has used since.
    CutOff(Vec<Usage>),
}

/// Termination-Cause DIAMETER_ADMINISTRATIVE (RFC 6733 8.15).
const ADMINISTRATIVE: u32 = 4;

impl Client {
    /// A session of these terms; the server's answers may change the last two.
    #[must_use]
    pub fn new(tx: Duration, failure_handling: FailureHandling, failover: bool) -> Self {
        Self {
            tx,
            failure_handling,
            failover,
            ..Self::default()
        }
    }

    /// Tries the final interrogation again and again for so long, until it is answered.
    #[must_use]
    pub const fn keep_final(mut self, time: Duration) -> Self {
        self.keep_final = time;
        self
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> ClientState {
        self.state
    }

    /// What is known of a group.
    #[must_use]
    pub fn group(&self, key: GroupKey) -> Option<&Group> {
        self.groups.iter().find(|group| group.key == key)
    }

    /// All groups.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// When the first of the grants has to be asked for again.
    #[must_use]
    pub fn valid_until(&self) -> Option<Wall> {
        self.groups.iter().filter_map(|g| g.valid_until).min()
    }

    /// The interrogation without an answer.
    #[must_use]
    pub const fn pending(&self) -> Option<&Interrogation> {
        self.pending.as_ref()
    }

    /// Whether the service runs without anybody counting.
    #[must_use]
    pub const fn is_unchecked(&self) -> bool {
        self.unchecked
    }

    /// The user wants the service. Does nothing in a session that has begun.
    pub fn start(&mut self, usage: Vec<Usage>) -> Vec<Action> {
        if self.state != ClientState::Idle || self.number != 0 {
            return Vec::new();
        }
        self.send(RequestType::Initial, usage, 0)
    }

    /// A grant is used up, its threshold is reached, its time is over, the rating has changed, or the server asked for it. Waits
    /// if an answer is pending.
    pub fn update(&mut self, usage: Vec<Usage>) -> Vec<Action> {
        match self.state {
            ClientState::Open => self.send(RequestType::Update, usage, 0),
            ClientState::PendingI | ClientState::PendingU => {
                match &mut self.queued {
                    None => self.queued = Some(Queued::Update(usage)),
                    Some(Queued::Update(earlier)) => merge(earlier, usage),
                    Some(Queued::Terminate(..) | Queued::CutOff(_)) => {}
                }
                Vec::new()
            }
            ClientState::Idle | ClientState::PendingT => Vec::new(),
        }
    }

    /// The user's service has ended, for a Termination-Cause. Waits if an answer is pending.
    pub fn terminate(&mut self, cause: u32, usage: Vec<Usage>) -> Vec<Action> {
        match self.state {
            ClientState::Open => self.send(RequestType::Termination, usage, cause),
            ClientState::PendingI | ClientState::PendingU => {
                let usage = match self.queued.take() {
                    Some(Queued::Update(mut earlier) | Queued::CutOff(mut earlier)) => {
                        merge(&mut earlier, usage);
                        earlier
                    }
                    Some(terminate @ Queued::Terminate(..)) => {
                        self.queued = Some(terminate);
                        return Vec::new();
                    }
                    None => usage,
                };
                self.queued = Some(Queued::Terminate(cause, usage));
                Vec::new()
            }
            ClientState::Idle => vec![Action::Closed],
            ClientState::PendingT => Vec::new(),
        }
    }

    /// An answer has come. One to another interrogation than the pending one changes nothing.
    pub fn answered(&mut self, now: Wall, answer: &Answer) -> Vec<Action> {
        let Some(pending) = &self.pending else {
            return Vec::new();
        };
        if answer.number.is_some_and(|number| number != pending.number) {
            return Vec::new();
        }
        self.learn(answer);
        // A server that does not know the session has counted nothing of it, unless it has forgotten that it did.
        let certain = answer.result == result::UNKNOWN_SESSION_ID && !answer.to_copy;
        let verdict = Verdict::of(answer.result);
        if self.state == ClientState::PendingT {
            return match verdict {
                Verdict::Temporary => self.not_ended(now),
                Verdict::Success | Verdict::NotApplicable => self.close(Vec::new()),
                Verdict::Denied | Verdict::Failed => {
                    let lost = self.lost(true, certain);
                    self.close(lost)
                }
            };
        }
        match verdict {
            Verdict::Success => self.succeeded(now, answer),
            Verdict::Temporary => self.unanswered(now, Ended::Failed(answer.result)),
            Verdict::Denied => {
                // What the denied one reported has been counted; what waits behind it will not be.
                let lost = self.lost(false, true);
                self.end(lost, Ended::Denied(answer.result))
            }
            Verdict::NotApplicable => self.go_unchecked(Vec::new()),
            Verdict::Failed => self.give_up(Ended::Failed(answer.result), certain),
        }
    }

    /// The pending interrogation could not be sent, or whoever sends it has given up waiting.
    pub fn failed_to_send(&mut self, now: Wall) -> Vec<Action> {
        match self.state {
            ClientState::PendingI | ClientState::PendingU => {
                self.unanswered(now, Ended::Unreachable)
            }
            ClientState::PendingT => self.not_ended(now),
            ClientState::Idle | ClientState::Open => Vec::new(),
        }
    }

    /// It is time to send an interrogation again that is kept.
    pub fn send_again(&mut self) -> Vec<Action> {
        let is_kept = self.state == ClientState::PendingT || self.is_service_over();
        match self.pending.as_mut() {
            Some(pending) if is_kept => {
                pending.again = true;
                vec![Action::Send(pending.clone())]
            }
            _ => Vec::new(),
        }
    }

    /// Tx has expired.
    pub fn tx_expired(&mut self) -> Vec<Action> {
        match (self.state, self.failure_handling) {
            // The answer may still come; if not, whoever sends it says so.
            (ClientState::PendingI | ClientState::PendingU, FailureHandling::Terminate)
                if self.is_kept() =>
            {
                self.cut_off(Ended::Unreachable)
            }
            (ClientState::PendingI | ClientState::PendingU, FailureHandling::Terminate) => {
                let lost = self.lost(true, false);
                self.end(lost, Ended::Unreachable)
            }
            (ClientState::PendingI | ClientState::PendingU, _) => {
                self.unchecked = true;
                vec![Action::Unchecked]
            }
            (ClientState::Idle | ClientState::Open | ClientState::PendingT, _) => Vec::new(),
        }
    }

    /// A Re-Auth-Request has come, for one group or for all.
    pub fn re_auth(&self, group: Option<GroupKey>) -> Vec<Action> {
        let known = group.is_none_or(|key| self.group(key).is_some());
        let is_pending = matches!(self.state, ClientState::PendingI | ClientState::PendingU);
        if !known || !(is_pending || self.state == ClientState::Open) {
            return vec![Action::AnswerReAuth(result::UNKNOWN_SESSION_ID)];
        }
        let mut actions = vec![Action::AnswerReAuth(result::LIMITED_SUCCESS)];
        if !is_pending {
            let groups = group.map_or_else(|| self.counted(), |key| vec![key]);
            actions.push(Action::Report(groups, Reason::ForcedReauthorisation));
        }
        actions
    }

    /// Groups whose Validity-Time is over at `now`; they are named once.
    pub fn expire(&mut self, now: Wall) -> Vec<Action> {
        let mut due = Vec::new();
        for group in &mut self.groups {
            if group.valid_until.is_some_and(|until| until <= now) {
                group.valid_until = None;
                due.push(group.key);
            }
        }
        match due.is_empty() {
            true => Vec::new(),
            false => vec![Action::Report(due, Reason::ValidityTime)],
        }
    }

    fn send(&mut self, kind: RequestType, usage: Vec<Usage>, cause: u32) -> Vec<Action> {
        self.state = match kind {
            RequestType::Initial => ClientState::PendingI,
            RequestType::Termination => ClientState::PendingT,
            RequestType::Update | RequestType::Event => ClientState::PendingU,
        };
        let interrogation = Interrogation {
            kind,
            number: self.number,
            usage,
            cause,
            again: false,
        };
        self.number = self.number.saturating_add(1);
        self.pending = Some(interrogation.clone());
        // What is to be decided when Tx expires has been decided before a termination.
        match kind {
            RequestType::Termination => vec![Action::Send(interrogation)],
            RequestType::Initial | RequestType::Update | RequestType::Event => {
                vec![Action::Send(interrogation), Action::StartTx(self.tx)]
            }
        }
    }

    /// Whether the pending interrogation is one that is kept: what is used is counted by its answer.
    fn is_kept(&self) -> bool {
        let has_used = self.state == ClientState::PendingU || self.unchecked;
        has_used && !self.keep_final.is_zero()
    }

    /// Whether the user's service is over, and only reports are left.
    const fn is_service_over(&self) -> bool {
        matches!(self.queued, Some(Queued::Terminate(..) | Queued::CutOff(_)))
    }

    /// The service is to end, if it is not over, and the pending interrogation is kept.
    fn cut_off(&mut self, why: Ended) -> Vec<Action> {
        if self.is_service_over() {
            return Vec::new();
        }
        let earlier = match self.queued.take() {
            Some(Queued::Update(usage)) => usage,
            _ => Vec::new(),
        };
        self.queued = Some(Queued::CutOff(earlier));
        vec![Action::StopTx, Action::End(why)]
    }

    /// An interrogation that is kept has met a failure.
    fn not_ended(&mut self, now: Wall) -> Vec<Action> {
        let until = *self.final_until.get_or_insert(now + self.keep_final);
        match now < until {
            true => vec![Action::SendLater],
            false => {
                let lost = self.lost(true, false);
                self.close(lost)
            }
        }
    }

    /// Takes over what an answer says of the session itself.
    fn learn(&mut self, answer: &Answer) {
        if let Some(handling) = answer.failure_handling {
            self.failure_handling = handling;
        }
        if let Some(failover) = answer.failover {
            self.failover = failover;
        }
    }

    fn succeeded(&mut self, now: Wall, answer: &Answer) -> Vec<Action> {
        self.pending = None;
        self.final_until = None;
        self.unchecked = false;
        self.state = ClientState::Open;
        let mut actions = vec![Action::StopTx];
        let mut granted = Vec::new();
        for part in &answer.groups {
            let group = Group::of(part, now);
            match group.state {
                GroupState::Granted | GroupState::Last => granted.push(group.key),
                GroupState::Free => actions.push(Action::Free(group.key)),
                GroupState::Denied(result) => actions.push(Action::Denied(group.key, result)),
            }
            self.keep(group);
        }
        if !granted.is_empty() {
            actions.push(Action::Granted(granted));
        }
        actions.extend(match self.queued.take() {
            Some(Queued::Terminate(cause, usage)) => {
                self.send(RequestType::Termination, usage, cause)
            }
            Some(Queued::CutOff(usage)) => {
                self.send(RequestType::Termination, usage, ADMINISTRATIVE)
            }
            Some(Queued::Update(usage)) => self.send(RequestType::Update, usage, 0),
            None => Vec::new(),
        });
        actions
    }

    fn keep(&mut self, group: Group) {
        let known = |known: &&mut Group| known.key == group.key;
        if let Some(known) = self.groups.iter_mut().find(known) {
            *known = group;
        } else if self.groups.len() < MAX_GROUPS {
            self.groups.push(group);
        }
    }

    /// A failure to send or a temporary error: another server is asked, or what is kept waits, or it is given up.
    fn unanswered(&mut self, now: Wall, why: Ended) -> Vec<Action> {
        let retries = self.failover
            && self.failure_handling != FailureHandling::Terminate
            && self.pending.as_ref().is_some_and(|pending| !pending.again);
        if let Some(pending) = self.pending.as_mut().filter(|_| retries) {
            pending.again = true;
            return vec![Action::Send(pending.clone()), Action::StartTx(self.tx)];
        }
        let goes_on = self.failure_handling == FailureHandling::Continue && !self.is_service_over();
        if self.is_kept() && !goes_on {
            let mut actions = self.cut_off(why);
            actions.extend(self.not_ended(now));
            return actions;
        }
        self.give_up(why, false)
    }

    /// The pending interrogation has failed for good: the failure handling says what becomes of the service.
    fn give_up(&mut self, why: Ended, certain: bool) -> Vec<Action> {
        let lost = self.lost(true, certain);
        match self.failure_handling {
            FailureHandling::Continue => self.go_unchecked(lost),
            FailureHandling::Terminate | FailureHandling::RetryAndTerminate => self.end(lost, why),
        }
    }

    /// What the pending interrogation and those behind it report, as lost. A service that nobody was to count from its
    /// beginning on has lost nothing.
    fn lost(&self, pending: bool, certain: bool) -> Vec<Action> {
        if self.state == ClientState::PendingI && !self.is_kept() {
            return Vec::new();
        }
        let mut usage = Vec::new();
        if let Some(pending) = self.pending.as_ref().filter(|_| pending) {
            merge(&mut usage, pending.usage.clone());
        }
        if let Some(
            Queued::Update(queued) | Queued::Terminate(_, queued) | Queued::CutOff(queued),
        ) = &self.queued
        {
            merge(&mut usage, queued.clone());
        }
        usage.retain(|one| {
            let used = |units: Units| units.amount() > 0 || units.money.is_some();
            one.used.is_some_and(used)
        });
        for one in &mut usage {
            one.requested = None;
        }
        match usage.is_empty() {
            true => Vec::new(),
            false => vec![Action::Lost { usage, certain }],
        }
    }

    fn go_unchecked(&mut self, mut actions: Vec<Action>) -> Vec<Action> {
        if self.is_service_over() {
            return self.close(actions);
        }
        self.idle();
        self.unchecked = true;
        actions.extend([Action::StopTx, Action::Unchecked]);
        actions
    }

    fn end(&mut self, mut actions: Vec<Action>, why: Ended) -> Vec<Action> {
        // The user's service may have ended by itself.
        if !self.is_service_over() {
            actions.push(Action::End(why));
        }
        self.close(actions)
    }

    fn close(&mut self, mut actions: Vec<Action>) -> Vec<Action> {
        self.idle();
        actions.insert(0, Action::StopTx);
        actions.push(Action::Closed);
        actions
    }

    fn idle(&mut self) {
        self.state = ClientState::Idle;
        self.pending = None;
        self.final_until = None;
        self.queued = None;
        self.groups.clear();
        self.unchecked = false;
    }

    /// Groups whose use is counted.
    fn counted(&self) -> Vec<GroupKey> {
        let counted = |group: &&Group| !matches!(group.state, GroupState::Denied(_));
        self.groups.iter().filter(counted).map(|g| g.key).collect()
    }
}

/// Adds reports to earlier ones that have not gone out: each says what was used since the one before.
fn merge(earlier: &mut Vec<Usage>, later: Vec<Usage>) {
    for usage in later {
        let Some(known) = earlier.iter_mut().find(|known| known.group == usage.group) else {
            earlier.push(usage);
            continue;
        };
        known.used = match (known.used, usage.used) {
            (Some(before), Some(then)) => Some(before.plus(then)),
            (before, then) => then.or(before),
        };
        known.requested = usage.requested;
        known.reason = usage.reason.or(known.reason);
    }
}
