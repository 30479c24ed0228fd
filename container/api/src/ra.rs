//! What authors of resource adaptors import.
//!
//! A protocol is a state machine that owns no socket and reads no clock. It is handed one [`Input`] at a time together
//! with a [`RaCx`] and does everything through that context, synchronously: start activities, fire events, send bytes,
//! persist records. The node owns sockets, connections and time.
//!
//! **Contract:** the driver calls [`Protocol::handle`] with one input after the other, never from within another call,
//! and with [`Input::Timeout`] as soon as the time that [`Protocol::deadline`] named has come.
#![doc = include_str!("ra.md")]

mod dns;
mod driven;
mod input;
mod recorded;
mod source;
mod tls;

pub use dns::{Answer, Naptr, Query, Record, RecordKind, ResolveError, Srv};
pub use driven::{Driven, Message, Needs};
pub use input::{Input, NewWork};
pub use recorded::{Direction, Parties, Recorded, Redaction, Wanted};
pub use source::{Offence, Told};
pub use tls::{ClientTls, Peer, Tls};

use crate::activity::Activity;
use crate::error::OpError;
use crate::event::{AnyEvent, Event, EventDecl, FireOptions};
use crate::host::RaHost;
use crate::id::{ActivityId, Component, RaIx, Slot};
use crate::param::{Settings, SettingsDecl};
use crate::time::{Mono, Now};
use crate::tracer::{Level, Tracer};
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

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
    /// Those of its activity types that stand for what is, and not for something that is being done, such as a registration:
    /// a node that stops does not wait for the end of durable ones, which are there again at its next start.
    fn lasting() -> Vec<Component> {
        Vec::new()
    }
    /// An entity of it, inactive.
    fn new(settings: &Self::Settings) -> Self;
    /// Handles one input.
    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Self::Command>);
    /// When it next wants [`Input::Timeout`].
    fn deadline(&self) -> Option<Mono>;
    /// Takes over settings that have changed while it runs. They have been verified, and differ from those before in keys of
    /// class `live` only; an adaptor without such keys is never called.
    fn configure(&mut self, cx: &mut RaCx<'_>, settings: &Self::Settings) {
        let _ = (cx, settings);
    }
    /// What operators see of it in the node's status: one line for each of its parts that has a state of its own.
    fn report(&self) -> Vec<Report> {
        Vec::new()
    }
    /// What its provider may read while a handler runs.
    fn view(&self) -> &dyn Any {
        &()
    }
}

/// A part of an adaptor entity as operators see it: a peer, a server.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// What it is called.
    pub name: String,
    /// Its state, in a word.
    pub state: String,
    /// What else there is to say of it.
    pub detail: String,
    /// Numbers of it.
    pub counts: BTreeMap<String, u64>,
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
    /// A connection on which nothing moves for this long is closed.
    pub idle: Duration,
    /// Certificates, for [`Transport::Tls`].
    pub tls: Option<Tls>,
}

impl Listener {
    /// An hour: what connections may be idle for where nothing says otherwise.
    pub const IDLE: Duration = Duration::from_secs(3_600);
}

/// A transport that the node offers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// Byte streams.
    Tcp,
    /// Byte streams over TLS 1.2 or 1.3; the adaptor sees plain bytes. The listener has [`Listener::tls`].
    Tls,
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
    /// Writes a durable record of this entity itself, which outlives the activity that it is about: under the activity's slot,
    /// and kept as well as the activity's own records are; not at all if those are not. [`Input::RestoreKept`] brings it back,
    /// and only [`RaCx::discard`] removes it: whoever keeps must bound what is kept.
    pub fn keep(&mut self, like: ActivityId, sub: &[u8], value: &[u8]) {
        self.host.keep(self.ra, like, sub, value);
    }
    /// The same of what belongs to no activity. Whatever the class of the service whose command is carried out: that commit is
    /// strict, so that what is sent after it waits for the disk.
    pub fn keep_strict(&mut self, slot: Slot, sub: &[u8], value: &[u8]) {
        self.host.keep_strict(self.ra, slot, sub, value);
    }
    /// Removes a record of this entity's. That is durable a moment later: after a crash it may be there once more.
    pub fn discard(&mut self, slot: Slot, sub: &[u8]) {
        self.host.discard(self.ra, slot, sub);
    }

    /// Sends a datagram from a listener.
    pub fn datagram(&mut self, listener: ListenerIx, to: SocketAddr, bytes: Bytes) {
        self.host.datagram(self.ra, listener, to, bytes);
    }
    /// Sends on a connection, also one that is still being opened.
    pub fn stream(&mut self, conn: ConnId, bytes: Bytes) {
        self.host.stream(self.ra, conn, bytes);
    }
    /// Opens a connection from a listener's address, with the listener's transport. Over TLS the certificate of the other
    /// side must be for its address; where its name is known [`RaCx::connect_to`] is right.
    pub fn connect(&mut self, listener: ListenerIx, to: SocketAddr) -> ConnId {
        self.host.connect(self.ra, listener, to, None)
    }
    /// The same to a host of that name or address, which over TLS is asked for (SNI) and must be one that its certificate
    /// is for.
    pub fn connect_to(
        &mut self,
        listener: ListenerIx,
        to: SocketAddr,
        server_name: Option<&str>,
    ) -> ConnId {
        self.host.connect(self.ra, listener, to, server_name)
    }
    /// Asks the name servers; [`Input::Resolved`] with this token brings the answer, also when there is none. Tokens are
    /// the adaptor's own and need not be unique.
    pub fn resolve(&mut self, token: u64, query: Query) {
        self.host.resolve(self.ra, token, query);
    }
    /// Closes a connection after what was sent on it.
    pub fn close(&mut self, conn: ConnId) {
        self.host.close(self.ra, conn);
    }
    /// Stops reading from a connection, so that its peer cannot send more than its buffers take, or goes on reading. What was
    /// read already still comes. Takes effect at once.
    pub fn pause_reading(&mut self, conn: ConnId, paused: bool) {
        self.host.pause_reading(self.ra, conn, paused);
    }
    /// Tells that a piece of new work, such as a call, was taken from there: a source may bring only so much of it. What is new of
    /// one above its rate meets [`NewWork::Refused`]. Costs next to nothing where no rate is set.
    pub fn new_work(&mut self, source: IpAddr) {
        self.host.told(self.ra, Told::NewWork(source));
    }
    /// Tells of an offence: who commits many is not heard for a while. `proven` is whether it is certain that it came from there,
    /// as it is over a connection; a datagram alone proves nothing, since its sender writes what address they like into it.
    pub fn offence(&mut self, source: IpAddr, offence: Offence, proven: bool) {
        let told = Told::Offence {
            source,
            offence,
            proven,
        };
        self.host.told(self.ra, told);
    }
    /// Adds to a counter of the adaptor's.
    pub fn count(&mut self, name: &'static str, n: u64) {
        self.host.count(self.ra, name, n);
    }
    /// Tells of a message, which belongs to whatever `key` names: a Call-ID, a session's id. `message` is asked for only if it
    /// is kept. Costs next to nothing while [`is_recording`](Self::is_recording) says no; ask that first where the key has to
    /// be looked for. It may say that nothing begins with the message, where that is what is [`Wanted`]. Returns whether it is kept.
    pub fn record<'m>(
        &mut self,
        key: &[u8],
        direction: Direction,
        message: impl FnOnce(Wanted) -> Option<Recorded<'m>>,
    ) -> bool {
        let wanted = self.host.records(self.ra, key, direction);
        let Some(message) = wanted.and_then(message) else {
            return false;
        };
        self.host.record(self.ra, key, direction, message);
        true
    }
    /// Whether any message may be recorded.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.host.is_recording()
    }
    /// Tells that an activity is what a key names in [`record`](Self::record).
    pub fn record_as(&mut self, activity: ActivityId, key: &[u8]) {
        if self.host.is_recording() {
            self.host.record_as(self.ra, activity, key);
        }
    }
    /// Whether a message of that level passes a tracer of this entity: to be asked where it costs something to make one.
    #[must_use]
    pub fn traces(&self, tracer: Tracer, level: Level) -> bool {
        self.host.traces(self.ra, tracer, level)
    }
    /// Gives a message to a tracer of this entity, which drops it unless its level says otherwise (R-TR-02).
    pub fn trace(&mut self, tracer: Tracer, level: Level, text: fmt::Arguments<'_>) {
        if self.host.traces(self.ra, tracer, level) {
            self.host.trace(self.ra, tracer, level, text);
        }
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
    /// Takes over settings of its type.
    fn configure(&mut self, cx: &mut RaCx<'_>, settings: &(dyn Any + Send + Sync));
    /// What operators see of it.
    fn report(&self) -> Vec<Report>;
    /// What its provider may read.
    fn view(&self) -> &dyn Any;
    /// Its driver has said something.
    fn heard(&mut self, cx: &mut RaCx<'_>, message: Message) {
        drop(message);
        cx.count("foreign_message", 1);
    }
    /// Its driver does not take a message.
    fn untold(&mut self, cx: &mut RaCx<'_>, message: Message) {
        drop(message);
        cx.count("foreign_message", 1);
    }
}

struct Erased<P>(P);

fn handle<P: Protocol>(protocol: &mut P, cx: &mut RaCx<'_>, input: Input<'_, Box<dyn Any>>) {
    match input.try_map(|command| command.downcast().ok().map(|c| *c)) {
        Some(input) => protocol.handle(cx, input),
        None => cx.count("foreign_command", 1),
    }
}

fn configure<P: Protocol>(protocol: &mut P, cx: &mut RaCx<'_>, settings: &(dyn Any + Send + Sync)) {
    match settings.downcast_ref() {
        Some(settings) => protocol.configure(cx, settings),
        None => cx.count("foreign_settings", 1),
    }
}

impl<P: Protocol> Adaptor for Erased<P> {
    fn handle(&mut self, cx: &mut RaCx<'_>, input: Input<'_, Box<dyn Any>>) {
        handle(&mut self.0, cx, input);
    }
    fn deadline(&self) -> Option<Mono> {
        self.0.deadline()
    }
    fn configure(&mut self, cx: &mut RaCx<'_>, settings: &(dyn Any + Send + Sync)) {
        configure(&mut self.0, cx, settings);
    }
    fn report(&self) -> Vec<Report> {
        self.0.report()
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
    /// Those of them that a node which stops does not wait for.
    pub lasting: fn() -> Vec<Component>,
    /// Checks settings; they must be of the type that `settings` reads.
    pub verify: fn(&(dyn Any + Send + Sync)) -> Result<(), SettingsError>,
    /// The listeners that settings ask for.
    pub listeners: fn(&(dyn Any + Send + Sync)) -> Vec<Listener>,
    /// For adaptors with a driver: what it is given, by the adaptor's settings.
    pub driven: Option<fn(&(dyn Any + Send + Sync)) -> Option<Needs>>,
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
            lasting: P::lasting,
            verify: |settings| settings.downcast_ref().map_or(Ok(()), P::verify),
            listeners: |settings| settings.downcast_ref().map_or_else(Vec::new, P::listeners),
            driven: None,
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
