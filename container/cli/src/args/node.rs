//! Commands for a running node: a noun each, and what can be done with it.

use super::Sources;
use clap::Subcommand;
use std::path::PathBuf;
use std::time::Duration;
use strowger_node::listed::ComponentKind;

/// Which running node is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// The node's data directory; without it, `node.data_dir` of the configuration.
    #[arg(short, long, visible_alias = "data-dir", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sources: Sources,
}

/// Which running node is asked, and how its answer is printed.
#[derive(Debug, clap::Args)]
pub(crate) struct Told {
    /// Print as JSON, as the node's management API has it.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) node: Asked,
}

/// How much of a list that may be long is printed.
#[derive(Debug, clap::Args)]
pub(crate) struct Listed {
    /// How many at most; all unless given.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Something with a name.
#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// Its name.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Something with an identity, which lists show.
#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// Its identity, as lists show it.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Some of them.
#[derive(Debug, clap::Args)]
pub(crate) struct Several {
    /// Their identities, as lists show them. They are taken one after the other; the first that is refused ends it.
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Options of `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// Also tell it by activity type, event type and SBB.
    #[arg(long)]
    pub(crate) detail: bool,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Options of `reload`.
#[derive(Debug, clap::Args)]
pub(crate) struct Reload {
    /// Only say what would become of it.
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// What can be done with services.
#[derive(Debug, Subcommand)]
pub(crate) enum Services {
    /// List the services: states, entities, deliveries.
    List(Told),
    /// Show one service.
    Show(Named),
    /// Activate a service: it gets new work from here on.
    Activate(Named),
    /// Deactivate a service: it gets no new work; what it has goes on until it is done, or for
    /// `limits.service_stop_time`.
    Deactivate(Named),
    /// Deactivate some services and activate others at one instant, all or none.
    ///
    /// For a new version of a service, which gets the new work while the old one goes on with what it has; with `--migrate`
    /// that moves to the new one.
    Replace(Replace),
    /// Run a version of a service beside the active one, for a share of the new work, or change its share.
    ///
    /// The same call goes the same way, and what it has begun with a version stays with that.
    Canary(Canary),
    /// Take a service back to the version before, from the next call on: end its canary, or else activate the version that the
    /// active one has replaced.
    Rollback(Rollback),
}

/// Options of `services replace`.
#[derive(Debug, clap::Args)]
pub(crate) struct Replace {
    /// A service that is deactivated. May be repeated.
    #[arg(long = "deactivate", value_name = "NAME", required = true)]
    pub(crate) old: Vec<String>,
    /// A service that is activated. May be repeated.
    #[arg(long = "activate", value_name = "NAME", required = true)]
    pub(crate) new: Vec<String>,
    /// What a deactivated one has moves to the activated version of the same service.
    #[arg(long)]
    pub(crate) migrate: bool,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Options of `services canary`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Canary {
    /// Its name, such as `b2bua@1.1`.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) share: CanaryShare,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Which new work a canary takes.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct CanaryShare {
    /// So much of it, from 0 to 100.
    #[arg(long, value_name = "PERCENT")]
    pub(crate) percent: Option<f64>,
    /// What is for an address, such as a Request-URI, that begins so. May be repeated.
    #[arg(long = "address", value_name = "PREFIX")]
    pub(crate) addresses: Vec<String>,
    /// What the version itself says that it takes.
    #[arg(long)]
    pub(crate) own: bool,
}

/// Options of `services rollback`.
#[derive(Debug, clap::Args)]
pub(crate) struct Rollback {
    /// The name of any version of it.
    pub(crate) name: String,
    /// What the version that goes has moves to the one that comes back.
    #[arg(long)]
    pub(crate) migrate: bool,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// What can be done with adaptors.
#[derive(Debug, Subcommand)]
pub(crate) enum Adaptors {
    /// List the adaptors: states, activities, how many parts they have.
    List(Told),
    /// Show one adaptor: where it listens, its peers and other parts, its counters.
    Show(Named),
    /// Activate an adaptor that was deactivated.
    Activate(Named),
    /// Deactivate an adaptor: it begins nothing new, and is inactive when its last activity has ended.
    Deactivate(Named),
    /// Configure an adaptor through the node: it is made, or takes changed settings.
    ///
    /// It lasts, over the files that the node is started with. What was configured of it so before goes.
    Set(AdaptorTable),
    /// Take away what was configured of an adaptor through the node: it goes, unless files have it, too.
    Remove(Named),
}

/// Options of `adaptors set`.
#[derive(Debug, clap::Args)]
pub(crate) struct AdaptorTable {
    /// Its name.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// A TOML file with its table: type, active, links, settings; - is standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// What can be done with links.
#[derive(Debug, Subcommand)]
pub(crate) enum Links {
    /// List the link names, by which services find adaptors.
    List(Told),
    /// Bind a link name that no adaptor has. It lasts.
    Bind(Bind),
    /// Unbind a link name that was bound so and that no service uses.
    Unbind(Named),
}

/// Options of `links bind`.
#[derive(Debug, clap::Args)]
pub(crate) struct Bind {
    /// The link name.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// The adaptor that it leads to.
    #[arg(value_name = "ADAPTOR")]
    pub(crate) adaptor: String,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// What can be done with activities.
#[derive(Debug, Subcommand)]
pub(crate) enum Activities {
    /// List the activities: calls, sessions, transactions that live.
    List(ListedActivities),
    /// Show one activity.
    Show(One),
    /// End activities that have been left over: their adaptors drop them, services get their end.
    End(Several),
}

/// Options of `activities list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListedActivities {
    /// Only those whose type has this name.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<String>,
    /// Only those of this adaptor.
    #[arg(long, value_name = "ADAPTOR")]
    pub(crate) adaptor: Option<String>,
    /// Only those that began at least this long ago, such as 90s, 15m, 2h or 3days.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) min_age: Option<u64>,
    /// Only those on which nothing has happened for this long.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) min_idle: Option<u64>,
    #[command(flatten)]
    pub(crate) listed: Listed,
}

/// What can be done with SBB entities.
#[derive(Debug, Subcommand)]
pub(crate) enum Entities {
    /// List the SBB entities.
    List(ListedEntities),
    /// Show one SBB entity.
    Show(One),
    /// Remove SBB entities that have been left over, with their descendants, each in a transaction of its own.
    Remove(Several),
}

/// Options of `entities list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListedEntities {
    /// Only those of this service.
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// Only those that were created at least this long ago, such as 90s, 15m, 2h or 3days.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) min_age: Option<u64>,
    #[command(flatten)]
    pub(crate) listed: Listed,
}

/// What can be done with components.
#[derive(Debug, Subcommand)]
pub(crate) enum Composition {
    /// List the components of the binary, who refers to them, and what the node has made of them.
    List(ListedComponents),
}

/// Options of `components list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListedComponents {
    /// Only those of this kind: service, sbb, adaptor, profile, event or activity.
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<ComponentKind>,
    /// Only those of this name, in all versions.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// What can be done with timers.
#[derive(Debug, Subcommand)]
pub(crate) enum Timers {
    /// List the timers that will still expire.
    List(ListedTimers),
}

/// Options of `timers list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListedTimers {
    /// Only those that expire within this time, such as 30s or 1h.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) due_within: Option<u64>,
    #[command(flatten)]
    pub(crate) listed: Listed,
}

/// What can be done with alarms.
#[derive(Debug, Subcommand)]
pub(crate) enum Alarms {
    /// List the alarms that are raised.
    List(ListedAlarms),
    /// Clear an alarm that a service has raised, or take one off the list that reports what has happened, such as `panic`.
    ///
    /// One that stands for something that lasts goes when that is over, and is refused here.
    Clear(ClearedAlarm),
}

/// Options of `alarms list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListedAlarms {
    /// Only those of this source: one argument, such as 'service b2bua'.
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: Option<String>,
    /// Only those that are at least as grave.
    #[arg(long, value_name = "SEVERITY", value_parser = ["indeterminate", "warning", "minor", "major", "critical"])]
    pub(crate) severity: Option<String>,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Options of `alarms clear`.
#[derive(Debug, clap::Args)]
pub(crate) struct ClearedAlarm {
    /// Who raised it, as the list has it: one argument, such as 'adaptor sip'.
    #[arg(value_name = "SOURCE")]
    pub(crate) source: String,
    /// Which.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// What it is about, where there are several of the name.
    #[arg(long, value_name = "INSTANCE")]
    pub(crate) instance: Option<String>,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// What can be done with the log.
#[derive(Debug, Subcommand)]
pub(crate) enum Log {
    /// Show what the log has: the filter of the configuration, and the levels on top of it.
    Show(Told),
    /// Have the log write more or less of one source, until the process ends or it is reset.
    Set(LogLevel),
    /// Have the log write what is configured of one source.
    Reset(LogSource),
}

/// Options of `log set`.
#[derive(Debug, clap::Args)]
pub(crate) struct LogLevel {
    /// The beginning of the path of a module, such as strowger_sip; or a tracer of a service or an adaptor, such as
    /// service.office, of which `tracers` is the root.
    #[arg(value_name = "SOURCE")]
    pub(crate) source: String,
    /// How much.
    #[arg(value_name = "LEVEL", value_parser = ["off", "error", "warn", "info", "debug", "trace"])]
    pub(crate) level: String,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Options of `log reset`.
#[derive(Debug, clap::Args)]
pub(crate) struct LogSource {
    /// The source, as it was set.
    #[arg(value_name = "SOURCE")]
    pub(crate) source: String,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// What can be done with certificates.
#[derive(Debug, Subcommand)]
pub(crate) enum Certificates {
    /// List the certificates that are used: by whom, until when, and what is wrong with them.
    List(Told),
    /// Have the node look at the files now; what has changed is used from the next handshake on.
    Reload(Told),
}

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Tokens {
    /// List the names and scopes of the tokens of the configuration, never the tokens.
    List(Told),
}

/// What can be done with quarantined events.
#[derive(Debug, Subcommand)]
pub(crate) enum Quarantine {
    /// List them, the oldest first: why, when, how often, and whether they can be released.
    List(ListedQuarantine),
    /// Show one of them.
    Show(One),
    /// Deliver some of them again, each to the receiver that it failed for. What fails again is put aside again, under its number.
    Release(Several),
    /// Drop some of them for good.
    Discard(Several),
}

/// What can be done with bans.
#[derive(Debug, Subcommand)]
pub(crate) enum Bans {
    /// List the sources that are banned: for what, since when, until when.
    List(Listed),
    /// Ban an address, or give its ban another end.
    Add(Banned),
    /// End the bans of some addresses, and forget what led to them.
    Lift(Several),
}

/// Options of `bans add`.
#[derive(Debug, clap::Args)]
pub(crate) struct Banned {
    /// The address. Of IPv6, all that have the same first 64 bits are banned.
    #[arg(value_name = "ADDRESS")]
    pub(crate) source: String,
    /// How long, such as 90s, 15m or 2h; as long as `sources.ban_for` unless given.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) time: Option<u64>,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Options of `quarantine list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListedQuarantine {
    /// Only those of this service.
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    #[command(flatten)]
    pub(crate) listed: Listed,
}

/// A time in whole seconds; a number alone is seconds.
fn seconds(text: &str) -> Result<u64, humantime::DurationError> {
    match text.parse() {
        Ok(seconds) => Ok(seconds),
        Err(_) => humantime::parse_duration(text).map(|time: Duration| time.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_are_seconds_or_have_units() {
        assert_eq!(seconds("90").ok(), Some(90));
        assert_eq!(seconds("2h 5m").ok(), Some(7_500));
        assert!(seconds("soon").is_err());
    }
}
