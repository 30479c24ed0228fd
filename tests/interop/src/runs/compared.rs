//! What a comparison of systems is told to do, and what it has shown: `bench diameter` and `bench sms` share it.

use crate::error::{Result, io};
use serde_json::Value;
use std::fs;

/// Which rows there are not, and where the rounds go: `--without A,B --json FILE`.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    without: Vec<String>,
    file: Option<String>,
}

impl Choice {
    /// Takes its options out of the arguments.
    pub fn take(args: &mut Vec<String>) -> Self {
        let mut taken = |option: &str| {
            let at = args.iter().position(|arg| arg == option)?;
            args.remove(at);
            (at < args.len()).then(|| args.remove(at))
        };
        let without = taken("--without").unwrap_or_default();
        let without = without.split(',').filter(|name| !name.is_empty());
        Self {
            without: without.map(str::to_owned).collect(),
            file: taken("--json"),
        }
    }

    /// Whether the row with this id is measured.
    pub(super) fn has(&self, id: &str) -> bool {
        !self
            .without
            .iter()
            .any(|name| id.starts_with(name.as_str()))
    }

    /// Writes the rounds, if that is wanted; answers the table.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn written(&self, compared: Compared) -> Result<String> {
        if let Some(file) = &self.file {
            fs::write(file, compared.rounds.to_string()).map_err(io("write the rounds"))?;
        }
        Ok(compared.table)
    }
}

/// What a comparison has shown.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Medians, for a terminal.
    pub(super) table: String,
    /// All rounds of each row: `{"ID": [{"rate": ..}, ..], ..}`.
    pub(super) rounds: Value,
}

#[cfg(test)]
mod tests {
    use super::Choice;

    #[test]
    fn options_are_taken_out_of_the_arguments() {
        let args = "--quick --without kannel,smpp34 sessions --json a.json";
        let mut args: Vec<String> = args.split(' ').map(str::to_owned).collect();
        let choice = Choice::take(&mut args);
        assert_eq!(args, ["--quick", "sessions"]);
        assert_eq!(choice.file.as_deref(), Some("a.json"));
        assert!(choice.has("strict-1"));
        assert!(!choice.has("smpp34-4"));
        assert!(Choice::take(&mut args).has("kannel"));
    }
}
