//! What of the recorded calls is sent elsewhere, as the status tells it.

use serde::{Deserialize, Serialize};
use strowger_kernel::FeedCounts;
use utoipa::ToSchema;

/// What of the recorded calls is sent elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct Export {
    /// Messages, by HEP.
    pub hep: Exported,
    /// Calls, by OTLP.
    pub otlp: Exported,
}

/// What is sent by one protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct Exported {
    /// Those that wait to be sent.
    pub waiting: u64,
    /// Bytes of them, about; 0 of calls, which are in the recorder's memory.
    pub waiting_bytes: u64,
    /// Sent, since start; by OTLP, accepted by the collector.
    pub sent: u64,
    /// Given up because there was no room, or because the recorder's room went to others, since start.
    pub dropped: u64,
    /// Given up because they could not be sent, or the collector refused them, since start.
    pub failed: u64,
    /// Attempts that were repeated, since start.
    pub retries: u64,
}

impl From<FeedCounts> for Export {
    fn from(counts: FeedCounts) -> Self {
        Self {
            hep: Exported {
                waiting: counts.messages,
                waiting_bytes: counts.bytes,
                dropped: counts.messages_dropped,
                ..Exported::default()
            },
            otlp: Exported {
                waiting: counts.calls,
                dropped: counts.calls_dropped,
                ..Exported::default()
            },
        }
    }
}
