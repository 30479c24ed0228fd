//! `cargo xtask simulate`: many seeds, with progress, or one of them again, with all that happened. docs/simulation.md.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use strowger_simulation::{Finding, run};

const USAGE: &str = "simulate [--seed N [--trace]] [--from N] [--seeds N] [--minutes M]";

/// What is asked for.
#[derive(Debug)]
struct Asked {
    from: u64,
    seeds: u64,
    longest: Option<Duration>,
    trace: bool,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(asked) = asked(&args) else {
        say(USAGE);
        return ExitCode::FAILURE;
    };
    // What handlers panic with is rolled back; what ends a run is in its finding.
    std::panic::set_hook(Box::new(strowger_simulation::note_panic));
    match play(&asked) {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn asked(args: &[String]) -> Option<Asked> {
    let mut asked = Asked {
        // Milliseconds since 1970: other seeds each time.
        from: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0)),
        seeds: u64::MAX,
        longest: None,
        trace: false,
    };
    let mut limited = false;
    let mut rest = args.iter();
    while let Some(option) = rest.next() {
        if option == "--trace" {
            asked.trace = true;
            continue;
        }
        let value: u64 = rest.next()?.parse().ok()?;
        limited |= option != "--from";
        match option.as_str() {
            "--seed" => (asked.from, asked.seeds) = (value, 1),
            "--from" => asked.from = value,
            "--seeds" => asked.seeds = value,
            "--minutes" => asked.longest = Some(Duration::from_secs(value.saturating_mul(60))),
            _ => return None,
        }
    }
    if !limited {
        asked.seeds = 1_000;
    }
    Some(asked)
}

/// Plays seeds; gives how many found something.
fn play(asked: &Asked) -> u64 {
    let start = Instant::now();
    let (mut played, mut found, mut told) = (0_u64, 0_u64, start);
    while played < asked.seeds
        && asked
            .longest
            .is_none_or(|longest| start.elapsed() < longest)
    {
        let seed = asked.from.wrapping_add(played);
        match run(seed, None) {
            Err(finding) => {
                found += 1;
                say(&shown(&finding, asked.trace));
            }
            Ok(summary) if asked.trace => say(&summary.ladder),
            Ok(_) => {}
        }
        played += 1;
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            say(&progress(asked.from, played, found, start.elapsed()));
        }
    }
    say(&progress(asked.from, played, found, start.elapsed()));
    found
}

fn shown(finding: &Finding, whole: bool) -> String {
    match whole {
        true => format!("{}\n{finding}", finding.ladder),
        false => finding.to_string(),
    }
}

fn progress(from: u64, played: u64, found: u64, time: Duration) -> String {
    let mut text = format!("{played} seeds from {from} in {:.0} s", time.as_secs_f64());
    let rate = f64::from(u32::try_from(played).unwrap_or(u32::MAX)) / time.as_secs_f64();
    // Writing into a string cannot fail.
    let _ = write!(text, ", {rate:.1} a second: {found} with a finding");
    text
}

fn say(text: &str) {
    // Nobody listens any more.
    let _ = writeln!(std::io::stdout(), "{text}");
}
