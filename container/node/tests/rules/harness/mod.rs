//! The kernel's test harness once more, over a running node: its threads, its sockets and its store on disk.
//!
//! A [`Kit`] has the methods of the kernel's. It starts a node when one is first needed, with the services that are there by
//! then; those that come later are installed on the running one. The adaptor does what it is handed when a datagram comes. The
//! node's clock stands until a test turns it, and deliveries wait for [`Kit::run`], so that a test's order is its own.
#![expect(clippy::expect_used, reason = "a harness fails loudly")]
#![allow(dead_code, reason = "the kernel's tests use more of it")]

#[path = "../../../../kernel/tests/harness/deeds.rs"]
mod deeds;
mod shard;
mod stage;
#[path = "../../../../kernel/tests/harness/toy.rs"]
mod toy;

pub(crate) use shard::Shard;
pub(crate) use toy::{
    Call, Conn, Data, Note, Ping, Pong, Protocol, RA, Spec, Tick, Toy, Toys, Wide, asked_by,
    command, initial, log, one, say, send,
};

use stage::Stage;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use strowger::id::{ActivityId, EntityId, RaIx, ServiceIx};
use strowger::profile::ProfileDecl;
use strowger::ra::{Bytes, Listener, ListenerIx, RaCx, Transport};
use strowger::service::ServiceDef;
use strowger::time::{Mono, Now, Wall};
use strowger_kernel::{Durability, NetInput, Options, RestoreError, Restored, ServiceOptions};
use strowger_node::NodeError;
use toy::World;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// What scripts and tests share: they are on two threads.
pub(crate) type Shared<T> = Arc<Mutex<T>>;

pub(crate) fn shared<T>(value: T) -> Shared<T> {
    Arc::new(value.into())
}

/// Where the adaptor is told to go on.
pub(crate) fn listeners() -> Vec<Listener> {
    vec![Listener {
        name: "udp".into(),
        transport: Transport::Udp,
        bind: ([127, 0, 0, 1], 0).into(),
        connections: 1,
        write_buffer: 100_000,
        idle: Listener::IDLE,
        tls: None,
    }]
}

/// A node under test.
pub(crate) struct Kit {
    pub(crate) shard: Shard,
    pub(crate) now: Now,
    pub(crate) ra: RaIx,
    pub(crate) options: Options,
    /// Profile specifications that a new process makes known.
    pub(crate) profiles: Vec<ProfileDecl>,
    /// A restart activates what shall be active.
    pub(crate) desired: bool,
}

impl Kit {
    /// A node with the toy adaptor.
    pub(crate) fn new() -> Self {
        let now = Now {
            mono: Mono(1_000_000_000),
            wall: Wall(1_700_000_000_000),
        };
        let options = Options::new([7; 32], [9; 16]);
        Self {
            shard: Shard::new(Stage::new(now, options.clone())),
            now,
            ra: RA,
            options,
            profiles: Vec::new(),
            desired: false,
        }
    }

    fn stage<R>(&self, f: impl FnOnce(&mut Stage) -> R) -> R {
        self.shard.stage(self.now, f)
    }

    pub(crate) fn service_in<const N: u8>(&mut self, spec: Spec, class: Durability) -> ServiceIx {
        let runs = self.stage(|stage| stage.has_started());
        let ix = self.install::<N>(spec, class);
        if runs {
            self.shard
                .activate_services(self.now, &[ix])
                .expect("inactive");
            self.run();
        } else {
            self.stage(|stage| stage.active.push(usize::from(ix.0)));
        }
        ix
    }
    fn add(&mut self, def: ServiceDef, options: ServiceOptions) -> ServiceIx {
        let (runs, place) = self.stage(|stage| {
            stage.services.push((def.clone(), options.clone()));
            (stage.has_started(), stage.services.len() - 1)
        });
        let ix = ServiceIx(u16::try_from(place).expect("a few"));
        if runs {
            let installed = self.shard.install_service(def, options);
            assert_eq!(installed.expect("a service"), ix);
        }
        ix
    }
    /// The configuration wants a service to be active, or not, from the next restart on.
    pub(crate) fn configure_active(&mut self, place: usize, active: bool) {
        self.stage(|stage| stage.services[place].1.active = active);
    }
    /// Has the adaptor do something.
    pub(crate) fn ra<R: Send + 'static>(
        &mut self,
        f: impl FnOnce(&mut RaCx<'_>) -> R + Send + 'static,
    ) -> R {
        let (done, result) = sync_channel(1);
        let ra = self.ra;
        self.stage(|stage| {
            stage.node();
            toy::next_input(Box::new(move |cx| drop(done.send(f(cx)))));
            match ra {
                RA => stage.prompt(),
                // One that a test installs has no socket.
                other => stage.look(move |shard, now| shard.input(now, other, datagram())),
            }
        });
        result
            .recv_timeout(PATIENCE)
            .expect("the adaptor handled the input")
    }
    /// Lets deliveries through until nothing is left to do and all is durable; gives what was sent.
    pub(crate) fn run(&mut self) -> Vec<String> {
        self.stage(|stage| stage.settle(true));
        self.sent()
    }
    /// Waits until what is done is durable.
    pub(crate) fn sync(&mut self) {
        self.stage(|stage| stage.settle(false));
    }
    /// Texts of the datagrams that arrived.
    pub(crate) fn sent(&mut self) -> Vec<String> {
        self.stage(|stage| stage.heard())
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
        self.run();
    }

    /// A new node on the directory of one whose shard was torn away; what was not handed to the store is lost. Time passes meanwhile.
    pub(crate) fn restart(&mut self, after: Duration) -> Restored {
        self.try_restart(after).expect("the store is sound")
    }
    pub(crate) fn try_restart(&mut self, after: Duration) -> Result<Restored, RestoreError> {
        let (options, profiles) = (self.options.clone(), self.profiles.clone());
        let desired = self.desired;
        self.stage(|stage| {
            stage.crash();
            stage.options = options;
            stage.profiles = profiles;
            stage.desired = desired;
        });
        self.now = self.now + after;
        self.stage(|stage| match stage.start() {
            Ok(()) => Ok(stage.node().restored()),
            Err(NodeError::Restore(error)) => Err(error),
            Err(error) => panic!("{error}"),
        })
    }
    /// The same with no service activated.
    pub(crate) fn restart_inactive(&mut self, after: Duration) {
        self.stage(|stage| stage.idle = true);
        self.restart(after);
        self.stage(|stage| stage.idle = false);
    }
    /// Replaces the definition of an installed service before a restart.
    pub(crate) fn replace_def(&mut self, place: usize, def: ServiceDef) {
        self.stage(|stage| stage.services[place].0 = def);
    }
    /// The service installed last takes the name and the place of the first; the others are gone.
    pub(crate) fn keep_newest_as_first(&mut self) {
        self.stage(|stage| {
            let (def, mut options) = stage.services.pop().expect("two");
            let (_, first) = stage.services.swap_remove(0);
            options.name = first.name;
            options.active = first.active;
            stage.services = vec![(def, options)];
        });
    }
    pub(crate) fn drop_service(&mut self, place: usize) {
        self.stage(|stage| stage.services.remove(place));
    }

    /// Every live record of the store.
    pub(crate) fn records(&mut self) -> Vec<(u8, Vec<u8>)> {
        let mut records = Vec::new();
        self.stage(|stage| stage.records(&mut |r| records.push((r.key.kind, r.value.to_vec()))));
        records
    }
    /// Every live record of the store as a line of text: key, value.
    pub(crate) fn record_lines(&mut self) -> String {
        let mut lines = String::new();
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        self.stage(|stage| {
            stage
                .records(&mut |r| lines += &format!("{} {}\n", hex(&r.key.to_vec()), hex(r.value)));
        });
        lines
    }
    /// Has something done with the kernel's shard, on its thread.
    pub(crate) fn within<R: Send + 'static>(
        &mut self,
        f: impl FnOnce(&mut strowger_kernel::Shard, Now) -> R + Send + 'static,
    ) -> R {
        self.stage(|stage| stage.look(f))
    }

    /// The root entity that is attached to an activity.
    pub(crate) fn attached(&self, activity: ActivityId) -> Vec<EntityId> {
        self.shard
            .activity(activity)
            .map_or_else(Vec::new, |a| a.attached)
    }
}

fn datagram() -> NetInput<'static> {
    NetInput::Datagram {
        listener: ListenerIx(0),
        from: ([127, 0, 0, 1], 1).into(),
        bytes: Bytes::new(),
    }
}
