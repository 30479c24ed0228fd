//! The end of a shard: finish what is there within a limit, make the last commits durable, send what waited for them.

use super::{Driver, Phase};
use crate::exit::Exit;
use std::time::Duration;
use strowger::time::{Mono, Now};

/// Longest time for the last bytes to leave.
const FLUSH_TIME: Duration = Duration::from_secs(1);

impl Driver {
    /// Stops; asked a second time, at once.
    pub(super) fn stop(&mut self, now: Now) {
        if self.phase != Phase::Running {
            tracing::info!("told to stop again: the node ends at once");
            self.phase = Phase::Over;
            return;
        }
        let left = self.shard.counts();
        tracing::info!(
            limit = ?self.times.drain_limit,
            activities = left.activities,
            entities = left.entities,
            "stopping: no new work, what is there is finished",
        );
        if let Err(error) = self.shard.stop(now) {
            tracing::warn!(%error, "the shard cannot be stopped in order");
            self.phase = Phase::Over;
            return;
        }
        self.drivers.drain();
        self.beat.stop();
        self.phase = Phase::Stopping(now.mono + self.times.drain_limit);
    }

    /// Whether the node is to end.
    pub(super) fn is_over(&mut self, now: Mono) -> bool {
        if let Phase::Stopping(until) = self.phase
            && (self.shard.is_quiet() || until <= now)
        {
            self.phase = Phase::Over;
        }
        self.phase == Phase::Over
    }

    /// Ends: everything committed becomes durable, and what waited for that leaves.
    pub(super) fn finish(mut self) -> Exit {
        let left = self.shard.counts();
        let until = self.clock.mono() + FLUSH_TIME * 5;
        self.hand_over();
        while self.held.is_some() && self.clock.mono() < until && !self.inbox.look().store_failed {
            // The writer wakes the shard whenever it has made room.
            self.seen = self.inbox.look();
            if self.inbox.may_sleep(self.seen) && self.net.wait(Some(FLUSH_TIME)).is_err() {
                break;
            }
            self.inbox.awake();
            self.hand_over();
        }
        drop(self.writer.take());
        if self.inbox.look().store_failed {
            tracing::error!("the store failed at the end");
            return Exit::StoreFailed;
        }
        self.shard.durable(self.handle.durable());
        let now = self.clock.now();
        self.carry_out(now);
        self.net.flush();
        let until = now.mono + FLUSH_TIME;
        while !self.net.is_flushed() && self.clock.mono() < until {
            if self.net.wait(Some(until - self.clock.mono())).is_err() {
                break;
            }
            self.net.flush();
        }
        tracing::info!(
            activities = left.activities,
            entities = left.entities,
            timers = left.timers,
            "ended; what is durable of these goes on at the next start",
        );
        Exit::Clean
    }
}
