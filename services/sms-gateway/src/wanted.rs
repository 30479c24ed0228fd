//! What a sender wants to hear of a message: one bit for each kind of news, with the values of Kannel's `dlr-mask`.

use serde::Deserialize;
use strowger::State;
use strowger_sms::MessageState;

/// A set of kinds of news.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, State)]
pub(crate) struct Wanted(pub(crate) u8);

/// A kind of news, as one bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, State)]
pub(crate) enum News {
    /// It was delivered.
    Delivered,
    /// It will not be delivered.
    Failed,
    /// It is being tried again.
    Buffered,
    /// The next hop has taken it.
    Accepted,
    /// The next hop has refused it.
    Refused,
}

impl News {
    pub(crate) const fn bit(self) -> u8 {
        match self {
            Self::Delivered => 1,
            Self::Failed => 2,
            Self::Buffered => 4,
            Self::Accepted => 8,
            Self::Refused => 16,
        }
    }

    /// What a final state is news of.
    pub(crate) const fn of(state: MessageState) -> Self {
        if matches!(state, MessageState::Delivered) {
            Self::Delivered
        } else {
            Self::Failed
        }
    }
}

/// `receipts` of the HTTP API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Receipts {
    /// Nothing.
    #[default]
    None,
    /// The end, whichever it is.
    Final,
    /// The end, if it is a failure.
    Failure,
    /// Everything.
    All,
}

impl From<Receipts> for Wanted {
    fn from(receipts: Receipts) -> Self {
        match receipts {
            Receipts::None => Self(0),
            Receipts::Final => Self(1 | 2 | 16),
            Receipts::Failure => Self(2 | 16),
            Receipts::All => Self(31),
        }
    }
}

impl Wanted {
    /// The registered_delivery of SMPP 5.0 4.7.21.
    pub(crate) const fn registered(value: u8, intermediate: bool) -> Self {
        let last = match value & 0x03 {
            0 => 0,
            1 => 1 | 2 | 16,
            2 => 2 | 16,
            _ => 1,
        };
        match intermediate && value & 0x10 != 0 {
            true => Self(last | 4),
            false => Self(last),
        }
    }

    /// Kannel's `dlr-mask`; other bits mean nothing.
    pub(crate) const fn mask(mask: u8) -> Self {
        Self(mask & 31)
    }

    pub(crate) const fn has(self, news: News) -> bool {
        self.0 & news.bit() != 0
    }

    /// Whether the end is of interest: then the next hop has to tell it.
    pub(crate) const fn the_end(self) -> bool {
        self.0 & (1 | 2) != 0
    }

    /// The registered_delivery for the next hop. It is to tell every end, so that ours is known; which of them go on upward
    /// is decided when they come.
    pub(crate) const fn upstream(self) -> u8 {
        let last = if self.the_end() { 1 } else { 0 };
        let between = if self.has(News::Buffered) { 0x10 } else { 0 };
        last | between
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registered_delivery_is_read_and_written() {
        let of = |value| {
            let wanted = Wanted::registered(value, true);
            (wanted.0, wanted.upstream())
        };
        assert_eq!(of(0), (0, 0));
        assert_eq!(of(1), (19, 1));
        assert_eq!(of(2), (18, 1));
        assert_eq!(of(3), (1, 1));
        assert_eq!(of(0x11), (23, 0x11));
        assert_eq!(Wanted::registered(0x11, false).0, 19);
    }

    #[test]
    fn ends_are_delivered_or_failed() {
        assert_eq!(News::of(MessageState::Delivered), News::Delivered);
        assert_eq!(News::of(MessageState::Expired), News::Failed);
        assert!(Wanted::mask(0xff).has(News::Refused));
        assert!(!Wanted::mask(8).the_end());
    }
}
