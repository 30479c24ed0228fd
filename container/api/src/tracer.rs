//! Tracers: what a service or an adaptor says of its own work, for whoever looks for a fault (R-TR).
//!
//! Tracers form a tree. Above all stands the root, whose name is empty; below it `service` and `adaptor`; then the names on the
//! node, and of a service its SBBs; then the names that the code itself gives, parted by dots: `service.office.desk.routes`. A
//! level is assigned to any of them while the node runs, and is that of all below it to which none is.
//!
//! JAIN SLEE's levels have the names here that operators know from logs: SEVERE is error, WARNING warn, INFO info; CONFIG and
//! FINE are debug, FINER and FINEST trace.

use std::fmt;
use std::str::FromStr;

/// How much a message matters, and what a tracer lets pass: the gravest first, so that a message passes whose level is not
/// above the tracer's (R-TR-02).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Level {
    /// Nothing passes; no message has it.
    Off,
    /// It cannot go on as it is.
    Error,
    /// Somebody should look.
    Warn,
    /// What an operator would want to know the next day.
    #[default]
    Info,
    /// What explains what happened.
    Debug,
    /// Every step.
    Trace,
}

impl Level {
    /// All of them, the gravest first.
    pub const ALL: [Self; 6] = [
        Self::Off,
        Self::Error,
        Self::Warn,
        Self::Info,
        Self::Debug,
        Self::Trace,
    ];

    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no level.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a level is `off`, `error`, `warn`, `info`, `debug` or `trace`")]
pub struct UnknownLevel;

impl FromStr for Level {
    type Err = UnknownLevel;
    fn from_str(word: &str) -> Result<Self, UnknownLevel> {
        let found = Self::ALL.into_iter().find(|one| one.word() == word);
        found.ok_or(UnknownLevel)
    }
}

/// A tracer of an SBB or of an adaptor entity, by its name below that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tracer(&'static str);

impl Tracer {
    /// That of the SBB or the adaptor entity itself.
    pub const OWN: Self = Self("");

    /// One below it: names parted by dots, none of them empty; case counts (R-TR-01).
    ///
    /// # Panics
    /// The name is none, which a constant says while it is compiled:
    ///
    /// ```compile_fail
    /// const BAD: strowger::tracer::Tracer = strowger::tracer::Tracer::new("a..b");
    /// println!("{BAD:?}");
    /// ```
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(
            is_path(name.as_bytes()),
            "a tracer's name is names parted by dots, none of them empty"
        );
        Self(name)
    }
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// Whether these are names parted by dots, none of them empty, of up to 128 bytes in all.
#[must_use]
pub const fn is_path(name: &[u8]) -> bool {
    if name.is_empty() || name.len() > 128 {
        return false;
    }
    let (mut place, mut length) = (0, 0);
    while place < name.len() {
        let parts = name[place] == b'.';
        if parts && length == 0 {
            return false;
        }
        length = if parts { 0 } else { length + 1 };
        place += 1;
    }
    length > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_name_is_empty() {
        for right in ["a", "a.b", "Leg.dialog.2"] {
            assert!(is_path(right.as_bytes()), "{right}");
        }
        for wrong in ["", ".", "a.", ".a", "a..b", &"x".repeat(129)] {
            assert!(!is_path(wrong.as_bytes()), "{wrong}");
        }
    }
}
