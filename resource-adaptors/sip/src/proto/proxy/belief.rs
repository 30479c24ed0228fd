//! Who of the two sides of a proxied request is believed about identities (RFC 3324), and what that takes out of the messages
//! between them, requests and responses alike (RFC 3325 5 to 7).
//!
//! Whom to believe is not decided here. Nothing is put in here, either.

use smallvec::SmallVec;

use super::super::wire::{HeaderId, Message};
use super::fork::{Change, Place};

/// Which sides are believed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Belief {
    /// The side that the request came from.
    pub caller: bool,
    /// The side that it goes to.
    pub called: bool,
}

impl Belief {
    /// The same sides for a request in the other direction.
    #[must_use]
    pub fn turned(self) -> Self {
        Self {
            caller: self.called,
            called: self.caller,
        }
    }

    /// The headers that a request loses on its way.
    #[must_use]
    pub fn lost(self, request: &Message) -> Lost {
        lost(request, self.caller, self.called)
    }
}

/// Headers that are taken out.
pub type Lost = SmallVec<[HeaderId; 3]>;

/// The headers that a message loses on its way, by whether the side that it comes from is believed, and the one that it goes
/// to. A History-Info that is to be hidden (RFC 7044 10.1) goes as a whole.
#[must_use]
pub fn lost(message: &Message, from: bool, to: bool) -> Lost {
    let mut lost = Lost::new();
    if message.has(HeaderId::PAssertedIdentity) && (!from || (!to && wants(message, &[b"id"]))) {
        lost.push(HeaderId::PAssertedIdentity);
    }
    if message.has(HeaderId::PPreferredIdentity) {
        lost.push(HeaderId::PPreferredIdentity);
    }
    if message.has(HeaderId::HistoryInfo) && !to && wants(message, &[b"history", b"header"]) {
        lost.push(HeaderId::HistoryInfo);
    }
    lost
}

/// The same as changes of a request that is sent on.
#[must_use]
pub fn losses(lost: &[HeaderId]) -> Vec<Change> {
    let one = |id: &HeaderId| Change {
        place: Place::Remove,
        name: bytes::Bytes::from_static(id.name()),
        value: bytes::Bytes::new(),
    };
    lost.iter().map(one).collect()
}

/// Whether a message asks for one of these kinds of privacy. RFC 3323 4.2 parts them by semicolons.
#[must_use]
pub fn wants(message: &Message, kinds: &[&[u8]]) -> bool {
    message
        .lines(HeaderId::Privacy)
        .flat_map(|line| line.split(|b| matches!(b, b';' | b',')))
        .map(<[u8]>::trim_ascii)
        .any(|value| kinds.iter().any(|kind| kind.eq_ignore_ascii_case(value)))
}
