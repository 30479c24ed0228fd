//! A message and what becomes of it: the states of SMPP 3.4 5.2.28, without any way of sending.
//!
//! Pure logic: each function takes what happened and says what is to be done, which is a [`Step`]. Invariants: a message
//! that is over stays over; one whose validity has ended is not tried again; at most one attempt is under way.

use strowger::State;
use strowger::time::Wall;
use strowger_sms::{MessageId, MessageState};

use crate::content::Text;
use crate::join::Parts;
use crate::retry::Retry;
use crate::wanted::{News, Wanted};
use crate::when::Times;

/// A message.
#[derive(Clone, Debug, State)]
pub(crate) struct Message {
    pub(crate) from: Origin,
    pub(crate) back: Back,
    pub(crate) wanted: Wanted,
    pub(crate) what: What,
    pub(crate) phase: Phase,
    #[state(opaque = "sms-message-state-1")]
    pub(crate) state: MessageState,
    /// Why it failed the last time: the status of SMPP, HTTP or SIP; 0 is nothing.
    pub(crate) error: u32,
    pub(crate) failures: u16,
    pub(crate) accepted: Wall,
    pub(crate) expires: Wall,
    /// When it was over.
    pub(crate) done: Option<Wall>,
}

/// Who a message is from.
#[derive(Clone, Debug, PartialEq, Eq, State)]
pub(crate) enum Origin {
    /// An account of the SMS adaptor.
    Account(Box<str>),
    /// A link of the SMS adaptor: a mobile-originated message.
    Link(Box<str>),
    /// A user of the HTTP API.
    User(Box<str>),
    /// A user of SIP.
    Sip(Box<str>),
}

/// Where news of a message go.
#[derive(Clone, Debug, Default, PartialEq, Eq, State)]
pub(crate) enum Back {
    /// Nowhere.
    #[default]
    Nowhere,
    /// To the account that it is from, as deliver_sm.
    Account,
    /// To a URL, as a POST of JSON, with the sender's own name for the message.
    Webhook { url: Box<str>, reference: Box<str> },
    /// To a URL with escapes, as a GET.
    Kannel(Box<str>),
}

/// What is to be delivered.
#[derive(Clone, Debug, State)]
pub(crate) enum What {
    /// What somebody has sent.
    Text(Box<Text>),
    /// News of that.
    Receipt(Box<Told>),
    /// Nothing more: only the state is kept.
    Over(Box<Text>),
    /// Parts of one message, which is not complete.
    Parts(Box<Parts>),
}

/// News of a message.
#[derive(Clone, Debug, PartialEq, Eq, State)]
pub(crate) struct Told {
    pub(crate) id: MessageId,
    pub(crate) news: News,
    #[state(opaque = "sms-message-state-1")]
    pub(crate) state: MessageState,
    pub(crate) error: u32,
    pub(crate) submitted: Wall,
    pub(crate) done: Wall,
    /// Source and destination of the message that it is about.
    pub(crate) source: Address,
    pub(crate) dest: Address,
    /// The next hop and its name for the message.
    pub(crate) link: Box<str>,
    pub(crate) upstream: Box<str>,
    /// What the next hop said, if it did.
    pub(crate) text: Box<str>,
}

/// An address with its type of number and numbering plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, State)]
pub(crate) struct Address {
    pub(crate) ton: u8,
    pub(crate) npi: u8,
    pub(crate) digits: Box<str>,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, State)]
pub(crate) enum Phase {
    /// Its time has not come.
    Scheduled(Wall),
    /// It waits for the next attempt, which is then.
    Waiting(Wall),
    /// An attempt is under way.
    Sending,
    /// The next hop has it, and is to tell what became of it.
    Forwarded,
    /// Nothing more happens to it.
    Over,
    /// The next hop has it and is to acknowledge it; then it is sent again.
    Held(Wall),
}

/// How an attempt has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// There was no way: nothing was sent. What tells when there is one wakes it; the time is for the case that nothing does.
    Unreachable,
    /// The next hop cannot take it now.
    Temporary(u32),
    /// It will never take it.
    Permanent(u32),
    /// Nobody knows whether it has it, and it is sent again.
    Unknown,
    /// The same, and it is given up.
    UnknownForGood,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing.
    Rest,
    /// An attempt.
    Send,
    /// Nothing before that time.
    Wake(Wall),
    /// It is over, which is this news for its sender; then it goes.
    Over(Option<News>),
}

/// The message has been sent already, or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message does not wait any more")]
pub(crate) struct NotWaiting;

impl Origin {
    /// The name that routes know it by.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Account(name) | Self::Link(name) | Self::User(name) => name,
            Self::Sip(_) => "sip",
        }
    }
}

impl Message {
    /// A text that was accepted, with its first step.
    pub(crate) fn text(from: Origin, text: Text, now: Wall, times: Times) -> (Self, Step) {
        let mut message = Self::new(from, What::Text(Box::new(text)), now, times.expires);
        let step = message.start(times.begin);
        (message, step)
    }

    /// The first step.
    pub(crate) fn start(&mut self, begin: Option<Wall>) -> Step {
        match begin {
            Some(begin) => {
                self.phase = Phase::Scheduled(begin);
                self.state = MessageState::Scheduled;
                Step::Wake(begin)
            }
            None => self.begin(),
        }
    }

    /// News of a message, for its sender.
    pub(crate) fn receipt(about: &Self, told: Told, now: Wall, expires: Wall) -> Self {
        let mut receipt = Self::new(
            about.from.clone(),
            What::Receipt(Box::new(told)),
            now,
            expires,
        );
        receipt.back = about.back.clone();
        receipt
    }

    /// Parts of a message that wait for others until then.
    pub(crate) fn parts(from: Origin, parts: Parts, now: Wall, until: Wall) -> Self {
        let mut message = Self::new(from, What::Parts(Box::new(parts)), now, until);
        message.phase = Phase::Waiting(until);
        message
    }

    fn new(from: Origin, what: What, accepted: Wall, expires: Wall) -> Self {
        Self {
            from,
            back: Back::Nowhere,
            wanted: Wanted::default(),
            what,
            phase: Phase::Waiting(accepted),
            state: MessageState::Enroute,
            error: 0,
            failures: 0,
            accepted,
            expires,
            done: None,
        }
    }

    fn begin(&mut self) -> Step {
        self.phase = Phase::Sending;
        self.state = MessageState::Enroute;
        Step::Send
    }

    /// Its time has come.
    pub(crate) fn due(&mut self, now: Wall) -> Step {
        match self.phase {
            Phase::Scheduled(_) | Phase::Waiting(_) | Phase::Held(_) if now >= self.expires => {
                self.end(now, MessageState::Expired, Some(News::Failed))
            }
            Phase::Scheduled(_) | Phase::Waiting(_) | Phase::Held(_) => self.begin(),
            // Whoever has it did not say what became of it.
            Phase::Forwarded => self.end(now, MessageState::Unknown, Some(News::Failed)),
            Phase::Sending | Phase::Over => Step::Rest,
        }
    }

    /// There is a way to where it goes.
    pub(crate) fn available(&mut self, now: Wall) -> Step {
        match self.phase {
            Phase::Waiting(_) => self.due(now),
            Phase::Scheduled(_)
            | Phase::Sending
            | Phase::Forwarded
            | Phase::Over
            | Phase::Held(_) => Step::Rest,
        }
    }

    /// The next hop has taken it. `awaits` is until when it may tell what became of it.
    pub(crate) fn taken(&mut self, now: Wall, awaits: Option<Wall>) -> Step {
        self.error = 0;
        match awaits {
            Some(until) if self.phase == Phase::Sending => {
                self.phase = Phase::Forwarded;
                Step::Wake(until)
            }
            Some(_) => Step::Rest,
            None => self.end(now, MessageState::Enroute, None),
        }
    }

    /// It has been delivered to whom it is for.
    pub(crate) fn delivered(&mut self, now: Wall) -> Step {
        self.error = 0;
        self.end(now, MessageState::Delivered, Some(News::Delivered))
    }

    /// An attempt has failed.
    pub(crate) fn failed(
        &mut self,
        now: Wall,
        failure: Failure,
        retry: &Retry,
        random: u64,
    ) -> Step {
        if self.phase != Phase::Sending {
            return Step::Rest;
        }
        let next = match failure {
            Failure::Permanent(error) => {
                self.error = error;
                return self.end(now, MessageState::Rejected, Some(News::Refused));
            }
            Failure::UnknownForGood => {
                return self.end(now, MessageState::Unknown, Some(News::Failed));
            }
            Failure::Unreachable => {
                // The adaptor wakes it; this is the longest that it would wait otherwise.
                retry.next(now, u16::MAX, self.expires, random)
            }
            Failure::Temporary(error) => {
                self.error = error;
                self.failures = self.failures.saturating_add(1);
                retry.next(now, self.failures, self.expires, random)
            }
            Failure::Unknown => {
                self.failures = self.failures.saturating_add(1);
                retry.next(now, self.failures, self.expires, random)
            }
        };
        if now >= self.expires {
            return self.end(now, MessageState::Expired, Some(News::Failed));
        }
        self.phase = Phase::Waiting(next);
        Step::Wake(next)
    }

    /// The next hop has it and is to acknowledge it; by then it is sent again.
    pub(crate) fn hold(&mut self, until: Wall) {
        if self.phase == Phase::Sending {
            self.phase = Phase::Held(until.min(self.expires));
        }
    }

    /// The next hop says something of an attempt that [held](Self::hold).
    pub(crate) fn resume(&mut self) -> Step {
        match self.phase {
            Phase::Held(_) => self.begin(),
            Phase::Scheduled(_)
            | Phase::Waiting(_)
            | Phase::Sending
            | Phase::Forwarded
            | Phase::Over => Step::Rest,
        }
    }

    /// The process that was about an attempt is no more: another attempt is due at once.
    pub(crate) fn again(&mut self, now: Wall) -> Step {
        match self.phase {
            Phase::Sending => {
                self.phase = Phase::Waiting(now);
                self.due(now)
            }
            Phase::Scheduled(_)
            | Phase::Waiting(_)
            | Phase::Forwarded
            | Phase::Over
            | Phase::Held(_) => Step::Rest,
        }
    }

    /// What was under way was lost: it waits until then. Whether it does, and is not over.
    pub(crate) fn stumble(&mut self, at: Wall) -> bool {
        match self.phase {
            Phase::Sending | Phase::Waiting(_) | Phase::Held(_) => {
                self.phase = Phase::Waiting(at);
            }
            Phase::Scheduled(_) | Phase::Forwarded | Phase::Over => return false,
        }
        true
    }

    /// The next hop tells what became of it in the end. It may tell so before it says that it has taken the message.
    pub(crate) fn told(&mut self, now: Wall, state: MessageState, error: u32) -> Step {
        if self.phase == Phase::Over {
            return Step::Rest;
        }
        self.error = error;
        self.end(now, state, Some(News::of(state)))
    }

    /// The attempt that is under way was taken back before anything of it had left.
    pub(crate) fn withdrawn(&mut self, now: Wall) {
        if self.phase == Phase::Sending {
            self.phase = Phase::Waiting(now);
        }
    }

    /// Its sender takes it back.
    pub(crate) fn cancel(&mut self, now: Wall) -> Result<Step, NotWaiting> {
        match self.phase {
            Phase::Scheduled(_) | Phase::Waiting(_) => {
                Ok(self.end(now, MessageState::Deleted, Some(News::Failed)))
            }
            Phase::Sending | Phase::Forwarded | Phase::Over | Phase::Held(_) => Err(NotWaiting),
        }
    }

    /// When its next attempt is, if its sender may still replace it.
    pub(crate) fn replaceable(&self) -> Result<Wall, NotWaiting> {
        match self.phase {
            Phase::Scheduled(next) | Phase::Waiting(next) => Ok(next),
            Phase::Sending | Phase::Forwarded | Phase::Over | Phase::Held(_) => Err(NotWaiting),
        }
    }

    /// Other times for what waits; without a time to begin it keeps its own.
    pub(crate) fn reschedule(&mut self, begin: Option<Wall>, expires: Wall) -> Step {
        self.expires = expires;
        let next = match (begin, &mut self.phase) {
            (Some(begin), phase) => {
                *phase = Phase::Scheduled(begin);
                self.state = MessageState::Scheduled;
                begin
            }
            (None, Phase::Scheduled(next) | Phase::Waiting(next)) => *next,
            (None, Phase::Sending | Phase::Forwarded | Phase::Over | Phase::Held(_)) => {
                return Step::Rest;
            }
        };
        Step::Wake(next.min(expires))
    }

    fn end(&mut self, now: Wall, state: MessageState, news: Option<News>) -> Step {
        if self.phase == Phase::Over {
            return Step::Rest;
        }
        self.phase = Phase::Over;
        self.state = state;
        self.done = Some(now);
        Step::Over(news)
    }

    /// Keeps nothing of it but its state.
    pub(crate) fn empty(&mut self) {
        if let What::Text(text) = &self.what {
            self.what = What::Over(Box::new(text.emptied()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger::time::secs;

    const NOW: Wall = Wall(1_000_000);
    const DELIVERED: Step = Step::Over(Some(News::Delivered));
    const FAILED: Step = Step::Over(Some(News::Failed));

    fn at(seconds: u64) -> Wall {
        NOW + secs(seconds)
    }

    fn message(begin: Option<u64>) -> (Message, Step) {
        let times = Times {
            begin: begin.map(at),
            expires: at(1_000),
        };
        let from = Origin::Account("shop".into());
        Message::text(from, Text::of("1", "41791", "hello"), NOW, times)
    }

    fn retry() -> Retry {
        Retry {
            jitter: 0,
            ..Retry::default()
        }
    }

    #[test]
    fn what_is_taken_is_over_or_waits_for_its_receipt() {
        let (mut m, step) = message(None);
        assert_eq!((step, m.state), (Step::Send, MessageState::Enroute));
        assert_eq!(m.clone().taken(NOW, None), Step::Over(None));
        assert_eq!(m.taken(NOW, Some(at(2_000))), Step::Wake(at(2_000)));
        assert_eq!(m.cancel(NOW), Err(NotWaiting));
        assert_eq!(m.told(at(2), MessageState::Delivered, 0), DELIVERED);
        assert_eq!((m.state, m.done), (MessageState::Delivered, Some(at(2))));
        assert_eq!(m.told(at(3), MessageState::Undeliverable, 1), Step::Rest);
        assert_eq!(m.state, MessageState::Delivered);
    }

    #[test]
    fn a_receipt_that_never_comes_leaves_it_unknown() {
        let (mut m, _) = message(None);
        m.taken(NOW, Some(at(2_000)));
        assert_eq!(m.due(at(2_000)), FAILED);
        assert_eq!(m.state, MessageState::Unknown);
    }

    #[test]
    fn failures_follow_the_schedule_until_it_has_expired() {
        let (mut m, _) = message(None);
        let mut now = NOW;
        let mut waits = Vec::new();
        while let Step::Wake(next) = m.failed(now, Failure::Temporary(0x58), &retry(), 0) {
            waits.push((next - now).as_secs());
            now = next;
            if m.due(now) != Step::Send {
                break;
            }
        }
        assert_eq!(waits, [60, 300, 600, 40]);
        assert_eq!((m.state, m.error), (MessageState::Expired, 0x58));
    }

    #[test]
    fn a_permanent_failure_is_the_end() {
        let (mut m, _) = message(None);
        let step = m.failed(NOW, Failure::Permanent(0x45), &retry(), 0);
        assert_eq!(
            (step, m.state, m.error),
            (
                Step::Over(Some(News::Refused)),
                MessageState::Rejected,
                0x45
            )
        );
        assert_eq!(m.due(at(2)), Step::Rest);
    }

    #[test]
    fn what_nobody_knows_is_sent_again_or_given_up() {
        let (mut m, _) = message(None);
        let step = m.clone().failed(NOW, Failure::Unknown, &retry(), 0);
        assert_eq!(step, Step::Wake(at(60)));
        assert_eq!(m.failed(NOW, Failure::UnknownForGood, &retry(), 0), FAILED);
        assert_eq!(m.state, MessageState::Unknown);
    }

    #[test]
    fn without_a_way_it_waits_until_it_is_woken_and_no_attempt_is_counted() {
        let (mut m, _) = message(None);
        let step = m.failed(NOW, Failure::Unreachable, &retry(), 0);
        assert_eq!((step, m.failures), (Step::Wake(at(1_000)), 0));
        assert_eq!(m.available(at(5)), Step::Send);
        assert_eq!(m.available(at(5)), Step::Rest);
        m.failed(at(5), Failure::Unreachable, &retry(), 0);
        assert_eq!(m.due(at(1_000)), FAILED);
        assert_eq!(m.state, MessageState::Expired);
    }

    #[test]
    fn what_is_scheduled_begins_in_time_unless_it_is_taken_back() {
        let (mut m, step) = message(Some(100));
        assert_eq!(
            (step, m.state),
            (Step::Wake(at(100)), MessageState::Scheduled)
        );
        assert_eq!(m.available(NOW), Step::Rest);
        assert_eq!(m.clone().due(at(100)), Step::Send);
        assert_eq!(m.cancel(at(5)), Ok(FAILED));
        assert_eq!(m.state, MessageState::Deleted);
        assert_eq!(m.cancel(at(5)), Err(NotWaiting));
    }

    #[test]
    fn what_was_withdrawn_can_be_taken_back_and_what_is_held_cannot() {
        let (mut m, _) = message(None);
        assert_eq!(m.cancel(NOW), Err(NotWaiting));
        let mut held = m.clone();
        held.hold(at(30));
        assert_eq!(held.cancel(NOW), Err(NotWaiting));
        assert_eq!(held.replaceable(), Err(NotWaiting));
        assert_eq!(held.available(NOW), Step::Rest);
        assert_eq!(held.due(at(30)), Step::Send);
        m.withdrawn(NOW);
        assert_eq!(m.replaceable(), Ok(NOW));
        assert_eq!(m.cancel(NOW), Ok(FAILED));
        m.withdrawn(NOW);
        assert_eq!(m.phase, Phase::Over);
    }

    #[test]
    fn what_waits_can_be_replaced() {
        let (mut m, _) = message(Some(100));
        assert_eq!(m.replaceable(), Ok(at(100)));
        assert_eq!(m.reschedule(None, at(500)), Step::Wake(at(100)));
        assert_eq!(m.reschedule(Some(at(200)), at(150)), Step::Wake(at(150)));
        assert_eq!(m.replaceable(), Ok(at(200)));
        assert_eq!(m.due(at(150)), FAILED);
        assert_eq!(m.replaceable(), Err(NotWaiting));
    }
}
