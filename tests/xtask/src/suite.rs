//! `cargo xtask test`: all steps, one line each, and the closing line that says how many passed and failed.

use std::process::ExitCode;
use std::time::Instant;

use crate::count::Count;
use crate::disk;
use crate::error::{Error, Result};
use crate::print::say;
use crate::step::{STEPS, Step, log};

/// Lines of a failing step's output that are shown; the whole of it stays in its log file.
const SHOWN: usize = 400;

/// Runs the chosen steps to the end, also after a failure, so that one run shows all that is wrong.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let chosen = choose(args)?;
    say(&format!("{:<10} {}", "disk", disk::free()));
    let mut kinds: Vec<(&Step, Count)> = Vec::new();
    for step in chosen {
        kinds.push((step, run_step(step)));
    }
    let mut sum = Count::default();
    say("");
    for (step, count) in &kinds {
        sum += *count;
        say(&format!(
            "{:<10} {:>6} passed {:>4} failed",
            step.name, count.passed, count.failed
        ));
    }
    say(&format!("{:<10} {}", "disk", disk::free()));
    say("");
    say(&format!("{} passed, {} failed", sum.passed, sum.failed));
    Ok(if sum.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs one step, prints its line, and its output when it failed.
pub(crate) fn run_step(step: &Step) -> Count {
    let start = Instant::now();
    let (count, text) = match (step.run)() {
        Ok(outcome) => (outcome.count, outcome.text),
        Err(error) => (Count::check(false), error.to_string()),
    };
    let seconds = start.elapsed().as_secs_f64();
    let verdict = if count.failed == 0 { "ok" } else { "FAILED" };
    let unit = format!("{}{}", step.unit, if count.total() == 1 { "" } else { "s" });
    say(&format!(
        "{:<10} {:>6} {unit:<7} {seconds:>7.1} s   {verdict}",
        step.name,
        count.total()
    ));
    if count.failed > 0 {
        show(&text, step.name);
    }
    count
}

fn show(text: &str, name: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.len().saturating_sub(SHOWN);
    if first > 0 {
        say(&format!(
            "  ({first} lines before these: {})",
            log(name).display()
        ));
    }
    for line in &lines[first..] {
        say(&format!("  {line}"));
    }
}

/// `--only a,b` and `--skip a,b`.
fn choose(args: &[String]) -> Result<Vec<&'static Step>> {
    let mut chosen: Vec<&Step> = STEPS.iter().collect();
    let mut rest = args.iter();
    while let Some(option) = rest.next() {
        let names: Vec<&str> = rest
            .next()
            .map(|list| list.split(',').collect())
            .unwrap_or_default();
        for &name in &names {
            find(name)?;
        }
        match option.as_str() {
            "--only" => chosen.retain(|step| names.contains(&step.name)),
            "--skip" => chosen.retain(|step| !names.contains(&step.name)),
            _ => {
                return Err(Error::UnknownOption {
                    task: "test",
                    option: option.clone(),
                });
            }
        }
    }
    Ok(chosen)
}

/// The step with this name.
pub(crate) fn find(name: &str) -> Result<&'static Step> {
    STEPS
        .iter()
        .find(|step| step.name == name)
        .ok_or_else(|| Error::UnknownTask {
            name: name.to_owned(),
        })
}
