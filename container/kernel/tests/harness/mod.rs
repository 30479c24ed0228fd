//! A shard with a toy adaptor and toy SBBs whose behaviour each test scripts.
//!
//! SBBs are `Toy<0>`, `Toy<1>`, ...; [`Kit::on`] gives number N its script, which sees every call of the container.
//! The adaptor does what a test hands to [`Kit::ra`], and what a script hands to [`say`] or [`command`]. Everything that
//! happens is written to one log, which tests compare.
//!
//! The same tests run on a node, over a harness with the same methods: container/node/tests/rules. What needs more of a kernel than
//! that has is in `rules/kernel`.
#![expect(clippy::expect_used, reason = "a harness fails loudly")]

mod deeds;
mod toy;

pub(crate) use toy::{
    Call, Conn, Data, Note, Ping, Pong, Protocol, RA, Spec, Tick, Toy, Toys, Wide, asked_by,
    command, initial, log, one, say, send,
};

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;
use strowger::id::{ActivityId, EntityId, RaIx, ServiceIx};
use strowger::ra::{AdaptorDef, Bytes, ListenerIx, RaCx};
use strowger::service::{NoSettings, ServiceDef};
use strowger::time::{Mono, Now, Wall};
use strowger_journal::{MemoryStore, Seq, Store};
use strowger_kernel::{Durability, NetInput, Options, ServiceOptions, ShardOutput};

pub(crate) use strowger_kernel::Shard;

/// What scripts and tests share; on a node they are on two threads.
#[expect(
    clippy::disallowed_types,
    reason = "it is the tests' and not the shard's"
)]
pub(crate) type Shared<T> = Arc<std::sync::Mutex<T>>;

pub(crate) fn shared<T>(value: T) -> Shared<T> {
    Arc::new(value.into())
}

/// A kernel has no sockets.
pub(crate) fn listeners() -> Vec<strowger::ra::Listener> {
    Vec::new()
}

/// A shard under test.
pub(crate) struct Kit {
    pub(crate) shard: Shard,
    pub(crate) now: Now,
    pub(crate) ra: RaIx,
    pub(crate) options: Options,
    store: Option<MemoryStore>,
    services: Vec<(ServiceDef, ServiceOptions)>,
    /// Profile specifications that a new process makes known.
    pub(crate) profiles: Vec<strowger::profile::ProfileDecl>,
    /// A restart activates no service.
    idle: bool,
    /// A restart activates what shall be active.
    pub(crate) desired: bool,
    /// A restart does not start the shard.
    pub(crate) stopped: bool,
}

impl Kit {
    /// A running shard with the toy adaptor.
    pub(crate) fn new() -> Self {
        toy::create();
        let now = Now {
            mono: Mono(1_000_000_000),
            wall: Wall(1_700_000_000_000),
        };
        let options = Options::new([7; 32], [9; 16]);
        let mut shard = Shard::new(options.clone());
        let ra = install(&mut shard);
        shard.activate_adaptor(now, ra).expect("inactive");
        shard.start(now).expect("stopped");
        let mut kit = Self {
            shard,
            now,
            ra,
            options,
            store: Some(MemoryStore::new()),
            services: Vec::new(),
            profiles: Vec::new(),
            idle: false,
            desired: false,
            stopped: false,
        };
        kit.run();
        log();
        kit
    }

    pub(crate) fn service_in<const N: u8>(&mut self, spec: Spec, class: Durability) -> ServiceIx {
        let ix = self.install::<N>(spec, class);
        self.shard
            .activate_services(self.now, &[ix])
            .expect("inactive");
        self.run();
        ix
    }
    fn add(&mut self, def: ServiceDef, options: ServiceOptions) -> ServiceIx {
        self.services.push((def.clone(), options.clone()));
        self.shard.install_service(def, options).expect("a service")
    }
    /// The configuration wants a service to be active, or not, from the next restart on.
    pub(crate) fn configure_active(&mut self, place: usize, active: bool) {
        if let Some((_, options)) = self.services.get_mut(place) {
            options.active = active;
        }
    }
    /// Has the adaptor do something.
    pub(crate) fn ra<R: Send + 'static>(
        &mut self,
        f: impl FnOnce(&mut RaCx<'_>) -> R + Send + 'static,
    ) -> R {
        let (done, result) = std::sync::mpsc::channel();
        toy::next_input(Box::new(move |cx| drop(done.send(f(cx)))));
        let from = ([127, 0, 0, 1], 1).into();
        self.shard.input(
            self.now,
            self.ra,
            NetInput::Datagram {
                listener: ListenerIx(0),
                from,
                bytes: Bytes::new(),
            },
        );
        result.try_recv().expect("the adaptor handled the input")
    }
    /// Turns until nothing is left to do, making everything durable; gives what was sent.
    pub(crate) fn run(&mut self) -> Vec<String> {
        let mut sent = Vec::new();
        for _ in 0..10_000 {
            let more = self.shard.run(self.now, 1000);
            self.sync();
            sent.extend(self.sent());
            if !more {
                return sent;
            }
        }
        panic!("no end of work");
    }
    /// Hands the turn's group to the store and makes it durable.
    pub(crate) fn sync(&mut self) {
        if let Some(group) = self.shard.take_group() {
            let store = self.store.as_mut().expect("a store");
            store.append(&group).expect("no fault");
            let seq = store.sync().expect("no fault");
            self.shard.durable(seq);
        }
    }
    /// Texts of the datagrams that left.
    pub(crate) fn sent(&mut self) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some(output) = self.shard.poll_output() {
            if let ShardOutput::Datagram { bytes, .. } = output {
                sent.push(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        sent
    }
    /// Lets time pass, from deadline to deadline.
    pub(crate) fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        for _ in 0..100_000 {
            self.run();
            match self.shard.deadline() {
                Some(at) if at <= end.mono => {
                    let step = at - self.now.mono;
                    self.now = self.now + step;
                    self.shard.timeout(self.now);
                }
                _ => {
                    self.now = end;
                    self.run();
                    return;
                }
            }
        }
        panic!("no end of deadlines");
    }
    /// Lets time pass without telling the shard, as a busy process would; then tells it once.
    pub(crate) fn leap(&mut self, by: Duration) {
        self.now = self.now + by;
        self.shard.timeout(self.now);
        self.run();
    }

    /// A new process on the same store; what was not synced is lost. Time passes meanwhile.
    pub(crate) fn restart(&mut self, after: Duration) -> strowger_kernel::Restored {
        self.try_restart(after).expect("the store is sound")
    }
    pub(crate) fn try_restart(
        &mut self,
        after: Duration,
    ) -> Result<strowger_kernel::Restored, strowger_kernel::RestoreError> {
        self.now = self.now + after;
        let mut shard = Shard::new(self.options.clone());
        self.ra = install(&mut shard);
        for (def, options) in &self.services {
            shard
                .install_service(def.clone(), options.clone())
                .expect("a service");
        }
        for decl in &self.profiles {
            shard.declare_profile(decl).expect("a specification");
        }
        let mut failed = None;
        let now = self.now;
        let recovered = self
            .store
            .as_mut()
            .expect("a store")
            .recover(&mut |record| {
                if failed.is_none() {
                    failed = shard.restore(now, &record).err();
                }
            });
        if let Some(error) = failed {
            return Err(error);
        }
        let restored = shard.restored(now, recovered.expect("sound").last_seq)?;
        shard.activate_adaptor(now, self.ra).expect("inactive");
        let all: Vec<_> = (0..self.services.len() as u16).map(ServiceIx).collect();
        if self.desired {
            shard.activate_desired(now).expect("possible");
        } else if !all.is_empty() && !self.idle {
            shard.activate_services(now, &all).expect("inactive");
        }
        if !self.stopped {
            shard.start(now).expect("stopped");
        }
        self.shard = shard;
        Ok(restored)
    }
    /// The same with no service activated.
    pub(crate) fn restart_inactive(&mut self, after: Duration) {
        self.idle = true;
        self.restart(after);
        self.idle = false;
    }
    /// Replaces the definition of an installed service before a restart.
    pub(crate) fn replace_def(&mut self, place: usize, def: ServiceDef) {
        if let Some(service) = self.services.get_mut(place) {
            service.0 = def;
        }
    }
    /// With which options a service is installed from the next restart on.
    pub(crate) fn options_of(&mut self, place: usize) -> &mut ServiceOptions {
        &mut self.services[place].1
    }
    /// The service installed last takes the name and the place of the first; the others are gone.
    pub(crate) fn keep_newest_as_first(&mut self) {
        if let Some((def, mut options)) = self.services.pop()
            && let Some((_, first)) = self.services.first()
        {
            options.name.clone_from(&first.name);
            options.active = first.active;
            self.services = vec![(def, options)];
        }
    }
    pub(crate) fn drop_service(&mut self, place: usize) {
        self.services.remove(place);
    }
    /// Every live record of the store as a line of text: key, value.
    pub(crate) fn record_lines(&mut self) -> String {
        let mut lines = String::new();
        let store = self.store.as_mut().expect("a store");
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        store
            .recover(&mut |r| lines += &format!("{} {}\n", hex(&r.key.to_vec()), hex(r.value)))
            .expect("sound");
        lines
    }
    /// Fills an empty store with such lines, and starts a new process on it.
    pub(crate) fn restart_from(&mut self, lines: &str) -> strowger_kernel::Restored {
        let bytes = |hex: &str| -> Vec<u8> {
            let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
            (0..hex.len()).step_by(2).map(digits).collect()
        };
        let mut group = strowger_journal::GroupBuilder::new(Seq(1));
        for (key, value) in lines.lines().filter_map(|line| line.split_once(' ')) {
            let (key, value) = (bytes(key), bytes(value));
            let key = strowger_journal::Key::decode(&key).expect("a key");
            group.insert(&key, &value).expect("short");
        }
        let mut store = MemoryStore::new();
        store
            .append(&group.take().expect("records"))
            .expect("no fault");
        store.sync().expect("no fault");
        self.store = Some(store);
        self.restart(Duration::ZERO)
    }
    /// Every live record of the store.
    pub(crate) fn records(&mut self) -> Vec<(u8, Vec<u8>)> {
        let mut records = Vec::new();
        let store = self.store.as_mut().expect("a store");
        store
            .recover(&mut |r| records.push((r.key.kind, r.value.to_vec())))
            .expect("sound");
        records
    }
    pub(crate) fn durable_seq(&self) -> Seq {
        self.store.as_ref().expect("a store").health().durable
    }

    /// Has something done with the shard; on a node, on its thread.
    pub(crate) fn within<R: Send + 'static>(
        &mut self,
        f: impl FnOnce(&mut Shard, Now) -> R + Send + 'static,
    ) -> R {
        f(&mut self.shard, self.now)
    }

    /// The root entity that is attached to an activity.
    pub(crate) fn attached(&self, activity: ActivityId) -> Vec<EntityId> {
        self.shard
            .activity(activity)
            .map_or_else(Vec::new, |a| a.attached)
    }
}

fn install(shard: &mut Shard) -> RaIx {
    let settings: Arc<dyn Any + Send + Sync> = Arc::new(NoSettings {});
    let ra = shard
        .install_adaptor("toy", &AdaptorDef::of::<Protocol>(), &settings)
        .expect("an adaptor");
    shard.bind_link("toy", ra).expect("a link");
    ra
}
