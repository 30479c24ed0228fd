//! Instructions counted by callgrind: they hardly depend on the machine's load.

use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};
use crate::shell::run_logged;
use crate::step::log;
use crate::tools::VALGRIND;

/// What the shard does, and no peer, in a program that drives one by the test kit. Exact names: one that a pattern finds within another
/// would switch the count off again.
pub(crate) const SHARD: [&str; 3] = [
    "strowger_kernel::shard::Shard::input",
    "strowger_kernel::shard::Shard::run",
    "strowger_kernel::shard::Shard::timeout",
];

/// Instructions of a run of a program; of these functions and what they call, if there are any.
pub(crate) fn instructions(program: &Path, args: &[&str], functions: &[&str]) -> Result<u64> {
    let file = log("callgrind");
    let mut command = Command::new(VALGRIND.program);
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    let toggles = functions.iter();
    command.args(toggles.map(|function| format!("--toggle-collect={function}")));
    let said = run_logged(command.arg(program).args(args), &file)?;
    match collected(&said.text) {
        Some(0) => Err(Error::Unreadable {
            file,
            what: "instruction of the functions that are counted",
        }),
        Some(instructions) => Ok(instructions),
        None => Err(Error::Unreadable {
            file,
            what: "line `Collected :`",
        }),
    }
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
