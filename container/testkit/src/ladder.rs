//! What was sent, line by line.

use crate::clock::Instant;
use std::fmt;

/// Makes one line of a message, for ladders.
pub type Describe = fn(&[u8]) -> String;

/// Lines kept; of a longer test the oldest are dropped.
const LINES: usize = 10_000;

/// What was sent so far.
#[derive(Clone, Debug)]
pub struct Ladder {
    lines: std::collections::VecDeque<Line>,
    dropped: usize,
    describe: Describe,
}

#[derive(Clone, Debug)]
struct Line {
    at: Instant,
    from: String,
    to: String,
    what: String,
}

impl Default for Ladder {
    fn default() -> Self {
        Self {
            lines: std::collections::VecDeque::new(),
            dropped: 0,
            describe: first_line,
        }
    }
}

impl Ladder {
    pub(crate) fn describe_with(&mut self, describe: Describe) {
        self.describe = describe;
    }

    pub(crate) fn message(&mut self, at: Instant, from: &str, to: &str, bytes: &[u8], fate: &str) {
        let what = format!("{}{fate}", (self.describe)(bytes));
        self.push(at, from, to, what);
    }

    pub(crate) fn note(&mut self, at: Instant, what: &str) {
        self.push(at, "", "", format!("-- {what} --"));
    }

    fn push(&mut self, at: Instant, from: &str, to: &str, what: String) {
        if self.lines.len() == LINES {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.lines.push_back(Line {
            at,
            from: from.to_owned(),
            to: to.to_owned(),
            what,
        });
    }

    /// How many messages and notes there were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len() + self.dropped
    }

    /// Whether nothing was sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Ladder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dropped > 0 {
            writeln!(f, "  ... {} older lines", self.dropped)?;
        }
        for line in &self.lines {
            let (s, ms) = (line.at / 1_000_000_000, line.at / 1_000_000 % 1_000);
            if line.from.is_empty() {
                writeln!(f, "{s:>6}.{ms:03}  {}", line.what)?;
            } else {
                writeln!(
                    f,
                    "{s:>6}.{ms:03}  {:>12} -> {:<12}  {}",
                    line.from, line.to, line.what
                )?;
            }
        }
        Ok(())
    }
}

/// The first line of a text, or how many bytes there are.
fn first_line(bytes: &[u8]) -> String {
    let line = bytes
        .split(|b| *b == b'\r' || *b == b'\n')
        .next()
        .unwrap_or(bytes);
    match std::str::from_utf8(line) {
        Ok(text) if !text.is_empty() => text.chars().take(100).collect(),
        _ => format!("{} bytes", bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_time_ends_and_first_line() {
        let mut ladder = Ladder::default();
        ladder.message(
            1_500_000_000,
            "alice",
            "node",
            b"INVITE sip:bob SIP/2.0\r\nVia: x",
            "",
        );
        ladder.message(1_501_000_000, "node", "alice", &[0xff, 0], " (lost)");
        ladder.note(2_000_000_000, "restart");
        assert_eq!(
            ladder.to_string(),
            "     1.500         alice -> node          INVITE sip:bob SIP/2.0\n     \
             1.501          node -> alice         2 bytes (lost)\n     2.000  -- restart --\n"
        );
    }
}
