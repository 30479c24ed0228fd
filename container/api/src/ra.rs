//! What authors of resource adaptors import.
//!
//! A protocol is a state machine that owns no socket and reads no clock. It is handed one [`Input`] at a time together
//! with a [`RaCx`] and does everything through that context, synchronously: start activities, fire events, send bytes,
//! persist records. The node owns sockets, connections and time.
//!
//! **Contract:** the driver calls [`Protocol::handle`] with one input after the other, never from within another call,
//! and with [`Input::Timeout`] as soon as the time that [`Protocol::deadline`] named has come.
#![doc = include_str!("ra.md")]

use crate::activity::Activity;
use crate::error::OpError;
use crate::event::{AnyEvent, Event, EventDecl, FireOptions};
use crate::host::RaHost;
use crate::id::{ActivityId, Component, ComponentId, RaIx, Slot};
use crate::param::{Settings, SettingsDecl};
use crate::time::{Mono, Now};
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::fmt;
use std::net::SocketAddr;

pub use bytes::Bytes;

/// What services name in `Ra<T>`: the adaptor's operations, as methods that take a [`Cx`](crate::Cx). Holds nothing but
/// the adaptor entity that it speaks to.
pub trait Provider: Copy + 'static {
    /// Name, vendor and version of the adaptor type.
    const TYPE: Component;
    /// The provider of one adaptor entity.
    fn bind(entity: RaIx) -> Self;
}

/// A protocol: bytes, commands and time in; activities, events and bytes out.
pub trait Protocol: Sized + 'static {
    /// Name, vendor and version of the adaptor type; the same as its provider's.
    const TYPE: Component;
    /// Settings of an entity of it, from `[adaptors.NAME.settings]`.
    type Settings: Settings;
    /// What its provider asks of it.
    type Command: Any;

    /// Checks settings beyond their types; must have no side effect (R-RO-03).
    ///
    /// # Errors
    /// What is wrong, and with which key.
    fn verify(settings: &Self::Settings) -> Result<(), SettingsError>;
    /// The listeners that the node opens for it, in the order of their [`ListenerIx`].
    fn listeners(settings: &Self::Settings) -> Vec<Listener>;
    /// The event types that it fires.
    fn events() -> Vec<EventDecl>;
    /// The activity types that it starts.
    fn activities() -> Vec<Component>;
    /// An entity of it, inactive.
    fn new(settings: &Self::Settings) -> Self;
    /// Handles one input.
    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Self::Command>);
    /// When it next wants [`Input::Timeout`].
    fn deadline(&self) -> Option<Mono>;
    /// What its provider may read while a handler runs.
    fn view(&self) -> &dyn Any {
        &()
    }
}

/// One thing that happened to an adaptor entity.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input<'a, C> {
    /// The entity became active: the SLEE runs, and the operator wants it. It may start activities (R-RO-01).
    Active,
    /// The entity is stopping: it starts no activity any more and lets those there are finish.
    Stopping,
    /// All its activities have ended.
    Inactive,
    /// The node is short of something: until it is withdrawn, refuse what begins new work, with the protocol's own error,
    /// and go on with what there is.
    RefuseNew(bool),
    /// Its deadline has come.
    Timeout,
    /// A datagram came.
    Datagram {
        /// Where.
        listener: ListenerIx,
        /// From whom.
        from: SocketAddr,
        /// The datagram.
        bytes: Bytes,
    },
    /// A connection stands, accepted or opened.
    Connected {
        /// The connection.
        conn: ConnId,
        /// The listener that accepted it, or for which it was opened.
        listener: ListenerIx,
        /// The other side.
        peer: SocketAddr,
        /// This side.
        local: SocketAddr,
        /// Accepted, not opened.
        inbound: bool,
    },
    /// A connection could not be opened.
    ConnectFailed {
        /// The connection.
        conn: ConnId,
    },
    /// Bytes came on a connection.
    Received {
        /// The connection.
        conn: ConnId,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// The peer has ended its half of a connection: nothing more comes on it. What is sent on it soon may still be read;
    /// `Closed` follows.
    PeerEnded {
        /// The connection.
        conn: ConnId,
    },
    /// A connection is no more, whoever closed it; its number is never used again.
    Closed {
        /// The connection.
        conn: ConnId,
    },
    /// A datagram could not be sent.
    SendFailed {
        /// Where.
        listener: ListenerIx,
        /// To whom.
        to: SocketAddr,
    },
    /// The provider asks for something, in a transaction that has committed.
    Command {
        /// What.
        command: C,
        /// The service whose SBB asked (R-RO-04).
        service: Option<ComponentId>,
    },
    /// An activity has ended and its id is free (R-AE-04); only if asked for.
    ActivityEnded(ActivityId),
    /// Nothing refers to an activity any more (R-AC-06); only if asked for.
    Unreferenced(ActivityId),
    /// An event was offered to all its receivers (R-RT-10); only if asked for.
    EventDone {
        /// Its activity.
        activity: ActivityId,
        /// Its number, from [`RaCx::fire_with`].
        event: u64,
        /// What became of it.
        outcome: Outcome,
    },
    /// The event is not held by anyone any more (R-EV-09); only if asked for.
    EventUnreferenced {
        /// Its activity.
        activity: ActivityId,
        /// Its number.
        event: u64,
    },
    /// After a restart: a record that was persisted for an activity, which lives on under the same id.
    Restore {
        /// The activity.
        activity: ActivityId,
        /// Its type.
        kind: ComponentId,
        /// The record's sub key.
        sub: &'a [u8],
        /// The record.
        value: &'a [u8],
    },
    /// After a restart: an activity was restored without any record of the adaptor's. Unless it is of a kind that needs
    /// none the adaptor ends it.
    RestoreBare {
        /// The activity.
        activity: ActivityId,
        /// Its type.
        kind: ComponentId,
    },
    /// After a restart: all records have been handed over; what must be sent until it is answered is sent again.
    Restored,
    /// The activity was raised to a durable class: persist what must survive of it now.
    Snapshot(ActivityId),
    /// Is the activity still alive? End it if not (R-AC-07).
    QueryLiveness(ActivityId),
    /// The operator removed the activity: drop what there is of it (R-RP-05).
    AdministrativeRemove(ActivityId),
    /// The set of event types that have receivers has changed (R-SV-04).
    ReceiversChanged,
}

impl<'a, C> Input<'a, C> {
    /// The same input with its command turned into another type; `None` if `f` refuses it.
    fn try_map<D>(self, f: impl FnOnce(C) -> Option<D>) -> Option<Input<'a, D>> {
        Some(match self {
            Self::Command { command, service } => Input::Command {
                command: f(command)?,
                service,
            },
            Self::Active => Input::Active,
            Self::Stopping => Input::Stopping,
            Self::Inactive => Input::Inactive,
            Self::RefuseNew(on) => Input::RefuseNew(on),
            Self::Timeout => Input::Timeout,
            Self::Datagram {
                listener,
                from,
                bytes,
            } => Input::Datagram {
                listener,
                from,
                bytes,
            },
            Self::Connected {
                conn,
                listener,
                peer,
                local,
                inbound,
            } => Input::Connected {
                conn,
                listener,
                peer,
                local,
                inbound,
            },
            Self::ConnectFailed { conn } => Input::ConnectFailed { conn },
            Self::Received { conn, bytes } => Input::Received { conn, bytes },
            Self::PeerEnded { conn } => Input::PeerEnded { conn },
            Self::Closed { conn } => Input::Closed { conn },
            Self::SendFailed { listener, to } => Input::SendFailed { listener, to },
            Self::ActivityEnded(activity) => Input::ActivityEnded(activity),
            Self::Unreferenced(activity) => Input::Unreferenced(activity),
            Self::EventDone {
                activity,
                event,
                outcome,
            } => Input::EventDone {
                activity,
                event,
                outcome,
            },
            Self::EventUnreferenced { activity, event } => {
                Input::EventUnreferenced { activity, event }
            }
            Self::Restore {
                activity,
                kind,
                sub,
                value,
            } => Input::Restore {
                activity,
                kind,
                sub,
                value,
            },
            Self::RestoreBare { activity, kind } => Input::RestoreBare { activity, kind },
            Self::Restored => Input::Restored,
            Self::Snapshot(activity) => Input::Snapshot(activity),
            Self::QueryLiveness(activity) => Input::QueryLiveness(activity),
            Self::AdministrativeRemove(activity) => Input::AdministrativeRemove(activity),
            Self::ReceiversChanged => Input::ReceiversChanged,
        })
    }
}

/// What became of an event (R-RT-10).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// Offered to all; at least one handler ran and its transaction committed.
    Processed,
    /// Offered to all that were there, and no handler ran.
    NoReceiver,
    /// Handlers ran, and every one of their transactions rolled back.
    RolledBack,
    /// It could not be offered to all (R-RP-04).
    Failed(FailureReason),
}

/// Why an event could not be offered (R-RP-04).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum FailureReason {
    /// Nothing of the below.
    Other,
    /// The activity's queue is full.
    QueueFull,
    /// It waited too long.
    QueueTimeout,
    /// The node sheds load.
    Overload,
}

/// How an activity is started (R-RP-02).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ActivityFlags {
    /// Report the end: [`Input::ActivityEnded`].
    pub report_end: bool,
    /// Report that nothing refers to it: [`Input::Unreferenced`].
    pub report_unreferenced: bool,
}

/// How an event is fired by an adaptor (R-RP-02).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FireFlags {
    /// Report what became of it: [`Input::EventDone`].
    pub report_done: bool,
    /// Report when nobody holds it: [`Input::EventUnreferenced`].
    pub report_unreferenced: bool,
}

/// A listener of an adaptor entity, by its place in what [`Protocol::listeners`] returned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ListenerIx(pub u16);

/// A connection, unique while the process lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnId(pub u64);

/// What the node opens for an adaptor entity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listener {
    /// Unique within the entity.
    pub name: String,
    /// How.
    pub transport: Transport,
    /// Where; a client-only adaptor names port 0.
    pub bind: SocketAddr,
    /// Connections accepted at most at one time; 0 for datagrams.
    pub connections: u32,
    /// Bytes that may wait to be written on one connection; what is beyond closes it.
    pub write_buffer: u32,
}

/// A transport that the node offers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// Byte streams.
    Tcp,
}

/// A setting that is wrong beyond its type.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct SettingsError {
    /// The key, relative to the adaptor's settings: `listeners.0.bind`.
    pub key: String,
    /// What is wrong, and what would be right.
    pub problem: &'static str,
}

/// The context of an adaptor entity while it handles an input.
pub struct RaCx<'a> {
    host: &'a mut dyn RaHost,
    ra: RaIx,
}

impl fmt::Debug for RaCx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaCx")
            .field("ra", &self.ra)
            .finish_non_exhaustive()
    }
}

#[expect(
    clippy::missing_errors_doc,
    reason = "the errors are OpError's, described there"
)]
impl<'a> RaCx<'a> {
    /// For drivers: the context of one adaptor entity.
    pub fn new(host: &'a mut dyn RaHost, ra: RaIx) -> Self {
        Self { host, ra }
    }
    /// This entity.
    #[must_use]
    pub const fn entity(&self) -> RaIx {
        self.ra
    }
    /// Both clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        self.host.now()
    }
    /// Unpredictable bits, the same in every run from the same seed.
    pub fn random(&mut self) -> u64 {
        self.host.random()
    }
    /// The slot of a key, by a hash under the store's secret.
    #[must_use]
    pub fn slot_of(&self, key: &[u8]) -> Slot {
        self.host.slot_of(key)
    }
    /// A secret of the store, the same after every restart, for MACs of ids that come back from outside.
    #[must_use]
    pub fn secret(&self) -> [u8; 16] {
        self.host.secret()
    }

    /// Starts an activity, visible at once; `cookie` is the adaptor's own (R-RP-01).
    pub fn start_activity<A: Activity>(
        &mut self,
        slot: Slot,
        flags: ActivityFlags,
        cookie: u64,
    ) -> Result<ActivityId, OpError> {
        self.host
            .start_activity(self.ra, slot, A::TYPE, flags, cookie)
    }
    /// Ends an activity; what was fired on it before is still delivered (R-AE-01, R-AE-02). Idempotent.
    pub fn end_activity(&mut self, activity: ActivityId) -> Result<(), OpError> {
        self.host.end_activity(self.ra, activity)
    }
    /// The adaptor's own 64 bits of an activity; `None` if it is gone or another's. After a restart they are 0 until the
    /// adaptor sets them, as it does when its records are restored.
    #[must_use]
    pub fn cookie(&self, activity: ActivityId) -> Option<u64> {
        self.host.cookie(self.ra, activity)
    }
    /// Changes them.
    pub fn set_cookie(&mut self, activity: ActivityId, cookie: u64) {
        self.host.set_cookie(self.ra, activity, cookie);
    }
    /// Whether what is persisted for the activity is kept; when it is not, encoding it is wasted.
    #[must_use]
    pub fn is_durable(&self, activity: ActivityId) -> bool {
        self.host.is_durable(activity)
    }
    /// Fires an event on an activity.
    pub fn fire<E: Event>(&mut self, activity: ActivityId, event: E) -> Result<u64, OpError> {
        self.fire_with(
            activity,
            event,
            FireOptions::default(),
            FireFlags::default(),
        )
    }
    /// The same with address, target and reports; the number names the event in these.
    pub fn fire_with<E: Event>(
        &mut self,
        activity: ActivityId,
        event: E,
        options: FireOptions,
        flags: FireFlags,
    ) -> Result<u64, OpError> {
        self.host.fire(
            self.ra,
            activity,
            AnyEvent::new(event),
            EventDecl::of::<E>(),
            options,
            flags,
        )
    }
    /// Whether an active service receives the event type; if none does it need not be fired (R-RP-07).
    #[must_use]
    pub fn has_receiver<E: Event>(&self) -> bool {
        self.host.has_receiver(E::TYPE.id())
    }

    /// Writes a durable record of an activity; joins the transaction whose command is carried out, if one is.
    pub fn persist(&mut self, activity: ActivityId, sub: &[u8], value: &[u8]) {
        self.host.persist(self.ra, activity, sub, value);
    }
    /// Removes it. The end of the activity removes all its records.
    pub fn forget(&mut self, activity: ActivityId, sub: &[u8]) {
        self.host.forget(self.ra, activity, sub);
    }

    /// Sends a datagram from a listener.
    pub fn datagram(&mut self, listener: ListenerIx, to: SocketAddr, bytes: Bytes) {
        self.host.datagram(self.ra, listener, to, bytes);
    }
    /// Sends on a connection, also one that is still being opened.
    pub fn stream(&mut self, conn: ConnId, bytes: Bytes) {
        self.host.stream(self.ra, conn, bytes);
    }
    /// Opens a connection from a listener's address.
    pub fn connect(&mut self, listener: ListenerIx, to: SocketAddr) -> ConnId {
        self.host.connect(self.ra, listener, to)
    }
    /// Closes a connection after what was sent on it.
    pub fn close(&mut self, conn: ConnId) {
        self.host.close(self.ra, conn);
    }
    /// Adds to a counter of the adaptor's.
    pub fn count(&mut self, name: &'static str, n: u64) {
        self.host.count(self.ra, name, n);
    }
    /// Raises an alarm of the adaptor's, or clears it.
    pub fn alarm(&mut self, name: &'static str, raised: bool, text: &str) {
        self.host.alarm(self.ra, name, raised, text);
    }
}

/// An adaptor entity with its types erased, as kernel and node hold it.
pub trait Adaptor {
    /// Handles one input; a command of a foreign type is dropped and counted.
    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Box<dyn Any>>);
    /// When it next wants [`Input::Timeout`].
    fn deadline(&self) -> Option<Mono>;
    /// What its provider may read.
    fn view(&self) -> &dyn Any;
}

struct Erased<P>(P);

impl<P: Protocol> Adaptor for Erased<P> {
    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Box<dyn Any>>) {
        let Some(input) = input.try_map(|command| command.downcast().ok().map(|c| *c)) else {
            return cx.count("foreign_command", 1);
        };
        self.0.handle(cx, input);
    }
    fn deadline(&self) -> Option<Mono> {
        self.0.deadline()
    }
    fn view(&self) -> &dyn Any {
        self.0.view()
    }
}

/// What an adaptor crate exports: `pub fn adaptor() -> AdaptorDef { AdaptorDef::of::<SipProtocol>() }`.
#[derive(Clone)]
pub struct AdaptorDef {
    /// Name, vendor and version of the adaptor type.
    pub component: Component,
    /// Its settings.
    pub settings: SettingsDecl,
    /// The event types that it fires.
    pub events: fn() -> Vec<EventDecl>,
    /// The activity types that it starts.
    pub activities: fn() -> Vec<Component>,
    /// Checks settings; they must be of the type that `settings` reads.
    pub verify: fn(&(dyn Any + Send + Sync)) -> Result<(), SettingsError>,
    /// The listeners that settings ask for.
    pub listeners: fn(&(dyn Any + Send + Sync)) -> Vec<Listener>,
    /// Makes an entity.
    pub create: fn(&(dyn Any + Send + Sync)) -> Option<Box<dyn Adaptor>>,
}

impl fmt::Debug for AdaptorDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdaptorDef")
            .field("component", &self.component)
            .finish_non_exhaustive()
    }
}

impl AdaptorDef {
    /// The definition of `P`.
    #[must_use]
    pub fn of<P: Protocol>() -> Self {
        Self {
            component: P::TYPE,
            settings: SettingsDecl::of::<P::Settings>(),
            events: P::events,
            activities: P::activities,
            verify: |settings| settings.downcast_ref().map_or(Ok(()), P::verify),
            listeners: |settings| settings.downcast_ref().map_or_else(Vec::new, P::listeners),
            create: |settings| Some(Box::new(Erased(P::new(settings.downcast_ref()?)))),
        }
    }
}

/// A source of unpredictable bits that repeats from the same seed. The seed is an input.
#[derive(Clone)]
pub struct Entropy(rand_chacha::ChaCha8Rng);

impl Entropy {
    /// From 32 bytes that nobody can guess, or that a test fixed.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(rand_chacha::ChaCha8Rng::from_seed(seed))
    }
    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}
