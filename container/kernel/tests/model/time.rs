//! The model's clock: ends of suspensions, and timers (R-TM). What is due at one instant is ordered by id, as the kernel
//! does.

use super::model::Model;
use super::script::Keep;
use super::sut::Sut;
use super::world::{Activity, Type};

/// Expired timers of one activity whose activity can still be asked for.
const EXPIRED: usize = 4;

impl Model {
    /// Suspensions by their end.
    pub(crate) fn held(&self) -> Vec<(u64, usize)> {
        let held = |(id, a): (&usize, &Activity)| {
            a.queue
                .front()
                .and_then(|e| e.held)
                .map(|until| (until, *id))
        };
        self.world.activities.iter().filter_map(held).collect()
    }
    /// The running timer that expires next.
    pub(crate) fn due(&self) -> Option<(u64, usize)> {
        let running = self.world.timers.iter().filter(|(_, t)| !t.expired);
        running
            .map(|(id, t)| (t.next, *id))
            .min_by_key(|(next, id)| (*next, Sut::raw_timer(*id)))
    }

    pub(crate) fn time_out(&mut self) {
        let mut held = self.held();
        held.retain(|(until, _)| *until <= self.now);
        held.sort_by_key(|(until, id)| (*until, Sut::raw_activity(*id)));
        for (_, activity) in held {
            if let Some(a) = self.world.activities.get_mut(&activity)
                && let Some(first) = a.queue.front_mut()
            {
                first.held = None;
            }
            self.world.ready.push_back(activity);
        }
        while let Some((next, timer)) = self.due()
            && next <= self.now
        {
            self.expire(timer);
        }
    }

    /// Fires one occurrence of a timer, after those were dropped that its policy does not keep (R-TM-05, R-TM-06).
    fn expire(&mut self, id: usize) {
        let now = self.now;
        let Some(timer) = self.world.timers.get_mut(&id) else {
            return;
        };
        while match timer.keep {
            Keep::None => timer.is_late(now),
            Keep::Last => timer.is_late(now) && timer.is_next_late(now),
            Keep::All => false,
        } {
            timer.missed += 1;
            timer.pass();
        }
        let activity = timer.activity;
        let ending = self
            .world
            .activities
            .get(&activity)
            .is_none_or(|a| a.ending);
        if ending && timer.remaining() > 0 && timer.next <= now {
            timer.passed = timer.times.max(1);
            timer.times = timer.times.max(1);
        } else if timer.remaining() > 0 && timer.next <= now {
            let left = if timer.times == 0 {
                u32::MAX
            } else {
                timer.remaining() - 1
            };
            let expiry = (id, timer.next, now, left, timer.missed);
            let program = timer.program;
            timer.missed = 0;
            timer.pass();
            let mut event = self.new_event(Type::Timer, program);
            event.expiry = Some(expiry);
            self.world.enqueue(activity, event);
        }
        let over = self
            .world
            .timers
            .get(&id)
            .is_some_and(|t| t.remaining() == 0);
        if over {
            self.end_timer(id, activity);
        }
    }

    /// The last occurrence is over: only its activity can be asked for, while few have expired since (R-TM-09).
    fn end_timer(&mut self, id: usize, activity: usize) {
        if let Some(timer) = self.world.timers.get_mut(&id) {
            timer.expired = true;
        }
        if let Some(a) = self.world.activities.get_mut(&activity) {
            a.expired.push_back(id);
            if a.expired.len() > EXPIRED
                && let Some(oldest) = a.expired.pop_front()
            {
                self.world.timers.remove(&oldest);
            }
        }
        self.world.check_later(activity);
    }
}
