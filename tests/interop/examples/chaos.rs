//! Faults around a node: `cargo xtask chaos [--minutes M] [--seed S] [--kills N] [NAME ...]`. The first argument is where the
//! report goes.

use std::process::ExitCode;
use std::time::Duration;
use strowger_interop::chaos::{self, FAULTS, Fault, Outcome, Size};

/// What is asked for.
struct Asked {
    report: String,
    size: Size,
    faults: Vec<Fault>,
}

#[expect(clippy::print_stdout, reason = "a program that prints a report")]
fn main() -> ExitCode {
    let asked = match read(std::env::args().skip(1)) {
        Ok(asked) => asked,
        Err(problem) => {
            println!("{problem}; there are:");
            for fault in FAULTS {
                println!("  {:16} {}", fault.name, fault.what);
            }
            return ExitCode::from(2);
        }
    };
    let mut tried = Vec::new();
    for fault in asked.faults {
        println!("{} is tried, seed {}", fault.name, asked.size.seed);
        match fault.try_it(asked.size) {
            Ok(one) => {
                println!("{}", one.told());
                tried.push(one);
            }
            Err(problem) => {
                println!("{problem}");
                return ExitCode::FAILURE;
            }
        }
    }
    let text = chaos::report(asked.size, &tried);
    if let Err(problem) = std::fs::write(&asked.report, text) {
        println!("the report is not in {}: {problem}", asked.report);
        return ExitCode::FAILURE;
    }
    println!("The report is in {}.", asked.report);
    let failed = tried
        .iter()
        .any(|one| matches!(one.outcome, Outcome::Failed(_)));
    ExitCode::from(u8::from(failed))
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Asked, String> {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
    let mut asked = Asked {
        report: words.next().ok_or("where does the report go?")?,
        size: Size {
            seed: now.map_or(0, |d| d.as_secs()),
            time: Duration::from_secs(600),
            kills: None,
        },
        faults: Vec::new(),
    };
    while let Some(word) = words.next() {
        let mut number = || -> Result<u64, String> {
            let value = words.next().and_then(|value| value.parse().ok());
            value.ok_or_else(|| format!("{word} needs a number"))
        };
        match word.as_str() {
            "--minutes" => asked.size.time = Duration::from_secs(60 * number()?),
            "--seed" => asked.size.seed = number()?,
            "--kills" => {
                let kills = u32::try_from(number()?);
                asked.size.kills = Some(kills.map_err(|_| "so many kills take too long")?);
            }
            name => {
                let fault = FAULTS.iter().find(|fault| fault.name == name);
                let fault = fault.ok_or_else(|| format!("no fault is called {name}"))?;
                asked.faults.push(*fault);
            }
        }
    }
    if asked.faults.is_empty() {
        asked.faults = FAULTS.to_vec();
    }
    Ok(asked)
}
