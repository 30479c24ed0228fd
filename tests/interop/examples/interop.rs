//! Real clients before a running node: `cargo xtask interop [--list] [--write] [NAME ...]`. A line per flow as it ends.
//!
//! Without names it runs all, the long ones too. `--write` puts the results into docs/interop.md.

use std::process::ExitCode;
use strowger_interop::flows::{Flow, all, run, table};

#[expect(clippy::print_stdout, reason = "a program that prints results")]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (options, names): (Vec<_>, Vec<_>) = args.iter().partition(|a| a.starts_with("--"));
    let unknown = |a: &&&String| !["--list", "--write"].contains(&a.as_str());
    if let Some(option) = options.iter().find(unknown) {
        println!("unknown option {option}: --list or --write");
        return ExitCode::from(2);
    }
    let wanted = |flow: &Flow| {
        names.is_empty()
            || names
                .iter()
                .any(|name| flow.name.starts_with(name.as_str()))
    };
    let flows: Vec<Flow> = all().into_iter().filter(wanted).collect();
    if flows.is_empty() {
        println!("no such flow: --list shows them");
        return ExitCode::from(2);
    }
    if options.iter().any(|option| *option == "--list") {
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
        return ExitCode::SUCCESS;
    }
    let mut rows = Vec::new();
    let mut failed = 0;
    for (n, flow) in flows.iter().enumerate() {
        let report = run(flow);
        rows.push((flow.name, table::row(flow, &report)));
        let head = format!(
            "{:>3}/{} {:24} {:>4} s",
            n + 1,
            flows.len(),
            flow.name,
            report.took.as_secs()
        );
        match report.result {
            Ok(figures) => println!("{head}  ok      {figures}"),
            Err(problem) => {
                failed += 1;
                println!("{head}  FAILED  {problem}");
            }
        }
    }
    println!("{} passed, {failed} failed", flows.len() - failed);
    if options.iter().any(|option| *option == "--write")
        && let Err(problem) = table::write(&rows)
    {
        println!("{problem}");
        return ExitCode::FAILURE;
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
