//! What must hold of a shard whenever it has come to rest, whatever happened before.

use std::collections::{BTreeMap, BTreeSet};

use strowger::activity::{Activity, NullActivity};
use strowger::id::{ActivityId, EntityId};
use strowger_testkit::{ActivityInfo, Counts, EntityInfo, Metrics, Shard, TimerInfo};

/// Everything that a shard holds.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// How much there is, by the shard's own count.
    pub counts: Counts,
    /// What it has counted since its process began.
    pub metrics: Metrics,
    /// Activities.
    pub activities: Vec<ActivityInfo>,
    /// Entities.
    pub entities: Vec<EntityInfo>,
    /// Timers.
    pub timers: Vec<TimerInfo>,
    /// Names with their activities.
    pub names: Vec<(String, ActivityId)>,
}

impl Holdings {
    /// What a shard holds now.
    #[must_use]
    pub fn of(shard: &Shard) -> Self {
        let names = shard.names().map(|(name, id)| (name.to_owned(), id));
        Self {
            counts: shard.counts(),
            metrics: *shard.metrics(),
            activities: shard.activities().collect(),
            entities: shard.entities().collect(),
            timers: shard.timers().collect(),
            names: names.collect(),
        }
    }

    /// What does not hold, in words.
    ///
    /// # Errors
    /// The first thing that does not.
    pub fn check(&self) -> Result<(), String> {
        self.check_ends()?;
        self.check_timers_and_names()?;
        self.check_orphans()?;
        self.check_rest()
    }

    /// Attachments and families are known at both ends.
    fn check_ends(&self) -> Result<(), String> {
        let activities: BTreeMap<_, _> = self.activities.iter().map(|a| (a.id, a)).collect();
        let entities: BTreeMap<_, _> = self.entities.iter().map(|e| (e.id, e)).collect();
        for entity in &self.entities {
            for id in &entity.activities {
                let other = activities.get(id).map(|activity| &activity.attached);
                if !other.is_some_and(|attached| attached.contains(&entity.id)) {
                    return Err(format!(
                        "{} is attached to {id}, which does not know it",
                        entity.id
                    ));
                }
            }
            for id in &entity.children {
                if entities.get(id).and_then(|child| child.parent) != Some(entity.id) {
                    return Err(format!(
                        "{} has a child {id}, which does not know it",
                        entity.id
                    ));
                }
            }
            if let Some(id) = entity.parent
                && !entities
                    .get(&id)
                    .is_some_and(|parent| parent.children.contains(&entity.id))
            {
                return Err(format!(
                    "{} has a parent {id}, which does not know it",
                    entity.id
                ));
            }
        }
        for activity in &self.activities {
            for id in &activity.attached {
                let other = entities.get(id).map(|entity| &entity.activities);
                if !other.is_some_and(|activities| activities.contains(&activity.id)) {
                    return Err(format!(
                        "{} has {id} attached, which does not know it",
                        activity.id
                    ));
                }
            }
        }
        Ok(())
    }

    /// Each timer and each name is its activity's, and there once.
    fn check_timers_and_names(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        let activity = |id| self.activities.iter().find(|activity| activity.id == id);
        for timer in &self.timers {
            if !seen.insert(timer.id) {
                return Err(format!("{} is there twice", timer.id));
            }
            if !activity(timer.activity).is_some_and(|a| a.timers.contains(&timer.id)) {
                return Err(format!(
                    "{} is an orphan: {} does not know it",
                    timer.id, timer.activity
                ));
            }
        }
        for (name, id) in &self.names {
            if !activity(*id).is_some_and(|activity| activity.names.contains(name)) {
                return Err(format!(
                    "the name `{name}` is an orphan: {id} does not know it"
                ));
            }
        }
        let of_activities: usize = self.activities.iter().map(|a| a.timers.len()).sum();
        match of_activities == self.timers.len() {
            true => Ok(()),
            false => Err(format!(
                "activities know {of_activities} timers, there are {}",
                self.timers.len()
            )),
        }
    }

    /// No tree of entities without an activity, and no null activity without a reason to be there.
    fn check_orphans(&self) -> Result<(), String> {
        let roots = self
            .entities
            .iter()
            .filter(|entity| entity.parent.is_none());
        for root in roots {
            if !self.is_attached(root.id) {
                return Err(format!(
                    "{} ({}) is an orphan: it is attached to nothing",
                    root.id, root.sbb
                ));
            }
        }
        let null = |a: &&ActivityInfo| a.kind == NullActivity::TYPE;
        for activity in self.activities.iter().filter(null) {
            if activity.attached.is_empty() && activity.names.is_empty() {
                return Err(format!(
                    "{} is an orphan: nobody is attached, nothing names it",
                    activity.id
                ));
            }
        }
        Ok(())
    }

    fn is_attached(&self, root: EntityId) -> bool {
        let entity = self.entities.iter().find(|entity| entity.id == root);
        entity.is_some_and(|entity| {
            !entity.activities.is_empty()
                || entity.children.iter().any(|child| self.is_attached(*child))
        })
    }

    /// Nothing waits that could go on, and what is counted is what is there.
    fn check_rest(&self) -> Result<(), String> {
        let Counts {
            events, suspended, ..
        } = self.counts;
        if events != suspended {
            return Err(format!(
                "{events} events wait, of which {suspended} are suspended"
            ));
        }
        if let Some(activity) = self.activities.iter().find(|activity| activity.ending) {
            return Err(format!("{} is still ending", activity.id));
        }
        for (what, counted, there) in [
            (
                "activities",
                self.counts.activities + self.counts.service_activities,
                self.activities.len(),
            ),
            ("entities", self.counts.entities, self.entities.len()),
            ("timers", self.counts.timers, self.timers.len()),
            ("names", self.counts.names, self.names.len()),
        ] {
            if u32::try_from(there) != Ok(counted) {
                return Err(format!("{counted} {what} are counted, {there} are there"));
            }
        }
        let m = &self.metrics;
        if m.deliveries > m.commits + m.rollbacks {
            return Err(format!(
                "{} deliveries, {} commits, {} rollbacks",
                m.deliveries, m.commits, m.rollbacks
            ));
        }
        Ok(())
    }

    /// What began and did not end, by the counters, beyond what there is: the same all the life of a process.
    #[must_use]
    pub fn balance(&self) -> [i64; 3] {
        let m = &self.metrics;
        let open = |began: u64, ended: u64, there: u32| {
            began.cast_signed() - ended.cast_signed() - i64::from(there)
        };
        [
            open(
                m.activities_started,
                m.activities_ended,
                self.counts.activities + self.counts.service_activities,
            ),
            open(m.entities_created, m.entities_removed, self.counts.entities),
            open(m.events, m.events_done, self.counts.events),
        ]
    }
}

#[cfg(test)]
mod tests;
