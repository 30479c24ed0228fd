//! The typed model: what a node is given once everything has been merged and checked.
//!
//! A field is its documentation: the doc comment, the default, the unit and the reload class that users see are read
//! from here. Conventions: `extend("x-reload" = ..)` on every key, `extend("x-unit" = ..)` on every number;
//! durations are [`crate::duration`], sizes [`Size`]. No `flatten`, no `untagged`: both lose positions.

use crate::duration;
use crate::export::Export;
use crate::management::Management;
use crate::overload::Overload;
use crate::section::{AdaptorSettings, Section, ServiceSettings};
use crate::size::Size;
use crate::source_rules::SourceRules;
use crate::usage::Threshold;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The whole configuration of one node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The node as a process.
    pub node: Node,
    /// What the node writes about itself.
    pub log: Log,
    /// The durable store: a journal of commits, and checkpoints of live state.
    pub store: Store,
    /// Bounds of what the node holds. What would go above one is refused to the adaptor or handler that asks, and counted.
    pub limits: Limits,
    /// When new work is refused because what arrives waits too long.
    pub overload: Overload,
    /// Who may reach the node, and how much new work one address may bring.
    pub sources: SourceRules,
    /// Certificates of listeners over TLS. Which they are is in the settings of the adaptors.
    pub tls: Tls,
    /// Name servers, for adaptors that resolve names.
    pub dns: Dns,
    /// The HTTP API for operators, and the console.
    pub management: Management,
    /// The recorder of calls, for ladder diagrams.
    pub recorder: Recorder,
    /// Where recorded calls are sent, as they go on or when they are over. What is recorded is said in `recorder`.
    pub export: Export,
    /// Resource adaptor entities by name.
    pub adaptors: BTreeMap<String, Adaptor>,
    /// Services by name.
    pub services: BTreeMap<String, Service>,
    /// Profile tables by name. One that is not in the store is made when the node starts; one that is no longer named here stays
    /// in the store, with all that is in it.
    pub profiles: BTreeMap<String, ProfileTable>,
}

/// The node as a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Node {
    /// Name of this node in logs, metrics and alarms. Ids and store keys never contain it.
    #[schemars(length(min = 1, max = 64), extend("x-reload" = "restart-node"))]
    pub name: String,
    /// Directory of the journal and the checkpoints; created when missing. A relative path starts at the working
    /// directory of the process. One directory serves one running node.
    #[schemars(length(min = 1), extend("x-reload" = "restart-node"))]
    pub data_dir: PathBuf,
    /// How long a node that was told to stop (SIGTERM) waits for the work in flight. It takes no new work meanwhile,
    /// and ends without the rest when the time is over or a second SIGTERM arrives.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    pub drain_limit: Duration,
}

/// What the node writes about itself, to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Shape of the lines.
    #[schemars(extend("x-reload" = "restart-node"))]
    pub format: LogFormat,
    /// Which events are written: a level (`error`, `warn`, `info`, `debug`, `trace`), or a list such as
    /// `info,strowger_sip=debug`.
    #[schemars(length(min = 1), extend("x-reload" = "live"))]
    pub filter: String,
}

/// Shape of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// One line of text per event, for people.
    #[default]
    Plain,
    /// One JSON object per line, for collectors.
    Json,
}

/// The durable store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// Syncs of the disk come no closer together than this while commits that messages wait for come by themselves, as those
    /// of calls do: one sync then serves several. Where few come, where they come only when others have been answered, and
    /// where 32 wait, nothing is waited for. Longer means fewer syncs and later answers; with `0s` a group of commits closes as
    /// soon as the sync before it has returned.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "restart-node"))]
    pub group_delay: Duration,
    /// How long a group stays open while no message waits for it, as for `relaxed` commits: the most that a crash can
    /// lose of them.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "restart-node"))]
    pub relaxed_delay: Duration,
    /// Largest group: a group that has reached this size closes at once.
    #[schemars(extend("x-reload" = "restart-node", "x-min-bytes" = 4096, "x-max-bytes" = 67_108_864))]
    pub group_bytes: Size,
    /// Groups that may wait for the writer. When as many wait, the shard stops reading its sockets and admits no
    /// new work until the writer has caught up.
    #[schemars(range(min = 1, max = 65_536), extend("x-unit" = "groups", "x-reload" = "restart-node"))]
    pub queue: u32,
    /// Size of one journal segment file; files are preallocated.
    #[schemars(extend("x-reload" = "restart-node", "x-min-bytes" = 1_048_576, "x-max-bytes" = 1_073_741_824))]
    pub segment_bytes: Size,
    /// A checkpoint is begun when the journal has grown by this much since the last one.
    #[schemars(extend("x-reload" = "restart-node", "x-min-bytes" = 1_048_576))]
    pub checkpoint_bytes: Size,
    /// A checkpoint is begun at the latest after this time, if anything was committed.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "restart-node"))]
    pub checkpoint_interval: Duration,
    /// Memory that the checkpoint database may use as its cache.
    #[schemars(extend("x-reload" = "restart-node", "x-min-bytes" = 1_048_576))]
    pub cache: Size,
    /// Size of the reserve file. It is given back to the file system when the disk is full, so that the node can
    /// still make a checkpoint and clean up.
    #[schemars(extend("x-reload" = "restart-node"))]
    pub reserve: Size,
    /// Free space of the file system below which new work is refused and an alarm is raised.
    #[schemars(extend("x-reload" = "restart-node"))]
    pub low_water: Size,
}

/// Bounds of what the node holds. What would go above one is refused to the adaptor or handler that asks, and counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Activities alive at once.
    #[schemars(range(min = 1, max = 100_000_000), extend("x-unit" = "activities", "x-reload" = "restart-node"))]
    pub activities: u32,
    /// SBB entities alive at once.
    #[schemars(range(min = 1, max = 100_000_000), extend("x-unit" = "entities", "x-reload" = "restart-node"))]
    pub entities: u32,
    /// Timers set at once.
    #[schemars(range(min = 1, max = 100_000_000), extend("x-unit" = "timers", "x-reload" = "restart-node"))]
    pub timers: u32,
    /// Events that wait at once, on all activities.
    #[schemars(range(min = 1, max = 100_000_000), extend("x-unit" = "events", "x-reload" = "restart-node"))]
    pub events: u32,
    /// Events that wait at once on one activity.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "events", "x-reload" = "restart-node"))]
    pub events_per_activity: u32,
    /// Entities attached to one activity at once.
    #[schemars(range(min = 1, max = 100_000_000), extend("x-unit" = "entities", "x-reload" = "restart-node"))]
    pub attachments: u32,
    /// Effects (events, commands, timers and the like) of one delivery.
    #[schemars(range(min = 1, max = 10_000_000), extend("x-unit" = "effects", "x-reload" = "restart-node"))]
    pub effects: u32,
    /// Deliveries that ended in a panic and are kept until an operator releases or discards them. The oldest makes room for
    /// the next one; with 0 none is kept.
    #[schemars(range(min = 0, max = 100_000), extend("x-unit" = "events", "x-reload" = "restart-node"))]
    pub quarantine: u32,
    /// Alarms of services that stand at once.
    #[schemars(range(min = 1, max = 100_000), extend("x-unit" = "alarms", "x-reload" = "restart-node"))]
    pub alarms: u32,
    /// Sets of usage parameters of all SBBs in all services, the unnamed ones included. Whoever looks at all of them, such as a
    /// scrape of metrics, has the node copy what their samples hold, up to 8 KiB each, and calls wait meanwhile.
    #[schemars(range(min = 1, max = 10_000), extend("x-unit" = "sets", "x-reload" = "restart-node"))]
    pub usage_sets: u32,
    /// Profiles in all tables.
    #[schemars(range(min = 1, max = 100_000_000), extend("x-unit" = "profiles", "x-reload" = "restart-node"))]
    pub profiles: u32,
    /// Profiles that one query of a service looks at; one that has no index to help it and would look at more is refused.
    #[schemars(range(min = 1, max = 100_000_000), extend("x-unit" = "profiles", "x-reload" = "restart-node"))]
    pub profile_scan: u32,
    /// Size of one profile.
    #[schemars(extend("x-reload" = "restart-node", "x-min-bytes" = 64, "x-max-bytes" = 524_288))]
    pub profile_bytes: Size,
    /// Size of the attributes and names of one activity.
    #[schemars(extend("x-reload" = "restart-node", "x-min-bytes" = 1024, "x-max-bytes" = 1_073_741_824))]
    pub activity_bytes: Size,
    /// Size of the state of one SBB entity.
    #[schemars(extend("x-reload" = "restart-node", "x-min-bytes" = 1024, "x-max-bytes" = 1_073_741_824))]
    pub state_bytes: Size,
    /// How long the delivery of an event stays suspended when the service that suspended it names no time of its own.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "restart-node"))]
    pub suspend_timeout: Duration,
    /// Lateness from which an occurrence of a timer counts as missed when the service that set it names none.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "restart-node"))]
    pub timer_timeout: Duration,
    /// How long an activity is idle before its adaptor is asked whether it still exists; `0s` is never.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "restart-node"))]
    pub liveness: Duration,
    /// How long a service that was told to stop keeps the entities it still has; what is left is removed then.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "restart-node"))]
    pub service_stop_time: Duration,
    /// Time in which a handler must return. One that does not is taken for hung: it is told of, and after six times that time the
    /// node starts again without that delivery.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "restart-node"))]
    pub delivery_time_max: Duration,
    /// Processor time that a handler may take. One that takes more is taken for one that loops, and the node starts again at once
    /// without that delivery. A machine that has no processor time left for the node makes none that loops. With `0s` any may be
    /// taken.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "restart-node"))]
    pub delivery_cpu_max: Duration,
}

/// Certificates of listeners over TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Time between two looks at the files of certificates, keys and authorities: what has changed is used from the next
    /// handshake on. `0s` looks only when told to, by SIGHUP or an order.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "restart-node"))]
    pub check_interval: Duration,
    /// How long before the end of a certificate the alarm `certificate_expires_soon` is raised.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "restart-node"))]
    pub expiry_warning: Duration,
}

/// Name servers, for adaptors that resolve names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dns {
    /// Name servers. Without any, those that `/etc/resolv.conf` names when the node starts.
    #[schemars(with = "Vec<AddressText>", extend("x-reload" = "restart-node"))]
    pub name_servers: Vec<SocketAddr>,
    /// How long a question may take, with all its repetitions. More than `0s`.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "restart-node"))]
    pub timeout: Duration,
    /// Questions under way at once. What is beyond is refused to the adaptor that asks.
    #[schemars(range(min = 1, max = 65_536), extend("x-unit" = "questions", "x-reload" = "restart-node"))]
    pub questions: u32,
    /// Answers that are kept.
    #[schemars(range(min = 1, max = 10_000_000), extend("x-unit" = "answers", "x-reload" = "restart-node"))]
    pub cache: u32,
    /// Longest time that an answer is kept, whatever it says itself.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "restart-node"))]
    pub answer_time_max: Duration,
    /// Longest time that it is remembered that a name or record does not exist, whatever the name server says.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "restart-node"))]
    pub failure_time_max: Duration,
}

/// The recorder of calls: what came and left, what was fired, delivered and timed, for ladder diagrams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Recorder {
    /// Which calls are recorded.
    #[schemars(extend("x-reload" = "live"))]
    pub mode: RecorderMode,
    /// With `mode = "sampled"`: one call in so many is recorded, by a hash of what names it; 1 is every call.
    #[schemars(range(min = 1, max = 1_000_000_000), extend("x-unit" = "calls", "x-reload" = "live"))]
    pub one_in: u32,
    /// With `mode = "matching"`: beginnings of the numbers or users that call, such as `+4687`. Of each list that is not
    /// empty, one entry must fit.
    #[schemars(extend("x-reload" = "live"))]
    pub calling: Vec<String>,
    /// With `mode = "matching"`: beginnings of the numbers or users that are called.
    #[schemars(extend("x-reload" = "live"))]
    pub called: Vec<String>,
    /// With `mode = "matching"`: Call-IDs of SIP, session ids of Diameter.
    #[schemars(extend("x-reload" = "live"))]
    pub keys: Vec<String>,
    /// With `mode = "matching"`: the adaptors by which a call begins.
    #[schemars(extend("x-reload" = "live"))]
    pub adaptors: Vec<String>,
    /// What is left out of recorded messages.
    #[schemars(extend("x-reload" = "live"))]
    pub redact: Redact,
    /// Calls that are kept. The one that ended first makes room for the next.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "calls", "x-reload" = "live"))]
    pub calls: u32,
    /// Memory that all of them may take, about.
    #[schemars(extend("x-reload" = "live", "x-min-bytes" = 65_536, "x-max-bytes" = 17_179_869_184_u64))]
    pub memory: Size,
    /// Memory that one of them may take, about; what comes after that is counted and not kept.
    #[schemars(extend("x-reload" = "live", "x-min-bytes" = 4_096, "x-max-bytes" = 8_388_608))]
    pub call_memory: Size,
}

/// Which calls are recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RecorderMode {
    /// None.
    #[default]
    Off,
    /// One in `one_in`.
    Sampled,
    /// Those that fit `calling`, `called`, `keys` and `adaptors`.
    Matching,
}

/// What is left out of recorded messages. It is written over, so that lengths stay what they were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Redact {
    /// Passwords, what is computed from them, bodies and texts.
    #[default]
    All,
    /// Passwords and what is computed from them.
    Secrets,
    /// Nothing.
    Nothing,
}

/// The schema of an address with its port.
struct AddressText;

impl JsonSchema for AddressText {
    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "socket-address" })
    }
}

/// One resource adaptor entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Adaptor {
    /// Type of the adaptor, such as `sip`. Without it, the entity's own name is taken.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reload" = "restart-node"))]
    pub kind: Option<String>,
    /// Whether the entity is activated: when the node starts, and when this changes while it runs.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub active: bool,
    /// Link names bound to this entity, besides its own name, by which services find it. None that a service uses is taken away
    /// before the service is inactive.
    #[schemars(extend("x-reload" = "live"))]
    pub links: Vec<String>,
    /// Settings of the adaptor's own. Which keys exist depends on `type`.
    #[schemars(with = "AdaptorSettings")]
    pub settings: Section,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// Which of the installed services this is, such as `b2bua`. Without it, the service's own name is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reload" = "restart-node"))]
    pub kind: Option<String>,
    /// Desired state: whether the service is active once the node is up.
    #[schemars(extend("x-reload" = "restart-node"))]
    pub active: bool,
    /// Order in which services are offered an event: the highest first. Without it, the service's own priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-unit" = "-128 to 127", "x-reload" = "restart-node"))]
    pub priority: Option<i8>,
    /// What of the service's state survives a crash, and what its messages wait for.
    #[schemars(extend("x-reload" = "restart-node"))]
    pub durability: Durability,
    /// So many deliveries that panic within `failure_window` deactivate the service, with the alarm `too_many_failures`. With 0
    /// none do.
    #[schemars(range(min = 0, max = 100_000), extend("x-unit" = "deliveries", "x-reload" = "live"))]
    pub panics_max: u32,
    /// So many deliveries that are rolled back for another reason than a panic deactivate it as well. With 0, as out of the
    /// box, none do: to many services an error is an ordinary answer.
    #[schemars(range(min = 0, max = 100_000), extend("x-unit" = "deliveries", "x-reload" = "live"))]
    pub errors_max: u32,
    /// The time within which `panics_max` and `errors_max` are counted.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    pub failure_window: Duration,
    /// So many deliveries that take longer than `limits.delivery_time_max` within `hang_window` deactivate the service, with the
    /// alarm `too_many_failures`; and after so many with which the process had to start again what it has is removed, too. One is
    /// enough where its handler of an initial event did not return: what it has goes on then. With 0 none do.
    #[schemars(range(min = 0, max = 1_000), extend("x-unit" = "deliveries", "x-reload" = "live"))]
    pub hangs_max: u32,
    /// The time within which `hangs_max` is counted.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-reload" = "live"))]
    pub hang_window: Duration,
    /// The adaptor behind each link of the service: the name of an adaptor, or a name in the `links` of one. The links
    /// of a service are named after the adaptor types that it uses unless its code names them otherwise. Needed only
    /// where several adaptors of one type exist. Once loaded, every link is there with the adaptor's own name.
    /// Only those of an inactive service change, and lead elsewhere when it is activated.
    #[schemars(extend("x-reload" = "live"))]
    pub links: BTreeMap<String, String>,
    /// Named sets of usage parameters, such as one for each trunk, that every SBB of the service gets which has usage parameters.
    /// Each name has 1 to 64 letters, digits, `-`, `_` and `.`.
    #[schemars(extend("x-reload" = "live"))]
    pub usage_sets: Vec<String>,
    /// What is watched of the usage parameters, by names of your choice: each raises the alarm `threshold_crossed`, which is about
    /// that name.
    #[schemars(extend("x-reload" = "live"))]
    pub thresholds: BTreeMap<String, Threshold>,
    /// Settings of the service's own. Which keys exist depends on `kind`.
    #[schemars(with = "ServiceSettings")]
    pub settings: Section,
}

/// A profile table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProfileTable {
    /// Specification of the profiles, which a service of the binary brings, such as `subscriber`. Without it, the table's own
    /// name is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-reload" = "restart-node"))]
    pub specification: Option<String>,
}

/// Durability of a service's committed state.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// State is in memory only; messages leave at commit; a crash ends the service's calls.
    None,
    /// State goes to the journal soon after commit; messages leave at commit; a crash loses the last moments.
    Relaxed,
    /// Messages leave after the state that caused them is on disk; nothing that was answered is lost.
    #[default]
    Strict,
}
