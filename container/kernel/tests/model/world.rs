//! The model's world: plain maps, copied as a whole for every transaction. Commit keeps the copy, rollback drops it.
//!
//! Everything is named by birth number. Births are counted over all that was ever made, also what was rolled back.

use super::script::{Keep, SERVICES, Shot};
use super::trace::{ActivityPicture, EntityPicture, Line, Picture};
use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

/// Who ends an activity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Owner {
    /// With whether it wants to know that nothing refers to it.
    Adaptor(bool),
    Null,
    Service(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Activity {
    pub(crate) owner: Owner,
    pub(crate) ending: bool,
    /// A durable entity was attached to it once: it survives.
    pub(crate) durable: bool,
    /// It was reported unreferenced.
    pub(crate) reported: bool,
    pub(crate) attached: Vec<Attachment>,
    pub(crate) attachments: u32,
    pub(crate) attributes: BTreeMap<String, u64>,
    pub(crate) queue: VecDeque<Event>,
    /// Timers that have expired and whose activity can still be asked for, oldest first.
    pub(crate) expired: VecDeque<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Attachment {
    pub(crate) entity: usize,
    pub(crate) mask: u8,
    pub(crate) seq: u32,
}

/// Event types; their discriminants are the bits of masks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Type {
    Shoot0,
    Shoot1,
    Timer,
    End,
    Started,
}

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) number: u64,
    pub(crate) kind: Type,
    pub(crate) program: u8,
    pub(crate) address: Option<u8>,
    pub(crate) service: Option<usize>,
    /// The adaptor wants to know what became of it.
    pub(crate) report: bool,
    /// Of a timer: timer, scheduled, actual, remaining, missed.
    pub(crate) expiry: Option<(usize, u64, u64, u32, u32)>,
    pub(crate) held: Option<u64>,
    pub(crate) progress: Option<Progress>,
}

/// How far the routing of an event has come.
#[derive(Clone, Default, Debug)]
pub(crate) struct Progress {
    pub(crate) delivered: Vec<usize>,
    /// Highest first.
    pub(crate) services: VecDeque<usize>,
    pub(crate) processed: bool,
    pub(crate) rolled_back: bool,
}

/// A convergence name: what was selected, each part if it was.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Name {
    pub(crate) activity: Option<usize>,
    pub(crate) address: Option<u8>,
    pub(crate) event_type: Option<Type>,
    pub(crate) event: Option<u64>,
    pub(crate) custom: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Entity {
    pub(crate) kind: usize,
    pub(crate) service: usize,
    pub(crate) priority: i8,
    pub(crate) parent: Option<usize>,
    pub(crate) kids: Vec<usize>,
    pub(crate) attached: Vec<usize>,
    pub(crate) count: u32,
    pub(crate) name: Option<Name>,
    pub(crate) doomed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Timer {
    pub(crate) activity: usize,
    pub(crate) program: u8,
    pub(crate) next: u64,
    /// 0: once.
    pub(crate) period: u64,
    /// 0: for ever.
    pub(crate) times: u32,
    pub(crate) passed: u32,
    pub(crate) missed: u32,
    pub(crate) timeout: u64,
    pub(crate) keep: Keep,
    /// A one-shot timer that was set in the past is never late.
    pub(crate) at_once: bool,
    pub(crate) expired: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum State {
    #[default]
    Inactive,
    Active,
    Stopping,
}

#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Service {
    pub(crate) state: State,
    pub(crate) activity: Option<usize>,
}

/// What the running transaction will do when it commits.
#[derive(Clone, Default, Debug)]
pub(crate) struct Tx {
    pub(crate) marked: bool,
    pub(crate) fired: Vec<(usize, Event)>,
    pub(crate) ends: Vec<usize>,
    pub(crate) resumed: Vec<usize>,
    pub(crate) commands: Vec<(usize, Option<Shot>)>,
    /// Activities that may have lost their last reference.
    pub(crate) touched: Vec<usize>,
    /// Roots of trees that lost their last attachment.
    pub(crate) orphans: Vec<usize>,
    /// Roots that the container itself removes.
    pub(crate) claimed: Vec<usize>,
    /// Entities to be removed.
    pub(crate) doomed: Vec<usize>,
}

#[derive(Clone, Default, Debug)]
pub(crate) struct World {
    pub(crate) activities: BTreeMap<usize, Activity>,
    pub(crate) entities: BTreeMap<usize, Entity>,
    pub(crate) timers: BTreeMap<usize, Timer>,
    pub(crate) names: BTreeMap<String, usize>,
    pub(crate) services: [Service; SERVICES],
    /// Of the SLEE; inactive is stopped.
    pub(crate) slee: State,
    /// The adaptor may start activities: what it was told of the SLEE.
    pub(crate) adaptor: State,
    /// Activities whose first event can be routed, first come first served: the kernel's choice between activities.
    pub(crate) ready: VecDeque<usize>,
    pub(crate) checks: VecDeque<usize>,
    pub(crate) reports: VecDeque<Line>,
    pub(crate) tx: Tx,
}

impl Activity {
    pub(crate) fn new(owner: Owner) -> Self {
        Self {
            owner,
            ending: false,
            durable: false,
            reported: false,
            attached: Vec::new(),
            attachments: 0,
            attributes: BTreeMap::new(),
            queue: VecDeque::new(),
            expired: VecDeque::new(),
        }
    }
}

impl Timer {
    /// Occurrences to come.
    pub(crate) fn remaining(&self) -> u32 {
        if self.times == 0 {
            u32::MAX
        } else {
            self.times - self.passed
        }
    }
    /// Whether the next occurrence cannot be fired in time any more (R-TM-05).
    pub(crate) fn is_late(&self, now: u64) -> bool {
        !self.at_once && self.remaining() > 0 && self.next + self.timeout < now
    }
    pub(crate) fn pass(&mut self) {
        self.passed += 1;
        self.next += self.period;
        self.at_once = false;
    }
    /// Whether the one after the next is late as well.
    pub(crate) fn is_next_late(&self, now: u64) -> bool {
        self.remaining() > 1 && self.period > 0 && self.next + self.period + self.timeout < now
    }
}

impl World {
    pub(crate) fn root(&self, mut entity: usize) -> usize {
        while let Some(parent) = self.entities.get(&entity).and_then(|e| e.parent) {
            entity = parent;
        }
        entity
    }
    /// Priorities from the root to an entity, so that the smaller list is offered an event first (R-OR-02).
    fn path(&self, entity: usize) -> Vec<Reverse<i8>> {
        let mut path = Vec::new();
        let mut next = Some(entity);
        while let Some(e) = next.and_then(|id| self.entities.get(&id)) {
            path.push(Reverse(e.priority));
            next = e.parent;
        }
        path.reverse();
        path
    }
    /// Entities attached to an activity, in the order in which events are offered (R-OR-02, R-OR-03).
    pub(crate) fn in_order(&self, activity: usize) -> Vec<usize> {
        let Some(a) = self.activities.get(&activity) else {
            return Vec::new();
        };
        let mut attached = a.attached.clone();
        attached.sort_by_key(|a| (self.path(a.entity), a.seq));
        attached.iter().map(|a| a.entity).collect()
    }
    pub(crate) fn attachment(&mut self, entity: usize, activity: usize) -> Option<&mut Attachment> {
        let a = self.activities.get_mut(&activity)?;
        a.attached.iter_mut().find(|a| a.entity == entity)
    }
    /// Attachments of a whole tree (R-SE-07).
    pub(crate) fn attachments(&self, root: usize) -> usize {
        self.entities
            .iter()
            .filter(|(id, _)| self.root(**id) == root)
            .map(|(_, e)| e.attached.len())
            .sum()
    }
    pub(crate) fn running_timers(&self, activity: usize) -> Vec<usize> {
        self.timers
            .iter()
            .filter(|(_, t)| t.activity == activity && !t.expired)
            .map(|(id, _)| *id)
            .collect()
    }
    pub(crate) fn names_of(&self, activity: usize) -> Vec<String> {
        self.names
            .iter()
            .filter(|(_, a)| **a == activity)
            .map(|(name, _)| name.clone())
            .collect()
    }
    /// Whether anything refers to an activity (R-AC-06).
    pub(crate) fn is_referenced(&self, activity: usize) -> bool {
        let Some(a) = self.activities.get(&activity) else {
            return false;
        };
        !a.attached.is_empty()
            || !a.queue.is_empty()
            || !self.running_timers(activity).is_empty()
            || !self.names_of(activity).is_empty()
    }
    pub(crate) fn is_entity(&self, entity: usize) -> bool {
        self.entities.get(&entity).is_some_and(|e| !e.doomed)
    }
    pub(crate) fn kids(&self, entity: usize) -> Vec<usize> {
        let kids = self.entities.get(&entity).map_or(&[][..], |e| &e.kids);
        kids.iter()
            .filter(|kid| self.entities.contains_key(kid))
            .copied()
            .collect()
    }
    pub(crate) fn first(&self, activity: usize) -> Option<&Event> {
        self.activities.get(&activity)?.queue.front()
    }
    pub(crate) fn entities_of(&self, service: usize) -> usize {
        self.entities
            .values()
            .filter(|e| e.service == service)
            .count()
    }

    /// Puts an event behind the others of its activity.
    pub(crate) fn enqueue(&mut self, activity: usize, event: Event) {
        let Some(a) = self.activities.get_mut(&activity) else {
            return;
        };
        if a.queue.is_empty() {
            self.ready.push_back(activity);
        }
        a.queue.push_back(event);
        a.reported = false;
    }
    /// Looks later whether anything still refers to an activity.
    pub(crate) fn check_later(&mut self, activity: usize) {
        let Some(a) = self.activities.get(&activity) else {
            return;
        };
        if !a.ending && !a.reported && !self.is_referenced(activity) {
            self.checks.push_back(activity);
        }
    }

    pub(crate) fn picture(&self) -> Picture {
        let mut picture = Picture::default();
        for (id, a) in &self.activities {
            let seen = ActivityPicture {
                kind: match a.owner {
                    Owner::Adaptor(_) => "trunk",
                    Owner::Null => "null-activity",
                    Owner::Service(_) => "service-activity",
                },
                ending: a.ending,
                attached: self.in_order(*id),
                timers: self.running_timers(*id),
                names: self.names_of(*id),
                events: a.queue.len() as u32,
            };
            picture.activities.insert(*id, seen);
            picture.events += a.queue.len() as u32;
            picture.suspended += a.queue.iter().filter(|e| e.held.is_some()).count() as u32;
        }
        for (id, e) in &self.entities {
            let seen = EntityPicture {
                kind: e.kind,
                service: e.service,
                parent: e.parent,
                kids: e.kids.clone(),
                priority: e.priority,
                attached: e.attached.clone(),
                count: e.count,
            };
            picture.entities.insert(*id, seen);
        }
        for (id, t) in self.timers.iter().filter(|(_, t)| !t.expired) {
            picture
                .timers
                .insert(*id, (t.activity, t.next, t.remaining()));
        }
        picture.names = self.names.clone();
        let state = |s: State| match s {
            State::Active => "active",
            State::Stopping => "stopping",
            State::Inactive => "inactive",
        };
        picture.services = self.services.iter().map(|s| state(s.state)).collect();
        picture.slee = state(self.slee);
        picture
    }
}
