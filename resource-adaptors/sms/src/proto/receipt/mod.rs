//! Delivery receipts as service centres write them into a text (SMPP 3.4 appendix B), and ids as they mangle them.
//!
//! The format is nobody's standard: keys come in other cases and orders, with values missing, cut off or padded. What can be read
//! is read.

pub mod id;
mod parse;

use std::fmt::{Display, Formatter};

use serde::{Deserialize, Serialize};
use strowger::civil::Civil;

/// What became of a message; the numbers are those of SMPP's `message_state` (SMPP 5.0 4.7.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum State {
    /// Not yet tried.
    Scheduled = 0,
    /// On its way.
    Enroute = 1,
    /// With its receiver.
    Delivered = 2,
    /// Its validity period is over.
    Expired = 3,
    /// Deleted.
    Deleted = 4,
    /// It cannot be delivered.
    Undeliverable = 5,
    /// Somebody accepted it for its receiver.
    Accepted = 6,
    /// Nobody knows.
    Unknown = 7,
    /// Refused.
    Rejected = 8,
    /// Accepted and not sent, on purpose.
    Skipped = 9,
}

impl State {
    /// The state of that number.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Scheduled,
            1 => Self::Enroute,
            2 => Self::Delivered,
            3 => Self::Expired,
            4 => Self::Deleted,
            5 => Self::Undeliverable,
            6 => Self::Accepted,
            7 => Self::Unknown,
            8 => Self::Rejected,
            9 => Self::Skipped,
            _ => return None,
        })
    }

    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The word of a receipt, of 7 letters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDLD",
            Self::Enroute => "ENROUTE",
            Self::Delivered => "DELIVRD",
            Self::Expired => "EXPIRED",
            Self::Deleted => "DELETED",
            Self::Undeliverable => "UNDELIV",
            Self::Accepted => "ACCEPTD",
            Self::Unknown => "UNKNOWN",
            Self::Rejected => "REJECTD",
            Self::Skipped => "SKIPPED",
        }
    }

    /// The state that a word of a receipt means, in any case, cut off or written in full; a number is taken as
    /// `message_state`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        const WORDS: &[(&str, State)] = &[
            ("SCHED", State::Scheduled),
            ("ENROUTE", State::Enroute),
            ("BUFF", State::Enroute),
            ("DELIV", State::Delivered),
            ("EXPIR", State::Expired),
            ("DELET", State::Deleted),
            ("UNDELIV", State::Undeliverable),
            ("FAIL", State::Undeliverable),
            ("ACCEPT", State::Accepted),
            ("ACKED", State::Accepted),
            ("UNKNOWN", State::Unknown),
            ("REJECT", State::Rejected),
            ("SKIP", State::Skipped),
        ];
        let is_prefix = |prefix: &str| {
            let start = word.as_bytes().get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        };
        let named = WORDS.iter().find(|(prefix, _)| is_prefix(prefix));
        let numbered = || Self::from_code(word.parse().ok()?);
        named.map(|&(_, state)| state).or_else(numbered)
    }

    /// Whether nothing will change it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Scheduled | Self::Enroute | Self::Accepted)
    }
}

/// A delivery receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The message's id, as it is written; empty if there is none.
    pub id: String,
    /// How many messages were submitted.
    pub submitted: Option<u16>,
    /// How many were delivered.
    pub delivered: Option<u16>,
    /// When it was submitted, in seconds since 1970 of a clock that shows the centre's local time.
    pub submit_date: Option<i64>,
    /// When it came to its end, of the same clock.
    pub done_date: Option<i64>,
    /// What became of it.
    pub state: Option<State>,
    /// The centre's own error code.
    pub error: String,
    /// How the message begins.
    pub text: String,
}

/// Characters of the message that a receipt repeats.
const TEXT: usize = 20;

impl Receipt {
    /// Reads a receipt; `None` if it says neither a state nor an id with anything beside it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse::parse(text)
    }
}

impl Display for Receipt {
    /// Writes it as SMPP 3.4 appendix B has it; dates in UTC if the fields are.
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let (submitted, delivered) = (self.submitted.unwrap_or(1), self.delivered.unwrap_or(0));
        write!(f, "id:{} sub:{submitted:03} dlvrd:{delivered:03}", self.id)?;
        write!(f, " submit date:{}", Date(self.submit_date))?;
        write!(f, " done date:{}", Date(self.done_date))?;
        let state = self.state.unwrap_or(State::Unknown);
        let error = if self.error.is_empty() {
            "000"
        } else {
            &self.error
        };
        write!(f, " stat:{} err:{error} text:", state.word())?;
        let end = self.text.char_indices().nth(TEXT).map(|(at, _)| at);
        f.write_str(
            self.text
                .get(..end.unwrap_or(self.text.len()))
                .unwrap_or_default(),
        )
    }
}

/// `YYMMDDhhmm`.
struct Date(Option<i64>);

impl Display for Date {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Some(unix) = self.0 else {
            return f.write_str("0000000000");
        };
        let at = Civil::of(unix);
        let (year, month, day) = (at.year.rem_euclid(100), at.month, at.day);
        write!(
            f,
            "{year:02}{month:02}{day:02}{:02}{:02}",
            at.hour, at.minute
        )
    }
}
