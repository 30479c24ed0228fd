//! From a plan to a shard that serves: install, listen, open the store, recover, activate.
//!
//! Sockets are opened before the state is read back, so that peers that try during a recovery are heard after it and
//! not told that nobody is there.

use super::{Driver, NamedService, Names, Phase, Sample, Short, Times, listen, recover};
use crate::alarms::Alarms;
use crate::backup::Backups;
use crate::clock::Clock;
use crate::companion::ManagementListener;
use crate::drivers::{Drivers, Gear, Seated};
use crate::error::NodeError;
use crate::hangs::HeldBack;
use crate::inbox::{Door, Seen, inbox};
use crate::overload::Overload;
use crate::plan::{Plan, PlannedAdaptor, PlannedTable};
use crate::portion::Portion;
use crate::recorder;
use crate::rehearsal::{Hand, Rehearsal};
use crate::resolver::{self, Asked};
use crate::rest::Rest;
use crate::secret;
use crate::sources::Sources;
use crate::status::Listening;
use crate::tls::Watch;
use crate::unconfirmed::Unconfirmed;
use crate::watchdog::Beat;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::collections::BTreeMap;
use std::time::Duration;
use strowger::id::{RaIx, ServiceIx};
use strowger_config::{Config, Size};
use strowger_journal::{Seq, Store};
use strowger_kernel::{Options, Restored, Shard};
use strowger_store::{JournalSled, StoreOptions, Writer, WriterEvent, WriterOptions};

/// What a shard's thread is started with.
pub(crate) struct Start {
    pub(crate) config: Config,
    pub(crate) plan: Plan,
    pub(crate) clock: Clock,
    pub(crate) beat: Beat,
    /// Instead of the store in the data directory.
    pub(crate) store: Option<Box<dyn Store>>,
    /// Gives memory that is free back to the system: called after a checkpoint, a recovery, and when there has been nothing
    /// to do for a while.
    pub(crate) tidy: Option<fn()>,
    /// The management API's listener is wanted.
    pub(crate) managed: bool,
    /// What is not to hang again.
    pub(crate) held_back: HeldBack,
    pub(crate) rehearsal: Option<Rehearsal>,
}

/// A shard that serves, as others see it.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) door: Door,
    pub(crate) names: Names,
    /// Where it listens.
    pub(crate) listeners: Vec<Listening>,
    /// Services that are active.
    pub(crate) active: Vec<String>,
    pub(crate) ready_after: Duration,
    pub(crate) restored: Restored,
    /// Certificates to be watched.
    pub(crate) watch: Watch,
    /// Where the shard's questions to name servers arrive.
    pub(crate) asked: Asked,
    /// The listener of the management API.
    pub(crate) management: Option<ManagementListener>,
    /// Drivers that are to be started.
    pub(crate) seats: Vec<Seated>,
}

/// Makes everything ready. To be called on the shard's own thread.
pub(crate) fn begin(start: Start) -> Result<(Driver, Begun), NodeError> {
    let Start {
        config,
        plan,
        clock,
        beat,
        store,
        tidy,
        managed,
        held_back,
        rehearsal,
    } = start;
    let (mut shard, sources, hand) = make(&config, &beat, rehearsal)?;
    let (adaptors, names) = install(&mut shard, &plan, &config.node.name)?;
    let mut opened = listen::open(&adaptors, &config, sources.gate())?;
    let management = managed.then(|| opened.open_management(&config));
    let management = management.transpose()?.flatten();
    let listeners = opened.listening(&names);
    let (inbox, door) = inbox(opened.net.waker(), config.dns.questions as usize);
    let (drivers, seats) = seat(&adaptors, opened.gear, &door);
    let (asking, asked) = resolver::questions(config.dns.questions as usize);

    let store = store.map_or_else(|| open_store(&config, tidy), Ok)?;
    let (restored, writer) = restore(&mut shard, store, &config, (clock, tidy), &door)?;
    activate(&mut shard, &adaptors, &names, &plan, clock)?;
    let times = times(&config, clock);
    let begun = Begun {
        names: names.clone(),
        listeners,
        door: door.clone(),
        active: desired(&shard, &names),
        ready_after: times.ready_after,
        restored,
        watch: opened.watch,
        asked,
        management,
        seats,
    };
    let mut driver = Driver {
        shard,
        net: opened.net,
        drivers,
        clock,
        inbox,
        seen: Seen::default(),
        handle: writer.handle(),
        writer: Some(writer),
        held: None,
        hurried: Seq::NONE,
        handed: Seq::NONE,
        changing: None,
        driven: opened.driven,
        short: Short::default(),
        overload: Overload::new(config.overload),
        sources,
        portion: Portion::default(),
        phase: Phase::Running,
        alarms: Alarms::default(),
        asking,
        beat,
        names,
        times,
        behind: 0,
        ending: Vec::new(),
        rest: Rest::new(tidy),
        backups: Backups::new(&config.node.data_dir, door),
        unconfirmed: Unconfirmed::default(),
        sample: Sample::since(times.ready_at),
        hand,
    };
    driver.hold_back(clock.now(), &held_back);
    Ok((driver, begun))
}

/// The names of the services that are active: as the configuration says, or as an operator has said since.
fn desired(shard: &Shard, names: &Names) -> Vec<String> {
    let services = names.services.iter();
    let active = services.filter(|service| shard.is_desired(service.ix));
    active.map(|service| service.name.clone()).collect()
}

/// A shard that has nothing yet, who judges those who send to it, and how a test has it in its hand.
fn make(
    config: &Config,
    beat: &Beat,
    rehearsal: Option<Rehearsal>,
) -> Result<(Shard, Sources, Hand), NodeError> {
    raise_descriptors();
    beat.is_here();
    let mut options = options(config, beat)?;
    let hand = rehearsal.map(|rehearsal| rehearsal.begin(&mut options));
    let mut shard = Shard::new(options);
    shard.configure_recorder(recorder::options(config));
    let sources = Sources::new(config.sources.clone());
    shard.listen_to_told(sources.listens());
    Ok((shard, sources, hand.unwrap_or_default()))
}

/// A seat for each driver of an adaptor entity that is active.
fn seat(
    adaptors: &[(RaIx, &PlannedAdaptor)],
    mut gear: BTreeMap<RaIx, Gear>,
    door: &Door,
) -> (Drivers, Vec<Seated>) {
    let (mut drivers, mut seats) = (Drivers::default(), Vec::new());
    for (ra, planned) in adaptors.iter().filter(|(_, planned)| planned.active) {
        if let (Some(driver), Some(gear)) = (&planned.driven, gear.remove(ra)) {
            seats.push(drivers.seat(*ra, planned, driver, gear, door.clone()));
        }
    }
    (drivers, seats)
}

/// Now that the node is ready.
fn times(config: &Config, clock: Clock) -> Times {
    let (now, ready_after) = (clock.now(), clock.running());
    Times {
        drain_limit: config.node.drain_limit,
        service_stop: config.limits.service_stop_time,
        ready_at: now.mono,
        ready_after,
        started: now.wall.0.saturating_sub(ready_after.as_millis() as u64),
    }
}

/// Makes the profile tables that the store does not have.
fn provide(shard: &mut Shard, tables: &[PlannedTable], clock: Clock) -> Result<(), NodeError> {
    for PlannedTable { name, spec } in tables {
        let known = shard.tables().find(|table| *table.name == **name);
        match known.map(|table| table.spec) {
            None => {
                let made = shard.create_table(clock.now(), name, *spec);
                made.map_err(|source| NodeError::Table {
                    name: name.clone(),
                    source,
                })?;
                tracing::info!(table = name, specification = %spec, "profile table made");
            }
            Some(found) if found == *spec => {}
            Some(found) => {
                return Err(NodeError::OtherTable {
                    name: name.clone(),
                    found: found.to_string().into(),
                    wanted: spec.to_string().into(),
                });
            }
        }
    }
    Ok(())
}

/// Makes the profile tables that are missing, activates what shall be active, and starts.
fn activate(
    shard: &mut Shard,
    adaptors: &[(RaIx, &PlannedAdaptor)],
    names: &Names,
    plan: &Plan,
    clock: Clock,
) -> Result<(), NodeError> {
    provide(shard, &plan.tables, clock)?;
    let failed = |name: &str, source| NodeError::Activate {
        name: name.to_owned(),
        source,
    };
    for (ra, planned) in adaptors.iter().filter(|(_, planned)| planned.active) {
        let activated = shard.activate_adaptor(clock.now(), *ra);
        activated.map_err(|source| failed(&planned.name, source))?;
    }
    let activated = shard.activate_desired(clock.now());
    activated.map_err(|(service, source)| failed(names.service(service), source))?;
    shard.time_deliveries(Box::new(clock));
    shard
        .start(clock.now())
        .map_err(|source| failed("the node", source))
}

fn options(config: &Config, beat: &Beat) -> Result<Options, NodeError> {
    let secret = secret::load_or_create(&config.node.data_dir)?;
    let mut options = Options::new(secret::seed()?, secret);
    options.probe = beat.probe.clone();
    let limits = &config.limits;
    options.limits.activities = limits.activities;
    options.limits.entities = limits.entities;
    options.limits.timers = limits.timers;
    options.limits.events = limits.events;
    options.limits.events_per_activity = limits.events_per_activity;
    options.limits.attachments = limits.attachments;
    options.limits.effects = limits.effects;
    options.limits.quarantine = limits.quarantine;
    options.limits.alarms = limits.alarms;
    options.limits.usage_sets = limits.usage_sets;
    options.limits.profiles = limits.profiles;
    options.limits.profile_scan = limits.profile_scan;
    options.limits.profile_bytes = bytes(limits.profile_bytes);
    options.limits.activity_bytes = bytes(limits.activity_bytes);
    options.limits.state_bytes = bytes(limits.state_bytes);
    options.defaults.suspension = limits.suspend_timeout;
    options.defaults.timer_timeout = limits.timer_timeout;
    options.defaults.liveness = limits.liveness;
    Ok(options)
}

fn bytes(size: Size) -> u32 {
    u32::try_from(size.bytes()).unwrap_or(u32::MAX)
}

type Installed<'a> = (Vec<(RaIx, &'a PlannedAdaptor)>, Names);

fn install<'a>(shard: &mut Shard, plan: &'a Plan, node: &str) -> Result<Installed<'a>, NodeError> {
    let Plan {
        adaptors,
        services,
        specifications,
        components,
        tables: _,
    } = plan;
    let (mut installed, mut names) = (Vec::new(), Names::default());
    for planned in adaptors {
        let name = &planned.name;
        let ra = shard
            .install_adaptor(name, &planned.def, &planned.settings.0)
            .map_err(|source| NodeError::Install {
                name: name.clone(),
                source: Box::new(source),
            })?;
        for link in &planned.links {
            shard
                .bind_link(link, ra)
                .map_err(|source| NodeError::Activate {
                    name: link.clone(),
                    source,
                })?;
        }
        names
            .adaptors
            .push((ra, name.clone(), planned.def.component.to_string()));
        if planned.active {
            names.opened.push(ra);
        }
        installed.push((ra, planned));
    }
    for planned in services {
        let (name, durability) = (planned.options.name.clone(), planned.options.durability);
        let component = planned.def.component.to_string();
        let service: ServiceIx = shard
            .install_service(planned.def.clone(), planned.options.clone())
            .map_err(|source| NodeError::Install {
                name: name.clone(),
                source: Box::new(source),
            })?;
        names.services.push(NamedService {
            ix: service,
            name,
            kind: planned.kind.clone(),
            component,
            durability: format!("{durability:?}").to_lowercase(),
        });
    }
    for spec in specifications {
        // A service that is configured has brought another one of that name, which counts.
        if let Err(error) = shard.declare_profile(spec) {
            tracing::debug!(%error, "a profile specification is left out");
        }
    }
    names.node = node.to_owned();
    names.components.clone_from(components);
    names.events = shard.event_types().map(|event| event.to_string()).collect();
    Ok((installed, names))
}

/// Gives the shard what the store has, and the store to its writer.
fn restore(
    shard: &mut Shard,
    mut store: Box<dyn Store>,
    config: &Config,
    (clock, tidy): (Clock, Option<fn()>),
    door: &Door,
) -> Result<(Restored, Writer), NodeError> {
    let restored = recover::recover(shard, store.as_mut(), clock, tidy)?;
    let writer = spawn_writer(store, config, door.clone())?;
    Ok((restored, writer))
}

fn open_store(config: &Config, tidy: Option<fn()>) -> Result<Box<dyn Store>, NodeError> {
    let store = &config.store;
    let options = StoreOptions {
        segment_bytes: store.segment_bytes.bytes(),
        checkpoint_bytes: store.checkpoint_bytes.bytes(),
        checkpoint_interval: store.checkpoint_interval,
        cache_bytes: store.cache.bytes(),
        reserve_bytes: store.reserve.bytes(),
        low_water_bytes: store.low_water.bytes(),
        ..StoreOptions::default()
    };
    let dir = config.node.data_dir.join(secret::STORE);
    let store = JournalSled::open(&dir, &options)?;
    Ok(Box::new(store.tidied_by(tidy)))
}

fn spawn_writer(store: Box<dyn Store>, config: &Config, door: Door) -> Result<Writer, NodeError> {
    let options = WriterOptions {
        group_delay: config.store.group_delay,
        relaxed_delay: config.store.relaxed_delay,
        queue_groups: config.store.queue as usize,
        batch_bytes: usize::try_from(config.store.group_bytes.bytes()).unwrap_or(usize::MAX),
        ..WriterOptions::default()
    };
    let on_event = move |event| match event {
        WriterEvent::Durable(seq) => door.durable(seq),
        WriterEvent::LowSpace(low) => door.low_space(low),
        WriterEvent::Fatal(_) => door.store_failed(),
    };
    let spawned = Writer::spawn(store, options, Box::new(on_event));
    spawned.map_err(|source| NodeError::System {
        what: "thread for the store",
        source,
    })
}

/// As many descriptors as the system allows: each connection takes one.
fn raise_descriptors() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}
