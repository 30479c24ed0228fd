//! The runs in full size: `cargo xtask acceptance [NAME ...]`, all by default. Prints a line per run as it ends.

use std::process::ExitCode;
use strowger_interop::runs::full::FULL;

#[expect(clippy::print_stdout, reason = "a program that prints figures")]
fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let unknown = wanted
        .iter()
        .find(|w| FULL.iter().all(|full| full.name != w.as_str()));
    if let Some(unknown) = unknown {
        println!("no run is called {unknown}; there are:");
        for full in FULL {
            println!("  {:16} {}", full.name, full.what);
        }
        return ExitCode::from(2);
    }
    let mut failed = 0;
    for full in FULL {
        let name = full.name;
        if !wanted.is_empty() && !wanted.iter().any(|w| w == name) {
            continue;
        }
        let begun = std::time::Instant::now();
        let result = full.run();
        let took = begun.elapsed().as_secs();
        match result {
            Ok(figures) => println!("{name:16} {took:4} s  ok      {figures}"),
            Err(problem) => {
                failed += 1;
                println!("{name:16} {took:4} s  FAILED  {problem}");
            }
        }
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
