//! Beside the shard: errands that are not the shard's, and the guard that looks at the shard meanwhile, on a thread with a small tokio
//! runtime.

use crate::clock::Clock;
use crate::control::Reply;
use crate::error::NodeError;
use crate::guard::{Guard, Looking};
use crate::inbox::Door;
use crate::manage::{Desk, Errand};
use crate::reload::Reloader;
use crate::resolver::Asked;
use crate::tls::Watch;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use strowger_config::Dns;
use tokio::sync::oneshot;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// What the supervisor's thread is started with.
pub(crate) struct Supervisor {
    guard: Guard,
    check_interval: Duration,
    work: Work,
}

/// What is not the shard's, and is done on request.
pub(crate) struct Work {
    pub(crate) door: Door,
    pub(crate) clock: Clock,
    pub(crate) watch: Watch,
    pub(crate) reloader: Reloader,
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
    /// `check_interval` is the time between two looks at the files of certificates; zero for none.
    pub(crate) fn new(guard: Guard, check_interval: Duration, work: Work) -> Self {
        Self {
            guard,
            check_interval,
            work,
        }
    }

    /// Takes the signals and starts the thread, which also asks name servers what is `asked`.
    pub(crate) fn spawn(self, asked: Asked, dns: Dns) -> Result<Supervising, NodeError> {
        let system = |what| move |source| NodeError::System { what, source };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(system("runtime"))?;
        let guard = {
            let _inside = runtime.enter();
            self.guard.begin().map_err(system("signals"))?
        };
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name("supervisor".into());
        let run = move || {
            // Ends with the runtime.
            runtime.spawn(asked.serve(dns, self.work.door.clone()));
            runtime.block_on(supervise(self.work, guard, self.check_interval, ended));
        };
        let thread = thread.spawn(run).map_err(system("thread"))?;
        Ok(Supervising {
            end: Some(end),
            thread: Some(thread),
        })
    }
}

async fn supervise(
    mut work: Work,
    mut guard: Looking,
    check_interval: Duration,
    mut ended: oneshot::Receiver<()>,
) {
    let told = Arc::clone(&work.watch.told);
    let mut due = checks(check_interval);
    guard.systemd().ready();
    loop {
        if guard.was_hung_up() {
            tracing::info!("SIGHUP: looking at certificates and configuration");
            told.notify_one();
            // What is wrong with it has been logged, and is an alarm.
            drop(work.reload(&mut guard).await);
        }
        tokio::select! {
            _ = &mut ended => return,
            happened = guard.happens() => guard.handle(happened).await,
            Some((errand, reply)) = work.desk.errands.recv() => {
                // Whoever asked may have gone; nothing is lost by it.
                drop(reply.send(work.run(errand, &mut guard).await));
            }
            _ = due.tick() => work.look_at_certificates(),
            () = told.notified() => work.look_at_certificates(),
        }
    }
}

impl Work {
    /// Reads the configuration again, while the service manager knows.
    async fn reload(&mut self, guard: &mut Looking) -> Reply {
        guard.systemd().reloading();
        let (door, told) = (&self.door, &self.desk.config);
        let reload = self.reloader.reload(door, told, &mut self.watch);
        let done = guard.beside(reload).await;
        guard.systemd().ready();
        done
    }

    /// Does an errand, some of which wait for the shard.
    async fn run(&mut self, errand: Errand, guard: &mut Looking) -> Reply {
        match errand {
            Errand::Reload { check: false } => {
                self.watch.told.notify_one();
                self.reload(guard).await
            }
            Errand::Reload { check: true } => guard.beside(self.reloader.check(&self.door)).await,
            Errand::Manage(what) => {
                let (door, told) = (&self.door, &self.desk.config);
                let done = self.reloader.manage(what, door, told, &mut self.watch);
                guard.beside(done).await
            }
            Errand::Configuration => self.reloader.configuration(),
            Errand::CertificateList => Reply::Certificates(self.watch.list()),
            Errand::Certificates => {
                self.watch.told.notify_one();
                Reply::Done
            }
        }
    }

    fn look_at_certificates(&mut self) {
        self.watch.look(self.clock.seconds(), &self.door);
    }
}

/// When certificates are looked at.
fn checks(every: Duration) -> Interval {
    // Once, for certificates that have expired, and then never.
    let never = Duration::from_secs(100 * 365 * 86_400);
    let period = Some(every).filter(|period| !period.is_zero());
    let mut interval = interval(period.unwrap_or(never));
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
