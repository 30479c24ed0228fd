//! What a service manager is told of the process: the protocol of sd_notify(3), which systemd's units of `Type=notify` speak.
//!
//! One datagram for each change, to the socket that the environment names; without one nobody is told anything. A manager
//! that does not read is not waited for: what it was told last is what it knows.

use nix::time::{ClockId, clock_gettime};
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

/// What a start in place of the process may take: as long as any start does by our unit.
const START: Duration = Duration::from_secs(600);

/// The service manager that started the process, if any.
#[derive(Debug, Default)]
pub(crate) struct Systemd {
    to: Option<(UnixDatagram, SocketAddr)>,
    /// How often at least it wants to hear of the process.
    watchdog: Option<Duration>,
    /// When it heard last that the process works.
    alive: Option<Instant>,
    stopping: bool,
}

impl Systemd {
    /// The one that `NOTIFY_SOCKET` and `WATCHDOG_USEC` speak of.
    pub(crate) fn of_process() -> Self {
        let Some(name) = std::env::var_os("NOTIFY_SOCKET") else {
            return Self::default();
        };
        let to = match connect(&name) {
            Ok(to) => Some(to),
            Err(error) => {
                tracing::warn!(%error, ?name, "NOTIFY_SOCKET cannot be used: the service manager is told nothing");
                None
            }
        };
        let number = |variable| std::env::var_os(variable)?.to_str()?.parse::<u64>().ok();
        let own = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let period = number("WATCHDOG_USEC").filter(|period| own && *period > 0);
        Self {
            to,
            watchdog: period.map(Duration::from_micros),
            alive: None,
            stopping: false,
        }
    }

    /// How often [`alive`](Self::alive) is to be said, where somebody wants to hear it: twice in its period.
    pub(crate) fn period(&self) -> Option<Duration> {
        self.to.as_ref()?;
        self.watchdog.map(|period| period / 2)
    }

    /// The node serves. Not said of one that drains.
    pub(crate) fn ready(&self) {
        if self.stopping {
            return;
        }
        // A start in place of the process had more time.
        let period = self.watchdog.map_or_else(String::new, |period| {
            format!("WATCHDOG_USEC={}\n", period.as_micros())
        });
        self.tell(&format!("READY=1\nSTATUS=serving\n{period}"));
    }

    /// Its configuration is read again; [`ready`](Self::ready) says that this is over.
    pub(crate) fn reloading(&self) {
        if self.stopping {
            return;
        }
        let micros = clock_gettime(ClockId::CLOCK_MONOTONIC)
            .map_or(0, |now| Duration::from(now).as_micros());
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}\n"));
    }

    /// The process starts again in its place; [`ready`](Self::ready) says that it serves.
    pub(crate) fn starting_again(&self) {
        // To the manager it is up already, and only the watchdog's time is a limit: what reading a large store may take.
        let time = self.watchdog.map_or_else(String::new, |_| {
            format!("WATCHDOG_USEC={}\nWATCHDOG=1\n", START.as_micros())
        });
        self.tell(&format!(
            "STATUS=starting again: a handler did not return\n{time}"
        ));
    }

    /// It drains; said once.
    pub(crate) fn stopping(&mut self) {
        if !std::mem::replace(&mut self.stopping, true) {
            self.tell("STOPPING=1\nSTATUS=finishing what is there\n");
        }
    }

    /// Whether it drains, or was told to.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// It works; said once in a [`period`](Self::period), however often it is called.
    pub(crate) fn alive(&mut self) {
        let Some(period) = self.watchdog.map(|period| period / 2) else {
            return;
        };
        if self.alive.is_none_or(|said| said.elapsed() >= period) {
            self.alive = Some(Instant::now());
            self.tell("WATCHDOG=1\n");
        }
    }

    fn tell(&self, what: &str) {
        let Some((socket, to)) = &self.to else {
            return;
        };
        if let Err(error) = socket.send_to_addr(what.as_bytes(), to) {
            tracing::debug!(%error, what, "the service manager was not told");
        }
    }
}

/// A path, or `@` and a name of the abstract namespace.
fn connect(name: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.as_bytes() {
        [b'@', abstract_name @ ..] => SocketAddr::from_abstract_name(abstract_name)?,
        _ => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told_to(name: &OsStr, watchdog: Option<Duration>) -> Systemd {
        Systemd {
            to: Some(connect(name).unwrap()),
            watchdog,
            alive: None,
            stopping: false,
        }
    }

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 500];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[test]
    fn each_change_is_one_datagram() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let mut systemd = told_to(path.as_os_str(), Some(Duration::from_secs(60)));
        assert_eq!(systemd.period(), Some(Duration::from_secs(30)));
        systemd.ready();
        assert!(heard(&socket).starts_with("READY=1\n"));
        systemd.reloading();
        assert!(heard(&socket).starts_with("RELOADING=1\nMONOTONIC_USEC="));
        for _ in 0..3 {
            systemd.alive();
        }
        assert_eq!(heard(&socket), "WATCHDOG=1\n");
        systemd.starting_again();
        assert!(heard(&socket).ends_with("WATCHDOG_USEC=600000000\nWATCHDOG=1\n"));
        systemd.ready();
        assert!(heard(&socket).ends_with("WATCHDOG_USEC=60000000\n"));
        systemd.stopping();
        systemd.stopping();
        // It does not come back from that.
        systemd.reloading();
        systemd.ready();
        assert!(heard(&socket).starts_with("STOPPING=1\n"));
        socket.set_nonblocking(true).unwrap();
        assert!(socket.recv(&mut [0; 9]).is_err(), "said once");
    }

    #[test]
    fn abstract_names_and_managers_that_are_gone_are_borne() {
        let name = format!("@strowger-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name[1..]).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        let mut systemd = told_to(OsStr::new(&name), None);
        assert_eq!(systemd.period(), None);
        systemd.alive();
        systemd.ready();
        assert!(
            heard(&socket).starts_with("READY=1\n"),
            "no watchdog is wanted"
        );
        drop(socket);
        systemd.ready();
        Systemd::default().ready();
    }
}
