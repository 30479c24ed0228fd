//! The binary `strowger`: runs a node, checks and explains its configuration, explains its errors, begins services.
//!
//! Not here: anything that a node does. This is the only crate that names concrete adaptors and services
//! (components.rs), and the only one that prints for people (report.rs).

mod api;
mod args;
mod check;
mod completions;
mod components;
mod config;
mod configuration;
mod exit;
mod explain;
mod failure;
mod memory;
mod new;
mod orders;
mod output;
mod password;
mod quarantine;
mod report;
mod run;
mod status;
mod store;
mod trace;

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
        Some(Command::Stop(node)) => orders::stop(node).map(done),
        Some(Command::Reload(node)) => orders::reload(node).map(done),
        Some(Command::Services(services)) => orders::services(services).map(done),
        Some(Command::SmsPassword) => password::run().map(done),
        Some(Command::Explain(explain)) => explain::run(explain).map(done),
        Some(Command::Store(store)) => store::run(store).map(done),
        Some(Command::New(new)) => new::run(new).map(done),
        Some(Command::Completions(shell)) => completions::run(shell).map(done),
        Some(Command::Quarantine(args)) => quarantine::run(args).map(done),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            report::failure(&failure);
            failure.exit().into()
        }
    }
}
