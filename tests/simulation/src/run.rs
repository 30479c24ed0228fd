//! One run: what is done to the node, step by step, and what is looked at after each.

use std::time::Duration;

use strowger::prelude::*;
use strowger_sip::testkit::{SipPeers, SipTestKit};
use strowger_testkit::{Durability, Faults, Link, TestKit};

use crate::audit::Holdings;
use crate::dice::Dice;
use crate::leaving::{Leaving, Promises};
use crate::ledger::{self, Carbon, Ledger};
use crate::line::Line;
use crate::sabotage::Sabotage;
use crate::setting::{LONGEST, Setting};
use crate::texts::Texts;

/// What a step found, in words.
pub(crate) type Checked<T = ()> = Result<T, String>;

/// A run that goes on.
pub(crate) struct Run {
    pub(crate) kit: TestKit,
    pub(crate) sip: SipPeers,
    pub(crate) dice: Dice,
    pub(crate) setting: Setting,
    pub(crate) lines: Vec<Line>,
    pub(crate) texts: Texts,
    /// By how much the wall clock has been set back in all, in milliseconds, and how often it was set.
    pub(crate) set_back: i64,
    pub(crate) jumps: u32,
    /// Everybody is on his way out.
    pub(crate) is_ending: bool,
    sabotage: Option<Sabotage>,
    leaving: Leaving,
    processes: u32,
    balance: Option<[i64; 3]>,
}

impl Run {
    pub(crate) fn new(seed: u64, sabotage: Option<Sabotage>) -> Self {
        let mut dice = Dice::new(seed, b's');
        let setting = Setting::draw(&mut dice, sabotage);
        let mut kit = setting.node(seed);
        kit.set_budget(dice.of(&[1, 3, 20, 1_000]));
        kit.set_checkpoint_at(dice.of(&[500, 5_000, 50_000, 1_000_000]));
        kit.set_sync_time(dice.millis(20));
        kit.set_link(dice.link());
        let watched = sabotage != Some(Sabotage::LyingDiskUnwatched);
        let promises = Promises {
            calls: setting.calls == Durability::Strict && watched,
            texts: setting.texts == Durability::Strict && watched,
        };
        let leaving = Leaving::watch(&kit, promises);
        let mut run = Self {
            sip: kit.sip().patience(Duration::ZERO),
            kit,
            dice,
            setting,
            lines: Vec::new(),
            texts: Texts::default(),
            set_back: 0,
            jumps: 0,
            is_ending: false,
            sabotage,
            leaving,
            processes: 0,
            balance: None,
        };
        run.notice_crash();
        run
    }

    pub(crate) fn now(&self) -> Duration {
        self.kit.ground().elapsed()
    }

    /// Lets time pass, from one thing that happens to the next; after each, everybody reacts and everything is checked.
    pub(crate) fn pass(&mut self, time: Duration) -> Checked {
        let end = self.now() + time;
        loop {
            self.revive();
            let next = self.sip.tend().unwrap_or(Duration::MAX);
            self.react()?;
            self.check()?;
            let left = end.saturating_sub(self.now());
            if left.is_zero() {
                return Ok(());
            }
            self.kit.step(next.min(left).max(millis(1)));
        }
    }

    /// A node whose store has failed is started again.
    fn revive(&mut self) {
        if !self.kit.has_ended() {
            return;
        }
        if self.dice.coin() {
            self.kit.crash_losing_unsynced();
        } else {
            let down = self.dice.millis(2_000);
            self.kit.crash_and_restart_after(down);
        }
    }

    /// What the end of a process changes: its counters, and what those may expect that were promised nothing beyond it.
    fn notice_crash(&mut self) {
        if self.kit.processes() == self.processes {
            return;
        }
        self.processes = self.kit.processes();
        self.balance = None;
        if self.setting.calls != Durability::Strict {
            self.lines.iter_mut().for_each(Line::excuse);
        }
        if self.setting.texts != Durability::Strict {
            self.texts.forget();
        }
        if matches!(
            self.sabotage,
            Some(Sabotage::LyingDisk | Sabotage::LyingDiskUnwatched)
        ) {
            self.kit.set_faults(Faults {
                lies: true,
                ..Faults::default()
            });
        }
    }

    fn react(&mut self) -> Checked {
        self.notice_crash();
        let now = self.now();
        for n in 0..self.lines.len() {
            let found = self.lines[n].react(&self.sip, now, &mut self.dice, self.is_ending);
            let has_crashed = self.kit.processes() != self.processes;
            if has_crashed {
                self.notice_crash();
            }
            // What came of a crash within this reaction may be what was to be expected.
            if !has_crashed || self.setting.calls == Durability::Strict {
                found?;
            }
        }
        self.texts.react(&self.sip)?;
        self.notice_crash();
        Ok(())
    }

    /// Everything that must hold now.
    fn check(&mut self) -> Checked {
        self.leaving.check()?;
        let Some(holdings) = self.kit.inspect(Holdings::of) else {
            return Ok(());
        };
        holdings.check()?;
        let balance = holdings.balance();
        let before = *self.balance.get_or_insert(balance);
        if balance != before {
            return Err(format!(
                "counters have lost their balance: {before:?}, then {balance:?}"
            ));
        }
        let timers = holdings.timers.iter().filter(|timer| ledger::is_due(timer));
        let (ledgers, carbons) = (self.kit.states::<Ledger>(), self.kit.states::<Carbon>());
        self.texts
            .check((&ledgers, &carbons), timers.count(), self.is_ending)
    }

    /// Somebody sets the wall clock, forward or back.
    pub(crate) fn set_clock(&mut self, ms: i64) {
        self.leaving.clock_was_set();
        if ms > 60_000 {
            // Calls may seem to have lasted long enough.
            self.lines.iter_mut().for_each(Line::excuse);
        }
        self.kit.jump_clock(ms);
    }

    /// Whether no process has ended so far.
    pub(crate) const fn is_first_process(&self) -> bool {
        self.processes == 1
    }

    /// How many processes there were.
    pub(crate) const fn processes(&self) -> u32 {
        self.processes
    }

    // ---- the end

    /// Everything works again, everybody hangs up, and nothing may be left.
    pub(crate) fn end(&mut self) -> Checked {
        self.kit.call_off_crashes();
        self.kit.set_faults(Faults::default());
        self.kit.set_link(Link::default());
        self.kit.set_sync_time(millis(1));
        // What waits for a time of day is not to wait for hours.
        self.set_clock(self.set_back);
        self.pass(secs(40))?;
        self.is_ending = true;
        for line in &mut self.lines {
            let now = self.kit.ground().elapsed();
            let is_callers = line.caller.is_there();
            line.phones()
                .take(if is_callers { 1 } else { 9 })
                .for_each(|phone| phone.leave(now));
        }
        self.pass(secs(75))?;
        let kept = self.setting.calls == Durability::Strict || self.is_first_process();
        if let Some(what) = self.lines.iter().find_map(Line::leftover).filter(|_| kept) {
            return Err(what);
        }
        for line in &mut self.lines {
            let now = self.kit.ground().elapsed();
            line.phones().for_each(|phone| phone.leave(now));
        }
        while !self.texts.is_closed() {
            self.texts.close(&self.sip);
            self.pass(secs(35))?;
        }
        self.pass(LONGEST + minutes(8))?;
        self.texts
            .check_wakes(self.is_first_process() && self.jumps == 0)?;
        self.check_nothing_is_left()
    }

    fn check_nothing_is_left(&self) -> Checked {
        let counts = self.kit.counts();
        let left = [
            (counts.activities, "activities"),
            (counts.entities, "entities"),
            (counts.timers, "timers"),
            (counts.events, "events"),
            (counts.names, "names"),
            (counts.outputs, "outputs"),
        ];
        let Some((count, what)) = left.iter().find(|(count, _)| *count > 0) else {
            return Ok(());
        };
        let holdings = self.kit.inspect(Holdings::of).unwrap_or_default();
        let kinds = holdings
            .activities
            .iter()
            .map(|a| format!("{} {}", a.id, a.kind));
        let sbbs = holdings
            .entities
            .iter()
            .map(|e| format!("{} {}", e.id, e.sbb));
        let all: Vec<_> = kinds.chain(sbbs).collect();
        Err(format!(
            "{count} {what} are left when everybody has gone: {}",
            all.join(", ")
        ))
    }
}
