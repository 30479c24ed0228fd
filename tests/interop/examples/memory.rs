//! Resident memory per held B2BUA call: `cargo xtask bench memory [CALLS] [RATE]`, 100,000 calls at 500/s by default.

use std::process::ExitCode;
use strowger_interop::runs::memory;

/// Most bytes that a held call may cost.
const LIMIT: u64 = 6 * 1024;

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints a figure"
)]
fn main() -> ExitCode {
    let number = |n: usize, default: u32| -> Option<u32> {
        std::env::args()
            .nth(n)
            .map_or(Some(default), |a| a.parse().ok())
    };
    let (Some(calls), Some(rate)) = (number(1, 100_000), number(2, 500)) else {
        eprintln!("usage: memory [CALLS] [RATE]");
        return ExitCode::from(2);
    };
    let run = tempfile::tempdir()
        .map_err(|e| e.to_string())
        .and_then(|dir| {
            memory::held(calls as usize, rate, LIMIT, 41, dir.path()).map_err(|e| e.to_string())
        });
    match run {
        Ok(figures) => println!("{figures}"),
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
