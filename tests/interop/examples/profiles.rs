//! A large profile table in a running node: `cargo xtask bench profiles` runs it, with the number of profiles.
//! An import beyond its limit lets it fail.

use std::process::ExitCode;
use strowger_interop::runs::profiles::provisioned;

/// Seconds in which a million profiles are in.
const IMPORT: f64 = 60.0;

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints figures"
)]
fn main() -> ExitCode {
    let Some(Ok(profiles)) = std::env::args().nth(1).map(|n| n.parse::<u64>()) else {
        eprintln!("usage: profiles PROFILES");
        return ExitCode::from(2);
    };
    let run = tempfile::tempdir()
        .map_err(|e| e.to_string())
        .and_then(|dir| provisioned(profiles, 43, dir.path()).map_err(|e| e.to_string()));
    let figures = match run {
        Ok(figures) => figures,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    let seconds = figures.import.as_secs_f64();
    let (rate, limit) = (profiles as f64 / seconds, IMPORT * profiles as f64 / 1e6);
    println!("imported into a node   {seconds:.1} s, {rate:.0} profiles/s (limit {limit:.0} s)");
    println!(
        "resident in the node   {} bytes each, with their data (no limit)",
        figures.resident
    );
    println!(
        "ready after kill -9    {:.1} s (no limit)",
        figures.recovery.as_secs_f64()
    );
    match seconds <= limit {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
