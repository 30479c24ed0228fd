//! Looks at the shard all the time, whatever else the supervisor does, and hears signals meanwhile.

use crate::again;
use crate::clock::Clock;
use crate::control::Order;
use crate::exit::Exit;
use crate::hangs::Hangs;
use crate::inbox::Door;
use crate::log;
use crate::shard::Names;
use crate::systemd::Systemd;
use crate::watchdog::{Beat, Bounds, LOOKS, Pulse, Seen, Stuck};
use std::io::{self, Write};
use std::pin::pin;
use std::time::Duration;
use strowger_kernel::Delivering;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How long a signal is waited for that is on its way when the process is about to start again.
const TOLD: Duration = Duration::from_millis(20);
/// How much later is looked again where nothing was being delivered: each look wakes a thread.
const CALM: u32 = 2;
/// The least and the most between two looks.
const LEAST: Duration = Duration::from_millis(10);
const MOST: Duration = Duration::from_secs(1);

/// What the supervisor knows of the shard, of the process and of who may end it.
pub(crate) struct Guard {
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
    pub(crate) systemd: Systemd,
}

/// A guard that looks.
pub(crate) struct Looking {
    guard: Guard,
    signals: Option<Signals>,
    look: Interval,
    /// Until the next look where all is calm.
    calm: Duration,
    seen: Seen,
    slow: bool,
    /// SIGHUP came.
    hung_up: bool,
    /// The shard is to be told to stop.
    stop_due: bool,
}

/// Something that the guard has to do with.
pub(crate) enum Happened {
    Told(Told),
    /// It is time to look.
    Time,
}

impl Guard {
    /// Takes the signals and begins to look. To be called within a runtime.
    pub(crate) fn begin(self) -> io::Result<Looking> {
        let signals = self.owns_process.then(Signals::take).transpose()?;
        let most = self.systemd.period();
        let most = most.map_or(MOST, |wanted| wanted.clamp(LEAST, MOST));
        let period = self.period().clamp(LEAST, most);
        let mut look = interval(period);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Looking {
            look,
            calm: (period * CALM).min(most),
            signals,
            guard: self,
            seen: Seen::default(),
            slow: false,
            hung_up: false,
            stop_due: false,
        })
    }

    /// How often is looked while something is being delivered.
    fn period(&self) -> Duration {
        let period = self.bounds.turn / 4;
        if self.bounds.cpu.is_zero() || !self.owns_process {
            return period;
        }
        period.min(self.bounds.cpu / 5)
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
}

impl Looking {
    /// The next thing that happens. Nothing is lost if it is not waited for.
    pub(crate) async fn happens(&mut self) -> Happened {
        tokio::select! {
            told = next(&mut self.signals) => Happened::Told(told),
            _ = self.look.tick() => Happened::Time,
        }
    }

    pub(crate) async fn handle(&mut self, happened: Happened) {
        match happened {
            Happened::Told(Told::Stop) => self.stop(),
            Happened::Told(Told::Look) => self.hung_up = true,
            Happened::Time => {
                if self.stop_due {
                    self.stop();
                }
                self.slow = self.watch(self.slow).await;
                if self.guard.beat.is_stopping() {
                    self.guard.systemd.stopping();
                }
                // A shard that does not work is not vouched for.
                if !self.slow {
                    self.guard.systemd.alive();
                    if self.seen.stuck.is_none() && !self.stop_due {
                        self.look.reset_after(self.calm);
                    }
                }
            }
        }
    }

    /// Tells the shard to stop; one that cannot be told is told again.
    fn stop(&mut self) {
        self.guard.systemd.stopping();
        let told = self.guard.door.order(Order::Stop).is_ok();
        if !told && !self.stop_due {
            tracing::error!("told to stop, and the shard does not listen");
        }
        self.stop_due = !told;
    }

    /// Does `work`, which may wait for the shard, and guards it meanwhile.
    pub(crate) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                happened = self.happens() => self.handle(happened).await,
            }
        }
    }

    /// Whether SIGHUP came since this was asked last.
    pub(crate) fn was_hung_up(&mut self) -> bool {
        std::mem::take(&mut self.hung_up)
    }

    /// What the service manager is told.
    pub(crate) fn systemd(&self) -> &Systemd {
        &self.guard.systemd
    }

    /// Has a delivery counted that does not return: one, however long it takes.
    fn count_hang(&mut self) {
        let now = self.guard.clock.mono();
        self.seen.stuck = Stuck::look(&self.guard.beat, now, self.seen.stuck);
        if let Some(stuck) = &mut self.seen.stuck
            && !stuck.told
            && stuck.is_to_blame()
            && stuck.seen_for(now) >= self.guard.bounds.turn
        {
            // Heard when it returns, if it does.
            let hung = Order::Hung(stuck.delivery.service);
            stuck.told = self.guard.door.order(hung).is_ok();
        }
    }

    /// The delivery that has taken too much processor time.
    fn looping(&self) -> Option<Delivering> {
        let stuck = self
            .seen
            .stuck
            .filter(|_| !self.guard.bounds.cpu.is_zero())?;
        (stuck.used(&self.guard.beat) >= self.guard.bounds.cpu).then_some(stuck.delivery)
    }

    /// Starts the process again in its place, without the delivery that does not return.
    async fn start_again(&mut self, delivery: Delivering) -> ! {
        let (service, event) = self.guard.names_of(Some(delivery));
        let cpu = self.seen.stuck.map(|stuck| stuck.used(&self.guard.beat));
        tracing::error!(
            code = "NOD-013",
            time = ?self.guard.beat.turn(self.guard.clock.mono()),
            cpu = ?cpu.unwrap_or_default(),
            service,
            event,
            entity = delivery.entity.map(tracing::field::display),
            "a handler does not return: the process starts again without that delivery",
        );
        let now = self.guard.clock.seconds();
        if !self.guard.hangs.note(now, service, delivery.entity, event) {
            // Whoever starts it again shall see that, and take time for it.
            end_hung();
        }
        let told = tokio::time::timeout(TOLD, stopped(&mut self.signals)).await;
        if told.is_ok() || self.guard.systemd.is_stopping() || self.guard.beat.is_stopping() {
            end_hung();
        }
        self.guard.systemd.starting_again();
        log::end();
        let error = again::start_again();
        // The log has ended.
        let _ = writeln!(io::stderr(), "the process cannot start again: {error}");
        end_hung()
    }

    /// Looks at the shard; whether it is slow.
    async fn watch(&mut self, was_slow: bool) -> bool {
        self.count_hang();
        if let Some(delivery) = self.looping().filter(|_| self.guard.owns_process) {
            self.start_again(delivery).await;
        }
        let pulse = self
            .guard
            .beat
            .pulse(self.guard.clock.mono(), self.guard.bounds.turn);
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
                        self.guard
                            .door
                            .alarm("shard".into(), "slow_turn", raised, text);
                    }
                }
                false
            }
            Pulse::Slow(time) => {
                if !was_slow {
                    let delivery = self.guard.beat.probe.delivering();
                    let (service, event) = self.guard.names_of(delivery);
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
            Pulse::Hung(time) if self.guard.owns_process && self.seen.hung >= LOOKS => {
                if let Some(stuck) = self.seen.stuck.filter(Stuck::is_to_blame) {
                    self.start_again(stuck.delivery).await;
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
pub(crate) enum Told {
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
