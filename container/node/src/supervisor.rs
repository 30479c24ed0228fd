//! Beside the shard: signals, errands that are not the shard's, and the watchdog, on a thread with a small tokio runtime.

use crate::again;
use crate::clock::Clock;
use crate::control::{Order, Reply};
use crate::error::NodeError;
use crate::exit::Exit;
use crate::hangs::Hangs;
use crate::inbox::Door;
use crate::log;
use crate::manage::{Desk, Errand};
use crate::reload::Reloader;
use crate::resolver::Asked;
use crate::shard::Names;
use crate::systemd::Systemd;
use crate::tls::Watch;
use crate::watchdog::{Beat, Bounds, LOOKS, Pulse, Seen, Stuck};
use std::io::{self, Write};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use strowger_config::Dns;
use strowger_kernel::Delivering;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How long a signal is waited for that is on its way when the process is about to start again.
const TOLD: Duration = Duration::from_millis(20);

/// What the supervisor's thread is started with.
pub(crate) struct Supervisor {
    pub(crate) door: Door,
    pub(crate) beat: Beat,
    pub(crate) clock: Clock,
    pub(crate) names: Names,
    /// What the shard may take.
    pub(crate) bounds: Bounds,
    /// The node has the process to itself: signals are its own, and a hung shard starts it again.
    pub(crate) owns_process: bool,
    /// Where a hang with which the process starts again is noted.
    pub(crate) hangs: Hangs,
    pub(crate) seen: Seen,
    pub(crate) watch: Watch,
    /// Time between two looks at the files of certificates; zero for none.
    pub(crate) check_interval: Duration,
    pub(crate) reloader: Reloader,
    pub(crate) systemd: Systemd,
    pub(crate) desk: Desk,
}

/// The supervisor's thread.
#[derive(Debug)]
pub(crate) struct Supervising {
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Supervising {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the supervisor's thread panicked");
        }
    }
}

impl Supervisor {
    /// Takes the signals and starts the thread, which also asks name servers what is `asked`.
    pub(crate) fn spawn(self, asked: Asked, dns: Dns) -> Result<Supervising, NodeError> {
        let system = |what| move |source| NodeError::System { what, source };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(system("runtime"))?;
        let signals = {
            let _inside = runtime.enter();
            let signals = self.owns_process.then(Signals::take).transpose();
            signals.map_err(system("signals"))?
        };
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name("supervisor".into());
        let run = move || {
            // Ends with the runtime.
            runtime.spawn(asked.serve(dns, self.door.clone()));
            runtime.block_on(self.supervise(signals, ended));
        };
        let thread = thread.spawn(run).map_err(system("thread"))?;
        Ok(Supervising {
            end: Some(end),
            thread: Some(thread),
        })
    }

    async fn supervise(mut self, mut signals: Option<Signals>, mut ended: oneshot::Receiver<()>) {
        let mut watch = std::mem::take(&mut self.watch);
        let told = Arc::clone(&watch.told);
        let mut due = self.check();
        let mut look = self.interval();
        let mut slow = false;
        self.systemd.ready();
        loop {
            tokio::select! {
                _ = &mut ended => return,
                told_by = next(&mut signals) => match told_by {
                    Told::Stop => {
                        self.systemd.stopping();
                        if self.door.order(Order::Stop).is_err() {
                            tracing::error!("told to stop, and the shard does not listen");
                        }
                    }
                    Told::Look => {
                        tracing::info!("SIGHUP: looking at certificates and configuration");
                        told.notify_one();
                        // What is wrong with it has been logged, and is an alarm.
                        drop(self.reload(&mut watch).await);
                    }
                },
                Some((errand, reply)) = self.desk.errands.recv() => {
                    // Whoever asked may have gone; nothing is lost by it.
                    drop(reply.send(self.run(errand, &mut watch).await));
                }
                _ = look.tick() => {
                    slow = self.watch(slow, &mut signals).await;
                    if self.beat.is_stopping() {
                        self.systemd.stopping();
                    }
                    // A shard that does not work is not vouched for.
                    if !slow {
                        self.systemd.alive();
                    }
                }
                _ = due.tick() => watch.look(self.clock.seconds(), &self.door),
                () = told.notified() => watch.look(self.clock.seconds(), &self.door),
            }
        }
    }

    /// Reads the configuration again, while the service manager knows.
    async fn reload(&mut self, watch: &mut Watch) -> Reply {
        self.systemd.reloading();
        let reload = self.reloader.reload(&self.door, &self.desk.config, watch);
        let done = reload.await;
        self.systemd.ready();
        done
    }

    /// Does what is not the shard's.
    async fn run(&mut self, errand: Errand, watch: &mut Watch) -> Reply {
        match errand {
            Errand::Reload { check: false } => {
                watch.told.notify_one();
                self.reload(watch).await
            }
            Errand::Reload { check: true } => self.reloader.check(&self.door).await,
            Errand::Manage(what) => {
                let (door, told) = (&self.door, &self.desk.config);
                self.reloader.manage(what, door, told, watch).await
            }
            Errand::Configuration => self.reloader.configuration(),
            Errand::CertificateList => Reply::Certificates(watch.list()),
            Errand::Certificates => {
                watch.told.notify_one();
                Reply::Done
            }
        }
    }

    /// The service of a delivery, and its event type; dashes where none is made: then an adaptor runs, or a loop of ours.
    fn names_of(&self, delivery: Option<Delivering>) -> (&str, &str) {
        let Some(delivery) = delivery else {
            return ("-", "-");
        };
        let event = self.names.events.get(delivery.event);
        let service = self.names.service(delivery.service);
        (service, event.map_or("?", String::as_str))
    }

    fn interval(&self) -> Interval {
        let (least, most) = (Duration::from_millis(10), Duration::from_secs(1));
        let most = self
            .systemd
            .period()
            .map_or(most, |wanted| wanted.clamp(least, most));
        let mut period = self.bounds.turn / 4;
        if !self.bounds.cpu.is_zero() && self.owns_process {
            period = period.min(self.bounds.cpu / 5);
        }
        let period = period.clamp(least, most);
        let mut interval = interval(period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval
    }

    /// When certificates are looked at.
    fn check(&self) -> Interval {
        // Once, for certificates that have expired, and then never.
        let never = Duration::from_secs(100 * 365 * 86_400);
        let period = Some(self.check_interval).filter(|period| !period.is_zero());
        let mut interval = interval(period.unwrap_or(never));
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval
    }

    /// Has a delivery counted that does not return: one, however long it takes.
    fn count_hang(&mut self) {
        let now = self.clock.mono();
        self.seen.stuck = Stuck::look(&self.beat, now, self.seen.stuck);
        if let Some(stuck) = &mut self.seen.stuck
            && !stuck.told
            && stuck.is_to_blame()
            && stuck.seen_for(now) >= self.bounds.turn
        {
            // Heard when it returns, if it does.
            let hung = Order::Hung(stuck.delivery.service);
            stuck.told = self.door.order(hung).is_ok();
        }
    }

    /// The delivery that has taken too much processor time.
    fn looping(&self) -> Option<Delivering> {
        let stuck = self.seen.stuck.filter(|_| !self.bounds.cpu.is_zero())?;
        (stuck.used(&self.beat) >= self.bounds.cpu).then_some(stuck.delivery)
    }

    /// Starts the process again in its place, without the delivery that does not return.
    async fn start_again(&self, delivery: Delivering, signals: &mut Option<Signals>) -> ! {
        let (service, event) = self.names_of(Some(delivery));
        let cpu = self.seen.stuck.map(|stuck| stuck.used(&self.beat));
        tracing::error!(
            code = "NOD-013",
            time = ?self.beat.turn(self.clock.mono()),
            cpu = ?cpu.unwrap_or_default(),
            service,
            event,
            entity = delivery.entity.map(tracing::field::display),
            "a handler does not return: the process starts again without that delivery",
        );
        let now = self.clock.seconds();
        if !self.hangs.note(now, service, delivery.entity, event) {
            // Whoever starts it again shall see that, and take time for it.
            end_hung();
        }
        let told = tokio::time::timeout(TOLD, stopped(signals)).await;
        if told.is_ok() || self.systemd.is_stopping() || self.beat.is_stopping() {
            end_hung();
        }
        self.systemd.starting_again();
        log::end();
        let error = again::start_again();
        // The log has ended.
        let _ = writeln!(io::stderr(), "the process cannot start again: {error}");
        end_hung()
    }

    /// Looks at the shard; whether it is slow.
    async fn watch(&mut self, was_slow: bool, signals: &mut Option<Signals>) -> bool {
        self.count_hang();
        if let Some(delivery) = self.looping().filter(|_| self.owns_process) {
            self.start_again(delivery, signals).await;
        }
        let pulse = self.beat.pulse(self.clock.mono(), self.bounds.turn);
        self.seen.hung = match pulse {
            Pulse::Hung(_) => self.seen.hung.saturating_add(1),
            Pulse::Sound | Pulse::Slow(_) => 0,
        };
        match pulse {
            Pulse::Sound => {
                if was_slow {
                    // Told once the shard works again: the alarm's end, and that there was one.
                    let text = "a turn of the shard took longer than `limits.delivery_time_max`";
                    for raised in [true, false] {
                        self.door.alarm("shard".into(), "slow_turn", raised, text);
                    }
                }
                false
            }
            Pulse::Slow(time) => {
                if !was_slow {
                    let delivery = self.beat.probe.delivering();
                    let (service, event) = self.names_of(delivery);
                    tracing::error!(
                        code = "NOD-013",
                        ?time,
                        service,
                        event,
                        "a turn of the shard does not end",
                    );
                }
                true
            }
            Pulse::Hung(time) if self.owns_process && self.seen.hung >= LOOKS => {
                if let Some(stuck) = self.seen.stuck.filter(Stuck::is_to_blame) {
                    self.start_again(stuck.delivery, signals).await;
                }
                tracing::error!(
                    code = "NOD-013",
                    ?time,
                    exit = Exit::Hung.code(),
                    "a turn of the shard does not end: the process does",
                );
                end_hung()
            }
            Pulse::Hung(_) => true,
        }
    }
}

fn end_hung() -> ! {
    log::end();
    std::process::exit(Exit::Hung.code().into())
}

/// Waits until a signal says so.
async fn stopped(signals: &mut Option<Signals>) {
    while !matches!(next(signals).await, Told::Stop) {}
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn take() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

/// What a signal says.
enum Told {
    /// SIGTERM, SIGINT.
    Stop,
    /// SIGHUP: look at the files.
    Look,
}

/// Waits for a signal; for ever if signals are not ours.
async fn next(signals: &mut Option<Signals>) -> Told {
    let Some(signals) = signals else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = signals.terminate.recv() => Told::Stop,
        _ = signals.interrupt.recv() => Told::Stop,
        _ = signals.hangup.recv() => Told::Look,
    }
}
