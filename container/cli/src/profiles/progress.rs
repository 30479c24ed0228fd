//! How far something long is, on standard error: one line that is written again and again on a terminal, one now and then
//! where there is none.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};
use strowger_management::figures::words;

const ON_A_TERMINAL: Duration = Duration::from_millis(250);
const ELSEWHERE: Duration = Duration::from_secs(10);

/// How far it is.
#[derive(Debug)]
pub(super) struct Progress {
    began: Instant,
    said: Instant,
    terminal: bool,
    /// Whether a line stands on the terminal.
    stands: bool,
    /// Of what `done` counts; `None` if nobody knows.
    total: Option<u64>,
}

impl Progress {
    pub(super) fn of(total: Option<u64>) -> Self {
        let began = Instant::now();
        let terminal = io::stderr().is_terminal();
        Self {
            began,
            said: began,
            terminal,
            stands: false,
            total,
        }
    }

    /// So many profiles are done, and so much of the total.
    pub(super) fn tell(&mut self, profiles: u64, done: u64) {
        let every = if self.terminal {
            ON_A_TERMINAL
        } else {
            ELSEWHERE
        };
        if self.said.elapsed() < every {
            return;
        }
        self.said = Instant::now();
        let line = line(profiles, done, self.total, self.began.elapsed());
        let line = match self.terminal {
            true => format!("\r\x1b[K{line}"),
            false => line + "\n",
        };
        self.stands = self.terminal;
        say(&line);
    }

    /// It is over; gives how long it took.
    pub(super) fn end(&mut self) -> Duration {
        if std::mem::take(&mut self.stands) {
            say("\r\x1b[K");
        }
        self.began.elapsed()
    }
}

/// A closed standard error leaves nobody to tell.
fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

fn line(profiles: u64, done: u64, total: Option<u64>, took: Duration) -> String {
    let seconds = took.as_secs_f64().max(0.001);
    let rate = words::rate(profiles as f64 / seconds);
    let mut line = format!("{} profiles, {rate} a second", words::count(profiles));
    if let Some(total) = total.filter(|total| *total > 0) {
        let share = (done as f64 / total as f64).clamp(0.0, 1.0);
        line += &format!(", {}", words::percent(share));
        if share > 0.0 {
            let left = seconds * (1.0 - share) / share;
            line += &format!(", {} left", words::span((left * 1000.0) as u64));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_much_is_left_if_that_is_known() {
        let ten = Duration::from_secs(10);
        assert_eq!(
            line(2_000, 25, Some(100), ten),
            format!(
                "{} profiles, {} a second, {}, {} left",
                words::count(2_000),
                words::rate(200.0),
                words::percent(0.25),
                words::span(30_000)
            )
        );
        let plain = line(2_000, 25, None, ten);
        assert!(plain.ends_with(" a second"), "{plain}");
        assert!(!line(0, 0, Some(0), ten).contains("left"));
    }
}
