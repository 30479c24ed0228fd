//! The model's activity contexts: events, ends, timers, suspensions, names, attributes and masks.

use super::model::Model;
use super::play::{Refused, back, receives};
use super::script::{Clockwork, Op, Shot};
use super::trace::Res;
use super::world::{Activity, Event, Owner, State, Timer, Type};

/// Default length of a suspension, in milliseconds.
const SUSPENSION: u64 = 10_000;
/// Default lateness of timers, in milliseconds.
const LATENESS: u64 = 1000;

impl Model {
    pub(crate) fn new_activity(&mut self, owner: Owner) -> usize {
        let id = self.born_activities;
        self.born_activities += 1;
        self.world.activities.insert(id, Activity::new(owner));
        id
    }
    pub(crate) fn new_event(&mut self, kind: Type, program: u8) -> Event {
        let number = self.born_events;
        self.born_events += 1;
        Event {
            number,
            kind,
            program,
            address: None,
            service: None,
            report: false,
            expiry: None,
            held: None,
            progress: None,
        }
    }
    pub(crate) fn shot(&mut self, shot: Shot) -> Result<Event, Refused> {
        let kind = if shot.kind == 0 {
            Type::Shoot0
        } else {
            Type::Shoot1
        };
        let service = shot.service.map(usize::from);
        if service.is_some_and(|s| self.world.services[s].state == State::Inactive) {
            return Err("invalid argument");
        }
        let mut event = self.new_event(kind, shot.program);
        event.address = shot.address;
        event.service = service;
        Ok(event)
    }
    pub(crate) fn takes_events(&self, activity: usize) -> Result<(), Refused> {
        self.live_activity(activity)?;
        if self.world.activities[&activity].ending {
            return Err("ending");
        }
        Ok(())
    }

    pub(crate) fn act_on_activities(
        &mut self,
        me: usize,
        on: Option<usize>,
        op: &Op,
    ) -> Option<Res> {
        let target = match op {
            Op::EndNull(act) | Op::Command(act, _) | Op::Fire(act, _) => {
                self.activity(me, on, *act)?
            }
            _ => 0,
        };
        if let Op::EndNull(_) = op {
            let Some(a) = self.world.activities.get_mut(&target) else {
                return Some(Res::Refused("stale activity"));
            };
            if a.owner != Owner::Null {
                return Some(Res::Refused("stale activity"));
            }
            if !a.ending {
                a.ending = true;
                self.world.tx.ends.push(target);
            }
            return Some(Res::Marked(false));
        }
        if !self.tire() {
            return Some(Res::Tired);
        }
        Some(match op {
            Op::Null if self.world.slee != State::Active => Res::Refused("stopping"),
            Op::Start if self.world.adaptor != State::Active => Res::Refused("stopping"),
            Op::Null | Op::Start => {
                let owner = if *op == Op::Null {
                    Owner::Null
                } else {
                    Owner::Adaptor(true)
                };
                let id = self.new_activity(owner);
                self.world.tx.touched.push(id);
                Res::Activity(Some(id))
            }
            Op::Command(_, shot) => {
                self.world.tx.commands.push((target, *shot));
                Res::Marked(self.world.tx.marked)
            }
            Op::Fire(_, shot) => match self.takes_events(target).and_then(|()| self.shot(*shot)) {
                Ok(event) => {
                    self.world.tx.fired.push((target, event));
                    Res::Marked(false)
                }
                Err(refused) => Res::Refused(refused),
            },
            _ => return None,
        })
    }

    pub(crate) fn set_timer(
        &mut self,
        a: usize,
        program: u8,
        c: &Clockwork,
    ) -> Result<usize, Refused> {
        self.takes_events(a)?;
        let period = u64::from(c.period);
        let timeout = u64::from(c.timeout);
        if period > 0 && timeout > period {
            return Err("invalid argument");
        }
        let timeout = if timeout == 0 { LATENESS } else { timeout };
        let next = self.now.saturating_add_signed(c.first.into());
        let timer = Timer {
            activity: a,
            program,
            next,
            period,
            times: if period == 0 { 1 } else { c.times },
            passed: 0,
            missed: 0,
            timeout: if period > 0 {
                timeout.min(period)
            } else {
                timeout
            },
            keep: c.keep,
            at_once: period == 0 && next < self.now,
            expired: false,
        };
        let id = self.born_timers;
        self.born_timers += 1;
        self.world.timers.insert(id, timer);
        if let Some(a) = self.world.activities.get_mut(&a) {
            a.reported = false;
        }
        Ok(id)
    }

    pub(crate) fn hold(&mut self, op: &Op) -> Option<Res> {
        let outcome = match op {
            Op::Suspend(timeout) => self.suspend(*timeout).map(Res::Number),
            Op::Resume(n) => {
                let n = back(self.contexts.len(), *n)?;
                self.resume(n).map(|()| Res::Marked(false))
            }
            Op::IsSuspended(n) => {
                let n = back(self.contexts.len(), *n)?;
                self.is_held(self.contexts[n]).map(Res::Flag)
            }
            _ => return None,
        };
        Some(outcome.unwrap_or_else(Res::Refused))
    }
    pub(crate) fn is_held(&self, (activity, number): (usize, u64)) -> Result<bool, Refused> {
        self.live_activity(activity)?;
        let first = self.world.first(activity);
        Ok(first.is_some_and(|e| e.number == number && e.held.is_some()))
    }
    pub(crate) fn change_hold(&mut self, activity: usize, until: Option<u64>) {
        if let Some(a) = self.world.activities.get_mut(&activity)
            && let Some(first) = a.queue.front_mut()
        {
            first.held = until;
        }
        self.world.tx.touched.push(activity);
    }
    pub(crate) fn suspend(&mut self, timeout: Option<u16>) -> Result<u64, Refused> {
        let context = self.current.ok_or("no event")?;
        let timeout = timeout.map_or(SUSPENSION, u64::from);
        if timeout == 0 {
            return Err("invalid argument");
        }
        if self.is_held(context)? {
            return Err("already suspended");
        }
        self.change_hold(context.0, Some(self.now + timeout));
        self.contexts.push(context);
        Ok(self.contexts.len() as u64 - 1)
    }
    pub(crate) fn resume(&mut self, n: usize) -> Result<(), Refused> {
        let context = self.contexts[n];
        if !self.is_held(context)? {
            return Err("not suspended");
        }
        self.change_hold(context.0, None);
        // The event that is being routed goes on by itself (R-EC-05).
        if self.routing != Some(context) {
            self.world.tx.resumed.push(context.0);
        }
        Ok(())
    }

    pub(crate) fn act_on_contexts(&mut self, me: usize, on: Option<usize>, op: &Op) -> Option<Res> {
        let marked = |()| Res::Marked(false);
        let outcome = match op {
            Op::Bind(n, act) => {
                let a = self.activity(me, on, *act)?;
                self.bind(format!("name-{n}"), a).map(marked)
            }
            Op::Unbind(n) => match self.world.names.remove(&format!("name-{n}")) {
                Some(a) => {
                    self.world.tx.touched.push(a);
                    Ok(Res::Marked(false))
                }
                None => Err("not bound"),
            },
            Op::Lookup(n) => Ok(Res::Activity(
                self.world.names.get(&format!("name-{n}")).copied(),
            )),
            Op::Alive(act) => {
                let a = self.activity(me, on, *act)?;
                Ok(Res::Flag(self.takes_events(a).is_ok()))
            }
            Op::Set(act, shared, value) => {
                let a = self.activity(me, on, *act)?;
                let key = self.attribute(me, *shared);
                self.live_activity(a).map(|()| {
                    if let Some(a) = self.world.activities.get_mut(&a) {
                        a.attributes.insert(key, u64::from(*value));
                    }
                    self.world.tx.touched.push(a);
                    Res::Marked(false)
                })
            }
            Op::Get(act, shared) => {
                let a = self.activity(me, on, *act)?;
                let key = self.attribute(me, *shared);
                self.live_activity(a).map(|()| {
                    let value = self.world.activities[&a].attributes.get(&key);
                    Res::Number(value.copied().unwrap_or_default())
                })
            }
            Op::Mask(act, bits) => {
                let a = self.activity(me, on, *act)?;
                self.mask(me, a, *bits).map(marked)
            }
            _ => return None,
        };
        Some(outcome.unwrap_or_else(Res::Refused))
    }
    /// Shared by entities of one SBB, or under an alias by all (R-AT-01, R-AT-02).
    pub(crate) fn attribute(&self, entity: usize, shared: bool) -> String {
        match self.world.entities[&entity].kind {
            _ if shared => "shared".to_owned(),
            kind => format!("own of {kind}"),
        }
    }
    pub(crate) fn bind(&mut self, name: String, activity: usize) -> Result<(), Refused> {
        self.live_activity(activity)?;
        if self.world.names.contains_key(&name) {
            return Err("already bound");
        }
        self.world.names.insert(name, activity);
        if let Some(a) = self.world.activities.get_mut(&activity) {
            a.reported = false;
        }
        self.world.tx.touched.push(activity);
        Ok(())
    }
    pub(crate) fn mask(&mut self, entity: usize, activity: usize, bits: u8) -> Result<(), Refused> {
        self.live_entity(entity)?;
        let kind = self.world.entities[&entity].kind;
        if bits >> Type::End as u8 & 1 == 1 && !receives(kind, Type::End, true) {
            return Err("unrecognized event");
        }
        self.live_activity(activity)?;
        let attachment = self.world.attachment(entity, activity);
        attachment.ok_or("not attached")?.mask = bits;
        Ok(())
    }
}
