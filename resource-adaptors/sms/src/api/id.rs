//! Ids of messages, as peers see them.
//!
//! An id is the id of its activity, enciphered under a secret of the store: 56 bits that nobody can make up, and the slot in
//! the clear. So no table leads from one to the other, an id is good as long as its activity lives, and it never has a leading
//! zero, which peers strip.

use std::fmt;
use std::hash::Hasher as _;
use std::str::FromStr;

use siphasher::sip::{SipHasher13, SipHasher24};
use strowger::State;
use strowger::id::{ActivityId, Slot};

/// The id of a message of ours. Plain data: it may be kept in state. Written as 16 hexadecimal digits, of which the last two
/// are its slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, State)]
pub struct MessageId(u64);

/// How ids are written for a peer.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum IdForm {
    /// 16 hexadecimal digits, in lower case.
    #[default]
    Hex,
    /// 19 or 20 decimal digits, for peers that take ids for numbers.
    Decimal,
}

/// What is no id of a message of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a message id: 16 hexadecimal or 19 to 20 decimal digits, none of them a leading zero")]
pub struct NotAnId;

/// An id as text, without a string of its own.
#[derive(Clone, Copy)]
pub struct IdText {
    bytes: [u8; 20],
    from: u8,
}

/// The lowest bit of an id's first digit.
const FIRST: u32 = 60;

impl MessageId {
    /// The slot that its message lives in.
    #[must_use]
    pub const fn slot(self) -> Slot {
        Slot((self.0 & 0xff) as u8)
    }

    /// All 64 bits.
    #[must_use]
    pub const fn raw(self) -> u64 {
        self.0
    }

    /// As a peer is told.
    #[must_use]
    pub fn text(self, form: IdForm) -> IdText {
        let radix = match form {
            IdForm::Hex => 16,
            IdForm::Decimal => 10,
        };
        let (mut bytes, mut from, mut rest) = ([b'0'; 20], 20, self.0);
        while rest > 0 && from > 0 {
            from -= 1;
            bytes[from] = b"0123456789abcdef"[(rest % radix) as usize];
            rest /= radix;
        }
        IdText {
            bytes,
            from: u8::try_from(from).unwrap_or(0),
        }
    }

    /// Reads an id in either form, hexadecimal digits of either case; `None` if it is none.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let radix = match text.len() {
            16 => 16,
            19 | 20 => 10,
            _ => return None,
        };
        let mut id: u64 = 0;
        for byte in text {
            let digit = char::from(*byte).to_digit(radix)?;
            id = id.checked_mul(radix.into())?.checked_add(digit.into())?;
        }
        (id >> FIRST != 0).then_some(Self(id))
    }
}

impl IdText {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The digits.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(usize::from(self.from)..).unwrap_or_default()
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Display for IdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for IdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MessageId {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        Self::read(text.as_bytes()).ok_or(NotAnId)
    }
}

/// Turns ids of activities into ids of messages, and back.
#[derive(Clone, Debug)]
pub(crate) struct Mint {
    keys: [SipHasher13; ROUNDS],
}

/// Four rounds of a keyed function make a permutation that cannot be told from a random one (Luby, Rackoff, 1988).
const ROUNDS: usize = 4;
const HALF: u32 = 28;
const MASK: u64 = (1 << HALF) - 1;
/// What is added so that the first digit is no zero.
const LEAST: u64 = 1 << 52;
/// What an activity's id can be at most for that to fit.
const MOST: u64 = (1 << 56) - LEAST;

impl Mint {
    /// Under a secret of the store.
    pub(crate) fn new(secret: [u8; 16]) -> Self {
        let store = SipHasher24::new_with_key(&secret);
        let derived = |round: u8, half: u8| {
            let mut hasher = store;
            hasher.write(b"sms message id");
            hasher.write(&[round, half]);
            hasher.finish()
        };
        Self {
            keys: [0, 1, 2, 3]
                .map(|round| SipHasher13::new_with_keys(derived(round, 0), derived(round, 1))),
        }
    }

    /// The id of a message. `None` of the activity beyond 15,728,640 in one slot.
    pub(crate) fn id(&self, activity: ActivityId) -> Option<MessageId> {
        let (slot, place) = (activity.raw() >> 56, activity.raw() & (u64::MAX >> 8));
        if place >= MOST {
            return None;
        }
        let mut block = place + LEAST;
        // A permutation of all 56 bits, walked until the first digit is no zero, is one of those whose first digit is none.
        loop {
            block = self.forth(slot, block);
            if block >= LEAST {
                return Some(MessageId(block << 8 | slot));
            }
        }
    }

    /// The activity that an id was made for. Of a foreign id that of no message, as good as surely.
    pub(crate) fn activity(&self, id: MessageId) -> ActivityId {
        let (slot, mut block) = (id.0 & 0xff, id.0 >> 8);
        loop {
            block = self.back(slot, block);
            if block >= LEAST {
                return ActivityId::from_raw(slot << 56 | (block - LEAST));
            }
        }
    }

    fn forth(&self, slot: u64, block: u64) -> u64 {
        let (mut left, mut right) = (block >> HALF, block & MASK);
        for key in &self.keys {
            (left, right) = (right, left ^ round(key, slot, right));
        }
        left << HALF | right
    }

    fn back(&self, slot: u64, block: u64) -> u64 {
        let (mut left, mut right) = (block >> HALF, block & MASK);
        for key in self.keys.iter().rev() {
            (left, right) = (right ^ round(key, slot, left), left);
        }
        left << HALF | right
    }
}

fn round(key: &SipHasher13, slot: u64, half: u64) -> u64 {
    let mut hasher = *key;
    hasher.write(&(slot << HALF | half).to_le_bytes());
    hasher.finish() & MASK
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; 16] = *b"0123456789abcdef";

    #[test]
    fn an_id_leads_back_to_its_activity_and_names_its_slot() {
        let mint = Mint::new(SECRET);
        for n in 0..5_000_u32 {
            let activity =
                ActivityId::new(Slot((n * 7) as u8), n * 3_000, n.wrapping_mul(0x9e37_79b9));
            let id = mint.id(activity).unwrap();
            assert_eq!((mint.activity(id), id.slot()), (activity, activity.slot()));
            for form in [IdForm::Hex, IdForm::Decimal] {
                let text = id.text(form);
                assert_ne!(text.as_bytes()[0], b'0');
                assert_eq!(text.as_str().parse(), Ok(id));
            }
            assert_eq!(id.text(IdForm::Hex).as_str(), id.to_string());
        }
    }

    #[test]
    fn ids_are_the_same_in_every_release() {
        let id = Mint::new(SECRET)
            .id(ActivityId::new(Slot(0xab), 77, 99))
            .unwrap();
        assert_eq!(id.to_string(), GOLDEN);
    }

    #[test]
    fn an_id_under_another_secret_is_another() {
        let activity = ActivityId::new(Slot(1), 2, 3);
        let (a, b) = (Mint::new(SECRET), Mint::new([7; 16]));
        assert_ne!(a.id(activity), b.id(activity));
        assert_ne!(b.activity(a.id(activity).unwrap()), activity);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "1",
            "0123456789abcdef",
            "123456789abcdef",
            "123456789abcdefg",
            "1234567890123456789",
            "99999999999999999999",
            "+234567890123456",
        ] {
            let read: Result<MessageId, _> = text.parse();
            assert_eq!(read.is_ok(), text == "1234567890123456789", "{text}");
        }
        assert_eq!(
            "FFFFFFFFFFFFFFFF".parse::<MessageId>().unwrap().raw(),
            u64::MAX
        );
    }

    #[test]
    fn the_last_activity_of_a_slot_has_no_id() {
        let mint = Mint::new(SECRET);
        assert!(
            mint.id(ActivityId::new(Slot(1), 0x00ef_ffff, u32::MAX))
                .is_some()
        );
        assert!(mint.id(ActivityId::new(Slot(1), 0x00f0_0000, 0)).is_none());
    }

    const GOLDEN: &str = "fd8d8d9f817a83ab";
}
