//! Real clients before a running node: `cargo xtask interop [--list] [--write] [NAME ...]`. A line per flow as it ends.
//!
//! Without names it runs all, the long ones too. `--write` puts the results into docs/interop.md. By their names it also runs
//! the runs in full size, which otherwise are those of `cargo xtask acceptance`.

use std::process::ExitCode;
use std::time::{Duration, Instant};
use strowger_interop::Result;
use strowger_interop::flows::{Flow, all, run, table};
use strowger_interop::runs::full::{FULL, Full};

#[expect(clippy::print_stdout, reason = "a program that prints results")]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (options, names): (Vec<_>, Vec<_>) = args.iter().partition(|a| a.starts_with("--"));
    let unknown = |a: &&&String| !["--list", "--write"].contains(&a.as_str());
    if let Some(option) = options.iter().find(unknown) {
        println!("unknown option {option}: --list or --write");
        return ExitCode::from(2);
    }
    let given = |option: &str| options.iter().any(|o| *o == option);
    let named = |name: &str| names.iter().any(|wanted| name.starts_with(wanted.as_str()));
    let mut flows = all();
    flows.retain(|flow| names.is_empty() || named(flow.name));
    let mut full = FULL.to_vec();
    full.retain(|full| named(full.name) || given("--list") && names.is_empty());
    if flows.is_empty() && full.is_empty() {
        println!("no such flow: --list shows them");
        return ExitCode::from(2);
    }
    if given("--list") {
        list(&flows, &full);
        return ExitCode::SUCCESS;
    }
    let mut told = Told::of(flows.len() + full.len());
    let mut rows = Vec::new();
    for flow in &flows {
        let report = run(flow);
        rows.push((flow.name, table::row(flow, &report)));
        told.tell(flow.name, report.took, &report.result);
    }
    for full in &full {
        let begun = Instant::now();
        let result = full.run();
        told.tell(full.name, begun.elapsed(), &result);
    }
    println!("{} passed, {} failed", told.all - told.failed, told.failed);
    if given("--write")
        && let Err(problem) = table::write(&rows)
    {
        println!("{problem}");
        return ExitCode::FAILURE;
    }
    if told.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[expect(clippy::print_stdout, reason = "a program that prints results")]
fn list(flows: &[Flow], full: &[Full]) {
    for flow in flows {
        let long = if flow.long { " (long)" } else { "" };
        println!(
            "{:24} {:18} {:5} {}{long}",
            flow.name,
            flow.client.name(),
            flow.transport,
            flow.what
        );
    }
    for full in full {
        println!(
            "{:24} {:24} {} (full size)",
            full.name, "scripted", full.what
        );
    }
}

/// What was told of so far.
struct Told {
    all: usize,
    done: usize,
    failed: usize,
}

impl Told {
    fn of(all: usize) -> Self {
        Self {
            all,
            done: 0,
            failed: 0,
        }
    }

    #[expect(clippy::print_stdout, reason = "a program that prints results")]
    fn tell(&mut self, name: &str, took: Duration, result: &Result<String>) {
        self.done += 1;
        let Self { all, done, .. } = self;
        let head = format!("{done:>3}/{all} {name:24} {:>4} s", took.as_secs());
        match result {
            Ok(figures) => println!("{head}  ok      {figures}"),
            Err(problem) => {
                self.failed += 1;
                println!("{head}  FAILED  {problem}");
            }
        }
    }
}
