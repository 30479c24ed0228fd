//! Ids that message centres give to messages of ours, and which message each is of.
//!
//! An id is kept as 61 bits: a keyed hash of the message centre and the id's normal form, and a few bits of the number that the
//! message went to. With it 16 bytes lead from an id to a message, and the other way the activity's cookie does.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;
use smallvec::SmallVec;
use strowger::id::ActivityId;

use super::settings::PeerIdSetting;
use crate::proto::receipt::id::{self, Reading};

/// An id of a message centre's, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(u64);

/// Bits of a key that come from the message's number.
const NUMBER_BITS: u32 = 12;
/// All bits of a key; what is above is the cookie's own.
pub(super) const KEY_BITS: u32 = 61;
/// Digits of a number that count: what stands before differs from one network to the next.
const DIGITS: usize = 6;

/// Which message an id is of.
#[derive(Debug)]
pub(super) struct Upstream {
    hasher: SipHasher13,
    messages: HashMap<Id, u64>,
    /// Of the few messages that were sent more than once: their ids before the last one.
    older: HashMap<u64, SmallVec<[Key; 2]>>,
}

/// The part of a key that finds it.
#[derive(Debug, Clone, Copy)]
struct Id(Key);

/// Keys that an id of a receipt may be kept under, the likeliest first.
pub(super) type Candidates = SmallVec<[Candidate; 3]>;

/// One of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    key: Key,
    /// The number must be right, too: the form alone says too little.
    with_number: bool,
}

impl Upstream {
    pub(super) fn new(secret: [u8; 16]) -> Self {
        let mut hasher = SipHasher13::new_with_key(&secret);
        hasher.write(b"sms upstream id");
        Self {
            hasher,
            messages: HashMap::new(),
            older: HashMap::new(),
        }
    }

    /// The key of an id that an answer to submit_sm has given.
    pub(super) fn key(&self, smsc: &str, id: &str, number: &[u8]) -> Key {
        let plain = id::forms(id, Reading::Same);
        let plain = plain.first().map_or("", String::as_str);
        self.key_of(smsc, plain.as_bytes(), number)
    }

    /// The keys that an id of a receipt may be kept under.
    pub(super) fn candidates(
        &self,
        smsc: &str,
        id: &str,
        number: &[u8],
        setting: PeerIdSetting,
    ) -> Candidates {
        let (reading, plain) = match setting {
            PeerIdSetting::Auto => (Reading::Any, 1),
            PeerIdSetting::Same => (Reading::Same, 1),
            PeerIdSetting::Converted => (Reading::Converted, id::MOST),
        };
        let forms = id::forms(id, reading);
        let candidate = |(n, form): (usize, &String)| Candidate {
            key: self.key_of(smsc, form.as_bytes(), number),
            with_number: n >= plain,
        };
        forms.iter().enumerate().map(candidate).collect()
    }

    /// The message that one of these is of.
    pub(super) fn find(&self, candidates: &Candidates) -> Option<ActivityId> {
        candidates.iter().find_map(|candidate| {
            let (kept, message) = self.messages.get_key_value(&Id(candidate.key))?;
            let right = !candidate.with_number || kept.0 == candidate.key;
            right.then(|| ActivityId::from_raw(*message))
        })
    }

    /// Notes an id of a message; `before` is its last one. The latest message of an id has it. Whether there was room.
    pub(super) fn insert(
        &mut self,
        key: Key,
        message: ActivityId,
        before: Option<Key>,
        limit: u32,
    ) -> bool {
        if self.messages.len() >= limit as usize {
            return false;
        }
        if let Some(before) = before.filter(|before| *before != key) {
            self.older.entry(message.raw()).or_default().push(before);
        }
        self.messages.remove(&Id(key));
        self.messages.insert(Id(key), message.raw());
        true
    }

    /// Ids of a message before its last one.
    pub(super) fn older(&self, message: ActivityId) -> &[Key] {
        self.older.get(&message.raw()).map_or(&[], |keys| keys)
    }

    /// Forgets a message whose last id this is.
    pub(super) fn remove(&mut self, message: ActivityId, last: Option<Key>) {
        let older = self.older.remove(&message.raw()).unwrap_or_default();
        for key in last.into_iter().chain(older) {
            if self.messages.get(&Id(key)) == Some(&message.raw()) {
                self.messages.remove(&Id(key));
            }
        }
        if self.messages.len() < self.messages.capacity() / 8 {
            self.messages.shrink_to(2 * self.messages.len());
        }
        if self.older.len() < self.older.capacity() / 8 {
            self.older.shrink_to(2 * self.older.len());
        }
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    fn key_of(&self, smsc: &str, id: &[u8], number: &[u8]) -> Key {
        let mut hasher = self.hasher;
        hasher.write(smsc.as_bytes());
        hasher.write(&[0xff]);
        hasher.write(id);
        let id = hasher.finish() >> (u64::BITS - KEY_BITS + NUMBER_BITS);
        let digits = || number.iter().filter(|byte| byte.is_ascii_digit());
        let mut hasher = self.hasher;
        for digit in digits().skip(digits().count().saturating_sub(DIGITS)) {
            hasher.write(&[*digit]);
        }
        let number = hasher.finish() >> (u64::BITS - NUMBER_BITS);
        // Never 0, which stands for none.
        Key((id << NUMBER_BITS | number).max(1))
    }
}

impl Key {
    pub(super) const fn raw(self) -> u64 {
        self.0
    }

    pub(super) const fn from_raw(raw: u64) -> Option<Self> {
        let key = raw & ((1 << KEY_BITS) - 1);
        if key == 0 { None } else { Some(Self(key)) }
    }

    /// Without the bits of the number.
    pub(super) const fn id(self) -> u64 {
        self.0 >> NUMBER_BITS
    }
}

impl Candidate {
    /// Whether a message's key is this one.
    pub(super) fn is(self, key: Key) -> bool {
        self.key.id() == key.id() && (!self.with_number || self.key == key)
    }

    /// What finds it.
    pub(super) fn id(self) -> u64 {
        self.key.id()
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.0.id() == other.0.id()
    }
}

impl Eq for Id {}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.id());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger::id::Slot;

    const TO: &[u8] = b"41791234567";

    fn message(n: u32) -> ActivityId {
        ActivityId::new(Slot(3), n, n)
    }

    /// Whether a receipt finds the message whose submit_sm was answered with an id.
    fn finds(answered: &str, receipt: &str, form: PeerIdSetting) -> bool {
        finds_of(answered, receipt, TO, form)
    }

    fn finds_of(answered: &str, receipt: &str, number: &[u8], form: PeerIdSetting) -> bool {
        let mut upstream = Upstream::new([1; 16]);
        let key = upstream.key("smsc", answered, TO);
        assert!(upstream.insert(key, message(1), None, 10));
        let candidates = upstream.candidates("smsc", receipt, number, form);
        let found = upstream.find(&candidates) == Some(message(1));
        assert_eq!(found, candidates.iter().any(|candidate| candidate.is(key)));
        found
    }

    #[test]
    fn ids_are_found_in_their_other_forms() {
        use PeerIdSetting::{Auto, Converted, Same};
        for (answered, receipt, settings) in [
            ("1A2B", "1A2B", &[Auto, Same][..]),
            ("1A2B", "1a2b", &[Auto, Same]),
            ("00001a2b", "1A2B", &[Auto, Same]),
            ("1A2B", "6699", &[Auto, Converted]),
            ("1a2b", "0000006699", &[Auto, Converted]),
            ("6699", "1A2B", &[Auto, Converted]),
            ("msg-7/x", "MSG-7/X", &[Auto, Same]),
            (" 77 ", "77", &[Auto, Same]),
            ("77", "78", &[]),
        ] {
            for setting in [Auto, Same, Converted] {
                let expected = settings.contains(&setting);
                let found = finds(answered, receipt, setting);
                assert_eq!(found, expected, "{answered} {receipt} {setting:?}");
            }
        }
    }

    #[test]
    fn another_form_counts_for_the_right_number_only() {
        let auto = PeerIdSetting::Auto;
        assert!(finds_of("1a2b", "6699", b"+41 79 123 45 67", auto));
        assert!(finds_of("1a2b", "6699", b"0791234567", auto));
        assert!(!finds_of("1a2b", "6699", b"41791234568", auto));
        assert!(finds_of(
            "1a2b",
            "6699",
            b"41791234568",
            PeerIdSetting::Converted
        ));
        assert!(finds_of("1a2b", "1A2B", b"", auto));
    }

    #[test]
    fn an_id_is_its_message_centres_own() {
        let mut upstream = Upstream::new([1; 16]);
        let key = upstream.key("one", "77", TO);
        upstream.insert(key, message(1), None, 10);
        let other = upstream.candidates("two", "77", TO, PeerIdSetting::Auto);
        assert_eq!(upstream.find(&other), None);
    }

    #[test]
    fn a_message_that_is_over_leaves_nothing_and_others_stay() {
        let mut upstream = Upstream::new([1; 16]);
        let keys: Vec<Key> = ["1", "2", "3"]
            .map(|id| upstream.key("smsc", id, TO))
            .to_vec();
        upstream.insert(keys[0], message(1), None, 10);
        upstream.insert(keys[1], message(1), Some(keys[0]), 10);
        upstream.insert(keys[2], message(2), None, 10);
        assert_eq!(upstream.older(message(1)), &keys[..1]);
        let find = |upstream: &Upstream, id: &str| {
            upstream.find(&upstream.candidates("smsc", id, TO, PeerIdSetting::Same))
        };
        assert_eq!(find(&upstream, "1"), Some(message(1)));
        upstream.remove(message(1), Some(keys[1]));
        assert_eq!((find(&upstream, "1"), find(&upstream, "2")), (None, None));
        assert_eq!(
            (find(&upstream, "3"), upstream.len()),
            (Some(message(2)), 1)
        );
    }

    #[test]
    fn an_id_that_comes_again_is_the_latest_messages() {
        let mut upstream = Upstream::new([1; 16]);
        let key = upstream.key("smsc", "1", TO);
        upstream.insert(key, message(1), None, 10);
        upstream.insert(key, message(2), None, 10);
        upstream.remove(message(1), Some(key));
        let candidates = upstream.candidates("smsc", "1", TO, PeerIdSetting::Same);
        assert_eq!(upstream.find(&candidates), Some(message(2)));
    }

    #[test]
    fn the_table_is_bounded_and_gives_its_memory_back() {
        let mut upstream = Upstream::new([1; 16]);
        let key = |upstream: &Upstream, n: u32| upstream.key("smsc", &n.to_string(), TO);
        for n in 0..100_000 {
            let key = key(&upstream, n);
            assert_eq!(upstream.insert(key, message(n), None, 50_000), n < 50_000);
        }
        assert!(size_of::<(Id, u64)>() == 16);
        for n in 0..50_000 {
            let key = key(&upstream, n);
            upstream.remove(message(n), Some(key));
        }
        assert!(upstream.len() == 0 && upstream.messages.capacity() < 100);
    }
}
