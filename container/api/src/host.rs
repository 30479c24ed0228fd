//! The port through which a transaction's operations reach the kernel. For the kernel and its reference model to
//! implement; services use [`Cx`](crate::Cx), adaptors use [`RaCx`](crate::ra::RaCx).

use crate::alarm::Alarm;
use crate::error::{Error, OpError};
use crate::event::{AnyEvent, Event, EventContext, EventDecl, FireOptions, Fired};
use crate::id::{ActivityId, Component, ComponentId, EntityId, RaIx, Slot, TableIx, TimerId};
use crate::profile::{AnyProfile, Expr, SharedRow};
use crate::ra::{
    ActivityFlags, Bytes, ConnId, Direction, FireFlags, ListenerIx, Message, Query, Recorded, Told,
    Wanted,
};
use crate::sbb::{Hooks, Object};
use crate::time::Now;
use crate::timer::TimerOptions;
use crate::tracer::{Level, Tracer};
use std::any::Any;
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// What a handler may do. All of it takes part in the delivery's transaction: it is undone when that rolls back, and
/// nobody else sees it before it commits (R-TX-01, R-TX-06).
#[expect(
    clippy::missing_errors_doc,
    reason = "the errors are OpError's, described there"
)]
pub trait Host {
    /// Both clocks.
    fn now(&self) -> Now;
    /// Unpredictable bits, the same in every run from the same seed.
    fn random(&mut self) -> u64;

    /// The service that an entity belongs to.
    fn service_of(&self, entity: EntityId) -> Option<Component>;
    /// The settings of the service of an entity.
    fn settings_of(&self, entity: EntityId) -> &Arc<dyn Any + Send + Sync>;
    /// The adaptor entity behind a link name of the service of an entity.
    fn link(&self, entity: EntityId, name: &str, ra_type: ComponentId) -> Option<RaIx>;

    /// Attaches an entity to an activity (R-AC-03).
    fn attach(&mut self, entity: EntityId, activity: ActivityId) -> Result<(), OpError>;
    /// Detaches it.
    fn detach(&mut self, entity: EntityId, activity: ActivityId) -> Result<(), OpError>;
    /// Whether it is attached.
    fn is_attached(&self, entity: EntityId, activity: ActivityId) -> bool;
    /// The activities that it is attached to, in the order of attachment.
    fn activities(&self, entity: EntityId) -> Vec<ActivityId>;
    /// The type of an activity, unless it is gone.
    fn activity_type(&self, activity: ActivityId) -> Option<Component>;
    /// Whether an activity is ending (R-AC-02).
    fn is_ending(&self, activity: ActivityId) -> Result<bool, OpError>;
    /// Replaces the mask of an entity on an activity (R-MK-02).
    fn set_mask(
        &mut self,
        entity: EntityId,
        activity: ActivityId,
        events: &[Component],
    ) -> Result<(), OpError>;
    /// The mask of an entity on an activity.
    fn mask(&self, entity: EntityId, activity: ActivityId) -> Result<Vec<Component>, OpError>;

    /// Fires an event on an activity at commit (R-EV-04).
    fn fire(
        &mut self,
        entity: EntityId,
        activity: ActivityId,
        event: AnyEvent,
        decl: EventDecl,
        options: FireOptions,
    ) -> Result<(), OpError>;

    /// Sets a timer; `tag` is the tag's bytes (R-TM-01).
    fn set_timer(
        &mut self,
        activity: ActivityId,
        decl: EventDecl,
        tag: &[u8],
        options: TimerOptions,
    ) -> Result<TimerId, OpError>;
    /// Cancels a timer; of an unknown or expired one nothing happens (R-TM-02).
    fn cancel_timer(&mut self, timer: TimerId);
    /// The activity of a timer, also of an expired one while its activity lives (R-TM-09).
    fn timer_activity(&self, timer: TimerId) -> Option<ActivityId>;

    /// Makes a child entity of `parent` (R-SE-02).
    fn create_child(&mut self, parent: EntityId, sbb: ComponentId) -> Result<EntityId, OpError>;
    /// The children of `parent` whose SBB is `sbb`, oldest first.
    fn children(&self, parent: EntityId, sbb: ComponentId) -> Vec<EntityId>;
    /// Removes an entity and its descendants (R-SE-03).
    fn remove(&mut self, entity: EntityId) -> Result<(), OpError>;
    /// The parent of an entity.
    fn parent(&self, entity: EntityId) -> Option<EntityId>;
    /// The priority of an entity among its siblings (R-OR-01).
    fn priority(&self, entity: EntityId) -> Result<i8, OpError>;
    /// Changes it.
    fn set_priority(&mut self, entity: EntityId, priority: i8) -> Result<(), OpError>;
    /// Takes an entity's object for a synchronous call; until `leave` the entity is executing (R-SO-07).
    fn enter(&mut self, entity: EntityId, sbb: ComponentId) -> Result<Box<dyn Object>, OpError>;
    /// Gives it back; with an error the transaction is marked for rollback (R-SE-05).
    fn leave(&mut self, entity: EntityId, object: Box<dyn Object>, failed: bool);
    /// The callbacks of an entity's SBB.
    fn hooks(&self, entity: EntityId) -> Hooks;

    /// Marks the transaction: it can never commit (R-TX-05).
    fn set_rollback_only(&mut self, cause: Option<Error>);
    /// Whether it is marked.
    fn rollback_only(&self) -> bool;

    /// Makes a null activity (R-NA-01).
    fn create_null(&mut self) -> Result<ActivityId, OpError>;
    /// Ends a null activity at commit; idempotent (R-NA-02).
    fn end_null(&mut self, activity: ActivityId) -> Result<(), OpError>;
    /// The activity of the service of an entity (R-SV-07).
    fn service_activity(&self, entity: EntityId) -> Option<ActivityId>;

    /// Binds a name to an activity (R-NF-01).
    fn bind(&mut self, name: &str, activity: ActivityId) -> Result<(), OpError>;
    /// Unbinds it.
    fn unbind(&mut self, name: &str) -> Result<(), OpError>;
    /// The activity of a name.
    fn lookup(&self, name: &str) -> Option<ActivityId>;

    /// An attribute's bytes, as the SBB of `entity` names it (R-AT).
    fn attribute(
        &self,
        entity: EntityId,
        activity: ActivityId,
        name: &str,
        alias: Option<&str>,
    ) -> Result<Option<&[u8]>, OpError>;
    /// Sets it.
    fn set_attribute(
        &mut self,
        entity: EntityId,
        activity: ActivityId,
        name: &str,
        alias: Option<&str>,
        value: &[u8],
    ) -> Result<(), OpError>;

    /// Raises an alarm of the service of an entity, at once; whether it was not raised before (R-AL-01).
    fn raise_alarm(&mut self, entity: EntityId, alarm: Alarm<'_>) -> Result<bool, OpError>;
    /// Clears those of its service that are of a kind and about an instance; `None` is any (R-AL-02).
    fn clear_alarms(
        &mut self,
        entity: EntityId,
        kind: Option<&str>,
        instance: Option<&str>,
    ) -> usize;

    /// A set of usage parameters of the SBB of an entity in its service; `None` is the unnamed one (R-US-02).
    fn usage_set(&self, entity: EntityId, name: Option<&str>) -> Result<Rc<dyn Any>, OpError>;
    /// Whether a message of that level passes a tracer of the SBB of an entity (R-TR-02).
    fn traces(&self, entity: EntityId, tracer: Tracer, level: Level) -> bool;
    /// Passes it on.
    fn trace(&mut self, entity: EntityId, tracer: Tracer, level: Level, text: fmt::Arguments<'_>);

    /// The profile table of a name, if it is of that specification (R-PR-03).
    fn profile_table(&self, name: &str, spec: ComponentId) -> Option<TableIx>;
    /// A profile of a table, as this transaction sees it.
    fn profile(&self, table: TableIx, name: &str) -> Option<&SharedRow>;
    /// The activity of a table, while the SLEE runs (R-PE-02).
    fn table_activity(&self, table: TableIx) -> Option<ActivityId>;
    /// The default profile of a table.
    fn default_profile(&self, table: TableIx) -> Option<&dyn AnyProfile>;
    /// How many profiles a table has.
    fn count_profiles(&self, table: TableIx) -> usize;
    /// The first profile that a query finds.
    fn first_profile(&self, table: TableIx, query: &Expr) -> Result<Option<SharedRow>, OpError>;
    /// The profiles that a query finds; with `max` the first so many (R-PQ-01).
    fn query_profiles(
        &self,
        table: TableIx,
        query: &Expr,
        max: Option<usize>,
    ) -> Result<Vec<SharedRow>, OpError>;
    /// Makes a profile that is not there yet, or changes one that is (R-PR-03).
    fn put_profile(
        &mut self,
        table: TableIx,
        name: &str,
        profile: Box<dyn AnyProfile>,
        new: bool,
    ) -> Result<SharedRow, OpError>;
    /// Removes a profile; `false` if there was none.
    fn remove_profile(&mut self, table: TableIx, name: &str) -> Result<bool, OpError>;

    /// The event under delivery.
    fn event_context(&self) -> Option<EventContext>;
    /// An event whose delivery is not over, as it was fired (R-EC-07).
    fn fired(&self, context: EventContext) -> Result<Fired, OpError>;
    /// Suspends an event's delivery from commit on; `None` is the configured default (R-EC-02, R-EC-03).
    fn suspend(&mut self, context: EventContext, timeout: Option<Duration>) -> Result<(), OpError>;
    /// Resumes it (R-EC-04).
    fn resume(&mut self, context: EventContext) -> Result<(), OpError>;
    /// Whether it is suspended, as this transaction sees it (R-EC-05).
    fn is_suspended(&self, context: EventContext) -> Result<bool, OpError>;

    /// Starts an activity of an adaptor; it exists for others from commit on (R-RP-01). For providers.
    fn start_activity(
        &mut self,
        ra: RaIx,
        slot: Slot,
        kind: Component,
        flags: ActivityFlags,
    ) -> Result<ActivityId, OpError>;
    /// The adaptor entity that owns an activity. For providers.
    fn owner(&self, activity: ActivityId) -> Option<RaIx>;
    /// Runs a command in an adaptor right after commit. For providers.
    fn command(&mut self, entity: EntityId, ra: RaIx, command: Box<dyn Any>);
    /// What an adaptor lets providers read. For providers.
    fn view(&self, ra: RaIx) -> Option<&dyn Any>;
    /// The slot of a key, by a hash under the store's secret. For providers.
    fn slot_of(&self, key: &[u8]) -> Slot;
}

/// What an adaptor may do while it handles an input. Takes effect at once, except that messages leave in order and not
/// before what they depend on is durable.
#[expect(
    clippy::missing_errors_doc,
    reason = "the errors are OpError's, described there"
)]
pub trait RaHost {
    /// Both clocks.
    fn now(&self) -> Now;
    /// Unpredictable bits, the same in every run from the same seed.
    fn random(&mut self) -> u64;
    /// The slot of a key, by a hash under the store's secret.
    fn slot_of(&self, key: &[u8]) -> Slot;
    /// A secret of the store, the same after every restart: 16 bytes for MACs of ids that come back from outside.
    fn secret(&self) -> [u8; 16];

    /// Starts an activity (R-RP-01).
    fn start_activity(
        &mut self,
        ra: RaIx,
        slot: Slot,
        kind: Component,
        flags: ActivityFlags,
        cookie: u64,
    ) -> Result<ActivityId, OpError>;
    /// Ends an activity: its last event is queued (R-AE-01).
    fn end_activity(&mut self, ra: RaIx, activity: ActivityId) -> Result<(), OpError>;
    /// The adaptor's own 64 bits of an activity.
    fn cookie(&self, ra: RaIx, activity: ActivityId) -> Option<u64>;
    /// Changes them.
    fn set_cookie(&mut self, ra: RaIx, activity: ActivityId, cookie: u64);
    /// Whether the activity's class is durable: what is persisted for it is kept.
    fn is_durable(&self, activity: ActivityId) -> bool;
    /// Fires an event; the number returned names it in reports (R-EV-06).
    fn fire(
        &mut self,
        ra: RaIx,
        activity: ActivityId,
        event: AnyEvent,
        decl: EventDecl,
        options: FireOptions,
        flags: FireFlags,
    ) -> Result<u64, OpError>;
    /// Whether an active service receives the event type (R-RP-07).
    fn has_receiver(&self, event: ComponentId) -> bool;

    /// Writes a durable record of an activity.
    fn persist(&mut self, ra: RaIx, activity: ActivityId, sub: &[u8], value: &[u8]);
    /// Removes it.
    fn forget(&mut self, ra: RaIx, activity: ActivityId, sub: &[u8]);
    /// Writes a durable record of the entity itself, in the slot of an activity and in its class.
    fn keep(&mut self, ra: RaIx, like: ActivityId, sub: &[u8], value: &[u8]);
    /// The same under a slot, in class strict.
    fn keep_strict(&mut self, ra: RaIx, slot: Slot, sub: &[u8], value: &[u8]);
    /// Removes it.
    fn discard(&mut self, ra: RaIx, slot: Slot, sub: &[u8]);

    /// Sends a datagram.
    fn datagram(&mut self, ra: RaIx, listener: ListenerIx, to: SocketAddr, bytes: Bytes);
    /// Sends on a connection.
    fn stream(&mut self, ra: RaIx, conn: ConnId, bytes: Bytes);
    /// Opens a connection, over TLS to a host of that name; the number comes back with its inputs.
    fn connect(
        &mut self,
        ra: RaIx,
        listener: ListenerIx,
        to: SocketAddr,
        server_name: Option<&str>,
    ) -> ConnId;
    /// Closes a connection after what was sent on it.
    fn close(&mut self, ra: RaIx, conn: ConnId);
    /// Asks the name servers; the token comes back with the answer.
    fn resolve(&mut self, ra: RaIx, token: u64, query: Query);
    /// Stops reading from a connection, or goes on.
    fn pause_reading(&mut self, ra: RaIx, conn: ConnId, paused: bool);

    /// Tells the adaptor's driver something.
    fn tell(&mut self, ra: RaIx, message: Message);

    /// Whether any message may be recorded.
    fn is_recording(&self) -> bool {
        false
    }
    /// Whether a message of that key is recorded.
    fn records(&mut self, ra: RaIx, key: &[u8], direction: Direction) -> Option<Wanted> {
        let _ = (ra, key, direction);
        None
    }
    /// Records it.
    fn record(&mut self, ra: RaIx, key: &[u8], direction: Direction, message: Recorded<'_>) {
        let _ = (ra, key, direction, message);
    }
    /// An activity is what a key names.
    fn record_as(&mut self, ra: RaIx, activity: ActivityId, key: &[u8]) {
        let _ = (ra, activity, key);
    }

    /// Whether a message of that level passes a tracer of the adaptor entity (R-TR-02).
    fn traces(&self, ra: RaIx, tracer: Tracer, level: Level) -> bool {
        let _ = (ra, tracer, level);
        false
    }
    /// Passes it on.
    fn trace(&mut self, ra: RaIx, tracer: Tracer, level: Level, text: fmt::Arguments<'_>) {
        let _ = (ra, tracer, level, text);
    }

    /// Something was told of a source.
    fn told(&mut self, ra: RaIx, told: Told) {
        let _ = (ra, told);
    }

    /// Counts something; the name is a constant of the adaptor.
    fn count(&mut self, ra: RaIx, name: &'static str, n: u64);
    /// Raises an alarm, or clears it (R-AL).
    fn alarm(&mut self, ra: RaIx, name: &'static str, raised: bool, text: &str);
}

/// The declaration of `E`, for calls that take one beside the event.
#[must_use]
pub const fn decl<E: Event>() -> EventDecl {
    EventDecl::of::<E>()
}
