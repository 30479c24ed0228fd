//! What recorded calls give away while they go on: their messages as they come and leave, and whole calls when they are over.
//!
//! Whoever sends them elsewhere takes them from here, in portions and when it likes. Nothing here waits for it: a message that
//! does not fit is counted and not kept, and an ended call that made room for others before it was taken is counted.

use super::{CallNo, Ladder, Recorder};
use crate::kernel::Kernel;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;
use strowger::id::RaIx;
use strowger::ra::{Direction, Transport};
use strowger::time::Now;

/// What a message takes besides its bytes and its key.
const PLACE: usize = 128;

/// What is given away. May change at any time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FeedOptions {
    /// Messages of this protocol, and how many bytes of them may wait, about.
    pub messages: Option<(&'static str, u64)>,
    /// Whole calls that are over.
    pub calls: bool,
}

/// A message of a recorded call, as it is given away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FedMessage {
    /// When it came or left, in nanoseconds since 1970-01-01 UTC.
    pub at: u64,
    /// The adaptor entity.
    pub adaptor: RaIx,
    /// Whether it left; otherwise it came.
    pub out: bool,
    /// Over what.
    pub transport: Transport,
    /// The adaptor entity's listener that it came to or left from, by its place.
    pub listener: u16,
    /// Address of that listener, where the node knows it.
    pub local: Option<SocketAddr>,
    /// The other side.
    pub remote: SocketAddr,
    /// What its part of the call is called outside: the Call-ID.
    pub key: Box<[u8]>,
    /// The message, without what the recorder leaves out.
    pub bytes: Box<[u8]>,
}

/// What a feed has done since start, and what waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FeedCounts {
    /// Messages that wait.
    pub messages: u64,
    /// Bytes of them, about.
    pub bytes: u64,
    /// Messages that did not fit.
    pub messages_dropped: u64,
    /// Ended calls that wait.
    pub calls: u64,
    /// Ended calls that were gone before they were taken.
    pub calls_dropped: u64,
}

#[derive(Default)]
pub(super) struct Feed {
    options: FeedOptions,
    messages: VecDeque<FedMessage>,
    /// Calls in which nothing went on when they were put here.
    over: VecDeque<CallNo>,
    counts: FeedCounts,
}

impl FedMessage {
    fn size(&self) -> u64 {
        (PLACE + self.key.len() + self.bytes.len()) as u64
    }
}

impl Feed {
    /// Takes over options. What is no longer given away and has not been taken is gone.
    pub(super) fn configure(&mut self, options: FeedOptions) {
        if options.messages.is_none() {
            self.messages.clear();
            self.counts.bytes = 0;
        }
        self.options = options;
    }

    fn gives(&self, protocol: &str) -> Option<u64> {
        let (own, room) = self.options.messages?;
        (own == protocol).then_some(room)
    }

    fn keep(&mut self, message: FedMessage, room: u64) {
        let size = message.size();
        if self.counts.bytes + size > room {
            self.counts.messages_dropped += 1;
            return;
        }
        self.counts.bytes += size;
        self.messages.push_back(message);
    }
}

impl Recorder {
    /// Takes over what is given away.
    pub(super) fn configure_feed(&mut self, options: FeedOptions) {
        if !options.calls {
            self.feed.over.clear();
            for call in self.calls.values_mut() {
                call.waits = false;
            }
        }
        self.feed.configure(options);
    }

    /// Nothing goes on in a call, for the moment at least. Each that is held waits once, so that as many wait as are held or have
    /// made room since the last look.
    pub(super) fn may_be_over(&mut self, no: CallNo) {
        if !self.feed.options.calls {
            return;
        }
        let Some(call) = self.calls.get_mut(&no).filter(|call| !call.waits) else {
            return;
        };
        call.waits = true;
        self.feed.over.push_back(no);
        while self.feed.over.len() > 2 * self.options.calls as usize {
            let first = self.feed.over.pop_front();
            if let Some(call) = first.and_then(|first| self.calls.get_mut(&first)) {
                call.waits = false;
            }
            self.feed.counts.calls_dropped += 1;
        }
    }

    /// A call is part of another one from here on, which waits in its place.
    pub(super) fn is_part(&mut self, other: CallNo, no: CallNo) {
        let before = self.feed.over.len();
        self.feed.over.retain(|waits| *waits != other);
        if self.feed.over.len() < before {
            self.may_be_over(no);
        }
    }

    /// Messages that wait, the first ones first: as many as there are, or about `bytes` of them.
    pub(crate) fn take_messages(&mut self, bytes: u64) -> Vec<FedMessage> {
        let feed = &mut self.feed;
        let mut taken = 0;
        let mut messages = Vec::new();
        while taken < bytes
            && let Some(message) = feed.messages.pop_front()
        {
            taken += message.size();
            feed.counts.bytes = feed.counts.bytes.saturating_sub(message.size());
            messages.push(message);
        }
        messages
    }

    pub(crate) fn feed_counts(&self) -> FeedCounts {
        FeedCounts {
            messages: self.feed.messages.len() as u64,
            calls: self.feed.over.len() as u64,
            ..self.feed.counts
        }
    }

    /// Calls that are over, have been so for that long, and have not been taken as they are.
    fn take_over(&mut self, now: Now, most: usize, settled: Duration) -> Vec<CallNo> {
        let mut taken = Vec::new();
        for _ in 0..self.feed.over.len() {
            if taken.len() >= most {
                break;
            }
            let Some(no) = self.feed.over.pop_front() else {
                break;
            };
            let Some(call) = self.calls.get_mut(&no) else {
                self.feed.counts.calls_dropped += 1;
                continue;
            };
            if call.live == 0 && now.mono - call.last.mono < settled {
                self.feed.over.push_back(no);
                continue;
            }
            call.waits = false;
            // One that lives again waits again when that is over.
            if call.live == 0 && call.taken < call.steps.len() {
                call.taken = call.steps.len();
                taken.push(no);
            }
        }
        taken
    }
}

impl Kernel {
    /// A message that is recorded, for whoever takes it.
    pub(crate) fn feed_message(
        &mut self,
        ra: RaIx,
        key: &[u8],
        direction: Direction,
        message: &strowger::ra::Recorded<'_>,
        began: Now,
    ) {
        let Some(room) = self.recorder.feed.gives(message.protocol) else {
            return;
        };
        // The wall clock counts milliseconds; the other one has what is between them.
        let since = self.now.mono.0.saturating_sub(began.mono.0);
        let fed = FedMessage {
            at: began.wall.0.saturating_mul(1_000_000).saturating_add(since),
            adaptor: ra,
            out: direction == Direction::Out,
            transport: message.transport,
            listener: message.listener.0,
            local: None,
            remote: message.remote,
            key: key.into(),
            bytes: (&*message.bytes).into(),
        };
        self.recorder.feed.keep(fed, room);
    }

    /// Up to `most` calls that are over and on which nothing has happened for that long.
    pub(crate) fn take_ladders(&mut self, now: Now, most: usize, settled: Duration) -> Vec<Ladder> {
        let over = self.recorder.take_over(now, most, settled);
        over.into_iter().filter_map(|no| self.ladder(no)).collect()
    }
}
