//! The binary `strowger`: runs a node, checks and explains its configuration, explains its errors.
//!
//! Not here: anything that a node does. This is the only crate that names concrete adaptors and services
//! (components.rs), and the only one that prints for people (report.rs).

mod args;
mod check;
mod components;
mod config;
mod configuration;
mod exit;
mod explain;
mod failure;
mod output;
mod report;
mod run;

use args::{Args, Command};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match &args.command {
        None => run::run(&args.run),
        Some(Command::Run(run)) => run::run(run),
        Some(Command::Check(check)) => check::run(check),
        Some(Command::Config(config)) => config::run(config),
        Some(Command::Explain(explain)) => explain::run(explain),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report::failure(&failure);
            failure.exit().into()
        }
    }
}
