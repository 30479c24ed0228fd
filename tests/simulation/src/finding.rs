//! What a run has found, with all that is needed to see it again.

use std::fmt;

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The run.
    pub seed: u64,
    /// The step of it; steps after the last are those in which everything is brought to its end.
    pub step: u32,
    /// What is wrong.
    pub what: String,
    /// All that was sent, and what happened besides.
    pub ladder: String,
}

/// Lines of the ladder that a finding shows.
const SHOWN: usize = 60;

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            step,
            what,
            ladder,
        } = self;
        let lines = ladder.lines().count();
        let last: Vec<_> = ladder.lines().skip(lines.saturating_sub(SHOWN)).collect();
        writeln!(f, "seed {seed}, step {step}: {what}")?;
        writeln!(f, "again: cargo xtask simulate --seed {seed} --trace")?;
        writeln!(f, "the last of {lines} events:\n{}", last.join("\n"))
    }
}

impl std::error::Error for Finding {}
