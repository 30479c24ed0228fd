//! Events that wait: one queue for each activity (R-EV-01), and the activities whose first event can be routed.

use crate::activity::NONE;
use crate::kernel::Kernel;
use crate::options::Durability;
use crate::registry::{END, EventIx};
use crate::router::Progress;
use std::collections::VecDeque;
use strowger::OpError;
use strowger::address::Address;
use strowger::event::{ActivityEnd, AnyEvent, EventContext};
use strowger::id::{ActivityId, RaIx, ServiceIx};
use strowger::ra::{FireFlags, Outcome};
use strowger::time::Wall;

/// An event that was fired and not yet offered to all (R-EV-07).
pub(crate) struct Queued {
    pub(crate) event: AnyEvent,
    pub(crate) number: u64,
    pub(crate) kind: EventIx,
    pub(crate) next: u32,
    pub(crate) activity: ActivityId,
    /// Only this service may receive it (R-EV-08).
    pub(crate) target: Option<ServiceIx>,
    pub(crate) address: Option<Box<Address>>,
    /// The adaptor entity that fired it, and the reports that it wants.
    pub(crate) report: Option<(RaIx, FireFlags)>,
    /// A record of it is in the store, or on its way.
    pub(crate) written: bool,
    /// Its delivery is suspended until then (R-EC-02).
    pub(crate) held: Option<Wall>,
    /// How far its routing has come, while it rests.
    pub(crate) progress: Option<Box<Progress>>,
}

/// Places of events that are kept when none waits.
const KEPT: usize = 4_096;

/// All events that wait.
#[derive(Default)]
pub(crate) struct Queue {
    places: Vec<Option<Queued>>,
    free: Vec<u32>,
    /// Activities whose first event can be routed, each once.
    pub(crate) ready: VecDeque<ActivityId>,
    /// Number of the next event. Like a stamp it is never used again: names and contexts in durable states hold it.
    pub(crate) number: u64,
    /// Numbers from here on are not covered by the store.
    pub(crate) ceiling: u64,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
    pub(crate) fn get(&self, place: u32) -> Option<&Queued> {
        self.places.get(place as usize)?.as_ref()
    }
    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut Queued> {
        self.places.get_mut(place as usize)?.as_mut()
    }
    fn insert(&mut self, event: Queued) -> u32 {
        if let Some(place) = self.free.pop() {
            if let Some(free) = self.places.get_mut(place as usize) {
                *free = Some(event);
            }
            return place;
        }
        self.places.push(Some(event));
        self.places.len() as u32 - 1
    }
    fn remove(&mut self, place: u32) -> Option<Queued> {
        let event = self.places.get_mut(place as usize)?.take()?;
        self.free.push(place);
        if self.places.len() > KEPT && self.len() == 0 {
            // A flood is over.
            self.places = Vec::new();
            self.free = Vec::new();
            self.ready.shrink_to(KEPT);
        }
        Some(event)
    }
}

impl Kernel {
    /// An event that is ready to be queued, with a number of its own.
    pub(crate) fn new_event(
        &mut self,
        activity: ActivityId,
        kind: EventIx,
        event: AnyEvent,
    ) -> Queued {
        let number = self.queue.number;
        self.queue.number += 1;
        Queued {
            event,
            number,
            kind,
            next: NONE,
            activity,
            target: None,
            address: None,
            report: None,
            written: false,
            held: None,
            progress: None,
        }
    }

    /// Whether an activity takes one more event, of that type.
    pub(crate) fn queue_takes(&mut self, id: ActivityId, kind: EventIx) -> Result<(), OpError> {
        let activity = self.activities.get(id).ok_or(OpError::StaleActivity(id))?;
        if activity.ending {
            return Err(OpError::Ending(id));
        }
        let waiting = activity.queued as usize + self.tx.fired.len();
        let all = self.queue.len() + self.tx.fired.len();
        if waiting >= self.limits.events_per_activity as usize || all >= self.limits.events as usize
        {
            self.metrics.queue_full += 1;
            if let Some(tally) = self.registry.tally(kind) {
                tally.refused += 1;
            }
            return Err(OpError::Limit("events_per_activity"));
        }
        Ok(())
    }

    /// Puts an event behind the others of its activity. What would be lost with the process is written down with the next
    /// group, unless it has been offered to all by then.
    pub(crate) fn enqueue(&mut self, event: Queued) {
        if self.recorder.on {
            self.record_event(&event);
        }
        let (id, number, kind) = (event.activity, event.number, event.kind);
        let Some((place, first)) = self.link_event(event) else {
            return;
        };
        if first {
            self.queue.ready.push_back(id);
        }
        self.metrics.events += 1;
        if let Some(tally) = self.registry.tally(kind) {
            tally.fired += 1;
        }
        let class = self
            .activities
            .get(id)
            .map_or(Durability::None, |a| a.class);
        if kind != END && class > Durability::None {
            self.journal.note_event(class, place, number);
            self.open_commit(class);
        }
    }

    /// Links an event into its activity's queue; its place, and whether it is the first.
    pub(crate) fn link_event(&mut self, event: Queued) -> Option<(u32, bool)> {
        let seconds = self.seconds();
        let activity = self.activities.get_mut(event.activity)?;
        let place = self.queue.insert(event);
        let first = activity.queued == 0;
        if first {
            activity.head = place;
        } else if let Some(last) = self.queue.get_mut(activity.tail) {
            last.next = place;
        }
        activity.tail = place;
        activity.queued += 1;
        activity.touched = seconds;
        activity.reported = false;
        Some((place, first))
    }

    /// Takes an activity's first event out of its queue: it was offered to all.
    pub(crate) fn dequeue(&mut self, id: ActivityId) -> Option<Queued> {
        let activity = self.activities.get_mut(id)?;
        let event = self.queue.remove(activity.head)?;
        activity.head = event.next;
        activity.queued -= 1;
        if activity.queued == 0 {
            activity.tail = NONE;
        }
        if let Some(until) = event.held {
            self.holds.remove(&(until, id));
        }
        Some(event)
    }

    /// Moves an activity to Ending and queues its last event (R-AE-01).
    pub(crate) fn begin_end(&mut self, id: ActivityId) {
        let Some(activity) = self.activities.get_mut(id) else {
            return;
        };
        activity.ending = true;
        let event = self.new_event(id, END, AnyEvent::new(ActivityEnd));
        self.enqueue(event);
        self.mark_activity(id);
    }

    /// Whether an activity's last event is in its queue.
    pub(crate) fn is_end_queued(&self, id: ActivityId) -> bool {
        let tail = self.activities.get(id).map_or(NONE, |a| a.tail);
        self.queue.get(tail).is_some_and(|e| e.kind == END)
    }

    /// The first event of an activity, if it is the one that a context names.
    pub(crate) fn first_event(&self, context: EventContext) -> Option<(u32, &Queued)> {
        let place = self.activities.get(context.activity)?.head;
        let event = self.queue.get(place)?;
        (event.number == context.event).then_some((place, event))
    }

    /// Tells whoever fired an event what became of it (R-RT-10).
    pub(crate) fn report_event(&mut self, event: &Queued, outcome: Outcome) {
        if let Some((ra, flags)) = event.report {
            self.report_done(ra, flags, event.activity, event.number, outcome);
        }
    }
}
