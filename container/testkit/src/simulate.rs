//! What a simulation needs beside what tests need: a look at everything after every step, and faults at any point.
//!
//! Its methods are for tests of the container itself; those of services get by with the others.

use crate::kit::TestKit;
use crate::world::Watch;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;
use strowger::service::ServiceDef;
use strowger_journal::MemoryStore;
use strowger_journal::memory::Crash;
use strowger_kernel::{Durability, ServiceOptions, Shard};

impl TestKit {
    /// A service in a class of its own, with settings of its own type.
    #[must_use]
    pub fn service_in<T: Any + Send + Sync>(
        self,
        durability: Durability,
        def: ServiceDef,
        settings: T,
    ) -> Self {
        let mut options = ServiceOptions::new(def.component.name, &def);
        options.settings = Arc::new(settings);
        options.durability = durability;
        self.unstarted().plan.services.push((def, options));
        self
    }

    /// Goes on to the next moment at which something happens, at most so far; whether there was one.
    #[track_caller]
    pub fn step(&mut self, most: Duration) -> bool {
        let result = self.started().step(most);
        self.check(result)
    }

    /// Somebody sets the wall clock forward, or back, by so many milliseconds.
    #[track_caller]
    pub fn jump_clock(&mut self, ms: i64) {
        let result = {
            let mut world = self.started();
            let instant = world.clock.instant();
            let note = format!("the wall clock is set by {ms} ms");
            world.net.ladder.note(instant, &note);
            world.clock.jump(ms);
            world.settle()
        };
        self.check(result);
    }

    /// Ends the process after so many more points, and starts another at once. There is a point after each input, each round of
    /// deliveries, each group that goes to the writer, each write, each sync, and each message that leaves.
    pub fn crash_at_point(&mut self, points: u32, how: Crash) {
        self.started().crash_at_point(points, how);
    }

    /// Ends the process at a moment to come, whatever is going on then, and starts another at once.
    pub fn crash_in(&mut self, time: Duration, how: Crash) {
        self.started().crash_later(time, how);
    }

    /// No end of the process that was to come comes.
    pub fn call_off_crashes(&mut self) {
        self.started().call_off_crashes();
    }

    /// At most so many deliveries go into one commit. A node's number is large; a small one lets crashes come in between.
    pub fn set_budget(&mut self, deliveries: usize) {
        self.world.borrow_mut().budget = deliveries.max(1);
    }

    /// The store makes a checkpoint whenever so many bytes of journal are durable.
    pub fn set_checkpoint_at(&mut self, bytes: usize) {
        self.world.borrow_mut().disk.set_checkpoint_at(bytes);
    }

    /// How many processes were started.
    #[must_use]
    pub fn processes(&self) -> u32 {
        self.world.borrow().processes
    }

    /// Shows each message that leaves the node, at the moment that it leaves, together with the store as it is then.
    pub fn watch_leaving(&self, watch: impl FnMut(&[u8], &MemoryStore) + 'static) {
        let watch: Watch = Box::new(watch);
        self.world.borrow_mut().watch.0 = Some(watch);
    }

    /// What is to be seen of the shard; `None` when its process has ended.
    #[track_caller]
    pub fn inspect<R>(&self, look: impl FnOnce(&Shard) -> R) -> Option<R> {
        self.look(look)
    }
}
