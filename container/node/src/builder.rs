//! Putting a node together and starting it.

use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::companion::{Accompanied, Companion};
use crate::control::{Order, Reply, Request};
use crate::drivers::Driving;
use crate::error::NodeError;
use crate::exit::Exit;
use crate::guard::Guard;
use crate::hangs::Hangs;
use crate::inbox::Door;
use crate::manage::{Manage, manage};
use crate::plan::Plan;
use crate::process;
use crate::rehearsal::{self, Rehearsal};
use crate::reload::{Read, Reloader};
use crate::shard::{self, Begun, Start};
use crate::status::{Listening, Status};
use crate::supervisor::{Supervising, Supervisor, Work};
use crate::systemd::Systemd;
use crate::watchdog::{Beat, Bounds};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use strowger::ra::AdaptorDef;
use strowger::service::ServiceDef;
use strowger::time::Now;
use strowger_config::{Config, Loaded, Rejected, Sources};
use strowger_driver::DriverDef;
use strowger_journal::Store;
use strowger_kernel::{Restored, Shard};

/// A node: one shard with its adaptors and services, in one process.
///
/// ```no_run
/// # fn adaptor() -> strowger::ra::AdaptorDef { unimplemented!() }
/// # fn service() -> strowger::service::ServiceDef { unimplemented!() }
/// use strowger_node::Node;
///
/// fn main() -> Result<std::process::ExitCode, strowger_node::NodeError> {
///     let exit = Node::builder().adaptor(adaptor()).service(service()).run()?;
///     Ok(exit.into())
/// }
/// ```
#[derive(Debug)]
pub struct Node;

/// What a node is made of.
#[derive(Default)]
pub struct NodeBuilder {
    pub(crate) catalog: Catalog,
    config: Option<Config>,
    reload: Option<(Loaded, Read)>,
    store: Option<Box<dyn Store>>,
    on_ready: Option<Box<dyn FnOnce(&Ready)>>,
    on_rest: Option<fn()>,
    companion: Option<Box<dyn Companion>>,
    rehearsal: Option<Rehearsal>,
}

/// What is there once a node serves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ready {
    /// Where it listens.
    pub listeners: Vec<Listening>,
    /// Services that are active.
    pub services: Vec<String>,
    /// Where its state is.
    pub data_dir: PathBuf,
    /// Time from the start to readiness.
    pub took: Duration,
    /// Activities that came back from the store.
    pub restored_activities: u32,
}

/// A node that serves, in a process that has other things to do: for tests and for embedding.
///
/// Dropping it stops the node at once.
#[derive(Debug)]
pub struct Running {
    ready: Ready,
    restored: Restored,
    door: Door,
    manage: Manage,
    shard: Option<JoinHandle<Exit>>,
    supervising: Option<Supervising>,
    driving: Option<Driving>,
    accompanied: Option<Accompanied>,
}

impl Node {
    /// An empty node.
    #[must_use]
    pub fn builder() -> NodeBuilder {
        NodeBuilder::default()
    }
}

impl std::fmt::Debug for NodeBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeBuilder")
            .field("catalog", &self.catalog)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl NodeBuilder {
    /// With one more adaptor type.
    #[must_use]
    pub fn adaptor(mut self, def: AdaptorDef) -> Self {
        self.catalog = self.catalog.adaptor(def);
        self
    }

    /// With the driver of an adaptor type that has one.
    #[must_use]
    pub fn driver(mut self, def: DriverDef) -> Self {
        self.catalog = self.catalog.driver(def);
        self
    }

    /// With one more service.
    #[must_use]
    pub fn service(mut self, def: ServiceDef) -> Self {
        self.catalog = self.catalog.service(def);
        self
    }

    /// With these adaptors and services, instead of those given before.
    #[must_use]
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = catalog;
        self
    }

    /// With this configuration. Without one, every adaptor and service given runs under its own name, with embedded
    /// defaults and the `STROWGER_*` variables of the process.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// With this configuration, and a way to read it again: on SIGHUP, and on an order, what has changed is put into effect
    /// as far as a running node can. `read` is given the text that is to be read instead of what was configured through the node
    /// so far (`Sources::managed`), if there is one.
    #[must_use]
    pub fn reloading(
        mut self,
        loaded: Loaded,
        read: impl FnMut(Option<String>) -> Result<Loaded, Rejected> + Send + 'static,
    ) -> Self {
        self.config = Some(loaded.config.clone());
        self.reload = Some((loaded, Box::new(read)));
        self
    }

    /// With this store instead of the one in the data directory: for tests of failures.
    #[must_use]
    pub fn store(mut self, store: Box<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Calls this once the node serves.
    #[must_use]
    pub fn on_ready(mut self, on_ready: impl FnOnce(&Ready) + 'static) -> Self {
        self.on_ready = Some(Box::new(on_ready));
        self
    }

    /// Calls this on the shard's thread each time when, after work, there has been nothing to do for some seconds, and on threads
    /// that have read the store or made a checkpoint, at their end: so that the process's allocator can give back what a peak took.
    #[must_use]
    pub fn on_rest(mut self, on_rest: fn()) -> Self {
        self.on_rest = Some(on_rest);
        self
    }

    /// With something that runs beside it and looks at it, such as the management API. Without one, `management` of the
    /// configuration has no effect.
    #[must_use]
    pub fn companion(mut self, companion: impl Companion + 'static) -> Self {
        self.companion = Some(Box::new(companion));
        self
    }

    /// In the hand of a test: with a clock that stands until it is turned, and deliveries that wait for [`Running::settle`].
    #[doc(hidden)]
    #[must_use]
    pub fn rehearsal(mut self, rehearsal: Rehearsal) -> Self {
        self.rehearsal = Some(rehearsal);
        self
    }

    /// Starts the node and waits for its end: SIGTERM and SIGINT stop it, and it takes no huge pages. For a process that is the
    /// node.
    ///
    /// # Errors
    /// It does not start; see [`NodeError`].
    pub fn run(self) -> Result<Exit, NodeError> {
        process::take_usual_pages();
        Ok(self.begin(true)?.wait())
    }

    /// Starts the node beside the rest of the process; signals are left alone.
    ///
    /// # Errors
    /// It does not start; see [`NodeError`].
    pub fn start(self) -> Result<Running, NodeError> {
        self.begin(false)
    }

    fn begin(mut self, owns_process: bool) -> Result<Running, NodeError> {
        let clock = Clock::new(self.rehearsal.as_ref().map(|rehearsal| rehearsal.clock));
        let config = self.configuration()?;
        let mut plan = Plan::new(&config, &self.catalog)?;
        if let Some(rehearsal) = &self.rehearsal {
            plan.specifications.extend(&rehearsal.specifications);
        }
        let mut hangs = Hangs::of(&config.node.data_dir);
        let beat = Beat::default();
        let (bounds, dns) = (Bounds::of(&config.limits), config.dns.clone());
        let (data_dir, check) = (config.node.data_dir.clone(), config.tls.check_interval);
        let start = Start {
            config: config.clone(),
            held_back: hangs.hold_back(clock.seconds(), &mut plan),
            plan,
            clock,
            beat: beat.clone(),
            store: self.store.take(),
            tidy: self.on_rest,
            managed: self.companion.is_some(),
            rehearsal: self.rehearsal.take(),
        };
        let (begun, shard) = spawn(start, &mut hangs)?;
        let (manage, desk) = manage(begun.door.clone(), Arc::new(config));
        let guard = Guard {
            door: begun.door.clone(),
            beat,
            clock,
            names: begun.names,
            bounds,
            hangs,
            owns_process,
            systemd: systemd(owns_process),
        };
        let work = Work {
            door: begun.door.clone(),
            clock,
            watch: begun.watch,
            reloader: Reloader::new(self.reload.take(), self.catalog),
            desk,
        };
        // Shown to people, who may look from elsewhere.
        let data_dir = std::path::absolute(&data_dir).unwrap_or(data_dir);
        let mut running = Running {
            ready: Ready {
                listeners: begun.listeners,
                services: begun.active,
                data_dir,
                took: begun.ready_after,
                restored_activities: begun.restored.activities,
            },
            restored: begun.restored,
            door: begun.door,
            manage: manage.clone(),
            shard: Some(shard),
            supervising: None,
            driving: None,
            accompanied: None,
        };
        running.driving = Driving::start(begun.seats)?;
        let supervisor = Supervisor::new(guard, check, work);
        running.supervising = Some(supervisor.spawn(begun.asked, dns)?);
        if let Some(companion) = self.companion.take() {
            let dir = running.ready.data_dir.clone();
            let begun = Accompanied::start(companion, manage, begun.management, dir)?;
            running.accompanied = Some(begun);
        }
        running.ready.log();
        if let Some(on_ready) = self.on_ready.take() {
            on_ready(&running.ready);
        }
        Ok(running)
    }

    /// The configuration that was given, or else that of the process.
    fn configuration(&mut self) -> Result<Config, NodeError> {
        if let Some(config) = self.config.take() {
            return Ok(config);
        }
        let sources = Sources::default().every_component();
        let sources = sources.process_environment()?;
        Ok(strowger_config::load(&sources, &self.catalog.components())?.config)
    }
}

impl Ready {
    fn log(&self) {
        for at in &self.listeners {
            let (adaptor, transport, address) = (&at.adaptor, &at.transport, &at.address);
            tracing::info!(adaptor, transport, address, "listening");
        }
        tracing::info!(took = ?self.took, data_dir = %self.data_dir.display(), "ready");
    }
}

/// That of the process, for a node that is all of it.
fn systemd(owns_process: bool) -> Systemd {
    match owns_process {
        true => Systemd::of_process(),
        false => Systemd::default(),
    }
}

/// Starts the shard's thread and waits until it serves. What was held back is settled then.
fn spawn(start: Start, hangs: &mut Hangs) -> Result<(Begun, JoinHandle<Exit>), NodeError> {
    let (sender, receiver) = sync_channel(1);
    let serve = move || match shard::begin(start) {
        Ok((driver, begun)) => {
            // The other end waits for exactly this.
            drop(sender.send(Ok(begun)));
            driver.serve()
        }
        Err(error) => {
            let exit = error.exit();
            drop(sender.send(Err(error)));
            exit
        }
    };
    let thread = thread::Builder::new().name("shard-0".into()).spawn(serve);
    let thread = thread.map_err(|source| NodeError::System {
        what: "thread",
        source,
    })?;
    let begun = receiver.recv().map_err(|_| NodeError::Panicked)??;
    hangs.settle();
    Ok((begun, thread))
}

impl Running {
    /// What there is.
    #[must_use]
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Tells the node to stop: no new work, the rest is finished within the limit. The second time, at once.
    pub fn stop(&self) {
        // One that has ended needs no telling; one that is too busy to listen is told by a signal.
        let _ = self.door.order(Order::Stop);
    }

    /// How the node is; `None` if it has ended or does not answer.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        let Reply::Status(status) = self.ask(Request::Status { detail: true })? else {
            return None;
        };
        Some(*status)
    }

    /// Asks the node something. `None` if it has ended or is too busy. Not to be called from within a tokio runtime.
    #[must_use]
    pub fn ask(&self, request: Request) -> Option<Reply> {
        self.manage.ask_blocking(request).ok()
    }

    /// What came back from the store when it started, in full.
    #[doc(hidden)]
    #[must_use]
    pub fn restored(&self) -> Restored {
        self.restored
    }

    /// Has something done on the shard's thread, between two of its turns. `None` if the node has ended, or ends in it, or is in no
    /// test's hand ([`NodeBuilder::rehearsal`]).
    #[doc(hidden)]
    pub fn look<R: Send + 'static>(
        &self,
        look: impl FnOnce(&mut Shard, Now) -> R + Send + 'static,
    ) -> Option<R> {
        rehearsal::look(&self.door, look)
    }

    /// Waits until nothing is left to do: what arrived is handled, what waited for the store is durable and sent, and with
    /// `deliver` every event is delivered. Whether that came to be; not if the node has ended, or is in no test's hand
    /// ([`NodeBuilder::rehearsal`]).
    #[doc(hidden)]
    #[must_use]
    pub fn settle(&self, deliver: bool) -> bool {
        rehearsal::settle(&self.door, deliver)
    }

    /// A handle on it.
    #[must_use]
    pub fn manage(&self) -> Manage {
        self.manage.clone()
    }

    /// Waits until the node has ended.
    #[must_use]
    pub fn wait(mut self) -> Exit {
        self.join()
    }

    fn join(&mut self) -> Exit {
        let ended = self.shard.take().map(JoinHandle::join);
        // Its ends of the queues went with the shard; what drivers were told before is still carried out.
        drop(self.driving.take());
        drop(self.supervising.take());
        drop(self.accompanied.take());
        match ended {
            Some(Ok(exit)) => exit,
            Some(Err(_)) => {
                tracing::error!(code = "NOD-012", "the shard's thread ended in a panic");
                Exit::Panicked
            }
            None => Exit::Clean,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.shard.is_some() {
            self.stop();
            self.stop();
            self.join();
        }
    }
}
