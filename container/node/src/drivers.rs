//! Drivers of adaptors: the shard's ends of their queues, and the runtime that they live on.
//!
//! A shard gives messages away without waiting and takes them in bounded portions, as it does with its sockets. What it has
//! told a driver was durable before; when it ends, its ends of the queues end with it, and nothing that a driver says is
//! heard any more.

use crate::error::NodeError;
use crate::inbox::Door;
use crate::net::{Arrived, Sink};
use crate::overload::Backlog;
use crate::plan::{PlannedAdaptor, PlannedDriver};
use crate::status::Level;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use strowger::id::RaIx;
use strowger::ra::Message;
use strowger::time::Mono;
use strowger_driver::{Bell, DriverDef, Meters, Phase, Seat, StartError};
use strowger_kernel::NetInput;
use tokio::sync::{mpsc, watch};

/// Threads of the runtime at most.
const THREADS: usize = 4;
/// How long tasks that do not end are waited for at the very end.
const LAST: Duration = Duration::from_secs(1);

/// The shard's ends.
#[derive(Default)]
pub(crate) struct Drivers {
    all: Vec<Held>,
    /// Whose turn it is to be heard first.
    next: usize,
}

struct Held {
    ra: RaIx,
    down: mpsc::Sender<Message>,
    up: mpsc::Receiver<Message>,
    settings: watch::Sender<Arc<dyn Any + Send + Sync>>,
    phase: watch::Sender<Phase>,
    meters: Arc<Meters>,
    /// Since when there was always something that was not heard.
    unheard: Option<Mono>,
    backlog: Backlog,
}

/// A driver that is to be started in its seat.
#[derive(Debug)]
pub(crate) struct Seated {
    def: DriverDef,
    seat: Seat,
    started: Receiver<Result<(), StartError>>,
}

/// What a driver's listeners and connections need, once it is open.
pub(crate) struct Gear {
    pub(crate) listeners: Vec<strowger_driver::Open>,
    pub(crate) client: Option<watch::Receiver<Arc<rustls::ClientConfig>>>,
}

impl std::fmt::Debug for Drivers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = self.all.iter().map(|held| held.ra);
        f.debug_set().entries(all).finish()
    }
}

impl Drivers {
    /// Makes the seat of one more driver.
    pub(crate) fn seat(
        &mut self,
        ra: RaIx,
        adaptor: &PlannedAdaptor,
        driver: &PlannedDriver,
        gear: Gear,
        door: Door,
    ) -> Seated {
        let (down, told) = mpsc::channel(driver.needs.down.max(1));
        let (said, up) = mpsc::channel(driver.needs.up.max(1));
        let settings = watch::Sender::new(Arc::clone(&adaptor.settings.0));
        let phase = watch::Sender::new(Phase::Serving);
        let meters = Arc::new(Meters::default());
        let (start, started) = sync_channel(1);
        let source = format!("adaptor {}", adaptor.name);
        let seat = Seat {
            entity: adaptor.name.as_str().into(),
            settings: settings.subscribe(),
            phase: phase.subscribe(),
            down: told,
            up: said,
            bell: Arc::new(DoorBell { door, source }),
            meters: Arc::clone(&meters),
            listeners: gear.listeners,
            client: gear.client,
            // The other end waits for exactly this.
            started: Box::new(move |outcome| drop(start.send(outcome))),
        };
        self.all.push(Held {
            ra,
            down,
            up,
            settings,
            phase,
            meters,
            unheard: None,
            backlog: Backlog::default(),
        });
        Seated {
            def: driver.def.clone(),
            seat,
            started,
        }
    }

    /// Hands over what drivers have said, at most so many messages, taking turns. What was not there the last time has come
    /// no earlier than `since`.
    pub(crate) fn gather(&mut self, since: Mono, budget: usize, sink: &mut dyn Sink) {
        let mut left = budget;
        for _ in 0..self.all.len() {
            let n = self.next % self.all.len();
            self.next = n + 1;
            let Some(held) = self.all.get_mut(n) else {
                return;
            };
            if held.up.is_empty() {
                held.unheard = None;
                held.backlog.emptied();
                sink.nothing(held.ra);
                continue;
            }
            let since = held.unheard.take().unwrap_or(since);
            if left > 0 {
                sink.arrived(held.ra, &mut held.backlog, Arrived::Seen(since));
            }
            while left > 0 {
                let Ok(message) = held.up.try_recv() else {
                    break;
                };
                left -= 1;
                sink.input(held.ra, NetInput::Heard(message));
            }
            if held.up.is_empty() {
                held.backlog.emptied();
            } else {
                held.unheard = Some(since);
            }
        }
    }

    /// Whether there is something that was not heard.
    pub(crate) fn has_unheard(&self) -> bool {
        self.all.iter().any(|held| !held.up.is_empty())
    }

    /// Tells a driver something; back if it takes no more, or is gone.
    pub(crate) fn tell(&self, ra: RaIx, message: Message) -> Result<(), Message> {
        match self.held(ra) {
            Some(held) => {
                let told = held.down.try_send(message);
                told.map_err(|refused| refused.into_inner())
            }
            None => Err(message),
        }
    }

    /// Settings of an adaptor entity have changed.
    pub(crate) fn configure(&self, ra: RaIx, settings: &Arc<dyn Any + Send + Sync>) {
        if let Some(held) = self.held(ra) {
            held.settings.send_replace(Arc::clone(settings));
        }
    }

    /// Nothing new is taken from here on.
    pub(crate) fn drain(&self) {
        for held in &self.all {
            held.phase.send_replace(Phase::Draining);
        }
    }

    /// What the driver of an adaptor entity counts, if it has one, and the names of what rises and falls.
    pub(crate) fn meters(&self, ra: RaIx) -> (BTreeMap<String, u64>, Vec<String>) {
        let held = self.held(ra);
        held.map(|held| (held.meters.read(), held.meters.levels()))
            .unwrap_or_default()
    }

    /// How full their queues are, by adaptor entity.
    pub(crate) fn queues(&self) -> impl Iterator<Item = (RaIx, [Level; 2])> {
        self.all.iter().map(|held| {
            let (down, up) = (&held.down, &held.up);
            let waiting = down.max_capacity() - down.capacity();
            let to = Level::new("to_driver", waiting, down.max_capacity());
            let from = Level::new("from_driver", up.len(), up.max_capacity());
            (held.ra, [to, from])
        })
    }

    fn held(&self, ra: RaIx) -> Option<&Held> {
        self.all.iter().find(|held| held.ra == ra)
    }
}

/// Wakes the shard for a driver.
struct DoorBell {
    door: Door,
    source: String,
}

impl Bell for DoorBell {
    fn ring(&self) {
        self.door.ring();
    }
    fn alarm(&self, name: &'static str, raised: bool, text: &str) {
        self.door.alarm(self.source.clone(), name, raised, text);
    }
}

/// The runtime of drivers, on threads of its own. Dropping it waits for their end, which the end of the shard begins.
#[derive(Debug)]
pub(crate) struct Driving {
    thread: Option<JoinHandle<()>>,
}

impl Driving {
    /// Starts all drivers, if there are any, and waits until they serve.
    pub(crate) fn start(seats: Vec<Seated>) -> Result<Option<Self>, NodeError> {
        if seats.is_empty() {
            return Ok(None);
        }
        let system = |what| move |source| NodeError::System { what, source };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads.min(THREADS))
            .thread_name("drivers")
            .enable_all()
            .build()
            .map_err(system("runtime"))?;
        let (mut tasks, mut starts) = (Vec::new(), Vec::new());
        for Seated { def, seat, started } in seats {
            let (entity, bell) = (Arc::clone(&seat.entity), Arc::clone(&seat.bell));
            starts.push((Arc::clone(&entity), started));
            let life = runtime.spawn(def.serve(seat));
            tasks.push(runtime.spawn(async move {
                if let Err(error) = life.await {
                    tracing::error!(adaptor = %entity, %error, "the driver has ended");
                    let text = "the driver has ended: the adaptor has no way in or out";
                    bell.alarm("driver_ended", true, text);
                }
            }));
        }
        let run = move || {
            runtime.block_on(async {
                for task in tasks {
                    // What went wrong in it was told above.
                    drop(task.await);
                }
            });
            runtime.shutdown_timeout(LAST);
        };
        let thread = std::thread::Builder::new().name("drivers".into());
        let thread = thread.spawn(run).map_err(system("thread"))?;
        for (entity, started) in starts {
            let failed = |source| NodeError::Driver {
                adaptor: entity.to_string(),
                source,
            };
            // Where one fails the shard is ended by whoever hears of it, and the others end with that.
            started
                .recv()
                .map_err(|_| NodeError::Panicked)?
                .map_err(failed)?;
        }
        Ok(Some(Self {
            thread: Some(thread),
        }))
    }
}

impl Drop for Driving {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the drivers' thread panicked");
        }
    }
}
