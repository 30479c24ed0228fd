//! The command line: commands, options, help.

mod examples;
mod node;
mod profiles;
mod usage;

pub(crate) use node::*;
pub(crate) use profiles::*;
pub(crate) use usage::*;

use crate::exit;
use clap::{Parser, Subcommand};
use examples::of;
use std::path::PathBuf;
use std::time::Duration;

/// A service container for telecom: calls that survive the death of their process.
#[derive(Debug, Parser)]
#[command(name = "strowger", version)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = format!("{}\n{}", examples::MAIN, exit::table()))]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a node. This is what happens when no command is given.
    #[command(after_help = exit::table())]
    Run(Run),
    /// Check configuration files: everything wrong with them is printed, nothing is started.
    ///
    /// The files are taken together, in this order, as `run` would take them with --config, with the environment's
    /// variables on top.
    #[command(after_help = exit::table_of(&[0, 2, 3]))]
    Check(Check),
    /// Show the configuration in effect, with the origin of each value; with --running, that of a running node.
    #[command(after_help = of(examples::CONFIG, &[0, 1, 2, 3]))]
    Config(Config),
    /// Show how a running node is: states, counts, rates, store, alarms.
    #[command(after_help = of(examples::STATUS, &[0, 1, 2]))]
    Status(Status),
    /// Watch a running node: rates, latencies, CPU, services, adaptors with their peers, alarms, every second.
    #[command(after_help = of(examples::TOP, &[0, 1, 2]))]
    Top(Top),
    /// Say whether a running node takes new work: exit code 0 if it does, 1 if not.
    #[command(after_help = of(examples::READY, &[0, 1, 2]))]
    Ready(Told),
    /// Say whether this binary could take over what a running node has: exit code 0 if it could, 1 if not, with the fields.
    ///
    /// To be asked of a new binary before it takes the place of the one that runs: that every service with entities is in it, and
    /// that each state is the same or has a migration.
    #[command(after_help = of(examples::VERIFY, &[0, 1, 2]))]
    Verify(Told),
    /// Print the metrics of a running node as Prometheus gets them.
    Metrics(Asked),
    /// Show recorded calls of a running node: a list of them, or one as a ladder.
    ///
    /// Which calls are recorded is in `[recorder]` of the configuration, and can be changed while the node runs.
    Trace(Trace),
    /// Tell a running node to stop, as SIGTERM does; asked twice, at once.
    Stop(Told),
    /// Have a running node read its configuration again, as SIGHUP does.
    ///
    /// What it can change while it runs is in effect at once: keys of class `live`. If any other key has changed nothing is, and
    /// the keys are named.
    #[command(after_help = of(examples::RELOAD, &[0, 1, 2, 3]))]
    Reload(Reload),
    /// List the services of a running node, show, activate, deactivate, replace them, and run two versions of one.
    #[command(subcommand, after_help = of(examples::SERVICES, &[0, 1, 2]))]
    Services(Services),
    /// Read what a service of a running node counts of its own work, reset it, and make sets to count in.
    ///
    /// A service's usage parameters are counters and samples, which its code declares. They are counted in sets: one without a name for
    /// each SBB, and named ones, such as one for each trunk. Alarms for what is counted are `thresholds` of the service in the
    /// configuration.
    #[command(subcommand, after_help = of(examples::USAGE, &[0, 1, 2]))]
    Usage(Usage),
    /// List the adaptors of a running node, show, activate or deactivate them.
    #[command(subcommand, after_help = of(examples::ADAPTORS, &[0, 1, 2]))]
    Adaptors(Adaptors),
    /// List the link names of a running node, bind or unbind them.
    #[command(subcommand, after_help = of(examples::LINKS, &[0, 1, 2]))]
    Links(Links),
    /// List the components that the binary of a running node has, and who refers to them.
    #[command(name = "components", subcommand, after_help = of(examples::COMPONENTS, &[0, 1, 2]))]
    Composition(Composition),
    /// List the activities of a running node by age and type, show them, end what has been left over.
    #[command(subcommand, after_help = of(examples::ACTIVITIES, &[0, 1, 2]))]
    Activities(Activities),
    /// List the SBB entities of a running node by age and service, show them, remove what has been left over.
    #[command(subcommand, after_help = of(examples::ENTITIES, &[0, 1, 2]))]
    Entities(Entities),
    /// List the timers of a running node.
    #[command(subcommand, after_help = of(examples::TIMERS, &[0, 1, 2]))]
    Timers(Timers),
    /// List the alarms of a running node, and clear those of what has happened.
    #[command(subcommand, after_help = of(examples::ALARMS, &[0, 1, 2]))]
    Alarms(Alarms),
    /// Show and set how much a running node logs, by source.
    #[command(subcommand, after_help = of(examples::LOG, &[0, 1, 2]))]
    Log(Log),
    /// List the certificates that a running node uses, or have it look at their files.
    #[command(subcommand, after_help = of(examples::CERTIFICATES, &[0, 1, 2]))]
    Certificates(Certificates),
    /// List who may ask a running node over its management API.
    #[command(subcommand, after_help = exit::table_of(&[0, 1, 2]))]
    Tokens(Tokens),
    /// Look after the quarantined events of a running node: deliveries that ended in a panic and were put aside.
    #[command(subcommand, after_help = of(examples::QUARANTINE, &[0, 1, 2]))]
    Quarantine(Quarantine),
    /// Show whom a running node does not hear for a while, ban somebody, or lift a ban.
    #[command(subcommand, after_help = of(examples::BANS, &[0, 1, 2]))]
    Bans(Bans),
    /// Look after the profile tables of a running node: what services have to know of subscribers, routes or tariffs.
    #[command(subcommand, after_help = of(examples::PROFILES, &[0, 1, 2]))]
    Profiles(Profiles),
    /// Hash a password for an account of the SMS adaptor: one line from standard input.
    SmsPassword,
    /// Explain an error code, such as CFG-014.
    Explain(Explain),
    /// Look after a store: check it, back it up, restore it. Only a backup is possible while the node runs.
    #[command(subcommand, after_help = exit::table_of(&[0, 1, 2, 4]))]
    Store(Store),
    /// Write a service of your own: a crate that builds, with a test, a node and its configuration.
    #[command(after_help = exit::table_of(&[0, 1, 2]))]
    New(New),
    /// Print what makes a shell complete this command line.
    ///
    /// For example: strowger completions bash > /etc/bash_completion.d/strowger
    Completions(Completions),
}

/// Where the configuration comes from.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Sources {
    /// A configuration file. May be repeated: later files win.
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// One key, over files and environment. May be repeated: later ones win.
    #[arg(short = 's', long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

/// Options of `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// Where the node keeps its data; short for --set node.data_dir=DIR.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) data_dir: Option<String>,
}

/// Options of `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The files, the weakest first.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// One key, over files and environment. May be repeated: later ones win.
    #[arg(short = 's', long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Print as JSON: `ok`, and the problems or warnings with their places.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `config`.
#[derive(Debug, clap::Args)]
pub(crate) struct Config {
    #[command(flatten)]
    pub(crate) node: Asked,
    /// Ask the running node for what is in effect there.
    #[arg(long, conflicts_with_all = ["explain", "schema", "defaults", "reference"])]
    pub(crate) running: bool,
    /// Only keys of this table of the running node, such as adaptors.sip.
    #[arg(long, value_name = "TABLE", requires = "running")]
    pub(crate) below: Option<String>,
    /// Print as JSON: a list of objects with `key`, `value` and `origin`.
    #[arg(long)]
    pub(crate) json: bool,
    /// Explain a key or a table instead.
    #[arg(long, value_name = "KEY", conflicts_with = "json")]
    pub(crate) explain: Option<String>,
    /// Print the JSON schema of configuration files instead, for editors.
    #[arg(long, conflicts_with_all = ["json", "explain"])]
    pub(crate) schema: bool,
    /// Print the file of defaults instead: a good beginning for a file of your own.
    #[arg(long, conflicts_with_all = ["json", "explain", "schema"])]
    pub(crate) defaults: bool,
    /// Print the reference of all keys instead, as Markdown.
    #[arg(long, conflicts_with_all = ["json", "explain", "schema", "defaults"])]
    pub(crate) reference: bool,
}

/// Options of `top`.
#[derive(Debug, clap::Args)]
pub(crate) struct Top {
    /// Time between two looks at the node, such as 500ms or 2s.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration)]
    pub(crate) every: Duration,
    /// Look twice, that long apart, print one picture as text and end.
    #[arg(long)]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) node: Asked,
}

/// Options of `trace`.
#[derive(Debug, clap::Args)]
pub(crate) struct Trace {
    /// The number of a recorded call, or a part of a number or Call-ID of it: then the latest such call. Without it, the
    /// latest calls are listed.
    #[arg(value_name = "CALL")]
    pub(crate) call: Option<String>,
    /// List the calls that have CALL in a number or Call-ID.
    #[arg(long)]
    pub(crate) list: bool,
    /// Calls that are listed at most; 50 unless given.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = TraceFormat::Text)]
    pub(crate) format: TraceFormat,
    /// Short for --format json.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// Write to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) node: Asked,
}

/// How a recorded call is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum TraceFormat {
    /// A ladder for terminals.
    Text,
    /// A ladder as a picture.
    Svg,
    /// Its messages as a capture, for Wireshark and the like.
    Pcapng,
    /// Everything that was recorded: a journal that the test kit replays.
    Json,
}

/// Options of `explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The code; without it, all codes are listed.
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
    /// Print as JSON: `code`, `title`, and for one code its `page` in Markdown.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What can be done with a store.
#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Read all of it, compute every checksum, and say what is damaged.
    #[command(after_help = exit::table_of(&[0, 1, 2, 4]))]
    Check(StoreCheck),
    /// Write its state and its secret into a new directory, and read that again.
    ///
    /// A node that runs does it itself, as of one commit, while calls go on; its user owns the directory then.
    Backup(StoreBackup),
    /// Make the store of a data directory that has none from a backup.
    Restore(StoreRestore),
}

/// Which store.
#[derive(Debug, clap::Args)]
pub(crate) struct Offline {
    /// The data directory; without it, `node.data_dir` of the configuration.
    #[arg(short, long, visible_alias = "data-dir", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sources: Sources,
}

/// Options of `store check`.
#[derive(Debug, clap::Args)]
pub(crate) struct StoreCheck {
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) at: Offline,
}

/// Options of `store backup`.
#[derive(Debug, clap::Args)]
pub(crate) struct StoreBackup {
    /// The directory that is made; it must not exist.
    #[arg(value_name = "TO")]
    pub(crate) to: PathBuf,
    #[command(flatten)]
    pub(crate) at: Offline,
}

/// Options of `store restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct StoreRestore {
    /// The directory that a backup made.
    #[arg(value_name = "FROM")]
    pub(crate) from: PathBuf,
    #[command(flatten)]
    pub(crate) at: Offline,
}

/// Options of `new`.
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// The service's name, and that of the folder which is made for it here.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Where the crates of Strowger are: a checkout, or a repository of git as URL or URL#REVISION. Without it, the checkout
    /// that this binary was built from.
    #[arg(long, value_name = "PATH|URL")]
    pub(crate) strowger: Option<String>,
}

/// Options of `completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Shells that can complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shell {
    /// bash.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Args::command().debug_assert();
    }
}
