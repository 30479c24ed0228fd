//! The recorder: keeps what happened in some calls, for those who want to see it.
//!
//! A call is what belongs together: it begins with a message of a key (a Call-ID) that is to be recorded, or with what a
//! service starts out of nothing, and takes in every activity that an entity tree of it is attached to. Calls, bytes and
//! the bytes of one call are bounded; of calls that have ended the oldest goes first, and what does not fit is counted.
//! Not here: when something happened (`steps`), and what is told of it (`ladder`).

mod call;
mod feed;
mod ladder;
mod options;
mod steps;
mod told;

pub use feed::{FedMessage, FeedCounts, FeedOptions};
pub use ladder::{Ladder, LadderInfo, LadderMessage, Octets, Step, What};
pub use options::{RecorderCounts, RecorderFilter, RecorderMode, RecorderOptions};

pub(crate) use call::Subject;
use call::{Call, Delivered, Held, Kept};
use feed::Feed;

use ahash::RandomState;
use std::collections::{BTreeMap, HashMap, VecDeque};
use strowger::id::{ActivityId, RaIx, ServiceIx};
use strowger::ra::{Direction, Parties};
use strowger::time::Now;

/// Keys of one call at most.
const KEYS: usize = 16;
/// Activities of one call at most.
const ACTIVITIES: usize = 64;

/// Number of a call.
pub(crate) type CallNo = u64;

pub(crate) struct Recorder {
    /// Something is recorded. Everything else is looked at only if so.
    pub(crate) on: bool,
    pub(crate) options: RecorderOptions,
    secret: [u64; 2],
    next: CallNo,
    calls: BTreeMap<CallNo, Call>,
    keys: HashMap<u64, CallNo, RandomState>,
    activities: HashMap<ActivityId, CallNo, RandomState>,
    /// Calls without live activities, the one that ended first before the others; some live again.
    ended: VecDeque<CallNo>,
    pub(crate) counts: RecorderCounts,
    feed: Feed,
    /// The call whose commands are carried out.
    pub(crate) acting: Option<CallNo>,
    /// Commands are carried out, of something that is not recorded.
    aside: bool,
}

/// Mixes two numbers: both halves of their product.
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128).wrapping_mul((b | 1) as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

impl Recorder {
    pub(crate) fn new(secret: [u8; 16], hasher: &RandomState) -> Self {
        let secret = u128::from_le_bytes(secret);
        let secret = [secret as u64, (secret >> 64) as u64];
        Self {
            on: false,
            options: RecorderOptions::default(),
            secret,
            next: 1,
            calls: BTreeMap::new(),
            keys: HashMap::with_hasher(hasher.clone()),
            activities: HashMap::with_hasher(hasher.clone()),
            ended: VecDeque::new(),
            counts: RecorderCounts::default(),
            feed: Feed::default(),
            acting: None,
            aside: false,
        }
    }

    /// Takes over options. What is held stays, as far as it still fits.
    pub(crate) fn configure(&mut self, options: RecorderOptions) {
        self.on = options.mode != RecorderMode::Off;
        self.configure_feed(options.feed.clone());
        self.options = options;
        if !self.on {
            self.acting = None;
            let live: Vec<CallNo> = self
                .calls
                .iter()
                .filter(|(_, c)| c.live > 0)
                .map(|(no, _)| *no)
                .collect();
            for no in live {
                self.cut(no);
            }
        }
        while self.is_over() && self.evict() {}
    }

    /// Nothing more is learned of a call.
    fn cut(&mut self, no: CallNo) {
        if let Some(call) = self.calls.get_mut(&no) {
            call.cut = true;
            call.live = 0;
            for activity in &call.activities {
                self.activities.remove(activity);
            }
            self.has_ended(no);
        }
    }

    /// A key as a number: its own for each adaptor entity. It is done for every message, of which most are not recorded, and
    /// guards nothing but who is in a sample: it is keyed, and no more than that.
    fn hash(&self, ra: RaIx, key: &[u8]) -> u64 {
        let [first, second] = self.secret;
        let mut hash = first ^ u64::from(ra.0) ^ (key.len() as u64) << 32;
        let (words, rest) = key.as_chunks::<8>();
        for word in words {
            hash = fold(hash ^ u64::from_le_bytes(*word), second);
        }
        // What is left, with some of what was before it.
        let last = match key.last_chunk::<8>() {
            Some(last) => u64::from_le_bytes(*last),
            None => rest
                .iter()
                .fold(0, |last, byte| last << 8 | u64::from(*byte)),
        };
        fold(fold(hash ^ last, second), first)
    }

    /// What the commands of a delivery send is recorded if the delivery is. Where a filter decides it may begin a call.
    pub(crate) fn carry_out(&mut self) {
        self.aside = self.acting.is_none() && matches!(self.options.mode, RecorderMode::Sampled(_));
    }

    /// The commands have been carried out.
    pub(crate) fn carried_out(&mut self) {
        (self.acting, self.aside) = (None, false);
    }

    /// Whether any message may be recorded here.
    pub(crate) const fn listens(&self) -> bool {
        self.on && !self.aside
    }

    /// Whether a message of that key is recorded, and if so whether it belongs to a call: what does not may begin one.
    pub(crate) fn wants(&self, ra: RaIx, key: &[u8], direction: Direction) -> Option<bool> {
        let hash = self.hash(ra, key);
        if self.acting.is_some() || self.keys.contains_key(&hash) {
            return Some(true);
        }
        let may_begin = match &self.options.mode {
            RecorderMode::Off => false,
            // What a service sends belongs to what it was asked for, or was chosen when it was started.
            RecorderMode::Sampled(n) => direction == Direction::In && is_sampled(hash, *n),
            RecorderMode::Matching(_) => true,
        };
        may_begin.then_some(false)
    }

    /// The call of a message, which may begin with it.
    pub(crate) fn call_of_message(
        &mut self,
        now: Now,
        (ra, adaptor): (RaIx, &str),
        key: &[u8],
        direction: Direction,
        parties: Option<&Parties>,
    ) -> Option<CallNo> {
        let hash = self.hash(ra, key);
        if let Some(no) = self.keys.get(&hash) {
            return Some(*no);
        }
        let acting = self.acting.filter(|no| self.calls.contains_key(no));
        let begins = parties.is_some()
            && match &self.options.mode {
                RecorderMode::Off => false,
                RecorderMode::Sampled(n) => direction == Direction::In && is_sampled(hash, *n),
                RecorderMode::Matching(filter) => filter.fits(adaptor, key, parties),
            };
        let no = match acting {
            Some(no) if direction == Direction::Out => no,
            _ if begins => self.begin(now)?,
            _ => return None,
        };
        self.name(no, hash, key);
        Some(no)
    }

    /// One more key of a call.
    fn name(&mut self, no: CallNo, hash: u64, key: &[u8]) {
        if let Some(call) = self.calls.get_mut(&no)
            && call.keys.len() < KEYS
        {
            call.keys.push((hash, key.into()));
            self.keys.insert(hash, no);
        }
    }

    /// Begins a call, if there is room.
    pub(crate) fn begin(&mut self, now: Now) -> Option<CallNo> {
        while self.calls.len() >= self.options.calls as usize {
            if !self.evict() {
                self.counts.refused += 1;
                return None;
            }
        }
        let no = self.next;
        self.next += 1;
        let call = Call {
            began: now,
            last: now,
            redaction: self.options.redaction,
            parties: None,
            keys: Vec::new(),
            services: Vec::new(),
            activities: Vec::new(),
            live: 0,
            queued: true,
            cut: false,
            steps: Vec::new(),
            bytes: 0,
            messages: 0,
            dropped: 0,
            taken: 0,
            waits: false,
        };
        self.calls.insert(no, call);
        self.ended.push_back(no);
        // Until it has an activity, which it may never have.
        self.may_be_over(no);
        self.counts.recorded += 1;
        Some(no)
    }

    pub(crate) fn call_of(&self, activity: ActivityId) -> Option<CallNo> {
        self.activities.get(&activity).copied()
    }

    /// The call that a key names; `named` has that key from here on, if nothing else has.
    pub(crate) fn call_named(
        &mut self,
        ra: RaIx,
        key: &[u8],
        named: Option<CallNo>,
    ) -> Option<CallNo> {
        let hash = self.hash(ra, key);
        if let Some(no) = self.keys.get(&hash) {
            return Some(*no);
        }
        let no = named?;
        self.name(no, hash, key);
        Some(no)
    }

    /// Makes an activity part of a call; of a part of another call, the two are one from here on. Whether it is new there.
    pub(crate) fn take_in(&mut self, no: CallNo, activity: ActivityId) -> bool {
        match self.activities.get(&activity) {
            Some(own) if *own == no => return false,
            Some(own) => {
                self.join(no, *own);
                return false;
            }
            None => {}
        }
        let Some(call) = self.calls.get_mut(&no) else {
            return false;
        };
        if call.activities.len() >= ACTIVITIES {
            call.dropped += 1;
            self.counts.dropped += 1;
            return false;
        }
        call.activities.push(activity);
        call.live += 1;
        self.activities.insert(activity, no);
        true
    }

    /// Makes two calls one, under the number of the first.
    fn join(&mut self, no: CallNo, other: CallNo) {
        let Some(mut gone) = self.calls.remove(&other) else {
            return;
        };
        for activity in &gone.activities {
            if let Some(own) = self.activities.get_mut(activity) {
                *own = no;
            }
        }
        for (hash, _) in &gone.keys {
            self.keys.insert(*hash, no);
        }
        let Some(call) = self.calls.get_mut(&no) else {
            return;
        };
        let keys = call.keys.len() as u32;
        for step in &mut gone.steps {
            if let Kept::Message { key, .. } = &mut step.what {
                *key += keys;
            }
        }
        if gone.began.mono < call.began.mono {
            call.began = gone.began;
            call.parties = gone.parties.or_else(|| call.parties.take());
        } else if call.parties.is_none() {
            call.parties = gone.parties;
        }
        if gone.last.mono > call.last.mono {
            call.last = gone.last;
        }
        call.keys.append(&mut gone.keys);
        gone.services
            .retain(|service| !call.services.contains(service));
        call.services.append(&mut gone.services);
        call.activities.append(&mut gone.activities);
        call.live += gone.live;
        call.steps.append(&mut gone.steps);
        call.steps.sort_by_key(|step| step.at.mono);
        call.bytes += gone.bytes;
        call.messages += gone.messages;
        call.dropped += gone.dropped;
        if self.acting == Some(other) {
            self.acting = Some(no);
        }
        self.is_part(other, no);
    }

    /// An activity has ended.
    pub(crate) fn let_go(&mut self, activity: ActivityId) {
        let Some(no) = self.activities.remove(&activity) else {
            return;
        };
        if let Some(call) = self.calls.get_mut(&no) {
            call.live = call.live.saturating_sub(1);
            if call.live == 0 {
                self.has_ended(no);
            }
        }
    }

    fn has_ended(&mut self, no: CallNo) {
        self.may_be_over(no);
        if let Some(call) = self.calls.get_mut(&no).filter(|call| !call.queued) {
            call.queued = true;
            self.ended.push_back(no);
        }
    }

    /// Keeps a step, if there is room for it.
    pub(crate) fn keep(&mut self, no: CallNo, at: Now, what: Kept) {
        let bytes = what.bytes();
        let Some(call) = self.calls.get_mut(&no) else {
            return;
        };
        call.messages += u64::from(matches!(what, Kept::Message { .. }));
        call.last = at;
        if call.bytes + bytes > self.options.call_bytes {
            call.dropped += 1;
            self.counts.dropped += 1;
            return;
        }
        call.bytes += bytes;
        call.steps.push(Held { at, what });
        self.counts.bytes += bytes;
        while self.is_over() && self.evict_but(Some(no)) {}
        if self.is_over()
            && let Some(call) = self.calls.get_mut(&no)
            && call.steps.pop().is_some()
        {
            call.bytes -= bytes;
            call.dropped += 1;
            self.counts.bytes -= bytes;
            self.counts.dropped += 1;
        }
    }

    /// A message was written without that: what is left out of all of them is what the call says of itself.
    pub(crate) fn redacted(&mut self, no: CallNo) {
        let redaction = self.options.redaction;
        if let Some(call) = self.calls.get_mut(&no) {
            call.redaction.secrets &= redaction.secrets;
            call.redaction.bodies &= redaction.bodies;
        }
    }

    /// When a call began.
    pub(crate) fn began(&self, no: CallNo) -> Option<Now> {
        self.calls.get(&no).map(|call| call.began)
    }

    pub(crate) fn set_parties(&mut self, no: CallNo, parties: Parties) {
        if let Some(call) = self.calls.get_mut(&no) {
            call.parties.get_or_insert(parties);
        }
    }

    pub(crate) fn took_part(&mut self, no: CallNo, service: ServiceIx) {
        if let Some(call) = self.calls.get_mut(&no)
            && !call.services.contains(&service)
        {
            call.services.push(service);
        }
    }

    /// The place of a key among those of its call.
    pub(crate) fn key_place(&self, no: CallNo, ra: RaIx, key: &[u8]) -> u32 {
        let hash = self.hash(ra, key);
        let keys = self.calls.get(&no).map_or(&[][..], |call| &call.keys);
        let place = keys.iter().position(|(own, _)| *own == hash);
        place.map_or(u32::MAX, |place| place as u32)
    }

    fn is_over(&self) -> bool {
        self.counts.bytes > self.options.bytes || self.calls.len() > self.options.calls as usize
    }

    /// Removes the call that ended first; `false` if none has.
    fn evict(&mut self) -> bool {
        self.evict_but(None)
    }

    fn evict_but(&mut self, spared: Option<CallNo>) -> bool {
        for _ in 0..self.ended.len() {
            let Some(no) = self.ended.pop_front() else {
                break;
            };
            let Some(call) = self.calls.get_mut(&no) else {
                continue;
            };
            if call.live > 0 {
                call.queued = false;
            } else if spared == Some(no) {
                self.ended.push_back(no);
            } else {
                self.remove(no);
                self.counts.evicted += 1;
                return true;
            }
        }
        false
    }

    fn remove(&mut self, no: CallNo) {
        let Some(call) = self.calls.remove(&no) else {
            return;
        };
        for (hash, _) in &call.keys {
            self.keys.remove(hash);
        }
        for activity in &call.activities {
            self.activities.remove(activity);
        }
        self.counts.bytes -= call.bytes;
    }

    pub(crate) fn counts(&self) -> RecorderCounts {
        RecorderCounts {
            calls: self.calls.len() as u64,
            ..self.counts
        }
    }
}

/// Whether one in `n` is this one.
pub(crate) fn is_sampled(hash: u64, n: u32) -> bool {
    hash.is_multiple_of(u64::from(n.max(1)))
}
