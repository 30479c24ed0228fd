//! The loop of a shard's thread: gather, run, hand over to the writer, send, wait.
//!
//! One turn reads the clocks once. Inputs are taken in portions, so that timers, commits and what is to be sent never
//! wait for a flood to end; when there is more, the next turn begins without waiting. A group that the writer does not
//! take is kept, and sockets are not read until it does. Nothing is sent before the kernel gives it out, and the kernel
//! gives it out when what it depends on is durable.

mod bans;
mod changes;
mod ladders;
mod listen;
mod lists;
mod orders;
mod quarantine;
mod recover;
mod services;
mod start;
mod status;
mod stop;
mod usage;

pub(crate) use listen::{Listeners, open_listeners};
pub(crate) use start::{Begun, Start, begin};

use crate::alarms::Alarms;
use crate::backup::Backups;
use crate::change::Changing;
use crate::clock::Clock;
use crate::drivers::Drivers;
use crate::exit::Exit;
use crate::inbox::{Inbox, Seen};
use crate::listed::ComponentEntry;
use crate::log;
use crate::net::{Arrived, Net, Sink, Socket};
use crate::overload::{Backlog, Overload};
use crate::portion::Portion;
use crate::rehearsal::{Gate, Hand};
use crate::resolver::{Asking, Question, Resolved};
use crate::rest::Rest;
use crate::sources::{Sources, Verdict};
use crate::status::{Listening, Rates};
use crate::unconfirmed::Unconfirmed;
use crate::watchdog::Beat;
use std::net::IpAddr;
use std::time::Duration;
use strowger::id::{RaIx, ServiceIx};
use strowger::ra::NewWork;
use strowger::time::{Mono, Now};
use strowger_journal::{Group, Seq};
use strowger_kernel::{AlarmSource, NetInput, Shard, ShardOutput};
use strowger_store::{QueueFull, Writer, WriterHandle};

/// Deliveries in one turn, about.
const DELIVERIES: usize = 1_024;

/// Turns that may go by without a look at the sockets while deliveries are left over.
const BEHIND: u8 = 4;

/// A shard with all that its thread drives.
pub(crate) struct Driver {
    shard: Shard,
    net: Net,
    drivers: Drivers,
    clock: Clock,
    inbox: Inbox,
    seen: Seen,
    writer: Option<Writer>,
    handle: WriterHandle,
    /// A group that the writer did not take.
    held: Option<Group>,
    /// The writer knows that outputs wait for the commits up to this one.
    hurried: Seq,
    /// The last commit that the writer has.
    handed: Seq,
    /// A changed configuration that is about to be put into effect.
    changing: Option<Changing>,
    /// Listeners beside those of the net.
    driven: Vec<Listening>,
    short: Short,
    overload: Overload,
    sources: Sources,
    portion: Portion,
    phase: Phase,
    alarms: Alarms,
    asking: Asking,
    beat: Beat,
    names: Names,
    times: Times,
    /// Turns in a row that left deliveries undone and took nothing in.
    behind: u8,
    /// Services that were told to stop, and when what is left of them is removed.
    ending: Vec<(ServiceIx, Mono)>,
    rest: Rest,
    backups: Backups,
    unconfirmed: Unconfirmed,
    sample: Sample,
    hand: Hand,
}

/// What the node is short of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Short {
    /// The store's queue is full.
    full: bool,
    /// Little space is left on its disk.
    low: bool,
    /// More arrives than is worked off, at this moment or a moment ago.
    overload: bool,
}

impl Short {
    /// Whether nothing new can be kept, however soon its turn comes.
    fn of_room(self) -> bool {
        self.full || self.low
    }
}

/// What the loop does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Running,
    /// No new work; over when nothing is left, or at that time.
    Stopping(Mono),
    /// Over now.
    Over,
}

/// What a service is called.
#[derive(Clone, Debug)]
pub(crate) struct NamedService {
    pub(crate) ix: ServiceIx,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) component: String,
    pub(crate) durability: String,
}

/// What things are called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) node: String,
    /// Name, component.
    pub(crate) adaptors: Vec<(RaIx, String, String)>,
    pub(crate) services: Vec<NamedService>,
    /// Adaptor entities whose listeners and drivers are there.
    pub(crate) opened: Vec<RaIx>,
    /// Event types, by the kernel's numbers.
    pub(crate) events: Vec<String>,
    /// What the binary has.
    pub(crate) components: Vec<ComponentEntry>,
}

/// Times from configuration, and when the node was ready.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) drain_limit: Duration,
    pub(crate) service_stop: Duration,
    pub(crate) ready_at: Mono,
    pub(crate) ready_after: Duration,
    /// When the start began: milliseconds since 1970.
    pub(crate) started: u64,
}

/// Totals at the beginning of the present second with work, and rates of the one before.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    at: Mono,
    totals: [u64; 6],
    rates: Rates,
}

impl Sample {
    fn since(at: Mono) -> Self {
        Self {
            at,
            ..Self::default()
        }
    }
}

/// Hands inputs to the shard.
struct Inputs<'a> {
    shard: &'a mut Shard,
    now: Now,
    clock: Clock,
    overload: &'a mut Overload,
    sources: &'a mut Sources,
    /// What is handed over comes from a source above its rate, and its adaptor entity was told this before.
    limited: Option<(RaIx, NewWork)>,
    /// There is no room for new work.
    short: bool,
    taken: usize,
    refused: bool,
}

impl Sink for Inputs<'_> {
    fn input(&mut self, ra: RaIx, input: NetInput<'_>) {
        tracing::trace!(ra = ra.0, ?input, "input");
        self.taken += 1;
        self.overload.input();
        self.shard.input(self.now, ra, input);
        while let Some((ra, told)) = self.shard.take_told() {
            self.sources.told(self.now, ra, told);
        }
    }

    fn judge(&mut self, ra: RaIx, peer: IpAddr) -> Verdict {
        let verdict = self.sources.judge(self.now.mono, ra, peer);
        let new = match verdict {
            Verdict::Refused => NewWork::Refused,
            Verdict::Unanswered => NewWork::Unanswered,
            Verdict::Heard | Verdict::Denied | Verdict::Banned => return verdict,
        };
        // Where there is no room all is refused in any case.
        if !self.short {
            let before = self.shard.new_work(self.now, ra, new);
            if before == NewWork::Unanswered {
                // In an overload it has no more of an answer than others.
                self.shard.new_work(self.now, ra, before);
            }
            self.limited = Some((ra, before));
        }
        verdict
    }

    fn judged(&mut self) {
        if let Some((ra, before)) = self.limited.take() {
            self.shard.new_work(self.now, ra, before);
        }
    }

    fn arrived(&mut self, ra: RaIx, backlog: &mut Backlog, at: Arrived) -> bool {
        let now = self.clock.mono();
        let waited = match at {
            Arrived::Noted(at) => self.clock.since(at),
            Arrived::Seen(at) => now - at,
        };
        let new = self.overload.waited(now, backlog, waited);
        self.refused |= new.is_refused();
        if !self.short {
            self.shard.new_work(self.now, ra, new);
        }
        new.is_refused()
    }

    fn nothing(&mut self, ra: RaIx) {
        if !self.short {
            self.shard.new_work(self.now, ra, NewWork::Taken);
        }
    }
}

impl Driver {
    /// Turns until the end.
    pub(crate) fn serve(mut self) -> Exit {
        loop {
            let now = self.clock.now();
            self.beat.begin(now.mono);
            self.seen = self.inbox.look();
            if self.seen.store_failed {
                // Nothing more may leave: what was not acknowledged has not happened.
                tracing::error!("the store has failed: the node ends");
                return Exit::StoreFailed;
            }
            let begun = self.shard.metrics().entities_created;
            let more = self.turn(now);
            let begun = self.shard.metrics().entities_created - begun;
            self.portion.took(self.clock.mono() - now.mono, begun);
            if self.is_over(now.mono) {
                self.beat.end();
                return self.finish();
            }
            self.beat.end();
            if let Err(error) = self.wait(more) {
                tracing::error!(%error, "waiting for sockets failed");
                return Exit::Panicked;
            }
        }
    }

    /// One turn; whether there is more to do at once.
    fn turn(&mut self, now: Now) -> bool {
        while let Some(order) = self.inbox.order() {
            self.obey(now, order);
        }
        while let Some(resolved) = self.inbox.answer() {
            self.asking.answered();
            self.tell(now, resolved);
        }
        self.shard.durable(self.seen.durable);
        self.unconfirmed.durable(self.seen.durable);
        self.overload.store.durable(self.seen.durable, now.mono);
        self.hand_over();
        if self.shard.deadline().is_some_and(|at| at <= now.mono) {
            self.shard.timeout(now);
        }
        if self.net.deadline().is_some_and(|at| at <= now.mono) {
            self.net.sweep(now.mono);
        }
        if self.sources.deadline().is_some_and(|at| at <= now.mono) {
            self.sources.expire(now.mono);
        }
        self.end_services(now);
        self.settle_change(now);
        if self.held.is_none() && self.takes_more() {
            let portion = self.portion.size(self.overload.lasts());
            let mut inputs = Inputs {
                shard: &mut self.shard,
                now,
                clock: self.clock,
                overload: &mut self.overload,
                sources: &mut self.sources,
                limited: None,
                short: self.short.of_room(),
                taken: 0,
                refused: false,
            };
            self.net.gather(now.mono, portion, &mut inputs);
            self.drivers.gather(self.net.since(), portion, &mut inputs);
            (self.portion.taken, self.portion.refused) = (inputs.taken, inputs.refused);
        }
        self.watch(now);
        let more = !self.hand.gate.holds() && self.shard.run(now, DELIVERIES);
        self.behind = if more { self.behind + 1 } else { 0 };
        while let Some((ra, told)) = self.shard.take_told() {
            self.sources.told(now, ra, told);
        }
        self.hand_over();
        self.carry_out(now);
        self.net.flush();
        self.settle(more);
        self.sample(now.mono);
        self.rest.turned(now.mono, self.shard.metrics().events);
        more
    }

    /// Tells a test that nothing is left to do, and everything is durable and sent.
    fn settle(&mut self, more: bool) {
        if !matches!(self.hand.gate, Gate::Settling { .. }) {
            return;
        }
        if self.handed > self.seen.durable {
            self.handle.hurry();
        } else if !more && self.held.is_none() {
            self.hand.gate.settle();
        }
    }

    /// What is there comes before what is new; but a service that never rests must not shut the door for good.
    fn takes_more(&mut self) -> bool {
        if self.behind >= BEHIND {
            self.behind = 0;
        }
        self.behind == 0
    }

    /// Gives commits to the writer. A group that it does not take is offered again before another is made.
    fn hand_over(&mut self) {
        while let Some(group) = self.held.take().or_else(|| self.shard.take_group()) {
            // What no output waits for, such as an ACK that came, rides along with what comes after it.
            let (last, first) = (group.last(), group.first());
            let awaited = self.shard.awaits() >= Some(first) || self.unconfirmed.awaits(first);
            let taken = if awaited {
                self.handle.submit(group)
            } else {
                self.handle.defer(group)
            };
            if let Err(QueueFull(group)) = taken {
                self.held = Some(group);
                return;
            }
            self.handed = last;
            if awaited {
                self.hurried = last;
                self.overload.store.begins(last);
            }
            if let Some(buffer) = self.handle.spare() {
                self.shard.recycle(buffer);
            }
        }
        if let Some(seq) = self.shard.awaits().filter(|seq| *seq > self.hurried) {
            self.hurried = seq;
            self.overload.store.begins(seq);
            self.handle.hurry();
        }
    }

    /// Refuses new work while the store cannot take it, or the shard does not get to it.
    fn watch(&mut self, now: Now) {
        self.overload.turned(now.mono);
        let (full, low) = (self.held.is_some(), self.seen.low_space);
        let overload = self.overload.lasts();
        let short = Short {
            full,
            low,
            overload,
        };
        if short == self.short {
            return;
        }
        self.short = short;
        let store = || "store".to_owned();
        let text = "little space is left on the store's disk: new work is refused";
        self.alarms.set(now.wall, store(), "low_space", low, text);
        let text = "the store does not keep up: sockets are not read, new work is refused";
        self.alarms.set(now.wall, store(), "queue_full", full, text);
        let text = "more arrives than is worked off: part of the new work is refused";
        let shard = "shard".to_owned();
        self.alarms.set(now.wall, shard, "overload", overload, text);
        if short.of_room() {
            self.shard.new_work_of_all(now, NewWork::Refused);
        } else if !short.overload {
            self.shard.new_work_of_all(now, NewWork::Taken);
        }
    }

    /// Does what the kernel gives out.
    fn carry_out(&mut self, now: Now) {
        while let Some(output) = self.shard.poll_output() {
            if let Some(ear) = &mut self.hand.ear {
                ear(&output);
            }
            match output {
                ShardOutput::Datagram {
                    ra,
                    listener,
                    to,
                    bytes,
                } => {
                    tracing::trace!(ra = ra.0, %to, bytes = bytes.len(), "datagram");
                    self.net.datagram(Socket { ra, listener }, to, bytes);
                }
                ShardOutput::Stream { ra, conn, bytes } => {
                    tracing::trace!(ra = ra.0, conn = conn.0, bytes = bytes.len(), "stream");
                    self.net.stream(conn, bytes);
                }
                ShardOutput::Connect {
                    ra,
                    conn,
                    listener,
                    to,
                    server_name,
                } => {
                    let at = Socket { ra, listener };
                    self.net.connect(conn, at, to, server_name.as_deref());
                }
                ShardOutput::Resolve { ra, token, query } => {
                    if let Err(refused) = self.asking.ask(Question { ra, token, query }) {
                        self.tell(now, refused);
                    }
                }
                ShardOutput::Tell { ra, message } => {
                    if let Err(message) = self.drivers.tell(ra, message) {
                        self.shard.input(now, ra, NetInput::Untold(message));
                    }
                }
                ShardOutput::Close { conn, .. } => self.net.close(conn),
                ShardOutput::PauseReading { conn, paused, .. } => {
                    self.net.pause_reading(conn, paused);
                }
                ShardOutput::Trace(message) => log::trace(&message),
                told @ (ShardOutput::Alarm { .. }
                | ShardOutput::ServiceAlarm(_)
                | ShardOutput::RolledBack { .. }) => self.note(now, told),
                ShardOutput::ServiceFailed { service, why } => {
                    self.service_failed(now, service, &why);
                }
                ShardOutput::Moved {
                    from,
                    to,
                    moved,
                    left,
                } => {
                    let (from, to) = (self.names.service(from), self.names.service(to));
                    tracing::info!(from, to, moved, left, "what the service had has moved");
                }
                ShardOutput::Service(service, state) => {
                    self.service_changed(now, service, state);
                }
                ShardOutput::Adaptor(ra, state) => {
                    let (adaptor, state) = (self.names.adaptor(ra), status::adaptor(state));
                    tracing::info!(adaptor, state, "adaptor changed its state");
                }
            }
        }
    }

    /// Keeps what operators are told: alarms, and deliveries that were rolled back.
    fn note(&mut self, now: Now, told: ShardOutput) {
        if let ShardOutput::Alarm {
            source,
            name,
            raised,
            text,
        } = told
        {
            let source = self.names.source(source);
            self.alarms.set(now.wall, source, name, raised, &text);
        } else if let ShardOutput::ServiceAlarm(alarm) = told {
            let source = self.names.source(AlarmSource::Service(alarm.service));
            self.alarms.of_service(source, &alarm);
        } else if let ShardOutput::RolledBack {
            service,
            sbb,
            event,
            entity,
            cause,
        } = told
        {
            let service = self.names.service(service);
            tracing::warn!(service, %sbb, %event, %entity, cause, "delivery rolled back");
        }
    }

    /// Gives an adaptor entity the answer of the name servers.
    fn tell(&mut self, now: Now, resolved: Resolved) {
        let Resolved { ra, token, answer } = resolved;
        let input = NetInput::Resolved { token, answer };
        self.shard.input(now, ra, input);
    }

    /// Waits for sockets, other threads and deadlines.
    fn wait(&mut self, more: bool) -> std::io::Result<()> {
        let reading = self.held.is_none();
        let unread = self.net.has_ready() || self.drivers.has_unheard();
        let busy = more || (reading && unread);
        let time = if busy || !self.inbox.may_sleep(self.seen) {
            Some(Duration::ZERO)
        } else {
            let over = match self.phase {
                Phase::Stopping(at) => Some(at),
                Phase::Running | Phase::Over => None,
            };
            let ending = self.ending.iter().map(|(_, at)| *at).min();
            let calm = self.overload.deadline().filter(|_| reading);
            let deadlines = [
                self.shard.deadline(),
                self.net.deadline(),
                self.sources.deadline(),
                over,
                ending,
                calm,
                self.rest.deadline(),
            ];
            let next = deadlines.into_iter().flatten().min();
            next.map(|at| at - self.clock.mono())
        };
        let waited = self.net.wait(time);
        self.inbox.awake();
        waited
    }

    /// Keeps rates: once a second while there is work.
    fn sample(&mut self, now: Mono) {
        let time = now - self.sample.at;
        if time < Duration::from_secs(1) {
            return;
        }
        let (kernel, net) = (self.shard.metrics(), self.net.counts());
        let syncs = self.handle.stats().syncs;
        let totals = [
            kernel.events,
            kernel.deliveries,
            kernel.activities_started,
            net.datagrams_in,
            net.bytes_in,
            syncs,
        ];
        let mut rates = [0.0; 6];
        for ((rate, total), before) in rates.iter_mut().zip(totals).zip(self.sample.totals) {
            *rate = (total - before) as f64 / time.as_secs_f64();
        }
        let [
            events,
            deliveries,
            activities,
            datagrams_in,
            bytes_in,
            syncs,
        ] = rates;
        let rates = Rates {
            events,
            deliveries,
            activities,
            datagrams_in,
            bytes_in,
            syncs,
        };
        self.sample = Sample {
            at: now,
            totals,
            rates,
        };
    }
}

impl Names {
    pub(crate) fn adaptor(&self, ra: RaIx) -> &str {
        self.adaptors
            .iter()
            .find(|(ix, ..)| *ix == ra)
            .map_or("?", |(_, name, _)| name)
    }

    pub(crate) fn service(&self, service: ServiceIx) -> &str {
        self.services
            .iter()
            .find(|named| named.ix == service)
            .map_or("?", |named| &named.name)
    }

    fn source(&self, source: AlarmSource) -> String {
        match source {
            AlarmSource::Adaptor(ra) => format!("adaptor {}", self.adaptor(ra)),
            AlarmSource::Service(service) => format!("service {}", self.service(service)),
            AlarmSource::Shard => "shard".to_owned(),
        }
    }
}
