//! The audit log: one line of JSON for each change that somebody with a token has asked for, done or refused.

use super::access::{Caller, Peer};
use axum::http::{Method, StatusCode};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes after which a file is put aside as `FILE.1`, in the place of the one before.
const LONGEST: u64 = 64 * 1024 * 1024;

/// The audit log.
#[derive(Debug)]
pub(crate) struct Audit {
    path: PathBuf,
    inner: Mutex<Inner>,
}

/// What there is to say of a change.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) caller: Caller,
    pub(crate) from: Peer,
    pub(crate) method: Method,
    pub(crate) target: String,
    /// What is kept of its body.
    pub(crate) body: String,
    /// What neither the target nor the body says, if it was done.
    pub(crate) about: Option<About>,
    /// What has come of it; `None` if it ended without an answer.
    pub(crate) status: Option<StatusCode>,
}

/// What a change was about; its handler adds it to the response.
#[derive(Clone, Debug)]
pub(crate) struct About(pub(crate) String);

#[derive(Debug)]
struct Inner {
    /// `None` after a failure.
    file: Option<File>,
    length: u64,
    mended: bool,
}

impl Audit {
    /// Opens it; what is there is kept.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let (file, length) = open(path)?;
        let inner = Inner {
            file: Some(file),
            length,
            mended: false,
        };
        Ok(Self {
            path: path.to_owned(),
            inner: Mutex::new(inner),
        })
    }

    /// Whether it can be written, as far as is known: after a failure it is opened again.
    pub(crate) fn is_usable(&self) -> bool {
        let mut inner = self.inner();
        if inner.file.is_none()
            && let Ok((file, length)) = open(&self.path)
        {
            *inner = Inner {
                file: Some(file),
                length,
                mended: true,
            };
        }
        inner.file.is_some()
    }

    /// Whether it could be written again since this was last asked.
    pub(crate) fn has_mended(&self) -> bool {
        std::mem::take(&mut self.inner().mended)
    }

    /// Adds a line.
    pub(crate) fn record(&self, line: &Line) -> io::Result<()> {
        let time = SystemTime::now().duration_since(UNIX_EPOCH);
        let time = time.map_or(0, |time| {
            u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
        });
        let (from, who, scope) = (line.from, &line.caller.name, line.caller.scope.word());
        let (method, target) = (line.method.as_str(), &line.target);
        let status = line.status.map(|status| status.as_u16());
        let about = line.about.as_ref().map(|about| &about.0);
        tracing::info!(%from, who, method, target, status, "change asked for");
        let line = json!({
            "time_ms": time, "who": who, "scope": scope, "from": from.to_string(),
            "method": method, "target": target, "body": line.body, "about": about, "status": status,
        });
        let written = self.inner().write(&self.path, &format!("{line}\n"));
        if let Err(error) = &written {
            tracing::error!(%error, file = %self.path.display(), code = "MGT-008", "audit log not written");
            self.inner().file = None;
        }
        written
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn write(&mut self, path: &Path, line: &str) -> io::Result<()> {
        if self.length >= LONGEST {
            let mut aside = path.as_os_str().to_owned();
            aside.push(".1");
            std::fs::rename(path, aside)?;
            let (file, length) = open(path)?;
            (self.file, self.length) = (Some(file), length);
        }
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        file.write_all(line.as_bytes())?;
        self.length += line.len() as u64;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let mut options = OpenOptions::new();
    let file = options.append(true).create(true).mode(0o600).open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_config::Scope;

    #[test]
    fn lines_are_added_and_a_long_file_is_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        std::fs::write(&path, "before\n").unwrap();
        let audit = Audit::open(&path).unwrap();
        let caller = Caller {
            name: "ann".into(),
            scope: Scope::Operate,
        };
        let line = Line {
            caller,
            from: Peer::Net("192.0.2.1:5".parse().unwrap()),
            method: Method::POST,
            target: "/v1/stop".into(),
            body: "{\"a\":1}\n".into(),
            about: Some(About("profile `ann`".into())),
            status: Some(StatusCode::FORBIDDEN),
        };
        let record = || audit.record(&line);
        record().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, line) = text.split_once('\n').unwrap();
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (before, &line["who"], &line["status"]),
            ("before", &"ann".into(), &403.into())
        );
        assert_eq!(
            (&line["body"], &line["about"]),
            (&"{\"a\":1}\n".into(), &"profile `ann`".into())
        );
        audit.inner().length = LONGEST;
        record().unwrap();
        let aside = std::fs::read_to_string(dir.path().join("audit.log.1")).unwrap();
        assert_eq!(
            (
                aside,
                std::fs::read_to_string(&path).unwrap().lines().count()
            ),
            (text, 1)
        );
    }

    #[test]
    fn what_cannot_be_written_is_not_usable_until_it_can() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("logs").join("audit.log");
        assert!(Audit::open(&path).is_err());
        std::fs::create_dir(dir.path().join("logs")).unwrap();
        let audit = Audit::open(&path).unwrap();
        audit.inner().file = None;
        std::fs::remove_dir_all(dir.path().join("logs")).unwrap();
        assert!(!audit.is_usable() && !audit.has_mended());
        std::fs::create_dir(dir.path().join("logs")).unwrap();
        assert!(audit.is_usable() && audit.has_mended() && !audit.has_mended());
    }
}
