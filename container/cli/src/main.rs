//! The binary `strowger`: runs a node, checks and explains its configuration, explains its errors, begins services.
//!
//! Not here: anything that a node does. This is the only crate that names concrete adaptors and services
//! (components.rs), and the only one that prints for people (report.rs).

mod adaptors;
mod api;
mod args;
mod bans;
mod check;
mod completions;
mod components;
mod composition;
mod config;
mod configuration;
mod exit;
mod explain;
mod failure;
mod housekeeping;
mod listing;
mod memory;
mod new;
mod notices;
mod orders;
mod output;
mod password;
mod profiles;
mod quarantine;
mod report;
mod run;
mod services;
mod status;
mod store;
mod table;
mod top;
mod trace;
mod usage;
mod verify;

use args::{Args, Command};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let done = |()| exit::Exit::Node(strowger_node::Exit::Clean);
    let ended = match &args.command {
        None => run::run(&args.run).map(exit::Exit::Node),
        Some(Command::Run(run)) => run::run(run).map(exit::Exit::Node),
        Some(Command::Check(check)) => check::run(check).map(done),
        Some(Command::Config(config)) => config::run(config).map(done),
        Some(Command::Status(status)) => status::run(status).map(done),
        Some(Command::Trace(trace)) => trace::run(trace).map(done),
        Some(Command::Stop(told)) => orders::stop(told).map(done),
        Some(Command::Reload(args)) => orders::reload(args).map(done),
        Some(Command::Top(top)) => top::run(top).map(done),
        Some(Command::Ready(told)) => status::ready(told).map(done),
        Some(Command::Verify(told)) => verify::run(told).map(done),
        Some(Command::Metrics(node)) => status::metrics(node).map(done),
        Some(Command::Services(services)) => services::run(services).map(done),
        Some(Command::Usage(args)) => usage::run(args).map(done),
        Some(Command::Adaptors(adaptors)) => adaptors::adaptors(adaptors).map(done),
        Some(Command::Links(links)) => adaptors::links(links).map(done),
        Some(Command::Activities(args)) => housekeeping::activities(args).map(done),
        Some(Command::Entities(args)) => housekeeping::entities(args).map(done),
        Some(Command::Composition(args)) => composition::run(args).map(done),
        Some(Command::Timers(args)) => housekeeping::timers(args).map(done),
        Some(Command::Alarms(alarms)) => notices::alarms(alarms).map(done),
        Some(Command::Log(log)) => notices::log(log).map(done),
        Some(Command::Certificates(args)) => notices::certificates(args).map(done),
        Some(Command::Tokens(tokens)) => notices::tokens(tokens).map(done),
        Some(Command::SmsPassword) => password::run().map(done),
        Some(Command::Explain(explain)) => explain::run(explain).map(done),
        Some(Command::Store(store)) => store::run(store).map(done),
        Some(Command::New(new)) => new::run(new).map(done),
        Some(Command::Completions(shell)) => completions::run(shell).map(done),
        Some(Command::Profiles(args)) => profiles::run(args).map(done),
        Some(Command::Quarantine(args)) => quarantine::run(args).map(done),
        Some(Command::Bans(args)) => bans::run(args).map(done),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            report::failure(&failure);
            failure.exit().into()
        }
    }
}
