//! Usage and tracers of a test kit.

use crate::kit::TestKit;
use strowger::tracer::Level;
use strowger::usage::{Reading, SampleReading};
use strowger_kernel::{Threshold, UsageOptions, UsageReading};

impl TestKit {
    // ---- putting it together

    /// A service that was put together before has these named sets of usage parameters.
    ///
    /// # Panics
    /// There is no service of that name.
    #[must_use]
    #[track_caller]
    pub fn usage_sets(self, service: &str, sets: &[&str]) -> Self {
        let sets = sets.iter().map(|set| (*set).to_owned());
        self.plan_usage(service, |usage| usage.sets.extend(sets));
        self
    }
    /// An alarm is raised for what a service that was put together before counts.
    ///
    /// # Panics
    /// There is no service of that name.
    #[must_use]
    #[track_caller]
    pub fn threshold(self, service: &str, threshold: Threshold) -> Self {
        self.plan_usage(service, |usage| usage.thresholds.push(threshold));
        self
    }
    #[track_caller]
    fn plan_usage(&self, service: &str, f: impl FnOnce(&mut UsageOptions)) {
        let mut world = self.unstarted();
        let mut services = world.plan.services.iter_mut();
        match services.find(|(_, options)| options.name == service) {
            Some((_, options)) => f(&mut options.usage),
            None => panic!("there is no service `{service}` that could have usage"),
        }
    }

    // ---- while it runs

    /// A counter of a service, of the first of its SBBs that has one of that name; of the unnamed set where `set` is empty.
    ///
    /// # Panics
    /// There is no such counter.
    #[must_use]
    #[track_caller]
    pub fn usage_counter(&self, service: &str, set: &str, name: &str) -> u64 {
        match self.parameter(service, set, name) {
            Some(Reading::Counter(n)) => n,
            Some(Reading::Sample(_)) | None => {
                panic!("service `{service}` has no counter `{name}` in set `{set}`")
            }
        }
    }
    /// A sample of a service.
    ///
    /// # Panics
    /// There is no such sample.
    #[must_use]
    #[track_caller]
    pub fn usage_sample(&self, service: &str, set: &str, name: &str) -> SampleReading {
        match self.parameter(service, set, name) {
            Some(Reading::Sample(sample)) => sample,
            Some(Reading::Counter(_)) | None => {
                panic!("service `{service}` has no sample `{name}` in set `{set}`")
            }
        }
    }
    #[track_caller]
    fn parameter(&self, service: &str, set: &str, name: &str) -> Option<Reading> {
        let found = |sets: Vec<UsageReading>| {
            let values = sets.into_iter().flat_map(|set| set.values);
            let mut named = values.filter(|(decl, _)| decl.name == name);
            named.next().map(|(_, value)| value)
        };
        let read = self.look(|shard| {
            let service = shard.service(service)?;
            found(shard.usage(service, None, Some(set)))
        });
        read.flatten()
    }

    /// Assigns a level to a tracer, as an operator does: `service.NAME.SBB`, `adaptor.NAME`, or the root, which is the empty
    /// path. A restart forgets it.
    ///
    /// # Panics
    /// It is no path of a tracer.
    #[track_caller]
    pub fn trace_level(&mut self, path: &str, level: Level) {
        let mut world = self.started();
        let shard = world.shard_mut();
        let set = shard.map(|shard| shard.assign_level(path, Some(level)));
        drop(world);
        if let Some(Err(refused)) = set {
            panic!("tracer `{path}`: {refused}");
        }
    }
    /// Messages that tracers let pass so far, `LEVEL PATH: TEXT`.
    #[must_use]
    pub fn traces(&self) -> Vec<String> {
        self.world.borrow().traces.clone()
    }
}
