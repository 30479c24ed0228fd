//! What operators and tests see, and what operators may end.

use crate::activity::Owner;
use crate::adaptor::AdaptorEntity;
use crate::inspect::{
    ActivityGlance, ActivityInfo, Counts, EntityGlance, EntityInfo, Found, TimerInfo, Walk,
};
use crate::kernel::Kernel;
use crate::manage::{ManageError, SleeState};
use std::time::Duration;
use strowger::id::{ActivityId, EntityId, Slot, TimerId};
use strowger::ra::Input;
use strowger::time::{Mono, Now};

impl Kernel {
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            activities: self.activities.len() - self.lasting_activities(),
            service_activities: self.service_activities,
            entities: self.entities.len(),
            timers: self.due.len() as u32,
            events: self.queue.len() as u32,
            suspended: self.holds.len() as u32,
            names: self.names.len() as u32,
            outputs: self.outputs.len() as u32,
            quarantined: self.quarantine.len() as u32,
            profiles: self.profiles.count(),
        }
    }

    pub(crate) fn activity_info(&self, id: ActivityId) -> Option<ActivityInfo> {
        let activity = self.activities.get(id)?;
        let running = |t: &&TimerId| self.timers.get(**t).is_some_and(|t| !t.expired);
        Some(ActivityInfo {
            id,
            kind: self.registry.kind_component(activity.kind)?,
            owner: match activity.owner {
                Owner::Ra(ra) => Some(ra),
                Owner::Null | Owner::Service(_) | Owner::Table => None,
            },
            ending: activity.ending,
            attached: activity.attached.iter().map(|a| a.entity).collect(),
            timers: activity.timers.iter().filter(running).copied().collect(),
            names: activity
                .names()
                .iter()
                .map(|n| String::from(&**n))
                .collect(),
            events: activity.queued,
            age: self.since(activity.created),
            idle: self.since(activity.touched),
        })
    }
    pub(crate) fn entity_info(&self, id: EntityId) -> Option<EntityInfo> {
        let entity = self.entities.get(id)?;
        let (_, sbb) = self.sbb_of(id)?;
        Some(EntityInfo {
            id,
            service: entity.service,
            sbb: sbb.component,
            parent: entity.parent,
            children: entity.children.as_deref().cloned().unwrap_or_default(),
            priority: entity.priority,
            activities: entity.activities.to_vec(),
            state: entity.state.to_vec(),
            age: self.since(entity.created),
        })
    }
    pub(crate) fn timer_info(&self, id: TimerId) -> Option<TimerInfo> {
        let timer = self.timers.get(id).filter(|t| !t.expired)?;
        Some(TimerInfo {
            id,
            activity: timer.activity,
            event: self.registry.event_decl(timer.kind)?.component,
            next: timer.next,
            remaining: timer.remaining(),
        })
    }
    pub(crate) fn walk_activities(
        &self,
        walk: Walk<ActivityId>,
        mut wanted: impl FnMut(&ActivityGlance) -> bool,
    ) -> Found<ActivityInfo, ActivityId> {
        let mut items = Vec::new();
        let next = self.activities.walk(walk.after, walk.places, |id| {
            let glance = self.activity_glance(id).filter(&mut wanted);
            items.extend(glance.and_then(|_| self.activity_info(id)));
            items.len() < walk.limit
        });
        Found { items, next }
    }
    fn activity_glance(&self, id: ActivityId) -> Option<ActivityGlance> {
        let activity = self.activities.get(id)?;
        Some(ActivityGlance {
            kind: self.registry.kind_component(activity.kind)?,
            owner: match activity.owner {
                Owner::Ra(ra) => Some(ra),
                Owner::Null | Owner::Service(_) | Owner::Table => None,
            },
            age: self.since(activity.created),
            idle: self.since(activity.touched),
        })
    }
    pub(crate) fn walk_entities(
        &self,
        walk: Walk<EntityId>,
        mut wanted: impl FnMut(&EntityGlance) -> bool,
    ) -> Found<EntityInfo, EntityId> {
        let mut items = Vec::new();
        let next = self.entities.walk(walk.after, walk.places, |id| {
            let glance = self.entities.get(id).map(|entity| EntityGlance {
                service: entity.service,
                age: self.since(entity.created),
            });
            let glance = glance.filter(&mut wanted);
            items.extend(glance.and_then(|_| self.entity_info(id)));
            items.len() < walk.limit
        });
        Found { items, next }
    }
    pub(crate) fn walk_timers(
        &self,
        walk: Walk<TimerId>,
        mut wanted: impl FnMut(&TimerInfo) -> bool,
    ) -> Found<TimerInfo, TimerId> {
        let mut items = Vec::new();
        let next = self.timers.walk(walk.after, walk.places, |id| {
            items.extend(self.timer_info(id).filter(&mut wanted));
            items.len() < walk.limit
        });
        Found { items, next }
    }
    fn since(&self, seconds: u32) -> Duration {
        Duration::from_secs(u64::from(self.seconds().saturating_sub(seconds)))
    }

    pub(crate) fn administrative_end(
        &mut self,
        now: Now,
        id: ActivityId,
    ) -> Result<(), ManageError> {
        self.now = now;
        let activity = self.activities.get(id).ok_or(ManageError::Unknown)?;
        let (owner, ending) = (activity.owner, activity.ending);
        if ending {
            return Ok(());
        }
        if let Owner::Ra(ra) = owner {
            self.input(ra, Input::AdministrativeRemove(id));
        }
        if self.activities.get(id).is_some_and(|a| !a.ending) {
            self.begin_end(id);
        }
        self.outputs.end_unit();
        Ok(())
    }

    pub(crate) fn administrative_remove(
        &mut self,
        now: Now,
        id: EntityId,
    ) -> Result<(), ManageError> {
        self.now = now;
        if self.entities.get(id).is_none() {
            return Err(ManageError::Unknown);
        }
        for forced in [false, true] {
            self.doom(id);
            if self.finish_removals(forced) {
                self.commit();
                break;
            }
            self.roll_back();
        }
        Ok(())
    }

    // ---- time

    /// Does what is due.
    pub(crate) fn time_out(&mut self, now: Now) {
        self.now = now;
        self.time_out_adaptors();
        if self.slee == SleeState::Stopped {
            return;
        }
        self.end_holds(now);
        self.expire_timers(now);
        self.sweep_idle(now);
        self.end_windows();
        self.outputs.end_unit();
    }

    pub(crate) fn deadline(&self) -> Option<Mono> {
        let adaptors = self
            .living_adaptors()
            .filter_map(AdaptorEntity::deadline)
            .min();
        if self.slee == SleeState::Stopped {
            return adaptors;
        }
        let timers = self.due.first().map(|(at, _)| *at);
        let holds = self.holds.first().map(|(until, _)| *until);
        let sweep = self.sweeps().then_some(self.sweep.1);
        let wall = [timers, holds, sweep].into_iter().flatten().min();
        let mono = wall.map(|at| self.now.mono + (at - self.now.wall));
        [adaptors, mono, self.watch_due].into_iter().flatten().min()
    }

    fn sweeps(&self) -> bool {
        !self.defaults.liveness.is_zero() && self.activities.len() > self.lasting_activities()
    }

    /// Asks adaptors about activities that were idle for long, a slot at a time (R-AC-07).
    fn sweep_idle(&mut self, now: Now) {
        if !self.sweeps() || now.wall < self.sweep.1 {
            return;
        }
        let (slot, _) = self.sweep;
        let step =
            (self.defaults.liveness / strowger::id::SLOTS as u32).max(Duration::from_millis(100));
        self.sweep = (slot.wrapping_add(1), now.wall + step);
        let idle = self.defaults.liveness.as_secs();
        let before = u64::from(self.seconds()).saturating_sub(idle);
        let ids: Vec<_> = self.activities.ids_in(Slot(slot)).collect();
        let seconds = self.seconds();
        for id in ids {
            let Some(activity) = self.activities.get_mut(id) else {
                continue;
            };
            let Owner::Ra(ra) = activity.owner else {
                continue;
            };
            if u64::from(activity.touched) <= before && !activity.ending && seconds > 0 {
                activity.touched = seconds;
                self.input(ra, Input::QueryLiveness(id));
            }
        }
    }

    pub(crate) fn bound_names(&self) -> impl Iterator<Item = (&str, ActivityId)> {
        self.names.iter().map(|(name, id)| (&**name, *id))
    }
}
