//! What a recorder is told: which calls, how much of them, and what it has done since.

use super::FeedOptions;
use strowger::ra::{Parties, Redaction};

/// Which calls are recorded, and how much of them is kept. May change at any time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecorderOptions {
    /// Which calls.
    pub mode: RecorderMode,
    /// What is left out of messages.
    pub redaction: Redaction,
    /// Calls kept.
    pub calls: u32,
    /// Bytes of all calls, about.
    pub bytes: u64,
    /// Bytes of one call, about.
    pub call_bytes: u64,
    /// What is given away of them.
    pub feed: FeedOptions,
}

impl Default for RecorderOptions {
    fn default() -> Self {
        Self {
            mode: RecorderMode::Off,
            redaction: Redaction {
                secrets: true,
                bodies: true,
            },
            calls: 1_000,
            bytes: 64 * 1024 * 1024,
            call_bytes: 256 * 1024,
            feed: FeedOptions::default(),
        }
    }
}

/// Which calls are recorded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum RecorderMode {
    /// None.
    #[default]
    Off,
    /// One in so many, by a hash of its key: always the same ones.
    Sampled(u32),
    /// Those that fit.
    Matching(RecorderFilter),
}

/// Which calls fit: of each list that is not empty one entry must.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RecorderFilter {
    /// Beginnings of numbers that call.
    pub calling: Vec<String>,
    /// Beginnings of numbers that are called.
    pub called: Vec<String>,
    /// Keys: Call-IDs.
    pub keys: Vec<String>,
    /// Names of adaptor entities.
    pub adaptors: Vec<String>,
}

impl RecorderFilter {
    pub(super) fn fits(&self, adaptor: &str, key: &[u8], parties: Option<&Parties>) -> bool {
        let any = |list: &[String], fits: &dyn Fn(&String) -> bool| {
            list.is_empty() || list.iter().any(fits)
        };
        let begins = |number: fn(&Parties) -> &String| {
            move |prefix: &String| parties.is_some_and(|p| number(p).starts_with(prefix.as_str()))
        };
        any(&self.adaptors, &|name| name == adaptor)
            && any(&self.keys, &|own| own.as_bytes() == key)
            && any(&self.calling, &begins(|p| &p.calling))
            && any(&self.called, &begins(|p| &p.called))
    }
}

/// What a recorder has done, and what it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RecorderCounts {
    /// Calls held.
    pub calls: u64,
    /// Bytes held, about.
    pub bytes: u64,
    /// Calls begun since start.
    pub recorded: u64,
    /// Ended calls that made room for others.
    pub evicted: u64,
    /// Calls that were not recorded because all that were held still lived.
    pub refused: u64,
    /// Steps that did not fit.
    pub dropped: u64,
}
