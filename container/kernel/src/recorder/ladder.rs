//! What is told of a recorded call: plain data with every name spelled out, for drawing, for export and for replay.
//!
//! Fields are added, never renamed: journals that were exported are read by later versions.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// A recorded call in a list.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LadderInfo {
    /// Its number; later ones have higher numbers.
    pub id: u64,
    /// When it began: milliseconds since 1970-01-01 UTC.
    pub started: u64,
    /// Milliseconds from its beginning to its last step.
    pub lasted: u64,
    /// `live` while one of its activities is, then `ended`; `cut` when recording was switched off before its end.
    pub state: String,
    /// Who called.
    pub from: String,
    /// Whom.
    pub to: String,
    /// What its parts are called outside: Call-IDs, ids of sessions.
    pub keys: Vec<String>,
    /// The services that took part.
    pub services: Vec<String>,
    /// Messages, in and out.
    pub messages: u64,
    /// Steps that did not fit into what one call, or all of them, may take.
    pub dropped: u64,
}

/// A recorded call.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Ladder {
    /// What lists show of it.
    pub info: LadderInfo,
    /// Whether secrets were left out of its messages.
    pub without_secrets: bool,
    /// Whether bodies were left out of its messages.
    pub without_bodies: bool,
    /// Everything that happened, in its order.
    pub steps: Vec<Step>,
}

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Step {
    /// Nanoseconds since the beginning of the call.
    pub at: u64,
    /// What.
    pub what: What,
}

/// What happened. Activities, entities and timers go by their ids, everything else by its name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum What {
    /// A message came or left.
    Message(LadderMessage),
    /// An activity became part of the call.
    Activity {
        /// The activity.
        activity: String,
        /// Its type.
        kind: String,
        /// Its adaptor entity; empty for one of the container's.
        adaptor: String,
    },
    /// An activity ended.
    Ended {
        /// The activity.
        activity: String,
    },
    /// An event was fired.
    Event {
        /// On this activity.
        activity: String,
        /// Its type.
        event: String,
        /// Its number.
        number: u64,
    },
    /// An event was delivered to an entity: one transaction.
    Delivery {
        /// The event's activity.
        activity: String,
        /// The event's type.
        event: String,
        /// The event's number.
        number: u64,
        /// The service.
        service: String,
        /// The entity's SBB, whose handler ran.
        sbb: String,
        /// The entity.
        entity: String,
        /// Why it was rolled back; without, it was committed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rolled_back: Option<String>,
    },
    /// A timer was set.
    TimerSet {
        /// On this activity.
        activity: String,
        /// The timer.
        timer: String,
        /// Type of its events.
        event: String,
        /// Milliseconds until it expires.
        after: u64,
    },
    /// A timer was cancelled.
    TimerCancelled {
        /// The timer.
        timer: String,
        /// Type of its events.
        event: String,
    },
    /// A timer expired.
    TimerFired {
        /// The timer.
        timer: String,
        /// Type of its event.
        event: String,
    },
}

/// A message of a recorded call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LadderMessage {
    /// The adaptor entity.
    pub adaptor: String,
    /// `sip`, `diameter`, `smpp`.
    pub protocol: String,
    /// Whether it left; otherwise it came.
    pub out: bool,
    /// `udp`, `tcp` or `tls`.
    pub transport: String,
    /// The adaptor entity's listener that it came to or left from, by its place.
    pub listener: u16,
    /// Address of that listener, where the node knows it.
    #[serde(default)]
    pub local: Option<SocketAddr>,
    /// The other side.
    pub remote: SocketAddr,
    /// What its part of the call is called outside, by its place among the keys of the call.
    pub key: u32,
    /// What it is, in a few words.
    pub title: String,
    /// The message.
    pub bytes: Octets,
}

/// Bytes: as a text where they are one, else as hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Octets {
    /// UTF-8.
    Text(String),
    /// Two digits each.
    Hex(String),
}

impl From<&[u8]> for Octets {
    fn from(bytes: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => {
                let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
                Self::Hex(digits.map(|n| char::from(DIGITS[usize::from(n)])).collect())
            }
        }
    }
}

impl Octets {
    /// The bytes; of digits that are none, those before.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Hex(digits) => {
                let pairs = digits.as_bytes().chunks_exact(2);
                let byte =
                    |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
                pairs.map_while(byte).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_any_kind_come_back() {
        for bytes in [&b"INVITE sip:a SIP/2.0\r\n"[..], &[0xff, 0x00, 0x7f], b""] {
            assert_eq!(Octets::from(bytes).bytes(), bytes);
        }
        assert_eq!(Octets::Hex("0aff7".into()).bytes(), [0x0a, 0xff]);
        assert_eq!(Octets::Hex("0azz".into()).bytes(), [0x0a]);
    }
}
