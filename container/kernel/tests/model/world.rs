//! The model's world: plain maps, copied as a whole for every transaction. Commit keeps the copy, rollback drops it.
//!
//! Everything is named by birth number. Births are counted over all that was ever made, also what was rolled back.

use super::script::{Keep, SERVICES, Shot};
use super::trace::{ActivityPicture, EntityPicture, Line, Picture};
use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

/// Who ends an activity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// With whether it wants to know that nothing refers to it.
    Adaptor(bool),
    Null,
    Service(usize),
}

#[derive(Clone, Debug)]
pub struct Activity {
    pub owner: Owner,
    pub ending: bool,
    /// A durable entity was attached to it once: it survives.
    pub durable: bool,
    /// It was reported unreferenced.
    pub reported: bool,
    pub attached: Vec<Attachment>,
    pub attachments: u32,
    pub attributes: BTreeMap<String, u64>,
    pub queue: VecDeque<Event>,
    /// Timers that have expired and whose activity can still be asked for, oldest first.
    pub expired: VecDeque<usize>,
}

#[derive(Clone, Copy, Debug)]
pub struct Attachment {
    pub entity: usize,
    pub mask: u8,
    pub seq: u32,
}

/// Event types; their discriminants are the bits of masks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Type {
    Shoot0,
    Shoot1,
    Timer,
    End,
    Started,
}

#[derive(Clone, Debug)]
pub struct Event {
    pub number: u64,
    pub kind: Type,
    pub program: u8,
    pub address: Option<u8>,
    pub service: Option<usize>,
    /// The adaptor wants to know what became of it.
    pub report: bool,
    /// Of a timer: timer, scheduled, actual, remaining, missed.
    pub expiry: Option<(usize, u64, u64, u32, u32)>,
    pub held: Option<u64>,
    pub progress: Option<Progress>,
}

/// How far the routing of an event has come.
#[derive(Clone, Default, Debug)]
pub struct Progress {
    pub delivered: Vec<usize>,
    /// Highest first.
    pub services: VecDeque<usize>,
    pub processed: bool,
    pub rolled_back: bool,
}

/// A convergence name: what was selected, each part if it was.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Name {
    pub activity: Option<usize>,
    pub address: Option<u8>,
    pub event_type: Option<Type>,
    pub event: Option<u64>,
    pub custom: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Entity {
    pub kind: usize,
    pub service: usize,
    pub priority: i8,
    pub parent: Option<usize>,
    pub kids: Vec<usize>,
    pub attached: Vec<usize>,
    pub count: u32,
    pub name: Option<Name>,
    pub doomed: bool,
}

#[derive(Clone, Debug)]
pub struct Timer {
    pub activity: usize,
    pub program: u8,
    pub next: u64,
    /// 0: once.
    pub period: u64,
    /// 0: for ever.
    pub times: u32,
    pub passed: u32,
    pub missed: u32,
    pub timeout: u64,
    pub keep: Keep,
    /// A one-shot timer that was set in the past is never late.
    pub at_once: bool,
    pub expired: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum State {
    #[default]
    Inactive,
    Active,
    Stopping,
}

#[derive(Clone, Copy, Default, Debug)]
pub struct Service {
    pub state: State,
    pub activity: Option<usize>,
}

/// What the running transaction will do when it commits.
#[derive(Clone, Default, Debug)]
pub struct Tx {
    pub marked: bool,
    pub fired: Vec<(usize, Event)>,
    pub ends: Vec<usize>,
    pub resumed: Vec<usize>,
    pub commands: Vec<(usize, Option<Shot>)>,
    /// Activities that may have lost their last reference.
    pub touched: Vec<usize>,
    /// Roots of trees that lost their last attachment.
    pub orphans: Vec<usize>,
    /// Roots that the container itself removes.
    pub claimed: Vec<usize>,
    /// Entities to be removed.
    pub doomed: Vec<usize>,
}

#[derive(Clone, Default, Debug)]
pub struct World {
    pub activities: BTreeMap<usize, Activity>,
    pub entities: BTreeMap<usize, Entity>,
    pub timers: BTreeMap<usize, Timer>,
    pub names: BTreeMap<String, usize>,
    pub services: [Service; SERVICES],
    /// Activities whose first event can be routed, first come first served: the kernel's choice between activities.
    pub ready: VecDeque<usize>,
    pub checks: VecDeque<usize>,
    pub reports: VecDeque<Line>,
    pub tx: Tx,
}

impl Activity {
    pub fn new(owner: Owner) -> Self {
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
    pub fn remaining(&self) -> u32 {
        if self.times == 0 {
            u32::MAX
        } else {
            self.times - self.passed
        }
    }
    /// Whether the next occurrence cannot be fired in time any more (R-TM-05).
    pub fn is_late(&self, now: u64) -> bool {
        !self.at_once && self.remaining() > 0 && self.next + self.timeout < now
    }
    pub fn pass(&mut self) {
        self.passed += 1;
        self.next += self.period;
        self.at_once = false;
    }
    /// Whether the one after the next is late as well.
    pub fn is_next_late(&self, now: u64) -> bool {
        self.remaining() > 1 && self.period > 0 && self.next + self.period + self.timeout < now
    }
}

impl World {
    pub fn root(&self, mut entity: usize) -> usize {
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
    pub fn in_order(&self, activity: usize) -> Vec<usize> {
        let Some(a) = self.activities.get(&activity) else {
            return Vec::new();
        };
        let mut attached = a.attached.clone();
        attached.sort_by_key(|a| (self.path(a.entity), a.seq));
        attached.iter().map(|a| a.entity).collect()
    }
    pub fn attachment(&mut self, entity: usize, activity: usize) -> Option<&mut Attachment> {
        let a = self.activities.get_mut(&activity)?;
        a.attached.iter_mut().find(|a| a.entity == entity)
    }
    /// Attachments of a whole tree (R-SE-07).
    pub fn attachments(&self, root: usize) -> usize {
        self.entities
            .iter()
            .filter(|(id, _)| self.root(**id) == root)
            .map(|(_, e)| e.attached.len())
            .sum()
    }
    pub fn running_timers(&self, activity: usize) -> Vec<usize> {
        self.timers
            .iter()
            .filter(|(_, t)| t.activity == activity && !t.expired)
            .map(|(id, _)| *id)
            .collect()
    }
    pub fn names_of(&self, activity: usize) -> Vec<String> {
        self.names
            .iter()
            .filter(|(_, a)| **a == activity)
            .map(|(name, _)| name.clone())
            .collect()
    }
    /// Whether anything refers to an activity (R-AC-06).
    pub fn is_referenced(&self, activity: usize) -> bool {
        let Some(a) = self.activities.get(&activity) else {
            return false;
        };
        !a.attached.is_empty()
            || !a.queue.is_empty()
            || !self.running_timers(activity).is_empty()
            || !self.names_of(activity).is_empty()
    }
    pub fn is_entity(&self, entity: usize) -> bool {
        self.entities.get(&entity).is_some_and(|e| !e.doomed)
    }
    pub fn kids(&self, entity: usize) -> Vec<usize> {
        let kids = self.entities.get(&entity).map_or(&[][..], |e| &e.kids);
        kids.iter()
            .filter(|kid| self.entities.contains_key(kid))
            .copied()
            .collect()
    }
    pub fn first(&self, activity: usize) -> Option<&Event> {
        self.activities.get(&activity)?.queue.front()
    }
    pub fn entities_of(&self, service: usize) -> usize {
        self.entities
            .values()
            .filter(|e| e.service == service)
            .count()
    }

    /// Puts an event behind the others of its activity.
    pub fn enqueue(&mut self, activity: usize, event: Event) {
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
    pub fn check_later(&mut self, activity: usize) {
        let Some(a) = self.activities.get(&activity) else {
            return;
        };
        if !a.ending && !a.reported && !self.is_referenced(activity) {
            self.checks.push_back(activity);
        }
    }

    pub fn picture(&self) -> Picture {
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
        let state = |s: &Service| match s.state {
            State::Active => "active",
            State::Stopping => "stopping",
            State::Inactive => "inactive",
        };
        picture.services = self.services.iter().map(state).collect();
        picture
    }
}
