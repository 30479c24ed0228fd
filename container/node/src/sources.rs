//! Which sources are heard, how much new work each may bring, and which are banned for a while.
//!
//! A source is judged before anything of what it sends is read: by the configured lists, by its ban, by its rate. Adaptors tell
//! what new work came from where, and offences. An offence counts for a ban only where it is proven that it came from there: the
//! address of a datagram is whatever its sender has written into it, and whoever could have others banned by that would need no
//! other attack. One that is not proven costs the source some of its rate.
//! Not here: sockets (the net asks), what is new work or an offence (the adaptors know).
//!
//! Invariant: no more than `entries` sources are known, and the same inputs at the same times make the same decisions. Nothing of
//! it survives the process.

mod gate;
mod lists;
mod table;

pub use gate::Gate;
pub(crate) use table::Ban;

use lists::Lists;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::ops::Bound;
use std::time::Duration;
use strowger::id::RaIx;
use strowger::network::Source;
use strowger::ra::{Offence, Told};
use strowger::time::{Mono, Now};
use strowger_config::SourceRules;
use table::Table;
use utoipa::ToSchema;

/// Why a source is banned that an operator has banned.
pub(crate) const BY_HAND: &str = "operator";
/// Bans, and ends of bans, that are logged in a row; beyond that one a second.
const LOGGED: u64 = 20;
const SECOND: u64 = 1_000_000_000;

/// What becomes of what a source sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It is heard.
    Heard,
    /// It is heard, but what is new of it is refused.
    Refused,
    /// The same, and it is not even answered.
    Unanswered,
    /// The configuration has it that it is not heard.
    Denied,
    /// It is banned.
    Banned,
}

/// What is known of all sources together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct SourceCounts {
    /// Sources of which something is kept.
    pub known: u64,
    /// How many may be.
    pub known_max: u64,
    /// Those of them that are banned.
    pub banned: u64,
    /// Bans since start.
    pub bans: u64,
    /// Offences since start for which it was proven who committed them.
    pub offences: u64,
    /// Those for which it was not.
    pub offences_unproven: u64,
}

/// Judges sources.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    rules: SourceRules,
    lists: Lists,
    table: Table,
    gate: Gate,
    /// There is something to look at.
    on: bool,
    counts: SourceCounts,
    /// Adaptor entities that tell of new work: a rate holds for them alone. There are few.
    tellers: Vec<RaIx>,
    /// The lines of the log are paid for by then.
    logged: Mono,
}

impl Sources {
    pub(crate) fn new(rules: SourceRules) -> Self {
        let mut sources = Self::default();
        sources.configure(rules);
        sources
    }

    /// From here on these rules hold. Bans stay, but for those whom nothing is held against any more.
    pub(crate) fn configure(&mut self, rules: SourceRules) {
        self.lists = Lists::new(&rules);
        self.gate.set_lists(self.lists.clone());
        self.rules = rules;
        self.table.shrink(self.most());
        self.forget_lost();
        let bans = self.table.bans(Bound::Unbounded);
        let trusted: Vec<Source> = bans
            .map(|(source, _)| source)
            .filter(|source| self.lists.trust(source.first()))
            .collect();
        for source in trusted {
            self.lift(source);
        }
        self.look();
    }

    /// For listeners of other threads.
    pub(crate) fn gate(&self) -> Gate {
        self.gate.clone()
    }

    /// Whether adaptors are to tell of new work and offences.
    pub(crate) fn listens(&self) -> bool {
        self.rules.rate > 0 || self.rules.ban_after > 0
    }

    /// What becomes of what comes from there, and is for an adaptor entity.
    pub(crate) fn judge(&mut self, now: Mono, ra: RaIx, address: IpAddr) -> Verdict {
        if !self.on {
            return Verdict::Heard;
        }
        if self.lists.deny(address) {
            return Verdict::Denied;
        }
        if self.table.is_empty() {
            return Verdict::Heard;
        }
        let Some(known) = self.table.get(address.into()) else {
            return Verdict::Heard;
        };
        // One of them may be trusted in a network that is not.
        let trusted = self.lists.trust(address);
        if let Some(ban) = known.ban.as_mut().filter(|ban| ban.holds(trusted)) {
            ban.dropped += 1;
            return Verdict::Banned;
        }
        let Some(each) = SECOND.checked_div(self.rules.rate.into()) else {
            return Verdict::Heard;
        };
        let ahead = each * u64::from(self.rules.burst.saturating_sub(1));
        if trusted || !self.tellers.contains(&ra) || known.paid.0 <= now.0.saturating_add(ahead) {
            return Verdict::Heard;
        }
        // As many are told so as are taken: the answers are to cost no more than the work.
        if known.told.0 > now.0.saturating_add(ahead) {
            return Verdict::Unanswered;
        }
        known.told = Mono(known.told.0.max(now.0) + each);
        Verdict::Refused
    }

    /// An adaptor entity has told something of a source.
    pub(crate) fn told(&mut self, now: Now, ra: RaIx, told: Told) {
        match told {
            Told::NewWork(source) => {
                if !self.tellers.contains(&ra) {
                    self.tellers.push(ra);
                }
                self.new_work(now.mono, source);
            }
            Told::Offence {
                source,
                offence,
                proven,
            } => self.offence(now, source, offence, proven),
        }
    }

    /// A piece of new work from there was taken.
    fn new_work(&mut self, now: Mono, address: IpAddr) {
        let Some(each) = SECOND.checked_div(self.rules.rate.into()) else {
            return;
        };
        if self.lists.trust(address) {
            return;
        }
        let most = self.most();
        let Some(known) = self.table.note(address.into(), most) else {
            return;
        };
        // What is forged in its name keeps it out for no longer than its burst takes to be there again.
        let most_ahead = now
            .0
            .saturating_add(each * u64::from(self.rules.burst.max(1)));
        known.paid = Mono((known.paid.0.max(now.0) + each).min(most_ahead));
        self.forget_lost();
    }

    /// Something from there was an offence. `proven` is whether it is certain that it came from there.
    fn offence(&mut self, now: Now, address: IpAddr, offence: Offence, proven: bool) {
        if !proven {
            self.counts.offences_unproven += 1;
            return self.new_work(now.mono, address);
        }
        self.counts.offences += 1;
        if self.rules.ban_after == 0 || self.lists.trust(address) {
            return;
        }
        let (source, most) = (Source::from(address), self.most());
        let Some(known) = self.table.note(source, most) else {
            return;
        };
        if known.ban.is_some() {
            return;
        }
        if known.offences == 0 || now.mono - known.since > self.rules.ban_window {
            (known.offences, known.since) = (0, now.mono);
        }
        known.offences += 1;
        let offences = known.offences;
        if offences >= self.rules.ban_after {
            self.ban(now, source, None, offence.word());
        }
        self.forget_lost();
    }

    /// Bans a source for a time, or for as long as offences do; or changes its ban.
    pub(crate) fn ban(
        &mut self,
        now: Now,
        source: Source,
        time: Option<Duration>,
        why: &'static str,
    ) {
        let time = time.unwrap_or(self.rules.ban_for);
        let since_ms = now.wall.0;
        let ban = Ban {
            until: now.mono + time,
            since_ms,
            until_ms: since_ms.saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            why,
            dropped: 0,
        };
        if !self.table.ban(source, ban, self.most()) {
            return;
        }
        self.gate.ban(source, why == BY_HAND);
        self.counts.bans += 1;
        self.forget_lost();
        self.look();
        if self.may_log(now.mono) {
            let seconds = time.as_secs();
            tracing::warn!(%source, why, seconds, "banned");
        }
    }

    /// Whether there may be another line in the log.
    fn may_log(&mut self, now: Mono) -> bool {
        let may = self.logged.0 <= now.0.saturating_add((LOGGED - 1) * SECOND);
        if may {
            self.logged = Mono(self.logged.0.max(now.0) + SECOND);
        }
        may
    }

    /// Ends a ban; whether there was one.
    pub(crate) fn lift(&mut self, source: Source) -> bool {
        let lifted = self.table.lift(source);
        if lifted {
            self.gate.lift(source);
            self.look();
        }
        lifted
    }

    /// The bans from there on, by the source.
    pub(crate) fn bans(&self, from: Bound<Source>) -> impl Iterator<Item = (Source, &Ban)> {
        self.table.bans(from)
    }

    /// When [`expire`](Self::expire) is to be called.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.table.next_end().map(|(end, _)| end)
    }

    /// Ends the bans whose time is over.
    pub(crate) fn expire(&mut self, now: Mono) {
        while let Some((_, source)) = self.table.next_end().filter(|(end, _)| *end <= now) {
            self.lift(source);
            if self.may_log(now) {
                tracing::info!(%source, "its ban is over");
            }
        }
    }

    pub(crate) fn counts(&self) -> SourceCounts {
        SourceCounts {
            known: self.table.len() as u64,
            known_max: self.most() as u64,
            banned: self.table.banned() as u64,
            ..self.counts
        }
    }

    fn most(&self) -> usize {
        self.rules.entries as usize
    }

    fn look(&mut self) {
        self.on = self.lists.deny_some() || self.listens() || self.table.banned() > 0;
    }

    fn forget_lost(&mut self) {
        while let Some(source) = self.table.lost() {
            self.gate.lift(source);
        }
    }
}

#[cfg(test)]
mod tests;
