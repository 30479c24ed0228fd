//! Ladders for terminals.

use super::chart::{Chart, Mark, seconds, stamp};
use std::fmt::Write as _;
use strowger::civil::Civil;
use strowger_node::{Ladder, LadderInfo};

/// Columns of a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Width(pub usize);

impl Default for Width {
    fn default() -> Self {
        Self(100)
    }
}

/// Columns in front of the first lane.
const TIME: usize = 9;
/// Columns between two lanes at least.
const GAP: usize = 16;

/// Recorded calls as a table, the latest first.
#[must_use]
pub fn list(calls: &[LadderInfo]) -> String {
    if calls.is_empty() {
        return "no calls are recorded\n".to_owned();
    }
    let mut text = format!(
        "{:>8}  {:<23}  {:>10}  {:<5}  {:>8}  {:<24} {:<24} {}\n",
        "CALL", "BEGAN", "LASTED", "STATE", "MESSAGES", "FROM", "TO", "SERVICES"
    );
    for call in calls {
        let _ = writeln!(
            text,
            "{:>8}  {:<23}  {:>10}  {:<5}  {:>8}  {:<24} {:<24} {}",
            call.id,
            instant(call.started),
            seconds(call.lasted),
            call.state,
            call.messages,
            cut(&call.from, 24),
            cut(&call.to, 24),
            call.services.join(", "),
        );
    }
    text
}

/// A recorded call as a ladder.
#[must_use]
pub fn text(ladder: &Ladder, width: Width) -> String {
    let chart = Chart::of(ladder);
    let lanes = chart.lanes.len().max(1);
    // The last lane needs room for the notes on it, too.
    let gap = (width.0.saturating_sub(TIME) / lanes).max(GAP);
    let mut text = head(&ladder.info);
    let mut titles = vec![' '; TIME + 1];
    for (n, lane) in chart.lanes.iter().enumerate() {
        write_at(&mut titles, TIME + n * gap, &cut(&lane.title, gap - 2));
    }
    push(&mut text, &titles);
    for row in &chart.rows {
        let mut line = vec![' '; TIME + (lanes - 1) * gap + 1];
        write_at(&mut line, 0, &format!("{:>8}", stamp(row.at)));
        for n in 0..lanes {
            write_at(&mut line, TIME + n * gap, "|");
        }
        match &row.mark {
            Mark::Arrow {
                from,
                to,
                label,
                again,
                ..
            } => arrow(&mut line, (*from, *to), gap, label, *again),
            Mark::Note { lane, label, .. } => {
                let room = match chart.lanes.len() - lane {
                    1 => gap.max(GAP) * 2,
                    _ => gap - 3,
                };
                let label = format!("* {}", cut(label, room));
                write_at(&mut line, TIME + lane * gap, &label);
            }
        }
        push(&mut text, &line);
    }
    foot(&mut text, ladder);
    text
}

fn head(info: &LadderInfo) -> String {
    let mut text = format!(
        "call {}: {} -> {}, {}, {}, {}\n",
        info.id,
        some(&info.from),
        some(&info.to),
        instant(info.started),
        seconds(info.lasted),
        info.state,
    );
    for key in &info.keys {
        let _ = writeln!(text, "  {key}");
    }
    text.push('\n');
    text
}

fn foot(text: &mut String, ladder: &Ladder) {
    if ladder.info.dropped > 0 {
        let _ = writeln!(text, "\n{} more steps were not kept", ladder.info.dropped);
    }
}

/// Draws a message between two lanes, with what it is on the line.
fn arrow(line: &mut [char], (from, to): (usize, usize), gap: usize, label: &str, again: bool) {
    let (left, right) = (from.min(to), from.max(to));
    let (start, end) = (TIME + left * gap + 1, TIME + right * gap);
    for place in line.get_mut(start..end).unwrap_or_default() {
        *place = if again { '.' } else { '-' };
    }
    let head = if to > from { end - 1 } else { start };
    if let Some(place) = line.get_mut(head) {
        *place = if to > from { '>' } else { '<' };
    }
    let room = end.saturating_sub(start + 5);
    let label = cut(label, room);
    let at = start + 2 + (room.saturating_sub(label.chars().count())) / 2;
    for (place, letter) in line.iter_mut().skip(at).zip(format!(" {label} ").chars()) {
        *place = letter;
    }
}

fn write_at(line: &mut Vec<char>, at: usize, text: &str) {
    for (n, letter) in text.chars().enumerate() {
        match line.get_mut(at + n) {
            Some(place) => *place = letter,
            None => {
                line.resize(at + n, ' ');
                line.push(letter);
            }
        }
    }
}

fn push(text: &mut String, line: &[char]) {
    let line: String = line.iter().collect();
    text.push_str(line.trim_end());
    text.push('\n');
}

/// A text in so many letters at most; control characters of messages do not reach the terminal.
fn cut(text: &str, room: usize) -> String {
    let printable = |letter: char| if letter.is_control() { '?' } else { letter };
    let mut letters = text.chars().map(printable);
    let mut cut: String = letters.by_ref().take(room).collect();
    if letters.next().is_some() {
        cut.pop();
        cut.push('…');
    }
    cut
}

fn some(name: &str) -> String {
    if name.is_empty() {
        "?".to_owned()
    } else {
        cut(name, 60)
    }
}

/// Milliseconds since 1970 as a date and time in UTC.
pub(crate) fn instant(ms: u64) -> String {
    let Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = Civil::of(i64::try_from(ms / 1_000).unwrap_or(i64::MAX));
    let ms = ms % 1_000;
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}")
}
