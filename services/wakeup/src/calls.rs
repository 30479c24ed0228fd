//! The calls of a subscriber: ordered, listed, cancelled, tried.

use std::time::Duration;

use strowger::civil::Civil;
use strowger::prelude::*;
use strowger::time::Wall;

use crate::order::{Clock, Day, Order, read};
use crate::subscriber::Attempt;
use crate::{Ring, Settings, Wakeup, Zone, answers};

/// Seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) i64);

impl Moment {
    pub(crate) fn of(wall: Wall) -> Self {
        Self(i64::try_from(wall.0 / 1_000).unwrap_or(i64::MAX))
    }

    fn wall(self) -> Wall {
        Wall(
            u64::try_from(self.0)
                .unwrap_or_default()
                .saturating_mul(1_000),
        )
    }
}

/// When a try that failed in here is made again.
const LATER: Duration = minutes(1);

/// A call that is ordered.
#[derive(Debug, State)]
pub struct Call {
    /// When, in seconds since 1970.
    at: i64,
    /// That it is time, or after the first try that it is time for the next.
    timer: TimerId,
    tries: u8,
    /// The last try, until it is known what came of it.
    attempt: Option<Attempt>,
}

impl Wakeup {
    /// Does what a text says, and says what it did.
    pub(crate) fn obey(&mut self, cx: &mut Cx, text: &str, conf: &Settings) -> Result<String> {
        let (zone, now) = (&conf.time_zone, Moment::of(cx.now().wall));
        let at = match read(text) {
            None => return Ok(answers::HELP.to_owned()),
            Some(Order::List) => return Ok(answers::list(zone, now, &self.moments())),
            Some(Order::Cancel(which)) => return self.cancel(cx, conf, which),
            Some(Order::In(time)) => match i64::try_from(time.as_secs()) {
                Ok(seconds) => Moment(now.0.saturating_add(seconds)),
                Err(_) => return Ok(answers::too_far(conf.ahead_max)),
            },
            Some(Order::At(day, clock)) => match moment(zone, now, day, clock) {
                Some(at) => at,
                None => return Ok(answers::over(clock)),
            },
        };
        let ahead = Duration::from_secs(u64::try_from(at.0 - now.0).unwrap_or_default());
        if ahead > conf.ahead_max {
            return Ok(answers::too_far(conf.ahead_max));
        }
        if !self.calls.iter().any(|call| call.at == at.0) {
            if self.calls.len() >= usize::from(conf.calls_max) {
                return Ok(answers::too_many(self.calls.len()));
            }
            self.order(cx, at)?;
        }
        Ok(answers::ordered(zone, now, at))
    }

    /// The time that a call was ordered for, if it is to be tried now; one that was tried often enough is forgotten.
    pub(crate) fn due(&mut self, cx: &Cx, timer: TimerId, conf: &Settings) -> Option<Moment> {
        let (tries, now) = (conf.tries.max(1), Moment::of(cx.now().wall));
        self.calls
            .retain(|call| call.timer != timer || call.tries < tries || now.0 < call.at);
        let call = self.calls.iter().find(|call| call.timer == timer)?;
        Some(Moment(call.at))
    }

    /// A call has been tried: it is tried again unless something good comes of it.
    pub(crate) fn tried(
        &mut self,
        cx: &mut Cx,
        timer: TimerId,
        attempt: Option<Attempt>,
        conf: &Settings,
    ) {
        let Some(home) = self.home else {
            return;
        };
        for call in self.calls.iter_mut().filter(|call| call.timer == timer) {
            call.tries = call.tries.saturating_add(1);
            call.attempt = attempt;
            call.timer = cx.timer(home, conf.retry, Ring);
        }
    }

    /// Calls whose time has come get a new timer, whatever became of the old one.
    pub(crate) fn try_later(&mut self, cx: &mut Cx) {
        let (home, now) = (self.home, Moment::of(cx.now().wall));
        for call in self.calls.iter_mut().filter(|call| call.at <= now.0) {
            if let Some(home) = home {
                cx.cancel(call.timer);
                call.timer = cx.timer(home, LATER, Ring);
            }
        }
    }

    /// Something came of a try.
    pub(crate) fn came_of(&mut self, cx: &mut Cx, attempt: Attempt, is_good: bool) {
        let Some(n) = self
            .calls
            .iter()
            .position(|call| call.attempt == Some(attempt))
        else {
            return;
        };
        if is_good {
            cx.cancel(self.calls.remove(n).timer);
        } else {
            self.calls[n].attempt = None;
        }
    }

    /// Without calls nothing is left to be kept.
    pub(crate) fn rest(&mut self, cx: &mut Cx) -> Result {
        if let Some(home) = self.home.filter(|_| self.calls.is_empty()) {
            cx.end(home)?;
            self.home = None;
        }
        Ok(())
    }

    fn order(&mut self, cx: &mut Cx, at: Moment) -> Result {
        let home = match self.home {
            Some(home) => home,
            None => {
                let home = cx.null_activity()?;
                cx.attach(home);
                *self.home.insert(home)
            }
        };
        let timer = cx.timer_with(home, TimerOptions::once(at.wall()), &Ring)?;
        self.calls.push(Call {
            at: at.0,
            timer,
            tries: 0,
            attempt: None,
        });
        self.calls.sort_by_key(|call| call.at);
        Ok(())
    }

    fn cancel(&mut self, cx: &mut Cx, conf: &Settings, which: Option<Clock>) -> Result<String> {
        let zone = &conf.time_zone;
        let is_meant = |call: &Call| {
            let local = zone.local(call.at);
            which.is_none_or(|clock| (clock.hour, clock.minute) == (local.hour, local.minute))
        };
        let gone: Vec<_> = self.calls.extract_if(.., |call| is_meant(call)).collect();
        for call in &gone {
            cx.cancel(call.timer);
        }
        self.rest(cx)?;
        let moments: Vec<_> = gone.iter().map(|call| Moment(call.at)).collect();
        Ok(answers::cancelled(
            zone,
            Moment::of(cx.now().wall),
            &moments,
        ))
    }

    fn moments(&self) -> Vec<Moment> {
        self.calls.iter().map(|call| Moment(call.at)).collect()
    }
}

/// When it is that time of day; `None` if it is over.
fn moment(zone: &Zone, now: Moment, day: Day, clock: Clock) -> Option<Moment> {
    let at = |days: i64| {
        let midnight = Civil {
            hour: 0,
            minute: 0,
            second: 0,
            ..zone.local(now.0)
        };
        let date = Civil::of(midnight.unix() + days * 86_400);
        Moment(zone.unix(Civil {
            hour: clock.hour,
            minute: clock.minute,
            ..date
        }))
    };
    match day {
        Day::Today => Some(at(0)).filter(|at| *at > now),
        Day::Tomorrow => Some(at(1)),
        Day::Next => Some(at(0)).filter(|at| *at > now).or_else(|| Some(at(1))),
    }
}
