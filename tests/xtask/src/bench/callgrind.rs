//! Instructions counted by callgrind: they hardly depend on the machine's load.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result, at};
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

/// What a run of a program took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    /// Of the functions that are counted.
    pub(crate) instructions: u64,
    /// Of all of the program.
    pub(crate) allocations: u64,
}

/// Instructions of a run of a program; of these functions and what they call, if there are any.
pub(crate) fn instructions(program: &Path, args: &[&str], functions: &[&str]) -> Result<u64> {
    Ok(count(program, args, functions)?.instructions)
}

/// The same, and how often it asked for memory.
pub(crate) fn count(program: &Path, args: &[&str], functions: &[&str]) -> Result<Spent> {
    let (file, profile) = (log("callgrind"), log("callgrind.out"));
    let mut command = Command::new(VALGRIND.program);
    command.arg("--tool=callgrind");
    command.arg(format!("--callgrind-out-file={}", profile.display()));
    let toggles = functions.iter();
    command.args(toggles.map(|function| format!("--toggle-collect={function}")));
    let said = run_logged(command.arg(program).args(args), &file)?;
    let instructions = match collected(&said.text) {
        Some(0) => Err("instruction of the functions that are counted"),
        Some(instructions) if said.ok => Ok(instructions),
        _ => Err("line `Collected :` of a run that succeeded"),
    };
    let instructions = instructions.map_err(|what| Error::Unreadable { file, what })?;
    let calls = std::fs::read_to_string(&profile).map_err(at("read", &profile))?;
    Ok(Spent {
        instructions,
        allocations: allocations(&calls),
    })
}

/// Calls of the functions that give memory out, in a profile: `cfn=(12) malloc`, later only `cfn=(12)`, each before its `calls=5 0`.
fn allocations(profile: &str) -> u64 {
    let mut names: HashMap<&str, &str> = HashMap::new();
    let (mut called, mut sum) = ("", 0);
    for line in profile.lines() {
        let named = line
            .strip_prefix("cfn=")
            .or_else(|| line.strip_prefix("fn="));
        if let Some(function) = named {
            let (number, name) = function.split_once(' ').unwrap_or((function, ""));
            if !name.is_empty() {
                names.insert(number, name);
            }
            called = names.get(number).copied().unwrap_or_default();
        } else if let Some(calls) = line.strip_prefix("calls=")
            && matches!(called, "malloc" | "calloc" | "realloc" | "posix_memalign")
        {
            let count = calls.split(' ').next().and_then(|n| n.parse().ok());
            sum += count.unwrap_or(0_u64);
        }
    }
    sum
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
    fn counts_calls_that_give_memory_out() {
        let profile = "fn=(1) main\n3 4\ncfn=(2) malloc\ncalls=5 0\n3 9\nfn=(3) other\ncfn=(2)\ncalls=2 0\n1 1\ncfn=(4) free\ncalls=9 0\n";
        assert_eq!(super::allocations(profile), 7);
    }

    #[test]
    fn reads_the_instruction_count() {
        let text = "==7== \n==7== Events    : Ir\n==7== Collected : 123456\n==7== \n";
        assert_eq!(super::collected(text), Some(123_456));
    }
}
