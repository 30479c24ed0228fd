//! Callers who make calls at a rate all the time, whatever becomes of the node, and end each when it has lasted.

use super::kill::{Bench, phases};
use crate::error::{Result, ensure};
use crate::peer::{Call, Phase};
use std::time::{Duration, Instant};

/// How long what is open at the end may take to end.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// See the module.
pub(super) struct Callers {
    pub(super) bench: Bench,
    rate: u32,
    lasts: Duration,
    /// Since when calls are offered, and how many were due by the last turn.
    begun: Instant,
    due: u128,
    /// Calls that are to end by themselves, and when they were made.
    open: Vec<(String, Instant)>,
}

impl Callers {
    /// `rate` calls a second from now on, each of which lasts so long.
    pub(super) fn new(bench: Bench, rate: u32, lasts: Duration) -> Self {
        Self {
            bench,
            rate,
            lasts,
            begun: Instant::now(),
            due: 0,
            open: Vec::new(),
        }
    }

    /// One turn: a new call where one is due, and the end of each that has lasted long enough.
    pub(super) fn turn(&mut self) {
        let due = self.begun.elapsed().as_millis() * u128::from(self.rate) / 1000;
        // A process that was held up does not make up for it.
        if due > std::mem::replace(&mut self.due, due) {
            let id = self.bench.caller.invite("2000", self.bench.spec.sip);
            self.open.push((id, Instant::now()));
        }
        let caller = &mut self.bench.caller;
        let is_up = |call: Option<&Call>| call.is_some_and(|call| call.phase == Phase::Up);
        let (over, open) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|(id, since)| since.elapsed() >= self.lasts && is_up(caller.calls.get(id)));
        self.open = open;
        for (id, _) in over {
            caller.bye(&id);
        }
        self.bench.poll();
    }

    pub(super) fn offer(&mut self, long: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < long {
            self.turn();
        }
    }

    /// Ends all that is up; nobody may have lost a call that was acknowledged. How many were.
    pub(super) fn end_all(&mut self) -> Result<usize> {
        let bench = &mut self.bench;
        let settled = bench.until(SETTLED_WITHIN, |b| b.caller.count(Phase::Calling) == 0);
        ensure(settled, || {
            let calls = bench.caller.calls.iter();
            let open = calls.filter(|(_, call)| call.phase == Phase::Calling);
            let open = open.map(|(id, _)| id.as_str()).collect::<Vec<_>>();
            format!(
                "calls neither come up nor are refused: {}; callee: {}",
                open.join(", "),
                phases(&bench.callee)
            )
        })?;
        bench.hang_up()?;
        let calls = || bench.caller.calls.values().filter(|call| call.was_up());
        let lost = calls().filter(|call| call.phase != Phase::Ended).count();
        ensure(lost == 0, || {
            format!(
                "of {} calls that were up {lost} have not ended: {}",
                calls().count(),
                phases(&bench.caller)
            )
        })?;
        Ok(calls().count())
    }
}
