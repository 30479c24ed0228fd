//! A node in the hand of a test, with its directory, its peer and its clock, from one start to the next.

use super::toy;
use super::{Shared, World, shared};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use strowger::id::ServiceIx;
use strowger::profile::ProfileDecl;
use strowger::ra::AdaptorDef;
use strowger::service::ServiceDef;
use strowger::time::Now;
use strowger_config::{Config, Sources};
use strowger_journal::{Record, Store as _};
use strowger_kernel::{Durability, Options, ServiceOptions, Shard, ShardOutput};
use strowger_node::{Catalog, HandClock, Node, NodeError, Rehearsal, Running};
use strowger_store::{JournalSled, StoreOptions};

/// A store as small as it may be.
const STORE: &str =
    "[store]\nsegment_bytes = \"1MiB\"\nreserve = \"64KiB\"\nlow_water = \"64KiB\"\n";
/// Time that no test lets pass.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

pub(super) struct Stage {
    dir: tempfile::TempDir,
    pub(super) clock: &'static HandClock,
    world: Shared<World>,
    /// What the shard has told operators.
    given: Shared<VecDeque<ShardOutput>>,
    /// Hands the adaptor its inputs, and hears what it says.
    peer: UdpSocket,
    node: Option<Running>,
    pub(super) services: Vec<(ServiceDef, ServiceOptions)>,
    /// Places of services that the first start activates.
    pub(super) active: Vec<usize>,
    has_run: bool,
    pub(super) options: Options,
    pub(super) profiles: Vec<ProfileDecl>,
    /// The next start activates no service.
    pub(super) idle: bool,
    /// The next start activates what shall be active.
    pub(super) desired: bool,
}

impl Stage {
    pub(super) fn new(now: Now, options: Options) -> Self {
        let peer = UdpSocket::bind("127.0.0.1:0").expect("a port");
        peer.set_nonblocking(true).expect("a socket");
        let world = toy::create();
        world.lock().expect("nobody has it").peer = peer.local_addr().ok();
        Self {
            dir: tempfile::tempdir().expect("a directory"),
            clock: HandClock::standing(now),
            world,
            given: shared(VecDeque::new()),
            peer,
            node: None,
            services: Vec::new(),
            active: Vec::new(),
            has_run: false,
            options,
            profiles: Vec::new(),
            idle: false,
            desired: false,
        }
    }

    pub(super) const fn has_started(&self) -> bool {
        self.node.is_some()
    }

    /// The node, which starts when it is first needed: with all services that are there by then.
    pub(super) fn node(&mut self) -> &Running {
        if self.node.is_none() {
            let late = self.out_of_order();
            self.start().expect("it starts");
            for (def, options) in late.iter().cloned() {
                let installed = self.look(move |shard, _| shard.install_service(def, options));
                assert!(installed.is_ok(), "{installed:?}");
            }
            self.services.extend(late);
            let active = self.active.iter().map(|place| ServiceIx(*place as u16));
            let active = active.collect::<Vec<_>>();
            self.look(move |shard, now| {
                for service in active {
                    // Those of the configuration are active.
                    let _ = shard.activate_services(now, &[service]);
                }
            });
            self.settle(true);
            // A test's log begins without what the adaptor hears of the start.
            let mut world = self.world.lock().expect("nobody has it");
            world.log.retain(|line| !line.starts_with("ra: "));
        }
        self.node.as_ref().expect("it has started")
    }

    /// Takes away the services that a node would put before others, since it orders them by name.
    fn out_of_order(&mut self) -> Vec<(ServiceDef, ServiceOptions)> {
        let names = self.services.windows(2);
        let ordered = names.take_while(|pair| pair[0].1.name < pair[1].1.name);
        let ordered = ordered.count() + 1;
        self.services.split_off(ordered.min(self.services.len()))
    }

    pub(super) fn start(&mut self) -> Result<(), NodeError> {
        let (world, options) = (Arc::clone(&self.world), self.options.clone());
        let given = Arc::clone(&self.given);
        let prepare = move |of_node: &mut Options| {
            toy::enter(world);
            *of_node = options;
        };
        let rehearsal = Rehearsal::new(self.clock, prepare)
            .specifications(self.profiles.clone())
            .hearing(move |output| given.lock().expect("nobody has it").extend(told(output)));
        let catalog = self.catalog();
        let builder = Node::builder().config(self.config(&catalog));
        let node = builder.catalog(catalog).rehearsal(rehearsal).start()?;
        self.node = Some(node);
        self.has_run = true;
        let places = (0..self.services.len() as u16).map(ServiceIx);
        let names: Vec<String> = self.services.iter().map(|(_, o)| o.name.clone()).collect();
        let found = self.look(move |shard, _| {
            let found = names.iter().map(|name| shard.service(name));
            found.collect::<Vec<_>>()
        });
        assert!(
            found.into_iter().eq(places.map(Some)),
            "a node orders services by name, and this test does not"
        );
        Ok(())
    }

    fn catalog(&self) -> Catalog {
        let catalog = Catalog::default().adaptor(AdaptorDef::of::<toy::Protocol>());
        let services = self.services.iter();
        services.fold(catalog, |all, (def, _)| all.service(def.clone()))
    }

    fn config(&self, catalog: &Catalog) -> Config {
        let mut text = format!("{STORE}[adaptors.toy]\nlinks = [\"toy\"]\n");
        for (place, (def, options)) in self.services.iter().enumerate() {
            let active = match (self.has_run, self.desired) {
                (false, _) => self.active.contains(&place),
                (true, true) => options.active,
                (true, false) => !self.idle,
            };
            let (name, version) = (def.component.name, def.component.version);
            let durability = match options.durability {
                Durability::None => "none",
                Durability::Relaxed => "relaxed",
                Durability::Strict => "strict",
            };
            write!(
                text,
                "[services.\"{}\"]\nkind = \"{name}@{version}\"\nactive = {active}\n\
                 durability = \"{durability}\"\npanics_max = 0\nhangs_max = 0\n",
                options.name,
            )
            .expect("a string");
            for (link, adaptor) in &options.links {
                writeln!(text, "links.{link} = \"{adaptor}\"").expect("a string");
            }
        }
        let file = self.dir.path().join("node.toml");
        std::fs::write(&file, text).expect("a file");
        let mut sources = Sources::default()
            .file(file)
            .flag(format!("node.data_dir={}", self.data_dir().display()));
        // Not those out of the box.
        sources.every_component = self.services.is_empty();
        let mut config = match strowger_config::load(&sources, &catalog.components()) {
            Ok(loaded) => loaded.config,
            Err(rejected) => panic!("{:#?}", rejected.findings),
        };
        config.limits.service_stop_time = NEVER;
        config.limits.delivery_time_max = NEVER;
        config
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Every live record of the store, read from a copy: the node has the store's own files.
    pub(super) fn records(&mut self, read: &mut dyn FnMut(Record<'_>)) {
        self.settle(false);
        let copy = tempfile::tempdir().expect("a directory");
        copy_into(&self.data_dir().join("store"), copy.path());
        let mut store = JournalSled::open(copy.path(), &StoreOptions::default()).expect("a store");
        store.recover(read).expect("sound");
    }

    /// Tears the shard's thread away: nobody is told, and what was not handed to the store is lost.
    pub(super) fn crash(&mut self) {
        if !self.has_run {
            self.node();
        }
        // One whose start was refused is gone already.
        let Some(node) = self.node.take() else { return };
        let looked = node.look(|_, _| resume_unwind(Box::new("killed")));
        assert!(looked.is_none_or(|()| false), "it is gone");
        let _ = node.wait();
    }

    /// Has something done on the shard's thread.
    pub(super) fn look<R: Send + 'static>(
        &mut self,
        look: impl FnOnce(&mut Shard, Now) -> R + Send + 'static,
    ) -> R {
        self.node().look(look).expect("it runs")
    }

    pub(super) fn settle(&mut self, deliver: bool) {
        assert!(self.node().settle(deliver), "it runs");
    }

    /// Has the adaptor take its next input.
    pub(super) fn prompt(&mut self) {
        let listeners = &self.node().ready().listeners;
        let address: SocketAddr = listeners[0].address.parse().expect("an address");
        self.peer.send_to(b"go on", address).expect("sent");
    }

    /// The next of what the shard has told operators, once all that it has is told.
    pub(super) fn told(&mut self) -> Option<ShardOutput> {
        self.settle(false);
        self.given.lock().expect("nobody has it").pop_front()
    }

    /// Texts that have arrived.
    pub(super) fn heard(&self) -> Vec<String> {
        let mut buffer = [0; 65_536];
        let mut heard = Vec::new();
        while let Ok(length) = self.peer.recv(&mut buffer) {
            heard.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
        heard
    }
}

/// What is for operators, and not for sockets.
fn told(output: &ShardOutput) -> Option<ShardOutput> {
    match output {
        ShardOutput::Trace(message) => Some(ShardOutput::Trace(message.clone())),
        ShardOutput::ServiceAlarm(alarm) => Some(ShardOutput::ServiceAlarm(alarm.clone())),
        ShardOutput::Alarm {
            source,
            name,
            raised,
            text,
        } => Some(ShardOutput::Alarm {
            source: *source,
            name,
            raised: *raised,
            text: text.clone(),
        }),
        ShardOutput::RolledBack {
            service,
            sbb,
            event,
            entity,
            cause,
        } => Some(ShardOutput::RolledBack {
            service: *service,
            sbb: *sbb,
            event: *event,
            entity: *entity,
            cause: cause.clone(),
        }),
        ShardOutput::ServiceFailed { service, why } => Some(ShardOutput::ServiceFailed {
            service: *service,
            why: why.clone(),
        }),
        ShardOutput::Moved {
            from,
            to,
            moved,
            left,
        } => Some(ShardOutput::Moved {
            from: *from,
            to: *to,
            moved: *moved,
            left: *left,
        }),
        _ => None,
    }
}

fn copy_into(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            std::fs::create_dir(&to).expect("a directory");
            copy_into(&path, &to);
        } else {
            std::fs::copy(&path, &to).expect("a file");
        }
    }
}
