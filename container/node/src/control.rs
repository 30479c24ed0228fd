//! What operators ask of a running node: requests and replies, and the socket `DIR/control.sock` on its own machine.
//!
//! They are asked through [`Manage`](crate::Manage), by the management API; who is outside of the process speaks HTTP with that,
//! over the socket or another listener.

use crate::backup::{SaveError, Saved};
use crate::change::{Changed, Outcome};
use crate::listed::{
    ActivityEntry, BanEntry, CertificateEntry, ComponentEntry, ComponentKind, EntityEntry,
    KeyChange, KeyEntry, KeyProblem, LinkEntry, LogLevels, Page, Part, QuarantineEntry, TimerEntry,
};
use crate::provision::Provision;
use crate::rehearsal::Cue;
use crate::status::{Status, UsageStatus};
use crate::tls::Renewed;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use strowger::id::ServiceIx;
use strowger_kernel::{FedMessage, Ladder, LadderInfo, Share};
use tokio::sync::oneshot;

/// The socket in the data directory.
pub(crate) const SOCKET: &str = "control.sock";
/// Longest time that whoever asks over the socket waits for the node.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Request {
    /// How the node is.
    Status {
        /// Also tell it by activity type, event type and SBB.
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
    /// Deactivate some services and activate others at one instant, all or none.
    Replace {
        /// Services that are deactivated.
        old: Vec<String>,
        /// Services that are activated.
        new: Vec<String>,
        /// What a deactivated one has moves to the activated version of the same service.
        migrate: bool,
    },
    /// Run a service beside another version of it, which is active, for a share of the new work; or change its share.
    Canary {
        /// Its name.
        service: String,
        /// Which new work it takes.
        share: Share,
    },
    /// Take a service back to the version before: end its canary, or activate the version that the active one has replaced.
    Rollback {
        /// The name of any version of it.
        service: String,
        /// What the version that goes has moves to the one that comes back.
        migrate: bool,
    },
    /// Something of usage parameters.
    Usage(UsageRequest),
    /// Activate an adaptor entity.
    ActivateAdaptor {
        /// Its name.
        adaptor: String,
    },
    /// Deactivate an adaptor entity: it begins nothing new, and is inactive when its last activity has ended.
    DeactivateAdaptor {
        /// Its name.
        adaptor: String,
    },
    /// Configure an adaptor entity through the node: it is made, or made anew if it has to be.
    SetAdaptor {
        /// Its name.
        adaptor: String,
        /// Its table of configuration.
        table: serde_json::Value,
    },
    /// Take away what was configured of an adaptor entity through the node: it goes, unless files have it, too.
    RemoveAdaptor {
        /// Its name.
        adaptor: String,
    },
    /// The components that the binary has.
    Components {
        /// Only those of this kind.
        kind: Option<ComponentKind>,
        /// Only those of this name.
        name: Option<String>,
    },
    /// All link names.
    Links {},
    /// Bind a link name to an adaptor entity.
    Bind {
        /// The link name.
        link: String,
        /// The adaptor entity.
        adaptor: String,
    },
    /// Unbind a link name.
    Unbind {
        /// The link name.
        link: String,
    },
    /// Part of the list of activities.
    Activities {
        /// Which part.
        part: Part,
        /// Only those whose type has this name.
        kind: Option<String>,
        /// Only those of this adaptor entity.
        adaptor: Option<String>,
        /// Only those that began at least this many seconds ago.
        min_age: u64,
        /// Only those on which nothing has happened for this many seconds.
        min_idle: u64,
    },
    /// One activity.
    Activity {
        /// The activity.
        id: String,
    },
    /// End an activity; its adaptor drops what it has of it.
    EndActivity {
        /// The activity.
        id: String,
    },
    /// Part of the list of entities.
    Entities {
        /// Which part.
        part: Part,
        /// Only those of this service.
        service: Option<String>,
        /// Only those that were created at least this many seconds ago.
        min_age: u64,
    },
    /// One entity.
    Entity {
        /// The entity.
        id: String,
    },
    /// Remove an entity and its descendants.
    RemoveEntity {
        /// The entity.
        id: String,
    },
    /// Part of the list of timers.
    Timers {
        /// Which part.
        part: Part,
        /// Only those that expire within this many seconds.
        due_within: Option<u64>,
    },
    /// Part of the list of quarantined events: deliveries that ended in a panic and were put aside.
    Quarantine {
        /// Which part.
        part: Part,
        /// Only those of this service.
        service: Option<String>,
    },
    /// Part of the list of banned sources.
    Bans {
        /// Which part.
        part: Part,
    },
    /// Ban a source, or change its ban.
    Ban {
        /// An address of it.
        source: String,
        /// How long; without it, as long as offences do.
        seconds: Option<u64>,
    },
    /// End a ban.
    LiftBan {
        /// An address of the source.
        source: String,
    },
    /// One quarantined event.
    Quarantined {
        /// Its number.
        id: String,
    },
    /// Deliver a quarantined event again, to the receiver that it failed for.
    ReleaseQuarantined {
        /// Its number.
        id: String,
    },
    /// Drop a quarantined event.
    DiscardQuarantined {
        /// Its number.
        id: String,
    },
    /// Begin a backup of the store, as of what is durable by then, while calls go on. What becomes of it is in the status.
    BackUp {
        /// The directory that is made; an absolute path of something that is not there.
        to: PathBuf,
    },
    /// Clear an alarm of a service, or take one off the list that only reports something that has happened.
    ClearAlarm {
        /// Who raised it.
        source: String,
        /// Which.
        name: String,
        /// What it is about, for those of services.
        instance: String,
    },
    /// The certificates that are used.
    CertificateList {},
    /// Look at the files of certificates now; what has changed is used from the next handshake on.
    Certificates {},
    /// Which calls are recorded.
    Ladders {
        /// Those with numbers below this one; without it, the latest.
        after: Option<u64>,
        /// How many at most; 1,000 are the most there are.
        limit: Option<u32>,
        /// Only those that have this in the name of a party or in what they are called outside, such as a Call-ID.
        find: String,
    },
    /// Everything that was recorded of a call.
    Ladder {
        /// Its number.
        id: u64,
    },
    /// Messages of recorded calls that wait to be sent elsewhere, about so many bytes of them. They are taken: nobody else gets them.
    TakeMessages {
        /// Bytes, about.
        bytes: u64,
    },
    /// Recorded calls that are over and wait to be sent elsewhere. They are taken as well.
    TakeLadders {
        /// How many at most.
        limit: usize,
        /// How long nothing may have happened in them.
        settled: Duration,
    },
    /// Every key in effect.
    Configuration {},
    /// Read the configuration again and put into effect what a running node can change; the rest is refused.
    Reload {
        /// Only say what would become of it.
        check: bool,
    },
    /// What the log has.
    Log {},
    /// Have the log write more or less of one source.
    SetLog {
        /// The source: the beginning of the path of a module, such as `strowger_sip`; or a tracer of a service or an adaptor, such
        /// as `service.office`, of which `tracers` is the root.
        source: String,
        /// `off`, `error`, `warn`, `info`, `debug` or `trace`; none for what the configuration says.
        level: Option<String>,
    },
}

/// What is asked of the usage parameters of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UsageRequest {
    /// Sets with what was counted in them.
    Read(UsageSets),
    /// Count in sets from 0 on. Windows of the service's thresholds begin anew.
    Reset(UsageSets),
    /// Make a named set. It is there until it is removed, or the process ends.
    Create {
        /// The service.
        service: String,
        /// The SBB that gets it; without it, all that have usage parameters.
        sbb: Option<String>,
        /// Its name.
        set: String,
    },
    /// Remove a set that was made so.
    Remove {
        /// The service.
        service: String,
        /// The SBB whose set goes; without it, those of all.
        sbb: Option<String>,
        /// Its name.
        set: String,
    },
}

/// Which sets of usage parameters are meant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UsageSets {
    /// The service.
    pub service: String,
    /// Only those of this SBB.
    pub sbb: Option<String>,
    /// Only those of this name; the empty one is that of unnamed sets.
    pub set: Option<String>,
}

/// What is answered.
#[derive(Clone, PartialEq, Debug)]
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
    /// Messages of recorded calls.
    TakenMessages(Vec<FedMessage>),
    /// Recorded calls.
    TakenLadders(Vec<Ladder>),
    /// It is being done.
    Done,
    /// The changes that are in effect, or would be.
    Reloaded(Vec<KeyChange>),
    /// The components that the binary has.
    Components(Vec<ComponentEntry>),
    /// All link names.
    Links(Vec<LinkEntry>),
    /// Part of the list of activities.
    Activities(Page<ActivityEntry>),
    /// One activity.
    Activity(Box<ActivityEntry>),
    /// Part of the list of entities.
    Entities(Page<EntityEntry>),
    /// One entity.
    Entity(Box<EntityEntry>),
    /// Part of the list of timers.
    Timers(Page<TimerEntry>),
    /// Part of the list of banned sources.
    Bans(Page<BanEntry>),
    /// Part of the list of quarantined events.
    Quarantine(Page<QuarantineEntry>),
    /// One quarantined event.
    Quarantined(Box<QuarantineEntry>),
    /// Sets of usage parameters, by SBB and name.
    Usage(Vec<UsageStatus>),
    /// The certificates that are used.
    Certificates(Vec<CertificateEntry>),
    /// Every key in effect.
    Configuration(Vec<KeyEntry>),
    /// What the log has.
    Log(LogLevels),
    /// It was refused.
    Refused(Refusal),
}

/// Why something was refused. Nothing was changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Refusal {
    /// In words.
    pub reason: String,
    /// What kind of reason it is.
    pub cause: Cause,
    /// What of the request is to blame, where one thing is.
    pub field: Option<String>,
    /// What is wrong with a configuration.
    pub problems: Vec<KeyProblem>,
}

/// What kind of reason there is to refuse something.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Cause {
    /// There is no such service, adaptor entity, activity, entity, alarm.
    Unknown,
    /// Not in the state that it is in.
    #[default]
    State,
    /// What was asked cannot be understood.
    Wrong,
    /// The configuration cannot be used.
    Configuration,
    /// The node has no time for it, or is ending.
    Busy,
}

impl Refusal {
    pub(crate) fn new(cause: Cause, reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            cause,
            field: None,
            problems: Vec::new(),
        }
    }

    /// A key of the configuration is to blame.
    pub(crate) fn at(mut self, key: &str) -> Self {
        self.problems.push(KeyProblem {
            code: "NOD-015".to_owned(),
            message: self.reason.clone(),
            key: Some(key.to_owned()),
            ..KeyProblem::default()
        });
        self
    }

    /// One thing of the request is to blame.
    pub(crate) fn blame(mut self, field: &str) -> Reply {
        self.field = Some(field.to_owned());
        Reply::Refused(self)
    }
}

impl Reply {
    pub(crate) fn refused(cause: Cause, reason: impl Into<String>) -> Self {
        Self::Refused(Refusal::new(cause, reason))
    }
}

/// An order for a shard.
#[derive(Debug)]
pub(crate) enum Order {
    /// A request, and where its reply goes.
    Ask(Request, oneshot::Sender<Reply>),
    /// Something of profile tables.
    Provision(Provision),
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
    /// Changed configuration, and who hears what becomes of it.
    Configure(Changed, Outcome),
    /// The same, to be told only whether it could be put into effect.
    CheckConfigured(Changed, Outcome),
    /// A delivery of a service takes longer than it may.
    Hung(ServiceIx),
    /// A backup has ended.
    BackedUp(Result<Saved, SaveError>),
    /// A test has the node in its hand.
    Rehearse(Cue),
}

/// Nobody has answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unserved {
    /// As many requests wait as may.
    #[error("the node has too many requests waiting")]
    Busy,
    /// It has ended, or is about to.
    #[error("the node is ending")]
    Ended,
    /// It has not answered in time.
    #[error("the node does not answer")]
    Silent,
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

/// A connection to the node that serves a data directory, which speaks HTTP over it: what docs/management.md says. Writing
/// and reading give up after ten seconds.
///
/// # Errors
/// Nobody serves it.
pub fn connect(data_dir: &Path) -> Result<UnixStream, AskError> {
    let open = || {
        let dir = File::open(data_dir)?;
        let stream = UnixStream::connect(short_path(&dir))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    };
    open().map_err(|source| AskError::NotRunning {
        data_dir: data_dir.into(),
        source,
    })
}

/// The socket by a path that fits into a socket address, however long the directory's own is.
pub(crate) fn short_path(data_dir: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", data_dir.as_raw_fd()))
}
