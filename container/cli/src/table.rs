//! Tables for people, a part at a time: columns as wide as what is in them, and narrower where the terminal is.
//!
//! What peers have chosen may be in a cell: control characters never reach the terminal.

use std::fmt::Write as _;

/// Narrowest that a column is made.
const NARROWEST: usize = 8;

/// What a column is like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fit {
    /// Shown whole: names and identities, which are typed again.
    Whole,
    /// Cut where there is no room.
    Cut,
    /// Numbers and times: whole, and to the right.
    Right,
}

/// A table that is being printed.
#[derive(Debug)]
pub(crate) struct Table {
    columns: &'static [(&'static str, Fit)],
    /// Characters that a line may have; `None` where programs read it.
    room: Option<usize>,
    /// Empty before the first part.
    widths: Vec<usize>,
}

impl Table {
    pub(crate) const fn new(columns: &'static [(&'static str, Fit)], room: Option<usize>) -> Self {
        let widths = Vec::new();
        Self {
            columns,
            room,
            widths,
        }
    }

    /// The lines of these rows, below those of parts before.
    pub(crate) fn part(&mut self, rows: Vec<Vec<String>>) -> String {
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .map(|row| row.iter().map(|cell| clean(cell)).collect())
            .collect();
        let begins = self.widths.is_empty();
        if begins {
            self.widths = self.columns.iter().map(|(name, _)| name.len()).collect();
        }
        // A list that goes on keeps its columns on a terminal.
        if begins || self.room.is_none() {
            for row in &rows {
                for (width, cell) in self.widths.iter_mut().zip(row) {
                    *width = (*width).max(cell.chars().count());
                }
            }
            self.narrow();
        }
        let mut text = String::new();
        if begins {
            let names = self.columns.iter().map(|(name, _)| (*name).to_owned());
            self.line(&names.collect::<Vec<_>>(), &mut text);
        }
        for row in &rows {
            self.line(row, &mut text);
        }
        text
    }

    /// Takes from the widest columns that can be cut what is too much.
    fn narrow(&mut self) {
        let Some(room) = self.room else { return };
        let gaps = 2 * self.columns.len().saturating_sub(1);
        while self.widths.iter().sum::<usize>() + gaps > room {
            let columns = self.widths.iter_mut().zip(self.columns);
            let cut = columns.filter(|(width, (_, fit))| *fit == Fit::Cut && **width > NARROWEST);
            let Some((widest, _)) = cut.max_by_key(|(width, _)| **width) else {
                return;
            };
            *widest -= 1;
        }
    }

    fn line(&self, row: &[String], text: &mut String) {
        let mut line = String::new();
        let columns = row.iter().zip(self.columns).zip(&self.widths);
        for ((cell, (_, fit)), &width) in columns {
            let gap = if line.is_empty() { "" } else { "  " };
            let cell = match fit {
                Fit::Cut => cut(cell, width),
                Fit::Whole | Fit::Right => cell.clone(),
            };
            // Writing to a text does not fail.
            let _ = match fit {
                Fit::Right => write!(line, "{gap}{cell:>width$}"),
                Fit::Whole | Fit::Cut => write!(line, "{gap}{cell:<width$}"),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

/// What is what: names in a column, values behind them.
pub(crate) fn facts(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in rows {
        let line = format!("{name:<width$}  {}", clean(value));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// At most so many characters; what is cut ends in an ellipsis.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept = text.chars().take(width.saturating_sub(1));
    kept.chain(std::iter::once('…')).collect()
}

/// Without what a terminal would take for an order.
pub(crate) fn clean(text: &str) -> String {
    let plain = |c: char| if c.is_control() { '·' } else { c };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    const COLUMNS: &[(&str, Fit)] = &[
        ("ID", Fit::Whole),
        ("TYPE", Fit::Cut),
        ("AGE", Fit::Right),
        ("TEXT", Fit::Cut),
    ];

    fn row(id: &str, kind: &str, age: &str, text: &str) -> Vec<String> {
        [id, kind, age, text].map(str::to_owned).to_vec()
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let mut table = Table::new(COLUMNS, None);
        let first = table.part(vec![
            row("a1", "dialog", "3 s", "x\u{1b}[2J"),
            row("a22", "t", "14 min", ""),
        ]);
        let second = table.part(vec![row("a333333", "dialog", "1 s", "y")]);
        expect![[r"
            ID   TYPE       AGE  TEXT
            a1   dialog     3 s  x·[2J
            a22  t       14 min
            a333333  dialog     1 s  y
        "]]
        .assert_eq(&(first + &second));
    }

    #[test]
    fn a_narrow_terminal_has_identities_and_numbers_whole() {
        let mut table = Table::new(COLUMNS, Some(40));
        let wide = row(
            "a000000001",
            "a long name of a type",
            "14 min",
            "and a long text to go with it",
        );
        let first = table.part(vec![wide.clone()]);
        assert!(
            first.lines().all(|line| line.chars().count() <= 40),
            "{first}"
        );
        expect![[r#"
            ID          TYPE          AGE  TEXT
            a000000001  a long n…  14 min  and a lo…
        "#]]
        .assert_eq(&first);
        assert_eq!(table.part(vec![wide]).lines().count(), 1);
        assert_eq!(
            Table::new(COLUMNS, Some(40)).part(Vec::new()),
            "ID  TYPE  AGE  TEXT\n"
        );
    }
}
