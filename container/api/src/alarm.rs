//! Alarms: what somebody should look at, for as long as it lasts.
//!
//! A service's alarm is known by its service, its kind and what of that kind it is about (R-AL-01). It counts at once, whatever
//! becomes of the delivery that raises it, and is kept over a restart.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How grave an alarm is, least first (ITU-T X.733 8.1.2.3; what that calls "cleared" is no alarm here).
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nobody can tell.
    Indeterminate,
    /// Nothing is impaired yet.
    Warning,
    /// Something is wrong that impairs no service.
    Minor,
    /// A service is impaired: look soon.
    #[default]
    Major,
    /// A service is not there: look now.
    Critical,
}

impl Severity {
    /// All of them, least first.
    pub const ALL: [Self; 5] = [
        Self::Indeterminate,
        Self::Warning,
        Self::Minor,
        Self::Major,
        Self::Critical,
    ];

    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Indeterminate => "indeterminate",
            Self::Warning => "warning",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no severity.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a severity is `indeterminate`, `warning`, `minor`, `major` or `critical`")]
pub struct UnknownSeverity;

impl FromStr for Severity {
    type Err = UnknownSeverity;
    fn from_str(word: &str) -> Result<Self, UnknownSeverity> {
        let found = Self::ALL.into_iter().find(|one| one.word() == word);
        found.ok_or(UnknownSeverity)
    }
}

/// An alarm to raise.
#[derive(Clone, Copy, Debug)]
pub struct Alarm<'a> {
    /// What is wrong, as a name in `snake_case`: `trunk_down`; up to 64 bytes.
    pub kind: &'a str,
    /// What it is wrong with, where there are several: `gateway 2`; up to 128 bytes.
    pub instance: &'a str,
    /// How grave it is.
    pub severity: Severity,
    /// For people; what is beyond 512 bytes is cut off.
    pub text: &'a str,
}
