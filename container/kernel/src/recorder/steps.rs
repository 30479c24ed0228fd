//! Where the kernel tells its recorder what happens, and what it tells of it.
//!
//! Each of these is called only while something is recorded.

use super::{CallNo, Delivered, Kept, RecorderMode, Subject, is_sampled};
use crate::activity::Owner;
use crate::kernel::Kernel;
use crate::queue::Queued;
use crate::registry::EventIx;
use crate::router::Routing;
use crate::transaction::Undo;
use siphasher::sip::SipHasher24;
use smallvec::SmallVec;
use std::hash::Hasher as _;
use strowger::id::{ActivityId, EntityId, RaIx, TimerId};
use strowger::ra::{Direction, Recorded, Wanted};

impl Kernel {
    #[cold]
    pub(crate) fn wants_message(
        &self,
        ra: RaIx,
        key: &[u8],
        direction: Direction,
    ) -> Option<Wanted> {
        let known = self.recorder.wants(ra, key, direction)?;
        let redaction = self.recorder.options.redaction;
        Some(Wanted { redaction, known })
    }

    #[cold]
    pub(crate) fn record_message(
        &mut self,
        ra: RaIx,
        key: &[u8],
        direction: Direction,
        mut message: Recorded<'_>,
    ) {
        let adaptor = self
            .adaptors
            .get(usize::from(ra.0))
            .and_then(Option::as_ref)
            .map_or("", |a| a.name.as_str());
        let parties = message.parties.as_ref();
        let Some(no) =
            self.recorder
                .call_of_message(self.now, (ra, adaptor), key, direction, parties)
        else {
            return;
        };
        if let Some(parties) = message.parties.take() {
            self.recorder.set_parties(no, parties);
        }
        self.recorder.redacted(no);
        let began = self.recorder.began(no).unwrap_or(self.now);
        self.feed_message(ra, key, direction, &message, began);
        let kept = Kept::Message {
            ra,
            protocol: message.protocol,
            direction,
            transport: message.transport,
            listener: message.listener.0,
            remote: message.remote,
            key: self.recorder.key_place(no, ra, key),
            title: message.title.into_boxed_str(),
            bytes: message.bytes.into_owned().into_boxed_slice(),
        };
        self.recorder.keep(no, self.now, kept);
    }

    #[cold]
    pub(crate) fn record_key(&mut self, ra: RaIx, activity: ActivityId, key: &[u8]) {
        let own = self.recorder.call_of(activity);
        if let Some(no) = self.recorder.call_named(ra, key, own) {
            self.record_activity(no, activity);
            self.record_relatives(no, activity);
        }
    }

    /// An activity is part of a call.
    fn record_activity(&mut self, no: CallNo, id: ActivityId) {
        let Some(activity) = self.activities.get(id) else {
            return;
        };
        let owner = match activity.owner {
            Owner::Ra(ra) => Some(ra),
            Owner::Null => None,
            // The activity of a service is part of all that it does, and that of a table of nothing.
            Owner::Service(_) | Owner::Table => return,
        };
        let kept = Kept::Activity(id, activity.kind, owner);
        if self.recorder.take_in(no, id) {
            self.recorder.keep(no, self.now, kept);
        }
    }

    /// So are those that the trees are attached to that are attached to it.
    fn record_relatives(&mut self, no: CallNo, id: ActivityId) {
        let attached = self.activities.get(id).map_or(&[][..], |a| &a.attached);
        let roots = attached.iter().filter_map(|a| self.entities.get(a.entity));
        let roots: SmallVec<[EntityId; 2]> = roots.map(|e| e.root).collect();
        for root in roots {
            self.record_tree(no, root);
        }
    }

    fn record_tree(&mut self, no: CallNo, root: EntityId) {
        let mut activities: SmallVec<[ActivityId; 8]> = SmallVec::new();
        self.attachments_of(root, &mut activities);
        for id in activities {
            self.record_activity(no, id);
        }
    }

    #[cold]
    pub(crate) fn record_event(&mut self, event: &Queued) {
        if let Some(no) = self.recorder.call_of(event.activity) {
            let kept = Kept::Event(event.activity, event.kind, event.number);
            self.recorder.keep(no, self.now, kept);
        }
    }

    #[cold]
    pub(crate) fn record_ended(&mut self, id: ActivityId) {
        if let Some(no) = self.recorder.call_of(id) {
            self.recorder.keep(no, self.now, Kept::Ended(id));
            self.recorder.let_go(id);
        }
    }

    /// Who is about to get an event; it may be gone afterwards.
    #[cold]
    pub(crate) fn recorded_subject(&self, id: EntityId) -> Option<Subject> {
        let entity = self.entities.get(id)?;
        let (_, sbb) = self.sbb_of(id)?;
        let mut activities = entity.activities.iter();
        Some(Subject {
            entity: id,
            root: entity.root,
            service: entity.service,
            sbb: sbb.component,
            call: activities.find_map(|id| self.recorder.call_of(*id)),
        })
    }

    /// A delivery is over, and its transaction about to be committed or rolled back. `called`: its handler ran.
    #[cold]
    pub(crate) fn record_delivery(
        &mut self,
        routing: &Routing,
        subject: &Subject,
        called: bool,
        failed: bool,
    ) {
        let call = self.recorder.call_of(routing.activity).or(subject.call);
        let Some(no) = call.or_else(|| self.record_start(routing.activity, failed)) else {
            return;
        };
        if !failed {
            self.record_activity(no, routing.activity);
            self.record_tree(no, subject.root);
            self.record_made(no);
            // Commands of the transaction belong to the call.
            self.recorder.acting = Some(no);
        }
        self.recorder.took_part(no, subject.service);
        if !called {
            return;
        }
        let cause = || {
            let cause = self.tx.cause.as_ref();
            cause.map_or_else(|| "marked for rollback".to_owned(), ToString::to_string)
        };
        let delivered = Delivered {
            activity: routing.activity,
            event: routing.kind,
            number: routing.number,
            service: subject.service,
            sbb: subject.sbb,
            entity: subject.entity,
            rolled_back: failed.then(cause),
        };
        let kept = Kept::Delivery(Box::new(delivered));
        self.recorder.keep(no, self.now, kept);
    }

    /// A call that begins with what a delivery starts, unless the event is an adaptor's: that belongs to a message, and it
    /// was seen then whether it is recorded.
    fn record_start(&mut self, activity: ActivityId, failed: bool) -> Option<CallNo> {
        let RecorderMode::Sampled(n) = self.recorder.options.mode else {
            return None;
        };
        if failed || matches!(self.activities.get(activity)?.owner, Owner::Ra(_)) {
            return None;
        }
        let made = self.made().next()?;
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        hasher.write_u64(made.raw());
        match is_sampled(hasher.finish(), n) {
            true => self.recorder.begin(self.now),
            false => None,
        }
    }

    /// What the transaction has started belongs to the call, whoever is going to be attached to it.
    fn record_made(&mut self, no: CallNo) {
        let made: SmallVec<[ActivityId; 2]> = self.made().collect();
        for id in made {
            self.record_activity(no, id);
        }
    }

    /// Activities that the transaction has started.
    fn made(&self) -> impl Iterator<Item = ActivityId> + '_ {
        self.tx.undo.iter().filter_map(|undo| {
            let Undo::ActivityMade(id) = undo else {
                return None;
            };
            Some(*id)
        })
    }

    #[cold]
    pub(crate) fn record_timer_set(&mut self, id: TimerId) {
        let Some(timer) = self.timers.get(id) else {
            return;
        };
        if let Some(no) = self.recorder.call_of(timer.activity) {
            let kept = Kept::TimerSet(timer.activity, id, timer.kind, timer.next);
            self.recorder.keep(no, self.now, kept);
        }
    }

    #[cold]
    pub(crate) fn record_timer_over(
        &mut self,
        activity: ActivityId,
        id: TimerId,
        kind: EventIx,
        cancelled: bool,
    ) {
        if let Some(no) = self.recorder.call_of(activity) {
            let kept = if cancelled {
                Kept::TimerCancelled(id, kind)
            } else {
                Kept::TimerFired(id, kind)
            };
            self.recorder.keep(no, self.now, kept);
        }
    }
}
