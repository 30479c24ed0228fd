//! What operators see of banned sources, and what they do with bans.

use super::Driver;
use super::lists::not_a_place;
use crate::control::{Cause, Refusal, Reply};
use crate::listed::{BanEntry, Page, Part};
use crate::sources::{BY_HAND, Ban};
use std::ops::Bound;
use std::time::Duration;
use strowger::network::{NotASource, Source};
use strowger::time::Now;

impl Driver {
    pub(super) fn bans(&self, part: &Part) -> Reply {
        let Ok(after) = part.after.as_deref().map(str::parse).transpose() else {
            return not_a_place();
        };
        let begin: Bound<Source> = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.sources.bans(begin);
        let found = rest.by_ref().take(part.limit());
        let items: Vec<BanEntry> = found.map(|(source, ban)| entry(source, ban)).collect();
        let more = rest.next().is_some();
        let next = items
            .last()
            .filter(|_| more)
            .map(|last| last.source.clone());
        Reply::Bans(Page { items, next })
    }

    pub(super) fn ban(&mut self, now: Now, source: &str, seconds: Option<u64>) -> Reply {
        let source = match source.parse() {
            Ok(source) => source,
            Err(error) => return not_a_source(error),
        };
        if seconds == Some(0) {
            return Refusal::new(Cause::Wrong, "a ban takes at least a second").blame("seconds");
        }
        let time = seconds.map(Duration::from_secs);
        self.sources.ban(now, source, time, BY_HAND);
        Reply::Done
    }

    pub(super) fn lift_ban(&mut self, source: &str) -> Reply {
        let banned: Source = match source.parse() {
            Ok(source) => source,
            Err(error) => return not_a_source(error),
        };
        if !self.sources.lift(banned) {
            let reason = format!("`{banned}` is not banned");
            return Refusal::new(Cause::Unknown, reason).blame("source");
        }
        tracing::info!(source = %banned, "its ban was lifted by the operator");
        Reply::Done
    }
}

fn entry(source: Source, ban: &Ban) -> BanEntry {
    BanEntry {
        source: source.to_string(),
        why: ban.why.to_owned(),
        since_ms: ban.since_ms,
        until_ms: ban.until_ms,
        dropped: ban.dropped,
    }
}

fn not_a_source(error: NotASource) -> Reply {
    Refusal::new(Cause::Wrong, error.to_string()).blame("source")
}
