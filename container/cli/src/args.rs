//! The command line: commands, options, help.

use crate::exit;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  strowger                                    Run a node on built-in defaults: SIP on 127.0.0.1:5060,
                                              data under ./strowger-data.
  strowger --config /etc/strowger.toml        Run a node with a file.
  strowger run --data-dir /var/lib/strowger --set log.format=json
  strowger check base.toml site.toml          Find everything that is wrong with two files together.
  strowger config --explain store.group_delay What a key means, its default, what it takes to change it.
  STROWGER_NODE__NAME=edge-1 strowger config  Every key in effect, and where its value comes from.
  strowger status --json                      How the node that serves ./strowger-data is.
  strowger explain CFG-014                    What an error code means and what to do.
  strowger new hello                          A service of your own, with a test: a crate in ./hello.
";

/// A service container for telecom: calls that survive the death of their process.
#[derive(Debug, Parser)]
#[command(name = "strowger", version)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = format!("{EXAMPLES}\n{}", exit::table()))]
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
    /// Show the configuration in effect, with the origin of each value.
    Config(Config),
    /// Show how a running node is: states, counts, rates, store, alarms.
    Status(Status),
    /// Show recorded calls of a running node: a list of them, or one as a ladder.
    ///
    /// Which calls are recorded is in `[recorder]` of the configuration, and can be changed while the node runs.
    Trace(Trace),
    /// Tell a running node to stop, as SIGTERM does; asked twice, at once.
    Stop(Asked),
    /// Have a running node read its configuration again, as SIGHUP does.
    ///
    /// What it can change while it runs is in effect at once: keys of class `live`. If any other key has changed nothing is, and
    /// the keys are named.
    Reload(Asked),
    /// List, activate or deactivate the services of a running node.
    #[command(subcommand)]
    Services(Services),
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
    /// Look after the quarantined events of a running node: deliveries that ended in a panic and were put aside.
    #[command(subcommand, after_help = exit::table_of(&[0, 1, 2]))]
    Quarantine(Quarantine),
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
    pub(crate) sources: Sources,
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

/// Which running node is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// The node's data directory; without it, `node.data_dir` of the configuration.
    #[arg(short, long, visible_alias = "data-dir", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sources: Sources,
}

/// Options of `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Also tell it by activity type, event type and SBB.
    #[arg(long)]
    pub(crate) detail: bool,
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

/// What can be done with services.
#[derive(Debug, Subcommand)]
pub(crate) enum Services {
    /// List the services with their states.
    List(ListedServices),
    /// Activate a service: it gets new work from here on.
    Activate(OneService),
    /// Deactivate a service: it gets no new work; what it has goes on until it is done, or for
    /// `limits.service_stop_time`.
    Deactivate(OneService),
}

/// Options of `services list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListedServices {
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) node: Asked,
}

/// A service of a running node.
#[derive(Debug, clap::Args)]
pub(crate) struct OneService {
    /// The service's name.
    #[arg(value_name = "SERVICE")]
    pub(crate) service: String,
    #[command(flatten)]
    pub(crate) node: Asked,
}

/// What can be done with quarantined events.
#[derive(Debug, Subcommand)]
pub(crate) enum Quarantine {
    /// List them, the oldest first: why, when, how often, and whether they can be released.
    List(ListedQuarantine),
    /// Show one of them.
    Show(OneQuarantined),
    /// Deliver some of them again, each to the receiver that it failed for. What fails again is put aside again, under its number.
    Release(SomeQuarantined),
    /// Drop some of them for good.
    Discard(SomeQuarantined),
}

/// Options of `quarantine list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListedQuarantine {
    /// Only those of this service.
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// Those after this one: how a list that goes on is gone on with.
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,
    /// How many at most; 100 unless given, 1000 at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: Option<u32>,
    /// Print as JSON: `items`, and `next` where the list goes on.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) node: Asked,
}

/// A quarantined event of a running node.
#[derive(Debug, clap::Args)]
pub(crate) struct OneQuarantined {
    /// Its number.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) node: Asked,
}

/// Quarantined events of a running node.
#[derive(Debug, clap::Args)]
pub(crate) struct SomeQuarantined {
    /// Their numbers.
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Print as JSON what was done.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) node: Asked,
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
