//! Timers: set on an activity, in the order of their next expiry, fired as events (R-TM).
//!
//! A timer counts wall time, because it must mean the same after a restart. An occurrence is late when it cannot be
//! fired by its schedule plus the timer's timeout; what becomes of late ones is the timer's `preserve_missed`.

use crate::kernel::Kernel;
use crate::registry::EventIx;
use crate::transaction::Undo;
use std::time::Duration;
use strowger::OpError;
use strowger::address::Address;
use strowger::event::AnyEvent;
use strowger::id::{ActivityId, TimerId};
use strowger::time::{Now, Wall};
use strowger::timer::{Expiry, PreserveMissed, TimerOptions};

/// Expired timers whose activity can still be asked for (R-TM-09), per activity.
const EXPIRED: usize = 4;

/// A timer whose event is fired more than this after its time is counted as late.
const LATE: Duration = Duration::from_millis(100);

/// After a full queue refused a timer's event: when to try again.
const RETRY: Duration = Duration::from_millis(10);

/// Timers that fire in one turn.
const DUE: usize = 4_096;

/// A timer.
#[derive(Debug)]
pub(crate) struct Timer {
    pub(crate) activity: ActivityId,
    pub(crate) kind: EventIx,
    pub(crate) preserve: PreserveMissed,
    /// Kept for its id only.
    pub(crate) expired: bool,
    /// Set in the past: its first occurrence is never late (R-TM-03).
    pub(crate) at_once: bool,
    pub(crate) written: bool,
    pub(crate) dirty: bool,
    pub(crate) tag: Box<[u8]>,
    /// Schedule of the next occurrence.
    pub(crate) next: Wall,
    /// Where it stands in the order of expiries.
    pub(crate) armed: Wall,
    /// Occurrences that are over.
    pub(crate) passed: u32,
    /// Occurrences dropped since the last event.
    pub(crate) missed: u32,
    /// Milliseconds.
    pub(crate) timeout: u64,
    pub(crate) rare: Option<Box<Rare>>,
}

/// What few timers have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rare {
    /// Milliseconds; 0 for a one-shot timer.
    pub(crate) period: u64,
    /// As set; 0 means for ever.
    pub(crate) repetitions: u32,
    pub(crate) address: Option<Address>,
}

/// What a one-shot timer without an address has.
static USUAL: Rare = Rare {
    period: 0,
    repetitions: 1,
    address: None,
};

impl Rare {
    /// To be kept, unless it is as usual.
    pub(crate) fn kept(self) -> Option<Box<Self>> {
        (self != USUAL).then(|| Box::new(self))
    }
}

impl Timer {
    pub(crate) fn rare(&self) -> &Rare {
        self.rare.as_deref().unwrap_or(&USUAL)
    }
    /// Occurrences to come.
    pub(crate) fn remaining(&self) -> u32 {
        match self.rare().repetitions {
            0 => u32::MAX,
            n => n.saturating_sub(self.passed),
        }
    }
    /// How many of the occurrences to come are late at `now`.
    fn late(&self, now: Wall) -> u32 {
        let lateness = now.0.saturating_sub(self.next.0);
        if self.at_once || lateness <= self.timeout {
            return 0;
        }
        let more = (lateness - self.timeout - 1)
            .checked_div(self.rare().period)
            .unwrap_or(0);
        u32::try_from(more.saturating_add(1))
            .unwrap_or(u32::MAX)
            .min(self.remaining())
    }
    /// Passes `n` occurrences.
    fn pass(&mut self, n: u32) {
        self.passed = self.passed.saturating_add(n);
        let time = self.rare().period.saturating_mul(u64::from(n));
        self.next = Wall(self.next.0.saturating_add(time));
        self.at_once = false;
    }
    /// Drops the late occurrences that its policy does not keep, and gives their number.
    fn skip(&mut self, now: Wall) -> u32 {
        let late = self.late(now);
        let dropped = match self.preserve {
            PreserveMissed::All => 0,
            PreserveMissed::None => late,
            PreserveMissed::Last => late.saturating_sub(1),
        };
        self.missed = self.missed.saturating_add(dropped);
        self.pass_if(dropped);
        dropped
    }
    fn pass_if(&mut self, n: u32) {
        if n > 0 {
            self.pass(n);
        }
    }
    fn event_bytes(&self, id: TimerId, actual: Wall) -> Option<Vec<u8>> {
        let &Rare {
            period,
            repetitions,
            ..
        } = self.rare();
        let expiry = Expiry {
            id,
            scheduled: self.next,
            actual,
            period: (period > 0).then(|| Duration::from_millis(period)),
            repetitions,
            remaining: if repetitions == 0 {
                u32::MAX
            } else {
                self.remaining() - 1
            },
            missed: self.missed,
        };
        postcard::to_extend(&expiry, self.tag.to_vec()).ok()
    }
}

impl Kernel {
    pub(crate) fn set_timer_on(
        &mut self,
        activity: ActivityId,
        kind: EventIx,
        tag: &[u8],
        options: TimerOptions,
    ) -> Result<TimerId, OpError> {
        if self.live(activity)?.ending {
            return Err(OpError::Ending(activity));
        }
        let period = match options.period {
            None => 0,
            Some(p) => u64::try_from(p.as_millis()).unwrap_or(u64::MAX),
        };
        if options.period.is_some() && period == 0 {
            return Err(OpError::InvalidArgument("period"));
        }
        if period > 0 && options.timeout > Duration::from_millis(period) {
            return Err(OpError::InvalidArgument("timeout above period"));
        }
        if self.timers.len() >= self.limits.timers
            || self.tx.effects() >= self.limits.effects as usize
        {
            return Err(self.limited("timers"));
        }
        let timeout = if options.timeout.is_zero() {
            self.defaults.timer_timeout
        } else {
            options.timeout
        };
        let timeout = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let rare = Rare {
            period,
            repetitions: if period == 0 { 1 } else { options.repetitions },
            address: options.address,
        };
        let timer = Timer {
            activity,
            kind,
            preserve: options.preserve_missed,
            expired: false,
            at_once: period == 0 && options.first < self.now.wall,
            written: false,
            dirty: false,
            tag: Box::from(tag),
            next: options.first,
            armed: options.first,
            passed: 0,
            missed: 0,
            timeout: if period > 0 {
                timeout.min(period)
            } else {
                timeout
            },
            rare: rare.kept(),
        };
        let Some(id) = self.timers.insert(activity.slot(), timer) else {
            return Err(self.limited("timers"));
        };
        self.arm(id);
        self.refer(activity);
        self.tx.undo.push(Undo::TimerSet(id));
        self.tx.timers.push(id);
        Ok(id)
    }

    /// Enters a running timer into its activity and into the order of expiries.
    pub(crate) fn arm(&mut self, id: TimerId) {
        let Some(timer) = self.timers.get(id) else {
            return;
        };
        let activity = timer.activity;
        self.due.insert((timer.armed, id));
        self.enter_timer(id, activity);
    }
    /// Enters a running timer into its activity.
    pub(crate) fn enter_timer(&mut self, id: TimerId, activity: ActivityId) {
        if let Some(activity) = self.activities.get_mut(activity) {
            activity.timers.push(id);
            activity.running += 1;
        }
    }
    /// The reverse of `arm`.
    fn disarm(&mut self, id: TimerId, armed: Wall, activity: ActivityId) {
        self.due.remove(&(armed, id));
        if let Some(activity) = self.activities.get_mut(activity) {
            activity.timers.retain(|t| *t != id);
            activity.running = activity.running.saturating_sub(1);
        }
    }
    /// Undoes the setting of a timer.
    pub(crate) fn drop_timer(&mut self, id: TimerId) {
        if let Some(timer) = self.timers.remove(id) {
            self.disarm(id, timer.armed, timer.activity);
        }
    }
    /// Undoes its cancellation.
    pub(crate) fn put_back_timer(&mut self, id: TimerId, timer: Timer) {
        self.timers.put_back(id, timer);
        self.arm(id);
    }
    pub(crate) fn cancel(&mut self, id: TimerId) {
        if self.timers.get(id).is_none_or(|t| t.expired) {
            return;
        }
        let Some(timer) = self.timers.take(id) else {
            return;
        };
        self.disarm(id, timer.armed, timer.activity);
        self.tx.checks.push(timer.activity);
        self.tx.undo.push(Undo::TimerCancelled(id, Box::new(timer)));
    }
    /// Removes all timers of an activity that is gone.
    pub(crate) fn drop_timers(&mut self, timers: &[TimerId]) {
        for id in timers {
            if let Some(timer) = self.timers.remove(*id) {
                self.due.remove(&(timer.armed, *id));
                if timer.written && !timer.expired {
                    self.remove_timer_record(*id, timer.activity);
                }
            }
        }
    }

    /// Fires what is due, up to a number: after an outage everything may be, and a turn's commit holds it all.
    pub(crate) fn expire_timers(&mut self, now: Now) {
        for _ in 0..DUE {
            if self.due.first().is_none_or(|(armed, _)| *armed > now.wall) {
                return;
            }
            if let Some((_, id)) = self.due.pop_first() {
                self.expire(id, now.wall);
            }
        }
    }

    fn expire(&mut self, id: TimerId, now: Wall) {
        let Some(timer) = self.timers.get_mut(id) else {
            return;
        };
        let dropped = timer.skip(now);
        self.metrics.timers_missed += u64::from(dropped);
        if timer.remaining() > 0 && timer.next <= now {
            match self.fire_timer(id, now) {
                Ok(()) => {}
                Err(OpError::Limit(_)) => return self.rearm(id, now + RETRY),
                Err(_) => return self.end_timer(id),
            }
        }
        let Some(timer) = self.timers.get(id) else {
            return;
        };
        if timer.remaining() == 0 {
            self.end_timer(id);
        } else {
            let next = timer.next;
            self.rearm(id, next);
            self.mark_timer(id);
        }
    }

    fn rearm(&mut self, id: TimerId, at: Wall) {
        if let Some(timer) = self.timers.get_mut(id) {
            timer.armed = at;
            self.due.insert((at, id));
        }
    }

    fn fire_timer(&mut self, id: TimerId, now: Wall) -> Result<(), OpError> {
        let Some(timer) = self.timers.get(id) else {
            return Ok(());
        };
        let (activity, kind) = (timer.activity, timer.kind);
        let address = timer.rare().address.clone().map(Box::new);
        let late = now - timer.next > LATE;
        let bytes = timer.event_bytes(id, now);
        self.queue_takes(activity, kind)?;
        let decode = self.registry.event_decl(kind).map(|d| d.decode);
        let event: Option<AnyEvent> = bytes
            .zip(decode)
            .and_then(|(bytes, decode)| decode(&bytes).ok());
        if let Some(event) = event {
            if self.recorder.on {
                self.record_timer_over(activity, id, kind, false);
            }
            let mut queued = self.new_event(activity, kind, event);
            queued.address = address;
            self.enqueue(queued);
            self.metrics.timers_fired += 1;
            self.metrics.timers_late += u64::from(late);
        }
        if let Some(timer) = self.timers.get_mut(id) {
            timer.missed = 0;
            timer.pass(1);
        }
        Ok(())
    }

    /// The last occurrence is over: what is left is the id (R-TM-08, R-TM-09).
    fn end_timer(&mut self, id: TimerId) {
        let Some(timer) = self.timers.get_mut(id) else {
            return;
        };
        timer.expired = true;
        timer.tag = Box::default();
        if let Some(rare) = &mut timer.rare {
            rare.address = None;
        }
        let (id_of, written) = (timer.activity, timer.written);
        if written {
            self.remove_timer_record(id, id_of);
        }
        self.forget_expired(id_of, id);
        self.check_later(id_of);
    }

    /// One more timer of an activity has expired; when there are many, the one that expired first is forgotten.
    fn forget_expired(&mut self, id: ActivityId, timer: TimerId) {
        let Some(activity) = self.activities.get_mut(id) else {
            return;
        };
        activity.running = activity.running.saturating_sub(1);
        activity.timers.retain(|t| *t != timer);
        activity.timers.push(timer);
        if activity.timers.len() - activity.running as usize <= EXPIRED {
            return;
        }
        let expired = |t: &TimerId| self.timers.get(*t).is_some_and(|t| t.expired);
        if let Some(at) = activity.timers.iter().position(expired) {
            let oldest = activity.timers.remove(at);
            self.timers.remove(oldest);
        }
    }
}
