//! Suspending the delivery of an event, and resuming it (R-EC).
//!
//! Only the event under delivery can be suspended, so a suspended event is always the first of its activity, and
//! holding it back holds the later ones back too.

use crate::kernel::Kernel;
use crate::transaction::Undo;
use std::time::Duration;
use strowger::OpError;
use strowger::event::{EventContext, FireOptions, Fired};
use strowger::id::ActivityId;
use strowger::time::{Now, Wall};

impl Kernel {
    pub(crate) fn suspend_event(
        &mut self,
        context: EventContext,
        timeout: Option<Duration>,
    ) -> Result<(), OpError> {
        let timeout = timeout.unwrap_or(self.defaults.suspension);
        if timeout.is_zero() {
            return Err(OpError::InvalidArgument("timeout"));
        }
        if self.is_held(context)? {
            return Err(OpError::AlreadySuspended);
        }
        if self.current != Some(context) {
            return Err(OpError::NoEvent);
        }
        let until = self.now.wall + timeout;
        self.change_hold(context.activity, Some(until));
        Ok(())
    }

    pub(crate) fn resume_event(&mut self, context: EventContext) -> Result<(), OpError> {
        if !self.is_held(context)? {
            return Err(OpError::NotSuspended);
        }
        self.change_hold(context.activity, None);
        // The event that is being routed goes on by itself (R-EC-05).
        if self.routed.is_none_or(|c| c != context) {
            self.tx.resumed.push(context.activity);
        }
        Ok(())
    }

    pub(crate) fn is_held(&self, context: EventContext) -> Result<bool, OpError> {
        self.live(context.activity)?;
        Ok(self
            .first_event(context)
            .is_some_and(|(_, event)| event.held.is_some()))
    }

    /// What a context names, as long as it waits or is offered to others (R-EC-07).
    pub(crate) fn fired_event(&self, context: EventContext) -> Result<Fired, OpError> {
        self.live(context.activity)?;
        let (_, queued) = self.first_event(context).ok_or(OpError::NoEvent)?;
        let target = queued.target.and_then(|ix| self.service(ix));
        Ok(Fired {
            event: queued.event.clone(),
            options: FireOptions {
                address: queued.address.as_deref().cloned(),
                service: target.map(|service| service.id),
            },
        })
    }

    fn change_hold(&mut self, id: ActivityId, until: Option<Wall>) {
        let place = self.activities.get(id).map(|a| a.head);
        let old = place.and_then(|p| self.queue.get(p)).and_then(|e| e.held);
        self.tx.undo.push(Undo::Held(id, old));
        self.tx.activities.push(id);
        self.set_hold(id, until);
    }

    /// Holds an activity's first event, or lets it go.
    pub(crate) fn set_hold(&mut self, id: ActivityId, until: Option<Wall>) {
        let Some(place) = self.activities.get(id).map(|a| a.head) else {
            return;
        };
        let Some(event) = self.queue.get_mut(place) else {
            return;
        };
        let old = std::mem::replace(&mut event.held, until);
        if let Some(old) = old {
            self.holds.remove(&(old, id));
        }
        if let Some(until) = until {
            self.holds.insert((until, id));
        }
    }

    /// Resumes what was suspended for long enough (R-EC-06).
    pub(crate) fn end_holds(&mut self, now: Now) {
        while let Some(&(until, id)) = self.holds.first()
            && until <= now.wall
        {
            self.set_hold(id, None);
            self.queue.ready.push_back(id);
        }
    }
}
