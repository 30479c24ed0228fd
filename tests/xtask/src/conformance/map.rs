//! docs/spec-map.md: the rules by chapter, in words, with the tests of each.

/// The page, as far as the report looks at it.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) chapters: Vec<Chapter>,
}

/// A heading with its table.
#[derive(Debug)]
pub(super) struct Chapter {
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
}

/// A rule, or a mistake of others.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: String,
    /// What it says.
    pub(super) rule: String,
    /// Where it is implemented; of a mistake of others, what is right instead.
    pub(super) place: String,
    pub(super) state: State,
    /// Names of its tests.
    pub(super) tests: Vec<String>,
}

/// What stands in the last cell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Names of tests.
    Tested,
    /// What is missing.
    NotYet(String),
    /// Why nothing is there to test.
    LeftOut(String),
}

impl Map {
    pub(super) fn read(page: &str) -> Self {
        let mut chapters: Vec<Chapter> = Vec::new();
        for line in page.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                chapters.push(Chapter {
                    title: title.to_owned(),
                    rows: Vec::new(),
                });
            }
            if let (Some(row), Some(chapter)) = (Row::read(line), chapters.last_mut()) {
                chapter.rows.push(row);
            }
        }
        chapters.retain(|chapter| !chapter.rows.is_empty());
        Self { chapters }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.chapters.iter().flat_map(|chapter| &chapter.rows)
    }
}

impl Row {
    /// `| id | what it says | where | tests |`
    fn read(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line
            .strip_prefix('|')?
            .strip_suffix('|')?
            .split('|')
            .map(str::trim)
            .collect();
        let &[id, rule, place, last] = cells.as_slice() else {
            return None;
        };
        if !(id.starts_with("R-") || id.starts_with("D-")) {
            return None;
        }
        let state = if let Some(why) = last.strip_prefix("left out: ") {
            State::LeftOut(why.to_owned())
        } else if let Some(what) = last.strip_prefix("not yet: ") {
            State::NotYet(what.to_owned())
        } else {
            State::Tested
        };
        // Names in a reason are no tests.
        let names = last.split('`').skip(1).step_by(2);
        let tests = match state {
            State::Tested => names.map(str::to_owned).collect(),
            State::NotYet(_) | State::LeftOut(_) => Vec::new(),
        };
        Some(Self {
            id: id.to_owned(),
            rule: rule.to_owned(),
            place: place.to_owned(),
            state,
            tests,
        })
    }

    pub(super) fn is_rule(&self) -> bool {
        self.id.starts_with("R-")
    }

    /// Why there is no test, or not for all of it.
    pub(super) fn reason(&self) -> &str {
        match &self.state {
            State::Tested => "",
            State::NotYet(why) | State::LeftOut(why) => why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_by_chapters() {
        let page = "# Rules\n\n## What it is\n\n| a | b |\n\n## Router (R-RT)\n\n| rule | what it says | where | test |\n\
                    |---|---|---|---|\n| R-RT-01 | one | `x.rs` | `r_rt_01_a`, `b` |\n\
                    | R-RT-02 | two | - | not yet: half of it, as `c` shows |\n\
                    | R-RT-03 | three | - | left out: see `Cx` |\n";
        let map = Map::read(page);
        assert_eq!(map.chapters.len(), 1);
        let rows: Vec<&Row> = map.rows().collect();
        assert_eq!(rows[0].tests, ["r_rt_01_a", "b"]);
        assert_eq!(rows[0].state, State::Tested);
        assert_eq!(
            (rows[1].reason(), rows[1].tests.len()),
            ("half of it, as `c` shows", 0)
        );
        assert_eq!(rows[2].state, State::LeftOut("see `Cx`".to_owned()));
        assert!(rows[2].tests.is_empty());
    }
}
