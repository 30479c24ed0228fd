//! Tables that are looked at: rows that are sorted by any of their columns, with lines below them that stay with them.

use std::cmp::Ordering;

/// What something tells: it has a colour, or at least a weight.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Tone {
    #[default]
    Plain,
    Dim,
    Good,
    Warn,
    Bad,
}

impl Tone {
    /// That of a state.
    pub(super) fn of(state: &str) -> Self {
        match strowger_management::figures::words::tone(state) {
            "good" => Self::Good,
            "warn" => Self::Warn,
            "bad" => Self::Bad,
            _ => Self::Dim,
        }
    }

    /// That of something of which there should be none.
    pub(super) const fn trouble(n: u64) -> Self {
        if n > 0 { Self::Bad } else { Self::Dim }
    }
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// Whether it has numbers, which line up to the right and of which the largest come first.
    pub(super) is_number: bool,
    /// Where there is no room for all, those with the most of it go first.
    pub(super) spare: u8,
}

/// A field of a row.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Tone,
    /// What it is sorted by where it is a number.
    pub(super) number: f64,
}

impl Cell {
    pub(super) fn text(text: &str) -> Self {
        Self::toned(text, Tone::Plain)
    }

    pub(super) fn toned(text: &str, tone: Tone) -> Self {
        Self {
            text: crate::table::clean(text),
            tone,
            number: 0.0,
        }
    }

    pub(super) const fn number(number: f64, text: String, tone: Tone) -> Self {
        Self { text, tone, number }
    }
}

/// A row, and what belongs to it.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    /// Lines below it.
    pub(super) parts: Vec<[Cell; 3]>,
}

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Pane {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
    pub(super) rows: Vec<Row>,
    /// What is said where there are no rows.
    pub(super) empty: &'static str,
}

/// How a table is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Order {
    /// The column that rows are sorted by.
    pub(super) column: usize,
    pub(super) reversed: bool,
    /// Lines above the first that is shown.
    pub(super) above: usize,
}

impl Order {
    pub(super) const fn by(column: usize) -> Self {
        Self {
            column,
            reversed: false,
            above: 0,
        }
    }
}

impl Pane {
    /// Sorts the rows: numbers the largest first, texts from a on; equal ones stay as they are.
    pub(super) fn sort(&mut self, order: Order) {
        let number = self
            .columns
            .get(order.column)
            .is_some_and(|column| column.is_number);
        let compare = |a: &Row, b: &Row| {
            let (Some(a), Some(b)) = (a.cells.get(order.column), b.cells.get(order.column)) else {
                return Ordering::Equal;
            };
            let compared = match number {
                true => b.number.total_cmp(&a.number),
                false => a.text.cmp(&b.text),
            };
            if order.reversed {
                compared.reverse()
            } else {
                compared
            }
        };
        self.rows.sort_by(compare);
    }

    /// Lines of all rows.
    pub(super) fn lines(&self) -> usize {
        self.rows.iter().map(|row| 1 + row.parts.len()).sum()
    }

    /// Places and widths of the columns that fit into so many characters.
    pub(super) fn fitting(&self, room: usize) -> Vec<(usize, usize)> {
        let width = |place: usize, column: &Column| {
            let cells = self.rows.iter().filter_map(|row| row.cells.get(place));
            let widest = cells.map(|cell| cell.text.chars().count()).max();
            // One more for the mark of the order.
            widest.unwrap_or(0).max(column.name.len() + 1)
        };
        let columns = self.columns.iter().enumerate();
        let mut fitting: Vec<(usize, usize)> = columns
            .map(|(place, column)| (place, width(place, column)))
            .collect();
        let spare = |place: usize| self.columns.get(place).map_or(0, |column| column.spare);
        while fitting.len() > 1 && taken(&fitting) > room {
            let last = fitting
                .iter()
                .enumerate()
                .max_by_key(|(_, (place, _))| spare(*place));
            match last.map(|(at, _)| at) {
                Some(at) => drop(fitting.remove(at)),
                None => break,
            }
        }
        fitting
    }
}

/// Characters that columns take.
fn taken(columns: &[(usize, usize)]) -> usize {
    let widths: usize = columns.iter().map(|(_, width)| width).sum();
    widths + 2 * columns.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column {
            name: "NAME",
            is_number: false,
            spare: 0,
        },
        Column {
            name: "RATE",
            is_number: true,
            spare: 1,
        },
        Column {
            name: "OTHER",
            is_number: false,
            spare: 2,
        },
    ];

    fn pane() -> Pane {
        let row = |name: &str, rate: f64| Row {
            cells: vec![
                Cell::text(name),
                Cell::number(rate, rate.to_string(), Tone::Plain),
                Cell::text("x"),
            ],
            parts: Vec::new(),
        };
        Pane {
            name: "Things",
            columns: COLUMNS,
            rows: vec![row("b", 1.0), row("a", 10.0), row("c", 2.0)],
            empty: "none",
        }
    }

    fn names(pane: &Pane) -> String {
        pane.rows.iter().map(|row| &row.cells[0].text[..]).collect()
    }

    #[test]
    fn rows_are_sorted_by_any_column() {
        let mut pane = pane();
        pane.sort(Order::by(0));
        assert_eq!(names(&pane), "abc");
        pane.sort(Order::by(1));
        assert_eq!(names(&pane), "acb");
        pane.sort(Order {
            reversed: true,
            ..Order::by(1)
        });
        assert_eq!(names(&pane), "bca");
    }

    #[test]
    fn columns_that_can_be_spared_go_first() {
        let places = |room| {
            let fitting = pane().fitting(room).into_iter();
            fitting.map(|(place, _)| place).collect::<Vec<_>>()
        };
        assert_eq!(places(20), [0, 1, 2]);
        assert_eq!(places(19), [0, 1]);
        assert_eq!(places(11), [0]);
        assert_eq!(places(1), [0]);
    }
}
