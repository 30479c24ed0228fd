//! What a node answers with lists of: activities, entities, timers, links, certificates, keys of the configuration.
//!
//! Fields are added, never renamed: others read them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Entries of one page at most.
pub const PAGE: u32 = 1_000;

/// Part of a list.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// Its entries.
    pub items: Vec<T>,
    /// Where the next part begins: to be given as `after`. Without it there is none. Parts may be shorter than asked for, or
    /// empty, where a filter lets little through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which part of a list.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Part {
    /// What the part before gave as `next`.
    pub after: Option<String>,
    /// Entries at most; 100 unless given, [`PAGE`] at most.
    pub limit: Option<u32>,
}

impl Part {
    /// Entries at most.
    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(100).clamp(1, PAGE) as usize
    }
}

/// One activity.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct ActivityEntry {
    /// The activity.
    pub id: String,
    /// Name, version and vendor of its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its adaptor entity; none for activities of the container's own.
    pub adaptor: Option<String>,
    /// Whether it is ending.
    pub ending: bool,
    /// Milliseconds since it began.
    pub age_ms: u64,
    /// Milliseconds since something last happened on it.
    pub idle_ms: u64,
    /// Events that wait.
    pub events: u32,
    /// Entities attached, in the order in which they are offered events; the first hundred.
    pub entities: Vec<String>,
    /// How many are attached.
    pub attached: u64,
    /// Timers that will still expire; the first hundred.
    pub timers: Vec<String>,
    /// Names bound to it; the first hundred.
    pub names: Vec<String>,
}

/// One SBB entity.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct EntityEntry {
    /// The entity.
    pub id: String,
    /// Its service.
    pub service: String,
    /// Name, version and vendor of its SBB.
    pub sbb: String,
    /// Its parent; none for a root.
    pub parent: Option<String>,
    /// Its children, oldest first; the first hundred.
    pub children: Vec<String>,
    /// Its priority.
    pub priority: i8,
    /// Activities that it is attached to; the first hundred.
    pub activities: Vec<String>,
    /// Bytes of its state.
    pub state_bytes: u64,
    /// Milliseconds since it was created.
    pub age_ms: u64,
}

/// One timer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct TimerEntry {
    /// The timer.
    pub id: String,
    /// Its activity.
    pub activity: String,
    /// Name, version and vendor of its event type.
    pub event: String,
    /// When it expires next: milliseconds since 1970.
    pub next_ms: u64,
    /// Expiries to come; none where they never end.
    pub remaining: Option<u32>,
}

/// One quarantined event: a delivery that ended in a panic and was put aside.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct QuarantineEntry {
    /// Its number.
    pub id: String,
    /// The service.
    pub service: String,
    /// Name, version and vendor of the event type.
    pub event: String,
    /// The activity.
    pub activity: String,
    /// The entity that was to receive it; none where it is an initial event for the service.
    pub entity: Option<String>,
    /// Why it was put aside.
    pub cause: String,
    /// When it failed first: milliseconds since 1970.
    pub first_ms: u64,
    /// When it failed last: milliseconds since 1970.
    pub last_ms: u64,
    /// How often it failed.
    pub times: u32,
    /// Why it cannot be released as things are; none where it can.
    pub stuck: Option<String>,
}

/// One banned source.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct BanEntry {
    /// An IPv4 address, or a network of IPv6 with 64 bits.
    pub source: String,
    /// What it was banned for: `credentials`, `malformed`, `unknown-peer`, or `operator`.
    pub why: String,
    /// When it was banned: milliseconds since 1970.
    pub since_ms: u64,
    /// When the ban ends: milliseconds since 1970.
    pub until_ms: u64,
    /// Datagrams and connections that the node's own sockets have dropped for it.
    pub dropped: u64,
}

/// One link name.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct LinkEntry {
    /// The name by which services find the adaptor entity.
    pub name: String,
    /// The adaptor entity.
    pub adaptor: String,
    /// Services that use it and are not inactive: as long as there are any it cannot be unbound.
    pub used_by: Vec<String>,
}

/// One component of the binary.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct ComponentEntry {
    /// What it is.
    pub kind: ComponentKind,
    /// Its name.
    pub name: String,
    /// Its vendor.
    pub vendor: String,
    /// Its version.
    pub version: String,
    /// The components that refer to it, as `KIND NAME VERSION (VENDOR)`.
    pub referred_by: Vec<String>,
    /// What the node has made of it, by their names: services, adaptor entities, profile tables.
    pub used_by: Vec<String>,
}

impl ComponentEntry {
    /// Its name, version and vendor, as other lists have them.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} {} ({})", self.name, self.version, self.vendor)
    }
}

/// What a component is.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ComponentKind {
    /// A service: an SBB that is a root.
    #[default]
    Service,
    /// An SBB.
    Sbb,
    /// An adaptor type.
    Adaptor,
    /// A profile specification.
    Profile,
    /// An event type.
    Event,
    /// An activity type.
    Activity,
}

/// A word that stands for no kind of component.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("is one of service, sbb, adaptor, profile, event, activity")]
pub struct NoKind;

impl std::str::FromStr for ComponentKind {
    type Err = NoKind;
    fn from_str(word: &str) -> Result<Self, NoKind> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == word);
        found.ok_or(NoKind)
    }
}

impl ComponentKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Service,
        Self::Sbb,
        Self::Adaptor,
        Self::Profile,
        Self::Event,
        Self::Activity,
    ];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Sbb => "sbb",
            Self::Adaptor => "adaptor",
            Self::Profile => "profile",
            Self::Event => "event",
            Self::Activity => "activity",
        }
    }
}

impl std::fmt::Display for ComponentKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// One certificate that is used.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct CertificateEntry {
    /// Who shows it: `ADAPTOR.LISTENER`, or `ADAPTOR.client`.
    pub listener: String,
    /// The file; none where only certificates of others are believed.
    pub file: Option<String>,
    /// When the first of its chain is over: seconds since 1970.
    pub valid_until: Option<u64>,
    /// What is wrong with the file as it is; what was there before is used then.
    pub trouble: Option<String>,
}

/// One key of the configuration in effect.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct KeyEntry {
    /// The key.
    pub key: String,
    /// Its value; `"(secret)"` for one that is not shown.
    pub value: serde_json::Value,
    /// Where the value comes from: `default`, `FILE:LINE`, the name of a variable, or `--set`.
    pub origin: String,
    /// What it takes to put a change into effect: `live`, `restart-adaptor` or `restart-node`.
    pub reload: String,
}

/// One key whose value has changed.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct KeyChange {
    /// The key.
    pub key: String,
    /// What it was; `"(secret)"` for a value that is not shown, `null` where there was none.
    pub older: serde_json::Value,
    /// What it is.
    pub newer: serde_json::Value,
    /// What it takes to put the change into effect.
    pub reload: String,
}

/// Something that is wrong with a configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct KeyProblem {
    /// The code, which `strowger explain` knows.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// The key, where one is to blame.
    pub key: Option<String>,
    /// The file, variable or flag.
    pub file: Option<String>,
    /// Line in the file, from 1.
    pub line: Option<u64>,
    /// Column in the line, from 1.
    pub column: Option<u64>,
    /// What to do, where that can be said.
    pub hint: Option<String>,
}

/// What the log has.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[non_exhaustive]
pub struct LogLevels {
    /// The filter of the configuration.
    pub configured: String,
    /// Levels that were set while the node runs, by source: they come on top, and end with the process.
    pub sources: std::collections::BTreeMap<String, String>,
    /// Tracers of services and adaptors that a level was assigned to, with the root of all, which is `tracers`. They end with
    /// the process, too.
    pub tracers: std::collections::BTreeMap<String, String>,
    /// Messages that tracers have let pass, by tracer: of the first thousand that did.
    pub heard: std::collections::BTreeMap<String, u64>,
}
