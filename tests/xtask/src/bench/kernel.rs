//! `cargo xtask bench kernel`: deliveries per second on this machine, and instructions per delivery under callgrind.
//!
//! The instruction count hardly depends on the machine's load: it is the figure to compare from commit to commit.

use std::process::Command;

use crate::bench::example::build;
use crate::error::{Error, Result};
use crate::print::say;
use crate::shell::run_logged;
use crate::step::log;
use crate::tools::{VALGRIND, ensure_peers};

const PACKAGE: &str = "strowger-kernel";
const EXAMPLE: &str = "delivery_bench";
/// Two runs under callgrind whose difference is free of start-up.
const FEW: u64 = 10_000;
const MANY: u64 = 60_000;

/// Prints what the example measures by itself, then the instructions per delivery.
pub(crate) fn run() -> Result<()> {
    let program = build(PACKAGE, EXAMPLE)?;
    let said = run_logged(&mut Command::new(&program), &log(EXAMPLE))?;
    say(said.text.trim_end());
    ensure_peers(&[VALGRIND])?;
    let instructions = |deliveries: u64| -> Result<u64> {
        let file = log("callgrind");
        let mut command = Command::new(VALGRIND.program);
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        command.arg(&program).arg(deliveries.to_string());
        let said = run_logged(&mut command, &file)?;
        collected(&said.text).ok_or(Error::Unreadable {
            file,
            what: "line `Collected :`",
        })
    };
    let spent = instructions(MANY)?.saturating_sub(instructions(FEW)?);
    say(&format!(
        "instructions per delivery: {}",
        spent / (MANY - FEW)
    ));
    Ok(())
}

/// `==7==  Collected : 123456`
fn collected(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .rev()
        .find(|line| line.contains("Collected :"))?;
    line.rsplit(':')
        .next()?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn reads_the_instruction_count() {
        let text = "==7== \n==7== Events    : Ir\n==7== Collected : 123456\n==7== \n";
        assert_eq!(super::collected(text), Some(123_456));
    }
}
