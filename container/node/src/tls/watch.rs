//! Certificates that change while the node serves: files are read again, and the shard is given what came of it.
//!
//! Contents are compared, not times: a file that was replaced within the clock's grain, or behind a symbolic link, is
//! seen too. A bad file changes nothing but an alarm.

use super::{Credentials, Files, TlsError, credentials};
use crate::inbox::Door;
use crate::net::Socket;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use strowger::ra::Tls;
use tokio::sync::Notify;

/// A listener whose files are watched.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) at: Socket,
    /// For people: `ADAPTOR.LISTENER`.
    pub(crate) name: String,
    pub(crate) tls: Tls,
    /// As they were when they were last taken.
    pub(crate) files: Files,
    pub(crate) valid_until: u64,
    /// What was last wrong with them.
    pub(crate) trouble: Option<String>,
}

/// What a listener's next handshakes are done with.
#[derive(Debug)]
pub(crate) struct Renewed {
    pub(crate) at: Socket,
    pub(crate) credentials: Box<Credentials>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    pub(crate) listeners: Vec<Watched>,
    /// Certificates that end within this are told.
    pub(crate) warning: Duration,
    /// Told when the files are to be looked at at once.
    pub(crate) told: Arc<Notify>,
}

/// Alarms of a listener's certificates.
const UNREADABLE: &str = "certificate_unreadable";
const EXPIRED: &str = "certificate_expired";
const EXPIRES: &str = "certificate_expires_soon";

impl Watch {
    /// Looks at all files; `now` is seconds since 1970.
    pub(crate) fn look(&mut self, now: u64, door: &Door) {
        for listener in &mut self.listeners {
            listener.look(door);
            listener.tell_end(now, self.warning, door);
        }
    }
}

impl Watched {
    fn look(&mut self, door: &Door) {
        match self.load() {
            Ok(None) => self.mend(door),
            Ok(Some((files, credentials))) => {
                let valid_until = credentials.valid_until;
                let renewed = Renewed {
                    at: self.at,
                    credentials: Box::new(credentials),
                };
                // Not taken: the shard is busy, and the next look finds the difference again.
                if door.renew(renewed).is_ok() {
                    tracing::info!(listener = self.name, "new certificates are used");
                    self.files = files;
                    self.valid_until = valid_until;
                    self.mend(door);
                }
            }
            Err(error) => self.blame(&error, door),
        }
    }

    /// What has changed, if anything has.
    fn load(&self) -> Result<Option<(Files, Credentials)>, TlsError> {
        let files = Files::read(&self.tls)?;
        if files == self.files {
            return Ok(None);
        }
        let credentials = credentials(&self.tls, &files)?;
        Ok(Some((files, credentials)))
    }

    fn blame(&mut self, error: &TlsError, door: &Door) {
        let cause = error.source().map(|cause| format!(": {cause}"));
        let text = format!("{error}{}", cause.unwrap_or_default());
        if self.trouble.as_ref() != Some(&text) {
            tracing::warn!(
                listener = self.name,
                error = text,
                code = "NOD-014",
                "new certificates cannot be used: those before are kept",
            );
            self.alarm(door, UNREADABLE, true, &text);
            self.trouble = Some(text);
        }
    }

    fn mend(&mut self, door: &Door) {
        if self.trouble.take().is_some() {
            self.alarm(door, UNREADABLE, false, "the certificates can be read");
        }
    }

    fn tell_end(&self, now: u64, warning: Duration, door: &Door) {
        let over = self.valid_until <= now;
        let soon = !over && self.valid_until <= now.saturating_add(warning.as_secs());
        let text = format!(
            "the certificate {} has expired: peers refuse it",
            self.tls.certificate.display()
        );
        self.alarm(door, EXPIRED, over, &text);
        let days = self.valid_until.saturating_sub(now) / 86_400;
        let text = format!(
            "the certificate {} expires in {days} days",
            self.tls.certificate.display()
        );
        self.alarm(door, EXPIRES, soon, &text);
    }

    fn alarm(&self, door: &Door, name: &'static str, raised: bool, text: &str) {
        let source = format!("listener {}", self.name);
        door.alarm(source, name, raised, text);
    }
}
