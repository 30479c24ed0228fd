//! Adaptor entities as the kernel holds them, and what they are told.

use crate::kernel::Kernel;
use crate::manage::AdaptorState;
use crate::output::{AlarmSource, NetInput, ShardOutput};
use crate::tally::AdaptorTally;
use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use strowger::id::{ActivityId, Component, RaIx, Slot};
use strowger::ra::{Adaptor, FireFlags, Input, NewWork, Outcome, RaCx};
use strowger::time::{Mono, Now};
use strowger::tracer::Level;

/// Counters that one adaptor entity may have.
const COUNTERS: usize = 256;

/// An adaptor entity.
pub(crate) struct AdaptorEntity {
    pub(crate) name: String,
    /// Names its own records.
    pub(crate) name_hash: u64,
    pub(crate) component: Component,
    /// Taken out while it handles an input.
    object: Option<Box<dyn Adaptor>>,
    /// What the operator wants (R-RE-01).
    pub(crate) state: AdaptorState,
    /// What the object was told (R-RO-01).
    pub(crate) told: AdaptorState,
    /// What it was told of new work.
    pub(crate) new_work: NewWork,
    pub(crate) tally: AdaptorTally,
    pub(crate) counters: Vec<(&'static str, u64)>,
    /// The most that its tracers let pass.
    pub(crate) traces: Level,
    /// Its own records in the store, by what their slots and names give.
    pub(crate) kept: BTreeSet<u64>,
}

/// What an adaptor entity has yet to be told.
pub(crate) enum Report {
    Ended(RaIx, ActivityId),
    Unreferenced(RaIx, ActivityId),
    Done {
        ra: RaIx,
        activity: ActivityId,
        event: u64,
        outcome: Outcome,
    },
    EventUnreferenced {
        ra: RaIx,
        activity: ActivityId,
        event: u64,
    },
}

impl AdaptorEntity {
    pub(crate) fn new(name: &str, component: Component, object: Box<dyn Adaptor>) -> Self {
        Self {
            name: name.to_owned(),
            name_hash: name_hash(name),
            component,
            object: Some(object),
            state: AdaptorState::Inactive,
            told: AdaptorState::Inactive,
            new_work: NewWork::Taken,
            tally: AdaptorTally::default(),
            counters: Vec::new(),
            traces: Level::default(),
            kept: BTreeSet::new(),
        }
    }
    pub(crate) fn view(&self) -> Option<&dyn Any> {
        self.object.as_ref().map(|o| o.view())
    }
    pub(crate) fn report(&self) -> Vec<strowger::ra::Report> {
        self.object.as_ref().map(|o| o.report()).unwrap_or_default()
    }
    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.object.as_ref().and_then(|o| o.deadline())
    }
    pub(crate) fn count(&mut self, name: &'static str, n: u64) {
        let same =
            |(known, _): &&mut (&'static str, u64)| std::ptr::eq(*known, name) || *known == name;
        if let Some((_, count)) = self.counters.iter_mut().find(same) {
            *count += n;
        } else if self.counters.len() < COUNTERS {
            self.counters.push((name, n));
        }
    }
}

/// FNV-1a.
pub(crate) fn name_hash(name: &str) -> u64 {
    hash(name.bytes())
}

/// A record that an adaptor entity keeps, in its set of them.
pub(crate) fn kept_hash(slot: Slot, sub: &[u8]) -> u64 {
    hash(std::iter::once(slot.0).chain(sub.iter().copied()))
}

fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

impl Kernel {
    pub(crate) fn adaptor(&self, ra: RaIx) -> Option<&AdaptorEntity> {
        self.adaptors.get(usize::from(ra.0))?.as_ref()
    }
    pub(crate) fn adaptor_mut(&mut self, ra: RaIx) -> Option<&mut AdaptorEntity> {
        self.adaptors.get_mut(usize::from(ra.0))?.as_mut()
    }
    pub(crate) fn adaptor_activities(&mut self, ra: RaIx, n: i32) {
        if let Some(adaptor) = self.adaptor_mut(ra) {
            let tally = &mut adaptor.tally;
            tally.activities = tally.activities.saturating_add_signed(n);
        }
    }

    /// Hands an input to an adaptor entity.
    pub(crate) fn call_adaptor(&mut self, ra: RaIx, input: Input<'_, Box<dyn Any>>) {
        self.with_adaptor(ra, |object, cx| object.handle(cx, input));
    }

    /// Hands changed settings to an adaptor entity.
    pub(crate) fn configure_adaptor(&mut self, ra: RaIx, settings: &(dyn Any + Send + Sync)) {
        self.with_adaptor(ra, |object, cx| object.configure(cx, settings));
        self.outputs.end_unit();
    }

    /// Calls an adaptor entity. A panic in it is caught and counted; what it did before stays done.
    fn with_adaptor(&mut self, ra: RaIx, f: impl FnOnce(&mut dyn Adaptor, &mut RaCx<'_>)) {
        let Some(mut object) = self.adaptor_mut(ra).and_then(|a| a.object.take()) else {
            return;
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            f(object.as_mut(), &mut RaCx::new(self, ra));
        }));
        if let Some(adaptor) = self.adaptor_mut(ra) {
            adaptor.object = Some(object);
            adaptor.tally.inputs += 1;
            adaptor.tally.panics += u64::from(outcome.is_err());
        }
        if outcome.is_err() {
            self.metrics.panics += 1;
            self.outputs.notice(ShardOutput::Alarm {
                source: AlarmSource::Adaptor(ra),
                name: "panic",
                raised: true,
                text: String::new(),
            });
        }
    }

    /// An input of its own: what it sends waits for what it persists.
    pub(crate) fn input(&mut self, ra: RaIx, input: Input<'_, Box<dyn Any>>) {
        self.call_adaptor(ra, input);
        self.outputs.end_unit();
    }

    pub(crate) fn net_input(&mut self, now: Now, ra: RaIx, input: NetInput<'_>) {
        self.now = now;
        let input = match input {
            NetInput::Datagram {
                listener,
                from,
                bytes,
            } => Input::Datagram {
                listener,
                from,
                bytes,
            },
            NetInput::Connected {
                conn,
                listener,
                peer,
                local,
                inbound,
                secure,
            } => Input::Connected {
                conn,
                listener,
                peer,
                local,
                inbound,
                secure,
            },
            NetInput::ConnectFailed { conn } => Input::ConnectFailed { conn },
            NetInput::Received { conn, bytes } => Input::Received { conn, bytes },
            NetInput::PeerEnded { conn } => Input::PeerEnded { conn },
            NetInput::Closed { conn } => Input::Closed { conn },
            NetInput::SendFailed { listener, to } => Input::SendFailed { listener, to },
            NetInput::Resolved { token, answer } => Input::Resolved { token, answer },
            NetInput::Heard(message) => {
                return self.driver_input(ra, |object, cx| object.heard(cx, message));
            }
            NetInput::Untold(message) => {
                return self.driver_input(ra, |object, cx| object.untold(cx, message));
            }
        };
        self.input(ra, input);
    }

    fn driver_input(&mut self, ra: RaIx, f: impl FnOnce(&mut dyn Adaptor, &mut RaCx<'_>)) {
        self.with_adaptor(ra, f);
        self.outputs.end_unit();
    }

    /// Tells all entities what becomes of new work.
    pub(crate) fn new_work_of_all(&mut self, now: Now, new: NewWork) {
        self.new_work = new;
        for ra in self.ras() {
            self.new_work(now, ra, new);
        }
    }

    /// Tells an entity what becomes of new work, if it has not been told so already. What it was told before.
    pub(crate) fn new_work(&mut self, now: Now, ra: RaIx, new: NewWork) -> NewWork {
        let Some(adaptor) = self.adaptor_mut(ra) else {
            return new;
        };
        let before = std::mem::replace(&mut adaptor.new_work, new);
        if before != new {
            self.now = now;
            self.input(ra, Input::NewWork(new));
        }
        before
    }
    /// The entities that there are, in the order in which they were made.
    pub(crate) fn ras(&self) -> impl Iterator<Item = RaIx> + use<> {
        let living = Arc::clone(&self.living_ras);
        (0..living.len()).filter_map(move |n| living.get(n).copied())
    }
    pub(crate) fn living_adaptors(&self) -> impl Iterator<Item = &AdaptorEntity> {
        self.living_ras.iter().filter_map(|ra| self.adaptor(*ra))
    }

    /// Deadlines of adaptor entities that have come.
    pub(crate) fn time_out_adaptors(&mut self) {
        for ra in self.ras() {
            if self
                .adaptor(ra)
                .and_then(AdaptorEntity::deadline)
                .is_some_and(|d| d <= self.now.mono)
            {
                self.input(ra, Input::Timeout);
            }
        }
    }

    // ---- reports

    pub(crate) fn report_done(
        &mut self,
        ra: RaIx,
        flags: FireFlags,
        activity: ActivityId,
        event: u64,
        outcome: Outcome,
    ) {
        if flags.report_done {
            self.reports.push_back(Report::Done {
                ra,
                activity,
                event,
                outcome,
            });
        }
        if flags.report_unreferenced {
            self.reports.push_back(Report::EventUnreferenced {
                ra,
                activity,
                event,
            });
        }
    }
    pub(crate) fn tell(&mut self, report: &Report) {
        match *report {
            Report::Ended(ra, id) => self.input(ra, Input::ActivityEnded(id)),
            Report::Unreferenced(ra, id) => {
                // A reference that came meanwhile cancels the report (R-AC-06).
                if self
                    .activities
                    .get(id)
                    .is_some_and(|a| a.reported && !a.is_referenced())
                {
                    self.input(ra, Input::Unreferenced(id));
                }
            }
            Report::Done {
                ra,
                activity,
                event,
                outcome,
            } => {
                self.input(
                    ra,
                    Input::EventDone {
                        activity,
                        event,
                        outcome,
                    },
                );
            }
            Report::EventUnreferenced {
                ra,
                activity,
                event,
            } => {
                self.input(ra, Input::EventUnreferenced { activity, event });
            }
        }
    }
}
