//! What charging costs, beside others: `cargo xtask bench diameter [--quick] [sessions [COUNT] | steady [MINUTES]]`.
//!
//! `--without A,B` leaves out the rows whose ids begin so, `--json FILE` writes all rounds.

use std::process::ExitCode;
use std::time::Duration;
use strowger_interop::runs::charging::{Size, compare, sessions, steady};
use strowger_interop::runs::compared::Choice;

/// Most bytes that an open session may cost.
const LIMIT: u64 = 1024;
const SESSIONS: u64 = 1_000_000;
/// How long a steady load lasts.
const MINUTES: u64 = 30;

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints figures"
)]
fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let quick = args.iter().any(|arg| arg == "--quick");
    args.retain(|arg| arg != "--quick");
    let choice = Choice::take(&mut args);
    let size = if quick {
        Size {
            time: Duration::from_secs(2),
            rounds: 1,
        }
    } else {
        Size {
            time: Duration::from_secs(5),
            rounds: 3,
        }
    };
    let Ok(dir) = tempfile::tempdir() else {
        eprintln!("no temporary directory can be made");
        return ExitCode::FAILURE;
    };
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let figures = match words[..] {
        [] => compare(size, &choice, dir.path()).and_then(|compared| choice.written(compared)),
        ["sessions"] => sessions(SESSIONS, LIMIT, dir.path()),
        ["sessions", count] if count.parse::<u64>().is_ok() => {
            sessions(count.parse().unwrap_or(SESSIONS), LIMIT, dir.path())
        }
        ["steady"] => steady(Duration::from_secs(60 * MINUTES), dir.path()),
        ["steady", minutes] if minutes.parse::<u64>().is_ok() => {
            let minutes = minutes.parse().unwrap_or(MINUTES);
            steady(Duration::from_secs(60 * minutes), dir.path())
        }
        _ => {
            eprintln!(
                "usage: diameter [--quick] [--without A,B] [--json FILE] [sessions [COUNT] | steady [MINUTES]]"
            );
            return ExitCode::from(2);
        }
    };
    match figures {
        Ok(figures) => println!("{figures}"),
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
