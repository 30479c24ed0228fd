//! What operators ask of a running node: requests and replies, one JSON line each, over the socket `DIR/control.sock`.
//!
//! The node's side is in `supervisor`; this module has the words of it, and [`ask`] for the command line.

use crate::reload::Changed;
use crate::status::Status;
use crate::tls::Renewed;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use strowger_kernel::{Ladder, LadderInfo};
use tokio::sync::oneshot;

/// The socket in the data directory.
pub(crate) const SOCKET: &str = "control.sock";
/// Longest time that [`ask`] waits for the node.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest reply.
const REPLY_BYTES: u64 = 16 * 1024 * 1024;

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Request {
    /// How the node is.
    Status {
        /// Also tell it by activity type, event type and SBB.
        #[serde(default)]
        detail: bool,
    },
    /// Stop as on SIGTERM; asked twice, at once.
    Stop {},
    /// Activate a service.
    Activate {
        /// Its name.
        service: String,
    },
    /// Deactivate a service: no new work; what it has goes on until it is done, or for `limits.service_stop_time`.
    Deactivate {
        /// Its name.
        service: String,
    },
    /// Look at the files of certificates now; what has changed is used from the next handshake on.
    Certificates {},
    /// Which calls are recorded.
    Ladders {
        /// Those with numbers below this one; without it, the latest.
        #[serde(default)]
        after: Option<u64>,
        /// How many at most; 1,000 are the most there are.
        #[serde(default)]
        limit: Option<u32>,
        /// Only those that have this in the name of a party or in what they are called outside, such as a Call-ID.
        #[serde(default)]
        find: String,
    },
    /// Everything that was recorded of a call.
    Ladder {
        /// Its number.
        id: u64,
    },
    /// Read the configuration again and put into effect what a running node can change; the rest is refused.
    Reload {},
}

/// What is answered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reply {
    /// How the node is.
    Status(Box<Status>),
    /// Recorded calls, the latest first.
    Ladders {
        /// The calls.
        calls: Vec<LadderInfo>,
        /// What the next page is `after`; without it there is none.
        next: Option<u64>,
    },
    /// A recorded call.
    Ladder(Box<Ladder>),
    /// It is being done.
    Done,
    /// It was refused.
    Refused {
        /// Why.
        reason: String,
    },
}

/// An order for a shard.
#[derive(Debug)]
pub(crate) enum Order {
    /// A request, and where its reply goes.
    Ask(Request, oneshot::Sender<Reply>),
    /// Stop; the second time, at once.
    Stop,
    /// An alarm of another thread's.
    Alarm {
        source: String,
        name: &'static str,
        raised: bool,
        text: String,
    },
    /// New certificates of a listener.
    Renew(Renewed),
    /// Changed configuration.
    Configure(Changed),
}

/// An order was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Unserved {
    #[error("the node has too many requests waiting")]
    Busy,
    #[error("the node is ending")]
    Ended,
}

/// Why a node could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Nobody serves the data directory.
    #[error("no node runs on {}", data_dir.display())]
    NotRunning {
        /// The data directory.
        data_dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The node did not answer.
    #[error("the node on {} does not answer", data_dir.display())]
    Silent {
        /// The data directory.
        data_dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The answer cannot be read: the node is of another version.
    #[error("the node's answer cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

impl AskError {
    /// The code whose page explains what to do.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "NOD-010"
    }
}

/// Asks the node that serves a data directory. Waits ten seconds at most.
///
/// # Errors
/// See [`AskError`].
pub fn ask(data_dir: &Path, request: &Request) -> Result<Reply, AskError> {
    let not_running = |source| AskError::NotRunning {
        data_dir: data_dir.into(),
        source,
    };
    let silent = |source| AskError::Silent {
        data_dir: data_dir.into(),
        source,
    };
    let dir = File::open(data_dir).map_err(not_running)?;
    let mut stream = UnixStream::connect(short_path(&dir)).map_err(not_running)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(silent)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(silent)?;
    let mut line = serde_json::to_vec(request).map_err(AskError::Unreadable)?;
    line.push(b'\n');
    stream.write_all(&line).map_err(silent)?;
    let mut answer = String::new();
    BufReader::new(stream.take(REPLY_BYTES))
        .read_line(&mut answer)
        .map_err(silent)?;
    if answer.is_empty() {
        return Err(silent(io::ErrorKind::UnexpectedEof.into()));
    }
    serde_json::from_str(&answer).map_err(AskError::Unreadable)
}

/// The socket by a path that fits into a socket address, however long the directory's own is.
pub(crate) fn short_path(data_dir: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", data_dir.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_what_a_person_can_type() {
        let request: Request = serde_json::from_str(r#"{"do":"status"}"#).unwrap();
        assert_eq!(request, Request::Status { detail: false });
        let request: Request =
            serde_json::from_str(r#"{"do":"deactivate","service":"b2bua"}"#).unwrap();
        assert_eq!(
            request,
            Request::Deactivate {
                service: "b2bua".into()
            }
        );
        for bad in [
            r#"{"do":"dance"}"#,
            r#"{"do":"stop","now":true}"#,
            "[]",
            "{",
        ] {
            assert!(serde_json::from_str::<Request>(bad).is_err(), "{bad}");
        }
    }
}
