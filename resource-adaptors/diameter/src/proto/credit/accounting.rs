//! Accounting records that wait for their server (RFC 6733 9.4, Rf): kept in order while it is away, sent again with the T
//! flag when it is back.
//!
//! Records go out in their order, a window of them at a time. One that was sent once and not answered goes out again as a
//! possible duplicate. When the buffer is full the oldest interim record makes room, for a later one says the same and more;
//! without one, the new record is refused and its service told so.

use std::collections::VecDeque;
use std::time::Duration;

use strowger::State;
use strowger::time::Wall;

/// Accounting-Record-Type (RFC 6733 9.8.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, State)]
pub enum RecordType {
    /// EVENT_RECORD (1).
    Event,
    /// START_RECORD (2).
    Start,
    /// INTERIM_RECORD (3).
    Interim,
    /// STOP_RECORD (4).
    Stop,
}

/// How much is kept, and how it is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, State)]
pub struct Limits {
    /// Records that are kept at most.
    pub records: u32,
    /// Records without an answer at a time.
    pub window: u32,
    /// How long to wait after a failure before the next attempt.
    pub pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            records: 1_000,
            window: 16,
            pause: Duration::from_secs(10),
        }
    }
}

/// What has become of the records so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, State)]
pub struct Counts {
    /// Handed over.
    pub received: u64,
    /// Kept because the server did not take them at once.
    pub persisted: u64,
    /// Sent again with the T flag.
    pub retransmitted: u64,
    /// Answered with success.
    pub delivered: u64,
    /// Refused by the server for good, or given up for want of room.
    pub discarded: u64,
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Send this request.
    Send {
        /// Names the record in [`Buffer::answered`] and [`Buffer::failed`].
        record: u64,
        /// The request.
        request: Vec<u8>,
        /// It was sent before, under this End-to-End Identifier.
        again: Option<u32>,
    },
    /// The server has taken the record.
    Delivered(u64),
    /// The record was given up: the server has refused it with this result, or there was no room for it, or no server in its
    /// time.
    Discarded(u64, Option<u32>),
}

#[derive(Clone, PartialEq, Eq, Debug, State)]
struct Record {
    id: u64,
    kind: RecordType,
    request: Vec<u8>,
    /// What it was sent as, if a server may have it.
    sent_as: Option<u32>,
    in_flight: bool,
    /// It counts as persisted: it had to wait.
    waited: bool,
}

/// Records of one destination.
#[derive(Clone, PartialEq, Eq, Debug, Default, State)]
pub struct Buffer {
    limits: Limits,
    records: VecDeque<Record>,
    next: u64,
    counts: Counts,
    /// Nothing is sent before that.
    paused_until: Option<Wall>,
}

impl Buffer {
    /// An empty buffer.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// What has become of the records.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Records that wait or have no answer.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.records.len()
    }

    /// When [`resume`](Self::resume) is to be called.
    #[must_use]
    pub fn deadline(&self) -> Option<Wall> {
        self.paused_until.filter(|_| !self.records.is_empty())
    }

    /// The name of the record that is stored next.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Takes a record over; the request is complete but for its ids of transmission.
    pub fn store(&mut self, now: Wall, kind: RecordType, request: Vec<u8>) -> Vec<Action> {
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        self.counts.received += 1;
        let mut actions = Vec::new();
        if self.records.len() >= self.limits.records as usize {
            let oldest = |r: &Record| r.kind == RecordType::Interim && !r.in_flight;
            self.counts.discarded += 1;
            match self.records.iter().position(oldest) {
                Some(place) => {
                    if let Some(given_up) = self.records.remove(place) {
                        actions.push(Action::Discarded(given_up.id, None));
                    }
                }
                None => return vec![Action::Discarded(id, None)],
            }
        }
        self.records.push_back(Record {
            id,
            kind,
            request,
            sent_as: None,
            in_flight: false,
            waited: false,
        });
        actions.extend(self.send(now));
        actions
    }

    /// A record was answered, as what it was sent. Protocol errors and transient failures (RFC 6733 7.1.3, 7.1.4) keep it; other
    /// errors would come again for ever.
    pub fn answered(
        &mut self,
        now: Wall,
        record: u64,
        (result, sent_as): (u32, u32),
    ) -> Vec<Action> {
        if is_temporary(result) {
            return self.failed(now, record, Some(sent_as));
        }
        let Some(place) = self.records.iter().position(|r| r.id == record) else {
            return Vec::new();
        };
        self.records.remove(place);
        let mut actions = Vec::new();
        if (2000..3000).contains(&result) {
            self.counts.delivered += 1;
            actions.push(Action::Delivered(record));
        } else {
            self.counts.discarded += 1;
            actions.push(Action::Discarded(record, Some(result)));
        }
        actions.extend(self.send(now));
        actions
    }

    /// A record could not be sent, or was not answered in time; `sent_as` if a server may have it all the same.
    pub fn failed(&mut self, now: Wall, record: u64, sent_as: Option<u32>) -> Vec<Action> {
        if let Some(failed) = self.records.iter_mut().find(|r| r.id == record) {
            failed.in_flight = false;
            failed.sent_as = sent_as.or(failed.sent_as);
        }
        self.paused_until = Some(now + self.limits.pause);
        self.keep();
        Vec::new()
    }

    /// Whoever sends them has forgotten what is in flight.
    pub fn interrupted(&mut self, now: Wall) {
        let in_flight = self.records.iter_mut().filter(|r| r.in_flight);
        let mut interrupted = false;
        for record in in_flight {
            record.in_flight = false;
            interrupted = true;
        }
        if interrupted {
            self.paused_until = Some(now + self.limits.pause);
            self.keep();
        }
    }

    /// The pause is over, or the server is there again.
    pub fn resume(&mut self, now: Wall) -> Vec<Action> {
        self.paused_until = None;
        self.send(now)
    }

    /// Gives up what is not in flight.
    pub fn give_up(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        self.records.retain(|record| {
            if !record.in_flight {
                actions.push(Action::Discarded(record.id, None));
            }
            record.in_flight
        });
        self.counts.discarded += actions.len() as u64;
        actions
    }

    fn send(&mut self, now: Wall) -> Vec<Action> {
        if self.paused_until.is_some_and(|until| now < until) {
            self.keep();
            return Vec::new();
        }
        let in_flight = self.records.iter().filter(|r| r.in_flight).count();
        let room = (self.limits.window as usize).saturating_sub(in_flight);
        let mut actions = Vec::new();
        for record in self.records.iter_mut().filter(|r| !r.in_flight).take(room) {
            record.in_flight = true;
            let again = record.sent_as;
            self.counts.retransmitted += u64::from(again.is_some());
            actions.push(Action::Send {
                record: record.id,
                request: record.request.clone(),
                again,
            });
        }
        self.keep();
        actions
    }

    /// Counts those that have to wait, each once.
    fn keep(&mut self) {
        for record in &mut self.records {
            if !record.in_flight && !std::mem::replace(&mut record.waited, true) {
                self.counts.persisted += 1;
            }
        }
    }
}

fn is_temporary(result: u32) -> bool {
    (3000..5000).contains(&result)
}
