//! Lists for operators, a part at a time: what one part costs does not depend on how long the list is.

use super::Driver;
use crate::control::{Cause, Refusal, Reply};
use crate::listed::{
    ActivityEntry, ComponentEntry, ComponentKind, EntityEntry, LinkEntry, Page, Part, TimerEntry,
};
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;
use strowger::id::{ActivityId, EntityId, NotAnId, RaIx, ServiceIx};
use strowger::time::Now;
use strowger_kernel::{ActivityInfo, EntityInfo, ManageError, ServiceState, TimerInfo, Walk};

/// Places of a table that one part looks at.
const PLACES: usize = 20_000;
/// Things that one entry names of each kind.
const NAMED: usize = 100;

/// Which activities are wanted.
pub(super) struct Activities {
    pub(super) kind: Option<String>,
    pub(super) adaptor: Option<String>,
    pub(super) min_age: u64,
    pub(super) min_idle: u64,
}

impl Driver {
    pub(super) fn activities(&self, part: &Part, wanted: &Activities) -> Reply {
        let walk = match walk::<ActivityId>(part) {
            Ok(walk) => walk,
            Err(NotAnId) => return not_a_place(),
        };
        let owner = match wanted
            .adaptor
            .as_deref()
            .map(|name| (name, self.shard.adaptor(name)))
        {
            Some((name, None)) => return no_adaptor(name),
            found => found.and_then(|(_, ra)| ra),
        };
        let (age, idle) = (
            Duration::from_secs(wanted.min_age),
            Duration::from_secs(wanted.min_idle),
        );
        let found = self.shard.walk_activities(walk, |glance| {
            glance.age >= age
                && glance.idle >= idle
                && (owner.is_none() || glance.owner == owner)
                && wanted
                    .kind
                    .as_ref()
                    .is_none_or(|kind| glance.kind.name == kind)
        });
        Reply::Activities(Page {
            items: found.items.iter().map(|a| self.activity_entry(a)).collect(),
            next: found.next.map(|id| id.to_string()),
        })
    }

    pub(super) fn activity(&self, id: &str) -> Reply {
        let found = id.parse().ok().and_then(|id| self.shard.activity(id));
        match found {
            Some(activity) => Reply::Activity(Box::new(self.activity_entry(&activity))),
            None => gone("activity", id),
        }
    }

    pub(super) fn end_activity(&mut self, now: Now, id: &str) -> Reply {
        let Ok(activity) = id.parse() else {
            return gone("activity", id);
        };
        match self.shard.end_activity(now, activity) {
            Ok(()) => {
                tracing::info!(activity = id, "ended by the operator");
                Reply::Done
            }
            Err(_) => gone("activity", id),
        }
    }

    pub(super) fn entities(&self, part: &Part, service: Option<&str>, min_age: u64) -> Reply {
        let walk = match walk::<EntityId>(part) {
            Ok(walk) => walk,
            Err(NotAnId) => return not_a_place(),
        };
        let service = match service.map(|name| (name, self.shard.service(name))) {
            Some((name, None)) => return no_service(name),
            found => found.and_then(|(_, ix)| ix),
        };
        let age = Duration::from_secs(min_age);
        let found = self.shard.walk_entities(walk, |glance| {
            glance.age >= age && service.is_none_or(|ix| glance.service == ix)
        });
        Reply::Entities(Page {
            items: found.items.iter().map(|e| self.entity_entry(e)).collect(),
            next: found.next.map(|id| id.to_string()),
        })
    }

    pub(super) fn entity(&self, id: &str) -> Reply {
        match id.parse().ok().and_then(|id| self.shard.entity(id)) {
            Some(entity) => Reply::Entity(Box::new(self.entity_entry(&entity))),
            None => gone("entity", id),
        }
    }

    pub(super) fn remove_entity(&mut self, now: Now, id: &str) -> Reply {
        let Ok(entity) = id.parse() else {
            return gone("entity", id);
        };
        match self.shard.remove_entity(now, entity) {
            Ok(()) => {
                tracing::info!(entity = id, "removed by the operator");
                Reply::Done
            }
            Err(_) => gone("entity", id),
        }
    }

    pub(super) fn timers(&self, now: Now, part: &Part, due_within: Option<u64>) -> Reply {
        let walk = match walk(part) {
            Ok(walk) => walk,
            Err(NotAnId) => return not_a_place(),
        };
        let until =
            due_within.map(|seconds| now.wall + Duration::from_secs(seconds.min(u32::MAX.into())));
        let found = self
            .shard
            .walk_timers(walk, |timer| until.is_none_or(|until| timer.next <= until));
        Reply::Timers(Page {
            items: found.items.iter().map(timer_entry).collect(),
            next: found.next.map(|id| id.to_string()),
        })
    }

    /// The components of a kind and of a name, with what the node has made of each (R-DU-06).
    pub(super) fn components(&self, kind: Option<ComponentKind>, name: Option<&str>) -> Reply {
        let wanted = self.names.components.iter().filter(|component| {
            kind.is_none_or(|kind| component.kind == kind)
                && name.is_none_or(|name| component.name == name)
        });
        let entry = |component: &ComponentEntry| ComponentEntry {
            used_by: self.made_of(component),
            ..component.clone()
        };
        Reply::Components(wanted.map(entry).collect())
    }

    /// Services, adaptor entities or profile tables, by their names.
    fn made_of(&self, component: &ComponentEntry) -> Vec<String> {
        let is = |text: &str| text == component.text();
        match component.kind {
            ComponentKind::Service => {
                let all = self.names.services.iter();
                let made = all.filter(|service| is(&service.component));
                made.map(|service| service.name.clone()).collect()
            }
            ComponentKind::Adaptor => {
                let all = self.names.adaptors.iter();
                let made = all.filter(|(_, _, component)| is(component));
                made.map(|(_, name, _)| name.clone()).collect()
            }
            ComponentKind::Profile => {
                let made = self.shard.tables();
                let made = made.filter(|table| is(&table.spec.to_string()));
                made.map(|table| table.name.to_string()).collect()
            }
            ComponentKind::Sbb | ComponentKind::Event | ComponentKind::Activity => Vec::new(),
        }
    }

    pub(super) fn links(&self) -> Reply {
        let entry = |(name, ra): (&str, RaIx)| LinkEntry {
            name: name.to_owned(),
            adaptor: self.names.adaptor(ra).to_owned(),
            used_by: self.users_of(name),
        };
        Reply::Links(self.shard.links().map(entry).collect())
    }

    fn users_of(&self, link: &str) -> Vec<String> {
        let live = |ix: ServiceIx| self.shard.service_state(ix) != Some(ServiceState::Inactive);
        let users = self.names.services.iter().filter(|service| {
            live(service.ix)
                && self
                    .shard
                    .links_of(service.ix)
                    .any(|(name, _)| name == link)
        });
        users.map(|service| service.name.clone()).collect()
    }

    fn activity_entry(&self, activity: &ActivityInfo) -> ActivityEntry {
        ActivityEntry {
            id: activity.id.to_string(),
            kind: activity.kind.to_string(),
            adaptor: activity.owner.map(|ra| self.names.adaptor(ra).to_owned()),
            ending: activity.ending,
            age_ms: super::status::millis(activity.age),
            idle_ms: super::status::millis(activity.idle),
            events: activity.events,
            entities: named(&activity.attached),
            attached: activity.attached.len() as u64,
            timers: named(&activity.timers),
            names: named(&activity.names),
        }
    }

    fn entity_entry(&self, entity: &EntityInfo) -> EntityEntry {
        EntityEntry {
            id: entity.id.to_string(),
            service: self.names.service(entity.service).to_owned(),
            sbb: entity.sbb.to_string(),
            parent: entity.parent.map(|parent| parent.to_string()),
            children: named(&entity.children),
            priority: entity.priority,
            activities: named(&entity.activities),
            state_bytes: entity.state.len() as u64,
            age_ms: super::status::millis(entity.age),
        }
    }
}

fn timer_entry(timer: &TimerInfo) -> TimerEntry {
    TimerEntry {
        id: timer.id.to_string(),
        activity: timer.activity.to_string(),
        event: timer.event.to_string(),
        next_ms: timer.next.0,
        remaining: Some(timer.remaining).filter(|left| *left != u32::MAX),
    }
}

fn walk<I: FromStr<Err = NotAnId>>(part: &Part) -> Result<Walk<I>, NotAnId> {
    Ok(Walk {
        after: part.after.as_deref().map(str::parse).transpose()?,
        limit: part.limit(),
        places: PLACES,
    })
}

fn named<T: Display>(all: &[T]) -> Vec<String> {
    all.iter().take(NAMED).map(ToString::to_string).collect()
}

pub(super) fn not_a_place() -> Reply {
    let reason = "`after` is not what an earlier part of this list gave as `next`";
    Refusal::new(Cause::Wrong, reason).blame("after")
}

pub(super) fn gone(what: &str, id: &str) -> Reply {
    Refusal::new(Cause::Unknown, format!("there is no {what} `{id}`")).blame("id")
}

pub(super) fn no_adaptor(name: &str) -> Reply {
    Refusal::new(Cause::Unknown, format!("there is no adaptor `{name}`")).blame("adaptor")
}

pub(super) fn no_service(name: &str) -> Reply {
    Refusal::new(Cause::Unknown, format!("there is no service `{name}`")).blame("service")
}

/// What the kernel says of a change.
pub(super) fn done(outcome: Result<(), ManageError>, then: impl FnOnce()) -> Reply {
    match outcome {
        Ok(()) => {
            then();
            Reply::Done
        }
        Err(error) => {
            let cause = match error {
                ManageError::Unknown => Cause::Unknown,
                ManageError::InvalidArgument => Cause::Wrong,
                ManageError::InvalidState | _ => Cause::State,
            };
            Reply::refused(cause, error.to_string())
        }
    }
}
