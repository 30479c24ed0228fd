//! Certificates that change while the node serves: files are read again, and the shard is given what came of it.
//!
//! Contents are compared, not times: a file that was replaced within the clock's grain, or behind a symbolic link, is
//! seen too. A bad file changes nothing but an alarm.

use super::{Credentials, Files, TlsError, client_credentials, credentials};
use crate::inbox::Door;
use crate::listed::CertificateEntry;
use rustls::ClientConfig;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use strowger::ra::{ClientTls, ListenerIx, Tls};
use strowger_driver::ServerTls;
use tokio::sync::{Notify, watch};

/// Certificates whose files are watched.
#[derive(Debug)]
pub(crate) struct Watched {
    /// For people: `ADAPTOR.LISTENER`, or `ADAPTOR.client`.
    pub(crate) name: String,
    /// Who uses them.
    pub(crate) used: Use,
    /// As they were when they were last taken.
    pub(crate) files: Files,
    pub(crate) valid_until: u64,
    /// What was last wrong with them.
    pub(crate) trouble: Option<String>,
}

/// Who does handshakes with what files say.
#[derive(Debug)]
pub(crate) enum Use {
    /// The shard, at a listener of its own.
    Shard {
        adaptor: String,
        listener: ListenerIx,
        tls: Tls,
    },
    /// A driver, at a listener.
    Driver {
        tls: Tls,
        to: watch::Sender<ServerTls>,
    },
    /// A driver, for connections that it opens.
    Client {
        tls: ClientTls,
        to: watch::Sender<Arc<ClientConfig>>,
    },
}

impl Use {
    /// The certificate that is shown, if one is.
    fn certificate(&self) -> Option<&Path> {
        match self {
            Self::Shard { tls, .. } | Self::Driver { tls, .. } => Some(&tls.certificate),
            Self::Client { tls, .. } => tls.certificate.as_deref(),
        }
    }
}

/// What a listener's next handshakes are done with.
#[derive(Debug)]
pub(crate) struct Renewed {
    /// The adaptor entity.
    pub(crate) adaptor: String,
    pub(crate) listener: ListenerIx,
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
    /// What is used, as operators see it.
    pub(crate) fn list(&self) -> Vec<CertificateEntry> {
        let entry = |watched: &Watched| CertificateEntry {
            listener: watched.name.clone(),
            file: watched
                .used
                .certificate()
                .map(|path| path.display().to_string()),
            valid_until: Some(watched.valid_until).filter(|until| *until != u64::MAX),
            trouble: watched.trouble.clone(),
        };
        self.listeners.iter().map(entry).collect()
    }

    /// An adaptor entity has these listeners over TLS from here on, and none of those that it had.
    pub(crate) fn replace(&mut self, adaptor: &str, watched: Vec<Watched>) {
        let of = |watched: &Watched| matches!(&watched.used, Use::Shard { adaptor: of, .. } if of == adaptor);
        self.listeners.retain(|watched| !of(watched));
        self.listeners.extend(watched);
    }

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
        match self.renew(door) {
            Ok(false) => {}
            Ok(true) => self.mend(door),
            Err(error) => self.blame(&error, door),
        }
    }

    /// Puts into effect what has changed, if anything has; whether what is in effect is what the files say.
    fn renew(&mut self, door: &Door) -> Result<bool, TlsError> {
        let files = match &self.used {
            Use::Shard { tls, .. } | Use::Driver { tls, .. } => Files::read(tls)?,
            Use::Client { tls, .. } => Files::read_client(tls)?,
        };
        if files == self.files {
            return Ok(true);
        }
        let valid_until = match &self.used {
            Use::Shard {
                adaptor,
                listener,
                tls,
            } => {
                let credentials = Box::new(credentials(tls, &files)?);
                let valid_until = credentials.valid_until;
                let renewed = Renewed {
                    adaptor: adaptor.clone(),
                    listener: *listener,
                    credentials,
                };
                // Not taken: the shard is busy, and the next look finds the difference again.
                if door.renew(renewed).is_err() {
                    return Ok(false);
                }
                valid_until
            }
            Use::Driver { tls, to } => {
                let credentials = credentials(tls, &files)?;
                to.send_replace(credentials.for_driver());
                credentials.valid_until
            }
            Use::Client { tls, to } => {
                let credentials = client_credentials(tls, &files)?;
                to.send_replace(credentials.client);
                credentials.valid_until
            }
        };
        tracing::info!(listener = self.name, "new certificates are used");
        self.files = files;
        self.valid_until = valid_until;
        Ok(true)
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
        let Some(certificate) = self.used.certificate() else {
            return;
        };
        let certificate = certificate.display();
        let over = self.valid_until <= now;
        let soon = !over && self.valid_until <= now.saturating_add(warning.as_secs());
        let text = format!("the certificate {certificate} has expired: peers refuse it");
        self.alarm(door, EXPIRED, over, &text);
        let days = self.valid_until.saturating_sub(now) / 86_400;
        let text = format!("the certificate {certificate} expires in {days} days");
        self.alarm(door, EXPIRES, soon, &text);
    }

    fn alarm(&self, door: &Door, name: &'static str, raised: bool, text: &str) {
        let source = format!("listener {}", self.name);
        door.alarm(source, name, raised, text);
    }
}
