//! What an adaptor entity may do while it handles an input: [`RaHost`]. All of it takes effect at once (R-TX-04).

use crate::activity::{Activity, Owner};
use crate::kernel::Kernel;
use crate::manage::AdaptorState;
use crate::options::Durability;
use crate::output::{AlarmSource, ShardOutput};
use std::fmt;
use std::net::SocketAddr;
use strowger::OpError;
use strowger::event::{AnyEvent, EventDecl, FireOptions};
use strowger::host::RaHost;
use strowger::id::{ActivityId, Component, ComponentId, RaIx, ServiceIx, Slot};
use strowger::ra::{
    ActivityFlags, Bytes, ConnId, Direction, FailureReason, FireFlags, ListenerIx, Message,
    Outcome, Query, Recorded, Told, Wanted,
};
use strowger::time::Now;
use strowger::tracer::{Level, Tracer};
use strowger_journal::{MAX_SUB, MAX_VALUE};

impl Kernel {
    /// An activity of that adaptor entity.
    fn owned(&self, ra: RaIx, id: ActivityId) -> Result<&Activity, OpError> {
        self.activities
            .get(id)
            .filter(|a| a.owner == Owner::Ra(ra))
            .ok_or(OpError::StaleActivity(id))
    }

    /// Whether an adaptor entity may start activities, or only fire events on those there are (R-RP-01).
    pub(crate) fn may_start(&self, ra: RaIx) -> Result<(), OpError> {
        let active = self
            .adaptor(ra)
            .is_some_and(|a| a.told == AdaptorState::Active);
        if active && !self.restoring {
            Ok(())
        } else {
            Err(OpError::Stopping)
        }
    }

    /// The service that an event is fired to (R-EV-08).
    pub(crate) fn target_service(
        &self,
        target: Option<ComponentId>,
    ) -> Result<Option<ServiceIx>, OpError> {
        let Some(id) = target else { return Ok(None) };
        let place = self.services.iter().position(|s| s.id == id && s.is_live());
        place
            .map(|p| Some(ServiceIx(p as u16)))
            .ok_or(OpError::InvalidArgument("service"))
    }

    /// Whether a record fits into the store; the operator hears of one that does not.
    fn is_writable(&mut self, ra: RaIx, sub: &[u8], value: &[u8]) -> bool {
        let fits = sub.len() <= MAX_SUB && value.len() <= MAX_VALUE;
        if !fits {
            let text = "an adaptor record is too long and was not written";
            self.alarm(ra, "record_too_long", true, text);
        }
        fits
    }

    fn push(&mut self, output: ShardOutput) {
        self.outputs.push(self.journal.last_strict, output);
    }
}

impl RaHost for Kernel {
    fn now(&self) -> Now {
        self.now
    }
    fn random(&mut self) -> u64 {
        self.entropy.next_u64()
    }
    fn slot_of(&self, key: &[u8]) -> Slot {
        self.slot(key)
    }
    fn secret(&self) -> [u8; 16] {
        self.secret
    }

    fn start_activity(
        &mut self,
        ra: RaIx,
        slot: Slot,
        kind: Component,
        flags: ActivityFlags,
        cookie: u64,
    ) -> Result<ActivityId, OpError> {
        self.may_start(ra)?;
        let kind = self.registry.kind(kind);
        let id = self.make_activity(slot, kind, Owner::Ra(ra), flags)?;
        if let Some(activity) = self.activities.get_mut(id) {
            activity.cookie = cookie;
        }
        Ok(id)
    }
    fn end_activity(&mut self, ra: RaIx, activity: ActivityId) -> Result<(), OpError> {
        if !self.owned(ra, activity)?.ending {
            self.begin_end(activity);
        }
        Ok(())
    }
    fn cookie(&self, ra: RaIx, activity: ActivityId) -> Option<u64> {
        self.owned(ra, activity).ok().map(|a| a.cookie)
    }
    fn set_cookie(&mut self, ra: RaIx, activity: ActivityId, cookie: u64) {
        if self.owned(ra, activity).is_ok()
            && let Some(a) = self.activities.get_mut(activity)
        {
            a.cookie = cookie;
        }
    }
    fn is_durable(&self, activity: ActivityId) -> bool {
        self.activities
            .get(activity)
            .is_some_and(|a| a.class > Durability::None)
    }
    fn fire(
        &mut self,
        ra: RaIx,
        activity: ActivityId,
        event: AnyEvent,
        decl: EventDecl,
        options: FireOptions,
        flags: FireFlags,
    ) -> Result<u64, OpError> {
        self.owned(ra, activity)?;
        let target = self.target_service(options.service)?;
        let kind = self.registry.event(&decl);
        let takes = self.queue_takes(activity, kind);
        let mut queued = self.new_event(activity, kind, event);
        queued.target = target;
        queued.address = options.address.map(Box::new);
        queued.report = Some((ra, flags));
        let number = queued.number;
        match takes {
            Ok(()) => {
                self.enqueue(queued);
                self.count_fired(ra);
            }
            Err(OpError::Limit(_)) if flags.report_done => {
                self.report_event(&queued, Outcome::Failed(FailureReason::QueueFull));
            }
            Err(cause) => return Err(cause),
        }
        Ok(number)
    }
    fn has_receiver(&self, event: ComponentId) -> bool {
        let ix = self.registry.known_event(event);
        ix.and_then(|ix| self.receivers.get(usize::from(ix)))
            .is_some_and(|n| *n > 0)
    }

    fn persist(&mut self, ra: RaIx, activity: ActivityId, sub: &[u8], value: &[u8]) {
        if self.owned(ra, activity).is_err() {
            return self.count(ra, "persist_stale", 1);
        }
        if self.is_writable(ra, sub, value) {
            self.put_adaptor_record(activity, sub, value);
        }
    }
    fn forget(&mut self, ra: RaIx, activity: ActivityId, sub: &[u8]) {
        if self.owned(ra, activity).is_ok() {
            self.remove_adaptor_record(activity, sub);
        }
    }

    fn keep(&mut self, ra: RaIx, like: ActivityId, sub: &[u8], value: &[u8]) {
        let Ok(class) = self.owned(ra, like).map(|activity| activity.class) else {
            return self.count(ra, "persist_stale", 1);
        };
        if self.is_writable(ra, sub, value) {
            self.put_kept_record(ra, (like.slot(), class), sub, value);
        }
    }
    fn keep_strict(&mut self, ra: RaIx, slot: Slot, sub: &[u8], value: &[u8]) {
        if self.is_writable(ra, sub, value) {
            self.put_kept_record(ra, (slot, Durability::Strict), sub, value);
        }
    }
    fn discard(&mut self, ra: RaIx, slot: Slot, sub: &[u8]) {
        self.remove_kept_record(ra, slot, sub);
    }

    fn datagram(&mut self, ra: RaIx, listener: ListenerIx, to: SocketAddr, bytes: Bytes) {
        self.push(ShardOutput::Datagram {
            ra,
            listener,
            to,
            bytes,
        });
    }
    fn stream(&mut self, ra: RaIx, conn: ConnId, bytes: Bytes) {
        self.push(ShardOutput::Stream { ra, conn, bytes });
    }
    fn connect(
        &mut self,
        ra: RaIx,
        listener: ListenerIx,
        to: SocketAddr,
        server_name: Option<&str>,
    ) -> ConnId {
        let conn = ConnId(self.next_conn);
        self.next_conn += 1;
        self.push(ShardOutput::Connect {
            ra,
            conn,
            listener,
            to,
            server_name: server_name.map(Into::into),
        });
        conn
    }
    fn close(&mut self, ra: RaIx, conn: ConnId) {
        self.push(ShardOutput::Close { ra, conn });
    }
    fn resolve(&mut self, ra: RaIx, token: u64, query: Query) {
        self.push(ShardOutput::Resolve { ra, token, query });
    }
    fn tell(&mut self, ra: RaIx, message: Message) {
        self.push(ShardOutput::Tell { ra, message });
    }
    fn pause_reading(&mut self, ra: RaIx, conn: ConnId, paused: bool) {
        self.outputs
            .urgent(ShardOutput::PauseReading { ra, conn, paused });
    }

    fn is_recording(&self) -> bool {
        self.recorder.listens()
    }
    fn records(&mut self, ra: RaIx, key: &[u8], direction: Direction) -> Option<Wanted> {
        if self.recorder.listens() {
            self.wants_message(ra, key, direction)
        } else {
            None
        }
    }
    fn record(&mut self, ra: RaIx, key: &[u8], direction: Direction, message: Recorded<'_>) {
        self.record_message(ra, key, direction, message);
    }
    fn record_as(&mut self, ra: RaIx, activity: ActivityId, key: &[u8]) {
        if self.recorder.on {
            self.record_key(ra, activity, key);
        }
    }

    fn traces(&self, ra: RaIx, tracer: Tracer, level: Level) -> bool {
        self.traces_at(ra, tracer, level)
    }
    fn trace(&mut self, ra: RaIx, tracer: Tracer, level: Level, text: fmt::Arguments<'_>) {
        self.trace_at(ra, tracer, level, text);
    }

    fn told(&mut self, ra: RaIx, told: Told) {
        self.told.push(ra, told);
    }

    fn count(&mut self, ra: RaIx, name: &'static str, n: u64) {
        if let Some(adaptor) = self.adaptor_mut(ra) {
            adaptor.count(name, n);
        }
    }
    fn alarm(&mut self, ra: RaIx, name: &'static str, raised: bool, text: &str) {
        let source = AlarmSource::Adaptor(ra);
        self.outputs.notice(ShardOutput::Alarm {
            source,
            name,
            raised,
            text: text.to_owned(),
        });
    }
}
